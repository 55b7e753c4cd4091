//! A store in memory, and a simulated disk under it.
//!
//! [`Memory::new`] keeps nothing beyond the process: unit tests, `--memory` servers.
//! [`Memory::open`] writes a log to a [`Disk`], a value that outlives the store and can lose its
//! power: what was synced stays, and of the rest stays what a real disk might have kept. Reopening
//! it gives the state after some prefix of the batches which holds every acknowledged one.
//!
//! A commit can be taken in two steps, [`write`](Memory::write) and [`sync`](Memory::sync), so that
//! a simulation can cut the power between them.
//!
//! What this module must not know: what the rows mean, real files, real time.

use super::{Batch, Durable, Epoch, Error, Op, PartitionId, Range, Rejected, Row, Store, Table, check_keys};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A [`Store`] in memory.
///
/// Invariant: the tables hold what was synced, never what was only written.
#[derive(Debug)]
pub struct Memory {
    state: RwLock<State>,
    /// The log and the power with which it was opened; none for a store that keeps nothing.
    log: Option<Log>,
    fencing: bool,
}

/// Batches that are written and not yet synced: the second half of a commit is owed to them.
#[derive(Debug)]
#[must_use = "what is written does not survive a crash until it is synced"]
pub struct Written {
    /// Counts the writes of one store.
    number: u64,
    verdicts: Vec<Result<(), Rejected>>,
}

/// Invariant: `pending` is in the order of the log, so that settling one write settles all before
/// it, as one sync of a real log does.
#[derive(Debug, Default)]
struct State {
    tables: BTreeMap<Table, BTreeMap<Vec<u8>, Vec<u8>>>,
    epochs: BTreeMap<PartitionId, Epoch>,
    pending: VecDeque<(u64, Vec<Op>)>,
    writes: u64,
    latched: Option<String>,
    fail_next_sync: bool,
}

impl Memory {
    /// A store that keeps nothing beyond its own life, and no log.
    pub fn new() -> Memory {
        Memory { state: RwLock::default(), log: None, fencing: true }
    }

    /// The store on `disk`: replays the log up to its first bad record and cuts off the rest.
    ///
    /// An empty disk gives an empty store. What the replay found counts as synced from then on.
    pub fn open(disk: Disk) -> Memory {
        let mut state = State::default();
        let power = {
            let mut platter = disk.platter();
            let mut good = 0;
            while let Some((record, next)) = record::read(&platter.bytes, good) {
                state.replay(record);
                good = next;
            }
            platter.bytes.truncate(good);
            platter.synced = good;
            platter.power
        };
        // Whoever owned a partition is gone: the epoch after theirs was given to nobody.
        state.epochs.values_mut().for_each(|epoch| epoch.0 += 1);
        Memory { state: RwLock::new(state), log: Some(Log { disk, power }), fencing: true }
    }

    /// The same store, planted with a fault: it takes batches of owners that were replaced.
    ///
    /// For the test that a simulation notices.
    pub fn without_fencing(self) -> Memory {
        Memory { fencing: false, ..self }
    }

    /// Makes the next sync fail, as a broken disk does. The store is latched from then on.
    pub fn fail_next_sync(&self) {
        self.write_state().fail_next_sync = true;
    }

    /// The first half of a commit: checks the epochs and writes the records, but does not sync.
    ///
    /// Reads do not see the batches until [`sync`](Memory::sync), or a later sync, has returned.
    pub fn write(&self, batches: Vec<Batch>) -> Result<Written, Error> {
        let mut state = self.write_state();
        state.alive()?;
        check_keys(&batches).or_else(|error| state.latch(error))?;
        let verdicts: Vec<_> = batches.iter().map(|batch| self.admit(&state, batch)).collect();
        let mut ops = Vec::new();
        for (batch, verdict) in batches.into_iter().zip(&verdicts) {
            if verdict.is_ok() {
                self.append(|bytes| record::write_batch(bytes, &batch))
                    .or_else(|error| state.latch(error))?;
                ops.extend(batch.ops);
            }
        }
        state.writes += 1;
        let number = state.writes;
        state.pending.push_back((number, ops));
        Ok(Written { number, verdicts })
    }

    /// The second half of a commit: syncs the log, then lets the reads see the batches.
    pub fn sync(&self, written: Written) -> Result<Vec<Result<Durable, Rejected>>, Error> {
        let mut state = self.write_state();
        self.settle(&mut state, written.number)?;
        Ok(written.verdicts.into_iter().map(|verdict| verdict.map(|()| Durable::after_sync())).collect())
    }

