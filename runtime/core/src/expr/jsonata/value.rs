//! [`Val`]: what an expression has at hand while it is evaluated.
//!
//! JSON stays the engine's own [`Value`] and is never converted; what comes from the input, a binding or the
//! program is not even counted, but borrowed for as long as the evaluation takes (`'e`). Beside it stand arrays
//! that carry the marks of the language (sequences, which collapse when they hold one item), objects that hold
//! such arrays, functions, and nothing at all.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use indexmap::IndexMap;

use crate::json::{Object, Value};

use super::{
    ast::Symbol,
    error::{Fault, Result},
};

/// How deep arrays and objects may nest that an expression builds.
pub(super) const MAX_NESTING: u16 = 500;

/// A value, or none.
#[derive(Clone, Debug, Default)]
pub(super) enum Val<'e> {
    /// Nothing: what a path that leads nowhere gives.
    #[default]
    Undefined,
    /// A part of what was there before the evaluation.
    Borrowed(&'e Value),
    /// JSON of the expression's making, small.
    Json(Value),
    /// JSON of the expression's making that is counted as long as it lives.
    Counted(Rc<Counted<'e>>),
    List(Rc<List<'e>>),
    Map(Rc<Map<'e>>),
    Function(Function),
    Tuple(Rc<Tuple<'e>>),
}

/// What an array costs for each item.
pub(super) const ITEM_BYTES: usize = size_of::<Val<'_>>();

/// A long text, or an object of many members. The members are small.
#[derive(Debug)]
pub(super) struct Counted<'e> {
    value: Value,
    _charge: Charge<'e>,
}

/// What a member of an object costs beside its value.
pub(super) const MEMBER_BYTES: usize = 80;

/// What an array costs beside its items: its own record, and the counts of its shares.
const LIST_BYTES: usize = size_of::<List<'_>>() + SHARES_BYTES;
/// What an object that is no JSON costs beside its members: its own record, and the least table of its keys.
const MAP_BYTES: usize = size_of::<Map<'_>>() + SHARES_BYTES + 64;
/// What a tuple costs beside its bindings.
const TUPLE_BYTES: usize = size_of::<Tuple<'_>>() + SHARES_BYTES;
/// What counts the shares of a value.
const SHARES_BYTES: usize = 2 * size_of::<usize>();

/// An array that was made by the expression.
#[derive(Debug, Default)]
pub(super) struct List<'e> {
    pub(super) items: Vec<Val<'e>>,
    pub(super) marks: Marks,
    nesting: u16,
    charge: Option<Charge<'e>>,
}

/// What the language remembers about an array.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// A sequence: collapses to its item if it has but one.
    pub(super) sequence: bool,
    /// A sequence that does not collapse.
    pub(super) keep: bool,
    /// A constructed array, which a path does not flatten.
    pub(super) cons: bool,
    /// A sequence of [`Tuple`]s.
    pub(super) tuples: bool,
    /// The input, an array that is to be one item.
    pub(super) wrapper: bool,
}

impl Marks {
    pub(super) const SEQUENCE: Marks =
        Marks { sequence: true, keep: false, cons: false, tuples: false, wrapper: false };
}

/// An object that holds what no JSON value can, or that a transformation changes.
#[derive(Debug, Default)]
pub(super) struct Map<'e> {
    pub(super) members: RefCell<IndexMap<Arc<str>, Val<'e>>>,
    nesting: u16,
    _charge: Option<Charge<'e>>,
}

/// An item with the bindings that its path has made.
#[derive(Clone, Debug, Default)]
pub(super) struct Tuple<'e> {
    pub(super) item: Val<'e>,
    pub(super) bindings: Bound<'e>,
    /// None while it is on its way, and not yet in a stream.
    _charge: Option<Charge<'e>>,
}

/// Names and what they are bound to.
pub(super) type Bound<'e> = Vec<(Symbol, Val<'e>)>;

/// A function: which one, and whether it came as an argument. An argument no longer knows where it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) id: FunctionId,
    pub(super) argument: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FunctionId {
    BuiltIn(u32),
    Host(u32),
    /// Made by the expression; kept by the evaluator.
    Made(u32),
}

