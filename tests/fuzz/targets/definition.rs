//! Definitions: every text gives a definition or a reason, and findings have words and a place in the text.
#![no_main]

use gradus_core::{
    asl::{
        self,
        diagnostic::{Place, Severity, invalid_definition_message, told},
        parse::Options,
    },
    json,
};
use gradus_fuzz::{text, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: gradus_fuzz::init(), |data: &[u8]| {
    let Some(text) = text(data) else { return };
    for express in [false, true] {
        check(text, Options { express });
    }
});

fn check(text: &str, options: Options) {
    let parsed = within((4 << 20) + 8192 * text.len(), || asl::parse(text, options));
    let diagnostics = &parsed.diagnostics;
    let refused = diagnostics.iter().any(|found| found.severity == Severity::Error);
    assert_eq!(parsed.definition.is_none(), refused, "{diagnostics:?}");
    assert_eq!(told(diagnostics).any(|found| found.severity == Severity::Error), refused);
    assert!(!invalid_definition_message(diagnostics).is_empty());

    let is_json = json::validate(text).is_ok();
    let mut pointers = Vec::new();
    for found in diagnostics {
        assert!(!found.message.is_empty());
        match &found.place {
            Place::Whole => {}
            Place::Pointer(pointer) => {
                assert!(is_json);
                assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer}");
                pointers.push(&**pointer);
            }
            Place::Position { line, column } => {
                assert!(!is_json);
                assert!(*line >= 1 && *column >= 1, "{found:?}");
                assert!(*line <= text.split('\n').count() + text.matches('\r').count(), "{found:?}");
            }
        }
    }
    if is_json {
        let spots = json::locate(text, pointers.iter().copied()).expect("well-formed");
        assert_eq!(spots.len(), pointers.len());
        assert!(spots.iter().all(|spot| text.get(spot.value.clone()).is_some()));
    }
    assert_eq!(asl::parse(text, options).diagnostics, *diagnostics);
}
