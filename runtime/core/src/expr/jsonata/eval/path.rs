//! Paths: steps, filters, bindings of focus and index, parents, order.

use std::rc::Rc;

use crate::json::Value;

use super::{
    super::{
        ast::{Kind, LABELS, Node, Stage, Term},
        error::{Fault, Result},
        value::{Items, List, Marks, Tuple, Val},
    },
    Evaluator,
    operator::{numeric, order},
};

impl<'e> Evaluator<'e> {
    pub(super) fn path(
        &mut self,
        node: &'e Node,
        steps: &'e [Node],
        keep_singleton: bool,
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        let starts_at_variable = matches!(steps.first(), Some(Node { kind: Kind::Variable { .. }, .. }));
        let mut current = input.clone();
        // Until the first step is done, `current` is the input: one item, or an array of them.
        let mut single = starts_at_variable || !input.is_array();
        let mut tuples: Option<Val> = None;
        // Whether a constructor in front binds, so that the rest is a stream of tuples.
        let mut bound = false;
        for (index, step) in steps.iter().enumerate() {
            if index == 0 && step.cons {
                let context = if single { self.sequence(vec![current])? } else { current };
                let made = self.eval(step, &context, frame)?;
                bound = step.tuple;
                if step.focus.is_some() {
                    // The next step starts where this one did.
                    current = context;
                    single = false;
                    continue;
                }
                current = made;
                single = false;
                // The reference goes on over its `length`: a text has characters, all else nothing.
                if index + 1 < steps.len() && !current.is_array() && !current.is_undefined() {
                    let text = current.as_str().cloned();
                    if text.as_ref().is_some_and(|text| text.is_empty()) {
                        break;
                    }
                    let text = text.unwrap_or_default();
                    self.steps_of(text.len())?;
                    let characters = text.chars().map(|one| Val::Json(Value::from(one.to_string())));
                    current = self.sequence(characters.collect())?;
                    continue;
                }
            } else if step.tuple || bound || tuples.is_some() {
                let items = if single { Items::One(&current) } else { current.items() };
                tuples = Some(self.tuple_step(step, items, tuples.as_ref(), frame)?);
                continue;
            } else {
                let items = if single { Items::One(&current) } else { current.items() };
                current = self.path_step(step, items, frame, index + 1 == steps.len())?;
                single = false;
            }
            if !bound && (current.is_undefined() || current.elements().is_some_and(|items| items.len() == 0))
            {
                break;
            }
        }
        let mut result = match &tuples {
            Some(stream) if node.tuple => stream.clone(),
            Some(stream) => {
                let items = stream.items().iter().map(|tuple| item_of(&tuple)).collect();
                self.sequence(items)?
            }
            None => current,
        };
        if keep_singleton {
            result = self.keep_singleton(result)?;
        }
        match &node.group {
            Some(group) => self.group(group, tuples.unwrap_or(result), frame),
            None => Ok(result),
        }
    }

