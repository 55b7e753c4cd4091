//! Payload templates: `Parameters`, `ResultSelector` and the like.

use std::sync::Arc;

use super::EvaluationError;
use super::intrinsic::{Budget, Call, is_call};
use super::path::{Path, Scope};
use crate::json::{Array, Object, Payload, Value, java_map_order};

/// What a key ends in whose value is a path or a call.
const SUFFIX: &str = ".$";

/// A compiled template.
///
/// Evaluating it is a program for a stack of values, so that the depth of a template is no danger: each
/// instruction leaves one value, and a container takes those of its entries.
#[derive(Clone, Debug)]
pub struct Template {
    program: Vec<Instruction>,
    /// The result, if it does not depend on any data.
    constant: Option<Payload>,
}

#[derive(Clone, Debug)]
enum Instruction {
    /// A value as it stands in the template.
    Constant(Value),
    /// What a path leads to. `field` is the key, with its suffix.
    Find { path: Path, field: Arc<str> },
    /// What an intrinsic function gives.
    Call(Call),
    /// An array of the topmost values.
    Array(usize),
    /// An object of the topmost values, one for each key.
    Object(Vec<Arc<str>>),
}

/// What is wrong with a member of a template. `key` is as written, with its `.$`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The value of a `.$` key is neither a path nor the call of an intrinsic function.
    #[error("the value of `{key}` is neither a path nor the call of an intrinsic function")]
    Invalid {
        /// The key.
        key: Arc<str>,
    },
    /// The object has the same key without the suffix too.
    #[error("`{key}` is given twice, with and without `.$`")]
    Collision {
        /// The key.
        key: Arc<str>,
    },
}

