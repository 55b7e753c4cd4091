//! Lines of separated values as the items of a Map.
//!
//! Quotes as RFC 4180 has them. Source of the rest: the service, recorded: all values are texts, columns without
//! a header are dropped, missing ones are empty, and a line without anything is a row of empty texts.

use std::collections::HashSet;
use std::str::Chars;

use gradus_core::json::{Object, Value};

/// The separator of this name; a comma for none.
pub(super) fn delimiter(name: Option<&str>) -> char {
    match name {
        Some("PIPE") => '|',
        Some("SEMICOLON") => ';',
        Some("SPACE") => ' ',
        Some("TAB") => '\t',
        _ => ',',
    }
}

/// The most values of all rows together: more than a text of its greatest length can spell out, so that none but
/// those that are missing from many short rows under many headers are refused.
const MAX_VALUES: usize = 262_144;

/// Why rows are no items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// They would have too many values.
    TooMany,
    /// A header comes twice.
    DuplicateHeader,
}

/// The rows as objects. Without headers given, they are the first row.
pub(super) fn items(text: &str, delimiter: char, headers: Option<Vec<&str>>) -> Result<Vec<Value>, Fault> {
    let mut rows = Rows { rest: text.chars(), delimiter };
    let headers: Vec<String> = match headers {
        Some(given) => given.into_iter().map(str::to_owned).collect(),
        None => rows.next().unwrap_or_default(),
    };
    if headers.iter().collect::<HashSet<_>>().len() < headers.len() {
        return Err(Fault::DuplicateHeader);
    }
    let most = MAX_VALUES / headers.len().max(1);
    let items: Vec<Value> = rows.by_ref().take(most).map(|row| item(&headers, row)).collect();
    if rows.rest.as_str().is_empty() { Ok(items) } else { Err(Fault::TooMany) }
}

fn item(headers: &[String], row: Vec<String>) -> Value {
    let mut values = row.into_iter();
    let mut item = Object::with_capacity(headers.len());
    for header in headers {
        item.insert(header.as_str(), Value::from(values.next().unwrap_or_default()));
    }
    item.into()
}

struct Rows<'a> {
    rest: Chars<'a>,
    delimiter: char,
}

impl Iterator for Rows<'_> {
    type Item = Vec<String>;

    fn next(&mut self) -> Option<Vec<String>> {
        if self.rest.as_str().is_empty() {
            return None;
        }
        let (mut row, mut value, mut quoted) = (Vec::new(), String::new(), false);
        while let Some(found) = self.rest.next() {
            match found {
                '"' if quoted && self.rest.as_str().starts_with('"') => value.extend(self.rest.next()),
                '"' if quoted => quoted = false,
                '"' if value.is_empty() => quoted = true,
                found if quoted => value.push(found),
                '\n' => break,
                '\r' if self.rest.as_str().starts_with('\n') => {}
                found if found == self.delimiter => row.push(std::mem::take(&mut value)),
                found => value.push(found),
            }
        }
        row.push(value);
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_items() {
        for (text, headers, expected) in [
            ("", None, "[]"),
            ("a,b\r\n1,2\r\n", None, r#"[{"a":"1","b":"2"}]"#),
            ("a,b\n1\n1,2,3\n\n", None, r#"[{"a":"1","b":""},{"a":"1","b":"2"},{"a":"","b":""}]"#),
            ("a\n\"x,\"\"y\"\"\nz\"\n", None, r#"[{"a":"x,\"y\"\nz"}]"#),
            ("a\nx\"y\n", None, r#"[{"a":"x\"y"}]"#),
            ("1,2", Some(vec!["a"]), r#"[{"a":"1"}]"#),
        ] {
            assert_eq!(Value::from(items(text, ',', headers).unwrap()).to_string(), expected, "{text:?}");
        }
        assert_eq!(
            Value::from(items("a;b\n1;2", delimiter(Some("SEMICOLON")), None).unwrap()).to_string(),
            r#"[{"a":"1","b":"2"}]"#
        );
    }

    #[test]
    fn rows_that_are_no_items() {
        let headers: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
        let text = format!("{}\n{}", headers.join(","), "\n".repeat(100_000));
        assert_eq!(items(&text, ',', None), Err(Fault::TooMany));
        assert_eq!(items(&"\n".repeat(262_144), ',', Some(vec!["a"])).map(|items| items.len()), Ok(262_144));
        for (text, headers) in [("a,b,a\n1,2,3", None), ("1", Some(vec!["a", "a"]))] {
            assert_eq!(items(text, ',', headers), Err(Fault::DuplicateHeader));
        }
    }
}
