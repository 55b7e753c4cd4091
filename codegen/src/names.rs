//! Smithy names to Rust names. The wire name is kept beside the Rust name, never derived back.

use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span};

/// A field, parameter or method: `stateMachineArn` gives `state_machine_arn`, `type` gives `r#type`.
pub(crate) fn field(name: &str) -> Ident {
    ident(&name.to_snake_case())
}

/// A type: kept as the model has it, but for a small first letter.
pub(crate) fn type_name(name: &str) -> Ident {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    ident(&first.into_iter().chain(letters).collect::<String>())
}

/// A variant: `TIMED_OUT` gives `TimedOut`. `None` for a value without letters and digits.
pub(crate) fn variant(value: &str) -> Option<Ident> {
    let name = value.to_upper_camel_case();
    match name.chars().next() {
        None => None,
        Some(first) if first.is_ascii_digit() => Some(ident(&format!("_{name}"))),
        Some(_) => Some(ident(&name)),
    }
}

/// Whether a name is one that Smithy allows, so that Rust allows it as well.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.trim_start_matches('_').starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// A type's name with something behind it: `TagBuilder`.
pub(crate) fn with_suffix(name: &Ident, suffix: &str) -> Ident {
    Ident::new(&format!("{name}{suffix}"), Span::call_site())
}

/// A field's name with something before it: `set_name`, `set_type`.
pub(crate) fn with_prefix(prefix: &str, name: &Ident) -> Ident {
    Ident::new(&format!("{prefix}{}", plain(name)), Span::call_site())
}

/// A name as text, without the mark of a raw one.
pub(crate) fn plain(name: &Ident) -> String {
    let text = name.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

/// Invariant: the name is an identifier or a keyword.
fn ident(name: &str) -> Ident {
    match syn::parse_str::<Ident>(name) {
        Ok(ident) => ident,
        // These keywords cannot be raw.
        Err(_) if matches!(name, "self" | "Self" | "super" | "crate") => {
            Ident::new(&format!("{name}_"), Span::call_site())
        }
        Err(_) => Ident::new_raw(name, Span::call_site()),
    }
}

#[cfg(test)]
mod tests {
    use super::{field, is_identifier, type_name, variant};

    #[test]
    fn rust_names() {
        let fields = [
            ("stateMachineArn", "state_machine_arn"),
            ("billedMemoryUsedInMB", "billed_memory_used_in_mb"),
            ("type", "r#type"),
            ("self", "self_"),
        ];
        for (name, expected) in fields {
            assert_eq!(field(name).to_string(), expected);
        }
        let variants = [
            ("TIMED_OUT", "TimedOut"),
            ("AWS_OWNED_KEY", "AwsOwnedKey"),
            ("ActivityFailed", "ActivityFailed"),
            ("NONE", "None"),
            ("2FA", "_2fa"),
            ("a.b-c", "ABC"),
            ("SELF", "Self_"),
        ];
        for (name, expected) in variants {
            assert_eq!(variant(name).unwrap().to_string(), expected);
        }
        assert_eq!(variant("*"), None);
        assert_eq!(type_name("includedDetails").to_string(), "IncludedDetails");
        assert_eq!(type_name("HTTPBody").to_string(), "HTTPBody");
    }
    #[test]
    fn identifiers() {
        for (name, expected) in [
            ("a", true),
            ("_a1", true),
            ("", false),
            ("_", false),
            ("1a", false),
            ("a-b", false),
            ("é", false),
        ] {
            assert_eq!(is_identifier(name), expected, "{name}");
        }
    }
}
