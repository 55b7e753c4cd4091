//! The steps that are no expressions: names, `*`, `**`.

use super::{
    super::{
        error::Result,
        value::{Marks, Val},
    },
    Evaluator,
};

impl<'e> Evaluator<'e> {
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
            self.steps_of(2)?;
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
