use super::*;

fn missing(arn: &str) -> Answer {
    error("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
}

fn timed(seconds: u32) -> Value {
    let mut definition = wait();
    definition["TimeoutSeconds"] = json!(seconds);
    definition
}

/// What DescribeExecution shows, besides what belongs to the status.
fn described(status: &str, more: Value) -> Value {
    let mut described = json!({
        "executionArn": format!("{HERE}:execution:m:e"), "stateMachineArn": format!("{HERE}:stateMachine:m"),
        "name": "e", "status": status, "startDate": NOW, "input": " {}", "inputDetails": {"included": true},
        "redriveCount": 0,
    });
    for (key, value) in more.as_object().unwrap() {
        described[key] = value.clone();
    }
    described
}

#[tokio::test]
async fn descriptions() {
    let fail = |more: Value| {
        let mut state = json!({"Type": "Fail"});
        for (key, value) in more.as_object().unwrap() {
            state[key] = value.clone();
        }
        one_state(state)
    };
    let not = |status: &str| {
        json!({
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": format!("Execution is {status} and cannot be redriven"),
        })
    };
    let closed = |more: Value| {
        let mut shown = json!({"redriveStatus": "REDRIVABLE", "stopDate": NOW});
        shown.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        shown
    };
    let mut succeeded = not("SUCCEEDED");
    succeeded["stopDate"] = json!(NOW);
    succeeded["output"] = json!(" {}");
    succeeded["outputDetails"] = json!({"included": true});
    let none = None::<Value>;
    let cases = [
        (wait(), none.clone(), described("RUNNING", not("RUNNING"))),
        (pass(), none.clone(), described("SUCCEEDED", succeeded)),
        (fail(json!({})), none.clone(), described("FAILED", closed(json!({})))),
        (fail(json!({"Error": "E"})), none.clone(), described("FAILED", closed(json!({"error": "E"})))),
        (
            fail(json!({"Error": "E", "Cause": "C"})),
            none,
            described("FAILED", closed(json!({"error": "E", "cause": "C"}))),
        ),
        (wait(), Some(json!({})), described("ABORTED", closed(json!({})))),
        (
            wait(),
            Some(json!({"error": "E", "cause": "C"})),
            described("ABORTED", closed(json!({"error": "E", "cause": "C"}))),
        ),
    ];
    for (definition, stop, expected) in cases {
        let bench = Bench::new();
        let machine = bench.machine("m", definition).await;
        let arn = bench.start(&machine, "e", " {}").await;
        if let Some(mut stop) = stop {
            stop["executionArn"] = json!(arn);
            assert_eq!(bench.ok("StopExecution", stop).await, json!({"stopDate": NOW}));
        }
        assert_eq!(bench.ok("DescribeExecution", json!({"executionArn": arn})).await, expected);
        bench.stop().await;
    }
}

#[tokio::test]
async fn metadata_alone() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let arn = bench.start(&machine, "e", "{}").await;
    let input = json!({"executionArn": arn, "includedData": "METADATA_ONLY"});
    let shown = bench.ok("DescribeExecution", input.clone()).await;
    assert_eq!((shown.get("input"), shown.get("output")), (None, None));
    assert_eq!(
        (&shown["inputDetails"], &shown["outputDetails"]),
        (&json!({"included": false}), &json!({"included": false}))
    );
    let machine = bench.ok("DescribeStateMachineForExecution", input).await;
    assert_eq!(machine["definition"], json!("{}"));
    bench.stop().await;
}

#[tokio::test]
async fn a_time_out_is_at_the_limit_exactly() {
    let bench = Bench::new();
    let machine = bench.machine("m", timed(10)).await;
    let arn = bench.start(&machine, "e", " {}").await;
    bench.advance(25_000);
    // Whatever comes after the limit finds the execution timed out.
    let stop = json!({"executionArn": arn, "error": "E"});
    assert_eq!(bench.ok("StopExecution", stop).await, json!({"stopDate": NOW + 10}));
    let shown = bench.ok("DescribeExecution", json!({"executionArn": arn})).await;
    let expected = json!({"stopDate": NOW + 10, "redriveStatus": "REDRIVABLE"});
    assert_eq!(shown, described("TIMED_OUT", expected));
    bench.advance(14 * 24 * 60 * 60 * 1000);
    let shown = bench.ok("DescribeExecution", json!({"executionArn": arn})).await;
    assert_eq!(shown["redriveStatusReason"], json!("Execution redrivable period exceeded"));
    bench.stop().await;
}

