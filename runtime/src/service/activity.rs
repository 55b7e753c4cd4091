//! Activities, and the tasks that their workers take and answer.

use std::sync::Arc;

use gradus_api::errors::{
    ActivityAlreadyExists, ActivityDoesNotExist, ActivityWorkerLimitExceeded, CreateActivityError,
    DeleteActivityError, DescribeActivityError, GetActivityTaskError, InvalidOutput, InvalidToken,
    ListActivitiesError, SendTaskFailureError, SendTaskHeartbeatError, SendTaskSuccessError, TaskTimedOut,
};
use gradus_api::http::{Fault, RequestContext};
use gradus_api::shapes::{
    ActivityListItem, CreateActivityInput, CreateActivityOutput, DeleteActivityInput, DeleteActivityOutput,
    DescribeActivityInput, DescribeActivityOutput, GetActivityTaskInput, GetActivityTaskOutput,
    ListActivitiesInput, ListActivitiesOutput, SendTaskFailureInput, SendTaskFailureOutput,
    SendTaskHeartbeatInput, SendTaskHeartbeatOutput, SendTaskSuccessInput, SendTaskSuccessOutput,
};
use gradus_api::timestamp::Timestamp as Date;
use gradus_core::json::Payload;
use gradus_core::machine::codec::StepFacts;
use gradus_core::machine::{Fact, Failure, Start};

use super::arn::{self, Place};
use super::{Service, configuration, fault, history, name, page, tag};
use crate::engine::{AnswerError, PollActivityError};
use crate::store::catalog::{self, Activity, Kind};
use crate::store::{Error, Store};
use crate::tasks::activity::PollError;

/// CreateActivity. Idempotent by name: tags of a repeated request are ignored.
pub(super) async fn create<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: CreateActivityInput,
) -> Result<CreateActivityOutput, CreateActivityError> {
    name::check(&input.name)?;
    let encryption = configuration::to_row(&configuration::encryption(input.encryption_configuration)?)?;
    let tags = tag::from_list(input.tags.unwrap_or_default())?;
    let activity_arn = Place::of(context).activity(&input.name);
    let arn: Arc<str> = activity_arn.as_str().into();
    let created = service.transact(&activity_arn, move |catalog, now| {
        if let Some(existing) = catalog.activity(&arn).map_err(fault)? {
            if existing.encryption != encryption {
                return Err(ActivityAlreadyExists::new(format!("Activity Already Exists: '{arn}'")).into());
            }
            return Ok((Vec::new(), existing.created));
        }
        tag::check_count(&arn, &tags)?;
        let created = now.as_millis();
        let activity = Activity { name: input.name.into(), arn, created, encryption };
        let mut rows = vec![catalog::put(Kind::Activity, &activity.arn, &activity).map_err(fault)?];
        if !tags.is_empty() {
            rows.push(catalog::put(Kind::Tags, &activity.arn, &tags).map_err(fault)?);
        }
        Ok::<_, CreateActivityError>((rows, created))
    });
    Ok(CreateActivityOutput { creation_date: Date::from_millis(created.await?), activity_arn })
}

/// DeleteActivity. Tasks that it has go on until they time out.
pub(super) async fn delete<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: DeleteActivityInput,
) -> Result<DeleteActivityOutput, DeleteActivityError> {
    let arn = input.activity_arn;
    if find(service, context, arn::activity(&arn)?, &arn)?.is_some() {
        let rows = vec![catalog::delete(Kind::Activity, &arn), catalog::delete(Kind::Tags, &arn)];
        service.transact(&arn, |_, _| Ok::<_, Fault>((rows, ()))).await?;
    }
    Ok(DeleteActivityOutput {})
}

/// DescribeActivity.
pub(super) async fn describe<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: DescribeActivityInput,
) -> Result<DescribeActivityOutput, DescribeActivityError> {
    let arn = input.activity_arn;
    let activity = find(service, context, arn::activity(&arn)?, &arn)?.ok_or_else(|| missing(&arn))?;
    let created = Date::from_millis(activity.created);
    Ok(DescribeActivityOutput {
        encryption_configuration: Some(configuration::from_row(&activity.encryption)?),
        ..DescribeActivityOutput::new(arn, &*activity.name, created)
    })
}

/// ListActivities, by name.
pub(super) async fn list<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: ListActivitiesInput,
) -> Result<ListActivitiesOutput, ListActivitiesError> {
    let list = page::List { operation: "ListActivities", arguments: &[&context.region, &context.account] };
    let position = service.position::<ListActivitiesError>(list, input.next_token.as_deref()).await?;
    let prefix = Place::of(context).activity("");
    let after = position.as_deref().map(|name| page::after(&prefix, name)).transpose()?;
    let size = page::size(input.max_results);
    let rows = service
        .catalog()
        .list::<Activity>(Kind::Activity, &prefix, after.as_deref(), size + 1)
        .map_err(fault)?;
    let (rows, last) = page::cut(rows, size);
    let position = last.map(|activity| activity.name.as_bytes().to_vec());
    Ok(ListActivitiesOutput {
        next_token: service.next_token(list, position).await?,
        activities: rows.iter().map(listed).collect(),
    })
}

