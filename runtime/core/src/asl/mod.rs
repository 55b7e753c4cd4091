//! The Amazon States Language as a document: what a state machine says, and what is wrong with it.
//!
//! [`parse`](parse::parse) turns a definition's text into a [`Definition`] and every
//! [`Diagnostic`] found; it does not stop at the first fault. Paths and templates are compiled
//! here, once per revision of a state machine. This module must not know executions.

mod check;
pub mod definition;
pub mod diagnostic;
pub mod parse;

pub use definition::Definition;
pub use diagnostic::Diagnostic;
pub use parse::{LONE_STATE, Options, Parsed, parse, parse_for_trial, parse_state, runs};
