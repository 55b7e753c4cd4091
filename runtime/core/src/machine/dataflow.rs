//! The way of data through a state: InputPath, Parameters, ResultSelector, Assign, ResultPath, OutputPath.
//!
//! A payload that no field touches goes on as the same text; what a path or a template made is
//! printed compact. Source: States Language, "Input and Output Processing"; recorded causes.

use std::sync::Arc;

use super::children::Children;
use super::execution::Turn;
use super::fact::StateKind;
use super::retry::Failure;
use super::timestamp::to_iso;
use super::{FrameId, MAX_PAYLOAD_BYTES, Variables, execution, variables};
use crate::asl::definition::{Kind, Pattern, Resource, ResultPath, State};
use crate::expr::EvaluationError;
use crate::expr::intrinsic::{Budget, Call};
use crate::expr::path::{Origin, Path, REFERENCE_PATH_CONFLICT, Scope};
use crate::expr::template::Template;
use crate::json::{Object, Payload, Value};

/// The raw input through InputPath.
pub(super) fn input(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    raw: &Payload,
) -> Result<Payload, Failure> {
    through(turn, frame, state, state.input_path.as_ref(), raw)
}

/// What a state gives, through OutputPath, within the size limit.
pub(super) fn output(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    result: Payload,
) -> Result<Payload, Failure> {
    within_limit(through(turn, frame, state, state.output_path.as_ref(), &result)?, state)
}

/// A payload through a template, if the state has one.
pub(super) fn template(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    template: Option<&Template>,
    payload: Payload,
) -> Result<Payload, Failure> {
    let Some(template) = template else { return Ok(payload) };
    if let Some(constant) = template.constant() {
        return Ok(constant.clone());
    }
    let value = with_scope(turn, frame, &payload, |scope| template.evaluate(scope))?;
    print(value, state)
}

/// What an `Assign` gives for the data that it is evaluated on. Nothing is set yet: the values are found from
/// the variables as they were when the state was entered, and so is the state's output.
pub(super) fn assign(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    assign: Option<&Template>,
    data: &Payload,
) -> Result<Variables, Failure> {
    let Some(assign) = assign else { return Ok(Variables::new()) };
    let values = match assign.constant() {
        Some(constant) => constant.value().clone(),
        None => with_scope(turn, frame, data, |scope| assign.evaluate(scope))?,
    };
    let Some(values) = values.as_object() else { return Ok(Variables::new()) };
    let variables = variables::of(&state.name, values)?;
    variables::check_total(&state.name, turn.execution.variable_bytes_with(frame, &variables))?;
    Ok(variables)
}

/// What the iteration for an item of a Map gets: the item, or what the state's template makes of it.
///
/// The template alone sees the item, as `$$.Map.Item`; its `$` is the state's input.
pub(super) fn item(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    template: Option<&Template>,
    input: &Payload,
    (index, item): (u32, Value),
) -> Result<Payload, Failure> {
    let Some(template) = template else { return print(item, state) };
    if let Some(constant) = template.constant() {
        return Ok(constant.clone());
    }
    let context = || context_of_item(turn, frame, index, &item);
    print(in_context(turn, frame, input, &context, |scope| template.evaluate(scope))?, state)
}

/// The results of the branches or iterations of a block as one array, within the size limit.
pub(super) fn results(children: &Children, state: &State) -> Result<Payload, Failure> {
    children.results(MAX_PAYLOAD_BYTES).ok_or_else(|| too_large(state))
}

