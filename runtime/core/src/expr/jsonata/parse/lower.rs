//! The second pass: paths from dots, predicates and bindings onto steps, `%` onto the step that answers it,
//! calls in tail position.

use std::{collections::HashMap, sync::Arc};

use crate::json::Value;

use super::{
    super::{
        ast::{
            Call, Group, Kind, LABELS, Lambda, Node, RegexLiteral, Slot, Stage, Symbol, Term, Transform,
            UNNAMED,
        },
        error::{Fault, Result},
        functions,
        lexer::TokenKind,
        regex::Regex,
        value::number,
    },
    Name, Program, Raw, RawKind,
};

/// Makes the program of a tree.
pub(super) fn lower(tree: Raw) -> Result<Program> {
    let mut lowering = Lowering::default();
    let root = lowering.node(tree)?;
    if matches!(root.kind, Kind::Parent(_)) || root.seeking.is_some() {
        let position = root.position;
        let mut fault = Fault::new("S0217").token(root.type_name());
        fault.position = (position > 0).then_some(position);
        return Err(fault);
    }
    let labels = lowering.slots.iter().map(|slot| slot.label).collect();
    Ok(Program { root, symbols: lowering.symbols, labels })
}

#[derive(Default)]
struct Lowering {
    symbols: Vec<Name>,
    by_name: HashMap<Arc<str>, Symbol>,
    slots: Vec<SlotState>,
}

struct SlotState {
    label: Symbol,
    /// How many steps up the parent is still to be found.
    level: i32,
}

impl Lowering {
    fn symbol(&mut self, name: &Arc<str>) -> Symbol {
        let next = Symbol::try_from(self.symbols.len()).unwrap_or(0);
        let symbols = &mut self.symbols;
        *self.by_name.entry(Arc::clone(name)).or_insert_with(|| {
            symbols.push(Name { text: Arc::clone(name), built_in: functions::index_of(name) });
            next
        })
    }

    fn node(&mut self, raw: Raw) -> Result<Node> {
        let keep_array = raw.keep_array;
        let mut node = self.kind(raw)?;
        node.keep_array |= keep_array;
        Ok(node)
    }

    fn nodes(&mut self, raws: Vec<Raw>) -> Result<Vec<Node>> {
        raws.into_iter().map(|raw| self.node(raw)).collect()
    }

    fn pairs(&mut self, raws: Vec<(Raw, Raw)>) -> Result<Vec<(Node, Node)>> {
        raws.into_iter().map(|(key, value)| Ok((self.node(key)?, self.node(value)?))).collect()
    }

