//! Executions: started, stopped, described, listed; their histories.
//!
//! Starting and stopping are the engine's; everything else reads rows. What a description shows is in the
//! first and the last step of an execution, so none is replayed for it.

use std::sync::Arc;

use gradus_api::enums::{ExecutionRedriveStatus, ExecutionStatus, IncludedData, StateMachineType};
use gradus_api::errors::{
    DescribeExecutionError, DescribeStateMachineForExecutionError, ExecutionAlreadyExists,
    ExecutionDoesNotExist, ExecutionNotRedrivable, GetExecutionHistoryError, InvalidExecutionInput,
    InvalidName, ListExecutionsError, RedriveExecutionError, StartExecutionError,
    StateMachineTypeNotSupported, StopExecutionError, ValidationException,
};
use gradus_api::http::{Fault, RequestContext};
use gradus_api::shapes::{
    CloudWatchEventsExecutionDataDetails as DataDetails, DescribeExecutionInput, DescribeExecutionOutput,
    DescribeStateMachineForExecutionInput, DescribeStateMachineForExecutionOutput, ExecutionListItem,
    GetExecutionHistoryInput, GetExecutionHistoryOutput, ListExecutionsInput, ListExecutionsOutput,
    RedriveExecutionInput, RedriveExecutionOutput, StartExecutionInput, StartExecutionOutput,
    StopExecutionInput, StopExecutionOutput,
};
use gradus_api::timestamp::Timestamp as Date;
use gradus_core::json::Payload;
use gradus_core::machine::codec::{self, StepFacts};
use gradus_core::machine::timestamp::Millis;
use gradus_core::machine::{self, Fact, Failure, Reply, Standing, Start, Timestamp, redrive};
use uuid::Uuid;

use super::arn::{self, Place};
use super::qualified::{self, Named, Part};
use super::{Service, configuration, date, express, fault, history, invalid, name, page, state_machine, tag};
use crate::engine::{Signalled, find_named};
use crate::store::catalog::{self, Compiled, Machine};
use crate::store::layout::{self, ExecutionId, Listed, MachineId, Status};
use crate::store::{Error, Range, Store, Table};

/// StartExecution: of the current revision, of a version, or of one that an alias picks.
pub(super) async fn start<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: StartExecutionInput,
) -> Result<StartExecutionOutput, StartExecutionError> {
    let arn = input.state_machine_arn;
    let (place, named) = arn::state_machine(&arn)?;
    state_machine::check_unlabelled(&named)?;
    let found = qualified::find(service, context, place, &named)?;
    let found = found.ok_or_else(|| {
        state_machine::absent::<_, StartExecutionError>(service, context, place, &named, &arn)
    })?;
    let asked = Asked { name: input.name, input: input.input, trace_header: input.trace_header };
    let prepared = prepare::<S, StartExecutionError>(service, context, place, &found, asked)?;
    if is_express(&found.machine) {
        return express::start(service, prepared);
    }
    let Prepared { start, compiled } = prepared;
    let execution_arn = start.arn.to_string();
    match service.engine().start_execution(start, compiled).await.map_err(fault)? {
        Ok(started) => Ok(StartExecutionOutput { execution_arn, start_date: date(started.at) }),
        Err(_taken) => {
            Err(ExecutionAlreadyExists::new(format!("Execution Already Exists: '{execution_arn}'")).into())
        }
    }
}

/// What a start says besides the machine.
pub(super) struct Asked {
    pub(super) name: Option<String>,
    pub(super) input: Option<String>,
    pub(super) trace_header: Option<String>,
}

/// A start that is ready to be made.
pub(super) struct Prepared {
    pub(super) start: Box<Start>,
    pub(super) compiled: Arc<Compiled>,
}

