//! JSONPath as the service evaluates it, and reference paths, which say where to insert.
//!
//! The dialect is that of Jayway JsonPath 1.2 to 2.0, on Jackson's maps and lists: no quoting in brackets but
//! `'`, no escapes, negative indexes out of bounds, functions such as `length()` plain names. A path of names
//! and single indexes is definite: it leads to one value or fails. Any other path gives an array, if only an
//! empty one.
//!
//! - `parse` reads the text, `query` holds the steps and follows definite ones without allocating.
//! - `evaluate` walks along all others, with a stack of its own, and gives up in time.
//! - `filter` says what `[?(…)]` selects; `decimal` and `regex` compare for it.
//! - [`Missing`] words the failures, [`ReferencePath`] inserts.
//!
//! This module must not know states or templates.

mod decimal;
mod evaluate;
mod filter;
mod missing;
mod parse;
mod query;
mod reference;
mod regex;
#[cfg(test)]
mod tests;

use std::{
    cell::{Cell, OnceCell},
    sync::Arc,
};

use self::{
    evaluate::{Failure, evaluate},
    missing::Reason,
    query::{Query, Step},
};
use super::random;
use crate::json::{Payload, Value};

pub use self::{
    missing::Missing,
    reference::{Conflict, REFERENCE_PATH_CONFLICT, ReferencePath},
};

/// How much work one evaluation may be, in visits of a value; keeping a result counts for several. A payload
/// of the largest size can be scanned and filtered several times over, in a fraction of a second.
const MAX_VISITS: usize = 5_000_000;

/// How much work all evaluations in one scope may be together: a definition has room for a hundred thousand
/// paths. What they have found is in memory at the same time.
const MAX_SCOPE_VISITS: usize = 4 * MAX_VISITS;

/// A compiled path: `$`, `$.a['b'][0]`, `$.items[?(@.price < 10)]`, `$$.Execution.Id`, `$variable.a`.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    text: Arc<str>,
    root: Root,
    query: Query,
}

/// Where a path starts.
#[derive(Clone, Debug, PartialEq)]
enum Root {
    /// `$`
    Input,
    /// `$$`
    Context,
    /// `$name`
    Variable(Arc<str>),
}

/// What a path starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The state's data.
    Input,
    /// The context object.
    Context,
    /// A variable.
    Variable,
}

/// A text is not a path. Shows the reason, in the words of the service's path library.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PathError {
    reason: String,
}

impl Path {
    /// Compiles a path. It must start with `$`; blanks at its end do not count.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        let compile = || {
            let (root, steps) = parse_root(text.trim_end_matches(|character| character <= ' '))?;
            Ok(Path { text: Arc::from(text), root, query: parse::compile_steps(steps)? })
        };
        compile().map_err(|reason| PathError { reason })
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the variable that the path starts from, if it does.
    pub fn variable(&self) -> Option<&str> {
        if let Root::Variable(name) = &self.root { Some(name) } else { None }
    }

    /// What the path starts from.
    pub fn origin(&self) -> Origin {
        match &self.root {
            Root::Input => Origin::Input,
            Root::Context => Origin::Context,
            Root::Variable(_) => Origin::Variable,
        }
    }

    /// The path from its root as a JSON pointer (RFC 6901), if it consists of names and of indexes that are
    /// not negative.
    pub fn pointer(&self) -> Option<String> {
        self.query.steps().iter().try_fold(String::new(), |pointer, step| match step {
            Step::Name(name) => Some(format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))),
            Step::Index(index @ 0..) => Some(format!("{pointer}/{index}")),
            _ => None,
        })
    }

    /// Whether the path is `$`: all of the input, whatever it is.
    pub fn is_whole_input(&self) -> bool {
        self.root == Root::Input && self.query.steps().is_empty()
    }

    /// Whether the path leads to one value, if to any. The result of another path is an array.
    pub fn is_definite(&self) -> bool {
        self.query.is_definite()
    }

    /// Whether the path could be a reference path, but for its root: it consists of names and of indexes that
    /// are not negative, and has none of the characters `@ , : ? *` outside quotes.
    pub fn is_reference(&self) -> bool {
        let is_plain =
            outside_quotes(&self.text).all(|character| !matches!(character, '@' | ',' | ':' | '?' | '*'));
        is_plain && self.query.steps().iter().all(|step| matches!(step, Step::Name(_) | Step::Index(0..)))
    }

    /// The value that the path leads to; JSON null is a value. For a path that is not definite, the array of
    /// all values in the order of the visits.
    ///
    /// All but `$` itself fail on a null input. A definite path reads nothing that it does not lead through;
    /// any other path gives up when it visits more than its share.
    pub fn find(&self, scope: &Scope<'_>) -> Result<Value, Missing> {
        match &self.root {
            Root::Input => {
                let input = scope.input.value();
                if input.is_null() && !self.query.steps().is_empty() {
                    return Err(Missing::new(Reason::NullInput));
                }
                self.walk("$", input, scope)
            }
            Root::Context => self.walk("$", scope.context(), scope),
            Root::Variable(name) => {
                // Variables read as the members of one object; the texts for them are not recorded.
                let place = format!("$['{name}']");
                match (scope.variables)(name) {
                    Some(value) => self.walk(&place, &value, scope),
                    None if self.query.steps().is_empty() => {
                        Err(missing(format!("No results for path: {place}")))
                    }
                    None => Err(missing(format!("Missing property in path {place}"))),
                }
            }
        }
    }

    fn walk(&self, origin: &str, value: &Value, scope: &Scope<'_>) -> Result<Value, Missing> {
        if self.is_definite()
            && let Ok(value) = self.query.follow(value)
        {
            return Ok(value.into_owned());
        }
        self.walk_anywhere(origin, value, scope)
    }

    /// The way of paths that are not definite, and of definite ones that lead nowhere: here it is known where
    /// they end.
    fn walk_anywhere(&self, origin: &str, value: &Value, scope: &Scope<'_>) -> Result<Value, Missing> {
        let (share, rest) = scope.share();
        let mut budget = Budget { left: share };
        let hits = evaluate(&self.query, value, origin, &mut budget);
        scope.visits.set(rest + budget.left);
        let hits = hits.map_err(|failure| {
            Missing::new(match failure {
                Failure::Path(reason) => Reason::Path(reason),
                Failure::Exhausted => Reason::Exhausted,
            })
        })?;
        if !self.is_definite() {
            return Ok(Value::from(hits));
        }
        hits.into_iter().next().ok_or_else(|| missing(format!("No results for path: {}", self.text)))
    }
}