/// The bytes that values of the expression's making hold.
#[derive(Debug, Default)]
pub(super) struct Meter {
    held: Cell<usize>,
    most: Cell<usize>,
}

impl Meter {
    /// At this moment.
    pub(super) fn held(&self) -> usize {
        self.held.get()
    }

    /// At any moment so far.
    pub(super) fn most(&self) -> usize {
        self.most.get()
    }
}

/// Gives its bytes back when it is dropped.
#[derive(Debug)]
struct Charge<'e> {
    bytes: usize,
    meter: &'e Meter,
}

impl<'e> Charge<'e> {
    fn new(bytes: usize, meter: &'e Meter) -> Charge<'e> {
        let held = meter.held().saturating_add(bytes);
        meter.held.set(held);
        meter.most.set(meter.most().max(held));
        Charge { bytes, meter }
    }
}

/// What is copied takes its bytes again.
impl Clone for Charge<'_> {
    fn clone(&self) -> Self {
        Charge::new(self.bytes, self.meter)
    }
}

impl Drop for Charge<'_> {
    fn drop(&mut self) {
        self.meter.held.set(self.meter.held().saturating_sub(self.bytes));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Undefined,
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
    Function,
}

/// The items of an array of either make.
#[derive(Clone, Copy)]
pub(super) enum Items<'a, 'e> {
    Borrowed(&'e [Value]),
    Json(&'a [Value]),
    List(&'a [Val<'e>]),
    One(&'a Val<'e>),
}

impl<'a, 'e> Items<'a, 'e> {
    pub(super) fn len(self) -> usize {
        match self {
            Items::Borrowed(items) | Items::Json(items) => items.len(),
            Items::List(items) => items.len(),
            Items::One(_) => 1,
        }
    }

    pub(super) fn get(self, index: usize) -> Val<'e> {
        match self {
            Items::Borrowed(items) => items.get(index).map(Val::Borrowed),
            Items::Json(items) => items.get(index).cloned().map(Val::Json),
            Items::List(items) => items.get(index).cloned(),
            Items::One(item) => (index == 0).then(|| item.clone()),
        }
        .unwrap_or_default()
    }

    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = Val<'e>> + ExactSizeIterator + 'a {
        (0..self.len()).map(move |index| self.get(index))
    }
}

