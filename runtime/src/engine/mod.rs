//! The engine: executions that go on, whatever happens to the process.
//!
//! Worker threads own the partitions ([`partition`]); one committer writes for all of them; what
//! executions ask for is carried out when its facts are durable. [`Engine`] is the handle that
//! everything else uses. Nothing has to be read at the start but the timers of the next minute:
//! an execution comes back to memory when something happens to it.

mod calls;
pub mod clock;
pub mod express;
mod loaded;
pub mod outside;
pub mod partition;
mod random;
pub(crate) mod read_back;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use gradus_core::json::Payload;
use gradus_core::machine::trial::Mock;
use gradus_core::machine::{Env, Event, Fact, Failure, Parent, Reply, Start, Timestamp, Trial, codec};
use tokio::sync::{oneshot, watch};

pub use clock::Clock;
pub use express::{Ended, ExpressError};
pub use partition::{Limits, NameTaken, Signalled, Started, Unavailable};
pub use read_back::{find_execution, find_named};

use calls::{Calls, World};
use express::Express;
use outside::Logs;
use partition::{Answer, Request, Submission, Worker};

use crate::store::catalog::{Catalog, Compiled};
use crate::store::layout::{self, Errand, ExecutionId};
use crate::store::{Committer, Epoch, Error, Op, PARTITIONS, PartitionId, Store, Table};
use crate::tasks::activity::{Activities, Candidate, Poll, PollError};
use crate::tasks::lambda;
use crate::tasks::token::Tokens;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many threads own partitions.
    pub workers: usize,
    /// Where the time comes from.
    pub clock: Clock,
    /// Bounds on memory and on batches.
    pub limits: Limits,
    /// What choices at random are made from; `None` takes it from the system. With a seed, one worker
    /// and a told clock an engine always does the same.
    pub seed: Option<u64>,
    /// Where functions are called.
    pub lambda: lambda::Config,
    /// The most Express executions at a time; one more is refused.
    pub max_express: usize,
    /// Where the logs of executions go; `None`: nowhere.
    pub logs: Option<Arc<dyn Logs>>,
}

impl Default for Options {
    fn default() -> Options {
        // Steps are short: half of the processors serve the others' HTTP and the sync.
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Options {
            workers: processors.div_ceil(2),
            clock: Clock::system(),
            limits: Limits::default(),
            seed: None,
            lambda: lambda::Config::default(),
            max_express: express::MAX_EXPRESS,
            logs: None,
        }
    }
}

/// The handle of a running engine. Clones are the same engine.
#[derive(Debug)]
pub struct Engine<S: Store>(Arc<Shared<S>>);

impl<S: Store> Clone for Engine<S> {
    fn clone(&self) -> Engine<S> {
        Engine(self.0.clone())
    }
}

struct Shared<S: Store> {
    store: Arc<S>,
    catalog: Arc<Catalog<S>>,
    activities: Arc<Activities<S>>,
    calls: Arc<Calls<S>>,
    express: Express<S>,
    tokens: Tokens,
    clock: Clock,
    /// State of the generator behind [`Engine::draw`].
    draws: AtomicU64,
    inboxes: Vec<mpsc::Sender<Message>>,
    committer: Arc<Committer>,
    stopping: watch::Sender<bool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl<S: Store> std::fmt::Debug for Shared<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("store", &self.store)
            .field("workers", &self.inboxes.len())
            .finish_non_exhaustive()
    }
}

impl<S: Store> Drop for Shared<S> {
    /// An engine that nobody holds any more ends its threads, as [`Engine::stop`] does.
    fn drop(&mut self) {
        self.express.stop();
        for inbox in &self.inboxes {
            // A worker that is gone has stopped already.
            let _ = inbox.send(Message::Stop);
        }
    }
}

enum Message {
    Request(PartitionId, Request),
    Committed(PartitionId, Epoch, bool),
    Stop,
}

