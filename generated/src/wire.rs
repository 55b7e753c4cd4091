//! How values stand in a body: AWS JSON 1.0 over `serde_json`.
//!
//! Requests are read leniently where the service is lenient (`null` and unknown members are ignored, the last of two
//! equal names wins) and refused in its words where it is not. Knows no constraint: that is [`checks`](crate::checks).
//! Source of the rules and texts: recorded from services with the same front end, 2013 to 2025.

use crate::checks::Violations;
use crate::http::Fault;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// Reads a request's body into a builder.
///
/// # Errors
/// `SerializationException`: without a message for what is not JSON text in UTF-8 or nests deeper than 127 levels, with
/// one for a value of the wrong type.
pub fn read<T: Members>(body: &[u8]) -> Result<T, Fault> {
    let text = std::str::from_utf8(body).map_err(|_| Fault::serialization(None))?;
    match parse::<Structure<T>>(text) {
        Ok(Some(Structure(members))) => Ok(members),
        Ok(None) => Err(Fault::serialization(None)),
        Err(error) => Err(Fault::serialization(refusal(&error))),
    }
}

/// Writes an answer's body.
///
/// # Errors
/// `InternalFailure`, should the value not be representable; no shape of this crate is.
pub fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|error| Fault::internal(Some(error.to_string())))
}

fn parse<T: Read>(text: &str) -> Result<Option<T>, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Slot(PhantomData).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The text of a refusal without the position that the reader appends. `None` for a fault of syntax.
fn refusal(error: &serde_json::Error) -> Option<String> {
    if !error.is_data() {
        return None;
    }
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    Some(text.strip_suffix(&position).map(str::to_owned).unwrap_or(text))
}

/// A structure in the making: every member may still be absent.
pub trait Members: Default {
    /// Takes the value of the member that has this name on the wire. A name that it lacks is skipped.
    ///
    /// # Errors
    /// A value of the wrong type.
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error>;
}

/// A builder: members, and what they make.
pub trait Complete: Members {
    /// What is built.
    type Shape;

    /// The shape, if no required member is absent. Constraints are not looked at.
    ///
    /// # Errors
    /// The first required member that is absent.
    fn complete(self) -> Result<Self::Shape, Violations>;
}

/// The value of the member at hand; `None` for `null`.
///
/// # Errors
/// A value of the wrong type.
pub fn value<'de, T: Read, A: MapAccess<'de>>(members: &mut A) -> Result<Option<T>, A::Error> {
    members.next_value_seed(Slot(PhantomData))
}

/// Skips the value of a member that is not known.
///
/// # Errors
/// A fault of syntax.
pub fn skip<'de, A: MapAccess<'de>>(members: &mut A) -> Result<(), A::Error> {
    members.next_value::<IgnoredAny>().map(drop)
}

/// Reads any value; `None` for `null`.
pub(crate) fn any<'de, T: Read, D: Deserializer<'de>>(reader: D) -> Result<Option<T>, D::Error> {
    Slot(PhantomData).deserialize(reader)
}

/// Reads a shape through its builder.
pub(crate) fn built<'de, B: Complete, D: Deserializer<'de>>(reader: D) -> Result<B::Shape, D::Error> {
    let members = any::<Structure<B>, D>(reader)?.ok_or_else(|| D::Error::custom("Expected a structure"))?;
    members.0.complete().map_err(D::Error::custom)
}

/// Reads all members of an object into a builder.
pub(crate) fn members<'de, T: Members, A: MapAccess<'de>>(mut object: A) -> Result<T, A::Error> {
    let mut members = T::default();
    while let Some(name) = object.next_key_seed(Name)? {
        members.member(&name, &mut object)?;
    }
    Ok(members)
}

/// Writes an optional member, if it is there.
pub(crate) fn optional<M: SerializeMap, T: Serialize>(
    members: &mut M,
    name: &'static str,
    value: Option<&T>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| members.serialize_entry(name, value))
}

/// A set of names that may grow: an enum whose last variant keeps what it does not know.
pub trait Enumeration: for<'a> From<&'a str> {
    /// Every known name, in the order of the model.
    const VALUES: &'static [&'static str];

    /// The name on the wire.
    fn as_str(&self) -> &str;
}

