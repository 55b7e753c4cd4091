// Generated from `model/` by `codegen/src/emit/shapes.rs`. To change it, change that file.

use crate::checks::{self, Checks, Pattern, Rule, Violations};
use crate::timestamp::Timestamp;
use crate::{enums, wire};
use serde::de::MapAccess;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// `Address`.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// `street`. 1 to 40 characters.
    pub street: String,
    /// `house`. 1 to 999. Default: `1`.
    pub house: Option<i32>,
}

impl Address {
    /// From the required members; the others are absent, or have their default.
    pub fn new(street: impl Into<String>) -> Self {
        Self {
            street: street.into(),
            house: None,
        }
    }

    /// A builder without any member.
    pub fn builder() -> AddressBuilder {
        AddressBuilder::default()
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut members = writer.serialize_map(None)?;
        wire::optional(&mut members, "house", self.house.as_ref())?;
        members.serialize_entry("street", &self.street)?;
        members.end()
    }
}

wire::shape!(Address, AddressBuilder);

/// A [`Address`] in the making: every member may still be absent.
#[derive(Clone, Default)]
pub struct AddressBuilder {
    street: Option<String>,
    house: Option<i32>,
}

impl AddressBuilder {
    /// `street`. 1 to 40 characters.
    pub fn street(mut self, value: impl Into<String>) -> Self {
        self.street = Some(value.into());
        self
    }

    /// As [`street`](Self::street); `None` takes it away.
    pub fn set_street(mut self, value: Option<String>) -> Self {
        self.street = value;
        self
    }

    /// `house`. 1 to 999. Default: `1`.
    pub fn house(mut self, value: i32) -> Self {
        self.house = Some(value);
        self
    }

    /// As [`house`](Self::house); `None` takes it away.
    pub fn set_house(mut self, value: Option<i32>) -> Self {
        self.house = value;
        self
    }

    /// The shape.
    ///
    /// # Errors
    /// Every constraint that it breaks, in the order of the model; at most ten.
    pub fn build(self) -> Result<Address, Violations> {
        let mut checks = Checks::default();
        checks::Constrained::check(&self, &mut checks);
        checks.finish()?;
        wire::Complete::complete(self)
    }
}

impl wire::Members for AddressBuilder {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        value: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "street" => self.street = wire::value(value)?,
            "house" => self.house = wire::value(value)?,
            _ => wire::skip(value)?,
        }
        Ok(())
    }
}

impl wire::Complete for AddressBuilder {
    type Shape = Address;

    fn complete(self) -> Result<Address, Violations> {
        Ok(Address {
            street: self.street.ok_or_else(|| Violations::missing("street"))?,
            house: self.house,
        })
    }
}

impl checks::Constrained for AddressBuilder {
    fn check(&self, checks: &mut Checks) {
        checks
            .member("street", self.street.as_ref())
            .required()
            .rules(&[Rule::MaxLength(40), Rule::MinLength(1)]);
        checks.member("house", self.house.as_ref()).range(Some(1), Some(999));
    }
}

impl checks::Show for AddressBuilder {
    fn show(&self, out: &mut String) {
        checks::Shown::new(out, "Address")
            .member("street", self.street.as_ref())
            .member("house", self.house.as_ref())
            .end();
    }
}

impl From<Address> for AddressBuilder {
    fn from(shape: Address) -> Self {
        Self {
            street: Some(shape.street),
            house: shape.house,
        }
    }
}

/// Input of [`list_parcels`](crate::server::StepFunctions::list_parcels).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListParcelsInput {
    /// A token.
    pub token: Option<String>,
    /// `limit`. Up to 100. Default: `0`.
    pub limit: Option<i32>,
}

impl ListParcelsInput {
    /// A builder without any member.
    pub fn builder() -> ListParcelsInputBuilder {
        ListParcelsInputBuilder::default()
    }
}

impl Serialize for ListParcelsInput {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut members = writer.serialize_map(None)?;
        wire::optional(&mut members, "limit", self.limit.as_ref())?;
        wire::optional(&mut members, "token", self.token.as_ref())?;
        members.end()
    }
}

wire::shape!(ListParcelsInput, ListParcelsInputBuilder);

/// A [`ListParcelsInput`] in the making: every member may still be absent.
#[derive(Clone, Default)]
pub struct ListParcelsInputBuilder {
    token: Option<String>,
    limit: Option<i32>,
}

