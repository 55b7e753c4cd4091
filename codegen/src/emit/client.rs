//! `client.rs`: one fluent call for each operation.

use super::{builders, doc, rust_type, server};
use crate::layout::{self, import};
use crate::service::{Operation, Service, Structure};
use crate::{Error, File, docs, names};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn file(service: &Service) -> Result<File, Error> {
    let imports = [
        import("crate::shapes", &[("Builder", "*")]),
        import("crate::timestamp", &[("Timestamp", "Timestamp")]),
        import("crate", &[("enums::", "enums"), ("errors::", "errors")]),
        import("std::collections", &[("BTreeMap", "BTreeMap")]),
    ];
    let mut items = vec![methods(service)];
    for operation in &service.operations {
        items.extend(
            service
                .structures
                .iter()
                .find(|it| it.wire == operation.input)
                .map(|input| call(operation, input)),
        );
    }
    layout::file("client", &imports, items)
}

fn methods(service: &Service) -> TokenStream {
    let methods = service.operations.iter().map(|operation| {
        let (name, method, about) = (&operation.name, &operation.method, doc(&server::about(operation)));
        quote! {
            #about
            pub fn #method(&self) -> #name {
                #name { client: self.clone(), input: Default::default() }
            }
        }
    });
    quote!(impl Client { #(#methods)* })
}

fn call(operation: &Operation, input: &Structure) -> TokenStream {
    let (name, wire, method, builder) = (&operation.name, &operation.wire, &operation.method, &input.builder);
    let about = doc(&format!("A call of [`{method}`](Client::{method}) in the making."));
    let error = names::with_suffix(name, "Error");
    let output = names::with_suffix(&names::type_name(&operation.output), "Builder");
    let result = names::type_name(&operation.output);
    let setters = input.members.iter().map(|member| {
        let (name, about) = (&member.name, doc(&docs::member(member)));
        let (set, ty) = (names::with_prefix("set_", name), rust_type(&member.ty));
        let set_about = doc(&builders::set_about(member));
        let (signature, _) = builders::adder(input, member);
        let key = matches!(member.ty, crate::service::Type::Map { .. }).then(|| quote!(key,));
        quote! {
            #about
            pub fn #name(mut self, #signature) -> Self {
                self.input = self.input.#name(#key value);
                self
            }

            #set_about
            pub fn #set(mut self, value: Option<#ty>) -> Self {
                self.input = self.input.#set(value);
                self
            }
        }
    });
    let tokens = input.members.iter().filter(|member| member.idempotency_token).map(|member| {
        let name = &member.name;
        quote!(self.input.#name.get_or_insert_with(crate::transport::token);)
    });
    let mutable = input.members.iter().any(|member| member.idempotency_token).then(|| quote!(mut));
    quote! {
        #about
        #[derive(Clone)]
        pub struct #name {
            client: Client,
            input: #builder,
        }
        impl #name {
            #(#setters)*

            /// Sends the request, once.
            ///
            /// # Errors
            /// What the service answers, or what kept it from answering. Constraints are left to the service; only a
            /// required member that is absent is found here.
            pub async fn send(#mutable self) -> Result<#result, Error<errors::#error>> {
                #(#tokens)*
                self.client.call::<_, #output, _>(#wire, self.input).await
            }
        }
    }
}
