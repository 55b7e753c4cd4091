use super::*;

/// Runs `definition` on the input `{"n": 1}` and gives its history, an event a line: `id<previous type`.
async fn lines(bench: &Bench, arn: &str) -> Vec<String> {
    let history = bench.ok("GetExecutionHistory", json!({"executionArn": arn})).await;
    let events = history["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| format!("{}<{} {}", event["id"], event["previousEventId"], text(&event["type"])))
        .collect()
}

async fn check(definition: Value, expected: &[&str]) {
    let bench = Bench::new();
    let machine = bench.machine("m", definition.clone()).await;
    let arn = bench.start(&machine, "e", "{\"n\": 1}").await;
    assert_eq!(lines(&bench, &arn).await, expected, "{definition}");
    bench.stop().await;
}

#[tokio::test]
async fn a_kind_of_state_each() {
    let end = ["1<0 ExecutionStarted"];
    let simple = |kind: &str| {
        let states = [format!("2<0 {kind}StateEntered"), format!("3<2 {kind}StateExited")];
        end.iter().map(|line| (*line).to_owned()).chain(states).collect::<Vec<String>>()
    };
    let cases = [
        (json!({"Type": "Pass", "End": true}), simple("Pass")),
        (json!({"Type": "Succeed"}), simple("Succeed")),
        (json!({"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z", "End": true}), simple("Wait")),
    ];
    for (state, mut expected) in cases {
        expected.push("4<3 ExecutionSucceeded".to_owned());
        check(one_state(state), &expected.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    check(
        one_state(json!({"Type": "Fail"})),
        &["1<0 ExecutionStarted", "2<0 FailStateEntered", "3<2 ExecutionFailed"],
    )
    .await;
    check(
        json!({"StartAt": "C", "States": {
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "P"}]},
            "P": {"Type": "Pass", "Next": "Q"},
            "Q": {"Type": "Succeed"},
        }}),
        &[
            "1<0 ExecutionStarted",
            "2<0 ChoiceStateEntered",
            "3<2 ChoiceStateExited",
            "4<3 PassStateEntered",
            "5<4 PassStateExited",
            "6<5 SucceedStateEntered",
            "7<6 SucceedStateExited",
            "8<7 ExecutionSucceeded",
        ],
    )
    .await;
    check(
        json!({"StartAt": "C", "States": {
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 2, "Next": "P"}]},
            "P": {"Type": "Succeed"},
        }}),
        &["1<0 ExecutionStarted", "2<0 ChoiceStateEntered", "3<2 ExecutionFailed"],
    )
    .await;
    check(wait(), &["1<0 ExecutionStarted", "2<0 WaitStateEntered"]).await;
}

/// A state machine with one activity task, its execution, and the token of the task.
async fn with_task(state: Value) -> (Bench, String, String) {
    let bench = Bench::new();
    let activity = text(&bench.ok("CreateActivity", json!({"name": "a"})).await["activityArn"]);
    let mut task = json!({"Type": "Task", "Resource": activity, "End": true});
    task.as_object_mut().unwrap().extend(state.as_object().unwrap().clone());
    let machine = bench.machine("m", one_state(task)).await;
    let arn = bench.start(&machine, "e", "{\"n\": 1}").await;
    bench.advance(500);
    let taken = bench.ok("GetActivityTask", json!({"activityArn": activity, "workerName": "w"})).await;
    bench.advance(500);
    (bench, arn, text(&taken["taskToken"]))
}

