//! `Assign`: the names of variables, and which are to be seen where.
//!
//! A block of states is a scope: what its states, their rules and their catchers assign. A block
//! inside sees the variables around it and may not assign one of their names; the processor of a
//! distributed Map sees none of them. Nothing here evaluates; whether a variable has a value when
//! it is read depends on the way that an execution takes.

use std::collections::HashSet;
use std::sync::Arc;

use super::fields::{Fields, expected};
use super::{Language, Parser, jsonata, paths};
use crate::asl::diagnostic::Code;
use crate::json::{Object, Value};

/// The most UTF-16 units in the name of a variable.
const MAX_NAME_UNITS: usize = 80;

/// The name that the language keeps for itself.
const RESERVED: &str = "states";

/// The scopes around the place where the parser stands, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Scopes(Vec<Scope>);

#[derive(Debug)]
struct Scope {
    names: HashSet<Arc<str>>,
    /// What is around it cannot be seen.
    sealed: bool,
}

impl Scopes {
    /// Enters a block of states.
    pub(super) fn enter(&mut self, states: &Object, sealed: bool) {
        let assigned = states.iter().flat_map(|(_, state)| assigning(state));
        let assigned = assigned.filter_map(|object| object.get("Assign")?.as_object());
        let names = assigned.flat_map(Object::keys).map(|key| Arc::from(name(key))).collect();
        self.0.push(Scope { names, sealed });
    }

    /// Leaves the innermost block.
    pub(super) fn leave(&mut self) {
        self.0.pop();
    }

    /// Whether anything that can be seen from the innermost block assigns this variable.
    pub(super) fn assigns(&self, name: &str) -> bool {
        self.visible().any(|scope| scope.names.contains(name))
    }

    /// Whether a block around the innermost one, and seen from it, assigns this variable.
    fn assigns_outside(&self, name: &str) -> bool {
        self.visible().skip(1).any(|scope| scope.names.contains(name))
    }

    /// The scopes that can be seen, the innermost first.
    fn visible(&self) -> impl Iterator<Item = &Scope> {
        let outermost = self.0.iter().rposition(|scope| scope.sealed).unwrap_or_default();
        self.0.iter().skip(outermost).rev()
    }
}

/// The objects that can assign variables in the scope of a state: itself, its rules, its catchers.
fn assigning(state: &Value) -> impl Iterator<Item = &Value> {
    let entries = |name| state.get(name).and_then(Value::as_array).unwrap_or_default();
    std::iter::once(state).chain(entries("Choices")).chain(entries("Catch"))
}

/// Checks the `Assign` of a state, a rule or a catcher. Does not count as reading it.
pub(super) fn check(parser: &mut Parser, fields: &Fields<'_>) {
    const NAME: &str = "Assign";
    let Some(value) = fields.peek(NAME) else {
        return;
    };
    let place = fields.at(NAME);
    let Some(assigned) = value.as_object() else {
        parser.refuse(&place, expected("[OBJECT]"));
        return;
    };
    for key in assigned.keys() {
        let name = if parser.language == Some(Language::Jsonata) { key } else { name(key) };
        if let Some((code, message)) = fault(parser, name) {
            parser.refuse_as(code, &place.field(key), message);
        }
    }
    match parser.language {
        Some(Language::JsonPath) => drop(paths::template(parser, &place, value)),
        Some(Language::Jsonata) => jsonata::check_strings(parser, &place, value),
        None => {}
    }
}

/// What is wrong with assigning a variable of this name here.
fn fault(parser: &Parser, name: &str) -> Option<(Code, String)> {
    if name == RESERVED {
        let message = format!("Cannot assign to reserved variable '${RESERVED}'.");
        return Some((Code::ReservedVariableName, message));
    }
    if !is_identifier(name) {
        let message =
            format!("Invalid variable name '{name}': the variable name contains invalid characters.");
        return Some((Code::InvalidVariableName, message));
    }
    if name.encode_utf16().count() > MAX_NAME_UNITS {
        // The service's words are known for states only.
        let message = format!(
            "Variable name '{name}' exceeds the {MAX_NAME_UNITS}-character limit allowed by the service"
        );
        return Some((Code::InvalidVariableName, message));
    }
    parser.scopes.assigns_outside(name).then(|| {
        let message = format!("The variable name '{name}' was already defined in a parent scope.");
        (Code::DuplicateVariableName, message)
    })
}

/// The variable that a key of `Assign` names: in JSONPath a key may end in `.$`.
fn name(key: &str) -> &str {
    key.strip_suffix(".$").unwrap_or(key)
}

