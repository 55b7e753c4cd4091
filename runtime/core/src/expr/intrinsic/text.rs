//! Functions on strings and on JSON as text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::functions::{ENTRY_BYTES, MAX_TEXT_BYTES, Outcome, Problem, Run, string};
use super::parse::{is_blank, is_reserved};
use crate::json::{self, Array, Object, Payload, Value, java_map_order};

/// The most characters that are encoded, decoded or hashed. Source: the guide.
const MAX_DATA_CHARACTERS: usize = 10_000;

/// The standard alphabet; padding is written, and need not be there when read, as in Java.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `States.Format(template, value, …)`: each `{}` becomes the next value, in the text that Java's collections
/// give of it.
///
/// The escapes of a written template hold in one from the data too, where any other backslash stays: the
/// service is not known to tell them apart.
pub(super) fn format(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [template, values @ ..] = arguments else { return Err(Problem::Arguments) };
    let mut values = values.iter();
    let mut text = String::new();
    let mut characters = string(template)?.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.push(characters.next_if(|next| is_reserved(*next)).unwrap_or(character)),
            '{' => {
                characters.next_if_eq(&'}').ok_or(Problem::Arguments)?;
                let value = values.next().ok_or(Problem::Arguments)?;
                let left = MAX_TEXT_BYTES.saturating_sub(text.len());
                text.push_str(&value.to_java_string_within(left).ok_or(Problem::TooLarge)?);
            }
            _ => text.push(character),
        }
    }
    if values.next().is_some() {
        return Err(Problem::Arguments);
    }
    give(text, run)
}

/// `States.StringToJson(string)`. A blank string is `null`. Source: the service, recorded.
pub(super) fn string_to_json(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [text] = arguments else { return Err(Problem::Arguments) };
    let text = string(text)?;
    if text.chars().all(is_blank) {
        return Ok(Value::Null);
    }
    // Of the shortest values, `[1,1]`, each takes two bytes of the text.
    run.budget.spend((text.len() / 2).saturating_mul(ENTRY_BYTES))?;
    json::parse(text).map_err(|_| Problem::Arguments)
}

/// `States.JsonToString(value)`: compact.
pub(super) fn json_to_string(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [value] = arguments else { return Err(Problem::Arguments) };
    give(json_text(value)?, run)
}

/// `States.JsonMerge(left, right, false)`: the members of both; of a key that both have, the right one. Not
/// deep, which the service has reserved the third argument for. The keys are in the order of a Java hash map.
/// Source: the service, recorded; the guide for the third argument.
pub(super) fn json_merge(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [Value::Object(left), Value::Object(right), Value::Bool(false)] = arguments else {
        return Err(Problem::Arguments);
    };
    run.budget.spend((left.len() + right.len()).saturating_mul(2 * ENTRY_BYTES))?;
    let members: Vec<_> = left.iter().chain(right.iter()).collect();
    let keys: Vec<_> = members.iter().map(|(key, _)| key).collect();
    let merged: Object = java_map_order(&keys)
        .into_iter()
        .filter_map(|index| members.get(index))
        .map(|&(key, value)| (key.clone(), right.get(key).unwrap_or(value).clone()))
        .collect();
    Ok(Value::from(merged))
}

/// `States.StringSplit(string, delimiters)`: at each of these characters; empty pieces are left out.
/// Source: the service, recorded.
pub(super) fn split(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [text, delimiters] = arguments else { return Err(Problem::Arguments) };
    let (text, delimiters) = (string(text)?, string(delimiters)?);
    run.budget.spend(delimiters.len().saturating_mul(ENTRY_BYTES))?;
    let delimiters: HashSet<char> = delimiters.chars().collect();
    let mut pieces = Array::new();
    for piece in text.split(|character| delimiters.contains(&character)).filter(|piece| !piece.is_empty()) {
        run.budget.spend(2 * ENTRY_BYTES + piece.len())?;
        pieces.push(Value::from(piece));
    }
    Ok(Value::from(pieces))
}

/// `States.Base64Encode(string)`, of its UTF-8.
pub(super) fn base64_encode(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [data] = arguments else { return Err(Problem::Arguments) };
    give(BASE64.encode(data_of(string(data)?)?), run)
}

/// `States.Base64Decode(string)`. Bytes that are no UTF-8 become U+FFFD, as in Java.
pub(super) fn base64_decode(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [data] = arguments else { return Err(Problem::Arguments) };
    let bytes = BASE64.decode(data_of(string(data)?)?).map_err(|_| Problem::Arguments)?;
    give(String::from_utf8_lossy(&bytes).into_owned(), run)
}

/// `States.Hash(data, algorithm)`, in lower-case hexadecimal, of the UTF-8 of a string or of the JSON text of
/// anything else, which is not known of the service and loses nothing.
pub(super) fn hash(arguments: &[Value], run: &mut Run<'_>) -> Outcome {
    let [data, algorithm] = arguments else { return Err(Problem::Arguments) };
    let text = match data {
        Value::String(text) => Cow::Borrowed(&**text),
        other => Cow::Owned(json_text(other)?),
    };
    let data = data_of(&text)?;
    let digest = digest(data, string(algorithm)?).ok_or(Problem::Arguments)?;
    give(digest, run)
}

/// The digest of bytes in lower-case hexadecimal digits; `None` for an unknown algorithm.
pub(in crate::expr) fn digest(data: &[u8], algorithm: &str) -> Option<String> {
    Some(match algorithm {
        "MD5" => hexadecimal(&Md5::digest(data)),
        "SHA-1" => hexadecimal(&Sha1::digest(data)),
        "SHA-256" => hexadecimal(&Sha256::digest(data)),
        "SHA-384" => hexadecimal(&Sha384::digest(data)),
        "SHA-512" => hexadecimal(&Sha512::digest(data)),
        _ => return None,
    })
}

/// A text that was built here.
fn give(text: String, run: &mut Run<'_>) -> Outcome {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Problem::TooLarge);
    }
    run.budget.spend(text.len())?;
    Ok(Value::from(text))
}

/// The compact text of a value, within the limit.
fn json_text(value: &Value) -> Result<String, Problem> {
    let payload = Payload::from_value_within(value.clone(), MAX_TEXT_BYTES).map_err(|_| Problem::TooLarge)?;
    Ok(payload.text().to_owned())
}

/// The bytes of a text that is short enough to be encoded or hashed. Characters are counted as in Java.
fn data_of(text: &str) -> Result<&[u8], Problem> {
    let too_long = text.encode_utf16().nth(MAX_DATA_CHARACTERS).is_some();
    if too_long { Err(Problem::Arguments) } else { Ok(text.as_bytes()) }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string does not fail.
        _ = write!(text, "{byte:02x}");
    }
    text
}
