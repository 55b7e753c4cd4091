//! JSONata: a query and transformation language for JSON, as the reference, version 2.0.6, speaks it.
//!
//! An [`Expression`] is compiled once and shared; evaluating it is pure. What it may look at comes in as
//! [`Bindings`], what it may spend as [`Options`].
//!
//! ```
//! use gradus_core::{expr::jsonata::{Bindings, Expression, Options}, json};
//!
//! let expression = Expression::compile("$sum(items[price > $least].(price * count))")?;
//! let input = json::parse(r#"{"items": [{"price": 2, "count": 3}, {"price": 0.5, "count": 8}]}"#).unwrap();
//!
//! let mut bindings = Bindings::new();
//! bindings.bind("least", 1);
//! let result = expression.evaluate(&input, &bindings, &Options::default())?;
//! assert_eq!(result, Some(json::parse("6").unwrap()));
//!
//! let error = Expression::compile("1 +").unwrap_err();
//! assert_eq!((error.code(), error.position()), (Some("S0207"), Some(3)));
//! # Ok::<(), gradus_core::expr::jsonata::Error>(())
//! ```
//!
//! Differences from the reference, all on purpose: keys of objects stay in the order in which they came, also if
//! they look like integers, and constructors evaluate their items in turn, not all at the same time; no value is
//! changed in place; a built-in function keeps its signature when it is partially applied; `$eval` does not exist;
//! strings are Unicode, so half a surrogate pair becomes U+FFFD; integers beyond 2^53 stay exact while nobody counts
//! with them; and where the reference falls over its own implementation language, or prints `NaN`, there is a plain
//! answer or fault. `tests/jsonata/differences.json` has them all.
//!
//! This module must not know states, executions or the States Language.

mod ast;
mod error;
mod eval;
mod functions;
#[cfg(test)]
mod hostile;
mod lexer;
mod parse;
pub(crate) mod picture;
mod references;
pub(crate) mod regex;
mod signature;
#[cfg(test)]
mod tests;
mod text;
mod value;

use std::{collections::HashMap, fmt, sync::Arc};

use crate::json::Value;

pub use error::{Error, ErrorKind};
pub use references::{References, Variable};

/// Why an evaluation stops that holds too much.
pub(super) const MEMORY: &str =
    "Expression evaluation memory limit exceeded: Check for excessive memory usage";
/// Why an evaluation stops that takes too long.
const TIMEOUT: &str = "Expression evaluation timeout: Check for infinite loop";
/// Why an evaluation stops that nests too deeply.
const STACK: &str = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive";

/// A compiled expression.
#[derive(Debug)]
pub struct Expression {
    program: Box<parse::Program>,
}

impl Expression {
    /// Compiles an expression. Fails with a code that starts with `S`.
    pub fn compile(text: &str) -> Result<Expression, Error> {
        parse::parse(text)
            .map(|program| Expression { program: Box::new(program) })
            .map_err(|fault| fault.finish())
    }

    /// Evaluates the expression on `input`. `None` is undefined: there is nothing, not even null.
    pub fn evaluate(
        &self,
        input: &Value,
        bindings: &Bindings,
        options: &Options,
    ) -> Result<Option<Value>, Error> {
        self.evaluate_counted(input, bindings, options).0
    }

    /// As [`evaluate`](Expression::evaluate), and says what it took, also where it failed.
    pub fn evaluate_counted(
        &self,
        input: &Value,
        bindings: &Bindings,
        options: &Options,
    ) -> (Result<Option<Value>, Error>, Spent) {
        let (result, spent) = eval::evaluate(&self.program, input, bindings, options);
        (result.map_err(|fault| fault.finish()), spent)
    }

    /// What the expression takes from outside of itself.
    pub fn references(&self) -> References<'_> {
        references::of(&self.program)
    }
}

/// Whether a built-in function has this name, without its dollar sign.
pub fn is_built_in(name: &str) -> bool {
    functions::TABLE.iter().any(|built_in| built_in.name == name)
}

/// What an evaluation has taken of its budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// As [`Options::max_steps`] counts.
    pub steps: u64,
    /// As [`Options::max_bytes`] counts: the most that was held at a time, and all that was too small to be followed.
    pub bytes: usize,
}

/// What an evaluation may spend, and what it cannot know by itself.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many steps: an expression evaluated, a function called, some items looked at.
    pub max_steps: u64,
    /// How deep evaluation may nest, at most [`Options::MAX_DEPTH`]. Source: the service, recorded.
    pub max_depth: usize,
    /// How many bytes the values of the expression's own making may take at a time; one text may take an eighth.
    /// What is small is not followed: short texts and small objects may take as much again in all.
    pub max_bytes: usize,
    /// What `$now` and `$millis` say: milliseconds since 1970, UTC.
    pub now_millis: f64,
    /// Where `$random` and `$shuffle` start from.
    pub seed: u64,
}

