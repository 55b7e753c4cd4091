//! The regular expressions of filters: Java's syntax, matched against a whole text.
//!
//! Whether a whole text matches depends on no order of trials, so all of them are made at once: the time is
//! that of the length of the text times the size of the expression, for every expression, and it counts
//! against the [`Budget`] of the path. What cannot be had so is refused when the path is compiled:
//! back-references, looking ahead or behind, possessive quantifiers and atomic groups.

use std::{mem, sync::Arc};

use super::{Budget, evaluate::Failure};

/// How deep groups and classes may nest: the parser recurses.
const MAX_DEPTH: usize = 50;
/// How many instructions an expression may have once its counted repeats are written out.
const MAX_PROGRAM: usize = 10_000;

/// A compiled regular expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Regex {
    source: String,
    program: Vec<Instruction>,
}

#[derive(Clone, Debug, PartialEq)]
enum Instruction {
    /// Takes a character of the set.
    Take(Arc<Set>),
    /// Goes on only where this holds.
    Assert(Assertion),
    /// Goes on at both places.
    Fork(usize, usize),
    Jump(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Assertion {
    Start,
    End,
    /// The end, or before a line end that ends the text.
    LastLineEnd,
    WordBoundary,
    NoWordBoundary,
}

#[derive(Clone, Debug, PartialEq)]
struct Set {
    items: Vec<Item>,
    /// How many items there are at any depth: what looking at them costs.
    weight: usize,
    is_negated: bool,
    ignores_case: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Item {
    Range(char, char),
    Class(Class, bool),
    Set(Set),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Any,
    LineEnd,
    Digit,
    Word,
    Space,
    Blank,
    Lower,
    Upper,
    Alpha,
    Alphanumeric,
    Punctuation,
    Ascii,
    Control,
    HexDigit,
    AnyLetter,
    AnyLower,
    AnyUpper,
    AnyNumber,
}

impl Regex {
    /// Compiles an expression, or says why not.
    pub(super) fn compile(source: &str, ignores_case: bool) -> Result<Regex, String> {
        let mut parser = Parser { rest: source, ignores_case, dot_takes_all: false, depth: 0 };
        let tree = parser.alternatives()?;
        if !parser.rest.is_empty() {
            return Err(fault("a group is closed that was not opened"));
        }
        let mut program = Vec::new();
        emit(&tree, &mut program)?;
        Ok(Regex { source: source.to_owned(), program })
    }

    /// The expression as written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Whether the whole of `text` matches.
    pub(super) fn matches(&self, text: &str, budget: &mut Budget) -> Result<bool, Failure> {
        let mut threads = Threads::new(self.program.len());
        threads.start(0);
        let mut before = None;
        let mut rest = text.chars();
        loop {
            let after = rest.as_str();
            threads.spread(&self.program, &Position { before, after });
            budget.spend(1 + threads.places.len())?;
            let Some(character) = rest.next() else { return Ok(threads.has(self.program.len())) };
            budget.spend(threads.advance(&self.program, character))?;
            if threads.pending.is_empty() {
                return Ok(false);
            }
            before = Some(character);
        }
    }
}

/// Where in a text a match stands.
struct Position<'a> {
    before: Option<char>,
    after: &'a str,
}

impl Position<'_> {
    fn holds(&self, assertion: Assertion) -> bool {
        let is_word = |character: Option<char>| character.is_some_and(|character| Class::Word.has(character));
        match assertion {
            Assertion::Start => self.before.is_none(),
            Assertion::End => self.after.is_empty(),
            Assertion::LastLineEnd => {
                matches!(self.after, "" | "\r\n" | "\r" | "\u{85}" | "\u{2028}" | "\u{2029}")
                    || (self.after == "\n" && self.before != Some('\r'))
            }
            Assertion::WordBoundary => is_word(self.before) != is_word(self.after.chars().next()),
            Assertion::NoWordBoundary => is_word(self.before) == is_word(self.after.chars().next()),
        }
    }
}

/// All places of the program that a match may have reached.
struct Threads {
    places: Vec<usize>,
    is_reached: Vec<bool>,
    pending: Vec<usize>,
}

impl Threads {
    fn new(instructions: usize) -> Threads {
        // The place behind the last instruction is the match.
        Threads { places: Vec::new(), is_reached: vec![false; instructions + 1], pending: Vec::new() }
    }