    fn keep_singleton(&mut self, result: Val<'e>) -> Result<Val<'e>> {
        let Val::List(list) = result else { return Ok(result) };
        if list.marks.cons && !list.marks.sequence {
            let marks = Marks { sequence: true, keep: true, ..Marks::default() };
            return self.list(vec![Val::List(list)], marks);
        }
        Ok(Val::List(List::remark(list, |marks| marks.keep = true)))
    }

    /// One step over all items. The last one hands on a lone array as it is.
    fn path_step(&mut self, step: &'e Node, items: Items<'_, 'e>, frame: usize, last: bool) -> Result<Val<'e>> {
        if let Kind::Sort(terms) = &step.kind {
            let input = self.array_of(items)?;
            let sorted = self.sort_step(terms, step.position, &input, frame)?;
            return match &step.stages {
                Some(stages) => self.stages(stages, sorted, frame),
                None => Ok(sorted),
            };
        }
        let mut results = Vec::new();
        for index in 0..items.len() {
            let mut result = self.eval(step, &items.get(index), frame)?;
            if let Some(stages) = &step.stages {
                result = self.stages(stages, result, frame)?;
            }
            if !result.is_undefined() {
                self.push(&mut results, result)?;
            }
        }
        if last
            && let [only] = results.as_slice()
            && only.is_array()
            && !only.is_sequence()
        {
            return Ok(only.clone());
        }
        if results.iter().any(|result| result.is_array() && !result.marks().cons) {
            let mut flat = Vec::with_capacity(results.len());
            for result in results {
                match result.elements() {
                    Some(inner) if !result.marks().cons => {
                        self.steps_of(inner.len() / 8)?;
                        for item in inner.iter() {
                            self.push(&mut flat, item)?;
                        }
                    }
                    _ => self.push(&mut flat, result)?,
                }
            }
            results = flat;
        }
        self.sequence(results)
    }

    fn array_of(&mut self, items: Items<'_, 'e>) -> Result<Val<'e>> {
        self.sequence(items.iter().collect())
    }

    /// One step over a stream of tuples, which it makes from the items if there is none yet.
    fn tuple_step(
        &mut self,
        step: &'e Node,
        items: Items<'_, 'e>,
        tuples: Option<&Val<'e>>,
        frame: usize,
    ) -> Result<Val<'e>> {
        let marks = Marks { sequence: true, tuples: true, ..Marks::default() };
        let mut stream = if let Kind::Sort(terms) = &step.kind {
            match tuples {
                Some(tuples) => {
                    let sorted = self.sort_step(terms, step.position, tuples, frame)?;
                    self.list(sorted.items().iter().collect(), marks)?
                }
                None => {
                    let input = self.array_of(items)?;
                    let sorted = self.sort_step(terms, step.position, &input, frame)?;
                    let bind = |(index, item)| {
                        let bindings = step.index.map(|name| (name, Val::count(index)));
                        Val::Tuple(Rc::new(Tuple { item, bindings: bindings.into_iter().collect() }))
                    };
                    self.list(sorted.items().iter().enumerate().map(bind).collect(), marks)?
                }
            }
        } else {
            let mut results = Vec::new();
            match tuples {
                Some(tuples) => {
                    for tuple in tuples.items().iter() {
                        if let Val::Tuple(tuple) = tuple {
                            self.tuples_of(step, &tuple, frame, &mut results)?;
                        }
                    }
                }
                None => {
                    for item in items.iter() {
                        let tuple = Tuple { item, bindings: Vec::new() };
                        self.tuples_of(step, &tuple, frame, &mut results)?;
                    }
                }
            }
            self.list(results, marks)?
        };
        if let Some(stages) = &step.stages {
            stream = self.stages(stages, stream, frame)?;
        }
        Ok(stream)
    }

    /// The tuples that a step makes of one.
    fn tuples_of(
        &mut self,
        step: &'e Node,
        tuple: &Tuple<'e>,
        frame: usize,
        results: &mut Vec<Val<'e>>,
    ) -> Result<()> {
        let mark = self.mark();
        let inner = self.tuple_frame(tuple, frame)?;
        let found = self.eval(step, &tuple.item, inner)?;
        self.release(mark);
        if found.is_undefined() {
            return Ok(());
        }
        for (index, item) in found.items().iter().enumerate() {
            let mut next = tuple.clone();
            let set = |next: &mut Tuple<'e>, name, value| set_binding(&mut next.bindings, name, value);
            match item {
                Val::Tuple(inner) if found.marks().tuples => {
                    next.item = inner.item.clone();
                    for (name, value) in &inner.bindings {
                        set(&mut next, *name, value.clone());
                    }
                }
                item => {
                    match step.focus {
                        Some(name) => set(&mut next, name, item),
                        None => next.item = item,
                    }
                    if let Some(name) = step.index {
                        set(&mut next, name, Val::count(index));
                    }
                    if let Some(slot) = step.ancestor {
                        let label = self.program.labels.get(slot).copied().unwrap_or(LABELS);
                        set(&mut next, label, tuple.item.clone());
                    }
                }
            }
            self.push(results, Val::Tuple(Rc::new(next)))?;
        }
        Ok(())
    }

    /// A frame that holds the bindings of a tuple.
    pub(super) fn tuple_frame(&mut self, tuple: &Tuple<'e>, frame: usize) -> Result<usize> {
        let inner = self.frame(frame)?;
        if let Some(frame) = self.frames.get_mut(inner) {
            frame.variables.clone_from(&tuple.bindings);
        }
        Ok(inner)
    }

