//! JSON texts: the reader, the checker and the printer agree, and a text that is kept is kept verbatim.
#![no_main]

use gradus_core::json::{self, Payload};
use gradus_fuzz::{check_prints, text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: gradus_fuzz::init(), |data: &[u8]| {
    let Some(text) = text(data) else { return };
    let value = match (json::parse(text), json::validate(text)) {
        (Ok(value), Ok(())) => value,
        (Err(error), Err(same)) => {
            assert_eq!(error, same);
            assert!(!error.message().is_empty());
            return assert!(Payload::parse(text).is_err());
        }
        (read, checked) => panic!("{read:?}, but {checked:?}"),
    };
    check_prints(&value);
    let printed = value.to_string();
    let again = json::parse(&printed);
    // What is printed may be longer than what came in, and a number beyond all doubles is a text then.
    if let Ok(again) = again {
        assert_eq!(again.to_string(), printed);
        assert!(again == value || printed.contains("Infinity\""));
    }
    let payload = Payload::parse(text).expect("well-formed");
    assert_eq!(payload.text(), text);
    assert!(payload.value() == &value);
    let java = value.to_java_string();
    assert_eq!(value.to_java_string_within(java.len()).as_deref(), Some(&*java));
    if !java.is_empty() {
        assert_eq!(value.to_java_string_within(java.len() - 1), None);
    }
    let spots = json::locate(text, ["", "/a", "/0", "/a/0", "/0/a"]).expect("well-formed");
    for spot in spots {
        assert!(text.get(spot.value.clone()).is_some());
        assert!(spot.key.is_none_or(|key| text.get(key).is_some()));
    }
});
