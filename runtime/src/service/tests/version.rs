use super::*;

const NO_PUBLISH: &str = "Version description can only be set when publish is true";

fn arn(name: &str) -> String {
    format!("{HERE}:stateMachine:{name}")
}

/// A definition that differs from the others by its number.
fn numbered(number: u32) -> String {
    json!({"Comment": number.to_string(), "StartAt": "S", "States": {"S": {"Type": "Pass", "End": true}}})
        .to_string()
}

fn published(arn: &str, number: u32) -> Answer {
    Ok(json!({"creationDate": NOW, "stateMachineVersionArn": format!("{arn}:{number}")}))
}

fn versions(arn: &str, numbers: &[u32]) -> (&'static str, Value, Answer) {
    let items = numbers
        .iter()
        .map(|number| json!({"creationDate": NOW, "stateMachineVersionArn": format!("{arn}:{number}")}));
    let listed = json!({"stateMachineVersions": items.collect::<Vec<_>>()});
    ("ListStateMachineVersions", json!({"stateMachineArn": arn}), Ok(listed))
}

fn conflict(message: impl Into<String>) -> Answer {
    error("ConflictException", message)
}

#[tokio::test]
async fn a_revision_is_published_once() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let publish = |more: Value| {
        let mut input = json!({"stateMachineArn": machine});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("PublishStateMachineVersion", input)
    };
    let case = |more: Value, answer: Answer| {
        let (operation, input) = publish(more);
        (operation, input, answer)
    };
    let not_current = |given: &str, current: &str| {
        conflict(format!(
            "Failed to publish the State Machine version for revision {given}. The current State Machine revision is {current}."
        ))
    };
    bench
        .check(vec![
            versions(&machine, &[]),
            case(json!({"revisionId": "x"}), not_current("x", "INITIAL")),
            case(json!({"revisionId": "INITIAL"}), published(&machine, 1)),
            case(json!({}), published(&machine, 1)),
            case(json!({"description": "another"}), published(&machine, 1)),
            versions(&machine, &[1]),
        ])
        .await;
    let update = json!({"stateMachineArn": machine, "definition": numbered(1)});
    let revision = text(&bench.ok("UpdateStateMachine", update).await["revisionId"]);
    bench
        .check(vec![
            case(json!({"revisionId": "INITIAL"}), not_current("INITIAL", &revision)),
            case(json!({"revisionId": revision, "description": "second"}), published(&machine, 2)),
            versions(&machine, &[2, 1]),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn numbers_are_never_given_twice() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let publish = || ("PublishStateMachineVersion", json!({"stateMachineArn": machine}));
    let delete = |number: u32| {
        let input = json!({"stateMachineVersionArn": format!("{machine}:{number}")});
        ("DeleteStateMachineVersion", input, Ok(json!({})))
    };
    let published = |number| (publish().0, publish().1, published(&machine, number));
    bench
        .check(vec![
            delete(1),
            published(1),
            delete(1),
            delete(1),
            versions(&machine, &[]),
            published(2),
            published(2),
            versions(&machine, &[2]),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn creation_publishes_the_first_version() {
    let bench = Bench::new();
    let created = |version: bool, name: &str| {
        let mut answer = json!({"creationDate": NOW, "stateMachineArn": arn(name)});
        if version {
            answer["stateMachineVersionArn"] = json!(format!("{}:1", arn(name)));
        }
        Ok(answer)
    };
    let taken = |name: &str, more: &str| {
        error("StateMachineAlreadyExists", format!("State Machine Already Exists: '{}'{more}", arn(name)))
    };
    let create = |name: &str, more: Value, answer: Answer| {
        let mut input = new_machine(name, pass());
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("CreateStateMachine", input, answer)
    };
    let description = " was already created using a different description.";
    bench
        .check(vec![
            create("a", json!({"versionDescription": "d"}), invalid(NO_PUBLISH)),
            create("a", json!({"versionDescription": "d", "publish": false}), invalid(NO_PUBLISH)),
            create("a", json!({"versionDescription": "d", "publish": true}), created(true, "a")),
            create("a", json!({"versionDescription": "d", "publish": true}), created(true, "a")),
            create("a", json!({"versionDescription": "e", "publish": true}), taken("a", description)),
            create("a", json!({"publish": true}), taken("a", description)),
            create("a", json!({}), taken("a", " was already created with a published version.")),
            versions(&arn("a"), &[1]),
            create("b", json!({}), created(false, "b")),
            create("b", json!({"publish": false}), created(false, "b")),
            create(
                "b",
                json!({"publish": true}),
                taken("b", " was already created without a published version."),
            ),
            versions(&arn("b"), &[]),
            create("c", json!({"type": "EXPRESS", "publish": true}), created(true, "c")),
            (
                "DeleteStateMachineVersion",
                json!({"stateMachineVersionArn": format!("{}:1", arn("c"))}),
                Ok(json!({})),
            ),
            create("c", json!({"type": "EXPRESS", "publish": true}), created(true, "c")),
            versions(&arn("c"), &[]),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn updates_publish() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let steps = [
        (json!({"definition": numbered(1), "publish": true}), Some(1)),
        (json!({"definition": numbered(1), "publish": true}), Some(1)),
        (json!({"definition": numbered(2)}), None),
        (json!({"definition": numbered(2), "publish": true, "versionDescription": "d"}), Some(2)),
        (json!({"definition": numbered(2), "publish": true, "versionDescription": "d"}), Some(2)),
        (json!({"definition": numbered(2), "publish": true}), Some(2)),
        (json!({"definition": numbered(2), "publish": true, "versionDescription": "e"}), Some(3)),
        (json!({"definition": numbered(1), "publish": true}), Some(4)),
    ];
    for (mut update, version) in steps {
        update["stateMachineArn"] = json!(machine);
        let answer = bench.ok("UpdateStateMachine", update.clone()).await;
        let version = version.map(|number: u32| json!(format!("{machine}:{number}")));
        assert_eq!(answer.get("stateMachineVersionArn"), version.as_ref(), "{update}");
        assert!(answer["revisionId"].is_string(), "{update}");
    }
    let version = format!("{machine}:1");
    let missing = error("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{version}'"));
    bench
        .check(vec![
            versions(&machine, &[4, 3, 2, 1]),
            ("UpdateStateMachine", json!({"stateMachineArn": version, "roleArn": ROLE}), missing),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn descriptions_of_versions() {
    let bench = Bench::new();
    let mut input = new_machine("m", pass());
    input["publish"] = json!(true);
    input["versionDescription"] = json!("first");
    let machine = text(&bench.ok("CreateStateMachine", input).await["stateMachineArn"]);
    bench.advance(1000);
    let update = json!({"stateMachineArn": machine, "definition": numbered(1), "publish": true});
    let revision = bench.ok("UpdateStateMachine", update).await["revisionId"].clone();
    let show = |value: Value| {
        let part = |name: &str| value.get(name).cloned().unwrap_or_default();
        ["stateMachineArn", "name", "definition", "description", "revisionId", "creationDate"].map(part)
    };
    let (first, second) = (format!("{machine}:1"), format!("{machine}:2"));
    let (old, new) = (pass().to_string(), numbered(1));
    let (now, later) = (NOW, NOW + 1);
    let cases = [
        (&machine, &machine, &new, Value::Null, revision.clone(), now),
        (&first, &first, &old, json!("first"), Value::Null, now),
        (&second, &second, &new, Value::Null, revision, later),
    ];
    for (asked, arn, definition, description, revision, created) in cases {
        let shown = show(bench.ok("DescribeStateMachine", json!({"stateMachineArn": asked})).await);
        assert_eq!(
            shown,
            [json!(arn), json!("m"), json!(definition), description, revision, json!(created)],
            "{asked}"
        );
    }
    bench.stop().await;
}

#[tokio::test]
async fn executions_of_versions() {
    let bench = Bench::new();
    let mut input = new_machine("m", wait());
    input["publish"] = json!(true);
    let machine = text(&bench.ok("CreateStateMachine", input).await["stateMachineArn"]);
    let version = format!("{machine}:1");
    let update = json!({"stateMachineArn": machine, "definition": numbered(1)});
    bench.ok("UpdateStateMachine", update).await;
    let of_version = bench.start(&version, "v", "{}").await;
    bench.advance(1);
    bench.start(&machine, "w", "{}").await;
    assert_eq!(of_version, format!("{HERE}:execution:m:v"));

    let described = bench.ok("DescribeExecution", json!({"executionArn": of_version})).await;
    assert_eq!(described["stateMachineArn"], json!(machine));
    assert_eq!(described["stateMachineVersionArn"], json!(version));
    assert_eq!(described.get("stateMachineAliasArn"), None);
    let run = bench.ok("DescribeStateMachineForExecution", json!({"executionArn": of_version})).await;
    assert_eq!((&run["definition"], run.get("revisionId")), (&json!(wait().to_string()), None));

    let listed = |answer: Value| -> Vec<(Value, Value, Value)> {
        let items = answer["executions"].as_array().unwrap().clone();
        let part = |item: &Value, name: &str| item.get(name).cloned().unwrap_or_default();
        items
            .iter()
            .map(|item| (part(item, "name"), part(item, "status"), part(item, "stateMachineVersionArn")))
            .collect()
    };
    let list = |arn: &str| json!({"stateMachineArn": arn});
    let running = (json!("v"), json!("RUNNING"), json!(version));
    let plain = (json!("w"), json!("SUCCEEDED"), Value::Null);
    assert_eq!(listed(bench.ok("ListExecutions", list(&version)).await), std::slice::from_ref(&running));
    assert_eq!(listed(bench.ok("ListExecutions", list(&machine)).await), [plain.clone(), running]);

    bench.advance(1);
    bench.ok("StopExecution", json!({"executionArn": of_version})).await;
    let stopped = (json!("v"), json!("ABORTED"), json!(version));
    assert_eq!(listed(bench.ok("ListExecutions", list(&version)).await), std::slice::from_ref(&stopped));
    assert_eq!(listed(bench.ok("ListExecutions", list(&machine)).await), [stopped, plain]);

    bench.ok("DeleteStateMachineVersion", json!({"stateMachineVersionArn": version})).await;
    let missing = error("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{version}'"));
    for operation in ["StartExecution", "DescribeStateMachine", "ListExecutions"] {
        assert_eq!(bench.answer(operation, list(&version)).await, missing, "{operation}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn refusals() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    bench.ok("PublishStateMachineVersion", json!({"stateMachineArn": machine})).await;
    let missing =
        |arn: &str| error("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"));
    let no_arn = || error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'");
    let kind = |kind: &str| {
        error("InvalidArn", format!("Invalid Arn: 'Resource type not valid in this context: {kind}'"))
    };
    let labelled = || invalid("This operation does not take the ARN of a labelled Map state");
    let publish = |arn: &str, answer| ("PublishStateMachineVersion", json!({"stateMachineArn": arn}), answer);
    let list = |arn: &str, answer| ("ListStateMachineVersions", json!({"stateMachineArn": arn}), answer);
    let delete =
        |arn: &str, answer| ("DeleteStateMachineVersion", json!({"stateMachineVersionArn": arn}), answer);
    let none = || Ok(json!({"stateMachineVersions": []}));
    let version = format!("{machine}:1");
    let elsewhere = version.replace("us-east-1", "us-east-2");
    bench
        .check(vec![
            publish("x", no_arn()),
            publish(&arn("x"), missing(&arn("x"))),
            publish(&version, missing(&version)),
            publish(&format!("{machine}/l"), labelled()),
            publish(&format!("{HERE}:activity:a"), kind("activity")),
            list("x", no_arn()),
            list(&arn("x"), none()),
            list(&version, none()),
            list(&format!("{machine}/l"), labelled()),
            delete("x", no_arn()),
            delete(&machine, kind("stateMachine")),
            delete(&format!("{machine}:PROD"), kind("stateMachine")),
            delete(&format!("{machine}:01"), kind("stateMachine")),
            delete(&format!("{machine}:2"), Ok(json!({}))),
            delete(&format!("{}:1", arn("x")), Ok(json!({}))),
            delete(&elsewhere, Ok(json!({}))),
            versions(&machine, &[1]),
        ])
        .await;
    for operation in ["TagResource", "UntagResource", "ListTagsForResource"] {
        let input = json!({"resourceArn": version, "tags": [{"key": "k", "value": "v"}], "tagKeys": ["k"]});
        let refused = error("ResourceNotFound", format!("Resource not found: '{version}'"));
        assert_eq!(bench.answer(operation, input).await, refused, "{operation}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn pages_of_versions() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    for number in 1..=11 {
        let update = json!({"stateMachineArn": machine, "definition": numbered(number), "publish": true});
        bench.ok("UpdateStateMachine", update).await;
    }
    let input = json!({"stateMachineArn": machine, "maxResults": 4});
    let found =
        check_pages(&bench, "ListStateMachineVersions", input.clone(), "stateMachineVersions", &[4, 4, 3])
            .await;
    let expected = (1..=11).rev().map(|number| json!(format!("{machine}:{number}")));
    let found = found.iter().map(|item| item["stateMachineVersionArn"].clone());
    assert!(found.eq(expected));
    let others = [("stateMachineArn", json!(bench.machine("n", pass()).await))];
    check_token_is_bound(&bench, "ListStateMachineVersions", input, &others).await;
    bench.stop().await;
}

#[tokio::test]
async fn at_most_a_thousand() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    for number in 1..=1000 {
        let update = json!({"stateMachineArn": machine, "definition": numbered(number), "publish": true});
        bench.ok("UpdateStateMachine", update).await;
    }
    let message = format!("A state machine can have at most 1000 versions: '{machine}'");
    let too_many = error("ServiceQuotaExceededException", message);
    let publish = ("PublishStateMachineVersion", json!({"stateMachineArn": machine}));
    let update = json!({"stateMachineArn": machine, "definition": numbered(1001), "publish": true});
    let described = json!({"stateMachineArn": machine, "definition": numbered(1000), "publish": true, "versionDescription": "d"});
    bench
        .check(vec![
            (publish.0, publish.1.clone(), published(&machine, 1000)),
            ("UpdateStateMachine", update.clone(), too_many.clone()),
            ("UpdateStateMachine", described, too_many.clone()),
        ])
        .await;
    let unpublished = json!({"stateMachineArn": machine, "definition": numbered(1001)});
    bench.ok("UpdateStateMachine", unpublished).await;
    let first = json!({"stateMachineVersionArn": format!("{machine}:1")});
    bench
        .check(vec![
            (publish.0, publish.1.clone(), too_many),
            ("DeleteStateMachineVersion", first, Ok(json!({}))),
            (publish.0, publish.1, published(&machine, 1001)),
        ])
        .await;
    bench.stop().await;
}
