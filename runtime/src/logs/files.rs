//! Logs as files: a file for each log group, JSON lines, one event each.
//!
//! A file is opened for each batch, so whoever rotates logs may move it away at any time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::line::Line;
use crate::store::logging::Logging;

/// A folder of logs. It is made when the first line comes.
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    /// Logs in a folder.
    pub(super) fn in_folder(folder: PathBuf) -> Files {
        Files { folder }
    }

    /// Appends lines to the files of their groups. What cannot be written is reported, and lost.
    pub(super) fn append(&self, lines: &[Line]) {
        let mut texts = BTreeMap::<PathBuf, String>::new();
        for line in lines {
            let text = texts.entry(self.path(&line.logging)).or_default();
            text.push_str(&line.text());
            text.push('\n');
        }
        for (path, text) in texts {
            if let Err(error) = append(&path, &text) {
                let lines = text.lines().count();
                tracing::error!(path = %path.display(), %error, lines, "a log could not be written");
            }
        }
    }

    fn path(&self, logging: &Logging) -> PathBuf {
        let parts = [logging.account(), logging.region()].map(file_name);
        let file = format!("{}.jsonl", file_name(logging.group_name()));
        parts.iter().fold(self.folder.clone(), |path, part| path.join(part)).join(file)
    }
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let open = || OpenOptions::new().append(true).create(true).open(path);
    let mut file = match open() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            open()?
        }
        opened => opened?,
    };
    // One call for all lines: lines of two writers never mix.
    file.write_all(text.as_bytes())
}

/// A name that no file system takes for more than a name: what is not a letter, a digit, `-` or `_`, or a
/// point inside, is percent-encoded, so that no two names become one.
fn file_name(name: &str) -> String {
    let mut file = String::with_capacity(name.len());
    for (at, byte) in name.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (byte == b'.' && at > 0) {
            file.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            _ = write!(file, "%{byte:02X}");
        }
    }
    // Most file systems take 255 bytes, and a log group's name may have 512 characters.
    if file.len() > 200 {
        file.truncate(200);
        file.push('~');
        Sha256::digest(name).iter().take(8).for_each(|byte| _ = write!(file, "{byte:02x}"));
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::line;
    use crate::store::logging::Level;

    #[test]
    fn names_of_files() {
        for (name, expected) in [
            ("/aws/states/m", "%2Faws%2Fstates%2Fm"),
            ("a.b-c_D#", "a.b-c_D%23"),
            ("..", "%2E."),
            ("", ""),
            ("a%2Fb", "a%252Fb"),
        ] {
            assert_eq!(file_name(name), expected);
        }
        let long = |last: char| file_name(&format!("{}{last}", "x".repeat(511)));
        assert!(long('a').len() < 240 && long('a') != long('b'));
    }

    #[test]
    fn lines_of_a_group_are_in_its_file() {
        let folder = std::env::temp_dir().join(format!("gradus-logs-{}", std::process::id()));
        let files = Files::in_folder(folder.clone());
        let step = line::tests::step(Level::All, false, "{}");
        let lines: Vec<Line> = line::lines(&step).collect();
        files.append(&lines);
        files.append(&lines[..1]);
        let path = folder.join("000000000000/us-east-1/%2Faws%2Fvendedlogs%2Fstates%2Fm.jsonl");
        let written = fs::read_to_string(path).unwrap();
        let expected: Vec<String> = lines.iter().chain(&lines[..1]).map(Line::text).collect();
        assert_eq!(written.lines().collect::<Vec<_>>(), expected);
        fs::remove_dir_all(folder).unwrap();
    }
}
