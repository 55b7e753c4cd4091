//! [`Object`]: members in their order, found by looking at each while they are few, and by an index beyond that.

use std::{collections::HashMap, iter::Zip, mem, ops::Deref, slice, sync::Arc};

use super::{Value, value::dismantle};

/// So many keys are compared faster than one is hashed.
const FEW: usize = 16;

/// The members of a JSON object, in insertion order. Equality ignores the order.
#[derive(Clone, Default, Debug)]
pub struct Object {
    /// Invariant: no two keys are equal, and there are as many as values.
    keys: Keys,
    values: Vec<Value>,
    /// There from more than [`FEW`] members on; behind a pointer, so that the many small objects stay small.
    index: Option<Box<Index>>,
}

/// Where each key stands.
#[derive(Clone, Debug)]
struct Index(HashMap<Arc<str>, usize>);

/// Keys in their order. Most objects of a text have the keys of another one there, and share them.
#[derive(Clone, Debug)]
enum Keys {
    Own(Vec<Arc<str>>),
    Shared(Arc<[Arc<str>]>),
}

impl Object {
    /// An object without members.
    pub fn new() -> Object {
        Object::default()
    }

    /// An object without members, with room for `members`.
    pub fn with_capacity(members: usize) -> Object {
        Object {
            keys: Keys::Own(Vec::with_capacity(members)),
            values: Vec::with_capacity(members),
            index: None,
        }
    }

    /// An object of keys that are [`distinct`](Object::distinct), and as many values.
    pub(super) fn from_own(keys: Vec<Arc<str>>, values: Vec<Value>) -> Object {
        debug_assert_eq!(keys.len(), values.len());
        Object { keys: Keys::Own(keys), values, index: None }
    }

    /// An object of keys that other objects have too, no two of them equal, and as many values.
    pub(crate) fn from_shared(keys: Arc<[Arc<str>]>, values: Vec<Value>) -> Object {
        debug_assert_eq!(keys.len(), values.len());
        let index = (keys.len() > FEW).then(|| index_of(&keys));
        Object { keys: Keys::Shared(keys), values, index }
    }

    /// Whether keys need neither an index nor a closer look: they are few, and no two are equal.
    pub(crate) fn distinct(keys: &[Arc<str>]) -> bool {
        let known = |at: usize, key: &str| keys.iter().take(at).any(|known| same_key(known, key));
        keys.len() <= FEW && !keys.iter().enumerate().any(|(at, key)| known(at, key))
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(self.position(key)?)
    }

    /// The value of `key`, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = self.position(key)?;
        self.values.get_mut(at)
    }

    /// Whether `key` is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Sets `key` and gives its former value. A key that was there keeps its place, a new one goes last.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.get_mut(&key) {
            Some(old) => Some(mem::replace(old, value)),
            None => {
                self.push(key, value);
                None
            }
        }
    }

    /// The value of `key`, to be changed. A new key goes last, with `null`.
    pub fn entry_or_null(&mut self, key: &Arc<str>) -> &mut Value {
        let at = self.position(key).unwrap_or_else(|| {
            self.push(Arc::clone(key), Value::Null);
            self.values.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the key has just been found or put there")]
        &mut self.values[at]
    }

    /// Takes `key` out. The others keep their order, so this is linear.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        self.keys.change(|keys| keys.remove(at));
        let value = self.values.remove(at);
        self.index = (self.values.len() > FEW).then(|| index_of(&self.keys));
        Some(value)
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> Members<'_> {
        Members(self.keys.iter().zip(self.values.iter()))
    }

    /// Keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Arc<str>> + ExactSizeIterator {
        self.keys.iter()
    }

    /// Values, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.values.iter()
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.values.iter_mut()
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            None => self.keys.iter().position(|known| same_key(known, key)),
            Some(index) => index.0.get(key).copied(),
        }
    }

    /// Adds a member whose key is new.
    fn push(&mut self, key: Arc<str>, value: Value) {
        if let Some(index) = &mut self.index {
            index.0.insert(Arc::clone(&key), self.values.len());
        }
        self.keys.change(|keys| keys.push(key));
        self.values.push(value);
        if self.index.is_none() && self.values.len() > FEW {
            self.index = Some(index_of(&self.keys));
        }
    }
}

