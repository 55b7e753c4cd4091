//! A tear in the library's journal that the library itself refuses to open.
//!
//! A journal is allocated ahead, so a power cut in the middle of a sync can leave a hole: blocks
//! never written, zeros by then, before blocks that were. The library cuts off an entry that does
//! not parse, but reports a checksum error for one whose hole lies within a value. If that entry is
//! the last, nobody was told that it is durable, as there is one sync for each; it can go.
//!
//! Which entry is bad only the library knows. So the last one is cut off for a trial, and put back
//! if the library still finds the journal damaged.
//!
//! What this module must not know: the tables, and what is in them.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The last entry of the newest journal, cut off for a trial.
#[derive(Debug)]
pub(super) struct Cut {
    file: File,
    at: u64,
    entry: Vec<u8>,
    /// How long the file was.
    length: u64,
}

impl Cut {
    /// Cuts off the last entry; `None` if the newest journal has none.
    pub(super) fn last_entry(folder: &Path) -> io::Result<Option<Cut>> {
        let Some(path) = newest(folder)? else { return Ok(None) };
        let mut file = File::options().read(true).write(true).open(path)?;
        let Some((at, end)) = last(&mut BufReader::new(&file))? else { return Ok(None) };
        let mut entry = Vec::new();
        file.seek(SeekFrom::Start(at))?;
        Read::by_ref(&mut file).take(end - at).read_to_end(&mut entry)?;
        let length = file.metadata()?.len();
        file.set_len(at)?;
        file.sync_all()?;
        Ok(Some(Cut { file, at, entry, length }))
    }

    /// Puts the entry back.
    pub(super) fn undo(mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.at))?;
        self.file.write_all(&self.entry)?;
        self.file.sync_all()
    }
}

/// The journal of the highest number: the others were synced when it was begun.
fn newest(folder: &Path) -> io::Result<Option<PathBuf>> {
    let mut newest = None;
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let number = path.file_stem().and_then(|name| name.to_str()?.parse::<u64>().ok());
        if path.extension().is_some_and(|extension| extension == "jnl") {
            newest = newest.max(number.map(|number| (number, path)));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// Where the last complete entry begins and ends.
fn last<R: Read + Seek>(journal: &mut BufReader<R>) -> io::Result<Option<(u64, u64)>> {
    let (mut begin, mut last) = (None, None);
    loop {
        let at = journal.stream_position()?;
        match part(journal) {
            Ok(Some(Part::Start)) => begin = Some(at),
            Ok(Some(Part::Item)) => {}
            Ok(Some(Part::End)) => last = begin.take().zip(Some(journal.stream_position()?)),
            Ok(None) => return Ok(last),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(last),
            Err(error) => return Err(error),
        }
    }
}

/// What an entry is made of: a start, items, an end.
enum Part {
    Start,
    Item,
    End,
}

/// Reads over one part; `None` where there is none.
///
/// Source: the journal of fjall 3. Another version's is refused before it comes here.
fn part<R: Read + Seek>(journal: &mut BufReader<R>) -> io::Result<Option<Part>> {
    let [tag] = bytes(journal)?;
    Ok(match tag {
        1 => {
            // How many items, and the sequence number.
            let _: [u8; 12] = bytes(journal)?;
            Some(Part::Start)
        }
        2 => {
            // The kind of the value, its compression, and the number of the keyspace.
            let _: [u8; 10] = bytes(journal)?;
            let key = u16::from_le_bytes(bytes(journal)?);
            let _unpacked: [u8; 4] = bytes(journal)?;
            let value = u32::from_le_bytes(bytes(journal)?);
            journal.seek_relative(i64::from(key) + i64::from(value))?;
            Some(Part::Item)
        }
        3 => {
            // The checksum, and the mark of a complete end.
            let [_, _, _, _, _, _, _, _, mark @ ..]: [u8; 12] = bytes(journal)?;
            (mark == *b"FJL\x03").then_some(Part::End)
        }
        _ => None,
    })
}

fn bytes<const N: usize>(journal: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    journal.read_exact(&mut bytes)?;
    Ok(bytes)
}