impl ListParcelsInputBuilder {
    /// A token.
    pub fn token(mut self, value: impl Into<String>) -> Self {
        self.token = Some(value.into());
        self
    }

    /// As [`token`](Self::token); `None` takes it away.
    pub fn set_token(mut self, value: Option<String>) -> Self {
        self.token = value;
        self
    }

    /// `limit`. Up to 100. Default: `0`.
    pub fn limit(mut self, value: i32) -> Self {
        self.limit = Some(value);
        self
    }

    /// As [`limit`](Self::limit); `None` takes it away.
    pub fn set_limit(mut self, value: Option<i32>) -> Self {
        self.limit = value;
        self
    }

    /// The shape.
    ///
    /// # Errors
    /// Every constraint that it breaks, in the order of the model; at most ten.
    pub fn build(self) -> Result<ListParcelsInput, Violations> {
        let mut checks = Checks::default();
        checks::Constrained::check(&self, &mut checks);
        checks.finish()?;
        wire::Complete::complete(self)
    }
}

impl wire::Members for ListParcelsInputBuilder {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        value: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "token" => self.token = wire::value(value)?,
            "limit" => self.limit = wire::value(value)?,
            _ => wire::skip(value)?,
        }
        Ok(())
    }
}

impl wire::Complete for ListParcelsInputBuilder {
    type Shape = ListParcelsInput;

    fn complete(self) -> Result<ListParcelsInput, Violations> {
        Ok(ListParcelsInput {
            token: self.token,
            limit: self.limit,
        })
    }
}

impl checks::Constrained for ListParcelsInputBuilder {
    fn check(&self, checks: &mut Checks) {
        checks.member("limit", self.limit.as_ref()).range(None, Some(100));
    }
}

/// Output of [`list_parcels`](crate::server::StepFunctions::list_parcels).
#[derive(Clone, PartialEq)]
pub struct ListParcelsOutput {
    /// A token.
    pub token: Option<String>,
    /// `parcels`. Sensitive: `Debug` hides it.
    pub parcels: Vec<Parcel>,
}

impl ListParcelsOutput {
    /// From the required members; the others are absent, or have their default.
    pub fn new(parcels: Vec<Parcel>) -> Self {
        Self { token: None, parcels }
    }

    /// A builder without any member.
    pub fn builder() -> ListParcelsOutputBuilder {
        ListParcelsOutputBuilder::default()
    }
}

impl fmt::Debug for ListParcelsOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListParcelsOutput")
            .field("token", &self.token)
            .field("parcels", &checks::HIDDEN)
            .finish()
    }
}

impl Serialize for ListParcelsOutput {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut members = writer.serialize_map(None)?;
        members.serialize_entry("parcels", &self.parcels)?;
        wire::optional(&mut members, "token", self.token.as_ref())?;
        members.end()
    }
}

wire::shape!(ListParcelsOutput, ListParcelsOutputBuilder);

/// A [`ListParcelsOutput`] in the making: every member may still be absent.
#[derive(Clone, Default)]
pub struct ListParcelsOutputBuilder {
    token: Option<String>,
    parcels: Option<Vec<Parcel>>,
}

impl ListParcelsOutputBuilder {
    /// A token.
    pub fn token(mut self, value: impl Into<String>) -> Self {
        self.token = Some(value.into());
        self
    }

    /// `parcels`. Sensitive: `Debug` hides it.
    pub fn parcels(mut self, value: Parcel) -> Self {
        self.parcels.get_or_insert_default().push(value);
        self
    }

    /// Sets all elements of [`parcels`](Self::parcels); `None` takes them away.
    pub fn set_parcels(mut self, value: Option<Vec<Parcel>>) -> Self {
        self.parcels = value;
        self
    }

    /// The shape.
    ///
    /// # Errors
    /// Every required member that is absent, in the order of the model; at most ten.
    pub fn build(self) -> Result<ListParcelsOutput, Violations> {
        let mut checks = Checks::default();
        checks::Constrained::check(&self, &mut checks);
        checks.finish()?;
        wire::Complete::complete(self)
    }
}

impl wire::Members for ListParcelsOutputBuilder {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        value: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "token" => self.token = wire::value(value)?,
            "parcels" => self.parcels = wire::value(value)?,
            _ => wire::skip(value)?,
        }
        Ok(())
    }
}

