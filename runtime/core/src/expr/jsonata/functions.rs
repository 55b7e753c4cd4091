//! The built-in functions: a table of name, parameters, signature and body. A new one is a line in it.

mod array;
mod encode;
mod matching;
mod number;
mod object;
mod string;
mod time;

use std::sync::{Arc, LazyLock};

use super::{
    error::{Fault, Result},
    eval::Evaluator,
    signature::Signature,
    value::{Function, Items, Val},
};

pub(super) use number::next_bits;

/// A built-in function.
pub(super) struct BuiltIn {
    pub(super) name: &'static str,
    /// How many parameters it declares to functions that call it.
    pub(super) parameters: usize,
    signature: &'static str,
    pub(super) call: for<'e> fn(&mut Evaluator<'e>, Arguments<'e>) -> Result<Val<'e>>,
}

/// The arguments of a call, as the signature leaves them.
pub(super) struct Arguments<'e> {
    pub(super) values: Vec<Val<'e>>,
    pub(super) name: &'static str,
}

impl<'e> Arguments<'e> {
    fn get(&self, index: usize) -> &Val<'e> {
        self.values.get(index).unwrap_or(&Val::Undefined)
    }

    /// Takes an argument out.
    fn take(&mut self, index: usize) -> Val<'e> {
        self.values.get_mut(index).map(std::mem::take).unwrap_or_default()
    }

    /// The text of an argument, if it is one.
    fn text(&self, index: usize) -> Option<Arc<str>> {
        self.get(index).as_str().cloned()
    }

    fn number(&self, index: usize) -> Option<f64> {
        self.get(index).as_f64()
    }

    /// The function of an argument. The signature has checked that it is one.
    fn function(&self, index: usize) -> Result<Function> {
        self.get(index).as_function().ok_or_else(|| Fault::new("T1006"))
    }

    fn items(&self, index: usize) -> Items<'_, 'e> {
        self.get(index).items()
    }

    fn is_undefined(&self, index: usize) -> bool {
        self.get(index).is_undefined()
    }
}

const fn built_in(
    name: &'static str,
    parameters: usize,
    signature: &'static str,
    call: for<'e> fn(&mut Evaluator<'e>, Arguments<'e>) -> Result<Val<'e>>,
) -> BuiltIn {
    BuiltIn { name, parameters, signature, call }
}

