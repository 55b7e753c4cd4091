//! Paths, payload templates and timestamps where they stand in a field, with the service's words
//! for those that are none.

use std::borrow::Cow;

use super::location::Location;
use super::unbuilt::{self, Unbuilt};
use super::{Parser, Read, Refused};
use crate::asl::diagnostic::Code;
use crate::expr::path::{Path, PathError, ReferencePath};
use crate::expr::template::{Template, TemplateError};
use crate::json::Value;
use crate::machine::timestamp::{self, Timestamp};

/// A path into the data, the context object or a variable.
pub(super) fn path(parser: &mut Parser, location: &Location<'_>, text: &str) -> Read<Path> {
    compile(parser, location, text, "Value must be a valid JSONPath.")
}

/// The `Variable` of a rule or the operand of a `…Path` operator. The service calls them reference
/// paths and yet takes any path there.
pub(super) fn rule_path(parser: &mut Parser, location: &Location<'_>, text: &str) -> Read<Path> {
    compile(parser, location, text, not_a_reference_path(text))
}

fn compile(parser: &mut Parser, location: &Location<'_>, text: &str, invalid: &str) -> Read<Path> {
    let path = Path::parse(text).map_err(|error| match error {
        PathError::Unsupported => unbuilt::refuse(parser, location, Unbuilt::Path),
        PathError::Invalid => parser.refuse(location, invalid),
    })?;
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
    Ok(template)
}

fn refuse_template(parser: &mut Parser, location: &Location<'_>, error: &TemplateError) -> Refused {
    match error {
        TemplateError::Invalid { key } => {
            let message = format!(
                "The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
            );
            parser.refuse(location, message)
        }
        TemplateError::UnsupportedPath { .. } => unbuilt::refuse(parser, location, Unbuilt::Path),
        TemplateError::UnsupportedIntrinsic { .. } => unbuilt::refuse(parser, location, Unbuilt::Intrinsic),
        // The service's words for this are not known.
        TemplateError::Collision { key } => {
            parser.refuse(location, format!("The field '{key}' is given twice, with and without '.$'"))
        }
    }
}

/// A timestamp written into the definition.
pub(super) fn timestamp(parser: &mut Parser, location: &Location<'_>, text: &str) -> Read<Timestamp> {
    timestamp::parse_rfc3339(text)
        .ok_or_else(|| parser.refuse(location, "String does not match RFC3339 timestamp"))
}

/// Whether a text calls an intrinsic function.
pub(super) fn is_intrinsic(text: &str) -> bool {
    text.starts_with("States.")
}

fn not_a_reference_path(text: &str) -> &'static str {
    if text.starts_with('$') {
        "Value is not a Reference Path"
    } else {
        "Value is not a Reference Path: Reference path didn't start with '$'"
    }
}

/// Notes that the state reads a variable, and warns where it may have no value.
fn warn_of_variable(parser: &mut Parser, location: &Location<'_>, path: &Path) {
    let Some(name) = path.variable() else { return };
    if !parser.variables_read.contains(name) {
        parser.variables_read.insert(name.into());
    }
    if parser.variables.may_be_undefined(name) {
        parser.warn(
            Code::PossiblyUndefinedVariable,
            location,
            format!("Variable '{name}' is possibly not defined."),
        );
    }
}
