//! Functions on arrays.

use std::collections::HashSet;
use std::fmt::Write;

use super::Budget;
use super::functions::{ENTRY_BYTES, Outcome, Problem, Run, array, rounded};
use crate::json::{Array, Number, Value};

/// The most elements that a range may have. Source: the guide.
const MAX_RANGE: i128 = 1000;

/// `States.Array(value, …)`
pub(super) fn of(values: &[Value], run: &mut Run<'_>) -> Outcome {
    run.budget.spend(values.len().saturating_mul(ENTRY_BYTES))?;
    Ok(Value::from(values.to_vec()))
}

/// `States.ArrayContains(array, value)`
pub(super) fn contains(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [values, wanted] = arguments else { return Err(Problem::Arguments) };
    let wanted = identity(wanted, run.budget)?;
    for value in array(values)? {
        if identity(value, run.budget)? == wanted {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// `States.ArrayGetItem(array, index)`, from 0. An index outside the array has no value.
pub(super) fn get_item(arguments: &[Value], _: &mut Run<'_>) -> Outcome {
    let [values, index] = arguments else { return Err(Problem::Arguments) };
    let index = index.as_i64().and_then(|index| usize::try_from(index).ok()).ok_or(Problem::Arguments)?;
    array(values)?.get(index).cloned().ok_or(Problem::Arguments)
}

/// `States.ArrayLength(array)`
pub(super) fn length(arguments: &[Value], _: &mut Run<'_>) -> Outcome {
    let [values] = arguments else { return Err(Problem::Arguments) };
    i64::try_from(array(values)?.len()).map(Value::from).map_err(|_| Problem::TooLarge)
}

/// `States.ArrayPartition(array, size)`: arrays of that size, the last one of what is left.
pub(super) fn partition(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [values, size] = arguments else { return Err(Problem::Arguments) };
    let (values, size) = (array(values)?, rounded(size)?);
    if size < 1 {
        return Err(Problem::Arguments);
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let chunks = values.len().div_ceil(size);
    run.budget.spend((values.len() + 2 * chunks).saturating_mul(ENTRY_BYTES))?;
    Ok(Value::from(values.chunks(size).map(|chunk| Value::from(chunk.to_vec())).collect::<Array>()))
}

/// `States.ArrayRange(first, last, step)`, both ends included. A step that leads away from the end gives
/// nothing, which is what a loop over the range would do.
pub(super) fn range(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [first, last, step] = arguments else { return Err(Problem::Arguments) };
    let (first, last, step) = (rounded(first)?, rounded(last)?, rounded(step)?);
    // Wide enough for the distance of any two integers.
    let distance = i128::from(last) - i128::from(first);
    let steps = distance.checked_div(i128::from(step)).ok_or(Problem::Arguments)?;
    let leads_away = distance != 0 && (distance < 0) != (step < 0);
    let count = if leads_away { 0 } else { steps + 1 };
    if count > MAX_RANGE {
        return Err(Problem::Arguments);
    }
    let numbers: Array = std::iter::successors(Some(first), |number| number.checked_add(step))
        .zip(0..count)
        .map(|(number, _)| Value::from(number))
        .collect();
    run.budget.spend(numbers.len().saturating_mul(ENTRY_BYTES))?;
    Ok(Value::from(numbers))
}

/// `States.ArrayUnique(array)`: what equals an earlier element is left out.
pub(super) fn unique(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [values] = arguments else { return Err(Problem::Arguments) };
    let mut seen = HashSet::new();
    let mut unique = Array::new();
    for value in array(values)? {
        if seen.insert(identity(value, run.budget)?) {
            unique.push(value.clone());
        }
    }
    Ok(Value::from(unique))
}

/// A text that two values share exactly when they are equal, so that a set can hold them.
///
/// Each part says how long it is or ends in a semicolon: none can be taken for another. Spends what it
/// writes; shared parts are written each time, so this is also what keeps comparing them from taking long.
fn identity(value: &Value, budget: &mut Budget) -> Result<String, Problem> {
    let mut text = String::new();
    let mut pending = vec![Part::Value(value)];
    while let Some(part) = pending.pop() {
        let start = text.len();
        // Writing to a string does not fail.
        _ = match part {
            Part::Key(key) => write!(text, "{}:{key}", key.len()),
            Part::Value(Value::Null) => write!(text, "n"),
            Part::Value(Value::Bool(value)) => write!(text, "{}", u8::from(*value)),
            Part::Value(Value::Number(number)) => write!(text, "d{};", digits(number)),
            Part::Value(Value::String(string)) => write!(text, "s{}:{string}", string.len()),
            Part::Value(Value::Array(array)) => {
                pending.extend(array.iter().rev().map(Part::Value));
                write!(text, "[{};", array.len())
            }
            Part::Value(Value::Object(object)) => {
                let mut members: Vec<_> = object.iter().collect();
                members.sort_unstable_by(|left, right| right.0.cmp(left.0));
                pending.extend(
                    members.into_iter().flat_map(|(key, value)| [Part::Value(value), Part::Key(key)]),
                );
                write!(text, "{{{};", object.len())
            }
        };
        budget.spend(text.len() - start)?;
    }
    Ok(text)
}

enum Part<'a> {
    Key(&'a str),
    Value(&'a Value),
}

/// A number's text, the same for `1`, `1.0` and `1e0`.
fn digits(number: &Number) -> String {
    match number.as_i64() {
        Some(integer) => integer.to_string(),
        None if number.is_integer() => number.to_string(),
        // Without an exponent, as integers of this size are written; Rust's digits are exact.
        None => number.as_f64().to_string(),
    }
}
