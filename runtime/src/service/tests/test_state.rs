//! TestState: single states, mocked or not, and what is said of those that cannot be tested.

use super::*;

/// The answer to a test of a state with these members besides, the dates and names in it taken out.
async fn test(bench: &Bench, state: &Value, more: &Value) -> Answer {
    bench.answer("TestState", with(json!({"definition": state.to_string()}), more.clone())).await
}

async fn check(cases: Vec<(Value, Value, Value)>) {
    let bench = Bench::new();
    for (state, more, expected) in cases {
        let answer = test(&bench, &state, &more).await;
        assert_eq!(answer, Ok(expected), "{state} {more}");
    }
    bench.stop().await;
}

/// Checks the errors of tests: name and message.
async fn refused(cases: Vec<(Value, Value, &str, &str)>) {
    let bench = Bench::new();
    for (state, more, name, message) in cases {
        let answer = test(&bench, &state, &more).await;
        assert_eq!(answer, Err((name.to_owned(), message.to_owned())), "{state} {more}");
    }
    bench.stop().await;
}

fn succeeded(output: &str, more: Value) -> Value {
    with(json!({"status": "SUCCEEDED", "output": output}), more)
}

fn failed(status: &str, error: &str, cause: &str, more: Value) -> Value {
    with(json!({"status": status, "error": error, "cause": cause}), more)
}

fn debug(input: &str) -> Value {
    json!({"input": input, "inspectionLevel": "DEBUG"})
}

/// A task that calls a function.
fn task(more: Value) -> Value {
    with(json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true}), more)
}

fn calls(resource: &str) -> Value {
    json!({"Type": "Task", "Resource": format!("arn:aws:states:::{resource}"), "End": true})
}

