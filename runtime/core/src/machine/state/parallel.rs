//! Parallel: branches side by side, and an array of what they give.

use super::{Flow, exit_after, failed};
use crate::asl::definition::{Parallel, State};
use crate::json::Payload;
use crate::machine::dataflow::{self, Fault, Product};
use crate::machine::execution::Turn;
use crate::machine::{Fact, FrameId};

/// The first attempt, or the next one: each begins all branches.
pub(super) fn start(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    parallel: &Parallel,
) -> Result<Flow, Fault> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    let input = dataflow::arguments(turn, frame, state, input)?;
    let input = dataflow::within_limit(input, state)?;
    let first = turn.execution.next_frame();
    let branches = u32::try_from(parallel.branches.len()).unwrap_or(u32::MAX);
    turn.record(frame, Fact::ParallelStarted { frame, first, branches, input });
    let begin = parallel.branches.iter().copied().map(Flow::Next);
    turn.run_soon(frame, (first.0..).map(FrameId).zip(begin));
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
    Some((frame, flow.unwrap_or_else(|fault| failed(turn, frame, state, fault))))
}

fn succeed(turn: &mut Turn<'_>, frame: FrameId, state: &State, parallel: &Parallel) -> Result<Flow, Fault> {
    let Some(children) = turn.children(frame) else { return Ok(Flow::Wait) };
    let result = dataflow::results(children, state)?;
    leave(turn, frame, state, parallel, result)
}

/// All branches have ended, with this result.
pub(super) fn leave(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    parallel: &Parallel,
    result: Payload,
) -> Result<Flow, Fault> {
    // The exit points to the last event of the branches too; a failure to the Succeeded event (recorded).
    let last = turn.cursor(frame);
    turn.record(frame, Fact::ParallelSucceeded { frame });
    exit_after(turn, last, frame, state, parallel.transition, Product::Result(result))
}
