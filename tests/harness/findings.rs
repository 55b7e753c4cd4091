//! What is found wrong with a definition: cases, and the two ways to ask.
//!
//! A case is a file `tests/corpus/findings/CASE.json`. The parser is asked as a function, and the
//! server by ValidateStateMachineDefinition and CreateStateMachine; all must say the same.

use std::path::{Path, PathBuf};

use gradus_core::asl;
use gradus_core::asl::diagnostic::told;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{Api, ROLE};
use crate::corpus::{FINDINGS, read_below};

/// A case, as it is in its file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the case shows.
    pub about: String,
    /// The definition; a text is taken as it is.
    pub definition: Value,
    /// The machine is of the type `EXPRESS`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub express: bool,
    /// What is expected.
    pub findings: Vec<Finding>,
}

/// One thing that is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// `ERROR` or `WARNING`.
    #[serde(default = "error", skip_serializing_if = "is_error")]
    pub severity: String,
    /// The sort of the fault.
    pub code: String,
    /// Where; nothing for the definition as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// What, in words.
    pub message: String,
}

fn error() -> String {
    "ERROR".to_owned()
}

fn is_error(severity: &str) -> bool {
    severity == "ERROR"
}

/// Every case below the folder of the corpus, with its file, sorted.
///
/// # Panics
/// If a file cannot be read as a case, or there is none.
#[must_use]
pub fn read(folder: &Path) -> Vec<(PathBuf, Case)> {
    read_below(vec![folder.join(FINDINGS)])
}

impl Case {
    fn text(&self) -> String {
        self.definition.as_str().map_or_else(|| self.definition.to_string(), str::to_owned)
    }

    fn kind(&self) -> &'static str {
        if self.express { "EXPRESS" } else { "STANDARD" }
    }
}

/// What the parser finds.
#[must_use]
pub fn parsed(case: &Case) -> Vec<Finding> {
    let parsed = asl::parse(&case.text(), asl::parse::Options { express: case.express });
    told(&parsed.diagnostics)
        .map(|found| Finding {
            severity: found.severity.as_str().to_owned(),
            code: found.code.as_str().to_owned(),
            location: found.location.clone(),
            message: found.message.clone(),
        })
        .collect()
}

/// What ValidateStateMachineDefinition says.
///
/// # Panics
/// If the server does not answer as its model says, or the verdict is not that of the findings.
#[must_use]
pub fn validated(api: &mut Api, case: &Case) -> Vec<Finding> {
    let input = json!({ "definition": case.text(), "type": case.kind(), "severity": "WARNING" });
    let mut answer = api.must("ValidateStateMachineDefinition", &input);
    let found: Vec<Finding> = serde_json::from_value(answer["diagnostics"].take()).expect("diagnostics");
    let verdict = if found.iter().any(|found| is_error(&found.severity)) { "FAIL" } else { "OK" };
    assert_eq!((answer["result"].as_str(), &answer["truncated"]), (Some(verdict), &json!(false)));
    found
}

/// Why CreateStateMachine refuses the definition; nothing if it does not.
///
/// # Panics
/// If it refuses it in another way.
#[must_use]
pub fn refused(api: &mut Api, name: &str, case: &Case) -> Option<String> {
    let input = json!({ "name": name, "roleArn": ROLE, "definition": case.text(), "type": case.kind() });
    match api.call("CreateStateMachine", &input) {
        Ok(_) => None,
        Err(crate::api::Failure::Refused(refusal)) => {
            assert_eq!(refusal.name, "InvalidDefinition");
            Some(refusal.message)
        }
        Err(failure) => panic!("{failure}"),
    }
}

/// The words of CreateStateMachine for these findings; none if it accepts the definition.
#[must_use]
pub fn refusal(findings: &[Finding]) -> Option<String> {
    let errors = findings.iter().filter(|found| is_error(&found.severity));
    let errors: Vec<String> = errors
        .map(|Finding { code, location, message, .. }| match location {
            // The message of what is not JSON ends with the place already.
            Some(location) if message.ends_with(location) => format!("{code}: {message}"),
            location => format!("{code}: {message} at {}", location.as_deref().unwrap_or("null")),
        })
        .collect();
    (!errors.is_empty()).then(|| format!("Invalid State Machine Definition: '{}'", errors.join(", ")))
}
