//! Lambda: functions called over HTTP, as AWS does it and as whatever stands in for it.
//!
//! Source of results, error names and causes: the service, recorded; where something was not, a
//! comment says so.

use std::time::Duration;

use bytes::Bytes;
use gradus_api::sigv4::{self, Credentials as Keys};
use gradus_core::asl::definition::Resource;
use gradus_core::json::{Object, Payload, Value};
use gradus_core::machine::{Call, Failure, Timestamp};
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::connect::{Connector, connector};
use super::sdk::{Refusal, metadata};

pub use gradus_api::sigv4::Credentials;

/// Where functions are called, and as whom.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The address of what is called; `None`: the region's own, over https.
    pub endpoint: Option<String>,
    /// The keys that calls are signed with; without them calls are not signed.
    pub credentials: Option<Credentials>,
}

impl Config {
    /// From the variables that the AWS tools know: `AWS_ENDPOINT_URL_LAMBDA`, else
    /// `AWS_ENDPOINT_URL`; `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Config {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let endpoint = set("AWS_ENDPOINT_URL_LAMBDA").or_else(|| set("AWS_ENDPOINT_URL"));
        let credentials = Credentials::from_variables(variable);
        Config { endpoint, credentials }
    }
}

/// Calls functions. Connections are kept and used again.
#[derive(Debug)]
pub struct Lambda {
    config: Config,
    client: Client<Connector, Full<Bytes>>,
}

/// How long an answer may take where the task has no time-out: a function runs for 15 minutes at
/// most, and the service says so a little later.
const ANSWER: Duration = Duration::from_secs(15 * 60 + 30);

/// How long a call goes on after its task has timed out: the task's own clock has to be first to say so.
const GRACE: Duration = Duration::from_secs(1);

/// The longest answer that is read: the most that a function may return is 6 MiB.
const MAX_ANSWER: usize = 8 << 20;

impl Lambda {
    /// Calls functions as configured.
    pub fn new(config: Config) -> Lambda {
        Lambda { config, client: Client::builder(TokioExecutor::new()).build(connector()) }
    }

    /// Makes a call, and gives the task's result or failure. `now` is the time of the call.
    pub async fn perform(&self, call: &Call, now: Timestamp) -> Result<Payload, Failure> {
        let invocation = Invocation::of(call);
        let patience = call.due.map_or(ANSWER, |due| Duration::from_millis(due.since(now).0) + GRACE);
        let answered = tokio::time::timeout(patience, self.send(&invocation)).await;
        let answer = answered.unwrap_or_else(|_| Err(unable("the answer took too long")))?;
        answer.result(matches!(call.resource, Resource::Lambda { .. }))
    }

