//! The scanner: goes over a JSON text once and tells a [`Sink`] what it meets.
//!
//! It goes over bytes, keeps the open containers in a bit stack, and works out characters, lines and columns
//! only when there is an error to report. Errors are those of Jackson's character parser, 2.15, default
//! features, as its tree reader meets them; their texts are in `faults`.

mod faults;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{SyntaxError, error::Position};

/// What a text may hold at most.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Containers in each other.
    pub(super) depth: usize,
    /// Digits of a number, those of the exponent included.
    pub(super) digits: usize,
}

/// Reads the whole of `text` and tells `sink`.
pub(super) fn scan<S: Sink>(text: &str, limits: Limits, sink: &mut S) -> Result<(), SyntaxError> {
    Scanner { text, bytes: text.as_bytes(), at: 0, open: OpenContainers::default(), limits }.document(sink)
}

/// What the scanner tells about a text, in the order of the text.
pub(super) trait Sink {
    /// Where the token stands that is told next, in bytes; quotes are part of it.
    fn token(&mut self, _span: Range<usize>) {}
    fn scalar(&mut self, scalar: Scalar<'_>);
    fn key(&mut self, key: RawString<'_>);
    fn open(&mut self, container: Container);
    fn close(&mut self);
}

#[derive(Clone, Copy)]
pub(super) enum Scalar<'t> {
    Null,
    Bool(bool),
    Number { text: &'t str, integer: bool },
    String(RawString<'t>),
}

/// What stands between two quotes; its escapes are known to be well formed.
#[derive(Clone, Copy)]
pub(super) struct RawString<'t> {
    pub(super) text: &'t str,
    pub(super) escaped: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Container {
    Array,
    Object,
}

impl Container {
    fn closer(self) -> u8 {
        match self {
            Container::Array => b']',
            Container::Object => b'}',
        }
    }
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    open: OpenContainers,
    limits: Limits,
}

impl<'t> Scanner<'t> {
    /// Reads the whole text.
    fn document<S: Sink>(&mut self, sink: &mut S) -> Result<(), SyntaxError> {
        let Some(mut byte) = self.next_significant()? else {
            return Err(self.error(Position::Nowhere, "No content to map due to end-of-input".to_owned()));
        };
        loop {
            // Invariant: a value is due, and `byte` is its first, at `self.at`.
            let mut fresh = self.value(byte, sink)?;
            loop {
                let Some(container) = self.open.last() else {
                    return self.nothing_more();
                };
                let next = self.next_in(container)?;
                if next == b']' || next == b'}' {
                    self.close(container, next)?;
                    sink.token(self.at - 1..self.at);
                    sink.close();
                    fresh = false;
                    continue;
                }
                let entry = if fresh { next } else { self.comma(container, next)? };
                byte = match container {
                    Container::Array => entry,
                    Container::Object => self.key(entry, sink)?,
                };
                break;
            }
        }
    }

    /// Reads a scalar, or the opening bracket of a container: then the answer is true.
    fn value<S: Sink>(&mut self, byte: u8, sink: &mut S) -> Result<bool, SyntaxError> {
        let start = self.at;
        // Each arm tells the sink by itself: a scalar that is put together first and handed on is copied.
        match byte {
            b'"' => {
                let string = self.string("string value")?;
                sink.token(start..self.at);
                sink.scalar(Scalar::String(string));
            }
            b'{' | b'[' => {
                let container = if byte == b'{' { Container::Object } else { Container::Array };
                self.enter(container)?;
                sink.token(start..self.at);
                sink.open(container);
                return Ok(true);
            }
            b'-' | b'0'..=b'9' => {
                let (text, integer) = self.number(byte == b'-')?;
                sink.token(start..self.at);
                sink.scalar(Scalar::Number { text, integer });
            }
            b't' | b'f' => {
                let value = byte == b't';
                self.word(if value { "true" } else { "false" })?;
                sink.token(start..self.at);
                sink.scalar(Scalar::Bool(value));
            }
            b'n' => {
                self.word("null")?;
                sink.token(start..self.at);
                sink.scalar(Scalar::Null);
            }
            _ => return Err(self.odd_value(byte)),
        }
        Ok(false)
    }

    /// Reads a key and the colon behind it, and gives the first byte of its value.
    fn key<S: Sink>(&mut self, byte: u8, sink: &mut S) -> Result<u8, SyntaxError> {
        if byte != b'"' {
            return Err(self.unexpected(self.at, "was expecting double-quote to start field name"));
        }
        let start = self.at;
        let key = self.string("name")?;
        sink.token(start..self.at);
        sink.key(key);
        match self.next_significant()? {
            Some(b':') => self.at += 1,
            Some(_) => {
                return Err(
                    self.unexpected(self.at, "was expecting a colon to separate field name and value")
                );
            }
            None => return Err(self.ended_between(Container::Object)),
        }
        self.next_significant()?.ok_or_else(|| self.ended_between(Container::Object))
    }

    /// Reads the comma behind an entry, and gives the first byte of the next one.
    fn comma(&mut self, container: Container, byte: u8) -> Result<u8, SyntaxError> {
        if byte != b',' {
            let expectation = match container {
                Container::Array => "was expecting comma to separate Array entries",
                Container::Object => "was expecting comma to separate Object entries",
            };
            return Err(self.unexpected(self.at, expectation));
        }
        self.at += 1;
        let next = self.next_significant()?.ok_or_else(|| self.ended_between(container))?;
        if container == Container::Array && next == b'}' {
            return Err(self.unexpected(self.at, "expected a value"));
        }
        Ok(next)
    }

    fn enter(&mut self, container: Container) -> Result<(), SyntaxError> {
        if self.open.depth() >= self.limits.depth {
            return Err(self.too_deep());
        }
        self.open.push(container);
        self.at += 1;
        Ok(())
    }

    fn close(&mut self, container: Container, byte: u8) -> Result<(), SyntaxError> {
        if byte != container.closer() {
            return Err(self.mismatched_close(byte));
        }
        self.open.pop();
        self.at += 1;
        Ok(())
    }

    /// The first byte of the next token inside a container, which must at least be closed.
    fn next_in(&mut self, container: Container) -> Result<u8, SyntaxError> {
        self.next_significant()?.ok_or_else(|| self.unclosed(container))
    }

    /// Skips white space; `None` at the end.
    fn next_significant(&mut self) -> Result<Option<u8>, SyntaxError> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) if *byte <= b' ' || *byte == b'/' => {
                    return Err(self.odd_between_tokens(*byte));
                }
                other => return Ok(other.copied()),
            }
        }
    }

    /// Makes sure that nothing but white space follows the root value.
    fn nothing_more(&mut self) -> Result<(), SyntaxError> {
        match self.next_significant()? {
            None => Ok(()),
            Some(byte) => Err(self.trailing(byte)),
        }
    }

    /// Reads `true`, `false` or `null`, of which the first letter has been seen.
    fn word(&mut self, word: &str) -> Result<(), SyntaxError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            match rest.get(word.len()) {
                Some(next) if *next >= b'0' && *next != b']' && *next != b'}' => {}
                _ => {
                    self.at += word.len();
                    return Ok(());
                }
            }
        }
        self.odd_word(word)
    }

    /// Reads a string, of which the opening quote has been seen. `place` is what errors call it.
    fn string(&mut self, place: &'static str) -> Result<RawString<'t>, SyntaxError> {
        let start = self.at + 1;
        let mut at = start;
        let mut escaped = false;
        loop {
            at = skip_plain(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at = self.escape(at)?;
                }
                Some(_) => return Err(self.control_in_string(at, place)),
                None => return Err(self.unclosed_string(place)),
            }
        }
        self.at = at + 1;
        // Both ends are next to a quote, hence at character boundaries.
        Ok(RawString { text: self.text.get(start..at).unwrap_or_default(), escaped })
    }

    /// Checks the escape sequence at `at`, and gives the offset behind it.
    fn escape(&self, at: usize) -> Result<usize, SyntaxError> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => {
                for digit in at + 2..at + 6 {
                    match self.bytes.get(digit) {
                        Some(byte) if byte.is_ascii_hexdigit() => {}
                        Some(_) => {
                            let expectation = "expected a hex-digit for character escape sequence";
                            return Err(self.unexpected(digit, expectation));
                        }
                        None => return Err(self.ended(" in character escape sequence")),
                    }
                }
                Ok(at + 6)
            }
            Some(_) => Err(self.unknown_escape(at + 1)),
            None => Err(self.ended(" in character escape sequence")),
        }
    }

    /// Reads a number, of which the first character has been seen: its text, and whether it is an integer's.
    fn number(&mut self, negative: bool) -> Result<(&'t str, bool), SyntaxError> {
        let first = self.at + usize::from(negative);
        let whole_end = self.skip_digits(first);
        if whole_end == first {
            return Err(self.odd_negative(first));
        }
        if self.bytes.get(first) == Some(&b'0') && whole_end > first + 1 {
            return Err(self.error(
                Position::After(first),
                "Invalid numeric value: Leading zeroes not allowed".to_owned(),
            ));
        }
        let mut digits = whole_end - first;
        let mut end = whole_end;
        if self.bytes.get(end) == Some(&b'.') {
            let fraction = end + 1;
            end = self.skip_digits(fraction);
            if end == fraction {
                return Err(self.incomplete_fraction(first, whole_end));
            }
            digits += end - fraction;
        }
        if let Some(b'e' | b'E') = self.bytes.get(end) {
            let signed = matches!(self.bytes.get(end + 1), Some(b'+' | b'-'));
            let exponent = end + 1 + usize::from(signed);
            end = self.skip_digits(exponent);
            if end == exponent {
                return Err(self.incomplete_exponent(first, whole_end, exponent));
            }
            digits += end - exponent;
        }
        if digits > self.limits.digits {
            return Err(self.too_many_digits(digits, end));
        }
        if self.open.depth() == 0 && !matches!(self.bytes.get(end), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
        {
            return Err(self.unexpected(end, "Expected space separating root-level values"));
        }
        let text = self.text.get(self.at..end).unwrap_or_default();
        self.at = end;
        Ok((text, end == whole_end))
    }

    fn skip_digits(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
    }
}

