//! Signature Version 4: how a request is signed under a secret, for those who sign and those who verify.
//!
//! Pure: time and keys come in as arguments. Which headers have to be signed, and what is said about a
//! signature that is wrong, is the business of who verifies. Source: the guide, "Create a signed AWS API
//! request".

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The only algorithm there is.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last part of every scope.
pub const TERMINATOR: &str = "aws4_request";

/// The keys that requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`, for keys that expire.
    pub session_token: Option<String>,
}

impl Credentials {
    /// Keys that do not expire.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Credentials {
        let (access_key_id, secret_access_key) = (access_key_id.into(), secret_access_key.into());
        Credentials { access_key_id, secret_access_key, session_token: None }
    }

    /// The same keys as those of a session, which this token belongs to.
    #[must_use]
    pub fn with_session_token(self, token: impl Into<String>) -> Credentials {
        Credentials { session_token: Some(token.into()), ..self }
    }

    /// From the variables that the AWS tools know: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_SESSION_TOKEN`.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Credentials> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let (access_key_id, secret_access_key) =
            set("AWS_ACCESS_KEY_ID").zip(set("AWS_SECRET_ACCESS_KEY"))?;
        Some(Credentials { access_key_id, secret_access_key, session_token: set("AWS_SESSION_TOKEN") })
    }
}

impl std::fmt::Debug for Credentials {
    /// Hides everything but the id of the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// A request to be signed.
#[derive(Debug)]
pub struct Request<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// Host, and port where it is not the scheme's own.
    pub host: &'a str,
    /// The path as it is sent, percent-encoded.
    pub path: &'a str,
    /// The query as it is sent, sorted; empty for none.
    pub query: &'a str,
    /// Headers to be signed besides the host and the date; names in lower case.
    pub headers: &'a [(&'static str, String)],
    /// The body.
    pub body: &'a [u8],
    /// The service, as its scope names it.
    pub service: &'a str,
    /// The region.
    pub region: &'a str,
    /// The time: `20261122T030405Z`.
    pub time: &'a str,
}

/// The headers to add: date, token if there is one, and the signature.
#[must_use]
pub fn sign(credentials: &Credentials, request: &Request<'_>) -> Vec<(&'static str, String)> {
    let mut added = vec![("x-amz-date", request.time.to_owned())];
    if let Some(token) = &credentials.session_token {
        added.push(("x-amz-security-token", token.clone()));
    }
    let mut signed: Vec<(&str, String)> = vec![("host", request.host.to_owned())];
    signed.extend(request.headers.iter().chain(&added).map(|(name, value)| (*name, folded(value))));
    signed.sort_unstable();
    let canonical = Canonical {
        method: request.method,
        path: request.path,
        query: request.query,
        headers: &signed,
        body_hash: &hash(request.body),
    };
    let scope = Scope {
        day: request.time.get(..8).unwrap_or(request.time),
        region: request.region,
        service: request.service,
    };
    let text = text_to_sign(request.time, scope, &canonical.text());
    let signature = signature(&key(&credentials.secret_access_key, scope), &text);
    let (id, names) = (&credentials.access_key_id, canonical.names());
    added.push((
        "authorization",
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"),
    ));
    added
}

/// The signature of `text` under `key`, in lower-case hex.
#[must_use]
pub fn signature(key: &Key, text: &str) -> String {
    hex(&mac(key, text.as_bytes()))
}

/// Whether `signature`, in lower-case hex, is that of `text` under `key`. Takes as long for every wrong one.
#[must_use]
pub fn is_signature(signature: &str, key: &Key, text: &str) -> bool {
    let Some(signature) = from_hex(signature) else { return false };
    hmac(key).chain_update(text).verify_slice(&signature).is_ok()
}

/// Whether two secrets are the same. Takes as long for all of one length.
#[must_use]
pub fn is_same(secret: &str, other: &str) -> bool {
    let tag = mac(secret.as_bytes(), b"");
    hmac(other.as_bytes()).verify_slice(&tag).is_ok()
}

/// What of a request is signed, in the one form that both sides write.
#[derive(Clone, Copy, Debug)]
pub struct Canonical<'a, N> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path as it is sent, percent-encoded.
    pub path: &'a str,
    /// The query: names and values percent-encoded, sorted.
    pub query: &'a str,
    /// The signed headers, sorted by name: names in lower case, values [`folded`].
    pub headers: &'a [(N, String)],
    /// The [`hash`] of the body.
    pub body_hash: &'a str,
}

