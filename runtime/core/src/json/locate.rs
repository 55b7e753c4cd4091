//! [`locate`]: from JSON pointers to places in the text.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::SyntaxError;
use super::read::LIMITS;
use super::scan::{Container, RawString, Scalar, Sink, scan};

/// Where a value stands in its text. All offsets are in bytes, at character boundaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Its key with the quotes, if it is the member of an object.
    pub key: Option<Range<usize>>,
    /// The value, with its quotes or brackets.
    pub value: Range<usize>,
}

/// Finds what JSON pointers (RFC 6901) name: for each, in order, the place of the value, or of the nearest
/// value around it when there is none. Of doubled keys the last counts, as in [`parse`](super::parse).
///
/// Takes one pass over the text, however many pointers there are. Fails on what is not JSON.
pub fn locate<'p>(text: &str, pointers: impl IntoIterator<Item = &'p str>) -> Result<Vec<Spot>, SyntaxError> {
    let mut tree = Tree { nodes: vec![Node::default()] };
    let asked: Vec<usize> = pointers.into_iter().map(|pointer| tree.add(pointer)).collect();
    let mut finder = Finder { tree, token: 0..0, open: Vec::new(), root: true };
    scan(text, LIMITS, &mut finder)?;
    Ok(asked.into_iter().map(|node| finder.tree.spot(node)).collect())
}

/// The pointers as a tree, a node for each value that one of them goes through.
struct Tree {
    /// The first is the root; a parent stands before its children.
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    parent: usize,
    children: HashMap<String, usize>,
    spot: Option<Spot>,
}

impl Tree {
    /// The node that a pointer names.
    fn add(&mut self, pointer: &str) -> usize {
        pointer.split('/').skip(1).fold(0, |parent, token| {
            let name = token.replace("~1", "/").replace("~0", "~");
            self.child(parent, &name).unwrap_or_else(|| {
                let child = self.nodes.len();
                self.nodes.push(Node { parent, ..Node::default() });
                if let Some(node) = self.nodes.get_mut(parent) {
                    node.children.insert(name, child);
                }
                child
            })
        })
    }

    fn child(&self, parent: usize, name: &str) -> Option<usize> {
        self.nodes.get(parent)?.children.get(name).copied()
    }

    /// Where the value of this node stands, or the nearest one around it.
    fn spot(&self, node: usize) -> Spot {
        let around = |node: &usize| self.nodes.get(*node).map(|node| node.parent).filter(|_| *node > 0);
        let way: Vec<usize> = std::iter::successors(Some(node), around).collect();
        let mut nearest = Spot { key: None, value: 0..0 };
        for (depth, node) in way.into_iter().rev().enumerate() {
            match self.nodes.get(node).and_then(|node| node.spot.as_ref()) {
                // What was found in the value of a doubled key that does not count is not in its parent.
                Some(spot) if depth == 0 || is_inside(&spot.value, &nearest.value) => nearest = spot.clone(),
                _ => break,
            }
        }
        nearest
    }
}

fn is_inside(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start < inner.start && inner.end < outer.end
}

/// The sink that notes the places.
struct Finder {
    tree: Tree,
    /// Where the token stands that is told next.
    token: Range<usize>,
    open: Vec<Entry>,
    /// The root value is due.
    root: bool,
}

/// An open container.
struct Entry {
    /// Its node, if a pointer names it or goes through it.
    node: Option<usize>,
    key: Option<Range<usize>>,
    start: usize,
    /// What stands at the next value inside.
    next: Next,
}

enum Next {
    Item(usize),
    Member { node: Option<usize>, key: Range<usize> },
}

impl Finder {
    /// The node and the key of the value that begins.
    fn begin(&mut self) -> (Option<usize>, Option<Range<usize>>) {
        if std::mem::take(&mut self.root) {
            return (Some(0), None);
        }
        let Some(Entry { node: parent, next, .. }) = self.open.last_mut() else {
            return (None, None);
        };
        match next {
            Next::Item(index) => {
                let at = *index;
                *index += 1;
                // Only where a pointer goes is a number spelled.
                (parent.and_then(|parent| self.tree.child(parent, &at.to_string())), None)
            }
            Next::Member { node, key } => (*node, Some(key.clone())),
        }
    }

