//! Filters: `[?(@.price < 10 && @.name == 'x')]`.
//!
//! A filter is read by cutting its text apart, at `&&` and `||`, then at the first operator, whatever quotes
//! or brackets say; grouping has no effect. A literal is a text, so that `10` is compared with a number as a
//! number and with a string as a string. Source: Jayway JsonPath 1.2 to 2.0.

use std::{borrow::Cow, cmp::Ordering, fmt, sync::Arc};

use super::{
    Budget,
    decimal::Decimal,
    evaluate::{self, Failure},
    parse::{Place, compile, ends_early, invalid_path, trim},
    query::{Astray, Query},
    regex::Regex,
};
use crate::json::Value;

/// A compiled filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    /// `[?]`, `[?,?]`: predicates that a program would supply, and that nobody does.
    Placeholder(usize),
    /// What must hold: one of these, of which each holds if all its tests do.
    AnyOf(Vec<Vec<Test>>),
}

/// One test of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    /// `@.a`, `!@.a`: whether something other than null is there.
    Exists {
        path: OperandPath,
        expected: bool,
    },
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
}

/// In the order in which they are looked for: the first one that occurs anywhere is taken.
const OPERATORS: [(&str, Operator); 7] = [
    ("==", Operator::Equal),
    (">=", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("!=", Operator::NotEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("=~", Operator::Matches),
];

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Path(OperandPath),
    Text(Text),
    Pattern(Regex),
}

/// A path in a filter: definite, from the tested value or, with `$`, from the whole document.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OperandPath {
    is_from_root: bool,
    query: Query,
}

/// A literal; what it means is worked out once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    text: Arc<str>,
    /// With `'` for `\'`: how it stands on the right side of a comparison.
    unescaped: Arc<str>,
    number: Option<Decimal<'static>>,
}

impl Filter {
    pub(super) fn placeholder(count: usize) -> Filter {
        Filter::Placeholder(count)
    }

    /// Compiles `[?(…)]`, brackets included.
    pub(super) fn parse(text: &str) -> Result<Filter, String> {
        let mut alternatives = Vec::new();
        for alternative in expression(text)?.split("||") {
            let tests = alternative.split("&&").map(|test| parse_test(without_brackets(test)));
            alternatives.push(tests.collect::<Result<Vec<Test>, String>>()?);
        }
        Ok(Filter::AnyOf(alternatives))
    }

