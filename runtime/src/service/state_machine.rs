//! State machines: made, shown, changed by new revisions, deleted.
//!
//! Executions run the revision they were started with, so revisions outlive their state machine. One that is
//! deleted while executions of it are running has its row moved aside: it is `DELETING` until the last of them
//! has ended, and whether that is so is looked up when somebody names it.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_api::enums::{
    IncludedData, StateMachineStatus, StateMachineType,
    ValidateStateMachineDefinitionResultCode as ResultCode,
    ValidateStateMachineDefinitionSeverity as ShownSeverity, ValidationExceptionReason,
};
use gradus_api::errors::{
    CreateStateMachineError, DeleteStateMachineError, DescribeStateMachineError, InvalidDefinition,
    ListStateMachinesError, MissingRequiredParameter, StateMachineAlreadyExists, StateMachineDeleting,
    StateMachineDoesNotExist, UpdateStateMachineError, ValidateStateMachineDefinitionError,
    ValidationException,
};
use gradus_api::http::{Fault, RequestContext};
use gradus_api::shapes::{
    CreateStateMachineInput, CreateStateMachineOutput, DeleteStateMachineInput, DeleteStateMachineOutput,
    DescribeStateMachineInput, DescribeStateMachineOutput, ListStateMachinesInput, ListStateMachinesOutput,
    StateMachineListItem, UpdateStateMachineInput, UpdateStateMachineOutput,
    ValidateStateMachineDefinitionDiagnostic as ShownDiagnostic, ValidateStateMachineDefinitionInput,
    ValidateStateMachineDefinitionOutput,
};
use gradus_api::timestamp::Timestamp as Date;
use gradus_core::asl;
use gradus_core::asl::diagnostic::{self, Severity};
use gradus_core::machine::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::arn::{self, Place, StateMachine};
use super::qualified::{self, Named, Part};
use super::{Service, configuration, fault, invalid, name, page, tag, version};
use crate::store::catalog::{self, Catalog, Compiled, Kind, Machine, Publish, Revision, Tags, Version};
use crate::store::layout::MachineId;
use crate::store::{Error, Op, Store};

/// CreateStateMachine.
pub(super) async fn create<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: CreateStateMachineInput,
) -> Result<CreateStateMachineOutput, CreateStateMachineError> {
    arn::check_role(&input.role_arn)?;
    let publish = publish(input.publish, input.version_description)?;
    name::check(&input.name)?;
    let kind = input.r#type.unwrap_or(StateMachineType::Standard);
    check_definition(&input.definition, kind.as_str())?;
    let logging = configuration::logging(input.logging_configuration)?;
    configuration::check_log_group::<CreateStateMachineError>(&service.0.options, context, &logging).await?;
    let content = Content {
        definition: input.definition.into(),
        role_arn: input.role_arn.into(),
        logging: configuration::to_row(&logging)?,
        tracing: configuration::to_row(&configuration::tracing(input.tracing_configuration))?,
        encryption: configuration::to_row(&configuration::encryption(input.encryption_configuration)?)?,
    };
    let tags = tag::from_list(input.tags.unwrap_or_default())?;
    let arn = Place::of(context).state_machine(&input.name);
    let new = New {
        arn: arn.as_str().into(),
        name: input.name.into(),
        kind: kind.as_str().to_owned(),
        content,
        tags,
        publish,
    };
    let created =
        service.transact(&arn, move |catalog, now| match catalog.machine(&new.arn).map_err(fault)? {
            Some(existing) => new.same_as(catalog, &existing).map(|answer| (Vec::new(), answer)),
            None if catalog.deleting(&new.arn).map_err(fault)?.is_some() => {
                Err(is_being_deleted(&new.arn).into())
            }
            None => new.put(now),
        });
    let (creation_date, version) = created.await?;
    let state_machine_version_arn = version.map(|number| format!("{arn}:{number}"));
    Ok(CreateStateMachineOutput { creation_date, state_machine_arn: arn, state_machine_version_arn })
}

