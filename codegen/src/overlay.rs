//! The overlay as it is on disk: what the service does beyond its model, each group of facts with its source.
//!
//! A name in it that the model lacks is an error, so that the two cannot drift apart. A group with `since` is about
//! what came later than the oldest model of interest: in such a group, names may be missing.

use crate::Error;
use crate::ast::{Model, Shape, short};
use indexmap::IndexMap;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The whole overlay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Overlay {
    /// Sentences about shapes and members.
    pub(crate) docs: Vec<Docs>,
    /// Shapes whose greatest length is in bytes of UTF-8.
    pub(crate) bytes: Vec<Shapes>,
    /// Errors that every operation may answer, whatever its own list says.
    pub(crate) common_errors: Vec<Shapes>,
    /// Sets of names that the service lists in an order of its own.
    pub(crate) enum_orders: Vec<EnumOrder>,
    /// How modeled errors are answered.
    pub(crate) errors: Errors,
}

/// Sentences by what they are about: `Shape`, `Shape$member`, or `*$member` for a member of any structure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Docs {
    #[serde(rename = "source")]
    pub(crate) _source: String,
    pub(crate) since: Option<String>,
    pub(crate) entries: IndexMap<String, String>,
}

/// Shapes that share a property.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shapes {
    #[serde(rename = "source")]
    pub(crate) _source: String,
    pub(crate) since: Option<String>,
    pub(crate) shapes: Vec<String>,
}

/// The order in which a violation lists the names of a set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnumOrder {
    #[serde(rename = "source")]
    pub(crate) _source: String,
    pub(crate) shape: String,
    pub(crate) values: Vec<String>,
}

/// What an answer says about a modeled error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Errors {
    #[serde(rename = "source")]
    pub(crate) _source: String,
    /// What stands before the error's name in `__type`, with the `#`.
    pub(crate) namespace: String,
    /// The HTTP status; the model's `httpError` is not what the service answers.
    pub(crate) status: u16,
}

impl Overlay {
    /// Whether everything that must be in the model is.
    pub(crate) fn validate(&self, model: &Model) -> Result<(), Error> {
        let known = known(model);
        let docs =
            self.docs.iter().filter(|group| group.since.is_none()).flat_map(|group| group.entries.keys());
        let lists = self.bytes.iter().chain(&self.common_errors).filter(|group| group.since.is_none());
        let orders = self.enum_orders.iter().map(|order| &order.shape);
        let mut names = docs.chain(lists.flat_map(|group| &group.shapes)).chain(orders);
        match names.find(|name| !known.contains(*name)) {
            Some(name) => Err(Error::Overlay(name.clone())),
            None => Ok(()),
        }
    }

    /// The sentence about a shape or member, if there is one.
    pub(crate) fn doc(&self, name: &str) -> Option<&str> {
        self.docs.iter().find_map(|group| group.entries.get(name)).map(String::as_str)
    }

    /// Where a name of a set stands in its list: in the overlay's order, and then in the model's.
    pub(crate) fn enum_position(&self, shape: &str, value: &str) -> usize {
        let order = self.enum_orders.iter().find(|order| order.shape == shape);
        order.and_then(|order| order.values.iter().position(|known| known == value)).unwrap_or(usize::MAX)
    }

    /// Whether a shape's greatest length is in bytes.
    pub(crate) fn is_in_bytes(&self, shape: &str) -> bool {
        self.bytes.iter().any(|group| group.shapes.iter().any(|name| name == shape))
    }
}

/// Every name that an entry may have.
fn known(model: &Model) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for (id, shape) in &model.shapes {
        let name = short(id);
        known.insert(name.to_owned());
        for member in shape.members.keys() {
            known.insert(format!("{name}${member}"));
            if is_structure(shape) {
                known.insert(format!("*${member}"));
            }
        }
    }
    known
}

fn is_structure(shape: &Shape) -> bool {
    shape.kind == "structure"
}
