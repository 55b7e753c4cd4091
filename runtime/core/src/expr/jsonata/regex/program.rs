//! The tree of a pattern to instructions. Knows nothing of texts.

use super::class::Class;
use super::parse::{Node, Pattern, UNBOUNDED};

/// One step of the matcher. Without a note, a step that succeeds goes on with the next instruction.
#[derive(Debug)]
pub(super) enum Instruction {
    /// Takes one character, forwards or, inside a look-behind, backwards.
    Take {
        what: Matcher,
        back: bool,
    },
    /// Takes `min` to `max` characters.
    Run {
        what: Matcher,
        back: bool,
        min: u32,
        max: u32,
        greedy: bool,
    },
    /// Goes on at `first`, and if that fails at `second`.
    Split {
        first: usize,
        second: usize,
    },
    Jump(usize),
    /// Keeps the position in a slot: group n has the slots 2n (its start) and 2n + 1 (its end).
    Save(usize),
    /// Sets a register to 0.
    Clear {
        register: usize,
    },
    /// The head of a loop whose turns are counted in `register`. Its body follows at `BeginTurn`, the next
    /// instruction.
    Loop {
        register: usize,
        min: u32,
        max: u32,
        greedy: bool,
        exit: usize,
    },
    /// Counts a turn, keeps where it began in the register after, and forgets groups `first..end`.
    BeginTurn {
        register: usize,
        groups: (u32, u32),
    },
    /// Goes back to the head, unless an optional turn has matched nothing.
    EndTurn {
        register: usize,
        min: u32,
        head: usize,
    },
    Start,
    End,
    WordEdge {
        negated: bool,
    },
    Reference {
        group: usize,
        back: bool,
    },
    /// Opens a look around: the stack's height is kept in `register`, the position in the one after. Where
    /// the body of a negated one fails, the matcher goes on at `exit`.
    Look {
        register: usize,
        negated: bool,
        exit: usize,
    },
    /// The body of a look around has matched.
    Looked {
        register: usize,
        negated: bool,
    },
    Fail,
    Done,
}

/// What one character is compared with.
#[derive(Debug)]
pub(super) enum Matcher {
    Character(char),
    Class(Class),
    /// All but the ends of lines.
    Any,
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) instructions: Vec<Instruction>,
    /// Positions that captures need; two a group, group 0 is the whole match.
    pub(super) slots: usize,
    /// Counters that loops and looks need.
    pub(super) registers: usize,
}

/// Compiles a pattern. Counted repetitions become loops, so a program is about as long as its pattern.
pub(super) fn compile(pattern: Pattern) -> Program {
    let mut compiler = Compiler { instructions: vec![Instruction::Save(0)], registers: 0 };
    compiler.node(pattern.root, false);
    compiler.push(Instruction::Save(1));
    compiler.push(Instruction::Done);
    Program {
        instructions: compiler.instructions,
        slots: 2 * (pattern.groups as usize + 1),
        registers: compiler.registers,
    }
}

struct Compiler {
    instructions: Vec<Instruction>,
    registers: usize,
}

impl Compiler {
    /// Recurses as deep as groups nest, which the parser bounds.
    fn node(&mut self, node: Node, back: bool) {
        match node {
            Node::Never => self.push(Instruction::Fail),
            Node::Character(character) => self.take(Matcher::Character(character), back),
            Node::Class(class) => self.take(Matcher::Class(class), back),
            Node::Any => self.take(Matcher::Any, back),
            Node::Start => self.push(Instruction::Start),
            Node::End => self.push(Instruction::End),
            Node::WordEdge { negated } => self.push(Instruction::WordEdge { negated }),
            Node::Reference(group) => self.push(Instruction::Reference { group: group as usize, back }),
            Node::Group(number, body) => {
                let (start, end) = (2 * number as usize, 2 * number as usize + 1);
                self.push(Instruction::Save(if back { end } else { start }));
                self.node(*body, back);
                self.push(Instruction::Save(if back { start } else { end }));
            }
            Node::Look { behind, negated, body } => self.look(*body, behind, negated),
            Node::Repeat { body, min, max, greedy, groups } => {
                self.repeat(*body, back, (min, max, greedy), groups);
            }
            Node::Sequence(mut nodes) => {
                if back {
                    nodes.reverse();
                }
                for node in nodes {
                    self.node(node, back);
                }
            }
            Node::Either(branches) => self.either(branches, back),
        }
    }

    fn take(&mut self, what: Matcher, back: bool) {
        self.push(Instruction::Take { what, back });
    }

    fn either(&mut self, branches: Vec<Node>, back: bool) {
        let mut exits = Vec::new();
        let mut left = branches.len();
        for branch in branches {
            left -= 1;
            if left == 0 {
                self.node(branch, back);
                continue;
            }
            let split = self.hole();
            self.node(branch, back);
            exits.push(self.hole());
            self.fill(split, Instruction::Split { first: split + 1, second: self.here() });
        }
        for exit in exits {
            self.fill(exit, Instruction::Jump(self.here()));
        }
    }

    fn look(&mut self, body: Node, behind: bool, negated: bool) {
        let register = self.registers;
        self.registers += 2;
        let look = self.hole();
        self.node(body, behind);
        self.push(Instruction::Looked { register, negated });
        self.fill(look, Instruction::Look { register, negated, exit: self.here() });
    }

    fn repeat(&mut self, body: Node, back: bool, (min, max, greedy): (u32, u32, bool), groups: (u32, u32)) {
        let what = match body {
            Node::Character(character) => Matcher::Character(character),
            Node::Class(class) => Matcher::Class(class),
            Node::Any => Matcher::Any,
            body => return self.turns(body, back, (min, max, greedy), groups),
        };
        self.push(Instruction::Run { what, back, min, max, greedy });
    }

    fn turns(&mut self, body: Node, back: bool, (min, max, greedy): (u32, u32, bool), groups: (u32, u32)) {
        let register = self.registers;
        self.registers += 2;
        self.push(Instruction::Clear { register });
        let head = self.hole();
        self.push(Instruction::BeginTurn { register, groups });
        self.node(body, back);
        self.push(Instruction::EndTurn { register, min, head });
        self.fill(head, Instruction::Loop { register, min, max, greedy, exit: self.here() });
    }

    fn here(&self) -> usize {
        self.instructions.len()
    }

    fn push(&mut self, instruction: Instruction) {
        self.instructions.push(instruction);
    }

    /// A place for an instruction that is known later; a program that kept one would match nothing.
    fn hole(&mut self) -> usize {
        self.push(Instruction::Fail);
        self.here() - 1
    }

    fn fill(&mut self, hole: usize, instruction: Instruction) {
        if let Some(place) = self.instructions.get_mut(hole) {
            *place = instruction;
        }
    }
}

/// Whether a loop that has made so many turns may make another.
pub(super) fn may_repeat(turns: usize, max: u32) -> bool {
    max == UNBOUNDED || turns < max as usize
}
