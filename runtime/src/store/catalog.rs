//! State machines, their revisions, versions and aliases, activities and tags: what executions refer to.
//!
//! Rows of [`Table::Catalog`], JSON for whoever looks; the first byte of a key says what it is.
//! Reads go through a cache, because every start and every step asks; writes are operations that
//! the engine commits, after which the writer tells the cache ([`Catalog::forget`]).
//!
//! A revision is never changed: an execution runs the one it was started with to its end, also
//! when its state machine has been updated or deleted since.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use gradus_core::asl::{self, Definition};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::layout::{self, MachineId};
use super::logging::Logging;
use super::{Error, Op, Range, Store, Table};

/// A state machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Its ARN, unqualified.
    pub arn: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// What tells it from deleted machines of the same name.
    #[serde(with = "machine_id")]
    pub id: MachineId,
    /// `STANDARD` or `EXPRESS`.
    pub kind: String,
    /// When it was created, in milliseconds of the epoch.
    pub created: i64,
    /// Number of the current revision, from 1.
    pub revision: u64,
    /// The number that was last given to a version; numbers are never given twice.
    #[serde(default)]
    pub versions: u64,
    /// How the request that created it wanted it published: what a repetition is compared with.
    #[serde(default)]
    pub created_with: Publish,
}

/// Whether a request publishes a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publish {
    /// Whether it does.
    pub publish: bool,
    /// The version's description.
    pub description: Option<String>,
}

/// A version: a revision under a number of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its number, from 1.
    pub number: u64,
    /// Number of its revision.
    pub revision: u64,
    /// Its description.
    pub description: Option<String>,
    /// When it was published, in milliseconds of the epoch.
    pub created: i64,
}

/// An alias: a name for one or two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Its name.
    pub name: Arc<str>,
    /// Its description.
    pub description: Option<String>,
    /// Where its starts go; the weights add up to 100.
    pub routes: Vec<Route>,
    /// When it was created, in milliseconds of the epoch.
    pub created: i64,
    /// When it was updated last, or else created, in milliseconds of the epoch.
    pub updated: i64,
}

/// One of the versions of an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The version's number.
    pub version: u64,
    /// Number of the version's revision, so that a start needs no other row.
    pub revision: u64,
    /// How many of 100 starts it gets.
    pub weight: u8,
}

impl Alias {
    /// The route of one start, from a number drawn for it; `None` only if the weights fall short of 100.
    pub fn pick(&self, draw: u64) -> Option<&Route> {
        let mut rest = draw % 100;
        self.routes.iter().find(|route| {
            let weight = u64::from(route.weight);
            let is_hit = rest < weight;
            rest = rest.saturating_sub(weight);
            is_hit
        })
    }

    /// Whether starts may go to a version.
    pub fn routes_to(&self, version: u64) -> bool {
        self.routes.iter().any(|route| route.version == version)
    }
}

/// One revision of a state machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// ARN of the state machine.
    pub machine_arn: Arc<str>,
    /// Name of the state machine.
    pub machine_name: Arc<str>,
    /// The state machine.
    #[serde(with = "machine_id")]
    pub machine: MachineId,
    /// Its number, from 1.
    pub number: u64,
    /// Its public id; the first revision has none.
    pub revision_id: Option<String>,
    /// When it was made, in milliseconds of the epoch.
    pub updated: i64,
    /// Whether the state machine is `EXPRESS`, which has rules of its own.
    pub express: bool,
    /// The definition, text verbatim.
    pub definition: Arc<str>,
    /// The role.
    pub role_arn: Arc<str>,
    /// The logging configuration, as the API's JSON.
    pub logging: serde_json::Value,
    /// The tracing configuration, as the API's JSON.
    pub tracing: serde_json::Value,
    /// The encryption configuration, as the API's JSON.
    pub encryption: serde_json::Value,
}

impl Revision {
    /// How executions name the revision that they run.
    pub fn key(&self) -> String {
        revision_key(self.machine, self.number)
    }
}

/// How executions name a revision.
pub fn revision_key(machine: MachineId, number: u64) -> String {
    format!("{:032x}/{number}", machine.0)
}

/// The name of a version's row. Numbers have all their digits, so that rows are in their order.
pub fn version_key(machine: MachineId, number: u64) -> String {
    format!("{:032x}/{number:020}", machine.0)
}

/// The name of an alias's row; also what those of all aliases and versions of a state machine begin
/// with, for an empty alias.
pub fn alias_key(machine: MachineId, alias: &str) -> String {
    format!("{:032x}/{alias}", machine.0)
}

