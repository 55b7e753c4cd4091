//! The default store: one folder, one process, fjall underneath.
//!
//! A commit is one write batch of the library and one `fdatasync` of its journal, whatever the
//! number of batches in it. The library checks each journal entry at the next opening and cuts off
//! a torn tail, so a write batch is there as a whole or not at all.
//!
//! The folder holds `FORMAT` (which gradus wrote it), `LOCK` (locked while a process has it open)
//! and `tables` (the library's own files). A folder that holds anything else is not touched.
//!
//! What this module must not know: what the rows mean, who waits for a commit.

use super::{Batch, Durable, Epoch, Error, Op, PartitionId, Range, Rejected, Row, Store, Table, check_keys};
use fjall::{
    Database, JournalRecoveryError, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, OwnedWriteBatch,
    PersistMode, Readable,
};
use journal::Cut;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

mod folder;
mod journal;

/// All blocks read from disk that are kept, of all tables together, in bytes.
const CACHE: u64 = 32 << 20;
/// The journals together, in bytes; beyond it the library flushes the tables that hold the oldest
/// one. It is read at opening, so this also bounds the start after a crash.
const JOURNALS: u64 = 128 << 20;
/// What the facts gather in memory before they go to a file, in bytes.
///
/// With this and [`MEMTABLE`] 64 writers got 69,000 batches a second at 140 MB of resident memory;
/// with half of both 52,000 to 60,000 at 85 to 100 MB, as twice the files are written and merged.
const FACTS_MEMTABLE: u64 = 32 << 20;
/// What each other table gathers, in bytes. The library halts writes when four more of a table wait
/// to be flushed, which bounds the memory of a server whose disk lags.
const MEMTABLE: u64 = 16 << 20;
/// Facts from this size, in bytes, live in files of their own, which compaction does not copy.
const SEPARATE: u32 = 32 << 10;
/// Threads for flushing and compaction. The library keeps the first for flushing: it puts requests
/// for compaction back into the queue, over and over, unless another thread is free to take them.
/// So with two a compaction keeps both busy; with three one is free to take what is left.
const WORKERS: usize = 3;

/// The most files that the library keeps open. Processes often start with a limit of 1024, and the
/// server's connections need theirs.
const FILES: usize = 256;

/// The key in [`Table::Meta`] that counts how often the folder was opened, as 8 bytes, big-endian.
const OPENED: &[u8] = b"epoch";

/// A [`Store`] in a folder.
pub struct Embedded {
    // Fields drop in this order: the lock goes last, when all files are closed.
    writer: Mutex<Writer>,
    latched: OnceLock<String>,
    tables: Tables,
    database: Database,
    folder: folder::Folder,
}

/// What a commit and a change of owner exclude each other from.
///
/// Invariant: whoever acquires a partition does so after the last commit of the owner before, and
/// so sees all of its rows.
struct Writer {
    /// How often the folder was opened, this time included.
    opened: u64,
    /// The partitions that were acquired since.
    epochs: BTreeMap<PartitionId, Epoch>,
}

impl Embedded {
    /// Opens the store in `folder`, which is created where it does not exist.
    ///
    /// Fails, and then has touched nothing, when the folder cannot be read or written, holds files
    /// that are not gradus's, is open elsewhere ([`Error::InUse`]) or has a newer format
    /// ([`Error::NewerFormat`]).
    pub fn open(folder: &Path) -> Result<Embedded, Error> {
        let mut folder = folder::Folder::open(folder)?;
        let database = recover(&folder.tables())?;
        let tables = Tables::open(&database)?;
        let opened = count_opening(&database, &tables, folder.is_whole())?;
        folder.finish()?;
        let writer = Mutex::new(Writer { opened, epochs: BTreeMap::new() });
        Ok(Embedded { writer, latched: OnceLock::new(), tables, database, folder })
    }

    /// Writes the last change of each row: the library knows no order within a write batch.
    fn write(&self, batches: &[&Batch]) -> Result<(), Error> {
        let ops = || batches.iter().flat_map(|batch| &batch.ops);
        let mut rows = OwnedWriteBatch::with_capacity(self.database.clone(), ops().count())
            .durability(Some(PersistMode::SyncData));
        let mut seen = HashSet::new();
        for op in ops().rev() {
            if !seen.insert((op.table(), op.key())) {
                continue;
            }
            match op {
                Op::Put { table, key, value } => {
                    rows.insert(self.tables.of(*table), key.as_slice(), value.as_slice())
                }
                Op::Delete { table, key } => rows.remove(self.tables.of(*table), key.as_slice()),
            }
        }
        rows.commit().map_err(damage)
    }

