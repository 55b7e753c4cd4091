//! What an expression takes from outside of itself, found without evaluating it.
//!
//! A variable is the expression's own where a block, a function, `:=`, `@` or `#` has bound it before.

use super::{
    ast::{Call, Group, Kind, Node, Stage, Symbol},
    parse::Program,
};

/// What an expression takes from outside of itself, in the order of its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References<'a> {
    /// Variables that the expression does not bind itself. Functions that are called by name are among them,
    /// and the input as a whole, `$$`, whose name is `$`.
    pub variables: Vec<Variable<'a>>,
    /// What it takes of the input where that is the context: names, `$`, `*` and `**`.
    pub context: Vec<&'a str>,
}

/// A variable that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<'a> {
    /// Its name, without the dollar sign.
    pub name: &'a str,
    /// The member that alone is read of it: `b` of `$a.b.c`.
    pub member: Option<&'a str>,
}

/// The references of a program.
pub(super) fn of(program: &Program) -> References<'_> {
    let mut walk = Walk { bound: Vec::new(), found: References::default() };
    walk.node(&program.root, true);
    walk.found
}

struct Walk<'a> {
    /// What is bound where the walk stands.
    bound: Vec<Symbol>,
    found: References<'a>,
}

impl<'a> Walk<'a> {
    /// Recurses as deep as the expression nests, which the parser bounds. `outermost`: the context is the input.
    fn node(&mut self, node: &'a Node, outermost: bool) {
        self.kind(node, outermost);
        self.follow_up(node);
    }

    /// Filters and grouping, whose context is what they are applied to.
    fn follow_up(&mut self, node: &'a Node) {
        for stage in node.predicate.iter().chain(&node.stages).flatten() {
            match stage {
                Stage::Filter(filter) => self.node(filter, false),
                Stage::Index(symbol) => self.bound.push(*symbol),
            }
        }
        if let Some(group) = &node.group {
            self.group(group, false);
        }
    }

    fn kind(&mut self, node: &'a Node, outermost: bool) {
        match &node.kind {
            Kind::Path { steps, .. } => self.path(steps, outermost),
            Kind::Name(name) => self.context(name, outermost),
            Kind::Wildcard => self.context("*", outermost),
            Kind::Descendant => self.context("**", outermost),
            Kind::Variable { name, .. } if name.is_empty() => self.context("$", outermost),
            Kind::Variable { symbol, name } => self.variable(*symbol, name, None),
            Kind::Binary { left, right, .. } | Kind::Apply { left, right } => {
                self.node(left, outermost);
                self.node(right, outermost);
            }
            Kind::Negate(operand) => self.node(operand, outermost),
            Kind::Array(items) => items.iter().for_each(|item| self.node(item, outermost)),
            Kind::Object(group) => self.group(group, outermost),
            Kind::Condition { condition, then, otherwise } => {
                let parts = [condition, then].into_iter().chain(otherwise);
                parts.for_each(|part| self.node(part, outermost));
            }
            Kind::Block { expressions, .. } => self.scope(|walk| {
                expressions.iter().for_each(|expression| walk.node(expression, outermost));
            }),
            Kind::Bind { symbol, value } => {
                // A function finds itself when it is called; any other value is there before the name is.
                let is_function = matches!(value.kind, Kind::Lambda(_));
                self.bound.extend(is_function.then_some(*symbol));
                self.node(value, outermost);
                self.bound.push(*symbol);
            }
            Kind::Lambda(lambda) => self.scope(|walk| {
                walk.bound.extend(&lambda.parameters);
                walk.node(&lambda.body, outermost);
            }),
            Kind::TailCall(call) | Kind::Call(call) | Kind::Partial { call, .. } => {
                self.call(call, outermost);
            }
            Kind::Sort(terms) => terms.iter().for_each(|term| self.node(&term.expression, false)),
            Kind::Transform(transform) => {
                let parts = [&transform.pattern, &transform.update].into_iter().chain(&transform.delete);
                parts.for_each(|part| self.node(part, false));
            }
            Kind::Literal(_) | Kind::Parent(_) | Kind::Regex(_) | Kind::Hole => {}
        }
    }

