//! All operations and errors of gradus with the crate `aws-sdk-sfn`.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::config::Credentials;
use aws_sdk_sfn::config::retry::RetryConfig;
use aws_sdk_sfn::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sfn::types::{
    EncryptionConfiguration, EncryptionType, ExecutionRedriveStatus, ExecutionStatus, HistoryEventType,
    IncludedData, LogLevel, LoggingConfiguration, RoutingConfigurationListItem, StateMachineStatus,
    StateMachineType, SyncExecutionStatus, Tag, ValidateStateMachineDefinitionResultCode,
};
use aws_smithy_http_client::{Builder, Connector, proxy::ProxyConfig};
use gradus_client_aws_sdk_sfn::{client, settings};

const ROLE: &str = "arn:aws:iam::000000000000:role/test";
const PASS: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#;
const NIGHT: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":30000,"End":true}}}"#;
const NAP: &str = r#"{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":1,"End":true}}}"#;

fn endpoint() -> String {
    std::env::var("GRADUS_ENDPOINT").expect("GRADUS_ENDPOINT is the server's address")
}

fn here() -> Client {
    client(&endpoint())
}

/// A name that no other test has.
fn name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("rust-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn task(activity: &str) -> String {
    format!(r#"{{"StartAt":"A","States":{{"A":{{"Type":"Task","Resource":"{activity}","End":true}}}}}}"#)
}

async fn machine(client: &Client, definition: &str, kind: StateMachineType) -> String {
    let made = client.create_state_machine().name(name()).role_arn(ROLE).definition(definition).r#type(kind);
    made.send().await.unwrap().state_machine_arn
}

/// The error that the service answered with; `known` asks whether the client has a type for it.
fn refused<T: std::fmt::Debug, E>(
    answer: Result<T, SdkError<E>>,
    code: &str,
    known: impl Fn(&E) -> bool,
) -> String
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let error = answer.expect_err(code);
    let status = error.raw_response().map(|response| response.status().as_u16());
    let error = match error.as_service_error() {
        Some(error) => error,
        None => panic!("{}", DisplayErrorContext(&error)),
    };
    assert_eq!((error.code(), status), (Some(code), Some(400)), "{error:?}");
    assert!(known(error), "the client has a type for {error:?}");
    error.message().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn activities_and_tags() {
    let client = here();
    let name = name();
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let made = client.create_activity().name(&name).tags(tag("k", "v")).send().await.unwrap();
    let again = client.create_activity().name(&name).send().await.unwrap();
    assert_eq!((&again.activity_arn, again.creation_date), (&made.activity_arn, made.creation_date));
    let arn = made.activity_arn;
    let key = EncryptionConfiguration::builder().r#type(EncryptionType::CustomerManagedKmsKey);
    let other = client.create_activity().name(&name);
    let with_key = other.clone().encryption_configuration(key.clone().kms_key_id("key").build().unwrap());
    refused(with_key.send().await, "ActivityAlreadyExists", |it| it.is_activity_already_exists());
    let without = other.encryption_configuration(key.build().unwrap()).send().await;
    refused(without, "InvalidEncryptionConfiguration", |it| it.is_invalid_encryption_configuration());
    let message =
        refused(client.create_activity().name("a b").send().await, "InvalidName", |it| it.is_invalid_name());
    assert_eq!(message, "Invalid Name: 'a b'");
    let described = client.describe_activity().activity_arn(&arn).send().await.unwrap();
    assert_eq!((described.name, described.creation_date), (name, made.creation_date));
    let pages = client.list_activities().into_paginator().page_size(1000).items().send();
    assert!(pages.try_collect().await.unwrap().iter().any(|item| item.activity_arn == arn));
    let garbage = client.list_activities().next_token("garbage").send().await;
    refused(garbage, "InvalidToken", |it| it.is_invalid_token());

    client.tag_resource().resource_arn(&arn).tags(tag("l", "")).tags(tag("k", "w")).send().await.unwrap();
    client.untag_resource().resource_arn(&arn).tag_keys("k").tag_keys("absent").send().await.unwrap();
    let tags = client.list_tags_for_resource().resource_arn(&arn).send().await.unwrap().tags.unwrap();
    assert_eq!(tags, [tag("l", "")]);
    let many = (0..50).map(|number| tag(&number.to_string(), "")).collect();
    let many = client.tag_resource().resource_arn(&arn).set_tags(Some(many)).send().await;
    refused(many, "TooManyTags", |it| it.is_too_many_tags());
    let absent = client.list_tags_for_resource().resource_arn(format!("{arn}x")).send().await;
    refused(absent, "ResourceNotFound", |it| it.is_resource_not_found());

    client.delete_activity().activity_arn(&arn).send().await.unwrap();
    client.delete_activity().activity_arn(&arn).send().await.unwrap();
    let gone = client.describe_activity().activity_arn(&arn).send().await;
    let message = refused(gone, "ActivityDoesNotExist", |it| it.is_activity_does_not_exist());
    assert_eq!(message, format!("Activity Does Not Exist: '{arn}'"));
}

#[tokio::test]
async fn state_machines() {
    let client = here();
    let name = name();
    let new = client.create_state_machine().name(&name).role_arn(ROLE);
    let bad = new.clone().definition("{}").send().await;
    let message = refused(bad, "InvalidDefinition", |it| it.is_invalid_definition());
    assert!(message.starts_with("Invalid State Machine Definition: '"), "{message}");
    let logging = LoggingConfiguration::builder().level(LogLevel::All).build();
    let unlogged = new.clone().definition(PASS).logging_configuration(logging).send().await;
    refused(unlogged, "InvalidLoggingConfiguration", |it| it.is_invalid_logging_configuration());
    let described = new.clone().definition(PASS).version_description("d").send().await;
    refused(described, "ValidationException", |it| it.is_validation_exception());
    let made = new.clone().definition(PASS).send().await.unwrap();
    let arn = made.state_machine_arn;
    let other = new.definition(NAP).send().await;
    refused(other, "StateMachineAlreadyExists", |it| it.is_state_machine_already_exists());
    let described = client.describe_state_machine().state_machine_arn(&arn).send().await.unwrap();
    assert_eq!(
        (described.status, described.r#type),
        (Some(StateMachineStatus::Active), StateMachineType::Standard)
    );
    assert_eq!((&*described.definition, described.revision_id), (PASS, None));
    let metadata = client.describe_state_machine().state_machine_arn(&arn);
    let metadata = metadata.included_data(IncludedData::MetadataOnly).send().await.unwrap();
    assert_eq!(metadata.definition, "{}");
    let none = client.update_state_machine().state_machine_arn(&arn).send().await;
    refused(none, "MissingRequiredParameter", |it| it.is_missing_required_parameter());
    let updated = client.update_state_machine().state_machine_arn(&arn).definition(NAP).send().await.unwrap();
    assert!(updated.revision_id.is_some());
    let pages = client.list_state_machines().into_paginator().items().send();
    assert!(pages.try_collect().await.unwrap().iter().any(|item| item.state_machine_arn == arn));
    let absent = client.describe_state_machine().state_machine_arn(format!("{arn}x")).send().await;
    refused(absent, "StateMachineDoesNotExist", |it| it.is_state_machine_does_not_exist());
    let validated = client.validate_state_machine_definition().definition("{}").send().await.unwrap();
    assert_eq!(validated.result, ValidateStateMachineDefinitionResultCode::Fail);
    client.delete_state_machine().state_machine_arn(&arn).send().await.unwrap();
    client.delete_state_machine().state_machine_arn(&arn).send().await.unwrap();
}

#[tokio::test]
async fn versions_and_aliases() {
    let client = here();
    let arn = machine(&client, PASS, StateMachineType::Standard).await;
    let publish = client.publish_state_machine_version().state_machine_arn(&arn);
    let stale = publish.clone().revision_id("x").send().await;
    refused(stale, "ConflictException", |it| it.is_conflict_exception());
    let version = publish.send().await.unwrap().state_machine_version_arn;
    let versions = client.list_state_machine_versions().state_machine_arn(&arn).send().await.unwrap();
    assert_eq!(versions.state_machine_versions.len(), 1);
    let route = |weight| {
        RoutingConfigurationListItem::builder()
            .state_machine_version_arn(&version)
            .weight(weight)
            .build()
            .unwrap()
    };
    let short = client.create_state_machine_alias().name("a").routing_configuration(route(99)).send().await;
    let message = refused(short, "ValidationException", |it| it.is_validation_exception());
    assert_eq!(message, "Sum of routing configuration weights must equal 100. Received: [99]");
    let alias = client.create_state_machine_alias().name("a").routing_configuration(route(100));
    let alias = alias.send().await.unwrap().state_machine_alias_arn;
    client
        .update_state_machine_alias()
        .state_machine_alias_arn(&alias)
        .description("d")
        .send()
        .await
        .unwrap();
    let described =
        client.describe_state_machine_alias().state_machine_alias_arn(&alias).send().await.unwrap();
    assert_eq!(
        (described.description.as_deref(), described.routing_configuration),
        (Some("d"), Some(vec![route(100)]))
    );
    let aliases = client.list_state_machine_aliases().state_machine_arn(&version).send().await.unwrap();
    assert_eq!(aliases.state_machine_aliases.len(), 1);
    let started = client.start_execution().state_machine_arn(&alias).send().await.unwrap().execution_arn;
    let described = client.describe_execution().execution_arn(&started).send().await.unwrap();
    assert_eq!(described.state_machine_alias_arn, Some(alias.clone()));
    let held = client.delete_state_machine_version().state_machine_version_arn(&version).send().await;
    refused(held, "ConflictException", |it| it.is_conflict_exception());
    client.delete_state_machine_alias().state_machine_alias_arn(&alias).send().await.unwrap();
    client.delete_state_machine_version().state_machine_version_arn(&version).send().await.unwrap();
    let gone = client.describe_state_machine_alias().state_machine_alias_arn(&alias).send().await;
    refused(gone, "ResourceNotFound", |it| it.is_resource_not_found());
}

#[tokio::test]
async fn executions() {
    let client = here();
    let activity = client.create_activity().name(name()).send().await.unwrap().activity_arn;
    let arn = machine(&client, &task(&activity), StateMachineType::Standard).await;
    let start = client.start_execution().state_machine_arn(&arn).name("one");
    let one = start.clone().input("{ \"n\": 1.0 }").send().await.unwrap();
    let other = start.clone().input("1").send().await;
    refused(other, "ExecutionAlreadyExists", |it| it.is_execution_already_exists());
    let no_json = client.start_execution().state_machine_arn(&arn).input("no json").send().await;
    refused(no_json, "InvalidExecutionInput", |it| it.is_invalid_execution_input());
    let arn_of = |what: &str| format!("{what}x");
    let absent = client.describe_execution().execution_arn(arn_of(&one.execution_arn)).send().await;
    refused(absent, "ExecutionDoesNotExist", |it| it.is_execution_does_not_exist());
    let wrong = client.start_execution().state_machine_arn(&one.execution_arn).send().await;
    refused(wrong, "InvalidArn", |it| it.is_invalid_arn());

    let of_one = client.describe_state_machine_for_execution().execution_arn(&one.execution_arn).send();
    assert_eq!(of_one.await.unwrap().state_machine_arn, arn);
    let taken = client.get_activity_task().activity_arn(&activity).worker_name("w").send().await.unwrap();
    let (token, input) = (taken.task_token.unwrap(), taken.input.unwrap());
    assert_eq!(input, "{ \"n\": 1.0 }");
    client.send_task_heartbeat().task_token(&token).send().await.unwrap();
    let no_json = client.send_task_success().task_token(&token).output("no json").send().await;
    refused(no_json, "InvalidOutput", |it| it.is_invalid_output());
    client.send_task_success().task_token(&token).output("{\"é\": 1}").send().await.unwrap();
    let late = client.send_task_heartbeat().task_token(&token).send().await;
    refused(late, "TaskTimedOut", |it| it.is_task_timed_out());
    let garbage = client.send_task_failure().task_token("garbage").send().await;
    refused(garbage, "InvalidToken", |it| it.is_invalid_token());
    let described = client.describe_execution().execution_arn(&one.execution_arn).send().await.unwrap();
    assert_eq!(
        (described.status, described.output.as_deref()),
        (ExecutionStatus::Succeeded, Some("{\"é\": 1}"))
    );
    let history = client.get_execution_history().execution_arn(&one.execution_arn).into_paginator();
    let history = history.page_size(2).items().send().try_collect().await.unwrap();
    assert_eq!(history.iter().map(|event| event.id).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
    assert_eq!(history[0].r#type, HistoryEventType::ExecutionStarted);

    let two = client.start_execution().state_machine_arn(&arn).send().await.unwrap().execution_arn;
    let token = client.get_activity_task().activity_arn(&activity).send().await.unwrap().task_token.unwrap();
    client.send_task_failure().task_token(&token).error("E").cause("C").send().await.unwrap();
    let described = client.describe_execution().execution_arn(&two).send().await.unwrap();
    assert_eq!((described.error.as_deref(), described.cause.as_deref()), (Some("E"), Some("C")));
    assert_eq!(described.redrive_status, Some(ExecutionRedriveStatus::Redrivable));
    let three = client.start_execution().state_machine_arn(&arn).send().await.unwrap().execution_arn;
    client.stop_execution().execution_arn(&three).send().await.unwrap();
    let all = client.list_executions().state_machine_arn(&arn).into_paginator().page_size(2).items().send();
    assert_eq!(all.try_collect().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_poll_waits_for_its_task_and_ends_by_itself_without_one() {
    let client = here();
    let idle = client.create_activity().name(name()).send().await.unwrap().activity_arn;
    let idle = client.get_activity_task().activity_arn(idle);
    let in_vain = tokio::spawn(async move { idle.send().await });
    let activity = client.create_activity().name(name()).send().await.unwrap().activity_arn;
    let poll = client.get_activity_task().activity_arn(&activity);
    let polled = tokio::spawn(async move { poll.send().await });
    let arn = machine(&client, &task(&activity), StateMachineType::Standard).await;
    client.start_execution().state_machine_arn(arn).send().await.unwrap();
    assert!(polled.await.unwrap().unwrap().task_token.is_some());
    let nothing = in_vain.await.unwrap().unwrap();
    assert_eq!((nothing.task_token, nothing.input), (None, None));
}

#[tokio::test]
async fn express_machines() {
    let client = here();
    let arn = machine(&client, PASS, StateMachineType::Express).await;
    let ended = client.start_sync_execution().state_machine_arn(&arn).input("[1]").send().await.unwrap();
    assert_eq!((ended.status, ended.output.as_deref()), (SyncExecutionStatus::Succeeded, Some("[1]")));
    assert_eq!(ended.billing_details.unwrap().billed_memory_used_in_mb, 64);
    let listed = client.list_executions().state_machine_arn(&arn).send().await;
    refused(listed, "StateMachineTypeNotSupported", |it| it.is_state_machine_type_not_supported());
}

/// The client as it is, without a change: a request for `sync-localhost` gets to the server by whatever leads there.
/// Here the server plays the proxy, which asks for no name.
#[tokio::test]
async fn with_the_host_prefix() {
    let direct = here();
    let arn = machine(&direct, PASS, StateMachineType::Express).await;
    let settings = settings(&endpoint().replace("127.0.0.1", "localhost"));
    let http = Builder::new().build_with_connector_fn(|_, _| {
        Connector::builder().proxy_config(ProxyConfig::http(endpoint()).unwrap()).build_http()
    });
    let prefixing = Client::from_conf(settings.http_client(http).build());
    let ended = prefixing.start_sync_execution().state_machine_arn(arn).send().await.unwrap();
    assert_eq!(ended.status, SyncExecutionStatus::Succeeded);
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    for (key, secret, code) in
        [("test", "wrong", "InvalidSignatureException"), ("unknown", "test", "UnrecognizedClientException")]
    {
        let credentials = Credentials::new(key, secret, None, None, "tests");
        let wrong = Client::from_conf(settings(&endpoint()).credentials_provider(credentials).build());
        refused(wrong.list_activities().send().await, code, |_| true);
    }
}

#[tokio::test]
async fn a_throttled_call_is_tried_again() {
    // This server runs one Express execution at a time.
    let narrow = std::env::var("GRADUS_NARROW")
        .expect("GRADUS_NARROW is the address of a server with --max-express 1");
    let client = client(&narrow);
    let arn = machine(&client, NAP, StateMachineType::Express).await;
    let start = |retries: RetryConfig| {
        let start = client.start_sync_execution().state_machine_arn(&arn);
        start.customize().config_override(aws_sdk_sfn::Config::builder().retry_config(retries)).send()
    };
    let patient = RetryConfig::standard().with_max_attempts(20).with_max_backoff(Duration::from_millis(500));
    let (one, other) = tokio::join!(start(patient.clone()), start(patient));
    assert_eq!(
        [one.unwrap().status, other.unwrap().status],
        [SyncExecutionStatus::Succeeded, SyncExecutionStatus::Succeeded]
    );
    let (one, other) = tokio::join!(start(RetryConfig::disabled()), start(RetryConfig::disabled()));
    let message = refused(one.and(other), "ThrottlingException", |_| true);
    assert_eq!(message, "Rate exceeded");
}

#[tokio::test]
async fn redrives_and_map_runs() {
    let client = here();
    let arn = machine(&client, NIGHT, StateMachineType::Standard).await;
    let execution = client.start_execution().state_machine_arn(arn).send().await.unwrap().execution_arn;
    let redrive = client.redrive_execution().execution_arn(&execution);
    let running = redrive.clone().send().await;
    let message = refused(running, "ExecutionNotRedrivable", |it| it.is_execution_not_redrivable());
    assert_eq!(message, "Execution is RUNNING and cannot be redriven");
    client.stop_execution().execution_arn(&execution).send().await.unwrap();
    let once = redrive.clone().client_token("once");
    let redriven = once.clone().send().await.unwrap().redrive_date;
    assert_eq!(once.send().await.unwrap().redrive_date, redriven);
    let described = client.describe_execution().execution_arn(&execution).send().await.unwrap();
    assert_eq!((described.status, described.redrive_count), (ExecutionStatus::Running, Some(1)));
    let map_runs = client.list_map_runs().execution_arn(&execution).into_paginator().items().send();
    assert_eq!(map_runs.try_collect().await.unwrap().len(), 0);
    let map_run = "arn:aws:states:us-east-1:000000000000:mapRun:m/l:x";
    let absent = client.describe_map_run().map_run_arn(map_run).send().await;
    refused(absent, "ResourceNotFound", |it| it.is_resource_not_found());
    let absent = client.update_map_run().map_run_arn(map_run).max_concurrency(1).send().await;
    refused(absent, "ResourceNotFound", |it| it.is_resource_not_found());
}

#[tokio::test]
async fn a_state_by_itself() {
    let client = here();
    let definition = r#"{"Type":"Pass","Result":[1],"Next":"B"}"#;
    let tested = client.test_state().definition(definition).role_arn(ROLE).send().await.unwrap();
    assert_eq!((tested.output.as_deref(), tested.next_state.as_deref()), (Some("[1]"), Some("B")));
}
