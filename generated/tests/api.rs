//! The crate from outside: request bodies in, answers and faults out; the client against a socket.
//!
//! The service behind it echoes what it was given, so that what a body was read as shows in the answer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "this is how a test fails")]

use gradus_api::client::{self, Client, Credentials};
use gradus_api::errors::*;
use gradus_api::http::{Fault, RequestContext};
use gradus_api::server::{OPERATIONS, StepFunctions, dispatch};
use gradus_api::shapes::*;
use gradus_api::sigv4::{self, Canonical, Scope};
use gradus_api::timestamp::Timestamp;
use gradus_api::{enums, wire};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

/// Echoes.
struct Echo;

/// Operations that answer nothing but a fault with their own name.
macro_rules! refused {
    ($($method:ident($input:ident) -> $output:ident, $error:ident;)*) => {$(
        async fn $method(&self, _: &RequestContext, _: $input) -> Result<$output, $error> {
            Err(Fault::new(stringify!($method), None).into())
        }
    )*};
}

impl StepFunctions for Echo {
    async fn start_execution(
        &self,
        context: &RequestContext,
        input: StartExecutionInput,
    ) -> Result<StartExecutionOutput, StartExecutionError> {
        if input.name.as_deref() == Some("taken") {
            return Err(ExecutionAlreadyExists::new("Execution Already Exists: 'taken'").into());
        }
        Ok(StartExecutionOutput {
            execution_arn: format!("{} {} {:?}", context.region, input.state_machine_arn, input.input),
            start_date: Timestamp::from_millis(1_790_199_918_140),
        })
    }

    async fn tag_resource(
        &self,
        _: &RequestContext,
        input: TagResourceInput,
    ) -> Result<TagResourceOutput, TagResourceError> {
        let keys: Vec<_> = input.tags.iter().map(|tag| tag.key.as_deref().unwrap_or("-")).collect();
        let resource_name = Some(keys.join(","));
        Err(ResourceNotFound { message: Some("Resource not found".into()), resource_name }.into())
    }

    async fn list_tags_for_resource(
        &self,
        _: &RequestContext,
        _: ListTagsForResourceInput,
    ) -> Result<ListTagsForResourceOutput, ListTagsForResourceError> {
        Ok(ListTagsForResourceOutput::default())
    }

    async fn describe_execution(
        &self,
        _: &RequestContext,
        input: DescribeExecutionInput,
    ) -> Result<DescribeExecutionOutput, DescribeExecutionError> {
        let start = Timestamp::from_millis(1_700_000_000_000);
        let mut output =
            DescribeExecutionOutput::new(input.execution_arn, "m", enums::ExecutionStatus::Failed, start);
        output.name = Some("n".into());
        output.input_details = Some(CloudWatchEventsExecutionDataDetails { included: true });
        Ok(output)
    }

    async fn describe_map_run(
        &self,
        _: &RequestContext,
        input: DescribeMapRunInput,
    ) -> Result<DescribeMapRunOutput, DescribeMapRunError> {
        let (items, children) = (
            MapRunItemCounts::new(1, 2, 3, 4, 5, 6, 7, 8),
            MapRunExecutionCounts::new(0, 0, 0, 0, 0, 0, 0, 0),
        );
        let start = Timestamp::from_millis(1);
        let status = enums::MapRunStatus::Running;
        Ok(DescribeMapRunOutput::new(input.map_run_arn, "e", status, start, 0, 0.0, 33, items, children))
    }

