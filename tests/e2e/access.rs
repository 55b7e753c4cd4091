//! Who may call: signatures, accounts and regions that never meet, the policy, and the files they come from.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::time::SystemTime;

use gradus_api::client::{self, Client};
use gradus_api::sigv4::{self, Credentials, Request};
use gradus_core::machine::Timestamp;
use gradus_core::machine::timestamp::to_iso;
use gradus_tests::eventually;
use gradus_tests::folder::Folder;
use gradus_tests::http::{Answer, Connection};
use gradus_tests::server::{Ended, Server};
use serde_json::{Value, json};

use crate::GRADUS;

const ALICE: &str = "arn:aws:iam::111111111111:user/alice";
const BOB: &str = "arn:aws:iam::222222222222:user/bob";
const ROLE: &str = "arn:aws:iam::000000000000:role/any";

/// Somebody with a key, set up for a region.
#[derive(Clone)]
struct Caller {
    address: SocketAddr,
    id: &'static str,
    secret: &'static str,
    token: Option<&'static str>,
    region: &'static str,
    /// How far the clock is ahead, in seconds.
    ahead: i64,
}

impl Caller {
    fn new(server: &Server, id: &'static str, region: &'static str) -> Caller {
        Caller { address: server.address(), id, secret: "secret", token: None, region, ahead: 0 }
    }

    /// The bytes of a signed call.
    fn request(&self, operation: &str, body: &str) -> Vec<u8> {
        let headers = [
            ("content-type", "application/x-amz-json-1.0".to_owned()),
            ("x-amz-target", format!("AWSStepFunctions.{operation}")),
        ];
        self.sign("states", &headers, body)
    }