/// What a worker gets for its poll.
#[derive(Clone, Debug, PartialEq)]
pub struct Assigned {
    /// The token that answers the task.
    pub token: String,
    /// The task's input.
    pub input: Payload,
}

/// Why an answer to a task was not taken.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AnswerError {
    /// The token is not one of ours.
    #[error("the token is invalid")]
    InvalidToken,
    /// Nothing waits for the answer: the task was answered, has timed out, or its execution is over.
    #[error("nothing waits for the answer")]
    Late,
    /// The engine cannot tell.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl<S: Store> Engine<S> {
    /// Takes over all partitions of `store` and goes on with every open execution in it. What
    /// executions call is called on the tokio runtime that this is called in.
    pub fn start(store: Arc<S>, options: Options) -> Result<Engine<S>, Error> {
        let catalog = Arc::new(Catalog::new(store.clone()));
        let activities = Arc::new(Activities::new(store.clone()));
        let committer = Arc::new(Committer::start(store.clone())?);
        let tokens = Tokens::new(&token_key(&*store)?);
        let calls = Arc::new(Calls::new(store.clone(), catalog.clone(), options.lambda)?);
        let world = Arc::new(World {
            activities: activities.clone(),
            calls: calls.clone(),
            logs: options.logs.clone(),
        });
        let count = options.workers.clamp(1, usize::from(PARTITIONS));
        let seed = options.seed.map_or_else(random_u64, Ok)?;
        let (mut inboxes, mut threads) = (Vec::new(), Vec::new());
        for number in 0..count {
            let owned = (0..PARTITIONS).filter(|id| usize::from(*id) % count == number).map(PartitionId);
            // Mixed, because states that lie one step apart would give the same numbers one call apart.
            let (limits, seed) =
                (options.limits.clone(), random::random_mix(seed.wrapping_add(number as u64)));
            let worker =
                Worker::new(store.clone(), catalog.clone(), tokens.clone(), owned.clone(), limits, seed)?;
            owned.into_iter().try_for_each(|id| calls.adopt(id))?;
            let (sender, receiver) = mpsc::channel();
            let thread = Thread {
                worker,
                inbox: receiver,
                own: sender.clone(),
                clock: options.clock.clone(),
                committer: committer.clone(),
                world: world.clone(),
                stopping: false,
            };
            let spawned =
                std::thread::Builder::new().name(format!("gradus-worker-{number}")).spawn(|| thread.run());
            threads.push(spawned.map_err(|error| Error::Io(error.to_string()))?);
            inboxes.push(sender);
        }
        let (stopping, _) = watch::channel(false);
        let (clock, threads) = (options.clock, Mutex::new(threads));
        let express = Express::new(calls.clone(), options.logs, options.max_express);
        let shared = Arc::new(Shared {
            store,
            catalog,
            activities,
            calls: calls.clone(),
            express,
            tokens,
            clock,
            draws: AtomicU64::new(seed),
            inboxes,
            committer,
            stopping,
            threads,
        });
        calls.open(Arc::downgrade(&shared));
        Ok(Engine(shared))
    }

    /// The store that the engine writes; to be read only.
    pub fn store(&self) -> &S {
        &self.0.store
    }

    /// State machines, activities and tags.
    pub fn catalog(&self) -> &Catalog<S> {
        &self.0.catalog
    }

    /// The engine's time.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// A number at random, for choices where secrecy does not count.
    pub fn draw(&self) -> u64 {
        random::random_mix(self.0.draws.fetch_add(random::RANDOM_STEP, Ordering::Relaxed))
    }

    /// Starts an execution. When this returns, the start is durable.
    pub async fn start_execution(
        &self,
        start: Box<Start>,
        compiled: Arc<Compiled>,
    ) -> Result<Result<Started, NameTaken>, Unavailable> {
        let partition = layout::partition_of(&start.arn);
        self.ask(partition, |answer| Request::Start { start, compiled, parent: None, answer }).await
    }

    /// Starts an execution for a task of another one; again for the same task, it is found started.
    pub(crate) async fn start_nested(
        &self,
        start: Box<Start>,
        compiled: Arc<Compiled>,
        parent: Parent,
    ) -> Result<Result<Started, NameTaken>, Unavailable> {
        let partition = layout::partition_of(&start.arn);
        let parent = Some(parent);
        self.ask(partition, |answer| Request::Start { start, compiled, parent, answer }).await
    }

    /// Begins an execution of an Express machine, and says when it began. Nothing of it is kept: it ends
    /// with this process at the latest.
    pub fn start_express(&self, start: Box<Start>, compiled: &Compiled) -> Result<Timestamp, ExpressError> {
        let at = self.now();
        let seed = random_u64().map_err(Unavailable::from)?;
        self.0.express.start(start, compiled, at, seed)?;
        Ok(at)
    }

    /// Runs an execution of an Express machine to its end.
    pub async fn run_express(&self, start: Box<Start>, compiled: &Compiled) -> Result<Ended, ExpressError> {
        let seed = random_u64().map_err(Unavailable::from)?;
        self.0.express.run(start, compiled, self.now(), seed).await
    }

    /// Tries one state: with what stands for its work, or by doing it. Nothing of it is kept.
    pub async fn try_state(
        &self,
        mut trial: Trial,
        start: Box<Start>,
        mock: Option<Mock>,
    ) -> Result<Trial, ExpressError> {
        let now = self.now();
        let seed = random_u64().map_err(Unavailable::from)?;
        let Some(mock) = mock else { return self.0.express.try_state(trial, start, now, seed).await };
        // Nobody can answer such a token; it is of the form of those that somebody can.
        let execution = ExecutionId::new(now, self.draw(), seed, PartitionId(0));
        let token = |frame, task| self.0.tokens.issue(Candidate { execution, frame, task });
        let env = Env { now, seed, machine_deleted: false, activity_exists: &|_| true, token: &token };
        trial.step(&env, Event::Started(start));
        trial.mock(&env, mock);
        Ok(trial)
    }

    /// Removes an errand that is done and that no fact settles.
    pub(crate) async fn forget(&self, errand: Errand) -> Result<(), Unavailable> {
        let change = Box::new(move |_| vec![Op::Delete { table: Table::Calls, key: errand.key() }]);
        self.ask(errand.execution.partition(), |answer| Request::Transact { change, answer }).await
    }

    /// Ends an execution. When this returns, the end is durable.
    pub async fn stop_execution(
        &self,
        execution: ExecutionId,
        failure: Failure,
    ) -> Result<Signalled, Unavailable> {
        self.signal(execution, Event::StopRequested { failure }).await
    }

    /// Lets an execution that has ended go on, if it may. When this returns, it is durable; the same token
    /// again is answered like the first.
    pub async fn redrive_execution(
        &self,
        execution: ExecutionId,
        token: Option<Arc<str>>,
    ) -> Result<Signalled, Unavailable> {
        self.signal(execution, Event::RedriveRequested { token }).await
    }

    /// Tells an execution what happened. When this returns, what it made of it is durable.
    pub async fn signal(&self, execution: ExecutionId, event: Event) -> Result<Signalled, Unavailable> {
        self.ask(execution.partition(), |answer| Request::Signal { execution, event, answer }).await
    }

    /// Changes rows that belong to the resource of this ARN, decided by `change` while nothing
    /// else of the resource's partition happens. `Err` of the change writes nothing.
    pub async fn transact<T, E>(
        &self,
        arn: &str,
        change: impl FnOnce(Timestamp) -> Result<(Vec<Op>, T), E> + Send + 'static,
    ) -> Result<Result<T, E>, Unavailable>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let decided = Arc::new(Mutex::new(None));
        let decision = decided.clone();
        let change = Box::new(move |now| {
            let (ops, decided) = match change(now) {
                Ok((ops, value)) => (ops, Ok(value)),
                Err(error) => (Vec::new(), Err(error)),
            };
            *decision.lock().unwrap_or_else(PoisonError::into_inner) = Some(decided);
            ops
        });
        let shared = self.0.clone();
        let changed: Arc<str> = arn.into();
        let partition = layout::partition_of(arn);
        self.ask(partition, move |answer: Answer<()>| {
            // The cache forgets before the caller knows: whoever reads after the answer reads anew.
            let answer = Box::new(move |result| {
                shared.catalog.forget(&changed);
                answer(result);
            });
            Request::Transact { change, answer }
        })
        .await?;
        let decided = decided.lock().unwrap_or_else(PoisonError::into_inner).take();
        decided.ok_or(Unavailable::NotOwner)
    }

    /// Takes the oldest task of an activity, or waits for one as long as `patience`; `None` if
    /// none came, or if the engine stops.
    pub async fn poll_activity(
        &self,
        activity: &str,
        worker: Option<Arc<str>>,
        patience: Duration,
    ) -> Result<Option<Assigned>, PollActivityError> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut stopping = self.0.stopping.subscribe();
        loop {
            let candidate = match self.0.activities.poll(activity)? {
                Poll::Ready(candidate) => candidate,
                Poll::Waiting(mut receiver) => {
                    let waiting =
                        Waiting { activities: &self.0.activities, activity, receiver: &mut receiver };
                    let found = tokio::select! {
                        candidate = &mut *waiting.receiver => candidate.ok(),
                        () = tokio::time::sleep_until(deadline) => None,
                        _ = stopping.wait_for(|stopping| *stopping) => None,
                    };
                    match found.or_else(|| waiting.receiver.try_recv().ok()) {
                        Some(candidate) => candidate,
                        None => return Ok(None),
                    }
                }
            };
            let offer = Offer {
                activities: self.0.activities.clone(),
                activity: activity.into(),
                candidate: Some(candidate),
            };
            if let Some(assigned) = self.assign(offer, worker.clone()).await? {
                return Ok(Some(assigned));
            }
        }
    }

    /// The worker's result for a task.
    pub async fn task_succeeded(&self, token: &str, output: Payload) -> Result<(), AnswerError> {
        self.answer(token, |Candidate { frame, task, .. }| Event::TaskSucceeded { frame, task, output }).await
    }

    /// The worker's failure for a task.
    pub async fn task_failed(&self, token: &str, failure: Failure) -> Result<(), AnswerError> {
        self.answer(token, |Candidate { frame, task, .. }| Event::TaskFailed { frame, task, failure }).await
    }

    /// A worker's sign of life.
    pub async fn task_heartbeat(&self, token: &str) -> Result<(), AnswerError> {
        self.answer(token, |Candidate { frame, task, .. }| Event::TaskHeartbeat { frame, task }).await
    }

    /// The attempt of a token, if it is one of ours.
    pub fn read_token(&self, token: &str) -> Option<Candidate> {
        self.0.tokens.read(token)
    }

    /// How an execution started; `None` if it is gone.
    pub fn start_of(&self, execution: ExecutionId) -> Result<Option<Start>, Error> {
        let rows = self.0.store.range(layout::facts_from(execution, 0).limit(1))?;
        let Some((_, row)) = rows.first() else { return Ok(None) };
        let facts = codec::decode(row).map_err(|error| Error::Damaged(error.to_string()))?;
        Ok(facts.entries.into_iter().find_map(|entry| match entry.fact {
            Fact::ExecutionStarted { start } => Some(*start),
            _ => None,
        }))
    }

    /// Resolves when the store has failed for good, with the reason. Nothing is taken after that.
    pub async fn failed(&self) -> Error {
        let mut failed = self.0.committer.failed();
        let error = match failed.wait_for(Option::is_some).await {
            Ok(error) => error.clone(),
            Err(_) => None,
        };
        match error {
            Some(error) => error,
            // The committer ended without a failure: the engine was stopped.
            None => std::future::pending().await,
        }
    }

    /// Lets go of whoever waits for long: long polls return empty, Express executions end unfinished. What
    /// else is under way goes on.
    pub fn release(&self) {
        self.0.express.stop();
        self.0.stopping.send_replace(true);
    }

    /// Commits what is under way, and stops. Open executions go on at the next start.
    pub async fn stop(&self) {
        self.release();
        self.0.calls.close();
        for inbox in &self.0.inboxes {
            // A worker that is gone has stopped already.
            let _ = inbox.send(Message::Stop);
        }
        let shared = self.0.clone();
        let stopped = tokio::task::spawn_blocking(move || {
            let threads = std::mem::take(&mut *shared.threads.lock().unwrap_or_else(PoisonError::into_inner));
            let ended = threads.into_iter().map(JoinHandle::join).all(|ended| ended.is_ok());
            shared.committer.stop();
            ended
        });
        if !stopped.await.unwrap_or(false) {
            tracing::error!("a worker thread ended badly");
        }
    }

    async fn answer(&self, token: &str, event: impl FnOnce(Candidate) -> Event) -> Result<(), AnswerError> {
        let attempt = self.0.tokens.read(token).ok_or(AnswerError::InvalidToken)?;
        match self.signal(attempt.execution, event(attempt)).await {
            Ok(Signalled { reply: Reply::Late, .. }) | Err(Unavailable::NoExecution) => {
                Err(AnswerError::Late)
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn assign(
        &self,
        mut offer: Offer<S>,
        worker: Option<Arc<str>>,
    ) -> Result<Option<Assigned>, Unavailable> {
        let Some(candidate) = offer.candidate else { return Ok(None) };
        let Candidate { execution, frame, task } = candidate;
        let asked = self.signal(execution, Event::TaskStarted { frame, task, worker });
        let signalled = asked.await;
        offer.candidate = None;
        match signalled {
            Ok(Signalled { reply: Reply::TaskStarted { input }, .. }) => {
                Ok(Some(Assigned { token: self.0.tokens.issue(candidate), input }))
            }
            Ok(_) | Err(Unavailable::NoExecution) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        partition: PartitionId,
        request: impl FnOnce(Answer<T>) -> Request,
    ) -> Result<T, Unavailable> {
        let (sender, receiver) = oneshot::channel();
        // Whoever asked may be gone by then; what happened stays.
        let answer = Box::new(move |result| drop(sender.send(result)));
        let inbox = self.0.inboxes.get(usize::from(partition.0) % self.0.inboxes.len().max(1));
        let inbox = inbox.ok_or(Unavailable::NotOwner)?;
        inbox.send(Message::Request(partition, request(answer))).map_err(|_| Unavailable::NotOwner)?;
        receiver.await.map_err(|_| Unavailable::NotOwner)?
    }
}

/// Why a poll for a task gave nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PollActivityError {
    /// The queue refused.
    #[error(transparent)]
    Poll(#[from] PollError),
    /// The engine cannot answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A poll that waits. If its caller goes away after a task came, the task goes to the next.
struct Waiting<'a, S: Store> {
    activities: &'a Activities<S>,
    activity: &'a str,
    receiver: &'a mut oneshot::Receiver<Candidate>,
}

impl<S: Store> Drop for Waiting<'_, S> {
    fn drop(&mut self) {
        self.receiver.close();
        if let Ok(candidate) = self.receiver.try_recv() {
            self.activities.put_back(self.activity, candidate);
        }
    }
}

/// A task on its way to a worker. If the worker's request goes away before the execution has
/// answered, the task is offered again; one that was taken after all is then found late.
struct Offer<S: Store> {
    activities: Arc<Activities<S>>,
    activity: Arc<str>,
    candidate: Option<Candidate>,
}

impl<S: Store> Drop for Offer<S> {
    fn drop(&mut self) {
        if let Some(candidate) = self.candidate.take() {
            self.activities.put_back(&self.activity, candidate);
        }
    }
}

/// The thread of a worker.
struct Thread<S: Store> {
    worker: Worker<S>,
    inbox: mpsc::Receiver<Message>,
    own: mpsc::Sender<Message>,
    clock: Clock,
    committer: Arc<Committer>,
    world: Arc<World<S>>,
    /// Nothing new is taken; the thread ends when nothing is under way.
    stopping: bool,
}

/// The longest that a worker sleeps: how late it can notice that the clock was set forward.
const MAX_SLEEP: Duration = Duration::from_secs(1);

impl<S: Store> Thread<S> {
    fn run(mut self) {
        while !self.stopping || self.worker.is_busy() {
            let patience = match self.worker.turns(self.clock.now()) {
                Ok(ready) => {
                    ready.into_iter().for_each(|submission| self.submit(submission));
                    self.sleep()
                }
                Err(error) => {
                    tracing::error!(%error, "the timers cannot be read");
                    self.worker.refuse_all(&error.into());
                    MAX_SLEEP
                }
            };
            if self.stopping && !self.worker.is_busy() {
                break;
            }
            let Ok(message) = self.inbox.recv_timeout(patience) else { continue };
            self.accept(message);
            while let Ok(message) = self.inbox.try_recv() {
                self.accept(message);
            }
        }
    }

    fn accept(&mut self, message: Message) {
        match message {
            Message::Request(_, request) if self.stopping => request.refuse(&Unavailable::NotOwner),
            Message::Request(partition, request) => self.worker.accept(partition, request),
            Message::Committed(partition, epoch, still_owner) => {
                self.worker.committed(partition, epoch, still_owner)
            }
            Message::Stop => {
                self.stopping = true;
                self.worker.retire();
            }
        }
    }

    fn submit(&self, submission: Submission) {
        let Submission { batch, effects } = submission;
        if batch.ops.is_empty() {
            return effects.answer();
        }
        let (partition, epoch) = (batch.partition, batch.epoch);
        let (own, world) = (self.own.clone(), self.world.clone());
        let then = move |committed: Result<_, crate::store::committer::CommitError>| {
            match &committed {
                Ok(durable) => effects.perform(&*world, durable),
                Err(error) => effects.refuse(&Unavailable::from(error.clone())),
            }
            // A worker that has stopped does not wait for it.
            let _ = own.send(Message::Committed(partition, epoch, committed.is_ok()));
        };
        self.committer.submit(batch, Box::new(then));
    }

    fn sleep(&self) -> Duration {
        let Some(due) = self.worker.next_due() else { return MAX_SLEEP };
        let millis = due.since(self.clock.now()).0;
        Duration::from_millis(millis).min(MAX_SLEEP)
    }
}

impl<S: Store> Drop for Thread<S> {
    /// Nobody else does the work of a thread that panicked: the process can only start anew.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.committer.fail(&Error::Panicked("a worker"));
        }
    }
}

/// The key of the task tokens: made once for a store, and part of it.
fn token_key(store: &impl Store) -> Result<[u8; 32], Error> {
    const NAME: &[u8] = b"token key";
    if let Some(key) = store.get(Table::Meta, NAME)? {
        return key.try_into().map_err(|_| Error::Damaged("the key of the task tokens".to_owned()));
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| Error::Io(error.to_string()))?;
    let partition = PartitionId(0);
    let epoch = store.acquire(partition)?;
    let op = Op::Put { table: Table::Meta, key: NAME.to_vec(), value: key.to_vec() };
    let written = store.commit(vec![crate::store::Batch { partition, epoch, ops: vec![op] }])?;
    match written.into_iter().next() {
        Some(Ok(_)) => Ok(key),
        _ => Err(Error::Damaged("the key of the task tokens could not be written".to_owned())),
    }
}

fn random_u64() -> Result<u64, Error> {
    getrandom::u64().map_err(|error| Error::Io(error.to_string()))
}
