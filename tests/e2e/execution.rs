//! Starting, listing and reading executions: idempotency under a race, and pages.

use gradus_tests::api::{Api, Failure, text};
use gradus_tests::server::Server;
use gradus_tests::{in_parallel, tick};
use serde_json::{Value, json};

use crate::GRADUS;

fn waiting() -> Value {
    json!({ "StartAt": "A", "States": { "A": { "Type": "Wait", "Seconds": 3600, "End": true } } })
}

fn passing() -> Value {
    json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } })
}

#[test]
fn starts_that_race_for_a_name_are_one_execution() {
    let server = Server::in_memory(GRADUS);
    let mut api = Api::new(server.address());
    let machine = api.create_machine("m", &waiting());
    let input = json!({ "stateMachineArn": machine, "name": "e", "input": "{}" });
    let answers = in_parallel(8, &[(); 32], |()| Api::new(server.address()).must("StartExecution", &input));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(api.all("ListExecutions", json!({ "stateMachineArn": machine }), "executions").len(), 1);
    assert_eq!(api.history(&text(&answers[0], "executionArn")).len(), 2);
}

#[test]
fn starts_that_differ_and_race_for_a_name_have_one_winner() {
    let server = Server::in_memory(GRADUS);
    let mut api = Api::new(server.address());
    let machine = api.create_machine("m", &waiting());
    let inputs: Vec<String> = (0..16).map(|number| format!("{{\"n\":{number}}}")).collect();
    let won = in_parallel(8, &inputs, |input| {
        let start = json!({ "stateMachineArn": machine, "name": "e", "input": input });
        match Api::new(server.address()).call("StartExecution", &start) {
            Ok(_) => true,
            Err(Failure::Refused(refusal)) if refusal.name == "ExecutionAlreadyExists" => false,
            Err(other) => panic!("{other}"),
        }
    });
    let winners: Vec<&String> =
        inputs.iter().zip(&won).filter_map(|(input, won)| won.then_some(input)).collect();
    assert_eq!(winners.len(), 1);
    let described = api.describe("arn:aws:states:us-east-1:000000000000:execution:m:e");
    assert_eq!(described["input"], json!(winners[0]));
}

/// A list, and what it lists: enough items that pages of every size below end in different places.
struct Listing {
    operation: &'static str,
    input: Value,
    member: &'static str,
    /// Identifies an item.
    key: &'static str,
    expected: Vec<String>,
}

fn listings(api: &mut Api) -> Vec<Listing> {
    let names: Vec<String> = (0..7).map(|number| format!("n{number}")).collect();
    let activities = names.iter().map(|name| api.create_activity(name)).collect();
    let machines: Vec<String> = names.iter().map(|name| api.create_machine(name, &passing())).collect();
    let first = machines[0].clone();
    let mut executions: Vec<String> = Vec::new();
    for name in &names {
        let execution = api.start(&first, name, "{}");
        api.end_of(&execution);
        executions.push(execution);
        tick();
    }
    let history = executions[0].clone();
    // The most recent first.
    executions.reverse();
    let listing =
        |operation, input, member, key, expected| Listing { operation, input, member, key, expected };
    vec![
        listing("ListActivities", json!({}), "activities", "activityArn", activities),
        listing("ListStateMachines", json!({}), "stateMachines", "stateMachineArn", machines),
        listing(
            "ListExecutions",
            json!({ "stateMachineArn": first }),
            "executions",
            "executionArn",
            executions.clone(),
        ),
        listing(
            "ListExecutions",
            json!({ "stateMachineArn": first, "statusFilter": "SUCCEEDED" }),
            "executions",
            "executionArn",
            executions,
        ),
        listing("GetExecutionHistory", json!({ "executionArn": history }), "events", "id", ids(1..=4)),
        listing(
            "GetExecutionHistory",
            json!({ "executionArn": history, "reverseOrder": true }),
            "events",
            "id",
            ids((1..=4).rev()),
        ),
    ]
}

fn ids(ids: impl Iterator<Item = u64>) -> Vec<String> {
    ids.map(|id| id.to_string()).collect()
}

#[test]
fn pages_of_every_size_give_every_item_once_and_in_order() {
    let server = Server::in_memory(GRADUS);
    let mut api = Api::new(server.address());
    for Listing { operation, input, member, key, expected } in listings(&mut api) {
        for size in 0..=8 {
            let mut input = input.clone();
            input["maxResults"] = json!(size);
            let pages = pages(&mut api, operation, input.clone(), member);
            assert!(size == 0 || pages.iter().all(|page| page.len() <= size), "{operation} {input}");
            let found: Vec<String> = pages.iter().flatten().map(|item| shown(&item[key])).collect();
            assert_eq!(found, expected, "{operation} {input}");
        }
    }
}

#[test]
fn a_token_belongs_to_its_list() {
    let server = Server::in_memory(GRADUS);
    let mut api = Api::new(server.address());
    let listings = listings(&mut api);
    let tokens: Vec<Value> = listings
        .iter()
        .map(|listing| {
            let mut input = listing.input.clone();
            input["maxResults"] = json!(2);
            api.must(listing.operation, &input)["nextToken"].take()
        })
        .collect();
    for (token, owner) in tokens.iter().zip(0..) {
        for (listing, number) in listings.iter().zip(0..) {
            let mut input = listing.input.clone();
            input["maxResults"] = json!(2);
            input["nextToken"] = token.clone();
            if number == owner {
                api.must(listing.operation, &input);
                continue;
            }
            let refusal = api.refused(listing.operation, &input);
            assert_eq!(
                (refusal.name.as_str(), refusal.message.as_str()),
                ("InvalidToken", "Invalid Token: 'Invalid token'"),
                "{} {input}",
                listing.operation
            );
        }
    }
}

fn pages(api: &mut Api, operation: &str, mut input: Value, member: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    loop {
        let mut page = api.must(operation, &input);
        pages.push(page[member].as_array().unwrap().clone());
        match page["nextToken"].take() {
            Value::Null => return pages,
            token => input["nextToken"] = token,
        }
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
