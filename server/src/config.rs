//! The command line and the environment, as types.
//!
//! Everything that can be wrong with them is said before anything is opened or bound.

use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::access;

/// A self-hosted, durable workflow service that speaks the AWS Step Functions API.
#[derive(Debug, Parser)]
#[command(name = "gradus", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  gradus serve                                    serve on http://127.0.0.1:8083, data in ./gradus-data
  gradus run order.asl.json --input '{\"id\":7}'    run one state machine, print its output
  gradus validate *.asl.json                      say what is wrong with definitions, and where
  gradus eval '$sum(items.price)' --input @o.json evaluate a JSONata expression

`gradus help COMMAND` says more.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Serve),
    Run(Run),
    Validate(Validate),
    Eval(Eval),
}

/// Serve the API over HTTP and keep every execution on disk.
///
/// Executions that were running when the server ended, in whatever way, go on where they stood
/// when it starts again. SIGTERM or SIGINT end it in good order; a second signal ends it at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gradus serve
  gradus serve --listen 127.0.0.1:0 --memory      a free port, nothing kept: for tests
  gradus serve --listen 0.0.0.0:8083 --data /var/lib/gradus --keys /etc/gradus/keys.json

Clients:
  aws stepfunctions list-state-machines --endpoint-url http://127.0.0.1:8083 --region us-east-1
  AWS_ENDPOINT_URL_SFN=http://127.0.0.1:8083      for the SDKs and the aws CLI

Keys are a file of JSON; `principal`, `sessionToken`, `notBefore`, `expires` and `userId` may be left out:
  {\"keys\":[{\"accessKeyId\":\"AKID\",\"secretAccessKey\":\"...\",\"account\":\"123456789012\",
            \"principal\":\"arn:aws:iam::123456789012:user/ci\",\"expires\":\"2027-11-01T00:00:00Z\"}]}
A policy is a file in the form of IAM, for actions of states:* and their resources.

Task states call Lambda functions at AWS_ENDPOINT_URL_LAMBDA, else AWS_ENDPOINT_URL, else at AWS, signed with
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN) where these are set. Logs go to CloudWatch
Logs instead of files where AWS_ENDPOINT_URL_CLOUDWATCH_LOGS or AWS_ENDPOINT_URL says where that is.

The first line on standard output is `gradus listens on http://ADDRESS:PORT`.
Exit codes: 0 ended by a signal, 1 could not start, 2 wrong usage, 70 nothing more could be written.")]
pub(crate) struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "GRADUS_LISTEN",
        hide_env_values = true,
        default_value = "127.0.0.1:8083"
    )]
    pub(crate) listen: Listen,

    /// The folder that holds everything; made if absent [default: ./gradus-data] [env: GRADUS_DATA]
    #[arg(long, value_name = "FOLDER", conflicts_with = "memory")]
    data: Option<PathBuf>,

    /// Keep nothing: all is gone when the server ends.
    #[arg(long, env = "GRADUS_MEMORY", hide_env_values = true, value_parser = BoolishValueParser::new())]
    memory: bool,

    /// The folder for the logs of state machines that are configured to log, a file for each log group
    /// [default: `logs` in the data folder; nowhere with --memory]
    #[arg(long, value_name = "FOLDER", env = "GRADUS_LOGS", hide_env_values = true)]
    pub(crate) logs: Option<PathBuf>,

    /// The region in the ARNs of clients that name none.
    #[arg(long, env = "GRADUS_REGION", hide_env_values = true)]
    #[arg(default_value = "us-east-1", value_parser = region)]
    pub(crate) region: String,

    /// The account in all ARNs, twelve digits; with --keys, each key has its own.
    #[arg(long, env = "GRADUS_ACCOUNT", hide_env_values = true, conflicts_with = "keys")]
    #[arg(default_value = "000000000000", value_parser = account)]
    pub(crate) account: String,

    /// Answer only requests that are signed with a key of this file; read again at SIGHUP.
    #[arg(long, value_name = "FILE", env = "GRADUS_KEYS", hide_env_values = true)]
    pub(crate) keys: Option<PathBuf>,

    /// Allow callers only what the policy in this file allows; read again at SIGHUP.
    #[arg(long, value_name = "FILE", env = "GRADUS_POLICY", hide_env_values = true, requires = "keys")]
    pub(crate) policy: Option<PathBuf>,

    /// Serve whoever can reach the address, also when it is not a loopback address.
    #[arg(long, env = "GRADUS_ALLOW_UNAUTHENTICATED", hide_env_values = true)]
    #[arg(value_parser = BoolishValueParser::new())]
    pub(crate) allow_unauthenticated: bool,

    /// Let scripts of pages of this origin call (`https://console.example`, or `*`) [default: none]
    #[arg(long, value_name = "ORIGIN", env = "GRADUS_ALLOW_ORIGIN", hide_env_values = true)]
    pub(crate) allow_origin: Option<http::HeaderValue>,

    /// Threads that run executions [default: one for two cores]
    #[arg(long, value_name = "N", env = "GRADUS_WORKERS", hide_env_values = true)]
    pub(crate) workers: Option<NonZeroUsize>,

    /// Connections at a time; further clients wait.
    #[arg(long, value_name = "N", env = "GRADUS_MAX_CONNECTIONS", hide_env_values = true)]
    #[arg(default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_connections: u32,

    /// Express executions at a time; a start beyond is refused with ThrottlingException.
    #[arg(long, value_name = "N", env = "GRADUS_MAX_EXPRESS", hide_env_values = true)]
    #[arg(default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_express: u32,
}

