//! What states assign, when it can be read, and by whom.
//!
//! A case is a machine, its input, what is done to it from outside, and the variables that each exit shows.
//! Source of those marked as recorded: the service, 2024-2026; the others follow the same rules.

use std::fmt::Write;

use super::sequences::{Run, compile, outcome};
use super::{Fact, Outcome};

/// The variables of a history, `STATE: NAME=TEXT ...` for each exit that has any.
fn assigned(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    for (_, entry) in &run.history {
        if let Fact::StateExitedAssigned { name, variables, .. } = &entry.fact {
            let mut line = format!("{name}:");
            for (name, value) in variables {
                _ = write!(line, " {name}={}", value.text());
            }
            lines.push(line);
        }
    }
    lines
}

/// A case: what it shows, the states (it starts at `S`), the script, what is assigned, the output or failure.
type Case = (&'static str, &'static str, &'static [&'static str], &'static [&'static str], &'static str);

/// Cases on an input with a number and a list.
fn check(cases: &[Case]) {
    const INPUT: &str = r#"{ "n": 4, "list": [1, 2.50] }"#;
    for (name, states, script, variables, end) in cases {
        let mut run = Run::start(compile(states), INPUT);
        script.iter().for_each(|deed| run.act(deed));
        assert_eq!(assigned(&run), *variables, "{name}");
        let (found, kept) = run.execution.variable_bytes();
        assert_eq!(found, kept, "{name}");
        let succeeded = matches!(run.execution.outcome(), Some(Outcome::Succeeded(_)));
        assert!(!succeeded || found == 0, "{name}: nothing is left at the end");
        assert_eq!(outcome(name, states, INPUT, script), *end, "{name}");
    }
}