/// Checks the content of a start of a machine that is there, and makes it ready.
pub(super) fn prepare<S: Store, E>(
    service: &Service<S>,
    context: &RequestContext,
    place: Place<'_>,
    found: &Named,
    asked: Asked,
) -> Result<Prepared, E>
where
    E: From<InvalidName> + From<InvalidExecutionInput> + From<Fault>,
{
    let machine = &found.machine;
    if let Some(name) = &asked.name {
        name::check(name)?;
    }
    let input = asked.input.as_deref().map_or_else(|| Ok(Payload::empty_object()), read_input)?;
    let name = asked.name.unwrap_or_else(random_name);
    let arn = match is_express(machine) {
        true => place.express(&machine.name, &name, &random_name()),
        false => place.execution(&machine.name, &name),
    };
    let Chosen { revision, version, alias } = choose(found, || service.engine().draw())?;
    let revision = catalog::revision_key(machine.id, revision);
    let compiled = state_machine::revision(service.catalog(), &revision)?;
    let start = Start {
        arn: arn.into(),
        name: name.into(),
        machine_arn: machine.arn.clone(),
        machine_name: machine.name.clone(),
        revision: revision.into(),
        version_arn: version.map(|number| qualified::arn(machine, number).into()),
        alias_arn: alias.map(|name| qualified::arn(machine, name).into()),
        role_arn: compiled.revision.role_arn.clone(),
        trace_header: trace_header(context).or(asked.trace_header.as_deref()).map(Into::into),
        input,
    };
    Ok(Prepared { start: Box::new(start), compiled })
}

pub(super) fn random_name() -> String {
    Uuid::new_v4().to_string()
}

/// StopExecution. A closed execution keeps its end, and the answer says when that was.
pub(super) async fn stop<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: StopExecutionInput,
) -> Result<StopExecutionOutput, StopExecutionError> {
    let arn = input.execution_arn;
    let id = find(service, context, arn::execution(&arn)?, &arn)?.ok_or_else(|| missing(&arn))?;
    let failure =
        Failure { error: input.error.map(Into::into), cause: input.cause.map(Into::into), heartbeat: false };
    let Signalled { reply, at } = service.engine().stop_execution(id, failure).await.map_err(fault)?;
    let stopped = match reply {
        Reply::Late => last_step(service.engine().store(), id)?.at,
        Reply::Taken | Reply::TaskStarted { .. } | Reply::Redriven { .. } | Reply::NotRedrivable(_) => at,
    };
    Ok(StopExecutionOutput { stop_date: date(stopped) })
}

/// RedriveExecution: the execution goes on from where it failed, with the definition that it was started
/// with. The words of the refusal are those of `redriveStatusReason`; the service's were not recorded.
pub(super) async fn redrive<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: RedriveExecutionInput,
) -> Result<RedriveExecutionOutput, RedriveExecutionError> {
    let arn = input.execution_arn;
    let id = find(service, context, arn::execution(&arn)?, &arn)?.ok_or_else(|| missing(&arn))?;
    let token = input.client_token.map(Into::into);
    let Signalled { reply, .. } = service.engine().redrive_execution(id, token).await.map_err(fault)?;
    match reply {
        Reply::Redriven { at } => Ok(RedriveExecutionOutput { redrive_date: date(at) }),
        Reply::NotRedrivable(why) => Err(ExecutionNotRedrivable::new(why.to_string()).into()),
        Reply::Taken | Reply::Late | Reply::TaskStarted { .. } => {
            Err(damaged("an execution that cannot be asked for a redrive").into())
        }
    }
}

/// DescribeExecution.
pub(super) async fn describe<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: DescribeExecutionInput,
) -> Result<DescribeExecutionOutput, DescribeExecutionError> {
    let arn = input.execution_arn;
    let place = arn::execution(&arn)?;
    let store = service.engine().store();
    let mut named = find_here(service, context, place, &arn)?.ok_or_else(|| missing(&arn))?;
    // A redrive between two reads would show one half of an execution from before it.
    let last = loop {
        let last = last_step(store, named.execution)?;
        let again = find_here(service, context, place, &arn)?.ok_or_else(|| missing(&arn))?;
        if again == named {
            break last;
        }
        named = again;
    };
    let first = first_step(store, named.execution)?;
    let start = start_of(&first)?;
    let end = End::of(&last);
    let is_deleted = is_deleted(service, start)?;
    let standing = standing(&end, &last, first.at, named.redriven);
    let not_redrivable = redrive::obstacle(standing, is_deleted, service.engine().now());
    let included = input.included_data != Some(IncludedData::MetadataOnly);
    let shown = |text: Option<&str>| text.filter(|_| included).map(str::to_owned);
    let details = || DataDetails { included };
    let redrive_status = match not_redrivable {
        Some(_) => ExecutionRedriveStatus::NotRedrivable,
        None => ExecutionRedriveStatus::Redrivable,
    };
    Ok(DescribeExecutionOutput {
        name: Some(start.name.to_string()),
        stop_date: end.stopped.map(date),
        input: shown(Some(start.input.text())),
        input_details: Some(details()),
        output: shown(end.output.map(Payload::text)),
        output_details: end.output.map(|_| details()),
        trace_header: text(&start.trace_header),
        error: end.failure.and_then(|failure| text(&failure.error)),
        cause: end.failure.and_then(|failure| text(&failure.cause)),
        state_machine_version_arn: text(&start.version_arn),
        state_machine_alias_arn: text(&start.alias_arn),
        redrive_count: Some(named.redriven.map_or(0, |redriven| count(redriven.count))),
        redrive_date: named.redriven.map(|redriven| date(redriven.at)),
        redrive_status: Some(redrive_status),
        redrive_status_reason: not_redrivable.map(|why| why.to_string()),
        ..DescribeExecutionOutput::new(arn, &*start.machine_arn, shown_status(end.status), date(first.at))
    })
}

