//! The sweep: each member of each operation's input, at, under and over each of its constraints, with values of the
//! wrong type, `null`, and members that nobody knows. What to send and what to expect is read from the model, here
//! and not from the generated code, so the two check each other.
//!
//! No answer may be other than a success with an output as the model has it, an error of the operation's list, or what the front end says of the input.

use std::fmt;

use gradus_tests::api::{self, ROLE};
use gradus_tests::http::Connection;
use gradus_tests::server::Server;
use serde_json::{Value, json};

use crate::GRADUS;
use crate::model::{Model, Operation, Place, Step, bound, pattern};

const CORAL: &str = "com.amazon.coral.validate#ValidationException";
const UNREADABLE: &str = "com.amazon.coral.service#SerializationException";
/// What only a request larger than any may be could hold.
const TOO_LARGE: usize = 1_048_000;

#[test]
fn sweep() {
    let model = Model::read();
    let server = Server::in_memory(GRADUS);
    let mut api = api::Api::new(server.address());
    let (mut probes, mut differences) = (0, Vec::new());
    for operation in model.operations() {
        // Of its own for each operation, because some change or delete it.
        let world = World::make(&mut api, &operation.name);
        let mut connection = Connection::open(server.address()).unwrap();
        let base = model.structure(&operation.input, &world.of(&operation.name));
        for probe in probes_of(&model, &operation, &base) {
            probes += 1;
            let answer = connection.exchange(&api::request(&operation.name, &probe.body)).unwrap();
            let found = Found { status: answer.status(), body: answer.text() };
            if let Err(why) = probe.expected.check(&model, &operation, &found) {
                let body = gradus_tests::text::shorten(&probe.body);
                let found = gradus_tests::text::shorten(&found.body);
                differences.push(format!(
                    "{} {body}\n  {why}\n  found {} {found}",
                    operation.name,
                    answer.status()
                ));
            }
            if answer.status() == 413 {
                connection = Connection::open(server.address()).unwrap();
            }
        }
    }
    assert!(differences.is_empty(), "{} of {probes}\n{}", differences.len(), differences.join("\n"));
    assert!(probes > 2000, "only {probes} probes: has the model been read?");
}

/// What is there to be named, and good values for members by their names.
struct World {
    machine: String,
    express: String,
    version: String,
    alias: String,
    activity: String,
    execution: String,
}

impl World {
    fn make(api: &mut api::Api, name: &str) -> World {
        let definition = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}});
        let machine = api.create_machine(name, &definition);
        let express = json!({
            "name": format!("{name}-x"), "type": "EXPRESS", "roleArn": ROLE, "definition": definition.to_string(),
        });
        let express = api::text(&api.must("CreateStateMachine", &express), "stateMachineArn");
        let version = api.must("PublishStateMachineVersion", &json!({ "stateMachineArn": machine }));
        let version = api::text(&version, "stateMachineVersionArn");
        let routes = json!([{ "stateMachineVersionArn": version, "weight": 100 }]);
        let alias = json!({ "name": "live", "routingConfiguration": routes });
        let alias = api::text(&api.must("CreateStateMachineAlias", &alias), "stateMachineAliasArn");
        let activity = api.create_activity(name);
        let execution = json!({ "stateMachineArn": machine });
        let execution = api::text(&api.must("StartExecution", &execution), "executionArn");
        World { machine, express, version, alias, activity, execution }
    }

    fn of(&self, operation: &str) -> impl Fn(&str) -> Option<Value> {
        let machine = if operation == "StartSyncExecution" { &self.express } else { &self.machine };
        let known = json!({
            "stateMachineArn": machine,
            "stateMachineVersionArn": self.version,
            "stateMachineAliasArn": self.alias,
            "executionArn": self.execution,
            // A poll of an activity that exists would wait for a task.
            "activityArn": if operation == "GetActivityTask" { format!("{}x", self.activity) } else { self.activity.clone() },
            "mapRunArn": "arn:aws:states:us-east-1:000000000000:mapRun:m/l:x",
            "resourceArn": self.machine,
            "roleArn": ROLE,
            "logGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:g:*",
            "weight": 100,
            "input": "{}",
            "output": "{}",
            "variables": "{}",
            "context": "{}",
            "definition": if operation == "TestState" {
                json!({"Type": "Pass", "End": true}).to_string()
            } else {
                json!({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}).to_string()
            },
        });
        move |member| known.get(member).cloned()
    }
}

