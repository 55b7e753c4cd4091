//! Map: the same states for every item of an array, and an array of what they give.

use std::sync::Arc;

use super::{Flow, exit_after, failed};
use crate::asl::definition::{Batcher, Concurrency, Items, Map, Selector, State, Tolerance};
use crate::expr::path::{Origin, Path};
use crate::json::{Object, Payload, Value};
use crate::machine::dataflow::{self, Fault, Product, jsonata, jsonpath};
use crate::machine::execution::{Turn, WaitsFor};
use crate::machine::retry::Failure;
use crate::machine::trial::{Mock, Stage};
use crate::machine::{EventId, Fact, FrameId, MAX_PAYLOAD_BYTES, children};

/// How many iterations run at once at most, also where the state sets no limit. Source: the guide,
/// which says that inline Maps run up to 40.
const MAX_AT_ONCE: u32 = 40;

/// The first attempt, or the next one: each begins with the first item.
pub(super) fn start(turn: &mut Turn<'_>, frame: FrameId, state: &State, map: &Map) -> Result<Flow, Fault> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    let (items, length) = items(turn, frame, state, map, &input)?;
    let at_once = at_once(turn, frame, map, &input)?;
    let started = Fact::MapStarted { frame, length, at_once, input: input.clone(), items: items.clone() };
    turn.record(frame, started);
    let count = tolerated_count(turn, frame, map, &input)?;
    let percentage = tolerated_percentage(turn, frame, map, &input)?;
    if let Some(probe) = turn.probe {
        probe.note(|seen| (seen.tolerated_failures, seen.tolerated_percentage) = (count, percentage));
    }
    if turn.probe.is_some() {
        select_all(turn, frame, state, map, (&input, &items))?;
        return Ok(Flow::Wait);
    }
    if length == 0 {
        return succeed(turn, frame, state, map);
    }
    let started = turn.cursor(frame);
    begin_iterations(turn, frame, state, map, started)?;
    Ok(Flow::Wait)
}

/// An iteration has come to its end: another begins in its place. Where the state goes, if that was
/// the last one.
pub(super) fn iteration_ended(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    (iteration, index): (FrameId, u32),
) -> Option<(FrameId, Flow)> {
    let last = turn.cursor(iteration);
    let name = state.name.clone();
    turn.record_from(last, Fact::MapIterationSucceeded { frame: iteration, name, index });
    let flow = if turn.children(frame)?.are_done() {
        succeed(turn, frame, state, map)
    } else {
        begin_iterations(turn, frame, state, map, last).map(|()| Flow::Wait)
    };
    Some((frame, flow.unwrap_or_else(|fault| failed(turn, frame, state, fault))))
}

/// After a redrive: iterations begin where an item could not be selected before.
pub(super) fn go_on(turn: &mut Turn<'_>, frame: FrameId, state: &State, map: &Map) -> Result<(), Fault> {
    let last = turn.cursor(frame);
    begin_iterations(turn, frame, state, map, last)
}

/// Begins as many iterations as may run, all after the same event; they run later, in their order.
fn begin_iterations(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    previous: EventId,
) -> Result<(), Fault> {
    while !turn.is_full()
        && let Some((index, item, input)) = next(turn, frame)
    {
        let input = dataflow::item(turn, frame, state, map.item_selector.as_ref(), &input, (index, item))?;
        let (iteration, name) = (turn.execution.next_frame(), state.name.clone());
        turn.record_from(
            previous,
            Fact::MapIterationStarted { frame: iteration, block: frame, name, index, input },
        );
        turn.run_soon(frame, [(iteration, Flow::Next(map.start_at))]);
    }
    Ok(())
}

/// The next item to begin an iteration for, if one may begin, and what it is selected with.
fn next(turn: &Turn<'_>, frame: FrameId) -> Option<(u32, Value, Payload)> {
    let WaitsFor::Items(items) = turn.waits_for(frame)? else { return None };
    let (index, item) = items.next()?;
    Some((index, item, items.input.clone()))
}

fn succeed(turn: &mut Turn<'_>, frame: FrameId, state: &State, map: &Map) -> Result<Flow, Fault> {
    let Some(children) = turn.children(frame) else { return Ok(Flow::Wait) };
    let result = dataflow::results(children, state)?;
    leave(turn, frame, state, map, result)
}