/// DescribeStateMachineForExecution: the revision that the execution runs.
pub(super) async fn describe_state_machine<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: DescribeStateMachineForExecutionInput,
) -> Result<DescribeStateMachineForExecutionOutput, DescribeStateMachineForExecutionError> {
    let arn = input.execution_arn;
    let id = find(service, context, arn::execution(&arn)?, &arn)?.ok_or_else(|| missing(&arn))?;
    let first = first_step(service.engine().store(), id)?;
    let compiled = state_machine::revision(service.catalog(), &start_of(&first)?.revision)?;
    let revision = &compiled.revision;
    let definition = state_machine::shown_definition(revision, input.included_data.as_ref());
    Ok(DescribeStateMachineForExecutionOutput {
        logging_configuration: Some(configuration::from_row(&revision.logging)?),
        tracing_configuration: Some(configuration::from_row(&revision.tracing)?),
        encryption_configuration: Some(configuration::from_row(&revision.encryption)?),
        revision_id: revision.revision_id.clone(),
        variable_references: state_machine::variable_references(&compiled, input.included_data.as_ref()),
        ..DescribeStateMachineForExecutionOutput::new(
            &*revision.machine_arn,
            &*revision.machine_name,
            definition,
            &*revision.role_arn,
            Date::from_millis(revision.updated),
        )
    })
}

/// ListExecutions, the most recent first: running ones by their start, closed ones by their stop.
pub(super) async fn list<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: ListExecutionsInput,
) -> Result<ListExecutionsOutput, ListExecutionsError> {
    let arn = match (input.state_machine_arn, input.map_run_arn) {
        (Some(arn), None) => arn,
        (None, Some(arn)) => {
            arn::map_run(&arn)?;
            return Err(tag::not_found(&arn).into());
        }
        _ => return Err(invalid("Exactly one of stateMachineArn and mapRunArn must be given").into()),
    };
    let (place, named) = arn::state_machine(&arn)?;
    let statuses = asked_for(input.status_filter.as_ref())?;
    if input.redrive_filter.is_some() {
        return Err(invalid("redriveFilter can only be given with mapRunArn").into());
    }
    let found = match qualified::find(service, context, place, &named)? {
        Some(found) => Some(found),
        // The executions that keep it from being gone.
        None if named.is_unqualified() => state_machine::find_deleting(service, context, place, &named)?
            .map(|machine| Named { machine, part: Part::Whole }),
        None => None,
    };
    let found = found.ok_or_else(|| state_machine::missing(&arn))?;
    let machine = &found.machine;
    if is_express(machine) {
        return Err(wrong_type().into());
    }
    let filter = input.status_filter.as_ref().map_or("", ExecutionStatus::as_str);
    let list = page::List { operation: "ListExecutions", arguments: &[&arn, filter] };
    let position = service.position::<ListExecutionsError>(list, input.next_token.as_deref()).await?;
    let size = page::size(input.max_results);
    let rows = newest(service.engine().store(), list_of(&found), statuses, position.as_deref(), size + 1)?;
    let (rows, last) = page::cut(rows, size);
    Ok(ListExecutionsOutput {
        next_token: service.next_token(list, last.map(|last| last.position())).await?,
        executions: rows.iter().map(|row| row.item(place, machine)).collect(),
    })
}

