//! The compiled form: what the evaluator walks. `Send + Sync`, made once.

use std::sync::Arc;

use crate::json::Value;

use super::{regex::Regex, signature::Signature};

/// A name that an expression binds or reads, as a number.
pub(super) type Symbol = u32;

/// Symbols from here on are labels of parent steps, which no name can reach.
pub(super) const LABELS: Symbol = 1 << 31;

/// What `@$` and `#$` name, which binds nothing.
pub(super) const UNNAMED: Symbol = LABELS - 1;

/// The object that a `%` stands for, until it is known which step binds it.
pub(super) type Slot = usize;

/// One expression or step.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// UTF-16 units up to the end of its token; 0 if it has none.
    pub(super) position: usize,
    /// `[]`: a single result stays an array.
    pub(super) keep_array: bool,
    /// Filters of an expression that is not a step.
    pub(super) predicate: Option<Vec<Stage>>,
    /// What follows a step: filters and index bindings.
    pub(super) stages: Option<Vec<Stage>>,
    pub(super) group: Option<Box<Group>>,
    /// `@$name`
    pub(super) focus: Option<Symbol>,
    /// `#$name`
    pub(super) index: Option<Symbol>,
    /// The `%` that this step's input answers.
    pub(super) ancestor: Option<Slot>,
    /// Whether the step hands on bindings beside values.
    pub(super) tuple: bool,
    /// Whether an array that is constructed here is not flattened by a path.
    pub(super) cons: bool,
    /// The `%`s inside that no step has answered yet.
    pub(super) seeking: Option<Vec<Slot>>,
    /// Whether there is nothing to it but its kind. Settled when all is compiled.
    pub(super) plain: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    Path {
        steps: Vec<Node>,
        keep_singleton: bool,
        /// Whether its steps hand on values and nothing else, so that the short way can be gone. Settled last.
        direct: bool,
    },
    Name(Arc<str>),
    Literal(Value),
    Wildcard,
    Descendant,
    Parent(Slot),
    Variable {
        symbol: Symbol,
        name: Arc<str>,
    },
    Regex(Box<RegexLiteral>),
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    Negate(Box<Node>),
    Array(Vec<Node>),
    Object(Box<Group>),
    Condition {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    Block {
        expressions: Vec<Node>,
        /// Whether it needs a frame for variables of its own. Settled last.
        binds: bool,
    },
    Bind {
        symbol: Symbol,
        value: Box<Node>,
    },
    Lambda(Box<Lambda>),
    /// A call in tail position: its caller makes it, so that the stack does not grow.
    TailCall(Box<Call>),
    Call(Box<Call>),
    Partial {
        call: Box<Call>,
        holes: Vec<bool>,
    },
    Apply {
        left: Box<Node>,
        right: Box<Node>,
    },
    Sort(Vec<Term>),
    Transform(Box<Transform>),
    /// Stands where a partial application leaves an argument open.
    Hole,
}

#[derive(Debug)]
pub(super) enum Stage {
    Filter(Node),
    Index(Symbol),
}

/// Pairs of key and value.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) pairs: Vec<(Node, Node)>,
    pub(super) position: usize,
    /// The keys, if they are texts as written, no two the same. Settled last.
    pub(super) literal: Option<Arc<[Arc<str>]>>,
}

#[derive(Debug)]
pub(super) struct Term {
    pub(super) descending: bool,
    pub(super) expression: Node,
}

#[derive(Debug)]
pub(super) struct Lambda {
    pub(super) parameters: Vec<Symbol>,
    pub(super) signature: Option<Signature>,
    pub(super) body: Node,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) procedure: Node,
    pub(super) arguments: Vec<Node>,
    /// What errors call the procedure.
    pub(super) name: Option<Value>,
    /// The variable that was meant if the procedure is a path that leads nowhere.
    pub(super) meant: Option<(Symbol, Arc<str>)>,
}

