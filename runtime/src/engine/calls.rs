//! Calls under way: what executions ask of the outside, made on the runtime that the engine was
//! started in.
//!
//! What is to be done stands in the store as an [`Errand`], written with the facts that ask for it
//! and removed with those that take the answer. So nothing is lost by a crash: what is found in
//! the store at the start is done again, under the same idempotency key. Here are only so many as
//! may run at a time, with what they carry; all others wait as keys and are read when it is their
//! turn. No worker ever waits for a call.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use gradus_core::json::Payload;
use gradus_core::machine::{Call, Command, Event, Failure, Reply};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};

use super::outside::{LoggedStep, Logs, Outside};
use super::partition::Unavailable;
use super::read_back::read_back;
use super::{Engine, Shared};
use crate::store::catalog::Catalog;
use crate::store::layout::{Errand, ErrandKind, ExecutionId};
use crate::store::{Durable, Error, PartitionId, Store};
use crate::tasks::activity::Activities;
use crate::tasks::lambda::{self, Lambda};
use crate::tasks::nested;

/// How many functions are called at a time: as many as an account may run by default.
const MAX_FUNCTIONS: usize = 1000;

/// How many executions are started, and ends told, at a time. They only wait for the disk.
const MAX_NESTED: usize = 256;

/// When an errand is tried again that could not be done.
const AGAIN: Duration = Duration::from_secs(10);

/// Does the errands of all executions of an engine.
pub(super) struct Calls<S: Store> {
    store: Arc<S>,
    catalog: Arc<Catalog<S>>,
    lambda: Lambda,
    runtime: Handle,
    /// The engine, once it has started. Until then everything waits.
    engine: OnceLock<Weak<Shared<S>>>,
    functions: Mutex<Lane>,
    nested: Mutex<Lane>,
    /// Calls of functions that are being made, to be told when nobody waits for them any more.
    under_way: Mutex<HashMap<Errand, Arc<Notify>>>,
    /// Room for the calls of executions that no store knows; they wait with what they carry.
    express_functions: Semaphore,
    express_nested: Semaphore,
    closing: watch::Sender<bool>,
}

/// Errands of one kind: those that wait for others do not hold up the rest.
struct Lane {
    most: usize,
    running: usize,
    waiting: VecDeque<Errand>,
}

impl Lane {
    fn new(most: usize) -> Mutex<Lane> {
        Mutex::new(Lane { most, running: 0, waiting: VecDeque::new() })
    }
}

/// A place in a lane. It is free again when this goes, however the errands in it ended.
struct Slot<S: Store> {
    calls: Arc<Calls<S>>,
    kind: ErrandKind,
    is_taken: bool,
}

impl<S: Store> Slot<S> {
    /// The errand that waits longest; without one the place is free, at the same moment: what comes after it
    /// must not wait for a place that nobody has.
    fn next(&mut self) -> Option<Errand> {
        let mut lane = self.calls.lane(self.kind);
        let next = lane.waiting.pop_front();
        if next.is_none() {
            lane.running -= 1;
            self.is_taken = false;
        }
        next
    }
}

impl<S: Store> Drop for Slot<S> {
    fn drop(&mut self) {
        if self.is_taken {
            self.calls.lane(self.kind).running -= 1;
        }
    }
}

impl<S: Store> Calls<S> {
    /// Does errands on the runtime of whoever calls this.
    pub(super) fn new(
        store: Arc<S>,
        catalog: Arc<Catalog<S>>,
        config: lambda::Config,
    ) -> Result<Calls<S>, Error> {
        let runtime = Handle::try_current().map_err(|error| Error::Io(error.to_string()))?;
        Ok(Calls {
            store,
            catalog,
            lambda: Lambda::new(config),
            runtime,
            engine: OnceLock::new(),
            functions: Lane::new(MAX_FUNCTIONS),
            nested: Lane::new(MAX_NESTED),
            under_way: Mutex::default(),
            express_functions: Semaphore::new(MAX_FUNCTIONS),
            express_nested: Semaphore::new(MAX_NESTED),
            closing: watch::Sender::new(false),
        })
    }

