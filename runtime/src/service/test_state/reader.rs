//! What the reader of a Map would have read, as a caller gives it.
//!
//! The words for what cannot be read were not recorded.

use gradus_api::shapes::TestStateConfiguration;
use gradus_core::json::{self, Payload, Value};
use gradus_core::machine::Failure;

use super::csv;

/// The items of a Map that has a reader.
#[derive(Debug)]
pub(super) struct Items {
    /// An array, or an object whose members are the items; or why reading fails.
    pub(super) items: Result<Payload, Failure>,
    /// The same, if `ItemsPointer` has found them.
    pub(super) pointed: Option<Payload>,
}

/// Reads the data as the reader is configured to. If nobody says what is read, it is nothing.
pub(super) fn items(reader: &Value, given: &TestStateConfiguration) -> Result<Items, String> {
    let Some(text) = given.map_item_reader_data.as_deref() else {
        return Ok(Items { items: Ok(Payload::from_value(Value::from(Vec::<Value>::new()))), pointed: None });
    };
    let config = reader.get("ReaderConfig");
    let field = |name| config.and_then(|config| config.get(name)?.as_str());
    let no_json = |_| "MapItemReaderData must be valid JSON".to_owned();
    let items = match field("InputType") {
        Some("JSONL") => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            let lines: Result<Vec<Value>, _> = lines.map(json::parse).collect();
            Payload::from_value(Value::from(lines.map_err(no_json)?))
        }
        Some("CSV") => {
            let delimiter = csv::delimiter(field("CSVDelimiter"));
            let headers = config.and_then(|config| config.get("CSVHeaders")?.as_array());
            let headers = headers.map(|names| names.iter().filter_map(Value::as_str).collect());
            match csv::items(text, delimiter, headers) {
                Ok(items) => Payload::from_value(Value::from(items)),
                Err(csv::Fault::TooMany) => return Err("MapItemReaderData has too many values".to_owned()),
                Err(csv::Fault::DuplicateHeader) => {
                    let failure =
                        Failure::new("States.ItemReaderFailed", "CSV headers cannot contain duplicates.");
                    return Ok(Items { items: Err(failure), pointed: None });
                }
            }
        }
        Some(kind @ ("PARQUET" | "MANIFEST")) => {
            return Err(format!("gradus does not read MapItemReaderData of the type {kind} yet"));
        }
        _ => Payload::parse(text).map_err(no_json)?,
    };
    let pointed = match field("ItemsPointer") {
        None => None,
        Some(pointer) => Some(items.part(pointer).ok_or_else(|| {
            format!("ItemsPointer '{pointer}' does not lead to anything in MapItemReaderData")
        })?),
    };
    Ok(Items { items: Ok(pointed.clone().unwrap_or(items)), pointed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_read_as_the_reader_says() {
        let cases = [
            ("{}", None, Ok(("[]", None))),
            ("{}", Some("[1, 2]"), Ok(("[1, 2]", None))),
            (
                r#"{"ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a/b"}}"#,
                Some(r#"{"a": {"b": [ 1 ]}}"#),
                Ok(("[ 1 ]", Some("[ 1 ]"))),
            ),
            (r#"{"ReaderConfig": {"InputType": "JSONL"}}"#, Some("1\n\n{}\n"), Ok(("[1,{}]", None))),
            ("{}", Some("no"), Err("MapItemReaderData must be valid JSON")),
            (
                r#"{"ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}}"#,
                Some("a,b\n1,2\n"),
                Ok((r#"[{"a":"1","b":"2"}]"#, None)),
            ),
            (
                r#"{"ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x"],
                    "CSVDelimiter": "PIPE"}}"#,
                Some("a|b"),
                Ok((r#"[{"x":"a"}]"#, None)),
            ),
            (
                r#"{"ReaderConfig": {"InputType": "PARQUET"}}"#,
                Some("PAR1"),
                Err("gradus does not read MapItemReaderData of the type PARQUET yet"),
            ),
            (
                r#"{"ReaderConfig": {"ItemsPointer": "/x"}}"#,
                Some("{}"),
                Err("ItemsPointer '/x' does not lead to anything in MapItemReaderData"),
            ),
        ];
        for (reader, data, expected) in cases {
            let given = TestStateConfiguration {
                map_item_reader_data: data.map(str::to_owned),
                ..TestStateConfiguration::default()
            };
            let found = items(&json::parse(reader).unwrap(), &given);
            let found = found.as_ref().map(|found| {
                (found.items.as_ref().unwrap().text(), found.pointed.as_ref().map(Payload::text))
            });
            assert_eq!(found.map_err(String::as_str), expected, "{reader} {data:?}");
        }
    }
}
