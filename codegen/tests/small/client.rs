// Generated from `model/` by `codegen/src/emit/client.rs`. To change it, change that file.

use crate::shapes::*;
use crate::{enums, errors};
use std::collections::BTreeMap;

impl Client {
    /// `ListParcels`.
    ///
    /// Paged: `parcels` come at most `limit` at a time; while there are more, `token` is the next `token`.
    pub fn list_parcels(&self) -> ListParcels {
        ListParcels {
            client: self.clone(),
            input: Default::default(),
        }
    }

    /// Sends *one* parcel & returns.
    ///
    /// Idempotent: the same request may be sent again.
    ///
    /// The official clients put `fast-` before the host's name.
    pub fn send_parcel(&self) -> SendParcel {
        SendParcel {
            client: self.clone(),
            input: Default::default(),
        }
    }
}

/// A call of [`list_parcels`](Client::list_parcels) in the making.
#[derive(Clone)]
pub struct ListParcels {
    client: Client,
    input: ListParcelsInputBuilder,
}

impl ListParcels {
    /// A token.
    pub fn token(mut self, value: impl Into<String>) -> Self {
        self.input = self.input.token(value);
        self
    }

    /// As [`token`](Self::token); `None` takes it away.
    pub fn set_token(mut self, value: Option<String>) -> Self {
        self.input = self.input.set_token(value);
        self
    }

    /// `limit`. Up to 100. Default: `0`.
    pub fn limit(mut self, value: i32) -> Self {
        self.input = self.input.limit(value);
        self
    }

    /// As [`limit`](Self::limit); `None` takes it away.
    pub fn set_limit(mut self, value: Option<i32>) -> Self {
        self.input = self.input.set_limit(value);
        self
    }

    /// Sends the request, once.
    ///
    /// # Errors
    /// What the service answers, or what kept it from answering. Constraints are left to the service; only a
    /// required member that is absent is found here.
    pub async fn send(
        self,
    ) -> Result<ListParcelsOutput, Error<errors::ListParcelsError>> {
        self.client
            .call::<_, ListParcelsOutputBuilder, _>("ListParcels", self.input)
            .await
    }
}

/// A call of [`send_parcel`](Client::send_parcel) in the making.
#[derive(Clone)]
pub struct SendParcel {
    client: Client,
    input: SendParcelInputBuilder,
}

impl SendParcel {
    /// `to`. 1 to 2 elements.
    pub fn to(mut self, value: impl Into<AddressBuilder>) -> Self {
        self.input = self.input.to(value);
        self
    }

    /// Sets all elements of [`to`](Self::to); `None` takes them away.
    pub fn set_to(mut self, value: Option<Vec<Address>>) -> Self {
        self.input = self.input.set_to(value);
        self
    }

    /// `from`.
    pub fn from(mut self, value: impl Into<AddressBuilder>) -> Self {
        self.input = self.input.from(value);
        self
    }

    /// As [`from`](Self::from); `None` takes it away.
    pub fn set_from(mut self, value: Option<Address>) -> Self {
        self.input = self.input.set_from(value);
        self
    }

    /// `others`.
    pub fn others(
        mut self,
        key: impl Into<String>,
        value: impl Into<AddressBuilder>,
    ) -> Self {
        self.input = self.input.others(key, value);
        self
    }

    /// Sets all elements of [`others`](Self::others); `None` takes them away.
    pub fn set_others(mut self, value: Option<BTreeMap<String, Address>>) -> Self {
        self.input = self.input.set_others(value);
        self
    }

    /// `labels`. Up to 3 entries. Each up to 100 bytes of UTF-8. Sensitive: `Debug` hides it.
    pub fn labels(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.input = self.input.labels(key, value);
        self
    }

    /// Sets all elements of [`labels`](Self::labels); `None` takes them away.
    pub fn set_labels(mut self, value: Option<BTreeMap<String, String>>) -> Self {
        self.input = self.input.set_labels(value);
        self
    }

    /// `words`. Each 1 to 8 characters, pattern `^[a-z]+$`.
    pub fn words(mut self, value: impl Into<String>) -> Self {
        self.input = self.input.words(value);
        self
    }

    /// Sets all elements of [`words`](Self::words); `None` takes them away.
    pub fn set_words(mut self, value: Option<Vec<String>>) -> Self {
        self.input = self.input.set_words(value);
        self
    }

    /// `letter`. Up to 100 bytes of UTF-8. Sensitive: `Debug` hides it.
    pub fn letter(mut self, value: impl Into<String>) -> Self {
        self.input = self.input.letter(value);
        self
    }

    /// As [`letter`](Self::letter); `None` takes it away.
    pub fn set_letter(mut self, value: Option<String>) -> Self {
        self.input = self.input.set_letter(value);
        self
    }

    /// `speed`.
    pub fn speed(mut self, value: enums::Speed) -> Self {
        self.input = self.input.speed(value);
        self
    }

    /// As [`speed`](Self::speed); `None` takes it away.
    pub fn set_speed(mut self, value: Option<enums::Speed>) -> Self {
        self.input = self.input.set_speed(value);
        self
    }

    /// `fragile`. Default: `false`.
    pub fn fragile(mut self, value: bool) -> Self {
        self.input = self.input.fragile(value);
        self
    }

    /// As [`fragile`](Self::fragile); `None` takes it away.
    pub fn set_fragile(mut self, value: Option<bool>) -> Self {
        self.input = self.input.set_fragile(value);
        self
    }

    /// `share`. 0 to 100.
    pub fn share(mut self, value: f32) -> Self {
        self.input = self.input.share(value);
        self
    }

    /// As [`share`](Self::share); `None` takes it away.
    pub fn set_share(mut self, value: Option<f32>) -> Self {
        self.input = self.input.set_share(value);
        self
    }

    /// A token. 1 to 8 characters, pattern `^[a-z]+$`. The client fills in a UUID.
    pub fn token(mut self, value: impl Into<String>) -> Self {
        self.input = self.input.token(value);
        self
    }

    /// As [`token`](Self::token); `None` takes it away.
    pub fn set_token(mut self, value: Option<String>) -> Self {
        self.input = self.input.set_token(value);
        self
    }

    /// Sends the request, once.
    ///
    /// # Errors
    /// What the service answers, or what kept it from answering. Constraints are left to the service; only a
    /// required member that is absent is found here.
    pub async fn send(
        mut self,
    ) -> Result<SendParcelOutput, Error<errors::SendParcelError>> {
        self.input.token.get_or_insert_with(crate::transport::token);
        self.client.call::<_, SendParcelOutputBuilder, _>("SendParcel", self.input).await
    }
}
