//! Runs a case on the pure core alone: no server, no store, and no time that passes.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_core::asl;
use gradus_core::asl::definition::{Pattern, Resource};
use gradus_core::json::Payload;
use gradus_core::machine::timestamp::Millis;
use gradus_core::machine::{
    ActivityTask, Call, Command, Entry, Env, Event, EventId, Execution, Fact, Failure, FrameId, Mode,
    Outcome, Reply, Start, StateKind, Step, Timer, Timestamp,
};
use serde_json::{Map, Value, json};

use crate::corpus::{Answer, Case, Deed, EXECUTION, MACHINE, Reason, Run, arn, masked, no_function, role};

/// When every simulated execution starts: 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// The token of every task that has one.
const TOKEN: &str = "<token>";

/// An execution and the world around it.
struct Simulation<'a> {
    case: &'a Case,
    execution: Execution,
    now: Timestamp,
    machine_deleted: bool,
    history: Vec<Value>,
    /// The task that a worker or a function has taken last.
    task: Option<(FrameId, EventId)>,
    /// How often each function was called, and the last call that it got.
    calls: BTreeMap<String, (usize, Call)>,
    /// What functions will have answered, in the order of the calls.
    answers: Vec<(Timestamp, Event)>,
    /// Randomness: a different number in each step.
    seed: u64,
}

/// Runs a case in virtual time.
///
/// # Panics
/// If the definition is invalid, or the script waits for what does not come, or the execution takes
/// another time than the case says.
#[must_use]
pub fn run(case: &Case) -> Run {
    let simulation = ended(case);
    if let Some(seconds) = case.seconds {
        let taken = simulation.now.since(START).0;
        assert_eq!(taken, (seconds * 1000.0) as u64, "milliseconds: {}", case.about);
    }
    let mut outcome = masked(outcome(simulation.execution.outcome()), None);
    if case.express && outcome["status"] == "TIMED_OUT" {
        // Whoever waits is told the error, which DescribeExecution does not show.
        outcome["error"] = json!("States.Timeout");
    }
    let history = if case.express { Vec::new() } else { simulation.history };
    Run { outcome, history: history.into_iter().map(|event| masked(event, None)).collect() }
}

/// A case, played to the end of its execution.
fn ended(case: &Case) -> Simulation<'_> {
    let options = asl::parse::Options { express: case.express };
    let parsed = asl::parse(&case.definition.to_string(), options);
    let definition = parsed.definition.unwrap_or_else(|| panic!("invalid: {:?}", parsed.diagnostics));
    let mode = if case.express { Mode::ExpressSync } else { Mode::Standard };
    let mut simulation = Simulation {
        case,
        execution: Execution::of(definition, mode),
        now: START,
        machine_deleted: false,
        history: Vec::new(),
        task: None,
        calls: BTreeMap::new(),
        answers: Vec::new(),
        seed: 0,
    };
    simulation.step(Event::Started(Box::new(start(case))));
    simulation.catch_up(START);
    for deed in &case.script {
        simulation.play(deed);
    }
    while simulation.execution.outcome().is_none() {
        simulation.pass_time();
    }
    simulation
}

