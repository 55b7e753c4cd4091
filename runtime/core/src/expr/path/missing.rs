//! The texts of the failures of paths.

use std::fmt::Write;

use super::{Path, Root, Scope};

/// A path leads nowhere. Its methods give the text of the failure, one for each kind of place where a path
/// may stand; the error is always `States.Runtime`, and the caller puts the state in front of the text.
///
/// Source: the service, recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(Reason);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    NullInput,
    /// In the words of the service's path library.
    Path(String),
    /// The evaluation took too long.
    Exhausted,
}

/// For any path, whatever its place.
pub(super) const NULL_INPUT: &str = "Unable to apply Path transformation to null or empty input.";

/// Not the service's words: what it does with such a path is not known.
const EXHAUSTED: &str = "The path visits too many values of its input, some of them many times over.";

impl Missing {
    pub(super) fn new(reason: Reason) -> Missing {
        Missing(reason)
    }

    /// Whether the evaluation was given up, so that it is not known whether something is there.
    pub fn is_exhausted(&self) -> bool {
        self.0 == Reason::Exhausted
    }

    /// For InputPath, OutputPath, TimeoutSecondsPath, HeartbeatSecondsPath and the like.
    pub fn in_path_field(&self, path: &Path) -> String {
        match &self.0 {
            Reason::NullInput => NULL_INPUT.to_owned(),
            Reason::Path(reason) => format!("Invalid path '{}' : {reason}", path.text),
            Reason::Exhausted => exhausted(path),
        }
    }

    /// For the key `field` of a template, with its `.$`, and for ErrorPath and CausePath. Quotes the input,
    /// or the whole context object if that is where the path starts.
    pub fn in_payload_field(&self, path: &Path, field: &str, scope: &Scope<'_>) -> String {
        match self.0 {
            Reason::NullInput => return NULL_INPUT.to_owned(),
            Reason::Exhausted => return exhausted(path),
            Reason::Path(_) => {}
        }
        let mut text =
            format!("The JSONPath '{}' specified for the field '{field}' could not be found", path.text);
        // Writing to a string does not fail.
        _ = match path.root {
            Root::Context => write!(text, " in the input '{}'", scope.context()),
            Root::Input | Root::Variable(_) => write!(text, " in the input '{}'", scope.input),
        };
        text
    }

    /// For the `Variable` of a choice rule and the operand of its `…Path` operators.
    pub fn in_choice(&self, path: &Path) -> String {
        match &self.0 {
            Reason::NullInput => NULL_INPUT.to_owned(),
            Reason::Exhausted => exhausted(path),
            // No blank before the colon, unlike elsewhere.
            Reason::Path(_) => {
                format!(
                    "Invalid path '{}': The choice state's condition path references an invalid value.",
                    path.text
                )
            }
        }
    }

    /// What the service's path library says, where nothing is put around it.
    pub fn reason(&self) -> &str {
        match &self.0 {
            Reason::NullInput => NULL_INPUT,
            Reason::Exhausted => EXHAUSTED,
            Reason::Path(reason) => reason,
        }
    }
}

fn exhausted(path: &Path) -> String {
    format!("Invalid path '{}' : {EXHAUSTED}", path.text)
}
