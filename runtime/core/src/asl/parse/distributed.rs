//! What a Map can say about items from outside, batches, and where results go: `ItemReader`,
//! `ItemBatcher`, `ResultWriter`, `Label`.
//!
//! gradus does not run these; they are checked, so that a definition's faults show all the same. A state that
//! is tried by itself shows what some of them make.
//! Nothing here counts as reading a field.

use super::fields::{EMPTY, Fields, Table, expected};
use super::jsonata::Given;
use super::location::Location;
use super::state::number;
use super::{Language, Parser, Read, jsonata, paths};
use crate::asl::definition::{Batcher, Selector, Tolerance};
use crate::asl::diagnostic::Code;
use crate::expr::query::Place;
use crate::json::Value;

/// The most UTF-16 units in a label.
const MAX_LABEL_UNITS: usize = 40;
/// The most bytes in a batch.
const MAX_BATCH_BYTES: u64 = 262_144;
/// The largest count that a field takes; the service takes more items than its guide allows.
const MAX_COUNT: u64 = i64::MAX as u64;

/// What of these fields shows where a state is tried by itself.
#[derive(Default)]
pub(super) struct Found {
    /// How many items are read at most.
    pub(super) max_items: Option<Tolerance<u64>>,
    /// The batcher.
    pub(super) batcher: Option<Batcher>,
}

/// Checks those fields of a Map that are there.
pub(super) fn check(parser: &mut Parser, fields: &Fields<'_>) -> Read<Found> {
    let given = |name| fields.peek(name).map(|value| (value, fields.at(name)));
    let max_items = given("ItemReader").map(|(value, place)| reader(parser, value, place)).transpose();
    let batcher = given("ItemBatcher").map(|(value, place)| batcher(parser, value, place)).transpose();
    let _ = given("ResultWriter").map(|(value, place)| writer(parser, value, place));
    let _ = given("Label").map(|(value, place)| label(parser, value, place));
    Ok(Found { max_items: max_items?.flatten(), batcher: batcher? })
}

/// Gives the most items that are read.
fn reader(parser: &mut Parser, value: &Value, location: Location<'_>) -> Read<Option<Tolerance<u64>>> {
    const TABLE: Table = &[&["Resource", "ReaderConfig", "Parameters", "Arguments"]];
    let mut fields = Fields::open(parser, value, location, TABLE)?;
    fields.refuse_other_language(parser);
    let _ = fields.require(parser, &["Resource"]);
    let _ = action(parser, &mut fields, &["s3:getObject", "s3:listObjectsV2"]);
    call(parser, &mut fields);
    match fields.get("ReaderConfig") {
        Some(value) => reader_config(parser, value, fields.at("ReaderConfig")),
        None => Ok(None),
    }
}

fn reader_config(parser: &mut Parser, value: &Value, location: Location<'_>) -> Read<Option<Tolerance<u64>>> {
    const CSV: &[&str] = &["CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"];
    const TABLE: Table =
        &[&["InputType", "MaxItems", "MaxItemsPath", "ItemsPointer", "ManifestType", "Transformation"], CSV];
    let mut fields = Fields::open(parser, value, location, TABLE)?;
    fields.refuse_other_language(parser);
    let input = fields.word(parser, "InputType", &["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"]);
    match input {
        Ok(Some("CSV")) => csv(parser, &mut fields),
        // A manifest can be one of such files.
        Ok(None | Some("MANIFEST")) | Err(_) => {}
        Ok(Some(_)) => {
            for name in CSV.iter().filter(|name| fields.has(name)) {
                parser.refuse_member(fields.here(), name, format!("Field '{name}' is not supported"));
            }
        }
    }
    let _ = fields.string(parser, "ItemsPointer");
    let _ = fields.word(parser, "ManifestType", &["S3_INVENTORY", "ATHENA_DATA"]);
    let _ = fields.word(parser, "Transformation", &["NONE", "LOAD_AND_FLATTEN"]);
    count(parser, &mut fields, "MaxItems", "MaxItemsPath", 0, MAX_COUNT)
}