/// All iterations have ended, with this result.
fn leave(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    result: Payload,
) -> Result<Flow, Fault> {
    // The exit points to the last MapIterationSucceeded too (recorded).
    let last = turn.cursor(frame);
    turn.record(frame, Fact::MapSucceeded { frame });
    exit_after(turn, last, frame, state, map.transition, Product::Result(result))
}

/// What stands for the iterations, where the state is tried. More failures than are tolerated make a failure
/// of their own; a mock of a failure is what it says.
pub(super) fn mocked(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    mock: Mock,
) -> Result<Flow, Fault> {
    let is_exceeded = turn.probe.is_some_and(|probe| probe.exceeds_tolerance(mock.failed_iterations));
    let result = mock.answer?;
    if is_exceeded {
        let cause = "The specified tolerated failure threshold was exceeded";
        return Err(Failure::new("States.ExceedToleratedFailureThreshold", cause).into());
    }
    leave(turn, frame, state, map, result)
}

/// Shows what all iterations would get, where the state is tried and none is begun.
fn select_all(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    (input, items): (&Payload, &Payload),
) -> Result<(), Fault> {
    let selector = map.item_selector.as_ref();
    if selector.is_none() && map.batcher.is_none() {
        return Ok(());
    }
    let (mut selected, mut bytes) = (Vec::new(), 0);
    for (index, item) in (0..).zip(items.value().as_array().unwrap_or_default()) {
        let item = dataflow::item(turn, frame, state, selector, input, (index, item.clone()))?;
        bytes += item.len();
        selected.push(item);
        // More than any answer can show, or more work than a step may have: iterations would come in many.
        if bytes > MAX_PAYLOAD_BYTES || turn.is_long() {
            return Ok(());
        }
    }
    let joined = selector.and_then(|_| children::joined(selected.iter(), MAX_PAYLOAD_BYTES));
    if let Some(joined) = joined {
        turn.saw(Stage::ItemSelector, &joined);
    }
    let Some(batcher) = &map.batcher else { return Ok(()) };
    let Some(batches) = batches(turn, frame, state, batcher, input, &selected)? else { return Ok(()) };
    if let Ok(batches) = Payload::from_value_within(Value::from(batches), MAX_PAYLOAD_BYTES) {
        turn.saw(Stage::ItemBatcher, &batches);
    }
    Ok(())
}

/// The items in batches, as iterations would get them: in order, each as large as it may be, and at least one item.
/// Nothing, where that is more than any answer can show: what all get besides stands in each.
fn batches(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    batcher: &Batcher,
    input: &Payload,
    items: &[Payload],
) -> Result<Option<Vec<Value>>, Fault> {
    let most_items = most(turn, frame, batcher.items.as_ref(), ("MaxItemsPerBatchPath", 1), input)?;
    let most_bytes = most(turn, frame, batcher.bytes.as_ref(), ("MaxInputBytesPerBatchPath", 1), input)?;
    let besides = match &batcher.input {
        None => None,
        Some(Selector::JsonPath(template)) => {
            Some(jsonpath::template(turn, frame, state, Some(template), input.clone())?)
        }
        Some(Selector::Jsonata(template)) => Some(jsonata::template(turn, frame, state, template)?),
    };
    let batch = |items: &[Value]| {
        let mut batch = Object::with_capacity(2);
        if let Some(besides) = &besides {
            batch.insert("BatchInput", besides.value().clone());
        }
        batch.insert("Items", Value::from(items.to_vec()));
        Value::from(batch)
    };
    let empty = batch(&[]).to_string().len() as u64;
    let (mut batches, mut open, mut bytes) = (Vec::new(), Vec::new(), empty);
    for item in items {
        // With the comma in front, which the first has not.
        let more = item.len() as u64 + u64::from(!open.is_empty());
        if !open.is_empty() && (open.len() as u64 >= most_items || bytes + more > most_bytes) {
            if (batches.len() as u64 + 1) * empty > MAX_PAYLOAD_BYTES as u64 {
                return Ok(None);
            }
            batches.push(batch(&open));
            (open, bytes) = (Vec::new(), empty);
        }
        bytes += item.len() as u64 + u64::from(!open.is_empty());
        open.push(item.value().clone());
    }
    if !open.is_empty() {
        batches.push(batch(&open));
    }
    Ok(Some(batches))
}

