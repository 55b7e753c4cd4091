//! The resolved model: what is to be written, with names, defaults and constraints settled once.
//!
//! Every trait is either used here, known to have no bearing on the code, or an error. Knows no Rust syntax beyond names.

use crate::ast::{self, Model, Shape, Traits, short};
use crate::overlay::Overlay;
use crate::pattern::{self, Pattern};
use crate::{Error, docs, names};
use proc_macro2::Ident;
use serde::Deserialize;
use serde_json::{Number, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How deep lists and maps may nest in one another.
const DEEPEST: usize = 4;

/// The service: everything the emitters need.
#[derive(Debug)]
pub(crate) struct Service {
    /// What stands before the dot in `X-Amz-Target`.
    pub(crate) target: String,
    /// The service's name in signatures.
    pub(crate) signing_name: String,
    pub(crate) operations: Vec<Operation>,
    /// All structures that are no errors.
    pub(crate) structures: Vec<Structure>,
    pub(crate) errors: Vec<Structure>,
    pub(crate) enums: Vec<Enum>,
    /// What stands before an error's name in `__type`.
    pub(crate) error_namespace: String,
    /// The HTTP status of modeled errors.
    pub(crate) error_status: u16,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) wire: String,
    /// The type of the client's call and the stem of the error enum.
    pub(crate) name: Ident,
    pub(crate) method: Ident,
    pub(crate) doc: Option<String>,
    /// Names of structures.
    pub(crate) input: String,
    pub(crate) output: String,
    /// Names of errors, in order.
    pub(crate) errors: Vec<String>,
    pub(crate) idempotent: bool,
    pub(crate) host_prefix: Option<String>,
    pub(crate) pages: Option<Pages>,
}

/// The `paginated` trait.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Pages {
    pub(crate) input_token: String,
    pub(crate) output_token: String,
    pub(crate) items: String,
    pub(crate) page_size: String,
}

/// A structure or an error.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) wire: String,
    pub(crate) name: Ident,
    pub(crate) builder: Ident,
    pub(crate) doc: Option<String>,
    pub(crate) members: Vec<Member>,
    /// Part of some input, so that its constraints are checked and absence is told from a default.
    pub(crate) checked: bool,
    /// A member, or an element of a member, of a checked structure.
    pub(crate) nested: bool,
}

/// A member of a structure.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) wire: String,
    pub(crate) name: Ident,
    pub(crate) doc: Option<String>,
    pub(crate) ty: Type,
    pub(crate) required: bool,
    pub(crate) default: Option<Value>,
    /// Absence is kept apart from the default.
    pub(crate) absence_counts: bool,
    pub(crate) constraints: Constraints,
    pub(crate) sensitive: bool,
    pub(crate) idempotency_token: bool,
}

impl Member {
    /// Whether the field is an `Option`.
    pub(crate) fn is_optional(&self) -> bool {
        !self.required && (self.default.is_none() || self.absence_counts)
    }

    /// The default of a field that is no `Option`.
    pub(crate) fn filled(&self) -> Option<&Value> {
        self.default.as_ref().filter(|_| !self.required && !self.absence_counts)
    }
}

/// What a member holds.
#[derive(Clone, Debug)]
pub(crate) enum Type {
    String,
    Boolean,
    Integer,
    Long,
    Float,
    Timestamp,
    Enum(String),
    Structure(String),
    List(Box<Element>),
    Map { key: Box<Element>, value: Box<Element> },
}

impl Type {
    /// The constraints on each element of a list or value of a map.
    pub(crate) fn element_constraints(&self) -> Option<&Constraints> {
        match self {
            Self::List(element) | Self::Map { value: element, .. } => Some(&element.constraints),
            _ => None,
        }
    }

    /// Whether a parameter of this type is taken in any form of text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::String)
    }

    /// Whether it has elements.
    pub(crate) fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map { .. })
    }

    /// The structure that this is, or that its elements are.
    pub(crate) fn structure(&self) -> Option<&str> {
        match self {
            Self::Structure(name) => Some(name),
            Self::List(element) | Self::Map { value: element, .. } => element.ty.structure(),
            _ => None,
        }
    }
}

