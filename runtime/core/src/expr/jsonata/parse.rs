//! Text to [`Node`]s, in two passes as the reference makes them: a tree by binding power, then steps, filters
//! and parents. The passes are apart because a syntax error further on wins over a misplaced step before it. A
//! third marks where the evaluator may go a shorter way.

mod lower;
mod settle;

use std::sync::Arc;

use crate::json::Value;

use super::{
    ast::{Node, Operator, Symbol},
    error::{Fault, Result},
    lexer::{Lexer, Token, TokenKind},
    signature::Signature,
};

/// How high a tree may be: higher ones could overflow the stack that walks them.
const MAX_HEIGHT: usize = 500;

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) root: Node,
    /// The names behind the symbols.
    pub(super) symbols: Vec<Name>,
    /// The label of each parent slot.
    pub(super) labels: Vec<Symbol>,
}

/// The name of a variable.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) text: Arc<str>,
    /// The built-in function of that name.
    pub(super) built_in: Option<u32>,
}

/// Compiles an expression.
pub(super) fn parse(text: &str) -> Result<Program> {
    let mut parser =
        Parser { lexer: Lexer::new(text), token: Token { kind: TokenKind::End, position: 0 }, depth: 0 };
    parser.advance(false)?;
    let tree = parser.expression(0)?;
    if !matches!(parser.token.kind, TokenKind::End) {
        return Err(Fault::new("S0201").at(parser.token.position).token(parser.token.kind.shown()));
    }
    let mut program = lower::lower(tree)?;
    settle::settle(&mut program.root);
    Ok(program)
}

/// A node of the first pass.
struct Raw {
    kind: RawKind,
    position: usize,
    keep_array: bool,
    height: usize,
}

enum RawKind {
    /// Names, variables, literals, regular expressions, the end.
    Token(TokenKind),
    Wildcard,
    Descendant,
    Parent,
    Dot(Box<Raw>, Box<Raw>),
    Binary(Operator, Box<Raw>, Box<Raw>),
    Filter(Box<Raw>, Box<Raw>),
    Group(Box<Raw>, Vec<(Raw, Raw)>),
    Sort(Box<Raw>, Vec<(bool, Raw)>),
    Bind(Arc<str>, Box<Raw>),
    Focus(Box<Raw>, Arc<str>),
    Index(Box<Raw>, Arc<str>),
    Apply(Box<Raw>, Box<Raw>),
    Negate(Box<Raw>),
    Array(Vec<Raw>),
    Object(Vec<(Raw, Raw)>),
    Call(Box<Raw>, Vec<Raw>),
    Partial(Box<Raw>, Vec<Raw>),
    Lambda(Vec<Arc<str>>, Option<Signature>, Box<Raw>),
    Block(Vec<Raw>),
    Condition(Box<Raw>, Box<Raw>, Option<Box<Raw>>),
    Transform(Box<Raw>, Box<Raw>, Option<Box<Raw>>),
}

