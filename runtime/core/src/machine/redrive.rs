//! Redrives: which executions may be taken up again after their end, and how often the request counts.
//!
//! What happens to the states is not decided here. Source of conditions and texts: the API reference.

use std::fmt;
use std::sync::Arc;

use super::timestamp::Millis;
use super::{MAX_EVENTS, Timestamp};

/// The last redrive of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redriven {
    /// Its number, from 1.
    pub count: u32,
    /// When it was.
    pub at: Timestamp,
    /// How long the execution had been open before it, all in all.
    pub open_before: Millis,
}

/// How an execution stands, as far as a redrive depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Open.
    Running,
    /// Closed, with nothing left to do.
    Succeeded,
    /// Failed, stopped or timed out.
    Unsuccessful {
        /// When it was closed.
        stopped: Timestamp,
        /// Number of its last event.
        events: u64,
        /// How long it has been open, all in all.
        open: Millis,
    },
}

/// Why an execution cannot be redriven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRedrivable {
    /// It is open.
    Running,
    /// It has succeeded.
    Succeeded,
    /// Its state machine has been deleted.
    MachineDeleted,
    /// Its history is full.
    EventLimit,
    /// It has been open for as long as any may be.
    MaxTime,
    /// It was closed too long ago.
    PeriodOver,
}

impl fmt::Display for NotRedrivable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotRedrivable::Running => "Execution is RUNNING and cannot be redriven",
            NotRedrivable::Succeeded => "Execution is SUCCEEDED and cannot be redriven",
            NotRedrivable::MachineDeleted => "State machine is in DELETING status",
            NotRedrivable::EventLimit => "Execution history event limit exceeded",
            NotRedrivable::MaxTime => "Execution has exceeded the max execution time",
            NotRedrivable::PeriodOver => "Execution redrivable period exceeded",
        })
    }
}

const DAY: u64 = 24 * 60 * 60 * 1000;

/// How long after its end an execution can be redriven.
const PERIOD: Millis = Millis(14 * DAY);

/// How long an execution may be open, all in all.
const MAX_OPEN: Millis = Millis(365 * DAY);

/// How many requests are known again, and for how long.
const MAX_TOKENS: usize = 10;
const TOKEN_LIFE: Millis = Millis(15 * 60 * 1000);

/// What keeps an execution from being redriven now; `None` if nothing does.
pub fn obstacle(standing: Standing, machine_deleted: bool, now: Timestamp) -> Option<NotRedrivable> {
    match standing {
        Standing::Running => Some(NotRedrivable::Running),
        Standing::Succeeded => Some(NotRedrivable::Succeeded),
        Standing::Unsuccessful { .. } if machine_deleted => Some(NotRedrivable::MachineDeleted),
        // Room for the redrive itself and for one event more.
        Standing::Unsuccessful { events, .. } if events >= MAX_EVENTS - 1 => Some(NotRedrivable::EventLimit),
        Standing::Unsuccessful { open, .. } if open >= MAX_OPEN => Some(NotRedrivable::MaxTime),
        Standing::Unsuccessful { stopped, .. } if now.since(stopped) > PERIOD => {
            Some(NotRedrivable::PeriodOver)
        }
        Standing::Unsuccessful { .. } => None,
    }
}

/// The requests that redrove an execution last, by their tokens: the same request again redrives nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Requests(Vec<(Arc<str>, Timestamp)>);

impl Requests {
    pub(super) fn add(&mut self, token: Arc<str>, at: Timestamp) {
        if self.0.len() >= MAX_TOKENS {
            self.0.remove(0);
        }
        self.0.push((token, at));
    }

    /// When a request of this token redrove the execution, if that is still known.
    pub(super) fn find(&self, token: &str, now: Timestamp) -> Option<Timestamp> {
        let found = self.0.iter().rev().find(|(known, _)| **known == *token);
        found.map(|(_, at)| *at).filter(|at| now.since(*at) <= TOKEN_LIFE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_redriven() {
        let at = Timestamp::from_millis;
        let closed = |events, open| Standing::Unsuccessful { stopped: at(0), events, open: Millis(open) };
        let (period, year) = (14 * DAY as i64, 365 * DAY);
        let cases = [
            (Standing::Running, true, period + 1, "Execution is RUNNING and cannot be redriven"),
            (Standing::Succeeded, true, period + 1, "Execution is SUCCEEDED and cannot be redriven"),
            (closed(3, 0), false, period, ""),
            (closed(3, 0), false, period + 1, "Execution redrivable period exceeded"),
            (closed(24_998, 0), false, 0, ""),
            (closed(24_999, 0), false, 0, "Execution history event limit exceeded"),
            (closed(3, year - 1), false, 0, ""),
            (closed(3, year), false, 0, "Execution has exceeded the max execution time"),
            (closed(24_999, year), true, period + 1, "State machine is in DELETING status"),
        ];
        for (standing, deleted, now, expected) in cases {
            let why = obstacle(standing, deleted, at(now)).map(|why| why.to_string());
            assert_eq!(why.unwrap_or_default(), expected, "{standing:?} {deleted} {now}");
        }
    }

    #[test]
    fn the_last_ten_requests_are_known_for_a_quarter_of_an_hour() {
        let at = Timestamp::from_millis;
        let mut requests = Requests::default();
        for number in 0..11 {
            requests.add(number.to_string().into(), at(number));
        }
        assert_eq!(requests.find("0", at(11)), None);
        assert_eq!(requests.find("1", at(11)), Some(at(1)));
        assert_eq!(requests.find("1", at(1 + 900_000)), Some(at(1)));
        assert_eq!(requests.find("1", at(2 + 900_000)), None);
        // After its time a token redrives again, and the later redrive counts.
        requests.add("10".into(), at(1_000_000));
        assert_eq!(requests.find("10", at(1_000_001)), Some(at(1_000_000)));
    }
}