/// A request, and what is to come back.
struct Probe {
    body: String,
    expected: Expected,
}

enum Expected {
    /// A success, or an error of the operation that the model knows.
    Understood,
    /// As above, or that the input cannot be read, or breaks some constraint.
    Answered,
    /// These constraints are broken, and no other.
    Violations(Vec<Violation>),
    /// The input cannot be read.
    Unreadable,
    /// The request is too large.
    TooLarge,
}

/// What is said of a broken constraint.
#[derive(Clone)]
struct Violation {
    /// The value as it is shown; `None` for one that is not shown, or whose form is not checked here.
    value: Option<String>,
    path: String,
    constraint: String,
    /// A text that no message may show.
    secret: Option<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { value, path, constraint, .. } = self;
        match value {
            Some(value) => write!(f, "Value {value} at '{path}' failed to satisfy constraint: {constraint}"),
            None => write!(f, " at '{path}' failed to satisfy constraint: {constraint}"),
        }
    }
}

struct Found {
    status: u16,
    body: String,
}

impl Expected {
    fn check(&self, model: &Model, operation: &Operation, found: &Found) -> Result<(), String> {
        let body: Value = serde_json::from_str(&found.body).map_err(|error| format!("no JSON: {error}"))?;
        let kind = body["__type"].as_str().unwrap_or_default();
        let message = body["message"].as_str().unwrap_or_default();
        let is_understood = match found.status {
            200 => {
                let differences = model.differences(&operation.output, &body);
                if !differences.is_empty() {
                    return Err(format!("the output differs from the model: {}", differences.join(", ")));
                }
                true
            }
            400 => model.has_error(operation, kind),
            _ => false,
        };
        match self {
            Expected::Understood if is_understood => Ok(()),
            Expected::Answered
                if is_understood || found.status == 400 && [CORAL, UNREADABLE].contains(&kind) =>
            {
                Ok(())
            }
            Expected::Unreadable if (found.status, kind) == (400, UNREADABLE) => Ok(()),
            Expected::TooLarge if found.status == 413 => Ok(()),
            Expected::Violations(expected) if (found.status, kind) == (400, CORAL) => said(expected, message),
            Expected::Understood => Err("should have been understood".to_owned()),
            Expected::Answered => Err("should have been answered".to_owned()),
            Expected::Unreadable => Err("should have been unreadable".to_owned()),
            Expected::TooLarge => Err("should have been too large".to_owned()),
            Expected::Violations(expected) => Err(format!("should have broken: {}", listed(expected))),
        }
    }
}

/// Whether a message says just this.
fn said(expected: &[Violation], message: &str) -> Result<(), String> {
    let plural = if expected.len() == 1 { "" } else { "s" };
    let head = format!("{} validation error{plural} detected: ", expected.len());
    let says = |violation: &Violation| message.contains(&violation.to_string());
    // Of several, another may have the same value and show it.
    let is_shown = |violation: &Violation| {
        expected.len() == 1 && violation.secret.as_ref().is_some_and(|secret| message.contains(secret))
    };
    if message.starts_with(&head) && expected.iter().all(says) && !expected.iter().any(is_shown) {
        return Ok(());
    }
    Err(format!("should have said: {head}{}", listed(expected)))
}

fn listed(violations: &[Violation]) -> String {
    let texts: Vec<_> = violations.iter().map(Violation::to_string).collect();
    gradus_tests::text::shorten(&texts.join("; "))
}

