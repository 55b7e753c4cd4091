//! Signatures of functions, `<s-n?:s>`: what arguments they take, and how arguments are made to fit.

use crate::json::Value;

use super::{
    error::{Fault, Result},
    value::{Kind, Val},
};

/// A compiled signature.
#[derive(Debug, Default)]
pub(super) struct Signature {
    parameters: Vec<Parameter>,
}

#[derive(Debug, Default)]
struct Parameter {
    /// The kinds it takes, by their letters.
    letters: String,
    /// The letter, or the choice, as written.
    written: String,
    /// Whether it is `a`, for which a single value is made an array.
    is_array: bool,
    optional: bool,
    repeated: bool,
    /// Whether the context stands in for it.
    context: bool,
    /// `a<n>`: what the items of an array must be.
    items: Option<char>,
    subtype: Option<String>,
}

/// A malformed signature: how far into the text, and what is wrong.
pub(super) struct Malformed {
    pub(super) code: &'static str,
    pub(super) offset: usize,
    pub(super) value: Option<Value>,
}

impl Signature {
    /// Reads a signature with its angle brackets; what follows a colon does not count.
    pub(super) fn parse(text: &str) -> std::result::Result<Signature, Malformed> {
        let text: Vec<char> = text.chars().collect();
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut at = 1;
        while let Some(&symbol) = text.get(at) {
            match symbol {
                ':' => break,
                's' | 'n' | 'b' | 'l' | 'o' => parameters.push(Parameter::of(symbol, &format!("{symbol}m"))),
                'a' | 'x' => parameters.push(Parameter::of(symbol, "asnblfom")),
                'f' => parameters.push(Parameter::of(symbol, "f")),
                'j' => parameters.push(Parameter::of(symbol, "asnblom")),
                '-' => {
                    if let Some(last) = parameters.last_mut() {
                        last.context = true;
                        last.optional = true;
                    }
                }
                '?' => {
                    if let Some(last) = parameters.last_mut() {
                        last.optional = true;
                    }
                }
                '+' => {
                    if let Some(last) = parameters.last_mut() {
                        last.repeated = true;
                    }
                }
                '(' => {
                    let end = closing(&text, at, '(', ')');
                    let choice: String = text.get(at + 1..end).unwrap_or_default().iter().collect();
                    if choice.contains('<') {
                        return Err(Malformed {
                            code: "S0402",
                            offset: at,
                            value: Some(Value::from(choice)),
                        });
                    }
                    parameters.push(Parameter {
                        letters: format!("{choice}m"),
                        written: format!("({choice})"),
                        ..Parameter::default()
                    });
                    at = end;
                }
                '<' => {
                    let end = closing(&text, at, '<', '>');
                    let subtype: String = text.get(at + 1..end).unwrap_or_default().iter().collect();
                    match parameters.last_mut() {
                        Some(last) if last.written == "a" || last.written == "f" => {
                            last.items = subtype.chars().next();
                            last.subtype = Some(subtype);
                        }
                        last => {
                            let value = last.map(|last| Value::from(last.written.as_str()));
                            return Err(Malformed { code: "S0401", offset: at, value });
                        }
                    }
                    at = end;
                }
                _ => {}
            }
            at += 1;
        }
        Ok(Signature { parameters })
    }

    /// The arguments as the function takes them: context filled in, single values made arrays.
    pub(super) fn validate<'e>(
        &self,
        mut arguments: Vec<Val<'e>>,
        context: &Val<'e>,
    ) -> Result<Vec<Val<'e>>> {
        if self.fits_one_to_one(&mut arguments)? {
            return Ok(arguments);
        }
        let supplied: Vec<char> = arguments.iter().map(letter).collect();
        let Some(counts) = fit(&self.parameters, &supplied) else {
            return Err(self.misfit(&arguments, &supplied));
        };
        let mut valid = Vec::with_capacity(arguments.len().max(self.parameters.len()));
        let mut at = 0;
        let get = |at: usize| arguments.get(at).cloned().unwrap_or_default();
        for (parameter, count) in self.parameters.iter().zip(counts) {
            if count == 0 {
                if !parameter.context {
                    valid.push(get(at));
                    at += 1;
                } else if parameter.letters.contains(letter(context)) {
                    valid.push(context.clone());
                } else {
                    return Err(Fault::value("T0411", context.to_shown()).index(at + 1));
                }
                continue;
            }
            let matched = supplied.get(at..at + count).unwrap_or_default();
            let first = get(at);
            for single in matched {
                let argument = match (parameter.is_array, single) {
                    (true, 'm') => Val::Undefined,
                    (true, single) => array_argument(parameter, get(at), *single, matched, at)?,
                    _ => first.clone(),
                };
                valid.push(argument);
                at += 1;
            }
        }
        Ok(valid)
    }

    /// The common case: an argument for each parameter, or none for those at the end, which may go without. Then
    /// there is no other way to fit them, and they stay where they are.
    fn fits_one_to_one(&self, arguments: &mut Vec<Val<'_>>) -> Result<bool> {
        let fits = |(index, parameter): (usize, &Parameter)| match arguments.get(index) {
            Some(argument) => !parameter.repeated && parameter.takes(letter(argument)),
            None => parameter.optional && !parameter.context,
        };
        if arguments.len() > self.parameters.len() || !self.parameters.iter().enumerate().all(fits) {
            return Ok(false);
        }
        for (at, (parameter, argument)) in self.parameters.iter().zip(arguments.iter_mut()).enumerate() {
            let single = letter(argument);
            if parameter.is_array && single != 'm' {
                let given = std::mem::take(argument);
                *argument = array_argument(parameter, given, single, &[single], at)?;
            }
        }
        arguments.resize(self.parameters.len(), Val::Undefined);
        Ok(true)
    }

    /// Says which argument is the first that does not fit.
    fn misfit(&self, arguments: &[Val<'_>], supplied: &[char]) -> Box<Fault> {
        let mut good = 0;
        for end in 1..=self.parameters.len() {
            match longest_prefix(self.parameters.get(..end).unwrap_or_default(), supplied) {
                Some(length) => good = length,
                None => break,
            }
        }
        let value = arguments.get(good).and_then(Val::to_shown);
        Fault::value("T0410", value).index(good + 1)
    }
}