    async fn send(&self, invocation: &Invocation<'_>) -> Result<Answer, Failure> {
        let request = self.request(invocation)?;
        let response = self.client.request(request).await.map_err(|error| unable(&reason(&error)))?;
        let (head, body) = response.into_parts();
        let read = Limited::new(body, MAX_ANSWER).collect().await;
        let body = read.map_err(|error| unable(&error.to_string()))?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    fn request(&self, invocation: &Invocation<'_>) -> Result<Request<Full<Bytes>>, Failure> {
        let region = invocation.region;
        let endpoint = match &self.config.endpoint {
            Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
            None => format!("https://lambda.{region}.{}", domain(region)),
        };
        let uri = format!("{endpoint}{}", invocation.target());
        let uri: Uri = uri.parse().map_err(|error| unable(&format!("{uri}: {error}")))?;
        let mut headers = invocation.headers();
        if let Some(credentials) = &self.config.credentials {
            let signed = signature(credentials, &uri, &headers, invocation);
            headers.extend(signed);
        }
        // As it was signed: the client would leave out the port of the scheme.
        let host = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
        let mut request = Request::new(Full::from(invocation.body.clone()));
        request.headers_mut().extend(host.map(|host| (HOST, host)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        for (name, value) in headers {
            let value = HeaderValue::try_from(value)
                .map_err(|_| unable(&format!("the header {name} would have a line break or the like")))?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(request)
    }
}

fn signature(
    keys: &Keys,
    uri: &Uri,
    headers: &[(&'static str, String)],
    invocation: &Invocation<'_>,
) -> Vec<(&'static str, String)> {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let request = sigv4::Request {
        method: "POST",
        host: uri.authority().map_or("", |authority| authority.as_str()),
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        headers,
        body: &invocation.body,
        service: "lambda",
        region: invocation.region,
        time: &time,
    };
    sigv4::sign(keys, &request)
}

/// The domain of a region's services.
fn domain(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// One call of a function, in the terms of Lambda.
#[derive(Debug, PartialEq)]
struct Invocation<'a> {
    /// Name, partial ARN or ARN.
    function: &'a str,
    qualifier: Option<&'a str>,
    region: &'a str,
    body: Bytes,
    kind: Option<&'a str>,
    log: Option<&'a str>,
    context: Option<&'a str>,
    /// Says that a call is the same as one before.
    key: String,
}

impl<'a> Invocation<'a> {
    fn of(call: &'a Call) -> Invocation<'a> {
        let own = region_of(&call.execution).unwrap_or_default();
        let key = format!("{}/{}/{}", call.execution, call.frame.0, call.task.0);
        let plain = Invocation {
            function: "",
            qualifier: None,
            region: own,
            body: Bytes::new(),
            kind: None,
            log: None,
            context: None,
            key,
        };
        if let Resource::Lambda { arn } = &call.resource {
            let body = Bytes::copy_from_slice(call.input.text().as_bytes());
            return Invocation { function: arn, region: region_of(arn).unwrap_or(own), body, ..plain };
        }
        let parameters = call.input.value();
        let text = |name| parameters.get(name).and_then(Value::as_str);
        let function = text("FunctionName").unwrap_or_default();
        Invocation {
            function,
            qualifier: text("Qualifier"),
            region: region_of(function).unwrap_or(own),
            body: body(parameters.get("Payload")),
            kind: text("InvocationType"),
            log: text("LogType"),
            context: text("ClientContext"),
            ..plain
        }
    }

    /// Path and query.
    fn target(&self) -> String {
        let function = sigv4::encode(self.function, "");
        let query = self.qualifier.map(|name| format!("?Qualifier={}", sigv4::encode(name, "")));
        format!("/2015-03-31/functions/{function}/invocations{}", query.unwrap_or_default())
    }

    fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![("idempotency-key", self.key.clone())];
        let optional = [
            ("x-amz-invocation-type", self.kind),
            ("x-amz-log-type", self.log),
            ("x-amz-client-context", self.context),
        ];
        headers.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))));
        headers
    }
}

/// `Payload`: a text is the body as it is, anything else is its JSON; none is an empty object.
fn body(payload: Option<&Value>) -> Bytes {
    match payload {
        None | Some(Value::Null) => Bytes::from_static(b"{}"),
        Some(Value::String(text)) => Bytes::copy_from_slice(text.as_bytes()),
        Some(value) => Bytes::from(value.to_string()),
    }
}

/// The region of an ARN.
fn region_of(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:")?.split(':').nth(2).filter(|region| !region.is_empty())
}

/// What Lambda answered.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The result or the failure of the task: what the function returned if it was called
    /// `directly`, else the service's whole answer.
    fn result(&self, directly: bool) -> Result<Payload, Failure> {
        let text = String::from_utf8_lossy(&self.body);
        if !self.status.is_success() {
            return Err(self.refusal(&text));
        }
        if self.headers.contains_key("x-amz-function-error") {
            return Err(function_failure(&text, directly));
        }
        if directly {
            return Ok(returned(&text));
        }
        Ok(Payload::from_value(self.whole(&text)))
    }

