//! `shapes.rs`: the structures. Their builders' bodies are in `builders` and `checks`.

use super::{builders, doc, field_type, is_zero, literal, parameter, sorted};
use crate::layout::{self, import};
use crate::service::{Service, Structure};
use crate::{Error, File, docs, names};
use proc_macro2::TokenStream;
use quote::quote;

/// From how many parameters on clippy objects.
const MANY: usize = 8;

pub(super) fn file(service: &Service) -> Result<File, Error> {
    let imports = [
        import(
            "crate::checks",
            &[
                ("checks::", "self"),
                ("Checks", "Checks"),
                ("Pattern {", "Pattern"),
                ("Rule::", "Rule"),
                ("Violations", "Violations"),
            ],
        ),
        import("crate::timestamp", &[("Timestamp", "Timestamp")]),
        import("crate", &[("enums::", "enums"), ("wire::", "wire")]),
        import("serde::de", &[("MapAccess", "MapAccess")]),
        import(
            "serde::ser",
            &[("Serialize ", "Serialize"), ("serialize_map", "SerializeMap"), ("Serializer", "Serializer")],
        ),
        import("std::collections", &[("BTreeMap", "BTreeMap")]),
        import("std::fmt", &[("fmt::", "self")]),
    ];
    let mut items = Vec::new();
    for structure in &service.structures {
        items.push(definition(service, structure));
        items.push(constructors(structure));
        items.push(conversions(structure));
        items.extend(builders::items(structure)?);
    }
    layout::file("shapes", &imports, items)
}

/// What the structure is, for one without a sentence of its own: the input or output of an operation.
fn about(service: &Service, structure: &Structure) -> String {
    let role = service.operations.iter().find_map(|operation| match &structure.wire {
        name if *name == operation.input => Some(("Input", operation)),
        name if *name == operation.output => Some(("Output", operation)),
        _ => None,
    });
    let sentence = structure.doc.clone();
    match role {
        Some((role, operation)) => {
            let method = &operation.method;
            let first = format!("{role} of [`{method}`](crate::server::StepFunctions::{method}).");
            sentence.map_or(first.clone(), |sentence| format!("{first} {sentence}"))
        }
        None => sentence.unwrap_or_else(|| format!("`{}`.", structure.wire)),
    }
}

fn definition(service: &Service, structure: &Structure) -> TokenStream {
    let (name, about) = (&structure.name, doc(&about(service, structure)));
    let debug = (!has_secrets(structure)).then(|| quote!(Debug,));
    let default = has_default(structure).then(|| quote!(Default,));
    let fields = structure.members.iter().map(|member| {
        let (about, name, ty) = (doc(&docs::member(member)), &member.name, field_type(member));
        quote!(#about pub #name: #ty,)
    });
    quote! {
        #about
        #[derive(Clone, #debug #default PartialEq)]
        pub struct #name { #(#fields)* }
    }
}

fn has_secrets(structure: &Structure) -> bool {
    structure.members.iter().any(|member| member.sensitive)
}

/// Whether all members may be absent, and those with a default have that of their type.
fn has_default(structure: &Structure) -> bool {
    structure
        .members
        .iter()
        .all(|member| !member.required && member.filled().is_none_or(|value| is_zero(&member.ty, value)))
}

fn constructors(structure: &Structure) -> TokenStream {
    let (name, builder) = (&structure.name, &structure.builder);
    let new = new(structure);
    quote! {
        impl #name {
            #new

            /// A builder without any member.
            pub fn builder() -> #builder {
                #builder::default()
            }
        }
    }
}

/// A constructor from the required members, where there are others besides.
fn new(structure: &Structure) -> Option<TokenStream> {
    let required: Vec<_> = structure.members.iter().filter(|member| member.required).collect();
    if required.is_empty() || required.len() == structure.members.len() {
        return None;
    }
    let parameters = required.iter().map(|member| {
        let (name, (ty, _)) = (&member.name, parameter(&member.ty, &member.name));
        quote!(#name: #ty)
    });
    let fields = structure.members.iter().map(|member| {
        let name = &member.name;
        match (member.required, member.filled()) {
            (true, _) if member.ty.is_text() => quote!(#name: #name.into()),
            (true, _) => quote!(#name),
            (false, Some(default)) => {
                let value = literal(&member.ty, default);
                quote!(#name: #value)
            }
            (false, None) => quote!(#name: None),
        }
    });
    let many = (required.len() >= MANY)
        .then(|| quote!(#[expect(clippy::too_many_arguments, reason = "as many as the model requires")]));
    Some(quote! {
        /// From the required members; the others are absent, or have their default.
        #many
        pub fn new(#(#parameters),*) -> Self {
            Self { #(#fields),* }
        }
    })
}

/// Writing, reading, and showing without what must not be shown.
fn conversions(structure: &Structure) -> TokenStream {
    let (name, builder) = (&structure.name, &structure.builder);
    let entries = sorted(structure).into_iter().map(|member| {
        let (wire, name) = (&member.wire, &member.name);
        if member.is_optional() {
            quote!(wire::optional(&mut members, #wire, self.#name.as_ref())?;)
        } else {
            quote!(members.serialize_entry(#wire, &self.#name)?;)
        }
    });
    let mutable = (!structure.members.is_empty()).then(|| quote!(mut));
    let debug = has_secrets(structure).then(|| debug(structure));
    quote! {
        #debug
        impl Serialize for #name {
            fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
                let #mutable members = writer.serialize_map(None)?;
                #(#entries)*
                members.end()
            }
        }
        wire::shape!(#name, #builder);
    }
}

fn debug(structure: &Structure) -> TokenStream {
    let (name, title) = (&structure.name, structure.name.to_string());
    let fields = structure.members.iter().map(|member| {
        let (name, title) = (&member.name, names::plain(&member.name));
        if member.sensitive {
            quote!(.field(#title, &checks::HIDDEN))
        } else {
            quote!(.field(#title, &self.#name))
        }
    });
    quote! {
        impl fmt::Debug for #name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(#title)#(#fields)*.finish()
            }
        }
    }
}
