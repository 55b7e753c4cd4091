//! Logging, tracing and encryption of a state machine or activity: what is valid, and what is shown of it.
//!
//! They are kept and shown as given, with the defaults filled in. Whether a key exists is another service's
//! knowledge; whether a log group does, is asked where the logs go.

use gradus_api::enums::{EncryptionType, LogLevel};
use gradus_api::errors::{InvalidEncryptionConfiguration, InvalidLoggingConfiguration};
use gradus_api::http::{Fault, RequestContext};
use gradus_api::shapes::{
    EncryptionConfiguration, LogDestination, LoggingConfiguration, TracingConfiguration,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Options, fault};
use crate::store::Error;
use crate::store::logging::Logging;

/// The logging configuration as it is shown. Destinations that were not given stay absent; an empty list
/// stays one (recorded).
pub(super) fn logging(
    given: Option<LoggingConfiguration>,
) -> Result<LoggingConfiguration, InvalidLoggingConfiguration> {
    let given = given.unwrap_or_default();
    let level = given.level.unwrap_or(LogLevel::Off);
    let destinations = given.destinations.as_deref().unwrap_or_default();
    // Two are refused at any level: whoever turns logging on later would find them wrong then.
    let most = destinations.len() <= 1;
    if !most || (level != LogLevel::Off && destinations.is_empty()) {
        return Err(invalid_logging("Must specify exactly one Log Destination."));
    }
    if !destinations.iter().all(is_log_group) {
        return Err(invalid_logging("Log Destination not found."));
    }
    Ok(LoggingConfiguration {
        level: Some(level),
        include_execution_data: Some(given.include_execution_data.unwrap_or_default()),
        destinations: given.destinations,
    })
}

/// Whether logs have somewhere to go; those that are off need no place. A group that is deleted later is missed by
/// nobody (recorded).
pub(super) async fn check_log_group<E>(
    options: &Options,
    context: &RequestContext,
    logging: &LoggingConfiguration,
) -> Result<(), E>
where
    E: From<InvalidLoggingConfiguration> + From<Fault>,
{
    let Some(logging) = Logging::of(&to_row(logging)?) else { return Ok(()) };
    let is_strange = options.accounts_apart && logging.account() != &*context.account;
    let is_there = match &options.logs {
        _ if is_strange => false,
        None => true,
        Some(logs) => logs.has_group(&logging).await,
    };
    if is_there { Ok(()) } else { Err(invalid_logging("Log Destination not found.").into()) }
}

/// The tracing configuration as it is shown.
pub(super) fn tracing(given: Option<TracingConfiguration>) -> TracingConfiguration {
    let enabled = given.and_then(|given| given.enabled).unwrap_or_default();
    TracingConfiguration { enabled: Some(enabled) }
}

/// The encryption configuration as it is shown.
pub(super) fn encryption(
    given: Option<EncryptionConfiguration>,
) -> Result<EncryptionConfiguration, InvalidEncryptionConfiguration> {
    let given = given.unwrap_or_else(|| EncryptionConfiguration::new(EncryptionType::AwsOwnedKey));
    let wants_key = given.r#type == EncryptionType::CustomerManagedKmsKey;
    match given.kms_key_id {
        None if wants_key => {
            Err(invalid_encryption("kmsKeyId is required for the type CUSTOMER_MANAGED_KMS_KEY"))
        }
        Some(_) if !wants_key => {
            Err(invalid_encryption("kmsKeyId must not be given for the type AWS_OWNED_KEY"))
        }
        _ => Ok(given),
    }
}

/// A configuration as the catalogue keeps it.
pub(super) fn to_row(configuration: &impl Serialize) -> Result<Value, Fault> {
    serde_json::to_value(configuration).map_err(|error| fault(Error::Damaged(error.to_string())))
}

/// A configuration from the catalogue.
pub(super) fn from_row<T: DeserializeOwned>(row: &Value) -> Result<T, Fault> {
    T::deserialize(row).map_err(|error| fault(Error::Damaged(error.to_string())))
}