/// A revision with its compiled definition.
#[derive(Debug)]
pub struct Compiled {
    /// The revision.
    pub revision: Revision,
    /// Its definition, compiled.
    pub definition: Arc<Definition>,
    /// What of its executions is logged; `None` for nothing.
    pub logging: Option<Arc<Logging>>,
}

/// An activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// When it was created, in milliseconds of the epoch.
    pub created: i64,
    /// The encryption configuration, as the API's JSON.
    pub encryption: serde_json::Value,
}

/// The tags of a resource, in the order in which they were first set.
pub type Tags = Vec<(String, String)>;

/// What kind of row a key of [`Table::Catalog`] names. The bytes are on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A [`Machine`], by its ARN.
    Machine = b'm',
    /// A [`Revision`], by [`revision_key`].
    Revision = b'r',
    /// An [`Activity`], by its ARN.
    Activity = b'a',
    /// [`Tags`], by the ARN of their resource.
    Tags = b't',
    /// A [`Version`], by [`version_key`].
    Version = b'v',
    /// An [`Alias`], by [`alias_key`].
    Alias = b'l',
    /// The [`Machine`] of this ARN that was deleted last. It counts while executions of it are running.
    Deleting = b'd',
}

/// The key of a row.
pub fn key(kind: Kind, name: &str) -> Vec<u8> {
    [&[kind as u8], name.as_bytes()].concat()
}

/// Writes a row.
pub fn put(kind: Kind, name: &str, value: &impl Serialize) -> Result<Op, Error> {
    let value = serde_json::to_vec(value).map_err(|error| Error::Damaged(error.to_string()))?;
    Ok(Op::Put { table: Table::Catalog, key: key(kind, name), value })
}

/// Removes a row.
pub fn delete(kind: Kind, name: &str) -> Op {
    Op::Delete { table: Table::Catalog, key: key(kind, name) }
}

/// The catalogue as it is on disk, with a cache of what executions ask for.
#[derive(Debug)]
pub struct Catalog<S> {
    store: Arc<S>,
    cache: RwLock<Cache>,
    /// Grows with every change: what was read before a change must not enter the cache after it.
    changes: AtomicU64,
}

#[derive(Debug, Default)]
struct Cache {
    machines: HashMap<Arc<str>, Option<Arc<Machine>>>,
    activities: HashMap<Arc<str>, Option<Arc<Activity>>>,
    revisions: HashMap<Arc<str>, Arc<Compiled>>,
    /// How many bytes the definitions of `revisions` have.
    revision_bytes: usize,
}

/// The most entries of each kind in the cache; a full one begins anew, which costs only reads.
const MAX_CACHED: usize = 4096;

/// The most bytes of definitions in the cache; compiled, they take some times as much.
const MAX_CACHED_BYTES: usize = 32 << 20;

impl<S: Store> Catalog<S> {
    /// The catalogue in `store`.
    pub fn new(store: Arc<S>) -> Catalog<S> {
        Catalog { store, cache: RwLock::default(), changes: AtomicU64::new(0) }
    }

    /// The state machine of this ARN, if there is one.
    pub fn machine(&self, arn: &str) -> Result<Option<Arc<Machine>>, Error> {
        self.cached(arn, Kind::Machine)
    }

    /// The activity of this ARN, if there is one.
    pub fn activity(&self, arn: &str) -> Result<Option<Arc<Activity>>, Error> {
        self.cached(arn, Kind::Activity)
    }

    /// The revision of this key with its compiled definition, if there is one.
    pub fn revision(&self, key: &str) -> Result<Option<Arc<Compiled>>, Error> {
        if let Some(found) = self.read_cache(|cache| cache.revisions.get(key).cloned()) {
            return Ok(Some(found));
        }
        let Some(revision) = self.read::<Revision>(Kind::Revision, key)? else { return Ok(None) };
        let compiled = Arc::new(compile(revision)?);
        // Revisions never change, so no change can come between the read and the cache.
        self.write_cache(|cache| cache.insert_revision(key, &compiled));
        Ok(Some(compiled))
    }

    /// The tags of a resource.
    pub fn tags(&self, arn: &str) -> Result<Tags, Error> {
        Ok(self.read(Kind::Tags, arn)?.unwrap_or_default())
    }

