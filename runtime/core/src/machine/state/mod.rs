//! The kinds of state: how each is entered, and what wakes it.
//!
//! One file a kind, free functions over a [`Turn`]. A new kind is a new file, a variant of
//! [`Kind`], and one line in [`enter`].

use std::borrow::Cow;

use super::children::Children;
use super::dataflow::{self, Evaluation, Fault, Left, Product};
use super::execution::{Turn, WaitsFor, kind_of};
use super::retry::{self, Failure, Origin};
use super::trial::{Mock, Probe};
use super::{EventId, Fact, FrameId, StateKind};
use crate::asl::definition::{Catcher, Kind, Retrier, State, StateId, Transition};

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
    /// On from where an end left it.
    Resume,
    /// To its end, with the output of the state just left.
    End,
    /// Nowhere until something happens.
    Wait,
    /// To its end, with a failure that no state takes.
    Fail(Failure),
}

/// Enters a state and runs it as far as it can without waiting; with the next step, if this one is long enough.
pub(super) fn enter(turn: &mut Turn<'_>, frame: FrameId, id: StateId) -> Flow {
    let definition = turn.execution.definition().clone();
    let (Some(state), Some(input)) = (definition.state(id), turn.data(frame)) else { return Flow::Wait };
    turn.record(frame, Fact::StateEntered { frame, kind: kind_of(state), name: state.name.clone(), input });
    if turn.is_long() {
        turn.record(frame, Fact::StateHeld { frame, until: turn.held_until(frame) });
        return Flow::Wait;
    }
    run(turn, frame, state).unwrap_or_else(|fault| failed(turn, frame, state, fault))
}

/// Another attempt after a back-off, or the first one in a new step. The state stays entered.
pub(super) fn retry(turn: &mut Turn<'_>, frame: FrameId) {
    let definition = turn.execution.definition().clone();
    let Some(state) = turn.visit(frame).and_then(|(visit, _)| definition.state(visit.state)) else { return };
    let flow = run(turn, frame, state).unwrap_or_else(|fault| failed(turn, frame, state, fault));
    turn.follow(frame, flow);
}

/// Goes on from where an end left a line of control. A state that is entered stays entered; those that were
/// left are not run again.
pub(super) fn resume(turn: &mut Turn<'_>, frame: FrameId) -> Flow {
    if turn.visit(frame).is_none() {
        return block::begin(turn, frame).map_or(Flow::Wait, Flow::Next);
    }
    if turn.children(frame).is_none_or(Children::are_done) {
        return start_over(turn, frame);
    }
    let definition = turn.execution.definition().clone();
    let Some(state) = turn.visit(frame).and_then(|(visit, _)| definition.state(visit.state)) else {
        return Flow::Wait;
    };
    turn.record(frame, Fact::BlockResumed { frame });
    block::resume(turn, frame, state).unwrap_or_else(|failure| failed(turn, frame, state, failure))
}

/// Runs the state that a line of control is in as if it were entered, after its own Entered event. What the
/// service does with a state that fails for good, by an evaluation, was not recorded: it fails again, unless
/// it looks at what a redrive changes.
pub(super) fn start_over(turn: &mut Turn<'_>, frame: FrameId) -> Flow {
    let definition = turn.execution.definition().clone();
    let Some((visit, _)) = turn.visit(frame) else { return Flow::Wait };
    let (entered, Some(state)) = (visit.event, definition.state(visit.state)) else { return Flow::Wait };
    let cursor = match kind_of(state) {
        // What fails again points back to the redrive (recorded).
        StateKind::Fail => turn.first_event(),
        StateKind::Pass
        | StateKind::Task
        | StateKind::Choice
        | StateKind::Wait
        | StateKind::Succeed
        | StateKind::Parallel
        | StateKind::Map => entered,
    };
    turn.record(frame, Fact::StateResumed { frame, cursor });
    run(turn, frame, state).unwrap_or_else(|failure| failed(turn, frame, state, failure))
}

