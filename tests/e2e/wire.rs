//! The wire, byte by byte: only request ids, dates and UUIDs are taken out before the comparison.
//!
//! `tests/wire/exchanges.json` has whole requests and answers, each header; `tests/wire/calls/` has
//! sequences of calls of one server, the body alone. `UPDATE=1` rewrites the answers in both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use gradus_tests::http::{Answer, Connection};
use gradus_tests::server::Server;
use gradus_tests::text::{expand, settle, shorten};
use gradus_tests::{api, http};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Model;
use crate::{GRADUS, cases, updating};

/// A request and its answer, whole.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Exchange {
    about: String,
    /// Request line and headers. A length is added if there is a body.
    send: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
    #[serde(default)]
    receive: Vec<String>,
    #[serde(default)]
    answer: String,
}

/// A call of an operation and the body of its answer.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Call {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    about: String,
    call: String,
    /// The body: a JSON value, or the text that stands for itself.
    input: Value,
    /// How often it is called; `{{n}}` in the input counts, from 1. The last answer is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<usize>,
    /// Members of the answer that later inputs name, as `{{token}}`, and that differ from run to run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    keep: BTreeMap<String, String>,
    /// Status and body.
    #[serde(default)]
    answer: String,
}

#[test]
fn exchanges() {
    let server = Server::start(GRADUS, &["--memory", "--allow-origin", "http://localhost:3000"]);
    none(compare(&cases("wire/exchanges.json"), |exchange: &mut Exchange| {
        let mut lines = exchange.send.clone();
        if !exchange.body.is_empty() {
            lines.push(format!("Content-Length: {}", expand(&exchange.body).len()));
        }
        let request = format!("{}\r\n\r\n{}", lines.join("\r\n"), exchange.body);
        let answer =
            Connection::open(server.address()).and_then(|mut it| it.exchange(expand(&request).as_bytes()));
        let (receive, answer) = match answer {
            Ok(answer) => (head(&answer), shorten(&settle(&answer.text()))),
            Err(error) => (vec![error.to_string()], String::new()),
        };
        let expected = (
            std::mem::replace(&mut exchange.receive, receive),
            std::mem::replace(&mut exchange.answer, answer),
        );
        let found = (&exchange.receive, &exchange.answer);
        let same = (&expected.0, &expected.1) == found;
        (!same).then(|| format!("{}\n  expected {expected:?}\n  found    {found:?}", exchange.about))
    }));
}

#[test]
fn calls() {
    let mut files: Vec<_> =
        fs::read_dir(cases("wire/calls")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let model = Model::read();
    let differences = files.iter().flat_map(|path| {
        let server = Server::in_memory(GRADUS);
        let mut kept = BTreeMap::new();
        compare(path, |call: &mut Call| {
            let answer = answer_to(&server, &model, call, &mut kept);
            let expected = std::mem::replace(&mut call.answer, answer);
            let (found, operation, input) = (&call.answer, &call.call, shorten(&call.input.to_string()));
            (expected != *found)
                .then(|| format!("{operation} {input}\n  expected {expected}\n  found    {found}"))
        })
    });
    none(differences.collect());
}

/// Status and body of the answer, without what differs from run to run.
fn answer_to(server: &Server, model: &Model, call: &Call, kept: &mut BTreeMap<String, String>) -> String {
    let input = match &call.input {
        Value::String(text) => text.clone(),
        input => input.to_string(),
    };
    let filled =
        kept.iter().fold(input, |input, (name, value)| input.replace(&format!("{{{{{name}}}}}"), value));
    let mut connection = Connection::open(server.address()).unwrap();
    let mut exchange = |number: usize| {
        let body = expand(&filled.replace("{{n}}", &number.to_string()));
        connection.exchange(&api::request(&call.call, &body)).unwrap()
    };
    let last = call.times.unwrap_or(1);
    (1..last).for_each(|number| drop(exchange(number)));
    let answer = exchange(last);
    let mut text = answer.text();
    if answer.status() == 200 {
        let operation = model.operation(&call.call).unwrap_or_else(|| panic!("no operation {}", call.call));
        let differences = model.differences(&operation.output, &serde_json::from_str(&text).unwrap());
        assert!(differences.is_empty(), "{} {}: {}", call.call, call.input, differences.join(", "));
    }
    for (name, member) in &call.keep {
        let body: Value = serde_json::from_str(&text).unwrap();
        let value = api::text(&body, member);
        text = text.replace(&value, &format!("<{name}>"));
        kept.insert(name.clone(), value);
    }
    shorten(&settle(&format!("{} {text}", answer.status())))
}

/// Errors of the model that no case has, and why not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unreached {
    /// Where; all operations, if it is not said.
    #[serde(default)]
    operations: Vec<String>,
    errors: Vec<String>,
    why: String,
}

