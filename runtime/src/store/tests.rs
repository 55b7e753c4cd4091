//! What every store must do, run over each of them; and that they answer alike.

use super::embedded::Embedded;
use super::memory::{Disk, Memory};
use super::*;
use proptest::prelude::*;
use std::ops::Bound::{Excluded, Included, Unbounded};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const P: PartitionId = PartitionId(7);

/// A folder of its own for a test, removed at its end.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Scratch {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("gradus-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Scratch(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn put(table: Table, key: &[u8], value: &[u8]) -> Op {
    Op::Put { table, key: key.to_vec(), value: value.to_vec() }
}

pub(super) fn delete(table: Table, key: &[u8]) -> Op {
    Op::Delete { table, key: key.to_vec() }
}

pub(super) fn batch(partition: PartitionId, epoch: Epoch, ops: Vec<Op>) -> Batch {
    Batch { partition, epoch, ops }
}

/// Every row of the store, table by table.
pub(super) fn rows(store: &impl Store) -> Vec<(Table, Row)> {
    let of = |table| store.range(Range::prefix(table, &[])).unwrap().into_iter().map(move |row| (table, row));
    // What a store keeps of its own in the table is not part of the comparison.
    Table::ALL.into_iter().flat_map(of).filter(|(_, (key, _))| key != b"epoch").collect()
}

/// Commits one batch of partition [`P`] and expects it to be taken.
fn commit(store: &impl Store, ops: Vec<Op>) {
    let epoch = store.acquire(P).unwrap();
    let answers = store.commit(vec![batch(P, epoch, ops)]).unwrap();
    assert!(matches!(answers[..], [Ok(_)]));
}

/// Runs the suite. `open` gives the store of a name: an empty one the first time, later the same.
fn check_store<S: Store>(open: impl Fn(&str) -> S) {
    points(&open("points"));
    ranges(&open("ranges"));
    order(&open("order"));
    fencing(&open("fencing"));
    reopening(&open);
    latching(&open);
    tables(&open("tables"));
}

fn points(store: &impl Store) {
    assert_eq!(store.get(Table::Facts, b"a").unwrap(), None);
    commit(store, vec![put(Table::Facts, b"a", b"1"), put(Table::Facts, b"b", b"")]);
    assert_eq!(store.get(Table::Facts, b"a").unwrap(), Some(b"1".to_vec()));
    assert_eq!(store.get(Table::Facts, b"b").unwrap(), Some(Vec::new()));
    commit(
        store,
        vec![put(Table::Facts, b"a", b"2"), delete(Table::Facts, b"b"), delete(Table::Facts, b"none")],
    );
    assert_eq!(store.get(Table::Facts, b"a").unwrap(), Some(b"2".to_vec()));
    assert_eq!(store.get(Table::Facts, b"b").unwrap(), None);
    let large = vec![5; 1 << 20];
    commit(store, vec![put(Table::Facts, &[9; MAX_KEY], &large)]);
    assert_eq!(store.get(Table::Facts, &[9; MAX_KEY]).unwrap(), Some(large));
}

fn tables(store: &impl Store) {
    let ops = Table::ALL.map(|table| put(table, b"key", &[table as u8]));
    commit(store, ops.to_vec());
    for table in Table::ALL {
        assert_eq!(store.get(table, b"key").unwrap(), Some(vec![table as u8]), "{table:?}");
    }
    commit(store, vec![delete(Table::Names, b"key")]);
    assert_eq!(rows(store).len(), Table::ALL.len() - 1);
}

fn ranges(store: &impl Store) {
    let keys: [&[u8]; 6] = [b"a", b"b", b"b\x00", b"b\xff", b"c", b"\xff\xff"];
    commit(store, keys.map(|key| put(Table::Timers, key, key)).to_vec());
    commit(store, vec![put(Table::Queue, b"b", b"of another table")]);
    let key = |text: &str| text.as_bytes().to_vec();
    let range = |from, to| Range { table: Table::Timers, from, to, reverse: false, limit: usize::MAX };
    let cases: Vec<(Range, &[usize])> = vec![
        (range(Unbounded, Unbounded), &[0, 1, 2, 3, 4, 5]),
        (range(Unbounded, Unbounded).limit(2), &[0, 1]),
        (range(Unbounded, Unbounded).limit(0), &[]),
        (range(Included(key("b")), Included(key("c"))), &[1, 2, 3, 4]),
        (range(Included(key("b")), Excluded(key("c"))), &[1, 2, 3]),
        (range(Excluded(key("b")), Excluded(key("c"))), &[2, 3]),
        (range(Excluded(key("b")), Unbounded).limit(1), &[2]),
        (range(Unbounded, Excluded(key("b"))), &[0]),
        (range(Included(key("b")), Included(key("b"))), &[1]),
        (range(Included(key("b")), Excluded(key("b"))), &[]),
        (range(Excluded(key("b")), Excluded(key("b"))), &[]),
        (range(Included(key("c")), Included(key("a"))), &[]),
        (range(Excluded(key("c")), Unbounded), &[5]),
        (Range::prefix(Table::Timers, b"b"), &[1, 2, 3]),
        (Range::prefix(Table::Timers, b"b").limit(2), &[1, 2]),
        (Range::prefix(Table::Timers, b"\xff"), &[5]),
        (Range::prefix(Table::Timers, b"d"), &[]),
        (Range::prefix(Table::Names, b""), &[]),
    ];
    for (range, expected) in cases {
        let rows = |range: Range| -> Vec<Vec<u8>> {
            store
                .range(range)
                .unwrap()
                .into_iter()
                .inspect(|(key, value)| assert_eq!(key, value))
                .map(|row| row.0)
                .collect()
        };
        let expected: Vec<Vec<u8>> = expected.iter().map(|at| keys[*at].to_vec()).collect();
        assert_eq!(rows(range.clone()), expected, "{range:?}");
        let whole = rows(range.clone().limit(usize::MAX));
        let down: Vec<_> = whole.into_iter().rev().take(range.limit).collect();
        assert_eq!(rows(range.clone().reverse()), down, "{range:?}, reversed");
    }
}

