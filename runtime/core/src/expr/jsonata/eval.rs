//! The evaluator: walks the compiled form. One [`Evaluator`] is one evaluation.
//!
//! It recurses as deep as the expression nests, and counts that against the budget, so that neither input nor
//! expression can overflow the stack. Frames of variables and the functions that an expression makes live in two
//! lists and refer to each other by number: closures may be cyclic, and nothing leaks or is dropped recursively.

mod call;
mod direct;
mod group;
mod operator;
mod path;
mod sort;
mod step;
mod tuple;

pub(super) use operator::numeric;

use std::{cell::OnceCell, rc::Rc, sync::Arc};

use crate::json::{Object, Value};

use super::{
    Bindings, MEMORY, Options, STACK, Spent, TIMEOUT,
    ast::{Call, Kind, LABELS, Lambda, Node, RegexLiteral, Symbol, Transform},
    error::{Fault, Result},
    parse::{Name, Program},
    regex::Offset,
    value::{
        Bound, Counted, Function, FunctionId, ITEM_BYTES, List, MEMBER_BYTES, Map, Marks, Meter, Tuple, Val,
        freeze,
    },
};

/// What a text costs beside its bytes.
const TEXT_BYTES: usize = 24;
/// From so many bytes on a text is counted as long as it lives, and no longer.
const LONG_TEXT: usize = 256;
/// From so many members on an object is.
const LARGE_OBJECT: usize = 8;

pub(super) struct Evaluator<'e> {
    program: &'e Program,
    input: &'e Value,
    bindings: &'e Bindings,
    pub(super) options: &'e Options,
    /// What each symbol means where no frame binds it; made when it is first asked for.
    globals: OnceCell<Vec<Val<'e>>>,
    /// Those beyond `live` have been released, and wait to be used again.
    frames: Vec<Frame<'e>>,
    live: usize,
    made: Vec<Made<'e>>,
    /// Where built-in, host and made functions were last called; as long as need be.
    sites: [Vec<Site<'e>>; 3],
    /// How many functions have been made that hold on to frames.
    captures: usize,
    /// The call in tail position that the caller is to make.
    tail: Option<Tail<'e>>,
    depth: usize,
    /// How many built-in functions wait for functions that they have called.
    waiting: usize,
    max_depth: usize,
    steps: u64,
    meter: &'e Meter,
    written: usize,
    pub(super) random: u64,
}

/// Variables. The root frame is its own parent.
#[derive(Default)]
struct Frame<'e> {
    parent: usize,
    variables: Vec<(Symbol, Val<'e>)>,
}

/// A function that the expression has made.
enum Made<'e> {
    Lambda {
        lambda: &'e Lambda,
        input: Val<'e>,
        frame: usize,
    },
    Partial {
        target: Function,
        arguments: Vec<Option<Val<'e>>>,
    },
    Chain {
        first: Function,
        second: Function,
    },
    Transform {
        transform: &'e Transform,
        position: usize,
        frame: usize,
    },
    Regex {
        literal: &'e RegexLiteral,
        position: usize,
    },
    /// Where a match says to look on.
    Next {
        literal: &'e RegexLiteral,
        position: usize,
        text: Arc<str>,
        from: Offset,
    },
}

/// What an error says of the place of a call.
#[derive(Clone, Copy, Default)]
struct Site<'e> {
    token: Option<&'e Value>,
    position: usize,
}

/// What a function ends in calling.
enum Tail<'e> {
    Call { call: &'e Call, input: Val<'e>, frame: usize },
    Chain { first: Function, second: Function, argument: Val<'e> },
}

/// How far the frames had grown.
#[derive(Clone, Copy)]
struct Mark {
    frames: usize,
    captures: usize,
}

/// Evaluates a program on `input`, and says what that took. `None` is undefined.
pub(super) fn evaluate(
    program: &Program,
    input: &Value,
    bindings: &Bindings,
    options: &Options,
) -> (Result<Option<Value>>, Spent) {
    let meter = Meter::default();
    let mut evaluator = Evaluator::new(program, input, bindings, options, &meter);
    let result = evaluator.run();
    (result, Spent { steps: evaluator.steps, bytes: meter.most().saturating_add(evaluator.written) })
}

