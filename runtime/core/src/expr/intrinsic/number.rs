//! Functions that give numbers or come from random ones.

use super::functions::{Outcome, Problem, Run, rounded};
use crate::expr::random::JavaRandom;
use crate::json::Value;

/// `States.MathAdd(a, b)`: both are rounded first, and are integers of 32 bits, as is the sum.
/// Source: the service, recorded for the rounding; the guide for the range.
pub(super) fn add(arguments: &[Value], _: &mut Run<'_>) -> Outcome {
    let [left, right] = arguments else { return Err(Problem::Arguments) };
    let sum = int(left)?.checked_add(int(right)?).ok_or(Problem::Arguments)?;
    Ok(Value::from(i64::from(sum)))
}

/// `States.MathRandom(start, end)` or `(start, end, seed)`: an integer from `start`, included, to `end`,
/// excluded.
///
/// One seed always gives one number: that which Java's own generator gives, for the service runs on Java.
/// Source: the guide; which numbers the service gives is not known.
pub(super) fn random(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let (start, end, seed) = match arguments {
        [start, end] => (start, end, run.scope.draw().cast_signed()),
        [start, end, seed] => (start, end, rounded(seed)?),
        _ => return Err(Problem::Arguments),
    };
    let number = JavaRandom::new(seed).between(int(start)?, int(end)?).ok_or(Problem::Arguments)?;
    Ok(Value::from(i64::from(number)))
}

/// `States.UUID()`, of version 4.
pub(super) fn uuid(_: &[Value], run: &mut Run<'_>) -> Outcome {
    Ok(Value::from(uuid_of(u128::from(run.scope.draw()) << 64 | u128::from(run.scope.draw()))))
}

/// The UUID of version 4 that these bits make.
pub(in crate::expr) fn uuid_of(drawn: u128) -> String {
    const VERSION: u128 = 0x4 << 76;
    const VARIANT: u128 = 0b10 << 62;
    const FIXED: u128 = 0xf << 76 | 0b11 << 62;
    let bits = drawn & !FIXED | VERSION | VARIANT;
    let group = |shift: u32, digits: u32| (bits >> shift) & ((1 << (4 * digits)) - 1);
    let (time_low, time_mid, time_high) = (group(96, 8), group(80, 4), group(64, 4));
    let (clock, node) = (group(48, 4), group(0, 12));
    format!("{time_low:08x}-{time_mid:04x}-{time_high:04x}-{clock:04x}-{node:012x}")
}

/// A number, rounded, as Java's `int`.
fn int(value: &Value) -> Result<i32, Problem> {
    i32::try_from(rounded(value)?).map_err(|_| Problem::Arguments)
}