/// UpdateStateMachine.
pub(super) async fn update<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: UpdateStateMachineInput,
) -> Result<UpdateStateMachineOutput, UpdateStateMachineError> {
    let arn = input.state_machine_arn;
    let (place, named) = arn::state_machine(&arn)?;
    if let Some(role) = &input.role_arn {
        arn::check_role(role)?;
    }
    check_unlabelled(&named)?;
    let is_given = [
        input.definition.is_some(),
        input.role_arn.is_some(),
        input.logging_configuration.is_some(),
        input.tracing_configuration.is_some(),
        input.encryption_configuration.is_some(),
    ];
    if !is_given.contains(&true) {
        return Err(MissingRequiredParameter::new(NOTHING_GIVEN).into());
    }
    let publish = publish(input.publish, input.version_description)?;
    let machine = find(service, context, place, &named, &arn)?;
    let machine =
        machine.ok_or_else(|| absent::<_, UpdateStateMachineError>(service, context, place, &named, &arn))?;
    if let Some(definition) = &input.definition {
        check_definition(definition, &machine.kind)?;
    }
    let logging = input.logging_configuration.map(|given| configuration::logging(Some(given))).transpose()?;
    if let Some(logging) = &logging {
        configuration::check_log_group::<UpdateStateMachineError>(&service.0.options, context, logging)
            .await?;
    }
    let tracing = input.tracing_configuration.map(|given| configuration::tracing(Some(given)));
    let encryption =
        input.encryption_configuration.map(|given| configuration::encryption(Some(given))).transpose()?;
    let change = Change {
        definition: input.definition.map(Into::into),
        role_arn: input.role_arn.map(Into::into),
        logging: logging.as_ref().map(configuration::to_row).transpose()?,
        tracing: tracing.as_ref().map(configuration::to_row).transpose()?,
        encryption: encryption.as_ref().map(configuration::to_row).transpose()?,
        publish,
    };
    let updated = service.transact(&arn, move |catalog, now| {
        match catalog.machine(&machine.arn).map_err(fault)? {
            // The definition was checked for the kind of the machine that was found.
            Some(current) if current.id == machine.id => change.put(catalog, &current, now),
            _ => Err(missing(&machine.arn).into()),
        }
    });
    let Updated { at, revision_id, version } = updated.await?;
    let state_machine_version_arn = version.map(|number| format!("{arn}:{number}"));
    Ok(UpdateStateMachineOutput {
        revision_id,
        state_machine_version_arn,
        ..UpdateStateMachineOutput::new(Date::from_millis(at))
    })
}

/// DeleteStateMachine, with its versions and aliases. Its executions end by themselves at their next
/// transition.
pub(super) async fn delete<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: DeleteStateMachineInput,
) -> Result<DeleteStateMachineOutput, DeleteStateMachineError> {
    let arn = input.state_machine_arn;
    let (place, named) = arn::state_machine(&arn)?;
    check_unlabelled(&named)?;
    if find(service, context, place, &named, &arn)?.is_some() {
        let machine_arn = arn.clone();
        let deleted = service.transact(&arn, move |catalog, _| {
            let Some(machine) = catalog.machine(&machine_arn).map_err(fault)? else {
                return Ok((Vec::new(), ()));
            };
            let mut rows =
                vec![catalog::delete(Kind::Machine, &machine_arn), catalog::delete(Kind::Tags, &machine_arn)];
            if catalog.has_running(machine.id).map_err(fault)? {
                rows.push(catalog::put(Kind::Deleting, &machine_arn, &*machine).map_err(fault)?);
            }
            for kind in [Kind::Version, Kind::Alias] {
                rows.extend(catalog.delete_all(kind, &catalog::alias_key(machine.id, "")).map_err(fault)?);
            }
            Ok::<_, Fault>((rows, ()))
        });
        deleted.await?;
    }
    Ok(DeleteStateMachineOutput {})
}

