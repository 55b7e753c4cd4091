//! Findings as a SARIF 2.1.0 log, for code scanning.
//!
//! One run, with a rule for each code. Source: Static Analysis Results Interchange Format (SARIF)
//! Version 2.1.0, OASIS Standard.

use std::fmt::Write as _;

use gradus_core::asl::diagnostic::Code;
use serde_json::{Value, json};

use super::finding::Finding;
use super::source::Position;
use super::{Checked, Report};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Prints all findings.
pub(super) fn print(report: &Report) -> String {
    let rules: Vec<Value> = Code::ALL.iter().map(|code| rule(*code)).collect();
    let results: Vec<Value> = report
        .files
        .iter()
        .flat_map(|file| file.findings.iter().map(|finding| result(file, finding)))
        .collect();
    let notifications: Vec<Value> = report
        .unreadable
        .iter()
        .map(|reason| json!({ "level": "error", "message": { "text": reason } }))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "gradus", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: Code) -> Value {
    json!({ "id": code.as_str(), "shortDescription": { "text": code.summary() } })
}

fn result(file: &Checked, finding: &Finding) -> Value {
    let Finding { level, code, message, location, start, end, hint } = finding;
    let hint = hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    let mut place = json!({
        "physicalLocation": { "artifactLocation": { "uri": uri(&file.name) }, "region": region(*start, *end) },
    });
    if let (Some(location), Some(place)) = (location, place.as_object_mut()) {
        place.insert("logicalLocations".to_owned(), json!([{ "fullyQualifiedName": location }]));
    }
    json!({
        "ruleId": code.as_str(),
        "ruleIndex": Code::ALL.iter().position(|known| known == code),
        "level": level.as_str(),
        "message": { "text": format!("{message}{hint}") },
        "locations": [place],
    })
}

/// The end is behind the last character, as for findings.
fn region(start: Position, end: Position) -> Value {
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// A file's name as a URI reference, relative where the name is.
fn uri(name: &str) -> String {
    if name == "<stdin>" {
        return "stdin".to_owned();
    }
    let name = if cfg!(windows) { name.replace('\\', "/") } else { name.to_owned() };
    let mut uri = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    if uri.starts_with('/') { format!("file://{uri}") } else { uri }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_uris() {
        for (name, expected) in [
            ("a/b.json", "a/b.json"),
            ("a b#1%é.json", "a%20b%231%25%C3%A9.json"),
            ("/tmp/x.json", "file:///tmp/x.json"),
            ("c:x", "c%3Ax"),
            ("<stdin>", "stdin"),
        ] {
            assert_eq!(uri(name), expected);
        }
    }
}
