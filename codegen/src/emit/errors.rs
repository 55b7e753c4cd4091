//! `errors.rs`: the modeled errors, and for each operation an enum of those that it answers.

use super::{doc, field_type};
use crate::layout::{self, import};
use crate::service::{Member, Operation, Service, Structure, Type};
use crate::{Error, File, docs, names};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The member that holds the text of an error.
const MESSAGE: &str = "message";

pub(super) fn file(service: &Service) -> Result<File, Error> {
    let imports = [
        import("crate::enums", &[("enums::", "self")]),
        import("crate::http", &[("http::", "self"), ("Fault", "Fault")]),
    ];
    let mut items = Vec::new();
    for error in &service.errors {
        refuse_strange(error)?;
        items.extend([definition(error), methods(service, error)]);
    }
    items.extend(service.operations.iter().map(operation));
    layout::file("errors", &imports, items)
}

/// Errors consist of optional strings and names.
fn refuse_strange(error: &Structure) -> Result<(), Error> {
    let is_plain =
        |member: &Member| matches!(member.ty, Type::String | Type::Enum(_)) && member.is_optional();
    let strange = error.members.iter().find(|member| !is_plain(member) || member.sensitive);
    match strange {
        Some(member) => Err(Error::Type {
            shape: format!("{}${}", error.wire, member.wire),
            kind: "anything but an optional, plain string or enum in an error".to_owned(),
        }),
        None if !error.members.iter().any(|member| member.wire == MESSAGE) => {
            Err(Error::Type { shape: error.wire.clone(), kind: "error without a `message`".to_owned() })
        }
        None => Ok(()),
    }
}

fn extras(error: &Structure) -> impl Iterator<Item = &Member> {
    error.members.iter().filter(|member| member.wire != MESSAGE)
}

fn definition(error: &Structure) -> TokenStream {
    let name = &error.name;
    let about = doc(&error.doc.clone().unwrap_or_else(|| format!("`{}`.", error.wire)));
    let fields = error.members.iter().map(|member| {
        let (about, name, ty) = (doc(&docs::member(member)), &member.name, field_type(member));
        quote!(#about pub #name: #ty,)
    });
    quote! {
        #about
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct #name { #(#fields)* }
    }
}

fn methods(service: &Service, error: &Structure) -> TokenStream {
    let (name, wire) = (&error.name, &error.wire);
    let kind = format!("{}{}", service.error_namespace, error.wire);
    let status = Literal::u16_unsuffixed(service.error_status);
    let rest = extras(error).next().map(|_| quote!(..Self::default()));
    let with = extras(error).map(|member| {
        let (wire, name) = (&member.wire, &member.name);
        let text = match member.ty {
            Type::Enum(_) => quote!(error.#name.as_ref().map(|name| name.as_str().to_owned())),
            _ => quote!(error.#name),
        };
        quote!(.with(#wire, #text))
    });
    let take = extras(error).map(|member| {
        let (wire, name) = (&member.wire, &member.name);
        let value = match &member.ty {
            Type::Enum(target) => {
                let target = names::type_name(target);
                quote!(fault.take(#wire).map(|name| enums::#target::from(name.as_str())))
            }
            _ => quote!(fault.take(#wire)),
        };
        quote!(#name: #value,)
    });
    let mutable = extras(error).next().map(|_| quote!(mut));
    quote! {
        http::error!(#name);
        impl #name {
            const NAME: &str = #wire;

            /// With this message and nothing else.
            pub fn new(message: impl Into<String>) -> Self {
                Self { message: Some(message.into()), #rest }
            }

            /// The fault's message and members, whatever its name.
            fn read(#mutable fault: Fault) -> Self {
                Self { #(#take)* message: fault.message }
            }
        }
        impl From<#name> for Fault {
            fn from(error: #name) -> Self {
                Self::modeled(#status, #kind, error.message)#(#with)*
            }
        }
    }
}

/// The enum of one operation's errors.
fn operation(operation: &Operation) -> TokenStream {
    let name = names::with_suffix(&operation.name, "Error");
    let method = &operation.method;
    let about =
        doc(&format!("What [`{method}`](crate::server::StepFunctions::{method}) answers when it fails."));
    let errors: Vec<_> = operation.errors.iter().map(|error| names::type_name(error)).collect();
    let links = errors.iter().map(|error| doc(&format!("See [`{error}`].")));
    quote! {
        #about
        #[derive(Clone, Debug, PartialEq)]
        pub enum #name {
            #(#links #errors(#errors),)*
            /// Any other error: of the front end, of the service itself, or of a newer version.
            Fault(Fault),
        }
        http::operation_error!(#name { #(#errors),* });
    }
}
