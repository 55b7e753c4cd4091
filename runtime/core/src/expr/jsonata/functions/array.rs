//! Functions of arrays, and those that call functions.

use std::{collections::HashSet, sync::Arc};

use super::{
    super::{
        error::{Fault, Result},
        eval::Evaluator,
        value::{Items, Kind, Val},
    },
    Arguments,
    number::next_random,
};

pub(super) fn count<'e>(_: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    Ok(Val::count(if arguments.is_undefined(0) { 0 } else { arguments.items(0).len() }))
}

pub(super) fn map<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) {
        return Ok(Val::Undefined);
    }
    let (array, function) = (arguments.get(0), arguments.function(1)?);
    let items = array.items();
    let mut results = Vec::new();
    for index in 0..items.len() {
        let result = evaluator.call_back(function, [items.get(index), Val::count(index), array.clone()])?;
        if !result.is_undefined() {
            evaluator.push(&mut results, result)?;
        }
    }
    evaluator.sequence(results)
}

pub(super) fn filter<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) {
        return Ok(Val::Undefined);
    }
    let (array, function) = (arguments.get(0), arguments.function(1)?);
    let items = array.items();
    let mut results = Vec::new();
    for index in 0..items.len() {
        let answer = evaluator.call_back(function, [items.get(index), Val::count(index), array.clone()])?;
        if evaluator.truth(&answer)? {
            evaluator.push(&mut results, items.get(index))?;
        }
    }
    evaluator.sequence(results)
}

pub(super) fn single<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) {
        return Ok(Val::Undefined);
    }
    let array = arguments.get(0);
    let items = array.items();
    let mut found = None;
    for index in 0..items.len() {
        let matches = if arguments.is_undefined(1) {
            true
        } else {
            let function = arguments.function(1)?;
            let answer =
                evaluator.call_back(function, [items.get(index), Val::count(index), array.clone()])?;
            evaluator.truth(&answer)?
        };
        if matches {
            if found.is_some() {
                return Err(Fault::new("D3138").index(index));
            }
            found = Some(items.get(index));
        }
    }
    found.ok_or_else(|| Fault::new("D3139"))
}

pub(super) fn reduce<'e>(evaluator: &mut Evaluator<'e>, mut arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) {
        return Ok(Val::Undefined);
    }
    let start = arguments.take(2);
    let (array, function) = (arguments.get(0), arguments.function(1)?);
    let parameters = evaluator.arity(function);
    if parameters < 2 {
        return Err(Fault::new("D3050").index(1));
    }
    let items = array.items();
    let (mut result, first) =
        if start.is_undefined() && items.len() > 0 { (items.get(0), 1) } else { (start, 0) };
    for index in first..items.len() {
        let mut values = vec![std::mem::take(&mut result), items.get(index)];
        if parameters >= 3 {
            values.push(Val::count(index));
        }
        if parameters >= 4 {
            values.push(array.clone());
        }
        result = evaluator.invoke(function, values)?;
    }
    Ok(result)
}

pub(super) fn zip<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let length = |value: &Val<'_>| value.elements().map_or(0, Items::len);
    let count = arguments.values.iter().map(length).min().unwrap_or(0);
    let mut results = Vec::new();
    for index in 0..count {
        evaluator.steps_of(arguments.values.len())?;
        let tuple = arguments.values.iter().map(|value| value.items().get(index)).collect();
        let tuple = evaluator.plain(tuple)?;
        evaluator.push(&mut results, tuple)?;
    }
    evaluator.plain(results)
}

pub(super) fn append<'e>(evaluator: &mut Evaluator<'e>, mut arguments: Arguments<'e>) -> Result<Val<'e>> {
    let (first, second) = (arguments.take(0), arguments.take(1));
    if first.is_undefined() {
        return Ok(second);
    }
    if second.is_undefined() {
        return Ok(first);
    }
    let (left, right) = (first.items(), second.items());
    let count = left.len() + right.len();
    evaluator.room(count)?;
    evaluator.steps_of(count / 2)?;
    let mut items = Vec::with_capacity(count);
    items.extend(left.iter());
    items.extend(right.iter());
    evaluator.plain(items)
}

