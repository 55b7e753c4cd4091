//! A pattern's text to its tree. Knows the syntax, nothing of matching.
//!
//! The syntax is that of ECMAScript 2018 without the flag `u`, with what browsers allow beyond it (ECMA-262,
//! annex B): `{` and `]` may stand for themselves, `\8` is `8`, `\12` is octal where no group 12 exists.

use super::class::Class;

/// How deep groups may nest; the passes over the tree recurse as deep.
const MAX_DEPTH: usize = 200;

/// A repetition count that stands for "without end".
pub(super) const UNBOUNDED: u32 = u32::MAX;

/// A pattern, or a part of one.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    /// Matches nothing at all: half of a surrogate pair, which no text holds.
    Never,
    Character(char),
    Class(Class),
    /// `.`
    Any,
    /// `^`
    Start,
    /// `$`
    End,
    /// `\b`, or `\B` when negated.
    WordEdge {
        negated: bool,
    },
    /// A capturing group; the first is 1.
    Group(u32, Box<Node>),
    /// `\1`, or `\k<name>`.
    Reference(u32),
    Look {
        behind: bool,
        negated: bool,
        body: Box<Node>,
    },
    Repeat {
        body: Box<Node>,
        min: u32,
        max: u32,
        greedy: bool,
        /// The groups inside, `first..end`: each turn of the loop forgets what they held.
        groups: (u32, u32),
    },
    Sequence(Vec<Node>),
    Either(Vec<Node>),
}

/// A pattern that is well formed.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) root: Node,
    /// How many capturing groups there are.
    pub(super) groups: u32,
}

/// What is wrong with a pattern, in the words of V8.
pub(super) type Fault = &'static str;

/// Reads a pattern.
pub(super) fn parse(text: &str) -> Result<Pattern, Fault> {
    let characters: Vec<char> = text.chars().collect();
    let (total, names) = survey(characters.clone());
    let mut parser = Parser { total, names, ..Parser::new(characters) };
    let root = parser.alternatives()?;
    match parser.peek() {
        None if parser.unresolved => Err("Invalid named capture referenced"),
        None => Ok(Pattern { root, groups: total }),
        Some(_) => Err("Unmatched ')'"),
    }
}

struct Parser {
    characters: Vec<char>,
    at: usize,
    /// Capturing groups opened so far.
    opened: u32,
    /// Capturing groups in the whole pattern.
    total: u32,
    /// The names of groups, in the order of the pattern.
    names: Vec<(String, u32)>,
    /// Whether a name has been referred to that no group has. Reported last, as V8 does.
    unresolved: bool,
    depth: usize,
}

/// An element of a class: a character that may bound a range, or a set that may not.
enum Member {
    Code(u32),
    Set(Class),
}

impl Parser {
    fn new(characters: Vec<char>) -> Parser {
        Parser { characters, at: 0, opened: 0, total: 0, names: Vec::new(), unresolved: false, depth: 0 }
    }