/// DescribeStateMachine. Of an alias it shows the version that most starts go to.
pub(super) async fn describe<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: DescribeStateMachineInput,
) -> Result<DescribeStateMachineOutput, DescribeStateMachineError> {
    let arn = input.state_machine_arn;
    let (place, named) = arn::state_machine(&arn)?;
    let found = match qualified::find(service, context, place, &named)? {
        Some(found) => (found, StateMachineStatus::Active),
        None => match find_deleting(service, context, place, &named)?.filter(|_| named.is_unqualified()) {
            Some(machine) => (Named { machine, part: Part::Whole }, StateMachineStatus::Deleting),
            None => return Err(missing(&arn).into()),
        },
    };
    let (Named { machine, part }, status) = found;
    let version = match part {
        Part::Whole => None,
        Part::Version(version) => Some(version),
        Part::Alias(alias) => {
            // Of equal weights the first counts: it is the one that the caller named first.
            let number =
                alias.routes.iter().rev().max_by_key(|route| route.weight).map(|route| route.version);
            let version = number.map(|number| qualified::version(service.catalog(), &machine, number));
            Some(version.transpose()?.flatten().ok_or_else(|| missing(&arn))?)
        }
    };
    let number = version.as_ref().map_or(machine.revision, |version| version.revision);
    let compiled = revision(service.catalog(), &catalog::revision_key(machine.id, number))?;
    let revision = &compiled.revision;
    let kind = StateMachineType::from(machine.kind.as_str());
    let definition = shown_definition(revision, input.included_data.as_ref());
    let variable_references = variable_references(&compiled, input.included_data.as_ref());
    let created = version.as_ref().map_or(machine.created, |version| version.created);
    let created = Date::from_millis(created);
    Ok(DescribeStateMachineOutput {
        description: version.and_then(|version| version.description),
        status: Some(status),
        logging_configuration: Some(configuration::from_row(&revision.logging)?),
        tracing_configuration: Some(configuration::from_row(&revision.tracing)?),
        encryption_configuration: Some(configuration::from_row(&revision.encryption)?),
        revision_id: revision.revision_id.clone(),
        variable_references,
        ..DescribeStateMachineOutput::new(arn, &*machine.name, definition, &*revision.role_arn, kind, created)
    })
}

/// ListStateMachines, by name.
pub(super) async fn list<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: ListStateMachinesInput,
) -> Result<ListStateMachinesOutput, ListStateMachinesError> {
    let list = page::List { operation: "ListStateMachines", arguments: &[&context.region, &context.account] };
    let position = service.position::<ListStateMachinesError>(list, input.next_token.as_deref()).await?;
    let prefix = Place::of(context).state_machine("");
    let after = position.as_deref().map(|name| page::after(&prefix, name)).transpose()?;
    let size = page::size(input.max_results);
    let rows = service
        .catalog()
        .list::<Machine>(Kind::Machine, &prefix, after.as_deref(), size + 1)
        .map_err(fault)?;
    let (rows, last) = page::cut(rows, size);
    let position = last.map(|machine| machine.name.as_bytes().to_vec());
    Ok(ListStateMachinesOutput {
        next_token: service.next_token(list, position).await?,
        state_machines: rows.iter().map(listed).collect(),
    })
}

/// ValidateStateMachineDefinition.
pub(super) async fn validate<S: Store>(
    _service: &Service<S>,
    _context: &RequestContext,
    input: ValidateStateMachineDefinitionInput,
) -> Result<ValidateStateMachineDefinitionOutput, ValidateStateMachineDefinitionError> {
    let kind = input.r#type.unwrap_or(StateMachineType::Standard);
    let diagnostics = parse(&input.definition, kind.as_str()).diagnostics;
    let has_error = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    let shows_warnings = input.severity == Some(ShownSeverity::Warning);
    let asked_for =
        diagnostic::told(&diagnostics).filter(|found| found.severity == Severity::Error || shows_warnings);
    let mut shown: Vec<ShownDiagnostic> = asked_for.map(shown_diagnostic).collect();
    let size = page::size(input.max_results);
    let truncated = shown.len() > size;
    shown.truncate(size);
    let result = if has_error { ResultCode::Fail } else { ResultCode::Ok };
    Ok(ValidateStateMachineDefinitionOutput { result, diagnostics: shown, truncated: Some(truncated) })
}

/// The state machine that an ARN names, if it is here and there is one.
pub(super) fn find<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    place: Place<'_>,
    named: &StateMachine<'_>,
    arn: &str,
) -> Result<Option<Arc<Machine>>, Fault> {
    if place != Place::of(context) || !named.is_unqualified() {
        return Ok(None);
    }
    service.catalog().machine(arn).map_err(fault)
}

