//! The AWS Query protocol, as far as tools speak it before they come to Step Functions: who am I?
//!
//! Terraform and others ask STS for the caller's identity before anything else, and with
//! `AWS_ENDPOINT_URL` set they ask here. That one operation is answered; every other one is unknown, in this
//! protocol's own words.

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};

use crate::access::claim::parameters;
use crate::access::verify::{Reason, Refusal, Signed};
use crate::access::{Access, Identity};
use crate::listen::Answer;

const FORM: &str = "application/x-www-form-urlencoded";
const XML: HeaderValue = HeaderValue::from_static("text/xml");
/// The service whose operation is answered, as scopes name it.
const SIGNING_NAME: &str = "sts";
const VERSION: &str = "2011-06-15";
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Whether a request is of this protocol: a form, or a link with an action in it.
pub(crate) fn is_query(head: &Parts) -> bool {
    if head.method == Method::GET {
        return parameters(head.uri.query().unwrap_or_default()).any(|(name, _)| name == "Action");
    }
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| {
        content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM)
    })
}

/// The answer to a request of this protocol; `id` is the request's.
pub(crate) fn answer(access: &Access, request: &Signed<'_>, id: &str) -> Answer {
    let form = std::str::from_utf8(request.body).unwrap_or_default();
    let text = if request.method == "GET" { request.query } else { form };
    let find = |sought: &str| parameters(text).find(|(name, _)| name == sought).map(|(_, value)| value);
    let (action, version) = (find("Action").unwrap_or_default(), find("Version").unwrap_or_default());
    if action != "GetCallerIdentity" || version != VERSION {
        let message = format!("Could not find operation {action} for version {version}");
        return refused(StatusCode::BAD_REQUEST, "InvalidAction", &message, id);
    }
    match access.identify(request, SIGNING_NAME) {
        Ok(identity) => caller_identity(&identity, id),
        Err(Refusal { reason, message }) => {
            let (status, code) = code(reason);
            refused(status, code, &message, id)
        }
    }
}

fn caller_identity(identity: &Identity, id: &str) -> Answer {
    let [arn, user_id, account] =
        [&identity.principal, &identity.user_id, &identity.account].map(|s| escape(s));
    xml(
        StatusCode::OK,
        format!(
            "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\">\n  <GetCallerIdentityResult>\n    \
             <Arn>{arn}</Arn>\n    <UserId>{user_id}</UserId>\n    <Account>{account}</Account>\n  \
             </GetCallerIdentityResult>\n  <ResponseMetadata>\n    <RequestId>{id}</RequestId>\n  \
             </ResponseMetadata>\n</GetCallerIdentityResponse>\n"
        ),
    )
}

fn refused(status: StatusCode, code: &str, message: &str, id: &str) -> Answer {
    let message = escape(message);
    xml(
        status,
        format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\">\n  <Error>\n    <Type>Sender</Type>\n    \
             <Code>{code}</Code>\n    <Message>{message}</Message>\n  </Error>\n  \
             <RequestId>{id}</RequestId>\n</ErrorResponse>\n"
        ),
    )
}

