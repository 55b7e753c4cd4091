//! Reference paths: where a result is put.

use std::sync::Arc;

use super::{
    Path, PathError, Root,
    query::{Query, Step},
};
use crate::json::Value;

/// The error name of a [`Conflict`].
pub const REFERENCE_PATH_CONFLICT: &str = "States.ReferencePathConflict";

/// A path to insert at: `ResultPath`. It starts at `$`, and each step is one name or one index.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferencePath {
    text: Arc<str>,
    query: Query,
}

impl ReferencePath {
    /// Compiles a reference path. What other paths may hold beyond names and indexes is invalid here, and so
    /// are the characters `@ , : ? *` outside quotes, the context object and variables.
    pub fn parse(text: &str) -> Result<ReferencePath, PathError> {
        let path = Path::parse(text)?;
        if path.root == Root::Input && path.is_reference() {
            Ok(ReferencePath { text: path.text, query: path.query })
        } else {
            Err(PathError { reason: "Value is not a Reference Path".to_owned() })
        }
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the path is `$`: what is inserted replaces the target.
    pub fn is_whole_input(&self) -> bool {
        self.query.steps().is_empty()
    }

    /// `target` with `value` at this path. Objects on the way that are not there are created; everything that
    /// is not on the way is shared with `target`.
    ///
    /// Fails where the way leads through something that is no object or, for an index, through an array
    /// without that element: the service is not known to extend arrays.
    pub fn insert(&self, target: &Value, value: Value) -> Result<Value, Conflict> {
        let mut root = target.clone();
        let mut place = &mut root;
        let steps = self.query.steps();
        let last = steps.len().saturating_sub(1);
        for (at, step) in steps.iter().enumerate() {
            place = descend(place, step, at == last).ok_or_else(|| self.conflict(target))?;
        }
        *place = value;
        Ok(root)
    }

    #[cold]
    fn conflict(&self, target: &Value) -> Conflict {
        Conflict { cause: format!("Unable to apply ReferencePath {} to input {target}", self.text) }
    }
}

/// A result cannot be inserted: the failure `States.ReferencePathConflict`.
///
/// Source: the service, recorded; the specification has `States.ResultPathMatchFailure` instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Conflict {
    /// The cause of the failure.
    pub cause: String,
}

/// The place one step below, which is made if it is a missing name.
fn descend<'a>(place: &'a mut Value, step: &Step, is_last: bool) -> Option<&'a mut Value> {
    match (step, place) {
        (Step::Name(name), Value::Object(object)) => {
            let object = Arc::make_mut(object);
            if !is_last && !object.contains_key(name) {
                object.insert(Arc::clone(name), Value::empty_object());
            }
            Some(object.entry_or_null(name))
        }
        (Step::Index(index), Value::Array(array)) => {
            let index = usize::try_from(*index).ok().filter(|index| *index < array.len())?;
            Arc::make_mut(array).get_mut(index)
        }
        _ => None,
    }
}