impl Parameter {
    fn of(symbol: char, letters: &str) -> Parameter {
        Parameter {
            letters: letters.into(),
            written: symbol.into(),
            is_array: symbol == 'a',
            ..Parameter::default()
        }
    }

    fn takes(&self, letter: char) -> bool {
        self.letters.contains(letter)
    }
}

/// One argument for an array parameter.
fn array_argument<'e>(
    parameter: &Parameter,
    argument: Val<'e>,
    single: char,
    matched: &[char],
    at: usize,
) -> Result<Val<'e>> {
    if let Some(subtype) = &parameter.subtype {
        let fits = if single != 'a' {
            matched.iter().collect::<String>() == *subtype
        } else {
            argument.items().iter().all(|item| Some(letter(&item)) == parameter.items)
        };
        if !fits {
            let items = match subtype.as_str() {
                "a" => "arrays",
                "b" => "booleans",
                "f" => "functions",
                "n" => "numbers",
                "o" => "objects",
                "s" => "strings",
                _ => "",
            };
            return Err(Fault::value("T0412", argument.to_shown()).index(at + 1).text(items));
        }
    }
    Ok(if single == 'a' { argument } else { Val::plain_list(vec![argument]) })
}

/// How many arguments each parameter takes, as much as it can from the left.
fn fit(parameters: &[Parameter], supplied: &[char]) -> Option<Vec<usize>> {
    let Some((first, rest)) = parameters.split_first() else { return supplied.is_empty().then(Vec::new) };
    let most = if first.repeated { supplied.len() } else { 1 };
    let run = supplied.iter().take(most).take_while(|letter| first.takes(**letter)).count();
    let least = usize::from(!first.optional);
    for count in (least..=run).rev() {
        if let Some(mut counts) = fit(rest, supplied.get(count..).unwrap_or_default()) {
            counts.insert(0, count);
            return Some(counts);
        }
    }
    None
}

/// The length of the arguments that the parameters match from the left, preferring long matches.
fn longest_prefix(parameters: &[Parameter], supplied: &[char]) -> Option<usize> {
    let Some((first, rest)) = parameters.split_first() else { return Some(0) };
    let most = if first.repeated { supplied.len() } else { 1 };
    let run = supplied.iter().take(most).take_while(|letter| first.takes(**letter)).count();
    let least = usize::from(!first.optional);
    (least..=run).rev().find_map(|count| {
        longest_prefix(rest, supplied.get(count..).unwrap_or_default()).map(|tail| count + tail)
    })
}

/// The bracket that closes the one at `start`, or the end of the text.
fn closing(text: &[char], start: usize, open: char, close: char) -> usize {
    let mut depth = 1;
    let mut at = start;
    while at < text.len() {
        at += 1;
        match text.get(at) {
            Some(symbol) if *symbol == close => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            Some(symbol) if *symbol == open => depth += 1,
            _ => {}
        }
    }
    at
}

/// The letter of a value's kind; `m` for a missing one.
fn letter(value: &Val<'_>) -> char {
    match value.kind() {
        Kind::Undefined => 'm',
        Kind::Null => 'l',
        Kind::Bool => 'b',
        Kind::Number => 'n',
        Kind::String => 's',
        Kind::Array => 'a',
        Kind::Object => 'o',
        Kind::Function => 'f',
    }
}
