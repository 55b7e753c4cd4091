//! [`Val`]: what an expression has at hand while it is evaluated.
//!
//! JSON stays the engine's own [`Value`], shared and never converted. Beside it stand arrays that carry the
//! marks of the language (sequences, which collapse when they hold one item), objects that hold such arrays,
//! functions, and nothing at all.

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

/// What an array costs for each item.
const ITEM_BYTES: usize = 32;

/// A value, or none.
#[derive(Clone, Debug, Default)]
pub(super) enum Val {
    /// Nothing: what a path that leads nowhere gives.
    #[default]
    Undefined,
    Json(Value),
    List(Rc<List>),
    Map(Rc<Map>),
    Function(Function),
    Tuple(Rc<Tuple>),
}

/// An array that was made by the expression.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) items: Vec<Val>,
    pub(super) marks: Marks,
    nesting: u16,
    charge: Option<Charge>,
}

/// What the language remembers about an array.
#[derive(Clone, Copy, Debug, Default)]
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

/// An object that holds what no JSON value can, or that a transformation changes.
#[derive(Debug, Default)]
pub(super) struct Map {
    pub(super) members: RefCell<IndexMap<Arc<str>, Val>>,
    nesting: u16,
}

/// An item with the bindings that its path has made.
#[derive(Clone, Debug, Default)]
pub(super) struct Tuple {
    pub(super) item: Val,
    pub(super) bindings: Vec<(Symbol, Val)>,
}

/// A function: which one, and whether it came as an argument. An argument no longer knows where it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) id: FunctionId,
    pub(super) argument: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FunctionId {
    BuiltIn(usize),
    Host(usize),
    /// Made by the expression; kept by the evaluator.
    Made(usize),
}

/// The bytes that arrays hold at this moment.
pub(super) type Meter = Rc<Cell<usize>>;

/// Gives its bytes back when it is dropped.
#[derive(Debug)]
struct Charge {
    bytes: usize,
    meter: Meter,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.meter.set(self.meter.get().saturating_sub(self.bytes));
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
pub(super) enum Items<'a> {
    Json(&'a [Value]),
    List(&'a [Val]),
    One(&'a Val),
}

impl<'a> Items<'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Items::Json(items) => items.len(),
            Items::List(items) => items.len(),
            Items::One(_) => 1,
        }
    }

    pub(super) fn get(self, index: usize) -> Val {
        match self {
            Items::Json(items) => items.get(index).cloned().map(Val::Json),
            Items::List(items) => items.get(index).cloned(),
            Items::One(item) => (index == 0).then(|| item.clone()),
        }
        .unwrap_or_default()
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Val> + 'a {
        (0..self.len()).map(move |index| self.get(index))
    }
}

