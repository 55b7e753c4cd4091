//! The functions that the service adds to JSONata. A new one is a function and a line in the table.

use std::sync::LazyLock;

use crate::expr::intrinsic;
use crate::expr::jsonata::{self, Bindings, HostArguments, HostError, HostFunction};
use crate::expr::random::{JavaRandom, splitmix64};
use crate::json::{self, Value};

/// The most numbers of a `$range`. Source: the service, recorded 2026-08.
const MAX_RANGE: u64 = 360_145;

type Outcome = Result<Option<Value>, HostError>;

/// The functions, made once. Wrong types fail in the words of a built-in function.
static FUNCTIONS: LazyLock<Vec<HostFunction>> = LazyLock::new(|| {
    vec![
        HostFunction::new("partition", 2, "<an?:a>", |arguments| partition(&arguments)),
        HostFunction::new("range", 3, "<n?n?n?:a>", |arguments| range(&arguments)).giving_a_sequence(),
        HostFunction::new("hash", 2, "<xs?:s>", |arguments| hash(&arguments)),
        HostFunction::new("random", 1, "<n?:n>", random),
        HostFunction::new("uuid", 0, "<:s>", |arguments| Ok(Some(Value::from(uuid(arguments.draw))))),
        HostFunction::new("parse", 1, "<s:x>", |arguments| parse(&arguments)),
    ]
});

/// Whether there is a function of this name, built in or added.
pub fn is_function(name: &str) -> bool {
    jsonata::is_built_in(name) || find(name).is_some()
}

/// The place of an added function.
pub(super) fn find(name: &str) -> Option<usize> {
    FUNCTIONS.iter().position(|function| function.name() == name)
}

/// Binds the function at this place.
pub(super) fn bind(place: usize, bindings: &mut Bindings) {
    if let Some(function) = FUNCTIONS.get(place) {
        bindings.bind_function(function);
    }
}

/// Binds them all, for an expression that stands alone.
pub fn bind_all(bindings: &mut Bindings) {
    for function in FUNCTIONS.iter() {
        bindings.bind_function(function);
    }
}

/// `$partition(array, size)`: pieces of that size, the last one maybe shorter. A size of less than one, or an
/// empty array, gives nothing. Source: the service, recorded 2026-08.
fn partition(arguments: &HostArguments<'_>) -> Outcome {
    let [Some(Value::Array(array)), Some(size), ..] = arguments.values else { return Ok(None) };
    // Truncates and saturates: a size of infinity is one piece.
    let size = size.as_f64().unwrap_or_default() as usize;
    if size == 0 || array.is_empty() {
        return Ok(None);
    }
    let pieces = array.chunks(size).map(|piece| Value::from(piece.to_vec()));
    Ok(Some(Value::from(pieces.collect::<Vec<_>>())))
}

/// `$range(first, last, step)`, the last included. Fractions are cut off; without a step, or with one that leads
/// away, it is nothing. Source: the service, recorded 2026-08.
fn range(arguments: &HostArguments<'_>) -> Outcome {
    let [Some(first), Some(last), Some(step), ..] = arguments.values else { return Ok(None) };
    let whole = |value: &Value| value.as_f64().unwrap_or_default() as i64;
    let (first, last, step) = (whole(first), whole(last), whole(step));
    if step == 0 || (last < first) != (step < 0) && first != last {
        return Ok(None);
    }
    let count = last.abs_diff(first) / step.unsigned_abs() + 1;
    if count > MAX_RANGE {
        return Err(HostError::Memory);
    }
    let numbers = (0..count).filter_map(|index| {
        let offset = i128::from(step) * i128::from(index);
        i64::try_from(i128::from(first) + offset).ok().map(Value::from)
    });
    Ok(Some(Value::from(numbers.collect::<Vec<_>>())))
}

/// `$hash(data, algorithm)`: as `States.Hash`.
fn hash(arguments: &HostArguments<'_>) -> Outcome {
    let [Some(data), Some(Value::String(algorithm)), ..] = arguments.values else { return Ok(None) };
    let digest = match data {
        Value::String(text) => intrinsic::digest(text.as_bytes(), algorithm),
        other => intrinsic::digest(jsonata::to_text(other).as_bytes(), algorithm),
    };
    // The service's words for this are not known.
    let unknown = || HostError::Message(format!("Unknown algorithm of function \"hash\": {algorithm}"));
    digest.map(|digest| Some(Value::from(digest))).ok_or_else(unknown)
}

/// `$random(seed?)`, from 0 to below 1. The service runs on Java: a seed gives the first number that
/// `java.util.Random` gives for it.
fn random(arguments: HostArguments<'_>) -> Outcome {
    let seed = arguments.values.first().and_then(Option::as_ref).and_then(Value::as_f64);
    let number = match seed {
        Some(seed) => JavaRandom::new(seed as i64).double(),
        None => ((arguments.draw)() >> 11) as f64 / (1_u64 << 53) as f64,
    };
    Ok(Some(Value::from(number)))
}

