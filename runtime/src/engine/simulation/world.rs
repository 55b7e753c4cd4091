//! The simulated world: two owners, one disk, one clock, and callers with a memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use gradus_core::json::Payload;
use gradus_core::machine::timestamp::Millis;
use gradus_core::machine::{Event, Fact, Failure, Reply, Start, Timestamp, codec};

use super::errands::{Outsides, Seen};
use super::machines;
use crate::engine::partition::{
    Answer, Effects, Limits, NameTaken, Request, Signalled, Started, Submission, Unavailable, Worker,
};
use crate::store::catalog::{self, Activity, Catalog, Kind, Machine, Revision};
use crate::store::layout::{self, Errand, ExecutionId, Listed, MachineId, Status};
use crate::store::memory::{Disk, Memory, Written};
use crate::store::{Batch, Durable, Epoch, Op, PartitionId, Store, Table};
use crate::tasks::activity::{Candidate, Poll};
use crate::tasks::token::Tokens;

/// A fault planted on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Effects happen before their batch is synced, with the receipt of another.
    EffectsBeforeCommit,
    /// A fact of a step does not reach the disk.
    SkippedFact,
    /// A timer that was found after a crash is forgotten.
    TimerDroppedOnRecovery,
    /// Calls and ends that were left by the life before are not taken up.
    ErrandsDroppedOnRecovery,
    /// The store takes batches of owners that were replaced.
    StaleOwnerWrites,
}

/// splitmix64: a seed names one run.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// What callers know: it outlives every crash.
#[derive(Default)]
pub(super) struct Ledger {
    /// Executions whose start was acknowledged, by ARN.
    pub(super) started: BTreeMap<String, ExecutionId>,
    /// Every start that was asked for, with its input.
    pub(super) asked: BTreeMap<String, String>,
    /// Marks of task results and failures that were acknowledged.
    pub(super) answered: BTreeSet<u64>,
    /// How often the stop of an execution was acknowledged while it was open.
    pub(super) stopped: BTreeMap<ExecutionId, usize>,
    /// Redrives that were acknowledged, by execution and time.
    pub(super) redriven: BTreeSet<(ExecutionId, Timestamp)>,
    /// Attempts that were handed to a worker, by execution and scheduling event.
    pub(super) assigned: BTreeSet<(ExecutionId, u64)>,
    /// Executions whose name another execution was given as well.
    pub(super) twins: Vec<ExecutionId>,
    /// Attempts handed out twice.
    pub(super) doubled: Vec<(ExecutionId, u64)>,
    /// Tasks that workers hold.
    held: Vec<Candidate>,
}

impl Ledger {
    pub(super) fn acknowledge_start(&mut self, arn: String, id: ExecutionId) {
        let before = self.started.insert(arn, id);
        self.twins.extend(before.filter(|before| *before != id));
    }

    /// Somebody has the token of a task.
    pub(super) fn hold(&mut self, candidate: Candidate) {
        self.held.push(candidate);
    }
}

type Shared = Arc<Mutex<Ledger>>;

/// The processes of one life.
pub(super) struct Life {
    store: Arc<Memory>,
    catalog: Arc<Catalog<Memory>>,
    pub(super) outside: Outsides,
    owners: [Worker<Memory>; 2],
    /// Batches on their way to the disk, with who submitted them.
    submitted: VecDeque<(usize, Submission)>,
    /// A receipt to misuse.
    receipt: Option<Durable>,
    timers_dropped: bool,
    starts: usize,
}

pub(super) struct World {
    pub(super) random: Random,
    fault: Option<Fault>,
    disk: Disk,
    now: Timestamp,
    /// When the owners last looked at the clock, if nothing has been committed since.
    turned_at: Option<Timestamp>,
    machines: Vec<(Machine, Revision)>,
    partitions: BTreeSet<PartitionId>,
    owner: BTreeMap<PartitionId, usize>,
    ledger: Shared,
    life: Life,
    marks: u64,
    names: usize,
    pub(super) tokens: Tokens,
    /// Ends that were heard by whoever waits for them.
    pub(super) heard: Arc<Mutex<Vec<Errand>>>,
    /// Steps that were logged.
    pub(super) logged: Seen,
    /// Nothing is done twice on purpose any more.
    pub(super) resting: bool,
}