/// An element of a list, a key or a value of a map.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) ty: Type,
    pub(crate) constraints: Constraints,
    sensitive: bool,
}

/// What a value must satisfy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Constraints {
    pub(crate) length: Option<Length>,
    /// `length` is about bytes of UTF-8.
    pub(crate) bytes: bool,
    /// What `length` counts, where it is no text.
    pub(crate) counted: Option<&'static str>,
    pub(crate) range: Option<Range>,
    pub(crate) pattern: Option<Pattern>,
}

/// The `length` trait.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Length {
    pub(crate) min: Option<usize>,
    pub(crate) max: Option<usize>,
}

/// The `range` trait.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Range {
    pub(crate) min: Option<Number>,
    pub(crate) max: Option<Number>,
}

/// A set of names.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) wire: String,
    pub(crate) name: Ident,
    pub(crate) doc: Option<String>,
    pub(crate) values: Vec<EnumValue>,
}

/// One name of a set.
#[derive(Debug)]
pub(crate) struct EnumValue {
    pub(crate) wire: String,
    pub(crate) name: Ident,
    pub(crate) doc: Option<String>,
}

/// Resolves a model in the light of an overlay.
pub(crate) fn resolve(model: &Model, overlay: &Overlay) -> Result<Service, Error> {
    overlay.validate(model)?;
    for (id, shape) in &model.shapes {
        check_names(id, shape)?;
        check_traits(id, shape)?;
    }
    let resolver = Resolver { model, overlay };
    let (id, service) = resolver.service()?;
    let operations = service.operations.iter().map(|reference| resolver.operation(id, &reference.target));
    let operations = operations.collect::<Result<Vec<_>, _>>()?;
    let (mut structures, mut errors, mut enums) = (Vec::new(), Vec::new(), Vec::new());
    for (id, shape) in &model.shapes {
        match shape.kind.as_str() {
            "structure" if shape.traits.contains_key("smithy.api#error") => {
                errors.push(resolver.structure(id, shape)?)
            }
            "structure" => structures.push(resolver.structure(id, shape)?),
            "enum" => enums.push(resolver.set(id, shape)?),
            _ => {}
        }
    }
    unique_types(structures.iter().chain(&errors).map(|s| &s.name).chain(enums.iter().map(|e| &e.name)))?;
    mark_inputs(&operations, &mut structures);
    acyclic(&structures)?;
    let pages = operations.iter().filter_map(|operation| Some((operation, operation.pages.as_ref()?)));
    for (operation, pages) in pages {
        check_pages(operation, pages, &structures)?;
    }
    Ok(Service {
        target: short(id).to_owned(),
        signing_name: resolver.signing_name(id, service)?,
        operations,
        structures,
        errors,
        enums,
        error_namespace: overlay.errors.namespace.clone(),
        error_status: overlay.errors.status,
    })
}

struct Resolver<'a> {
    model: &'a Model,
    overlay: &'a Overlay,
}

impl<'a> Resolver<'a> {
    /// The one service, if it speaks the one protocol.
    fn service(&self) -> Result<(&'a str, &'a Shape), Error> {
        let services: Vec<_> =
            self.model.shapes.iter().filter(|(_, shape)| shape.kind == "service").collect();
        let [(id, service)] = services.as_slice() else { return Err(Error::Services(services.len())) };
        let declared: Vec<_> = service.traits.keys().filter(|name| is_protocol(name)).cloned().collect();
        if declared.as_slice() != ["aws.protocols#awsJson1_0"] {
            let declared = if declared.is_empty() { "none".to_owned() } else { declared.join(", ") };
            return Err(Error::Protocol { service: short(id).to_owned(), declared });
        }
        Ok((id, service))
    }

    fn signing_name(&self, id: &str, service: &Shape) -> Result<String, Error> {
        let name =
            service.traits.get("aws.auth#sigv4").and_then(|value| value.get("name")).and_then(Value::as_str);
        name.map(str::to_owned).ok_or_else(|| value_error(short(id), "aws.auth#sigv4", "a `name` is needed"))
    }

