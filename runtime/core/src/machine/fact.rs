//! What happened, as the store keeps it.
//!
//! A fact is a decision taken, never one to be made again: a later gradus may decide otherwise,
//! yet reads old facts as they are. Most facts are one event of the public history; those that
//! are not ([`Fact::is_event`]) only move the execution. The numbers are on disk: never reuse
//! one, never change the fields of one; a new need is a new fact.

use std::sync::Arc;

use super::codec::{DecodeError, Field, Reader, Writer};
use super::retry::Failure;
use super::{EventId, FrameId, Parent, Start, Timestamp, Variables};
use crate::asl::definition::Pattern;
use crate::json::Payload;

/// A fact with its place in the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `previousEventId` of the event; 0 for facts that are no events.
    pub previous: EventId,
    /// What happened.
    pub fact: Fact,
}

/// Defines [`Fact`] together with its encoding, so that the two cannot drift.
macro_rules! facts {
    ($($(#[$doc:meta])* $number:literal => $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? },)*) => {
        /// Something that happened to an execution.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Fact {
            $($(#[$doc])* $name { $($(#[$field_doc])* $field: $type),* },)*
        }

        impl Fact {
            /// The number of this kind of fact on disk.
            pub fn number(&self) -> u64 {
                match self { $(Fact::$name { .. } => $number,)* }
            }

            /// Writes the fields, in the order of their declaration.
            pub(super) fn put(&self, writer: &mut Writer) {
                match self { $(Fact::$name { $($field),* } => { $($field.put(writer);)* })* }
            }

            /// Reads the fields of the fact of this number.
            pub(super) fn get(number: u64, reader: &mut Reader<'_>) -> Result<Fact, DecodeError> {
                match number {
                    $($number => Ok(Fact::$name { $($field: Field::get(reader)?),* }),)*
                    _ => Err(DecodeError::UnknownFact(number)),
                }
            }
        }
    };
}

facts! {
    /// The execution began.
    1 => ExecutionStarted {
        /// What with.
        start: Box<Start>,
    },
    /// A line of control entered a state.
    2 => StateEntered {
        /// The line of control.
        frame: FrameId,
        /// The kind of state.
        kind: StateKind,
        /// The state's name.
        name: Arc<str>,
        /// The raw input.
        input: Payload,
    },
    /// A line of control left a state; its output is the next state's input.
    3 => StateExited {
        /// The line of control.
        frame: FrameId,
        /// The kind of state.
        kind: StateKind,
        /// The state's name.
        name: Arc<str>,
        /// The output.
        output: Payload,
    },
    /// A Wait state began to wait. Not an event.
    4 => WaitStarted {
        /// The line of control.
        frame: FrameId,
        /// Until when.
        until: Timestamp,
    },
    /// A task was put into an activity's queue.
    5 => ActivityScheduled {
        /// The line of control.
        frame: FrameId,
        /// ARN of the activity.
        resource: Arc<str>,
        /// The task's input.
        input: Payload,
        /// `TimeoutSeconds`, where the state has it.
        timeout_seconds: Option<u64>,
        /// `HeartbeatSeconds`, where the state has it.
        heartbeat_seconds: Option<u64>,
    },
    /// A worker took the task.
    6 => ActivityStarted {
        /// The line of control.
        frame: FrameId,
        /// The worker's name, where it gave one.
        worker: Option<Arc<str>>,
    },
    /// The worker is alive. Not an event.
    7 => TaskHeartbeat {
        /// The line of control.
        frame: FrameId,
    },
    /// The worker answered with a result.
    8 => ActivitySucceeded {
        /// The line of control.
        frame: FrameId,
        /// The result.
        output: Payload,
    },
    /// The worker answered with a failure, or the task could not be done.
    9 => ActivityFailed {
        /// The line of control.
        frame: FrameId,
        /// The failure.
        failure: Failure,
    },
    /// The task or its heartbeat ran out of time.
    10 => ActivityTimedOut {
        /// The line of control.
        frame: FrameId,
        /// The failure.
        failure: Failure,
    },
    /// A retrier takes the failure; the attempt begins after a back-off. Not an event.
    11 => RetryScheduled {
        /// The line of control.
        frame: FrameId,
        /// Index of the retrier in the state's `Retry`.
        retrier: u32,
        /// When the back-off ends.
        due: Timestamp,
    },
    /// The execution ended with success.
    12 => ExecutionSucceeded {
        /// Its output.
        output: Payload,
    },
    /// The execution failed.
    13 => ExecutionFailed {
        /// With what.
        failure: Failure,
    },
    /// The execution was stopped.
    14 => ExecutionAborted {
        /// The error and cause given to the stop.
        failure: Failure,
    },
    /// The execution ran out of the machine's `TimeoutSeconds`.
    15 => ExecutionTimedOut {
        /// Always `States.Timeout`.
        failure: Failure,
    },
    /// A Parallel state began its branches, for the first time or again.
    16 => ParallelStarted {
        /// The line of control that is in the state.
        frame: FrameId,
        /// The line of control of the first branch; those of the others follow without a gap.
        first: FrameId,
        /// How many branches there are.
        branches: u32,
        /// What every branch gets.
        input: Payload,
    },
    /// A branch ended with success: the output of its last state. Not an event.
    17 => BranchSucceeded {
        /// The branch.
        frame: FrameId,
    },
    /// A branch failed, and with it its block. Not an event.
    18 => BranchFailed {
        /// The branch.
        frame: FrameId,
    },
    /// All branches of a Parallel state ended with success.
    19 => ParallelSucceeded {
        /// The line of control that is in the state.
        frame: FrameId,
    },
    /// A Parallel state failed, and no retrier took the failure.
    20 => ParallelFailed {
        /// The line of control that is in the state.
        frame: FrameId,
    },
    /// A Map state found its items, for the first time or again.
    21 => MapStarted {
        /// The line of control that is in the state.
        frame: FrameId,
        /// How many items there are.
        length: u32,
        /// How many iterations may run at once, at least 1.
        at_once: u32,
        /// What the items are selected with: the state's input after `InputPath`.
        input: Payload,
        /// The items: an array.
        items: Payload,
    },
    /// An iteration of a Map state began.
    22 => MapIterationStarted {
        /// The iteration.
        frame: FrameId,
        /// The line of control that is in the Map state.
        block: FrameId,
        /// The Map state's name.
        name: Arc<str>,
        /// Index of the item.
        index: u32,
        /// What the iteration gets.
        input: Payload,
    },
    /// An iteration ended with success: the output of its last state.
    23 => MapIterationSucceeded {
        /// The iteration.
        frame: FrameId,
        /// The Map state's name.
        name: Arc<str>,
        /// Index of the item.
        index: u32,
    },
    /// An iteration failed, and with it its block.
    24 => MapIterationFailed {
        /// The iteration.
        frame: FrameId,
        /// The Map state's name.
        name: Arc<str>,
        /// Index of the item.
        index: u32,
    },
    /// An iteration was under way when its block, or one around it, failed.
    25 => MapIterationAborted {
        /// The iteration.
        frame: FrameId,
        /// The Map state's name.
        name: Arc<str>,
        /// Index of the item.
        index: u32,
    },
    /// All iterations of a Map state ended with success.
    26 => MapSucceeded {
        /// The line of control that is in the state.
        frame: FrameId,
    },
    /// A Map state failed, and no retrier took the failure.
    27 => MapFailed {
        /// The line of control that is in the state.
        frame: FrameId,
    },
    /// A state was under way when the block around it failed.
    28 => StateAborted {
        /// The line of control.
        frame: FrameId,
        /// The kind of state.
        kind: StateKind,
    },
    /// A line of control left a state whose `Assign` set variables; else as [`StateExited`](Fact::StateExited).
    36 => StateExitedAssigned {
        /// The line of control.
        frame: FrameId,
        /// The kind of state.
        kind: StateKind,
        /// The state's name.
        name: Arc<str>,
        /// The output.
        output: Payload,
        /// The variables, which the line of control has from now on.
        variables: Variables,
    },
    /// A state was entered, and begins with the next step: this one has done enough. Not an event.
    37 => StateHeld {
        /// The line of control.
        frame: FrameId,
        /// When it may begin: at once.
        until: Timestamp,
    },
    // Calls have the numbers from 40 on.
    /// A call of a Lambda function was asked for.
    40 => LambdaFunctionScheduled {
        /// The line of control.
        frame: FrameId,
        /// ARN of the function.
        resource: Arc<str>,
        /// The function's input.
        input: Payload,
        /// `TimeoutSeconds`, where the state has it.
        timeout_seconds: Option<u64>,
    },
    /// The call was begun.
    41 => LambdaFunctionStarted {
        /// The line of control.
        frame: FrameId,
    },
    /// The function returned.
    42 => LambdaFunctionSucceeded {
        /// The line of control.
        frame: FrameId,
        /// What it returned.
        output: Payload,
    },
    /// The function failed, or could not be called.
    43 => LambdaFunctionFailed {
        /// The line of control.
        frame: FrameId,
        /// The failure.
        failure: Failure,
    },
    /// The function ran out of time.
    44 => LambdaFunctionTimedOut {
        /// The line of control.
        frame: FrameId,
        /// The failure.
        failure: Failure,
    },
    /// A call of a service was asked for.
    45 => TaskScheduled {
        /// The line of control.
        frame: FrameId,
        /// The service.
        service: Arc<str>,
        /// The action with the pattern.
        action: Arc<str>,
        /// The region that is called.
        region: Arc<str>,
        /// The parameters of the call.
        parameters: Payload,
        /// `TimeoutSeconds`, where the state has it.
        timeout_seconds: Option<u64>,
        /// `HeartbeatSeconds`, where the state has it.
        heartbeat_seconds: Option<u64>,
    },
    /// The call was begun.
    46 => TaskStarted {
        /// The line of control.
        frame: FrameId,
        /// The service.
        service: Arc<str>,
        /// The action with the pattern.
        action: Arc<str>,
    },
    /// The service took the job, whose end is waited for.
    47 => TaskSubmitted {
        /// The line of control.
        frame: FrameId,
        /// The service.
        service: Arc<str>,
        /// The action with the pattern.
        action: Arc<str>,
        /// What the service answered.
        output: Payload,
    },
    /// The task is done.
    48 => TaskSucceeded {
        /// The line of control.
        frame: FrameId,
        /// The service.
        service: Arc<str>,
        /// The action with the pattern.
        action: Arc<str>,
        /// The result.
        output: Payload,
    },
    /// The task failed, or could not be begun.
    49 => TaskFailed {
        /// The line of control.
        frame: FrameId,
        /// The service.
        service: Arc<str>,
        /// The action with the pattern.
        action: Arc<str>,
        /// The failure.
        failure: Failure,
    },
    /// The task or its heartbeat ran out of time.
    50 => TaskTimedOut {
        /// The line of control.
        frame: FrameId,
        /// The service.
        service: Arc<str>,
        /// The action with the pattern.
        action: Arc<str>,
        /// The failure.
        failure: Failure,
    },
    /// A query of a state failed, or gave what the state cannot use.
    52 => EvaluationFailed {
        /// The line of control.
        frame: FrameId,
        /// The state.
        name: Arc<str>,
        /// Where in the state the query stands, if it is one field's fault.
        location: Option<Arc<str>>,
        /// What retriers and catchers see of it.
        failure: Failure,
    },
    /// A task of another execution started this one. Not an event; follows the start.
    51 => StartedBy {
        /// The task.
        parent: Parent,
    },
    /// As [`LambdaFunctionScheduled`](Fact::LambdaFunctionScheduled), with `Credentials`.
    53 => LambdaFunctionScheduledInRole {
        /// The line of control.
        frame: FrameId,
        /// ARN of the function.
        resource: Arc<str>,
        /// The function's input.
        input: Payload,
        /// `TimeoutSeconds`, where the state has it.
        timeout_seconds: Option<u64>,
        /// ARN of the role. It is shown; nobody takes it.
        role: Arc<str>,
    },
    /// As [`TaskScheduled`](Fact::TaskScheduled), with `Credentials`.
    54 => TaskScheduledInRole {
        /// The line of control.
        frame: FrameId,
        /// The service.
        service: Arc<str>,
        /// The action with the pattern.
        action: Arc<str>,
        /// The region that is called.
        region: Arc<str>,
        /// The parameters of the call.
        parameters: Payload,
        /// `TimeoutSeconds`, where the state has it.
        timeout_seconds: Option<u64>,
        /// `HeartbeatSeconds`, where the state has it.
        heartbeat_seconds: Option<u64>,
        /// ARN of the role. It is shown; nobody takes it.
        role: Arc<str>,
    },
    // Redrives have the numbers from 60 on.
    /// An execution that had ended goes on from where it failed. Every line of control halts until it
    /// is resumed.
    60 => ExecutionRedriven {
        /// The number of the redrive, from 1.
        count: u32,
        /// What tells the request from another, where the caller gave it.
        token: Option<Arc<str>>,
    },
    /// A state that an end had left open begins again; its retriers are as new. Not an event.
    61 => StateResumed {
        /// The line of control.
        frame: FrameId,
        /// The event that its next one points back to.
        cursor: EventId,
    },
    /// A Parallel or Map state goes on with the branches or iterations that had not succeeded; its retriers
    /// are as new. Not an event.
    62 => BlockResumed {
        /// The line of control that is in the state.
        frame: FrameId,
    },
}

impl Fact {
    /// Whether the fact is an event of the public history and takes an event number.
    pub fn is_event(&self) -> bool {
        !matches!(
            self,
            Fact::WaitStarted { .. }
                | Fact::StateHeld { .. }
                | Fact::TaskHeartbeat { .. }
                | Fact::RetryScheduled { .. }
                | Fact::StartedBy { .. }
                | Fact::BranchSucceeded { .. }
                | Fact::BranchFailed { .. }
                | Fact::StateResumed { .. }
                | Fact::BlockResumed { .. }
        )
    }

    /// Whether the execution is over with this fact.
    pub fn is_end(&self) -> bool {
        match self {
            Fact::ExecutionSucceeded { .. }
            | Fact::ExecutionFailed { .. }
            | Fact::ExecutionAborted { .. }
            | Fact::ExecutionTimedOut { .. } => true,
            Fact::ExecutionStarted { .. }
            | Fact::StateEntered { .. }
            | Fact::StateExited { .. }
            | Fact::StateExitedAssigned { .. }
            | Fact::StateHeld { .. }
            | Fact::WaitStarted { .. }
            | Fact::ActivityScheduled { .. }
            | Fact::ActivityStarted { .. }
            | Fact::TaskHeartbeat { .. }
            | Fact::ActivitySucceeded { .. }
            | Fact::ActivityFailed { .. }
            | Fact::ActivityTimedOut { .. }
            | Fact::RetryScheduled { .. }
            | Fact::ParallelStarted { .. }
            | Fact::BranchSucceeded { .. }
            | Fact::BranchFailed { .. }
            | Fact::ParallelSucceeded { .. }
            | Fact::ParallelFailed { .. }
            | Fact::MapStarted { .. }
            | Fact::MapIterationStarted { .. }
            | Fact::MapIterationSucceeded { .. }
            | Fact::MapIterationFailed { .. }
            | Fact::MapIterationAborted { .. }
            | Fact::MapSucceeded { .. }
            | Fact::MapFailed { .. }
            | Fact::StateAborted { .. }
            | Fact::LambdaFunctionScheduled { .. }
            | Fact::LambdaFunctionScheduledInRole { .. }
            | Fact::LambdaFunctionStarted { .. }
            | Fact::LambdaFunctionSucceeded { .. }
            | Fact::LambdaFunctionFailed { .. }
            | Fact::LambdaFunctionTimedOut { .. }
            | Fact::TaskScheduled { .. }
            | Fact::TaskScheduledInRole { .. }
            | Fact::TaskStarted { .. }
            | Fact::TaskSubmitted { .. }
            | Fact::TaskSucceeded { .. }
            | Fact::TaskFailed { .. }
            | Fact::TaskTimedOut { .. }
            | Fact::EvaluationFailed { .. }
            | Fact::StartedBy { .. }
            | Fact::ExecutionRedriven { .. }
            | Fact::StateResumed { .. }
            | Fact::BlockResumed { .. } => false,
        }
    }

    /// ARN of the role that a call was scheduled with, if any.
    pub fn role(&self) -> Option<&str> {
        match self {
            Fact::LambdaFunctionScheduledInRole { role, .. } | Fact::TaskScheduledInRole { role, .. } => {
                Some(role)
            }
            _ => None,
        }
    }

    /// The data that came up with the fact, if any; what a state begins with was there before.
    pub(super) fn data(&self) -> Option<&Payload> {
        match self {
            Fact::StateExited { output: data, .. }
            | Fact::StateExitedAssigned { output: data, .. }
            | Fact::MapIterationStarted { input: data, .. } => Some(data),
            _ => None,
        }
    }

    /// The line of control that the fact is about; `None` for the execution as a whole.
    pub fn frame(&self) -> Option<FrameId> {
        match self {
            Fact::StateEntered { frame, .. }
            | Fact::StateExited { frame, .. }
            | Fact::StateExitedAssigned { frame, .. }
            | Fact::StateHeld { frame, .. }
            | Fact::WaitStarted { frame, .. }
            | Fact::ActivityScheduled { frame, .. }
            | Fact::ActivityStarted { frame, .. }
            | Fact::TaskHeartbeat { frame }
            | Fact::ActivitySucceeded { frame, .. }
            | Fact::ActivityFailed { frame, .. }
            | Fact::ActivityTimedOut { frame, .. }
            | Fact::RetryScheduled { frame, .. }
            | Fact::ParallelStarted { frame, .. }
            | Fact::BranchSucceeded { frame }
            | Fact::BranchFailed { frame }
            | Fact::ParallelSucceeded { frame }
            | Fact::ParallelFailed { frame }
            | Fact::MapStarted { frame, .. }
            | Fact::MapIterationStarted { frame, .. }
            | Fact::MapIterationSucceeded { frame, .. }
            | Fact::MapIterationFailed { frame, .. }
            | Fact::MapIterationAborted { frame, .. }
            | Fact::MapSucceeded { frame }
            | Fact::MapFailed { frame }
            | Fact::StateAborted { frame, .. }
            | Fact::LambdaFunctionScheduled { frame, .. }
            | Fact::LambdaFunctionScheduledInRole { frame, .. }
            | Fact::LambdaFunctionStarted { frame }
            | Fact::LambdaFunctionSucceeded { frame, .. }
            | Fact::LambdaFunctionFailed { frame, .. }
            | Fact::LambdaFunctionTimedOut { frame, .. }
            | Fact::TaskScheduled { frame, .. }
            | Fact::TaskScheduledInRole { frame, .. }
            | Fact::TaskStarted { frame, .. }
            | Fact::TaskSubmitted { frame, .. }
            | Fact::TaskSucceeded { frame, .. }
            | Fact::TaskFailed { frame, .. }
            | Fact::TaskTimedOut { frame, .. }
            | Fact::EvaluationFailed { frame, .. }
            | Fact::StateResumed { frame, .. }
            | Fact::BlockResumed { frame } => Some(*frame),
            Fact::ExecutionStarted { .. }
            | Fact::StartedBy { .. }
            | Fact::ExecutionSucceeded { .. }
            | Fact::ExecutionFailed { .. }
            | Fact::ExecutionAborted { .. }
            | Fact::ExecutionTimedOut { .. }
            | Fact::ExecutionRedriven { .. } => None,
        }
    }
}

/// A kind of state, as the names of its events begin. The numbers are on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum StateKind {
    /// `PassState…`
    Pass = 1,
    /// `TaskState…`
    Task = 2,
    /// `ChoiceState…`
    Choice = 3,
    /// `WaitState…`
    Wait = 4,
    /// `SucceedState…`
    Succeed = 5,
    /// `FailState…`
    Fail = 6,
    /// `ParallelState…`
    Parallel = 7,
    /// `MapState…`
    Map = 8,
}

impl StateKind {
    /// The kind of this number.
    pub fn from_number(number: u8) -> Option<StateKind> {
        match number {
            1 => Some(StateKind::Pass),
            2 => Some(StateKind::Task),
            3 => Some(StateKind::Choice),
            4 => Some(StateKind::Wait),
            5 => Some(StateKind::Succeed),
            6 => Some(StateKind::Fail),
            7 => Some(StateKind::Parallel),
            8 => Some(StateKind::Map),
            _ => None,
        }
    }
}

impl Field for StateKind {
    fn put(&self, writer: &mut Writer) {
        writer.byte(*self as u8);
    }

    fn get(reader: &mut Reader<'_>) -> Result<StateKind, DecodeError> {
        let number = reader.byte()?;
        StateKind::from_number(number).ok_or(DecodeError::Damaged("kind of state"))
    }
}

impl Field for Parent {
    fn put(&self, writer: &mut Writer) {
        let Parent { execution, frame, task, pattern } = self;
        execution.put(writer);
        frame.put(writer);
        writer.number(task.0);
        writer.byte(match pattern {
            Pattern::RequestResponse => 0,
            Pattern::Sync => 1,
            Pattern::SyncJson => 2,
            Pattern::Token => 3,
        });
    }

    fn get(reader: &mut Reader<'_>) -> Result<Parent, DecodeError> {
        Ok(Parent {
            execution: Field::get(reader)?,
            frame: Field::get(reader)?,
            task: EventId(reader.number()?),
            pattern: match reader.byte()? {
                0 => Pattern::RequestResponse,
                1 => Pattern::Sync,
                2 => Pattern::SyncJson,
                3 => Pattern::Token,
                _ => return Err(DecodeError::Damaged("pattern of a task")),
            },
        })
    }
}

impl Field for Box<Start> {
    fn put(&self, writer: &mut Writer) {
        let Start {
            arn,
            name,
            machine_arn,
            machine_name,
            revision,
            version_arn,
            alias_arn,
            role_arn,
            trace_header,
            input,
        } = &**self;
        for text in [arn, name, machine_arn, machine_name, revision, role_arn] {
            text.put(writer);
        }
        for text in [version_arn, alias_arn, trace_header] {
            text.put(writer);
        }
        input.put(writer);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Box<Start>, DecodeError> {
        let mut text = || Field::get(reader);
        let (arn, name, machine_arn, machine_name, revision, role_arn) =
            (text()?, text()?, text()?, text()?, text()?, text()?);
        let mut option = || Field::get(reader);
        let (version_arn, alias_arn, trace_header) = (option()?, option()?, option()?);
        let input = Field::get(reader)?;
        Ok(Box::new(Start {
            arn,
            name,
            machine_arn,
            machine_name,
            revision,
            version_arn,
            alias_arn,
            role_arn,
            trace_header,
            input,
        }))
    }
}
