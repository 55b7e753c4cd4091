//! What the keys and values of the tables mean. `format.md`, beside this file, shows every byte.
//!
//! Numbers in keys are big endian, so the order of the keys is the order of the numbers; times
//! are milliseconds of the epoch with the sign bit flipped, for the same reason.

use std::fmt;
use std::sync::Arc;

use gradus_core::asl::definition::Resource;
use gradus_core::machine::timestamp::Millis;
use gradus_core::machine::{
    ActivityTask, Call, Command, EventId, FrameId, Job, Purpose, Redriven, Timer, Timestamp,
};

use sha2::{Digest, Sha256};

use super::{Op, PARTITIONS, PartitionId, Range, Table};

/// An execution as the store names it: in the order of time, with its partition inside.
///
/// ```text
/// milliseconds of the epoch (6 bytes) · count of starts (3) · random (5) · partition (2)
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecutionId(pub [u8; 16]);

impl ExecutionId {
    /// A new id. The low 24 bits of `count` keep those of one millisecond in order, the low 40
    /// bits of `random` keep those of two writers apart.
    pub fn new(at: Timestamp, count: u64, random: u64, partition: PartitionId) -> ExecutionId {
        let millis = u128::from(at.as_millis().max(0).cast_unsigned());
        let (count, random) = (u128::from(count & 0xff_ffff), u128::from(random & 0xff_ffff_ffff));
        ExecutionId((millis << 80 | count << 56 | random << 16 | u128::from(partition.0)).to_be_bytes())
    }

    /// The partition that the execution belongs to.
    pub fn partition(self) -> PartitionId {
        let [.., high, low] = self.0;
        PartitionId(u16::from_be_bytes([high, low]) % PARTITIONS)
    }
}

impl fmt::Debug for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// The partition of a resource, by its ARN. On disk: never change it.
pub fn partition_of(arn: &str) -> PartitionId {
    // FNV-1a, then a mix of the high half into the low: ARNs differ mostly at their ends.
    let hash = arn
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    PartitionId(((hash ^ (hash >> 32)) % u64::from(PARTITIONS)) as u16)
}

/// Key of the row of [`Table::Names`] that leads from an ARN to its execution: the first 16 bytes
/// of its SHA-256. ARNs are long and begin alike, so every comparison of two would be a long one.
pub fn name_key(arn: &str) -> Vec<u8> {
    Sha256::digest(arn).iter().take(16).copied().collect()
}

/// A row of [`Table::Names`]: the execution that has a name, and its last redrive, if there was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The execution.
    pub execution: ExecutionId,
    /// Its last redrive.
    pub redriven: Option<Redriven>,
}

impl Named {
    /// The row's value: `execution (16) [· count of redrives (4) · last one (8) · open before it (8)]`.
    pub fn value(&self) -> Vec<u8> {
        let mut value = self.execution.0.to_vec();
        if let Some(Redriven { count, at, open_before }) = self.redriven {
            value.extend_from_slice(&count.to_be_bytes());
            value.extend_from_slice(&time_key(at));
            value.extend_from_slice(&open_before.0.to_be_bytes());
        }
        value
    }

    /// Reads a row's value; `None` if it is not one.
    pub fn read(value: &[u8]) -> Option<Named> {
        let (execution, rest) = value.split_first_chunk()?;
        let execution = ExecutionId(*execution);
        if rest.is_empty() {
            return Some(Named { execution, redriven: None });
        }
        let (count, rest) = rest.split_first_chunk()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (count, at) = (u32::from_be_bytes(*count), time_from(*at));
        let open_before = Millis(u64::from_be_bytes(rest.try_into().ok()?));
        Some(Named { execution, redriven: Some(Redriven { count, at, open_before }) })
    }
}

/// Key of the row of [`Table::Facts`] that holds the `row`-th step of an execution, from 0.
pub fn facts_key(execution: ExecutionId, row: u32) -> Vec<u8> {
    [&execution.0[..], &row.to_be_bytes()].concat()
}

/// The number of a step, from its key.
pub fn facts_row(key: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(*key.last_chunk()?))
}

/// All steps of an execution from the `row`-th on, in order.
pub fn facts_from(execution: ExecutionId, row: u32) -> Range {
    Range {
        from: std::ops::Bound::Included(facts_key(execution, row)),
        ..Range::prefix(Table::Facts, &execution.0)
    }
}

