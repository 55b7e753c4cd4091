use super::*;

const NOT: &str = "ExecutionNotRedrivable";

async fn stop(bench: &Bench, arn: &str) {
    bench.ok("StopExecution", json!({"executionArn": arn})).await;
}

async fn redrive(bench: &Bench, arn: &str, token: Option<&str>) -> Answer {
    let input = json!({"executionArn": arn});
    let input = token.map_or(input.clone(), |token| with(input, json!({"clientToken": token})));
    bench.answer("RedriveExecution", input).await
}

async fn describe(bench: &Bench, arn: &str) -> Value {
    bench.ok("DescribeExecution", json!({"executionArn": arn})).await
}

/// Lets the timers fire that are due: the first request comes to them, the second waits until they are written.
async fn fire(bench: &Bench) {
    let machine = bench.machine("other", pass()).await;
    for name in ["first", "second"] {
        bench.start(&machine, name, "{}").await;
    }
}

#[tokio::test]
async fn what_is_shown_of_a_redrive() {
    let bench = Bench::new();
    let machine = bench.machine("m", wait()).await;
    let arn = bench.start(&machine, "e", "{}").await;
    bench.advance(1000);
    let other = bench.start(&machine, "f", "{}").await;
    bench.advance(9000);
    stop(&bench, &arn).await;
    bench.advance(5000);
    // The definition is that of the execution's own revision.
    let update = json!({"stateMachineArn": machine, "definition": pass().to_string()});
    bench.ok("UpdateStateMachine", update).await;
    assert_eq!(redrive(&bench, &arn, None).await, Ok(json!({"redriveDate": NOW + 15})));

    let shown = describe(&bench, &arn).await;
    let expected = json!({
        "executionArn": arn, "stateMachineArn": machine, "name": "e", "status": "RUNNING", "startDate": NOW,
        "input": "{}", "inputDetails": {"included": true}, "redriveCount": 1, "redriveDate": NOW + 15,
        "redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
    });
    assert_eq!(shown, expected);
    let listed = |name: &str, started: i64, more: Value| {
        let item = json!({
            "executionArn": format!("{HERE}:execution:m:{name}"), "stateMachineArn": machine, "name": name,
            "status": "RUNNING", "startDate": started, "redriveCount": 0,
        });
        with(item, more)
    };
    let running = listed("e", NOW, json!({"redriveCount": 1, "redriveDate": NOW + 15}));
    let second = listed("f", NOW + 1, json!({}));
    let list = json!({"stateMachineArn": machine});
    bench.check(vec![("ListExecutions", list.clone(), Ok(json!({"executions": [running, second]})))]).await;

    stop(&bench, &other).await;
    bench.advance(60_000);
    fire(&bench).await;
    let shown = describe(&bench, &arn).await;
    let ended = json!({
        "status": "SUCCEEDED", "stopDate": NOW + 75, "output": "{}", "outputDetails": {"included": true},
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    });
    assert_eq!(shown, with(expected, ended));
    let done =
        json!({"redriveCount": 1, "redriveDate": NOW + 15, "status": "SUCCEEDED", "stopDate": NOW + 75});
    let filter = with(list, json!({"statusFilter": "SUCCEEDED"}));
    let rows = bench.ok("ListExecutions", filter).await;
    assert_eq!(rows["executions"], json!([listed("e", NOW, done)]));

    let history = bench.ok("GetExecutionHistory", json!({"executionArn": arn})).await;
    let events = history["events"].as_array().unwrap();
    let redriven = json!({
        "type": "ExecutionRedriven", "id": 4, "previousEventId": 3, "timestamp": NOW + 15,
        "executionRedrivenEventDetails": {"redriveCount": 1},
    });
    assert_eq!(events[3], redriven);
    assert_eq!((&events[4]["type"], &events[4]["previousEventId"]), (&json!("WaitStateExited"), &json!(2)));
    bench.stop().await;
}

