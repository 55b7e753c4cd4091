//! The builders of `shapes.rs`: what a request is read into, and how it becomes a shape.

use super::{Held, checks, doc, held, literal, names, parameter, rust_type};
use crate::service::{Member, Structure, Type};
use crate::{Error, docs};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn items(structure: &Structure) -> Result<Vec<TokenStream>, Error> {
    let checks = checks::items(structure)?;
    let mut items = vec![
        definition(structure),
        methods(structure, checks.is_some()),
        reading(structure),
        complete(structure),
    ];
    items.extend(checks);
    if structure.nested {
        items.push(from_shape(structure));
    }
    Ok(items)
}

fn definition(structure: &Structure) -> TokenStream {
    let (name, builder) = (&structure.name, &structure.builder);
    let about = doc(&format!("A [`{name}`] in the making: every member may still be absent."));
    let fields = structure.members.iter().map(|member| {
        let (name, ty) = (&member.name, held_type(structure, member));
        let visibility = member.idempotency_token.then(|| quote!(pub(crate)));
        quote!(#visibility #name: Option<#ty>,)
    });
    quote! {
        #about
        #[derive(Clone, Default)]
        pub struct #builder { #(#fields)* }
    }
}

/// What a member is while it is built.
fn held_type(structure: &Structure, member: &Member) -> TokenStream {
    match held(structure, member) {
        Held::Value => rust_type(&member.ty),
        Held::Builder(builder) => quote!(#builder),
        Held::Builders(builder) => quote!(Vec<#builder>),
        Held::BuildersByKey(builder) => quote!(BTreeMap<String, #builder>),
    }
}

fn methods(structure: &Structure, has_checks: bool) -> TokenStream {
    let (name, builder) = (&structure.name, &structure.builder);
    let setters = structure.members.iter().map(|member| setter(structure, member));
    let check = has_checks.then(|| {
        quote! {
            let mut checks = Checks::default();
            checks::Constrained::check(&self, &mut checks);
            checks.finish()?;
        }
    });
    let errors = if structure.checked {
        "Every constraint that it breaks, in the order of the model; at most ten."
    } else {
        "Every required member that is absent, in the order of the model; at most ten."
    };
    let errors = doc(errors);
    quote! {
        impl #builder {
            #(#setters)*

            /// The shape.
            ///
            /// # Errors
            #errors
            pub fn build(self) -> Result<#name, Violations> {
                #check
                wire::Complete::complete(self)
            }
        }
    }
}

/// Sets a member; for a list or map there is a method to add one element and one to set all.
///
/// Where only a service writes the structure, scalars have no second method.
fn setter(structure: &Structure, member: &Member) -> TokenStream {
    let name = &member.name;
    let (about, set) = (doc(&docs::member(member)), names::with_prefix("set_", name));
    let (ty, given) = (rust_type(&member.ty), field_value(structure, member));
    let add = add(structure, member);
    let set = (structure.checked || member.ty.is_collection()).then(|| {
        let about = doc(&set_about(member));
        quote! {
            #about
            pub fn #set(mut self, value: Option<#ty>) -> Self {
                self.#name = #given;
                self
            }
        }
    });
    quote! {
        #about
        #add
        #set
    }
}

/// What the method says that sets a member as a whole.
pub(super) fn set_about(member: &Member) -> String {
    let name = names::plain(&member.name);
    if member.ty.is_collection() {
        format!("Sets all elements of [`{name}`](Self::{name}); `None` takes them away.")
    } else {
        format!("As [`{name}`](Self::{name}); `None` takes it away.")
    }
}

/// How an optional shape becomes what is held.
fn field_value(structure: &Structure, member: &Member) -> TokenStream {
    match held(structure, member) {
        Held::Value => quote!(value),
        Held::Builder(_) => quote!(value.map(Into::into)),
        Held::Builders(_) => quote!(value.map(|list| list.into_iter().map(Into::into).collect())),
        Held::BuildersByKey(_) => {
            quote!(value.map(|map| map.into_iter().map(|(key, value)| (key, value.into())).collect()))
        }
    }
}

fn add(structure: &Structure, member: &Member) -> TokenStream {
    let name = &member.name;
    let (signature, call) = adder(structure, member);
    let body = match &member.ty {
        Type::List(_) => quote!(self.#name.get_or_insert_default().push(#call);),
        Type::Map { .. } => quote!(self.#name.get_or_insert_default().insert(key.into(), #call);),
        _ => quote!(self.#name = Some(#call);),
    };
    quote! {
        pub fn #name(mut self, #signature) -> Self {
            #body
            self
        }
    }
}

/// The parameters of a setter, and how `value` becomes what is stored.
pub(super) fn adder(structure: &Structure, member: &Member) -> (TokenStream, TokenStream) {
    let value = quote::format_ident!("value");
    let single = match &member.ty {
        Type::List(element) => &element.ty,
        Type::Map { value, .. } => &value.ty,
        ty => ty,
    };
    let (ty, call) = match held(structure, member) {
        Held::Value => parameter(single, &value),
        Held::Builder(builder) | Held::Builders(builder) | Held::BuildersByKey(builder) => {
            (quote!(impl Into<#builder>), quote!(value.into()))
        }
    };
    match &member.ty {
        Type::Map { .. } => (quote!(key: impl Into<String>, value: #ty), call),
        _ => (quote!(value: #ty), call),
    }
}

fn reading(structure: &Structure) -> TokenStream {
    let builder = &structure.builder;
    let arms = structure.members.iter().map(|member| {
        let (wire, name) = (&member.wire, &member.name);
        quote!(#wire => self.#name = wire::value(value)?,)
    });
    let body = if structure.members.is_empty() {
        quote! {
            let _ = name;
            wire::skip(value)
        }
    } else {
        quote! {
            match name {
                #(#arms)*
                _ => wire::skip(value)?,
            }
            Ok(())
        }
    };
    quote! {
        impl wire::Members for #builder {
            fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
                #body
            }
        }
    }
}

fn complete(structure: &Structure) -> TokenStream {
    let (name, builder) = (&structure.name, &structure.builder);
    let fields = structure.members.iter().map(|member| {
        let (name, value) = (&member.name, completed(structure, member));
        quote!(#name: #value)
    });
    quote! {
        impl wire::Complete for #builder {
            type Shape = #name;

            fn complete(self) -> Result<#name, Violations> {
                Ok(#name { #(#fields),* })
            }
        }
    }
}

/// The member's value: there at once, or what its default or absence makes of it.
fn completed(structure: &Structure, member: &Member) -> TokenStream {
    let (name, wire) = (&member.name, &member.wire);
    let function = match held(structure, member) {
        Held::Value => None,
        Held::Builder(_) => Some(quote!(wire::Complete::complete)),
        Held::Builders(_) => Some(quote!(wire::complete_all)),
        Held::BuildersByKey(_) => Some(quote!(wire::complete_by_key)),
    };
    let held = quote!(self.#name);
    match (member.required, member.filled(), function) {
        (true, _, None) => quote!(#held.ok_or_else(|| Violations::missing(#wire))?),
        (true, _, Some(function)) => quote!(#function(#held.ok_or_else(|| Violations::missing(#wire))?)?),
        (false, Some(default), _) => {
            let default = literal(&member.ty, default);
            quote!(#held.unwrap_or(#default))
        }
        (false, None, None) => held,
        (false, None, Some(function)) => quote!(#held.map(#function).transpose()?),
    }
}

/// A shape can be taken apart again, so that it is accepted wherever its builder is.
fn from_shape(structure: &Structure) -> TokenStream {
    let (name, builder) = (&structure.name, &structure.builder);
    let fields = structure.members.iter().map(|member| {
        let name = &member.name;
        let optional = if member.is_optional() { quote!(shape.#name) } else { quote!(Some(shape.#name)) };
        let value = match held(structure, member) {
            Held::Value => optional,
            _ => {
                let convert = field_value(structure, member);
                quote!({ let value = #optional; #convert })
            }
        };
        quote!(#name: #value)
    });
    quote! {
        impl From<#name> for #builder {
            fn from(shape: #name) -> Self {
                Self { #(#fields),* }
            }
        }
    }
}
