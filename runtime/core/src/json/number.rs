//! JSON numbers: integers are exact, decimals are doubles, and both print as Java prints them.

use std::{
    cmp::Ordering,
    fmt::{self, Write},
    sync::Arc,
};

/// A JSON number. Comparison is numeric and exact: `1` equals `1.0`, and 2^53 + 1 is not 2^53.
#[derive(Clone, Debug)]
pub struct Number(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Integer(i64),
    /// Invariant: a canonical decimal text outside the range of `i64`.
    Big(Arc<str>),
    /// May be infinite (`1e400`) or, when computed, not a number.
    Double(f64),
}

impl Number {
    /// A number from its JSON text, which is known to be well formed.
    ///
    /// With a point or an exponent it becomes a double, without it stays an integer of any size; `-0` is 0.
    /// Source: Jackson, default features.
    pub(super) fn from_text(text: &str, integer: bool) -> Number {
        let repr = if let Some(short) = short(text) {
            short
        } else if !integer {
            // A well-formed JSON number is a Rust float literal; too large ones are infinite, as in Java.
            text.parse().map(Repr::Double).unwrap_or(Repr::Double(f64::NAN))
        } else if let Ok(value) = text.parse() {
            Repr::Integer(value)
        } else {
            Repr::Big(Arc::from(text))
        };
        Number(repr)
    }

    /// Whether this was written or computed as an integer: `2`, but not `2.0`.
    pub fn is_integer(&self) -> bool {
        !matches!(self.0, Repr::Double(_))
    }

    /// The nearest double; infinite beyond its range.
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            Repr::Integer(value) => *value as f64,
            Repr::Big(digits) => digits.parse().unwrap_or(f64::NAN),
            Repr::Double(value) => *value,
        }
    }

    /// The integer, if the number is one that fits, however it was written (`2`, `2.0`, `2e0`).
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Integer(value) => Some(value),
            Repr::Double(value) if value.fract() == 0.0 && in_i64(value) => Some(value as i64),
            Repr::Big(_) | Repr::Double(_) => None,
        }
    }

    /// Appends the text: decimal digits, or Java's `Double.toString`. What is not finite is a string,
    /// `"Infinity"`, `"-Infinity"` or `"NaN"`, quotes included, for JSON has no number for it.
    pub fn write_to(&self, out: &mut String) {
        match &self.0 {
            // Writing to a string does not fail.
            Repr::Integer(value) => _ = write!(out, "{value}"),
            Repr::Big(digits) => out.push_str(digits),
            Repr::Double(value) => write_double(*value, out),
        }
    }
}

/// A number of few digits and no exponent, as most are: its digits make an exact double, as does the power of ten
/// that divides them, so that the quotient is the nearest double too.
fn short(text: &str) -> Option<Repr> {
    const MAX_DIGITS: usize = 15;
    const POWERS: [f64; MAX_DIGITS + 1] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.len() > MAX_DIGITS {
        return None;
    }
    let mut whole = 0_i64;
    let mut decimals = None;
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => whole = whole * 10 + i64::from(byte - b'0'),
            b'.' => decimals = Some(digits.len() - at - 1),
            _ => return None,
        }
    }
    let Some(decimals) = decimals else { return Some(Repr::Integer(if negative { -whole } else { whole })) };
    let value = whole as f64 / POWERS.get(decimals)?;
    Some(Repr::Double(if negative { -value } else { value }))
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_to(&mut text);
        f.write_str(&text)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Number {
        Number(Repr::Integer(value))
    }
}

impl From<f64> for Number {
    /// Keeps the double: `2.0` prints as `2.0`.
    fn from(value: f64) -> Number {
        Number(Repr::Double(value))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        match (&self.0, &other.0) {
            (Repr::Integer(left), Repr::Integer(right)) => Some(left.cmp(right)),
            (Repr::Double(left), Repr::Double(right)) => left.partial_cmp(right),
            (Repr::Big(left), Repr::Big(right)) => Some(compare_digits(left, right)),
            (Repr::Integer(left), Repr::Big(right)) => Some(compare_digits(&left.to_string(), right)),
            (Repr::Big(left), Repr::Integer(right)) => Some(compare_digits(left, &right.to_string())),
            (Repr::Integer(left), Repr::Double(right)) => compare_with_double(*left, *right),
            (Repr::Double(left), Repr::Integer(right)) => {
                compare_with_double(*right, *left).map(Ordering::reverse)
            }
            (Repr::Big(left), Repr::Double(right)) => compare_big_with_double(left, *right),
            (Repr::Double(left), Repr::Big(right)) => {
                compare_big_with_double(right, *left).map(Ordering::reverse)
            }
        }
    }
}

