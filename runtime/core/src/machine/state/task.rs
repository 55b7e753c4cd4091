//! Task: work is done outside, by a worker of an activity, a function, or a service.

use std::sync::Arc;

use super::{Flow, exit, failed};
use crate::asl::definition::{Kind, Pattern, Resource, Role, Seconds, State, Task};
use crate::json::{Object, Payload, Value};
use crate::machine::command::{Purpose, Timer};
use crate::machine::dataflow::{self, Fault, Product, jsonata, jsonpath};
use crate::machine::execution::{self, Reply, Turn, Visit, WaitsFor};
use crate::machine::retry::Failure;
use crate::machine::trial::Stage;
use crate::machine::{EventId, Fact, FrameId, MAX_PAYLOAD_BYTES};

/// The largest number of seconds that a field takes.
const MAX_SECONDS: u64 = 99_999_999;

/// The most characters in the ARN of a role. Source: the model of the API, which shows it in the history.
const MAX_ROLE_CHARACTERS: usize = 2000;

/// The first attempt, or the next one: the state stays entered over all of them.
pub(super) fn schedule(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    task: &Task,
) -> Result<Flow, Fault> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let selected = dataflow::input(turn, frame, state, &raw)?;
    let timeout_seconds = seconds(turn, frame, "TimeoutSecondsPath", task.timeout.as_ref(), &selected)?;
    let heartbeat_seconds = seconds(turn, frame, "HeartbeatSecondsPath", task.heartbeat.as_ref(), &selected)?;
    turn.attempt = Some(EventId(turn.execution.last_event().0 + 1));
    let input = dataflow::arguments(turn, frame, state, selected.clone());
    turn.attempt = None;
    let input = dataflow::within_limit(input?, state)?;
    let role = role(turn, frame, task.role.as_ref(), &selected)?;
    let fact = match &task.resource {
        Resource::Activity { arn } => {
            if !(turn.env.activity_exists)(arn) {
                let text = format!("The activity {arn} does not exist.");
                return Err(dataflow::runtime(turn, frame, &text).into());
            }
            let resource = arn.clone();
            Fact::ActivityScheduled { frame, resource, input, timeout_seconds, heartbeat_seconds }
        }
        Resource::Lambda { arn } => {
            let resource = arn.clone();
            match role {
                None => Fact::LambdaFunctionScheduled { frame, resource, input, timeout_seconds },
                Some(role) => {
                    Fact::LambdaFunctionScheduledInRole { frame, resource, input, timeout_seconds, role }
                }
            }
        }
        Resource::Service { service, action, .. } => {
            check_parameters(service, &input).map_err(|text| dataflow::runtime(turn, frame, &text))?;
            let (service, action, region, parameters) =
                (service.clone(), action.clone(), region(turn), input);
            match role {
                None => Fact::TaskScheduled {
                    frame,
                    service,
                    action,
                    region,
                    parameters,
                    timeout_seconds,
                    heartbeat_seconds,
                },
                Some(role) => Fact::TaskScheduledInRole {
                    frame,
                    service,
                    action,
                    region,
                    parameters,
                    timeout_seconds,
                    heartbeat_seconds,
                    role,
                },
            }
        }
    };
    turn.record(frame, fact);
    turn.begin_later(frame);
    Ok(Flow::Wait)
}

