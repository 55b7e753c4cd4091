//! Functions of objects, and of values of any kind.

use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

use crate::json::Value;

use super::{
    super::{
        error::{Fault, Result},
        eval::{Evaluator, numeric},
        text::round_to_15,
        value::{Kind, Val},
    },
    Arguments,
};

pub(super) fn boolean<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    // An array of one is what that is, be it nothing.
    let mut only = arguments.get(0).clone();
    while let Some(items) = only.elements().filter(|items| items.len() == 1) {
        evaluator.step()?;
        only = items.get(0);
    }
    if only.is_undefined() {
        return Ok(Val::Undefined);
    }
    Ok(Val::bool(evaluator.truth(&only)?))
}

pub(super) fn not<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) {
        return Ok(Val::Undefined);
    }
    Ok(Val::bool(!evaluator.truth(arguments.get(0))?))
}

pub(super) fn exists<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    Ok(Val::bool(!arguments.is_undefined(0)))
}

pub(super) fn type_of<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let number = numeric(arguments.get(0))?;
    Ok(Val::Json(Value::from(match arguments.get(0).kind() {
        Kind::Undefined => return Ok(Val::Undefined),
        Kind::Null => "null",
        Kind::Bool => "boolean",
        // As in the reference, what is not a number is an object.
        Kind::Number if number.is_none() => "object",
        Kind::Number => "number",
        Kind::String => "string",
        Kind::Array => "array",
        Kind::Object => "object",
        Kind::Function => "function",
    })))
}

pub(super) fn keys<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let mut keys: IndexSet<Arc<str>> = IndexSet::new();
    let mut pending = vec![arguments.get(0).clone()];
    while let Some(value) = pending.pop() {
        evaluator.step()?;
        if let Some(items) = value.elements() {
            evaluator.room(items.len())?;
            pending.extend((0..items.len()).rev().map(|index| items.get(index)));
        } else if let Some(members) = value.members() {
            evaluator.steps_of(members.len() * 4)?;
            keys.extend(members.into_iter().map(|(key, _)| key));
        }
    }
    evaluator.sequence(keys.into_iter().map(|key| Val::Json(Value::from(key))).collect())
}

pub(super) fn lookup<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let Some(key) = arguments.text(1) else { return Ok(Val::Undefined) };
    evaluator.lookup_member(arguments.get(0), &key)
}

pub(super) fn spread<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let value = arguments.get(0);
    if value.members().is_none() && value.elements().is_none() {
        return Ok(value.clone());
    }
    let is_array = value.elements().is_some_and(|items| !items.iter().all(|item| item.is_undefined()));
    let mut spread = Vec::new();
    let mut pending = vec![value.clone()];
    while let Some(value) = pending.pop() {
        evaluator.step()?;
        if let Some(items) = value.elements() {
            evaluator.room(items.len())?;
            pending.extend((0..items.len()).rev().map(|index| items.get(index)));
        } else if let Some(members) = value.members() {
            for (key, value) in members {
                let one = evaluator.object_of(vec![(key, value)])?;
                evaluator.push(&mut spread, one)?;
            }
        } else if !value.is_undefined() {
            evaluator.push(&mut spread, value)?;
        }
    }
    if is_array { evaluator.plain(spread) } else { evaluator.sequence(spread) }
}

pub(super) fn merge<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) {
        return Ok(Val::Undefined);
    }
    let mut merged: IndexMap<Arc<str>, Val> = IndexMap::new();
    for value in arguments.items(0).iter() {
        for (key, value) in value.members().unwrap_or_default() {
            evaluator.steps_of(4)?;
            evaluator.push_room(merged.len())?;
            merged.insert(key, value);
        }
    }
    evaluator.object_of(merged.into_iter().collect())
}

pub(super) fn each<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let value = arguments.get(0);
    let mut results = Vec::new();
    for (key, member) in value.members().unwrap_or_default() {
        let function = arguments.function(1)?;
        let key = Val::Json(Value::from(key));
        let result = evaluator.call_back(function, [member, key, value.clone()])?;
        if !result.is_undefined() {
            evaluator.push(&mut results, result)?;
        }
    }
    evaluator.sequence(results)
}

pub(super) fn sift<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let value = arguments.get(0);
    let mut sifted = Vec::new();
    for (key, member) in value.members().unwrap_or_default() {
        let function = arguments.function(1)?;
        let name = Val::Json(Value::from(Arc::clone(&key)));
        let answer = evaluator.call_back(function, [member.clone(), name, value.clone()])?;
        if evaluator.truth(&answer)? {
            sifted.push((key, member));
        }
    }
    if sifted.is_empty() { Ok(Val::Undefined) } else { evaluator.object_of(sifted) }
}

pub(super) fn error<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    Err(Fault::new("D3137").text(message(&arguments, 0, "$error() function evaluated")))
}

pub(super) fn assert<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.get(0).as_bool() == Some(true) {
        return Ok(Val::Undefined);
    }
    Err(Fault::new("D3141").text(message(&arguments, 1, "$assert() statement failed")))
}

fn message(arguments: &Arguments, index: usize, otherwise: &str) -> String {
    arguments
        .text(index)
        .filter(|text| !text.is_empty())
        .map_or_else(|| otherwise.into(), |text| text.to_string())
}

/// A copy, of which every number has at most 15 digits and every function is an empty text, because the
/// reference copies by way of JSON text.
pub(super) fn clone<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let value = arguments.get(0);
    if value.marks().wrapper { copy(evaluator, &value.items().get(0), 0) } else { copy(evaluator, value, 0) }
}

fn copy<'e>(evaluator: &mut Evaluator<'e>, value: &Val<'e>, depth: usize) -> Result<Val<'e>> {
    evaluator.step()?;
    if depth > usize::from(super::super::value::MAX_NESTING) {
        return Err(Fault::limit(super::super::MEMORY));
    }
    if let Some(Value::Number(number)) = value.json() {
        let double = number.as_f64();
        if double.is_infinite() {
            return Err(Fault::value("D1001", Some(Value::Number(number.clone()))));
        }
        return Ok(if double.is_nan() { Val::null() } else { Val::number(round_to_15(double)) });
    }
    if value.as_function().is_some() {
        return Ok(Val::Json(Value::from("")));
    }
    if let Some(items) = value.elements() {
        evaluator.room(items.len())?;
        let items: Result<Vec<Val<'e>>> = items
            .iter()
            .map(|item| if item.is_undefined() { Ok(Val::null()) } else { copy(evaluator, &item, depth + 1) })
            .collect();
        return evaluator.plain(items?);
    }
    let Some(members) = value.members() else { return Ok(value.clone()) };
    evaluator.room(members.len())?;
    let copied: Result<Vec<_>> =
        members.into_iter().map(|(key, value)| Ok((key, copy(evaluator, &value, depth + 1)?))).collect();
    evaluator.object_of(copied?)
}
