//! Versions of state machines: revisions that were published under a number.
//!
//! All changes are transactions of the state machine, so a number is given once and an alias never
//! refers to a version that is being deleted.

use gradus_api::errors::{
    ConflictException, DeleteStateMachineVersionError, ListStateMachineVersionsError,
    PublishStateMachineVersionError, ServiceQuotaExceededException,
};
use gradus_api::http::{Fault, RequestContext};
use gradus_api::shapes::{
    DeleteStateMachineVersionInput, DeleteStateMachineVersionOutput, ListStateMachineVersionsInput,
    ListStateMachineVersionsOutput, PublishStateMachineVersionInput, PublishStateMachineVersionOutput,
    StateMachineVersionListItem,
};
use gradus_api::timestamp::Timestamp as Date;
use gradus_core::machine::Timestamp;

use super::arn::{self, Place};
use super::{Service, fault, page, qualified, state_machine};
use crate::store::catalog::{self, Alias, Catalog, Kind, Machine, Version};
use crate::store::{Op, Store};

/// The most versions of a state machine. Source: the API reference.
const MAX_VERSIONS: usize = 1000;

/// PublishStateMachineVersion. A revision that has a version gets no other one.
pub(super) async fn publish<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: PublishStateMachineVersionInput,
) -> Result<PublishStateMachineVersionOutput, PublishStateMachineVersionError> {
    let arn = input.state_machine_arn;
    let (place, named) = arn::state_machine(&arn)?;
    state_machine::check_unlabelled(&named)?;
    let found = state_machine::find(service, context, place, &named, &arn)?;
    let machine = found.ok_or_else(|| {
        state_machine::absent::<_, PublishStateMachineVersionError>(service, context, place, &named, &arn)
    })?;
    let (revision_id, description) = (input.revision_id, input.description);
    let published = service.transact(&arn, move |catalog, now| {
        let current = catalog.machine(&machine.arn).map_err(fault)?;
        let machine = current.ok_or_else(|| state_machine::missing(&machine.arn))?;
        check_revision(catalog, &machine, revision_id.as_deref())?;
        if let Some(version) = of_current(catalog, &machine)? {
            return Ok((Vec::new(), version));
        }
        check_count::<_, PublishStateMachineVersionError>(catalog, &machine)?;
        let mut machine = (*machine).clone();
        let (put_version, version) = add(&mut machine, description, now)?;
        let put_machine = catalog::put(Kind::Machine, &machine.arn, &machine).map_err(fault)?;
        Ok::<_, PublishStateMachineVersionError>((vec![put_version, put_machine], version))
    });
    let version = published.await?;
    Ok(PublishStateMachineVersionOutput {
        creation_date: Date::from_millis(version.created),
        state_machine_version_arn: format!("{arn}:{}", version.number),
    })
}

/// DeleteStateMachineVersion. Executions of the version go on.
pub(super) async fn delete<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: DeleteStateMachineVersionInput,
) -> Result<DeleteStateMachineVersionOutput, DeleteStateMachineVersionError> {
    let (place, named) = arn::state_machine(&input.state_machine_version_arn)?;
    let number = named.version().ok_or_else(|| arn::out_of_place("stateMachine"))?;
    if place != Place::of(context) {
        return Ok(DeleteStateMachineVersionOutput {});
    }
    let arn = place.state_machine(named.name);
    let machine_arn = arn.clone();
    let deleted = service.transact(&arn, move |catalog, _| {
        let Some(machine) = catalog.machine(&machine_arn).map_err(fault)? else {
            return Ok((Vec::new(), ()));
        };
        check_unreferenced(catalog, &machine, number)?;
        let row = catalog::delete(Kind::Version, &catalog::version_key(machine.id, number));
        Ok::<_, DeleteStateMachineVersionError>((vec![row], ()))
    });
    deleted.await?;
    Ok(DeleteStateMachineVersionOutput {})
}