impl wire::Complete for ListParcelsOutputBuilder {
    type Shape = ListParcelsOutput;

    fn complete(self) -> Result<ListParcelsOutput, Violations> {
        Ok(ListParcelsOutput {
            token: self.token,
            parcels: self.parcels.ok_or_else(|| Violations::missing("parcels"))?,
        })
    }
}

impl checks::Constrained for ListParcelsOutputBuilder {
    fn check(&self, checks: &mut Checks) {
        checks.secret("parcels", self.parcels.as_ref()).required();
    }
}

/// `Parcel`.
#[derive(Clone, PartialEq)]
pub struct Parcel {
    /// `sent`. Sensitive: `Debug` hides it.
    pub sent: Timestamp,
    /// `type`. Sensitive: `Debug` hides it.
    pub r#type: Option<enums::Speed>,
    /// `weight`. At least 0. Sensitive: `Debug` hides it.
    pub weight: i64,
    /// `height`. At least 0. Sensitive: `Debug` hides it.
    pub height: Option<i64>,
    /// `stamps`. Each at least 0. Sensitive: `Debug` hides it.
    pub stamps: Option<Vec<i64>>,
}

impl Parcel {
    /// From the required members; the others are absent, or have their default.
    pub fn new(sent: Timestamp) -> Self {
        Self {
            sent,
            r#type: None,
            weight: 0,
            height: None,
            stamps: None,
        }
    }

    /// A builder without any member.
    pub fn builder() -> ParcelBuilder {
        ParcelBuilder::default()
    }
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel")
            .field("sent", &checks::HIDDEN)
            .field("type", &checks::HIDDEN)
            .field("weight", &checks::HIDDEN)
            .field("height", &checks::HIDDEN)
            .field("stamps", &checks::HIDDEN)
            .finish()
    }
}

impl Serialize for Parcel {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut members = writer.serialize_map(None)?;
        wire::optional(&mut members, "height", self.height.as_ref())?;
        members.serialize_entry("sent", &self.sent)?;
        wire::optional(&mut members, "stamps", self.stamps.as_ref())?;
        wire::optional(&mut members, "type", self.r#type.as_ref())?;
        members.serialize_entry("weight", &self.weight)?;
        members.end()
    }
}

wire::shape!(Parcel, ParcelBuilder);

/// A [`Parcel`] in the making: every member may still be absent.
#[derive(Clone, Default)]
pub struct ParcelBuilder {
    sent: Option<Timestamp>,
    r#type: Option<enums::Speed>,
    weight: Option<i64>,
    height: Option<i64>,
    stamps: Option<Vec<i64>>,
}

impl ParcelBuilder {
    /// `sent`. Sensitive: `Debug` hides it.
    pub fn sent(mut self, value: Timestamp) -> Self {
        self.sent = Some(value);
        self
    }

    /// `type`. Sensitive: `Debug` hides it.
    pub fn r#type(mut self, value: enums::Speed) -> Self {
        self.r#type = Some(value);
        self
    }

    /// `weight`. At least 0. Sensitive: `Debug` hides it.
    pub fn weight(mut self, value: i64) -> Self {
        self.weight = Some(value);
        self
    }

    /// `height`. At least 0. Sensitive: `Debug` hides it.
    pub fn height(mut self, value: i64) -> Self {
        self.height = Some(value);
        self
    }

    /// `stamps`. Each at least 0. Sensitive: `Debug` hides it.
    pub fn stamps(mut self, value: i64) -> Self {
        self.stamps.get_or_insert_default().push(value);
        self
    }

    /// Sets all elements of [`stamps`](Self::stamps); `None` takes them away.
    pub fn set_stamps(mut self, value: Option<Vec<i64>>) -> Self {
        self.stamps = value;
        self
    }

    /// The shape.
    ///
    /// # Errors
    /// Every required member that is absent, in the order of the model; at most ten.
    pub fn build(self) -> Result<Parcel, Violations> {
        let mut checks = Checks::default();
        checks::Constrained::check(&self, &mut checks);
        checks.finish()?;
        wire::Complete::complete(self)
    }
}

impl wire::Members for ParcelBuilder {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        value: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "sent" => self.sent = wire::value(value)?,
            "type" => self.r#type = wire::value(value)?,
            "weight" => self.weight = wire::value(value)?,
            "height" => self.height = wire::value(value)?,
            "stamps" => self.stamps = wire::value(value)?,
            _ => wire::skip(value)?,
        }
        Ok(())
    }
}

