//! What is wrong with a definition: a fault is data, and a definition can have many.
//!
//! This module gives the shape of a fault and its texts for the API. It must not know which
//! rules there are; [`parse`](mod@super::parse) does.

use std::fmt::{self, Write as _};

/// One fault of a definition, or something to think about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the definition can be run all the same.
    pub severity: Severity,
    /// What sort of fault it is.
    pub code: Code,
    /// What is wrong, in words.
    pub message: String,
    /// Where, as the service writes it: a slash path such as `/States/A/Choices[0]/Next`, or the
    /// parser's own text for JSON that cannot be read. `None`: the definition as a whole.
    pub location: Option<String>,
    /// Where, for a program that shows the text.
    pub place: Place,
}

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The definition is refused.
    Error,
    /// The definition is accepted.
    Warning,
}

/// Where in the text a fault lies, in a form that no name can make ambiguous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere in particular.
    Whole,
    /// At the value that this JSON pointer (RFC 6901) names. A later look at the text finds line
    /// and column; the pointer of a missing member is that of the object which lacks it.
    Pointer(String),
    /// Here; only for text that is not JSON, which has no pointers.
    Position {
        /// Line, from 1.
        line: usize,
        /// UTF-16 units read on that line before the parser gave up, plus 1.
        column: usize,
    },
}

/// The sort of a fault, in the service's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The text is not JSON.
    InvalidJsonDescription,
    /// A field is missing, unknown or has a value that it cannot have.
    SchemaValidationFailed,
    /// No state ends the machine.
    MissingEndState,
    /// A transition leads nowhere, or no transition leads to a state.
    MissingTransitionTarget,
    /// Two states have one name.
    DuplicateStateName,
    /// A state's name is too long or empty.
    InvalidStateName,
    /// Blocks or rules are nested beyond what is taken.
    TooDeeplyNested,
    /// A variable is used that may have no value.
    PossiblyUndefinedVariable,
    /// A variable is assigned whose name no variable can have.
    InvalidVariableName,
    /// A variable is assigned whose name the language keeps for itself.
    ReservedVariableName,
    /// A variable is assigned in a block, and in one around it as well.
    DuplicateVariableName,
    /// Right, but gradus cannot run it. Not a code of the service, so that nobody takes a gap of
    /// this program for a fault of the definition.
    NotYetSupported,
}

impl Code {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::InvalidJsonDescription => "INVALID_JSON_DESCRIPTION",
            Code::SchemaValidationFailed => "SCHEMA_VALIDATION_FAILED",
            Code::MissingEndState => "MISSING_END_STATE",
            Code::MissingTransitionTarget => "MISSING_TRANSITION_TARGET",
            Code::DuplicateStateName => "DUPLICATE_STATE_NAME",
            Code::InvalidStateName => "INVALID_STATE_NAME",
            Code::TooDeeplyNested => "TOO_DEEPLY_NESTED",
            Code::PossiblyUndefinedVariable => "POSSIBLY_UNDEFINED_VARIABLE",
            Code::InvalidVariableName => "INVALID_VARIABLE_NAME",
            Code::ReservedVariableName => "RESERVED_VARIABLE_NAME",
            Code::DuplicateVariableName => "DUPLICATE_VARIABLE_NAME",
            Code::NotYetSupported => "NOT_YET_SUPPORTED",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Severity {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `‹CODE›: ‹message› at ‹location›`, where no location reads `null`. Source: the service, recorded.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { code, message, location, .. } = self;
        match self.code {
            // The message has the location in it already; the service was not recorded here.
            Code::InvalidJsonDescription => write!(f, "{code}: {message}"),
            _ => write!(f, "{code}: {message} at {}", location.as_deref().unwrap_or("null")),
        }
    }
}

/// The message of `InvalidDefinition`, as CreateStateMachine and UpdateStateMachine answer it:
/// every error, in order. Warnings do not refuse a definition and are left out.
///
/// Source: the service, recorded.
pub fn invalid_definition_message(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let mut message = String::from("Invalid State Machine Definition: '");
    for (index, error) in errors.enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(message, "{separator}{error}");
    }
    message.push('\'');
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(severity: Severity, code: Code, message: &str, location: Option<&str>) -> Diagnostic {
        Diagnostic {
            severity,
            code,
            message: message.into(),
            location: location.map(Into::into),
            place: Place::Whole,
        }
    }

    #[test]
    fn message_of_create_state_machine() {
        let schema =
            |message, location| diagnostic(Severity::Error, Code::SchemaValidationFailed, message, location);
        let cases = [
            (
                vec![schema("These fields are required: [States]", Some("/"))],
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'",
            ),
            (
                vec![diagnostic(
                    Severity::Error,
                    Code::MissingEndState,
                    "Workflow has no terminal state",
                    None,
                )],
                "Invalid State Machine Definition: 'MISSING_END_STATE: Workflow has no terminal state at null'",
            ),
            (
                vec![
                    schema("One", Some("/States/A")),
                    diagnostic(Severity::Warning, Code::PossiblyUndefinedVariable, "W", Some("/States/A")),
                    diagnostic(Severity::Error, Code::DuplicateStateName, "Two", Some("/States/B")),
                ],
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: One at /States/A, \
                 DUPLICATE_STATE_NAME: Two at /States/B'",
            ),
            (
                vec![diagnostic(
                    Severity::Error,
                    Code::InvalidJsonDescription,
                    "Bad\n at [here]",
                    Some("[here]"),
                )],
                "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: Bad\n at [here]'",
            ),
        ];
        for (diagnostics, expected) in cases {
            assert_eq!(invalid_definition_message(&diagnostics), expected);
        }
    }
}