#[tokio::test]
async fn every_detail() {
    let (bench, arn, token) = with_task(json!({"TimeoutSeconds": 60, "HeartbeatSeconds": 30})).await;
    bench.ok("SendTaskHeartbeat", json!({"taskToken": token})).await;
    bench.ok("SendTaskSuccess", json!({"taskToken": token, "output": "[1, 2]"})).await;
    let whole = json!({"truncated": false});
    let event = |id: u32, previous: u32, at: f64, kind: &str, member: &str, details: Value| {
        let at = if at.fract() == 0.0 { json!(at as i64) } else { json!(at) };
        json!({"id": id, "previousEventId": previous, "timestamp": at, "type": kind, member: details})
    };
    let begin = NOW as f64;
    let input = json!("{\"n\": 1}");
    let output = json!("[1, 2]");
    let events = [
        event(
            1,
            0,
            begin,
            "ExecutionStarted",
            "executionStartedEventDetails",
            json!({"input": input, "inputDetails": whole, "roleArn": ROLE}),
        ),
        event(
            2,
            0,
            begin,
            "TaskStateEntered",
            "stateEnteredEventDetails",
            json!({"name": "S", "input": input, "inputDetails": whole}),
        ),
        event(
            3,
            2,
            begin,
            "ActivityScheduled",
            "activityScheduledEventDetails",
            json!({"resource": format!("{HERE}:activity:a"), "input": input, "inputDetails": whole,
                "timeoutInSeconds": 60, "heartbeatInSeconds": 30}),
        ),
        event(
            4,
            3,
            begin + 0.5,
            "ActivityStarted",
            "activityStartedEventDetails",
            json!({"workerName": "w"}),
        ),
        event(
            5,
            4,
            begin + 1.0,
            "ActivitySucceeded",
            "activitySucceededEventDetails",
            json!({"output": output, "outputDetails": whole}),
        ),
        event(
            6,
            5,
            begin + 1.0,
            "TaskStateExited",
            "stateExitedEventDetails",
            json!({"name": "S", "output": output, "outputDetails": whole}),
        ),
        event(
            7,
            6,
            begin + 1.0,
            "ExecutionSucceeded",
            "executionSucceededEventDetails",
            json!({"output": output, "outputDetails": whole}),
        ),
    ];
    let history = bench.ok("GetExecutionHistory", json!({"executionArn": arn})).await;
    assert_eq!(history, json!({"events": events}));

    let bare = json!({"executionArn": arn, "includeExecutionData": false});
    let history = bench.ok("GetExecutionHistory", bare).await;
    let details: Vec<Value> = history["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            event.as_object().unwrap().iter().find(|(key, _)| key.ends_with("Details")).unwrap().1.clone()
        })
        .collect();
    let expected = [
        json!({"roleArn": ROLE}),
        json!({"name": "S"}),
        json!({"resource": format!("{HERE}:activity:a"), "timeoutInSeconds": 60, "heartbeatInSeconds": 30}),
        json!({"workerName": "w"}),
        json!({}),
        json!({"name": "S"}),
        json!({}),
    ];
    assert_eq!(details, expected);
    bench.stop().await;
}

#[tokio::test]
async fn assigned_variables() {
    let bench = Bench::new();
    let definition = json!({"StartAt": "S", "States": {
        "S": {"Type": "Pass", "Assign": {"x": 42, "name": "text", "list.$": "$.l"}, "OutputPath": "$.l", "Next": "T"},
        "T": {"Type": "Pass", "Assign": {}, "OutputPath": "$name", "End": true},
    }});
    let machine = bench.machine("m", definition).await;
    let arn = bench.start(&machine, "e", "{\"l\": [1, 2.0]}").await;
    let exits = async |with_data: bool| {
        let input = json!({"executionArn": arn, "includeExecutionData": with_data});
        let history = bench.ok("GetExecutionHistory", input).await;
        [2, 4].map(|at| history["events"][at]["stateExitedEventDetails"].clone())
    };
    let whole = json!({"truncated": false});
    let first = json!({
        "name": "S", "output": "[1,2.0]", "outputDetails": whole,
        "assignedVariables": {"x": "42", "name": "\"text\"", "list": "[1,2.0]"}, "assignedVariablesDetails": whole,
    });
    let second = json!({"name": "T", "output": "\"text\"", "outputDetails": whole});
    assert_eq!(exits(true).await, [first, second]);
    assert_eq!(exits(false).await, [json!({"name": "S"}), json!({"name": "T"})]);
    bench.stop().await;
}

