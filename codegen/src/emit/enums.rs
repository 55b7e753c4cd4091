//! `enums.rs`: open sets of names.

use super::doc;
use crate::layout::{self, import};
use crate::service::{Enum, Service};
use crate::{Error, File};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn file(service: &Service) -> Result<File, Error> {
    let items = service.enums.iter().flat_map(|set| [definition(set), methods(set), conversions(set)]);
    layout::file("enums", &[import("crate::wire", &[("wire::", "self")])], items.collect())
}

fn definition(set: &Enum) -> TokenStream {
    let name = &set.name;
    let about = doc(&set.doc.clone().unwrap_or_else(|| format!("The names of `{}`.", set.wire)));
    let variants = set.values.iter().map(|value| {
        let about = doc(&value.doc.clone().unwrap_or_else(|| format!("`{}`.", value.wire)));
        let name = &value.name;
        quote!(#about #name,)
    });
    quote! {
        #about
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum #name {
            #(#variants)*
            /// A name that this version does not know.
            Unknown(String),
        }
    }
}

fn methods(set: &Enum) -> TokenStream {
    let name = &set.name;
    let variants: Vec<_> = set.values.iter().map(|value| &value.name).collect();
    let values: Vec<_> = set.values.iter().map(|value| &value.wire).collect();
    quote! {
        impl #name {
            /// Every known name, in the order in which violations list them.
            pub const VALUES: &'static [&'static str] = &[#(#values),*];

            /// The name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #values,)*
                    Self::Unknown(name) => name,
                }
            }
        }
    }
}

fn conversions(set: &Enum) -> TokenStream {
    let name = &set.name;
    let variants: Vec<_> = set.values.iter().map(|value| &value.name).collect();
    let values: Vec<_> = set.values.iter().map(|value| &value.wire).collect();
    quote! {
        impl From<&str> for #name {
            fn from(name: &str) -> Self {
                match name {
                    #(#values => Self::#variants,)*
                    _ => Self::Unknown(name.to_owned()),
                }
            }
        }
        wire::enumeration!(#name);
    }
}