fn map(more: Value) -> Value {
    let processor = json!({"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}});
    with(json!({"Type": "Map", "ItemProcessor": processor, "End": true}), more)
}

fn distributed(more: Value) -> Value {
    let config = json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"});
    let states = json!({"I": {"Type": "Pass", "End": true}});
    let processor = json!({"ProcessorConfig": config, "StartAt": "I", "States": states});
    with(json!({"Type": "Map", "ItemProcessor": processor, "End": true}), more)
}

fn parallel(more: Value) -> Value {
    let branch = |name: &str| json!({"StartAt": name, "States": {name: {"Type": "Pass", "End": true}}});
    with(json!({"Type": "Parallel", "Branches": [branch("A"), branch("B")], "End": true}), more)
}

fn result(text: &str) -> Value {
    json!({"mock": {"result": text}})
}

fn error(error: &str) -> Value {
    json!({"mock": {"errorOutput": {"error": error, "cause": "told to"}}})
}

#[tokio::test(start_paused = true)]
async fn states_of_each_kind() {
    let pass = json!({"Type": "Pass", "InputPath": "$.a", "Parameters": {"b.$": "$.x", "c": 1}, "ResultPath": "$.r",
                      "Next": "Elsewhere"});
    let choice = json!({"Type": "Choice", "Default": "No",
                        "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "Yes"}]});
    let wait = json!({"Type": "Wait", "Seconds": 200, "Next": "N"});
    check(vec![
        (
            pass,
            debug(r#"{"a": {"x": [1, 2]}}"#),
            succeeded(
                r#"{"a":{"x":[1,2]},"r":{"c":1,"b":[1,2]}}"#,
                json!({"nextState": "Elsewhere", "inspectionData": {
                    "input": r#"{"a": {"x": [1, 2]}}"#,
                    "afterInputPath": r#"{"x":[1,2]}"#,
                    "afterParameters": r#"{"c":1,"b":[1,2]}"#,
                    "afterResultSelector": r#"{"c":1,"b":[1,2]}"#,
                    "afterResultPath": r#"{"a":{"x":[1,2]},"r":{"c":1,"b":[1,2]}}"#,
                }}),
            ),
        ),
        (
            json!({"Type": "Pass", "Result": "r", "Assign": {"v": 1}, "End": true}),
            with(debug("1"), json!({"variables": r#"{"u": [ 2 ]}"#})),
            succeeded("\"r\"", json!({"inspectionData": {
                "input": "1", "result": "\"r\"", "afterResultSelector": "\"r\"", "afterResultPath": "\"r\"",
                "variables": r#"{"u":[2],"v":1}"#,
            }})),
        ),
        (json!({"Type": "Pass", "OutputPath": "$u[0]", "End": true}), json!({"variables": r#"{"u": [2]}"#}), succeeded("2", json!({}))),
        (choice.clone(), debug(r#"{"x":1}"#), succeeded(r#"{"x":1}"#, json!({"nextState": "Yes",
            "inspectionData": {"input": r#"{"x":1}"#, "afterInputPath": r#"{"x":1}"#}}))),
        (choice, json!({}), succeeded("{}", json!({"nextState": "No"}))),
        (wait, debug("[ ]"), succeeded("[ ]", json!({"nextState": "N",
            "inspectionData": {"input": "[ ]", "afterInputPath": "[ ]"}}))),
        (json!({"Type": "Wait", "Seconds": 301, "End": true}), json!({}),
            json!({"status": "FAILED", "error": "States.Timeout"})),
        (json!({"Type": "Succeed", "InputPath": "$.a"}), debug(r#"{"a":7}"#), succeeded("7",
            json!({"inspectionData": {"input": r#"{"a":7}"#, "afterInputPath": "7"}}))),
        (json!({"Type": "Fail", "Error": "E", "CausePath": "$.c"}), debug(r#"{"c":"why"}"#),
            failed("FAILED", "E", "why", json!({"inspectionData": {"input": r#"{"c":"why"}"#, "afterInputPath": r#"{"c":"why"}"#}}))),
        // Without the words about events that an execution puts before these.
        (json!({"Type": "Pass", "InputPath": "$.a", "End": true}), debug("{}"),
            failed("FAILED", "States.Runtime", "Invalid path '$.a' : No results for path: $['a']",
                json!({"inspectionData": {"input": "{}"}}))),
        (json!({"Type": "Pass", "Result": 1, "ResultPath": "$.child", "End": true}), json!({"input": "4"}),
            failed("FAILED", "States.ReferencePathConflict", "Unable to apply ReferencePath $.child to input 4", json!({}))),
    ])
    .await;
}

#[tokio::test]
async fn mocked_tasks() {
    let shaped = task(json!({
        "Parameters": {"FunctionName": "f", "Payload.$": "$"}, "ResultSelector": {"p.$": "$.Payload"},
        "ResultPath": "$.out", "OutputPath": "$.out.p",
    }));
    let retried = task(json!({
        "Parameters": {"FunctionName": "f"},
        "Retry": [{"ErrorEquals": ["A"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 5},
                  {"ErrorEquals": ["B"], "IntervalSeconds": 3, "MaxAttempts": 1, "MaxDelaySeconds": 2}],
        "Catch": [{"ErrorEquals": ["C"], "Next": "OnC"}, {"ErrorEquals": ["B"], "ResultPath": "$.e", "Next": "OnB"}],
    }));
    let used = |count: u64, mocked: &str| {
        with(with(debug("{}"), error(mocked)), json!({"stateConfiguration": {"retrierRetryCount": count}}))
    };
    let seen = |details: Value| {
        let data =
            json!({"input": "{}", "afterInputPath": "{}", "afterParameters": r#"{"FunctionName":"f"}"#});
        json!({"inspectionData": with(data, details)})
    };
    let details = |details: Value| seen(json!({"errorDetails": details}));
    check(vec![
        (
            shaped,
            with(debug(r#"{"a":1}"#), result(r#"{"Payload": [1, 2]}"#)),
            succeeded("[1,2]", json!({"inspectionData": {
                "input": r#"{"a":1}"#,
                "afterInputPath": r#"{"a":1}"#,
                "afterParameters": r#"{"FunctionName":"f","Payload":{"a":1}}"#,
                "result": r#"{"Payload": [1, 2]}"#,
                "afterResultSelector": r#"{"p":[1,2]}"#,
                "afterResultPath": r#"{"a":1,"out":{"p":[1,2]}}"#,
            }})),
        ),
        (retried.clone(), used(4, "A"), failed("RETRIABLE", "A", "told to",
            details(json!({"retryIndex": 0, "retryBackoffIntervalSeconds": 16})))),
        (retried.clone(), used(5, "A"), failed("FAILED", "A", "told to", details(json!({"retryIndex": 0})))),
        (retried.clone(), used(0, "B"), failed("RETRIABLE", "B", "told to",
            details(json!({"retryIndex": 1, "retryBackoffIntervalSeconds": 2})))),
        (retried.clone(), used(1, "B"), failed("CAUGHT_ERROR", "B", "told to", with(
            json!({"output": r#"{"e":{"Error":"B","Cause":"told to"}}"#, "nextState": "OnB"}),
            details(json!({"retryIndex": 1, "catchIndex": 1}))))),
        (retried.clone(), used(0, "C"), failed("CAUGHT_ERROR", "C", "told to", with(
            json!({"output": r#"{"Error":"C","Cause":"told to"}"#, "nextState": "OnC"}),
            details(json!({"catchIndex": 0}))))),
        (retried.clone(), used(0, "D"), failed("FAILED", "D", "told to", seen(json!({})))),
        (retried, used(0, "States.Runtime"), failed("FAILED", "States.Runtime", "told to", seen(json!({})))),
        // What only a mock can do: activities, jobs, tokens, and what is not built.
        (json!({"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:a", "End": true}),
            result("[ 1 ]"), succeeded("[ 1 ]", json!({}))),
        (calls("ecs:runTask.sync"), result("{}"), succeeded("{}", json!({}))),
        (calls("sqs:sendMessage.waitForTaskToken"), result("\"any\""), succeeded("\"any\"", json!({}))),
        (calls("http:invoke"), result("7"), succeeded("7", json!({}))),
        (calls("aws-sdk:nobody:doThing"), result("7"), succeeded("7", json!({}))),
        (json!({"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": true}),
            result("7"), succeeded("7", json!({}))),
    ])
    .await;
}

#[tokio::test]
async fn mocked_blocks() {
    let three = r#"{"v": [1, 2, 3]}"#;
    let selected = map(json!({
        "ItemsPath": "$.v", "MaxConcurrency": 2, "ResultPath": "$.r",
        "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"},
    }));
    let caught = parallel(json!({
        "InputPath": "$.v", "Retry": [{"ErrorEquals": ["A"], "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["States.BranchFailed"], "Next": "N"}],
    }));
    let read = distributed(
        json!({"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}}}),
    );
    check(vec![
        (
            selected,
            with(debug(three), result("[ 9 ]")),
            succeeded(r#"{"v":[1,2,3],"r":[9]}"#, json!({"inspectionData": {
                "input": three, "afterInputPath": three, "afterItemsPath": "[1, 2, 3]",
                "afterItemSelector": r#"[{"v":1,"i":0},{"v":2,"i":1},{"v":3,"i":2}]"#,
                "afterResultSelector": "[ 9 ]", "afterResultPath": r#"{"v":[1,2,3],"r":[9]}"#, "maxConcurrency": 2,
            }})),
        ),
        (map(json!({})), with(debug("{}"), result("[]")), failed("FAILED", "States.Runtime",
            "Reference path \"$\" must point to array.",
            json!({"inspectionData": {"input": "{}", "afterInputPath": "{}"}}))),
        (map(json!({})), with(debug("[]"), result("[ ]")), succeeded("[ ]", json!({"inspectionData": {
            "input": "[]", "afterInputPath": "[]", "afterItemsPath": "[]", "afterResultSelector": "[ ]",
            "afterResultPath": "[ ]", "maxConcurrency": 0}}))),
        (map(json!({"Catch": [{"ErrorEquals": ["A"], "Next": "N"}]})), with(json!({"input": "[1]"}), error("A")),
            failed("CAUGHT_ERROR", "A", "told to",
                json!({"output": r#"{"Error":"A","Cause":"told to"}"#, "nextState": "N"}))),
        (
            read,
            with(with(debug("{}"), result("[1]")), json!({"stateConfiguration": {"mapItemReaderData": "[1,2]", "mapIterationFailureCount": 2}})),
            succeeded("[1]", json!({"inspectionData": {"input": "{}", "afterInputPath": "{}",
                "afterResultSelector": "[1]", "afterResultPath": "[1]", "maxConcurrency": 0}})),
        ),
        (
            distributed(json!({"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}})),
            with(json!({"input": "[]"}), result(r#"{"MapRunArn":"a"}"#)),
            succeeded(r#"{"MapRunArn":"a"}"#, json!({})),
        ),
        // What a Map tolerates is found before its iterations would begin: no mock stands for them any more.
        (distributed(json!({"ToleratedFailurePercentagePath": "$[0]"})), with(debug("[101]"), result("[1]")),
            failed("FAILED", "States.Runtime", "ToleratedFailurePercentage must be between 0 and 100.",
                json!({"inspectionData": {"input": "[101]", "afterInputPath": "[101]", "afterItemsPath": "[101]",
                    "maxConcurrency": 0}}))),
        (parallel(json!({"ResultSelector": {"a.$": "$[0]"}})), with(debug("1"), result("[1, 2]")),
            succeeded(r#"{"a":1}"#, json!({"inspectionData": {"input": "1",
                "afterResultSelector": r#"{"a":1}"#, "afterResultPath": r#"{"a":1}"#}}))),
        (caught.clone(), with(debug(three), error("A")), failed("RETRIABLE", "A", "told to",
            json!({"inspectionData": {"input": three, "errorDetails": {"retryIndex": 0, "retryBackoffIntervalSeconds": 1}}}))),
        (caught, with(debug(three), error("B")), failed("CAUGHT_ERROR", "B", "told to",
            json!({"output": r#"{"Error":"B","Cause":"told to"}"#, "nextState": "N",
                   "inspectionData": {"input": three, "errorDetails": {"catchIndex": 0}}}))),
    ])
    .await;
}

#[tokio::test]
async fn batches() {
    let items = |batcher: Value| distributed(json!({"ItemsPath": "$.v", "ItemBatcher": batcher}));
    let query = with(
        distributed(json!({
            "Items": "{% $states.input.v %}", "ItemSelector": {"x": "{% $states.context.Map.Item.Value %}"},
            "ItemBatcher": {"MaxItemsPerBatch": "{% $states.input.n %}", "BatchInput": "{% $states.input.n %}"},
        })),
        json!({"QueryLanguage": "JSONata"}),
    );
    let bench = Bench::new();
    for (state, expected) in [
        (items(json!({"MaxItemsPerBatch": 2})), r#"[{"Items":[1,2]},{"Items":[3]}]"#),
        (
            items(json!({"MaxItemsPerBatchPath": "$.n", "BatchInput": {"n.$": "$.n"}})),
            r#"[{"BatchInput":{"n":2},"Items":[1,2]},{"BatchInput":{"n":2},"Items":[3]}]"#,
        ),
        (items(json!({"MaxInputBytesPerBatch": 15})), r#"[{"Items":[1,2]},{"Items":[3]}]"#),
        (items(json!({"MaxInputBytesPerBatch": 1})), r#"[{"Items":[1]},{"Items":[2]},{"Items":[3]}]"#),
        (query, r#"[{"BatchInput":2,"Items":[{"x":1},{"x":2}]},{"BatchInput":2,"Items":[{"x":3}]}]"#),
    ] {
        let answer = test(&bench, &state, &with(debug(r#"{"v":[1,2,3],"n":2}"#), result("[]"))).await;
        assert_eq!(answer.expect("a result")["inspectionData"]["afterItemBatcher"], expected, "{state}");
    }
    // What each of a hundred thousand batches has besides is not copied that often.
    let input = format!(r#"{{"v":[{}0],"n":"{}"}}"#, "0,".repeat(60_000), "x".repeat(100_000));
    let many = items(json!({"MaxItemsPerBatch": 1, "BatchInput": {"n.$": "$.n"}}));
    let answer = test(&bench, &many, &with(debug(&input), result("[]"))).await;
    assert_eq!(answer.expect("a result")["inspectionData"].get("afterItemBatcher"), None);
    let by_path = items(json!({"MaxItemsPerBatchPath": "$.n"}));
    for (n, error, cause) in [
        (
            r#""x""#,
            "States.Runtime",
            "The MaxItemsPerBatchPath field refers to value \"x\" which is not a valid integer: $.n",
        ),
        ("0", "States.ItemReaderFailed", "field MaxItemsPerBatch must be positive"),
    ] {
        let more = with(json!({"input": format!(r#"{{"v":[1],"n":{n}}}"#)}), result("[]"));
        assert_eq!(test(&bench, &by_path, &more).await, Ok(failed("FAILED", error, cause, json!({}))), "{n}");
    }
    bench.stop().await;
}

/// What a reader would read is as much as it may.
#[tokio::test]
async fn items_that_are_read() {
    let reads = |config: Value| {
        distributed(json!({
            "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}, "ReaderConfig": config},
            "ItemSelector": {"v.$": "$$.Map.Item.Value"},
        }))
    };
    let more = |data: &str| {
        let given = json!({"stateConfiguration": {"mapItemReaderData": data}});
        with(with(debug(r#"{"n":2,"m":-1}"#), result("[]")), given)
    };
    let two = r#"[{"v":1},{"v":2}]"#;
    let bench = Bench::new();
    for (config, data, expected) in [
        (json!({"InputType": "JSON", "MaxItems": 2}), "[1,2,3]", two),
        (json!({"InputType": "JSON", "MaxItemsPath": "$.n"}), "[1,2,3]", two),
        (json!({"InputType": "JSON", "MaxItems": 0}), "[1,2]", two),
        (json!({"InputType": "JSON", "MaxItems": 1, "ItemsPointer": "/a"}), r#"{"a":[7,8]}"#, r#"[{"v":7}]"#),
        (json!({"InputType": "JSON", "MaxItems": 1}), r#"{"a":1,"b":2}"#, r#"[{"v":{"Key":"a","Value":1}}]"#),
    ] {
        let answer = test(&bench, &reads(config.clone()), &more(data)).await;
        assert_eq!(answer.expect("a result")["inspectionData"]["afterItemSelector"], expected, "{config}");
    }
    let answer = test(&bench, &reads(json!({"InputType": "JSON", "MaxItemsPath": "$.m"})), &more("[]")).await;
    assert_eq!(answer.expect("a result")["cause"], "field MaxItems must be positive");
    let csv = json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"});
    let answer = test(&bench, &reads(csv), &more("a,a\n1,2")).await.expect("a result");
    assert_eq!(answer["error"], "States.ItemReaderFailed");
    assert_eq!(answer["cause"], "CSV headers cannot contain duplicates.");
    bench.stop().await;
}

/// Nobody waits until a query has run for each of many items.
#[tokio::test]
async fn what_is_selected_is_bounded_by_work() {
    let state = with(
        map(json!({"Items": "{% $states.input %}", "ItemSelector": {"x": "{% $sum([1..20000]) %}"}})),
        json!({"QueryLanguage": "JSONata"}),
    );
    let bench = Bench::new();
    for (count, is_shown) in [(10, true), (3000, false)] {
        let input = format!("[{}0]", "0,".repeat(count - 1));
        let answer = test(&bench, &state, &with(debug(&input), result("[]"))).await.expect("a result");
        assert_eq!(answer["status"], "SUCCEEDED");
        assert_eq!(answer["inspectionData"].get("afterItemSelector").is_some(), is_shown, "{count}");
    }
    bench.stop().await;
}

/// `States.TaskFailed` takes the failure of a block that a Task within it has caused.
#[tokio::test]
async fn failures_that_are_blamed_on_a_state() {
    let inner = json!({"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "T", "States": {
            "T": task(json!({"Parameters": {"FunctionName": "f"}})),
        }}]},
    }});
    let rescue = json!({"Retry": [{"ErrorEquals": ["States.TaskFailed"]}], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "N"}]});
    let outer = |kind: &str| {
        let block =
            if kind == "Map" { json!({"ItemProcessor": inner}) } else { json!({"Branches": [inner]}) };
        with(with(json!({"Type": kind, "End": true}), block), rescue.clone())
    };
    let blamed = |name: &str| json!({"input": "[1]", "stateConfiguration": {"errorCausedByState": name}});
    let bench = Bench::new();
    for (state, more, expected) in [
        (outer("Map"), blamed("T"), "RETRIABLE"),
        (outer("Parallel"), blamed("T"), "RETRIABLE"),
        (outer("Map"), blamed("P"), "CAUGHT_ERROR"),
        (outer("Parallel"), blamed("P"), "CAUGHT_ERROR"),
        (outer("Map"), json!({"input": "[1]"}), "CAUGHT_ERROR"),
        (task(with(rescue.clone(), json!({"Parameters": {"FunctionName": "f"}}))), json!({}), "RETRIABLE"),
    ] {
        let answer = test(&bench, &state, &with(more.clone(), error("A"))).await;
        assert_eq!(answer.expect("a status")["status"], expected, "{state} {more}");
    }
    let answer = test(&bench, &outer("Map"), &with(blamed("Nobody"), error("A"))).await;
    assert_eq!(answer, Err(("ValidationException".to_owned(), "State not found in definition".to_owned())));
    bench.stop().await;
}

#[tokio::test]
async fn states_that_speak_jsonata() {
    let query = |state: Value| with(state, json!({"QueryLanguage": "JSONata"}));
    let three = r#"{"v": [1, 2, 3]}"#;
    let call = query(task(json!({
        "Arguments": {"FunctionName": "f", "Payload": "{% $states.input.v %}"},
        "Output": "{% $states.result.Payload + $u %}", "Assign": {"w": "{% $u + 1 %}"},
        "Catch": [{"ErrorEquals": ["A"], "Output": "{% $states.errorOutput.Cause %}", "Next": "N"}],
    })));
    let tolerant = query(distributed(json!({
        "Items": "{% $states.input.v %}", "ItemSelector": {"i": "{% $states.context.Map.Item.Value %}"},
        "MaxConcurrency": "{% 1 + 1 %}", "ToleratedFailurePercentage": 50,
        "Retry": [{"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "MaxAttempts": 2}],
    })));
    let shown = |more: Value| {
        with(
            json!({
                "input": three, "afterItemSelector": r#"[{"i":1},{"i":2},{"i":3}]"#, "maxConcurrency": 2,
                "toleratedFailurePercentage": 50.0,
            }),
            more,
        )
    };
    let failures = |count: u64| json!({"stateConfiguration": {"mapIterationFailureCount": count}});
    check(vec![
        (
            call.clone(),
            with(with(debug(r#"{"v": 7}"#), result(r#"{"Payload": 2}"#)), json!({"variables": r#"{"u": 3}"#})),
            succeeded("5", json!({"inspectionData": {
                "input": r#"{"v": 7}"#, "afterArguments": r#"{"FunctionName":"f","Payload":7}"#,
                "result": r#"{"Payload": 2}"#, "variables": r#"{"u":3,"w":4}"#,
            }})),
        ),
        (call, with(with(debug(r#"{"v": 7}"#), error("A")), json!({"variables": "{}"})),
            failed("CAUGHT_ERROR", "A", "told to", json!({"output": "\"told to\"", "nextState": "N", "inspectionData": {
                "input": r#"{"v": 7}"#, "afterArguments": r#"{"FunctionName":"f","Payload":7}"#,
                "errorDetails": {"catchIndex": 0}}}))),
        (tolerant.clone(), with(with(debug(three), result("[ 1 ]")), failures(1)),
            succeeded("[ 1 ]", json!({"inspectionData": shown(json!({}))}))),
        (tolerant.clone(), with(with(debug(three), result("[ 1 ]")), failures(2)),
            failed("RETRIABLE", "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded",
                json!({"inspectionData": shown(json!({"errorDetails": {"retryIndex": 0, "retryBackoffIntervalSeconds": 1}}))}))),
        (tolerant, with(with(debug(three), error("A")), failures(2)),
            failed("FAILED", "A", "told to", json!({"inspectionData": shown(json!({}))}))),
        (query(parallel(json!({"Arguments": "{% $states.input.v %}", "Output": "{% $states.result[0] %}"}))),
            with(debug(three), result("[5, 6]")), succeeded("5", json!({"inspectionData": {"input": three}}))),
        (query(json!({"Type": "Choice", "Choices": [{"Condition": "{% $count($states.input.v) = 3 %}", "Next": "Y"}]})),
            debug(three), succeeded(three, json!({"nextState": "Y", "inspectionData": {"input": three}}))),
        (query(json!({"Type": "Pass", "Output": "{% $nothing %}", "End": true})), debug(three),
            failed("FAILED", "States.QueryEvaluationError",
                "The JSONata expression '$nothing' specified for the field 'Output' returned nothing (undefined).",
                json!({"inspectionData": {"input": three}}))),
    ])
    .await;
}

#[tokio::test]
async fn states_of_a_machine() {
    let inner = json!({"Type": "Pass", "Parameters": {"item.$": "$$.Map.Item"}, "End": true});
    let processor = json!({"StartAt": "Inner", "States": {"Inner": inner}});
    let branches = json!([{"StartAt": "Branch", "States": {"Branch": {"Type": "Pass", "Next": "Last"}, "Last": {"Type": "Succeed"}}}]);
    let machine = json!({"StartAt": "First", "States": {
        "First": {"Type": "Map", "ItemProcessor": processor, "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": branches, "Next": "Call"},
        "Call": {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": true},
    }});
    let named = |name: &str| json!({"stateName": name, "input": "[7]"});
    check(vec![
        (machine.clone(), named("Inner"), succeeded(r#"{"item":{"Index":0,"Value":[7]}}"#, json!({}))),
        (machine.clone(), named("Branch"), succeeded("[7]", json!({"nextState": "Last"}))),
        (machine.clone(), named("Last"), succeeded("[7]", json!({}))),
        (machine.clone(), with(named("Call"), result("1")), succeeded("1", json!({}))),
    ])
    .await;
    let not_found = "State not found in definition";
    refused(vec![
        (machine.clone(), named("Nobody"), "ValidationException", not_found),
        (json!({"Type": "Pass", "End": true}), named("StateName"), "ValidationException", not_found),
        (machine.clone(), json!({}), "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [Type] at /States/StateName'"),
        (machine, with(named("Call"), json!({"roleArn": ROLE})), "InvalidDefinition",
            "gradus does not run Task states with the resource arn:aws:states:::http:invoke yet"),
        (json!({"StartAt": "A", "States": {"A": {"Type": "Odd"}}}), named("A"), "InvalidDefinition",
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: \
             [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/A/Type'"),
    ])
    .await;
}

#[tokio::test]
async fn contexts() {
    let shows = task(json!({"Parameters": {"FunctionName": "f"}, "ResultSelector": {"c.$": "$$"}}));
    let bench = Bench::new();
    let answer =
        test(&bench, &shows, &with(result("{}"), json!({"roleArn": ROLE, "input": "[1]"}))).await.unwrap();
    let output: Value = serde_json::from_str(answer["output"].as_str().unwrap()).unwrap();
    let context = &output["c"];
    let (machine, name) = (text(&context["StateMachine"]["Name"]), text(&context["Execution"]["Name"]));
    let now = "2023-11-14T22:13:20.000Z";
    let expected = json!({
        "Execution": {"Id": format!("{HERE}:express:{machine}:{name}"), "Input": [1], "StartTime": now, "Name": name, "RoleArn": ROLE},
        "StateMachine": {"Id": format!("{HERE}:stateMachine:{machine}"), "Name": machine},
        "State": {"Name": "StateName", "EnteredTime": now, "RetryCount": 0},
    });
    assert_eq!(*context, expected);
    let answer =
        test(&bench, &shows, &with(result("{}"), json!({"stateConfiguration": {"retrierRetryCount": 3}})))
            .await
            .unwrap();
    let output: Value = serde_json::from_str(answer["output"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&output["c"]["Execution"]["RoleArn"], &output["c"]["State"]["RetryCount"]),
        (&json!(null), &json!(3))
    );
    bench.stop().await;

    let given = |context: Value| with(result("{}"), json!({"context": context.to_string()}));
    let token = json!({"Task": {"Token": "t"}});
    let waits =
        with(calls("sqs:sendMessage.waitForTaskToken"), json!({"Parameters": {"t.$": "$$.Task.Token"}}));
    check(vec![
        (shows.clone(), given(json!({})), succeeded(r#"{"c":{}}"#, json!({}))),
        (
            shows.clone(),
            given(json!({"State": {"Name": "N", "RetryCount": 2}})),
            succeeded(r#"{"c":{"State":{"Name":"N","RetryCount":2}}}"#, json!({})),
        ),
        (
            waits,
            with(given(token.clone()), json!({"inspectionLevel": "TRACE"})),
            succeeded(
                "{}",
                json!({"inspectionData": {
            "input": "{}", "afterInputPath": "{}", "afterParameters": r#"{"t":"t"}"#, "result": "{}",
            "afterResultSelector": "{}", "afterResultPath": "{}"}}),
            ),
        ),
    ])
    .await;
    let invalid = "ValidationException";
    refused(vec![
        (shows.clone(), given(json!({"Extra": 1})), invalid, "Invalid Context object provided: Field 'Extra' is not allowed"),
        (shows.clone(), given(json!({"State": {"Extra": 1}})), invalid, "Invalid Context object provided: Field 'Extra' is not allowed"),
        (shows.clone(), given(json!({"Execution": {"Id": 1}})), invalid, "Invalid Context object provided: Execution.Id must be a string"),
        (shows.clone(), given(json!({"State": {"RetryCount": "1"}})), invalid, "Invalid Context object provided: State.RetryCount must be a number"),
        (shows.clone(), given(json!({"State": 1})), invalid, "Invalid Context object provided: State must be an object"),
        (shows.clone(), given(json!({"Map": {}})), invalid,
            "Invalid Context object provided: 'Map' field is not supported when mocking a Context object"),
        (shows.clone(), given(token), invalid,
            "Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a '.sync' or \
             '.waitForTaskToken' service integration pattern"),
        (shows, json!({"roleArn": ROLE, "context": "{}"}), invalid,
            "TestState does not support Context when a mock is not specified."),
        (json!({"Type": "Pass", "End": true}), given(json!({"Extra": 1})), invalid,
            "State type 'Pass' is not supported when a mock is specified"),
    ])
    .await;
}

#[tokio::test]
async fn what_cannot_be_tested() {
    let invalid = "ValidationException";
    let definition = "InvalidDefinition";
    let no_blocks = "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, \
                     Pass, Succeed, Fail, Choice]";
    let no_patterns = "TestState API does not support '.sync' or '.waitForTaskToken' integration patterns.";
    let pass = json!({"Type": "Pass", "End": true});
    let failures = |count: u64| json!({"stateConfiguration": {"mapIterationFailureCount": count}});
    let writes = distributed(
        json!({"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}}),
    );
    let lambda = task(json!({"Parameters": {"FunctionName": "f"}}));
    refused(vec![
        (lambda.clone(), json!({}), invalid, "RoleArn must be specified when testing a Task state"),
        (lambda.clone(), json!({"roleArn": "role"}), "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: role'"),
        (map(json!({})), json!({}), definition, no_blocks),
        (parallel(json!({})), json!({"roleArn": ROLE}), definition, no_blocks),
        (calls("states:startExecution.sync:2"), json!({"roleArn": ROLE}), definition, no_patterns),
        (calls("lambda:invoke.waitForTaskToken"), json!({"roleArn": ROLE}), definition, no_patterns),
        (pass.clone(), result("1"), invalid, "State type 'Pass' is not supported when a mock is specified"),
        (json!({"Type": "Succeed"}), error("E"), invalid, "State type 'Succeed' is not supported when a mock is specified"),
        (json!({"Type": "Fail"}), error("E"), invalid, "State type 'Fail' is not supported when a mock is specified"),
        (lambda.clone(), json!({"mock": {"result": "1", "errorOutput": {}}}), invalid,
            "A test mock should have only one of the following fields: [result, errorOutput]."),
        (lambda.clone(), with(result("{}"), json!({"revealSecrets": true})), invalid,
            "TestState does not support RevealSecrets when a mock is specified."),
        (lambda.clone(), json!({"mock": {"result": "no", "fieldValidationMode": "NONE"}}), invalid, "Mocked result must be valid JSON"),
        (map(json!({})), result("{}"), invalid, "Mocked result must be an array."),
        (writes, result("[]"), invalid, "Mocked result must be a JSON object."),
        (parallel(json!({})), result("{}"), invalid, "Mocked result must be an array."),
        (parallel(json!({})), result("[1]"), invalid,
            "Mocked result must contain the same number of items as number of Parallel branches."),
        (pass.clone(), failures(0), invalid, "TestState does not support MapIterationFailureCount when a mock is not specified."),
        (map(json!({})), with(with(result("[]"), failures(2)), json!({"input": "[1]"})), invalid,
            "Map iteration failure count must be less than or equal to the number of Map iterations"),
        (pass.clone(), json!({"input": "{"}), "InvalidExecutionInput",
            "Invalid State Machine Execution Input: 'Unexpected end-of-input: expected close marker for Object (start marker at \
             [Source: (String)\"{\"; line: 1, column: 1])'"),
        (pass, json!({"variables": "[]"}), invalid, "Variables must be a valid JSON object"),
        (json!({"Type": "Pass"}), json!({}), definition,
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: This object should have only one of the following \
             fields: [Next, End] at /States/StateName'"),
        (parallel(json!({"Branches": []})), result("[]"), definition,
            "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/StateName/Branches'"),
    ])
    .await;
}

#[tokio::test]
async fn results_that_the_mocked_service_cannot_give() {
    let start = calls("states:startExecution");
    let ended = r#"{"ExecutionArn": "a", "StateMachineArn": "m", "StartDate": "d", "Status": "SUCCEEDED", "Output": {}}"#;
    // Resource, result, mode; the fault or that there is none.
    let cases = [
        ("states:startExecution", "{}", "STRICT", "Required field 'ExecutionArn' is missing"),
        (
            "states:startExecution",
            r#"{"ExecutionArn": null}"#,
            "STRICT",
            "Required field 'ExecutionArn' is missing",
        ),
        ("states:startExecution", "{}", "PRESENT", ""),
        ("states:startExecution", r#"{"StartDate": true}"#, "PRESENT", "Field 'StartDate' must be a string"),
        ("states:startExecution", r#"{"StartDate": 1}"#, "NONE", ""),
        ("states:startExecution.sync", ended, "STRICT", "Field 'Output' must be a string"),
        ("states:startExecution.sync:2", ended, "STRICT", ""),
        (
            "states:startExecution.sync:2",
            r#"{"ExecutionArn": "a"}"#,
            "STRICT",
            "Required field 'StateMachineArn' is missing",
        ),
        ("lambda:invoke", r#"{"StatusCode": "200"}"#, "STRICT", "Field 'StatusCode' must be a number"),
        ("lambda:invoke", r#"{"Payload": {"any": []}, "More": 1}"#, "STRICT", ""),
        ("events:putEvents", r#"{"Entries": "e"}"#, "STRICT", "Field 'Entries' must be an array"),
        (
            "events:putEvents",
            r#"{"Entries": [{}, {"EventId": []}]}"#,
            "STRICT",
            "Field 'EventId' must be a string",
        ),
        ("events:putEvents", r#"{"Entries": [1]}"#, "STRICT", "Field 'Entries' must be an object"),
        (
            "sqs:sendMessage",
            r#"{"MD5OfMessageBody": 1}"#,
            "STRICT",
            "Field 'MD5OfMessageBody' must be a string",
        ),
        ("aws-sdk:sqs:sendMessage", r#"{"MD5OfMessageBody": 1}"#, "STRICT", ""),
        (
            "aws-sdk:sqs:sendMessage",
            r#"{"Md5OfMessageBody": 1}"#,
            "STRICT",
            "Field 'Md5OfMessageBody' must be a string",
        ),
        (
            "aws-sdk:kms:encrypt",
            r#"{"CiphertextBlob": ""}"#,
            "STRICT",
            "Field 'CiphertextBlob' is smaller than the minimum length",
        ),
        (
            "aws-sdk:lambda:getFunction",
            r#"{"Configuration": {"MemorySize": 127}}"#,
            "STRICT",
            "Field 'MemorySize' is less than the minimum value",
        ),
        (
            "aws-sdk:lambda:getFunction",
            r#"{"Configuration": {"MemorySize": 10241}}"#,
            "PRESENT",
            "Field 'MemorySize' exceeds the maximum value",
        ),
        (
            "aws-sdk:s3:getObject",
            r#"{"StorageClass": "Papyrus"}"#,
            "STRICT",
            "Field 'StorageClass' is not an expected value",
        ),
        (
            "aws-sdk:s3:getObject",
            r#"{"ContentLength": "9"}"#,
            "STRICT",
            "Field 'ContentLength' must be a number",
        ),
        (
            "aws-sdk:s3:getObject",
            r#"{"DeleteMarker": 1}"#,
            "STRICT",
            "Field 'DeleteMarker' must be a boolean",
        ),
        ("dynamodb:getItem", r#"{"Item": {"k": {"S": 1}}}"#, "STRICT", "Field 'S' must be a string"),
        ("dynamodb:getItem", r#"{"Item": {"k": {"M": {"n": {"N": "1"}}}}}"#, "STRICT", ""),
    ];
    let bench = Bench::new();
    for (resource, result, mode, fault) in cases {
        let parameters = match resource {
            "lambda:invoke" => json!({"FunctionName": "f"}),
            _ if resource.starts_with("states:") => json!({"StateMachineArn": "m"}),
            _ => json!({}),
        };
        let state = with(
            start.clone(),
            json!({"Resource": format!("arn:aws:states:::{resource}"), "Parameters": parameters}),
        );
        let more = json!({"mock": {"result": result, "fieldValidationMode": mode}});
        let answer = test(&bench, &state, &more).await;
        let expected = match fault {
            "" => Ok(succeeded(result, json!({}))),
            fault => Err((
                "ValidationException".to_owned(),
                format!("Mock result schema validation error: {fault}"),
            )),
        };
        assert_eq!(answer, expected, "{resource} {result} {mode}");
    }
    bench.stop().await;
}