/// Where the data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// In a folder.
    Folder(PathBuf),
    /// Nowhere.
    Memory,
}

impl Serve {
    /// Where the data is kept. `--memory` wins over `GRADUS_DATA`, as flags do over the environment.
    pub(crate) fn data(&self, environment: Option<OsString>) -> Data {
        match (&self.data, self.memory) {
            // With both, `memory` can only have come from the environment.
            (Some(folder), _) => Data::Folder(folder.clone()),
            (None, true) => Data::Memory,
            (None, false) => {
                let folder = environment.filter(|folder| !folder.is_empty());
                Data::Folder(folder.map_or_else(|| PathBuf::from("gradus-data"), PathBuf::from))
            }
        }
    }

    /// The addresses to listen on; the first that works is taken. Fails with the one line to print.
    pub(crate) fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        let Listen(name) = &self.listen;
        let addresses: Vec<SocketAddr> =
            name.to_socket_addrs().map_err(|error| format!("cannot listen on {name}: {error}"))?.collect();
        let open = addresses.iter().any(|address| !address.ip().is_loopback());
        if open && !self.allow_unauthenticated && self.keys.is_none() {
            return Err(format!(
                "refusing to listen on {name}: whoever reaches it could read and run everything; listen on \
                 127.0.0.1, give --keys, or say --allow-unauthenticated if the network is trusted"
            ));
        }
        Ok(addresses)
    }
}

/// An address to listen on, as given: `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen(pub(crate) String);

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Listen, String> {
        let is_name =
            text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        if is_name {
            Ok(Listen(text.to_owned()))
        } else {
            Err("expected HOST:PORT, such as 127.0.0.1:8083".to_owned())
        }
    }
}

fn region(text: &str) -> Result<String, String> {
    if access::is_region(text) {
        Ok(text.to_owned())
    } else {
        Err("expected a region, such as us-east-1".to_owned())
    }
}

fn account(text: &str) -> Result<String, String> {
    if access::is_account(text) { Ok(text.to_owned()) } else { Err("expected twelve digits".to_owned()) }
}

/// Run one state machine in this process, print its output, keep nothing.
///
/// The definition's JSON is read from FILE and the output is written to standard output. Tasks have
/// nobody to do them here: answer them with --task and --fail.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gradus run order.asl.json --input '{\"id\":7}'
  gradus run order.asl.json --input @order.json --trace --virtual-time
  cat order.json | gradus run order.asl.json --input @-
  gradus run order.asl.json --task 'Charge card={\"paid\":true}'
  gradus run order.asl.json --fail 'Charge card=Card.Busy:try later' --task 'Charge card={}'

Exit codes: 0 succeeded, 1 failed (the error and its cause on standard error), 2 wrong usage,
invalid definition or input, 3 timed out, 4 aborted by Ctrl-C.")]
pub(crate) struct Run {
    /// The file with the definition, in the States Language.
    pub(crate) file: PathBuf,

    /// The input: JSON, @FILE to read a file, @- to read standard input.
    #[arg(long, short, value_name = "JSON|@FILE|@-", default_value = "{}")]
    pub(crate) input: String,

    /// Print a line for each state on standard error.
    #[arg(long)]
    pub(crate) trace: bool,

    /// Let no time pass: waits, back-offs and time limits end at once, in order.
    #[arg(long)]
    pub(crate) virtual_time: bool,

    /// What a task answers, by the name of the state or the ARN of the resource. Given several
    /// times for one name, the answers come in this order, the last one for ever.
    #[arg(long, value_name = "NAME=JSON")]
    pub(crate) task: Vec<String>,

    /// How a task fails. Where --task has an answer too, each failure comes once, before it.
    #[arg(long, value_name = "NAME=ERROR[:CAUSE]")]
    pub(crate) fail: Vec<String>,

    /// The name of the execution [default: a random one]
    #[arg(long)]
    pub(crate) name: Option<String>,
}

/// Evaluate a JSONata expression, print its result.
///
/// The expression may stand between {% and %}, as in a definition. It has the functions that states have, those of
/// JSONata 2.0.6 without $eval and $partition, $range, $hash, $random, $uuid and $parse, and the same limits.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gradus eval '$sum(items.(price * count))' --input order.json
  cat order.json | gradus eval 'items[price > $least].name' --input - --bind least=10
  gradus eval '{% $states.input.a + 1 %}' --bind 'states={\"input\":{\"a\":1}}'

