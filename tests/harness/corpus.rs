//! Cases: a machine, an input, what its workers do, and the history that comes of it.
//!
//! A case is a file `tests/corpus/FEATURE/CASE.json`. It is run twice, over HTTP in real time and
//! by [`simulated`](crate::simulated) in virtual time, and both must give what the file expects.
//! With `UPDATE=1` the run over HTTP writes its result into the file, to be read before it is kept.
//! What no two runs share is masked, see [`mask`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::api::{Api, ROLE};
use crate::eventually;
use crate::functions::{self, Functions};
use crate::server::Server;
use crate::text::{expand, mask, shorten};

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
    /// Further machines by name, for tasks that start their executions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub machines: BTreeMap<String, Value>,
    /// What functions answer, call by call; the last answer again and again. Another function does
    /// not exist.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, Vec<Answer>>,
    /// The machine is of the type `EXPRESS`, run by StartSyncExecution, which keeps no history.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub express: bool,
    /// What happens from outside after the start, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<Deed>,
    /// How many seconds the execution takes: in virtual time exactly, in real time at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
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
    /// The worker answers, and is told that the task has timed out.
    Late,
    /// A function has been called with the member `token` in its payload: who has it answers for
    /// the worker.
    Called(String),
    /// So many milliseconds pass.
    After(u64),
    /// The state machine is deleted.
    Delete,
    /// Somebody stops the execution.
    Stop(Reason),
    /// Somebody redrives the execution, once it has ended.
    Redrive,
}

/// What a function answers to one call.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// It returns this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returns: Option<String>,
    /// It ends with this error, which is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raises: Option<String>,
    /// After so many milliseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub after: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "asked for by serde")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Answer {
    /// The answer to the call of this number, from 0.
    #[must_use]
    pub fn to(call: usize, answers: Option<&Vec<Answer>>) -> Option<&Answer> {
        let answers = answers?;
        answers.get(call).or(answers.last())
    }
}

/// The ARN of a function of the cases.
#[must_use]
pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")
}

