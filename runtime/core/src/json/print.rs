//! The printer: compact JSON, and the form in which Java prints collections.

use std::{collections::HashMap, slice, sync::Arc};

use super::{Members, Value};

/// Appends the compact JSON text of `value`, of whatever depth.
pub(super) fn write(value: &Value, out: &mut String) {
    write_as(&JSON, value, usize::MAX, out);
}

/// The compact JSON text of `value`, unless it is longer than `max_bytes`. Parts of a value that are shared are
/// printed each time, so a small value may have a huge text: this one gives up in time.
pub(super) fn text_within(value: &Value, max_bytes: usize) -> Option<String> {
    let mut text = String::new();
    write_as(&JSON, value, max_bytes, &mut text);
    (text.len() <= max_bytes).then_some(text)
}

/// How many bytes [`write`] appends. A part that is shared is measured once.
pub(super) fn text_len(value: &Value) -> u64 {
    let mut known = HashMap::new();
    // Each container with what is left of it and the length so far; the last result is that of a part.
    let mut open: Vec<(usize, Open<'_>, u64)> = Vec::new();
    let mut next = Some(value);
    let mut length = 0;
    loop {
        if let Some(value) = next.take() {
            match measure(value, &mut known) {
                Ok(part) => length = part,
                Err((address, container)) => {
                    open.push((address, container, 1));
                    length = 0;
                }
            }
        }
        let Some((address, container, sum)) = open.last_mut() else { return length };
        *sum = sum.saturating_add(length);
        length = 0;
        let is_first = *sum == 1;
        let entry = match container {
            Open::Array(elements) => elements.next().map(|value| (0, value)),
            Open::Object(members) => {
                members.next().map(|(key, value)| (string_len(key).saturating_add(1), value))
            }
        };
        if let Some((key, value)) = entry {
            *sum = sum.saturating_add(key).saturating_add(u64::from(!is_first));
            next = Some(value);
        } else {
            length = sum.saturating_add(1);
            known.insert(*address, length);
            open.pop();
        }
    }
}

/// The length of a scalar, or of a container that is known; else its address and its entries.
fn measure<'a>(value: &'a Value, known: &mut HashMap<usize, u64>) -> Result<u64, (usize, Open<'a>)> {
    let (address, container) = match value {
        Value::Null | Value::Bool(true) => return Ok(4),
        Value::Bool(false) => return Ok(5),
        Value::Number(number) => {
            let mut text = String::new();
            number.write_to(&mut text);
            return Ok(text.len() as u64);
        }
        Value::String(text) => {
            let address = text.as_ptr() as usize;
            return Ok(*known.entry(address).or_insert_with(|| string_len(text)));
        }
        Value::Array(array) => (Arc::as_ptr(array) as usize, Open::Array(array.iter())),
        Value::Object(object) => (Arc::as_ptr(object) as usize, Open::Object(object.iter())),
    };
    known.get(&address).copied().ok_or((address, container))
}

fn string_len(text: &str) -> u64 {
    let mut printed = String::new();
    write_string(text, &mut printed);
    printed.len() as u64
}

/// Appends `value` as Java's collections print themselves: `{a=1, b=[x, y]}`.
pub(super) fn write_java(value: &Value, out: &mut String) {
    write_as(&JAVA, value, usize::MAX, out);
}

/// The text of [`write_java`], unless it is longer than `max_bytes`; as [`text_within`].
pub(super) fn java_text_within(value: &Value, max_bytes: usize) -> Option<String> {
    let mut text = String::new();
    write_as(&JAVA, value, max_bytes, &mut text);
    (text.len() <= max_bytes).then_some(text)
}

/// What the two forms differ in.
struct Form {
    string: fn(&str, &mut String),
    after_key: &'static str,
    between: &'static str,
}

const JSON: Form = Form { string: write_string, after_key: ":", between: "," };
const JAVA: Form = Form { string: |text, out| out.push_str(text), after_key: "=", between: ", " };

/// A container that is being printed: what is left of it.
enum Open<'a> {
    Array(slice::Iter<'a, Value>),
    Object(Members<'a>),
}

/// Prints until all is printed or `out` is longer than `max_bytes`, which it then is by one scalar at most.
fn write_as(form: &Form, value: &Value, max_bytes: usize, out: &mut String) {
    let mut open = Vec::new();
    let mut fresh = begin(form, value, out, &mut open);
    while let Some(container) = open.last_mut().filter(|_| out.len() <= max_bytes) {
        let (entry, bracket) = match container {
            Open::Array(elements) => (elements.next().map(|value| (None, value)), ']'),
            Open::Object(members) => (members.next().map(|(key, value)| (Some(key), value)), '}'),
        };
        let Some((key, value)) = entry else {
            out.push(bracket);
            open.pop();
            fresh = false;
            continue;
        };
        if !fresh {
            out.push_str(form.between);
        }
        if let Some(key) = key {
            (form.string)(key, out);
            out.push_str(form.after_key);
        }
        fresh = begin(form, value, out, &mut open);
    }
}

/// Prints a scalar, or the opening bracket of a container: then the answer is true.
fn begin<'a>(form: &Form, value: &'a Value, out: &mut String, open: &mut Vec<Open<'a>>) -> bool {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => number.write_to(out),
        Value::String(text) => (form.string)(text, out),
        Value::Array(array) => {
            out.push('[');
            open.push(Open::Array(array.iter()));
            return true;
        }
        Value::Object(object) => {
            out.push('{');
            open.push(Open::Object(object.iter()));
            return true;
        }
    }
    false
}

