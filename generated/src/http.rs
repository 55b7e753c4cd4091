//! What a request brings besides its body, and what is answered when it fails.
//!
//! Knows no socket: the server's listener fills a [`RequestContext`] and sends the bytes of a [`Fault`].

use crate::checks::Violations;
use http::HeaderMap;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The namespace of what the front end answers before an operation is reached.
const FRONT_END: &str = "com.amazon.coral.service#";

/// One request as an operation sees it, besides its input.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The id that the answer carries in `x-amzn-RequestId`; a UUID.
    pub request_id: String,
    /// The region to answer for, such as `us-east-1`.
    pub region: Arc<str>,
    /// The account to answer for; twelve digits.
    pub account: Arc<str>,
    /// Who calls, where the request was signed with a known key.
    pub caller: Option<Caller>,
    /// The request's headers.
    pub headers: HeaderMap,
}

/// Who signed a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The id of the access key.
    pub access_key_id: String,
    /// The ARN of the principal behind it.
    pub arn: Arc<str>,
}

/// A failed request: what the body of an error answer says.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The HTTP status.
    pub status: u16,
    /// The error's name with its namespace: the member `__type`.
    pub kind: String,
    /// What happened, in words.
    pub message: Option<String>,
    /// Further members of a modeled error, such as `resourceName`.
    pub members: BTreeMap<String, Value>,
}

impl Fault {
    /// A fault with status 400 and no further members; `kind` with its namespace.
    pub fn new(kind: impl Into<String>, message: Option<String>) -> Self {
        Self { status: 400, kind: kind.into(), message, members: BTreeMap::new() }
    }

    /// The answer of the front end to an operation that it does not know. Has no message.
    ///
    /// Source: recorded from other services with this protocol.
    #[must_use]
    pub fn unknown_operation() -> Self {
        Self::new(format!("{FRONT_END}UnknownOperationException"), None)
    }

    /// The answer of the front end to a body that cannot be read. Without a message where the text is not JSON.
    ///
    /// Source: recorded from other services with this protocol.
    #[must_use]
    pub fn serialization(message: Option<String>) -> Self {
        Self::new(format!("{FRONT_END}SerializationException"), message)
    }

    /// The answer where the service itself failed; status 500.
    #[must_use]
    pub fn internal(message: Option<String>) -> Self {
        Self { status: 500, ..Self::new(format!("{FRONT_END}InternalFailure"), message) }
    }

    /// The error's name without its namespace.
    #[must_use]
    pub fn name(&self) -> &str {
        self.kind.rsplit_once('#').map_or(self.kind.as_str(), |(_, name)| name)
    }

    /// The body of the answer: `__type`, then the other members in alphabetical order.
    #[must_use]
    pub fn to_body(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(96 + self.message.as_ref().map_or(0, String::len));
        // Writing strings and JSON values into memory has no way to fail; were there one, the status still tells.
        let _ = self.write(&mut body);
        body
    }

    /// A modeled error, so far without further members.
    pub(crate) fn modeled(status: u16, kind: &str, message: Option<String>) -> Self {
        Self { status, ..Self::new(kind, message) }
    }

    /// With a further member, if there is a value.
    pub(crate) fn with(mut self, name: &str, text: Option<String>) -> Self {
        self.members.extend(text.map(|text| (name.to_owned(), Value::String(text))));
        self
    }

    /// Takes a further member out, if it is there and a text.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        match self.members.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn write(&self, body: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let mut writer = serde_json::Serializer::new(body);
        let mut members = writer.serialize_map(None)?;
        members.serialize_entry("__type", &self.kind)?;
        let text = self.text_member();
        let (before, after): (Vec<_>, Vec<_>) =
            self.members.iter().partition(|(name, _)| name.as_str() < text);
        for (name, value) in before {
            members.serialize_entry(name, value)?;
        }
        if let Some(message) = &self.message {
            members.serialize_entry(text, message)?;
        }
        for (name, value) in after {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }

