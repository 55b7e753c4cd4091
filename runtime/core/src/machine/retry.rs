//! Which retrier or catcher takes a failure, and how long to wait before another attempt.
//!
//! Plain functions on data: counts and seeds come in as arguments. This module must not know
//! frames, timers or what a failed state does next.

use std::sync::Arc;

use crate::asl::definition::{Catcher, Retrier};
use crate::expr::random::splitmix64;

use super::timestamp::Millis;

/// Why a state failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Failure {
    /// The error's name, as `ErrorEquals` knows it. A worker may leave it out.
    pub error: Option<Arc<str>>,
    /// Text for people.
    pub cause: Option<Arc<str>>,
    /// A heartbeat was lost: the error shown is `States.Timeout`, and `States.HeartbeatTimeout`
    /// matches as well. Source: the service, recorded.
    pub heartbeat: bool,
}

impl Failure {
    /// A failure with a name and a text, both cut where they are longer than they may be.
    pub fn new(error: impl Into<Arc<str>>, cause: impl Into<Arc<str>>) -> Failure {
        Failure::said(Some(error.into()), Some(cause.into()))
    }

    /// The same of what may have been left out.
    pub fn said(error: Option<Arc<str>>, cause: Option<Arc<str>>) -> Failure {
        let error = error.map(|error| cut(error, MAX_ERROR_CHARACTERS));
        Failure { error, cause: cause.map(|cause| cut(cause, MAX_CAUSE_CHARACTERS)), heartbeat: false }
    }

    /// A failure of the state itself, which nothing retries or catches.
    pub fn runtime(cause: impl Into<Arc<str>>) -> Failure {
        Failure::new(RUNTIME, cause)
    }

    /// Whether nothing may retry or catch it, and the whole execution ends with it.
    pub fn is_runtime(&self) -> bool {
        self.error.as_deref() == Some(RUNTIME)
    }

    /// A limit of time was reached. Has no cause (the service, recorded).
    pub fn timeout() -> Failure {
        Failure { error: Some(TIMEOUT.into()), cause: None, heartbeat: false }
    }

    /// Whether a limit of time was reached.
    pub fn is_timeout(&self) -> bool {
        self.error.as_deref() == Some(TIMEOUT)
    }

    /// A worker was silent for too long.
    pub fn heartbeat_timeout() -> Failure {
        Failure { heartbeat: true, ..Failure::timeout() }
    }
}

/// The most characters in the name of an error. Source: the model of the API.
const MAX_ERROR_CHARACTERS: usize = 256;

/// The most characters in a cause. A function or a query can make it as long as it likes. Source: the model of the
/// API.
const MAX_CAUSE_CHARACTERS: usize = 32_768;

/// The first characters of a text, as many as there may be.
fn cut(text: Arc<str>, most: usize) -> Arc<str> {
    let end = if text.len() > most { text.char_indices().nth(most) } else { None };
    end.and_then(|(end, _)| text.get(..end)).map(Arc::from).unwrap_or(text)
}

/// Where a failure comes from, as the state that failed sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// A branch of a Parallel: `States.BranchFailed` names it as well as its own error does.
    pub branch: bool,
    /// Another state than a Task, as who tries a block says: `States.TaskFailed` does not name it.
    pub no_task: bool,
}

impl Origin {
    /// The state's own work.
    pub const OWN: Origin = Origin { branch: false, no_task: false };
}

/// The retrier that takes this failure: the first that names it, unless its attempts are used up.
///
/// `counts` has the retries made so far by each retrier, in order; what is not there counts as zero.
/// A retrier without attempts left ends the search: later ones are not tried.
/// Source: States Language, "Errors".
pub fn find_retrier(
    retriers: &[Retrier],
    counts: &[u32],
    failure: &Failure,
    origin: Origin,
) -> Option<usize> {
    let found = naming_retrier(retriers, failure, origin)?;
    let made = counts.get(found).copied().unwrap_or(0);
    (made < retriers.get(found)?.max_attempts).then_some(found)
}

