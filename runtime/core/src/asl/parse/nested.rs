//! Blocks of states inside states: Parallel with its branches, Map with its processor.

use super::fields::{Fields, Table, each};
use super::location::Location;
use super::state::transition;
use super::task::{catchers, retriers};
use super::unbuilt::{self, Unbuilt};
use super::{Block, Parser, Read, Refused, Scope, block, paths};
use crate::asl::definition::{Concurrency, Kind, Map, Parallel, StateId};
use crate::asl::diagnostic::Code;
use crate::expr::template::Template;
use crate::json::Value;

/// How deep blocks may stand in each other; reading them recurses as deep as this. The service's own
/// limit is not known.
const MAX_BLOCK_DEPTH: usize = 50;

/// The largest number of iterations, or of those that may fail, that a field takes. The service's
/// own limit is not known.
const MAX_COUNT: u64 = i32::MAX as u64;

/// Reads the fields of a Parallel.
pub(super) fn parallel(parser: &mut Parser, outer: &mut Block<'_>, fields: &mut Fields<'_>) -> Read<Kind> {
    let parameters = fields.template(parser, "Parameters");
    let branches = branches(parser, fields);
    let result_selector = fields.template(parser, "ResultSelector");
    let result_path = fields.result_path(parser);
    let retriers = retriers(parser, fields);
    let catchers = catchers(parser, outer, fields);
    let transition = transition(parser, outer, fields);
    Ok(Kind::Parallel(Parallel {
        branches: branches?,
        parameters: parameters?,
        result_selector: result_selector?,
        result_path: result_path?,
        retriers: retriers?,
        catchers: catchers?,
        transition: transition?,
    }))
}

/// Reads the fields of a Map.
pub(super) fn map(parser: &mut Parser, outer: &mut Block<'_>, fields: &mut Fields<'_>) -> Read<Kind> {
    let items_path = match fields.string(parser, "ItemsPath") {
        Ok(text) => paths::items_path(parser, &fields.at("ItemsPath"), text.map_or("$", |text| text)),
        Err(refused) => Err(refused),
    };
    let item_selector = item_selector(parser, fields);
    let max_concurrency = max_concurrency(parser, fields);
    let tolerated = tolerated_failures(parser, fields);
    let start_at = processor(parser, fields);
    let result_selector = fields.template(parser, "ResultSelector");
    let result_path = fields.result_path(parser);
    let retriers = retriers(parser, fields);
    let catchers = catchers(parser, outer, fields);
    let transition = transition(parser, outer, fields);
    tolerated?;
    Ok(Kind::Map(Box::new(Map {
        start_at: start_at?,
        items_path: items_path?,
        item_selector: item_selector?,
        max_concurrency: max_concurrency?,
        result_selector: result_selector?,
        result_path: result_path?,
        retriers: retriers?,
        catchers: catchers?,
        transition: transition?,
    })))
}

/// `ItemSelector`, or `Parameters` as it was called before.
fn item_selector(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Option<Template>> {
    let alone = fields.at_most_one(parser, &["ItemSelector", "Parameters"]);
    let selector = fields.template(parser, "ItemSelector");
    let parameters = fields.template(parser, "Parameters");
    alone?;
    Ok(selector?.or(parameters?))
}

fn max_concurrency(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<Concurrency> {
    let alone = fields.at_most_one(parser, &["MaxConcurrency", "MaxConcurrencyPath"]);
    let number = fields.integer(parser, "MaxConcurrency", 0..=MAX_COUNT);
    let path = fields.path(parser, "MaxConcurrencyPath");
    alone?;
    let number = number?.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
    Ok(path?.map_or(Concurrency::Fixed(number), Concurrency::Path))
}

/// The fields that let iterations fail. They are right for the mode `DISTRIBUTED` only; whether the
/// service refuses them in the other or passes over them is not known, and nobody who sets one wants
/// the latter.
fn tolerated_failures(parser: &mut Parser, fields: &mut Fields<'_>) -> Read<()> {
    const COUNT: [&str; 2] = ["ToleratedFailureCount", "ToleratedFailureCountPath"];
    const PERCENTAGE: [&str; 2] = ["ToleratedFailurePercentage", "ToleratedFailurePercentagePath"];
    fields.at_most_one(parser, &PERCENTAGE)?;
    fields.at_most_one(parser, &COUNT)?;
    fields.integer(parser, COUNT[0], 0..=MAX_COUNT)?;
    if fields.number(parser, PERCENTAGE[0], 0)?.is_some_and(|percentage| percentage > 100.0) {
        return Err(parser.refuse(&fields.at(PERCENTAGE[0]), "Maximum value is 100"));
    }
    for name in [COUNT[1], PERCENTAGE[1]] {
        fields.path(parser, name)?;
    }
    match COUNT.into_iter().chain(PERCENTAGE).find(|name| fields.has(name)) {
        Some(name) => unbuilt::check(parser, &fields.at(name), Unbuilt::Field(name)),
        None => Ok(()),
    }
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
    let outer = (parser.language, std::mem::take(&mut parser.variables_read));
    parser.depth += 1;
    let start = Fields::open(parser, value, location, table).and_then(|mut fields| {
        let comment = fields.string(parser, "Comment");
        let config = processor_config(parser, &mut fields);
        let start = block(parser, &mut fields, Scope::Nested);
        comment.and(config).and(start)
    });
    parser.depth -= 1;
    (parser.language, parser.variables_read) = outer;
    start
}
