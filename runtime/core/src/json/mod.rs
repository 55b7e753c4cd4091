//! The shared JSON value, its reader and printer, and [`Payload`]: JSON text that is parsed on demand.
//!
//! The service keeps the text of a value that nobody changed and prints a changed one compact, with the
//! messages, numbers and escapes of its own JSON library. All of that is here, so that a value read, kept
//! and shown by any part of gradus looks the same.
//!
//! - [`parse`] and [`validate`] share one scanner; no input can make it recurse.
//! - [`locate`] finds the place of a value in its text, for those who show it.
//! - [`Value`] is cheap to clone, keeps the order of keys, and can be of any depth: printing, comparing and
//!   dropping do not recurse. Objects of one text that have the same keys share them.
//! - [`java_map_order`] is the order in which the service's hash maps list their keys.
//!
//! This module must not know paths, templates, states or the service API. It has no serde: the wire has its
//! own reader, and what arrives there as JSON text comes in here as text.

mod error;
mod java;
mod locate;
mod number;
mod object;
mod payload;
mod print;
mod read;
mod scan;
mod value;

pub use error::SyntaxError;
pub use java::java_map_order;
pub use locate::{Spot, locate};
pub use number::Number;
pub(crate) use object::Lookup;
pub use object::{Members, Object};
pub use payload::{Payload, TooLarge};
pub use read::{MAX_DEPTH, parse, validate};
pub use value::{Array, Value};