impl Keys {
    /// Changes the keys, which from then on belong to one object alone.
    fn change<T>(&mut self, change: impl FnOnce(&mut Vec<Arc<str>>) -> T) -> T {
        let mut keys = match mem::take(self) {
            Keys::Own(keys) => keys,
            Keys::Shared(keys) => keys.to_vec(),
        };
        let result = change(&mut keys);
        *self = Keys::Own(keys);
        result
    }
}

impl Deref for Keys {
    type Target = [Arc<str>];

    fn deref(&self) -> &[Arc<str>] {
        match self {
            Keys::Own(keys) => keys,
            Keys::Shared(keys) => keys,
        }
    }
}

impl Default for Keys {
    fn default() -> Keys {
        Keys::Own(Vec::new())
    }
}

/// Whether two keys are equal. Most keys are short, and many of one length.
pub(super) fn same_key(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    left.len() == right.len()
        && match left.len() {
            0..4 => left.iter().eq(right),
            4..8 => {
                left.first_chunk::<4>() == right.first_chunk::<4>()
                    && left.last_chunk::<4>() == right.last_chunk::<4>()
            }
            8..17 => {
                left.first_chunk::<8>() == right.first_chunk::<8>()
                    && left.last_chunk::<8>() == right.last_chunk::<8>()
            }
            _ => left == right,
        }
}

fn index_of(keys: &[Arc<str>]) -> Box<Index> {
    Box::new(Index(keys.iter().enumerate().map(|(at, key)| (Arc::clone(key), at)).collect()))
}

/// Looks for a key in one object after the other, of which many have the same keys.
pub(crate) struct Lookup<'k, 'o> {
    key: &'k str,
    /// The keys of the last object that shares its own.
    last: Option<&'o Arc<[Arc<str>]>>,
    /// Where the key stands in them.
    at: Option<usize>,
}

impl<'k, 'o> Lookup<'k, 'o> {
    pub(crate) fn new(key: &'k str) -> Lookup<'k, 'o> {
        Lookup { key, last: None, at: None }
    }

    /// The value of the key in this object.
    pub(crate) fn get(&mut self, object: &'o Object) -> Option<&'o Value> {
        let Keys::Shared(keys) = &object.keys else { return object.get(self.key) };
        if !self.last.is_some_and(|last| Arc::ptr_eq(last, keys)) {
            self.last = Some(keys);
            self.at = object.position(self.key);
        }
        object.values.get(self.at?)
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Object) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<K: Into<Arc<str>>, V: Into<Value>> FromIterator<(K, V)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(members: I) -> Object {
        let members = members.into_iter();
        let mut object = Object::with_capacity(members.size_hint().0);
        for (key, value) in members {
            object.insert(key, value);
        }
        object
    }
}

/// Keys and values of an [`Object`], in order.
#[derive(Clone, Debug)]
pub struct Members<'a>(Zip<slice::Iter<'a, Arc<str>>, slice::Iter<'a, Value>>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a Arc<str>, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Members<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back()
    }
}

impl ExactSizeIterator for Members<'_> {}

impl<'a> IntoIterator for &'a Object {
    type Item = (&'a Arc<str>, &'a Value);
    type IntoIter = Members<'a>;

