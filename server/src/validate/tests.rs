//! The command as a whole, on texts; what reads files and prints is thin.

use clap::Parser;

use super::*;

const FAULTY: &str = r#"{
  "StartAt": "Check",
  "States": {
    "Check": {
      "Type": "Wait",
      "Seconds": -1,
      "Next": "shp"
    },
    "Ship": {"Type": "Pass", "Retry": [
        {}
      ], "Parameters": {"a.$": "$x.a"}, "End": true}
  }
}
"#;

const RIGHT: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#;

const GAP: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
  "Resource": "arn:aws:states:::sqs:sendMessage"}}}"#;

fn options(arguments: &[&str]) -> config::Validate {
    let arguments = ["gradus", "validate", "file"].iter().chain(arguments);
    match config::Cli::try_parse_from(arguments).unwrap().command {
        config::Command::Validate(options) => options,
        other => panic!("{other:?}"),
    }
}

fn report(texts: &[(&str, &str)], arguments: &[&str]) -> Report {
    let options = options(arguments);
    let checked = |(name, text): &(&str, &str)| Checked::of((*name).to_owned(), (*text).to_owned(), &options);
    Report { files: texts.iter().map(checked).collect(), unreadable: Vec::new() }
}

#[test]
fn plain_lines() {
    let cases: &[(&str, &[&str])] = &[
        (RIGHT, &["checked 1 file: no errors"]),
        (
            FAULTY,
            &[
                "f.json:6:7: error SCHEMA_VALIDATION_FAILED: Minimum value is 0",
                "f.json:7:7: error MISSING_TRANSITION_TARGET: Missing 'Next' target: shp (did you mean 'Ship'?)",
                "f.json:9:5: error MISSING_TRANSITION_TARGET: State \"Ship\" is not reachable. (no StartAt, Next, \
                 Default, Choice rule or Catch leads here)",
                "f.json:9:30: error SCHEMA_VALIDATION_FAILED: Field 'Retry' is not supported (only these can have \
                 it: Task, Parallel, Map)",
                "f.json:11:10: warning POSSIBLY_UNDEFINED_VARIABLE: Variable 'x' is possibly not defined. (some way \
                 to this state does not assign it)",
                "checked 1 file: 4 errors, 1 warning",
            ],
        ),
        (
            GAP,
            &[
                "f.json:2:3: note NOT_YET_SUPPORTED: gradus does not run Task states with the resource \
                 arn:aws:states:::sqs:sendMessage yet (no fault of the definition: this \
                 version of gradus does not run it)",
                "checked 1 file: no errors, 1 note",
            ],
        ),
        (
            "{\"a\": tru}",
            &[
                "f.json:1:10: error INVALID_JSON_DESCRIPTION: Unrecognized token 'tru': was expecting (JSON String, \
                 Number, Array, Object or token 'null', 'true' or 'false')",
                "checked 1 file: 1 error",
            ],
        ),
        (
            "",
            &[
                "f.json:1:1: error SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object",
                "checked 1 file: 1 error",
            ],
        ),
        (
            r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}"#,
            &[
                "f.json:1:18: error MISSING_END_STATE: Workflow has no terminal state (some state needs \"End\": true, \
                 or the Type Succeed or Fail)",
                "checked 1 file: 1 error",
            ],
        ),
    ];
    for (text, expected) in cases {
        let printed = text::print(&report(&[("f.json", text)], &[]), text::Style::Plain);
        assert_eq!(printed.lines().collect::<Vec<_>>(), *expected, "{text}");
    }
}

#[test]
fn severities_and_types() {
    let express = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
        "Resource": "arn:aws:states:us-east-1:123456789012:activity:a"}}}"#;
    // The text, the arguments, the levels shown, the exit code.
    let cases: &[(&str, &[&str], &[&str], u8)] = &[
        (FAULTY, &["--severity", "error"], &["error", "error", "error", "error"], 1),
        (FAULTY, &["--severity", "warning"], &["error", "error", "error", "error", "warning"], 1),
        (GAP, &["--severity", "error"], &["note"], 0),
        (RIGHT, &[], &[], 0),
        (express, &[], &[], 0),
        (express, &["--type", "standard"], &[], 0),
        (express, &["--type", "express"], &["error"], 1),
    ];
    for (text, arguments, levels, code) in cases {
        let report = report(&[("f.json", text)], arguments);
        let shown: Vec<&str> =
            report.files[0].findings.iter().map(|finding| finding.level.as_str()).collect();
        let mut expected = levels.to_vec();
        expected.sort_unstable();
        let mut sorted = shown.clone();
        sorted.sort_unstable();
        assert_eq!((sorted, report.code()), (expected, *code), "{text} {arguments:?}");
    }
}

