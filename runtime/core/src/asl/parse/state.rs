//! What all states share, the table of fields, and the kinds that are short: Pass, Wait, Succeed, Fail.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::fields::{Fields, MAX_NUMBER, Table, expected};
use super::jsonata::Given;
use super::location::Location;
use super::{
    Block, Language, Parser, Read, Refused, choice, distributed, jsonata, nested, paths, query_language,
    suspects, task, variables,
};
use crate::asl::definition::{Entry, Exit, Fail, Kind, Pass, State, StateId, Transition, Until, Wait, Words};
use crate::asl::diagnostic::Code;
use crate::expr::intrinsic::is_call;
use crate::expr::query::Place;
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
    let distributed = if kind == Type::Map {
        distributed::check(parser, &fields)
    } else {
        Ok(distributed::Found::default())
    };
    let Some(language) = parser.language else {
        return Err(outline(parser, block, &mut fields, kind));
    };
    let entry = entry(parser, &mut fields, kind, language);
    let exit = exit(parser, &mut fields, kind.leaves_from());
    let read = match kind {
        Type::Pass => pass(parser, block, &mut fields),
        Type::Task => task::task(parser, block, &mut fields),
        Type::Choice => choice::choice(parser, block, &mut fields, exit.as_ref().ok()),
        Type::Wait => wait(parser, block, &mut fields),
        Type::Succeed => Ok(succeed(block)),
        Type::Fail => fail(parser, block, &mut fields),
        Type::Parallel => nested::parallel(parser, block, &mut fields),
        Type::Map => nested::map(parser, block, &mut fields, distributed),
    };
    fields.close(parser)?;
    comment?;
    Ok(State {
        name: Arc::clone(name),
        entry: entry?,
        exit: exit?,
        variables_read: std::mem::take(&mut parser.variables_read).into_iter().collect(),
        kind: read?,
    })
}

impl Type {
    /// What a state of this kind leaves from: the result of its work, or its input.
    fn leaves_from(self) -> Place {
        match self {
            Type::Task | Type::Parallel | Type::Map => Place::Result,
            Type::Pass | Type::Wait | Type::Succeed | Type::Fail | Type::Choice => Place::State,
        }
    }
}

/// What the state works on.
fn entry(parser: &mut Parser, fields: &mut Fields<'_>, kind: Type, language: Language) -> Read<Entry> {
    if language == Language::Jsonata {
        let arguments = jsonata::template(parser, fields, "Arguments", Place::State)?;
        return Ok(Entry::Jsonata { arguments });
    }
    let input_path = fields.data_path(parser, "InputPath");
    // Those of a Map are an older name of its ItemSelector.
    let parameters = if kind == Type::Map { Ok(None) } else { fields.template(parser, "Parameters") };
    Ok(Entry::JsonPath { input_path: input_path?, parameters: parameters? })
}

