//! Paths and reference paths: what is compiled can be compiled again, evaluation is bounded and always the same,
//! and what is inserted is found.
#![no_main]

use gradus_core::{
    expr::path::{Path, ReferencePath},
    json::{Payload, Value},
};
use gradus_fuzz::{EVALUATION_BYTES, check_prints, expression_and_data, with_scope, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: gradus_fuzz::init(), |data: &[u8]| {
    let Some((text, input)) = expression_and_data(data) else { return };
    let path = match Path::parse(text) {
        Ok(path) => path,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert_eq!(Path::parse(path.text()).as_ref(), Ok(&path));
    let find = || within(EVALUATION_BYTES, || with_scope(&input, 0, |scope| path.find(scope)));
    match (find(), find()) {
        (Ok(value), Ok(same)) => {
            assert_eq!(value, same);
            check_prints(&value);
            assert!(path.is_definite() || value.as_array().is_some());
        }
        (Err(missing), Err(same)) => {
            assert_eq!(missing.reason(), same.reason());
            assert!(!missing.reason().is_empty());
        }
        different => panic!("{different:?}"),
    }
    if let Ok(reference) = ReferencePath::parse(text) {
        assert!(path.is_definite());
        let inserted = Value::from("inserted");
        match reference.insert(input.value(), inserted.clone()) {
            Ok(result) => {
                let result = Payload::from_value(result);
                let found = with_scope(&result, 0, |scope| path.find(scope));
                assert_eq!(found.ok(), Some(inserted));
            }
            Err(conflict) => assert!(!conflict.to_string().is_empty()),
        }
    }
});