/// All probes of an operation: of each place by itself, then of all places with a fault at once.
fn probes_of(model: &Model, operation: &Operation, base: &Value) -> Vec<Probe> {
    let mut probes = Vec::new();
    let (mut all, mut broken) = (base.clone(), Vec::new());
    for place in model.places(operation) {
        let mut is_first = true;
        for (value, expected) in values_of(model, &place) {
            let mut input = base.clone();
            model.put(&mut input, &place, value.clone());
            if let (Expected::Violations(violations), true, true) =
                (&expected, place.steps.len() == 1, is_first)
            {
                is_first = false;
                model.put(&mut all, &place, value);
                broken.extend(violations.clone());
            }
            let body = input.to_string();
            let is_large = body.len() > TOO_LARGE;
            probes.push(Probe { body, expected: if is_large { Expected::TooLarge } else { expected } });
        }
    }
    let all = all.to_string();
    if broken.len() > 1 && broken.len() <= 10 && all.len() < TOO_LARGE {
        probes.push(Probe { body: all, expected: Expected::Violations(broken) });
    }
    // What is no input at all, and texts that no encoder of JSON would write.
    probes.extend(
        ["", "null", "1", "[]", "\"x\"", "{", "{\"a\"}", "\u{feff}{}"]
            .map(|body| Probe { body: body.to_owned(), expected: Expected::Unreadable }),
    );
    if let Some(member) = operation.first_text(model) {
        for text in [r#""\ud800""#, r#""\ud83d\ude42""#, r#""\u0000""#, "1e999", "-0", "1e5"] {
            let body = format!("{{\"{member}\":{text}}}");
            probes.push(Probe { body, expected: Expected::Answered });
        }
    }
    probes
}

/// Values for a place, and what is to be said of each.
fn values_of(model: &Model, place: &Place) -> Vec<(Value, Expected)> {
    let shape = model.shape(&place.shape);
    let mut values = vec![(Value::Null, null_at(place))];
    match shape["type"].as_str().unwrap() {
        "string" => values.extend(texts(model, place)),
        "enum" => values.extend(names(model, place)),
        "boolean" => values.extend([
            (json!(true), Expected::Understood),
            (json!(false), Expected::Understood),
            (json!("false"), Expected::Understood),
            (json!("maybe"), Expected::Unreadable),
            (json!(1), Expected::Unreadable),
            (json!([]), Expected::Unreadable),
            (json!({}), Expected::Unreadable),
        ]),
        "integer" | "long" | "float" => values.extend(numbers(model, place)),
        "list" => values.extend(lists(model, place)),
        "structure" => values.extend([
            (json!({ "noMemberOfThisName": [{}] }), Expected::Answered),
            (json!(1), Expected::Unreadable),
            (json!(true), Expected::Unreadable),
            (json!("x"), Expected::Unreadable),
            (json!([]), Expected::Unreadable),
        ]),
        other => panic!("{}: no values for the type {other}", place.shape),
    }
    values
}

fn null_at(place: &Place) -> Expected {
    match place.steps.last() {
        Some((Step::Element, _)) => Expected::Unreadable,
        _ if place.required => {
            let value = (!place.secret).then(|| "null".to_owned());
            Expected::Violations(vec![place.violation(value, "Member must not be null", None)])
        }
        _ => Expected::Understood,
    }
}

fn texts(model: &Model, place: &Place) -> Vec<(Value, Expected)> {
    let mut values: Vec<_> = [json!(1), json!(1.5), json!(true), json!([]), json!({})]
        .into_iter()
        .map(|value| (value, Expected::Unreadable))
        .collect();
    let broken = |text: String, constraint: &str| {
        let violation = if matches!(place.steps.last(), Some((Step::Element, _))) {
            // What is said of an element of a list is said of the list, with all rules.
            place.of_list(&model.rules(&place.shape))
        } else {
            let secret = place.secret && text.len() > 3;
            let value = (!place.secret).then(|| format!("'{text}'"));
            place.violation(value, constraint, secret.then(|| text.clone()))
        };
        (json!(text), Expected::Violations(vec![violation]))
    };
    let shape = model.shape(&place.shape);
    let is_large = model.counts_bytes(&place.shape);
    if let Some(most) = bound(shape, "length", "max") {
        let most = usize::try_from(most).unwrap();
        values.push((json!("a".repeat(most)), Expected::Understood));
        let constraint = model.most(&place.shape, most);
        values.push(broken("a".repeat(most + 1), &constraint));
        if is_large {
            values.push(broken("é".repeat(most / 2 + 1), &constraint));
        } else if pattern(shape).is_none() {
            values.push((json!("é".repeat(most)), Expected::Understood));
            // As Java counts them, these are two each.
            values.push(broken(format!("{}🙂", "a".repeat(most - 1)), &constraint));
        }
    }
    if let Some(least) = bound(shape, "length", "min").filter(|least| *least > 0) {
        assert_eq!(least, 1, "{}: a text that is too short is the empty one", place.shape);
        let mut empty = broken(String::new(), "Member must have length greater than or equal to 1");
        if pattern(shape).is_some() {
            // Two rules at once.
            empty.1 = Expected::Answered;
        }
        values.extend([empty, (json!("a"), Expected::Understood)]);
    } else {
        values.push((json!(""), Expected::Understood));
    }
    if let Some(pattern) = pattern(shape) {
        values.push(broken(
            "é".to_owned(),
            &format!("Member must satisfy regular expression pattern: {pattern}"),
        ));
    } else {
        values.extend(
            ["\u{0}", " \t\n", "\u{10ffff}", "\"\\", "{{}}"].map(|text| (json!(text), Expected::Understood)),
        );
    }
    values
}

