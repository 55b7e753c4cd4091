//! Paths of any kind: steps in turn, what they find in one sequence, filters.

use crate::json::Value;

use super::{
    super::{
        ast::{Kind, Node, Stage},
        error::Result,
        value::{Items, List, Marks, Val},
    },
    Evaluator,
    operator::numeric,
    tuple::{extended, item_of, set_binding},
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
    fn path_step(
        &mut self,
        step: &'e Node,
        items: Items<'_, 'e>,
        frame: usize,
        last: bool,
    ) -> Result<Val<'e>> {
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
                        self.steps_of(inner.len() / 2)?;
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

    pub(super) fn array_of(&mut self, items: Items<'_, 'e>) -> Result<Val<'e>> {
        self.sequence(items.iter().collect())
    }

    pub(super) fn stages(
        &mut self,
        stages: &'e [Stage],
        mut input: Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        for stage in stages {
            input = match stage {
                Stage::Filter(predicate) => self.filter(predicate, input, frame)?,
                Stage::Index(name) => {
                    let marks = input.marks();
                    let mut results = Vec::with_capacity(input.items().len());
                    for (index, item) in input.items().iter().enumerate() {
                        results.push(match item {
                            Val::Tuple(tuple) => {
                                let mut bindings = extended(&tuple.bindings, 1);
                                set_binding(&mut bindings, *name, Val::count(index));
                                self.tuple(tuple.item.clone(), bindings)?
                            }
                            other => other,
                        });
                    }
                    self.list(results, marks)?
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
