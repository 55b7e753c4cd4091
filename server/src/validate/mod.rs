//! `gradus validate`: what is wrong with definitions, and where in their text.
//!
//! The rules are those of `gradus-core`, the same that refuse a state machine on the way in. Here
//! each diagnostic becomes a [`Finding`], with its place as line and column and a hint where one
//! helps, and the findings are printed in one of three forms. Nothing is run and nothing is kept.

mod finding;
mod hint;
mod json;
mod sarif;
mod source;
mod text;

use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use gradus_core::asl;

use crate::config::{self, Format, LeastSeverity, Type};
use finding::{Finding, Level};
use source::Source;

const FAULTY: u8 = 1;
const UNUSABLE: u8 = 2;

/// The file that stands for standard input.
const STDIN: &str = "-";

/// Checks every file and prints what was found.
pub(crate) fn command(options: &config::Validate) -> ExitCode {
    if options.files.iter().filter(|file| file.as_os_str() == STDIN).count() > 1 {
        eprintln!("gradus: standard input can be read only once");
        return ExitCode::from(UNUSABLE);
    }
    let report = Report::of(options);
    for file in &report.unreadable {
        eprintln!("gradus: {file}");
    }
    let text = match options.format {
        Format::Text => text::print(&report, style()),
        Format::Json => json::print(&report),
        Format::Sarif => sarif::print(&report),
    };
    match io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever reads the findings may have had enough of them.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("gradus: cannot write the findings: {error}");
            ExitCode::from(UNUSABLE)
        }
        _ => ExitCode::from(report.code()),
    }
}

/// How findings look on standard output.
fn style() -> text::Style {
    let colourless = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    match io::stdout().is_terminal() {
        false => text::Style::Plain,
        true if colourless => text::Style::Lines,
        true => text::Style::Colours,
    }
}

/// What became of all files.
struct Report {
    files: Vec<Checked>,
    /// Files that were not read, each with the reason.
    unreadable: Vec<String>,
}

/// One file that was read.
struct Checked {
    /// As it is called in messages.
    name: String,
    source: Source,
    findings: Vec<Finding>,
    /// How many errors, warnings and notes there are, those included that are not shown.
    counts: [usize; 3],
}

impl Report {
    fn of(options: &config::Validate) -> Report {
        let mut report = Report { files: Vec::new(), unreadable: Vec::new() };
        for file in &options.files {
            let name = if file.as_os_str() == STDIN { "<stdin>".into() } else { file.display().to_string() };
            match read(file) {
                Ok(text) => report.files.push(Checked::of(name, text, options)),
                Err(error) => report.unreadable.push(format!("{name}: {error}")),
            }
        }
        report
    }

    /// How many findings of a level there are in all files.
    fn count(&self, level: Level) -> usize {
        self.files.iter().map(|file| file.count(level)).sum()
    }

    /// The exit code.
    fn code(&self) -> u8 {
        match (self.unreadable.is_empty(), self.count(Level::Error)) {
            (false, _) => UNUSABLE,
            (true, 0) => 0,
            (true, _) => FAULTY,
        }
    }
}

impl Checked {
    fn of(name: String, text: String, options: &config::Validate) -> Checked {
        let express = options.r#type == Type::Express;
        let parsed = asl::parse(&text, asl::parse::Options { express });
        let source = Source::new(text);
        let mut findings = finding::all(&source, &parsed.diagnostics);
        let counts = [Level::Error, Level::Warning, Level::Note]
            .map(|level| findings.iter().filter(|finding| finding.level == level).count());
        let shows_warnings = options.severity == LeastSeverity::Warning;
        findings.retain(|finding| shows_warnings || finding.level != Level::Warning);
        Checked { name, source, findings, counts }
    }

    fn count(&self, level: Level) -> usize {
        let [errors, warnings, notes] = self.counts;
        match level {
            Level::Error => errors,
            Level::Warning => warnings,
            Level::Note => notes,
        }
    }
}

fn read(file: &Path) -> io::Result<String> {
    if file.as_os_str() == STDIN {
        let mut text = String::new();
        return io::stdin().read_to_string(&mut text).map(|_| text);
    }
    fs::read_to_string(file)
}

#[cfg(test)]
mod tests;
