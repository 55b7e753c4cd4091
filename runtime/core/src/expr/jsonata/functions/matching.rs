//! Functions that look for something in texts: a text, a regular expression, or a function that acts like one.

use std::{borrow::Cow, sync::Arc};

use crate::json::Value;

use super::{
    super::{
        MEMORY, TIMEOUT,
        ast::RegexLiteral,
        error::{Fault, Result},
        eval::Evaluator,
        regex::{Budget, Offset},
        value::{Function, Val},
    },
    Arguments,
};

/// A match of a regular expression.
pub(in super::super) struct Found<'e> {
    pub(in super::super) text: Val<'e>,
    /// The end in bytes and in UTF-16 units.
    pub(in super::super) end: Offset,
    pub(in super::super) start: Offset,
    pub(in super::super) groups: Vec<Val<'e>>,
}

/// A match as the functions use it, whoever found it. Places are UTF-16 units.
struct Hit<'e> {
    value: Option<Val<'e>>,
    text: Arc<str>,
    start: Place,
    end: Place,
    groups: Val<'e>,
}

/// A place in a text by UTF-16 units, as matchers tell it; and by bytes, where that is known.
#[derive(Clone, Copy)]
struct Place {
    units: f64,
    byte: Option<usize>,
}

impl Place {
    const START: Place = Place { units: 0.0, byte: Some(0) };

    fn end_of(text: &str) -> Place {
        Place { units: f64::INFINITY, byte: Some(text.len()) }
    }
}

impl From<Offset> for Place {
    fn from(offset: Offset) -> Place {
        Place { units: offset.utf16 as f64, byte: Some(offset.byte) }
    }
}

impl From<f64> for Place {
    fn from(units: f64) -> Place {
        Place { units, byte: None }
    }
}

/// Where matches come from: a regular expression, or a function that acts like one.
enum Matcher<'e> {
    Regex { literal: &'e RegexLiteral, position: usize, from: Offset },
    Function(Function),
    Done,
}