impl Simulation<'_> {
    fn play(&mut self, deed: &Deed) {
        match deed {
            Deed::Take { activity, worker } => {
                let ActivityTask { frame, task, .. } = self.wait_for_task(&arn("activity", activity));
                self.task = Some((frame, task));
                self.step(Event::TaskStarted { frame, task, worker: worker.as_deref().map(Arc::from) });
            }
            Deed::Called(function) => {
                while !self.calls.contains_key(function) {
                    self.pass_time();
                }
                self.task = self.calls.get(function).map(|(_, call)| (call.frame, call.task));
            }
            Deed::After(millis) => self.catch_up(self.now.saturating_add(Millis(*millis))),
            Deed::Delete => self.machine_deleted = true,
            Deed::Stop(reason) => drop(self.step(Event::StopRequested { failure: failure(reason) })),
            Deed::Redrive => {
                while self.execution.outcome().is_none() {
                    self.pass_time();
                }
                self.step(Event::RedriveRequested { token: None });
            }
            Deed::Heartbeat => {
                let (frame, task) = self.task();
                self.step(Event::TaskHeartbeat { frame, task });
            }
            Deed::Succeed(output) => drop(self.succeed(output)),
            Deed::Late => assert_eq!(self.succeed("1"), Reply::Late),
            Deed::Fail(reason) => {
                let (frame, task) = self.task();
                self.step(Event::TaskFailed { frame, task, failure: failure(reason) });
            }
        }
        self.catch_up(self.now);
    }

    fn task(&self) -> (FrameId, EventId) {
        self.task.expect("the script answers no task")
    }

    fn succeed(&mut self, output: &str) -> Reply {
        let (frame, task) = self.task();
        let output = Payload::parse(output).expect("the output is no JSON");
        self.step(Event::TaskSucceeded { frame, task, output })
    }

    /// Lets time pass until the activity has a task.
    fn wait_for_task(&mut self, activity: &str) -> ActivityTask {
        loop {
            let waiting = self.execution.outstanding().into_iter().find_map(|command| match command {
                Command::Activity(task) if *task.arn == *activity => Some(task),
                _ => None,
            });
            match waiting {
                Some(task) => return task,
                None => self.pass_time(),
            }
        }
    }

    /// Lets time pass until then: whatever is due has happened.
    fn catch_up(&mut self, until: Timestamp) {
        while self.next().is_some_and(|due| due <= until) {
            self.pass_time();
        }
        self.now = self.now.max(until);
    }

    /// Lets time pass until something is due: a timer first, then the answer to the earliest call.
    fn pass_time(&mut self) {
        let due = self.next().expect("the execution waits for ever");
        self.now = self.now.max(due);
        match self.timer().filter(|timer| timer.due <= due) {
            Some(Timer { due, frame, purpose }) => self.step(Event::TimerFired { frame, purpose, due }),
            None => {
                let at = self.answers.iter().position(|(at, _)| *at == due).expect("an answer is due");
                let (_, event) = self.answers.remove(at);
                self.step(event)
            }
        };
    }

    /// When something happens next.
    fn next(&self) -> Option<Timestamp> {
        let timer = self.timer().map(|timer| timer.due);
        timer.into_iter().chain(self.answers.iter().map(|(due, _)| *due)).min()
    }

    fn timer(&self) -> Option<Timer> {
        let timers = self.execution.outstanding().into_iter().filter_map(|command| match command {
            Command::Timer(timer) => Some(timer),
            Command::Activity(_) | Command::Call(_) => None,
        });
        timers.min()
    }

    fn step(&mut self, event: Event) -> Reply {
        self.seed += 1;
        let activities = &self.case.activities;
        let exists = |found: &str| activities.iter().any(|name| arn("activity", name) == found);
        let env = Env {
            now: self.now,
            seed: self.seed,
            machine_deleted: self.machine_deleted,
            activity_exists: &exists,
            token: &|_, _| TOKEN.to_owned(),
        };
        let Step { first_event, facts, asked, reply, .. } = self.execution.step(&env, event);
        let mut next = first_event;
        for entry in &facts {
            if entry.fact.is_event() {
                self.history.push(shown(next, entry));
                next = EventId(next.0 + 1);
            }
        }
        for command in asked {
            if let Command::Call(call) = command {
                self.call(call);
            }
        }
        reply
    }

    /// A function or a machine is called: the answer comes when it says so.
    fn call(&mut self, call: Call) {
        let parameters: Value = serde_json::from_str(call.input.text()).expect("a payload is JSON");
        if let Resource::Service { service, pattern, .. } = &call.resource
            && **service == *"states"
        {
            return self.start_nested(&call, *pattern, &parameters);
        }
        let (directly, function) = match &call.resource {
            Resource::Lambda { arn } => (true, arn.to_string()),
            Resource::Service { service, .. } if **service == *"lambda" => {
                (false, parameters["FunctionName"].as_str().unwrap_or_default().to_owned())
            }
            other => unreachable!("cases do not call {other:?}"),
        };
        let name = function.rsplit(':').next().unwrap_or_default().to_owned();
        let (number, last) = self.calls.entry(name.clone()).or_insert_with(|| (0, call.clone()));
        let answer = Answer::to(*number, self.case.functions.get(&name));
        (*number, *last) = (*number + 1, call.clone());
        let due = self.now.saturating_add(Millis(answer.map_or(0, |answer| answer.after)));
        let answer = match answer {
            None => Err(not_found(&name)),
            Some(Answer { raises: Some(error), .. }) => Err(raised(error, directly)),
            Some(Answer { returns, .. }) => Ok(returned(returns.as_deref().unwrap_or_default(), directly)),
        };
        self.answers.push((due, Event::CallAnswered { frame: call.frame, task: call.task, answer }));
    }

    /// An execution is started, and plays to its end apart; a task that waits is told that in time.
    fn start_nested(&mut self, call: &Call, pattern: Pattern, parameters: &Value) {
        let (frame, task) = (call.frame, call.task);
        let machine = parameters["StateMachineArn"].as_str().unwrap_or_default();
        let name = parameters["Name"].as_str().expect("cases name the executions that they start");
        let Some(definition) = machine.rsplit(':').next().and_then(|name| self.case.machines.get(name))
        else {
            let cause = format!(
                "State Machine Does Not Exist: '{machine}' (Service: AWSStepFunctions; Status Code: 400; \
                 Error Code: StateMachineDoesNotExist; Request ID: 00000000-0000-4000-8000-000000000000; Proxy: null)"
            );
            let answer = Err(Failure::new("StepFunctions.StateMachineDoesNotExistException", cause));
            return self.answers.push((self.now, Event::CallAnswered { frame, task, answer }));
        };
        let input = match &parameters["Input"] {
            Value::Null => "{}".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let (script, seconds) = (Vec::new(), None);
        let case = Case { definition: definition.clone(), input, script, seconds, ..self.case.clone() };
        let nested = ended(&case);
        let arn = format!("{}:{name}", machine.replacen(":stateMachine:", ":execution:", 1));
        let answer = Ok(start_answer(&arn));
        self.answers.push((self.now, Event::CallAnswered { frame, task, answer }));
        if !matches!(pattern, Pattern::Sync | Pattern::SyncJson) {
            return;
        }
        let outcome = outcome(nested.execution.outcome());
        let succeeded = outcome["status"] == "SUCCEEDED";
        let as_json = succeeded && pattern == Pattern::SyncJson;
        let text = description(&arn, name, &case, machine, &outcome, as_json);
        let event = match succeeded {
            true => Event::TaskSucceeded { frame, task, output: parsed(&text) },
            false => Event::TaskFailed { frame, task, failure: Failure::new("States.TaskFailed", text) },
        };
        let due = self.now.saturating_add(nested.now.since(START));
        self.answers.push((due, event));
    }
}