    /// What the steps bind is there for those that follow.
    fn path(&mut self, steps: &'a [Node], outermost: bool) {
        self.scope(|walk| {
            for (place, step) in steps.iter().enumerate() {
                match (&step.kind, steps.get(place + 1).map(|next| &next.kind)) {
                    (Kind::Variable { symbol, name }, Some(Kind::Name(member)))
                        if place == 0 && !name.is_empty() && is_bare(step) =>
                    {
                        walk.variable(*symbol, name, Some(member));
                    }
                    _ => walk.kind(step, outermost && place == 0),
                }
                walk.bound.extend(step.focus.iter().chain(&step.index));
                walk.follow_up(step);
            }
        });
    }

    fn call(&mut self, call: &'a Call, outermost: bool) {
        self.node(&call.procedure, outermost);
        call.arguments.iter().for_each(|argument| self.node(argument, outermost));
    }

    fn group(&mut self, group: &'a Group, outermost: bool) {
        group.pairs.iter().flat_map(|(key, value)| [key, value]).for_each(|part| self.node(part, outermost));
    }

    /// What `walk` binds is forgotten after it.
    fn scope(&mut self, walk: impl FnOnce(&mut Self)) {
        let outside = self.bound.len();
        walk(self);
        self.bound.truncate(outside);
    }

    fn context(&mut self, name: &'a str, outermost: bool) {
        if outermost {
            self.found.context.push(name);
        }
    }

    fn variable(&mut self, symbol: Symbol, name: &'a str, member: Option<&'a str>) {
        if !self.bound.contains(&symbol) {
            self.found.variables.push(Variable { name, member });
        }
    }
}

/// Whether nothing is done to a step before the next one.
fn is_bare(step: &Node) -> bool {
    step.predicate.is_none()
        && step.stages.is_none()
        && step.group.is_none()
        && step.focus.is_none()
        && step.index.is_none()
}

#[cfg(test)]
mod tests {
    use super::super::Expression;

    #[test]
    fn taken_from_outside() {
        // The expression, the variables, and what it takes of the input.
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("1 + 2", &[], &[]),
            ("$a + $b.c.d", &["a", "b.c"], &[]),
            ("$states.input.items[price > $least].(price * count)", &["states.input", "least"], &[]),
            ("$a[0].b", &["a"], &[]),
            ("$a.*", &["a"], &[]),
            ("$lookup($a, 'b')", &["lookup", "a"], &[]),
            ("phone", &[], &["phone"]),
            ("$ & $$", &["$"], &["$"]),
            ("$.x", &[], &["$"]),
            ("* + **", &[], &["*", "**"]),
            ("{'a': b, 'c': [d]}", &[], &["b", "d"]),
            ("phone(1)", &[], &["phone"]),
            ("$a{b: $sum(c)}", &["a", "sum"], &[]),
            ("$x := 1", &[], &[]),
            ("$x := $x + 1", &["x"], &[]),
            ("($x := $y; $x) & $x", &["y", "x"], &[]),
            ("($f := function($n){ $n < 2 ? 1 : $n * $f($n - 1) }; $f(5))", &[], &[]),
            ("$map($a, function($v, $i){ $v + $i + $w })", &["map", "a", "w"], &[]),
            ("$map($a, function($v){ x })", &["map", "a"], &["x"]),
            ("$a.b@$v#$i.[$v, $i, $k]", &["a.b", "k"], &[]),
            ("$a^(>b).c", &["a"], &[]),
            ("$a ~> |b|{'c': d + $e}|", &["a", "e"], &[]),
            ("$sum($a.(b ~> $string))", &["sum", "a", "string"], &[]),
            ("$a.{'b': b}", &["a"], &[]),
            ("$substring(?, 1, $n)", &["substring", "n"], &[]),
        ];
        for (text, variables, context) in cases {
            let expression = Expression::compile(text).unwrap();
            let found = expression.references();
            let read: Vec<String> = found
                .variables
                .iter()
                .map(|variable| match variable.member {
                    Some(member) => format!("{}.{member}", variable.name),
                    None => variable.name.to_owned(),
                })
                .collect();
            assert_eq!(
                (read.iter().map(String::as_str).collect(), found.context),
                (variables.to_vec(), context.to_vec()),
                "{text}"
            );
        }
    }
}