    fn into_iter(self) -> Members<'a> {
        self.iter()
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        dismantle(self.values_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn few_and_many_members_behave_alike() {
        for count in [0, 1, FEW - 1, FEW, FEW + 1, 100] {
            let mut object: Object = (0..count).map(|number| (format!("k{number}"), number as i64)).collect();
            assert_eq!(object.len(), count);
            for number in 0..count {
                assert_eq!(object.get(&format!("k{number}")), Some(&Value::from(number as i64)));
            }
            assert_eq!(object.get("none"), None);
            assert_eq!(object.insert("new", true), None);
            assert_eq!(object.insert("new", 1), Some(Value::from(true)));
            *object.entry_or_null(&Arc::from("newer")) = Value::from(2);
            assert_eq!(object.entry_or_null(&Arc::from("new")), &Value::from(1));
            assert_eq!(object.keys().next_back().map(|key| &**key), Some("newer"));
            let other = object.clone();
            assert_eq!(object.remove("new"), Some(Value::from(1)));
            assert_eq!(object.remove("new"), None);
            assert_ne!(object, other);
            assert_eq!(object.get("newer"), Some(&Value::from(2)));
            object.insert("new", 1);
            // The order does not count.
            assert_eq!(object, other);
            let text = Value::from(object.clone()).to_string();
            assert_eq!(parse(&text).unwrap(), Value::from(object));
        }
    }

    #[test]
    fn keys_are_shared_and_changed_alone() {
        let same = r#"{"a":1,"b":2},"#.repeat(10);
        let rest = r#"{"a":5,"b":6,"c":7},{"a":8},{"a":9,"c":0},{"\u0061":1,"b":2},{},{"a":1,"a":2}"#;
        let mut array = parse(&format!("[{same}{rest}]")).unwrap();
        let rest = rest.replace("\\u0061", "a").replace(r#""a":1,"a":2"#, r#""a":2"#);
        assert_eq!(array.to_string(), format!("[{same}{rest}]"));
        let objects: Vec<&Object> = array.as_array().unwrap().iter().filter_map(Value::as_object).collect();
        let keys = |at: usize| objects[at].keys.as_ptr();
        assert_eq!(keys(8), keys(9));
        for key in ["a", "b", "c", "d"] {
            let mut lookup = Lookup::new(key);
            let found: Vec<_> = objects.iter().map(|object| lookup.get(object)).collect();
            assert_eq!(found, objects.iter().map(|object| object.get(key)).collect::<Vec<_>>());
        }
        assert_ne!(keys(9), keys(10));
        let Value::Array(items) = &mut array else { panic!("an array") };
        let Some(Value::Object(ninth)) = Arc::get_mut(items).unwrap().get_mut(8) else { panic!("an object") };
        let ninth = Arc::get_mut(ninth).unwrap();
        ninth.insert("c", 5);
        ninth.remove("a");
        ninth.insert("b", "x");
        let changed = array.to_string();
        assert!(changed.contains(r#"{"a":1,"b":2},{"b":"x","c":5},{"a":1,"b":2},{"a":5,"#), "{changed}");
    }

    #[test]
    fn equal_keys_are_equal() {
        let text = "abcdefghijklmnopqrstuvwxyz";
        for length in 0..text.len() {
            let key = &text[..length];
            assert!(same_key(key, &String::from(key)));
            assert!(!same_key(key, &text[..length + 1]));
            for at in 0..length {
                let mut other = key.to_owned();
                other.replace_range(at..=at, "-");
                assert!(!same_key(key, &other), "{key} {other}");
            }
        }
    }

    #[test]
    fn of_equal_keys_the_last_wins_at_the_place_of_the_first() {
        let many: String = (0..50).map(|number| format!("\"k{number}\":0,")).collect();
        for (text, printed) in [
            (r#"{"a":1,"b":2,"a":3}"#.to_owned(), r#"{"a":3,"b":2}"#.to_owned()),
            (
                format!("{{{many}\"k0\":1}}"),
                format!("{{{}}}", many.trim_end_matches(',')).replacen(":0", ":1", 1),
            ),
        ] {
            assert_eq!(parse(&text).unwrap().to_string(), printed);
        }
    }
}