impl Template {
    /// Compiles a template, or gives every fault of it. Anything but an object or an array is used as it is.
    pub fn compile(source: &Value) -> Result<Template, Vec<TemplateError>> {
        let mut errors = Vec::new();
        let mut program = Vec::new();
        let mut pending = vec![Task::Visit(source)];
        while let Some(task) = pending.pop() {
            match task {
                Task::Visit(value) => visit(value, &mut pending, &mut errors),
                Task::Append(instruction) => program.push(instruction),
                Task::Close(value, container) => close(value, container, &mut program),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let constant = match program.as_slice() {
            [Instruction::Constant(value)] => Some(Payload::from_value(value.clone())),
            _ => None,
        };
        Ok(Template { program, constant })
    }

    /// The result of a template without any `.$` key: the same for all data.
    pub fn constant(&self) -> Option<&Payload> {
        self.constant.as_ref()
    }

    /// The paths, those in calls included, in the order of the result.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.program.iter().flat_map(|instruction| match instruction {
            Instruction::Find { path, .. } => vec![path],
            Instruction::Call(call) => call.paths(),
            Instruction::Constant(_) | Instruction::Array(_) | Instruction::Object(_) => Vec::new(),
        })
    }

    /// The value for the data of `scope`. What no path or call touches is shared with the template.
    ///
    /// Fails when a path leads nowhere, see [`Missing`](super::path::Missing), and when a function does, see
    /// [`Call::evaluate`].
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, EvaluationError> {
        let mut values = Vec::new();
        let mut budget = Budget::default();
        for instruction in &self.program {
            let value = match instruction {
                Instruction::Constant(value) => value.clone(),
                Instruction::Find { path, field } => {
                    path.find(scope).map_err(|missing| missing.in_payload_field(path, field, scope))?
                }
                Instruction::Call(call) => call.evaluate(scope, &mut budget)?,
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

    /// As [`evaluate`](Template::evaluate); a constant is not printed again.
    pub fn evaluate_payload(&self, scope: &Scope<'_>) -> Result<Payload, EvaluationError> {
        match &self.constant {
            Some(payload) => Ok(payload.clone()),
            None => self.evaluate(scope).map(Payload::from_value),
        }
    }
}

/// The `count` topmost values, in the order in which they were pushed.
fn take(values: &mut Vec<Value>, count: usize) -> impl Iterator<Item = Value> {
    values.drain(values.len().saturating_sub(count)..)
}

/// What is left to compile; the last one is done first.
enum Task<'a> {
    Visit(&'a Value),
    Append(Instruction),
    Close(&'a Value, Instruction),
}

/// Plans the instructions of a value.
fn visit<'a>(value: &'a Value, pending: &mut Vec<Task<'a>>, errors: &mut Vec<TemplateError>) {
    match value {
        Value::Array(array) => {
            pending.push(Task::Close(value, Instruction::Array(array.len())));
            pending.extend(array.iter().rev().map(Task::Visit));
        }
        Value::Object(object) => {
            let (keys, members) = members(object, errors);
            pending.push(Task::Close(value, Instruction::Object(keys)));
            pending.extend(members.into_iter().rev());
        }
        scalar => pending.push(Task::Append(Instruction::Constant(scalar.clone()))),
    }
}

/// Ends a container. If all its entries are constant, so is the whole, and it stays as it is in the template.
fn close(value: &Value, container: Instruction, program: &mut Vec<Instruction>) {
    let entries = match &container {
        Instruction::Array(length) => *length,
        Instruction::Object(keys) => keys.len(),
        Instruction::Constant(_) | Instruction::Find { .. } | Instruction::Call(_) => 0,
    };
    // Invariant: a constant entry is one instruction, and any other entry ends in one that is not constant.
    let start = program.len().saturating_sub(entries);
    let tail = program.get(start..).unwrap_or_default();
    if tail.iter().all(|instruction| matches!(instruction, Instruction::Constant(_))) {
        program.truncate(start);
        program.push(Instruction::Constant(value.clone()));
    } else {
        program.push(container);
    }
}

/// Keys and tasks of an object in the order of the result: first the literal keys as written, then the others
/// in the order of a Java hash map of their names without suffix. Source: the service, recorded.
fn members<'a>(object: &'a Object, errors: &mut Vec<TemplateError>) -> (Vec<Arc<str>>, Vec<Task<'a>>) {
    let mut keys = Vec::with_capacity(object.len());
    let mut tasks = Vec::with_capacity(object.len());
    let mut names = Vec::new();
    let mut finds = Vec::new();
    for (key, value) in object {
        let Some(name) = key.strip_suffix(SUFFIX) else {
            keys.push(Arc::clone(key));
            tasks.push(Task::Visit(value));
            continue;
        };
        match find(key, value) {
            _ if object.contains_key(name) && !name.ends_with(SUFFIX) => {
                errors.push(TemplateError::Collision { key: Arc::clone(key) });
            }
            Err(error) => errors.push(error),
            Ok(instruction) => {
                names.push(name);
                finds.push(Some(Task::Append(instruction)));
            }
        }
    }
    for index in java_map_order(&names) {
        if let (Some(name), Some(task)) = (names.get(index), finds.get_mut(index).and_then(Option::take)) {
            keys.push(Arc::from(*name));
            tasks.push(task);
        }
    }
    (keys, tasks)
}

/// The instruction of a member whose key has the suffix.
fn find(key: &Arc<str>, value: &Value) -> Result<Instruction, TemplateError> {
    let key = Arc::clone(key);
    match value.as_str() {
        Some(text) if text.starts_with('$') => match Path::parse(text) {
            Ok(path) => Ok(Instruction::Find { path, field: key }),
            Err(_) => Err(TemplateError::Invalid { key }),
        },
        Some(text) if is_call(text) => {
            Call::parse(text).map(Instruction::Call).map_err(|_| TemplateError::Invalid { key })
        }
        _ => Err(TemplateError::Invalid { key }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    const INPUT: &str = r#"{"name": "n", "list": [1, 2.50], "deep": {"x": null}}"#;

    fn evaluate(template: &str) -> Result<String, EvaluationError> {
        let input = Payload::parse(INPUT).unwrap();
        let context = || parse(r#"{"Execution":{"Id":"arn"}}"#).unwrap();
        let template = Template::compile(&parse(template).unwrap()).unwrap();
        let scope = Scope::new(&input, &context);
        let value = template.evaluate(&scope).map(|value| value.to_string());
        let payload = template.evaluate_payload(&scope).map(|payload| payload.text().to_owned());
        assert_eq!(value, payload);
        value
    }

    #[test]
    fn evaluates() {
        let cases = [
            ("{}", "{}"),
            (r#"{"a.$":"$.name"}"#, r#"{"a":"n"}"#),
            (r#"{"a.$":"$"}"#, r#"{"a":{"name":"n","list":[1,2.5],"deep":{"x":null}}}"#),
            (r#"{"a.$":"$.deep.x","b.$":"$$.Execution.Id"}"#, r#"{"a":null,"b":"arn"}"#),
            (
                r#"{"a.$":"$.list[*]","b.$":"$.deep.y[1:]","c.$":"$.list[?(@ > 1)]"}"#,
                r#"{"a":[1,2.5],"b":[],"c":[2.5]}"#,
            ),
            (r#"{".$":"$.name"}"#, r#"{"":"n"}"#),
            // Strings that look like paths are strings.
            (
                r#"{"a":"$.name","b":"$$","c":"States.UUID()"}"#,
                r#"{"a":"$.name","b":"$$","c":"States.UUID()"}"#,
            ),
            // Objects and arrays at any depth.
            (r#"{"o":{"p":{"a.$":"$.name"}}}"#, r#"{"o":{"p":{"a":"n"}}}"#),
            (
                r#"{"o":[1,{"a.$":"$.name","b":2},[{"c.$":"$.list[0]"}]]}"#,
                r#"{"o":[1,{"b":2,"a":"n"},[{"c":1}]]}"#,
            ),
            // Calls, beside paths and literals.
            (
                r#"{"o":[{"c.$":"States.Array($.name, $$.Execution.Id, 'x')","b":"y","a.$":"$.name"}]}"#,
                r#"{"o":[{"b":"y","a":"n","c":["n","arn","x"]}]}"#,
            ),
            // Not templates.
            ("\"$.name\"", "\"$.name\""),
            ("[1,{\"a\":2}]", "[1,{\"a\":2}]"),
            ("null", "null"),
        ];
        for (template, expected) in cases {
            assert_eq!(evaluate(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn orders_keys_like_the_service() {
        // Literal keys as written, then the others as a Java hash map of their names lists them.
        let cases = [
            (&["Payload.$", "FunctionName"][..], &["FunctionName", "Payload"][..]),
            (&["Payload.$", "FunctionName.$"], &["FunctionName", "Payload"]),
            (&["b.$", "z", "a.$", "y"], &["z", "y", "a", "b"]),
            (
                &["zeta.$", "alpha.$", "beta.$", "gamma.$", "delta.$"],
                &["zeta", "alpha", "delta", "beta", "gamma"],
            ),
            (
                &["Input.$", "StateMachineArn", "Name.$", "TraceHeader.$"],
                &["StateMachineArn", "Input", "TraceHeader", "Name"],
            ),
            (&["BB.$", "Aa.$", "C.$"], &["BB", "Aa", "C"]),
        ];
        for (keys, expected) in cases {
            // Nested objects follow the same rule.
            let object: Object = keys.iter().map(|key| (*key, Value::from("$"))).collect();
            let result = parse(&evaluate(&format!("{{\"o\":[{}]}}", Value::from(object))).unwrap()).unwrap();
            let result =
                result.get("o").and_then(Value::as_array).and_then(|array| array[0].as_object()).unwrap();
            let result: Vec<_> = result.keys().map(|key| &**key).collect();
            assert_eq!(result, expected);
        }
    }

    #[test]
    fn says_which_field_is_missing() {
        let text = |path: &str, field: &str, input: &str| {
            format!(
                "The JSONPath '{path}' specified for the field '{field}' could not be found in the input \
                 '{input}'"
            )
        };
        let cases = [
            (r#"{"a.$":"$.no"}"#, text("$.no", "a.$", INPUT)),
            (r#"{"o":[{"p.$":"$.name.x"}]}"#, text("$.name.x", "p.$", INPUT)),
            (r#"{"a.$":"$.list[2]"}"#, text("$.list[2]", "a.$", INPUT)),
            (r#"{"a.$":"$$.No.Such"}"#, text("$$.No.Such", "a.$", r#"{"Execution":{"Id":"arn"}}"#)),
        ];
        for (template, expected) in cases {
            assert_eq!(evaluate(template), Err(expected.into()), "{template}");
        }
    }

    #[test]
    fn finds_every_fault() {
        let compile = |template: &str| Template::compile(&parse(template).unwrap()).map(|_| ()).unwrap_err();
        let key = |key: &str| Arc::<str>::from(key);
        assert_eq!(
            compile(
                r#"{"a.$":"x","b.$":1,"c.$":"$[a]","d.$":"States.UUID(1)","e":1,"e.$":"$","f":[{"g.$":"$."}],
                "h.$":"States.","i.$":"States.Format('{}', $.a"}"#
            ),
            [
                TemplateError::Invalid { key: key("a.$") },
                TemplateError::Invalid { key: key("b.$") },
                TemplateError::Invalid { key: key("c.$") },
                TemplateError::Invalid { key: key("d.$") },
                TemplateError::Collision { key: key("e.$") },
                TemplateError::Invalid { key: key("h.$") },
                TemplateError::Invalid { key: key("i.$") },
                TemplateError::Invalid { key: key("g.$") },
            ]
        );
        assert_eq!(
            TemplateError::Collision { key: key("e.$") }.to_string(),
            "`e.$` is given twice, with and without `.$`"
        );
    }

    #[test]
    fn constants_are_not_rebuilt() {
        let source = parse(r#"{"b":[1,{"a":2}],"c":{}}"#).unwrap();
        let template = Template::compile(&source).unwrap();
        let constant = template.constant().unwrap().clone();
        assert_eq!(constant.value(), &source);
        let input = Payload::empty_object();
        let scope = Scope::new(&input, &|| Value::Null);
        assert!(template.evaluate_payload(&scope).unwrap().ptr_eq(&constant));

        let source = parse(r#"{"b":[1,{"a":2}],"c.$":"$"}"#).unwrap();
        let template = Template::compile(&source).unwrap();
        assert!(template.constant().is_none());
        let value = template.evaluate(&scope).unwrap();
        match (source.get("b"), value.get("b")) {
            (Some(Value::Array(written)), Some(Value::Array(evaluated))) => {
                assert!(Arc::ptr_eq(written, evaluated))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lists_its_paths() {
        let template =
            parse(r#"{"b.$":"$.x","c":[{"a.$":"$v"}],"d.$":"States.Format('{}', $w, $.y)"}"#).unwrap();
        let template = Template::compile(&template).unwrap();
        assert_eq!(template.paths().map(Path::text).collect::<Vec<_>>(), ["$v", "$.x", "$w", "$.y"]);
    }

    #[test]
    fn depth_is_no_danger() {
        const LEVELS: usize = 20_000;
        let deep = |inner: Value| {
            (0..LEVELS).fold(inner, |inner, _| {
                Value::from(vec![[("o", inner)].into_iter().collect::<Object>().into()])
            })
        };
        let leaf: Object = [("a.$", "$.x")].into_iter().collect();
        let source = deep(leaf.into());
        let evaluate = move || {
            let template = Template::compile(&source).unwrap();
            let input = Payload::parse("{\"x\":7}").unwrap();
            let evaluated = template.evaluate(&Scope::new(&input, &|| Value::Null)).unwrap();
            evaluated.to_string()
        };
        let small = std::thread::Builder::new().stack_size(64 * 1024);
        let text = small.spawn(evaluate).unwrap().join().unwrap();
        assert_eq!(text, format!("{}{{\"a\":7}}{}", "[{\"o\":".repeat(LEVELS), "}]".repeat(LEVELS)));
    }
}
