//! The service over its own dispatch, on the memory store and a told clock.

mod activity;
mod alias;
mod execution;
mod express;
mod history;
mod map_run;
mod redrive;
mod state_machine;
mod tag;
mod test_state;
mod version;

use std::sync::Arc;
use std::time::Duration;

use gradus_api::http::{Fault, RequestContext};
use gradus_api::server;
use gradus_core::machine::Timestamp;
use gradus_core::machine::timestamp::Millis;
use serde_json::{Value, json};

use super::{Options, Service};
use crate::engine::{self, Clock, Engine};
use crate::store::memory::Memory;

/// When every test begins, in seconds.
const NOW: i64 = 1_700_000_000;
const ROLE: &str = "arn:aws:iam::000000000000:role/r";
const HERE: &str = "arn:aws:states:us-east-1:000000000000";

/// A service of its own for one test.
struct Bench {
    service: Service<Memory>,
    store: Arc<Memory>,
    clock: Clock,
    context: RequestContext,
}

/// What an operation answers: a body, or the name and message of an error.
type Answer = Result<Value, (String, String)>;

impl Bench {
    fn new() -> Bench {
        Bench::on(Arc::new(Memory::new()), Duration::ZERO)
    }

    /// A bench whose workers wait until a task comes.
    fn patient() -> Bench {
        Bench::on(Arc::new(Memory::new()), Duration::from_secs(600))
    }

    fn on(store: Arc<Memory>, poll_patience: Duration) -> Bench {
        let clock = Clock::told(Timestamp::from_millis(NOW * 1000));
        let options =
            engine::Options { workers: 1, clock: clock.clone(), seed: Some(1), ..engine::Options::default() };
        let engine = Engine::start(store.clone(), options).unwrap();
        let service = Service::new(engine, Options { poll_patience, ..Options::default() });
        Bench { service, store, clock, context: context("us-east-1", "000000000000") }
    }

    /// The same service for callers of another region or account.
    fn elsewhere(&self, region: &str, account: &str) -> Bench {
        Bench {
            service: self.service.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            context: context(region, account),
        }
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        let body = serde_json::to_vec(&input).unwrap();
        let answer = server::dispatch(&self.service, &self.context, operation, &body).await?;
        Ok(serde_json::from_slice(&answer).unwrap())
    }

    async fn answer(&self, operation: &str, input: Value) -> Answer {
        self.call(operation, input)
            .await
            .map_err(|fault| (fault.name().to_owned(), fault.message.unwrap_or_default()))
    }

    /// Calls an operation that must succeed.
    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    /// A conversation: each call has the answer beside it.
    async fn check(&self, cases: Vec<(&str, Value, Answer)>) {
        for (operation, input, expected) in cases {
            assert_eq!(self.answer(operation, input.clone()).await, expected, "{operation} {input}");
        }
    }

    /// Makes a state machine and gives its ARN.
    async fn machine(&self, name: &str, definition: Value) -> String {
        let made = self.ok("CreateStateMachine", new_machine(name, definition)).await;
        text(&made["stateMachineArn"])
    }

    /// Starts an execution and gives its ARN.
    async fn start(&self, machine: &str, name: &str, input: &str) -> String {
        let input = json!({"stateMachineArn": machine, "name": name, "input": input});
        text(&self.ok("StartExecution", input).await["executionArn"])
    }

    fn advance(&self, millis: i64) {
        let now = self.clock.now().saturating_add(Millis(millis.unsigned_abs()));
        self.clock.advance_to(now);
    }

    async fn stop(self) {
        self.service.engine().stop().await;
    }
}

fn context(region: &str, account: &str) -> RequestContext {
    RequestContext {
        request_id: "request".into(),
        region: region.into(),
        account: account.into(),
        caller: None,
        headers: Default::default(),
    }
}

fn error(name: &str, message: impl Into<String>) -> Answer {
    Err((name.to_owned(), message.into()))
}

fn invalid(message: &str) -> Answer {
    error("ValidationException", message)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// An object with some of its members set anew.
fn with(mut base: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

fn new_machine(name: &str, definition: Value) -> Value {
    json!({"name": name, "definition": definition.to_string(), "roleArn": ROLE})
}

fn one_state(state: Value) -> Value {
    json!({"StartAt": "S", "States": {"S": state}})
}

fn pass() -> Value {
    one_state(json!({"Type": "Pass", "End": true}))
}

fn wait() -> Value {
    one_state(json!({"Type": "Wait", "Seconds": 60, "End": true}))
}

#[tokio::test]
async fn an_engine_that_stops_or_fails_says_so() {
    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    let start = json!({"stateMachineArn": machine});
    bench.store.fail_next_sync();
    let fault = bench.call("StartExecution", start.clone()).await.unwrap_err();
    assert_eq!((fault.status, fault.kind.as_str()), (500, "com.amazon.coral.service#InternalFailure"));
    bench.stop().await;

    let bench = Bench::new();
    let machine = bench.machine("m", pass()).await;
    bench.service.engine().stop().await;
    let fault = bench.call("StartExecution", json!({"stateMachineArn": machine})).await.unwrap_err();
    assert_eq!((fault.status, fault.kind.as_str()), (503, "com.amazon.coral.service#ServiceUnavailable"));
}

/// Goes through all pages of a list, and checks how many items each has.
async fn check_pages(
    bench: &Bench,
    operation: &str,
    input: Value,
    items: &str,
    sizes: &[usize],
) -> Vec<Value> {
    let (mut input, mut found) = (input, Vec::new());
    for (index, size) in sizes.iter().enumerate() {
        let page = bench.ok(operation, input.clone()).await;
        let page_items = page[items].as_array().unwrap();
        assert_eq!(page_items.len(), *size, "page {index} of {input}");
        found.extend(page_items.clone());
        let is_last = index + 1 == sizes.len();
        assert_eq!(page.get("nextToken").is_none(), is_last, "page {index} of {input}");
        input["nextToken"] = page.get("nextToken").cloned().unwrap_or_default();
    }
    found
}

/// A token of one list is refused where any of these arguments differs.
async fn check_token_is_bound(bench: &Bench, operation: &str, input: Value, others: &[(&str, Value)]) {
    let first = bench.ok(operation, input.clone()).await;
    let mut next = input.clone();
    next["nextToken"] = first["nextToken"].clone();
    bench.ok(operation, next.clone()).await;
    next["maxResults"] = json!(2);
    bench.ok(operation, next.clone()).await;
    let refused = error("InvalidToken", "Invalid Token: 'Invalid token'");
    let mut forged = next.clone();
    forged["nextToken"] = json!("x");
    assert_eq!(bench.answer(operation, forged).await, refused);
    for (member, value) in others {
        let mut other = next.clone();
        other[*member] = value.clone();
        assert_eq!(bench.answer(operation, other.clone()).await, refused, "{other}");
    }
    bench.advance(24 * 60 * 60 * 1000);
    assert_eq!(bench.answer(operation, next).await, refused, "a day later");
}
