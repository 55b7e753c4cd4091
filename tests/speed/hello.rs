//! The ceilings of a server: one that answers and does nothing else, and one that reads the request's
//! JSON, names an execution, and answers when a record is on disk.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::disk::{self, RECORD};

/// The most records of one sync.
const GROUP: usize = 1024;

/// Where requests wait for their record.
type Log = mpsc::Sender<oneshot::Sender<()>>;

/// Serves until killed. With a folder, an answer leaves when its record is on disk.
pub(crate) fn serve(folder: Option<&Path>) -> crate::Result<()> {
    let log = folder.map(|folder| disk::prepared(&folder.join("hello")).map(commit)).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(io::stdout(), "{}", listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let log = log.clone();
            let service = service_fn(move |request| answer(request, log.clone()));
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that goes away is no failure.
            tokio::spawn(async { drop(connection.await) });
        }
    })
}

/// The address that a child process prints.
pub(crate) fn address(stdout: Option<impl Read>) -> crate::Result<SocketAddr> {
    let mut line = String::new();
    BufReader::new(stdout.ok_or("no standard output")?).read_line(&mut line)?;
    Ok(line.trim().parse()?)
}

async fn answer(request: Request<Incoming>, log: Option<Log>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?.to_bytes();
    let output = match log {
        None => Bytes::from_static(br#"{"activities":[]}"#),
        Some(log) => started(&body, &log).await.into(),
    };
    let mut response = Response::new(Full::from(output));
    let json = hyper::header::HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    Ok(response)
}

/// What StartExecution would answer, when a record is on disk.
async fn started(body: &[u8], log: &Log) -> String {
    let input: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = input.get("name").and_then(Value::as_str).unwrap_or_default();
    let (send, receive) = oneshot::channel();
    if log.send(send).is_ok() {
        // The thread that writes ends only with the process.
        let _ = receive.await;
    }
    let arn = format!("arn:aws:states:us-east-1:000000000000:execution:m:{name}");
    json!({ "executionArn": arn, "startDate": 1_700_000_000.123 }).to_string()
}

/// Group commit: a record for each who waits, one sync, then all go on.
fn commit(mut file: File) -> Log {
    let (send, receive) = mpsc::channel::<oneshot::Sender<()>>();
    thread::spawn(move || -> io::Result<()> {
        while let Ok(first) = receive.recv() {
            let waiting: Vec<_> = std::iter::once(first).chain(receive.try_iter().take(GROUP - 1)).collect();
            disk::append(&mut file, &vec![b'x'; RECORD * waiting.len()])?;
            for one in waiting {
                // It may have gone away.
                let _ = one.send(());
            }
        }
        Ok(())
    });
    send
}