    refused! {
        create_activity(CreateActivityInput) -> CreateActivityOutput, CreateActivityError;
        create_state_machine(CreateStateMachineInput) -> CreateStateMachineOutput, CreateStateMachineError;
        create_state_machine_alias(CreateStateMachineAliasInput) -> CreateStateMachineAliasOutput, CreateStateMachineAliasError;
        delete_activity(DeleteActivityInput) -> DeleteActivityOutput, DeleteActivityError;
        delete_state_machine(DeleteStateMachineInput) -> DeleteStateMachineOutput, DeleteStateMachineError;
        delete_state_machine_alias(DeleteStateMachineAliasInput) -> DeleteStateMachineAliasOutput, DeleteStateMachineAliasError;
        delete_state_machine_version(DeleteStateMachineVersionInput) -> DeleteStateMachineVersionOutput, DeleteStateMachineVersionError;
        describe_activity(DescribeActivityInput) -> DescribeActivityOutput, DescribeActivityError;
        describe_state_machine(DescribeStateMachineInput) -> DescribeStateMachineOutput, DescribeStateMachineError;
        describe_state_machine_alias(DescribeStateMachineAliasInput) -> DescribeStateMachineAliasOutput, DescribeStateMachineAliasError;
        describe_state_machine_for_execution(DescribeStateMachineForExecutionInput) -> DescribeStateMachineForExecutionOutput, DescribeStateMachineForExecutionError;
        get_activity_task(GetActivityTaskInput) -> GetActivityTaskOutput, GetActivityTaskError;
        get_execution_history(GetExecutionHistoryInput) -> GetExecutionHistoryOutput, GetExecutionHistoryError;
        list_activities(ListActivitiesInput) -> ListActivitiesOutput, ListActivitiesError;
        list_executions(ListExecutionsInput) -> ListExecutionsOutput, ListExecutionsError;
        list_map_runs(ListMapRunsInput) -> ListMapRunsOutput, ListMapRunsError;
        list_state_machine_aliases(ListStateMachineAliasesInput) -> ListStateMachineAliasesOutput, ListStateMachineAliasesError;
        list_state_machines(ListStateMachinesInput) -> ListStateMachinesOutput, ListStateMachinesError;
        list_state_machine_versions(ListStateMachineVersionsInput) -> ListStateMachineVersionsOutput, ListStateMachineVersionsError;
        publish_state_machine_version(PublishStateMachineVersionInput) -> PublishStateMachineVersionOutput, PublishStateMachineVersionError;
        redrive_execution(RedriveExecutionInput) -> RedriveExecutionOutput, RedriveExecutionError;
        send_task_failure(SendTaskFailureInput) -> SendTaskFailureOutput, SendTaskFailureError;
        send_task_heartbeat(SendTaskHeartbeatInput) -> SendTaskHeartbeatOutput, SendTaskHeartbeatError;
        send_task_success(SendTaskSuccessInput) -> SendTaskSuccessOutput, SendTaskSuccessError;
        start_sync_execution(StartSyncExecutionInput) -> StartSyncExecutionOutput, StartSyncExecutionError;
        stop_execution(StopExecutionInput) -> StopExecutionOutput, StopExecutionError;
        test_state(TestStateInput) -> TestStateOutput, TestStateError;
        untag_resource(UntagResourceInput) -> UntagResourceOutput, UntagResourceError;
        update_map_run(UpdateMapRunInput) -> UpdateMapRunOutput, UpdateMapRunError;
        update_state_machine(UpdateStateMachineInput) -> UpdateStateMachineOutput, UpdateStateMachineError;
        update_state_machine_alias(UpdateStateMachineAliasInput) -> UpdateStateMachineAliasOutput, UpdateStateMachineAliasError;
        validate_state_machine_definition(ValidateStateMachineDefinitionInput) -> ValidateStateMachineDefinitionOutput, ValidateStateMachineDefinitionError;
    }
}

