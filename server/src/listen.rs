//! HTTP/1.1 connections: accepts them, bounds what each may cost, and ends them in good order.
//!
//! A [`Handler`] gets a whole request and gives a whole answer. One task serves one connection,
//! one request after the other, and a client that goes away cancels its request. This module must
//! not know the protocol above HTTP, nor the engine.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::body::{self, Refusal};
use crate::pace::{Pace, Paced};

/// The largest head of a request in bytes; more is answered with 431. A head holds at most 100
/// fields (hyper's own limit, kept because a larger one costs an allocation for each request).
const LARGEST_HEAD: usize = 16 * 1024;
/// How long requests may go on after the end was asked for.
const GRACE: Duration = Duration::from_secs(5);
/// The pause after a failed accept, mostly for want of file descriptors: others have to close.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The answer to a request.
pub(crate) type Answer = Response<Full<Bytes>>;

/// What answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// The answer to one request. Dropped halfway when the client goes away.
    fn handle(&self, head: Parts, body: Result<Bytes, Refusal>) -> impl Future<Output = Answer> + Send;
}

/// Serves connections from `listener`, at most `most` at a time (further ones wait in the system's
/// queue), until `stopping` turns true; then lets requests in flight finish for a few seconds.
pub(crate) async fn serve<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    most: u32,
    mut stopping: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(most as usize));
    let connections = stopping.clone();
    tokio::select! {
        () = stopped(&mut stopping) => {}
        () = accept(&listener, &room, |stream| {
            let (handler, stopping) = (handler.clone(), connections.clone());
            connection(stream, handler, stopping)
        }) => {}
    }
    // Clients that come now are to meet a closed port, not a queue that nobody serves.
    drop(listener);
    // All the room there is comes back when the last connection has ended.
    let ended = timeout(GRACE, room.acquire_many(most)).await;
    if ended.is_err() {
        tracing::warn!(seconds = GRACE.as_secs(), "requests took too long to finish and were cut");
    }
}

/// Accepts for ever; each connection holds its share of the room until it ends.
async fn accept<F>(listener: &TcpListener, room: &Arc<Semaphore>, connection: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    // Nobody closes the semaphore.
    while let Ok(share) = room.clone().acquire_owned().await {
        let stream = next(listener).await;
        let served = connection(stream);
        tokio::spawn(async move {
            served.await;
            drop(share);
        });
    }
}

/// The next connection. Says once what is in the way of it.
async fn next(listener: &TcpListener) -> TcpStream {
    let mut failed = false;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            // The client changed its mind between the queue and here.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if !failed {
                    tracing::error!(%error, "cannot accept connections; trying on");
                    failed = true;
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Serves one connection to its end.
async fn connection<H: Handler>(stream: TcpStream, handler: Arc<H>, mut stopping: watch::Receiver<bool>) {
    // Without it small answers wait for the client's acknowledgement. A socket that refuses the
    // option still works.
    let _ = stream.set_nodelay(true);
    let pace = Pace::new();
    let service = service_fn(|request| exchange(&*handler, &pace, request));
    let mut http = pin!(
        http1::Builder::new()
            .max_header_size(LARGEST_HEAD)
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(Paced::new(stream, &pace)), service)
    );
    let mut patience = pin!(sleep_until(pace.deadline()));
    let mut stop = pin!(stopped(&mut stopping));
    let mut ending = false;
    loop {
        tokio::select! {
            biased;
            // An error is the client's: it went away, or what it sent is not HTTP.
            _ = http.as_mut() => return,
            () = stop.as_mut(), if !ending => {
                ending = true;
                http.as_mut().graceful_shutdown();
            }
            () = patience.as_mut() => {
                let deadline = pace.deadline();
                if deadline <= Instant::now() {
                    return;
                }
                patience.as_mut().reset(deadline);
            }
        }
    }
}

/// One request and its answer; an error closes the connection without one.
async fn exchange<H: Handler>(handler: &H, pace: &Pace, request: Request<Incoming>) -> Result<Answer, Gone> {
    pace.busy();
    let (head, body) = request.into_parts();
    let body = body::read(&head, body).await;
    if body == Err(Refusal::Gone) {
        return Err(Gone);
    }
    let refused = body.is_err();
    let mut answer = handler.handle(head, body).await;
    if refused {
        // What is left of the body is not the next request.
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    pace.idle();
    Ok(answer)
}

/// Returns when `stopping` is true, or can no longer become it.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _: Result<_, _> = stopping.wait_for(|stopping| *stopping).await.map(|_| ());
}

/// The client is no longer there.
#[derive(Debug)]
struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client is gone")
    }
}

