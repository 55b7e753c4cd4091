//! An execution as a value: what the world tells it, what happened, and what it asks for.
//!
//! [`Execution::step`] takes one [`Event`] to its end and returns the [`Fact`]s that happened;
//! [`Execution::apply`] is the only place where an execution changes, live and on replay alike.
//! [`Execution::outstanding`] names every [`Command`] that is not yet answered, from the state
//! alone, so what a crash interrupted can always be taken up again.
//!
//! A kind of state is a file of free functions under `state/`. This module must not know the
//! store, the service's shapes, or how a command is carried out.

pub mod codec;
pub mod command;
pub mod dataflow;
pub mod event;
pub mod execution;
pub mod fact;
pub mod redrive;
pub mod retry;
pub mod test;
pub mod timestamp;
pub mod trial;
pub mod variables;

mod children;
mod state;

#[cfg(test)]
mod generate;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod redrives;
#[cfg(test)]
mod scopes;
#[cfg(test)]
mod sequences;

pub use command::{ActivityTask, Call, Command, Purpose, Timer};
pub use event::{Event, Parent, Start};
pub use execution::{Env, Execution, Job, Mode, Outcome, Reply, Step};
pub use fact::{Entry, Fact, StateKind};
pub use redrive::{NotRedrivable, Redriven, Standing};
pub use retry::Failure;
pub use timestamp::Timestamp;
pub use trial::Trial;
pub use variables::Variables;

/// Number of an event in the history of its execution, from 1; 0 means "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u64);

/// One line of control in an execution: the machine itself, a branch, an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameId(pub u32);

impl FrameId {
    /// The line of control that runs the machine's own states.
    pub const ROOT: FrameId = FrameId(0);
}

/// The most events that one execution may have; the last is its failure.
/// Source: recorded from the service, 2026-08.
pub const MAX_EVENTS: u64 = 25_000;

/// The longest that an execution of an Express state machine runs. Source: the developer guide.
pub const MAX_EXPRESS_SECONDS: u64 = 300;

/// The most bytes of UTF-8 in the input or output of a state, a task or an execution.
pub const MAX_PAYLOAD_BYTES: usize = 262_144;