A result of nothing, JSONata's undefined, prints nothing on standard output and says so on standard error.
Exit codes: 0 evaluated, 1 the expression is faulty or fails (shown on standard error, with a caret under the
place), 2 wrong usage or an input that cannot be read.")]
pub(crate) struct Eval {
    /// The expression.
    #[arg(allow_hyphen_values = true)]
    pub(crate) expression: String,

    /// The input, which the expression sees as $: JSON, or a file with JSON (@FILE or FILE; - is standard input).
    #[arg(long, short, value_name = "JSON|FILE|-", default_value = "null")]
    pub(crate) input: String,

    /// A variable; its value is given as the input is.
    #[arg(long, short, value_name = "NAME=JSON")]
    pub(crate) bind: Vec<String>,
}

/// Say what is wrong with definitions, and where.
///
/// Finds what CreateStateMachine would refuse, with the service's codes and messages, and shows the
/// line. A note is no fault of the definition: it names what the service runs and this version of
/// gradus does not. Notes are always shown, and do not change the exit code.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gradus validate order.asl.json
  gradus validate --type express --severity error machines/*.json
  jq .definition template.json | gradus validate -
  gradus validate --format sarif *.asl.json > gradus.sarif      for code scanning
  gradus validate --format json order.asl.json | jq '.files[].diagnostics[]'

On a terminal each finding comes with its line; elsewhere each is a line of its own:
  order.asl.json:7:17: error MISSING_TRANSITION_TARGET: Missing 'Next' target: Chek (did you mean 'Check'?)

Columns count characters, from 1.
Exit codes: 0 no errors, 1 errors, 2 wrong usage or a file that cannot be read.")]
pub(crate) struct Validate {
    /// The files with the definitions, in the States Language; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// How to print the findings.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: Format,

    /// The type of the state machine: an Express one may not wait for others.
    #[arg(long, value_name = "TYPE", value_enum, default_value = "standard")]
    pub(crate) r#type: Type,

    /// The least severity that is shown.
    #[arg(long, value_enum, default_value = "warning")]
    pub(crate) severity: LeastSeverity,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines for people, and for editors that read FILE:LINE:COLUMN.
    Text,
    /// One JSON object.
    Json,
    /// One SARIF 2.1.0 log.
    Sarif,
}

/// The type of a state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Type {
    Standard,
    Express,
}

/// The least severity of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LeastSeverity {
    /// What gets a definition refused.
    Error,
    /// Also what is likely to be a mistake.
    Warning,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn serve(arguments: &[&str]) -> Result<Serve, String> {
        let arguments = ["gradus", "serve"].iter().chain(arguments);
        match Cli::try_parse_from(arguments).map_err(|error| error.to_string())?.command {
            Command::Serve(options) => Ok(options),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_data_is_where_it_was_asked_for() {
        let folder = |path: &str| Data::Folder(PathBuf::from(path));
        for (arguments, environment, expected) in [
            (&[][..], None, folder("gradus-data")),
            (&[], Some("/env"), folder("/env")),
            (&[], Some(""), folder("gradus-data")),
            (&["--data", "here"], Some("/env"), folder("here")),
            (&["--memory"], Some("/env"), Data::Memory),
        ] {
            let data = serve(arguments).unwrap().data(environment.map(OsString::from));
            assert_eq!(data, expected, "{arguments:?} {environment:?}");
        }
    }

    #[test]
    fn only_loopback_needs_no_permission() {
        for (arguments, allowed) in [
            (&["--listen", "127.0.0.1:0"][..], true),
            (&["--listen", "[::1]:8083"], true),
            (&["--listen", "0.0.0.0:8083"], false),
            (&["--listen", "[::]:8083"], false),
            (&["--listen", "192.0.2.1:80"], false),
            (&["--listen", "192.0.2.1:80", "--allow-unauthenticated"], true),
            (&["--listen", "192.0.2.1:80", "--keys", "keys.json"], true),
        ] {
            let addresses = serve(arguments).unwrap().addresses();
            assert_eq!(addresses.is_ok(), allowed, "{arguments:?} {addresses:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (arguments, expected) in [
            (&["--listen", "8083"][..], "expected HOST:PORT"),
            (&["--listen", ":8083"], "expected HOST:PORT"),
            (&["--listen", "localhost:65536"], "expected HOST:PORT"),
            (&["--account", "12345678901"], "expected twelve digits"),
            (&["--account", "12345678901x"], "expected twelve digits"),
            (&["--region", "US"], "expected a region"),
            (&["--workers", "0"], "--workers"),
            (&["--max-connections", "0"], "--max-connections"),
            (&["--memory", "--data", "x"], "cannot be used with"),
            (&["--policy", "p"], "--keys"),
            (&["--keys", "k", "--account", "123456789012"], "cannot be used with"),
        ] {
            let error = serve(arguments).unwrap_err();
            assert!(error.contains(expected), "{arguments:?}: {error}");
        }
    }
}
