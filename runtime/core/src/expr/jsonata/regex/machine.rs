//! The matcher: runs a program over a text, with a stack of its own and a budget.

use super::class::{ends_line, fold, is_word};
use super::program::{Instruction, Matcher, Program, may_repeat};
use super::{Budget, OverBudget};

/// A slot or register without a position.
pub(super) const NOWHERE: usize = usize::MAX;

/// How a pattern's flags change its meaning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    pub(super) ignore_case: bool,
    pub(super) multiline: bool,
}

/// Matches the program at `start`, a byte offset at the edge of a character.
///
/// The slots hold the positions of the groups afterwards; they are left unset where nothing matches.
pub(super) fn match_at(
    program: &Program,
    mode: Mode,
    text: &str,
    start: usize,
    slots: &mut Vec<usize>,
    budget: &mut Budget,
) -> Result<bool, OverBudget> {
    budget.charge(program.slots + program.registers)?;
    slots.clear();
    slots.resize(program.slots, NOWHERE);
    let registers = vec![0; program.registers];
    let mut machine =
        Machine { program, mode, text, at: start, next: 0, slots, registers, stack: Vec::new(), budget };
    machine.run()
}

struct Machine<'a> {
    program: &'a Program,
    mode: Mode,
    text: &'a str,
    /// Byte offset in the text.
    at: usize,
    /// The instruction to come.
    next: usize,
    slots: &'a mut Vec<usize>,
    registers: Vec<usize>,
    /// What to try, and what to undo on the way there. Each entry has been paid for from the budget.
    stack: Vec<Frame>,
    budget: &'a mut Budget,
}

