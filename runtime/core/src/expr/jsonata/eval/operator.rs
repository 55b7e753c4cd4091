//! Operators, and what they ask of values: truth, equality, order.

use std::cmp::Ordering;

use crate::json::Value;

use super::{
    super::{
        ast::{Kind, Node, Operator},
        error::{Fault, Result},
        value::{self, Val},
    },
    Evaluator,
};

/// How many items a range may have. Source: jsonata 2.0.6, whose message says less.
const MAX_RANGE: f64 = 1e7;

impl<'e> Evaluator<'e> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &'e Node,
        right: &'e Node,
        position: usize,
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        let blamed = |fault| blame(fault, position, operator);
        match operator {
            Operator::And | Operator::Or => {
                let left = self.eval(left, input, frame)?;
                self.boolean_operator(operator, &left, right, input, frame).map_err(blamed)
            }
            Operator::Concatenate => {
                let mut text = String::new();
                self.concatenate(left, right, position, input, frame, &mut text)?;
                self.text(text)
            }
            Operator::In | Operator::Range => {
                let left = self.eval(left, input, frame)?;
                let right = self.eval(right, input, frame)?;
                self.operate(operator, &left, &right).map_err(blamed)
            }
            _ => Ok(self.calculate(operator, left, right, position, input, frame)?.into_val()),
        }
    }

    /// An operator that most often meets two numbers. What is made of them on the way to another one stays bare.
    fn calculate(
        &mut self,
        operator: Operator,
        left: &'e Node,
        right: &'e Node,
        position: usize,
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Operand<'e>> {
        let left = self.operand(left, input, frame)?;
        let right = self.operand(right, input, frame)?;
        if let (Operand::Number(left), Operand::Number(right)) = (&left, &right)
            && left.is_finite()
            && right.is_finite()
            && let Some(result) = of_numbers(operator, *left, *right)
        {
            return Ok(result);
        }
        self.operate(operator, &left.into_val(), &right.into_val())
            .map(Operand::Other)
            .map_err(|fault| blame(fault, position, operator))
    }

    /// As [`eval`](Evaluator::eval), for an operator that most often meets numbers.
    fn operand(&mut self, node: &'e Node, input: &Val<'e>, frame: usize) -> Result<Operand<'e>> {
        if node.plain {
            match &node.kind {
                Kind::Literal(value) => {
                    self.nested(|_| Ok(()))?;
                    return Ok(Operand::borrowed(value));
                }
                Kind::Path { steps, direct: true, .. } => {
                    match self.nested(|it| it.straight(steps, input, frame))? {
                        Some(Some(value)) => return Ok(Operand::borrowed(value)),
                        Some(None) => return Ok(Operand::Other(Val::Undefined)),
                        // The way that is gone now begins with the step that has been charged.
                        None => self.steps -= 1,
                    }
                }
                Kind::Binary { operator, left, right } if operator.is_arithmetic() => {
                    let calculate =
                        |it: &mut Self| it.calculate(*operator, left, right, node.position, input, frame);
                    return self.nested(calculate);
                }
                Kind::Block { expressions, binds: false } => {
                    if let [only @ Node { kind: Kind::Binary { .. }, .. }] = expressions.as_slice() {
                        return self.nested(|it| it.operand(only, input, frame));
                    }
                }
                _ => {}
            }
        }
        let value = self.eval(node, input, frame)?;
        Ok(value.as_f64().map_or(Operand::Other(value), Operand::Number))
    }

    fn boolean_operator(
        &mut self,
        operator: Operator,
        left: &Val<'e>,
        right: &'e Node,
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        let left = self.truth(left)?;
        if left == (operator == Operator::Or) {
            return Ok(Val::bool(left));
        }
        let right = self.eval(right, input, frame)?;
        Ok(Val::bool(self.truth(&right)?))
    }

    fn operate(&mut self, operator: Operator, left: &Val<'e>, right: &Val<'e>) -> Result<Val<'e>> {
        match operator {
            Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo => {
                arithmetic(operator, left, right)
            }
            Operator::Equal | Operator::NotEqual => {
                if left.is_undefined() || right.is_undefined() {
                    return Ok(Val::bool(false));
                }
                Ok(Val::bool(self.equal(left, right)? == (operator == Operator::Equal)))
            }
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
                    self.steps_of(left.len().min(right.len()) / 32)?;
                }
                compare(operator, left, right)
            }
            Operator::In => {
                if left.is_undefined() || right.is_undefined() {
                    return Ok(Val::bool(false));
                }
                self.steps_of(right.items().len() / 2)?;
                for item in right.items().iter() {
                    if same(left, &item) {
                        return Ok(Val::bool(true));
                    }
                }
                Ok(Val::bool(false))
            }
            Operator::Range => self.range(left, right),
            // They go ways of their own.
            Operator::And | Operator::Or | Operator::Concatenate => Ok(Val::Undefined),
        }
    }

    /// Appends the texts of both sides. A left side that is a concatenation too is appended to the same text.
    fn concatenate(
        &mut self,
        left: &'e Node,
        right: &'e Node,
        position: usize,
        input: &Val<'e>,
        frame: usize,
        text: &mut String,
    ) -> Result<()> {
        let left = match &left.kind {
            Kind::Binary { operator: Operator::Concatenate, left: first, right: second } if left.plain => {
                self.nested(|it| it.concatenate(first, second, left.position, input, frame, text))?;
                self.step()?;
                None
            }
            _ => Some(self.eval(left, input, frame)?),
        };
        let right = self.eval(right, input, frame)?;
        for side in left.iter().chain([&right]) {
            let appended = self.append_string_of(side, text);
            appended.map_err(|fault| blame(fault, position, Operator::Concatenate))?;
        }
        Ok(())
    }

    fn range(&mut self, left: &Val<'e>, right: &Val<'e>) -> Result<Val<'e>> {
        let is_integer =
            |value: &Val<'_>| value.as_f64().is_some_and(|value| value.is_finite() && value.fract() == 0.0);
        if !left.is_undefined() && !is_integer(left) {
            return Err(Fault::value("T2003", left.to_shown()));
        }
        if !right.is_undefined() && !is_integer(right) {
            return Err(Fault::value("T2004", right.to_shown()));
        }
        let (Some(first), Some(last)) = (left.as_f64(), right.as_f64()) else { return Ok(Val::Undefined) };
        if first > last {
            return Ok(Val::Undefined);
        }
        let size = last - first + 1.0;
        if size > MAX_RANGE {
            return Err(Fault::value("D2014", Some(value::number(size))));
        }
        let size = size as usize;
        self.room(size)?;
        self.steps_of(size / 4)?;
        self.sequence((0..size).map(|index| Val::number(first + index as f64)).collect())
    }

    pub(super) fn negate(
        &mut self,
        operand: &'e Node,
        position: usize,
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        let value = self.eval(operand, input, frame)?;
        if value.is_undefined() {
            return Ok(value);
        }
        match numeric(&value)? {
            Some(number) => Ok(Val::number(-number)),
            None => Err(Fault::value("D1002", value.to_shown()).blame(position, "-")),
        }
    }

    /// Whether a value counts as true; nothing does not. Nor do functions, where the reference has them as such;
    /// where it has them as objects, which it made from the expression, they do.
    pub(in super::super) fn truth(&mut self, value: &Val<'e>) -> Result<bool> {
        Ok(match value.kind() {
            value::Kind::Undefined | value::Kind::Null => false,
            value::Kind::Function => value.as_function().is_some_and(|function| self.is_true(function)),
            value::Kind::Bool => value.as_bool() == Some(true),
            value::Kind::Number => numeric(value)?.is_some_and(|number| number != 0.0),
            value::Kind::String => value.as_str().is_some_and(|text| !text.is_empty()),
            value::Kind::Object => match value {
                Val::Map(map) => !map.members.borrow().is_empty(),
                other => other.json().and_then(Value::as_object).is_none_or(|object| !object.is_empty()),
            },
            value::Kind::Array => {
                // Truth of nested arrays: any item. Walked with a list, for arrays may be of any depth.
                let mut pending = vec![value.clone()];
                while let Some(value) = pending.pop() {
                    self.step()?;
                    match value.elements() {
                        Some(items) => {
                            self.steps_of(items.len())?;
                            self.room(items.len())?;
                            pending.extend(items.iter());
                        }
                        None => {
                            if self.truth(&value)? {
                                return Ok(true);
                            }
                        }
                    }
                }
                false
            }
        })
    }

    /// Whether two values are equal in depth. Functions are only equal to themselves.
    pub(in super::super) fn equal(&mut self, left: &Val<'e>, right: &Val<'e>) -> Result<bool> {
        self.step()?;
        if let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) {
            return Ok(left == right);
        }
        if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
            self.steps_of(left.len().min(right.len()) / 256)?;
            return Ok(left == right);
        }
        let mut pending = vec![(left.clone(), right.clone())];
        while let Some((left, right)) = pending.pop() {
            self.step()?;
            if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
                self.steps_of(left.len().min(right.len()) / 256)?;
            }
            if !same_level(&left, &right, &mut pending) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn blame(fault: Box<Fault>, position: usize, operator: Operator) -> Box<Fault> {
    if fault.is_limit() { fault } else { fault.blame(position, operator.text()) }
}

