//! Express machines: on tokio's paused time, which moves on when everybody waits.

use super::*;

async fn express(bench: &Bench, name: &str, definition: Value) -> String {
    let mut machine = new_machine(name, definition);
    machine["type"] = json!("EXPRESS");
    text(&bench.ok("CreateStateMachine", machine).await["stateMachineArn"])
}

/// A bench with room for so many Express executions.
fn narrow(max_express: usize) -> Bench {
    let clock = Clock::told(Timestamp::from_millis(NOW * 1000));
    let options =
        engine::Options { workers: 1, clock: clock.clone(), max_express, ..engine::Options::default() };
    let store = Arc::new(Memory::new());
    let engine = Engine::start(store.clone(), options).unwrap();
    let service = Service::new(engine, Options::default());
    Bench { service, store, clock, context: context("us-east-1", "000000000000") }
}

/// The ARN of an execution without its last part, which must be a UUID.
fn without_run(answer: &mut Value) -> String {
    let arn = text(&answer["executionArn"]);
    answer.as_object_mut().unwrap().remove("executionArn");
    let (arn, run) = arn.rsplit_once(':').unwrap();
    assert!(uuid::Uuid::try_parse(run).is_ok(), "{run}");
    arn.to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_answer_is_the_end() {
    let bench = Bench::new();
    let fail = one_state(json!({"Type": "Fail", "Error": "E", "Cause": "C"}));
    let waits = |seconds: u64| json!({"Type": "Wait", "Seconds": seconds, "End": true});
    let limited = |seconds: u64, state: Value| {
        let mut machine = one_state(state);
        machine["TimeoutSeconds"] = json!(seconds);
        machine
    };
    let end = |status: &str, more: Value| with(json!({"status": status}), more);
    let output = |output: &str| end("SUCCEEDED", json!({"output": output}));
    let timed_out = end("TIMED_OUT", json!({"error": "States.Timeout"}));
    let two_waits = json!({"StartAt": "A", "States": {
        "A": {"Type": "Wait", "Seconds": 1, "Next": "B"},
        "B": {"Type": "Wait", "Seconds": 2, "Next": "C"},
        "C": {"Type": "Pass", "Result": 7, "End": true},
    }});
    // Definition and input; the end, after so many seconds.
    let cases = [
        (pass(), "{ \"a\": 1.0 }", output("{ \"a\": 1.0 }"), 0),
        (fail, "[]", end("FAILED", json!({"error": "E", "cause": "C"})), 0),
        (two_waits, "null", output("7"), 3),
        (one_state(waits(299)), "1", output("1"), 299),
        (limited(2, waits(60)), "{}", timed_out.clone(), 2),
        (one_state(waits(301)), "{}", timed_out.clone(), 300),
        (limited(9999, waits(99_999_999)), "{}", timed_out, 300),
    ];
    for (number, (definition, input, expected, seconds)) in cases.into_iter().enumerate() {
        let machine = express(&bench, &format!("x{number}"), definition).await;
        let asked = json!({"stateMachineArn": machine, "name": "n", "input": input});
        let mut answer = bench.ok("StartSyncExecution", asked).await;
        assert_eq!(without_run(&mut answer), format!("{HERE}:express:x{number}:n"));
        let common = json!({
            "stateMachineArn": machine, "name": "n", "startDate": NOW, "stopDate": NOW + seconds,
            "input": input, "inputDetails": {"included": true}, "outputDetails": {"included": true},
            "billingDetails": {
                "billedDurationInMilliseconds": if seconds == 0 { 100 } else { seconds * 1000 },
                "billedMemoryUsedInMB": 64,
            },
        });
        assert_eq!(answer, with(common, expected), "{number}");
    }
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn data_is_left_out_and_traces_are_shown() {
    let bench = Bench::new();
    let machine = express(&bench, "x", pass()).await;
    let asked = json!({"stateMachineArn": machine, "input": "[1]", "includedData": "METADATA_ONLY", "traceHeader": "t"});
    let answer = bench.ok("StartSyncExecution", asked).await;
    for absent in ["input", "output", "error", "cause"] {
        assert_eq!(answer.get(absent), None);
    }
    for details in ["inputDetails", "outputDetails"] {
        assert_eq!(answer[details], json!({"included": false}));
    }
    assert_eq!(answer["traceHeader"], "t");
    assert!(uuid::Uuid::try_parse(&text(&answer["name"])).is_ok());
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_context_object_of_one_that_is_waited_for() {
    let bench = Bench::new();
    let definition = one_state(json!({"Type": "Pass", "Parameters": {"c.$": "$$.Execution"}, "End": true}));
    let machine = express(&bench, "x", definition).await;
    let asked = json!({"stateMachineArn": machine, "name": "n", "input": "7"});
    let answer = bench.ok("StartSyncExecution", asked).await;
    let output: Value = serde_json::from_str(&text(&answer["output"])).unwrap();
    let expected = json!({
        "Id": answer["executionArn"], "Input": 7, "StartTime": "2023-11-14T22:13:20.000Z", "Name": "n",
        "RoleArn": ROLE,
    });
    assert_eq!(output["c"], expected);
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn starts_are_never_the_same_and_nothing_is_kept() {
    let bench = Bench::new();
    let machine = express(&bench, "x", wait()).await;
    let mut arns = Vec::new();
    for _ in 0..2 {
        let asked = json!({"stateMachineArn": machine, "name": "n"});
        let mut answer = bench.ok("StartExecution", asked).await;
        arns.push(text(&answer["executionArn"]));
        assert_eq!(without_run(&mut answer), format!("{HERE}:express:x:n"));
        assert_eq!(answer, json!({"startDate": NOW}));
    }
    assert_ne!(arns[0], arns[1]);
    let out_of_place = error("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'");
    let arn = json!({"executionArn": arns[0]});
    bench
        .check(vec![
            ("DescribeExecution", arn.clone(), out_of_place.clone()),
            ("DescribeStateMachineForExecution", arn.clone(), out_of_place.clone()),
            ("GetExecutionHistory", arn.clone(), out_of_place.clone()),
            ("StopExecution", arn, out_of_place),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn synchronous_starts_are_refused() {
    let bench = Bench::new();
    let standard = bench.machine("m", pass()).await;
    let machine = express(&bench, "x", pass()).await;
    let absent = format!("{HERE}:stateMachine:absent");
    let input =
        |why: &str| error("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{why}'"));
    let cases = [
        (
            json!({"stateMachineArn": standard, "name": "a b"}),
            error(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            ),
        ),
        (
            json!({"stateMachineArn": absent, "name": "a b"}),
            error("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{absent}'")),
        ),
        (json!({"stateMachineArn": "x"}), error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'")),
        (json!({"stateMachineArn": machine, "name": "a b"}), error("InvalidName", "Invalid Name: 'a b'")),
        (json!({"stateMachineArn": machine, "input": ""}), input("Invalid execution input.")),
    ];
    for (asked, expected) in cases {
        assert_eq!(bench.answer("StartSyncExecution", asked.clone()).await, expected, "{asked}");
    }
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn no_more_than_may_run_at_a_time() {
    let bench = narrow(1);
    let asked = json!({"stateMachineArn": express(&bench, "x", wait()).await});
    bench.ok("StartExecution", asked.clone()).await;
    let throttled = error("ThrottlingException", "Rate exceeded");
    assert_eq!(bench.answer("StartExecution", asked.clone()).await, throttled);
    assert_eq!(bench.answer("StartSyncExecution", asked.clone()).await, throttled);
    tokio::time::sleep(Duration::from_secs(61)).await;
    let answer = bench.ok("StartSyncExecution", asked.clone()).await;
    assert_eq!(answer["status"], "SUCCEEDED");
    bench.ok("StartExecution", asked).await;
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_server_ends_them() {
    let bench = Bench::new();
    let asked = json!({"stateMachineArn": express(&bench, "x", wait()).await});
    let waiting = bench.call("StartSyncExecution", asked.clone());
    let (answer, ()) = tokio::join!(waiting, async { bench.service.engine().release() });
    assert_eq!(answer.unwrap_err().status, 503);
    for operation in ["StartSyncExecution", "StartExecution"] {
        assert_eq!(bench.call(operation, asked.clone()).await.unwrap_err().status, 503, "{operation}");
    }
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_away_does_not_end_an_execution() {
    let bench = narrow(1);
    let asked = json!({"stateMachineArn": express(&bench, "x", wait()).await});
    let call = bench.call("StartSyncExecution", asked.clone());
    assert!(tokio::time::timeout(Duration::from_secs(1), call).await.is_err());
    assert_eq!(
        bench.answer("StartExecution", asked.clone()).await,
        error("ThrottlingException", "Rate exceeded")
    );
    tokio::time::sleep(Duration::from_secs(60)).await;
    bench.ok("StartExecution", asked).await;
    bench.stop().await;
}

// Time is not paused: it would move on while the store's thread is at work.
#[tokio::test]
async fn executions_start_executions_of_the_other_type() {
    let bench = Bench::new();
    let starts = |resource: &str, machine: &str| {
        one_state(json!({
            "Type": "Task",
            "Resource": format!("arn:aws:states:::states:startExecution{resource}"),
            "Parameters": {"StateMachineArn": machine, "Name": "child"},
            "OutputPath": "$.ExecutionArn",
            "End": true,
        }))
    };
    let standard = bench.machine("standard", pass()).await;
    let machine = express(&bench, "to-standard", starts("", &standard)).await;
    let answer = bench.ok("StartSyncExecution", json!({"stateMachineArn": machine})).await;
    assert_eq!(answer["output"], json!(format!("\"{HERE}:execution:standard:child\"")), "{answer}");

    let quick = express(&bench, "quick", pass()).await;
    let machine = express(&bench, "to-express", starts("", &quick)).await;
    let answer = bench.ok("StartSyncExecution", json!({"stateMachineArn": machine})).await;
    assert!(text(&answer["output"]).starts_with(&format!("\"{HERE}:express:quick:child:")), "{answer}");
    bench.stop().await;
}
