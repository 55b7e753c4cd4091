//! The generator against its golden files: a small model with each trait, and the outline of the real output.
//!
//! `UPDATE=1 cargo test -p gradus-codegen` rewrites them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

use gradus_codegen::{File, generate};
use quote::ToTokens;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    let path = here(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares with a golden file, or rewrites it.
fn golden(name: &str, actual: &str) {
    if env::var_os("UPDATE").is_some() {
        fs::write(here(name), actual).unwrap();
    }
    let expected = text(name);
    let line = expected.lines().zip(actual.lines()).position(|(old, new)| old != new);
    let line = line.unwrap_or_else(|| expected.lines().count().min(actual.lines().count()));
    let show = |text: &str| text.lines().nth(line).unwrap_or("(end)").to_owned();
    assert!(
        expected == actual,
        "{name}:{}: expected\n{}\nfound\n{}\nUPDATE=1 rewrites the file",
        line + 1,
        show(&expected),
        show(actual)
    );
}

fn real() -> Vec<File> {
    generate(&text("../model/step-functions-2016-11-23.json"), &text("../model/overlay.json")).unwrap()
}

#[test]
fn small_model() {
    for file in generate(&text("tests/small.json"), &text("tests/small-overlay.json")).unwrap() {
        golden(&format!("tests/small/{}.rs", file.name), &file.text);
    }
}

#[test]
fn the_same_input_gives_the_same_output() {
    assert_eq!(real(), real());
}

#[test]
fn outline_of_the_real_output() {
    let lines: Vec<String> = real().iter().flat_map(outline).collect();
    golden("tests/outline.txt", &(lines.join("\n") + "\n"));
}

/// One line for each public item, field and variant; the methods of a type share one.
fn outline(file: &File) -> Vec<String> {
    let parsed = syn::parse_file(&file.text).unwrap();
    let lines = parsed.items.iter().flat_map(item);
    lines.map(|line| format!("{}::{line}", file.name)).collect()
}

fn item(item: &syn::Item) -> Vec<String> {
    match item {
        syn::Item::Struct(it) if is_public(&it.vis) => {
            let fields = it.fields.iter().filter(|field| is_public(&field.vis));
            let fields = fields.filter_map(|field| Some((field.ident.as_ref()?, tight(&field.ty))));
            let fields = fields.map(|(name, ty)| format!("{}.{name}: {ty}", it.ident));
            std::iter::once(it.ident.to_string()).chain(fields).collect()
        }
        syn::Item::Enum(it) if is_public(&it.vis) => {
            let variants = it.variants.iter().map(|variant| format!("{}::{}", it.ident, variant.ident));
            std::iter::once(it.ident.to_string()).chain(variants).collect()
        }
        syn::Item::Impl(it) if it.trait_.is_none() => {
            let methods = it.items.iter().filter_map(|item| match item {
                syn::ImplItem::Fn(method) if is_public(&method.vis) => Some(method.sig.ident.to_string()),
                _ => None,
            });
            let methods = methods.collect::<Vec<_>>().join(" ");
            vec![format!("{} fn {methods}", tight(&it.self_ty))]
        }
        syn::Item::Trait(it) => {
            let methods = it.items.iter().filter_map(|item| match item {
                syn::TraitItem::Fn(method) => Some(format!("{}::{}", it.ident, tight(&method.sig))),
                _ => None,
            });
            std::iter::once(it.ident.to_string()).chain(methods).collect()
        }
        syn::Item::Fn(it) if is_public(&it.vis) => vec![tight(&it.sig)],
        syn::Item::Const(it) if is_public(&it.vis) => vec![format!("{}: {}", it.ident, tight(&it.ty))],
        _ => vec![],
    }
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

/// Tokens with as few blanks as reading allows.
fn tight(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    [
        (" < ", "<"),
        (" >", ">"),
        (" :: ", "::"),
        (" ,", ","),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("& ", "&"),
        (" :", ":"),
        (",)", ")"),
    ]
    .iter()
    .fold(text, |text, (wide, tight)| text.replace(wide, tight))
}

/// The older model lacks what the overlay marks with `since`, and nothing else.
#[test]
fn an_older_model() {
    let mut model: Value = serde_json::from_str(&text("../model/step-functions-2016-11-23.json")).unwrap();
    let shapes = model["shapes"].as_object_mut().unwrap();
    for later in [
        "MockInput",
        "MockErrorOutput",
        "MockResponseValidationMode",
        "InspectionErrorDetails",
        "TestStateConfiguration",
    ] {
        shapes.remove(&format!("com.amazonaws.sfn#{later}")).unwrap();
    }
    let members = |shape: &str| format!("/shapes/com.amazonaws.sfn#{shape}/members");
    let later = [
        ("TestStateInput", &["stateName", "mock", "context", "stateConfiguration"][..]),
        (
            "InspectionData",
            &["errorDetails", "afterItemsPath", "afterItemSelector", "afterItemBatcher", "afterItemsPointer"]
                [..],
        ),
    ];
    for (shape, names) in later {
        let members = model.pointer_mut(&members(shape)).unwrap().as_object_mut().unwrap();
        for name in names {
            members.remove(*name).unwrap();
        }
    }
    let files = generate(&model.to_string(), &text("../model/overlay.json")).unwrap();
    let shapes = &files.iter().find(|file| file.name == "shapes").unwrap().text;
    assert!(shapes.contains("pub struct TestStateInput ") && !shapes.contains("MockInput"));
}

/// What stops the generator, and what it says.
#[test]
fn errors_name_the_shape_and_the_trait() {
    let cases: [(&str, Value, &str); 21] = [
        (
            "/shapes/example.post#Address/members",
            json!({ "1st": { "target": "example.post#Street" } }),
            "shape `Address$1st`: not an identifier",
        ),
        (
            "/shapes/example.post#Speed/members/SLOW/traits/smithy.api#enumValue",
            json!("*"),
            "shape `Speed$SLOW`: trait `smithy.api#enumValue`: has neither letter nor digit",
        ),
        (
            "/shapes/example.post#Street/traits",
            json!({ "smithy.api#media": "x" }),
            "shape `Street`: unsupported trait `smithy.api#media`",
        ),
        (
            "/shapes/example.post#Address/members/street/traits",
            json!({ "smithy.api#jsonName": "x" }),
            "shape `Address$street`: unsupported trait `smithy.api#jsonName`",
        ),
        (
            "/shapes/example.post#Moment",
            json!({ "type": "timestamp", "traits": { "smithy.api#timestampFormat": "date-time" } }),
            "shape `Moment`: unsupported trait `smithy.api#timestampFormat`",
        ),
        ("/shapes/example.post#Moment", json!({ "type": "blob" }), "shape `Moment`: unsupported type `blob`"),
        ("/shapes/example.post#Parcels/type", json!("union"), "shape `Parcels`: unsupported type `union`"),
        (
            "/shapes/example.post#Address/members/street/target",
            json!("example.post#Lane"),
            "shape `Address$street`: target `example.post#Lane` is not a known shape",
        ),
        (
            "/shapes/example.post#SendParcel/input/target",
            json!("example.post#Street"),
            "shape `SendParcel`: target `example.post#Street` is not a structure",
        ),
        (
            "/shapes/example.post#SendParcel/errors/0/target",
            json!("example.post#Address"),
            "shape `SendParcel`: target `example.post#Address` is not an error",
        ),
        (
            "/shapes/example.post#PostOffice/traits",
            json!({ "aws.auth#sigv4": { "name": "post" }, "smithy.protocols#rpcv2Cbor": {} }),
            "service `PostOffice`: unsupported protocol; known is aws.protocols#awsJson1_0, declared smithy.protocols#rpcv2Cbor",
        ),
        (
            "/shapes/example.post#PostOffice/traits",
            json!({}),
            "service `PostOffice`: unsupported protocol; known is aws.protocols#awsJson1_0, declared none",
        ),
        ("/shapes/example.post#PostOffice", json!({ "type": "string" }), "expected one service, found 0"),
        (
            "/shapes/example.post#Word/traits/smithy.api#pattern",
            json!("^a|b$"),
            "shape `Word`: trait `smithy.api#pattern`: cannot translate `a|b$`; known are `^`, `(?=.*[..])`, one class `[..]` \
             or `\\p{ASCII}`, `*` or `+`, `$`",
        ),
        (
            "/shapes/example.post#Word/traits/smithy.api#length",
            json!({ "max": -1 }),
            "shape `Word`: trait `smithy.api#length`: invalid value: integer `-1`, expected usize",
        ),
        (
            "/shapes/example.post#Address/members/house/traits/smithy.api#default",
            json!("one"),
            "shape `Address$house`: trait `smithy.api#default`: does not suit the type",
        ),
        (
            "/shapes/example.post#ListParcels/traits/smithy.api#paginated/items",
            json!("letters"),
            "shape `ListParcels`: trait `smithy.api#paginated`: `ListParcelsOutput` has no member `letters`",
        ),
        (
            "/shapes/example.post#SendParcel/traits/smithy.api#endpoint/hostPrefix",
            json!("{account}."),
            "shape `SendParcel`: trait `smithy.api#endpoint`: expected a `hostPrefix` without labels",
        ),
        (
            "/shapes/example.post#Address/members/street/target",
            json!("example.post#AddressList"),
            "shape `Address`: recursive shapes are not supported",
        ),
        (
            "/shapes/example.post#Parcels/member/target",
            json!("example.post#Parcels"),
            "shape `Parcels`: recursive shapes are not supported",
        ),
        (
            "/shapes/example.post#Speed/members/VERY_FAST/traits/smithy.api#enumValue",
            json!("slow"),
            "shape `Speed`: the name `Slow` would be given twice",
        ),
    ];
    for (place, value, expected) in cases {
        let mut model: Value = serde_json::from_str(&text("tests/small.json")).unwrap();
        *model.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value;
        let error = generate(&model.to_string(), &text("tests/small-overlay.json")).unwrap_err();
        assert_eq!(error.to_string(), expected, "{place}");
    }
}

#[test]
fn the_overlay_is_held_to_the_model() {
    let cases = [
        ("/docs/0/entries", json!({ "Street$name": "x" }), "overlay: `Street$name` is not in the model"),
        ("/docs/0/entries", json!({ "*$name": "x" }), "overlay: `*$name` is not in the model"),
        ("/bytes/0/shapes", json!(["Letters"]), "overlay: `Letters` is not in the model"),
        ("/common_errors/0/shapes", json!(["NoSuchTown"]), "overlay: `NoSuchTown` is not in the model"),
        (
            "/docs/1",
            json!({ "entries": {} }),
            "cannot read the overlay: missing field `source` at line 1 column ",
        ),
    ];
    for (place, value, expected) in cases {
        let mut overlay: Value = serde_json::from_str(&text("tests/small-overlay.json")).unwrap();
        *overlay.pointer_mut(place).unwrap() = value;
        let error = generate(&text("tests/small.json"), &overlay.to_string()).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{place}: {error}");
    }
}

#[test]
fn what_is_not_json_is_an_error() {
    assert!(generate("{", "{}").unwrap_err().to_string().starts_with("cannot read the model: EOF"));
    let unknown = generate(r#"{"smithy":"1.0","shapes":{}}"#, "{}").unwrap_err().to_string();
    assert!(unknown.starts_with("cannot read the model: unknown variant `1.0`"), "{unknown}");
}
