//! [`Error`]: what is wrong with an expression, in the words of the reference.

use crate::json::Value;

use super::text::write_json;

/// Why an expression does not compile, or fails. Source of codes and texts: jsonata 2.0.6.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    kind: ErrorKind,
    code: Option<&'static str>,
    message: String,
    position: Option<usize>,
    token: Option<Value>,
    value: Option<Value>,
}

/// What a caller may want to treat differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A fault that the language defines; it has a code.
    Language,
    /// The budget is used up: steps, depth or bytes.
    Limit,
    /// A function of the host's says so.
    Host,
    /// The result is a function or holds one, so that it is no JSON value.
    Unsupported,
    /// A fault for which the language has no code, such as a malformed regular expression.
    Internal,
}

impl Error {
    /// What kind of fault it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The code of the reference, `S0201`, if the fault has one.
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// The sentence of the reference, without the code.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Where: the number of UTF-16 units up to the end of the token, as JavaScript counts.
    pub fn position(&self) -> Option<usize> {
        self.position
    }

    /// The token, operator or function at fault.
    pub fn token(&self) -> Option<&Value> {
        self.token.as_ref()
    }

    /// The value at fault.
    pub fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            Some(code) => write!(f, "{code}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

/// An [`Error`] on its way up: callers still add where it is. Its text is made at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) position: Option<usize>,
    pub(super) token: Option<Value>,
    pub(super) value: Option<Value>,
    pub(super) value2: Option<Value>,
    pub(super) index: Option<usize>,
    /// What the template calls `type`, `message`, `functionName` or `exp`; or the whole text, if the code has no template.
    pub(super) text: String,
    kind: Option<ErrorKind>,
}

pub(super) type Result<T> = std::result::Result<T, Box<Fault>>;

impl Fault {
    pub(super) fn new(code: &'static str) -> Box<Fault> {
        Box::new(Fault { code, ..Fault::default() })
    }

    /// A fault of the language.
    pub(super) fn value(code: &'static str, value: Option<Value>) -> Box<Fault> {
        Box::new(Fault { code, value, ..Fault::default() })
    }

    /// A used-up budget.
    pub(super) fn limit(text: impl Into<String>) -> Box<Fault> {
        Box::new(Fault { text: text.into(), kind: Some(ErrorKind::Limit), ..Fault::default() })
    }

    /// A result that is no JSON value.
    pub(super) fn unsupported() -> Box<Fault> {
        let text = "the result holds a function, which is not a JSON value".into();
        Box::new(Fault { text, kind: Some(ErrorKind::Unsupported), ..Fault::default() })
    }

    /// A fault without a code.
    pub(super) fn internal(text: impl Into<String>) -> Box<Fault> {
        Box::new(Fault { text: text.into(), kind: Some(ErrorKind::Internal), ..Fault::default() })
    }

    /// What a function of the host's says.
    pub(super) fn host(text: impl Into<String>) -> Box<Fault> {
        Box::new(Fault { text: text.into(), kind: Some(ErrorKind::Host), ..Fault::default() })
    }

    pub(super) fn is_limit(&self) -> bool {
        self.kind == Some(ErrorKind::Limit)
    }

    pub(super) fn at(mut self: Box<Self>, position: usize) -> Box<Fault> {
        self.position = Some(position);
        self
    }

    pub(super) fn token(mut self: Box<Self>, token: impl Into<Value>) -> Box<Fault> {
        self.token = Some(token.into());
        self
    }

    pub(super) fn index(mut self: Box<Self>, index: usize) -> Box<Fault> {
        self.index = Some(index);
        self
    }

    pub(super) fn second(mut self: Box<Self>, value: Option<Value>) -> Box<Fault> {
        self.value2 = value;
        self
    }

    pub(super) fn text(mut self: Box<Self>, text: impl Into<String>) -> Box<Fault> {
        self.text = text.into();
        self
    }

