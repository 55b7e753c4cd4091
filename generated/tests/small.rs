//! The golden files of the generator's small model, compiled and run: what the real model has no case of.
//!
//! The hand-written modules are compiled once more around them, because emitted code names them as `crate::wire` and so on.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "the modules serve another crate as well")]

#[path = "../src/checks.rs"]
mod checks;
#[path = "../src/http.rs"]
mod http;
#[path = "../src/sigv4.rs"]
mod sigv4;
#[path = "../src/timestamp.rs"]
mod timestamp;
#[path = "../src/transport.rs"]
mod transport;
#[path = "../src/wire.rs"]
mod wire;

mod enums {
    include!("../../codegen/tests/small/enums.rs");
}

mod errors {
    include!("../../codegen/tests/small/errors.rs");
}

mod server {
    include!("../../codegen/tests/small/server.rs");
}

mod shapes {
    include!("../../codegen/tests/small/shapes.rs");
}

mod client {
    pub use crate::transport::{Client, Error};

    include!("../../codegen/tests/small/client.rs");
}

use shapes::{Address, AddressBuilder, Parcel, SendParcelInput, SendParcelInputBuilder};
use std::collections::BTreeMap;

/// The violations of a `SendParcelInput` with these members, beside an address to send to.
fn violations(members: &str) -> Vec<String> {
    let body = format!(r#"{{"to":[{{"street":"Here"}}],{members}}}"#);
    let read = wire::read::<SendParcelInputBuilder>(body.as_bytes());
    let built = read.map_err(|fault| fault.to_string()).map(SendParcelInputBuilder::build);
    match built {
        Ok(Ok(_)) => vec![],
        Ok(Err(violations)) => violations.iter().map(str::to_owned).collect(),
        Err(refusal) => vec![refusal],
    }
}

#[test]
fn maps_and_lists() {
    let long = "x".repeat(101);
    let words = "[Member must have length less than or equal to 8, Member must have length greater than or equal to 1, \
                 Member must satisfy regular expression pattern: ^[a-z]+$]";
    let cases = [
        (r#""words":["ab","c"]"#.to_owned(), vec![]),
        (
            r#""words":["ab","C"]"#.to_owned(),
            vec![format!("Value '[ab, C]' at 'words' failed to satisfy constraint: Member must satisfy constraint: {words}")],
        ),
        (
            r#""others":{"ab":{"street":""},"c":{"house":1000}}"#.to_owned(),
            vec![
                "Value '' at 'others.ab.member.street' failed to satisfy constraint: \
                 Member must have length greater than or equal to 1"
                    .to_owned(),
                "Value null at 'others.c.member.street' failed to satisfy constraint: Member must not be null".to_owned(),
                "Value '1000' at 'others.c.member.house' failed to satisfy constraint: \
                 Member must have value less than or equal to 999"
                    .to_owned(),
            ],
        ),
        (
            r#""others":{"A":{"street":"s","house":2},"B":{"street":"t"}}"#.to_owned(),
            vec![format!(
                "Value '{{A=Address(street=s, house=2), B=Address(street=t, house=null)}}' at 'others' failed to satisfy \
                 constraint: Map keys must satisfy constraint: {words}"
            )],
        ),
        (
            r#""labels":{"a":"","b":"","c":"","d":""}"#.to_owned(),
            vec![
                "Value at 'labels' failed to satisfy constraint: Member must have length less than or equal to 3".to_owned(),
            ],
        ),
        (
            format!(r#""labels":{{"a":"{long}"}}"#),
            vec![
                "Value at 'labels' failed to satisfy constraint: Map value must satisfy constraint: \
                 [Member must have size less than or equal to 100 bytes in UTF-8 encoding]"
                    .to_owned(),
            ],
        ),
        (r#""labels":["a"]"#.to_owned(), vec![refused("Start of list found where not expected")]),
        (r#""labels":"a""#.to_owned(), vec![refused("Expected map or null")]),
        (r#""labels":{"a":null}"#.to_owned(), vec![refused("null found where a map value was expected")]),
        (r#""share":99.5"#.to_owned(), vec![]),
        (
            r#""share":-1"#.to_owned(),
            vec!["Value '-1.0' at 'share' failed to satisfy constraint: Member must have value greater than or equal to 0".to_owned()],
        ),
    ];
    for (members, expected) in cases {
        assert_eq!(violations(&members), expected, "{members:.100}");
    }
}

fn refused(text: &str) -> String {
    format!("SerializationException: {text}")
}

#[test]
fn shapes_become_builders_and_shapes_again() {
    let address = Address { house: Some(3), ..Address::new("There") };
    let input = SendParcelInput::builder()
        .to(address.clone())
        .to(AddressBuilder::default().street("Here"))
        .from(address.clone())
        .others("home", address.clone())
        .labels("a", "b")
        .build();
    let input = input.unwrap();
    assert_eq!(input.to, [address.clone(), Address::new("Here")]);
    assert_eq!(
        (input.from.as_ref(), &input.others),
        (Some(&address), &Some(BTreeMap::from([("home".to_owned(), address.clone())])))
    );
    let text = serde_json::to_string(&input).unwrap();
    assert_eq!(serde_json::from_str::<SendParcelInput>(&text).unwrap(), input);
}

#[test]
fn a_sensitive_structure_hides_all() {
    let parcel = Parcel { weight: 5, ..Parcel::new(timestamp::Timestamp::from_millis(7)) };
    assert_eq!(format!("{parcel:?}").matches("*** sensitive ***").count(), 5);
    // A default is written, absence is not.
    assert_eq!(serde_json::to_string(&parcel).unwrap(), r#"{"sent":0.007,"weight":5}"#);
    assert_eq!(serde_json::from_str::<Parcel>(r#"{"sent":0.007}"#).unwrap(), Parcel { weight: 0, ..parcel });
}
