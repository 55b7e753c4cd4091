//! Texts that look like paths or calls where none are evaluated: right, and most likely not meant.
//!
//! Source: the API reference, which has the codes and what they stand for; the words are our own.

use super::location::Location;
use super::{Parser, paths};
use crate::asl::diagnostic::Code;
use crate::expr::intrinsic::{Call, is_call};
use crate::expr::path::Path;
use crate::json::Value;

/// Warns of members of a template whose names lack the `.$`.
pub(super) fn in_template(parser: &mut Parser, location: &Location<'_>, template: &Value) {
    each_text(template, |key, text| {
        // One that is all of the template stands under no key.
        if !key.is_empty() && !key.ends_with(paths::SUFFIX) && looks_evaluated(text) {
            let message = format!(
                "The value of the field '{key}' looks like a JSONPath or the call of an intrinsic function, but the \
                 name does not end with '.$'."
            );
            parser.warn(Code::NoDollar, location, message);
        }
    });
}

/// Warns of the first member of a Pass state's `Result` that looks like one of a template.
pub(super) fn in_result(parser: &mut Parser, location: &Location<'_>, result: &Value) {
    let mut found = false;
    each_text(result, |_, text| found = found || looks_evaluated(text));
    if found {
        let message = "The Result of a Pass state is used as it stands: no JSONPath or intrinsic function in it is evaluated.";
        parser.warn(Code::PassResultIsStatic, location, message.to_owned());
    }
}

/// Warns of a field that has a sibling whose name ends in `Path`, which is the one that takes a path.
pub(super) fn in_field(parser: &mut Parser, location: &Location<'_>, name: &str, text: &str) {
    if looks_evaluated(text) {
        let message = format!(
            "The value of the field '{name}' looks like a path, but the name does not end with 'Path'."
        );
        parser.warn(Code::NoPath, location, message);
    }
}

/// A `$` alone is more often the sign of a currency.
fn looks_evaluated(text: &str) -> bool {
    match text.strip_prefix('$') {
        Some(rest) => !rest.is_empty() && Path::parse(text).is_ok(),
        None => is_call(text) && Call::parse(text).is_ok(),
    }
}

/// Every string in a value with the key that it stands under, in order; none where there is no key.
fn each_text<'a>(value: &'a Value, mut visit: impl FnMut(&'a str, &'a str)) {
    let mut pending = vec![("", value)];
    while let Some((key, value)) = pending.pop() {
        match value {
            Value::String(text) => visit(key, text),
            Value::Array(items) => pending.extend(items.iter().rev().map(|item| (key, item))),
            Value::Object(members) => {
                let members: Vec<_> = members.iter().map(|(key, value)| (&**key, value)).collect();
                pending.extend(members.into_iter().rev());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