/// What an operator works on, and what it makes of that.
enum Operand<'e> {
    Number(f64),
    /// Anything; numbers also.
    Other(Val<'e>),
}

impl<'e> Operand<'e> {
    fn borrowed(value: &'e Value) -> Operand<'e> {
        value.as_f64().map_or(Operand::Other(Val::Borrowed(value)), Operand::Number)
    }

    fn into_val(self) -> Val<'e> {
        match self {
            Operand::Number(number) => Val::number(number),
            Operand::Other(value) => value,
        }
    }
}

/// What an operator makes of two finite numbers, but for those that want something else.
#[inline]
fn of_numbers<'e>(operator: Operator, left: f64, right: f64) -> Option<Operand<'e>> {
    let number = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Modulo => left % right,
        _ => {
            let answer = match operator {
                Operator::Equal => left == right,
                Operator::NotEqual => left != right,
                Operator::Less => left < right,
                Operator::LessOrEqual => left <= right,
                Operator::Greater => left > right,
                Operator::GreaterOrEqual => left >= right,
                _ => return None,
            };
            return Some(Operand::Other(Val::bool(answer)));
        }
    };
    // There is no negative zero: a number that is whole becomes an integer.
    Some(Operand::Number(number + 0.0))
}

/// The number, if the value is one that can be counted with. An infinite one is a fault.
pub(in super::super) fn numeric(value: &Val<'_>) -> Result<Option<f64>> {
    match value.as_f64() {
        Some(number) if number.is_infinite() => Err(Fault::value("D1001", value.to_shown())),
        Some(number) if number.is_nan() => Ok(None),
        other => Ok(other),
    }
}

