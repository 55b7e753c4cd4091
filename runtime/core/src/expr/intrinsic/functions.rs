//! The table of functions, and what they have in common: how they take arguments, and how they fail.

use std::ops::RangeInclusive;

use super::{Budget, array, number, text};
use crate::expr::path::Scope;
use crate::json::Value;

/// The most bytes of one text that a function gives: the limit of a payload.
pub(super) const MAX_TEXT_BYTES: usize = 262_144;

/// What an entry of an array takes in memory, for the budget.
pub(super) const ENTRY_BYTES: usize = 32;

const FUNCTIONS: &[Function] = &[
    function("States.Array", 0..=usize::MAX, array::of),
    function("States.ArrayContains", 2..=2, array::contains),
    function("States.ArrayGetItem", 2..=2, array::get_item),
    function("States.ArrayLength", 1..=1, array::length),
    function("States.ArrayPartition", 2..=2, array::partition),
    function("States.ArrayRange", 3..=3, array::range),
    function("States.ArrayUnique", 1..=1, array::unique),
    function("States.Base64Decode", 1..=1, text::base64_decode),
    function("States.Base64Encode", 1..=1, text::base64_encode),
    Function { takes_template: true, ..function("States.Format", 1..=usize::MAX, text::format) },
    function("States.Hash", 2..=2, text::hash),
    function("States.JsonMerge", 3..=3, text::json_merge),
    function("States.JsonToString", 1..=1, text::json_to_string),
    function("States.MathAdd", 2..=2, number::add),
    function("States.MathRandom", 2..=3, number::random),
    function("States.StringSplit", 2..=2, text::split),
    function("States.StringToJson", 1..=1, text::string_to_json),
    function("States.UUID", 0..=0, number::uuid),
];

/// An intrinsic function.
#[derive(Debug)]
pub(super) struct Function {
    /// With its `States.`.
    pub(super) name: &'static str,
    /// How many arguments it takes.
    pub(super) arity: RangeInclusive<usize>,
    /// A string that is written as its first argument comes with its escapes: they tell braces that stand
    /// for themselves from those that stand for an argument.
    pub(super) takes_template: bool,
    /// What it does.
    pub(super) evaluate: Evaluate,
}

/// Arguments in, value out. There are as many arguments as the arity says.
type Evaluate = fn(&[Value], &mut Run<'_>) -> Outcome;

/// What a function gives.
pub(super) type Outcome = Result<Value, Problem>;

/// What a function may look at besides its arguments.
pub(super) struct Run<'a> {
    /// Where random numbers come from.
    pub(super) scope: &'a Scope<'a>,
    /// What it may still build.
    pub(super) budget: &'a mut Budget,
}

/// Why a function gives no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It cannot take these arguments.
    Arguments,
    /// It would build more than it may.
    TooLarge,
}

/// The function of this name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

const fn function(name: &'static str, arity: RangeInclusive<usize>, evaluate: Evaluate) -> Function {
    Function { name, arity, takes_template: false, evaluate }
}

/// An argument that must be an array.
pub(super) fn array(value: &Value) -> Result<&[Value], Problem> {
    value.as_array().ok_or(Problem::Arguments)
}

/// An argument that must be a string.
pub(super) fn string(value: &Value) -> Result<&str, Problem> {
    value.as_str().ok_or(Problem::Arguments)
}

/// An argument that must be a number, as the nearest integer: halves go up, as in Java's `Math.round`.
/// Source: the service, recorded for MathAdd; the guide for the others.
pub(super) fn rounded(value: &Value) -> Result<i64, Problem> {
    let number = value.as_number().ok_or(Problem::Arguments)?;
    if let Some(integer) = number.as_i64() {
        return Ok(integer);
    }
    let below = number.as_f64().floor();
    // Exact: a double with a fraction is small. Adding a half first would round 0.49999999999999994 up.
    let nearest = if number.as_f64() - below >= 0.5 { below + 1.0 } else { below };
    // A number that is still no integer of 64 bits is none that any function takes.
    Value::from(nearest).as_i64().ok_or(Problem::Arguments)
}
