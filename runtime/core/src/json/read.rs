//! [`parse`] and [`validate`]: the scanner, with and without something to build.

use std::{mem, sync::Arc};

use super::{
    Number, Object, SyntaxError, Value,
    object::same_key,
    scan::{Container, Limits, RawString, Scalar, Sink, scan},
};

/// How deep a text that comes from outside may nest.
pub const MAX_DEPTH: usize = 1000;

/// For a text from outside. Source: Jackson 2.15.
pub(super) const LIMITS: Limits = Limits { depth: MAX_DEPTH, digits: 1000 };
/// For a text that gradus has written itself.
const NO_LIMITS: Limits = Limits { depth: usize::MAX, digits: usize::MAX };

/// Reads a JSON text. Of doubled keys the last value wins, at the first one's place.
///
/// Fails on anything but one JSON value with white space around it. The service's library would by default
/// not look at what follows the value; a user wants to hear of it.
pub fn parse(text: &str) -> Result<Value, SyntaxError> {
    build(text, LIMITS)
}

/// Checks a text as [`parse`] does, without building or allocating anything.
pub fn validate(text: &str) -> Result<(), SyntaxError> {
    scan(text, LIMITS, &mut Nothing)
}

/// Reads a text that gradus has written itself, of whatever depth.
pub(super) fn parse_trusted(text: &str) -> Result<Value, SyntaxError> {
    build(text, NO_LIMITS)
}

fn build(text: &str, limits: Limits) -> Result<Value, SyntaxError> {
    let mut builder = Builder::new();
    scan(text, limits, &mut builder)?;
    Ok(builder.root())
}

/// The sink of [`validate`].
pub(super) struct Nothing;

impl Sink for Nothing {
    fn scalar(&mut self, _: Scalar<'_>) {}
    fn key(&mut self, _: RawString<'_>) {}
    fn open(&mut self, _: Container) {}
    fn close(&mut self) {}
}

/// How many keys are remembered, and how many lists of keys, to be shared by what has them. A power of two.
const REMEMBERED: usize = 32;
/// A text with fewer objects has little to share.
const SHARING: usize = 8;

/// The sink of [`parse`].
///
/// What is not complete stands in stacks; a container that is closed takes its part off, and so has the room
/// that it needs and no more. An object that begins with a key with which another one began is taken to have the
/// keys of that one, and shares them if it does.
struct Builder {
    values: Vec<Value>,
    /// Those of open objects that have not the keys of another one so far.
    keys: Vec<Arc<str>>,
    open: Vec<Partial>,
    /// How many objects have been met.
    objects: usize,
    /// Keys, and lists of keys by their first one; there once it is worth it.
    known: Vec<Option<Arc<str>>>,
    lists: Vec<Option<Arc<[Arc<str>]>>>,
}

/// A container that is open: where its part begins.
enum Partial {
    Array {
        values: usize,
    },
    Object {
        values: usize,
        keys: usize,
        /// The keys of another object, which were this one's so far.
        like: Option<Arc<[Arc<str>]>>,
    },
}

impl Builder {
    fn new() -> Builder {
        Builder {
            values: Vec::new(),
            keys: Vec::new(),
            open: Vec::new(),
            objects: 0,
            known: Vec::new(),
            lists: Vec::new(),
        }
    }

    fn root(mut self) -> Value {
        self.values.pop().unwrap_or_default()
    }

    /// A key that is not of a list of keys.
    fn own_key(&mut self, raw: RawString<'_>) -> Arc<str> {
        match self.known.get_mut(slot(raw.text)) {
            Some(Some(known)) if !raw.escaped && same_key(known, raw.text) => Arc::clone(known),
            slot => {
                let key = raw.unescaped();
                if let Some(slot) = slot {
                    *slot = Some(Arc::clone(&key));
                }
                key
            }
        }
    }

    /// An object of these keys, which others may share if no two are equal.
    fn object(&mut self, keys: Vec<Arc<str>>, values: Vec<Value>) -> Object {
        if !Object::distinct(&keys) {
            return keys.into_iter().zip(values).collect();
        }
        match keys.first().and_then(|first| self.lists.get_mut(slot(first))) {
            Some(list) => Object::from_shared(Arc::clone(list.insert(Arc::from(keys))), values),
            None => Object::from_own(keys, values),
        }
    }
}

impl Sink for Builder {
    fn scalar(&mut self, scalar: Scalar<'_>) {
        self.values.push(match scalar {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Number { text, integer } => Value::Number(Number::from_text(text, integer)),
            Scalar::String(raw) => Value::String(raw.unescaped()),
        });
    }

    fn key(&mut self, raw: RawString<'_>) {
        if let Some(Partial::Object { values, keys, like }) = self.open.last_mut() {
            let at = self.values.len() - *values;
            if at == 0 && !raw.escaped {
                *like = self.lists.get(slot(raw.text)).and_then(Clone::clone);
            }
            if let Some(list) = like {
                if !raw.escaped && list.get(at).is_some_and(|key| same_key(key, raw.text)) {
                    return;
                }
                self.keys.extend(list.iter().take(at).cloned());
                *like = None;
            }
            debug_assert_eq!(self.keys.len() - *keys, at);
        }
        let key = self.own_key(raw);
        self.keys.push(key);
    }

    fn open(&mut self, container: Container) {
        let values = self.values.len();
        self.open.push(match container {
            Container::Array => Partial::Array { values },
            Container::Object => {
                self.objects += 1;
                if self.objects == SHARING {
                    self.known.resize(REMEMBERED, None);
                    self.lists.resize(REMEMBERED, None);
                }
                Partial::Object { values, keys: self.keys.len(), like: None }
            }
        });
    }

    fn close(&mut self) {
        let value = match self.open.pop() {
            Some(Partial::Array { values }) => Value::from(split(&mut self.values, values)),
            Some(Partial::Object { values, .. }) if values == self.values.len() => Value::empty_object(),
            Some(Partial::Object { values, keys, like }) => {
                let values = split(&mut self.values, values);
                Value::from(match like {
                    Some(list) if list.len() == values.len() => Object::from_shared(list, values),
                    like => {
                        self.keys
                            .extend(like.iter().flat_map(|list| list.iter()).take(values.len()).cloned());
                        let keys = split(&mut self.keys, keys);
                        self.object(keys, values)
                    }
                })
            }
            None => return,
        };
        self.values.push(value);
    }
}

/// Takes off what stands from `from` on, with no more room than it needs.
#[inline]
fn split<T>(values: &mut Vec<T>, from: usize) -> Vec<T> {
    if from > 0 {
        return values.split_off(from);
    }
    let mut all = mem::take(values);
    all.shrink_to_fit();
    all
}

/// Where a key is remembered.
fn slot(key: &str) -> usize {
    let bytes = key.as_bytes();
    let ends = [bytes.first(), bytes.get(bytes.len() / 2), bytes.last()];
    let mixed = ends.into_iter().flatten().fold(bytes.len(), |mixed, byte| mixed * 37 + usize::from(*byte));
    (mixed ^ (mixed >> 5)) % REMEMBERED
}

impl RawString<'_> {
    pub(super) fn unescaped(self) -> Arc<str> {
        if self.escaped { Arc::from(unescape(self.text)) } else { Arc::from(self.text) }
    }
}

/// Resolves well-formed escapes. A lone surrogate, which a Rust string cannot hold, becomes U+FFFD; only a
/// payload that is passed on as text keeps it.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut characters = escape.chars();
        match characters.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let (character, length) = unescape_unicode(escape);
                out.push(character);
                rest = escape.get(length..).unwrap_or_default();
                continue;
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out
}