/// Of an execution that a task has started: what the start is answered with.
fn start_answer(arn: &str) -> Payload {
    parsed(&format!(
        r#"{{"ExecutionArn":"{arn}","SdkHttpMetadata":{{}},"SdkResponseMetadata":{{}},"StartDate":0}}"#
    ))
}

/// How such an execution is described when it has ended, its members in alphabetical order.
fn description(arn: &str, name: &str, case: &Case, machine: &str, outcome: &Value, as_json: bool) -> String {
    let data = |text: &str| if as_json { parsed(text).value().to_string() } else { json!(text).to_string() };
    let member = |name: &str, found: &str| {
        outcome[found].as_str().map_or_else(String::new, |text| format!(r#""{name}":{},"#, json!(text)))
    };
    let status = outcome["status"].as_str().expect("a status");
    let (output, redrive) = match outcome["output"].as_str() {
        Some(output) => (
            format!(r#""Output":{},"OutputDetails":{{"Included":true}},"#, data(output)),
            r#""NOT_REDRIVABLE","RedriveStatusReason":"Execution is SUCCEEDED and cannot be redriven""#,
        ),
        None => (String::new(), r#""REDRIVABLE""#),
    };
    format!(
        r#"{{{cause}{error}"ExecutionArn":"{arn}","Input":{input},"InputDetails":{{"Included":true}},"Name":"{name}",{output}"RedriveCount":0,"RedriveStatus":{redrive},"StartDate":0,"StateMachineArn":"{machine}","Status":"{status}","StopDate":0}}"#,
        cause = member("Cause", "cause"),
        error = member("Error", "error"),
        input = data(&case.input),
    )
}

/// The result of a task whose function returned a text, called directly or by the service.
fn returned(text: &str, directly: bool) -> Payload {
    let payload = Payload::parse(text).unwrap_or_else(|_| parsed(&json!(text).to_string()));
    if directly {
        return payload;
    }
    let payload = payload.value();
    parsed(&format!(
        r#"{{"ExecutedVersion":"$LATEST","Payload":{payload},"SdkHttpMetadata":{{}},"SdkResponseMetadata":{{}},"StatusCode":200}}"#
    ))
}

/// The failure of a task whose function raised an error.
fn raised(error: &str, directly: bool) -> Failure {
    let value: Value = serde_json::from_str(error).expect("an error is JSON");
    match value.get("errorType").and_then(Value::as_str) {
        Some(name) if directly => Failure::new(name, error),
        Some(name) => Failure::new(name, value.to_string()),
        None => Failure::new(
            "Lambda.Unknown",
            format!(
                "The cause could not be determined because Lambda did not return an error type. Returned \
                 payload: {error}"
            ),
        ),
    }
}

/// The failure of a task whose function does not exist.
fn not_found(name: &str) -> Failure {
    let message = no_function(name);
    let cause = format!(
        "{message} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; \
         Request ID: r; Proxy: null)"
    );
    Failure::new("Lambda.ResourceNotFoundException", cause)
}

fn parsed(text: &str) -> Payload {
    Payload::parse(text).expect("this is JSON")
}

fn start(case: &Case) -> Start {
    let execution = match case.express {
        true => arn("express", &format!("{MACHINE}:{EXECUTION}:00000000-0000-4000-8000-000000000000")),
        false => arn("execution", &format!("{MACHINE}:{EXECUTION}")),
    };
    Start {
        arn: execution.into(),
        name: EXECUTION.into(),
        machine_arn: arn("stateMachine", MACHINE).into(),
        machine_name: MACHINE.into(),
        revision: Arc::default(),
        version_arn: None,
        alias_arn: None,
        role_arn: role().into(),
        trace_header: None,
        input: Payload::parse(&case.input).expect("the input is no JSON"),
    }
}

fn failure(reason: &Reason) -> Failure {
    let shared = |text: &Option<String>| text.as_deref().map(Arc::from);
    Failure { error: shared(&reason.error), cause: shared(&reason.cause), heartbeat: false }
}

fn outcome(outcome: Option<&Outcome>) -> Value {
    let (status, members) = match outcome {
        None => ("RUNNING", json!({})),
        Some(Outcome::Succeeded(output)) => ("SUCCEEDED", json!({ "output": output.text() })),
        Some(Outcome::Failed(failure)) => ("FAILED", reason(failure)),
        Some(Outcome::Aborted(failure)) => ("ABORTED", reason(failure)),
        Some(Outcome::TimedOut) => ("TIMED_OUT", json!({})),
    };
    joined(json!({ "status": status }), members)
}

fn reason(failure: &Failure) -> Value {
    let members = [("error", &failure.error), ("cause", &failure.cause)];
    let present =
        members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_deref()?))));
    Value::Object(present.collect())
}

