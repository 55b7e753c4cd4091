//! What the tests from the outside stand on: the real server as a child process, and clients of it.
//!
//! [`server`] starts, stops and kills `gradus serve`; [`http`] sends bytes and gives bytes back, for
//! the tests of the wire; [`api`] calls operations; [`corpus`] reads the cases under `tests/corpus/`
//! and runs them, over HTTP and in virtual time, [`findings`] those of faulty definitions; [`text`] makes answers comparable. Nothing here
//! may know more of the server than its command line and its protocol; only [`simulated`] and
//! [`findings`] run the pure core, which is their point.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong here is a failed test, and a panic says so"
)]

pub mod api;
pub mod corpus;
pub mod findings;
pub mod folder;
pub mod functions;
pub mod http;
pub mod server;
pub mod simulated;
pub mod text;

use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// How long anything may take that is under way on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks until `look` finds something; `what` is it, for the message when the patience ends.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "waited {PATIENCE:?} in vain for {what}");
        thread::sleep(PAUSE);
    }
}

/// Returns in a later millisecond, the finest step of the service's clock.
pub fn tick() {
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let then = now();
    while now() == then {
        thread::yield_now();
    }
}

/// Runs `work` on each item, on up to `threads` threads, and gives the results in order.
pub fn in_parallel<T: Sync, R: Send>(threads: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Some(item) = items.get(index) else { return done };
                done.push((index, work(item)));
            }
        };
        let workers: Vec<_> = (0..threads.min(items.len())).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker panicked")).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
