//! [`Value`], and [`Array`], the simpler of its two containers.

use std::{fmt, mem, ops::Deref, slice, sync::Arc};

use super::{Number, Object, print};

/// A JSON value. Cloning copies at most a number; containers are shared.
///
/// Equality is that of JSON: `1` equals `1.0`, and the order of keys does not count.
/// `Display` is the compact text, `Debug` too.
#[derive(Clone, Default)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, see [`Number`].
    Number(Number),
    /// A string. A lone surrogate escape of the text has become U+FFFD.
    String(Arc<str>),
    /// An array.
    Array(Arc<Array>),
    /// An object, in the order of its text.
    Object(Arc<Object>),
}

impl Value {
    /// The empty object.
    pub fn empty_object() -> Value {
        Value::Object(Arc::default())
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self { Some(*value) } else { None }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<&Number> {
        if let Value::Number(number) = self { Some(number) } else { None }
    }

    /// The number as an integer, if it is one that fits, however it was written (`2`, `2.0`).
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The number as a double, if it is a number.
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().map(Number::as_f64)
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text) } else { None }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Value::Array(array) = self { Some(array) } else { None }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Object> {
        if let Value::Object(object) = self { Some(object) } else { None }
    }

    /// The member `key`, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_object()?.get(key)
    }

    /// The service's word for the kind of value: `array`, `object`, `string`, `number`, `boolean`, `null`.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }

    /// Appends the compact text: no blanks, escapes as the service writes them.
    pub fn write_to(&self, out: &mut String) {
        print::write(self, out);
    }

    /// The text that Java's collections give of themselves, `{a=1, b=[x]}`, which the service shows in a few
    /// messages and in formatted strings. A string stands without quotes.
    pub fn to_java_string(&self) -> String {
        let mut text = String::new();
        print::write_java(self, &mut text);
        text
    }

    /// How many bytes the compact text has. Takes time linear in the distinct parts of the value, however
    /// often one part is mentioned; saturates.
    pub fn text_len(&self) -> u64 {
        print::text_len(self)
    }

    /// As [`to_java_string`](Value::to_java_string); `None` if the text is longer than `max_bytes`, which
    /// is found out in time: parts that are shared are printed each time.
    pub fn to_java_string_within(&self, max_bytes: usize) -> Option<String> {
        print::java_text_within(self, max_bytes)
    }

    /// Whether dropping this value may reach further values.
    fn has_content(&self) -> bool {
        match self {
            Value::Array(array) => !array.is_empty(),
            Value::Object(object) => !object.is_empty(),
            _ => false,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_to(&mut text);
        f.write_str(&text)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Value {
    /// Compares level by level: values may be deeper than the stack.
    fn eq(&self, other: &Value) -> bool {
        let mut pending = Vec::new();
        if !same_level(self, other, &mut pending) {
            return false;
        }
        while let Some((left, right)) = pending.pop() {
            if !same_level(left, right, &mut pending) {
                return false;
            }
        }
        true
    }
}

/// Whether two values agree but for what is inside them, which goes to `pending`.
fn same_level<'a>(left: &'a Value, right: &'a Value, pending: &mut Vec<(&'a Value, &'a Value)>) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => left == right,
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Array(left), Value::Array(right)) => {
            if left.len() != right.len() {
                return false;
            }
            if !Arc::ptr_eq(left, right) {
                pending.extend(left.iter().zip(right.iter()));
            }
            true
        }
        (Value::Object(left), Value::Object(right)) => {
            if left.len() != right.len() {
                return false;
            }
            Arc::ptr_eq(left, right)
                || left.iter().all(|(key, value)| {
                    right.get(key).is_some_and(|other| {
                        pending.push((value, other));
                        true
                    })
                })
        }
        _ => false,
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Number(Number::from(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Number(Number::from(value))
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Value {
        Value::Number(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Value {
        Value::String(Arc::from(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Value {
        Value::String(Arc::from(value))
    }
}

impl From<Arc<str>> for Value {
    fn from(value: Arc<str>) -> Value {
        Value::String(value)
    }
}

impl From<Array> for Value {
    fn from(value: Array) -> Value {
        Value::Array(Arc::new(value))
    }
}

impl From<Vec<Value>> for Value {
    fn from(value: Vec<Value>) -> Value {
        Value::from(Array::from(value))
    }
}

impl From<Object> for Value {
    fn from(value: Object) -> Value {
        Value::Object(Arc::new(value))
    }
}

/// The elements of a JSON array; reads like a slice.
///
/// A type of its own, and not a bare `Vec`, because dropping it must not recurse.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Array(Vec<Value>);

impl Array {
    /// An empty array.
    pub fn new() -> Array {
        Array::default()
    }

    /// Adds an element at the end.
    pub fn push(&mut self, value: Value) {
        self.0.push(value);
    }

    /// The element at `index`, to be changed.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Value> {
        self.0.get_mut(index)
    }
}

impl Deref for Array {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl From<Vec<Value>> for Array {
    fn from(values: Vec<Value>) -> Array {
        Array(values)
    }
}

impl FromIterator<Value> for Array {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Array {
        Array(values.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Array {
    type Item = &'a Value;
    type IntoIter = slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        dismantle(self.0.iter_mut());
    }
}

/// Drops what hangs below the children of a container without recursion.
///
/// Parsed text is of bounded depth, but an execution that wraps its own output in a loop is not.
/// Invariant: no container that is dropped here still holds one with content that only it owns.
pub(super) fn dismantle<'a>(children: impl Iterator<Item = &'a mut Value>) {
    let mut pending: Vec<Value> = children.filter(|child| child.has_content()).map(mem::take).collect();
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(array) => {
                if let Some(mut array) = Arc::into_inner(array) {
                    pending.extend(array.0.iter_mut().filter(|child| child.has_content()).map(mem::take));
                }
            }
            Value::Object(object) => {
                if let Some(mut object) = Arc::into_inner(object) {
                    pending.extend(object.values_mut().filter(|child| child.has_content()).map(mem::take));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{parse, validate};
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        scalar.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::from(members.into_iter().collect::<Object>())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn printing_and_parsing_cancel_out(value in any_value()) {
            let text = value.to_string();
            let read = parse(&text).unwrap();
            prop_assert_eq!(&read, &value);
            prop_assert_eq!(read.to_string(), text);
        }

        #[test]
        fn agrees_with_another_reader(text in r#"[\[\]{}:,"0-9a\\u eE.+\-tn]{0,20}"#) {
            let ours = parse(&text);
            prop_assert_eq!(ours.is_ok(), validate(&text).is_ok());
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            // The other reader refuses lone surrogates and infinite numbers.
            if let Ok(theirs) = theirs {
                prop_assert_eq!(parse(&theirs.to_string()).unwrap(), ours.unwrap());
            }
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            prop_assert_eq!(parse(&text).map(|_| ()), validate(&text));
        }
    }

    #[test]
    fn equality_is_that_of_json() {
        let cases = [
            ("1", "1.0", true),
            ("[1,{\"a\":2e0}]", "[1.0,{\"a\":2}]", true),
            ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true),
            ("{\"a\":1}", "{\"a\":1,\"b\":2}", false),
            ("{\"a\":1}", "{\"b\":1}", false),
            ("[1,2]", "[2,1]", false),
            ("[]", "{}", false),
            ("null", "false", false),
            ("\"1\"", "1", false),
            ("[[[1]]]", "[[[2]]]", false),
        ];
        for (left, right, equal) in cases {
            let (left, right) = (parse(left).unwrap(), parse(right).unwrap());
            assert_eq!(left == right, equal, "{left} {right}");
            assert_eq!(right == left, equal, "{right} {left}");
        }
    }

    #[test]
    fn depth_is_no_danger() {
        let wrap = |depth: usize| {
            (0..depth).fold(Value::Null, |value, level| {
                if level % 2 == 0 {
                    Value::from(vec![value])
                } else {
                    [("a", value)].into_iter().collect::<Object>().into()
                }
            })
        };
        let (value, same, shallower) = (wrap(200_000), wrap(200_000), wrap(199_998));
        assert_eq!(value, same);
        assert_ne!(value, shallower);
        let shared = value.clone();
        drop(value);
        assert_eq!(shared.to_string().len(), 100_000 * 2 + 100_000 * 6 + 4);
    }

    #[test]
    fn objects_keep_their_order() {
        let mut object: Object =
            [("b", 1), ("a", 2)].map(|(key, value)| (key, Value::from(value))).into_iter().collect();
        assert_eq!(object.insert("b", 3), Some(Value::from(1)));
        *object.entry_or_null(&Arc::from("c")) = Value::Bool(true);
        assert_eq!(Value::from(object.clone()).to_string(), r#"{"b":3,"a":2,"c":true}"#);
        object.remove("b");
        assert_eq!(object.keys().map(|key| &**key).collect::<Vec<_>>(), ["a", "c"]);
    }
}
