//! Sets of characters, and which characters are the same when case does not count.

use std::{collections::HashMap, sync::LazyLock};

/// A character class: `[a-z]`, `\D`, `[^x]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Class {
    /// Invariant after [`Class::seal`]: sorted by start, no two ranges touch.
    ranges: Vec<(u32, u32)>,
    negated: bool,
}

impl Class {
    /// The class of `\d`, `\s` or `\w`, and of their complements when the letter is upper case.
    pub(super) fn of_escape(letter: char) -> Option<Class> {
        let ranges = match letter {
            'd' | 'D' => DIGITS,
            's' | 'S' => SPACES,
            'w' | 'W' => WORD,
            _ => return None,
        };
        let mut class = Class { ranges: ranges.to_vec(), negated: false };
        if letter.is_ascii_uppercase() {
            class.ranges = class.complement();
        }
        Some(class)
    }

    /// Adds `first..=last`, code points. Surrogates may be among them; no character of a text is one.
    pub(super) fn add(&mut self, first: u32, last: u32) {
        self.ranges.push((first, last));
    }

    /// Adds all of another class.
    pub(super) fn add_class(&mut self, other: &Class) {
        self.ranges.extend_from_slice(&other.ranges);
    }

    /// Makes the class ready for use, negated or not.
    pub(super) fn seal(&mut self, negated: bool) {
        self.ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(self.ranges.len());
        for &(first, last) in &self.ranges {
            match merged.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        self.ranges = merged;
        self.negated = negated;
    }

    /// Whether the character is in the class, with or without regard to case.
    ///
    /// Case is undone before the negation: `[^a]` with `i` refuses `A`. Source: ECMA-262, CharacterSetMatcher.
    pub(super) fn contains(&self, character: char, ignore_case: bool) -> bool {
        let found =
            self.has(character) || (ignore_case && variants(character).iter().any(|&other| self.has(other)));
        found != self.negated
    }

    fn has(&self, character: char) -> bool {
        let code = u32::from(character);
        let after = self.ranges.partition_point(|&(first, _)| first <= code);
        after.checked_sub(1).and_then(|at| self.ranges.get(at)).is_some_and(|&(_, last)| code <= last)
    }

    fn complement(&self) -> Vec<(u32, u32)> {
        let mut gaps = Vec::new();
        let mut next = 0;
        for &(first, last) in &self.ranges {
            if next < first {
                gaps.push((next, first - 1));
            }
            next = last + 1;
        }
        gaps.push((next, u32::from(char::MAX)));
        gaps
    }
}

/// Whether `\b` counts the character as part of a word.
pub(super) fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Whether the character ends a line, for `.`, and for `^` and `$` with `m`.
pub(super) fn ends_line(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// What a character is compared as when case does not count.
///
/// The upper case, where it is one UTF-16 unit and does not turn a letter beyond ASCII into one of ASCII.
/// Source: ECMA-262, Canonicalize without the flag `u`.
pub(super) fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) if !only.is_ascii() && character.len_utf16() == 1 && only.len_utf16() == 1 => only,
        _ => character,
    }
}

/// The other characters that fold to the same one; few or none.
fn variants(character: char) -> &'static [char] {
    static VARIANTS: LazyLock<HashMap<char, Vec<char>>> = LazyLock::new(|| {
        let mut by_fold: HashMap<char, Vec<char>> = HashMap::new();
        for character in '\0'..='\u{ffff}' {
            let folded = fold(character);
            if folded != character {
                by_fold.entry(folded).or_insert_with(|| vec![folded]).push(character);
            }
        }
        by_fold
    });
    VARIANTS.get(&fold(character)).map_or(&[], Vec::as_slice)
}

const DIGITS: &[(u32, u32)] = &[(0x30, 0x39)];

const WORD: &[(u32, u32)] = &[(0x30, 0x39), (0x41, 0x5a), (0x5f, 0x5f), (0x61, 0x7a)];

/// White space and line ends. Source: ECMA-262, WhiteSpace and LineTerminator.
const SPACES: &[(u32, u32)] = &[
    (0x09, 0x0d),
    (0x20, 0x20),
    (0xa0, 0xa0),
    (0x1680, 0x1680),
    (0x2000, 0x200a),
    (0x2028, 0x2029),
    (0x202f, 0x202f),
    (0x205f, 0x205f),
    (0x3000, 0x3000),
    (0xfeff, 0xfeff),
];
