//! Functions of text, and of regular expressions on it.

use std::{borrow::Cow, sync::Arc};

use crate::json::Value;

use super::{
    super::{
        MEMORY, TIMEOUT,
        ast::RegexLiteral,
        error::{Fault, Result},
        eval::Evaluator,
        regex::{Budget, Offset},
        text::{TooLong, number_text, print, round_to_15, write_number},
        value::{Function, Val, freeze},
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
    /// The text of a value, as `$string` and `&` make it.
    pub(in super::super) fn string_of(&mut self, value: &Val<'e>, pretty: bool) -> Result<Arc<str>> {
        let value = match value {
            Val::Undefined | Val::Function(_) => return Ok(Arc::from("")),
            value if value.marks().wrapper => value.items().get(0),
            value => value.clone(),
        };
        match value.json() {
            Some(Value::String(text)) => return Ok(Arc::clone(text)),
            Some(Value::Number(number)) => {
                let number = number.as_f64();
                if !number.is_finite() {
                    return Err(Fault::value("D3001", value.to_shown()));
                }
                return Ok(number_text(round_to_15(number)).into());
            }
            _ => {}
        }
        let mut room = self.max_text() / 2;
        let json = freeze(&with_empty_functions(self, &value)?, &mut room, true)?;
        let mut infinite = None;
        let mut text = String::new();
        let mut write = |number: &crate::json::Number, out: &mut String| {
            let double = number.as_f64();
            if double.is_infinite() && infinite.is_none() {
                infinite = Some(number.clone());
            }
            write_number(round_to_15(double), out);
        };
        let printed = print(&json, pretty.then_some(2), &mut write, self.max_text(), &mut text);
        if let Some(number) = infinite {
            return Err(Fault::value("D1001", Some(Value::Number(number))));
        }
        printed.map_err(|TooLong| Fault::limit(MEMORY))?;
        self.steps_of(text.len() / 8)?;
        self.write_text(text.len())?;
        Ok(text.into())
    }

    /// Appends what [`string_of`](Evaluator::string_of) gives.
    pub(in super::super) fn append_string_of(&mut self, value: &Val<'e>, out: &mut String) -> Result<()> {
        let other;
        let text: &str = match (value, value.json()) {
            (Val::Undefined | Val::Function(_), _) => return Ok(()),
            (_, Some(Value::String(text))) => text,
            (_, Some(Value::Number(number))) if number.as_f64().is_finite() => {
                write_number(round_to_15(number.as_f64()), out);
                return Ok(());
            }
            _ => {
                other = self.string_of(value, false)?;
                &other
            }
        };
        self.write_text(out.len() + text.len())?;
        out.push_str(text);
        Ok(())
    }

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

/// Functions within print as empty texts.
fn with_empty_functions<'e>(evaluator: &mut Evaluator<'e>, value: &Val<'e>) -> Result<Val<'e>> {
    evaluator.step()?;
    match value {
        Val::Function(_) => Ok(Val::Json(Value::from(""))),
        Val::List(list) => {
            let items: Result<Vec<Val>> =
                list.items.iter().map(|item| with_empty_functions(evaluator, item)).collect();
            evaluator.plain(items?)
        }
        Val::Map(map) => {
            let members = map.members.borrow().clone();
            let members: Result<Vec<_>> = members
                .into_iter()
                .map(|(key, value)| Ok((key, with_empty_functions(evaluator, &value)?)))
                .collect();
            evaluator.object_of(members?)
        }
        other => Ok(other.clone()),
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

pub(super) fn string<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) {
        return Ok(Val::Undefined);
    }
    let pretty = arguments.get(1).as_bool() == Some(true);
    if arguments.get(0).as_str().is_some() {
        return Ok(arguments.get(0).clone());
    }
    let text = evaluator.string_of(arguments.get(0), pretty)?;
    evaluator.text(text)
}

/// The characters from `start` up to `end`; places as JavaScript's `slice` takes them.
fn slice(text: &str, count: usize, start: f64, end: f64) -> &str {
    let place = |at: f64| {
        let at = if at.is_nan() { 0.0 } else { at.trunc() };
        let at = if at < 0.0 { (at + count as f64).max(0.0) } else { at };
        at.min(count as f64) as usize
    };
    let (start, end) = (place(start), place(end));
    let byte = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte);
    if start >= end { "" } else { text.get(byte(start)..byte(end)).unwrap_or_default() }
}

pub(super) fn substring<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    evaluator.steps_of(text.len() / 64)?;
    let count = text.chars().count();
    let mut start = arguments.number(1).unwrap_or(f64::NAN);
    if count as f64 + start < 0.0 {
        start = 0.0;
    }
    let Some(length) = arguments.number(2) else {
        return evaluator.text(slice(&text, count, start, f64::INFINITY));
    };
    if length <= 0.0 {
        return evaluator.text("");
    }
    let end = if start >= 0.0 { start + length } else { count as f64 + start + length };
    evaluator.text(slice(&text, count, start, end))
}

