//! Functions of text, and how values become text.

use std::sync::Arc;

use crate::json::Value;

use super::{
    super::{
        MEMORY,
        error::{Fault, Result},
        eval::Evaluator,
        text::{TooLong, number_text, print, round_to_15, write_number},
        value::{Val, freeze},
    },
    Arguments,
};

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

/// The first argument changed, which takes about as many bytes as it has; nothing if there is none.
pub(super) fn change<'e>(
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
