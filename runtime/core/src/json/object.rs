//! [`Object`]: members in their order, found by looking at each while they are few, and by an index beyond that.

use std::{collections::HashMap, slice, sync::Arc};

use super::{Value, value::dismantle};

/// So many keys are compared faster than one is hashed.
const FEW: usize = 16;

/// The members of a JSON object, in insertion order. Equality ignores the order.
#[derive(Clone, Default, Debug)]
pub struct Object {
    /// Invariant: no two keys are equal.
    members: Vec<(Arc<str>, Value)>,
    /// Where each key stands; there from more than [`FEW`] members on.
    index: Option<HashMap<Arc<str>, usize>>,
}

impl Object {
    /// An object without members.
    pub fn new() -> Object {
        Object::default()
    }

    /// An object without members, with room for `members`.
    pub fn with_capacity(members: usize) -> Object {
        Object { members: Vec::with_capacity(members), index: None }
    }

    /// An object of members in their order. Of equal keys the last value wins, at the first one's place.
    pub(super) fn from_members(members: Vec<(Arc<str>, Value)>) -> Object {
        let known = |at: usize, key: &str| members.iter().take(at).any(|(known, _)| **known == *key);
        if members.len() <= FEW && !members.iter().enumerate().any(|(at, (key, _))| known(at, key)) {
            return Object { members, index: None };
        }
        members.into_iter().collect()
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether it has no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match &self.index {
            None => self.members.iter().find(|(known, _)| **known == *key).map(|(_, value)| value),
            Some(index) => index.get(key).and_then(|at| self.members.get(*at)).map(|(_, value)| value),
        }
    }

    /// The value of `key`, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let at = self.position(key)?;
        self.members.get_mut(at).map(|(_, value)| value)
    }

    /// Whether `key` is there.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Sets `key` and gives its former value. A key that was there keeps its place, a new one goes last.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        match self.get_mut(&key) {
            Some(old) => Some(std::mem::replace(old, value)),
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
            self.members.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "the key has just been found or put there")]
        &mut self.members[at].1
    }

    /// Takes `key` out. The others keep their order, so this is linear.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.position(key)?;
        let (_, value) = self.members.remove(at);
        self.index = (self.members.len() > FEW).then(|| index_of(&self.members));
        Some(value)
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> Members<'_> {
        Members(self.members.iter())
    }

    /// Keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Arc<str>> + ExactSizeIterator {
        self.members.iter().map(|(key, _)| key)
    }

    /// Values, in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.members.iter().map(|(_, value)| value)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.members.iter_mut().map(|(_, value)| value)
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            None => self.members.iter().position(|(known, _)| **known == *key),
            Some(index) => index.get(key).copied(),
        }
    }

    /// Adds a member whose key is new.
    fn push(&mut self, key: Arc<str>, value: Value) {
        if let Some(index) = &mut self.index {
            index.insert(Arc::clone(&key), self.members.len());
        }
        self.members.push((key, value));
        if self.index.is_none() && self.members.len() > FEW {
            self.index = Some(index_of(&self.members));
        }
    }
}

fn index_of(members: &[(Arc<str>, Value)]) -> HashMap<Arc<str>, usize> {
    members.iter().enumerate().map(|(at, (key, _))| (Arc::clone(key), at)).collect()
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
pub struct Members<'a>(slice::Iter<'a, (Arc<str>, Value)>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a Arc<str>, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for Members<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, value)| (key, value))
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
