//! The kinds of state: how each is entered, and what wakes it.
//!
//! One file a kind, free functions over a [`Turn`]. A new kind is a new file, a variant of
//! [`Kind`], and one line in [`enter`].

use std::borrow::Cow;

use super::dataflow;
use super::execution::{Turn, kind_of};
use super::retry::{self, Failure, Origin};
use super::trial::Mock;
use super::{EventId, Fact, FrameId, StateKind, Variables};
use crate::asl::definition::{Catcher, Kind, Retrier, State, StateId, Transition};
use crate::json::Payload;
use crate::machine::execution::WaitsFor;

pub(super) mod block;
pub(super) mod choice;
pub(super) mod end;
pub(super) mod map;
pub(super) mod parallel;
pub(super) mod pass;
pub(super) mod task;
pub(super) mod wait;

/// Where a line of control goes from here.
#[derive(Debug)]
pub(super) enum Flow {
    /// On to this state.
    Next(StateId),
    /// To its end, with the output of the state just left.
    End,
    /// Nowhere until something happens.
    Wait,
    /// To its end, with a failure that no state takes.
    Fail(Failure),
}

/// Enters a state and runs it as far as it can without waiting.
pub(super) fn enter(turn: &mut Turn<'_>, frame: FrameId, id: StateId) -> Flow {
    let definition = turn.execution.definition().clone();
    let (Some(state), Some(input)) = (definition.state(id), turn.data(frame)) else { return Flow::Wait };
    turn.record(frame, Fact::StateEntered { frame, kind: kind_of(state), name: state.name.clone(), input });
    run(turn, frame, state).unwrap_or_else(|failure| failed(turn, frame, state, failure))
}

/// Another attempt after a back-off. The state stays entered.
pub(super) fn retry(turn: &mut Turn<'_>, frame: FrameId) {
    let definition = turn.execution.definition().clone();
    let Some(state) = turn.visit(frame).and_then(|(visit, _)| definition.state(visit.state)) else { return };
    let flow = run(turn, frame, state).unwrap_or_else(|failure| failed(turn, frame, state, failure));
    turn.follow(frame, flow);
}

/// What a state does once it is entered, and once more with every retry.
fn run(turn: &mut Turn<'_>, frame: FrameId, state: &State) -> Result<Flow, Failure> {
    match &state.kind {
        Kind::Pass(pass) => pass::enter(turn, frame, state, pass),
        Kind::Task(task) => task::schedule(turn, frame, state, task),
        Kind::Choice(choice) => choice::enter(turn, frame, state, choice),
        Kind::Wait(wait) => wait::enter(turn, frame, state, wait),
        Kind::Succeed => end::succeed(turn, frame, state),
        Kind::Fail(fail) => end::fail(turn, frame, state, fail),
        Kind::Parallel(parallel) => parallel::start(turn, frame, state, parallel),
        Kind::Map(map) => map::start(turn, frame, state, map),
    }
}

/// What a state leaves with.
struct Exit {
    transition: Transition,
    /// The data, before OutputPath.
    result: Payload,
    /// What the state's `Assign` gives, or that of the rule that was taken.
    assigned: Variables,
}

/// Leaves a state: OutputPath, the size limit, the Exited event.
fn exit(turn: &mut Turn<'_>, frame: FrameId, state: &State, exit: Exit) -> Result<Flow, Failure> {
    let previous = turn.cursor(frame);
    exit_after(turn, previous, frame, state, exit)
}

/// Leaves a state after another event than the last of its line of control.
fn exit_after(
    turn: &mut Turn<'_>,
    previous: EventId,
    frame: FrameId,
    state: &State,
    Exit { transition, result, assigned }: Exit,
) -> Result<Flow, Failure> {
    let output = dataflow::output(turn, frame, state, result)?;
    turn.record_from(previous, exited(frame, state, output, assigned));
    Ok(match transition {
        Transition::Next(next) => Flow::Next(next),
        Transition::End => Flow::End,
    })
}

/// The Exited event, in the form that has the variables that were set, if any were.
fn exited(frame: FrameId, state: &State, output: Payload, variables: Variables) -> Fact {
    let (kind, name) = (kind_of(state), state.name.clone());
    if variables.is_empty() {
        Fact::StateExited { frame, kind, name, output }
    } else {
        Fact::StateExitedAssigned { frame, kind, name, output, variables }
    }
}

/// A state has failed by itself.
fn failed(turn: &mut Turn<'_>, frame: FrameId, state: &State, failure: Failure) -> Flow {
    failed_by(turn, frame, state, failure, None)
}

