//! Reads a request's body whole, within limits of size and time.
//!
//! What is too large or too slow is a [`Refusal`]; how it is answered is the protocol's business.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::EXPECT;
use http::request::Parts;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

/// The largest request in bytes, head and body together. Source: the service's quotas ("1 MB per
/// request, includes the request headers").
pub(crate) const LARGEST_REQUEST: usize = 1_048_576;
/// How much of a body that is too large is read and dropped before the refusal. Most clients read
/// no answer before they have sent everything, and see a reset connection instead of it.
const DRAINED: usize = 16 * LARGEST_REQUEST;
/// The longest pause within a body.
const PAUSE: Duration = Duration::from_secs(10);
/// The longest time for a whole body.
const WHOLE: Duration = Duration::from_secs(60);

/// Why there is no body. The connection is of no use afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The request has more than [`LARGEST_REQUEST`] bytes.
    TooLarge,
    /// It came too slowly.
    TooSlow,
    /// The client went away, or broke the framing.
    Gone,
}

/// The body that belongs to `head`.
pub(crate) async fn read(head: &Parts, mut body: Incoming) -> Result<Bytes, Refusal> {
    let room = LARGEST_REQUEST.saturating_sub(head_size(head));
    // A body that is in the buffer already is ready at the first poll; no timer starts for it.
    timeout(WHOLE, async {
        if body.size_hint().lower() > room as u64 {
            return Err(refuse(head, &mut body).await);
        }
        match collect(&mut body, room).await {
            Err(Refusal::TooLarge) => Err(refuse(head, &mut body).await),
            read => read,
        }
    })
    .await
    .unwrap_or(Err(Refusal::TooSlow))
}

/// The bytes that a head took on the wire, or close to it: white space is not kept.
fn head_size(head: &Parts) -> usize {
    let request_line = head.method.as_str().len() + head.uri.path().len() + " ".len() + " HTTP/1.1\r\n".len();
    let lines = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    request_line + lines.sum::<usize>() + "\r\n".len()
}

/// Everything that `body` still holds, if it is at most `room` bytes.
async fn collect(body: &mut Incoming, room: usize) -> Result<Bytes, Refusal> {
    let Some(first) = next(body).await? else { return Ok(Bytes::new()) };
    if first.len() > room {
        return Err(Refusal::TooLarge);
    }
    if body.is_end_stream() {
        return Ok(first);
    }
    // Grows with what arrives: a length that is only announced must not cost memory.
    let mut whole = BytesMut::from(first);
    while let Some(chunk) = next(body).await? {
        if chunk.len() > room - whole.len() {
            return Err(Refusal::TooLarge);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// Reads on for a while, so that the client gets to see why it is refused.
async fn refuse(head: &Parts, body: &mut Incoming) -> Refusal {
    // Whoever asks first has sent nothing yet.
    if head.headers.contains_key(EXPECT) {
        return Refusal::TooLarge;
    }
    let mut dropped = 0;
    while dropped <= DRAINED {
        match next(body).await {
            Ok(Some(chunk)) => dropped += chunk.len(),
            Ok(None) => break,
            Err(Refusal::Gone) => return Refusal::Gone,
            Err(Refusal::TooSlow | Refusal::TooLarge) => break,
        }
    }
    Refusal::TooLarge
}

/// The next piece of data; `None` at the end. Trailers are dropped.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Refusal> {
    loop {
        match timeout(PAUSE, body.frame()).await {
            Err(_) => return Err(Refusal::TooSlow),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(Refusal::Gone),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
