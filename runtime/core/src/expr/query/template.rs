//! Templates: `Arguments`, `Output`, `Assign` and the like.

use std::sync::Arc;

use super::{Failed, Query, Scope};
use crate::json::{Array, Object, Payload, Value};

/// How much text the values of all queries of a template may have together: many times what a payload may, for
/// not all of it need end up in one. Without it a thousand queries hold what each of them may.
const MAX_TEXT: u64 = 8 << 20;

/// A compiled template: any JSON value, with queries at any depth.
///
/// Evaluating it is a program for a stack of values, so that the depth of a template is no danger: each
/// instruction leaves one value, and a container takes those of its entries.
#[derive(Debug)]
pub struct Template {
    location: Arc<str>,
    program: Vec<Instruction>,
    /// The result, if there is no query in it.
    constant: Option<Payload>,
}

#[derive(Debug)]
enum Instruction {
    /// A value as it stands in the template.
    Constant(Value),
    /// What a query gives.
    Query(Box<Query>),
    /// An array of the topmost values.
    Array(usize),
    /// An object of the topmost values, one for each key.
    Object(Vec<Arc<str>>),
}

/// A step into a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// To a member of an object.
    Member(&'a str),
    /// To an element of an array.
    Item(usize),
}

/// A container whose entries are being compiled.
struct Open<'a> {
    value: &'a Value,
    entries: Box<dyn Iterator<Item = (Step<'a>, &'a Value)> + 'a>,
    /// Where its first entry stands in the program.
    start: usize,
}

