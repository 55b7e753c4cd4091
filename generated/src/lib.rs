//! The AWS Step Functions API (2016-11-23, AWS JSON 1.0) as Rust types.
//!
//! | module | what it holds |
//! |---|---|
//! | [`shapes`] | the structures, their builders and constraints |
//! | [`enums`] | the sets of names; open, so that a newer peer can be read |
//! | [`errors`] | the modeled errors, and one enum of them for each operation |
//! | [`server`] | the trait that a service implements, and `dispatch` from bytes to bytes |
//! | [`client`] | the same operations for a caller |
//! | [`sigv4`] | how requests are signed, for those who sign and those who verify |
//! | [`wire`], [`timestamp`], [`checks`], [`http`] | what these are written with |
//!
//! The first five are written by `gradus-codegen` from `model/` when this crate is built; the rest is written by hand.
//! Nothing here knows how an operation is carried out, where state lives, or who may call.

pub mod checks;
pub mod http;
pub mod sigv4;
pub mod timestamp;
mod transport;
pub mod wire;

/// Sets of names. Open: what is not known is kept as [`Unknown`](enums::StateMachineType::Unknown).
pub mod enums {
    include!(concat!(env!("OUT_DIR"), "/enums.rs"));
}

/// Inputs, outputs and what they are made of, each with its builder.
///
/// A builder's `build` checks the constraints of what is part of an input; elsewhere only that required members are there,
/// because a client must not refuse what a newer service says. Reading a shape back (`Deserialize`) looks at presence alone.
pub mod shapes {
    include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
}

/// Modeled errors, and one enum for each operation of those that it may answer.
pub mod errors {
    include!(concat!(env!("OUT_DIR"), "/errors.rs"));
}

/// The service's side: the trait, and the way from a request's body to an answer's.
///
/// The methods have no default body, so an operation that is new in the model stops the build of every service until
/// it is answered:
///
/// ```compile_fail,E0046
/// struct Nothing;
/// impl gradus_api::server::StepFunctions for Nothing {}
/// ```
pub mod server {
    include!(concat!(env!("OUT_DIR"), "/server.rs"));
}

/// The caller's side: one fluent call for each operation.
pub mod client {
    pub use crate::sigv4::Credentials;
    pub use crate::transport::{Builder, Client, Error, Failure};

    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}