/// The character of `uXXXX` or `uXXXX\uXXXX` at the start of `escape`, and the length of that text.
fn unescape_unicode(escape: &str) -> (char, usize) {
    let unit =
        |from: usize| escape.get(from..from + 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let first = unit(1).unwrap_or(0xfffd);
    let second = if escape.get(5..7) == Some("\\u") { unit(7) } else { None };
    let mut pair = char::decode_utf16([first].into_iter().chain(second));
    match pair.next() {
        Some(Ok(character)) => (character, if character.len_utf16() == 2 { 11 } else { 5 }),
        _ => (char::REPLACEMENT_CHARACTER, 5),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_values() {
        let cases = [
            ("null", "null"),
            (" [ 1 , 2.50 , \"a\" ]\r\n", r#"[1,2.5,"a"]"#),
            (r#"{"b":1,"a":{},"c":[]}"#, r#"{"b":1,"a":{},"c":[]}"#),
            ("true", "true"),
            ("[false]", "[false]"),
            ("-0", "0"),
            // Doubled keys: the last value, at the first one's place.
            (r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#),
            // Escapes
            (r#""\"\\\/\b\f\n\r\t\u0041\u001f\u00e9""#, r#""\"\\/\b\f\n\r\tA\u001Fé""#),
            (r#""\ud83d\ude00""#, "\"😀\""),
            (r#""\u2028\u007f""#, "\"\u{2028}\u{7f}\""),
            (r#"{"\u0061":0}"#, r#"{"a":0}"#),
            // Lone surrogates
            (r#""\ud800""#, "\"\u{fffd}\""),
            (r#""\ude00x""#, "\"\u{fffd}x\""),
            (r#""\ud800\u0041""#, "\"\u{fffd}A\""),
            (r#""\ud800\ud83d\ude00""#, "\"\u{fffd}😀\""),
        ];
        for (text, printed) in cases {
            assert_eq!(parse(text).unwrap().to_string(), printed, "{text}");
            validate(text).unwrap();
        }
    }

    #[test]
    fn limits() {
        let arrays = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        for text in [arrays(1000), objects(1000)] {
            assert_eq!(parse(&text).unwrap().to_string(), text);
        }
        for text in
            [arrays(1001), objects(1001), arrays(10_000), "[".repeat(10_000), "{\"a\":".repeat(10_000)]
        {
            let error = parse(&text).unwrap_err();
            assert_eq!(error.message(), "Depth (1001) exceeds the maximum allowed nesting depth (1000)");
            assert_eq!(validate(&text).unwrap_err(), error);
        }
        let digits = "1".repeat(1000);
        assert_eq!(parse(&digits).unwrap().to_string(), digits);
        for text in ["1".repeat(1001), format!("-1.{}", "1".repeat(1000))] {
            let message = "Number length (1001) exceeds the maximum length (1000)";
            assert_eq!(parse(&text).unwrap_err().message(), message);
        }
        let string = format!("\"{}\"", "é\\u0041".repeat(1 << 17));
        assert_eq!(parse(&string).unwrap().as_str().map(str::len), Some(3 << 17));
    }

    #[test]
    fn trusted_text_may_be_deeper() {
        let text = format!("{}1{}", "[{\"a\":".repeat(50_000), "}]".repeat(50_000));
        let value = parse_trusted(&text).unwrap();
        assert_eq!(value.to_string(), text);
        assert_eq!(value, parse_trusted(&text).unwrap());
    }
}
