//! Fields that take a JSONata expression, or in which expressions stand at any depth.

use std::ops::RangeInclusive;

use super::fields::{Fields, expected};
use super::location::{Location, Step};
use super::{Parser, Read, Refused, variables};
use crate::asl::diagnostic::Code;
use crate::expr::query::{self, Place, Problem, Query, Template};
use crate::json::Value;

/// What a field says: a value as written, or a query that gives it.
#[derive(Debug)]
pub(super) enum Given<T> {
    Fixed(T),
    Query(Box<Query>),
}

/// An integer in a range, or a query.
pub(super) fn integer(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    name: &'static str,
    range: RangeInclusive<u64>,
) -> Read<Option<Given<u64>>> {
    match query_of(parser, fields, name)? {
        Some(query) => Ok(Some(Given::Query(query))),
        None => Ok(fields.integer(parser, name, range)?.map(Given::Fixed)),
    }
}

/// A number from 0 to 100, or a query.
pub(super) fn percentage(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    name: &'static str,
) -> Read<Option<Given<f64>>> {
    match query_of(parser, fields, name)? {
        Some(query) => Ok(Some(Given::Query(query))),
        None => Ok(fields.percentage(parser, name)?.map(Given::Fixed)),
    }
}

/// `true`, `false`, or a query.
pub(super) fn boolean(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    name: &'static str,
) -> Read<Option<Given<bool>>> {
    match query_of(parser, fields, name)? {
        Some(query) => Ok(Some(Given::Query(query))),
        None => Ok(fields.boolean(parser, name)?.map(Given::Fixed)),
    }
}

/// A text, which is a query if it begins as one.
pub(super) fn text<'a>(
    parser: &mut Parser,
    fields: &mut Fields<'a>,
    name: &'static str,
) -> Read<Option<Given<&'a str>>> {
    let Some(text) = fields.string(parser, name)? else { return Ok(None) };
    let query = string(parser, &fields.at(name), text, Place::State)?;
    Ok(Some(query.map_or(Given::Fixed(&**text), Given::Query)))
}

/// A template.
pub(super) fn template(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    name: &'static str,
    place: Place,
) -> Read<Option<Template>> {
    match fields.get(name) {
        Some(value) => template_at(parser, &fields.at(name), value, place).map(Some),
        None => Ok(None),
    }
}

/// A template that stands at `location`. Reports every fault of every expression in it.
pub(super) fn template_at(
    parser: &mut Parser,
    location: &Location<'_>,
    value: &Value,
    place: Place,
) -> Read<Template> {
    let within = within_state(parser, location);
    Template::compile(value, within, |way, text| {
        if !query::begins(text) {
            return Ok(None);
        }
        let way: Vec<Step<'_>> = way.iter().map(|step| Step::from(*step)).collect();
        string(parser, &location.inside(&way), text, place)
    })
}

/// `Items`: an array with expressions in it, or an expression. Nothing where there is none.
pub(super) fn items(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Option<Template>> {
    const NAME: &str = "Items";
    match fields.get(NAME) {
        None => Ok(None),
        Some(Value::String(text)) if !query::begins(text) => Err(unbracketed(parser, &fields.at(NAME))),
        // The guide of later years takes an object too; what an iteration gets then is not known.
        Some(value @ (Value::String(_) | Value::Array(_))) => {
            template_at(parser, &fields.at(NAME), value, Place::State).map(Some)
        }
        Some(_) => Err(parser.refuse(&fields.at(NAME), expected("[ARRAY]"))),
    }
}

/// The query of a field that takes no other string.
fn query_of(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<Option<Box<Query>>> {
    match fields.get(name) {
        Some(Value::String(text)) => {
            let query = string(parser, &fields.at(name), text, Place::State)?;
            query.map(Some).ok_or_else(|| unbracketed(parser, &fields.at(name)))
        }
        _ => Ok(None),
    }
}

/// A string that may be an expression: its query, or nothing.
fn string(
    parser: &mut Parser,
    location: &Location<'_>,
    text: &str,
    place: Place,
) -> Read<Option<Box<Query>>> {
    if !query::begins(text) {
        return Ok(None);
    }
    let expression = query::expression(text).ok_or_else(|| unbracketed(parser, location))?;
    match Query::compile(expression, within_state(parser, location), place) {
        Ok(query) => {
            note_variables(parser, location, &query);
            Ok(Some(Box::new(query)))
        }
        Err(problems) => {
            for problem in problems {
                let (code, message) = match problem {
                    Problem::Invalid(message) => (Code::InvalidJsonataExpression, message),
                    Problem::Unsupported(message) => (Code::UnsupportedJsonataExpression, message),
                };
                parser.refuse_as(code, location, message);
            }
            Err(Refused)
        }
    }
}

/// A name that a function has is a variable only if the machine assigns it.
fn note_variables(parser: &mut Parser, location: &Location<'_>, query: &Query) {
    for name in query.variables() {
        if !query::is_function(name) || parser.scopes.defines(name) {
            variables::note(parser, location, name);
        }
    }
}

/// A place as the service names it in a failure: from the state on.
fn within_state(parser: &Parser, location: &Location<'_>) -> String {
    location.path().get(parser.state_path..).unwrap_or_default().to_owned()
}

fn unbracketed(parser: &mut Parser, location: &Location<'_>) -> Refused {
    parser.refuse(location, "JSONata string must start with {% and end with %}")
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
        check(
            r#""Type": "Pass", "Output": {"a": "{%%}", "b": ["{% [1,2 %}"], "c": "{% phone & $$ & $states.result %}"}"#,
            &[
                "INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/S/Output/a",
                "INVALID_JSONATA_EXPRESSION: Expected \"]\" before end of expression at /States/S/Output/b[0]",
                "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. \
                 at /States/S/Output/c",
                "UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported. at /States/S/Output/c",
                "UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/S/Output/c",
            ],
        );
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
            (r#""Type": "Wait", "Timestamp": "{% $states.input %}""#, &[]),
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
            (r#""Items": [1, "{% $states.input %}"], "MaxConcurrency": "{% 1 %}", "ItemSelector": {}"#, &[]),
            (r#""Items": "{% $states.input %}", "MaxConcurrency": 0"#, &[]),
            (r#""Items": {"a": 1}"#, &["Expected value of type [ARRAY] at /States/S/Items"]),
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
