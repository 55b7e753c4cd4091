//! From text to steps, in the grammar of Jayway JsonPath 1.2 to 2.0.
//!
//! That grammar was never designed: it follows from how the library scans. Three passes look at the same
//! characters, each with its own idea of where something ends, and what none of them asks about is skipped.
//! The functions here keep those passes apart, so that odd spellings mean here what they mean there.
//!
//! Faults are worded as the library words them, the names of its exception classes included.

use std::{borrow::Cow, sync::Arc};

use super::{
    filter::Filter,
    query::{Query, Step},
};

/// Where the library runs off the end of the text. Java's own words depend on its version.
const ENDS_EARLY: &str = "java.lang.StringIndexOutOfBoundsException: the path ends too early";

/// Where a path stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Field,
    /// An operand of a filter must be definite, so what filters inside it say does not matter. They are not
    /// read, which bounds the recursion of filters in paths in filters; the caller refuses the path.
    Operand,
}

/// Compiles a whole path as the library takes it: with `$`, with `@`, or without a root.
pub(super) fn compile(place: Place, text: &str) -> Result<Query, String> {
    if text.is_empty() {
        return Err("Path may not be null empty".to_owned());
    }
    let text = trim(text);
    if text.ends_with("..") {
        return Err(invalid_path("A path can not end with a scan."));
    }
    let text = match text.chars().next() {
        None => return Err(ENDS_EARLY.to_owned()),
        Some('$') => Cow::Borrowed(text),
        Some('@') => Cow::Owned(text.replacen('@', "$", 1)),
        Some(_) => Cow::Owned(format!("$.{text}")),
    };
    let steps = text.get(1..).unwrap_or_default();
    if !steps.is_empty() && !steps.starts_with(['.', '[']) {
        return Err(invalid_path(&format!("Invalid path {text}")));
    }
    parse_steps(place, steps)
}

/// Compiles what follows the root.
pub(super) fn compile_steps(text: &str) -> Result<Query, String> {
    if text.ends_with("..") {
        return Err(invalid_path("A path can not end with a scan."));
    }
    parse_steps(Place::Field, text)
}

/// The first pass: cuts the text into dots, names and brackets.
fn parse_steps(place: Place, text: &str) -> Result<Query, String> {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            ' ' => return Err(invalid_path("Space not allowed in path")),
            '$' => {
                steps.push(Step::Root);
                behind(rest, 1)
            }
            '*' => {
                steps.push(Step::Wildcard);
                behind(rest, 1)
            }
            '[' => {
                let (fragment, after) = split_bracket(rest);
                steps.push(analyse(place, fragment)?);
                after
            }
            '.' => {
                let after = behind(rest, 1);
                if let Some(after) = after.strip_prefix('.') {
                    steps.push(Step::Scan);
                    after
                } else if after.is_empty() {
                    return Err(ENDS_EARLY.to_owned());
                } else {
                    let (name, after) = split_name(after);
                    match name {
                        // A dot before a bracket is dropped; a blank is found in the next round.
                        "" => {}
                        "*" => steps.push(Step::Wildcard),
                        name => steps.push(bare_name(name)?),
                    }
                    after
                }
            }
            // Behind a bracket or a scan, a name needs no dot.
            _ => {
                let (name, after) = split_name(rest);
                steps.push(bare_name(name)?);
                after
            }
        };
    }
    Ok(Query::new(steps))
}

/// A name ends at a dot, a bracket or a blank; every other character belongs to it.
fn split_name(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[', ' ']).unwrap_or(text.len()))
}

/// A bare name is put in brackets and quotes and read again, which shows if it holds one of these itself.
fn bare_name(name: &str) -> Result<Step, String> {
    if name.contains(['\'', ']']) {
        quoted_names(&format!("'{name}']"))
    } else {
        Ok(Step::Name(Arc::from(name)))
    }
}

/// Splits behind the bracket that closes the first one, or at the end if none does. Quotes do not count.
fn split_bracket(text: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.split_at(at + 1);
        }
    }
    (text, "")
}

/// The second pass, over one bracket: the first character that means something decides, and what stands
/// before it is skipped.
fn analyse(place: Place, fragment: &str) -> Result<Step, String> {
    if fragment == "[*]" {
        return Ok(Step::Wildcard);
    }
    if let Some(count) = placeholders(fragment) {
        return Ok(Step::Filter(Arc::new(Filter::placeholder(count))));
    }
    let decides = |character: char| matches!(character, '\'' | '?' | '@' | ':' | '-' | '0'..='9');
    let Some(from) = fragment.find(decides) else {
        return Err(invalid_path(&format!("Could not analyze path component: {fragment}")));
    };
    let (skipped, content) = fragment.split_at(from);
    match content.chars().next() {
        Some('\'') => quoted_names(content),
        Some('?') if place == Place::Operand => Ok(Step::Filter(Arc::new(Filter::placeholder(1)))),
        Some('?') => {
            let start = skipped.rfind('[').unwrap_or_default();
            let filter = filter_text(fragment.get(start..).unwrap_or_default())?;
            Ok(Step::Filter(Arc::new(Filter::parse(filter)?)))
        }
        Some('@') => length_minus(behind(content, 1)),
        _ => array_operation(content),
    }
}

