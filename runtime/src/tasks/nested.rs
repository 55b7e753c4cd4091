//! Executions that tasks start, and the tasks that wait for their ends.
//!
//! A start is made by the engine itself, and made again it finds the execution that it made
//! before, because the execution knows its task. The end of an execution whose task waits is an
//! errand, written with the end; it is told until the task has taken it. Telling it twice does no
//! harm: the second time nothing waits any more.
//!
//! Source of results, error names and causes: the service, recorded.

use std::sync::Arc;

use gradus_api::checks::Violations;
use gradus_api::errors::InvalidExecutionInput;
use gradus_api::shapes::StartExecutionInput;
use gradus_core::asl::definition::{Pattern, Resource};
use gradus_core::json::{Object, Payload, Value};
use gradus_core::machine::{
    Call, Entry, Event, Execution, Fact, Failure, Outcome, Parent, Start, Timestamp, codec, redrive,
};
use sha2::{Digest, Sha256};

use super::is_same_place;
use super::sdk::{Refusal, metadata};
use crate::engine::read_back::{Replayed, read_back, search};
use crate::engine::{Engine, ExpressError, NameTaken, Started, Unavailable, find_execution};
use crate::service::arn::{self, StateMachine};
use crate::service::{execution::read_input, name};
use crate::store::catalog::{self, Alias, Catalog, Compiled, Kind, Machine, Version};
use crate::store::layout::{Errand, ErrandKind, ExecutionId};
use crate::store::{Error, Store};

/// Starts the execution that a task asks for: what the task gets from the service, or the failure.
pub(crate) async fn start<S: Store>(
    engine: &Engine<S>,
    call: &Call,
) -> Result<Result<Payload, Failure>, Unavailable> {
    let Prepared { start, compiled, parent } = match prepare(engine.catalog(), call)? {
        Ok(prepared) => prepared,
        Err(failure) => return Ok(Err(failure)),
    };
    let arn = start.arn.clone();
    if compiled.revision.express {
        return match engine.start_express(Box::new(start), &compiled) {
            Ok(at) => Ok(Ok(start_answer(&arn, at, &parent))),
            Err(ExpressError::TooMany) => Ok(Err(refusal(&parent, THROTTLED, "Rate exceeded"))),
            Err(ExpressError::Unavailable(error)) => Err(error),
        };
    }
    let started = engine.start_nested(Box::new(start), compiled, parent.clone()).await?;
    Ok(answer(&arn, started, &parent))
}

/// A start that is ready to be made.
pub(crate) struct Prepared {
    pub(crate) start: Start,
    pub(crate) compiled: Arc<Compiled>,
    pub(crate) parent: Parent,
}