impl<N: AsRef<str>> Canonical<'_, N> {
    /// The names of the signed headers.
    #[must_use]
    pub fn names(&self) -> String {
        self.headers.iter().map(|(name, _)| name.as_ref()).collect::<Vec<_>>().join(";")
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        // The path is encoded once more than it is sent: all services but S3 want it so.
        let path = encode(self.path, "/");
        let mut text = format!("{}\n{path}\n{}\n", self.method, self.query);
        for (name, value) in self.headers {
            // Writing to a string cannot fail.
            _ = writeln!(text, "{}:{value}", name.as_ref());
        }
        _ = write!(text, "\n{}\n{}", self.names(), self.body_hash);
        text
    }
}

/// For what a key is good: one day, one region, one service. Prints as it stands in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope<'a> {
    /// `20261122`, UTC.
    pub day: &'a str,
    /// The region.
    pub region: &'a str,
    /// The service's name.
    pub service: &'a str,
}

impl std::fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}/{TERMINATOR}", self.day, self.region, self.service)
    }
}

/// A key that signs within one scope.
pub type Key = [u8; 32];

/// The key of a secret for a scope.
#[must_use]
pub fn key(secret: &str, scope: Scope<'_>) -> Key {
    let first = mac(format!("AWS4{secret}").as_bytes(), scope.day.as_bytes());
    [scope.region, scope.service, TERMINATOR].iter().fold(first, |key, part| mac(&key, part.as_bytes()))
}

/// The text whose MAC is the signature. `time` is of the form `20261122T030405Z`.
#[must_use]
pub fn text_to_sign(time: &str, scope: Scope<'_>, canonical: &str) -> String {
    format!("{ALGORITHM}\n{time}\n{scope}\n{}", hash(canonical.as_bytes()))
}