    fn kind(&mut self, raw: Raw) -> Result<Node> {
        let position = raw.position;
        match raw.kind {
            RawKind::Token(token) => self.token(token, position, raw.keep_array),
            RawKind::Wildcard => Ok(Node::new(Kind::Wildcard, position)),
            RawKind::Descendant => Ok(Node::new(Kind::Descendant, position)),
            RawKind::Parent => {
                let slot = self.slots.len();
                self.slots.push(SlotState { label: LABELS | Symbol::try_from(slot).unwrap_or(0), level: 1 });
                // As in the reference, without a position.
                Ok(Node::new(Kind::Parent(slot), 0))
            }
            RawKind::Dot(left, right) => self.dot(*left, *right),
            RawKind::Filter(left, predicate) => self.filter(*left, *predicate, position),
            RawKind::Group(left, pairs) => {
                let mut node = self.node(*left)?;
                if node.group.is_some() {
                    return Err(Fault::new("S0210").at(position));
                }
                node.group = Some(Box::new(Group { pairs: self.pairs(pairs)?, position, literal: None }));
                Ok(node)
            }
            RawKind::Sort(left, terms) => self.sort(*left, terms, position),
            RawKind::Focus(left, name) => self.focus(*left, &name, position, raw.keep_array),
            RawKind::Index(left, name) => self.index(*left, &name),
            RawKind::Bind(name, value) => {
                let symbol = self.symbol(&name);
                let value = self.node(*value)?;
                Ok(adopt(position, [value], |[value]| Kind::Bind { symbol, value: Box::new(value) }))
            }
            RawKind::Apply(left, right) => {
                let (left, right) = (self.node(*left)?, self.node(*right)?);
                let keep = left.keep_array || right.keep_array;
                let mut node =
                    Node::new(Kind::Apply { left: Box::new(left), right: Box::new(right) }, position);
                node.keep_array = keep;
                Ok(node)
            }
            RawKind::Binary(operator, left, right) => {
                let operands = [self.node(*left)?, self.node(*right)?];
                Ok(adopt(position, operands, |[left, right]| Kind::Binary {
                    operator,
                    left: Box::new(left),
                    right: Box::new(right),
                }))
            }
            RawKind::Negate(operand) => {
                let operand = self.node(*operand)?;
                if let Kind::Literal(Value::Number(value)) = &operand.kind {
                    let kind = Kind::Literal(number(-value.as_f64()));
                    return Ok(Node { kind, ..operand });
                }
                Ok(adopt(position, [operand], |[operand]| Kind::Negate(Box::new(operand))))
            }
            RawKind::Array(items) => {
                let items = self.nodes(items)?;
                let seeking = seeking_of(items.iter());
                Ok(Node { seeking, ..Node::new(Kind::Array(items), position) })
            }
            RawKind::Object(pairs) => {
                let pairs = self.pairs(pairs)?;
                let seeking = seeking_of(pairs.iter().flat_map(|(key, value)| [key, value]));
                let group = Box::new(Group { pairs, position, literal: None });
                Ok(Node { seeking, ..Node::new(Kind::Object(group), position) })
            }
            RawKind::Call(procedure, arguments) => {
                let (call, seeking) = self.call(*procedure, arguments)?;
                Ok(Node { seeking, ..Node::new(Kind::Call(call), position) })
            }
            RawKind::Partial(procedure, arguments) => {
                let (call, seeking) = self.call(*procedure, arguments)?;
                let holes =
                    call.arguments.iter().map(|argument| matches!(argument.kind, Kind::Hole)).collect();
                Ok(Node { seeking, ..Node::new(Kind::Partial { call, holes }, position) })
            }
            RawKind::Lambda(parameters, signature, body) => {
                let parameters = parameters.iter().map(|name| self.symbol(name)).collect();
                let mut body = self.node(*body)?;
                mark_tail_calls(&mut body);
                Ok(Node::new(Kind::Lambda(Box::new(Lambda { parameters, signature, body })), position))
            }
            RawKind::Block(expressions) => {
                let expressions = self.nodes(expressions)?;
                let mut node = Node::new(Kind::Block { expressions: Vec::new(), binds: true }, position);
                node.seeking = seeking_of(expressions.iter());
                node.cons = expressions.iter().any(|part| match &part.kind {
                    Kind::Path { steps, .. } => part.cons || steps.first().is_some_and(|step| step.cons),
                    _ => part.cons,
                });
                node.kind = Kind::Block { expressions, binds: true };
                Ok(node)
            }
            RawKind::Condition(condition, then, otherwise) => {
                let condition = self.node(*condition)?;
                let then = self.node(*then)?;
                let otherwise = otherwise.map(|otherwise| self.node(*otherwise)).transpose()?;
                let seeking = seeking_of([&condition, &then].into_iter().chain(&otherwise));
                let kind = Kind::Condition {
                    condition: Box::new(condition),
                    then: Box::new(then),
                    otherwise: otherwise.map(Box::new),
                };
                Ok(Node { seeking, ..Node::new(kind, position) })
            }
            RawKind::Transform(pattern, update, delete) => {
                let transform = Transform {
                    clone: self.symbol(&Arc::from("clone")),
                    pattern: self.node(*pattern)?,
                    update: self.node(*update)?,
                    delete: delete.map(|delete| self.node(*delete)).transpose()?,
                };
                Ok(Node::new(Kind::Transform(Box::new(transform)), position))
            }
        }
    }

