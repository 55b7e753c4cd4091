//! Connections to the services that are called.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;

#[cfg(feature = "tls")]
pub(crate) type Connector = hyper_rustls::HttpsConnector<HttpConnector>;
#[cfg(not(feature = "tls"))]
pub(crate) type Connector = HttpConnector;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// Connects over https, and over http where an endpoint says so.
#[cfg(feature = "tls")]
pub(crate) fn connector() -> Connector {
    let builder = hyper_rustls::HttpsConnectorBuilder::new().with_webpki_roots();
    builder.https_or_http().enable_http1().wrap_connector(plain_connector(false))
}

/// Connects over http: there is no other way without the feature `tls`.
#[cfg(not(feature = "tls"))]
pub(crate) fn connector() -> Connector {
    plain_connector(true)
}

fn plain_connector(only_http: bool) -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(only_http);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT));
    connector
}