    fn found(&mut self, node: Option<usize>, spot: Spot) {
        if let Some(node) = node.and_then(|node| self.tree.nodes.get_mut(node)) {
            node.spot = Some(spot);
        }
    }
}

impl Sink for Finder {
    fn token(&mut self, span: Range<usize>) {
        self.token = span;
    }

    fn scalar(&mut self, _: Scalar<'_>) {
        let (node, key) = self.begin();
        self.found(node, Spot { key, value: self.token.clone() });
    }

    fn key(&mut self, key: RawString<'_>) {
        let Some(entry) = self.open.last_mut() else {
            return;
        };
        let node = entry.node.and_then(|parent| {
            let name: Arc<str> = key.unescaped();
            self.tree.child(parent, &name)
        });
        entry.next = Next::Member { node, key: self.token.clone() };
    }

    fn open(&mut self, container: Container) {
        let (node, key) = self.begin();
        let next = match container {
            Container::Array => Next::Item(0),
            Container::Object => Next::Member { node: None, key: 0..0 },
        };
        self.open.push(Entry { node, key, start: self.token.start, next });
    }

    fn close(&mut self) {
        if let Some(Entry { node, key, start, .. }) = self.open.pop() {
            self.found(node, Spot { key, value: start..self.token.end });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let text =
            r#" {"a": [10, {"b/c~": "x"}, []], "é" : null, "\u0064": true, "k": {"x": 1}, "k": {"y": 2}}"#;
        // The pointer, then the key and the value as they stand in the text.
        let cases: &[(&str, Option<&str>, &str)] = &[
            ("", None, text.trim()),
            ("/a", Some("\"a\""), r#"[10, {"b/c~": "x"}, []]"#),
            ("/a/0", None, "10"),
            ("/a/1", None, r#"{"b/c~": "x"}"#),
            ("/a/1/b~1c~0", Some("\"b/c~\""), "\"x\""),
            ("/a/2", None, "[]"),
            ("/é", Some("\"é\""), "null"),
            ("/d", Some("\"\\u0064\""), "true"),
            // What is not there: the nearest value around it.
            ("/a/3", Some("\"a\""), r#"[10, {"b/c~": "x"}, []]"#),
            ("/a/00", Some("\"a\""), r#"[10, {"b/c~": "x"}, []]"#),
            ("/d/e/f", Some("\"\\u0064\""), "true"),
            ("/nothing", None, text.trim()),
            // A key given twice.
            ("/k/x", Some("\"k\""), r#"{"y": 2}"#),
            ("/k/y", Some("\"y\""), "2"),
        ];
        let spots = locate(text, cases.iter().map(|(pointer, ..)| *pointer)).unwrap();
        for ((pointer, key, value), spot) in cases.iter().zip(spots) {
            let found = (spot.key.map(|key| &text[key]), &text[spot.value]);
            assert_eq!(found, (*key, *value), "{pointer}");
        }
    }

    #[test]
    fn scalars_and_faults() {
        assert_eq!(locate(" 12 ", ["", "/a"]).unwrap(), vec![Spot { key: None, value: 1..3 }; 2]);
        assert_eq!(locate("[1]", []).unwrap(), vec![]);
        assert!(locate("[1", [""]).is_err());
    }

    #[test]
    fn deep_and_many() {
        let text = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        let pointer = "/0".repeat(999);
        assert_eq!(locate(&text, [&*pointer]).unwrap()[0].value, 999..1001);
        let many = format!("[{}0]", "1,".repeat(100_000));
        let pointers: Vec<String> = (0..=100_000).map(|index| format!("/{index}")).collect();
        let spots = locate(&many, pointers.iter().map(String::as_str)).unwrap();
        assert_eq!(spots[100_000].value, 200_001..200_002);
    }
}