impl wire::Complete for ParcelBuilder {
    type Shape = Parcel;

    fn complete(self) -> Result<Parcel, Violations> {
        Ok(Parcel {
            sent: self.sent.ok_or_else(|| Violations::missing("sent"))?,
            r#type: self.r#type,
            weight: self.weight.unwrap_or(0),
            height: self.height,
            stamps: self.stamps,
        })
    }
}

impl checks::Constrained for ParcelBuilder {
    fn check(&self, checks: &mut Checks) {
        checks.secret("sent", self.sent.as_ref()).required();
    }
}

/// Input of [`send_parcel`](crate::server::StepFunctions::send_parcel).
#[derive(Clone, PartialEq)]
pub struct SendParcelInput {
    /// `to`. 1 to 2 elements.
    pub to: Vec<Address>,
    /// `from`.
    pub from: Option<Address>,
    /// `others`.
    pub others: Option<BTreeMap<String, Address>>,
    /// `labels`. Up to 3 entries. Each up to 100 bytes of UTF-8. Sensitive: `Debug` hides it.
    pub labels: Option<BTreeMap<String, String>>,
    /// `words`. Each 1 to 8 characters, pattern `^[a-z]+$`.
    pub words: Option<Vec<String>>,
    /// `letter`. Up to 100 bytes of UTF-8. Sensitive: `Debug` hides it.
    pub letter: Option<String>,
    /// `speed`.
    pub speed: Option<enums::Speed>,
    /// `fragile`. Default: `false`.
    pub fragile: Option<bool>,
    /// `share`. 0 to 100.
    pub share: Option<f32>,
    /// A token. 1 to 8 characters, pattern `^[a-z]+$`. The client fills in a UUID.
    pub token: Option<String>,
}

impl SendParcelInput {
    /// From the required members; the others are absent, or have their default.
    pub fn new(to: Vec<Address>) -> Self {
        Self {
            to,
            from: None,
            others: None,
            labels: None,
            words: None,
            letter: None,
            speed: None,
            fragile: None,
            share: None,
            token: None,
        }
    }

    /// A builder without any member.
    pub fn builder() -> SendParcelInputBuilder {
        SendParcelInputBuilder::default()
    }
}

impl fmt::Debug for SendParcelInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendParcelInput")
            .field("to", &self.to)
            .field("from", &self.from)
            .field("others", &self.others)
            .field("labels", &checks::HIDDEN)
            .field("words", &self.words)
            .field("letter", &checks::HIDDEN)
            .field("speed", &self.speed)
            .field("fragile", &self.fragile)
            .field("share", &self.share)
            .field("token", &self.token)
            .finish()
    }
}

impl Serialize for SendParcelInput {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut members = writer.serialize_map(None)?;
        wire::optional(&mut members, "fragile", self.fragile.as_ref())?;
        wire::optional(&mut members, "from", self.from.as_ref())?;
        wire::optional(&mut members, "labels", self.labels.as_ref())?;
        wire::optional(&mut members, "letter", self.letter.as_ref())?;
        wire::optional(&mut members, "others", self.others.as_ref())?;
        wire::optional(&mut members, "share", self.share.as_ref())?;
        wire::optional(&mut members, "speed", self.speed.as_ref())?;
        members.serialize_entry("to", &self.to)?;
        wire::optional(&mut members, "token", self.token.as_ref())?;
        wire::optional(&mut members, "words", self.words.as_ref())?;
        members.end()
    }
}

wire::shape!(SendParcelInput, SendParcelInputBuilder);

/// A [`SendParcelInput`] in the making: every member may still be absent.
#[derive(Clone, Default)]
pub struct SendParcelInputBuilder {
    to: Option<Vec<AddressBuilder>>,
    from: Option<AddressBuilder>,
    others: Option<BTreeMap<String, AddressBuilder>>,
    labels: Option<BTreeMap<String, String>>,
    words: Option<Vec<String>>,
    letter: Option<String>,
    speed: Option<enums::Speed>,
    fragile: Option<bool>,
    share: Option<f32>,
    pub(crate) token: Option<String>,
}

impl SendParcelInputBuilder {
    /// `to`. 1 to 2 elements.
    pub fn to(mut self, value: impl Into<AddressBuilder>) -> Self {
        self.to.get_or_insert_default().push(value.into());
        self
    }