    fn operation(&self, service: &str, id: &str) -> Result<Operation, Error> {
        let operation = self.target(short(service), id, &["operation"], "an operation")?;
        let wire = short(id);
        let structure = |reference: &Option<ast::Reference>| {
            let target = reference.as_ref().map_or("(none)", |reference| reference.target.as_str());
            self.target(wire, target, &["structure"], "a structure").map(|_| short(target).to_owned())
        };
        let mut errors = Vec::new();
        for reference in &operation.errors {
            let error = self.target(wire, &reference.target, &["structure"], "an error")?;
            if !error.traits.contains_key("smithy.api#error") {
                return Err(target_error(wire, &reference.target, "an error"));
            }
            errors.push(short(&reference.target).to_owned());
        }
        for common in self.overlay.common_errors.iter().flat_map(|group| &group.shapes) {
            let is_modeled = self
                .model
                .shapes
                .iter()
                .any(|(id, shape)| short(id) == common && shape.traits.contains_key("smithy.api#error"));
            if is_modeled && !errors.contains(common) {
                errors.push(common.clone());
            }
        }
        Ok(Operation {
            name: names::type_name(wire),
            method: names::field(wire),
            doc: self.doc(wire, &operation.traits),
            input: structure(&operation.input)?,
            output: structure(&operation.output)?,
            errors,
            idempotent: operation.traits.contains_key("smithy.api#idempotent"),
            host_prefix: host_prefix(wire, &operation.traits)?,
            pages: value_of(wire, &operation.traits, "smithy.api#paginated")?,
            wire: wire.to_owned(),
        })
    }

    fn structure(&self, id: &str, shape: &Shape) -> Result<Structure, Error> {
        let wire = short(id);
        let members = shape.members.iter().map(|(name, member)| self.member(wire, shape, name, member));
        let members = members.collect::<Result<Vec<_>, _>>()?;
        let mut taken = BTreeSet::new();
        if let Some(twice) = members.iter().find(|member| !taken.insert(member.name.to_string())) {
            return Err(Error::Name { shape: wire.to_owned(), name: twice.name.to_string() });
        }
        let name = names::type_name(wire);
        Ok(Structure {
            builder: names::with_suffix(&name, "Builder"),
            name,
            doc: self.doc(wire, &shape.traits),
            members,
            checked: false,
            nested: false,
            wire: wire.to_owned(),
        })
    }

    fn member(&self, owner: &str, shape: &Shape, name: &str, member: &ast::Member) -> Result<Member, Error> {
        let place = format!("{owner}${name}");
        let element = self.element(&place, member, 0)?;
        let required = member.traits.contains_key("smithy.api#required");
        Ok(Member {
            wire: name.to_owned(),
            name: names::field(name),
            doc: self.member_doc(&place, name, member),
            default: default(&place, &element.ty, &member.traits)?,
            required,
            absence_counts: false,
            sensitive: element.sensitive || shape.traits.contains_key("smithy.api#sensitive"),
            ty: element.ty,
            constraints: element.constraints,
            idempotency_token: member.traits.contains_key("smithy.api#idempotencyToken"),
        })
    }

    /// What a member, element, key or value holds, `depth` lists or maps below a structure.
    fn element(&self, place: &str, member: &ast::Member, depth: usize) -> Result<Element, Error> {
        if depth > DEEPEST {
            return Err(Error::Recursive(place.to_owned()));
        }
        let target = short(&member.target);
        let shape =
            self.shape(&member.target).ok_or_else(|| target_error(place, &member.target, "a known shape"))?;
        let inner = |inner: &Option<ast::Member>| match inner {
            Some(inner) => self.element(target, inner, depth + 1),
            None => {
                Err(Error::Type { shape: target.to_owned(), kind: format!("{} without members", shape.kind) })
            }
        };
        let ty = match shape.kind.as_str() {
            "string" => Type::String,
            "boolean" => Type::Boolean,
            "integer" => Type::Integer,
            "long" => Type::Long,
            "float" => Type::Float,
            "timestamp" => Type::Timestamp,
            "enum" => Type::Enum(target.to_owned()),
            "structure" => Type::Structure(target.to_owned()),
            "list" => Type::List(Box::new(inner(&shape.member)?)),
            "map" => Type::Map { key: Box::new(inner(&shape.key)?), value: Box::new(inner(&shape.value)?) },
            kind => return Err(Error::Type { shape: target.to_owned(), kind: kind.to_owned() }),
        };
        let sensitive_inside = match &ty {
            Type::List(element) => element.sensitive,
            Type::Map { key, value } => key.sensitive || value.sensitive,
            _ => false,
        };
        let constraints = self.constraints(place, target, &ty, &shape.traits, &member.traits)?;
        let sensitive = sensitive_inside || shape.traits.contains_key("smithy.api#sensitive");
        Ok(Element { ty, constraints, sensitive })
    }