    fn alive(&self) -> Result<(), Error> {
        match self.latched.get() {
            Some(reason) => Err(Error::Latched(reason.clone())),
            None => Ok(()),
        }
    }

    fn latch<T>(&self, error: Error) -> Result<T, Error> {
        self.latched.get_or_init(|| error.to_string());
        Err(error)
    }

    // A poisoned lock is taken over: what it guards changes in single steps.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Embedded {
    fn commit(&self, batches: Vec<Batch>) -> Result<Vec<Result<Durable, Rejected>>, Error> {
        let writer = self.writer();
        self.alive()?;
        let admitted = |batch: &&Batch| writer.epochs.get(&batch.partition) == Some(&batch.epoch);
        let current: Vec<&Batch> = batches.iter().filter(admitted).collect();
        check_keys(&batches).and_then(|()| self.write(&current)).or_else(|error| self.latch(error))?;
        let answer = |batch| if admitted(&batch) { Ok(Durable::after_sync()) } else { Err(Rejected::Fenced) };
        Ok(batches.iter().map(answer).collect())
    }

    // Reads go through a snapshot: the library shows the rows of a write batch one by one
    // otherwise, and reads could go back in time against each other.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.alive()?;
        let value = self.database.snapshot().get(self.tables.of(table), key).map_err(damage)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn range(&self, range: Range) -> Result<Vec<Row>, Error> {
        self.alive()?;
        if range.is_void() {
            return Ok(Vec::new());
        }
        let rows = self.database.snapshot().range(self.tables.of(range.table), (range.from, range.to));
        let row = |guard: fjall::Guard| {
            let (key, value) = guard.into_inner().map_err(damage)?;
            Ok((key.to_vec(), value.to_vec()))
        };
        if range.reverse {
            rows.rev().take(range.limit).map(row).collect()
        } else {
            rows.take(range.limit).map(row).collect()
        }
    }

