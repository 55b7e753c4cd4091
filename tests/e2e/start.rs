//! What keeps the server from starting: one line says it, the exit code is not 0, nothing is touched.

use std::fs;
use std::net::TcpListener;

use gradus_tests::folder::{Folder, snapshot};
use gradus_tests::server::{Ended, Server};

use crate::GRADUS;

const FREE_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// Starts a server that must not start; gives the line that says why.
fn refused(arguments: &[&str], code: i32) -> String {
    match Server::try_start(GRADUS, arguments) {
        Ok(server) => panic!("{arguments:?}: listens on {}", server.address()),
        Err(Ended { status, stderr }) => {
            assert_eq!(status.code(), Some(code), "{arguments:?}: {stderr}");
            assert_eq!(stderr.trim_end().lines().count(), 1, "{arguments:?}: {stderr}");
            stderr
        }
    }
}

fn refused_folder(path: &str) -> String {
    refused(&[&FREE_PORT[..], &["--data", path]].concat(), 1)
}

#[test]
fn a_folder_that_is_in_use() {
    let folder = Folder::new();
    let path = folder.join("data");
    let server = Server::on(GRADUS, &folder);
    let message = refused_folder(&path);
    assert!(message.contains("in use") && message.contains(&path), "{message}");
    // The first is none the worse for it.
    gradus_tests::api::Api::new(server.address()).create_activity("a");
    server.kill();
    // The lock ends with its holder.
    Server::on(GRADUS, &folder);
}

#[test]
fn a_folder_of_something_else() {
    let folder = Folder::new();
    fs::write(folder.join("letter.txt"), "dear").unwrap();
    let before = snapshot(folder.path());
    let message = refused_folder(folder.path().to_str().unwrap());
    assert!(message.contains("letter.txt"), "{message}");
    assert_eq!(snapshot(folder.path()), before);
}

#[test]
fn a_folder_that_is_a_file() {
    let folder = Folder::new();
    fs::write(folder.join("data"), "dear").unwrap();
    let before = snapshot(folder.path());
    let message = refused_folder(&folder.join("data"));
    assert!(message.contains("not a folder"), "{message}");
    let message = refused_folder(&folder.join("data/below"));
    assert!(message.contains("data"), "{message}");
    assert_eq!(snapshot(folder.path()), before);
}

#[test]
fn a_folder_of_a_newer_gradus() {
    let folder = Folder::new();
    Server::on(GRADUS, &folder).terminate();
    let format = folder.join("data/FORMAT");
    assert_eq!(fs::read_to_string(&format).unwrap().trim_end(), "gradus 1");
    for (text, expected) in [("gradus 2\n", "format 2"), ("gradus x\n", "FORMAT"), ("", "FORMAT")] {
        fs::write(&format, text).unwrap();
        let before = snapshot(folder.path());
        let message = refused_folder(&folder.join("data"));
        assert!(message.contains(expected), "{message}");
        assert_eq!(snapshot(folder.path()), before);
    }
    fs::write(&format, "gradus 1\n").unwrap();
    Server::on(GRADUS, &folder);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_read() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let path = folder.join("data");
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    // Whoever may read everything, such as root, cannot be refused.
    if fs::read_dir(&path).is_err() {
        let message = refused_folder(&path);
        assert!(message.contains(&path), "{message}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
}

#[test]
fn a_port_that_is_in_use() {
    let folder = Folder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let message = refused(&["--listen", &address, "--data", &folder.join("data")], 1);
    assert!(message.contains(&address) && message.contains("in use"), "{message}");
    // No folder was made for a server that never was.
    assert_eq!(snapshot(folder.path()), []);
}

#[test]
fn an_address_that_anybody_can_reach() {
    let folder = Folder::new();
    let message = refused(&["--listen", "0.0.0.0:0", "--data", &folder.join("data")], 1);
    assert!(message.contains("--allow-unauthenticated"), "{message}");
    assert_eq!(snapshot(folder.path()), []);
}

#[test]
fn a_folder_is_made_where_there_is_none() {
    let folder = Folder::new();
    let path = folder.join("a/b/c");
    let server = Server::start(GRADUS, &["--data", &path]);
    assert!(fs::exists(format!("{path}/FORMAT")).unwrap());
    let ended = server.terminate();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}
