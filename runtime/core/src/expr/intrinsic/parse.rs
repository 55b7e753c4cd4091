//! The text of a call, read into an [`Invocation`].

use super::functions::{self, Function};
use super::{Argument, CallError, Invocation, MAX_NESTING, PREFIX};
use crate::expr::path::Path;
use crate::json::{self, Value};

/// Reads a call and nothing behind it.
pub(super) fn parse(text: &str) -> Result<Invocation, CallError> {
    let mut reader = Reader { rest: text };
    let invocation = reader.invocation(1)?;
    reader.skip_blanks();
    if reader.rest.is_empty() { Ok(invocation) } else { Err(CallError) }
}

/// What is left of the text.
struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    /// `States.Name(argument, …)`. `level` is how deep this call is nested, from 1.
    fn invocation(&mut self, level: usize) -> Result<Invocation, CallError> {
        if level > MAX_NESTING {
            return Err(CallError);
        }
        let (name, rest) = self.rest.split_once('(').ok_or(CallError)?;
        let function = functions::find(name).ok_or(CallError)?;
        self.rest = rest;
        let arguments = self.arguments(function, level)?;
        if function.arity.contains(&arguments.len()) {
            Ok(Invocation { function, arguments })
        } else {
            Err(CallError)
        }
    }

    /// What stands between the brackets, and the closing one.
    fn arguments(&mut self, function: &Function, level: usize) -> Result<Vec<Argument>, CallError> {
        let mut arguments = Vec::new();
        self.skip_blanks();
        if self.eat(')') {
            return Ok(arguments);
        }
        loop {
            self.skip_blanks();
            let is_template = function.takes_template && arguments.is_empty();
            arguments.push(self.argument(is_template, level)?);
            self.skip_blanks();
            if self.eat(')') {
                return Ok(arguments);
            }
            if !self.eat(',') {
                return Err(CallError);
            }
        }
    }

    fn argument(&mut self, is_template: bool, level: usize) -> Result<Argument, CallError> {
        if self.eat('\'') {
            let written = self.string()?;
            let text = if is_template { written.to_owned() } else { unescape(written) };
            return Ok(Argument::Literal(Value::from(text)));
        }
        if self.rest.starts_with('$') {
            let path = self.take(path_length(self.rest)).trim_end_matches(is_blank);
            return Path::parse(path).map(Argument::Path).map_err(|_| CallError);
        }
        if self.rest.starts_with(PREFIX) {
            return self.invocation(level + 1).map(Argument::Call);
        }
        let end = self.rest.find(|character| matches!(character, ',' | ')') || is_blank(character));
        let word = self.take(end.unwrap_or(self.rest.len()));
        scalar(word).map(Argument::Literal).ok_or(CallError)
    }

    /// The rest of a string in quotes, as written, escapes checked: a backslash must stand before one of the
    /// reserved characters. Source: the service, recorded.
    fn string(&mut self) -> Result<&'t str, CallError> {
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\'' => {
                    let text = self.take(at);
                    self.eat('\'');
                    return Ok(text);
                }
                '\\' if !characters.next().is_some_and(|(_, escaped)| is_reserved(escaped)) => {
                    return Err(CallError);
                }
                _ => {}
            }
        }
        Err(CallError)
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(is_blank);
    }

    fn eat(&mut self, character: char) -> bool {
        let rest = self.rest.strip_prefix(character);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// The next `length` bytes, which end at the border of a character.
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

/// Whether a character can only stand in a string with a backslash before it, or may do so.
pub(super) fn is_reserved(character: char) -> bool {
    matches!(character, '\'' | '{' | '}' | '\\')
}

/// A string without its escapes, which are known to be good.
fn unescape(written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    let mut characters = written.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            _ => text.push(character),
        }
    }
    text
}

/// How long the path is that a text begins with: up to the comma or bracket that belongs to the call, and
/// not to a filter or to a name in quotes.
fn path_length(text: &str) -> usize {
    let mut open = 0_usize;
    let mut in_quotes = false;
    for (at, character) in text.char_indices() {
        match character {
            // Outside brackets a quote is part of a name.
            '\'' if open > 0 => in_quotes = !in_quotes,
            _ if in_quotes => {}
            ',' | ')' if open == 0 => return at,
            '[' | '(' => open += 1,
            ']' | ')' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// A number, `true`, `false` or `null`.
fn scalar(word: &str) -> Option<Value> {
    json::parse(word)
        .ok()
        .filter(|value| !matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_)))
}

/// White space between the parts of a call, and in JSON.
pub(super) fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}
