//! Rules on variables: which a block of states assigns, and which may be without a value where they are read.
//!
//! Both depend on states that come later in the text, so they are found on the bare document, when a block is
//! entered and before its states are read. What is malformed there assigns nothing and leads nowhere: it is
//! reported when it is read. This module must not know messages or places.

use std::collections::HashMap;

use crate::json::{Object, Value};

/// What the key of a variable ends in whose value is a path or a call.
const SUFFIX: &str = ".$";

/// The name of the variable that a key of an `Assign` stands for.
pub(super) fn name(key: &str) -> &str {
    key.strip_suffix(SUFFIX).unwrap_or(key)
}

/// The variables of the block that is being read, and of those around it.
#[derive(Debug)]
pub(super) struct Variables {
    /// The blocks, the machine's own first.
    blocks: Vec<Block>,
    /// How many more states may be visited to find out whether variables have values.
    visits: usize,
}

impl Default for Variables {
    fn default() -> Variables {
        Variables { blocks: Vec::new(), visits: MAX_VISITS }
    }
}

/// How many states are visited for one definition at most. Each variable costs a walk over its block, so a
/// hostile text could buy minutes; a thousand states with hundreds of variables stay far below.
const MAX_VISITS: usize = 4 << 20;

impl Variables {
    /// Enters a block.
    pub(super) fn enter(&mut self, states: &Object, start_at: Option<&str>) {
        self.blocks.push(Block::new(states, start_at));
    }

    /// Leaves the innermost block.
    pub(super) fn leave(&mut self) {
        self.blocks.pop();
    }

    /// The state of this index in the innermost block is read from now on.
    pub(super) fn at(&mut self, state: usize) {
        if let Some(block) = self.blocks.last_mut() {
            block.current = state;
        }
    }

    /// Whether a block around the innermost one assigns this variable, in whatever state.
    pub(super) fn is_outer(&self, name: &str) -> bool {
        let (_, outer) = self.blocks.split_last().unzip();
        outer.into_iter().flatten().any(|block| block.assigned.contains_key(name))
    }

    /// Whether there is a way to the state that is being read on which nothing assigns this variable.
    ///
    /// Once [`MAX_VISITS`] are used up, variables that any block assigns count as having a value.
    pub(super) fn may_be_undefined(&mut self, name: &str) -> bool {
        let visits = &mut self.visits;
        self.blocks.iter_mut().all(|block| block.may_be_undefined(name, visits))
    }
}

/// One block as a graph whose edges assign variables.
#[derive(Debug)]
struct Block {
    start: Option<usize>,
    /// The edges of each state follow each other in `edges`, up to here.
    ends: Vec<usize>,
    /// Where each edge leads.
    edges: Vec<usize>,
    assigned: HashMap<Box<str>, Assigned>,
    /// The state that is being read.
    current: usize,
}

/// Where a variable is assigned.
#[derive(Debug, Default)]
struct Assigned {
    /// The edges on which it is, in order.
    edges: Vec<usize>,
    /// The states that can be reached without any of them, once that was asked.
    without: Option<Vec<bool>>,
}

impl Block {
    fn new(states: &Object, start_at: Option<&str>) -> Block {
        let indexes: HashMap<&str, usize> =
            states.keys().enumerate().map(|(index, name)| (&**name, index)).collect();
        let start = start_at.and_then(|name| indexes.get(name).copied());
        let mut block =
            Block { start, ends: Vec::new(), edges: Vec::new(), assigned: HashMap::new(), current: 0 };
        for (_, state) in states {
            // A state's own Assign counts where no rule holds and nothing is caught.
            block.add(&indexes, state, &["Next", "Default"]);
            for rules in [state.get("Choices"), state.get("Catch")] {
                for rule in rules.and_then(Value::as_array).unwrap_or_default() {
                    block.add(&indexes, rule, &["Next"]);
                }
            }
            block.ends.push(block.edges.len());
        }
        block
    }

    /// Adds the edges of a state, a rule or a catcher; its `Assign` lies on each.
    fn add(&mut self, indexes: &HashMap<&str, usize>, from: &Value, targets: &[&str]) {
        let first = self.edges.len();
        let names = targets.iter().filter_map(|target| from.get(target)?.as_str());
        self.edges.extend(names.filter_map(|name| indexes.get(name)));
        for (key, _) in from.get("Assign").and_then(Value::as_object).into_iter().flatten() {
            let assigned = self.assigned.entry(name(key).into()).or_default();
            assigned.edges.extend(first..self.edges.len());
        }
    }

    fn may_be_undefined(&mut self, name: &str, visits: &mut usize) -> bool {
        let Some(assigned) = self.assigned.get_mut(name) else { return true };
        if assigned.without.is_none() {
            let cost = self.ends.len() + self.edges.len();
            let Some(left) = visits.checked_sub(cost) else { return false };
            *visits = left;
            let graph = (self.ends.as_slice(), self.edges.as_slice());
            assigned.without = Some(reached_without(graph, self.start, &assigned.edges));
        }
        let without = assigned.without.as_deref().unwrap_or_default();
        without.get(self.current).copied().unwrap_or(false)
    }
}

