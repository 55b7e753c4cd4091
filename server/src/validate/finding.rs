//! From diagnostics to findings: a level, a place in the text, a hint.

use gradus_core::asl::Diagnostic;
use gradus_core::asl::diagnostic::{Code, Place, Severity};
use gradus_core::json::{self, Spot};

use super::hint;
use super::source::{Position, Source};

/// Something to tell about a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) code: Code,
    pub(super) message: String,
    /// Where, in the service's words; not there for the whole and for text that is not JSON.
    pub(super) location: Option<String>,
    pub(super) start: Position,
    /// Behind the last character; equal to `start` for a mere point.
    pub(super) end: Position,
    pub(super) hint: Option<String>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// The definition is wrong.
    Error,
    /// The definition is right, and likely not what is meant.
    Warning,
    /// The definition is right, and gradus cannot run it.
    Note,
}

impl Level {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }

    fn of(diagnostic: &Diagnostic) -> Level {
        match diagnostic.severity {
            _ if diagnostic.is_gap() => Level::Note,
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
        }
    }
}

/// The findings of one text, in its order.
pub(super) fn all(source: &Source, diagnostics: &[Diagnostic]) -> Vec<Finding> {
    let pointers = diagnostics.iter().map(|diagnostic| match &diagnostic.place {
        Place::Pointer(pointer) => pointer.as_str(),
        // What concerns the whole is shown where its states begin.
        Place::Whole | Place::Position { .. } => "/States",
    });
    // Text that is not JSON has one diagnostic, with its position.
    let spots = json::locate(source.text(), pointers).unwrap_or_default();
    let mut hints = hint::Hints::new(source.text());
    let finding = |(index, diagnostic): (usize, &Diagnostic)| {
        let (start, end) = range(source, &diagnostic.place, spots.get(index));
        let (start, end) = (source.position(start), source.position(end));
        // The parser's message repeats the text from its second line on.
        let message = diagnostic.message.lines().next().unwrap_or_default().to_owned();
        let is_json = diagnostic.code != Code::InvalidJsonDescription;
        Finding {
            level: Level::of(diagnostic),
            code: diagnostic.code,
            message,
            location: diagnostic.location.clone().filter(|_| is_json),
            start,
            end,
            hint: hints.of(diagnostic),
        }
    };
    let mut findings: Vec<Finding> = diagnostics.iter().enumerate().map(finding).collect();
    findings.sort_by_key(|finding| finding.start);
    findings
}

/// The bytes to show: a short member as a whole, of a container its key, or else its bracket.
fn range(source: &Source, place: &Place, spot: Option<&Spot>) -> (usize, usize) {
    if let Place::Position { line, column } = place {
        let offset = source.offset(*line, *column);
        return (offset, offset);
    }
    let Some(Spot { key, value }) = spot else {
        return (0, 0);
    };
    let is_container = matches!(source.text().as_bytes().get(value.start), Some(b'{' | b'['));
    match (key, is_container) {
        (Some(key), true) => (key.start, key.end),
        (Some(key), false) => (key.start, value.end),
        (None, true) => (value.start, value.start + 1),
        (None, false) => (value.start, value.end),
    }
}
