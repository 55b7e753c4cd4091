// Generated from `model/` by `codegen/src/emit/server.rs`. To change it, change that file.

use crate::http::{Fault, RequestContext};
use crate::{errors, shapes, wire};

/// The operations of the service. None has a default body: a new one must be written before the crate builds again.
///
/// Inputs keep the constraints of the model when they arrive; every other rule is the implementer's.
pub trait StepFunctions: Send + Sync + 'static {
    /// `ListParcels`.
    ///
    /// Paged: `parcels` come at most `limit` at a time; while there are more, `token` is the next `token`.
    fn list_parcels(
        &self,
        context: &RequestContext,
        input: shapes::ListParcelsInput,
    ) -> impl Future<
        Output = Result<shapes::ListParcelsOutput, errors::ListParcelsError>,
    > + Send;

    /// Sends *one* parcel & returns.
    ///
    /// Idempotent: the same request may be sent again.
    ///
    /// The official clients put `fast-` before the host's name.
    fn send_parcel(
        &self,
        context: &RequestContext,
        input: shapes::SendParcelInput,
    ) -> impl Future<
        Output = Result<shapes::SendParcelOutput, errors::SendParcelError>,
    > + Send;
}

/// What stands before the dot in the header `X-Amz-Target`.
pub const TARGET: &str = "PostOffice";

/// The service's name in the scope of a signature.
pub const SIGNING_NAME: &str = "post";

/// Every operation's name on the wire.
pub const OPERATIONS: &[&str] = &["ListParcels", "SendParcel"];

/// What stands before the host's name at the service's own endpoint, for the operations that have it.
pub const HOST_PREFIXES: &[(&str, &str)] = &[("SendParcel", "fast-")];

/// Answers one request: reads the body, checks the constraints, calls the method, writes the output.
///
/// `operation` is what stands behind the dot in `X-Amz-Target`. The one box a request takes is here, so that the
/// futures of callers stay small.
///
/// # Errors
/// `UnknownOperationException`, `SerializationException`, `ValidationException`, or what the method answers.
pub async fn dispatch<S: StepFunctions>(
    service: &S,
    context: &RequestContext,
    operation: &str,
    body: &[u8],
) -> Result<Vec<u8>, Fault> {
    match operation {
        "ListParcels" => {
            let answer = async {
                let input = wire::read::<shapes::ListParcelsInputBuilder>(body)?
                    .build()?;
                wire::write(&service.list_parcels(context, input).await?)
            };
            Box::pin(answer).await
        }
        "SendParcel" => {
            let answer = async {
                let input = wire::read::<shapes::SendParcelInputBuilder>(body)?.build()?;
                wire::write(&service.send_parcel(context, input).await?)
            };
            Box::pin(answer).await
        }
        _ => Err(Fault::unknown_operation()),
    }
}
