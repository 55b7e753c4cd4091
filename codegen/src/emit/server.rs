//! `server.rs`: the trait that a service implements, and the way from bytes to bytes.

use super::doc;
use crate::layout::{self, import};
use crate::service::{Operation, Service};
use crate::{Error, File, names};
use proc_macro2::TokenStream;
use quote::quote;

pub(super) fn file(service: &Service) -> Result<File, Error> {
    let imports = [
        import("crate::http", &[("Fault", "Fault"), ("RequestContext", "RequestContext")]),
        import("crate", &[("errors::", "errors"), ("shapes::", "shapes"), ("wire::", "wire")]),
    ];
    layout::file("server", &imports, vec![definition(service), list(service), dispatch(service)])
}

fn definition(service: &Service) -> TokenStream {
    let methods = service.operations.iter().map(|operation| {
        let (method, about) = (&operation.method, doc(&about(operation)));
        let error = names::with_suffix(&operation.name, "Error");
        let (input, output) = (names::type_name(&operation.input), names::type_name(&operation.output));
        quote! {
            #about
            fn #method(
                &self,
                context: &RequestContext,
                input: shapes::#input,
            ) -> impl Future<Output = Result<shapes::#output, errors::#error>> + Send;
        }
    });
    quote! {
        /// The operations of the service. None has a default body: a new one must be written before the crate builds again.
        ///
        /// Inputs keep the constraints of the model when they arrive; every other rule is the implementer's.
        pub trait StepFunctions: Send + Sync + 'static { #(#methods)* }
    }
}

/// The sentence about an operation, and what its traits say to a caller.
pub(super) fn about(operation: &Operation) -> String {
    let mut parts = vec![operation.doc.clone().unwrap_or_else(|| format!("`{}`.", operation.wire))];
    if operation.idempotent {
        parts.push("Idempotent: the same request may be sent again.".to_owned());
    }
    if let Some(pages) = &operation.pages {
        let (items, token, size) = (&pages.items, &pages.output_token, &pages.page_size);
        let asked = &pages.input_token;
        parts.push(format!(
            "Paged: `{items}` come at most `{size}` at a time; while there are more, `{token}` is the next `{asked}`."
        ));
    }
    if let Some(prefix) = &operation.host_prefix {
        parts.push(format!("The official clients put `{prefix}` before the host's name."));
    }
    parts.join("\n\n")
}

fn list(service: &Service) -> TokenStream {
    let (target, wires) = (&service.target, service.operations.iter().map(|operation| &operation.wire));
    let signing = &service.signing_name;
    let prefixes = service.operations.iter().filter_map(|operation| {
        let (wire, prefix) = (&operation.wire, operation.host_prefix.as_ref()?);
        Some(quote!((#wire, #prefix)))
    });
    quote! {
        /// What stands before the dot in the header `X-Amz-Target`.
        pub const TARGET: &str = #target;
        /// The service's name in the scope of a signature.
        pub const SIGNING_NAME: &str = #signing;
        /// Every operation's name on the wire.
        pub const OPERATIONS: &[&str] = &[#(#wires),*];
        /// What stands before the host's name at the service's own endpoint, for the operations that have it.
        pub const HOST_PREFIXES: &[(&str, &str)] = &[#(#prefixes),*];
    }
}

fn dispatch(service: &Service) -> TokenStream {
    let arms = service.operations.iter().map(|operation| {
        let (wire, method) = (&operation.wire, &operation.method);
        let builder = names::with_suffix(&names::type_name(&operation.input), "Builder");
        quote! {
            #wire => {
                let answer = async {
                    let input = wire::read::<shapes::#builder>(body)?.build()?;
                    wire::write(&service.#method(context, input).await?)
                };
                Box::pin(answer).await
            }
        }
    });
    quote! {
        /// Answers one request: reads the body, checks the constraints, calls the method, writes the output.
        ///
        /// `operation` is what stands behind the dot in `X-Amz-Target`. The one box a request takes is here, so that the
        /// futures of callers stay small.
        ///
        /// # Errors
        /// `UnknownOperationException`, `SerializationException`, `ValidationException`, or what the method answers.
        pub async fn dispatch<S: StepFunctions>(
            service: &S,
            context: &RequestContext,
            operation: &str,
            body: &[u8],
        ) -> Result<Vec<u8>, Fault> {
            match operation {
                #(#arms)*
                _ => Err(Fault::unknown_operation()),
            }
        }
    }
}
