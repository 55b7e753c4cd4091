//! Every message of the scanner, with its place.

use super::skip_plain;
use crate::json::{parse, validate};

const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// Checks message, line and column. `VALUES` and one `AT(line,column)` in the message are spelt out.
fn check(text: &str, message: &str, line: usize, column: usize) {
    let mut message = message.replace("VALUES", VALUES);
    if let Some((before, rest)) = message.clone().split_once("AT(") {
        let (place, after) = rest.split_once(')').unwrap();
        let (line, column) = place.split_once(',').unwrap();
        message = format!("{before}[Source: (String)\"{text}\"; line: {line}, column: {column}]{after}");
    }
    let error = parse(text).unwrap_err();
    assert_eq!(error.message(), message, "{text}");
    assert_eq!((error.line(), error.column()), (line, column), "{text}");
    assert_eq!(validate(text).unwrap_err(), error, "{text}");
}

#[test]
fn unexpected_tokens_and_characters() {
    let token = |token: &str| format!("Unrecognized token '{token}': was expecting VALUES");
    let value = |shown: &str| format!("Unexpected character ({shown}): expected a valid value VALUES");
    let odd = |shown: &str, why: &str| format!("Unexpected character ({shown}): {why}");
    let key = "was expecting double-quote to start field name";
    let colon = "was expecting a colon to separate field name and value";
    let comment = "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not \
                   enabled for parser)";
    let long = "x".repeat(300);
    let cut = format!("{}...", &long[..256]);
    let cases = [
        // Tokens
        ("not a definition", token("not"), 4),
        ("hello", token("hello"), 6),
        ("tru", token("tru"), 4),
        ("nul1", token("nul1"), 5),
        ("truex", token("truex"), 6),
        ("trueé ", token("trueé"), 6),
        ("_a$1-", token("_a$1"), 5),
        ("€5", token("€5"), 3),
        ("[fals]", token("fals"), 6),
        (&long, token(&cut), 257),
        ("NaX", token("NaX"), 4),
        ("-InfiniX", token("-InfiniX"), 9),
        // Where a value is due
        ("@", value("'@' (code 64)"), 2),
        ("'a'", value("''' (code 39)"), 2),
        ("[1,]", value("']' (code 93)"), 5),
        ("[,1]", value("',' (code 44)"), 3),
        ("{\"a\":}", value("'}' (code 125)"), 7),
        ("{\"a\":]", value("']' (code 93)"), 7),
        ("#", value("'#' (code 35)"), 2),
        ("\u{a0}", value("'\u{a0}' (code 160)"), 2),
        ("\u{feff}{}", value("'\u{feff}' (code 65279 / 0xfeff)"), 2),
        ("😀", value("'?' (code 55357 / 0xd83d)"), 2),
        ("\u{7f}", value("(CTRL-CHAR, code 127)"), 2),
        (".5", value("'.' (code 46)"), 2),
        ("[1,}", odd("'}' (code 125)", "expected a value"), 5),
        // Close markers
        ("[}", "Unexpected close marker '}': expected ']' (for Array starting at AT(1,1))".into(), 3),
        ("{]", "Unexpected close marker ']': expected '}' (for Object starting at AT(1,1))".into(), 3),
        ("[1}", "Unexpected close marker '}': expected ']' (for Array starting at AT(1,1))".into(), 4),
        (
            r#"[[],["]","\"["}"#,
            "Unexpected close marker '}': expected ']' (for Array starting at AT(1,5))".into(),
            16,
        ),
        ("]", "Unexpected close marker ']': expected '}' (for root starting at AT(1,0))".into(), 2),
        ("}", "Unexpected close marker '}': expected ']' (for root starting at AT(1,0))".into(), 2),
        // Keys, colons, commas
        ("{'a':1}", odd("''' (code 39)", key), 3),
        ("{a:1}", odd("'a' (code 97)", key), 3),
        ("{\"a\":1,}", odd("'}' (code 125)", key), 9),
        ("{1:2}", odd("'1' (code 49)", key), 3),
        ("{\"a\" 1}", odd("'1' (code 49)", colon), 7),
        ("{\"a\"}", odd("'}' (code 125)", colon), 6),
        ("[1 2]", odd("'2' (code 50)", "was expecting comma to separate Array entries"), 5),
        ("{\"a\":1 \"b\":2}", odd("'\"' (code 34)", "was expecting comma to separate Object entries"), 9),
        // Comments
        ("/* */ 1", odd("'/' (code 47)", comment), 2),
        ("[1/", odd("'/' (code 47)", comment), 4),
        // Behind the root value
        ("{} x", token("x"), 5),
        ("\"a\" b", token("b"), 6),
        ("{} ]", "Unexpected close marker ']': expected '}' (for root starting at AT(1,0))".into(), 5),
    ];
    for (text, message, column) in cases {
        check(text, &message, 1, column);
    }
}