    fn admit(&self, state: &State, batch: &Batch) -> Result<(), Rejected> {
        let current = state.epochs.get(&batch.partition) == Some(&batch.epoch);
        if current || !self.fencing { Ok(()) } else { Err(Rejected::Fenced) }
    }

    /// Syncs everything in the log and applies the writes up to `number`.
    fn settle(&self, state: &mut State, number: u64) -> Result<(), Error> {
        state.alive()?;
        self.flush(state).or_else(|error| state.latch(error))?;
        while let Some((_, ops)) = state.pending.pop_front_if(|(pending, _)| *pending <= number) {
            state.apply(ops);
        }
        Ok(())
    }

    fn append(&self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        if let Some(log) = &self.log {
            encode(&mut log.powered()?.bytes);
        }
        Ok(())
    }

    fn flush(&self, state: &mut State) -> Result<(), Error> {
        if std::mem::take(&mut state.fail_next_sync) {
            return Err(Error::Io("the sync failed, as the test asked".to_owned()));
        }
        if let Some(log) = &self.log {
            let mut platter = log.powered()?;
            platter.synced = platter.bytes.len();
        }
        Ok(())
    }

    // A poisoned lock is taken over: no code under it panics half way through a change.
    fn read_state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_state(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::new()
    }
}

impl Store for Memory {
    fn commit(&self, batches: Vec<Batch>) -> Result<Vec<Result<Durable, Rejected>>, Error> {
        let written = self.write(batches)?;
        self.sync(written)
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let state = self.read_state();
        state.alive()?;
        Ok(state.tables.get(&table).and_then(|rows| rows.get(key)).cloned())
    }

    fn range(&self, range: Range) -> Result<Vec<Row>, Error> {
        let state = self.read_state();
        state.alive()?;
        let Some(rows) = state.tables.get(&range.table).filter(|_| !range.is_void()) else {
            return Ok(Vec::new());
        };
        let rows = rows.range((range.from, range.to)).map(|(key, value)| (key.clone(), value.clone()));
        Ok(if range.reverse {
            rows.rev().take(range.limit).collect()
        } else {
            rows.take(range.limit).collect()
        })
    }

    fn acquire(&self, partition: PartitionId) -> Result<Epoch, Error> {
        let mut state = self.write_state();
        state.alive()?;
        let epoch = Epoch(state.epochs.get(&partition).map_or(1, |epoch| epoch.0 + 1));
        self.append(|bytes| record::write_acquire(bytes, partition, epoch))
            .or_else(|error| state.latch(error))?;
        // The sync makes durable what the owner before has written: its successor must see it.
        let everything = state.writes;
        self.settle(&mut state, everything)?;
        state.epochs.insert(partition, epoch);
        Ok(epoch)
    }
}

impl State {
    fn alive(&self) -> Result<(), Error> {
        match &self.latched {
            Some(reason) => Err(Error::Latched(reason.clone())),
            None => Ok(()),
        }
    }

    fn latch<T>(&mut self, error: Error) -> Result<T, Error> {
        self.latched = Some(error.to_string());
        Err(error)
    }

    fn apply(&mut self, ops: Vec<Op>) {
        for op in ops {
            match op {
                Op::Put { table, key, value } => {
                    drop(self.tables.entry(table).or_default().insert(key, value))
                }
                Op::Delete { table, key } => drop(self.tables.entry(table).or_default().remove(&key)),
            }
        }
    }

    fn replay(&mut self, record: record::Record) {
        match record {
            record::Record::Batch(ops) => self.apply(ops),
            record::Record::Acquire(partition, epoch) => drop(self.epochs.insert(partition, epoch)),
        }
    }
}

/// A disk that can lose its power. Clones are handles of the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<Platter>>);

/// Invariant: `synced <= bytes.len()`.
#[derive(Debug, Default)]
struct Platter {
    bytes: Vec<u8>,
    synced: usize,
    /// Counts the power cuts; a store of an earlier power writes no more.
    power: u64,
}

impl Disk {
    /// An empty disk.
    pub fn new() -> Disk {
        Disk::default()
    }

    /// A disk that holds `bytes`, all of them synced.
    pub fn holding(bytes: Vec<u8>) -> Disk {
        Disk(Arc::new(Mutex::new(Platter { synced: bytes.len(), bytes, power: 0 })))
    }

    /// What the disk holds, unsynced bytes included.
    pub fn bytes(&self) -> Vec<u8> {
        self.platter().bytes.clone()
    }

