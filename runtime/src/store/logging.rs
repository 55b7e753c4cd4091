//! What a state machine has logged of its executions, read once from the configuration of a revision.

use std::sync::Arc;

use serde_json::Value;

/// The part of a logging configuration that acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// Which events.
    pub level: Level,
    /// With inputs and outputs.
    pub with_data: bool,
    /// The log group, `arn:‹partition›:logs:‹region›:‹account›:log-group:‹name›:*`.
    pub group: Arc<str>,
}

/// Which events are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// All.
    All,
    /// Those that tell of something that went wrong.
    Error,
    /// The end of an execution that went wrong.
    Fatal,
}

impl Logging {
    /// From the API's JSON; `None` if nothing is logged.
    pub fn of(configuration: &Value) -> Option<Logging> {
        let level = match configuration.get("level")?.as_str()? {
            "ALL" => Level::All,
            "ERROR" => Level::Error,
            "FATAL" => Level::Fatal,
            _ => return None,
        };
        let group = configuration.pointer("/destinations/0/cloudWatchLogsLogGroup/logGroupArn")?.as_str()?;
        let with_data = configuration.get("includeExecutionData").and_then(Value::as_bool).unwrap_or(false);
        Some(Logging { level, with_data, group: group.into() })
    }

    /// The name of the log group.
    pub fn group_name(&self) -> &str {
        self.part(6)
    }

    /// The account of the log group.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// The region of the log group.
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The name of a log group holds no colon, nor does anything before it.
    fn part(&self, number: usize) -> &str {
        self.group.split(':').nth(number).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_logged() {
        let arn = "arn:aws:logs:eu-west-1:000000000001:log-group:/a/b:*";
        let given = |level: &str| {
            let group = json!({ "cloudWatchLogsLogGroup": { "logGroupArn": arn } });
            json!({ "level": level, "includeExecutionData": true, "destinations": [group] })
        };
        for (level, expected) in [
            ("ALL", Some(Level::All)),
            ("ERROR", Some(Level::Error)),
            ("FATAL", Some(Level::Fatal)),
            ("OFF", None),
        ] {
            let logging = Logging::of(&given(level));
            assert_eq!(logging.as_ref().map(|logging| logging.level), expected);
            let Some(logging) = logging else { continue };
            assert!(logging.with_data);
            let parts = (logging.region(), logging.account(), logging.group_name());
            assert_eq!(parts, ("eu-west-1", "000000000001", "/a/b"));
        }
        assert_eq!(Logging::of(&json!({ "level": "OFF", "includeExecutionData": false })), None);
        assert_eq!(Logging::of(&json!({})), None);
    }
}
