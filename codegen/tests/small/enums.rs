// Generated from `model/` by `codegen/src/emit/enums.rs`. To change it, change that file.

use crate::wire;

/// The names of `Speed`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Speed {
    /// On foot.
    Slow,
    /// `very-fast`.
    VeryFast,
    /// A name that this version does not know.
    Unknown(String),
}

impl Speed {
    /// Every known name, in the order in which violations list them.
    pub const VALUES: &'static [&'static str] = &["SLOW", "very-fast"];

    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Slow => "SLOW",
            Self::VeryFast => "very-fast",
            Self::Unknown(name) => name,
        }
    }
}

impl From<&str> for Speed {
    fn from(name: &str) -> Self {
        match name {
            "SLOW" => Self::Slow,
            "very-fast" => Self::VeryFast,
            _ => Self::Unknown(name.to_owned()),
        }
    }
}

wire::enumeration!(Speed);
