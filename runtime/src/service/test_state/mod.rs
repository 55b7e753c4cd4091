//! TestState: one state, by itself or of a machine, tried on an input.
//!
//! The state runs as in an execution, by the same code, with something that stands for its work or by doing
//! it. `mock` and `context` read what a caller gives, `outputs` knows what other services answer, `inspection`
//! shows the way of the data. Source of the texts: the service, recorded, where nothing else is said.

mod context;
mod csv;
mod inspection;
mod mock;
mod outputs;
mod reader;

use std::sync::Arc;

use gradus_api::enums::{InspectionLevel, TestExecutionStatus};
use gradus_api::errors::{InvalidDefinition, TestStateError, ValidationException};
use gradus_api::http::{Fault, RequestContext};
use gradus_api::shapes::{InspectionData, TestStateConfiguration, TestStateInput, TestStateOutput};
use gradus_core::asl::definition::{Kind, Pattern, Resource, State};
use gradus_core::asl::{self, Definition, diagnostic};
use gradus_core::json::{self, Payload, Value};
use gradus_core::machine::trial::{Given, Mock, Verdict};
use gradus_core::machine::{Start, Trial, Variables};

use super::arn::{self, Place};
use super::execution::{random_name, read_input, text};
use super::{Service, express, invalid};
use crate::store::Store;
use reader::Items;

/// TestState.
pub(super) async fn test<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: TestStateInput,
) -> Result<TestStateOutput, TestStateError> {
    input.role_arn.as_deref().map(arn::check_role).transpose()?;
    check_members(&input)?;
    let data = input.input.as_deref().map_or_else(|| Ok(Payload::empty_object()), read_input)?;
    // A text that cannot be read has its fault told by whoever reads the definition.
    let document = json::parse(&input.definition).unwrap_or_default();
    let found = Found::find(&document, input.state_name.as_deref())?;
    let definition = definition(&input)?;
    let name = input.state_name.as_deref().unwrap_or(asl::LONE_STATE);
    let id = definition.find(name).ok_or_else(not_found)?;
    let state = definition.state(id).ok_or_else(not_found)?;
    check_kind(&input, state)?;
    let configuration = input.state_configuration.clone().unwrap_or_default();
    check_configuration(&configuration, input.mock.is_some())?;
    let items = found.state.get("ItemReader").map(|reader| reader::items(reader, &configuration));
    let items = items.transpose().map_err(invalid)?;
    let given = given(&input, &configuration, &found, state, &data, items.as_ref())?;
    let failed_iterations = count(configuration.map_iteration_failure_count);
    let mock = match input.mock {
        None => None,
        Some(mock) => {
            let answer = mock::read(mock, &found, state).map_err(invalid)?;
            let no_task = answer.is_err() && blames_no_task(&configuration, &found, state)?;
            Some(Mock { answer, failed_iterations, no_task })
        }
    };
    let start = start(Place::of(context), input.role_arn.as_deref(), data.clone());
    let trial = Trial::new(definition.clone(), id, given);
    let trial = service.engine().try_state(trial, start, mock).await.map_err(express::refused)?;

    let seen = trial.seen();
    if seen.items.is_some_and(|items| failed_iterations > items) {
        let message =
            "Map iteration failure count must be less than or equal to the number of Map iterations";
        return Err(invalid(message).into());
    }
    let verdict = trial.verdict().ok_or_else(|| Fault::internal(None))?;
    let level = input.inspection_level.unwrap_or(InspectionLevel::Info);
    let inspection = (level != InspectionLevel::Info).then(|| InspectionData {
        after_items_pointer: items.and_then(|items| items.pointed).map(|items| items.text().to_owned()),
        ..inspection::data(state, &data, &seen, trial.variables())
    });
    Ok(TestStateOutput { inspection_data: inspection, ..shown(verdict) })
}