    /// Whether the filter holds for `item`, in `document`.
    ///
    /// Tests are made from left to right until the outcome is known. A path that finds nothing makes its
    /// comparison false, `!=` as well.
    pub(super) fn accepts(
        &self,
        item: &Value,
        document: &Value,
        budget: &mut Budget,
    ) -> Result<bool, Failure> {
        let Filter::AnyOf(alternatives) = self else {
            return Err(Failure::Path("A filter without an expression tests nothing".to_owned()));
        };
        let mut subject = Subject { item, document, budget };
        for tests in alternatives {
            if subject.passes_all(tests)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What stands between `[?(` and `)]`.
fn expression(text: &str) -> Result<&str, String> {
    let inside = |text, open: &str, close: &str| trim(text).strip_prefix(open)?.strip_suffix(close);
    let content = inside(text, "[", "]").and_then(|content| trim(content).strip_prefix('?')).unwrap_or(text);
    inside(content, "(", ")").map(trim).ok_or_else(|| {
        invalid_path(&format!("Filter must start with '[?(' and end with ')]'. {}", trim(content)))
    })
}

/// Grouping is taken off each piece, and so means nothing.
fn without_brackets(test: &str) -> &str {
    trim(test).trim_start_matches(['[', '?', '(', ' ']).trim_end_matches([')', ' '])
}

fn parse_test(text: &str) -> Result<Test, String> {
    if text.is_empty() {
        return Err(ends_early());
    }
    let found = OPERATORS.iter().find_map(|(sign, operator)| Some((text.split_once(sign)?, *operator)));
    let Some(((left, right), operator)) = found else {
        return match parse_operand(trim(text))? {
            Operand::Path(path) => Ok(Test::Exists { path, expected: !text.starts_with('!') }),
            _ => Err("java.lang.UnsupportedOperationException: CriteriaType  can not be parsed".to_owned()),
        };
    };
    let (left, right) = (trim(left), trim(right));
    let left = parse_operand(left)?;
    if right.starts_with("!@") {
        let text = "Invalid negation! Can only be used for existence check e.g [?(!@.foo)]";
        return Err(invalid_path(text));
    }
    Ok(Test::Compare { left, operator, right: parse_operand(right)? })
}

/// A negation in front of the left side of a comparison is not looked at, as in the library.
fn parse_operand(text: &str) -> Result<Operand, String> {
    let path = text.strip_prefix('!').filter(|path| path.starts_with('@')).unwrap_or(text);
    if path.starts_with(['@', '$']) {
        let query = compile(Place::Operand, path).map_err(|fault| invalid_path(&fault))?;
        if !query.is_definite() {
            return Err(invalid_path(&format!("the predicate path: {path} is not definite")));
        }
        return Ok(Operand::Path(OperandPath { is_from_root: path.starts_with('$'), query }));
    }
    if text.starts_with('\'') && text.ends_with('\'') {
        let text = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).ok_or_else(ends_early)?;
        return Ok(Operand::Text(Text::new(text)));
    }
    if text.starts_with('/') && (text.ends_with('/') || text.ends_with("/i")) {
        let ignores_case = text.ends_with('i');
        let pattern = text.strip_suffix('i').unwrap_or(text).strip_suffix('/').unwrap_or(text);
        let pattern = pattern.strip_prefix('/').ok_or_else(ends_early)?;
        return Regex::compile(pattern, ignores_case).map(Operand::Pattern);
    }
    Ok(Operand::Text(Text::new(text)))
}

impl Text {
    fn new(text: &str) -> Text {
        Text {
            text: Arc::from(text),
            unescaped: Arc::from(&*unescape(text)),
            number: Decimal::parse(text).map(Decimal::into_owned),
        }
    }
}

fn unescape(text: &str) -> Cow<'_, str> {
    if text.contains("\\'") { Cow::Owned(text.replace("\\'", "'")) } else { Cow::Borrowed(text) }
}

/// What a filter is evaluated on.
struct Subject<'a, 'b> {
    item: &'a Value,
    document: &'a Value,
    budget: &'b mut Budget,
}

/// What an operand stands for.
enum Side<'a> {
    Json(Cow<'a, Value>),
    Text(&'a Text),
    Pattern(&'a Regex),
}

impl<'a> Subject<'a, '_> {
    fn passes_all(&mut self, tests: &'a [Test]) -> Result<bool, Failure> {
        for test in tests {
            if !self.passes(test)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn passes(&mut self, test: &'a Test) -> Result<bool, Failure> {
        self.budget.spend(1)?;
        match test {
            Test::Exists { path, expected } => {
                let is_there = self.find(path)?.is_some_and(|value| !value.is_null());
                Ok(is_there == *expected)
            }
            Test::Compare { left, operator, right } => {
                let (Some(left), Some(right)) = (self.side(left)?, self.side(right)?) else {
                    return Ok(false);
                };
                match operator {
                    Operator::Matches => self.matches(&left, &right),
                    operator => self.compares(&left, *operator, &right),
                }
            }
        }
    }

    fn side(&mut self, operand: &'a Operand) -> Result<Option<Side<'a>>, Failure> {
        Ok(match operand {
            Operand::Path(path) => self.find(path)?.map(Side::Json),
            Operand::Text(text) => Some(Side::Text(text)),
            Operand::Pattern(pattern) => Some(Side::Pattern(pattern)),
        })
    }

    fn find(&mut self, path: &'a OperandPath) -> Result<Option<Cow<'a, Value>>, Failure> {
        self.budget.spend(path.query.weight())?;
        let start = if path.is_from_root { self.document } else { self.item };
        match path.query.follow(start) {
            Ok(value) => Ok(Some(value)),
            Err(Astray::NotFound) => Ok(None),
            // Once more, for the words.
            Err(Astray::Invalid) => evaluate::evaluate(&path.query, start, "$", self.budget).map(|_| None),
        }
    }

    fn compares(&mut self, left: &Side<'_>, operator: Operator, right: &Side<'_>) -> Result<bool, Failure> {
        let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        if !is_equality && left.is_null() != right.is_null() {
            return Ok(false);
        }
        self.budget.spend(right.text().map_or(1, work))?;
        let order = order(right, left).map_err(|NotANumber| {
            let text = right.text().unwrap_or_default();
            Failure::Path(format!("A filter compares the text '{text}' with a number"))
        })?;
        // The order is that of the right side against the left.
        Ok(order.is_some_and(|order| match operator {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Less => order.is_gt(),
            Operator::LessOrEqual => order.is_ge(),
            Operator::Greater => order.is_lt(),
            Operator::GreaterOrEqual => order.is_le(),
            Operator::Matches => false,
        }))
    }

    /// Whether the side that is no pattern matches the other as a whole. Without any pattern nothing matches.
    fn matches(&mut self, left: &Side<'_>, right: &Side<'_>) -> Result<bool, Failure> {
        let (pattern, target) = match (left, right) {
            (Side::Pattern(pattern), target) | (target, Side::Pattern(pattern)) => (pattern, target),
            _ => return Ok(false),
        };
        let text = match target {
            Side::Json(value) if value.is_null() => return Ok(false),
            Side::Json(value) => match value.as_str() {
                Some(text) => Cow::Borrowed(text),
                None => Cow::Owned(value.to_java_string()),
            },
            Side::Text(text) => Cow::Borrowed(&*text.text),
            Side::Pattern(pattern) => Cow::Borrowed(pattern.source()),
        };
        self.budget.spend(work(&text))?;
        pattern.matches(&text, self.budget)
    }
}

/// A text that a number is compared with is none.
struct NotANumber;

/// The order of the right side of a comparison against the left; `None` if they cannot be compared.
fn order(expected: &Side<'_>, model: &Side<'_>) -> Result<Option<Ordering>, NotANumber> {
    if expected.is_same(model) {
        return Ok(Some(Ordering::Equal));
    }
    // No value and the text `null` are alike, and less than all else.
    match (expected.is_nullish(), model.is_nullish()) {
        (false, false) => {}
        (expected, model) => return Ok(Some(model.cmp(&expected))),
    }
    if let (Some(left), Some(right)) = (expected.unescaped(), model.text()) {
        return Ok(Some(left.encode_utf16().cmp(right.encode_utf16())));
    }
    match (expected, model.json()) {
        (expected, Some(Value::Number(model))) if expected.text().is_some() => {
            let model = model.to_string();
            let (left, right) = expected.decimal().zip(Decimal::parse(&model)).ok_or(NotANumber)?;
            Ok(Some(left.compare(&right)))
        }
        (expected, Some(Value::Bool(model))) if expected.text().is_some() => {
            let expected = expected.text().is_some_and(|text| text.eq_ignore_ascii_case("true"));
            Ok(Some(expected.cmp(model)))
        }
        (Side::Json(expected), Some(model)) => Ok(match (&**expected, model) {
            (Value::Bool(expected), Value::Bool(model)) => Some(expected.cmp(model)),
            (Value::Number(expected), Value::Number(model)) => {
                let (expected, model) = (expected.to_string(), model.to_string());
                let (left, right) =
                    Decimal::parse(&expected).zip(Decimal::parse(&model)).ok_or(NotANumber)?;
                Some(left.compare(&right))
            }
            _ => None,
        }),
        _ => Ok(None),
    }
}

impl Side<'_> {
    fn json(&self) -> Option<&Value> {
        if let Side::Json(value) = self { Some(value) } else { None }
    }

    fn is_null(&self) -> bool {
        self.json().is_some_and(Value::is_null)
    }

    fn is_nullish(&self) -> bool {
        self.is_null() || self.text() == Some("null")
    }

    fn text(&self) -> Option<&str> {
        match self {
            Side::Json(value) => value.as_str(),
            Side::Text(text) => Some(&text.text),
            Side::Pattern(_) => None,
        }
    }

    fn unescaped(&self) -> Option<Cow<'_, str>> {
        match self {
            Side::Text(text) => Some(Cow::Borrowed(&text.unescaped)),
            other => other.text().map(unescape),
        }
    }

    fn decimal(&self) -> Option<Decimal<'_>> {
        match self {
            Side::Text(text) => text.number.clone(),
            other => Decimal::parse(other.text()?),
        }
    }

    /// Whether both are one place of the document, which is the only way for containers to be equal.
    fn is_same(&self, other: &Side<'_>) -> bool {
        match (self, other) {
            (Side::Json(Cow::Borrowed(left)), Side::Json(Cow::Borrowed(right))) => {
                std::ptr::eq(*left, *right)
            }
            _ => false,
        }
    }
}

/// What it costs to look at a text, in units of a [`Budget`].
fn work(text: &str) -> usize {
    const BYTES_A_UNIT: usize = 32;
    1 + text.len() / BYTES_A_UNIT
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let predicates = if let Filter::Placeholder(count) = self { (*count).max(1) } else { 1 };
        write!(f, "[?{}]", ",?".repeat(predicates - 1))
    }
}
