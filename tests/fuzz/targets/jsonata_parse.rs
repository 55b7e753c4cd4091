//! The JSONata parser: every text is an expression, or has a fault at a place inside it.
#![no_main]

use gradus_core::expr::jsonata::Expression;
use gradus_fuzz::{text, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: gradus_fuzz::init(), |data: &[u8]| {
    let Some(text) = text(data) else { return };
    let limit = (1 << 20) + 1024 * text.len();
    if let Err(error) = within(limit, || Expression::compile(text)) {
        assert!(!error.to_string().is_empty());
        // Positions count as JavaScript does.
        assert!(error.position().is_none_or(|position| position <= text.encode_utf16().count()), "{error:?}");
        assert_eq!(Expression::compile(text).err().map(|same| same.to_string()), Some(error.to_string()));
    }
});
