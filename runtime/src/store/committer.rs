//! Group commit: the batches of all partitions that wait, written with one sync.
//!
//! A [`Committer`] is one thread over a [`Store`]. While it syncs, the next group gathers; so the
//! groups grow with the load by themselves, and a lone writer waits for nobody.
//!
//! There is no delay to gather more. With 64 writers that each wait for their answer, three rows of
//! 1.2 KB a batch, on 2 cores and the embedded store, a group had 34 batches (16 writers: 8), and
//! 70,000 batches a second were committed, at a median of 0.5 ms. A delay of 60 us filled the
//! groups (64, 16) and saved a third of the processor time, but both rate and median got worse.
//!
//! What this module must not know: what is in the batches, and who waits for them.

use super::{Batch, Durable, Error, Rejected, Store};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::sync::watch;

/// The most batches in one group.
const GROUP_BATCHES: usize = 1024;
/// The most bytes of keys and values in one group; a larger batch is a group of its own.
const GROUP_BYTES: usize = 8 << 20;

/// What is called when the fate of a batch is known. Runs on the committer's thread, so it must be
/// quick: it hands over to the one that waits.
pub type Then = Box<dyn FnOnce(Result<Durable, CommitError>) + Send>;

/// Why a batch was not committed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The store refused this batch alone.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The store has failed for good. Whether the batch survives is unknown until it is reopened.
    #[error("the commit failed: {0}")]
    Failed(Error),
    /// The committer had stopped before the batch came.
    #[error("the committer has stopped")]
    Stopped,
}

/// One thread that commits for everybody. Dropping it [stops](Committer::stop) it.
pub struct Committer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Told when the queue is no longer empty, or closed.
    arrived: Condvar,
    failure: watch::Sender<Option<Error>>,
    batches: AtomicU64,
    syncs: AtomicU64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Why nothing more is taken.
    closed: Option<CommitError>,
}

struct Job {
    batch: Batch,
    then: Then,
}

impl Committer {
    /// Starts the thread. Fails when the operating system has none to give.
    pub fn start<S: Store>(store: Arc<S>) -> Result<Committer, Error> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            arrived: Condvar::new(),
            failure: watch::Sender::new(None),
            batches: AtomicU64::new(0),
            syncs: AtomicU64::new(0),
        });
        let worker = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("gradus-commit".to_owned())
            .spawn(move || run(&worker, &*store))
            .map_err(|error| Error::Io(format!("the committer's thread did not start: {error}")))?;
        Ok(Committer { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Queues a batch and returns at once; `then` is called exactly once with its fate.
    ///
    /// Batches are committed, and their `then` called, in the order of submission. After a failure
    /// or a stop `then` is called at once, by the caller's own thread. Only a panic, of the store or
    /// of a `then`, drops those of its group uncalled; [`failed`](Committer::failed) tells of it.
    pub fn submit(&self, batch: Batch, then: Then) {
        let mut queue = self.shared.queue();
        match queue.closed.clone() {
            None => {
                queue.jobs.push_back(Job { batch, then });
                let was_empty = queue.jobs.len() == 1;
                drop(queue);
                if was_empty {
                    self.shared.arrived.notify_one();
                }
            }
            Some(error) => {
                drop(queue);
                then(Err(error));
            }
        }
    }

    /// Becomes `Some` when the store has failed: the process can only end and start anew.
    pub fn failed(&self) -> watch::Receiver<Option<Error>> {
        self.shared.failure.subscribe()
    }

    /// Makes it a failure that somebody else cannot go on: what waits is refused, nothing more is taken.
    pub fn fail(&self, error: &Error) {
        for then in self.shared.fail(error) {
            then(Err(CommitError::Failed(error.clone())));
        }
        self.shared.arrived.notify_one();
    }

    /// Commits what was submitted, calls every `then`, and ends the thread. Later batches get
    /// [`CommitError::Stopped`].
    pub fn stop(&self) {
        self.shared.stop();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A `then` may drop the last handle; the thread cannot wait for itself.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id()) {
            // The thread's own panic was told through `failed`.
            let _ = thread.join();
        }
    }

    /// How many batches were given to the store.
    pub fn batches(&self) -> u64 {
        self.shared.batches.load(Ordering::Relaxed)
    }

    /// How many groups were committed, each with one sync.
    pub fn syncs(&self) -> u64 {
        self.shared.syncs.load(Ordering::Relaxed)
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Committer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = formatter.debug_struct("Committer");
        text.field("batches", &self.batches()).field("syncs", &self.syncs()).finish_non_exhaustive()
    }
}