fn arithmetic<'e>(operator: Operator, left: &Val<'_>, right: &Val<'_>) -> Result<Val<'e>> {
    let (first, second) = (operand(left, "T2001")?, operand(right, "T2002")?);
    let (Some(first), Some(second)) = (first, second) else { return Ok(Val::Undefined) };
    Ok(Val::number(match operator {
        Operator::Add => first + second,
        Operator::Subtract => first - second,
        Operator::Multiply => first * second,
        Operator::Divide => first / second,
        _ => first % second,
    }))
}

fn operand(value: &Val<'_>, code: &'static str) -> Result<Option<f64>> {
    if value.is_undefined() {
        return Ok(None);
    }
    match numeric(value)? {
        Some(number) => Ok(Some(number)),
        None => Err(Fault::value(code, value.to_shown())),
    }
}

fn compare<'e>(operator: Operator, left: &Val<'e>, right: &Val<'e>) -> Result<Val<'e>> {
    let comparable = |value: &Val<'_>| {
        matches!(value.kind(), value::Kind::Undefined | value::Kind::String | value::Kind::Number)
    };
    if !comparable(left) || !comparable(right) {
        let faulty =
            if matches!(left.kind(), value::Kind::String | value::Kind::Number) { right } else { left };
        return Err(Fault::value("T2010", faulty.to_shown()));
    }
    if left.is_undefined() || right.is_undefined() {
        return Ok(Val::Undefined);
    }
    if left.kind() != right.kind() {
        return Err(Fault::value("T2009", left.to_shown()).second(right.to_shown()));
    }
    let order = order(left, right);
    Ok(Val::bool(match operator {
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => order == Some(Ordering::Greater),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }))
}