/// A state machine as the store names it: machines of one name, one after another, differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MachineId(pub u128);

/// The status of an execution, in the order of its number on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Status {
    /// Open.
    Running = 1,
    /// Closed with an output.
    Succeeded = 2,
    /// Closed with a failure.
    Failed = 3,
    /// Closed by its time limit.
    TimedOut = 4,
    /// Closed by a stop.
    Aborted = 5,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 5] =
        [Status::Running, Status::Succeeded, Status::Failed, Status::TimedOut, Status::Aborted];

    fn from_number(number: u8) -> Option<Status> {
        Status::ALL.into_iter().find(|status| *status as u8 == number)
    }
}

/// The list of the executions that were started through a version or an alias of a state machine.
/// Lists of all kinds share one table and one form, so this is a number like that of a machine.
pub fn qualified_list(machine: MachineId, qualifier: &str) -> MachineId {
    let digest = Sha256::digest([&machine.0.to_be_bytes()[..], qualifier.as_bytes()].concat());
    MachineId(digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte)))
}

/// One row of [`Table::Listing`]: what a list of executions shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Whose list it is: that of a state machine, or a [`qualified_list`].
    pub machine: MachineId,
    /// Its status.
    pub status: Status,
    /// What the list is sorted by: the start or last redrive of an open execution, the stop of a closed one.
    pub sorted_by: Timestamp,
    /// The execution.
    pub execution: ExecutionId,
    /// Its name.
    pub name: Arc<str>,
    /// When it was started.
    pub started: Timestamp,
    /// The number of the version that it was started through.
    pub version: Option<Arc<str>>,
    /// The name of the alias that it was started through; then there is a version, too.
    pub alias: Option<Arc<str>>,
    /// How often it was redriven.
    pub redrives: u32,
    /// When it was redriven last, if it was.
    pub redriven: Option<Timestamp>,
}

impl Listed {
    /// When it was closed, if it was.
    pub fn stopped(&self) -> Option<Timestamp> {
        (self.status != Status::Running).then_some(self.sorted_by)
    }

    /// The row's key.
    pub fn key(&self) -> Vec<u8> {
        listing_key(self.machine, self.status, self.sorted_by, self.execution)
    }

    /// The row of a state machine's list, and the same in the lists of version and alias.
    pub fn everywhere(&self) -> impl Iterator<Item = Listed> + '_ {
        let qualifiers = [&self.version, &self.alias].into_iter().flatten();
        let lists = qualifiers.map(|qualifier| qualified_list(self.machine, qualifier));
        std::iter::once(self.machine).chain(lists).map(|machine| Listed { machine, ..self.clone() })
    }

    /// The row as a change of the store.
    pub fn put(&self) -> Op {
        let mut value = [&time_key(self.started)[..], self.name.as_bytes()].concat();
        let redriven = self.redriven.map(|at| at.as_millis().to_string());
        let redrives = redriven.as_ref().map(|_| self.redrives.to_string());
        let more = [self.version.as_deref(), self.alias.as_deref(), redrives.as_deref(), redriven.as_deref()];
        let written = more.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        // Names hold no control characters; what stands before another and is absent is empty.
        for text in more.iter().take(written) {
            value.push(0);
            value.extend_from_slice(text.unwrap_or_default().as_bytes());
        }
        Op::Put { table: Table::Listing, key: self.key(), value }
    }

    /// The removal of the row.
    pub fn delete(&self) -> Op {
        Op::Delete { table: Table::Listing, key: self.key() }
    }

    /// Reads a row; `None` if it is not one.
    pub fn read(key: &[u8], value: &[u8]) -> Option<Listed> {
        let (machine, rest) = key.split_first_chunk()?;
        let (status, rest) = rest.split_first()?;
        let (time, rest) = rest.split_first_chunk()?;
        let execution = ExecutionId(rest.try_into().ok()?);
        let (started, names) = value.split_first_chunk()?;
        let mut texts = std::str::from_utf8(names).ok()?.split('\0');
        let name = texts.next()?.into();
        let mut next = || texts.next().filter(|text| !text.is_empty());
        let (version, alias) = (next().map(Arc::from), next().map(Arc::from));
        let redrives = next().map_or(Some(0), |count| count.parse().ok())?;
        let redriven = match next() {
            Some(millis) => Some(Timestamp::from_millis(millis.parse().ok()?)),
            None => None,
        };
        Some(Listed {
            machine: MachineId(u128::from_be_bytes(*machine)),
            status: Status::from_number(*status)?,
            sorted_by: time_from(*time),
            execution,
            name,
            started: time_from(*started),
            version,
            alias,
            redrives,
            redriven,
        })
    }
}

