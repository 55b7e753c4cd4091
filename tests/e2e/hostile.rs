//! What is sent to do harm: every case ends with the service's own answer, and the server goes on, within bounds.
//!
//! Runs are made twice, over HTTP and on the pure core in virtual time, and must end alike.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use gradus_core::asl;
use gradus_core::json::Payload;
use gradus_core::machine::{
    Command, Env, Event, Execution, Failure as Fault, Outcome, Start, Timer, Timestamp,
};
use gradus_tests::api::{Api, Failure, ROLE, request};
use gradus_tests::folder::Folder;
use gradus_tests::http::Connection;
use gradus_tests::in_parallel;
use gradus_tests::server::Server;
use serde_json::{Value, json};

use crate::GRADUS;

/// How many cases at a time.
const AT_A_TIME: usize = 2;

/// The most that a server may ever have resident in these tests, in MiB: two cases at a time, each with a step
/// of 16 MiB and its row, and templates that name their input many times.
const MOST_MEMORY: u64 = 700;

/// What a definition is answered with: the error's name and the start of its message, or nothing if it is taken.
type Answer = Option<(&'static str, &'static str)>;

const INVALID: &str = "InvalidDefinition";

#[test]
fn definitions() {
    let pass = |fields: &str| machine(&format!(r#""A":{{"Type":"Pass","End":true{fields}}}"#));
    let depth = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let no_json = "Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: ";
    let schema = "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: ";
    let cases: Vec<(&str, String, Answer)> = vec![
        ("deep data", pass(&format!(r#","Result":{}"#, depth(900))), None),
        ("too deep data", pass(&format!(r#","Result":{}"#, depth(10_000))), Some((INVALID, no_json))),
        ("brackets alone", "[".repeat(500_000), Some((INVALID, no_json))),
        ("braces alone", "{\"a\":".repeat(100_000), Some((INVALID, no_json))),
        ("blocks in blocks", blocks(45), None),
        ("more blocks in blocks", blocks(240), Some((INVALID, ""))),
        ("too many blocks in blocks", blocks(2_000), Some((INVALID, no_json))),
        ("tests in tests", tests(90), None),
        ("more tests in tests", tests(900), Some((INVALID, ""))),
        ("too many tests in tests", tests(10_000), Some((INVALID, no_json))),
        ("many states", chain(15_000), None),
        ("many states that nobody reaches", unreached(20_000), Some((INVALID, ""))),
        ("many fields that there are not", unknown_fields(30_000), Some((INVALID, schema))),
        ("many members of one name", pass(&r#","Comment":"x""#.repeat(20_000)), None),
        (
            "a huge number",
            machine(r#""A":{"Type":"Wait","Seconds":1e400,"End":true}"#),
            Some((INVALID, schema)),
        ),
        (
            "a number of many digits",
            machine(&format!(r#""A":{{"Type":"Wait","Seconds":{},"End":true}}"#, "1".repeat(100_000))),
            Some((INVALID, no_json)),
        ),
        ("an escape that there is not", pass(r#","Comment":"\q""#), Some((INVALID, no_json))),
        ("half an escape", pass(r#","Comment":"\u00"#), Some((INVALID, no_json))),
        ("half a pair", pass(r#","Comment":"\ud800","Result":"\udc00""#), None),
        ("NUL in a text", pass(",\"Comment\":\"\0\""), Some((INVALID, no_json))),
        ("NUL escaped", pass(r#","Comment":"\u0000","Result":"\u0000""#), None),
        ("NUL behind the end", format!("{}\0", pass("")), Some((INVALID, no_json))),
        ("a path of many steps", pass(&format!(r#","InputPath":"${}""#, ".a".repeat(100_000))), None),
        (
            "a filter of many brackets",
            pass(&format!(r#","InputPath":"$[?({}@.a{})]""#, "(".repeat(50_000), ")".repeat(50_000))),
            None,
        ),
        (
            "a filter of many tests",
            pass(&format!(r#","InputPath":"$[?(@.a{})]""#, " && @.a".repeat(20_000))),
            None,
        ),
        (
            "calls in calls",
            pass(&format!(
                r#","Parameters":{{"a.$":"{}1{}"}}"#,
                "States.Array(".repeat(20_000),
                ")".repeat(20_000)
            )),
            Some((INVALID, schema)),
        ),
        ("too large", pass(&format!(r#","Comment":"{}""#, "x".repeat(1 << 20))), Some(("", ""))),
    ];
    let server = Server::in_memory(GRADUS);
    let faults = in_parallel(AT_A_TIME, &cases, |(about, definition, expected)| {
        let mut api = Api::new(server.address());
        let name = about.replace(' ', "-");
        let input = json!({ "name": name, "roleArn": ROLE, "definition": definition });
        let found = match api.call("CreateStateMachine", &input) {
            Ok(_) => None,
            Err(Failure::Refused(refusal)) if refusal.status < 500 => Some((refusal.name, refusal.message)),
            Err(failure) => return Some(format!("{about}: {failure}")),
        };
        let is_expected = match (&found, expected) {
            (None, None) => true,
            (Some((name, message)), Some((error, start))) => {
                // All of a large text in a message would be no help.
                (error.is_empty() || name == error) && message.starts_with(start) && message.len() < 200_000
            }
            _ => false,
        };
        let shown: String = format!("{found:?}").chars().take(300).collect();
        (!is_expected).then(|| format!("{about}: {shown}"))
    });
    none(faults);
    goes_on(&server);
}

/// Bytes that are no text, and requests that are too large.
#[test]
fn requests() {
    let body = |definition: &[u8]| {
        [br#"{"name":"m","roleArn":"arn:aws:iam::000000000000:role/test","definition":""#, definition, b"\"}"]
            .concat()
    };
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("no UTF-8", body(b"\xff\xfe"), "SerializationException"),
        ("a surrogate in UTF-8", body(b"\xed\xa0\x80"), "SerializationException"),
        ("more than UTF-8 has", body(b"\xf4\x90\x80\x80"), "SerializationException"),
        ("a raw NUL", body(b"\0"), "SerializationException"),
        ("half an escape", body(b"\\ud8"), "SerializationException"),
        ("brackets", "[".repeat(500_000).into_bytes(), "SerializationException"),
        ("braces", "{\"a\":".repeat(100_000).into_bytes(), "SerializationException"),
    ];
    let server = Server::in_memory(GRADUS);
    for (about, body, error) in cases {
        let head = request("CreateStateMachine", "");
        let head = String::from_utf8(head).unwrap();
        let head = head.replace("Content-Length: 0", &format!("Content-Length: {}", body.len()));
        let answer =
            Connection::open(server.address()).unwrap().exchange(&[head.into_bytes(), body].concat());
        let answer = answer.unwrap();
        assert!(answer.status() == 400 && answer.text().contains(error), "{about}: {}", answer.text());
    }
    goes_on(&server);
}

/// Connections beyond what the system lets a process open wait, and take nothing from the store: it goes on to
/// begin files of its own.
#[test]
fn more_connections_than_descriptors() {
    let folder = Folder::new();
    let limited = folder.join("limited");
    fs::write(&limited, format!("#!/bin/sh\nulimit -n 160\nexec '{GRADUS}' \"$@\"\n")).unwrap();
    fs::set_permissions(&limited, fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::start(&limited, &["--data", &folder.join("data")]);
    let mut api = Api::new(server.address());
    let machine =
        api.create_machine("m", &json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}));
    let idle: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    // More than the store gathers in memory before it writes a file.
    let input = json!("x".repeat(200_000)).to_string();
    for number in 0..250 {
        api.start(&machine, &format!("e{number}"), &input);
    }
    drop(idle);
    goes_on(&server);
}

/// A machine, its input, and how it ends: the status, and the start of the output or of error and cause.
struct Hostile {
    about: &'static str,
    definition: String,
    input: String,
    ends: (&'static str, &'static str),
}

#[test]
fn runs() {
    let server = Server::in_memory(GRADUS);
    let faults = in_parallel(AT_A_TIME, &hostile_runs(), |Hostile { about, definition, input, ends }| {
        let definition: Value = serde_json::from_str(definition).unwrap();
        let mut api = Api::new(server.address());
        let machine = api.create_machine(&about.replace(' ', "-"), &definition);
        let execution = api.start(&machine, "run", input);
        let found = told(&api.end_of(&execution));
        let on_the_core = on_the_core(&definition, input);
        let shown = |(status, text): &(String, String)| {
            format!("{status} {}", text.chars().take(300).collect::<String>())
        };
        let is_expected = found.0 == ends.0 && found.1.starts_with(ends.1);
        if !is_expected {
            return Some(format!("{about}: {}", shown(&found)));
        }
        // Causes name the execution at times, and outputs may be random.
        let is_same = found.0 == on_the_core.0 && on_the_core.1.starts_with(ends.1);
        (!is_same).then(|| format!("{about}: {}, but on the core {}", shown(&found), shown(&on_the_core)))
    });
    none(faults);
    goes_on(&server);
}

/// An execution that never waits ends when its time is over, and others run meanwhile.
#[test]
fn one_that_never_waits() {
    let server = Server::in_memory(GRADUS);
    let endless = r#"{"StartAt":"A","TimeoutSeconds":2,"States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Choices":[{"Variable":"$","IsNull":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}}}"#;
    let create = |name: &str, definition: &str| {
        let input = json!({ "name": name, "definition": definition, "roleArn": ROLE, "type": "EXPRESS" });
        Api::new(server.address()).must("CreateStateMachine", &input)["stateMachineArn"].clone()
    };
    let endless = create("endless", endless);
    let short = create("short", &machine(r#""A":{"Type":"Succeed"}"#));
    let run = |machine: &Value| {
        Api::new(server.address()).must("StartSyncExecution", &json!({ "stateMachineArn": machine }))
    };
    // More than there are threads.
    let started: Vec<u32> = (0..16).collect();
    let ends = in_parallel(started.len(), &started, |number| match number {
        0..12 => run(&endless)["status"].clone(),
        _ => run(&short)["status"].clone(),
    });
    assert!(ends[..12].iter().all(|status| status == "TIMED_OUT"), "{ends:?}");
    assert!(ends[12..].iter().all(|status| status == "SUCCEEDED"), "{ends:?}");
    goes_on(&server);
}

fn hostile_runs() -> Vec<Hostile> {
    let numbers = |count: usize| {
        let numbers: Vec<String> = (0..count).map(|number| (number % 10_000).to_string()).collect();
        format!("[{}]", numbers.join(","))
    };
    let select = |template: &str| {
        machine(&format!(
            r#""A":{{"Type":"Pass","Parameters":{{{template}}},"ResultPath":"$.r","OutputPath":"$.r.done","End":true}}"#
        ))
    };
    let one =
        |call: &str| machine(&format!(r#""A":{{"Type":"Pass","Parameters":{{"x.$":"{call}"}},"End":true}}"#));
    let case = |about, definition, input: String, ends| Hostile { about, definition, input, ends };
    let failed = |text| ("FAILED", text);
    let nested = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let wide = format!(r#"{{"a":{}}}"#, numbers(5_000));
    let many_paths: Vec<String> = (0..2_000).map(|number| format!(r#""x{number}.$":"$..*""#)).collect();
    let loops = |template: &str| {
        format!(
            r#"{{"StartAt":"A","States":{{"A":{{"Type":"Pass","Parameters":{{"s.$":"{template}"}},"Next":"B"}},"B":{{"Type":"Choice","Choices":[{{"Variable":"$.s","IsNull":true,"Next":"C"}}],"Default":"A"}},"C":{{"Type":"Succeed"}}}}}}"#
        )
    };
    vec![
        // Paths
        case("scans of scans", one("$..*..*..*"), nested(900), failed("States.Runtime")),
        case("many scans", select(&many_paths.join(",")), wide.clone(), failed("States.Runtime")),
        case("a long slice", one("$[0:2147483647]"), numbers(20_000), ("SUCCEEDED", r#"{"x":[0,1,"#)),
        case(
            "a list of indexes",
            one(&format!("$[0{}]", ",0".repeat(20_000))),
            "[0]".to_owned(),
            ("SUCCEEDED", r#"{"x":[0,0"#),
        ),
        case(
            "filters in scans",
            one("$..[?(@[0])]..[?(@[0])]..[?(@[0])]"),
            nested(400),
            failed("States.Runtime"),
        ),
        case(
            "a pattern that goes back",
            one("$.a[?(@.s =~ /(a+)+(a+)+(a+)+$/)]"),
            format!(r#"{{"a":[{{"s":"{}!"}}]}}"#, "a".repeat(5_000)),
            ("SUCCEEDED", r#"{"x":[]}"#),
        ),
        // Calls
        case(
            "a range of a thousand million",
            one("States.ArrayRange(1,1000000000,1)"),
            "{}".to_owned(),
            failed("States.Runtime"),
        ),
        case(
            "a text that doubles",
            loops("States.Format('{}{}',$.s,$.s)"),
            r#"{"s":"x"}"#.to_owned(),
            failed("States.DataLimitExceeded"),
        ),
        case(
            "escapes that double",
            loops("States.JsonToString($)"),
            r#"{"s":"\""}"#.to_owned(),
            failed("States.DataLimitExceeded"),
        ),
        case(
            "an array of itself",
            loops("States.Array($.s,$.s)"),
            r#"{"s":0}"#.to_owned(),
            failed("States.DataLimitExceeded"),
        ),
        case(
            "a text of nothing but separators",
            one("States.StringSplit($.s,',')"),
            format!(r#"{{"s":"{}"}}"#, ",x".repeat(100_000)),
            failed("States.DataLimitExceeded"),
        ),
        case(
            "many that are different",
            select(r#""x.$":"States.ArrayUnique($.a)","done":true"#),
            wide.clone(),
            ("SUCCEEDED", "true"),
        ),
        case(
            "many that are nearly the same",
            select(r#""x.$":"States.ArrayUnique($.a)","done":true"#),
            format!(
                r#"{{"a":[{}]}}"#,
                (0..2_000).map(|number| format!("[[[[[[[[{number}]]]]]]]]")).collect::<Vec<_>>().join(",")
            ),
            ("SUCCEEDED", "true"),
        ),
        case(
            "parts of one",
            one("States.ArrayPartition($.a,1)"),
            format!(r#"{{"a":{}}}"#, numbers(40_000)),
            failed("States.DataLimitExceeded"),
        ),
        case(
            "a deep text",
            one("States.StringToJson($.s)"),
            format!(r#"{{"s":"{}"}}"#, "[".repeat(200_000)),
            failed("States.Runtime"),
        ),
        case(
            "deep objects that are merged",
            select(r#""x.$":"States.JsonMerge($.a,$.a,false)","done":true"#),
            format!(r#"{{"a":{}1{}}}"#, r#"{"a":"#.repeat(900), "}".repeat(900)),
            ("SUCCEEDED", "true"),
        ),
        case(
            "all of the input a thousand times",
            select(&(0..2_000).map(|number| format!(r#""x{number}.$":"$""#)).collect::<Vec<_>>().join(",")),
            wide.clone(),
            failed("States.DataLimitExceeded"),
        ),
        // Machines
        case(
            "a machine that never waits",
            machine(
                r#""A":{"Type":"Pass","Next":"B"},"B":{"Type":"Choice","Choices":[{"Variable":"$.s","IsNull":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}"#,
            ),
            r#"{"s":1}"#.to_owned(),
            failed("States.Runtime The execution reached the maximum number of history events (25000)."),
        ),
        case(
            "a machine that never waits and makes large data",
            machine(
                r#""A":{"Type":"Pass","Parameters":{"u.$":"States.UUID()","s.$":"$.s"},"Next":"B"},"B":{"Type":"Choice","Choices":[{"Variable":"$.s","IsNull":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}"#,
            ),
            format!(r#"{{"s":"{}"}}"#, "x".repeat(10_000)),
            failed("States.Runtime The execution reached the maximum number of history events (25000)."),
        ),
        case(
            "branches that double the data",
            machine(
                r#""A":{"Type":"Parallel","Branches":[{"StartAt":"L","States":{"L":{"Type":"Pass","End":true}}},{"StartAt":"R","States":{"R":{"Type":"Pass","End":true}}}],"Next":"B"},"B":{"Type":"Choice","Choices":[{"Variable":"$","IsNull":true,"Next":"C"}],"Default":"A"},"C":{"Type":"Succeed"}"#,
            ),
            "[0]".to_owned(),
            failed("States.DataLimitExceeded"),
        ),
        case(
            "more items than events",
            machine(
                r#""A":{"Type":"Map","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"End":true}"#,
            ),
            numbers(10_000),
            failed("States.Runtime The execution reached the maximum number of history events (25000)."),
        ),
        case(
            "items that fail and are caught",
            machine(
                r#""A":{"Type":"Map","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Parallel","Branches":[{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E"}}}],"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"J"}],"End":true},"J":{"Type":"Succeed"}}},"End":true}"#,
            ),
            numbers(2_000),
            ("SUCCEEDED", "[0,1,2,"),
        ),
        case("a long chain", chain(8_000), "{}".to_owned(), ("SUCCEEDED", "{}")),
        case("deep blocks", blocks(25), "0".to_owned(), ("SUCCEEDED", "[[[[")),
    ]
}

fn machine(states: &str) -> String {
    format!(r#"{{"StartAt":"A","States":{{{states}}}}}"#)
}

/// Parallel states in each other.
fn blocks(depth: usize) -> String {
    let open: String = (0..depth)
        .map(|level| {
            format!(
                r#"{{"StartAt":"s{level}","States":{{"s{level}":{{"Type":"Parallel","End":true,"Branches":["#
            )
        })
        .collect();
    format!(
        r#"{open}{{"StartAt":"P","States":{{"P":{{"Type":"Pass","End":true}}}}}}{}"#,
        "]}}}".repeat(depth)
    )
}

/// Not, in each other.
fn tests(depth: usize) -> String {
    let (open, close) = (r#"{"Not":"#.repeat(depth), "}".repeat(depth));
    machine(&format!(
        r#""A":{{"Type":"Choice","Choices":[{{"Next":"B","Not":{open}{{"Variable":"$.a","IsNull":true}}{close}}}],"Default":"B"}},"B":{{"Type":"Succeed"}}"#
    ))
}

/// States one after the other.
fn chain(count: usize) -> String {
    let states: String = (1..count)
        .map(|number| format!(r#""s{number}":{{"Type":"Pass","Next":"s{}"}},"#, number + 1))
        .collect();
    machine(&format!(r#""A":{{"Type":"Pass","Next":"s1"}},{states}"s{count}":{{"Type":"Succeed"}}"#))
}

fn unreached(count: usize) -> String {
    let states: String = (1..count).map(|number| format!(r#","s{number}":{{"Type":"Succeed"}}"#)).collect();
    machine(&format!(r#""A":{{"Type":"Succeed"}}{states}"#))
}

fn unknown_fields(count: usize) -> String {
    let fields: String = (0..count).map(|number| format!(r#","f{number}":0"#)).collect();
    machine(&format!(r#""A":{{"Type":"Succeed"{fields}}}"#))
}

/// The end of a machine that waits for timers alone, in virtual time.
fn on_the_core(definition: &Value, input: &str) -> (String, String) {
    let parsed = asl::parse(&definition.to_string(), asl::Options::default());
    let mut execution = Execution::new(parsed.definition.unwrap());
    let start = Start {
        arn: "arn:aws:states:us-east-1:000000000000:execution:m:run".into(),
        name: "run".into(),
        machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".into(),
        machine_name: "m".into(),
        revision: Arc::default(),
        version_arn: None,
        alias_arn: None,
        role_arn: ROLE.into(),
        trace_header: None,
        input: Payload::parse(input).unwrap(),
    };
    let mut timers = BTreeSet::new();
    let mut now = Timestamp::from_millis(1_790_000_000_000);
    let mut event = Event::Started(Box::new(start));
    loop {
        let (activity_exists, token) = (&|_: &str| false, &|_, _| String::new());
        let step =
            execution.step(&Env { now, seed: 7, machine_deleted: false, activity_exists, token }, event);
        if let Some(outcome) = execution.outcome() {
            let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or_default().to_owned();
            return match outcome {
                Outcome::Succeeded(output) => ("SUCCEEDED".to_owned(), output.text().to_owned()),
                Outcome::Failed(Fault { error, cause, .. }) => {
                    ("FAILED".to_owned(), format!("{} {}", text(error), text(cause)))
                }
                Outcome::Aborted(_) | Outcome::TimedOut => ("TIMED_OUT".to_owned(), String::new()),
            };
        }
        timers.extend(step.asked.iter().filter_map(|command| match command {
            Command::Timer(timer) => Some(*timer),
            Command::Activity(_) | Command::Call(_) => None,
        }));
        let Timer { due, frame, purpose } = timers.pop_first().expect("it waits for ever");
        now = now.max(due);
        event = Event::TimerFired { frame, purpose, due };
    }
}

/// The status, and the output or error and cause.
fn told(end: &Value) -> (String, String) {
    let member = |name: &str| end[name].as_str().unwrap_or_default().to_owned();
    let text = match end["output"].as_str() {
        Some(output) => output.to_owned(),
        None => format!("{} {}", member("error"), member("cause")),
    };
    (member("status"), text)
}

/// The server is alive, answers, and never held more than it may.
fn goes_on(server: &Server) {
    let mut api = Api::new(server.address());
    let machine =
        api.create_machine("after", &json!({ "StartAt": "A", "States": { "A": { "Type": "Succeed" } } }));
    let execution = api.start(&machine, "after", "7");
    assert_eq!(api.end_of(&execution)["output"], "7");
    let Ok(status) = fs::read_to_string(format!("/proc/{}/status", server.pid())) else { return };
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel tells");
    let kibibytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(kibibytes / 1024 <= MOST_MEMORY, "{peak} resident at most");
}

fn none(faults: Vec<Option<String>>) {
    let faults: Vec<String> = faults.into_iter().flatten().collect();
    assert!(faults.is_empty(), "{} cases\n{}", faults.len(), faults.join("\n"));
}
