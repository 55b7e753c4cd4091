//! Facts -> events of the public history: the only projection.
//!
//! A fact is shown as the one event that it is, or not at all; nothing is computed from the facts before it.
//! Pages are read by rows: a position is a row and an event in it. Source of what an event shows: the
//! service, recorded.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use gradus_api::enums::HistoryEventType as EventType;
use gradus_api::shapes::{
    ActivityFailedEventDetails, ActivityScheduledEventDetails, ActivityStartedEventDetails,
    ActivitySucceededEventDetails, ActivityTimedOutEventDetails, AssignedVariablesDetails,
    EvaluationFailedEventDetails, ExecutionAbortedEventDetails, ExecutionFailedEventDetails,
    ExecutionRedrivenEventDetails, ExecutionStartedEventDetails, ExecutionSucceededEventDetails,
    ExecutionTimedOutEventDetails, HistoryEvent, HistoryEventExecutionDataDetails as DataDetails,
    LambdaFunctionFailedEventDetails, LambdaFunctionScheduledEventDetails,
    LambdaFunctionSucceededEventDetails, LambdaFunctionTimedOutEventDetails, MapIterationEventDetails,
    MapStateStartedEventDetails, StateEnteredEventDetails, StateExitedEventDetails, TaskCredentials,
    TaskFailedEventDetails, TaskScheduledEventDetails, TaskStartedEventDetails, TaskSubmittedEventDetails,
    TaskSucceededEventDetails, TaskTimedOutEventDetails,
};
use gradus_core::json::Payload;
use gradus_core::machine::codec::{self, StepFacts};
use gradus_core::machine::{Entry, EventId, Fact, Failure, StateKind, Timestamp, Variables};

use super::date;
use crate::store::layout::{self, ExecutionId};
use crate::store::{Error, Range, Store, Table};

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The step.
    row: u32,
    /// How many events of the step come before, in the order of the page.
    skip: u32,
}

/// Which part of a history is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    /// Where to begin; `None` for the end at which the order begins.
    pub(super) from: Option<Position>,
    /// The latest event first.
    pub(super) reverse: bool,
    /// With inputs and outputs.
    pub(super) with_data: bool,
    /// At most so many events.
    pub(super) size: usize,
}

/// Events of an execution, and where the next page begins if there are more.
///
/// A page ends early once its inputs and outputs are [`MAX_PAGE_BYTES`] long together.
pub(super) fn read(
    store: &impl Store,
    execution: ExecutionId,
    page: Page,
) -> Result<(Vec<HistoryEvent>, Option<Position>), Error> {
    let mut events = Vec::new();
    let mut shown = Data { included: page.with_data, bytes: 0 };
    let mut from = page.from;
    loop {
        let rows = store.range(rows_from(execution, page.reverse, from))?;
        for (key, value) in &rows {
            let row = row_of(key)?;
            let skip = from.filter(|from| from.row == row).map_or(0, |from| from.skip);
            let step = codec::decode(value).map_err(|error| Error::Damaged(error.to_string()))?;
            for (skip, (id, entry)) in (skip..).zip(in_order(&step, page.reverse).skip(skip as usize)) {
                if events.len() >= page.size || shown.bytes >= MAX_PAGE_BYTES {
                    return Ok((events, Some(Position { row, skip })));
                }
                events.extend(project(&mut shown, step.at, id, entry));
            }
        }
        // Fewer rows than asked for are the last.
        let full = rows.get(ROWS_AT_ONCE - 1);
        match full.map(|(key, _)| row_after(key, page.reverse)).transpose()?.flatten() {
            Some(row) => from = Some(Position { row, skip: 0 }),
            None => return Ok((events, None)),
        }
    }
}