/// An event as clients see it. Written apart from the service's own projection: the expected
/// histories hold both to the same answer.
fn shown(id: EventId, entry: &Entry) -> Value {
    let (kind, details) = match &entry.fact {
        Fact::ExecutionStarted { start } => (
            "ExecutionStarted".to_owned(),
            joined(data("input", &start.input), json!({ "roleArn": &*start.role_arn })),
        ),
        Fact::StateEntered { kind, name, input, .. } => {
            (format!("{}StateEntered", word(*kind)), joined(json!({ "name": &**name }), data("input", input)))
        }
        Fact::StateExited { kind, name, output, .. } => (
            format!("{}StateExited", word(*kind)),
            joined(json!({ "name": &**name }), data("output", output)),
        ),
        Fact::StateExitedAssigned { kind, name, output, variables, .. } => {
            let assigned: Map<String, Value> =
                variables.iter().map(|(name, value)| (name.to_string(), json!(value.text()))).collect();
            let truncated = json!({ "truncated": false });
            let assigned = json!({ "name": &**name, "assignedVariables": assigned, "assignedVariablesDetails": truncated });
            (format!("{}StateExited", word(*kind)), joined(assigned, data("output", output)))
        }
        Fact::ActivityScheduled { resource, input, timeout_seconds, heartbeat_seconds, .. } => {
            let details = joined(json!({ "resource": &**resource }), data("input", input));
            let details = limited(details, *timeout_seconds, *heartbeat_seconds);
            ("ActivityScheduled".to_owned(), details)
        }
        Fact::ActivityStarted { worker, .. } => {
            let details =
                worker.as_deref().map_or_else(|| json!({}), |worker| json!({ "workerName": worker }));
            ("ActivityStarted".to_owned(), details)
        }
        Fact::ActivitySucceeded { output, .. } => ("ActivitySucceeded".to_owned(), data("output", output)),
        Fact::ActivityFailed { failure, .. } => ("ActivityFailed".to_owned(), reason(failure)),
        Fact::ActivityTimedOut { failure, .. } => ("ActivityTimedOut".to_owned(), reason(failure)),
        Fact::ExecutionSucceeded { output } => ("ExecutionSucceeded".to_owned(), data("output", output)),
        Fact::ExecutionFailed { failure } => ("ExecutionFailed".to_owned(), reason(failure)),
        Fact::ExecutionAborted { failure } => ("ExecutionAborted".to_owned(), reason(failure)),
        Fact::ExecutionTimedOut { failure } => ("ExecutionTimedOut".to_owned(), reason(failure)),
        Fact::EvaluationFailed { name, location, failure, frame: _ } => {
            let mut details = joined(json!({ "state": &**name }), reason(failure));
            if let Some(location) = location {
                details["location"] = json!(&**location);
            }
            ("EvaluationFailed".to_owned(), details)
        }
        Fact::ExecutionRedriven { count, token: _ } => {
            ("ExecutionRedriven".to_owned(), json!({ "redriveCount": count }))
        }
        Fact::LambdaFunctionScheduled { resource, input, timeout_seconds, .. } => {
            let details = joined(json!({ "resource": &**resource }), data("input", input));
            ("LambdaFunctionScheduled".to_owned(), limited(details, *timeout_seconds, None))
        }
        Fact::LambdaFunctionStarted { .. } => ("LambdaFunctionStarted".to_owned(), Value::Null),
        Fact::LambdaFunctionSucceeded { output, .. } => {
            ("LambdaFunctionSucceeded".to_owned(), data("output", output))
        }
        Fact::LambdaFunctionFailed { failure, .. } => ("LambdaFunctionFailed".to_owned(), reason(failure)),
        Fact::LambdaFunctionTimedOut { failure, .. } => {
            ("LambdaFunctionTimedOut".to_owned(), reason(failure))
        }
        Fact::TaskScheduled {
            service,
            action,
            region,
            parameters,
            timeout_seconds,
            heartbeat_seconds,
            ..
        } => {
            let details = json!({ "region": &**region, "parameters": parameters.text() });
            let details = limited(details, *timeout_seconds, *heartbeat_seconds);
            ("TaskScheduled".to_owned(), joined(called(service, action), details))
        }
        Fact::TaskStarted { service, action, .. } => ("TaskStarted".to_owned(), called(service, action)),
        Fact::TaskSubmitted { service, action, output, .. } => {
            ("TaskSubmitted".to_owned(), joined(called(service, action), data("output", output)))
        }
        Fact::TaskSucceeded { service, action, output, .. } => {
            ("TaskSucceeded".to_owned(), joined(called(service, action), data("output", output)))
        }
        Fact::TaskFailed { service, action, failure, .. } => {
            ("TaskFailed".to_owned(), joined(called(service, action), reason(failure)))
        }
        Fact::TaskTimedOut { service, action, failure, .. } => {
            ("TaskTimedOut".to_owned(), joined(called(service, action), reason(failure)))
        }
        Fact::ParallelStarted { .. } => ("ParallelStateStarted".to_owned(), Value::Null),
        Fact::ParallelSucceeded { .. } => ("ParallelStateSucceeded".to_owned(), Value::Null),
        Fact::ParallelFailed { .. } => ("ParallelStateFailed".to_owned(), Value::Null),
        Fact::MapStarted { length, .. } => ("MapStateStarted".to_owned(), json!({ "length": length })),
        Fact::MapIterationStarted { name, index, .. } => {
            ("MapIterationStarted".to_owned(), iteration(name, *index))
        }
        Fact::MapIterationSucceeded { name, index, .. } => {
            ("MapIterationSucceeded".to_owned(), iteration(name, *index))
        }
        Fact::MapIterationFailed { name, index, .. } => {
            ("MapIterationFailed".to_owned(), iteration(name, *index))
        }
        Fact::MapIterationAborted { name, index, .. } => {
            ("MapIterationAborted".to_owned(), iteration(name, *index))
        }
        Fact::MapSucceeded { .. } => ("MapStateSucceeded".to_owned(), Value::Null),
        Fact::MapFailed { .. } => ("MapStateFailed".to_owned(), Value::Null),
        Fact::StateAborted { kind, .. } => (format!("{}StateAborted", word(*kind)), Value::Null),
        Fact::WaitStarted { .. }
        | Fact::StateHeld { .. }
        | Fact::TaskHeartbeat { .. }
        | Fact::RetryScheduled { .. }
        | Fact::StartedBy { .. }
        | Fact::BranchSucceeded { .. }
        | Fact::BranchFailed { .. }
        | Fact::StateResumed { .. }
        | Fact::BlockResumed { .. } => unreachable!("not an event"),
    };
    let mut event = Map::new();
    if !details.is_null() {
        event.insert(member(&kind), details);
    }
    event.insert("id".to_owned(), json!(id.0));
    event.insert("previousEventId".to_owned(), json!(entry.previous.0));
    event.insert("type".to_owned(), json!(kind));
    Value::Object(event)
}

