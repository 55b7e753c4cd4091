//! Decimal numbers as texts, compared exactly: `22` equals `22.0`, and `0.1` is one tenth.

use std::{borrow::Cow, cmp::Ordering};

/// A decimal number. Its digits are never written out, so `1e999999999` is as small as `1`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decimal<'a> {
    sign: Sign,
    /// Where the point stands, counted from the first digit that is not 0; 0 if the number is 0.
    magnitude: i64,
    /// From the first digit to the last that are not 0.
    digits: Cow<'a, str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Negative,
    Zero,
    Positive,
}

impl<'a> Decimal<'a> {
    /// Reads what Java's `BigDecimal` reads: a sign, digits with a point or without, an exponent.
    pub(super) fn parse(text: &'a str) -> Option<Decimal<'a>> {
        let (is_negative, text) = split_sign(text);
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, i64::from(parse_exponent(exponent)?)),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let (digits, point) = match (whole, fraction) {
            ("", fraction) => {
                let digits = fraction.trim_start_matches('0');
                (Cow::Borrowed(digits), -count(fraction.len() - digits.len()))
            }
            (whole, "") => (Cow::Borrowed(whole.trim_end_matches('0')), count(whole.len())),
            (whole, fraction) => (Cow::Owned(format!("{whole}{fraction}")), count(whole.len())),
        };
        if digits.is_empty() {
            return Some(Decimal { sign: Sign::Zero, magnitude: 0, digits });
        }
        let sign = if is_negative { Sign::Negative } else { Sign::Positive };
        Some(Decimal { sign, magnitude: point.saturating_add(exponent), digits })
    }

    pub(super) fn into_owned(self) -> Decimal<'static> {
        Decimal { digits: Cow::Owned(self.digits.into_owned()), ..self }
    }

    pub(super) fn compare(&self, other: &Decimal<'_>) -> Ordering {
        let size = || self.magnitude.cmp(&other.magnitude).then_with(|| self.digits.cmp(&other.digits));
        self.sign.cmp(&other.sign).then_with(|| match self.sign {
            Sign::Negative => size().reverse(),
            Sign::Zero => Ordering::Equal,
            Sign::Positive => size(),
        })
    }
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// An exponent with an optional sign, in the range of Java's.
fn parse_exponent(text: &str) -> Option<i32> {
    text.parse().ok()
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares() {
        use Ordering::{Equal, Greater, Less};
        let cases = [
            ("22", "22.0", Equal),
            ("22", "2.2e1", Equal),
            ("0", "-0.00", Equal),
            ("0", "0e9", Equal),
            ("+5", "5", Equal),
            (".5", "0.50", Equal),
            ("5.", "5", Equal),
            ("007", "7", Equal),
            ("100", "1E2", Equal),
            ("0.001", "1e-3", Equal),
            ("8.95", "8.950000000000000000001", Less),
            ("9", "10", Less),
            ("-9", "-10", Greater),
            ("-1", "1", Less),
            ("0", "1e-300", Less),
            ("0", "-1e-300", Greater),
            ("0.09", "0.1", Less),
            ("1.5", "1.25", Greater),
            ("12", "1.2", Greater),
            ("1e999999999", "1e999999998", Greater),
            ("9223372036854775808", "9.223372036854776E18", Less),
        ];
        for (left, right, expected) in cases {
            let (left, right) = (Decimal::parse(left).unwrap(), Decimal::parse(right).unwrap());
            assert_eq!(left.compare(&right), expected, "{left:?} {right:?}");
            assert_eq!(right.compare(&left), expected.reverse(), "{right:?} {left:?}");
        }
    }

    #[test]
    fn refuses() {
        for text in [
            "",
            " 1",
            "1 ",
            ".",
            "-",
            "e5",
            "1e",
            "1e+",
            "1e99999999999",
            "1.2.3",
            "x",
            "0x1",
            "1_0",
            "--1",
            "NaN",
            "\"Infinity\"",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