fn context() -> RequestContext {
    RequestContext {
        request_id: "3f2b0c1e".into(),
        region: "eu-west-1".into(),
        account: "123456789012".into(),
        caller: None,
        headers: http::HeaderMap::new(),
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The answer's body, or that of the fault.
fn answer(operation: &str, body: impl AsRef<[u8]>) -> String {
    let answer = run(dispatch(&Echo, &context(), operation, body.as_ref()));
    String::from_utf8(answer.unwrap_or_else(|fault| fault.to_body())).unwrap()
}

/// The message of the fault that has this name.
fn message(operation: &str, body: &str, kind: &str) -> Option<String> {
    let fault = run(dispatch(&Echo, &context(), operation, body.as_bytes())).unwrap_err();
    assert_eq!((fault.status, fault.kind.as_str()), (400, kind), "{body}: {fault}");
    fault.message
}

fn violation(operation: &str, body: &str) -> String {
    message(operation, body, "com.amazon.coral.validate#ValidationException").unwrap()
}

fn refusal(operation: &str, body: &str) -> Option<String> {
    message(operation, body, "com.amazon.coral.service#SerializationException")
}

const ARN: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:m";

#[test]
fn answers() {
    let cases = [
        (
            "StartExecution",
            format!(r#"{{"stateMachineArn": "{ARN}", "input": "{{\"\u00e9\":1}}"}}"#),
            format!(r#"{{"executionArn":"eu-west-1 {ARN} Some(\"{{\\\"é\\\":1}}\")","startDate":1790199918.14}}"#),
        ),
        // The last of two equal names wins; null and unknown members are ignored.
        (
            "StartExecution",
            r#"{"stateMachineArn":"a","stateMachineArn":"b","input":null,"x":[{"y":1}],"name":null}"#.into(),
            r#"{"executionArn":"eu-west-1 b None","startDate":1790199918.14}"#.into(),
        ),
        ("ListTagsForResource", r#"{"resourceArn":"a"}"#.into(), "{}".into()),
        (
            "DescribeExecution",
            r#" {"executionArn":"e"} "#.into(),
            r#"{"executionArn":"e","inputDetails":{"included":true},"name":"n","startDate":1700000000,"stateMachineArn":"m","status":"FAILED"}"#.into(),
        ),
        (
            "DescribeMapRun",
            r#"{"mapRunArn":"r"}"#.into(),
            r#"{"executionArn":"e","executionCounts":{"aborted":0,"failed":0,"pending":0,"resultsWritten":0,"running":0,"succeeded":0,"timedOut":0,"total":0},"itemCounts":{"aborted":6,"failed":4,"pending":1,"resultsWritten":8,"running":2,"succeeded":3,"timedOut":5,"total":7},"mapRunArn":"r","maxConcurrency":0,"startDate":0.001,"status":"RUNNING","toleratedFailureCount":33,"toleratedFailurePercentage":0.0}"#.into(),
        ),
        (
            "StartExecution",
            r#"{"stateMachineArn":"a","name":"taken"}"#.into(),
            r#"{"__type":"com.amazonaws.swf.service.v2.model#ExecutionAlreadyExists","message":"Execution Already Exists: 'taken'"}"#.into(),
        ),
        (
            "TagResource",
            r#"{"resourceArn":"a","tags":[{"key":"k","value":""},{"value":"v"}]}"#.into(),
            r#"{"__type":"com.amazonaws.swf.service.v2.model#ResourceNotFound","message":"Resource not found","resourceName":"k,-"}"#.into(),
        ),
        ("NoSuch", "{}".into(), r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#.into()),
        ("startExecution", "{}".into(), r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#.into()),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(answer(operation, &body), expected, "{operation} {body}");
    }
}

#[test]
fn each_operation_is_reached() {
    assert_eq!(OPERATIONS.len(), 37);
    for operation in OPERATIONS {
        let fault = run(dispatch(&Echo, &context(), operation, b"5")).unwrap_err();
        assert_eq!(fault.name(), "SerializationException", "{operation}");
    }
}

#[test]
fn unreadable_bodies_have_no_message() {
    let deep = format!(r#"{{"tags":{}"#, "[".repeat(100_000));
    for body in [
        "",
        " ",
        "{",
        "{}}",
        "nil",
        "null",
        "{\"name\":\"\u{1}\"}",
        r#"{"name":"\ud800"}"#,
        "{'a':1}",
        "{\"a\":01}",
        &deep,
    ] {
        assert_eq!(refusal("StartExecution", body), None, "{body:.20}");
    }
    let fault = run(dispatch(&Echo, &context(), "StartExecution", b"{\"name\":\"\xff\"}")).unwrap_err();
    assert_eq!(fault, Fault::serialization(None));
    // An ignored value is held to UTF-8 and to the depth as well.
    let fault = run(dispatch(&Echo, &context(), "StartExecution", b"{\"x\":\"\xff\"}")).unwrap_err();
    assert_eq!(fault, Fault::serialization(None));
}

#[test]
fn refused_types() {
    const NUMBER: &str =
        "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an";
    let cases = [
        (
            "StartExecution",
            r#"{"name":true}"#,
            "class java.lang.Boolean can not be converted to an String".to_owned(),
        ),
        ("StartExecution", r#"{"name":5}"#, format!("{NUMBER} String")),
        ("StartExecution", r#"{"name":["a"]}"#, "Start of list found where not expected".into()),
        ("StartExecution", r#"{"name":{}}"#, "Start of structure or map found where not expected.".into()),
        ("StartExecution", "[]", "Start of list found where not expected".into()),
        ("StartExecution", "5", "Expected null".into()),
        ("StartExecution", "\"{}\"", "Expected null".into()),
        (
            "ListStateMachines",
            r#"{"maxResults":"5"}"#,
            "class java.lang.String can not be converted to an Integer".into(),
        ),
        (
            "ListStateMachines",
            r#"{"maxResults":false}"#,
            "class java.lang.Boolean can not be converted to an Integer".into(),
        ),
        (
            "UpdateMapRun",
            r#"{"toleratedFailureCount":"5"}"#,
            "class java.lang.String can not be converted to an Long".into(),
        ),
        (
            "UpdateMapRun",
            r#"{"toleratedFailurePercentage":"5"}"#,
            "class java.lang.String can not be converted to an Float".into(),
        ),
        ("CreateStateMachine", r#"{"publish":"hello"}"#, "'HELLO' can not be converted to an Boolean".into()),
        ("CreateStateMachine", r#"{"publish":1}"#, format!("{NUMBER} Boolean")),
        ("CreateStateMachine", r#"{"type":1}"#, format!("{NUMBER} String")),
        ("TagResource", r#"{"tags":"a"}"#, "Expected list or null".into()),
        ("TagResource", r#"{"tags":{}}"#, "Start of structure or map found where not expected.".into()),
        ("TagResource", r#"{"tags":["a"]}"#, "Expected null".into()),
        ("TagResource", r#"{"tags":[[]]}"#, "Start of list found where not expected".into()),
        ("TagResource", r#"{"tags":[null]}"#, "null found where a list member was expected".into()),
        ("CreateStateMachine", r#"{"loggingConfiguration":1}"#, "Expected null".into()),
        (
            "CreateStateMachine",
            r#"{"loggingConfiguration":[]}"#,
            "Start of list found where not expected".into(),
        ),
    ];
    for (operation, body, expected) in cases {
        assert_eq!(refusal(operation, body).as_deref(), Some(expected.as_str()), "{operation} {body}");
    }
}

#[test]
fn lenient_types() {
    let read = |body: &str| {
        let read = wire::read::<CreateStateMachineInputBuilder>(body.as_bytes()).unwrap();
        read.name("n").definition("{}").role_arn("r").build().unwrap().publish
    };
    for (text, expected) in [
        ("true", true),
        ("\"true\"", true),
        ("\"Yes\"", true),
        ("\"1\"", true),
        ("false", false),
        ("\"no\"", false),
        ("\"0\"", false),
    ] {
        assert_eq!(read(&format!("{{\"publish\":{text}}}")), Some(expected), "{text}");
    }
    assert_eq!(read("{}"), None);
    let read = |body: &str| {
        wire::read::<ListStateMachinesInputBuilder>(body.as_bytes()).unwrap().build().map(|it| it.max_results)
    };
    for (text, expected) in [("5", 5), ("5.5", 5), ("5.99e1", 59), ("-0.9", 0), ("0", 0)] {
        assert_eq!(read(&format!("{{\"maxResults\":{text}}}")), Ok(Some(expected)), "{text}");
    }
    // What does not fit is too large, not something else.
    for text in ["1e300", "99999999999", "9223372036854775807", "18446744073709551615"] {
        let text = read(&format!("{{\"maxResults\":{text}}}")).unwrap_err().to_string();
        assert!(text.contains("Value '2147483647' at 'maxResults'"), "{text}");
    }
}

#[test]
fn violations() {
    let long = |count: usize| "x".repeat(count);
    let name = |name: String| format!(r#"{{"name":"{name}","stateMachineArn":"a"}}"#);
    let at = |member: &str, constraint: &str| {
        format!("at '{member}' failed to satisfy constraint: Member must {constraint}")
    };
    let cases: Vec<(&str, String, String)> = vec![
        ("StartExecution", "{}".into(), format!("Value null {}", at("stateMachineArn", "not be null"))),
        ("SendTaskSuccess", r#"{"taskToken":"t"}"#.into(), format!("Value {}", at("output", "not be null"))),
        ("StartExecution", name(long(81)), format!("Value '{}' {}", long(81), at("name", "have length less than or equal to 80"))),
        ("StartExecution", name(String::new()), format!("Value '' {}", at("name", "have length greater than or equal to 1"))),
        (
            "StartExecution",
            format!(r#"{{"stateMachineArn":"a","input":"{}"}}"#, "é".repeat(131_073)),
            format!("Value {}", at("input", "have size less than or equal to 262144 bytes in UTF-8 encoding")),
        ),
        (
            "StartExecution",
            r#"{"stateMachineArn":"a","traceHeader":"é"}"#.into(),
            format!("Value 'é' {}", at("traceHeader", r"satisfy regular expression pattern: ^\p{ASCII}*$")),
        ),
        (
            "ListStateMachines",
            r#"{"maxResults":1001}"#.into(),
            format!("Value '1001' {}", at("maxResults", "have value less than or equal to 1000")),
        ),
        (
            "ListStateMachines",
            r#"{"maxResults":-1}"#.into(),
            format!("Value '-1' {}", at("maxResults", "have value greater than or equal to 0")),
        ),
        (
            "UpdateMapRun",
            r#"{"mapRunArn":"a","toleratedFailurePercentage":100.5}"#.into(),
            format!("Value '100.5' {}", at("toleratedFailurePercentage", "have value less than or equal to 100")),
        ),
        (
            "ListExecutions",
            r#"{"statusFilter":"running"}"#.into(),
            format!(
                "Value 'running' {}",
                at("statusFilter", "satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]")
            ),
        ),
        (
            "CreateStateMachine",
            r#"{"name":"n","roleArn":"r","definition":"","loggingConfiguration":{"destinations":[{"cloudWatchLogsLogGroup":{"logGroupArn":""}}]}}"#.into(),
            format!(
                "Value {}; Value '' {}",
                at("definition", "have length greater than or equal to 1"),
                at(
                    "loggingConfiguration.destinations.1.member.cloudWatchLogsLogGroup.logGroupArn",
                    "have length greater than or equal to 1"
                )
            ),
        ),
        (
            "CreateStateMachineAlias",
            r#"{"name":"a","routingConfiguration":[{"stateMachineVersionArn":"v","weight":101},{"weight":1}]}"#.into(),
            format!(
                "Value '101' {}; Value null {}",
                at("routingConfiguration.1.member.weight", "have value less than or equal to 100"),
                at("routingConfiguration.2.member.stateMachineVersionArn", "not be null")
            ),
        ),
        (
            "CreateStateMachineAlias",
            r#"{"name":"a","routingConfiguration":[{"stateMachineVersionArn":"v","weight":50},{"stateMachineVersionArn":"w","weight":50},{"stateMachineVersionArn":"x","weight":0}]}"#.into(),
            format!(
                "Value '[{}, {}, {}]' {}",
                "RoutingConfigurationListItem(stateMachineVersionArn=v, weight=50)",
                "RoutingConfigurationListItem(stateMachineVersionArn=w, weight=50)",
                "RoutingConfigurationListItem(stateMachineVersionArn=x, weight=0)",
                at("routingConfiguration", "have length less than or equal to 2")
            ),
        ),
        (
            "CreateStateMachineAlias",
            r#"{"name":"a","routingConfiguration":[]}"#.into(),
            format!("Value '[]' {}", at("routingConfiguration", "have length greater than or equal to 1")),
        ),
        // The pattern is told before the length.
        (
            "CreateStateMachineAlias",
            format!(r#"{{"name":"{}","routingConfiguration":[{{"stateMachineVersionArn":"v","weight":100}}]}}"#, "1".repeat(81)),
            format!(
                "Value '{ones}' {}; Value '{ones}' {}",
                at("name", r"satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"),
                at("name", "have length less than or equal to 80"),
                ones = "1".repeat(81)
            ),
        ),
        (
            "UntagResource",
            r#"{"resourceArn":"a","tagKeys":["k",""]}"#.into(),
            format!(
                "Value '[k, ]' {}",
                at(
                    "tagKeys",
                    "satisfy constraint: [Member must have length less than or equal to 128, \
                     Member must have length greater than or equal to 1]"
                )
            ),
        ),
        ("TestState", r#"{"definition":"d","mock":{"errorOutput":{"error":"e"},"fieldValidationMode":"X"}}"#.into(), format!(
            "Value 'X' {}",
            at("mock.fieldValidationMode", "satisfy enum value set: [STRICT, PRESENT, NONE]")
        )),
        (
            "CreateStateMachine",
            "{}".into(),
            format!(
                "Value null {}; Value {}; Value null {}",
                at("name", "not be null"),
                at("definition", "not be null"),
                at("roleArn", "not be null")
            ),
        ),
    ];
    for (operation, body, expected) in cases {
        let count = expected.split("; ").count();
        let plural = if count == 1 { "" } else { "s" };
        let expected = format!("{count} validation error{plural} detected: {expected}");
        assert_eq!(violation(operation, &body), expected, "{operation} {body:.200}");
    }
}

/// Each kind of constraint at its bound, which holds, and one beyond, which does not.
#[test]
fn bounds() {
    let fits = |operation: &str, body: String| {
        let fault = run(dispatch(&Echo, &context(), operation, body.as_bytes())).err();
        fault.is_none_or(|fault| fault.name() != "ValidationException")
    };
    let start = |member: &str, value: String| format!(r#"{{"stateMachineArn":"a","{member}":"{value}"}}"#);
    let alias = |items: usize| {
        let item = r#"{"stateMachineVersionArn":"v","weight":0}"#;
        format!(r#"{{"name":"a","routingConfiguration":[{}]}}"#, vec![item; items].join(","))
    };
    let cases = [
        // UTF-16 units: a letter beyond the basic plane counts as two.
        ("StartExecution", start("name", "x".repeat(80)), start("name", "x".repeat(81))),
        ("StartExecution", start("name", "é".repeat(80)), start("name", "é".repeat(81))),
        ("StartExecution", start("name", "😀".repeat(40)), start("name", "😀".repeat(41))),
        ("StartExecution", start("name", "x".into()), start("name", String::new())),
        ("StartExecution", start("input", "x".repeat(262_144)), start("input", "x".repeat(262_145))),
        ("StartExecution", start("input", "é".repeat(131_072)), start("input", "é".repeat(131_072) + "x")),
        ("StartExecution", start("traceHeader", "~\\u007f".into()), start("traceHeader", "~\\u0080".into())),
        ("ListStateMachines", r#"{"maxResults":1000}"#.into(), r#"{"maxResults":1001}"#.into()),
        ("ListStateMachines", r#"{"maxResults":0}"#.into(), r#"{"maxResults":-1}"#.into()),
        ("CreateStateMachineAlias", alias(2), alias(3)),
        ("CreateStateMachineAlias", alias(1), alias(0)),
        (
            "RedriveExecution",
            r#"{"executionArn":"e","clientToken":"!~"}"#.into(),
            r#"{"executionArn":"e","clientToken":"! ~"}"#.into(),
        ),
        (
            "UntagResource",
            format!(r#"{{"resourceArn":"a","tagKeys":["{}"]}}"#, "k".repeat(128)),
            format!(r#"{{"resourceArn":"a","tagKeys":["{}"]}}"#, "k".repeat(129)),
        ),
        (
            "UpdateMapRun",
            r#"{"mapRunArn":"a","toleratedFailurePercentage":100}"#.into(),
            r#"{"mapRunArn":"a","toleratedFailurePercentage":100.001}"#.into(),
        ),
        (
            "CreateActivity",
            r#"{"name":"a","encryptionConfiguration":{"type":"AWS_OWNED_KEY","kmsDataKeyReusePeriodSeconds":60}}"#.into(),
            r#"{"name":"a","encryptionConfiguration":{"type":"AWS_OWNED_KEY","kmsDataKeyReusePeriodSeconds":59}}"#.into(),
        ),
    ];
    for (operation, good, bad) in cases {
        assert!(fits(operation, good.clone()), "{operation} {good:.100}");
        assert!(!fits(operation, bad.clone()), "{operation} {bad:.100}");
    }
}

#[test]
fn no_more_than_ten_violations_are_listed() {
    let body = format!(r#"{{"resourceArn":"a","tags":[{}]}}"#, vec![r#"{"key":""}"#; 10_000].join(","));
    let text = violation("TagResource", &body);
    assert!(
        text.starts_with("10 validation errors detected: Value '' at 'tags.1.member.key'"),
        "{text:.200}"
    );
    assert!(text.len() < 2_000, "{}", text.len());
}

#[test]
fn builders_take_shapes_and_builders() {
    let input = CreateStateMachineAliasInput::builder()
        .name("live")
        .routing_configuration(RoutingConfigurationListItem {
            state_machine_version_arn: "v".into(),
            weight: 90,
        })
        .routing_configuration(
            RoutingConfigurationListItem::builder().state_machine_version_arn("w").weight(10),
        )
        .build()
        .unwrap();
    assert_eq!(input.routing_configuration.iter().map(|item| item.weight).collect::<Vec<_>>(), [90, 10]);
    let violations = CreateStateMachineAliasInput::builder().set_name(Some("1".into())).build().unwrap_err();
    assert_eq!(violations.iter().count(), 2);
}

#[test]
fn debug_hides_what_is_sensitive() {
    let mut input = StartExecutionInput::new("machine");
    input.input = Some("secret".into());
    assert_eq!(
        format!("{input:?}"),
        r#"StartExecutionInput { state_machine_arn: "machine", name: None, input: "*** sensitive ***", trace_header: None }"#
    );
    let task = SendTaskSuccessInput { task_token: "secret".into(), output: "secret".into() };
    let inspection = TestStateOutput {
        inspection_data: Some(InspectionData { input: Some("secret".into()), ..InspectionData::default() }),
        ..TestStateOutput::default()
    };
    let exited = StateExitedEventDetails {
        assigned_variables: Some(BTreeMap::from([("secret".into(), "secret".into())])),
        ..StateExitedEventDetails::new("name")
    };
    for text in [format!("{task:?}"), format!("{inspection:?}"), format!("{exited:#?}")] {
        assert!(!text.contains("secret") && text.contains("*** sensitive ***"), "{text}");
    }
}

#[test]
fn shapes_are_read_back_as_written() {
    let mut event = HistoryEvent::new(
        Timestamp::from_millis(1_790_199_918_140),
        enums::HistoryEventType::PassStateExited,
        5,
    );
    event.previous_event_id = 4;
    event.state_exited_event_details = Some(StateExitedEventDetails {
        output: Some("{}".into()),
        output_details: Some(HistoryEventExecutionDataDetails { truncated: false }),
        assigned_variables: Some(BTreeMap::from([("b".into(), "1".into()), ("a".into(), "2".into())])),
        ..StateExitedEventDetails::new("S")
    });
    let text = serde_json::to_string(&event).unwrap();
    assert_eq!(
        text,
        r#"{"id":5,"previousEventId":4,"stateExitedEventDetails":{"assignedVariables":{"a":"2","b":"1"},"name":"S","output":"{}","outputDetails":{"truncated":false}},"timestamp":1790199918.14,"type":"PassStateExited"}"#
    );
    assert_eq!(serde_json::from_str::<HistoryEvent>(&text).unwrap(), event);
    // An output is read whatever its constraints, but not without its required members; a default fills its place.
    let list = |text: &str| {
        serde_json::from_str::<GetExecutionHistoryOutput>(text).map_err(|error| error.to_string())
    };
    let event = list(r#"{"events":[{"id":1,"timestamp":1E3,"type":"Later"}]}"#).unwrap().events.remove(0);
    assert_eq!(
        (event.previous_event_id, event.r#type),
        (0, enums::HistoryEventType::Unknown("Later".into()))
    );
    let error = list(r#"{"events":[{"id":1,"timestamp":1E3}]}"#).unwrap_err();
    assert!(error.contains("Value null at 'type'"), "{error}");
}

#[test]
fn enums_read_what_they_print() {
    fn check<
        T: wire::Enumeration + serde::de::DeserializeOwned + serde::Serialize + PartialEq + std::fmt::Debug,
    >() {
        for name in T::VALUES {
            let text = format!("\"{name}\"");
            let value: T = serde_json::from_str(&text).unwrap();
            assert_eq!((value.as_str(), serde_json::to_string(&value).unwrap()), (*name, text));
            assert!(!format!("{value:?}").contains("Unknown"), "{name}");
        }
        let unknown: T = serde_json::from_str("\"a newer name\"").unwrap();
        assert_eq!(unknown.as_str(), "a newer name");
        assert!(!T::VALUES.is_empty() && serde_json::from_str::<T>("null").is_err());
    }
    use enums::*;
    check::<EncryptionType>();
    check::<ExecutionRedriveFilter>();
    check::<ExecutionRedriveStatus>();
    check::<ExecutionStatus>();
    check::<HistoryEventType>();
    check::<IncludedData>();
    check::<InspectionLevel>();
    check::<KmsKeyState>();
    check::<LogLevel>();
    check::<MapRunStatus>();
    check::<MockResponseValidationMode>();
    check::<StateMachineStatus>();
    check::<StateMachineType>();
    check::<SyncExecutionStatus>();
    check::<TestExecutionStatus>();
    check::<ValidateStateMachineDefinitionResultCode>();
    check::<ValidateStateMachineDefinitionSeverity>();
    check::<ValidationExceptionReason>();
}

/// Answers one request with this status and body, and gives what it was asked.
fn serve(status: &str, body: &str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        // All bodies of these tests end the request with a brace.
        while !asked.ends_with(b"}") {
            let mut chunk = [0; 4096];
            let length = stream.read(&mut chunk).unwrap();
            assert!(length > 0, "closed early");
            asked.extend_from_slice(&chunk[..length]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (endpoint, asked)
}

#[test]
fn client_sends_and_reads() {
    let (endpoint, asked) =
        serve("200 OK", r#"{"executionArn":"e","startDate":1.686509515191E9,"later":{}}"#);
    let client = Client::builder().endpoint(endpoint).region("eu-west-1").build().unwrap();
    let call = client.start_execution().state_machine_arn("m").input("{}");
    let output = run(call.send()).unwrap();
    assert_eq!((output.execution_arn.as_str(), output.start_date.as_millis()), ("e", 1_686_509_515_191));
    let asked = asked.join().unwrap();
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, r#"{"input":"{}","stateMachineArn":"m"}"#);
    let head = head.to_lowercase();
    for expected in [
        "post / http/1.1",
        "x-amz-target: awsstepfunctions.startexecution",
        "content-type: application/x-amz-json-1.0",
        "content-length: 36",
        "/eu-west-1/states/aws4_request, signedheaders=host, signature=0000",
    ] {
        assert!(head.contains(expected), "{expected} in {head}");
    }
}

#[test]
fn client_signs() {
    let (endpoint, asked) = serve("200 OK", r#"{"activities":[]}"#);
    let credentials = Credentials::new("AKIDCI", "secret").with_session_token("session");
    let client =
        Client::builder().endpoint(&endpoint).region("eu-west-1").credentials(credentials).build().unwrap();
    run(client.list_activities().send()).unwrap();
    let asked = asked.join().unwrap();
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    let headers: BTreeMap<&str, String> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| SIGNED.split(';').any(|signed| signed == *name))
        .map(|(name, value)| (name, value.to_owned()))
        .collect();
    assert_eq!(headers["host"], endpoint.strip_prefix("http://").unwrap());
    assert_eq!(headers["x-amz-security-token"], "session");
    let time = headers["x-amz-date"].clone();
    let scope = Scope { day: &time[..8], region: "eu-west-1", service: "states" };
    let headers: Vec<_> = headers.into_iter().collect();
    let (method, path, body_hash) = ("POST", "/", sigv4::hash(body.as_bytes()));
    let text = Canonical { method, path, query: "", headers: &headers, body_hash: &body_hash }.text();
    let text = sigv4::text_to_sign(&time, scope, &text);
    let signature = sigv4::signature(&sigv4::key("secret", scope), &text);
    let expected = format!("Credential=AKIDCI/{scope}, SignedHeaders={SIGNED}, Signature={signature}");
    assert!(head.contains(&expected), "{expected} in {head}");
}

const SIGNED: &str = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";

#[test]
fn client_reads_errors() {
    let body = r#"{"__type":"com.amazonaws.swf.service.v2.model#ValidationException","message":"m","reason":"MISSING_PARAMETER"}"#;
    let (endpoint, asked) = serve("400 Bad Request", body);
    let client = Client::new(&endpoint).unwrap();
    let error = run(client.redrive_execution().execution_arn("e").send()).unwrap_err();
    let expected = ValidationException {
        message: Some("m".into()),
        reason: Some(enums::ValidationExceptionReason::Unknown("MISSING_PARAMETER".into())),
    };
    assert_eq!(error.as_service_error(), Some(&RedriveExecutionError::ValidationException(expected)));
    assert_eq!(error.to_string(), "ValidationException: m");
    // The token that was not given is a UUID.
    let asked = asked.join().unwrap();
    let token = asked.split("\"clientToken\":\"").nth(1).unwrap();
    assert_eq!(token.find('"'), Some(36), "{asked}");
    assert!(!asked.to_lowercase().contains("authorization"));
}

#[test]
fn client_finds_what_is_missing() {
    let client = Client::new("http://127.0.0.1:1").unwrap();
    let error = run(client.start_execution().send()).unwrap_err();
    assert!(matches!(error, client::Error::Input(_)), "{error}");
    let error = run(client.start_execution().state_machine_arn("m").send()).unwrap_err();
    assert!(matches!(error, client::Error::Exchange(_)), "{error}");
    assert!(error.to_string().starts_with("cannot send the request"), "{error}");
}
