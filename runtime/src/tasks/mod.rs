//! Who carries out commands: one integration each. They know commands, not executions.

pub mod activity;
pub mod token;
