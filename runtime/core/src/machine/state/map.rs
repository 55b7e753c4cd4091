//! Map: the same states for every item of an array, and an array of what they give.

use super::{Exit, Flow, exit_after, failed};
use crate::asl::definition::{Concurrency, Map, State};
use crate::json::{Payload, Value};
use crate::machine::execution::{Turn, WaitsFor};
use crate::machine::retry::Failure;
use crate::machine::{EventId, Fact, FrameId, dataflow};

/// How many iterations run at once at most, also where the state sets no limit. Source: the guide,
/// which says that inline Maps run up to 40.
const MAX_AT_ONCE: u32 = 40;

/// The first attempt, or the next one: each begins with the first item.
pub(super) fn start(turn: &mut Turn<'_>, frame: FrameId, state: &State, map: &Map) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    let (items, length) = items(turn, frame, state, map, &input)?;
    let at_once = at_once(turn, frame, map, &input)?;
    turn.record(frame, Fact::MapStarted { frame, length, at_once, input, items });
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
    // The exit points to the last MapIterationSucceeded too (recorded).
    let last = turn.cursor(frame);
    turn.record(frame, Fact::MapSucceeded { frame });
    let result = dataflow::template(turn, frame, state, map.result_selector.as_ref(), result)?;
    let assigned = dataflow::assign(turn, frame, state, state.assign.as_ref(), &result)?;
    let result = dataflow::result_path(state, &map.result_path, &raw, result)?;
    exit_after(turn, last, frame, state, Exit { transition: map.transition, result, assigned })
}

/// The items, with their number.
fn items(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    map: &Map,
    input: &Payload,
) -> Result<(Payload, u32), Failure> {
    let path = &map.items_path;
    let items = dataflow::through(turn, frame, state, Some(path), input)?;
    match items.value().as_array().map(|items| u32::try_from(items.len())) {
        Some(Ok(length)) => Ok((items, length)),
        // Without the state's name in front (recorded, 2026-09).
        _ => Err(Failure::runtime(format!("Reference path \"{}\" must point to array.", path.text()))),
    }
}

/// How many iterations may run at once, at least one.
fn at_once(turn: &Turn<'_>, frame: FrameId, map: &Map, input: &Payload) -> Result<u32, Failure> {
    let limit = match &map.max_concurrency {
        Concurrency::Fixed(limit) => u64::from(*limit),
        Concurrency::Path(path) => {
            let value = dataflow::select(turn, frame, path, input)?;
            // An execution with a negative number was recorded to stall; a failure tells more.
            let limit = dataflow::integer(&value).and_then(|limit| u64::try_from(limit).ok());
            limit.ok_or_else(|| {
                let (shown, path) = (dataflow::shown(&value), path.text());
                let text = format!(
                    "The MaxConcurrencyPath field refers to value \"{shown}\" which is not a valid integer: {path}"
                );
                dataflow::runtime(turn, frame, &text)
            })?
        }
    };
    Ok(match u32::try_from(limit) {
        Ok(0) | Err(_) => MAX_AT_ONCE,
        Ok(limit) => limit.min(MAX_AT_ONCE),
    })
}