#[test]
fn bad_strings() {
    let control = |code: u32, place: &str| {
        format!(
            "Illegal unquoted character ((CTRL-CHAR, code {code})): has to be escaped using backslash to be \
             included in {place}"
        )
    };
    let cases = [
        ("\"a\nb\"", control(10, "string value"), 4),
        ("{\"a\tb\":1}", control(9, "name"), 5),
        ("\"\\x\"", "Unrecognized character escape 'x' (code 120)".to_owned(), 4),
        ("\"\\\n\"", "Unrecognized character escape (CTRL-CHAR, code 10)".to_owned(), 4),
        (
            "\"\\u12G4\"",
            "Unexpected character ('G' (code 71)): expected a hex-digit for character escape sequence"
                .to_owned(),
            7,
        ),
        (
            "[\u{1}]",
            "Illegal character ((CTRL-CHAR, code 1)): only regular white space (\\r, \\n, \\t) is allowed \
             between tokens"
                .to_owned(),
            3,
        ),
    ];
    for (text, message, column) in cases {
        check(text, &message, 1, column);
    }
}

#[test]
fn bad_numbers() {
    let number = |shown: &str, why: &str| format!("Unexpected character ({shown}) in numeric value: {why}");
    let point = "Decimal point not followed by a digit";
    let exponent = "Exponent indicator not followed by a digit";
    let minus = "expected digit (0-9) to follow minus sign, for valid numeric value";
    let plus = "JSON spec does not allow numbers to have plus signs: enable \
                `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow";
    let zeroes = "Invalid numeric value: Leading zeroes not allowed";
    let non_finite = |token: &str| {
        format!("Non-standard token '{token}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow")
    };
    let space =
        |shown: &str| format!("Unexpected character ({shown}): Expected space separating root-level values");
    let cases = [
        ("01", zeroes.to_owned(), 2),
        ("-01", zeroes.to_owned(), 3),
        ("00", zeroes.to_owned(), 2),
        ("-a", number("'a' (code 97)", minus), 3),
        ("[-]", number("']' (code 93)", minus), 4),
        ("-Ix", number("'x' (code 120)", minus), 4),
        ("+1", number("'+' (code 43)", plus), 3),
        ("[1.]", number("']' (code 93)", point), 4),
        ("1.x", number("'x' (code 120)", point), 3),
        ("1.", number("'.' (code 46)", point), 3),
        ("[0.]", number("']' (code 93)", point), 5),
        ("[1e]", number("']' (code 93)", exponent), 4),
        ("1ex", number("'x' (code 120)", exponent), 3),
        ("[1.5e+]", number("']' (code 93)", exponent), 4),
        ("[0e]", number("']' (code 93)", exponent), 5),
        ("NaN", non_finite("NaN"), 4),
        ("[Infinity]", non_finite("Infinity"), 10),
        ("-Infinity", non_finite("-Infinity"), 10),
        ("-INF", non_finite("-INF"), 5),
        ("1x", space("'x' (code 120)"), 3),
        ("12\"a\"", space("'\"' (code 34)"), 4),
    ];
    for (text, message, column) in cases {
        check(text, &message, 1, column);
    }
}

