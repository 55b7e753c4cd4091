//! The way of data through a JSONPath state: InputPath, Parameters, ResultSelector, Assign, ResultPath, OutputPath.

use super::{Left, context, print, too_large, within_limit};
use crate::asl::definition::{ResultPath, State};
use crate::expr::EvaluationError;
use crate::expr::intrinsic::{Budget, Call};
use crate::expr::path::{Origin, Path, REFERENCE_PATH_CONFLICT, Scope};
use crate::expr::template::Template;
use crate::json::{Payload, Value};
use crate::machine::execution::Turn;
use crate::machine::retry::Failure;
use crate::machine::trial::Stage;
use crate::machine::{FrameId, Variables, variables};

/// The fields that say what a state leaves with.
pub(super) struct Fields<'a> {
    pub(super) result_selector: Option<&'a Template>,
    pub(super) assign: Option<&'a Template>,
    pub(super) result_path: &'a ResultPath,
    pub(super) output_path: Option<&'a Path>,
    /// Whether the stages are those of the state, and not of a catcher.
    pub(super) is_seen: bool,
}

/// What a state leaves with, from its raw input and what it has come to.
pub(super) fn leave(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    fields: &Fields<'_>,
    raw: &Payload,
    result: Payload,
) -> Result<Left, Failure> {
    let saw = |stage, result: &Payload| {
        if fields.is_seen {
            turn.saw(stage, result);
        }
    };
    let result = template(turn, frame, state, fields.result_selector, result)?;
    saw(Stage::ResultSelector, &result);
    let assigned = assign(turn, frame, state, fields.assign, &result)?;
    let result = result_path(state, fields.result_path, raw, result)?;
    saw(Stage::ResultPath, &result);
    let output = within_limit(through(turn, frame, state, fields.output_path, &result)?, state)?;
    Ok(Left { output, assigned })
}

/// A payload through a template, if the state has one.
pub(in crate::machine) fn template(
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
fn assign(
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

/// What the iteration for an item of a Map gets. The template alone sees the item, as `$$.Map.Item`; its `$` is
/// the state's input.
pub(super) fn item(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    template: &Template,
    input: &Payload,
    (index, item): (u32, Value),
) -> Result<Payload, Failure> {
    if let Some(constant) = template.constant() {
        return Ok(constant.clone());
    }
    let context = || context::of_item(turn, frame, index, &item);
    print(in_context(turn, frame, input, &context, |scope| template.evaluate(scope))?, state)
}

/// A result at its place in the raw input.
fn result_path(state: &State, path: &ResultPath, raw: &Payload, result: Payload) -> Result<Payload, Failure> {
    match path {
        ResultPath::Discard => Ok(raw.clone()),
        ResultPath::Insert(path) if path.is_whole_input() => Ok(result),
        ResultPath::Insert(path) => {
            let inserted = path.insert(raw.value(), result.value().clone());
            print(inserted.map_err(|conflict| Failure::new(REFERENCE_PATH_CONFLICT, conflict.cause))?, state)
        }
    }
}

/// The value that a path field leads to; the failure if it leads nowhere.
pub(in crate::machine) fn select(
    turn: &Turn<'_>,
    frame: FrameId,
    path: &Path,
    input: &Payload,
) -> Result<Value, Failure> {
    with_scope(turn, frame, input, |scope| path.find(scope).map_err(|missing| missing.in_path_field(path)))
}

/// The value that a path leads to, where the caller says itself what is wrong.
pub(in crate::machine) fn find(
    turn: &Turn<'_>,
    frame: FrameId,
    path: &Path,
    input: &Payload,
) -> Option<Value> {
    let (context, variables) = (|| context::of(turn, frame).into(), variables_of(turn, frame));
    path.find(&Scope::new(input, &context).with_variables(&variables)).ok()
}

/// The value that the path in a field such as `ErrorPath` leads to.
pub(in crate::machine) fn field_at(
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
pub(in crate::machine) fn call(
    turn: &Turn<'_>,
    frame: FrameId,
    call: &Call,
    input: &Payload,
) -> Result<Value, Failure> {
    with_scope(turn, frame, input, |scope| call.evaluate(scope, &mut Budget::default()))
}

/// Evaluates something on a payload; what goes wrong becomes the state's failure.
pub(in crate::machine) fn with_scope<T, E: Into<EvaluationError>>(
    turn: &Turn<'_>,
    frame: FrameId,
    input: &Payload,
    evaluate: impl FnOnce(&Scope<'_>) -> Result<T, E>,
) -> Result<T, Failure> {
    in_context(turn, frame, input, &|| context::of(turn, frame).into(), evaluate)
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
    let result = evaluate(&scope);
    turn.worked(scope.visits());
    result.map_err(|error| match (error.into(), turn.visit(frame)) {
        (EvaluationError::TooLarge, Some((_, state))) => too_large(state),
        (error, _) => super::runtime(turn, frame, &error.to_string()),
    })
}

/// The variables that a line of control can read.
fn variables_of(turn: &Turn<'_>, frame: FrameId) -> impl Fn(&str) -> Option<Value> {
    move |name| turn.variable(frame, name).map(|value| value.value().clone())
}

/// A payload through a path; `{}` where the path is `null`.
pub(in crate::machine) fn through(
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
pub(in crate::machine) fn as_written(turn: &Turn<'_>, path: &Path, input: &Payload) -> Option<Payload> {
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
