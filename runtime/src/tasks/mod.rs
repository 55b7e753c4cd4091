//! Who carries out commands: one integration each. They know commands, not executions; only
//! `nested` does, whose work is other executions, and it goes through the engine as a caller would.

pub mod activity;
pub mod lambda;
pub(crate) mod nested;
mod sdk;
pub mod token;