/// A call that was scheduled in this step begins with it: nothing comes between the two.
pub(in crate::machine) fn begin(turn: &mut Turn<'_>, frame: FrameId) {
    let Some((visit, _)) = turn.visit(frame) else { return };
    let WaitsFor::Call { task, .. } = &visit.waits_for else { return };
    let fact = match &task.resource {
        // A worker begins it.
        Resource::Activity { .. } => return,
        Resource::Lambda { .. } => Fact::LambdaFunctionStarted { frame },
        Resource::Service { service, action, .. } => {
            Fact::TaskStarted { frame, service: service.clone(), action: action.clone() }
        }
    };
    turn.record(frame, fact);
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

/// The result of a worker, of whoever has the token, or of a job that has ended.
pub(in crate::machine) fn succeeded(turn: &mut Turn<'_>, frame: FrameId, task: EventId, output: Payload) {
    let Some(task) = answered(turn, frame, task) else { return turn.late() };
    let resource = task.resource.clone();
    done(turn, frame, &resource, output);
}

/// The failure of a worker, of whoever has the token, or of a job that has ended.
pub(in crate::machine) fn failed_outside(
    turn: &mut Turn<'_>,
    frame: FrameId,
    task: EventId,
    failure: Failure,
) {
    let Some(task) = answered(turn, frame, task) else { return turn.late() };
    let resource = task.resource.clone();
    fail(turn, frame, &resource, failure);
}

/// The answer to a call: the result, or what a job begins with.
pub(in crate::machine) fn call_answered(
    turn: &mut Turn<'_>,
    frame: FrameId,
    task: EventId,
    answer: Result<Payload, Failure>,
) {
    let Some(task) = called(turn, frame, task) else { return turn.late() };
    let resource = task.resource.clone();
    match (answer, &resource) {
        (Err(failure), _) => fail(turn, frame, &resource, failure),
        (Ok(output), Resource::Service { service, action, pattern })
            if *pattern != Pattern::RequestResponse && output.len() <= MAX_PAYLOAD_BYTES =>
        {
            let (service, action) = (service.clone(), action.clone());
            turn.record(frame, Fact::TaskSubmitted { frame, service, action, output });
        }
        (Ok(output), _) => done(turn, frame, &resource, output),
    }
}

/// Tasks, or the silence of their workers, took too long. All of them are told before any state reacts (recorded).
pub(in crate::machine) fn timed_out(turn: &mut Turn<'_>, due: &[Timer]) {
    let told: Vec<(FrameId, Failure)> = due.iter().filter_map(|timer| tell_time_out(turn, *timer)).collect();
    for (frame, failure) in told {
        // What the failure of one came to may have ended the block or the execution of another.
        if turn.goes_on(frame) {
            go_on(turn, frame, |_, _, _| Err(failure.into()));
        }
    }
}

fn tell_time_out(turn: &mut Turn<'_>, Timer { frame, purpose, .. }: Timer) -> Option<(FrameId, Failure)> {
    let resource = turn.visit(frame).and_then(|(visit, _)| resource(visit))?;
    let failure = match purpose {
        Purpose::Heartbeat => Failure::heartbeat_timeout(),
        Purpose::TaskTimeout | Purpose::Wait | Purpose::Retry | Purpose::Execution => Failure::timeout(),
    };
    let shown = failure.clone();
    let fact = match resource {
        Resource::Activity { .. } => Fact::ActivityTimedOut { frame, failure: shown },
        Resource::Lambda { .. } => Fact::LambdaFunctionTimedOut { frame, failure: shown },
        Resource::Service { service, action, .. } => {
            Fact::TaskTimedOut { frame, service, action, failure: shown }
        }
    };
    turn.record(frame, fact);
    Some((frame, failure))
}

/// The attempt that waits for this answer of a worker or by token, if one does.
///
/// A token may be used before the call that hands it out is answered; a job's end comes after.
pub(in crate::machine) fn answered<'t>(
    turn: &'t Turn<'_>,
    frame: FrameId,
    task: EventId,
) -> Option<&'t execution::Task> {
    match &turn.visit(frame)?.0.waits_for {
        WaitsFor::Answer { task: waiting, .. } if waiting.scheduled == task => Some(waiting),
        WaitsFor::Call { task: waiting, .. } if waiting.scheduled == task => {
            matches!(waiting.resource, Resource::Service { pattern: Pattern::Token, .. }).then_some(waiting)
        }
        _ => None,
    }
}

/// The attempt that waits for this call, if one does.
pub(in crate::machine) fn called<'t>(
    turn: &'t Turn<'_>,
    frame: FrameId,
    task: EventId,
) -> Option<&'t execution::Task> {
    match &turn.visit(frame)?.0.waits_for {
        WaitsFor::Call { task: waiting, .. } if waiting.scheduled == task => Some(waiting),
        _ => None,
    }
}