/// What a path can look at.
///
/// The context object and variables are asked for only when a path starts from them; the context object is
/// built once.
pub struct Scope<'a> {
    input: &'a Payload,
    context: &'a dyn Fn() -> Value,
    variables: &'a dyn Fn(&str) -> Option<Value>,
    built_context: OnceCell<Value>,
    seed: u64,
    draws: Cell<u64>,
    /// How many visits are left to all evaluations.
    visits: Cell<usize>,
}

impl<'a> Scope<'a> {
    /// A scope without variables: `input` is `$`, `context` builds `$$`.
    pub fn new(input: &'a Payload, context: &'a dyn Fn() -> Value) -> Scope<'a> {
        let variables = &|_: &str| None;
        let (built_context, draws, visits) = (OnceCell::new(), Cell::new(0), Cell::new(MAX_SCOPE_VISITS));
        Scope { input, context, variables, built_context, seed: 0, draws, visits }
    }

    /// The same scope, with variables.
    pub fn with_variables(self, variables: &'a dyn Fn(&str) -> Option<Value>) -> Scope<'a> {
        Scope { variables, ..self }
    }

    /// The same scope, with a seed from which all its random numbers follow; it is 0 by default.
    pub fn with_seed(self, seed: u64) -> Scope<'a> {
        Scope { seed, ..self }
    }

    /// The next random number.
    pub fn draw(&self) -> u64 {
        random::nth(self.seed, self.draws.replace(self.draws.get().wrapping_add(1)))
    }

    /// How many visits one evaluation may make, and what is left for others.
    fn share(&self) -> (usize, usize) {
        let share = self.visits.get().min(MAX_VISITS);
        (share, self.visits.get() - share)
    }

    /// How many visits all evaluations have made so far.
    pub fn visits(&self) -> usize {
        MAX_SCOPE_VISITS - self.visits.get()
    }

    /// `$`.
    pub fn input(&self) -> &'a Payload {
        self.input
    }

    /// `$$`.
    pub fn context(&self) -> &Value {
        self.built_context.get_or_init(self.context)
    }
}

/// What is left of the work that one evaluation may be.
struct Budget {
    left: usize,
}

/// A [`Budget`] is used up.
struct Exhausted;

impl Budget {
    #[cfg(test)]
    fn new() -> Budget {
        Budget { left: MAX_VISITS }
    }

    fn spend(&mut self, work: usize) -> Result<(), Exhausted> {
        self.left = self.left.checked_sub(work).ok_or(Exhausted)?;
        Ok(())
    }
}

fn missing(reason: String) -> Missing {
    Missing::new(Reason::Path(reason))
}

/// The root of a path, and the text behind it.
fn parse_root(text: &str) -> Result<(Root, &str), String> {
    let invalid = || parse::invalid_path(&format!("Invalid path {text}"));
    let rest = text.strip_prefix('$').ok_or_else(invalid)?;
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, steps) = rest.split_at(end);
    match name {
        "" => Ok((Root::Input, steps)),
        "$" => Ok((Root::Context, steps)),
        name if is_variable_name(name) => Ok((Root::Variable(Arc::from(name)), steps)),
        _ => Err(invalid()),
    }
}

/// The most UTF-16 units in the name of a variable.
pub const MAX_VARIABLE_NAME_UNITS: usize = 80;

/// Whether a name is an identifier of Unicode (UAX 31), as those of variables are. The standard library does not
/// know that property; letters, digits and combining marks come near it. An underscore may come first, as people
/// expect.
pub fn is_identifier(name: &str) -> bool {
    let starts = |character: char| character.is_alphabetic() || character == '_';
    let is_mark = |character: char| matches!(character, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}');
    let goes_on = |character: char| starts(character) || character.is_numeric() || is_mark(character);
    name.starts_with(starts) && name.chars().all(goes_on)
}

/// What can be the name of a variable, the one that the language keeps for itself included.
fn is_variable_name(name: &str) -> bool {
    is_identifier(name) && name.encode_utf16().count() <= MAX_VARIABLE_NAME_UNITS
}

fn outside_quotes(text: &str) -> impl Iterator<Item = char> {
    text.split('\'').step_by(2).flat_map(str::chars)
}
