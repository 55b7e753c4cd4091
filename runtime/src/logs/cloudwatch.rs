//! Logs at CloudWatch Logs: streams, batches within their limits, and whether a log group exists.
//!
//! Source of names and limits: the API reference of CloudWatch Logs; names of streams are recorded.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use gradus_api::sigv4::{self, Credentials};
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::line::Line;
use crate::store::logging::Logging;
use crate::tasks::connect::{Connector, connector};

/// Where CloudWatch Logs is called, and as whom.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its address.
    pub endpoint: String,
    /// The keys that calls are signed with; without them calls are not signed.
    pub credentials: Option<Credentials>,
}

impl Config {
    /// From the variables that the AWS tools know: `AWS_ENDPOINT_URL_CLOUDWATCH_LOGS`, else
    /// `AWS_ENDPOINT_URL`, and the keys. `None` if no endpoint is set.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Option<Config> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let endpoint = set("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS").or_else(|| set("AWS_ENDPOINT_URL"))?;
        Some(Config { endpoint, credentials: Credentials::from_variables(variable) })
    }
}

/// A client of CloudWatch Logs. Clones share connections and what is known of streams.
#[derive(Clone, Debug)]
pub(super) struct CloudWatch(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: Config,
    client: Client<Connector, Full<Bytes>>,
    /// What tells the streams of this process from those of others.
    suffix: String,
    /// Streams that exist; a full set begins anew, which costs only calls.
    streams: Mutex<HashSet<Stream>>,
}

/// A stream: the log group, and the name in it.
type Stream = (Arc<str>, String);

/// The most streams that are remembered.
const MAX_STREAMS: usize = 4096;

/// The most bytes of a batch, with [`OVERHEAD`] for each line.
const MAX_BATCH: usize = 1 << 20;

/// The most lines of a batch.
const MAX_LINES: usize = 10_000;

/// What each line counts besides its text.
const OVERHEAD: usize = 26;

/// The most bytes of a line.
const MAX_LINE: usize = (256 << 10) - OVERHEAD;

/// How long a call may take.
const ANSWER: Duration = Duration::from_secs(10);

/// The longest answer that is read.
const MAX_ANSWER: usize = 1 << 20;

/// How long to wait before a batch is sent again.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(1000)];

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// It was answered with an error.
    #[error("{code}: {message}")]
    Refused {
        /// Its name.
        code: String,
        /// Its message.
        message: String,
        /// Whether the same call may succeed later.
        is_passing: bool,
    },
    /// It was not answered.
    #[error("{0}")]
    Unanswered(String),
}

impl CloudWatch {
    pub(super) fn new(config: Config) -> CloudWatch {
        let suffix = uuid::Uuid::new_v4().simple().to_string();
        CloudWatch(Arc::new(Shared {
            config,
            client: Client::builder(TokioExecutor::new()).build(connector()),
            suffix: suffix.get(..8).unwrap_or_default().to_owned(),
            streams: Mutex::default(),
        }))
    }

    /// Whether a log group exists.
    pub(super) async fn has_group(&self, logging: &Logging) -> Result<bool, CallError> {
        let name = logging.group_name();
        let mut input = json!({ "logGroupNamePrefix": name });
        loop {
            let found = self.call(logging, "DescribeLogGroups", &input).await?;
            let groups = found.get("logGroups").and_then(Value::as_array);
            // Names come in their order, so it is on the first page if nothing odd stands there.
            if groups.into_iter().flatten().any(|group| group.get("logGroupName") == Some(&json!(name))) {
                return Ok(true);
            }
            let Some(token) = found.get("nextToken").filter(|token| !token.is_null()) else {
                return Ok(false);
            };
            input = json!({ "logGroupNamePrefix": name, "nextToken": token });
        }
    }