/// The step that an event belongs to, if it has happened: found in as many reads as its execution's number of
/// steps has binary digits.
pub(super) fn step_of(
    store: &impl Store,
    execution: ExecutionId,
    event: EventId,
) -> Result<Option<StepFacts>, Error> {
    let last = store.range(layout::facts_from(execution, 0).reverse().limit(1))?;
    let Some((key, _)) = last.first() else { return Ok(None) };
    let (mut from, mut to) = (0, row_of(key)?.saturating_add(1));
    let mut found = None;
    // Steps before `from` begin with the event or before it, those from `to` on after it.
    while from < to {
        let row = from + (to - from) / 2;
        // Without it, the execution is gone, since just now.
        let Some(value) = store.get(Table::Facts, &layout::facts_key(execution, row))? else {
            return Ok(None);
        };
        let step = codec::decode(&value).map_err(|error| Error::Damaged(error.to_string()))?;
        if step.first_event > event {
            to = row;
        } else {
            from = row + 1;
            found = Some(step);
        }
    }
    Ok(found)
}

/// The event of a fact; `None` for a fact that is none.
pub(crate) fn event(at: Timestamp, id: EventId, entry: &Entry, with_data: bool) -> Option<HistoryEvent> {
    project(&mut Data { included: with_data, bytes: 0 }, at, id, entry)
}

