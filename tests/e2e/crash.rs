//! `kill -9` under load, again and again, on one data folder; then the books are compared.
//!
//! Threads start executions, work on tasks, stop executions and redrive them, and keep a ledger: what was
//! asked for, and what was acknowledged. After every kill a new server goes on with the same folder. In
//! the end every open execution is worked off, and each acknowledged call has to be in a history,
//! once. `GRADUS_CRASH_ROUNDS=200` makes more rounds of it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;

use gradus_tests::api::{Api, Failure, text};
use gradus_tests::folder::Folder;
use gradus_tests::server::Server;
use gradus_tests::{eventually, in_parallel};
use serde_json::{Value, json};

use crate::GRADUS;

const STARTERS: usize = 3;
const WORKERS: usize = 3;

/// A machine that is there to be stopped.
const SLEEP: &str = "sleep";
/// The machines whose executions end by themselves or by a worker.
const OTHERS: [&str; 3] = ["pass", "wait", "work"];

fn definition(machine: &str, activity: &str) -> Value {
    let state = match machine {
        "pass" => json!({ "Type": "Pass", "End": true }),
        "wait" => json!({ "Type": "Wait", "Seconds": 1, "End": true }),
        // A task whose worker never heard of it, because the answer to its poll was lost, comes
        // back after the heartbeat; a failed one after the back-off.
        "work" => json!({
            "Type": "Task", "Resource": activity, "HeartbeatSeconds": 1, "End": true,
            "Retry": [{ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1000, "BackoffRate": 1.0 }],
        }),
        _ => json!({ "Type": "Wait", "Seconds": 99_999, "End": true }),
    };
    json!({ "StartAt": "A", "States": { "A": state } })
}

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:states:us-east-1:000000000000:{kind}:{name}")
}

/// A call: asked for, and perhaps acknowledged.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    /// The connection broke: it may have been carried out or not.
    Asked,
    Acknowledged,
}

/// What clients remember.
#[derive(Default)]
struct Ledger {
    /// Executions by ARN.
    starts: BTreeMap<String, Call>,
    /// Executions to stop, and the calls to stop them.
    sleepers: VecDeque<String>,
    stops: HashMap<String, Call>,
    /// Calls to redrive those that were stopped.
    redrives: HashMap<String, Call>,
    /// Results and causes of failures by their unique text, each with its execution.
    answers: HashMap<String, (String, Call)>,
}

/// What the threads of all rounds share.
#[derive(Default)]
struct Clients {
    ledger: Mutex<Ledger>,
    /// Calls that changed something and were acknowledged.
    acknowledged: AtomicUsize,
    /// Numbers that make names unique.
    next: AtomicUsize,
    /// No new executions any more.
    draining: AtomicBool,
}

