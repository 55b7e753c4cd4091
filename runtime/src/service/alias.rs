//! Aliases of state machines: names whose starts go to one or two versions, by weight.
//!
//! All changes are transactions of the state machine, so the versions that an alias refers to exist.

use std::sync::Arc;

use gradus_api::enums::ValidationExceptionReason;
use gradus_api::errors::{
    ConflictException, CreateStateMachineAliasError, DeleteStateMachineAliasError,
    DescribeStateMachineAliasError, InvalidArn, ListStateMachineAliasesError, ResourceNotFound,
    ServiceQuotaExceededException, StateMachineDeleting, UpdateStateMachineAliasError, ValidationException,
};
use gradus_api::http::{Fault, RequestContext};
use gradus_api::shapes::{
    CreateStateMachineAliasInput, CreateStateMachineAliasOutput, DeleteStateMachineAliasInput,
    DeleteStateMachineAliasOutput, DescribeStateMachineAliasInput, DescribeStateMachineAliasOutput,
    ListStateMachineAliasesInput, ListStateMachineAliasesOutput, RoutingConfigurationListItem as RoutingItem,
    StateMachineAliasListItem, UpdateStateMachineAliasInput, UpdateStateMachineAliasOutput,
};
use gradus_api::timestamp::Timestamp as Date;

use super::arn::{self, Place};
use super::qualified::{self, Part};
use super::{Service, date, fault, invalid, page, state_machine};
use crate::store::Store;
use crate::store::catalog::{self, Alias, Catalog, Kind, Machine, Route};

/// The most aliases of a state machine. Source: the API reference.
const MAX_ALIASES: usize = 100;

/// CreateStateMachineAlias. The state machine is that of the versions.
pub(super) async fn create<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: CreateStateMachineAliasInput,
) -> Result<CreateStateMachineAliasOutput, CreateStateMachineAliasError> {
    let routing = Routing::read::<CreateStateMachineAliasError>(&input.routing_configuration)?;
    let arn = routing.machine_arn(context)?;
    let alias_arn = format!("{arn}:{}", input.name);
    let (weights, machine_arn) = (routing.weights, arn.clone());
    let created = service.transact(&arn, move |catalog, now| {
        let machine = machine_of::<_, CreateStateMachineAliasError>(catalog, &machine_arn, &machine_arn)?;
        let routes = routes::<_, CreateStateMachineAliasError>(catalog, &machine, &weights)?;
        let (name, description) = (Arc::from(input.name), input.description);
        if let Some(existing) = qualified::alias(catalog, &machine, &name)? {
            if existing.description == description && existing.routes == routes {
                return Ok((Vec::new(), existing.created));
            }
            return Err(ConflictException::new(ANOTHER_EXISTS).into());
        }
        check_count(catalog, &machine)?;
        let (created, updated) = (now.as_millis(), now.as_millis());
        let alias = Alias { name, description, routes, created, updated };
        let key = catalog::alias_key(machine.id, &alias.name);
        let row = catalog::put(Kind::Alias, &key, &alias).map_err(fault)?;
        Ok::<_, CreateStateMachineAliasError>((vec![row], created))
    });
    let creation_date = Date::from_millis(created.await?);
    Ok(CreateStateMachineAliasOutput { creation_date, state_machine_alias_arn: alias_arn })
}

/// UpdateStateMachineAlias. What is not given keeps its value.
pub(super) async fn update<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: UpdateStateMachineAliasInput,
) -> Result<UpdateStateMachineAliasOutput, UpdateStateMachineAliasError> {
    let arn = input.state_machine_alias_arn;
    let (place, machine_arn, name) = read(&arn)?;
    let description = input.description;
    if description.is_none() && input.routing_configuration.is_none() {
        return Err(nothing_given().into());
    }
    let routing = input.routing_configuration.as_deref().map(Routing::read::<UpdateStateMachineAliasError>);
    let routing = routing.transpose()?;
    if let Some(routing) = &routing {
        routing.check_machine(place, &machine_arn)?;
    }
    if place != Place::of(context) {
        return Err(missing(&arn).into());
    }
    let (weights, name) = (routing.map(|routing| routing.weights), name.to_owned());
    let (changed, alias_arn) = (machine_arn.clone(), arn.clone());
    let updated = service.transact(&changed, move |catalog, now| {
        let machine = machine_of::<_, UpdateStateMachineAliasError>(catalog, &machine_arn, &alias_arn)?;
        let before = qualified::alias(catalog, &machine, &name)?.ok_or_else(|| missing(&alias_arn))?;
        let routes =
            weights.map(|weights| routes::<_, UpdateStateMachineAliasError>(catalog, &machine, &weights));
        let alias = Alias {
            description: description.or(before.description),
            routes: routes.transpose()?.unwrap_or(before.routes),
            updated: now.as_millis(),
            ..before
        };
        let key = catalog::alias_key(machine.id, &alias.name);
        let row = catalog::put(Kind::Alias, &key, &alias).map_err(fault)?;
        Ok::<_, UpdateStateMachineAliasError>((vec![row], now))
    });
    Ok(UpdateStateMachineAliasOutput { update_date: date(updated.await?) })
}

