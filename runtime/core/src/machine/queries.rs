//! States in JSONata: what their fields see, what they leave with, and what the history tells when a query fails.
//!
//! A case is a machine, the script, the history and the end, as in `sequences.rs`. Source of those marked as
//! recorded: the service, 2024-2026; the others follow the same rules.

use super::sequences::{Run, compile, outcome};

/// A case: what it shows, the states (it starts at `S`), the script, the events after 1, the output or failure.
/// `as KIND` stands for the type of a state that speaks JSONata.
type Case = (&'static str, &'static str, &'static [&'static str], &'static str, &'static str);

/// Cases on an input with a number and a list.
fn check(cases: &[Case]) {
    const INPUT: &str = r#"{ "n": 4, "list": [3, 1, 2] }"#;
    for (name, states, script, events, end) in cases {
        let mut text = (*states).to_owned();
        for kind in ["Pass", "Wait", "Choice", "Succeed", "Fail", "Parallel", "Map"] {
            let fields = format!(r#""QueryLanguage": "JSONata", "Type": "{kind}""#);
            text = text.replace(&format!("as {kind}"), &fields);
        }
        text = text.replace("as Task", r#""QueryLanguage": "JSONata", "Type": "Task""#);
        let mut run = Run::start(compile(&text), INPUT);
        script.iter().for_each(|deed| run.act(deed));
        let words: Vec<&str> = events.split_whitespace().collect();
        let expected: Vec<String> = words.chunks(2).map(|pair| pair.join(" ")).collect();
        let lines = run.lines();
        assert_eq!(lines.get(1..).unwrap_or_default(), expected, "{name}");
        assert_eq!(outcome(name, &text, INPUT, script), *end, "{name}");
    }
}

const PREFIX: &str = "An error occurred while executing the state 'S' (entered at the event id #2). ";

/// The failure of `S` as a query that is all of a field.
macro_rules! failed {
    ($query:literal, $field:literal, $what:literal) => {
        concat!(
            "States.QueryEvaluationError: An error occurred while executing the state 'S' (entered at the event id \
             #2). The JSONata expression '",
            $query,
            "' specified for the field '",
            $field,
            "' ",
            $what
        )
    };
}

#[test]
fn what_is_seen() {
    check(&[
        (
            "the input, variables as they were, constants and strings that look like paths (recorded)",
            r#""S": {as Pass, "Assign": {"a": 1, "b": "{% $states.input.n %}"}, "Output": ["$a", "{% $states.input.list[0] %}", {"x": null}], "Next": "T"},
               "T": {as Pass, "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Output": "{% [$a, $b] %}", "Next": "U"},
               "U": {as Succeed, "Output": {"in": "{% $states.input %}", "a": "{% $a %}", "b": "{% $b %}"}}"#,
            &[],
            "2<0 PassStateEntered 3<2 PassStateExited 4<3 PassStateEntered 5<4 PassStateExited
             6<5 SucceedStateEntered 7<6 SucceedStateExited 8<7 ExecutionSucceeded",
            r#"{"in":[1,4],"a":4,"b":1}"#,
        ),
        (
            "an input that no field touches keeps its text (recorded)",
            r#""S": {as Pass, "Next": "T"}, "T": {as Wait, "Seconds": 0, "End": true}"#,
            &[],
            "2<0 PassStateEntered 3<2 PassStateExited 4<3 WaitStateEntered 5<4 WaitStateExited 6<5 ExecutionSucceeded",
            r#"{ "n": 4, "list": [3, 1, 2] }"#,
        ),
        (
            "arguments, the result, limits of time and the context",
            r#""S": {as Task, "Resource": "arn:aws:states:us-east-1:000000000000:activity:a", "Arguments": {"twice": "{% $states.input.n * 2 %}"},
                     "TimeoutSeconds": "{% $states.input.n %}", "HeartbeatSeconds": 2, "Output": {"r": "{% $states.result.x %}", "n": "{% $states.input.n %}",
                     "name": "{% $states.context.State.Name & $states.context.State.RetryCount %}"}, "Assign": {"r": "{% $states.result %}"}, "Next": "T"},
               "T": {"Type": "Pass", "Parameters": {"r.$": "$r.x", "all.$": "$"}, "End": true}"#,
            &["take a", "ok 0 {\"x\": 1.0}"],
            "2<0 TaskStateEntered 3<2 ActivityScheduled 4<3 ActivityStarted 5<4 ActivitySucceeded 6<5 TaskStateExited
             7<6 PassStateEntered 8<7 PassStateExited 9<8 ExecutionSucceeded",
            r#"{"all":{"r":1.0,"n":4,"name":"S0"},"r":1.0}"#,
        ),
        (
            "without Output, the result; without Arguments, the input",
            r#""S": {as Task, "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", "End": true}"#,
            &["answer 0 {\"a\":  1}"],
            "2<0 TaskStateEntered 3<2 LambdaFunctionScheduled 4<3 LambdaFunctionStarted 5<4 LambdaFunctionSucceeded
             6<5 TaskStateExited 7<6 ExecutionSucceeded",
            r#"{"a":  1}"#,
        ),
        (
            "the token of a task",
            r#""S": {as Task, "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                     "Arguments": {"FunctionName": "f", "Payload": {"t": "{% $states.context.Task.Token %}"}}, "Output": "{% $states.result.t %}", "End": true}"#,
            &["answer 0 {}", "end 0 {\"t\": 1}"],
            "2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskSubmitted 6<5 TaskSucceeded
             7<6 TaskStateExited 8<7 ExecutionSucceeded",
            "1",
        ),
        (
            "the items of a Map, what is selected for each, and how many at once",
            r#""S": {as Map, "Items": "{% $states.input.list[$ > 1] %}", "MaxConcurrency": "{% 1 %}",
                     "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}", "i": "{% $states.context.Map.Item.Index %}", "n": "{% $states.input.n %}"},
                     "ItemProcessor": {"StartAt": "I", "States": {"I": {as Pass, "Output": "{% $states.input.v + $states.input.n %}", "End": true}}},
                     "ToleratedFailureCount": "{% 0 %}", "ToleratedFailurePercentage": 10.5,
                     "Output": "{% $sum($states.result) %}", "End": true}"#,
            &[],
            "2<0 MapStateEntered 3<2 MapStateStarted{2} 4<3 MapIterationStarted{0} 5<4 PassStateEntered 6<5 PassStateExited
             7<6 MapIterationSucceeded{0} 8<6 MapIterationStarted{1} 9<8 PassStateEntered 10<9 PassStateExited
             11<10 MapIterationSucceeded{1} 12<11 MapStateSucceeded 13<11 MapStateExited 14<13 ExecutionSucceeded",
            "13",
        ),
        (
            "branches, whose states speak the machine's language again (recorded)",
            r#""S": {as Parallel, "Arguments": "{% $states.input.list %}", "Output": {"all": "{% $states.result %}"}, "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"first.$": "$[0]"}, "End": true}}},
                {"StartAt": "B", "States": {"B": {as Pass, "Output": "{% $states.input[-1] %}", "End": true}}}]}"#,
            &[],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 PassStateEntered 5<4 PassStateExited 6<3 PassStateEntered
             7<6 PassStateExited 8<7 ParallelStateSucceeded 9<7 ParallelStateExited 10<9 ExecutionSucceeded",
            r#"{"all":[{"first":3},2]}"#,
        ),
        (
            "the first rule that holds, with its own Output and Assign (recorded)",
            r#""S": {as Choice, "Choices": [{"Condition": false, "Next": "T"}, {"Condition": "{% $states.input.n = 4 %}", "Next": "T", "Output": {"rule": 1}, "Assign": {"x": "rule"}}],
                     "Output": "state", "Assign": {"x": "state"}, "Default": "T"},
               "T": {as Pass, "Output": "{% $merge([$states.input, {'x': $x}]) %}", "End": true}"#,
            &[],
            "2<0 ChoiceStateEntered 3<2 ChoiceStateExited 4<3 PassStateEntered 5<4 PassStateExited 6<5 ExecutionSucceeded",
            r#"{"rule":1,"x":"rule"}"#,
        ),
        (
            "no rule holds: the state's own",
            r#""S": {as Choice, "Choices": [{"Condition": "{% $states.input.n > 4 %}", "Next": "T", "Output": 1}],
                     "Output": "{% $states.input.n %}", "Default": "T"}, "T": {as Succeed}"#,
            &[],
            "2<0 ChoiceStateEntered 3<2 ChoiceStateExited 4<3 SucceedStateEntered 5<4 SucceedStateExited 6<5 ExecutionSucceeded",
            "4",
        ),
        (
            "a Fail state",
            r#""S": {as Fail, "Error": "{% 'E' & $states.input.n %}", "Cause": "plain"}"#,
            &[],
            "2<0 FailStateEntered 3<2 ExecutionFailed",
            "E4: plain",
        ),
        (
            "waits",
            r#""S": {as Wait, "Seconds": "{% $states.input.n %}", "Assign": {"at": "{% '2020-01-01T00:00:00Z' %}"}, "Next": "T"},
               "T": {as Wait, "Timestamp": "{% $at %}", "Output": "{% $at %}", "End": true}"#,
            &["after 4000"],
            "2<0 WaitStateEntered 3<2 WaitStateExited 4<3 WaitStateEntered 5<4 WaitStateExited 6<5 ExecutionSucceeded",
            "\"2020-01-01T00:00:00Z\"",
        ),
        (
            "what a catcher makes of a failure; without Output, the failure (recorded)",
            r#""S": {as Task, "Resource": "arn:aws:states:us-east-1:000000000000:activity:a", "End": true, "Catch": [{"ErrorEquals": ["E"], "Next": "T",
                     "Output": {"in": "{% $states.input.n %}", "e": "{% $states.errorOutput %}"}, "Assign": {"e": "{% $states.errorOutput.Error %}"}}]},
               "T": {as Task, "Resource": "arn:aws:states:us-east-1:000000000000:activity:b", "Arguments": "{% $states.input %}", "End": true,
                     "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "U"}]},
               "U": {as Pass, "Output": "{% $merge([$states.input, {'e': $e}]) %}", "End": true}"#,
            &["take a", "fail 0 E", "take b", "fail 1 F"],
            "2<0 TaskStateEntered 3<2 ActivityScheduled 4<3 ActivityStarted 5<4 ActivityFailed 6<5 TaskStateExited
             7<6 TaskStateEntered 8<7 ActivityScheduled 9<8 ActivityStarted 10<9 ActivityFailed 11<10 TaskStateExited
             12<11 PassStateEntered 13<12 PassStateExited 14<13 ExecutionSucceeded",
            r#"{"Error":"F","Cause":"told to","e":"E"}"#,
        ),
    ]);
}

