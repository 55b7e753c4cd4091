//! How JavaScript prints: numbers, and JSON.

use std::fmt::Write;

use crate::json::{Members, Number, Value};

/// A number as JavaScript prints it: `1`, `0.1`, `1e+21`, `5e-324`, `Infinity`.
pub(super) fn number_text(value: f64) -> String {
    let mut text = String::new();
    write_number_text(value, &mut text);
    text
}

/// Appends [`number_text`].
fn write_number_text(value: f64, out: &mut String) {
    let size = value.abs();
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    } else if size < 9_007_199_254_740_992.0 && value as i64 as f64 == value {
        write_integer(value as i64, out);
    } else if (1e-6..1e21).contains(&size) {
        // Here Rust sets the point as JavaScript does.
        _ = write!(out, "{value}");
    } else {
        let shortest = format!("{size:e}");
        let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
        let sign = if value < 0.0 { "-" } else { "" };
        let exponent: i32 = exponent.parse().unwrap_or(0);
        _ = write!(out, "{sign}{mantissa}e{exponent:+}");
    }
}

fn write_integer(value: i64, out: &mut String) {
    let mut digits = [0_u8; 20];
    let mut rest = value.unsigned_abs();
    let mut length = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        length += 1;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push('-');
    }
    out.push_str(
        digits.get(20 - length..).and_then(|digits| str::from_utf8(digits).ok()).unwrap_or_default(),
    );
}

/// The number with at most 15 significant digits; ties go away from zero, as in `toPrecision`.
pub(super) fn round_to_15(value: f64) -> f64 {
    if !value.is_finite() || (value.fract() == 0.0 && value.abs() < 1e15) {
        return value;
    }
    let shortest = format!("{:e}", value.abs());
    let digits = shortest.split('e').next().unwrap_or_default();
    if digits.len() <= "d.".len() + 14 {
        return value;
    }
    // The exact decimal expansion decides a tie; Rust alone would round it to even.
    let exact = format!("{:.60e}", value.abs());
    let Some((mantissa, exponent)) = exact.split_once('e') else { return value };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let (kept, rest) = digits.split_at(15.min(digits.len()));
    let mut whole: u64 = kept.parse().unwrap_or(0);
    if rest.starts_with(['5', '6', '7', '8', '9']) {
        whole += 1;
    }
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{whole}e{}", exponent - 14).parse::<f64>().map_or(value, |rounded| rounded.copysign(value))
}

/// Appends `value` as JavaScript's `JSON.stringify` does; what is not finite is `null`.
pub(super) fn write_json(value: &Value, out: &mut String) {
    _ = print(value, None, &mut |number, out| write_number(number.as_f64(), out), usize::MAX, out);
}

/// Appends a double as `JSON.stringify` does.
pub(super) fn write_number(value: f64, out: &mut String) {
    if value.is_finite() { write_number_text(value, out) } else { out.push_str("null") }
}

/// The text is longer than it may be.
pub(super) struct TooLong;

/// Appends the JSON text, with line breaks and `indent` blanks a level if it is given.
pub(super) fn print(
    value: &Value,
    indent: Option<usize>,
    number: &mut dyn FnMut(&Number, &mut String),
    max_bytes: usize,
    out: &mut String,
) -> Result<(), TooLong> {
    // What is open: the rest of a container, its closing bracket, and whether nothing has been printed in it.
    enum Open<'a> {
        Array(std::slice::Iter<'a, Value>),
        Object(Members<'a>),
    }
    let new_line = |depth: usize, out: &mut String| {
        if let Some(indent) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    };
    let mut open: Vec<(Open<'_>, bool)> = Vec::new();
    let mut next = Some(value);
    loop {
        if let Some(value) = next.take() {
            match value {
                Value::Null => out.push_str("null"),
                Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
                Value::Number(value) => number(value, out),
                Value::String(text) => write_string(text, out),
                Value::Array(array) if array.is_empty() => out.push_str("[]"),
                Value::Object(object) if object.is_empty() => out.push_str("{}"),
                Value::Array(array) => {
                    out.push('[');
                    open.push((Open::Array(array.iter()), true));
                }
                Value::Object(object) => {
                    out.push('{');
                    open.push((Open::Object(object.iter()), true));
                }
            }
        }
        if out.len() > max_bytes {
            return Err(TooLong);
        }
        let depth = open.len();
        let Some((container, fresh)) = open.last_mut() else { return Ok(()) };
        let (entry, bracket) = match container {
            Open::Array(items) => (items.next().map(|value| (None, value)), ']'),
            Open::Object(members) => (members.next().map(|(key, value)| (Some(key), value)), '}'),
        };
        let Some((key, value)) = entry else {
            open.pop();
            new_line(depth - 1, out);
            out.push(bracket);
            continue;
        };
        if !std::mem::replace(fresh, false) {
            out.push(',');
        }
        new_line(depth, out);
        if let Some(key) = key {
            write_string(key, out);
            out.push_str(if indent.is_some() { ": " } else { ":" });
        }
        next = Some(value);
    }
}

/// Appends a JSON string, with lower-case escapes.
pub(super) fn write_string(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        // The byte is ASCII, so both cuts are at the edges of characters.
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let (first, tail) = special.split_at(1);
        match first {
            "\"" => out.push_str("\\\""),
            "\\" => out.push_str("\\\\"),
            "\u{8}" => out.push_str("\\b"),
            "\t" => out.push_str("\\t"),
            "\n" => out.push_str("\\n"),
            "\u{c}" => out.push_str("\\f"),
            "\r" => out.push_str("\\r"),
            control => {
                let code = control.bytes().next().unwrap_or_default();
                _ = write!(out, "\\u{code:04x}");
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_in_javascript() {
        let cases = [
            (0.1, "0.1"),
            (-0.0, "0"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (123456789012345680000.0, "123456789012345680000"),
            (1e-6, "0.000001"),
            (1.5e-7, "1.5e-7"),
            (-1e-7, "-1e-7"),
            (1e21, "1e+21"),
            (999999999999999900000.0, "999999999999999900000"),
            (-0.000001234, "-0.000001234"),
            (9007199254740992.0, "9007199254740992"),
            (-9007199254740991.0, "-9007199254740991"),
            (5e-324, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (-12.5, "-12.5"),
            (9007199254740993.0, "9007199254740992"),
        ];
        for (value, text) in cases {
            assert_eq!(number_text(value), text);
        }
    }

    #[test]
    fn rounds_to_fifteen_digits() {
        let cases = [
            (0.1 + 0.2, 0.3),
            (1.0 / 3.0, 0.333333333333333),
            (100000000000000.5, 100000000000001.0),
            (5.0, 5.0),
        ];
        for (value, rounded) in cases {
            assert_eq!(round_to_15(value), rounded);
        }
    }
}
