//! Pass: its input, or a fixed result, goes on.

use super::{Flow, exit};
use crate::asl::definition::{Pass, State};
use crate::machine::FrameId;
use crate::machine::dataflow::{self, Fault, Product};
use crate::machine::execution::Turn;
use crate::machine::trial::Stage;

pub(super) fn enter(turn: &mut Turn<'_>, frame: FrameId, state: &State, pass: &Pass) -> Result<Flow, Fault> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    let input = dataflow::arguments(turn, frame, state, input)?;
    if let Some(result) = &pass.result {
        turn.saw(Stage::Result, result);
    }
    let result = pass.result.clone().unwrap_or(input);
    exit(turn, frame, state, pass.transition, Product::Input(result))
}
