//! The front end of AWS JSON 1.0: from a request to an operation's name and body, and back.
//!
//! What is decided here: is it a call at all, which operation, for which region and caller, and
//! what the headers of the answer are. Bodies are read and written by the generated `dispatch`.
//! This module must not know what an operation does, nor how bytes come and go.
//!
//! Order of checks: the form of the request, syntax of the body, operation, signature, then what
//! `dispatch` checks (types of members, constraints). Source: recorded from other services with this protocol.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use gradus_api::http::{Fault, RequestContext};
use gradus_api::server::{OPERATIONS, SIGNING_NAME, StepFunctions, dispatch};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, HOST, ORIGIN,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::access::verify::{self, Signed};
use crate::access::{Access, Identity};
use crate::body::Refusal;
use crate::listen::{Answer, Handler};
use crate::query;

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const AWS_JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const XML: HeaderValue = HeaderValue::from_static("application/xml");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain");
const ANY: HeaderValue = HeaderValue::from_static("*");
/// What scripts of a browser may read of an answer.
const EXPOSED: HeaderValue = HeaderValue::from_static("x-amzn-RequestId, Date");
/// How long a browser may remember what it is allowed, in seconds.
/// Source: recorded from other services with this protocol.
const TWO_DAYS: HeaderValue = HeaderValue::from_static("172800");

/// In front of the operation in `X-Amz-Target`.
const PREFIX: &str = "AWSStepFunctions.";
/// Content types of a call, without parameters. SDKs send the first.
const CONTENT_TYPES: [&str; 3] =
    ["application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/json"];
/// The namespace of the front end's own errors.
const FRONT_END: &str = "com.amazon.coral.service#";

/// What carries out operations by their names.
pub(crate) trait Operations: Send + Sync + 'static {
    /// The output of an operation as JSON text, or why there is none.
    fn call(
        &self,
        context: &RequestContext,
        operation: &str,
        body: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, Fault>> + Send;

    /// Whether there is an operation of this name.
    fn knows(&self, operation: &str) -> bool;
}

impl<S: StepFunctions> Operations for S {
    fn knows(&self, operation: &str) -> bool {
        OPERATIONS.contains(&operation)
    }

    fn call(
        &self,
        context: &RequestContext,
        operation: &str,
        body: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, Fault>> + Send {
        dispatch(self, context, operation, body)
    }
}

/// The front end of a service.
#[derive(Debug)]
pub(crate) struct FrontEnd<S> {
    service: S,
    access: Access,
    /// The pages whose scripts may call, by their origin; `*` for all. Without it, none: whoever can
    /// reach a loopback server without a signature includes every page that its user visits.
    allow_origin: Option<HeaderValue>,
}

impl<S: Operations> FrontEnd<S> {
    /// Puts `service` on the wire.
    pub(crate) fn new(service: S, access: Access, allow_origin: Option<HeaderValue>) -> FrontEnd<S> {
        FrontEnd { service, access, allow_origin }
    }

    /// The answer to a call of an operation.
    async fn call(&self, id: &str, head: Parts, body: Result<Bytes, Refusal>) -> Answer {
        let body = match body {
            Ok(body) => body,
            Err(refusal) => return faulty(id, "", &refused(refusal)),
        };
        // A header's value is shared by its clones.
        let target = head.headers.get(TARGET).cloned();
        let target = target.as_ref().and_then(|target| target.to_str().ok()).unwrap_or_default();
        let operation = target.strip_prefix(PREFIX).unwrap_or_default();
        let identity = match self.access.identify(&signed(&head, &body), SIGNING_NAME) {
            Ok(identity) => identity,
            Err(refusal) => return faulty(id, target, &self.closed(operation, &body, refusal)),
        };
        let context = context(id, identity, head.headers);
        match caught(self.service.call(&context, operation, &body)).await {
            Ok(Ok(output)) => answer(StatusCode::OK, AWS_JSON, output),
            Ok(Err(fault)) if fault == Fault::unknown_operation() && !is_json(&body) => {
                faulty(id, target, &Fault::serialization(None))
            }
            Ok(Err(fault)) => faulty(id, target, &fault),
            Err(Panicked(reason)) => {
                tracing::error!(request = id, operation, reason, "an operation panicked");
                answer(StatusCode::INTERNAL_SERVER_ERROR, AWS_JSON, Fault::internal(None).to_body())
            }
        }
    }