/// Makes out what a task wants started; the failure if it cannot be.
pub(crate) fn prepare<S: Store>(
    catalog: &Catalog<S>,
    call: &Call,
) -> Result<Result<Prepared, Failure>, Error> {
    let parent = parent(call);
    let refuse = |code, message: &str| Ok(Err(refusal(&parent, code, message)));
    let asked = match asked(call) {
        Ok(asked) => asked,
        Err(violations) => return refuse(INVALID, &violations.to_string()),
    };
    let (place, named) = match arn::state_machine(&asked.state_machine_arn) {
        Ok(parts) => parts,
        Err(error) => return refuse("InvalidArn", &error.message.unwrap_or_default()),
    };
    let machine_arn = place.state_machine(named.name);
    let is_here = named.label.is_none() && is_same_place(&machine_arn, &call.execution);
    let found = if is_here { find(catalog, &machine_arn, named, &parent)? } else { None };
    let Some((machine, part)) = found else {
        if is_here && catalog.deleting(&machine_arn)?.is_some() {
            let message = format!("State Machine is being deleted: '{machine_arn}'");
            return refuse("StateMachineDeleting", &message);
        }
        let message = format!("State Machine Does Not Exist: '{}'", asked.state_machine_arn);
        return refuse("StateMachineDoesNotExist", &message);
    };
    // Nobody can ask how one ended.
    if machine.kind == EXPRESS && parent.is_waiting() {
        let message = "This operation is not supported by this type of state machine";
        return refuse("StateMachineTypeNotSupported", message);
    }
    if let Some(Err(error)) = asked.name.as_deref().map(name::check) {
        return refuse("InvalidName", &error.message.unwrap_or_default());
    }
    let input = match input_of(call) {
        Ok(input) => input,
        Err(error) => return refuse("InvalidExecutionInput", &error.message.unwrap_or_default()),
    };
    let name = name_of(&asked, &parent);
    let arn = match &*machine.kind {
        EXPRESS => place.express(&machine.name, &name, &request_id(&parent, "run")),
        _ => place.execution(&machine.name, &name),
    };
    let revision = catalog::revision_key(machine.id, part.revision);
    let compiled = catalog.revision(&revision)?;
    let compiled = compiled.ok_or_else(|| Error::Damaged(format!("revision `{revision}` is gone")))?;
    let start = Start {
        version_arn: part.version.map(|number| format!("{}:{number}", machine.arn).into()),
        alias_arn: part.alias.map(|name| format!("{}:{name}", machine.arn).into()),
        arn: arn.into(),
        name: name.into(),
        machine_arn: machine.arn.clone(),
        machine_name: machine.name.clone(),
        revision: revision.into(),
        role_arn: compiled.revision.role_arn.clone(),
        trace_header: asked.trace_header.map(Into::into),
        input,
    };
    Ok(Ok(Prepared { start, compiled, parent }))
}

/// What a start runs, and how it was named.
struct Part {
    /// Number of the revision.
    revision: u64,
    version: Option<u64>,
    alias: Option<Arc<str>>,
}

/// The part of a state machine that a task names: itself, a version or an alias. Of an alias the same task always
/// gets the same version, as long as the alias is as it is.
fn find<S: Store>(
    catalog: &Catalog<S>,
    machine_arn: &str,
    named: StateMachine<'_>,
    parent: &Parent,
) -> Result<Option<(Arc<Machine>, Part)>, Error> {
    let Some(machine) = catalog.machine(machine_arn)? else { return Ok(None) };
    let Some(qualifier) = named.qualifier else {
        let part = Part { revision: machine.revision, version: None, alias: None };
        return Ok(Some((machine, part)));
    };
    if let Some(number) = named.version() {
        let version = catalog.read::<Version>(Kind::Version, &catalog::version_key(machine.id, number))?;
        let part =
            version.map(|version| Part { revision: version.revision, version: Some(number), alias: None });
        return Ok(part.map(|part| (machine, part)));
    }
    let Some(alias) = catalog.read::<Alias>(Kind::Alias, &catalog::alias_key(machine.id, qualifier))? else {
        return Ok(None);
    };
    let draw = digest(parent, "route").iter().take(8).fold(0, |draw, byte| draw << 8 | u64::from(*byte));
    let route = alias.pick(draw).ok_or_else(|| Error::Damaged("the weights of an alias".to_owned()))?;
    let (revision, version) = (route.revision, Some(route.version));
    Ok(Some((machine, Part { revision, version, alias: Some(alias.name.clone()) })))
}

/// What the task gets for a start.
pub(crate) fn answer(
    arn: &str,
    started: Result<Started, NameTaken>,
    parent: &Parent,
) -> Result<Payload, Failure> {
    started.map(|started| start_answer(arn, started.at, parent)).map_err(|NameTaken| {
        refusal(parent, "ExecutionAlreadyExists", &format!("Execution Already Exists: '{arn}'"))
    })
}

