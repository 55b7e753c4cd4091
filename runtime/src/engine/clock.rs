//! What time it is: real, or told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use gradus_core::machine::Timestamp;

/// Where the engine's time comes from. It never goes backwards: the time of a later step is not
/// before the time of an earlier one, also when the system's clock is set back.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System(Arc<Steady>),
    Told(Arc<AtomicI64>),
}

impl Clock {
    /// The system's clock. Once that is set back, time goes on from where it was, for as long as the process
    /// lives: if it stood still until the system's clock is there again, so would every timer.
    pub fn system() -> Clock {
        Clock(Source::System(Arc::new(Steady { begun: Instant::now(), ahead: AtomicI64::new(i64::MIN) })))
    }

    /// A clock that stands at `now` until it is told otherwise.
    pub fn told(now: Timestamp) -> Clock {
        Clock(Source::Told(Arc::new(AtomicI64::new(now.as_millis()))))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(match &self.0 {
            Source::System(steady) => {
                // In this order: what passes between the two readings must not set the time ahead.
                let system = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                steady.millis(system, steady.begun.elapsed())
            }
            Source::Told(now) => now.load(Ordering::Relaxed),
        })
    }

    /// Moves a told clock forward to `time`; the system's clock moves by itself.
    pub fn advance_to(&self, time: Timestamp) {
        if let Source::Told(now) = &self.0 {
            now.fetch_max(time.as_millis(), Ordering::Relaxed);
        }
    }
}

/// A clock that follows the system's forward and runs at its rate, but does not follow it back.
#[derive(Debug)]
struct Steady {
    begun: Instant,
    /// The most that the system's clock was ever ahead of the time since `begun`, in nanoseconds.
    ahead: AtomicI64,
}

impl Steady {
    /// The time in milliseconds, from the system's clock and what has passed since `begun`.
    fn millis(&self, system: Duration, passed: Duration) -> i64 {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        let (system, passed) = (nanos(system), nanos(passed));
        let ahead = system.saturating_sub(passed);
        let ahead = self.ahead.fetch_max(ahead, Ordering::Relaxed).max(ahead);
        passed.saturating_add(ahead).div_euclid(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_when_the_systems_clock_is_set_back() {
        let steady = Steady { begun: Instant::now(), ahead: AtomicI64::new(i64::MIN) };
        // Milliseconds that have passed, what the system's clock says, what the time is.
        let cases = [
            (0, 1_000_000, 1_000_000),
            (10, 1_000_010, 1_000_010),
            (20, 2_000_020, 2_000_020),
            (30, 1_000_030, 2_000_030),
            (5_030, 1_005_030, 2_005_030),
            (6_000, 0, 2_006_000),
            // A computer that slept: its system's clock went on, what has passed did not.
            (6_001, 9_000_000, 9_000_000),
            (6_002, 9_000_001, 9_000_001),
        ];
        for (passed, system, expected) in cases {
            let (passed, system) = (Duration::from_millis(passed), Duration::from_millis(system));
            assert_eq!(steady.millis(system, passed), expected, "{passed:?} {system:?}");
        }
    }

    #[test]
    fn a_told_clock_stands_still_and_never_goes_back() {
        let clock = Clock::told(Timestamp::from_millis(5));
        for (told, expected) in [(7, 7), (6, 7), (8, 8)] {
            clock.advance_to(Timestamp::from_millis(told));
            assert_eq!(clock.now().as_millis(), expected);
        }
        let clock = Clock::system();
        let now = clock.now();
        clock.advance_to(now.saturating_add(gradus_core::machine::timestamp::Millis(1 << 40)));
        assert!(clock.now().as_millis() < now.as_millis() + (1 << 39));
    }
}
