//! The partitions of one worker: inbox -> step -> batch -> commands.
//!
//! A [`Worker`] owns some of the partitions and everything in them: their executions, timers and
//! inboxes. It does no IO but reads, and it never waits: [`Worker::turns`] gives the batches that
//! are ready, somebody commits them, performs their [`Effects`], and says so with
//! [`Worker::committed`]. A thread does that in a server; the simulation does it step by step.
//!
//! Invariant: at most one batch of a partition is under way. So what a partition reads from the
//! store is what it wrote last, and its memory is ahead of the disk by that one batch only.

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use gradus_core::machine::codec::{self, StepFacts};
use gradus_core::machine::timestamp::Millis;
use gradus_core::machine::{Command, Env, Event, Parent, Reply, Start, Step, Timer, Timestamp};

use super::loaded::{Cache, Loaded};
use super::outside::{LoggedStep, Outside};
use super::random::Random;
use super::read_back::{find_execution, read_back};
use crate::store::catalog::{Catalog, Compiled};
use crate::store::committer::CommitError;
use crate::store::layout::{self, Errand, ExecutionId, Named};
use crate::store::{Batch, Durable, Epoch, Error, Op, PartitionId, Rejected, Store, Table};
use crate::tasks::activity::Candidate;
use crate::tasks::is_same_place;
use crate::tasks::token::Tokens;

/// What a partition is asked to do.
pub enum Request {
    /// Start an execution.
    Start {
        /// What with.
        start: Box<Start>,
        /// The revision that it runs.
        compiled: Arc<Compiled>,
        /// The task that starts it, if one does.
        parent: Option<Parent>,
        /// Who wants to know.
        answer: Answer<Result<Started, NameTaken>>,
    },
    /// Tell an execution what happened.
    Signal {
        /// The execution.
        execution: ExecutionId,
        /// What happened.
        event: Event,
        /// Who wants to know.
        answer: Answer<Signalled>,
    },
    /// Change rows that belong to a resource of this partition. It sees all that was changed
    /// before it, and nothing of the partition happens beside it.
    Transact {
        /// Reads what it needs, and says what to write.
        change: Change,
        /// Who wants to know.
        answer: Answer<()>,
    },
}

/// A change of rows, decided at a time.
pub type Change = Box<dyn FnOnce(Timestamp) -> Vec<Op> + Send>;

/// Takes the answer to a request, once it may be given: after its facts are durable.
pub type Answer<T> = Box<dyn FnOnce(Result<T, Unavailable>) + Send>;

/// The engine cannot answer: the store has failed, or another owner has the partition.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unavailable {
    /// The store has failed or cannot be read.
    #[error(transparent)]
    Store(#[from] Error),
    /// There is no such execution.
    #[error("there is no such execution")]
    NoExecution,
    /// The engine is stopping, or the partition has another owner.
    #[error("the engine does not own the partition any more")]
    NotOwner,
    /// What was asked panicked. Nothing of it was kept.
    #[error("a fault in gradus: what was asked panicked")]
    Panicked,
}

impl From<CommitError> for Unavailable {
    fn from(error: CommitError) -> Unavailable {
        match error {
            CommitError::Failed(error) => Unavailable::Store(error),
            CommitError::Rejected(Rejected::Fenced) | CommitError::Stopped => Unavailable::NotOwner,
        }
    }
}

/// An execution that was started, now or by the same request before.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// The execution.
    pub id: ExecutionId,
    /// When it was started.
    pub at: Timestamp,
}

/// Another execution has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameTaken;

/// What an execution made of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Signalled {
    /// Its answer.
    pub reply: Reply,
    /// When.
    pub at: Timestamp,
}

/// A batch that is ready, and what may happen once it is durable.
pub struct Submission {
    /// What to write. Without operations there is nothing to wait for.
    pub batch: Batch,
    /// What to do then.
    pub effects: Effects,
}

