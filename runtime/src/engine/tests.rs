//! The engine where something fails that is no power cut: a read, a step, a thread.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use gradus_core::json::Payload;
use gradus_core::machine::timestamp::Millis;
use gradus_core::machine::{Event, EventId, FrameId, Reply, Start, Timestamp, codec};
use serde_json::{Value, json};

use super::partition::{Limits, Request, Signalled, Unavailable, Worker};
use super::read_back::find_execution;
use super::{Clock, Engine, Options};
use crate::store::catalog::{self, Activity, Catalog, Compiled, Kind, Machine, Publish, Revision};
use crate::store::layout::{self, ExecutionId, MachineId};
use crate::store::memory::Memory;
use crate::store::{
    Batch, Durable, Epoch, Error, Op, PARTITIONS, PartitionId, Range, Rejected, Row, Store, Table,
};
use crate::tasks::token::Tokens;

const HERE: &str = "arn:aws:states:us-east-1:000000000000";

/// How a read goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Error,
    Panic,
}

/// A store whose reads can be made to fail, and are counted.
#[derive(Debug)]
struct Faulty {
    inner: Memory,
    /// How the next read fails whose table and key are these.
    next: Mutex<Option<(Table, Vec<u8>, Fault)>>,
    reads: Mutex<BTreeMap<u8, usize>>,
}

impl Faulty {
    fn new() -> Faulty {
        Faulty { inner: Memory::new(), next: Mutex::default(), reads: Mutex::default() }
    }

    fn fail_next(&self, table: Table, key: impl Into<Vec<u8>>, fault: Fault) {
        *self.next.lock().unwrap() = Some((table, key.into(), fault));
    }

    fn look(&self, table: Table, key: &[u8]) -> Result<(), Error> {
        let mut next = self.next.lock().unwrap();
        match next.take_if(|(failing, prefix, _)| *failing == table && key.starts_with(prefix)) {
            None => Ok(()),
            Some((.., Fault::Error)) => Err(Error::Io("too many open files".to_owned())),
            Some((.., Fault::Panic)) => {
                drop(next);
                panic!("on purpose")
            }
        }
    }

    fn rows_read(&self, table: Table) -> usize {
        self.reads.lock().unwrap().get(&(table as u8)).copied().unwrap_or_default()
    }

    fn write(&self, ops: Vec<Op>) {
        let partition = PartitionId(0);
        let epoch = self.acquire(partition).unwrap();
        assert!(self.commit(vec![Batch { partition, epoch, ops }]).unwrap()[0].is_ok());
    }
}

impl Store for Faulty {
    fn commit(&self, batches: Vec<Batch>) -> Result<Vec<Result<Durable, Rejected>>, Error> {
        self.inner.commit(batches)
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.look(table, key)?;
        self.inner.get(table, key)
    }

    fn range(&self, range: Range) -> Result<Vec<Row>, Error> {
        let table = range.table;
        self.look(table, &[])?;
        let rows = self.inner.range(range)?;
        *self.reads.lock().unwrap().entry(table as u8).or_default() += rows.len();
        Ok(rows)
    }

    fn acquire(&self, partition: PartitionId) -> Result<Epoch, Error> {
        self.inner.acquire(partition)
    }
}

/// One worker with one machine, driven by hand.
struct Bench {
    store: Arc<Faulty>,
    worker: Worker<Faulty>,
    compiled: Arc<Compiled>,
    now: Timestamp,
}

impl Bench {
    fn new(definition: Value) -> Bench {
        Bench::with(definition, Limits::default())
    }

