//! The Smithy JSON AST as it is on disk. Gives no meaning to traits.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

/// Traits by their id, in the order of the file.
pub(crate) type Traits = IndexMap<String, Value>;

/// A whole model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// The version of the AST.
    #[serde(rename = "smithy")]
    pub(crate) _smithy: Version,
    /// Remarks for linters.
    #[serde(default, rename = "metadata")]
    pub(crate) _metadata: Value,
    /// Every shape by its id.
    pub(crate) shapes: IndexMap<String, Shape>,
}

/// The one version of the AST that is understood.
#[derive(Debug, Deserialize)]
pub(crate) enum Version {
    #[serde(rename = "2.0", alias = "2")]
    Two,
}

/// One shape; which of the fields are used depends on its type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    /// The Smithy type: `structure`, `string` ...
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) traits: Traits,
    /// Of structures and enums.
    #[serde(default)]
    pub(crate) members: IndexMap<String, Member>,
    /// Of lists.
    pub(crate) member: Option<Member>,
    /// Of maps.
    pub(crate) key: Option<Member>,
    /// Of maps.
    pub(crate) value: Option<Member>,
    /// Of operations.
    pub(crate) input: Option<Reference>,
    /// Of operations.
    pub(crate) output: Option<Reference>,
    /// Of operations and services.
    #[serde(default)]
    pub(crate) errors: Vec<Reference>,
    /// Of services.
    #[serde(default)]
    pub(crate) operations: Vec<Reference>,
    /// Of services.
    #[serde(rename = "version")]
    pub(crate) _version: Option<String>,
}

/// A member of a structure, list, map or enum.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) target: String,
    #[serde(default)]
    pub(crate) traits: Traits,
}

/// A shape named by another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reference {
    pub(crate) target: String,
}

/// A shape's name without its namespace.
pub(crate) fn short(id: &str) -> &str {
    id.rsplit_once('#').map_or(id, |(_, name)| name)
}
