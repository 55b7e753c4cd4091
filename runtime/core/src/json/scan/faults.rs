//! What a scanner says about a text that is not JSON, in the words of the service's library.
//!
//! None of this runs on a good text.

use super::{Container, Scanner};
use crate::json::{
    SyntaxError,
    error::{Position, describe, location_of},
    read::Nothing,
};

/// An unrecognised token is quoted up to here, in UTF-16 units.
const MAX_TOKEN_UNITS: usize = 256;

impl Scanner<'_> {
    #[cold]
    pub(super) fn error(&self, position: Position, message: String) -> SyntaxError {
        SyntaxError::new(self.text, position, message)
    }

    #[cold]
    pub(super) fn too_deep(&self) -> SyntaxError {
        let limit = self.limits.depth;
        let depth = limit.saturating_add(1);
        let message = format!("Depth ({depth}) exceeds the maximum allowed nesting depth ({limit})");
        self.error(Position::After(self.at), message)
    }

    #[cold]
    pub(super) fn too_many_digits(&self, digits: usize, end: usize) -> SyntaxError {
        let message = format!("Number length ({digits}) exceeds the maximum length ({})", self.limits.digits);
        self.error(Position::Before(end), message)
    }

    /// A backslash before the character at `at`.
    #[cold]
    pub(super) fn unknown_escape(&self, at: usize) -> SyntaxError {
        self.error(Position::After(at), format!("Unrecognized character escape {}", self.described(at)))
    }

    fn char_at(&self, at: usize) -> char {
        self.text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or('\0')
    }

    fn described(&self, at: usize) -> String {
        describe(self.char_at(at))
    }

    /// The character at `at`, then why it is wrong.
    #[cold]
    pub(super) fn unexpected(&self, at: usize, comment: &str) -> SyntaxError {
        self.error(Position::After(at), format!("Unexpected character ({}): {comment}", self.described(at)))
    }

    #[cold]
    fn unexpected_in_number(&self, at: usize, position: Position, comment: &str) -> SyntaxError {
        let shown = self.described(at);
        self.error(position, format!("Unexpected character ({shown}) in numeric value: {comment}"))
    }

    #[cold]
    pub(super) fn ended(&self, context: &str) -> SyntaxError {
        self.error(Position::Before(self.text.len()), format!("Unexpected end-of-input{context}"))
    }

    #[cold]
    pub(super) fn ended_between(&self, container: Container) -> SyntaxError {
        self.ended(match container {
            Container::Array => " within/between Array entries",
            Container::Object => " within/between Object entries",
        })
    }

    #[cold]
    pub(super) fn unclosed(&self, container: Container) -> SyntaxError {
        let (kind, start) = (type_name(container), self.innermost_start());
        let start = location_of(self.text, start);
        self.ended(&format!(": expected close marker for {kind} (start marker at {start})"))
    }

    #[cold]
    pub(super) fn unclosed_string(&self, place: &str) -> SyntaxError {
        self.ended(match place {
            "name" => " in field name",
            _ => ": was expecting closing quote for a string value",
        })
    }

    #[cold]
    pub(super) fn control_in_string(&self, at: usize, place: &str) -> SyntaxError {
        let message = format!(
            "Illegal unquoted character ({}): has to be escaped using backslash to be included in {place}",
            self.described(at)
        );
        self.error(Position::After(at), message)
    }

    #[cold]
    pub(super) fn mismatched_close(&self, byte: u8) -> SyntaxError {
        let (kind, start) = match self.open.last() {
            Some(container) => (type_name(container), self.innermost_start()),
            None => ("root", Position::Nowhere),
        };
        let expected = if byte == b']' { '}' } else { ']' };
        let start = location_of(self.text, start);
        let byte = char::from(byte);
        let message = format!(
            "Unexpected close marker '{byte}': expected '{expected}' (for {kind} starting at {start})"
        );
        self.error(Position::After(self.at), message)
    }

    #[cold]
    pub(super) fn odd_between_tokens(&self, byte: u8) -> SyntaxError {
        if byte == b'/' {
            return self.unexpected(
                self.at,
                "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not \
                 enabled for parser)",
            );
        }
        let message = format!(
            "Illegal character ({}): only regular white space (\\r, \\n, \\t) is allowed between tokens",
            self.described(self.at)
        );
        self.error(Position::After(self.at), message)
    }

    /// What cannot start a value.
    #[cold]
    pub(super) fn odd_value(&mut self, byte: u8) -> SyntaxError {
        match byte {
            b']' | b'}' if self.open.depth() == 0 => return self.mismatched_close(byte),
            b'N' => return self.non_finite("NaN", 1),
            b'I' => return self.non_finite("Infinity", 1),
            b'+' if self.at + 1 >= self.bytes.len() => return self.ended(" in a Number value"),
            b'+' => return self.odd_signed(self.at + 1, "+"),
            _ => {}
        }
        let first = self.char_at(self.at);
        if is_identifier_start(first) {
            let start = self.at;
            return self.unrecognized(start, start + first.len_utf8());
        }
        let expectation =
            "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
        self.unexpected(self.at, expectation)
    }

    /// A token that starts like `word` and is not it.
    #[cold]
    pub(super) fn odd_word(&mut self, word: &str) -> Result<(), SyntaxError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let same = rest.iter().zip(word.bytes()).take_while(|(left, right)| **left == *right).count();
        let behind = self.at + same;
        if same == word.len() && !is_identifier_part(self.char_at(behind)) {
            self.at = behind;
            return Ok(());
        }
        Err(self.unrecognized(self.at, behind))
    }

    /// A token of the bytes from `start` to `end` and the identifier characters behind.
    #[cold]
    fn unrecognized(&self, start: usize, end: usize) -> SyntaxError {
        let mut token = self.text.get(start..end).unwrap_or_default().to_owned();
        let mut units = token.encode_utf16().count();
        let mut end = end;
        for character in self.text.get(end..).unwrap_or_default().chars() {
            if !is_identifier_part(character) {
                break;
            }
            token.push(character);
            end += character.len_utf8();
            units += 1;
            if units >= MAX_TOKEN_UNITS {
                token.push_str("...");
                break;
            }
        }
        let message = format!(
            "Unrecognized token '{token}': was expecting (JSON String, Number, Array, Object or token \
             'null', 'true' or 'false')"
        );
        self.error(Position::Before(end), message)
    }

    /// A minus sign that no digit follows.
    #[cold]
    pub(super) fn odd_negative(&self, at: usize) -> SyntaxError {
        if at >= self.bytes.len() {
            // The missing blank is the library's.
            return self.ended("No digit following minus sign");
        }
        self.odd_signed(at, "-")
    }

    /// A sign that no digit follows; `at` is what follows instead.
    #[cold]
    fn odd_signed(&self, at: usize, sign: &str) -> SyntaxError {
        let mut at = at;
        if self.bytes.get(at) == Some(&b'I') {
            match self.bytes.get(at + 1) {
                None => return self.ended(" in a Number value"),
                Some(b'N') => return self.non_finite(&format!("{sign}INF"), 3),
                Some(b'n') => return self.non_finite(&format!("{sign}Infinity"), 3),
                Some(_) => at += 1,
            }
        }
        if sign == "+" {
            return self.error(
                Position::After(at),
                "Unexpected character ('+' (code 43)) in numeric value: JSON spec does not allow numbers to \
                 have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow"
                    .to_owned(),
            );
        }
        let comment = "expected digit (0-9) to follow minus sign, for valid numeric value";
        self.unexpected_in_number(at, Position::After(at), comment)
    }

    /// `NaN` and the like, of which `seen` bytes have been recognised.
    #[cold]
    fn non_finite(&self, token: &str, seen: usize) -> SyntaxError {
        let rest = self.bytes.get(self.at + seen..).unwrap_or_default();
        let wanted = token.bytes().skip(seen);
        let same = seen + rest.iter().zip(wanted).take_while(|(left, right)| **left == *right).count();
        let behind = self.at + same;
        if same < token.len()
            || self.text.get(behind..).is_some_and(|rest| rest.starts_with(is_identifier_part))
        {
            return self.unrecognized(self.at, behind);
        }
        let message = format!(
            "Non-standard token '{token}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow"
        );
        self.error(Position::Before(behind), message)
    }

    /// A point that no digit follows.
    #[cold]
    pub(super) fn incomplete_fraction(&self, first: usize, point: usize) -> SyntaxError {
        let comment = "Decimal point not followed by a digit";
        let end = point + 1;
        if end >= self.bytes.len() {
            return self.unexpected_in_number(point, Position::After(point), comment);
        }
        self.unexpected_in_number(end, self.number_position(first, point, end), comment)
    }

    /// An exponent without digits. `mark` is where the whole part ends.
    #[cold]
    pub(super) fn incomplete_exponent(&self, first: usize, mark: usize, end: usize) -> SyntaxError {
        if end >= self.bytes.len() {
            // The missing blank is the library's.
            return self.ended("expected a digit for number exponent");
        }
        let comment = "Exponent indicator not followed by a digit";
        self.unexpected_in_number(end, self.number_position(first, mark, end), comment)
    }

    /// Where the library stands when a number breaks off at `end`. Its fast path, which a leading zero does
    /// not take, has only got past the point or exponent mark behind the whole part.
    fn number_position(&self, first: usize, mark: usize, end: usize) -> Position {
        if self.bytes.get(first) == Some(&b'0') { Position::After(end) } else { Position::After(mark) }
    }

    /// Something behind the root value: an error of its own, or a token too many.
    #[cold]
    pub(super) fn trailing(&mut self, byte: u8) -> SyntaxError {
        let start = self.at;
        let kind = match byte {
            b'{' => "START_OBJECT",
            b'[' => "START_ARRAY",
            b'"' => "VALUE_STRING",
            b't' => "VALUE_TRUE",
            b'f' => "VALUE_FALSE",
            b'n' => "VALUE_NULL",
            _ if self.number_is_integer() => "VALUE_NUMBER_INT",
            _ => "VALUE_NUMBER_FLOAT",
        };
        // A string is read when it is asked for, and nobody asks.
        if byte != b'"'
            && let Err(error) = self.value(byte, &mut Nothing)
        {
            return error;
        }
        let message = format!(
            "Trailing token (of type {kind}) found after value (bound as \
             `com.fasterxml.jackson.databind.JsonNode`): not allowed as per \
             `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`"
        );
        self.error(Position::Before(start), message)
    }

    fn number_is_integer(&self) -> bool {
        let end = self.skip_digits(self.at + usize::from(self.bytes.get(self.at) == Some(&b'-')));
        !matches!(self.bytes.get(end), Some(b'.' | b'e' | b'E'))
    }

    /// Where the innermost open container starts. What is before `self.at` is well formed so far, so it is
    /// enough to tell brackets from strings.
    #[cold]
    fn innermost_start(&self) -> Position {
        let mut starts = Vec::new();
        let mut in_string = false;
        let mut escaped = false;
        for (at, byte) in self.bytes.iter().enumerate().take(self.at) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = in_string,
                b'"' => in_string = !in_string,
                b'[' | b'{' if !in_string => starts.push(at),
                b']' | b'}' if !in_string => _ = starts.pop(),
                _ => {}
            }
        }
        starts.pop().map_or(Position::Nowhere, Position::Before)
    }
}

