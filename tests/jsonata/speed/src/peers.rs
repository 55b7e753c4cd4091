//! The two that run in this process.

use gradus_core::{
    expr::jsonata::{Bindings, Expression, Options, to_text},
    json::{self, Object, Value},
};
use jsonata_core::{
    ast::AstNode,
    evaluator::{Context, Evaluator},
    value::JValue,
};

use crate::{Mode, rows::Row};

pub(crate) trait Peer {
    /// Evaluates once.
    fn run(&mut self);
    /// The result as JSON text.
    fn result(&mut self) -> String;
}

pub(crate) struct Gradus {
    expression: Expression,
    text: Option<String>,
    input: Value,
    bindings: Bindings,
    options: Options,
}

impl Gradus {
    pub(crate) fn new(row: &Row, mode: Mode) -> Gradus {
        let expression = Expression::compile(&row.expression(mode)).expect("a good expression");
        let value = json::parse(&row.input).expect("a JSON text");
        let options = Options { max_depth: Options::MAX_DEPTH, ..Options::default() };
        let (mut input, mut bindings) = (Value::Null, Bindings::new());
        if mode == Mode::Plain { input = value } else { bindings = bound(value) }
        let text = (mode == Mode::Text).then(|| row.input.clone());
        Gradus { expression, text, input, bindings, options }
    }
}

fn bound(value: Value) -> Bindings {
    let mut states = Object::new();
    states.insert("input", value);
    let mut bindings = Bindings::new();
    bindings.bind("states", states);
    bindings
}

impl Peer for Gradus {
    fn run(&mut self) {
        if let Some(text) = &self.text {
            let bindings = bound(json::parse(text).expect("a JSON text"));
            let result = self.expression.evaluate(&Value::Null, &bindings, &self.options);
            std::hint::black_box(to_text(&result.expect("a result").expect("defined")));
        } else {
            let result = self.expression.evaluate(&self.input, &self.bindings, &self.options);
            _ = std::hint::black_box(result).expect("a result");
        }
    }

    fn result(&mut self) -> String {
        let result = self.expression.evaluate(&self.input, &self.bindings, &self.options);
        to_text(&result.expect("a result").expect("defined"))
    }
}

pub(crate) struct Core {
    /// Runs on bytecode; not where something is bound.
    expression: jsonata_core::Expression,
    ast: AstNode,
    evaluator: Option<Evaluator>,
    text: Option<String>,
    input: JValue,
}

impl Core {
    pub(crate) fn new(row: &Row, mode: Mode) -> Core {
        let text = row.expression(mode);
        let value = JValue::from_json_str(&row.input).expect("a JSON text");
        let (input, evaluator) = match mode {
            Mode::Plain => (value, None),
            Mode::Bound | Mode::Text => (JValue::Null, Some(evaluator(value))),
        };
        Core {
            expression: jsonata_core::Expression::compile(&text).expect("a good expression"),
            ast: jsonata_core::parser::parse(&text).expect("a good expression"),
            evaluator,
            text: (mode == Mode::Text).then(|| row.input.clone()),
            input,
        }
    }

    fn evaluate(&mut self) -> JValue {
        match &mut self.evaluator {
            Some(evaluator) => evaluator.evaluate(&self.ast, &self.input),
            None => self.expression.evaluate(&self.input),
        }
        .expect("a result")
    }
}

fn evaluator(value: JValue) -> Evaluator {
    let states = JValue::object([("input".to_owned(), value)].into_iter().collect());
    let mut context = Context::new();
    context.bind("states".into(), states);
    Evaluator::with_context(context)
}

impl Peer for Core {
    fn run(&mut self) {
        if let Some(text) = &self.text {
            self.evaluator = Some(evaluator(JValue::from_json_str(text).expect("a JSON text")));
            let result = self.evaluate().to_json_string();
            std::hint::black_box(result.expect("a JSON text"));
        } else {
            std::hint::black_box(self.evaluate());
        }
    }

    fn result(&mut self) -> String {
        self.evaluate().to_json_string().expect("a JSON text")
    }
}