/// What a state does once it is entered, and once more with every retry.
fn run(turn: &mut Turn<'_>, frame: FrameId, state: &State) -> Result<Flow, Fault> {
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

/// Leaves a state with what it has come to: the Exited event.
fn exit(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    transition: Transition,
    product: Product,
) -> Result<Flow, Fault> {
    let previous = turn.cursor(frame);
    exit_after(turn, previous, frame, state, transition, product)
}

/// Leaves a state after another event than the last of its line of control.
fn exit_after(
    turn: &mut Turn<'_>,
    previous: EventId,
    frame: FrameId,
    state: &State,
    transition: Transition,
    product: Product,
) -> Result<Flow, Fault> {
    let left = dataflow::leave(turn, frame, state, &state.exit, product)?;
    turn.record_from(previous, exited(frame, state, left));
    Ok(match transition {
        Transition::Next(next) => Flow::Next(next),
        Transition::End => Flow::End,
    })
}

/// The Exited event, in the form that has the variables that were set, if any were.
fn exited(frame: FrameId, state: &State, Left { output, assigned: variables }: Left) -> Fact {
    let (kind, name) = (kind_of(state), state.name.clone());
    if variables.is_empty() {
        Fact::StateExited { frame, kind, name, output }
    } else {
        Fact::StateExitedAssigned { frame, kind, name, output, variables }
    }
}

/// A state has failed by itself.
fn failed(turn: &mut Turn<'_>, frame: FrameId, state: &State, fault: Fault) -> Flow {
    let Fault { failure, evaluation } = fault;
    if let Some(evaluation) = evaluation {
        let previous = before_evaluation(turn, frame, &evaluation);
        tell(turn, previous, frame, state, evaluation, &failure);
    }
    failed_by(turn, frame, state, failure, None)
}

/// The event that one of a failed evaluation points back to: what happened last, and where nothing has since the
/// state was entered, what the Entered event points back to. A value that cannot be used comes after that event.
/// Source: the service, recorded 2024-2025. Single recordings of 2026-09 show the Entered event in all cases;
/// those whose answers can be compared here are the former.
fn before_evaluation(turn: &Turn<'_>, frame: FrameId, evaluation: &Evaluation) -> EventId {
    let cursor = turn.cursor(frame);
    match turn.visit(frame) {
        Some((visit, _)) if visit.event == cursor && !evaluation.of_value => visit.entered_after,
        _ => cursor,
    }
}

/// The history has an event of a query that failed.
fn tell(
    turn: &mut Turn<'_>,
    previous: EventId,
    frame: FrameId,
    state: &State,
    Evaluation { location, .. }: Evaluation,
    failure: &Failure,
) {
    let (name, failure) = (state.name.clone(), failure.clone());
    turn.record_from(previous, Fact::EvaluationFailed { frame, name, location, failure });
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
    let origin = Origin {
        branch: kind_of(state) == StateKind::Parallel && child.is_some(),
        no_task: turn.probe.is_some_and(Probe::blames_no_task),
    };
    block::abort(turn, frame, child);
    if retried(turn, frame, retriers, &failure, origin) {
        return Flow::Wait;
    }
    let cause = turn.cursor(frame);
    block_failed(turn, frame, state);
    let found = retry::find_catcher(catchers, &failure, origin);
    let Some(catcher) = found.and_then(|found| catchers.get(found)) else {
        return Flow::Fail(failure);
    };
    if let Some(probe) = turn.probe {
        probe.note(|seen| seen.catcher = found);
        probe.handled(&failure);
    }
    caught(turn, frame, state, catcher, &failure).unwrap_or_else(|Fault { failure, evaluation }| {
        // A catcher that fails points back to what it was to catch, and the block fails again (recorded, 2026-09).
        if let Some(evaluation) = evaluation {
            tell(turn, cause, frame, state, evaluation, &failure);
            block_failed(turn, frame, state);
        }
        Flow::Fail(failure)
    })
}

/// What stands for the work that a state waits for, where it is tried.
pub(super) fn mocked(turn: &mut Turn<'_>, frame: FrameId, mock: Mock) {
    let definition = turn.execution.definition().clone();
    let Some(state) = turn.visit(frame).and_then(|(visit, _)| definition.state(visit.state)) else { return };
    let Some(waits_for) = turn.waits_for(frame) else { return };
    let first = waits_for.children().and_then(|children| children.running().next());
    if let Some(probe) = turn.probe {
        probe.note(|seen| seen.no_task = mock.no_task);
    }
    let left = match (&state.kind, waits_for) {
        (Kind::Task(_), _) => return task::mocked(turn, frame, mock.answer),
        (Kind::Parallel(parallel), WaitsFor::Branches(_)) => match mock.answer {
            Ok(result) => parallel::leave(turn, frame, state, parallel, result),
            Err(failure) => Ok(failed_by(turn, frame, state, failure, first)),
        },
        (Kind::Map(map), WaitsFor::Items(_)) => map::mocked(turn, frame, state, map, mock),
        _ => return,
    };
    let flow = left.unwrap_or_else(|fault| failed(turn, frame, state, fault));
    turn.follow(frame, flow);
}

/// A Parallel or a Map has failed, also where nothing was begun (recorded); other kinds of state have no such event.
fn block_failed(turn: &mut Turn<'_>, frame: FrameId, state: &State) {
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

/// The line of control goes on to the catcher's next state, with what the catcher makes of the failure. The
/// catcher's own Assign applies; the state's does not, nor does its OutputPath (recorded).
fn caught(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    catcher: &Catcher,
    failure: &Failure,
) -> Result<Flow, Fault> {
    let error = Product::ErrorOutput(dataflow::error_output(failure));
    let left = dataflow::leave(turn, frame, state, &catcher.exit, error)?;
    turn.record(frame, exited(frame, state, left));
    Ok(Flow::Next(catcher.next))
}