/// The table of operations and errors has no hole: each pair of the model is in a case, or says why it is not.
#[test]
fn every_error_of_every_operation_is_in_a_case() {
    let mut found = BTreeSet::new();
    for path in fs::read_dir(cases("wire/calls")).unwrap().map(|entry| entry.unwrap().path()) {
        let calls: Vec<Call> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for call in calls {
            let name = call.answer.split_once("#").and_then(|(_, rest)| rest.split('"').next());
            let outcome = if call.answer.starts_with("200") { Some("success") } else { name };
            found.insert((call.call, outcome.unwrap_or_default().to_owned()));
        }
    }
    let unreached = fs::read_to_string(cases("wire/unreached.json")).unwrap();
    let unreached: Vec<Unreached> = serde_json::from_str(&unreached).unwrap();
    let excuse = |operation: &str, error: &str| {
        unreached.iter().find(|entry| {
            entry.errors.iter().any(|it| it == error)
                && (entry.operations.is_empty() || entry.operations.iter().any(|it| it == operation))
        })
    };
    let mut faults = Vec::new();
    for operation in Model::read().operations() {
        let name = &operation.name;
        let mut outcomes: BTreeSet<&str> = operation.errors.iter().map(String::as_str).collect();
        // Every operation has these.
        outcomes.extend(["ValidationException", "success"]);
        for outcome in outcomes {
            match (found.contains(&(name.clone(), outcome.to_owned())), excuse(name, outcome)) {
                (false, None) => faults.push(format!("{name}: no case has {outcome}")),
                (true, Some(entry)) => {
                    faults.push(format!("{name}: a case has {outcome}, yet \"{}\"", entry.why))
                }
                (true, None) | (false, Some(_)) => {}
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn none(differences: Vec<String>) {
    assert!(differences.is_empty(), "{} differ\n{}", differences.len(), differences.join("\n"));
}

/// Runs the cases of a file; gives how they differ. With `UPDATE=1` they do not: the file changes.
fn compare<T: for<'a> Deserialize<'a> + Serialize>(
    path: &Path,
    mut run: impl FnMut(&mut T) -> Option<String>,
) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let parsed = serde_json::from_str(&text);
    let mut cases: Vec<T> = parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let differences = cases.iter_mut().filter_map(&mut run);
    let differences = differences.map(|difference| format!("{}: {difference}", path.display())).collect();
    if updating() {
        fs::write(path, print(&cases)).unwrap();
        return Vec::new();
    }
    differences
}

/// The text of a file of cases: one line for each member, so that a change can be read.
fn print(cases: &[impl Serialize]) -> String {
    let cases = cases.iter().map(|case| {
        let case = serde_json::to_value(case).unwrap();
        let members = case.as_object().unwrap().iter();
        let lines: Vec<String> = members.map(|(name, value)| format!("    \"{name}\": {value}")).collect();
        format!("  {{\n{}\n  }}", lines.join(",\n"))
    });
    format!("[\n{}\n]\n", cases.collect::<Vec<_>>().join(",\n"))
}

/// The lines of an answer's head, without what differs from run to run.
fn head(answer: &http::Answer) -> Vec<String> {
    let dates_vary = settle(&answer.text()) != answer.text();
    let line = |line: &String| match line.split_once(": ") {
        Some(("date", date))
            if date.len() == "Sun, 06 Nov 1994 08:49:37 GMT".len() && date.ends_with(" GMT") =>
        {
            "date: <date>".to_owned()
        }
        Some(("content-length", length)) if dates_vary && length == answer.body.len().to_string() => {
            "content-length: <length>".to_owned()
        }
        _ => settle(line),
    };
    answer.head.iter().map(line).collect()
}

/// A call that every server answers in the same way.
fn simple() -> Vec<u8> {
    api::request("ListActivities", "{}")
}

fn is_simple(answer: &Answer) -> bool {
    answer.status() == 200 && answer.text() == r#"{"activities":[]}"#
}

#[test]
fn one_connection_carries_calls_one_after_the_other() {
    let server = Server::in_memory(GRADUS);
    let mut connection = Connection::open(server.address()).unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = connection.exchange(&simple()).unwrap();
        assert!(is_simple(&answer), "{answer:?}");
        ids.push(answer.header("x-amzn-requestid").unwrap().to_owned());
    }
    // Without waiting for the answers.
    connection.send(&[simple(), api::request("Nothing", "{}"), simple()].concat()).unwrap();
    let answers = [(); 3].map(|()| connection.receive().unwrap());
    assert_eq!(answers.each_ref().map(Answer::status), [200, 400, 200]);
    ids.extend(answers.iter().map(|answer| answer.header("x-amzn-requestid").unwrap().to_owned()));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6, "request ids repeat: {ids:?}");
}

#[test]
fn a_client_that_asks_to_close_is_closed() {
    let server = Server::in_memory(GRADUS);
    let text = String::from_utf8(simple()).unwrap().replacen("\r\n", "\r\nConnection: close\r\n", 1);
    let mut connection = Connection::open(server.address()).unwrap();
    assert!(is_simple(&connection.exchange(text.as_bytes()).unwrap()));
    assert!(connection.is_closed());
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let server = Server::in_memory(GRADUS);
    let mut connection = Connection::open(server.address()).unwrap();
    for byte in simple() {
        connection.send(&[byte]).unwrap();
    }
    assert!(is_simple(&connection.receive().unwrap()));
}

#[test]
fn a_client_may_ask_before_it_sends_the_body() {
    let server = Server::in_memory(GRADUS);
    let text = String::from_utf8(simple()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut connection = Connection::open(server.address()).unwrap();
    connection.send(format!("{head}\r\nExpect: 100-continue\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(connection.receive().unwrap().status(), 100);
    connection.send(body.as_bytes()).unwrap();
    assert!(is_simple(&connection.receive().unwrap()));
}

#[test]
fn a_client_that_stalls_is_given_up() {
    let server = Server::in_memory(GRADUS);
    let request = simple();
    let (in_head, in_body) = (&request[..20], &request[..request.len() - 1]);
    let mut stalled = [in_head, in_body].map(|part| {
        let mut connection = Connection::open(server.address()).unwrap();
        connection.send(part).unwrap();
        connection
    });
    // Others are served meanwhile.
    assert!(is_simple(&Connection::open(server.address()).unwrap().exchange(&simple()).unwrap()));
    let [in_head, in_body] = &mut stalled;
    assert!(in_head.is_closed());
    assert_eq!(in_body.receive().unwrap().status(), 408);
    assert!(in_body.is_closed());
}

/// The most bytes of a request, head and body together. Source: the service's quotas.
const MOST: usize = 1_048_576;

#[test]
fn a_request_has_a_largest_size() {
    let server = Server::in_memory(GRADUS);
    let sized = |size: usize| {
        let member = |length: usize| format!(r#"{{"ignored":"{}"}}"#, "x".repeat(length));
        // A body of nearly this size has a length of as many digits.
        let head = api::request("ListActivities", &member(size)).len() - member(size).len();
        api::request("ListActivities", &member(size - head - member(0).len()))
    };
    for (size, expected) in [(MOST - 1, 200), (MOST, 200), (MOST + 1, 413)] {
        assert_eq!(sized(size).len(), size);
        let mut connection = Connection::open(server.address()).unwrap();
        let answer = connection.exchange(&sized(size)).unwrap();
        assert_eq!(answer.status(), expected, "{size}: {}", answer.text());
        if expected == 413 {
            assert_eq!(
                answer.text(),
                r#"{"__type":"com.amazon.coral.service#RequestEntityTooLargeException"}"#
            );
            assert!(connection.is_closed());
        }
    }
}

#[test]
fn a_head_has_a_largest_size() {
    let server = Server::in_memory(GRADUS);
    let padded = |size: usize| {
        let request = String::from_utf8(simple()).unwrap();
        let padding = size - (request.find("\r\n\r\n").unwrap() + 4) - "X: \r\n".len();
        request.replacen("\r\n", &format!("\r\nX: {}\r\n", "x".repeat(padding)), 1)
    };
    for (size, expected) in [(16 * 1024, 200), (16 * 1024 + 1, 431)] {
        let answer = Connection::open(server.address()).unwrap().exchange(padded(size).as_bytes()).unwrap();
        assert_eq!(answer.status(), expected, "{size}");
    }
    let with_fields = |count: usize| {
        let request = String::from_utf8(simple()).unwrap();
        let present = request.matches("\r\n").count() - 2;
        request.replacen("\r\n", &format!("\r\n{}", "X: y\r\n".repeat(count - present)), 1)
    };
    for (count, expected) in [(100, 200), (101, 431)] {
        let answer =
            Connection::open(server.address()).unwrap().exchange(with_fields(count).as_bytes()).unwrap();
        assert_eq!(answer.status(), expected, "{count} fields");
    }
}