/// Tells the end of an execution to the task that waits for it, and forgets the errand.
pub(crate) async fn tell_end<S: Store>(
    engine: &Engine<S>,
    execution: ExecutionId,
) -> Result<(), Unavailable> {
    match news(engine.store(), engine.catalog(), execution)? {
        News::Ended(waiting, events) => {
            for event in events {
                engine.signal(waiting, event).await?;
            }
        }
        News::Nobody => {}
        // What was to be told is no errand any more; the end to come will be one.
        News::Running => return Ok(()),
    }
    engine.forget(Errand::end(execution)).await
}

/// Stops the execution of a task that does not wait for its end any more, if it was started, and forgets the
/// errand. One that only has the name, because another start gave it, is left alone.
pub(crate) async fn cancel<S: Store>(engine: &Engine<S>, errand: Errand) -> Result<(), Unavailable> {
    if let Some((execution, failure)) = abandoned(engine.store(), engine.catalog(), errand)? {
        engine.stop_execution(execution, failure).await?;
    }
    engine.forget(Errand { kind: ErrandKind::Cancel, ..errand }).await
}

/// The execution that an abandoned task has started and that is open, with what it is stopped with.
pub(crate) fn abandoned<S: Store>(
    store: &S,
    catalog: &Catalog<S>,
    errand: Errand,
) -> Result<Option<(ExecutionId, Failure)>, Error> {
    let Some(parent) = read_back(store, catalog, errand.execution)?.1 else { return Ok(None) };
    let Some(start) = parent.execution.start() else { return Ok(None) };
    let call = search(store, errand.execution, |row| scheduled(row, &start.arn, errand))?;
    let Some(call) = call else { return Ok(None) };
    let asked_by = self::parent(&call);
    let Ok(asked) = asked(&call) else { return Ok(None) };
    let Ok((place, named)) = arn::state_machine(&asked.state_machine_arn) else { return Ok(None) };
    let arn = place.execution(named.name, &name_of(&asked, &asked_by));
    let Some(id) = find_execution(store, &arn)? else { return Ok(None) };
    let child = read_back(store, catalog, id)?.1.map(|replayed| replayed.execution);
    let is_open = |child: &Execution| child.outcome().is_none() && child.parent() == Some(&asked_by);
    // In the form that was recorded of the executions of a Map Run.
    let cause = format!("The execution [{}] which was managing this resource was aborted", start.arn);
    let failure = Failure { cause: Some(cause.into()), ..Failure::default() };
    Ok(child.filter(is_open).map(|_| (id, failure)))
}

/// The call that a task was scheduled with, if this row of facts has it.
fn scheduled(
    row: &[u8],
    execution: &Arc<str>,
    Errand { frame, task, .. }: Errand,
) -> Result<Option<Call>, Error> {
    let facts = codec::decode(row).map_err(|error| Error::Damaged(error.to_string()))?;
    let mut found = facts.numbered().filter(|(event, entry)| *event == task && entry.fact.is_event());
    let Some((_, Entry { fact, .. })) = found.next() else { return Ok(None) };
    let (Fact::TaskScheduled { service, action, parameters, .. }
    | Fact::TaskScheduledInRole { service, action, parameters, .. }) = fact
    else {
        return Ok(None);
    };
    let pattern = Pattern::of(action);
    let resource = Resource::Service { service: service.clone(), action: action.clone(), pattern };
    let (execution, input) = (execution.clone(), parameters.clone());
    Ok(Some(Call { execution, frame, task, resource, input, due: None }))
}

/// What is to be told of an execution that has ended.
pub(crate) enum News {
    /// To the one that waits for it: the start, in case the end is here before the answer to it, and the end.
    Ended(ExecutionId, [Event; 2]),
    /// It has been redriven since: nothing yet.
    Running,
    /// Nobody waits for it.
    Nobody,
}