impl<'e> Val<'e> {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Val::Undefined => Kind::Undefined,
            Val::Borrowed(value) => Kind::of(value),
            Val::Json(value) => Kind::of(value),
            Val::Counted(counted) => Kind::of(&counted.value),
            Val::List(_) => Kind::Array,
            Val::Map(_) | Val::Tuple(_) => Kind::Object,
            Val::Function(_) => Kind::Function,
        }
    }

    /// The value, if it is JSON.
    pub(super) fn json(&self) -> Option<&Value> {
        match self {
            Val::Borrowed(value) => Some(value),
            Val::Json(value) => Some(value),
            Val::Counted(counted) => Some(&counted.value),
            _ => None,
        }
    }

    pub(super) fn is_undefined(&self) -> bool {
        matches!(self, Val::Undefined)
    }

    pub(super) fn is_array(&self) -> bool {
        match self {
            Val::List(_) => true,
            other => matches!(other.json(), Some(Value::Array(_))),
        }
    }

    pub(super) fn null() -> Val<'e> {
        Val::Json(Value::Null)
    }

    pub(super) fn number(value: f64) -> Val<'e> {
        Val::Json(number(value))
    }

    pub(super) fn bool(value: bool) -> Val<'e> {
        Val::Json(Value::Bool(value))
    }

    pub(super) fn count(value: usize) -> Val<'e> {
        Val::Json(Value::from(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    /// A short array without marks.
    pub(super) fn plain_list(items: Vec<Val<'e>>) -> Val<'e> {
        let nesting = nesting_of(items.iter());
        Val::List(Rc::new(List { items, nesting, ..List::default() }))
    }

    pub(super) fn as_str(&self) -> Option<&Arc<str>> {
        if let Some(Value::String(text)) = self.json() { Some(text) } else { None }
    }

    pub(super) fn as_f64(&self) -> Option<f64> {
        if let Some(Value::Number(number)) = self.json() { Some(number.as_f64()) } else { None }
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        if let Some(Value::Bool(value)) = self.json() { Some(*value) } else { None }
    }

    pub(super) fn as_function(&self) -> Option<Function> {
        if let Val::Function(function) = self { Some(*function) } else { None }
    }

    /// Whether this is JSON that is not counted.
    pub(super) fn is_small_json(&self) -> bool {
        matches!(self, Val::Borrowed(_) | Val::Json(_))
    }

    /// The JSON that is not counted.
    pub(super) fn into_small_json(self) -> Value {
        match self {
            Val::Borrowed(value) => value.clone(),
            Val::Json(value) => value,
            _ => Value::Null,
        }
    }

    /// The items, if this is an array.
    pub(super) fn elements(&self) -> Option<Items<'_, 'e>> {
        match self {
            Val::Borrowed(Value::Array(array)) => Some(Items::Borrowed(array)),
            Val::Json(Value::Array(array)) => Some(Items::Json(array)),
            Val::List(list) => Some(Items::List(&list.items)),
            _ => None,
        }
    }

    /// The items; what is no array is its own item.
    pub(super) fn items(&self) -> Items<'_, 'e> {
        self.elements().unwrap_or(Items::One(self))
    }

    pub(super) fn marks(&self) -> Marks {
        if let Val::List(list) = self { list.marks } else { Marks::default() }
    }

    pub(super) fn is_sequence(&self) -> bool {
        self.marks().sequence
    }

    /// The member `key` of an object.
    pub(super) fn member(&self, key: &str) -> Val<'e> {
        match self {
            Val::Borrowed(Value::Object(object)) => object.get(key).map(Val::Borrowed),
            Val::Map(map) => map.members.borrow().get(key).cloned(),
            other => other.json().and_then(|value| value.get(key)).cloned().map(Val::Json),
        }
        .unwrap_or_default()
    }

    /// The members, if this is an object.
    pub(super) fn members(&self) -> Option<Vec<(Arc<str>, Val<'e>)>> {
        match self {
            Val::Borrowed(Value::Object(object)) => {
                Some(object.iter().map(|(key, value)| (Arc::clone(key), Val::Borrowed(value))).collect())
            }
            Val::Map(map) => Some(
                map.members.borrow().iter().map(|(key, value)| (Arc::clone(key), value.clone())).collect(),
            ),
            Val::Tuple(_) => Some(Vec::new()),
            other => {
                let members = other.json()?.as_object()?.iter();
                Some(members.map(|(key, value)| (Arc::clone(key), Val::Json(value.clone()))).collect())
            }
        }
    }

    /// What a message shows: functions within are left out, something huge is `null`.
    pub(super) fn to_shown(&self) -> Option<Value> {
        if matches!(self, Val::Undefined | Val::Function(_)) {
            return None;
        }
        Some(freeze(self, &mut 100_000, true).unwrap_or_default())
    }

    fn nesting(&self) -> u16 {
        match self {
            Val::List(list) => list.nesting,
            Val::Map(map) => map.nesting,
            Val::Tuple(tuple) => {
                nesting_of(std::iter::once(&tuple.item).chain(tuple.bindings.iter().map(|(_, value)| value)))
            }
            _ => 0,
        }
    }
}

impl Kind {
    fn of(value: &Value) -> Kind {
        match value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Number(_) => Kind::Number,
            Value::String(_) => Kind::String,
            Value::Array(_) => Kind::Array,
            Value::Object(_) => Kind::Object,
        }
    }
}

impl<'e> List<'e> {
    /// An array of `items`, which `meter` counts while it lives.
    pub(super) fn new(items: Vec<Val<'e>>, marks: Marks, meter: &'e Meter) -> Result<List<'e>> {
        let (mut nesting, mut texts) = (0, 0);
        for item in &items {
            match item {
                Val::Json(Value::String(text)) => texts += text.len(),
                Val::List(_) | Val::Map(_) | Val::Tuple(_) => nesting = nesting.max(item.nesting()),
                _ => {}
            }
        }
        if nesting >= MAX_NESTING {
            return Err(too_nested());
        }
        let charge = Charge::new(LIST_BYTES + items.capacity() * ITEM_BYTES + texts, meter);
        Ok(List { items, marks, nesting: nesting + 1, charge: Some(charge) })
    }

    /// The same array with other marks.
    pub(super) fn remark(list: Rc<List<'e>>, change: impl FnOnce(&mut Marks)) -> Rc<List<'e>> {
        let mut list = Rc::try_unwrap(list).unwrap_or_else(|shared| List {
            items: shared.items.clone(),
            marks: shared.marks,
            nesting: shared.nesting,
            charge: shared.charge.clone(),
        });
        change(&mut list.marks);
        Rc::new(list)
    }
}

