//! Tasks that wait for workers, and workers that wait for tasks.
//!
//! What waits is in the store, one row a task, written with the facts that scheduled it; a queue
//! in memory holds the oldest of each activity that is polled, and fetches more as they go. Whom
//! a task goes to is decided by the execution alone: a worker's poll asks it ([`Candidate`]), and
//! a task that is gone, or offered twice, is answered "late" and passed over.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gradus_core::machine::{ActivityTask, Command, EventId, FrameId};
use tokio::sync::oneshot;

use crate::engine::outside::Outside;
use crate::store::layout::{self, ExecutionId};
use crate::store::{Durable, Error, Range, Store, Table};

/// A task that may be had: whether it still may, its execution says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The execution.
    pub execution: ExecutionId,
    /// The line of control that scheduled the task.
    pub frame: FrameId,
    /// The event that scheduled it.
    pub task: EventId,
}

/// The queues of all activities that are polled or have tasks.
#[derive(Debug)]
pub struct Activities<S> {
    store: Arc<S>,
    queues: Mutex<HashMap<Arc<str>, Queue>>,
}

/// The most tasks of an activity that are kept in memory; the rest waits on disk.
const MAX_READY: usize = 1024;

/// The most workers that may wait for one activity. Source: the API reference.
pub const MAX_POLLERS: usize = 1000;

#[derive(Debug, Default)]
struct Queue {
    /// The oldest tasks, by key.
    ready: VecDeque<(Vec<u8>, Candidate)>,
    /// Key of the last task that was fetched from the store.
    fetched: Option<Vec<u8>>,
    /// Whether `ready` holds all there are: the store has no other.
    complete: bool,
    pollers: VecDeque<oneshot::Sender<Candidate>>,
}

/// Why a poll was refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PollError {
    /// [`MAX_POLLERS`] wait already.
    #[error("too many workers wait for the activity")]
    TooManyPollers,
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] Error),
}

/// What a poll finds.
#[derive(Debug)]
pub enum Poll {
    /// A task.
    Ready(Candidate),
    /// None now; the next one comes here.
    Waiting(oneshot::Receiver<Candidate>),
}

impl<S: Store> Activities<S> {
    /// The queues in `store`.
    pub fn new(store: Arc<S>) -> Activities<S> {
        Activities { store, queues: Mutex::default() }
    }

    /// Asks for the oldest task of an activity.
    pub fn poll(&self, activity: &str) -> Result<Poll, PollError> {
        let mut queues = self.lock();
        let queue = queues.entry(activity.into()).or_default();
        if queue.ready.is_empty() && !queue.complete {
            self.fetch(activity, queue)?;
        }
        if let Some((_, candidate)) = queue.ready.pop_front() {
            return Ok(Poll::Ready(candidate));
        }
        queue.pollers.retain(|poller| !poller.is_closed());
        if queue.pollers.len() >= MAX_POLLERS {
            return Err(PollError::TooManyPollers);
        }
        let (sender, receiver) = oneshot::channel();
        queue.pollers.push_back(sender);
        Ok(Poll::Waiting(receiver))
    }

    /// Puts a task back that was given to a worker who did not take it.
    pub fn put_back(&self, activity: &str, candidate: Candidate) {
        let mut queues = self.lock();
        let queue = queues.entry(activity.into()).or_default();
        // Before all others: it was the oldest.
        if let Some(candidate) = queue.offer_to_poller(candidate) {
            queue.ready.push_front((Vec::new(), candidate));
        }
    }

    fn offer(&self, execution: ExecutionId, task: &ActivityTask) {
        let candidate = Candidate { execution, frame: task.frame, task: task.task };
        let mut queues = self.lock();
        let queue = queues.entry(task.arn.clone()).or_default();
        let Some(candidate) = queue.offer_to_poller(candidate) else { return };
        let key = layout::queue_key(execution, task);
        // What lies behind the last fetched key is found by the next fetch.
        let found_later = !queue.complete && queue.fetched.as_ref().is_none_or(|fetched| key > *fetched);
        if found_later {
            return;
        }
        if queue.complete && queue.ready.len() >= MAX_READY {
            queue.complete = false;
            queue.fetched = queue.ready.iter().map(|(key, _)| key.clone()).max();
            return;
        }
        queue.ready.push_back((key, candidate));
    }

    fn fetch(&self, activity: &str, queue: &mut Queue) -> Result<(), Error> {
        let mut range = Range::prefix(Table::Queue, &layout::queue_prefix(activity)).limit(MAX_READY);
        if let Some(fetched) = queue.fetched.take() {
            range.from = std::ops::Bound::Excluded(fetched);
        }
        let rows = self.store.range(range)?;
        queue.complete = rows.len() < MAX_READY;
        queue.fetched = rows.last().map(|(key, _)| key.clone());
        let found = rows.into_iter().filter_map(|(key, _)| {
            let (execution, frame, task) = layout::queue_from(&key)?;
            Some((key, Candidate { execution, frame, task }))
        });
        queue.ready.extend(found);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Gives a task to the worker that waits longest; gives it back if none waits.
    fn offer_to_poller(&mut self, candidate: Candidate) -> Option<Candidate> {
        while let Some(poller) = self.pollers.pop_front() {
            if poller.send(candidate).is_ok() {
                return None;
            }
        }
        Some(candidate)
    }
}

impl<S: Store> Outside for Activities<S> {
    fn perform(&self, execution: ExecutionId, command: &Command, _durable: &Durable) {
        match command {
            Command::Activity(task) => self.offer(execution, task),
            // The worker that owns the execution keeps its timers itself.
            Command::Timer(_) => {}
        }
    }
}
