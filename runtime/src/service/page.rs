//! Pages of a list: how many items, and the token that leads to the next ones.
//!
//! ```text
//! token = hex( version (1) · expires, milliseconds of the epoch (8) · position · MAC (16) )
//! ```
//!
//! The position is the list's own affair. The MAC covers the operation and its other arguments as well, so
//! a token leads on in the list that it was made for and nowhere else; nobody makes one but us.

use gradus_api::errors::InvalidToken;
use gradus_core::machine::Timestamp;
use gradus_core::machine::timestamp::Millis;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How many items a page has at most: `maxResults`, where absent and 0 mean 100.
pub(super) fn size(max_results: Option<i32>) -> usize {
    const DEFAULT: usize = 100;
    usize::try_from(max_results.unwrap_or_default()).ok().filter(|size| *size > 0).unwrap_or(DEFAULT)
}

/// The items of a page out of one more than it takes; and its last item, if there are more behind it.
pub(super) fn cut<T: Clone>(mut found: Vec<T>, size: usize) -> (Vec<T>, Option<T>) {
    let has_more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| has_more).cloned();
    (found, last)
}

/// The ARN after which a page of names begins, from its position.
pub(super) fn after(prefix: &str, name: &[u8]) -> Result<String, InvalidToken> {
    let name = std::str::from_utf8(name).map_err(|_| invalid())?;
    Ok([prefix, name].concat())
}

/// A list: the operation, and every argument besides the page's size and token.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'a> {
    /// The operation's name.
    pub(super) operation: &'static str,
    /// Its arguments, in a fixed order.
    pub(super) arguments: &'a [&'a str],
}

/// What tokens are made with: one block of the hash.
pub(super) type Key = [u8; 64];

/// Makes and reads tokens.
pub(super) struct Tokens(Hmac<Sha256>);

/// How long a token is valid. Source: the API reference.
const LIFETIME: Millis = Millis(24 * 60 * 60 * 1000);
const VERSION: u8 = 1;
const MAC_BYTES: usize = 16;

impl Tokens {
    /// Tokens under this key.
    pub(super) fn new(key: &Key) -> Tokens {
        Tokens(Hmac::new(key.into()))
    }

    /// The token of a position in a list.
    pub(super) fn issue(&self, list: List<'_>, position: &[u8], now: Timestamp) -> String {
        let expires = now.saturating_add(LIFETIME).as_millis().to_be_bytes();
        let mut bytes = [&[VERSION], &expires[..], position].concat();
        let mac = self.mac(list, &bytes).finalize().into_bytes();
        bytes.extend(mac.iter().take(MAC_BYTES));
        hex(&bytes)
    }

    /// The position of a token; an error if it is of another list, too old, or none of ours.
    pub(super) fn read(&self, list: List<'_>, token: &str, now: Timestamp) -> Result<Vec<u8>, InvalidToken> {
        self.position(list, token, now).ok_or_else(invalid)
    }

    fn position(&self, list: List<'_>, token: &str, now: Timestamp) -> Option<Vec<u8>> {
        let bytes = unhex(token)?;
        let (body, mac) = bytes.split_last_chunk::<MAC_BYTES>()?;
        self.mac(list, body).verify_truncated_left(mac).ok()?;
        let (expires, position) = body.strip_prefix(&[VERSION])?.split_first_chunk()?;
        (now.as_millis() < i64::from_be_bytes(*expires)).then(|| position.to_vec())
    }

    fn mac(&self, list: List<'_>, body: &[u8]) -> Hmac<Sha256> {
        let arguments = std::iter::once(list.operation).chain(list.arguments.iter().copied());
        // Each with its length, so that no two lists of arguments look alike.
        let mac = arguments.fold(self.0.clone(), |mac, argument| {
            mac.chain_update((argument.len() as u64).to_be_bytes()).chain_update(argument)
        });
        mac.chain_update(body)
    }
}

/// What is said about a token of a page or a task that is none. Source: the service, recorded.
pub(super) fn invalid() -> InvalidToken {
    InvalidToken::new("Invalid Token: 'Invalid token'")
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8));
    if rest.is_empty() { bytes.collect() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: List<'_> = List { operation: "ListExecutions", arguments: &["arn", "RUNNING"] };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn sizes() {
        for (asked, size) in [(None, 100), (Some(0), 100), (Some(1), 1), (Some(1000), 1000)] {
            assert_eq!(super::size(asked), size);
        }
    }

    #[test]
    fn a_token_leads_back() {
        let tokens = Tokens::new(&[1; 64]);
        for position in [&[][..], b"x", &[0; 24], &[255; 320]] {
            let token = tokens.issue(LIST, position, at(0));
            assert!(token.len() <= 1024, "a token of ListStateMachines may have 1024 characters");
            assert_eq!(tokens.read(LIST, &token, at(0)), Ok(position.to_vec()));
        }
    }

    #[test]
    fn a_token_expires() {
        let tokens = Tokens::new(&[1; 64]);
        let token = tokens.issue(LIST, b"x", at(1000));
        let day = 24 * 60 * 60 * 1000;
        assert!(tokens.read(LIST, &token, at(1000 + day - 1)).is_ok());
        assert_eq!(tokens.read(LIST, &token, at(1000 + day)), Err(invalid()));
    }

    #[test]
    fn a_token_is_of_its_list_alone() {
        let tokens = Tokens::new(&[1; 64]);
        let token = tokens.issue(LIST, b"x", at(0));
        let others = [
            List { operation: "ListActivities", ..LIST },
            List { arguments: &["arn", "FAILED"], ..LIST },
            List { arguments: &["arnR", "UNNING"], ..LIST },
            List { arguments: &["arn", "RUNNING", ""], ..LIST },
            List { arguments: &[], ..LIST },
        ];
        for other in others {
            assert_eq!(tokens.read(other, &token, at(0)), Err(invalid()), "{other:?}");
        }
    }

    #[test]
    fn nobody_else_makes_one() {
        let tokens = Tokens::new(&[1; 64]);
        let token = tokens.issue(LIST, b"x", at(0));
        assert_eq!(Tokens::new(&[2; 64]).read(LIST, &token, at(0)), Err(invalid()));
        for index in 0..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[index] = if forged[index] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(tokens.read(LIST, &forged, at(0)), Err(invalid()), "changed at {index}");
            assert_eq!(tokens.read(LIST, &token[..index], at(0)), Err(invalid()), "cut at {index}");
        }
        for garbage in ["", "x", "xx", "é", "zz".repeat(40).as_str(), "0".repeat(1024).as_str()] {
            assert_eq!(tokens.read(LIST, garbage, at(0)), Err(invalid()), "{garbage}");
        }
    }
}