    fn token(&mut self, token: TokenKind, position: usize, keep_array: bool) -> Result<Node> {
        let kind = match token {
            TokenKind::Name(name) => return Ok(name_path(name, position, keep_array)),
            TokenKind::Operator(id @ ("and" | "or" | "in")) => {
                return Ok(name_path(Arc::from(id), position, keep_array));
            }
            TokenKind::Operator("?") => Kind::Hole,
            TokenKind::Operator(id) => return Err(Fault::new("S0201").at(position).token(id)),
            TokenKind::Variable(name) => Kind::Variable { symbol: self.symbol(&name), name },
            TokenKind::String(text) => Kind::Literal(Value::from(text)),
            TokenKind::Number(value) => Kind::Literal(number(value)),
            TokenKind::Constant(value) => Kind::Literal(value),
            TokenKind::Regex { pattern, flags } => {
                let regex = Regex::compile(&pattern, &flags)
                    .map_err(|error| Fault::internal(error.to_string()).at(position))?;
                Kind::Regex(Box::new(RegexLiteral { regex, pattern: source_of(&pattern).into() }))
            }
            TokenKind::End => return Err(Fault::new("S0207").at(position).token("(end)")),
        };
        Ok(Node::new(kind, position))
    }

    fn dot(&mut self, left: Raw, right: Raw) -> Result<Node> {
        let first = self.node(left)?;
        let mut path = match first.kind {
            Kind::Path { .. } => first,
            Kind::Parent(slot) => Node { seeking: Some(vec![slot]), ..Node::path(vec![first]) },
            _ => Node::path(vec![first]),
        };
        let mut rest = self.node(right)?;
        let Kind::Path { steps, keep_singleton, .. } = &mut path.kind else { return Ok(path) };
        if let Kind::Path { steps: more, .. } = rest.kind {
            steps.extend(more);
        } else {
            if let Some(predicate) = rest.predicate.take() {
                rest.stages = Some(predicate);
            }
            steps.push(rest);
        }
        if let Some(literal) = steps
            .iter()
            .find(|step| matches!(&step.kind, Kind::Literal(value) if !matches!(value, Value::String(_))))
        {
            return Err(Fault::value("S0213", literal.shown()).at(literal.position));
        }
        for step in steps.iter_mut() {
            if let Kind::Literal(Value::String(name)) = &step.kind {
                step.kind = Kind::Name(Arc::clone(name));
            }
        }
        *keep_singleton |= steps.iter().any(|step| step.keep_array);
        if let Some(first) = steps.first_mut().filter(|first| first.is_array()) {
            first.cons = true;
        }
        if let Some(last) = steps.last_mut().filter(|last| last.is_array()) {
            last.cons = true;
        }
        self.resolve(&mut path)?;
        Ok(path)
    }

    fn filter(&mut self, left: Raw, predicate: Raw, position: usize) -> Result<Node> {
        let mut node = self.node(left)?;
        let is_path = matches!(node.kind, Kind::Path { .. });
        with_last_step(&mut node, |step| {
            if step.group.is_some() {
                return Err(Fault::new("S0209").at(position));
            }
            let predicate = self.node(predicate)?;
            if let Some(slots) = &predicate.seeking {
                for slot in slots {
                    if self.level(*slot) == 1 { self.seek(step, *slot)? } else { self.shift(*slot, -1) }
                }
                push_seeking(&mut step.seeking, &predicate);
            }
            let filters = if is_path { &mut step.stages } else { &mut step.predicate };
            filters.get_or_insert_default().push(Stage::Filter(predicate));
            Ok(())
        })?;
        Ok(node)
    }

    fn sort(&mut self, left: Raw, terms: Vec<(bool, Raw)>, position: usize) -> Result<Node> {
        let mut path = self.node(left)?;
        if !matches!(path.kind, Kind::Path { .. }) {
            path = Node::path(vec![path]);
        }
        let terms: Vec<Term> = terms
            .into_iter()
            .map(|(descending, term)| Ok(Term { descending, expression: self.node(term)? }))
            .collect::<Result<_>>()?;
        let seeking = seeking_of(terms.iter().map(|term| &term.expression));
        let step = Node { seeking, ..Node::new(Kind::Sort(terms), position) };
        if let Kind::Path { steps, .. } = &mut path.kind {
            steps.push(step);
        }
        self.resolve(&mut path)?;
        Ok(path)
    }

