use super::*;

const MISSING: &str = "Request references a resource that does not exist.";

/// A bench with the state machine `m`, of which the versions 1 to 3 are published.
async fn bench() -> (Bench, String) {
    let bench = Bench::new();
    let mut input = new_machine("m", wait());
    input["publish"] = json!(true);
    input["versionDescription"] = json!("first");
    let machine = text(&bench.ok("CreateStateMachine", input).await["stateMachineArn"]);
    for comment in ["2", "3"] {
        let mut definition = wait();
        definition["Comment"] = json!(comment);
        let update =
            json!({"stateMachineArn": machine, "definition": definition.to_string(), "publish": true});
        bench.ok("UpdateStateMachine", update).await;
    }
    (bench, machine)
}

fn routes(machine: &str, routes: &[(&str, i32)]) -> Value {
    let route = |(version, weight): &(&str, i32)| json!({"stateMachineVersionArn": format!("{machine}{version}"), "weight": weight});
    routes.iter().map(route).collect()
}

fn create(name: &str, routing: Value) -> Value {
    json!({"name": name, "routingConfiguration": routing})
}

fn created(machine: &str, name: &str) -> Answer {
    Ok(json!({"creationDate": NOW, "stateMachineAliasArn": format!("{machine}:{name}")}))
}

async fn names(bench: &Bench, arn: &str) -> Vec<String> {
    let answer = bench.ok("ListStateMachineAliases", json!({"stateMachineArn": arn})).await;
    let items = answer["stateMachineAliases"].as_array().unwrap().clone();
    let name = |item: &Value| text(&item["stateMachineAliasArn"]).rsplit(':').next().unwrap().to_owned();
    items.iter().map(name).collect()
}