/// Rules across members that need no look into the definition.
fn check_members(input: &TestStateInput) -> Result<(), ValidationException> {
    let Some(mock) = &input.mock else {
        return match &input.context {
            // That it is refused is documented; the words are those for other members.
            Some(_) => Err(invalid("TestState does not support Context when a mock is not specified.")),
            None => Ok(()),
        };
    };
    if mock.result.is_some() == mock.error_output.is_some() {
        let message = "A test mock should have only one of the following fields: [result, errorOutput].";
        return Err(invalid(message));
    }
    if input.reveal_secrets == Some(true) {
        return Err(invalid("TestState does not support RevealSecrets when a mock is specified."));
    }
    Ok(())
}

/// The definition with the state in it.
fn definition(input: &TestStateInput) -> Result<Arc<Definition>, InvalidDefinition> {
    let parsed = match input.state_name {
        Some(_) => asl::parse_for_trial(&input.definition),
        None => asl::parse_state(&input.definition),
    };
    let message = || diagnostic::invalid_definition_message(&parsed.diagnostics);
    parsed.definition.clone().ok_or_else(|| InvalidDefinition::new(message()))
}

/// The state as the document has it.
struct Found<'a> {
    state: &'a Value,
    /// Whether the iterations of a Map go through it.
    in_map: bool,
}

impl<'a> Found<'a> {
    /// Finds a state of this name at any depth, or takes the document for the state.
    fn find(document: &'a Value, name: Option<&str>) -> Result<Found<'a>, ValidationException> {
        match name {
            None => Ok(Found { state: document, in_map: false }),
            Some(name) => Found::among(vec![(document, false)], name).ok_or_else(not_found),
        }
    }

    /// A state within this one, at any depth.
    fn within(&self, name: &str) -> Option<Found<'a>> {
        Found::among(blocks(self.state, self.in_map).collect(), name)
    }

