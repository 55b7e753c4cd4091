//! What the world tells one execution.

use std::sync::Arc;

use super::retry::Failure;
use super::{EventId, FrameId, Purpose, Timestamp};
use crate::asl::definition::Pattern;
use crate::json::Payload;

/// Something that happened outside and that an execution has to react to.
///
/// Late and doubled events are normal: what nothing waits for any more changes nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The execution begins. The first event, and only the first.
    Started(Box<Start>),
    /// The execution begins because a task of another one started it. The first event, too.
    StartedBy(Box<Start>, Parent),
    /// A due time has come.
    TimerFired {
        /// The line of control that asked for it.
        frame: FrameId,
        /// What it was asked for.
        purpose: Purpose,
        /// The due time as asked for; tells an old timer from the current one.
        due: Timestamp,
    },
    /// A worker takes a task.
    TaskStarted {
        /// The line of control that scheduled the task.
        frame: FrameId,
        /// The event that scheduled the task, which names the attempt.
        task: EventId,
        /// Who takes it, where the worker gave a name.
        worker: Option<Arc<str>>,
    },
    /// A worker says that it is still at work.
    TaskHeartbeat {
        /// The line of control that scheduled the task.
        frame: FrameId,
        /// The event that scheduled the task.
        task: EventId,
    },
    /// A task is done.
    TaskSucceeded {
        /// The line of control that scheduled the task.
        frame: FrameId,
        /// The event that scheduled the task.
        task: EventId,
        /// The task's result.
        output: Payload,
    },
    /// A task has failed.
    TaskFailed {
        /// The line of control that scheduled the task.
        frame: FrameId,
        /// The event that scheduled the task.
        task: EventId,
        /// With what.
        failure: Failure,
    },
    /// A call was answered: by a result or the start of a job, or with a failure.
    CallAnswered {
        /// The line of control that scheduled the call.
        frame: FrameId,
        /// The event that scheduled the call.
        task: EventId,
        /// What the function or the service said.
        answer: Result<Payload, Failure>,
    },
    /// Somebody asks for the end of the execution.
    StopRequested {
        /// The error and cause to end it with.
        failure: Failure,
    },
    /// Somebody asks an execution that has ended to go on from where it failed.
    RedriveRequested {
        /// What tells the request from another, where the caller gave it.
        token: Option<Arc<str>>,
    },
}

impl Event {
    /// The line of control that is told; `None` where it is the execution as a whole.
    pub fn frame(&self) -> Option<FrameId> {
        match self {
            Event::TimerFired { frame, .. }
            | Event::TaskStarted { frame, .. }
            | Event::TaskHeartbeat { frame, .. }
            | Event::TaskSucceeded { frame, .. }
            | Event::TaskFailed { frame, .. }
            | Event::CallAnswered { frame, .. } => Some(*frame),
            Event::Started(_)
            | Event::StartedBy(..)
            | Event::StopRequested { .. }
            | Event::RedriveRequested { .. } => None,
        }
    }
}

/// What an execution is started with. All of it is in the context object or in the history.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// ARN of the execution.
    pub arn: Arc<str>,
    /// Name of the execution.
    pub name: Arc<str>,
    /// ARN of the state machine, unqualified.
    pub machine_arn: Arc<str>,
    /// Name of the state machine.
    pub machine_name: Arc<str>,
    /// The revision of the state machine that runs, in the catalogue's terms.
    pub revision: Arc<str>,
    /// Version ARN, when started through a version or an alias.
    pub version_arn: Option<Arc<str>>,
    /// Alias ARN, when started through an alias.
    pub alias_arn: Option<Arc<str>>,
    /// ARN of the role of the state machine.
    pub role_arn: Arc<str>,
    /// X-Ray trace header, kept and returned.
    pub trace_header: Option<Arc<str>>,
    /// The input, text verbatim.
    pub input: Payload,
}

/// The task that started an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parent {
    /// ARN of the task's execution.
    pub execution: Arc<str>,
    /// The line of control that scheduled the task.
    pub frame: FrameId,
    /// The event that scheduled the task.
    pub task: EventId,
    /// What the task waits for.
    pub pattern: Pattern,
}

impl Parent {
    /// Whether the task waits for the end of the execution.
    pub fn is_waiting(&self) -> bool {
        matches!(self.pattern, Pattern::Sync | Pattern::SyncJson)
    }
}
