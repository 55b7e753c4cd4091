//! The reference on node: a process of its own, which measures itself.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::{Mode, rows::Row};

/// Evaluations per second in a quarter of a second, once it is warm, and the result as JSON text.
pub(crate) fn measure(row: &Row, mode: Mode) -> (f64, String) {
    let folder = std::env::var("JSONATA_REFERENCE").expect("JSONATA_REFERENCE, the folder of npm jsonata");
    let task = serde_json::json!({
        "expression": row.expression(mode),
        "input": row.input,
        "mode": match mode { Mode::Plain => "plain", Mode::Bound => "bound", Mode::Text => "text" },
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/reference.mjs");
    let mut child = Command::new("node")
        .arg(script)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    child.stdin.take().expect("piped").write_all(task.to_string().as_bytes()).expect("node reads");
    let output = child.wait_with_output().expect("node ends");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).expect("an answer of node");
    (answer["rate"].as_f64().expect("a rate"), answer["result"].as_str().expect("a result").to_owned())
}
