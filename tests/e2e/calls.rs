//! Tasks that call functions and start executions, also when the server dies under them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gradus_tests::api::Api;
use gradus_tests::eventually;
use gradus_tests::folder::Folder;
use gradus_tests::functions::Functions;
use gradus_tests::server::Server;
use serde_json::{Value, json};

use crate::GRADUS;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

fn machine(resource: &str, more: &Value) -> Value {
    let mut task = json!({ "Type": "Task", "Resource": resource, "End": true });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "StartAt": "A", "States": { "A": task } })
}

fn in_memory(functions: &Functions) -> Server {
    let variable = [("AWS_ENDPOINT_URL_LAMBDA", functions.endpoint())];
    Server::start_with(GRADUS, &["--memory"], &variable)
}

fn on(folder: &Folder, functions: &Functions) -> Server {
    let variable = [("AWS_ENDPOINT_URL_LAMBDA", functions.endpoint())];
    Server::start_with(GRADUS, &["--data", &folder.join("data")], &variable)
}

fn types(api: &mut Api, execution: &str) -> Vec<String> {
    api.history(execution).iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

/// Runs one task to its end: what DescribeExecution shows, and the types of the task's events.
fn run(resource: &str, more: &Value, input: &str) -> (Value, Vec<String>) {
    let functions = Functions::start(|call| match call.payload.contains("fail") {
        true => Err(r#"{"errorMessage": "no", "errorType": "Custom"}"#.to_owned()),
        false => Ok(format!("[{}, 1.0]", call.payload)),
    });
    let server = in_memory(&functions);
    let mut api = Api::new(server.address());
    let machine = api.create_machine("m", &machine(resource, more));
    let execution = api.start(&machine, "e", input);
    let described = api.end_of(&execution);
    let types = types(&mut api, &execution);
    (described, types[2..types.len() - 1].to_vec())
}

#[test]
fn a_function_is_called_directly() {
    let (described, types) = run(FUNCTION, &json!({}), "{ \"a\": 1 }");
    assert_eq!(described["output"], "[{ \"a\": 1 }, 1.0]");
    let expected =
        ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded", "TaskStateExited"];
    assert_eq!(types, expected);
    let (described, types) = run(FUNCTION, &json!({}), "\"fail\"");
    assert_eq!(described["error"], "Custom");
    assert_eq!(described["cause"], "{\"errorMessage\": \"no\", \"errorType\": \"Custom\"}");
    assert_eq!(types, ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionFailed"]);
}

#[test]
fn a_function_is_called_by_the_service() {
    let more = json!({
        "Parameters": { "FunctionName": "f", "Payload.$": "$" },
        "ResultSelector": { "payload.$": "$.Payload", "status.$": "$.StatusCode" }
    });
    let (described, types) = run("arn:aws:states:::lambda:invoke", &more, "{\"a\": 1}");
    assert_eq!(described["output"], "{\"payload\":[{\"a\":1},1.0],\"status\":200}");
    assert_eq!(types, ["TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited"]);
}

#[test]
fn nobody_at_the_endpoint_is_a_failure_of_the_task() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let variable = [("AWS_ENDPOINT_URL_LAMBDA", format!("http://127.0.0.1:{port}"))];
    let server = Server::start_with(GRADUS, &["--memory"], &variable);
    let mut api = Api::new(server.address());
    let machine = api.create_machine("m", &machine(FUNCTION, &json!({})));
    let execution = api.start(&machine, "e", "{}");
    let described = api.end_of(&execution);
    assert_eq!(described["error"], "Lambda.SdkClientException");
    assert!(described["cause"].as_str().unwrap().starts_with("Unable to execute HTTP request: "));
}

#[test]
fn the_token_that_a_function_got_answers_the_task() {
    let functions = Functions::start(|_| Ok("null".to_owned()));
    let server = in_memory(&functions);
    let mut api = Api::new(server.address());
    let more = json!({ "Parameters": { "FunctionName": "f", "Payload": { "token.$": "$$.Task.Token" } } });
    let machine = api.create_machine("m", &machine("arn:aws:states:::lambda:invoke.waitForTaskToken", &more));
    let execution = api.start(&machine, "e", "{}");
    let call = eventually("a call", || functions.calls().pop());
    let payload: Value = serde_json::from_str(&call.payload).unwrap();
    eventually("the answer to the call", || {
        types(&mut api, &execution).contains(&"TaskSubmitted".to_owned()).then_some(())
    });
    api.must("SendTaskSuccess", &json!({ "taskToken": payload["token"], "output": "{ \"ok\": 1 }" }));
    assert_eq!(api.end_of(&execution)["output"], "{ \"ok\": 1 }");
    let types = types(&mut api, &execution);
    let expected = ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded", "TaskStateExited"];
    assert_eq!(types[2..types.len() - 1], expected);
}

#[test]
fn a_call_is_made_again_after_a_crash() {
    let open = Arc::new(AtomicBool::new(false));
    let gate = open.clone();
    let functions = Functions::start(move |_| {
        while !gate.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(5));
        }
        Ok("7".to_owned())
    });
    let folder = Folder::new();
    let server = on(&folder, &functions);
    let mut api = Api::new(server.address());
    let machine = api.create_machine("m", &machine(FUNCTION, &json!({})));
    let execution = api.start(&machine, "e", "{}");
    eventually("a call", || functions.calls().pop());
    server.kill();

    let server = on(&folder, &functions);
    eventually("the call again", || (functions.calls().len() == 2).then_some(()));
    let calls = functions.calls();
    assert_eq!(calls[0], calls[1], "the same call, under the same key");
    open.store(true, Ordering::Relaxed);
    let mut api = Api::new(server.address());
    assert_eq!(api.end_of(&execution)["output"], "7");
    assert_eq!(types(&mut api, &execution).len(), 7, "each event once");
}

