//! Picture strings: how JSONata writes and reads numbers, integers and dates by example.
//!
//! - [`format_number`]: `#,##0.00`, as in XPath's `format-number`.
//! - [`format_integer`], [`parse_integer`]: `0001`, `I`, `a`, `Ww;o`, as in XPath's `format-integer`.
//! - [`from_millis`], [`to_millis`]: `[Y0001]-[M01]-[D01]`, as in XPath's `format-dateTime`.
//!
//! All are pure and take time in proportion to their arguments. They answer as JSONata 2.0.6 does, but where
//! that answers nonsense (`0NaN-NaN`), fails in itself or hangs, there is an answer or an [`Error`].
//!
//! This module must not know JSONata's values or expressions.

mod date;
mod integer;
mod number;
#[cfg(test)]
mod tests;

pub(crate) use date::{from_millis, to_millis};
pub(crate) use integer::{format_integer, parse_integer};
pub(crate) use number::{Options, format_number};

/// Why a picture, or a value under it, is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Error {
    /// JSONata's code.
    pub(crate) code: &'static str,
    /// JSONata's text, with the value in it.
    pub(crate) message: String,
    /// What the error object carries as its `value`.
    pub(crate) value: Option<Value>,
}

/// The value that an error is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Number(f64),
}

/// The most characters that a pattern of digits may have. No number has more digits, and work and memory grow
/// with them.
const MAX_DIGITS: usize = 1_000;

impl Error {
    fn plain(code: &'static str, message: &str) -> Error {
        Error { code, message: message.into(), value: None }
    }

    /// The text is put between `before` and `after`, in quotes.
    fn about(code: &'static str, before: &str, text: &str, after: &str) -> Error {
        let quoted = crate::json::Value::from(text);
        Error { code, message: format!("{before}{quoted}{after}"), value: Some(Value::Text(text.into())) }
    }

    fn too_long(pattern: usize) -> Error {
        Error::out_of_range(pattern as f64)
    }

    fn out_of_range(value: f64) -> Error {
        let message = format!("Number out of range: {value}");
        Error { code: "D1001", message, value: Some(Value::Number(value)) }
    }
}
