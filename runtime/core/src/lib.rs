//! The pure half of gradus: the Amazon States Language and its execution as a state machine.
//!
//! Nothing here reads a clock, a file, a socket or a random number: time and seeds come in as
//! arguments ([`machine::Env`]), what is to be done goes out as values ([`machine::Command`]).
//! The crate must not know the service API (`gradus-api`), the store, or any runtime.
//!
//! Read in this order: [`asl::definition`] (what a state machine is), [`machine::Execution`]
//! (what running it means), then one file under `machine/state/` for each kind of state.

pub mod asl;
pub mod expr;
pub mod json;
pub mod machine;
