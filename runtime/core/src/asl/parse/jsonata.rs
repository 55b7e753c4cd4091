//! Fields of a JSONata state, as far as they can be checked without its expressions: which there
//! must be, plain values, and the brackets around an expression.

use std::ops::RangeInclusive;

use super::fields::{Fields, MAX_NUMBER, expected};
use super::location::{Location, Step};
use super::{Parser, Read, Refused, paths, task};
use crate::json::Value;

const OPEN: &str = "{%";
const CLOSE: &str = "%}";

/// What a field takes besides an expression.
enum Form {
    /// An integer of at least this, and of at most [`MAX_NUMBER`].
    Integer(u64),
    /// A number from 0 to 100.
    Percentage,
    /// A timestamp.
    Timestamp,
    /// A text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// An array, or an object.
    Items,
    /// Any value, with expressions wherever a string can stand.
    Template,
}

/// The fields that take an expression, wherever they stand; `Assign` is read by `variables.rs`.
const FIELDS: &[(&str, Form)] = &[
    ("Seconds", Form::Integer(0)),
    ("Timestamp", Form::Timestamp),
    ("TimeoutSeconds", Form::Integer(1)),
    ("HeartbeatSeconds", Form::Integer(1)),
    ("MaxConcurrency", Form::Integer(0)),
    ("ToleratedFailureCount", Form::Integer(0)),
    ("ToleratedFailurePercentage", Form::Percentage),
    ("Error", Form::Text),
    ("Cause", Form::Text),
    ("Condition", Form::Boolean),
    ("Items", Form::Items),
    ("ItemSelector", Form::Template),
    ("Arguments", Form::Template),
    ("Output", Form::Template),
];

/// Checks a state.
pub(super) fn check_state(parser: &mut Parser, fields: &mut Fields<'_>) {
    match fields.peek("Type").and_then(Value::as_str) {
        Some("Task") => {
            let _ = fields.require(parser, &["Resource"]);
            if fields.has("Resource") {
                let _ = task::resource(parser, fields);
            }
        }
        Some("Wait") => {
            let _ = fields.exactly_one(parser, &["SecondsPath", "Seconds", "TimestampPath", "Timestamp"]);
        }
        _ => {}
    }
    check(parser, fields);
}

/// Checks every field that takes an expression, of a state, a rule or a catcher.
pub(super) fn check(parser: &mut Parser, fields: &mut Fields<'_>) {
    for (name, form) in FIELDS {
        if fields.peek(name).is_some() {
            let _ = check_field(parser, fields, name, form);
        }
    }
}

fn check_field(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str, form: &Form) -> Read<()> {
    let value = fields.get(name).ok_or(Refused)?;
    let text = value.as_str();
    match (form, text) {
        (Form::Template, _) => {
            check_strings(parser, &fields.at(name), value);
            Ok(())
        }
        (Form::Text, Some(_)) => expression(parser, &fields.at(name), value),
        (Form::Timestamp, Some(text)) if !text.starts_with(OPEN) => {
            paths::timestamp(parser, &fields.at(name), text).map(drop)
        }
        (_, Some(_)) => bracketed(parser, &fields.at(name), value),
        (Form::Integer(least), None) => fields.integer(parser, name, *least..=MAX_NUMBER).map(drop),
        (Form::Percentage, None) => percentage(parser, fields, name),
        (Form::Timestamp | Form::Text, None) => fields.string(parser, name).map(drop),
        (Form::Boolean, None) => fields.boolean(parser, name).map(drop),
        (Form::Items, None) => match value {
            Value::Array(_) | Value::Object(_) => {
                check_strings(parser, &fields.at(name), value);
                Ok(())
            }
            _ => Err(parser.refuse(&fields.at(name), expected("[ARRAY]"))),
        },
    }
}

