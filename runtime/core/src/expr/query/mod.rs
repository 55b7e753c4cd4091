//! JSONata as the States Language speaks it: `{% $states.input.name %}`.
//!
//! A [`Query`] is one expression, compiled where a definition is read, with the place where it stands; a
//! [`Template`] is any JSON value with queries at any depth. Both see a [`Scope`]: `$states` and the variables
//! of the execution, of which only what an expression mentions is looked up or built. What is random or of the
//! clock comes with the scope, so evaluating is pure.
//!
//! The language itself is [`jsonata`]; the functions that the service adds are in `functions.rs`.
//! This module must not know states, executions or failures: where an expression fails it gives the text that
//! the service shows, and the caller knows whose failure it is.

mod functions;
mod template;

use std::{cell::Cell, sync::Arc};

use super::jsonata::{self, Bindings, ErrorKind, Expression, Options};
use crate::json::{Object, Payload, Value};

pub use functions::{bind_all, is_function};
pub use template::{Step, Template};

/// What stands before and behind an expression in a string.
const OPEN: &str = "{%";
const CLOSE: &str = "%}";

/// The variable under which the language keeps what it knows of the state.
const STATES: &str = "states";

/// How many steps all evaluations in one scope may take together.
const MAX_SCOPE_STEPS: u64 = 20_000_000;

/// The most bytes of a value that a text shows.
const MAX_SHOWN_BYTES: usize = 32_768;

/// A compiled expression with the place where it stands.
#[derive(Debug)]
pub struct Query {
    text: Arc<str>,
    location: Arc<str>,
    expression: Expression,
    /// The variables of the execution that it may read.
    variables: Vec<Arc<str>>,
    /// Which of the service's own functions it mentions.
    functions: Vec<usize>,
    /// What it takes of `$states`, if anything.
    states: Option<Members>,
}

/// Members of `$states`.
#[derive(Clone, Copy, Debug, Default)]
struct Members {
    input: bool,
    result: bool,
    error_output: bool,
    context: bool,
}

/// Where a query stands: what `$states` has there besides `input` and `context`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where there is nothing else.
    State,
    /// `result`: what is left with after a task or a block of states.
    Result,
    /// `errorOutput`: what a catcher leaves with.
    ErrorOutput,
}

/// What is wrong with an expression in a definition. Source of the texts: the service, recorded 2026-08.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It does not parse.
    Invalid(String),
    /// It takes from outside what is not there in a state.
    Unsupported(String),
}

/// What a query sees.
pub struct Scope<'a> {
    /// `$states.input`
    pub input: &'a Payload,
    /// `$states.result`, where there is one.
    pub result: Option<&'a Payload>,
    /// `$states.errorOutput`, where there is one.
    pub error_output: Option<&'a Payload>,
    /// Builds `$states.context`.
    pub context: &'a dyn Fn() -> Value,
    /// The value of a variable.
    pub variable: &'a dyn Fn(&str) -> Option<Value>,
    /// The time: milliseconds since 1970, UTC.
    pub now_millis: i64,
    /// A seed that no other evaluation gets.
    pub seed: &'a dyn Fn() -> u64,
    /// How many steps all evaluations in this scope have taken. They share a limit, for a template has
    /// room for thousands of queries.
    pub steps: Cell<u64>,
}

/// Why a query has no value: the text that the service shows, and where the query stands in its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// `Output/a[0]`, `Choices[1]/Condition`.
    pub location: Arc<str>,
    /// The text, without the state.
    pub text: String,
}

/// The expression in a string, without its blanks; `None` if the string is none. Blanks around the braces make
/// it a plain string. Source: the service, recorded.
pub fn expression(text: &str) -> Option<&str> {
    Some(text.strip_prefix(OPEN)?.strip_suffix(CLOSE)?.trim())
}

/// Whether a string begins as an expression, and so must end as one.
pub fn begins(text: &str) -> bool {
    text.starts_with(OPEN)
}

impl Query {
    /// Compiles an expression that stands at `location` of its state. Gives everything that is wrong with it.
    pub fn compile(text: &str, location: impl Into<Arc<str>>, place: Place) -> Result<Query, Vec<Problem>> {
        let expression =
            Expression::compile(text).map_err(|error| vec![Problem::Invalid(error.message().to_owned())])?;
        let problems = problems(&expression, place);
        if !problems.is_empty() {
            return Err(problems);
        }
        let (mut variables, mut functions, mut states) = (Vec::<Arc<str>>::new(), Vec::new(), None);
        for variable in expression.references().variables {
            if variable.name == STATES {
                states.get_or_insert_with(Members::default).add(variable.member);
                continue;
            }
            functions.extend(functions::find(variable.name).filter(|found| !functions.contains(found)));
            if !variables.iter().any(|known| **known == *variable.name) {
                variables.push(variable.name.into());
            }
        }
        let (text, location) = (text.into(), location.into());
        Ok(Query { text, location, expression, variables, functions, states })
    }

