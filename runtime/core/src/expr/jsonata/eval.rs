//! The evaluator: walks the compiled form. One [`Evaluator`] is one evaluation.
//!
//! It recurses as deep as the expression nests, and counts that against the budget, so that neither input nor
//! expression can overflow the stack. Frames of variables and the functions that an expression makes live in two
//! lists and refer to each other by number: closures may be cyclic, and nothing leaks or is dropped recursively.

mod call;
mod group;
mod operator;
mod path;

pub(super) use operator::order;

use std::{cell::Cell, rc::Rc, sync::Arc};

use crate::json::Value;

use super::{
    Bindings, MEMORY, Options, STACK, TIMEOUT,
    ast::{Call, Kind, LABELS, Lambda, Node, RegexLiteral, Symbol, Transform},
    error::{Fault, Result},
    functions,
    parse::Program,
    regex::Offset,
    value::{Function, FunctionId, List, Marks, Meter, Val, freeze},
};

pub(super) struct Evaluator<'e> {
    program: &'e Program,
    bindings: &'e Bindings,
    pub(super) options: &'e Options,
    /// What each symbol means where no frame binds it.
    globals: Vec<Val>,
    frames: Vec<Frame>,
    made: Vec<Made<'e>>,
    /// Where built-in, host and made functions were last called.
    sites: [Vec<Site<'e>>; 3],
    /// How many functions have been made that hold on to frames.
    captures: usize,
    /// The call in tail position that the caller is to make.
    tail: Option<Tail<'e>>,
    depth: usize,
    max_depth: usize,
    steps: u64,
    meter: Meter,
    written: usize,
    pub(super) random: u64,
}

/// Variables. The root frame is its own parent.
#[derive(Default)]
struct Frame {
    parent: usize,
    variables: Vec<(Symbol, Val)>,
}

