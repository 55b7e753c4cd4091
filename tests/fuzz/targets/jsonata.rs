//! JSONata over data, under a budget: steps, depth and memory are bounded, and the result is always the same.
#![no_main]

use gradus_core::{
    expr::jsonata::{Bindings, Expression, Options, to_text},
    json,
};
use gradus_fuzz::{expression_and_data, within};
use libfuzzer_sys::fuzz_target;

/// Small, so that the fuzzer gets through many expressions.
const OPTIONS: Options =
    Options { max_steps: 50_000, max_depth: 100, max_bytes: 4 << 20, now_millis: 1.79e12, seed: 7 };

/// The reference makes a chain of two functions from a text of its own, this long, and faults have their places
/// in it then.
const CHAIN: usize = "function($f, $g) { function($x){ $g($f($x)) } }".len();

fuzz_target!(init: gradus_fuzz::init(), |data: &[u8]| {
    let Some((text, input)) = expression_and_data(data) else { return };
    let Ok(expression) = Expression::compile(text) else { return };
    let mut bindings = Bindings::new();
    bindings.bind("v", 3).bind("states", input.value().clone());
    bindings.register("f", 1, |arguments| match arguments.first().cloned().flatten() {
        Some(value) if value.is_null() => Err("null".to_owned()),
        value => Ok(value),
    });
    let evaluate = || {
        let input = input.value();
        within(8 * OPTIONS.max_bytes, || expression.evaluate(input, &bindings, &OPTIONS))
    };
    match (evaluate(), evaluate()) {
        (Ok(value), Ok(same)) => {
            let (Some(value), Some(same)) = (value, same) else { return };
            if value.text_len() <= 1 << 20 {
                let text = to_text(&value);
                assert_eq!(text, to_text(&same));
                let _ = json::parse(&text);
            }
        }
        (Err(error), Err(same)) => {
            assert_eq!(error.to_string(), same.to_string());
            let end = text.encode_utf16().count().max(CHAIN);
            assert!(error.position().is_none_or(|position| position <= end), "{error:?}");
        }
        different => panic!("{different:?}"),
    }
});
