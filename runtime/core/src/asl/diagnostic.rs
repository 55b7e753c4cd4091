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

impl Diagnostic {
    /// Whether this is a gap of gradus, and no fault of the definition.
    pub fn is_gap(&self) -> bool {
        self.code == Code::NotYetSupported
    }
}

/// What to tell a caller of the API: the gaps of gradus only when the definition has no error
/// besides, so that a faulty definition gets the service's own answer.
pub fn told(diagnostics: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    let is_fault = |found: &Diagnostic| found.severity == Severity::Error && !found.is_gap();
    let faulty = diagnostics.iter().any(is_fault);
    diagnostics.iter().filter(move |found| !(faulty && found.is_gap()))
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

/// Makes [`Code`] of one row a code: its name here, on the wire, and what it means.
macro_rules! codes {
    ($($variant:ident $wire:literal $summary:literal)*) => {
        /// The sort of a fault, in the service's names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $summary] $variant,)*
        }

        impl Code {
            /// Every code, in the order in which they are declared.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $wire,)* }
            }

            /// What the code means, in a sentence for people.
            pub const fn summary(self) -> &'static str {
                match self { $(Code::$variant => $summary,)* }
            }
        }
    };
}

codes! {
    InvalidJsonDescription "INVALID_JSON_DESCRIPTION" "The text is not JSON."
    SchemaValidationFailed "SCHEMA_VALIDATION_FAILED" "A field is missing, unknown or has a value that it cannot have."
    MissingEndState "MISSING_END_STATE" "No state ends the machine."
    MissingTransitionTarget "MISSING_TRANSITION_TARGET" "A transition leads nowhere, or no transition leads to a state."
    DuplicateStateName "DUPLICATE_STATE_NAME" "Two states have one name."
    InvalidStateName "INVALID_STATE_NAME" "A state's name is too long or empty."
    DuplicateLabelName "DUPLICATE_LABEL_NAME" "Two Map states have one label."
    InvalidLabelName "INVALID_LABEL_NAME" "The label of a Map state is too long, empty or has a character that it cannot have."
    DuplicateVariableName "DUPLICATE_VARIABLE_NAME" "A variable has the name of one in a scope around it."
    InvalidVariableName "INVALID_VARIABLE_NAME" "The name of a variable is no identifier."
    ReservedVariableName "RESERVED_VARIABLE_NAME" "A variable has a name that the language keeps for itself."
    PossiblyUndefinedVariable "POSSIBLY_UNDEFINED_VARIABLE" "A variable is used that may have no value."
    InvalidJsonataExpression "INVALID_JSONATA_EXPRESSION" "A JSONata expression does not parse."
    UnsupportedJsonataExpression "UNSUPPORTED_JSONATA_EXPRESSION" "A JSONata expression takes something from outside that a state does not have."
    NoDollar "NO_DOLLAR" "A member of a template looks like a path or a call, and its name does not end in `.$`."
    NoPath "NO_PATH" "The value of a field looks like a path, and its name does not end in `Path`."
    PassResultIsStatic "PASS_RESULT_IS_STATIC" "The result of a Pass state looks like a template, and is none."
    TooDeeplyNested "TOO_DEEPLY_NESTED" "Blocks or rules are nested beyond what is taken."
    NotYetSupported "NOT_YET_SUPPORTED" "Right, but gradus cannot run it. Not a code of the service, so that nobody takes a gap of this program for a fault of the definition."
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
/// every error that is to be [`told`], in order. Warnings do not refuse a definition and are left out.
///
/// Source: the service, recorded.
pub fn invalid_definition_message(diagnostics: &[Diagnostic]) -> String {
    let errors = told(diagnostics).filter(|diagnostic| diagnostic.severity == Severity::Error);
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

    #[test]
    fn codes_differ_and_say_what_they_mean() {
        let names: std::collections::HashSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.summary().ends_with('.'), "{code}");
        }
    }

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
            // What gradus lacks is told when nothing is wrong.
            (
                vec![
                    diagnostic(Severity::Error, Code::NotYetSupported, "Gap", Some("/States/A")),
                    diagnostic(Severity::Warning, Code::PossiblyUndefinedVariable, "W", Some("/States/A")),
                ],
                "Invalid State Machine Definition: 'NOT_YET_SUPPORTED: Gap at /States/A'",
            ),
            (
                vec![
                    diagnostic(Severity::Error, Code::NotYetSupported, "Gap", Some("/States/A")),
                    schema("One", Some("/States/A")),
                ],
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: One at /States/A'",
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
