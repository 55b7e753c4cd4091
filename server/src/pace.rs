//! How long a connection may take: patience that depends on what it is doing.
//!
//! hyper's own header timer starts when a connection falls idle, so it cannot be short for a slow
//! head and long for an idle client. Here a [`Pace`] remembers the phase of a connection and since
//! when it lasts, [`Paced`] tells it of bytes read and written, and the connection's loop asks for
//! the [`deadline`](Pace::deadline). This module must not know what is in a request.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// From the first byte of a request to the end of its head. Longer is a slow client on purpose.
const HEAD: Duration = Duration::from_secs(10);
/// Between two requests, and between two writes of an answer. Clients keep connections open for
/// a minute or so; one of them must not meet a connection that closes under its next request.
const IDLE: Duration = Duration::from_secs(75);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It waits for a request, or its client for the rest of an answer.
    Idle = 0,
    /// A part of a request's head has arrived.
    Head = 1,
    /// A request is at work. It may take as long as it needs; its body has limits of its own.
    Busy = 2,
}

/// The phase of one connection and since when it lasts.
///
/// Only the connection's own task writes it; it is atomic because tasks move between threads.
#[derive(Debug)]
pub(crate) struct Pace {
    opened: Instant,
    /// Milliseconds since `opened`, shifted by two; the phase in the lower bits.
    since: AtomicU64,
}

impl Pace {
    /// Of a connection that opens now. Its first request has to come as quickly as a head has to.
    pub(crate) fn new() -> Pace {
        Pace { opened: Instant::now(), since: AtomicU64::new(Phase::Head as u64) }
    }

    /// A request's head is complete.
    pub(crate) fn busy(&self) {
        self.enter(Phase::Busy);
    }

    /// A request has its answer.
    pub(crate) fn idle(&self) {
        self.enter(Phase::Idle);
    }

    /// When to give the connection up, should nothing happen until then. A busy connection is
    /// never given up: its deadline moves ahead of the clock.
    pub(crate) fn deadline(&self) -> Instant {
        let (phase, since) = self.read();
        match phase {
            Phase::Idle => since + IDLE,
            Phase::Head => since + HEAD,
            Phase::Busy => Instant::now() + HEAD,
        }
    }

    fn received(&self) {
        if self.read().0 == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    fn sent(&self) {
        if self.read().0 == Phase::Idle {
            self.enter(Phase::Idle);
        }
    }

    fn enter(&self, phase: Phase) {
        let millis = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX >> 2);
        self.since.store(millis << 2 | phase as u64, Ordering::Relaxed);
    }

    fn read(&self) -> (Phase, Instant) {
        let packed = self.since.load(Ordering::Relaxed);
        let phase = match packed & 3 {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Busy,
        };
        (phase, self.opened + Duration::from_millis(packed >> 2))
    }
}

/// A stream that tells its [`Pace`] of every byte.
#[derive(Debug)]
pub(crate) struct Paced<'a, T> {
    stream: T,
    pace: &'a Pace,
}

impl<'a, T> Paced<'a, T> {
    /// Watches `stream`.
    pub(crate) fn new(stream: T, pace: &'a Pace) -> Paced<'a, T> {
        Paced { stream, pace }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Paced<'_, T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            this.pace.received();
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Paced<'_, T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        if written.is_ready() {
            this.pace.sent();
        }
        written
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        if written.is_ready() {
            this.pace.sent();
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each step is an event and the patience, in seconds, that a connection has right after it.
    #[test]
    fn patience_follows_what_a_connection_does() {
        type Event = fn(&Pace);
        let cases: [(&str, &[Event], u64); 8] = [
            ("opened", &[], 10),
            ("first bytes", &[Pace::received], 10),
            ("at work", &[Pace::received, Pace::busy], 10),
            ("answered", &[Pace::received, Pace::busy, Pace::idle], 75),
            ("answer leaves", &[Pace::busy, Pace::idle, Pace::sent], 75),
            ("next head begins", &[Pace::busy, Pace::idle, Pace::received], 10),
            ("pipelined bytes at work", &[Pace::busy, Pace::received], 10),
            ("early answer bytes at work", &[Pace::busy, Pace::sent], 10),
        ];
        for (name, events, seconds) in cases {
            let pace = Pace::new();
            for event in events {
                event(&pace);
            }
            let left = pace.deadline().saturating_duration_since(pace.opened).as_secs_f64();
            assert!((left - seconds as f64).abs() < 1.0, "{name}: {left} s, expected {seconds} s");
        }
    }

    #[test]
    fn a_head_has_one_deadline_however_its_bytes_trickle_in() {
        let pace = Pace::new();
        pace.idle();
        pace.received();
        let first = pace.deadline();
        pace.received();
        assert_eq!(pace.deadline(), first);
    }

    #[test]
    fn a_busy_connection_is_never_late() {
        let pace = Pace { opened: Instant::now(), since: AtomicU64::new(Phase::Busy as u64) };
        assert!(pace.deadline() > Instant::now());
    }
}