#[test]
fn lines_of_the_source() {
    let printed = text::print(&report(&[("f.json", FAULTY)], &[]), text::Style::Lines);
    let expected = "\
f.json:7:7: error MISSING_TRANSITION_TARGET: Missing 'Next' target: shp
    7 |       \"Next\": \"shp\"
      |       ^^^^^^^^^^^^^
      = at /States/Check/Next
      = did you mean 'Ship'?

f.json:9:5: error";
    assert!(printed.contains(expected), "{printed}");
    let coloured = text::print(&report(&[("f.json", FAULTY)], &[]), text::Style::Colours);
    assert!(coloured.contains("\x1b[1;31merror MISSING_TRANSITION_TARGET\x1b[0m: Missing"), "{coloured}");
}

#[test]
fn json_for_scripts() {
    let printed = json::print(&report(&[("a.json", FAULTY), ("b.json", RIGHT)], &[]));
    let document: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let expected = serde_json::json!({
        "severity": "ERROR", "code": "MISSING_TRANSITION_TARGET", "message": "Missing 'Next' target: shp",
        "location": "/States/Check/Next", "hint": "did you mean 'Ship'?",
        "line": 7, "column": 7, "endLine": 7, "endColumn": 20,
    });
    assert_eq!(document["files"][0]["diagnostics"][1], expected);
    assert_eq!(document["files"][0]["result"], "FAIL");
    assert_eq!(
        document["files"][1],
        serde_json::json!({"file": "b.json", "result": "OK", "diagnostics": []})
    );
    assert_eq!(
        (&document["errors"], &document["warnings"], &document["notes"]),
        (&4.into(), &1.into(), &0.into())
    );
}

#[test]
fn sarif_for_code_scanning() {
    let mut report = report(&[("a b.json", FAULTY), ("gap.json", GAP)], &[]);
    report.unreadable.push("c.json: no such file".to_owned());
    let log: serde_json::Value = serde_json::from_str(&sarif::print(&report)).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "gradus");
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(
        run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"],
        "c.json: no such file"
    );
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 6);
    for result in results {
        // What the standard requires of a result and of what it refers to.
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(result["message"]["text"].is_string() && rule["shortDescription"]["text"].is_string());
        let region = &result["locations"][0]["physicalLocation"]["region"];
        for member in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(region[member].as_u64().unwrap() >= 1, "{result}");
        }
    }
    assert_eq!(
        results[1]["locations"][0]["physicalLocation"],
        serde_json::json!({
            "artifactLocation": {"uri": "a%20b.json"},
            "region": {"startLine": 7, "startColumn": 7, "endLine": 7, "endColumn": 20},
        })
    );
    assert_eq!(results[1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"], "/States/Check/Next");
    assert_eq!((&results[1]["level"], &results[5]["level"]), (&"error".into(), &"note".into()));
}

#[test]
fn files_that_cannot_be_read() {
    let mut options = options(&[]);
    options.files = vec!["no such file".into()];
    let report = Report::of(&options);
    assert_eq!((report.files.len(), report.code()), (0, UNUSABLE));
    assert!(report.unreadable[0].starts_with("no such file: "), "{:?}", report.unreadable);
    let printed = text::print(&report, text::Style::Plain);
    assert_eq!(printed, "checked 0 files: no errors; 1 file not read\n");
}

#[test]
fn hostile_texts() {
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let wide = format!("{{\"States\": {{\"A\": {{{}\"Type\": 1}}}}}}", "\"x\": 1, ".repeat(50_000));
    let many: Vec<String> =
        (0..3000).map(|n| format!("\"state {n}\": {{\"Type\": \"Pass\", \"Next\": \"stat {n}\"}}")).collect();
    let many = format!("{{\"StartAt\": \"x\", \"States\": {{{}}}}}", many.join(","));
    for text in [&*deep, &wide, &many, "\u{feff}{}", "{\"\u{1b}[2J\": 1}"] {
        let printed = text::print(&report(&[("f", text)], &[]), text::Style::Lines);
        assert!(!printed.contains('\u{1b}') && printed.lines().all(|line| line.chars().count() < 400));
    }
}