/// The tokens of every life: their key is part of the store.
pub(super) fn tokens() -> Tokens {
    Tokens::new(&[7; 32])
}

/// The executions of one run, at most: enough that each life has some to begin.
const EXECUTIONS: usize = 60;

/// The executions that one life may begin.
const STARTS_PER_LIFE: usize = 2;

impl World {
    pub(super) fn new(seed: u64, fault: Option<Fault>) -> World {
        let mut random = Random(seed ^ 0x5eed);
        let machines: Vec<_> = (0..1 + random.below(3)).map(|number| machine(&mut random, number)).collect();
        let names = (0..EXECUTIONS)
            .flat_map(|name| machines.iter().map(move |(machine, _)| execution_arn(machine, name)));
        let partitions: BTreeSet<PartitionId> = names.map(|arn| layout::partition_of(&arn)).collect();
        let disk = Disk::new();
        write_catalogue(&disk, &machines);
        let owner = partitions.iter().map(|id| (*id, 0)).collect();
        let logged = Seen::default();
        let life = Life::begin(&disk, &partitions, fault, &mut random, logged.clone());
        let now = Timestamp::from_millis(1_790_000_000_000);
        let ledger = Shared::default();
        World {
            random,
            fault,
            disk,
            now,
            turned_at: None,
            machines,
            partitions,
            owner,
            ledger,
            life,
            marks: 0,
            names: 0,
            tokens: tokens(),
            heard: Arc::default(),
            logged,
            resting: false,
        }
    }

    /// One life: the world acts until the commit at which the power will be cut.
    pub(super) fn live(&mut self) -> Result<(), String> {
        let commits = self.random.below(6);
        let mut done = 0;
        for _ in 0..60 {
            if done >= commits {
                break;
            }
            self.act();
            self.turns();
            if self.random.below(3) > 0 && self.commit(usize::MAX) {
                done += 1;
            }
        }
        if self.random.below(2) == 0 {
            // A world at peace, for the checks: nothing is under way.
            self.drain();
        }
        Ok(())
    }

    /// Ends a life somewhere within a commit.
    pub(super) fn cut_power(&mut self) {
        self.turns();
        let group = 1 + self.random.below(4);
        match self.random.below(4) {
            0 => {}
            1 => drop(self.write(group)),
            2 => {
                if let Some((written, _)) = self.write(group) {
                    // Durable, but nobody is told.
                    _ = self.life.store.sync(written);
                }
            }
            _ => drop(self.commit(group)),
        }
        self.disk.power_cut(self.random.next());
        self.owner.values_mut().for_each(|owner| *owner = 0);
        self.turned_at = None;
        self.heard = Arc::default();
        let logged = self.logged.clone();
        self.life = Life::begin(&self.disk, &self.partitions, self.fault, &mut self.random, logged);
    }

    /// Lets everything happen that still can: workers answer, timers fire, nobody starts anything.
    pub(super) fn come_to_rest(&mut self) -> Result<(), String> {
        self.resting = true;
        for _ in 0..10_000 {
            self.drain();
            if self.poll_and_answer_all() {
                continue;
            }
            let Some(due) = self.next_timer() else { return Ok(()) };
            self.now = self.now.max(due);
            self.drain();
            if self.next_timer() == Some(due) {
                return Err(format!("the timer due at {due:?} does not fire"));
            }
        }
        Err("the world does not come to rest".to_owned())
    }

    pub(super) fn disk_bytes(&self) -> Vec<u8> {
        self.disk.bytes()
    }

    pub(super) fn store(&self) -> &Memory {
        &self.life.store
    }

    pub(super) fn catalog(&self) -> &Catalog<Memory> {
        &self.life.catalog
    }