/// A result: the task has succeeded, unless the result is larger than any may be.
fn done(turn: &mut Turn<'_>, frame: FrameId, resource: &Resource, output: Payload) {
    let shown = output.clone();
    let fact = match resource {
        Resource::Activity { .. } => Fact::ActivitySucceeded { frame, output: shown },
        Resource::Lambda { arn: name } | Resource::Service { service: name, .. }
            if output.len() > MAX_PAYLOAD_BYTES =>
        {
            return fail(turn, frame, resource, dataflow::larger_than_allowed(name));
        }
        Resource::Lambda { .. } => Fact::LambdaFunctionSucceeded { frame, output: shown },
        Resource::Service { service, action, .. } => {
            let (service, action) = (service.clone(), action.clone());
            Fact::TaskSucceeded { frame, service, action, output: shown }
        }
    };
    turn.record(frame, fact);
    go_on(turn, frame, |turn, state, task| {
        turn.saw(Stage::Result, &output);
        exit(turn, frame, state, task.transition, Product::Result(output))
    });
}

fn fail(turn: &mut Turn<'_>, frame: FrameId, resource: &Resource, failure: Failure) {
    let shown = failure.clone();
    let fact = match resource {
        Resource::Activity { .. } => Fact::ActivityFailed { frame, failure: shown },
        Resource::Lambda { .. } => Fact::LambdaFunctionFailed { frame, failure: shown },
        // Also for what could not be begun: no TaskSubmitFailed was ever recorded.
        Resource::Service { service, action, .. } => {
            let (service, action) = (service.clone(), action.clone());
            Fact::TaskFailed { frame, service, action, failure: shown }
        }
    };
    turn.record(frame, fact);
    go_on(turn, frame, |_, _, _| Err(failure.into()));
}

/// What stands for the answer of whoever does the work, where a task is tried.
pub(super) fn mocked(turn: &mut Turn<'_>, frame: FrameId, answer: Result<Payload, Failure>) {
    let Some(resource) = turn.visit(frame).and_then(|(visit, _)| resource(visit)) else { return };
    match answer {
        Ok(output) => done(turn, frame, &resource, output),
        Err(failure) => fail(turn, frame, &resource, failure),
    }
}

fn resource(visit: &Visit) -> Option<Resource> {
    match &visit.waits_for {
        WaitsFor::Worker(task) | WaitsFor::Call { task, .. } | WaitsFor::Answer { task, .. } => {
            Some(task.resource.clone())
        }
        WaitsFor::Nothing
        | WaitsFor::Time(_)
        | WaitsFor::Retry(_)
        | WaitsFor::Branches(_)
        | WaitsFor::Items(_) => None,
    }
}

/// The parameters that a call takes.
struct Parameters {
    service: &'static str,
    /// The one that it cannot be made without, a text.
    needed: &'static str,
    /// Others that are texts.
    texts: &'static [&'static str],
    /// The one that may be anything.
    any: &'static str,
}

const PARAMETERS: &[Parameters] = &[
    Parameters {
        service: "lambda",
        needed: "FunctionName",
        texts: &["ClientContext", "InvocationType", "LogType", "Qualifier"],
        any: "Payload",
    },
    Parameters {
        service: "states",
        needed: "StateMachineArn",
        texts: &["Name", "TraceHeader"],
        any: "Input",
    },
];