/// Key of a row of [`Table::Listing`]: `list (16) · status (1) · time (8) · execution (16)`.
pub fn listing_key(list: MachineId, status: Status, sorted_by: Timestamp, execution: ExecutionId) -> Vec<u8> {
    let mut key = listing_prefix(list, status);
    key.extend_from_slice(&time_key(sorted_by));
    key.extend_from_slice(&execution.0);
    key
}

/// What all rows of [`Table::Listing`] of a list and status begin with.
pub fn listing_prefix(machine: MachineId, status: Status) -> Vec<u8> {
    [&machine.0.to_be_bytes()[..], &[status as u8]].concat()
}

/// The row that keeps a command of an execution until it is settled: its table and key. The
/// value is empty.
pub fn command_key(execution: ExecutionId, command: &Command) -> (Table, Vec<u8>) {
    match command {
        Command::Timer(timer) => (Table::Timers, timer_key(execution, timer)),
        Command::Activity(task) => (Table::Queue, queue_key(execution, task)),
        Command::Call(call) => (Table::Calls, Errand::of(execution, call).key()),
    }
}

/// What a row of [`Table::Calls`] stands for: something to be done outside an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Errand {
    /// What is to be done.
    pub kind: ErrandKind,
    /// For which execution.
    pub execution: ExecutionId,
    /// The line of control that asked for it; the first for an end.
    pub frame: FrameId,
    /// The event that asked for it; 0 for an end.
    pub task: EventId,
}

/// A kind of errand. The numbers are on disk: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ErrandKind {
    /// A function is to be called.
    Function = 1,
    /// An execution is to be started.
    Start = 2,
    /// The end of the execution is to be told to the task that waits for it.
    End = 3,
    /// The job of a task is to be cancelled: nobody waits for its end any more.
    Cancel = 4,
}

impl ErrandKind {
    /// What a call is.
    pub fn of(call: &Call) -> ErrandKind {
        match &call.resource {
            Resource::Service { service, .. } if &**service == "states" => ErrandKind::Start,
            Resource::Activity { .. } | Resource::Lambda { .. } | Resource::Service { .. } => {
                ErrandKind::Function
            }
        }
    }
}

impl Errand {
    /// The errand of a call.
    pub fn of(execution: ExecutionId, call: &Call) -> Errand {
        Errand { kind: ErrandKind::of(call), execution, frame: call.frame, task: call.task }
    }

    /// The errand of an execution that has ended.
    pub fn end(execution: ExecutionId) -> Errand {
        Errand { kind: ErrandKind::End, execution, frame: FrameId::ROOT, task: EventId(0) }
    }

    /// The errand to cancel a job that an execution has abandoned.
    pub fn cancel(execution: ExecutionId, Job { frame, task }: Job) -> Errand {
        Errand { kind: ErrandKind::Cancel, execution, frame, task }
    }

    /// The row's key: `partition (2) · kind (1) · execution (16) · frame (4) · task (8)`.
    pub fn key(&self) -> Vec<u8> {
        let mut key = Vec::with_capacity(31);
        key.extend_from_slice(&self.execution.partition().0.to_be_bytes());
        key.push(self.kind as u8);
        key.extend_from_slice(&self.execution.0);
        key.extend_from_slice(&self.frame.0.to_be_bytes());
        key.extend_from_slice(&self.task.0.to_be_bytes());
        key
    }

    /// The errand of a key; `None` if it is not one.
    pub fn read(key: &[u8]) -> Option<Errand> {
        let (_partition, rest) = key.split_first_chunk::<2>()?;
        let (kind, rest) = rest.split_first()?;
        let (execution, rest) = rest.split_first_chunk()?;
        let (frame, rest) = rest.split_first_chunk()?;
        let kind = match kind {
            1 => ErrandKind::Function,
            2 => ErrandKind::Start,
            3 => ErrandKind::End,
            4 => ErrandKind::Cancel,
            _ => return None,
        };
        Some(Errand {
            kind,
            execution: ExecutionId(*execution),
            frame: FrameId(u32::from_be_bytes(*frame)),
            task: EventId(u64::from_be_bytes(rest.try_into().ok()?)),
        })
    }

