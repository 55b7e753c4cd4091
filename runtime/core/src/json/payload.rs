//! [`Payload`]: JSON text as it travels through an execution.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use super::{SyntaxError, Value, locate, print, read, validate};

/// An immutable JSON text, shared by its clones and parsed at most once, when somebody looks inside.
///
/// Two payloads are equal when their texts are: the service shows texts, so white space counts.
#[derive(Clone)]
pub struct Payload(Arc<Shared>);

struct Shared {
    /// Invariant: well-formed JSON.
    text: Arc<str>,
    value: OnceLock<Value>,
}

/// The text of a value is larger than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the JSON text is larger than {max_bytes} bytes")]
pub struct TooLarge {
    /// The most bytes that it might have.
    pub max_bytes: usize,
}

impl Payload {
    /// A payload of a text that came from outside: checked, and kept verbatim.
    pub fn parse(text: &str) -> Result<Payload, SyntaxError> {
        validate(text)?;
        Ok(Payload::from_trusted(Arc::from(text)))
    }

    /// A payload of a value that was built: printed compact once, and kept beside its text.
    pub fn from_value(value: Value) -> Payload {
        Payload::of(value.to_string(), value)
    }

    /// As [`from_value`](Payload::from_value), but gives up when the text gets longer than `max_bytes`.
    ///
    /// For values that were built from shared parts: a template that names its input a thousand times is small
    /// until it is printed.
    pub fn from_value_within(value: Value, max_bytes: usize) -> Result<Payload, TooLarge> {
        let text = print::text_within(&value, max_bytes).ok_or(TooLarge { max_bytes })?;
        Ok(Payload::of(text, value))
    }

    /// A value that was printed. One with numbers that are not finite is not kept: JSON has none, they were
    /// printed as strings, and strings they are for whoever looks inside.
    fn of(text: String, value: Value) -> Payload {
        if text.contains("Infinity\"") || text.contains("\"NaN\"") {
            return Payload::from_trusted(Arc::from(text));
        }
        Payload(Arc::new(Shared { text: Arc::from(text), value: OnceLock::from(value) }))
    }

    /// A payload of a text that is known to be JSON: the [`text`](Payload::text) of an earlier payload, or
    /// texts of payloads put together. It may be deeper than a parsed text, as built values may.
    pub fn from_trusted(text: Arc<str>) -> Payload {
        Payload(Arc::new(Shared { text, value: OnceLock::new() }))
    }

    /// `{}`.
    pub fn empty_object() -> Payload {
        Payload::from_trusted(Arc::from("{}"))
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The text, shared.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.0.text)
    }

    /// The text at a JSON pointer (RFC 6901), as it stands here; `None` where nothing is.
    pub fn part(&self, pointer: &str) -> Option<Payload> {
        let mut depth = 0;
        let mut value = Some(self.value());
        for token in pointer.split('/').skip(1) {
            let name = token.replace("~1", "/").replace("~0", "~");
            value = match value? {
                Value::Array(items) => items.get(name.parse::<usize>().ok()?),
                value => value.get(&name),
            };
            depth += 1;
        }
        value?;
        if depth == 0 {
            return Some(self.clone());
        }
        let place = locate(self.text(), [pointer]).ok()?.pop()?.value;
        Some(Payload::from_trusted(self.text().get(place)?.into()))
    }

    /// The value, parsed on first use.
    pub fn value(&self) -> &Value {
        self.0.value.get_or_init(|| {
            let value = read::parse_trusted(&self.0.text);
            debug_assert!(value.is_ok(), "trusted text is not JSON: {value:?}");
            // Only a caller of `from_trusted` that breaks its word gets here with an error.
            value.unwrap_or_default()
        })
    }

    /// The length of the text in bytes, which is what the service's quotas count.
    #[expect(clippy::len_without_is_empty, reason = "no JSON text is empty")]
    pub fn len(&self) -> usize {
        self.0.text.len()
    }

    /// Whether both are clones of one payload.
    pub fn ptr_eq(&self, other: &Payload) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Payload) -> bool {
        self.ptr_eq(other) || self.text() == other.text()
    }
}

impl Eq for Payload {}

impl From<Value> for Payload {
    fn from(value: Value) -> Payload {
        Payload::from_value(value)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_text_verbatim() {
        for text in ["[1, 2.50, \"\\ud800\"]", " {\"a\" : 0.0} ", "null"] {
            let payload = Payload::parse(text).unwrap();
            assert_eq!(payload.text(), text);
            assert_eq!(payload.len(), text.len());
            assert_eq!(format!("{payload:?}"), text);
            assert!(payload.clone().ptr_eq(&payload));
        }
        assert!(Payload::parse("{").is_err());
    }

    #[test]
    fn parses_once() {
        let payload = Payload::parse("[1]").unwrap();
        let first: *const Value = payload.value();
        assert!(std::ptr::eq(first, payload.clone().value()));
    }

    #[test]
    fn prints_values_once() {
        let value = crate::json::parse("[ 1, 2.50 ]").unwrap();
        let payload = Payload::from_value(value.clone());
        assert_eq!(payload.text(), "[1,2.5]");
        assert_eq!(payload.value(), &value);
        assert_eq!(Payload::empty_object().value(), &Value::empty_object());
    }

    #[test]
    fn minds_its_size() {
        let value = crate::json::parse("[1,2]").unwrap();
        assert_eq!(Payload::from_value_within(value.clone(), 5).unwrap().text(), "[1,2]");
        assert_eq!(Payload::from_value_within(value, 4), Err(TooLarge { max_bytes: 4 }));
    }

    #[test]
    fn compares_texts() {
        let payload = Payload::parse("[1]").unwrap();
        assert_eq!(payload, Payload::parse("[1]").unwrap());
        assert_ne!(payload, Payload::parse("[ 1]").unwrap());
        assert!(!payload.ptr_eq(&Payload::parse("[1]").unwrap()));
    }

    #[test]
    fn is_shared_between_threads() {
        fn check<T: Send + Sync>() {}
        check::<Payload>();
    }

    #[test]
    fn parts_keep_their_text() {
        let payload = Payload::parse("{\"a\": [ 1, { \"b/~\" : \"x\" } ] }").unwrap();
        let cases = [
            ("", Some(payload.text())),
            ("/a", Some("[ 1, { \"b/~\" : \"x\" } ]")),
            ("/a/1/b~1~0", Some("\"x\"")),
            ("/a/2", None),
            ("/a/-1", None),
            ("/b", None),
            ("/a/0/c", None),
        ];
        for (pointer, expected) in cases {
            assert_eq!(payload.part(pointer).as_ref().map(Payload::text), expected, "{pointer}");
        }
    }
}