    fn with(definition: Value, limits: Limits) -> Bench {
        let store = Arc::new(Faulty::new());
        let arn: Arc<str> = format!("{HERE}:stateMachine:m").into();
        let machine = Machine {
            arn: arn.clone(),
            name: "m".into(),
            id: MachineId(1),
            kind: "STANDARD".to_owned(),
            created: 0,
            revision: 1,
            versions: 0,
            created_with: Publish::default(),
        };
        let revision = Revision {
            machine_arn: arn,
            machine_name: "m".into(),
            machine: MachineId(1),
            number: 1,
            revision_id: None,
            updated: 0,
            express: false,
            definition: definition.to_string().into(),
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            logging: Value::Null,
            tracing: Value::Null,
            encryption: Value::Null,
        };
        let key = revision.key();
        let mut rows = vec![
            catalog::put(Kind::Machine, &machine.arn, &machine).unwrap(),
            catalog::put(Kind::Revision, &key, &revision).unwrap(),
        ];
        for name in ["a", "b"] {
            let arn: Arc<str> = activity(name).into();
            let activity =
                Activity { arn: arn.clone(), name: name.into(), created: 0, encryption: Value::Null };
            rows.push(catalog::put(Kind::Activity, &arn, &activity).unwrap());
        }
        store.write(rows);
        let catalog = Arc::new(Catalog::new(store.clone()));
        let compiled = catalog.revision(&key).unwrap().unwrap();
        let tokens = Tokens::new(&[7; 32]);
        let owned = (0..PARTITIONS).map(PartitionId);
        let worker = Worker::new(store.clone(), catalog, tokens, owned, limits, 1).unwrap();
        Bench { store, worker, compiled, now: Timestamp::from_millis(1_700_000_000_000) }
    }

    /// Takes and commits turns until nothing is ready.
    fn run(&mut self) -> Result<(), Error> {
        loop {
            let ready = self.worker.turns(self.now)?;
            if ready.is_empty() {
                return Ok(());
            }
            for submission in ready {
                let (partition, epoch) = (submission.batch.partition, submission.batch.epoch);
                let written = !submission.batch.ops.is_empty();
                self.store.commit(vec![submission.batch]).unwrap().remove(0).unwrap();
                submission.effects.answer();
                if written {
                    self.worker.committed(partition, epoch, true);
                }
            }
        }
    }

    fn pass(&mut self, millis: u64) -> Result<(), Error> {
        self.now = self.now.saturating_add(Millis(millis));
        self.run()
    }

    fn start_request(&self, name: &str, input: &str) -> (Arc<str>, Box<Start>) {
        let arn: Arc<str> = format!("{HERE}:execution:m:{name}").into();
        let start = Start {
            arn: arn.clone(),
            name: name.into(),
            machine_arn: self.compiled.revision.machine_arn.clone(),
            machine_name: "m".into(),
            revision: self.compiled.revision.key().into(),
            version_arn: None,
            alias_arn: None,
            role_arn: self.compiled.revision.role_arn.clone(),
            trace_header: None,
            input: Payload::parse(input).unwrap(),
        };
        (arn, Box::new(start))
    }

    fn ask_start(&mut self, name: &str, input: &str) -> mpsc::Receiver<bool> {
        let (arn, start) = self.start_request(name, input);
        let (sender, receiver) = mpsc::channel();
        let answer = Box::new(move |result: Result<Result<_, _>, _>| {
            sender.send(matches!(result, Ok(Ok(_)))).unwrap();
        });
        let compiled = self.compiled.clone();
        self.worker
            .accept(layout::partition_of(&arn), Request::Start { start, compiled, parent: None, answer });
        receiver
    }

    fn start(&mut self, name: &str, input: &str) -> ExecutionId {
        let started = self.ask_start(name, input);
        self.run().unwrap();
        assert!(started.recv().unwrap());
        let (arn, _) = self.start_request(name, "{}");
        find_execution(&*self.store, &arn).unwrap().unwrap()
    }

    fn signal(&mut self, execution: ExecutionId, event: Event) -> mpsc::Receiver<Result<Reply, Unavailable>> {
        let (sender, receiver) = mpsc::channel();
        let answer = Box::new(move |result: Result<Signalled, _>| {
            sender.send(result.map(|signalled| signalled.reply)).unwrap();
        });
        self.worker.accept(execution.partition(), Request::Signal { execution, event, answer });
        receiver
    }

    /// The facts on disk, by their names; their events have to be numbered without gaps.
    fn facts(&self, execution: ExecutionId) -> Vec<String> {
        let rows = self.store.inner.range(layout::facts_from(execution, 0)).unwrap();
        let (mut names, mut next) = (Vec::new(), 1);
        for (number, (key, row)) in (0..).zip(&rows) {
            assert_eq!(layout::facts_row(key), Some(number));
            let facts = codec::decode(row).unwrap();
            assert_eq!(facts.first_event.0, next, "{names:?}");
            next += facts.events();
            for entry in &facts.entries {
                let text = format!("{:?}", entry.fact);
                names.push(text.split([' ', '{']).next().unwrap().to_owned());
            }
        }
        names
    }

