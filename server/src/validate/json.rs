//! Findings as one JSON object, for scripts.

use serde_json::{Map, Value, json};

use super::finding::{Finding, Level};
use super::{Checked, Report};

/// Prints all findings. Members that say nothing are absent.
pub(super) fn print(report: &Report) -> String {
    let document = json!({
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "unreadable": report.unreadable,
        "errors": report.count(Level::Error),
        "warnings": report.count(Level::Warning),
        "notes": report.count(Level::Note),
    });
    format!("{document:#}\n")
}

/// A file: `result` is what ValidateStateMachineDefinition of the service would answer.
fn file(file: &Checked) -> Value {
    json!({
        "file": file.name,
        "result": if file.count(Level::Error) == 0 { "OK" } else { "FAIL" },
        "diagnostics": file.findings.iter().map(diagnostic).collect::<Vec<_>>(),
    })
}

fn diagnostic(finding: &Finding) -> Value {
    let Finding { level, code, message, location, start, end, hint } = finding;
    let mut members = Map::from_iter([
        ("severity".to_owned(), level.as_str().to_uppercase().into()),
        ("code".to_owned(), code.as_str().into()),
        ("message".to_owned(), message.as_str().into()),
        ("line".to_owned(), start.line.into()),
        ("column".to_owned(), start.column.into()),
        ("endLine".to_owned(), end.line.into()),
        ("endColumn".to_owned(), end.column.into()),
    ]);
    let optional = [("location", location), ("hint", hint)];
    members.extend(
        optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_deref()?.into()))),
    );
    Value::Object(members)
}