/// How many predicates `[?]` or `[?, ?]` asks the program for.
fn placeholders(fragment: &str) -> Option<usize> {
    let content = fragment.strip_prefix('[')?.strip_suffix(']')?.trim_matches(is_blank);
    let is_list = content.starts_with('?')
        && content.chars().all(|character| matches!(character, '?' | ',' | '*') || is_blank(character));
    is_list.then(|| content.matches('?').count())
}

/// `'a', 'b'`: what stands between two quotes is a name, anything else is ignored. A bracket ends it even
/// inside quotes.
fn quoted_names(content: &str) -> Result<Step, String> {
    let (content, _) = content.split_once(']').ok_or(ENDS_EARLY)?;
    let pieces: Vec<&str> = content.split('\'').collect();
    // Every second piece is inside quotes; the last piece has no quote behind it.
    let closed = pieces.split_last().map_or(&[][..], |(_, pieces)| pieces);
    let mut names: Vec<Arc<str>> = closed.iter().skip(1).step_by(2).map(|name| Arc::from(*name)).collect();
    if names.len() == 1 {
        Ok(names.pop().map_or(Step::Names(Vec::new()), Step::Name))
    } else {
        Ok(Step::Names(names))
    }
}

/// `.length-n)`, behind the `@`. Blanks do not count, nor do brackets before the minus.
fn length_minus(text: &str) -> Result<Step, String> {
    let (word, back) = behind(text, 1).split_once('-').ok_or(ENDS_EARLY)?;
    let word: String = word.chars().filter(|character| !matches!(character, ' ' | '(' | ')')).collect();
    if !text.starts_with('.') || !matches!(word.as_str(), "length" | "size") {
        return Err(invalid_path(&format!(
            "Invalid function: @.{word}. Supported functions are: [(@.length - n)] and [(@.size() - n)]"
        )));
    }
    let (back, _) = back.split_once(')').ok_or(ENDS_EARLY)?;
    integer(&back.replace(' ', "")).map(Step::FromEnd)
}

/// `1`, `1,2`, `1:`, `:2`, `1:2`. Blanks do not count; what else follows is ignored, as is a third number of a
/// slice.
fn array_operation(text: &str) -> Result<Step, String> {
    let belongs = |character: char| matches!(character, '0'..='9' | ',' | ' ' | ':' | '-');
    let end = text.find(|character| !belongs(character)).ok_or(ENDS_EARLY)?;
    let text = text.get(..end).unwrap_or_default().replace(' ', "");
    let mut bounds = text.split(':');
    match (bounds.next(), bounds.next()) {
        (Some(""), Some(to)) => integer(to).map(Step::To),
        (Some(from), Some("")) => integer(from).map(Step::From),
        (Some(from), Some(to)) => Ok(Step::Between(integer(from)?, integer(to)?)),
        _ => indexes(&text),
    }
}

fn indexes(text: &str) -> Result<Step, String> {
    let text = text.strip_suffix(',').unwrap_or(text);
    let indexes = text.split(',').map(integer).collect::<Result<Vec<i32>, String>>()?;
    Ok(if let [index] = indexes.as_slice() { Step::Index(*index) } else { Step::Indexes(indexes) })
}

fn integer(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_| format!("java.lang.NumberFormatException: For input string: \"{text}\""))
}

/// The third pass: the filter ends where all brackets outside quotes are closed.
fn filter_text(text: &str) -> Result<&str, String> {
    let (mut round, mut square) = (0_i64, 0_i64);
    let (mut is_quoted, mut before) = (false, ' ');
    for (at, character) in text.char_indices() {
        match character {
            '\'' if before != '\\' => is_quoted = !is_quoted,
            '(' if !is_quoted => round += 1,
            ')' if !is_quoted => round -= 1,
            '[' if !is_quoted => square += 1,
            ']' if !is_quoted => {
                square -= 1;
                if square == 0 && round == 0 {
                    return Ok(text.get(..=at).unwrap_or_default());
                }
            }
            _ => {}
        }
        before = character;
    }
    Err(ENDS_EARLY.to_owned())
}

/// The text behind the first `bytes`, all of them ASCII; nothing if there are fewer.
fn behind(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

/// Java's `String.trim`.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|character| character <= ' ')
}

/// What `\s` matches in a Java pattern.
fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r')
}

/// A fault in the words of the library's own exception.
pub(super) fn invalid_path(text: &str) -> String {
    format!("com.jayway.jsonpath.InvalidPathException: {text}")
}

/// The fault of a text that ends too early.
pub(super) fn ends_early() -> String {
    ENDS_EARLY.to_owned()
}
