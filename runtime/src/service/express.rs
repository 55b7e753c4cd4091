//! Executions of Express state machines: begun and left alone, or run while the caller waits.
//!
//! Nothing of them is kept, so they are neither described, listed nor stopped: their ARNs are out of place
//! in those operations.

use gradus_api::enums::{IncludedData, SyncExecutionStatus};
use gradus_api::errors::{StartExecutionError, StartSyncExecutionError};
use gradus_api::http::{Fault, RequestContext};
use gradus_api::shapes::{
    BillingDetails, CloudWatchEventsExecutionDataDetails as DataDetails, StartExecutionOutput,
    StartSyncExecutionInput, StartSyncExecutionOutput,
};
use gradus_core::json::Payload;
use gradus_core::machine::timestamp::Millis;
use gradus_core::machine::{Failure, Outcome};

use super::execution::{Asked, Prepared, is_express, prepare, text, wrong_type};
use super::{Service, arn, date, fault, qualified, state_machine};
use crate::engine::{Ended, ExpressError};
use crate::store::Store;

/// StartExecution of an Express machine. Names may be used again; every start is another execution.
pub(super) fn start<S: Store>(
    service: &Service<S>,
    prepared: Prepared,
) -> Result<StartExecutionOutput, StartExecutionError> {
    let Prepared { start, compiled } = prepared;
    let execution_arn = start.arn.to_string();
    let at = service.engine().start_express(start, &compiled).map_err(refused)?;
    Ok(StartExecutionOutput { execution_arn, start_date: date(at) })
}

/// StartSyncExecution. An execution that fails is a success of the operation.
pub(super) async fn start_sync<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: StartSyncExecutionInput,
) -> Result<StartSyncExecutionOutput, StartSyncExecutionError> {
    let arn = input.state_machine_arn;
    let (place, named) = arn::state_machine(&arn)?;
    state_machine::check_unlabelled(&named)?;
    let found = qualified::find(service, context, place, &named)?;
    let found = found.ok_or_else(|| {
        state_machine::absent::<_, StartSyncExecutionError>(service, context, place, &named, &arn)
    })?;
    if !is_express(&found.machine) {
        return Err(wrong_type().into());
    }
    let asked = Asked { name: input.name, input: input.input, trace_header: input.trace_header };
    let Prepared { start, compiled } =
        prepare::<S, StartSyncExecutionError>(service, context, place, &found, asked)?;
    let given = start.clone();
    let ended = service.engine().run_express(start, &compiled).await.map_err(refused)?;

    let included = input.included_data != Some(IncludedData::MetadataOnly);
    let details = Some(DataDetails { included });
    let shown = |payload: &Payload| included.then(|| payload.text().to_owned());
    let End { status, output, failure } = End::of(&ended.outcome);
    Ok(StartSyncExecutionOutput {
        state_machine_arn: Some(given.machine_arn.to_string()),
        name: Some(given.name.to_string()),
        error: failure.as_ref().and_then(|failure| text(&failure.error)),
        cause: failure.as_ref().and_then(|failure| text(&failure.cause)),
        input: shown(&given.input),
        input_details: details.clone(),
        output: output.and_then(shown),
        // Also without an output (recorded).
        output_details: details,
        trace_header: text(&given.trace_header),
        billing_details: Some(billing(&ended)),
        ..StartSyncExecutionOutput::new(&*given.arn, date(ended.started), date(ended.stopped), status)
    })
}

/// How an execution ended, as the answer shows it.
struct End<'a> {
    status: SyncExecutionStatus,
    output: Option<&'a Payload>,
    failure: Option<Failure>,
}

impl<'a> End<'a> {
    fn of(outcome: &'a Outcome) -> End<'a> {
        let (status, output, failure) = match outcome {
            Outcome::Succeeded(output) => (SyncExecutionStatus::Succeeded, Some(output), None),
            // Nobody can stop an Express execution; the answer has no other word for one that was.
            Outcome::Failed(failure) | Outcome::Aborted(failure) => {
                (SyncExecutionStatus::Failed, None, Some(failure.clone()))
            }
            Outcome::TimedOut => (SyncExecutionStatus::TimedOut, None, Some(Failure::timeout())),
        };
        End { status, output, failure }
    }
}

/// What the service would bill: time in steps of 100 ms, memory in steps of 64 MB, at least one of each.
fn billing(ended: &Ended) -> BillingDetails {
    const STEP: u64 = 100;
    // An execution has some hundred kilobytes of data here: never more than one step of memory.
    const MEMORY: i64 = 64;
    let Millis(ran) = ended.stopped.since(ended.started);
    let billed = ran.div_ceil(STEP).max(1).saturating_mul(STEP);
    BillingDetails {
        billed_duration_in_milliseconds: i64::try_from(billed).unwrap_or(i64::MAX),
        billed_memory_used_in_mb: MEMORY,
    }
}

pub(super) fn refused(error: ExpressError) -> Fault {
    match error {
        ExpressError::TooMany => {
            Fault::new("com.amazon.coral.availability#ThrottlingException", Some("Rate exceeded".to_owned()))
        }
        ExpressError::Unavailable(error) => fault(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_core::machine::Timestamp;

    #[test]
    fn what_is_billed() {
        for (ran, billed) in [(0, 100), (1, 100), (100, 100), (101, 200), (299_950, 300_000)] {
            let (started, stopped) = (Timestamp::from_millis(5), Timestamp::from_millis(5 + ran));
            let billing = billing(&Ended { started, stopped, outcome: Outcome::TimedOut });
            assert_eq!(billing.billed_duration_in_milliseconds, billed, "{ran}");
            assert_eq!(billing.billed_memory_used_in_mb, 64);
        }
    }
}
