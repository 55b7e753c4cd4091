//! Text to tokens. Whether `/` divides or opens a regular expression the parser knows, and says.

use std::sync::Arc;

use crate::json::Value;

use super::{
    ast::RegexLiteral,
    error::{Fault, Result},
    regex::Regex,
};

/// A token, and where it ends.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// UTF-16 units up to the end of the token.
    pub(super) position: usize,
}

#[derive(Clone, Debug)]
pub(super) enum TokenKind {
    Operator(&'static str),
    Name(Arc<str>),
    Variable(Arc<str>),
    String(Arc<str>),
    Number(f64),
    /// `true`, `false` or `null`.
    Constant(Value),
    Regex(Arc<RegexLiteral>),
    End,
}

impl TokenKind {
    /// What messages show of the token.
    pub(super) fn shown(&self) -> Value {
        match self {
            TokenKind::Operator(id) => Value::from(*id),
            TokenKind::Name(text) | TokenKind::Variable(text) | TokenKind::String(text) => {
                Value::from(Arc::clone(text))
            }
            TokenKind::Number(value) => super::value::number(*value),
            TokenKind::Constant(value) => value.clone(),
            // A regular expression is an object without members to JSON.
            TokenKind::Regex(_) => Value::empty_object(),
            TokenKind::End => Value::from("(end)"),
        }
    }
}

const PAIRS: [&str; 7] = ["..", ":=", "!=", ">=", "<=", "**", "~>"];
const SINGLES: [&str; 26] = [
    ".", "[", "]", "{", "}", "(", ")", ",", "@", "#", ";", ":", "?", "+", "-", "*", "/", "%", "|", "=", "<",
    ">", "^", "&", "!", "~",
];

pub(super) struct Lexer {
    text: Vec<char>,
    at: usize,
    /// UTF-16 units before `at`.
    units: usize,
}

impl Lexer {
    pub(super) fn new(text: &str) -> Lexer {
        Lexer { text: text.chars().collect(), at: 0, units: 0 }
    }

    /// The next token. `infix`: an operand has just ended, so that `/` divides.
    pub(super) fn next(&mut self, infix: bool) -> Result<Token> {
        loop {
            while self.peek(0).is_some_and(is_blank) {
                self.skip(1);
            }
            if self.peek(0) == Some('/') && self.peek(1) == Some('*') {
                self.comment()?;
            } else {
                break;
            }
        }
        let Some(first) = self.peek(0) else { return Ok(self.token(TokenKind::End)) };
        if first == '/' && !infix {
            self.skip(1);
            return self.regex();
        }
        if let Some(operator) = self.operator(first) {
            self.skip(operator.len());
            return Ok(self.token(TokenKind::Operator(operator)));
        }
        match first {
            '"' | '\'' => self.string(first),
            '0'..='9' => self.number(),
            '`' => self.quoted_name(),
            _ => Ok(self.name()),
        }
    }

    fn operator(&self, first: char) -> Option<&'static str> {
        let second = self.peek(1);
        let is_pair = |pair: &&str| pair.chars().map(Some).eq([Some(first), second]);
        PAIRS
            .iter()
            .find(|pair| is_pair(pair))
            .or_else(|| SINGLES.iter().find(|single| single.starts_with(first)))
            .copied()
    }