/// DeleteStateMachineAlias. Its versions stay, and executions that it started go on.
pub(super) async fn delete<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: DeleteStateMachineAliasInput,
) -> Result<DeleteStateMachineAliasOutput, DeleteStateMachineAliasError> {
    let (place, machine_arn, name) = read(&input.state_machine_alias_arn)?;
    if place != Place::of(context) {
        return Ok(DeleteStateMachineAliasOutput {});
    }
    let (changed, name) = (machine_arn.clone(), name.to_owned());
    let deleted = service.transact(&changed, move |catalog, _| {
        let machine = catalog.machine(&machine_arn).map_err(fault)?;
        let row = machine.map(|machine| catalog::delete(Kind::Alias, &catalog::alias_key(machine.id, &name)));
        Ok::<_, Fault>((row.into_iter().collect(), ()))
    });
    deleted.await?;
    Ok(DeleteStateMachineAliasOutput {})
}

/// DescribeStateMachineAlias.
pub(super) async fn describe<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: DescribeStateMachineAliasInput,
) -> Result<DescribeStateMachineAliasOutput, DescribeStateMachineAliasError> {
    let arn = input.state_machine_alias_arn;
    read(&arn)?;
    let (place, named) = arn::state_machine(&arn)?;
    let found = qualified::find(service, context, place, &named)?.ok_or_else(|| missing(&arn))?;
    let Part::Alias(alias) = found.part else { return Err(missing(&arn).into()) };
    let shown = |route: &Route| RoutingItem {
        state_machine_version_arn: qualified::arn(&found.machine, route.version),
        weight: route.weight.into(),
    };
    Ok(DescribeStateMachineAliasOutput {
        state_machine_alias_arn: Some(arn),
        name: Some(alias.name.to_string()),
        description: alias.description,
        routing_configuration: Some(alias.routes.iter().map(shown).collect()),
        creation_date: Some(Date::from_millis(alias.created)),
        update_date: Some(Date::from_millis(alias.updated)),
    })
}

/// ListStateMachineAliases, by name; of a version those that refer to it.
pub(super) async fn list<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: ListStateMachineAliasesInput,
) -> Result<ListStateMachineAliasesOutput, ListStateMachineAliasesError> {
    let arn = input.state_machine_arn;
    let (place, named) = arn::state_machine(&arn)?;
    state_machine::check_unlabelled(&named)?;
    let found = qualified::find(service, context, place, &named)?;
    let found = found.ok_or_else(|| {
        state_machine::absent::<_, ListStateMachineAliasesError>(service, context, place, &named, &arn)
    })?;
    let machine = found.machine;
    let version = match found.part {
        Part::Whole => None,
        Part::Version(version) => Some(version.number),
        Part::Alias(_) => return Err(state_machine::missing(&arn).into()),
    };
    let list = page::List { operation: "ListStateMachineAliases", arguments: &[&arn] };
    let position =
        service.position::<ListStateMachineAliasesError>(list, input.next_token.as_deref()).await?;
    let prefix = catalog::alias_key(machine.id, "");
    let after = position.as_deref().map(|name| page::after(&prefix, name)).transpose()?;
    // All that are left, because which of them refer to a version is known only then: there are few.
    let mut aliases = service
        .catalog()
        .list::<Alias>(Kind::Alias, &prefix, after.as_deref(), MAX_ALIASES)
        .map_err(fault)?;
    aliases.retain(|alias| version.is_none_or(|version| alias.routes_to(version)));
    let (aliases, last) = page::cut(aliases, page::size(input.max_results));
    let position = last.map(|alias| alias.name.as_bytes().to_vec());
    Ok(ListStateMachineAliasesOutput {
        next_token: service.next_token(list, position).await?,
        state_machine_aliases: aliases.iter().map(|alias| listed(&machine, alias)).collect(),
    })
}

/// Source: the service, recorded; it says so also if only the description differs.
const ANOTHER_EXISTS: &str = "Failed to create alias because an alias with the same name and a different routing configuration already exists.";

/// Where an alias is, the ARN of its state machine, and its name.
fn read(arn: &str) -> Result<(Place<'_>, String, &str), InvalidArn> {
    let (place, named) = arn::state_machine(arn)?;
    match (named.version(), named.qualifier) {
        (None, Some(alias)) => Ok((place, place.state_machine(named.name), alias)),
        _ => Err(arn::out_of_place("stateMachine")),
    }
}

/// A routing configuration that is sound in itself; whether its versions exist is another question.
struct Routing<'a> {
    place: Place<'a>,
    machine: &'a str,
    weights: Vec<(u64, u8)>,
}

