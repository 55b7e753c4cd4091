//! JSONPath as the service evaluates it, and reference paths, which say where to insert.
//!
//! The dialect is that of Jayway JsonPath 1.1 to 2.0: no quoting in brackets but `'`, no escapes, negative
//! indexes are out of bounds. Built are the paths that select one value, by names and indexes; what selects
//! any number of values is recognised and refused as [`PathError::Unsupported`].

use std::{
    cell::{Cell, OnceCell},
    fmt::Write,
    sync::Arc,
};

use super::random;
use crate::json::{Payload, Value};

/// The error name of a [`Conflict`].
pub const REFERENCE_PATH_CONFLICT: &str = "States.ReferencePathConflict";

/// A compiled path: `$`, `$.a['b'][0]`, `$$.Execution.Id`, `$variable.a`.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    text: Arc<str>,
    root: Root,
    steps: Vec<Step>,
}

/// Where a path starts.
#[derive(Clone, Debug, PartialEq)]
enum Root {
    /// `$`
    Input,
    /// `$$`
    Context,
    /// `$name`
    Variable(Arc<str>),
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Name(Arc<str>),
    /// A negative index compiles, and is out of bounds.
    Index(i32),
}

/// Why a text is not a path that can be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A path of the language which gradus does not evaluate yet: wildcard, slice, filter, deep scan, union.
    #[error("paths that select any number of values are not supported")]
    Unsupported,
    /// Not a path.
    #[error("not a path")]
    Invalid,
}

impl Path {
    /// Compiles a path. It must start with `$`; blanks at its end do not count.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        let (root, steps) = parse_root(text.trim_end_matches(|character| character <= ' '))?;
        Ok(Path { text: Arc::from(text), root, steps: parse_steps(steps)? })
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the variable that the path starts from, if it does.
    pub fn variable(&self) -> Option<&str> {
        if let Root::Variable(name) = &self.root { Some(name) } else { None }
    }

    /// Whether the path is `$`: all of the input, whatever it is.
    pub fn is_whole_input(&self) -> bool {
        self.root == Root::Input && self.steps.is_empty()
    }

    /// The value that the path leads to; JSON null is a value.
    ///
    /// All but `$` itself fail on a null input. Reads nothing that the path does not lead through.
    pub fn find(&self, scope: &Scope<'_>) -> Result<Value, Missing> {
        match &self.root {
            Root::Input => {
                let input = scope.input.value();
                if input.is_null() && !self.steps.is_empty() {
                    return Err(Missing(Reason::NullInput));
                }
                self.walk("$", input)
            }
            Root::Context => self.walk("$", scope.context()),
            Root::Variable(name) => {
                // Variables read as the members of one object; the texts for them are not recorded.
                let place = format!("$['{name}']");
                match (scope.variables)(name) {
                    Some(value) => self.walk(&place, &value),
                    None if self.steps.is_empty() => Err(missing(format!("No results for path: {place}"))),
                    None => Err(missing(format!("Missing property in path {place}"))),
                }
            }
        }
    }

    fn walk(&self, root: &str, value: &Value) -> Result<Value, Missing> {
        let mut value = value;
        for (at, step) in self.steps.iter().enumerate() {
            let next = match (step, value) {
                (Step::Name(name), Value::Object(object)) => object.get(name),
                (Step::Index(index), Value::Array(array)) => {
                    usize::try_from(*index).ok().and_then(|index| array.get(index))
                }
                _ => None,
            };
            value = next.ok_or_else(|| self.missing(root, at, value))?;
        }
        Ok(value.clone())
    }

    /// Why step `at` leads nowhere from `value`. Source: Jayway JsonPath 1.2, Jackson maps and lists.
    #[cold]
    fn missing(&self, root: &str, at: usize, value: &Value) -> Missing {
        let (before, rest) = self.steps.split_at(at.min(self.steps.len()));
        let place = format!("{root}{}", normalised(before));
        let step = normalised(rest.get(..1).unwrap_or_default());
        missing(match (rest, value) {
            ([Step::Name(_)], Value::Object(_)) => format!("No results for path: {place}{step}"),
            ([Step::Name(_), ..], Value::Object(_)) => {
                format!("Missing property in path {place}{step}")
            }
            ([Step::Name(_), ..], _) => format!("Property {step} not found in path {place}"),
            (_, Value::Array(_)) => {
                format!("Index out of bounds when evaluating path {place}{step}")
            }
            (_, Value::Null) => format!("The path {place} is null"),
            (rest, other) => format!(
                "Filter: {} can only be applied to arrays. Current context is: {}",
                normalised(rest),
                other.to_java_string()
            ),
        })
    }
}

