//! JSONata: the parts that stand on their own.

#[allow(dead_code, unused_imports)]
pub(crate) mod picture;
#[allow(dead_code)]
pub(crate) mod regex;
