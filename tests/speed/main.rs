//! How fast gradus is, next to what this machine can do: one run, one Markdown table.
//!
//! Every figure stands beside a ceiling of the same run: the bare disk, a server that does nothing,
//! a server that does nothing but write 400 bytes durably, and an operation without work. Absolute
//! figures say more of the machine than of gradus; the ratios can be compared. Nothing is asserted.
//!
//! `gradus-speed [--gradus PROGRAM] [--folder FOLDER] [--seconds N]`; `tests/speed/run.sh` builds
//! and runs it. The folder should be on the disk that is meant, not in memory. `gradus-speed blocks` prints a
//! table of its own, see `blocks.rs`.

mod blocks;
mod disk;
mod hello;
mod load;
mod machine;

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime};

use gradus_tests::api::{Api, request};
use gradus_tests::folder::Folder;
use gradus_tests::server::Server;
use serde_json::{Value, json};

use load::{Figures, flood};

/// Connections of the three runs of each kind.
const CONNECTIONS: [usize; 3] = [1, 16, 64];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What to measure.
struct Options {
    gradus: PathBuf,
    folder: PathBuf,
    time: Duration,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.split_first() {
        // The ceilings are processes of their own, as the server is.
        Some((first, rest)) if first == "hello" => hello::serve(rest.first().map(Path::new)),
        Some((first, _)) if first == "blocks" => blocks::table(),
        // Each row of that table is a process of its own, too.
        Some((first, rest)) if first == "block" => blocks::block(rest),
        _ => options(&arguments).and_then(|options| measure(&options)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gradus-speed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options(arguments: &[String]) -> Result<Options> {
    let here = env::current_exe()?;
    let beside = here.parent().ok_or("no folder")?;
    let mut options =
        Options { gradus: beside.join("gradus"), folder: beside.into(), time: Duration::from_secs(4) };
    let mut arguments = arguments.iter();
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--gradus" => options.gradus = value.into(),
            "--folder" => options.folder = value.into(),
            "--seconds" => options.time = Duration::from_secs_f64(value.parse()?),
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(options)
}

/// Measures everything and prints the table.
fn measure(options: &Options) -> Result<()> {
    let Options { gradus, time, .. } = options;
    let folder = Folder::in_folder(&options.folder);
    say(&machine::heading(gradus, *time))?;
    say("| what | connections | per second | p50 ms | p99 ms | ratio to its ceiling |")?;
    say("| --- | ---: | ---: | ---: | ---: | --- |")?;
    // Without it the first row pays for the disk's other business.
    disk::synced(folder.path(), 1, *time / 2)?;
    for group in [1, 16, 64] {
        let rate = disk::synced(folder.path(), group, *time / 2)?;
        say(&format!("| bare disk: {group} records of 400 B a sync | | {rate:.0} | | | |"))?;
    }
    let plain = Ceiling::start(None)?;
    let durable = Ceiling::start(Some(folder.path()))?;
    let program = gradus.to_str().ok_or("the path of gradus is no UTF-8")?;
    let server = Server::on(program, &folder);
    let mut api = Api::new(server.address());
    let idle = machine::memory(server.pid());
    let kinds = [
        Kind { name: "1 Pass", states: 1, definition: pass() },
        Kind { name: "10 states, 3 of them Choice", states: 10, definition: chain() },
    ];
    // Each ceiling directly before what is held against it: whatever else the machine does meets both.
    for connections in CONNECTIONS {
        let empty = |_| request("ListActivities", "{}");
        let ceiling = plain.row("HTTP server without work", connections, *time, empty)?;
        let figures = flood(server.address(), connections, *time, empty)?;
        let what = "empty operation (ListActivities, none there)";
        row(what, connections, &figures, "HTTP without work", &ceiling)?;
        for kind in &kinds {
            let start_any = |number| start("arn:aws:states:us-east-1:000000000000:stateMachine:m", number);
            let ceiling = durable.row("HTTP server, 400 B durable", connections, *time, start_any)?;
            executions(&server, &mut api, kind, connections, *time, &ceiling)?;
        }
    }
    if let (Some(idle), Some(busy)) = (idle, machine::memory(server.pid())) {
        say(&format!("\nMemory of the server: {idle:.1} MiB before, {busy:.1} MiB after."))?;
    }
    let ended = server.terminate();
    if ended.status.success() { Ok(()) } else { Err(format!("the server ended badly: {ended:?}").into()) }
}

/// A kind of state machine.
struct Kind {
    name: &'static str,
    /// States that an execution passes.
    states: u32,
    definition: Value,
}

/// Starts executions for a while, waits until all have succeeded, and prints both rates.
fn executions(
    server: &Server,
    api: &mut Api,
    kind: &Kind,
    connections: usize,
    time: Duration,
    ceiling: &Figures,
) -> Result<()> {
    let Kind { name, states, definition } = kind;
    let machine = api.create_machine(&format!("m{states}-{connections}"), definition);
    let before = machine::processor_time(server.pid());
    let began = Instant::now();
    let figures = flood(server.address(), connections, time, |number| start(&machine, number))?;
    row(&format!("StartExecution, {name}"), connections, &figures, "400 B durable", ceiling)?;
    let took = drained(api, &machine, &figures, began)?;
    let spent = machine::processor_time(server.pid()).zip(before).map(|(after, before)| after - before);
    let rate = figures.done as f64 / took.as_secs_f64();
    let mut what = format!("… until all have succeeded, {:.0} states/s", rate * f64::from(*states));
    if let Some(spent) = spent {
        let each = spent.as_secs_f64() * 1e6 / figures.done as f64;
        what += &format!(", {each:.0} µs of processor each");
    }
    let ratio = rate / ceiling.rate();
    say(&format!("| {what} | {connections} | {rate:.0} | | | {ratio:.2} of 400 B durable |"))
}

/// Prints a line.
fn say(line: &str) -> Result<()> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

fn row(
    what: &str,
    connections: usize,
    figures: &Figures,
    ceiling_name: &str,
    ceiling: &Figures,
) -> Result<()> {
    let ratio = figures.rate() / ceiling.rate();
    print_row(what, connections, figures, &format!("{ratio:.2} of {ceiling_name}"))
}

fn print_row(what: &str, connections: usize, figures: &Figures, ratio: &str) -> Result<()> {
    let (p50, p99) = (figures.percentile(50), figures.percentile(99));
    say(&format!("| {what} | {connections} | {:.0} | {p50:.3} | {p99:.3} | {ratio} |", figures.rate()))
}

/// A server that does next to nothing, in a process of its own. Ends when it is dropped.
struct Ceiling {
    process: Child,
    address: SocketAddr,
}

impl Ceiling {
    /// With a folder, each answer waits for a record on disk.
    fn start(folder: Option<&Path>) -> Result<Ceiling> {
        let mut command = Command::new(env::current_exe()?);
        let mut process = command.arg("hello").args(folder).stdout(Stdio::piped()).spawn()?;
        let address = hello::address(process.stdout.take())?;
        Ok(Ceiling { process, address })
    }

    /// Measures it once and prints that.
    fn row(
        &self,
        what: &str,
        connections: usize,
        time: Duration,
        request: impl Fn(u64) -> Vec<u8>,
    ) -> Result<Figures> {
        let figures = flood(self.address, connections, time, request)?;
        let cost = format!("load client: {:.1} µs a request", figures.client_micros);
        print_row(what, connections, &figures, &cost)?;
        Ok(figures)
    }
}

impl Drop for Ceiling {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn start(machine: &str, number: u64) -> Vec<u8> {
    let body =
        format!(r#"{{"stateMachineArn":"{machine}","name":"e-{number}","input":"{{\"k\":{number}}}"}}"#);
    request("StartExecution", &body)
}

fn pass() -> Value {
    json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } })
}

/// Seven Pass and three Choice states, one after the other.
fn chain() -> Value {
    let mut states = serde_json::Map::new();
    for (number, kind) in "PCPPCPPCPP".char_indices() {
        let next = json!(format!("S{}", number + 1));
        let state = match kind {
            'C' => json!({
                "Type": "Choice",
                "Choices": [
                    { "Variable": "$.r.n", "NumericGreaterThan": 100, "Next": "Bad" },
                    { "Variable": "$.r.ok", "BooleanEquals": true, "Next": next },
                ],
                "Default": "Bad",
            }),
            _ => {
                let mut state =
                    json!({ "Type": "Pass", "Result": { "n": number, "ok": true }, "ResultPath": "$.r" });
                let (member, value) = if number == 9 { ("End", json!(true)) } else { ("Next", next) };
                state
                    .as_object_mut()
                    .into_iter()
                    .for_each(|state| drop(state.insert(member.to_owned(), value.clone())));
                state
            }
        };
        states.insert(format!("S{number}"), state);
    }
    states.insert("Bad".to_owned(), json!({ "Type": "Fail", "Error": "Bad" }));
    json!({ "StartAt": "S0", "States": states })
}

/// How long it took from `began` until every execution had succeeded.
fn drained(api: &mut Api, machine: &str, figures: &Figures, began: Instant) -> Result<Duration> {
    let listed =
        |status: &str| json!({ "stateMachineArn": machine, "statusFilter": status, "maxResults": 1000 });
    gradus_tests::eventually("the end of all executions", || {
        let running = api.must("ListExecutions", &listed("RUNNING"));
        running.get("executions")?.as_array()?.is_empty().then_some(())
    });
    let took = began.elapsed();
    let succeeded = api.all("ListExecutions", listed("SUCCEEDED"), "executions").len() as u64;
    if succeeded == figures.done {
        Ok(took)
    } else {
        Err(format!("{succeeded} of {} succeeded", figures.done).into())
    }
}

/// The date of today, UTC, as `2026-01-31`.
fn today() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    let text =
        gradus_core::machine::timestamp::to_iso(gradus_core::machine::Timestamp::from_millis(seconds * 1000));
    text.split('T').next().unwrap_or_default().to_owned()
}