/// What a bad signature is called here. Source: the guide, "Common errors".
fn code(reason: Reason) -> (StatusCode, &'static str) {
    match reason {
        Reason::Missing => (StatusCode::FORBIDDEN, "MissingAuthenticationToken"),
        Reason::Incomplete => (StatusCode::BAD_REQUEST, "IncompleteSignature"),
        Reason::Invalid => (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"),
        Reason::Unrecognized => (StatusCode::FORBIDDEN, "InvalidClientTokenId"),
        Reason::Expired => (StatusCode::FORBIDDEN, "ExpiredToken"),
    }
}

fn xml(status: StatusCode, body: String) -> Answer {
    let mut answer = Answer::new(body.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, XML);
    answer
}

/// Text as XML has it between tags. What XML cannot have at all is left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\u{fffe}' | '\u{ffff}' => {}
            control if control.is_control() && !"\t\n\r".contains(control) => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gradus_api::sigv4::{self, Credentials, Request};
    use http_body_util::BodyExt;
    use serde_json::json;

    use super::*;
    use crate::access::Current;
    use crate::access::keys::Keys;

    const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";

    fn access(keys: bool) -> Access {
        let list = json!({ "keys": [
            { "accessKeyId": "AK", "secretAccessKey": "s", "account": "123456789012",
              "principal": "arn:aws:iam::123456789012:user/a&b", "userId": "AIDA" },
            { "accessKeyId": "AS", "secretAccessKey": "s", "account": "123456789012",
              "sessionToken": "t", "expires": "2026-01-01T00:00:00Z" },
        ] });
        let keys = keys.then(|| Arc::new(Current::new(Keys::from_json(&list).unwrap())));
        Access::new("us-east-1", "000000000000", keys)
    }

    async fn ask(
        access: &Access,
        signer: Option<(&str, Option<&str>)>,
        service: &str,
        body: &str,
    ) -> (u16, String) {
        let mut request = http::Request::builder().method("POST").uri("/").header("host", "h");
        if let Some((id, token)) = signer {
            let credentials = Credentials {
                access_key_id: id.to_owned(),
                secret_access_key: "s".to_owned(),
                session_token: token.map(str::to_owned),
            };
            let time = gradus_core::machine::timestamp::to_iso(crate::access::now());
            let time = format!("{}Z", time.split('.').next().unwrap().replace(['-', ':'], ""));
            let signed = Request {
                method: "POST",
                host: "h",
                path: "/",
                query: "",
                headers: &[],
                body: body.as_bytes(),
                service,
                region: "us-east-1",
                time: &time,
            };
            for (name, value) in sigv4::sign(&credentials, &signed) {
                request = request.header(name, value);
            }
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let signed =
            Signed { method: "POST", path: "/", query: "", headers: &head.headers, body: body.as_bytes() };
        let (head, body) = answer(access, &signed, "ID").into_parts();
        assert_eq!(head.headers["content-type"], "text/xml");
        let body = body.collect().await.unwrap().to_bytes();
        // As it reads without the lines.
        let text = String::from_utf8(body.to_vec()).unwrap();
        (head.status.as_u16(), text.lines().map(str::trim).collect())
    }

    fn identity(arn: &str, user_id: &str, account: &str) -> String {
        format!(
            "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult><Arn>{arn}</Arn>\
             <UserId>{user_id}</UserId><Account>{account}</Account></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
        )
    }

    #[tokio::test]
    async fn who_calls_is_told() {
        let root = identity("arn:aws:iam::000000000000:root", "000000000000", "000000000000");
        let user = identity("arn:aws:iam::123456789012:user/a&amp;b", "AIDA", "123456789012");
        for (keys, signer, expected) in [
            (false, None, root.clone()),
            (false, Some(("any", Some("token"))), root),
            (true, Some(("AK", None)), user),
        ] {
            assert_eq!(ask(&access(keys), signer, "sts", WHO).await, (200, expected));
        }
    }

    #[tokio::test]
    async fn others_are_refused() {
        for (signer, service, body, status, code) in [
            (None, "sts", WHO, 403, "MissingAuthenticationToken"),
            (Some(("AX", None)), "sts", WHO, 403, "InvalidClientTokenId"),
            (Some(("AK", None)), "states", WHO, 403, "SignatureDoesNotMatch"),
            (Some(("AS", Some("t"))), "sts", WHO, 403, "ExpiredToken"),
            (Some(("AK", None)), "sts", "Action=GetCallerIdentity&Version=2010-05-08", 400, "InvalidAction"),
            (Some(("AK", None)), "iam", "Action=%3CGetUser%3E&Version=2010-05-08", 400, "InvalidAction"),
            (None, "sts", "", 400, "InvalidAction"),
        ] {
            let (found, text) = ask(&access(true), signer, service, body).await;
            assert_eq!(found, status, "{text}");
            assert!(text.contains(&format!("<Type>Sender</Type><Code>{code}</Code><Message>")), "{text}");
            assert!(text.ends_with("</Error><RequestId>ID</RequestId></ErrorResponse>"), "{text}");
        }
        let (_, text) = ask(&access(true), None, "iam", "Action=%3CGetUser%3E&Version=2010-05-08").await;
        assert!(text.contains("Could not find operation &lt;GetUser&gt; for version 2010-05-08"), "{text}");
    }

    #[test]
    fn what_is_of_this_protocol() {
        let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        for (method, target, headers, expected) in [
            ("POST", "/", &form[..], true),
            ("POST", "/", &[("content-type", "application/json")], false),
            ("POST", "/?Action=x", &[], false),
            ("GET", "/?Version=1&Action=x", &[], true),
            ("GET", "/?Actions=x", &[], false),
            ("GET", "/", &form, false),
        ] {
            let mut request = http::Request::builder().method(method).uri(target);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(is_query(&head), expected, "{method} {target} {headers:?}");
        }
    }

    #[test]
    fn xml_is_escaped() {
        assert_eq!(escape("a<b>&\"'\u{0}\u{ffff}\u{e9}\n"), "a&lt;b&gt;&amp;\"'\u{e9}\n");
    }
}
