//! Functions that write bytes as other texts: base64, and the escapes of addresses.

use std::sync::Arc;

use crate::json::Value;

use super::{
    super::{
        error::{Fault, Result},
        eval::Evaluator,
        value::Val,
    },
    Arguments,
    string::change,
};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn base64_encode<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    change(evaluator, &arguments, |text| {
        // As the reference on a server: the low byte of each UTF-16 unit.
        let bytes: Vec<u8> = text.encode_utf16().map(|unit| unit.to_le_bytes()[0]).collect();
        let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for chunk in bytes.chunks(3) {
            let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            for place in 0..4 {
                let index = (bits >> (18 - 6 * place)) & 63;
                let digit = BASE64.get(index as usize).copied().unwrap_or(b'A');
                out.push(if place > chunk.len() { '=' } else { char::from(digit) });
            }
        }
        out
    })
}

pub(super) fn base64_decode<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    change(evaluator, &arguments, |text| {
        // As the reference on a server: of a UTF-16 unit counts the low byte, what is no digit is skipped, `=` ends,
        // each byte is a character.
        let mut out = String::new();
        let (mut bits, mut count) = (0_u32, 0);
        let bytes = text.encode_utf16().map(|unit| unit.to_le_bytes()[0]);
        for byte in bytes.take_while(|byte| *byte != b'=') {
            let digit = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => continue,
            };
            bits = (bits << 6) | u32::from(digit);
            count += 6;
            if count >= 8 {
                count -= 8;
                out.push(char::from(u8::try_from((bits >> count) & 0xff).unwrap_or(0)));
                bits &= (1 << count) - 1;
            }
        }
        out
    })
}

/// What `encodeURIComponent` leaves as it is, beside letters and digits.
const COMPONENT: &[u8] = b"-_.!~*'()";
/// What `encodeURI` leaves as it is, beside those.
const RESERVED: &[u8] = b";/?:@&=+$,#";

pub(super) fn encode_url_component<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: Arguments<'e>,
) -> Result<Val<'e>> {
    encode(evaluator, &arguments, |byte| COMPONENT.contains(&byte))
}

pub(super) fn encode_url<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    encode(evaluator, &arguments, |byte| COMPONENT.contains(&byte) || RESERVED.contains(&byte))
}

fn encode<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: &Arguments<'e>,
    keep: fn(u8) -> bool,
) -> Result<Val<'e>> {
    if let Some(text) = arguments.text(0) {
        evaluator.write_text(text.len().saturating_mul(3))?;
    }
    change(evaluator, arguments, |text| {
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || keep(byte) {
                out.push(char::from(byte));
            } else {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
        out
    })
}

pub(super) fn decode_url_component<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: Arguments<'e>,
) -> Result<Val<'e>> {
    decode(evaluator, &arguments, |_| false)
}

pub(super) fn decode_url<'e>(evaluator: &mut Evaluator<'e>, arguments: Arguments<'e>) -> Result<Val<'e>> {
    decode(evaluator, &arguments, |byte| RESERVED.contains(&byte))
}

fn decode<'e>(
    evaluator: &mut Evaluator<'e>,
    arguments: &Arguments<'e>,
    keep: fn(u8) -> bool,
) -> Result<Val<'e>> {
    let Some(text) = arguments.text(0) else { return Ok(Val::Undefined) };
    evaluator.steps_of(text.len() / 16)?;
    let malformed = || Fault::value("D3140", Some(Value::from(Arc::clone(&text)))).text(arguments.name);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first != b'%' {
            out.push(*first);
            rest = tail;
            continue;
        }
        let hex =
            tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).filter(|hex| !hex.starts_with('+'));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).ok_or_else(malformed)?;
        if keep(byte) {
            out.extend(rest.get(..3).unwrap_or_default());
        } else {
            out.push(byte);
        }
        rest = tail.get(2..).unwrap_or_default();
    }
    let decoded = String::from_utf8(out).map_err(|_| malformed())?;
    evaluator.text(decoded)
}