    /// The rows of all errands of a partition.
    pub fn all(partition: PartitionId) -> Range {
        Range::prefix(Table::Calls, &partition.0.to_be_bytes())
    }
}

/// Key of a timer: `partition (2) · due (8) · execution (16) · frame (4) · purpose (1)`.
pub fn timer_key(execution: ExecutionId, timer: &Timer) -> Vec<u8> {
    let mut key = Vec::with_capacity(31);
    key.extend_from_slice(&execution.partition().0.to_be_bytes());
    key.extend_from_slice(&time_key(timer.due));
    key.extend_from_slice(&execution.0);
    key.extend_from_slice(&timer.frame.0.to_be_bytes());
    key.push(timer.purpose as u8);
    key
}

/// The timer of a key; `None` if it is not one.
pub fn timer_from(key: &[u8]) -> Option<(ExecutionId, Timer)> {
    let (_partition, rest) = key.split_first_chunk::<2>()?;
    let (due, rest) = rest.split_first_chunk()?;
    let (execution, rest) = rest.split_first_chunk()?;
    let (frame, rest) = rest.split_first_chunk()?;
    let [purpose] = rest else { return None };
    let frame = FrameId(u32::from_be_bytes(*frame));
    let timer = Timer { due: time_from(*due), frame, purpose: Purpose::from_number(*purpose)? };
    Some((ExecutionId(*execution), timer))
}

/// The timers of a partition that are due after `after` (if given) and not after `until`.
pub fn timers_between(partition: PartitionId, after: Option<Timestamp>, until: Timestamp) -> Range {
    let prefix = partition.0.to_be_bytes();
    let bound = |time: Timestamp| {
        let next = Timestamp::from_millis(time.as_millis().saturating_add(1));
        [&prefix[..], &time_key(next)].concat()
    };
    let all = Range::prefix(Table::Timers, &prefix);
    let from = after.map_or(all.from, |after| std::ops::Bound::Included(bound(after)));
    Range {
        table: Table::Timers,
        from,
        to: std::ops::Bound::Excluded(bound(until)),
        reverse: false,
        limit: usize::MAX,
    }
}

/// Key of a task that waits for a worker: `activity ARN · 0 · scheduled (8) · execution (16) · frame (4) · task (8)`.
pub fn queue_key(execution: ExecutionId, task: &ActivityTask) -> Vec<u8> {
    let mut key = queue_prefix(&task.arn);
    key.extend_from_slice(&time_key(task.scheduled_at));
    key.extend_from_slice(&execution.0);
    key.extend_from_slice(&task.frame.0.to_be_bytes());
    key.extend_from_slice(&task.task.0.to_be_bytes());
    key
}

/// What all rows of [`Table::Queue`] of an activity begin with.
pub fn queue_prefix(activity: &str) -> Vec<u8> {
    [activity.as_bytes(), &[0]].concat()
}

/// The task of a key of [`Table::Queue`]: execution, line of control and attempt.
pub fn queue_from(key: &[u8]) -> Option<(ExecutionId, FrameId, EventId)> {
    let (rest, task) = key.split_last_chunk()?;
    let (rest, frame) = rest.split_last_chunk()?;
    let (_, execution) = rest.split_last_chunk()?;
    Some((ExecutionId(*execution), FrameId(u32::from_be_bytes(*frame)), EventId(u64::from_be_bytes(*task))))
}

fn time_key(time: Timestamp) -> [u8; 8] {
    (time.as_millis() as u64 ^ (1 << 63)).to_be_bytes()
}

