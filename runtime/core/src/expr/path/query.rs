//! What stands behind the root of a path: its steps, and the quick way along those that lead to one value.
//!
//! This module must not know texts of paths, failures of states or scopes.

use std::{
    borrow::Cow,
    fmt::{self, Write},
    sync::Arc,
};

use super::filter::Filter;
use crate::json::{Object, Value};

/// The steps of a path, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    steps: Vec<Step>,
    /// From here on every step is definite.
    definite_from: usize,
    /// An upper bound of the work of [`follow`](Query::follow), in units of a [`Budget`](super::Budget).
    weight: usize,
}

/// One step. Definite are those that lead to one value: names and single indexes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// `$` behind the start: stays where it is, and messages forget the way so far.
    Root,
    /// `.name`, `['name']`
    Name(Arc<str>),
    /// `['a', 'b']`: an object of the members that are there. Also a list of no name, as in `['a`.
    Names(Vec<Arc<str>>),
    /// `[n]`; a negative index is out of bounds.
    Index(i32),
    /// `[(@.length-n)]`
    FromEnd(i32),
    /// `[a,b]`: in this order, repeats kept.
    Indexes(Vec<i32>),
    /// `[a:]`
    From(i32),
    /// `[:b]`
    To(i32),
    /// `[a:b]`
    Between(i32, i32),
    /// `.*`, `[*]`
    Wildcard,
    /// `[?(…)]`
    Filter(Arc<Filter>),
    /// `..`: the next step, wherever it finds something.
    Scan,
}

impl Step {
    pub(super) fn is_definite(&self) -> bool {
        match self {
            Step::Root | Step::Name(_) | Step::Names(_) | Step::Index(_) | Step::FromEnd(_) => true,
            Step::Indexes(_)
            | Step::From(_)
            | Step::To(_)
            | Step::Between(..)
            | Step::Wildcard
            | Step::Filter(_)
            | Step::Scan => false,
        }
    }

    /// Where this step leads from `value`, if it leads to one value that is there already.
    pub(super) fn descend<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match (self, value) {
            (Step::Root, _) => Some(value),
            (Step::Name(name), Value::Object(object)) => object.get(name),
            (Step::Index(index), Value::Array(array)) => element(array, i64::from(*index)),
            (Step::FromEnd(back), Value::Array(array)) => element(array, from_end(array, *back)),
            _ => None,
        }
    }
}

/// The element at `index`, which may be anything.
pub(super) fn element(array: &[Value], index: i64) -> Option<&Value> {
    array.get(usize::try_from(index).ok()?)
}

/// The index that is `back` before the end.
pub(super) fn from_end(array: &[Value], back: i32) -> i64 {
    length(array).saturating_sub(i64::from(back))
}

/// The length of an array, as indexes count.
pub(super) fn length(array: &[Value]) -> i64 {
    i64::try_from(array.len()).unwrap_or(i64::MAX)
}

/// An object of those of `names` that `object` has, in their order.
pub(super) fn pick(object: &Object, names: &[Arc<str>]) -> Value {
    let members =
        names.iter().filter_map(|name| object.get(name).map(|value| (Arc::clone(name), value.clone())));
    Value::from(members.collect::<Object>())
}

/// Why [`Query::follow`] leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Astray {
    /// Something is not there: a filter takes this for a comparison that does not hold.
    NotFound,
    /// The step cannot be taken from there.
    Invalid,
}

impl Query {
    pub(super) fn new(steps: Vec<Step>) -> Query {
        let definite = steps.iter().rev().take_while(|step| step.is_definite()).count();
        let weight = |step: &Step| if let Step::Names(names) = step { names.len() + 1 } else { 1 };
        let weight = 1 + steps.iter().map(weight).sum::<usize>();
        Query { definite_from: steps.len() - definite, weight, steps }
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Whether there is exactly one result.
    pub(super) fn is_definite(&self) -> bool {
        self.definite_from == 0
    }

    /// Whether a name that is missing at step `at`, which is not the last one, is a failure: the steps before
    /// it and after it are all definite, or else there is just no result.
    pub(super) fn is_strict(&self, at: usize) -> bool {
        at >= self.definite_from
            && at.checked_sub(1).and_then(|before| self.steps.get(before)).is_none_or(Step::is_definite)
    }

    /// The value that a definite query leads to; an indefinite one leads nowhere.
    ///
    /// Allocates nothing but the object of a list of names.
    pub(super) fn follow<'a>(&self, value: &'a Value) -> Result<Cow<'a, Value>, Astray> {
        let mut value = value;
        let mut rest = self.steps.iter();
        while let Some(step) = rest.next() {
            value = match (step, value) {
                (Step::Names(names), Value::Object(object)) if rest.as_slice().is_empty() => {
                    return Ok(Cow::Owned(pick(object, names)));
                }
                _ => step.descend(value).ok_or_else(|| astray(step, value))?,
            };
        }
        Ok(Cow::Borrowed(value))
    }
}

fn astray(step: &Step, value: &Value) -> Astray {
    match (step, value) {
        (Step::Root | Step::Name(_), _) => Astray::NotFound,
        (Step::Names(_), Value::Object(_)) => Astray::Invalid,
        (Step::Names(_), _) => Astray::NotFound,
        (Step::Index(_) | Step::FromEnd(_), Value::Array(_) | Value::Null) => Astray::NotFound,
        _ => Astray::Invalid,
    }
}

/// The step as messages of the path library show it: names are not escaped, blanks and steps of slices are gone.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Root => f.write_char('$'),
            Step::Name(name) => write!(f, "['{name}']"),
            Step::Names(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
                write!(f, "[{}]", quoted.join(", "))
            }
            Step::Index(index) => write!(f, "[{index}]"),
            Step::FromEnd(back) => write!(f, "[@.size()-{back}]"),
            Step::Indexes(indexes) => {
                let indexes: Vec<String> = indexes.iter().map(i32::to_string).collect();
                write!(f, "[{}]", indexes.join(","))
            }
            Step::From(from) => write!(f, "[{from}:]"),
            Step::To(to) => write!(f, "[:{to}]"),
            Step::Between(from, to) => write!(f, "[{from}:{to}]"),
            Step::Wildcard => f.write_str("[*]"),
            Step::Filter(filter) => write!(f, "{filter}"),
            Step::Scan => f.write_str(".."),
        }
    }
}
