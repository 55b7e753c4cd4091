//! A folder that is gone when the test is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// A folder of its own for one test; removed when it is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder, where the system keeps what is temporary.
    #[must_use]
    pub fn new() -> Folder {
        Folder::in_folder(&std::env::temp_dir())
    }

    /// An empty folder in `parent`.
    #[must_use]
    pub fn in_folder(parent: &Path) -> Folder {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("gradus-test-{}-{number}", process::id()));
        // A process of this number may have died here before.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("cannot create a folder for the test");
        Folder(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A path in it, as text for a command line.
    #[must_use]
    pub fn join(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("a path of the test is no UTF-8").to_owned()
    }
}

impl Default for Folder {
    fn default() -> Folder {
        Folder::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Every path below `folder` with its length and content, sorted: two snapshots are equal if
/// nothing was touched.
#[must_use]
pub fn snapshot(folder: &Path) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("cannot read a folder of the test") {
            let path = entry.expect("cannot read a folder of the test").path();
            if path.is_dir() {
                folders.push(path.clone());
                found.push((path, None));
            } else {
                let content = fs::read(&path).expect("cannot read a file of the test");
                found.push((path, Some(content)));
            }
        }
    }
    found.sort();
    found
}