fn project(data: &mut Data, at: Timestamp, id: EventId, entry: &Entry) -> Option<HistoryEvent> {
    let event = |r#type| HistoryEvent {
        previous_event_id: number(entry.previous.0),
        ..HistoryEvent::new(date(at), r#type, number(id.0))
    };
    let event = match &entry.fact {
        Fact::ExecutionStarted { start } => {
            let (input, input_details) = data.show(&start.input);
            HistoryEvent {
                execution_started_event_details: Some(ExecutionStartedEventDetails {
                    input,
                    input_details,
                    role_arn: Some(start.role_arn.to_string()),
                    state_machine_alias_arn: text(&start.alias_arn),
                    state_machine_version_arn: text(&start.version_arn),
                }),
                ..event(EventType::ExecutionStarted)
            }
        }
        Fact::StateEntered { kind, name, input, frame: _ } => {
            let (input, input_details) = data.show(input);
            HistoryEvent {
                state_entered_event_details: Some(StateEnteredEventDetails {
                    input,
                    input_details,
                    ..StateEnteredEventDetails::new(&**name)
                }),
                ..event(entered(*kind))
            }
        }
        Fact::StateExited { kind, name, output, frame: _ } => {
            let (output, output_details) = data.show(output);
            HistoryEvent {
                state_exited_event_details: Some(StateExitedEventDetails {
                    output,
                    output_details,
                    ..StateExitedEventDetails::new(&**name)
                }),
                ..event(exited(*kind))
            }
        }
        Fact::StateExitedAssigned { kind, name, output, variables, frame: _ } => {
            let (output, output_details) = data.show(output);
            let (assigned_variables, assigned_variables_details) = data.show_variables(variables);
            HistoryEvent {
                state_exited_event_details: Some(StateExitedEventDetails {
                    output,
                    output_details,
                    assigned_variables,
                    assigned_variables_details,
                    ..StateExitedEventDetails::new(&**name)
                }),
                ..event(exited(*kind))
            }
        }
        Fact::ActivityScheduled { resource, input, timeout_seconds, heartbeat_seconds, frame: _ } => {
            let (input, input_details) = data.show(input);
            HistoryEvent {
                activity_scheduled_event_details: Some(ActivityScheduledEventDetails {
                    input,
                    input_details,
                    timeout_in_seconds: timeout_seconds.map(number),
                    heartbeat_in_seconds: heartbeat_seconds.map(number),
                    ..ActivityScheduledEventDetails::new(&**resource)
                }),
                ..event(EventType::ActivityScheduled)
            }
        }
        Fact::ActivityStarted { worker, frame: _ } => HistoryEvent {
            activity_started_event_details: Some(ActivityStartedEventDetails { worker_name: text(worker) }),
            ..event(EventType::ActivityStarted)
        },
        Fact::ActivitySucceeded { output, frame: _ } => {
            let (output, output_details) = data.show(output);
            HistoryEvent {
                activity_succeeded_event_details: Some(ActivitySucceededEventDetails {
                    output,
                    output_details,
                }),
                ..event(EventType::ActivitySucceeded)
            }
        }
        Fact::ActivityFailed { failure, frame: _ } => {
            let (error, cause) = words(failure);
            HistoryEvent {
                activity_failed_event_details: Some(ActivityFailedEventDetails { error, cause }),
                ..event(EventType::ActivityFailed)
            }
        }
        Fact::ActivityTimedOut { failure, frame: _ } => {
            let (error, cause) = words(failure);
            HistoryEvent {
                activity_timed_out_event_details: Some(ActivityTimedOutEventDetails { error, cause }),
                ..event(EventType::ActivityTimedOut)
            }
        }
        Fact::ExecutionSucceeded { output } => {
            let (output, output_details) = data.show(output);
            HistoryEvent {
                execution_succeeded_event_details: Some(ExecutionSucceededEventDetails {
                    output,
                    output_details,
                }),
                ..event(EventType::ExecutionSucceeded)
            }
        }
        Fact::ExecutionFailed { failure } => {
            let (error, cause) = words(failure);
            HistoryEvent {
                execution_failed_event_details: Some(ExecutionFailedEventDetails { error, cause }),
                ..event(EventType::ExecutionFailed)
            }
        }
        Fact::ExecutionAborted { failure } => {
            let (error, cause) = words(failure);
            HistoryEvent {
                execution_aborted_event_details: Some(ExecutionAbortedEventDetails { error, cause }),
                ..event(EventType::ExecutionAborted)
            }
        }
        Fact::ExecutionTimedOut { failure } => {
            let (error, cause) = words(failure);
            HistoryEvent {
                execution_timed_out_event_details: Some(ExecutionTimedOutEventDetails { error, cause }),
                ..event(EventType::ExecutionTimedOut)
            }
        }
        Fact::LambdaFunctionScheduled { resource, input, timeout_seconds, frame: _ }
        | Fact::LambdaFunctionScheduledInRole { resource, input, timeout_seconds, frame: _, role: _ } => {
            let (input, input_details) = data.show(input);
            HistoryEvent {
                lambda_function_scheduled_event_details: Some(LambdaFunctionScheduledEventDetails {
                    input,
                    input_details,
                    timeout_in_seconds: timeout_seconds.map(number),
                    task_credentials: credentials(&entry.fact),
                    ..LambdaFunctionScheduledEventDetails::new(&**resource)
                }),
                ..event(EventType::LambdaFunctionScheduled)
            }
        }
        Fact::LambdaFunctionStarted { frame: _ } => event(EventType::LambdaFunctionStarted),
        Fact::LambdaFunctionSucceeded { output, frame: _ } => {
            let (output, output_details) = data.show(output);
            HistoryEvent {
                lambda_function_succeeded_event_details: Some(LambdaFunctionSucceededEventDetails {
                    output,
                    output_details,
                }),
                ..event(EventType::LambdaFunctionSucceeded)
            }
        }
        Fact::LambdaFunctionFailed { failure, frame: _ } => {
            let (error, cause) = words(failure);
            HistoryEvent {
                lambda_function_failed_event_details: Some(LambdaFunctionFailedEventDetails { error, cause }),
                ..event(EventType::LambdaFunctionFailed)
            }
        }
        Fact::LambdaFunctionTimedOut { failure, frame: _ } => {
            let (error, cause) = words(failure);
            HistoryEvent {
                lambda_function_timed_out_event_details: Some(LambdaFunctionTimedOutEventDetails {
                    error,
                    cause,
                }),
                ..event(EventType::LambdaFunctionTimedOut)
            }
        }
        Fact::TaskScheduled {
            service,
            action,
            region,
            parameters,
            timeout_seconds,
            heartbeat_seconds,
            frame: _,
        }
        | Fact::TaskScheduledInRole {
            service,
            action,
            region,
            parameters,
            timeout_seconds,
            heartbeat_seconds,
            frame: _,
            role: _,
        } => {
            // Parameters have no details beside them; without data they are empty.
            let (parameters, _) = data.show(parameters);
            HistoryEvent {
                task_scheduled_event_details: Some(TaskScheduledEventDetails {
                    timeout_in_seconds: timeout_seconds.map(number),
                    heartbeat_in_seconds: heartbeat_seconds.map(number),
                    task_credentials: credentials(&entry.fact),
                    ..TaskScheduledEventDetails::new(
                        &**service,
                        &**action,
                        &**region,
                        parameters.unwrap_or_default(),
                    )
                }),
                ..event(EventType::TaskScheduled)
            }
        }
        Fact::TaskStarted { service, action, frame: _ } => HistoryEvent {
            task_started_event_details: Some(TaskStartedEventDetails {
                resource_type: service.to_string(),
                resource: action.to_string(),
            }),
            ..event(EventType::TaskStarted)
        },
        Fact::TaskSubmitted { service, action, output, frame: _ } => {
            let (output, output_details) = data.show(output);
            HistoryEvent {
                task_submitted_event_details: Some(TaskSubmittedEventDetails {
                    output,
                    output_details,
                    ..TaskSubmittedEventDetails::new(&**service, &**action)
                }),
                ..event(EventType::TaskSubmitted)
            }
        }
        Fact::TaskSucceeded { service, action, output, frame: _ } => {
            let (output, output_details) = data.show(output);
            HistoryEvent {
                task_succeeded_event_details: Some(TaskSucceededEventDetails {
                    output,
                    output_details,
                    ..TaskSucceededEventDetails::new(&**service, &**action)
                }),
                ..event(EventType::TaskSucceeded)
            }
        }
        Fact::TaskFailed { service, action, failure, frame: _ } => {
            let (error, cause) = words(failure);
            HistoryEvent {
                task_failed_event_details: Some(TaskFailedEventDetails {
                    error,
                    cause,
                    ..TaskFailedEventDetails::new(&**service, &**action)
                }),
                ..event(EventType::TaskFailed)
            }
        }
        Fact::TaskTimedOut { service, action, failure, frame: _ } => {
            let (error, cause) = words(failure);
            HistoryEvent {
                task_timed_out_event_details: Some(TaskTimedOutEventDetails {
                    error,
                    cause,
                    ..TaskTimedOutEventDetails::new(&**service, &**action)
                }),
                ..event(EventType::TaskTimedOut)
            }
        }
        Fact::EvaluationFailed { name, location, failure, frame: _ } => {
            let (error, cause) = words(failure);
            HistoryEvent {
                evaluation_failed_event_details: Some(EvaluationFailedEventDetails {
                    error,
                    cause,
                    location: text(location),
                    state: name.to_string(),
                }),
                ..event(EventType::EvaluationFailed)
            }
        }
        Fact::ParallelStarted { .. } => event(EventType::ParallelStateStarted),
        Fact::ParallelSucceeded { .. } => event(EventType::ParallelStateSucceeded),
        Fact::ParallelFailed { .. } => event(EventType::ParallelStateFailed),
        Fact::MapStarted { length, .. } => HistoryEvent {
            map_state_started_event_details: Some(MapStateStartedEventDetails { length: small(*length) }),
            ..event(EventType::MapStateStarted)
        },
        Fact::MapIterationStarted { name, index, .. } => HistoryEvent {
            map_iteration_started_event_details: iteration(name, *index),
            ..event(EventType::MapIterationStarted)
        },
        Fact::MapIterationSucceeded { name, index, frame: _ } => HistoryEvent {
            map_iteration_succeeded_event_details: iteration(name, *index),
            ..event(EventType::MapIterationSucceeded)
        },
        Fact::MapIterationFailed { name, index, frame: _ } => HistoryEvent {
            map_iteration_failed_event_details: iteration(name, *index),
            ..event(EventType::MapIterationFailed)
        },
        Fact::MapIterationAborted { name, index, frame: _ } => HistoryEvent {
            map_iteration_aborted_event_details: iteration(name, *index),
            ..event(EventType::MapIterationAborted)
        },
        Fact::MapSucceeded { .. } => event(EventType::MapStateSucceeded),
        Fact::MapFailed { .. } => event(EventType::MapStateFailed),
        Fact::StateAborted { kind, .. } => event(aborted(*kind)),
        Fact::WaitStarted { .. }
        | Fact::StateHeld { .. }
        | Fact::TaskHeartbeat { .. }
        | Fact::RetryScheduled { .. }
        | Fact::StartedBy { .. }
        | Fact::BranchSucceeded { .. }
        | Fact::BranchFailed { .. }
        | Fact::StateResumed { .. }
        | Fact::BlockResumed { .. } => return None,
        Fact::ExecutionRedriven { count, token: _ } => HistoryEvent {
            execution_redriven_event_details: Some(ExecutionRedrivenEventDetails {
                redrive_count: Some(small(*count)),
            }),
            ..event(EventType::ExecutionRedriven)
        },
    };
    Some(event)
}