/// GetExecutionHistory.
pub(super) async fn history<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: GetExecutionHistoryInput,
) -> Result<GetExecutionHistoryOutput, GetExecutionHistoryError> {
    let arn = input.execution_arn;
    let id = find(service, context, arn::execution(&arn)?, &arn)?.ok_or_else(|| missing(&arn))?;
    let reverse = input.reverse_order.unwrap_or_default();
    let with_data = input.include_execution_data.unwrap_or(true);
    let flag = |set: bool| if set { "1" } else { "0" };
    let list =
        page::List { operation: "GetExecutionHistory", arguments: &[&arn, flag(reverse), flag(with_data)] };
    let position = service.position::<GetExecutionHistoryError>(list, input.next_token.as_deref()).await?;
    let from =
        position.map(|position| history::Position::read(&position).ok_or_else(page::invalid)).transpose()?;
    let wanted = history::Page { from, reverse, with_data, size: page::size(input.max_results) };
    let (events, next) = history::read(service.engine().store(), id, wanted).map_err(fault)?;
    Ok(GetExecutionHistoryOutput {
        events,
        next_token: service.next_token(list, next.map(|position| position.to_bytes())).await?,
    })
}

/// The execution of an ARN, if it is here.
pub(super) fn find<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    place: Place<'_>,
    arn: &str,
) -> Result<Option<ExecutionId>, Fault> {
    Ok(find_here(service, context, place, arn)?.map(|named| named.execution))
}

fn find_here<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    place: Place<'_>,
    arn: &str,
) -> Result<Option<layout::Named>, Fault> {
    if place != Place::of(context) {
        return Ok(None);
    }
    find_named(service.engine().store(), arn).map_err(fault)
}

/// There is no such execution.
pub(super) fn missing(arn: &str) -> ExecutionDoesNotExist {
    ExecutionDoesNotExist::new(format!("Execution Does Not Exist: '{arn}'"))
}

/// What a start runs, and how it was named.
struct Chosen<'a> {
    /// Number of the revision.
    revision: u64,
    version: Option<u64>,
    alias: Option<&'a str>,
}

/// What a start of a state machine runs; of an alias what a number at random says.
fn choose(found: &Named, draw: impl FnOnce() -> u64) -> Result<Chosen<'_>, Fault> {
    Ok(match &found.part {
        Part::Whole => Chosen { revision: found.machine.revision, version: None, alias: None },
        Part::Version(version) => {
            Chosen { revision: version.revision, version: Some(version.number), alias: None }
        }
        Part::Alias(alias) => {
            let route = alias.pick(draw()).ok_or_else(|| damaged("the weights of an alias"))?;
            Chosen { revision: route.revision, version: Some(route.version), alias: Some(&alias.name) }
        }
    })
}

/// The list of the executions of a state machine, a version or an alias.
fn list_of(found: &Named) -> MachineId {
    let machine = found.machine.id;
    match &found.part {
        Part::Whole => machine,
        Part::Version(version) => layout::qualified_list(machine, &version.number.to_string()),
        Part::Alias(alias) => layout::qualified_list(machine, &alias.name),
    }
}

pub(super) fn is_express(machine: &Machine) -> bool {
    machine.kind == StateMachineType::Express.as_str()
}

/// The machine is of the type that the operation does not take.
pub(super) fn wrong_type() -> StateMachineTypeNotSupported {
    StateMachineTypeNotSupported::new("This operation is not supported by this type of state machine")
}

pub(super) fn text(text: &Option<Arc<str>>) -> Option<String> {
    text.as_deref().map(str::to_owned)
}

/// The input of an execution, kept verbatim. Source of the texts: the service, recorded.
pub(crate) fn read_input(text: &str) -> Result<Payload, InvalidExecutionInput> {
    let invalid =
        |why: &str| InvalidExecutionInput::new(format!("Invalid State Machine Execution Input: '{why}'"));
    if text.is_empty() {
        return Err(invalid("Invalid execution input."));
    }
    Payload::parse(text).map_err(|error| invalid(error.message()))
}

/// The trace header of the request, which wins over its member; nothing that the member could not be.
fn trace_header(context: &RequestContext) -> Option<&str> {
    const MAX_LENGTH: usize = 256;
    let header = context.headers.get("x-amzn-trace-id")?.to_str().ok()?;
    (header.len() <= MAX_LENGTH).then_some(header)
}

