//! Wait: the input goes on after a time.

use super::{Exit, Flow, exit, failed};
use crate::asl::definition::{Kind, State, Until, Wait};
use crate::expr::path::Path;
use crate::json::{Payload, Value};
use crate::machine::execution::Turn;
use crate::machine::retry::Failure;
use crate::machine::timestamp::{Millis, Timestamp, parse_rfc3339};
use crate::machine::trial::Stage;
use crate::machine::{Fact, FrameId, dataflow};

/// The longest wait, in seconds: now and 24,855 days are accepted, 24,856 days are not (recorded).
const MAX_DELAY_SECONDS: u64 = i32::MAX as u64;

pub(super) fn enter(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    wait: &Wait,
) -> Result<Flow, Failure> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    turn.saw(Stage::InputPath, &input);
    let until = until(turn, frame, &wait.until, &input)?;
    if until.since(turn.env.now) > Millis::from_seconds(MAX_DELAY_SECONDS) {
        return Err(dataflow::runtime(turn, frame, "Wait state delay is too long."));
    }
    // Zero seconds and past times do not interrupt the run (recorded).
    if until <= turn.env.now {
        return go_on(turn, frame, state, wait, input);
    }
    turn.record(frame, Fact::WaitStarted { frame, until });
    Ok(Flow::Wait)
}

/// The time has come.
pub(in crate::machine) fn over(turn: &mut Turn<'_>, frame: FrameId) {
    let definition = turn.execution.definition().clone();
    let Some(state) = turn.visit(frame).and_then(|(visit, _)| definition.state(visit.state)) else { return };
    let (Kind::Wait(wait), Some(raw)) = (&state.kind, turn.raw_input(frame)) else { return };
    let left = dataflow::input(turn, frame, state, &raw)
        .and_then(|input| go_on(turn, frame, state, wait, input))
        .unwrap_or_else(|failure| failed(turn, frame, state, failure));
    turn.follow(frame, left);
}

fn go_on(
    turn: &mut Turn<'_>,
    frame: FrameId,
    state: &State,
    wait: &Wait,
    result: Payload,
) -> Result<Flow, Failure> {
    let assigned = dataflow::assign(turn, frame, state, state.assign.as_ref(), &result)?;
    exit(turn, frame, state, Exit { transition: wait.transition, result, assigned })
}

fn until(turn: &Turn<'_>, frame: FrameId, until: &Until, input: &Payload) -> Result<Timestamp, Failure> {
    let now = turn.env.now;
    match until {
        Until::Seconds(seconds) => Ok(now.saturating_add(Millis::from_seconds(*seconds))),
        Until::Timestamp(millis) => Ok(Timestamp::from_millis(*millis)),
        Until::SecondsPath(path) => {
            let seconds =
                seconds_at(turn, frame, path, input).map_err(|text| dataflow::runtime(turn, frame, &text))?;
            Ok(now.saturating_add(Millis::from_seconds(seconds)))
        }
        Until::TimestampPath(path) => {
            timestamp_at(turn, frame, path, input).map_err(|text| dataflow::runtime(turn, frame, &text))
        }
    }
}

fn seconds_at(turn: &Turn<'_>, frame: FrameId, path: &Path, input: &Payload) -> Result<u64, String> {
    let path_text = path.text();
    let value = dataflow::find(turn, frame, path, input)
        .ok_or_else(|| format!("The SecondsPath parameter does not reference an input value: {path_text}"))?;
    let seconds = match &value {
        Value::Number(number) => number.as_i64(),
        // A numeric string is accepted and waits (recorded, 2026-09).
        Value::String(text) => text.parse::<i64>().ok(),
        _ => None,
    };
    let shown = dataflow::shown(&value);
    match seconds {
        None => {
            Err(format!("The SecondsPath parameter cannot be parsed as a long value: {path_text} == {shown}"))
        }
        Some(seconds) => u64::try_from(seconds).map_err(|_| {
            format!("The SecondsPath parameter references a negative value: {path_text} == {shown}")
        }),
    }
}

fn timestamp_at(turn: &Turn<'_>, frame: FrameId, path: &Path, input: &Payload) -> Result<Timestamp, String> {
    let value = dataflow::find(turn, frame, path, input);
    let found = match &value {
        Some(Value::String(text)) => parse_rfc3339(text.as_ref()),
        _ => None,
    };
    found.ok_or_else(|| {
        let shown = value.as_ref().map_or_else(|| "null".to_owned(), dataflow::shown);
        let path = path.text();
        format!(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time \
             format string: {path} == {shown}"
        )
    })
}