enum Frame {
    /// Go on at this instruction and position.
    Resume { next: usize, at: usize },
    /// A greedy run may give back characters down to `least`.
    Shorten { next: usize, at: usize, least: usize, back: bool },
    /// A lazy run, of the instruction given, may take one more character.
    Extend { run: usize, at: usize, taken: u32 },
    /// The slot held this.
    Slot { index: usize, old: usize },
    /// The register held this.
    Register { index: usize, old: usize },
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<bool, OverBudget> {
        let program = self.program;
        while let Some(instruction) = program.instructions.get(self.next) {
            self.budget.charge(1)?;
            if matches!(instruction, Instruction::Done) {
                return Ok(true);
            }
            self.next += 1;
            if !self.perform(instruction)? && !self.backtrack()? {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// Whether the instruction succeeds.
    fn perform(&mut self, instruction: &Instruction) -> Result<bool, OverBudget> {
        match instruction {
            Instruction::Take { what, back } => return Ok(self.take(what, *back)),
            Instruction::Run { what, back, min, max, greedy } => {
                return self.run_of(what, *back, (*min, *max), *greedy);
            }
            Instruction::Split { first, second } => {
                self.push(Frame::Resume { next: *second, at: self.at })?;
                self.next = *first;
            }
            Instruction::Jump(target) => self.next = *target,
            Instruction::Save(slot) => self.set_slot(*slot, self.at)?,
            Instruction::Clear { register } => self.set_register(*register, 0)?,
            Instruction::Loop { register, min, max, greedy, exit } => {
                self.enter_loop(*register, (*min, *max), *greedy, *exit)?;
            }
            Instruction::BeginTurn { register, groups: (first, end) } => {
                self.set_register(*register, self.register(*register) + 1)?;
                self.set_register(register + 1, self.at)?;
                let forgotten = 2 * *first as usize..2 * *end as usize;
                self.budget.charge(forgotten.len())?;
                for slot in forgotten {
                    self.set_slot(slot, NOWHERE)?;
                }
            }
            Instruction::EndTurn { register, min, head } => {
                let idle = self.at == self.register(register + 1);
                if idle && self.register(*register) > *min as usize {
                    return Ok(false);
                }
                self.next = *head;
            }
            Instruction::Start => return Ok(self.at_start()),
            Instruction::End => return Ok(self.at_end()),
            Instruction::WordEdge { negated } => return Ok(self.at_word_edge() != *negated),
            Instruction::Reference { group, back } => return self.refer(*group, *back),
            Instruction::Look { register, negated, exit } => {
                self.set_register(*register, self.stack.len())?;
                self.set_register(register + 1, self.at)?;
                if *negated {
                    // Above the kept height, so that a body which matches takes this way out with it.
                    self.push(Frame::Resume { next: *exit, at: self.at })?;
                }
            }
            Instruction::Looked { register, negated } => return self.looked(*register, *negated),
            Instruction::Fail | Instruction::Done => return Ok(false),
        }
        Ok(true)
    }

    /// Returns to the last choice; false when there is none.
    fn backtrack(&mut self) -> Result<bool, OverBudget> {
        while let Some(frame) = self.stack.pop() {
            match frame {
                Frame::Resume { next, at } => {
                    (self.next, self.at) = (next, at);
                    return Ok(true);
                }
                Frame::Shorten { next, at, least, back } => {
                    let shorter = if back { self.after(at) } else { self.before(at) };
                    let Some((_, at)) = shorter else { continue };
                    if at != least {
                        self.push(Frame::Shorten { next, at, least, back })?;
                    }
                    (self.next, self.at) = (next, at);
                    return Ok(true);
                }
                Frame::Extend { run, at, taken } => {
                    if self.extend(run, at, taken)? {
                        return Ok(true);
                    }
                }
                Frame::Slot { index, old } => self.put_slot(index, old),
                Frame::Register { index, old } => self.put_register(index, old),
            }
        }
        Ok(false)
    }

    fn take(&mut self, what: &Matcher, back: bool) -> bool {
        let neighbour = if back { self.before(self.at) } else { self.after(self.at) };
        match neighbour {
            Some((character, beyond)) if self.fits(what, character) => {
                self.at = beyond;
                true
            }
            _ => false,
        }
    }

    fn fits(&self, what: &Matcher, character: char) -> bool {
        match what {
            Matcher::Character(wanted) => self.same(*wanted, character),
            Matcher::Class(class) => class.contains(character, self.mode.ignore_case),
            Matcher::Any => !ends_line(character),
        }
    }

    fn same(&self, left: char, right: char) -> bool {
        left == right || (self.mode.ignore_case && fold(left) == fold(right))
    }

    /// A run of single characters costs one stack entry, however long it is.
    fn run_of(
        &mut self,
        what: &Matcher,
        back: bool,
        (min, max): (u32, u32),
        greedy: bool,
    ) -> Result<bool, OverBudget> {
        let run = self.next - 1;
        let mut taken = 0;
        while taken < min {
            self.budget.charge(1)?;
            if !self.take(what, back) {
                return Ok(false);
            }
            taken += 1;
        }
        if !greedy {
            self.push(Frame::Extend { run, at: self.at, taken })?;
            return Ok(true);
        }
        let least = self.at;
        while may_repeat(taken as usize, max) && self.take(what, back) {
            self.budget.charge(1)?;
            taken = taken.saturating_add(1);
        }
        if self.at != least {
            self.push(Frame::Shorten { next: self.next, at: self.at, least, back })?;
        }
        Ok(true)
    }

    fn extend(&mut self, run: usize, at: usize, taken: u32) -> Result<bool, OverBudget> {
        let program = self.program;
        let Some(Instruction::Run { what, back, max, .. }) = program.instructions.get(run) else {
            return Ok(false);
        };
        self.at = at;
        if !may_repeat(taken as usize, *max) || !self.take(what, *back) {
            return Ok(false);
        }
        self.push(Frame::Extend { run, at: self.at, taken: taken.saturating_add(1) })?;
        self.next = run + 1;
        Ok(true)
    }

    /// At the head of a loop: the body is the next instruction, `exit` leaves.
    fn enter_loop(
        &mut self,
        register: usize,
        (min, max): (u32, u32),
        greedy: bool,
        exit: usize,
    ) -> Result<(), OverBudget> {
        let turns = self.register(register);
        if turns < min as usize {
            return Ok(());
        }
        if !may_repeat(turns, max) {
            self.next = exit;
            return Ok(());
        }
        let (first, second) = if greedy { (self.next, exit) } else { (exit, self.next) };
        self.push(Frame::Resume { next: second, at: self.at })?;
        self.next = first;
        Ok(())
    }

    /// The body of a look around has matched: its choices are dropped, for it is matched in one way only.
    fn looked(&mut self, register: usize, negated: bool) -> Result<bool, OverBudget> {
        let (height, at) = (self.register(register), self.register(register + 1));
        let inner = self.stack.split_off(height.min(self.stack.len()));
        self.budget.charge(inner.len())?;
        if negated {
            for frame in inner.into_iter().rev() {
                match frame {
                    Frame::Slot { index, old } => self.put_slot(index, old),
                    Frame::Register { index, old } => self.put_register(index, old),
                    Frame::Resume { .. } | Frame::Shorten { .. } | Frame::Extend { .. } => {}
                }
            }
            return Ok(false);
        }
        self.stack.extend(
            inner.into_iter().filter(|frame| matches!(frame, Frame::Slot { .. } | Frame::Register { .. })),
        );
        self.at = at;
        Ok(true)
    }

    /// What the group holds must come again; a group that holds nothing matches nothing, and succeeds.
    fn refer(&mut self, group: usize, back: bool) -> Result<bool, OverBudget> {
        let text = self.text;
        let start = self.slots.get(2 * group).copied().unwrap_or(NOWHERE);
        let end = self.slots.get(2 * group + 1).copied().unwrap_or(NOWHERE);
        let held = text.get(start..end).unwrap_or("");
        let mut wanted = held.chars();
        while let Some(character) = if back { wanted.next_back() } else { wanted.next() } {
            self.budget.charge(1)?;
            let neighbour = if back { self.before(self.at) } else { self.after(self.at) };
            match neighbour {
                Some((found, beyond)) if self.same(character, found) => self.at = beyond,
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    fn at_start(&self) -> bool {
        match self.before(self.at) {
            None => true,
            Some((previous, _)) => self.mode.multiline && ends_line(previous),
        }
    }

    fn at_end(&self) -> bool {
        match self.after(self.at) {
            None => true,
            Some((next, _)) => self.mode.multiline && ends_line(next),
        }
    }

    fn at_word_edge(&self) -> bool {
        let word = |neighbour: Option<(char, usize)>| neighbour.is_some_and(|(found, _)| is_word(found));
        word(self.before(self.at)) != word(self.after(self.at))
    }

    /// The character after a position, and the position beyond it.
    fn after(&self, at: usize) -> Option<(char, usize)> {
        let next = self.text.get(at..)?.chars().next()?;
        Some((next, at + next.len_utf8()))
    }

    /// The character before a position, and where it begins.
    fn before(&self, at: usize) -> Option<(char, usize)> {
        let previous = self.text.get(..at)?.chars().next_back()?;
        Some((previous, at - previous.len_utf8()))
    }

    fn push(&mut self, frame: Frame) -> Result<(), OverBudget> {
        self.budget.charge(1)?;
        self.stack.push(frame);
        Ok(())
    }

    fn set_slot(&mut self, index: usize, value: usize) -> Result<(), OverBudget> {
        let old = self.slots.get(index).copied().unwrap_or(NOWHERE);
        if old != value {
            self.push(Frame::Slot { index, old })?;
            self.put_slot(index, value);
        }
        Ok(())
    }

    fn set_register(&mut self, index: usize, value: usize) -> Result<(), OverBudget> {
        let old = self.register(index);
        if old != value {
            self.push(Frame::Register { index, old })?;
            self.put_register(index, value);
        }
        Ok(())
    }

    fn register(&self, index: usize) -> usize {
        self.registers.get(index).copied().unwrap_or(0)
    }

    fn put_slot(&mut self, index: usize, value: usize) {
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = value;
        }
    }

    fn put_register(&mut self, index: usize, value: usize) {
        if let Some(register) = self.registers.get_mut(index) {
            *register = value;
        }
    }
}