/// What a path can look at.
///
/// The context object and variables are asked for only when a path starts from them; the context object is
/// built once.
pub struct Scope<'a> {
    input: &'a Payload,
    context: &'a dyn Fn() -> Value,
    variables: &'a dyn Fn(&str) -> Option<Value>,
    built_context: OnceCell<Value>,
    seed: u64,
    draws: Cell<u64>,
}

impl<'a> Scope<'a> {
    /// A scope without variables: `input` is `$`, `context` builds `$$`.
    pub fn new(input: &'a Payload, context: &'a dyn Fn() -> Value) -> Scope<'a> {
        let variables = &|_: &str| None;
        Scope { input, context, variables, built_context: OnceCell::new(), seed: 0, draws: Cell::new(0) }
    }

    /// The same scope, with variables.
    pub fn with_variables(self, variables: &'a dyn Fn(&str) -> Option<Value>) -> Scope<'a> {
        Scope { variables, ..self }
    }

    /// The same scope, with a seed from which all its random numbers follow; it is 0 by default.
    pub fn with_seed(self, seed: u64) -> Scope<'a> {
        Scope { seed, ..self }
    }

    /// The next random number.
    pub fn draw(&self) -> u64 {
        random::nth(self.seed, self.draws.replace(self.draws.get().wrapping_add(1)))
    }

    /// `$`.
    pub fn input(&self) -> &'a Payload {
        self.input
    }

    /// `$$`.
    pub fn context(&self) -> &Value {
        self.built_context.get_or_init(self.context)
    }
}

/// A path leads nowhere. Its methods give the text of the failure, one for each kind of place where a path
/// may stand; the error is always `States.Runtime`, and the caller puts the state in front of the text.
///
/// Source: the service, recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(Reason);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    NullInput,
    /// In the words of the service's path library.
    Path(String),
}

/// For any path, whatever its place.
const NULL_INPUT: &str = "Unable to apply Path transformation to null or empty input.";

fn missing(text: String) -> Missing {
    Missing(Reason::Path(text))
}

impl Missing {
    /// For InputPath, OutputPath, TimeoutSecondsPath, HeartbeatSecondsPath and the like.
    pub fn in_path_field(&self, path: &Path) -> String {
        match &self.0 {
            Reason::NullInput => NULL_INPUT.to_owned(),
            Reason::Path(reason) => format!("Invalid path '{}' : {reason}", path.text),
        }
    }

    /// For the key `field` of a template, with its `.$`, and for ErrorPath and CausePath. Quotes the input,
    /// or the whole context object if that is where the path starts.
    pub fn in_payload_field(&self, path: &Path, field: &str, scope: &Scope<'_>) -> String {
        if self.0 == Reason::NullInput {
            return NULL_INPUT.to_owned();
        }
        let mut text =
            format!("The JSONPath '{}' specified for the field '{field}' could not be found", path.text);
        // Writing to a string does not fail.
        _ = match path.root {
            Root::Context => write!(text, " in the input '{}'", scope.context()),
            Root::Input | Root::Variable(_) => write!(text, " in the input '{}'", scope.input),
        };
        text
    }

    /// For the `Variable` of a choice rule and the operand of its `…Path` operators.
    pub fn in_choice(&self, path: &Path) -> String {
        match &self.0 {
            Reason::NullInput => NULL_INPUT.to_owned(),
            // No blank before the colon, unlike elsewhere.
            Reason::Path(_) => {
                format!(
                    "Invalid path '{}': The choice state's condition path references an invalid value.",
                    path.text
                )
            }
        }
    }

    /// What the service's path library says, where nothing is put around it.
    pub fn reason(&self) -> &str {
        match &self.0 {
            Reason::NullInput => NULL_INPUT,
            Reason::Path(reason) => reason,
        }
    }
}

/// A path to insert at: `ResultPath`. It starts at `$`, and each step is one name or one index.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferencePath {
    text: Arc<str>,
    steps: Vec<Step>,
}