    /// The epoch is how often the folder was opened, times 2^32, plus how often the partition was
    /// acquired since: only an opening needs a write, and epochs grow across openings.
    fn acquire(&self, partition: PartitionId) -> Result<Epoch, Error> {
        let mut writer = self.writer();
        self.alive()?;
        let before = writer.epochs.get(&partition).map_or(writer.opened << 32, |epoch| epoch.0);
        let epoch = Epoch(before + 1);
        writer.epochs.insert(partition, epoch);
        Ok(epoch)
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Embedded").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// One keyspace a table.
///
/// One keyspace for all tables, told apart by a byte before the key, was measured next to it
/// (2 cores, three rows of 1.2 KB a batch, 1.5 million batches, one sync for 64 of them): it made
/// 46,000 batches a second at 22 us of processor time and 82 MB, against 54,000 at 18 us and 117 MB
/// with memtables of the same size, because short-lived rows and facts are compacted together.
/// Without compaction, in the first 100,000 batches, they are level: 147,000 to 185,000 a second.
struct Tables([Keyspace; Table::ALL.len()]);

impl Tables {
    fn open(database: &Database) -> Result<Tables, Error> {
        let open = |table| database.keyspace(name(table), || options(table)).map_err(damage);
        let [meta, catalog, facts, names, listing, timers, queue, calls] = Table::ALL.map(open);
        Ok(Tables([meta?, catalog?, facts?, names?, listing?, timers?, queue?, calls?]))
    }

    fn of(&self, table: Table) -> &Keyspace {
        let [meta, catalog, facts, names, listing, timers, queue, calls] = &self.0;
        match table {
            Table::Meta => meta,
            Table::Catalog => catalog,
            Table::Facts => facts,
            Table::Names => names,
            Table::Listing => listing,
            Table::Timers => timers,
            Table::Queue => queue,
            Table::Calls => calls,
        }
    }
}

/// The name of a table's keyspace. On disk: never change one.
fn name(table: Table) -> &'static str {
    match table {
        Table::Meta => "meta",
        Table::Catalog => "catalog",
        Table::Facts => "facts",
        Table::Names => "names",
        Table::Listing => "listing",
        Table::Timers => "timers",
        Table::Queue => "queue",
        Table::Calls => "calls",
    }
}

/// No compression: the library is built without a codec, for payloads are small and the processor
/// is what a busy server runs out of.
fn options(table: Table) -> KeyspaceCreateOptions {
    let options = KeyspaceCreateOptions::default();
    match table {
        Table::Facts => options
            .max_memtable_size(FACTS_MEMTABLE)
            .with_kv_separation(Some(KvSeparationOptions::default().separation_threshold(SEPARATE))),
        _ => options.max_memtable_size(MEMTABLE),
    }
}

/// Opens the library's database; cuts off a tear at the end of its journal, see [`journal`].
fn recover(folder: &Path) -> Result<Database, Error> {
    let damaged = match database(folder) {
        Err(error @ fjall::Error::JournalRecovery(JournalRecoveryError::ChecksumMismatch)) => error,
        opened => return opened.map_err(damage),
    };
    let Some(cut) = Cut::last_entry(folder).map_err(io)? else { return Err(damage(damaged)) };
    match database(folder) {
        Ok(database) => Ok(database),
        Err(error) => {
            cut.undo().map_err(io)?;
            Err(damage(error))
        }
    }
}

fn database(folder: &Path) -> fjall::Result<Database> {
    Database::builder(folder)
        .cache_size(CACHE)
        .max_journaling_size(JOURNALS)
        .max_cached_files(Some(FILES))
        .worker_threads(WORKERS)
        .open()
}

/// Counts this opening, durably: the epochs of earlier processes are smaller from now on.
///
/// A whole folder has a count; without it, the library has lost its files and began anew.
fn count_opening(database: &Database, tables: &Tables, whole: bool) -> Result<u64, Error> {
    let meta = tables.of(Table::Meta);
    let before = match meta.get(OPENED).map_err(damage)? {
        None if whole => return Err(Error::Damaged("the count of openings is missing".to_owned())),
        None => 0,
        Some(bytes) => <[u8; 8]>::try_from(&*bytes)
            .map(u64::from_be_bytes)
            .map_err(|_| Error::Damaged("the count of openings is not a number".to_owned()))?,
    };
    let opened = before + 1;
    let mut row = OwnedWriteBatch::with_capacity(database.clone(), 1).durability(Some(PersistMode::SyncData));
    row.insert(meta, OPENED, opened.to_be_bytes());
    row.commit().map_err(damage)?;
    Ok(opened)
}

/// Sorts the library's errors by what a caller does about them.
fn damage(error: fjall::Error) -> Error {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(fjall::LsmError::Io(error)) => io(error),
        fjall::Error::Poisoned => Error::Latched("writing in the background failed".to_owned()),
        fjall::Error::JournalRecovery(_) => Error::Damaged("the journal is not what was written".to_owned()),
        other => Error::Damaged(other.to_string()),
    }
}

