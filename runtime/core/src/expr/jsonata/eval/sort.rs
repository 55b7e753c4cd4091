//! Order: `^( )` in paths, and what `$sort` stands on.
//!
//! The reference sorts by merging, and asks its questions in that order; a question may be a fault. Where all keys
//! are numbers, or all are texts, none can be, and any stable sort gives the same.

use crate::json::{Lookup, Value};

use super::{
    super::{
        ast::{Kind, Lambda, Node, Operator, Term},
        error::{Fault, Result},
        value::{Function, FunctionId, Items, Val},
    },
    Evaluator, Made,
    operator::order,
};

impl<'e> Evaluator<'e> {
    /// The items in order; arrays of one or none as they are.
    pub(super) fn sort_step(
        &mut self,
        terms: &'e [Term],
        position: usize,
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        let items = input.items();
        if items.len() <= 1 {
            return Ok(input.clone());
        }
        let (mark, depth, waiting, random) = (self.mark(), self.depth, self.waiting, self.random);
        if let Some(sorted) = self.order_by_terms(terms, items, frame) {
            return self.pick(items, &sorted);
        }
        // What a fault has left behind goes, and the fault is met again where the reference meets it.
        (self.depth, self.waiting, self.random) = (depth, waiting, random);
        self.tail = None;
        self.release(mark);
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
        self.pick(items, &sorted)
    }

    /// The items in the order of `indexes`.
    pub(in super::super) fn pick(&self, items: Items<'_, 'e>, indexes: &[usize]) -> Result<Val<'e>> {
        self.room(indexes.len())?;
        self.plain(indexes.iter().map(|index| items.get(*index)).collect())
    }

    /// The order by terms, the later ones only where the earlier ones leave a tie; `None` if a question could be a
    /// fault.
    fn order_by_terms(
        &mut self,
        terms: &'e [Term],
        items: Items<'_, 'e>,
        frame: usize,
    ) -> Option<Vec<usize>> {
        self.room(items.len().saturating_mul(2)).ok()?;
        let mut sorted: Vec<usize> = (0..items.len()).collect();
        let mut ties: Vec<_> = std::iter::once(0..sorted.len()).collect();
        for term in terms {
            let mut rest = Vec::new();
            for tie in ties {
                let part = sorted.get_mut(tie.clone())?;
                let mut keys = Vec::with_capacity(part.len());
                for index in part.iter() {
                    keys.push(self.term_of(&items.get(*index), term, frame).ok()?);
                }
                let places = self.order_of_keys(&keys, term.descending)?;
                let equal = |pair: &[usize]| match pair {
                    [first, second] => Some(order(keys.get(*first)?, keys.get(*second)?)?.is_eq()),
                    _ => None,
                };
                let mut start = 0;
                for (at, pair) in places.windows(2).enumerate() {
                    if !equal(pair)? {
                        rest.push(tie.start + start..tie.start + at + 1);
                        start = at + 1;
                    }
                }
                rest.push(tie.start + start..tie.end);
                let arranged: Option<Vec<usize>> = places.iter().map(|at| part.get(*at).copied()).collect();
                part.copy_from_slice(&arranged?);
            }
            ties = rest.into_iter().filter(|tie| tie.len() > 1).collect();
        }
        Some(sorted)
    }

    /// The order of keys which are all numbers or all texts; equal ones stay in turn.
    pub(in super::super) fn order_of_keys(
        &mut self,
        keys: &[Val<'e>],
        descending: bool,
    ) -> Option<Vec<usize>> {
        if let Some(numbers) = keys.iter().map(Val::as_f64).collect::<Option<Vec<f64>>>() {
            return self.order_of_numbers(&numbers, descending);
        }
        self.begin_sort(keys.len())?;
        let in_turn = |order: std::cmp::Ordering| if descending { order.reverse() } else { order };
        let texts = keys.iter().map(|key| key.as_str().map(|text| &**text)).collect::<Option<Vec<&str>>>()?;
        let mut sorted: Vec<(&str, usize)> = texts.into_iter().zip(0..).collect();
        if sorted.iter().all(|(text, _)| text.is_ascii()) {
            sorted.sort_by(|(left, _), (right, _)| in_turn(left.cmp(right)));
        } else {
            sorted.sort_by(|(left, _), (right, _)| in_turn(left.encode_utf16().cmp(right.encode_utf16())));
        }
        Some(sorted.into_iter().map(|(_, index)| index).collect())
    }

    /// The order of numbers; equal ones stay in turn. `None` if one of them is none.
    fn order_of_numbers(&mut self, numbers: &[f64], descending: bool) -> Option<Vec<usize>> {
        self.begin_sort(numbers.len())?;
        if numbers.iter().any(|number| number.is_nan()) {
            return None;
        }
        // A number and its place are one integer, so that no two are equal and comparing takes no branch.
        let rank = |number| if descending { !rank(number) } else { rank(number) };
        let places = numbers.iter().zip(0_u64..);
        let mut sorted: Vec<u128> =
            places.map(|(number, at)| u128::from(rank(*number)) << 64 | u128::from(at)).collect();
        sorted.sort_unstable();
        Some(sorted.into_iter().map(|ranked| ranked as u64 as usize).collect())
    }

    /// Charges the work of sorting so many keys, and makes sure that there is room for them, for what is sorted and
    /// for where each stands.
    fn begin_sort(&mut self, count: usize) -> Option<()> {
        self.room(count.saturating_mul(3)).ok()?;
        let levels = count.checked_ilog2().unwrap_or(0) as usize;
        self.steps_of(count.saturating_mul(levels) / 4).ok()
    }

    /// The order that a function of two items asks for, if it compares the same member of both and no comparison
    /// can be a fault: `function($a, $b) { $a.price > $b.price }`.
    pub(in super::super) fn order_by_member(
        &mut self,
        function: Function,
        items: Items<'_, 'e>,
    ) -> Option<Vec<usize>> {
        let FunctionId::Made(index) = function.id else { return None };
        let Some(Made::Lambda { lambda, .. }) = self.made.get(index as usize) else { return None };
        let (steps, descending) = compared_member(lambda)?;
        self.room(items.len().saturating_mul(2)).ok()?;
        if let Items::Borrowed(items) = items
            && let Some(numbers) = member_numbers(items, steps)
        {
            self.steps_of(numbers.len().saturating_mul(1 + steps.len())).ok()?;
            return self.order_of_numbers(&numbers, descending);
        }
        let mut keys = Vec::with_capacity(items.len());
        for item in items.iter() {
            let mut key = item;
            for step in steps {
                let Kind::Name(name) = &step.kind else { return None };
                key = key.member(name);
            }
            keys.push(key);
        }
        self.steps_of(keys.len().saturating_mul(1 + steps.len())).ok()?;
        self.order_of_keys(&keys, descending)
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
        let key = self.term_of(item, term, frame)?;
        if let Some(known) = keys.get_mut(index) {
            known.resize(known.len().max(at + 1), None);
            if let Some(slot) = known.get_mut(at) {
                *slot = Some(key.clone());
            }
        }
        Ok(key)
    }

    fn term_of(&mut self, item: &Val<'e>, term: &'e Term, frame: usize) -> Result<Val<'e>> {
        let mark = self.mark();
        let key = match item {
            Val::Tuple(tuple) => {
                let inner = self.tuple_frame(tuple, frame)?;
                self.eval(&term.expression, &tuple.item, inner)?
            }
            item => self.eval(&term.expression, item, frame)?,
        };
        self.release(mark);
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
        self.room(count)?;
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
}