#[test]
fn what_an_assign_sees() {
    check(&[
        (
            "nothing is set by an empty one (recorded)",
            r#""S": {"Type": "Pass", "Assign": {}, "OutputPath": "$.n", "End": true}"#,
            &[],
            &[],
            "4",
        ),
        (
            "strings that look like paths are strings (recorded)",
            r#""S": {"Type": "Pass", "Assign": {"a": "$.no.such", "b": {"c": "$a", "d": "$$"}}, "Next": "T"},
               "T": {"Type": "Pass", "Parameters": {"a.$": "$a", "d.$": "$b.d"}, "End": true}"#,
            &[],
            &[r#"S: a="$.no.such" b={"c":"$a","d":"$$"}"#],
            r#"{"a":"$.no.such","d":"$$"}"#,
        ),
        (
            "all are found first, then set (recorded)",
            r#""S": {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "T"},
               "T": {"Type": "Pass", "Assign": {"a.$": "$b", "b.$": "$a"}, "Parameters": {"a.$": "$a"}, "OutputPath": "$b", "End": true}"#,
            &[],
            &["S: a=1 b=2", "T: a=2 b=1"],
            "2",
        ),
        (
            "the result of a Pass, before ResultPath and OutputPath (recorded)",
            r#""S": {"Type": "Pass", "Result": {"q": "why"}, "Assign": {"q.$": "$.q", "answer": 42}, "Next": "T"},
               "T": {"Type": "Pass", "InputPath": "$answer", "ResultPath": "$.theAnswer", "OutputPath": "$answer",
                     "Assign": {"answer": "later", "in.$": "$"}, "Next": "U"},
               "U": {"Type": "Succeed", "InputPath": "$answer"}"#,
            &[],
            &[r#"S: answer=42 q="why""#, r#"T: answer="later" in=42"#],
            r#""later""#,
        ),
        (
            "parameters (recorded)",
            r#""S": {"Type": "Pass", "Parameters": {"input": "PENDING"}, "Assign": {"result.$": "$.input"}, "Next": "T"},
               "T": {"Type": "Pass", "Assign": {"result": "SUCCESS", "original.$": "$.input"}, "End": true}"#,
            &[],
            &[r#"S: result="PENDING""#, r#"T: result="SUCCESS" original="PENDING""#],
            r#"{"input":"PENDING"}"#,
        ),
        (
            "the result of a task, after ResultSelector",
            r#""S": {task a, "ResultSelector": {"r.$": "$.x"}, "ResultPath": null, "Assign": {"r.$": "$.r", "all.$": "$"}, "OutputPath": "$.n", "Next": "T"},
               "T": {"Type": "Pass", "Parameters": {"r.$": "$r"}, "End": true}"#,
            &["take a", r#"ok 0 {"x": [1.0]}"#],
            &[r#"S: all={"r":[1.0]} r=[1.0]"#],
            r#"{"r":[1.0]}"#,
        ),
        (
            "the input of a Wait, whose end is found in a variable (recorded)",
            r#""S": {"Type": "Pass", "Assign": {"seconds": 1, "at": "2024-11-06T09:42:03Z"}, "Next": "T"},
               "T": {"Type": "Wait", "SecondsPath": "$seconds", "InputPath": "$.list", "Assign": {"seconds.$": "$[1]"}, "Next": "U"},
               "U": {"Type": "Wait", "TimestampPath": "$at", "OutputPath": "$seconds", "End": true}"#,
            &["after 1000"],
            &[r#"S: seconds=1 at="2024-11-06T09:42:03Z""#, "T: seconds=2.5"],
            "2.5",
        ),
        (
            "context, and a variable in a variable",
            r#""S": {"Type": "Pass", "Assign": {"name.$": "$$.State.Name", "deep": {"x": [{"y": 1}]}}, "Next": "T"},
               "T": {"Type": "Pass", "Assign": {"copy": {"deep.$": "$deep.x[0]", "name.$": "$name"}}, "OutputPath": "$deep['x']", "End": true}"#,
            &[],
            &[r#"S: deep={"x":[{"y":1}]} name="S""#, r#"T: copy={"deep":{"y":1},"name":"S"}"#],
            r#"[{"y":1}]"#,
        ),
    ]);
}

#[test]
fn choices_and_catchers() {
    check(&[
        (
            "the rule that holds, and not the state (recorded)",
            r#""S": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 5, "Assign": {"x": 5}, "Next": "T"},
                  {"Variable": "$.n", "NumericEquals": 4, "Assign": {"x.$": "$.n"}, "Next": "T"}],
                  "Assign": {"x": 0, "y": 0}, "Default": "T"},
               "T": {"Type": "Pass", "InputPath": "$x", "End": true}"#,
            &[],
            &["S: x=4"],
            "4",
        ),
        (
            "the state, when no rule holds (recorded)",
            r#""S": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 5, "Assign": {"x": 5}, "Next": "T"}],
                  "Assign": {"x": 0, "guess.$": "$.n"}, "InputPath": "$", "OutputPath": "$.list", "Default": "T"},
               "T": {"Type": "Pass", "Parameters": {"x.$": "$x", "list.$": "$"}, "End": true}"#,
            &[],
            &["S: x=0 guess=4"],
            r#"{"x":0,"list":[1,2.5]}"#,
        ),
        (
            "a rule on variables (recorded)",
            r#""S": {"Type": "Pass", "Assign": {"guess": "a", "answer": "b"}, "Next": "C"},
               "C": {"Type": "Choice", "Choices": [{"Variable": "$guess", "StringEqualsPath": "$answer", "Next": "Right"}], "Default": "Wrong"},
               "Wrong": {"Type": "Pass", "Assign": {"guess.$": "$answer"}, "Result": {"state": "WRONG"}, "Next": "C"},
               "Right": {"Type": "Pass", "Parameters": {"was.$": "$.state"}, "End": true}"#,
            &[],
            &[r#"S: guess="a" answer="b""#, r#"Wrong: guess="b""#],
            r#"{"was":"WRONG"}"#,
        ),
        (
            "a variable that was never set is not present",
            r#""S": {"Type": "Choice", "Choices": [{"Variable": "$x", "IsPresent": true, "Next": "T"}], "Assign": {"x": null}, "Default": "S2"},
               "S2": {"Type": "Choice", "Choices": [{"Variable": "$x", "IsPresent": true, "Next": "T"}]},
               "T": {"Type": "Pass", "InputPath": "$x", "End": true}"#,
            &[],
            &["S: x=null"],
            "null",
        ),
        (
            "the catcher, on the error output, and not the state",
            r#""S": {task a, "Assign": {"x": 1}, "Next": "T", "Catch": [{"ErrorEquals": ["E"], "ResultPath": null,
                  "Assign": {"error.$": "$", "x.$": "$.Error"}, "Next": "T"}]},
               "T": {"Type": "Pass", "Parameters": {"x.$": "$x"}, "End": true}"#,
            &["take a", "fail 0 E"],
            &[r#"S: x="E" error={"Error":"E","Cause":"told to"}"#],
            r#"{"x":"E"}"#,
        ),
    ]);
}

#[test]
fn blocks_and_their_scopes() {
    check(&[
        (
            "an inner scope reads those around it, and is gone with its iteration (recorded)",
            r#""S": {"Type": "Pass", "Result": [[9, 44], [82, 25]], "Assign": {"bias": 4.3}, "Next": "M"},
               "M": {"Type": "Map", "MaxConcurrency": 1, "Next": "T", "ItemProcessor": {"StartAt": "A", "States": {
                 "A": {"Type": "Pass", "Assign": {"x.$": "$[0]"}, "Next": "I"},
                 "I": {"Type": "Map", "MaxConcurrency": 1, "End": true, "ItemProcessor": {"StartAt": "B", "States": {
                   "B": {"Type": "Choice", "Choices": [{"Variable": "$sum", "IsPresent": true, "Next": "C"}], "Default": "D",
                         "Assign": {"sum": {"x.$": "$x", "bias.$": "$bias"}}},
                   "C": {"Type": "Fail"},
                   "D": {"Type": "Pass", "InputPath": "$sum", "End": true}}}}}}},
               "T": {"Type": "Choice", "Choices": [{"Variable": "$x", "IsPresent": true, "Next": "F"}], "Default": "Z"},
               "F": {"Type": "Fail"}, "Z": {"Type": "Pass", "OutputPath": "$[1]", "End": true}"#,
            &[],
            &[
                "S: bias=4.3",
                "A: x=9",
                r#"B: sum={"bias":4.3,"x":9}"#,
                r#"B: sum={"bias":4.3,"x":9}"#,
                "A: x=82",
                r#"B: sum={"bias":4.3,"x":82}"#,
                r#"B: sum={"bias":4.3,"x":82}"#,
            ],
            r#"[{"bias":4.3,"x":82},{"bias":4.3,"x":82}]"#,
        ),
        (
            "branches do not see each other's, nor what a failed attempt has set",
            r#""S": {"Type": "Parallel", "Assign": {"all.$": "$"}, "Next": "Z", "Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 1}],
                  "Parameters": {"n.$": "$.n"}, "Branches": [
                 {"StartAt": "A", "States": {
                    "A": {"Type": "Choice", "Choices": [{"Variable": "$x", "IsPresent": true, "Next": "A2"}], "Assign": {"x": "a"}, "Default": "A1"},
                    "A1": {task a, "ResultPath": null, "OutputPath": "$x", "End": true}, "A2": {"Type": "Fail"}}},
                 {"StartAt": "B", "States": {"B": {"Type": "Pass", "Assign": {"x": "b"}, "Next": "B1"},
                    "B1": {"Type": "Pass", "InputPath": "$x", "End": true}}}]},
               "Z": {"Type": "Pass", "InputPath": "$all", "End": true}"#,
            &["take a", "fail 0 E", "after 1000", "take a", "ok 1 {}"],
            &[r#"A: x="a""#, r#"B: x="b""#, r#"A: x="a""#, r#"B: x="b""#, r#"S: all=["a","b"]"#],
            r#"["a","b"]"#,
        ),
        (
            "a catcher of a block assigns around it",
            r#""S": {"Type": "Pass", "Assign": {"out": 1}, "Next": "M"},
               "M": {"Type": "Map", "ItemsPath": "$.list", "Next": "Z", "ItemProcessor": {"StartAt": "I", "States": {
                  "I": {"Type": "Pass", "Assign": {"inner.$": "$out"}, "Next": "J"}, "J": {"Type": "Fail", "Error": "E"}}},
                  "Catch": [{"ErrorEquals": ["E"], "ResultPath": "$.error", "Assign": {"error.$": "$.Error", "out.$": "$out"}, "Next": "Z"}]},
               "Z": {"Type": "Pass", "Parameters": {"out.$": "$out", "error.$": "$error"}, "End": true}"#,
            &[],
            &["S: out=1", "I: inner=1", r#"M: error="E" out=1"#],
            r#"{"error":"E","out":1}"#,
        ),
        (
            "fields of a Map; a text counts as its number (recorded)",
            r#""S": {"Type": "Pass", "Assign": {"most": "1", "items": ["a", "b"]}, "Next": "M"},
               "M": {"Type": "Map", "ItemsPath": "$items", "MaxConcurrencyPath": "$most", "ItemSelector": {"item.$": "$$.Map.Item.Value", "most.$": "$most"},
                  "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "Assign": {"seen.$": "$.item"}, "End": true}}},
                  "ResultSelector": {"first.$": "$[0].item", "most.$": "$most"}, "Assign": {"first.$": "$.first"}, "Next": "Z"},
               "Z": {"Type": "Pass", "InputPath": "$first", "End": true}"#,
            &[],
            &[r#"S: most="1" items=["a","b"]"#, r#"I: seen="a""#, r#"I: seen="b""#, r#"M: first="a""#],
            r#""a""#,
        ),
    ]);
}

#[test]
fn what_goes_wrong() {
    check(&[
        (
            "a path that leads nowhere",
            r#""S": {"Type": "Pass", "Assign": {"x.$": "$.no"}, "End": true}"#,
            &[],
            &[],
            "States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). The \
             JSONPath '$.no' specified for the field 'x.$' could not be found in the input '{ \"n\": 4, \"list\": \
             [1, 2.50] }'",
        ),
        (
            "Assign comes before ResultPath",
            r#""S": {"Type": "Pass", "Result": 1, "ResultPath": "$.n.x", "Assign": {"x.$": "$.no"}, "End": true}"#,
            &[],
            &[],
            "States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). The \
             JSONPath '$.no' specified for the field 'x.$' could not be found in the input '1'",
        ),
        (
            "a variable that was never set",
            r#""S": {"Type": "Pass", "InputPath": "$x", "End": true}"#,
            &[],
            &[],
            "States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). Invalid \
             path '$x' : No results for path: $['x']",
        ),
        (
            "MaxConcurrencyPath with a text that is no number (recorded)",
            r#""S": {"Type": "Pass", "Assign": {"most": "NoNumber"}, "Next": "M"},
               "M": {"Type": "Map", "ItemsPath": "$.list", "MaxConcurrencyPath": "$most", "End": true,
                  "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
            &[],
            &[r#"S: most="NoNumber""#],
            "States.Runtime: An error occurred while executing the state 'M' (entered at the event id #4). The \
             MaxConcurrencyPath field refers to value \"NoNumber\" which is not a valid integer: $most",
        ),
    ]);
}

/// A string whose JSON text has so many bytes.
fn string(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

#[test]
fn limits_of_a_state() {
    let states = r#""S": {"Type": "Pass", "Assign": {"x.$": "$.x", "y.$": "$.y"}, "OutputPath": "$.end", "End": true}"#;
    let run = |x: usize, y: usize| {
        let input = format!(r#"{{"x": {}, "y": {}, "end": 1}}"#, string(x), string(y));
        outcome("limits", states, &input, &[])
    };
    assert_eq!(run(131_072, 131_072), "1");
    assert_eq!(
        run(131_073, 131_073),
        "States.DataLimitExceeded: State total variable size limit exceeded. Variable 'y' in state 'S' was \
         assigned 131073 bytes, which caused the size of variables assigned in the state to exceed its limit by 2 \
         bytes."
    );
    assert_eq!(
        run(262_145, 2),
        "States.DataLimitExceeded: Variable size limit exceeded. Variable 'x' in state 'S' was assigned 262145 bytes."
    );
}

#[test]
fn a_limit_can_be_caught() {
    let states = r#""S": {task a, "Assign": {"x": {"a.$": "$", "b.$": "$"}}, "Next": "T",
        "Catch": [{"ErrorEquals": ["States.DataLimitExceeded"], "Assign": {"x.$": "$.Error"}, "ResultPath": null, "Next": "T"}]},
        "T": {"Type": "Pass", "InputPath": "$x", "End": true}"#;
    let answer = format!("ok 0 {}", string(131_072));
    assert_eq!(outcome("caught", states, "{}", &["take a", &answer]), r#""States.DataLimitExceeded""#);
}

/// Forty variables of a quarter of a mebibyte are all that an execution may have.
#[test]
fn the_limit_of_an_execution() {
    let machine = |last: &str| {
        let mut states = String::new();
        for number in 0..40 {
            let (name, next) = (if number == 0 { "S" } else { &format!("A{number}") }, number + 1);
            let next = if next == 40 { "Last".to_owned() } else { format!("A{next}") };
            _ = write!(
                states,
                r#""{name}": {{"Type": "Pass", "Assign": {{"v{number}.$": "$"}}, "Next": "{next}"}},"#
            );
        }
        states + last
    };
    let input = string(262_144);
    let run = |last: &str| outcome("total", &machine(last), &input, &[]);
    // One is replaced, and what is gone with a block does not count.
    let replaced = r#""Last": {"Type": "Pass", "Assign": {"v3": 1}, "Next": "P"},
        "P": {"Type": "Parallel", "Next": "Q", "Branches": [{"StartAt": "B", "States": {
            "B": {"Type": "Pass", "Result": 1, "Assign": {"b.$": "$v3"}, "End": true}}}]},
        "Q": {"Type": "Pass", "Result": 7, "Assign": {"v3.$": "$v5"}, "End": true}"#;
    assert_eq!(run(replaced), "7");
    assert_eq!(
        run(r#""Last": {"Type": "Pass", "Assign": {"x": "12"}, "End": true}"#),
        "States.DataLimitExceeded: Execution total variable size limit exceeded. State 'Last' assigned variables \
         that exceed the total execution limit by 4 bytes."
    );
    assert_eq!(
        run(r#""Last": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "B", "States": {
                "B": {"Type": "Pass", "Assign": {"b": 1}, "End": true}}}]}"#),
        "States.DataLimitExceeded: Execution total variable size limit exceeded. State 'B' assigned variables \
         that exceed the total execution limit by 1 bytes."
    );
}

/// What iterations read is shared, not copied.
#[test]
fn iterations_share_what_they_read() {
    let states = r#""S": {"Type": "Pass", "Assign": {"big.$": "$.big"}, "Next": "M"},
        "M": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": null, "Next": "Z", "ItemProcessor": {"StartAt": "I", "States": {
            "I": {"Type": "Pass", "OutputPath": "$big", "End": true}}}},
        "Z": {"Type": "Succeed"}"#;
    let items = vec!["1"; 100].join(",");
    let run = Run::start(compile(states), &format!(r#"{{"big": [1, 2, 3], "items": [{items}]}}"#));
    let facts = || run.history.iter().map(|(_, entry)| &entry.fact);
    let set = facts().find_map(|fact| match fact {
        Fact::StateExitedAssigned { variables, .. } => Some(&variables[0].1),
        _ => None,
    });
    let set = set.expect("the variable");
    let read = facts().filter(|fact| matches!(fact, Fact::StateExited { output, .. } if output.ptr_eq(set)));
    assert_eq!((set.text(), read.count()), ("[1,2,3]", 100));
}