/// Whether a name is an identifier of Unicode (UAX 31). The standard library does not know that
/// property; letters, digits and combining marks come near it. An underscore may come first, as
/// people expect.
fn is_identifier(name: &str) -> bool {
    let starts = |character: char| character.is_alphabetic() || character == '_';
    let is_mark = |character: char| matches!(character, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}');
    let goes_on = |character: char| starts(character) || character.is_numeric() || is_mark(character);
    name.starts_with(starts) && name.chars().all(goes_on)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_faults, single};
    use super::*;

    #[test]
    fn names() {
        let long = "x".repeat(MAX_NAME_UNITS);
        let longer = "x".repeat(MAX_NAME_UNITS + 1);
        let too_long = format!(
            "INVALID_VARIABLE_NAME: Variable name '{longer}' exceeds the 80-character limit allowed by the service \
             at /States/S/Assign/{longer}"
        );
        let invalid = |key: &str, name: &str| {
            format!(
                "INVALID_VARIABLE_NAME: Invalid variable name '{name}': the variable name contains invalid characters. \
                 at /States/S/Assign/{key}"
            )
        };
        let reserved =
            "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/S/Assign/";
        let cases = [
            (r#"{"a": 1, "b.$": "$.a", "größe_2": [], "_x": {}, "e\u0301": null}"#.to_owned(), vec![]),
            (format!(r#"{{"{long}": 1}}"#), vec![]),
            (format!(r#"{{"{longer}": 1}}"#), vec![too_long]),
            (r#"{"states": 1}"#.to_owned(), vec![format!("{reserved}states")]),
            (r#"{"states.$": "$.a"}"#.to_owned(), vec![format!("{reserved}states.$")]),
            (r#"{"x.y": 1, "x[0]": 1}"#.to_owned(), vec![invalid("x.y", "x.y"), invalid("x[0]", "x[0]")]),
            (r#"{"": 1}"#.to_owned(), vec![invalid("", "")]),
            (r#"{"1x": 1}"#.to_owned(), vec![invalid("1x", "1x")]),
            (r#"{"a b": 1}"#.to_owned(), vec![invalid("a b", "a b")]),
            (r#"{"$x": 1}"#.to_owned(), vec![invalid("$x", "$x")]),
            ("1".to_owned(), vec!["Expected value of type [OBJECT] at /States/S/Assign".to_owned()]),
            (
                r#"{"a.$": "b"}"#.to_owned(),
                vec![
                    "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call \
                      at /States/S/Assign"
                        .to_owned(),
                ],
            ),
        ];
        for (assign, expected) in cases {
            let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
            check_faults(
                &single(&format!(r#"{{"Type": "Pass", "End": true, "Assign": {assign}}}"#)),
                &expected,
            );
        }
    }

    /// A machine whose state `A` assigns `x`, then the block `S`.
    fn nested(block: &str) -> String {
        format!(
            r#"{{"StartAt": "A", "States": {{"A": {{"Type": "Pass", "Assign": {{"x": 1}}, "Next": "S"}}, "S": {block}}}}}"#
        )
    }

    fn parallel(inner: &str) -> String {
        nested(&format!(
            r#"{{"Type": "Parallel", "End": true, "Branches": [{{"StartAt": "I", "States": {{"I": {inner}}}}}]}}"#
        ))
    }

    #[test]
    fn scopes() {
        let defined =
            "DUPLICATE_VARIABLE_NAME: The variable name 'x' was already defined in a parent scope. at ";
        let inner = format!("{defined}/States/S/Branches[0]/States/I/Assign/x");
        let caught = format!("{defined}/States/S/Branches[0]/States/I/Catch[0]/Assign/x");
        let chosen = format!("{defined}/States/S/Branches[0]/States/I/Choices[0]/Assign/x");
        let resource = "arn:aws:states:us-east-1:123456789012:activity:a";
        let undefined = "POSSIBLY_UNDEFINED_VARIABLE: Variable 'y' is possibly not defined. at ";
        let read = format!("{undefined}/States/S/Branches[0]/States/I/InputPath");
        let map = |mode: &str| {
            nested(&format!(
                r#"{{"Type": "Map", "End": true, "ItemProcessor": {{"ProcessorConfig": {mode}, "StartAt": "I", "States": {{
                    "I": {{"Type": "Pass", "InputPath": "$x", "Assign": {{"x": 1}}, "End": true}}}}}}}}"#
            ))
        };
        let in_map = format!("{defined}/States/S/ItemProcessor/States/I/Assign/x");
        let cases = [
            (parallel(r#"{"Type": "Pass", "Assign": {"x": 2}, "End": true}"#), vec![&*inner]),
            (parallel(r#"{"Type": "Pass", "Assign": {"y": 2}, "End": true}"#), vec![]),
            // The second branch does not see the first.
            (
                r#"{"StartAt": "S", "States": {"S": {"Type": "Parallel", "End": true, "Branches": [
                    {"StartAt": "A", "States": {"A": {"Type": "Pass", "Assign": {"x": 1}, "End": true}}},
                    {"StartAt": "B", "States": {"B": {"Type": "Pass", "Assign": {"x": 1}, "End": true}}}]}}}"#
                    .to_owned(),
                vec![],
            ),
            // What a catcher of the block assigns is outside of the block.
            (
                r#"{"StartAt": "S", "States": {"E": {"Type": "Succeed"}, "S": {"Type": "Parallel", "End": true,
                    "Catch": [{"ErrorEquals": ["E"], "Next": "E", "Assign": {"x": 1}}], "Branches": [
                    {"StartAt": "I", "States": {"I": {"Type": "Pass", "Assign": {"x": 1}, "End": true}}}]}}}"#
                    .to_owned(),
                vec![&*inner],
            ),
            (
                parallel(&format!(
                    r#"{{"Type": "Task", "Resource": "{resource}", "End": true, "Catch": [
                        {{"ErrorEquals": ["E"], "Next": "I", "Assign": {{"x": 1}}}}]}}"#
                )),
                vec![&*caught],
            ),
            (
                parallel(
                    r#"{"Type": "Choice", "Choices": [
                        {"Variable": "$.a", "IsNull": true, "Next": "I", "Assign": {"x": 1}}]}"#,
                ),
                vec![&*chosen],
            ),
            (parallel(r#"{"Type": "Pass", "InputPath": "$x", "End": true}"#), vec![]),
            (parallel(r#"{"Type": "Pass", "InputPath": "$y.a", "End": true}"#), vec![&*read]),
            (map(r#"{"Mode": "INLINE"}"#), vec![&*in_map]),
            (map(r#"{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}"#), vec![]),
        ];
        for (text, expected) in cases {
            check_faults(&text, &expected);
        }
    }
}
