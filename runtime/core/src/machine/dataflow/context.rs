//! The context object: what an execution knows of itself. `$$` in JSONPath, `$states.context` in JSONata.

use crate::asl::definition::{Kind, Pattern, Resource, State};
use crate::json::{Object, Value};
use crate::machine::execution::{self, Turn};
use crate::machine::timestamp::to_iso;
use crate::machine::{FrameId, StateKind};

/// The context object while an item of a Map is selected.
pub(super) fn of_item(turn: &Turn<'_>, frame: FrameId, index: u32, value: &Value) -> Value {
    let mut context = of(turn, frame);
    context.insert("Map", map_of(index, value.clone()));
    context.into()
}

fn map_of(index: u32, value: Value) -> Object {
    let mut item = Object::with_capacity(2);
    item.insert("Index", Value::from(i64::from(index)));
    item.insert("Value", value);
    let mut map = Object::with_capacity(1);
    map.insert("Item", item);
    map
}

/// The context object, members in the service's order.
pub(super) fn of(turn: &Turn<'_>, frame: FrameId) -> Object {
    if let Some(given) = turn.probe.and_then(|probe| probe.given.context.as_ref()) {
        return given.value().as_object().cloned().unwrap_or_default();
    }
    let mut context = Object::with_capacity(3);
    if let (Some(start), Some(at)) = (turn.execution.start(), turn.execution.started_at()) {
        let mut execution = Object::with_capacity(6);
        execution.insert("Id", Value::String(start.arn.clone()));
        execution.insert("Input", start.input.value().clone());
        execution.insert("StartTime", Value::String(to_iso(at).into()));
        execution.insert("Name", Value::String(start.name.clone()));
        // A state is tried without a role as well (recorded).
        let role = Some(&start.role_arn).filter(|role| !role.is_empty());
        execution.insert("RoleArn", role.map_or(Value::Null, |role| Value::String(role.clone())));
        if turn.execution.mode().counts_redrives() {
            let redriven = turn.execution.redriven();
            let count = redriven.map_or(0, |redriven| redriven.count);
            execution.insert("RedriveCount", Value::from(i64::from(count)));
            if let Some(redriven) = redriven {
                execution.insert("RedriveTime", Value::String(to_iso(redriven.at).into()));
            }
        }
        context.insert("Execution", execution);
        let mut machine = Object::with_capacity(2);
        machine.insert("Id", Value::String(start.machine_arn.clone()));
        machine.insert("Name", Value::String(start.machine_name.clone()));
        context.insert("StateMachine", machine);
    }
    if let Some((visit, state)) = turn.visit(frame) {
        let mut current = Object::with_capacity(3);
        current.insert("Name", Value::String(state.name.clone()));
        current.insert("EnteredTime", Value::String(to_iso(visit.at).into()));
        // Only states that can be retried have a count (recorded).
        if let StateKind::Task | StateKind::Parallel | StateKind::Map = execution::kind_of(state) {
            let retries = turn.probe.map_or_else(|| visit.retry_count(), |probe| probe.given.retries);
            current.insert("RetryCount", Value::from(i64::from(retries)));
        }
        context.insert("State", current);
    }
    if let Some(attempt) = turn.attempt
        && has_token(turn, frame)
    {
        let mut task = Object::with_capacity(1);
        task.insert("Token", Value::String((turn.env.token)(frame, attempt).into()));
        context.insert("Task", task);
    }
    if let Some(item) = turn.probe.and_then(|probe| probe.given.item.as_ref()) {
        context.insert("Map", map_of(0, item.clone()));
    }
    context
}

/// Whether whoever has a token answers the task of the state that a line of control is in.
fn has_token(turn: &Turn<'_>, frame: FrameId) -> bool {
    let Some((_, State { kind: Kind::Task(task), .. })) = turn.visit(frame) else { return false };
    matches!(task.resource, Resource::Service { pattern: Pattern::Token, .. })
}
