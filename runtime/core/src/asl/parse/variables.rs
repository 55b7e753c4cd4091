//! `Assign`: the names of variables, and which are to be seen where.
//!
//! A block of states is a scope: what its states, their rules and their catchers assign. A block
//! inside sees the variables around it and may not assign one of their names; the processor of a
//! distributed Map sees none of them. A variable is sure to have a value in a state if every way
//! there assigns it. This looks at the document alone, before it is read, so that every state can
//! be told at once; it must not report faults that the readers report.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::fields::{Fields, each, expected};
use super::location::Location;
use super::{Language, Parser, Read};
use crate::asl::diagnostic::Code;
use crate::expr::path::{MAX_VARIABLE_NAME_UNITS, is_identifier};
use crate::json::{Object, Value};

/// The field that sets variables.
pub(super) const ASSIGN: &str = "Assign";

/// The name that the language keeps for itself.
const RESERVED: &str = "states";

/// How many states and transitions are looked at in all, to find out which variables are sure to
/// have a value. Beyond it, one that is assigned anywhere counts: it is only warned of.
const MAX_LOOKS: usize = 5_000_000;

/// The scopes around the place where the parser stands, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    open: Vec<Scope>,
    /// How much of [`MAX_LOOKS`] is used up.
    looks: usize,
}

#[derive(Debug)]
struct Scope {
    names: HashSet<Arc<str>>,
    /// What is around it cannot be seen.
    sealed: bool,
    /// Where the block starts, if that is known.
    start: Option<usize>,
    /// The transitions of each state.
    edges: Vec<Vec<Edge>>,
    /// Which state is being read.
    current: usize,
    /// For a variable that was asked for, the states that can be reached without assigning it.
    unassigned: HashMap<Arc<str>, Vec<bool>>,
}

#[derive(Debug)]
struct Edge {
    to: usize,
    /// What is assigned on the way.
    names: Arc<HashSet<Arc<str>>>,
}

impl Scopes {
    /// Enters a block of states, `sealed` if it does not see the variables around it.
    pub(super) fn enter(&mut self, start_at: Option<&str>, states: &Object, sealed: bool) {
        let indexes: HashMap<&str, usize> =
            states.keys().enumerate().map(|(index, name)| (&**name, index)).collect();
        let edges: Vec<Vec<Edge>> = states.iter().map(|(_, state)| edges(state, &indexes)).collect();
        let objects = states.iter().flat_map(|(_, state)| std::iter::once(state).chain(parts(state)));
        let names = objects.flat_map(assigned).collect();
        let start = start_at.and_then(|name| indexes.get(name)).copied();
        self.open.push(Scope { names, sealed, start, edges, current: 0, unassigned: HashMap::new() });
    }

    /// The state of this index in the innermost block is read next.
    pub(super) fn at(&mut self, state: usize) {
        if let Some(scope) = self.open.last_mut() {
            scope.current = state;
        }
    }

    /// Leaves the innermost block.
    pub(super) fn leave(&mut self) {
        self.open.pop();
    }

    /// Whether a variable is sure to have a value in the state that is being read.
    pub(super) fn defines(&mut self, name: &str) -> bool {
        let outermost = self.outermost();
        let Scopes { open, looks } = self;
        open.iter_mut().skip(outermost).any(|scope| scope.defines(name, looks))
    }

    /// Whether a block around the innermost one, and seen from it, assigns this variable.
    fn assigns_outside(&self, name: &str) -> bool {
        let seen = self.open.iter().skip(self.outermost());
        seen.rev().skip(1).any(|scope| scope.names.contains(name))
    }

    /// The first scope that can be seen.
    fn outermost(&self) -> usize {
        self.open.iter().rposition(|scope| scope.sealed).unwrap_or_default()
    }
}