    /// Sets position and token, whatever they were: the operator owns the fault.
    pub(super) fn blame(mut self: Box<Self>, position: usize, token: &str) -> Box<Fault> {
        self.position = Some(position);
        self.token = Some(Value::from(token));
        self
    }

    /// The error, with its text.
    pub(super) fn finish(self) -> Error {
        // Without a code, and where a picture is at fault, the text is already whole.
        let message = template(self.code).map_or_else(|| self.text.clone(), |template| self.fill(template));
        Error {
            kind: self.kind.unwrap_or(ErrorKind::Language),
            code: (!self.code.is_empty()).then_some(self.code),
            message,
            position: self.position,
            token: self.token,
            value: self.value,
        }
    }

    /// Puts fields into a template: `{{x}}` as JSON, `{{{x}}}` as it is.
    fn fill(&self, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some((plain, tail)) = rest.split_once("{{") {
            out.push_str(plain);
            let (raw, tail) = tail.strip_prefix('{').map_or((false, tail), |tail| (true, tail));
            let Some((name, tail)) = tail.split_once(if raw { "}}}" } else { "}}" }) else { break };
            self.write_field(name, raw, &mut out);
            rest = tail;
        }
        out.push_str(rest);
        out
    }

    fn write_field(&self, name: &str, raw: bool, out: &mut String) {
        let text;
        let number;
        let field = match name {
            "token" => self.token.as_ref(),
            "value" => self.value.as_ref(),
            "value2" => self.value2.as_ref(),
            "index" => {
                number = self.index.and_then(|index| i64::try_from(index).ok()).map(Value::from);
                number.as_ref()
            }
            // Such as the kind of the items, where a signature has no letter for it.
            _ if self.text.is_empty() => None,
            _ => {
                text = Value::from(self.text.as_str());
                Some(&text)
            }
        };
        match (field, raw || name == "exp") {
            (Some(Value::String(text)), true) => out.push_str(text),
            (Some(value), _) => write_json(value, out),
            (None, _) => out.push_str("undefined"),
        }
    }
}

/// The sentence of a code.
fn template(code: &str) -> Option<&'static str> {
    TEMPLATES.iter().find(|(known, _)| *known == code).map(|(_, text)| *text)
}

