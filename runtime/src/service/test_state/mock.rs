//! Mocks: what may stand for the work of a state, and whether it could be the answer of what it stands for.
//!
//! Source of the texts: the service, recorded.

use gradus_api::enums::MockResponseValidationMode as Mode;
use gradus_api::shapes::MockInput;
use gradus_core::asl::definition::{Kind, State};
use gradus_core::json::{Payload, Value};
use gradus_core::machine::Failure;

use super::Found;
use super::outputs::{Operation, Output, Shape};

/// Whether a state of this kind may be mocked: those whose work is done elsewhere.
pub(super) fn can_stand_for(kind: &Kind) -> bool {
    matches!(kind, Kind::Task(_) | Kind::Parallel(_) | Kind::Map(_))
}

/// Reads what a mock says, and checks it against the state.
pub(super) fn read(
    mock: MockInput,
    found: &Found<'_>,
    state: &State,
) -> Result<Result<Payload, Failure>, String> {
    if let Some(output) = mock.error_output {
        let (error, cause) = (output.error.map(Into::into), output.cause.map(Into::into));
        return Ok(Err(Failure { error, cause, heartbeat: false }));
    }
    let text = mock.result.unwrap_or_default();
    let result = Payload::parse(&text).map_err(|_| "Mocked result must be valid JSON".to_owned())?;
    check(&result, found, state, mock.field_validation_mode.unwrap_or(Mode::Strict))?;
    Ok(Ok(result))
}

fn check(result: &Payload, found: &Found<'_>, state: &State, mode: Mode) -> Result<(), String> {
    let value = result.value();
    match &state.kind {
        Kind::Map(_) if found.state.get("ResultWriter").is_some() => match value {
            Value::Object(_) => Ok(()),
            _ => Err("Mocked result must be a JSON object.".to_owned()),
        },
        Kind::Map(_) => array(value).map(drop),
        Kind::Parallel(parallel) => {
            if array(value)?.len() == parallel.branches.len() {
                return Ok(());
            }
            Err("Mocked result must contain the same number of items as number of Parallel branches."
                .to_owned())
        }
        Kind::Task(task) if mode != Mode::None => {
            let Some(operation) = Operation::of(&task.resource) else { return Ok(()) };
            let Some(output) = operation.output() else { return Ok(()) };
            let fault = Check { operation, output: &output, strict: mode == Mode::Strict }.check(value);
            fault.map_err(|fault| format!("Mock result schema validation error: {fault}"))
        }
        _ => Ok(()),
    }
}

fn array(value: &Value) -> Result<&[Value], String> {
    value.as_array().ok_or_else(|| "Mocked result must be an array.".to_owned())
}

/// A result beside the shape that it should have.
struct Check<'a> {
    operation: Operation<'a>,
    output: &'a Output,
    /// What is required must be there.
    strict: bool,
}

impl Check<'_> {
    /// The first fault, in the order of the model. Without recursion, whatever the depth of a result.
    fn check(&self, result: &Value) -> Result<(), String> {
        let Some(root) = self.output.root else { return Ok(()) };
        // What the service calls a whole result that is no object was not recorded.
        let mut open = vec![("Result".to_owned(), root, result)];
        while let Some((field, shape, value)) = open.pop() {
            open.extend(self.parts(field, shape, value)?.into_iter().rev());
        }
        Ok(())
    }

    /// Checks a value by itself; gives its parts, which are still to be checked. Parts without a name of
    /// their own are shown by that of the member around them.
    fn parts<'v>(
        &self,
        field: String,
        shape: usize,
        value: &'v Value,
    ) -> Result<Vec<(String, usize, &'v Value)>, String> {
        let fault = |what: &str| Err(format!("Field '{field}' {what}"));
        match self.output.shape(shape) {
            Shape::Structure(members) => match value {
                Value::Object(object) => {
                    let mut parts = Vec::new();
                    for member in members {
                        let name = self.operation.names.name(&member.name);
                        // A member that is null is one that is not there.
                        match object.get(&name).filter(|value| !value.is_null()) {
                            None if member.required && self.strict => {
                                return Err(format!("Required field '{name}' is missing"));
                            }
                            Some(value) if !self.operation.any.contains(&&*name) => {
                                parts.push((name, member.shape, value));
                            }
                            None | Some(_) => {}
                        }
                    }
                    Ok(parts)
                }
                _ => fault("must be an object"),
            },
            Shape::List { of, min } => match value {
                Value::Array(items) if (items.len() as u64) < *min => fault(TOO_SHORT),
                Value::Array(items) => Ok(items.iter().map(|item| (field.clone(), *of, item)).collect()),
                _ => fault("must be an array"),
            },
            Shape::Map { of } => match value {
                Value::Object(object) => {
                    Ok(object.values().map(|value| (field.clone(), *of, value)).collect())
                }
                _ => fault("must be an object"),
            },
            Shape::Text { min } => match value {
                Value::String(text) if (text.chars().count() as u64) < *min => fault(TOO_SHORT),
                Value::String(_) => Ok(Vec::new()),
                _ => fault("must be a string"),
            },
            Shape::Enum(values) => match value {
                Value::String(text) if values.iter().all(|value| **value != **text) => {
                    fault("is not an expected value")
                }
                Value::String(_) => Ok(Vec::new()),
                _ => fault("must be a string"),
            },
            Shape::Number { min, max } => match value.as_f64() {
                Some(number) if min.is_some_and(|min| number < min) => {
                    fault("is less than the minimum value")
                }
                Some(number) if max.is_some_and(|max| number > max) => fault("exceeds the maximum value"),
                Some(_) => Ok(Vec::new()),
                None => fault("must be a number"),
            },
            Shape::Boolean => match value {
                Value::Bool(_) => Ok(Vec::new()),
                _ => fault("must be a boolean"),
            },
            Shape::Any => Ok(Vec::new()),
        }
    }
}

const TOO_SHORT: &str = "is smaller than the minimum length";