impl Template {
    /// Compiles a template that stands at `location` of its state. `query` says what a string at the end of a way is: a query, or nothing but a
    /// string. It is asked for every string, also after it has failed; the first failure is the result.
    pub fn compile<E>(
        source: &Value,
        location: impl Into<Arc<str>>,
        mut query: impl FnMut(&[Step<'_>], &str) -> Result<Option<Box<Query>>, E>,
    ) -> Result<Template, E> {
        let mut program = Vec::new();
        let mut failure = None;
        let mut open: Vec<Open<'_>> = Vec::new();
        let mut way: Vec<Step<'_>> = Vec::new();
        let mut next = Some(source);
        loop {
            match next.take() {
                Some(Value::String(text)) => match query(&way, text) {
                    Ok(Some(query)) => program.push(Instruction::Query(query)),
                    Ok(None) => program.push(Instruction::Constant(Value::String(Arc::clone(text)))),
                    Err(error) => failure = failure.or(Some(error)),
                },
                Some(value @ (Value::Array(_) | Value::Object(_))) => {
                    open.push(Open { value, entries: entries(value), start: program.len() });
                }
                Some(scalar) => program.push(Instruction::Constant(scalar.clone())),
                None => {}
            }
            let Some(mut container) = open.pop() else { break };
            // The way to its entry before this one, if there was one.
            way.truncate(open.len());
            match container.entries.next() {
                Some((step, value)) => {
                    way.push(step);
                    next = Some(value);
                    open.push(container);
                }
                None => close(container.value, container.start, &mut program),
            }
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        let constant = match program.as_slice() {
            [Instruction::Constant(value)] => Some(Payload::from_value(value.clone())),
            _ => None,
        };
        Ok(Template { location: location.into(), program, constant })
    }

    /// The place in its state.
    pub fn location(&self) -> &Arc<str> {
        &self.location
    }

    /// The result of a template without queries: the same for all data.
    pub fn constant(&self) -> Option<&Payload> {
        self.constant.as_ref()
    }

    /// The value for what is in `scope`. Fails with the first query that does, or after which there is too much
    /// to hold.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, Failed> {
        let mut values = Vec::new();
        let mut text = 0_u64;
        for instruction in &self.program {
            let value = match instruction {
                Instruction::Constant(value) => value.clone(),
                Instruction::Query(query) => {
                    let value = query.evaluate(scope)?;
                    text = text.saturating_add(value.text_len());
                    if text > MAX_TEXT && !values.is_empty() {
                        return Err(query.too_much());
                    }
                    value
                }
                Instruction::Array(length) => Value::from(take(&mut values, *length).collect::<Array>()),
                Instruction::Object(keys) => {
                    let members = keys.iter().map(Arc::clone).zip(take(&mut values, keys.len()));
                    Value::from(members.collect::<Object>())
                }
            };
            values.push(value);
        }
        Ok(values.pop().unwrap_or_default())
    }

    /// The query, if the template is nothing else.
    pub fn query(&self) -> Option<&Query> {
        match self.program.as_slice() {
            [Instruction::Query(query)] => Some(query),
            _ => None,
        }
    }
}

fn entries(value: &Value) -> Box<dyn Iterator<Item = (Step<'_>, &Value)> + '_> {
    match value {
        Value::Array(items) => {
            Box::new(items.iter().enumerate().map(|(index, item)| (Step::Item(index), item)))
        }
        Value::Object(members) => Box::new(members.iter().map(|(key, member)| (Step::Member(key), member))),
        _ => Box::new(std::iter::empty()),
    }
}

/// Ends a container. If all its entries are constant, so is the whole, and it stays as it is in the template.
fn close(value: &Value, start: usize, program: &mut Vec<Instruction>) {
    let entries = program.get(start..).unwrap_or_default();
    if entries.iter().all(|instruction| matches!(instruction, Instruction::Constant(_))) {
        program.truncate(start);
        program.push(Instruction::Constant(value.clone()));
        return;
    }
    program.push(match value {
        Value::Object(object) => Instruction::Object(object.keys().map(Arc::clone).collect()),
        other => Instruction::Array(other.as_array().unwrap_or_default().len()),
    });
}

/// The `count` topmost values, in the order in which they were pushed.
fn take(values: &mut Vec<Value>, count: usize) -> impl Iterator<Item = Value> {
    values.drain(values.len().saturating_sub(count)..)
}

#[cfg(test)]
mod tests {
    use super::super::{Place, expression};
    use super::*;
    use crate::json::parse;

    /// Compiles a template; a query stands at the way that led to it.
    fn compile(source: &str) -> Result<Template, String> {
        Template::compile(&parse(source).unwrap(), "", |way, text| {
            let location: String = way
                .iter()
                .map(|step| match step {
                    Step::Member(key) => format!("/{key}"),
                    Step::Item(index) => format!("[{index}]"),
                })
                .collect();
            let compile = |text| Query::compile(text, location.clone(), Place::State).map(Box::new);
            expression(text).map(compile).transpose().map_err(|_| location.clone())
        })
    }

    fn evaluate(source: &str) -> Result<String, String> {
        let input = Payload::parse(r#"{"a": [1, 2.5], "b": "x"}"#).unwrap();
        let scope = Scope {
            input: &input,
            result: None,
            error_output: None,
            context: &|| Value::Null,
            variable: &|_| None,
            now_millis: 0,
            seed: &|| 0,
            steps: std::cell::Cell::new(0),
        };
        let value = compile(source)?.evaluate(&scope);
        value.map(|value| value.to_string()).map_err(|failed| failed.location.to_string())
    }

    #[test]
    fn evaluates() {
        let cases = [
            ("null", Ok("null")),
            ("[]", Ok("[]")),
            (r#""{% $states.input.b %}""#, Ok("\"x\"")),
            (r#"" {% 1 %}""#, Ok("\" {% 1 %}\"")),
            (r#"{"b": "{% 1 %}", "a": [], "c.$": "$"}"#, Ok(r#"{"b":1,"a":[],"c.$":"$"}"#)),
            (
                r#"[null, 0.1, "$x", ["{% $states.input.a %}"], {"k": {"l": "{% true %}"}, "m": []}, "z"]"#,
                Ok(r#"[null,0.1,"$x",[[1,2.5]],{"k":{"l":true},"m":[]},"z"]"#),
            ),
            (r#"{"a": {"b": [1, "{% $no %}"]}}"#, Err("/a/b[1]")),
            (r#"{"a": {"b": 1}, "c": [[], "{% 1 + %}"]}"#, Err("/c[1]")),
        ];
        for (source, expected) in cases {
            assert_eq!(evaluate(source), expected.map(str::to_owned).map_err(str::to_owned), "{source}");
        }
    }

    #[test]
    fn many_large_values_are_no_danger() {
        let many = |count: usize| format!("[{}]", vec![r#""{% [1..100000] %}""#; count].join(","));
        assert!(evaluate(&many(12)).is_ok());
        assert_eq!(evaluate(&many(1_000)), Err("[14]".to_owned()));
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = |core: &str| format!("{}{core}{}", "[".repeat(900), "]".repeat(900));
        assert_eq!(evaluate(&deep(r#""{% 1 %}""#)), Ok(deep("1")));
        assert!(compile(&deep("1")).unwrap().constant().is_some());
        assert!(compile(&deep(r#""{% 1 %}""#)).unwrap().constant().is_none());
        assert!(compile(r#""{% 1 %}""#).unwrap().query().is_some());
    }
}