/// The order of two numbers or two strings; strings go by UTF-16 units.
pub(in super::super) fn order(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left.as_str(), right.as_str()) {
        (Some(left), Some(right)) if left.is_ascii() || right.is_ascii() => Some(left.cmp(right)),
        (Some(left), Some(right)) => Some(left.encode_utf16().cmp(right.encode_utf16())),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// Whether two values are one: scalars that are equal, the very same array or object.
fn same<'e>(left: &Val<'e>, right: &Val<'e>) -> bool {
    match (left, right) {
        (Val::List(left), Val::List(right)) => std::rc::Rc::ptr_eq(left, right),
        (Val::Map(left), Val::Map(right)) => std::rc::Rc::ptr_eq(left, right),
        (Val::Function(left), Val::Function(right)) => left.id == right.id,
        (left, right) => match (left.json(), right.json()) {
            (Some(Value::Array(left)), Some(Value::Array(right))) => std::sync::Arc::ptr_eq(left, right),
            (Some(Value::Object(left)), Some(Value::Object(right))) => std::sync::Arc::ptr_eq(left, right),
            (Some(Value::Number(left)), Some(Value::Number(right))) => left.as_f64() == right.as_f64(),
            (Some(left), Some(right)) => !matches!(left, Value::Array(_) | Value::Object(_)) && left == right,
            _ => false,
        },
    }
}

/// Whether two values agree but for what is inside them, which goes to `pending`.
fn same_level<'e>(left: &Val<'e>, right: &Val<'e>, pending: &mut Vec<(Val<'e>, Val<'e>)>) -> bool {
    if let (Some(Value::Array(left)), Some(Value::Array(right))) = (left.json(), right.json())
        && std::sync::Arc::ptr_eq(left, right)
    {
        return true;
    }
    if let (Some(left), Some(right)) = (left.elements(), right.elements()) {
        let same = left.len() == right.len();
        if same {
            pending.extend(left.iter().zip(right.iter()));
        }
        return same;
    }
    if left.kind() != right.kind() {
        return false;
    }
    match left.kind() {
        value::Kind::Undefined | value::Kind::Null => true,
        value::Kind::Bool => left.as_bool() == right.as_bool(),
        value::Kind::Number => left.as_f64() == right.as_f64(),
        value::Kind::String => left.as_str() == right.as_str(),
        value::Kind::Function => {
            left.as_function().map(|left| left.id) == right.as_function().map(|right| right.id)
        }
        value::Kind::Array => false,
        value::Kind::Object => {
            let (Some(first), Some(second)) = (left.members(), right.members()) else { return false };
            first.len() == second.len()
                && first.into_iter().all(|(key, value)| {
                    let other = right.member(&key);
                    let there = !other.is_undefined();
                    pending.push((value, other));
                    there
                })
        }
    }
}