pub(super) fn substring_before<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: Arguments<'e>,
) -> Result<Val<'e>> {
    cut(evaluator, &arguments, |text, at, _| text.get(..at))
}

pub(super) fn substring_after<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: Arguments<'e>,
) -> Result<Val<'e>> {
    cut(evaluator, &arguments, |text, at, length| text.get(at + length..))
}

fn cut<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: &Arguments<'e>,
    part: impl Fn(&str, usize, usize) -> Option<&str>,
) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    // As JavaScript, which looks for the word "undefined" then.
    let mark = arguments.text(1).unwrap_or_else(|| Arc::from("undefined"));
    evaluator.steps_of(text.len() / 64)?;
    match text.find(&*mark) {
        Some(at) => evaluator.text(part(&text, at, mark.len()).unwrap_or_default()),
        None => Ok(arguments.get(0).clone()),
    }
}

fn change<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: &Arguments<'e>,
    change: impl FnOnce(&str) -> String,
) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    evaluator.steps_of(text.len() / 16)?;
    evaluator.write_text(text.len())?;
    evaluator.text(change(&text))
}

pub(super) fn lowercase<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    change(evaluator, &arguments, str::to_lowercase)
}

pub(super) fn uppercase<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    change(evaluator, &arguments, str::to_uppercase)
}

pub(super) fn length<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    evaluator.steps_of(text.len() / 64)?;
    Ok(Val::count(text.chars().count()))
}

pub(super) fn trim<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    change(evaluator, &arguments, |text| {
        let words = text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    })
}

pub(super) fn pad<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    let width = arguments.number(1).unwrap_or(f64::NAN);
    let filler = arguments.text(2).filter(|filler| !filler.is_empty()).unwrap_or_else(|| Arc::from(" "));
    let missing = width.abs() - text.chars().count() as f64;
    // Also where the width is no number.
    if missing.is_nan() || missing <= 0.0 {
        return Ok(arguments.get(0).clone());
    }
    if missing.fract() != 0.0 {
        // The reference falls over it.
        return Err(Fault::value("T0410", arguments.get(1).to_shown()).index(2));
    }
    if missing > evaluator.max_text() as f64 {
        return Err(Fault::limit(MEMORY));
    }
    let missing = missing as usize;
    evaluator.write_text(missing.saturating_mul(filler.chars().map(char::len_utf8).max().unwrap_or(1)))?;
    evaluator.steps_of(missing / 8)?;
    let padding: String = filler.chars().cycle().take(missing).collect();
    evaluator.text(if width > 0.0 { format!("{text}{padding}") } else { format!("{padding}{text}") })
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