/// Why a value was refused: the words of the service.
#[derive(Debug)]
pub struct Refusal(Cow<'static, str>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A JSON number.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// One without fraction or exponent that fits.
    Whole(i64),
    /// Any other.
    Fraction(f64),
}

impl Number {
    /// The whole part; the nearest bound for what does not fit, so that a range check sees that it is too large.
    fn cut(self) -> i64 {
        match self {
            Self::Whole(number) => number,
            Self::Fraction(number) => number as i64, // saturates
        }
    }
}

/// What a type takes of the values of JSON. What it does not name is refused.
pub trait Read: Sized {
    /// The type's name in the service's refusals.
    const NAME: &'static str;

    /// The refusal of a scalar of this Java class.
    #[must_use]
    fn refuse(class: &str) -> Refusal {
        Refusal(format!("class {class} can not be converted to an {}", Self::NAME).into())
    }

    /// From a string.
    ///
    /// # Errors
    /// The type takes no such value.
    fn string(_: Cow<'_, str>) -> Result<Self, Refusal> {
        Err(Self::refuse("java.lang.String"))
    }

    /// From `true` or `false`.
    ///
    /// # Errors
    /// The type takes no such value.
    fn boolean(_: bool) -> Result<Self, Refusal> {
        Err(Self::refuse("java.lang.Boolean"))
    }

    /// From a number.
    ///
    /// # Errors
    /// The type takes no such value.
    fn number(_: Number) -> Result<Self, Refusal> {
        Err(Self::refuse("com.amazon.coral.value.json.numbers.TruncatingBigNumber"))
    }

    /// From an array.
    ///
    /// # Errors
    /// The type takes no such value, or refuses an element.
    fn list<'de, A: SeqAccess<'de>>(_: A) -> Result<Self, A::Error> {
        Err(A::Error::custom("Start of list found where not expected"))
    }

    /// From an object.
    ///
    /// # Errors
    /// The type takes no such value, or refuses a member.
    fn object<'de, A: MapAccess<'de>>(_: A) -> Result<Self, A::Error> {
        Err(A::Error::custom("Start of structure or map found where not expected."))
    }
}

impl Read for String {
    const NAME: &'static str = "String";

    fn string(text: Cow<'_, str>) -> Result<Self, Refusal> {
        Ok(text.into_owned())
    }
}

impl Read for bool {
    const NAME: &'static str = "Boolean";

    fn boolean(value: bool) -> Result<Self, Refusal> {
        Ok(value)
    }

    fn string(text: Cow<'_, str>) -> Result<Self, Refusal> {
        let upper = text.to_uppercase();
        match upper.as_str() {
            "TRUE" | "YES" | "1" => Ok(true),
            "FALSE" | "NO" | "0" => Ok(false),
            _ => Err(Refusal(format!("'{upper}' can not be converted to an Boolean").into())),
        }
    }
}

impl Read for i32 {
    const NAME: &'static str = "Integer";

    fn number(number: Number) -> Result<Self, Refusal> {
        let whole = number.cut();
        Ok(Self::try_from(whole).unwrap_or(if whole < 0 { Self::MIN } else { Self::MAX }))
    }
}

impl Read for i64 {
    const NAME: &'static str = "Long";

    fn number(number: Number) -> Result<Self, Refusal> {
        Ok(number.cut())
    }
}

impl Read for f32 {
    const NAME: &'static str = "Float";

    fn number(number: Number) -> Result<Self, Refusal> {
        Ok(match number {
            Number::Whole(number) => number as Self,
            Number::Fraction(number) => number as Self,
        })
    }
}

impl<T: Read> Read for Vec<T> {
    const NAME: &'static str = "List";

    fn refuse(_: &str) -> Refusal {
        Refusal("Expected list or null".into())
    }

