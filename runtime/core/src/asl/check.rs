//! Rules on a block of states as a graph: what can be reached, and whether it can end.
//!
//! Works on bare indexes, so that it serves the machine, a branch and a processor alike. This
//! module must not know fields, names or messages.

/// The states of one block and where they lead.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    targets: Vec<usize>,
    ends: bool,
}

impl Graph {
    /// A graph of this many states that lead nowhere yet.
    pub(super) fn new(states: usize) -> Graph {
        Graph { nodes: vec![Node::default(); states] }
    }

    /// A transition leads from one state to another.
    pub(super) fn connect(&mut self, from: usize, to: usize) {
        if let Some(node) = self.nodes.get_mut(from) {
            node.targets.push(to);
        }
    }

    /// The block can end with this state.
    pub(super) fn end(&mut self, state: usize) {
        if let Some(node) = self.nodes.get_mut(state) {
            node.ends = true;
        }
    }

    /// Whether any state ends the block, reachable or not.
    pub(super) fn has_end(&self) -> bool {
        self.nodes.iter().any(|node| node.ends)
    }

    /// The states that no way from `start` leads to, in order. Takes time linear in the transitions.
    pub(super) fn unreachable(&self, start: usize) -> Vec<usize> {
        let mut reached = vec![false; self.nodes.len()];
        let mut open = vec![start];
        while let Some(state) = open.pop() {
            if let (Some(seen @ false), Some(node)) = (reached.get_mut(state), self.nodes.get(state)) {
                *seen = true;
                open.extend(&node.targets);
            }
        }
        reached.into_iter().enumerate().filter(|(_, seen)| !seen).map(|(state, _)| state).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reachability_and_ends() {
        // States, transitions, ends, start; then what is unreachable and whether there is an end.
        type Case = (usize, &'static [(usize, usize)], &'static [usize], usize, &'static [usize], bool);
        let cases: &[Case] = &[
            (1, &[], &[0], 0, &[], true),
            (1, &[(0, 0)], &[], 0, &[], false),
            (3, &[(0, 1), (1, 2)], &[2], 0, &[], true),
            (3, &[(0, 1), (1, 2)], &[2], 1, &[0], true),
            (4, &[(0, 1), (1, 0), (2, 3), (3, 2)], &[3], 0, &[2, 3], true),
            (3, &[(0, 2), (0, 2), (0, 1)], &[], 0, &[], false),
            (2, &[(0, 9), (9, 1)], &[9], 0, &[1], false),
            (0, &[], &[], 0, &[], false),
        ];
        for (states, transitions, ends, start, unreachable, has_end) in cases {
            let mut graph = Graph::new(*states);
            transitions.iter().for_each(|&(from, to)| graph.connect(from, to));
            ends.iter().for_each(|&state| graph.end(state));
            assert_eq!(graph.unreachable(*start), *unreachable, "{transitions:?}");
            assert_eq!(graph.has_end(), *has_end, "{transitions:?}");
        }
    }

    #[test]
    fn a_long_chain_does_not_recurse() {
        let mut graph = Graph::new(200_000);
        (0..199_999).for_each(|state| graph.connect(state, state + 1));
        assert!(graph.unreachable(0).is_empty());
    }
}