    /// Why a request with a bad signature is refused: what is no call of an operation is told first.
    fn closed(&self, operation: &str, body: &[u8], refusal: verify::Refusal) -> Fault {
        if !is_json(body) {
            return Fault::serialization(None);
        }
        if !self.service.knows(operation) {
            return Fault::unknown_operation();
        }
        Fault::new(format!("{FRONT_END}{}", refusal.reason.name()), Some(refusal.message))
    }
}

fn context(id: &str, identity: Identity, headers: HeaderMap) -> RequestContext {
    let caller = identity.caller();
    let Identity { region, account, .. } = identity;
    RequestContext { request_id: id.to_owned(), region, account, caller, headers }
}

/// A request, as far as its signature is concerned.
fn signed<'a>(head: &'a Parts, body: &'a [u8]) -> Signed<'a> {
    Signed {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body,
    }
}

impl<S: Operations> Handler for FrontEnd<S> {
    async fn handle(&self, head: Parts, body: Result<Bytes, Refusal>) -> Answer {
        let mut text = Uuid::encode_buffer();
        let id: &str = Uuid::new_v4().hyphenated().encode_lower(&mut text);
        let allowed = self.allow_origin.as_ref();
        let allowed = allowed.filter(|allowed| {
            head.headers.get(ORIGIN).is_some_and(|origin| *allowed == ANY || *allowed == origin)
        });
        let mut answer = match (&head.method, head.uri.path()) {
            (&Method::POST, "/") if is_call(&head.headers) => self.call(id, head, body).await,
            (&Method::POST | &Method::GET, "/") if query::is_query(&head) => match &body {
                Ok(body) => query::answer(&self.access, &signed(&head, body), id),
                Err(refusal) => faulty(id, "", &refused(*refusal)),
            },
            (&Method::GET | &Method::HEAD, "/" | "/health") => healthy(&head.headers),
            (&Method::OPTIONS, _) if allowed.is_some() => preflight(&head.headers),
            _ => not_found(),
        };
        // A UUID is always a header's value.
        if let Ok(id) = HeaderValue::from_str(id) {
            answer.headers_mut().insert(REQUEST_ID, id);
        }
        if let Some(allowed) = allowed {
            answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed.clone());
            answer.headers_mut().insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        answer
    }
}

/// Whether the body is said to be of this protocol.
fn is_call(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let essence = content_type.split_once(';').map_or(content_type, |(essence, _)| essence).trim();
    CONTENT_TYPES.iter().any(|known| essence.eq_ignore_ascii_case(known))
}

/// Whether `body` is an object of JSON. Asked only where the operation is unknown.
fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(body).is_ok_and(|value| value.get().starts_with('{'))
}