    /// Rows of a kind whose names begin with `prefix`, after the name `after`, by name.
    pub fn list<T: DeserializeOwned>(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<T>, Error> {
        let mut range = Range::prefix(Table::Catalog, &key(kind, prefix)).limit(limit);
        if let Some(after) = after {
            range.from = std::ops::Bound::Excluded(key(kind, after));
        }
        self.store.range(range)?.iter().map(|(_, value)| decode(value)).collect()
    }

    /// The same as [`Catalog::list`] from the last name downwards, before the name `before`.
    pub fn list_last<T: DeserializeOwned>(
        &self,
        kind: Kind,
        prefix: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<T>, Error> {
        let mut range = Range::prefix(Table::Catalog, &key(kind, prefix)).limit(limit).reverse();
        if let Some(before) = before {
            range.to = std::ops::Bound::Excluded(key(kind, before));
        }
        self.store.range(range)?.iter().map(|(_, value)| decode(value)).collect()
    }

    /// How many rows of a kind have names that begin with `prefix`.
    pub fn count(&self, kind: Kind, prefix: &str) -> Result<usize, Error> {
        Ok(self.store.range(Range::prefix(Table::Catalog, &key(kind, prefix)))?.len())
    }

    /// The state machine of this ARN that was deleted while executions of it were running, as long as they are.
    pub fn deleting(&self, arn: &str) -> Result<Option<Arc<Machine>>, Error> {
        let Some(machine) = self.read::<Machine>(Kind::Deleting, arn)? else { return Ok(None) };
        let is_running = self.has_running(machine.id)?;
        // One that has a successor is gone, whatever still runs.
        let is_replaced = self.machine(arn)?.is_some();
        Ok(Some(Arc::new(machine)).filter(|_| is_running && !is_replaced))
    }

    /// Whether an execution of a state machine is running.
    pub fn has_running(&self, machine: MachineId) -> Result<bool, Error> {
        let running = layout::listing_prefix(machine, layout::Status::Running);
        Ok(!self.store.range(Range::prefix(Table::Listing, &running).limit(1))?.is_empty())
    }

    /// Removes all rows of a kind whose names begin with `prefix`.
    pub fn delete_all(&self, kind: Kind, prefix: &str) -> Result<Vec<Op>, Error> {
        let rows = self.store.range(Range::prefix(Table::Catalog, &key(kind, prefix)))?;
        Ok(rows.into_iter().map(|(key, _)| Op::Delete { table: Table::Catalog, key }).collect())
    }

    /// A row as it is on disk.
    pub fn read<T: DeserializeOwned>(&self, kind: Kind, name: &str) -> Result<Option<T>, Error> {
        self.store.get(Table::Catalog, &key(kind, name))?.map(|value| decode(&value)).transpose()
    }

    /// Tells the cache that the resource of this ARN has changed on disk.
    pub fn forget(&self, arn: &str) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.write_cache(|cache| {
            cache.machines.remove(arn);
            cache.activities.remove(arn);
        });
    }

    fn cached<T>(&self, arn: &str, kind: Kind) -> Result<Option<Arc<T>>, Error>
    where
        Cache: Part<T>,
        T: DeserializeOwned,
    {
        if let Some(found) = self.read_cache(|cache| cache.part().get(arn).cloned()) {
            return Ok(found);
        }
        let before = self.changes.load(Ordering::SeqCst);
        let found = self.read(kind, arn)?.map(Arc::new);
        self.write_cache(|cache| {
            if self.changes.load(Ordering::SeqCst) == before {
                insert(cache.part_mut(), arn, found.clone());
            }
        });
        Ok(found)
    }

    fn read_cache<T>(&self, read: impl FnOnce(&Cache) -> T) -> T {
        read(&self.cache.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn write_cache<T>(&self, write: impl FnOnce(&mut Cache) -> T) -> T {
        write(&mut self.cache.write().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Cache {
    fn insert_revision(&mut self, key: &str, compiled: &Arc<Compiled>) {
        // What two have read at once is counted twice, which does no harm.
        let bytes = self.revision_bytes + compiled.revision.definition.len();
        if bytes > MAX_CACHED_BYTES || self.revisions.len() >= MAX_CACHED {
            self.revisions.clear();
            self.revision_bytes = 0;
        }
        self.revision_bytes += compiled.revision.definition.len();
        self.revisions.insert(key.into(), compiled.clone());
    }
}

/// Which part of the cache holds a kind of value.
trait Part<T> {
    fn part(&self) -> &HashMap<Arc<str>, Option<Arc<T>>>;
    fn part_mut(&mut self) -> &mut HashMap<Arc<str>, Option<Arc<T>>>;
}

impl Part<Machine> for Cache {
    fn part(&self) -> &HashMap<Arc<str>, Option<Arc<Machine>>> {
        &self.machines
    }

    fn part_mut(&mut self) -> &mut HashMap<Arc<str>, Option<Arc<Machine>>> {
        &mut self.machines
    }
}

impl Part<Activity> for Cache {
    fn part(&self) -> &HashMap<Arc<str>, Option<Arc<Activity>>> {
        &self.activities
    }

    fn part_mut(&mut self) -> &mut HashMap<Arc<str>, Option<Arc<Activity>>> {
        &mut self.activities
    }
}

fn insert<T>(map: &mut HashMap<Arc<str>, T>, key: &str, value: T) {
    if map.len() >= MAX_CACHED {
        map.clear();
    }
    map.insert(key.into(), value);
}

/// A revision was valid when it was stored; a parser that no longer takes it must say so.
fn compile(revision: Revision) -> Result<Compiled, Error> {
    let parsed = asl::parse(&revision.definition, asl::Options { express: revision.express });
    let logging = Logging::of(&revision.logging).map(Arc::new);
    match parsed.definition {
        Some(definition) => Ok(Compiled { definition, logging, revision }),
        None => Err(Error::Damaged(format!("revision `{}` does not compile any more", revision.key()))),
    }
}

fn decode<T: DeserializeOwned>(value: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(value).map_err(|error| Error::Damaged(format!("a row of the catalogue: {error}")))
}

mod machine_id {
    use super::MachineId;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(id: &MachineId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", id.0))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MachineId, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(MachineId).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::Memory;
    use super::super::{Batch, PartitionId};
    use super::*;

    fn alias(weights: &[u8]) -> Alias {
        let routes =
            (1..).zip(weights).map(|(version, weight)| Route { version, revision: 1, weight: *weight });
        Alias { name: "a".into(), description: None, routes: routes.collect(), created: 0, updated: 0 }
    }

    #[test]
    fn a_draw_picks_by_weight() {
        for (weights, draw, expected) in [
            (&[100][..], 0, Some(1)),
            (&[100], u64::MAX, Some(1)),
            (&[70, 30], 69, Some(1)),
            (&[70, 30], 70, Some(2)),
            (&[70, 30], 199, Some(2)),
            (&[0, 100], 0, Some(2)),
            (&[100, 0], 99, Some(1)),
            (&[70, 29], 99, None),
            (&[], 0, None),
        ] {
            let picked = alias(weights).pick(draw).map(|route| route.version);
            assert_eq!(picked, expected, "{weights:?} {draw}");
        }
        let picks =
            (0..100).filter(|draw| alias(&[7, 93]).pick(*draw).is_some_and(|route| route.version == 1));
        assert_eq!(picks.count(), 7);
    }

    #[test]
    fn large_definitions_do_not_fill_the_memory() {
        let store = Arc::new(Memory::new());
        let comment = "x".repeat(1_000_000);
        let definition =
            format!(r#"{{"Comment":"{comment}","StartAt":"A","States":{{"A":{{"Type":"Succeed"}}}}}}"#);
        let mut revision = Revision {
            machine_arn: "arn".into(),
            machine_name: "m".into(),
            machine: MachineId(7),
            number: 0,
            revision_id: None,
            updated: 0,
            express: false,
            definition: definition.into(),
            role_arn: "role".into(),
            logging: serde_json::Value::Null,
            tracing: serde_json::Value::Null,
            encryption: serde_json::Value::Null,
        };
        let catalog = Catalog::new(store.clone());
        let partition = PartitionId(0);
        let epoch = store.acquire(partition).unwrap();
        for number in 0..50 {
            revision.number = number;
            let ops = vec![put(Kind::Revision, &revision.key(), &revision).unwrap()];
            assert!(store.commit(vec![Batch { partition, epoch, ops }]).unwrap()[0].is_ok());
            let found = catalog.revision(&revision.key()).unwrap().unwrap();
            assert_eq!(found.revision, revision);
            let held = |cache: &Cache| -> usize {
                cache.revisions.values().map(|compiled| compiled.revision.definition.len()).sum()
            };
            assert!((1..=MAX_CACHED_BYTES).contains(&catalog.read_cache(held)));
        }
    }

    #[test]
    fn keys_of_versions_are_in_their_order() {
        let keys = [1, 2, 9, 10, 99, 100, u64::MAX].map(|number| version_key(MachineId(7), number));
        assert!(keys.is_sorted());
        assert!(keys.iter().all(|key| key.starts_with(&alias_key(MachineId(7), ""))));
    }

    #[test]
    fn a_machine_of_before_versions_is_read() {
        let row = br#"{"arn":"a","name":"n","id":"00000000000000000000000000000007","kind":"STANDARD","created":1,"revision":2}"#;
        let machine: Machine = decode(row).unwrap();
        assert_eq!((machine.versions, machine.created_with), (0, Publish::default()));
    }
}
