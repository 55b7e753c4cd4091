//! The tests of gradus from the outside: the real program, its files, and its protocol.
//!
//! One binary, so that it is linked once. It is a test of the package `gradus` because cargo builds
//! a program only for the tests of its own package, and tells them where it is; with that, plain
//! `cargo test --workspace` does everything, offline and from a cold clone, and so does nextest. The
//! code lives here, with what it needs from the package `gradus-tests`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong here is a failed test, and a panic says so"
)]

use std::io::Write;
use std::process::{Command, Stdio};

mod access;
mod activity;
mod calls;
mod crash;
mod eval;
mod execution;
mod express;
mod history;
mod hostile;
mod logs;
mod model;
mod regenerate;
mod resume;
mod start;
mod sweep;
mod validate;
mod wire;

/// The program under test.
const GRADUS: &str = env!("CARGO_BIN_EXE_gradus");

/// Runs the program with this standard input; gives the exit code, standard output and standard error.
fn program(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(GRADUS);
    command.args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = command.spawn().unwrap();
    // A program that refuses its arguments does not read.
    let _ = program.stdin.take().unwrap().write_all(input.as_bytes());
    let output = program.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A folder of cases, below `tests/`.
fn cases(folder: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(folder)
}

/// Whether what is found replaces what is expected: `UPDATE=1`.
fn updating() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}
