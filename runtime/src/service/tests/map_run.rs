use super::*;

#[tokio::test]
async fn there_are_none() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let execution = bench.start(&machine, "e", "{}").await;
    let run = format!("{HERE}:mapRun:m/l:r");
    let missing = || error("ResourceNotFound", format!("Resource not found: '{run}'"));
    let no_arn = |text: &str| error("InvalidArn", format!("Invalid Arn: 'Invalid ARN prefix: {text}'"));
    let no_place = |kind: &str| {
        error("InvalidArn", format!("Invalid Arn: 'Resource type not valid in this context: {kind}'"))
    };
    let nothing = || {
        invalid("One of maxConcurrency, toleratedFailurePercentage and toleratedFailureCount must be given")
    };
    let gone = format!("{HERE}:execution:m:gone");
    let express = format!("{HERE}:express:m:e:u");
    bench
        .check(vec![
            ("DescribeMapRun", json!({"mapRunArn": "x"}), no_arn("x")),
            ("DescribeMapRun", json!({"mapRunArn": execution}), no_place("execution")),
            ("DescribeMapRun", json!({"mapRunArn": run}), missing()),
            ("ListMapRuns", json!({"executionArn": "x"}), no_arn("x")),
            ("ListMapRuns", json!({"executionArn": machine}), no_place("stateMachine")),
            ("ListMapRuns", json!({"executionArn": express}), no_place("express")),
            (
                "ListMapRuns",
                json!({"executionArn": gone, "nextToken": "x"}),
                error("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{gone}'")),
            ),
            (
                "ListMapRuns",
                json!({"executionArn": execution, "nextToken": "x"}),
                error("InvalidToken", "Invalid Token: 'Invalid token'"),
            ),
            ("ListMapRuns", json!({"executionArn": execution, "maxResults": 1}), Ok(json!({"mapRuns": []}))),
            ("UpdateMapRun", json!({"mapRunArn": "x"}), no_arn("x")),
            ("UpdateMapRun", json!({"mapRunArn": run}), nothing()),
            ("UpdateMapRun", json!({"mapRunArn": run, "maxConcurrency": 0}), missing()),
            ("UpdateMapRun", json!({"mapRunArn": run, "toleratedFailurePercentage": 100.0}), missing()),
            ("UpdateMapRun", json!({"mapRunArn": run, "toleratedFailureCount": 0}), missing()),
        ])
        .await;
    let elsewhere = bench.elsewhere("eu-west-1", "000000000000");
    let other = elsewhere.answer("ListMapRuns", json!({"executionArn": execution})).await;
    assert_eq!(other, error("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{execution}'")));
    bench.stop().await;
}

#[tokio::test]
async fn the_reason_is_said() {
    let bench = Bench::new();
    let fault =
        bench.call("UpdateMapRun", json!({"mapRunArn": format!("{HERE}:mapRun:m/l:r")})).await.unwrap_err();
    assert_eq!(fault.members.get("reason"), Some(&json!("MISSING_REQUIRED_PARAMETER")), "{fault:?}");
    bench.stop().await;
}
