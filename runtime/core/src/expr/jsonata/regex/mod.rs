//! Regular expressions as ECMAScript has them, matched under a budget.
//!
//! Groups, named groups, back-references, looks ahead and behind, greedy and lazy quantifiers, classes: the
//! syntax of ECMAScript 2018 with the flags `i` and `m`, which are all that JSONata knows. Backtracking cannot
//! be had without patterns that take exponential time, so each step is charged to a [`Budget`], and the stack
//! is the matcher's own: no pattern and no text can hang or overflow the program.
//!
//! Texts are sequences of characters, not of UTF-16 units: `.` takes an emoji whole, and half of a surrogate
//! pair matches nothing. (ECMAScript without the flag `u` would split it, which no text here can hold.) Where
//! offsets show, they are given in UTF-16 units too.
//!
//! This module must not know JSONata.

mod class;
mod machine;
mod parse;
mod program;
#[cfg(test)]
mod tests;

use machine::{Mode, NOWHERE};
use program::{Instruction, Matcher, Program};
use std::ops::Range;

/// A compiled regular expression.
#[derive(Debug)]
pub(crate) struct Regex {
    program: Program,
    mode: Mode,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offset {
    /// In bytes of UTF-8.
    pub(crate) byte: usize,
    /// In UTF-16 units, as JavaScript counts.
    pub(crate) utf16: usize,
}

/// Where a regular expression has matched.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Match {
    pub(crate) start: Offset,
    pub(crate) end: Offset,
    /// The bytes that each capturing group holds, the first group first; `None` where it took no part.
    pub(crate) groups: Vec<Option<Range<usize>>>,
}

/// How many more steps matching may take. A character compared, or a choice kept, is about one step.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: usize,
}

/// The budget is used up.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the regular expression takes too many steps")]
pub(crate) struct OverBudget;

/// What is wrong with a pattern or its flags, in the words of V8.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Error {
    #[error("Invalid regular expression: /{pattern}/{flags}: {fault}")]
    Pattern { pattern: String, flags: String, fault: &'static str },
    #[error("Invalid flags supplied to RegExp constructor '{0}'")]
    Flags(String),
}

impl Regex {
    /// Compiles a pattern. `flags` may hold `i` (case does not count), `m` (`^` and `$` match at each line)
    /// and `g` (without effect), each once.
    pub(crate) fn compile(pattern: &str, flags: &str) -> Result<Regex, Error> {
        let mut sorted: Vec<char> = flags.chars().collect();
        sorted.sort_unstable();
        let repeated = sorted.windows(2).any(|pair| matches!(pair, [left, right] if left == right));
        if repeated || flags.contains(|flag| !matches!(flag, 'g' | 'i' | 'm')) {
            return Err(Error::Flags(flags.into()));
        }
        let mode = Mode { ignore_case: flags.contains('i'), multiline: flags.contains('m') };
        match parse::parse(pattern) {
            Ok(parsed) => Ok(Regex { program: program::compile(parsed), mode }),
            Err(fault) => {
                Err(Error::Pattern { pattern: pattern.into(), flags: sorted.into_iter().collect(), fault })
            }
        }
    }

    /// The first match that starts at `from` or later, `None` where there is none.
    ///
    /// What lies before `from` is still seen by `^`, `\b` and looks behind.
    pub(crate) fn find_at(
        &self,
        text: &str,
        from: Offset,
        budget: &mut Budget,
    ) -> Result<Option<Match>, OverBudget> {
        let mut slots = Vec::new();
        let mut start = from;
        loop {
            let Some(candidate) = self.candidate(text, start, budget)? else { return Ok(None) };
            start = candidate;
            if machine::match_at(&self.program, self.mode, text, start.byte, &mut slots, budget)? {
                return Ok(Some(self.found(text, start, &slots)));
            }
            let Some(next) = text.get(start.byte..).and_then(|rest| rest.chars().next()) else {
                return Ok(None);
            };
            start = start.beyond(next);
        }
    }

    /// The next place where a match may start: a pattern that begins with a character needs it there.
    fn candidate(&self, text: &str, from: Offset, budget: &mut Budget) -> Result<Option<Offset>, OverBudget> {
        let Some(rest) = text.get(from.byte..) else { return Ok(None) };
        let Some(Instruction::Take { what: Matcher::Character(first), back: false }) =
            self.program.instructions.get(1).filter(|_| !self.mode.ignore_case)
        else {
            return Ok(Some(from));
        };
        let mut at = from;
        for character in rest.chars() {
            if character == *first {
                return Ok(Some(at));
            }
            budget.charge(1)?;
            at = at.beyond(character);
        }
        Ok(None)
    }

    fn found(&self, text: &str, start: Offset, slots: &[usize]) -> Match {
        let end = slots.get(1).copied().unwrap_or(start.byte);
        let taken = text.get(start.byte..end).unwrap_or("");
        let utf16 = start.utf16 + taken.chars().map(char::len_utf16).sum::<usize>();
        let groups = slots.chunks_exact(2).skip(1).map(|pair| match pair {
            &[start, end] if start != NOWHERE && end != NOWHERE => Some(start..end),
            _ => None,
        });
        Match { start, end: Offset { byte: end, utf16 }, groups: groups.collect() }
    }
}

impl Offset {
    fn beyond(self, character: char) -> Offset {
        Offset { byte: self.byte + character.len_utf8(), utf16: self.utf16 + character.len_utf16() }
    }
}

impl Budget {
    /// A budget of so many steps.
    pub(crate) fn new(steps: usize) -> Budget {
        Budget { steps }
    }

    /// The steps that are left.
    pub(crate) fn left(&self) -> usize {
        self.steps
    }

    fn charge(&mut self, steps: usize) -> Result<(), OverBudget> {
        self.steps = self.steps.checked_sub(steps).ok_or_else(|| {
            // Nothing smaller may pass after something larger was refused.
            self.steps = 0;
            OverBudget
        })?;
        Ok(())
    }
}