    fn start(&mut self, place: usize) {
        self.pending.push(place);
    }

    fn has(&self, place: usize) -> bool {
        self.is_reached.get(place).copied().unwrap_or_default()
    }

    /// Follows everything that takes no character.
    fn spread(&mut self, program: &[Instruction], position: &Position<'_>) {
        for place in mem::take(&mut self.places) {
            if let Some(is_reached) = self.is_reached.get_mut(place) {
                *is_reached = false;
            }
        }
        while let Some(place) = self.pending.pop() {
            match self.is_reached.get_mut(place) {
                Some(is_reached) if !*is_reached => *is_reached = true,
                _ => continue,
            }
            self.places.push(place);
            match program.get(place) {
                Some(Instruction::Fork(one, other)) => self.pending.extend([*one, *other]),
                Some(Instruction::Jump(to)) => self.pending.push(*to),
                Some(Instruction::Assert(assertion)) if position.holds(*assertion) => {
                    self.pending.push(place + 1)
                }
                Some(Instruction::Assert(_) | Instruction::Take(_)) | None => {}
            }
        }
    }

    /// Takes a character wherever it fits, and gives the work.
    fn advance(&mut self, program: &[Instruction], character: char) -> usize {
        let mut work = 0;
        for place in &self.places {
            if let Some(Instruction::Take(set)) = program.get(*place) {
                work += set.weight;
                if set.has(character) {
                    self.pending.push(place + 1);
                }
            }
        }
        work
    }
}

impl Set {
    fn has(&self, character: char) -> bool {
        let has = |character| self.items.iter().any(|item| item.has(character));
        let folded = |character: char| {
            if character.is_ascii_lowercase() {
                character.to_ascii_uppercase()
            } else {
                character.to_ascii_lowercase()
            }
        };
        (has(character) || (self.ignores_case && has(folded(character)))) != self.is_negated
    }
}

impl Item {
    fn has(&self, character: char) -> bool {
        match self {
            Item::Range(first, last) => (*first..=*last).contains(&character),
            Item::Class(class, expected) => class.has(character) == *expected,
            Item::Set(set) => set.has(character),
        }
    }
}

impl Class {
    fn has(self, character: char) -> bool {
        match self {
            Class::Any => true,
            Class::LineEnd => matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'),
            Class::Digit => character.is_ascii_digit(),
            Class::Word => character.is_ascii_alphanumeric() || character == '_',
            Class::Space => matches!(character, ' ' | '\t'..='\r'),
            Class::Blank => matches!(character, ' ' | '\t'),
            Class::Lower => character.is_ascii_lowercase(),
            Class::Upper => character.is_ascii_uppercase(),
            Class::Alpha => character.is_ascii_alphabetic(),
            Class::Alphanumeric => character.is_ascii_alphanumeric(),
            Class::Punctuation => character.is_ascii_punctuation(),
            Class::Ascii => character.is_ascii(),
            Class::Control => character.is_ascii_control(),
            Class::HexDigit => character.is_ascii_hexdigit(),
            Class::AnyLetter => character.is_alphabetic(),
            Class::AnyLower => character.is_lowercase(),
            Class::AnyUpper => character.is_uppercase(),
            Class::AnyNumber => character.is_numeric(),
        }
    }
}

/// What an expression says, before its repeats are written out.
enum Tree {
    Empty,
    Take(Arc<Set>),
    Assert(Assertion),
    Sequence(Vec<Tree>),
    Alternatives(Vec<Tree>),
    Repeat { tree: Box<Tree>, least: usize, most: Option<usize> },
}

fn emit(tree: &Tree, program: &mut Vec<Instruction>) -> Result<(), String> {
    if program.len() > MAX_PROGRAM {
        return Err(fault("it is too large"));
    }
    match tree {
        Tree::Empty => {}
        Tree::Take(set) => program.push(Instruction::Take(Arc::clone(set))),
        Tree::Assert(assertion) => program.push(Instruction::Assert(*assertion)),
        Tree::Sequence(trees) => {
            for tree in trees {
                emit(tree, program)?;
            }
        }
        Tree::Alternatives(trees) => emit_alternatives(trees, program)?,
        Tree::Repeat { tree, least, most } => {
            for _ in 0..*least {
                let before = program.len();
                emit(tree, program)?;
                // Nothing, however often.
                if program.len() == before {
                    break;
                }
            }
            match most {
                None => emit_loop(tree, program)?,
                Some(most) => {
                    for _ in *least..*most {
                        emit_option(tree, program)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn emit_alternatives(trees: &[Tree], program: &mut Vec<Instruction>) -> Result<(), String> {
    let mut ends = Vec::new();
    let mut trees = trees.iter().peekable();
    while let Some(tree) = trees.next() {
        if trees.peek().is_none() {
            emit(tree, program)?;
            break;
        }
        let fork = reserve(program);
        emit(tree, program)?;
        ends.push(reserve(program));
        settle(program, fork, |end| Instruction::Fork(fork + 1, end));
    }
    for end in ends {
        settle(program, end, Instruction::Jump);
    }
    Ok(())
}

fn emit_loop(tree: &Tree, program: &mut Vec<Instruction>) -> Result<(), String> {
    let fork = reserve(program);
    emit(tree, program)?;
    program.push(Instruction::Jump(fork));
    settle(program, fork, |end| Instruction::Fork(fork + 1, end));
    Ok(())
}

fn emit_option(tree: &Tree, program: &mut Vec<Instruction>) -> Result<(), String> {
    let fork = reserve(program);
    emit(tree, program)?;
    settle(program, fork, |end| Instruction::Fork(fork + 1, end));
    Ok(())
}

/// Room for a jump whose end is not known yet.
fn reserve(program: &mut Vec<Instruction>) -> usize {
    program.push(Instruction::Jump(0));
    program.len() - 1
}

/// Fills reserved room with a jump to the present end.
fn settle(program: &mut [Instruction], at: usize, instruction: impl FnOnce(usize) -> Instruction) {
    let end = program.len();
    if let Some(place) = program.get_mut(at) {
        *place = instruction(end);
    }
}

struct Parser<'a> {
    rest: &'a str,
    ignores_case: bool,
    dot_takes_all: bool,
    depth: usize,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Result<Tree, String> {
        let mut alternatives = vec![self.sequence()?];
        while self.skip("|") {
            alternatives.push(self.sequence()?);
        }
        Ok(Tree::Alternatives(alternatives))
    }

    fn sequence(&mut self) -> Result<Tree, String> {
        let mut sequence = Vec::new();
        while !self.rest.is_empty() && !self.rest.starts_with(['|', ')']) {
            let tree = self.atom()?;
            sequence.push(self.quantified(tree)?);
        }
        Ok(Tree::Sequence(sequence))
    }

    fn atom(&mut self) -> Result<Tree, String> {
        if self.skip("\\Q") {
            let (text, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            self.rest = rest;
            let characters =
                text.chars().map(|character| Tree::Take(self.set(Item::Range(character, character))));
            return Ok(Tree::Sequence(characters.collect()));
        }
        Ok(match self.next()? {
            '(' => return self.group(),
            '[' => Tree::Take(Arc::new(self.class()?)),
            '.' if self.dot_takes_all => Tree::Take(self.set(Item::Class(Class::Any, true))),
            '.' => Tree::Take(self.set(Item::Class(Class::LineEnd, false))),
            '^' => Tree::Assert(Assertion::Start),
            '$' => Tree::Assert(Assertion::LastLineEnd),
            '*' | '+' | '?' => return Err(fault("a quantifier has nothing before it")),
            '{' => return Err(fault("a repeat has nothing before it")),
            '\\' => match self.assertion() {
                Some(assertion) => Tree::Assert(assertion),
                None => Tree::Take(self.escape().map(|item| self.set(item))?),
            },
            character => Tree::Take(self.set(Item::Range(character, character))),
        })
    }

    fn group(&mut self) -> Result<Tree, String> {
        let flags = (self.ignores_case, self.dot_takes_all);
        self.enter()?;
        if self.skip("?") {
            match self.group_head()? {
                Head::Group => {}
                // `(?i)`: for the rest of the group around it.
                Head::Flags => {
                    self.depth -= 1;
                    return Ok(Tree::Empty);
                }
            }
        }
        let tree = self.alternatives()?;
        if !self.skip(")") {
            return Err(fault("a group is not closed"));
        }
        self.depth -= 1;
        (self.ignores_case, self.dot_takes_all) = flags;
        Ok(tree)
    }

    /// What follows `(?`.
    fn group_head(&mut self) -> Result<Head, String> {
        if self.skip("<") {
            let (name, rest) =
                self.rest.split_once('>').ok_or_else(|| fault("the name of a group is not closed"))?;
            if !name.starts_with(|first: char| first.is_ascii_alphabetic())
                || !name.chars().all(|character| character.is_ascii_alphanumeric())
            {
                return Err(fault("it looks behind, or the name of a group is none"));
            }
            self.rest = rest;
            return Ok(Head::Group);
        }
        let mut is_on = true;
        loop {
            match self.next()? {
                ':' => return Ok(Head::Group),
                ')' => return Ok(Head::Flags),
                '-' if is_on => is_on = false,
                'i' => self.ignores_case = is_on,
                's' => self.dot_takes_all = is_on,
                other => return Err(fault(&format!("groups that begin with `(?{other}` are not supported"))),
            }
        }
    }

    /// The tree, repeated as often as what follows says. Whether a quantifier is greedy or lazy does not matter
    /// for a whole match.
    fn quantified(&mut self, tree: Tree) -> Result<Tree, String> {
        let (least, most) = if self.skip("*") {
            (0, None)
        } else if self.skip("+") {
            (1, None)
        } else if self.skip("?") {
            (0, Some(1))
        } else if self.skip("{") {
            self.counts()?
        } else {
            return Ok(tree);
        };
        self.skip("?");
        if self.rest.starts_with(['*', '+', '?', '{']) {
            return Err(fault("a quantifier is possessive, or follows another"));
        }
        Ok(Tree::Repeat { tree: Box::new(tree), least, most })
    }

    /// `n}`, `n,}` or `n,m}`.
    fn counts(&mut self) -> Result<(usize, Option<usize>), String> {
        let wrong = || fault("a repeat is not `{n}`, `{n,}` or `{n,m}` of reasonable size");
        let count = |text: &str| text.parse().ok().filter(|count| *count <= MAX_PROGRAM).ok_or_else(wrong);
        let (counts, rest) = self.rest.split_once('}').ok_or_else(wrong)?;
        self.rest = rest;
        match counts.split_once(',') {
            None => count(counts).map(|count| (count, Some(count))),
            Some((least, "")) => Ok((count(least)?, None)),
            Some((least, most)) => {
                let (least, most) = (count(least)?, count(most)?);
                if least <= most { Ok((least, Some(most))) } else { Err(wrong()) }
            }
        }
    }

    /// What follows `[`.
    fn class(&mut self) -> Result<Set, String> {
        self.enter()?;
        let is_negated = self.skip("^");
        let mut items = Vec::new();
        // A bracket that comes first is a character.
        while items.is_empty() || !self.rest.starts_with(']') {
            let item = match self.next()? {
                '[' => Item::Set(self.class()?),
                '\\' => self.escape()?,
                '&' if self.rest.starts_with('&') => return Err(fault("intersections are not supported")),
                character => Item::Range(character, character),
            };
            items.push(self.range(item)?);
        }
        self.skip("]");
        self.depth -= 1;
        let weight = items.iter().map(|item| if let Item::Set(set) = item { set.weight } else { 1 }).sum();
        Ok(Set { items, weight, is_negated, ignores_case: self.ignores_case })
    }

    /// The range that an item begins, if it does.
    fn range(&mut self, item: Item) -> Result<Item, String> {
        let Item::Range(first, _) = item else { return Ok(item) };
        let mut ahead = self.rest.chars();
        if ahead.next() != Some('-') || matches!(ahead.next(), None | Some(']' | '[')) {
            return Ok(item);
        }
        self.next()?;
        let last = match self.next()? {
            '\\' => self.escape()?,
            character => Item::Range(character, character),
        };
        match last {
            Item::Range(last, _) if first <= last => Ok(Item::Range(first, last)),
            _ => Err(fault("a range of characters has no end, or ends before it begins")),
        }
    }

    fn assertion(&mut self) -> Option<Assertion> {
        let assertion = match self.rest.chars().next()? {
            'A' => Assertion::Start,
            'z' => Assertion::End,
            'Z' => Assertion::LastLineEnd,
            'b' => Assertion::WordBoundary,
            'B' => Assertion::NoWordBoundary,
            _ => return None,
        };
        self.rest = self.rest.get(1..).unwrap_or_default();
        Some(assertion)
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<Item, String> {
        let character = match self.next()? {
            'd' => return Ok(Item::Class(Class::Digit, true)),
            'D' => return Ok(Item::Class(Class::Digit, false)),
            'w' => return Ok(Item::Class(Class::Word, true)),
            'W' => return Ok(Item::Class(Class::Word, false)),
            's' => return Ok(Item::Class(Class::Space, true)),
            'S' => return Ok(Item::Class(Class::Space, false)),
            'p' => return self.named_class(true),
            'P' => return self.named_class(false),
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\u{c}',
            'a' => '\u{7}',
            'e' => '\u{1b}',
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            '1'..='9' | 'k' => return Err(fault("back-references are not supported")),
            other if other.is_ascii_alphanumeric() => {
                return Err(fault(&format!("the escape `\\{other}` is not supported")));
            }
            other => other,
        };
        Ok(Item::Range(character, character))
    }

    /// A character by the hexadecimal digits of its code.
    fn code(&mut self, digits: usize) -> Result<char, String> {
        let code = self.rest.get(..digits).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let character = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        self.rest = self.rest.get(digits..).unwrap_or_default();
        character.ok_or_else(|| fault("an escape names no character"))
    }

    /// `{Name}` or `L`, behind `\p`.
    fn named_class(&mut self, expected: bool) -> Result<Item, String> {
        let name = if self.skip("{") {
            let (name, rest) =
                self.rest.split_once('}').ok_or_else(|| fault("the name of a class is not closed"))?;
            self.rest = rest;
            name.to_owned()
        } else {
            self.next()?.to_string()
        };
        let class = match name.as_str() {
            "Lower" => Class::Lower,
            "Upper" => Class::Upper,
            "Alpha" => Class::Alpha,
            "Digit" => Class::Digit,
            "Alnum" => Class::Alphanumeric,
            "Punct" => Class::Punctuation,
            "Space" => Class::Space,
            "Blank" => Class::Blank,
            "ASCII" => Class::Ascii,
            "Cntrl" => Class::Control,
            "XDigit" => Class::HexDigit,
            "L" | "IsL" | "IsAlphabetic" => Class::AnyLetter,
            "Ll" | "IsLl" | "IsLowercase" => Class::AnyLower,
            "Lu" | "IsLu" | "IsUppercase" => Class::AnyUpper,
            "N" | "IsN" => Class::AnyNumber,
            _ => return Err(fault(&format!("the class `{name}` is not supported"))),
        };
        Ok(Item::Class(class, expected))
    }

    fn set(&self, item: Item) -> Arc<Set> {
        Arc::new(Set { items: vec![item], weight: 1, is_negated: false, ignores_case: self.ignores_case })
    }

    fn next(&mut self) -> Result<char, String> {
        let mut characters = self.rest.chars();
        let next = characters.next().ok_or_else(|| fault("it ends too early"))?;
        self.rest = characters.as_str();
        Ok(next)
    }

    fn skip(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(fault("it is nested too deep")) } else { Ok(()) }
    }
}

/// What `(?…` turns out to be.
enum Head {
    Group,
    Flags,
}

fn fault(what: &str) -> String {
    format!("the regular expression is not supported: {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        let (pattern, ignores_case) = match pattern.strip_suffix("/i") {
            Some(pattern) => (pattern, true),
            None => (pattern, false),
        };
        Regex::compile(pattern, ignores_case).unwrap().matches(text, &mut Budget::new()).unwrap()
    }

    #[test]
    fn matches_whole_texts() {
        // Pattern, texts that match, texts that do not.
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("", &[""], &["a"]),
            ("abc", &["abc"], &["ab", "abcd", "xabc", "ABC"]),
            ("abc/i", &["abc", "ABC", "aBc"], &["äbc"]),
            ("a|bc|", &["a", "bc", ""], &["abc", "b"]),
            ("a*", &["", "aaaa"], &["b"]),
            ("a+?b", &["ab", "aab"], &["b", "a"]),
            ("colou?r", &["color", "colour"], &["colouur"]),
            ("(ab){2}", &["abab"], &["ab", "ababab"]),
            ("(?:ab){2,}", &["abab", "ababab"], &["ab"]),
            ("(?<n>a){1,3}", &["a", "aaa"], &["", "aaaa"]),
            ("a{0}b", &["b"], &["ab"]),
            (".", &["a", "é", "😀"], &["", "\n", "\r", "\u{2028}", "ab"]),
            ("(?s).", &["\n"], &[]),
            ("(?i)ab", &["AB"], &[]),
            ("(?i:a)b", &["Ab"], &["AB"]),
            ("((?i)a)b", &["Ab"], &["AB"]),
            ("[a-c]+", &["abc"], &["abd"]),
            ("[^a-c]", &["d", "-"], &["a"]),
            ("[^a]/i", &["b"], &["a", "A"]),
            ("[]a]", &["]", "a"], &["b"]),
            ("[a-]", &["a", "-"], &["b"]),
            ("[a-c[x-z]]", &["b", "y"], &["m"]),
            (r"[\d.]+", &["1.5"], &["1,5"]),
            (r"[a\-z]", &["-", "a"], &["b"]),
            (r"\d+", &["123"], &["12a", "٣"]),
            (r"\w+\W\s\S\D", &["a_9- xy"], &["a_9-  y"]),
            (r"\.\*\\", &[".*\\"], &["..\\"]),
            (r"\x41\u0042\t", &["AB\t"], &["ab\t"]),
            (r"\Qa.b\E+", &["a.b"], &["axb"]),
            (r"\p{Upper}\p{L}\PL", &["Aé1"], &["aé1"]),
            ("^a$", &["a"], &["ba"]),
            ("a$\n", &["a\n"], &[]),
            (r"\ba\b.b\Bb*\z", &["a bb"], &["a b", "abbb"]),
            ("(a*)*b", &["aab"], &["aac"]),
            ("(|a)+", &["", "aa"], &["b"]),
            ("é/i", &["é"], &["É"]),
        ];
        for (pattern, hits, misses) in cases {
            for text in *hits {
                assert!(matches(pattern, text), "{pattern} {text:?}");
            }
            for text in *misses {
                assert!(!matches(pattern, text), "{pattern} {text:?}");
            }
        }
    }

    #[test]
    fn refuses() {
        let deep = "(".repeat(100_000);
        let large = "(a{100}){1000}";
        let cases = [
            "((((){9999}){9999}){9999}(",
            "(",
            ")",
            "a)",
            "[",
            "[a",
            "*",
            "a**",
            "a++",
            "a{2",
            "a{2,1}",
            "a{x}",
            "{1}",
            "\\",
            r"\1",
            r"(a)\k<a>",
            "(?=a)",
            "(?!a)",
            "(?<=a)",
            "(?<!a)",
            "(?>a)",
            r"\G",
            r"\p{Greek}",
            r"\p{L",
            "[b-a]",
            r"[a-\d]",
            r"\x4",
            r"\ud800",
            "(?m)a",
            "a{99999999999}",
            &deep,
            large,
            "((((a{50}){50}){50}){50})",
        ];
        for pattern in cases {
            assert!(Regex::compile(pattern, false).is_err(), "{}", pattern.get(..20).unwrap_or(pattern));
        }
    }

    #[test]
    fn no_text_takes_long() {
        let text = "a".repeat(10_000);
        assert!(!matches("(a+)+b", &text));
        assert!(matches("(a|aa)*", &text));
        let costly = Regex::compile(&"a?".repeat(4000), false).unwrap();
        assert_eq!(costly.matches(&text, &mut Budget::new()), Err(Failure::Exhausted));
    }
}
