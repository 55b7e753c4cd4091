//! Choice states: rules, the tests in them, and the comparison operators.

use std::sync::Arc;

use super::fields::{Fields, Table, each, expected};
use super::jsonata::Given;
use super::location::Location;
use super::state::{exit, next};
use super::{Block, Language, Parser, Read, Refused, jsonata, paths, suspects};
use crate::asl::definition::{
    Choice, Condition, Exit, Glob, Kind, Operand, Operator, Relation, Rule, Test, TypeTest,
};
use crate::asl::diagnostic::Code;
use crate::expr::path::Path;
use crate::expr::query::Place;
use crate::json::Value;

/// How deep `And`, `Or` and `Not` may stand in each other. Reading and evaluating a test recurses
/// as deep as this; the service's own limit is not known, and nobody writes such a rule by hand.
const MAX_TEST_DEPTH: usize = 100;

/// The forms of a rule.
const FORMS: &[&str] = &["And", "Or", "Not", "Variable", "Condition"];

/// The comparison operators.
pub(super) const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringEqualsPath",
    "StringLessThan",
    "StringLessThanPath",
    "StringGreaterThan",
    "StringGreaterThanPath",
    "StringLessThanEquals",
    "StringLessThanEqualsPath",
    "StringGreaterThanEquals",
    "StringGreaterThanEqualsPath",
    "StringMatches",
    "NumericEquals",
    "NumericEqualsPath",
    "NumericLessThan",
    "NumericLessThanPath",
    "NumericGreaterThan",
    "NumericGreaterThanPath",
    "NumericLessThanEquals",
    "NumericLessThanEqualsPath",
    "NumericGreaterThanEquals",
    "NumericGreaterThanEqualsPath",
    "BooleanEquals",
    "BooleanEqualsPath",
    "TimestampEquals",
    "TimestampEqualsPath",
    "TimestampLessThan",
    "TimestampLessThanPath",
    "TimestampGreaterThan",
    "TimestampGreaterThanPath",
    "TimestampLessThanEquals",
    "TimestampLessThanEqualsPath",
    "TimestampGreaterThanEquals",
    "TimestampGreaterThanEqualsPath",
    "IsNull",
    "IsPresent",
    "IsNumeric",
    "IsString",
    "IsBoolean",
    "IsTimestamp",
];

/// Reads the fields of a Choice.
///
/// `exit` is what the state leaves with where no rule holds, if that could be read.
pub(super) fn choice(
    parser: &mut Parser,
    block: &mut Block<'_>,
    fields: &mut Fields<'_>,
    exit: Option<&Exit>,
) -> Read<Kind> {
    let required = fields.require(parser, &["Choices"]);
    let rules = rules(parser, block, fields, exit);
    let default = next(parser, block, fields, "Default");
    required?;
    Ok(Kind::Choice(Choice { rules: rules?, default: default? }))
}

fn rules(
    parser: &mut Parser,
    block: &mut Block<'_>,
    fields: &mut Fields<'_>,
    exit: Option<&Exit>,
) -> Read<Vec<Rule>> {
    let Ok(Some(entries)) = fields.filled_array(parser, "Choices") else {
        block.incomplete = true;
        return Err(Refused);
    };
    let place = fields.at("Choices");
    each(entries.iter().enumerate().map(|(index, entry)| rule(parser, block, entry, place.item(index), exit)))
}

/// A rule on the top level: a test, and where to go when it holds.
fn rule(
    parser: &mut Parser,
    block: &mut Block<'_>,
    entry: &Value,
    location: Location<'_>,
    of_state: Option<&Exit>,
) -> Read<Rule> {
    const TABLE: Table = &[FORMS, &["Comment", "Next", "Assign", "Output"], OPERATORS];
    let opened = Fields::open(parser, entry, location, TABLE);
    block.incomplete |= opened.is_err();
    let mut fields = opened?;
    fields.refuse_other_language(parser);
    let required = fields.require(parser, &["Next"]);
    block.incomplete |= required.is_err();
    let next = next(parser, block, &mut fields, "Next");
    let condition = condition(parser, &mut fields);
    let exit = exit(parser, &mut fields, Place::State);
    fields.close(parser)?;
    required?;
    let mut exit = exit?;
    if let (Exit::JsonPath { output_path, .. }, Some(Exit::JsonPath { output_path: of_state, .. })) =
        (&mut exit, of_state)
    {
        output_path.clone_from(of_state);
    }
    Ok(Rule { condition: condition?, exit, next: next?.ok_or(Refused)? })
}

