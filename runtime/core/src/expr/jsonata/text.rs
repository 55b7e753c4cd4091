//! How JavaScript prints: numbers, and JSON.

use std::fmt::Write;

use crate::json::{Number, Value};

/// A number as JavaScript prints it: `1`, `0.1`, `1e+21`, `5e-324`, `Infinity`.
pub(super) fn number_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    if value == 0.0 {
        return "0".into();
    }
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        return (value as i64).to_string();
    }
    let shortest = format!("{:e}", value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}{}", lay_out(&digits, exponent))
}

/// Sets the point into `d.ddd` times ten to the `exponent`.
fn lay_out(digits: &str, exponent: i32) -> String {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if (0..21).contains(&exponent) {
        if exponent >= count - 1 {
            return format!("{digits}{}", zeros(exponent - count + 1));
        }
        let (whole, fraction) = digits.split_at(usize::try_from(exponent + 1).unwrap_or(0));
        return format!("{whole}.{fraction}");
    }
    if (-6..0).contains(&exponent) {
        return format!("0.{}{digits}", zeros(-exponent - 1));
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{first}{point}{rest}e{exponent:+}")
}

/// The number with at most 15 significant digits; ties go away from zero, as in `toPrecision`.
pub(super) fn round_to_15(value: f64) -> f64 {
    if !value.is_finite() || (value.fract() == 0.0 && value.abs() < 1e15) {
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
    if value.is_finite() { out.push_str(&number_text(value)) } else { out.push_str("null") }
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
        Object(indexmap::map::Iter<'a, std::sync::Arc<str>, Value>),
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
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => _ = write!(out, "\\u{:04x}", u32::from(control)),
            other => out.push(other),
        }
    }
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