/// A function that the expression has made.
enum Made<'e> {
    Lambda {
        lambda: &'e Lambda,
        input: Val,
        frame: usize,
    },
    Partial {
        target: Function,
        arguments: Vec<Option<Val>>,
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
    Call { call: &'e Call, input: Val, frame: usize },
    Chain { first: Function, second: Function, argument: Val },
}

/// How far the frames had grown.
#[derive(Clone, Copy)]
struct Mark {
    frames: usize,
    captures: usize,
}

/// Evaluates a program on `input`. `None` is undefined.
pub(super) fn evaluate(
    program: &Program,
    input: &Value,
    bindings: &Bindings,
    options: &Options,
) -> Result<Option<Value>> {
    let mut evaluator = Evaluator::new(program, input, bindings, options);
    let mut context = Val::Json(input.clone());
    if context.is_array() {
        context =
            evaluator.list(vec![context], Marks { sequence: true, wrapper: true, ..Marks::default() })?;
    }
    let result = evaluator.eval(&program.root, &context, 0)?;
    if result.is_undefined() {
        return Ok(None);
    }
    let mut room = options.max_bytes / 32;
    freeze(&result, &mut room, false).map(Some)
}

impl<'e> Evaluator<'e> {
    fn new(
        program: &'e Program,
        input: &Value,
        bindings: &'e Bindings,
        options: &'e Options,
    ) -> Evaluator<'e> {
        let globals = program.symbols.iter().map(|name| global(name, input, bindings)).collect();
        let built_in = vec![Site::default(); functions::TABLE.len()];
        let host = vec![Site::default(); bindings.functions.len()];
        Evaluator {
            program,
            bindings,
            options,
            globals,
            frames: vec![Frame::default()],
            made: Vec::new(),
            sites: [built_in, host, Vec::new()],
            captures: 0,
            tail: None,
            depth: 0,
            max_depth: options.max_depth.min(Options::MAX_DEPTH),
            steps: 0,
            meter: Rc::new(Cell::new(0)),
            written: 0,
            random: options.seed,
        }
    }

    /// Evaluates `node` with `input` as the context.
    pub(super) fn eval(&mut self, node: &'e Node, input: &Val, frame: usize) -> Result<Val> {
        self.step()?;
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(self.too_deep());
        }
        let mut result = self.kind(node, input, frame)?;
        if node.predicate.is_some() || node.group.is_some() {
            result = self.follow_up(node, result, frame)?;
        }
        self.depth -= 1;
        self.collapse(result, node.keep_array)
    }

    fn kind(&mut self, node: &'e Node, input: &Val, frame: usize) -> Result<Val> {
        Ok(match &node.kind {
            Kind::Path { steps, keep_singleton } => self.path(node, steps, *keep_singleton, input, frame)?,
            Kind::Name(name) => self.lookup_member(input, name)?,
            Kind::Literal(value) => Val::Json(value.clone()),
            Kind::Wildcard => self.wildcard(input)?,
            Kind::Descendant => self.descendants(input)?,
            Kind::Parent(slot) => {
                let label = self.program.labels.get(*slot).copied().unwrap_or(LABELS);
                self.lookup(label, frame)
            }
            Kind::Variable { symbol, name } => {
                if name.is_empty() {
                    if input.marks().wrapper { input.items().get(0) } else { input.clone() }
                } else {
                    self.lookup(*symbol, frame)
                }
            }
            Kind::Regex(literal) => self.make(Made::Regex { literal, position: node.position })?,
            Kind::Binary { operator, left, right } => {
                self.binary(*operator, left, right, node.position, input, frame)?
            }
            Kind::Negate(operand) => self.negate(operand, node.position, input, frame)?,
            Kind::Array(items) => self.array(items, node.cons, input, frame)?,
            Kind::Object(group) => self.group(group, input.clone(), frame)?,
            Kind::Condition { condition, then, otherwise } => {
                let condition = self.eval(condition, input, frame)?;
                if self.truth(&condition)? {
                    self.eval(then, input, frame)?
                } else if let Some(otherwise) = otherwise {
                    self.eval(otherwise, input, frame)?
                } else {
                    Val::Undefined
                }
            }
            Kind::Block(expressions) => self.block(expressions, input, frame)?,
            Kind::Bind { symbol, value } => {
                let value = self.eval(value, input, frame)?;
                self.bind(frame, *symbol, value.clone());
                value
            }
            Kind::Lambda(lambda) => {
                self.captures += 1;
                self.make(Made::Lambda { lambda, input: input.clone(), frame })?
            }
            Kind::TailCall(call) => {
                self.tail = Some(Tail::Call { call, input: input.clone(), frame });
                Val::Undefined
            }
            Kind::Call(call) => self.call(call, node.position, input, frame, None)?,
            Kind::Partial { call, holes } => self.partial(call, holes, node.position, input, frame)?,
            Kind::Apply { left, right } => self.chain(left, right, node.position, input, frame)?,
            Kind::Transform(transform) => {
                self.captures += 1;
                self.make(Made::Transform { transform, position: node.position, frame })?
            }
            // Stand in paths and argument lists alone.
            Kind::Sort(_) | Kind::Hole => Val::Undefined,
        })
    }

    /// The filters and the grouping of an expression that is not a step.
    fn follow_up(&mut self, node: &'e Node, mut result: Val, frame: usize) -> Result<Val> {
        if let Some(stages) = &node.predicate {
            result = self.stages(stages, result, frame)?;
        }
        match &node.group {
            Some(group) if !matches!(node.kind, Kind::Path { .. }) => self.group(group, result, frame),
            _ => Ok(result),
        }
    }

    fn block(&mut self, expressions: &'e [Node], input: &Val, frame: usize) -> Result<Val> {
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
    fn collapse(&self, result: Val, keep_array: bool) -> Result<Val> {
        let Val::List(mut list) = result else { return Ok(result) };
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

    pub(super) fn lookup(&self, symbol: Symbol, frame: usize) -> Val {
        let mut at = frame;
        while let Some(frame) = self.frames.get(at) {
            if let Some((_, value)) = frame.variables.iter().find(|(name, _)| *name == symbol) {
                return value.clone();
            }
            if at == 0 {
                break;
            }
            at = frame.parent;
        }
        usize::try_from(symbol).ok().and_then(|symbol| self.globals.get(symbol)).cloned().unwrap_or_default()
    }

    fn bind(&mut self, frame: usize, symbol: Symbol, value: Val) {
        let Some(frame) = self.frames.get_mut(frame) else { return };
        match frame.variables.iter_mut().find(|(name, _)| *name == symbol) {
            Some((_, old)) => *old = value,
            None => frame.variables.push((symbol, value)),
        }
    }

    fn frame(&mut self, parent: usize) -> Result<usize> {
        if self.frames.len() >= self.options.max_bytes / 128 {
            return Err(Fault::limit(MEMORY));
        }
        self.frames.push(Frame { parent, variables: Vec::new() });
        Ok(self.frames.len() - 1)
    }

    fn mark(&self) -> Mark {
        Mark { frames: self.frames.len(), captures: self.captures }
    }

    /// Drops the frames made since `mark`, unless a function holds on to one of them.
    fn release(&mut self, mark: Mark) {
        if self.captures == mark.captures {
            self.frames.truncate(mark.frames);
        }
    }

    fn make(&mut self, made: Made<'e>) -> Result<Val> {
        if self.made.len() >= self.options.max_bytes / 256 {
            return Err(Fault::limit(MEMORY));
        }
        self.made.push(made);
        let [_, _, sites] = &mut self.sites;
        sites.push(Site::default());
        Ok(Val::Function(Function { id: FunctionId::Made(self.made.len() - 1), argument: false }))
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

    /// Charges a text of `bytes`, before it is written.
    pub(super) fn write_bytes(&mut self, bytes: usize) -> Result<()> {
        self.written = self.written.saturating_add(bytes);
        let too_many = bytes > self.max_text() || self.written > self.options.max_bytes.saturating_mul(4);
        if too_many { Err(Fault::limit(MEMORY)) } else { Ok(()) }
    }

    /// The bytes that one text may have.
    pub(super) fn max_text(&self) -> usize {
        self.options.max_bytes / 8
    }

    /// A text of the expression's making.
    pub(super) fn text(&mut self, text: impl Into<Arc<str>>) -> Result<Val> {
        let text = text.into();
        self.write_bytes(text.len())?;
        Ok(Val::Json(Value::from(text)))
    }

    /// Checks that there is room for `count` more items.
    pub(super) fn room(&self, count: usize) -> Result<()> {
        let bytes = count.saturating_mul(32).saturating_add(self.meter.get());
        if bytes > self.options.max_bytes { Err(Fault::limit(MEMORY)) } else { Ok(()) }
    }

    /// Adds an item; the room is checked when the list grows.
    pub(super) fn push(&self, items: &mut Vec<Val>, item: Val) -> Result<()> {
        if items.len() == items.capacity() {
            self.room(items.capacity().max(4) * 2)?;
        }
        items.push(item);
        Ok(())
    }

    /// An array of `items`.
    pub(super) fn list(&self, items: Vec<Val>, marks: Marks) -> Result<Val> {
        let list = List::new(items, marks, &self.meter)?;
        if self.meter.get() > self.options.max_bytes {
            return Err(Fault::limit(MEMORY));
        }
        Ok(Val::List(Rc::new(list)))
    }

    pub(super) fn sequence(&self, items: Vec<Val>) -> Result<Val> {
        self.list(items, Marks { sequence: true, ..Marks::default() })
    }

    pub(super) fn plain(&self, items: Vec<Val>) -> Result<Val> {
        self.list(items, Marks::default())
    }

    fn too_deep(&self) -> Box<Fault> {
        Fault::limit(format!("{STACK} Depth={} max={}", self.depth, self.max_depth))
    }

    /// Runs `work` one level deeper.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(self.too_deep());
        }
        let result = work(self)?;
        self.depth -= 1;
        Ok(result)
    }
}

/// What `name` means where no frame binds it.
fn global(name: &str, input: &Value, bindings: &Bindings) -> Val {
    let function = |id| Val::Function(Function { id, argument: false });
    if name == "$" {
        return Val::Json(input.clone());
    }
    if let Some(value) = bindings.values.get(name) {
        return Val::Json(value.clone());
    }
    if let Some(index) = bindings.functions.iter().position(|host| host.name() == name) {
        return function(FunctionId::Host(index));
    }
    functions::TABLE
        .iter()
        .position(|built_in| built_in.name == name)
        .map(|index| function(FunctionId::BuiltIn(index)))
        .unwrap_or_default()
}