/// What must hold: a test, or a JSONata `Condition`.
fn condition(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Condition> {
    if parser.language != Some(Language::Jsonata) {
        return test(parser, fields, 1).map(Condition::Test);
    }
    let comment = fields.string(parser, "Comment");
    let form = form(parser, fields);
    refuse_operators(parser, fields);
    let condition = jsonata::boolean(parser, fields, "Condition");
    form?;
    comment?;
    Ok(match condition?.ok_or(Refused)? {
        Given::Fixed(holds) => Condition::Literal(holds),
        Given::Query(query) => Condition::Query(query),
    })
}

/// A rule inside another.
fn nested(parser: &mut Parser, entry: &Value, location: Location<'_>, depth: usize) -> Read<Test> {
    const TABLE: Table = &[FORMS, &["Comment"], OPERATORS];
    if depth > MAX_TEST_DEPTH {
        let message = format!("Rules can be nested {MAX_TEST_DEPTH} deep at most");
        return Err(parser.refuse_as(Code::TooDeeplyNested, &location, message));
    }
    let mut fields = Fields::open(parser, entry, location, TABLE)?;
    fields.refuse_other_language(parser);
    let test = test(parser, &mut fields, depth);
    fields.close(parser)?;
    test
}

/// What a rule tests, `depth` rules deep.
fn test(parser: &mut Parser, fields: &mut Fields<'_>, depth: usize) -> Read<Test> {
    let comment = fields.string(parser, "Comment");
    let form = form(parser, fields);
    if form != Ok("Variable") {
        refuse_operators(parser, fields);
    }
    let test = match form? {
        "And" => Test::And(all(parser, fields, "And", depth)?),
        "Or" => Test::Or(all(parser, fields, "Or", depth)?),
        "Not" => Test::Not(Box::new(one(parser, fields, depth)?)),
        "Variable" => compare(parser, fields)?,
        // A Condition is of the other language, which is reported.
        _ => return Err(Refused),
    };
    comment?;
    Ok(test)
}

/// Which form a rule has: exactly one.
fn form(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<&'static str> {
    let given: Vec<&str> = FORMS.iter().copied().filter(|name| fields.get(name).is_some()).collect();
    match given.as_slice() {
        [form] => Ok(form),
        _ => {
            let forms = FORMS.join(", ");
            let message = format!("The object must have only one of the following fields, [{forms}]");
            Err(parser.refuse(fields.here(), message))
        }
    }
}

/// Reports operators that have no `Variable` to work on.
fn refuse_operators(parser: &mut Parser, fields: &mut Fields<'_>) {
    for name in OPERATORS.iter().copied() {
        if fields.get(name).is_some() {
            parser.refuse_member(fields.here(), name, format!("Field '{name}' is not supported"));
        }
    }
}

fn all(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str, depth: usize) -> Read<Vec<Test>> {
    let entries = fields.filled_array(parser, name)?.unwrap_or_default();
    let place = fields.at(name);
    each(entries.iter().enumerate().map(|(index, entry)| nested(parser, entry, place.item(index), depth + 1)))
}

fn one(parser: &mut Parser, fields: &mut Fields<'_>, depth: usize) -> Read<Test> {
    let entry = fields.get("Not").ok_or(Refused)?;
    nested(parser, entry, fields.at("Not"), depth + 1)
}

/// `Variable` with its operator.
fn compare(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Test> {
    let variable = rule_path(parser, fields, "Variable");
    let operator = match fields.exactly_one(parser, OPERATORS) {
        Ok(name) => operator(parser, fields, name),
        Err(refused) => Err(refused),
    };
    Ok(Test::Compare { variable: variable?, operator: operator? })
}

fn operator(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<Operator> {
    let (stem, by_path) = match name.strip_suffix("Path") {
        Some(stem) => (stem, true),
        None => (name, false),
    };
    let typed = |test| Some(Form::Is(test));
    let form = match stem {
        "IsPresent" => Some(Form::Present),
        "IsNull" => typed(TypeTest::Null),
        "IsString" => typed(TypeTest::String),
        "IsNumeric" => typed(TypeTest::Numeric),
        "IsBoolean" => typed(TypeTest::Boolean),
        "IsTimestamp" => typed(TypeTest::Timestamp),
        "StringMatches" => Some(Form::Matches),
        "BooleanEquals" => Some(Form::Boolean),
        _ => None
            .or_else(|| relation(stem.strip_prefix("String")?).map(Form::String))
            .or_else(|| relation(stem.strip_prefix("Numeric")?).map(Form::Numeric))
            .or_else(|| relation(stem.strip_prefix("Timestamp")?).map(Form::Timestamp)),
    };
    let path = if by_path { Some(rule_path(parser, fields, name)?) } else { None };
    Ok(match form.ok_or(Refused)? {
        Form::Present => Operator::IsPresent(boolean(parser, fields, name)?),
        Form::Is(test) => Operator::IsType(test, boolean(parser, fields, name)?),
        Form::Matches => Operator::StringMatches(pattern(parser, fields, name)?),
        Form::Boolean => Operator::BooleanEquals(operand(path, || boolean(parser, fields, name))?),
        Form::String(relation) => {
            Operator::String(relation, operand(path, || operand_text(parser, fields, name))?)
        }
        Form::Numeric(relation) => {
            Operator::Numeric(relation, operand(path, || number(parser, fields, name))?)
        }
        Form::Timestamp(relation) => {
            Operator::Timestamp(relation, operand(path, || timestamp(parser, fields, name))?)
        }
    })
}

/// What an operator compares.
enum Form {
    Present,
    Is(TypeTest),
    Matches,
    Boolean,
    String(Relation),
    Numeric(Relation),
    Timestamp(Relation),
}

fn relation(name: &str) -> Option<Relation> {
    Some(match name {
        "Equals" => Relation::Equals,
        "LessThan" => Relation::LessThan,
        "GreaterThan" => Relation::GreaterThan,
        "LessThanEquals" => Relation::LessThanEquals,
        "GreaterThanEquals" => Relation::GreaterThanEquals,
        _ => return None,
    })
}

fn operand<T>(path: Option<Path>, literal: impl FnOnce() -> Read<T>) -> Read<Operand<T>> {
    path.map_or_else(|| literal().map(Operand::Literal), |path| Ok(Operand::Path(path)))
}

fn rule_path(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<Path> {
    let text = fields.string(parser, name)?.ok_or(Refused)?;
    paths::rule_path(parser, &fields.at(name), text)
}

fn boolean(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<bool> {
    fields.boolean(parser, name)?.ok_or(Refused)
}

fn string(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<Arc<str>> {
    fields.string(parser, name)?.cloned().ok_or(Refused)
}

/// The text that a string is compared with.
fn operand_text(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<Arc<str>> {
    let text = string(parser, fields, name)?;
    suspects::in_field(parser, &fields.at(name), name, &text);
    Ok(text)
}

fn number(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<Value> {
    match fields.get(name) {
        Some(number @ Value::Number(_)) => Ok(number.clone()),
        _ => Err(parser.refuse(&fields.at(name), expected("[NUMBER]"))),
    }
}

fn timestamp(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<Arc<str>> {
    let text = string(parser, fields, name)?;
    paths::timestamp(parser, &fields.at(name), &text)?;
    Ok(text)
}

/// The pattern of `StringMatches`.
fn pattern(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<Vec<Glob>> {
    let text = string(parser, fields, name)?;
    // The service's words for this are not known.
    let message = "Value has an open backslash: only '\\*' and '\\\\' are escapes";
    glob(&text).ok_or_else(|| parser.refuse(&fields.at(name), message))
}

/// Compiles a pattern: `*` is any run of characters, `\*` a star, `\\` a backslash. `None` for any
/// other use of the backslash. Source: States Language, "Choice State".
fn glob(pattern: &str) -> Option<Vec<Glob>> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '*' => {
                close_literal(&mut pieces, &mut literal);
                // Two stars say no more than one.
                if pieces.last() != Some(&Glob::Any) {
                    pieces.push(Glob::Any);
                }
            }
            '\\' => literal.push(rest.next().filter(|escaped| matches!(escaped, '*' | '\\'))?),
            _ => literal.push(character),
        }
    }
    close_literal(&mut pieces, &mut literal);
    Some(pieces)
}

fn close_literal(pieces: &mut Vec<Glob>, literal: &mut String) {
    if !literal.is_empty() {
        pieces.push(Glob::Literal(literal.as_str().into()));
        literal.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let literal = |text: &str| Glob::Literal(text.into());
        let cases = [
            ("", Some(vec![])),
            ("abc", Some(vec![literal("abc")])),
            ("*", Some(vec![Glob::Any])),
            ("***", Some(vec![Glob::Any])),
            ("a*b", Some(vec![literal("a"), Glob::Any, literal("b")])),
            (r"a\*b*", Some(vec![literal("a*b"), Glob::Any])),
            (r"\\*\\", Some(vec![literal("\\"), Glob::Any, literal("\\")])),
            (r"é*\\\*", Some(vec![literal("é"), Glob::Any, literal("\\*")])),
            ("a\\", None),
            (r"a\b", None),
            (r"\\\", None),
        ];
        for (pattern, expected) in cases {
            assert_eq!(glob(pattern), expected, "{pattern}");
        }
    }
}