/// GetActivityTask: waits for a task; without one, neither token nor input come back.
pub(super) async fn get_task<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: GetActivityTaskInput,
) -> Result<GetActivityTaskOutput, GetActivityTaskError> {
    let arn = input.activity_arn;
    find(service, context, arn::activity(&arn)?, &arn)?.ok_or_else(|| missing(&arn))?;
    let worker = input.worker_name.map(Into::into);
    let polled = service.engine().poll_activity(&arn, worker, service.0.options.poll_patience).await;
    let Some(task) = polled.map_err(not_polled)? else { return Ok(GetActivityTaskOutput::default()) };
    Ok(GetActivityTaskOutput { task_token: Some(task.token), input: Some(task.input.text().to_owned()) })
}

/// SendTaskSuccess. A token that is none of ours is told before an output that is no JSON.
pub(super) async fn succeed_task<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: SendTaskSuccessInput,
) -> Result<SendTaskSuccessOutput, SendTaskSuccessError> {
    task::<_, SendTaskSuccessError>(service, context, &input.task_token)?;
    let output = Payload::parse(&input.output)
        .map_err(|error| InvalidOutput::new(format!("Invalid Output: '{}'", error.message())))?;
    let answer = service.engine().task_succeeded(&input.task_token, output).await;
    answered::<_, SendTaskSuccessError>(service, &input.task_token, answer)?;
    Ok(SendTaskSuccessOutput {})
}

/// SendTaskFailure.
pub(super) async fn fail_task<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: SendTaskFailureInput,
) -> Result<SendTaskFailureOutput, SendTaskFailureError> {
    task::<_, SendTaskFailureError>(service, context, &input.task_token)?;
    let failure =
        Failure { error: input.error.map(Into::into), cause: input.cause.map(Into::into), heartbeat: false };
    let answer = service.engine().task_failed(&input.task_token, failure).await;
    answered::<_, SendTaskFailureError>(service, &input.task_token, answer)?;
    Ok(SendTaskFailureOutput {})
}

/// SendTaskHeartbeat.
pub(super) async fn heartbeat<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: SendTaskHeartbeatInput,
) -> Result<SendTaskHeartbeatOutput, SendTaskHeartbeatError> {
    task::<_, SendTaskHeartbeatError>(service, context, &input.task_token)?;
    let answer = service.engine().task_heartbeat(&input.task_token).await;
    answered::<_, SendTaskHeartbeatError>(service, &input.task_token, answer)?;
    Ok(SendTaskHeartbeatOutput {})
}

/// How the execution started whose task a token stands for; `None` if it is gone. A token of another account
/// or region is none.
pub(super) fn task<S: Store, E: From<InvalidToken> + From<Fault>>(
    service: &Service<S>,
    context: &RequestContext,
    token: &str,
) -> Result<Option<Start>, E> {
    let attempt = service.engine().read_token(token).ok_or_else(page::invalid)?;
    let start = service.engine().start_of(attempt.execution).map_err(fault)?;
    if start.as_ref().is_some_and(|start| Place::in_arn(&start.arn) != Some(Place::of(context))) {
        return Err(page::invalid().into());
    }
    Ok(start)
}

fn find<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    place: Place<'_>,
    arn: &str,
) -> Result<Option<Arc<Activity>>, Fault> {
    if place != Place::of(context) {
        return Ok(None);
    }
    service.catalog().activity(arn).map_err(fault)
}

fn missing(arn: &str) -> ActivityDoesNotExist {
    ActivityDoesNotExist::new(format!("Activity Does Not Exist: '{arn}'"))
}

fn listed(activity: &Activity) -> ActivityListItem {
    ActivityListItem {
        activity_arn: activity.arn.to_string(),
        name: activity.name.to_string(),
        creation_date: Date::from_millis(activity.created),
    }
}

fn not_polled(error: PollActivityError) -> GetActivityTaskError {
    match error {
        PollActivityError::Poll(PollError::TooManyPollers) => ActivityWorkerLimitExceeded::new(
            "The maximum number of workers concurrently polling for activity tasks has been reached.",
        )
        .into(),
        PollActivityError::Poll(PollError::Store(error)) => fault(error).into(),
        PollActivityError::Unavailable(error) => fault(error).into(),
    }
}

/// What became of a worker's answer. Source of the texts: the service, recorded; who is late with a task of an
/// activity is told which.
fn answered<S: Store, E>(service: &Service<S>, token: &str, answer: Result<(), AnswerError>) -> Result<(), E>
where
    E: From<InvalidToken> + From<TaskTimedOut> + From<Fault>,
{
    let Err(error) = answer else { return Ok(()) };
    Err(match error {
        AnswerError::InvalidToken => page::invalid().into(),
        AnswerError::Late => {
            let activity = activity_of(service, token).map_err(fault)?;
            let what = activity.as_deref().unwrap_or("Provided task does not exist anymore");
            TaskTimedOut::new(format!("Task Timed Out: '{what}'")).into()
        }
        AnswerError::Unavailable(error) => fault(error).into(),
    })
}

/// The activity that the task of a token was scheduled for, if it was one's and is still known.
fn activity_of<S: Store>(service: &Service<S>, token: &str) -> Result<Option<Arc<str>>, Error> {
    let engine = service.engine();
    let Some(attempt) = engine.read_token(token) else { return Ok(None) };
    let step = history::step_of(engine.store(), attempt.execution, attempt.task)?;
    let mut events = step.iter().flat_map(StepFacts::numbered);
    let scheduled = events.find(|(id, entry)| *id == attempt.task && entry.fact.is_event());
    Ok(scheduled.and_then(|(_, entry)| match &entry.fact {
        Fact::ActivityScheduled { resource, .. } => Some(resource.clone()),
        _ => None,
    }))
}
