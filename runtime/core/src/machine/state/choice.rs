//! Choice: the first rule that holds says where to go.

use super::{Exit, Flow, exit};
use crate::asl::definition::{Choice, Rule, State, Transition};
use crate::expr::path::Scope;
use crate::machine::execution::Turn;
use crate::machine::retry::Failure;
use crate::machine::trial::Stage;
use crate::machine::{FrameId, dataflow, test};

pub(super) fn enter(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    choice: &Choice,
) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    turn.saw(Stage::InputPath, &input);
    let rule = dataflow::with_scope(turn, frame, &input, |scope| choose(choice, scope))?;
    // The state's own Assign is for the case that no rule holds (recorded).
    let (next, assign) = match rule {
        Some(rule) => (Some(rule.next), &rule.assign),
        None => (choice.default, &state.assign),
    };
    let Some(next) = next else {
        // Not the specification's States.NoChoiceMatched (recorded, 2026-09).
        let text = "Failed to transition out of the state. The state does not point to a next state.";
        return Err(dataflow::runtime(turn, frame, text));
    };
    let assigned = dataflow::assign(turn, frame, state, assign.as_ref(), &input)?;
    exit(turn, frame, state, Exit { transition: Transition::Next(next), result: input, assigned })
}

/// The first rule that holds.
fn choose<'a>(choice: &'a Choice, scope: &Scope<'_>) -> Result<Option<&'a Rule>, String> {
    for rule in &choice.rules {
        if test::holds(&rule.test, scope)? {
            return Ok(Some(rule));
        }
    }
    Ok(None)
}