/// A state has failed, by itself or by a branch or an iteration of it: its retriers take the
/// failure, or its catchers, or nobody here does.
fn failed_by(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    failure: Failure,
    child: Option<FrameId>,
) -> Flow {
    if failure.is_runtime() {
        return Flow::Fail(failure);
    }
    let (retriers, catchers): (&[Retrier], &[Catcher]) = match &state.kind {
        Kind::Task(task) => (&task.retriers, &task.catchers),
        Kind::Parallel(parallel) => (&parallel.retriers, &parallel.catchers),
        Kind::Map(map) => (&map.retriers, &map.catchers),
        Kind::Pass(_) | Kind::Choice(_) | Kind::Wait(_) | Kind::Succeed | Kind::Fail(_) => (&[], &[]),
    };
    let origin = match kind_of(state) {
        StateKind::Parallel if child.is_some() => Origin::Branch,
        _ => Origin::Own,
    };
    block::abort(turn, frame, child);
    if retried(turn, frame, retriers, &failure, origin) {
        return Flow::Wait;
    }
    // Also where nothing was begun (recorded); other kinds of state have no such event.
    match kind_of(state) {
        StateKind::Parallel => turn.record(frame, Fact::ParallelFailed { frame }),
        StateKind::Map => turn.record(frame, Fact::MapFailed { frame }),
        StateKind::Pass
        | StateKind::Task
        | StateKind::Choice
        | StateKind::Wait
        | StateKind::Succeed
        | StateKind::Fail => {}
    }
    let found = retry::find_catcher(catchers, &failure, origin);
    let Some(catcher) = found.and_then(|found| catchers.get(found)) else {
        return Flow::Fail(failure);
    };
    if let Some(probe) = turn.probe {
        probe.note(|seen| seen.catcher = found);
        probe.handled(&failure);
    }
    caught(turn, frame, state, catcher, &failure).unwrap_or_else(Flow::Fail)
}

/// What stands for the work that a state waits for, where it is tried.
pub(super) fn mocked(turn: &mut Turn<'_>, frame: FrameId, mock: Mock) {
    let definition = turn.execution.definition().clone();
    let Some(state) = turn.visit(frame).and_then(|(visit, _)| definition.state(visit.state)) else { return };
    let (Some(raw), Some(waits_for)) = (turn.raw_input(frame), turn.waits_for(frame)) else { return };
    let first = waits_for.children().and_then(|children| children.running().next());
    let left = match (&state.kind, waits_for) {
        (Kind::Task(_), _) => return task::mocked(turn, frame, mock.answer),
        (Kind::Parallel(parallel), WaitsFor::Branches(_)) => match mock.answer {
            Ok(result) => parallel::leave(turn, frame, state, parallel, (raw, result)),
            Err(failure) => Ok(failed_by(turn, frame, state, failure, first)),
        },
        (Kind::Map(map), WaitsFor::Items(_)) => map::mocked(turn, frame, state, map, mock),
        _ => return,
    };
    let flow = left.unwrap_or_else(|failure| failed(turn, frame, state, failure));
    turn.follow(frame, flow);
}

fn retried(
    turn: &mut Turn<'_>,
    frame: FrameId,
    retriers: &[Retrier],
    failure: &Failure,
    origin: Origin,
) -> bool {
    let Some((visit, _)) = turn.visit(frame) else { return false };
    let counts = turn.probe.map_or(Cow::Borrowed(&*visit.retries), |probe| {
        probe.note(|seen| seen.retrier = retry::naming_retrier(retriers, failure, origin));
        Cow::Owned(vec![probe.given.retries; retriers.len()])
    });
    let Some(found) = retry::find_retrier(retriers, &counts, failure, origin) else { return false };
    let Some(retrier) = retriers.get(found) else { return false };
    let attempt = counts.get(found).copied().unwrap_or(0).saturating_add(1);
    // One seed serves a whole step: mixed with where it is used, no two draws are the same.
    let seed = turn.env.seed ^ (u64::from(frame.0) << 32) ^ turn.execution.last_event().0;
    let delay = retry::delay(retrier, attempt, seed);
    if let Some(probe) = turn.probe {
        probe.note(|seen| seen.back_off = Some(delay));
        probe.handled(failure);
    }
    let due = turn.env.now.saturating_add(delay);
    turn.record(frame, Fact::RetryScheduled { frame, retrier: found as u32, due });
    true
}

/// The failure goes into the raw input, and the line of control on to the catcher's next state. The catcher's
/// own Assign applies, on the error output; the state's does not, nor does its OutputPath (recorded).
fn caught(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    catcher: &Catcher,
    failure: &Failure,
) -> Result<Flow, Failure> {
    let Some(raw) = turn.visit(frame).map(|(visit, _)| visit.input.clone()) else { return Ok(Flow::Wait) };
    let error = dataflow::error_output(failure);
    let assigned = dataflow::assign(turn, frame, state, catcher.assign.as_ref(), &error)?;
    let output = dataflow::result_path(state, &catcher.result_path, &raw, error)?;
    let output = dataflow::within_limit(output, state)?;
    turn.record(frame, exited(frame, state, output, assigned));
    Ok(Flow::Next(catcher.next))
}
