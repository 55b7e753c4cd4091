//! What all states share, the table of fields, and the kinds that are short: Pass, Wait, Succeed, Fail.

use std::sync::Arc;

use super::fields::{Fields, MAX_NUMBER, Table, expected};
use super::location::Location;
use super::{
    Block, Language, Parser, Read, Refused, choice, distributed, jsonata, nested, paths, query_language,
    refuse_jsonata, suspects, task, variables,
};
use crate::asl::definition::{Fail, Kind, Pass, State, StateId, Transition, Until, Wait, Words};
use crate::asl::diagnostic::Code;
use crate::expr::intrinsic::is_call;
use crate::json::{Payload, Value};

/// A kind of state, by the value of its `Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Task,
    Wait,
    Pass,
    Succeed,
    Fail,
    Choice,
    Parallel,
    Map,
}

/// The kinds of state in the order of the service's message, with the fields that each may have.
/// Source: the service, measured 2026-09 (8 types, 50 fields).
const TYPES: &[(Type, &str, Table)] = &[
    (
        Type::Task,
        "Task",
        &[
            COMMON,
            PATHS,
            TRANSITION,
            ERRORS,
            &[
                "Parameters",
                "ResultSelector",
                "ResultPath",
                "Arguments",
                "Output",
                "Assign",
                "Resource",
                "Credentials",
            ],
            &["TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath"],
        ],
    ),
    (
        Type::Wait,
        "Wait",
        &[
            COMMON,
            PATHS,
            TRANSITION,
            &["Output", "Assign", "Seconds", "Timestamp", "SecondsPath", "TimestampPath"],
        ],
    ),
    (
        Type::Pass,
        "Pass",
        &[COMMON, PATHS, TRANSITION, &["Parameters", "Result", "ResultPath", "Output", "Assign"]],
    ),
    (Type::Succeed, "Succeed", &[COMMON, PATHS, &["Output"]]),
    (Type::Fail, "Fail", &[COMMON, &["Error", "Cause", "ErrorPath", "CausePath"]]),
    (Type::Choice, "Choice", &[COMMON, PATHS, &["Output", "Assign", "Choices", "Default"]]),
    (
        Type::Parallel,
        "Parallel",
        &[
            COMMON,
            PATHS,
            TRANSITION,
            ERRORS,
            &["Parameters", "ResultSelector", "ResultPath", "Arguments", "Output", "Assign", "Branches"],
        ],
    ),
    (
        Type::Map,
        "Map",
        &[
            COMMON,
            PATHS,
            TRANSITION,
            ERRORS,
            &["Parameters", "ResultSelector", "ResultPath", "Output", "Assign", "ItemProcessor", "Iterator"],
            &["ItemsPath", "Items", "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter", "Label"],
            &[
                "MaxConcurrency",
                "MaxConcurrencyPath",
                "ToleratedFailurePercentage",
                "ToleratedFailurePercentagePath",
            ],
            &["ToleratedFailureCount", "ToleratedFailureCountPath"],
        ],
    ),
];

const COMMON: &[&str] = &["Type", "Comment", "QueryLanguage"];
const PATHS: &[&str] = &["InputPath", "OutputPath"];
const TRANSITION: &[&str] = &["Next", "End"];
const ERRORS: &[&str] = &["Retry", "Catch"];

/// Every field that a state can have, after the `Type` that can have it.
pub fn state_fields() -> impl Iterator<Item = (&'static str, &'static str)> {
    TYPES
        .iter()
        .flat_map(|(_, kind, table)| table.iter().copied().flatten().map(move |field| (*kind, *field)))
}

/// The most UTF-16 units in the name of a state.
const MAX_NAME_UNITS: usize = 80;