/// What may happen only after a batch is durable: answers to callers, commands to the outside.
#[derive(Default)]
pub struct Effects {
    answers: Vec<Answer<()>>,
    commands: Vec<(ExecutionId, Command)>,
    ended: Vec<ExecutionId>,
    abandoned: Vec<Errand>,
    settled: Vec<Errand>,
    logged: Vec<LoggedStep>,
}

impl Effects {
    /// Lets them happen. The receipt is the proof that they may.
    pub fn perform(self, outside: &impl Outside, durable: &Durable) {
        for (execution, command) in &self.commands {
            outside.perform(*execution, command, durable);
        }
        for execution in &self.ended {
            outside.ended(*execution, durable);
        }
        for errand in &self.settled {
            outside.settled(*errand, durable);
        }
        for errand in &self.abandoned {
            outside.abandoned(*errand, durable);
        }
        self.logged.into_iter().for_each(|step| outside.logged(step, durable));
        self.answers.into_iter().for_each(|answer| answer(Ok(())));
    }

    /// For a turn that wrote nothing: what it says was durable before it.
    pub fn answer(self) {
        self.answers.into_iter().for_each(|answer| answer(Ok(())));
    }

    /// Tells the callers that it will not happen.
    pub fn refuse(self, why: &Unavailable) {
        self.answers.into_iter().for_each(|answer| answer(Err(why.clone())));
    }
}

/// No timer fires while more requests wait: after a long outage all may be due at once.
const MAX_WAITING: usize = 8192;

/// After which time a timer fires again that its execution could not take.
const TIMER_AGAIN: Millis = Millis(10_000);

/// How a worker is set up.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How far ahead timers are kept in memory.
    pub horizon: Millis,
    /// About how many bytes of executions that wait are kept in memory.
    pub cache_bytes: usize,
    /// The most requests of a partition in one batch.
    pub requests_per_turn: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { horizon: Millis(60_000), cache_bytes: 32 << 20, requests_per_turn: 256 }
    }
}

/// The owner of some partitions.
pub struct Worker<S> {
    store: Arc<S>,
    catalog: Arc<Catalog<S>>,
    tokens: Tokens,
    limits: Limits,
    random: Random,
    /// How many executions were started here.
    starts: u64,
    partitions: HashMap<PartitionId, Partition>,
    /// How many requests wait in all inboxes.
    waiting: usize,
    /// Partitions with something to do and no batch under way.
    ready: VecDeque<PartitionId>,
    executions: Cache,
    /// All timers up to `timers_until`, by when they fire; later ones are on disk only.
    timers: BTreeSet<(Timestamp, ExecutionId, Timer)>,
    timers_until: Option<Timestamp>,
    /// No timer fires any more.
    retired: bool,
}

struct Partition {
    epoch: Epoch,
    inbox: VecDeque<Request>,
    /// A batch is under way.
    busy: bool,
    /// Timers of the batch under way that lie beyond the horizon.
    later: Vec<(ExecutionId, Timer)>,
    /// Closed executions, which leave memory when the batch under way is durable.
    closed: Vec<ExecutionId>,
}

impl Partition {
    fn new(epoch: Epoch) -> Partition {
        Partition { epoch, inbox: VecDeque::new(), busy: false, later: Vec::new(), closed: Vec::new() }
    }
}

impl<S: Store> Worker<S> {
    /// Takes over `partitions`. What is outstanding in them is found again as it comes due.
    pub fn new(
        store: Arc<S>,
        catalog: Arc<Catalog<S>>,
        tokens: Tokens,
        partitions: impl IntoIterator<Item = PartitionId>,
        limits: Limits,
        seed: u64,
    ) -> Result<Worker<S>, Error> {
        let mut worker = Worker {
            store,
            catalog,
            tokens,
            executions: Cache::new(limits.cache_bytes),
            limits,
            random: Random::new(seed),
            starts: 0,
            partitions: HashMap::new(),
            waiting: 0,
            ready: VecDeque::new(),
            timers: BTreeSet::new(),
            timers_until: None,
            retired: false,
        };
        partitions.into_iter().try_for_each(|id| worker.adopt(id))?;
        Ok(worker)
    }

