//! Blocks of states inside states: the branches of a Parallel, the processor of a Map.
//!
//! Neither is run yet; their states are checked like any others, so that a definition's faults
//! show at once and not one refusal after the other.

use super::fields::{Fields, Table, each};
use super::location::Location;
use super::{Parser, Read, Refused, Scope, block};
use crate::asl::definition::StateId;
use crate::asl::diagnostic::Code;
use crate::json::Value;

/// How deep blocks may stand in each other; reading them recurses as deep as this. The service's own
/// limit is not known.
const MAX_BLOCK_DEPTH: usize = 50;

/// `Branches`: where each starts.
pub(super) fn branches(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Vec<StateId>> {
    const TABLE: Table = &[&["StartAt", "States", "Comment"]];
    fields.require(parser, &["Branches"])?;
    let entries = fields.filled_array(parser, "Branches")?.unwrap_or_default();
    let place = fields.at("Branches");
    each(entries.iter().enumerate().map(|(index, entry)| nested(parser, entry, place.item(index), TABLE)))
}

/// `ItemProcessor`, or `Iterator` as it was called before: where it starts.
pub(super) fn processor(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<StateId> {
    const TABLE: Table = &[&["StartAt", "States", "Comment", "ProcessorConfig"]];
    let name = fields.exactly_one(parser, &["ItemProcessor", "Iterator"])?;
    let value = fields.get(name).ok_or(Refused)?;
    nested(parser, value, fields.at(name), TABLE)
}

fn nested(parser: &mut Parser, value: &Value, location: Location<'_>, table: Table) -> Read<StateId> {
    if parser.depth == MAX_BLOCK_DEPTH {
        let message = format!("States can be nested {MAX_BLOCK_DEPTH} deep at most");
        return Err(parser.refuse_as(Code::TooDeeplyNested, &location, message));
    }
    let outer = parser.language;
    parser.depth += 1;
    let start = Fields::open(parser, value, location, table).and_then(|mut fields| {
        let comment = fields.string(parser, "Comment");
        let start = block(parser, &mut fields, Scope::Nested);
        comment.and(start)
    });
    parser.depth -= 1;
    parser.language = outer;
    start
}
