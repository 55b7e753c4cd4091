//! The client's way to a service: one request out, one answer in, over a pool of kept connections.
//!
//! Plain HTTP; knows neither TLS, signatures, retries nor time limits (wrap a call in a timeout where one is wanted).

use crate::checks::Violations;
use crate::http::{Fault, FromFault};
use crate::server::{SIGNING_NAME, TARGET};
use crate::wire::{self, Complete, Members};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const X_AMZ_TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// A client of one service. Cheap to clone; all clones share their connections.
///
/// The prefix that the official clients put before the host's name for some operations is not applied: an endpoint is
/// used as it is given.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    connections: legacy::Client<HttpConnector, Full<Bytes>>,
    endpoint: Uri,
    region: Option<String>,
}

/// How a client is set up.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    endpoint: String,
    region: Option<String>,
}

impl Builder {
    /// Where the service is: `http://127.0.0.1:8000`. Required.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// The region that requests name in their `Authorization` header, for a service that has several.
    ///
    /// The header is well formed but not signed: a service that verifies signatures refuses it.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The client. Connects when a request is sent, not before.
    ///
    /// # Errors
    /// An endpoint that is no `http` URL, or a region that cannot stand in a header.
    pub fn build(self) -> Result<Client, Failure> {
        let endpoint = endpoint(&self.endpoint)?;
        if let Some(region) = self.region.as_ref().filter(|region| !is_region(region)) {
            return Err(Failure::new(format!("`{region}` is no region")));
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let connections =
            legacy::Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Ok(Client(Arc::new(Inner { connections, endpoint, region: self.region })))
    }
}

fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn endpoint(text: &str) -> Result<Uri, Failure> {
    let uri: Uri = text.parse().map_err(|error| Failure::caused(format!("`{text}` is no URL"), error))?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http"), Some(_)) => Ok(uri),
        _ => Err(Failure::new(format!("`{text}` is no `http` URL with a host"))),
    }
}

impl Client {
    /// A client of the service at this `http` URL.
    ///
    /// # Errors
    /// What is no `http` URL.
    pub fn new(endpoint: &str) -> Result<Self, Failure> {
        Self::builder().endpoint(endpoint).build()
    }

    /// A client that is set up step by step.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Sends one request and reads its answer.
    pub(crate) async fn call<I, O, E>(&self, operation: &'static str, input: I) -> Result<O::Shape, Error<E>>
    where
        I: Complete,
        I::Shape: Serialize,
        O: Complete,
        E: FromFault,
    {
        let input = input.complete().map_err(Error::Input)?;
        let body = wire::write(&input).map_err(|fault| Error::Service(E::from_fault(fault)))?;
        let answer = self.exchange(operation, body).await.map_err(Error::Exchange)?;
        let body = answer.map_err(|fault| Error::Service(E::from_fault(fault)))?;
        output::<O>(&body).map_err(Error::Exchange)
    }

    /// The body of the answer, or the fault that it describes. One for all operations, so that it is compiled once.
    async fn exchange(&self, operation: &str, body: Vec<u8>) -> Result<Result<Bytes, Fault>, Failure> {
        let request = self
            .request(operation, body)
            .map_err(|error| Failure::caused("cannot form the request", error))?;
        let answer = self.0.connections.request(request).await;
        let answer = answer.map_err(|error| Failure::caused("cannot send the request", error))?;
        let status = answer.status();
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| Failure::caused("cannot read the answer", error))?.to_bytes();
        Ok(if status.is_success() { Ok(body) } else { Err(Fault::from_body(status.as_u16(), &body)) })
    }

    fn request(&self, operation: &str, body: Vec<u8>) -> Result<Request<Full<Bytes>>, http::Error> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.0.endpoint)
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .header(X_AMZ_TARGET, format!("{TARGET}.{operation}"));
        let request = match &self.0.region {
            Some(region) => request.header(AUTHORIZATION, unsigned(region, today())),
            None => request,
        };
        request.body(Full::new(body.into()))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.endpoint)
            .field("region", &self.0.region)
            .finish_non_exhaustive()
    }
}

/// Reads an output. An empty body is one without members, as clients of this protocol take it.
fn output<O: Complete>(body: &[u8]) -> Result<O::Shape, Failure> {
    let members = if body.is_empty() { Ok(O::default()) } else { read::<O>(body) };
    members?
        .complete()
        .map_err(|violations| Failure::caused("a required member is absent from the answer", violations))
}

fn read<O: Members>(body: &[u8]) -> Result<O, Failure> {
    wire::read(body).map_err(|fault| Failure::caused("cannot read the answer's body", fault))
}

/// An `Authorization` header that names a region and a day, with a signature of zeros.
fn unsigned(region: &str, (year, month, day): (i64, i64, i64)) -> String {
    let scope = format!("{year:04}{month:02}{day:02}/{region}/{SIGNING_NAME}/aws4_request");
    format!("AWS4-HMAC-SHA256 Credential=gradus/{scope}, SignedHeaders=host, Signature={:064}", 0)
}

fn today() -> (i64, i64, i64) {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date(i64::try_from(since.as_secs() / 86_400).unwrap_or_default())
}

/// Year, month and day of a day after 1970-01-01, in the Gregorian calendar.
///
/// Counts in years from 1 March, where the leap day comes last.
fn date(days: i64) -> (i64, i64, i64) {
    let since = days + 719_468;
    let (era, day) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// A fresh idempotency token: a random UUID.
pub(crate) fn token() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Why a call gave no output.
#[derive(Debug, thiserror::Error)]
pub enum Error<E> {
    /// The input lacks a required member; nothing was sent.
    #[error("{0}")]
    Input(Violations),
    /// The service answered with an error.
    #[error("{0}")]
    Service(E),
    /// The request or its answer did not get through.
    #[error(transparent)]
    Exchange(Failure),
}

impl<E> Error<E> {
    /// The service's answer, if there was one.
    pub fn as_service_error(&self) -> Option<&E> {
        match self {
            Self::Service(error) => Some(error),
            Self::Input(_) | Self::Exchange(_) => None,
        }
    }
}

/// Why a client could not be set up, or an exchange failed.
#[derive(Debug, thiserror::Error)]
#[error("{what}{}", .cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default())]
pub struct Failure {
    what: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), cause: None }
    }

    fn caused(what: impl Into<String>, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { what: what.into(), cause: Some(Box::new(cause)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Client, SIGNING_NAME, date, unsigned};

    #[test]
    fn days_have_dates() {
        let cases = [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (19_782, (2024, 2, 29)),
            (20_779, (2026, 11, 22)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ];
        for (days, expected) in cases {
            assert_eq!(date(days), expected);
        }
        let zeros = "0".repeat(64);
        assert_eq!(
            unsigned("eu-west-1", (2026, 1, 2)),
            format!(
                "AWS4-HMAC-SHA256 Credential=gradus/20260102/eu-west-1/{SIGNING_NAME}/aws4_request, SignedHeaders=host, Signature={zeros}"
            )
        );
    }

    #[test]
    fn endpoints() {
        for bad in ["", "localhost", "https://localhost", "/path", "http://"] {
            assert!(Client::new(bad).is_err(), "{bad}");
        }
        assert!(Client::new("http://127.0.0.1:8000").is_ok());
        assert!(Client::builder().endpoint("http://a").region("eu west").build().is_err());
    }
}