    /// Takes over a partition. Its owner before is fenced off from here on.
    pub fn adopt(&mut self, id: PartitionId) -> Result<(), Error> {
        let epoch = self.store.acquire(id)?;
        self.partitions.insert(id, Partition::new(epoch));
        match self.timers_until {
            Some(until) => self.load_timers_of(id, None, until),
            None => Ok(()),
        }
    }

    /// Puts a request into the inbox of its partition.
    pub fn accept(&mut self, id: PartitionId, request: Request) {
        let Some(partition) = self.partitions.get_mut(&id) else {
            return request.refuse(&Unavailable::NotOwner);
        };
        partition.inbox.push_back(request);
        self.waiting += 1;
        if !partition.busy && partition.inbox.len() == 1 {
            self.ready.push_back(id);
        }
    }

    /// Takes a turn in every partition that has something to do: one batch each.
    pub fn turns(&mut self, now: Timestamp) -> Result<Vec<Submission>, Error> {
        self.load_timers(now)?;
        self.fire_timers(now);
        let mut ready = Vec::with_capacity(self.ready.len());
        while let Some(id) = self.ready.pop_front() {
            ready.push(self.turn(id, now));
        }
        Ok(ready)
    }

    /// Says that the batch of a partition is durable, or that another owner has the partition.
    ///
    /// The batch's epoch tells news of a partition that is owned from news of one that was lost
    /// and taken over again since.
    pub fn committed(&mut self, id: PartitionId, epoch: Epoch, still_owner: bool) {
        let Some(partition) = self.partitions.get_mut(&id).filter(|partition| partition.epoch == epoch)
        else {
            return;
        };
        if !still_owner {
            return self.give_up(id);
        }
        partition.busy = false;
        if !partition.inbox.is_empty() {
            self.ready.push_back(id);
        }
        // The horizon may have moved over them while they were not on disk yet.
        let later = std::mem::take(&mut partition.later);
        let near = later.into_iter().filter(|(_, timer)| Some(timer.due) <= self.timers_until);
        self.timers.extend(near.map(|(execution, timer)| (timer.due, execution, timer)));
        for execution in std::mem::take(&mut partition.closed) {
            self.executions.take(execution);
        }
        let partitions = &self.partitions;
        self.executions
            .shrink(|execution| partitions.get(&execution.partition()).is_some_and(|owned| owned.busy));
    }

    /// Answers all that waits in the inboxes: it cannot be done here.
    pub fn refuse_all(&mut self, why: &Unavailable) {
        self.ready.clear();
        self.waiting = 0;
        for partition in self.partitions.values_mut() {
            for request in partition.inbox.drain(..) {
                // Nobody else would let it fire again.
                self.timers.extend(request.timer().map(|(execution, timer)| (timer.due, execution, timer)));
                request.refuse(why);
            }
        }
    }

    /// Lets no timer fire any more: they are the next life's. Without it an engine with enough to do would
    /// never come to its end.
    pub fn retire(&mut self) {
        self.retired = true;
    }

    /// When [`Worker::turns`] wants to be called again, if nothing happens before.
    pub fn next_due(&self) -> Option<Timestamp> {
        // With a full inbox no timer fires before a batch is done, which wakes the worker anyway.
        let may_fire = !self.retired && self.waiting < MAX_WAITING;
        let timer = self.timers.first().map(|(due, ..)| *due).filter(|_| may_fire);
        let horizon = self.timers_until.map(|until| reload_at(until, self.limits.horizon));
        timer.into_iter().chain(horizon).min()
    }

    /// Whether a batch is under way or a request waits.
    pub fn is_busy(&self) -> bool {
        self.partitions.values().any(|partition| partition.busy || !partition.inbox.is_empty())
    }

    /// An execution that is in memory.
    #[cfg(test)]
    pub(super) fn live(&self, id: ExecutionId) -> Option<&gradus_core::machine::Execution> {
        self.executions.get(id)
    }

