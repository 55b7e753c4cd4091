//! Signature Version 4: requests to AWS under the caller's keys.
//!
//! Pure: time and keys come in as arguments. Source: the guide, "Create a signed AWS API request".

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

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
pub(crate) struct Request<'a> {
    /// The HTTP method.
    pub(crate) method: &'a str,
    /// Host, and port where it is not the scheme's own.
    pub(crate) host: &'a str,
    /// The path as it is sent, percent-encoded.
    pub(crate) path: &'a str,
    /// The query as it is sent, sorted; empty for none.
    pub(crate) query: &'a str,
    /// Headers to be signed besides the host and the date; names in lower case.
    pub(crate) headers: &'a [(&'static str, String)],
    /// The body.
    pub(crate) body: &'a [u8],
    /// The service, as its scope names it.
    pub(crate) service: &'a str,
    /// The region.
    pub(crate) region: &'a str,
    /// The time: `20261122T030405Z`.
    pub(crate) time: &'a str,
}

/// The headers to add: date, token if there is one, and the signature.
pub(crate) fn sign(credentials: &Credentials, request: &Request<'_>) -> Vec<(&'static str, String)> {
    let mut added = vec![("x-amz-date", request.time.to_owned())];
    if let Some(token) = &credentials.session_token {
        added.push(("x-amz-security-token", token.clone()));
    }
    let mut signed: Vec<(&str, &str)> = vec![("host", request.host)];
    signed.extend(request.headers.iter().chain(&added).map(|(name, value)| (*name, value.trim())));
    signed.sort_unstable();
    let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let headers: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    // The path is encoded once more than it is sent: all services but S3 want it so.
    let path = encode(request.path, "/");
    let canonical = format!(
        "{}\n{path}\n{}\n{headers}\n{names}\n{}",
        request.method,
        request.query,
        hex(&Sha256::digest(request.body))
    );
    let day = request.time.get(..8).unwrap_or(request.time);
    let scope = format!("{day}/{}/{}/aws4_request", request.region, request.service);
    let text = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        request.time,
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let secret = format!("AWS4{}", credentials.secret_access_key);
    let key = [day, request.region, request.service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| mac(&key, part.as_bytes()));
    let signature = hex(&mac(&key, text.as_bytes()));
    let id = &credentials.access_key_id;
    added.push((
        "authorization",
        format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"),
    ));
    added
}

/// Percent-encodes everything but letters, digits, `-._~` and what is in `kept`.
pub(crate) fn encode(text: &str, kept: &str) -> String {
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

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC hashes a key that is longer than its hash's block, and fills a shorter one up with zeros.
    let hashed = Sha256::digest(key);
    let key = if key.len() > 64 { hashed.as_slice() } else { key };
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Hmac::<Sha256>::new(&block.into()).chain_update(text).finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    })
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
