//! Facts as bytes: all facts of one step are one value.
//!
//! ```text
//! row    = version (1 byte, 1) · first event (varint) · time (varint, zigzag milliseconds)
//!        · count of texts (varint) · text* · count of facts (varint) · fact*
//! text   = length (varint) · UTF-8
//! fact   = number (varint) · previous event (varint) · fields in order
//! ```
//!
//! Texts stand once in a row however often its facts mention them: the output of a state is the
//! input of the next and the output of the execution, and a payload may have 256 KiB. Integers
//! are LEB128; an optional field begins with 0 or 1; a text field is an index into the row's
//! texts. `store/format.md` shows rows byte by byte.

use std::collections::HashMap;
use std::sync::Arc;

use super::retry::Failure;
use super::{Entry, EventId, Fact, FrameId, Timestamp};
use crate::json::Payload;

const VERSION: u8 = 1;

/// All facts of one step: what a row holds.
#[derive(Clone, Debug, PartialEq)]
pub struct StepFacts {
    /// When the step was taken.
    pub at: Timestamp,
    /// Number of the first event among the facts (the next event, if none is one).
    pub first_event: EventId,
    /// The facts in order.
    pub entries: Vec<Entry>,
}

impl StepFacts {
    /// Each fact with its event number (0 for facts that are no events).
    pub fn numbered(&self) -> impl Iterator<Item = (EventId, &Entry)> {
        let mut next = self.first_event.0;
        self.entries.iter().map(move |entry| {
            if !entry.fact.is_event() {
                return (EventId(0), entry);
            }
            let id = EventId(next);
            next += 1;
            (id, entry)
        })
    }

    /// How many of the facts are events.
    pub fn events(&self) -> u64 {
        self.entries.iter().filter(|entry| entry.fact.is_event()).count() as u64
    }
}

/// A row that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Bytes are missing, or make no sense in this place.
    #[error("a row of facts is damaged: {0}")]
    Damaged(&'static str),
    /// Written by a later gradus.
    #[error("a row of facts has format {0}, which this gradus does not know")]
    UnknownVersion(u8),
    /// Written by a later gradus.
    #[error("a row of facts holds fact {0}, which this gradus does not know")]
    UnknownFact(u64),
}

/// The bytes of one step's facts.
pub fn encode(at: Timestamp, first_event: EventId, entries: &[Entry]) -> Vec<u8> {
    let mut writer = Writer::default();
    for entry in entries {
        writer.number(entry.fact.number());
        writer.number(entry.previous.0);
        entry.fact.put(&mut writer);
    }
    let texts: usize = writer.texts.iter().map(|text| text.as_str().len() + 5).sum();
    let mut row = Vec::with_capacity(32 + texts + writer.bytes.len());
    row.push(VERSION);
    put_varint(&mut row, first_event.0);
    put_varint(&mut row, zigzag(at.as_millis()));
    put_varint(&mut row, writer.texts.len() as u64);
    for text in &writer.texts {
        put_varint(&mut row, text.as_str().len() as u64);
        row.extend_from_slice(text.as_str().as_bytes());
    }
    put_varint(&mut row, entries.len() as u64);
    row.append(&mut writer.bytes);
    row
}

/// The facts of one step, as [`encode`] wrote them.
pub fn decode(row: &[u8]) -> Result<StepFacts, DecodeError> {
    let mut reader = Reader { rest: row, texts: Vec::new() };
    match reader.byte()? {
        VERSION => {}
        version => return Err(DecodeError::UnknownVersion(version)),
    }
    let first_event = EventId(reader.number()?);
    let at = Timestamp::from_millis(unzigzag(reader.number()?));
    reader.read_texts()?;
    let count = reader.number()?;
    // No capacity from a number on disk: a damaged row must not ask for terabytes.
    let mut entries = Vec::new();
    for _ in 0..count {
        let number = reader.number()?;
        let previous = EventId(reader.number()?);
        entries.push(Entry { previous, fact: Fact::get(number, &mut reader)? });
    }
    if !reader.rest.is_empty() {
        return Err(DecodeError::Damaged("bytes after the last fact"));
    }
    let row = StepFacts { at, first_event, entries };
    if first_event.0.checked_add(row.events()).is_none() {
        return Err(DecodeError::Damaged("the number of an event is too large"));
    }
    Ok(row)
}

