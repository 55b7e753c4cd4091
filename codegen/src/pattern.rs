//! Patterns of the model, translated into Rust when the crate is built.
//!
//! The patterns of this service are a class of characters, repeated, after at most a few demands that some character
//! be present: `^(?=.*[a-z_])[a-z0-9_]+$`. That is a look at each character, so no regular expression engine is needed at
//! run time. Any other pattern is an error when the crate is built, not a surprise when it runs.

use proc_macro2::TokenStream;
use quote::quote;

/// A pattern: some character of each set in `demands`, and all characters in `class`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The pattern as the model writes it.
    pub(crate) text: String,
    demands: Vec<Class>,
    class: Class,
    may_be_empty: bool,
}

/// Characters as inclusive ranges.
type Class = Vec<(char, char)>;

impl Pattern {
    /// The pattern as data: a `checks::Pattern`.
    pub(crate) fn tokens(&self) -> TokenStream {
        let (text, each, may_be_empty) = (&self.text, ranges(&self.class), self.may_be_empty);
        let some = self.demands.iter().map(ranges);
        quote!(Pattern { text: #text, each: #each, some: &[#(#some),*], may_be_empty: #may_be_empty })
    }
}

fn ranges(class: &Class) -> TokenStream {
    let ranges = class.iter().map(|(first, last)| quote!((#first, #last)));
    quote!(&[#(#ranges),*])
}

/// Parses `^`, demands `(?=.*[..])`, one class, `*` or `+`, `$`. Otherwise says what is not understood.
pub(crate) fn parse(text: &str) -> Result<Pattern, String> {
    let mut rest = text.strip_prefix('^').ok_or("expected `^` at the start")?;
    let mut demands = Vec::new();
    while let Some(inner) = rest.strip_prefix("(?=.*") {
        let (class, after) = class(inner)?;
        demands.push(class);
        rest = after.strip_prefix(')').ok_or_else(|| unknown(after))?;
    }
    let (class, after) = class(rest)?;
    let may_be_empty = match after {
        "*$" => true,
        "+$" => false,
        _ => return Err(unknown(after)),
    };
    Ok(Pattern { text: text.to_owned(), demands, class, may_be_empty })
}

/// One class at the start of the text, and what follows it.
fn class(text: &str) -> Result<(Class, &str), String> {
    if let Some(rest) = text.strip_prefix("\\p{ASCII}") {
        return Ok((vec![('\0', '\x7f')], rest));
    }
    let mut rest = text.strip_prefix('[').ok_or_else(|| unknown(text))?;
    if rest.starts_with('^') {
        return Err(unknown(text));
    }
    let mut class = Class::new();
    while !rest.starts_with(']') {
        let (first, after) = character(rest)?;
        rest = after;
        let last = match rest.strip_prefix('-') {
            Some(after) if !after.starts_with(']') => {
                let (last, after) = character(after)?;
                rest = after;
                last
            }
            _ => first,
        };
        class.push((first, last));
    }
    if class.is_empty() || class.iter().any(|(first, last)| first > last) {
        return Err(unknown(text));
    }
    Ok((class, rest.strip_prefix(']').unwrap_or(rest)))
}

/// One character, or one that a backslash keeps from being special.
fn character(text: &str) -> Result<(char, &str), String> {
    let mut letters = text.chars();
    let found = match letters.next() {
        Some('\\') => letters.next().filter(char::is_ascii_punctuation),
        Some('[') | None => None,
        first => first,
    };
    found.map(|found| (found, letters.as_str())).ok_or_else(|| unknown(text))
}

fn unknown(text: &str) -> String {
    format!(
        "cannot translate `{text}`; known are `^`, `(?=.*[..])`, one class `[..]` or `\\p{{ASCII}}`, `*` or `+`, `$`"
    )
}

#[cfg(test)]
mod tests {
    use super::{Class, parse};

    #[test]
    fn translates_what_the_model_has() {
        let cases = [
            (r"^[!-~]+$", "!-~", vec![], false),
            (r"^\p{ASCII}*$", "\0-\x7f", vec![], true),
            (r"^(?=.*[a-c_\-\.])[0-9a-c\-.]+$", "0-9 a-c --- .-.", vec!["a-c _-_ --- .-."], false),
            (r"^(?=.*[a])(?=.*[b])[a-b-]*$", "a-b ---", vec!["a-a", "b-b"], true),
        ];
        for (text, class, demands, may_be_empty) in cases {
            let pattern = parse(text).unwrap();
            assert_eq!(
                (show(&pattern.class).as_str(), pattern.may_be_empty),
                (class, may_be_empty),
                "{text}"
            );
            assert_eq!(pattern.demands.iter().map(show).collect::<Vec<_>>(), demands, "{text}");
        }
    }

    fn show(class: &Class) -> String {
        class.iter().map(|(first, last)| format!("{first}-{last}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn refuses_the_rest() {
        for pattern in [
            "[a]+",
            "^a$",
            "^[^a]+$",
            "^[a]+[b]+$",
            "^[a",
            "^[]+$",
            "^[z-a]+$",
            r"^[\d]+$",
            "^(a|b)$",
            "^[a]{2}$",
        ] {
            assert!(parse(pattern).is_err(), "{pattern}");
        }
    }
}
