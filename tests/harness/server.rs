//! The server under test: a child process, started on a free port, ended by its own process id.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::PATIENCE;
use crate::folder::Folder;

/// Before the address in the first line that the server prints.
const GREETING: &str = "gradus listens on http://";

/// A running `gradus serve`. Killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    stderr: Option<JoinHandle<String>>,
}

/// How a server process ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit status.
    pub status: ExitStatus,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Server {
    /// Starts `binary serve --listen 127.0.0.1:0` with these further arguments and waits until it
    /// accepts connections.
    ///
    /// # Panics
    /// If it ends instead; the message has what it wrote to standard error.
    pub fn start(binary: &str, arguments: &[&str]) -> Server {
        Server::start_with(binary, arguments, &[])
    }

    /// As [`start`](Server::start), with these variables in its environment.
    ///
    /// # Panics
    /// If it ends instead.
    pub fn start_with(binary: &str, arguments: &[&str], variables: &[(&str, String)]) -> Server {
        let arguments = [&["--listen", "127.0.0.1:0"], arguments].concat();
        Server::spawn(binary, &arguments, variables)
            .unwrap_or_else(|ended| panic!("the server did not start: {ended:?}"))
    }

    /// A server that keeps nothing.
    pub fn in_memory(binary: &str) -> Server {
        Server::start(binary, &["--memory"])
    }

    /// A server with its data in `folder`.
    pub fn on(binary: &str, folder: &Folder) -> Server {
        Server::start(binary, &["--data", &folder.join("data")])
    }

    /// Starts `binary serve` with exactly these arguments; gives its end if it does not get as far
    /// as listening.
    pub fn try_start(binary: &str, arguments: &[&str]) -> Result<Server, Ended> {
        Server::spawn(binary, arguments, &[])
    }

    fn spawn(binary: &str, arguments: &[&str], variables: &[(&str, String)]) -> Result<Server, Ended> {
        let mut command = Command::new(binary);
        command.arg("serve").args(arguments);
        // The environment of whoever runs the tests is not part of them.
        let ours = |name: &str| name.starts_with("GRADUS_") || name.starts_with("AWS_");
        for (name, _) in std::env::vars_os().filter(|(name, _)| ours(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {binary}: {error}"));
        let mut stderr = child.stderr.take().expect("standard error was asked for");
        let stderr = thread::spawn(move || {
            let mut text = Vec::new();
            // What cannot be read is missing from a message, no more.
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        match greeting(&mut child) {
            Some(address) => Ok(Server { child, address, stderr: Some(stderr) }),
            None => Err(end(&mut child, Some(stderr))),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as clients take it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would, at once: SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().expect("cannot kill the server");
        self.child.wait().expect("cannot wait for the server");
    }

    /// Asks it to end with SIGTERM and waits until it has.
    pub fn terminate(mut self) -> Ended {
        let pid = self.child.id().to_string();
        // The standard library sends no other signal than SIGKILL.
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("cannot run kill");
        assert!(sent.success(), "cannot send SIGTERM to the server");
        let stderr = self.stderr.take();
        end(&mut self.child, stderr)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, or been ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let message = self.stderr.take().and_then(|stderr| stderr.join().ok());
        if let (true, Some(message)) = (thread::panicking(), message) {
            eprintln!("the server wrote to standard error:\n{message}");
        }
    }
}

/// The address in the first line of standard output; `None` if the process ends without one.
fn greeting(child: &mut Child) -> Option<SocketAddr> {
    let stdout = child.stdout.take().expect("standard output was asked for");
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let read = stdout.read_line(&mut line);
        let _ = send.send(read.is_ok().then_some(line));
        // A pipe that nobody empties would stop the server some day.
        let _ = std::io::copy(&mut stdout, &mut std::io::sink());
    });
    let line = receive.recv_timeout(PATIENCE).expect("the server says nothing").unwrap_or_default();
    let address = line.trim_end().strip_prefix(GREETING)?;
    Some(address.parse().unwrap_or_else(|error| panic!("`{address}` is no address: {error}")))
}

fn end(child: &mut Child, stderr: Option<JoinHandle<String>>) -> Ended {
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().expect("cannot wait for the server") {
            break status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            panic!("the server did not end within {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(5));
    };
    let stderr = stderr.and_then(|stderr| stderr.join().ok()).unwrap_or_default();
    Ended { status, stderr }
}