fn io(error: std::io::Error) -> Error {
    Error::Io(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Scratch, batch, put, rows};
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    const P: PartitionId = PartitionId(1023);

    fn commit(store: &Embedded, key: &[u8], value: &[u8]) {
        let epoch = store.acquire(P).unwrap();
        let ops = vec![put(Table::Facts, key, value), put(Table::Listing, key, value)];
        assert!(store.commit(vec![batch(P, epoch, ops)]).unwrap()[0].is_ok());
    }

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }

    /// Every path in a folder with its length, to see that nothing was touched.
    fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                found.push((entry.path(), entry.metadata().unwrap().len()));
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        found.sort();
        found
    }

    /// Opens a folder that holds `files`; expects an error that `expected` is part of, and no trace.
    fn check_refused(files: &[(&str, &str)], expected: &str) {
        let scratch = Scratch::new();
        for (name, text) in files {
            fs::write(scratch.path().join(name), text).unwrap();
        }
        let before = listing(scratch.path());
        let error = Embedded::open(scratch.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains(&scratch.path().display().to_string()), "{error}");
        assert_eq!(listing(scratch.path()), before, "{error}");
    }

    #[test]
    fn refuses_what_is_not_its_own() {
        check_refused(&[("photo.jpg", "")], "holds `photo.jpg` and no `FORMAT`");
        check_refused(&[("LOCK", ""), ("tables", "")], "holds `tables` and no `FORMAT`");
        check_refused(&[("FORMAT", "gradus 2\n"), ("tables", "")], "has format 2, this gradus reads up to 1");
        check_refused(&[("FORMAT", "gradus 0\n"), ("tables", "")], "names no format");
        check_refused(&[("FORMAT", "1"), ("tables", "")], "names no format");
        check_refused(&[("FORMAT", "gradus 1\n")], "has no `tables`");
    }

    #[test]
    fn refuses_a_file() {
        let scratch = Scratch::new();
        let path = scratch.path().join("file");
        fs::write(&path, "text").unwrap();
        let error = Embedded::open(&path).unwrap_err().to_string();
        assert_eq!(error, format!("`{}` is not a folder", path.display()));
        let error = Embedded::open(&path.join("below")).unwrap_err();
        assert!(matches!(error, Error::Io(_)), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "text");
    }

    #[test]
    fn creates_folders_and_a_format() {
        let scratch = Scratch::new();
        let path = scratch.path().join("a/b/c");
        drop(Embedded::open(&path).unwrap());
        assert_eq!(fs::read_to_string(path.join("FORMAT")).unwrap(), "gradus 1\n");
        let mut names: Vec<_> =
            fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["FORMAT", "LOCK", "tables"]);
    }

    #[test]
    fn has_one_user_at_a_time() {
        let scratch = Scratch::new();
        let store = Embedded::open(scratch.path()).unwrap();
        commit(&store, b"a", b"1");
        let before = listing(scratch.path());
        assert!(matches!(Embedded::open(scratch.path()), Err(Error::InUse(_))));
        assert_eq!(listing(scratch.path()), before);
        drop(store);
        let store = Embedded::open(scratch.path()).unwrap();
        assert_eq!(store.get(Table::Facts, b"a").unwrap(), Some(b"1".to_vec()));
    }

    #[test]
    fn makes_again_what_a_crash_left_unfinished() {
        let whole = Scratch::new();
        drop(Embedded::open(whole.path()).unwrap());
        let cases: [&[&str]; 4] =
            [&[], &["LOCK"], &["LOCK", "FORMAT.unfinished"], &["LOCK", "FORMAT.unfinished", "tables"]];
        for case in cases {
            let scratch = Scratch::new();
            fs::create_dir(scratch.path().join("lost+found")).unwrap();
            for name in case {
                match *name {
                    "tables" => copy(&whole.path().join(name), &scratch.path().join(name)),
                    _ => fs::write(scratch.path().join(name), "").unwrap(),
                }
            }
            let store = Embedded::open(scratch.path()).unwrap();
            commit(&store, b"a", b"1");
            drop(store);
            assert_eq!(rows(&Embedded::open(scratch.path()).unwrap()).len(), 2, "{case:?}");
        }
    }

    #[test]
    fn does_not_begin_anew_where_tables_were() {
        let scratch = Scratch::new();
        drop(Embedded::open(scratch.path()).unwrap());
        fs::remove_dir_all(scratch.path().join("tables")).unwrap();
        fs::create_dir(scratch.path().join("tables")).unwrap();
        assert!(matches!(Embedded::open(scratch.path()), Err(Error::Damaged(_))));
    }

    #[test]
    fn keeps_what_was_committed_without_being_closed() {
        let (scratch, copies) = (Scratch::new(), Scratch::new());
        let store = Embedded::open(scratch.path()).unwrap();
        for round in 0..4_u8 {
            commit(&store, &[round], &vec![round; 1 << (6 * u32::from(round))]);
            let copied = copies.path().join(round.to_string());
            copy(scratch.path(), &copied);
            let reopened = Embedded::open(&copied).unwrap();
            assert_eq!(rows(&reopened), rows(&store), "round {round}");
            assert!(reopened.acquire(P).unwrap() > store.acquire(P).unwrap(), "round {round}");
        }
    }

    /// The journal's bytes in use; zeros follow, which the library allocates ahead.
    fn journal(folder: &Path) -> (PathBuf, Vec<u8>) {
        let path = folder.join("tables/0.jnl");
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
        (path, bytes)
    }

    #[test]
    fn cuts_off_a_torn_tail() {
        let (scratch, torn) = (Scratch::new(), Scratch::new());
        let store = Embedded::open(scratch.path()).unwrap();
        commit(&store, b"a", b"1");
        let expected = rows(&store);
        let (_, acknowledged) = journal(scratch.path());
        let epoch = store.acquire(P).unwrap();
        // Debug builds of the library assert that the two lengths of a value agree, before they
        // find the tear that makes them differ; empty values have no such place.
        let ops = (1..40_u8).map(|key| put(Table::Facts, &[key; 20], b"")).collect();
        assert!(store.commit(vec![batch(P, epoch, ops)]).unwrap()[0].is_ok());
        let base = torn.path().join("base");
        copy(scratch.path(), &base);
        let (path, written) = journal(&base);
        fs::write(path, &written).unwrap();
        let tail = written.len() - acknowledged.len();
        for (number, cut) in (0..tail).step_by(173).chain([tail - 1]).enumerate() {
            let folder = torn.path().join(number.to_string());
            copy(&base, &folder);
            let (path, mut bytes) = journal(&folder);
            bytes.truncate(acknowledged.len() + cut);
            // Both shapes of a tear: a file that ends, and blocks that were never written.
            bytes.resize(bytes.len() + if number % 2 == 0 { 0 } else { 4096 }, 0);
            fs::write(path, bytes).unwrap();
            let reopened = Embedded::open(&folder).unwrap();
            assert_eq!(rows(&reopened), expected, "cut {cut} of {tail}");
            commit(&reopened, b"z", b"1");
            drop(reopened);
            assert_eq!(
                rows(&Embedded::open(&folder).unwrap()).len(),
                expected.len() + 2,
                "cut {cut} of {tail}"
            );
        }
    }

    /// Overwrites `text` in the journal of a copy with zeros, then opens the copy.
    fn open_with_hole(folder: &Path, text: &[u8]) -> (Scratch, Result<Embedded, Error>) {
        let holed = Scratch::new();
        copy(folder, holed.path());
        let (path, mut bytes) = journal(holed.path());
        let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
        bytes[at..at + text.len()].fill(0);
        fs::write(path, bytes).unwrap();
        let opened = Embedded::open(holed.path());
        (holed, opened)
    }

    #[test]
    fn cuts_off_a_last_entry_with_a_hole() {
        let scratch = Scratch::new();
        let store = Embedded::open(scratch.path()).unwrap();
        commit(&store, b"a", b"1");
        let expected = rows(&store);
        let epoch = store.acquire(P).unwrap();
        let ops = vec![put(Table::Facts, b"b", &[b'B'; 9000]), put(Table::Facts, b"c", b"2")];
        assert!(store.commit(vec![batch(P, epoch, ops)]).unwrap()[0].is_ok());
        let (folder, opened) = open_with_hole(scratch.path(), &[b'B'; 4096]);
        let reopened = opened.unwrap();
        assert_eq!(rows(&reopened), expected);
        commit(&reopened, b"z", b"1");
        drop(reopened);
        assert_eq!(rows(&Embedded::open(folder.path()).unwrap()).len(), expected.len() + 2);
    }

    #[test]
    fn refuses_an_earlier_entry_with_a_hole() {
        let scratch = Scratch::new();
        let store = Embedded::open(scratch.path()).unwrap();
        commit(&store, b"a", b"the value of a");
        commit(&store, b"b", b"the value of b");
        let (folder, opened) = open_with_hole(scratch.path(), b"value of a");
        assert!(matches!(opened, Err(Error::Damaged(_))), "{opened:?}");
        // The trial left no trace, so that the owner can look, or ask for help.
        let (_, whole) = journal(scratch.path());
        let (_, refused) = journal(folder.path());
        assert_eq!(refused.len(), whole.len());
        assert!(refused.ends_with(&whole[whole.len() / 2..]));
        assert!(matches!(Embedded::open(folder.path()), Err(Error::Damaged(_))));
    }

    #[test]
    fn background_work_keeps_every_row() {
        let scratch = Scratch::new();
        let store = Embedded::open(scratch.path()).unwrap();
        let epoch = store.acquire(P).unwrap();
        let value = |key: u32| key.to_be_bytes().repeat(if key.is_multiple_of(16) { 12 << 10 } else { 64 });
        for group in 0..64_u32 {
            let ops = (0..32)
                .map(|row| group * 32 + row)
                .map(|key| put(Table::Facts, &key.to_be_bytes(), &value(key)));
            assert!(store.commit(vec![batch(P, epoch, ops.collect())]).unwrap()[0].is_ok());
        }
        store.tables.of(Table::Facts).rotate_memtable_and_wait().unwrap();
        let check = |store: &Embedded| {
            for key in (0..64 * 32_u32).step_by(13) {
                assert_eq!(store.get(Table::Facts, &key.to_be_bytes()).unwrap(), Some(value(key)), "{key}");
            }
            assert_eq!(store.range(Range::prefix(Table::Facts, b"")).unwrap().len(), 64 * 32);
        };
        check(&store);
        drop(store);
        check(&Embedded::open(scratch.path()).unwrap());
    }
}