impl<'a> Routing<'a> {
    /// Source of the first three texts: the service, recorded.
    fn read<E: From<InvalidArn> + From<ValidationException>>(
        items: &'a [RoutingItem],
    ) -> Result<Routing<'a>, E> {
        let mut arns: Vec<&str> = items.iter().map(|item| &*item.state_machine_version_arn).collect();
        let received = arns.join(", ");
        let refusal = |what: &str| {
            misrouted(format!("Routing configuration must contain {what}. Received: [{received}]"))
        };
        let parsed: Vec<_> = arns.iter().map(|arn| arn::state_machine(arn)).collect::<Result<_, _>>()?;
        arns.sort_unstable();
        arns.dedup();
        if arns.len() != items.len() {
            return Err(refusal("distinct state machine version ARNs").into());
        }
        check_sum(items)?;
        let numbers: Option<Vec<u64>> = parsed.iter().map(|(_, named)| named.version()).collect();
        let (Some(numbers), Some((place, named))) = (numbers, parsed.first()) else {
            return Err(refusal("state machine version ARNs").into());
        };
        let is_of_one = parsed.iter().all(|(other, version)| other == place && version.name == named.name);
        if !is_of_one {
            return Err(refusal("versions of one state machine").into());
        }
        let weight = |item: &RoutingItem| u8::try_from(item.weight).unwrap_or_default();
        let weights = numbers.into_iter().zip(items.iter().map(weight)).collect();
        Ok(Routing { place: *place, machine: named.name, weights })
    }

    /// The state machine whose versions these are.
    fn machine_arn(&self, context: &RequestContext) -> Result<String, ResourceNotFound> {
        let arn = self.place.state_machine(self.machine);
        if self.place == Place::of(context) { Ok(arn) } else { Err(missing(&arn)) }
    }

    /// Checks that the versions are those of this state machine.
    fn check_machine(&self, place: Place<'_>, machine_arn: &str) -> Result<(), ValidationException> {
        if self.place == place && self.place.state_machine(self.machine) == machine_arn {
            return Ok(());
        }
        Err(misrouted(format!(
            "Routing configuration must contain versions of the alias's state machine: '{machine_arn}'"
        )))
    }
}

fn check_sum(items: &[RoutingItem]) -> Result<(), ValidationException> {
    let weights: Vec<i32> = items.iter().map(|item| item.weight).collect();
    if weights.iter().sum::<i32>() == 100 {
        return Ok(());
    }
    Err(misrouted(format!("Sum of routing configuration weights must equal 100. Received: {weights:?}")))
}

fn misrouted(message: String) -> ValidationException {
    let reason = Some(ValidationExceptionReason::InvalidRoutingConfiguration);
    ValidationException { reason, ..invalid(message) }
}

fn nothing_given() -> ValidationException {
    let reason = Some(ValidationExceptionReason::MissingRequiredParameter);
    ValidationException {
        reason,
        ..invalid("Either the description or the routing configuration must be specified")
    }
}

/// The routes of an alias, whose versions all have to exist.
fn routes<S: Store, E>(
    catalog: &Catalog<S>,
    machine: &Machine,
    weights: &[(u64, u8)],
) -> Result<Vec<Route>, E>
where
    E: From<ResourceNotFound> + From<Fault>,
{
    let route = |&(number, weight): &(u64, u8)| {
        let version = qualified::version(catalog, machine, number)?;
        let version = version.ok_or_else(|| missing(&qualified::arn(machine, number)))?;
        Ok(Route { version: number, revision: version.revision, weight })
    };
    weights.iter().map(route).collect()
}

/// The state machine of an alias; without it, what was named does not exist.
fn machine_of<S: Store, E>(catalog: &Catalog<S>, arn: &str, named: &str) -> Result<Arc<Machine>, E>
where
    E: From<ResourceNotFound> + From<StateMachineDeleting> + From<Fault>,
{
    if let Some(machine) = catalog.machine(arn).map_err(fault)? {
        return Ok(machine);
    }
    match catalog.deleting(arn).map_err(fault)? {
        Some(_) => Err(state_machine::is_being_deleted(arn).into()),
        None => Err(missing(named).into()),
    }
}

fn check_count<S: Store>(
    catalog: &Catalog<S>,
    machine: &Machine,
) -> Result<(), CreateStateMachineAliasError> {
    let count = catalog.count(Kind::Alias, &catalog::alias_key(machine.id, "")).map_err(fault)?;
    if count < MAX_ALIASES {
        return Ok(());
    }
    let message = format!("A state machine can have at most {MAX_ALIASES} aliases: '{}'", machine.arn);
    Err(ServiceQuotaExceededException::new(message).into())
}

/// Source: the service, recorded.
fn missing(arn: &str) -> ResourceNotFound {
    ResourceNotFound {
        resource_name: Some(arn.to_owned()),
        ..ResourceNotFound::new("Request references a resource that does not exist.")
    }
}

fn listed(machine: &Machine, alias: &Alias) -> StateMachineAliasListItem {
    StateMachineAliasListItem {
        state_machine_alias_arn: qualified::arn(machine, &alias.name),
        creation_date: Date::from_millis(alias.created),
    }
}