#[tokio::test]
async fn a_closed_execution_stays_as_it_is() {
    for definition in [pass(), wait()] {
        let bench = Bench::new();
        let machine = bench.machine("m", definition).await;
        let arn = bench.start(&machine, "e", "{}").await;
        let stop = json!({"executionArn": arn, "error": "first"});
        let first = bench.ok("StopExecution", stop).await;
        let before = bench.ok("DescribeExecution", json!({"executionArn": arn})).await;
        bench.advance(5000);
        let again = bench.ok("StopExecution", json!({"executionArn": arn, "error": "second"})).await;
        assert_eq!((first, again), (json!({"stopDate": NOW}), json!({"stopDate": NOW})));
        assert_eq!(bench.ok("DescribeExecution", json!({"executionArn": arn})).await, before);
        bench.stop().await;
    }
}

#[tokio::test]
async fn starts() {
    let bench = Bench::new();
    let machine = bench.machine("m", wait()).await;
    let unnamed = bench.ok("StartExecution", json!({"stateMachineArn": machine})).await;
    let arn = text(&unnamed["executionArn"]);
    let name = arn.strip_prefix(&format!("{HERE}:execution:m:")).unwrap();
    assert_eq!((name.len(), name.matches('-').count()), (36, 4), "{name}");
    assert_eq!(unnamed["startDate"], json!(NOW));
    let shown = bench.ok("DescribeExecution", json!({"executionArn": arn})).await;
    assert_eq!(shown["input"], json!("{}"));
    for input in ["2", "\"some text\"", "null", " [ 1 ] "] {
        let arn = bench.start(&machine, &format!("e{}", input.len()), input).await;
        let shown = bench.ok("DescribeExecution", json!({"executionArn": arn})).await;
        assert_eq!(shown["input"], json!(input));
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_start_is_idempotent_while_it_runs() {
    let bench = Bench::new();
    let machine = bench.machine("m", wait()).await;
    let other = bench.machine("n", wait()).await;
    let input = |input: &str| json!({"stateMachineArn": machine, "name": "e", "input": input});
    let taken = error("ExecutionAlreadyExists", format!("Execution Already Exists: '{HERE}:execution:m:e'"));
    let started = Ok(json!({"executionArn": format!("{HERE}:execution:m:e"), "startDate": NOW}));
    let without = json!({"stateMachineArn": machine, "name": "e"});
    bench.check(vec![("StartExecution", input("{}"), started.clone())]).await;
    bench.advance(1000);
    bench
        .check(vec![
            ("StartExecution", input("{}"), started.clone()),
            ("StartExecution", without, started),
            ("StartExecution", input("{ }"), taken.clone()),
            ("StartExecution", input("1"), taken.clone()),
            (
                "StartExecution",
                json!({"stateMachineArn": other, "name": "e"}),
                Ok(json!({"executionArn": format!("{HERE}:execution:n:e"), "startDate": NOW + 1})),
            ),
            (
                "StopExecution",
                json!({"executionArn": format!("{HERE}:execution:m:e")}),
                Ok(json!({"stopDate": NOW + 1})),
            ),
            ("StartExecution", input("{}"), taken),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn starts_are_refused() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let mut express = new_machine("x", pass());
    express["type"] = json!("EXPRESS");
    let express = text(&bench.ok("CreateStateMachine", express).await["stateMachineArn"]);
    let absent = format!("{HERE}:stateMachine:absent");
    let missing =
        |arn: &str| error("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"));
    let input =
        |why: &str| error("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{why}'"));
    let unrecognized = "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
    let cases = [
        (json!({"stateMachineArn": machine, "input": ""}), input("Invalid execution input.")),
        (json!({"stateMachineArn": machine, "input": "not some json"}), input(unrecognized)),
        (
            json!({"stateMachineArn": machine, "input": "{'not': 'json'"}),
            input("Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
        ),
        (json!({"stateMachineArn": machine, "name": "a b"}), error("InvalidName", "Invalid Name: 'a b'")),
        (json!({"stateMachineArn": absent, "name": "a b", "input": ""}), missing(&absent)),
        (json!({"stateMachineArn": format!("{machine}:1")}), missing(&format!("{machine}:1"))),
        (
            json!({"stateMachineArn": format!("{HERE}:execution:m:e")}),
            error("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: execution'"),
        ),
        (json!({"stateMachineArn": "x"}), error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'")),
        (json!({"stateMachineArn": express, "name": "a b"}), error("InvalidName", "Invalid Name: 'a b'")),
        (
            json!({"stateMachineArn": absent, "name": "n".repeat(81)}),
            invalid(&format!(
                "1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: \
                 Member must have length less than or equal to 80",
                "n".repeat(81)
            )),
        ),
        (
            json!({"stateMachineArn": machine, "input": format!("\"{}\"", "é".repeat(131_072))}),
            invalid(
                "1 validation error detected: Value at 'input' failed to satisfy constraint: \
                 Member must have size less than or equal to 262144 bytes in UTF-8 encoding",
            ),
        ),
    ];
    for (input, expected) in cases {
        assert_eq!(bench.answer("StartExecution", input.clone()).await, expected, "{input}");
    }
    bench
        .check(vec![("ListExecutions", json!({"stateMachineArn": machine}), Ok(json!({"executions": []})))])
        .await;
    bench.start(&machine, &"n".repeat(80), &format!("\"{}\"", "é".repeat(131_071))).await;
    bench.stop().await;
}

#[tokio::test]
async fn the_trace_header_of_the_request_wins() {
    let mut bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let member = json!({"stateMachineArn": machine, "name": "e1", "traceHeader": "member"});
    bench.ok("StartExecution", member).await;
    bench.context.headers.insert("X-Amzn-Trace-Id", "header".parse().unwrap());
    bench
        .ok("StartExecution", json!({"stateMachineArn": machine, "name": "e2", "traceHeader": "member"}))
        .await;
    bench.context.headers.insert("X-Amzn-Trace-Id", "h".repeat(257).parse().unwrap());
    bench.ok("StartExecution", json!({"stateMachineArn": machine, "name": "e3"})).await;
    for (name, header) in [("e1", Some("member")), ("e2", Some("header")), ("e3", None)] {
        let input = json!({"executionArn": format!("{HERE}:execution:m:{name}")});
        let shown = bench.ok("DescribeExecution", input).await;
        assert_eq!(shown.get("traceHeader"), header.map(|header| json!(header)).as_ref());
    }
    bench.stop().await;
}

#[tokio::test]
async fn arns_that_name_nothing() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let arn = bench.start(&machine, "e", "{}").await;
    let kind = |kind: &str| {
        error("InvalidArn", format!("Invalid Arn: 'Resource type not valid in this context: {kind}'"))
    };
    let prefix = |arn: &str| error("InvalidArn", format!("Invalid Arn: 'Invalid ARN prefix: {arn}'"));
    let west = arn.replace("east", "west");
    for operation in
        ["DescribeExecution", "DescribeStateMachineForExecution", "StopExecution", "GetExecutionHistory"]
    {
        let cases = [
            ("x".to_owned(), prefix("x")),
            (machine.clone(), kind("stateMachine")),
            (format!("{HERE}:express:m:e:r"), kind("express")),
            (format!("{arn}x"), missing(&format!("{arn}x"))),
            (format!("{HERE}:execution:m/l:e"), missing(&format!("{HERE}:execution:m/l:e"))),
            (west.clone(), missing(&west)),
        ];
        for (arn, expected) in cases {
            assert_eq!(
                bench.answer(operation, json!({"executionArn": arn})).await,
                expected,
                "{operation} {arn}"
            );
        }
        let other = bench.elsewhere("us-east-1", "111111111111");
        assert_eq!(other.answer(operation, json!({"executionArn": arn})).await, missing(&arn));
    }
    bench.stop().await;
}

#[tokio::test]
async fn lists_show_the_newest_first() {
    let bench = Bench::new();
    let machine = bench.machine("m", wait()).await;
    let mut arns = Vec::new();
    for name in ["a", "b", "c"] {
        arns.push(bench.start(&machine, name, "{}").await);
        bench.advance(1000);
    }
    bench.advance(10_000);
    bench.ok("StopExecution", json!({"executionArn": arns[0]})).await;
    let item = |name: &str, status: &str, start: i64| {
        json!({
            "executionArn": format!("{HERE}:execution:m:{name}"), "stateMachineArn": machine, "name": name,
            "status": status, "startDate": start, "redriveCount": 0,
        })
    };
    let mut a = item("a", "ABORTED", NOW);
    a["stopDate"] = json!(NOW + 13);
    let (b, c) = (item("b", "RUNNING", NOW + 1), item("c", "RUNNING", NOW + 2));
    let list = |filter: Option<&str>| {
        let mut input = json!({"stateMachineArn": machine});
        if let Some(filter) = filter {
            input["statusFilter"] = json!(filter);
        }
        input
    };
    let cases = [
        (None, vec![&a, &c, &b]),
        (Some("RUNNING"), vec![&c, &b]),
        (Some("ABORTED"), vec![&a]),
        (Some("SUCCEEDED"), vec![]),
        (Some("FAILED"), vec![]),
        (Some("TIMED_OUT"), vec![]),
    ];
    for (filter, executions) in cases {
        bench.check(vec![("ListExecutions", list(filter), Ok(json!({"executions": executions})))]).await;
    }
    let others =
        [("statusFilter", json!("RUNNING")), ("stateMachineArn", json!(bench.machine("n", wait()).await))];
    let mut one = list(None);
    one["maxResults"] = json!(1);
    let names = check_pages(&bench, "ListExecutions", one.clone(), "executions", &[1, 1, 1]).await;
    assert_eq!(names.iter().map(|item| text(&item["name"])).collect::<Vec<_>>(), ["a", "c", "b"]);
    check_token_is_bound(&bench, "ListExecutions", one, &others).await;
    bench.stop().await;
}

#[tokio::test]
async fn lists_are_paged() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let input = json!({"stateMachineArn": machine});
    check_pages(&bench, "ListExecutions", input.clone(), "executions", &[0]).await;
    let mut started = 0;
    for (count, sizes) in [(1, &[1][..]), (100, &[100]), (101, &[100, 1])] {
        while started < count {
            bench.start(&machine, &started.to_string(), "{}").await;
            bench.advance(1);
            started += 1;
        }
        let found = check_pages(&bench, "ListExecutions", input.clone(), "executions", sizes).await;
        let expected: Vec<String> = (0..count).rev().map(|n| n.to_string()).collect();
        assert_eq!(found.iter().map(|item| text(&item["name"])).collect::<Vec<_>>(), expected);
    }
    bench.stop().await;
}

#[tokio::test]
async fn executions_of_one_moment_are_all_listed() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    for name in 0..7 {
        bench.start(&machine, &name.to_string(), "{}").await;
    }
    let input = json!({"stateMachineArn": machine, "maxResults": 3});
    let found = check_pages(&bench, "ListExecutions", input, "executions", &[3, 3, 1]).await;
    let names: std::collections::BTreeSet<String> = found.iter().map(|item| text(&item["name"])).collect();
    assert_eq!(names.len(), 7);
    bench.stop().await;
}

#[tokio::test]
async fn lists_are_refused() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let mut express = new_machine("x", pass());
    express["type"] = json!("EXPRESS");
    let express = text(&bench.ok("CreateStateMachine", express).await["stateMachineArn"]);
    let run = format!("{HERE}:mapRun:m/l:r");
    let absent = format!("{HERE}:stateMachine:absent");
    let one_of = invalid("Exactly one of stateMachineArn and mapRunArn must be given");
    let cases = [
        (json!({}), one_of.clone()),
        (json!({"stateMachineArn": machine, "mapRunArn": run}), one_of),
        (json!({"mapRunArn": run}), error("ResourceNotFound", format!("Resource not found: '{run}'"))),
        (
            json!({"mapRunArn": machine}),
            error("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: stateMachine'"),
        ),
        (json!({"stateMachineArn": "x"}), error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'")),
        (
            json!({"stateMachineArn": machine, "redriveFilter": "REDRIVEN"}),
            invalid("redriveFilter can only be given with mapRunArn"),
        ),
        (
            json!({"stateMachineArn": machine, "statusFilter": "PENDING_REDRIVE"}),
            invalid("The status PENDING_REDRIVE can only be asked for with mapRunArn"),
        ),
        (
            json!({"stateMachineArn": absent}),
            error("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{absent}'")),
        ),
        (
            json!({"stateMachineArn": express}),
            error(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            ),
        ),
    ];
    for (input, expected) in cases {
        assert_eq!(bench.answer("ListExecutions", input.clone()).await, expected, "{input}");
    }
    bench.stop().await;
}