    /// The names of all variables that it does not bind itself, with those of functions, but for `states`.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|name| &**name)
    }

    /// The place in its state.
    pub fn location(&self) -> &Arc<str> {
        &self.location
    }

    /// The value; undefined is a failure.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, Failed> {
        let (now_millis, seed) = (scope.now_millis as f64, (scope.seed)());
        let max_steps = MAX_SCOPE_STEPS.saturating_sub(scope.steps.get()).min(Options::default().max_steps);
        let options = Options { now_millis, seed, max_steps, ..Options::default() };
        let (result, spent) = self.expression.evaluate_counted(&Value::Null, &self.bindings(scope), &options);
        scope.steps.set(scope.steps.get().saturating_add(spent.steps));
        match result {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(self.failed("returned nothing (undefined).")),
            Err(error) => Err(self.thrown(&error, scope)),
        }
    }

    /// The value, which must be of a kind: `array`, `boolean` and so on.
    pub fn evaluate_as(&self, kind: &str, scope: &Scope<'_>) -> Result<Value, Failed> {
        let value = self.evaluate(scope)?;
        if value.kind() == kind { Ok(value) } else { Err(self.unexpected(kind, &value)) }
    }

    /// The failure of a value of another kind than the field takes.
    pub fn unexpected(&self, expected: &str, value: &Value) -> Failed {
        let kind = value.kind();
        let shown = Payload::from_value_within(value.clone(), MAX_SHOWN_BYTES);
        let shown = shown.as_ref().map_or("...", Payload::text);
        self.failed(&format!(
            "returned an unexpected result type. Expected '{expected}', but was '{kind}' for value: {shown}"
        ))
    }

    /// A failure in which the expression and its place are named before `what`.
    pub fn failed(&self, what: &str) -> Failed {
        let Query { text, location, .. } = self;
        let text = format!("The JSONata expression '{text}' specified for the field '{location}' {what}");
        Failed { location: location.clone(), text }
    }

    /// The fault of a query whose value is one too many to hold.
    fn too_much(&self) -> Failed {
        self.failed(&format!("threw an error during evaluation: {}", jsonata::MEMORY))
    }

    fn thrown(&self, error: &jsonata::Error, scope: &Scope<'_>) -> Failed {
        const THREW: &str = "threw an error during evaluation";
        match error.kind() {
            ErrorKind::Language => self.failed(&format!("{THREW}. {error}")),
            ErrorKind::Limit | ErrorKind::Host => self.failed(&format!("{THREW}: {error}")),
            ErrorKind::Unsupported => self.failed("returned an unsupported result type."),
            ErrorKind::Internal => {
                let mut state = (scope.seed)();
                let id = functions::uuid(&mut || functions::draw(&mut state));
                self.failed(&format!("threw an internal error during evaluation. {id}"))
            }
        }
    }

    /// What the expression mentions, and no more.
    fn bindings(&self, scope: &Scope<'_>) -> Bindings {
        let mut bindings = Bindings::new();
        for function in &self.functions {
            functions::bind(*function, &mut bindings);
        }
        for name in &self.variables {
            if let Some(value) = (scope.variable)(name) {
                bindings.bind(name.clone(), value);
            }
        }
        if let Some(members) = self.states {
            bindings.bind(STATES, members.object(scope));
        }
        bindings
    }
}

impl Members {
    fn add(&mut self, member: Option<&str>) {
        let whole = member.is_none();
        self.input |= whole || member == Some("input");
        self.result |= whole || member == Some("result");
        self.error_output |= whole || member == Some("errorOutput");
        self.context |= whole || member == Some("context");
    }

    /// `$states` with these members, in the service's order (recorded).
    fn object(self, scope: &Scope<'_>) -> Object {
        let mut object = Object::with_capacity(4);
        if self.input {
            object.insert("input", scope.input.value().clone());
        }
        if self.context {
            object.insert("context", (scope.context)());
        }
        if let Some(result) = scope.result.filter(|_| self.result) {
            object.insert("result", result.value().clone());
        }
        if let Some(error_output) = scope.error_output.filter(|_| self.error_output) {
            object.insert("errorOutput", error_output.value().clone());
        }
        object
    }
}

/// What an expression refers to and a state does not have. There is no input to be the context: `$`, `$$` and
/// names mean something inside of paths and filters only.
fn problems(expression: &Expression, place: Place) -> Vec<Problem> {
    let references = expression.references();
    let context = references.context.iter().map(|name| {
        // The service's words are known for names; for `$` and wildcards they are assumed.
        Problem::Unsupported(format!("Reference to '{name}' at the top level is not supported."))
    });
    let variables =
        references.variables.iter().filter_map(|variable| match (variable.name, variable.member) {
            ("$", _) => Some(Problem::Unsupported("Reference to '$$' is not supported.".into())),
            (STATES, Some(member)) if !place.has(member) => {
                Some(Problem::Unsupported(format!("Field '$states.{member}' does not exist.")))
            }
            _ => None,
        });
    context.chain(variables).collect()
}

