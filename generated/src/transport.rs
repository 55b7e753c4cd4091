//! The client's way to a service: one request out, one answer in, over a pool of kept connections.
//!
//! HTTP, and HTTPS with the feature `tls`; signs requests where it has keys. Knows neither retries nor time limits
//! (wrap a call in a timeout where one is wanted).

use crate::checks::Violations;
use crate::http::{Fault, FromFault};
use crate::server::{HOST_PREFIXES, SIGNING_NAME, TARGET};
use crate::sigv4::{self, Credentials, Scope};
use crate::wire::{self, Complete, Members};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

const MEDIA_TYPE: &str = "application/x-amz-json-1.0";
const X_AMZ_TARGET: &str = "x-amz-target";

#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;

/// A client of one service. Cheap to clone; all clones share their connections.
///
/// An endpoint is used as it is given. The prefix that the official clients put before the host's name for some
/// operations is applied only where it is [asked for](Builder::host_prefixes).
///
/// ```
/// use gradus_api::client::{Client, Credentials};
///
/// let client = Client::builder()
///     .endpoint("http://127.0.0.1:8083")
///     .region("eu-west-1")
///     .credentials(Credentials::new("AKIDCI", "the secret"))
///     .build()?;
/// # Ok::<(), gradus_api::client::Failure>(())
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    connections: legacy::Client<Connector, Full<Bytes>>,
    endpoint: Uri,
    /// The same with a prefix, for the operations that have one here.
    prefixed: Vec<(&'static str, Uri)>,
    region: Option<String>,
    credentials: Option<Credentials>,
}

/// How a client is set up.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    endpoint: String,
    host_prefixes: bool,
    region: Option<String>,
    credentials: Option<Credentials>,
}

impl Builder {
    /// Where the service is: `http://127.0.0.1:8000`. Required.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// Whether some operations go to another host, with a prefix before the name of this one, as the official clients
    /// have it. The service's own endpoint wants that; a server of one's own is seldom found under such a name. Not so,
    /// if it is not said.
    #[must_use]
    pub fn host_prefixes(mut self, applied: bool) -> Self {
        self.host_prefixes = applied;
        self
    }

    /// The region that requests name in their `Authorization` header, for a service that has several.
    ///
    /// Without [credentials](Builder::credentials) the header is well formed but not signed: a service that verifies
    /// signatures refuses it.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The keys that requests are signed with, by Signature Version 4. They need a [region](Builder::region).
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The client. Connects when a request is sent, not before.
    ///
    /// # Errors
    /// An endpoint that is no URL of `http`, or of `https` with the feature `tls`; a region or credentials that cannot
    /// stand in a header; credentials without a region.
    pub fn build(self) -> Result<Client, Failure> {
        let endpoint = endpoint(&self.endpoint)?;
        if let Some(region) = self.region.as_ref().filter(|region| !is_region(region)) {
            return Err(Failure::new(format!("`{region}` is no region")));
        }
        if let Some(credentials) = &self.credentials {
            check(credentials)?;
            if self.region.is_none() {
                return Err(Failure::new("requests are signed for a region, and none is given"));
            }
        }
        let operations = HOST_PREFIXES.iter().filter(|_| self.host_prefixes);
        let prefixed = operations.map(|(operation, prefix)| Ok((*operation, prefixed(&endpoint, prefix)?)));
        let prefixed = prefixed.collect::<Result<_, Failure>>()?;
        let connections =
            legacy::Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector());
        let (region, credentials) = (self.region, self.credentials);
        Ok(Client(Arc::new(Inner { connections, endpoint, prefixed, region, credentials })))
    }
}

/// Connects over https, and over http where an endpoint says so.
#[cfg(feature = "tls")]
fn connector() -> Connector {
    let builder = hyper_rustls::HttpsConnectorBuilder::new().with_webpki_roots();
    builder.https_or_http().enable_http1().wrap_connector(plain_connector(false))
}

#[cfg(not(feature = "tls"))]
fn connector() -> Connector {
    plain_connector(true)
}

fn plain_connector(only_http: bool) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(only_http);
    connector.set_nodelay(true);
    connector
}

/// Checks that credentials can stand in headers.
fn check(credentials: &Credentials) -> Result<(), Failure> {
    let id = &credentials.access_key_id;
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return Err(Failure::new(format!("`{id}` is no id of an access key")));
    }
    let token = credentials.session_token.as_deref().unwrap_or_default();
    match HeaderValue::from_str(token) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::caused("the session token cannot be sent", error)),
    }
}

fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn endpoint(text: &str) -> Result<Uri, Failure> {
    let uri: Uri = text.parse().map_err(|error| Failure::caused(format!("`{text}` is no URL"), error))?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http"), Some(_)) => Ok(uri),
        (Some("https"), Some(_)) if cfg!(feature = "tls") => Ok(uri),
        _ => Err(Failure::new(format!("`{text}` is no URL of a service: `http://host:port`"))),
    }
}