/// A number from 0 to 100.
fn percentage(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<()> {
    match fields.number(parser, name, 0)? {
        Some(number) if number > 100.0 => Err(parser.refuse(&fields.at(name), "Maximum value is 100")),
        _ => Ok(()),
    }
}

/// An integer in a range, or in JSONata an expression.
pub(super) fn integer(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    name: &'static str,
    range: RangeInclusive<u64>,
) -> Read<()> {
    let is_jsonata = parser.language == Some(super::Language::Jsonata);
    match fields.get(name) {
        Some(value @ Value::String(_)) if is_jsonata => bracketed(parser, &fields.at(name), value),
        _ => fields.integer(parser, name, range).map(drop),
    }
}

/// Reports every string in a value that begins as an expression and does not end as one.
pub(super) fn check_strings(parser: &mut Parser, location: &Location<'_>, value: &Value) {
    // A stack of its own, since a value may be deep.
    let mut open: Vec<Box<dyn Iterator<Item = (Step<'_>, &Value)>>> = Vec::new();
    let mut way: Vec<Step<'_>> = Vec::new();
    let mut next = Some(value);
    loop {
        if let Some(value) = next.take() {
            match value {
                Value::Array(items) => {
                    open.push(Box::new(items.iter().enumerate().map(|(at, item)| (Step::Item(at), item))));
                    way.push(Step::Document);
                }
                Value::Object(members) => {
                    open.push(Box::new(members.iter().map(|(key, member)| (Step::Field(key), member))));
                    way.push(Step::Document);
                }
                scalar => drop(expression(parser, &location.inside(&way), scalar)),
            }
        }
        let Some(entries) = open.last_mut() else {
            return;
        };
        match (entries.next(), way.last_mut()) {
            (Some((step, value)), Some(last)) => {
                *last = step;
                next = Some(value);
            }
            _ => {
                open.pop();
                way.pop();
            }
        }
    }
}

/// A text that may be an expression, and anything else.
fn expression(parser: &mut Parser, location: &Location<'_>, value: &Value) -> Read<()> {
    match value.as_str() {
        Some(text) if text.starts_with(OPEN) => bracketed(parser, location, value),
        _ => Ok(()),
    }
}

/// A text that must be an expression.
fn bracketed(parser: &mut Parser, location: &Location<'_>, value: &Value) -> Read<()> {
    let inner = value.as_str().and_then(|text| text.strip_prefix(OPEN)?.strip_suffix(CLOSE));
    let message = "JSONata string must start with {% and end with %}";
    inner.map(drop).ok_or_else(|| parser.refuse(location, message))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_faults, single};

    const TASK: &str = "arn:aws:states:us-east-1:123456789012:activity:a";

    /// Checks a JSONata state `S` with these fields.
    fn check(fields: &str, expected: &[&str]) {
        let end =
            if fields.contains("\"Choice\"") || fields.contains("\"Fail\"") { "" } else { r#""End": true,"# };
        check_faults(&single(&format!(r#"{{"QueryLanguage": "JSONata", {end} {fields}}}"#)), expected);
    }

    #[test]
    fn brackets() {
        const MESSAGE: &str = "JSONata string must start with {% and end with %}";
        // The value of `Output`, and where the fault is, if there is one.
        let cases = [
            (r#""{% 1 %}""#, None),
            (r#""{%%}""#, None),
            (r#"" {% 1 ""#, None),
            (r#""text %}""#, None),
            (r#"{"a": ["{% 1 %}", {"b.$": "$"}], "c": null}"#, None),
            (r#""{% 1""#, Some("")),
            (r#""{% 1 %} ""#, Some("")),
            (r#""{%}""#, Some("")),
            (r#"{"v": "{% 1"}"#, Some("/v")),
            (r#"{"a": [1, {"b/c": "{%"}]}"#, Some("/a[1]/b/c")),
        ];
        for (output, place) in cases {
            let expected = place.map(|place| format!("{MESSAGE} at /States/S/Output{place}"));
            let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
            check(&format!(r#""Type": "Pass", "Output": {output}"#), &expected);
        }
        let deep = format!("{}{}{}", "[".repeat(900), "\"{%\"", "]".repeat(900));
        let place = format!("{MESSAGE} at /States/S/Output{}", "[0]".repeat(900));
        check(&format!(r#""Type": "Pass", "Output": {deep}"#), &[&place]);
        check(
            r#""Type": "Pass", "Assign": {"a": {"b": "{%"}, "c.$": 1}"#,
            &[
                "INVALID_VARIABLE_NAME: Invalid variable name 'c.$': the variable name contains invalid characters. \
                 at /States/S/Assign/c.$",
                "JSONata string must start with {% and end with %} at /States/S/Assign/a/b",
            ],
        );
    }

    #[test]
    fn fields() {
        let brackets = "JSONata string must start with {% and end with %} at /States/S/";
        let cases: &[(&str, &[&str])] = &[
            (r#""Type": "Wait", "Seconds": "{% 1 %}""#, &[]),
            (r#""Type": "Wait", "Seconds": 0"#, &[]),
            (r#""Type": "Wait", "Seconds": -1"#, &["Minimum value is 0 at /States/S/Seconds"]),
            (r#""Type": "Wait", "Seconds": 100000000"#, &["Maximum value is 99999999 at /States/S/Seconds"]),
            (r#""Type": "Wait", "Seconds": true"#, &["Expected value of type Integer at /States/S/Seconds"]),
            (r#""Type": "Wait", "Seconds": "1""#, &[&[brackets, "Seconds"].concat()]),
            (r#""Type": "Wait", "Timestamp": "{% $x %}""#, &[]),
            (r#""Type": "Wait", "Timestamp": "2016-03-14T01:59:00Z""#, &[]),
            (
                r#""Type": "Wait", "Timestamp": "2016-13-14T01:59:00Z""#,
                &["String does not match RFC3339 timestamp at /States/S/Timestamp"],
            ),
            (
                r#""Type": "Wait", "Timestamp": 1"#,
                &["Expected value of type [STRING] at /States/S/Timestamp"],
            ),
            (
                r#""Type": "Wait""#,
                &["This object should have only one of the following fields: \
                     [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/S"],
            ),
            (r#""Type": "Fail", "Error": "E", "Cause": "{% 1 %}""#, &[]),
            (
                r#""Type": "Fail", "Error": "{% 1", "Cause": 1"#,
                &[&[brackets, "Error"].concat(), "Expected value of type [STRING] at /States/S/Cause"],
            ),
            (r#""Type": "Task""#, &["These fields are required: [Resource] at /States/S"]),
            (
                r#""Type": "Task", "Resource": "x""#,
                &["Value is not a valid resource ARN at /States/S/Resource"],
            ),
            (
                &format!(
                    r#""Type": "Task", "Resource": "{TASK}", "TimeoutSeconds": 0, "HeartbeatSeconds": "x""#
                ),
                &["Minimum value is 1 at /States/S/TimeoutSeconds", &[brackets, "HeartbeatSeconds"].concat()],
            ),
            (
                &format!(r#""Type": "Task", "Resource": "{TASK}", "Arguments": {{"a": "{{% 1"}}"#),
                &[&[brackets, "Arguments/a"].concat()],
            ),
            (
                r#""Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Credentials": {"InvalidField": "x"}"#,
                &["The field 'RoleArn' is required but was missing at /States/S/Credentials"],
            ),
            (
                r#""Type": "Choice", "Choices": [{"Condition": true, "Next": "S"}, {"Condition": "{% 1", "Next": "S"},
                    {"Condition": "x", "Next": "S", "Output": "{%"}, {"Condition": 1, "Next": "S"}]"#,
                &[
                    &[brackets, "Choices[1]/Condition"].concat(),
                    &[brackets, "Choices[2]/Condition"].concat(),
                    &[brackets, "Choices[2]/Output"].concat(),
                    "Expected value of type [BOOLEAN] at /States/S/Choices[3]/Condition",
                ],
            ),
        ];
        for (fields, expected) in cases {
            let ends = ["MISSING_END_STATE: Workflow has no terminal state at null"];
            let expected: Vec<&str> = match fields.contains("\"Choice\"") {
                true => expected.iter().copied().chain(ends).collect(),
                false => expected.to_vec(),
            };
            check(fields, &expected);
        }
    }

    #[test]
    fn map_fields() {
        let brackets = "JSONata string must start with {% and end with %} at /States/S/";
        let cases: &[(&str, &[&str])] = &[
            (r#""Items": [1, "{% $x %}"], "MaxConcurrency": "{% 1 %}", "ItemSelector": {}"#, &[]),
            (r#""Items": "{% $x %}", "MaxConcurrency": 0"#, &[]),
            (r#""Items": {"a": 1}"#, &[]),
            (r#""Items": "x""#, &[&[brackets, "Items"].concat()]),
            (r#""Items": ["{%"]"#, &[&[brackets, "Items[0]"].concat()]),
            (r#""Items": 1"#, &["Expected value of type [ARRAY] at /States/S/Items"]),
            (r#""MaxConcurrency": -1"#, &["Minimum value is 0 at /States/S/MaxConcurrency"]),
            (r#""MaxConcurrency": "1""#, &[&[brackets, "MaxConcurrency"].concat()]),
            (
                r#""ToleratedFailurePercentage": 100.5"#,
                &["Maximum value is 100 at /States/S/ToleratedFailurePercentage"],
            ),
            (r#""ItemSelector": {"a": "{%"}"#, &[&[brackets, "ItemSelector/a"].concat()]),
            (
                r#""ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Arguments": {"Key": "{%"},
                "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% 1 %}"}}"#,
                &[&[brackets, "ItemReader/Arguments/Key"].concat()],
            ),
            (
                r#""ItemBatcher": {"MaxItemsPerBatch": "1", "BatchInput": ["{%"]}"#,
                &[
                    &[brackets, "ItemBatcher/MaxItemsPerBatch"].concat(),
                    &[brackets, "ItemBatcher/BatchInput[0]"].concat(),
                ],
            ),
            (
                r#""ItemBatcher": {"MaxItemsPerBatchPath": "$.a"}"#,
                &[
                    "The QueryLanguage is set to 'JSONata', but field 'MaxItemsPerBatchPath' is only supported for the \
                     'JSONPath' QueryLanguage at /States/S/ItemBatcher",
                ],
            ),
        ];
        for (fields, expected) in cases {
            check(
                &format!(
                    r#""Type": "Map", "ItemProcessor": {{"StartAt": "I", "States": {{"I": {{"Type": "Succeed"}}}}}}, {fields}"#
                ),
                expected,
            );
        }
    }
}
