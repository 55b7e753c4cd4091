//! What an execution asks the world for.
//!
//! A command stands in the store from the step that asks for it to the step that settles it, so
//! it survives a crash; [`Execution::outstanding`](super::Execution::outstanding) lists them all.

use std::sync::Arc;

use super::{EventId, FrameId, Timestamp};
use crate::asl::definition::Resource;
use crate::json::Payload;

/// Something that must be under way for an execution to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Wake the execution at a time.
    Timer(Timer),
    /// Hand a task to a worker that polls an activity.
    Activity(ActivityTask),
    /// Call a function or a service.
    Call(Call),
}

/// A due time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timer {
    /// When.
    pub due: Timestamp,
    /// For which line of control.
    pub frame: FrameId,
    /// What for.
    pub purpose: Purpose,
}

/// What a timer is for. The numbers are on disk: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Purpose {
    /// A Wait state ends.
    Wait = 1,
    /// The back-off before a retry ends, or a state that was held begins.
    Retry = 2,
    /// A task has run for its `TimeoutSeconds`.
    TaskTimeout = 3,
    /// A worker has been silent for `HeartbeatSeconds`.
    Heartbeat = 4,
    /// The execution has run for the machine's `TimeoutSeconds`.
    Execution = 5,
}

impl Purpose {
    /// The purpose of this number.
    pub fn from_number(number: u8) -> Option<Purpose> {
        match number {
            1 => Some(Purpose::Wait),
            2 => Some(Purpose::Retry),
            3 => Some(Purpose::TaskTimeout),
            4 => Some(Purpose::Heartbeat),
            5 => Some(Purpose::Execution),
            _ => None,
        }
    }
}

/// A task that waits for a worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActivityTask {
    /// The activity that is polled for it.
    pub arn: Arc<str>,
    /// When it was scheduled; the first scheduled is handed out first.
    pub scheduled_at: Timestamp,
    /// The line of control that scheduled it.
    pub frame: FrameId,
    /// The event that scheduled it, which names the attempt.
    pub task: EventId,
}

/// A call to be made. It may be made more than once: the attempt is its idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// ARN of the execution that asks.
    pub execution: Arc<str>,
    /// The line of control that scheduled it.
    pub frame: FrameId,
    /// The event that scheduled it, which names the attempt.
    pub task: EventId,
    /// What is called.
    pub resource: Resource,
    /// The function's input, or the parameters of the service.
    pub input: Payload,
    /// When the task times out, if it does.
    pub due: Option<Timestamp>,
}