#[test]
fn ends_of_nested_executions_arrive_whenever_the_server_dies() {
    const PARENTS: usize = 24;
    let functions = Functions::start(|_| Ok("null".to_owned()));
    let folder = Folder::new();
    let mut server = on(&folder, &functions);
    let mut api = Api::new(server.address());
    let wait = json!({ "StartAt": "W", "States": {
        "W": { "Type": "Wait", "SecondsPath": "$.s", "Next": "P" }, "P": { "Type": "Pass", "End": true } } });
    let child = api.create_machine("child", &wait);
    let more = json!({
        "Parameters": { "StateMachineArn": child, "Input": { "s.$": "$.s" } },
        "ResultSelector": { "output.$": "$.Output" }
    });
    let parent =
        api.create_machine("parent", &machine("arn:aws:states:::states:startExecution.sync:2", &more));
    let mut executions = Vec::new();
    for round in 0..6 {
        for number in 0..PARENTS / 6 {
            let input = format!("{{\"s\": {}}}", (round + number) % 2);
            executions.push(api.start(&parent, &format!("e{round}-{number}"), &input));
        }
        thread::sleep(Duration::from_millis(17 * round as u64));
        server.kill();
        server = on(&folder, &functions);
        api = Api::new(server.address());
    }
    for execution in &executions {
        let described = api.end_of(execution);
        let output = described["output"].as_str().unwrap_or_default();
        assert!(output.starts_with("{\"output\":{\"s\":"), "{described}");
        let types = types(&mut api, execution);
        let expected = ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded", "TaskStateExited"];
        assert_eq!(types[2..types.len() - 1], expected);
    }
    let listed = api.must("ListExecutions", &json!({ "stateMachineArn": child, "maxResults": 100 }));
    assert_eq!(listed["executions"].as_array().unwrap().len(), PARENTS, "each parent has one child");
}

#[test]
fn what_nested_starts_answer() {
    let functions = Functions::start(|_| Ok("null".to_owned()));
    let server = in_memory(&functions);
    let mut api = Api::new(server.address());
    let fail = json!({ "StartAt": "F", "States": { "F": { "Type": "Fail", "Error": "E", "Cause": "C" } } });
    let child = api.create_machine("child", &fail);
    let parameters = json!({ "StateMachineArn.$": "$.arn", "Name": "n", "Input.$": "$.input" });
    let more = json!({ "Parameters": parameters });
    let awaiting = api.create_machine("sync", &machine("arn:aws:states:::states:startExecution.sync", &more));
    let starting = api.create_machine("start", &machine("arn:aws:states:::states:startExecution", &more));
    let mut run = |machine: &str, name: &str, input: Value| {
        let execution = api.start(machine, name, &input.to_string());
        api.end_of(&execution)
    };
    let failed = run(&awaiting, "a", json!({ "arn": child, "input": "{ \"x\": 1 }" }));
    assert_eq!(failed["error"], "States.TaskFailed");
    let cause: Value = serde_json::from_str(failed["cause"].as_str().unwrap()).unwrap();
    let members: Vec<&str> = cause.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "Cause",
        "Error",
        "ExecutionArn",
        "Input",
        "InputDetails",
        "Name",
        "StartDate",
        "StateMachineArn",
        "Status",
        "StopDate",
    ];
    assert_eq!(members, expected);
    assert_eq!((&cause["Status"], &cause["Input"]), (&json!("FAILED"), &json!("{ \"x\": 1 }")));

    let taken = run(&starting, "b", json!({ "arn": child, "input": {} }));
    assert_eq!(taken["error"], "StepFunctions.ExecutionAlreadyExistsException");
    let missing = run(&starting, "c", json!({ "arn": format!("{child}x"), "input": {} }));
    assert_eq!(missing["error"], "StepFunctions.StateMachineDoesNotExistException");
    let cause = missing["cause"].as_str().unwrap();
    assert!(
        cause.starts_with(&format!("State Machine Does Not Exist: '{child}x' (Service: AWSStepFunctions;"))
    );
    let unreadable = run(&starting, "d", json!({ "arn": child, "input": "{" }));
    assert_eq!(unreadable["error"], "StepFunctions.InvalidExecutionInputException");
}
