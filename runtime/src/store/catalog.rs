//! State machines, their revisions, activities and tags: what executions refer to.
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

use super::layout::MachineId;
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

/// A revision with its compiled definition.
#[derive(Debug)]
pub struct Compiled {
    /// The revision.
    pub revision: Revision,
    /// Its definition, compiled.
    pub definition: Arc<Definition>,
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
}

/// The most entries of each kind in the cache; a full one begins anew, which costs only reads.
const MAX_CACHED: usize = 4096;

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
        self.write_cache(|cache| insert(&mut cache.revisions, key, compiled.clone()));
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
    match parsed.definition {
        Some(definition) => Ok(Compiled { definition, revision }),
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
