//! A text with its lines: from offsets to lines and columns.

use std::ops::Range;

/// A text, and where its lines begin.
#[derive(Debug)]
pub(super) struct Source {
    text: String,
    /// The offset of the first byte of each line; the first is 0.
    starts: Vec<usize>,
}

/// A place in a text for people: lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Source {
    pub(super) fn new(text: String) -> Source {
        let bytes = text.as_bytes();
        // A line ends with LF, CR or both, as for the parser whose positions are shown too.
        let ends = bytes
            .iter()
            .enumerate()
            .filter(|(at, byte)| **byte == b'\n' || (**byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')));
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Source { text, starts }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The position of a byte; the end of the text for an offset behind it.
    pub(super) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        Position { line, column: 1 + before.chars().count() }
    }

    /// The offset that a JSON parser means by a line and a column, which counts UTF-16 units.
    pub(super) fn offset(&self, line: usize, column: usize) -> usize {
        let range = self.range(line);
        let mut left = column.saturating_sub(1);
        let text = self.text.get(range.clone()).unwrap_or_default();
        let length: usize = text
            .chars()
            .take_while(|character| {
                let fits = left >= character.len_utf16();
                left = left.saturating_sub(character.len_utf16());
                fits
            })
            .map(char::len_utf8)
            .sum();
        range.start + length
    }

    /// A line without its end; empty if there is no such line.
    pub(super) fn line(&self, line: usize) -> &str {
        self.text.get(self.range(line)).unwrap_or_default()
    }

    fn range(&self, line: usize) -> Range<usize> {
        let start = |line: usize| line.checked_sub(1).and_then(|index| self.starts.get(index)).copied();
        let Some(first) = start(line) else {
            return self.text.len()..self.text.len();
        };
        let end = start(line + 1).unwrap_or(self.text.len());
        let whole = self.text.get(first..end).unwrap_or_default();
        first..first + whole.trim_end_matches(['\r', '\n']).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        let source = Source::new("ab\né😀x\r\n\rlast".to_owned());
        // Offset, line, column, the text of the line.
        let cases = [
            (0, 1, 1, "ab"),
            (2, 1, 3, "ab"),
            (3, 2, 1, "é😀x"),
            (5, 2, 2, "é😀x"),
            (9, 2, 3, "é😀x"),
            (12, 3, 1, ""),
            (13, 4, 1, "last"),
            (17, 4, 5, "last"),
            (99, 4, 5, "last"),
        ];
        for (offset, line, column, text) in cases {
            assert_eq!(source.position(offset), Position { line, column }, "{offset}");
            assert_eq!(source.line(line), text);
        }
        assert_eq!((source.line(0), source.line(5)), ("", ""));
        assert_eq!(Source::new(String::new()).position(0), Position { line: 1, column: 1 });
    }

    #[test]
    fn offsets_of_a_parser() {
        let source = Source::new("ab\né😀x\n".to_owned());
        // Line, column in UTF-16 units, offset.
        let cases =
            [(1, 1, 0), (1, 3, 2), (1, 9, 2), (2, 2, 5), (2, 3, 5), (2, 4, 9), (2, 5, 10), (7, 1, 11)];
        for (line, column, offset) in cases {
            assert_eq!(source.offset(line, column), offset, "{line}:{column}");
        }
    }
}