    /// Sets all elements of [`to`](Self::to); `None` takes them away.
    pub fn set_to(mut self, value: Option<Vec<Address>>) -> Self {
        self.to = value.map(|list| list.into_iter().map(Into::into).collect());
        self
    }

    /// `from`.
    pub fn from(mut self, value: impl Into<AddressBuilder>) -> Self {
        self.from = Some(value.into());
        self
    }

    /// As [`from`](Self::from); `None` takes it away.
    pub fn set_from(mut self, value: Option<Address>) -> Self {
        self.from = value.map(Into::into);
        self
    }

    /// `others`.
    pub fn others(
        mut self,
        key: impl Into<String>,
        value: impl Into<AddressBuilder>,
    ) -> Self {
        self.others.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Sets all elements of [`others`](Self::others); `None` takes them away.
    pub fn set_others(mut self, value: Option<BTreeMap<String, Address>>) -> Self {
        self.others = value
            .map(|map| {
                map.into_iter().map(|(key, value)| (key, value.into())).collect()
            });
        self
    }

    /// `labels`. Up to 3 entries. Each up to 100 bytes of UTF-8. Sensitive: `Debug` hides it.
    pub fn labels(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.get_or_insert_default().insert(key.into(), value.into());
        self
    }

    /// Sets all elements of [`labels`](Self::labels); `None` takes them away.
    pub fn set_labels(mut self, value: Option<BTreeMap<String, String>>) -> Self {
        self.labels = value;
        self
    }

    /// `words`. Each 1 to 8 characters, pattern `^[a-z]+$`.
    pub fn words(mut self, value: impl Into<String>) -> Self {
        self.words.get_or_insert_default().push(value.into());
        self
    }

    /// Sets all elements of [`words`](Self::words); `None` takes them away.
    pub fn set_words(mut self, value: Option<Vec<String>>) -> Self {
        self.words = value;
        self
    }

    /// `letter`. Up to 100 bytes of UTF-8. Sensitive: `Debug` hides it.
    pub fn letter(mut self, value: impl Into<String>) -> Self {
        self.letter = Some(value.into());
        self
    }

    /// As [`letter`](Self::letter); `None` takes it away.
    pub fn set_letter(mut self, value: Option<String>) -> Self {
        self.letter = value;
        self
    }

    /// `speed`.
    pub fn speed(mut self, value: enums::Speed) -> Self {
        self.speed = Some(value);
        self
    }

    /// As [`speed`](Self::speed); `None` takes it away.
    pub fn set_speed(mut self, value: Option<enums::Speed>) -> Self {
        self.speed = value;
        self
    }

    /// `fragile`. Default: `false`.
    pub fn fragile(mut self, value: bool) -> Self {
        self.fragile = Some(value);
        self
    }

    /// As [`fragile`](Self::fragile); `None` takes it away.
    pub fn set_fragile(mut self, value: Option<bool>) -> Self {
        self.fragile = value;
        self
    }

    /// `share`. 0 to 100.
    pub fn share(mut self, value: f32) -> Self {
        self.share = Some(value);
        self
    }

    /// As [`share`](Self::share); `None` takes it away.
    pub fn set_share(mut self, value: Option<f32>) -> Self {
        self.share = value;
        self
    }

    /// A token. 1 to 8 characters, pattern `^[a-z]+$`. The client fills in a UUID.
    pub fn token(mut self, value: impl Into<String>) -> Self {
        self.token = Some(value.into());
        self
    }

    /// As [`token`](Self::token); `None` takes it away.
    pub fn set_token(mut self, value: Option<String>) -> Self {
        self.token = value;
        self
    }

    /// The shape.
    ///
    /// # Errors
    /// Every constraint that it breaks, in the order of the model; at most ten.
    pub fn build(self) -> Result<SendParcelInput, Violations> {
        let mut checks = Checks::default();
        checks::Constrained::check(&self, &mut checks);
        checks.finish()?;
        wire::Complete::complete(self)
    }
}

impl wire::Members for SendParcelInputBuilder {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        value: &mut A,
    ) -> Result<(), A::Error> {
        match name {
            "to" => self.to = wire::value(value)?,
            "from" => self.from = wire::value(value)?,
            "others" => self.others = wire::value(value)?,
            "labels" => self.labels = wire::value(value)?,
            "words" => self.words = wire::value(value)?,
            "letter" => self.letter = wire::value(value)?,
            "speed" => self.speed = wire::value(value)?,
            "fragile" => self.fragile = wire::value(value)?,
            "share" => self.share = wire::value(value)?,
            "token" => self.token = wire::value(value)?,
            _ => wire::skip(value)?,
        }
        Ok(())
    }
}

