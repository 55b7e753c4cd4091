//! What is under way when the server ends goes on when it starts again, however it ended.

use gradus_tests::api::{Api, text};
use gradus_tests::eventually;
use gradus_tests::folder::Folder;
use gradus_tests::server::Server;
use serde_json::{Value, json};

use crate::GRADUS;

/// Ends a server.
type End = fn(Server);

fn in_good_order(server: Server) {
    let ended = server.terminate();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}

#[test]
fn after_sigterm() {
    everything_goes_on(in_good_order);
}

#[test]
fn after_sigkill() {
    everything_goes_on(Server::kill);
}

/// A machine for each thing that an execution can wait for.
fn machines(activity: &str) -> Vec<(&'static str, Value)> {
    let machine = |state: Value| json!({ "StartAt": "A", "States": { "A": state } });
    let task = |more: Value| {
        let mut state = json!({ "Type": "Task", "Resource": activity, "End": true });
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        machine(state)
    };
    let mut limited = machine(json!({ "Type": "Wait", "Seconds": 3600, "End": true }));
    limited["TimeoutSeconds"] = json!(1);
    vec![
        ("wait", machine(json!({ "Type": "Wait", "Seconds": 1, "End": true }))),
        ("limit", limited),
        ("scheduled", task(json!({}))),
        ("started", task(json!({}))),
        ("silent", task(json!({ "HeartbeatSeconds": 1 }))),
        (
            "retry",
            task(json!({ "Retry": [{ "ErrorEquals": ["E"], "IntervalSeconds": 2, "MaxAttempts": 1 }] })),
        ),
    ]
}

fn everything_goes_on(end: End) {
    let folder = Folder::new();
    let server = Server::on(GRADUS, &folder);
    let mut api = Api::new(server.address());
    let mut executions = Vec::new();
    let mut tokens = Vec::new();
    for (name, _) in machines("") {
        // Each has its own activity, so that a poll is for one of them.
        let activity = api.create_activity(name);
        let (_, definition) = machines(&activity).into_iter().find(|(other, _)| *other == name).unwrap();
        let machine = api.create_machine(name, &definition);
        executions.push((name, api.start(&machine, "e", "{\"a\": 1}")));
        if ["started", "silent", "retry"].contains(&name) {
            tokens.push((name, take(&mut api, &activity)));
        }
    }
    let token = |name: &str| tokens.iter().find(|(other, _)| *other == name).unwrap().1.clone();
    api.must("SendTaskFailure", &json!({ "taskToken": token("retry"), "error": "E" }));
    let before: Vec<Vec<Value>> = executions.iter().map(|(_, execution)| api.history(execution)).collect();
    end(server);

    let server = Server::on(GRADUS, &folder);
    let mut api = Api::new(server.address());
    let activity = |name: &str| format!("arn:aws:states:us-east-1:000000000000:activity:{name}");
    // A token outlives the server that gave it.
    api.must("SendTaskSuccess", &json!({ "taskToken": token("started"), "output": "1" }));
    for name in ["scheduled", "retry"] {
        let token = take(&mut api, &activity(name));
        api.must("SendTaskSuccess", &json!({ "taskToken": token, "output": "2" }));
    }
    for ((name, execution), before) in executions.iter().zip(before) {
        let described = api.end_of(execution);
        let expected = match *name {
            "wait" => ("SUCCEEDED", json!("{\"a\": 1}")),
            "limit" => ("TIMED_OUT", Value::Null),
            "started" => ("SUCCEEDED", json!("1")),
            "silent" => ("FAILED", Value::Null),
            _ => ("SUCCEEDED", json!("2")),
        };
        assert_eq!((described["status"].as_str().unwrap(), described["output"].clone()), expected, "{name}");
        let history = api.history(execution);
        assert_eq!(history[..before.len()], before, "{name}: the history that was there has changed");
        let ids: Vec<u64> = history.iter().map(|event| event["id"].as_u64().unwrap()).collect();
        assert_eq!(ids, (1..=history.len() as u64).collect::<Vec<_>>(), "{name}");
    }
    in_good_order(server);
}

#[test]
fn a_long_poll_does_not_hold_up_the_end() {
    let server = Server::in_memory(GRADUS);
    let activity = Api::new(server.address()).create_activity("a");
    let address = server.address();
    let poll = std::thread::spawn(move || {
        Api::new(address).call("GetActivityTask", &json!({ "activityArn": activity, "workerName": "w" }))
    });
    // The poll is under way when its connection is the only one that is open and busy; the end may
    // come before or after, and must be quick in both cases.
    in_good_order(server);
    if let Ok(answer) = poll.join().unwrap() {
        assert_eq!(answer, json!({}));
    }
}

fn take(api: &mut Api, activity: &str) -> String {
    eventually("a task", || {
        let task = api.must("GetActivityTask", &json!({ "activityArn": activity }));
        task.get("taskToken").is_some().then(|| text(&task, "taskToken"))
    })
}