#[tokio::test]
async fn a_life() {
    let (bench, machine) = bench().await;
    let alias = format!("{machine}:PROD");
    let mut new = create("PROD", routes(&machine, &[(":1", 100)]));
    new["description"] = json!("d");
    let named = json!({"stateMachineAliasArn": alias});
    bench
        .check(vec![
            ("CreateStateMachineAlias", new.clone(), created(&machine, "PROD")),
            (
                "DescribeStateMachineAlias",
                named.clone(),
                Ok(json!({
                    "stateMachineAliasArn": alias, "name": "PROD", "description": "d",
                    "routingConfiguration": routes(&machine, &[(":1", 100)]),
                    "creationDate": NOW, "updateDate": NOW,
                })),
            ),
        ])
        .await;
    bench.advance(1000);
    let later = json!({"updateDate": NOW + 1});
    let both = routes(&machine, &[(":2", 30), (":1", 70)]);
    bench
        .check(vec![
            ("CreateStateMachineAlias", new, created(&machine, "PROD")),
            (
                "UpdateStateMachineAlias",
                json!({"stateMachineAliasArn": alias, "routingConfiguration": both}),
                Ok(later.clone()),
            ),
            (
                "UpdateStateMachineAlias",
                json!({"stateMachineAliasArn": alias, "description": "e"}),
                Ok(later),
            ),
            (
                "DescribeStateMachineAlias",
                named.clone(),
                Ok(json!({
                    "stateMachineAliasArn": alias, "name": "PROD", "description": "e",
                    "routingConfiguration": both,
                    "creationDate": NOW, "updateDate": NOW + 1,
                })),
            ),
        ])
        .await;
    let described = bench.ok("DescribeStateMachine", json!({"stateMachineArn": alias})).await;
    assert_eq!(described["stateMachineArn"], json!(alias));
    assert_eq!(
        (&described["description"], &described["definition"]),
        (&json!("first"), &json!(wait().to_string()))
    );
    let gone = error("ResourceNotFound", MISSING);
    bench
        .check(vec![
            ("DeleteStateMachineAlias", named.clone(), Ok(json!({}))),
            ("DeleteStateMachineAlias", named.clone(), Ok(json!({}))),
            ("DescribeStateMachineAlias", named, gone.clone()),
            ("UpdateStateMachineAlias", json!({"stateMachineAliasArn": alias, "description": "e"}), gone),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn a_name_is_given_once() {
    let (bench, machine) = bench().await;
    let taken = || {
        error(
            "ConflictException",
            "Failed to create alias because an alias with the same name and a different routing configuration already exists.",
        )
    };
    let mut described = create("a", routes(&machine, &[(":1", 100)]));
    described["description"] = json!("d");
    let case = |input: Value, answer| ("CreateStateMachineAlias", input, answer);
    bench
        .check(vec![
            case(create("a", routes(&machine, &[(":1", 100)])), created(&machine, "a")),
            case(create("a", routes(&machine, &[(":1", 100)])), created(&machine, "a")),
            case(described, taken()),
            case(create("a", routes(&machine, &[(":2", 100)])), taken()),
            case(create("a", routes(&machine, &[(":1", 50), (":2", 50)])), taken()),
            case(create("b", routes(&machine, &[(":1", 100)])), created(&machine, "b")),
        ])
        .await;
    assert_eq!(names(&bench, &machine).await, ["a", "b"]);
    bench.stop().await;
}

#[tokio::test]
async fn routing_configurations() {
    let (bench, machine) = bench().await;
    let other = text(&bench.ok("CreateStateMachine", with_publish("o")).await["stateMachineArn"]);
    let received = |what: &str, versions: &[&str]| {
        let arns: Vec<String> = versions.iter().map(|version| format!("{machine}{version}")).collect();
        invalid(&format!("Routing configuration must contain {what}. Received: [{}]", arns.join(", ")))
    };
    let sum = |weights: &str| {
        invalid(&format!("Sum of routing configuration weights must equal 100. Received: {weights}"))
    };
    let versions = "state machine version ARNs";
    let missing = || error("ResourceNotFound", MISSING);
    let mut mixed = routes(&machine, &[(":1", 50)]);
    mixed.as_array_mut().unwrap().extend(routes(&other, &[(":1", 50)]).as_array().unwrap().clone());
    let mixed_message = format!(
        "Routing configuration must contain versions of one state machine. Received: [{machine}:1, {other}:1]"
    );
    let cases = [
        (
            routes(&machine, &[(":1", 50), (":1", 50)]),
            received("distinct state machine version ARNs", &[":1", ":1"]),
        ),
        (routes(&machine, &[(":1", 70), (":2", 29)]), sum("[70, 29]")),
        (routes(&machine, &[(":1", 70), (":2", 31)]), sum("[70, 31]")),
        (routes(&machine, &[(":1", 99)]), sum("[99]")),
        (routes(&machine, &[("", 100)]), received(versions, &[""])),
        (routes(&machine, &[("", 70), (":2", 30)]), received(versions, &["", ":2"])),
        (routes(&machine, &[(":PROD", 100)]), received(versions, &[":PROD"])),
        (routes(&machine, &[(":4", 100)]), missing()),
        (routes(&machine, &[(":1", 100), (":4", 0)]), missing()),
        (routes(&machine.replace("us-east-1", "us-east-2"), &[(":1", 100)]), missing()),
        (routes(&format!("{machine}x"), &[(":1", 100)]), missing()),
        (routes("x", &[("", 100)]), error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'")),
        (mixed, invalid(&mixed_message)),
    ];
    bench.ok("CreateStateMachineAlias", create("old", routes(&machine, &[(":1", 100)]))).await;
    for (routing, expected) in cases {
        let made = bench.answer("CreateStateMachineAlias", create("a", routing.clone())).await;
        assert_eq!(made, expected, "{routing}");
        if routing.to_string().contains("us-east-2") || routing.to_string().contains("mx:1") {
            continue;
        }
        let update =
            json!({"stateMachineAliasArn": format!("{machine}:old"), "routingConfiguration": routing});
        assert_eq!(bench.answer("UpdateStateMachineAlias", update).await, expected, "update: {routing}");
    }
    let foreign = json!({
        "stateMachineAliasArn": format!("{machine}:old"), "routingConfiguration": routes(&other, &[(":1", 100)]),
    });
    let fault = bench.call("UpdateStateMachineAlias", foreign).await.unwrap_err();
    assert_eq!(fault.name(), "ValidationException");
    assert_eq!(fault.members.get("reason"), Some(&json!("INVALID_ROUTING_CONFIGURATION")));
    let nothing = json!({"stateMachineAliasArn": format!("{machine}:old")});
    let fault = bench.call("UpdateStateMachineAlias", nothing).await.unwrap_err();
    assert_eq!(fault.members.get("reason"), Some(&json!("MISSING_REQUIRED_PARAMETER")));
    bench.stop().await;
}

fn with_publish(name: &str) -> Value {
    let mut input = new_machine(name, pass());
    input["publish"] = json!(true);
    input
}

#[tokio::test]
async fn names_of_aliases() {
    let (bench, machine) = bench().await;
    for name in ["123", "", "INVALID ALIAS", "!INVALID", "ALIAS@", "a:b", &"a".repeat(81)] {
        let answer =
            bench.answer("CreateStateMachineAlias", create(name, routes(&machine, &[(":1", 100)]))).await;
        assert_eq!(answer.unwrap_err().0, "ValidationException", "{name}");
    }
    for name in ["a", "1a", "_", "-", "0.1", &"a".repeat(80)] {
        let answer =
            bench.answer("CreateStateMachineAlias", create(name, routes(&machine, &[(":1", 100)]))).await;
        assert_eq!(answer, created(&machine, name));
    }
    bench.stop().await;
}

#[tokio::test]
async fn arns_that_are_no_alias() {
    let (bench, machine) = bench().await;
    let kind = |kind: &str| {
        error("InvalidArn", format!("Invalid Arn: 'Resource type not valid in this context: {kind}'"))
    };
    let missing = || error("ResourceNotFound", MISSING);
    let elsewhere = format!("{machine}:a").replace("us-east-1", "us-east-2");
    for (arn, expected, deleted) in [
        ("x", error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'"), None),
        (&machine, kind("stateMachine"), None),
        (&format!("{machine}:1"), kind("stateMachine"), None),
        (&format!("{machine}/l"), kind("stateMachine"), None),
        (&format!("{HERE}:activity:a"), kind("activity"), None),
        (&format!("{machine}:a"), missing(), Some(())),
        (&format!("{HERE}:stateMachine:x:a"), missing(), Some(())),
        (&elsewhere, missing(), Some(())),
    ] {
        let named = json!({"stateMachineAliasArn": arn, "description": "d"});
        for operation in ["DescribeStateMachineAlias", "UpdateStateMachineAlias"] {
            assert_eq!(bench.answer(operation, named.clone()).await, expected, "{operation} {arn}");
        }
        let expected = deleted.map_or(expected, |()| Ok(json!({})));
        assert_eq!(bench.answer("DeleteStateMachineAlias", named).await, expected, "{arn}");
    }
    for (arn, name) in [
        (format!("{HERE}:stateMachine:x"), "StateMachineDoesNotExist"),
        (format!("{machine}:9"), "StateMachineDoesNotExist"),
        (format!("{machine}:a"), "StateMachineDoesNotExist"),
        (format!("{machine}/l"), "ValidationException"),
        ("x".to_owned(), "InvalidArn"),
    ] {
        let answer = bench.answer("ListStateMachineAliases", json!({"stateMachineArn": arn})).await;
        assert_eq!(answer.unwrap_err().0, name, "{arn}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_version_in_use_stays() {
    let (bench, machine) = bench().await;
    for (name, routing) in [
        ("b", routes(&machine, &[(":2", 100)])),
        ("a", routes(&machine, &[(":1", 0), (":2", 100)])),
        ("c", routes(&machine, &[(":3", 100)])),
    ] {
        bench.ok("CreateStateMachineAlias", create(name, routing)).await;
    }
    for (qualifier, expected) in
        [("", &["a", "b", "c"][..]), (":1", &["a"]), (":2", &["a", "b"]), (":3", &["c"])]
    {
        assert_eq!(names(&bench, &format!("{machine}{qualifier}")).await, expected, "{qualifier}");
    }
    let delete = |number: u32| json!({"stateMachineVersionArn": format!("{machine}:{number}")});
    let used = |names: &str| {
        let message = "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version";
        error("ConflictException", format!("{message}: [{names}]"))
    };
    bench
        .check(vec![
            ("DeleteStateMachineVersion", delete(1), used("a")),
            ("DeleteStateMachineVersion", delete(2), used("a, b")),
            (
                "UpdateStateMachineAlias",
                json!({"stateMachineAliasArn": format!("{machine}:c"), "routingConfiguration": routes(&machine, &[(":2", 100)])}),
                Ok(json!({"updateDate": NOW})),
            ),
            ("DeleteStateMachineVersion", delete(3), Ok(json!({}))),
            ("DeleteStateMachineVersion", delete(2), used("a, b, c")),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn starts_are_shared_out_by_weight() {
    let picks = async || {
        let (bench, machine) = bench().await;
        let alias = format!("{machine}:a");
        bench.ok("CreateStateMachineAlias", create("a", routes(&machine, &[(":1", 20), (":3", 80)]))).await;
        let mut picked = Vec::new();
        for number in 0..100 {
            let execution = bench.start(&alias, &number.to_string(), "{}").await;
            let described = bench.ok("DescribeExecution", json!({"executionArn": execution})).await;
            assert_eq!(described["stateMachineArn"], json!(machine));
            assert_eq!(described["stateMachineAliasArn"], json!(alias));
            picked.push(text(&described["stateMachineVersionArn"]).replace(&machine, ""));
        }
        for (qualifier, count) in
            [(":a", 100), ("", 100), (":1", of(&picked, ":1")), (":2", 0), (":3", of(&picked, ":3"))]
        {
            let list = json!({"stateMachineArn": format!("{machine}{qualifier}"), "maxResults": 1000});
            let answer = bench.ok("ListExecutions", list).await;
            let items = answer["executions"].as_array().unwrap();
            assert_eq!(items.len(), count, "{qualifier}");
            assert!(items.iter().all(|item| item["stateMachineAliasArn"] == json!(alias)));
        }
        // The same start again is the same execution, whatever version the draw says.
        for _ in 0..20 {
            assert_eq!(bench.start(&alias, "0", "{}").await, format!("{HERE}:execution:m:0"));
        }
        bench.stop().await;
        picked
    };
    let picked = picks().await;
    assert!((5..40).contains(&of(&picked, ":1")), "{picked:?}");
    assert_eq!(of(&picked, ":1") + of(&picked, ":3"), 100);
    assert_eq!(picked, picks().await, "the seed decides");
}

fn of(picked: &[String], version: &str) -> usize {
    picked.iter().filter(|picked| *picked == version).count()
}

#[tokio::test]
async fn a_state_machine_takes_versions_and_aliases_along() {
    let (bench, machine) = bench().await;
    let new = create("a", routes(&machine, &[(":1", 100)]));
    bench.ok("CreateStateMachineAlias", new.clone()).await;
    let execution = bench.start(&format!("{machine}:a"), "e", "{}").await;
    bench.ok("StopExecution", json!({"executionArn": execution})).await;
    bench.ok("DeleteStateMachine", json!({"stateMachineArn": machine})).await;
    let missing =
        |arn: String| error("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"));
    let check = async |exists: bool| {
        for qualifier in [":1", ":2", ":3", ":a"] {
            let arn = format!("{machine}{qualifier}");
            let answer = bench.answer("DescribeStateMachine", json!({"stateMachineArn": arn})).await;
            assert_eq!(answer, missing(arn));
        }
        let aliases = bench.answer("ListStateMachineAliases", json!({"stateMachineArn": machine})).await;
        let expected = if exists { Ok(json!({"stateMachineAliases": []})) } else { missing(machine.clone()) };
        assert_eq!(aliases, expected);
        let versions = bench.answer("ListStateMachineVersions", json!({"stateMachineArn": machine})).await;
        assert_eq!(versions, Ok(json!({"stateMachineVersions": []})));
        let refused = error("ResourceNotFound", MISSING);
        assert_eq!(bench.answer("CreateStateMachineAlias", new.clone()).await, refused);
    };
    check(false).await;
    bench.machine("m", wait()).await;
    check(true).await;
    let again = bench.ok("PublishStateMachineVersion", json!({"stateMachineArn": machine})).await;
    assert_eq!(
        again["stateMachineVersionArn"],
        json!(format!("{machine}:1")),
        "another machine, another count"
    );
    bench.ok("CreateStateMachineAlias", new).await;
    for qualifier in ["", ":1", ":a"] {
        let list = json!({"stateMachineArn": format!("{machine}{qualifier}")});
        assert_eq!(bench.ok("ListExecutions", list).await, json!({"executions": []}), "{qualifier}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn pages_and_the_limit() {
    let (bench, machine) = bench().await;
    for number in 0..100 {
        let routing = routes(&machine, &[(if number % 2 == 0 { ":1" } else { ":2" }, 100)]);
        bench.ok("CreateStateMachineAlias", create(&format!("a{number:02}"), routing)).await;
    }
    let message = format!("A state machine can have at most 100 aliases: '{machine}'");
    let input = create("b", routes(&machine, &[(":1", 100)]));
    let refused = error("ServiceQuotaExceededException", message);
    assert_eq!(bench.answer("CreateStateMachineAlias", input).await, refused);
    let name = |number: usize| json!(format!("{machine}:a{number:02}"));
    for (qualifier, step, sizes) in [("", 1, &[40, 40, 20][..]), (":1", 2, &[40, 10])] {
        let input = json!({"stateMachineArn": format!("{machine}{qualifier}"), "maxResults": 40});
        let found = check_pages(&bench, "ListStateMachineAliases", input, "stateMachineAliases", sizes).await;
        let arns = found.iter().map(|item| item["stateMachineAliasArn"].clone());
        assert!(arns.eq((0..100).step_by(step).map(name)), "{qualifier}");
    }
    let input = json!({"stateMachineArn": machine, "maxResults": 40});
    let others = [("stateMachineArn", json!(format!("{machine}:1")))];
    check_token_is_bound(&bench, "ListStateMachineAliases", input, &others).await;
    bench.stop().await;
}