fn names(model: &Model, place: &Place) -> Vec<(Value, Expected)> {
    let names = model.names(&place.shape);
    let mut values: Vec<_> = names.iter().map(|name| (json!(name), Expected::Understood)).collect();
    let constraint = format!("Member must satisfy enum value set: [{}]", names.join(", "));
    for other in ["NO_SUCH_NAME", "", &names[0].to_lowercase()] {
        let violation = place.violation(Some(format!("'{other}'")), &constraint, None);
        values.push((json!(other), Expected::Violations(vec![violation])));
    }
    values.extend([json!(1), json!(true), json!([]), json!({})].map(|value| (value, Expected::Unreadable)));
    values
}

fn numbers(model: &Model, place: &Place) -> Vec<(Value, Expected)> {
    let mut values: Vec<_> = [json!("x"), json!(""), json!(true), json!([]), json!({})]
        .into_iter()
        .map(|value| (value, Expected::Unreadable))
        .collect();
    let shape = model.shape(&place.shape);
    let is_whole = shape["type"] != "float";
    let shown = |number: i64| if is_whole { number.to_string() } else { format!("{number}.0") };
    let broken = |number: i64, constraint: String| {
        let value = (!place.secret).then(|| format!("'{}'", shown(number)));
        (json!(number), Expected::Violations(vec![place.violation(value, &constraint, None)]))
    };
    if let Some(least) = bound(shape, "range", "min") {
        let constraint = format!("Member must have value greater than or equal to {least}");
        values.extend([(json!(least), Expected::Understood), broken(least - 1, constraint)]);
    }
    if let Some(most) = bound(shape, "range", "max") {
        let constraint = format!("Member must have value less than or equal to {most}");
        values.extend([(json!(most), Expected::Understood), broken(most + 1, constraint)]);
    }
    let odd = [
        json!(0.5),
        json!(-0.0),
        json!(1e300),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(i64::MIN),
        json!("5"),
    ];
    values.extend(odd.map(|value| (value, Expected::Answered)));
    values
}

fn lists(model: &Model, place: &Place) -> Vec<(Value, Expected)> {
    let mut values: Vec<_> =
        [json!(1), json!("x"), json!({}), json!(true)].map(|value| (value, Expected::Unreadable)).into();
    let shape = model.shape(&place.shape);
    let element = shape["member"]["target"].as_str().unwrap();
    let many = |count: usize| Value::Array(vec![model.sample(element, &|_| None); count]);
    let broken = |count: usize, constraint: String| {
        (many(count), Expected::Violations(vec![place.violation(None, &constraint, None)]))
    };
    let (least, most) = (bound(shape, "length", "min"), bound(shape, "length", "max"));
    if let Some(least) = least {
        let constraint = format!("Member must have length greater than or equal to {least}");
        values.push(broken(usize::try_from(least).unwrap() - 1, constraint));
    } else {
        values.push((json!([]), Expected::Understood));
    }
    if let Some(most) = most {
        let constraint = format!("Member must have length less than or equal to {most}");
        values.push(broken(usize::try_from(most).unwrap() + 1, constraint));
    } else {
        values.extend([(many(51), Expected::Answered), (many(5000), Expected::Answered)]);
    }
    values
}

impl Place {
    fn violation(&self, value: Option<String>, constraint: &str, secret: Option<String>) -> Violation {
        Violation { value, path: self.path(), constraint: constraint.to_owned(), secret }
    }

    fn of_list(&self, rules: &[String]) -> Violation {
        let list =
            Place { steps: self.steps[..self.steps.len() - 1].to_vec(), shape: String::new(), ..*self };
        list.violation(None, &format!("Member must satisfy constraint: [{}]", rules.join(", ")), None)
    }
}