fn time_from(key: [u8; 8]) -> Timestamp {
    Timestamp::from_millis((u64::from_be_bytes(key) ^ (1 << 63)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_executions() {
        let named = Named { execution: ExecutionId([7; 16]), redriven: None };
        assert_eq!(named.value(), [7; 16]);
        let redriven = Redriven { count: 2, at: Timestamp::from_millis(-1), open_before: Millis(258) };
        let again = Named { redriven: Some(redriven), ..named };
        let tail = [0, 0, 0, 2, 127, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 1, 2];
        assert_eq!(again.value(), [&[7; 16][..], &tail].concat());
        for named in [named, again] {
            assert_eq!(Named::read(&named.value()), Some(named));
        }
        let value = again.value();
        for end in (0..value.len()).filter(|end| *end != 16) {
            assert_eq!(Named::read(&value[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn ids_are_in_the_order_of_their_starts() {
        let id = |millis, count, random, partition| {
            ExecutionId::new(Timestamp::from_millis(millis), count, random, PartitionId(partition))
        };
        let ids = [id(1, 9, 9, 9), id(2, 1, u64::MAX, 1023), id(2, 2, 0, 0), id(3, 0, 7, 5)];
        assert!(ids.is_sorted());
        assert_eq!(ids.map(|id| id.partition().0), [9, 1023, 0, 5]);
        assert_eq!(id(1, 1 << 24, 1 << 40, 3), id(1, 0, 0, 3), "what does not fit is cut");
    }

    #[test]
    fn keys_are_read_as_they_were_written() {
        let execution = ExecutionId::new(Timestamp::from_millis(77), 1, 2, PartitionId(3));
        let timer = Timer { due: Timestamp::from_millis(-5), frame: FrameId(4), purpose: Purpose::Heartbeat };
        assert_eq!(timer_from(&timer_key(execution, &timer)), Some((execution, timer)));
        let task = ActivityTask {
            arn: "a".into(),
            scheduled_at: Timestamp::from_millis(1),
            frame: FrameId(2),
            task: EventId(9),
        };
        assert_eq!(queue_from(&queue_key(execution, &task)), Some((execution, FrameId(2), EventId(9))));
        let listed = Listed {
            machine: MachineId(1 << 100),
            status: Status::TimedOut,
            sorted_by: Timestamp::from_millis(5),
            execution,
            name: "ä".into(),
            started: Timestamp::from_millis(4),
            version: None,
            alias: None,
            redrives: 0,
            redriven: None,
        };
        let redriven = Listed { redrives: 3, redriven: Some(Timestamp::from_millis(-8)), ..listed.clone() };
        let version = Listed { version: Some("12".into()), ..listed.clone() };
        let alias = Listed { alias: Some("PROD".into()), ..version.clone() };
        let both = Listed { redrives: 1, redriven: Some(Timestamp::from_millis(9)), ..alias.clone() };
        for (listed, text) in [
            (listed, "ä"),
            (version, "ä\x0012"),
            (alias, "ä\x0012\0PROD"),
            (redriven, "ä\0\0\x003\0-8"),
            (both, "ä\x0012\0PROD\x001\x009"),
        ] {
            let Op::Put { key, value, .. } = listed.put() else { panic!("a row is put") };
            assert_eq!(value[8..], *text.as_bytes());
            assert_eq!(Listed::read(&key, &value), Some(listed));
            for end in 0..key.len() {
                assert_eq!(Listed::read(&key[..end], &value), None);
            }
        }
    }

    #[test]
    fn an_execution_is_in_every_list_of_its_own() {
        let machine = MachineId(1 << 100);
        let listed = |version: Option<&str>, alias: Option<&str>| Listed {
            machine,
            status: Status::Running,
            sorted_by: Timestamp::from_millis(5),
            execution: ExecutionId([1; 16]),
            name: "e".into(),
            started: Timestamp::from_millis(5),
            version: version.map(Into::into),
            alias: alias.map(Into::into),
            redrives: 0,
            redriven: None,
        };
        let lists = |listed: Listed| listed.everywhere().map(|row| row.machine).collect::<Vec<_>>();
        let of = |qualifier| qualified_list(machine, qualifier);
        assert_eq!(lists(listed(None, None)), [machine]);
        assert_eq!(lists(listed(Some("1"), None)), [machine, of("1")]);
        assert_eq!(lists(listed(Some("1"), Some("a"))), [machine, of("1"), of("a")]);
    }

    #[test]
    fn lists_of_versions_and_aliases_never_change() {
        assert_eq!(qualified_list(MachineId(7), "PROD").0, 0xd88e_eea5_2dea_e452_dae5_0e34_775c_9ddf);
        assert_ne!(qualified_list(MachineId(7), "1"), qualified_list(MachineId(8), "1"));
    }

    #[test]
    fn partitions_of_arns_never_change() {
        let arn = "arn:aws:states:us-east-1:000000000000:execution:m:e";
        assert_eq!(partition_of(arn), PartitionId(910));
        assert_eq!(partition_of(""), PartitionId(961));
    }
}