/// The first retrier that names this failure, whether or not its attempts are used up.
pub fn naming_retrier(retriers: &[Retrier], failure: &Failure, origin: Origin) -> Option<usize> {
    retriers.iter().position(|retrier| names(&retrier.errors, failure, origin))
}

/// The first catcher that names this failure, as an index.
pub fn find_catcher(catchers: &[Catcher], failure: &Failure, origin: Origin) -> Option<usize> {
    catchers.iter().position(|catcher| names(&catcher.errors, failure, origin))
}

/// The delay before retry `attempt` (the first is 1).
///
/// `interval * backoff_rate^(attempt - 1)`, then the cap, then the jitter: with `FULL`, uniform
/// from zero to the delay, drawn from `seed`. Never fails: overflow gives the cap, which is
/// 99999999 seconds where the retrier has none. Source: States Language, "Errors".
pub fn delay(retrier: &Retrier, attempt: u32, seed: u64) -> Millis {
    let full = backoff(retrier, attempt);
    if retrier.full_jitter { Millis(uniform(seed, full)) } else { Millis(full) }
}

/// A result is larger than any may be.
pub(super) const DATA_LIMIT_EXCEEDED: &str = "States.DataLimitExceeded";

const RUNTIME: &str = "States.Runtime";
const TIMEOUT: &str = "States.Timeout";

/// The longest delay, in seconds: the largest number that any field of seconds takes.
const MAX_DELAY_SECONDS: u64 = 99_999_999;

/// True if one of these names of an `ErrorEquals` stands for the failure.
fn names(errors: &[Arc<str>], failure: &Failure, origin: Origin) -> bool {
    // Neither a wildcard nor its own name takes it (the service, recorded).
    !failure.is_runtime() && errors.iter().any(|name| matches(name, failure, origin))
}

fn matches(name: &str, failure: &Failure, origin: Origin) -> bool {
    match name {
        "States.BranchFailed" if origin.branch => true,
        // States.DataLimitExceeded too: the guide excludes it, the service was recorded to catch it.
        "States.ALL" => true,
        "States.TaskFailed" if !origin.no_task => failure.error.as_deref() != Some(TIMEOUT),
        "States.HeartbeatTimeout" if failure.heartbeat => true,
        _ => failure.error.as_deref() == Some(name),
    }
}

/// The delay without jitter, in milliseconds.
fn backoff(retrier: &Retrier, attempt: u32) -> u64 {
    if retrier.interval_seconds == 0 {
        return 0;
    }
    let cap = Millis::from_seconds(retrier.max_delay_seconds.unwrap_or(MAX_DELAY_SECONDS)).0;
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let millis = retrier.interval_seconds as f64 * 1000.0 * retrier.backoff_rate.powi(exponent);
    // `as` saturates, so infinity ends at the cap.
    (millis.round() as u64).min(cap)
}

