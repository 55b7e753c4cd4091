//! Task: work is done outside, by a worker of an activity.

use std::sync::Arc;

use super::{Exit, Flow, exit, failed};
use crate::asl::definition::{Kind, Resource, Seconds, State, Task};
use crate::json::{Payload, Value};
use crate::machine::execution::{self, Reply, Turn, WaitsFor};
use crate::machine::retry::Failure;
use crate::machine::{EventId, Fact, FrameId, dataflow};

/// The first attempt, or the next one: the state stays entered over all of them.
pub(super) fn schedule(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    task: &Task,
) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let selected = dataflow::input(turn, frame, state, &raw)?;
    let timeout_seconds = seconds(turn, frame, "TimeoutSecondsPath", task.timeout.as_ref(), &selected)?;
    let heartbeat_seconds = seconds(turn, frame, "HeartbeatSecondsPath", task.heartbeat.as_ref(), &selected)?;
    let input = dataflow::template(turn, frame, state, task.parameters.as_ref(), selected)?;
    let input = dataflow::within_limit(input, state)?;
    let Resource::Activity { arn } = &task.resource;
    if !(turn.env.activity_exists)(arn) {
        return Err(dataflow::runtime(turn, frame, &format!("The activity {arn} does not exist.")));
    }
    let resource = arn.clone();
    turn.record(
        frame,
        Fact::ActivityScheduled { frame, resource, input, timeout_seconds, heartbeat_seconds },
    );
    Ok(Flow::Wait)
}

/// A worker takes the task.
pub(in crate::machine) fn started(
    turn: &mut Turn<'_>,
    frame: FrameId,
    task: EventId,
    worker: Option<Arc<str>>,
) {
    let Some((visit, _)) = turn.visit(frame) else { return turn.late() };
    let WaitsFor::Worker(waiting) = &visit.waits_for else { return turn.late() };
    if waiting.scheduled != task {
        return turn.late();
    }
    let input = waiting.input.clone();
    turn.record(frame, Fact::ActivityStarted { frame, worker });
    turn.reply(Reply::TaskStarted { input });
}

/// The worker is still at it: the heartbeat clock starts again, the task's own does not.
pub(in crate::machine) fn heartbeat(turn: &mut Turn<'_>, frame: FrameId, task: EventId) {
    match answered(turn, frame, task) {
        None => turn.late(),
        Some(task) if task.heartbeat_seconds.is_some() => turn.record(frame, Fact::TaskHeartbeat { frame }),
        Some(_) => {}
    }
}

/// The worker's result.
pub(in crate::machine) fn succeeded(turn: &mut Turn<'_>, frame: FrameId, task: EventId, output: Payload) {
    if answered(turn, frame, task).is_none() {
        return turn.late();
    }
    turn.record(frame, Fact::ActivitySucceeded { frame, output: output.clone() });
    go_on(turn, frame, |turn, state, task| {
        let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
        let result = dataflow::template(turn, frame, state, task.result_selector.as_ref(), output)?;
        let assigned = dataflow::assign(turn, frame, state, state.assign.as_ref(), &result)?;
        let result = dataflow::result_path(state, &task.result_path, &raw, result)?;
        exit(turn, frame, state, Exit { transition: task.transition, result, assigned })
    });
}

/// The worker's failure.
pub(in crate::machine) fn failed_outside(
    turn: &mut Turn<'_>,
    frame: FrameId,
    task: EventId,
    failure: Failure,
) {
    if answered(turn, frame, task).is_none() {
        return turn.late();
    }
    turn.record(frame, Fact::ActivityFailed { frame, failure: failure.clone() });
    go_on(turn, frame, |_, _, _| Err(failure));
}

/// The task, or its worker's silence, took too long.
pub(in crate::machine) fn timed_out(turn: &mut Turn<'_>, frame: FrameId, heartbeat: bool) {
    let failure = if heartbeat { Failure::heartbeat_timeout() } else { Failure::timeout() };
    turn.record(frame, Fact::ActivityTimedOut { frame, failure: failure.clone() });
    go_on(turn, frame, |_, _, _| Err(failure));
}

/// The attempt that waits for this answer, if one does.
pub(in crate::machine) fn answered<'t>(
    turn: &'t Turn<'_>,
    frame: FrameId,
    task: EventId,
) -> Option<&'t execution::Task> {
    match &turn.visit(frame)?.0.waits_for {
        WaitsFor::Answer { task: waiting, .. } if waiting.scheduled == task => Some(waiting),
        _ => None,
    }
}

fn go_on<'t>(
    turn: &mut Turn<'t>,
    frame: FrameId,
    finish: impl FnOnce(&mut Turn<'t>, &State, &Task) -> Result<Flow, Failure>,
) {
    let definition = turn.execution.definition().clone();
    let Some(state) = turn.visit(frame).and_then(|(visit, _)| definition.state(visit.state)) else { return };
    let Kind::Task(task) = &state.kind else { return };
    let flow = finish(turn, state, task).unwrap_or_else(|failure| failed(turn, frame, state, failure));
    turn.follow(frame, flow);
}

fn seconds(
    turn: &Turn<'_>,
    frame: FrameId,
    field: &str,
    seconds: Option<&Seconds>,
    input: &Payload,
) -> Result<Option<u64>, Failure> {
    let path = match seconds {
        None => return Ok(None),
        Some(Seconds::Fixed(seconds)) => return Ok(Some(*seconds)),
        Some(Seconds::Path(path)) => path,
    };
    let value = dataflow::select(turn, frame, path, input)?;
    let found = match &value {
        Value::Number(number) => number.as_i64().and_then(|seconds| u64::try_from(seconds).ok()),
        _ => None,
    };
    // The service's text for a value that is no positive integer was not recorded; this one has
    // the form of its SecondsPath.
    let text = || {
        format!(
            "The {field} parameter cannot be parsed as a long value: {} == {}",
            path.text(),
            dataflow::shown(&value)
        )
    };
    found.filter(|seconds| *seconds > 0).map(Some).ok_or_else(|| dataflow::runtime(turn, frame, &text()))
}
