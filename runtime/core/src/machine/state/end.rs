//! Succeed and Fail: the ends of a line of control.

use std::sync::Arc;

use super::{Flow, exit};
use crate::asl::definition::{Fail, State, Transition, Words};
use crate::json::{Payload, Value};
use crate::machine::FrameId;
use crate::machine::dataflow::{self, Fault, Product, jsonata, jsonpath};
use crate::machine::execution::Turn;
use crate::machine::retry::Failure;

pub(super) fn succeed(turn: &mut Turn<'_>, frame: FrameId, state: &State) -> Result<Flow, Fault> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    exit(turn, frame, state, Transition::End, Product::Input(input))
}

pub(super) fn fail(turn: &mut Turn<'_>, frame: FrameId, state: &State, fail: &Fail) -> Result<Flow, Fault> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    // It has no InputPath; all of its input goes through.
    let raw = dataflow::input(turn, frame, state, &raw)?;
    let error = words(turn, frame, "ErrorPath", fail.error.as_ref(), &raw)?;
    let cause = words(turn, frame, "CausePath", fail.cause.as_ref(), &raw)?;
    Ok(Flow::Fail(Failure::said(error, cause)))
}

fn words(
    turn: &Turn<'_>,
    frame: FrameId,
    field: &str,
    words: Option<&Words>,
    raw: &Payload,
) -> Result<Option<Arc<str>>, Fault> {
    match words {
        None => Ok(None),
        Some(Words::Fixed(text)) => Ok(Some(text.clone())),
        Some(Words::Path(path)) => Ok(Some(text(jsonpath::field_at(turn, frame, field, path, raw)?))),
        Some(Words::Call(call)) => Ok(Some(text(jsonpath::call(turn, frame, call, raw)?))),
        Some(Words::Query(query)) => jsonata::text(turn, frame, query).map(Some),
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