/// A limit of what is read or of a batch, at least so much; no limit where there is none.
fn most(
    turn: &Turn<'_>,
    frame: FrameId,
    given: Option<&Tolerance<u64>>,
    (field, least): (&str, u64),
    input: &Payload,
) -> Result<u64, Fault> {
    match given {
        None => Ok(u64::MAX),
        Some(Tolerance::Fixed(most)) => Ok(*most),
        Some(Tolerance::Query(query)) => jsonata::integer(turn, frame, query, least..=u64::from(u32::MAX)),
        Some(Tolerance::Path(path)) => {
            let value = jsonpath::select(turn, frame, path, input)?;
            let Some(most) = dataflow::integer(&value) else {
                return Err(refers_to(turn, frame, field, path, &value, "integer"));
            };
            // Said of a reader by the service (recorded); of batches the words are not known.
            let cause = format!("field {} must be positive", field.trim_end_matches("Path"));
            let most = u64::try_from(most).ok().filter(|most| *most >= least);
            most.ok_or_else(|| Failure::new("States.ItemReaderFailed", cause).into())
        }
    }
}

/// The items, with their number.
fn items(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    input: &Payload,
) -> Result<(Payload, u32), Fault> {
    if let Some(read) = turn.probe.and_then(|probe| probe.given.items.clone()) {
        let most = most(turn, frame, map.max_items.as_ref(), ("MaxItemsPath", 0), input)?;
        return read_items(turn, read?, most);
    }
    let items = match &map.items {
        Items::Path(path) => jsonpath::through(turn, frame, state, Some(path), input)?,
        Items::Template(template) => jsonata::template(turn, frame, state, template)?,
        Items::Input => input.clone(),
    };
    match items.value().as_array().map(|items| u32::try_from(items.len())) {
        Some(Ok(length)) => {
            if let Some(probe) = turn.probe {
                probe.note(|seen| seen.items = Some(length));
                if let Items::Path(path) = &map.items {
                    let written = jsonpath::as_written(turn, path, input);
                    turn.saw(Stage::Items, &written.unwrap_or_else(|| items.clone()));
                }
            }
            Ok((items, length))
        }
        _ => Err(no_items(turn, frame, map, items.value())),
    }
}

/// What stands for the items that a reader gives, where the state is tried: the elements of an array, or the
/// members of an object. No more than `most` of them; 0 is as many as there are (recorded).
fn read_items(turn: &Turn<'_>, read: Payload, most: u64) -> Result<(Payload, u32), Fault> {
    let most = usize::try_from(most).ok().filter(|most| *most > 0).unwrap_or(usize::MAX);
    let items = match read.value() {
        Value::Array(all) if all.len() <= most => read.clone(),
        Value::Array(all) => {
            Payload::from_value(Value::from(all.iter().take(most).cloned().collect::<Vec<_>>()))
        }
        Value::Object(members) => {
            Payload::from_value(Value::from(members.iter().take(most).map(entry).collect::<Vec<_>>()))
        }
        _ => {
            let cause = "Attempting to map over non-iterable node.";
            return Err(Failure::new("States.ItemReaderFailed", cause).into());
        }
    };
    let length = items.value().as_array().and_then(|items| u32::try_from(items.len()).ok());
    if let Some(probe) = turn.probe {
        probe.note(|seen| seen.items = length);
    }
    Ok((items, length.unwrap_or_default()))
}

/// A member of an object as an item.
fn entry((key, value): (&Arc<str>, &Value)) -> Value {
    let mut item = Object::with_capacity(2);
    item.insert("Key", Value::String(key.clone()));
    item.insert("Value", value.clone());
    item.into()
}

/// The fault of items that are no array.
fn no_items(turn: &Turn<'_>, frame: FrameId, map: &Map, items: &Value) -> Fault {
    match &map.items {
        // Without the state's name in front (recorded, 2026-09).
        Items::Path(path) => {
            // A path on the context object is shown from there (recorded).
            let shown = path.text().strip_prefix('$').filter(|_| path.origin() == Origin::Context);
            let shown = shown.unwrap_or(path.text());
            Failure::runtime(format!("Reference path \"{shown}\" must point to array.")).into()
        }
        Items::Template(template) if let Some(query) = template.query() => {
            jsonata::refuse(turn, frame, query.unexpected("array", items))
        }
        Items::Template(_) | Items::Input => {
            jsonata::unfit(turn, frame, &format!("Map state input must be an array but was: {items}"))
        }
    }
}