impl ReferencePath {
    /// Compiles a reference path. What other paths may hold beyond names and indexes is invalid here, and so
    /// are the characters `@ , : ? *` outside quotes, the context object and variables.
    pub fn parse(text: &str) -> Result<ReferencePath, PathError> {
        let path = Path::parse(text).map_err(|_| PathError::Invalid)?;
        let is_plain =
            !outside_quotes(text).any(|character| matches!(character, '@' | ',' | ':' | '?' | '*'));
        let is_forward = path.steps.iter().all(|step| !matches!(step, Step::Index(..0)));
        if path.root == Root::Input && is_plain && is_forward {
            Ok(ReferencePath { text: path.text, steps: path.steps })
        } else {
            Err(PathError::Invalid)
        }
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the path is `$`: what is inserted replaces the target.
    pub fn is_whole_input(&self) -> bool {
        self.steps.is_empty()
    }

    /// `target` with `value` at this path. Objects on the way that are not there are created; everything that
    /// is not on the way is shared with `target`.
    ///
    /// Fails where the way leads through something that is no object or, for an index, through an array
    /// without that element: the service is not known to extend arrays.
    pub fn insert(&self, target: &Value, value: Value) -> Result<Value, Conflict> {
        let mut root = target.clone();
        let mut place = &mut root;
        let last = self.steps.len().saturating_sub(1);
        for (at, step) in self.steps.iter().enumerate() {
            place = descend(place, step, at == last).ok_or_else(|| self.conflict(target))?;
        }
        *place = value;
        Ok(root)
    }

    #[cold]
    fn conflict(&self, target: &Value) -> Conflict {
        Conflict { cause: format!("Unable to apply ReferencePath {} to input {target}", self.text) }
    }
}

/// A result cannot be inserted: the failure `States.ReferencePathConflict`.
///
/// Source: the service, recorded; the specification has `States.ResultPathMatchFailure` instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Conflict {
    /// The cause of the failure.
    pub cause: String,
}

/// The place one step below, which is made if it is a missing name.
fn descend<'a>(place: &'a mut Value, step: &Step, is_last: bool) -> Option<&'a mut Value> {
    match (step, place) {
        (Step::Name(name), Value::Object(object)) => {
            let object = Arc::make_mut(object);
            if !is_last && !object.contains_key(name) {
                object.insert(Arc::clone(name), Value::empty_object());
            }
            Some(object.entry_or_null(name))
        }
        (Step::Index(index), Value::Array(array)) => {
            let index = usize::try_from(*index).ok().filter(|index| *index < array.len())?;
            Arc::make_mut(array).get_mut(index)
        }
        _ => None,
    }
}

/// `['name']` or `[n]` for each step, as the path library prints them: names are not escaped.
fn normalised(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        _ = match step {
            Step::Name(name) => write!(text, "['{name}']"),
            Step::Index(index) => write!(text, "[{index}]"),
        };
    }
    text
}

/// The root of a path, and the text behind it.
fn parse_root(text: &str) -> Result<(Root, &str), PathError> {
    let rest = text.strip_prefix('$').ok_or(PathError::Invalid)?;
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, steps) = rest.split_at(end);
    match name {
        "" => Ok((Root::Input, steps)),
        "$" => Ok((Root::Context, steps)),
        name if is_variable_name(name) => Ok((Root::Variable(Arc::from(name)), steps)),
        _ => Err(PathError::Invalid),
    }
}

/// A Unicode identifier of at most 80 characters. The underscore, which Unicode leaves to each language,
/// counts as a letter.
fn is_variable_name(name: &str) -> bool {
    name.chars().count() <= 80
        && name.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_alphanumeric() || character == '_')
}

/// The steps of a path behind its root.
fn parse_steps(text: &str) -> Result<Vec<Step>, PathError> {
    if text.ends_with("..") {
        return Err(PathError::Invalid);
    }
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '[' {
            let (fragment, after) = split_bracket(rest)?;
            steps.push(parse_bracket(fragment)?);
            rest = after;
            continue;
        }
        let name = match rest.strip_prefix('.') {
            // A dot before a bracket is dropped.
            Some(after) if after.starts_with('[') => {
                rest = after;
                continue;
            }
            Some(after) if after.starts_with('.') || is_wildcard(after) => {
                return Err(PathError::Unsupported);
            }
            Some(after) => after,
            None if first == '*' => return Err(PathError::Unsupported),
            None if first == '$' => return Err(PathError::Invalid),
            // Behind a bracket a name needs no dot.
            None => rest,
        };
        let (name, after) = name.split_at(name.find(['.', '[', ' ']).unwrap_or(name.len()));
        if name.is_empty() {
            return Err(PathError::Invalid);
        }
        steps.push(parse_name(name)?);
        rest = after;
    }
    Ok(steps)
}

