use super::*;

fn arn(name: &str) -> String {
    format!("{HERE}:activity:{name}")
}

fn missing(arn: &str) -> Answer {
    error("ActivityDoesNotExist", format!("Activity Does Not Exist: '{arn}'"))
}

fn task(activity: &str) -> Value {
    one_state(json!({"Type": "Task", "Resource": activity, "End": true}))
}

/// A bench with an execution `e` whose task waits for a worker of the activity `a`.
async fn with_task() -> (Bench, String) {
    let bench = Bench::new();
    let activity = text(&bench.ok("CreateActivity", json!({"name": "a"})).await["activityArn"]);
    let machine = bench.machine("m", task(&activity)).await;
    let execution = bench.start(&machine, "e", "{\"n\":1}").await;
    (bench, execution)
}

async fn take(bench: &Bench) -> String {
    let taken = bench.ok("GetActivityTask", json!({"activityArn": arn("a"), "workerName": "w"})).await;
    text(&taken["taskToken"])
}

#[tokio::test]
async fn lives() {
    let bench = Bench::new();
    let named = json!({"activityArn": arn("a")});
    let made = json!({"activityArn": arn("a"), "creationDate": NOW});
    let item = json!({"activityArn": arn("a"), "name": "a", "creationDate": NOW});
    let mut described = item.clone();
    described["encryptionConfiguration"] = json!({"type": "AWS_OWNED_KEY"});
    bench
        .check(vec![
            ("ListActivities", json!({}), Ok(json!({"activities": []}))),
            ("DescribeActivity", named.clone(), missing(&arn("a"))),
            ("GetActivityTask", named.clone(), missing(&arn("a"))),
            ("DeleteActivity", named.clone(), Ok(json!({}))),
            ("CreateActivity", json!({"name": "a", "tags": [{"key": "k", "value": "v"}]}), Ok(made.clone())),
            ("DescribeActivity", named.clone(), Ok(described)),
            ("ListActivities", json!({}), Ok(json!({"activities": [item]}))),
            ("GetActivityTask", named.clone(), Ok(json!({}))),
            ("CreateActivity", json!({"name": "a"}), Ok(made.clone())),
            ("CreateActivity", json!({"name": "a", "tags": [{"key": "x"}]}), Ok(made)),
            (
                "CreateActivity",
                json!({"name": "a", "encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}}),
                error("ActivityAlreadyExists", format!("Activity Already Exists: '{}'", arn("a"))),
            ),
            (
                "ListTagsForResource",
                json!({"resourceArn": arn("a")}),
                Ok(json!({"tags": [{"key": "k", "value": "v"}]})),
            ),
            ("DeleteActivity", named.clone(), Ok(json!({}))),
            ("DescribeActivity", named.clone(), missing(&arn("a"))),
            ("GetActivityTask", named.clone(), missing(&arn("a"))),
            ("DeleteActivity", named, Ok(json!({}))),
            ("CreateActivity", json!({"name": "a"}), Ok(json!({"activityArn": arn("a"), "creationDate": NOW}))),
            ("ListTagsForResource", json!({"resourceArn": arn("a")}), Ok(json!({"tags": []}))),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn refusals() {
    let bench = Bench::new();
    for name in ["a b", "a<", "a\0", "a/b", "a:b"] {
        let expected = error("InvalidName", format!("Invalid Name: '{name}'"));
        assert_eq!(bench.answer("CreateActivity", json!({"name": name})).await, expected);
    }
    let tags: Vec<Value> = (0..51).map(|n| json!({"key": n.to_string()})).collect();
    let too_many = error("TooManyTags", format!("A resource can have at most 50 tags: '{}'", arn("a")));
    bench
        .check(vec![
            ("CreateActivity", json!({"name": "a", "tags": tags}), too_many),
            (
                "CreateActivity",
                json!({"name": "a", "encryptionConfiguration": {"type": "AWS_OWNED_KEY", "kmsKeyId": "k"}}),
                error(
                    "InvalidEncryptionConfiguration",
                    "Invalid Encryption Configuration: kmsKeyId must not be given for the type AWS_OWNED_KEY",
                ),
            ),
            (
                "CreateActivity",
                json!({"name": "n".repeat(80), "tags": tags[..50]}),
                Ok(json!({"activityArn": arn(&"n".repeat(80)), "creationDate": NOW})),
            ),
        ])
        .await;
    let prefix = error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'");
    let kind = error("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: stateMachine'");
    let other = arn("a").replace("east", "west");
    for operation in ["DescribeActivity", "DeleteActivity", "GetActivityTask"] {
        let elsewhere = if operation == "DeleteActivity" { Ok(json!({})) } else { missing(&other) };
        bench
            .check(vec![
                (operation, json!({"activityArn": "x"}), prefix.clone()),
                (operation, json!({"activityArn": format!("{HERE}:stateMachine:m")}), kind.clone()),
                (operation, json!({"activityArn": other}), elsewhere),
            ])
            .await;
    }
    bench.stop().await;
}

#[tokio::test]
async fn lists_are_paged_by_name() {
    let bench = Bench::new();
    check_pages(&bench, "ListActivities", json!({}), "activities", &[0]).await;
    let mut names = Vec::new();
    for count in [1usize, 100, 101] {
        while names.len() < count {
            let name = format!("a{}", names.len());
            bench.ok("CreateActivity", json!({"name": name})).await;
            names.push(name);
        }
        let sizes: &[usize] = if count > 100 { &[100, 1] } else { &[count] };
        let found = check_pages(&bench, "ListActivities", json!({}), "activities", sizes).await;
        names.sort();
        assert_eq!(found.iter().map(|item| text(&item["name"])).collect::<Vec<_>>(), names);
    }
    check_token_is_bound(&bench, "ListActivities", json!({"maxResults": 2}), &[]).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_worker_succeeds() {
    let (bench, execution) = with_task().await;
    let taken = bench.ok("GetActivityTask", json!({"activityArn": arn("a"), "workerName": "w"})).await;
    assert_eq!(taken["input"], json!("{\"n\":1}"));
    let token = text(&taken["taskToken"]);
    let late = error("TaskTimedOut", format!("Task Timed Out: '{}'", arn("a")));
    let done = json!({"taskToken": token, "output": " [1, 2.0]"});
    bench
        .check(vec![
            ("GetActivityTask", json!({"activityArn": arn("a")}), Ok(json!({}))),
            ("SendTaskHeartbeat", json!({"taskToken": token}), Ok(json!({}))),
            ("SendTaskSuccess", done.clone(), Ok(json!({}))),
            ("SendTaskSuccess", done, late.clone()),
            ("SendTaskFailure", json!({"taskToken": token}), late.clone()),
            ("SendTaskHeartbeat", json!({"taskToken": token}), late),
        ])
        .await;
    let described = bench.ok("DescribeExecution", json!({"executionArn": execution})).await;
    assert_eq!(described["status"], json!("SUCCEEDED"));
    bench.stop().await;
}

#[tokio::test]
async fn who_is_late_is_told_the_activity() {
    const TASKS: usize = 5;
    let bench = Bench::new();
    let activities: Vec<String> = (0..TASKS).map(|number| format!("a{number}")).collect();
    let mut states = serde_json::Map::new();
    for (number, name) in activities.iter().enumerate() {
        bench.ok("CreateActivity", json!({"name": name})).await;
        let next = match activities.get(number + 1) {
            Some(next) => json!({"Next": next}),
            None => json!({"End": true}),
        };
        let retry = json!([{"ErrorEquals": ["E"], "IntervalSeconds": 1}]);
        let mut state = json!({"Type": "Task", "Resource": arn(name), "TimeoutSeconds": 5, "Retry": retry});
        state.as_object_mut().unwrap().extend(next.as_object().unwrap().clone());
        states.insert(name.clone(), state);
    }
    let machine = bench.machine("m", json!({"StartAt": "a0", "States": states})).await;
    let execution = bench.start(&machine, "e", "{}").await;
    let mut tokens = Vec::new();
    let take = async |name: &str| {
        let taken = bench.ok("GetActivityTask", json!({"activityArn": arn(name)})).await;
        text(&taken["taskToken"])
    };
    for name in &activities {
        let failing = take(name).await;
        bench.ok("SendTaskFailure", json!({"taskToken": failing, "error": "E"})).await;
        bench.advance(1_000);
        // Whatever wakes the engine lets happen what is due.
        bench.ok("CreateActivity", json!({"name": "other"})).await;
        let token = take(name).await;
        bench.ok("SendTaskHeartbeat", json!({"taskToken": token})).await;
        bench.ok("SendTaskSuccess", json!({"taskToken": token, "output": "1"})).await;
        tokens.extend([(name, failing), (name, token)]);
    }
    let described = bench.ok("DescribeExecution", json!({"executionArn": execution})).await;
    assert_eq!(described["status"], json!("SUCCEEDED"));
    for (name, token) in tokens {
        let late = error("TaskTimedOut", format!("Task Timed Out: '{}'", arn(name)));
        bench.check(vec![("SendTaskHeartbeat", json!({"taskToken": token}), late)]).await;
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_worker_fails() {
    for (given, shown) in [
        (json!({}), json!({})),
        (json!({"error": "E"}), json!({"error": "E"})),
        (json!({"error": "E", "cause": "C"}), json!({"error": "E", "cause": "C"})),
    ] {
        let (bench, execution) = with_task().await;
        let mut failure = given;
        failure["taskToken"] = json!(take(&bench).await);
        bench.ok("SendTaskFailure", failure).await;
        let described = bench.ok("DescribeExecution", json!({"executionArn": execution})).await;
        assert_eq!(described["status"], json!("FAILED"));
        assert_eq!(
            (described.get("error"), described.get("cause")),
            (shown.get("error"), shown.get("cause"))
        );
        bench.stop().await;
    }
}

#[tokio::test]
async fn answers_are_refused() {
    let (bench, execution) = with_task().await;
    let token = take(&bench).await;
    let refused = error("InvalidToken", "Invalid Token: 'Invalid token'");
    let unrecognized = "Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token \
         'null', 'true' or 'false')";
    bench
        .check(vec![
            ("SendTaskSuccess", json!({"taskToken": "x", "output": "x"}), refused.clone()),
            ("SendTaskFailure", json!({"taskToken": "x"}), refused.clone()),
            ("SendTaskHeartbeat", json!({"taskToken": "x"}), refused.clone()),
            (
                "SendTaskSuccess",
                json!({"taskToken": token, "output": "x"}),
                error("InvalidOutput", format!("Invalid Output: '{unrecognized}'")),
            ),
            (
                "SendTaskSuccess",
                json!({"taskToken": "x"}),
                invalid("1 validation error detected: Value at 'output' failed to satisfy constraint: Member must not be null"),
            ),
        ])
        .await;
    let forged = format!("{}{}", &token[..token.len() - 1], if token.ends_with('A') { 'B' } else { 'A' });
    bench.check(vec![("SendTaskHeartbeat", json!({"taskToken": forged}), refused)]).await;
    bench.ok("StopExecution", json!({"executionArn": execution})).await;
    let late = error("TaskTimedOut", format!("Task Timed Out: '{}'", arn("a")));
    bench
        .check(vec![
            ("SendTaskSuccess", json!({"taskToken": token, "output": "1"}), late.clone()),
            ("SendTaskHeartbeat", json!({"taskToken": token}), late),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn outputs_have_a_limit() {
    let (bench, _) = with_task().await;
    let token = take(&bench).await;
    let output =
        |bytes: usize| json!({"taskToken": token, "output": format!("\"{}\"", "x".repeat(bytes - 2))});
    bench
        .check(vec![
            (
                "SendTaskSuccess",
                output(262_145),
                invalid(
                    "1 validation error detected: Value at 'output' failed to satisfy constraint: \
                     Member must have size less than or equal to 262144 bytes in UTF-8 encoding",
                ),
            ),
            ("SendTaskSuccess", output(262_144), Ok(json!({}))),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn a_worker_waits_for_a_task() {
    let bench = Bench::patient();
    let activity = text(&bench.ok("CreateActivity", json!({"name": "a"})).await["activityArn"]);
    let machine = bench.machine("m", task(&activity)).await;
    let poll = bench.ok("GetActivityTask", json!({"activityArn": activity}));
    let (taken, _) = tokio::join!(poll, bench.start(&machine, "e", "[1]"));
    assert_eq!(taken["input"], json!("[1]"));
    assert!(text(&taken["taskToken"]).starts_with("AAAA"));
    bench.stop().await;
}

#[tokio::test]
async fn at_most_a_thousand_workers_wait() {
    let bench = Bench::patient();
    bench.ok("CreateActivity", json!({"name": "a"})).await;
    let mut polls = tokio::task::JoinSet::new();
    for _ in 0..1001 {
        let worker = bench.elsewhere("us-east-1", "000000000000");
        polls.spawn(async move { worker.answer("GetActivityTask", json!({"activityArn": arn("a")})).await });
    }
    let refused = error(
        "ActivityWorkerLimitExceeded",
        "The maximum number of workers concurrently polling for activity tasks has been reached.",
    );
    assert_eq!(polls.join_next().await.unwrap().unwrap(), refused, "one too many");
    bench.service.engine().release();
    while let Some(answer) = polls.join_next().await {
        assert_eq!(answer.unwrap(), Ok(json!({})));
    }
    bench.stop().await;
}
