//! The expressions of the States Language: what a state says about its data.
//!
//! - [`path`]: JSONPath, reference paths, and the [`Scope`](path::Scope) in which they are evaluated.
//! - [`template`]: payload templates, in which keys ending in `.$` take their value from a path.
//! - [`jsonata`]: the JSONata language, whole, with a budget.
//!
//! Intrinsic functions are to stand beside them, as `intrinsic`. Everything is compiled once, when a definition is read, and is shared by all
//! executions; evaluating it is pure, and recurses to a bounded depth at most.
//!
//! This module must not know states, executions or failures: where an expression fails it gives the text that
//! the service shows, and the caller knows whose failure it is.

pub mod jsonata;
pub mod path;
pub mod template;