impl Options {
    /// The deepest nesting that fits the stack of a thread, 2 MiB.
    pub const MAX_DEPTH: usize = 250;
}

impl Default for Options {
    /// A tenth of a second or less, depth 100, 16 MiB and some, at the start of 1970.
    fn default() -> Options {
        Options { max_steps: 4_000_000, max_depth: 100, max_bytes: 16 << 20, now_millis: 0.0, seed: 0 }
    }
}

/// Variables and functions that an expression finds beside the built-in ones, and before them.
#[derive(Clone, Default)]
pub struct Bindings {
    values: HashMap<Arc<str>, Value>,
    functions: Vec<HostFunction>,
}

impl Bindings {
    /// No bindings.
    pub fn new() -> Bindings {
        Bindings::default()
    }

    /// Binds the variable `$name`.
    pub fn bind(&mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> &mut Bindings {
        self.values.insert(name.into(), value.into());
        self
    }

    /// Binds the function `$name`, which declares `parameters` and takes any arguments.
    pub fn register(
        &mut self,
        name: impl Into<Arc<str>>,
        parameters: usize,
        call: impl Fn(&[Option<Value>]) -> Result<Option<Value>, String> + Send + Sync + 'static,
    ) -> &mut Bindings {
        let call = move |arguments: HostArguments<'_>| call(arguments.values).map_err(HostError::Message);
        self.bind_function(&HostFunction::make(name.into(), parameters, None, call))
    }

    /// Binds a function that was made before.
    pub fn bind_function(&mut self, function: &HostFunction) -> &mut Bindings {
        self.functions.retain(|host| host.0.name != function.0.name);
        self.functions.push(function.clone());
        self
    }
}

/// A function of the host's: made once, and bound to as many evaluations as one likes.
#[derive(Clone)]
pub struct HostFunction(Arc<Host>);

/// The body of a host function: arguments to a value, or to nothing.
type HostCall = dyn Fn(HostArguments<'_>) -> Result<Option<Value>, HostError> + Send + Sync;

struct Host {
    name: Arc<str>,
    parameters: usize,
    signature: Option<signature::Signature>,
    /// An array that it gives is a sequence: it collapses to its item if it has but one.
    sequence: bool,
    call: Box<HostCall>,
}

/// What a host function is called with.
pub struct HostArguments<'a> {
    /// The arguments, of which each may be undefined.
    pub values: &'a [Option<Value>],
    /// Draws bits that look random and follow from [`Options::seed`].
    pub draw: &'a mut dyn FnMut() -> u64,
}

/// Why a host function fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// With this text.
    Message(String),
    /// It would hold too much.
    Memory,
}

impl HostFunction {
    /// The function `$name`, which declares `parameters`. A signature, as in `function($x)<n:n>{...}`, checks
    /// its arguments; a malformed one checks nothing.
    pub fn new(
        name: &str,
        parameters: usize,
        signature: &str,
        call: impl Fn(HostArguments<'_>) -> Result<Option<Value>, HostError> + Send + Sync + 'static,
    ) -> HostFunction {
        HostFunction::make(name.into(), parameters, signature::Signature::parse(signature).ok(), call)
    }

    fn make(
        name: Arc<str>,
        parameters: usize,
        signature: Option<signature::Signature>,
        call: impl Fn(HostArguments<'_>) -> Result<Option<Value>, HostError> + Send + Sync + 'static,
    ) -> HostFunction {
        HostFunction(Arc::new(Host { name, parameters, signature, sequence: false, call: Box::new(call) }))
    }

    /// The same function, whose array is a sequence: one item stands for itself, and none is undefined.
    #[must_use]
    pub fn giving_a_sequence(mut self) -> HostFunction {
        if let Some(host) = Arc::get_mut(&mut self.0) {
            host.sequence = true;
        }
        self
    }

    /// The name, without a dollar sign.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

impl fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.0.name)
    }
}

impl fmt::Debug for Bindings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bindings").field("values", &self.values).field("functions", &self.functions).finish()
    }
}

/// The JSON text of a value as JavaScript prints it: `1e+21`, `0.1`; what is not finite is `null`.
pub fn to_text(value: &Value) -> String {
    let mut text = String::new();
    text::write_json(value, &mut text);
    text
}
