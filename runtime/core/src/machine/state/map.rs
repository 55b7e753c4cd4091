//! Map: the same states for every item of an array, and an array of what they give.

use std::sync::Arc;

use super::{Exit, Flow, exit_after, failed};
use crate::asl::definition::{Concurrency, Map, State};
use crate::expr::path::Origin;
use crate::json::{Object, Payload, Value};
use crate::machine::execution::{Turn, WaitsFor};
use crate::machine::retry::Failure;
use crate::machine::trial::{Mock, Stage};
use crate::machine::{EventId, Fact, FrameId, MAX_PAYLOAD_BYTES, children, dataflow};

/// How many iterations run at once at most, also where the state sets no limit. Source: the guide,
/// which says that inline Maps run up to 40.
const MAX_AT_ONCE: u32 = 40;

/// The first attempt, or the next one: each begins with the first item.
pub(super) fn start(turn: &mut Turn<'_>, frame: FrameId, state: &State, map: &Map) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    turn.saw(Stage::InputPath, &input);
    let (items, length) = items(turn, frame, state, map, &input)?;
    let at_once = at_once(turn, frame, map, &input)?;
    let tried = turn.probe.is_some().then(|| (input.clone(), items.clone()));
    turn.record(frame, Fact::MapStarted { frame, length, at_once, input, items });
    if let Some((input, items)) = tried {
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
    Some((frame, flow.unwrap_or_else(|failure| failed(turn, frame, state, failure))))
}

/// Begins as many iterations as may run, all after the same event; they run later, in their order.
fn begin_iterations(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    previous: EventId,
) -> Result<(), Failure> {
    while !turn.is_full()
        && let Some((index, item, input)) = next(turn, frame)
    {
        let input = dataflow::item(turn, frame, state, map.item_selector.as_ref(), &input, (index, item))?;
        let (iteration, name) = (turn.execution.next_frame(), state.name.clone());
        turn.record_from(
            previous,
            Fact::MapIterationStarted { frame: iteration, block: frame, name, index, input },
        );
        turn.run_soon(frame, [(iteration, map.start_at)]);
    }
    Ok(())
}

/// The next item to begin an iteration for, if one may begin, and what it is selected with.
fn next(turn: &Turn<'_>, frame: FrameId) -> Option<(u32, Value, Payload)> {
    let WaitsFor::Items(items) = turn.waits_for(frame)? else { return None };
    let (index, item) = items.next()?;
    Some((index, item, items.input.clone()))
}

fn succeed(turn: &mut Turn<'_>, frame: FrameId, state: &State, map: &Map) -> Result<Flow, Failure> {
    let (Some(raw), Some(children)) = (turn.raw_input(frame), turn.children(frame)) else {
        return Ok(Flow::Wait);
    };
    let result = dataflow::results(children, state)?;
    leave(turn, frame, state, map, (raw, result))
}

/// All iterations have ended, with this result.
pub(super) fn leave(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    (raw, result): (Payload, Payload),
) -> Result<Flow, Failure> {
    // The exit points to the last MapIterationSucceeded too (recorded).
    let last = turn.cursor(frame);
    turn.record(frame, Fact::MapSucceeded { frame });
    let result = dataflow::template(turn, frame, state, map.result_selector.as_ref(), result)?;
    turn.saw(Stage::ResultSelector, &result);
    let assigned = dataflow::assign(turn, frame, state, state.assign.as_ref(), &result)?;
    let result = dataflow::result_path(state, &map.result_path, &raw, result)?;
    turn.saw(Stage::ResultPath, &result);
    exit_after(turn, last, frame, state, Exit { transition: map.transition, result, assigned })
}

/// What stands for the iterations, where the state is tried.
pub(super) fn mocked(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    mock: Mock,
) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    leave(turn, frame, state, map, (raw, mock.answer?))
}

/// Shows what all iterations would get, where the state is tried and none is begun.
fn select_all(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    (input, items): (&Payload, &Payload),
) -> Result<(), Failure> {
    let template = map.item_selector.as_ref();
    if template.is_none() {
        return Ok(());
    }
    let (mut selected, mut bytes) = (Vec::new(), 0);
    for (index, item) in (0..).zip(items.value().as_array().unwrap_or_default()) {
        let item = dataflow::item(turn, frame, state, template, input, (index, item.clone()))?;
        bytes += item.len();
        selected.push(item);
        if bytes > MAX_PAYLOAD_BYTES {
            // More than any answer can show.
            return Ok(());
        }
    }
    if let Some(selected) = children::joined(selected.iter(), MAX_PAYLOAD_BYTES) {
        turn.saw(Stage::ItemSelector, &selected);
    }
    Ok(())
}

/// The items, with their number.
fn items(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    input: &Payload,
) -> Result<(Payload, u32), Failure> {
    if let Some(read) = turn.probe.and_then(|probe| probe.given.items.clone()) {
        return read_items(turn, read);
    }
    let path = &map.items_path;
    let items = dataflow::through(turn, frame, state, Some(path), input)?;
    match items.value().as_array().map(|items| u32::try_from(items.len())) {
        Some(Ok(length)) => {
            if let Some(probe) = turn.probe {
                probe.note(|seen| seen.items = Some(length));
                turn.saw(Stage::Items, &dataflow::as_written(turn, path, input).unwrap_or(items.clone()));
            }
            Ok((items, length))
        }
        // Without the state's name in front (recorded, 2026-09).
        _ => {
            // A path on the context object is shown from there (recorded).
            let shown = path.text().strip_prefix('$').filter(|_| path.origin() == Origin::Context);
            let shown = shown.unwrap_or(path.text());
            Err(Failure::runtime(format!("Reference path \"{shown}\" must point to array.")))
        }
    }
}

/// What stands for the items that a reader gives, where the state is tried: the elements of an array, or the
/// members of an object.
fn read_items(turn: &Turn<'_>, read: Payload) -> Result<(Payload, u32), Failure> {
    let items = match read.value() {
        Value::Array(_) => read.clone(),
        Value::Object(members) => {
            Payload::from_value(Value::from(members.iter().map(entry).collect::<Vec<_>>()))
        }
        _ => {
            return Err(Failure::new("States.ItemReaderFailed", "Attempting to map over non-iterable node."));
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

/// How many iterations may run at once, at least one.
fn at_once(turn: &Turn<'_>, frame: FrameId, map: &Map, input: &Payload) -> Result<u32, Failure> {
    let limit = match &map.max_concurrency {
        Concurrency::Fixed(limit) => u64::from(*limit),
        Concurrency::Path(path) => {
            let value = dataflow::select(turn, frame, path, input)?;
            let limit = match &value {
                Value::Number(number) if number.is_integer() => number.as_i64(),
                // A numeric string counts as its number (recorded).
                Value::String(text) => text.parse().ok(),
                _ => None,
            };
            // An execution with a negative number was recorded to stall; a failure tells more.
            limit.and_then(|limit: i64| u64::try_from(limit).ok()).ok_or_else(|| {
                let (shown, path) = (dataflow::shown(&value), path.text());
                let text = format!(
                    "The MaxConcurrencyPath field refers to value \"{shown}\" which is not a valid integer: {path}"
                );
                dataflow::runtime(turn, frame, &text)
            })?
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
