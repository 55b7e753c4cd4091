//! `gradus eval`: one JSONata expression on one input, for trying out what a state machine will do.

use std::fs;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use gradus_core::expr::jsonata::{self, Bindings, Error, Expression, Options};
use gradus_core::expr::query;
use gradus_core::json::{self, Value};
use uuid::Uuid;

use crate::config;

const FAILED: u8 = 1;
const UNUSABLE: u8 = 2;

/// The longest result that is printed: parts that are shared are printed each time.
const MAX_PRINTED_BYTES: u64 = 64 << 20;
/// How many characters of the expression stand before and after a caret at most.
const AROUND: usize = 60;

/// Evaluates and prints.
pub(crate) fn command(options: &config::Eval) -> ExitCode {
    let (input, bindings) = match read_values(options) {
        Ok(values) => values,
        Err(error) => return complain(&format!("gradus: {error}"), UNUSABLE),
    };
    let text = query::expression(&options.expression).unwrap_or(&options.expression);
    match evaluate(text, &input, &bindings) {
        Ok(None) => complain("gradus: the result is undefined: there is nothing to print", 0),
        Ok(Some(value)) if value.text_len() > MAX_PRINTED_BYTES => {
            complain("gradus: the result is too large to print", FAILED)
        }
        Ok(Some(value)) => match writeln!(io::stdout(), "{}", jsonata::to_text(&value)) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                complain(&format!("gradus: cannot write the result: {error}"), FAILED)
            }
            _ => ExitCode::SUCCESS,
        },
        Err(error) => complain(&describe(&error, text), FAILED),
    }
}

fn complain(line: &str, code: u8) -> ExitCode {
    eprintln!("{line}");
    ExitCode::from(code)
}

fn evaluate(text: &str, input: &Value, bindings: &Bindings) -> Result<Option<Value>, Error> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let options = Options {
        now_millis: now.as_millis() as f64,
        seed: Uuid::new_v4().as_u64_pair().0,
        ..Options::default()
    };
    Expression::compile(text)?.evaluate(input, bindings, &options)
}

/// The input and the variables. Fails with the line to print.
fn read_values(options: &config::Eval) -> Result<(Value, Bindings), String> {
    let mut values = vec![("--input".to_owned(), options.input.as_str())];
    for binding in &options.bind {
        let (name, value) = binding.split_once('=').unwrap_or_default();
        if name.trim_start_matches('$').is_empty() {
            return Err(format!("--bind `{binding}`: expected NAME=JSON"));
        }
        values.push((name.trim_start_matches('$').to_owned(), value));
    }
    if values.iter().filter(|(_, value)| is_stdin(value)).count() > 1 {
        return Err("standard input can be read only once".into());
    }
    let mut bindings = Bindings::new();
    query::bind_all(&mut bindings);
    let mut input = Value::Null;
    for (index, (name, value)) in values.iter().enumerate() {
        if index == 0 {
            input = read_value(name, value)?;
        } else {
            bindings.bind(name.as_str(), read_value(&format!("--bind {name}"), value)?);
        }
    }
    Ok((input, bindings))
}

fn is_stdin(argument: &str) -> bool {
    argument == "-" || argument == "@-"
}

/// JSON as it stands, or of a file.
fn read_value(option: &str, argument: &str) -> Result<Value, String> {
    let text = if is_stdin(argument) {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else if let Some(file) = argument.strip_prefix('@') {
        fs::read_to_string(file)
    } else {
        match json::parse(argument) {
            Ok(value) => return Ok(value),
            // What is no JSON may be a file; if it is none either, JSON was likely meant.
            Err(error) => fs::read_to_string(argument).map_err(|_| io::Error::other(not_json(&error))),
        }
    };
    let text = text.map_err(|error| format!("{option} `{argument}`: {error}"))?;
    json::parse(&text).map_err(|error| format!("{option} `{argument}`: {}", not_json(&error)))
}

fn not_json(error: &json::SyntaxError) -> String {
    format!("not JSON: {error} (line {}, column {})", error.line(), error.column())
}

/// The fault, and the line of the expression with a caret under its place.
fn describe(error: &Error, text: &str) -> String {
    let Some(position) = error.position() else { return format!("error: {error}") };
    let units = |length: usize| {
        let mut left = length;
        let fits = |character: &char| {
            let fits = left >= character.len_utf16();
            left = left.saturating_sub(character.len_utf16());
            fits
        };
        text.chars().take_while(fits).map(char::len_utf8).sum::<usize>()
    };
    // A position is the end of a token; that of a call is behind its parenthesis, that of the end behind all.
    let token = error.token().and_then(Value::as_str).unwrap_or_default();
    let mut before = text.get(..units(position)).unwrap_or_default();
    if let Some(name) = before.strip_suffix('(').filter(|name| !token.is_empty() && name.ends_with(token)) {
        before = name;
    }
    let end = before.len();
    let length = match token {
        "(end)" => 0,
        token if !token.is_empty() && before.ends_with(token) => token.len(),
        _ => before.chars().next_back().map_or(0, char::len_utf8),
    };
    let start = end - length;
    let line_start = text.get(..start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let line = text.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let number = text.get(..line_start).unwrap_or_default().matches('\n').count() + 1;
    let column = text.get(line_start..start).unwrap_or_default().chars().count();
    let carets = text.get(start..end).unwrap_or_default().chars().count().max(1);
    format!("{number}:{}: error {error}\n{}", column + 1, excerpt(line, column, carets))
}

/// The line around the place, and the carets. Tabs stay, so that the carets stand where they should.
fn excerpt(line: &str, column: usize, carets: usize) -> String {
    let from = column.saturating_sub(AROUND);
    let part: Vec<char> = line.chars().skip(from).take(column - from + carets + AROUND).collect();
    let shown: String =
        part.iter().map(|one| if one.is_control() && *one != '\t' { ' ' } else { *one }).collect();
    let blank = part.iter().map(|one| if *one == '\t' { '\t' } else { ' ' }).chain(std::iter::repeat(' '));
    let blank: String = blank.take(column - from).collect();
    format!("    {shown}\n    {blank}{}", "^".repeat(carets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_under_the_place() {
        // Expression, what is printed after the message, line by line.
        let cases = [
            ("1 + 'a'", "1:3: error T2002", "    1 + 'a'", "      ^"),
            ("1 +", "1:4: error S0207", "    1 +", "       ^"),
            ("$sum('a')", "1:2: error T0412", "    $sum('a')", "     ^^^"),
            ("(\n\t'😀' + 1)", "2:6: error T2001", "    \t'😀' + 1)", "    \t    ^"),
            ("'a", "1:2: error S0101", "    'a", "     ^"),
            ("missing()", "1:1: error T1006", "    missing()", "    ^^^^^^^"),
        ];
        for (text, start, line, carets) in cases {
            let error = evaluate(text, &Value::Null, &Bindings::new()).unwrap_err();
            let described = describe(&error, text);
            let lines: Vec<&str> = described.lines().collect();
            assert!(lines[0].starts_with(start), "{described}");
            assert_eq!(&lines[1..], [line, carets], "{text}");
        }
        // Of a long line only what is around.
        let long = format!("{}1 + 'a'{}", "1 + ".repeat(90), " ".repeat(300));
        let error = evaluate(&long, &Value::Null, &Bindings::new()).unwrap_err();
        assert!(describe(&error, &long).lines().all(|line| line.len() < 130));
    }
}