impl<'e> Evaluator<'e> {
    /// Evaluates the program.
    fn run(&mut self) -> Result<Option<Value>> {
        let mut context = Val::Borrowed(self.input);
        if context.is_array() {
            context = self.list(vec![context], Marks { wrapper: true, ..Marks::SEQUENCE })?;
        }
        let result = self.eval(&self.program.root, &context, 0)?;
        if result.is_undefined() {
            return Ok(None);
        }
        let mut room = self.options.max_bytes / ITEM_BYTES;
        freeze(&result, &mut room, false).map(Some)
    }

    fn new(
        program: &'e Program,
        input: &'e Value,
        bindings: &'e Bindings,
        options: &'e Options,
        meter: &'e Meter,
    ) -> Evaluator<'e> {
        Evaluator {
            program,
            input,
            bindings,
            options,
            globals: OnceCell::new(),
            frames: Vec::new(),
            live: 0,
            made: Vec::new(),
            sites: [Vec::new(), Vec::new(), Vec::new()],
            captures: 0,
            tail: None,
            depth: 0,
            waiting: 0,
            max_depth: options.max_depth.min(Options::MAX_DEPTH),
            steps: 0,
            meter,
            written: 0,
            random: options.seed,
        }
    }

    /// Evaluates `node` with `input` as the context.
    pub(super) fn eval(&mut self, node: &'e Node, input: &Val<'e>, frame: usize) -> Result<Val<'e>> {
        self.step()?;
        if self.depth >= self.max_depth {
            return Err(self.too_deep(self.depth + 1));
        }
        if node.plain {
            match &node.kind {
                Kind::Literal(value) => return Ok(Val::Borrowed(value)),
                Kind::Variable { symbol, name } => {
                    let value = self.variable(*symbol, name, input, frame);
                    return self.collapse(value, false);
                }
                Kind::Path { steps, direct: true, .. } => {
                    self.depth += 1;
                    let result = match self.straight(steps, input, frame)? {
                        Some(value) => value.map(Val::Borrowed).unwrap_or_default(),
                        None => {
                            let result = self.direct_path(steps, input, frame)?;
                            self.collapse(result, false)?
                        }
                    };
                    self.depth -= 1;
                    return Ok(result);
                }
                _ => {}
            }
        }
        self.depth += 1;
        let mut result = self.kind(node, input, frame)?;
        if node.predicate.is_some() || node.group.is_some() {
            result = self.follow_up(node, result, frame)?;
        }
        self.depth -= 1;
        self.collapse(result, node.keep_array)
    }

    fn kind(&mut self, node: &'e Node, input: &Val<'e>, frame: usize) -> Result<Val<'e>> {
        match &node.kind {
            Kind::Path { steps, direct: true, .. } => self.direct_path(steps, input, frame),
            Kind::Path { steps, keep_singleton, .. } => self.path(node, steps, *keep_singleton, input, frame),
            Kind::Binary { operator, left, right } => {
                self.binary(*operator, left, right, node.position, input, frame)
            }
            Kind::Block { expressions, binds } => self.block(expressions, *binds, input, frame),
            Kind::Call(call) => self.call(call, node.position, input, frame, None),
            Kind::Object(group) => self.object(group, input, frame),
            Kind::Array(items) => self.array(items, node.cons, input, frame),
            Kind::Name(name) => self.lookup_member(input, name),
            Kind::Literal(value) => Ok(Val::Borrowed(value)),
            Kind::Wildcard => self.wildcard(input),
            Kind::Descendant => self.descendants(input),
            Kind::Parent(slot) => {
                let label = self.program.labels.get(*slot).copied().unwrap_or(LABELS);
                Ok(self.lookup(label, frame))
            }
            Kind::Variable { symbol, name } => Ok(self.variable(*symbol, name, input, frame)),
            Kind::Regex(literal) => self.make(Made::Regex { literal, position: node.position }),
            Kind::Negate(operand) => self.negate(operand, node.position, input, frame),
            Kind::Condition { condition, then, otherwise } => {
                let condition = self.eval(condition, input, frame)?;
                if self.truth(&condition)? {
                    self.eval(then, input, frame)
                } else if let Some(otherwise) = otherwise {
                    self.eval(otherwise, input, frame)
                } else {
                    Ok(Val::Undefined)
                }
            }
            Kind::Bind { symbol, value } => {
                let value = self.eval(value, input, frame)?;
                self.bind(frame, *symbol, value.clone());
                Ok(value)
            }
            Kind::Lambda(lambda) => {
                self.captures += 1;
                self.make(Made::Lambda { lambda, input: input.clone(), frame })
            }
            Kind::TailCall(call) => {
                self.tail = Some(Tail::Call { call, input: input.clone(), frame });
                Ok(Val::Undefined)
            }
            Kind::Partial { call, holes } => self.partial(call, holes, node.position, input, frame),
            Kind::Apply { left, right } => self.chain(left, right, node.position, input, frame),
            Kind::Transform(transform) => {
                self.captures += 1;
                self.make(Made::Transform { transform, position: node.position, frame })
            }
            // Stand in paths and argument lists alone.
            Kind::Sort(_) | Kind::Hole => Ok(Val::Undefined),
        }
    }

    /// The filters and the grouping of an expression that is not a step.
    fn follow_up(&mut self, node: &'e Node, mut result: Val<'e>, frame: usize) -> Result<Val<'e>> {
        if let Some(stages) = &node.predicate {
            result = self.stages(stages, result, frame)?;
        }
        match &node.group {
            Some(group) if !matches!(node.kind, Kind::Path { .. }) => self.group(group, result, frame),
            _ => Ok(result),
        }
    }

    fn block(
        &mut self,
        expressions: &'e [Node],
        binds: bool,
        input: &Val<'e>,
        frame: usize,
    ) -> Result<Val<'e>> {
        if !binds {
            let mut result = Val::Undefined;
            for expression in expressions {
                result = self.eval(expression, input, frame)?;
            }
            return Ok(result);
        }
        let mark = self.mark();
        let frame = self.frame(frame)?;
        let mut result = Val::Undefined;
        for expression in expressions {
            result = self.eval(expression, input, frame)?;
        }
        if self.tail.is_none() {
            self.release(mark);
        }
        Ok(result)
    }

    /// A sequence of one is that one; an empty one is nothing.
    #[inline]
    fn collapse(&self, result: Val<'e>, keep_array: bool) -> Result<Val<'e>> {
        match result {
            Val::List(list) => self.collapse_list(list, keep_array),
            result => Ok(result),
        }
    }

    fn collapse_list(&self, mut list: Rc<List<'e>>, keep_array: bool) -> Result<Val<'e>> {
        if list.marks.sequence && !list.marks.tuples {
            if keep_array && !list.marks.keep {
                list = List::remark(list, |marks| marks.keep = true);
            }
            match list.items.as_slice() {
                [] => return Ok(Val::Undefined),
                [only] if !list.marks.keep => return Ok(only.clone()),
                _ => {}
            }
        }
        Ok(Val::List(list))
    }

    // Variables.

    /// The variable `$name`; without a name, the context.
    fn variable(&self, symbol: Symbol, name: &str, input: &Val<'e>, frame: usize) -> Val<'e> {
        if !name.is_empty() {
            return self.lookup(symbol, frame);
        }
        if input.marks().wrapper { input.items().get(0) } else { input.clone() }
    }

    pub(super) fn lookup(&self, symbol: Symbol, frame: usize) -> Val<'e> {
        self.bound(symbol, frame).cloned().unwrap_or_default()
    }

    /// What a symbol is bound to, if to anything.
    fn bound(&self, symbol: Symbol, frame: usize) -> Option<&Val<'e>> {
        let mut at = frame;
        while let Some(frame) = self.frames.get(at) {
            if let Some((_, value)) = frame.variables.iter().find(|(name, _)| *name == symbol) {
                return Some(value);
            }
            if at == 0 {
                break;
            }
            at = frame.parent;
        }
        let globals = self.globals.get_or_init(|| {
            let (input, bindings) = (self.input, self.bindings);
            self.program.symbols.iter().map(|name| global(name, input, bindings)).collect()
        });
        usize::try_from(symbol).ok().and_then(|symbol| globals.get(symbol))
    }

    fn bind(&mut self, frame: usize, symbol: Symbol, value: Val<'e>) {
        if self.frames.is_empty() {
            self.push_frame(0);
        }
        let Some(frame) = self.frames.get_mut(frame) else { return };
        match frame.variables.iter_mut().find(|(name, _)| *name == symbol) {
            Some((_, old)) => *old = value,
            None => frame.variables.push((symbol, value)),
        }
    }

    fn frame(&mut self, parent: usize) -> Result<usize> {
        if self.live >= self.options.max_bytes / 128 {
            return Err(Fault::limit(MEMORY));
        }
        if self.live == 0 {
            self.push_frame(0);
        }
        self.push_frame(parent);
        Ok(self.live - 1)
    }

    fn push_frame(&mut self, parent: usize) {
        match self.frames.get_mut(self.live) {
            Some(frame) => frame.parent = parent,
            None => self.frames.push(Frame { parent, variables: Vec::new() }),
        }
        self.live += 1;
    }

    fn mark(&self) -> Mark {
        // The root frame is never released.
        Mark { frames: self.live.max(1), captures: self.captures }
    }

    /// Drops the frames made since `mark`, unless a function holds on to one of them.
    fn release(&mut self, mark: Mark) {
        if self.captures == mark.captures && self.live > mark.frames {
            for frame in self.frames.get_mut(mark.frames..self.live).unwrap_or_default() {
                frame.variables.clear();
            }
            self.live = mark.frames;
        }
    }

    fn make(&mut self, made: Made<'e>) -> Result<Val<'e>> {
        if self.made.len() >= self.options.max_bytes / 256 {
            return Err(Fault::limit(MEMORY));
        }
        let id = FunctionId::Made(u32::try_from(self.made.len()).unwrap_or(u32::MAX));
        self.made.push(made);
        Ok(Val::Function(Function { id, argument: false }))
    }

    // The budget.

    /// Charges a step.
    pub(super) fn step(&mut self) -> Result<()> {
        self.steps_of(1)
    }

    /// Charges work on `count` items.
    pub(super) fn steps_of(&mut self, count: usize) -> Result<()> {
        self.steps = self.steps.saturating_add(count as u64);
        if self.steps > self.options.max_steps { Err(Fault::limit(TIMEOUT)) } else { Ok(()) }
    }

    /// The steps that are left.
    pub(super) fn steps_left(&self) -> u64 {
        self.options.max_steps.saturating_sub(self.steps)
    }

    /// Charges `bytes` that are too small a thing to be counted while it lives: for as long as the evaluation takes.
    pub(super) fn write_bytes(&mut self, bytes: usize) -> Result<()> {
        self.written = self.written.saturating_add(bytes);
        if self.written > self.options.max_bytes { Err(Fault::limit(MEMORY)) } else { Ok(()) }
    }

    /// Charges the work of writing a text of `bytes`, before it is written, and checks that there is room for it.
    pub(super) fn write_text(&mut self, bytes: usize) -> Result<()> {
        self.steps_of(bytes / 256)?;
        let held = self.meter.held().saturating_add(bytes);
        if bytes > self.max_text() || held > self.options.max_bytes {
            Err(Fault::limit(MEMORY))
        } else {
            Ok(())
        }
    }

    /// The bytes that one text may have.
    pub(super) fn max_text(&self) -> usize {
        self.options.max_bytes / 8
    }

    /// A text of the expression's making.
    pub(super) fn text(&mut self, text: impl Into<Arc<str>>) -> Result<Val<'e>> {
        let text = text.into();
        let bytes = text.len();
        self.step()?;
        if bytes < LONG_TEXT {
            self.write_bytes(bytes + TEXT_BYTES)?;
            return Ok(Val::Json(Value::from(text)));
        }
        self.write_text(bytes)?;
        Ok(Counted::val(Value::from(text), bytes, self.meter))
    }

    /// An object of the expression's making: as JSON, if its members are, and small.
    pub(super) fn object_of(&mut self, members: Vec<(Arc<str>, Val<'e>)>) -> Result<Val<'e>> {
        self.begin_object(members.len())?;
        if !members.iter().all(|(_, value)| value.is_small_json()) {
            return Map::val(members.into_iter().collect(), self.meter);
        }
        self.json_object(members.into_iter().map(|(key, value)| (key, value.into_small_json())).collect())
    }

    /// As [`object_of`](Evaluator::object_of), for keys that are known beforehand, no two of them equal.
    pub(super) fn object_with(&mut self, keys: &Arc<[Arc<str>]>, values: Vec<Val<'e>>) -> Result<Val<'e>> {
        if !values.iter().all(Val::is_small_json) {
            let members = keys.iter().cloned().zip(values);
            return self.object_of(members.filter(|(_, value)| !value.is_undefined()).collect());
        }
        self.begin_object(values.len())?;
        let values = values.into_iter().map(Val::into_small_json).collect();
        self.json_object(Object::from_shared(Arc::clone(keys), values))
    }

    fn begin_object(&mut self, members: usize) -> Result<()> {
        self.steps_of(1 + 2 * members)?;
        self.room(members * MEMBER_BYTES / ITEM_BYTES)
    }

    fn json_object(&mut self, object: Object) -> Result<Val<'e>> {
        let bytes = object.len() * MEMBER_BYTES;
        if object.len() >= LARGE_OBJECT {
            return Ok(Counted::val(Value::from(object), bytes, self.meter));
        }
        self.write_bytes(bytes)?;
        Ok(Val::Json(Value::from(object)))
    }

    /// Checks that there is room for `count` more items.
    pub(super) fn room(&self, count: usize) -> Result<()> {
        let bytes = count.saturating_mul(ITEM_BYTES).saturating_add(self.meter.held());
        if bytes > self.options.max_bytes { Err(Fault::limit(MEMORY)) } else { Ok(()) }
    }

    /// Checks now and then that a map of so many members, which is not yet counted, has room.
    pub(super) fn push_room(&self, members: usize) -> Result<()> {
        if members.is_multiple_of(256) {
            self.room(members.saturating_mul(MEMBER_BYTES / ITEM_BYTES))
        } else {
            Ok(())
        }
    }

    /// Adds an item; the room is checked when the list grows.
    pub(super) fn push(&self, items: &mut Vec<Val<'e>>, item: Val<'e>) -> Result<()> {
        if items.len() == items.capacity() {
            self.room(items.capacity().max(4) * 2)?;
        }
        items.push(item);
        Ok(())
    }

    /// An array of `items`.
    pub(super) fn list(&self, items: Vec<Val<'e>>, marks: Marks) -> Result<Val<'e>> {
        let list = List::new(items, marks, self.meter)?;
        if self.meter.held() > self.options.max_bytes {
            return Err(Fault::limit(MEMORY));
        }
        Ok(Val::List(Rc::new(list)))
    }

    /// An item of a stream, with its bindings.
    pub(super) fn tuple(&self, item: Val<'e>, bindings: Bound<'e>) -> Result<Val<'e>> {
        self.room(0)?;
        Ok(Tuple::val(item, bindings, self.meter))
    }

    pub(super) fn sequence(&self, items: Vec<Val<'e>>) -> Result<Val<'e>> {
        self.list(items, Marks::SEQUENCE)
    }

    pub(super) fn plain(&self, items: Vec<Val<'e>>) -> Result<Val<'e>> {
        self.list(items, Marks::default())
    }

    fn too_deep(&self, depth: usize) -> Box<Fault> {
        Fault::limit(format!("{STACK} Depth={depth} max={}", self.max_depth))
    }

    /// Evaluates what stands for a plain node, in a way of its own.
    fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.step()?;
        self.deeper(work)
    }

    /// Runs `work` one level deeper.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(self.too_deep(self.depth));
        }
        let result = work(self)?;
        self.depth -= 1;
        Ok(result)
    }
}

/// What a name means where no frame binds it.
fn global<'e>(name: &'e Name, input: &'e Value, bindings: &'e Bindings) -> Val<'e> {
    let function = |id| Val::Function(Function { id, argument: false });
    if *name.text == *"$" {
        return Val::Borrowed(input);
    }
    if let Some(value) = bindings.values.get(&name.text) {
        return Val::Borrowed(value);
    }
    if let Some(index) = bindings.functions.iter().position(|host| *host.name() == *name.text) {
        return function(FunctionId::Host(u32::try_from(index).unwrap_or(u32::MAX)));
    }
    name.built_in.map(|index| function(FunctionId::BuiltIn(index))).unwrap_or_default()
}
