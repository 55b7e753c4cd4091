//! What time it is: real, or told.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use gradus_core::machine::Timestamp;

/// Where the engine's time comes from. It never goes backwards: the time of a later step is not
/// before the time of an earlier one, also when the system's clock is set back.
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    latest: Arc<AtomicI64>,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    System,
    Told,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Clock {
        Clock { source: Source::System, latest: Arc::new(AtomicI64::new(i64::MIN)) }
    }

    /// A clock that stands at `now` until it is told otherwise.
    pub fn told(now: Timestamp) -> Clock {
        Clock { source: Source::Told, latest: Arc::new(AtomicI64::new(now.as_millis())) }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        let time = match self.source {
            Source::System => system_millis(),
            Source::Told => i64::MIN,
        };
        Timestamp::from_millis(self.latest.fetch_max(time, Ordering::Relaxed).max(time))
    }

    /// Moves a told clock forward to `time`; the system's clock moves by itself.
    pub fn advance_to(&self, time: Timestamp) {
        if matches!(self.source, Source::Told) {
            self.latest.fetch_max(time.as_millis(), Ordering::Relaxed);
        }
    }
}

fn system_millis() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
