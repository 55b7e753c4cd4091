//! An event of an execution as a line of its log, and which events a level logs.

use std::sync::Arc;

use gradus_api::shapes::HistoryEvent;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::engine::outside::LoggedStep;
use crate::service::history;
use crate::store::logging::{Level, Logging};

/// A line of a log.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Whose log it is in.
    pub(super) logging: Arc<Logging>,
    /// Name of the state machine.
    pub(super) machine: Arc<str>,
    /// Whether that is an Express one.
    pub(super) express: bool,
    /// When it happened, in milliseconds of the epoch.
    pub(super) at: i64,
    content: Content,
}

/// Members in the service's order; all numbers are texts (recorded).
#[derive(Clone, Debug, Serialize)]
struct Content {
    id: String,
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Value>,
    previous_event_id: String,
    event_timestamp: String,
    execution_arn: Arc<str>,
    redrive_count: String,
}

/// The lines of a step: those of its events that the level logs.
pub(super) fn lines(step: &LoggedStep) -> impl Iterator<Item = Line> + '_ {
    let LoggedStep { logging, facts, .. } = step;
    let events =
        facts.numbered().filter_map(|(id, entry)| history::event(facts.at, id, entry, logging.with_data));
    events.filter(|event| is_logged(logging.level, event.r#type.as_str())).map(|event| Line {
        logging: logging.clone(),
        machine: step.machine.clone(),
        express: step.express,
        at: facts.at.as_millis(),
        content: Content {
            id: event.id.to_string(),
            r#type: event.r#type.as_str().to_owned(),
            previous_event_id: event.previous_event_id.to_string(),
            event_timestamp: facts.at.as_millis().to_string(),
            execution_arn: step.execution.clone(),
            redrive_count: step.redrives.to_string(),
            details: details(&event),
        },
    })
}

/// Whether a level logs events of a type. What went wrong has one of three endings in its name; only the
/// state that fails on purpose is called otherwise.
fn is_logged(level: Level, kind: &str) -> bool {
    let is_error = ["Failed", "TimedOut", "Aborted"].iter().any(|ending| kind.ends_with(ending));
    match level {
        Level::All => true,
        Level::Error => is_error || kind == "FailStateEntered",
        Level::Fatal => is_error && kind.starts_with("Execution"),
    }
}

/// The one detail object of an event; events that have none have no such member in the log either.
fn details(event: &HistoryEvent) -> Option<Value> {
    let Ok(Value::Object(members)) = serde_json::to_value(event) else { return None };
    members.into_iter().find_map(|(name, value)| name.ends_with("EventDetails").then_some(value))
}

impl Line {
    /// The line, without its end.
    pub(super) fn text(&self) -> String {
        // Texts and numbers of our own: nothing in it can fail to be written.
        serde_json::to_string(&self.content).unwrap_or_default()
    }

    /// The line within a number of bytes: data is cut as far as needed, and said to be.
    pub(super) fn text_within(&self, most: usize) -> String {
        let mut text = self.text();
        let mut room = most;
        while text.len() > most && room > 0 {
            room /= 2;
            let mut cut = self.clone();
            if let Some(Value::Object(members)) = &mut cut.content.details {
                cut_members(members, room);
            }
            text = cut.text();
        }
        text
    }
}