impl std::error::Error for Gone {}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Notify;
    use tokio::task::JoinHandle;

    use super::*;
    use crate::body::LARGEST_REQUEST;

    /// Answers with the size of the body; to `/wait` only when told.
    #[derive(Default)]
    struct Sizes {
        waiting: Notify,
        go_on: Notify,
    }

    impl Handler for Sizes {
        async fn handle(&self, head: Parts, body: Result<Bytes, Refusal>) -> Answer {
            if head.uri.path() == "/wait" {
                self.waiting.notify_one();
                self.go_on.notified().await;
            }
            Answer::new(Bytes::from(format!("{:?}", body.map(|body| body.len()))).into())
        }
    }

    struct Server {
        handler: Arc<Sizes>,
        address: std::net::SocketAddr,
        stop: watch::Sender<bool>,
        serving: JoinHandle<()>,
    }

    async fn server(most: u32) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, handler) = (listener.local_addr().unwrap(), Arc::new(Sizes::default()));
        let (stop, stopping) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, handler.clone(), most, stopping));
        Server { handler, address, stop, serving }
    }

    /// Sends bytes over one connection and gives everything that comes back until it closes.
    async fn exchange(address: std::net::SocketAddr, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn post(length: usize, body: usize) -> Vec<u8> {
        let head = format!("POST / HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        [head.into_bytes(), vec![b'x'; body]].concat()
    }

    #[tokio::test]
    async fn a_request_has_a_limit_to_the_byte() {
        let server = server(10).await;
        let head = post(LARGEST_REQUEST, 0).len();
        let most = LARGEST_REQUEST - head;
        for (length, expected) in [(0, "Ok(0)"), (1, "Ok(1)"), (most, "most"), (most + 1, "Err(TooLarge)")] {
            let expected = if expected == "most" { format!("Ok({most})") } else { expected.to_owned() };
            let answer = exchange(server.address, &post(length, length)).await;
            assert!(answer.ends_with(&expected), "{length}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_chunked_body_has_the_same_limit() {
        let server = server(10).await;
        for (chunks, expected) in [(1, "Ok(65536)"), (15, "Ok(983040)"), (16, "Err(TooLarge)")] {
            let mut request =
                b"POST / HTTP/1.1\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            for _ in 0..chunks {
                request.extend_from_slice(b"10000\r\n");
                request.extend_from_slice(&[b'x'; 65536]);
                request.extend_from_slice(b"\r\n");
            }
            request.extend_from_slice(b"0\r\n\r\n");
            let answer = exchange(server.address, &request).await;
            assert!(answer.ends_with(expected), "{chunks}: {answer}");
        }
    }

    #[tokio::test]
    async fn whoever_asks_before_sending_is_not_let_send() {
        let server = server(10).await;
        let request = b"POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2000000\r\n\r\n";
        let answer = exchange(server.address, request).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("Err(TooLarge)"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_has_a_limit() {
        let server = server(10).await;
        let request = |size: usize| {
            let start = "GET / HTTP/1.1\r\nconnection: close\r\na: ";
            format!("{start}{}\r\n\r\n", "x".repeat(size - start.len() - 4)).into_bytes()
        };
        for (size, expected) in [(LARGEST_HEAD, "HTTP/1.1 200"), (LARGEST_HEAD + 1, "HTTP/1.1 431")] {
            let answer = exchange(server.address, &request(size)).await;
            assert!(answer.starts_with(expected), "{size}: {answer}");
        }
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(101));
        let answer = exchange(server.address, many.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }

    #[tokio::test]
    async fn one_connection_carries_many_requests() {
        let server = server(1).await;
        let request = [&b"GET / HTTP/1.1\r\n\r\n".repeat(3)[..], &post(2, 2)].concat();
        let answer = exchange(server.address, &request).await;
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 4, "{answer}");
        assert_eq!(answer.matches("date: ").count(), 4, "{answer}");
    }

    #[tokio::test]
    async fn connections_beyond_the_limit_wait_for_their_turn() {
        let (server, other) = (server(1).await, server(1).await);
        let request = b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n";
        let first =
            tokio::spawn(exchange(server.address, b"GET /wait HTTP/1.1\r\nconnection: close\r\n\r\n"));
        server.handler.waiting.notified().await;
        let mut second = TcpStream::connect(server.address).await.unwrap();
        second.write_all(request).await.unwrap();
        // Whoever comes later elsewhere is served; by then the second would have been.
        assert!(exchange(other.address, request).await.starts_with("HTTP/1.1 200"));
        assert_eq!(second.try_read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        server.handler.go_on.notify_one();
        assert!(first.await.unwrap().starts_with("HTTP/1.1 200"));
        let mut answer = String::new();
        second.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test]
    async fn the_end_lets_requests_in_flight_finish() {
        let server = server(10).await;
        let mut idle = TcpStream::connect(server.address).await.unwrap();
        let waiting = tokio::spawn(exchange(server.address, b"GET /wait HTTP/1.1\r\n\r\n"));
        server.handler.waiting.notified().await;
        server.stop.send(true).unwrap();
        // The idle connection is closed at once, without a word.
        assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
        server.handler.go_on.notify_one();
        let answer = waiting.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
        server.serving.await.unwrap();
        assert!(TcpStream::connect(server.address).await.is_err());
    }
}
