//! `gradus`: the command line around the engine.
//!
//! [`serve`] puts the service on HTTP, in layers that know only the one below: [`aws_json`] (the
//! protocol; [`query`] for what tools ask of the neighbours), [`access`] (who may call), [`listen`],
//! [`body`], [`pace`] and [`descriptors`] (connections); [`log`] prints what happens. [`run`] drives one execution without any
//! of that, [`validate`] only reads definitions,
//! [`eval`] evaluates an expression. What the service does is in `gradus-runtime`, what a workflow
//! means in `gradus-core`.

mod access;
mod aws_json;
mod body;
mod config;
mod descriptors;
mod eval;
mod listen;
mod log;
mod pace;
mod query;
mod run;
mod serve;
mod validate;

use std::process::ExitCode;

use clap::Parser;

use crate::config::{Cli, Command};

/// A start allocates on one thread what others free; this allocator is a fifth faster at it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(options) => serve::command(&options),
        Command::Run(options) => run::command(&options),
        Command::Validate(options) => validate::command(&options),
        Command::Eval(options) => eval::command(&options),
    }
}
