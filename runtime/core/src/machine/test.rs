//! Whether a Choice rule's test holds.
//!
//! Pure: data in, truth out. This module must not know states, transitions or what a missing
//! match means. Recursion is as deep as the tests are nested, which the parser bounds.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::SignedDuration;

use super::timestamp::instant;
use crate::asl::definition::{Glob, Operand, Operator, Relation, Test, TypeTest};
use crate::expr::path::{Path, Scope};
use crate::json::{Number, Value};

/// Whether the test holds on the data of `scope`; the cause of a failure where it cannot be told.
///
/// `And` and `Or` stop at the first test that decides, so one that fails may stand behind one that
/// guards it. A value of another type than the operator's makes a comparison false.
/// Source: the service, recorded.
pub fn holds(test: &Test, scope: &Scope<'_>) -> Result<bool, String> {
    match test {
        Test::And(tests) => all(tests, scope),
        Test::Or(tests) => any(tests, scope),
        Test::Not(test) => holds(test, scope).map(|held| !held),
        Test::Compare { variable, operator } => compare(variable, operator, scope),
    }
}

fn all(tests: &[Test], scope: &Scope<'_>) -> Result<bool, String> {
    for test in tests {
        if !holds(test, scope)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn any(tests: &[Test], scope: &Scope<'_>) -> Result<bool, String> {
    for test in tests {
        if holds(test, scope)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn compare(variable: &Path, operator: &Operator, scope: &Scope<'_>) -> Result<bool, String> {
    if let Operator::IsPresent(expected) = operator {
        return match variable.find(scope) {
            Err(missing) if missing.is_exhausted() => Err(missing.in_choice(variable)),
            found => Ok(found.is_ok() == *expected),
        };
    }
    let value = find(variable, scope)?;
    Ok(match operator {
        Operator::IsPresent(expected) => *expected,
        Operator::IsType(test, expected) => is(*test, &value) == *expected,
        Operator::StringMatches(pattern) => value.as_str().is_some_and(|text| matches(pattern, text)),
        Operator::BooleanEquals(right) => {
            let right = operand(right, scope, |literal| Some(*literal), Value::as_bool)?;
            value.as_bool().zip(right).is_some_and(|(left, right)| left == right)
        }
        Operator::String(relation, right) => {
            let right = operand(right, scope, |literal| Some(literal.clone()), string)?;
            let order = value.as_str().zip(right).map(|(left, right)| java_order(left, &right));
            relates(*relation, order)
        }
        Operator::Numeric(relation, right) => {
            let right = operand(right, scope, number, number)?;
            let order = value.as_number().zip(right).and_then(|(left, right)| left.partial_cmp(&right));
            relates(*relation, order)
        }
        Operator::Timestamp(relation, right) => {
            let right = operand(right, scope, |literal| instant(literal), timestamp)?;
            relates(*relation, timestamp(&value).zip(right).map(|(left, right)| left.cmp(&right)))
        }
    })
}

/// The right side of a comparison; `None` for a value of another type.
fn operand<T, U>(
    operand: &Operand<T>,
    scope: &Scope<'_>,
    literal: impl Fn(&T) -> Option<U>,
    found: impl Fn(&Value) -> Option<U>,
) -> Result<Option<U>, String> {
    match operand {
        Operand::Literal(value) => Ok(literal(value)),
        Operand::Path(path) => find(path, scope).map(|value| found(&value)),
    }
}

/// What is at a path; the cause of the failure if nothing is. Source: the service, recorded (for
/// `Variable`; the operand of a `…Path` operator is assumed to fail in the same words).
fn find(path: &Path, scope: &Scope<'_>) -> Result<Value, String> {
    path.find(scope).map_err(|missing| missing.in_choice(path))
}

/// Whether a value is of a type. A timestamp is a string too.
fn is(test: TypeTest, value: &Value) -> bool {
    match test {
        TypeTest::Null => value.is_null(),
        TypeTest::String => value.as_str().is_some(),
        TypeTest::Numeric => value.as_number().is_some(),
        TypeTest::Boolean => value.as_bool().is_some(),
        TypeTest::Timestamp => timestamp(value).is_some(),
    }
}

fn relates(relation: Relation, order: Option<Ordering>) -> bool {
    order.is_some_and(|order| match relation {
        Relation::Equals => order.is_eq(),
        Relation::LessThan => order.is_lt(),
        Relation::GreaterThan => order.is_gt(),
        Relation::LessThanEquals => order.is_le(),
        Relation::GreaterThanEquals => order.is_ge(),
    })
}

/// The order of Java's `String.compareTo`: by UTF-16 code unit. It differs from that of the bytes
/// where a character beyond the BMP meets one from U+E000 to U+FFFF.
fn java_order(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

fn string(value: &Value) -> Option<Arc<str>> {
    if let Value::String(text) = value { Some(Arc::clone(text)) } else { None }
}

fn number(value: &Value) -> Option<Number> {
    value.as_number().cloned()
}

/// The instant that a value names, to the nanosecond.
fn timestamp(value: &Value) -> Option<SignedDuration> {
    value.as_str().and_then(instant)
}

/// Whether a whole text matches a pattern. Takes time linear in the text: between two stars the
/// first place that fits is as good as any later one.
fn matches(pattern: &[Glob], text: &str) -> bool {
    let (mut rest, mut anchored) = (text, true);
    for (index, piece) in pattern.iter().enumerate() {
        let literal = match piece {
            Glob::Any => {
                anchored = false;
                continue;
            }
            Glob::Literal(literal) => &**literal,
        };
        let last = index + 1 == pattern.len();
        let found = match (anchored, last) {
            (true, true) => return rest == literal,
            (false, true) => return rest.ends_with(literal),
            (true, false) => rest.strip_prefix(literal),
            (false, false) => rest.split_once(literal).map(|(_, after)| after),
        };
        let Some(after) = found else { return false };
        (rest, anchored) = (after, true);
    }
    !anchored || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asl::definition::{Condition, Kind};
    use crate::asl::parse::{Options, parse};
    use crate::json::Payload;

    /// What a rule says on an input; the rule is read as a definition would be.
    fn test(rule: &str, input: &str) -> Result<bool, String> {
        let rule = rule.replacen('{', r#"{"Next": "T", "#, 1);
        let text = format!(
            r#"{{"StartAt": "S", "States": {{"S": {{"Type": "Choice", "Choices": [{rule}]}}, "T": {{"Type": "Succeed"}}}}}}"#
        );
        let parsed = parse(&text, Options::default());
        let definition = parsed.definition.unwrap_or_else(|| panic!("{rule}: {:?}", parsed.diagnostics));
        let Kind::Choice(choice) = &definition.states()[0].kind else { panic!("a Choice") };
        let input = Payload::parse(input).unwrap();
        let context = || Value::from("context");
        let Condition::Test(test) = &choice.rules[0].condition else { panic!("a test") };
        holds(test, &Scope::new(&input, &context))
    }

    #[test]
    fn presence_is_not_guessed() {
        let rule = |path: &str| format!(r#"{{"Variable": "{path}", "IsPresent": true}}"#);
        let deep = format!("{}{}", r#"{"a":["#.repeat(400), "]}".repeat(400));
        assert_eq!(test(&rule("$.a[*]"), &deep), Ok(true));
        assert_eq!(test(&rule("$.b[*].c"), &deep), Ok(true), "an empty array is present");
        assert_eq!(test(&rule("$.a[7]"), &deep), Ok(false));
        let stopped = test(&rule("$..*..*..*..*"), &deep).unwrap_err();
        assert!(
            stopped.starts_with("Invalid path '$..*..*..*..*' : The path visits too many values"),
            "{stopped}"
        );
    }

    /// Cases of one operator: its operand, the value of `$.v`, whether that holds.
    fn check(operator: &str, cases: &[(&str, &str, bool)]) {
        for (operand, value, expected) in cases {
            let rule = format!(r#"{{"Variable": "$.v", "{operator}": {operand}}}"#);
            let input = format!(r#"{{"v": {value}}}"#);
            assert_eq!(test(&rule, &input), Ok(*expected), "{value} {operator} {operand}");
            if operator.starts_with("Is") || operator == "StringMatches" {
                continue;
            }
            let rule = format!(r#"{{"Variable": "$.v", "{operator}Path": "$.w"}}"#);
            let input = format!(r#"{{"v": {value}, "w": {operand}}}"#);
            assert_eq!(test(&rule, &input), Ok(*expected), "{value} {operator}Path {operand}");
        }
    }

    /// The five relations on a smaller, an equal and a greater value.
    fn check_relations(prefix: &str, operand: &str, smaller: &str, equal: &str, greater: &str) {
        let relations = [
            ("Equals", [false, true, false]),
            ("LessThan", [true, false, false]),
            ("GreaterThan", [false, false, true]),
            ("LessThanEquals", [true, true, false]),
            ("GreaterThanEquals", [false, true, true]),
        ];
        for (relation, expected) in relations {
            let [below, same, above] = expected;
            let cases = [(operand, smaller, below), (operand, equal, same), (operand, greater, above)];
            check(&format!("{prefix}{relation}"), &cases);
            for other in ["null", "true", "[]", "{}"] {
                check(&format!("{prefix}{relation}"), &[(operand, other, false)]);
            }
        }
    }

    #[test]
    fn relations() {
        check_relations("String", r#""b""#, r#""a""#, r#""b""#, r#""ba""#);
        check_relations("String", r#""10""#, r#""1""#, r#""10""#, r#""9""#);
        // By UTF-16 unit: the emoji's first is 0xD83D, below 0xFF5E.
        check_relations("String", r#""\uff5e""#, r#""\ud83d\ude00""#, r#""\uff5e""#, r#""\uff5f""#);
        check_relations("Numeric", "1", "0.999", "1.0", "1.001");
        check_relations("Numeric", "0.0", "-1", "0", "1e-300");
        check_relations(
            "Numeric",
            "9007199254740993",
            "9007199254740992",
            "9007199254740993",
            "9007199254740994",
        );
        check_relations(
            "Timestamp",
            r#""2016-03-14T01:59:00Z""#,
            r#""2016-03-14T01:58:59.999999999Z""#,
            r#""2016-03-14T03:59:00.000+02:00""#,
            r#""2016-03-14T01:59:00.000000001Z""#,
        );
    }

    #[test]
    fn values_of_another_type() {
        check(
            "StringEquals",
            &[(r#""1""#, "1", false), (r#""null""#, "null", false), (r#"" a""#, r#""a""#, false)],
        );
        check("StringEquals", &[(r#""A""#, r#""a""#, false), (r#""""#, r#""""#, true)]);
        check(
            "NumericEquals",
            &[("42", r#""42""#, false), ("0", "0.0", true), ("0", "-0", true), ("1e0", "1", true)],
        );
        check("BooleanEquals", &[("true", "true", true), ("true", "false", false), ("false", "false", true)]);
        check(
            "BooleanEquals",
            &[("true", r#""true""#, false), ("false", "null", false), ("true", "1", false)],
        );
        check(
            "TimestampEquals",
            &[
                (r#""2016-03-14T01:59:00Z""#, r#""2016-03-14 01:59:00Z""#, false),
                (r#""2016-03-14T01:59:00Z""#, r#""""#, false),
                (r#""2016-03-14T01:59:00Z""#, "1457920740", false),
            ],
        );
        // Only a path can lead to an operand of another type.
        for (operator, operand) in [
            ("StringEqualsPath", "1"),
            ("NumericLessThanPath", r#""1""#),
            ("BooleanEqualsPath", "null"),
            ("TimestampGreaterThanPath", r#""yesterday""#),
        ] {
            for value in ["1", "true", r#""1""#, "null", r#""2016-03-14T01:59:00Z""#] {
                let rule = format!(r#"{{"Variable": "$.v", "{operator}": "$.w"}}"#);
                let input = format!(r#"{{"v": {value}, "w": {operand}}}"#);
                let equal = operator == "StringEqualsPath" && value == operand && value.starts_with('"');
                assert_eq!(test(&rule, &input), Ok(equal), "{value} {operator} {operand}");
            }
        }
    }

    #[test]
    fn types() {
        // Value, then the operators that find it to be theirs.
        let cases = [
            ("null", "IsNull"),
            ("true", "IsBoolean"),
            ("1.5", "IsNumeric"),
            (r#""""#, "IsString"),
            (r#""1""#, "IsString"),
            (r#""2016-03-14T01:59:00Z""#, "IsString IsTimestamp"),
            (r#""2016-03-14""#, "IsString"),
            ("[]", ""),
            ("{}", ""),
        ];
        for (value, theirs) in cases {
            for operator in ["IsNull", "IsString", "IsNumeric", "IsBoolean", "IsTimestamp"] {
                let is = theirs.split(' ').any(|name| name == operator);
                check(operator, &[("true", value, is), ("false", value, !is)]);
            }
            check("IsPresent", &[("true", value, true), ("false", value, false)]);
        }
    }

    #[test]
    fn patterns() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "anything", true),
            ("a*", "abc", true),
            ("a*", "ba", false),
            ("*c", "abc", true),
            ("*c", "cb", false),
            ("a*c", "abbc", true),
            ("a*c", "ac", true),
            ("a*a", "a", false),
            ("*ab*ab*", "xabyabz", true),
            ("*ab*ab*", "xaby", false),
            ("*ab*ab", "ababab", true),
            ("ab*ab", "abab", true),
            ("ab*ab", "aba", false),
            ("foo*.log", "foo1.log", true),
            ("foo*.log", "foo1.logs", false),
            ("a\\\\*", "a*", true),
            ("a\\\\*", "ab", false),
            ("\\\\\\\\", "\\\\", true),
            ("é*", "éa", true),
            ("A", "a", false),
        ];
        for (pattern, text, expected) in cases {
            check("StringMatches", &[(&format!("\"{pattern}\""), &format!("\"{text}\""), expected)]);
        }
        check("StringMatches", &[(r#""*""#, "1", false), (r#""*""#, "null", false)]);
        // Many stars on a long text that nearly fits.
        let (pattern, text) = ("*a".repeat(1000), "a".repeat(100_000));
        check("StringMatches", &[(&format!("\"{pattern}b\""), &format!("\"{text}\""), false)]);
    }

    #[test]
    fn missing_values() {
        let invalid = |path: &str| {
            Err(format!(
                "Invalid path '{path}': The choice state's condition path references an invalid value."
            ))
        };
        let cases = [
            (r#"{"Variable": "$.no", "StringEquals": "a"}"#, invalid("$.no")),
            (r#"{"Variable": "$.no.such", "IsNull": true}"#, invalid("$.no.such")),
            (r#"{"Variable": "$.no", "IsNull": false}"#, invalid("$.no")),
            (r#"{"Variable": "$.v", "StringEqualsPath": "$.no"}"#, invalid("$.no")),
            (r#"{"Variable": "$.no", "StringEqualsPath": "$.not"}"#, invalid("$.no")),
            (r#"{"Not": {"Variable": "$.no", "IsNull": true}}"#, invalid("$.no")),
            (r#"{"Variable": "$.no", "IsPresent": true}"#, Ok(false)),
            (r#"{"Variable": "$.no.such", "IsPresent": false}"#, Ok(true)),
            (r#"{"Variable": "$$", "StringEquals": "context"}"#, Ok(true)),
        ];
        for (rule, expected) in cases {
            assert_eq!(test(rule, r#"{"v": "a"}"#), expected, "{rule}");
        }
        assert_eq!(test(r#"{"Variable": "$.v", "IsPresent": true}"#, "null"), Ok(false));
    }

    #[test]
    fn combinations() {
        const YES: &str = r#"{"Variable": "$.v", "IsPresent": true}"#;
        const NO: &str = r#"{"Variable": "$.v", "IsPresent": false}"#;
        // Fails if it is looked at.
        const BAD: &str = r#"{"Variable": "$.no", "IsNull": true}"#;
        let cases = [
            (format!(r#"{{"And": [{YES}]}}"#), Some(true)),
            (format!(r#"{{"And": [{YES}, {NO}, {BAD}]}}"#), Some(false)),
            (format!(r#"{{"And": [{YES}, {YES}]}}"#), Some(true)),
            (format!(r#"{{"And": [{YES}, {BAD}]}}"#), None),
            (format!(r#"{{"Or": [{NO}]}}"#), Some(false)),
            (format!(r#"{{"Or": [{NO}, {YES}, {BAD}]}}"#), Some(true)),
            (format!(r#"{{"Or": [{NO}, {BAD}, {YES}]}}"#), None),
            (format!(r#"{{"Not": {NO}}}"#), Some(true)),
            (format!(r#"{{"Not": {{"Or": [{{"And": [{YES}, {NO}]}}, {NO}]}}}}"#), Some(true)),
        ];
        for (rule, expected) in cases {
            assert_eq!(test(&rule, r#"{"v": 1}"#).ok(), expected, "{rule}");
        }
    }
}
