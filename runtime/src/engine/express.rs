//! Express executions: the same core, run in memory by one task each, and nothing kept.
//!
//! An execution runs on tokio's timers and on a clock of its own: the engine's time at its start, and what
//! has passed since, so that nobody who sets the system's clock lengthens its five minutes. Its calls are
//! made once. When the server ends, it ends, unfinished and untold: synchronous ones at most once,
//! asynchronous ones without the second attempt that a store would allow.
//!
//! This module must not know the store.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use gradus_core::json::Payload;
use gradus_core::machine::codec::{self, StepFacts};
use gradus_core::machine::timestamp::Millis;
use gradus_core::machine::{
    Call, Command, Env, Event, EventId, Execution, Failure, FrameId, Mode, Outcome, Start, Step, Timer,
    Timestamp, Trial,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::Instant;

use super::calls::Calls;
use super::outside::{LoggedStep, Logs};
use super::partition::Unavailable;
use super::random::Random;
use crate::store::Store;
use crate::store::catalog::Compiled;
use crate::store::logging::Logging;

/// The most Express executions at a time, if nobody says otherwise: some ten megabytes.
pub const MAX_EXPRESS: usize = 10_000;

/// An Express execution that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Timestamp,
    /// How.
    pub outcome: Outcome,
}

/// Why an Express execution was not run, or not to its end.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ExpressError {
    /// As many as may run are running.
    #[error("too many Express executions are running")]
    TooMany,
    /// The engine cannot run it, or not any longer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Runs Express executions.
pub(super) struct Express<S: Store> {
    calls: Arc<Calls<S>>,
    logs: Option<Arc<dyn Logs>>,
    room: Arc<Semaphore>,
    stopping: watch::Sender<bool>,
}

impl<S: Store> Express<S> {
    /// Runs at most this many at a time.
    pub(super) fn new(calls: Arc<Calls<S>>, logs: Option<Arc<dyn Logs>>, most: usize) -> Express<S> {
        let room = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Express { calls, logs, room, stopping: watch::Sender::new(false) }
    }

    /// Begins an execution at a time, and leaves it to itself.
    pub(super) fn start(
        &self,
        start: Box<Start>,
        compiled: &Compiled,
        at: Timestamp,
        seed: u64,
    ) -> Result<(), ExpressError> {
        let mut run = self.enter_execution(compiled, Mode::ExpressAsync, at, seed)?;
        let stopping = self.stopping.subscribe();
        self.calls.runtime().spawn(async move {
            let arn = start.arn.clone();
            run.take(Event::Started(start));
            match run.until_end(stopping).await.and_then(Run::ended) {
                Ok(ended) => tracing::debug!(%arn, status = status(&ended.outcome), "ended"),
                Err(error) => tracing::warn!(%arn, %error, "an Express execution was given up"),
            }
        });
        Ok(())
    }

    /// Runs an execution from a time to its end. Goes on if whoever waits for it goes away.
    pub(super) async fn run(
        &self,
        start: Box<Start>,
        compiled: &Compiled,
        at: Timestamp,
        seed: u64,
    ) -> Result<Ended, ExpressError> {
        let run = self.enter_execution(compiled, Mode::ExpressSync, at, seed)?;
        Ok(self.to_end(run, start).await?.ended()?)
    }

    /// Tries a state from a time on, until it would be left, or tried again, or has failed.
    pub(super) async fn try_state(
        &self,
        trial: Trial,
        start: Box<Start>,
        at: Timestamp,
        seed: u64,
    ) -> Result<Trial, ExpressError> {
        let run = self.enter(trial, None, at, seed)?;
        Ok(self.to_end(run, start).await?.runs)
    }

    async fn to_end<R: Runs>(&self, mut run: Run<S, R>, start: Box<Start>) -> Result<Run<S, R>, Unavailable> {
        run.take(Event::Started(start));
        // Most have nothing to wait for, and need no task.
        if run.runs.is_over() {
            return Ok(run);
        }
        let run = self.calls.runtime().spawn(run.until_end(self.stopping.subscribe()));
        // It is only ever cancelled with the whole runtime.
        run.await.map_err(|_| Unavailable::NotOwner)?
    }

    /// Ends all that run; begins no more.
    pub(super) fn stop(&self) {
        self.room.close();
        self.stopping.send_replace(true);
    }

    fn enter_execution(
        &self,
        compiled: &Compiled,
        mode: Mode,
        at: Timestamp,
        seed: u64,
    ) -> Result<Run<S, Execution>, ExpressError> {
        let execution = Execution::of(compiled.definition.clone(), mode);
        self.enter(execution, compiled.logging.clone(), at, seed)
    }

    fn enter<R: Runs>(
        &self,
        runs: R,
        logging: Option<Arc<Logging>>,
        at: Timestamp,
        seed: u64,
    ) -> Result<Run<S, R>, ExpressError> {
        let place = match self.room.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(tokio::sync::TryAcquireError::NoPermits) => return Err(ExpressError::TooMany),
            Err(tokio::sync::TryAcquireError::Closed) => return Err(Unavailable::NotOwner.into()),
        };
        Ok(Run {
            runs,
            random: Random::new(seed),
            started: at,
            begun: Instant::now(),
            stopped: at,
            timers: BTreeSet::new(),
            calls: self.calls.clone(),
            log: self.logs.clone().zip(logging),
            under_way: JoinSet::new(),
            handles: HashMap::new(),
            _place: place,
        })
    }
}