    fn comment(&mut self) -> Result<()> {
        let start = self.units;
        self.skip(2);
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('*'), Some('/')) => {
                    self.skip(2);
                    return Ok(());
                }
                (Some(_), _) => self.skip(1),
                (None, _) => return Err(Fault::new("S0106").at(start)),
            }
        }
    }

    fn string(&mut self, quote: char) -> Result<Token> {
        self.skip(1);
        // In UTF-16, because an escape may be half of a character.
        let mut out: Vec<u16> = Vec::new();
        while let Some(character) = self.peek(0) {
            if character == '\\' {
                self.skip(1);
                self.escape(&mut out)?;
            } else if character == quote {
                self.skip(1);
                return Ok(self.token(TokenKind::String(String::from_utf16_lossy(&out).into())));
            } else {
                out.extend(character.encode_utf16(&mut [0; 2]).iter());
            }
            self.skip(1);
        }
        Err(Fault::new("S0101").at(self.units))
    }

    /// Reads an escape up to its last character, which the caller skips.
    fn escape(&mut self, out: &mut Vec<u16>) -> Result<()> {
        let character = self.peek(0);
        let plain = match character {
            Some(same @ ('"' | '\\' | '/')) => same,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let digits: String = (1..=4).filter_map(|ahead| self.peek(ahead)).collect();
                let unit = u16::from_str_radix(&digits, 16).ok();
                let Some(unit) = unit.filter(|_| digits.len() == 4 && !digits.starts_with('+')) else {
                    return Err(Fault::new("S0104").at(self.units));
                };
                out.push(unit);
                self.skip(4);
                return Ok(());
            }
            _ => {
                let token = character.map(String::from).unwrap_or_default();
                return Err(Fault::new("S0103").at(self.units).token(token));
            }
        };
        out.extend(plain.encode_utf16(&mut [0; 2]).iter());
        Ok(())
    }

    fn number(&mut self) -> Result<Token> {
        let digits = |lexer: &Lexer, mut length: usize| {
            while lexer.peek(length).is_some_and(|character| character.is_ascii_digit()) {
                length += 1;
            }
            length
        };
        let mut length = if self.peek(0) == Some('0') { 1 } else { digits(self, 1) };
        if self.peek(length) == Some('.') && digits(self, length + 1) > length + 1 {
            length = digits(self, length + 1);
        }
        if matches!(self.peek(length), Some('e' | 'E')) {
            let sign = usize::from(matches!(self.peek(length + 1), Some('+' | '-')));
            let end = digits(self, length + 1 + sign);
            if end > length + 1 + sign {
                length = end;
            }
        }
        let text: String = (0..length).filter_map(|ahead| self.peek(ahead)).collect();
        let value = text.parse().unwrap_or(f64::INFINITY);
        if !f64::is_finite(value) {
            return Err(Fault::new("S0102").at(self.units).token(text));
        }
        self.skip(length);
        Ok(self.token(TokenKind::Number(value)))
    }

    fn quoted_name(&mut self) -> Result<Token> {
        self.skip(1);
        let mut name = String::new();
        while let Some(character) = self.peek(0) {
            self.skip(1);
            if character == '`' {
                return Ok(self.token(TokenKind::Name(name.into())));
            }
            name.push(character);
        }
        Err(Fault::new("S0105").at(self.units))
    }

    fn name(&mut self) -> Token {
        let mut name = String::new();
        while let Some(character) = self.peek(0) {
            if is_blank(character) || SINGLES.iter().any(|single| single.starts_with(character)) {
                break;
            }
            name.push(character);
            self.skip(1);
        }
        if let Some(variable) = name.strip_prefix('$') {
            return self.token(TokenKind::Variable(variable.into()));
        }
        self.token(match name.as_str() {
            "or" => TokenKind::Operator("or"),
            "in" => TokenKind::Operator("in"),
            "and" => TokenKind::Operator("and"),
            "true" => TokenKind::Constant(Value::Bool(true)),
            "false" => TokenKind::Constant(Value::Bool(false)),
            "null" => TokenKind::Constant(Value::Null),
            _ => TokenKind::Name(name.into()),
        })
    }

    /// A regular expression, whose opening `/` has been read. A `/` within brackets does not end it.
    fn regex(&mut self) -> Result<Token> {
        let start = self.at;
        let mut depth = 0_i32;
        while let Some(character) = self.peek(0) {
            if character == '/' && depth == 0 && !self.is_escaped(start) {
                let pattern: String = self.text.get(start..self.at).unwrap_or_default().iter().collect();
                if pattern.is_empty() {
                    return Err(Fault::new("S0301").at(self.units));
                }
                self.skip(1);
                let mut flags = String::new();
                while let Some(flag @ ('i' | 'm')) = self.peek(0) {
                    flags.push(flag);
                    self.skip(1);
                }
                // At once, so that its fault is told before those of what follows.
                let regex = Regex::compile(&pattern, &flags)
                    .map_err(|error| Fault::internal(error.to_string()).at(self.units))?;
                let pattern = source_of(&pattern).into();
                return Ok(self.token(TokenKind::Regex(Arc::new(RegexLiteral { regex, pattern }))));
            }
            let escaped = self.at > 0 && self.text.get(self.at - 1) == Some(&'\\');
            match character {
                '(' | '[' | '{' if !escaped => depth += 1,
                ')' | ']' | '}' if !escaped => depth -= 1,
                _ => {}
            }
            self.skip(1);
        }
        Err(Fault::new("S0302").at(self.units))
    }

    /// Whether an odd number of backslashes stands before the current character.
    fn is_escaped(&self, start: usize) -> bool {
        let before = self.text.get(start..self.at).unwrap_or_default();
        before.iter().rev().take_while(|character| **character == '\\').count() % 2 == 1
    }

    fn token(&self, kind: TokenKind) -> Token {
        Token { kind, position: self.units }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.units += self.peek(0).map_or(0, char::len_utf16);
            self.at = (self.at + 1).min(self.text.len());
        }
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{b}')
}

/// A regular expression as JavaScript prints it: what would end it, or its line, is escaped.
fn source_of(pattern: &str) -> String {
    let mut source = String::with_capacity(pattern.len());
    let (mut escaped, mut in_class) = (false, false);
    for character in pattern.chars() {
        match character {
            '/' if !escaped && !in_class => source.push_str("\\/"),
            // The backslash is there already if it was escaped.
            '\n' => source.push_str(if escaped { "n" } else { "\\n" }),
            '\r' => source.push_str(if escaped { "r" } else { "\\r" }),
            other => source.push(other),
        }
        in_class = match character {
            '[' if !escaped => true,
            ']' if !escaped => false,
            _ => in_class,
        };
        escaped = character == '\\' && !escaped;
    }
    source
}