/// Cuts texts that are longer than `room` bytes, and marks those that can be marked.
fn cut_members(members: &mut Map<String, Value>, room: usize) {
    let mut marked = Vec::new();
    for (name, value) in members.iter_mut() {
        match value {
            Value::String(text) if text.len() > room => {
                text.truncate(text.floor_char_boundary(room));
                marked.push(format!("{name}Details"));
            }
            Value::Object(inner) => {
                let before: usize = inner.values().filter_map(Value::as_str).map(str::len).sum();
                cut_members(inner, room / inner.len().max(1));
                let after: usize = inner.values().filter_map(Value::as_str).map(str::len).sum();
                if after < before {
                    marked.push(format!("{name}Details"));
                }
            }
            _ => {}
        }
    }
    for mark in marked {
        if let Some(Value::Object(details)) = members.get_mut(&mark) {
            details.insert("truncated".to_owned(), Value::Bool(true));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use gradus_core::json::Payload;
    use gradus_core::machine::codec::StepFacts;
    use gradus_core::machine::{Entry, EventId, Fact, Failure, FrameId, StateKind, Timestamp};

    /// A step of a Fail state.
    pub(in crate::logs) fn step(level: Level, with_data: bool, input: &str) -> LoggedStep {
        let (frame, name) = (FrameId::ROOT, "S".into());
        let input = Payload::parse(input).unwrap();
        let failure = Failure::new("E", "C");
        let facts = [
            (0, Fact::StateEntered { frame, kind: StateKind::Fail, name, input }),
            (2, Fact::WaitStarted { frame, until: Timestamp::default() }),
            (2, Fact::ExecutionFailed { failure }),
        ];
        let entries = facts.map(|(previous, fact)| Entry { previous: EventId(previous), fact }).into();
        let group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/vendedlogs/states/m:*".into();
        LoggedStep {
            execution: "arn:aws:states:us-east-1:000000000000:execution:m:e".into(),
            machine: "m".into(),
            express: false,
            redrives: 0,
            logging: Arc::new(Logging { level, with_data, group }),
            facts: StepFacts { at: Timestamp::from_millis(1500), first_event: EventId(2), entries },
            bytes: 1,
        }
    }

    #[test]
    fn lines_are_as_recorded() {
        let entered = |details: &str| {
            format!(
                r#"{{"id":"2","type":"FailStateEntered","details":{details},"previous_event_id":"0","event_timestamp":"1500","execution_arn":"arn:aws:states:us-east-1:000000000000:execution:m:e","redrive_count":"0"}}"#
            )
        };
        let failed = r#"{"id":"3","type":"ExecutionFailed","details":{"cause":"C","error":"E"},"previous_event_id":"2","event_timestamp":"1500","execution_arn":"arn:aws:states:us-east-1:000000000000:execution:m:e","redrive_count":"0"}"#.to_owned();
        let data = entered(r#"{"input":"{ }","inputDetails":{"truncated":false},"name":"S"}"#);
        for (level, with_data, expected) in [
            (Level::All, true, vec![data.clone(), failed.clone()]),
            (Level::Error, true, vec![data, failed.clone()]),
            (Level::All, false, vec![entered(r#"{"name":"S"}"#), failed.clone()]),
            (Level::Fatal, true, vec![failed]),
        ] {
            let lines: Vec<String> = lines(&step(level, with_data, "{ }")).map(|line| line.text()).collect();
            assert_eq!(lines, expected, "{level:?} {with_data}");
        }
    }

    #[test]
    fn levels() {
        for (kind, error, fatal) in [
            ("ExecutionStarted", false, false),
            ("ExecutionFailed", true, true),
            ("ExecutionTimedOut", true, true),
            ("ExecutionAborted", true, true),
            ("ExecutionRedriven", false, false),
            ("ExecutionSucceeded", false, false),
            ("FailStateEntered", true, false),
            ("TaskStateAborted", true, false),
            ("LambdaFunctionScheduleFailed", true, false),
            ("ActivityTimedOut", true, false),
            ("EvaluationFailed", true, false),
            ("MapIterationFailed", true, false),
            ("PassStateEntered", false, false),
        ] {
            let logged = [Level::All, Level::Error, Level::Fatal].map(|level| is_logged(level, kind));
            assert_eq!(logged, [true, error, fatal], "{kind}");
        }
    }

    #[test]
    fn long_data_is_cut_and_said_to_be() {
        let input = format!("\"{}\"", "\u{e4}".repeat(1000));
        let step = step(Level::All, true, &input);
        let entered = lines(&step).next().unwrap();
        assert!(!entered.text().contains("true"));
        for most in [entered.text().len() - 1, 1000, 400] {
            let text = entered.text_within(most);
            assert!(text.len() <= most, "{most}: {}", text.len());
            assert!(text.contains(r#""inputDetails":{"truncated":true}"#), "{text}");
            serde_json::from_str::<Value>(&text).unwrap();
        }
        assert_eq!(entered.text_within(100_000), entered.text());
    }
}