    fn has_ended(&self, execution: ExecutionId) -> bool {
        self.facts(execution).last().is_some_and(|last| last == "ExecutionSucceeded")
    }
}

fn activity(name: &str) -> String {
    format!("{HERE}:activity:{name}")
}

fn two_tasks() -> Value {
    json!({"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": activity("a"), "Next": "B"},
        "B": {"Type": "Task", "Resource": activity("b"), "End": true},
    }})
}

fn waits(seconds: u64) -> Value {
    json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": seconds, "End": true}}})
}

/// In one turn: a worker takes a task, its answer fails while the step is made, and comes again.
fn check_a_failed_step(fault: Fault) {
    let mut bench = Bench::new(two_tasks());
    let id = bench.start("e", "{}");
    let (frame, task) = (FrameId::ROOT, EventId(3));
    let output = || Payload::parse("1").unwrap();
    bench.store.fail_next(Table::Catalog, catalog::key(Kind::Activity, &activity("b")), fault);
    let taken = bench.signal(id, Event::TaskStarted { frame, task, worker: None });
    let failed = bench.signal(id, Event::TaskSucceeded { frame, task, output: output() });
    let again = bench.signal(id, Event::TaskSucceeded { frame, task, output: output() });
    bench.run().unwrap();
    assert!(matches!(taken.recv().unwrap(), Ok(Reply::TaskStarted { .. })));
    match (fault, failed.recv().unwrap()) {
        (Fault::Error, Err(Unavailable::Store(_))) | (Fault::Panic, Err(Unavailable::Panicked)) => {}
        (fault, answer) => panic!("{fault:?}: {answer:?}"),
    }
    assert!(matches!(again.recv().unwrap(), Ok(Reply::Taken)));
    let expected = [
        "ExecutionStarted",
        "StateEntered",
        "ActivityScheduled",
        "ActivityStarted",
        "ActivitySucceeded",
        "StateExited",
        "StateEntered",
        "ActivityScheduled",
    ];
    assert_eq!(bench.facts(id), expected);
}

#[test]
fn an_answer_that_cannot_be_taken_loses_nothing_that_was() {
    check_a_failed_step(Fault::Error);
}

#[test]
fn a_step_that_panics_harms_no_other() {
    check_a_failed_step(Fault::Panic);
}

#[test]
fn a_start_that_fails_leaves_no_name() {
    for fault in [Fault::Error, Fault::Panic] {
        let mut bench = Bench::new(two_tasks());
        bench.store.fail_next(Table::Catalog, catalog::key(Kind::Activity, &activity("a")), fault);
        let failed = bench.ask_start("e", "{}");
        bench.run().unwrap();
        assert!(!failed.recv().unwrap());
        let id = bench.start("e", "{}");
        assert_eq!(bench.facts(id), ["ExecutionStarted", "StateEntered", "ActivityScheduled"]);
    }
}

#[test]
fn a_timer_whose_execution_cannot_be_read_fires_later() {
    // Nothing stays in memory, so that every timer has its execution read.
    let limits = Limits { cache_bytes: 0, ..Limits::default() };
    let mut bench = Bench::with(waits(5), limits);
    let id = bench.start("e", "{}");
    bench.store.fail_next(Table::Facts, [], Fault::Error);
    bench.pass(5000).unwrap();
    assert!(!bench.has_ended(id));
    bench.pass(60_000).unwrap();
    assert!(bench.has_ended(id), "{:?}", bench.facts(id));
}

#[test]
fn a_timer_that_was_refused_fires_later() {
    let mut bench = Bench::new(waits(5));
    let id = bench.start("e", "{}");
    let change = Box::new(|_| vec![Op::Put { table: Table::Meta, key: b"k".to_vec(), value: Vec::new() }]);
    bench.worker.accept(id.partition(), Request::Transact { change, answer: Box::new(|_| ()) });
    let under_way = bench.worker.turns(bench.now).unwrap().remove(0).batch;
    // It waits for the batch under way when the timers of the next minute cannot be read.
    bench.now = bench.now.saturating_add(Millis(5000));
    assert!(bench.worker.turns(bench.now).unwrap().is_empty() && bench.worker.is_busy());
    bench.worker.refuse_all(&Error::Io("too many open files".to_owned()).into());
    bench.worker.committed(under_way.partition, under_way.epoch, true);
    bench.run().unwrap();
    assert!(bench.has_ended(id), "{:?}", bench.facts(id));
}

