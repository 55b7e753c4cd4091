//! Functions that read and write by a picture: numbers, integers, points in time.

use crate::json::Value;

use super::{
    super::{
        error::{Fault, Result},
        eval::Evaluator,
        picture,
        value::Val,
    },
    Arguments,
};

pub(super) fn millis<'e>(evaluator: &mut Evaluator<'e>, _: Arguments<'e>) -> Result<Val<'e>> {
    Ok(Val::number(evaluator.options.now_millis))
}

pub(super) fn now<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let now = evaluator.options.now_millis;
    date(evaluator, now, &arguments, 0)
}

pub(super) fn from_millis<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    match arguments.number(0) {
        Some(millis) => date(evaluator, millis, &arguments, 1),
        None => Ok(Val::Undefined),
    }
}

/// A point in time by the picture and the time zone that stand from argument `first` on.
fn date<'e>(
    evaluator: &mut Evaluator<'e>,
    millis: f64,
    arguments: &Arguments<'e>,
    first: usize,
) -> Result<Val<'e>> {
    let (picture, zone) = (arguments.text(first), arguments.text(first + 1));
    charge(evaluator, picture.as_deref())?;
    let text = picture::from_millis(millis, picture.as_deref(), zone.as_deref()).map_err(fault)?;
    evaluator.text(text)
}

pub(super) fn to_millis<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    let picture = arguments.text(1);
    charge(evaluator, Some(&text))?;
    charge(evaluator, picture.as_deref())?;
    let millis =
        picture::to_millis(&text, picture.as_deref(), evaluator.options.now_millis).map_err(fault)?;
    Ok(millis.map(Val::number).unwrap_or_default())
}

pub(super) fn format_number<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(value) = arguments.number(0) else { return Ok(Val::Undefined) };
    let Some(picture) = arguments.text(1) else { return Err(no_picture()) };
    charge(evaluator, Some(&picture))?;
    let options = options(arguments.get(2));
    let text = picture::format_number(value, &picture, &options).map_err(fault)?;
    evaluator.text(text)
}

/// How numbers are written, where the caller says so.
fn options(given: &Val<'_>) -> picture::Options {
    let mut options = picture::Options::default();
    for (name, value) in given.members().unwrap_or_default() {
        let Some(text) = value.as_str() else { continue };
        let character = text.chars().next();
        let set = |place: &mut char| *place = character.unwrap_or(*place);
        match &*name {
            "decimal-separator" => set(&mut options.decimal_separator),
            "grouping-separator" => set(&mut options.grouping_separator),
            "exponent-separator" => set(&mut options.exponent_separator),
            "zero-digit" => set(&mut options.zero_digit),
            "digit" => set(&mut options.digit),
            "pattern-separator" => set(&mut options.pattern_separator),
            "infinity" => options.infinity = text.to_string(),
            "minus-sign" => options.minus_sign = text.to_string(),
            "NaN" => options.not_a_number = text.to_string(),
            "percent" => options.percent = text.to_string(),
            "per-mille" => options.per_mille = text.to_string(),
            _ => {}
        }
    }
    options
}

pub(super) fn format_integer<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(value) = arguments.number(0) else { return Ok(Val::Undefined) };
    let Some(picture) = arguments.text(1) else { return Err(no_picture()) };
    charge(evaluator, Some(&picture))?;
    let text = picture::format_integer(value, &picture).map_err(fault)?;
    evaluator.text(text)
}

pub(super) fn parse_integer<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    let Some(picture) = arguments.text(1) else { return Err(no_picture()) };
    charge(evaluator, Some(&text))?;
    charge(evaluator, Some(&picture))?;
    picture::parse_integer(&text, &picture).map(Val::number).map_err(fault)
}

/// Charges the work of reading a text, and checks that there is room for what a picture is made into.
fn charge(evaluator: &mut Evaluator<'_>, text: Option<&str>) -> Result<()> {
    let length = text.map_or(0, str::len);
    evaluator.room(length.saturating_mul(4))?;
    evaluator.steps_of(length)
}

/// The picture is an expression that gave nothing; the reference then falls over.
fn no_picture() -> Box<Fault> {
    Fault::new("T0410").index(2)
}

fn fault(error: picture::Error) -> Box<Fault> {
    let value = error.value.map(|value| match value {
        picture::Value::Text(text) => Value::from(text),
        picture::Value::Number(number) => super::super::value::number(number),
    });
    Fault::value(error.code, value).text(error.message)
}