/// What a state, a rule or a catcher leaves with. A field that the object cannot have counts as absent.
pub(super) fn exit(parser: &mut Parser, fields: &mut Fields<'_>, place: Place) -> Read<Exit> {
    let (assign, names) = variables::assign(parser, fields);
    if parser.language == Some(Language::Jsonata) {
        let template = |value| jsonata::template_at(parser, &fields.at(variables::ASSIGN), value, place);
        let assign = assign.map(template).transpose();
        let output = jsonata::template(parser, fields, "Output", place);
        names?;
        return Ok(Exit::Jsonata { assign: assign?, output: output? });
    }
    let template = |value| paths::template(parser, &fields.at(variables::ASSIGN), value);
    let assign = assign.map(template).transpose();
    let result_selector = fields.template(parser, "ResultSelector");
    let result_path = fields.result_path(parser);
    let output_path = fields.data_path(parser, "OutputPath");
    names?;
    Ok(Exit::JsonPath {
        result_selector: result_selector?,
        assign: assign?,
        result_path: result_path?,
        output_path: output_path?,
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
    parser.state_path = fields.here().path().len() + 1;
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

/// Reads of a state whose language is refused what the block needs: where it leads.
fn outline(parser: &mut Parser, block: &mut Block<'_>, fields: &mut Fields<'_>, kind: Type) -> Refused {
    match kind {
        Type::Parallel => drop(nested::branches(parser, fields)),
        Type::Map => drop(nested::processor(parser, fields)),
        Type::Task | Type::Wait | Type::Pass | Type::Succeed | Type::Fail | Type::Choice => {}
    }
    match kind {
        Type::Succeed | Type::Fail => block.end(),
        Type::Choice => drop(choice::choice(parser, block, fields, None)),
        Type::Task | Type::Wait | Type::Pass | Type::Parallel | Type::Map => {
            let _ = task::retriers(parser, fields);
            let _ = task::catchers(parser, block, fields);
            let _ = transition(parser, block, fields);
        }
    }
    Refused
}

fn pass(parser: &mut Parser, block: &mut Block<'_>, fields: &mut Fields<'_>) -> Read<Kind> {
    let result = fields.get("Result").filter(|value| !value.is_null());
    if let Some(result) = result {
        suspects::in_result(parser, &fields.at("Result"), result);
    }
    let transition = transition(parser, block, fields);
    Ok(Kind::Pass(Pass {
        result: result.map(|value| Payload::from_value(value.clone())),
        transition: transition?,
    }))
}

fn wait(parser: &mut Parser, block: &mut Block<'_>, fields: &mut Fields<'_>) -> Read<Kind> {
    let given = fields.exactly_one(parser, &["SecondsPath", "Seconds", "TimestampPath", "Timestamp"]);
    let until = until(parser, fields);
    let transition = transition(parser, block, fields);
    given?;
    Ok(Kind::Wait(Wait { until: until?, transition: transition? }))
}

/// The one of the four fields that is there.
fn until(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Until> {
    let seconds = number(parser, fields, "Seconds", 0..=MAX_NUMBER);
    let seconds_path = fields.value_path(parser, "SecondsPath");
    let timestamp = words_or_query(parser, fields, "Timestamp").and_then(|given| match given {
        Some(Given::Fixed(text)) => {
            let timestamp = paths::timestamp(parser, &fields.at("Timestamp"), text)?;
            Ok(Some(Until::Timestamp(timestamp.as_millis())))
        }
        Some(Given::Query(query)) => Ok(Some(Until::TimestampQuery(query))),
        None => Ok(None),
    });
    let timestamp_path = fields.value_path(parser, "TimestampPath");
    let seconds = seconds?.map(|given| match given {
        Given::Fixed(seconds) => Until::Seconds(seconds),
        Given::Query(query) => Until::SecondsQuery(query),
    });
    let (seconds_path, timestamp_path) = (seconds_path?, timestamp_path?);
    let found = seconds.or(seconds_path.map(Until::SecondsPath)).or(timestamp?);
    found.or(timestamp_path.map(Until::TimestampPath)).ok_or(Refused)
}

/// An integer, or where JSONata is spoken a query.
pub(super) fn number(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    name: &'static str,
    range: RangeInclusive<u64>,
) -> Read<Option<Given<u64>>> {
    if parser.language == Some(Language::Jsonata) {
        return jsonata::integer(parser, fields, name, range);
    }
    Ok(fields.integer(parser, name, range)?.map(Given::Fixed))
}

/// A text, or where JSONata is spoken a query.
fn words_or_query<'a>(
    parser: &mut Parser,
    fields: &mut Fields<'a>,
    name: &'static str,
) -> Read<Option<Given<&'a str>>> {
    if parser.language == Some(Language::Jsonata) {
        return jsonata::text(parser, fields, name);
    }
    Ok(fields.string(parser, name)?.map(|text| Given::Fixed(&**text)))
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
    let text = words_or_query(parser, fields, fixed);
    if let Ok(Some(Given::Fixed(text))) = text
        && parser.language != Some(Language::Jsonata)
    {
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
    let fixed = text?.map(|given| match given {
        Given::Fixed(text) => Words::Fixed(text.into()),
        Given::Query(query) => Words::Query(query),
    });
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