/// What says how to read lines of separated values.
fn csv(parser: &mut Parser, fields: &mut Fields<'_>) {
    if !fields.has("CSVHeaderLocation") {
        parser.refuse(fields.here(), "The field 'CSVHeaderLocation' is required");
    }
    if fields.word(parser, "CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]) == Ok(Some("GIVEN")) {
        let _ = fields.require(parser, &["CSVHeaders"]);
    }
    let _ = fields.word(parser, "CSVDelimiter", &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"]);
    let headers = fields.filled_array(parser, "CSVHeaders").ok().flatten().unwrap_or_default();
    let place = fields.at("CSVHeaders");
    for (index, _) in headers.iter().enumerate().filter(|(_, header)| header.as_str().is_none()) {
        parser.refuse(&place.item(index), expected("[STRING]"));
    }
}

fn batcher(parser: &mut Parser, value: &Value, location: Location<'_>) -> Read<Batcher> {
    const ITEMS: [&str; 2] = ["MaxItemsPerBatch", "MaxItemsPerBatchPath"];
    const BYTES: [&str; 2] = ["MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];
    const TABLE: Table = &[&ITEMS, &BYTES, &["BatchInput"]];
    let mut fields = Fields::open(parser, value, location, TABLE)?;
    fields.refuse_other_language(parser);
    let [items, items_path] = ITEMS;
    let [bytes, bytes_path] = BYTES;
    if !ITEMS.iter().chain(&BYTES).any(|name| fields.has(name)) {
        // The guide asks for one of them; the service's words are not known.
        let message = format!("These fields are required: [{items}] or [{bytes}]");
        parser.refuse(fields.here(), message);
    }
    let items = count(parser, &mut fields, items, items_path, 1, MAX_COUNT);
    let bytes = count(parser, &mut fields, bytes, bytes_path, 1, MAX_BATCH_BYTES);
    let input = template(parser, &mut fields, "BatchInput");
    Ok(Batcher { items: items?, bytes: bytes?, input: input? })
}

fn writer(parser: &mut Parser, value: &Value, location: Location<'_>) -> Read<()> {
    const TABLE: Table = &[&["Resource", "Parameters", "Arguments", "WriterConfig"]];
    let mut fields = Fields::open(parser, value, location, TABLE)?;
    fields.refuse_other_language(parser);
    if !TABLE.iter().copied().flatten().any(|name| fields.has(name)) {
        return Err(parser.refuse(fields.here(), EMPTY));
    }
    let parameters = if parser.language == Some(Language::Jsonata) { "Arguments" } else { "Parameters" };
    if fields.has("Resource") || fields.has("Parameters") || fields.has("Arguments") {
        let _ = fields.require(parser, &["Resource", parameters]);
    }
    let _ = action(parser, &mut fields, &["s3:putObject"]);
    call(parser, &mut fields);
    let Some(value) = fields.get("WriterConfig") else {
        return Ok(());
    };
    const CONFIG: Table = &[&["OutputType", "Transformation"]];
    let mut config = Fields::open(parser, value, fields.at("WriterConfig"), CONFIG)?;
    let _ = config.require(parser, &["OutputType", "Transformation"]);
    let _ = config.word(parser, "OutputType", &["JSON", "JSONL"]);
    config.word(parser, "Transformation", &["NONE", "COMPACT", "FLATTEN"]).map(drop)
}

/// `Resource`: `arn:‹partition›:states:::‹action›` with one of these actions.
fn action(parser: &mut Parser, fields: &mut Fields<'_>, actions: &[&str]) -> Read<()> {
    let Some(arn) = fields.string(parser, "Resource")? else {
        return Ok(());
    };
    let named = arn.strip_prefix("arn:").and_then(|rest| rest.split_once(":states:::"));
    if named.is_some_and(|(partition, action)| !partition.contains(':') && actions.contains(&action)) {
        return Ok(());
    }
    let message = "The field 'Resource' does not match any of the allowed values";
    Err(parser.refuse(&fields.at("Resource"), message))
}

/// What is given to the resource, in either language.
fn call(parser: &mut Parser, fields: &mut Fields<'_>) {
    let _ = template(parser, fields, "Parameters");
    let _ = template(parser, fields, "Arguments");
}

fn template(parser: &mut Parser, fields: &mut Fields<'_>, name: &'static str) -> Read<Option<Selector>> {
    let Some(value) = fields.get(name) else {
        return Ok(None);
    };
    let place = fields.at(name);
    Ok(match parser.language {
        Some(Language::JsonPath) => Some(Selector::JsonPath(paths::template(parser, &place, value)?)),
        Some(Language::Jsonata) => {
            Some(Selector::Jsonata(jsonata::template_at(parser, &place, value, Place::State)?))
        }
        None => None,
    })
}

/// A count that is given, or found by a path.
fn count(
    parser: &mut Parser,
    fields: &mut Fields<'_>,
    fixed: &'static str,
    found: &'static str,
    least: u64,
    most: u64,
) -> Read<Option<Tolerance<u64>>> {
    let alone = fields.at_most_one(parser, &[fixed, found]);
    let number = number(parser, fields, fixed, least..=most);
    let path = fields.path(parser, found);
    alone?;
    let path = path?.map(Tolerance::Path);
    let given = number?.map(|given| match given {
        Given::Fixed(number) => Tolerance::Fixed(number),
        Given::Query(query) => Tolerance::Query(query),
    });
    Ok(path.or(given))
}

fn label(parser: &mut Parser, value: &Value, location: Location<'_>) -> Read<()> {
    let Value::String(label) = value else {
        return Err(parser.refuse(&location, expected("[STRING]")));
    };
    // Of the service's words for these, the end of the first is known.
    let fault = if label.encode_utf16().count() > MAX_LABEL_UNITS {
        format!("Label name '{label}' exceeds the {MAX_LABEL_UNITS}-character limit allowed by the service")
    } else if label.is_empty() {
        "Label name cannot be empty".to_owned()
    } else if label.contains(cannot_stand_in_label) {
        format!("Invalid Label name '{label}': the label name contains invalid characters.")
    } else if !parser.labels.insert(label.clone()) {
        return Err(parser.refuse_as(
            Code::DuplicateLabelName,
            &location,
            format!("Duplicate Label name: {label}"),
        ));
    } else {
        return Ok(());
    };
    Err(parser.refuse_as(Code::InvalidLabelName, &location, fault))
}

fn cannot_stand_in_label(character: char) -> bool {
    character.is_whitespace() || character.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"".contains(character)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check_faults, single};
    use super::MAX_LABEL_UNITS;

    /// A Map state with these fields besides.
    fn map(fields: &str) -> String {
        format!(
            r#"{{"Type": "Map", "End": true, "ItemProcessor": {{
                "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
                "StartAt": "I", "States": {{"I": {{"Type": "Succeed"}}}}}}, {fields}}}"#
        )
    }

    fn check(fields: &str, expected: &[&str]) {
        check_faults(&single(&map(fields)), expected);
    }

    /// Checks a reader of objects with this configuration.
    fn check_config(config: &str, expected: &[&str]) {
        let reader = format!(
            r#""ItemReader": {{"Resource": "arn:aws:states:::s3:getObject", "Parameters": {{"Bucket": "b", "Key.$": "$.k"}},
                "ReaderConfig": {{{config}}}}}"#
        );
        check(&reader, expected);
    }

    #[test]
    fn readers() {
        let allowed =
            "The field 'Resource' does not match any of the allowed values at /States/S/ItemReader/Resource";
        let cases: &[(&str, &[&str])] = &[
            (r#"{"Resource": "arn:aws:states:::s3:getObject"}"#, &[]),
            (r#"{"Resource": "arn:aws-cn:states:::s3:listObjectsV2", "ReaderConfig": {"MaxItems": 0}}"#, &[]),
            (r#"{"Resource": "arn:aws:states:::s3:putObject"}"#, &[allowed]),
            (r#"{"Resource": "arn:aws:states:us-east-1::s3:getObject"}"#, &[allowed]),
            (r#"{"Resource": ""}"#, &[allowed]),
            ("{}", &["These fields are required: [Resource] at /States/S/ItemReader"]),
            ("[]", &["Expected value of type [OBJECT] at /States/S/ItemReader"]),
            (
                r#"{"Resource": "arn:aws:states:::s3:getObject", "Extra": 1, "Parameters": {"Key.$": "k"}}"#,
                &[
                    "Field 'Extra' is not supported at /States/S/ItemReader",
                    "The value for the field 'Key.$' must be a valid JSONPath or a valid intrinsic function call at \
                     /States/S/ItemReader/Parameters",
                ],
            ),
            (
                r#"{"Resource": "arn:aws:states:::s3:getObject", "Arguments": {}}"#,
                &[
                    "The QueryLanguage is set to 'JSONPath', but field 'Arguments' is only supported for the 'JSONata' \
                     QueryLanguage at /States/S/ItemReader",
                ],
            ),
        ];
        for (reader, expected) in cases {
            check(&format!(r#""ItemReader": {reader}"#), expected);
        }
    }

    #[test]
    fn reader_configurations() {
        let place = "/States/S/ItemReader/ReaderConfig";
        let cases: &[(&str, &[&str])] = &[
            (r#""InputType": "JSON", "ItemsPointer": "/a", "MaxItemsPath": "$.n""#, &[]),
            (
                r#""InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "CSVDelimiter": "TAB", "MaxItems": 100000001"#,
                &[],
            ),
            (r#""InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"]"#, &[]),
            (r#""InputType": "MANIFEST", "ManifestType": "S3_INVENTORY""#, &[]),
            (r#""InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN""#, &[]),
            (
                r#""InputType": "XML""#,
                &[
                    "Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST] at {}/InputType",
                ],
            ),
            (r#""InputType": "CSV""#, &["The field 'CSVHeaderLocation' is required at {}"]),
            (
                r#""InputType": "CSV", "CSVHeaderLocation": "GIVEN""#,
                &["These fields are required: [CSVHeaders] at {}"],
            ),
            (
                r#""InputType": "CSV", "CSVHeaderLocation": "LAST_ROW""#,
                &["Value should be one of the following: [FIRST_ROW, GIVEN] at {}/CSVHeaderLocation"],
            ),
            (
                r#""InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": []"#,
                &["Value cannot be empty at {}/CSVHeaders"],
            ),
            (
                r#""InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", 1], "CSVDelimiter": ";""#,
                &[
                    "Value should be one of the following: [COMMA, PIPE, SEMICOLON, SPACE, TAB] at {}/CSVDelimiter",
                    "Expected value of type [STRING] at {}/CSVHeaders[1]",
                ],
            ),
            (
                r#""InputType": "JSON", "CSVHeaderLocation": "FIRST_ROW""#,
                &["Field 'CSVHeaderLocation' is not supported at {}"],
            ),
            (
                r#""MaxItems": 1, "MaxItemsPath": "$.n""#,
                &["There should only be one of the following fields: [MaxItems, MaxItemsPath] at {}"],
            ),
            (r#""MaxItems": -1"#, &["Minimum value is 0 at {}/MaxItems"]),
            (r#""MaxItems": "1""#, &["Expected value of type Integer at {}/MaxItems"]),
            (r#""MaxItemsPath": "n""#, &["Value must be a valid JSONPath. at {}/MaxItemsPath"]),
        ];
        for (config, expected) in cases {
            let expected: Vec<String> = expected.iter().map(|line| line.replace("{}", place)).collect();
            check_config(config, &expected.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }

    #[test]
    fn batchers_and_writers() {
        let put = r#""Resource": "arn:aws:states:::s3:putObject""#;
        let cases: &[(&str, &[&str])] = &[
            (
                r#""ItemBatcher": {"MaxItemsPerBatch": 1, "MaxInputBytesPerBatch": 262144, "BatchInput": {"a.$": "$.b"}}"#,
                &[],
            ),
            (r#""ItemBatcher": {"MaxItemsPerBatchPath": "$.n"}"#, &[]),
            (
                r#""ItemBatcher": {}"#,
                &[
                    "These fields are required: [MaxItemsPerBatch] or [MaxInputBytesPerBatch] at /States/S/ItemBatcher",
                ],
            ),
            (
                r#""ItemBatcher": {"MaxItemsPerBatch": 0, "MaxInputBytesPerBatch": 262145, "BatchInput": {"a.$": 1}}"#,
                &[
                    "Minimum value is 1 at /States/S/ItemBatcher/MaxItemsPerBatch",
                    "Maximum value is 262144 at /States/S/ItemBatcher/MaxInputBytesPerBatch",
                    "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at \
                     /States/S/ItemBatcher/BatchInput",
                ],
            ),
            (&format!(r#""ResultWriter": {{{put}, "Parameters": {{"Bucket": "b"}}}}"#), &[]),
            (
                r#""ResultWriter": {"WriterConfig": {"OutputType": "JSONL", "Transformation": "FLATTEN"}}"#,
                &[],
            ),
            (r#""ResultWriter": {}"#, &["Value cannot be empty at /States/S/ResultWriter"]),
            (
                &format!(r#""ResultWriter": {{{put}}}"#),
                &["These fields are required: [Parameters] at /States/S/ResultWriter"],
            ),
            (
                r#""ResultWriter": {"Parameters": {}, "WriterConfig": {"OutputType": "CSV"}}"#,
                &[
                    "These fields are required: [Resource] at /States/S/ResultWriter",
                    "These fields are required: [Transformation] at /States/S/ResultWriter/WriterConfig",
                    "Value should be one of the following: [JSON, JSONL] at /States/S/ResultWriter/WriterConfig/OutputType",
                ],
            ),
            (
                r#""ResultWriter": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {}}"#,
                &[
                    "The field 'Resource' does not match any of the allowed values at /States/S/ResultWriter/Resource",
                ],
            ),
        ];
        for (fields, expected) in cases {
            check(fields, expected);
        }
    }

    #[test]
    fn labels() {
        let long = "l".repeat(MAX_LABEL_UNITS);
        check(&format!(r#""Label": "{long}""#), &[]);
        check(
            &format!(r#""Label": "{long}l""#),
            &[&format!(
                "INVALID_LABEL_NAME: Label name '{long}l' exceeds the 40-character limit allowed by the service at \
                 /States/S/Label"
            )],
        );
        check(r#""Label": """#, &["INVALID_LABEL_NAME: Label name cannot be empty at /States/S/Label"]);
        check(r#""Label": 1"#, &["Expected value of type [STRING] at /States/S/Label"]);
        for bad in ["a b", "a*", "a{", "a:b", "a\u{80}", "a%", "a`"] {
            let message = format!(
                "INVALID_LABEL_NAME: Invalid Label name '{bad}': the label name contains invalid characters. at \
                 /States/S/Label"
            );
            check(&format!(r#""Label": "{bad}""#), &[&message]);
        }
        let two = r#"{"Type": "Parallel", "End": true, "Branches": [{"StartAt": "A", "States": {"A": {}}},
            {"StartAt": "B", "States": {"B": {}}}]}"#;
        let one = map(r#""Label": "same""#);
        let other = one.replace("\"I\"", "\"J\"");
        let two = two.replacen("{}", &one, 1).replacen("{}", &other, 1);
        check_faults(
            &single(&two),
            &["DUPLICATE_LABEL_NAME: Duplicate Label name: same at /States/S/Branches[1]/States/B/Label"],
        );
    }
}
