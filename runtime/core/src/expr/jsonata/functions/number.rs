//! Functions of numbers.

use std::sync::Arc;

use crate::json::Value;

use super::{
    super::{
        error::{Fault, Result},
        eval::Evaluator,
        text::number_text,
        value::Val,
    },
    Arguments,
};

pub(super) fn sum<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    fold(evaluator, &arguments, Some(0.0), |sum, value| sum + value)
}

pub(super) fn max<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    fold(evaluator, &arguments, None, |most, value| either_nan(most, value).unwrap_or(most.max(value)))
}

pub(super) fn min<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    fold(evaluator, &arguments, None, |least, value| either_nan(least, value).unwrap_or(least.min(value)))
}

/// What is not a number makes the greatest and the least none.
fn either_nan(left: f64, right: f64) -> Option<f64> {
    (left.is_nan() || right.is_nan()).then_some(f64::NAN)
}

pub(super) fn average<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let count = arguments.items(0).len();
    if count == 0 {
        return Ok(Val::Undefined);
    }
    let sum = fold(evaluator, &arguments, Some(0.0), |sum, value| sum + value)?;
    Ok(sum.as_f64().map(|sum| Val::number(sum / count as f64)).unwrap_or_default())
}

fn fold<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: &Arguments<'e>,
    start: Option<f64>,
    join: fn(f64, f64) -> f64,
) -> Result<Val<'e>> {
    if arguments.is_undefined(0) {
        return Ok(Val::Undefined);
    }
    let items = arguments.items(0);
    evaluator.steps_of(items.len() / 4)?;
    let mut result = start;
    for item in items.iter() {
        let value = item.as_f64().unwrap_or(f64::NAN);
        result = Some(result.map_or(value, |result| join(result, value)));
    }
    Ok(result.map(Val::number).unwrap_or_default())
}

pub(super) fn number<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let argument = arguments.get(0);
    evaluator.steps_of(argument.as_str().map_or(0, |text| text.len()) / 16)?;
    let value = match argument.json() {
        None => return Ok(Val::Undefined),
        Some(Value::Number(_)) => return Ok(argument.clone()),
        Some(Value::Bool(value)) => Some(f64::from(u8::from(*value))),
        _ => argument.as_str().and_then(|text| parse_number(text)),
    };
    match value {
        Some(value) => Ok(Val::number(value)),
        None => Err(Fault::value("D3030", arguments.get(0).to_shown()).index(1)),
    }
}

/// A JSON number, with leading zeros if need be, or digits after `0x`, `0o`, `0b`.
fn parse_number(text: &str) -> Option<f64> {
    let radix = match text.get(..2) {
        Some("0x" | "0X") => Some(16),
        Some("0o" | "0O") => Some(8),
        Some("0b" | "0B") => Some(2),
        _ => None,
    };
    if let Some(radix) = radix {
        let digits = text.get(2..).filter(|digits| !digits.is_empty())?;
        return digits.chars().try_fold(0.0, |value, digit| {
            digit.to_digit(radix).map(|digit| value * f64::from(radix) + f64::from(digit))
        });
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let well_formed = mantissa
        .split_once('.')
        .map_or_else(|| all_digits(mantissa), |(whole, fraction)| all_digits(whole) && all_digits(fraction))
        && exponent.is_none_or(|exponent| all_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    let value = text.parse::<f64>().ok().filter(|_| well_formed)?;
    value.is_finite().then_some(value)
}

fn unary<'e>(arguments: &Arguments<'e>, change: impl FnOnce(f64) -> f64) -> Val<'e> {
    arguments.number(0).map(|value| Val::number(change(value))).unwrap_or_default()
}

pub(super) fn floor<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    Ok(unary(&arguments, f64::floor))
}

pub(super) fn ceil<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    Ok(unary(&arguments, f64::ceil))
}

pub(super) fn abs<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    Ok(unary(&arguments, f64::abs))
}

pub(super) fn round<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let precision = arguments.number(1).filter(|precision| !precision.is_nan()).unwrap_or(0.0);
    Ok(unary(&arguments, |value| round_half_even(value, precision)))
}

