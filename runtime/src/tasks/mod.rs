//! Who carries out commands: one integration each. They know commands, not executions; only
//! `nested` does, whose work is other executions, and it goes through the engine as a caller would.

pub mod activity;
pub(crate) mod connect;
pub mod lambda;
pub(crate) mod nested;
mod sdk;
pub(crate) mod sigv4;
pub mod token;
