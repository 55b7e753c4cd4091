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

use crate::engine::outside::{LoggedStep, Outside};
use crate::store::layout::{self, Errand, ExecutionId};
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
            // What was put back has no key; with nothing else here, all is fetched again.
            let keys = queue.ready.iter().map(|(key, _)| key).filter(|key| !key.is_empty());
            queue.fetched = keys.max().cloned();
            // A task that was scheduled before one that is here already would not be fetched.
            if queue.fetched.as_ref().is_none_or(|fetched| key > *fetched) {
                return;
            }
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
            Command::Timer(_) | Command::Call(_) => {}
        }
    }

    fn ended(&self, _execution: ExecutionId, _durable: &Durable) {}

    fn abandoned(&self, _errand: Errand, _durable: &Durable) {}

    fn settled(&self, _errand: Errand, _durable: &Durable) {}
    fn logged(&self, _step: LoggedStep, _durable: &Durable) {}
}

#[cfg(test)]
mod tests {
    use gradus_core::machine::Timestamp;

    use super::*;
    use crate::store::memory::Memory;
    use crate::store::{Batch, Op, PartitionId};

    const ACTIVITY: &str = "arn:aws:states:us-east-1:000000000000:activity:a";

    fn task(number: u64) -> ActivityTask {
        let scheduled_at = Timestamp::from_millis(1000 + number as i64);
        ActivityTask { arn: ACTIVITY.into(), scheduled_at, frame: FrameId::ROOT, task: EventId(number) }
    }

    /// Writes the rows of tasks, and then offers them, as the engine does.
    fn schedule(store: &Memory, activities: &Activities<Memory>, numbers: impl Iterator<Item = u64> + Clone) {
        let execution = ExecutionId([0; 16]);
        let key = |number| layout::queue_key(execution, &task(number));
        let put = |number| Op::Put { table: Table::Queue, key: key(number), value: Vec::new() };
        let partition = PartitionId(0);
        let epoch = store.acquire(partition).unwrap();
        let batch = Batch { partition, epoch, ops: numbers.clone().map(put).collect() };
        let durable = store.commit(vec![batch]).unwrap().remove(0).unwrap();
        for number in numbers {
            activities.perform(execution, &Command::Activity(task(number)), &durable);
        }
    }

    /// Takes every task there is, as workers whose executions settle what they take.
    fn take_all(store: &Memory, activities: &Activities<Memory>) -> Vec<u64> {
        let mut taken = Vec::new();
        while let Poll::Ready(candidate) = activities.poll(ACTIVITY).unwrap() {
            // A task that was taken before is found late.
            if !taken.contains(&candidate.task.0) {
                taken.push(candidate.task.0);
            }
            let key = layout::queue_key(candidate.execution, &task(candidate.task.0));
            let partition = PartitionId(0);
            let epoch = store.acquire(partition).unwrap();
            let ops = vec![Op::Delete { table: Table::Queue, key }];
            drop(store.commit(vec![Batch { partition, epoch, ops }]).unwrap());
        }
        taken
    }

    #[test]
    fn a_long_queue_loses_nothing_and_keeps_its_order() {
        let many = 3 * MAX_READY as u64;
        let store = Arc::new(Memory::new());
        // Polled while it is empty, and so complete; then it overflows.
        let activities = Activities::new(store.clone());
        assert!(matches!(activities.poll(ACTIVITY).unwrap(), Poll::Waiting(_)));
        schedule(&store, &activities, (0..many).filter(|number| *number != 7));
        // Scheduled before most, and offered after them.
        schedule(&store, &activities, 7..8);
        let mut taken = take_all(&store, &activities);
        assert_eq!(taken.len() as u64, many);
        taken.retain(|number| *number != 7);
        assert!(taken.is_sorted());
        // Polled for the first time after a restart.
        schedule(&store, &activities, 0..many);
        assert_eq!(take_all(&store, &Activities::new(store.clone())), (0..many).collect::<Vec<_>>());
    }

    #[test]
    fn a_task_goes_to_the_worker_that_waits_longest() {
        let store = Arc::new(Memory::new());
        let activities = Activities::new(store.clone());
        let wait = || match activities.poll(ACTIVITY).unwrap() {
            Poll::Waiting(receiver) => receiver,
            Poll::Ready(candidate) => panic!("{candidate:?}"),
        };
        let (gone, mut first, mut second) = (wait(), wait(), wait());
        drop(gone);
        schedule(&store, &activities, 1..3);
        assert_eq!(first.try_recv().unwrap().task, EventId(1));
        assert_eq!(second.try_recv().unwrap().task, EventId(2));
        let candidate = Candidate { execution: ExecutionId([0; 16]), frame: FrameId::ROOT, task: EventId(9) };
        activities.put_back(ACTIVITY, candidate);
        assert!(matches!(activities.poll(ACTIVITY).unwrap(), Poll::Ready(again) if again == candidate));
    }

    #[test]
    fn a_queue_of_tasks_that_came_back_finds_no_other_activitys() {
        let store = Arc::new(Memory::new());
        let partition = PartitionId(0);
        let epoch = store.acquire(partition).unwrap();
        let other = ActivityTask { arn: "another activity".into(), ..task(1) };
        let key = layout::queue_key(ExecutionId([0; 16]), &other);
        let op = Op::Put { table: Table::Queue, key, value: Vec::new() };
        assert!(store.commit(vec![Batch { partition, epoch, ops: vec![op] }]).unwrap()[0].is_ok());
        let activities = Activities::new(store.clone());
        let candidate =
            |task| Candidate { execution: ExecutionId([0; 16]), frame: FrameId::ROOT, task: EventId(task) };
        let empty = activities.poll(ACTIVITY).unwrap();
        drop(empty);
        let many = 10 + MAX_READY as u64;
        (10..many).for_each(|number| activities.put_back(ACTIVITY, candidate(number)));
        schedule(&store, &activities, many..many + 1);
        let taken = take_all(&store, &activities);
        assert_eq!(taken.len() as u64, many + 1 - 10);
        assert!(taken.contains(&many) && !taken.contains(&1));
    }

    #[test]
    fn at_most_a_thousand_workers_wait() {
        let activities = Activities::new(Arc::new(Memory::new()));
        let mut waiting: Vec<_> = (0..MAX_POLLERS).map(|_| activities.poll(ACTIVITY).unwrap()).collect();
        assert!(matches!(activities.poll(ACTIVITY), Err(PollError::TooManyPollers)));
        waiting.pop();
        assert!(matches!(activities.poll(ACTIVITY), Ok(Poll::Waiting(_))));
    }
}
