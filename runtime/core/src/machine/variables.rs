//! The values that an `Assign` gives, and how large they may be.
//!
//! What counts is the compact text of each value, in bytes of UTF-8; names do not count. Source of limits,
//! counting and texts: the service, recorded 2026-09. This module must not know where variables are kept.

use std::sync::Arc;

use super::retry::{DATA_LIMIT_EXCEEDED, Failure};
use crate::json::{Object, Payload, Value};

/// Variables that are set together, in the order of the template's result.
pub type Variables = Vec<(Arc<str>, Payload)>;

/// The most bytes in one variable, and in those that one `Assign` sets.
pub const MAX_ASSIGN_BYTES: usize = 262_144;

/// The most bytes in all variables that an execution has at one time.
pub const MAX_VARIABLES_BYTES: usize = 10_485_760;

/// The values of an `Assign` as variables.
pub(super) fn of(state: &str, values: &Object) -> Result<Variables, Failure> {
    let mut variables = Variables::with_capacity(values.len());
    let mut sum = 0;
    for (name, value) in values {
        let payload = within_limit(state, name, value)?;
        let bytes = payload.len();
        sum += bytes;
        if sum > MAX_ASSIGN_BYTES {
            let over = sum - MAX_ASSIGN_BYTES;
            return Err(too_large(format!(
                "State total variable size limit exceeded. Variable '{name}' in state '{state}' was assigned {bytes} \
                 bytes, which caused the size of variables assigned in the state to exceed its limit by {over} bytes."
            )));
        }
        variables.push((name.clone(), payload));
    }
    Ok(variables)
}

/// Checks how many bytes the variables of an execution have once a state has assigned its own.
pub(super) fn check_total(state: &str, bytes: usize) -> Result<(), Failure> {
    let Some(over @ 1..) = bytes.checked_sub(MAX_VARIABLES_BYTES) else { return Ok(()) };
    Err(too_large(format!(
        "Execution total variable size limit exceeded. State '{state}' assigned variables that exceed the total \
         execution limit by {over} bytes."
    )))
}

fn within_limit(state: &str, name: &str, value: &Value) -> Result<Payload, Failure> {
    Payload::from_value_within(value.clone(), MAX_ASSIGN_BYTES).map_err(|_| {
        let bytes = value.text_len();
        too_large(format!(
            "Variable size limit exceeded. Variable '{name}' in state '{state}' was assigned {bytes} bytes."
        ))
    })
}

fn too_large(cause: String) -> Failure {
    Failure::new(DATA_LIMIT_EXCEEDED, cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A string whose text has so many bytes.
    fn string(bytes: usize) -> Value {
        Value::String("x".repeat(bytes - 2).into())
    }

    fn check(values: &[(&str, Value)], expected: Result<(), &str>) {
        let object: Object = values.iter().map(|(name, value)| (Arc::from(*name), value.clone())).collect();
        match (of("S", &object), expected) {
            (Ok(variables), Ok(())) => {
                let texts = variables.iter().map(|(name, value)| (&**name, value.text().to_owned()));
                let given = values.iter().map(|(name, value)| (*name, value.to_string()));
                assert!(texts.eq(given));
            }
            (Err(failure), Err(cause)) => {
                assert_eq!(failure, Failure::new("States.DataLimitExceeded", cause))
            }
            (given, expected) => {
                panic!("{:?} instead of {expected:?}", given.map(|variables| variables.len()))
            }
        }
    }

    #[test]
    fn limits_of_one_assign() {
        check(&[], Ok(()));
        check(&[("x", string(262_144))], Ok(()));
        check(&[("x", string(131_072)), ("y", string(131_072))], Ok(()));
        check(
            &[("x", string(262_145))],
            Err("Variable size limit exceeded. Variable 'x' in state 'S' was assigned 262145 bytes."),
        );
        check(
            &[("x", string(131_073)), ("y", string(131_073)), ("z", Value::Null)],
            Err(
                "State total variable size limit exceeded. Variable 'y' in state 'S' was assigned 131073 bytes, \
                 which caused the size of variables assigned in the state to exceed its limit by 2 bytes.",
            ),
        );
        // Quotes, escapes and brackets count, and characters by their bytes.
        let text = Value::String("\"é".into());
        check(&[("x", text.clone()), ("y", string(262_144 - 6))], Ok(()));
        check(
            &[("x", Value::from(vec![text])), ("y", string(262_144 - 6))],
            Err(
                "State total variable size limit exceeded. Variable 'y' in state 'S' was assigned 262138 bytes, \
                 which caused the size of variables assigned in the state to exceed its limit by 2 bytes.",
            ),
        );
    }

    #[test]
    fn a_small_template_may_give_a_huge_value() {
        let huge = (0..20).fold(string(1 << 10), |value, _| Value::from(vec![value.clone(), value]));
        let bytes = ((1u64 << 10) + 3) * (1 << 20) - 3;
        let cause =
            format!("Variable size limit exceeded. Variable 'x' in state 'S' was assigned {bytes} bytes.");
        check(&[("x", huge)], Err(&cause));
    }

    #[test]
    fn limit_of_an_execution() {
        assert_eq!(check_total("S", 0), Ok(()));
        assert_eq!(check_total("S", 10_485_760), Ok(()));
        let cause = "Execution total variable size limit exceeded. State 'S' assigned variables that exceed the total \
                     execution limit by 14324 bytes.";
        assert_eq!(
            check_total("S", 10_485_760 + 14_324),
            Err(Failure::new("States.DataLimitExceeded", cause))
        );
    }
}