impl<'e> Evaluator<'e> {
    /// The first match of a regular expression from `from` on.
    pub(in super::super) fn find(
        &mut self,
        literal: &RegexLiteral,
        position: usize,
        text: &str,
        from: Offset,
        first: bool,
    ) -> Result<Option<Found<'e>>> {
        let most = usize::try_from(self.steps_left()).unwrap_or(usize::MAX);
        let mut budget = Budget::new(most);
        let found = literal.regex.find_at(text, from, &mut budget).map_err(|_| Fault::limit(TIMEOUT))?;
        self.steps_of(most - budget.left())?;
        let Some(found) = found else { return Ok(None) };
        // As in the reference, the first match may be empty; whoever looks on from there would never end.
        if !first && found.start.byte == found.end.byte {
            let pattern = Some(Value::from(Arc::clone(&literal.pattern)));
            return Err(Fault::value("D1004", pattern).at(position));
        }
        let mut groups = Vec::with_capacity(found.groups.len());
        for group in found.groups {
            groups.push(match group {
                Some(range) => self.text(text.get(range).unwrap_or_default())?,
                None => Val::Undefined,
            });
        }
        let whole = self.text(text.get(found.start.byte..found.end.byte).unwrap_or_default())?;
        Ok(Some(Found { text: whole, start: found.start, end: found.end, groups }))
    }

    fn matcher(&self, function: Function) -> Matcher<'e> {
        match self.regex_of(function) {
            Some((literal, position)) => Matcher::Regex { literal, position, from: Offset::default() },
            None => Matcher::Function(function),
        }
    }

    /// The next match. Some functions want it as a value, with what it says.
    fn next_match(
        &mut self,
        matcher: &mut Matcher<'e>,
        text: &Arc<str>,
        first: bool,
    ) -> Result<Option<Hit<'e>>> {
        match matcher {
            Matcher::Done => Ok(None),
            Matcher::Regex { literal, position, from } => {
                if !first && from.byte >= text.len() {
                    return Ok(None);
                }
                let Some(found) = self.find(literal, *position, text, *from, first)? else { return Ok(None) };
                *from = found.end;
                let whole = found.text.as_str().cloned().unwrap_or_default();
                Ok(Some(Hit {
                    value: None,
                    text: whole,
                    start: found.start.into(),
                    end: found.end.into(),
                    groups: self.plain(found.groups)?,
                }))
            }
            Matcher::Function(function) => {
                let arguments = if first { vec![self.text(Arc::clone(text))?] } else { Vec::new() };
                let answer = self.invoke(*function, arguments)?;
                *matcher = Matcher::Done;
                if answer.is_undefined() {
                    return Ok(None);
                }
                let next = answer.member("next");
                let start = answer.member("start").as_f64();
                let end = answer.member("end").as_f64();
                let groups = answer.member("groups");
                if start.is_none() && end.is_none() && !groups.is_array() && next.as_function().is_none() {
                    return Err(Fault::new("T1010"));
                }
                if let Some(next) = next.as_function() {
                    *matcher = Matcher::Function(next);
                }
                Ok(Some(Hit {
                    text: answer.member("match").as_str().cloned().unwrap_or_default(),
                    value: Some(answer),
                    start: start.unwrap_or(0.0).into(),
                    end: end.unwrap_or(0.0).into(),
                    groups,
                }))
            }
        }
    }

    /// What a function has to say of a match that it is to replace: it is given the match as a matcher tells it.
    fn replacement(
        &mut self,
        function: Function,
        hit: Hit<'e>,
        matcher: &Matcher<'e>,
        text: &Arc<str>,
    ) -> Result<Val<'e>> {
        if let Some(value) = hit.value {
            return self.invoke(function, vec![value]);
        }
        let found = self.text(hit.text)?;
        let mut members = vec![
            (Arc::from("match"), found),
            (Arc::from("start"), Val::number(hit.start.units)),
            (Arc::from("end"), Val::number(hit.end.units)),
            (Arc::from("groups"), hit.groups),
        ];
        let Matcher::Regex { literal, position, from } = matcher else {
            let found = self.object_of(members)?;
            return self.invoke(function, vec![found]);
        };
        let kept = self.kept_functions();
        members.push((Arc::from("next"), self.next_of(literal, *position, text, *from)?));
        let found = self.object_of(members)?;
        let answer = self.invoke(function, vec![found])?;
        // There may be many matches: what looks on from one goes with it, as nothing but its call can hold it.
        self.forget_functions(kept);
        Ok(answer)
    }
}

/// The text between two places.
fn between<'t>(evaluator: &mut Evaluator<'_>, text: &'t str, from: Place, to: Place) -> Result<Cow<'t, str>> {
    if let (Some(from), Some(to)) = (from.byte, to.byte) {
        return Ok(Cow::Borrowed(text.get(from..to).unwrap_or_default()));
    }
    // Counted from the start each time.
    evaluator.steps_of(text.len() / 8)?;
    let from = from.units.max(0.0) as usize;
    let to = (to.units.max(0.0) as usize).max(from);
    if text.is_ascii() {
        let length = text.len();
        return Ok(Cow::Borrowed(text.get(from.min(length)..to.min(length)).unwrap_or_default()));
    }
    let units: Vec<u16> = text.encode_utf16().skip(from).take(to - from).collect();
    Ok(Cow::Owned(String::from_utf16_lossy(&units)))
}
/// The limit of `$match`, `$split`, `$replace`: how many, unless without end.
fn limit(arguments: &Arguments, index: usize, code: &'static str) -> Result<Option<f64>> {
    let limit = arguments.number(index);
    match limit {
        Some(value) if value < 0.0 => {
            Err(Fault::value(code, arguments.get(index).to_shown()).index(index + 1))
        }
        _ => Ok(limit),
    }
}

fn below(count: usize, limit: Option<f64>) -> bool {
    limit.is_none_or(|limit| (count as f64) < limit)
}

