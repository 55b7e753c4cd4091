//! What the ARN of a state machine names: itself, one of its versions, one of its aliases.
//!
//! Labels of Map states are not resolved here; nor are state machines of other regions or accounts, which
//! do not exist for a caller.

use std::sync::Arc;

use gradus_api::http::{Fault, RequestContext};

use super::arn::{Place, StateMachine};
use super::{Service, fault};
use crate::store::Store;
use crate::store::catalog::{self, Alias, Catalog, Kind, Machine, Version};

/// A state machine, as somebody named it.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// The state machine.
    pub(super) machine: Arc<Machine>,
    /// Which part of it was named.
    pub(super) part: Part,
}

/// A part of a state machine.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// The state machine itself, which stands for its current revision.
    Whole,
    /// A version.
    Version(Version),
    /// An alias.
    Alias(Alias),
}

/// What an ARN names, if it is here and there is such a thing.
pub(super) fn find<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    place: Place<'_>,
    named: &StateMachine<'_>,
) -> Result<Option<Named>, Fault> {
    if place != Place::of(context) || named.label.is_some() {
        return Ok(None);
    }
    let catalog = service.catalog();
    let Some(machine) = catalog.machine(&place.state_machine(named.name)).map_err(fault)? else {
        return Ok(None);
    };
    let part = match (named.version(), named.qualifier) {
        (Some(number), _) => version(catalog, &machine, number)?.map(Part::Version),
        (None, Some(name)) => alias(catalog, &machine, name)?.map(Part::Alias),
        (None, None) => Some(Part::Whole),
    };
    Ok(part.map(|part| Named { machine, part }))
}

/// A version of a state machine.
pub(super) fn version<S: Store>(
    catalog: &Catalog<S>,
    machine: &Machine,
    number: u64,
) -> Result<Option<Version>, Fault> {
    catalog.read(Kind::Version, &catalog::version_key(machine.id, number)).map_err(fault)
}

/// An alias of a state machine.
pub(super) fn alias<S: Store>(
    catalog: &Catalog<S>,
    machine: &Machine,
    name: &str,
) -> Result<Option<Alias>, Fault> {
    catalog.read(Kind::Alias, &catalog::alias_key(machine.id, name)).map_err(fault)
}

/// The ARN of a version or an alias.
pub(super) fn arn(machine: &Machine, qualifier: impl std::fmt::Display) -> String {
    format!("{}:{qualifier}", machine.arn)
}