impl Scope {
    /// Whether every way to the current state assigns the variable.
    fn defines(&mut self, name: &str, looks: &mut usize) -> bool {
        let Some(name) = self.names.get(name) else {
            return false;
        };
        if !self.unassigned.contains_key(name) {
            if *looks > MAX_LOOKS {
                return true;
            }
            *looks += self.edges.len() + self.edges.iter().map(Vec::len).sum::<usize>();
            self.unassigned.insert(Arc::clone(name), self.without(name));
        }
        let unassigned = self.unassigned.get(name).and_then(|states| states.get(self.current));
        unassigned.is_some_and(|unassigned| !unassigned)
    }

    /// The states that can be reached without assigning the variable.
    fn without(&self, name: &str) -> Vec<bool> {
        let mut reached = vec![false; self.edges.len()];
        let mut open: Vec<usize> = self.start.into_iter().collect();
        while let Some(state) = open.pop() {
            if let (Some(seen @ false), Some(edges)) = (reached.get_mut(state), self.edges.get(state)) {
                *seen = true;
                open.extend(edges.iter().filter(|edge| !edge.names.contains(name)).map(|edge| edge.to));
            }
        }
        reached
    }
}

/// Where a state leads, and what it assigns on each way: a rule and a catcher assign their own.
fn edges(state: &Value, indexes: &HashMap<&str, usize>) -> Vec<Edge> {
    let edges_of = |object: &Value, fields: &[&str]| {
        let names = Arc::new(assigned(object).collect());
        let targets = fields.iter().filter_map(|field| indexes.get(object.get(field)?.as_str()?));
        targets.map(|to| Edge { to: *to, names: Arc::clone(&names) }).collect::<Vec<_>>()
    };
    let own = edges_of(state, &["Next", "Default"]);
    own.into_iter().chain(parts(state).flat_map(|part| edges_of(part, &["Next"]))).collect()
}

/// The parts of a state that can assign variables besides itself: its rules and its catchers.
fn parts(state: &Value) -> impl Iterator<Item = &Value> {
    let entries = |name| state.get(name).and_then(Value::as_array).unwrap_or_default();
    entries("Choices").iter().chain(entries("Catch"))
}

/// The variables that a state, a rule or a catcher assigns.
fn assigned(object: &Value) -> impl Iterator<Item = Arc<str>> {
    let assigned = object.get("Assign").and_then(Value::as_object);
    assigned.into_iter().flat_map(Object::keys).map(|key| Arc::from(name(key)))
}

/// The `Assign` of a state, a rule or a catcher, if there is one, with its names checked: refused if one is wrong.
pub(super) fn assign<'a>(parser: &mut Parser, fields: &mut Fields<'a>) -> (Option<&'a Value>, Read<()>) {
    let Some(value) = fields.get(ASSIGN) else {
        return (None, Ok(()));
    };
    let place = fields.at(ASSIGN);
    let Some(assigned) = value.as_object() else {
        return (None, Err(parser.refuse(&place, expected("[OBJECT]"))));
    };
    let names = each(assigned.keys().map(|key| {
        let name = if parser.language == Some(Language::Jsonata) { key } else { name(key) };
        match fault(parser, name) {
            Some((code, message)) => Err(parser.refuse_as(code, &place.field(key), message)),
            None => Ok(()),
        }
    }));
    (Some(value), names.map(drop))
}

