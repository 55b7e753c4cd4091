//! Task states, and the `Retry` and `Catch` that they share with Parallel and Map.

use std::sync::Arc;

use super::fields::{EMPTY, Fields, MAX_NUMBER, Table, each, expected};
use super::jsonata::Given;
use super::location::Location;
use super::state::{exit, next, number, transition};
use super::unbuilt::{self, Unbuilt};
use super::{Block, Parser, Read, Refused};
use crate::asl::definition::{Catcher, Kind, Pattern, Resource, Retrier, Seconds, Task};
use crate::expr::query::Place;
use crate::json::Value;

/// The longest `MaxDelaySeconds`: 366 days.
const MAX_DELAY_SECONDS: u64 = 31_622_400;

/// Reads the fields of a Task.
pub(super) fn task(parser: &mut Parser, block: &mut Block<'_>, fields: &mut Fields<'_>) -> Read<Kind> {
    let required = fields.require(parser, &["Resource"]);
    let resource = resource(parser, fields);
    let timeout = seconds(parser, fields, "TimeoutSeconds", "TimeoutSecondsPath");
    let heartbeat = seconds(parser, fields, "HeartbeatSeconds", "HeartbeatSecondsPath");
    let retriers = retriers(parser, fields);
    let catchers = catchers(parser, block, fields);
    let transition = transition(parser, block, fields);
    let (timeout, heartbeat) = (timeout?, heartbeat?);
    check_limits(parser, fields, timeout.as_ref(), heartbeat.as_ref())?;
    required?;
    Ok(Kind::Task(Box::new(Task {
        resource: resource?,
        timeout,
        heartbeat,
        retriers: retriers?,
        catchers: catchers?,
        transition: transition?,
    })))
}

/// A number of seconds that is given, or found by a path or a query.
fn seconds(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    fixed: &'static str,
    found: &'static str,
) -> Read<Option<Seconds>> {
    let alone = fields.at_most_one(parser, &[fixed, found]);
    let number = number(parser, fields, fixed, 1..=MAX_NUMBER);
    let path = fields.value_path(parser, found);
    alone?;
    let number = number?.map(|given| match given {
        Given::Fixed(seconds) => Seconds::Fixed(seconds),
        Given::Query(query) => Seconds::Query(query),
    });
    Ok(path?.map(Seconds::Path).or(number))
}

/// A heartbeat that is due after the task has timed out is never missed.
fn check_limits(
    parser: &mut Parser,
    fields: &Fields<'_>,
    timeout: Option<&Seconds>,
    heartbeat: Option<&Seconds>,
) -> Read<()> {
    match (timeout, heartbeat) {
        (Some(Seconds::Fixed(timeout)), Some(Seconds::Fixed(heartbeat))) if heartbeat >= timeout => {
            let message = "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'";
            Err(parser.refuse(&fields.at("HeartbeatSeconds"), message))
        }
        _ => Ok(()),
    }
}

