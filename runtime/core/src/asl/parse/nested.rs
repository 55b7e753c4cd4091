//! Blocks of states inside states: Parallel with its branches, Map with its processor.

use super::fields::{Fields, Table, each};
use super::jsonata::Given;
use super::location::Location;
use super::state::{number, transition};
use super::task::{catchers, retriers};
use super::unbuilt::{self, Unbuilt};
use super::{Block, Language, Parser, Read, Refused, Scope, block, distributed, jsonata, paths};
use crate::asl::definition::{Concurrency, Items, Kind, Map, Parallel, Selector, StateId, Tolerance};
use crate::asl::diagnostic::Code;
use crate::expr::query::Place;
use crate::json::Value;

/// How deep blocks may stand in each other; reading them recurses as deep as this. The service's own
/// limit is not known.
const MAX_BLOCK_DEPTH: usize = 50;

/// The largest number of iterations, or of those that may fail, that a field takes. The service's
/// own limit is not known.
const MAX_COUNT: u64 = i32::MAX as u64;

/// Reads the fields of a Parallel.
pub(super) fn parallel(parser: &mut Parser, outer: &mut Block<'_>, fields: &mut Fields<'_>) -> Read<Kind> {
    let branches = branches(parser, fields);
    let retriers = retriers(parser, fields);
    let catchers = catchers(parser, outer, fields);
    let transition = transition(parser, outer, fields);
    Ok(Kind::Parallel(Parallel {
        branches: branches?,
        retriers: retriers?,
        catchers: catchers?,
        transition: transition?,
    }))
}

/// Reads the fields of a Map.
pub(super) fn map(
    parser: &mut Parser,
    outer: &mut Block<'_>,
    fields: &mut Fields<'_>,
    distributed: Read<distributed::Found>,
) -> Read<Kind> {
    let items = items(parser, fields);
    let item_selector = item_selector(parser, fields);
    let max_concurrency = max_concurrency(parser, fields);
    let tolerated_percentage = tolerated_percentage(parser, fields);
    let tolerated_count = tolerated_count(parser, fields);
    let start_at = processor(parser, fields);
    let retriers = retriers(parser, fields);
    let catchers = catchers(parser, outer, fields);
    let transition = transition(parser, outer, fields);
    let distributed::Found { max_items, batcher } = distributed?;
    Ok(Kind::Map(Box::new(Map {
        start_at: start_at?,
        items: items?,
        item_selector: item_selector?,
        max_concurrency: max_concurrency?,
        tolerated_count: tolerated_count?,
        tolerated_percentage: tolerated_percentage?,
        max_items,
        batcher,
        retriers: retriers?,
        catchers: catchers?,
        transition: transition?,
    })))
}

