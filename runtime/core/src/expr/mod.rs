//! The expressions of the States Language: what a state says about its data.
//!
//! - [`path`]: JSONPath, reference paths, and the [`Scope`](path::Scope) in which they are evaluated.
//! - [`template`]: payload templates, in which keys ending in `.$` take their value from a path.
//!
//! Intrinsic functions and JSONata are to stand beside them, as `intrinsic` and `jsonata`, and look at data
//! through the same scope. Everything is compiled once, when a definition is read, and is shared by all
//! executions; evaluating it is pure and does not recurse.
//!
//! This module must not know states, executions or failures: where an expression fails it gives the text that
//! the service shows, and the caller knows whose failure it is.

pub mod jsonata;
pub mod path;
pub mod template;
