//! The context object that a caller gives: which members it may have, and of which types.
//!
//! Source of the texts: the service, recorded.

use gradus_core::asl::definition::{Kind, Pattern, Resource, State};
use gradus_core::json::{Object, Payload, Value};

/// Reads a context object for a test of this state.
pub(super) fn read(text: &str, state: &State) -> Result<Payload, String> {
    check(text, state).map_err(|fault| format!("Invalid Context object provided: {fault}"))
}

fn check(text: &str, state: &State) -> Result<Payload, String> {
    // The words for what is no object were not recorded; nor are those for members of other types than these.
    let context = Payload::parse(text).map_err(|error| error.message().to_owned())?;
    let members = context.value().as_object().ok_or("Context must be an object")?;
    for (name, value) in members {
        let known: Members = match &**name {
            "Execution" => &[
                ("Id", Type::Text),
                ("Input", Type::Any),
                ("Name", Type::Text),
                ("RedriveCount", Type::Number),
                ("RedriveTime", Type::Text),
                ("RoleArn", Type::Text),
                ("StartTime", Type::Text),
            ],
            "State" => &[("EnteredTime", Type::Text), ("Name", Type::Text), ("RetryCount", Type::Number)],
            "StateMachine" => &[("Id", Type::Text), ("Name", Type::Text)],
            "Task" if waits_for_more(state) => &[("Token", Type::Text)],
            "Task" => {
                return Err(
                    "Context object contains 'Task' when state is not a Task state with a '.sync' or \
                            '.waitForTaskToken' service integration pattern"
                        .to_owned(),
                );
            }
            "Map" => return Err("'Map' field is not supported when mocking a Context object".to_owned()),
            _ => return Err(not_allowed(name)),
        };
        let members = value.as_object().ok_or_else(|| format!("{name} must be an object"))?;
        check_members(name, members, known)?;
    }
    Ok(context)
}

type Members = &'static [(&'static str, Type)];

#[derive(Clone, Copy)]
enum Type {
    Text,
    Number,
    Any,
}

fn check_members(parent: &str, members: &Object, known: Members) -> Result<(), String> {
    for (name, value) in members {
        let Some((_, kind)) = known.iter().find(|(known, _)| **known == **name) else {
            return Err(not_allowed(name));
        };
        match (kind, value) {
            (Type::Text, Value::String(_)) | (Type::Number, Value::Number(_)) | (Type::Any, _) => {}
            (Type::Text, _) => return Err(format!("{parent}.{name} must be a string")),
            (Type::Number, _) => return Err(format!("{parent}.{name} must be a number")),
        }
    }
    Ok(())
}

fn not_allowed(name: &str) -> String {
    format!("Field '{name}' is not allowed")
}

/// Whether the state is a task that waits for more than the answer of a call.
fn waits_for_more(state: &State) -> bool {
    let Kind::Task(task) = &state.kind else { return false };
    matches!(
        &task.resource,
        Resource::Service { pattern: Pattern::Sync | Pattern::SyncJson | Pattern::Token, .. }
    )
}