/// Notes that the state reads a variable, and warns of one that some way to this state does not assign.
pub(super) fn note(parser: &mut Parser, location: &Location<'_>, name: &str) {
    if !parser.variables_read.contains(name) {
        parser.variables_read.insert(name.into());
    }
    if !parser.scopes.defines(name) {
        let message = format!("Variable '{name}' is possibly not defined.");
        parser.warn(Code::PossiblyUndefinedVariable, location, message);
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
    if name.encode_utf16().count() > MAX_VARIABLE_NAME_UNITS {
        // The service's words are known for states only.
        let message = format!(
            "Variable name '{name}' exceeds the {MAX_VARIABLE_NAME_UNITS}-character limit allowed by the service"
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

#[cfg(test)]
mod tests {
    use super::super::tests::{check_faults, single};
    use super::*;

    #[test]
    fn names() {
        let long = "x".repeat(MAX_VARIABLE_NAME_UNITS);
        let longer = "x".repeat(MAX_VARIABLE_NAME_UNITS + 1);
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

    /// Which of the states `A` to `E`, which all read `x`, may find it without a value.
    #[test]
    fn ways_that_assign() {
        let reads = |fields: &str| format!(r#"{{"Type": "Pass", "InputPath": "$x", {fields}}}"#);
        let assigns = r#""Assign": {"x": 1}"#;
        let choice = |rule: &str, state: &str| {
            format!(
                r#"{{"Type": "Choice", "InputPath": "$x", {state} "Default": "C", "Choices": [
                    {{"Variable": "$.a", "IsNull": true, "Next": "B" {rule}}}]}}"#
            )
        };
        let (to_b, to_c, end) = (r#""Next": "B""#, r#""Next": "C""#, r#""End": true"#);
        let cases: &[(&[String], &[&str])] = &[
            (&[reads(&format!("{assigns}, {to_b}")), reads(end)], &["A"]),
            (&[reads(to_b), reads(&format!("{assigns}, {to_c}")), reads(end)], &["A", "B"]),
            // Round and round: the first time there is no value.
            (
                &[reads(to_b), choice("", &format!("{assigns},")).replace("\"B\"", "\"A\""), reads(end)],
                &["A", "B"],
            ),
            // The rule that holds assigns, and the state does not then.
            (&[choice(&format!(", {assigns}"), ""), reads(end), reads(end)], &["A", "C"]),
            (&[choice("", &format!("{assigns},")), reads(end), reads(end)], &["A", "B"]),
            (&[choice(&format!(", {assigns}"), &format!("{assigns},")), reads(end), reads(end)], &["A"]),
            // Two ways to one state.
            (&[choice("", ""), reads(&format!("{assigns}, {to_c}")), reads(end)], &["A", "B", "C"]),
        ];
        for (states, undefined) in cases {
            let members: Vec<String> = states
                .iter()
                .zip(["A", "B", "C"])
                .map(|(state, name)| format!("\"{name}\": {state}"))
                .collect();
            let text = format!(r#"{{"StartAt": "A", "States": {{{}}}}}"#, members.join(","));
            let warning = |state: &&str| {
                format!(
                    "POSSIBLY_UNDEFINED_VARIABLE: Variable 'x' is possibly not defined. at /States/{state}/InputPath"
                )
            };
            let expected: Vec<String> = undefined.iter().map(warning).collect();
            check_faults(&text, &expected.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }

    #[test]
    fn many_variables_are_no_danger() {
        let state = |n: usize| {
            format!(
                r#""{n}": {{"Type": "Pass", "InputPath": "$x{n}", "Assign": {{"x{n}": 1}}, "Next": "{}"}}"#,
                n + 1
            )
        };
        let states: Vec<String> = (0..10_000).map(state).collect();
        let text = format!(
            r#"{{"StartAt": "0", "States": {{{}, "10000": {{"Type": "Succeed"}}}}}}"#,
            states.join(",")
        );
        let found = super::super::parse(&text, super::super::Options::default()).diagnostics;
        let warnings = found.iter().filter(|found| found.code == Code::PossiblyUndefinedVariable).count();
        assert!((MAX_LOOKS / 20_001..1000).contains(&warnings), "{warnings}");
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
        let unseen = "POSSIBLY_UNDEFINED_VARIABLE: Variable 'x' is possibly not defined. at \
             /States/S/ItemProcessor/States/I/InputPath"
            .to_owned();
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
            (map(r#"{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}"#), vec![&*unseen]),
        ];
        for (text, expected) in cases {
            check_faults(&text, &expected);
        }
    }
}
