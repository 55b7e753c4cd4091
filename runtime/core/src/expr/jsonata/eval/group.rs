//! What constructs: arrays, objects, groups.

use std::{rc::Rc, sync::Arc};

use indexmap::{IndexMap, map::Entry};

use crate::json::Value;

use super::{
    super::{
        ast::{Group, Node},
        error::{Fault, Result},
        value::{Marks, Tuple, Val},
    },
    Evaluator,
    tuple::set_binding,
};

/// What a group takes while it is gathered.
const GROUP_BYTES: usize = 160;

/// The items that share a key, and which pair of the group has claimed it.
struct Members<'e> {
    pair: usize,
    data: Vec<Val<'e>>,
    /// Whether `data` is one item that came alone, which may itself be an array.
    alone: bool,
}

impl<'e> Evaluator<'e> {
    pub(super) fn array(
        &mut self,
        items: &'e [Node],
        cons: bool,
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        let mut results = Vec::new();
        for item in items {
            let value = self.eval(item, input, frame)?;
            match value.elements() {
                // A nested constructor stays nested; all else is appended.
                Some(inner) if !item.is_array() => {
                    self.steps_of(inner.len() / 2)?;
                    if results.is_empty() {
                        self.room(inner.len())?;
                        results = inner.iter().collect();
                    } else {
                        for item in inner.iter() {
                            self.push(&mut results, item)?;
                        }
                    }
                }
                _ if value.is_undefined() => {}
                _ => self.push(&mut results, value)?,
            }
        }
        self.list(results, Marks { cons, ..Marks::default() })
    }