    /// How many bytes, from the first, are synced.
    pub fn synced(&self) -> usize {
        self.platter().synced
    }

    /// Cuts the power. Stores that are open on the disk fail from then on.
    ///
    /// What was synced stays. Of the rest stays a prefix that `seed` chooses, often torn within a
    /// record; after it may come garbage, or a hole of zeros and then the bytes behind it, as of a
    /// disk that wrote its blocks out of order.
    pub fn power_cut(&self, seed: u64) {
        let mut random = SplitMix(seed);
        let Platter { bytes, synced, power } = &mut *self.platter();
        let tail = bytes.split_off(*synced);
        let (kept, lost) = tail.split_at(random.below(tail.len() + 1));
        bytes.extend_from_slice(kept);
        match random.below(4) {
            0 => {
                let garbage = random.below(64);
                bytes.extend((0..garbage).map(|_| random.below(256) as u8));
            }
            1 => {
                let hole = random.below(lost.len() + 1);
                bytes.resize(bytes.len() + hole, 0);
                bytes.extend(lost.iter().skip(hole));
            }
            _ => {}
        }
        *synced = bytes.len();
        *power += 1;
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The disk as one store sees it.
#[derive(Debug)]
struct Log {
    disk: Disk,
    power: u64,
}

impl Log {
    fn powered(&self) -> Result<MutexGuard<'_, Platter>, Error> {
        let platter = self.disk.platter();
        if platter.power == self.power {
            Ok(platter)
        } else {
            Err(Error::Io("the disk lost its power".to_owned()))
        }
    }
}

/// A small random generator with good mixing (splitmix64), so that a seed names one outcome.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..bound`; 0 for the empty range.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// The log: records of length (4 bytes), checksum (8 bytes) and payload, numbers little-endian.
///
/// The payload is a kind, a partition and an epoch; for a batch its ops follow, each a kind, a
/// table, and key and value with their lengths (4 bytes each).
mod record {
    use super::{Batch, Epoch, Op, PartitionId, Table};

    const HEAD: usize = 12;
    const BATCH: u8 = 1;
    const ACQUIRE: u8 = 2;
    const PUT: u8 = 1;
    const DELETE: u8 = 2;

    #[derive(Debug, PartialEq)]
    pub(super) enum Record {
        Batch(Vec<Op>),
        Acquire(PartitionId, Epoch),
    }

    pub(super) fn write_batch(log: &mut Vec<u8>, batch: &Batch) {
        write(log, |payload| {
            head(payload, BATCH, batch.partition, batch.epoch);
            for op in &batch.ops {
                write_op(payload, op);
            }
        });
    }

    pub(super) fn write_acquire(log: &mut Vec<u8>, partition: PartitionId, epoch: Epoch) {
        write(log, |payload| head(payload, ACQUIRE, partition, epoch));
    }

    /// The record at `position` and where the next begins; `None` at the end of what is intact.
    pub(super) fn read(log: &[u8], position: usize) -> Option<(Record, usize)> {
        let mut rest = log.get(position..)?;
        let length = u32::from_le_bytes(take(&mut rest)?) as usize;
        let sum = u64::from_le_bytes(take(&mut rest)?);
        let payload = rest.get(..length)?;
        let record = if checksum(payload) == sum { decode(payload)? } else { return None };
        Some((record, position + HEAD + length))
    }

    fn write(log: &mut Vec<u8>, encode: impl FnOnce(&mut Vec<u8>)) {
        let mut payload = Vec::new();
        encode(&mut payload);
        log.extend((payload.len() as u32).to_le_bytes());
        log.extend(checksum(&payload).to_le_bytes());
        log.extend(payload);
    }

    fn head(payload: &mut Vec<u8>, kind: u8, partition: PartitionId, epoch: Epoch) {
        payload.push(kind);
        payload.extend(partition.0.to_le_bytes());
        payload.extend(epoch.0.to_le_bytes());
    }

    fn write_op(payload: &mut Vec<u8>, op: &Op) {
        let (kind, value) = match op {
            Op::Put { value, .. } => (PUT, value.as_slice()),
            Op::Delete { .. } => (DELETE, [].as_slice()),
        };
        payload.extend([kind, op.table() as u8]);
        for text in [op.key(), value] {
            payload.extend((text.len() as u32).to_le_bytes());
            payload.extend(text);
        }
    }