/// What runs: an execution, or one state that is tried.
pub(super) trait Runs: Send + 'static {
    fn step(&mut self, env: &Env<'_>, event: Event) -> Step;

    fn is_over(&self) -> bool;

    /// What a log says of it; `None` for what leaves no log.
    fn start(&self) -> Option<&Start>;
}

impl Runs for Execution {
    fn step(&mut self, env: &Env<'_>, event: Event) -> Step {
        Execution::step(self, env, event)
    }

    fn is_over(&self) -> bool {
        self.outcome().is_some()
    }

    fn start(&self) -> Option<&Start> {
        Execution::start(self)
    }
}

impl Runs for Trial {
    fn step(&mut self, env: &Env<'_>, event: Event) -> Step {
        Trial::step(self, env, event)
    }

    fn is_over(&self) -> bool {
        self.is_decided()
    }

    fn start(&self) -> Option<&Start> {
        None
    }
}

/// One of them while it runs.
struct Run<S: Store, R> {
    runs: R,
    random: Random,
    started: Timestamp,
    begun: Instant,
    /// The time of the last step.
    stopped: Timestamp,
    /// The first is due first.
    timers: BTreeSet<Timer>,
    calls: Arc<Calls<S>>,
    /// Where its log goes, and what of it.
    log: Option<(Arc<dyn Logs>, Arc<Logging>)>,
    under_way: JoinSet<Answered>,
    /// How to let go of each call that is under way.
    handles: HashMap<(FrameId, EventId), AbortHandle>,
    /// Its place among those that may run.
    _place: OwnedSemaphorePermit,
}

/// What came of a call.
struct Answered {
    frame: FrameId,
    task: EventId,
    answer: Result<Result<Payload, Failure>, Unavailable>,
}

impl<S: Store, R: Runs> Run<S, R> {
    async fn until_end(mut self, mut stopping: watch::Receiver<bool>) -> Result<Self, Unavailable> {
        loop {
            if self.runs.is_over() {
                return Ok(self);
            }
            // One that never waits lets others run between its steps.
            tokio::task::yield_now().await;
            // Its time limit is among the timers as long as it is open.
            let Some(timer) = self.timers.first().copied() else { return Err(Unavailable::NotOwner) };
            let due = self.begun + Duration::from_millis(timer.due.since(self.started).0);
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stopping| *stopping) => return Err(Unavailable::NotOwner),
                // Before an answer that comes at the same moment: a task is over when it is due.
                () = tokio::time::sleep_until(due) => self.fire(timer),
                Some(answered) = self.under_way.join_next() => {
                    // A call that nobody waits for any more was let go of.
                    if answered.as_ref().is_err_and(JoinError::is_cancelled) {
                        continue;
                    }
                    // A call that panicked has no answer, and nothing else would wake the execution.
                    let Answered { frame, task, answer } = answered.map_err(|_| Unavailable::NotOwner)?;
                    self.take(Event::CallAnswered { frame, task, answer: answer? });
                }
            }
        }
    }

    fn fire(&mut self, Timer { due, frame, purpose }: Timer) {
        self.take(Event::TimerFired { frame, purpose, due });
    }

    fn take(&mut self, event: Event) {
        let env = Env {
            now: self.started.saturating_add(self.passed()),
            seed: self.random.next(),
            // One that runs goes on when its machine is deleted; it is over soon.
            machine_deleted: false,
            // A definition with activities or tokens is none for an Express machine.
            activity_exists: &|_| false,
            token: &|_, _| String::new(),
        };
        let step = self.runs.step(&env, event);
        self.stopped = step.at;
        self.log(StepFacts { at: step.at, first_event: step.first_event, entries: step.facts });
        for command in &step.settled {
            match command {
                Command::Timer(timer) => drop(self.timers.remove(timer)),
                Command::Call(Call { frame, task, .. }) => {
                    if let Some(handle) = self.handles.remove(&(*frame, *task)) {
                        handle.abort();
                    }
                }
                Command::Activity(_) => {}
            }
        }
        for command in step.asked {
            match command {
                Command::Timer(timer) => drop(self.timers.insert(timer)),
                Command::Call(call) => {
                    let (calls, frame, task) = (self.calls.clone(), call.frame, call.task);
                    let handle = self.under_way.spawn_on(
                        async move { Answered { frame, task, answer: calls.make_once(&call).await } },
                        self.calls.runtime(),
                    );
                    self.handles.insert((frame, task), handle);
                }
                Command::Activity(_) => {}
            }
        }
    }

    fn log(&self, facts: StepFacts) {
        let (Some((logs, logging)), Some(start)) = (&self.log, self.runs.start()) else { return };
        let bytes = codec::encode(facts.at, facts.first_event, &facts.entries).len();
        logs.take(LoggedStep {
            execution: start.arn.clone(),
            machine: start.machine_name.clone(),
            express: true,
            redrives: 0,
            logging: logging.clone(),
            facts,
            bytes,
        });
    }

    /// Whole milliseconds since the start.
    fn passed(&self) -> Millis {
        Millis(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

impl<S: Store> Run<S, Execution> {
    /// How it ended. It was run to its end.
    fn ended(self) -> Result<Ended, Unavailable> {
        let outcome = self.runs.outcome().cloned().ok_or(Unavailable::NotOwner)?;
        Ok(Ended { started: self.started, stopped: self.stopped, outcome })
    }
}

fn status(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded(_) => "SUCCEEDED",
        Outcome::Failed(_) => "FAILED",
        Outcome::Aborted(_) => "ABORTED",
        Outcome::TimedOut => "TIMED_OUT",
    }
}