/// What Lambda says of a function that does not exist.
#[must_use]
pub fn no_function(name: &str) -> String {
    format!("Function not found: {}", function_arn(name))
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

/// Where the [findings](crate::findings) are, below the folder of the corpus.
pub const FINDINGS: &str = "findings";

/// Every case of an execution below the folder of the corpus, with its file, sorted.
///
/// # Panics
/// If a file cannot be read as a case, or there is none.
#[must_use]
pub fn read(folder: &Path) -> Vec<(PathBuf, Case)> {
    let folders = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let folders = folders.map(|entry| entry.expect("a folder cannot be read").path());
    read_below(folders.filter(|path| path.is_dir() && !path.ends_with(FINDINGS)).collect())
}

/// Every file below the folders, read, sorted.
///
/// # Panics
/// If a file cannot be read, or there is none.
#[must_use]
pub fn read_below<T: DeserializeOwned>(mut folders: Vec<PathBuf>) -> Vec<(PathBuf, T)> {
    let mut cases = Vec::new();
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
    assert!(!cases.is_empty(), "no cases");
    cases.sort_by(|(a, _): &(PathBuf, T), (b, _)| a.cmp(b));
    cases
}

/// Runs a case on a server of its own.
///
/// # Panics
/// If the server refuses something that the case does, or is faster than it may be.
#[must_use]
pub fn over_http(binary: &str, case: &Case) -> Run {
    let functions = functions(case);
    let variable = [("AWS_ENDPOINT_URL_LAMBDA", functions.endpoint())];
    let server = Server::start_with(binary, &["--memory"], &variable);
    let mut api = Api::new(server.address());
    for activity in &case.activities {
        api.create_activity(activity);
    }
    for (name, definition) in &case.machines {
        api.create_machine(name, definition);
    }
    if case.express {
        return run_express(&mut api, case);
    }
    let machine = api.create_machine(MACHINE, &case.definition);
    let execution = api.start(&machine, EXECUTION, &case.input);
    let mut token = Value::Null;
    for deed in &case.script {
        match deed {
            Deed::Take { activity, worker } => token = take(&mut api, activity, worker.as_deref()),
            Deed::Called(function) => token = token_of(&mut api, &execution, &functions, function),
            Deed::Heartbeat => drop(api.must("SendTaskHeartbeat", &json!({ "taskToken": token }))),
            Deed::Succeed(output) => {
                drop(api.must("SendTaskSuccess", &json!({ "taskToken": token, "output": output })))
            }
            Deed::Fail(reason) => {
                drop(api.must("SendTaskFailure", &with(reason, "taskToken", token.clone())))
            }
            Deed::Late => {
                let refusal = api.refused("SendTaskSuccess", &json!({ "taskToken": token, "output": "1" }));
                assert_eq!(refusal.name, "TaskTimedOut");
            }
            Deed::After(millis) => thread::sleep(Duration::from_millis(*millis)),
            Deed::Delete => drop(api.must("DeleteStateMachine", &json!({ "stateMachineArn": machine }))),
            Deed::Stop(reason) => {
                drop(api.must("StopExecution", &with(reason, "executionArn", json!(execution))))
            }
            Deed::Redrive => {
                api.end_of(&execution);
                drop(api.must("RedriveExecution", &json!({ "executionArn": execution })))
            }
        }
    }
    let described = api.end_of(&execution);
    if let Some(seconds) = case.seconds {
        let date = |name: &str| described[name].as_f64().expect("a date");
        // Dates have milliseconds, a difference of doubles has not.
        let taken = date("stopDate") - date("startDate") + 0.0005;
        assert!(taken >= seconds, "{taken} seconds instead of {seconds}: {}", case.about);
    }
    let mut history = api.history(&execution);
    for event in &mut history {
        let event = event.as_object_mut().expect("an event is no object");
        assert!(event.remove("timestamp").is_some(), "an event without time stamp: {event:?}");
    }
    let secret = token.as_str();
    let history = history.into_iter().map(|event| masked(event, secret)).collect();
    Run { outcome: outcome(described, secret), history }
}

fn run_express(api: &mut Api, case: &Case) -> Run {
    let machine = json!({
        "name": MACHINE, "roleArn": ROLE, "type": "EXPRESS", "definition": case.definition.to_string()
    });
    let machine = crate::api::text(&api.must("CreateStateMachine", &machine), "stateMachineArn");
    let start = json!({ "stateMachineArn": machine, "name": EXECUTION, "input": case.input });
    Run { outcome: outcome(api.must("StartSyncExecution", &start), None), history: Vec::new() }
}

/// Of what an execution is described with, what its end consists of.
fn outcome(mut described: Value, secret: Option<&str>) -> Value {
    let mut outcome = Map::new();
    for member in ["status", "output", "error", "cause"] {
        match described[member].take() {
            Value::Null => {}
            value => drop(outcome.insert(member.to_owned(), masked(value, secret))),
        }
    }
    outcome.into()
}

/// A value with all its texts masked.
pub(crate) fn masked(value: Value, secret: Option<&str>) -> Value {
    match value {
        Value::String(text) => mask(&text, secret).into(),
        Value::Array(items) => items.into_iter().map(|item| masked(item, secret)).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, masked(value, secret))).collect()
        }
        other => other,
    }
}

/// The functions of a case.
fn functions(case: &Case) -> Functions {
    let (answers, counts) = (case.functions.clone(), Mutex::<BTreeMap<String, usize>>::default());
    Functions::answering(move |call| {
        let name = call.function.rsplit(':').next().unwrap_or_default().to_owned();
        let number = {
            let mut counts = counts.lock().expect("no function panics");
            let count = counts.entry(name.clone()).or_default();
            *count += 1;
            *count - 1
        };
        let Some(answer) = Answer::to(number, answers.get(&name)) else {
            let (code, message) = ("ResourceNotFoundException".to_owned(), no_function(&name));
            return functions::Answer::Refused { status: 404, code, message };
        };
        thread::sleep(Duration::from_millis(answer.after));
        match &answer.raises {
            Some(error) => functions::Answer::Failed(error.clone()),
            None => functions::Answer::Returned(answer.returns.clone().unwrap_or_default()),
        }
    })
}

/// The token that a function was called with last, once the call is answered.
fn token_of(api: &mut Api, execution: &str, functions: &Functions, function: &str) -> Value {
    let token = eventually("a call with a token", || {
        let calls = functions.calls();
        let call = calls.iter().rev().find(|call| call.function.rsplit(':').next() == Some(function))?;
        serde_json::from_str::<Value>(&call.payload).ok()?.get("token").cloned()
    });
    eventually("the answer to the call", || {
        let history = api.history(execution);
        history.last().filter(|event| event["type"] == "TaskSubmitted").map(drop)
    });
    token
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
pub fn print(case: &impl Serialize) -> String {
    let case = serde_json::to_value(case).expect("a case is JSON");
    let members = case.as_object().into_iter().flatten().map(|(name, value)| {
        let value = match (name.as_str(), value) {
            ("definition", value) => indented(value),
            ("history" | "script" | "findings", Value::Array(items)) => {
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
