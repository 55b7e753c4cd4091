//! Express machines: functions and executions that they call, their bound, and the end of the server.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gradus_tests::api::{Api, ROLE};
use gradus_tests::eventually;
use gradus_tests::functions::Functions;
use gradus_tests::server::Server;
use serde_json::{Value, json};

use crate::GRADUS;

fn create(api: &mut Api, name: &str, states: &Value) -> Value {
    let definition = json!({ "StartAt": "A", "States": states }).to_string();
    let input = json!({ "name": name, "definition": definition, "roleArn": ROLE, "type": "EXPRESS" });
    api.must("CreateStateMachine", &input)["stateMachineArn"].clone()
}

fn run(api: &mut Api, machine: &Value, input: &str) -> Value {
    api.must("StartSyncExecution", &json!({ "stateMachineArn": machine, "input": input }))
}

fn wait(seconds: u64) -> Value {
    json!({ "A": { "Type": "Wait", "Seconds": seconds, "End": true } })
}

#[test]
fn functions_are_called_retried_and_caught() {
    let count = AtomicUsize::new(0);
    let functions = Functions::start(move |call| match &*call.payload {
        "\"later\"" if count.fetch_add(1, Ordering::Relaxed) < 2 => {
            Err(r#"{"errorMessage": "no", "errorType": "Busy"}"#.to_owned())
        }
        "\"never\"" => Err(r#"{"errorMessage": "no", "errorType": "Custom"}"#.to_owned()),
        payload => Ok(format!("[{payload}, 1.0]")),
    });
    let server =
        Server::start_with(GRADUS, &["--memory"], &[("AWS_ENDPOINT_URL_LAMBDA", functions.endpoint())]);
    let mut api = Api::new(server.address());
    let states = json!({
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "Retry": [{ "ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 1.0, "MaxAttempts": 3 }],
            "Catch": [{ "ErrorEquals": ["Custom"], "Next": "B" }],
            "End": true
        },
        "B": { "Type": "Pass", "Result": "caught", "End": true }
    });
    let machine = create(&mut api, "m", &states);
    for (input, output, calls) in [
        ("\"now\"", "[\"now\", 1.0]", 1),
        ("\"later\"", "[\"later\", 1.0]", 3),
        ("\"never\"", "\"caught\"", 1),
    ] {
        let before = functions.calls().len();
        let ended = run(&mut api, &machine, input);
        assert_eq!((&ended["status"], &ended["output"]), (&json!("SUCCEEDED"), &json!(output)));
        assert_eq!(functions.calls().len() - before, calls, "{input}");
    }
    let keys: std::collections::HashSet<String> =
        functions.calls().into_iter().map(|call| call.key).collect();
    assert_eq!(keys.len(), functions.calls().len(), "each attempt has a key of its own");
}

#[test]
fn a_function_that_is_slower_than_its_task() {
    let functions = Functions::start(|_| {
        thread::sleep(Duration::from_secs(3));
        Ok("1".to_owned())
    });
    let server =
        Server::start_with(GRADUS, &["--memory"], &[("AWS_ENDPOINT_URL_LAMBDA", functions.endpoint())]);
    let mut api = Api::new(server.address());
    let resource = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let states = json!({ "A": { "Type": "Task", "Resource": resource, "TimeoutSeconds": 1, "End": true } });
    let machine = create(&mut api, "m", &states);
    let ended = run(&mut api, &machine, "{}");
    assert_eq!((&ended["status"], &ended["error"]), (&json!("FAILED"), &json!("States.Timeout")));
}

#[test]
fn executions_start_executions() {
    let server = Server::start(GRADUS, &["--memory"]);
    let mut api = Api::new(server.address());
    let pass = json!({ "A": { "Type": "Pass", "End": true } });
    let standard = api.create_machine("standard", &json!({ "StartAt": "A", "States": pass }));
    let express = create(&mut api, "express", &pass);
    let start = |resource: &str| {
        json!({ "A": {
            "Type": "Task",
            "Resource": format!("arn:aws:states:::states:startExecution{resource}"),
            "Parameters": { "StateMachineArn.$": "$", "Name": "child" },
            "OutputPath": "$.ExecutionArn",
            "End": true
        } })
    };
    let caller = create(&mut api, "caller", &start(""));
    let ended = run(&mut api, &caller, &format!("\"{standard}\""));
    let child: String = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
    assert_eq!(api.end_of(&child)["status"], "SUCCEEDED");
    let ended = run(&mut api, &caller, &express.to_string());
    assert!(ended["output"].as_str().unwrap().contains(":express:express:child:"), "{ended}");

    // Nobody can ask how an Express execution ended, so no task can wait for it.
    let waiting = json!({ "StartAt": "A", "States": start(".sync") });
    let waiting = api.create_machine("waiting", &waiting);
    let execution = api.start(&waiting, "e", &express.to_string());
    let ended = api.end_of(&execution);
    assert_eq!(ended["error"], "StepFunctions.StateMachineTypeNotSupportedException", "{ended}");
}

#[test]
fn more_than_may_run_are_throttled() {
    let server = Server::start(GRADUS, &["--memory", "--max-express", "2"]);
    let mut api = Api::new(server.address());
    let machine = create(&mut api, "m", &wait(1));
    let start = json!({ "stateMachineArn": machine });
    api.must("StartExecution", &start);
    api.must("StartExecution", &start);
    for operation in ["StartExecution", "StartSyncExecution"] {
        let refused = api.refused(operation, &start);
        assert_eq!((&*refused.name, &*refused.message), ("ThrottlingException", "Rate exceeded"));
    }
    eventually("an execution that ends", || api.call("StartExecution", &start).ok());
}

#[test]
fn the_server_does_not_wait_for_them() {
    let server = Server::start(GRADUS, &["--memory"]);
    let mut api = Api::new(server.address());
    let machine = create(&mut api, "m", &wait(200));
    let start = json!({ "stateMachineArn": machine });
    api.must("StartExecution", &start);
    let address = server.address();
    let waiting = thread::spawn(move || Api::new(address).call("StartSyncExecution", &start));
    thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    server.terminate();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(waiting.join().unwrap().is_err(), "it did not end");
}