#[tokio::test]
async fn failures() {
    let last_two = async |bench: &Bench, arn: &str| {
        let input = json!({"executionArn": arn, "reverseOrder": true, "maxResults": 2});
        let history = bench.ok("GetExecutionHistory", input).await;
        let events = history["events"].as_array().unwrap();
        let details = |event: &Value| {
            let member = event.as_object().unwrap().iter().find(|(key, _)| key.ends_with("Details"));
            member.map(|(_, details)| details.clone()).unwrap()
        };
        [1, 0].map(|at| (text(&events[at]["type"]), details(&events[at])))
    };
    for failure in [json!({}), json!({"error": "E"}), json!({"error": "E", "cause": "C"})] {
        let (bench, arn, token) = with_task(json!({})).await;
        let mut answer = failure.clone();
        answer["taskToken"] = json!(token);
        bench.ok("SendTaskFailure", answer).await;
        let expected = ["ActivityFailed", "ExecutionFailed"].map(|kind| (kind.to_owned(), failure.clone()));
        assert_eq!(last_two(&bench, &arn).await, expected);
        bench.stop().await;
    }
    for given in [json!({}), json!({"error": "E", "cause": "C"})] {
        let (bench, arn, _) = with_task(json!({})).await;
        let mut stop = given.clone();
        stop["executionArn"] = json!(arn);
        bench.ok("StopExecution", stop).await;
        let [_, last] = last_two(&bench, &arn).await;
        assert_eq!(last, ("ExecutionAborted".to_owned(), given));
        assert_eq!(lines(&bench, &arn).await.last().map(String::as_str), Some("5<0 ExecutionAborted"));
        bench.stop().await;
    }
    let (bench, arn, token) = with_task(json!({"TimeoutSeconds": 10})).await;
    bench.advance(20_000);
    // Whatever wakes the engine lets happen what is due.
    bench.ok("CreateActivity", json!({"name": "other"})).await;
    let late = error("TaskTimedOut", "Task Timed Out: 'arn:aws:states:us-east-1:000000000000:activity:a'");
    bench.check(vec![("SendTaskSuccess", json!({"taskToken": token, "output": "1"}), late)]).await;
    let timed_out = json!({"error": "States.Timeout"});
    let expected = ["ActivityTimedOut", "ExecutionFailed"].map(|kind| (kind.to_owned(), timed_out.clone()));
    assert_eq!(last_two(&bench, &arn).await, expected);
    bench.stop().await;

    let bench = Bench::new();
    let mut definition = wait();
    definition["TimeoutSeconds"] = json!(5);
    let machine = bench.machine("m", definition).await;
    let arn = bench.start(&machine, "e", "{}").await;
    bench.advance(5000);
    bench.ok("StopExecution", json!({"executionArn": arn})).await;
    let [_, last] = last_two(&bench, &arn).await;
    assert_eq!(last, ("ExecutionTimedOut".to_owned(), timed_out));
    assert_eq!(lines(&bench, &arn).await.last().map(String::as_str), Some("3<0 ExecutionTimedOut"));
    bench.stop().await;
}

#[tokio::test]
async fn retries_and_catchers() {
    let bench = Bench::patient();
    let activity = text(&bench.ok("CreateActivity", json!({"name": "a"})).await["activityArn"]);
    let definition = json!({"StartAt": "T", "States": {
        "T": {
            "Type": "Task", "Resource": activity, "End": true,
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "C", "ResultPath": "$.caught"}],
        },
        "C": {"Type": "Succeed"},
    }});
    let machine = bench.machine("m", definition).await;
    let arn = bench.start(&machine, "e", "{}").await;
    for attempt in 0..2 {
        let taken = bench.ok("GetActivityTask", json!({"activityArn": activity})).await;
        bench
            .ok("SendTaskFailure", json!({"taskToken": taken["taskToken"], "error": "E", "cause": "C"}))
            .await;
        bench.advance(2000);
        // Whatever wakes the engine lets happen what is due.
        bench.ok("CreateActivity", json!({"name": format!("other{attempt}")})).await;
    }
    let expected = [
        "1<0 ExecutionStarted",
        "2<0 TaskStateEntered",
        "3<2 ActivityScheduled",
        "4<3 ActivityStarted",
        "5<4 ActivityFailed",
        "6<5 ActivityScheduled",
        "7<6 ActivityStarted",
        "8<7 ActivityFailed",
        "9<8 TaskStateExited",
        "10<9 SucceedStateEntered",
        "11<10 SucceedStateExited",
        "12<11 ExecutionSucceeded",
    ];
    assert_eq!(lines(&bench, &arn).await, expected);
    let described = bench.ok("DescribeExecution", json!({"executionArn": arn})).await;
    assert_eq!(described["output"], json!(json!({"caught": {"Error": "E", "Cause": "C"}}).to_string()));
    bench.stop().await;
}