#[tokio::test]
async fn what_cannot_be_redriven() {
    let bench = Bench::new();
    let gone = format!("{HERE}:execution:m:gone");
    let machine = bench.machine("m", wait()).await;
    let arn = bench.start(&machine, "e", "{}").await;
    let done = bench.machine("p", pass()).await;
    let done = bench.start(&done, "e", "{}").await;
    let not_here = |kind: &str| {
        error("InvalidArn", format!("Invalid Arn: 'Resource type not valid in this context: {kind}'"))
    };
    let cases = [
        ("x".to_owned(), error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'")),
        (machine.clone(), not_here("stateMachine")),
        (format!("{HERE}:express:m:e:u"), not_here("express")),
        (gone.clone(), error("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{gone}'"))),
        (arn.clone(), error(NOT, "Execution is RUNNING and cannot be redriven")),
        (done, error(NOT, "Execution is SUCCEEDED and cannot be redriven")),
    ];
    for (arn, expected) in cases {
        assert_eq!(redrive(&bench, &arn, None).await, expected, "{arn}");
    }
    stop(&bench, &arn).await;
    let elsewhere = bench.elsewhere("eu-west-1", "000000000000");
    let missing = error("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"));
    assert_eq!(redrive(&elsewhere, &arn, None).await, missing);
    bench.advance(14 * 24 * 60 * 60 * 1000);
    let before = describe(&bench, &arn).await;
    assert_eq!(before["redriveStatus"], json!("REDRIVABLE"));
    bench.advance(1);
    assert_eq!(redrive(&bench, &arn, None).await, error(NOT, "Execution redrivable period exceeded"));

    let arn = bench.start(&machine, "f", "{}").await;
    stop(&bench, &arn).await;
    bench.ok("DeleteStateMachine", json!({"stateMachineArn": machine})).await;
    let deleting = "State machine is in DELETING status";
    assert_eq!(redrive(&bench, &arn, None).await, error(NOT, deleting));
    assert_eq!(describe(&bench, &arn).await["redriveStatusReason"], json!(deleting));
    bench.stop().await;
}

#[tokio::test]
async fn a_year_is_enough() {
    let year = 365 * 24 * 60 * 60;
    let bench = Bench::new();
    let long = one_state(json!({"Type": "Wait", "Seconds": year + year, "End": true}));
    let machine = bench.machine("m", long).await;
    let arn = bench.start(&machine, "e", "{}").await;
    // Closed time does not count.
    for days in [300, 64] {
        bench.advance(days * 24 * 60 * 60 * 1000);
        stop(&bench, &arn).await;
        bench.advance(13 * 24 * 60 * 60 * 1000);
        assert!(redrive(&bench, &arn, None).await.is_ok(), "after {days} days");
    }
    bench.advance(24 * 60 * 60 * 1000 - 1);
    stop(&bench, &arn).await;
    assert_eq!(describe(&bench, &arn).await["redriveStatus"], json!("REDRIVABLE"));
    assert!(redrive(&bench, &arn, None).await.is_ok());
    bench.advance(1);
    stop(&bench, &arn).await;
    let over = "Execution has exceeded the max execution time";
    assert_eq!(describe(&bench, &arn).await["redriveStatusReason"], json!(over));
    assert_eq!(redrive(&bench, &arn, None).await, error(NOT, over));
    bench.stop().await;
}