    /// Takes up what the owner of a partition before has left. To be called before anything new
    /// can be asked in the partition.
    pub(super) fn adopt(&self, partition: PartitionId) -> Result<(), Error> {
        for (key, _) in self.store.range(Errand::all(partition))? {
            let errand = Errand::read(&key).ok_or_else(|| Error::Damaged("the key of a call".to_owned()))?;
            self.lane(errand.kind).waiting.push_back(errand);
        }
        Ok(())
    }

    /// Begins with what waits.
    pub(super) fn open(self: &Arc<Self>, engine: Weak<Shared<S>>) {
        // It is opened once, by the engine's start.
        _ = self.engine.set(engine);
        for kind in [ErrandKind::Function, ErrandKind::Start] {
            while let Some(errand) = self.next(kind) {
                self.begin(errand, None);
            }
        }
    }

    /// Where calls are made.
    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Lets go of everything. What is not answered is found again at the next start.
    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }

    fn lane(&self, kind: ErrandKind) -> MutexGuard<'_, Lane> {
        let lane = match kind {
            ErrandKind::Function => &self.functions,
            ErrandKind::Start | ErrandKind::End | ErrandKind::Cancel => &self.nested,
        };
        lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does an errand now if there is room, else when there is.
    fn begin(self: &Arc<Self>, errand: Errand, call: Option<Call>) {
        {
            let mut lane = self.lane(errand.kind);
            if self.engine.get().is_none() || lane.running >= lane.most {
                lane.waiting.push_back(errand);
                return;
            }
            lane.running += 1;
        }
        self.spawn(errand, call);
    }

    /// The errand that waits longest, if there is room for it.
    fn next(&self, kind: ErrandKind) -> Option<Errand> {
        let mut lane = self.lane(kind);
        if lane.running < lane.most { lane.waiting.pop_front() } else { None }
    }

    /// Does an errand in a place of its own, and after it what waits.
    fn spawn(self: &Arc<Self>, errand: Errand, call: Option<Call>) {
        let mut slot = Slot { calls: self.clone(), kind: errand.kind, is_taken: true };
        let place = self.enter(errand);
        let mut closing = self.closing.subscribe();
        self.runtime.spawn(async move {
            let mut next = Some((errand, call, place));
            while let Some((errand, call, place)) = next.take() {
                let done = tokio::select! {
                    biased;
                    _ = closing.wait_for(|closing| *closing) => return,
                    done = slot.calls.run(errand, call, &place) => done,
                };
                slot.calls.leave(errand);
                if let Err(error) = done {
                    tracing::error!(?errand, %error, "a call could not be carried out");
                    slot.calls.try_later(errand, &error);
                }
                next = slot.next().map(|errand| (errand, None, slot.calls.enter(errand)));
            }
        });
    }

    /// Does an errand again after a while: nobody else would before the next start.
    fn try_later(self: &Arc<Self>, errand: Errand, error: &Unavailable) {
        match error {
            Unavailable::Store(_) | Unavailable::Panicked => {}
            // It is none any more, or somebody else's.
            Unavailable::NoExecution | Unavailable::NotOwner => return,
        }
        let (calls, mut closing) = (self.clone(), self.closing.subscribe());
        self.runtime.spawn(async move {
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => {}
                () = tokio::time::sleep(AGAIN) => calls.begin(errand, None),
            }
        });
    }

    /// Notes that a call is about to be made: from here on it can be let go of.
    fn enter(&self, errand: Errand) -> Arc<Notify> {
        let place = Arc::new(Notify::new());
        if errand.kind == ErrandKind::Function {
            self.under_way().insert(errand, place.clone());
        }
        place
    }

    fn leave(&self, errand: Errand) {
        if errand.kind == ErrandKind::Function {
            self.under_way().remove(&errand);
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Errand, Arc<Notify>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn run(&self, errand: Errand, call: Option<Call>, place: &Notify) -> Result<(), Unavailable> {
        let Some(engine) = self.engine.get().and_then(Weak::upgrade).map(Engine) else { return Ok(()) };
        let Errand { kind, execution, frame, task } = errand;
        match kind {
            ErrandKind::End => return nested::tell_end(&engine, execution).await,
            ErrandKind::Cancel => return nested::cancel(&engine, errand).await,
            ErrandKind::Function | ErrandKind::Start => {}
        }
        // What was settled while it waited is not to be done any more.
        let Some(call) = call.map_or_else(|| self.read(errand), |call| Ok(Some(call)))? else {
            return Ok(());
        };
        let answer = tokio::select! {
            answer = self.make(&engine, &call) => answer?,
            () = place.notified() => return Ok(()),
        };
        let started = answer.is_ok() && kind == ErrandKind::Start;
        let told = engine.signal(execution, Event::CallAnswered { frame, task, answer }).await?;
        // The task was over before the execution that it wanted was there.
        if started && told.reply == Reply::Late {
            nested::cancel(&engine, errand).await?;
        }
        Ok(())
    }

    /// Makes a call that stands in no store: once, and not at all if nobody waits until it is its turn.
    pub(super) async fn make_once(&self, call: &Call) -> Result<Result<Payload, Failure>, Unavailable> {
        let engine = self.engine.get().and_then(Weak::upgrade).map(Engine).ok_or(Unavailable::NotOwner)?;
        let room = match ErrandKind::of(call) {
            ErrandKind::Function => &self.express_functions,
            ErrandKind::Start | ErrandKind::End | ErrandKind::Cancel => &self.express_nested,
        };
        let _place = room.acquire().await.map_err(|_| Unavailable::NotOwner)?;
        self.make(&engine, call).await
    }

    async fn make(&self, engine: &Engine<S>, call: &Call) -> Result<Result<Payload, Failure>, Unavailable> {
        match ErrandKind::of(call) {
            ErrandKind::Start => nested::start(engine, call).await,
            ErrandKind::Function | ErrandKind::End | ErrandKind::Cancel => {
                Ok(self.lambda.perform(call, engine.now()).await)
            }
        }
    }

    /// The call of an errand, if it is still to be made.
    fn read(&self, errand: Errand) -> Result<Option<Call>, Error> {
        let (_, replayed) = read_back(&*self.store, &self.catalog, errand.execution)?;
        let Some(replayed) = replayed else { return Ok(None) };
        Ok(replayed.execution.outstanding().into_iter().find_map(|command| match command {
            Command::Call(call) => (Errand::of(errand.execution, &call) == errand).then_some(call),
            Command::Timer(_) | Command::Activity(_) => None,
        }))
    }
}

/// Everything outside executions.
pub(super) struct World<S: Store> {
    pub(super) activities: Arc<Activities<S>>,
    pub(super) calls: Arc<Calls<S>>,
    pub(super) logs: Option<Arc<dyn Logs>>,
}

impl<S: Store> Outside for World<S> {
    fn perform(&self, execution: ExecutionId, command: &Command, durable: &Durable) {
        match command {
            Command::Activity(_) => self.activities.perform(execution, command, durable),
            Command::Call(call) => self.calls.begin(Errand::of(execution, call), Some(call.clone())),
            // The worker that owns the execution keeps its timers itself.
            Command::Timer(_) => {}
        }
    }

    fn ended(&self, execution: ExecutionId, _durable: &Durable) {
        self.calls.begin(Errand::end(execution), None);
    }

    fn abandoned(&self, errand: Errand, _durable: &Durable) {
        self.calls.begin(errand, None);
    }

    fn settled(&self, errand: Errand, _durable: &Durable) {
        if let Some(place) = self.calls.under_way().get(&errand) {
            place.notify_one();
        }
    }

    fn logged(&self, step: LoggedStep, _durable: &Durable) {
        if let Some(logs) = &self.logs {
            logs.take(step);
        }
    }
}