/// `arn:‹partition›:logs:‹region›:‹account›:log-group:‹name›:*`. Source: the API reference.
fn is_log_group(destination: &LogDestination) -> bool {
    let group = destination.cloud_watch_logs_log_group.as_ref();
    let Some(arn) = group.and_then(|group| group.log_group_arn.as_deref()) else { return false };
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(*parts, ["arn", _, "logs", _, _, "log-group", name, "*"] if !name.is_empty())
}

fn invalid_logging(why: &str) -> InvalidLoggingConfiguration {
    InvalidLoggingConfiguration::new(format!("Invalid Logging Configuration: {why}"))
}

fn invalid_encryption(why: &str) -> InvalidEncryptionConfiguration {
    InvalidEncryptionConfiguration::new(format!("Invalid Encryption Configuration: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    const GROUP: &str = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/states/g:*";

    fn check_logging(given: Value, expected: Result<Value, &str>) {
        let read = LoggingConfiguration::deserialize(&given).unwrap();
        let shown = logging(Some(read)).map(|shown| to_row(&shown).unwrap());
        let expected = expected.map_err(invalid_logging);
        assert_eq!(shown, expected, "{given}");
    }

    #[test]
    fn logging_configurations() {
        let to = |arn: &str| json!({"cloudWatchLogsLogGroup": {"logGroupArn": arn}});
        let one = "Must specify exactly one Log Destination.";
        let off = json!({"level": "OFF", "includeExecutionData": false});
        assert_eq!(to_row(&logging(None).unwrap()).unwrap(), off);
        check_logging(json!({}), Ok(off));
        check_logging(
            json!({"destinations": []}),
            Ok(json!({"level": "OFF", "includeExecutionData": false, "destinations": []})),
        );
        for level in ["ALL", "ERROR", "FATAL"] {
            check_logging(json!({"level": level}), Err(one));
            check_logging(json!({"level": level, "destinations": []}), Err(one));
            check_logging(json!({"level": level, "destinations": [to(GROUP), to(GROUP)]}), Err(one));
        }
        check_logging(json!({"destinations": [to(GROUP), to(GROUP)]}), Err(one));
        for level in ["ALL", "OFF"] {
            let given = json!({"level": level, "includeExecutionData": true, "destinations": [to(GROUP)]});
            check_logging(given.clone(), Ok(given));
        }
        for arn in ["x", &GROUP[..GROUP.len() - 2], "arn:aws:logs:us-east-1:000000000000:log-group::*"] {
            check_logging(
                json!({"level": "ALL", "destinations": [to(arn)]}),
                Err("Log Destination not found."),
            );
        }
        check_logging(json!({"level": "ALL", "destinations": [{}]}), Err("Log Destination not found."));
    }

    #[test]
    fn tracing_configurations() {
        for (given, enabled) in
            [(None, false), (Some(None), false), (Some(Some(false)), false), (Some(Some(true)), true)]
        {
            let shown = tracing(given.map(|enabled| TracingConfiguration { enabled }));
            assert_eq!(shown, TracingConfiguration { enabled: Some(enabled) });
        }
    }

    #[test]
    fn encryption_configurations() {
        let check = |given: Value, is_valid: bool| {
            let read = EncryptionConfiguration::deserialize(&given).unwrap();
            let shown = encryption(Some(read)).map(|shown| to_row(&shown).unwrap());
            assert_eq!(shown.ok(), is_valid.then_some(given));
        };
        assert_eq!(to_row(&encryption(None).unwrap()).unwrap(), json!({"type": "AWS_OWNED_KEY"}));
        check(json!({"type": "AWS_OWNED_KEY"}), true);
        check(json!({"kmsKeyId": "k", "type": "AWS_OWNED_KEY"}), false);
        check(json!({"type": "CUSTOMER_MANAGED_KMS_KEY"}), false);
        check(json!({"kmsKeyId": "k", "type": "CUSTOMER_MANAGED_KMS_KEY"}), true);
        let all =
            json!({"kmsDataKeyReusePeriodSeconds": 60, "kmsKeyId": "k", "type": "CUSTOMER_MANAGED_KMS_KEY"});
        check(all, true);
    }
}