    /// Delivers lines. What is refused, or not taken after some attempts, is reported and lost.
    pub(super) async fn put(&self, lines: Vec<Line>) {
        let mut streams = BTreeMap::<Stream, Vec<Line>>::new();
        for line in lines {
            let stream = (line.logging.group.clone(), self.stream(&line));
            streams.entry(stream).or_default().push(line);
        }
        for (stream, mut lines) in streams {
            // A batch is in the order of time.
            lines.sort_by_key(|line| line.at);
            for batch in batches(&lines) {
                if let Err(error) = self.put_batch(&stream, batch).await {
                    let (group, lines) = (&stream.0, batch.len());
                    tracing::error!(%group, %error, lines, "a log could not be delivered");
                }
            }
        }
    }

    /// `states/‹machine›/‹yyyy-mm-dd-hh›/‹8 hex digits›`; those of Express machines have minutes, too (recorded).
    fn stream(&self, line: &Line) -> String {
        let time = jiff::Timestamp::from_millisecond(line.at).unwrap_or_default();
        let time = time.strftime(if line.express { "%Y-%m-%d-%H-%M" } else { "%Y-%m-%d-%H" });
        format!("states/{}/{time}/{}", line.machine, self.0.suffix)
    }

    async fn put_batch(&self, stream: &Stream, batch: &[Line]) -> Result<(), CallError> {
        let Some(first) = batch.first() else { return Ok(()) };
        let logging = &first.logging;
        let events: Vec<Value> = batch
            .iter()
            .map(|line| json!({ "timestamp": line.at, "message": line.text_within(MAX_LINE) }))
            .collect();
        let input = json!({
            "logGroupName": logging.group_name(),
            "logStreamName": &stream.1,
            "logEvents": events,
        });
        let mut pauses = PAUSES.into_iter();
        loop {
            let put = match self.make_stream(logging, stream).await {
                Ok(()) => self.call(logging, "PutLogEvents", &input).await.map(drop),
                Err(error) => Err(error),
            };
            match put {
                Err(error) if error.is_passing() => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(error),
                },
                Err(CallError::Refused { ref code, .. }) if code == "ResourceNotFoundException" => {
                    // The stream may have been deleted since it was made; the group also.
                    if !self.streams().remove(stream) {
                        return put;
                    }
                }
                _ => return put,
            }
        }
    }

    async fn make_stream(&self, logging: &Logging, stream: &Stream) -> Result<(), CallError> {
        if self.streams().contains(stream) {
            return Ok(());
        }
        let input = json!({ "logGroupName": logging.group_name(), "logStreamName": &stream.1 });
        match self.call(logging, "CreateLogStream", &input).await {
            Err(CallError::Refused { code, .. }) if code == "ResourceAlreadyExistsException" => {}
            made => drop(made?),
        }
        let mut streams = self.streams();
        if streams.len() >= MAX_STREAMS {
            streams.clear();
        }
        streams.insert(stream.clone());
        Ok(())
    }

    fn streams(&self) -> std::sync::MutexGuard<'_, HashSet<Stream>> {
        self.0.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call(&self, logging: &Logging, operation: &str, input: &Value) -> Result<Value, CallError> {
        let request = self.request(logging.region(), operation, input)?;
        let answered = tokio::time::timeout(ANSWER, async {
            let response = self.0.client.request(request).await.map_err(|error| unanswered(&error))?;
            let status = response.status();
            let read = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
            let body = read.map_err(|error| CallError::Unanswered(error.to_string()))?.to_bytes();
            Ok::<_, CallError>((status, body))
        });
        let late = |_| CallError::Unanswered("the answer took too long".to_owned());
        let (status, body) = answered.await.map_err(late)??;
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status == StatusCode::OK { Ok(said) } else { Err(refused(status, &said)) }
    }

    fn request(
        &self,
        region: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Request<Full<Bytes>>, CallError> {
        let broken = |error: &dyn std::fmt::Display| CallError::Unanswered(error.to_string());
        let uri = format!("{}/", self.0.config.endpoint.trim_end_matches('/'));
        let uri: Uri = uri.parse().map_err(|error| broken(&format!("{uri}: {error}")))?;
        let host = uri.authority().map_or("", |authority| authority.as_str()).to_owned();
        let body = input.to_string();
        let mut headers = vec![("x-amz-target", format!("Logs_20140328.{operation}"))];
        if let Some(credentials) = &self.0.config.credentials {
            let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
            let request = sigv4::Request {
                method: "POST",
                host: &host,
                path: uri.path(),
                query: "",
                headers: &headers,
                body: body.as_bytes(),
                service: "logs",
                region,
                time: &time,
            };
            let signed = sigv4::sign(credentials, &request);
            headers.extend(signed);
        }
        headers.push((HOST.as_str(), host));
        headers.push((CONTENT_TYPE.as_str(), "application/x-amz-json-1.1".to_owned()));
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = uri;
        for (name, value) in headers {
            let value = HeaderValue::try_from(value).map_err(|error| broken(&error))?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        Ok(request)
    }
}

impl CallError {
    fn is_passing(&self) -> bool {
        match self {
            CallError::Refused { is_passing, .. } => *is_passing,
            CallError::Unanswered(_) => true,
        }
    }
}

fn unanswered(error: &dyn std::error::Error) -> CallError {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    CallError::Unanswered(innermost.to_string())
}

fn refused(status: StatusCode, said: &Value) -> CallError {
    let member = |name: &str| said.get(name).and_then(Value::as_str);
    let code = member("__type").and_then(|name| name.rsplit('#').next());
    let code = code.map_or_else(|| status.to_string(), str::to_owned);
    let message = member("message").or_else(|| member("Message")).unwrap_or_default().to_owned();
    let is_passing = status.is_server_error() || code == "ThrottlingException";
    CallError::Refused { code, message, is_passing }
}

/// Lines in batches that each are within the limits.
fn batches(lines: &[Line]) -> impl Iterator<Item = &[Line]> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(MAX_LINES).take_while(|line| {
            bytes += line.text().len().min(MAX_LINE) + OVERHEAD;
            bytes <= MAX_BATCH
        });
        let count = fits.count();
        let (batch, left) = rest.split_at_checked(count)?;
        rest = left;
        (!batch.is_empty()).then_some(batch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::line;
    use crate::store::logging::Level;

    fn lines(input: &str, count: usize) -> Vec<Line> {
        let step = line::tests::step(Level::All, true, input);
        let first = line::lines(&step).next().unwrap();
        vec![first; count]
    }

    #[test]
    fn batches_are_within_the_limits() {
        let large = format!("\"{}\"", "x".repeat(250 << 10));
        for (input, count, expected) in
            [("1", 0, &[][..]), ("1", 2, &[2]), ("1", 25_000, &[3700; 6]), (&large, 9, &[4, 4, 1])]
        {
            let lines = lines(input, count);
            let sizes: Vec<usize> = batches(&lines).map(<[Line]>::len).collect();
            assert_eq!(sizes.iter().sum::<usize>(), count);
            if expected.len() < 6 {
                assert_eq!(sizes, expected);
            }
            for batch in batches(&lines) {
                let bytes: usize = batch.iter().map(|line| line.text_within(MAX_LINE).len() + OVERHEAD).sum();
                assert!(bytes <= MAX_BATCH && batch.len() <= MAX_LINES);
            }
        }
    }

    #[test]
    fn names_of_streams() {
        let client = CloudWatch::new(Config { endpoint: "http://h".to_owned(), credentials: None });
        let mut line = lines("1", 1).remove(0);
        let suffix = &client.0.suffix;
        assert_eq!(suffix.len(), 8);
        assert_eq!(client.stream(&line), format!("states/m/1970-01-01-00/{suffix}"));
        (line.express, line.at) = (true, 3_661_000);
        assert_eq!(client.stream(&line), format!("states/m/1970-01-01-01-01/{suffix}"));
    }

    #[test]
    fn what_may_succeed_later() {
        for (status, body, code, is_passing) in [
            (400, json!({"__type": "ThrottlingException", "message": "m"}), "ThrottlingException", true),
            (400, json!({"__type": "x#ResourceNotFoundException"}), "ResourceNotFoundException", false),
            (503, Value::Null, "503 Service Unavailable", true),
        ] {
            let error = refused(StatusCode::from_u16(status).unwrap(), &body);
            assert_eq!(error.is_passing(), is_passing);
            assert!(error.to_string().starts_with(code), "{error}");
        }
    }
}