    pub(super) fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("one thread")
    }

    pub(super) fn is_at_peace(&self) -> bool {
        self.life.submitted.is_empty() && self.life.owners.iter().all(|owner| !owner.is_busy())
    }

    /// The owner's view of an execution, if it has it in memory.
    pub(super) fn live_execution(&self, id: ExecutionId) -> Option<&gradus_core::machine::Execution> {
        self.life.owners[*self.owner.get(&id.partition())?].live(id)
    }

    fn act(&mut self) {
        self.forget_heard();
        match self.random.below(15) {
            0..=2 => self.start(),
            9..=11 => drop(self.run_errand()),
            3 => self.stop(),
            4 | 5 => self.poll(),
            6 | 7 => self.answer(),
            8 => self.advance(),
            14 => self.redrive(),
            _ => self.move_partition(),
        }
        // A stale owner's batch breaks something only if the new owner has written before: rare enough to
        // help it along.
        if self.fault == Some(Fault::StaleOwnerWrites) && self.random.below(3) == 0 {
            self.move_partition();
        }
    }

    fn start(&mut self) {
        let again = self.random.below(4) == 0;
        let name = if again { self.random.below(self.names.max(1)) } else { self.names };
        if name >= EXECUTIONS || (!again && self.life.starts >= STARTS_PER_LIFE) {
            return;
        }
        self.life.starts += 1;
        self.names = self.names.max(name + 1);
        let (machine, _) = &self.machines[name % self.machines.len()];
        let arn = execution_arn(machine, name);
        let items = ["", "3", "9, 1", "0, 5, 2"][name % 4];
        let input = format!(r#"{{ "n": {}, "items": [{items}], "name": "{name}" }}"#, (name * 7 + 3) % 10);
        let key = catalog::revision_key(machine.id, 1);
        let compiled =
            self.life.catalog.revision(&key).expect("a sound catalogue").expect("the revision is there");
        let start = Box::new(Start {
            arn: arn.as_str().into(),
            name: format!("e{name}").into(),
            machine_arn: machine.arn.clone(),
            machine_name: machine.name.clone(),
            revision: key.into(),
            version_arn: (name % 3 > 0).then(|| format!("{}:1", machine.arn).into()),
            alias_arn: (name % 3 > 1).then(|| format!("{}:a", machine.arn).into()),
            role_arn: compiled.revision.role_arn.clone(),
            trace_header: None,
            input: Payload::parse(&input).expect("sound input"),
        });
        let ledger = self.ledger.clone();
        self.ledger().asked.insert(arn.clone(), input);
        let partition = layout::partition_of(&arn);
        let answer: Answer<Result<Started, NameTaken>> = Box::new(move |started| {
            if let Ok(Ok(started)) = started {
                ledger.lock().expect("one thread").acknowledge_start(arn, started.id);
            }
        });
        self.send(partition, Request::Start { start, compiled, parent: None, answer });
    }

    fn stop(&mut self) {
        let started: Vec<ExecutionId> = self.ledger().started.values().copied().collect();
        if started.is_empty() || self.random.below(4) > 0 {
            return;
        }
        let id = started[self.random.below(started.len())];
        let ledger = self.ledger.clone();
        let failure = Failure::new("Stopped", "by the world");
        self.signal(id, Event::StopRequested { failure }, move |signalled| {
            if signalled.reply == Reply::Taken {
                *ledger.lock().expect("one thread").stopped.entry(id).or_default() += 1;
            }
        });
    }

    /// Somebody wants an execution to go on, whether or not it may; some say the same again.
    fn redrive(&mut self) {
        let started: Vec<ExecutionId> = self.ledger().started.values().copied().collect();
        if started.is_empty() {
            return;
        }
        let id = started[self.random.below(started.len())];
        let token = (self.random.below(4) > 0).then(|| self.random.below(3).to_string().into());
        let ledger = self.ledger.clone();
        self.signal(id, Event::RedriveRequested { token }, move |signalled| {
            if let Reply::Redriven { at } = signalled.reply {
                ledger.lock().expect("one thread").redriven.insert((id, at));
            }
        });
    }

    fn poll(&mut self) {
        let activity = machines::ACTIVITIES[self.random.below(machines::ACTIVITIES.len())];
        self.poll_activity(activity);
    }

    /// Whether there was a task to ask for.
    fn poll_activity(&mut self, activity: &str) -> bool {
        let Ok(Poll::Ready(candidate)) = self.life.outside.activities.poll(activity) else { return false };
        let ledger = self.ledger.clone();
        let Candidate { execution, frame, task } = candidate;
        let event = Event::TaskStarted { frame, task, worker: Some("worker".into()) };
        self.signal(execution, event, move |signalled| {
            if let Reply::TaskStarted { .. } = signalled.reply {
                let mut ledger = ledger.lock().expect("one thread");
                if !ledger.assigned.insert((execution, task.0)) {
                    ledger.doubled.push((execution, task.0));
                }
                ledger.held.push(candidate);
            }
        });
        true
    }

    fn answer(&mut self) {
        let held = self.ledger().held.len();
        if held == 0 {
            return;
        }
        let at = self.random.below(held);
        let candidate = self.ledger().held[at];
        match self.random.below(8) {
            0 => self.heartbeat(candidate),
            // The answer is acknowledged and forgotten to be: another comes late.
            1 => self.answer_with(candidate, true),
            _ => self.answer_with(candidate, false),
        }
    }

    fn heartbeat(&mut self, Candidate { execution, frame, task }: Candidate) {
        self.signal(execution, Event::TaskHeartbeat { frame, task }, |_| {});
    }

    /// A worker keeps its task until its answer is acknowledged, or longer.
    fn answer_with(&mut self, candidate: Candidate, keep: bool) {
        let Candidate { execution, frame, task } = candidate;
        let mark = self.mark();
        let event = if self.random.below(3) > 0 {
            let output = Payload::parse(&format!(r#"{{"mark":{mark}}}"#)).expect("sound output");
            Event::TaskSucceeded { frame, task, output }
        } else {
            let error = if self.random.below(2) == 0 { "Flaky" } else { "Hard" };
            Event::TaskFailed { frame, task, failure: Failure::new(error, mark.to_string()) }
        };
        let ledger = self.ledger.clone();
        self.signal(execution, event, move |signalled| {
            let mut ledger = ledger.lock().expect("one thread");
            if signalled.reply == Reply::Taken {
                ledger.answered.insert(mark);
            }
            if !keep {
                ledger.held.retain(|held| *held != candidate);
            }
        });
    }

    /// A mark that no other answer has.
    pub(super) fn mark(&mut self) -> u64 {
        self.marks += 1;
        self.marks
    }

    pub(super) fn outside(&self) -> &Outsides {
        &self.life.outside
    }

    pub(super) fn shared_ledger(&self) -> Arc<Mutex<Ledger>> {
        self.ledger.clone()
    }

    pub(super) fn owns(&self, partition: PartitionId) -> bool {
        self.partitions.contains(&partition)
    }

    fn poll_and_answer_all(&mut self) -> bool {
        let mut acted = false;
        while self.run_errand() {
            acted = true;
            self.drain();
            self.forget_heard();
        }
        for activity in machines::ACTIVITIES {
            acted |= self.poll_activity(activity);
        }
        self.drain();
        let held = std::mem::take(&mut self.ledger().held);
        for candidate in held {
            self.answer_with(candidate, false);
            acted = true;
        }
        self.drain();
        acted
    }

    fn advance(&mut self) {
        let far = self.next_timer().filter(|_| self.random.below(2) == 0);
        let step = self.now.saturating_add(Millis(self.random.below(3000) as u64));
        self.now = far.map_or(step, |due| due.max(self.now));
    }

    /// Another owner takes a partition over, while the old one may have a batch on its way.
    fn move_partition(&mut self) {
        let at = self.random.below(self.partitions.len());
        let Some(id) = self.partitions.iter().nth(at).copied() else { return };
        let to = 1 - self.owner[&id];
        // Coming back to an owner that has not noticed that it lost the partition: it starts anew.
        self.life.owners[to].give_up(id);
        if self.life.owners[to].adopt(id).is_ok() {
            self.owner.insert(id, to);
        }
    }

    pub(super) fn signal(
        &mut self,
        execution: ExecutionId,
        event: Event,
        then: impl FnOnce(Signalled) + Send + 'static,
    ) {
        let answer: Answer<Signalled> = Box::new(move |signalled| {
            if let Ok(signalled) = signalled {
                then(signalled);
            }
        });
        self.send(execution.partition(), Request::Signal { execution, event, answer });
    }

    pub(super) fn send(&mut self, partition: PartitionId, request: Request) {
        let owner = self.owner[&partition];
        self.life.owners[owner].accept(partition, request);
    }

    fn turns(&mut self) {
        self.turned_at = Some(self.now);
        for owner in 0..2 {
            let Ok(ready) = self.life.owners[owner].turns(self.now) else { continue };
            if self.fault == Some(Fault::TimerDroppedOnRecovery) && !self.life.timers_dropped && owner == 0 {
                self.life.timers_dropped = true;
                self.life.owners[owner].forget_timers();
            }
            for submission in ready {
                if submission.batch.ops.is_empty() {
                    submission.effects.answer();
                } else {
                    self.life.submitted.push_back((owner, submission));
                }
            }
        }
    }

    /// Commits up to `most` of the batches on their way. Whether there were any.
    fn commit(&mut self, most: usize) -> bool {
        let Some((written, waiting)) = self.write(most) else { return false };
        let Ok(verdicts) = self.life.store.sync(written) else { return false };
        self.turned_at = None;
        for ((owner, (partition, epoch), effects), verdict) in waiting.into_iter().zip(verdicts) {
            let accepted = verdict.is_ok();
            match verdict {
                Ok(durable) => {
                    if let Some(effects) = effects {
                        effects.perform(&self.life.outside, &durable);
                    }
                    self.life.receipt = Some(durable);
                }
                Err(_) => {
                    if let Some(effects) = effects {
                        effects.refuse(&Unavailable::NotOwner);
                    }
                }
            }
            self.life.owners[owner].committed(partition, epoch, accepted);
        }
        true
    }

    #[expect(clippy::type_complexity, reason = "used once, next to where it is made")]
    fn write(
        &mut self,
        most: usize,
    ) -> Option<(Written, Vec<(usize, (PartitionId, Epoch), Option<Effects>)>)> {
        let count = self.life.submitted.len().min(most);
        if count == 0 {
            return None;
        }
        let (mut batches, mut waiting) = (Vec::new(), Vec::new());
        for (owner, Submission { mut batch, effects }) in self.life.submitted.drain(..count) {
            let mut effects = Some(effects);
            if self.fault == Some(Fault::EffectsBeforeCommit)
                && let Some(receipt) = &self.life.receipt
                && let Some(effects) = effects.take()
            {
                effects.perform(&self.life.outside, receipt);
            }
            if self.fault == Some(Fault::SkippedFact) && self.random.below(8) == 0 {
                skip_a_fact(&mut batch);
            }
            waiting.push((owner, (batch.partition, batch.epoch), effects));
            batches.push(batch);
        }
        Some((self.life.store.write(batches).ok()?, waiting))
    }

    /// How many executions ended, by status: a run in which nothing happens proves nothing.
    pub(super) fn ends(&self) -> BTreeMap<Status, usize> {
        let rows =
            self.life.store.range(crate::store::Range::prefix(Table::Listing, &[])).unwrap_or_default();
        let mut ends = BTreeMap::new();
        let is_machine = |row: &Listed| self.machines.iter().any(|(machine, _)| machine.id == row.machine);
        let listed = rows.iter().filter_map(|(key, value)| Listed::read(key, value)).filter(is_machine);
        for listed in listed.filter(|listed| listed.status != Status::Running) {
            *ends.entry(listed.status).or_default() += 1;
        }
        ends
    }

    /// A timer on disk that is due, and was not fired although nothing is under way.
    pub(super) fn overdue(&self) -> Option<Timestamp> {
        self.next_timer()
            .filter(|due| *due <= self.now && self.is_at_peace() && self.turned_at == Some(self.now))
    }

    fn drain(&mut self) {
        for _ in 0..10_000 {
            self.turns();
            if !self.commit(usize::MAX) && self.is_at_peace() {
                return;
            }
        }
    }

    /// The earliest timer on disk.
    fn next_timer(&self) -> Option<Timestamp> {
        let rows = self.partitions.iter().filter_map(|id| {
            let range = crate::store::Range::prefix(Table::Timers, &id.0.to_be_bytes()).limit(1);
            self.life.store.range(range).ok()?.pop()
        });
        rows.filter_map(|(key, _)| layout::timer_from(&key)).map(|(_, timer)| timer.due).min()
    }
}

impl Life {
    fn begin(
        disk: &Disk,
        partitions: &BTreeSet<PartitionId>,
        fault: Option<Fault>,
        random: &mut Random,
        logged: Seen,
    ) -> Life {
        let store = Memory::open(disk.clone());
        let store = if fault == Some(Fault::StaleOwnerWrites) { store.without_fencing() } else { store };
        let store = Arc::new(store);
        let catalog = Arc::new(Catalog::new(store.clone()));
        // A small cache and a short horizon, so that leaving memory and coming back is common.
        let limits = Limits { horizon: Millis(4000), cache_bytes: 4096, requests_per_turn: 3 };
        let mut owner = |owned: Vec<PartitionId>| {
            let seed = random.next();
            Worker::new(store.clone(), catalog.clone(), tokens(), owned, limits.clone(), seed)
                .expect("a sound disk")
        };
        let owners = [owner(partitions.iter().copied().collect()), owner(Vec::new())];
        let outside = Outsides::begin(&store, fault != Some(Fault::ErrandsDroppedOnRecovery), logged);
        let (submitted, receipt) = (VecDeque::new(), None);
        Life { store, catalog, outside, owners, submitted, receipt, timers_dropped: false, starts: 0 }
    }
}

/// The machine whose executions others start, which starts none. Its input is that of its parents.
const CHILD_DEFINITION: &str = r#"{"StartAt":"way","States":{
    "way":{"Type":"Choice","Default":"wait","Choices":[
        {"Variable":"$.n","NumericGreaterThan":6,"Next":"broken"},
        {"Variable":"$.n","NumericGreaterThan":3,"Next":"done"}]},
    "wait":{"Type":"Wait","SecondsPath":"$.n","Next":"done"},
    "done":{"Type":"Succeed"},
    "broken":{"Type":"Fail","Error":"Flaky","Cause":"generated"}}}"#;