pub(super) fn reverse<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) || arguments.items(0).len() <= 1 {
        return Ok(arguments.get(0).clone());
    }
    let items = arguments.items(0);
    evaluator.room(items.len())?;
    evaluator.steps_of(items.len() / 2)?;
    evaluator.plain((0..items.len()).rev().map(|index| items.get(index)).collect())
}

pub(super) fn sort<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) || arguments.items(0).len() <= 1 {
        return Ok(arguments.get(0).clone());
    }
    let items = arguments.items(0);
    if arguments.is_undefined(1) {
        let keys: Vec<Val<'e>> = items.iter().collect();
        if let Some(key) = keys.iter().find(|key| key.as_f64().is_some_and(f64::is_infinite)) {
            return Err(Fault::value("D1001", key.to_shown()));
        }
        let Some(sorted) = evaluator.order_of_keys(&keys, false) else {
            // Unless it is the budget that does not suffice.
            evaluator.room(keys.len().saturating_mul(3))?;
            evaluator.steps_of(0)?;
            return Err(Fault::new("D3070").index(1));
        };
        return evaluator.pick(items, &sorted);
    }
    let function = arguments.function(1)?;
    let sorted = match evaluator.order_by_member(function, items) {
        Some(sorted) => sorted,
        None => evaluator.merge_sort(items.len(), &mut |evaluator, first, second| {
            truthy(&evaluator.invoke(function, vec![items.get(first), items.get(second)])?)
        })?,
    };
    evaluator.pick(items, &sorted)
}

/// What JavaScript takes for true, which a comparison of `$sort` goes by: any array or object is.
fn truthy(value: &Val<'_>) -> Result<bool> {
    Ok(match value.kind() {
        Kind::Undefined | Kind::Null => false,
        Kind::Bool => value.as_bool() == Some(true),
        Kind::Number => value.as_f64().is_some_and(|number| number != 0.0 && !number.is_nan()),
        Kind::String => value.as_str().is_some_and(|text| !text.is_empty()),
        Kind::Array | Kind::Object | Kind::Function => true,
    })
}

pub(super) fn shuffle<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    if arguments.is_undefined(0) || arguments.items(0).len() <= 1 {
        return Ok(arguments.get(0).clone());
    }
    let items = arguments.items(0);
    evaluator.room(items.len())?;
    evaluator.steps_of(items.len())?;
    // From the inside out, as the reference does it.
    let mut shuffled: Vec<Val> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let other = (next_random(evaluator) * (index + 1) as f64) as usize;
        shuffled.push(item);
        shuffled.swap(index, other.min(index));
    }
    evaluator.plain(shuffled)
}

pub(super) fn distinct<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    let array = arguments.get(0);
    let Some(items) = array.elements().filter(|items| items.len() > 1) else { return Ok(array.clone()) };
    let mut results: Vec<Val<'e>> = Vec::new();
    // Texts and numbers are looked up, all else is compared with each.
    let mut texts: HashSet<Arc<str>> = HashSet::new();
    let mut numbers: HashSet<u64> = HashSet::new();
    let mut others: Vec<Val<'e>> = Vec::new();
    'items: for item in items.iter() {
        evaluator.steps_of(6)?;
        if let Some(text) = item.as_str() {
            if !texts.insert(Arc::clone(text)) {
                continue;
            }
        } else if let Some(number) = item.as_f64() {
            // Both zeros are one, and what is no number is equal to nothing.
            if !number.is_nan() && !numbers.insert((number + 0.0).to_bits()) {
                continue;
            }
        } else {
            for known in &others {
                evaluator.step()?;
                if evaluator.equal(known, &item)? {
                    continue 'items;
                }
            }
            evaluator.push(&mut others, item.clone())?;
        }
        evaluator.push(&mut results, item)?;
    }
    if array.is_sequence() { evaluator.sequence(results) } else { evaluator.plain(results) }
}
