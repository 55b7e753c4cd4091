//! Paths, payload templates and timestamps where they stand in a field, with the service's words
//! for those that are none.

use std::borrow::Cow;

use super::location::Location;
use super::{Parser, Read, Refused, suspects, variables};
use crate::expr::intrinsic::Call;
use crate::expr::path::{Path, ReferencePath};
use crate::expr::template::{Template, TemplateError};
use crate::json::Value;
use crate::machine::timestamp::{self, Timestamp};

/// What a key of a template ends in whose value is evaluated.
pub(super) const SUFFIX: &str = ".$";

/// A path into the data, the context object or a variable.
pub(super) fn path(parser: &mut Parser, location: &Location<'_>, text: &str) -> Read<Path> {
    compile(parser, location, text, "Value must be a valid JSONPath.")
}

/// The `Variable` of a rule or the operand of a `…Path` operator. The service calls them reference
/// paths and yet takes any path there.
pub(super) fn rule_path(parser: &mut Parser, location: &Location<'_>, text: &str) -> Read<Path> {
    compile(parser, location, text, not_a_reference_path(text))
}

/// A path to one value, such as a number of seconds: of the form of a reference path, and yet it may start
/// from the context object or a variable. Source: States Language, "Reference Paths".
pub(super) fn value_path(parser: &mut Parser, location: &Location<'_>, text: &str) -> Read<Path> {
    let path = path(parser, location, text)?;
    if path.is_reference() { Ok(path) } else { Err(parser.refuse(location, not_a_reference_path(text))) }
}

fn compile(parser: &mut Parser, location: &Location<'_>, text: &str, invalid: &str) -> Read<Path> {
    let path = Path::parse(text).map_err(|_| parser.refuse(location, invalid))?;
    warn_of_variable(parser, location, &path);
    Ok(path)
}

/// A reference path on the data, as in `ResultPath`.
pub(super) fn reference_path(
    parser: &mut Parser,
    location: &Location<'_>,
    text: &str,
) -> Read<ReferencePath> {
    ReferencePath::parse(text).map_err(|_| parser.refuse(location, not_a_reference_path(text)))
}

/// `ItemsPath`: as a reference path, into the data, the context object or a variable.
pub(super) fn items_path(parser: &mut Parser, location: &Location<'_>, text: &str) -> Read<Path> {
    if ReferencePath::parse(&on_data(text)).is_err() {
        return Err(parser.refuse(location, not_a_reference_path(text)));
    }
    path(parser, location, text)
}

/// A path into the context object or a variable as if it were one into the data.
fn on_data(text: &str) -> Cow<'_, str> {
    match text.strip_prefix('$') {
        Some(context) if context.starts_with('$') => Cow::Borrowed(context),
        Some(variable) if variable.starts_with(|first: char| first.is_alphabetic() || first == '_') => {
            let name = variable.find(['.', '[']).unwrap_or(variable.len());
            Cow::Owned(format!("${}", variable.get(name..).unwrap_or_default()))
        }
        _ => Cow::Borrowed(text),
    }
}

/// A payload template. Every fault is reported at the field, and names the key.
pub(super) fn template(parser: &mut Parser, location: &Location<'_>, value: &Value) -> Read<Template> {
    let template = Template::compile(value).map_err(|errors| {
        for error in &errors {
            refuse_template(parser, location, error);
        }
        Refused
    })?;
    for path in template.paths() {
        warn_of_variable(parser, location, path);
    }
    suspects::in_template(parser, location, value);
    Ok(template)
}

fn refuse_template(parser: &mut Parser, location: &Location<'_>, error: &TemplateError) -> Refused {
    match error {
        TemplateError::Invalid { key } => refuse_call(parser, location, key),
        // The service's words for this are not known.
        TemplateError::Collision { key } => {
            parser.refuse(location, format!("The field '{key}' is given twice, with and without '.$'"))
        }
    }
}

/// A call that gives a text, in a field that may also be a path.
pub(super) fn call(parser: &mut Parser, location: &Location<'_>, field: &str, text: &str) -> Read<Call> {
    let call = Call::parse(text).ok().filter(|call| GIVE_TEXT.contains(&call.function()));
    let call = call.ok_or_else(|| refuse_call(parser, location, field))?;
    for path in call.paths() {
        warn_of_variable(parser, location, path);
    }
    Ok(call)
}

/// The functions that a Fail state may call; in their arguments stands any. Source: the guide.
const GIVE_TEXT: &[&str] = &[
    "States.ArrayGetItem",
    "States.Base64Decode",
    "States.Base64Encode",
    "States.Format",
    "States.Hash",
    "States.JsonToString",
    "States.UUID",
];

fn refuse_call(parser: &mut Parser, location: &Location<'_>, field: &str) -> Refused {
    let message = format!(
        "The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"
    );
    parser.refuse(location, message)
}

/// A timestamp written into the definition.
pub(super) fn timestamp(parser: &mut Parser, location: &Location<'_>, text: &str) -> Read<Timestamp> {
    timestamp::parse_rfc3339(text)
        .ok_or_else(|| parser.refuse(location, "String does not match RFC3339 timestamp"))
}

fn not_a_reference_path(text: &str) -> &'static str {
    if text.starts_with('$') {
        "Value is not a Reference Path"
    } else {
        "Value is not a Reference Path: Reference path didn't start with '$'"
    }
}

fn warn_of_variable(parser: &mut Parser, location: &Location<'_>, path: &Path) {
    if let Some(name) = path.variable() {
        variables::note(parser, location, name);
    }
}