/// Reads a state of any kind.
pub(super) fn state(
    parser: &mut Parser,
    block: &mut Block<'_>,
    name: &Arc<str>,
    value: &Value,
    location: Location<'_>,
) -> Read<State> {
    let opened = check_name(parser, &location, name).and_then(|()| open(parser, value, location));
    let Ok((kind, mut fields)) = opened else {
        block.incomplete = true;
        return Err(Refused);
    };
    parser.variables_read.clear();
    let comment = fields.string(parser, "Comment");
    let assign = variables::assign(parser, &mut fields);
    if kind == Type::Map {
        distributed::check(parser, &fields);
    }
    if parser.language != Some(Language::JsonPath) {
        return Err(outline(parser, block, &mut fields, kind));
    }
    let input_path = fields.data_path(parser, "InputPath");
    let output_path = fields.data_path(parser, "OutputPath");
    let read = match kind {
        Type::Pass => pass(parser, block, &mut fields),
        Type::Task => task::task(parser, block, &mut fields),
        Type::Choice => choice::choice(parser, block, &mut fields),
        Type::Wait => wait(parser, block, &mut fields),
        Type::Succeed => Ok(succeed(block)),
        Type::Fail => fail(parser, block, &mut fields),
        Type::Parallel => nested::parallel(parser, block, &mut fields),
        Type::Map => nested::map(parser, block, &mut fields),
    };
    fields.close(parser)?;
    comment?;
    Ok(State {
        name: Arc::clone(name),
        input_path: input_path?,
        output_path: output_path?,
        assign: assign?,
        variables_read: std::mem::take(&mut parser.variables_read).into_iter().collect(),
        kind: read?,
    })
}

/// Reads what says which fields are right: the kind and the language.
fn open<'a>(parser: &mut Parser, value: &'a Value, location: Location<'a>) -> Read<(Type, Fields<'a>)> {
    let Some(object) = value.as_object() else {
        return Err(parser.refuse(&location, expected("[OBJECT]")));
    };
    let word = match object.get("Type") {
        Some(Value::String(word)) => word,
        Some(_) => return Err(parser.refuse(&location.field("Type"), expected("[STRING]"))),
        None => return Err(parser.refuse(&location, "These fields are required: [Type]")),
    };
    let Some((kind, _, table)) = TYPES.iter().find(|(_, name, _)| **name == **word) else {
        let names: Vec<&str> = TYPES.iter().map(|(_, name, _)| *name).collect();
        let message = format!("The field 'Type' should have one of these values: [{}]", names.join(", "));
        return Err(parser.refuse(&location.field("Type"), message));
    };
    let mut fields = Fields::open(parser, value, location, table)?;
    let _ = fields.get("Type");
    parser.language = language(parser, &mut fields);
    fields.refuse_other_language(parser);
    Ok((*kind, fields))
}