#[test]
fn ends_too_early() {
    let object = ": expected close marker for Object (start marker at AT(1,1))";
    let in_object = " within/between Object entries";
    let cases = [
        ("{", object, 2),
        ("{\"a\":1", object, 7),
        ("[", ": expected close marker for Array (start marker at AT(1,1))", 2),
        ("[[],[1 ", ": expected close marker for Array (start marker at AT(1,5))", 8),
        ("{\"a\"", in_object, 5),
        ("{\"a\":", in_object, 6),
        ("{\"a\":1,", in_object, 8),
        ("[1,", " within/between Array entries", 4),
        ("\"abc", ": was expecting closing quote for a string value", 5),
        ("{\"ab", " in field name", 5),
        ("\"\\", " in character escape sequence", 3),
        ("\"\\u12", " in character escape sequence", 6),
        ("+", " in a Number value", 2),
        ("-I", " in a Number value", 3),
        ("-", "No digit following minus sign", 2),
        ("1e", "expected a digit for number exponent", 3),
        ("1e+", "expected a digit for number exponent", 4),
    ];
    for (text, message, column) in cases {
        check(text, &format!("Unexpected end-of-input{message}"), 1, column);
    }
    check("", "No content to map due to end-of-input", 1, 0);
    check(" \n", "No content to map due to end-of-input", 1, 0);
}

#[test]
fn trailing_tokens() {
    let cases = [
        ("1 2", "VALUE_NUMBER_INT", 3),
        ("1 -2.5", "VALUE_NUMBER_FLOAT", 3),
        ("{} {}", "START_OBJECT", 4),
        ("[][]", "START_ARRAY", 3),
        ("null \"", "VALUE_STRING", 6),
        ("null true", "VALUE_TRUE", 6),
        ("null false", "VALUE_FALSE", 6),
        ("null null", "VALUE_NULL", 6),
    ];
    for (text, kind, column) in cases {
        let message = format!(
            "Trailing token (of type {kind}) found after value (bound as \
             `com.fasterxml.jackson.databind.JsonNode`): not allowed as per \
             `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`"
        );
        check(text, &message, 1, column);
    }
}

#[test]
fn lines_and_columns() {
    let cases = [
        ("\n\n@", 3, 2),
        ("\r\n @", 2, 3),
        ("\r@", 2, 2),
        ("\n\r@", 3, 2),
        ("[\"é😀\"\n,\"😀\" @", 2, 8),
        ("{\n \"a\": 1\n", 3, 1),
    ];
    for (text, line, column) in cases {
        let error = parse(text).unwrap_err();
        assert_eq!((error.line(), error.column()), (line, column), "{text:?}");
    }
}

#[test]
fn locations_quote_the_source() {
    let error = parse("{").unwrap_err();
    assert_eq!(error.location(), "[Source: (String)\"{\"; line: 1, column: 2]");
    assert_eq!(
        error.with_location(),
        "Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)\"{\"; \
         line: 1, column: 1])\n at [Source: (String)\"{\"; line: 1, column: 2]"
    );
    assert_eq!(error.to_string(), error.message());

    let quoted = "a".repeat(499);
    let cases = [
        ("\u{1}\t\n".to_owned(), "(String)\"\\u0001\\u0009\n\"".to_owned()),
        (format!("@{quoted}"), format!("(String)\"@{quoted}\"")),
        (format!("@{quoted}bb"), format!("(String)\"@{quoted}\"[truncated 2 chars]")),
        (format!("@{}", "😀".repeat(250)), format!("(String)\"@{}?\"[truncated 1 chars]", "😀".repeat(249))),
        (format!("@{}", "a".repeat(32_767)), format!("(String)\"@{quoted}\"[truncated 32268 chars]")),
        (format!("@{}", "a".repeat(32_768)), "(StringReader)".to_owned()),
    ];
    for (text, source) in cases {
        let error = parse(&text).unwrap_err();
        assert!(error.location().starts_with(&format!("[Source: {source}; line: ")), "{error:?}");
    }
}

#[test]
fn finds_every_special_byte_wherever_it_stands() {
    for special in (0..=0x1f).chain([b'"', b'\\']) {
        for before in 0..20 {
            for after in 0..10 {
                let mut bytes = vec![0xff; before];
                bytes.push(special);
                bytes.extend(std::iter::repeat_n(b' ', after));
                assert_eq!(skip_plain(&bytes, 0), before, "{special} {before} {after}");
            }
        }
    }
    for plain in (0x20..=0xff).filter(|byte| *byte != b'"' && *byte != b'\\') {
        assert_eq!(skip_plain(&[plain; 21], 0), 21, "{plain}");
    }
}