/// `$parse(text)`: the value of a JSON text. The service's words for a text that is none are not known.
fn parse(arguments: &HostArguments<'_>) -> Outcome {
    let [Some(Value::String(text)), ..] = arguments.values else { return Ok(None) };
    let bad = |error| HostError::Message(format!("Argument 1 of function \"parse\" is not JSON: {error}"));
    json::parse(text).map(Some).map_err(bad)
}

/// A UUID of version 4.
pub(super) fn uuid(draw: &mut dyn FnMut() -> u64) -> String {
    intrinsic::uuid_of(u128::from(draw()) << 64 | u128::from(draw()))
}

/// The next bits after `state`.
pub(super) fn draw(state: &mut u64) -> u64 {
    *state = splitmix64(*state);
    *state
}

#[cfg(test)]
mod tests {
    use crate::expr::jsonata::{Bindings, Expression, Options};
    use crate::json::Value;

    use super::*;

    fn evaluate(text: &str, seed: u64) -> Result<Option<String>, String> {
        let mut bindings = Bindings::new();
        (0..FUNCTIONS.len()).for_each(|place| bind(place, &mut bindings));
        let options = Options { seed, ..Options::default() };
        let value = Expression::compile(text).unwrap().evaluate(&Value::Null, &bindings, &options);
        value.map(|value| value.map(|value| value.to_string())).map_err(|error| error.to_string())
    }

    #[test]
    fn results() {
        let cases: &[(&str, Option<&str>)] = &[
            ("$partition([0], 3)", Some("[[0]]")),
            ("$partition([0,1,2,3], 3)", Some("[[0,1,2],[3]]")),
            ("$partition([0,1,2], 1.9)", Some("[[0],[1],[2]]")),
            ("$partition([0,1], 0)", None),
            ("$partition([0,1], 0.5)", None),
            ("$partition([0,1], -1)", None),
            ("$partition([], 2)", None),
            ("$partition([1])", None),
            ("$partition($no, 1)", None),
            ("$partition(1, 2)", Some("[[1]]")),
            ("$range(0, 10, 3)", Some("[0,3,6,9]")),
            ("$range(1, 9, 9)", Some("1")),
            ("$range(1, 9, 9)[]", Some("[1]")),
            ("$range(3, 1, -1)", Some("[3,2,1]")),
            ("$range(3, 1, 1)", None),
            ("$range(1, 3, -1)", None),
            ("$range(1, 3, 0)", None),
            ("$range(1, 3)", None),
            ("$range(2, 2, -1)", Some("2")),
            ("$range(-1.9, 1.9, 1.9)", Some("[-1,0,1]")),
            ("$count($range(1, 360145, 1))", Some("360145")),
            ("$sum($range(1, 3, 1))", Some("6")),
            ("$hash('input', 'SHA-1')", Some("\"140f86aae51ab9e1cda9b4254fe98a74eb54c1a1\"")),
            ("$hash('', 'MD5')", Some("\"d41d8cd98f00b204e9800998ecf8427e\"")),
            ("$hash('x')", None),
            ("$hash($no, 'MD5')", None),
            ("$parse('-0')", Some("0")),
            ("$parse('[1, {\"a\": null}]')", Some("[1,{\"a\":null}]")),
            ("$parse($no)", None),
            ("$random(42)", Some("0.7275636800328681")),
            ("$random(0)", Some("0.730967787376657")),
            ("$map([1, 2], function($n) { $partition([1, 2], $n) })", Some("[[[1],[2]],[[1,2]]]")),
        ];
        for (text, expected) in cases {
            assert_eq!(evaluate(text, 0), Ok(expected.map(str::to_owned)), "{text}");
        }
        assert_eq!(evaluate("($r := $random(); $r >= 0 and $r < 1)", 3), Ok(Some("true".into())));
    }

    #[test]
    fn faults() {
        let cases = [
            (
                "$partition('a', 'b')",
                "T0410: Argument 2 of function \"partition\" does not match function signature",
            ),
            ("$parse(1)", "T0410: Argument 1 of function \"parse\" does not match function signature"),
            (
                "$range(1, 360146, 1)",
                "Expression evaluation memory limit exceeded: Check for excessive memory usage",
            ),
            ("$hash('x', 'sha-1')", "Unknown algorithm of function \"hash\": sha-1"),
        ];
        for (text, expected) in cases {
            assert_eq!(evaluate(text, 0), Err(expected.to_owned()), "{text}");
        }
        assert!(
            evaluate("$parse('{')", 0)
                .unwrap_err()
                .starts_with("Argument 1 of function \"parse\" is not JSON: ")
        );
    }

    #[test]
    fn uuids_differ_and_follow_from_the_seed() {
        let pair = evaluate("[$uuid(), $uuid()]", 1).unwrap().unwrap();
        let (one, other) = pair.trim_matches(['[', ']']).split_once(',').unwrap();
        assert_ne!(one, other);
        assert_eq!((one.len(), one.as_bytes()[15]), (38, b'4'));
        assert_eq!(evaluate("[$uuid(), $uuid()]", 1), Ok(Some(pair)));
    }
}
