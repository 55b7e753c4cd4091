//! Paths whose steps hand on values and nothing else, which most are: no stream of tuples, no order, nothing to
//! keep. One value goes from step to step as it is; only where there are several are they gathered.

use crate::json::{Lookup, Value};

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
        let Some((first @ Node { kind: Kind::Variable { .. }, .. }, rest)) = steps.split_first() else {
            return self.follow(steps, input, input.is_array(), frame);
        };
        let start = self.step_on(first, input, frame)?;
        let several = start.is_array() && !start.marks().cons;
        if rest.is_empty() && !start.is_undefined() {
            return self.as_result(start);
        }
        if start.is_undefined() || (several && start.items().len() == 0) {
            return Ok(Val::Undefined);
        }
        self.follow(rest, &start, several, frame)
    }

    /// The steps from `start` on, which stands for its items if there are `several`.
    fn follow(
        &mut self,
        mut steps: &'e [Node],
        start: &Val<'e>,
        mut several: bool,
        frame: usize,
    ) -> Result<Val<'e>> {
        let mut current = Val::Undefined;
        let mut input = start;
        if let Val::Borrowed(value) = start
            && !several
        {
            let Some((rest, value)) = self.walk(steps, value)? else { return Ok(Val::Undefined) };
            current = Val::Borrowed(value);
            if rest.is_empty() {
                return Ok(current);
            }
            several = current.is_array();
            steps = rest;
            input = &current;
        }
        for (index, step) in steps.iter().enumerate() {
            let found = if several {
                self.step_on_each(step, input.items(), frame)?
            } else {
                Found { only: Some(self.step_on(step, input, frame)?), ..Found::default() }
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
            input = &current;
        }
        Ok(current)
    }

    /// What a path leads to that does nothing but go from object to object: most paths. `None` if it has to be gone
    /// another way; then nothing has been done.
    pub(super) fn straight(
        &mut self,
        steps: &'e [Node],
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Option<Option<&'e Value>>> {
        let before = self.steps;
        let (names, start) = match steps {
            [Node { kind: Kind::Variable { symbol, name }, plain: true, .. }, names @ ..]
                if !name.is_empty() =>
            {
                self.nested(|_| Ok(()))?;
                (names, self.bound(*symbol, frame))
            }
            names => (names, Some(input)),
        };
        if let Some(Val::Borrowed(start)) = start {
            match self.walk(names, start)? {
                None => return Ok(Some(None)),
                Some(([], value)) => return Ok(Some(Some(value))),
                Some(_) => {}
            }
        }
        self.steps = before;
        Ok(None)
    }

    /// Goes from object to object for as long as the steps are names, as in most paths they all are. Gives the
    /// steps that are left, and what they start from; `None` if there is nothing.
    fn walk(
        &mut self,
        mut steps: &'e [Node],
        mut value: &'e Value,
    ) -> Result<Option<(&'e [Node], &'e Value)>> {
        while let Some((Node { kind: Kind::Name(name), plain: true, .. }, rest)) = steps.split_first() {
            if matches!(value, Value::Array(_)) {
                break;
            }
            self.step()?;
            let Some(member) = value.get(name) else { return Ok(None) };
            (steps, value) = (rest, member);
        }
        Ok(Some((steps, value)))
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
                let mut lookup = Lookup::new(name);
                for item in items {
                    match item {
                        Value::Object(object) => {
                            if let Some(member) = lookup.get(object) {
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