/// Who does the work, and `Credentials`, which depend on it.
pub(super) fn resource(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Resource> {
    let Some(arn) = fields.string(parser, "Resource")? else {
        return Err(Refused);
    };
    let target = Target::of(arn);
    let credentials = credentials(parser, fields, target);
    let resource = match target {
        Some(Target::Activity) if parser.options.express => {
            Err(parser.refuse(&fields.at("Resource"), "Express state machine does not support Activity ARN"))
        }
        Some(Target::Activity) => Ok(Resource::Activity { arn: Arc::clone(arn) }),
        Some(Target::Integration(action)) => integration(parser, &fields.at("Resource"), arn, action),
        Some(Target::Function) => Ok(Resource::Lambda { arn: Arc::clone(arn) }),
        Some(Target::Other) => Err(unrecognized(parser, &fields.at("Resource"), arn)),
        None => Err(parser.refuse(&fields.at("Resource"), "Value is not a valid resource ARN")),
    };
    credentials.and(resource)
}

fn credentials(parser: &mut Parser, fields: &mut Fields<'_>, target: Option<Target<'_>>) -> Read<()> {
    let Some(credentials) = fields.get("Credentials") else {
        return Ok(());
    };
    let place = fields.at("Credentials");
    let role = credentials.get("RoleArn").or_else(|| credentials.get("RoleArn.$"));
    Err(match (target, role) {
        (Some(Target::Activity), _) => {
            parser.refuse(&place, "The field 'Credentials' is not supported for activities")
        }
        (_, None) => parser.refuse(&place, "The field 'RoleArn' is required but was missing"),
        (_, Some(_)) => return unbuilt::check(parser, &place, Unbuilt::Field("Credentials")),
    })
}

/// What an ARN in `Resource` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target<'a> {
    /// `arn:‹p›:states:‹region›:‹account›:activity:‹name›`
    Activity,
    /// `arn:‹p›:lambda:‹region›:‹account›:function:‹name›`
    Function,
    /// `arn:‹p›:states:::‹action›`
    Integration(&'a str),
    /// Any other ARN.
    Other,
}

impl Target<'_> {
    /// `None` for what is no ARN.
    fn of(arn: &str) -> Option<Target<'_>> {
        let mut parts = arn.splitn(6, ':');
        let (head, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        if head != "arn" || partition.is_empty() {
            return None;
        }
        let owned = !region.is_empty() && !account.is_empty();
        let named = |kind: &str| resource.strip_prefix(kind).is_some_and(|name| !name.is_empty());
        Some(match service {
            "states" if owned && named("activity:") => Target::Activity,
            "lambda" if owned && named("function:") => Target::Function,
            "states" if region.is_empty() && account.is_empty() => Target::Integration(resource),
            _ => Target::Other,
        })
    }
}

/// An integration, or why it cannot be used: by an Express machine, by anybody, or not yet.
fn integration(parser: &mut Parser, place: &Location<'_>, arn: &str, action: &str) -> Read<Resource> {
    let (call, pattern) = action.split_once('.').unwrap_or((action, ""));
    Err(match pattern {
        "sync" | "sync:2" if parser.options.express => {
            parser.refuse(place, "Express state machine does not support '.sync' service integration")
        }
        // The blank at the end is the service's.
        "waitForTaskToken" if parser.options.express => parser
            .refuse(place, "Express state machine does not support '.waitForTaskToken' service integration "),
        _ if !integrates(call, pattern) => unrecognized(parser, place, arn),
        _ => {
            if !BUILT.contains(&call) {
                unbuilt::check(parser, place, Unbuilt::Resource(arn))?;
            }
            // The service of `aws-sdk:s3:getObject` is `aws-sdk:s3` (recorded).
            let (service, _) = call.rsplit_once(':').unwrap_or((call, ""));
            let action = action.get(service.len() + 1..).unwrap_or_default();
            let pattern = Pattern::of(action);
            return Ok(Resource::Service { service: service.into(), action: action.into(), pattern });
        }
    })
}

/// The integrations that gradus runs.
const BUILT: &[&str] = &["lambda:invoke", "states:startExecution"];

/// Whether gradus does the work of a task, or else why not. To be asked of a machine that is only tried.
pub fn runs(resource: &Resource) -> Result<(), String> {
    let Resource::Service { service, action, .. } = resource else { return Ok(()) };
    let (call, _) = action.split_once('.').unwrap_or((action, ""));
    if BUILT.contains(&&*format!("{service}:{call}")) {
        return Ok(());
    }
    Err(unbuilt::message(Unbuilt::Resource(&format!("arn:aws:states:::{service}:{action}"))))
}

fn unrecognized(parser: &mut Parser, place: &Location<'_>, arn: &str) -> Refused {
    let message = format!(
        "The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource \
         is not available in this region."
    );
    parser.refuse(place, message)
}

/// Whether the service has this integration: `‹service›:‹action›` and what follows its first dot.
fn integrates(call: &str, pattern: &str) -> bool {
    let Some((service, action)) = call.split_once(':') else {
        return false;
    };
    if service == "aws-sdk" {
        let named =
            action.split_once(':').is_some_and(|(service, action)| !service.is_empty() && !action.is_empty());
        return named && matches!(pattern, "" | "waitForTaskToken");
    }
    let Some((_, actions, patterns)) = INTEGRATIONS.iter().find(|(name, ..)| *name == service) else {
        return false;
    };
    // Without a list, the actions are too many to hold here.
    let known = if actions.is_empty() { !action.is_empty() } else { actions.contains(&action) };
    known && (pattern.is_empty() || patterns.contains(&pattern))
}