#[test]
fn queries_that_fail() {
    check(&[
        (
            "nothing (recorded)",
            r#""S": {as Pass, "Output": "{% $no %}", "End": true}"#,
            &[],
            "2<0 PassStateEntered 3<0 EvaluationFailed 4<3 ExecutionFailed",
            failed!("$no", "Output", "returned nothing (undefined)."),
        ),
        (
            "in a branch, whose block catches it (recorded)",
            r#""P": {as Succeed}, "S": {as Parallel, "End": true, "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "P", "Output": "caught"}],
                "Branches": [{"StartAt": "A", "States": {"A": {as Pass, "Assign": {"x": {"y": [1, "{% $no %}"]}}, "End": true}}}]}"#,
            &[],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 PassStateEntered 5<3 EvaluationFailed
             6<5 ParallelStateFailed 7<6 ParallelStateExited 8<7 SucceedStateEntered 9<8 SucceedStateExited
             10<9 ExecutionSucceeded",
            "\"caught\"",
        ),
        (
            "in a catcher (recorded)",
            r#""T": {as Succeed}, "S": {as Parallel, "End": true, "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "E"}}}],
                "Catch": [{"ErrorEquals": ["F"], "Next": "T"}, {"ErrorEquals": ["E"], "Next": "T", "Output": {"v": "{% $no %}"}}]}"#,
            &[],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 FailStateEntered 5<4 ParallelStateFailed
             6<4 EvaluationFailed 7<6 ParallelStateFailed 8<7 ExecutionFailed",
            failed!("$no", "Catch[1]/Output/v", "returned nothing (undefined)."),
        ),
        (
            "in an iteration (recorded)",
            r#""S": {as Map, "Items": [1], "End": true, "ItemProcessor": {"StartAt": "A", "States": {"A": {as Pass, "Output": "{% $error('x') %}", "End": true}}}}"#,
            &[],
            "2<0 MapStateEntered 3<2 MapStateStarted{1} 4<3 MapIterationStarted{0} 5<4 PassStateEntered 6<4 EvaluationFailed
             7<6 MapIterationFailed{0} 8<6 MapStateFailed 9<8 ExecutionFailed",
            "States.QueryEvaluationError: An error occurred while executing the state 'A' (entered at the event id #5). \
             The JSONata expression '$error('x')' specified for the field 'Output' threw an error during evaluation. D3137: x",
        ),
        (
            "items that are no array (recorded)",
            r#""S": {as Map, "End": true, "ItemProcessor": {"StartAt": "A", "States": {"A": {as Succeed}}}}"#,
            &[],
            "2<0 MapStateEntered 3<0 EvaluationFailed 4<3 MapStateFailed 5<4 ExecutionFailed",
            "States.QueryEvaluationError: An error occurred while executing the state 'S' (entered at the event id #2). \
             Map state input must be an array but was: {\"n\":4,\"list\":[3,1,2]}",
        ),
        (
            "retried: an event for each attempt (recorded)",
            r#""S": {as Task, "Resource": "arn:aws:states:us-east-1:000000000000:activity:a", "Arguments": "{% $no %}", "End": true,
                     "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]}"#,
            &["after 1000"],
            "2<0 TaskStateEntered 3<0 EvaluationFailed 4<3 EvaluationFailed 5<4 ExecutionFailed",
            failed!("$no", "Arguments", "returned nothing (undefined)."),
        ),
        (
            "after the work is done",
            r#""S": {as Task, "Resource": "arn:aws:states:us-east-1:000000000000:activity:a", "Output": "{% $states.result + 1 %}", "End": true,
                     "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "T"}]}, "T": {as Pass, "Output": "{% $states.input.Error %}", "End": true}"#,
            &["take a", "ok 0 \"x\""],
            "2<0 TaskStateEntered 3<2 ActivityScheduled 4<3 ActivityStarted 5<4 ActivitySucceeded 6<5 EvaluationFailed
             7<6 TaskStateExited 8<7 PassStateEntered 9<8 PassStateExited 10<9 ExecutionSucceeded",
            "\"States.QueryEvaluationError\"",
        ),
        (
            "a timestamp that is none (recorded)",
            r#""S": {as Wait, "Timestamp": "{% 'later' %}", "End": true}"#,
            &[],
            "2<0 WaitStateEntered 3<2 EvaluationFailed 4<3 ExecutionFailed",
            "States.QueryEvaluationError: An error occurred while executing the state 'S' (entered at the event id #2). \
             The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: later",
        ),
        (
            "after a Wait",
            r#""S": {as Wait, "Seconds": 1, "Output": "{% $no %}", "End": true}"#,
            &["after 1000"],
            "2<0 WaitStateEntered 3<0 EvaluationFailed 4<3 ExecutionFailed",
            failed!("$no", "Output", "returned nothing (undefined)."),
        ),
        (
            "a variable that is too large (recorded)",
            r#""S": {as Pass, "Assign": {"x": "{% $join($map([1..27], function($i) { $pad('', 10000, 'x') })) %}"}, "End": true}"#,
            &[],
            "2<0 PassStateEntered 3<2 EvaluationFailed 4<3 ExecutionFailed",
            "States.DataLimitExceeded: Variable size limit exceeded. Variable 'x' in state 'S' was assigned 270002 bytes.",
        ),
        (
            "an output that is too large",
            r#""S": {as Pass, "Output": "{% $join($map([1..27], function($i) { $pad('', 10000, 'x') })) %}", "End": true}"#,
            &[],
            "2<0 PassStateEntered 3<2 ExecutionFailed",
            "States.DataLimitExceeded: The state/task 'S' returned a result with a size exceeding the maximum number of \
             bytes service limit.",
        ),
        (
            "no rule holds, and there is no Default",
            r#""S": {as Choice, "Choices": [{"Condition": false, "Next": "T"}]}, "T": {as Succeed}"#,
            &[],
            "2<0 ChoiceStateEntered 3<2 ExecutionFailed",
            "States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). \
             Failed to transition out of the state. The state does not point to a next state.",
        ),
    ]);
}

