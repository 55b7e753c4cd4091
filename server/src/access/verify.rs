//! Whether a request is signed by whom it says, and what it is told if not.
//!
//! Pure: keys and the time come in as arguments. Codes, texts and the order of checks: recorded from other
//! services with this protocol; the texts of unknown keys from this one.

use std::sync::Arc;

use gradus_api::sigv4::{self, ALGORITHM, Canonical, TERMINATOR};
use gradus_core::machine::Timestamp;
use gradus_core::machine::timestamp::{parse_rfc3339, to_iso};
use http::HeaderMap;

use super::claim::{Claim, parameters};
use super::is_region;
use super::keys::{Key, Keys};

/// How far a client's clock may be off, in minutes. The service has been seen with 5 and with 15; the
/// wider one spares those whose clock nobody corrects.
const WINDOW: i64 = 15;
/// The longest that a signed query may be good, in seconds. Source: the guide.
const LONGEST: i64 = 604_800;

/// A request, as far as its signature is concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// What is known of a request that is signed well.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    /// The key that it was signed with.
    pub(crate) key: Arc<Key>,
    /// The region that it was signed for.
    pub(crate) region: String,
}

/// Checks the signature of a request to `service`.
pub(crate) fn verify(
    request: &Signed<'_>,
    service: &str,
    keys: &Keys,
    now: Timestamp,
) -> Result<Verified, Refusal> {
    let claim = Claim::of(request.query, request.headers)?;
    check_time(&claim, now)?;
    let names: Vec<String> = claim.signed_headers.split(';').map(str::to_ascii_lowercase).collect();
    check_headers(&names, request.headers)?;
    if claim.algorithm != ALGORITHM {
        let given = &claim.algorithm;
        return Err(Refusal::incomplete(format!(
            "Unsupported AWS 'algorithm': '{given}' (only {ALGORITHM} for now). "
        )));
    }
    let (key_id, scope) = scope(&claim, service)?;
    let key = keys
        .get(key_id)
        .filter(|key| is_known(key, now))
        .ok_or_else(|| Refusal::unrecognized("The security token included in the request is invalid."))?;
    if !is_signed(request, &claim, names, &key.secret, scope) {
        return Err(Refusal::invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS \
             Secret Access Key and signing method. Consult the service documentation for details.",
        ));
    }
    let is_right = match (&key.session_token, &claim.token) {
        (Some(expected), Some(given)) => sigv4::is_same(expected, given),
        (expected, given) => expected.is_none() && given.is_none(),
    };
    if !is_right {
        return Err(Refusal::unrecognized("The security token included in the request is invalid"));
    }
    if key.expires.is_some_and(|expires| expires <= now) {
        return Err(Refusal::expired("The security token included in the request is expired"));
    }
    Ok(Verified { key: key.clone(), region: scope.region.to_owned() })
}

/// A key of its own that has ended is as if it had never been; a session's is told that it has expired.
fn is_known(key: &Key, now: Timestamp) -> bool {
    let has_begun = key.not_before.is_none_or(|from| from <= now);
    let has_ended = key.expires.is_some_and(|expires| expires <= now);
    has_begun && (!has_ended || key.session_token.is_some())
}

fn check_time(claim: &Claim<'_>, now: Timestamp) -> Result<(), Refusal> {
    let given = &claim.time;
    let time = parse(given).ok_or_else(|| {
        Refusal::incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{given}'. See \
             http://en.wikipedia.org/wiki/ISO_8601"
        ))
    })?;
    let window = WINDOW * 60;
    let (patience, unit) = match &claim.expires {
        None => (window, format!("{WINDOW} min.")),
        Some(expires) => {
            let seconds = expires.parse().ok().filter(|seconds| (1..=LONGEST).contains(seconds));
            let seconds = seconds.ok_or_else(|| {
                Refusal::incomplete(format!("X-Amz-Expires must be between 1 and {LONGEST} seconds"))
            })?;
            (seconds, format!("{seconds} s."))
        }
    };
    let (earliest, latest) = (later(now, -patience), later(now, window));
    if time < earliest {
        let (earliest, now) = (print(earliest), print(now));
        return Err(Refusal::invalid(format!(
            "Signature expired: {given} is now earlier than {earliest} ({now} - {unit})"
        )));
    }
    if time > latest {
        let (latest, now) = (print(latest), print(now));
        return Err(Refusal::invalid(format!(
            "Signature not yet current: {given} is still later than {latest} ({now} + {WINDOW} min.)"
        )));
    }
    Ok(())
}