    /// A member's own constraints replace those of its target.
    fn constraints(
        &self,
        place: &str,
        target: &str,
        ty: &Type,
        of_target: &Traits,
        of_member: &Traits,
    ) -> Result<Constraints, Error> {
        let text = match (of_member.get("smithy.api#pattern"), of_target.get("smithy.api#pattern")) {
            (Some(value), _) => Some((place, value)),
            (None, Some(value)) => Some((target, value)),
            (None, None) => None,
        };
        let pattern = text.map(|(place, value)| {
            let text = value.as_str().ok_or_else(|| "expected a string".to_owned());
            text.and_then(pattern::parse).map_err(|reason| value_error(place, "smithy.api#pattern", &reason))
        });
        Ok(Constraints {
            length: match value_of(place, of_member, "smithy.api#length")? {
                Some(length) => Some(length),
                None => value_of(target, of_target, "smithy.api#length")?,
            },
            bytes: self.overlay.is_in_bytes(target),
            counted: match ty {
                Type::List(_) => Some("elements"),
                Type::Map { .. } => Some("entries"),
                _ => None,
            },
            range: match value_of(place, of_member, "smithy.api#range")? {
                Some(range) => Some(range),
                None => value_of(target, of_target, "smithy.api#range")?,
            },
            pattern: pattern.transpose()?,
        })
    }

    fn set(&self, id: &str, shape: &Shape) -> Result<Enum, Error> {
        let wire = short(id);
        let mut taken = BTreeSet::from(["Unknown".to_owned()]);
        let values = shape.members.iter().map(|(member, declared)| {
            let place = format!("{wire}${member}");
            let value = match declared.traits.get("smithy.api#enumValue") {
                None => member.clone(),
                Some(Value::String(value)) => value.clone(),
                Some(_) => return Err(value_error(&place, "smithy.api#enumValue", "expected a string")),
            };
            let name = names::variant(&value)
                .ok_or_else(|| value_error(&place, "smithy.api#enumValue", "has neither letter nor digit"))?;
            if !taken.insert(name.to_string()) {
                return Err(Error::Name { shape: wire.to_owned(), name: name.to_string() });
            }
            Ok(EnumValue { doc: self.doc(&place, &declared.traits), name, wire: value })
        });
        let mut values = values.collect::<Result<Vec<EnumValue>, _>>()?;
        values.sort_by_key(|value| self.overlay.enum_position(wire, &value.wire));
        Ok(Enum {
            name: names::type_name(wire),
            doc: self.doc(wire, &shape.traits),
            values,
            wire: wire.to_owned(),
        })
    }

    /// The overlay's sentence, or else the model's.
    fn doc(&self, place: &str, traits: &Traits) -> Option<String> {
        let modeled = || traits.get("smithy.api#documentation").and_then(Value::as_str).map(docs::markdown);
        self.overlay.doc(place).map(str::to_owned).or_else(modeled)
    }

    /// As [`doc`](Self::doc); then what is said of such members in general, then of the target.
    fn member_doc(&self, place: &str, name: &str, member: &ast::Member) -> Option<String> {
        let general = || self.overlay.doc(&format!("*${name}")).map(str::to_owned);
        let target = || self.overlay.doc(short(&member.target)).map(str::to_owned);
        self.doc(place, &member.traits).or_else(general).or_else(target)
    }