/// The same endpoint, with a prefix before the host's name.
fn prefixed(endpoint: &Uri, prefix: &str) -> Result<Uri, Failure> {
    let mut parts = endpoint.clone().into_parts();
    let authority = parts.authority.as_ref().map_or("", |authority| authority.as_str());
    let authority = format!("{prefix}{authority}");
    let broken = |error| Failure::caused(format!("`{authority}` is no host"), error);
    parts.authority = Some(authority.parse().map_err(broken)?);
    Uri::from_parts(parts).map_err(|error| Failure::caused(format!("`{authority}` is no host"), error))
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
        let Inner { endpoint, prefixed, region, credentials, .. } = &*self.0;
        let other = prefixed.iter().find(|(prefixed, _)| *prefixed == operation);
        let endpoint = other.map_or(endpoint, |(_, endpoint)| endpoint);
        let mut headers = vec![
            (CONTENT_TYPE.as_str(), MEDIA_TYPE.to_owned()),
            (X_AMZ_TARGET, format!("{TARGET}.{operation}")),
        ];
        // As it is signed: the connection would leave out the port of the scheme.
        let host = endpoint.authority().map_or("", |authority| authority.as_str());
        match (region, credentials) {
            (Some(region), Some(credentials)) => {
                let added = sigv4::sign(
                    credentials,
                    &sigv4::Request {
                        method: Method::POST.as_str(),
                        host,
                        path: endpoint.path(),
                        query: endpoint.query().unwrap_or_default(),
                        headers: &headers,
                        body: &body,
                        service: SIGNING_NAME,
                        region,
                        time: &time(now()),
                    },
                );
                headers.extend(added);
            }
            (Some(region), None) => headers.push((AUTHORIZATION.as_str(), unsigned(region, &time(now())))),
            (None, _) => {}
        }
        let request = Request::builder().method(Method::POST).uri(endpoint).header(HOST, host);
        let request = headers
            .into_iter()
            .fold(request, |request, (name, value)| request.header(HeaderName::from_static(name), value));
        request.body(Full::new(body.into()))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.0.endpoint)
            .field("region", &self.0.region)
            .field("credentials", &self.0.credentials)
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
fn unsigned(region: &str, time: &str) -> String {
    let scope = Scope { day: time.get(..8).unwrap_or(time), region, service: SIGNING_NAME };
    let algorithm = sigv4::ALGORITHM;
    format!("{algorithm} Credential=gradus/{scope}, SignedHeaders=host, Signature={:064}", 0)
}

/// Seconds of the epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A time as signatures have it: `20261122T030405Z`.
fn time(seconds: i64) -> String {
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
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
    use super::{Client, Credentials, HOST_PREFIXES, SIGNING_NAME, date, time, unsigned};

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
            unsigned("eu-west-1", "20260102T030405Z"),
            format!(
                "AWS4-HMAC-SHA256 Credential=gradus/20260102/eu-west-1/{SIGNING_NAME}/aws4_request, SignedHeaders=host, Signature={zeros}"
            )
        );
    }

    #[test]
    fn endpoints() {
        for bad in ["", "localhost", "ftp://localhost", "/path", "http://"] {
            assert!(Client::new(bad).is_err(), "{bad}");
        }
        assert!(Client::new("http://127.0.0.1:8000").is_ok());
        assert_eq!(Client::new("https://states.us-east-1.amazonaws.com").is_ok(), cfg!(feature = "tls"));
        assert!(Client::builder().endpoint("http://a").region("eu west").build().is_err());
        let (operation, prefix) = HOST_PREFIXES[0];
        for (applied, prefix) in [(false, ""), (true, prefix)] {
            let client = Client::builder().endpoint("http://a:80/x").host_prefixes(applied).build().unwrap();
            let request = client.request(operation, Vec::new()).unwrap();
            assert_eq!(request.uri(), &*format!("http://{prefix}a:80/x"));
            assert_eq!(request.headers()["host"], *format!("{prefix}a:80"));
            assert_eq!(client.request("Other", Vec::new()).unwrap().uri(), "http://a:80/x");
        }
    }

    #[test]
    fn keys_that_can_sign() {
        let built =
            |credentials| Client::builder().endpoint("http://a").region("r").credentials(credentials).build();
        let debug =
            format!("{:?}", built(Credentials::new("AKID", "hush").with_session_token("token")).unwrap());
        assert!(debug.contains("AKID") && !debug.contains("hush") && !debug.contains("token"), "{debug}");
        for bad in ["", "a b", "a/b", "a,b", "\u{e9}"] {
            assert!(built(Credentials::new(bad, "secret")).is_err(), "{bad}");
        }
        assert!(built(Credentials::new("a", "secret").with_session_token("a\nb")).is_err());
        assert!(
            Client::builder().endpoint("http://a").credentials(Credentials::new("a", "b")).build().is_err()
        );
    }

    #[test]
    fn times() {
        for (seconds, expected) in
            [(0, "19700101T000000Z"), (951_868_799, "20000229T235959Z"), (1_795_316_645, "20261122T030405Z")]
        {
            assert_eq!(time(seconds), expected);
        }
    }
}
