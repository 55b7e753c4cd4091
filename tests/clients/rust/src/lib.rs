//! How the official Rust client, the crate `aws-sdk-sfn`, is led to gradus.
//!
//! StartSyncExecution and TestState put `sync-` in front of the host, and this client has no switch for that:
//! [`WithoutHostPrefix`] takes it out. The other way is a name: where `sync-<host>` leads to the server, by a
//! line in `/etc/hosts` or a record in the zone, nothing is needed here.

use aws_sdk_sfn::config::interceptors::BeforeSerializationInterceptorContextMut;
use aws_sdk_sfn::config::{ConfigBag, Credentials, Intercept, Region, RuntimeComponents};
use aws_sdk_sfn::error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;

/// The settings of a client of the server at `endpoint`, such as `http://127.0.0.1:8083`; any credentials will do
/// for a server that checks no signatures.
pub fn settings(endpoint: &str) -> aws_sdk_sfn::config::Builder {
    aws_sdk_sfn::Config::builder()
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "tests"))
        // Without TLS; whoever keeps the default features needs no line for that.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
}

/// A client whose calls all go to the host as it was given.
pub fn client(endpoint: &str) -> aws_sdk_sfn::Client {
    aws_sdk_sfn::Client::from_conf(settings(endpoint).interceptor(WithoutHostPrefix).build())
}

/// Takes out what an operation puts in front of the host.
#[derive(Debug)]
pub struct WithoutHostPrefix;

impl Intercept for WithoutHostPrefix {
    fn name(&self) -> &'static str {
        "WithoutHostPrefix"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        settings.interceptor_state().unset::<EndpointPrefix>();
        Ok(())
    }
}
