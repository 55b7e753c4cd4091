//! Choice: the first rule that holds says where to go.

use super::{Flow, exit};
use crate::asl::definition::{Choice, State, StateId, Transition};
use crate::machine::execution::Turn;
use crate::machine::retry::Failure;
use crate::machine::{FrameId, dataflow, test};

pub(super) fn enter(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    choice: &Choice,
) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    let next = dataflow::with_scope(turn, frame, &input, |scope| choose(choice, scope))?;
    let Some(next) = next else {
        // Not the specification's States.NoChoiceMatched (recorded, 2026-09).
        let text = "Failed to transition out of the state. The state does not point to a next state.";
        return Err(dataflow::runtime(turn, frame, text));
    };
    exit(turn, frame, state, Transition::Next(next), input)
}

fn choose(choice: &Choice, scope: &crate::expr::path::Scope<'_>) -> Result<Option<StateId>, String> {
    for rule in &choice.rules {
        if test::holds(&rule.test, scope)? {
            return Ok(Some(rule.next));
        }
    }
    Ok(choice.default)
}