impl Val {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Val::Undefined => Kind::Undefined,
            Val::Json(Value::Null) => Kind::Null,
            Val::Json(Value::Bool(_)) => Kind::Bool,
            Val::Json(Value::Number(_)) => Kind::Number,
            Val::Json(Value::String(_)) => Kind::String,
            Val::Json(Value::Array(_)) | Val::List(_) => Kind::Array,
            Val::Json(Value::Object(_)) | Val::Map(_) | Val::Tuple(_) => Kind::Object,
            Val::Function(_) => Kind::Function,
        }
    }

    pub(super) fn is_undefined(&self) -> bool {
        matches!(self, Val::Undefined)
    }

    pub(super) fn is_array(&self) -> bool {
        self.kind() == Kind::Array
    }

    pub(super) fn null() -> Val {
        Val::Json(Value::Null)
    }

    pub(super) fn number(value: f64) -> Val {
        Val::Json(number(value))
    }

    pub(super) fn count(value: usize) -> Val {
        Val::Json(Value::from(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    /// A short array without marks.
    pub(super) fn plain_list(items: Vec<Val>) -> Val {
        let nesting = nesting_of(items.iter());
        Val::List(Rc::new(List { items, nesting, ..List::default() }))
    }

    pub(super) fn as_str(&self) -> Option<&Arc<str>> {
        if let Val::Json(Value::String(text)) = self { Some(text) } else { None }
    }

    pub(super) fn as_f64(&self) -> Option<f64> {
        if let Val::Json(value) = self { value.as_f64() } else { None }
    }

    pub(super) fn as_function(&self) -> Option<Function> {
        if let Val::Function(function) = self { Some(*function) } else { None }
    }

    /// The items, if this is an array.
    pub(super) fn elements(&self) -> Option<Items<'_>> {
        match self {
            Val::Json(Value::Array(array)) => Some(Items::Json(array)),
            Val::List(list) => Some(Items::List(&list.items)),
            _ => None,
        }
    }

    /// The items; what is no array is its own item.
    pub(super) fn items(&self) -> Items<'_> {
        self.elements().unwrap_or(Items::One(self))
    }

    pub(super) fn marks(&self) -> Marks {
        if let Val::List(list) = self { list.marks } else { Marks::default() }
    }

    pub(super) fn is_sequence(&self) -> bool {
        self.marks().sequence
    }

    /// The member `key` of an object.
    pub(super) fn member(&self, key: &str) -> Val {
        match self {
            Val::Json(Value::Object(object)) => object.get(key).cloned().map(Val::Json).unwrap_or_default(),
            Val::Map(map) => map.members.borrow().get(key).cloned().unwrap_or_default(),
            _ => Val::Undefined,
        }
    }

    /// The members, if this is an object.
    pub(super) fn members(&self) -> Option<Vec<(Arc<str>, Val)>> {
        match self {
            Val::Json(Value::Object(object)) => {
                Some(object.iter().map(|(key, value)| (Arc::clone(key), Val::Json(value.clone()))).collect())
            }
            Val::Map(map) => Some(
                map.members.borrow().iter().map(|(key, value)| (Arc::clone(key), value.clone())).collect(),
            ),
            Val::Tuple(_) => Some(Vec::new()),
            _ => None,
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

impl List {
    /// An array of `items`, which `meter` counts while it lives.
    pub(super) fn new(items: Vec<Val>, marks: Marks, meter: &Meter) -> Result<List> {
        let nesting = nesting_of(items.iter());
        if nesting > MAX_NESTING {
            return Err(too_nested());
        }
        let strings: usize = items.iter().filter_map(Val::as_str).map(|text| text.len()).sum();
        let bytes = items.capacity() * ITEM_BYTES + strings;
        meter.set(meter.get() + bytes);
        Ok(List { items, marks, nesting, charge: Some(Charge { bytes, meter: Rc::clone(meter) }) })
    }

    /// The same array with other marks.
    pub(super) fn remark(list: Rc<List>, change: impl FnOnce(&mut Marks)) -> Rc<List> {
        let mut list = Rc::try_unwrap(list).unwrap_or_else(|shared| List {
            items: shared.items.clone(),
            marks: shared.marks,
            nesting: shared.nesting,
            charge: shared.charge.as_ref().map(|charge| {
                charge.meter.set(charge.meter.get() + charge.bytes);
                Charge { bytes: charge.bytes, meter: Rc::clone(&charge.meter) }
            }),
        });
        change(&mut list.marks);
        Rc::new(list)
    }
}

impl Map {
    /// An object of `members`.
    pub(super) fn val(members: IndexMap<Arc<str>, Val>) -> Result<Val> {
        let nesting = nesting_of(members.values());
        if nesting > MAX_NESTING {
            return Err(too_nested());
        }
        Ok(Val::Map(Rc::new(Map { members: RefCell::new(members), nesting })))
    }
}

fn nesting_of<'a>(children: impl Iterator<Item = &'a Val>) -> u16 {
    1 + children.map(Val::nesting).max().unwrap_or(0)
}

fn too_nested() -> Box<Fault> {
    Fault::limit(format!("a value is nested more than {MAX_NESTING} levels deep"))
}

/// A number as a JSON value: an integer if it is one.
pub(super) fn number(value: f64) -> Value {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() == 0.0 && (-BOUND..BOUND).contains(&value) {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}

/// An object, as JSON if its members are JSON.
pub(super) fn object(members: Vec<(Arc<str>, Val)>) -> Result<Val> {
    if members.iter().all(|(_, value)| matches!(value, Val::Json(_))) {
        let mut object = Object::with_capacity(members.len());
        for (key, value) in members {
            if let Val::Json(value) = value {
                object.insert(key, value);
            }
        }
        return Ok(Val::Json(Value::from(object)));
    }
    Map::val(members.into_iter().collect())
}

/// The value as JSON. Fails if it holds more than `room` arrays, objects and items of the expression's own
/// making (shared ones count each time), or if it is or holds a function, unless those are to be dropped.
pub(super) fn freeze(value: &Val, room: &mut usize, drop_functions: bool) -> Result<Value> {
    *room = room.checked_sub(1).ok_or_else(|| Fault::limit(super::MEMORY))?;
    Ok(match value {
        Val::Json(value) => value.clone(),
        Val::Undefined => Value::Null,
        Val::Function(_) if drop_functions => Value::Null,
        Val::Function(_) => return Err(Fault::unsupported()),
        Val::List(list) => {
            let items: Result<Vec<Value>> =
                list.items.iter().map(|item| freeze(item, room, drop_functions)).collect();
            Value::from(items?)
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
