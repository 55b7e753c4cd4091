//! Choice: the first rule that holds says where to go.

use super::{Flow, exited};
use crate::asl::definition::{Choice, Condition, Rule, State};
use crate::json::{Payload, Value};
use crate::machine::dataflow::{self, Fault, Product, jsonata, jsonpath};
use crate::machine::execution::Turn;
use crate::machine::{FrameId, test};

pub(super) fn enter(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    choice: &Choice,
) -> Result<Flow, Fault> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    // The state's own Assign and Output are for the case that no rule holds (recorded).
    let (next, exit) = match choose(turn, frame, choice, &input)? {
        Some(rule) => (Some(rule.next), &rule.exit),
        None => (choice.default, &state.exit),
    };
    let Some(next) = next else {
        // Not the specification's States.NoChoiceMatched (recorded, 2026-09).
        let text = "Failed to transition out of the state. The state does not point to a next state.";
        return Err(dataflow::runtime(turn, frame, text).into());
    };
    let left = dataflow::leave(turn, frame, state, exit, Product::Input(input))?;
    turn.record(frame, exited(frame, state, left));
    Ok(Flow::Next(next))
}

/// The first rule that holds.
fn choose<'a>(
    turn: &Turn<'_>,
    frame: FrameId,
    choice: &'a Choice,
    input: &Payload,
) -> Result<Option<&'a Rule>, Fault> {
    for rule in &choice.rules {
        let holds = match &rule.condition {
            Condition::Test(test) => {
                jsonpath::with_scope(turn, frame, input, |scope| test::holds(test, scope))?
            }
            Condition::Literal(holds) => *holds,
            Condition::Query(query) => jsonata::value(turn, frame, query, "boolean")? == Value::Bool(true),
        };
        if holds {
            return Ok(Some(rule));
        }
    }
    Ok(None)
}