/// The thread: one group after the other until the queue is closed and empty.
fn run<S: Store>(shared: &Shared, store: &S) {
    let fuse = Fuse(shared);
    while let Some(group) = shared.next_group() {
        let (batches, thens): (Vec<Batch>, Vec<Then>) =
            group.into_iter().map(|job| (job.batch, job.then)).unzip();
        shared.batches.fetch_add(batches.len() as u64, Ordering::Relaxed);
        shared.syncs.fetch_add(1, Ordering::Relaxed);
        match store.commit(batches) {
            Ok(answers) => {
                for (then, answer) in thens.into_iter().zip(answers) {
                    then(answer.map_err(CommitError::from));
                }
            }
            Err(error) => {
                let left = shared.fail(&error);
                for then in thens.into_iter().chain(left) {
                    then(Err(CommitError::Failed(error.clone())));
                }
            }
        }
    }
    drop(fuse);
}

/// Reports a failure if the thread unwinds, out of the store or a `then`: nobody may wait for a
/// thread that is gone.
struct Fuse<'a>(&'a Shared);

impl Drop for Fuse<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let error = Error::Panicked("the committer");
            for then in self.0.fail(&error) {
                then(Err(CommitError::Failed(error.clone())));
            }
        }
    }
}

impl Shared {
    /// Waits for batches and takes as many as one group holds; `None` when there will be no more.
    fn next_group(&self) -> Option<Vec<Job>> {
        let mut queue = self.queue();
        while queue.jobs.is_empty() && queue.closed.is_none() {
            queue = self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let group = queue.take_group();
        if group.is_empty() { None } else { Some(group) }
    }

    /// Closes the queue for good; gives those who wait in it, for the caller to answer.
    fn fail(&self, error: &Error) -> Vec<Then> {
        let mut queue = self.queue();
        queue.closed = Some(CommitError::Failed(error.clone()));
        let left = std::mem::take(&mut queue.jobs);
        drop(queue);
        self.failure.send_replace(Some(error.clone()));
        left.into_iter().map(|job| job.then).collect()
    }

    /// Closes the queue; what is in it is still committed. A failure before it keeps its word.
    fn stop(&self) {
        self.queue().closed.get_or_insert(CommitError::Stopped);
        self.arrived.notify_one();
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn take_group(&mut self) -> Vec<Job> {
        let mut bytes = 0;
        let fits = |job: &&Job| {
            bytes += job.batch.bytes();
            bytes <= GROUP_BYTES
        };
        let count = self.jobs.iter().take(GROUP_BATCHES).take_while(fits).count();
        let count = count.max(1).min(self.jobs.len());
        self.jobs.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::Memory;
    use super::super::tests::{batch, put};
    use super::super::{Epoch, PartitionId, Range, Row, Table};
    use super::*;
    use std::sync::mpsc;

    const P: PartitionId = PartitionId(1);

    /// A store whose commits wait to be let through, one by one.
    #[derive(Debug)]
    struct Gated {
        inner: Memory,
        entered: Mutex<mpsc::Sender<usize>>,
        gate: Mutex<mpsc::Receiver<()>>,
    }

    impl Store for Gated {
        fn commit(&self, batches: Vec<Batch>) -> Result<Vec<Result<Durable, Rejected>>, Error> {
            self.entered.lock().unwrap().send(batches.len()).unwrap();
            self.gate.lock().unwrap().recv().unwrap();
            self.inner.commit(batches)
        }
        fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
            self.inner.get(table, key)
        }
        fn range(&self, range: Range) -> Result<Vec<Row>, Error> {
            self.inner.range(range)
        }
        fn acquire(&self, partition: PartitionId) -> Result<Epoch, Error> {
            self.inner.acquire(partition)
        }
    }

    /// A committer on a gated store, the sizes of the groups that enter it, and the gate.
    struct Bench {
        committer: Committer,
        store: Arc<Gated>,
        epoch: Epoch,
        entered: mpsc::Receiver<usize>,
        gate: mpsc::Sender<()>,
        answers: mpsc::Receiver<(usize, Result<(), String>)>,
        answer: mpsc::Sender<(usize, Result<(), String>)>,
    }

    impl Bench {
        fn new() -> Bench {
            let ((entering, entered), (gate, gated)) = (mpsc::channel(), mpsc::channel());
            let inner = Memory::new();
            let epoch = inner.acquire(P).unwrap();
            let store = Arc::new(Gated { inner, entered: Mutex::new(entering), gate: Mutex::new(gated) });
            let (answer, answers) = mpsc::channel();
            let committer = Committer::start(Arc::clone(&store)).unwrap();
            Bench { committer, store, epoch, entered, gate, answers, answer }
        }

        fn submit(&self, number: usize, batch: Batch) {
            let answer = self.answer.clone();
            let then = move |result: Result<Durable, CommitError>| {
                answer.send((number, result.map(drop).map_err(|error| error.to_string()))).unwrap();
            };
            self.committer.submit(batch, Box::new(then));
        }

        fn submit_row(&self, number: usize, value: &[u8]) {
            self.submit(number, batch(P, self.epoch, vec![put(Table::Facts, b"row", value)]));
        }
    }

    #[test]
    fn what_waits_shares_a_commit_and_keeps_its_order() {
        let bench = Bench::new();
        bench.submit_row(0, &[0]);
        assert_eq!(bench.entered.recv(), Ok(1));
        for number in 1..=5 {
            bench.submit_row(number, &[number as u8]);
        }
        assert!(bench.answers.try_recv().is_err(), "no answer before the sync");
        bench.gate.send(()).unwrap();
        assert_eq!(bench.entered.recv(), Ok(5));
        bench.gate.send(()).unwrap();
        let order: Vec<usize> =
            bench.answers.iter().take(6).map(|(number, result)| result.map(|()| number).unwrap()).collect();
        assert_eq!(order, [0, 1, 2, 3, 4, 5]);
        assert_eq!(bench.store.get(Table::Facts, b"row").unwrap(), Some(vec![5]));
        assert_eq!((bench.committer.batches(), bench.committer.syncs()), (6, 2));
    }

    #[test]
    fn groups_are_bounded() {
        let large = vec![0; GROUP_BYTES];
        let half = vec![0; GROUP_BYTES / 2 - 3];
        let cases: [(&[&[u8]], &[usize]); 3] = [
            (&[&large, b"a", b"b"], &[1, 2]),
            (&[b"a", &half, &half, b"b"], &[2, 2]),
            (&[b"a".as_slice(); GROUP_BATCHES + 1], &[GROUP_BATCHES, 1]),
        ];
        for (values, expected) in cases {
            let bench = Bench::new();
            bench.submit_row(0, b"first");
            assert_eq!(bench.entered.recv(), Ok(1));
            for value in values {
                bench.submit_row(1, value);
            }
            for size in expected {
                bench.gate.send(()).unwrap();
                assert_eq!(bench.entered.recv().as_ref(), Ok(size));
            }
            bench.gate.send(()).unwrap();
            assert!(bench.answers.iter().take(values.len() + 1).all(|(_, result)| result.is_ok()));
        }
    }

    #[test]
    fn a_fenced_batch_fails_alone() {
        let bench = Bench::new();
        bench.gate.send(()).unwrap();
        bench.gate.send(()).unwrap();
        bench.submit(0, batch(P, Epoch(0), Vec::new()));
        bench.submit_row(1, b"1");
        let answers: Vec<_> = bench.answers.iter().take(2).collect();
        assert_eq!(answers, [(0, Err("the partition has a newer owner".to_owned())), (1, Ok(()))]);
        assert!(bench.committer.failed().borrow().is_none());
    }

    #[test]
    fn a_failure_is_told_to_all() {
        let bench = Bench::new();
        bench.store.inner.fail_next_sync();
        bench.submit_row(0, b"in the failing group");
        assert_eq!(bench.entered.recv(), Ok(1));
        bench.submit_row(1, b"waiting");
        bench.submit_row(2, b"waiting");
        bench.gate.send(()).unwrap();
        let failure = Err("the commit failed: the sync failed, as the test asked".to_owned());
        for number in 0..3 {
            assert_eq!(bench.answers.recv().unwrap(), (number, failure.clone()));
        }
        bench.submit_row(3, b"late");
        assert_eq!(bench.answers.recv().unwrap(), (3, failure.clone()));
        assert!(matches!(*bench.committer.failed().borrow(), Some(Error::Io(_))));
        bench.committer.stop();
        bench.submit_row(4, b"after the stop");
        assert_eq!(bench.answers.recv().unwrap(), (4, failure));
        assert!(bench.entered.try_recv().is_err(), "the failed store is left alone");
    }

    #[test]
    fn stopping_commits_what_was_submitted() {
        let bench = Bench::new();
        bench.submit_row(0, b"0");
        assert_eq!(bench.entered.recv(), Ok(1));
        bench.submit_row(1, b"1");
        bench.gate.send(()).unwrap();
        bench.gate.send(()).unwrap();
        bench.committer.stop();
        let answers: Vec<_> = bench.answers.try_iter().collect();
        assert_eq!(answers, [(0, Ok(())), (1, Ok(()))]);
        bench.submit_row(2, b"2");
        assert_eq!(bench.answers.recv().unwrap(), (2, Err("the committer has stopped".to_owned())));
        assert_eq!(bench.store.get(Table::Facts, b"row").unwrap(), Some(b"1".to_vec()));
        bench.committer.stop();
    }

    #[test]
    fn a_panic_of_the_thread_is_a_failure() {
        let bench = Bench::new();
        bench.committer.submit(batch(P, bench.epoch, Vec::new()), Box::new(|_| panic!("on purpose")));
        assert_eq!(bench.entered.recv(), Ok(1));
        bench.submit_row(1, b"1");
        bench.gate.send(()).unwrap();
        let failure = Err("the commit failed: a fault in gradus: the committer panicked".to_owned());
        assert_eq!(bench.answers.recv().unwrap(), (1, failure));
        assert!(bench.committer.failed().borrow().is_some());
    }

    #[test]
    fn a_callback_may_submit_and_drop_the_committer() {
        let store = Arc::new(Memory::new());
        let epoch = store.acquire(P).unwrap();
        let committer = Arc::new(Committer::start(Arc::clone(&store)).unwrap());
        let (answer, answers) = mpsc::channel();
        let inner = Arc::clone(&committer);
        let again = batch(P, epoch, vec![put(Table::Facts, b"b", b"2")]);
        let (go, gone) = mpsc::channel::<()>();
        let then = move |_: Result<Durable, CommitError>| {
            gone.recv().unwrap();
            inner.submit(again, Box::new(move |result| answer.send(result.is_ok()).unwrap()));
            drop(inner);
        };
        committer.submit(batch(P, epoch, Vec::new()), Box::new(then));
        drop(committer);
        go.send(()).unwrap();
        assert_eq!(answers.recv(), Ok(true));
        assert_eq!(store.get(Table::Facts, b"b").unwrap(), Some(b"2".to_vec()));
    }

    #[test]
    fn many_writers_are_all_answered() {
        let store = Arc::new(Memory::new());
        let committer = Committer::start(Arc::clone(&store)).unwrap();
        thread::scope(|scope| {
            for partition in 0..8_u16 {
                let (committer, store) = (&committer, &store);
                scope.spawn(move || {
                    let partition = PartitionId(partition);
                    let epoch = store.acquire(partition).unwrap();
                    for round in 0..200_u32 {
                        let (answer, answers) = mpsc::channel();
                        let ops = vec![put(Table::Facts, &partition.0.to_be_bytes(), &round.to_be_bytes())];
                        let then =
                            Box::new(move |result: Result<Durable, _>| answer.send(result.is_ok()).unwrap());
                        committer.submit(batch(partition, epoch, ops), then);
                        assert_eq!(answers.recv(), Ok(true));
                    }
                });
            }
        });
        assert_eq!(committer.batches(), 1600);
        assert!(committer.syncs() <= 1600);
        let rows = store.range(Range::prefix(Table::Facts, b"")).unwrap();
        assert_eq!(rows.len(), 8);
        assert!(rows.iter().all(|(_, value)| *value == 199_u32.to_be_bytes()));
    }
}