/// The optimised integrations: service, actions, patterns besides request and response.
/// Source: the guide's table, patterns measured with the service's validator, 2026-09.
const INTEGRATIONS: &[(&str, &[&str], &[&str])] = &[
    ("apigateway", &["invoke"], &["waitForTaskToken"]),
    (
        "athena",
        &["startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"],
        &["sync"],
    ),
    ("batch", &["submitJob"], &["sync"]),
    ("bedrock", &["invokeModel", "createModelCustomizationJob"], &["sync", "waitForTaskToken"]),
    ("codebuild", &[], &["sync"]),
    ("databrew", &["startJobRun"], &["sync"]),
    ("dynamodb", &["getItem", "putItem", "updateItem", "deleteItem"], &[]),
    ("ecs", &["runTask"], &["sync", "waitForTaskToken"]),
    ("eks", &[], &["sync", "waitForTaskToken"]),
    ("elasticmapreduce", &[], &["sync"]),
    ("emr-containers", &[], &["sync"]),
    ("emr-serverless", &[], &["sync"]),
    ("events", &["putEvents"], &["waitForTaskToken"]),
    ("glue", &["startJobRun"], &["sync"]),
    ("http", &["invoke"], &[]),
    ("lambda", &["invoke"], &["waitForTaskToken"]),
    ("mediaconvert", &["createJob"], &["sync"]),
    ("sagemaker", &[], &["sync"]),
    ("sns", &["publish"], &["waitForTaskToken"]),
    ("sqs", &["sendMessage"], &["waitForTaskToken"]),
    ("states", &["startExecution"], &["sync", "sync:2", "waitForTaskToken"]),
];

