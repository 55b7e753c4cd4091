//! Streams of tuples: values with what their path has bound on the way, by `@`, `#` and `%`.

use std::rc::Rc;

use super::{
    super::{
        ast::{Kind, LABELS, Node},
        error::Result,
        value::{Items, Marks, Tuple, Val},
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