    fn target(
        &self,
        from: &str,
        id: &str,
        kinds: &[&str],
        expected: &'static str,
    ) -> Result<&'a Shape, Error> {
        let shape = self.shape(id).filter(|shape| kinds.contains(&shape.kind.as_str()));
        shape.ok_or_else(|| target_error(from, id, expected))
    }

    fn shape(&self, id: &str) -> Option<&'a Shape> {
        self.model.shapes.get(id)
    }
}

fn is_protocol(name: &str) -> bool {
    name.starts_with("aws.protocols#") || name.starts_with("smithy.protocols#") || name.starts_with("alloy#")
}

/// Names become Rust names.
fn check_names(id: &str, shape: &Shape) -> Result<(), Error> {
    let name = short(id);
    if !names::is_identifier(name) {
        return Err(Error::Identifier(name.to_owned()));
    }
    match shape.members.keys().find(|member| !names::is_identifier(member)) {
        Some(member) => Err(Error::Identifier(format!("{name}${member}"))),
        None => Ok(()),
    }
}

/// Every trait must be one that has a translation, or that is known to need none.
fn check_traits(id: &str, shape: &Shape) -> Result<(), Error> {
    let (of_shape, of_members) = known_traits(&shape.kind)
        .ok_or_else(|| Error::Type { shape: short(id).to_owned(), kind: shape.kind.clone() })?;
    refuse_unknown(short(id), &shape.traits, of_shape, shape.kind == "service")?;
    let elements = [("member", &shape.member), ("key", &shape.key), ("value", &shape.value)];
    let elements = elements.into_iter().filter_map(|(name, member)| Some((name, member.as_ref()?)));
    let members = shape.members.iter().map(|(name, member)| (name.as_str(), member));
    for (name, member) in members.chain(elements) {
        refuse_unknown(&format!("{}${name}", short(id)), &member.traits, of_members, false)?;
    }
    Ok(())
}

fn refuse_unknown(place: &str, traits: &Traits, known: &[&str], is_service: bool) -> Result<(), Error> {
    let is_known = |name: &str| {
        let short = name.strip_prefix("smithy.api#").unwrap_or(name);
        // A service with another protocol gets an error of its own.
        known.contains(&short) || short == "documentation" || (is_service && is_protocol(name))
    };
    match traits.keys().find(|name| !is_known(name)) {
        Some(name) => Err(Error::Trait { shape: place.to_owned(), name: name.clone() }),
        None => Ok(()),
    }
}

/// The known traits of a type of shape, and of its members; those of `smithy.api` without the namespace.
fn known_traits(kind: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    const ELEMENT: &[&str] = &["length", "range", "pattern"];
    Some(match kind {
        "service" => (&["aws.api#service", "aws.auth#sigv4", "title", "xmlNamespace"], &[]),
        "operation" => (&["idempotent", "endpoint", "paginated"], &[]),
        "structure" => (
            &["error", "httpError", "input", "output", "sensitive"],
            &["required", "default", "idempotencyToken", "length", "range", "pattern"],
        ),
        "list" | "map" => (&["length", "sensitive"], ELEMENT),
        "string" => (&["length", "pattern", "sensitive", "default"], &[]),
        "enum" => (&["sensitive", "default"], &["enumValue"]),
        "integer" | "long" | "float" => (&["default", "range", "sensitive"], &[]),
        "boolean" => (&["default", "sensitive"], &[]),
        "timestamp" => (&["sensitive"], &[]),
        _ => return None,
    })
}

fn host_prefix(place: &str, traits: &Traits) -> Result<Option<String>, Error> {
    let Some(endpoint) = traits.get("smithy.api#endpoint") else { return Ok(None) };
    match endpoint.get("hostPrefix").and_then(Value::as_str) {
        Some(prefix) if !prefix.contains('{') => Ok(Some(prefix.to_owned())),
        _ => Err(value_error(place, "smithy.api#endpoint", "expected a `hostPrefix` without labels")),
    }
}