pub(super) fn join<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) {
        return Ok(Val::Undefined);
    }
    let separator = arguments.text(1).unwrap_or_default();
    let items = arguments.items(0);
    let mut bytes = separator.len().saturating_mul(items.len().saturating_sub(1));
    for item in items.iter() {
        bytes = bytes.saturating_add(item.as_str().map_or(0, |text| text.len()));
    }
    evaluator.steps_of(items.len() / 8)?;
    evaluator.write_text(bytes)?;
    let mut text = String::with_capacity(bytes);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.push_str(&separator);
        }
        text.push_str(item.as_str().map_or("", |text| text));
    }
    evaluator.text(text)
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

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn base64_encode<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    change(evaluator, &arguments, |text| {
        // As the reference on a server: the low byte of each UTF-16 unit.
        let bytes: Vec<u8> = text.encode_utf16().map(|unit| unit.to_le_bytes()[0]).collect();
        let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for chunk in bytes.chunks(3) {
            let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            for place in 0..4 {
                let index = (bits >> (18 - 6 * place)) & 63;
                let digit = BASE64.get(index as usize).copied().unwrap_or(b'A');
                out.push(if place > chunk.len() { '=' } else { char::from(digit) });
            }
        }
        out
    })
}

pub(super) fn base64_decode<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    change(evaluator, &arguments, |text| {
        // As the reference on a server: of a UTF-16 unit counts the low byte, what is no digit is skipped, `=` ends,
        // each byte is a character.
        let mut out = String::new();
        let (mut bits, mut count) = (0_u32, 0);
        let bytes = text.encode_utf16().map(|unit| unit.to_le_bytes()[0]);
        for byte in bytes.take_while(|byte| *byte != b'=') {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => continue,
            };
            bits = (bits << 6) | u32::from(digit);
            count += 6;
            if count >= 8 {
                count -= 8;
                out.push(char::from(u8::try_from((bits >> count) & 0xff).unwrap_or(0)));
                bits &= (1 << count) - 1;
            }
        }
        out
    })
}

/// What `encodeURIComponent` leaves as it is, beside letters and digits.
const COMPONENT: &[u8] = b"-_.!~*'()";
/// What `encodeURI` leaves as it is, beside those.
const RESERVED: &[u8] = b";/?:@&=+$,#";

pub(super) fn encode_url_component<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: Arguments<'e>,
) -> Result<Val<'e>> {
    encode(evaluator, &arguments, |byte| COMPONENT.contains(&byte))
}

pub(super) fn encode_url<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    encode(evaluator, &arguments, |byte| COMPONENT.contains(&byte) || RESERVED.contains(&byte))
}

fn encode<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: &Arguments<'e>,
    keep: fn(u8) -> bool,
) -> Result<Val<'e>> {
    if let Some(text) = arguments.text(0) {
        evaluator.write_text(text.len().saturating_mul(3))?;
    }
    change(evaluator, arguments, |text| {
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || keep(byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    })
}

pub(super) fn decode_url_component<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: Arguments<'e>,
) -> Result<Val<'e>> {
    decode(evaluator, &arguments, |_| false)
}

pub(super) fn decode_url<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    decode(evaluator, &arguments, |byte| RESERVED.contains(&byte))
}

fn decode<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: &Arguments<'e>,
    keep: fn(u8) -> bool,
) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    evaluator.steps_of(text.len() / 16)?;
    let malformed = || Fault::value("D3140", Some(Value::from(Arc::clone(&text)))).text(arguments.name);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first != b'%' {
            out.push(*first);
            rest = tail;
            continue;
        }
        let hex =
            tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).filter(|hex| !hex.starts_with('+'));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).ok_or_else(malformed)?;
        if keep(byte) {
            out.extend(rest.get(..3).unwrap_or_default());
        } else {
            out.push(byte);
        }
        rest = tail.get(2..).unwrap_or_default();
    }
    let decoded = String::from_utf8(out).map_err(|_| malformed())?;
    evaluator.text(decoded)
}