/// Whether a step is `*` alone; with more behind it, it is a name.
fn is_wildcard(text: &str) -> bool {
    text.strip_prefix('*').is_some_and(|after| after.is_empty() || after.starts_with(['.', '[', ' ']))
}

/// A name without brackets. The library puts it in brackets and quotes and reads it again, which only matters
/// if it holds one of these itself.
fn parse_name(name: &str) -> Result<Step, PathError> {
    if name.contains(['\'', ']']) {
        parse_quoted(&format!("'{name}'"))
    } else {
        Ok(Step::Name(Arc::from(name)))
    }
}

/// Splits behind the bracket that closes the first one. Quotes do not count.
fn split_bracket(text: &str) -> Result<(&str, &str), PathError> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            // Both brackets are one byte long.
            return Ok((text.get(1..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()));
        }
    }
    Err(PathError::Invalid)
}

/// What stands between two brackets: the first character that means something decides.
fn parse_bracket(content: &str) -> Result<Step, PathError> {
    if content == "*" {
        return Err(PathError::Unsupported);
    }
    let decides = |character: char| matches!(character, '\'' | '"' | '?' | '@' | ':' | '-' | '0'..='9');
    let from = content.find(decides).ok_or(PathError::Invalid)?;
    let content = content.get(from..).unwrap_or_default();
    match content.chars().next() {
        Some('\'') => parse_quoted(content),
        // The library would look past this quote for a digit and take that for an index: nobody means it.
        Some('"') => Err(PathError::Invalid),
        Some('?' | '@') => Err(PathError::Unsupported),
        _ => parse_index(content),
    }
}

/// `'name'`. Whatever follows is ignored, unless it is a second name; a bracket ends it even inside quotes.
fn parse_quoted(content: &str) -> Result<Step, PathError> {
    let content = content.split(']').next().unwrap_or_default();
    let pieces: Vec<&str> = content.split('\'').collect();
    // Every second piece is inside quotes; the last piece has no quote behind it.
    let mut names = pieces.split_last().map_or(&[][..], |(_, pieces)| pieces).iter().skip(1).step_by(2);
    match (names.next(), names.next()) {
        (Some(name), None) => Ok(Step::Name(Arc::from(*name))),
        (Some(_), Some(_)) => Err(PathError::Unsupported),
        (None, _) => Err(PathError::Invalid),
    }
}

/// `n` or `n,`. Blanks do not count.
fn parse_index(content: &str) -> Result<Step, PathError> {
    let content: String = content.chars().filter(|character| *character != ' ').collect();
    let single = content.strip_suffix(',').unwrap_or(&content);
    if single.contains([':', ',']) {
        return Err(PathError::Unsupported);
    }
    single.parse().map(Step::Index).map_err(|_| PathError::Invalid)
}