    fn alternatives(&mut self) -> Result<Node, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("Regular expression too large");
        }
        let mut branches = vec![self.sequence()?];
        while self.eat('|') {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(single_or(branches, Node::Either))
    }

    fn sequence(&mut self) -> Result<Node, Fault> {
        let mut terms = Vec::new();
        while let Some(next) = self.peek() {
            if next == '|' || next == ')' {
                break;
            }
            let before = self.opened;
            let (term, repeatable) = self.term()?;
            let term = self.quantified(term, repeatable, before)?;
            terms.push(term);
        }
        Ok(single_or(terms, Node::Sequence))
    }

    /// One term, and whether a quantifier may follow it.
    fn term(&mut self) -> Result<(Node, bool), Fault> {
        let Some(first) = self.next() else { return Ok((Node::Sequence(Vec::new()), false)) };
        let node = match first {
            '^' => return Ok((Node::Start, false)),
            '$' => return Ok((Node::End, false)),
            '(' => return self.group(),
            '[' => self.class()?,
            '.' => Node::Any,
            '\\' => return self.escape(),
            '*' | '+' | '?' => return Err("Nothing to repeat"),
            '{' => {
                let start = self.at;
                self.at -= 1;
                if self.braces()?.is_some() {
                    return Err("Nothing to repeat");
                }
                self.at = start;
                Node::Character('{')
            }
            other => Node::Character(other),
        };
        Ok((node, true))
    }

    fn quantified(&mut self, body: Node, repeatable: bool, before: u32) -> Result<Node, Fault> {
        let (min, max) = match self.peek() {
            Some('*') => (0, UNBOUNDED),
            Some('+') => (1, UNBOUNDED),
            Some('?') => (0, 1),
            Some('{') => match self.braces()? {
                Some(counts) => {
                    self.at -= 1;
                    counts
                }
                None => return Ok(body),
            },
            _ => return Ok(body),
        };
        if !repeatable {
            let behind = matches!(body, Node::Look { .. });
            return Err(if behind { "Invalid quantifier" } else { "Nothing to repeat" });
        }
        self.at += 1;
        let greedy = !self.eat('?');
        Ok(Node::Repeat { body: Box::new(body), min, max, greedy, groups: (before + 1, self.opened + 1) })
    }

    /// `{2}`, `{2,}` or `{2,3}`; where there is none, nothing is consumed and the brace is a character.
    fn braces(&mut self) -> Result<Option<(u32, u32)>, Fault> {
        let start = self.at;
        self.at += 1;
        let counts = self.counts();
        if counts.is_none() || !self.eat('}') {
            self.at = start;
            return Ok(None);
        }
        match counts {
            Some((min, max)) if min > max => Err("numbers out of order in {} quantifier"),
            counts => Ok(counts),
        }
    }

    fn counts(&mut self) -> Option<(u32, u32)> {
        let min = self.decimal()?;
        if !self.eat(',') {
            return Some((min, min));
        }
        if self.peek() == Some('}') {
            return Some((min, UNBOUNDED));
        }
        self.decimal().map(|max| (min, max))
    }

    fn decimal(&mut self) -> Option<u32> {
        let mut value: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(|next| next.to_digit(10)) {
            value = Some(value.unwrap_or(0).saturating_mul(10).saturating_add(digit));
            self.at += 1;
        }
        value
    }

    /// A group, look-ahead or look-behind; the parenthesis is consumed.
    fn group(&mut self) -> Result<(Node, bool), Fault> {
        if !self.eat('?') {
            let node = self.capture()?;
            return Ok((node, true));
        }
        match self.next() {
            Some(':') => {
                let body = self.body()?;
                Ok((body, true))
            }
            // Annex B lets a look-ahead be repeated, not a look-behind.
            Some('=') => Ok((self.look(false, false)?, true)),
            Some('!') => Ok((self.look(false, true)?, true)),
            Some('<') if self.eat('=') => Ok((self.look(true, false)?, false)),
            Some('<') if self.eat('!') => Ok((self.look(true, true)?, false)),
            Some('<') => {
                let Some(name) = self.name() else { return Err("Invalid capture group name") };
                let owner = self.names.iter().find(|(known, _)| *known == name);
                if owner.is_some_and(|&(_, number)| number != self.opened + 1) {
                    return Err("Duplicate capture group name");
                }
                let node = self.capture()?;
                Ok((node, true))
            }
            _ => Err("Invalid group"),
        }
    }

    fn capture(&mut self) -> Result<Node, Fault> {
        self.opened += 1;
        let number = self.opened;
        Ok(Node::Group(number, Box::new(self.body()?)))
    }

    fn look(&mut self, behind: bool, negated: bool) -> Result<Node, Fault> {
        Ok(Node::Look { behind, negated, body: Box::new(self.body()?) })
    }

    fn body(&mut self) -> Result<Node, Fault> {
        let body = self.alternatives()?;
        if self.eat(')') { Ok(body) } else { Err("Unterminated group") }
    }

    /// An escape outside of a class; the backslash is consumed.
    fn escape(&mut self) -> Result<(Node, bool), Fault> {
        let Some(letter) = self.peek() else { return Err("\\ at end of pattern") };
        match letter {
            'b' | 'B' => {
                self.at += 1;
                return Ok((Node::WordEdge { negated: letter == 'B' }, false));
            }
            '1'..='9' => {
                let start = self.at;
                match self.decimal() {
                    Some(number) if number <= self.total => return Ok((Node::Reference(number), true)),
                    _ => self.at = start,
                }
            }
            'k' if !self.names.is_empty() => {
                self.at += 1;
                let name = if self.eat('<') { self.name() } else { None };
                let Some(name) = name else { return Err("Invalid named reference") };
                let owner = self.names.iter().find(|(known, _)| *known == name);
                self.unresolved |= owner.is_none();
                return Ok((owner.map_or(Node::Never, |&(_, number)| Node::Reference(number)), true));
            }
            _ => {}
        }
        if let Some(mut class) = Class::of_escape(letter) {
            self.at += 1;
            class.seal(false);
            return Ok((Node::Class(class), true));
        }
        let code = self.character_escape(false);
        Ok((char::from_u32(code).map_or(Node::Never, Node::Character), true))
    }

    /// The code point of an escape that stands for one character. What is no known escape is itself.
    fn character_escape(&mut self, in_class: bool) -> u32 {
        let Some(letter) = self.next() else { return u32::from('\\') };
        match letter {
            't' => 0x09,
            'n' => 0x0a,
            'v' => 0x0b,
            'f' => 0x0c,
            'r' => 0x0d,
            'b' if in_class => 0x08,
            '0'..='7' => self.octal(letter),
            'x' => self.hex(2).unwrap_or(u32::from('x')),
            'u' => self.unicode().unwrap_or(u32::from('u')),
            'c' => match self.peek() {
                Some(control)
                    if control.is_ascii_alphabetic()
                        || (in_class && (control.is_ascii_digit() || control == '_')) =>
                {
                    self.at += 1;
                    u32::from(control) % 32
                }
                // The backslash stands for itself, and the `c` comes next.
                _ => {
                    self.at -= 1;
                    u32::from('\\')
                }
            },
            other => u32::from(other),
        }
    }

    /// Up to three octal digits, at most `\377`.
    fn octal(&mut self, first: char) -> u32 {
        let mut value = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            match self.peek().and_then(|next| next.to_digit(8)) {
                Some(digit) if value * 8 + digit <= 0o377 => {
                    value = value * 8 + digit;
                    self.at += 1;
                }
                _ => break,
            }
        }
        value
    }

    /// So many hexadecimal digits, or nothing consumed.
    fn hex(&mut self, digits: usize) -> Option<u32> {
        let mut value = 0;
        for digit in self.characters.get(self.at..self.at.checked_add(digits)?)? {
            value = value * 16 + digit.to_digit(16)?;
        }
        self.at += digits;
        Some(value)
    }

    /// The digits of `\u`; two escapes that make a surrogate pair are one character.
    fn unicode(&mut self) -> Option<u32> {
        let first = self.hex(4)?;
        if (0xd800..0xdc00).contains(&first) && self.peek() == Some('\\') && self.peek_at(1) == Some('u') {
            let start = self.at;
            self.at += 2;
            match self.hex(4) {
                Some(second @ 0xdc00..0xe000) => {
                    return Some(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00));
                }
                _ => self.at = start,
            }
        }
        Some(first)
    }

    /// A class; the bracket is consumed.
    fn class(&mut self) -> Result<Node, Fault> {
        let negated = self.eat('^');
        let mut class = Class::default();
        loop {
            if self.eat(']') {
                break;
            }
            let first = self.member()?;
            if self.peek() != Some('-') || self.peek_at(1).is_none_or(|next| next == ']') {
                add(&mut class, first);
                continue;
            }
            self.at += 1;
            match (first, self.member()?) {
                (Member::Code(first), Member::Code(last)) if first > last => {
                    return Err("Range out of order in character class");
                }
                (Member::Code(first), Member::Code(last)) => class.add(first, last),
                // `[\d-x]` is no range: annex B takes all three as they are.
                (first, last) => {
                    add(&mut class, first);
                    class.add(u32::from('-'), u32::from('-'));
                    add(&mut class, last);
                }
            }
        }
        class.seal(negated);
        Ok(Node::Class(class))
    }

    fn member(&mut self) -> Result<Member, Fault> {
        let Some(first) = self.next() else { return Err("Unterminated character class") };
        if first != '\\' {
            return Ok(Member::Code(u32::from(first)));
        }
        let Some(letter) = self.peek() else { return Err("\\ at end of pattern") };
        if let Some(set) = Class::of_escape(letter) {
            self.at += 1;
            return Ok(Member::Set(set));
        }
        Ok(Member::Code(self.character_escape(true)))
    }

    /// A group's name up to and with its `>`. `None` where it is not well formed.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            let character = match self.next()? {
                '>' => return (!name.is_empty()).then_some(name),
                '\\' if self.eat('u') => {
                    let code = if self.eat('{') { self.braced_hex()? } else { self.unicode()? };
                    char::from_u32(code)?
                }
                other => other,
            };
            if !in_name(character, name.is_empty()) {
                return None;
            }
            name.push(character);
        }
    }

    /// The digits of `\u{..}` with the closing brace, as names of groups may have it.
    fn braced_hex(&mut self) -> Option<u32> {
        let mut value: u32 = 0;
        let start = self.at;
        while let Some(digit) = self.peek().and_then(|next| next.to_digit(16)) {
            value = value.saturating_mul(16).saturating_add(digit);
            self.at += 1;
        }
        (self.at > start && self.eat('}')).then_some(value)
    }

    fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }
}