    fn whole(&self, text: &str) -> Value {
        let headers: Vec<(String, String)> = self.headers.iter().map(shown).collect();
        let (http, response) = metadata(self.status.as_u16(), &headers, self.header("x-amzn-requestid"));
        let mut whole = Object::with_capacity(6);
        for (member, header) in
            [("ExecutedVersion", "x-amz-executed-version"), ("LogResult", "x-amz-log-result")]
        {
            if self.headers.contains_key(header) {
                whole.insert(member, Value::from(self.header(header)));
            }
        }
        // An event that was only taken over has nothing to return.
        let payload = if text.is_empty() { Value::from("") } else { returned(text).value().clone() };
        whole.insert("Payload", payload);
        whole.insert("SdkHttpMetadata", http);
        whole.insert("SdkResponseMetadata", response);
        whole.insert("StatusCode", Value::from(i64::from(self.status.as_u16())));
        whole.into()
    }

    fn refusal(&self, text: &str) -> Failure {
        let said = Payload::parse(text).ok();
        let member = |name| said.as_ref().and_then(|said| said.value().get(name)).and_then(Value::as_str);
        // `ResourceNotFoundException:http://internal...` is sent by some front ends.
        let header = self.header("x-amzn-errortype").split(':').next().filter(|code| !code.is_empty());
        let code = header.or_else(|| member("__type").and_then(|name| name.rsplit('#').next()));
        let code = code.or_else(|| member("Code")).unwrap_or("Unknown");
        let message = member("Message").or_else(|| member("message"));
        Refusal {
            prefix: "Lambda",
            service: "AWSLambda",
            name: if MODELLED.contains(&code) { code } else { "AWSLambdaException" },
            code,
            message: message.unwrap_or("null"),
            status: self.status.as_u16(),
            request_id: self.header("x-amzn-requestid"),
        }
        .failure()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What a function returned, verbatim; what is no JSON, as a text.
fn returned(text: &str) -> Payload {
    Payload::parse(text).unwrap_or_else(|_| Payload::from_value(Value::from(text)))
}

/// A function that failed gives its type of error, and all it said as the cause: verbatim if it was
/// called `directly`, else printed compact.
fn function_failure(text: &str, directly: bool) -> Failure {
    let said = Payload::parse(text).ok();
    let error = said.as_ref().and_then(|said| Some((said, said.value().get("errorType")?.as_str()?)));
    match error {
        Some((_, error)) if directly => Failure::new(error, text),
        Some((said, error)) => Failure::new(error, said.value().to_string()),
        None => {
            let unknown = "The cause could not be determined because Lambda did not return an error type.";
            Failure::new("Lambda.Unknown", format!("{unknown} Returned payload: {text}"))
        }
    }
}

/// A call that was not made, or was not answered.
fn unable(reason: &str) -> Failure {
    Failure::new("Lambda.SdkClientException", format!("Unable to execute HTTP request: {reason}"))
}

/// The innermost reason of an error of the client: the outer ones say only that there is one.
fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// A header with its name as the service writes it: names come here in lower case.
fn shown((name, value): (&HeaderName, &HeaderValue)) -> (String, String) {
    const NAMES: [&str; 10] = [
        "Connection",
        "Content-Length",
        "Content-Type",
        "Date",
        "X-Amz-Executed-Version",
        "X-Amz-Function-Error",
        "X-Amz-Log-Result",
        "x-amzn-Remapped-Content-Length",
        "x-amzn-RequestId",
        "X-Amzn-Trace-Id",
    ];
    let known = NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name.as_str()));
    (known.unwrap_or(name.as_str()).to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The errors of Lambda's `Invoke` that its model names. Source: the API reference.
const MODELLED: [&str; 31] = [
    "EC2AccessDeniedException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
    "EFSIOException",
    "EFSMountConnectivityException",
    "EFSMountFailureException",
    "EFSMountTimeoutException",
    "ENILimitReachedException",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "InvalidRuntimeException",
    "InvalidSecurityGroupIDException",
    "InvalidSubnetIDException",
    "InvalidZipFileException",
    "KMSAccessDeniedException",
    "KMSDisabledException",
    "KMSInvalidStateException",
    "KMSNotFoundException",
    "RecursiveInvocationException",
    "RequestTooLargeException",
    "ResourceConflictException",
    "ResourceNotFoundException",
    "ResourceNotReadyException",
    "SerializedRequestEntityTooLargeException",
    "ServiceException",
    "SnapStartException",
    "SnapStartNotReadyException",
    "SnapStartTimeoutException",
    "SubnetIPAddressLimitReachedException",
    "TooManyRequestsException",
    "UnsupportedMediaTypeException",
];

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_core::asl::definition::Pattern;
    use gradus_core::machine::{EventId, FrameId};

    fn call(resource: Resource, input: &str) -> Call {
        Call {
            execution: "arn:aws:states:us-east-1:000000000000:execution:m:e".into(),
            frame: FrameId(1),
            task: EventId(3),
            resource,
            input: Payload::parse(input).unwrap(),
            due: None,
        }
    }

    fn service() -> Resource {
        let (service, action) = ("lambda".into(), "invoke".into());
        Resource::Service { service, action, pattern: Pattern::RequestResponse }
    }

    #[test]
    fn what_is_sent() {
        const ARN: &str = "arn:aws:lambda:eu-west-1:000000000000:function:f:live";
        let direct = Resource::Lambda { arn: ARN.into() };
        let encoded = "arn%3Aaws%3Alambda%3Aeu-west-1%3A000000000000%3Afunction%3Af%3Alive";
        // Resource, input, target, region, body, headers besides the key.
        type Case<'a> = (Resource, &'a str, &'a str, &'a str, &'a str, &'a [&'a str]);
        let cases: [Case<'_>; 5] = [
            (direct, "{ \"a\": 1.0 }", encoded, "eu-west-1", "{ \"a\": 1.0 }", &[]),
            (
                service(),
                r#"{"FunctionName":"f","Payload":{"a": 1.0}}"#,
                "f",
                "us-east-1",
                r#"{"a":1.0}"#,
                &[],
            ),
            (service(), r#"{"FunctionName":"f","Payload":"0.0"}"#, "f", "us-east-1", "0.0", &[]),
            (
                service(),
                r#"{"FunctionName":"f","Payload":null,"LogType":"Tail"}"#,
                "f",
                "us-east-1",
                "{}",
                &["x-amz-log-type: Tail"],
            ),
            (
                service(),
                r#"{"FunctionName":"f","Qualifier":"2","InvocationType":"Event"}"#,
                "f",
                "us-east-1",
                "{}",
                &["x-amz-invocation-type: Event"],
            ),
        ];
        for (resource, input, function, region, body, headers) in cases {
            let call = call(resource, input);
            let invocation = Invocation::of(&call);
            let query = if invocation.qualifier.is_some() { "?Qualifier=2" } else { "" };
            assert_eq!(invocation.target(), format!("/2015-03-31/functions/{function}/invocations{query}"));
            assert_eq!((invocation.region, &invocation.body[..]), (region, body.as_bytes()), "{input}");
            let mut sent: Vec<_> =
                invocation.headers().iter().map(|(name, value)| format!("{name}: {value}")).collect();
            assert_eq!(
                sent.remove(0),
                "idempotency-key: arn:aws:states:us-east-1:000000000000:execution:m:e/1/3"
            );
            assert_eq!(sent, headers, "{input}");
        }
    }

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers: headers.collect(), body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn what_a_function_returns() {
        let check = |body: &str, expected: &str| {
            assert_eq!(answer(200, &[], body).result(true).unwrap().text(), expected);
        };
        check("\"HelloWorld!\"", "\"HelloWorld!\"");
        check("{ \"a\": 1.0 }", "{ \"a\": 1.0 }");
        check("null", "null");
        check("not JSON", "\"not JSON\"");
    }

    #[test]
    fn the_whole_answer() {
        let headers = [
            ("date", "today"),
            ("content-type", "application/json"),
            ("x-amzn-requestid", "r"),
            ("x-amz-executed-version", "$LATEST"),
        ];
        let whole = answer(200, &headers, "[1, 2]").result(false).unwrap();
        let expected = r#"{"ExecutedVersion":"$LATEST","Payload":[1,2],"SdkHttpMetadata":{"AllHttpHeaders":{"X-Amz-Executed-Version":["$LATEST"],"x-amzn-RequestId":["r"],"Date":["today"],"Content-Type":["application/json"]},"HttpHeaders":{"Content-Type":"application/json","Date":"today","X-Amz-Executed-Version":"$LATEST","x-amzn-RequestId":"r"},"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"r"},"StatusCode":200}"#;
        assert_eq!(whole.text(), expected);
    }

    #[test]
    fn failures() {
        const FAILED: &[(&str, &str)] = &[("x-amz-function-error", "Unhandled")];
        let refused = |kind: &'static str| [("x-amzn-errortype", kind), ("x-amzn-requestid", "r")];
        let cause = |message: &str, status: u16, code: &str| {
            format!(
                "{message} (Service: AWSLambda; Status Code: {status}; Error Code: {code}; Request ID: r; Proxy: null)"
            )
        };
        let custom = r#"{"errorMessage":"no","errorType":"Custom"}"#;
        let spaced = r#"{"errorMessage": "no", "errorType": "Custom"}"#;
        let timeout = r#"{"errorMessage":"Task timed out after 3.00 seconds"}"#;
        let unknown = format!(
            "The cause could not be determined because Lambda did not return an error type. Returned payload: {timeout}"
        );
        let cases = [
            (answer(200, FAILED, custom), "Custom", custom.to_owned()),
            (answer(200, FAILED, spaced), "Custom", spaced.to_owned()),
            (answer(200, FAILED, timeout), "Lambda.Unknown", unknown),
            (
                answer(
                    404,
                    &refused("ResourceNotFoundException"),
                    r#"{"Type":"User","Message":"Function not found: f"}"#,
                ),
                "Lambda.ResourceNotFoundException",
                cause("Function not found: f", 404, "ResourceNotFoundException"),
            ),
            (
                answer(
                    429,
                    &refused("TooManyRequestsException"),
                    r#"{"Reason":"x","message":"Rate Exceeded."}"#,
                ),
                "Lambda.TooManyRequestsException",
                cause("Rate Exceeded.", 429, "TooManyRequestsException"),
            ),
            (
                answer(403, &refused("AccessDeniedException:http://x"), r#"{"Message":"no"}"#),
                "Lambda.AWSLambdaException",
                cause("no", 403, "AccessDeniedException"),
            ),
            (answer(502, &refused(""), "<html>"), "Lambda.AWSLambdaException", cause("null", 502, "Unknown")),
        ];
        for (answer, error, cause) in cases {
            assert_eq!(answer.result(true), Err(Failure::new(error, cause.as_str())));
            let cause = if cause == spaced { custom } else { &cause };
            assert_eq!(answer.result(false), Err(Failure::new(error, cause)));
        }
    }

    #[test]
    fn variables() {
        let config = |set: &[(&str, &str)]| {
            Config::from_variables(|name| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let endpoint = |set| config(set).endpoint;
        assert_eq!(endpoint(&[]), None);
        assert_eq!(endpoint(&[("AWS_ENDPOINT_URL", "http://a")]).as_deref(), Some("http://a"));
        let both = [("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_LAMBDA", "http://b")];
        assert_eq!(endpoint(&both).as_deref(), Some("http://b"));
        let empty = [("AWS_ENDPOINT_URL", "http://a"), ("AWS_ENDPOINT_URL_LAMBDA", "")];
        assert_eq!(endpoint(&empty).as_deref(), Some("http://a"));
        assert_eq!(config(&[("AWS_ACCESS_KEY_ID", "a")]).credentials, None);
        let keys = config(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "hidden")]).credentials;
        assert_eq!(keys.as_ref().map(|keys| &*keys.access_key_id), Some("a"));
        assert!(!format!("{keys:?}").contains("hidden"));
    }
}