#[test]
fn a_worker_that_is_to_end_begins_with_no_more_timers() {
    let mut bench = Bench::new(waits(5));
    let id = bench.start("e", "{}");
    bench.worker.retire();
    bench.pass(5000).unwrap();
    assert!(!bench.worker.is_busy() && !bench.has_ended(id));
    let next = bench.worker.next_due().unwrap();
    assert!(next > bench.now, "nothing is to be waited for that is due and does not fire");
}

#[tokio::test]
async fn a_worker_that_panics_is_a_failure() {
    let store = Arc::new(Faulty::new());
    let clock = Clock::told(Timestamp::from_millis(1_700_000_000_000));
    let options = Options { workers: 1, clock, seed: Some(1), ..Options::default() };
    // The thread reads the timers when it begins.
    store.fail_next(Table::Timers, [], Fault::Panic);
    let engine = Engine::start(store, options).unwrap();
    let failed = tokio::time::timeout(Duration::from_secs(60), engine.failed()).await;
    assert!(matches!(failed, Ok(Error::Panicked(_))), "{failed:?}");
}

/// Waits, and waits again.
fn long() -> Value {
    json!({"StartAt": "W", "States": {
        "W": {"Type": "Wait", "Seconds": 5, "Next": "C"},
        "C": {"Type": "Choice", "Default": "W", "Choices": [
            {"Variable": "$", "StringEquals": "enough", "Next": "S"},
        ]},
        "S": {"Type": "Succeed"},
    }})
}

fn count_waits(bench: &Bench, id: ExecutionId) -> usize {
    bench.facts(id).iter().filter(|fact| *fact == "WaitStarted").count()
}

#[test]
fn a_long_history_with_little_data_stays_in_memory() {
    let mut bench = Bench::new(long());
    let id = bench.start("e", &json!("x".repeat(200_000)).to_string());
    let before = bench.store.rows_read(Table::Facts);
    // With the input in each, these are more than may stay in memory.
    for _ in 0..300 {
        bench.pass(5000).unwrap();
    }
    assert_eq!(bench.store.rows_read(Table::Facts) - before, 0);
    assert_eq!(count_waits(&bench, id), 301);
}

#[test]
fn a_long_history_is_read_back_whole() {
    let mut bench = Bench::with(long(), Limits { cache_bytes: 0, ..Limits::default() });
    let id = bench.start("e", "1");
    for _ in 0..100 {
        bench.pass(5000).unwrap();
    }
    assert_eq!(count_waits(&bench, id), 101);
}

/// The end of an execution that could not be read when it was to be told is told later.
#[tokio::test(start_paused = true)]
async fn an_errand_that_fails_is_done_later() {
    let bench = Bench::new(json!({"StartAt": "C", "States": {
        "C": {"Type": "Choice", "Default": "T", "Choices": [
            {"Variable": "$", "StringEquals": "child", "Next": "S"},
        ]},
        "T": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "End": true,
            "Parameters": {"StateMachineArn": format!("{HERE}:stateMachine:m"), "Input": "\"child\""}},
        "S": {"Type": "Succeed"},
    }}));
    let options = Options { workers: 1, clock: Clock::told(bench.now), seed: Some(1), ..Options::default() };
    let engine = Engine::start(bench.store.clone(), options).unwrap();
    bench.store.fail_next(Table::Facts, [], Fault::Error);
    let (_, start) = bench.start_request("parent", "1");
    let started = engine.start_execution(start, bench.compiled.clone()).await.unwrap().unwrap();
    for _ in 0..10_000 {
        if bench.has_ended(started.id) {
            break;
        }
        // The engine's threads have real time, what waits here has not.
        std::thread::sleep(Duration::from_millis(1));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(bench.store.next.lock().unwrap().is_none(), "nothing failed");
    assert!(bench.has_ended(started.id), "{:?}", bench.facts(started.id));
    engine.stop().await;
}