    fn list<'de, A: SeqAccess<'de>>(mut elements: A) -> Result<Self, A::Error> {
        let mut list = Self::new();
        while let Some(element) = elements.next_element_seed(Slot(PhantomData))? {
            // What the service answers is not known. To drop the element would change what the caller asked for.
            list.push(
                element.ok_or_else(|| A::Error::custom("null found where a list member was expected"))?,
            );
        }
        Ok(list)
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    const NAME: &'static str = "Map";

    fn refuse(_: &str) -> Refusal {
        Refusal("Expected map or null".into())
    }

    fn object<'de, A: MapAccess<'de>>(mut entries: A) -> Result<Self, A::Error> {
        let mut map = Self::new();
        while let Some(key) = entries.next_key_seed(Name)? {
            let entry: Option<T> = value(&mut entries)?;
            let entry = entry.ok_or_else(|| A::Error::custom("null found where a map value was expected"))?;
            map.insert(key.into_owned(), entry);
        }
        Ok(map)
    }
}

/// A builder, as it is read from an object.
pub(crate) struct Structure<T>(pub(crate) T);

impl<T: Members> Read for Structure<T> {
    const NAME: &'static str = "Structure";

    fn refuse(_: &str) -> Refusal {
        Refusal("Expected null".into())
    }

    fn object<'de, A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        members(object).map(Self)
    }
}

/// Completes each builder of a list.
///
/// # Errors
/// The first required member that is absent.
pub fn complete_all<B: Complete>(builders: Vec<B>) -> Result<Vec<B::Shape>, Violations> {
    builders.into_iter().map(B::complete).collect()
}

/// Completes each builder of a map.
///
/// # Errors
/// The first required member that is absent.
pub fn complete_by_key<B: Complete>(
    builders: BTreeMap<String, B>,
) -> Result<BTreeMap<String, B::Shape>, Violations> {
    builders.into_iter().map(|(key, builder)| Ok((key, builder.complete()?))).collect()
}

/// Lets a builder and its shape be read where they are members of another.
macro_rules! shape {
    ($shape:ident, $builder:ident) => {
        impl<'de> serde::Deserialize<'de> for $shape {
            fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                wire::built::<$builder, D>(reader)
            }
        }

        impl wire::Read for $shape {
            const NAME: &'static str = "Structure";

            fn refuse(class: &str) -> wire::Refusal {
                <wire::Structure<$builder> as wire::Read>::refuse(class)
            }

            fn object<'de, A: serde::de::MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
                let members: $builder = wire::members(object)?;
                wire::Complete::complete(members).map_err(serde::de::Error::custom)
            }
        }

        impl wire::Read for $builder {
            const NAME: &'static str = "Structure";

            fn refuse(class: &str) -> wire::Refusal {
                <wire::Structure<$builder> as wire::Read>::refuse(class)
            }

            fn object<'de, A: serde::de::MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
                wire::members(object)
            }
        }
    };
}
pub(crate) use shape;

/// Gives an enumeration its place on the wire: a string.
macro_rules! enumeration {
    ($name:ident) => {
        impl wire::Enumeration for $name {
            const VALUES: &'static [&'static str] = Self::VALUES;

            fn as_str(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
                writer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                wire::any(reader)?.ok_or_else(|| serde::de::Error::custom("Expected a string"))
            }
        }

        impl wire::Read for $name {
            const NAME: &'static str = "String";

            fn string(text: std::borrow::Cow<'_, str>) -> Result<Self, wire::Refusal> {
                Ok(Self::from(text.as_ref()))
            }
        }
    };
}
pub(crate) use enumeration;

/// The one visitor: a value of any kind, handed to the type that is to be read.
struct Slot<T>(PhantomData<T>);

impl<'de, T: Read> DeserializeSeed<'de> for Slot<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de, T: Read> Visitor<'de> for Slot<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::NAME)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        taken(T::boolean(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        taken(T::number(Number::Whole(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        taken(T::number(Number::Whole(i64::try_from(number).unwrap_or(i64::MAX))))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        taken(T::number(Number::Fraction(number)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        taken(T::string(Cow::Borrowed(text)))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        taken(T::string(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Self::Value, A::Error> {
        T::list(elements).map(Some)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        T::object(object).map(Some)
    }
}

fn taken<T, E: Error>(value: Result<T, Refusal>) -> Result<Option<T>, E> {
    value.map(Some).map_err(E::custom)
}

/// A member's name, borrowed from the body unless it holds escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
