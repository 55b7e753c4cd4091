//! The way of data through a state, from its raw input to what it leaves with.
//!
//! The verbs here are the same for both query languages; what a language does is in `jsonpath.rs` and
//! `jsonata.rs`. A payload that no field touches goes on as the same text; what a path, a template or a query made
//! is printed compact. Source: States Language, "Input and Output Processing"; recorded causes.

mod context;
pub(super) mod jsonata;
pub(super) mod jsonpath;

use std::sync::Arc;

use super::children::Children;
use super::execution::Turn;
use super::retry::{DATA_LIMIT_EXCEEDED, Failure};
use super::trial::Stage;
use super::{FrameId, MAX_PAYLOAD_BYTES, Variables};
use crate::asl::definition::{Entry, Exit, Selector, State};
use crate::json::{Object, Payload, Value};

/// Why a state goes no further.
#[derive(Debug)]
pub(super) struct Fault {
    /// What retriers and catchers see.
    pub(super) failure: Failure,
    /// There where a query has failed: the history has an event for that.
    pub(super) evaluation: Option<Evaluation>,
}

/// What the history tells of a query that failed, besides the failure.
#[derive(Debug)]
pub(super) struct Evaluation {
    /// Where in the state it stands, if it is one field's fault.
    pub(super) location: Option<Arc<str>>,
    /// The query has a value, of which nothing can be made.
    pub(super) of_value: bool,
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Fault {
        Fault { failure, evaluation: None }
    }
}

/// What a state has come to.
#[derive(Debug)]
pub(super) enum Product {
    /// Its own input, or what it makes of it without any work.
    Input(Payload),
    /// The result of a task or of a block of states.
    Result(Payload),
    /// A failure that a catcher has taken.
    ErrorOutput(Payload),
}

/// What a state leaves with.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) output: Payload,
    pub(super) assigned: Variables,
}

/// What the fields of a state are evaluated on: its raw input, in JSONPath through InputPath.
pub(super) fn input(turn: &Turn<'_>, frame: FrameId, state: &State, raw: &Payload) -> Result<Payload, Fault> {
    match &state.entry {
        Entry::JsonPath { input_path, .. } => {
            let input = jsonpath::through(turn, frame, state, input_path.as_ref(), raw)?;
            turn.saw(Stage::InputPath, &input);
            Ok(input)
        }
        Entry::Jsonata { .. } => Ok(raw.clone()),
    }
}

/// What a state works on: its input through Parameters or Arguments.
pub(super) fn arguments(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    input: Payload,
) -> Result<Payload, Fault> {
    match &state.entry {
        Entry::JsonPath { parameters, .. } => {
            let input = jsonpath::template(turn, frame, state, parameters.as_ref(), input)?;
            turn.saw(Stage::Parameters, &input);
            Ok(input)
        }
        Entry::Jsonata { arguments } => {
            let input = match arguments {
                Some(arguments) => jsonata::template(turn, frame, state, arguments)?,
                None => input,
            };
            turn.saw(Stage::Arguments, &input);
            Ok(input)
        }
    }
}

/// What a state, a rule or a catcher leaves with. Nothing is set yet: the values of variables are found from those
/// that were there when the state was entered, and so is the output.
pub(super) fn leave(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    exit: &Exit,
    product: Product,
) -> Result<Left, Fault> {
    let raw = turn.raw_input(frame).unwrap_or_else(Payload::empty_object);
    match exit {
        Exit::JsonPath { result_selector, assign, result_path, output_path } => {
            let fields = jsonpath::Fields {
                result_selector: result_selector.as_ref(),
                assign: assign.as_ref(),
                result_path,
                output_path: output_path.as_ref(),
                is_seen: !matches!(product, Product::ErrorOutput(_)),
            };
            Ok(jsonpath::leave(turn, frame, state, &fields, &raw, product.into_payload())?)
        }
        Exit::Jsonata { assign, output } => {
            jsonata::leave(turn, frame, state, (assign.as_ref(), output.as_ref()), &raw, product)
        }
    }
}

impl Product {
    fn into_payload(self) -> Payload {
        match self {
            Product::Input(payload) | Product::Result(payload) | Product::ErrorOutput(payload) => payload,
        }
    }
}

