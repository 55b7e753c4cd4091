//! Calls of operations by name, with JSON in and out: the protocol as a script would speak it.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::http::{Answer, Connection};

/// A role that every machine of the tests has.
pub const ROLE: &str = "arn:aws:iam::000000000000:role/test";

/// A client with one connection, opened when needed.
#[derive(Debug)]
pub struct Api {
    address: SocketAddr,
    connection: Option<Connection>,
}

/// Why a call has no output.
#[derive(Debug)]
pub enum Failure {
    /// The service answered with an error.
    Refused(Refusal),
    /// No answer came: nobody knows whether the call was carried out.
    Broken(io::Error),
}

/// An error of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The error's name, without its namespace.
    pub name: String,
    /// Its message, if any.
    pub message: String,
}

impl Api {
    /// A client of the server at `address`.
    #[must_use]
    pub fn new(address: SocketAddr) -> Api {
        Api { address, connection: None }
    }

    /// Calls an operation, once.
    pub fn call(&mut self, operation: &str, input: &Value) -> Result<Value, Failure> {
        let answer = self.send(operation, &input.to_string()).map_err(Failure::Broken)?;
        if answer.status() == 200 {
            let output = serde_json::from_slice(&answer.body);
            return output
                .map_err(|error| Failure::Broken(io::Error::new(io::ErrorKind::InvalidData, error)));
        }
        Err(Failure::Refused(Refusal::from(&answer)))
    }

    /// The output of a call that must succeed.
    ///
    /// # Panics
    /// If it does not.
    pub fn must(&mut self, operation: &str, input: &Value) -> Value {
        self.call(operation, input).unwrap_or_else(|failure| panic!("{operation} {input}: {failure}"))
    }

    /// The error of a call that must be refused.
    ///
    /// # Panics
    /// If it is not.
    pub fn refused(&mut self, operation: &str, input: &Value) -> Refusal {
        match self.call(operation, input) {
            Err(Failure::Refused(refusal)) => refusal,
            other => panic!("{operation} {input}: should have been refused, not {other:?}"),
        }
    }

    /// Creates a state machine; gives its ARN.
    pub fn create_machine(&mut self, name: &str, definition: &Value) -> String {
        let input = json!({ "name": name, "roleArn": ROLE, "definition": definition.to_string() });
        text(&self.must("CreateStateMachine", &input), "stateMachineArn")
    }

    /// Creates an activity; gives its ARN.
    pub fn create_activity(&mut self, name: &str) -> String {
        text(&self.must("CreateActivity", &json!({ "name": name })), "activityArn")
    }

    /// Starts an execution; gives its ARN.
    pub fn start(&mut self, machine: &str, name: &str, input: &str) -> String {
        let input = json!({ "stateMachineArn": machine, "name": name, "input": input });
        text(&self.must("StartExecution", &input), "executionArn")
    }

    /// What DescribeExecution says.
    pub fn describe(&mut self, execution: &str) -> Value {
        self.must("DescribeExecution", &json!({ "executionArn": execution }))
    }

    /// What DescribeExecution says when the execution is over.
    pub fn end_of(&mut self, execution: &str) -> Value {
        crate::eventually(&format!("the end of {execution}"), || {
            Some(self.describe(execution)).filter(|described| described["status"] != "RUNNING")
        })
    }

    /// All events of an execution.
    pub fn history(&mut self, execution: &str) -> Vec<Value> {
        self.all("GetExecutionHistory", json!({ "executionArn": execution, "maxResults": 1000 }), "events")
    }

    /// The items of all pages.
    pub fn all(&mut self, operation: &str, mut input: Value, member: &str) -> Vec<Value> {
        let mut items = Vec::new();
        loop {
            let mut page = self.must(operation, &input);
            match page[member].take() {
                Value::Array(more) => items.extend(more),
                other => panic!("{operation}: `{member}` is {other}"),
            }
            match page["nextToken"].take() {
                Value::Null => return items,
                token => input["nextToken"] = token,
            }
        }
    }

    fn send(&mut self, operation: &str, body: &str) -> io::Result<Answer> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address)?,
        };
        let answer = connection.exchange(&request(operation, body))?;
        // A broken connection is not used again.
        self.connection = Some(connection);
        Ok(answer)
    }
}

/// The bytes of a call.
#[must_use]
pub fn request(operation: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.0\r\n\
         X-Amz-Target: AWSStepFunctions.{operation}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// A member that is text.
///
/// # Panics
/// If it is not.
#[must_use]
pub fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no `{member}` in {value}")).to_owned()
}

impl Refusal {
    fn from(answer: &Answer) -> Refusal {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let kind = member("__type");
        let name = kind.rsplit('#').next().unwrap_or_default().to_owned();
        Refusal { status: answer.status(), name, message: member("message") }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Refused(Refusal { status, name, message }) => write!(f, "{status} {name}: {message}"),
            Failure::Broken(error) => write!(f, "no answer: {error}"),
        }
    }
}
