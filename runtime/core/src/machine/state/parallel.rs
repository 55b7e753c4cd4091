//! Parallel: branches side by side, and an array of what they give.

use super::{Exit, Flow, exit_after, failed};
use crate::asl::definition::{Parallel, State};
use crate::json::Payload;
use crate::machine::execution::Turn;
use crate::machine::retry::Failure;
use crate::machine::trial::Stage;
use crate::machine::{Fact, FrameId, dataflow};

/// The first attempt, or the next one: each begins all branches.
pub(super) fn start(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    parallel: &Parallel,
) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    let input = dataflow::template(turn, frame, state, parallel.parameters.as_ref(), input)?;
    let input = dataflow::within_limit(input, state)?;
    let first = turn.execution.next_frame();
    let branches = u32::try_from(parallel.branches.len()).unwrap_or(u32::MAX);
    turn.record(frame, Fact::ParallelStarted { frame, first, branches, input });
    turn.run_soon(frame, (first.0..).map(FrameId).zip(parallel.branches.iter().copied()));
    Ok(Flow::Wait)
}

/// A branch has come to its end. Where the state goes, if that was the last one.
pub(super) fn branch_ended(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    parallel: &Parallel,
    branch: FrameId,
) -> Option<(FrameId, Flow)> {
    turn.record(branch, Fact::BranchSucceeded { frame: branch });
    if !turn.children(frame)?.are_done() {
        return None;
    }
    let flow = succeed(turn, frame, state, parallel);
    Some((frame, flow.unwrap_or_else(|failure| failed(turn, frame, state, failure))))
}

fn succeed(turn: &mut Turn<'_>, frame: FrameId, state: &State, parallel: &Parallel) -> Result<Flow, Failure> {
    let (Some(raw), Some(children)) = (turn.raw_input(frame), turn.children(frame)) else {
        return Ok(Flow::Wait);
    };
    let result = dataflow::results(children, state)?;
    leave(turn, frame, state, parallel, (raw, result))
}

/// All branches have ended, with this result.
pub(super) fn leave(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    parallel: &Parallel,
    (raw, result): (Payload, Payload),
) -> Result<Flow, Failure> {
    // The exit points to the last event of the branches too; a failure to the Succeeded event (recorded).
    let last = turn.cursor(frame);
    turn.record(frame, Fact::ParallelSucceeded { frame });
    let result = dataflow::template(turn, frame, state, parallel.result_selector.as_ref(), result)?;
    turn.saw(Stage::ResultSelector, &result);
    let assigned = dataflow::assign(turn, frame, state, state.assign.as_ref(), &result)?;
    let result = dataflow::result_path(state, &parallel.result_path, &raw, result)?;
    turn.saw(Stage::ResultPath, &result);
    exit_after(turn, last, frame, state, Exit { transition: parallel.transition, result, assigned })
}