/// Whether a call can be made with these parameters. The service's texts were recorded for other calls.
fn check_parameters(service: &str, parameters: &Payload) -> Result<(), String> {
    let Some(Parameters { needed, texts, any, .. }) = PARAMETERS.iter().find(|call| call.service == service)
    else {
        return Ok(());
    };
    let not_taken = |name: &str, value: &Value| match value {
        _ if name == *any => None,
        // As if it were not there.
        Value::Null | Value::String(_) if texts.contains(&name) => None,
        _ if texts.contains(&name) => Some(format!("The value for the field '{name}' must be a STRING")),
        _ => Some(format!("The field \"{name}\" is not supported by Step Functions")),
    };
    let mut others = parameters
        .value()
        .as_object()
        .into_iter()
        .flat_map(Object::iter)
        .filter(|(name, _)| &***name != *needed);
    let reason = match parameters.value().get(needed) {
        None => format!("The field '{needed}' is required but was missing"),
        Some(Value::String(_)) => match others.find_map(|(name, value)| not_taken(name, value)) {
            None => return Ok(()),
            Some(reason) => reason,
        },
        Some(_) => format!("The value for the field '{needed}' must be a STRING"),
    };
    Err(format!("The Parameters '{parameters}' could not be used to start the Task: [{reason}]"))
}

/// The region of the state machine, which its calls go to.
fn region(turn: &Turn<'_>) -> Arc<str> {
    let machine = turn.execution.start().map(|start| start.machine_arn.clone()).unwrap_or_default();
    machine.split(':').nth(3).unwrap_or_default().into()
}

fn go_on<'t>(
    turn: &mut Turn<'t>,
    frame: FrameId,
    finish: impl FnOnce(&mut Turn<'t>, &State, &Task) -> Result<Flow, Fault>,
) {
    let definition = turn.execution.definition().clone();
    let Some(state) = turn.visit(frame).and_then(|(visit, _)| definition.state(visit.state)) else { return };
    let Kind::Task(task) = &state.kind else { return };
    let flow = finish(turn, state, task).unwrap_or_else(|fault| failed(turn, frame, state, fault));
    turn.follow(frame, flow);
}

/// The role that a call is to be made in, from what the parameters are made of.
///
/// There are no roles here to take: the history shows it, and the call has the server's own keys.
fn role(
    turn: &Turn<'_>,
    frame: FrameId,
    role: Option<&Role>,
    input: &Payload,
) -> Result<Option<Arc<str>>, Fault> {
    let found = match role {
        None => return Ok(None),
        Some(Role::Fixed(arn)) => Value::String(arn.clone()),
        Some(Role::Query(query)) => Value::String(jsonata::text(turn, frame, query)?),
        Some(Role::JsonPath(template)) => {
            // Not printed: what stands beside the role may be of any size.
            let credentials = jsonpath::with_scope(turn, frame, input, |scope| template.evaluate(scope))?;
            credentials.get("RoleArn").cloned().unwrap_or_default()
        }
    };
    // What the service says of these was not recorded.
    let text = match found {
        Value::String(arn) if (1..=MAX_ROLE_CHARACTERS).contains(&arn.chars().count()) => {
            return Ok(Some(arn));
        }
        Value::String(_) => {
            format!("The value for the field 'RoleArn' must have 1 to {MAX_ROLE_CHARACTERS} characters")
        }
        _ => "The value for the field 'RoleArn' must be a STRING".to_owned(),
    };
    Err(dataflow::runtime(turn, frame, &text).into())
}

fn seconds(
    turn: &Turn<'_>,
    frame: FrameId,
    field: &str,
    seconds: Option<&Seconds>,
    input: &Payload,
) -> Result<Option<u64>, Fault> {
    let path = match seconds {
        None => return Ok(None),
        Some(Seconds::Fixed(seconds)) => return Ok(Some(*seconds)),
        Some(Seconds::Query(query)) => {
            return jsonata::integer(turn, frame, query, 1..=MAX_SECONDS).map(Some);
        }
        Some(Seconds::Path(path)) => path,
    };
    let value = jsonpath::select(turn, frame, path, input)?;
    let found = dataflow::integer(&value).and_then(|seconds| u64::try_from(seconds).ok());
    // The service's text for a value that is no positive integer was not recorded; this one has
    // the form of its SecondsPath.
    let text = || {
        format!(
            "The {field} parameter cannot be parsed as a long value: {} == {}",
            path.text(),
            dataflow::shown(&value)
        )
    };
    let found = found.filter(|seconds| *seconds > 0);
    found.map(Some).ok_or_else(|| dataflow::runtime(turn, frame, &text()).into())
}