    /// A state of one of these blocks, or of those within; with each block, whether it is in a Map.
    fn among(mut open: Vec<(&'a Value, bool)>, name: &str) -> Option<Found<'a>> {
        while let Some((block, in_map)) = open.pop() {
            let states = block.get("States").and_then(Value::as_object);
            for (own, state) in states.into_iter().flatten() {
                if **own == *name {
                    return Some(Found { state, in_map });
                }
                open.extend(blocks(state, in_map));
            }
        }
        None
    }
}

/// The branches of a Parallel, the processor of a Map.
fn blocks(state: &Value, in_map: bool) -> impl Iterator<Item = (&Value, bool)> {
    let branches = state.get("Branches").and_then(Value::as_array).unwrap_or_default();
    let processors = ["ItemProcessor", "Iterator"].into_iter().filter_map(|name| state.get(name));
    branches.iter().map(move |branch| (branch, in_map)).chain(processors.map(|processor| (processor, true)))
}

fn not_found() -> ValidationException {
    invalid("State not found in definition")
}

/// Whether the state can be tested as it is asked for: with a mock or without.
fn check_kind(input: &TestStateInput, state: &State) -> Result<(), TestStateError> {
    if input.mock.is_some() {
        if mock::can_stand_for(&state.kind) {
            return Ok(());
        }
        let kind = kind(&state.kind);
        return Err(invalid(format!("State type '{kind}' is not supported when a mock is specified")).into());
    }
    let refused = |message: &str| Err(InvalidDefinition::new(message).into());
    match &state.kind {
        Kind::Map(_) | Kind::Parallel(_) => refused(
            "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, \
             Pass, Succeed, Fail, Choice]",
        ),
        Kind::Task(task) => match &task.resource {
            // That it is refused is documented; the words are those for the patterns.
            Resource::Activity { .. } => refused("TestState API does not support Activity tasks."),
            Resource::Service { pattern: Pattern::Sync | Pattern::SyncJson | Pattern::Token, .. } => {
                refused("TestState API does not support '.sync' or '.waitForTaskToken' integration patterns.")
            }
            _ if input.role_arn.is_none() => {
                Err(invalid("RoleArn must be specified when testing a Task state").into())
            }
            resource => asl::runs(resource).or_else(|message| refused(&message)),
        },
        Kind::Pass(_) | Kind::Choice(_) | Kind::Wait(_) | Kind::Succeed | Kind::Fail(_) => Ok(()),
    }
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Pass(_) => "Pass",
        Kind::Task(_) => "Task",
        Kind::Choice(_) => "Choice",
        Kind::Wait(_) => "Wait",
        Kind::Parallel(_) => "Parallel",
        Kind::Map(_) => "Map",
        Kind::Succeed => "Succeed",
        Kind::Fail(_) => "Fail",
    }
}

fn check_configuration(
    configuration: &TestStateConfiguration,
    is_mocked: bool,
) -> Result<(), ValidationException> {
    if configuration.map_iteration_failure_count.is_some() && !is_mocked {
        let message = "TestState does not support MapIterationFailureCount when a mock is not specified.";
        return Err(invalid(message));
    }
    Ok(())
}

/// Whether a mocked failure is one that `States.TaskFailed` does not name.
///
/// Source: the API reference, which has `errorCausedByState` as the state from which the error of a Map or Parallel
/// originates; the guide asks for it where `States.TaskFailed` is to take the error. So that name takes what a Task
/// within the block has caused, and nothing where no state is blamed. A name that is not within the block is
/// refused: who misspells it would test something else than he thinks.
fn blames_no_task(
    configuration: &TestStateConfiguration,
    found: &Found<'_>,
    state: &State,
) -> Result<bool, ValidationException> {
    if !matches!(state.kind, Kind::Map(_) | Kind::Parallel(_)) {
        return Ok(false);
    }
    let Some(name) = configuration.error_caused_by_state.as_deref() else { return Ok(true) };
    let blamed = found.within(name).ok_or_else(not_found)?;
    Ok(blamed.state.get("Type").and_then(Value::as_str) != Some("Task"))
}

/// What the state is tried with.
fn given(
    input: &TestStateInput,
    configuration: &TestStateConfiguration,
    found: &Found<'_>,
    state: &State,
    data: &Payload,
    items: Option<&Items>,
) -> Result<Given, ValidationException> {
    let context = input.context.as_deref().map(|text| context::read(text, state).map_err(invalid));
    Ok(Given {
        variables: variables(input.variables.as_deref())?,
        context: context.transpose()?,
        item: found.in_map.then(|| data.value().clone()),
        retries: count(configuration.retrier_retry_count),
        items: items.map(|items| items.items.clone()),
    })
}

/// The variables given. The words for what is no object were not recorded.
fn variables(text: Option<&str>) -> Result<Variables, ValidationException> {
    let no_object = || invalid("Variables must be a valid JSON object");
    let Some(text) = text else { return Ok(Variables::new()) };
    let variables = Payload::parse(text).map_err(|_| no_object())?;
    let members = variables.value().as_object().ok_or_else(no_object)?;
    Ok(members.iter().map(|(name, value)| (name.clone(), Payload::from_value(value.clone()))).collect())
}

fn count(number: Option<i32>) -> u32 {
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

/// The start of the execution that the state belongs to: one of a machine of its own.
fn start(place: Place<'_>, role: Option<&str>, input: Payload) -> Box<Start> {
    let (name, machine) = (random_name(), random_name());
    Box::new(Start {
        arn: place.test(&machine, &name).into(),
        name: name.into(),
        machine_arn: place.state_machine(&machine).into(),
        machine_name: machine.into(),
        revision: "".into(),
        version_arn: None,
        alias_arn: None,
        role_arn: role.unwrap_or_default().into(),
        trace_header: None,
        input,
    })
}

/// The outcome as the answer shows it.
fn shown(verdict: Verdict) -> TestStateOutput {
    let (status, failure, output, next) = match verdict {
        Verdict::Succeeded { output, next } => (TestExecutionStatus::Succeeded, None, Some(output), next),
        Verdict::Caught { failure, output, next } => {
            (TestExecutionStatus::CaughtError, Some(failure), Some(output), next)
        }
        Verdict::Retriable(failure) => (TestExecutionStatus::Retriable, Some(failure), None, None),
        Verdict::Failed(failure) => (TestExecutionStatus::Failed, Some(failure), None, None),
    };
    TestStateOutput {
        output: output.map(|output| output.text().to_owned()),
        error: failure.as_ref().and_then(|failure| text(&failure.error)),
        cause: failure.as_ref().and_then(|failure| text(&failure.cause)),
        next_state: text(&next),
        status: Some(status),
        ..TestStateOutput::default()
    }
}