/// `Retry`.
pub(super) fn retriers(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Vec<Retrier>> {
    let entries = fields.array(parser, "Retry")?.unwrap_or_default();
    let place = fields.at("Retry");
    each(entries.iter().enumerate().map(|(index, entry)| {
        let last = index + 1 == entries.len();
        retrier(parser, entry, place.item(index), last)
    }))
}

fn retrier(parser: &mut Parser, entry: &Value, location: Location<'_>, last: bool) -> Read<Retrier> {
    const TABLE: Table = &[
        &[
            "ErrorEquals",
            "IntervalSeconds",
            "MaxAttempts",
            "BackoffRate",
            "MaxDelaySeconds",
            "JitterStrategy",
        ],
        &["Comment"],
    ];
    let mut fields = Fields::open(parser, entry, location, TABLE)?;
    let required = fields.require(parser, &["ErrorEquals"]);
    let comment = fields.string(parser, "Comment");
    let errors = error_equals(parser, &mut fields, last);
    // The guide starts at 1; the service takes 0, and so a retry at once.
    let interval_seconds = fields.integer(parser, "IntervalSeconds", 0..=MAX_NUMBER);
    let max_attempts = fields.integer(parser, "MaxAttempts", 0..=MAX_NUMBER);
    let backoff_rate = fields.number(parser, "BackoffRate", 1);
    let max_delay_seconds = fields.integer(parser, "MaxDelaySeconds", 1..=MAX_DELAY_SECONDS);
    let jitter = fields.word(parser, "JitterStrategy", &["NONE", "FULL"]);
    fields.close(parser)?;
    required?;
    comment?;
    Ok(Retrier {
        errors: errors?,
        interval_seconds: interval_seconds?.unwrap_or(1),
        max_attempts: max_attempts?.map_or(3, |number| u32::try_from(number).unwrap_or(u32::MAX)),
        backoff_rate: backoff_rate?.unwrap_or(2.0),
        max_delay_seconds: max_delay_seconds?,
        full_jitter: jitter? == Some("FULL"),
    })
}

/// `Catch`.
pub(super) fn catchers(
    parser: &mut Parser,
    block: &mut Block<'_>,
    fields: &mut Fields<'_>,
) -> Read<Vec<Catcher>> {
    let entries = match fields.array(parser, "Catch") {
        Ok(entries) => entries.unwrap_or_default(),
        Err(refused) => {
            block.incomplete = true;
            return Err(refused);
        }
    };
    let place = fields.at("Catch");
    each(entries.iter().enumerate().map(|(index, entry)| {
        let last = index + 1 == entries.len();
        catcher(parser, block, entry, place.item(index), last)
    }))
}

fn catcher(
    parser: &mut Parser,
    block: &mut Block<'_>,
    entry: &Value,
    location: Location<'_>,
    last: bool,
) -> Read<Catcher> {
    const TABLE: Table = &[&["ErrorEquals", "Next", "ResultPath", "Output", "Assign", "Comment"]];
    let opened = Fields::open(parser, entry, location, TABLE);
    block.incomplete |= opened.is_err();
    let mut fields = opened?;
    fields.refuse_other_language(parser);
    let required = fields.require(parser, &["ErrorEquals", "Next"]);
    let comment = fields.string(parser, "Comment");
    let errors = error_equals(parser, &mut fields, last);
    let next = next(parser, block, &mut fields, "Next");
    block.incomplete |= !fields.has("Next");
    let exit = exit(parser, &mut fields, Place::ErrorOutput);
    fields.close(parser)?;
    required?;
    comment?;
    Ok(Catcher { errors: errors?, exit: exit?, next: next?.ok_or(Refused)? })
}

/// The names of a retrier or a catcher, `last` of its list or not.
fn error_equals(parser: &mut Parser, fields: &mut Fields<'_>, last: bool) -> Read<Vec<Arc<str>>> {
    let Some(entries) = fields.array(parser, "ErrorEquals")? else {
        return Err(Refused);
    };
    let place = fields.at("ErrorEquals");
    if entries.is_empty() {
        return Err(parser.refuse(&place, EMPTY));
    }
    let errors = each(entries.iter().enumerate().map(|(index, entry)| match entry {
        Value::String(name) => Ok(Arc::clone(name)),
        _ => Err(parser.refuse(&place.item(index), expected("[STRING]"))),
    }))?;
    let wildcard = errors.iter().any(|name| &**name == "States.ALL");
    if wildcard && (errors.len() > 1 || !last) {
        return Err(parser.refuse(&place, "States.ALL must appear alone and at end of list"));
    }
    Ok(errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources() {
        let cases: &[(&str, Option<Target<'_>>)] = &[
            ("arn:aws:states:us-east-1:123456789012:activity:a", Some(Target::Activity)),
            ("arn:aws-cn:states:cn-north-1:123456789012:activity:a:b", Some(Target::Activity)),
            ("arn:aws:states:us-east-1:123456789012:activity:", Some(Target::Other)),
            ("arn:aws:states:::activity:a", Some(Target::Integration("activity:a"))),
            ("arn:aws:states:us-east-1:123456789012:stateMachine:a", Some(Target::Other)),
            ("arn:aws:lambda:us-east-1:123456789012:function:f:1", Some(Target::Function)),
            (
                "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                Some(Target::Integration("sqs:sendMessage.waitForTaskToken")),
            ),
            ("arn:aws:s3:::bucket", Some(Target::Other)),
            ("arn:aws:states:us-east-1", None),
            ("arn:aws", None),
            ("activity:a", None),
            ("ARN:aws:states:us-east-1:123456789012:activity:a", None),
            ("", None),
        ];
        for (arn, expected) in cases {
            assert_eq!(Target::of(arn), *expected, "{arn}");
        }
    }

    #[test]
    fn integrations() {
        let cases = [
            ("lambda:invoke", "", true),
            ("lambda:invoke", "waitForTaskToken", true),
            ("lambda:invoke", "sync", false),
            ("lambda:call", "", false),
            ("dynamodb:query", "", false),
            ("dynamodb:putItem", "waitForTaskToken", false),
            ("states:startExecution", "sync:2", true),
            ("ecs:runTask", "sync:2", false),
            ("eks:createCluster", "sync", true),
            ("eks:", "", false),
            ("aws-sdk:s3:getObject", "", true),
            ("aws-sdk:s3:getObject", "waitForTaskToken", true),
            ("aws-sdk:s3:getObject", "sync", false),
            ("aws-sdk:s3", "", false),
            ("aws-sdk::x", "", false),
            ("activity:a", "", false),
            ("lambda", "", false),
        ];
        for (call, pattern, expected) in cases {
            assert_eq!(integrates(call, pattern), expected, "{call} {pattern}");
        }
    }
}