    fn decode(mut payload: &[u8]) -> Option<Record> {
        let [kind] = take(&mut payload)?;
        let partition = PartitionId(u16::from_le_bytes(take(&mut payload)?));
        let epoch = Epoch(u64::from_le_bytes(take(&mut payload)?));
        match kind {
            BATCH => {
                let mut ops = Vec::new();
                while !payload.is_empty() {
                    ops.push(read_op(&mut payload)?);
                }
                Some(Record::Batch(ops))
            }
            ACQUIRE => Some(Record::Acquire(partition, epoch)),
            _ => None,
        }
    }

    fn read_op(payload: &mut &[u8]) -> Option<Op> {
        let [kind, table] = take(payload)?;
        let table = Table::ALL.into_iter().find(|known| *known as u8 == table)?;
        let key = read_text(payload)?;
        let value = read_text(payload)?;
        match kind {
            PUT => Some(Op::Put { table, key, value }),
            DELETE => Some(Op::Delete { table, key }),
            _ => None,
        }
    }

    fn read_text(payload: &mut &[u8]) -> Option<Vec<u8>> {
        let length = u32::from_le_bytes(take(payload)?) as usize;
        let (text, rest) = payload.split_at_checked(length)?;
        *payload = rest;
        Some(text.to_vec())
    }

    fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (head, rest) = bytes.split_first_chunk::<N>()?;
        *bytes = rest;
        Some(*head)
    }