    /// An object constructor. Where the keys are plain to see and there is one context, nothing is to be grouped.
    pub(super) fn object(&mut self, group: &'e Group, input: &Val<'e>, frame: usize) -> Result<Val<'e>> {
        let keys = match &group.literal {
            Some(keys) if !input.is_array() && !matches!(input, Val::Tuple(_)) => keys,
            _ => return self.group(group, input.clone(), frame),
        };
        let mut values = Vec::with_capacity(keys.len());
        for (_, value) in &group.pairs {
            let mark = self.mark();
            values.push(self.eval(value, input, frame)?);
            self.release(mark);
        }
        self.object_with(keys, values)
    }

    pub(super) fn group(&mut self, group: &'e Group, input: Val<'e>, frame: usize) -> Result<Val<'e>> {
        let reduce = input.marks().tuples;
        let items = input.items();
        let mut groups: IndexMap<Arc<str>, Members<'e>> = IndexMap::new();
        // An empty array still makes one object: that is how literals come about.
        for index in 0..items.len().max(1) {
            let item = items.get(index);
            for (pair, (key, _)) in group.pairs.iter().enumerate() {
                let mark = self.mark();
                let key = match &item {
                    Val::Tuple(tuple) if reduce => {
                        let inner = self.tuple_frame(tuple, frame)?;
                        self.eval(key, &tuple.item, inner)?
                    }
                    item => self.eval(key, item, frame)?,
                };
                self.release(mark);
                let Some(key) = key.as_str() else {
                    if key.is_undefined() {
                        continue;
                    }
                    return Err(Fault::value("T1003", key.to_shown()).at(group.position));
                };
                match groups.entry(Arc::clone(key)) {
                    Entry::Vacant(entry) => {
                        self.write_bytes(GROUP_BYTES)?;
                        entry.insert(Members { pair, data: vec![item.clone()], alone: true });
                    }
                    Entry::Occupied(mut entry) => {
                        let members = entry.get_mut();
                        if members.pair != pair {
                            let value = Some(Value::from(Arc::clone(key)));
                            return Err(Fault::value("D1009", value).at(group.position));
                        }
                        self.join(members, &item)?;
                    }
                }
            }
        }
        let mut result = Vec::with_capacity(groups.len());
        for (key, members) in groups {
            let value = self.group_value(group, members, reduce, frame)?;
            if !value.is_undefined() {
                result.push((key, value));
            }
        }
        self.object_of(result)
    }

    /// Appends an item as `$append` does.
    fn join(&mut self, members: &mut Members<'e>, item: &Val<'e>) -> Result<()> {
        if item.is_undefined() {
            return Ok(());
        }
        if members.alone {
            members.alone = false;
            if let [first] = members.data.as_slice()
                && first.elements().is_some()
            {
                members.data = first.items().iter().collect();
            }
        }
        match item.elements() {
            Some(items) => {
                for item in items.iter() {
                    self.push(&mut members.data, item)?;
                }
                Ok(())
            }
            None => self.push(&mut members.data, item.clone()),
        }
    }

    fn group_value(
        &mut self,
        group: &'e Group,
        members: Members<'e>,
        reduce: bool,
        frame: usize,
    ) -> Result<Val<'e>> {
        let Some((_, value)) = group.pairs.get(members.pair) else { return Ok(Val::Undefined) };
        let alone = members.alone;
        let mut data = members.data;
        let mark = self.mark();
        let result = if reduce {
            let tuple = self.reduce_tuples(data)?;
            let inner = self.tuple_frame(&tuple, frame)?;
            self.eval(value, &tuple.item, inner)?
        } else {
            let context = if alone { data.pop().unwrap_or_default() } else { self.plain(data)? };
            self.eval(value, &context, frame)?
        };
        self.release(mark);
        Ok(result)
    }

    /// One tuple of many: items and bindings of each name, appended.
    fn reduce_tuples(&mut self, tuples: Vec<Val<'e>>) -> Result<Tuple<'e>> {
        let mut tuples = tuples.into_iter().filter_map(|tuple| match tuple {
            Val::Tuple(tuple) => Some(Rc::unwrap_or_clone(tuple)),
            _ => None,
        });
        let Some(first) = tuples.next() else { return Ok(Tuple::default()) };
        let mut rest = tuples.peekable();
        if rest.peek().is_none() {
            return Ok(first);
        }
        let mut item = Gathered::new(first.item);
        let mut bindings: IndexMap<u32, Gathered> =
            first.bindings.into_iter().map(|(name, value)| (name, Gathered::new(value))).collect();
        for tuple in rest {
            item.add(self, tuple.item)?;
            for (name, value) in tuple.bindings {
                match bindings.entry(name) {
                    Entry::Occupied(mut entry) => entry.get_mut().add(self, value)?,
                    Entry::Vacant(entry) => _ = entry.insert(Gathered::new(value)),
                }
            }
        }
        let mut reduced = Tuple::new(item.finish(self)?, Vec::new());
        for (name, value) in bindings {
            set_binding(&mut reduced.bindings, name, value.finish(self)?);
        }
        Ok(reduced)
    }
}

/// A value that grows as by `$append`.
enum Gathered<'e> {
    One(Val<'e>),
    Many(Vec<Val<'e>>),
}

impl<'e> Gathered<'e> {
    fn new(value: Val<'e>) -> Gathered<'e> {
        Gathered::One(value)
    }

    fn add(&mut self, evaluator: &Evaluator<'e>, value: Val<'e>) -> Result<()> {
        if value.is_undefined() {
            return Ok(());
        }
        let mut items = match std::mem::replace(self, Gathered::Many(Vec::new())) {
            Gathered::Many(items) => items,
            Gathered::One(Val::Undefined) => {
                *self = Gathered::One(value);
                return Ok(());
            }
            Gathered::One(first) => first.items().iter().collect(),
        };
        for item in value.items().iter() {
            evaluator.push(&mut items, item)?;
        }
        *self = Gathered::Many(items);
        Ok(())
    }

    fn finish(self, evaluator: &Evaluator<'e>) -> Result<Val<'e>> {
        match self {
            Gathered::One(value) => Ok(value),
            Gathered::Many(items) => evaluator.plain(items),
        }
    }
}
