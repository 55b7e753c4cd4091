//! What is right in the States Language and not run by gradus yet: one table, one form of words.
//!
//! Such a definition is refused, never run in part. To build one of these, remove its row.

use super::location::Location;
use super::{Parser, Read};
use crate::asl::diagnostic::Code;

/// A part of the language that the parser knows and the machine does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unbuilt<'a> {
    /// A Map state whose iterations are executions of their own.
    DistributedMap,
    /// A task that is no activity.
    Resource(&'a str),
    /// A field that nothing reads, such as `Credentials`.
    Field(&'a str),
}

impl Unbuilt<'_> {
    fn words(self) -> String {
        match self {
            Unbuilt::DistributedMap => "Map states with the mode DISTRIBUTED".into(),
            Unbuilt::Resource(arn) => format!("Task states with the resource {arn}"),
            Unbuilt::Field(name) => format!("the field '{name}'"),
        }
    }
}

/// Reports it, unless states are only tried: then something stands for the work of each.
pub(super) fn check(parser: &mut Parser, location: &Location<'_>, what: Unbuilt<'_>) -> Read<()> {
    if parser.trial {
        return Ok(());
    }
    Err(parser.refuse_as(Code::NotYetSupported, location, message(what)))
}

/// `gradus does not run ‹what› yet`
pub(super) fn message(what: Unbuilt<'_>) -> String {
    format!("gradus does not run {} yet", what.words())
}