/// The most bytes of inputs and outputs after which a page takes no further event: an answer is held in
/// memory as a whole, and a thousand events may show a quarter of a mebibyte each.
const MAX_PAGE_BYTES: usize = 16 << 20;

/// How many rows are read at once: few, because a row may be large and a page may end in it.
const ROWS_AT_ONCE: usize = 16;

/// Inputs and outputs, as far as they are shown.
struct Data {
    included: bool,
    /// How long those that were shown are together.
    bytes: usize,
}

impl Data {
    fn show(&mut self, payload: &Payload) -> (Option<String>, Option<DataDetails>) {
        if !self.included {
            return (None, None);
        }
        self.bytes += payload.len();
        (Some(payload.text().to_owned()), Some(DataDetails { truncated: false }))
    }

    fn show_variables(
        &mut self,
        variables: &Variables,
    ) -> (Option<BTreeMap<String, String>>, Option<AssignedVariablesDetails>) {
        if !self.included {
            return (None, None);
        }
        self.bytes += variables.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        let shown = variables.iter().map(|(name, value)| (name.to_string(), value.text().to_owned()));
        (Some(shown.collect()), Some(AssignedVariablesDetails { truncated: false }))
    }
}

impl Position {
    /// As bytes, for a token.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        [self.row.to_be_bytes(), self.skip.to_be_bytes()].concat()
    }

    /// From the bytes of a token.
    pub(super) fn read(bytes: &[u8]) -> Option<Position> {
        let (row, skip) = bytes.split_first_chunk()?;
        Some(Position { row: u32::from_be_bytes(*row), skip: u32::from_be_bytes(skip.try_into().ok()?) })
    }
}