fn machine(random: &mut Random, number: usize) -> (Machine, Revision) {
    let definition = machines::generate(&mut |bound| random.below(bound));
    machine_of(&format!("m{number}"), number, definition)
}

fn machine_of(name: &str, number: usize, definition: String) -> (Machine, Revision) {
    let name: Arc<str> = name.into();
    let arn: Arc<str> = format!("arn:aws:states:us-east-1:000000000000:stateMachine:{name}").into();
    let id = MachineId(number as u128 + 1);
    let machine = Machine {
        arn: arn.clone(),
        name: name.clone(),
        id,
        kind: "STANDARD".into(),
        created: 0,
        revision: 1,
        versions: 0,
        created_with: catalog::Publish::default(),
    };
    let revision = Revision {
        machine_arn: arn,
        machine_name: name,
        machine: id,
        number: 1,
        revision_id: None,
        updated: 0,
        express: false,
        definition: definition.into(),
        role_arn: "arn:aws:iam::000000000000:role/simulated".into(),
        logging: serde_json::json!({ "level": "ALL", "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": "arn" } }] }),
        tracing: serde_json::Value::Null,
        encryption: serde_json::Value::Null,
    };
    (machine, revision)
}

fn write_catalogue(disk: &Disk, machines: &[(Machine, Revision)]) {
    let store = Memory::open(disk.clone());
    let mut ops = Vec::new();
    let child = machine_of("child", 999, CHILD_DEFINITION.to_owned());
    for (machine, revision) in machines.iter().chain([&child]) {
        ops.push(catalog::put(Kind::Machine, &machine.arn, machine).expect("a sound row"));
        ops.push(catalog::put(Kind::Revision, &revision.key(), revision).expect("a sound row"));
    }
    for arn in machines::ACTIVITIES {
        let activity = Activity {
            arn: arn.into(),
            name: "activity".into(),
            created: 0,
            encryption: serde_json::Value::Null,
        };
        ops.push(catalog::put(Kind::Activity, arn, &activity).expect("a sound row"));
    }
    let partition = PartitionId(0);
    let epoch = store.acquire(partition).expect("a sound disk");
    store.commit(vec![Batch { partition, epoch, ops }]).expect("a sound disk");
}

fn execution_arn(machine: &Machine, name: usize) -> String {
    format!("arn:aws:states:us-east-1:000000000000:execution:{}:e{name}", machine.name)
}

/// Takes one fact, not the first, out of the first row of facts that has several.
fn skip_a_fact(batch: &mut Batch) {
    for op in &mut batch.ops {
        let Op::Put { table: Table::Facts, value, .. } = op else { continue };
        let mut facts = codec::decode(value).expect("our own row");
        if facts.entries.len() > 1 && !matches!(facts.entries[1].fact, Fact::ExecutionStarted { .. }) {
            facts.entries.remove(1);
            *value = codec::encode(facts.at, facts.first_event, &facts.entries);
            return;
        }
    }
}