/// The values that a field takes.
#[test]
fn values_of_fields() {
    let task = |fields: &str| {
        format!(
            r#""S": {{"QueryLanguage": "JSONata", "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:f", {fields}, "End": true}}"#
        )
    };
    let map = |fields: &str| {
        format!(
            r#""S": {{"QueryLanguage": "JSONata", "Type": "Map", "Items": [1], {fields}, "End": true, "ItemProcessor": {{"StartAt": "A", "States": {{"A": {{"Type": "Succeed"}}}}}}}}"#
        )
    };
    let plain = |kind: &str, fields: &str| {
        format!(r#""S": {{"QueryLanguage": "JSONata", "Type": "{kind}", {fields}}}"#)
    };
    let kind = |expected: &str, was: &str| {
        format!("returned an unexpected result type. Expected '{expected}', but was '{was}' for value: ")
    };
    let cases = [
        (
            task(r#""TimeoutSeconds": "{% 'x' %}""#),
            "'x'",
            "TimeoutSeconds",
            kind("number", "string") + "\"x\"",
        ),
        (
            task(r#""TimeoutSeconds": "{% 1.5 %}""#),
            "1.5",
            "TimeoutSeconds",
            kind("integer", "number") + "1.5",
        ),
        (
            task(r#""HeartbeatSeconds": "{% 0 %}""#),
            "0",
            "HeartbeatSeconds",
            "returned a number out of range. Expected 1 to 99999999, but was: 0".to_owned(),
        ),
        (
            map(r#""MaxConcurrency": "{% true %}""#),
            "true",
            "MaxConcurrency",
            kind("number", "boolean") + "true",
        ),
        (
            map(r#""MaxConcurrency": "{% -1 %}""#),
            "-1",
            "MaxConcurrency",
            "returned a number out of range. Expected 0 to 4294967295, but was: -1".to_owned(),
        ),
        (
            map(r#""ToleratedFailureCount": "{% [] %}""#),
            "[]",
            "ToleratedFailureCount",
            kind("number", "array") + "[]",
        ),
        (
            plain("Wait", r#""Seconds": "{% null %}", "End": true"#),
            "null",
            "Seconds",
            kind("number", "null") + "null",
        ),
        (
            plain("Wait", r#""Timestamp": "{% 1 %}", "End": true"#),
            "1",
            "Timestamp",
            kind("string", "number") + "1",
        ),
        (plain("Fail", r#""Error": "{% 1 %}""#), "1", "Error", kind("string", "number") + "1"),
        (
            format!(
                "{}, \"T\": {{\"Type\": \"Succeed\"}}",
                plain(
                    "Choice",
                    r#""Choices": [{"Condition": false, "Next": "T"}, {"Condition": "{% 'true' %}", "Next": "T"}]"#
                )
            ),
            "'true'",
            "Choices[1]/Condition",
            kind("boolean", "string") + "\"true\"",
        ),
    ];
    for (states, query, field, what) in cases {
        let expected = format!(
            "States.QueryEvaluationError: {PREFIX}The JSONata expression '{query}' specified for the field '{field}' {what}"
        );
        assert_eq!(outcome(field, &states, "{}", &[]), expected);
    }
}

#[test]
fn a_cause_has_its_limit() {
    let states = r#""S": {"QueryLanguage": "JSONata", "Type": "Pass", "Output": "{% $error($join($map([1..9], function($i) { $pad('', 10000, 'é') }))) %}", "End": true}"#;
    let told = outcome("a long message", states, "{}", &[]);
    assert_eq!(told.chars().count(), "States.QueryEvaluationError: ".len() + 32_768);
}

/// A seed serves a whole step, and no two queries draw the same.
#[test]
fn draws_differ() {
    let states = r#""S": {"QueryLanguage": "JSONata", "Type": "Pass", "Assign": {"a": "{% $uuid() %}", "b": "{% $random() %}"},
        "Output": {"a": "{% $uuid() %}", "b": "{% $random() %}", "c": "{% [$uuid(), $uuid()] %}"}, "Next": "T"},
        "T": {"QueryLanguage": "JSONata", "Type": "Pass", "Output": "{% $count($distinct([$a, $b, $states.input.a, $states.input.b, $states.input.c])) %}", "End": true}"#;
    assert_eq!(outcome("draws", states, "{}", &[]), "6");
    let twice = r#""S": {"QueryLanguage": "JSONata", "Type": "Pass", "Output": ["{% $uuid() %}", "{% $now() %}"], "End": true}"#;
    assert_eq!(outcome("again", twice, "{}", &[]), outcome("again", twice, "{}", &[]));
}

#[test]
fn tolerated_failures_of_jsonpath() {
    let map = |fields: &str| {
        format!(
            r#""S": {{"Type": "Map", "ItemsPath": "$.list", {fields}, "End": true, "ItemProcessor": {{"StartAt": "A", "States": {{"A": {{"Type": "Succeed"}}}}}}}}"#
        )
    };
    let runtime = |text: &str| format!("States.Runtime: {PREFIX}{text}");
    let cases = [
        (r#""ToleratedFailureCountPath": "$.v""#, "1", "[1]".to_owned()),
        (r#""ToleratedFailureCountPath": "$.v""#, "\"2\"", "[1]".to_owned()),
        (
            r#""ToleratedFailureCountPath": "$.v""#,
            "{}",
            runtime(
                "The ToleratedFailureCountPath field refers to value \"{}\" which is not a valid integer: $.v",
            ),
        ),
        (r#""ToleratedFailureCountPath": "$.v""#, "-1", runtime("ToleratedFailureCount cannot be negative.")),
        (r#""ToleratedFailurePercentagePath": "$.v""#, "1.1", "[1]".to_owned()),
        (
            r#""ToleratedFailurePercentagePath": "$.v""#,
            "\"NoNumber\"",
            runtime(
                "The ToleratedFailurePercentagePath field refers to value \"NoNumber\" which is not a valid float: $.v",
            ),
        ),
        (
            r#""ToleratedFailurePercentagePath": "$.v""#,
            "100.1",
            runtime("ToleratedFailurePercentage must be between 0 and 100."),
        ),
    ];
    for (fields, value, expected) in cases {
        let input = format!(r#"{{"list": [1], "v": {value}}}"#);
        assert_eq!(outcome(fields, &map(fields), &input, &[]), expected, "{value}");
    }
}