/// Whether a double lies in the range of `i64`: the upper bound, 2^63, is outside.
fn in_i64(value: f64) -> bool {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    (-BOUND..BOUND).contains(&value)
}

fn compare_with_double(integer: i64, double: f64) -> Option<Ordering> {
    if !in_i64(double) {
        return 0.0.partial_cmp(&double);
    }
    let whole = double.trunc();
    Some(integer.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&double).unwrap_or(Ordering::Equal)))
}

fn compare_big_with_double(digits: &str, double: f64) -> Option<Ordering> {
    if double.is_finite() {
        // Exact: a double of this size has no fraction, and a smaller one has fewer digits.
        Some(compare_digits(digits, &format!("{:.0}", double.trunc())))
    } else {
        0.0.partial_cmp(&double)
    }
}

/// Compares two canonical decimal integers.
fn compare_digits(left: &str, right: &str) -> Ordering {
    match (left.strip_prefix('-'), right.strip_prefix('-')) {
        (None, None) => left.len().cmp(&right.len()).then_with(|| left.cmp(right)),
        (Some(left), Some(right)) => right.len().cmp(&left.len()).then_with(|| right.cmp(left)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
    }
}

/// Java's `Double.toString`: plain from 0.001 up to 10^7, else `d.dddE±n`, always a digit after the point.
///
/// There are as many digits as it takes to read the same double back, at least two, and of all texts of that
/// length it is the nearest, the even one in a tie. This is the rule of JDK 19 and later; JDK 17 prints more
/// digits for a few doubles, `2e23` as `1.9999999999999998E23`: a mistake that Java itself has mended.
fn write_double(value: f64, out: &mut String) {
    if !value.is_finite() {
        out.push_str(match value {
            f64::INFINITY => "\"Infinity\"",
            f64::NEG_INFINITY => "\"-Infinity\"",
            _ => "\"NaN\"",
        });
        return;
    }
    // Rust finds the same length, but rounds a tie up: so only the length is taken from it.
    let shortest = format!("{value:e}");
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let fraction = digits.trim_start_matches('-').len().saturating_sub("0.".len());
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        let exponent = exponent.parse().unwrap_or(0);
        let decimals = i64::try_from(fraction).unwrap_or(0).saturating_sub(exponent);
        _ = write!(out, "{value:.*}", usize::try_from(decimals).unwrap_or(0).max(1));
    } else {
        // With two digits instead of one the exponent may be another: `1e-323` is `9.9E-324`.
        _ = write!(out, "{}", format!("{value:.*e}", fraction.max(1)).replace('e', "E"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::from_text(text, !text.contains(['.', 'e', 'E']))
    }

    #[test]
    fn prints_like_java() {
        let cases = [
            // Integers: any size, exact.
            ("0", "0"),
            ("-0", "0"),
            ("9223372036854775807", "9223372036854775807"),
            ("9223372036854775808", "9223372036854775808"),
            ("-9223372036854775809", "-9223372036854775809"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            // Doubles, as recorded on JDK 17.
            ("0.0", "0.0"),
            ("-0.0", "-0.0"),
            ("0.1", "0.1"),
            ("1.1", "1.1"),
            ("3.3", "3.3"),
            ("-0.5", "-0.5"),
            ("2.22", "2.22"),
            ("100.1", "100.1"),
            ("0.001", "0.001"),
            ("0.0001", "1.0E-4"),
            ("0.00099", "9.9E-4"),
            ("9999999.0", "9999999.0"),
            ("1e7", "1.0E7"),
            ("12345678.9", "1.23456789E7"),
            ("1E5", "100000.0"),
            ("100.0", "100.0"),
            ("1.10", "1.1"),
            ("1e0", "1.0"),
            ("1e21", "1.0E21"),
            ("1e22", "1.0E22"),
            ("5e-324", "4.9E-324"),
            ("1e-323", "9.9E-324"),
            ("-1e-323", "-9.9E-324"),
            ("2.2250738585072014E-308", "2.2250738585072014E-308"),
            ("1.7976931348623157e308", "1.7976931348623157E308"),
            ("9007199254740993.0", "9.007199254740992E15"),
            ("123456789012345678901234567890.0", "1.2345678901234568E29"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("1.00000762939453125", "1.0000076293945312"),
            ("0.005", "0.005"),
            ("0.05", "0.05"),
            ("-20.0", "-20.0"),
            ("5000000.0", "5000000.0"),
            ("1234567.875", "1234567.875"),
            ("2.98023223876953125E-8", "2.9802322387695312E-8"),
            ("33333333.333333332", "3.3333333333333332E7"),
            ("-1.25e-7", "-1.25E-7"),
            ("987654321.12345678", "9.876543211234568E8"),
            ("1e400", "\"Infinity\""),
            ("-1e400", "\"-Infinity\""),
            // Where JDK 17 prints more digits than needed, the digits of JDK 19.
            ("1e23", "1.0E23"),
            ("2e23", "2.0E23"),
            ("8.41E21", "8.41E21"),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn short_numbers_are_read_as_any() {
        let digits = ["0", "1", "9", "12", "105", "4096", "90071992", "999999999999999", "3000000000000007"];
        for (whole, decimals) in digits.iter().flat_map(|whole| digits.map(|decimals| (whole, decimals))) {
            for text in [format!("{whole}.{decimals}"), format!("-{whole}.0{decimals}")] {
                let expected: f64 = text.parse().unwrap();
                assert_eq!(number(&text).as_f64().to_bits(), expected.to_bits(), "{text}");
                assert!(!number(&text).is_integer());
            }
            assert_eq!(number(whole).as_i64(), whole.parse().ok());
            assert_eq!(number(&format!("-{whole}")).as_i64(), format!("-{whole}").parse().ok());
        }
    }

    #[test]
    fn compares_exactly() {
        use Ordering::{Equal, Greater, Less};
        let cases = [
            ("1", "1.0", Some(Equal)),
            ("-0.0", "0", Some(Equal)),
            ("1", "1.5", Some(Less)),
            ("-1", "-1.5", Some(Greater)),
            ("2", "1.5", Some(Greater)),
            ("9007199254740993", "9007199254740992.0", Some(Greater)),
            ("9223372036854775807", "9223372036854775808.0", Some(Less)),
            ("-9223372036854775808", "-9223372036854775808.0", Some(Equal)),
            ("9223372036854775808", "9223372036854775808.0", Some(Equal)),
            ("9223372036854775809", "9223372036854775808.0", Some(Greater)),
            ("9223372036854775808", "9223372036854775809", Some(Less)),
            ("-9223372036854775809", "-9223372036854775810", Some(Greater)),
            ("9223372036854775808", "1.5", Some(Greater)),
            ("-9223372036854775809", "5", Some(Less)),
            ("1e400", "123456789012345678901234567890", Some(Greater)),
            ("-1e400", "-123456789012345678901234567890", Some(Less)),
            ("1e400", "1", Some(Greater)),
            ("99999999999999999999", "100000000000000000000", Some(Less)),
        ];
        for (left, right, expected) in cases {
            let (left, right) = (number(left), number(right));
            assert_eq!(left.partial_cmp(&right), expected, "{left} {right}");
            assert_eq!(right.partial_cmp(&left), expected.map(Ordering::reverse), "{right} {left}");
        }
        assert_eq!(number("1").partial_cmp(&Number::from(f64::NAN)), None);
    }

    #[test]
    fn converts() {
        let cases = [
            ("2", Some(2)),
            ("2.0", Some(2)),
            ("2e3", Some(2000)),
            ("-0.0", Some(0)),
            ("2.5", None),
            ("9223372036854775808", None),
            ("9223372036854775808.0", None),
            ("1e400", None),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text).as_i64(), expected, "{text}");
        }
        assert_eq!(number("18446744073709551616").as_f64(), 18_446_744_073_709_551_616.0);
    }
}
