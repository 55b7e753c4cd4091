//! Logs of executions: as files, and at a stand-in for CloudWatch Logs.

use std::fs;
use std::path::Path;

use gradus_tests::api::{Api, ROLE};
use gradus_tests::eventually;
use gradus_tests::folder::Folder;
use gradus_tests::functions::Functions;
use gradus_tests::server::Server;
use serde_json::{Value, json};

use crate::GRADUS;

const GROUP: &str = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/states/g:*";

fn create(api: &mut Api, name: &str, kind: &str, logging: &Value) -> Value {
    let states =
        json!({ "A": { "Type": "Pass", "Next": "B" }, "B": { "Type": "Fail", "Error": "E", "Cause": "C" } });
    let definition = json!({ "StartAt": "A", "States": states }).to_string();
    let input = json!({
        "name": name, "definition": definition, "roleArn": ROLE, "type": kind, "loggingConfiguration": logging,
    });
    api.must("CreateStateMachine", &input)["stateMachineArn"].clone()
}

fn logging(level: &str, with_data: bool) -> Value {
    let group = json!({ "cloudWatchLogsLogGroup": { "logGroupArn": GROUP } });
    json!({ "level": level, "includeExecutionData": with_data, "destinations": [group] })
}

fn lines(folder: &Path) -> Vec<Value> {
    let path = folder.join("000000000000/us-east-1/%2Faws%2Fvendedlogs%2Fstates%2Fg.jsonl");
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// What a log says of an execution, without times.
fn events(lines: &[Value], execution: &Value) -> Vec<String> {
    let own = lines.iter().filter(|line| line["execution_arn"] == *execution);
    own.map(|line| {
        let text = |name: &str| line[name].as_str().expect("all members are texts").to_owned();
        let details = line.get("details").map(Value::to_string).unwrap_or_default();
        format!("{}<{} {} {details}", text("id"), text("previous_event_id"), text("type"))
    })
    .collect()
}

#[test]
fn files_hold_what_the_level_logs() {
    let folder = Folder::new();
    let server = Server::on(GRADUS, &folder);
    let mut api = Api::new(server.address());
    let failed = r#"{"cause":"C","error":"E"}"#;
    let all = [
        format!(
            r#"1<0 ExecutionStarted {{"input":"{{ }}","inputDetails":{{"truncated":false}},"roleArn":"{ROLE}"}}"#
        ),
        r#"2<0 PassStateEntered {"input":"{ }","inputDetails":{"truncated":false},"name":"A"}"#.to_owned(),
        r#"3<2 PassStateExited {"name":"A","output":"{ }","outputDetails":{"truncated":false}}"#.to_owned(),
        r#"4<3 FailStateEntered {"input":"{ }","inputDetails":{"truncated":false},"name":"B"}"#.to_owned(),
        format!("5<4 ExecutionFailed {failed}"),
    ];
    let errors = [r#"4<3 FailStateEntered {"name":"B"}"#.to_owned(), format!("5<4 ExecutionFailed {failed}")];
    let mut expected = Vec::new();
    for kind in ["STANDARD", "EXPRESS"] {
        for (level, with_data, events) in [
            ("ALL", true, &all[..]),
            ("ERROR", false, &errors),
            ("FATAL", true, &all[4..]),
            ("OFF", true, &[]),
        ] {
            let machine = create(&mut api, &format!("{kind}-{level}"), kind, &logging(level, with_data));
            let started = api.must("StartExecution", &json!({ "stateMachineArn": machine, "input": "{ }" }));
            expected.push((started["executionArn"].clone(), events));
        }
    }
    let logs = folder.path().join("data/logs");
    eventually("the log is written", || {
        let lines = lines(&logs);
        expected.iter().all(|(execution, events)| self::events(&lines, execution) == *events).then_some(())
    });
    server.terminate();
}

/// SIGTERM delivers what has happened before it.
#[test]
fn the_last_lines_are_written_at_the_end() {
    let folder = Folder::new();
    let logs = folder.path().join("elsewhere");
    let server = Server::start(GRADUS, &["--memory", "--logs", &logs.display().to_string()]);
    let mut api = Api::new(server.address());
    let machine = create(&mut api, "m", "EXPRESS", &logging("ALL", true));
    for _ in 0..50 {
        api.must("StartSyncExecution", &json!({ "stateMachineArn": machine }));
    }
    server.terminate();
    assert_eq!(lines(&logs).len(), 250);
}

#[test]
fn cloudwatch_logs_is_told() {
    let cloudwatch = Functions::start(|call| {
        let input: Value = serde_json::from_str(&call.payload).expect("JSON");
        match call.target.as_str() {
            "Logs_20140328.DescribeLogGroups"
                if input["logGroupNamePrefix"] == "/aws/vendedlogs/states/g" =>
            {
                Ok(json!({ "logGroups": [{ "logGroupName": "/aws/vendedlogs/states/g" }] }).to_string())
            }
            _ => Ok(json!({ "logGroups": [] }).to_string()),
        }
    });
    let variables = [("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", cloudwatch.endpoint())];
    let server = Server::start_with(GRADUS, &["--memory"], &variables);
    let mut api = Api::new(server.address());
    let missing = json!({ "cloudWatchLogsLogGroup": { "logGroupArn": GROUP.replace("/g:", "/absent:") } });
    let input = json!({
        "name": "n", "definition": r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}"#, "roleArn": ROLE,
        "loggingConfiguration": { "level": "ALL", "destinations": [missing] },
    });
    let refusal = api.refused("CreateStateMachine", &input);
    assert_eq!(
        (&*refusal.name, &*refusal.message),
        ("InvalidLoggingConfiguration", "Invalid Logging Configuration: Log Destination not found.")
    );

    let machine = create(&mut api, "m", "STANDARD", &logging("FATAL", true));
    let started = api.must("StartExecution", &json!({ "stateMachineArn": machine }));
    let calls = eventually("the log is delivered", || {
        let calls = cloudwatch.calls();
        calls.iter().any(|call| call.target == "Logs_20140328.PutLogEvents").then_some(calls)
    });
    let of = |target: &str| {
        let call = calls.iter().find(|call| call.target == target).expect("it was made");
        serde_json::from_str::<Value>(&call.payload).expect("JSON")
    };
    let (stream, put) = (of("Logs_20140328.CreateLogStream"), of("Logs_20140328.PutLogEvents"));
    assert_eq!(stream["logGroupName"], "/aws/vendedlogs/states/g");
    let name = stream["logStreamName"].as_str().expect("a name");
    assert!(name.starts_with("states/m/") && name.split('/').count() == 4, "{name}");
    assert_eq!(put["logStreamName"], stream["logStreamName"]);
    let event = &put["logEvents"][0];
    let line: Value = serde_json::from_str(event["message"].as_str().expect("a text")).expect("JSON");
    assert_eq!(line["execution_arn"], started["executionArn"]);
    assert_eq!(line["type"], "ExecutionFailed");
    assert_eq!(line["event_timestamp"], event["timestamp"].to_string());
}
