//! The expressions of the States Language: what a state says about its data.
//!
//! - [`path`]: JSONPath, reference paths, and the [`Scope`](path::Scope) in which they are evaluated.
//! - [`intrinsic`]: calls of intrinsic functions, `States.Format('{}', $.name)`.
//! - [`template`]: payload templates, in which keys ending in `.$` take their value from a path or a call.
//! - [`jsonata`]: the JSONata language, whole, with a budget.
//! - [`query`]: JSONata as the States Language speaks it, alone or in templates.
//!
//! Everything is compiled once, when a definition is read, and is shared by all executions; evaluating
//! it is pure, and recurses to a bounded depth at most.
//!
//! This module must not know states, executions or failures: where an expression fails it gives the text that
//! the service shows, and the caller knows whose failure it is.

pub mod intrinsic;
pub mod jsonata;
pub mod path;
pub mod query;
pub(crate) mod random;
pub mod template;

/// Why an expression has no value for the data that it looks at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The failure `States.Runtime` with this text; the caller puts the state in front of it.
    #[error("{0}")]
    Runtime(String),
    /// The value would be larger than any payload may be: the failure `States.DataLimitExceeded`.
    #[error("the value is larger than a payload may be")]
    TooLarge,
}

impl From<String> for EvaluationError {
    fn from(text: String) -> EvaluationError {
        EvaluationError::Runtime(text)
    }
}