impl wire::Complete for SendParcelInputBuilder {
    type Shape = SendParcelInput;

    fn complete(self) -> Result<SendParcelInput, Violations> {
        Ok(SendParcelInput {
            to: wire::complete_all(self.to.ok_or_else(|| Violations::missing("to"))?)?,
            from: self.from.map(wire::Complete::complete).transpose()?,
            others: self.others.map(wire::complete_by_key).transpose()?,
            labels: self.labels,
            words: self.words,
            letter: self.letter,
            speed: self.speed,
            fragile: self.fragile,
            share: self.share,
            token: self.token,
        })
    }
}

impl checks::Constrained for SendParcelInputBuilder {
    fn check(&self, checks: &mut Checks) {
        checks.member("to", self.to.as_ref()).required().size(1, 2).structures();
        checks.member("from", self.from.as_ref()).structure();
        checks
            .member("others", self.others.as_ref())
            .keys(
                &[
                    Rule::MaxLength(8),
                    Rule::MinLength(1),
                    Rule::Pattern(Pattern {
                        text: "^[a-z]+$",
                        each: &[('a', 'z')],
                        some: &[],
                        may_be_empty: false,
                    }),
                ],
            )
            .structures_by_key();
        checks
            .secret("labels", self.labels.as_ref())
            .entries(0, 3)
            .keys(
                &[
                    Rule::MaxLength(8),
                    Rule::MinLength(1),
                    Rule::Pattern(Pattern {
                        text: "^[a-z]+$",
                        each: &[('a', 'z')],
                        some: &[],
                        may_be_empty: false,
                    }),
                ],
            )
            .values(&[Rule::MaxBytes(100)]);
        checks
            .member("words", self.words.as_ref())
            .each(
                &[
                    Rule::MaxLength(8),
                    Rule::MinLength(1),
                    Rule::Pattern(Pattern {
                        text: "^[a-z]+$",
                        each: &[('a', 'z')],
                        some: &[],
                        may_be_empty: false,
                    }),
                ],
            );
        checks.secret("letter", self.letter.as_ref()).rules(&[Rule::MaxBytes(100)]);
        checks
            .member("speed", self.speed.as_ref())
            .rules(&[Rule::OneOf(enums::Speed::VALUES)]);
        checks.member("share", self.share.as_ref()).range(Some(0.0), Some(100.0));
        checks
            .member("token", self.token.as_ref())
            .rules(
                &[
                    Rule::Pattern(Pattern {
                        text: "^[a-z]+$",
                        each: &[('a', 'z')],
                        some: &[],
                        may_be_empty: false,
                    }),
                    Rule::MaxLength(8),
                    Rule::MinLength(1),
                ],
            );
    }
}

/// Output of [`send_parcel`](crate::server::StepFunctions::send_parcel).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SendParcelOutput {}

impl SendParcelOutput {
    /// A builder without any member.
    pub fn builder() -> SendParcelOutputBuilder {
        SendParcelOutputBuilder::default()
    }
}

impl Serialize for SendParcelOutput {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let members = writer.serialize_map(None)?;
        members.end()
    }
}

wire::shape!(SendParcelOutput, SendParcelOutputBuilder);

/// A [`SendParcelOutput`] in the making: every member may still be absent.
#[derive(Clone, Default)]
pub struct SendParcelOutputBuilder {}

impl SendParcelOutputBuilder {
    /// The shape.
    ///
    /// # Errors
    /// Every required member that is absent, in the order of the model; at most ten.
    pub fn build(self) -> Result<SendParcelOutput, Violations> {
        wire::Complete::complete(self)
    }
}

impl wire::Members for SendParcelOutputBuilder {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        value: &mut A,
    ) -> Result<(), A::Error> {
        let _ = name;
        wire::skip(value)
    }
}

impl wire::Complete for SendParcelOutputBuilder {
    type Shape = SendParcelOutput;

    fn complete(self) -> Result<SendParcelOutput, Violations> {
        Ok(SendParcelOutput {})
    }
}