/// An integer that is greater the greater the number is. There is one zero.
fn rank(number: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    let bits = (number + 0.0).to_bits();
    if bits < SIGN { bits | SIGN } else { !bits }
}

/// The numbers that a chain of names leads to in each item, if it does.
fn member_numbers(items: &[Value], names: &[Node]) -> Option<Vec<f64>> {
    let name = |step: &Node| if let Kind::Name(name) = &step.kind { Some(name.clone()) } else { None };
    let names = names.iter().map(name).collect::<Option<Vec<_>>>()?;
    let mut lookups: Vec<Lookup<'_, '_>> = names.iter().map(|name| Lookup::new(name)).collect();
    let mut numbers = Vec::with_capacity(items.len());
    for item in items {
        let member = lookups.iter_mut().try_fold(item, |value, lookup| lookup.get(value.as_object()?));
        numbers.push(member?.as_f64()?);
    }
    Some(numbers)
}

/// The names of the member by which a function of two items puts them in order, and whether the greater comes first.
fn compared_member(lambda: &Lambda) -> Option<(&[Node], bool)> {
    let ([first, second], None) = (lambda.parameters.as_slice(), &lambda.signature) else { return None };
    let Kind::Binary { operator: operator @ (Operator::Greater | Operator::Less), left, right } =
        &lambda.body.kind
    else {
        return None;
    };
    let ((left, left_steps), (right, right_steps)) = (member_of(left)?, member_of(right)?);
    let swapped = if (left, right) == (*first, *second) {
        false
    } else if (left, right) == (*second, *first) {
        true
    } else {
        return None;
    };
    let name = |step: &Node| if let Kind::Name(name) = &step.kind { Some(name.clone()) } else { None };
    let same = left_steps.iter().map(name).eq(right_steps.iter().map(name));
    let distinct = first != second && lambda.body.plain;
    (same && distinct).then_some((left_steps, (*operator == Operator::Less) != swapped))
}

/// A variable, and the names that follow it.
fn member_of(node: &Node) -> Option<(u32, &[Node])> {
    match &node.kind {
        Kind::Variable { symbol, name } if node.plain && !name.is_empty() => Some((*symbol, &[])),
        Kind::Path { steps, direct: true, .. } if node.plain => {
            let (first, names) = steps.split_first()?;
            let Kind::Variable { symbol, name } = &first.kind else { return None };
            let plain = names.iter().all(|step| step.plain && matches!(step.kind, Kind::Name(_)));
            (plain && first.plain && !name.is_empty()).then_some((*symbol, names))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn ranks_are_in_the_order_of_numbers() {
        let infinity = f64::INFINITY;
        let rising =
            [-infinity, f64::MIN, -1.5, -1.0, -5e-324, -0.0, 5e-324, 1e-300, 1.0, 2.0, f64::MAX, infinity];
        assert!(rising.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
        assert_eq!(rank(0.0), rank(-0.0));
    }
}