impl Place {
    fn has(self, member: &str) -> bool {
        match member {
            "input" | "context" => true,
            "result" => self == Place::Result,
            "errorOutput" => self == Place::ErrorOutput,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    /// A query for `text` at `Output`.
    fn compile(text: &str, place: Place) -> Result<Query, Vec<Problem>> {
        Query::compile(text, "Output", place)
    }

    fn evaluate(text: &str) -> Result<String, String> {
        let query = compile(text, Place::Result).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        let input = Payload::parse(r#"{"n": 4, "list": [3, 1, 2], "name": "x"}"#).unwrap();
        let result = Payload::parse("[0]").unwrap();
        let scope = Scope {
            input: &input,
            result: Some(&result),
            error_output: None,
            context: &|| parse(r#"{"State": {"Name": "S"}}"#).unwrap(),
            variable: &|name| (name == "v").then(|| parse(r#"{"a": null}"#).unwrap()),
            now_millis: 86_400_000,
            seed: &|| 7,
            steps: Cell::new(0),
        };
        query.evaluate(&scope).map(|value| Payload::from_value(value).text().to_owned()).map_err(|failed| {
            assert_eq!(&*failed.location, "Output");
            let start = format!("The JSONata expression '{text}' specified for the field 'Output' ");
            failed.text.strip_prefix(&start).unwrap_or(&failed.text).to_owned()
        })
    }

    #[test]
    fn strings_that_are_expressions() {
        let cases = [
            ("{% 1 %}", Some("1")),
            ("{%1%}", Some("1")),
            ("{%%}", Some("")),
            ("{%}", None),
            (" {% 1 %}", None),
            ("{% 1 %} ", None),
            ("1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(expression(text), expected, "{text}");
        }
    }

    #[test]
    fn values() {
        let cases = [
            ("$states.input.n + 1", Ok("5")),
            (
                "$states",
                Ok(
                    r#"{"input":{"n":4,"list":[3,1,2],"name":"x"},"context":{"State":{"Name":"S"}},"result":[0]}"#,
                ),
            ),
            ("$states.context.State.Name", Ok("\"S\"")),
            ("$states.input.list[$ > 1]", Ok("[3,2]")),
            ("$v.a", Ok("null")),
            ("$count($v)", Ok("1")),
            ("$now()", Ok("\"1970-01-02T00:00:00.000Z\"")),
            // What is not finite is a string (recorded, 2026-08).
            ("[1 / 0, -1 / 0, 1e308 * 10]", Ok(r#"["Infinity","-Infinity","Infinity"]"#)),
            ("$no", Err("returned nothing (undefined).")),
            ("$states.input.no.such", Err("returned nothing (undefined).")),
            ("$sum", Err("returned an unsupported result type.")),
            (
                "$eval('1')",
                Err("threw an error during evaluation. T1006: Attempted to invoke a non-function"),
            ),
            (
                "$randomSeeded(1)",
                Err("threw an error during evaluation. T1006: Attempted to invoke a non-function"),
            ),
            (
                "$sum(['a'])",
                Err(
                    "threw an error during evaluation. T0412: Argument 1 of function \"sum\" must be an array of \"numbers\"",
                ),
            ),
            (
                "($f := function($n){ 1 + $f($n) }; $f(1))",
                Err(
                    "threw an error during evaluation: Stack overflow error: Check for non-terminating recursive \
                     function. Consider rewriting as tail-recursive Depth=101 max=100",
                ),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(evaluate(text), expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn kinds() {
        let query = compile("{'a': [1]}", Place::State).unwrap();
        let failed = query.unexpected("array", &parse(r#"{"a": [1]}"#).unwrap());
        assert_eq!(
            failed.text,
            "The JSONata expression '{'a': [1]}' specified for the field 'Output' returned an unexpected result type. \
             Expected 'array', but was 'object' for value: {\"a\":[1]}"
        );
    }

    #[test]
    fn what_is_not_there_in_a_definition() {
        let top = |name: &str| {
            Problem::Unsupported(format!("Reference to '{name}' at the top level is not supported."))
        };
        let field = |name: &str| Problem::Unsupported(format!("Field '$states.{name}' does not exist."));
        let cases = [
            ("$states.input", Place::State, vec![]),
            ("$states.result", Place::State, vec![field("result")]),
            ("$states.result", Place::Result, vec![]),
            ("$states.errorOutput", Place::Result, vec![field("errorOutput")]),
            ("$states.errorOutput & $states.context", Place::ErrorOutput, vec![]),
            ("$states.inptu", Place::State, vec![field("inptu")]),
            ("phone", Place::State, vec![top("phone")]),
            ("$", Place::State, vec![top("$")]),
            ("$$.a", Place::State, vec![Problem::Unsupported("Reference to '$$' is not supported.".into())]),
            ("$v[phone = $]", Place::State, vec![]),
            ("[1,", Place::State, vec![Problem::Invalid("Expected \"]\" before end of expression".into())]),
            ("(1]", Place::State, vec![Problem::Invalid("Expected \")\", got \"]\"".into())]),
            ("", Place::State, vec![Problem::Invalid("Unexpected end of expression".into())]),
        ];
        for (text, place, expected) in cases {
            assert_eq!(compile(text, place).err().unwrap_or_default(), expected, "{text}");
        }
    }
}