const TEMPLATES: &[(&str, &str)] = &[
    ("S0101", "String literal must be terminated by a matching quote"),
    ("S0102", "Number out of range: {{token}}"),
    ("S0103", "Unsupported escape sequence: \\{{token}}"),
    ("S0104", "The escape sequence \\u must be followed by 4 hex digits"),
    ("S0105", "Quoted property name must be terminated with a backquote (`)"),
    ("S0106", "Comment has no closing tag"),
    ("S0201", "Syntax error: {{token}}"),
    ("S0202", "Expected {{value}}, got {{token}}"),
    ("S0203", "Expected {{value}} before end of expression"),
    ("S0204", "Unknown operator: {{token}}"),
    ("S0206", "Unknown expression type: {{token}}"),
    ("S0207", "Unexpected end of expression"),
    ("S0208", "Parameter {{value}} of function definition must be a variable name (start with $)"),
    ("S0209", "A predicate cannot follow a grouping expression in a step"),
    ("S0210", "Each step can only have one grouping expression"),
    ("S0211", "The symbol {{token}} cannot be used as a unary operator"),
    ("S0212", "The left side of := must be a variable name (start with $)"),
    ("S0213", "The literal value {{value}} cannot be used as a step within a path expression"),
    ("S0214", "The right side of {{token}} must be a variable name (start with $)"),
    ("S0215", "A context variable binding must precede any predicates on a step"),
    ("S0216", "A context variable binding must precede the 'order-by' clause on a step"),
    ("S0217", "The object representing the 'parent' cannot be derived from this expression"),
    ("S0301", "Empty regular expressions are not allowed"),
    ("S0302", "No terminating / in regular expression"),
    ("S0401", "Type parameters can only be applied to functions and arrays"),
    ("S0402", "Choice groups containing parameterized types are not supported"),
    ("T0410", "Argument {{index}} of function {{token}} does not match function signature"),
    ("T0411", "Context value is not a compatible type with argument {{index}} of function {{token}}"),
    ("T0412", "Argument {{index}} of function {{token}} must be an array of {{type}}"),
    ("D1001", "Number out of range: {{value}}"),
    ("D1002", "Cannot negate a non-numeric value: {{value}}"),
    ("T1003", "Key in object structure must evaluate to a string; got: {{value}}"),
    ("D1004", "Regular expression matches zero length string"),
    ("T1005", "Attempted to invoke a non-function. Did you mean ${{{token}}}?"),
    ("T1006", "Attempted to invoke a non-function"),
    ("T1007", "Attempted to partially apply a non-function. Did you mean ${{{token}}}?"),
    ("T1008", "Attempted to partially apply a non-function"),
    ("D1010", "Attempted to access the Javascript object prototype"),
    ("D1009", "Multiple key definitions evaluate to same key: {{value}}"),
    (
        "T1010",
        "The matcher function argument passed to function {{token}} does not return the correct object structure",
    ),
    ("T2001", "The left side of the {{token}} operator must evaluate to a number"),
    ("T2002", "The right side of the {{token}} operator must evaluate to a number"),
    ("T2003", "The left side of the range operator (..) must evaluate to an integer"),
    ("T2004", "The right side of the range operator (..) must evaluate to an integer"),
    ("T2006", "The right side of the function application operator ~> must be a function"),
    ("T2007", "Type mismatch when comparing values {{value}} and {{value2}} in order-by clause"),
    ("T2008", "The expressions within an order-by clause must evaluate to numeric or string values"),
    (
        "T2009",
        "The values {{value}} and {{value2}} either side of operator {{token}} must be of the same data type",
    ),
    ("T2010", "The expressions either side of operator {{token}} must evaluate to numeric or string values"),
    ("T2011", "The insert/update clause of the transform expression must evaluate to an object: {{value}}"),
    (
        "T2012",
        "The delete clause of the transform expression must evaluate to a string or array of strings: {{value}}",
    ),
    (
        "T2013",
        "The transform expression clones the input object using the $clone() function.  This has been overridden in the current scope by a non-function.",
    ),
    (
        "D2014",
        "The size of the sequence allocated by the range operator (..) must not exceed 1e6.  Attempted to allocate {{value}}.",
    ),
    ("D3001", "Attempting to invoke string function on Infinity or NaN"),
    ("D3010", "Second argument of replace function cannot be an empty string"),
    ("D3011", "Fourth argument of replace function must evaluate to a positive number"),
    ("D3012", "Attempted to replace a matched string with a non-string value"),
    ("D3020", "Third argument of split function must evaluate to a positive number"),
    ("D3030", "Unable to cast value to a number: {{value}}"),
    ("D3040", "Third argument of match function must evaluate to a positive number"),
    ("D3050", "The second argument of reduce function must be a function with at least two arguments"),
    ("D3060", "The sqrt function cannot be applied to a negative number: {{value}}"),
    (
        "D3061",
        "The power function has resulted in a value that cannot be represented as a JSON number: base={{value}}, exponent={{exp}}",
    ),
    (
        "D3070",
        "The single argument form of the sort function can only be applied to an array of strings or an array of numbers.  Use the second argument to specify a comparison function",
    ),
    ("D3100", "The radix of the formatBase function must be between 2 and 36.  It was given {{value}}"),
    ("D3137", "{{{message}}}"),
    ("D3138", "The $single() function expected exactly 1 matching result.  Instead it matched more."),
    ("D3139", "The $single() function expected exactly 1 matching result.  Instead it matched 0."),
    ("D3140", "Malformed URL passed to ${{{functionName}}}(): {{value}}"),
    ("D3141", "{{{message}}}"),
];