/// How many iterations may run at once, at least one.
fn at_once(turn: &Turn<'_>, frame: FrameId, map: &Map, input: &Payload) -> Result<u32, Fault> {
    let limit = match &map.max_concurrency {
        Concurrency::Fixed(limit) => u64::from(*limit),
        Concurrency::Query(query) => jsonata::integer(turn, frame, query, 0..=u64::from(u32::MAX))?,
        Concurrency::Path(path) => {
            let value = jsonpath::select(turn, frame, path, input)?;
            // An execution with a negative number was recorded to stall; a failure tells more.
            let limit = dataflow::integer(&value).and_then(|limit| u64::try_from(limit).ok());
            limit.ok_or_else(|| refers_to(turn, frame, "MaxConcurrencyPath", path, &value, "integer"))?
        }
    };
    if let Some(probe) = turn.probe {
        probe.note(|seen| seen.max_concurrency = Some(limit));
    }
    Ok(match u32::try_from(limit) {
        Ok(0) | Err(_) => MAX_AT_ONCE,
        Ok(limit) => limit.min(MAX_AT_ONCE),
    })
}

/// Finds how many iterations may fail, which can itself fail, after the Map has started (recorded for distributed
/// Maps).
///
/// Nothing follows from it here: the fields are for distributed Maps, whose result shows each iteration that
/// failed. That of an inline Map has no place for it, and the first failure ends it (recorded).
fn tolerated_count(
    turn: &Turn<'_>,
    frame: FrameId,
    map: &Map,
    input: &Payload,
) -> Result<Option<u64>, Fault> {
    match &map.tolerated_count {
        None => Ok(None),
        Some(Tolerance::Fixed(count)) => Ok(Some(*count)),
        Some(Tolerance::Query(query)) => {
            jsonata::integer(turn, frame, query, 0..=u64::from(u32::MAX)).map(Some)
        }
        Some(Tolerance::Path(path)) => {
            let value = jsonpath::select(turn, frame, path, input)?;
            let Some(count) = dataflow::integer(&value) else {
                return Err(refers_to(turn, frame, "ToleratedFailureCountPath", path, &value, "integer"));
            };
            let text = "ToleratedFailureCount cannot be negative.";
            u64::try_from(count).map(Some).map_err(|_| dataflow::runtime(turn, frame, text).into())
        }
    }
}

/// The same for how many in a hundred may fail.
fn tolerated_percentage(
    turn: &Turn<'_>,
    frame: FrameId,
    map: &Map,
    input: &Payload,
) -> Result<Option<f64>, Fault> {
    const OUT_OF_RANGE: &str = "ToleratedFailurePercentage must be between 0 and 100.";
    match &map.tolerated_percentage {
        None => Ok(None),
        Some(Tolerance::Fixed(percentage)) => Ok(Some(*percentage)),
        Some(Tolerance::Query(query)) => match jsonata::value(turn, frame, query, "number")?.as_f64() {
            Some(percentage @ 0.0..=100.0) => Ok(Some(percentage)),
            _ => Err(jsonata::unusable(turn, frame, query, OUT_OF_RANGE)),
        },
        Some(Tolerance::Path(path)) => {
            let value = jsonpath::select(turn, frame, path, input)?;
            match float(&value) {
                None => Err(refers_to(turn, frame, "ToleratedFailurePercentagePath", path, &value, "float")),
                Some(percentage @ 0.0..=100.0) => Ok(Some(percentage)),
                Some(_) => Err(dataflow::runtime(turn, frame, OUT_OF_RANGE).into()),
            }
        }
    }
}

/// The number that a path field leads to, or that a string there spells.
fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => Some(number.as_f64()),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// The fault of a path field that leads to something else than a number of its kind.
fn refers_to(turn: &Turn<'_>, frame: FrameId, field: &str, path: &Path, value: &Value, kind: &str) -> Fault {
    let (shown, path) = (dataflow::shown(value), path.text());
    let text = format!("The {field} field refers to value \"{shown}\" which is not a valid {kind}: {path}");
    dataflow::runtime(turn, frame, &text).into()
}