#[derive(Debug)]
pub(super) struct Transform {
    /// The name `clone`, which makes the copy that is changed.
    pub(super) clone: Symbol,
    pub(super) pattern: Node,
    pub(super) update: Node,
    pub(super) delete: Option<Node>,
}

#[derive(Debug)]
pub(super) struct RegexLiteral {
    pub(super) regex: Regex,
    pub(super) pattern: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Concatenate,
    And,
    Or,
    Range,
    In,
}

impl Operator {
    pub(super) fn is_arithmetic(self) -> bool {
        use Operator::*;
        matches!(self, Add | Subtract | Multiply | Divide | Modulo)
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Modulo => "%",
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Concatenate => "&",
            Operator::And => "and",
            Operator::Or => "or",
            Operator::Range => "..",
            Operator::In => "in",
        }
    }

    pub(super) fn from_text(text: &str) -> Option<Operator> {
        use Operator::*;
        [
            Add,
            Subtract,
            Multiply,
            Divide,
            Modulo,
            Equal,
            NotEqual,
            Less,
            LessOrEqual,
            Greater,
            GreaterOrEqual,
            Concatenate,
            And,
            Or,
            Range,
            In,
        ]
        .into_iter()
        .find(|operator| operator.text() == text)
    }
}

impl Node {
    pub(super) fn new(kind: Kind, position: usize) -> Node {
        Node {
            kind,
            position,
            keep_array: false,
            predicate: None,
            stages: None,
            group: None,
            focus: None,
            index: None,
            ancestor: None,
            tuple: false,
            cons: false,
            seeking: None,
            plain: false,
        }
    }

    /// A path of steps; it has no position of its own.
    pub(super) fn path(steps: Vec<Node>) -> Node {
        Node::new(Kind::Path { steps, keep_singleton: false, direct: false }, 0)
    }

    /// Whether this is an array constructor.
    pub(super) fn is_array(&self) -> bool {
        matches!(self.kind, Kind::Array(_))
    }

    /// The reference's word for the kind of node.
    pub(super) fn type_name(&self) -> &'static str {
        match &self.kind {
            Kind::Path { .. } => "path",
            Kind::Name(_) => "name",
            Kind::Literal(Value::String(_)) => "string",
            Kind::Literal(Value::Number(_)) => "number",
            Kind::Literal(_) => "value",
            Kind::Wildcard => "wildcard",
            Kind::Descendant => "descendant",
            Kind::Parent(_) => "parent",
            Kind::Variable { .. } => "variable",
            Kind::Regex(_) => "regex",
            Kind::Binary { .. } => "binary",
            Kind::Negate(_) | Kind::Array(_) | Kind::Object(_) => "unary",
            Kind::Condition { .. } => "condition",
            Kind::Block { .. } => "block",
            Kind::Bind { .. } => "bind",
            Kind::Lambda(_) | Kind::TailCall(_) => "lambda",
            Kind::Call(_) => "function",
            Kind::Partial { .. } => "partial",
            Kind::Apply { .. } => "apply",
            Kind::Sort(_) => "sort",
            Kind::Transform(_) => "transform",
            Kind::Hole => "operator",
        }
    }

    /// What the reference keeps as the node's value, and shows of it in messages.
    pub(super) fn shown(&self) -> Option<Value> {
        Some(match &self.kind {
            Kind::Name(name) | Kind::Variable { name, .. } => Value::from(Arc::clone(name)),
            Kind::Literal(value) => value.clone(),
            Kind::Wildcard => Value::from("*"),
            Kind::Descendant => Value::from("**"),
            Kind::Regex(_) => Value::empty_object(),
            Kind::Binary { operator, .. } => Value::from(operator.text()),
            Kind::Negate(_) => Value::from("-"),
            Kind::Array(_) => Value::from("["),
            Kind::Object(_) => Value::from("{"),
            Kind::Bind { .. } => Value::from(":="),
            Kind::Call(_) | Kind::Partial { .. } => Value::from("("),
            Kind::Apply { .. } => Value::from("~>"),
            _ => return None,
        })
    }
}
