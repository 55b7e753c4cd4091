//! Map Runs. Only distributed Maps make them, and none runs yet: every execution has an empty list, and no ARN
//! of a Map Run leads anywhere.

use gradus_api::enums::ValidationExceptionReason;
use gradus_api::errors::{
    DescribeMapRunError, ListMapRunsError, ResourceNotFound, UpdateMapRunError, ValidationException,
};
use gradus_api::http::RequestContext;
use gradus_api::shapes::{
    DescribeMapRunInput, DescribeMapRunOutput, ListMapRunsInput, ListMapRunsOutput, UpdateMapRunInput,
    UpdateMapRunOutput,
};

use super::{Service, arn, execution, page, tag};
use crate::store::Store;

/// DescribeMapRun.
pub(super) async fn describe<S: Store>(
    _service: &Service<S>,
    _context: &RequestContext,
    input: DescribeMapRunInput,
) -> Result<DescribeMapRunOutput, DescribeMapRunError> {
    Err(missing(&input.map_run_arn)?.into())
}

/// ListMapRuns, of an execution that is there.
pub(super) async fn list<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: ListMapRunsInput,
) -> Result<ListMapRunsOutput, ListMapRunsError> {
    let arn = input.execution_arn;
    let place = arn::execution(&arn)?;
    execution::find(service, context, place, &arn)?.ok_or_else(|| execution::missing(&arn))?;
    let list = page::List { operation: "ListMapRuns", arguments: &[&arn] };
    service.position::<ListMapRunsError>(list, input.next_token.as_deref()).await?;
    Ok(ListMapRunsOutput { map_runs: Vec::new(), next_token: None })
}

/// UpdateMapRun.
pub(super) async fn update<S: Store>(
    _service: &Service<S>,
    _context: &RequestContext,
    input: UpdateMapRunInput,
) -> Result<UpdateMapRunOutput, UpdateMapRunError> {
    let missing = missing(&input.map_run_arn)?;
    let UpdateMapRunInput { max_concurrency, tolerated_failure_percentage, tolerated_failure_count, .. } =
        input;
    if max_concurrency.is_none()
        && tolerated_failure_percentage.is_none()
        && tolerated_failure_count.is_none()
    {
        // The service's words were not recorded.
        let message =
            "One of maxConcurrency, toleratedFailurePercentage and toleratedFailureCount must be given";
        let reason = Some(ValidationExceptionReason::MissingRequiredParameter);
        return Err(ValidationException { reason, ..ValidationException::new(message) }.into());
    }
    Err(missing.into())
}

/// What is said of the ARN of a Map Run.
fn missing(arn: &str) -> Result<ResourceNotFound, gradus_api::errors::InvalidArn> {
    arn::map_run(arn)?;
    Ok(tag::not_found(arn))
}
