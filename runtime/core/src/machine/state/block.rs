//! What Parallel and Map share: the ends of their branches and iterations.
//!
//! A block of lines of control runs inside a line of control that is in a Parallel or Map state.
//! Only the block that fails is touched when it does, at any depth.

use super::{Flow, failed_by, map, parallel};
use crate::asl::definition::{Kind, State, StateId};
use crate::machine::dataflow::Fault;
use crate::machine::execution::{Place, Turn, WaitsFor, kind_of};
use crate::machine::retry::Failure;
use crate::machine::{Fact, FrameId, StateKind};

/// A branch or an iteration has come to its end: where its block goes, if it goes on.
pub(in crate::machine) fn child_ended(turn: &mut Turn<'_>, child: FrameId) -> Option<(FrameId, Flow)> {
    let Place { block, index } = turn.place(child)?;
    in_state(turn, block, |turn, state| match &state.kind {
        Kind::Parallel(parallel) => parallel::branch_ended(turn, block, state, parallel, child),
        Kind::Map(map) => map::iteration_ended(turn, block, state, map, (child, index)),
        Kind::Pass(_) | Kind::Task(_) | Kind::Choice(_) | Kind::Wait(_) | Kind::Succeed | Kind::Fail(_) => {
            None
        }
    })
}

/// A branch or an iteration has failed: where its block goes.
pub(in crate::machine) fn child_failed(
    turn: &mut Turn<'_>,
    child: FrameId,
    failure: Failure,
) -> Option<(FrameId, Flow)> {
    let Place { block, .. } = turn.place(child)?;
    in_state(turn, block, |turn, state| Some((block, failed_by(turn, block, state, failure, Some(child)))))
}

/// The first state of a branch or an iteration.
pub(super) fn begin(turn: &Turn<'_>, child: FrameId) -> Option<StateId> {
    let Place { block, index } = turn.place(child)?;
    let (_, state) = turn.visit(block)?;
    match &state.kind {
        Kind::Parallel(parallel) => parallel.branches.get(index as usize).copied(),
        Kind::Map(map) => Some(map.start_at),
        Kind::Pass(_) | Kind::Task(_) | Kind::Choice(_) | Kind::Wait(_) | Kind::Succeed | Kind::Fail(_) => {
            None
        }
    }
}

/// Goes on with the branches or iterations that have not succeeded, in their order; then with the items
/// that there is room for.
pub(super) fn resume(turn: &mut Turn<'_>, block: FrameId, state: &State) -> Result<Flow, Fault> {
    let open: Vec<FrameId> =
        turn.children(block).into_iter().flat_map(|children| children.running()).collect();
    turn.run_soon(block, open.into_iter().map(|child| (child, Flow::Resume)));
    if let Kind::Map(map) = &state.kind {
        map::go_on(turn, block, state, map)?;
    }
    Ok(Flow::Wait)
}

/// Ends what is under way in a block that fails, by this branch or iteration or by itself.
///
/// Every event points back to the one that made it fail. An iteration has its own event before that
/// of the state that it is in, and the one that failed comes in its place by index (recorded); of
/// blocks in blocks the same is assumed.
pub(super) fn abort(turn: &mut Turn<'_>, block: FrameId, failed: Option<FrameId>) {
    let cause = turn.cursor(failed.unwrap_or(block));
    if let (Some(frame), Some(WaitsFor::Branches(_))) = (failed, turn.waits_for(block)) {
        turn.record(frame, Fact::BranchFailed { frame });
    }
    let mut open = children(turn, block);
    while let Some(frame) = open.pop() {
        // Also one that has no event of its own may wait: for a retry, or to be begun.
        turn.touch(frame);
        for fact in
            [iteration_over(turn, frame, failed), state_aborted(turn, frame, failed)].into_iter().flatten()
        {
            turn.record_from(cause, fact);
        }
        open.append(&mut children(turn, frame));
    }
}

/// What runs in a block, the first branch or item last. What a redrive has not come to yet does not run.
fn children(turn: &Turn<'_>, block: FrameId) -> Vec<FrameId> {
    let children = turn.children(block).into_iter().flat_map(|children| children.running().rev());
    children.filter(|child| !turn.is_halted(*child)).collect()
}

/// That an iteration failed or was aborted; nothing for a branch.
fn iteration_over(turn: &Turn<'_>, frame: FrameId, failed: Option<FrameId>) -> Option<Fact> {
    let Place { block, index } = turn.place(frame)?;
    let (visit, state) = turn.visit(block)?;
    let WaitsFor::Items(_) = visit.waits_for else { return None };
    let name = state.name.clone();
    Some(match failed {
        Some(failed) if failed == frame => Fact::MapIterationFailed { frame, name, index },
        _ => Fact::MapIterationAborted { frame, name, index },
    })
}

/// That a state was aborted, as far as its kind has such an event. The Task that made the block fail
/// has it too (recorded). A Parallel or Map that did so has told its own failure, and it is assumed
/// that it says no more; nor does a branch that was not begun.
fn state_aborted(turn: &Turn<'_>, frame: FrameId, failed: Option<FrameId>) -> Option<Fact> {
    let (_, state) = turn.visit(frame)?;
    match kind_of(state) {
        kind @ (StateKind::Task | StateKind::Wait) => Some(Fact::StateAborted { frame, kind }),
        kind @ (StateKind::Parallel | StateKind::Map) if failed != Some(frame) => {
            Some(Fact::StateAborted { frame, kind })
        }
        StateKind::Parallel
        | StateKind::Map
        | StateKind::Pass
        | StateKind::Choice
        | StateKind::Succeed
        | StateKind::Fail => None,
    }
}

/// Does something with the state that a line of control is in.
fn in_state<'t, T>(
    turn: &mut Turn<'t>,
    frame: FrameId,
    act: impl FnOnce(&mut Turn<'t>, &State) -> Option<T>,
) -> Option<T> {
    let definition = turn.execution.definition().clone();
    let state = turn.visit(frame).and_then(|(visit, _)| definition.state(visit.state))?;
    act(turn, state)
}
