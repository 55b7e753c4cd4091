//! A client that knows just enough HTTP to tell where an answer ends. Sends what it is given.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes: long polls are held for a minute at most.
const READ_TIMEOUT: Duration = Duration::from_secs(75);

/// A connection to the server.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// Read and not yet part of an answer.
    rest: Vec<u8>,
}

/// An answer, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status line and header lines, without line ends.
    pub head: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(READ_TIMEOUT))?;
        Ok(Connection { stream, rest: Vec::new() })
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next answer; `UnexpectedEof` if the server closes instead.
    pub fn receive(&mut self) -> io::Result<Answer> {
        let head_end = loop {
            if let Some(at) = find(&self.rest, b"\r\n\r\n") {
                break at;
            }
            self.more()?;
        };
        let head = String::from_utf8_lossy(&self.rest[..head_end]).into_owned();
        let head: Vec<String> = head.split("\r\n").map(str::to_owned).collect();
        self.rest.drain(..head_end + 4);
        let mut answer = Answer { head, body: Vec::new() };
        let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while self.rest.len() < length {
            self.more()?;
        }
        answer.body = self.rest.drain(..length).collect();
        Ok(answer)
    }

    /// Sends bytes and gives the answer to them.
    pub fn exchange(&mut self, bytes: &[u8]) -> io::Result<Answer> {
        self.send(bytes)?;
        self.receive()
    }

    /// Whether the server closes without another byte.
    pub fn is_closed(&mut self) -> bool {
        self.rest.is_empty() && matches!(self.more(), Err(error) if error.kind() != ErrorKind::WouldBlock)
    }

    fn more(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        let read = loop {
            match self.stream.read(&mut chunk) {
                // A read with a time limit is interrupted when the machine pauses the process.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if read == 0 {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"));
        }
        self.rest.extend_from_slice(&chunk[..read]);
        Ok(())
    }
}

impl Answer {
    /// The status code; 0 if there is none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.first().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0)
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn find(text: &[u8], sought: &[u8]) -> Option<usize> {
    text.windows(sought.len()).position(|window| window == sought)
}
