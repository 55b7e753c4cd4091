//! The world outside the engine, as commands reach it.

use gradus_core::machine::Command;

use crate::store::Durable;
use crate::store::layout::{Errand, ExecutionId};

/// Carries out commands. A command comes at least once: again after a crash, if it is not settled.
pub trait Outside: Send + Sync + 'static {
    /// Begins to carry out a command whose facts are on disk, as the receipt proves. Returns at
    /// once; what comes of it comes back to the execution as an event.
    fn perform(&self, execution: ExecutionId, command: &Command, durable: &Durable);

    /// Begins to tell the end of an execution, which is on disk, to the task that waits for it.
    fn ended(&self, execution: ExecutionId, durable: &Durable);

    /// Begins to cancel a job that no task waits for any more, as is on disk.
    fn abandoned(&self, errand: Errand, durable: &Durable);

    /// Lets go of a call that was answered or is not wanted any more, as is on disk.
    fn settled(&self, errand: Errand, durable: &Durable);
}
