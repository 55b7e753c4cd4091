//! Reads a Smithy service model and writes Rust: shapes, enums, errors, a server trait and a client.
//!
//! [`generate`] takes the model's JSON AST and an overlay (what the service does beyond its model) as text and gives
//! texts back. The way: `ast` and `overlay` are the inputs as they are on disk; `service` resolves both into what is to
//! be written, and settles names and defaults; `emit` writes it; `layout` makes it readable.
//!
//! What it cannot translate stops it, with an error that names the shape and the trait: nothing is skipped silently.
//! Knows no file system (the caller reads and writes) and no other protocol than AWS JSON 1.0.

mod ast;
mod docs;
mod emit;
mod layout;
mod names;
mod overlay;
mod pattern;
mod service;

/// One generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The module's name: `shapes`, `enums`, `errors`, `server`, `client`.
    pub name: &'static str,
    /// Rust source text, formatted.
    pub text: String,
}

/// Why a model cannot be translated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model or the overlay is not JSON of the expected form.
    #[error("cannot read the {document}: {reason}")]
    Unreadable {
        /// `model` or `overlay`.
        document: &'static str,
        /// What the JSON reader says.
        reason: serde_json::Error,
    },
    /// There is not exactly one service in the model.
    #[error("expected one service, found {0}")]
    Services(usize),
    /// The service does not speak AWS JSON 1.0.
    #[error(
        "service `{service}`: unsupported protocol; known is aws.protocols#awsJson1_0, declared {declared}"
    )]
    Protocol {
        /// The service's name.
        service: String,
        /// The protocols that it declares.
        declared: String,
    },
    /// A type of shape that has no translation.
    #[error("shape `{shape}`: unsupported type `{kind}`")]
    Type {
        /// The shape, or the member as `Shape$member`.
        shape: String,
        /// The Smithy type.
        kind: String,
    },
    /// A trait that has no translation, at least not on this type of shape.
    #[error("shape `{shape}`: unsupported trait `{name}`")]
    Trait {
        /// The shape, or the member as `Shape$member`.
        shape: String,
        /// The trait's id.
        name: String,
    },
    /// A trait's value that has no translation.
    #[error("shape `{shape}`: trait `{name}`: {reason}")]
    TraitValue {
        /// The shape, or the member as `Shape$member`.
        shape: String,
        /// The trait's id.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A reference to a shape that is absent or of the wrong type.
    #[error("shape `{shape}`: target `{target}` is not {expected}")]
    Target {
        /// The shape, or the member as `Shape$member`.
        shape: String,
        /// The shape that it names.
        target: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A structure that contains itself, or lists nested too deeply.
    #[error("shape `{0}`: recursive shapes are not supported")]
    Recursive(String),
    /// A shape or member whose name Smithy does not allow.
    #[error("shape `{0}`: not an identifier")]
    Identifier(String),
    /// Two names that are one in Rust.
    #[error("shape `{shape}`: the name `{name}` would be given twice")]
    Name {
        /// The shape.
        shape: String,
        /// The Rust name.
        name: String,
    },
    /// An overlay entry that names nothing in the model.
    #[error("overlay: `{0}` is not in the model")]
    Overlay(String),
    /// Emitted tokens that are no Rust; a fault of this crate.
    #[error("emitted file `{file}`: {reason}")]
    Emitted {
        /// The file's name.
        file: &'static str,
        /// What the parser says.
        reason: String,
    },
}

/// Translates a model, in the light of an overlay, into files.
///
/// # Errors
/// What stands in the way; see [`Error`].
pub fn generate(model: &str, overlay: &str) -> Result<Vec<File>, Error> {
    let model: ast::Model =
        serde_json::from_str(model).map_err(|reason| Error::Unreadable { document: "model", reason })?;
    let overlay: overlay::Overlay =
        serde_json::from_str(overlay).map_err(|reason| Error::Unreadable { document: "overlay", reason })?;
    let service = service::resolve(&model, &overlay)?;
    emit::files(&service)
}