/// What the end of an execution means to the one that waits for it, if one does.
pub(crate) fn news<S: Store>(store: &S, catalog: &Catalog<S>, execution: ExecutionId) -> Result<News, Error> {
    let Some(Replayed { execution, .. }) = read_back(store, catalog, execution)?.1 else {
        return Ok(News::Nobody);
    };
    if execution.outcome().is_none() {
        return Ok(News::Running);
    }
    let Some((parent, start, end)) = end_answer(&execution) else { return Ok(News::Nobody) };
    let Parent { execution, frame, task, .. } = parent;
    let end = match end {
        Ok(output) => Event::TaskSucceeded { frame, task, output },
        Err(failure) => Event::TaskFailed { frame, task, failure },
    };
    let start = Event::CallAnswered { frame, task, answer: Ok(start) };
    Ok(match find_execution(store, &execution)? {
        Some(waiting) => News::Ended(waiting, [start, end]),
        None => News::Nobody,
    })
}

fn parent(call: &Call) -> Parent {
    let pattern = match &call.resource {
        Resource::Service { pattern, .. } => *pattern,
        Resource::Activity { .. } | Resource::Lambda { .. } => Pattern::RequestResponse,
    };
    Parent { execution: call.execution.clone(), frame: call.frame, task: call.task, pattern }
}

/// What a task asks for, as far as the model of the API allows it.
fn asked(call: &Call) -> Result<StartExecutionInput, Violations> {
    let parameters = call.input.value();
    let text = |name| parameters.get(name).and_then(Value::as_str).map(str::to_owned);
    let asked = StartExecutionInput::builder().set_state_machine_arn(text("StateMachineArn"));
    asked.set_name(text("Name")).set_trace_header(text("TraceHeader")).build()
}

/// The name of the execution that a task asks for: the same whenever the task is carried out.
fn name_of(asked: &StartExecutionInput, parent: &Parent) -> String {
    asked.name.clone().unwrap_or_else(|| request_id(parent, "name"))
}

/// The input of the execution that a task asks for: a text is the input as it is, anything else is its JSON.
fn input_of(call: &Call) -> Result<Payload, InvalidExecutionInput> {
    match call.input.value().get("Input") {
        None | Some(Value::Null) => Ok(Payload::empty_object()),
        Some(Value::String(text)) => read_input(text),
        Some(value) => Ok(Payload::from_value(value.clone())),
    }
}