fn type_name(container: Container) -> &'static str {
    match container {
        Container::Array => "Array",
        Container::Object => "Object",
    }
}

/// Java's `isJavaIdentifierStart`, which looks at one UTF-16 unit, so never accepts what is beyond the BMP.
/// Rust's tables know no currency signs, connectors or marks, so the common ones are listed: this decides no
/// more than how far a message quotes a wrong token.
fn is_identifier_start(character: char) -> bool {
    let is_connector = matches!(
        character,
        '_' | '\u{203f}' | '\u{2040}' | '\u{2054}' | '\u{fe33}' | '\u{fe34}' | '\u{fe4d}'
            ..='\u{fe4f}' | '\u{ff3f}'
    );
    let is_currency = matches!(
        character,
        '$' | '\u{a2}'..='\u{a5}' | '\u{58f}' | '\u{60b}' | '\u{9f2}' | '\u{9f3}' | '\u{9fb}' | '\u{af1}'
            | '\u{bf9}' | '\u{e3f}' | '\u{17db}' | '\u{20a0}'..='\u{20c0}' | '\u{a838}' | '\u{fdfc}'
            | '\u{fe69}' | '\u{ff04}' | '\u{ffe0}' | '\u{ffe1}' | '\u{ffe5}' | '\u{ffe6}'
    );
    character.len_utf16() == 1 && (character.is_alphabetic() || is_connector || is_currency)
}

/// Java's `isJavaIdentifierPart`: also digits, marks, and characters that Java ignores in identifiers.
fn is_identifier_part(character: char) -> bool {
    let is_ignorable = matches!(
        character,
        '\0'..='\u{8}' | '\u{e}'..='\u{1b}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
    );
    let is_mark = matches!(character, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20dc}');
    // Superscripts and fractions are numeric, but not digits.
    let is_digit =
        character.is_numeric() && !matches!(character, '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{bc}'..='\u{be}');
    is_identifier_start(character) || is_ignorable || is_mark || (character.len_utf16() == 1 && is_digit)
}