/// The member that holds an event's details.
fn member(kind: &str) -> String {
    let kind = ["Entered", "Exited"]
        .into_iter()
        .find(|end| kind.ends_with(end))
        .map_or_else(|| kind.to_owned(), |end| format!("State{end}"));
    let (first, rest) = kind.split_at(1);
    format!("{}{rest}EventDetails", first.to_lowercase())
}

fn word(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Pass => "Pass",
        StateKind::Task => "Task",
        StateKind::Choice => "Choice",
        StateKind::Wait => "Wait",
        StateKind::Succeed => "Succeed",
        StateKind::Fail => "Fail",
        StateKind::Parallel => "Parallel",
        StateKind::Map => "Map",
    }
}

fn called(service: &str, action: &str) -> Value {
    json!({ "resourceType": service, "resource": action })
}

fn limited(mut details: Value, timeout_seconds: Option<u64>, heartbeat_seconds: Option<u64>) -> Value {
    let seconds = [("timeoutInSeconds", timeout_seconds), ("heartbeatInSeconds", heartbeat_seconds)];
    for (member, seconds) in seconds {
        if let Some(seconds) = seconds {
            details[member] = json!(seconds);
        }
    }
    details
}

fn iteration(name: &str, index: u32) -> Value {
    json!({ "name": name, "index": index })
}

fn data(member: &str, payload: &Payload) -> Value {
    let mut data = Map::new();
    data.insert(member.to_owned(), json!(payload.text()));
    data.insert(format!("{member}Details"), json!({ "truncated": false }));
    Value::Object(data)
}

fn joined(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}
