//! `gradus validate` as a program: what it reads, where it writes, how it ends.

use std::fs;

use gradus_tests::folder::Folder;

use crate::program;

const RIGHT: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#;
const FAULTY: &str = r#"{"StartAt": "B", "States": {"A": {"Type": "Succeed"}}}"#;
/// The service runs it; gradus does not.
const GAP: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true, "Resource": "arn:aws:states:::glue:startJobRun"}}}"#;

/// Runs the program with this input; gives the exit code, standard output and standard error.
fn validate(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    program(&[&["validate"], arguments].concat(), input)
}

#[test]
fn exit_codes_and_streams() {
    let folder = Folder::new();
    let [right, faulty, gap] = [("right", RIGHT), ("faulty", FAULTY), ("gap", GAP)].map(|(name, text)| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    });
    let missing = folder.join("missing");
    // Arguments, standard input, exit code, the last line on standard output, the start of standard error.
    let cases: &[(&[&str], &str, i32, &str, &str)] = &[
        (&[&right], "", 0, "checked 1 file: no errors", ""),
        (&[&right, &faulty], "", 1, "checked 2 files: 1 error", ""),
        (&[&gap], "", 0, "checked 1 file: no errors, 1 note", ""),
        (&["-"], RIGHT, 0, "checked 1 file: no errors", ""),
        (&["-"], "{", 1, "checked 1 file: 1 error", ""),
        (&[&missing, &right], "", 2, "checked 1 file: no errors; 1 file not read", "gradus: "),
        (&["-", "-"], RIGHT, 2, "", "gradus: standard input"),
        (&[], "", 2, "", "error: "),
        (&["--format", "xml", &right], "", 2, "", "error: "),
    ];
    for (arguments, input, code, last, error) in cases {
        let (found, stdout, stderr) = validate(arguments, input);
        assert_eq!((found, stdout.lines().last().unwrap_or_default()), (Some(*code), *last), "{arguments:?}");
        assert!(stderr.starts_with(error) && stderr.is_empty() == error.is_empty(), "{stderr}");
    }
}

#[test]
fn findings_are_lines_that_editors_read() {
    let (_, stdout, _) = validate(&["-"], FAULTY);
    assert_eq!(
        stdout.lines().next(),
        Some("<stdin>:1:2: error MISSING_TRANSITION_TARGET: Missing 'Next' target: B")
    );
    let (_, stdout, _) = validate(&["--format", "json", "-"], FAULTY);
    let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["files"][0]["diagnostics"][0]["code"], "MISSING_TRANSITION_TARGET");
    let (_, stdout, _) = validate(&["--format", "sarif", "-"], FAULTY);
    let log: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "MISSING_TRANSITION_TARGET");
}
