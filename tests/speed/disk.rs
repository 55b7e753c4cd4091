//! The bare disk: appends to a file that was written before, each group synced.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Size of a record, about that of the facts of a short execution.
pub(crate) const RECORD: usize = 400;
/// Size of the file. It is written first: a file that grows also has its length to sync.
const FILE: usize = 64 << 20;

/// A file whose blocks are there, at its beginning.
pub(crate) fn prepared(path: &Path) -> io::Result<File> {
    let mut file = File::create(path)?;
    let zeros = vec![0; 1 << 20];
    for _ in 0..FILE / zeros.len() {
        file.write_all(&zeros)?;
    }
    file.sync_all()?;
    file.rewind()?;
    Ok(file)
}

/// Writes `bytes` and syncs; starts over at the end of the file.
pub(crate) fn append(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    if file.stream_position()? as usize + bytes.len() > FILE {
        file.seek(SeekFrom::Start(0))?;
    }
    file.write_all(bytes)?;
    file.sync_data()
}

/// Records a second, with `group` of them in each sync.
pub(crate) fn synced(folder: &Path, group: usize, time: Duration) -> io::Result<f64> {
    let mut file = prepared(&folder.join("disk"))?;
    let bytes = vec![b'x'; RECORD * group];
    let began = Instant::now();
    let mut records = 0;
    while began.elapsed() < time {
        append(&mut file, &bytes)?;
        records += group;
    }
    Ok(records as f64 / began.elapsed().as_secs_f64())
}