/// A header's value as it is signed: without white space around it, runs of it within made one space.
#[must_use]
pub fn folded(value: &str) -> String {
    let mut folded = String::with_capacity(value.len());
    for word in value.split_ascii_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

/// The SHA-256 of a body, in lower-case hex.
#[must_use]
pub fn hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// Percent-encodes everything but letters, digits, `-._~` and what is in `kept`.
#[must_use]
pub fn encode(text: &str, kept: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn mac(key: &[u8], text: &[u8]) -> Key {
    hmac(key).chain_update(text).finalize().into_bytes().into()
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    // HMAC hashes a key that is longer than its hash's block, and fills a shorter one up with zeros.
    let hashed = (key.len() > 64).then(|| Sha256::digest(key));
    let key = hashed.as_deref().unwrap_or(key);
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Hmac::new(&block.into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of a signature; `None` for what is no lower-case hex of 32 bytes.
fn from_hex(text: &str) -> Option<Key> {
    let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    let mut bytes = [0; 32];
    if text.len() != bytes.len() * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let &[high, low] = pair else { return None };
        *byte = u8::try_from(digit(high)? << 4 | digit(low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Signatures made by botocore 1.43 from the same requests.
    #[test]
    fn signatures() {
        let keys = |token: Option<&str>| Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: token.map(str::to_owned),
        };
        let path =
            "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af/invocations";
        let plain = Request {
            method: "POST",
            host: "lambda.us-east-1.amazonaws.com",
            path,
            query: "",
            headers: &[],
            body: b"{}",
            service: "lambda",
            region: "us-east-1",
            time: "20150830T123600Z",
        };
        let headers = [("x-amz-log-type", "Tail".to_owned())];
        let full = Request {
            host: "127.0.0.1:9000",
            query: "Qualifier=live",
            headers: &headers,
            body: br#"{"a":"b"}"#,
            region: "eu-west-1",
            ..plain
        };
        for (request, token, names, expected) in [
            (&plain, None, "host;x-amz-date", SIGNATURES[0]),
            (&full, Some("token"), "host;x-amz-date;x-amz-log-type;x-amz-security-token", SIGNATURES[1]),
        ] {
            let added = sign(&keys(token), request);
            let scope = format!("20150830/{}/lambda/aws4_request", request.region);
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={names}, Signature={expected}"
            );
            assert_eq!(added.last(), Some(&("authorization", expected)));
        }
    }

    const SIGNATURES: [&str; 2] = [
        "2762ab54fdab6ff5f9e2819ab570d17e30a842fab3b0a721ecb19f20e10b433d",
        "bdaa139d40bd717d73e0d658e580bf04b563414567a39c3242231d880060977b",
    ];

    /// Source: the guide, "Deriving the signing key" and its example of a signature.
    #[test]
    fn the_keys_and_signatures_of_the_guide() {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let scope = |day, region, service| Scope { day, region, service };
        for (scope, expected) in [
            (
                scope("20150830", "us-east-1", "iam"),
                "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9",
            ),
            (
                scope("20120215", "us-east-1", "iam"),
                "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d",
            ),
        ] {
            assert_eq!(hex(&key(secret, scope)), expected, "{scope}");
        }
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned()),
            ("host", "iam.amazonaws.com".to_owned()),
            ("x-amz-date", "20150830T123600Z".to_owned()),
        ];
        let canonical = Canonical {
            method: "GET",
            path: "/",
            query: "Action=ListUsers&Version=2010-05-08",
            headers: &headers,
            body_hash: &hash(b""),
        };
        let text = canonical.text();
        assert_eq!(hash(text.as_bytes()), "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
        let scope = scope("20150830", "us-east-1", "iam");
        let text = text_to_sign("20150830T123600Z", scope, &text);
        let signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        assert!(is_signature(signature, &key(secret, scope), &text));
    }

    /// Source: the public test suite of the algorithm, cases of this name.
    #[test]
    fn the_public_test_suite() {
        let date = ("x-amz-date", "20150830T123600Z".to_owned());
        let host = ("host", "example.amazonaws.com".to_owned());
        let scope = Scope { day: "20150830", region: "us-east-1", service: "service" };
        let key = key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", scope);
        let plain = [host.clone(), date.clone()];
        let typed =
            [("content-type", "application/x-www-form-urlencoded".to_owned()), host.clone(), date.clone()];
        let lower = [host.clone(), ("my-header1", "value1".to_owned()), date.clone()];
        let upper = [host.clone(), ("my-header1", "VALUE1".to_owned()), date.clone()];
        let trimmed =
            [host, ("my-header1", folded(" value1")), ("my-header2", folded(" \"a   b   c\"")), date];
        for (name, method, query, headers, body, signature) in [
            ("get-vanilla", "GET", "", &plain[..], "", SUITE[0]),
            ("get-vanilla-query-order-key-case", "GET", "Param1=value1&Param2=value2", &plain, "", SUITE[1]),
            ("post-vanilla", "POST", "", &plain, "", SUITE[2]),
            ("post-x-www-form-urlencoded", "POST", "", &typed, "Param1=value1", SUITE[3]),
            ("post-header-key-sort", "POST", "", &lower, "", SUITE[4]),
            ("post-header-value-case", "POST", "", &upper, "", SUITE[5]),
            ("get-header-value-trim", "GET", "", &trimmed, "", SUITE[6]),
        ] {
            let body_hash = hash(body.as_bytes());
            let text = Canonical { method, path: "/", query, headers, body_hash: &body_hash }.text();
            let text = text_to_sign("20150830T123600Z", scope, &text);
            assert_eq!(super::signature(&key, &text), signature, "{name}");
        }
    }

    const SUITE: [&str; 7] = [
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ];

    #[test]
    fn only_the_right_signature_is_one() {
        let key = [7; 32];
        let right = hex(&mac(&key, b"text"));
        for (signature, expected) in [
            (right.clone(), true),
            (right.to_uppercase(), false),
            (right.replacen(|_: char| true, "g", 1), false),
            (format!("{right}00"), false),
            (right[..62].to_owned(), false),
            (hex(&mac(&key, b"other")), false),
            (String::new(), false),
            ("\u{e9}".repeat(32), false),
        ] {
            assert_eq!(is_signature(&signature, &key, "text"), expected, "{signature}");
        }
        assert!(is_same("token", "token") && !is_same("token", "tokem") && !is_same("", "t"));
    }

    #[test]
    fn white_space_is_folded() {
        for (value, expected) in
            [("", ""), (" ", ""), (" a ", "a"), ("a  b\tc", "a b c"), ("\"a  b\"", "\"a b\"")]
        {
            assert_eq!(folded(value), expected, "{value:?}");
        }
    }

    #[test]
    fn long_keys_are_hashed() {
        // RFC 4231, test case 6.
        let tag = mac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(&tag), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn encodings() {
        assert_eq!(encode("a:b/c é~", ""), "a%3Ab%2Fc%20%C3%A9~");
        assert_eq!(encode("/a%3A", "/"), "/a%253A");
    }
}
