use std::fs;

use gradus_api::sigv4::{Credentials, Request};
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::*;

/// A request as it came over the wire.
struct Captured {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: String,
}

impl Captured {
    fn of(lines: &[String], body: &str) -> Captured {
        let (first, rest) = lines.split_first().unwrap();
        let mut parts = first.split(' ');
        let (method, target) = (parts.next().unwrap(), parts.next().unwrap());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::new();
        for line in rest {
            let (name, value) = line.split_once(": ").unwrap();
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let [method, path, query, body] = [method, path, query, body].map(str::to_owned);
        Captured { method, path, query, headers, body }
    }

    fn signed(&self) -> Signed<'_> {
        let Captured { method, path, query, headers, body } = self;
        Signed { method, path, query, headers, body: body.as_bytes() }
    }

    /// When it was signed.
    fn time(&self) -> Timestamp {
        let query = parameters(&self.query).find(|(name, _)| name == "X-Amz-Date");
        let header = self.headers.get("x-amz-date").map(|value| value.to_str().unwrap().to_owned());
        parse(&header.or(query.map(|(_, value)| value.into_owned())).unwrap()).unwrap()
    }
}

fn data(name: &str) -> String {
    fs::read_to_string(format!("{}/../tests/wire/sigv4/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn cases(name: &str) -> Vec<Value> {
    serde_json::from_str(&data(name)).unwrap()
}

fn keys() -> Keys {
    Keys::from_json(&serde_json::from_str(&data("keys.json")).unwrap()).unwrap()
}

fn lines(case: &Value) -> Vec<String> {
    case["send"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_clients_sign_is_verified() {
    let cases = cases("requests.json");
    assert!(cases.len() >= 12);
    for case in cases {
        let captured = Captured::of(&lines(&case), case["body"].as_str().unwrap());
        let signed_at = captured.time();
        for seconds in [-900, 0, 299] {
            let now = later(signed_at, seconds);
            let verified = verify(&captured.signed(), case["service"].as_str().unwrap(), &keys(), now);
            let verified = verified.unwrap_or_else(|refusal| panic!("{}: {refusal:?}", case["about"]));
            let text =
                captured.headers.get("authorization").map_or(&*captured.query, |v| v.to_str().unwrap());
            assert!(text.contains(&verified.key.id) && text.contains(&verified.region), "{text}");
        }
    }
}

#[test]
fn what_was_tampered_with_is_not() {
    let requests = cases("requests.json");
    let mut tampered = cases("tampered.json");
    assert!(tampered.len() >= 12);
    let mut differences = Vec::new();
    for case in &mut tampered {
        let original = requests.iter().find(|request| request["about"] == case["of"]).unwrap();
        let untouched = Captured::of(&lines(original), original["body"].as_str().unwrap());
        let mut lines = lines(original);
        let mut body = original["body"].as_str().unwrap().to_owned();
        for replaced in case["replace"].as_array().unwrap() {
            let (from, to) = (replaced[0].as_str().unwrap(), replaced[1].as_str().unwrap());
            assert!(lines.iter().chain([&body]).any(|text| text.contains(from)), "{case}");
            lines.iter_mut().chain([&mut body]).for_each(|text| *text = text.replace(from, to));
        }
        let captured = Captured::of(&lines, &body);
        let now = later(untouched.time(), case["later"].as_i64().unwrap());
        let service = original["service"].as_str().unwrap();
        let refusal = match verify(&captured.signed(), service, &keys(), now) {
            Ok(_) => panic!("{} verifies", case["about"]),
            Err(refusal) => refusal,
        };
        assert_eq!(case["name"], refusal.reason.name(), "{}: {}", case["about"], refusal.message);
        if case["message"] != *refusal.message {
            differences.push(format!("{}\n  {}\n  {}", case["about"], case["message"], refusal.message));
            case["message"] = json!(refusal.message);
        }
    }
    if std::env::var_os("UPDATE").is_some() && !differences.is_empty() {
        fs::write(
            format!("{}/../tests/wire/sigv4/tampered.json", env!("CARGO_MANIFEST_DIR")),
            print_cases(&tampered),
        )
        .unwrap();
    } else {
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}

/// One line for each member, so that a change can be read.
fn print_cases(cases: &[Value]) -> String {
    let cases = cases.iter().map(|case| {
        let members = case.as_object().unwrap().iter();
        let lines: Vec<String> = members.map(|(name, value)| format!("    \"{name}\": {value}")).collect();
        format!("  {{\n{}\n  }}", lines.join(",\n"))
    });
    format!("[\n{}\n]\n", cases.collect::<Vec<_>>().join(",\n"))
}

/// A request that is signed here and now.
fn sign(id: &str, secret: &str, token: Option<&str>, time: &str) -> Captured {
    let credentials = Credentials {
        access_key_id: id.to_owned(),
        secret_access_key: secret.to_owned(),
        session_token: token.map(str::to_owned),
    };
    let request = Request {
        method: "POST",
        host: "localhost",
        path: "/",
        query: "",
        headers: &[],
        body: b"{}",
        service: "states",
        region: "us-east-1",
        time,
    };
    let mut added = sigv4::sign(&credentials, &request);
    added.push(("host", "localhost".to_owned()));
    let lines = added.iter().map(|(name, value)| format!("{name}: {value}"));
    Captured::of(&["POST / HTTP/1.1".to_owned()].into_iter().chain(lines).collect::<Vec<_>>(), "{}")
}

#[test]
fn keys_begin_and_end() {
    const NOW: &str = "20261122T000000Z";
    let key = |id: &str, more: Value| {
        let mut key = json!({ "accessKeyId": id, "secretAccessKey": "s", "account": "123456789012" });
        more.as_object().unwrap().iter().for_each(|(name, value)| key[name] = value.clone());
        key
    };
    let past = "2026-11-22T00:00:00Z";
    let future = "2026-11-22T00:00:01Z";
    let keys = Keys::from_json(&json!({ "keys": [
        key("PLAIN", json!({})),
        key("OPEN", json!({ "notBefore": past, "expires": future })),
        key("EARLY", json!({ "notBefore": future })),
        key("ENDED", json!({ "expires": past })),
        key("SESSION", json!({ "sessionToken": "t", "expires": future })),
        key("OVER", json!({ "sessionToken": "t", "expires": past })),
    ] }))
    .unwrap();
    let (unknown, bad) = (
        "The security token included in the request is invalid.",
        "The security token included in the request is invalid",
    );
    let expired = "The security token included in the request is expired";
    for (id, secret, token, expected) in [
        ("PLAIN", "s", None, None),
        ("PLAIN", "x", None, Some((Reason::Invalid, "The request signature we calculated"))),
        ("PLAIN", "s", Some("t"), Some((Reason::Unrecognized, bad))),
        ("OPEN", "s", None, None),
        ("EARLY", "s", None, Some((Reason::Unrecognized, unknown))),
        ("ENDED", "s", None, Some((Reason::Unrecognized, unknown))),
        ("SESSION", "s", Some("t"), None),
        ("SESSION", "s", Some("u"), Some((Reason::Unrecognized, bad))),
        ("SESSION", "s", None, Some((Reason::Unrecognized, bad))),
        ("OVER", "s", Some("t"), Some((Reason::Expired, expired))),
        ("OVER", "s", Some("u"), Some((Reason::Unrecognized, bad))),
        ("OVER", "x", Some("t"), Some((Reason::Invalid, "The request signature we calculated"))),
    ] {
        let found = verify(&sign(id, secret, token, NOW).signed(), "states", &keys, parse(NOW).unwrap());
        match (found, expected) {
            (Ok(verified), None) => assert_eq!((&*verified.key.id, &*verified.region), (id, "us-east-1")),
            (Err(refusal), Some((reason, message))) => {
                assert_eq!(refusal.reason, reason, "{id} {token:?}");
                assert!(refusal.message.starts_with(message), "{id} {token:?}: {}", refusal.message);
            }
            (found, expected) => panic!("{id} {secret} {token:?}: {found:?} instead of {expected:?}"),
        }
    }
}

/// No client signs calls this way; whoever does is understood.
#[test]
fn the_query_of_a_call_can_be_signed() {
    const NOW: &str = "20261122T000000Z";
    let (target, body) = ("AWSStepFunctions.ListActivities", "{}");
    let scope = sigv4::Scope { day: "20261122", region: "us-east-1", service: "states" };
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={NOW}&X-Amz-Expires=60\
         &X-Amz-SignedHeaders=host%3Bx-amz-target",
        sigv4::encode(&format!("test/{scope}"), "")
    );
    let headers = [("host", "h".to_owned()), ("x-amz-target", target.to_owned())];
    let body_hash = sigv4::hash(body.as_bytes());
    let canonical =
        Canonical { method: "POST", path: "/", query: &query, headers: &headers, body_hash: &body_hash };
    let text = sigv4::text_to_sign(NOW, scope, &canonical.text());
    let signature = sigv4::signature(&sigv4::key("test", scope), &text);
    let captured = |target: &str, body: &str, also: &str| {
        let lines = [
            format!("POST /?{query}&X-Amz-Signature={signature} HTTP/1.1"),
            "Host: h".to_owned(),
            format!("X-Amz-Target: {target}"),
            also.to_owned(),
        ];
        Captured::of(&lines, body)
    };
    for (captured, expected) in [
        (captured(target, body, "A: b"), None),
        (captured(target, "{} ", "A: b"), Some(Reason::Invalid)),
        (captured("AWSStepFunctions.DeleteActivity", body, "A: b"), Some(Reason::Invalid)),
        (captured(target, body, "X-Amz-Security-Token: t"), Some(Reason::Invalid)),
    ] {
        let found = verify(&captured.signed(), "states", &keys(), parse(NOW).unwrap());
        assert_eq!(found.err().map(|refusal| refusal.reason), expected, "{:?}", captured.headers);
    }
}

#[test]
fn times_are_read_and_printed() {
    for text in ["20261122T030405Z", "19700101T000000Z", "20240229T235959Z"] {
        assert_eq!(print(parse(text).unwrap()), text);
    }
    for text in [
        "",
        "Z",
        "20261122T030405",
        "20261122 030405Z",
        "20261122T0304Z",
        "2026112\u{e9}T30405Z",
        "20230229T000000Z",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn queries_are_sorted() {
    for (query, expected) in [
        ("", ""),
        ("b=2&a=1", "a=1&b=2"),
        ("a=2&a=1", "a=1&a=2"),
        ("a", "a="),
        ("a=%7e&b=%2f", "a=~&b=%2F"),
        ("a=b=c", "a=b%3Dc"),
        ("X-Amz-Signature=0&a=1", "a=1"),
    ] {
        assert_eq!(canonical_query(query), expected, "{query}");
    }
}