/// The first step of an execution: its start, and all that happened at once.
fn first_step(store: &impl Store, id: ExecutionId) -> Result<StepFacts, Fault> {
    one_step(store, layout::facts_from(id, 0))
}

/// The last step of an execution: if it is over, its end.
fn last_step(store: &impl Store, id: ExecutionId) -> Result<StepFacts, Fault> {
    one_step(store, layout::facts_from(id, 0).reverse())
}

fn one_step(store: &impl Store, rows: Range) -> Result<StepFacts, Fault> {
    let rows = store.range(rows.limit(1)).map_err(fault)?;
    let (_, row) = rows.first().ok_or_else(|| damaged("an execution without facts"))?;
    codec::decode(row).map_err(|error| fault(Error::Damaged(error.to_string())))
}

fn start_of(first: &StepFacts) -> Result<&Start, Fault> {
    match first.entries.first().map(|entry| &entry.fact) {
        Some(Fact::ExecutionStarted { start }) => Ok(start),
        _ => Err(damaged("an execution does not begin with its start")),
    }
}

fn damaged(what: &str) -> Fault {
    fault(Error::Damaged(what.to_owned()))
}

/// Whether the state machine of an execution has been deleted; one of the same name is another.
fn is_deleted<S: Store>(service: &Service<S>, start: &Start) -> Result<bool, Fault> {
    let machine = service.catalog().machine(&start.machine_arn).map_err(fault)?;
    let Some(machine) = machine else { return Ok(true) };
    // Keys of revisions begin with the id of their state machine.
    let current = catalog::revision_key(machine.id, machine.revision);
    Ok(current.split('/').next() != start.revision.split('/').next())
}

/// How an execution stands.
struct End<'a> {
    status: Status,
    stopped: Option<Timestamp>,
    output: Option<&'a Payload>,
    /// The failure that is shown; that of a time-out is not. Source: the service, recorded.
    failure: Option<&'a Failure>,
}

impl<'a> End<'a> {
    fn of(last: &'a StepFacts) -> End<'a> {
        let end = last.entries.iter().map(|entry| &entry.fact).find(|fact| fact.is_end());
        let (status, output, failure) = match end {
            Some(Fact::ExecutionSucceeded { output }) => (Status::Succeeded, Some(output), None),
            Some(Fact::ExecutionFailed { failure }) => (Status::Failed, None, Some(failure)),
            Some(Fact::ExecutionAborted { failure }) => (Status::Aborted, None, Some(failure)),
            Some(Fact::ExecutionTimedOut { .. }) => (Status::TimedOut, None, None),
            _ => (Status::Running, None, None),
        };
        End { status, stopped: end.map(|_| last.at), output, failure }
    }
}

/// The same, as far as a redrive depends on it.
fn standing(
    end: &End<'_>,
    last: &StepFacts,
    started: Timestamp,
    redriven: Option<machine::Redriven>,
) -> Standing {
    match end.status {
        Status::Running => Standing::Running,
        Status::Succeeded => Standing::Succeeded,
        Status::Failed | Status::TimedOut | Status::Aborted => {
            let (opened, before) =
                redriven.map_or((started, Millis(0)), |redriven| (redriven.at, redriven.open_before));
            let open = Millis(before.0.saturating_add(last.at.since(opened).0));
            let events = (last.first_event.0 + last.events()).saturating_sub(1);
            Standing::Unsuccessful { stopped: last.at, events, open }
        }
    }
}

/// No execution has room in its history for more redrives than fit.
fn count(redrives: u32) -> i32 {
    i32::try_from(redrives).unwrap_or(i32::MAX)
}

fn shown_status(status: Status) -> ExecutionStatus {
    match status {
        Status::Running => ExecutionStatus::Running,
        Status::Succeeded => ExecutionStatus::Succeeded,
        Status::Failed => ExecutionStatus::Failed,
        Status::TimedOut => ExecutionStatus::TimedOut,
        Status::Aborted => ExecutionStatus::Aborted,
    }
}

/// The statuses that a filter lets through.
fn asked_for(filter: Option<&ExecutionStatus>) -> Result<Vec<Status>, ValidationException> {
    if filter == Some(&ExecutionStatus::PendingRedrive) {
        return Err(invalid("The status PENDING_REDRIVE can only be asked for with mapRunArn"));
    }
    let passes = |status: &Status| filter.is_none_or(|filter| shown_status(*status) == *filter);
    Ok(Status::ALL.into_iter().filter(passes).collect())
}

/// A row of the list of executions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row(Listed);

impl Row {
    /// Where it stands in the list, whatever its status. Lower is older.
    fn order(&self) -> (Timestamp, ExecutionId) {
        (self.0.sorted_by, self.0.execution)
    }

