//! What a request says of its own signature, in the header `Authorization` or in its query.
//!
//! Nothing here knows a key, or whether what is said is true.

use std::borrow::Cow;

use gradus_api::sigv4::TERMINATOR;
use http::HeaderMap;
use http::header::{AUTHORIZATION, DATE};

use super::is_region;
use super::verify::Refusal;

/// The claim of a request: who signed what, and when. Its parts are as they came, not checked yet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Claim<'a> {
    /// What the signature is said to be made with.
    pub(crate) algorithm: Cow<'a, str>,
    /// `KEY/DAY/REGION/SERVICE/aws4_request`.
    pub(crate) credential: Cow<'a, str>,
    /// The names of the signed headers, with `;` between them.
    pub(crate) signed_headers: Cow<'a, str>,
    /// The signature.
    pub(crate) signature: Cow<'a, str>,
    /// When the request was signed.
    pub(crate) time: Cow<'a, str>,
    /// The session token.
    pub(crate) token: Option<Cow<'a, str>>,
    /// For how many seconds the request is good; only a query says so.
    pub(crate) expires: Option<Cow<'a, str>>,
}

impl<'a> Claim<'a> {
    /// The claim of a request with this query and these headers. Source of the texts: recorded from other
    /// services with this protocol.
    pub(crate) fn of(query: &'a str, headers: &'a HeaderMap) -> Result<Claim<'a>, Refusal> {
        let authorization = text(headers, AUTHORIZATION.as_str());
        let is_query = parameters(query).any(|(name, _)| name == "X-Amz-Algorithm");
        match authorization {
            Some(_) if is_query => Err(Refusal::invalid(
                "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
            )),
            Some(header) if header.starts_with("AWS4-") => from_header(header, headers),
            None if is_query => from_query(query),
            Some(_) | None => Err(Refusal::missing("Request is missing Authentication Token")),
        }
    }
}

fn from_header<'a>(header: &'a str, headers: &'a HeaderMap) -> Result<Claim<'a>, Refusal> {
    let (algorithm, rest) = header.split_once(' ').unwrap_or((header, ""));
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for part in rest.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((name, value)) = part.split_once('=') else {
            return Err(Refusal::incomplete(format!(
                "'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'."
            )));
        };
        match name {
            "Credential" => credential = Some(value),
            "SignedHeaders" => signed_headers = Some(value),
            "Signature" => signature = Some(value),
            _ => {}
        }
    }
    let time = text(headers, "x-amz-date").or_else(|| text(headers, DATE.as_str()));
    let (Some(credential), Some(signed_headers), Some(signature), Some(time)) =
        (credential, signed_headers, signature, time)
    else {
        let mut message = String::new();
        for (name, value) in
            [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)]
        {
            if value.is_none() {
                message += &format!("Authorization header requires '{name}' parameter. ");
            }
        }
        if time.is_none() {
            message +=
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
        }
        return Err(Refusal::incomplete(format!("{message}Authorization={header}")));
    };
    Ok(Claim {
        algorithm: algorithm.into(),
        credential: credential.into(),
        signed_headers: signed_headers.into(),
        signature: signature.into(),
        time: time.into(),
        token: text(headers, "x-amz-security-token").map(Cow::from),
        expires: None,
    })
}

fn from_query(query: &str) -> Result<Claim<'_>, Refusal> {
    let find = |sought: &str| parameters(query).find(|(name, _)| name == sought).map(|(_, value)| value);
    let names = ["Algorithm", "Credential", "Signature", "SignedHeaders", "Date", "Expires"]
        .map(|name| format!("X-Amz-{name}"));
    let [Some(algorithm), Some(credential), Some(signature), Some(signed_headers), Some(time), Some(expires)] =
        names.each_ref().map(|name| find(name))
    else {
        let missing = names.iter().filter(|name| find(name).is_none());
        let missing = missing
            .map(|name| format!("AWS query-string parameters must include '{name}'. "))
            .collect::<String>();
        return Err(Refusal::incomplete(format!("{missing}Re-examine the query-string parameters.")));
    };
    let (expires, token) = (Some(expires), find("X-Amz-Security-Token"));
    Ok(Claim { algorithm, credential, signed_headers, signature, time, token, expires })
}