/// An execution with at least `count` events, in steps of one event and of many.
async fn with_events(count: u64) -> (Bench, String) {
    let bench = Bench::new();
    let activity = text(&bench.ok("CreateActivity", json!({"name": "a"})).await["activityArn"]);
    let definition = json!({"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": activity, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "E"}], "Default": "T"},
        "E": {"Type": "Succeed"},
    }});
    let machine = bench.machine("m", definition).await;
    let arn = bench.start(&machine, "e", "{}").await;
    loop {
        let events = lines_count(&bench, &arn).await;
        if events >= count {
            return (bench, arn);
        }
        let taken = bench.ok("GetActivityTask", json!({"activityArn": activity})).await;
        let token = text(&taken["taskToken"]);
        bench.ok("SendTaskHeartbeat", json!({"taskToken": token})).await;
        bench.ok("SendTaskSuccess", json!({"taskToken": token, "output": "1"})).await;
    }
}

async fn lines_count(bench: &Bench, arn: &str) -> u64 {
    let input = json!({"executionArn": arn, "reverseOrder": true, "maxResults": 1});
    let last = bench.ok("GetExecutionHistory", input).await;
    last["events"][0]["id"].as_u64().unwrap()
}

#[tokio::test]
async fn pages() {
    let (bench, arn) = with_events(101).await;
    let count = lines_count(&bench, &arn).await;
    assert!((101..200).contains(&count), "{count}");
    let ascending: Vec<u64> = (1..=count).collect();
    let descending: Vec<u64> = (1..=count).rev().collect();
    for size in [1, 2, 3, 7, 50, 100, count, count + 1, 1000] {
        for (reverse, expected) in [(false, &ascending), (true, &descending)] {
            let input = json!({"executionArn": arn, "reverseOrder": reverse, "maxResults": size});
            let sizes: Vec<usize> = expected.chunks(size as usize).map(<[u64]>::len).collect();
            let found = check_pages(&bench, "GetExecutionHistory", input, "events", &sizes).await;
            let ids: Vec<u64> = found.iter().map(|event| event["id"].as_u64().unwrap()).collect();
            assert_eq!(&ids, expected, "pages of {size}, reverse {reverse}");
        }
    }
    let sizes = [100, count as usize - 100];
    check_pages(&bench, "GetExecutionHistory", json!({"executionArn": arn}), "events", &sizes).await;
    let others = [("reverseOrder", json!(true)), ("includeExecutionData", json!(false))];
    check_token_is_bound(
        &bench,
        "GetExecutionHistory",
        json!({"executionArn": arn, "maxResults": 1}),
        &others,
    )
    .await;
    bench.stop().await;
}

#[tokio::test]
async fn a_page_of_large_events_ends_early() {
    let bench = Bench::new();
    let activity = text(&bench.ok("CreateActivity", json!({"name": "a"})).await["activityArn"]);
    let states: Value = (0..100)
        .map(|n| {
            let next = format!("P{}", n + 1);
            (format!("P{n}"), json!({"Type": "Pass", "Next": next}))
        })
        .chain([("P100".to_owned(), json!({"Type": "Task", "Resource": activity, "End": true}))])
        .collect::<serde_json::Map<String, Value>>()
        .into();
    let machine = bench.machine("m", json!({"StartAt": "P0", "States": states})).await;
    let large = format!("\"{}\"", "x".repeat(262_142));
    let arn = bench.start(&machine, "e", &large).await;
    // 16 MiB of data are 64 events of a quarter each; there are 203.
    let input = json!({"executionArn": arn, "maxResults": 1000});
    check_pages(&bench, "GetExecutionHistory", input, "events", &[64, 64, 64, 11]).await;
    let bare = json!({"executionArn": arn, "maxResults": 1000, "includeExecutionData": false});
    check_pages(&bench, "GetExecutionHistory", bare, "events", &[203]).await;
    bench.stop().await;
}
