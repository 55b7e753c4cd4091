//! Task tokens: they say themselves which attempt they stand for.
//!
//! ```text
//! token = base64( 0 0 0 · version (1) · execution (16) · frame (4) · task (8) · MAC (16) )
//! ```
//!
//! No table is needed to find the attempt, and a token stays recognisable after its task is over,
//! so that the answer is "timed out" and not "invalid". The MAC is HMAC-SHA-256 under a key of
//! the store, cut to 16 bytes: nobody makes a token but us. Tokens begin with `AAAA`, as the
//! service's do.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;
use gradus_core::machine::{EventId, FrameId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::activity::Candidate;
use crate::store::layout::ExecutionId;

/// Makes and reads task tokens.
#[derive(Clone)]
pub struct Tokens {
    mac: Hmac<Sha256>,
}

const VERSION: [u8; 4] = [0, 0, 0, 1];
const MAC_BYTES: usize = 16;

impl Tokens {
    /// Tokens under this key.
    pub fn new(key: &[u8; 32]) -> Tokens {
        // HMAC fills a short key up with zeros to the block of its hash.
        let mut block = [0; 64];
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        Tokens { mac: Hmac::new(&block.into()) }
    }

    /// The token of an attempt.
    pub fn issue(&self, attempt: Candidate) -> String {
        let mut bytes = [
            &VERSION[..],
            &attempt.execution.0,
            &attempt.frame.0.to_be_bytes(),
            &attempt.task.0.to_be_bytes(),
        ]
        .concat();
        let mac = self.mac.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend(mac.iter().take(MAC_BYTES));
        STANDARD.encode(&bytes)
    }

    /// The attempt of a token; `None` if it is not one of ours.
    pub fn read(&self, token: &str) -> Option<Candidate> {
        let bytes = STANDARD.decode(token).ok()?;
        let (body, mac) = bytes.split_last_chunk::<MAC_BYTES>()?;
        self.mac.clone().chain_update(body).verify_truncated_left(mac).ok()?;
        let body = body.strip_prefix(&VERSION)?;
        let (execution, body) = body.split_first_chunk()?;
        let (frame, body) = body.split_first_chunk()?;
        Some(Candidate {
            execution: ExecutionId(*execution),
            frame: FrameId(u32::from_be_bytes(*frame)),
            task: EventId(u64::from_be_bytes(body.try_into().ok()?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> Candidate {
        Candidate { execution: ExecutionId([7; 16]), frame: FrameId(3), task: EventId(25_000) }
    }

    #[test]
    fn a_token_names_its_attempt() {
        let tokens = Tokens::new(&[1; 32]);
        let token = tokens.issue(attempt());
        assert!(token.starts_with("AAAA"), "{token}");
        assert_eq!(tokens.read(&token), Some(attempt()));
    }

    #[test]
    fn nobody_else_makes_one() {
        let tokens = Tokens::new(&[1; 32]);
        let token = tokens.issue(attempt());
        assert_eq!(Tokens::new(&[2; 32]).read(&token), None, "another key");
        for at in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(tokens.read(std::str::from_utf8(&forged).unwrap()), None, "changed at {at}");
            assert_eq!(tokens.read(&token[..at]), None, "cut at {at}");
        }
        for garbage in ["", "AAAA", "not a token", "ÄÄÄÄ", "AAAA====", &"A".repeat(2048)] {
            assert_eq!(tokens.read(garbage), None, "{garbage}");
        }
    }
}