/// All built-in functions. Source of signatures: jsonata 2.0.6.
pub(super) const TABLE: &[BuiltIn] = &[
    built_in("sum", 1, "<a<n>:n>", number::sum),
    built_in("count", 1, "<a:n>", array::count),
    built_in("max", 1, "<a<n>:n>", number::max),
    built_in("min", 1, "<a<n>:n>", number::min),
    built_in("average", 1, "<a<n>:n>", number::average),
    built_in("string", 1, "<x-b?:s>", string::string),
    built_in("substring", 3, "<s-nn?:s>", string::substring),
    built_in("substringBefore", 2, "<s-s:s>", string::substring_before),
    built_in("substringAfter", 2, "<s-s:s>", string::substring_after),
    built_in("lowercase", 1, "<s-:s>", string::lowercase),
    built_in("uppercase", 1, "<s-:s>", string::uppercase),
    built_in("length", 1, "<s-:n>", string::length),
    built_in("trim", 1, "<s-:s>", string::trim),
    built_in("pad", 3, "<s-ns?:s>", string::pad),
    built_in("match", 3, "<s-f<s:o>n?:a<o>>", matching::matches),
    built_in("contains", 2, "<s-(sf):b>", matching::contains),
    built_in("replace", 4, "<s-(sf)(sf)n?:s>", matching::replace),
    built_in("split", 3, "<s-(sf)n?:a<s>>", matching::split),
    built_in("join", 2, "<a<s>s?:s>", string::join),
    built_in("formatNumber", 3, "<n-so?:s>", time::format_number),
    built_in("formatBase", 2, "<n-n?:s>", number::format_base),
    built_in("formatInteger", 2, "<n-s:s>", time::format_integer),
    built_in("parseInteger", 2, "<s-s:n>", time::parse_integer),
    built_in("number", 1, "<(nsb)-:n>", number::number),
    built_in("floor", 1, "<n-:n>", number::floor),
    built_in("ceil", 1, "<n-:n>", number::ceil),
    built_in("round", 2, "<n-n?:n>", number::round),
    built_in("abs", 1, "<n-:n>", number::abs),
    built_in("sqrt", 1, "<n-:n>", number::sqrt),
    built_in("power", 2, "<n-n:n>", number::power),
    built_in("random", 0, "<:n>", number::random),
    built_in("boolean", 1, "<x-:b>", object::boolean),
    built_in("not", 1, "<x-:b>", object::not),
    built_in("map", 2, "<af>", array::map),
    built_in("zip", 0, "<a+>", array::zip),
    built_in("filter", 2, "<af>", array::filter),
    built_in("single", 2, "<af?>", array::single),
    built_in("reduce", 3, "<afj?:j>", array::reduce),
    built_in("sift", 2, "<o-f?:o>", object::sift),
    built_in("keys", 1, "<x-:a<s>>", object::keys),
    built_in("lookup", 2, "<x-s:x>", object::lookup),
    built_in("append", 2, "<xx:a>", array::append),
    built_in("exists", 1, "<x:b>", object::exists),
    built_in("spread", 1, "<x-:a<o>>", object::spread),
    built_in("merge", 1, "<a<o>:o>", object::merge),
    built_in("reverse", 1, "<a:a>", array::reverse),
    built_in("each", 2, "<o-f:a>", object::each),
    built_in("error", 1, "<s?:x>", object::error),
    built_in("assert", 2, "<bs?:x>", object::assert),
    built_in("type", 1, "<x:s>", object::type_of),
    built_in("sort", 2, "<af?:a>", array::sort),
    built_in("shuffle", 1, "<a:a>", array::shuffle),
    built_in("distinct", 1, "<x:x>", array::distinct),
    built_in("base64encode", 1, "<s-:s>", encode::base64_encode),
    built_in("base64decode", 1, "<s-:s>", encode::base64_decode),
    built_in("encodeUrlComponent", 1, "<s-:s>", encode::encode_url_component),
    built_in("encodeUrl", 1, "<s-:s>", encode::encode_url),
    built_in("decodeUrlComponent", 1, "<s-:s>", encode::decode_url_component),
    built_in("decodeUrl", 1, "<s-:s>", encode::decode_url),
    built_in("toMillis", 2, "<s-s?:n>", time::to_millis),
    built_in("fromMillis", 3, "<n-s?s?:s>", time::from_millis),
    built_in("clone", 1, "<(oa)-:o>", object::clone),
    built_in("now", 2, "<s?s?:s>", time::now),
    built_in("millis", 0, "<:n>", time::millis),
];

/// Where the function `name` stands in [`TABLE`].
pub(super) fn index_of(name: &str) -> Option<u32> {
    TABLE.iter().position(|built_in| built_in.name == name).and_then(|index| u32::try_from(index).ok())
}

/// The signatures of [`TABLE`], and that of a transformation.
static SIGNATURES: LazyLock<(Vec<Signature>, Signature)> = LazyLock::new(|| {
    let read = |text| Signature::parse(text).unwrap_or_default();
    (TABLE.iter().map(|built_in| read(built_in.signature)).collect(), read("<(oa):o>"))
});

/// The signature of the built-in function at `index`, which is in [`TABLE`].
pub(super) fn signature(index: u32) -> &'static Signature {
    SIGNATURES.0.get(index as usize).unwrap_or(&SIGNATURES.1)
}

/// The built-in function at `index`.
pub(super) fn at(index: u32) -> Option<&'static BuiltIn> {
    TABLE.get(index as usize)
}

/// The signature of a transformation.
pub(super) fn transform_signature() -> &'static Signature {
    &SIGNATURES.1
}

impl<'e> Evaluator<'e> {
    /// Calls a function that was handed to a built-in one with as many of the arguments as it declares.
    fn call_back<const N: usize>(&mut self, function: Function, arguments: [Val<'e>; N]) -> Result<Val<'e>> {
        let wanted = self.arity(function).clamp(1, N);
        self.invoke(function, arguments.into_iter().take(wanted).collect())
    }
}