/// A value that can stand in a fact.
pub trait Field: Sized {
    /// Writes the value.
    fn put(&self, writer: &mut Writer);
    /// Reads a value back.
    fn get(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// Where facts are written: their bytes, and the texts that they mention.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
    texts: Vec<Text>,
    /// Address and length of a text -> its index. The texts are kept alive beside, so an address
    /// is unique; the length tells an empty text from what may begin at the same place.
    seen: HashMap<(usize, usize), u32>,
}

enum Text {
    Name(Arc<str>),
    Payload(Payload),
}

impl Text {
    fn as_str(&self) -> &str {
        match self {
            Text::Name(name) => name,
            Text::Payload(payload) => payload.text(),
        }
    }
}

impl Writer {
    /// Writes one byte.
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Writes a number in as few bytes as it needs.
    pub fn number(&mut self, number: u64) {
        put_varint(&mut self.bytes, number);
    }

    fn text(&mut self, text: Text) {
        let next = self.texts.len() as u32;
        let index = *self.seen.entry((text.as_str().as_ptr() as usize, text.as_str().len())).or_insert(next);
        if index == next {
            self.texts.push(text);
        }
        self.number(u64::from(index));
    }
}

/// Where facts are read from.
pub struct Reader<'a> {
    rest: &'a [u8],
    texts: Vec<Shared>,
}

/// A text of the row in the forms in which facts share it.
struct Shared {
    name: Arc<str>,
    payload: Option<Payload>,
}

impl Reader<'_> {
    /// Reads one byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.rest.split_first().ok_or(DecodeError::Damaged("too short"))?;
        self.rest = rest;
        Ok(*first)
    }

    /// Reads a number.
    pub fn number(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError::Damaged("a number is too long"))
    }

    fn read_texts(&mut self) -> Result<(), DecodeError> {
        for _ in 0..self.number()? {
            let length = self.number()? as usize;
            let (text, rest) =
                self.rest.split_at_checked(length).ok_or(DecodeError::Damaged("a text is too short"))?;
            let text = std::str::from_utf8(text).map_err(|_| DecodeError::Damaged("a text is not UTF-8"))?;
            self.texts.push(Shared { name: Arc::from(text), payload: None });
            self.rest = rest;
        }
        Ok(())
    }

    fn text(&mut self) -> Result<&mut Shared, DecodeError> {
        let index = self.number()? as usize;
        self.texts.get_mut(index).ok_or(DecodeError::Damaged("a text is missing"))
    }
}

impl Field for Arc<str> {
    fn put(&self, writer: &mut Writer) {
        writer.text(Text::Name(self.clone()));
    }

    fn get(reader: &mut Reader<'_>) -> Result<Arc<str>, DecodeError> {
        Ok(reader.text()?.name.clone())
    }
}

impl Field for Payload {
    fn put(&self, writer: &mut Writer) {
        writer.text(Text::Payload(self.clone()));
    }

    fn get(reader: &mut Reader<'_>) -> Result<Payload, DecodeError> {
        let shared = reader.text()?;
        let name = &shared.name;
        Ok(shared.payload.get_or_insert_with(|| Payload::from_trusted(name.clone())).clone())
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, writer: &mut Writer) {
        writer.byte(u8::from(self.is_some()));
        if let Some(value) = self {
            value.put(writer);
        }
    }

