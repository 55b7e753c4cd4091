//! Intrinsic functions: `States.Format('Hello {}', $.name)`, where a template or a Fail state takes a call
//! instead of a path.
//!
//! A [`Call`] is compiled once; that finds every fault which does not depend on data: syntax, unknown names,
//! the number of arguments. A new function is a function in `array.rs`, `text.rs` or `number.rs`, and a line
//! in the table of `functions.rs`.
//!
//! Evaluating a call recurses as deep as calls are nested, which [`Call::parse`] bounds. What it builds is
//! bounded by a [`Budget`]. This module must not know templates, states or where a call may stand.

mod array;
mod functions;
mod number;
mod parse;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use super::EvaluationError;
use super::path::{Missing, Path, Scope};
use crate::json::Value;
use functions::{Function, Problem, Run};

pub(super) use number::uuid_of;
pub(super) use text::digest;

/// How deep calls may be nested, the outermost counted.
///
/// The guide gives ten; whether it means the depth or all calls of a field is not known, and the
/// depth is what keeps the stack small.
pub const MAX_NESTING: usize = 10;

/// A compiled call, with the calls in its arguments.
#[derive(Clone, Debug)]
pub struct Call {
    text: Arc<str>,
    root: Invocation,
}

/// One function with its arguments.
#[derive(Clone, Debug)]
struct Invocation {
    function: &'static Function,
    arguments: Vec<Argument>,
}

#[derive(Clone, Debug)]
enum Argument {
    /// As written.
    Literal(Value),
    /// What a path leads to.
    Path(Path),
    /// What another call gives.
    Call(Invocation),
}

/// A text is not a call that can be evaluated: not a call at all, of an unknown function, with another number
/// of arguments, with a path that is none, or nested too deep. The service does not say which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a call of an intrinsic function")]
pub struct CallError;

/// Whether a text is to be read as a call, good or bad, and not as a path.
pub fn is_call(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// What the name of every function begins with.
const PREFIX: &str = "States.";

impl Call {
    /// Compiles a call. Blanks count neither around arguments nor at the end.
    pub fn parse(text: &str) -> Result<Call, CallError> {
        Ok(Call { text: Arc::from(text), root: parse::parse(text)? })
    }

    /// The call as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the outermost function: `States.Format`.
    pub fn function(&self) -> &'static str {
        self.root.function.name
    }

    /// The paths among the arguments, those of nested calls included, in order.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        self.root.collect_paths(&mut paths);
        paths
    }

    /// The value for the data of `scope`.
    ///
    /// Fails where a path leads nowhere and where a function cannot take its arguments, always with
    /// `States.Runtime`; and where more is built than `budget` has left.
    pub fn evaluate(&self, scope: &Scope<'_>, budget: &mut Budget) -> Result<Value, EvaluationError> {
        self.invoke(&self.root, &mut Run { scope, budget })
    }

    fn invoke(&self, invocation: &Invocation, run: &mut Run<'_>) -> Result<Value, EvaluationError> {
        let mut values = Vec::with_capacity(invocation.arguments.len());
        for argument in &invocation.arguments {
            values.push(match argument {
                Argument::Literal(value) => value.clone(),
                Argument::Path(path) => {
                    path.find(run.scope).map_err(|missing| self.missing(path, &missing, run.scope))?
                }
                Argument::Call(inner) => self.invoke(inner, run)?,
            });
        }
        let name = invocation.function.name;
        (invocation.function.evaluate)(&values, run).map_err(|problem| self.failure(name, problem))
    }

    /// The failure of one function. The call is shown whole, whichever function it is.
    /// Source: the service, recorded for ArrayLength.
    #[cold]
    fn failure(&self, function: &str, problem: Problem) -> EvaluationError {
        let reason = match problem {
            Problem::TooLarge => return EvaluationError::TooLarge,
            Problem::Arguments => format!("Invalid arguments in {function}"),
        };
        let call = &self.text;
        format!("There was an error while evaluating the intrinsic function: {call}. {reason}").into()
    }

    /// The failure of a path among the arguments. Source: the service, recorded.
    #[cold]
    fn missing(&self, path: &Path, missing: &Missing, scope: &Scope<'_>) -> EvaluationError {
        let in_context = path.text().starts_with("$$");
        let no_input = !in_context && path.variable().is_none() && scope.input().value().is_null();
        // To the service's path library these are no paths without a result: their texts stand alone.
        let reason = missing.reason();
        let is_no_path = reason.starts_with("Filter: ") || reason.starts_with("Multi properties ");
        if no_input || is_no_path || missing.is_exhausted() {
            return reason.to_owned().into();
        }
        let input = if in_context { scope.context().to_string() } else { scope.input().text().to_owned() };
        let (call, path) = (&self.text, path.text());
        EvaluationError::Runtime(format!(
            "The function '{call}' had the following error: The JsonPath argument for the field '{path}' could \
             not be found in the input '{input}'"
        ))
    }
}

impl Invocation {
    fn collect_paths<'a>(&'a self, paths: &mut Vec<&'a Path>) {
        for argument in &self.arguments {
            match argument {
                Argument::Literal(_) => {}
                Argument::Path(path) => paths.push(path),
                Argument::Call(inner) => inner.collect_paths(paths),
            }
        }
    }
}

/// How much memory the calls of one field may still fill, in bytes, roughly.
///
/// A call is short, and can mention a large input many times, or the result of another call: without
/// a limit a small definition fills the memory. One budget serves all calls of one template.
#[derive(Debug)]
pub struct Budget {
    left: usize,
}

impl Budget {
    /// What is built and thrown away again counts as well, so this is much more than a payload: enough for
    /// any result that is within the limit.
    const BYTES: usize = 16 << 20;

    fn spend(&mut self, bytes: usize) -> Result<(), Problem> {
        self.left = self.left.checked_sub(bytes).ok_or(Problem::TooLarge)?;
        Ok(())
    }
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { left: Budget::BYTES }
    }
}
