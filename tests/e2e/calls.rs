//! Tasks that call functions and start executions, also when the server dies under them.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gradus_tests::api::{Api, text};
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
    let late = api.refused("SendTaskHeartbeat", &json!({ "taskToken": payload["token"] }));
    let expected = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
    assert_eq!((late.name.as_str(), late.message.as_str()), expected);
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
        "RedriveCount",
        "RedriveStatus",
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

#[test]
fn nested_starts_are_refused_as_any_start() {
    let functions = Functions::start(|_| Ok("null".to_owned()));
    let server = in_memory(&functions);
    let mut api = Api::new(server.address());
    let wait = json!({ "StartAt": "W", "States": { "W": { "Type": "Wait", "Seconds": 99, "End": true } } });
    let child = api.create_machine("child", &wait);
    let gone = api.create_machine("gone", &wait);
    api.start(&gone, "g", "{}");
    api.must("DeleteStateMachine", &json!({ "stateMachineArn": gone }));
    let parameters = json!({ "StateMachineArn.$": "$.arn", "Name.$": "$.name", "Input.$": "$.input" });
    let more = json!({ "Parameters": parameters });
    let parent = api.create_machine("parent", &machine("arn:aws:states:::states:startExecution", &more));
    let (long, none, labelled) = ("n".repeat(81), format!("{child}-none"), format!("{child}/M"));
    let execution = child.replace("stateMachine", "execution") + ":e";
    let invalid = |found: String| ("AWSStepFunctionsException".to_owned(), "ValidationException", found);
    let plain = |code: &'static str, message: String| (format!("{code}Exception"), code, message);
    let absent =
        |arn: &str| plain("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"));
    let unreadable =
        |why: &str| plain("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{why}'"));
    let at = "failed to satisfy constraint: Member must have length";
    let cases = [
        (
            json!({ "arn": "", "name": long, "input": "{" }),
            invalid(format!(
                "2 validation errors detected: Value '' at 'stateMachineArn' {at} greater than or equal to 1; \
                 Value '{long}' at 'name' {at} less than or equal to 80"
            )),
        ),
        (
            json!({ "arn": child, "name": "", "input": "{" }),
            invalid(format!(
                "1 validation error detected: Value '' at 'name' {at} greater than or equal to 1"
            )),
        ),
        (
            json!({ "arn": "child", "name": "a b", "input": "{" }),
            plain("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: child'".to_owned()),
        ),
        (
            json!({ "arn": execution, "name": "a b", "input": "{" }),
            plain(
                "InvalidArn",
                "Invalid Arn: 'Resource type not valid in this context: execution'".to_owned(),
            ),
        ),
        (json!({ "arn": none, "name": "a b", "input": "{" }), absent(&none)),
        (json!({ "arn": labelled, "name": null, "input": null }), absent(&labelled)),
        (
            json!({ "arn": gone, "name": "a b", "input": "{" }),
            plain("StateMachineDeleting", format!("State Machine is being deleted: '{gone}'")),
        ),
        (
            json!({ "arn": child, "name": "a b", "input": "{" }),
            plain("InvalidName", "Invalid Name: 'a b'".to_owned()),
        ),
        (
            json!({ "arn": child, "name": "n", "input": "," }),
            unreadable(
                "Unexpected character (',' (code 44)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            ),
        ),
        (json!({ "arn": child, "name": "n", "input": "" }), unreadable("Invalid execution input.")),
    ];
    for (number, (input, (name, code, message))) in cases.into_iter().enumerate() {
        let execution = api.start(&parent, &format!("p{number}"), &input.to_string());
        let ended = api.end_of(&execution);
        assert_eq!(ended["error"], format!("StepFunctions.{name}"), "{input}");
        let cause = ended["cause"].as_str().unwrap();
        let expected = format!(
            "{message} (Service: AWSStepFunctions; Status Code: 400; Error Code: {code}; Request ID: "
        );
        assert!(cause.starts_with(&expected), "{input}: {cause}");
    }
}

/// The execution of the child that a parent waits for, once it is there.
fn child_of(api: &mut Api, child: &str) -> String {
    let list = json!({ "stateMachineArn": child });
    eventually("the child", || {
        let listed = api.must("ListExecutions", &list);
        listed["executions"][0]["executionArn"].as_str().map(str::to_owned)
    })
}