    /// The front end writes two of its errors with a capital letter. Source: recorded from other services.
    fn text_member(&self) -> &'static str {
        match self.kind.strip_prefix(FRONT_END) {
            Some("SerializationException" | "AccessDeniedException") => "Message",
            _ => "message",
        }
    }

    /// The fault that the body of an error answer describes.
    ///
    /// A body that is no such description gives a fault named `UnknownError` with the body's text as message.
    #[must_use]
    pub fn from_body(status: u16, body: &[u8]) -> Self {
        let mut fault = Self { status, ..Self::new("UnknownError", None) };
        match serde_json::from_slice(body) {
            Ok(members) => fault.members = members,
            Err(_) => {
                fault.message = (!body.is_empty()).then(|| String::from_utf8_lossy(body).into_owned());
                return fault;
            }
        }
        if let Some(kind) = fault.take("__type") {
            fault.kind = kind;
        }
        let (lower, upper) = (fault.take("message"), fault.take("Message"));
        fault.message = lower.or(upper);
        fault
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        named(f, self.name(), self.message.as_deref())
    }
}

/// An error as text: its name, and what happened.
pub(crate) fn named(f: &mut fmt::Formatter<'_>, name: &str, message: Option<&str>) -> fmt::Result {
    match message {
        Some(message) => write!(f, "{name}: {message}"),
        None => f.write_str(name),
    }
}

impl std::error::Error for Fault {}

impl From<Violations> for Fault {
    fn from(violations: Violations) -> Self {
        Self::new("com.amazon.coral.validate#ValidationException", Some(violations.to_string()))
    }
}

/// An operation's errors, as a client reads them back.
pub trait FromFault: Sized {
    /// The modeled error of this operation that has the fault's name, or else the fault itself.
    fn from_fault(fault: Fault) -> Self;
}

/// Makes a modeled error an error: its name, then its message.
macro_rules! error {
    ($error:ident) => {
        impl std::fmt::Display for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                http::named(f, Self::NAME, self.message.as_deref())
            }
        }

        impl std::error::Error for $error {}
    };
}
pub(crate) use error;

/// Makes an operation's enum an error, and the sum of its variants: from each of them, from a fault, and back to one.
macro_rules! operation_error {
    ($name:ident { $($error:ident),* }) => {
        $(impl From<$error> for $name {
            fn from(error: $error) -> Self {
                Self::$error(error)
            }
        })*

        impl From<http::Fault> for $name {
            fn from(fault: http::Fault) -> Self {
                Self::Fault(fault)
            }
        }

        impl From<$name> for http::Fault {
            fn from(error: $name) -> Self {
                match error {
                    $($name::$error(error) => error.into(),)*
                    $name::Fault(fault) => fault,
                }
            }
        }

        impl http::FromFault for $name {
            fn from_fault(fault: http::Fault) -> Self {
                match fault.name() {
                    $($error::NAME => Self::$error($error::read(fault)),)*
                    _ => Self::Fault(fault),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$error(error) => error.fmt(f),)*
                    Self::Fault(fault) => fault.fmt(f),
                }
            }
        }

        impl std::error::Error for $name {}
    };
}
pub(crate) use operation_error;

#[cfg(test)]
mod tests {
    use super::Fault;
    use serde_json::json;

    #[test]
    fn bodies() {
        let mut kms =
            Fault::new("com.amazonaws.swf.service.v2.model#KmsInvalidStateException", Some("m\"".into()));
        kms.members.insert("kmsKeyState".into(), json!("DISABLED"));
        kms.members.insert("resourceName".into(), json!("r"));
        let cases = [
            (
                Fault::unknown_operation(),
                r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#,
            ),
            (Fault::serialization(None), r#"{"__type":"com.amazon.coral.service#SerializationException"}"#),
            (
                Fault::serialization(Some("Expected null".into())),
                r#"{"__type":"com.amazon.coral.service#SerializationException","Message":"Expected null"}"#,
            ),
            (
                Fault::new("com.amazon.coral.service#AccessDeniedException", Some("no".into())),
                r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#,
            ),
            (
                kms,
                r#"{"__type":"com.amazonaws.swf.service.v2.model#KmsInvalidStateException","kmsKeyState":"DISABLED","message":"m\"","resourceName":"r"}"#,
            ),
        ];
        for (fault, body) in cases {
            assert_eq!(String::from_utf8(fault.to_body()).unwrap(), body);
            assert_eq!(Fault::from_body(400, body.as_bytes()), fault);
        }
        assert_eq!(Fault::internal(None).status, 500);
    }

    #[test]
    fn strange_bodies_are_kept_as_text() {
        let fault = Fault::from_body(502, b"<html>");
        assert_eq!(
            (fault.status, fault.name(), fault.message.as_deref()),
            (502, "UnknownError", Some("<html>"))
        );
        assert_eq!(Fault::from_body(503, b"").message, None);
    }
}
