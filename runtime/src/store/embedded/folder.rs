//! The data folder: whose it is, who has it open, which format it has.
//!
//! Everything is checked before anything is written, so that a wrong path costs nothing but an
//! error. A folder in the making is marked as such until it is whole: a crash while it is created
//! leaves nothing that a later opening would take for data, or refuse.
//!
//! What this module must not know: the tables, and what is in them.

use super::Error;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The newest format that this build reads, and the one that it writes.
const KNOWN: u32 = 1;
/// Says that the folder is whole and which format it has, as the text `gradus 1`.
const FORMAT: &str = "FORMAT";
/// Locked by the process that has the folder open; its content is of no meaning.
const LOCK: &str = "LOCK";
/// The library's files.
const TABLES: &str = "tables";
/// What is on its way to become `FORMAT`. Exists only while the folder is made.
const UNFINISHED: &str = "FORMAT.unfinished";
/// The root folder of a mounted disk has it; it is nobody's data.
const IGNORED: &str = "lost+found";

/// A data folder that this process holds the lock of.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    whole: bool,
    /// Unlocked when it is dropped, or by the operating system when the process ends.
    _lock: File,
}

impl Folder {
    /// Locks the folder. Where there is none, or one that was never finished, makes an empty one,
    /// which is to be [finished](Folder::finish) when the tables are in it.
    pub(super) fn open(path: &Path) -> Result<Folder, Error> {
        inspect(path)?;
        create(path).map_err(|error| refused(path, "created", &error))?;
        let lock = lock(path)?;
        // Between the look and the lock another process may have made the folder.
        let whole = inspect(path)?;
        if !whole {
            begin(path).map_err(|error| refused(path, "written", &error))?;
        }
        Ok(Folder { path: path.to_owned(), whole, _lock: lock })
    }

    /// The folder of the library's files.
    pub(super) fn tables(&self) -> PathBuf {
        self.path.join(TABLES)
    }

    /// Whether the tables were in it before this process came.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Makes the folder whole: its tables were created and synced.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if !self.whole {
            fs::rename(self.path.join(UNFINISHED), self.path.join(FORMAT))
                .and_then(|()| sync_folder(&self.path))
                .map_err(|error| refused(&self.path, "written", &error))?;
            self.whole = true;
        }
        Ok(())
    }
}

/// Whether the folder is whole; if not, it may be made. Writes nothing.
fn inspect(path: &Path) -> Result<bool, Error> {
    let names = match names(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(Error::Io(format!("`{}` is not a folder", path.display())));
        }
        names => names.map_err(|error| refused(path, "read", &error))?,
    };
    let has = |name: &str| names.iter().any(|found| found == name);
    if has(FORMAT) {
        check_format(path)?;
        let damage = || Error::Damaged(format!("the data folder `{}` has no `{TABLES}`", path.display()));
        return if has(TABLES) { Ok(true) } else { Err(damage()) };
    }
    let of_a_making = |name: &&OsString| {
        [LOCK, UNFINISHED, IGNORED].iter().any(|known| *name == known) || (*name == TABLES && has(UNFINISHED))
    };
    match names.iter().find(|name| !of_a_making(name)) {
        None => Ok(false),
        Some(name) => Err(Error::Io(format!(
            "the data folder `{}` is not empty and not of gradus: it holds `{}` and no `{FORMAT}`",
            path.display(),
            name.display()
        ))),
    }
}

fn names(path: &Path) -> io::Result<Vec<OsString>> {
    let mut names =
        fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn check_format(path: &Path) -> Result<(), Error> {
    let path = path.join(FORMAT);
    let text = fs::read(&path).map_err(|error| refused(&path, "read", &error))?;
    let text = String::from_utf8_lossy(&text);
    match text.trim_end().strip_prefix("gradus ").and_then(|number| number.parse::<u32>().ok()) {
        Some(1..=KNOWN) => Ok(()),
        Some(found) if found > KNOWN => {
            let folder = path.parent().unwrap_or(&path).display().to_string();
            Err(Error::NewerFormat { folder, found, known: KNOWN })
        }
        _ => Err(Error::Damaged(format!("`{}` names no format", path.display()))),
    }
}

/// Creates the folder and those above it, so that they survive a crash.
fn create(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(path)?;
    for above in missing.iter().filter_map(|folder| folder.parent()) {
        sync_folder(if above.as_os_str().is_empty() { Path::new(".") } else { above })?;
    }
    Ok(())
}

fn lock(path: &Path) -> Result<File, Error> {
    let file = File::options().write(true).create(true).truncate(false).open(path.join(LOCK));
    let file = file.map_err(|error| refused(path, "written", &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse(path.display().to_string())),
        Err(TryLockError::Error(error)) => Err(refused(path, "locked", &error)),
    }
}

/// Marks the folder as unfinished, then removes what an earlier attempt left: nobody was told that
/// anything in it is durable.
fn begin(path: &Path) -> io::Result<()> {
    let mut file = File::create(path.join(UNFINISHED))?;
    writeln!(file, "gradus {KNOWN}")?;
    file.sync_all()?;
    sync_folder(path)?;
    match fs::remove_dir_all(path.join(TABLES)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the names in a folder durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    // Windows opens no folders as files, and journals their names itself.
    if cfg!(windows) { Ok(()) } else { File::open(path)?.sync_all() }
}

fn refused(path: &Path, what: &str, error: &io::Error) -> Error {
    Error::Io(format!("the data folder `{}` cannot be {what}: {error}", path.display()))
}
