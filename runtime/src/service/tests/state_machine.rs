use super::*;

fn arn(name: &str) -> String {
    format!("{HERE}:stateMachine:{name}")
}

fn missing(arn: &str) -> Answer {
    error("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
}

#[tokio::test]
async fn lives() {
    let bench = Bench::new();
    let described = json!({
        "stateMachineArn": arn("m"), "name": "m", "status": "ACTIVE", "type": "STANDARD", "roleArn": ROLE,
        "definition": pass().to_string(), "creationDate": NOW,
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": false},
        "tracingConfiguration": {"enabled": false},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    });
    let named = json!({"stateMachineArn": arn("m")});
    let metadata = with(named.clone(), json!({"includedData": "METADATA_ONLY"}));
    let item = json!({"stateMachineArn": arn("m"), "name": "m", "type": "STANDARD", "creationDate": NOW});
    bench
        .check(vec![
            ("ListStateMachines", json!({}), Ok(json!({"stateMachines": []}))),
            ("DescribeStateMachine", named.clone(), missing(&arn("m"))),
            ("DeleteStateMachine", named.clone(), Ok(json!({}))),
            (
                "CreateStateMachine",
                new_machine("m", pass()),
                Ok(json!({"stateMachineArn": arn("m"), "creationDate": NOW})),
            ),
            ("DescribeStateMachine", named.clone(), Ok(described.clone())),
            ("DescribeStateMachine", metadata, Ok(with(described, json!({"definition": "{}"})))),
            ("ListStateMachines", json!({}), Ok(json!({"stateMachines": [item]}))),
            ("DeleteStateMachine", named.clone(), Ok(json!({}))),
            ("DescribeStateMachine", named.clone(), missing(&arn("m"))),
            ("ListStateMachines", json!({}), Ok(json!({"stateMachines": []}))),
            ("DeleteStateMachine", named, Ok(json!({}))),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn variables_that_states_read_are_shown() {
    let bench = Bench::new();
    let definition = json!({"StartAt": "S", "States": {
        "S": {"Type": "Pass", "Assign": {"list": [1], "name": "n", "most": 1}, "Next": "M"},
        "M": {"Type": "Map", "ItemsPath": "$list", "MaxConcurrencyPath": "$most", "End": true, "ItemProcessor": {
            "StartAt": "I", "States": {"I": {"Type": "Pass", "Parameters": {"name.$": "$name", "x": "$no"}, "End": true}}}},
    }});
    let machine = bench.machine("m", definition).await;
    let execution = bench.start(&machine, "e", "{}").await;
    let references = json!({"M": ["list", "most"], "I": ["name"]});
    let calls = [
        ("DescribeStateMachine", json!({"stateMachineArn": machine})),
        ("DescribeStateMachineForExecution", json!({"executionArn": execution})),
    ];
    for (operation, named) in calls {
        let described = bench.ok(operation, named.clone()).await;
        assert_eq!(described["variableReferences"], references, "{operation}");
        let metadata = with(named, json!({"includedData": "METADATA_ONLY"}));
        let described = bench.ok(operation, metadata).await;
        assert_eq!(described.get("variableReferences"), None, "{operation}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_definition_is_kept_verbatim() {
    let bench = Bench::new();
    let definition = " {\n \"StartAt\": \"é\", \"States\": {\"é\":{\"Type\":\"Succeed\"}}}\t";
    let made = json!({"name": "m", "definition": definition, "roleArn": ROLE});
    bench.ok("CreateStateMachine", made).await;
    let described = bench.ok("DescribeStateMachine", json!({"stateMachineArn": arn("m")})).await;
    assert_eq!(described["definition"], json!(definition));
    bench.stop().await;
}

#[tokio::test]
async fn creation_is_refused() {
    let bench = Bench::new();
    let one = "Invalid Logging Configuration: Must specify exactly one Log Destination.";
    let activity = one_state(json!({"Type": "Task", "Resource": format!("{HERE}:activity:a"), "End": true}));
    let tags: Vec<Value> = (0..51).map(|n| json!({"key": n.to_string(), "value": ""})).collect();
    let cases = [
        (json!({"name": "a b"}), error("InvalidName", "Invalid Name: 'a b'")),
        (json!({"roleArn": "role"}), error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: role'")),
        (
            json!({"definition": "{\"StartAt\":\"S\"}"}),
            error(
                "InvalidDefinition",
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
            ),
        ),
        (
            json!({"type": "EXPRESS", "definition": activity.to_string()}),
            error(
                "InvalidDefinition",
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: \
                 Express state machine does not support Activity ARN at /States/S/Resource'",
            ),
        ),
        (json!({"loggingConfiguration": {"level": "ALL"}}), error("InvalidLoggingConfiguration", one)),
        (
            json!({"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY"}}),
            error(
                "InvalidEncryptionConfiguration",
                "Invalid Encryption Configuration: kmsKeyId is required for the type CUSTOMER_MANAGED_KMS_KEY",
            ),
        ),
        (
            json!({"versionDescription": "d"}),
            invalid("Version description can only be set when publish is true"),
        ),
        (
            json!({"versionDescription": "d", "publish": false}),
            invalid("Version description can only be set when publish is true"),
        ),
        (
            json!({"tags": tags}),
            error("TooManyTags", format!("A resource can have at most 50 tags: '{}'", arn("m"))),
        ),
        (
            json!({"name": "n".repeat(81)}),
            invalid(&format!(
                "1 validation error detected: Value '{}' at 'name' failed to satisfy constraint: \
                 Member must have length less than or equal to 80",
                "n".repeat(81)
            )),
        ),
        // What comes first: a role that is no ARN, then rules across members, then content.
        (
            json!({"roleArn": "role", "versionDescription": "d", "name": "a b"}),
            error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: role'"),
        ),
        (
            json!({"versionDescription": "d", "name": "a b", "definition": "{}"}),
            invalid("Version description can only be set when publish is true"),
        ),
        (json!({"name": "a b", "definition": "{}"}), error("InvalidName", "Invalid Name: 'a b'")),
    ];
    for (change, expected) in cases {
        let input = with(new_machine("m", pass()), change);
        assert_eq!(bench.answer("CreateStateMachine", input.clone()).await, expected, "{input}");
    }
    bench.check(vec![("ListStateMachines", json!({}), Ok(json!({"stateMachines": []})))]).await;
    let most = with(new_machine(&"n".repeat(80), pass()), json!({"tags": tags[..50]}));
    bench.ok("CreateStateMachine", most).await;
    bench.stop().await;
}

#[tokio::test]
async fn creation_is_idempotent() {
    let bench = Bench::new();
    let group = "arn:aws:logs:us-east-1:000000000000:log-group:g:*";
    let logging =
        json!({"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]});
    let base = new_machine("m", pass());
    let made = bench.ok("CreateStateMachine", base.clone()).await;
    bench.advance(1000);
    let again = [
        json!({}),
        json!({"roleArn": "arn:aws:iam::000000000000:role/other"}),
        json!({"tags": [{"key": "k", "value": "v"}]}),
        json!({"type": "STANDARD", "publish": false, "loggingConfiguration": {"level": "OFF"}}),
        json!({"tracingConfiguration": {"enabled": false}, "encryptionConfiguration": {"type": "AWS_OWNED_KEY"}}),
    ];
    for change in again {
        assert_eq!(
            bench.ok("CreateStateMachine", with(base.clone(), change.clone())).await,
            made,
            "{change}"
        );
    }
    let exists = error("StateMachineAlreadyExists", format!("State Machine Already Exists: '{}'", arn("m")));
    let different = [
        json!({"definition": format!(" {}", pass())}),
        json!({"type": "EXPRESS"}),
        json!({"loggingConfiguration": logging}),
        json!({"tracingConfiguration": {"enabled": true}}),
        json!({"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}}),
    ];
    for change in different {
        let input = with(base.clone(), change.clone());
        assert_eq!(bench.answer("CreateStateMachine", input).await, exists, "{change}");
    }
    let named = json!({"resourceArn": arn("m")});
    bench.check(vec![("ListTagsForResource", named, Ok(json!({"tags": []})))]).await;
    let described = bench.ok("DescribeStateMachine", json!({"stateMachineArn": arn("m")})).await;
    assert_eq!(described["roleArn"], json!(ROLE), "the role of the first request stays");
    bench.stop().await;
}

#[tokio::test]
async fn updates_make_revisions() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let execution = bench.start(&machine, "e", "{}").await;
    bench.advance(1000);
    let named = json!({"stateMachineArn": machine});
    let update = |change: Value| bench.call("UpdateStateMachine", with(named.clone(), change));

    let same = update(json!({"definition": pass().to_string()})).await.unwrap();
    assert_eq!(same, json!({"updateDate": NOW}), "the first revision has no id, and nothing has changed");

    let first = update(json!({"definition": wait().to_string()})).await.unwrap();
    assert_eq!(first["updateDate"], json!(NOW + 1));
    let described = bench.ok("DescribeStateMachine", named.clone()).await;
    assert_eq!(described["revisionId"], first["revisionId"]);
    assert_eq!(described["definition"], json!(wait().to_string()));
    assert_eq!(described["creationDate"], json!(NOW));

    bench.advance(1000);
    let again = update(json!({"definition": wait().to_string(), "roleArn": ROLE})).await.unwrap();
    assert_eq!(again, first);
    let effective = [
        json!({"roleArn": "arn:aws:iam::000000000000:role/other"}),
        json!({"tracingConfiguration": {"enabled": true}}),
        json!({"loggingConfiguration": {"includeExecutionData": true}}),
        json!({"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}}),
        json!({"definition": pass().to_string()}),
    ];
    let mut ids = vec![first["revisionId"].clone()];
    for change in effective {
        let updated = update(change.clone()).await.unwrap();
        assert!(!ids.contains(&updated["revisionId"]), "{change}");
        ids.push(updated["revisionId"].clone());
        let described = bench.ok("DescribeStateMachine", named.clone()).await;
        for (member, value) in change.as_object().unwrap() {
            for (inner, value) in value.as_object().into_iter().flatten() {
                assert_eq!(described[member][inner], *value, "{change}");
            }
        }
    }
    let described = bench.ok("DescribeStateMachine", named.clone()).await;
    assert_eq!(
        described["roleArn"],
        json!("arn:aws:iam::000000000000:role/other"),
        "what is not given stays"
    );

    let of_execution = bench.ok("DescribeStateMachineForExecution", json!({"executionArn": execution})).await;
    let expected = json!({
        "stateMachineArn": machine, "name": "m", "definition": pass().to_string(), "roleArn": ROLE, "updateDate": NOW,
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": false},
        "tracingConfiguration": {"enabled": false},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    });
    assert_eq!(of_execution, expected, "the execution's own revision, not the current one");
    bench.stop().await;
}

#[tokio::test]
async fn updates_are_refused() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let nothing = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";
    let labelled = "This operation does not take the ARN of a labelled Map state";
    let role = json!({"roleArn": ROLE});
    let version = format!("{machine}:1");
    let cases = [
        (machine.clone(), json!({}), error("MissingRequiredParameter", nothing)),
        (machine.clone(), json!({"publish": false}), error("MissingRequiredParameter", nothing)),
        (arn("x"), json!({}), error("MissingRequiredParameter", nothing)),
        (arn("x"), role.clone(), missing(&arn("x"))),
        (version.clone(), role.clone(), missing(&version)),
        (format!("{machine}/label"), role.clone(), invalid(labelled)),
        ("x".into(), role.clone(), error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'")),
        (
            machine.clone(),
            json!({"roleArn": "x"}),
            error("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'"),
        ),
        (
            format!("{HERE}:activity:a"),
            role.clone(),
            error("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: activity'"),
        ),
        (
            machine.clone(),
            with(role.clone(), json!({"versionDescription": "d"})),
            invalid("Version description can only be set when publish is true"),
        ),
        (
            machine.clone(),
            json!({"loggingConfiguration": {"level": "ALL"}}),
            error(
                "InvalidLoggingConfiguration",
                "Invalid Logging Configuration: Must specify exactly one Log Destination.",
            ),
        ),
        (
            machine.clone(),
            json!({"definition": "{}"}),
            error(
                "InvalidDefinition",
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: \
                 These fields are required: [States, StartAt] at /'",
            ),
        ),
    ];
    for (arn, change, expected) in cases {
        let input = with(change, json!({"stateMachineArn": arn}));
        assert_eq!(bench.answer("UpdateStateMachine", input.clone()).await, expected, "{input}");
    }
    let fault = bench
        .call("UpdateStateMachine", with(role, json!({"stateMachineArn": format!("{machine}/label")})))
        .await
        .unwrap_err();
    assert_eq!(fault.members.get("reason"), Some(&json!("API_DOES_NOT_SUPPORT_LABELED_ARNS")));
    bench.stop().await;
}

#[tokio::test]
async fn arns_that_name_nothing() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let prefix = |arn: &str| error("InvalidArn", format!("Invalid Arn: 'Invalid ARN prefix: {arn}'"));
    for (arn, expected) in [
        ("not_a_valid_arn".to_owned(), prefix("not_a_valid_arn")),
        (format!("{HERE}:stateMachine"), prefix(&format!("{HERE}:stateMachine"))),
        (format!("{machine}:1"), missing(&format!("{machine}:1"))),
        (format!("{machine}:PROD"), missing(&format!("{machine}:PROD"))),
        (format!("{machine}/label"), missing(&format!("{machine}/label"))),
        (machine.replace("us-east-1", "us-east-2"), missing(&machine.replace("us-east-1", "us-east-2"))),
        (machine.replace("aws", "aws-cn"), missing(&machine.replace("aws", "aws-cn"))),
    ] {
        assert_eq!(
            bench.answer("DescribeStateMachine", json!({"stateMachineArn": arn})).await,
            expected,
            "{arn}"
        );
    }
    for (region, account) in [("us-east-2", "000000000000"), ("us-east-1", "111111111111")] {
        let other = bench.elsewhere(region, account);
        let named = json!({"stateMachineArn": machine});
        other
            .check(vec![
                ("DescribeStateMachine", named.clone(), missing(&machine)),
                ("StartExecution", named.clone(), missing(&machine)),
                ("ListExecutions", named.clone(), missing(&machine)),
                ("ListStateMachines", json!({}), Ok(json!({"stateMachines": []}))),
                ("DeleteStateMachine", named, Ok(json!({}))),
            ])
            .await;
    }
    bench.ok("DescribeStateMachine", json!({"stateMachineArn": machine})).await;
    let labelled = json!({"stateMachineArn": format!("{machine}/l")});
    let refusal = invalid("This operation does not take the ARN of a labelled Map state");
    bench
        .check(vec![
            ("DeleteStateMachine", labelled.clone(), refusal.clone()),
            ("StartExecution", labelled, refusal),
        ])
        .await;
    bench.stop().await;
}

#[tokio::test]
async fn lists_are_paged_by_name() {
    let bench = Bench::new();
    check_pages(&bench, "ListStateMachines", json!({}), "stateMachines", &[0]).await;
    let mut names = Vec::new();
    for count in [1usize, 100, 101] {
        while names.len() < count {
            let name = format!("x_{}", names.len());
            bench.machine(&name, pass()).await;
            names.push(name);
        }
        let sizes: &[usize] = if count > 100 { &[100, 1] } else { &[count] };
        let found = check_pages(&bench, "ListStateMachines", json!({}), "stateMachines", sizes).await;
        names.sort();
        let found: Vec<String> = found.iter().map(|item| text(&item["name"])).collect();
        assert_eq!(found, names);
    }
    check_pages(&bench, "ListStateMachines", json!({"maxResults": 0}), "stateMachines", &[100, 1]).await;
    check_pages(&bench, "ListStateMachines", json!({"maxResults": 50}), "stateMachines", &[50, 50, 1]).await;
    check_pages(&bench, "ListStateMachines", json!({"maxResults": 1000}), "stateMachines", &[101]).await;
    bench.check(vec![(
        "ListStateMachines",
        json!({"maxResults": 1001}),
        invalid("1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"),
    )]).await;
    let elsewhere = bench.elsewhere("us-east-2", "000000000000");
    let first = bench.ok("ListStateMachines", json!({})).await;
    let refused = error("InvalidToken", "Invalid Token: 'Invalid token'");
    let next = json!({"nextToken": first["nextToken"]});
    elsewhere.check(vec![("ListStateMachines", next.clone(), refused.clone())]).await;
    bench.check(vec![("ListActivities", next, refused)]).await;
    check_token_is_bound(&bench, "ListStateMachines", json!({"maxResults": 2}), &[]).await;
    bench.stop().await;
}

#[tokio::test]
async fn page_tokens_outlive_the_process() {
    let store = Arc::new(Memory::new());
    let bench = Bench::on(store.clone(), Duration::ZERO);
    for name in ["a", "b"] {
        bench.machine(name, pass()).await;
    }
    let first = bench.ok("ListStateMachines", json!({"maxResults": 1})).await;
    bench.stop().await;
    let bench = Bench::on(store, Duration::ZERO);
    let second = bench.ok("ListStateMachines", json!({"nextToken": first["nextToken"]})).await;
    assert_eq!(second["stateMachines"][0]["name"], json!("b"));
    bench.stop().await;
}

#[tokio::test]
async fn a_machine_is_being_deleted_while_executions_of_it_run() {
    let bench = Bench::new();
    let machine = bench.machine("m", wait()).await;
    let named = json!({"stateMachineArn": machine});
    let old = bench.start(&machine, "e", "{}").await;
    let version =
        bench.ok("PublishStateMachineVersion", named.clone()).await["stateMachineVersionArn"].clone();
    let routes = json!([{"stateMachineVersionArn": version, "weight": 100}]);
    let alias = json!({"name": "live", "routingConfiguration": routes});
    let alias_arn = bench.ok("CreateStateMachineAlias", alias.clone()).await["stateMachineAliasArn"].clone();
    bench.ok("TagResource", json!({"resourceArn": machine, "tags": [{"key": "k", "value": "v"}]})).await;
    bench.ok("DeleteStateMachine", named.clone()).await;

    let deleting = || error("StateMachineDeleting", format!("State Machine is being deleted: '{machine}'"));
    let gone = |arn: &Value| missing(arn.as_str().unwrap());
    bench
        .check(vec![
            ("StartExecution", named.clone(), deleting()),
            ("StartExecution", json!({"stateMachineArn": version}), deleting()),
            ("StartExecution", json!({"stateMachineArn": alias_arn}), deleting()),
            ("CreateStateMachine", new_machine("m", wait()), deleting()),
            ("UpdateStateMachine", json!({"stateMachineArn": machine, "roleArn": ROLE}), deleting()),
            ("PublishStateMachineVersion", named.clone(), deleting()),
            ("CreateStateMachineAlias", alias.clone(), deleting()),
            (
                "UpdateStateMachineAlias",
                json!({"stateMachineAliasArn": alias_arn, "description": "d"}),
                deleting(),
            ),
            ("ListStateMachineAliases", named.clone(), deleting()),
            ("DescribeStateMachine", json!({"stateMachineArn": version}), gone(&version)),
            ("DescribeStateMachine", json!({"stateMachineArn": alias_arn}), gone(&alias_arn)),
            ("ListStateMachines", json!({}), Ok(json!({"stateMachines": []}))),
            ("DeleteStateMachine", named.clone(), Ok(json!({}))),
            (
                "ListTagsForResource",
                json!({"resourceArn": machine}),
                error("ResourceNotFound", format!("Resource not found: '{machine}'")),
            ),
        ])
        .await;
    let described = bench.ok("DescribeStateMachine", named.clone()).await;
    assert_eq!(
        (&described["status"], &described["definition"]),
        (&json!("DELETING"), &json!(wait().to_string()))
    );
    let listed = bench.ok("ListExecutions", named.clone()).await;
    assert_eq!(listed["executions"][0]["executionArn"], json!(old));

    bench.ok("StopExecution", json!({"executionArn": old})).await;
    bench
        .check(vec![
            ("DescribeStateMachine", named.clone(), missing(&machine)),
            ("StartExecution", named.clone(), missing(&machine)),
            ("ListExecutions", named, missing(&machine)),
        ])
        .await;
    bench.machine("m", pass()).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_deleted_machine_leaves_nothing_to_its_successor() {
    let bench = Bench::new();
    let machine = bench.machine("m", wait()).await;
    let named = json!({"stateMachineArn": machine});
    let old = bench.start(&machine, "e", "{}").await;
    bench.ok("StopExecution", json!({"executionArn": old})).await;
    bench.ok("TagResource", json!({"resourceArn": machine, "tags": [{"key": "k", "value": "v"}]})).await;
    bench.ok("DeleteStateMachine", named.clone()).await;
    bench.check(vec![("StartExecution", named.clone(), missing(&machine))]).await;
    bench.machine("m", pass()).await;
    bench
        .check(vec![
            ("ListTagsForResource", json!({"resourceArn": machine}), Ok(json!({"tags": []}))),
            ("ListExecutions", named, Ok(json!({"executions": []}))),
        ])
        .await;
    let of_old = bench.ok("DescribeStateMachineForExecution", json!({"executionArn": old})).await;
    assert_eq!(of_old["definition"], json!(wait().to_string()));
    let described = bench.ok("DescribeExecution", json!({"executionArn": old})).await;
    assert_eq!(described["redriveStatusReason"], json!("State machine is in DELETING status"));
    bench.stop().await;
}

#[tokio::test]
async fn definitions_are_validated() {
    let bench = Bench::new();
    let no_states = json!({"StartAt": "S"}).to_string();
    let fault = json!({
        "severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "location": "/",
        "message": "These fields are required: [States]",
    });
    let ok = json!({"result": "OK", "diagnostics": [], "truncated": false});
    let fail = json!({"result": "FAIL", "diagnostics": [fault], "truncated": false});
    let operation = "ValidateStateMachineDefinition";
    bench
        .check(vec![
            (operation, json!({"definition": pass().to_string()}), Ok(ok.clone())),
            (operation, json!({"definition": no_states}), Ok(fail.clone())),
            (operation, json!({"definition": no_states, "severity": "WARNING", "maxResults": 0}), Ok(fail)),
        ])
        .await;
    let state = json!({"Type": "Pass", "End": true, "InputPath": "$x"});
    let warning = json!({
        "severity": "WARNING", "code": "POSSIBLY_UNDEFINED_VARIABLE", "location": "/States/S/InputPath",
        "message": "Variable 'x' is possibly not defined.",
    });
    let warned = json!({"result": "OK", "diagnostics": [warning], "truncated": false});
    let unset = one_state(state).to_string();
    let input = json!({"definition": unset, "severity": "WARNING"});
    bench
        .check(vec![(operation, input, Ok(warned)), (operation, json!({"definition": unset}), Ok(ok))])
        .await;
    let state = json!({"Type": "Pass", "End": true, "X": 1});
    let two = json!({"StartAt": "A", "States": {"A": state, "B": state}}).to_string();
    let first = bench.ok(operation, json!({"definition": two, "maxResults": 1})).await;
    assert_eq!((&first["result"], &first["truncated"]), (&json!("FAIL"), &json!(true)));
    assert_eq!(first["diagnostics"].as_array().unwrap().len(), 1);
    bench.stop().await;
}

#[tokio::test]
async fn one_of_two_at_once_is_made() {
    let bench = Bench::new();
    let make = |definition: Value| bench.answer("CreateStateMachine", new_machine("m", definition));
    let (first, second, third) = tokio::join!(make(pass()), make(pass()), make(wait()));
    assert!(first.is_ok());
    assert_eq!(first, second);
    let exists = error("StateMachineAlreadyExists", format!("State Machine Already Exists: '{}'", arn("m")));
    assert_eq!(third, exists);
    let update = |role: &str| {
        let role = format!("arn:aws:iam::000000000000:role/{role}");
        bench.ok("UpdateStateMachine", json!({"stateMachineArn": arn("m"), "roleArn": role}))
    };
    let (a, b) = tokio::join!(update("a"), update("b"));
    assert_ne!(a["revisionId"], b["revisionId"]);
    let described = bench.ok("DescribeStateMachine", json!({"stateMachineArn": arn("m")})).await;
    assert_eq!(described["revisionId"], b["revisionId"], "the later of the two");
    bench.stop().await;
}

#[tokio::test]
async fn express_machines_are_kept() {
    let store = Arc::new(Memory::new());
    let bench = Bench::on(store.clone(), Duration::ZERO);
    let express = with(new_machine("x", pass()), json!({"type": "EXPRESS"}));
    bench.ok("CreateStateMachine", express).await;
    bench.stop().await;
    let bench = Bench::on(store, Duration::ZERO);
    let item = json!({"stateMachineArn": arn("x"), "name": "x", "type": "EXPRESS", "creationDate": NOW});
    bench.check(vec![("ListStateMachines", json!({}), Ok(json!({"stateMachines": [item]})))]).await;
    let described = bench.ok("DescribeStateMachine", json!({"stateMachineArn": arn("x")})).await;
    assert_eq!(described["type"], json!("EXPRESS"));
    bench.stop().await;
}
