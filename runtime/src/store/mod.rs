//! The waist between the engine and the disk: ordered tables of bytes, written in atomic batches.
//!
//! A [`Store`] keeps a handful of ordered tables. It is written only by [`Store::commit`], which
//! takes batches of many partitions and makes them survive a crash with one sync; it is read by
//! key and by range. What the keys and values mean is the business of [`layout`] alone, so an
//! implementation is small: [`memory`] (tests, and a disk that can lose its power), [`embedded`]
//! (one folder, one process).
//!
//! The calls block. The engine makes them on its own threads, and a deterministic simulation can
//! then run the whole engine on one; a networked store drives its IO behind these same calls.
//!
//! What this module must not know: executions, facts, the service.

use std::fmt;
use std::ops::Bound;

pub mod catalog;
pub mod committer;
pub mod embedded;

pub mod layout;
pub mod logging;
pub mod memory;
#[cfg(test)]
mod tests;

pub use committer::Committer;

/// How many partitions there are; fixed for ever, because keys hold partition numbers.
pub const PARTITIONS: u16 = 1024;

/// One of the [`PARTITIONS`]: the unit of ownership and of atomic writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartitionId(pub u16);

/// The longest key that a store takes, in bytes. Keys are made by the layout and stay far below.
pub const MAX_KEY: usize = u16::MAX as usize;

/// How often a partition has changed hands. A commit with a stale epoch is fenced off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// The tables. The numbers are on disk: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    /// What is true of the store as a whole: format, keys, counters.
    Meta = 0,
    /// State machines, revisions, activities, tags.
    Catalog = 1,
    /// One value for all facts of a step of an execution.
    Facts = 2,
    /// Execution ARN -> execution.
    Names = 3,
    /// Executions of a state machine by status and time.
    Listing = 4,
    /// Due times.
    Timers = 5,
    /// Tasks that wait for an activity worker.
    Queue = 6,
    /// Calls to be answered, and ends of executions that a task of another one waits for.
    Calls = 7,
}

impl Table {
    /// Every table, in the order of its number.
    pub const ALL: [Table; 8] = [
        Table::Meta,
        Table::Catalog,
        Table::Facts,
        Table::Names,
        Table::Listing,
        Table::Timers,
        Table::Queue,
        Table::Calls,
    ];
}

/// One change of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Writes a row, over what was there.
    Put {
        /// The table.
        table: Table,
        /// The row's key.
        key: Vec<u8>,
        /// The row's value.
        value: Vec<u8>,
    },
    /// Removes a row; nothing happens where there is none.
    Delete {
        /// The table.
        table: Table,
        /// The row's key.
        key: Vec<u8>,
    },
}

impl Op {
    /// The table of the row.
    pub fn table(&self) -> Table {
        match self {
            Op::Put { table, .. } | Op::Delete { table, .. } => *table,
        }
    }

    /// The key of the row.
    pub fn key(&self) -> &[u8] {
        match self {
            Op::Put { key, .. } | Op::Delete { key, .. } => key,
        }
    }

    /// The size of key and value, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Op::Put { key, value, .. } => key.len() + value.len(),
            Op::Delete { key, .. } => key.len(),
        }
    }
}

/// What one partition wants written: all of it or nothing.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Whose batch it is.
    pub partition: PartitionId,
    /// The epoch in which its writer owns the partition.
    pub epoch: Epoch,
    /// The changes, applied in order.
    pub ops: Vec<Op>,
}

impl Batch {
    /// The size of all keys and values, in bytes.
    pub fn bytes(&self) -> usize {
        self.ops.iter().map(Op::bytes).sum()
    }
}

/// The receipt for a batch that survives a crash. Only [`Store::commit`]'s implementations make
/// one, and what may leave only after a commit asks for it, so the order is a matter of types.
#[derive(Debug)]
pub struct Durable(());

impl Durable {
    /// For the implementations of [`Store`] in this module, after their sync has returned.
    fn after_sync() -> Durable {
        Durable(())
    }
}

