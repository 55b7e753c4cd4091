//! Tags of state machines and activities.

use gradus_api::errors::{
    InvalidArn, ListTagsForResourceError, ResourceNotFound, TagResourceError, TooManyTags,
    UntagResourceError, ValidationException,
};
use gradus_api::http::{Fault, RequestContext};
use gradus_api::shapes::{
    ListTagsForResourceInput, ListTagsForResourceOutput, Tag, TagResourceInput, TagResourceOutput,
    UntagResourceInput, UntagResourceOutput,
};

use super::arn::{self, Place, Resource};
use super::{Service, fault, invalid};
use crate::store::catalog::{self, Catalog, Kind, Tags};
use crate::store::{Op, Store};

/// The most tags of a resource. Source: the API reference.
const MAX_TAGS: usize = 50;

/// TagResource.
pub(super) async fn add<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: TagResourceInput,
) -> Result<TagResourceOutput, TagResourceError> {
    let arn = input.resource_arn;
    let owner = Owner::find(context, &arn)?;
    owner.check::<_, TagResourceError>(service.catalog(), &arn)?;
    let new = from_list(input.tags)?;
    let changed = change::<_, TagResourceError>(service, owner, arn, move |arn, tags| {
        new.into_iter().for_each(|(key, value)| set(tags, key, value));
        Ok(check_count(arn, tags)?)
    });
    changed.await?;
    Ok(TagResourceOutput {})
}

/// UntagResource. Keys that are not there are passed over.
pub(super) async fn remove<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: UntagResourceInput,
) -> Result<UntagResourceOutput, UntagResourceError> {
    let arn = input.resource_arn;
    let owner = Owner::find(context, &arn)?;
    let changed = change::<_, UntagResourceError>(service, owner, arn, move |_, tags| {
        tags.retain(|(key, _)| !input.tag_keys.contains(key));
        Ok(())
    });
    changed.await?;
    Ok(UntagResourceOutput {})
}

/// ListTagsForResource, in the order in which the keys were first set.
pub(super) async fn list<S: Store>(
    service: &Service<S>,
    context: &RequestContext,
    input: ListTagsForResourceInput,
) -> Result<ListTagsForResourceOutput, ListTagsForResourceError> {
    let arn = input.resource_arn;
    Owner::find(context, &arn)?.check::<_, ListTagsForResourceError>(service.catalog(), &arn)?;
    let tags = service.catalog().tags(&arn).map_err(fault)?;
    let shown = tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) });
    Ok(ListTagsForResourceOutput { tags: Some(shown.collect()) })
}

/// The tags of a request; of two with one key the later counts.
pub(super) fn from_list(given: Vec<Tag>) -> Result<Tags, ValidationException> {
    let mut tags = Tags::new();
    for Tag { key, value } in given {
        // The model lets both be absent; a tag without a key says nothing.
        let key = key.ok_or_else(|| invalid("A tag must have a key"))?;
        let value = value.unwrap_or_default();
        check(&key, &value)?;
        set(&mut tags, key, value);
    }
    Ok(tags)
}

/// Checks that a resource has not too many tags.
pub(super) fn check_count(arn: &str, tags: &Tags) -> Result<(), TooManyTags> {
    if tags.len() <= MAX_TAGS {
        return Ok(());
    }
    let message = format!("A resource can have at most {MAX_TAGS} tags: '{arn}'");
    Err(TooManyTags { resource_name: Some(arn.to_owned()), ..TooManyTags::new(message) })
}

/// Changes the tags of a resource, if it exists.
async fn change<S: Store, E>(
    service: &Service<S>,
    owner: Owner,
    arn: String,
    change: impl FnOnce(&str, &mut Tags) -> Result<(), E> + Send + 'static,
) -> Result<(), E>
where
    E: From<ResourceNotFound> + From<Fault> + Send + 'static,
{
    let resource = arn.clone();
    let changed = service.transact(&resource, move |catalog, _| {
        owner.check::<_, E>(catalog, &arn)?;
        let mut tags = catalog.tags(&arn).map_err(fault)?;
        change(&arn, &mut tags)?;
        Ok::<_, E>((vec![row(&arn, &tags)?], ()))
    });
    changed.await
}

/// What has tags.
#[derive(Clone, Copy)]
enum Owner {
    StateMachine,
    Activity,
    /// A version or a Map state, which have none, or a resource of another region or account.
    Nobody,
}

impl Owner {
    fn find(context: &RequestContext, arn: &str) -> Result<Owner, InvalidArn> {
        let parsed = arn::parse(arn)?;
        let is_here = parsed.place == Place::of(context);
        match parsed.resource {
            Resource::StateMachine(named) if is_here && named.is_unqualified() => Ok(Owner::StateMachine),
            Resource::Activity if is_here => Ok(Owner::Activity),
            Resource::StateMachine(_) | Resource::Activity => Ok(Owner::Nobody),
            other @ (Resource::Execution | Resource::Express | Resource::MapRun) => {
                Err(arn::out_of_place(other.kind()))
            }
        }
    }

    /// Checks that the owner exists.
    fn check<S: Store, E>(self, catalog: &Catalog<S>, arn: &str) -> Result<(), E>
    where
        E: From<ResourceNotFound> + From<Fault>,
    {
        let exists = match self {
            Owner::StateMachine => catalog.machine(arn).map_err(fault)?.is_some(),
            Owner::Activity => catalog.activity(arn).map_err(fault)?.is_some(),
            Owner::Nobody => false,
        };
        if exists { Ok(()) } else { Err(not_found(arn).into()) }
    }
}

fn row(arn: &str, tags: &Tags) -> Result<Op, Fault> {
    if tags.is_empty() {
        return Ok(catalog::delete(Kind::Tags, arn));
    }
    catalog::put(Kind::Tags, arn, tags).map_err(fault)
}

/// What is said about a resource that does not exist. Source: the service, recorded.
pub(super) fn not_found(arn: &str) -> ResourceNotFound {
    let message = format!("Resource not found: '{arn}'");
    ResourceNotFound { resource_name: Some(arn.to_owned()), ..ResourceNotFound::new(message) }
}

/// Sets a tag: in its place if the key is there, else behind the others.
fn set(tags: &mut Tags, key: String, value: String) {
    match tags.iter_mut().find(|(known, _)| *known == key) {
        Some((_, old)) => *old = value,
        None => tags.push((key, value)),
    }
}

/// Checks the characters of a tag, and that its key is not reserved. Source: the API reference.
fn check(key: &str, value: &str) -> Result<(), ValidationException> {
    if key.starts_with("aws:") {
        return Err(invalid(format!("The tag key '{key}' is reserved: it begins with aws:")));
    }
    let is_valid =
        |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c));
    if !is_valid(key) || !is_valid(value) {
        return Err(invalid(format!(
            "The tag '{key}' holds a character that is no letter, digit or white space, and none of _ . : / = + - @"
        )));
    }
    Ok(())
}
