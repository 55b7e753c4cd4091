//! Wait: the input goes on after a time.

use super::{Flow, exit, failed};
use crate::asl::definition::{Kind, State, Until, Wait};
use crate::expr::path::Path;
use crate::json::Payload;
use crate::machine::dataflow::{self, Fault, Product, jsonata, jsonpath};
use crate::machine::execution::Turn;
use crate::machine::timestamp::{Millis, Timestamp, parse_iso};
use crate::machine::{Fact, FrameId};

/// The longest wait, in seconds: now and 24,855 days are accepted, 24,856 days are not (recorded).
const MAX_DELAY_SECONDS: u64 = i32::MAX as u64;

/// The largest number of seconds that the field takes.
const MAX_SECONDS: u64 = 99_999_999;

pub(super) fn enter(turn: &mut Turn<'_>, frame: FrameId, state: &State, wait: &Wait) -> Result<Flow, Fault> {
    let Some(raw) = turn.raw_input(frame) else { return Ok(Flow::Wait) };
    let input = dataflow::input(turn, frame, state, &raw)?;
    let until = until(turn, frame, &wait.until, &input)?;
    if until.since(turn.env.now) > Millis::from_seconds(MAX_DELAY_SECONDS) {
        return Err(dataflow::runtime(turn, frame, "Wait state delay is too long.").into());
    }
    // Zero seconds and past times do not interrupt the run (recorded).
    if until <= turn.env.now {
        return exit(turn, frame, state, wait.transition, Product::Input(input));
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
        .and_then(|input| exit(turn, frame, state, wait.transition, Product::Input(input)))
        .unwrap_or_else(|fault| failed(turn, frame, state, fault));
    turn.follow(frame, left);
}

fn until(turn: &Turn<'_>, frame: FrameId, until: &Until, input: &Payload) -> Result<Timestamp, Fault> {
    let now = turn.env.now;
    match until {
        Until::Seconds(seconds) => Ok(now.saturating_add(Millis::from_seconds(*seconds))),
        Until::Timestamp(millis) => Ok(Timestamp::from_millis(*millis)),
        Until::SecondsPath(path) => {
            let seconds =
                seconds_at(turn, frame, path, input).map_err(|text| dataflow::runtime(turn, frame, &text))?;
            Ok(now.saturating_add(Millis::from_seconds(seconds)))
        }
        Until::TimestampPath(path) => timestamp_at(turn, frame, path, input)
            .map_err(|text| dataflow::runtime(turn, frame, &text).into()),
        Until::SecondsQuery(query) => {
            let seconds = jsonata::integer(turn, frame, query, 0..=MAX_SECONDS)?;
            Ok(now.saturating_add(Millis::from_seconds(seconds)))
        }
        Until::TimestampQuery(query) => {
            let text = jsonata::text(turn, frame, query)?;
            parse_iso(&text).ok_or_else(|| {
                let text = format!(
                    "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: \
                     {text}"
                );
                jsonata::unusable(turn, frame, query, &text)
            })
        }
    }
}

fn seconds_at(turn: &Turn<'_>, frame: FrameId, path: &Path, input: &Payload) -> Result<u64, String> {
    let path_text = path.text();
    let value = jsonpath::find(turn, frame, path, input)
        .ok_or_else(|| format!("The SecondsPath parameter does not reference an input value: {path_text}"))?;
    let shown = dataflow::shown(&value);
    match dataflow::integer(&value) {
        None => {
            Err(format!("The SecondsPath parameter cannot be parsed as a long value: {path_text} == {shown}"))
        }
        Some(seconds) => u64::try_from(seconds).map_err(|_| {
            format!("The SecondsPath parameter references a negative value: {path_text} == {shown}")
        }),
    }
}

fn timestamp_at(turn: &Turn<'_>, frame: FrameId, path: &Path, input: &Payload) -> Result<Timestamp, String> {
    let path_text = path.text();
    // Recorded for SecondsPath; the same is assumed here.
    let value = jsonpath::find(turn, frame, path, input).ok_or_else(|| {
        format!("The TimestampPath parameter does not reference an input value: {path_text}")
    })?;
    value.as_str().and_then(parse_iso).ok_or_else(|| {
        let shown = dataflow::shown(&value);
        format!(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time \
             format string: {path_text} == {shown}"
        )
    })
}
