//! Calls of intrinsic functions: bounded, and under one seed always the same.
#![no_main]

use gradus_core::expr::intrinsic::{Budget, Call, is_call};
use gradus_fuzz::{EVALUATION_BYTES, check_prints, expression_and_data, with_scope, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: gradus_fuzz::init(), |data: &[u8]| {
    let Some((text, input)) = expression_and_data(data) else { return };
    let Ok(call) = Call::parse(text) else { return };
    assert!(is_call(text));
    assert!(text.trim_start().starts_with(call.function()));
    assert_eq!(Call::parse(call.text()).map(|same| same.paths().len()), Ok(call.paths().len()));
    let evaluate = || {
        let run = || with_scope(&input, 7, |scope| call.evaluate(scope, &mut Budget::default()));
        within(EVALUATION_BYTES, run)
    };
    match (evaluate(), evaluate()) {
        (Ok(value), Ok(same)) => {
            if value.text_len() <= 1 << 20 {
                assert_eq!(value, same);
            }
            check_prints(&value);
        }
        (Err(error), Err(same)) => assert_eq!(error, same),
        different => panic!("{different:?}"),
    }
});