fn items(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Items> {
    if parser.language == Some(Language::Jsonata) {
        return Ok(jsonata::items(parser, fields)?.map_or(Items::Input, Items::Template));
    }
    let path = fields.string(parser, "ItemsPath")?.map_or("$", |text| text);
    paths::items_path(parser, &fields.at("ItemsPath"), path).map(Items::Path)
}

/// `ItemSelector`, or `Parameters` as it was called before.
fn item_selector(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Option<Selector>> {
    if parser.language == Some(Language::Jsonata) {
        return Ok(jsonata::template(parser, fields, "ItemSelector", Place::State)?.map(Selector::Jsonata));
    }
    let alone = fields.at_most_one(parser, &["ItemSelector", "Parameters"]);
    let selector = fields.template(parser, "ItemSelector");
    let parameters = fields.template(parser, "Parameters");
    alone?;
    Ok(selector?.or(parameters?).map(Selector::JsonPath))
}

fn max_concurrency(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Concurrency> {
    let alone = fields.at_most_one(parser, &["MaxConcurrency", "MaxConcurrencyPath"]);
    let number = number(parser, fields, "MaxConcurrency", 0..=MAX_COUNT);
    let path = fields.path(parser, "MaxConcurrencyPath");
    alone?;
    Ok(match (path?, number?) {
        (Some(path), _) => Concurrency::Path(path),
        (None, Some(Given::Query(query))) => Concurrency::Query(query),
        (None, Some(Given::Fixed(number))) => Concurrency::Fixed(u32::try_from(number).unwrap_or(u32::MAX)),
        (None, None) => Concurrency::Fixed(0),
    })
}

/// How many iterations may fail.
fn tolerated_count(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Option<Tolerance<u64>>> {
    const NAMES: [&str; 2] = ["ToleratedFailureCount", "ToleratedFailureCountPath"];
    let alone = fields.at_most_one(parser, &NAMES);
    let number = number(parser, fields, NAMES[0], 0..=MAX_COUNT);
    tolerance(parser, fields, alone.is_ok(), NAMES[1], number)
}

/// How many iterations in a hundred may fail.
fn tolerated_percentage(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Option<Tolerance<f64>>> {
    const NAMES: [&str; 2] = ["ToleratedFailurePercentage", "ToleratedFailurePercentagePath"];
    let alone = fields.at_most_one(parser, &NAMES);
    let number = match parser.language {
        Some(Language::Jsonata) => jsonata::percentage(parser, fields, NAMES[0]),
        _ => fields.percentage(parser, NAMES[0]).map(|number| number.map(Given::Fixed)),
    };
    tolerance(parser, fields, alone.is_ok(), NAMES[1], number)
}

/// A tolerance: the path in a field, or else what another field says.
fn tolerance<T>(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    alone: bool,
    name: &'static str,
    given: Read<Option<Given<T>>>,
) -> Read<Option<Tolerance<T>>> {
    let path = fields.path(parser, name)?;
    let given = given?.map(|given| match given {
        Given::Fixed(number) => Tolerance::Fixed(number),
        Given::Query(query) => Tolerance::Query(query),
    });
    if alone { Ok(path.map(Tolerance::Path).or(given)) } else { Err(Refused) }
}

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

/// `ProcessorConfig`: the mode, and what executions a distributed Map starts.
fn processor_config(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<()> {
    const NAME: &str = "ProcessorConfig";
    const EXECUTION_TYPE: &str = "ExecutionType";
    const TABLE: Table = &[&["Mode", EXECUTION_TYPE]];
    let Some(value) = fields.get(NAME) else { return Ok(()) };
    let mut config = Fields::open(parser, value, fields.at(NAME), TABLE)?;
    let mode = config.word(parser, "Mode", &["INLINE", "DISTRIBUTED"])?;
    let execution_type = config.word(parser, EXECUTION_TYPE, &["STANDARD", "EXPRESS"]);
    if mode == Some("DISTRIBUTED") {
        config.require(parser, &[EXECUTION_TYPE])?;
        execution_type?;
        return unbuilt::check(parser, config.here(), Unbuilt::DistributedMap);
    }
    if config.has(EXECUTION_TYPE) {
        let message = format!("Field '{EXECUTION_TYPE}' is not supported");
        return Err(parser.refuse_member(config.here(), EXECUTION_TYPE, message));
    }
    Ok(())
}

fn nested(parser: &mut Parser, value: &Value, location: Location<'_>, table: Table) -> Read<StateId> {
    if parser.depth == MAX_BLOCK_DEPTH {
        let message = format!("States can be nested {MAX_BLOCK_DEPTH} deep at most");
        return Err(parser.refuse_as(Code::TooDeeplyNested, &location, message));
    }
    let outer = (parser.language, parser.state_path, std::mem::take(&mut parser.variables_read));
    parser.depth += 1;
    let start = Fields::open(parser, value, location, table).and_then(|mut fields| {
        let comment = fields.string(parser, "Comment");
        let config = processor_config(parser, &mut fields);
        let start = block(parser, &mut fields, Scope::Nested);
        comment.and(config).and(start)
    });
    parser.depth -= 1;
    (parser.language, parser.state_path, parser.variables_read) = outer;
    start
}