    fn position(&self) -> Vec<u8> {
        [&self.0.sorted_by.as_millis().to_be_bytes()[..], &self.0.execution.0].concat()
    }

    fn item(&self, place: Place<'_>, machine: &Machine) -> ExecutionListItem {
        let Listed { status, name, started, version, alias, .. } = &self.0;
        let qualified =
            |qualifier: &Option<Arc<str>>| qualifier.as_ref().map(|name| qualified::arn(machine, name));
        let arn = place.execution(&machine.name, name);
        ExecutionListItem {
            stop_date: self.0.stopped().map(date),
            redrive_count: Some(count(self.0.redrives)),
            redrive_date: self.0.redriven.map(date),
            state_machine_version_arn: qualified(version),
            state_machine_alias_arn: qualified(alias),
            ..ExecutionListItem::new(arn, &*machine.arn, &**name, shown_status(*status), date(*started))
        }
    }
}

/// At most `limit` executions of a list with these statuses, the newest first, older than a position.
fn newest(
    store: &impl Store,
    list: MachineId,
    statuses: Vec<Status>,
    position: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Row>, Fault> {
    let before = position
        .map(|position| read_position(position).ok_or_else(|| damaged("a page token")))
        .transpose()?;
    let mut found = Vec::new();
    for status in statuses {
        let mut range = Range::prefix(Table::Listing, &layout::listing_prefix(list, status)).reverse();
        if let Some((sorted_by, execution)) = before {
            range.to = std::ops::Bound::Excluded(layout::listing_key(list, status, sorted_by, execution));
        }
        let rows = store.range(range.limit(limit)).map_err(fault)?;
        for (key, value) in rows {
            let listed =
                Listed::read(&key, &value).ok_or_else(|| damaged("a row of the list of executions"))?;
            found.push(Row(listed));
        }
    }
    found.sort_unstable_by_key(|row| std::cmp::Reverse(row.order()));
    // Running ones are read first: one that closes meanwhile may come twice, and its end counts.
    drop_outdated(&mut found);
    found.truncate(limit);
    Ok(found)
}

/// Drops the running row of executions that have a closed one, too.
fn drop_outdated(rows: &mut Vec<Row>) {
    let is_closed = |row: &Row| row.0.stopped().is_some();
    let closed: std::collections::HashSet<ExecutionId> =
        rows.iter().filter(|row| is_closed(row)).map(|row| row.0.execution).collect();
    rows.retain(|row| is_closed(row) || !closed.contains(&row.0.execution));
}

fn read_position(position: &[u8]) -> Option<(Timestamp, ExecutionId)> {
    let (sorted_by, execution) = position.split_first_chunk()?;
    Some((Timestamp::from_millis(i64::from_be_bytes(*sorted_by)), ExecutionId(execution.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::layout::MachineId;

    fn row(execution: u8, status: Status, sorted_by: i64) -> Row {
        Row(Listed {
            machine: MachineId(1),
            status,
            sorted_by: Timestamp::from_millis(sorted_by),
            execution: ExecutionId([execution; 16]),
            name: "e".into(),
            started: Timestamp::from_millis(0),
            version: None,
            alias: None,
            redrives: 0,
            redriven: None,
        })
    }

    #[test]
    fn an_execution_that_closes_between_two_reads_is_listed_once() {
        let (closed, running) = (row(1, Status::Failed, 9), row(1, Status::Running, 5));
        let other = row(2, Status::Running, 7);
        let mut rows = vec![closed.clone(), other.clone(), running];
        drop_outdated(&mut rows);
        assert_eq!(rows, [closed, other]);
    }

    #[test]
    fn positions() {
        let row = row(7, Status::Running, -5);
        assert_eq!(read_position(&row.position()), Some(row.order()));
        for bytes in [&[][..], &[0; 8], &[0; 23], &[0; 25]] {
            assert_eq!(read_position(bytes), None);
        }
    }
}