/// Clients act on the name alone; 413 and 408 tell proxies the same.
fn refused(refusal: Refusal) -> Fault {
    let (status, name) = match refusal {
        Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException"),
        // SDKs try again after an error of this name.
        Refusal::TooSlow | Refusal::Gone => (StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException"),
    };
    Fault { status: status.as_u16(), ..Fault::new(format!("{FRONT_END}{name}"), None) }
}

/// The answer that tells of `fault`. A failure of the service itself goes to the log as well.
fn faulty(id: &str, target: &str, fault: &Fault) -> Answer {
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if status.is_server_error() {
        tracing::error!(request = id, target, %fault, "an operation failed");
    }
    answer(status, AWS_JSON, fault.to_body())
}

/// What is no call of this protocol. Source: recorded from another service with this protocol.
fn not_found() -> Answer {
    answer(StatusCode::NOT_FOUND, XML, "<UnknownOperationException/>\n")
}

/// For load balancers and people. Source: recorded from another service with this protocol.
fn healthy(headers: &HeaderMap) -> Answer {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    answer(StatusCode::OK, TEXT, format!("healthy: {host} "))
}

/// Allows a page of an allowed origin what it asks for.
fn preflight(asked: &HeaderMap) -> Answer {
    let mut answer = Answer::default();
    let headers = answer.headers_mut();
    for (question, reply) in [
        (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
        (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
    ] {
        if let Some(value) = asked.get(question) {
            headers.insert(reply, value.clone());
        }
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, TWO_DAYS);
    answer
}

fn answer(status: StatusCode, content_type: HeaderValue, body: impl Into<Bytes>) -> Answer {
    let mut answer = Answer::new(body.into().into());
    *answer.status_mut() = status;
    // Room for what every answer carries; hyper adds the length and the date.
    answer.headers_mut().reserve(4);
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

/// What a panic said.
#[derive(Debug, PartialEq, Eq)]
struct Panicked(String);

/// The output of `future`, or its panic: a fault in one request must not end others.
async fn caught<F: Future>(future: F) -> Result<F::Output, Panicked> {
    let mut future = pin!(future);
    // Unwind safety: after a panic the future is dropped without another poll, and what it shares
    // with other requests is locks (poisoned then) and channels (closed then).
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Ok),
        Err(payload) => Poll::Ready(Err(Panicked(reason(&*payload)))),
    })
    .await
}

/// The message of a panic, whether it was formatted or not.
fn reason(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::Request;
    use http_body_util::BodyExt;

    use super::*;
    use crate::access::Current;
    use crate::access::keys::Keys;

    /// Knows two operations: one tells its context, one panics.
    struct Echo;

    impl Operations for Echo {
        async fn call(
            &self,
            context: &RequestContext,
            operation: &str,
            body: &[u8],
        ) -> Result<Vec<u8>, Fault> {
            let caller =
                context.caller.as_ref().map(|caller| format!("{} {}", caller.access_key_id, caller.arn));
            match operation {
                "Echo" => {
                    Ok([format!("{} {} {caller:?} ", context.region, context.account).as_bytes(), body]
                        .concat())
                }
                "Panic" => panic!("out of order"),
                _ => Err(Fault::unknown_operation()),
            }
        }

        fn knows(&self, operation: &str) -> bool {
            matches!(operation, "Echo" | "Panic")
        }
    }

    type Head = http::response::Parts;

    const CALL: (&str, &str) = ("content-type", "application/x-amz-json-1.0");
    const ECHO: (&str, &str) = ("x-amz-target", "AWSStepFunctions.Echo");
    const UNKNOWN: &str = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;
    const UNREADABLE: &str = r#"{"__type":"com.amazon.coral.service#SerializationException"}"#;

    async fn ask(
        line: &str,
        headers: &[(&str, &str)],
        body: Result<&'static str, Refusal>,
    ) -> (Head, String) {
        ask_with(None, line, headers, body).await
    }

    /// Asks a server that lets these keys in.
    async fn ask_with(
        keys: Option<Keys>,
        line: &str,
        headers: &[(&str, &str)],
        body: Result<&'static str, Refusal>,
    ) -> (Head, String) {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        let allow_origin = Some(HeaderValue::from_static("http://app"));
        let keys = keys.map(|keys| Arc::new(Current::new(keys)));
        let access = Access::new("us-east-1", "000000000000", keys);
        let front_end = FrontEnd::new(Echo, access, allow_origin);
        let (head, body) = front_end.handle(head, body.map(Bytes::from)).await.into_parts();
        (head, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }

    fn header<'a>(head: &'a Head, name: &str) -> Option<&'a str> {
        head.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn what_is_a_call_and_what_is_not() {
        let to = |target| [CALL, ("x-amz-target", target)];
        let typed = |content_type| [("content-type", content_type), ECHO];
        let xml = "<UnknownOperationException/>\n";
        let echo = "us-east-1 000000000000 None {}";
        for (line, headers, body, status, expected) in [
            ("POST /", &[CALL, ECHO][..], "{}", 200, echo),
            ("POST /", &typed("application/x-amz-json-1.1"), "{}", 200, echo),
            ("POST /", &typed("Application/JSON; charset=utf-8"), "{}", 200, echo),
            ("POST /", &typed("text/plain"), "{}", 404, xml),
            ("POST /", &[ECHO], "{}", 404, xml),
            ("POST /path", &[CALL, ECHO], "{}", 404, xml),
            ("PUT /", &[CALL, ECHO], "{}", 404, xml),
            ("OPTIONS /", &[], "", 404, xml),
            ("GET /other", &[], "", 404, xml),
            ("GET /", &[("host", "sync-localhost:1")], "", 200, "healthy: sync-localhost:1 "),
            ("GET /health", &[("host", "h")], "", 200, "healthy: h "),
            ("POST /", &[CALL], "{}", 400, UNKNOWN),
            ("POST /", &to("AWSStepFunctions.Other"), "{}", 400, UNKNOWN),
            ("POST /", &to("Other.Echo"), "{}", 400, UNKNOWN),
            ("POST /", &to("Echo"), "{}", 400, UNKNOWN),
            ("POST /", &to("AWSStepFunctions.Other"), "{", 400, UNREADABLE),
            ("POST /", &to("AWSStepFunctions.Other"), "[]", 400, UNREADABLE),
            ("POST /", &to("AWSStepFunctions.Other"), "", 400, UNREADABLE),
        ] {
            let (head, text) = ask(line, headers, Ok(body)).await;
            assert_eq!(
                (head.status.as_u16(), text.as_str()),
                (status, expected),
                "{line} {headers:?} {body}"
            );
            assert_eq!(header(&head, "x-amzn-requestid").map(str::len), Some(36), "{line}");
            assert_eq!(header(&head, "access-control-allow-origin"), None, "{line}");
        }
    }

    #[tokio::test]
    async fn the_signature_names_region_and_caller() {
        let scope =
            "AWS4-HMAC-SHA256 Credential=AK/20261122/eu-west-1/states/aws4_request, SignedHeaders=host";
        let caller = "Some(\"AK arn:aws:iam::000000000000:root\")";
        for (authorization, expected) in [
            (scope, format!("eu-west-1 000000000000 {caller} {{}}")),
            ("Bearer x", "us-east-1 000000000000 None {}".to_owned()),
        ] {
            let (_, text) = ask("POST /", &[CALL, ECHO, ("authorization", authorization)], Ok("{}")).await;
            assert_eq!(text, expected);
        }
    }

    #[tokio::test]
    async fn the_door_is_behind_the_form() {
        let keys = || {
            let key =
                serde_json::json!({ "accessKeyId": "AK", "secretAccessKey": "s", "account": "123456789012" });
            Some(Keys::from_json(&serde_json::json!({ "keys": [key] })).unwrap())
        };
        let missing =
            "MissingAuthenticationTokenException\",\"message\":\"Request is missing Authentication Token\"}";
        for (target, body, expected) in [
            ("AWSStepFunctions.Echo", "{}", missing),
            ("AWSStepFunctions.Echo", "{", "SerializationException\"}"),
            ("AWSStepFunctions.Other", "{}", "UnknownOperationException\"}"),
            ("AWSStepFunctions.Other", "[]", "SerializationException\"}"),
        ] {
            let (head, text) = ask_with(keys(), "POST /", &[CALL, ("x-amz-target", target)], Ok(body)).await;
            assert_eq!(head.status.as_u16(), 400);
            assert_eq!(text, format!("{{\"__type\":\"com.amazon.coral.service#{expected}"));
        }
        let (head, _) = ask_with(keys(), "GET /health", &[("host", "h")], Ok("")).await;
        assert_eq!(head.status.as_u16(), 200);
    }

    #[tokio::test]
    async fn bodies_that_did_not_arrive_are_refused() {
        for (refusal, status, name) in [
            (Refusal::TooLarge, 413, "RequestEntityTooLargeException"),
            (Refusal::TooSlow, 408, "RequestTimeoutException"),
        ] {
            let (head, text) = ask("POST /", &[CALL, ECHO], Err(refusal)).await;
            assert_eq!(head.status.as_u16(), status);
            assert_eq!(text, format!(r#"{{"__type":"com.amazon.coral.service#{name}"}}"#));
        }
    }

    #[tokio::test]
    async fn a_panic_is_one_failed_request() {
        let (head, text) = ask("POST /", &[CALL, ("x-amz-target", "AWSStepFunctions.Panic")], Ok("{}")).await;
        assert_eq!(head.status.as_u16(), 500);
        assert_eq!(text, r#"{"__type":"com.amazon.coral.service#InternalFailure"}"#);
        assert_eq!(header(&head, "content-type"), Some("application/x-amz-json-1.0"));
    }

    #[tokio::test]
    async fn browsers_are_told_what_they_may() {
        let asked = [
            ("origin", "http://app"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "x-amz-target,content-type"),
        ];
        let (head, text) = ask("OPTIONS /", &asked, Ok("")).await;
        assert_eq!((head.status.as_u16(), text.as_str()), (200, ""));
        for (name, value) in [
            ("access-control-allow-origin", "http://app"),
            ("access-control-allow-methods", "POST"),
            ("access-control-allow-headers", "x-amz-target,content-type"),
            ("access-control-max-age", "172800"),
        ] {
            assert_eq!(header(&head, name), Some(value), "{name}");
        }
        let (head, _) = ask("POST /", &[CALL, ECHO, ("origin", "http://app")], Ok("{}")).await;
        assert_eq!(header(&head, "access-control-allow-origin"), Some("http://app"));
        assert_eq!(header(&head, "access-control-expose-headers"), Some("x-amzn-RequestId, Date"));
        let (head, _) = ask("OPTIONS /", &[("origin", "http://elsewhere")], Ok("")).await;
        assert_eq!(head.status.as_u16(), 404);
        assert_eq!(header(&head, "access-control-allow-origin"), None);
    }
}