fn order(store: &impl Store) {
    let of = |key: &[u8], value: &[u8]| put(Table::Listing, key, value);
    commit(store, vec![of(b"a", b"1"), of(b"a", b"2"), delete(Table::Listing, b"b"), of(b"b", b"1")]);
    commit(store, vec![of(b"c", b"1"), delete(Table::Listing, b"c")]);
    assert_eq!(store.get(Table::Listing, b"a").unwrap(), Some(b"2".to_vec()));
    assert_eq!(store.get(Table::Listing, b"b").unwrap(), Some(b"1".to_vec()));
    assert_eq!(store.get(Table::Listing, b"c").unwrap(), None);
    let epoch = store.acquire(P).unwrap();
    let next = |ops| batch(P, epoch, ops);
    let batches = vec![
        next(vec![of(b"a", b"3"), of(b"d", b"1")]),
        next(vec![delete(Table::Listing, b"a"), of(b"e", b"1")]),
        next(vec![of(b"a", b"4"), delete(Table::Listing, b"d")]),
        next(vec![]),
    ];
    assert!(store.commit(batches).unwrap().iter().all(Result::is_ok));
    let row = |key: &[u8], value: &[u8]| (key.to_vec(), value.to_vec());
    let expected = [row(b"a", b"4"), row(b"b", b"1"), row(b"e", b"1")];
    assert_eq!(store.range(Range::prefix(Table::Listing, b"")).unwrap(), expected);
    assert!(store.commit(Vec::new()).unwrap().is_empty());
}

fn fencing(store: &impl Store) {
    let (other, unowned) = (PartitionId(8), PartitionId(9));
    let first = store.acquire(P).unwrap();
    let second = store.acquire(P).unwrap();
    let of_other = store.acquire(other).unwrap();
    assert!(first < second);
    let row = |key: &[u8]| vec![put(Table::Facts, key, b"1")];
    let answers = store
        .commit(vec![
            batch(P, first, row(b"stale")),
            batch(P, second, row(b"current")),
            batch(other, of_other, row(b"other")),
            batch(unowned, second, row(b"unowned")),
            batch(P, Epoch(second.0 + 1), row(b"of the future")),
            batch(P, second, row(b"last")),
        ])
        .unwrap();
    let taken: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(taken, [false, true, true, false, false, true]);
    assert!(
        answers.iter().filter_map(|answer| answer.as_ref().err()).all(|error| *error == Rejected::Fenced)
    );
    let keys: Vec<_> = rows(store).into_iter().map(|(_, (key, _))| key).collect();
    assert_eq!(keys, [&b"current"[..], b"last", b"other"]);
}

fn reopening<S: Store>(open: impl Fn(&str) -> S) {
    let mut last = Epoch(0);
    let mut expected = Vec::new();
    for round in 0..3_u8 {
        let store = open("reopening");
        assert_eq!(rows(&store), expected, "round {round}");
        let check_stale = || {
            let answers = store.commit(vec![batch(P, last, vec![put(Table::Facts, b"stale", b"")])]).unwrap();
            assert!(matches!(answers[..], [Err(Rejected::Fenced)]), "round {round}");
        };
        check_stale();
        let epoch = store.acquire(P).unwrap();
        assert!(epoch > last, "round {round}: {epoch:?} after {last:?}");
        check_stale();
        commit(&store, vec![put(Table::Facts, &[round], b"1"), put(Table::Queue, b"round", &[round])]);
        commit(&store, vec![delete(Table::Facts, &[round.wrapping_sub(2)])]);
        last = store.acquire(P).unwrap();
        expected = rows(&store);
    }
    assert_eq!(expected.len(), 3);
}