/// Why one batch of a commit was not written. The others of the same commit are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The partition has a newer owner.
    #[error("the partition has a newer owner")]
    Fenced,
}

/// The store could not do its work. After a failed commit it refuses everything: memory is ahead
/// of the disk by then, and a second sync may wrongly succeed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The data folder is in use by another process.
    #[error("the data folder `{0}` is in use by another process")]
    InUse(String),
    /// The data was written by a newer gradus.
    #[error("the data folder `{folder}` has format {found}, this gradus reads up to {known}")]
    NewerFormat {
        /// The folder.
        folder: String,
        /// The format on disk.
        found: u32,
        /// The newest format that this build reads.
        known: u32,
    },
    /// What is on disk is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The operating system refused.
    #[error("{0}")]
    Io(String),
    /// An earlier commit failed; nothing more is written.
    #[error("the store stopped after a failed write: {0}")]
    Latched(String),
    /// A thread that writes or runs executions is gone, by a fault in gradus.
    #[error("a fault in gradus: {0} panicked")]
    Panicked(&'static str),
}

/// A row: key and value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Which rows to read.
#[derive(Clone, Debug)]
pub struct Range {
    /// The table.
    pub table: Table,
    /// The lower end.
    pub from: Bound<Vec<u8>>,
    /// The upper end.
    pub to: Bound<Vec<u8>>,
    /// From the upper end downwards.
    pub reverse: bool,
    /// At most so many rows.
    pub limit: usize,
}

impl Range {
    /// All rows whose key starts with `prefix`, upwards.
    pub fn prefix(table: Table, prefix: &[u8]) -> Range {
        let to = successor(prefix).map_or(Bound::Unbounded, Bound::Excluded);
        Range { table, from: Bound::Included(prefix.to_vec()), to, reverse: false, limit: usize::MAX }
    }

    /// Whether no key can lie between the two ends.
    fn is_void(&self) -> bool {
        match (&self.from, &self.to) {
            (Bound::Included(from), Bound::Included(to)) => from > to,
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
                from >= to
            }
        }
    }

    /// The same rows, at most `limit` of them.
    pub fn limit(self, limit: usize) -> Range {
        Range { limit, ..self }
    }

    /// The same rows, from the upper end downwards.
    pub fn reverse(self) -> Range {
        Range { reverse: true, ..self }
    }
}

/// The first key after all keys that start with `prefix`; `None` if there is none.
fn successor(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut key = prefix.to_vec();
    while let Some(last) = key.pop() {
        if last < u8::MAX {
            key.push(last + 1);
            return Some(key);
        }
    }
    None
}

/// Refuses what a store cannot hold, before anything is written: keys have 1 to [`MAX_KEY`] bytes.
fn check_keys(batches: &[Batch]) -> Result<(), Error> {
    let mut lengths = batches.iter().flat_map(|batch| &batch.ops).map(|op| op.key().len());
    match lengths.find(|length| !(1..=MAX_KEY).contains(length)) {
        Some(length) => Err(Error::Io(format!("a key has {length} bytes, not 1 to {MAX_KEY}"))),
        None => Ok(()),
    }
}

/// Ordered tables that survive a crash.
pub trait Store: Send + Sync + fmt::Debug + 'static {
    /// Writes all batches with one sync; returns when they survive a crash, one answer a batch.
    ///
    /// Atomic within a batch, in order among the batches. `Err` is final for the whole store.
    fn commit(&self, batches: Vec<Batch>) -> Result<Vec<Result<Durable, Rejected>>, Error>;

    /// The value under `key`, as of the last commit.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error>;

    /// The rows of a range, in order, as of the last commit.
    fn range(&self, range: Range) -> Result<Vec<Row>, Error>;

    /// Takes a partition over: its epoch grows, and batches of the owner before are fenced.
    fn acquire(&self, partition: PartitionId) -> Result<Epoch, Error>;
}