/// The next few rows from a position on.
fn rows_from(execution: ExecutionId, reverse: bool, from: Option<Position>) -> Range {
    let rows = match (reverse, from) {
        (false, from) => layout::facts_from(execution, from.map_or(0, |from| from.row)),
        (true, None) => layout::facts_from(execution, 0).reverse(),
        (true, Some(from)) => Range {
            to: Bound::Included(layout::facts_key(execution, from.row)),
            ..layout::facts_from(execution, 0).reverse()
        },
    };
    rows.limit(ROWS_AT_ONCE)
}

fn row_after(key: &[u8], reverse: bool) -> Result<Option<u32>, Error> {
    let row = row_of(key)?;
    Ok(if reverse { row.checked_sub(1) } else { row.checked_add(1) })
}

fn row_of(key: &[u8]) -> Result<u32, Error> {
    layout::facts_row(key).ok_or_else(|| Error::Damaged("the key of a row of facts".to_owned()))
}

/// The events of a step, in the order of the page.
fn in_order(step: &StepFacts, reverse: bool) -> impl Iterator<Item = (EventId, &Entry)> {
    let mut events: Vec<_> = step.numbered().filter(|(_, entry)| entry.fact.is_event()).collect();
    if reverse {
        events.reverse();
    }
    events.into_iter()
}

fn entered(kind: StateKind) -> EventType {
    match kind {
        StateKind::Pass => EventType::PassStateEntered,
        StateKind::Task => EventType::TaskStateEntered,
        StateKind::Choice => EventType::ChoiceStateEntered,
        StateKind::Wait => EventType::WaitStateEntered,
        StateKind::Succeed => EventType::SucceedStateEntered,
        StateKind::Fail => EventType::FailStateEntered,
        StateKind::Parallel => EventType::ParallelStateEntered,
        StateKind::Map => EventType::MapStateEntered,
    }
}

