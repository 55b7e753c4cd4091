//! `Assign`: the names of variables, and the template of their values.

use super::fields::{Fields, each, expected};
use super::location::Location;
use super::{Parser, Read, paths};
use crate::asl::diagnostic::Code;
use crate::asl::variables;
use crate::expr::path::Path;
use crate::expr::template::Template;

/// The most characters in the name of a variable.
const MAX_NAME: usize = 80;

/// Reads the `Assign` of a state, a rule or a catcher.
pub(super) fn assign(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Option<Template>> {
    const NAME: &str = "Assign";
    let Some(value) = fields.get(NAME) else { return Ok(None) };
    let place = fields.at(NAME);
    let Some(object) = value.as_object() else {
        return Err(parser.refuse(&place, expected("[OBJECT]")));
    };
    let names = each(object.keys().map(|key| check_name(parser, &place.field(key), variables::name(key))));
    let template = paths::template(parser, &place, value);
    names?;
    template.map(Some)
}

/// Whether a variable of this name can be assigned here.
fn check_name(parser: &mut Parser, location: &Location<'_>, name: &str) -> Read<()> {
    let (code, message) = if name == "states" {
        (Code::ReservedVariableName, "Cannot assign to reserved variable '$states'.".to_owned())
    } else if name.chars().count() > MAX_NAME {
        // The service's words for this are not known.
        let message =
            format!("Invalid variable name '{name}': the variable name exceeds {MAX_NAME} characters.");
        (Code::InvalidVariableName, message)
    } else if !can_be_read(name) {
        let message =
            format!("Invalid variable name '{name}': the variable name contains invalid characters.");
        (Code::InvalidVariableName, message)
    } else if parser.variables.is_outer(name) {
        let message = format!("The variable name '{name}' was already defined in a parent scope.");
        (Code::DuplicateVariableName, message)
    } else {
        return Ok(());
    };
    Err(parser.refuse_as(code, location, message))
}

/// Whether a path can start from a variable of this name.
fn can_be_read(name: &str) -> bool {
    Path::parse(&format!("${name}")).is_ok_and(|path| path.variable() == Some(name))
}