    pub(super) fn stages(&mut self, stages: &'e [Stage], mut input: Val<'e>, frame: usize) -> Result<Val<'e>> {
        for stage in stages {
            input = match stage {
                Stage::Filter(predicate) => self.filter(predicate, input, frame)?,
                Stage::Index(name) => {
                    let items = input.items().iter().enumerate().map(|(index, item)| match item {
                        Val::Tuple(tuple) => {
                            let mut tuple = Tuple::clone(&tuple);
                            set_binding(&mut tuple.bindings, *name, Val::count(index));
                            Val::Tuple(Rc::new(tuple))
                        }
                        other => other,
                    });
                    self.list(items.collect(), input.marks())?
                }
            };
        }
        Ok(input)
    }

    /// The items for which `predicate` holds, or whose indexes it gives.
    fn filter(&mut self, predicate: &'e Node, input: Val<'e>, frame: usize) -> Result<Val<'e>> {
        let tuples = input.marks().tuples;
        let items = input.items();
        let marks = Marks { sequence: true, tuples, ..Marks::default() };
        if let Kind::Literal(Value::Number(number)) = &predicate.kind {
            let item =
                index_of(number.as_f64(), items.len()).map(|index| items.get(index)).unwrap_or_default();
            return match item {
                Val::Undefined => self.list(Vec::new(), marks),
                item if item.is_array() => Ok(item),
                item => self.list(vec![item], marks),
            };
        }
        let mut results = Vec::new();
        for index in 0..items.len() {
            let item = items.get(index);
            let mark = self.mark();
            let answer = match &item {
                Val::Tuple(tuple) if tuples => {
                    let inner = self.tuple_frame(tuple, frame)?;
                    self.eval(predicate, &tuple.item, inner)?
                }
                item => self.eval(predicate, item, frame)?,
            };
            self.release(mark);
            if let Some(answer) = answer.as_bool() {
                if answer {
                    self.push(&mut results, item)?;
                }
                continue;
            }
            let mut numbers = Vec::new();
            if indexes(&answer, &mut numbers)? {
                self.steps_of(numbers.len())?;
                for number in numbers {
                    if index_of(number, items.len()) == Some(index) {
                        self.push(&mut results, item.clone())?;
                    }
                }
            } else if self.truth(&answer)? {
                self.push(&mut results, item)?;
            }
        }
        self.list(results, marks)
    }

    /// The items in order; arrays of one or none as they are.
    fn sort_step(&mut self, terms: &'e [Term], position: usize, input: &Val<'e>, frame: usize) -> Result<Val<'e>> {
        let items = input.items();
        if items.len() <= 1 {
            return Ok(input.clone());
        }
        let mut keys: Vec<Vec<Option<Val>>> = vec![Vec::new(); items.len()];
        let sorted = self.merge_sort(items.len(), &mut |evaluator, first, second| {
            for (at, term) in terms.iter().enumerate() {
                let left = evaluator.sort_key(&mut keys, (first, at), &items.get(first), term, frame)?;
                let right = evaluator.sort_key(&mut keys, (second, at), &items.get(second), term, frame)?;
                match (left.is_undefined(), right.is_undefined()) {
                    (true, true) => continue,
                    (true, false) => return Ok(true),
                    (false, true) => return Ok(false),
                    (false, false) => {}
                }
                let sortable = |value: &Val| value.as_str().is_some() || value.as_f64().is_some();
                if !sortable(&left) || !sortable(&right) {
                    let faulty = if sortable(&left) { &right } else { &left };
                    return Err(Fault::value("T2008", faulty.to_shown()).at(position));
                }
                if left.kind() != right.kind() {
                    let fault = Fault::value("T2007", left.to_shown()).second(right.to_shown());
                    return Err(fault.at(position));
                }
                match order(&left, &right) {
                    Some(order) if order.is_eq() => {}
                    // A number that is none comes after all, as every comparison with it fails.
                    order => return Ok((order.is_none_or(|order| order.is_gt())) != term.descending),
                }
            }
            Ok(false)
        })?;
        self.plain(sorted.into_iter().map(|index| items.get(index)).collect())
    }

    /// The value of a term for an item, evaluated once.
    fn sort_key(
        &mut self,
        keys: &mut [Vec<Option<Val<'e>>>],
        (index, at): (usize, usize),
        item: &Val<'e>,
        term: &'e Term,
        frame: usize,
    ) -> Result<Val<'e>> {
        if let Some(Some(key)) = keys.get(index).and_then(|known| known.get(at)) {
            return Ok(key.clone());
        }
        let mark = self.mark();
        let key = match item {
            Val::Tuple(tuple) => {
                let inner = self.tuple_frame(tuple, frame)?;
                self.eval(&term.expression, &tuple.item, inner)?
            }
            item => self.eval(&term.expression, item, frame)?,
        };
        self.release(mark);
        if let Some(known) = keys.get_mut(index) {
            known.resize(known.len().max(at + 1), None);
            if let Some(slot) = known.get_mut(at) {
                *slot = Some(key.clone());
            }
        }
        Ok(key)
    }

    /// The indexes below `count` in order. `swap` says whether the second of two comes first. Stable, and asks
    /// in the reference's order, because the answers may be faults.
    pub(in super::super) fn merge_sort(
        &mut self,
        count: usize,
        swap: &mut dyn FnMut(&mut Self, usize, usize) -> Result<bool>,
    ) -> Result<Vec<usize>> {
        self.steps_of(count)?;
        self.merge_sorted(0, count, swap)
    }

    /// Recurses as deep as the logarithm of the count.
    fn merge_sorted(
        &mut self,
        from: usize,
        to: usize,
        swap: &mut dyn FnMut(&mut Self, usize, usize) -> Result<bool>,
    ) -> Result<Vec<usize>> {
        if to - from <= 1 {
            return Ok((from..to).collect());
        }
        let middle = from + (to - from) / 2;
        let left = self.merge_sorted(from, middle, swap)?;
        let right = self.merge_sorted(middle, to, swap)?;
        let mut merged = Vec::with_capacity(to - from);
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
            self.step()?;
            merged.extend(if swap(self, *first, *second)? { right.next() } else { left.next() });
        }
        merged.extend(left);
        merged.extend(right);
        Ok(merged)
    }

    // Steps.

    /// The member `name`; of an array, that of each item, in one sequence.
    pub(in super::super) fn lookup_member(&mut self, input: &Val<'e>, name: &str) -> Result<Val<'e>> {
        let Some(_) = input.elements() else { return Ok(input.member(name)) };
        // Arrays within arrays, in order: what is still to be looked at, the next last.
        let mut pending = vec![input.clone()];
        let mut found = Vec::new();
        while let Some(value) = pending.pop() {
            self.step()?;
            if let Some(items) = value.elements() {
                self.steps_of(items.len())?;
                self.room(items.len())?;
                pending.extend((0..items.len()).rev().map(|index| items.get(index)));
                continue;
            }
            let member = value.member(name);
            match member.elements() {
                Some(items) => {
                    for item in items.iter() {
                        self.push(&mut found, item)?;
                    }
                }
                None if member.is_undefined() => {}
                None => self.push(&mut found, member)?,
            }
        }
        self.sequence(found)
    }

    pub(super) fn wildcard(&mut self, input: &Val<'e>) -> Result<Val<'e>> {
        let input = if input.marks().wrapper { input.items().get(0) } else { input.clone() };
        let values: Vec<Val> = match input.elements() {
            Some(items) => items.iter().collect(),
            None => input.members().unwrap_or_default().into_iter().map(|(_, value)| value).collect(),
        };
        let mut results = Vec::new();
        // As in the reference, an array among the values takes the mark of a sequence away.
        let mut marks = Marks::SEQUENCE;
        for value in values {
            if value.is_array() {
                marks.sequence = false;
            }
            self.flatten(value, &mut results)?;
        }
        self.list(results, marks)
    }

    /// Adds the items of nested arrays in order.
    fn flatten(&mut self, value: Val<'e>, results: &mut Vec<Val<'e>>) -> Result<()> {
        let mut pending = vec![value];
        while let Some(value) = pending.pop() {
            self.step()?;
            match value.elements() {
                Some(items) => {
                    self.room(items.len())?;
                    pending.extend((0..items.len()).rev().map(|index| items.get(index)));
                }
                None => self.push(results, value)?,
            }
        }
        Ok(())
    }

    /// The value and all within it, but for arrays themselves.
    pub(super) fn descendants(&mut self, input: &Val<'e>) -> Result<Val<'e>> {
        if input.is_undefined() {
            return Ok(Val::Undefined);
        }
        let mut results = Vec::new();
        let mut pending = vec![input.clone()];
        while let Some(value) = pending.pop() {
            self.step()?;
            if let Some(items) = value.elements() {
                self.room(items.len())?;
                pending.extend((0..items.len()).rev().map(|index| items.get(index)));
                continue;
            }
            if let Some(members) = value.members() {
                self.room(members.len())?;
                pending.extend(members.into_iter().rev().map(|(_, value)| value));
            }
            self.push(&mut results, value)?;
        }
        match results.as_slice() {
            [only] => Ok(only.clone()),
            _ => self.sequence(results),
        }
    }
}

/// The item of a tuple.
pub(super) fn item_of<'e>(value: &Val<'e>) -> Val<'e> {
    if let Val::Tuple(tuple) = value { tuple.item.clone() } else { value.clone() }
}

pub(super) fn set_binding<'e>(bindings: &mut Vec<(u32, Val<'e>)>, name: u32, value: Val<'e>) {
    match bindings.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => bindings.push((name, value)),
    }
}

/// The place that `number` means in an array: rounded down, negative from the end.
fn index_of(number: f64, length: usize) -> Option<usize> {
    let index = number.floor();
    let index = if index < 0.0 { index + length as f64 } else { index };
    (index >= 0.0 && index < length as f64).then_some(index as usize)
}

/// Whether the answer of a filter is a number or an array of numbers, and if so, which.
fn indexes(answer: &Val<'_>, numbers: &mut Vec<f64>) -> Result<bool> {
    if let Some(number) = numeric(answer)? {
        numbers.push(number);
        return Ok(true);
    }
    let Some(items) = answer.elements() else { return Ok(false) };
    for item in items.iter() {
        match numeric(&item)? {
            Some(number) => numbers.push(number),
            None => return Ok(false),
        }
    }
    Ok(true)
}