/// The states that ways lead to from `start` which avoid some edges. Takes time linear in the edges.
fn reached_without((ends, edges): (&[usize], &[usize]), start: Option<usize>, avoid: &[usize]) -> Vec<bool> {
    let mut reached = vec![false; ends.len()];
    let mut open: Vec<usize> = start.into_iter().collect();
    while let Some(state) = open.pop() {
        let Some(seen @ false) = reached.get_mut(state) else { continue };
        *seen = true;
        let first = state.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
        let own = first..ends.get(state).copied().unwrap_or(first);
        let passable = own.filter(|edge| avoid.binary_search(edge).is_err());
        open.extend(passable.filter_map(|edge| edges.get(edge)));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    /// The variables, of `a`, `b` and `c`, that may be undefined in each state of a block.
    fn check(states: &str, expected: &[(&str, &str)]) {
        let states = parse(states).expect("sound states");
        let states = states.as_object().expect("states");
        let mut variables = Variables::default();
        variables.enter(states, Some("S"));
        for (name, expected) in expected {
            variables.at(states.keys().position(|state| **state == **name).expect("a state"));
            let undefined: Vec<&str> =
                ["a", "b", "c"].into_iter().filter(|name| variables.may_be_undefined(name)).collect();
            assert_eq!(undefined.join(" "), *expected, "{name} in {states:?}");
        }
    }

    #[test]
    fn defined_on_every_way() {
        check(
            r#"{"S": {"Assign": {"a": 1, "b.$": "$"}, "Next": "T"}, "T": {"Assign": {"c": 1}, "Next": "T"}}"#,
            &[("S", "a b c"), ("T", "c")],
        );
        // Both ways assign `a`, one of them `b`, the state's own Assign is for the Default alone.
        check(
            r#"{"S": {"Choices": [{"Assign": {"a": 1, "b": 1}, "Next": "X"}, {"Assign": {"a": 2}, "Next": "Y"}],
                      "Assign": {"a": 3, "c": 3}, "Default": "Y"},
                "X": {"Next": "Y"}, "Y": {"End": true, "Assign": {"b": 1}}}"#,
            &[("S", "a b c"), ("X", "c"), ("Y", "b c")],
        );
        // What is caught does not assign what the state does.
        check(
            r#"{"S": {"Assign": {"a": 1, "b": 1}, "Next": "T", "Catch": [{"Assign": {"b": 2, "c": 2}, "Next": "T"},
                      {"Next": "F"}]}, "T": {}, "F": {}}"#,
            &[("T", "a c"), ("F", "a b c")],
        );
        // A way back brings nothing that was not there, and one past a state does not assign.
        check(
            r#"{"S": {"Next": "L"}, "L": {"Choices": [{"Next": "A"}], "Default": "Z"},
                "A": {"Assign": {"a": 1}, "Next": "L"}, "Z": {}}"#,
            &[("L", "a b c"), ("A", "a b c"), ("Z", "a b c")],
        );
    }

    #[test]
    fn malformed_states_lead_nowhere() {
        check(
            r#"{"S": {"Assign": ["a"], "Next": 1, "Choices": {}, "Catch": [1, {"Assign": {"b": 1}, "Next": "no"}]},
                "T": 1}"#,
            &[("S", "a b c"), ("T", "a c")],
        );
        let mut variables = Variables::default();
        variables.enter(&Object::default(), None);
        assert!(variables.may_be_undefined("a"));
    }

    #[test]
    fn blocks_in_blocks() {
        let block = |text: &str| parse(text).expect("sound states");
        let outer = block(r#"{"S": {"Assign": {"a": 1}, "Next": "T"}, "T": {"Assign": {"b": 1}}}"#);
        let inner = block(r#"{"I": {"Assign": {"c": 1}, "Next": "J"}, "J": {}}"#);
        let mut variables = Variables::default();
        variables.enter(outer.as_object().expect("states"), Some("S"));
        variables.at(1);
        assert!(!variables.is_outer("a"));
        variables.enter(inner.as_object().expect("states"), Some("I"));
        variables.at(1);
        let outer = ["a", "b", "c"].map(|name| variables.is_outer(name));
        assert_eq!(outer, [true, true, false]);
        let undefined = ["a", "b", "c"].map(|name| variables.may_be_undefined(name));
        assert_eq!(undefined, [false, true, false]);
        variables.leave();
        assert!(variables.may_be_undefined("c"), "it is gone with its block");
    }

    #[test]
    fn a_hostile_text_cannot_buy_time() {
        let mut text = String::from("{");
        for state in 0..5000 {
            text.push_str(&format!(r#""{state}":{{"Next":"{}","Assign":{{"v{state}":1}}}},"#, state + 1));
        }
        text.push_str(r#""end":{}}"#);
        let states = parse(&text).expect("sound states");
        let mut variables = Variables::default();
        variables.enter(states.as_object().expect("states"), Some("0"));
        let undefined = (0..5000).filter(|name| variables.may_be_undefined(&format!("v{name}"))).count();
        assert_eq!(undefined, MAX_VISITS / (5001 + 4999), "the first are found, the others count as defined");
    }
}