/// The current revision of a state machine.
pub(super) fn current<S: Store>(catalog: &Catalog<S>, machine: &Machine) -> Result<Arc<Compiled>, Fault> {
    revision(catalog, &catalog::revision_key(machine.id, machine.revision))
}

/// The revision of a key that some row holds.
pub(super) fn revision<S: Store>(catalog: &Catalog<S>, key: &str) -> Result<Arc<Compiled>, Fault> {
    let found = catalog.revision(key).map_err(fault)?;
    found.ok_or_else(|| fault(Error::Damaged(format!("revision `{key}` is gone"))))
}

/// The definition of a revision, as far as it is asked for.
pub(super) fn shown_definition<'a>(revision: &'a Revision, included: Option<&IncludedData>) -> &'a str {
    if included == Some(&IncludedData::MetadataOnly) { "{}" } else { &revision.definition }
}

/// The variables that the states of a revision read, by the names of the states; nothing if none reads any, or
/// if only what describes the definition is asked for. Source: recorded; the latter goes with the definition.
pub(super) fn variable_references(
    compiled: &Compiled,
    included: Option<&IncludedData>,
) -> Option<BTreeMap<String, Vec<String>>> {
    let reading = compiled.definition.states().iter().filter(|state| !state.variables_read.is_empty());
    let references: BTreeMap<_, _> = reading
        .map(|state| {
            (state.name.to_string(), state.variables_read.iter().map(|name| name.to_string()).collect())
        })
        .collect();
    Some(references).filter(|found| !found.is_empty() && included != Some(&IncludedData::MetadataOnly))
}

/// No state machine has this ARN.
pub(super) fn missing(arn: &str) -> StateMachineDoesNotExist {
    StateMachineDoesNotExist::new(format!("State Machine Does Not Exist: '{arn}'"))
}

/// Why there is nothing to work with under an ARN: it is being deleted, or it does not exist.
pub(super) fn absent<S: Store, E>(
    service: &Service<S>,
    context: &RequestContext,
    place: Place<'_>,
    named: &StateMachine<'_>,
    arn: &str,
) -> E
where
    E: From<StateMachineDeleting> + From<StateMachineDoesNotExist> + From<Fault>,
{
    match find_deleting(service, context, place, named) {
        Ok(Some(machine)) => is_being_deleted(&machine.arn).into(),
        Ok(None) => missing(arn).into(),
        Err(fault) => fault.into(),
    }
}

/// The state machine that an ARN names or qualifies, if it is here and is being deleted. Of its versions and
/// aliases nothing is left, so only [`absent`] asks for them.
pub(super) fn find_deleting<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    place: Place<'_>,
    named: &StateMachine<'_>,
) -> Result<Option<Arc<Machine>>, Fault> {
    if place != Place::of(context) || named.label.is_some() {
        return Ok(None);
    }
    service.catalog().deleting(&place.state_machine(named.name)).map_err(fault)
}

/// A state machine is on its way out. The wording is the one that public scripts look for.
pub(super) fn is_being_deleted(arn: &str) -> StateMachineDeleting {
    StateMachineDeleting::new(format!("State Machine is being deleted: '{arn}'"))
}

/// Refuses the ARN of a Map state where only state machines are taken.
pub(super) fn check_unlabelled(named: &StateMachine<'_>) -> Result<(), ValidationException> {
    if named.label.is_none() {
        return Ok(());
    }
    let reason = Some(ValidationExceptionReason::ApiDoesNotSupportLabeledArns);
    Err(ValidationException {
        reason,
        ..invalid("This operation does not take the ARN of a labelled Map state")
    })
}

/// Source: recorded from the service, 2023.
const NOTHING_GIVEN: &str = "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified";

/// A state machine to be.
struct New {
    arn: Arc<str>,
    name: Arc<str>,
    kind: String,
    content: Content,
    tags: Tags,
    publish: Publish,
}

/// What a revision consists of.
struct Content {
    definition: Arc<str>,
    role_arn: Arc<str>,
    logging: Value,
    tracing: Value,
    encryption: Value,
}

