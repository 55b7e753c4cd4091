//! Cases: a machine, an input, what its workers do, and the history that comes of it.
//!
//! A case is a file `tests/corpus/FEATURE/CASE.json`. It is run twice, over HTTP in real time and
//! by [`simulated`](crate::simulated) in virtual time, and both must give what the file expects.
//! With `UPDATE=1` the run over HTTP writes its result into the file, to be read before it is kept.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::api::{Api, ROLE};
use crate::eventually;
use crate::text::{expand, shorten};

/// The name of the machine in every case.
pub const MACHINE: &str = "machine";
/// The name of the execution in every case.
pub const EXECUTION: &str = "run";

/// A case, as it is in its file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows.
    pub about: String,
    /// The machine.
    pub definition: Value,
    /// The input's text.
    #[serde(default = "empty_object")]
    pub input: String,
    /// Names of the activities that exist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub activities: Vec<String>,
    /// What happens from outside after the start, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<Deed>,
    /// What is expected.
    #[serde(flatten)]
    pub result: Run,
}

/// Something that is done to an execution.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Deed {
    /// A worker polls until it has a task.
    #[serde(rename_all = "camelCase")]
    Take {
        /// Name of the activity.
        activity: String,
        /// Name of the worker.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        worker: Option<String>,
    },
    /// The worker says that it is alive.
    Heartbeat,
    /// The worker answers with this text.
    Succeed(String),
    /// The worker answers with a failure.
    Fail(Reason),
    /// Somebody stops the execution.
    Stop(Reason),
    /// Somebody redrives the execution, once it has ended.
    Redrive,
}

/// An error and its cause; either may be absent.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The error's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// What came of a case.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Run {
    /// `status`, `output`, `error` and `cause` of the execution, those that it has.
    pub outcome: Value,
    /// The events, without their time stamps.
    pub history: Vec<Value>,
}

fn empty_object() -> String {
    "{}".to_owned()
}

/// Every case below `folder` with its file, sorted.
///
/// # Panics
/// If a file cannot be read as a case, or there is none.
#[must_use]
pub fn read(folder: &Path) -> Vec<(PathBuf, Case)> {
    let mut cases = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a folder cannot be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                let text =
                    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let case = serde_json::from_str(&expand(&text))
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                cases.push((path, case));
            }
        }
    }
    assert!(!cases.is_empty(), "no case below {}", folder.display());
    cases.sort_by(|(a, _), (b, _)| a.cmp(b));
    cases
}

/// Runs a case on a server of its own.
///
/// # Panics
/// If the server refuses something that the case does.
#[must_use]
pub fn over_http(server: SocketAddr, case: &Case) -> Run {
    let mut api = Api::new(server);
    for activity in &case.activities {
        api.create_activity(activity);
    }
    let machine = api.create_machine(MACHINE, &case.definition);
    let execution = api.start(&machine, EXECUTION, &case.input);
    let mut token = Value::Null;
    for deed in &case.script {
        match deed {
            Deed::Take { activity, worker } => token = take(&mut api, activity, worker.as_deref()),
            Deed::Heartbeat => drop(api.must("SendTaskHeartbeat", &json!({ "taskToken": token }))),
            Deed::Succeed(output) => {
                drop(api.must("SendTaskSuccess", &json!({ "taskToken": token, "output": output })))
            }
            Deed::Fail(reason) => {
                drop(api.must("SendTaskFailure", &with(reason, "taskToken", token.clone())))
            }
            Deed::Stop(reason) => {
                drop(api.must("StopExecution", &with(reason, "executionArn", json!(execution))))
            }
            Deed::Redrive => {
                api.end_of(&execution);
                drop(api.must("RedriveExecution", &json!({ "executionArn": execution })))
            }
        }
    }
    let mut described = api.end_of(&execution);
    let mut outcome = Map::new();
    for member in ["status", "output", "error", "cause"] {
        match described[member].take() {
            Value::Null => {}
            value => drop(outcome.insert(member.to_owned(), value)),
        }
    }
    let mut history = api.history(&execution);
    for event in &mut history {
        let event = event.as_object_mut().expect("an event is no object");
        assert!(event.remove("timestamp").is_some(), "an event without time stamp: {event:?}");
    }
    Run { outcome: outcome.into(), history }
}

fn take(api: &mut Api, activity: &str, worker: Option<&str>) -> Value {
    let mut input = json!({ "activityArn": arn("activity", activity) });
    if let Some(worker) = worker {
        input["workerName"] = json!(worker);
    }
    eventually("a task", || {
        let task = api.must("GetActivityTask", &input);
        task.get("taskToken").filter(|token| token.is_string()).cloned()
    })
}

fn with(reason: &Reason, member: &str, value: Value) -> Value {
    let mut input = serde_json::to_value(reason).expect("a reason is JSON");
    input[member] = value;
    input
}

/// The ARN of something in the region and account of the cases.
#[must_use]
pub fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:states:us-east-1:000000000000:{kind}:{name}")
}

/// The role of the machine in every case.
#[must_use]
pub fn role() -> &'static str {
    ROLE
}

/// The text of a case's file: the definition indented, one line for each event and each deed.
#[must_use]
pub fn print(case: &Case) -> String {
    let case = serde_json::to_value(case).expect("a case is JSON");
    let members = case.as_object().into_iter().flatten().map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("definition", value) => indented(value),
            ("history" | "script", Value::Array(items)) => {
                let lines: Vec<String> = items.iter().map(|item| format!("    {item}")).collect();
                format!("[\n{}\n  ]", lines.join(",\n"))
            }
            (_, value) => value.to_string(),
        };
        format!("  \"{name}\": {value}")
    });
    shorten(&format!("{{\n{}\n}}\n", members.collect::<Vec<_>>().join(",\n")))
}

fn indented(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("a definition is JSON");
    text.replace('\n', "\n  ")
}

/// The first difference between two runs, for a message; `None` if they are equal.
#[must_use]
pub fn difference(expected: &Run, found: &Run) -> Option<String> {
    if expected == found {
        return None;
    }
    let event =
        |events: &[Value], at: usize| events.get(at).map_or_else(|| "nothing".to_owned(), Value::to_string);
    let length = expected.history.len().max(found.history.len());
    let first = (0..length).find(|at| expected.history.get(*at) != found.history.get(*at));
    Some(match first {
        Some(at) => format!(
            "event {}\n  expected {}\n  found    {}",
            at + 1,
            event(&expected.history, at),
            event(&found.history, at),
        ),
        None => format!("outcome\n  expected {}\n  found    {}", expected.outcome, found.outcome),
    })
}
