//! Paths whose steps hand on values and nothing else, which most are: no stream of tuples, no order, nothing to
//! keep. One value goes from step to step as it is; only where there are several are they gathered.

use crate::json::Value;

use super::{
    super::{
        ast::{Kind, Node},
        error::Result,
        value::{Items, Marks, Val},
    },
    Evaluator,
};

/// What a step has found so far.
#[derive(Default)]
struct Found<'e> {
    /// The only result, not yet flattened.
    only: Option<Val<'e>>,
    /// The items of all results, once there are two.
    items: Vec<Val<'e>>,
    /// Whether there are two, which may all have been empty.
    several: bool,
}

impl<'e> Evaluator<'e> {
    pub(super) fn direct_path(
        &mut self,
        steps: &'e [Node],
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        let starts_at_variable = matches!(steps.first(), Some(Node { kind: Kind::Variable { .. }, .. }));
        let mut several = !starts_at_variable && input.is_array();
        let mut current = Val::Undefined;
        for (index, step) in steps.iter().enumerate() {
            let context = if index == 0 { input } else { &current };
            let found = if several {
                self.step_on_each(step, context.items(), frame)?
            } else {
                Found { only: Some(self.step_on(step, context, frame)?), ..Found::default() }
            };
            let last = index + 1 == steps.len();
            match found.only {
                Some(Val::Undefined) => return Ok(Val::Undefined),
                Some(only) if last => return self.as_result(only),
                Some(only) => {
                    several = only.is_array() && !only.marks().cons;
                    current = only;
                }
                None if found.items.is_empty() => return Ok(Val::Undefined),
                None => {
                    several = true;
                    current = self.sequence(found.items)?;
                }
            }
            if several && current.items().len() == 0 {
                return Ok(Val::Undefined);
            }
        }
        Ok(current)
    }

    /// The only result of a last step: an array is handed on as it is, a sequence without what it was marked with.
    fn as_result(&mut self, only: Val<'e>) -> Result<Val<'e>> {
        let marks = only.marks();
        if !marks.sequence || marks.cons || marks == Marks::SEQUENCE {
            return Ok(only);
        }
        self.sequence(only.items().iter().collect())
    }

    fn step_on_each(&mut self, step: &'e Node, items: Items<'_, 'e>, frame: usize) -> Result<Found<'e>> {
        let mut found = Found::default();
        match (&step.kind, items) {
            (Kind::Name(name), Items::Borrowed(items)) if step.plain => {
                self.steps_of(items.len())?;
                for item in items {
                    match item {
                        Value::Object(object) => {
                            if let Some(member) = object.get(name) {
                                self.gather(&mut found, Val::Borrowed(member))?;
                            }
                        }
                        Value::Array(_) => {
                            let members = self.member(&Val::Borrowed(item), name)?;
                            self.gather(&mut found, members)?;
                        }
                        _ => {}
                    }
                }
            }
            (_, items) => {
                for item in items.iter() {
                    let result = self.step_on(step, &item, frame)?;
                    self.gather(&mut found, result)?;
                }
            }
        }
        Ok(found)
    }

    /// A step on one item, with its filters.
    fn step_on(&mut self, step: &'e Node, item: &Val<'e>, frame: usize) -> Result<Val<'e>> {
        let result = match &step.kind {
            Kind::Name(name) if step.predicate.is_none() && step.group.is_none() => {
                self.step()?;
                self.member(item, name)?
            }
            _ => self.eval(step, item, frame)?,
        };
        match &step.stages {
            Some(stages) => self.stages(stages, result, frame),
            None => Ok(result),
        }
    }

    /// The member of an object, or those of the objects in an array.
    fn member(&mut self, item: &Val<'e>, name: &str) -> Result<Val<'e>> {
        if !item.is_array() {
            return Ok(item.member(name));
        }
        let members = self.lookup_member(item, name)?;
        self.collapse(members, false)
    }

    /// Adds a result. An array counts as its items, unless it was constructed, or is the only result.
    fn gather(&mut self, found: &mut Found<'e>, result: Val<'e>) -> Result<()> {
        if result.is_undefined() {
            return Ok(());
        }
        if !found.several && found.only.is_none() {
            found.only = Some(result);
            return Ok(());
        }
        found.several = true;
        if let Some(only) = found.only.take() {
            self.push_flat(&mut found.items, only)?;
        }
        self.push_flat(&mut found.items, result)
    }

    fn push_flat(&mut self, items: &mut Vec<Val<'e>>, result: Val<'e>) -> Result<()> {
        if !result.is_array() || result.marks().cons {
            return self.push(items, result);
        }
        let inner = result.items();
        self.steps_of(inner.len() / 2)?;
        for item in inner.iter() {
            self.push(items, item)?;
        }
        Ok(())
    }
}