/// ListStateMachineVersions, the newest first.
///
/// The operation has no error for a state machine that does not exist, so it has no versions.
pub(super) async fn list<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: ListStateMachineVersionsInput,
) -> Result<ListStateMachineVersionsOutput, ListStateMachineVersionsError> {
    let arn = input.state_machine_arn;
    let (place, named) = arn::state_machine(&arn)?;
    state_machine::check_unlabelled(&named)?;
    let list = page::List { operation: "ListStateMachineVersions", arguments: &[&arn] };
    let position =
        service.position::<ListStateMachineVersionsError>(list, input.next_token.as_deref()).await?;
    let Some(machine) = state_machine::find(service, context, place, &named, &arn)? else {
        return Ok(ListStateMachineVersionsOutput::new(Vec::new()));
    };
    let before = position.as_deref().map(|position| read_position(&machine, position)).transpose()?;
    let size = page::size(input.max_results);
    let prefix = catalog::alias_key(machine.id, "");
    let rows = service
        .catalog()
        .list_last::<Version>(Kind::Version, &prefix, before.as_deref(), size + 1)
        .map_err(fault)?;
    let (rows, last) = page::cut(rows, size);
    let position = last.map(|version| version.number.to_be_bytes().to_vec());
    Ok(ListStateMachineVersionsOutput {
        next_token: service.next_token(list, position).await?,
        state_machine_versions: rows.iter().map(|version| listed(&machine, version)).collect(),
    })
}

/// The version of the current revision, if it is published; of several the newest.
pub(super) fn of_current<S: Store>(
    catalog: &Catalog<S>,
    machine: &Machine,
) -> Result<Option<Version>, Fault> {
    // Numbers and revisions grow together, so no other version can be of a later revision.
    let prefix = catalog::alias_key(machine.id, "");
    let newest = catalog.list_last::<Version>(Kind::Version, &prefix, None, 1).map_err(fault)?;
    Ok(newest.into_iter().next().filter(|version| version.revision == machine.revision))
}

/// Gives the current revision a version. The caller writes the state machine, too.
pub(super) fn add(
    machine: &mut Machine,
    description: Option<String>,
    now: Timestamp,
) -> Result<(Op, Version), Fault> {
    machine.versions += 1;
    let (number, revision) = (machine.versions, machine.revision);
    let version = Version { number, revision, description, created: now.as_millis() };
    let key = catalog::version_key(machine.id, number);
    Ok((catalog::put(Kind::Version, &key, &version).map_err(fault)?, version))
}

/// Checks that a state machine may have one more version.
pub(super) fn check_count<S: Store, E>(catalog: &Catalog<S>, machine: &Machine) -> Result<(), E>
where
    E: From<ServiceQuotaExceededException> + From<Fault>,
{
    let count = catalog.count(Kind::Version, &catalog::alias_key(machine.id, "")).map_err(fault)?;
    if count < MAX_VERSIONS {
        return Ok(());
    }
    let message = format!("A state machine can have at most {MAX_VERSIONS} versions: '{}'", machine.arn);
    Err(ServiceQuotaExceededException::new(message).into())
}

/// Checks that the current revision is the one that is to be published. Source: the service, recorded.
fn check_revision<S: Store>(
    catalog: &Catalog<S>,
    machine: &Machine,
    given: Option<&str>,
) -> Result<(), PublishStateMachineVersionError> {
    let Some(given) = given else { return Ok(()) };
    let compiled = state_machine::current(catalog, machine)?;
    let current = compiled.revision.revision_id.as_deref().unwrap_or("INITIAL");
    if given == current {
        return Ok(());
    }
    let message = format!(
        "Failed to publish the State Machine version for revision {given}. \
         The current State Machine revision is {current}."
    );
    Err(ConflictException::new(message).into())
}

/// Checks that no alias refers to a version. Source: the service, recorded.
fn check_unreferenced<S: Store>(
    catalog: &Catalog<S>,
    machine: &Machine,
    number: u64,
) -> Result<(), DeleteStateMachineVersionError> {
    let prefix = catalog::alias_key(machine.id, "");
    let aliases = catalog.list::<Alias>(Kind::Alias, &prefix, None, usize::MAX).map_err(fault)?;
    let referring: Vec<&str> =
        aliases.iter().filter(|alias| alias.routes_to(number)).map(|alias| &*alias.name).collect();
    if referring.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Version to be deleted must not be referenced by an alias. \
         Current list of aliases referencing this version: [{}]",
        referring.join(", ")
    );
    Err(ConflictException::new(message).into())
}

fn read_position(machine: &Machine, position: &[u8]) -> Result<String, ListStateMachineVersionsError> {
    let number = position.try_into().map_err(|_| page::invalid())?;
    Ok(catalog::version_key(machine.id, u64::from_be_bytes(number)))
}

fn listed(machine: &Machine, version: &Version) -> StateMachineVersionListItem {
    StateMachineVersionListItem {
        state_machine_version_arn: qualified::arn(machine, version.number),
        creation_date: Date::from_millis(version.created),
    }
}