impl<'e> Map<'e> {
    /// An object of `members`, which `meter` counts while it lives.
    pub(super) fn val(members: IndexMap<Arc<str>, Val<'e>>, meter: &'e Meter) -> Result<Val<'e>> {
        let nesting = nesting_of(members.values());
        if nesting > MAX_NESTING {
            return Err(too_nested());
        }
        let charge = Some(Charge::new(MAP_BYTES + members.len() * MEMBER_BYTES, meter));
        Ok(Val::Map(Rc::new(Map { members: RefCell::new(members), nesting, _charge: charge })))
    }
}

impl<'e> Tuple<'e> {
    /// A tuple that is not counted.
    pub(super) fn new(item: Val<'e>, bindings: Bound<'e>) -> Tuple<'e> {
        Tuple { item, bindings, _charge: None }
    }

    /// A tuple that `meter` counts while it lives.
    pub(super) fn val(item: Val<'e>, bindings: Bound<'e>, meter: &'e Meter) -> Val<'e> {
        let bytes = TUPLE_BYTES + bindings.capacity() * size_of::<(Symbol, Val<'_>)>();
        Val::Tuple(Rc::new(Tuple { item, bindings, _charge: Some(Charge::new(bytes, meter)) }))
    }
}

impl<'e> Counted<'e> {
    /// A value that takes so many bytes.
    pub(super) fn val(value: Value, bytes: usize, meter: &'e Meter) -> Val<'e> {
        Val::Counted(Rc::new(Counted { value, _charge: Charge::new(bytes, meter) }))
    }
}

fn nesting_of<'a, 'e: 'a>(children: impl Iterator<Item = &'a Val<'e>>) -> u16 {
    1 + children.map(Val::nesting).max().unwrap_or(0)
}

fn too_nested() -> Box<Fault> {
    Fault::limit(format!("a value is nested more than {MAX_NESTING} levels deep"))
}

/// A number as a JSON value: an integer if it is one.
pub(super) fn number(value: f64) -> Value {
    // The conversion saturates, so that the largest integer may come from anything above.
    let integer = value as i64;
    if integer as f64 == value && integer != i64::MAX { Value::from(integer) } else { Value::from(value) }
}

/// The value as JSON. Fails if it holds more than `room` arrays, objects and items of the expression's own
/// making (shared ones count each time), or if it is or holds a function, unless those are to be dropped.
pub(super) fn freeze(value: &Val<'_>, room: &mut usize, drop_functions: bool) -> Result<Value> {
    *room = room.checked_sub(1).ok_or_else(|| Fault::limit(super::MEMORY))?;
    Ok(match value {
        Val::Borrowed(value) => Value::clone(value),
        Val::Json(value) => value.clone(),
        Val::Counted(counted) => counted.value.clone(),
        Val::Undefined => Value::Null,
        Val::Function(_) if drop_functions => Value::Null,
        Val::Function(_) => return Err(Fault::unsupported()),
        Val::List(list) => {
            let mut items = Vec::with_capacity(list.items.len());
            for item in &list.items {
                items.push(freeze(item, room, drop_functions)?);
            }
            Value::from(items)
        }
        Val::Map(map) => {
            let mut object = Object::new();
            for (key, value) in map.members.borrow().iter() {
                if !(drop_functions && matches!(value, Val::Function(_)) || value.is_undefined()) {
                    object.insert(Arc::clone(key), freeze(value, room, drop_functions)?);
                }
            }
            Value::from(object)
        }
        Val::Tuple(tuple) => {
            let mut object = Object::new();
            object.insert("@", freeze(&tuple.item, room, drop_functions)?);
            Value::from(object)
        }
    })
}