/// What an update gives.
struct Change {
    definition: Option<Arc<str>>,
    role_arn: Option<Arc<str>>,
    logging: Option<Value>,
    tracing: Option<Value>,
    encryption: Option<Value>,
    publish: Publish,
}

impl New {
    /// The same request again gives the same answer; role and tags are not compared. Source: recorded.
    fn same_as<S: Store>(
        &self,
        catalog: &Catalog<S>,
        existing: &Machine,
    ) -> Result<Created, CreateStateMachineError> {
        let compiled = current(catalog, existing)?;
        let (before, new) = (&compiled.revision, &self.content);
        let is_same = existing.kind == self.kind
            && before.definition == new.definition
            && before.logging == new.logging
            && before.tracing == new.tracing
            && before.encryption == new.encryption;
        if !is_same {
            return Err(self.already_exists("").into());
        }
        // Source of how the first and the last text end: observed at the service, 2026.
        let before = &existing.created_with;
        match (before.publish, self.publish.publish) {
            (true, false) => {
                Err(self.already_exists(" was already created with a published version.").into())
            }
            (false, true) => {
                Err(self.already_exists(" was already created without a published version.").into())
            }
            _ if before.description != self.publish.description => {
                Err(self.already_exists(" was already created using a different description.").into())
            }
            (publish, _) => Ok((Date::from_millis(existing.created), publish.then_some(FIRST_VERSION))),
        }
    }

    fn already_exists(&self, more: &str) -> StateMachineAlreadyExists {
        StateMachineAlreadyExists::new(format!("State Machine Already Exists: '{}'{more}", self.arn))
    }

    fn put(self, now: Timestamp) -> Result<(Vec<Op>, Created), CreateStateMachineError> {
        tag::check_count(&self.arn, &self.tags)?;
        let created = now.as_millis();
        let mut machine = Machine {
            arn: self.arn,
            name: self.name,
            id: MachineId(Uuid::new_v4().as_u128()),
            kind: self.kind,
            created,
            revision: 1,
            versions: 0,
            created_with: self.publish,
        };
        let mut rows = Vec::new();
        if machine.created_with.publish {
            let description = machine.created_with.description.clone();
            rows.push(version::add(&mut machine, description, now)?.0);
        }
        rows.extend(revision_rows(&machine, self.content, None, now)?);
        if !self.tags.is_empty() {
            rows.push(catalog::put(Kind::Tags, &machine.arn, &self.tags).map_err(fault)?);
        }
        let version = machine.created_with.publish.then_some(machine.versions);
        Ok((rows, (Date::from_millis(created), version)))
    }
}

/// When a state machine was created, and the number of the version that was published.
type Created = (Date, Option<u64>);

/// The version that is published with a state machine. Numbers are never given twice.
const FIRST_VERSION: u64 = 1;

/// What became of an update.
struct Updated {
    /// When the current revision was made, in milliseconds of the epoch.
    at: i64,
    /// Its public id.
    revision_id: Option<String>,
    /// The number of its version, if it was to be published.
    version: Option<u64>,
}

impl Change {
    /// Makes a new revision, if anything changes. What was not given keeps its value.
    fn put<S: Store>(
        self,
        catalog: &Catalog<S>,
        machine: &Machine,
        now: Timestamp,
    ) -> Result<(Vec<Op>, Updated), UpdateStateMachineError> {
        let compiled = current(catalog, machine)?;
        let before = &compiled.revision;
        let content = Content {
            definition: self.definition.unwrap_or_else(|| before.definition.clone()),
            role_arn: self.role_arn.unwrap_or_else(|| before.role_arn.clone()),
            logging: self.logging.unwrap_or_else(|| before.logging.clone()),
            tracing: self.tracing.unwrap_or_else(|| before.tracing.clone()),
            encryption: self.encryption.unwrap_or_else(|| before.encryption.clone()),
        };
        if content.is_that_of(before) {
            let (rows, version) = publish_current(catalog, machine, self.publish, now)?;
            let revision_id = before.revision_id.clone();
            return Ok((rows, Updated { at: before.updated, revision_id, version }));
        }
        let revision_id = Some(Uuid::new_v4().to_string());
        let mut machine = Machine { revision: machine.revision + 1, ..machine.clone() };
        let mut rows = Vec::new();
        if self.publish.publish {
            version::check_count::<_, UpdateStateMachineError>(catalog, &machine)?;
            rows.push(version::add(&mut machine, self.publish.description, now)?.0);
        }
        let version = self.publish.publish.then_some(machine.versions);
        rows.extend(revision_rows(&machine, content, revision_id.clone(), now)?);
        Ok((rows, Updated { at: now.as_millis(), revision_id, version }))
    }
}