    fn focus(&mut self, left: Raw, name: &Arc<str>, position: usize, keep_array: bool) -> Result<Node> {
        let mut node = self.node(left)?;
        let symbol = self.binding(name);
        with_last_step(&mut node, |step| {
            if step.stages.is_some() || step.predicate.is_some() {
                return Err(Fault::new("S0215").at(position));
            }
            if matches!(step.kind, Kind::Sort(_)) {
                return Err(Fault::new("S0216").at(position));
            }
            step.keep_array |= keep_array;
            step.focus = Some(symbol);
            step.tuple = true;
            Ok(())
        })?;
        Ok(node)
    }

    /// The symbol of a name that a step binds.
    fn binding(&mut self, name: &Arc<str>) -> Symbol {
        if name.is_empty() { UNNAMED } else { self.symbol(name) }
    }

    fn index(&mut self, left: Raw, name: &Arc<str>) -> Result<Node> {
        let mut node = self.node(left)?;
        let symbol = self.binding(name);
        if !matches!(node.kind, Kind::Path { .. }) {
            if let Some(predicate) = node.predicate.take() {
                node.stages = Some(predicate);
            }
            node = Node::path(vec![node]);
        }
        with_last_step(&mut node, |step| {
            match &mut step.stages {
                None => step.index = Some(symbol),
                Some(stages) => stages.push(Stage::Index(symbol)),
            }
            step.tuple = true;
        });
        Ok(node)
    }

    fn call(&mut self, procedure: Raw, arguments: Vec<Raw>) -> Result<(Box<Call>, Option<Vec<Slot>>)> {
        let arguments = self.nodes(arguments)?;
        let seeking = seeking_of(arguments.iter());
        let procedure = self.node(procedure)?;
        let (name, meant) = match &procedure.kind {
            Kind::Path { steps, .. } => {
                let name = steps.first().and_then(Node::shown);
                let meant = match &name {
                    Some(Value::String(name)) => Some((self.symbol(name), Arc::clone(name))),
                    _ => None,
                };
                (name, meant)
            }
            _ => (procedure.shown(), None),
        };
        Ok((Box::new(Call { procedure, arguments, name, meant }), seeking))
    }

    /// Finds the steps of a path that answer the `%`s of its last one.
    fn resolve(&mut self, path: &mut Node) -> Result<()> {
        let Kind::Path { steps, .. } = &mut path.kind else { return Ok(()) };
        let Some((last, before)) = steps.split_last_mut() else { return Ok(()) };
        let mut slots = last.seeking.clone().unwrap_or_default();
        if let Kind::Parent(slot) = last.kind {
            slots.push(slot);
        }
        for slot in slots {
            let mut index = before.len();
            while self.level(slot) > 0 {
                if index == 0 {
                    path.seeking.get_or_insert_default().push(slot);
                    break;
                }
                index -= 1;
                // Contiguous steps that bind their focus share one parent.
                while index > 0
                    && before.get(index).is_some_and(binds_focus)
                    && before.get(index - 1).is_some_and(binds_focus)
                {
                    index -= 1;
                }
                if let Some(step) = before.get_mut(index) {
                    self.seek(step, slot)?;
                }
            }
        }
        Ok(())
    }

    fn level(&self, slot: Slot) -> i32 {
        self.slots.get(slot).map_or(0, |state| state.level)
    }

    fn shift(&mut self, slot: Slot, by: i32) {
        if let Some(state) = self.slots.get_mut(slot) {
            state.level += by;
        }
    }