    /// FNV-1a, 64 bits. Never 0 for an empty payload, so a hole of zeros is no record.
    fn checksum(bytes: &[u8]) -> u64 {
        bytes
            .iter()
            .fold(0xCBF2_9CE4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{batch, delete, put, rows};
    use super::*;

    const P: PartitionId = PartitionId(3);

    /// Batch `number` of a history in which each state differs from all before it.
    fn ops(number: u8) -> Vec<Op> {
        let mut ops = vec![
            put(Table::Facts, &[number], &vec![number; usize::from(number)]),
            put(Table::Meta, b"last", &[number]),
        ];
        if let Some(before) = number.checked_sub(3) {
            ops.push(delete(Table::Facts, &[before]));
        }
        ops
    }

    fn is_synced(answers: Result<Vec<Result<Durable, Rejected>>, Error>) -> bool {
        answers.is_ok_and(|answers| answers.iter().all(Result::is_ok))
    }

    #[test]
    fn every_cut_leaves_a_prefix() {
        let disk = Disk::new();
        let store = Memory::open(disk.clone());
        let epoch = store.acquire(P).unwrap();
        let mut states = vec![(disk.synced(), rows(&store))];
        for number in 0..20 {
            assert!(is_synced(store.commit(vec![batch(P, epoch, ops(number))])));
            states.push((disk.synced(), rows(&store)));
        }
        let log = disk.bytes();
        for cut in 0..=log.len() {
            let reopened = Memory::open(Disk::holding(log[..cut].to_vec()));
            let expected = states.iter().rev().find(|(end, _)| *end <= cut).map(|(_, rows)| rows.clone());
            assert_eq!(rows(&reopened), expected.unwrap_or_default(), "cut at {cut} of {}", log.len());
        }
    }

    #[test]
    fn every_broken_byte_ends_the_log() {
        let disk = Disk::new();
        let store = Memory::open(disk.clone());
        let epoch = store.acquire(P).unwrap();
        let mut states = vec![(0, Vec::new()), (disk.synced(), Vec::new())];
        for number in 0..4 {
            assert!(is_synced(store.commit(vec![batch(P, epoch, ops(number))])));
            states.push((disk.synced(), rows(&store)));
        }
        let log = disk.bytes();
        for at in 0..log.len() {
            let mut broken = log.clone();
            broken[at] ^= 0x10;
            let disk = Disk::holding(broken);
            let reopened = Memory::open(disk.clone());
            let (end, expected) = states.iter().rev().find(|(end, _)| *end <= at).unwrap();
            assert_eq!(&rows(&reopened), expected, "broken at {at}");
            assert_eq!(disk.bytes().len(), *end, "broken at {at}");
        }
    }

    #[test]
    fn a_power_cut_keeps_what_was_synced_and_a_prefix_of_the_rest() {
        let mut lengths = std::collections::BTreeSet::new();
        for seed in 0..500 {
            let disk = Disk::new();
            let store = Memory::open(disk.clone());
            let epoch = store.acquire(P).unwrap();
            let mut states = vec![rows(&store)];
            for number in 0..3 {
                assert!(is_synced(store.commit(vec![batch(P, epoch, ops(number))])));
                states.push(rows(&store));
            }
            let written = store.write((3..8).map(|number| batch(P, epoch, ops(number))).collect()).unwrap();
            let live = Memory::new();
            let live_epoch = live.acquire(P).unwrap();
            for number in 0..8 {
                assert!(is_synced(live.commit(vec![batch(P, live_epoch, ops(number))])));
                if number >= 3 {
                    states.push(rows(&live));
                }
            }
            disk.power_cut(seed);
            assert!(matches!(store.sync(written), Err(Error::Io(_))), "seed {seed}");
            let reopened = Memory::open(disk.clone());
            let prefix = states.iter().position(|state| *state == rows(&reopened));
            assert!(prefix.is_some_and(|length| length >= 3), "seed {seed}: {prefix:?}");
            lengths.insert(prefix);
            // The log goes on where the good part ended.
            let epoch = reopened.acquire(P).unwrap();
            assert!(is_synced(reopened.commit(vec![batch(P, epoch, ops(9))])));
            assert_eq!(rows(&Memory::open(disk)), rows(&reopened), "seed {seed}");
        }
        assert_eq!(lengths.len(), 6, "each prefix occurs: {lengths:?}");
    }

    #[test]
    fn a_power_cut_is_named_by_its_seed() {
        let after = |seed| {
            let disk = Disk::new();
            let store = Memory::open(disk.clone());
            let epoch = store.acquire(P).unwrap();
            let _written = store.write(vec![batch(P, epoch, ops(200))]).unwrap();
            disk.power_cut(seed);
            disk.bytes()
        };
        assert!((0..20).all(|seed| after(seed) == after(seed)));
        assert!((1..20).any(|seed| after(0) != after(seed)));
    }

    #[test]
    fn reads_see_what_was_synced() {
        let store = Memory::open(Disk::new());
        let epoch = store.acquire(P).unwrap();
        let first = store.write(vec![batch(P, epoch, ops(0))]).unwrap();
        let second = store.write(vec![batch(P, epoch, ops(1))]).unwrap();
        assert!(rows(&store).is_empty());
        // One sync is of the whole log: what was written before is applied, each batch once.
        assert!(is_synced(store.sync(second)));
        assert_eq!(store.get(Table::Meta, b"last").unwrap(), Some(vec![1]));
        assert!(is_synced(store.sync(first)));
        assert_eq!(store.get(Table::Meta, b"last").unwrap(), Some(vec![1]));
    }

    #[test]
    fn a_new_owner_sees_what_the_old_one_wrote() {
        let disk = Disk::new();
        let store = Memory::open(disk.clone());
        let epoch = store.acquire(P).unwrap();
        let written = store.write(vec![batch(P, epoch, ops(0))]).unwrap();
        store.acquire(P).unwrap();
        assert_eq!(store.get(Table::Meta, b"last").unwrap(), Some(vec![0]));
        assert!(is_synced(store.sync(written)));
        assert!(matches!(store.commit(vec![batch(P, epoch, ops(1))]).unwrap()[..], [Err(Rejected::Fenced)]));
        assert_eq!(rows(&Memory::open(disk)), rows(&store));
    }

    #[test]
    fn a_failed_sync_latches() {
        let store = Memory::open(Disk::new());
        let epoch = store.acquire(P).unwrap();
        store.fail_next_sync();
        assert!(matches!(store.commit(vec![batch(P, epoch, ops(0))]), Err(Error::Io(_))));
        assert!(matches!(store.commit(vec![batch(P, epoch, ops(0))]), Err(Error::Latched(_))));
        assert!(matches!(store.get(Table::Meta, b"last"), Err(Error::Latched(_))));
    }

    #[test]
    fn the_planted_fault_takes_stale_batches() {
        let store = Memory::new().without_fencing();
        let stale = store.acquire(P).unwrap();
        store.acquire(P).unwrap();
        assert!(is_synced(store.commit(vec![batch(P, stale, ops(0))])));
    }

    #[test]
    fn records_read_as_written() {
        let batches = [batch(P, Epoch(u64::MAX), Vec::new()), batch(PartitionId(1023), Epoch(1), ops(5))];
        for batch in batches {
            let mut log = vec![1, 2, 3];
            record::write_batch(&mut log, &batch);
            assert_eq!(record::read(&log, 3), Some((record::Record::Batch(batch.ops), log.len())));
        }
        let mut log = Vec::new();
        record::write_acquire(&mut log, P, Epoch(9));
        assert_eq!(record::read(&log, 0), Some((record::Record::Acquire(P, Epoch(9)), log.len())));
        assert_eq!(record::read(&[0; 64], 0), None);
    }
}