    /// Forgets the timers in memory: a fault, for the test that the simulation finds it.
    #[cfg(test)]
    pub(super) fn forget_timers(&mut self) {
        self.timers.clear();
    }

    fn turn(&mut self, id: PartitionId, now: Timestamp) -> Submission {
        let epoch = self.partitions.get(&id).map_or(Epoch(0), |partition| partition.epoch);
        let mut turn = Turn::default();
        for count in 0..self.limits.requests_per_turn {
            let Some(partition) = self.partitions.get_mut(&id) else { break };
            // A transaction reads the store, so what came before it has to be there.
            let alone = matches!(partition.inbox.front(), Some(Request::Transact { .. }));
            if alone && count > 0 {
                break;
            }
            let Some(request) = partition.inbox.pop_front() else { break };
            self.waiting -= 1;
            let is_done = self.handle(&mut turn, id, now, request);
            // What failed has taken its execution out of memory, and what that did before in this batch is
            // not on disk yet: it cannot be read back before the batch is.
            if alone || !is_done {
                break;
            }
        }
        let busy = !turn.ops.is_empty();
        if let Some(partition) = self.partitions.get_mut(&id) {
            partition.busy = busy;
            partition.later = std::mem::take(&mut turn.later);
            partition.closed = std::mem::take(&mut turn.closed);
        }
        if !busy {
            self.committed(id, epoch, true);
        }
        Submission { batch: Batch { partition: id, epoch, ops: turn.ops }, effects: turn.effects }
    }

    /// Does what is asked; says whether that could be done.
    fn handle(&mut self, turn: &mut Turn, id: PartitionId, now: Timestamp, request: Request) -> bool {
        let timer = request.timer();
        match request {
            Request::Start { start, compiled, parent, answer } => {
                let started = self.start(turn, id, now, start, parent, &compiled);
                turn.answer(answer, started)
            }
            Request::Signal { execution, event, answer } => {
                let signalled = self.signal(turn, execution, now, event);
                if let (Err(Unavailable::Store(_) | Unavailable::Panicked), Some((execution, timer))) =
                    (&signalled, timer)
                {
                    self.timers.insert((now.saturating_add(TIMER_AGAIN), execution, timer));
                }
                turn.answer(answer, signalled)
            }
            Request::Transact { change, answer } => {
                let changed = unharmed(|| change(now)).map(|ops| turn.ops.extend(ops));
                turn.answer(answer, changed)
            }
        }
    }

    fn start(
        &mut self,
        turn: &mut Turn,
        partition: PartitionId,
        now: Timestamp,
        start: Box<Start>,
        parent: Option<Parent>,
        compiled: &Compiled,
    ) -> Result<Result<Started, NameTaken>, Unavailable> {
        if let Some(id) = self.find(turn, &start.arn)? {
            return self.started_before(turn, id, &start, parent.as_ref());
        }
        self.starts += 1;
        let id = ExecutionId::new(now, self.starts, self.random.next(), partition);
        let arn = start.arn.clone();
        let mut loaded = Loaded::new(compiled, &start, id, now);
        let event = match parent {
            Some(parent) => Event::StartedBy(start, parent),
            None => Event::Started(start),
        };
        let step = self.take_step(&mut loaded, now, false, event)?;
        let named = Named { execution: id, redriven: None };
        turn.put(Table::Names, layout::name_key(&arn), named.value());
        turn.names.insert(arn, id);
        self.keep(turn, id, loaded, step);
        Ok(Ok(Started { id, at: now }))
    }

