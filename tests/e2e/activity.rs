//! Activities with the generated client: long polls, several workers, heartbeats, tokens.

use std::time::{Duration, Instant};

use gradus_api::client::Client;
use gradus_api::errors::SendTaskSuccessError;
use gradus_api::shapes::GetActivityTaskOutput;
use gradus_tests::api::{self, Api, ROLE};
use gradus_tests::http::Connection;
use gradus_tests::server::Server;
use serde_json::json;

use crate::GRADUS;

const DEFINITION: &str =
    r#"{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"ACTIVITY","HeartbeatSeconds":1,"End":true}}}"#;

/// A server with a machine of one task, and a client of it.
struct World {
    server: Server,
    client: Client,
    activity: String,
    machine: String,
}

impl World {
    async fn new() -> World {
        let server = Server::in_memory(GRADUS);
        let client = Client::new(&server.endpoint()).unwrap();
        let activity = client.create_activity().name("work").send().await.unwrap().activity_arn;
        let definition = DEFINITION.replace("ACTIVITY", &activity);
        let machine =
            client.create_state_machine().name("m").role_arn(ROLE).definition(definition).send().await;
        World { server, client, activity, machine: machine.unwrap().state_machine_arn }
    }

    async fn start(&self, name: &str) -> String {
        let start = self.client.start_execution().state_machine_arn(&self.machine).name(name);
        start.input(format!("{{\"name\":\"{name}\"}}")).send().await.unwrap().execution_arn
    }

    /// Polls as a worker of this name until there is a task.
    async fn take(&self, worker: &str) -> (String, String) {
        loop {
            let poll = self.client.get_activity_task().activity_arn(&self.activity).worker_name(worker);
            let GetActivityTaskOutput { task_token, input } = poll.send().await.unwrap();
            if let (Some(token), Some(input)) = (task_token, input) {
                return (token, input);
            }
        }
    }

    async fn succeed(&self, token: &str, output: &str) -> Result<(), SendTaskSuccessError> {
        let sent = self.client.send_task_success().task_token(token).output(output).send().await;
        sent.map(drop).map_err(|error| match error {
            gradus_api::client::Error::Service(error) => error,
            other => panic!("{other}"),
        })
    }

    fn api(&self) -> Api {
        Api::new(self.server.address())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_task_goes_to_one_of_the_workers_that_wait() {
    let world = World::new().await;
    // Both polls are under way before there is anything to do.
    let (one, two, ()) = tokio::join!(world.take("one"), world.take("two"), async {
        world.start("a").await;
        world.start("b").await;
    });
    let mut inputs = [one.1.as_str(), two.1.as_str()];
    inputs.sort_unstable();
    assert_eq!(inputs, [r#"{"name":"a"}"#, r#"{"name":"b"}"#]);
    assert_ne!(one.0, two.0);
    for (worker, (token, input)) in [("one", one), ("two", two)] {
        world.succeed(&token, &format!("\"{worker}\"")).await.unwrap();
        let name = input.split('"').nth(3).unwrap();
        let execution = format!("arn:aws:states:us-east-1:000000000000:execution:m:{name}");
        assert_eq!(world.api().end_of(&execution)["output"], json!(format!("\"{worker}\"")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_are_handed_out_in_the_order_of_their_schedule() {
    let world = World::new().await;
    for number in 0..20 {
        world.start(&format!("n{number}")).await;
        gradus_tests::tick();
    }
    for number in 0..20 {
        let (token, input) = world.take("w").await;
        assert_eq!(input, format!("{{\"name\":\"n{number}\"}}"));
        world.succeed(&token, "{}").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_good_for_one_answer() {
    let world = World::new().await;
    let execution = world.start("a").await;
    let (token, _) = world.take("w").await;
    let (one, two) = tokio::join!(world.succeed(&token, "1"), world.succeed(&token, "2"));
    let expected = if one.is_ok() { "1" } else { "2" };
    let loser = if one.is_ok() { two } else { one };
    assert!(matches!(loser, Err(SendTaskSuccessError::TaskTimedOut(_))), "{loser:?}");
    assert_eq!(world.api().end_of(&execution)["output"], json!(expected));
    let late = world.api().refused("SendTaskHeartbeat", &json!({ "taskToken": token }));
    assert_eq!(
        (late.name.as_str(), late.message.as_str()),
        ("TaskTimedOut", format!("Task Timed Out: '{}'", world.activity).as_str())
    );
    // A token is signed: one that was changed anywhere is none.
    for at in [0, token.len() / 2, token.len() - 1] {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let forged = world.succeed(&String::from_utf8(bytes).unwrap(), "{}").await;
        assert!(matches!(forged, Err(SendTaskSuccessError::InvalidToken(_))), "{at}: {forged:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heartbeats_keep_a_task_alive() {
    let world = World::new().await;
    let execution = world.start("a").await;
    let (token, _) = world.take("w").await;
    let mut api = world.api();
    let began = Instant::now();
    // Twice as long as the worker may be silent.
    gradus_tests::eventually("two seconds of heartbeats", || {
        api.must("SendTaskHeartbeat", &json!({ "taskToken": token }));
        (began.elapsed() > Duration::from_secs(2)).then_some(())
    });
    world.succeed(&token, "{}").await.unwrap();
    assert_eq!(api.end_of(&execution)["status"], "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_left_gets_no_task() {
    let world = World::new().await;
    for _ in 0..3 {
        let mut gone = Connection::open(world.server.address()).unwrap();
        gone.send(&api::request("GetActivityTask", &json!({ "activityArn": world.activity }).to_string()))
            .unwrap();
        // Time for the server to take the poll up. Should it not have, the outcome is the same.
        world.client.list_activities().send().await.unwrap();
    }
    let execution = world.start("a").await;
    let (token, _) = world.take("w").await;
    world.succeed(&token, "{}").await.unwrap();
    assert_eq!(world.api().end_of(&execution)["status"], "SUCCEEDED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_after_a_stop_is_late() {
    let world = World::new().await;
    let execution = world.start("a").await;
    let (token, _) = world.take("w").await;
    let mut api = world.api();
    let stopped = api.must("StopExecution", &json!({ "executionArn": execution, "cause": "enough" }));
    assert!(matches!(world.succeed(&token, "{}").await, Err(SendTaskSuccessError::TaskTimedOut(_))));
    let described = api.describe(&execution);
    assert_eq!(described["status"], "ABORTED");
    assert_eq!(described["cause"], "enough");
    assert_eq!(described["stopDate"], stopped["stopDate"]);
    assert_eq!(described.get("error"), None);
    // A second stop changes nothing.
    assert_eq!(api.must("StopExecution", &json!({ "executionArn": execution, "cause": "more" })), stopped);
    assert_eq!(api.describe(&execution), described);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_worker_answers_must_be_json_and_not_too_long() {
    let world = World::new().await;
    let execution = world.start("a").await;
    let (token, _) = world.take("w").await;
    for output in ["", "not json", "{", "{} {}"] {
        let refused = world.succeed(&token, output).await;
        assert!(matches!(refused, Err(SendTaskSuccessError::InvalidOutput(_))), "{output}: {refused:?}");
    }
    let sized = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let refused = world.succeed(&token, &sized(262_145)).await;
    assert!(matches!(refused, Err(SendTaskSuccessError::ValidationException(_))), "{refused:?}");
    world.succeed(&token, &sized(262_144)).await.unwrap();
    assert_eq!(world.api().end_of(&execution)["output"], json!(sized(262_144)));
}