/// The language of a state; `None` where its fields are not to be held to one.
fn language(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Language> {
    match (parser.machine_language, query_language(parser, fields)) {
        (Language::Jsonata, Some(Language::JsonPath)) => {
            let message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
            parser.refuse(fields.here(), message);
            None
        }
        (machine, own) => Some(own.unwrap_or(machine)),
    }
}

fn check_name(parser: &mut Parser, location: &Location<'_>, name: &Arc<str>) -> Read<()> {
    let units = name.encode_utf16().count();
    if units > MAX_NAME_UNITS {
        // Nothing inside is looked at: each place there would be spelled with this name.
        let message = format!(
            "State name '{name}' exceeds the {MAX_NAME_UNITS}-character limit allowed by the service"
        );
        return Err(parser.refuse_as(Code::InvalidStateName, location, message));
    }
    if units == 0 {
        return Err(parser.refuse_as(Code::InvalidStateName, location, "State name cannot be empty"));
    }
    if !parser.names.insert(Arc::clone(name)) {
        parser.refuse_as(Code::DuplicateStateName, location, format!("Duplicate State name: {name}"));
    }
    Ok(())
}

/// Reads of a state that gradus does not run what the block needs: where it leads.
fn outline(parser: &mut Parser, block: &mut Block<'_>, fields: &mut Fields<'_>, kind: Type) -> Refused {
    refuse_jsonata(parser, fields);
    if parser.language == Some(Language::Jsonata) {
        jsonata::check_state(parser, fields);
    }
    match kind {
        Type::Parallel => drop(nested::branches(parser, fields)),
        Type::Map => drop(nested::processor(parser, fields)),
        Type::Task | Type::Wait | Type::Pass | Type::Succeed | Type::Fail | Type::Choice => {}
    }
    match kind {
        Type::Succeed | Type::Fail => block.end(),
        Type::Choice => drop(choice::choice(parser, block, fields)),
        Type::Task | Type::Wait | Type::Pass | Type::Parallel | Type::Map => {
            let _ = task::retriers(parser, fields);
            let _ = task::catchers(parser, block, fields);
            let _ = transition(parser, block, fields);
        }
    }
    Refused
}

fn pass(parser: &mut Parser, block: &mut Block<'_>, fields: &mut Fields<'_>) -> Read<Kind> {
    let parameters = fields.template(parser, "Parameters");
    let result = fields.get("Result").filter(|value| !value.is_null());
    if let Some(result) = result {
        suspects::in_result(parser, &fields.at("Result"), result);
    }
    let result_path = fields.result_path(parser);
    let transition = transition(parser, block, fields);
    Ok(Kind::Pass(Pass {
        parameters: parameters?,
        result: result.map(|value| Payload::from_value(value.clone())),
        result_path: result_path?,
        transition: transition?,
    }))
}

fn wait(parser: &mut Parser, block: &mut Block<'_>, fields: &mut Fields<'_>) -> Read<Kind> {
    let given = fields.exactly_one(parser, &["SecondsPath", "Seconds", "TimestampPath", "Timestamp"]);
    let seconds = fields.integer(parser, "Seconds", 0..=MAX_NUMBER);
    let seconds_path = fields.value_path(parser, "SecondsPath");
    let timestamp = match fields.string(parser, "Timestamp") {
        Ok(Some(text)) => paths::timestamp(parser, &fields.at("Timestamp"), text).map(Some),
        Ok(None) => Ok(None),
        Err(refused) => Err(refused),
    };
    let timestamp_path = fields.value_path(parser, "TimestampPath");
    let transition = transition(parser, block, fields);
    given?;
    let until = match (seconds?, seconds_path?, timestamp?, timestamp_path?) {
        (Some(seconds), ..) => Until::Seconds(seconds),
        (_, Some(path), ..) => Until::SecondsPath(path),
        (_, _, Some(timestamp), _) => Until::Timestamp(timestamp.as_millis()),
        (.., Some(path)) => Until::TimestampPath(path),
        (None, None, None, None) => return Err(Refused),
    };
    Ok(Kind::Wait(Wait { until, transition: transition? }))
}

fn succeed(block: &mut Block<'_>) -> Kind {
    block.end();
    Kind::Succeed
}

fn fail(parser: &mut Parser, block: &mut Block<'_>, fields: &mut Fields<'_>) -> Read<Kind> {
    block.end();
    let error = words(parser, fields, "Error", "ErrorPath");
    let cause = words(parser, fields, "Cause", "CausePath");
    Ok(Kind::Fail(Fail { error: error?, cause: cause? }))
}

/// A text that is given, or found by a path or an intrinsic function.
fn words(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    fixed: &'static str,
    found: &'static str,
) -> Read<Option<Words>> {
    let alone = fields.at_most_one(parser, &[fixed, found]);
    let text = fields.string(parser, fixed);
    if let Ok(Some(text)) = text {
        suspects::in_field(parser, &fields.at(fixed), fixed, text);
    }
    let expression = match fields.string(parser, found) {
        Ok(Some(text)) if is_call(text) => {
            paths::call(parser, &fields.at(found), found, text).map(|call| Some(Words::Call(call)))
        }
        Ok(Some(text)) => paths::path(parser, &fields.at(found), text).map(|path| Some(Words::Path(path))),
        Ok(None) => Ok(None),
        Err(refused) => Err(refused),
    };
    alone?;
    let fixed = text?.map(|text| Words::Fixed(Arc::clone(text)));
    Ok(expression?.or(fixed))
}

/// `Next` or `End`.
pub(super) fn transition(
    parser: &mut Parser,
    block: &mut Block<'_>,
    fields: &mut Fields<'_>,
) -> Read<Transition> {
    const CHOICES: &[&str] = &["Next", "End"];
    let given = fields.exactly_one(parser, CHOICES);
    let next = next(parser, block, fields, "Next");
    let end = fields.boolean(parser, "End");
    block.incomplete |= given.is_err() || end.is_err();
    given?;
    match (next?, end?) {
        (Some(next), _) => Ok(Transition::Next(next)),
        (None, Some(true)) => {
            block.end();
            Ok(Transition::End)
        }
        // `"End": false` says where the state does not go, and nothing says where it does.
        (None, _) => {
            block.incomplete = true;
            let message =
                format!("This object should have only one of the following fields: [{}]", CHOICES.join(", "));
            Err(parser.refuse(fields.here(), message))
        }
    }
}

/// A field that names another state of the block.
pub(super) fn next(
    parser: &mut Parser,
    block: &mut Block<'_>,
    fields: &mut Fields<'_>,
    name: &'static str,
) -> Read<Option<StateId>> {
    match fields.string(parser, name) {
        Ok(Some(target)) => block.next(parser, &fields.at(name), target).map(Some),
        Ok(None) => Ok(None),
        Err(refused) => {
            block.incomplete = true;
            Err(refused)
        }
    }
}
