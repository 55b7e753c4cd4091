//! A load client: one thread, one request in flight on each connection, a few microseconds each.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{self, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::machine;

/// How long answers may take after the last request.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a flood of requests gave.
pub(crate) struct Figures {
    /// Requests, all answered with status 200.
    pub(crate) done: u64,
    /// Processor time of the client for each request, in microseconds.
    pub(crate) client_micros: f64,
    time: Duration,
    /// In microseconds, sorted.
    latencies: Vec<u32>,
}

impl Figures {
    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.done as f64 / self.time.as_secs_f64()
    }

    /// A percentile of the latencies, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let at = self.latencies.len().saturating_sub(1) * percent / 100;
        self.latencies.get(at).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }
}

/// Sends requests for `time`, made by their number, and waits for the last answers. Any answer but
/// 200 is an error.
pub(crate) fn flood(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    mut request: impl FnMut(u64) -> Vec<u8>,
) -> io::Result<Figures> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(connections);
    let mut open = Vec::new();
    for number in 0..connections {
        let stream = net::TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry().register(&mut stream, Token(number), Interest::READABLE | Interest::WRITABLE)?;
        let (request, answer, began) = (Vec::new(), Vec::new(), Instant::now());
        open.push(Connection { stream, request, sent: 0, answer, began, waits: false });
    }
    let mut buffer = vec![0; 64 * 1024];
    let (mut next, mut latencies) = (0, Vec::new());
    let (began, processor) = (Instant::now(), machine::own_processor_time());
    let mut waiting = 0;
    loop {
        let now = Instant::now();
        if now > began + time && waiting == 0 {
            break;
        }
        if now > began + time + PATIENCE {
            return Err(io::Error::new(ErrorKind::TimedOut, "answers are missing"));
        }
        poll.poll(&mut events, Some(Duration::from_millis(100)))?;
        for event in &events {
            let Some(connection) = open.get_mut(event.token().0) else { continue };
            loop {
                if !connection.waits {
                    if began.elapsed() > time {
                        break;
                    }
                    connection.ask(request(next));
                    next += 1;
                    waiting += 1;
                }
                if !connection.go_on(&mut buffer)? {
                    break;
                }
                waiting -= 1;
                latencies.push(u32::try_from(connection.began.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
        }
    }
    let time = began.elapsed();
    let spent =
        machine::own_processor_time().zip(processor).map_or(Duration::ZERO, |(after, before)| after - before);
    latencies.sort_unstable();
    let client_micros = spent.as_secs_f64() * 1e6 / next.max(1) as f64;
    Ok(Figures { done: next, client_micros, time, latencies })
}

struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    sent: usize,
    answer: Vec<u8>,
    began: Instant,
    /// A request is under way.
    waits: bool,
}

impl Connection {
    fn ask(&mut self, request: Vec<u8>) {
        self.request = request;
        self.sent = 0;
        self.answer.clear();
        self.began = Instant::now();
        self.waits = true;
    }

    /// Sends and receives what it can; whether the answer is complete.
    fn go_on(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        while let Some(rest) = self.request.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(sent) => self.sent += sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            };
            self.answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
            if is_complete(&self.answer)? {
                self.waits = false;
                return Ok(true);
            }
        }
    }
}

/// Whether the bytes are a whole answer.
fn is_complete(answer: &[u8]) -> io::Result<bool> {
    let Some(end) = answer.windows(4).position(|end| end == b"\r\n\r\n") else { return Ok(false) };
    let (head, body) = answer.split_at(end + 4);
    let refused = || io::Error::other(format!("an answer is {}", String::from_utf8_lossy(answer)));
    let head = std::str::from_utf8(head).map_err(|_| refused())?;
    if !head.starts_with("HTTP/1.1 200") {
        return Err(refused());
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Ok(body.len() >= length.ok_or_else(refused)?)
}
