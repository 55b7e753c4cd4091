//! The `Authorization` header of Signature Version 4, as far as it says who calls and for which
//! region. Nothing here verifies a signature.

/// What the credential scope of a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scope<'a> {
    /// The access key id.
    pub(crate) key_id: &'a str,
    /// The region that the client was set up for.
    pub(crate) region: &'a str,
}

/// The scope in `Credential=KEY/DATE/REGION/SERVICE/aws4_request`; `None` if the header has no
/// such thing. The region becomes part of ARNs, so it has to look like one.
pub(crate) fn scope(authorization: &str) -> Option<Scope<'_>> {
    let parameters = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
    let credential =
        parameters.split([',', ' ']).find_map(|parameter| parameter.strip_prefix("Credential="))?;
    // From the right: nothing forbids a slash in a key id.
    let mut parts = credential.rsplitn(5, '/');
    let (terminator, _service, region, _date) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let key_id = parts.next()?;
    (terminator == "aws4_request" && is_region(region) && !key_id.is_empty())
        .then_some(Scope { key_id, region })
}

/// Whether a name can be a region's: what may stand between two colons of an ARN.
pub(crate) fn is_region(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 32 && name.bytes().all(allowed)
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
    fn regions_fit_into_arns() {
        let longest = "a".repeat(32);
        let too_long = "a".repeat(33);
        for (name, expected) in [
            ("us-east-1", true),
            ("local", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("US-EAST-1", false),
            ("us east", false),
            ("us:east", false),
            ("\u{e9}", false),
        ] {
            assert_eq!(is_region(name), expected, "{name}");
        }
    }
}
