//! Runs a case on the pure core alone: no server, no store, and no time that passes.

use std::sync::Arc;

use gradus_core::asl;
use gradus_core::json::Payload;
use gradus_core::machine::{
    ActivityTask, Command, Entry, Env, Event, EventId, Execution, Fact, Failure, Outcome, Start, StateKind,
    Step, Timer, Timestamp,
};
use serde_json::{Map, Value, json};

use crate::corpus::{Case, Deed, EXECUTION, MACHINE, Reason, Run, arn, role};

/// When every simulated execution starts: 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// An execution and the world around it.
struct Simulation {
    execution: Execution,
    now: Timestamp,
    activities: Vec<String>,
    history: Vec<Value>,
    /// The task that a worker has taken last.
    task: Option<ActivityTask>,
    /// Randomness: a different number in each step.
    seed: u64,
}

/// Runs a case in virtual time.
///
/// # Panics
/// If the definition is invalid, or the script waits for what does not come.
#[must_use]
pub fn run(case: &Case) -> Run {
    let parsed = asl::parse(&case.definition.to_string(), asl::parse::Options::default());
    let definition = parsed.definition.unwrap_or_else(|| panic!("invalid: {:?}", parsed.diagnostics));
    let mut simulation = Simulation {
        execution: Execution::new(definition),
        now: START,
        activities: case.activities.iter().map(|name| arn("activity", name)).collect(),
        history: Vec::new(),
        task: None,
        seed: 0,
    };
    simulation.step(Event::Started(Box::new(start(&case.input))));
    for deed in &case.script {
        simulation.play(deed);
    }
    while simulation.execution.outcome().is_none() {
        simulation.pass_time();
    }
    let outcome = outcome(simulation.execution.outcome());
    Run { outcome, history: simulation.history }
}

impl Simulation {
    fn play(&mut self, deed: &Deed) {
        if let Deed::Take { activity, worker } = deed {
            let task = self.wait_for_task(&arn("activity", activity));
            let ActivityTask { frame, task: id, .. } = task;
            self.task = Some(task);
            return self.step(Event::TaskStarted {
                frame,
                task: id,
                worker: worker.as_deref().map(Arc::from),
            });
        }
        if let Deed::Stop(reason) = deed {
            return self.step(Event::StopRequested { failure: failure(reason) });
        }
        if let Deed::Redrive = deed {
            while self.execution.outcome().is_none() {
                self.pass_time();
            }
            return self.step(Event::RedriveRequested { token: None });
        }
        let ActivityTask { frame, task, .. } = self.task.clone().expect("the script answers no task");
        self.step(match deed {
            Deed::Take { .. } | Deed::Stop(_) | Deed::Redrive => unreachable!("handled above"),
            Deed::Heartbeat => Event::TaskHeartbeat { frame, task },
            Deed::Succeed(output) => Event::TaskSucceeded {
                frame,
                task,
                output: Payload::parse(output).expect("the output is no JSON"),
            },
            Deed::Fail(reason) => Event::TaskFailed { frame, task, failure: failure(reason) },
        });
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

    /// Lets time pass until the next timer is due.
    fn pass_time(&mut self) {
        let timers = self.execution.outstanding().into_iter().filter_map(|command| match command {
            Command::Timer(timer) => Some(timer),
            Command::Activity(_) | Command::Call(_) => None,
        });
        let Timer { due, frame, purpose } = timers.min().expect("the execution waits for ever");
        self.now = self.now.max(due);
        self.step(Event::TimerFired { frame, purpose, due });
    }

    fn step(&mut self, event: Event) {
        self.seed += 1;
        let exists = |arn: &str| self.activities.iter().any(|known| known == arn);
        let env = Env {
            now: self.now,
            seed: self.seed,
            machine_deleted: false,
            activity_exists: &exists,
            token: &|_, _| unreachable!("cases have no tokens yet"),
        };
        let Step { first_event, facts, .. } = self.execution.step(&env, event);
        let mut next = first_event;
        for entry in &facts {
            if entry.fact.is_event() {
                self.history.push(shown(next, entry));
                next = EventId(next.0 + 1);
            }
        }
    }
}

fn start(input: &str) -> Start {
    Start {
        arn: arn("execution", &format!("{MACHINE}:{EXECUTION}")).into(),
        name: EXECUTION.into(),
        machine_arn: arn("stateMachine", MACHINE).into(),
        machine_name: MACHINE.into(),
        revision: Arc::default(),
        version_arn: None,
        alias_arn: None,
        role_arn: role().into(),
        trace_header: None,
        input: Payload::parse(input).expect("the input is no JSON"),
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
            let mut details = joined(json!({ "resource": &**resource }), data("input", input));
            let seconds = [("timeoutInSeconds", timeout_seconds), ("heartbeatInSeconds", heartbeat_seconds)];
            for (member, seconds) in seconds {
                if let Some(seconds) = seconds {
                    details[member] = json!(seconds);
                }
            }
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
        Fact::ExecutionRedriven { count, token: _ } => {
            ("ExecutionRedriven".to_owned(), json!({ "redriveCount": count }))
        }
        Fact::LambdaFunctionScheduled { .. }
        | Fact::LambdaFunctionStarted { .. }
        | Fact::LambdaFunctionSucceeded { .. }
        | Fact::LambdaFunctionFailed { .. }
        | Fact::LambdaFunctionTimedOut { .. }
        | Fact::TaskScheduled { .. }
        | Fact::TaskStarted { .. }
        | Fact::TaskSubmitted { .. }
        | Fact::TaskSucceeded { .. }
        | Fact::TaskFailed { .. }
        | Fact::TaskTimedOut { .. } => unreachable!("cases make no calls yet"),
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
