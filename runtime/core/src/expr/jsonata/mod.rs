//! JSONata: the parts that stand on their own.

pub(crate) mod picture;
pub(crate) mod regex;