/// Whoever passes a request on must not be able to send it elsewhere or to change what it asks for.
fn check_headers(signed: &[String], headers: &HeaderMap) -> Result<(), Refusal> {
    let is_signed = |name: &str| signed.iter().any(|signed| signed == name);
    let unsigned = headers.keys().map(|name| name.as_str());
    let unsigned = unsigned.filter(|name| name.starts_with("x-amz-")).find(|name| !is_signed(name));
    match unsigned {
        _ if !is_signed("host") => {
            Err(Refusal::invalid("'Host' must be a 'SignedHeader' in the AWS Authorization."))
        }
        Some(name) => {
            Err(Refusal::invalid(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")))
        }
        None => Ok(()),
    }
}

/// The key's id, and the scope of the signature.
fn scope<'a>(claim: &'a Claim<'_>, service: &'a str) -> Result<(&'a str, sigv4::Scope<'a>), Refusal> {
    let parts: Vec<&str> = claim.credential.split('/').collect();
    let [key_id, day, region, scoped, terminator] = parts[..] else {
        let given = &claim.credential;
        return Err(Refusal::incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, \
             got '{given}'"
        )));
    };
    let mut faults = Vec::new();
    // The region becomes part of ARNs, so it has to look like one.
    if !is_region(region) {
        faults.push(format!("Credential should be scoped to a valid region, not '{region}'. "));
    }
    if scoped != service {
        faults.push(format!("Credential should be scoped to correct service: '{service}'. "));
    }
    if terminator != TERMINATOR {
        faults.push(format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'. "
        ));
    }
    let time = &claim.time;
    let expected = time.get(..8).unwrap_or_default();
    if day != expected {
        faults.push(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
             '{day}' != '{expected}', from '{time}'."
        ));
    }
    if faults.is_empty() {
        return Ok((key_id, sigv4::Scope { day, region, service }));
    }
    Err(Refusal::invalid(faults.concat().trim_end()))
}

/// Whether the signature is that of the request under this secret.
///
/// The key is derived each time: four short MACs, a few microseconds. A cache would have to be bounded,
/// since anybody can name any region.
fn is_signed(
    request: &Signed<'_>,
    claim: &Claim<'_>,
    mut names: Vec<String>,
    secret: &str,
    scope: sigv4::Scope<'_>,
) -> bool {
    let body_hash = sigv4::hash(request.body);
    let said = request.headers.get("x-amz-content-sha256");
    if said.is_some_and(|said| said.as_bytes() != body_hash.as_bytes()) {
        return false;
    }
    names.sort_unstable();
    let headers = names.into_iter().map(|name| {
        let value = value(request.headers, &name)?;
        Some((name, value))
    });
    // What is no text cannot have been signed.
    let Some(headers) = headers.collect::<Option<Vec<_>>>() else { return false };
    let query = canonical_query(request.query);
    let canonical = Canonical {
        method: request.method,
        path: request.path,
        query: &query,
        headers: &headers,
        body_hash: &body_hash,
    };
    let text = sigv4::text_to_sign(&claim.time, scope, &canonical.text());
    sigv4::is_signature(&claim.signature, &sigv4::key(secret, scope), &text)
}

/// The value of a header as it is signed: several lines of one name make one value.
fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).iter().map(|value| std::str::from_utf8(value.as_bytes()).ok());
    Some(values.map(|value| value.map(sigv4::folded)).collect::<Option<Vec<_>>>()?.join(","))
}

/// A query as it is signed: all but the signature itself, sorted.
fn canonical_query(query: &str) -> String {
    let parts = parameters(query).filter(|(name, _)| name != "X-Amz-Signature");
    let mut parts: Vec<_> =
        parts.map(|(name, value)| (sigv4::encode(&name, ""), sigv4::encode(&value, ""))).collect();
    parts.sort_unstable();
    parts.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Reads a time of the form `20261122T030405Z`.
fn parse(text: &str) -> Option<Timestamp> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(day, 8) || !digits(time, 6) {
        return None;
    }
    let part = |text: &str, from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    let day = [part(day, 0, 4), part(day, 4, 6), part(day, 6, 8)].join("-");
    let time = [part(time, 0, 2), part(time, 2, 4), part(time, 4, 6)].join(":");
    parse_rfc3339(&format!("{day}T{time}Z"))
}

fn print(time: Timestamp) -> String {
    let text = to_iso(time).replace(['-', ':'], "");
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

fn later(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_millis(time.as_millis().saturating_add(seconds * 1000))
}

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What kind of fault it is.
    pub(crate) reason: Reason,
    /// What is said of it.
    pub(crate) message: String,
}

/// The kinds of faults that a signature can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// There is none.
    Missing,
    /// It cannot be read.
    Incomplete,
    /// It is not that of the request, or not that of now.
    Invalid,
    /// It is made with a key that nobody knows.
    Unrecognized,
    /// It is made with a session's key, and the session is over.
    Expired,
}

impl Refusal {
    pub(crate) fn missing(message: impl Into<String>) -> Refusal {
        Refusal { reason: Reason::Missing, message: message.into() }
    }

    pub(crate) fn incomplete(message: impl Into<String>) -> Refusal {
        Refusal { reason: Reason::Incomplete, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
        Refusal { reason: Reason::Invalid, message: message.into() }
    }

    fn unrecognized(message: impl Into<String>) -> Refusal {
        Refusal { reason: Reason::Unrecognized, message: message.into() }
    }

    fn expired(message: impl Into<String>) -> Refusal {
        Refusal { reason: Reason::Expired, message: message.into() }
    }
}

impl Reason {
    /// The error's name in AWS JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Reason::Missing => "MissingAuthenticationTokenException",
            Reason::Incomplete => "IncompleteSignatureException",
            Reason::Invalid => "InvalidSignatureException",
            Reason::Unrecognized => "UnrecognizedClientException",
            Reason::Expired => "ExpiredTokenException",
        }
    }
}

#[cfg(test)]
mod tests;
