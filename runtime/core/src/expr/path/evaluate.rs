//! The walk along the steps of a query that may lead anywhere, by a stack of its own.
//!
//! Everything that is visited counts against a [`Budget`], because a few steps such as `$..*..*` can visit a
//! small document more often than it has pairs of values.

use std::{fmt::Write, ops::Range, slice};

use super::{
    Budget, Exhausted,
    filter::Filter,
    query::{self, Query, Step},
};
use crate::json::{Members, Value};

/// What a result costs in visits: it is kept.
const HIT_COST: usize = 5;

/// Why an evaluation has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// In the words of the service's path library.
    Path(String),
    /// It took too long.
    Exhausted,
}

impl From<Exhausted> for Failure {
    fn from(_: Exhausted) -> Failure {
        Failure::Exhausted
    }
}

/// What the steps of `query` lead to from `document`, in the order of the visits. `origin` is what messages
/// call the document.
pub(super) fn evaluate(
    query: &Query,
    document: &Value,
    origin: &str,
    budget: &mut Budget,
) -> Result<Vec<Value>, Failure> {
    let mut walk =
        Walk { query, document, origin, budget, trail: Vec::new(), frames: Vec::new(), hits: Vec::new() };
    let mut outcome = walk.run(0, document);
    loop {
        match outcome {
            Ok(()) => {}
            Err(Stop::Lack(lack)) => walk.recover(&lack)?,
            Err(Stop::Failure(failure)) => return Err(failure),
        }
        outcome = match walk.advance() {
            Some(outcome) => outcome,
            None => return Ok(walk.hits),
        };
    }
}

struct Walk<'a, 'b> {
    query: &'a Query,
    document: &'a Value,
    origin: &'a str,
    budget: &'b mut Budget,
    /// The way from the document to the value that is looked at.
    trail: Vec<Place<'a>>,
    /// What is left to visit; the last one is worked on.
    frames: Vec<Frame<'a>>,
    hits: Vec<Value>,
}

/// One part of a way.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// The way begins anew: `$` behind the start.
    Root,
    Name(&'a str),
    Index(i64),
}

/// Values that are visited one after the other.
struct Frame<'a> {
    children: Children<'a>,
    visit: Visit,
    /// How much of the trail leads to the parent of the children.
    trail: usize,
    /// Whether a child that lacks something is passed over.
    is_lenient: bool,
}

#[derive(Clone, Copy)]
enum Visit {
    /// Goes on at this step.
    Run(usize),
    /// Looks for this step here and further down.
    Scan(usize),
}

