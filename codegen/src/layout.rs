//! Token streams to text: prettyplease for each item, a blank line between items and between methods, a header.

use crate::{Error, File};
use proc_macro2::TokenStream;

/// An import: a module, and its names, each with the text that tells whether a file uses it.
pub(crate) struct Import {
    module: &'static str,
    names: &'static [(&'static str, &'static str)],
}

/// An [`Import`] of `(text, name)` from a module.
pub(crate) const fn import(module: &'static str, names: &'static [(&'static str, &'static str)]) -> Import {
    Import { module, names }
}

/// One emitted file: a header that names its emitter, the imports that it needs, items.
pub(crate) fn file(name: &'static str, imports: &[Import], items: Vec<TokenStream>) -> Result<File, Error> {
    let items = items.into_iter().map(|item| formatted(name, item)).collect::<Result<Vec<_>, _>>()?;
    let imports: String = imports.iter().filter_map(|import| needed(import, &items)).collect();
    let mut text = format!(
        "// Generated from `model/` by `codegen/src/emit/{name}.rs`. To change it, change that file.\n\n{imports}"
    );
    for item in items {
        text.push('\n');
        text.push_str(&spaced(&item));
    }
    Ok(File { name, text })
}

/// The `use` of those names that the items use, if there are any.
fn needed(import: &Import, items: &[String]) -> Option<String> {
    let names = import.names.iter().filter(|(text, _)| items.iter().any(|item| item.contains(text)));
    let names: Vec<_> = names.map(|(_, name)| *name).collect();
    match names.as_slice() {
        [] => None,
        ["self"] => Some(format!("use {};\n", import.module)),
        [name] => Some(format!("use {}::{name};\n", import.module)),
        names => Some(format!("use {}::{{{}}};\n", import.module, names.join(", "))),
    }
}

fn formatted(file: &'static str, item: TokenStream) -> Result<String, Error> {
    let item = syn::parse2(item).map_err(|error| Error::Emitted { file, reason: error.to_string() })?;
    Ok(prettyplease::unparse(&item))
}

/// Blank lines between the items of a stream, and between the methods of an item.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut previous, mut has_methods) = ("", false);
    for line in text.lines() {
        let next_item = is_outer(previous) && previous.ends_with(['}', ';']);
        let next_method =
            has_methods && is_inner(previous) && previous.ends_with(['}', ';']) && is_inner(line);
        if next_item || next_method {
            out.push('\n');
        }
        if is_outer(line) {
            has_methods = line.starts_with("impl") || line.starts_with("pub trait");
        }
        out.push_str(line);
        out.push('\n');
        previous = line;
    }
    out
}

/// Whether a line begins at the margin.
fn is_outer(line: &str) -> bool {
    !line.is_empty() && !line.starts_with(' ')
}

/// Whether a line begins one step inside an item.
fn is_inner(line: &str) -> bool {
    line.strip_prefix("    ").is_some_and(|rest| !rest.starts_with(' '))
}
