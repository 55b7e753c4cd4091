//! Points in time as the States Language writes them, and the milliseconds the machine counts in.
//!
//! This module must not know what time it is now: the present is an argument of whoever asks.

use std::fmt::Write as _;

use jiff::SignedDuration;
use jiff::civil::DateTime;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl Timestamp {
    /// The point this many milliseconds after (before, if negative) the epoch.
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This much later; `None` if that is past the last point that can be counted.
    pub fn checked_add(self, millis: Millis) -> Option<Timestamp> {
        self.0.checked_add_unsigned(millis.0).map(Timestamp)
    }

    /// This much later, at most the last point that can be counted.
    pub const fn saturating_add(self, millis: Millis) -> Timestamp {
        Timestamp(self.0.saturating_add_unsigned(millis.0))
    }

    /// How much later this is than `earlier`; zero if it is not later.
    pub fn since(self, earlier: Timestamp) -> Millis {
        Millis(u64::try_from(i128::from(self.0) - i128::from(earlier.0)).unwrap_or(0))
    }
}

impl Millis {
    /// This many whole seconds; a number too large gives the longest time that can be counted.
    pub const fn from_seconds(seconds: u64) -> Millis {
        Millis(seconds.saturating_mul(1000))
    }
}

/// The time that a text names, cut to the millisecond; `None` if it is not a valid timestamp.
///
/// Valid is `YYYY-MM-DDTHH:MM:SS`, a fraction of one to nine digits or none, and `Z` or an offset
/// `±HH:MM`. `T` and `Z` are upper case. Source: the service, recorded (a blank for the `T`, a
/// missing offset, month 13, hour 25 and day-first dates are refused).
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    // Floor, not rounding towards zero: the order of two instants must survive the cut.
    let millis = instant(text)?.as_nanos().div_euclid(1_000_000);
    i64::try_from(millis).ok().map(Timestamp)
}

/// The same for a text in the data, which may leave out the seconds and have `t` and `z` in lower case.
///
/// Source: Java's `DateTimeFormatter.ISO_OFFSET_DATE_TIME`, whose form the service's message names.
pub fn parse_iso(text: &str) -> Option<Timestamp> {
    let mut text = text.to_ascii_uppercase();
    let (local, _) = split_offset(&text)?;
    if local.len() == "0000-00-00T00:00".len() {
        text.insert_str(local.len(), ":00");
    }
    parse_rfc3339(&text)
}

/// The time that a text names, to the nanosecond, as a distance from the epoch.
///
/// Two texts name the same instant exactly when their distances are equal, whatever their offsets.
pub fn instant(text: &str) -> Option<SignedDuration> {
    let (local, offset) = split_offset(text)?;
    // The calendar is jiff's; its own parser is not used, for it takes much that the service refuses.
    Some(civil(local)?.duration_since(EPOCH) - offset)
}

/// The form of the context object and the history: UTC with milliseconds, `2026-09-01T12:00:00.000Z`.
///
/// Times before year -9999 and after year 9999 print as the first and the last that a calendar has.
pub fn to_iso(timestamp: Timestamp) -> String {
    let at = EPOCH.saturating_add(SignedDuration::from_millis(timestamp.0));
    let mut text = String::with_capacity(24);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    );
    text
}

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The largest offset from UTC. Source: `java.time.ZoneOffset`.
const MAX_OFFSET_MINUTES: i64 = 18 * 60;

