//! Who carries out commands: one integration each. They know commands, not executions.

pub mod activity;
pub mod lambda;
pub(crate) mod nested;
mod sdk;
mod sigv4;
pub mod token;
