//! What is wrong with a JSON text, in the words and with the location that the service shows.

use std::fmt;

/// The longest part of the source that a location quotes, in UTF-16 units.
const MAX_QUOTED_UNITS: usize = 500;
/// A longer source is read as a stream by the service, and a location then quotes nothing. In UTF-16 units.
const MAX_STRING_UNITS: usize = 32_768;

/// A text is not JSON. `Display` is the message without the location.
///
/// Source: Jackson 2.15. Boxed, so that the scanner's results stay small.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.message)]
pub struct SyntaxError(Box<Details>);

#[derive(Clone, PartialEq, Eq)]
struct Details {
    message: String,
    line: usize,
    column: usize,
    location: String,
}

impl SyntaxError {
    /// An error at `position` of `text`.
    #[cold]
    pub(super) fn new(text: &str, position: Position, message: String) -> SyntaxError {
        let (line, column) = position.line_and_column(text);
        SyntaxError(Box::new(Details { message, line, column, location: location(text, line, column) }))
    }

    /// The message without the location.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column in UTF-16 units: 1 and what the reader had consumed of the line, so usually one past the
    /// character that the message names.
    pub fn column(&self) -> usize {
        self.0.column
    }

    /// `[Source: (String)"‹text›"; line: ‹l›, column: ‹c›]`, with at most 500 UTF-16 units of text.
    pub fn location(&self) -> &str {
        &self.0.location
    }

    /// The message, a line feed, and ` at ‹location›`: the form of a definition's diagnostic.
    pub fn with_location(&self) -> String {
        format!("{}\n at {}", self.0.message, self.0.location)
    }
}

impl fmt::Debug for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_location())
    }
}

/// Where the reader of the service stands when it gives up.
#[derive(Clone, Copy)]
pub(super) enum Position {
    /// Before the byte at this offset.
    Before(usize),
    /// After the first UTF-16 unit of the character at this offset. A line end counts as a column here:
    /// the reader met it where none is allowed.
    After(usize),
    /// Line 1, column 0: no token was read.
    Nowhere,
}

impl Position {
    fn line_and_column(self, text: &str) -> (usize, usize) {
        let (offset, consumed) = match self {
            Position::Before(offset) => (offset, 0),
            Position::After(offset) => (offset, 1),
            Position::Nowhere => return (1, 0),
        };
        let before = text.get(..offset).unwrap_or(text);
        let mut line = 1;
        let mut start = 0;
        let mut previous = 0;
        for (at, byte) in before.bytes().enumerate() {
            if byte == b'\r' || (byte == b'\n' && previous != b'\r') {
                line += 1;
            }
            if byte == b'\r' || byte == b'\n' {
                start = at + 1;
            }
            previous = byte;
        }
        let units = before.get(start..).unwrap_or_default().encode_utf16().count();
        (line, 1 + units + consumed)
    }
}

/// The location text of a position.
pub(super) fn location_of(text: &str, position: Position) -> String {
    let (line, column) = position.line_and_column(text);
    location(text, line, column)
}

fn location(text: &str, line: usize, column: usize) -> String {
    format!("[Source: {}; line: {line}, column: {column}]", source(text))
}

/// `(String)"…"`, or `(StringReader)` for a long text.
fn source(text: &str) -> String {
    let units = text.encode_utf16().count();
    if units > MAX_STRING_UNITS {
        return "(StringReader)".to_owned();
    }
    let mut source = String::from("(String)\"");
    let mut quoted = 0;
    for character in text.chars() {
        quoted += character.len_utf16();
        if quoted > MAX_QUOTED_UNITS {
            // Half of a surrogate pair is quoted as the service's UTF-8 encoder would write it.
            if quoted - character.len_utf16() < MAX_QUOTED_UNITS {
                source.push('?');
            }
            break;
        }
        if character.is_control() && character != '\r' && character != '\n' {
            source.push_str(&format!("\\u{:04X}", u32::from(character)));
        } else {
            source.push(character);
        }
    }
    source.push('"');
    if units > MAX_QUOTED_UNITS {
        source.push_str(&format!("[truncated {} chars]", units - MAX_QUOTED_UNITS));
    }
    source
}

/// How a message names a character: `'c' (code 99)`, `'é' (code 233)`, `'€' (code 8364 / 0x20ac)`,
/// `(CTRL-CHAR, code 1)`. A character beyond the BMP is named by its first surrogate, which UTF-8 cannot
/// hold: `?` stands for it, as in Java.
pub(super) fn describe(character: char) -> String {
    let unit = character.encode_utf16(&mut [0; 2]).first().copied().unwrap_or_default();
    if character.is_control() {
        return format!("(CTRL-CHAR, code {unit})");
    }
    let shown = if character.len_utf16() == 1 { character } else { '?' };
    if unit > 255 {
        format!("'{shown}' (code {unit} / 0x{unit:x})")
    } else {
        format!("'{shown}' (code {unit})")
    }
}
