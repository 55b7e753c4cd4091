//! Payload templates over data: bounded, and under one seed always the same.
#![no_main]

use gradus_core::{expr::template::Template, json};
use gradus_fuzz::{EVALUATION_BYTES, check_prints, expression_and_data, with_scope, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: gradus_fuzz::init(), |data: &[u8]| {
    let Some((text, input)) = expression_and_data(data) else { return };
    let Ok(source) = json::parse(text) else { return };
    let template = match Template::compile(&source) {
        Ok(template) => template,
        Err(errors) => return assert!(!errors.is_empty()),
    };
    for path in template.paths() {
        assert!(path.text().starts_with('$'));
    }
    let evaluate = |seed| within(EVALUATION_BYTES, || with_scope(&input, seed, |scope| template.evaluate(scope)));
    let (first, second) = (evaluate(7), evaluate(7));
    match (first, second) {
        (Ok(value), Ok(same)) => {
            // As texts: a number beyond all doubles is printed as a text.
            let text = template.constant().map(|constant| constant.text() == value.to_string());
            assert_ne!(text, Some(false));
            // Two large values of shared parts may take long to compare.
            if value.text_len() <= 1 << 20 {
                assert_eq!(value, same);
            }
            check_prints(&value);
        }
        (Err(error), Err(same)) => {
            assert_eq!(error, same);
            assert!(template.constant().is_none());
            assert!(!error.to_string().is_empty());
        }
        different => panic!("{different:?}"),
    }
});
