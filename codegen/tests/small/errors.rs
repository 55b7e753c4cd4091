// Generated from `model/` by `codegen/src/emit/errors.rs`. To change it, change that file.

use crate::enums;
use crate::http::{self, Fault};

/// The street is on no map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NoSuchStreet {
    /// `message`.
    pub message: Option<String>,
    /// `street`. 1 to 40 characters.
    pub street: Option<String>,
    /// `speed`.
    pub speed: Option<enums::Speed>,
}

http::error!(NoSuchStreet);

impl NoSuchStreet {
    const NAME: &str = "NoSuchStreet";

    /// With this message and nothing else.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: Some(message.into()),
            ..Self::default()
        }
    }

    /// The fault's message and members, whatever its name.
    fn read(mut fault: Fault) -> Self {
        Self {
            street: fault.take("street"),
            speed: fault.take("speed").map(|name| enums::Speed::from(name.as_str())),
            message: fault.message,
        }
    }
}

impl From<NoSuchStreet> for Fault {
    fn from(error: NoSuchStreet) -> Self {
        Self::modeled(400, "example.post#NoSuchStreet", error.message)
            .with("street", error.street)
            .with("speed", error.speed.as_ref().map(|name| name.as_str().to_owned()))
    }
}

/// What [`list_parcels`](crate::server::StepFunctions::list_parcels) answers when it fails.
#[derive(Clone, Debug, PartialEq)]
pub enum ListParcelsError {
    /// See [`NoSuchStreet`].
    NoSuchStreet(NoSuchStreet),
    /// Any other error: of the front end, of the service itself, or of a newer version.
    Fault(Fault),
}

http::operation_error!(ListParcelsError { NoSuchStreet });

/// What [`send_parcel`](crate::server::StepFunctions::send_parcel) answers when it fails.
#[derive(Clone, Debug, PartialEq)]
pub enum SendParcelError {
    /// See [`NoSuchStreet`].
    NoSuchStreet(NoSuchStreet),
    /// Any other error: of the front end, of the service itself, or of a newer version.
    Fault(Fault),
}

http::operation_error!(SendParcelError { NoSuchStreet });
