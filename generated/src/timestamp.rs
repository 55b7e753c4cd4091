//! Points in time as the API knows them: epoch milliseconds inside, epoch seconds with a fraction on the wire.
//!
//! Knows no clock and no calendar.

use crate::wire::{Number, Read, Refusal};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The point `millis` milliseconds after the epoch; before it, if negative.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

/// Epoch seconds with at most three decimals and no exponent: `1790199918.14`, `1700000000`.
///
/// Source: the service, recorded in 2026.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            writer.serialize_i64(self.0 / 1000)
        } else {
            // The shortest text that gives this double back has three decimals at most, for 285,000 years.
            writer.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        crate::wire::any(reader)?.ok_or_else(|| D::Error::custom("a timestamp must not be null"))
    }
}

/// Reads epoch seconds; the exponent form of older services (`1.686509515191E9`) as well.
impl Read for Timestamp {
    const NAME: &'static str = "Date";

    fn number(number: Number) -> Result<Self, Refusal> {
        Ok(Self(match number {
            Number::Whole(seconds) => seconds.saturating_mul(1000),
            // The cast saturates.
            Number::Fraction(seconds) => (seconds * 1000.0).round() as i64,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn prints_plain_seconds() {
        let cases = [
            (1_790_199_918_140, "1790199918.14"),
            (1_700_000_000_000, "1700000000"),
            (1_686_509_515_191, "1686509515.191"),
            (1_686_509_515_100, "1686509515.1"),
            (1, "0.001"),
            (0, "0"),
            (-1, "-0.001"),
            (253_402_300_799_999, "253402300799.999"),
        ];
        for (millis, text) in cases {
            let timestamp = Timestamp::from_millis(millis);
            assert_eq!(serde_json::to_string(&timestamp).unwrap(), text);
            assert_eq!(serde_json::from_str::<Timestamp>(text).unwrap(), timestamp, "{text}");
        }
    }

    #[test]
    fn reads_the_exponent_form() {
        let read = |text| serde_json::from_str::<Timestamp>(text).ok().map(Timestamp::as_millis);
        assert_eq!(read("1.686509515191E9"), Some(1_686_509_515_191));
        assert_eq!(read("1E9"), Some(1_000_000_000_000));
        assert_eq!(read("\"1\""), None);
        assert_eq!(read("null"), None);
    }
}