/// Appends `text` in quotes. Escaped are `"`, `\` and U+0000 to U+001F, the latter in upper-case hex unless
/// there is a short form; all else stays. Source: Jackson.
pub(super) fn write_string(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        // The byte is ASCII, so both cuts are at character boundaries.
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = special.chars();
        if let Some(character) = characters.next() {
            escape(character, out);
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn escape(character: char, out: &mut String) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\u{8}' => out.push_str("\\b"),
        '\t' => out.push_str("\\t"),
        '\n' => out.push_str("\\n"),
        '\u{c}' => out.push_str("\\f"),
        '\r' => out.push_str("\\r"),
        control => out.push_str(&format!("\\u{:04X}", u32::from(control))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn escapes_like_the_service() {
        let cases = [
            ("plain", r#""plain""#),
            ("\"\\", r#""\"\\""#),
            ("\u{8}\t\n\u{c}\r", r#""\b\t\n\f\r""#),
            ("\0\u{1}\u{b}\u{1f}", r#""\u0000\u0001\u000B\u001F""#),
            ("/\u{7f}\u{80}\u{9f}\u{2028}é😀", "\"/\u{7f}\u{80}\u{9f}\u{2028}é😀\""),
            ("", "\"\""),
        ];
        for (text, expected) in cases {
            let mut out = String::new();
            write_string(text, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn prints_compact() {
        let cases = [
            ("[ ]", "[]"),
            ("{ }", "{}"),
            ("[ [ ] , [ [ ] , 1 ] ]", "[[],[[],1]]"),
            ("[ \"[\" , \"{\" ]", "[\"[\",\"{\"]"),
            ("{ \"{\" : { } , \"a\" : [ { \"b\" : null } , { } ] }", "{\"{\":{},\"a\":[{\"b\":null},{}]}"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn prints_like_java_collections() {
        let cases = [
            ("{\"c\":2,\"d\":null}", "{c=2, d=null}"),
            ("{\"Arg1\":1,\"Arg2\":[]}", "{Arg1=1, Arg2=[]}"),
            ("[\"a[\",{\"b\":[true,\"\\n\"]},{}]", "[a[, {b=[true, \n]}, {}]"),
            ("\"text\"", "text"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap().to_java_string(), expected);
        }
    }

    #[test]
    fn measures_what_it_prints() {
        for text in [
            "null",
            "true",
            "false",
            "-2.50",
            "\"\"",
            "\"é\\u0001\\n\"",
            "[]",
            "{}",
            "[[]]",
            "[1,[],{},\"\"]",
            "{\"\":{\"a\\\"\":[null,true]},\"b\":{}}",
            "[[1,2],[1,2]]",
        ] {
            let value = parse(text).unwrap();
            assert_eq!(text_len(&value), value.to_string().len() as u64, "{text}");
            let shared = Value::from(vec![value.clone(), value.clone(), Value::from(vec![value])]);
            assert_eq!(text_len(&shared), shared.to_string().len() as u64, "{text}");
        }
        let huge = (0..70).fold(Value::Null, |value, _| Value::from(vec![value.clone(), value]));
        assert_eq!(text_len(&huge), u64::MAX);
        let deep = (0..200_000).fold(Value::Null, |value, _| Value::from(vec![value]));
        assert_eq!(text_len(&deep), 400_004);
    }

    #[test]
    fn stops_at_a_limit() {
        let value = parse("[1,[2,3]]").unwrap();
        assert_eq!(text_within(&value, 9).as_deref(), Some("[1,[2,3]]"));
        for limit in 0..9 {
            assert_eq!(text_within(&value, limit), None, "{limit}");
            assert_eq!(java_text_within(&value, limit), None, "{limit}");
        }
        assert_eq!(java_text_within(&value, 11).as_deref(), Some("[1, [2, 3]]"));
        // 2^60 elements, and no memory to speak of.
        let huge = (0..60).fold(Value::Null, |value, _| Value::from(vec![value.clone(), value]));
        assert_eq!(text_within(&huge, 1 << 20), None);
    }

    #[test]
    fn appends() {
        let mut out = "[".to_owned();
        write(&parse("[1]").unwrap(), &mut out);
        assert_eq!(out, "[[1]");
    }
}