    /// The same request again gives the same answer, while the execution is open; that of a task
    /// gives it always. A task that waits for the end waits for an execution of its own.
    fn started_before(
        &mut self,
        turn: &mut Turn,
        id: ExecutionId,
        start: &Start,
        parent: Option<&Parent>,
    ) -> Result<Result<Started, NameTaken>, Unavailable> {
        let loaded = self.load(id)?;
        let execution = &loaded.execution;
        let is_own = parent.is_some() && parent == execution.parent();
        let same = execution.outcome().is_none()
            && parent.is_none_or(|parent| !parent.is_waiting())
            && execution.start().is_some_and(|before| {
                before.input.text() == start.input.text() && before.machine_arn == start.machine_arn
            });
        let at = loaded.listed.started;
        self.put_back(turn, id, loaded);
        Ok(if same || is_own { Ok(Started { id, at }) } else { Err(NameTaken) })
    }

    fn find(&self, turn: &Turn, arn: &str) -> Result<Option<ExecutionId>, Error> {
        match turn.names.get(arn) {
            Some(id) => Ok(Some(*id)),
            None => find_execution(&*self.store, arn),
        }
    }

    fn signal(
        &mut self,
        turn: &mut Turn,
        id: ExecutionId,
        now: Timestamp,
        event: Event,
    ) -> Result<Signalled, Unavailable> {
        let mut loaded = self.load(id)?;
        let deleted = self.is_deleted(&loaded)?;
        let step = self.take_step(&mut loaded, now, deleted, event)?;
        let signalled = Signalled { reply: step.reply.clone(), at: step.at };
        self.keep(turn, id, loaded, step);
        Ok(signalled)
    }

    /// Takes one step. If it fails, the execution is not what it was: it has to be read back.
    fn take_step(
        &mut self,
        loaded: &mut Loaded,
        now: Timestamp,
        machine_deleted: bool,
        event: Event,
    ) -> Result<Step, Unavailable> {
        let (seed, execution) = (self.random.next(), loaded.listed.execution);
        let (catalog, tokens) = (&self.catalog, &self.tokens);
        let unreadable = Cell::new(None);
        let here = match &event {
            Event::Started(start) | Event::StartedBy(start, _) => Some(start.arn.clone()),
            _ => loaded.execution.start().map(|start| start.arn.clone()),
        };
        let activity_exists = |arn: &str| {
            let is_here = here.as_ref().is_some_and(|here| is_same_place(here, arn));
            is_here
                && catalog.activity(arn).map(|activity| activity.is_some()).unwrap_or_else(|error| {
                    unreadable.set(Some(error));
                    false
                })
        };
        let token = |frame, task| tokens.issue(Candidate { execution, frame, task });
        let env = Env { now, seed, machine_deleted, activity_exists: &activity_exists, token: &token };
        let step = unharmed(|| loaded.execution.step(&env, event))?;
        // What it decided without knowing is not to be kept.
        unreadable.take().map_or(Ok(step), |error| Err(error.into()))
    }

    fn is_deleted(&self, loaded: &Loaded) -> Result<bool, Error> {
        let Some(start) = loaded.execution.start() else { return Ok(false) };
        let machine = self.catalog.machine(&start.machine_arn)?;
        Ok(machine.is_none_or(|machine| machine.id != loaded.listed.machine))
    }

    /// Writes a step down, and keeps the execution in memory while it is open.
    fn keep(&mut self, turn: &mut Turn, id: ExecutionId, mut loaded: Loaded, step: Step) {
        let mut written = 0;
        if !step.facts.is_empty() {
            written = self.write_facts(turn, id, &mut loaded, &step);
            tell_parent(turn, &loaded);
            list(turn, &mut loaded);
        }
        for command in &step.settled {
            let (table, key) = layout::command_key(id, command);
            turn.ops.push(Op::Delete { table, key });
            match command {
                Command::Timer(timer) => drop(self.timers.remove(&(timer.due, id, *timer))),
                Command::Call(call) => turn.effects.settled.push(Errand::of(id, call)),
                Command::Activity(_) => {}
            }
        }
        for job in step.abandoned {
            let errand = Errand::cancel(id, job);
            turn.put(Table::Calls, errand.key(), Vec::new());
            turn.effects.abandoned.push(errand);
        }
        for command in step.asked {
            let (table, key) = layout::command_key(id, &command);
            turn.put(table, key, Vec::new());
            match command {
                Command::Timer(timer) => self.arm(turn, id, timer),
                Command::Activity(_) | Command::Call(_) => turn.effects.commands.push((id, command)),
            }
        }
        let facts = StepFacts { at: step.at, first_event: step.first_event, entries: step.facts };
        turn.effects.logged.extend(loaded.logged(facts, written));
        self.put_back(turn, id, loaded);
    }