/// The value of the `default` trait, if there is one that is not null and suits the type.
fn default(place: &str, ty: &Type, traits: &Traits) -> Result<Option<Value>, Error> {
    let value = traits.get("smithy.api#default").filter(|value| !value.is_null());
    let suits = value.is_none_or(|value| match ty {
        Type::String | Type::Enum(_) => value.is_string(),
        Type::Boolean => value.is_boolean(),
        Type::Integer | Type::Long => value.is_i64(),
        Type::Float => value.is_number(),
        Type::Timestamp | Type::Structure(_) | Type::List(_) | Type::Map { .. } => false,
    });
    if suits {
        Ok(value.cloned())
    } else {
        Err(value_error(place, "smithy.api#default", "does not suit the type"))
    }
}

/// A trait's value, read as `T`.
fn value_of<T: for<'de> Deserialize<'de>>(
    place: &str,
    traits: &Traits,
    name: &str,
) -> Result<Option<T>, Error> {
    let value = traits.get(name).map(T::deserialize).transpose();
    value.map_err(|error| value_error(place, name, &error.to_string()))
}

fn check_pages(operation: &Operation, pages: &Pages, structures: &[Structure]) -> Result<(), Error> {
    let has = |structure: &str, member: &str| {
        let found = structures.iter().find(|candidate| candidate.wire == structure);
        found.is_some_and(|structure| structure.members.iter().any(|candidate| candidate.wire == member))
    };
    let named = [
        (&operation.input, &pages.input_token),
        (&operation.input, &pages.page_size),
        (&operation.output, &pages.output_token),
        (&operation.output, &pages.items),
    ];
    match named.iter().find(|(structure, member)| !has(structure, member)) {
        Some((structure, member)) => {
            let reason = format!("`{structure}` has no member `{member}`");
            Err(value_error(&operation.wire, "smithy.api#paginated", &reason))
        }
        None => Ok(()),
    }
}

fn unique_types<'a>(names: impl Iterator<Item = &'a Ident>) -> Result<(), Error> {
    let mut taken = BTreeSet::new();
    match names.map(Ident::to_string).find(|name| !taken.insert(name.clone())) {
        Some(name) => Err(Error::Name { shape: name.clone(), name }),
        None => Ok(()),
    }
}

/// Marks what inputs are made of: there, constraints are checked and absence counts.
fn mark_inputs(operations: &[Operation], structures: &mut [Structure]) {
    let places: BTreeMap<String, usize> =
        structures.iter().enumerate().map(|(place, structure)| (structure.wire.clone(), place)).collect();
    let mut open: Vec<(String, bool)> =
        operations.iter().map(|operation| (operation.input.clone(), false)).collect();
    while let Some((name, nested)) = open.pop() {
        let Some(structure) = places.get(&name).and_then(|place| structures.get_mut(*place)) else {
            continue;
        };
        structure.nested |= nested;
        if std::mem::replace(&mut structure.checked, true) {
            continue;
        }
        for member in &mut structure.members {
            member.absence_counts = true;
            open.extend(member.ty.structure().map(|name| (name.to_owned(), true)));
        }
    }
}

/// No structure may contain itself, not even through a list: nothing here needs it, and readers could recurse.
fn acyclic(structures: &[Structure]) -> Result<(), Error> {
    let inside = |structure: &Structure| -> Vec<String> {
        structure.members.iter().filter_map(|member| member.ty.structure().map(str::to_owned)).collect()
    };
    let mut open: BTreeMap<String, Vec<String>> =
        structures.iter().map(|structure| (structure.wire.clone(), inside(structure))).collect();
    // What contains nothing that is still open is settled; where nothing can be settled, there is a circle.
    while !open.is_empty() {
        let settled: Vec<String> = open
            .iter()
            .filter(|(_, inside)| !inside.iter().any(|name| open.contains_key(name)))
            .map(|(name, _)| name.clone())
            .collect();
        if let (true, Some((name, _))) = (settled.is_empty(), open.first_key_value()) {
            return Err(Error::Recursive(name.clone()));
        }
        open.retain(|name, _| !settled.contains(name));
    }
    Ok(())
}

fn target_error(shape: &str, target: &str, expected: &'static str) -> Error {
    Error::Target { shape: shape.to_owned(), target: target.to_owned(), expected }
}

fn value_error(shape: &str, name: &str, reason: &str) -> Error {
    Error::TraitValue { shape: shape.to_owned(), name: name.to_owned(), reason: reason.to_owned() }
}