/// What the iteration for an item of a Map gets: the item, or what the state's selector makes of it. `input` is
/// the state's.
pub(super) fn item(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    selector: Option<&Selector>,
    input: &Payload,
    item: (u32, Value),
) -> Result<Payload, Fault> {
    match selector {
        None => Ok(print(item.1, state)?),
        Some(Selector::JsonPath(template)) => Ok(jsonpath::item(turn, frame, state, template, input, item)?),
        Some(Selector::Jsonata(template)) => jsonata::item(turn, frame, state, template, item),
    }
}

/// The results of the branches or iterations of a block as one array, within the size limit.
pub(super) fn results(children: &Children, state: &State) -> Result<Payload, Failure> {
    children.results(MAX_PAYLOAD_BYTES).ok_or_else(|| too_large(state))
}

/// The payload, unless it is larger than any may be.
pub(super) fn within_limit(payload: Payload, state: &State) -> Result<Payload, Failure> {
    if payload.len() <= MAX_PAYLOAD_BYTES { Ok(payload) } else { Err(too_large(state)) }
}

/// A value that was made here, as text. It is not printed beyond the limit: a small template may
/// mention a large input many times.
fn print(value: Value, state: &State) -> Result<Payload, Failure> {
    Payload::from_value_within(value, MAX_PAYLOAD_BYTES).map_err(|_| too_large(state))
}

fn too_large(state: &State) -> Failure {
    larger_than_allowed(&state.name)
}

/// The failure of a state or a task, by its name, whose result is larger than any may be.
pub(super) fn larger_than_allowed(name: &str) -> Failure {
    let cause = format!(
        "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
    );
    Failure::new(DATA_LIMIT_EXCEEDED, cause)
}

/// What a catcher gives: both members, `null` where the failure has none. The cause of a time-out
/// is an empty text. Source: the service, recorded.
pub(super) fn error_output(failure: &Failure) -> Payload {
    let text = |text: &Option<Arc<str>>| text.clone().map_or(Value::Null, Value::String);
    let mut output = Object::with_capacity(2);
    output.insert("Error", text(&failure.error));
    let timed_out = failure.cause.is_none() && failure.is_timeout();
    output.insert("Cause", if timed_out { Value::String("".into()) } else { text(&failure.cause) });
    Payload::from_value(output.into())
}

/// A failure of the state that a line of control is in, as the service words it: `States.Runtime`
/// with the state and its Entered event in front.
pub(super) fn runtime(turn: &Turn<'_>, frame: FrameId, text: &str) -> Failure {
    Failure::runtime(in_state(turn, frame, text))
}

/// A cause as the service words it: with the state and its Entered event in front.
fn in_state(turn: &Turn<'_>, frame: FrameId, text: &str) -> String {
    let Some((visit, state)) = turn.visit(frame) else { return text.to_owned() };
    if turn.probe.is_some() {
        // A state that is tried was entered at no event that anybody knows of (recorded).
        return text.to_owned();
    }
    let (name, event) = (&state.name, visit.event.0);
    format!("An error occurred while executing the state '{name}' (entered at the event id #{event}). {text}")
}