    fn get(reader: &mut Reader<'_>) -> Result<Option<T>, DecodeError> {
        match reader.byte()? {
            0 => Ok(None),
            1 => Ok(Some(T::get(reader)?)),
            _ => Err(DecodeError::Damaged("neither there nor absent")),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn put(&self, writer: &mut Writer) {
        writer.number(self.len() as u64);
        self.iter().for_each(|item| item.put(writer));
    }

    fn get(reader: &mut Reader<'_>) -> Result<Vec<T>, DecodeError> {
        // No capacity from a number on disk, see `decode`.
        let mut items = Vec::new();
        for _ in 0..reader.number()? {
            items.push(T::get(reader)?);
        }
        Ok(items)
    }
}

impl<T: Field, U: Field> Field for (T, U) {
    fn put(&self, writer: &mut Writer) {
        self.0.put(writer);
        self.1.put(writer);
    }

    fn get(reader: &mut Reader<'_>) -> Result<(T, U), DecodeError> {
        Ok((T::get(reader)?, U::get(reader)?))
    }
}

impl Field for u64 {
    fn put(&self, writer: &mut Writer) {
        writer.number(*self);
    }

    fn get(reader: &mut Reader<'_>) -> Result<u64, DecodeError> {
        reader.number()
    }
}

impl Field for u32 {
    fn put(&self, writer: &mut Writer) {
        writer.number(u64::from(*self));
    }

    fn get(reader: &mut Reader<'_>) -> Result<u32, DecodeError> {
        u32::try_from(reader.number()?).map_err(|_| DecodeError::Damaged("a number is too large"))
    }
}

impl Field for FrameId {
    fn put(&self, writer: &mut Writer) {
        self.0.put(writer);
    }

    fn get(reader: &mut Reader<'_>) -> Result<FrameId, DecodeError> {
        Field::get(reader).map(FrameId)
    }
}

impl Field for EventId {
    fn put(&self, writer: &mut Writer) {
        writer.number(self.0);
    }

    fn get(reader: &mut Reader<'_>) -> Result<EventId, DecodeError> {
        reader.number().map(EventId)
    }
}

impl Field for Timestamp {
    fn put(&self, writer: &mut Writer) {
        writer.number(zigzag(self.as_millis()));
    }

    fn get(reader: &mut Reader<'_>) -> Result<Timestamp, DecodeError> {
        Ok(Timestamp::from_millis(unzigzag(reader.number()?)))
    }
}

impl Field for Failure {
    fn put(&self, writer: &mut Writer) {
        self.error.put(writer);
        self.cause.put(writer);
        writer.byte(u8::from(self.heartbeat));
    }

    fn get(reader: &mut Reader<'_>) -> Result<Failure, DecodeError> {
        let error = Field::get(reader)?;
        let cause = Field::get(reader)?;
        let heartbeat = reader.byte()? != 0;
        Ok(Failure { error, cause, heartbeat })
    }
}

fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{FrameId, Start, StateKind};

    /// The entries make these bytes, which are read as the same again, and no cut row is read at all.
    fn assert_row(first_event: u64, entries: &[Entry], expected: &[u8]) {
        let row = encode(Timestamp::from_millis(1), EventId(first_event), entries);
        assert_eq!(row, expected);
        let read = decode(&row).expect("our own bytes");
        assert_eq!((read.first_event, read.entries.as_slice()), (EventId(first_event), entries));
        for end in 0..row.len() {
            assert!(decode(&row[..end]).is_err(), "cut at {end}");
        }
    }

    /// The bytes of a row are a promise: this test may grow, but no line of it may change.
    #[test]
    fn variables_are_these_bytes() {
        let text = |text: &str| Arc::<str>::from(text);
        let (frame, kind, value) = (FrameId(2), StateKind::Wait, Payload::parse("7").expect("sound"));
        let variables = vec![(text("x"), value.clone()), (text("y"), value.clone())];
        let facts = [
            Fact::StateExitedAssigned { frame, kind, name: text("w"), output: value, variables },
            Fact::StateExitedAssigned {
                frame,
                kind,
                name: text("w"),
                output: Payload::empty_object(),
                variables: Vec::new(),
            },
        ];
        let entries = facts.map(|fact| Entry { previous: EventId(3), fact });
        #[rustfmt::skip]
        let expected = [
            1, /* first event */ 4, /* time */ 2,
            /* texts */ 6, 1, b'w', 1, b'7', 1, b'x', 1, b'y', 1, b'w', 2, b'{', b'}',
            /* facts */ 2,
            /* StateExitedAssigned */ 36, 3, 2, 4, 0, 1, 2, 2, 1, 3, 1,
            /* StateExitedAssigned */ 36, 3, 2, 4, 4, 5, 0,
        ];
        assert_row(4, &entries, &expected);
    }

    /// As for the row above.
    #[test]
    fn roles_are_these_bytes() {
        let text = |text: &str| Arc::<str>::from(text);
        let (frame, value) = (FrameId(2), Payload::parse("7").expect("sound"));
        let facts = [
            Fact::LambdaFunctionScheduledInRole {
                frame,
                resource: text("f"),
                input: value.clone(),
                timeout_seconds: Some(5),
                role: text("r"),
            },
            Fact::TaskScheduledInRole {
                frame,
                service: text("s"),
                action: text("a"),
                region: text("e"),
                parameters: value,
                timeout_seconds: None,
                heartbeat_seconds: Some(6),
                role: text("q"),
            },
        ];
        let entries = facts.map(|fact| Entry { previous: EventId(3), fact });
        #[rustfmt::skip]
        let expected = [
            1, /* first event */ 4, /* time */ 2,
            /* texts */ 7, 1, b'f', 1, b'7', 1, b'r', 1, b's', 1, b'a', 1, b'e', 1, b'q',
            /* facts */ 2,
            /* LambdaFunctionScheduledInRole */ 53, 3, 2, 0, 1, 1, 5, 2,
            /* TaskScheduledInRole */ 54, 3, 2, 3, 4, 5, 1, 0, 1, 6, 6,
        ];
        assert_row(4, &entries, &expected);
    }

    #[test]
    fn events_beyond_all_numbers_are_refused() {
        let entries = [Entry { previous: EventId(0), fact: Fact::ParallelSucceeded { frame: FrameId(2) } }];
        for (first, fits) in [(u64::MAX, false), (u64::MAX - 1, true)] {
            let row = encode(Timestamp::from_millis(0), EventId(first), &entries);
            assert_eq!(decode(&row).is_ok(), fits, "{first}");
        }
    }

    /// As for the row above.
    #[test]
    fn redrives_are_these_bytes() {
        let facts = [
            (9, Fact::ExecutionRedriven { count: 1, token: Some("t".into()) }),
            (0, Fact::BlockResumed { frame: FrameId::ROOT }),
            (0, Fact::StateResumed { frame: FrameId(2), cursor: EventId(4) }),
            (9, Fact::ExecutionRedriven { count: 200, token: None }),
        ];
        let entries = facts.map(|(previous, fact)| Entry { previous: EventId(previous), fact });
        #[rustfmt::skip]
        let expected = [
            1, /* first event */ 10, /* time */ 2, /* texts */ 1, 1, b't', /* facts */ 4,
            /* ExecutionRedriven */ 60, 9, 1, 1, 0,
            /* BlockResumed */ 62, 0, 0,
            /* StateResumed */ 61, 0, 2, 4,
            /* ExecutionRedriven */ 60, 9, 200, 1, 0,
        ];
        assert_row(10, &entries, &expected);
    }

    /// As for the row above.
    #[test]
    fn a_row_is_these_bytes() {
        let text = |text: &str| Arc::<str>::from(text);
        let input = Payload::parse("7").expect("sound input");
        let (frame, kind, name) = (FrameId::ROOT, StateKind::Pass, text("p"));
        let start = Start {
            arn: text("a"),
            name: text("n"),
            machine_arn: text("m"),
            machine_name: text("s"),
            revision: text("r"),
            version_arn: None,
            alias_arn: Some(text("v")),
            role_arn: text("o"),
            trace_header: None,
            input: input.clone(),
        };
        let facts = [
            (0, Fact::ExecutionStarted { start: Box::new(start) }),
            (0, Fact::StateEntered { frame, kind, name: name.clone(), input: input.clone() }),
            (2, Fact::StateExited { frame, kind, name, output: input.clone() }),
            (3, Fact::ExecutionSucceeded { output: input }),
        ];
        let entries = facts.map(|(previous, fact)| Entry { previous: EventId(previous), fact });
        #[rustfmt::skip]
        let expected = [
            1, /* first event */ 1, /* time */ 2,
            /* texts */ 9, 1, b'a', 1, b'n', 1, b'm', 1, b's', 1, b'r', 1, b'o', 1, b'v', 1, b'7', 1, b'p',
            /* facts */ 4,
            /* ExecutionStarted */ 1, 0, 0, 1, 2, 3, 4, 5, 0, 1, 6, 0, 7,
            /* StateEntered */ 2, 0, 0, 1, 8, 7,
            /* StateExited */ 3, 2, 0, 1, 8, 7,
            /* ExecutionSucceeded */ 12, 3, 7,
        ];
        assert_row(1, &entries, &expected);
        assert_eq!(decode(&[2, 1, 2, 0, 0]), Err(DecodeError::UnknownVersion(2)));
        assert_eq!(decode(&[1, 1, 2, 0, 1, 99, 0]), Err(DecodeError::UnknownFact(99)));
    }
}