fn latching<S: Store>(open: impl Fn(&str) -> S) {
    for (name, key) in [("long key", vec![0; MAX_KEY + 1]), ("empty key", Vec::new())] {
        let store = open(name);
        commit(&store, vec![put(Table::Facts, b"a", b"1")]);
        let epoch = store.acquire(P).unwrap();
        let good = || batch(P, epoch, vec![put(Table::Facts, b"b", b"1")]);
        let bad = batch(P, epoch, vec![put(Table::Facts, &key, b"1")]);
        assert!(matches!(store.commit(vec![good(), bad]), Err(Error::Io(_))), "{name}");
        assert!(matches!(store.commit(vec![good()]), Err(Error::Latched(_))), "{name}");
        assert!(matches!(store.acquire(P), Err(Error::Latched(_))), "{name}");
        assert!(matches!(store.get(Table::Facts, b"a"), Err(Error::Latched(_))), "{name}");
        assert!(matches!(store.range(Range::prefix(Table::Facts, b"")), Err(Error::Latched(_))), "{name}");
    }
}

#[test]
fn memory_is_a_store() {
    let disks = std::cell::RefCell::new(std::collections::BTreeMap::<String, Disk>::new());
    check_store(|name| Memory::open(disks.borrow_mut().entry(name.to_owned()).or_default().clone()));
}

#[test]
fn memory_without_a_log_is_a_store_but_for_reopening() {
    points(&Memory::new());
    ranges(&Memory::new());
    order(&Memory::new());
    fencing(&Memory::new());
    latching(|_| Memory::new());
    tables(&Memory::new());
}

#[test]
fn embedded_is_a_store() {
    let scratch = Scratch::new();
    check_store(|name| Embedded::open(&scratch.path().join(name)).unwrap());
}

#[test]
fn prefixes_have_successors() {
    let cases: [(&[u8], Option<&[u8]>); 5] = [
        (b"", None),
        (b"a", Some(b"b")),
        (b"a\xff", Some(b"b")),
        (b"\xff\xff", None),
        (b"a\x00", Some(b"a\x01")),
    ];
    for (prefix, expected) in cases {
        assert_eq!(successor(prefix).as_deref(), expected, "{prefix:?}");
    }
}

/// One thing to do to both stores.
#[derive(Clone, Debug)]
enum Act {
    Commit(Vec<(u8, Vec<Op>)>),
    Acquire(u8),
    Read(Range),
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(255)], 1..4)
}

fn table() -> impl Strategy<Value = Table> {
    prop_oneof![Just(Table::Facts), Just(Table::Timers)]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (table(), key(), key()).prop_map(|(table, key, value)| Op::Put { table, key, value }),
        1 => (table(), key()).prop_map(|(table, key)| Op::Delete { table, key }),
    ]
}

fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![key().prop_map(Included), key().prop_map(Excluded), Just(Unbounded)]
}

fn act() -> impl Strategy<Value = Act> {
    let batch = (0..3_u8, proptest::collection::vec(op(), 0..6));
    let range = (table(), bound(), bound(), any::<bool>(), 0..6_usize)
        .prop_map(|(table, from, to, reverse, limit)| Range { table, from, to, reverse, limit });
    prop_oneof![
        3 => proptest::collection::vec(batch, 0..4).prop_map(Act::Commit),
        1 => (0..3_u8).prop_map(Act::Acquire),
        3 => range.prop_map(Act::Read),
    ]
}

/// Does one act; the answer as text, without epochs, which differ between stores.
fn perform(store: &impl Store, owned: &mut [Epoch; 3], act: &Act) -> String {
    match act {
        Act::Acquire(partition) => {
            owned[usize::from(*partition)] = store.acquire(PartitionId(u16::from(*partition))).unwrap();
            String::new()
        }
        Act::Commit(batches) => {
            let of = |(partition, ops): &(u8, Vec<Op>)| {
                batch(PartitionId(u16::from(*partition)), owned[usize::from(*partition)], ops.clone())
            };
            format!("{:?}", store.commit(batches.iter().map(of).collect()).unwrap())
        }
        Act::Read(range) => format!("{:?}", store.range(range.clone()).unwrap()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stores_answer_alike(acts in proptest::collection::vec(act(), 1..60)) {
        let (scratch, disk) = (Scratch::new(), Disk::new());
        let (memory, embedded) = (Memory::open(disk.clone()), Embedded::open(scratch.path()).unwrap());
        let (mut in_memory, mut in_embedded) = ([Epoch(0); 3], [Epoch(0); 3]);
        for act in &acts {
            let expected = perform(&memory, &mut in_memory, act);
            prop_assert_eq!(perform(&embedded, &mut in_embedded, act), expected, "{:?}", act);
        }
        let expected = rows(&memory);
        prop_assert_eq!(&rows(&embedded), &expected);
        drop((memory, embedded));
        prop_assert_eq!(&rows(&Memory::open(disk)), &expected);
        prop_assert_eq!(&rows(&Embedded::open(scratch.path()).unwrap()), &expected);
    }
}
