//! The branches of a Parallel or the iterations of a Map, as their block sees them.

use std::collections::BTreeMap;

use super::FrameId;
use crate::json::{Payload, Value};

/// The branches or iterations of one block: those that run, and the results of those that ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Children {
    count: u32,
    running: BTreeMap<u32, FrameId>,
    results: BTreeMap<u32, Payload>,
}

/// The iterations of one Map, and the items that they are for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Items {
    pub(super) children: Children,
    /// Index of the first item whose iteration was not begun.
    pub(super) next: u32,
    /// How many iterations may run at once.
    pub(super) at_once: u32,
    /// What items are selected with.
    pub(super) input: Payload,
    /// The items: an array.
    pub(super) items: Payload,
}

impl Children {
    /// So many, of which none runs yet.
    pub(super) fn new(count: u32) -> Children {
        Children { count, running: BTreeMap::new(), results: BTreeMap::new() }
    }

    /// One begins.
    pub(super) fn start(&mut self, index: u32, frame: FrameId) {
        self.running.insert(index, frame);
    }

    /// One that ran has ended with this output.
    pub(super) fn succeed(&mut self, index: u32, output: Payload) {
        if self.running.remove(&index).is_some() {
            self.results.insert(index, output);
        }
    }

    /// Those that run, in the order of branches or items.
    pub(super) fn running(&self) -> impl DoubleEndedIterator<Item = FrameId> + ExactSizeIterator {
        self.running.values().copied()
    }

    /// Whether all have ended.
    pub(super) fn are_done(&self) -> bool {
        self.results.len() >= self.count as usize
    }

    /// How many bytes the results have that are there.
    pub(super) fn bytes(&self) -> usize {
        self.results.values().map(Payload::len).sum()
    }

    /// The array of the results, within a size: their texts joined, none of them read or printed
    /// again (recorded). `None` where it is larger.
    pub(super) fn results(&self, max_bytes: usize) -> Option<Payload> {
        joined(self.results.values(), max_bytes)
    }
}

/// An array of these texts, within a size; `None` where it is larger.
pub(super) fn joined<'p>(
    parts: impl ExactSizeIterator<Item = &'p Payload> + Clone,
    max_bytes: usize,
) -> Option<Payload> {
    let commas = parts.len().saturating_sub(1);
    let bytes = parts.clone().map(Payload::len).sum::<usize>() + commas + 2;
    if bytes > max_bytes {
        return None;
    }
    let mut text = String::with_capacity(bytes);
    text.push('[');
    for (place, part) in parts.enumerate() {
        if place > 0 {
            text.push(',');
        }
        text.push_str(part.text());
    }
    text.push(']');
    Some(Payload::from_trusted(text.into()))
}

impl Items {
    /// The next item to begin an iteration for, with its index, if one may begin now.
    pub(super) fn next(&self) -> Option<(u32, Value)> {
        if self.children.running().len() >= self.at_once as usize {
            return None;
        }
        let item = self.items.value().as_array()?.get(self.next as usize)?;
        Some((self.next, item.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs all of these, ends them in this order, and expects this array.
    fn check(outputs: &[&str], order: &[u32], max_bytes: usize, expected: Option<&str>) {
        let mut children = Children::new(outputs.len() as u32);
        (0..).zip(outputs).for_each(|(index, _)| children.start(index, FrameId(index)));
        for index in order {
            assert!(!children.are_done());
            children.succeed(*index, Payload::parse(outputs[*index as usize]).expect("sound"));
            children.succeed(*index, Payload::empty_object());
        }
        assert!(children.are_done());
        assert_eq!(children.results(max_bytes).as_ref().map(Payload::text), expected);
    }

    #[test]
    fn results_are_joined_texts_in_order() {
        check(&[], &[], 2, Some("[]"));
        check(&[], &[], 1, None);
        check(&["[1, 2]", " 0.0", "{}"], &[2, 0, 1], 100, Some("[[1, 2], 0.0,{}]"));
        check(&["1", "2"], &[1, 0], 5, Some("[1,2]"));
        check(&["1", "2"], &[0, 1], 4, None);
    }
}