    /// Keeps an execution in memory: an open one for what comes next, a closed one until its
    /// facts are durable, because until then the store does not have them.
    fn put_back(&mut self, turn: &mut Turn, id: ExecutionId, loaded: Loaded) {
        if loaded.execution.outcome().is_some() {
            turn.closed.push(id);
        }
        self.executions.put(id, loaded);
    }

    /// Gives the size of the row.
    fn write_facts(&mut self, turn: &mut Turn, id: ExecutionId, loaded: &mut Loaded, step: &Step) -> usize {
        let row = codec::encode(step.at, step.first_event, &step.facts);
        let written = row.len();
        turn.put(Table::Facts, layout::facts_key(id, loaded.rows), row);
        loaded.has_written(written);
        written
    }

    fn arm(&mut self, turn: &mut Turn, id: ExecutionId, timer: Timer) {
        if Some(timer.due) <= self.timers_until {
            self.timers.insert((timer.due, id, timer));
        } else {
            turn.later.push((id, timer));
        }
    }

    fn load(&mut self, id: ExecutionId) -> Result<Loaded, Unavailable> {
        if let Some(loaded) = self.executions.take(id) {
            return Ok(loaded);
        }
        let (rows, replayed) = read_back(&*self.store, &self.catalog, id)?;
        replayed.and_then(|replayed| Loaded::read(replayed, id, rows)).ok_or(Unavailable::NoExecution)
    }

    fn load_timers(&mut self, now: Timestamp) -> Result<(), Error> {
        let Some(until) = self.timers_until else { return self.load_timers_until(now, None) };
        if reload_at(until, self.limits.horizon) > now {
            return Ok(());
        }
        self.load_timers_until(now, Some(until))
    }

    fn load_timers_until(&mut self, now: Timestamp, after: Option<Timestamp>) -> Result<(), Error> {
        let until = now.saturating_add(self.limits.horizon);
        let owned: Vec<PartitionId> = self.partitions.keys().copied().collect();
        owned.into_iter().try_for_each(|id| self.load_timers_of(id, after, until))?;
        self.timers_until = Some(until);
        Ok(())
    }

    fn load_timers_of(
        &mut self,
        id: PartitionId,
        after: Option<Timestamp>,
        until: Timestamp,
    ) -> Result<(), Error> {
        let rows = self.store.range(layout::timers_between(id, after, until))?;
        let found = rows.iter().filter_map(|(key, _)| layout::timer_from(key));
        self.timers.extend(found.map(|(execution, timer)| (timer.due, execution, timer)));
        Ok(())
    }

    fn fire_timers(&mut self, now: Timestamp) {
        while let Some((at, execution, timer)) = self.timers.first().copied() {
            if at > now || self.retired || self.waiting >= MAX_WAITING {
                break;
            }
            self.timers.pop_first();
            let Timer { due, frame, purpose } = timer;
            let event = Event::TimerFired { frame, purpose, due };
            let answer: Answer<Signalled> = Box::new(move |signalled| {
                if let Err(error) = signalled {
                    tracing::error!(?execution, %error, "a timer could not be delivered");
                }
            });
            self.accept(execution.partition(), Request::Signal { execution, event, answer });
        }
    }

    /// Forgets a partition that another owner has.
    pub fn give_up(&mut self, id: PartitionId) {
        let Some(partition) = self.partitions.remove(&id) else { return };
        self.waiting -= partition.inbox.len();
        partition.inbox.into_iter().for_each(|request| request.refuse(&Unavailable::NotOwner));
        self.ready.retain(|ready| *ready != id);
        self.timers.retain(|(_, execution, _)| execution.partition() != id);
        self.executions.retain(|execution| execution.partition() != id);
    }
}

