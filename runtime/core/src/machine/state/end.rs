//! Succeed and Fail: the ends of a line of control.

use std::sync::Arc;

use super::{Exit, Flow, exit};
use crate::asl::definition::{Fail, State, Transition, Words};
use crate::json::{Payload, Value};
use crate::machine::execution::Turn;
use crate::machine::retry::Failure;
use crate::machine::trial::Stage;
use crate::machine::{FrameId, Variables, dataflow};

pub(super) fn succeed(turn: &mut Turn<'_>, frame: FrameId, state: &State) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let result = dataflow::input(turn, frame, state, &raw)?;
    turn.saw(Stage::InputPath, &result);
    exit(turn, frame, state, Exit { transition: Transition::End, result, assigned: Variables::new() })
}

pub(super) fn fail(
    turn: &mut Turn<'_>,
    frame: FrameId,
    _state: &State,
    fail: &Fail,
) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    turn.saw(Stage::InputPath, &raw);
    let error = words(turn, frame, "ErrorPath", fail.error.as_ref(), &raw)?;
    let cause = words(turn, frame, "CausePath", fail.cause.as_ref(), &raw)?;
    Ok(Flow::Fail(Failure { error, cause, ..Failure::default() }))
}

fn words(
    turn: &Turn<'_>,
    frame: FrameId,
    field: &str,
    words: Option<&Words>,
    raw: &Payload,
) -> Result<Option<Arc<str>>, Failure> {
    match words {
        None => Ok(None),
        Some(Words::Fixed(text)) => Ok(Some(text.clone())),
        Some(Words::Path(path)) => {
            dataflow::field_at(turn, frame, field, path, raw).map(|value| Some(text(value)))
        }
        Some(Words::Call(call)) => dataflow::call(turn, frame, call, raw).map(|value| Some(text(value))),
    }
}

/// The specification asks for a string; what the service says otherwise was not recorded. The
/// value's JSON text loses nothing.
fn text(value: Value) -> Arc<str> {
    match value {
        Value::String(text) => text,
        other => other.to_string().into(),
    }
}