impl Raw {
    fn children(&self) -> Vec<&Raw> {
        match &self.kind {
            RawKind::Token(_) | RawKind::Wildcard | RawKind::Descendant | RawKind::Parent => Vec::new(),
            RawKind::Dot(left, right)
            | RawKind::Binary(_, left, right)
            | RawKind::Filter(left, right)
            | RawKind::Apply(left, right) => vec![left, right],
            RawKind::Group(left, pairs) => {
                std::iter::once(&**left).chain(pairs.iter().flat_map(|(key, value)| [key, value])).collect()
            }
            RawKind::Sort(left, terms) => {
                std::iter::once(&**left).chain(terms.iter().map(|(_, term)| term)).collect()
            }
            RawKind::Bind(_, child)
            | RawKind::Focus(child, _)
            | RawKind::Index(child, _)
            | RawKind::Negate(child)
            | RawKind::Lambda(_, _, child) => vec![child],
            RawKind::Array(children) | RawKind::Block(children) => children.iter().collect(),
            RawKind::Object(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
            RawKind::Call(procedure, arguments) | RawKind::Partial(procedure, arguments) => {
                std::iter::once(&**procedure).chain(arguments).collect()
            }
            RawKind::Condition(first, second, third) | RawKind::Transform(first, second, third) => {
                [&**first, second].into_iter().chain(third.as_deref()).collect()
            }
        }
    }
}

struct Parser {
    lexer: Lexer,
    /// The token that is to be read next.
    token: Token,
    depth: usize,
}

impl Parser {
    /// Reads an expression up to an operator that binds no stronger than `power`.
    fn expression(&mut self, power: usize) -> Result<Raw> {
        self.depth += 1;
        if self.depth > MAX_HEIGHT {
            return Err(too_deep());
        }
        let first = self.token.clone();
        self.advance(true)?;
        let mut left = self.prefix(first)?;
        while power < self.binding_power() {
            let operator = self.token.clone();
            self.advance(false)?;
            left = self.infix(left, operator)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn advance(&mut self, infix: bool) -> Result<()> {
        self.token = self.lexer.next(infix)?;
        if let TokenKind::Operator(id @ ("!" | "~")) = self.token.kind {
            return Err(Fault::new("S0204").at(self.token.position).token(id));
        }
        Ok(())
    }

    fn is(&self, operator: &str) -> bool {
        matches!(self.token.kind, TokenKind::Operator(id) if id == operator)
    }

    /// Reads `operator`, which must come.
    fn expect(&mut self, operator: &str, infix: bool) -> Result<()> {
        if !self.is(operator) {
            let code = if matches!(self.token.kind, TokenKind::End) { "S0203" } else { "S0202" };
            let fault = Fault::value(code, Some(Value::from(operator)));
            return Err(fault.at(self.token.position).token(self.token.kind.shown()));
        }
        self.advance(infix)
    }

    /// Reads `operator` if it comes.
    fn accept(&mut self, operator: &str) -> Result<bool> {
        let comes = self.is(operator);
        if comes {
            self.advance(false)?;
        }
        Ok(comes)
    }

    fn binding_power(&self) -> usize {
        let TokenKind::Operator(id) = self.token.kind else { return 0 };
        match id {
            "[" | "(" | "@" | "#" => 80,
            "." => 75,
            "{" => 70,
            "*" | "/" | "%" => 60,
            "+" | "-" | "&" => 50,
            "=" | "<" | ">" | "!=" | "<=" | ">=" | "~>" | "in" | "^" => 40,
            "and" => 30,
            "or" => 25,
            "?" => 20,
            ":=" => 10,
            _ => 0,
        }
    }

    fn node(&self, kind: RawKind, position: usize) -> Result<Raw> {
        let mut raw = Raw { kind, position, keep_array: false, height: 0 };
        raw.height = 1 + raw.children().into_iter().map(|child| child.height).max().unwrap_or(0);
        if raw.height > MAX_HEIGHT { Err(too_deep()) } else { Ok(raw) }
    }

    /// What starts with `token`.
    fn prefix(&mut self, token: Token) -> Result<Raw> {
        let position = token.position;
        let TokenKind::Operator(id) = token.kind else {
            return self.node(RawKind::Token(token.kind), position);
        };
        let kind = match id {
            "and" | "or" | "in" => RawKind::Token(token.kind),
            "-" => RawKind::Negate(Box::new(self.expression(70)?)),
            "*" => RawKind::Wildcard,
            "**" => RawKind::Descendant,
            "%" => RawKind::Parent,
            "(" => self.block()?,
            "[" => self.array()?,
            "{" => RawKind::Object(self.pairs()?),
            "|" => self.transform()?,
            _ => return Err(Fault::new("S0211").at(position).token(id)),
        };
        self.node(kind, position)
    }

    /// What `token` makes of the expression before it.
    fn infix(&mut self, left: Raw, token: Token) -> Result<Raw> {
        let position = token.position;
        let TokenKind::Operator(id) = token.kind else { return Ok(left) };
        let boxed = Box::new(left);
        let kind = match id {
            "." => RawKind::Dot(boxed, Box::new(self.expression(75)?)),
            "(" => return self.call(*boxed, position),
            "[" => return self.filter(*boxed, position),
            "{" => RawKind::Group(boxed, self.pairs()?),
            "^" => RawKind::Sort(boxed, self.terms()?),
            "?" => self.condition(boxed)?,
            "~>" => RawKind::Apply(boxed, Box::new(self.expression(40)?)),
            ":=" => {
                let RawKind::Token(TokenKind::Variable(name)) = boxed.kind else {
                    let mut fault = Fault::new("S0212").at(boxed.position);
                    fault.token = shown(&boxed);
                    return Err(fault);
                };
                RawKind::Bind(name, Box::new(self.expression(9)?))
            }
            "@" | "#" => {
                let right = self.expression(80)?;
                let RawKind::Token(TokenKind::Variable(name)) = right.kind else {
                    return Err(Fault::new("S0214").at(right.position).token(id));
                };
                if id == "@" { RawKind::Focus(boxed, name) } else { RawKind::Index(boxed, name) }
            }
            _ => {
                let power = match id {
                    "*" | "/" | "%" => 60,
                    "+" | "-" | "&" => 50,
                    "and" => 30,
                    "or" => 25,
                    _ => 40,
                };
                let Some(operator) = Operator::from_text(id) else {
                    return Err(Fault::new("S0201").at(position).token(id));
                };
                RawKind::Binary(operator, boxed, Box::new(self.expression(power)?))
            }
        };
        self.node(kind, position)
    }

    fn block(&mut self) -> Result<RawKind> {
        let mut expressions = Vec::new();
        while !self.is(")") {
            expressions.push(self.expression(0)?);
            if !self.accept(";")? {
                break;
            }
        }
        self.expect(")", true)?;
        Ok(RawKind::Block(expressions))
    }

    fn array(&mut self) -> Result<RawKind> {
        let mut items = Vec::new();
        if !self.is("]") {
            loop {
                let mut item = self.expression(0)?;
                if self.is("..") {
                    let position = self.token.position;
                    self.advance(false)?;
                    let last = self.expression(0)?;
                    item = self
                        .node(RawKind::Binary(Operator::Range, Box::new(item), Box::new(last)), position)?;
                }
                items.push(item);
                if !self.accept(",")? {
                    break;
                }
            }
        }
        self.expect("]", true)?;
        Ok(RawKind::Array(items))
    }

    fn pairs(&mut self) -> Result<Vec<(Raw, Raw)>> {
        let mut pairs = Vec::new();
        if !self.is("}") {
            loop {
                let key = self.expression(0)?;
                self.expect(":", false)?;
                pairs.push((key, self.expression(0)?));
                if !self.accept(",")? {
                    break;
                }
            }
        }
        self.expect("}", true)?;
        Ok(pairs)
    }

    fn transform(&mut self) -> Result<RawKind> {
        let pattern = Box::new(self.expression(0)?);
        self.expect("|", false)?;
        let update = Box::new(self.expression(0)?);
        let delete = if self.accept(",")? { Some(Box::new(self.expression(0)?)) } else { None };
        self.expect("|", false)?;
        Ok(RawKind::Transform(pattern, update, delete))
    }

    fn filter(&mut self, mut left: Raw, position: usize) -> Result<Raw> {
        if self.is("]") {
            let mut step = &mut left;
            while let RawKind::Filter(inner, _) = &mut step.kind {
                step = inner;
            }
            step.keep_array = true;
            // As in the reference, a `/` that follows opens a regular expression.
            self.advance(false)?;
            return Ok(left);
        }
        let predicate = self.expression(0)?;
        self.expect("]", true)?;
        self.node(RawKind::Filter(Box::new(left), Box::new(predicate)), position)
    }

    fn terms(&mut self) -> Result<Vec<(bool, Raw)>> {
        self.expect("(", false)?;
        let mut terms = Vec::new();
        loop {
            let descending = if self.accept("<")? { false } else { self.accept(">")? };
            terms.push((descending, self.expression(0)?));
            if !self.accept(",")? {
                break;
            }
        }
        self.expect(")", false)?;
        Ok(terms)
    }

    fn condition(&mut self, condition: Box<Raw>) -> Result<RawKind> {
        let then = Box::new(self.expression(0)?);
        let otherwise = if self.accept(":")? { Some(Box::new(self.expression(0)?)) } else { None };
        Ok(RawKind::Condition(condition, then, otherwise))
    }

    fn call(&mut self, left: Raw, position: usize) -> Result<Raw> {
        let mut arguments = Vec::new();
        let mut partial = false;
        if !self.is(")") {
            loop {
                if self.is("?") {
                    partial = true;
                    arguments.push(self.node(RawKind::Token(self.token.kind.clone()), self.token.position)?);
                    self.advance(false)?;
                } else {
                    arguments.push(self.expression(0)?);
                }
                if !self.accept(",")? {
                    break;
                }
            }
        }
        self.expect(")", true)?;
        if matches!(&left.kind, RawKind::Token(TokenKind::Name(name)) if matches!(&**name, "function" | "λ"))
        {
            return self.lambda(arguments, position);
        }
        let left = Box::new(left);
        let kind = if partial { RawKind::Partial(left, arguments) } else { RawKind::Call(left, arguments) };
        self.node(kind, position)
    }

    fn lambda(&mut self, arguments: Vec<Raw>, position: usize) -> Result<Raw> {
        let mut parameters = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            let RawKind::Token(TokenKind::Variable(name)) = &argument.kind else {
                let value = i64::try_from(index + 1).ok().map(Value::from);
                let mut fault = Fault::value("S0208", value).at(argument.position);
                fault.token = shown(argument);
                return Err(fault);
            };
            parameters.push(Arc::clone(name));
        }
        let signature = if self.is("<") { Some(self.signature()?) } else { None };
        self.expect("{", false)?;
        let body = self.expression(0)?;
        self.expect("}", false)?;
        self.node(RawKind::Lambda(parameters, signature, Box::new(body)), position)
    }

    fn signature(&mut self) -> Result<Signature> {
        let start = self.token.position;
        let mut text = String::from("<");
        let mut depth = 1;
        while depth > 0 && !self.is("{") && !matches!(self.token.kind, TokenKind::End) {
            self.advance(false)?;
            match &self.token.kind {
                TokenKind::Operator(">") => depth -= 1,
                TokenKind::Operator("<") => depth += 1,
                _ => {}
            }
            match self.token.kind.shown() {
                Value::String(token) => text.push_str(&token),
                other => text.push_str(&other.to_string()),
            }
        }
        self.expect(">", false)?;
        Signature::parse(&text)
            .map_err(|malformed| Fault::value(malformed.code, malformed.value).at(start + malformed.offset))
    }
}

/// What the reference keeps as the value of a node of the first pass.
fn shown(raw: &Raw) -> Option<Value> {
    Some(Value::from(match &raw.kind {
        RawKind::Token(token) => return Some(token.shown()),
        RawKind::Wildcard => "*",
        RawKind::Descendant => "**",
        RawKind::Parent => "%",
        RawKind::Dot(..) => ".",
        RawKind::Binary(operator, ..) => operator.text(),
        RawKind::Filter(..) | RawKind::Array(_) => "[",
        RawKind::Group(..) | RawKind::Object(_) => "{",
        RawKind::Sort(..) => "^",
        RawKind::Bind(..) => ":=",
        RawKind::Focus(..) => "@",
        RawKind::Index(..) => "#",
        RawKind::Apply(..) => "~>",
        RawKind::Negate(_) => "-",
        RawKind::Call(..) | RawKind::Partial(..) | RawKind::Lambda(..) | RawKind::Block(_) => "(",
        RawKind::Condition(..) => "?",
        RawKind::Transform(..) => "|",
    }))
}

fn too_deep() -> Box<Fault> {
    Fault::limit(format!("the expression is nested more than {MAX_HEIGHT} levels deep"))
}