fn exited(kind: StateKind) -> EventType {
    match kind {
        StateKind::Pass => EventType::PassStateExited,
        StateKind::Task => EventType::TaskStateExited,
        StateKind::Choice => EventType::ChoiceStateExited,
        StateKind::Wait => EventType::WaitStateExited,
        StateKind::Succeed => EventType::SucceedStateExited,
        // The API has no such event, and no execution leaves a Fail state.
        StateKind::Fail => EventType::from("FailStateExited"),
        StateKind::Parallel => EventType::ParallelStateExited,
        StateKind::Map => EventType::MapStateExited,
    }
}

fn aborted(kind: StateKind) -> EventType {
    match kind {
        StateKind::Task => EventType::TaskStateAborted,
        StateKind::Wait => EventType::WaitStateAborted,
        StateKind::Parallel => EventType::ParallelStateAborted,
        StateKind::Map => EventType::MapStateAborted,
        // The API has no such event for the others, and no execution waits in one of them.
        StateKind::Pass | StateKind::Choice | StateKind::Succeed | StateKind::Fail => {
            EventType::from(format!("{kind:?}StateAborted").as_str())
        }
    }
}

fn iteration(name: &str, index: u32) -> Option<MapIterationEventDetails> {
    Some(MapIterationEventDetails { name: Some(name.to_owned()), index: small(index) })
}

/// What a call was to be made with.
fn credentials(fact: &Fact) -> Option<TaskCredentials> {
    fact.role().map(|role| TaskCredentials { role_arn: Some(role.to_owned()) })
}

fn words(failure: &Failure) -> (Option<String>, Option<String>) {
    (text(&failure.error), text(&failure.cause))
}

fn text(text: &Option<Arc<str>>) -> Option<String> {
    text.as_deref().map(str::to_owned)
}

