use super::*;
use crate::asl::definition::{
    Concurrency, Condition, Entry, Exit, Items, Kind, Operator, Resource, ResultPath, Seconds, State, Test,
    Transition, Until,
};
use crate::asl::diagnostic::invalid_definition_message;

/// Diagnostics as `‹CODE›: ‹message› at ‹location›`, without the code where it is the usual one.
fn diagnose(text: &str, options: Options) -> Vec<String> {
    let Parsed { definition, diagnostics } = parse(text, options);
    let errors = diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    assert_eq!(definition.is_some(), errors == 0, "{text}");
    let usual = format!("{}: ", Code::SchemaValidationFailed);
    let show = |found: &Diagnostic| found.to_string().replacen(&usual, "", 1);
    diagnostics.iter().map(show).collect()
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(diagnose(text, Options::default()), expected, "{text}");
}

/// As `check`, of the faults alone: what gradus does not run yet is another matter.
pub(super) fn check_faults(text: &str, expected: &[&str]) {
    let found = diagnose(text, Options::default());
    let faults: Vec<&String> = found.iter().filter(|line| !line.starts_with("NOT_YET_SUPPORTED")).collect();
    assert_eq!(faults, expected, "{text}");
}

/// A machine with the one state `S`.
pub(super) fn single(state: &str) -> String {
    format!(r#"{{"StartAt": "S", "States": {{"S": {state}}}}}"#)
}

/// A machine with the Choice `S`, the only other state being `T`.
fn choice(rule: &str) -> String {
    format!(
        r#"{{"StartAt": "S", "States": {{"S": {{"Type": "Choice", "Choices": [{rule}], "Default": "T"}}, "T": {{"Type": "Succeed"}}}}}}"#
    )
}

/// A Task `S` that ends, with these further fields.
fn task(fields: &str) -> String {
    single(&format!(r#"{{"Type": "Task", "Resource": "{ACTIVITY}", "End": true, {fields}}}"#))
}

const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:work";

fn definition(text: &str) -> Arc<Definition> {
    let parsed = parse(text, Options::default());
    parsed.definition.unwrap_or_else(|| panic!("{text}: {:?}", parsed.diagnostics))
}

#[test]
fn the_document() {
    let no_object = "Definition must be a valid JSON object at null";
    for text in ["", " ", "\n\t", "[]", "null", "1", r#""text""#] {
        check(text, &[no_object]);
    }
    check(
        "not a definition",
        &[
            "INVALID_JSON_DESCRIPTION: Unrecognized token 'not': was expecting (JSON String, Number, Array, Object \
           or token 'null', 'true' or 'false')\n at [Source: (String)\"not a definition\"; line: 1, column: 4]",
        ],
    );
    let parsed = parse("not a definition", Options::default());
    assert_eq!(
        parsed.diagnostics[0].location.as_deref(),
        Some(r#"[Source: (String)"not a definition"; line: 1, column: 4]"#)
    );
    assert_eq!(parsed.diagnostics[0].place, Place::Position { line: 1, column: 4 });

    let end = r#"{"Type": "Succeed"}"#;
    let cases = [
        ("{}", vec!["These fields are required: [States, StartAt] at /"]),
        (r#"{"States": {"S": {"Type": "Succeed"}}}"#, vec!["These fields are required: [StartAt] at /"]),
        (r#"{"StartAt": "S"}"#, vec!["These fields are required: [States] at /"]),
        (r#"{"StartAt": "S", "States": {}}"#, vec!["Value cannot be empty at /States"]),
        (r#"{"StartAt": "S", "States": []}"#, vec!["Expected value of type [OBJECT] at /States"]),
        (
            r#"{"StartAt": 1, "States": {"S": {"Type": "Succeed"}}}"#,
            vec!["Expected value of type [STRING] at /StartAt"],
        ),
        (r#"{"StartAt": "S", "States": {"S": 1}}"#, vec!["Expected value of type [OBJECT] at /States/S"]),
    ];
    for (text, expected) in cases {
        check(text, &expected);
    }
    let top: &[(&str, &[&str])] = &[
        (r#""Version": "1.0", "Comment": "x", "TimeoutSeconds": 0, "QueryLanguage": "JSONPath""#, &[]),
        (r#""TimeoutSeconds": 99999999"#, &[]),
        (r#""Version": "2.0""#, &["Value should be one of the following: [1.0] at /Version"]),
        (r#""Version": 1.0"#, &["Expected value of type [STRING] at /Version"]),
        (r#""Comment": 1"#, &["Expected value of type [STRING] at /Comment"]),
        (r#""TimeoutSeconds": "1""#, &["Expected value of type Integer at /TimeoutSeconds"]),
        (r#""TimeoutSeconds": 1.5"#, &["Expected value of type Integer at /TimeoutSeconds"]),
        (r#""TimeoutSeconds": -1"#, &["Minimum value is 0 at /TimeoutSeconds"]),
        (r#""TimeoutSeconds": -99999999999999999999"#, &["Minimum value is 0 at /TimeoutSeconds"]),
        (r#""TimeoutSeconds": 100000000"#, &["Maximum value is 99999999 at /TimeoutSeconds"]),
        (r#""TimeoutSeconds": 99999999999999999999"#, &["Maximum value is 99999999 at /TimeoutSeconds"]),
        (r#""TimeoutSeconds": null"#, &["Expected value of type Integer at /TimeoutSeconds"]),
        (r#""timeoutSeconds": 1"#, &["Field 'timeoutSeconds' is not supported at /"]),
        (
            r#""QueryLanguage": "SQL""#,
            &["Value should be one of the following: [JSONPath, JSONata] at /QueryLanguage"],
        ),
        (r#""QueryLanguage": "JSONata""#, &[]),
    ];
    for (fields, expected) in top {
        check(&format!(r#"{{"StartAt": "S", "States": {{"S": {end}}}, {fields}}}"#), expected);
    }
}

#[test]
fn every_fault_is_reported() {
    check(
        r#"{"Extra": 1, "TimeoutSeconds": -1, "StartAt": "X", "States": {
            "A": {"Type": "Pass", "Next": "Y", "Retry": []},
            "B": {"Type": "Wait", "Seconds": -1, "Timestamp": "x", "Next": "A", "End": true},
            "C": {"Type": "Nothing"}}}"#,
        &[
            "Field 'Extra' is not supported at /",
            "Minimum value is 0 at /TimeoutSeconds",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /StartAt",
            "Field 'Retry' is not supported at /States/A",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /States/A/Next",
            "There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/B",
            "Minimum value is 0 at /States/B/Seconds",
            "String does not match RFC3339 timestamp at /States/B/Timestamp",
            "There should only be one of the following fields: [Next, End] at /States/B",
            "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/C/Type",
        ],
    );
}

#[test]
fn what_all_states_share() {
    let long = "x".repeat(80);
    check(&format!(r#"{{"StartAt": "{long}", "States": {{"{long}": {{"Type": "Succeed"}}}}}}"#), &[]);
    check(
        &format!(r#"{{"StartAt": "{long}y", "States": {{"{long}y": {{"Type": "Succeed"}}}}}}"#),
        &[&format!(
            "INVALID_STATE_NAME: State name '{long}y' exceeds the 80-character limit allowed by the service at /States/{long}y"
        )],
    );
    check(
        r#"{"StartAt": "", "States": {"": {"Type": "Succeed"}}}"#,
        &["INVALID_STATE_NAME: State name cannot be empty at /States/"],
    );
    let one = "This object should have only one of the following fields: [Next, End] at /States/S";
    let cases: &[(&str, &[&str])] = &[
        (r#"{}"#, &["These fields are required: [Type] at /States/S"]),
        (r#"{"Type": 1}"#, &["Expected value of type [STRING] at /States/S/Type"]),
        (
            r#"{"Type": "pass"}"#,
            &[
                "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/S/Type",
            ],
        ),
        (r#"{"Type": "Pass"}"#, &[one]),
        (r#"{"Type": "Pass", "End": false}"#, &[one]),
        (r#"{"Type": "Pass", "End": "true"}"#, &["Expected value of type [BOOLEAN] at /States/S/End"]),
        (r#"{"Type": "Pass", "Next": 1}"#, &["Expected value of type [STRING] at /States/S/Next"]),
        (
            r#"{"Type": "Pass", "Next": "S", "End": true}"#,
            &["There should only be one of the following fields: [Next, End] at /States/S"],
        ),
        (
            r#"{"Type": "Pass", "End": true, "Comment": []}"#,
            &["Expected value of type [STRING] at /States/S/Comment"],
        ),
        (r#"{"Type": "Pass", "End": true, "InputPath": null, "OutputPath": null, "ResultPath": null}"#, &[]),
        (
            r#"{"Type": "Pass", "End": true, "InputPath": "x"}"#,
            &["Value must be a valid JSONPath. at /States/S/InputPath"],
        ),
        (
            r#"{"Type": "Pass", "End": true, "OutputPath": ""}"#,
            &["Value must be a valid JSONPath. at /States/S/OutputPath"],
        ),
        (
            r#"{"Type": "Pass", "End": true, "OutputPath": "$.a["}"#,
            &["Value must be a valid JSONPath. at /States/S/OutputPath"],
        ),
        (
            r#"{"Type": "Pass", "End": true, "InputPath": 1}"#,
            &["Expected value of type [STRING] at /States/S/InputPath"],
        ),
        (
            r#"{"Type": "Pass", "End": true, "ResultPath": "$.a[*]"}"#,
            &["Value is not a Reference Path at /States/S/ResultPath"],
        ),
        (
            r#"{"Type": "Pass", "End": true, "ResultPath": "$..a"}"#,
            &["Value is not a Reference Path at /States/S/ResultPath"],
        ),
        (
            r#"{"Type": "Pass", "End": true, "ResultPath": "$$.a"}"#,
            &["Value is not a Reference Path at /States/S/ResultPath"],
        ),
        (
            r#"{"Type": "Pass", "End": true, "ResultPath": "a"}"#,
            &["Value is not a Reference Path: Reference path didn't start with '$' at /States/S/ResultPath"],
        ),
        (
            r#"{"Type": "Pass", "End": true, "InputPath": "$name.x"}"#,
            &["POSSIBLY_UNDEFINED_VARIABLE: Variable 'name' is possibly not defined. at /States/S/InputPath"],
        ),
        (r#"{"Type": "Pass", "End": true, "InputPath": "$$.Execution.Id"}"#, &[]),
        (
            r#"{"Type": "Pass", "End": true, "QueryLanguage": "jsonpath"}"#,
            &["Value should be one of the following: [JSONPath, JSONata] at /States/S/QueryLanguage"],
        ),
        (
            r#"{"Type": "Pass", "End": true, "Output": 1}"#,
            &[
                "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S",
            ],
        ),
        (
            r#"{"Type": "Pass", "End": true, "Arguments": 1}"#,
            &["Field 'Arguments' is not supported at /States/S"],
        ),
    ];
    for (state, expected) in cases {
        check(&single(state), expected);
    }
}

/// The fields that the service takes besides those that all kinds have. Measured, 2026-09.
const KNOWN: &[(&str, &str)] = &[
    ("Pass", "InputPath OutputPath Result ResultPath Parameters Output Assign Next End"),
    (
        "Task",
        "InputPath OutputPath ResultPath Parameters Arguments Output Assign Resource Credentials ResultSelector \
         Retry Catch TimeoutSeconds TimeoutSecondsPath HeartbeatSeconds HeartbeatSecondsPath Next End",
    ),
    ("Wait", "InputPath OutputPath Output Assign Seconds Timestamp SecondsPath TimestampPath Next End"),
    (
        "Parallel",
        "InputPath OutputPath ResultPath Parameters Arguments Output Assign ResultSelector Retry Catch Branches Next End",
    ),
    (
        "Map",
        "InputPath OutputPath ResultPath Parameters Output Assign ResultSelector Retry Catch ItemProcessor Iterator \
         ItemsPath Items ItemSelector ItemReader ItemBatcher ResultWriter MaxConcurrency MaxConcurrencyPath \
         ToleratedFailurePercentage ToleratedFailurePercentagePath ToleratedFailureCount ToleratedFailureCountPath \
         Label Next End",
    ),
    ("Choice", "InputPath OutputPath Output Assign Choices Default"),
    ("Succeed", "InputPath OutputPath Output"),
    ("Fail", "Error Cause ErrorPath CausePath"),
];

/// Every field that the service measures, on every kind: either known, or refused by name.
#[test]
fn fields_of_each_kind() {
    let others = ["type", "States", "Variable"];
    let all: Vec<&str> =
        KNOWN.iter().flat_map(|(_, fields)| fields.split_whitespace()).chain(others).collect();
    for (kind, fields) in KNOWN {
        for field in &all {
            let refused = format!("Field '{field}' is not supported at /States/S");
            let found =
                diagnose(&single(&format!(r#"{{"Type": "{kind}", "{field}": {{}}}}"#)), Options::default());
            assert_eq!(
                !found.contains(&refused),
                fields.split_whitespace().any(|name| name == *field),
                "{kind} {field}"
            );
        }
    }
}

#[test]
fn wait_states() {
    let group = "[SecondsPath, Seconds, TimestampPath, Timestamp]";
    let cases: &[(&str, &[&str])] = &[
        (r#""Seconds": 0"#, &[]),
        (r#""Seconds": 99999999"#, &[]),
        (r#""SecondsPath": "$.s""#, &[]),
        (r#""Timestamp": "2016-03-14T01:59:00Z""#, &[]),
        (r#""TimestampPath": "$$.Execution.Input.t""#, &[]),
        (r#""Seconds": 100000000"#, &["Maximum value is 99999999 at /States/S/Seconds"]),
        (r#""Seconds": "5""#, &["Expected value of type Integer at /States/S/Seconds"]),
        (r#""SecondsPath": "s""#, &["Value must be a valid JSONPath. at /States/S/SecondsPath"]),
        (r#""SecondsPath": "$.s[*]""#, &["Value is not a Reference Path at /States/S/SecondsPath"]),
        (r#""TimestampPath": "$..t""#, &["Value is not a Reference Path at /States/S/TimestampPath"]),
        (
            r#""Timestamp": "2016-03-14 01:59:00Z""#,
            &["String does not match RFC3339 timestamp at /States/S/Timestamp"],
        ),
        (
            r#""Timestamp": "2016-03-14T01:59:00""#,
            &["String does not match RFC3339 timestamp at /States/S/Timestamp"],
        ),
        (
            r#""Timestamp": "2016-13-14T01:59:00Z""#,
            &["String does not match RFC3339 timestamp at /States/S/Timestamp"],
        ),
        (
            r#""Timestamp": "2016-03-14T25:59:00Z""#,
            &["String does not match RFC3339 timestamp at /States/S/Timestamp"],
        ),
        (r#""Timestamp": 1"#, &["Expected value of type [STRING] at /States/S/Timestamp"]),
    ];
    for (field, expected) in cases {
        check(&single(&format!(r#"{{"Type": "Wait", "End": true, {field}}}"#)), expected);
    }
    let none = format!("This object should have only one of the following fields: {group} at /States/S");
    check(&single(r#"{"Type": "Wait", "End": true}"#), &[&none]);
    let two = format!("There should only be one of the following fields: {group} at /States/S");
    check(&single(r#"{"Type": "Wait", "End": true, "Seconds": 1, "SecondsPath": "$.s"}"#), &[&two]);
    type Case = (&'static str, fn(&Until) -> bool);
    let until: &[Case] = &[
        (r#""Seconds": 7"#, |until| matches!(until, Until::Seconds(7))),
        (r#""Timestamp": "1970-01-01T00:00:01Z""#, |until| matches!(until, Until::Timestamp(1000))),
        (
            r#""SecondsPath": "$.s""#,
            |until| matches!(until, Until::SecondsPath(path) if path.text() == "$.s"),
        ),
        (
            r#""TimestampPath": "$.t""#,
            |until| matches!(until, Until::TimestampPath(path) if path.text() == "$.t"),
        ),
    ];
    for (field, expected) in until {
        let definition = definition(&single(&format!(r#"{{"Type": "Wait", "End": true, {field}}}"#)));
        let Kind::Wait(wait) = &definition.states()[0].kind else { panic!("a Wait") };
        assert!(expected(&wait.until), "{:?}", wait.until);
    }
}

#[test]
fn fail_states() {
    let cases: &[(&str, &[&str])] = &[
        (r#"{"Type": "Fail"}"#, &[]),
        (r#"{"Type": "Fail", "Error": "E", "Cause": "C"}"#, &[]),
        (r#"{"Type": "Fail", "ErrorPath": "$.e", "CausePath": "$$.State.Name"}"#, &[]),
        (
            r#"{"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}"#,
            &["There should only be one of the following fields: [Error, ErrorPath] at /States/S"],
        ),
        (
            r#"{"Type": "Fail", "Cause": "E", "CausePath": "$.e"}"#,
            &["There should only be one of the following fields: [Cause, CausePath] at /States/S"],
        ),
        (r#"{"Type": "Fail", "Error": 1}"#, &["Expected value of type [STRING] at /States/S/Error"]),
        (
            r#"{"Type": "Fail", "ErrorPath": "e"}"#,
            &["Value must be a valid JSONPath. at /States/S/ErrorPath"],
        ),
        (r#"{"Type": "Fail", "CausePath": "States.Format('{}', $.x)", "ErrorPath": "States.UUID()"}"#, &[]),
        // A function that gives no text, though it may stand inside; an unknown one; a path that is none.
        (
            r#"{"Type": "Fail", "CausePath": "States.ArrayGetItem(States.StringSplit($.x, ','), 0)", "ErrorPath": "States.StringSplit($.x, ',')"}"#,
            &[
                "The value for the field 'ErrorPath' must be a valid JSONPath or a valid intrinsic function call at /States/S/ErrorPath",
            ],
        ),
        (
            r#"{"Type": "Fail", "CausePath": "States.Nope()", "ErrorPath": "States.Format('{}', $.)"}"#,
            &[
                "The value for the field 'ErrorPath' must be a valid JSONPath or a valid intrinsic function call at /States/S/ErrorPath",
                "The value for the field 'CausePath' must be a valid JSONPath or a valid intrinsic function call at /States/S/CausePath",
            ],
        ),
        (
            r#"{"Type": "Fail", "CausePath": "States.Format('{}', $v)"}"#,
            &["POSSIBLY_UNDEFINED_VARIABLE: Variable 'v' is possibly not defined. at /States/S/CausePath"],
        ),
        (r#"{"Type": "Fail", "Next": "S"}"#, &["Field 'Next' is not supported at /States/S"]),
    ];
    for (state, expected) in cases {
        check(&single(state), expected);
    }
}

#[test]
fn pass_states() {
    // Fields, then whether there are parameters, the result, and whether the result goes anywhere.
    let cases = [
        ("", false, None, true),
        (r#", "Result": null, "ResultPath": "$.a""#, false, None, true),
        (r#", "Result": {"a.$": "x"}, "ResultPath": null"#, false, Some(r#"{"a.$":"x"}"#), false),
        (r#", "Parameters": {"a.$": "$.b"}"#, true, None, true),
    ];
    for (fields, parameters, result, kept) in cases {
        let definition = definition(&single(&format!(r#"{{"Type": "Pass", "End": true{fields}}}"#)));
        let State { kind: Kind::Pass(pass), entry, exit, .. } = &definition.states()[0] else {
            panic!("a Pass")
        };
        let has_parameters = matches!(entry, Entry::JsonPath { parameters: Some(_), .. });
        assert_eq!(has_parameters, parameters, "{fields}");
        assert_eq!(pass.result.as_ref().map(|result| result.text()), result, "{fields}");
        assert_eq!(keeps_result(exit), kept, "{fields}");
    }
    let parameters =
        |value: &str| single(&format!(r#"{{"Type": "Pass", "End": true, "Parameters": {value}}}"#));
    let bad = |key: &str| {
        format!(
            "The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters"
        )
    };
    check(&parameters(r#"{"x": "plain", "y": [{"z.$": "$.a"}]}"#), &[]);
    check(&parameters(r#"{"parsed.$": "plain"}"#), &[&bad("parsed.$")]);
    check(&parameters(r#"{"x": [{"y": {"z.$": 1}}]}"#), &[&bad("z.$")]);
    check(&parameters(r#"{"a.$": "States.UUID()", "b": [{"c.$": "States.StringSplit($.x, '\n')"}]}"#), &[]);
    check(&parameters(r#"{"a.$": "States.UUID(1)", "b": "States.UUID(1)"}"#), &[&bad("a.$")]);
    check(&parameters(r#"{"a.$": "States.Format('{}', \"x\")"}"#), &[&bad("a.$")]);
    // Recorded from the service: a backslash before a character that needs none.
    check(
        &parameters(r#"{"parsed.$": "States.StringToJson('{\"text\":\"An \\\"escaped\\\" quote\"}')"}"#),
        &[&bad("parsed.$")],
    );
    check(
        &parameters(r#"{"a.$": "States.Array($v.x)"}"#),
        &["POSSIBLY_UNDEFINED_VARIABLE: Variable 'v' is possibly not defined. at /States/S/Parameters"],
    );
    check(
        &parameters(r#"{"a.$": "$.x[*]", "b.$": "$..y[?(@.z == 'w' || @.n > 1)]", "c.$": "$['p','q']"}"#),
        &[],
    );
    check(&parameters(r#"{"a.$": "$.x[?(@..y)]"}"#), &[&bad("a.$")]);
}

#[test]
fn task_states() {
    let seconds = |name: &str| {
        format!("There should only be one of the following fields: [{name}, {name}Path] at /States/S")
    };
    let cases: &[(&str, &[&str])] = &[
        (r#""TimeoutSeconds": 1, "Comment": """#, &[]),
        (r#""TimeoutSeconds": 99999999, "HeartbeatSeconds": 99999998"#, &[]),
        (r#""TimeoutSecondsPath": "$.t", "HeartbeatSecondsPath": "$.h""#, &[]),
        (
            r#""TimeoutSecondsPath": "$.t[0,1]", "HeartbeatSecondsPath": "$$.State.Name""#,
            &["Value is not a Reference Path at /States/S/TimeoutSecondsPath"],
        ),
        (r#""HeartbeatSeconds": 5"#, &[]),
        (r#""TimeoutSeconds": 0"#, &["Minimum value is 1 at /States/S/TimeoutSeconds"]),
        (r#""HeartbeatSeconds": 0"#, &["Minimum value is 1 at /States/S/HeartbeatSeconds"]),
        (r#""HeartbeatSeconds": 100000000"#, &["Maximum value is 99999999 at /States/S/HeartbeatSeconds"]),
        (r#""TimeoutSeconds": 5, "TimeoutSecondsPath": "$.t""#, &[&seconds("TimeoutSeconds")]),
        (r#""HeartbeatSeconds": 5, "HeartbeatSecondsPath": "$.t""#, &[&seconds("HeartbeatSeconds")]),
        (
            r#""TimeoutSeconds": 5, "HeartbeatSeconds": 5"#,
            &["'HeartbeatSeconds' must be smaller than 'TimeoutSeconds' at /States/S/HeartbeatSeconds"],
        ),
        (
            r#""Credentials": {}"#,
            &["The field 'Credentials' is not supported for activities at /States/S/Credentials"],
        ),
        (r#""Assign": {"a.$": "$.b"}"#, &[]),
        (
            r#""ResultSelector": {"a.$": "b"}"#,
            &[
                "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/ResultSelector",
            ],
        ),
    ];
    for (fields, expected) in cases {
        check(&task(fields), expected);
    }
    let definition = definition(&single(&format!(
        r#"{{"Type": "Task", "Resource": "{ACTIVITY}", "End": true, "TimeoutSeconds": 9, "HeartbeatSecondsPath": "$.h",
            "Retry": [{{"ErrorEquals": ["A", "B"]}},
                      {{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 0, "MaxAttempts": 0, "BackoffRate": 1,
                        "MaxDelaySeconds": 31622400, "JitterStrategy": "FULL", "Comment": "c"}}],
            "Catch": [{{"ErrorEquals": ["A"], "Next": "S", "ResultPath": null}}]}}"#
    )));
    let Kind::Task(read) = &definition.states()[0].kind else { panic!("a Task") };
    assert_eq!(read.resource, Resource::Activity { arn: ACTIVITY.into() });
    assert!(matches!(read.timeout, Some(Seconds::Fixed(9))));
    assert!(matches!(read.heartbeat, Some(Seconds::Path(_))));
    assert_eq!(read.transition, Transition::End);
    let [plain, full] = read.retriers.as_slice() else { panic!("two retriers") };
    assert_eq!(plain.errors, ["A".into(), "B".into()] as [Arc<str>; 2]);
    assert_eq!((plain.interval_seconds, plain.max_attempts, plain.backoff_rate), (1, 3, 2.0));
    assert_eq!((plain.max_delay_seconds, plain.full_jitter), (None, false));
    assert_eq!((full.interval_seconds, full.max_attempts, full.backoff_rate), (0, 0, 1.0));
    assert_eq!((full.max_delay_seconds, full.full_jitter), (Some(31_622_400), true));
    assert!(matches!(read.catchers.as_slice(), [catcher] if !keeps_result(&catcher.exit)));
}

fn keeps_result(exit: &Exit) -> bool {
    matches!(exit, Exit::JsonPath { result_path: ResultPath::Insert(_), .. })
}

#[test]
fn resources() {
    let resource = |arn: &str| single(&format!(r#"{{"Type": "Task", "Resource": "{arn}", "End": true}}"#));
    let express = Options { express: true };
    let unrecognized = |arn: &str| {
        format!(
            "The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the resource is not \
             available in this region. at /States/S/Resource"
        )
    };
    let unbuilt = |arn: &str| {
        format!(
            "NOT_YET_SUPPORTED: gradus does not run Task states with the resource {arn} yet at /States/S/Resource"
        )
    };
    check(
        &single(r#"{"Type": "Task", "End": true}"#),
        &["These fields are required: [Resource] at /States/S"],
    );
    check(&resource("work"), &["Value is not a valid resource ARN at /States/S/Resource"]);
    for arn in [
        ACTIVITY,
        "arn:aws:lambda:us-east-1:123456789012:function:f",
        "arn:aws:lambda:us-east-1:123456789012:function:f:live",
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::states:startExecution",
        "arn:aws:states:::states:startExecution.sync",
        "arn:aws:states:::states:startExecution.sync:2",
        "arn:aws:states:::states:startExecution.waitForTaskToken",
    ] {
        check(&resource(arn), &[]);
    }
    let query = "arn:aws:states:::dynamodb:query";
    check(&resource(query), &[&unrecognized(query)]);
    for arn in ["arn:aws:states:::sqs:sendMessage.waitForTaskToken", "arn:aws:states:::aws-sdk:s3:getObject"]
    {
        check(&resource(arn), &[&unbuilt(arn)]);
    }
    let cases = [
        (ACTIVITY, "Express state machine does not support Activity ARN at /States/S/Resource"),
        (
            "arn:aws:states:::sns:publish.waitForTaskToken",
            "Express state machine does not support '.waitForTaskToken' service integration  at /States/S/Resource",
        ),
        (
            "arn:aws:states:::ecs:runTask.sync",
            "Express state machine does not support '.sync' service integration at /States/S/Resource",
        ),
    ];
    for (arn, expected) in cases {
        assert_eq!(diagnose(&resource(arn), express), [expected]);
    }
    let lambda = "arn:aws:states:::lambda:invoke";
    let credentials = |value: &str| {
        single(&format!(r#"{{"Type": "Task", "Resource": "{lambda}", "End": true, "Credentials": {value}}}"#))
    };
    const MISSING: &str = "The field 'RoleArn' is required but was missing at /States/S/Credentials";
    for missing in ["{}", r#"{"Role": "x"}"#, r#""x""#] {
        check(&credentials(missing), &[MISSING]);
    }
    for sound in [
        r#"{"RoleArn": "r"}"#,
        r#"{"RoleArn.$": "$.r"}"#,
        r#"{"RoleArn.$": "States.ArrayGetItem($$.Execution.Input, 0)", "Else": 1}"#,
    ] {
        check(&credentials(sound), &[]);
    }
    check(
        &credentials(r#"{"RoleArn": 1}"#),
        &["Expected value of type [STRING] at /States/S/Credentials/RoleArn"],
    );
    check(
        &credentials(r#"{"RoleArn.$": "r"}"#),
        &["The value for the field 'RoleArn.$' must be a valid JSONPath or a valid intrinsic function call \
           at /States/S/Credentials"],
    );
}

#[test]
fn retriers_and_catchers() {
    let all = "States.ALL must appear alone and at end of list";
    let cases: &[(&str, &[&str])] = &[
        (r#""Retry": []"#, &[]),
        (r#""Retry": {}"#, &["Expected value of type [ARRAY] at /States/S/Retry"]),
        (r#""Retry": [1]"#, &["Expected value of type [OBJECT] at /States/S/Retry[0]"]),
        (r#""Retry": [{}]"#, &["These fields are required: [ErrorEquals] at /States/S/Retry[0]"]),
        (r#""Retry": [{"ErrorEquals": []}]"#, &["Value cannot be empty at /States/S/Retry[0]/ErrorEquals"]),
        (
            r#""Retry": [{"ErrorEquals": "A"}]"#,
            &["Expected value of type [ARRAY] at /States/S/Retry[0]/ErrorEquals"],
        ),
        (
            r#""Retry": [{"ErrorEquals": [1]}]"#,
            &["Expected value of type [STRING] at /States/S/Retry[0]/ErrorEquals[0]"],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["A", "States.ALL"]}]"#,
            &[&format!("{all} at /States/S/Retry[0]/ErrorEquals")],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["A"]}]"#,
            &[&format!("{all} at /States/S/Retry[0]/ErrorEquals")],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["A"], "IntervalSeconds": -1, "MaxAttempts": 100000000, "BackoffRate": 0.5,
                "MaxDelaySeconds": 0, "JitterStrategy": "SOME", "Next": "S"}]"#,
            &[
                "Field 'Next' is not supported at /States/S/Retry[0]",
                "Minimum value is 0 at /States/S/Retry[0]/IntervalSeconds",
                "Maximum value is 99999999 at /States/S/Retry[0]/MaxAttempts",
                "Minimum value is 1 at /States/S/Retry[0]/BackoffRate",
                "Minimum value is 1 at /States/S/Retry[0]/MaxDelaySeconds",
                "Value should be one of the following: [NONE, FULL] at /States/S/Retry[0]/JitterStrategy",
            ],
        ),
        (
            r#""Retry": [{"ErrorEquals": ["A"], "MaxDelaySeconds": 31622401, "BackoffRate": "2"}]"#,
            &[
                "Expected value of type [NUMBER] at /States/S/Retry[0]/BackoffRate",
                "Maximum value is 31622400 at /States/S/Retry[0]/MaxDelaySeconds",
            ],
        ),
        (r#""Catch": [{"ErrorEquals": ["A"], "Next": "S"}]"#, &[]),
        (
            r#""Catch": [{"ErrorEquals": ["A"]}]"#,
            &["These fields are required: [Next] at /States/S/Catch[0]"],
        ),
        (r#""Catch": [{}]"#, &["These fields are required: [ErrorEquals, Next] at /States/S/Catch[0]"]),
        (
            r#""Catch": [{"ErrorEquals": ["A"], "Next": "X"}]"#,
            &["MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/S/Catch[0]/Next"],
        ),
        (
            r#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S"}, {"ErrorEquals": ["A"], "Next": "S"}]"#,
            &[&format!("{all} at /States/S/Catch[0]/ErrorEquals")],
        ),
        (
            r#""Catch": [{"ErrorEquals": ["A"], "Next": "S", "ResultPath": "$.*"}]"#,
            &["Value is not a Reference Path at /States/S/Catch[0]/ResultPath"],
        ),
        (
            r#""Catch": [{"ErrorEquals": ["A"], "Next": "S", "Output": 1}]"#,
            &[
                "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage \
               at /States/S/Catch[0]",
            ],
        ),
        (
            r#""Catch": [{"ErrorEquals": ["A"], "Next": "S", "Assign": {"states": 1}}]"#,
            &[
                "RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/S/Catch[0]/Assign/states",
            ],
        ),
    ];
    for (fields, expected) in cases {
        check(&task(fields), expected);
    }
}

#[test]
fn choice_states() {
    let forms = "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]";
    let reference = "Value is not a Reference Path: Reference path didn't start with '$'";
    let cases: &[(&str, &[&str])] = &[
        (r#"{"Variable": "$.a", "IsNull": true, "Next": "T", "Comment": "c"}"#, &[]),
        (r#"{"Next": "T", "StringEquals": "", "Variable": "$$.Execution.Id"}"#, &[]),
        (r#"{"And": [{"Variable": "$.a", "IsPresent": true, "Comment": "c"}], "Next": "T"}"#, &[]),
        (r#"{"Not": {"Or": [{"Variable": "$.a", "IsPresent": true}]}, "Next": "T"}"#, &[]),
        (
            r#"{"Variable": "$.a", "IsNull": true}"#,
            &["These fields are required: [Next] at /States/S/Choices[0]"],
        ),
        (
            r#"{"Variable": "$.a", "IsNull": true, "Next": "X"}"#,
            &["MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/S/Choices[0]/Next"],
        ),
        (r#"{"Next": "T"}"#, &[&format!("{forms} at /States/S/Choices[0]")]),
        (
            r#"{"Next": "T", "IsNull": true}"#,
            &[
                &format!("{forms} at /States/S/Choices[0]"),
                "Field 'IsNull' is not supported at /States/S/Choices[0]",
            ],
        ),
        (r#"{"Next": "T", "And": [], "Or": []}"#, &[&format!("{forms} at /States/S/Choices[0]")]),
        (r#"{"Next": "T", "And": []}"#, &["Value cannot be empty at /States/S/Choices[0]/And"]),
        (r#"{"Next": "T", "Or": {}}"#, &["Expected value of type [ARRAY] at /States/S/Choices[0]/Or"]),
        (r#"{"Next": "T", "Not": []}"#, &["Expected value of type [OBJECT] at /States/S/Choices[0]/Not"]),
        (r#"1"#, &["Expected value of type [OBJECT] at /States/S/Choices[0]"]),
        (
            r#"{"Next": "T", "And": [{"Variable": "$.a", "IsNull": true, "Next": "T"}, {"Not": {"Variable": "$.a", "IsNull": 1}}]}"#,
            &[
                "Field 'Next' is not supported at /States/S/Choices[0]/And[0]",
                "Expected value of type [BOOLEAN] at /States/S/Choices[0]/And[1]/Not/IsNull",
            ],
        ),
        (
            r#"{"Next": "T", "Variable": "a", "IsNull": true}"#,
            &[&format!("{reference} at /States/S/Choices[0]/Variable")],
        ),
        (
            r#"{"Next": "T", "Variable": "$.a", "StringEqualsPath": "b"}"#,
            &[&format!("{reference} at /States/S/Choices[0]/StringEqualsPath")],
        ),
        (r#"{"Next": "T", "Variable": "$.a[*]", "IsNull": true}"#, &[]),
        (
            r#"{"Next": "T", "Variable": "$.a", "NumericEquals": "1"}"#,
            &["Expected value of type [NUMBER] at /States/S/Choices[0]/NumericEquals"],
        ),
        (
            r#"{"Next": "T", "Variable": "$.a", "StringEquals": 1}"#,
            &["Expected value of type [STRING] at /States/S/Choices[0]/StringEquals"],
        ),
        (
            r#"{"Next": "T", "Variable": "$.a", "BooleanEquals": "true"}"#,
            &["Expected value of type [BOOLEAN] at /States/S/Choices[0]/BooleanEquals"],
        ),
        (
            r#"{"Next": "T", "Variable": "$.a", "TimestampEquals": "yesterday"}"#,
            &["String does not match RFC3339 timestamp at /States/S/Choices[0]/TimestampEquals"],
        ),
        (
            r#"{"Next": "T", "Variable": "$.a", "StringMatches": "a\\"}"#,
            &[
                r"Value has an open backslash: only '\*' and '\\' are escapes at /States/S/Choices[0]/StringMatches",
            ],
        ),
        (
            r#"{"Next": "T", "Variable": "$.a", "StringMatchesPath": "$.b"}"#,
            &[
                "Field 'StringMatchesPath' is not supported at /States/S/Choices[0]",
                &format!(
                    "This object should have only one of the following fields: [{}] at /States/S/Choices[0]",
                    choice::OPERATORS.join(", ")
                ),
            ],
        ),
        (
            r#"{"Next": "T", "Variable": "$.a", "IsNull": true, "IsString": true}"#,
            &[&format!(
                "There should only be one of the following fields: [{}] at /States/S/Choices[0]",
                choice::OPERATORS.join(", ")
            )],
        ),
        (
            r#"{"Next": "T", "Condition": "{% true %}"}"#,
            &[
                "The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' \
               QueryLanguage at /States/S/Choices[0]",
            ],
        ),
        (
            r#"{"Next": "T", "Variable": "$.a", "IsNull": true, "Assign": []}"#,
            &["Expected value of type [OBJECT] at /States/S/Choices[0]/Assign"],
        ),
    ];
    for (rule, expected) in cases {
        check(&choice(rule), expected);
    }
    let state = |fields: &str| {
        format!(
            r#"{{"StartAt": "S", "States": {{"S": {{"Type": "Choice" {fields}}}, "T": {{"Type": "Succeed"}}}}}}"#
        )
    };
    check(&state(""), &["These fields are required: [Choices] at /States/S"]);
    check(&state(r#", "Choices": []"#), &["Value cannot be empty at /States/S/Choices"]);
    check(
        &state(
            r#", "Choices": [{"Variable": "$.a", "IsNull": true, "Next": "T"}], "Default": "X", "End": true"#,
        ),
        &[
            "Field 'End' is not supported at /States/S",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/S/Default",
        ],
    );
}

/// Every operator is read as what its name says.
#[test]
fn operators() {
    for name in choice::OPERATORS.iter().copied() {
        let operand = match name {
            _ if name.ends_with("Path") => r#""$.b""#,
            _ if name.starts_with("Is") || name.starts_with("Boolean") => "true",
            _ if name.starts_with("Numeric") => "1.5",
            _ => r#""2016-03-14T01:59:00Z""#,
        };
        let text = choice(&format!(r#"{{"Variable": "$.a", "{name}": {operand}, "Next": "T"}}"#));
        let definition = definition(&text);
        let Kind::Choice(choice) = &definition.states()[0].kind else { panic!("a choice") };
        let Condition::Test(Test::Compare { operator, .. }) = &choice.rules[0].condition else {
            panic!("a comparison")
        };
        let shown = format!("{operator:?}");
        let stem = name.trim_end_matches("Path");
        let expected = match operator {
            Operator::IsPresent(true) => "IsPresent".into(),
            Operator::IsType(test, true) => format!("Is{test:?}"),
            Operator::StringMatches(_) => "StringMatches".into(),
            Operator::BooleanEquals(_) => "BooleanEquals".into(),
            Operator::String(relation, _) => format!("String{relation:?}"),
            Operator::Numeric(relation, _) => format!("Numeric{relation:?}"),
            Operator::Timestamp(relation, _) => format!("Timestamp{relation:?}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(stem, expected);
        assert_eq!(shown.contains("Path("), name.ends_with("Path"), "{name}: {shown}");
    }
}

#[test]
fn the_graph() {
    let cases: &[(&str, &[&str])] = &[
        (
            r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"},
                "C": {"Type": "Pass", "Next": "A"}}}"#,
            &["MISSING_END_STATE: Workflow has no terminal state at null"],
        ),
        (
            r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}, "B": {"Type": "Succeed"}, "C": {"Type": "Fail"}}}"#,
            &[
                "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B",
                "MISSING_TRANSITION_TARGET: State \"C\" is not reachable. at /States/C",
            ],
        ),
        (
            r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "X"}, "B": {"Type": "Pass", "Next": "A"}}}"#,
            &[
                "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next",
                "MISSING_END_STATE: Workflow has no terminal state at null",
            ],
        ),
        // What cannot be read may lead anywhere.
        (
            r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": 1}, "B": {"Type": "Pass", "Next": "A"}}}"#,
            &["Expected value of type [STRING] at /States/A/Next"],
        ),
        (
            r#"{"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [
                {"Variable": "$.a", "IsNull": true, "Next": "B"}], "Default": "C"},
                "B": {"Type": "Succeed"}, "C": {"Type": "Fail"}}}"#,
            &[],
        ),
    ];
    for (text, expected) in cases {
        check(text, expected);
    }
    let catch = format!(
        r#"{{"StartAt": "A", "States": {{"A": {{"Type": "Task", "Resource": "{ACTIVITY}", "End": true,
            "Catch": [{{"ErrorEquals": ["E"], "Next": "B"}}]}}, "B": {{"Type": "Succeed"}}}}}}"#
    );
    check(&catch, &[]);
}

/// Each state is checked by the rules of its own language, and the graph over all of them.
#[test]
fn mixed_languages() {
    check(
        r#"{"StartAt": "P", "States": {
            "P": {"Type": "Parallel", "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}], "Next": "M", "Extra": 1, "Catch": [{"ErrorEquals": ["E"], "Next": "X"}]},
            "M": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}, "Next": "J"},
            "J": {"Type": "Choice", "QueryLanguage": "JSONata", "Choices": [{"Condition": "{% true %}", "Next": "E"}],
                  "InputPath": "$"},
            "E": {"Type": "Succeed"}, "F": {"Type": "Succeed"}}}"#,
        &[
            "Field 'Extra' is not supported at /States/P",
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/P/Catch[0]/Next",
            "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage \
             at /States/J",
            "MISSING_TRANSITION_TARGET: State \"F\" is not reachable. at /States/F",
        ],
    );
    check(
        r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {
            "A": {"Type": "Pass", "Output": "{% 1 %}", "Next": "B"},
            "B": {"Type": "Pass", "QueryLanguage": "JSONPath", "Output": 1, "InputPath": "$", "End": true}}}"#,
        &["'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/B"],
    );
}

#[test]
fn nested_blocks() {
    let cases: &[(&str, &[&str])] = &[
        (r#"{"Type": "Parallel", "End": true}"#, &["These fields are required: [Branches] at /States/S"]),
        (
            r#"{"Type": "Parallel", "End": true, "Branches": []}"#,
            &["Value cannot be empty at /States/S/Branches"],
        ),
        (
            r#"{"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "QueryLanguage": "JSONPath", "States": {"A": {"Type": "Pass", "End": true}, "B": {"Type": "Succeed"}}},
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "S"}, "S": {"Type": "Pass", "Next": "A"}}},
                {"StartAt": "B", "States": {"C": {"Type": "Wait", "Seconds": "1", "End": true}}},
                {}]}"#,
            &[
                "Field 'QueryLanguage' is not supported at /States/S/Branches[0]",
                "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/S/Branches[0]/States/B",
                "DUPLICATE_STATE_NAME: Duplicate State name: A at /States/S/Branches[1]/States/A",
                "DUPLICATE_STATE_NAME: Duplicate State name: S at /States/S/Branches[1]/States/S",
                "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/S/Branches[2]/StartAt",
                "Expected value of type Integer at /States/S/Branches[2]/States/C/Seconds",
                "These fields are required: [States, StartAt] at /States/S/Branches[3]",
            ],
        ),
        (
            r#"{"Type": "Map", "End": true}"#,
            &[
                "This object should have only one of the following fields: [ItemProcessor, Iterator] at /States/S",
            ],
        ),
        (
            r#"{"Type": "Map", "End": true, "Iterator": {}, "ItemProcessor": {}}"#,
            &["There should only be one of the following fields: [ItemProcessor, Iterator] at /States/S"],
        ),
        (
            r#"{"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "X", "Extra": 1, "States": {"A": {"Type": "Fail"}}}}"#,
            &[
                "Field 'Extra' is not supported at /States/S/ItemProcessor",
                "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/S/ItemProcessor/StartAt",
            ],
        ),
        // The language of the outer state is its own again after its branches.
        (
            r#"{"Type": "Map", "End": true, "QueryLanguage": "JSONata", "ItemProcessor": {"StartAt": "A", "States": {
                "A": {"Type": "Pass", "QueryLanguage": "JSONPath", "Output": 1, "End": true}}},
                "Catch": [{"ErrorEquals": ["E"], "Next": "S", "Output": 1}]}"#,
            &[
                "The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage \
                 at /States/S/ItemProcessor/States/A",
            ],
        ),
    ];
    for (state, expected) in cases {
        check(&single(state), expected);
    }
}

#[test]
fn fields_of_a_map() {
    const PROCESSOR: &str = r#"{"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#;
    let cases: &[(&str, &[&str])] = &[
        (r#""MaxConcurrency": 0, "ItemsPath": "$.a[0]['b']""#, &[]),
        (r#""ItemsPath": "$$.Execution.Input.a", "MaxConcurrencyPath": "$.n""#, &[]),
        (r#""Parameters": {"a.$": "$$.Map.Item.Value"}"#, &[]),
        (
            r#""ItemSelector": {"a.$": "$$.Map.Item.Index"}, "ResultSelector": {"r.$": "$[0]"}, "ResultPath": "$.r""#,
            &[],
        ),
        (r#""MaxConcurrency": -1"#, &["Minimum value is 0 at /States/S/MaxConcurrency"]),
        (r#""MaxConcurrency": "1""#, &["Expected value of type Integer at /States/S/MaxConcurrency"]),
        (
            r#""MaxConcurrency": 1, "MaxConcurrencyPath": "$.n""#,
            &[
                "There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath] at /States/S",
            ],
        ),
        (
            r#""ItemSelector": {}, "Parameters": {}"#,
            &["There should only be one of the following fields: [ItemSelector, Parameters] at /States/S"],
        ),
        (r#""ItemsPath": "$.a[*]""#, &["Value is not a Reference Path at /States/S/ItemsPath"]),
        (r#""ItemsPath": "$$..a""#, &["Value is not a Reference Path at /States/S/ItemsPath"]),
        (
            r#""ItemsPath": "a""#,
            &["Value is not a Reference Path: Reference path didn't start with '$' at /States/S/ItemsPath"],
        ),
        (
            r#""ToleratedFailurePercentage": 1, "ToleratedFailurePercentagePath": "$.n""#,
            &[
                "There should only be one of the following fields: [ToleratedFailurePercentage, ToleratedFailurePercentagePath] \
               at /States/S",
            ],
        ),
        (
            r#""ToleratedFailurePercentage": 100.5"#,
            &["Maximum value is 100 at /States/S/ToleratedFailurePercentage"],
        ),
        (r#""ToleratedFailureCount": 5"#, &[]),
        (
            r#""ItemReader": {}"#,
            &[
                "These fields are required: [Resource] at /States/S/ItemReader",
                "NOT_YET_SUPPORTED: gradus does not run the field 'ItemReader' yet at /States/S/ItemReader",
            ],
        ),
    ];
    for (fields, expected) in cases {
        check(
            &single(&format!(r#"{{"Type": "Map", "End": true, "ItemProcessor": {PROCESSOR}, {fields}}}"#)),
            expected,
        );
    }
}

#[test]
fn modes_of_a_processor() {
    let place = "at /States/S/ItemProcessor/ProcessorConfig";
    let cases = [
        ("{}", vec![]),
        (r#"{"Mode": "INLINE"}"#, vec![]),
        (
            r#"{"Mode": "INLINE", "ExecutionType": "STANDARD"}"#,
            vec![format!("Field 'ExecutionType' is not supported {place}")],
        ),
        (r#"{"Mode": "DISTRIBUTED"}"#, vec![format!("These fields are required: [ExecutionType] {place}")]),
        (
            r#"{"Mode": "DISTRIBUTED", "ExecutionType": "FAST"}"#,
            vec![format!("Value should be one of the following: [STANDARD, EXPRESS] {place}/ExecutionType")],
        ),
        (
            r#"{"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}"#,
            vec![format!(
                "NOT_YET_SUPPORTED: gradus does not run Map states with the mode DISTRIBUTED yet {place}"
            )],
        ),
        (
            r#"{"Mode": "inline"}"#,
            vec![format!("Value should be one of the following: [INLINE, DISTRIBUTED] {place}/Mode")],
        ),
    ];
    for (config, expected) in cases {
        let processor = format!(
            r#"{{"ProcessorConfig": {config}, "StartAt": "I", "States": {{"I": {{"Type": "Succeed"}}}}}}"#
        );
        let state = format!(r#"{{"Type": "Map", "End": true, "ItemProcessor": {processor}}}"#);
        check(&single(&state), &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }
}

#[test]
fn blocks_become_ids() {
    let text = r#"{"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "Next": "M", "Branches": [
            {"StartAt": "B", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Pass", "Next": "A"}}},
            {"StartAt": "C", "States": {"C": {"Type": "Succeed"}}}]},
        "M": {"Type": "Map", "End": true, "MaxConcurrency": 3,
            "Iterator": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}}}"#;
    let definition = definition(text);
    let kind = |name: &str| &definition.state(definition.find(name).unwrap()).unwrap().kind;
    let Kind::Parallel(parallel) = kind("P") else { panic!("a Parallel") };
    assert_eq!(parallel.branches, [definition.find("B").unwrap(), definition.find("C").unwrap()]);
    let Kind::Map(map) = kind("M") else { panic!("a Map") };
    assert_eq!(map.start_at, definition.find("I").unwrap());
    assert!(matches!(&map.items, Items::Path(path) if path.text() == "$"));
    assert!(matches!(map.max_concurrency, Concurrency::Fixed(3)));
}

/// A block may not assign what one around it does, even later; blocks beside each other may.
#[test]
fn variables_of_nested_blocks() {
    let twice = |name: &str, place: &str| {
        format!(
            "DUPLICATE_VARIABLE_NAME: The variable name '{name}' was already defined in a parent scope. at {place}"
        )
    };
    check(
        r#"{"StartAt": "Fork", "States": {
            "Fork": {"Type": "Parallel", "Next": "Later", "Assign": {"f": 1}, "Catch": [{"ErrorEquals": ["E"], "Assign": {"g": 1}, "Next": "Later"}],
                "Branches": [
                    {"StartAt": "One", "States": {"One": {"Type": "Pass", "Assign": {"x": 1, "own": 1}, "End": true}}},
                    {"StartAt": "Two", "States": {"Two": {"Type": "Map", "Assign": {"own.$": "$", "g": 1}, "End": true, "ItemProcessor":
                        {"StartAt": "In", "States": {"In": {"Type": "Pass", "Assign": {"own": 1, "f": 2, "inner": 1}, "End": true}}}}}}]},
            "Later": {"Type": "Choice", "Default": "End", "Choices": [{"Variable": "$.a", "IsNull": true, "Assign": {"x": 1}, "Next": "End"}]},
            "End": {"Type": "Pass", "Assign": {"inner.$": "$f"}, "End": true}}}"#,
        &[
            &twice("x", "/States/Fork/Branches[0]/States/One/Assign/x"),
            &twice("g", "/States/Fork/Branches[1]/States/Two/Assign/g"),
            &twice("own", "/States/Fork/Branches[1]/States/Two/ItemProcessor/States/In/Assign/own"),
            &twice("f", "/States/Fork/Branches[1]/States/Two/ItemProcessor/States/In/Assign/f"),
            &twice("inner", "/States/Fork/Branches[1]/States/Two/ItemProcessor/States/In/Assign/inner"),
            "POSSIBLY_UNDEFINED_VARIABLE: Variable 'f' is possibly not defined. at /States/End/Assign",
        ],
    );
}

/// Read where it is: on entry, in a block, behind a block whose variables are gone.
#[test]
fn variables_that_may_be_undefined() {
    let warning = |name: &str, place: &str| {
        format!("POSSIBLY_UNDEFINED_VARIABLE: Variable '{name}' is possibly not defined. at {place}")
    };
    check(
        r#"{"StartAt": "S", "States": {
            "S": {"Type": "Pass", "InputPath": "$a", "Assign": {"a": 1, "b.$": "$a"}, "Next": "M"},
            "M": {"Type": "Map", "ItemsPath": "$a.items", "ItemSelector": {"x.$": "$inner"}, "Next": "C", "ItemProcessor": {"StartAt": "I", "States": {
                "I": {"Type": "Pass", "Parameters": {"x.$": "$b.c", "y.$": "$inner", "z": "$not.read"}, "Assign": {"inner": 1}, "Next": "J"},
                "J": {"Type": "Wait", "SecondsPath": "$inner", "End": true}}}},
            "C": {"Type": "Choice", "Choices": [{"And": [{"Variable": "$inner", "IsPresent": true}, {"Variable": "$c", "NumericEqualsPath": "$a"}], "Next": "F"}],
                "Assign": {"c": 1}, "Default": "D"},
            "D": {"Type": "Pass", "OutputPath": "$c", "Next": "F"},
            "F": {"Type": "Fail", "ErrorPath": "$c.e", "CausePath": "$a"}}}"#,
        &[
            &warning("a", "/States/S/InputPath"),
            &warning("a", "/States/S/Assign"),
            &warning("inner", "/States/M/ItemSelector"),
            &warning("inner", "/States/M/ItemProcessor/States/I/Parameters"),
            &no_dollar("z", "/States/M/ItemProcessor/States/I/Parameters"),
            &warning("inner", "/States/C/Choices[0]/And[0]/Variable"),
            &warning("c", "/States/C/Choices[0]/And[1]/Variable"),
            &warning("c", "/States/F/ErrorPath"),
        ],
    );
}

fn no_dollar(key: &str, location: &str) -> String {
    format!(
        "NO_DOLLAR: The value of the field '{key}' looks like a JSONPath or the call of an intrinsic function, but \
         the name does not end with '.$'. at {location}"
    )
}

#[test]
fn texts_that_look_evaluated() {
    let parameters = |template: &str| {
        format!(
            r#"{{"StartAt": "S", "States": {{"S": {{"Type": "Pass", "End": true, "Parameters": {template}}}}}}}"#
        )
    };
    for text in ["$.a", "$['a']", "$$", "$$.Execution.Id", "$name", "States.UUID()"] {
        let template = format!(r#"{{"a": [{{"b": "{text}"}}, "{text}"], "c.$": "$.c"}}"#);
        check(
            &parameters(&template),
            &[&no_dollar("b", "/States/S/Parameters"), &no_dollar("a", "/States/S/Parameters")],
        );
    }
    for text in ["$", "$100", "$ 5", "$.", "a $.b", "States", "States.No()", "States.UUID(1)", ""] {
        check(&parameters(&format!(r#"{{"a": "{text}"}}"#)), &[]);
    }
}

#[test]
fn states_know_what_they_read() {
    let definition = definition(
        r#"{"StartAt": "S", "States": {
            "S": {"Type": "Pass", "Parameters": {"a": "$a", "b.$": "$.b"}, "ResultPath": "$.c", "Assign": {"a": 1}, "Next": "M"},
            "M": {"Type": "Map", "MaxConcurrencyPath": "$n", "ItemsPath": "$items[0]", "ItemSelector": {"x": [{"y.$": "$deep.er"}]},
                "ResultSelector": {"x.$": "$a"}, "Assign": {"b.$": "$n"}, "Next": "C", "ItemProcessor": {"StartAt": "I", "States": {
                    "I": {"Type": "Pass", "InputPath": "$own", "End": true}}},
                "Catch": [{"ErrorEquals": ["E"], "Assign": {"b.$": "$caught"}, "Next": "C"}]},
            "C": {"Type": "Choice", "OutputPath": "$out", "Choices": [{"Not": {"Variable": "$guess", "StringEqualsPath": "$answer"},
                "Assign": {"c.$": "$rule"}, "Next": "F"}], "Assign": {"c.$": "$own"}, "Default": "F"},
            "F": {"Type": "Fail", "ErrorPath": "$$.State.Name", "CausePath": "$cause"}}}"#,
    );
    let read: Vec<_> = definition
        .states()
        .iter()
        .map(|state| format!("{}: {}", state.name, state.variables_read.join(" ")))
        .collect();
    let expected = ["S: ", "M: a caught deep items n", "C: answer guess out own rule", "F: cause", "I: own"];
    assert_eq!(read, expected);
}

#[test]
fn states_become_ids() {
    let text = r#"{"StartAt": "B", "TimeoutSeconds": 5, "States": {
        "A": {"Type": "Succeed"}, "B": {"Type": "Pass", "Next": "A"}}}"#;
    let definition = definition(text);
    assert_eq!((definition.start_at, definition.timeout_seconds), (StateId(1), Some(5)));
    assert_eq!(definition.find("A"), Some(StateId(0)));
    let state = definition.state(StateId(1)).unwrap();
    assert_eq!(&*state.name, "B");
    assert!(matches!(&state.entry, Entry::JsonPath { input_path: Some(path), .. } if path.text() == "$"));
    assert!(matches!(&state.kind, Kind::Pass(pass) if pass.transition == Transition::Next(StateId(0))));
}

#[test]
fn message_and_pointer() {
    let text = r#"{"StartAt": "a/b", "States": {"a/b": {"Type": "Pass", "End": true, "x": 1}}}"#;
    let parsed = parse(text, Options::default());
    assert_eq!(parsed.diagnostics[0].place, Place::Pointer("/States/a~1b/x".into()));
    assert_eq!(
        invalid_definition_message(&parsed.diagnostics),
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Field 'x' is not supported at /States/a/b'"
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| {
        let rule = format!(
            "{}{}{}",
            r#"{"Not": "#.repeat(depth),
            r#"{"Variable": "$.a", "IsNull": true}"#,
            "}".repeat(depth)
        );
        choice(&rule.replacen('{', r#"{"Next": "T", "#, 1))
    };
    check(&nested(99), &[]);
    let too_deep = format!(
        "TOO_DEEPLY_NESTED: Rules can be nested 100 deep at most at /States/S/Choices[0]{}",
        "/Not".repeat(100)
    );
    check(&nested(100), &[&too_deep]);
    check(&nested(900), &[&too_deep]);
    assert_eq!(diagnose(&nested(1_000_000), Options::default()).len(), 1);
    // On a small stack, in the way a server's thread would meet it.
    let text = nested(900);
    let small = std::thread::Builder::new().stack_size(512 * 1024);
    let found =
        small.spawn(move || parse(&text, Options::default()).diagnostics.len()).unwrap().join().unwrap();
    assert_eq!(found, 1);
}

#[test]
fn large_documents() {
    let states: Vec<String> =
        (0..100_000).map(|n| format!(r#""{n}": {{"Type": "Pass", "Next": "{}"}}"#, n + 1)).collect();
    let text =
        format!(r#"{{"StartAt": "0", "States": {{{}, "100000": {{"Type": "Succeed"}}}}}}"#, states.join(","));
    assert_eq!(definition(&text).states().len(), 100_001);
    // As many faults as there are states: the first thousand are kept.
    let text = text.replace("Succeed", "Success").replace("Pass", "Past");
    assert_eq!(diagnose(&text, Options::default()).len(), 1000);
    // A fault deep in a place with a long name is not spelled out for every fault in it.
    let name = "n".repeat(400_000);
    let rules = "1,".repeat(200_000);
    let text = format!(
        r#"{{"StartAt": "{name}", "States": {{"{name}": {{"Type": "Choice", "Choices": [{rules}1]}}}}}}"#
    );
    assert_eq!(diagnose(&text, Options::default()).len(), 1);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// Pieces that definitions are made of, in any order.
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "$",
        "$.a",
        "null",
        "true",
        "1",
        "-1",
        "1e400",
        "\"StartAt\":",
        "\"States\":",
        "\"S\":",
        "\"S\"",
        "\"Type\":",
        "\"Pass\"",
        "\"Task\"",
        "\"Choice\"",
        "\"Wait\"",
        "\"Fail\"",
        "\"Map\"",
        "\"Next\":",
        "\"End\":",
        "\"Retry\":[",
        "\"Catch\":[",
        "\"Choices\":[",
        "\"Not\":{",
        "\"And\":[",
        "\"Variable\":",
        "\"ResultPath\":",
        "\"Parameters\":{",
        "\"a.$\":",
        "\"QueryLanguage\":",
        "\"JSONata\"",
        "é",
        "\u{1F600}",
    ];

    /// A value with the names of the language in it, as JSON text.
    fn document() -> impl Strategy<Value = String> {
        let names: Vec<String> = KNOWN
            .iter()
            .flat_map(|(_, fields)| fields.split_whitespace())
            .chain([
                "Type",
                "Comment",
                "QueryLanguage",
                "StartAt",
                "States",
                "S",
                "a.$",
                "ErrorEquals",
                "IntervalSeconds",
            ])
            .chain([
                "And",
                "Or",
                "Not",
                "Variable",
                "Condition",
                "IsNull",
                "StringEqualsPath",
                "NumericEquals",
            ])
            .map(|name| format!("\"{name}\""))
            .collect();
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>()
                .prop_filter("JSON has no infinity", |number| number.is_finite())
                .prop_map(|number| format!("{number:?}")),
            prop::sample::select(vec![
                "\"S\"",
                "\"Pass\"",
                "\"Task\"",
                "\"Choice\"",
                "\"$.a\"",
                "\"$x\"",
                "\"States.ALL\""
            ])
            .prop_map(str::to_owned),
        ];
        leaf.prop_recursive(6, 64, 8, move |inner| {
            let member = (prop::sample::select(names.clone()), inner.clone())
                .prop_map(|(name, value)| format!("{name}:{value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(","))),
                prop::collection::vec(member, 0..8).prop_map(|members| format!("{{{}}}", members.join(","))),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_text_panics(text in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
            diagnose(&text.concat(), Options::default());
        }

        #[test]
        fn no_document_panics(value in document(), express in any::<bool>()) {
            diagnose(&value, Options { express });
            diagnose(&single(&value), Options { express });
            diagnose(&choice(&value), Options { express });
        }
    }
}
