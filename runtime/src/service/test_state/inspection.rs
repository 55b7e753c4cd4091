//! What a test shows besides its outcome: the data stage by stage, limits of a Map, and who took a failure.
//!
//! Which stages are shown of which kind of state: recorded from the service.

use gradus_api::shapes::{InspectionData, InspectionErrorDetails};
use gradus_core::asl::definition::{Kind, State};
use gradus_core::json::{Object, Payload, Value};
use gradus_core::machine::trial::{Seen, Stage};

/// The inspection data of a state that was tried on this input.
pub(super) fn data(state: &State, input: &Payload, seen: &Seen, variables: Object) -> InspectionData {
    let at = |stage| {
        let data = seen.at(stage).filter(|_| shows(state, stage))?;
        Some(data.text().to_owned())
    };
    let variables = Some(variables).filter(|variables| !variables.is_empty());
    InspectionData {
        input: Some(input.text().to_owned()),
        after_input_path: at(Stage::InputPath),
        after_arguments: at(Stage::Arguments),
        after_parameters: at(Stage::Parameters),
        after_items_path: at(Stage::Items),
        after_item_selector: at(Stage::ItemSelector),
        after_item_batcher: at(Stage::ItemBatcher),
        result: at(Stage::Result),
        after_result_selector: at(Stage::ResultSelector),
        after_result_path: at(Stage::ResultPath),
        variables: variables.map(|variables| Value::from(variables).to_string()),
        error_details: error_details(seen),
        max_concurrency: seen.max_concurrency.map(saturate),
        tolerated_failure_count: seen.tolerated_failures.map(saturate),
        tolerated_failure_percentage: seen.tolerated_percentage.map(|percentage| percentage as f32),
        ..InspectionData::default()
    }
}

fn shows(state: &State, stage: Stage) -> bool {
    match (&state.kind, stage) {
        // A result that is written down hides what it is given instead of.
        (Kind::Pass(pass), Stage::InputPath | Stage::Parameters) => pass.result.is_none(),
        (Kind::Parallel(_), Stage::InputPath | Stage::Parameters) => false,
        (Kind::Pass(_) | Kind::Parallel(_), Stage::Arguments) => false,
        (
            Kind::Choice(_) | Kind::Wait(_) | Kind::Succeed | Kind::Fail(_),
            Stage::ResultSelector | Stage::ResultPath,
        ) => false,
        _ => true,
    }
}

/// Who named the failure: a retrier also where its attempts are used up.
fn error_details(seen: &Seen) -> Option<InspectionErrorDetails> {
    let index = |index: Option<usize>| index.map(|index| saturate(index as u64));
    let details = InspectionErrorDetails {
        catch_index: index(seen.catcher),
        retry_index: index(seen.retrier),
        retry_backoff_interval_seconds: seen.back_off.map(|delay| saturate(delay.0 / 1000)),
    };
    (details.catch_index.is_some() || details.retry_index.is_some()).then_some(details)
}

fn saturate(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