fn outside_quotes(text: &str) -> impl Iterator<Item = char> {
    text.split('\'').step_by(2).flat_map(str::chars)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    const A: &str = r#"{"a":1,"b":{"c":2,"d":null},"e":[10,20,30,40],"f":"str",
        "g":[{"n":1,"t":"x"},{"n":2},{"n":3,"t":"y"}]}"#;
    const K: &str = r#"{"a-b":1,"a_b":2,"a.b":3,"a'b":4,"a]b":5,"a@b":6,"$x":7,"*":8,"é":9,"q\\\"r":10,
        "0":11,        "a,b":12,"(p)":13,"a:b":14,"":15}"#;

    /// The value that `path` finds, compact, or why it finds none.
    fn find(input: &str, path: &str) -> Result<String, String> {
        let input = Payload::parse(input).unwrap();
        let context = || parse(r#"{"Execution":{"Id":"arn","Input":{}},"State":{"Name":"S"}}"#).unwrap();
        let variables = |name: &str| (name == "x").then(|| parse(r#"{"y":[1,2]}"#).unwrap());
        let scope = Scope::new(&input, &context).with_variables(&variables);
        let found = Path::parse(path).unwrap().find(&scope);
        found.map(|value| value.to_string()).map_err(|missing| missing.reason().to_owned())
    }

    #[test]
    fn finds() {
        let cases = [
            (A, "$.a", "1"),
            (A, "$.b", r#"{"c":2,"d":null}"#),
            (A, "$.b.d", "null"),
            (A, "$['b']['c']", "2"),
            (A, "$.['b'].c", "2"),
            (A, "$['b']c", "2"),
            (A, "$[ 'b' ].c", "2"),
            (A, "$.e[0]", "10"),
            (A, "$.e[ 0 ]", "10"),
            (A, "$.e.[03]", "40"),
            (A, "$.e[1,]", "20"),
            (A, "$.g[0].t", "\"x\""),
            (A, "$.a ", "1"),
            ("[5,null,\"x\",{\"k\":1}]", "$[1]", "null"),
            ("[5,null,\"x\",{\"k\":1}]", "$[3].k", "1"),
            ("4", "$", "4"),
            ("null", "$", "null"),
            // Names
            (K, "$.a-b", "1"),
            (K, "$.a_b", "2"),
            (K, "$['a.b']", "3"),
            (K, "$.a@b", "6"),
            (K, "$.$x", "7"),
            (K, "$['$x']", "7"),
            (K, "$['*']", "8"),
            (K, "$.é", "9"),
            (K, r#"$['q\"r']"#, "10"),
            (K, "$.0", "11"),
            (K, "$['a,b']", "12"),
            (K, "$.a,b", "12"),
            (K, "$.(p)", "13"),
            (K, "$.a:b", "14"),
            (K, "$['']", "15"),
            // Context object and variables
            ("null", "$$.Execution.Id", "\"arn\""),
            ("null", "$$['State']", r#"{"Name":"S"}"#),
            ("1", "$$", r#"{"Execution":{"Id":"arn","Input":{}},"State":{"Name":"S"}}"#),
            ("1", "$x", r#"{"y":[1,2]}"#),
            ("1", "$x.y[1]", "2"),
            ("null", "$x['y']", "[1,2]"),
        ];
        for (input, path, expected) in cases {
            assert_eq!(find(input, path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn says_what_is_missing() {
        let cases = [
            ("{}", "$.NoSuchInputPath", "No results for path: $['NoSuchInputPath']"),
            ("{}", "$.no.such.result.path", "Missing property in path $['no']"),
            (A, "$.g[1].t", "No results for path: $['g'][1]['t']"),
            (A, "$.b.x.y", "Missing property in path $['b']['x']"),
            (A, "$.x[0]", "Missing property in path $['x']"),
            (A, "$.f.x", "Property ['x'] not found in path $['f']"),
            (A, "$.b.d.x", "Property ['x'] not found in path $['b']['d']"),
            (A, "$.e.x.y", "Property ['x'] not found in path $['e']"),
            ("[1]", "$.k", "Property ['k'] not found in path $"),
            (A, "$.e[4]", "Index out of bounds when evaluating path $['e'][4]"),
            (A, "$.e[-1]", "Index out of bounds when evaluating path $['e'][-1]"),
            (A, "$.g[7].n", "Index out of bounds when evaluating path $['g'][7]"),
            (A, "$.b.d[0]", "The path $['b']['d'] is null"),
            (A, "$.a[0]", "Filter: [0] can only be applied to arrays. Current context is: 1"),
            (A, "$.f[0]", "Filter: [0] can only be applied to arrays. Current context is: str"),
            (A, "$.b[0]", "Filter: [0] can only be applied to arrays. Current context is: {c=2, d=null}"),
            (
                A,
                "$.b[0].c",
                "Filter: [0]['c'] can only be applied to arrays. Current context is: {c=2, d=null}",
            ),
            ("{}", "$.a.length()", "Missing property in path $['a']"),
            (A, "$.e.length()", "Property ['length()'] not found in path $['e']"),
            (K, "$.a'b", "No results for path: $['a']"),
            (K, r"$['a\'b']", r"No results for path: $['a\']"),
            (K, r"$.a\@b", r"No results for path: $['a\@b']"),
            (K, "$.*a", "No results for path: $['*a']"),
            ("null", "$.a", "Unable to apply Path transformation to null or empty input."),
            ("null", "$$.Nothing", "No results for path: $['Nothing']"),
            ("{}", "$y", "No results for path: $['y']"),
            ("{}", "$y.z", "Missing property in path $['y']"),
            ("{}", "$x.z", "No results for path: $['x']['z']"),
        ];
        for (input, path, expected) in cases {
            assert_eq!(find(input, path), Err(expected.to_owned()), "{path}");
        }
    }

    #[test]
    fn refuses() {
        use PathError::{Invalid, Unsupported};
        let cases = [
            // What selects any number of values.
            ("$.*", Unsupported),
            ("$[*]", Unsupported),
            ("$.a.*.b", Unsupported),
            ("$['a']*", Unsupported),
            ("$..a", Unsupported),
            ("$...a", Unsupported),
            ("$.a[1:]", Unsupported),
            ("$.a[:2]", Unsupported),
            ("$.a[-3:-1]", Unsupported),
            ("$.a[0,1]", Unsupported),
            ("$['a', 'b']", Unsupported),
            ("$.a[?(@.b == 1)]", Unsupported),
            ("$.a.[?(@.b)]", Unsupported),
            ("$[?(@.b)]", Unsupported),
            ("$.a[(@.length-1)]", Unsupported),
            ("$x[*]", Unsupported),
            ("$$..Id", Unsupported),
            // What is no path.
            ("", Invalid),
            ("a", Invalid),
            ("@.a", Invalid),
            (" $.a", Invalid),
            ("$ .a", Invalid),
            ("$.", Invalid),
            ("$.a.", Invalid),
            ("$..", Invalid),
            ("$.a..", Invalid),
            ("$.a b", Invalid),
            ("$. a", Invalid),
            ("$['a'] .b", Invalid),
            ("$['a']$", Invalid),
            ("$[]", Invalid),
            ("$[a]", Invalid),
            ("$[\"a\"]", Invalid),
            ("$[\"a1\"]", Invalid),
            ("$[ * ]", Invalid),
            ("$[''", Invalid),
            ("$['a", Invalid),
            ("$['a]b']", Invalid),
            ("$.e[", Invalid),
            ("$.e[0", Invalid),
            ("$.e[1]]", Invalid),
            ("$.e[99999999999]", Invalid),
            ("$.e[1-]", Invalid),
            ("$$$", Invalid),
            ("$$a", Invalid),
            ("$1", Invalid),
            ("$a-b", Invalid),
            ("States.Format('{}', $.a)", Invalid),
        ];
        for (path, error) in cases {
            assert_eq!(Path::parse(path), Err(error), "{path}");
        }
        assert_eq!(Path::parse(&format!("${}", "v".repeat(80))).map(|path| path.steps.len()), Ok(0));
        assert_eq!(Path::parse(&format!("${}", "v".repeat(81))), Err(Invalid));
    }

    #[test]
    fn knows_its_parts() {
        let cases = [("$.a", None, false), ("$", None, true), ("$$", None, false), ("$x", Some("x"), false)];
        for (text, variable, is_whole_input) in cases {
            let path = Path::parse(text).unwrap();
            assert_eq!(
                (path.text(), path.variable(), path.is_whole_input()),
                (text, variable, is_whole_input)
            );
        }
    }

    #[test]
    fn texts_of_failures() {
        let context = || parse(r#"{ "State": {"Name": "S"} }"#).unwrap();
        let texts = |input: &str, path: &str| {
            let input = Payload::parse(input).unwrap();
            let scope = Scope::new(&input, &context);
            let path = Path::parse(path).unwrap();
            let missing = path.find(&scope).unwrap_err();
            [
                missing.in_path_field(&path),
                missing.in_payload_field(&path, "v.$", &scope),
                missing.in_choice(&path),
            ]
        };
        assert_eq!(
            texts("{\"a\": 1}", "$.x"),
            [
                "Invalid path '$.x' : No results for path: $['x']",
                "The JSONPath '$.x' specified for the field 'v.$' could not be found in the input \
                 '{\"a\": 1}'",
                "Invalid path '$.x': The choice state's condition path references an invalid value.",
            ]
        );
        assert_eq!(
            texts("{}", "$$.Task.Token"),
            [
                "Invalid path '$$.Task.Token' : Missing property in path $['Task']",
                "The JSONPath '$$.Task.Token' specified for the field 'v.$' could not be found in the input \
                 '{\"State\":{\"Name\":\"S\"}}'",
                "Invalid path '$$.Task.Token': The choice state's condition path references an invalid \
                 value.",
            ]
        );
        assert_eq!(texts("null", "$.x"), [NULL_INPUT; 3]);
    }

    #[test]
    fn builds_the_context_once_and_only_when_asked() {
        let built = std::cell::Cell::new(0);
        let context = || {
            built.set(built.get() + 1);
            Value::empty_object()
        };
        let input = Payload::empty_object();
        let scope = Scope::new(&input, &context);
        assert!(Path::parse("$").unwrap().find(&scope).is_ok());
        assert_eq!(built.get(), 0);
        for _ in 0..2 {
            assert!(Path::parse("$$").unwrap().find(&scope).is_ok());
        }
        assert_eq!(built.get(), 1);
    }

    #[test]
    fn inserts() {
        let cases = [
            ("{\"x\":1}", "$", "{\"v\":0}"),
            ("{\"x\":1}", "$.a", "{\"x\":1,\"a\":{\"v\":0}}"),
            ("{\"x\":1,\"y\":2}", "$.x", "{\"x\":{\"v\":0},\"y\":2}"),
            ("{}", "$.a.b['c']", "{\"a\":{\"b\":{\"c\":{\"v\":0}}}}"),
            ("{\"a\":{\"x\":1}}", "$.a.b", "{\"a\":{\"x\":1,\"b\":{\"v\":0}}}"),
            ("{\"a\":[1,2,{\"b\":3}]}", "$.a[1]", "{\"a\":[1,{\"v\":0},{\"b\":3}]}"),
            ("{\"a\":[1,2,{\"b\":3}]}", "$.a[2].c", "{\"a\":[1,2,{\"b\":3,\"c\":{\"v\":0}}]}"),
            ("{\"a\":null}", "$.a", "{\"a\":{\"v\":0}}"),
            ("null", "$", "{\"v\":0}"),
        ];
        for (target, path, expected) in cases {
            let (target, before) = (parse(target).unwrap(), target);
            let inserted =
                ReferencePath::parse(path).unwrap().insert(&target, parse("{\"v\":0}").unwrap()).unwrap();
            assert_eq!(inserted.to_string(), expected, "{path}");
            assert_eq!(target, parse(before).unwrap(), "the target stays as it was");
        }
    }

    #[test]
    fn shares_what_is_not_on_the_way() {
        let target = parse("{\"a\":{\"x\":{}},\"b\":{\"y\":[1]}}").unwrap();
        let inserted = ReferencePath::parse("$.a.c").unwrap().insert(&target, Value::Null).unwrap();
        let is_shared = |key: &str| match (target.get(key), inserted.get(key)) {
            (Some(Value::Object(before)), Some(Value::Object(after))) => Arc::ptr_eq(before, after),
            other => panic!("{key}: {other:?}"),
        };
        assert!(is_shared("b"));
        assert!(!is_shared("a"));
    }

    #[test]
    fn conflicts() {
        let cases = [
            ("4", "$.child"),
            ("null", "$.child"),
            ("[1]", "$.child"),
            ("{\"a\":\"x\"}", "$.a.b"),
            ("{\"a\":null}", "$.a.b"),
            ("{\"a\":{}}", "$.a[0]"),
            ("[1]", "$[1]"),
            ("{}", "$.a[0]"),
        ];
        for (target, path) in cases {
            let conflict =
                ReferencePath::parse(path).unwrap().insert(&parse(target).unwrap(), Value::Null).unwrap_err();
            assert_eq!(conflict.cause, format!("Unable to apply ReferencePath {path} to input {target}"));
        }
    }

    #[test]
    fn refuses_what_is_no_reference_path() {
        for path in ["$.a", "$", "$.a['b,c']", "$[0].x", "$['a@b']"] {
            assert!(ReferencePath::parse(path).is_ok(), "{path}");
        }
        for path in
            ["a", "$$.a", "$x", "$.a[-1]", "$.a[*]", "$..a", "$.a@b", "$.a,b", "$.a:b", "$.a?", "$.a[0,]", ""]
        {
            assert_eq!(ReferencePath::parse(path), Err(PathError::Invalid), "{path}");
        }
    }

    #[test]
    fn long_paths_are_no_danger() {
        const STEPS: usize = 100_000;
        let text = format!("${}", ".a".repeat(STEPS));
        let value = ReferencePath::parse(&text).unwrap().insert(&Value::empty_object(), Value::Null).unwrap();
        let input = Payload::from_value(value);
        let scope = Scope::new(&input, &|| Value::Null);
        assert_eq!(Path::parse(&text).unwrap().find(&scope), Ok(Value::Null));
        assert_eq!(Path::parse(&"$[".repeat(STEPS)), Err(PathError::Invalid));
    }
}