pub(super) fn matches<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    let limit = limit(&arguments, 2, "D3040")?;
    let mut results = Vec::new();
    if below(0, limit) {
        let [match_key, index_key, groups_key] = ["match", "index", "groups"].map(Arc::<str>::from);
        let mut matcher = evaluator.matcher(arguments.function(1)?);
        let mut hit = evaluator.next_match(&mut matcher, &text, true)?;
        while let Some(found) = hit.filter(|_| below(results.len(), limit)) {
            let whole = evaluator.text(found.text)?;
            let entry = evaluator.object_of(vec![
                (Arc::clone(&match_key), whole),
                (Arc::clone(&index_key), Val::number(found.start.units)),
                (Arc::clone(&groups_key), found.groups),
            ])?;
            evaluator.push(&mut results, entry)?;
            hit = evaluator.next_match(&mut matcher, &text, false)?;
        }
    }
    evaluator.sequence(results)
}

pub(super) fn contains<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    evaluator.steps_of(text.len() / 64)?;
    let answer = match arguments.get(1) {
        Val::Function(function) => {
            let mut matcher = evaluator.matcher(*function);
            evaluator.next_match(&mut matcher, &text, true)?.is_some()
        }
        token => text.contains(&**token.as_str().ok_or_else(no_pattern)?),
    };
    Ok(Val::bool(answer))
}

/// The pattern is an expression that gave nothing; the reference then falls over.
fn no_pattern() -> Box<Fault> {
    Fault::new("T0410").index(2)
}

pub(super) fn split<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    let limit = limit(&arguments, 2, "D3020")?;
    evaluator.steps_of(text.len() / 64)?;
    let mut parts = Vec::new();
    if !below(0, limit) {
        return evaluator.plain(parts);
    }
    if let Val::Function(function) = arguments.get(1) {
        let mut matcher = evaluator.matcher(*function);
        let mut start = Place::START;
        let mut hit = evaluator.next_match(&mut matcher, &text, true)?;
        while let Some(found) = hit.filter(|_| below(parts.len(), limit)) {
            let part = between(evaluator, &text, start, found.start)?;
            let part = evaluator.text(&*part)?;
            evaluator.push(&mut parts, part)?;
            start = found.end;
            hit = evaluator.next_match(&mut matcher, &text, false)?;
        }
        if below(parts.len(), limit) {
            let part = between(evaluator, &text, start, Place::end_of(&text))?;
            let part = evaluator.text(&*part)?;
            evaluator.push(&mut parts, part)?;
        }
        return evaluator.plain(parts);
    }
    // A limit counts whole parts, and begins anew with 2^32, as that of JavaScript's `split`.
    let limit = limit.map_or(usize::MAX, |limit| (limit.trunc() % 4_294_967_296.0) as usize);
    let separator = arguments.get(1).as_str().ok_or_else(no_pattern)?;
    let pieces: Box<dyn Iterator<Item = &str>> = if separator.is_empty() {
        Box::new(text.split("").filter(|piece| !piece.is_empty()))
    } else {
        Box::new(text.split(&**separator))
    };
    for piece in pieces.take(limit) {
        evaluator.step()?;
        let part = evaluator.text(piece)?;
        evaluator.push(&mut parts, part)?;
    }
    evaluator.plain(parts)
}

pub(super) fn replace<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    if arguments.text(1).is_some_and(|pattern| pattern.is_empty()) {
        return Err(Fault::value("D3010", arguments.get(1).to_shown()).index(2));
    }
    let limit = limit(&arguments, 3, "D3011")?;
    evaluator.steps_of(text.len() / 64)?;
    if !below(0, limit) {
        return Ok(arguments.get(0).clone());
    }
    match arguments.get(1) {
        Val::Function(function) => {
            let matcher = evaluator.matcher(*function);
            replace_matches(evaluator, &text, matcher, arguments.get(2), limit)
        }
        pattern => {
            let pattern = Arc::clone(pattern.as_str().ok_or_else(no_pattern)?);
            if arguments.get(2).as_function().is_some() && text.contains(&*pattern) {
                return Err(Fault::value("D3012", None));
            }
            // As JavaScript, which writes the word "undefined" then.
            let replacement = arguments.text(2).unwrap_or_else(|| Arc::from("undefined"));
            replace_text(evaluator, &text, &pattern, &replacement, limit)
        }
    }
}

