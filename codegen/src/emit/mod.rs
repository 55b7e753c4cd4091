//! Writes the resolved model as Rust: one module for each emitted file, `builders` and `checks` for the bodies of shapes.
//!
//! Matches on the resolved model only; no trait is looked at here.

mod builders;
mod checks;
mod client;
mod enums;
mod errors;
mod server;
mod shapes;

use crate::service::{Element, Member, Service, Structure, Type};
use crate::{Error, File, names};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::{Number, Value};

/// All files, in the order in which they build on one another.
pub(crate) fn files(service: &Service) -> Result<Vec<File>, Error> {
    Ok(vec![
        enums::file(service)?,
        shapes::file(service)?,
        errors::file(service)?,
        server::file(service)?,
        client::file(service)?,
    ])
}

/// Doc comments: one for each line of the text, with the blank that rustfmt would put before it.
fn doc(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}

/// The type of a value.
fn rust_type(ty: &Type) -> TokenStream {
    match ty {
        Type::String => quote!(String),
        Type::Boolean => quote!(bool),
        Type::Integer => quote!(i32),
        Type::Long => quote!(i64),
        Type::Float => quote!(f32),
        Type::Timestamp => quote!(Timestamp),
        Type::Enum(name) => {
            let name = names::type_name(name);
            quote!(enums::#name)
        }
        Type::Structure(name) => {
            let name = names::type_name(name);
            quote!(#name)
        }
        Type::List(element) => {
            let element = rust_type(&element.ty);
            quote!(Vec<#element>)
        }
        Type::Map { value, .. } => {
            let value = rust_type(&value.ty);
            quote!(BTreeMap<String, #value>)
        }
    }
}

/// The type of a field.
fn field_type(member: &Member) -> TokenStream {
    let ty = rust_type(&member.ty);
    if member.is_optional() { quote!(Option<#ty>) } else { ty }
}

/// What a parameter is declared as, and how it becomes the value: texts are taken in any form.
fn parameter(ty: &Type, name: &proc_macro2::Ident) -> (TokenStream, TokenStream) {
    match ty {
        Type::String => (quote!(impl Into<String>), quote!(#name.into())),
        _ => (rust_type(ty), quote!(#name)),
    }
}

/// A default as an expression.
fn literal(ty: &Type, value: &Value) -> TokenStream {
    match (ty, value) {
        (Type::Enum(name), Value::String(text)) => {
            let name = names::type_name(name);
            quote!(enums::#name::from(#text))
        }
        (_, Value::String(text)) => quote!(#text.to_owned()),
        (_, Value::Bool(value)) => quote!(#value),
        (_, Value::Number(value)) => number(ty, value),
        _ => quote!(Default::default()),
    }
}

/// A bound or default in the form of its type.
fn number(ty: &Type, value: &Number) -> TokenStream {
    let literal = match (ty, value.as_i64(), value.as_f64()) {
        (Type::Float, _, Some(value)) => Literal::f64_unsuffixed(value),
        (_, Some(value), _) => Literal::i64_unsuffixed(value),
        (_, None, value) => Literal::f64_unsuffixed(value.unwrap_or_default()),
    };
    quote!(#literal)
}

/// Whether a default is what `Default` gives for its type.
fn is_zero(ty: &Type, value: &Value) -> bool {
    match (ty, value) {
        (Type::Enum(_), _) => false,
        (_, Value::Bool(value)) => !value,
        (_, Value::Number(value)) => value.as_f64() == Some(0.0),
        (_, Value::String(text)) => text.is_empty(),
        _ => false,
    }
}

/// Members in the order of the wire: alphabetical. Source: the service, recorded in 2026.
fn sorted(structure: &Structure) -> Vec<&Member> {
    let mut members: Vec<_> = structure.members.iter().collect();
    members.sort_by(|a, b| a.wire.cmp(&b.wire));
    members
}

/// How a member of a checked structure is held while it is built: as builders, so that all faults are found.
enum Held {
    /// As it is.
    Value,
    /// One builder.
    Builder(proc_macro2::Ident),
    /// A list of builders.
    Builders(proc_macro2::Ident),
    /// A map to builders.
    BuildersByKey(proc_macro2::Ident),
}

fn held(structure: &Structure, member: &Member) -> Held {
    let builder = |name: &str| names::with_suffix(&names::type_name(name), "Builder");
    let element = |element: &Element| match &element.ty {
        Type::Structure(name) => Some(builder(name)),
        _ => None,
    };
    match &member.ty {
        _ if !structure.checked => Held::Value,
        Type::Structure(name) => Held::Builder(builder(name)),
        Type::List(inner) => element(inner).map_or(Held::Value, Held::Builders),
        Type::Map { value, .. } => element(value).map_or(Held::Value, Held::BuildersByKey),
        _ => Held::Value,
    }
}