/// The items of a payload are far fewer than what does not fit.
fn small(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Event numbers and seconds are far below what does not fit.
fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_core::asl::definition::Pattern;
    use gradus_core::machine::{FrameId, Parent, Start};

    fn facts() -> Vec<Fact> {
        let frame = FrameId::ROOT;
        let (failure, data) = (Failure::new("E", "C"), Payload::empty_object());
        let word: Arc<str> = "w".into();
        let start = Start {
            arn: word.clone(),
            name: word.clone(),
            machine_arn: word.clone(),
            machine_name: word.clone(),
            revision: word.clone(),
            version_arn: Some(word.clone()),
            alias_arn: Some(word.clone()),
            role_arn: word.clone(),
            trace_header: None,
            input: data.clone(),
        };
        let mut facts = vec![
            Fact::ExecutionStarted { start: Box::new(start) },
            Fact::WaitStarted { frame, until: Timestamp::default() },
            Fact::ActivityScheduled {
                frame,
                resource: word.clone(),
                input: data.clone(),
                timeout_seconds: None,
                heartbeat_seconds: None,
            },
            Fact::ActivityStarted { frame, worker: None },
            Fact::TaskHeartbeat { frame },
            Fact::ActivitySucceeded { frame, output: data.clone() },
            Fact::ActivityFailed { frame, failure: failure.clone() },
            Fact::ActivityTimedOut { frame, failure: failure.clone() },
            Fact::RetryScheduled { frame, retrier: 0, due: Timestamp::default() },
            Fact::LambdaFunctionScheduled {
                frame,
                resource: word.clone(),
                input: data.clone(),
                timeout_seconds: None,
            },
            Fact::LambdaFunctionScheduledInRole {
                frame,
                resource: word.clone(),
                input: data.clone(),
                timeout_seconds: None,
                role: word.clone(),
            },
            Fact::LambdaFunctionStarted { frame },
            Fact::LambdaFunctionSucceeded { frame, output: data.clone() },
            Fact::LambdaFunctionFailed { frame, failure: failure.clone() },
            Fact::LambdaFunctionTimedOut { frame, failure: failure.clone() },
            Fact::StartedBy {
                parent: Parent { execution: word.clone(), frame, task: EventId(1), pattern: Pattern::Sync },
            },
            Fact::ExecutionSucceeded { output: data.clone() },
            Fact::EvaluationFailed {
                frame,
                name: word.clone(),
                location: Some(word.clone()),
                failure: failure.clone(),
            },
            Fact::ExecutionFailed { failure: failure.clone() },
            Fact::ExecutionAborted { failure: failure.clone() },
            Fact::ExecutionTimedOut { failure },
            Fact::ExecutionRedriven { count: 1, token: Some(word.clone()) },
            Fact::StateResumed { frame, cursor: EventId(2) },
            Fact::BlockResumed { frame },
        ];
        facts.extend(task_facts(&word, &data));
        for number in 1..=u8::MAX {
            let Some(kind) = StateKind::from_number(number) else { continue };
            let (name, data) = (word.clone(), data.clone());
            facts.push(Fact::StateEntered { frame, kind, name: name.clone(), input: data.clone() });
            let variables = vec![(word.clone(), data.clone())];
            let (exited, output) = (name.clone(), data.clone());
            facts.push(Fact::StateExited { frame, kind, name, output: data });
            facts.push(Fact::StateExitedAssigned { frame, kind, name: exited, output, variables });
        }
        facts
    }

    fn task_facts(word: &Arc<str>, data: &Payload) -> Vec<Fact> {
        let (frame, failure) = (FrameId::ROOT, Failure::new("E", "C"));
        let (service, action) = (word.clone(), word.clone());
        vec![
            Fact::TaskScheduled {
                frame,
                service: service.clone(),
                action: action.clone(),
                region: word.clone(),
                parameters: data.clone(),
                timeout_seconds: Some(1),
                heartbeat_seconds: None,
            },
            Fact::TaskScheduledInRole {
                frame,
                service: service.clone(),
                action: action.clone(),
                region: word.clone(),
                parameters: data.clone(),
                timeout_seconds: None,
                heartbeat_seconds: Some(1),
                role: word.clone(),
            },
            Fact::TaskStarted { frame, service: service.clone(), action: action.clone() },
            Fact::TaskSubmitted {
                frame,
                service: service.clone(),
                action: action.clone(),
                output: data.clone(),
            },
            Fact::TaskSucceeded {
                frame,
                service: service.clone(),
                action: action.clone(),
                output: data.clone(),
            },
            Fact::TaskFailed {
                frame,
                service: service.clone(),
                action: action.clone(),
                failure: failure.clone(),
            },
            Fact::TaskTimedOut { frame, service, action, failure },
        ]
    }

    #[test]
    fn what_is_an_event_is_shown() {
        for fact in facts() {
            let entry = Entry { previous: EventId(4), fact };
            let mut data = Data { included: true, bytes: 0 };
            let event = project(&mut data, Timestamp::from_millis(1500), EventId(5), &entry);
            let place = event.map(|event| (event.id, event.previous_event_id, event.timestamp.as_millis()));
            assert_eq!(place, entry.fact.is_event().then_some((5, 4, 1500)), "{:?}", entry.fact);
        }
    }

    #[test]
    fn an_event_has_the_name_of_its_fact() {
        for fact in facts() {
            let kind_of_fact = format!("{fact:?}");
            let kind_of_fact = kind_of_fact.split([' ', '{']).next().unwrap();
            let kind_of_fact = kind_of_fact.trim_end_matches("InRole").to_owned();
            let expected = match &fact {
                Fact::StateEntered { kind, .. } => format!("{kind:?}StateEntered"),
                Fact::StateExited { kind, .. } | Fact::StateExitedAssigned { kind, .. } => {
                    format!("{kind:?}StateExited")
                }
                _ => kind_of_fact,
            };
            let entry = Entry { previous: EventId(0), fact };
            let mut data = Data { included: false, bytes: 0 };
            if let Some(event) = project(&mut data, Timestamp::default(), EventId(1), &entry) {
                assert_eq!(event.r#type.as_str(), expected);
            }
            assert_eq!(data.bytes, 0, "nothing is shown");
        }
    }

    #[test]
    fn positions() {
        for position in [Position { row: 0, skip: 0 }, Position { row: u32::MAX, skip: 7 }] {
            assert_eq!(Position::read(&position.to_bytes()), Some(position));
        }
        for bytes in [&[][..], &[0; 7], &[0; 9]] {
            assert_eq!(Position::read(bytes), None);
        }
    }
}