impl Request {
    /// The timer that fires with it, if one does.
    fn timer(&self) -> Option<(ExecutionId, Timer)> {
        match self {
            Request::Signal { execution, event: Event::TimerFired { frame, purpose, due }, answer: _ } => {
                Some((*execution, Timer { due: *due, frame: *frame, purpose: *purpose }))
            }
            Request::Signal { .. } | Request::Start { .. } | Request::Transact { .. } => None,
        }
    }

    /// Answers that it cannot be done here.
    pub fn refuse(self, why: &Unavailable) {
        match self {
            Request::Start { answer, .. } => answer(Err(why.clone())),
            Request::Signal { answer, .. } => answer(Err(why.clone())),
            Request::Transact { answer, .. } => answer(Err(why.clone())),
        }
    }
}

/// The end of an execution that a task waits for is an errand, until the task has taken it. A redrive takes
/// back an end that was not told yet: the next one will be.
fn tell_parent(turn: &mut Turn, loaded: &Loaded) {
    let execution = &loaded.execution;
    if !execution.parent().is_some_and(Parent::is_waiting) {
        return;
    }
    let id = loaded.listed.execution;
    let end = Errand::end(id).key();
    if execution.outcome().is_some() {
        turn.put(Table::Calls, end, Vec::new());
        turn.effects.ended.push(id);
    } else if execution.redriven().is_some_and(|redriven| redriven.count > loaded.listed.redrives) {
        turn.ops.push(Op::Delete { table: Table::Calls, key: end });
    }
}

/// Keeps the lists of executions, and what a name leads to, in step with the execution.
fn list(turn: &mut Turn, loaded: &mut Loaded) {
    let is_new = loaded.rows == 1;
    let listed = loaded.listed_now();
    if !is_new && listed == loaded.listed {
        return;
    }
    if !is_new && listed.key() != loaded.listed.key() {
        turn.ops.extend(loaded.listed.everywhere().map(|row| row.delete()));
    }
    if listed.redrives != loaded.listed.redrives
        && let Some(start) = loaded.execution.start()
    {
        let named = Named { execution: listed.execution, redriven: loaded.execution.redriven() };
        turn.put(Table::Names, layout::name_key(&start.arn), named.value());
    }
    turn.ops.extend(listed.everywhere().map(|row| row.put()));
    loaded.listed = listed;
}

/// What `work` gives; a panic in it must not end the others of its thread. What it has changed is to be
/// thrown away then, which makes it safe to go on.
fn unharmed<T>(work: impl FnOnce() -> T) -> Result<T, Unavailable> {
    // The hook has reported the panic.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Unavailable::Panicked)
}

/// Timers are read again before the horizon is reached, so that none is late for the reading.
fn reload_at(until: Timestamp, horizon: Millis) -> Timestamp {
    Timestamp::from_millis(until.as_millis().saturating_sub_unsigned(horizon.0 / 4))
}

/// A batch in the making.
#[derive(Default)]
struct Turn {
    ops: Vec<Op>,
    effects: Effects,
    later: Vec<(ExecutionId, Timer)>,
    closed: Vec<ExecutionId>,
    /// Names given in this batch, which the store does not know yet.
    names: HashMap<Arc<str>, ExecutionId>,
}

impl Turn {
    fn put(&mut self, table: Table, key: Vec<u8>, value: Vec<u8>) {
        self.ops.push(Op::Put { table, key, value });
    }

    /// Answers once the batch is durable, or at once that it could not be done; says whether it could.
    fn answer<T: Send + 'static>(&mut self, answer: Answer<T>, done: Result<T, Unavailable>) -> bool {
        match done {
            Ok(value) => {
                self.effects.answers.push(Box::new(move |result| answer(result.map(|()| value))));
                true
            }
            Err(error) => {
                answer(Err(error));
                false
            }
        }
    }
}