/// Publishes the current revision, unless it has a version already; gives the version's number. A
/// description that this version does not have makes another one, lest it be lost.
fn publish_current<S: Store>(
    catalog: &Catalog<S>,
    machine: &Machine,
    Publish { publish, description }: Publish,
    now: Timestamp,
) -> Result<(Vec<Op>, Option<u64>), UpdateStateMachineError> {
    if !publish {
        return Ok((Vec::new(), None));
    }
    let existing = version::of_current(catalog, machine)?;
    let fits = |version: &Version| description.is_none() || version.description == description;
    if let Some(version) = existing.filter(fits) {
        return Ok((Vec::new(), Some(version.number)));
    }
    version::check_count::<_, UpdateStateMachineError>(catalog, machine)?;
    let mut machine = machine.clone();
    let (put_version, version) = version::add(&mut machine, description, now)?;
    let put_machine = catalog::put(Kind::Machine, &machine.arn, &machine).map_err(fault)?;
    Ok((vec![put_version, put_machine], Some(version.number)))
}

impl Content {
    fn is_that_of(&self, revision: &Revision) -> bool {
        self.definition == revision.definition
            && self.role_arn == revision.role_arn
            && self.logging == revision.logging
            && self.tracing == revision.tracing
            && self.encryption == revision.encryption
    }
}

/// The rows of a state machine whose current revision is new.
fn revision_rows(
    machine: &Machine,
    content: Content,
    revision_id: Option<String>,
    now: Timestamp,
) -> Result<Vec<Op>, Fault> {
    let Content { definition, role_arn, logging, tracing, encryption } = content;
    let revision = Revision {
        machine_arn: machine.arn.clone(),
        machine_name: machine.name.clone(),
        machine: machine.id,
        number: machine.revision,
        revision_id,
        updated: now.as_millis(),
        definition,
        role_arn,
        logging,
        tracing,
        encryption,
        express: machine.kind == StateMachineType::Express.as_str(),
    };
    let put_revision = catalog::put(Kind::Revision, &revision.key(), &revision).map_err(fault)?;
    Ok(vec![put_revision, catalog::put(Kind::Machine, &machine.arn, machine).map_err(fault)?])
}

/// What a request says about publishing.
fn publish(publish: Option<bool>, description: Option<String>) -> Result<Publish, ValidationException> {
    let publish = publish.unwrap_or_default();
    if description.is_some() && !publish {
        return Err(invalid("Version description can only be set when publish is true"));
    }
    Ok(Publish { publish, description })
}

fn check_definition(text: &str, kind: &str) -> Result<(), InvalidDefinition> {
    let parsed = parse(text, kind);
    if parsed.definition.is_some() {
        return Ok(());
    }
    Err(InvalidDefinition::new(diagnostic::invalid_definition_message(&parsed.diagnostics)))
}

fn parse(text: &str, kind: &str) -> asl::parse::Parsed {
    asl::parse(text, asl::parse::Options { express: kind == StateMachineType::Express.as_str() })
}

fn listed(machine: &Machine) -> StateMachineListItem {
    StateMachineListItem {
        state_machine_arn: machine.arn.to_string(),
        name: machine.name.to_string(),
        r#type: StateMachineType::from(machine.kind.as_str()),
        creation_date: Date::from_millis(machine.created),
    }
}

fn shown_diagnostic(diagnostic: &asl::Diagnostic) -> ShownDiagnostic {
    ShownDiagnostic {
        severity: ShownSeverity::from(diagnostic.severity.as_str()),
        code: diagnostic.code.as_str().to_owned(),
        message: diagnostic.message.clone(),
        location: diagnostic.location.clone(),
    }
}