    /// Goes one step up for `slot`, and binds it where it arrives.
    fn seek(&mut self, node: &mut Node, slot: Slot) -> Result<()> {
        match &mut node.kind {
            Kind::Name(_) | Kind::Wildcard => {
                self.shift(slot, -1);
                if self.level(slot) == 0 {
                    if let Some(label) =
                        node.ancestor.and_then(|known| self.slots.get(known)).map(|known| known.label)
                        && let Some(state) = self.slots.get_mut(slot)
                    {
                        state.label = label;
                    }
                    node.ancestor = Some(slot);
                    node.tuple = true;
                }
                Ok(())
            }
            Kind::Parent(_) => {
                self.shift(slot, 1);
                Ok(())
            }
            Kind::Block { expressions, .. } => match expressions.last_mut() {
                Some(last) => {
                    node.tuple = true;
                    self.seek(last, slot)
                }
                None => Ok(()),
            },
            Kind::Path { steps, .. } => {
                node.tuple = true;
                let mut steps = steps.iter_mut().rev();
                if let Some(last) = steps.next() {
                    self.seek(last, slot)?;
                }
                for step in steps {
                    if self.level(slot) <= 0 {
                        break;
                    }
                    self.seek(step, slot)?;
                }
                Ok(())
            }
            _ => {
                let mut fault = Fault::new("S0217").token(node.type_name());
                fault.position = (node.position > 0).then_some(node.position);
                Err(fault)
            }
        }
    }
}

fn name_path(name: Arc<str>, position: usize, keep_array: bool) -> Node {
    let step = Node { keep_array, ..Node::new(Kind::Name(name), position) };
    Node::new(Kind::Path { steps: vec![step], keep_singleton: keep_array, direct: false }, 0)
}

/// A node that takes over the open `%`s of its children.
fn adopt<const N: usize>(position: usize, children: [Node; N], kind: impl FnOnce([Node; N]) -> Kind) -> Node {
    let seeking = seeking_of(children.iter());
    Node { seeking, ..Node::new(kind(children), position) }
}

fn seeking_of<'a>(children: impl Iterator<Item = &'a Node>) -> Option<Vec<Slot>> {
    let mut seeking = None;
    for child in children {
        push_seeking(&mut seeking, child);
    }
    seeking
}

fn push_seeking(seeking: &mut Option<Vec<Slot>>, child: &Node) {
    if let Some(slots) = &child.seeking {
        seeking.get_or_insert_default().extend(slots);
    }
    if let Kind::Parent(slot) = child.kind {
        seeking.get_or_insert_default().push(slot);
    }
}

/// Calls `change` with the last step of a path; of anything else, with itself.
fn with_last_step<R>(node: &mut Node, change: impl FnOnce(&mut Node) -> R) -> R {
    if let Kind::Path { steps, .. } = &mut node.kind
        && let Some(last) = steps.last_mut()
    {
        return change(last);
    }
    change(node)
}

/// Marks calls whose result is the result of the function.
fn mark_tail_calls(node: &mut Node) {
    match &mut node.kind {
        Kind::Call(_) if node.predicate.is_none() => {
            let kind = std::mem::replace(&mut node.kind, Kind::Hole);
            if let Kind::Call(call) = kind {
                *node = Node::new(Kind::TailCall(call), node.position);
            }
        }
        // What is applied to the whole must see the result, not the call.
        _ if node.predicate.is_some() || node.group.is_some() => {}
        Kind::Condition { then, otherwise, .. } => {
            mark_tail_calls(then);
            if let Some(otherwise) = otherwise {
                mark_tail_calls(otherwise);
            }
        }
        Kind::Block { expressions, .. } => {
            if let Some(last) = expressions.last_mut() {
                mark_tail_calls(last);
            }
        }
        _ => {}
    }
}

/// A regular expression as JavaScript prints it: what would end it, or its line, is escaped.
fn source_of(pattern: &str) -> String {
    let mut source = String::with_capacity(pattern.len());
    let (mut escaped, mut in_class) = (false, false);
    for character in pattern.chars() {
        match character {
            '/' if !escaped && !in_class => source.push_str("\\/"),
            // The backslash is there already if it was escaped.
            '\n' => source.push_str(if escaped { "n" } else { "\\n" }),
            '\r' => source.push_str(if escaped { "r" } else { "\\r" }),
            other => source.push(other),
        }
        in_class = match character {
            '[' if !escaped => true,
            ']' if !escaped => false,
            _ => in_class,
        };
        escaped = character == '\\' && !escaped;
    }
    source
}

fn binds_focus(step: &Node) -> bool {
    step.focus.is_some_and(|name| name != UNNAMED)
}