/// Rounds to `precision` decimals, ties to even. The point moves in the decimal text, as in the reference: to
/// multiply would add errors.
fn round_half_even(value: f64, precision: f64) -> f64 {
    let shifted = if precision == 0.0 { value } else { shift(value, precision) };
    // JavaScript rounds ties up.
    let mut result = (shifted + 0.5).floor();
    if (result - shifted) > 0.5 || shifted.fract() == 0.0 {
        result = shifted.round();
    }
    if (result - shifted).abs() == 0.5 && (result % 2.0).abs() == 1.0 {
        result -= 1.0;
    }
    let result = if precision == 0.0 { result } else { shift(result, -precision) };
    result + 0.0
}

fn shift(value: f64, places: f64) -> f64 {
    let text = number_text(value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent = exponent.parse::<f64>().unwrap_or(0.0) + places;
    // It is written into the text, where an exponent may be neither a fraction nor have one itself.
    if exponent.fract() != 0.0 || exponent.abs() >= 1e21 {
        return f64::NAN;
    }
    format!("{mantissa}e{exponent:.0}").parse().unwrap_or(f64::NAN)
}

pub(super) fn sqrt<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    match arguments.number(0) {
        Some(value) if value < 0.0 => Err(Fault::value("D3060", arguments.get(0).to_shown()).index(1)),
        _ => Ok(unary(&arguments, f64::sqrt)),
    }
}

pub(super) fn power<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(base) = arguments.number(0) else { return Ok(Val::Undefined) };
    let exponent = arguments.number(1).unwrap_or(f64::NAN);
    // JavaScript's power of one differs from the C library's where the exponent is no number.
    let result = if exponent.is_nan() || (base.abs() == 1.0 && exponent.is_infinite()) {
        f64::NAN
    } else if exponent == 2.0 {
        // Rounded once, which a power need not be.
        base * base
    } else {
        base.powf(exponent)
    };
    if result.is_finite() {
        return Ok(Val::number(result));
    }
    let fault = Fault::value("D3061", arguments.get(0).to_shown()).index(1);
    // Printed as JSON, which has no word for what is not finite.
    Err(fault.text(match arguments.number(1) {
        None => "undefined".into(),
        Some(exponent) if exponent.is_finite() => number_text(exponent),
        Some(_) => "null".into(),
    }))
}

pub(super) fn random<'e>(evaluator: &mut Evaluator<'e>, _: Arguments<'e>) -> Result<Val<'e>> {
    Ok(Val::number(next_random(evaluator)))
}

/// The next number from the seed, from 0 to below 1.
pub(super) fn next_random(evaluator: &mut Evaluator<'_>) -> f64 {
    (next_bits(&mut evaluator.random) >> 11) as f64 / (1_u64 << 53) as f64
}

/// The next bits of a generator, which is splitmix64.
pub(in super::super) fn next_bits(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

pub(super) fn format_base<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(value) = arguments.number(0) else { return Ok(Val::Undefined) };
    let value = round_half_even(value, 0.0);
    let radix = arguments.number(1).map_or(10.0, |radix| round_half_even(radix, 0.0));
    if !(2.0..=36.0).contains(&radix) {
        return Err(Fault::value("D3100", Some(super::super::value::number(radix))));
    }
    evaluator.text(digits(value, radix as u32))
}

/// A whole number in some radix.
fn digits(value: f64, radix: u32) -> Arc<str> {
    if radix == 10 || !value.is_finite() {
        return number_text(value).into();
    }
    let mut digits = Vec::new();
    let mut rest = value.abs();
    // Digits beyond what a double can tell are zeros: so writes V8.
    while rest / f64::from(radix) >= 9_007_199_254_740_992.0 {
        digits.push('0');
        rest /= f64::from(radix);
    }
    while rest >= 1.0 {
        let digit = rest % f64::from(radix);
        digits.push(char::from_digit(digit as u32, radix).unwrap_or('0'));
        rest = (rest - digit) / f64::from(radix);
    }
    if digits.is_empty() {
        digits.push('0');
    }
    if value < 0.0 {
        digits.push('-');
    }
    digits.iter().rev().collect::<String>().into()
}
