//! Streams of tuples: values with what their path has bound on the way, by `@`, `#` and `%`.

use super::{
    super::{
        ast::{Kind, LABELS, Node, Symbol, UNNAMED},
        error::Result,
        value::{Bound, Items, Marks, Tuple, Val},
    },
    Evaluator,
};

impl<'e> Evaluator<'e> {
    /// One step over a stream of tuples, which it makes from the items if there is none yet.
    pub(super) fn tuple_step(
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
                    let mut results = Vec::new();
                    for (index, item) in sorted.items().iter().enumerate() {
                        let bindings = step.index.map(|name| (name, Val::count(index)));
                        let tuple = self.tuple(item, bindings.into_iter().collect())?;
                        self.push(&mut results, tuple)?;
                    }
                    self.list(results, marks)?
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
                        let tuple = Tuple::new(item, Vec::new());
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
        let named = [step.focus, step.index, step.ancestor.map(|_| LABELS)].into_iter().flatten().count();
        for (index, item) in found.items().iter().enumerate() {
            let next = match item {
                Val::Tuple(inner) if found.marks().tuples => {
                    let mut bindings = extended(&tuple.bindings, inner.bindings.len());
                    for (name, value) in &inner.bindings {
                        set_binding(&mut bindings, *name, value.clone());
                    }
                    self.tuple(inner.item.clone(), bindings)?
                }
                mut item => {
                    let mut bindings = extended(&tuple.bindings, named);
                    if let Some(name) = step.focus.filter(|name| *name != UNNAMED) {
                        let found = std::mem::replace(&mut item, tuple.item.clone());
                        set_binding(&mut bindings, name, found);
                    }
                    if let Some(name) = step.index {
                        set_binding(&mut bindings, name, Val::count(index));
                    }
                    if let Some(slot) = step.ancestor {
                        let label = self.program.labels.get(slot).copied().unwrap_or(LABELS);
                        set_binding(&mut bindings, label, tuple.item.clone());
                    }
                    self.tuple(item, bindings)?
                }
            };
            self.push(results, next)?;
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
}

/// The item of a tuple.
pub(super) fn item_of<'e>(value: &Val<'e>) -> Val<'e> {
    if let Val::Tuple(tuple) = value { tuple.item.clone() } else { value.clone() }
}

/// A copy with room for `more`.
pub(super) fn extended<'e>(bindings: &Bound<'e>, more: usize) -> Bound<'e> {
    let mut copy = Vec::with_capacity(bindings.len() + more);
    copy.extend_from_slice(bindings);
    copy
}

pub(super) fn set_binding<'e>(bindings: &mut Bound<'e>, name: Symbol, value: Val<'e>) {
    match bindings.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => bindings.push((name, value)),
    }
}