#[test]
fn an_execution_that_nobody_waits_for_any_more_is_stopped() {
    let functions = Functions::start(|_| Ok("1".to_owned()));
    let wait =
        json!({ "StartAt": "A", "States": { "A": { "Type": "Wait", "Seconds": 99_999, "End": true } } });
    for (timeout, status) in [(99_999, "ABORTED"), (1, "FAILED")] {
        let folder = Folder::new();
        let server = on(&folder, &functions);
        let mut api = Api::new(server.address());
        let child = api.create_machine("child", &wait);
        let more = json!({ "Parameters": { "StateMachineArn": child }, "TimeoutSeconds": timeout });
        let parent =
            api.create_machine("parent", &machine("arn:aws:states:::states:startExecution.sync", &more));
        let parent = api.start(&parent, "p", "{}");
        let child = child_of(&mut api, &child);
        if status == "ABORTED" {
            api.must("StopExecution", &json!({ "executionArn": parent }));
        } else {
            api.end_of(&parent);
        }
        // What was acknowledged is carried out, if need be by the next server.
        server.kill();
        let server = on(&folder, &functions);
        let mut api = Api::new(server.address());
        assert_eq!(api.describe(&parent)["status"], status);
        let ended = api.end_of(&child);
        assert_eq!(ended["status"], "ABORTED");
        let cause = format!("The execution [{parent}] which was managing this resource was aborted");
        assert_eq!((&ended["cause"], ended.get("error")), (&json!(cause), None));
    }
}

#[test]
fn versions_and_aliases_are_started() {
    let functions = Functions::start(|_| Ok("1".to_owned()));
    let server = in_memory(&functions);
    let mut api = Api::new(server.address());
    let pass = |result: u32| json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "Result": result, "End": true } } });
    let child = api.create_machine("child", &pass(1));
    api.must("PublishStateMachineVersion", &json!({ "stateMachineArn": child }));
    let version = format!("{child}:1");
    let routes = json!([{ "stateMachineVersionArn": version, "weight": 100 }]);
    api.must("CreateStateMachineAlias", &json!({ "name": "live", "routingConfiguration": routes }));
    api.must("UpdateStateMachine", &json!({ "stateMachineArn": child, "definition": pass(2).to_string() }));
    let more = json!({ "Parameters": { "StateMachineArn.$": "$.arn" } });
    let parent =
        api.create_machine("parent", &machine("arn:aws:states:::states:startExecution.sync:2", &more));
    let alias = format!("{child}:live");
    let cases = [
        (child.clone(), json!(2), Value::Null, Value::Null),
        (version.clone(), json!(1), json!(version), Value::Null),
        (alias.clone(), json!(1), json!(version), json!(alias)),
    ];
    for (number, (arn, output, version, alias)) in cases.into_iter().enumerate() {
        let execution = api.start(&parent, &format!("p{number}"), &json!({ "arn": arn }).to_string());
        let ended = api.end_of(&execution);
        assert_eq!(ended["status"], "SUCCEEDED", "{arn}: {ended}");
        let result: Value = serde_json::from_str(ended["output"].as_str().unwrap()).unwrap();
        let shown = (&result["Output"], &result["StateMachineVersionArn"], &result["StateMachineAliasArn"]);
        assert_eq!(shown, (&output, &version, &alias), "{arn}");
        assert_eq!(result["StateMachineArn"], child, "{arn}");
        assert_eq!(
            (&result["RedriveCount"], &result["RedriveStatus"]),
            (&json!(0), &json!("NOT_REDRIVABLE"))
        );
        let described = api.describe(result["ExecutionArn"].as_str().unwrap());
        assert_eq!(
            (&described["stateMachineVersionArn"], &described["stateMachineAliasArn"]),
            (&version, &alias)
        );
    }
    for (number, arn) in
        [format!("{child}:2"), format!("{child}:01"), format!("{child}:other")].iter().enumerate()
    {
        let execution = api.start(&parent, &format!("n{number}"), &json!({ "arn": arn }).to_string());
        let ended = api.end_of(&execution);
        assert_eq!(ended["error"], "StepFunctions.StateMachineDoesNotExistException", "{arn}");
    }
}

#[test]
fn a_call_is_let_go_of_when_its_task_is_over() {
    for kind in ["STANDARD", "EXPRESS"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::start_with(GRADUS, &["--memory"], &[("AWS_ENDPOINT_URL_LAMBDA", endpoint)]);
        let mut api = Api::new(server.address());
        let definition = machine(FUNCTION, &json!({ "TimeoutSeconds": 1 }));
        let input = json!({
            "name": "m", "type": kind, "roleArn": "arn:aws:iam::000000000000:role/test",
            "definition": definition.to_string(),
        });
        let machine = text(&api.must("CreateStateMachine", &input), "stateMachineArn");
        api.must("StartExecution", &json!({ "stateMachineArn": machine }));
        // The function never answers: the connection is closed by the one that called.
        let (mut connection, _) = listener.accept().unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut bytes = [0; 4096];
        let began = Instant::now();
        while connection.read(&mut bytes).unwrap() > 0 {}
        assert!(began.elapsed() < Duration::from_secs(50), "{kind}");
    }
}
