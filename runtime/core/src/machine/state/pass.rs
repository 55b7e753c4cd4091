//! Pass: its input, or a fixed result, goes on.

use super::{Exit, Flow, exit};
use crate::asl::definition::{Pass, State};
use crate::machine::execution::Turn;
use crate::machine::retry::Failure;
use crate::machine::trial::Stage;
use crate::machine::{FrameId, dataflow};

pub(super) fn enter(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    pass: &Pass,
) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    turn.saw(Stage::InputPath, &input);
    let input = dataflow::template(turn, frame, state, pass.parameters.as_ref(), input)?;
    turn.saw(Stage::Parameters, &input);
    if let Some(result) = &pass.result {
        turn.saw(Stage::Result, result);
    }
    let result = pass.result.clone().unwrap_or(input);
    turn.saw(Stage::ResultSelector, &result);
    let assigned = dataflow::assign(turn, frame, state, state.assign.as_ref(), &result)?;
    let result = dataflow::result_path(state, &pass.result_path, &raw, result)?;
    turn.saw(Stage::ResultPath, &result);
    exit(turn, frame, state, Exit { transition: pass.transition, result, assigned })
}