/// The offset of the first quote, backslash or control character from `from` on, or the end.
fn skip_plain(bytes: &[u8], from: usize) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = LOW << 7;
    // The high bit of each byte that is zero. A borrow may set it falsely, but only above a true one, and the
    // lowest is all that counts.
    let zero_bytes = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;

    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(LOW * 0x20) & !word & HIGH;
        let quote = zero_bytes(word ^ (LOW * u64::from(b'"')));
        let backslash = zero_bytes(word ^ (LOW * u64::from(b'\\')));
        let hits = control | quote | backslash;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\').unwrap_or(rest.len())
}

/// Which containers are open: a bit each, the first thousand without allocation.
#[derive(Default)]
struct OpenContainers {
    first: [u64; 16],
    more: Vec<u64>,
    depth: usize,
}

impl OpenContainers {
    fn depth(&self) -> usize {
        self.depth
    }

    fn push(&mut self, container: Container) {
        let (word, bit) = (self.depth / 64, 1 << (self.depth % 64));
        let is_object = container == Container::Object;
        if let Some(word) = self.word_mut(word) {
            *word = if is_object { *word | bit } else { *word & !bit };
        } else {
            self.more.push(u64::from(is_object));
        }
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    fn last(&self) -> Option<Container> {
        let last = self.depth.checked_sub(1)?;
        let word = match self.first.get(last / 64) {
            Some(word) => word,
            None => self.more.get(last / 64 - self.first.len())?,
        };
        Some(if word >> (last % 64) & 1 == 1 { Container::Object } else { Container::Array })
    }

    fn word_mut(&mut self, word: usize) -> Option<&mut u64> {
        let inline = self.first.len();
        if word < inline { self.first.get_mut(word) } else { self.more.get_mut(word - inline) }
    }
}