    fn sign(&self, service: &str, headers: &[(&'static str, String)], body: &str) -> Vec<u8> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        let now = Timestamp::from_millis(i64::try_from(now).unwrap() + self.ahead * 1000);
        let time = to_iso(now).split('.').next().unwrap().replace(['-', ':'], "") + "Z";
        let credentials = Credentials {
            access_key_id: self.id.to_owned(),
            secret_access_key: self.secret.to_owned(),
            session_token: self.token.map(str::to_owned),
        };
        let request = Request {
            method: "POST",
            host: "gradus",
            path: "/",
            query: "",
            headers,
            body: body.as_bytes(),
            service,
            region: self.region,
            time: &time,
        };
        let added = sigv4::sign(&credentials, &request);
        let lines = headers.iter().chain(&added).map(|(name, value)| format!("{name}: {value}\r\n"));
        let length = body.len();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: gradus\r\ncontent-length: {length}\r\n{}\r\n",
            lines.collect::<String>()
        );
        [head.as_bytes(), body.as_bytes()].concat()
    }

    fn send(&self, operation: &str, input: &Value) -> Answer {
        exchange(self.address, &self.request(operation, &input.to_string()))
    }

    /// The output of a call that succeeds.
    fn must(&self, operation: &str, input: &Value) -> Value {
        let answer = self.send(operation, input);
        assert_eq!(answer.status(), 200, "{operation} {input}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// The name and the text of the error of a call that fails.
    fn refused(&self, operation: &str, input: &Value) -> (String, String) {
        let answer = self.send(operation, input);
        assert_eq!(answer.status(), 400, "{operation} {input}: {}", answer.text());
        fault(&answer)
    }

    fn text(&self, operation: &str, input: &Value, member: &str) -> String {
        self.must(operation, input)[member].as_str().unwrap().to_owned()
    }
}

fn exchange(address: SocketAddr, request: &[u8]) -> Answer {
    Connection::open(address).unwrap().exchange(request).unwrap()
}

fn fault(answer: &Answer) -> (String, String) {
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let name = body["__type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned();
    let message = body["message"].as_str().or(body["Message"].as_str()).unwrap_or_default().to_owned();
    (name, message)
}

fn key(id: &str, account: &str, principal: &str) -> Value {
    json!({ "accessKeyId": id, "secretAccessKey": "secret", "account": account, "principal": principal })
}

/// The keys of Alice and Bob, who have nothing in common.
fn keys() -> Value {
    let session = json!({
        "accessKeyId": "SESSION", "secretAccessKey": "secret", "account": "111111111111", "sessionToken": "token",
        "principal": "arn:aws:sts::111111111111:assumed-role/deploy/one", "expires": "2100-01-01T00:00:00Z"
    });
    json!({ "keys": [key("ALICE", "111111111111", ALICE), key("BOB", "222222222222", BOB), session] })
}

/// Writes a file that nobody else may read.
fn write(folder: &Folder, name: &str, content: &Value) -> String {
    let path = folder.join(name);
    fs::write(&path, content.to_string()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    path
}

fn server(folder: &Folder, policy: Option<Value>) -> Server {
    let keys = write(folder, "keys.json", &keys());
    let mut arguments = vec!["--memory".to_owned(), "--keys".to_owned(), keys];
    if let Some(policy) = policy {
        arguments.extend(["--policy".to_owned(), write(folder, "policy.json", &policy)]);
    }
    Server::start(GRADUS, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn definition(resource: &str, input: &Value) -> String {
    let state = json!({ "Type": "Task", "Resource": resource, "Parameters": input, "End": true });
    json!({ "StartAt": "A", "States": { "A": state } }).to_string()
}

#[test]
fn a_signature_opens_the_door() {
    let folder = Folder::new();
    let server = server(&folder, None);
    let alice = Caller::new(&server, "ALICE", "us-east-1");
    let empty = json!({});
    assert_eq!(alice.must("ListActivities", &empty), json!({ "activities": [] }));
    let session = Caller { id: "SESSION", token: Some("token"), ..alice.clone() };
    session.must("ListActivities", &empty);

    let invalid = "InvalidSignatureException";
    let unknown = "UnrecognizedClientException";
    for (caller, name, begins) in [
        (Caller { secret: "sesame", ..alice.clone() }, invalid, "The request signature we calculated"),
        (Caller { id: "MALLORY", ..alice.clone() }, unknown, "The security token included"),
        (Caller { token: Some("x"), ..session.clone() }, unknown, "The security token included"),
        (Caller { ahead: 1000, ..alice.clone() }, invalid, "Signature not yet current: "),
        (Caller { ahead: -1000, ..alice.clone() }, invalid, "Signature expired: "),
    ] {
        let answer = caller.send("ListActivities", &empty);
        let (found, message) = fault(&answer);
        assert_eq!((answer.status(), found.as_str()), (400, name), "{message}");
        assert!(message.starts_with(begins), "{message}");
        // Clients set their clocks by it.
        assert!(answer.header("date").is_some_and(|date| date.ends_with(" GMT")));
        assert!(answer.header("x-amzn-requestid").is_some());
    }
    let unsigned = gradus_tests::api::request("ListActivities", "{}");
    assert_eq!(fault(&exchange(server.address(), &unsigned)).0, "MissingAuthenticationTokenException");
    // A load balancer needs no key.
    assert_eq!(exchange(server.address(), b"GET /health HTTP/1.1\r\nhost: h\r\n\r\n").status(), 200);
}

#[tokio::test]
async fn the_generated_client_signs() {
    let folder = Folder::new();
    let server = server(&folder, None);
    let client = |credentials| {
        let builder = Client::builder().endpoint(format!("http://{}", server.address())).region("eu-west-1");
        builder.credentials(credentials).build().unwrap()
    };
    let alice = client(Credentials::new("ALICE", "secret"));
    let made = alice.create_activity().name("a").send().await.unwrap();
    assert_eq!(made.activity_arn, "arn:aws:states:eu-west-1:111111111111:activity:a");
    // The host that operations with a prefix have for other clients is not needed.
    let tested = alice.test_state().definition(r#"{"Type":"Succeed"}"#).input(r#"{"é":1}"#).send().await;
    assert_eq!(tested.unwrap().output.as_deref(), Some(r#"{"é":1}"#));
    let session = client(Credentials::new("SESSION", "secret").with_session_token("token"));
    assert_eq!(session.list_activities().send().await.unwrap().activities.len(), 1);

    for (credentials, expected) in [
        (Credentials::new("ALICE", "sesame"), "InvalidSignatureException"),
        (Credentials::new("MALLORY", "secret"), "UnrecognizedClientException"),
        (Credentials::new("SESSION", "secret"), "UnrecognizedClientException"),
    ] {
        let error = client(credentials).list_activities().send().await.unwrap_err();
        assert!(matches!(error, client::Error::Service(_)), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let unsigned = Client::new(&format!("http://{}", server.address())).unwrap();
    let error = unsigned.list_activities().send().await.unwrap_err().to_string();
    assert!(error.contains("MissingAuthenticationTokenException"), "{error}");
}

#[test]
fn a_body_in_pieces_is_signed_as_a_whole() {
    let folder = Folder::new();
    let server = server(&folder, None);
    let alice = Caller::new(&server, "ALICE", "us-east-1");
    let request = String::from_utf8(alice.request("CreateActivity", r#"{"name":"a"}"#)).unwrap();
    let chunked = |second: &str| {
        let request = request.replace("content-length: 12", "transfer-encoding: chunked");
        request.replace(r#"{"name":"a"}"#, &format!("6\r\n{{\"name\r\n6\r\n{second}\r\n0\r\n\r\n"))
    };
    let answer = exchange(server.address(), chunked(r#"":"a"}"#).as_bytes());
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let answer = exchange(server.address(), chunked(r#"":"b"}"#).as_bytes());
    assert_eq!(fault(&answer).0, "InvalidSignatureException");
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(1_048_576));
    assert_eq!(exchange(server.address(), &alice.request("CreateActivity", &large)).status(), 413);
}

/// What one caller makes: the same names everywhere.
struct Made {
    activity: String,
    machine: String,
    version: String,
    alias: String,
    execution: String,
    token: String,
}

fn make(caller: &Caller, secret: &str) -> Made {
    let activity = caller.text("CreateActivity", &json!({ "name": "a" }), "activityArn");
    let made = caller.must(
        "CreateStateMachine",
        &json!({ "name": "m", "roleArn": ROLE, "publish": true, "tags": [{ "key": "whose", "value": secret }],
                 "definition": definition(&activity, &json!({ "secret": secret })) }),
    );
    let member = |name: &str| made[name].as_str().unwrap().to_owned();
    let (machine, version) = (member("stateMachineArn"), member("stateMachineVersionArn"));
    let route = json!({ "stateMachineVersionArn": version, "weight": 100 });
    let route = json!({ "name": "live", "routingConfiguration": [route] });
    let alias = caller.text("CreateStateMachineAlias", &route, "stateMachineAliasArn");
    let start =
        json!({ "stateMachineArn": machine, "name": "e", "input": json!({ "s": secret }).to_string() });
    let execution = caller.text("StartExecution", &start, "executionArn");
    let token = caller.text("GetActivityTask", &json!({ "activityArn": activity }), "taskToken");
    Made { activity, machine, version, alias, execution, token }
}

#[test]
fn accounts_and_regions_never_meet() {
    let folder = Folder::new();
    let keys = write(&folder, "keys.json", &keys());
    let arguments = ["--data", &folder.join("data"), "--keys", &keys];
    let server = Server::start(GRADUS, &arguments);
    let callers = |server: &Server| {
        [("ALICE", "us-east-1"), ("ALICE", "eu-west-1"), ("BOB", "us-east-1")]
            .map(|(id, region)| Caller::new(server, id, region))
    };
    let secrets = ["alpha-one", "alpha-two", "beta-one"];
    let made: Vec<Made> =
        callers(&server).iter().zip(secrets).map(|(caller, secret)| make(caller, secret)).collect();
    for (at, caller) in callers(&server).iter().enumerate() {
        for (other, made) in made.iter().enumerate().filter(|(other, _)| *other != at) {
            trespass(caller, made, secrets[other]);
        }
    }
    server.kill();
    // All of it is still there, also after everybody else has tried to delete it.
    let server = Server::start(GRADUS, &arguments);
    for ((caller, made), secret) in callers(&server).iter().zip(&made).zip(secrets) {
        let list = |operation: &str, input: Value, member: &str, arn: &str| {
            let items = caller.must(operation, &input)[member].take();
            let items = items.as_array().unwrap();
            assert_eq!(items.len(), 1, "{operation}: {items:?}");
            assert!(
                items[0].as_object().unwrap().values().any(|value| value == arn),
                "{operation}: {items:?}"
            );
        };
        list("ListActivities", json!({}), "activities", &made.activity);
        list("ListStateMachines", json!({}), "stateMachines", &made.machine);
        let machine = json!({ "stateMachineArn": made.machine });
        list("ListStateMachineVersions", machine.clone(), "stateMachineVersions", &made.version);
        list("ListStateMachineAliases", machine.clone(), "stateMachineAliases", &made.alias);
        list("ListExecutions", machine, "executions", &made.execution);
        let tags = caller.must("ListTagsForResource", &json!({ "resourceArn": made.machine }));
        assert_eq!(tags, json!({ "tags": [{ "key": "whose", "value": secret }] }));
        let output = json!({ "taskToken": made.token, "output": "{}" });
        caller.must("SendTaskSuccess", &output);
        let execution = json!({ "executionArn": made.execution });
        eventually("the end", || {
            Some(caller.must("DescribeExecution", &execution)).filter(|it| it["status"] == "SUCCEEDED")
        });
    }
}

/// Tries everything on what belongs to somebody else.
fn trespass(caller: &Caller, made: &Made, secret: &str) {
    for (operation, input, expected) in everything(made) {
        let answer = caller.send(operation, &input);
        let found = (answer.status() != 200).then(|| fault(&answer).0);
        assert_eq!(found.as_deref(), expected, "{operation} {input}: {}", answer.text());
        assert!(!answer.text().contains(secret), "{operation}: {}", answer.text());
    }
}

/// Every operation that is about something, and what it says where there is no such thing.
fn everything(made: &Made) -> Vec<(&'static str, Value, Option<&'static str>)> {
    let Made { activity, machine, version, alias, execution, token } = made;
    let map_run = execution.replace(":execution:m:", ":mapRun:m/l:");
    let route = json!([{ "stateMachineVersionArn": version, "weight": 100 }]);
    let (no_activity, no_machine) = (Some("ActivityDoesNotExist"), Some("StateMachineDoesNotExist"));
    let (no_execution, nothing) = (Some("ExecutionDoesNotExist"), Some("ResourceNotFound"));
    let invalid = Some("InvalidToken");
    vec![
        ("DeleteActivity", json!({ "activityArn": activity }), None),
        ("DescribeActivity", json!({ "activityArn": activity }), no_activity),
        ("GetActivityTask", json!({ "activityArn": activity }), no_activity),
        ("DeleteStateMachine", json!({ "stateMachineArn": machine }), None),
        ("DescribeStateMachine", json!({ "stateMachineArn": machine }), no_machine),
        ("DescribeStateMachine", json!({ "stateMachineArn": version }), no_machine),
        ("DescribeStateMachine", json!({ "stateMachineArn": alias }), no_machine),
        ("UpdateStateMachine", json!({ "stateMachineArn": machine, "roleArn": ROLE }), no_machine),
        ("PublishStateMachineVersion", json!({ "stateMachineArn": machine }), no_machine),
        ("DeleteStateMachineVersion", json!({ "stateMachineVersionArn": version }), None),
        ("ListStateMachineVersions", json!({ "stateMachineArn": machine }), None),
        ("CreateStateMachineAlias", json!({ "name": "mine", "routingConfiguration": route }), nothing),
        ("UpdateStateMachineAlias", json!({ "stateMachineAliasArn": alias, "description": "mine" }), nothing),
        ("DescribeStateMachineAlias", json!({ "stateMachineAliasArn": alias }), nothing),
        ("DeleteStateMachineAlias", json!({ "stateMachineAliasArn": alias }), None),
        ("ListStateMachineAliases", json!({ "stateMachineArn": machine }), no_machine),
        ("StartExecution", json!({ "stateMachineArn": machine }), no_machine),
        ("StartExecution", json!({ "stateMachineArn": alias }), no_machine),
        ("StartSyncExecution", json!({ "stateMachineArn": machine }), no_machine),
        ("StopExecution", json!({ "executionArn": execution }), no_execution),
        ("RedriveExecution", json!({ "executionArn": execution }), no_execution),
        ("ListExecutions", json!({ "stateMachineArn": machine }), no_machine),
        ("DescribeExecution", json!({ "executionArn": execution }), no_execution),
        ("DescribeStateMachineForExecution", json!({ "executionArn": execution }), no_execution),
        ("GetExecutionHistory", json!({ "executionArn": execution }), no_execution),
        ("ListMapRuns", json!({ "executionArn": execution }), no_execution),
        ("DescribeMapRun", json!({ "mapRunArn": map_run }), nothing),
        ("UpdateMapRun", json!({ "mapRunArn": map_run, "maxConcurrency": 1 }), nothing),
        ("ListTagsForResource", json!({ "resourceArn": machine }), nothing),
        ("TagResource", json!({ "resourceArn": machine, "tags": [{ "key": "k" }] }), nothing),
        ("UntagResource", json!({ "resourceArn": machine, "tagKeys": ["whose"] }), nothing),
        ("SendTaskSuccess", json!({ "taskToken": token, "output": "{}" }), invalid),
        ("SendTaskFailure", json!({ "taskToken": token }), invalid),
        ("SendTaskHeartbeat", json!({ "taskToken": token }), invalid),
    ]
}

/// The operations that are about nothing that exists, with an input that is none too bad.
fn the_others() -> Vec<(&'static str, Value)> {
    vec![
        ("CreateActivity", json!({ "name": "a" })),
        ("CreateStateMachine", json!({ "name": "m", "roleArn": ROLE, "definition": "{}" })),
        ("ListActivities", json!({})),
        ("ListStateMachines", json!({})),
        ("TestState", json!({ "definition": "{}" })),
        ("ValidateStateMachineDefinition", json!({ "definition": "{}" })),
    ]
}

#[test]
fn an_empty_policy_allows_nothing() {
    let folder = Folder::new();
    let server = server(&folder, Some(json!({ "Version": "2012-10-17", "Statement": [] })));
    let alice = Caller::new(&server, "ALICE", "us-east-1");
    let [activity, machine, execution] = ["activity:a", "stateMachine:m", "execution:m:e"]
        .map(|name| format!("arn:aws:states:us-east-1:111111111111:{name}"));
    let (version, alias) = (format!("{machine}:1"), format!("{machine}:live"));
    let made = Made { activity, machine, version, alias, execution, token: "x".to_owned() };
    let calls = everything(&made).into_iter().map(|(operation, input, _)| (operation, input));
    let calls: Vec<_> = calls.chain(the_others()).collect();
    for operation in gradus_api::server::OPERATIONS {
        assert!(calls.iter().any(|(known, _)| known == operation), "nobody tries {operation}");
    }
    for (operation, input) in calls {
        let (name, message) = alice.refused(operation, &input);
        assert_eq!(name, "AccessDeniedException", "{operation}: {message}");
        assert!(
            message.contains(&format!(
                " states:{operation} on resource: arn:aws:states:us-east-1:111111111111:"
            )),
            "{message}"
        );
    }
}

#[test]
fn workflows_stay_in_their_account() {
    let folder = Folder::new();
    let server = server(&folder, None);
    let (alice, bob) = (Caller::new(&server, "ALICE", "us-east-1"), Caller::new(&server, "BOB", "us-east-1"));
    let activity = bob.text("CreateActivity", &json!({ "name": "a" }), "activityArn");
    let pass = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } }).to_string();
    let machine = json!({ "name": "m", "roleArn": ROLE, "definition": &pass });
    let machine = bob.text("CreateStateMachine", &machine, "stateMachineArn");
    let nested = "arn:aws:states:::states:startExecution";
    for (name, definition, error) in [
        ("work", definition(&activity, &json!({})), "States.Runtime"),
        (
            "nested",
            definition(nested, &json!({ "StateMachineArn": machine, "Input": "{}" })),
            "StepFunctions.StateMachineDoesNotExistException",
        ),
    ] {
        let own = json!({ "name": name, "roleArn": ROLE, "definition": definition });
        let own = alice.text("CreateStateMachine", &own, "stateMachineArn");
        let execution = alice.text("StartExecution", &json!({ "stateMachineArn": own }), "executionArn");
        let end = eventually("the end", || {
            let described = alice.must("DescribeExecution", &json!({ "executionArn": execution }));
            Some(described).filter(|described| described["status"] != "RUNNING")
        });
        assert_eq!((&end["status"], &end["error"]), (&json!("FAILED"), &json!(error)), "{end}");
    }
    let executions = bob.must("ListExecutions", &json!({ "stateMachineArn": machine }));
    assert_eq!(executions, json!({ "executions": [] }));

    let logged = |account: &str| {
        let group = json!({ "logGroupArn": format!("arn:aws:logs:us-east-1:{account}:log-group:g:*") });
        let logging = json!({ "level": "ALL", "destinations": [{ "cloudWatchLogsLogGroup": group }] });
        json!({ "name": "l", "roleArn": ROLE, "definition": pass, "loggingConfiguration": logging })
    };
    let (name, message) = alice.refused("CreateStateMachine", &logged("222222222222"));
    assert_eq!(name, "InvalidLoggingConfiguration", "{message}");
    assert!(message.ends_with("Log Destination not found."), "{message}");
    alice.must("CreateStateMachine", &logged("111111111111"));
}

#[test]
fn pages_are_of_one_account_and_region() {
    let folder = Folder::new();
    let server = server(&folder, None);
    let alice = Caller::new(&server, "ALICE", "us-east-1");
    for name in ["a", "b"] {
        alice.must("CreateActivity", &json!({ "name": name }));
    }
    let first = json!({ "maxResults": 1 });
    let token = alice.text("ListActivities", &first, "nextToken");
    let next = json!({ "maxResults": 1, "nextToken": token });
    for caller in [Caller::new(&server, "BOB", "us-east-1"), Caller { region: "eu-west-1", ..alice.clone() }]
    {
        assert_eq!(caller.refused("ListActivities", &next).0, "InvalidToken");
    }
    assert_eq!(alice.must("ListActivities", &next)["activities"][0]["name"], "b");
}

#[test]
fn the_policy_decides() {
    let folder = Folder::new();
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": "111111111111" }, "Action": "states:*", "Resource": "*" },
        { "Effect": "Deny", "Principal": { "AWS": ALICE }, "Action": "states:Delete*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "AWS": BOB }, "Action": ["states:Create*", "states:List*"],
          "Resource": ["arn:aws:states:*:222222222222:stateMachine:app-*", "arn:aws:states:*:*:activity:*"] },
    ] });
    let server = server(&folder, Some(policy));
    let (alice, bob) = (Caller::new(&server, "ALICE", "us-east-1"), Caller::new(&server, "BOB", "us-east-1"));
    let session = Caller { id: "SESSION", token: Some("token"), ..alice.clone() };

    let activity = alice.text("CreateActivity", &json!({ "name": "a" }), "activityArn");
    let delete = json!({ "activityArn": activity });
    assert_eq!(
        alice.refused("DeleteActivity", &delete),
        (
            "AccessDeniedException".to_owned(),
            format!(
                "User: {ALICE} is not authorized to perform: states:DeleteActivity on resource: {activity} with an \
                 explicit deny in an identity-based policy"
            )
        )
    );
    session.must("DeleteActivity", &delete);

    bob.must("CreateActivity", &json!({ "name": "a" }));
    bob.must("ListActivities", &json!({}));
    let machine = |name: &str, more: Value| {
        let pass = json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } }).to_string();
        let mut machine = json!({ "name": name, "roleArn": ROLE, "definition": pass });
        more.as_object().unwrap().iter().for_each(|(name, value)| machine[name] = value.clone());
        machine
    };
    let app = bob.text("CreateStateMachine", &machine("app-1", json!({})), "stateMachineArn");
    let here = "arn:aws:states:us-east-1:222222222222";
    for (operation, input, action, resource) in [
        (
            "CreateStateMachine",
            machine("other", json!({})),
            "CreateStateMachine",
            format!("{here}:stateMachine:other"),
        ),
        (
            "CreateStateMachine",
            machine("app-2", json!({ "publish": true })),
            "PublishStateMachineVersion",
            format!("{here}:stateMachine:app-2"),
        ),
        (
            "CreateStateMachine",
            machine("app-2", json!({ "tags": [{ "key": "k" }] })),
            "TagResource",
            format!("{here}:stateMachine:app-2"),
        ),
        ("DescribeStateMachine", json!({ "stateMachineArn": app }), "DescribeStateMachine", app.clone()),
        (
            "StartExecution",
            json!({ "stateMachineArn": format!("{app}:live") }),
            "StartExecution",
            app.clone(),
        ),
        ("ListStateMachines", json!({}), "ListStateMachines", format!("{here}:stateMachine:*")),
        (
            "SendTaskSuccess",
            json!({ "taskToken": "x", "output": "{}" }),
            "SendTaskSuccess",
            format!("{here}:stateMachine:*"),
        ),
        // Not a word of whether there is such a thing.
        ("DescribeActivity", json!({ "activityArn": activity }), "DescribeActivity", activity.clone()),
    ] {
        let answer = bob.send(operation, &input);
        assert_eq!(answer.status(), 400, "{operation} {input}: {}", answer.text());
        assert_eq!(
            answer.text(),
            format!(
                "{{\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"Message\":\"User: {BOB} is not \
                 authorized to perform: states:{action} on resource: {resource} because no identity-based policy \
                 allows the states:{action} action\"}}"
            )
        );
    }
    // Alice's machine decides who may answer its tasks.
    let activity = alice.text("CreateActivity", &json!({ "name": "b" }), "activityArn");
    let work = json!({ "name": "w", "roleArn": ROLE, "definition": definition(&activity, &json!({})) });
    let work = alice.text("CreateStateMachine", &work, "stateMachineArn");
    alice.must("StartExecution", &json!({ "stateMachineArn": work }));
    let token = alice.text("GetActivityTask", &json!({ "activityArn": activity }), "taskToken");
    alice.must("SendTaskSuccess", &json!({ "taskToken": token, "output": "1" }));
}

#[test]
fn the_caller_learns_who_he_is() {
    let folder = Folder::new();
    let server = server(&folder, Some(json!({ "Version": "2012-10-17", "Statement": [] })));
    let alice = Caller::new(&server, "ALICE", "us-east-1");
    let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
    let body = "Action=GetCallerIdentity&Version=2011-06-15";
    // Nobody needs to be allowed that.
    let answer = exchange(server.address(), &alice.sign("sts", &form, body));
    let expected =
        format!("<Arn>{ALICE}</Arn>\n    <UserId>ALICE</UserId>\n    <Account>111111111111</Account>");
    assert!(answer.status() == 200 && answer.text().contains(&expected), "{}", answer.text());
    let answer = exchange(server.address(), &alice.sign("states", &form, body));
    assert!(answer.status() == 403 && answer.text().contains("SignatureDoesNotMatch"), "{}", answer.text());
}

#[test]
fn keys_are_changed_while_it_runs() {
    let folder = Folder::new();
    let all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let server = server(&folder, Some(json!({ "Version": "2012-10-17", "Statement": all })));
    let old = Caller::new(&server, "ALICE", "us-east-1");
    let new = Caller { id: "NEW", ..old.clone() };
    let hang_up = || {
        assert!(Command::new("kill").args(["-HUP", &server.pid().to_string()]).status().unwrap().success())
    };
    let knows = |caller: &Caller| caller.send("ListActivities", &json!({})).status() == 200;
    assert!(knows(&old) && !knows(&new));
    // Both at once, then the new one alone.
    for (list, old_too) in [
        (json!([key("ALICE", "111111111111", ALICE), key("NEW", "111111111111", ALICE)]), true),
        (json!([key("NEW", "111111111111", ALICE)]), false),
    ] {
        write(&folder, "keys.json", &json!({ "keys": list }));
        hang_up();
        eventually("the keys", || Some(()).filter(|()| knows(&new) && knows(&old) == old_too));
    }
    // What cannot be read changes nothing, and is told; the policy is read after the keys.
    write(&folder, "keys.json", &json!({ "keys": [] }));
    write(&folder, "policy.json", &json!({ "Version": "2012-10-17", "Statement": [] }));
    hang_up();
    eventually("the policy", || {
        let answer = new.send("ListActivities", &json!({}));
        Some(()).filter(|()| answer.status() != 200 && fault(&answer).0 == "AccessDeniedException")
    });
    let ended = server.terminate();
    assert!(ended.stderr.contains("`keys` is empty"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
}

#[test]
fn files_that_cannot_be_obeyed_keep_it_from_starting() {
    let folder = Folder::new();
    let keys = write(&folder, "keys.json", &keys());
    let missing = folder.join("missing.json");
    fs::write(folder.join("text.json"), "{\"keys\": [\n  secret").unwrap();
    let text = folder.join("text.json");
    let bad =
        write(&folder, "bad.json", &json!({ "keys": [{ "accessKeyId": "A", "secretAccessKey": "secret" }] }));
    let condition = json!({ "Effect": "Allow", "Action": "states:*", "Resource": "*", "Condition": {} });
    let policy = write(&folder, "policy.json", &json!({ "Version": "2012-10-17", "Statement": [condition] }));
    for (arguments, expected) in [
        (vec!["--keys", &missing], format!("cannot read {missing}: ")),
        (vec!["--keys", &text], format!("{text}:2:3: this is not JSON")),
        (vec!["--keys", &bad], format!("{bad}: keys[0]: `account` is missing")),
        (
            vec!["--keys", &keys, "--policy", &policy],
            format!("{policy}: Statement[0]: `Condition` is not supported"),
        ),
    ] {
        let data = folder.join("data");
        let arguments = [&["--listen", "127.0.0.1:0", "--data", &data][..], &arguments].concat();
        match Server::try_start(GRADUS, &arguments) {
            Ok(_) => panic!("{arguments:?}: it serves"),
            Err(Ended { status, stderr }) => {
                assert_eq!(status.code(), Some(1), "{stderr}");
                assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
                assert!(stderr.contains(&expected) && !stderr.contains("secret\""), "{stderr}");
            }
        }
        assert!(!fs::exists(data).unwrap());
    }
}

#[cfg(unix)]
#[test]
fn keys_that_others_can_read_are_told_of() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let keys = write(&folder, "keys.json", &keys());
    for (mode, warned) in [(0o600, false), (0o640, true)] {
        fs::set_permissions(&keys, fs::Permissions::from_mode(mode)).unwrap();
        // With keys it may be reached from everywhere.
        let arguments = ["--listen", "0.0.0.0:0", "--memory", "--keys", &keys];
        let ended = Server::try_start(GRADUS, &arguments).unwrap().terminate();
        assert_eq!(ended.stderr.contains("chmod 600"), warned, "{}", ended.stderr);
    }
}
