//! The constraints of `shapes.rs`: which rules a builder's members must keep, and how a nested builder prints in messages.

use super::{Held, held, names, number};
use crate::Error;
use crate::service::{Constraints, Element, Member, Structure, Type};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The checks of a structure, if it has any or is part of one that asks for them.
pub(super) fn items(structure: &Structure) -> Result<Option<TokenStream>, Error> {
    let lines =
        structure.members.iter().map(|member| line(structure, member)).collect::<Result<Vec<_>, _>>()?;
    let lines: Vec<_> = lines.into_iter().flatten().collect();
    if lines.is_empty() && !structure.nested {
        return Ok(None);
    }
    let builder = &structure.builder;
    let parameter = if lines.is_empty() { quote!(_) } else { quote!(checks) };
    let show = structure.nested.then(|| show(structure));
    Ok(Some(quote! {
        impl checks::Constrained for #builder {
            fn check(&self, #parameter: &mut Checks) {
                #(#lines)*
            }
        }
        #show
    }))
}

/// The checks of one member; `None` where it has none.
fn line(structure: &Structure, member: &Member) -> Result<Option<TokenStream>, Error> {
    let mut calls = Vec::new();
    if member.required {
        calls.push(quote!(.required()));
    }
    if structure.checked {
        let place = format!("{}${}", structure.wire, member.wire);
        calls.extend(size(&member.constraints, &member.ty));
        calls.extend(contents(&place, structure, member)?);
    }
    if calls.is_empty() {
        return Ok(None);
    }
    let (wire, name) = (&member.wire, &member.name);
    let look = if member.sensitive { quote!(secret) } else { quote!(member) };
    Ok(Some(quote!(checks.#look(#wire, self.#name.as_ref()) #(#calls)*;)))
}

/// How many elements or entries.
fn size(constraints: &Constraints, ty: &Type) -> Option<TokenStream> {
    let length = constraints.length.as_ref()?;
    let least = unsuffixed(length.min.unwrap_or_default());
    let most = length.max.map_or(quote!(usize::MAX), unsuffixed);
    match ty {
        Type::List(_) => Some(quote!(.size(#least, #most))),
        Type::Map { .. } => Some(quote!(.entries(#least, #most))),
        _ => None,
    }
}

fn unsuffixed(number: usize) -> TokenStream {
    let literal = Literal::usize_unsuffixed(number);
    quote!(#literal)
}

/// The rules of a value, or of each element.
fn contents(place: &str, structure: &Structure, member: &Member) -> Result<Vec<TokenStream>, Error> {
    match held(structure, member) {
        Held::Builder(_) => return Ok(vec![quote!(.structure())]),
        Held::Builders(_) => return Ok(vec![quote!(.structures())]),
        Held::BuildersByKey(_) => {
            let keys = match &member.ty {
                Type::Map { key, .. } => rules(&key.ty, &key.constraints, Order::Set),
                _ => Vec::new(),
            };
            let keys = (!keys.is_empty()).then(|| quote!(.keys(&[#(#keys),*])));
            return Ok(keys.into_iter().chain([quote!(.structures_by_key())]).collect());
        }
        Held::Value => {}
    }
    match &member.ty {
        Type::String | Type::Enum(_) => {
            let rules = rules(&member.ty, &member.constraints, Order::Single);
            Ok(if rules.is_empty() { vec![] } else { vec![quote!(.rules(&[#(#rules),*]))] })
        }
        Type::Integer | Type::Long | Type::Float => Ok(range(member).into_iter().collect()),
        Type::List(element) => {
            let rules = element_rules(place, element)?;
            Ok(if rules.is_empty() { vec![] } else { vec![quote!(.each(&[#(#rules),*]))] })
        }
        Type::Map { key, value } => {
            let (keys, values) = (element_rules(place, key)?, element_rules(place, value)?);
            let keys = (!keys.is_empty()).then(|| quote!(.keys(&[#(#keys),*])));
            let values = (!values.is_empty()).then(|| quote!(.values(&[#(#values),*])));
            Ok(keys.into_iter().chain(values).collect())
        }
        Type::Boolean | Type::Timestamp | Type::Structure(_) => Ok(vec![]),
    }
}

fn range(member: &Member) -> Option<TokenStream> {
    let range = member.constraints.range.as_ref()?;
    let bound = |bound: &Option<serde_json::Number>| match bound {
        Some(bound) => {
            let bound = number(&member.ty, bound);
            quote!(Some(#bound))
        }
        None => quote!(None),
    };
    let (least, most) = (bound(&range.min), bound(&range.max));
    Some(quote!(.range(#least, #most)))
}

fn element_rules(place: &str, element: &Element) -> Result<Vec<TokenStream>, Error> {
    match &element.ty {
        Type::String | Type::Enum(_) => Ok(rules(&element.ty, &element.constraints, Order::Set)),
        Type::Structure(_) | Type::List(_) | Type::Map { .. } => {
            let reason = "lists and maps inside lists and maps of an input are not checked yet".to_owned();
            Err(Error::TraitValue { shape: place.to_owned(), name: "type".to_owned(), reason })
        }
        _ if element.constraints.range.is_some() => {
            let reason = "elements of an input with a range are not checked yet".to_owned();
            Err(Error::TraitValue { shape: place.to_owned(), name: "smithy.api#range".to_owned(), reason })
        }
        _ => Ok(vec![]),
    }
}

/// The order in which rules are told. Source: recorded from services with the same front end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Each broken rule for itself: the pattern first.
    Single,
    /// All rules of an element at once: the pattern last.
    Set,
}

fn rules(ty: &Type, constraints: &Constraints, order: Order) -> Vec<TokenStream> {
    let pattern = constraints.pattern.as_ref().map(|pattern| {
        let pattern = pattern.tokens();
        quote!(Rule::Pattern(#pattern))
    });
    let length = constraints.length.as_ref();
    let most = length.and_then(|length| length.max).map(|most| {
        let most = unsuffixed(most);
        if constraints.bytes { quote!(Rule::MaxBytes(#most)) } else { quote!(Rule::MaxLength(#most)) }
    });
    let least = length.and_then(|length| length.min).filter(|least| *least > 0).map(|least| {
        let least = unsuffixed(least);
        quote!(Rule::MinLength(#least))
    });
    let names = match ty {
        Type::Enum(name) => {
            let name = names::type_name(name);
            Some(quote!(Rule::OneOf(enums::#name::VALUES)))
        }
        _ => None,
    };
    let (first, last) = match order {
        Order::Single => (pattern, None),
        Order::Set => (None, pattern),
    };
    [first, most, least, last, names].into_iter().flatten().collect()
}

/// How a nested builder prints inside a message.
fn show(structure: &Structure) -> TokenStream {
    let (builder, title) = (&structure.builder, &structure.wire);
    let members = structure.members.iter().map(|member| {
        let (wire, name) = (&member.wire, &member.name);
        if member.sensitive {
            quote!(.secret(#wire, self.#name.is_some()))
        } else {
            quote!(.member(#wire, self.#name.as_ref()))
        }
    });
    quote! {
        impl checks::Show for #builder {
            fn show(&self, out: &mut String) {
                checks::Shown::new(out, #title)#(#members)*.end();
            }
        }
    }
}
