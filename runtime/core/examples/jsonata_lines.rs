//! Evaluates JSONata: reads cases as JSON lines, `{"expression": .., "input": .., "bindings": {..}}`, and prints
//! a line for each, `{"result": ..}`, `{}` for undefined, or `{"error": {..}}`. `tests/jsonata/compare.sh` holds
//! them against the reference.

use std::{
    io::{self, BufRead, Write},
    panic::{self, AssertUnwindSafe},
};

use gradus_core::{
    expr::jsonata::{Bindings, Error, ErrorKind, Expression, Options, to_text},
    json::{Object, Value, parse},
};

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = panic::catch_unwind(AssertUnwindSafe(|| answer(&line)))
            .unwrap_or_else(|_| r#"{"error":{"kind":"panic"}}"#.into());
        writeln!(out, "{answer}")?;
    }
    out.flush()
}

fn answer(line: &str) -> String {
    let case = parse(line).unwrap_or_default();
    let mut object = Object::new();
    match evaluate(&case) {
        Ok(Some(value)) => _ = object.insert("result", value),
        Ok(None) => {}
        Err(error) => _ = object.insert("error", describe(&error)),
    }
    to_text(&Value::from(object))
}

fn evaluate(case: &Value) -> Result<Option<Value>, Error> {
    let expression = Expression::compile(case.get("expression").and_then(Value::as_str).unwrap_or_default())?;
    let mut bindings = Bindings::new();
    for (name, value) in case.get("bindings").and_then(Value::as_object).into_iter().flatten() {
        bindings.bind(name.clone(), value.clone());
    }
    // As much as the reference takes, whose longest range has ten million items.
    let options = Options {
        max_steps: 100_000_000,
        max_depth: Options::MAX_DEPTH,
        max_bytes: 1 << 30,
        now_millis: 1_000_000_000_000.0,
        ..Options::default()
    };
    expression.evaluate(case.get("input").unwrap_or(&Value::Null), &bindings, &options)
}

fn describe(error: &Error) -> Value {
    let mut object = Object::new();
    object.insert(
        "kind",
        match error.kind() {
            ErrorKind::Language => "language",
            ErrorKind::Limit => "limit",
            ErrorKind::Host => "host",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Internal => "internal",
        },
    );
    if let Some(code) = error.code() {
        object.insert("code", code);
    }
    object.insert("message", error.message());
    if let Some(position) = error.position().and_then(|position| i64::try_from(position).ok()) {
        object.insert("position", position);
    }
    if let Some(token) = error.token() {
        object.insert("token", token.clone());
    }
    if let Some(value) = error.value() {
        object.insert("value", value.clone());
    }
    Value::from(object)
}
