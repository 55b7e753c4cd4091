//! Findings as lines for people and editors.

use std::fmt::Write as _;

use super::Report;
use super::finding::{Finding, Level};
use super::source::Source;

/// How many characters of a source line are shown; more are cut off around the place.
const WIDEST_LINE: usize = 120;
/// How many of them at least stand before the place.
const BEFORE: usize = 40;

/// How findings look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// One line each, for programs.
    Plain,
    /// With the line of the source and a caret under the place.
    Lines,
    /// The same, with colours.
    Colours,
}

/// Prints all findings and a summary.
pub(super) fn print(report: &Report, style: Style) -> String {
    let mut text = String::new();
    for file in &report.files {
        for finding in &file.findings {
            // Writing to a string cannot fail.
            let _ = print_finding(&mut text, &file.name, &file.source, finding, style);
        }
    }
    text + &summary(report) + "\n"
}

fn print_finding(
    text: &mut String,
    name: &str,
    source: &Source,
    finding: &Finding,
    style: Style,
) -> std::fmt::Result {
    let Finding { level, code, message, location, start, end, hint } = finding;
    let (name, message) = (shown(name), shown(message));
    let (bold, colour, reset) = match (style, level) {
        (Style::Plain | Style::Lines, _) => ("", "", ""),
        (Style::Colours, Level::Error) => ("\x1b[1m", "\x1b[1;31m", "\x1b[0m"),
        (Style::Colours, Level::Warning) => ("\x1b[1m", "\x1b[1;33m", "\x1b[0m"),
        (Style::Colours, Level::Note) => ("\x1b[1m", "\x1b[1;36m", "\x1b[0m"),
    };
    let (line, column, level) = (start.line, start.column, level.as_str());
    write!(text, "{bold}{name}:{line}:{column}:{reset} {colour}{level} {code}{reset}: {message}")?;
    if style == Style::Plain {
        let hint = hint.as_ref().map(|hint| format!(" ({})", shown(hint)));
        return writeln!(text, "{}", hint.unwrap_or_default());
    }
    let width = line.to_string().len().max(4);
    let whole = source.line(line);
    let last = if end.line == line { end.column } else { whole.chars().count() + 1 };
    let (excerpt, blank, marks) = excerpt(whole, column, last.saturating_sub(column));
    writeln!(text, "\n {line:>width$} | {excerpt}")?;
    writeln!(text, " {:width$} | {blank}{colour}{}{reset}", "", "^".repeat(marks))?;
    let location = location.as_ref().map(|location| format!("at {}", shown(location)));
    for more in location.into_iter().chain(hint.as_deref().map(shown)) {
        writeln!(text, " {:width$} = {more}", "")?;
    }
    writeln!(text)
}

/// The part of a line to show, what to put under it before the carets, and how many carets.
/// `column` counts characters from 1.
fn excerpt(line: &str, column: usize, length: usize) -> (String, String, usize) {
    let total = line.chars().count();
    let cut = total > WIDEST_LINE;
    let from = if cut { column.saturating_sub(1 + BEFORE).min(total - WIDEST_LINE) } else { 0 };
    let mark = |is_cut: bool| if is_cut { "..." } else { "" };
    let (before, after) = (mark(from > 0), mark(cut && from + WIDEST_LINE < total));
    let part: String = line.chars().skip(from).take(WIDEST_LINE).collect();
    let left = column.saturating_sub(1 + from);
    // Tabs stay tabs, so that the caret stands where it should, however wide they are.
    let tab = |character: char| if character == '\t' { '\t' } else { ' ' };
    let blank: String = part.chars().chain(std::iter::repeat(' ')).take(left).map(tab).collect();
    let marks = length.min(WIDEST_LINE.saturating_sub(left)).max(1);
    let part = part.split('\t').map(shown).collect::<Vec<_>>().join("\t");
    (format!("{before}{part}{after}"), " ".repeat(before.len()) + &blank, marks)
}

/// `checked 2 files: 1 error, 2 warnings, 1 note`
fn summary(report: &Report) -> String {
    let number = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let found: Vec<String> = [Level::Error, Level::Warning, Level::Note]
        .into_iter()
        .map(|level| (level, report.count(level)))
        .filter(|(level, count)| *count > 0 || *level == Level::Error)
        .map(|(level, count)| match count {
            0 => "no errors".to_owned(),
            _ => number(count, level.as_str()),
        })
        .collect();
    let unread = match report.unreadable.len() {
        0 => String::new(),
        count => format!("; {} not read", number(count, "file")),
    };
    format!("checked {}: {}{unread}", number(report.files.len(), "file"), found.join(", "))
}

/// A text on one line and without power over the terminal.
fn shown(text: &str) -> String {
    let is_odd = |character: &char| {
        character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|character| if is_odd(&character) { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts() {
        let long = format!("{}X{}", "a".repeat(200), "b".repeat(200));
        let shown = format!("...{}X{}...", "a".repeat(40), "b".repeat(79));
        let cases = [
            ("  \"a\": 1", 3, 6, ("  \"a\": 1".to_owned(), "  ".to_owned(), 6)),
            ("\t\"a\"", 2, 3, ("\t\"a\"".to_owned(), "\t".to_owned(), 3)),
            ("ab", 3, 0, ("ab".to_owned(), "  ".to_owned(), 1)),
            ("", 1, 0, (String::new(), String::new(), 1)),
            ("a\u{1b}[31m", 2, 1, ("a [31m".to_owned(), " ".to_owned(), 1)),
            (&long, 201, 500, (shown, " ".repeat(43), 80)),
        ];
        for (line, column, length, expected) in cases {
            assert_eq!(excerpt(line, column, length), expected, "{line}");
        }
    }
}
