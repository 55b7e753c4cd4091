//! The world outside the engine, as commands reach it.

use std::sync::Arc;

use gradus_core::machine::Command;
use gradus_core::machine::codec::StepFacts;

use crate::store::Durable;
use crate::store::layout::{Errand, ExecutionId};
use crate::store::logging::Logging;

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

    /// Takes a step of an execution whose state machine has it logged. The step is on disk; of an
    /// execution the steps come in order.
    fn logged(&self, step: LoggedStep, durable: &Durable);
}

/// A step of an execution, for its log.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedStep {
    /// ARN of the execution.
    pub execution: Arc<str>,
    /// Name of its state machine.
    pub machine: Arc<str>,
    /// Whether that is an Express one.
    pub express: bool,
    /// How often the execution has been redriven.
    pub redrives: u32,
    /// What is logged, and where to.
    pub logging: Arc<Logging>,
    /// What happened.
    pub facts: StepFacts,
    /// About how much memory it takes.
    pub bytes: usize,
}

/// Where the logs of executions go. The service promises no delivery, and neither does this: an
/// execution never waits for its log.
pub trait Logs: std::fmt::Debug + Send + Sync + 'static {
    /// Takes a step. Returns at once.
    fn take(&self, step: LoggedStep);
}