fn replace_text<'e>(
    evaluator: &mut Evaluator<'e>,
    text: &str,
    pattern: &str,
    replacement: &str,
    limit: Option<f64>,
) -> Result<Val<'e>> {
    let mut out = String::new();
    let mut rest = text;
    let mut count = 0;
    while below(count, limit)
        && let Some((before, after)) = rest.split_once(pattern)
    {
        evaluator.step()?;
        evaluator.steps_of((before.len() + replacement.len()) / 64)?;
        if out.len() > evaluator.max_text() {
            return Err(Fault::limit(MEMORY));
        }
        out.push_str(before);
        out.push_str(replacement);
        rest = after;
        count += 1;
    }
    out.push_str(rest);
    evaluator.text(out)
}

fn replace_matches<'e>(
    evaluator: &mut Evaluator<'e>,
    text: &Arc<str>,
    mut matcher: Matcher<'e>,
    replacement: &Val<'e>,
    limit: Option<f64>,
) -> Result<Val<'e>> {
    let mut out = String::new();
    let mut position = Place::START;
    let mut count = 0;
    let mut hit = evaluator.next_match(&mut matcher, text, true)?;
    while let Some(found) = hit.filter(|_| below(count, limit)) {
        out.push_str(&between(evaluator, text, position, found.start)?);
        position = Place {
            units: found.start.units + found.text.encode_utf16().count() as f64,
            byte: found.start.byte.map(|byte| byte + found.text.len()),
        };
        let before = out.len();
        match replacement {
            Val::Function(function) => {
                let answer = evaluator.replacement(*function, found, &matcher, text)?;
                let Some(answer) = answer.as_str() else {
                    return Err(Fault::value("D3012", answer.to_shown()));
                };
                out.push_str(answer);
            }
            replacement => {
                // The reference falls over it.
                let template = replacement.as_str().ok_or_else(|| Fault::new("T0410").index(3))?;
                evaluator.steps_of(1 + template.len() / 8)?;
                fill(template, &found, &mut out);
            }
        }
        evaluator.steps_of((out.len() - before) / 64)?;
        if out.len() > evaluator.max_text() {
            return Err(Fault::limit(MEMORY));
        }
        count += 1;
        hit = evaluator.next_match(&mut matcher, text, false)?;
    }
    out.push_str(&between(evaluator, text, position, Place::end_of(text))?);
    evaluator.text(out)
}

/// Writes a replacement: `$0` is the match, `$n` a group with as many digits as there are groups for, `$$` is `$`.
fn fill(template: &str, found: &Hit, out: &mut String) {
    let groups = found.groups.items();
    let count = groups.len();
    let most = count.max(1).to_string().len();
    let mut rest = template;
    while let Some((plain, tail)) = rest.split_once('$') {
        out.push_str(plain);
        rest = tail;
        if let Some(tail) = rest.strip_prefix('$') {
            out.push('$');
            rest = tail;
            continue;
        }
        if let Some(tail) = rest.strip_prefix('0') {
            out.push_str(&found.text);
            rest = tail;
            continue;
        }
        let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let number = |digits: usize| rest.get(..digits).and_then(|digits| digits.parse::<usize>().ok());
        let mut group = number(digits);
        if most > 1 && group.is_some_and(|group| group > count) {
            group = number(digits.min(most - 1));
        }
        match group {
            Some(group) => {
                if let Some(text) =
                    group.checked_sub(1).map(|index| groups.get(index)).as_ref().and_then(Val::as_str)
                {
                    out.push_str(text);
                }
                rest = rest.get(group.to_string().len()..).unwrap_or_default();
            }
            None => out.push('$'),
        }
    }
    out.push_str(rest);
}