/// A result at its place in the raw input.
pub(super) fn result_path(
    state: &State,
    path: &ResultPath,
    raw: &Payload,
    result: Payload,
) -> Result<Payload, Failure> {
    match path {
        ResultPath::Discard => Ok(raw.clone()),
        ResultPath::Insert(path) if path.is_whole_input() => Ok(result),
        ResultPath::Insert(path) => {
            let inserted = path.insert(raw.value(), result.value().clone());
            print(inserted.map_err(|conflict| Failure::new(REFERENCE_PATH_CONFLICT, conflict.cause))?, state)
        }
    }
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
    Failure::new("States.DataLimitExceeded", cause)
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

/// The value that a path field leads to; the failure if it leads nowhere.
pub(super) fn select(
    turn: &Turn<'_>,
    frame: FrameId,
    path: &Path,
    input: &Payload,
) -> Result<Value, Failure> {
    with_scope(turn, frame, input, |scope| path.find(scope).map_err(|missing| missing.in_path_field(path)))
}

/// The value that a path leads to, where the caller says itself what is wrong.
pub(super) fn find(turn: &Turn<'_>, frame: FrameId, path: &Path, input: &Payload) -> Option<Value> {
    let (context, variables) = (|| context(turn, frame).into(), variables_of(turn, frame));
    path.find(&Scope::new(input, &context).with_variables(&variables)).ok()
}

/// The value that the path in a field such as `ErrorPath` leads to.
pub(super) fn field_at(
    turn: &Turn<'_>,
    frame: FrameId,
    field: &str,
    path: &Path,
    input: &Payload,
) -> Result<Value, Failure> {
    with_scope(turn, frame, input, |scope| {
        path.find(scope).map_err(|missing| missing.in_payload_field(path, field, scope))
    })
}

/// What the call in a field such as `ErrorPath` gives.
pub(super) fn call(turn: &Turn<'_>, frame: FrameId, call: &Call, input: &Payload) -> Result<Value, Failure> {
    with_scope(turn, frame, input, |scope| call.evaluate(scope, &mut Budget::default()))
}

/// Evaluates something on a payload; what goes wrong becomes the state's failure.
pub(super) fn with_scope<T, E: Into<EvaluationError>>(
    turn: &Turn<'_>,
    frame: FrameId,
    input: &Payload,
    evaluate: impl FnOnce(&Scope<'_>) -> Result<T, E>,
) -> Result<T, Failure> {
    in_context(turn, frame, input, &|| context(turn, frame).into(), evaluate)
}

fn in_context<T, E: Into<EvaluationError>>(
    turn: &Turn<'_>,
    frame: FrameId,
    input: &Payload,
    context: &dyn Fn() -> Value,
    evaluate: impl FnOnce(&Scope<'_>) -> Result<T, E>,
) -> Result<T, Failure> {
    let variables = variables_of(turn, frame);
    let scope = Scope::new(input, context).with_variables(&variables).with_seed(turn.seed());
    evaluate(&scope).map_err(|error| match (error.into(), turn.visit(frame)) {
        (EvaluationError::TooLarge, Some((_, state))) => too_large(state),
        (error, _) => runtime(turn, frame, &error.to_string()),
    })
}

/// The variables that a line of control can read.
fn variables_of(turn: &Turn<'_>, frame: FrameId) -> impl Fn(&str) -> Option<Value> {
    move |name| turn.variable(frame, name).map(|value| value.value().clone())
}

/// A failure of the state that a line of control is in, as the service words it: `States.Runtime`
/// with the state and its Entered event in front.
pub(super) fn runtime(turn: &Turn<'_>, frame: FrameId, text: &str) -> Failure {
    let Some((visit, state)) = turn.visit(frame) else { return Failure::runtime(text) };
    if turn.probe.is_some() {
        // A state that is tried was entered at no event that anybody knows (recorded).
        return Failure::runtime(text);
    }
    let (name, event) = (&state.name, visit.event.0);
    let prefix =
        format!("An error occurred while executing the state '{name}' (entered at the event id #{event}). ");
    Failure::runtime(prefix + text)
}

/// A value as causes show it: a string without its quotes, anything else as JSON.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => other.to_string(),
    }
}

/// A payload through a path; `{}` where the path is `null`.
pub(super) fn through(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    path: Option<&Path>,
    payload: &Payload,
) -> Result<Payload, Failure> {
    match path {
        None => Ok(Payload::empty_object()),
        Some(path) if path.is_whole_input() => Ok(payload.clone()),
        Some(path) => match whole_variable(path).and_then(|name| turn.variable(frame, name)) {
            // As its text, which need not be printed again each time.
            Some(variable) => Ok(variable.clone()),
            None => print(select(turn, frame, path, payload)?, state),
        },
    }
}

/// What a path leads to as it stands in its source, white space included; `None` where it is not one place
/// of a text that came from outside. So are items shown where a state is tried (recorded).
pub(super) fn as_written(turn: &Turn<'_>, path: &Path, input: &Payload) -> Option<Payload> {
    let source = match path.origin() {
        Origin::Input => input,
        Origin::Context => turn.probe?.given.context.as_ref()?,
        Origin::Variable => return None,
    };
    source.part(&path.pointer()?)
}

/// The name of a variable, if the path is nothing else.
fn whole_variable(path: &Path) -> Option<&str> {
    path.variable().filter(|name| path.text().strip_prefix('$') == Some(name))
}

/// The context object while an item of a Map is selected.
fn context_of_item(turn: &Turn<'_>, frame: FrameId, index: u32, value: &Value) -> Value {
    let mut context = context(turn, frame);
    context.insert("Map", map_of_item(index, value.clone()));
    context.into()
}

fn map_of_item(index: u32, value: Value) -> Object {
    let mut item = Object::with_capacity(2);
    item.insert("Index", Value::from(i64::from(index)));
    item.insert("Value", value);
    let mut map = Object::with_capacity(1);
    map.insert("Item", item);
    map
}

/// The context object, members in the service's order.
fn context(turn: &Turn<'_>, frame: FrameId) -> Object {
    if let Some(given) = turn.probe.and_then(|probe| probe.given.context.as_ref()) {
        return given.value().as_object().cloned().unwrap_or_default();
    }
    let mut context = Object::with_capacity(3);
    if let (Some(start), Some(at)) = (turn.execution.start(), turn.execution.started_at()) {
        let mut execution = Object::with_capacity(6);
        execution.insert("Id", Value::String(start.arn.clone()));
        execution.insert("Input", start.input.value().clone());
        execution.insert("StartTime", Value::String(to_iso(at).into()));
        execution.insert("Name", Value::String(start.name.clone()));
        let has_role = !start.role_arn.is_empty();
        let role = if has_role { Value::String(start.role_arn.clone()) } else { Value::Null };
        execution.insert("RoleArn", role);
        if turn.execution.mode().counts_redrives() {
            execution.insert("RedriveCount", Value::from(0i64));
        }
        context.insert("Execution", execution);
        let mut machine = Object::with_capacity(2);
        machine.insert("Id", Value::String(start.machine_arn.clone()));
        machine.insert("Name", Value::String(start.machine_name.clone()));
        context.insert("StateMachine", machine);
    }
    if let Some((visit, state)) = turn.visit(frame) {
        let mut current = Object::with_capacity(3);
        current.insert("Name", Value::String(state.name.clone()));
        current.insert("EnteredTime", Value::String(to_iso(visit.at).into()));
        // Only states that can be retried have a count (recorded).
        if let StateKind::Task | StateKind::Parallel | StateKind::Map = execution::kind_of(state) {
            let retries = turn.probe.map_or_else(|| visit.retry_count(), |probe| probe.given.retries);
            current.insert("RetryCount", Value::from(i64::from(retries)));
        }
        context.insert("State", current);
    }
    if let Some(attempt) = turn.attempt
        && has_token(turn, frame)
    {
        let mut task = Object::with_capacity(1);
        task.insert("Token", Value::String((turn.env.token)(frame, attempt).into()));
        context.insert("Task", task);
    }
    if let Some(item) = turn.probe.and_then(|probe| probe.given.item.as_ref()) {
        context.insert("Map", map_of_item(0, item.clone()));
    }
    context
}

/// Whether whoever has a token answers the task of the state that a line of control is in.
fn has_token(turn: &Turn<'_>, frame: FrameId) -> bool {
    let Some((_, State { kind: Kind::Task(task), .. })) = turn.visit(frame) else { return false };
    matches!(task.resource, Resource::Service { pattern: Pattern::Token, .. })
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