/// The part before the offset, and the offset.
fn split_offset(text: &str) -> Option<(&str, SignedDuration)> {
    if let Some(local) = text.strip_suffix('Z') {
        return Some((local, SignedDuration::ZERO));
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let (sign, hours, minutes) = match offset.as_bytes() {
        [b'+', h1, h2, b':', m1, m2] => (1, two_digits(*h1, *h2)?, two_digits(*m1, *m2)?),
        [b'-', h1, h2, b':', m1, m2] => (-1, two_digits(*h1, *h2)?, two_digits(*m1, *m2)?),
        _ => return None,
    };
    let total = i64::from(hours) * 60 + i64::from(minutes);
    (minutes < 60 && total <= MAX_OFFSET_MINUTES).then(|| (local, SignedDuration::from_mins(sign * total)))
}

/// Date and time of day, if it has the exact form and the calendar knows it.
fn civil(local: &str) -> Option<DateTime> {
    let (whole, fraction) = match local.split_once('.') {
        Some((whole, fraction)) => (whole, nanoseconds(fraction)?),
        None => (local, 0),
    };
    let [y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2] =
        whole.as_bytes()
    else {
        return None;
    };
    let year = i16::from(two_digits(*y1, *y2)?) * 100 + i16::from(two_digits(*y3, *y4)?);
    let (month, day) = (two_digits(*o1, *o2)?, two_digits(*d1, *d2)?);
    let (hour, minute, second) = (two_digits(*h1, *h2)?, two_digits(*m1, *m2)?, two_digits(*s1, *s2)?);
    DateTime::new(year, month, day, hour, minute, second, fraction).ok()
}

/// A fraction of a second of one to nine digits, in nanoseconds.
fn nanoseconds(digits: &str) -> Option<i32> {
    let valid = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let missing = u32::try_from(9usize.checked_sub(digits.len())?).ok()?;
    if valid { digits.parse::<i32>().ok()?.checked_mul(10i32.pow(missing)) } else { None }
}

fn two_digits(tens: u8, ones: u8) -> Option<i8> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0').cast_signed());
    Some(digit(tens)? * 10 + digit(ones)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let cases: &[(&str, Option<&str>)] = &[
            ("2016-12-05T21:29:29Z", Some("2016-12-05T21:29:29.000Z")),
            ("2016-12-05T21:29:29.1Z", Some("2016-12-05T21:29:29.100Z")),
            ("2016-12-05T21:29:29.12Z", Some("2016-12-05T21:29:29.120Z")),
            ("2016-12-05T21:29:29.123456Z", Some("2016-12-05T21:29:29.123Z")),
            ("2016-12-05T21:29:29.999999999Z", Some("2016-12-05T21:29:29.999Z")),
            ("2016-12-05T21:29:29+02:00", Some("2016-12-05T19:29:29.000Z")),
            ("2016-12-05T21:29:29.5-05:30", Some("2016-12-06T02:59:29.500Z")),
            ("2016-12-31T23:59:59-18:00", Some("2017-01-01T17:59:59.000Z")),
            ("1969-12-31T23:59:59.9995Z", Some("1969-12-31T23:59:59.999Z")),
            ("2024-02-29T00:00:00Z", Some("2024-02-29T00:00:00.000Z")),
            ("2000-02-29T00:00:00Z", Some("2000-02-29T00:00:00.000Z")),
            ("9999-12-31T23:59:59.999Z", Some("9999-12-31T23:59:59.999Z")),
            ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00.000Z")),
            // Refused by the service.
            ("2016-12-05 21:29:29Z", None),
            ("2016-12-05T21:29:29", None),
            ("2016-13-05T21:29:29Z", None),
            ("2016-12-05T25:29:29Z", None),
            ("05-12-2016T21:29:29Z", None),
            // Refused by the same rules.
            ("", None),
            ("Z", None),
            ("2016-12-05", None),
            ("2016-12-05T21:29Z", None),
            ("2016-12-05t21:29:29Z", None),
            ("2016-12-05T21:29:29z", None),
            ("2016-12-05T21:29:29.Z", None),
            ("2016-12-05T21:29:29.1234567890Z", None),
            ("2016-12-05T21:29:29.+1Z", None),
            ("2016-12-05T21:29:29,5Z", None),
            ("2016-12-05T21:29:29+0200", None),
            ("2016-12-05T21:29:29+02", None),
            ("2016-12-05T21:29:29+18:01", None),
            ("2016-12-05T21:29:29+02:60", None),
            ("2016-12-05T21:60:29Z", None),
            ("2016-12-05T21:29:60Z", None),
            ("2016-12-05T24:00:00Z", None),
            ("2016-12-05T21:29:29Z ", None),
            (" 2016-12-05T21:29:29Z", None),
            ("+016-12-05T21:29:29Z", None),
            ("2023-02-29T00:00:00Z", None),
            ("1900-02-29T00:00:00Z", None),
            ("2016-04-31T00:00:00Z", None),
            ("2016-00-05T21:29:29Z", None),
            ("2016-12-00T21:29:29Z", None),
            ("2016-12-05T21:29:2é", None),
            ("2016-12-05T21:29:29é:0", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_rfc3339(text).map(to_iso).as_deref(), *expected, "{text}");
        }
    }

    #[test]
    fn what_data_may_leave_out() {
        let cases = [
            ("2016-12-05T21:29Z", Some("2016-12-05T21:29:00.000Z")),
            ("2016-12-05t21:29:29.5z", Some("2016-12-05T21:29:29.500Z")),
            ("2016-12-05T21:29+02:00", Some("2016-12-05T19:29:00.000Z")),
            ("2016-12-05T21:29:29Z", Some("2016-12-05T21:29:29.000Z")),
            ("2016-12-05T21:29", None),
            ("2016-12-05T21Z", None),
            ("2016-12-05 21:29Z", None),
            ("2016-12-05T2é:29Z", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_iso(text).map(to_iso).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn known_numbers() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_788_264_000_000, "2026-09-01T12:00:00.000Z"),
            (i64::MAX, "9999-12-31T23:59:59.999Z"),
            (i64::MIN, "-9999-01-01T00:00:00.000Z"),
        ];
        for (millis, expected) in cases {
            assert_eq!(to_iso(Timestamp::from_millis(millis)), expected);
        }
        assert_eq!(parse_rfc3339("2026-09-01T12:00:00Z").map(Timestamp::as_millis), Some(1_788_264_000_000));
    }

    #[test]
    fn instants_compare_across_offsets_and_below_the_millisecond() {
        assert_eq!(instant("2016-12-05T21:29:29Z"), instant("2016-12-05T23:29:29.000+02:00"));
        assert!(instant("2016-12-05T21:29:29.000001Z") < instant("2016-12-05T21:29:29.000002Z"));
        assert!(instant("2016-12-05T22:29:29+02:00") < instant("2016-12-05T21:29:29Z"));
    }

    #[test]
    fn adds_and_subtracts() {
        let at = Timestamp::from_millis;
        assert_eq!(at(5).checked_add(Millis(3)), Some(at(8)));
        assert_eq!(at(i64::MAX).checked_add(Millis(1)), None);
        assert_eq!(at(-5).saturating_add(Millis(u64::MAX)), at(i64::MAX));
        assert_eq!(at(7).since(at(5)), Millis(2));
        assert_eq!(at(5).since(at(7)), Millis(0));
        assert_eq!(at(i64::MAX).since(at(i64::MIN)), Millis(u64::MAX));
        assert_eq!(Millis::from_seconds(99_999_999), Millis(99_999_999_000));
        assert_eq!(Millis::from_seconds(u64::MAX), Millis(u64::MAX));
    }
}
