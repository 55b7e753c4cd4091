//! A stand-in for Lambda, functions that are Rust closures, and for what else is called over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A call as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The function as the path names it, decoded.
    pub function: String,
    /// The operation, where the call is one of CloudWatch Logs.
    pub target: String,
    /// What is the same whenever the call is made again.
    pub key: String,
    /// The body.
    pub payload: String,
}

/// What Lambda says to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The function returned this text.
    Returned(String),
    /// The function ended with this error, which is JSON.
    Failed(String),
    /// The function was not run.
    Refused {
        /// HTTP status.
        status: u16,
        /// The error's name.
        code: String,
        /// Its message.
        message: String,
    },
}

/// What a function does.
type Function = dyn Fn(&Call) -> Answer + Send + Sync;

/// A running stand-in. It goes on until the process ends.
#[derive(Debug)]
pub struct Functions {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Functions {
    /// Answers every call with what `function` returns, or the error that it ends with.
    ///
    /// # Panics
    /// If no port can be had.
    pub fn start(function: impl Fn(&Call) -> Result<String, String> + Send + Sync + 'static) -> Functions {
        Functions::answering(move |call| function(call).map_or_else(Answer::Failed, Answer::Returned))
    }

    /// Answers every call with what `function` says, in the terms of Lambda.
    ///
    /// # Panics
    /// If no port can be had.
    pub fn answering(function: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Functions {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let calls = Arc::<Mutex<Vec<Call>>>::default();
        let (seen, function): (_, Arc<Function>) = (calls.clone(), Arc::new(function));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, function) = (seen.clone(), function.clone());
                // A connection that breaks is the caller's business.
                thread::spawn(move || drop(serve(stream, &seen, &*function)));
            }
        });
        Functions { address, calls }
    }

    /// Where it listens, as `AWS_ENDPOINT_URL_LAMBDA` takes it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All calls so far.
    ///
    /// # Panics
    /// If a function panicked.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no function panics").clone()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Vec<Call>>, function: &Function) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let (mut length, mut key, mut target) = (0, String::new(), String::new());
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or(0),
                "idempotency-key" => value.trim().clone_into(&mut key),
                "x-amz-target" => value.trim().clone_into(&mut target),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let function_name = path.split('/').nth(3).unwrap_or_default().replace("%3A", ":");
        let payload = String::from_utf8_lossy(&body).into_owned();
        let call = Call { function: function_name, target, key, payload };
        seen.lock().expect("no function panics").push(call.clone());
        const VERSION: &str = "X-Amz-Executed-Version: $LATEST\r\n";
        let (status, more, body) = match function(&call) {
            Answer::Returned(body) => (200, VERSION.to_owned(), body),
            Answer::Failed(body) => (200, format!("{VERSION}X-Amz-Function-Error: Unhandled\r\n"), body),
            Answer::Refused { status, code, message } => {
                let body = serde_json::json!({ "Message": message }).to_string();
                (status, format!("x-amzn-ErrorType: {code}\r\n"), body)
            }
        };
        write!(
            writer,
            "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nx-amzn-RequestId: r\r\n\
             {more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
    }
}