/// A number from zero to `max`, both included.
fn uniform(seed: u64, max: u64) -> u64 {
    // The high half of the product: without the bias of a remainder towards small numbers.
    let wide = u128::from(splitmix64(seed)) * (u128::from(max) + 1);
    (wide >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asl::definition::{Exit, StateId};

    fn retrier(errors: &[&str], max_attempts: u32) -> Retrier {
        Retrier {
            errors: errors.iter().map(|&error| error.into()).collect(),
            interval_seconds: 1,
            max_attempts,
            backoff_rate: 2.0,
            max_delay_seconds: None,
            full_jitter: false,
        }
    }

    fn catcher(errors: &[&str]) -> Catcher {
        Catcher {
            errors: errors.iter().map(|&error| error.into()).collect(),
            exit: Exit::Jsonata { assign: None, output: None },
            next: StateId(0),
        }
    }

    fn failure(error: &str) -> Failure {
        Failure::new(error, "because")
    }

    #[test]
    fn names_that_match() {
        let nameless = Failure::default();
        let cases: &[(&str, Failure, bool)] = &[
            ("Custom", failure("Custom"), true),
            ("Custom", failure("custom"), false),
            ("Custom", failure("Custom.More"), false),
            ("Custom", nameless.clone(), false),
            ("", failure(""), true),
            ("", nameless.clone(), false),
            ("States.ALL", failure("Custom"), true),
            ("States.ALL", nameless.clone(), true),
            ("States.ALL", failure("States.TaskFailed"), true),
            ("States.ALL", Failure::timeout(), true),
            ("States.ALL", Failure::heartbeat_timeout(), true),
            ("States.ALL", failure("States.DataLimitExceeded"), true),
            ("States.ALL", failure("States.Runtime"), false),
            ("States.TaskFailed", failure("Custom"), true),
            ("States.TaskFailed", failure("States.TaskFailed"), true),
            ("States.TaskFailed", failure("States.Permissions"), true),
            ("States.TaskFailed", nameless, true),
            ("States.TaskFailed", Failure::timeout(), false),
            ("States.TaskFailed", Failure::heartbeat_timeout(), false),
            ("States.TaskFailed", failure("States.Runtime"), false),
            ("States.Timeout", Failure::timeout(), true),
            ("States.Timeout", Failure::heartbeat_timeout(), true),
            ("States.Timeout", failure("Custom"), false),
            ("States.HeartbeatTimeout", Failure::heartbeat_timeout(), true),
            ("States.HeartbeatTimeout", Failure::timeout(), false),
            ("States.Runtime", failure("States.Runtime"), false),
            ("States.DataLimitExceeded", failure("States.DataLimitExceeded"), true),
        ];
        for (name, failure, expected) in cases {
            let retry = find_retrier(&[retrier(&[name], 1)], &[], failure, Origin::OWN).is_some();
            let catch = find_catcher(&[catcher(&[name])], failure, Origin::OWN).is_some();
            assert_eq!((retry, catch), (*expected, *expected), "{name} for {failure:?}");
        }
    }

    #[test]
    fn failures_of_branches() {
        let branch = Origin { branch: true, ..Origin::OWN };
        let cases =
            [("Custom", branch, true), ("Custom", Origin::OWN, false), ("States.Runtime", branch, false)];
        for (error, origin, expected) in cases {
            let failure = failure(error);
            let retry =
                find_retrier(&[retrier(&["States.BranchFailed"], 1)], &[], &failure, origin).is_some();
            let catch = find_catcher(&[catcher(&["States.BranchFailed"])], &failure, origin).is_some();
            assert_eq!((retry, catch), (expected, expected), "{error} from {origin:?}");
        }
    }

    #[test]
    fn errors_and_causes_have_their_limits() {
        let given = |error: usize, cause: usize| Failure::new("é".repeat(error), "é".repeat(cause));
        for ((error, cause), expected) in [
            ((0, 0), (0, 0)),
            ((256, 32_768), (256, 32_768)),
            ((257, 32_769), (256, 32_768)),
            ((9_999, 999_999), (256, 32_768)),
        ] {
            let Failure { error: Some(error), cause: Some(cause), .. } = given(error, cause) else {
                panic!("both are there")
            };
            assert_eq!((error.chars().count(), cause.chars().count()), expected);
        }
        assert_eq!(Failure::said(None, None), Failure::default());
    }

    #[test]
    fn failures_of_other_states_than_tasks() {
        let origin = Origin { no_task: true, ..Origin::OWN };
        for (name, expected) in [("States.TaskFailed", false), ("States.ALL", true), ("Custom", true)] {
            let found = find_catcher(&[catcher(&[name])], &failure("Custom"), origin);
            assert_eq!(found.is_some(), expected, "{name}");
        }
        // Who calls it so is taken at his word.
        let found = find_catcher(&[catcher(&["States.TaskFailed"])], &failure("States.TaskFailed"), origin);
        assert_eq!(found, Some(0));
    }

    #[test]
    fn the_first_that_matches_is_the_one() {
        let retriers = [
            retrier(&["A", "B"], 2),
            retrier(&["B", "C"], 3),
            retrier(&["D"], 0),
            retrier(&["States.ALL"], 1),
        ];
        let cases: &[(&str, &[u32], Option<usize>)] = &[
            ("A", &[], Some(0)),
            ("B", &[], Some(0)),
            ("B", &[1, 0, 0, 0], Some(0)),
            // Used up: neither the next that names it nor the wildcard is tried.
            ("B", &[2, 0, 0, 0], None),
            ("C", &[2, 2, 0, 0], Some(1)),
            ("C", &[2, 3, 0, 0], None),
            ("D", &[], None),
            ("E", &[9, 9, 9, 0], Some(3)),
            ("E", &[0, 0, 0, 1], None),
        ];
        for (error, counts, expected) in cases {
            assert_eq!(
                find_retrier(&retriers, counts, &failure(error), Origin::OWN),
                *expected,
                "{error} {counts:?}"
            );
        }
        let catchers = [catcher(&["A"]), catcher(&["B", "A"]), catcher(&["States.ALL"])];
        for (error, expected) in [("A", Some(0)), ("B", Some(1)), ("C", Some(2)), ("States.Runtime", None)] {
            assert_eq!(find_catcher(&catchers, &failure(error), Origin::OWN), expected, "{error}");
        }
        assert_eq!(find_retrier(&[], &[], &failure("A"), Origin::OWN), None);
    }

    #[test]
    fn delays() {
        // Interval, rate, cap, attempt, milliseconds.
        let cases: &[(u64, f64, Option<u64>, u32, u64)] = &[
            (1, 2.0, None, 1, 1000),
            (1, 2.0, None, 2, 2000),
            (1, 2.0, None, 3, 4000),
            (3, 1.5, None, 3, 6750),
            (3, 1.0, None, 50, 3000),
            (1, 1.1, None, 2, 1100),
            (2, 2.0, Some(5), 2, 4000),
            (2, 2.0, Some(5), 3, 5000),
            (10, 1.0, Some(5), 1, 5000),
            (0, 2.0, None, 1, 0),
            (0, 2.0, Some(9), u32::MAX, 0),
            (1, 2.0, None, 0, 1000),
            (1, 2.0, None, u32::MAX, 99_999_999_000),
            (1, 2.0, Some(31_622_400), u32::MAX, 31_622_400_000),
            (99_999_999, 1e308, None, 3, 99_999_999_000),
            (99_999_999, 1.0, None, u32::MAX, 99_999_999_000),
        ];
        for &(interval_seconds, backoff_rate, max_delay_seconds, attempt, expected) in cases {
            let retrier = Retrier { interval_seconds, backoff_rate, max_delay_seconds, ..retrier(&[], 1) };
            assert_eq!(delay(&retrier, attempt, 7), Millis(expected), "{retrier:?} {attempt}");
            let jittered = delay(&Retrier { full_jitter: true, ..retrier }, attempt, 7);
            assert!(jittered <= Millis(expected), "{jittered:?}");
        }
    }

    #[test]
    fn jitter_is_uniform_and_repeatable() {
        let retrier = Retrier { full_jitter: true, ..retrier(&[], 1) };
        let draws: Vec<u64> = (0..10_000).map(|seed| delay(&retrier, 1, seed).0).collect();
        assert_eq!(delay(&retrier, 1, 42), delay(&retrier, 1, 42));
        assert!(draws.iter().all(|&draw| draw <= 1000));
        for tenth in 0..10 {
            let share = draws.iter().filter(|&&draw| draw / 100 == tenth).count();
            assert!((900..1100).contains(&share), "{share} draws in tenth {tenth}");
        }
        // Both ends can be drawn.
        assert!((0..100).any(|seed| uniform(seed, 1) == 0) && (0..100).any(|seed| uniform(seed, 1) == 1));
        assert_eq!(uniform(3, 0), 0);
    }
}