impl Clients {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    fn number(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Calls; `None` when the server is gone. What the service refuses is for the caller to judge.
    fn call(&self, api: &mut Api, operation: &str, input: &Value) -> Option<Result<Value, String>> {
        match api.call(operation, input) {
            Ok(output) => {
                self.acknowledged.fetch_add(usize::from(operation != "GetActivityTask"), Ordering::Relaxed);
                Some(Ok(output))
            }
            Err(Failure::Refused(refusal)) if refusal.status < 500 => Some(Err(refusal.name)),
            // A server that is being killed may get as far as saying so.
            Err(Failure::Refused(_) | Failure::Broken(_)) => None,
        }
    }

    /// Starts executions, and stops some, until the server is gone.
    fn start(&self, server: SocketAddr) {
        let mut api = Api::new(server);
        while !self.draining.load(Ordering::Relaxed) {
            let number = self.number();
            let machine = if number.is_multiple_of(4) { SLEEP } else { OTHERS[number % OTHERS.len()] };
            let execution = arn("execution", &format!("{machine}:e{number}"));
            self.ledger().starts.insert(execution.clone(), Call::Asked);
            let input = json!({
                "stateMachineArn": arn("stateMachine", machine),
                "name": format!("e{number}"),
                "input": json!({ "execution": execution }).to_string(),
            });
            let Some(answer) = self.call(&mut api, "StartExecution", &input) else { return };
            assert_eq!(answer.map(|answer| text(&answer, "executionArn")), Ok(execution.clone()));
            self.ledger().starts.insert(execution.clone(), Call::Acknowledged);
            if machine == SLEEP {
                self.ledger().sleepers.push_back(execution);
                // Every second one: others sleep on, to be found as they are.
                if number.is_multiple_of(8) && self.stop_one(&mut api).is_none() {
                    return;
                }
            }
        }
    }

    /// Takes tasks and answers them, every third with a failure, until the server is gone.
    fn work(&self, server: SocketAddr, activity: &str) {
        let mut api = Api::new(server);
        loop {
            let poll = json!({ "activityArn": activity, "workerName": "w" });
            let Some(task) = self.call(&mut api, "GetActivityTask", &poll) else { return };
            let task = task.unwrap();
            if task.get("taskToken").is_none() {
                continue;
            }
            let input: Value = serde_json::from_str(&text(&task, "input")).unwrap();
            let execution = text(&input, "execution");
            let number = self.number();
            let answer = format!("answer-{number}");
            let (operation, input) = if number.is_multiple_of(3) && !self.draining.load(Ordering::Relaxed) {
                ("SendTaskFailure", json!({ "taskToken": task["taskToken"], "error": "E", "cause": answer }))
            } else {
                (
                    "SendTaskSuccess",
                    json!({ "taskToken": task["taskToken"], "output": format!("\"{answer}\"") }),
                )
            };
            self.ledger().answers.insert(answer.clone(), (execution.clone(), Call::Asked));
            match self.call(&mut api, operation, &input) {
                None => return,
                Some(Ok(_)) => drop(self.ledger().answers.insert(answer, (execution, Call::Acknowledged))),
                // On a busy machine a worker can be slower than its heartbeat.
                Some(Err(name)) => assert_eq!(name, "TaskTimedOut"),
            }
        }
    }

    /// Stops the execution that has waited longest for it, and redrives every second; `None` when the server
    /// is gone.
    fn stop_one(&self, api: &mut Api) -> Option<()> {
        let Some(execution) = self.ledger().sleepers.pop_front() else { return Some(()) };
        self.ledger().stops.insert(execution.clone(), Call::Asked);
        let input = json!({ "executionArn": execution, "cause": execution });
        let answer = self.call(api, "StopExecution", &input)?;
        assert!(answer.is_ok(), "{execution}: {answer:?}");
        self.ledger().stops.insert(execution.clone(), Call::Acknowledged);
        if self.ledger().stops.len().is_multiple_of(2) {
            self.ledger().redrives.insert(execution.clone(), Call::Asked);
            let answer = self.call(api, "RedriveExecution", &json!({ "executionArn": execution }))?;
            assert!(answer.is_ok(), "{execution}: {answer:?}");
            self.ledger().redrives.insert(execution, Call::Acknowledged);
        }
        Some(())
    }
}

#[test]
fn nothing_acknowledged_is_lost() {
    let rounds =
        std::env::var("GRADUS_CRASH_ROUNDS").map_or(5, |rounds| rounds.parse().expect("GRADUS_CRASH_ROUNDS"));
    let folder = Folder::new();
    let server = Server::on(GRADUS, &folder);
    let mut api = Api::new(server.address());
    let activity = api.create_activity("work");
    for machine in OTHERS.iter().chain([&SLEEP]) {
        api.create_machine(machine, &definition(machine, &activity));
    }
    // What was acknowledged so far has to survive the first kill as well.
    server.kill();

    let clients = Clients::default();
    for round in 0..rounds {
        let server = Server::on(GRADUS, &folder);
        under_load(&clients, &activity, server, |clients| {
            // Kills come after different amounts of work, from hardly any to a few hundred calls.
            let enough = clients.acknowledged.load(Ordering::Relaxed) + (round * 67) % 251;
            eventually("acknowledged calls", || {
                (clients.acknowledged.load(Ordering::Relaxed) > enough).then_some(())
            });
        });
    }

    clients.draining.store(true, Ordering::Relaxed);
    let server = Server::on(GRADUS, &folder);
    let address = server.address();
    under_load(&clients, &activity, server, |_| {
        for machine in OTHERS {
            let input = json!({ "stateMachineArn": arn("stateMachine", machine), "statusFilter": "RUNNING" });
            let mut api = Api::new(address);
            eventually("the end of all executions", || {
                api.must("ListExecutions", &input)["executions"].as_array()?.is_empty().then_some(())
            });
        }
        compare(address, &clients.ledger());
    });
    let Ledger { starts, stops, redrives, answers, .. } = &*clients.ledger();
    let count =
        |calls: &mut dyn Iterator<Item = Call>| calls.filter(|call| *call == Call::Acknowledged).count();
    println!(
        "{rounds} kills: {} starts, {} answers of workers, {} stops and {} redrives were acknowledged, and all are there",
        count(&mut starts.values().copied()),
        count(&mut answers.values().map(|(_, call)| *call)),
        count(&mut stops.values().copied()),
        count(&mut redrives.values().copied()),
    );
}

/// Lets clients loose on a server, kills it when `enough` returns, and waits for the clients.
fn under_load(clients: &Clients, activity: &str, server: Server, enough: impl FnOnce(&Clients)) {
    let address = server.address();
    thread::scope(|scope| {
        for _ in 0..STARTERS {
            scope.spawn(|| clients.start(address));
        }
        for _ in 0..WORKERS {
            scope.spawn(|| clients.work(address, activity));
        }
        // The server dies with the closure's panic, too, so that the clients end.
        let server = server;
        enough(clients);
        server.kill();
    });
}

/// Compares the ledger with what the server tells.
fn compare(server: SocketAddr, ledger: &Ledger) {
    let mut api = Api::new(server);
    let mut listed = HashMap::new();
    for machine in OTHERS.iter().chain([&SLEEP]) {
        let input = json!({ "stateMachineArn": arn("stateMachine", machine), "maxResults": 1000 });
        for execution in api.all("ListExecutions", input, "executions") {
            let arn = text(&execution, "executionArn");
            assert!(ledger.starts.contains_key(&arn), "{arn} was never started");
            assert_eq!(listed.insert(arn.clone(), text(&execution, "status")), None, "{arn} is listed twice");
        }
    }
    for (execution, call) in &ledger.starts {
        assert!(
            *call == Call::Asked || listed.contains_key(execution),
            "{execution} was acknowledged and is not there"
        );
    }
    let executions: Vec<(&String, &String)> = listed.iter().collect();
    let histories =
        in_parallel(4, &executions, |(execution, status)| check(server, ledger, execution, status));
    let mut answers: HashMap<String, (String, usize)> = HashMap::new();
    for ((execution, _), found) in executions.iter().zip(histories) {
        for answer in found {
            answers.entry(answer).or_insert_with(|| ((*execution).clone(), 0)).1 += 1;
        }
    }
    for (answer, (execution, call)) in &ledger.answers {
        match (answers.get(answer), call) {
            (None, Call::Asked) => {}
            (Some((found, 1)), _) => {
                assert_eq!(found, execution, "{answer} is in another execution's history")
            }
            (found, _) => panic!("{answer} for {execution} was acknowledged, and is found: {found:?}"),
        }
    }
    for answer in answers.keys() {
        assert!(ledger.answers.contains_key(answer), "{answer} was never given");
    }
}

/// Checks one execution by itself; gives the answers of workers in its history.
fn check(server: SocketAddr, ledger: &Ledger, execution: &str, status: &str) -> Vec<String> {
    let mut api = Api::new(server);
    let described = api.describe(execution);
    assert_eq!(described["input"], json!({ "execution": execution }).to_string(), "{execution}");
    assert_eq!(described["status"], status, "{execution}");
    let stop = ledger.stops.get(execution);
    let redrive = ledger.redrives.get(execution);
    let redriven = described["redriveCount"] == 1;
    let is_sleeper = execution.contains(&format!(":{SLEEP}:"));
    match (status, stop, redrive) {
        ("SUCCEEDED", None, None) if !is_sleeper => {}
        ("RUNNING", None | Some(Call::Asked), None) if is_sleeper => {}
        ("RUNNING", Some(Call::Acknowledged), Some(_)) if redriven => {}
        ("ABORTED", Some(_), None | Some(Call::Asked)) => assert_eq!(described["cause"], execution),
        _ => panic!("{execution} is {status}, {redrive:?}"),
    }
    let history = api.history(execution);
    let kinds: Vec<&str> = history.iter().map(|event| event["type"].as_str().unwrap()).collect();
    for (event, expected) in history.iter().zip(1_u64..) {
        assert_eq!(event["id"], expected, "{execution}: {kinds:?}");
        assert!(event["previousEventId"].as_u64().unwrap() < expected, "{execution}: {event}");
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == "ExecutionStarted").count(), 1, "{execution}: {kinds:?}");
    let end = match status {
        "SUCCEEDED" => "ExecutionSucceeded",
        "ABORTED" => "ExecutionAborted",
        _ if redriven => "ExecutionRedriven",
        _ => "WaitStateEntered",
    };
    assert_eq!(kinds.iter().position(|kind| *kind == end), Some(kinds.len() - 1), "{execution}: {kinds:?}");
    let answer = |event: &Value| match event["type"].as_str()? {
        "ActivitySucceeded" => {
            Some(event["activitySucceededEventDetails"]["output"].as_str()?.trim_matches('"').to_owned())
        }
        "ActivityFailed" => Some(event["activityFailedEventDetails"]["cause"].as_str()?.to_owned()),
        _ => None,
    };
    history.iter().filter_map(answer).collect()
}
