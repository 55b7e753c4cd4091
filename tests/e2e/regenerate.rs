//! A change of the model is a change of the code. `tests/regenerate.sh` shows it on a running server.

use std::collections::HashSet;
use std::fs;

use gradus_codegen::generate;
use serde_json::{Value, json};

use crate::cases;

fn read(name: &str) -> String {
    fs::read_to_string(cases("../model").join(name)).unwrap()
}

/// The emitted file, as one text a line.
fn emitted(file: &str, model: &str) -> Vec<String> {
    let files = generate(model, &read("overlay.json")).unwrap();
    let file = files.into_iter().find(|it| it.name == file).unwrap();
    file.text.lines().map(str::to_owned).collect()
}

/// The lines that a file gains when the value at `pointer` in the model becomes `value`.
fn gained(file: &str, pointer: &str, value: Value) -> Vec<String> {
    let model = read("step-functions-2016-11-23.json");
    let mut edited: Value = serde_json::from_str(&model).unwrap();
    let place = edited.pointer_mut(pointer).unwrap_or_else(|| panic!("the model has no {pointer}"));
    assert_ne!(*place, value);
    *place = value;
    let before: HashSet<String> = emitted(file, &model).into_iter().collect();
    emitted(file, &edited.to_string()).into_iter().filter(|line| !before.contains(line)).collect()
}

#[test]
fn a_constraint_of_the_model_is_a_check_and_a_doc_line() {
    for (pointer, value) in [
        ("/shapes/com.amazonaws.sfn#Name/traits/smithy.api#length/max", 7_654),
        ("/shapes/com.amazonaws.sfn#PageSize/traits/smithy.api#range/max", 7_654),
    ] {
        let lines = gained("shapes", pointer, json!(value));
        let is_doc = |line: &&String| line.trim_start().starts_with("///");
        let has = |line: &&String| line.replace('_', "").contains("7654");
        assert!(lines.iter().filter(is_doc).any(|line| has(&line)), "{pointer}: {lines:?}");
        assert!(lines.iter().filter(|line| !is_doc(line)).any(|line| has(&line)), "{pointer}: {lines:?}");
    }
}

#[test]
fn a_value_of_an_enum_is_in_the_set() {
    let pointer = "/shapes/com.amazonaws.sfn#StateMachineType/members/EXPRESS/traits/smithy.api#enumValue";
    let lines = gained("enums", pointer, json!("EXPEDITED"));
    assert!(lines.iter().any(|line| line.contains("\"EXPEDITED\"")), "{lines:?}");
}