/// What the service answers to a start.
fn start_answer(arn: &str, at: Timestamp, parent: &Parent) -> Payload {
    let request_id = request_id(parent, "start");
    let date = http_date(at);
    let headers = [
        ("x-amzn-RequestId", request_id.clone()),
        ("connection", "keep-alive".to_owned()),
        ("Content-Length", answer_length(arn, at).to_string()),
        ("Date", date),
        ("Content-Type", "application/x-amz-json-1.0".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let (http, response) = metadata(200, &headers, &request_id);
    let mut answer = Object::with_capacity(4);
    answer.insert("ExecutionArn", Value::from(arn));
    answer.insert("SdkHttpMetadata", http);
    answer.insert("SdkResponseMetadata", response);
    answer.insert("StartDate", Value::from(at.as_millis()));
    Payload::from_value(answer.into())
}

/// The length of the answer's body, whose date is in seconds: `1.691851538978E9`.
fn answer_length(arn: &str, at: Timestamp) -> usize {
    let millis = at.as_millis().to_string();
    let digits = millis.trim_end_matches('0').len().max(2);
    r#"{"executionArn":"","startDate":.E9}"#.len() + arn.len() + digits
}

fn http_date(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The answer to the start and the result or the failure of the task that waits for an execution.
fn end_answer(execution: &Execution) -> Option<(Parent, Payload, Result<Payload, Failure>)> {
    let parent = execution.parent().filter(|parent| parent.is_waiting())?.clone();
    let outcome = execution.outcome()?;
    let succeeded = matches!(outcome, Outcome::Succeeded(_));
    let as_json = succeeded && parent.pattern == Pattern::SyncJson;
    let description = describe(execution, outcome, as_json)?;
    let answer = match succeeded {
        true => Ok(Payload::from_value(description)),
        false => Err(Failure::new("States.TaskFailed", description.to_string())),
    };
    let start = start_answer(&execution.start()?.arn, execution.started_at()?, &parent);
    Some((parent, start, answer))
}

/// What DescribeExecution shows, in the form of a result: members in alphabetical order.
fn describe(execution: &Execution, outcome: &Outcome, as_json: bool) -> Option<Value> {
    let (start, at, stopped) = (execution.start()?, execution.started_at()?, execution.closed_at()?);
    let data = |payload: &Payload| match as_json {
        true => payload.value().clone(),
        false => Value::from(payload.text()),
    };
    let included = || {
        let mut details = Object::with_capacity(1);
        details.insert("Included", Value::Bool(true));
        Value::from(details)
    };
    let failure = Failure::default();
    // The failure of a time-out is not shown.
    let (status, output, failure) = match outcome {
        Outcome::Succeeded(output) => ("SUCCEEDED", Some(output), &failure),
        Outcome::Failed(failure) => ("FAILED", None, failure),
        Outcome::Aborted(failure) => ("ABORTED", None, failure),
        Outcome::TimedOut => ("TIMED_OUT", None, &failure),
    };
    let text = |text: &Option<Arc<str>>| text.clone().map(Value::String);
    let redriven = execution.redriven();
    let obstacle = redrive::obstacle(execution.standing(), false, stopped);
    let redrive_status = if obstacle.is_some() { "NOT_REDRIVABLE" } else { "REDRIVABLE" };
    let members = [
        ("Cause", text(&failure.cause)),
        ("Error", text(&failure.error)),
        ("ExecutionArn", Some(Value::String(start.arn.clone()))),
        ("Input", Some(data(&start.input))),
        ("InputDetails", Some(included())),
        ("Name", Some(Value::String(start.name.clone()))),
        ("Output", output.map(data)),
        ("OutputDetails", output.map(|_| included())),
        ("RedriveCount", Some(Value::from(i64::from(redriven.map_or(0, |redriven| redriven.count))))),
        ("RedriveDate", redriven.map(|redriven| Value::from(redriven.at.as_millis()))),
        ("RedriveStatus", Some(Value::from(redrive_status))),
        ("RedriveStatusReason", obstacle.map(|why| Value::from(why.to_string().as_str()))),
        ("StartDate", Some(Value::from(at.as_millis()))),
        ("StateMachineAliasArn", text(&start.alias_arn)),
        ("StateMachineArn", Some(Value::String(start.machine_arn.clone()))),
        ("StateMachineVersionArn", text(&start.version_arn)),
        ("Status", Some(Value::from(status))),
        ("StopDate", Some(Value::from(stopped.as_millis()))),
    ];
    let mut description = Object::with_capacity(members.len());
    for (name, value) in members {
        if let Some(value) = value {
            description.insert(name, value);
        }
    }
    Some(description.into())
}

/// The type of the machines whose executions are not kept.
const EXPRESS: &str = "EXPRESS";

/// The refusals that the model of the API does not have as errors of its own.
const THROTTLED: &str = "ThrottlingException";
const INVALID: &str = "ValidationException";

/// A refusal, as the service's client words it. `code` is that of the API.
fn refusal(parent: &Parent, code: &str, message: &str) -> Failure {
    let name = match code {
        THROTTLED | INVALID => "AWSStepFunctionsException".to_owned(),
        _ => format!("{code}Exception"),
    };
    Refusal {
        prefix: "StepFunctions",
        service: "AWSStepFunctions",
        name: &name,
        code,
        message,
        status: 400,
        request_id: &request_id(parent, "start"),
    }
    .failure()
}

/// An id that is the same whenever a task is carried out: what it is made of, is said twice.
fn request_id(parent: &Parent, purpose: &str) -> String {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest(parent, purpose)).for_each(|(to, from)| *to = from);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

fn digest(Parent { execution, frame, task, .. }: &Parent, purpose: &str) -> [u8; 32] {
    Sha256::digest(format!("{purpose} {execution} {} {}", frame.0, task.0)).into()
}
