//! Reads the members of one object of the document, and remembers which were read.
//!
//! What is not in the object's table is reported when it is opened; what is in the table and that
//! nothing has read is reported when it is closed. So no field is ever accepted in silence.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::location::Location;
use super::unbuilt::{self, Unbuilt};
use super::{Language, Parser, Read, Refused, paths};
use crate::asl::definition::ResultPath;
use crate::expr::path::Path;
use crate::expr::template::Template;
use crate::json::{Object, Value};

/// The names that an object may have, in groups.
pub(super) type Table = &'static [&'static [&'static str]];

/// The largest number of seconds, of retries and so on that a field takes.
pub(super) const MAX_NUMBER: u64 = 99_999_999;

/// Fields of the JSONata language that a JSONPath object may not have, in the service's tables.
const JSONATA_ONLY: &[&str] = &["Arguments", "Condition", "Items", "Output"];

/// Fields of the JSONPath language that a JSONata object may not have.
const JSONPATH_ONLY: &[&str] = &[
    "And",
    "CausePath",
    "ErrorPath",
    "HeartbeatSecondsPath",
    "InputPath",
    "ItemsPath",
    "MaxConcurrencyPath",
    "MaxInputBytesPerBatchPath",
    "MaxItemsPath",
    "MaxItemsPerBatchPath",
    "Not",
    "Or",
    "OutputPath",
    "Parameters",
    "Result",
    "ResultPath",
    "ResultSelector",
    "SecondsPath",
    "TimeoutSecondsPath",
    "TimestampPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "Variable",
];

/// The members of one object, with the place where it stands.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    object: &'a Object,
    location: Location<'a>,
    table: Table,
    read: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Opens an object. Reports what is no object, and every field that is not in `table`.
    pub(super) fn open(
        parser: &mut Parser,
        value: &'a Value,
        location: Location<'a>,
        table: Table,
    ) -> Read<Fields<'a>> {
        let Some(object) = value.as_object() else {
            return Err(parser.refuse(&location, expected("[OBJECT]")));
        };
        let fields = Fields { object, location, table, read: Vec::new() };
        for name in object.keys().filter(|name| !fields.knows(name)) {
            parser.refuse_member(&location, name, format!("Field '{name}' is not supported"));
        }
        Ok(fields)
    }

    /// Reports every field of the language that is not spoken here.
    pub(super) fn refuse_other_language(&mut self, parser: &mut Parser) {
        let (spoken, needed, foreign) = match parser.language {
            Some(Language::JsonPath) => ("JSONPath", "JSONata", JSONATA_ONLY),
            Some(Language::Jsonata) => ("JSONata", "JSONPath", JSONPATH_ONLY),
            None => return,
        };
        for name in foreign.iter().copied() {
            if self.get(name).is_some() {
                let message = format!(
                    "The QueryLanguage is set to '{spoken}', but field '{name}' is only supported for the \
                     '{needed}' QueryLanguage"
                );
                parser.refuse_member(&self.location, name, message);
            }
        }
    }

    /// Closes the object: what was known and not read is not built.
    pub(super) fn close(self, parser: &mut Parser) -> Read<()> {
        let mut closed = Ok(());
        for name in self.table.iter().copied().flatten().filter(|name| !self.read.contains(name)) {
            if self.object.contains_key(name) {
                closed = unbuilt::check(parser, &self.at(name), Unbuilt::Field(name)).and(closed);
            }
        }
        closed
    }

    /// Where the object stands.
    pub(super) fn here(&self) -> &Location<'a> {
        &self.location
    }

    /// Where a member stands, or would.
    pub(super) fn at<'b>(&'b self, name: &'b str) -> Location<'b> {
        self.location.field(name)
    }

    /// Whether the member is there; does not count as reading it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    fn knows(&self, name: &str) -> bool {
        self.table.iter().any(|group| group.contains(&name))
    }

    /// A member as it is; does not count as reading it.
    pub(super) fn peek(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|_| self.knows(name))
    }

    /// A member as it is; nothing for one that the table does not have, which is a fault already.
    pub(super) fn get(&mut self, name: &'static str) -> Option<&'a Value> {
        let value = self.peek(name)?;
        if !self.read.contains(&name) {
            self.read.push(name);
        }
        Some(value)
    }

    /// Reports, in one message and this order, which of these are missing.
    pub(super) fn require(&self, parser: &mut Parser, names: &[&str]) -> Read<()> {
        let missing: Vec<&str> = names.iter().copied().filter(|name| !self.has(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(parser.refuse(&self.location, format!("These fields are required: [{}]", missing.join(", "))))
    }

    /// Which of these is there; reports it when none is, or more than one.
    pub(super) fn exactly_one(&mut self, parser: &mut Parser, names: &[&'static str]) -> Read<&'static str> {
        self.at_most_one(parser, names)?.ok_or_else(|| {
            let message =
                format!("This object should have only one of the following fields: [{}]", names.join(", "));
            parser.refuse(&self.location, message)
        })
    }

    /// Which of these is there, if any; reports it when more than one is.
    pub(super) fn at_most_one(
        &mut self,
        parser: &mut Parser,
        names: &[&'static str],
    ) -> Read<Option<&'static str>> {
        // One that is not looked at any further, because another is there, is not unknown for that.
        let mut given = names.iter().copied().filter(|name| self.get(name).is_some());
        match (given.next(), given.next()) {
            (first, None) => Ok(first),
            _ => {
                given.for_each(drop);
                let message =
                    format!("There should only be one of the following fields: [{}]", names.join(", "));
                Err(parser.refuse(&self.location, message))
            }
        }
    }

    /// A member that must be a string.
    pub(super) fn string(&mut self, parser: &mut Parser, name: &'static str) -> Read<Option<&'a Arc<str>>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(parser.refuse(&self.at(name), expected("[STRING]"))),
        }
    }

    /// A member that must be one of these strings.
    pub(super) fn word(
        &mut self,
        parser: &mut Parser,
        name: &'static str,
        words: &[&'static str],
    ) -> Read<Option<&'static str>> {
        let Some(text) = self.string(parser, name)? else {
            return Ok(None);
        };
        match words.iter().find(|word| ***word == **text) {
            Some(word) => Ok(Some(word)),
            None => {
                let message = format!("Value should be one of the following: [{}]", words.join(", "));
                Err(parser.refuse(&self.at(name), message))
            }
        }
    }

    /// A member that must be `true` or `false`.
    pub(super) fn boolean(&mut self, parser: &mut Parser, name: &'static str) -> Read<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(_) => Err(parser.refuse(&self.at(name), expected("[BOOLEAN]"))),
        }
    }

    /// A member that must be an integer, written as one, in this range.
    pub(super) fn integer(
        &mut self,
        parser: &mut Parser,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Read<Option<u64>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let Some(number) = value.as_number().filter(|number| number.is_integer()) else {
            return Err(parser.refuse(&self.at(name), expected("Integer")));
        };
        let too_small = number.as_f64() < *range.start() as f64;
        match number.as_i64().and_then(|number| u64::try_from(number).ok()) {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ if too_small => {
                Err(parser.refuse(&self.at(name), format!("Minimum value is {}", range.start())))
            }
            _ => Err(parser.refuse(&self.at(name), format!("Maximum value is {}", range.end()))),
        }
    }

    /// A member that must be a number of at least `min`.
    pub(super) fn number(&mut self, parser: &mut Parser, name: &'static str, min: u32) -> Read<Option<f64>> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match value.as_f64() {
            Some(number) if number >= f64::from(min) => Ok(Some(number)),
            Some(_) => Err(parser.refuse(&self.at(name), format!("Minimum value is {min}"))),
            None => Err(parser.refuse(&self.at(name), expected("[NUMBER]"))),
        }
    }

    /// A member that must be a number from 0 to 100.
    pub(super) fn percentage(&mut self, parser: &mut Parser, name: &'static str) -> Read<Option<f64>> {
        match self.number(parser, name, 0)? {
            Some(number) if number > 100.0 => Err(parser.refuse(&self.at(name), "Maximum value is 100")),
            number => Ok(number),
        }
    }

    /// A member that must be an array.
    pub(super) fn array(&mut self, parser: &mut Parser, name: &'static str) -> Read<Option<&'a [Value]>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(array)) => Ok(Some(array)),
            Some(_) => Err(parser.refuse(&self.at(name), expected("[ARRAY]"))),
        }
    }

    /// A member that must be an array with something in it.
    pub(super) fn filled_array(
        &mut self,
        parser: &mut Parser,
        name: &'static str,
    ) -> Read<Option<&'a [Value]>> {
        match self.array(parser, name)? {
            Some([]) => Err(parser.refuse(&self.at(name), EMPTY)),
            filled => Ok(filled),
        }
    }

    /// A member that must be an object with something in it.
    pub(super) fn filled_object(
        &mut self,
        parser: &mut Parser,
        name: &'static str,
    ) -> Read<Option<&'a Object>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(object)) if object.is_empty() => Err(parser.refuse(&self.at(name), EMPTY)),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(_) => Err(parser.refuse(&self.at(name), expected("[OBJECT]"))),
        }
    }

    /// A member that must be a path.
    pub(super) fn path(&mut self, parser: &mut Parser, name: &'static str) -> Read<Option<Path>> {
        let Some(text) = self.string(parser, name)? else {
            return Ok(None);
        };
        paths::path(parser, &self.at(name), text).map(Some)
    }

    /// A member that must be a path to one value.
    pub(super) fn value_path(&mut self, parser: &mut Parser, name: &'static str) -> Read<Option<Path>> {
        let Some(text) = self.string(parser, name)? else {
            return Ok(None);
        };
        paths::value_path(parser, &self.at(name), text).map(Some)
    }

    /// `InputPath` or `OutputPath`: `$` where absent, nothing where `null`.
    pub(super) fn data_path(&mut self, parser: &mut Parser, name: &'static str) -> Read<Option<Path>> {
        match self.get(name) {
            Some(Value::Null) => Ok(None),
            Some(_) => self.path(parser, name),
            None => paths::path(parser, &self.at(name), "$").map(Some),
        }
    }

    /// `ResultPath`: `$` where absent.
    pub(super) fn result_path(&mut self, parser: &mut Parser) -> Read<ResultPath> {
        const NAME: &str = "ResultPath";
        if let Some(Value::Null) = self.get(NAME) {
            return Ok(ResultPath::Discard);
        }
        let text = self.string(parser, NAME)?.map_or("$", |text| text);
        paths::reference_path(parser, &self.at(NAME), text).map(ResultPath::Insert)
    }

    /// A member that is a payload template. One that is `null` counts as not given, as `Result` does (recorded).
    pub(super) fn template(&mut self, parser: &mut Parser, name: &'static str) -> Read<Option<Template>> {
        let Some(value) = self.get(name).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        paths::template(parser, &self.at(name), value).map(Some)
    }
}

/// The message for an array, an object or a list of names without content.
pub(super) const EMPTY: &str = "Value cannot be empty";

/// The message for a value of another type. The service writes the types of strings and of
/// integers in these two ways; for the others the first is assumed.
pub(super) fn expected(kind: &str) -> String {
    format!("Expected value of type {kind}")
}

/// Reads every element, so that each fault is reported, and gives them if there was none.
pub(super) fn each<T>(parts: impl IntoIterator<Item = Read<T>>) -> Read<Vec<T>> {
    let mut whole = Ok(Vec::new());
    for part in parts {
        match (part, &mut whole) {
            (Ok(part), Ok(parts)) => parts.push(part),
            (Ok(_), Err(Refused)) => {}
            (Err(refused), _) => whole = Err(refused),
        }
    }
    whole
}