/// Counts the capturing groups and reads their names, for references may come before the group is opened.
fn survey(characters: Vec<char>) -> (u32, Vec<(String, u32)>) {
    let mut scan = Parser::new(characters);
    let mut in_class = false;
    while let Some(next) = scan.next() {
        match next {
            '\\' => _ = scan.next(),
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if in_class => {}
            '(' if !scan.eat('?') => scan.opened += 1,
            '(' if scan.eat('<') && !matches!(scan.peek(), Some('=' | '!')) => {
                scan.opened += 1;
                // The parser complains about what is no name.
                if let Some(name) = scan.name() {
                    scan.names.push((name, scan.opened));
                }
            }
            _ => {}
        }
    }
    (scan.opened, scan.names)
}

fn add(class: &mut Class, member: Member) {
    match member {
        Member::Code(code) => class.add(code, code),
        Member::Set(set) => class.add_class(&set),
    }
}

fn single_or(mut nodes: Vec<Node>, many: impl FnOnce(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        Some(last) => {
            nodes.push(last);
            many(nodes)
        }
        None => Node::Sequence(nodes),
    }
}

fn in_name(character: char, first: bool) -> bool {
    character == '$'
        || character == '_'
        || character.is_alphabetic()
        || (!first && (character.is_alphanumeric() || matches!(character, '\u{200c}' | '\u{200d}')))
}