enum Children<'a> {
    Members(Members<'a>),
    Elements(&'a [Value], Range<i64>),
    Listed(&'a [Value], slice::Iter<'a, i32>),
    Matching(&'a [Value], Range<i64>, &'a Filter),
}

/// Why a walk stops before its end.
enum Stop<'a> {
    /// Something is not there.
    Lack(Lack<'a>),
    Failure(Failure),
}

/// What is not there, seen from the end of the trail.
enum Lack<'a> {
    /// The name of the last step.
    Last(&'a str),
    /// The name of a step before the last.
    Inner(&'a str),
    /// A name, or names, and the place is no object.
    Object(&'a Step),
    /// An element, and the place is null.
    Array,
    Element(i64),
}

impl From<Exhausted> for Stop<'_> {
    fn from(_: Exhausted) -> Self {
        Stop::Failure(Failure::Exhausted)
    }
}

impl From<Failure> for Stop<'_> {
    fn from(failure: Failure) -> Self {
        Stop::Failure(failure)
    }
}

impl<'a> Walk<'a, '_> {
    /// Visits the next value of the topmost frame; `None` if nothing is left.
    fn advance(&mut self) -> Option<Result<(), Stop<'a>>> {
        loop {
            let frame = self.frames.last_mut()?;
            self.trail.truncate(frame.trail);
            let visit = frame.visit;
            match frame.children.next(self.document, self.budget) {
                Ok(Some((place, child))) => {
                    self.trail.push(place);
                    return Some(match visit {
                        Visit::Run(at) => self.run(at, child),
                        Visit::Scan(target) => self.scan(target, child),
                    });
                }
                Ok(None) => _ = self.frames.pop(),
                Err(stop) => return Some(Err(stop)),
            }
        }
    }

    /// Goes back to where a lack is passed over: below the elements of an array that a wildcard selects.
    fn recover(&mut self, lack: &Lack<'a>) -> Result<(), Failure> {
        match self.frames.iter().rposition(|frame| frame.is_lenient) {
            Some(lenient) => {
                self.frames.truncate(lenient + 1);
                Ok(())
            }
            None => Err(Failure::Path(self.describe(lack))),
        }
    }

    /// Follows the steps from `at` on until they branch or end.
    fn run(&mut self, mut at: usize, mut value: &'a Value) -> Result<(), Stop<'a>> {
        let query = self.query;
        while let Some(step) = query.steps().get(at) {
            self.budget.spend(1)?;
            let place = match (step, value) {
                (Step::Root, _) => Some(Place::Root),
                (Step::Name(name), Value::Object(_)) => Some(Place::Name(name)),
                (Step::Names(names), Value::Object(object)) => {
                    if at + 1 < query.steps().len() {
                        let place = self.place();
                        let text = format!("Multi properties can only be used as path leafs: {place}{step}");
                        return Err(Failure::Path(text).into());
                    }
                    self.budget.spend(HIT_COST * names.len())?;
                    return self.hit(query::pick(object, names));
                }
                (Step::Name(_) | Step::Names(_), _) => return Err(Stop::Lack(Lack::Object(step))),
                (Step::Wildcard, _) => return self.select_all(at + 1, value),
                (Step::Scan, _) => return self.scan(at + 1, value),
                (Step::Filter(filter), Value::Array(array)) => {
                    let children = Children::Matching(array, 0..query::length(array), filter);
                    return self.select(children, Visit::Run(at + 1), false);
                }
                (Step::Filter(filter), Value::Object(_)) => {
                    if !filter.accepts(value, self.document, self.budget)? {
                        return Ok(());
                    }
                    at += 1;
                    continue;
                }
                (Step::Filter(_), other) => {
                    return Err(self.inapplicable(at, other, "can not be applied to primitives").into());
                }
                (Step::Index(index), Value::Array(_)) => Some(Place::Index(i64::from(*index))),
                (Step::FromEnd(back), Value::Array(array)) => {
                    Some(Place::Index(query::from_end(array, *back)))
                }
                (Step::Indexes(_) | Step::From(_) | Step::To(_) | Step::Between(..), Value::Array(array)) => {
                    return self.select(some_elements(step, array), Visit::Run(at + 1), false);
                }
                (_, Value::Null) => return Err(Stop::Lack(Lack::Array)),
                (_, other) => {
                    return Err(self.inapplicable(at, other, "can only be applied to arrays").into());
                }
            };
            match (step.descend(value), place) {
                (Some(next), Some(place)) => {
                    self.trail.push(place);
                    value = next;
                }
                (None, Some(Place::Index(index))) => return Err(Stop::Lack(Lack::Element(index))),
                (None, Some(Place::Name(name))) if at + 1 == query.steps().len() => {
                    return Err(Stop::Lack(Lack::Last(name)));
                }
                (None, Some(Place::Name(name))) if query.is_strict(at) => {
                    return Err(Stop::Lack(Lack::Inner(name)));
                }
                _ => return Ok(()),
            }
            at += 1;
        }
        self.hit(value.clone())
    }

    fn hit(&mut self, value: Value) -> Result<(), Stop<'a>> {
        self.budget.spend(HIT_COST)?;
        self.hits.push(value);
        Ok(())
    }

    fn select_all(&mut self, next: usize, value: &'a Value) -> Result<(), Stop<'a>> {
        match Children::all(value) {
            Some(children) => self.select(children, Visit::Run(next), matches!(value, Value::Array(_))),
            None => Ok(()),
        }
    }

    fn select(&mut self, children: Children<'a>, visit: Visit, is_lenient: bool) -> Result<(), Stop<'a>> {
        self.frames.push(Frame { children, visit, trail: self.trail.len(), is_lenient });
        Ok(())
    }

    /// Tries the step `target` here, then further down.
    fn scan(&mut self, target: usize, value: &'a Value) -> Result<(), Stop<'a>> {
        self.budget.spend(1)?;
        let Some(children) = Children::all(value) else { return Ok(()) };
        self.select(children, Visit::Scan(target), false)?;
        if !self.is_target(target, value)? {
            return Ok(());
        }
        match value {
            // Of an array all elements are taken, whatever the target selects, unless the path ends with it.
            Value::Array(array) if target + 1 < self.query.steps().len() => {
                let children = Children::Elements(array, 0..query::length(array));
                self.select(children, Visit::Run(target + 1), false)
            }
            _ => self.run(target, value),
        }
    }

    /// Whether a scan takes the step `target` from a container.
    fn is_target(&mut self, target: usize, value: &Value) -> Result<bool, Stop<'a>> {
        Ok(match (self.query.steps().get(target), value) {
            (Some(Step::Name(name)), Value::Object(object)) => object.contains_key(name),
            (Some(Step::Names(names)), Value::Object(object)) => {
                self.budget.spend(names.len())?;
                names.iter().all(|name| object.contains_key(name))
            }
            (
                Some(
                    Step::Index(_)
                    | Step::FromEnd(_)
                    | Step::Indexes(_)
                    | Step::From(_)
                    | Step::To(_)
                    | Step::Between(..),
                ),
                Value::Array(_),
            ) => true,
            (Some(Step::Wildcard), _) => true,
            (Some(Step::Filter(filter)), _) => filter.accepts(value, self.document, self.budget)?,
            // A second scan, too, finds nothing.
            _ => false,
        })
    }

    #[cold]
    fn inapplicable(&self, at: usize, value: &Value, what: &str) -> Failure {
        let mut text = "Filter: ".to_owned();
        for step in self.query.steps().iter().skip(at) {
            // Writing to a string does not fail.
            _ = write!(text, "{step}");
        }
        _ = write!(text, " {what}. Current context is: {}", value.to_java_string());
        Failure::Path(text)
    }

    #[cold]
    fn describe(&self, lack: &Lack<'_>) -> String {
        let place = self.place();
        match lack {
            Lack::Last(name) => format!("No results for path: {place}['{name}']"),
            Lack::Inner(name) => format!("Missing property in path {place}['{name}']"),
            Lack::Object(step) => format!("Property {step} not found in path {place}"),
            Lack::Array => format!("The path {place} is null"),
            Lack::Element(index) => format!("Index out of bounds when evaluating path {place}[{index}]"),
        }
    }

    /// The trail as messages show it: names are not escaped.
    fn place(&self) -> String {
        let start = self.trail.iter().rposition(|place| matches!(place, Place::Root));
        let mut text = start.map_or(self.origin, |_| "$").to_owned();
        for place in self.trail.iter().skip(start.map_or(0, |start| start + 1)) {
            _ = match place {
                Place::Root => Ok(()),
                Place::Name(name) => write!(text, "['{name}']"),
                Place::Index(index) => write!(text, "[{index}]"),
            };
        }
        text
    }
}

/// The elements that an index list or a slice selects. An index that is out of bounds shows when its turn comes.
fn some_elements<'a>(step: &'a Step, array: &'a [Value]) -> Children<'a> {
    let length = query::length(array);
    let from_start = |bound: i32| if bound < 0 { length + i64::from(bound) } else { i64::from(bound) };
    match step {
        Step::Indexes(indexes) => Children::Listed(array, indexes.iter()),
        Step::From(from) => Children::Elements(array, from_start(*from).max(0)..length),
        Step::To(to) => Children::Elements(array, 0..from_start(*to).min(length)),
        // Negative bounds are not counted from the end here.
        Step::Between(from, to) if length > 0 => {
            Children::Elements(array, i64::from(*from)..i64::from(*to).min(length))
        }
        _ => Children::Elements(array, 0..0),
    }
}

impl<'a> Children<'a> {
    /// The members or elements of a container.
    fn all(value: &'a Value) -> Option<Children<'a>> {
        match value {
            Value::Object(object) => Some(Children::Members(object.iter())),
            Value::Array(array) => Some(Children::Elements(array, 0..query::length(array))),
            _ => None,
        }
    }

    fn next(
        &mut self,
        document: &Value,
        budget: &mut Budget,
    ) -> Result<Option<(Place<'a>, &'a Value)>, Stop<'a>> {
        let (array, index) = match self {
            Children::Members(members) => {
                return Ok(members.next().map(|(name, value)| (Place::Name(name), value)));
            }
            Children::Elements(array, range) => (*array, range.next()),
            Children::Listed(array, indexes) => (*array, indexes.next().map(|index| i64::from(*index))),
            Children::Matching(array, range, filter) => loop {
                let Some((index, item)) =
                    range.next().and_then(|index| Some((index, query::element(array, index)?)))
                else {
                    return Ok(None);
                };
                if filter.accepts(item, document, budget)? {
                    break (*array, Some(index));
                }
            },
        };
        let Some(index) = index else { return Ok(None) };
        match query::element(array, index) {
            Some(value) => Ok(Some((Place::Index(index), value))),
            None => Err(Stop::Lack(Lack::Element(index))),
        }
    }
}