/// The integer that a field finds by its path: a number that is written as one, or its text (recorded for
/// SecondsPath, MaxConcurrencyPath and others). What has a fraction is none, `1.0` too.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) if number.is_integer() => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A value as causes show it: a string without its quotes, anything else as JSON.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::asl;
    use crate::json::Payload;
    use crate::machine::{Command, Env, Event, Execution, Failure, Mode, Outcome, Purpose, Start, Timestamp};

    /// Runs a machine that waits for nothing to its end.
    fn run(states: &str, input: &str, seed: u64) -> Outcome {
        run_as(Mode::Standard, states, input, seed).outcome().unwrap().clone()
    }

    fn run_as(mode: Mode, states: &str, input: &str, seed: u64) -> Execution {
        let text = format!(r#"{{"StartAt":"S","States":{states}}}"#);
        let parsed = asl::parse(&text, asl::parse::Options::default());
        let definition = parsed.definition.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics));
        let start = Start {
            arn: "arn:aws:states:us-east-1:000000000000:execution:m:e".into(),
            name: "e".into(),
            machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".into(),
            machine_name: "m".into(),
            revision: "m/1".into(),
            version_arn: None,
            alias_arn: None,
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            trace_header: None,
            input: Payload::parse(input).unwrap(),
        };
        let (now, token) = (Timestamp::default(), &|_, _| String::new());
        let env = Env { now, seed, machine_deleted: false, activity_exists: &|_| true, token };
        let mut execution = Execution::of(definition, mode);
        execution.step(&env, Event::Started(Box::new(start)));
        execution
    }

    #[test]
    fn the_context_object_and_the_time_limit_of_each_mode() {
        let count = r#"{"S":{"Type":"Pass","Parameters":{"c.$":"$$.Execution.RedriveCount"},"End":true}}"#;
        let wait = r#"{"S":{"Type":"Wait","Seconds":99999999,"End":true}}"#;
        let minutes = Timestamp::from_millis(300_000);
        let cases = [
            (Mode::Standard, true, None),
            (Mode::ExpressAsync, true, Some(minutes)),
            (Mode::ExpressSync, false, Some(minutes)),
        ];
        for (mode, counts, limit) in cases {
            let counted = run_as(mode, count, "{}", 0);
            let is_counted = matches!(counted.outcome(), Some(Outcome::Succeeded(_)));
            assert_eq!(is_counted, counts, "{mode:?}");
            let due =
                run_as(mode, wait, "{}", 0).outstanding().into_iter().find_map(|command| match command {
                    Command::Timer(timer) if timer.purpose == Purpose::Execution => Some(timer.due),
                    _ => None,
                });
            assert_eq!(due, limit, "{mode:?}");
        }
    }

    fn failed(error: &str, cause: &str) -> Outcome {
        Outcome::Failed(Failure::new(error, cause))
    }

    #[test]
    fn calls_fail_as_the_service_says() {
        let pass =
            |call: &str| format!(r#"{{"S":{{"Type":"Pass","Parameters":{{"r.$":"{call}"}},"End":true}}}}"#);
        let at = "An error occurred while executing the state 'S' (entered at the event id #2). ";
        let large = format!("\"{}\"", "x".repeat(200_000));
        let cases = [
            (pass("States.ArrayLength($)"), "[1,2]", Outcome::Succeeded(Payload::parse(r#"{"r":2}"#).unwrap())),
            (
                pass("States.Array(States.ArrayLength( $ ))"),
                "1",
                failed(
                    "States.Runtime",
                    &format!(
                        "{at}There was an error while evaluating the intrinsic function: \
                         States.Array(States.ArrayLength( $ )). Invalid arguments in States.ArrayLength"
                    ),
                ),
            ),
            (
                pass("States.Format('{}', $.x)"),
                "{ }",
                failed(
                    "States.Runtime",
                    &format!(
                        "{at}The function 'States.Format('{{}}', $.x)' had the following error: The JsonPath \
                         argument for the field '$.x' could not be found in the input '{{ }}'"
                    ),
                ),
            ),
            (
                pass("States.Format('{}{}', $, $)"),
                &large,
                failed(
                    "States.DataLimitExceeded",
                    "The state/task 'S' returned a result with a size exceeding the maximum number of bytes \
                     service limit.",
                ),
            ),
            (
                r#"{"S":{"Type":"Fail","ErrorPath":"States.ArrayGetItem($.l, 0)","CausePath":"States.Format('{}!', $.c)"}}"#
                    .to_owned(),
                r#"{"l":[["E"]],"c":"C"}"#,
                failed("[\"E\"]", "C!"),
            ),
        ];
        for (states, input, expected) in cases {
            assert_eq!(run(&states, input, 7), expected, "{states:.200}");
        }
    }

    /// One seed serves a whole step, yet no two draws in it are the same.
    #[test]
    fn draws_differ() {
        let states = r#"{
            "S":{"Type":"Pass","Parameters":{"a.$":"States.UUID()","b.$":"States.UUID()"},"Next":"T"},
            "T":{"Type":"Pass","Parameters":{"a.$":"$.a","b.$":"$.b","c.$":"States.UUID()"},"Next":"F"},
            "F":{"Type":"Fail","ErrorPath":"States.Format('{} {} {} {}', $.a, $.b, $.c, States.UUID())","CausePath":"States.UUID()"}
        }"#;
        let uuids = |seed| match run(states, "{}", seed) {
            Outcome::Failed(Failure { error: Some(error), cause: Some(cause), .. }) => {
                format!("{error} {cause}")
            }
            other => panic!("{other:?}"),
        };
        let (one, other) = (uuids(1), uuids(2));
        let different: std::collections::HashSet<_> = one.split(' ').chain(other.split(' ')).collect();
        assert_eq!(different.len(), 10);
        assert_eq!(one, uuids(1));
    }
}