/// The region that a request's signature is for; `None` if it has none, or one that is no region's name.
pub(crate) fn scope(authorization: &str) -> Option<Scope<'_>> {
    let parameters = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
    let credential =
        parameters.split([',', ' ']).find_map(|parameter| parameter.strip_prefix("Credential="))?;
    // From the right: nothing forbids a slash in a key id.
    let mut parts = credential.rsplitn(5, '/');
    let (terminator, _service, region, _day) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let key_id = parts.next()?;
    (terminator == TERMINATOR && is_region(region) && !key_id.is_empty()).then_some(Scope { key_id, region })
}

/// What the credential scope of a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope<'a> {
    /// The access key id.
    pub(crate) key_id: &'a str,
    /// The region that the client was set up for.
    pub(crate) region: &'a str,
}

/// The parameters of a query, decoded.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|part| !part.is_empty()).map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        (decoded(name), decoded(value))
    })
}

/// A text with its percent-encoded bytes decoded; as it is if they are no text then.
pub(crate) fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let byte = after.first_chunk().filter(|_| *first == b'%').and_then(byte);
        bytes.push(byte.unwrap_or(*first));
        rest = after.get(if byte.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8(bytes).map_or_else(|_| text.into(), Cow::from)
}

/// The byte that two hex digits stand for.
fn byte(digits: &[u8; 2]) -> Option<u8> {
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    u8::try_from(high? << 4 | low?).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(authorization: &str, expected: Option<(&str, &str)>) {
        let expected = expected.map(|(key_id, region)| Scope { key_id, region });
        assert_eq!(scope(authorization), expected, "{authorization}");
    }

    #[test]
    fn the_scope_names_the_caller_and_the_region() {
        let tail = "SignedHeaders=host;x-amz-date, Signature=00";
        let boto = format!("AWS4-HMAC-SHA256 Credential=AKID/20261121/eu-west-1/states/aws4_request, {tail}");
        let dense = format!("AWS4-HMAC-SHA256 Credential=AKID/20261121/us-east-1/states/aws4_request,{tail}");
        let last = "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0, Credential=k/d/r-1/states/aws4_request";
        for (authorization, expected) in [
            (boto.as_str(), Some(("AKID", "eu-west-1"))),
            (dense.as_str(), Some(("AKID", "us-east-1"))),
            (last, Some(("k", "r-1"))),
            ("AWS4-HMAC-SHA256 Credential=a/b/20261121/local/states/aws4_request", Some(("a/b", "local"))),
            ("AWS4-HMAC-SHA256 Credential=AKID/20261121/us-east-1/states", None),
            ("AWS4-HMAC-SHA256 Credential=AKID/20261121/us-east-1/states/other", None),
            ("AWS4-HMAC-SHA256 Credential=/20261121/us-east-1/states/aws4_request", None),
            ("AWS4-HMAC-SHA256 Credential=AKID/20261121//states/aws4_request", None),
            ("AWS4-HMAC-SHA256 Credential=AKID/20261121/us:east/states/aws4_request", None),
            ("AWS4-HMAC-SHA256 Credential=", None),
            ("AWS4-HMAC-SHA256", None),
            ("Bearer Credential=AKID/20261121/us-east-1/states/aws4_request", None),
            ("", None),
        ] {
            check(authorization, expected);
        }
    }

    #[test]
    fn parameters_are_decoded() {
        for (text, expected) in [
            ("", ""),
            ("abc", "abc"),
            ("a%20b%2Fc", "a b/c"),
            ("%C3%A9", "\u{e9}"),
            ("%C3", "%C3"),
            ("100%", "100%"),
            ("%2", "%2"),
            ("%zz", "%zz"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(decoded(text), expected, "{text}");
        }
        let found: Vec<_> = parameters("a=1&b&&c=%3D").collect();
        let text = |(name, value): &(Cow<'_, str>, Cow<'_, str>)| format!("{name}:{value}");
        assert_eq!(found.iter().map(text).collect::<Vec<_>>(), ["a:1", "b:", "c:="]);
    }
}