#[tokio::test]
async fn the_same_request_again_is_answered_again() {
    let bench = Bench::new();
    let machine = bench.machine("m", wait()).await;
    let arn = bench.start(&machine, "e", "{}").await;
    stop(&bench, &arn).await;
    let first = Ok(json!({"redriveDate": NOW}));
    let running = error(NOT, "Execution is RUNNING and cannot be redriven");
    assert_eq!(redrive(&bench, &arn, Some("a")).await, first);
    bench.advance(1000);
    assert_eq!(redrive(&bench, &arn, Some("a")).await, first);
    assert_eq!(redrive(&bench, &arn, Some("b")).await, running);
    assert_eq!(redrive(&bench, &arn, None).await, running);
    stop(&bench, &arn).await;
    assert_eq!(redrive(&bench, &arn, Some("a")).await, first);
    assert_eq!(describe(&bench, &arn).await["redriveCount"], json!(1));
    bench.advance(15 * 60 * 1000 - 1000);
    assert_eq!(redrive(&bench, &arn, Some("a")).await, first);
    bench.advance(1);
    assert_eq!(redrive(&bench, &arn, Some("a")).await, Ok(json!({"redriveDate": 1_700_000_900.001})));
    bench.stop().await;
}

#[tokio::test]
async fn constraints_of_the_token() {
    let bench = Bench::new();
    let arn = format!("{HERE}:execution:m:e");
    let long = "a".repeat(65);
    let cases = [
        ("a".repeat(64), error("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))),
        (
            long.clone(),
            invalid(&format!(
                "1 validation error detected: Value '{long}' at 'clientToken' failed to satisfy constraint: Member must \
                 have length less than or equal to 64"
            )),
        ),
        (
            " ".to_owned(),
            invalid(
                "1 validation error detected: Value ' ' at 'clientToken' failed to satisfy constraint: Member must \
                 satisfy regular expression pattern: ^[!-~]+$",
            ),
        ),
    ];
    for (token, expected) in cases {
        assert_eq!(redrive(&bench, &arn, Some(&token)).await, expected);
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_redrive_through_an_alias_stays_in_its_lists() {
    let bench = Bench::new();
    let machine = bench.machine("m", wait()).await;
    bench.ok("PublishStateMachineVersion", json!({"stateMachineArn": machine})).await;
    let alias = json!({
        "name": "live",
        "routingConfiguration": [{"stateMachineVersionArn": format!("{machine}:1"), "weight": 100}],
    });
    let alias = text(&bench.ok("CreateStateMachineAlias", alias).await["stateMachineAliasArn"]);
    let arn = bench.start(&alias, "e", "{}").await;
    stop(&bench, &arn).await;
    bench.advance(1000);
    assert!(redrive(&bench, &arn, None).await.is_ok());
    for list in [machine.clone(), format!("{machine}:1"), alias.clone()] {
        let listed = bench.ok("ListExecutions", json!({"stateMachineArn": list})).await;
        let expected = json!([{
            "executionArn": arn, "stateMachineArn": machine, "name": "e", "status": "RUNNING", "startDate": NOW,
            "redriveCount": 1, "redriveDate": NOW + 1, "stateMachineVersionArn": format!("{machine}:1"),
            "stateMachineAliasArn": alias,
        }]);
        assert_eq!(listed["executions"], expected, "{list}");
    }
    let shown = describe(&bench, &arn).await;
    assert_eq!(shown["stateMachineAliasArn"], json!(alias));
    bench.stop().await;
}

#[tokio::test]
async fn a_redrive_survives_the_process() {
    let store = Arc::new(Memory::new());
    let bench = Bench::on(store.clone(), Duration::ZERO);
    let machine = bench.machine("m", wait()).await;
    let arn = bench.start(&machine, "e", "{}").await;
    stop(&bench, &arn).await;
    assert!(redrive(&bench, &arn, Some("a")).await.is_ok());
    bench.stop().await;
    let bench = Bench::on(store, Duration::ZERO);
    assert_eq!(redrive(&bench, &arn, Some("a")).await, Ok(json!({"redriveDate": NOW})));
    let shown = describe(&bench, &arn).await;
    assert_eq!((&shown["status"], &shown["redriveCount"]), (&json!("RUNNING"), &json!(1)));
    bench.advance(60_000);
    fire(&bench).await;
    assert_eq!(describe(&bench, &arn).await["status"], json!("SUCCEEDED"));
    bench.stop().await;
}
