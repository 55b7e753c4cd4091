//! Functions that read and write by a picture: numbers, integers, points in time.

use super::{
    super::{
        error::{Fault, Result},
        eval::Evaluator,
        value::Val,
    },
    Arguments,
};

pub(super) fn millis(evaluator: &mut Evaluator<'_>, _: Arguments) -> Result<Val> {
    Ok(Val::number(evaluator.options.now_millis))
}

pub(super) fn now(evaluator: &mut Evaluator<'_>, _: Arguments) -> Result<Val> {
    Err(Fault::internal(format!("no time at {}", evaluator.options.now_millis)))
}

pub(super) fn from_millis(_: &mut Evaluator<'_>, _: Arguments) -> Result<Val> {
    Err(Fault::internal("pictures"))
}

pub(super) fn to_millis(_: &mut Evaluator<'_>, _: Arguments) -> Result<Val> {
    Err(Fault::internal("pictures"))
}

pub(super) fn format_number(_: &mut Evaluator<'_>, _: Arguments) -> Result<Val> {
    Err(Fault::internal("pictures"))
}

pub(super) fn format_integer(_: &mut Evaluator<'_>, _: Arguments) -> Result<Val> {
    Err(Fault::internal("pictures"))
}

pub(super) fn parse_integer(_: &mut Evaluator<'_>, _: Arguments) -> Result<Val> {
    Err(Fault::internal("pictures"))
}
