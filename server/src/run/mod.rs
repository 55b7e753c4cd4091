//! `gradus run`: one execution, driven by hand, with no store, server or worker.
//!
//! The pure core says what is asked for; here it is given: time passes really or at once, and
//! tasks get the answers of the command line. What nothing answers ends the run with a message.

mod answers;
mod trace;

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gradus_core::asl::diagnostic::{Place, Severity};
use gradus_core::asl::{self, Definition, Diagnostic};
use gradus_core::json::Payload;
use gradus_core::machine::{
    ActivityTask, Command, Env, Event, Execution, Fact, Failure, FrameId, MAX_PAYLOAD_BYTES, Outcome, Start,
    Step, Timer, Timestamp,
};
use uuid::Uuid;

use crate::config;
use answers::{Answer, Answers};
use trace::{Trace, describe};

const FAILED: u8 = 1;
const REFUSED: u8 = 2;
const TIMED_OUT: u8 = 3;
const ABORTED: u8 = 4;

/// The longest single sleep: a clock that was set, or a machine that slept, is noticed after it.
const NAP: Duration = Duration::from_secs(60);
/// The longest name of an execution, in characters. Source: the service's model.
const LONGEST_NAME: usize = 80;

/// Runs one state machine and reports.
pub(crate) fn command(options: &config::Run) -> ExitCode {
    let driver = match Driver::new(options) {
        Ok(driver) => driver,
        Err(lines) => return complain(&lines, REFUSED),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&[format!("gradus: {error}")], FAILED),
    };
    match runtime.block_on(driver.run(|line| eprintln!("{line}"))) {
        Ok(outcome) => report(&outcome),
        Err(stuck) => complain(&[format!("gradus: {stuck}")], FAILED),
    }
}

fn report(outcome: &Outcome) -> ExitCode {
    match outcome {
        Outcome::Succeeded(output) => match writeln!(io::stdout(), "{}", output.text()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&[format!("gradus: cannot write the output: {error}")], FAILED),
        },
        Outcome::Failed(failure) => complain(&[describe(failure)], FAILED),
        Outcome::TimedOut => complain(&[describe(&Failure::timeout())], TIMED_OUT),
        Outcome::Aborted(failure) => complain(&[format!("aborted: {}", describe(failure))], ABORTED),
    }
}

fn complain(lines: &[String], code: u8) -> ExitCode {
    for line in lines {
        eprintln!("{line}");
    }
    ExitCode::from(code)
}

/// An execution and what stands in for the world around it.
struct Driver {
    execution: Execution,
    /// What happens next, before anything that the execution asks for.
    events: VecDeque<Event>,
    answers: Answers,
    clock: Clock,
    trace: Option<Trace>,
    /// The state in which each line of control is, for messages.
    states: HashMap<FrameId, Arc<str>>,
}

impl Driver {
    /// Reads everything that the command line names. Fails with lines that say what is wrong.
    fn new(options: &config::Run) -> Result<Driver, Vec<String>> {
        let definition = read_definition(&options.file)?;
        let input = read_input(&options.input).map_err(|error| vec![format!("gradus: {error}")])?;
        let answers =
            Answers::parse(&options.task, &options.fail).map_err(|error| vec![format!("gradus: {error}")])?;
        let name = options.name.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(vec![format!("gradus: --name: expected 1 to {LONGEST_NAME} characters")]);
        }
        let start = start(&options.file, &name, input);
        let driver = Driver::of(definition, start, Clock::new(options.virtual_time), answers);
        let trace = options.trace.then(|| Trace::new(driver.execution.definition()));
        Ok(Driver { trace, ..driver })
    }

    fn of(definition: Arc<Definition>, start: Start, clock: Clock, answers: Answers) -> Driver {
        let events = VecDeque::from([Event::Started(Box::new(start))]);
        let (execution, states) = (Execution::new(definition), HashMap::new());
        Driver { execution, events, answers, clock, trace: None, states }
    }

    /// Drives the execution to its end, showing the lines of the trace as they come. Fails with a
    /// message if nothing could ever wake the execution.
    async fn run(mut self, mut show: impl FnMut(&str)) -> Result<Outcome, String> {
        loop {
            let event = match self.events.pop_front() {
                Some(event) => event,
                None => self.wait().await?,
            };
            let env = Env {
                now: self.clock.now(),
                seed: Uuid::new_v4().as_u64_pair().0,
                machine_deleted: false,
                // Whoever is named is taken to exist: an answer is asked for, not a worker.
                activity_exists: &|_| true,
            };
            let step = self.execution.step(&env, event);
            self.watch(&step, &mut show);
            if let Some(outcome) = self.execution.outcome() {
                return Ok(outcome.clone());
            }
        }
    }

    fn watch(&mut self, step: &Step, show: &mut impl FnMut(&str)) {
        for entry in &step.facts {
            if let Fact::StateEntered { frame, name, .. } = &entry.fact {
                self.states.insert(*frame, name.clone());
            }
        }
        if let Some(trace) = &mut self.trace {
            trace.take(step).iter().for_each(|line| show(line));
        }
    }

    /// Gives the execution what it asks for: tasks first, then the time that comes first.
    async fn wait(&mut self) -> Result<Event, String> {
        let mut next: Option<Timer> = None;
        for command in self.execution.outstanding() {
            match command {
                Command::Activity(task) => return self.attempt(task),
                Command::Timer(timer) => next = Some(next.map_or(timer, |next| next.min(timer))),
            }
        }
        let Timer { due, frame, purpose } =
            next.ok_or("the execution waits for nothing, which is a fault of gradus")?;
        match self.clock.pass(due).await {
            Passed::Due => Ok(Event::TimerFired { frame, purpose, due }),
            Passed::Interrupted => {
                Ok(Event::StopRequested { failure: Failure::new("Gradus.Interrupted", "Ctrl-C") })
            }
        }
    }

    /// A worker takes the task, and answers at once.
    fn attempt(&mut self, task: ActivityTask) -> Result<Event, String> {
        let ActivityTask { arn, frame, task, .. } = task;
        let state = self.states.get(&frame).map_or("", |state| state);
        let answer = self.answers.next(state, &arn).ok_or_else(|| {
            format!(
                "state `{state}` waits for a worker of {arn}, and there is none here: answer it with \
                 --task '{state}=JSON' or --fail '{state}=ERROR:CAUSE'"
            )
        })?;
        self.events.push_back(match answer {
            Answer::Output(output) => Event::TaskSucceeded { frame, task, output },
            Answer::Failure(failure) => Event::TaskFailed { frame, task, failure },
        });
        Ok(Event::TaskStarted { frame, task, worker: None })
    }
}

/// Real time, or one that stands still until somebody waits.
enum Clock {
    Real,
    Virtual(Timestamp),
}

/// Why a wait is over.
enum Passed {
    Due,
    Interrupted,
}

impl Clock {
    /// A virtual clock begins at the real time.
    fn new(is_virtual: bool) -> Clock {
        if is_virtual { Clock::Virtual(Clock::Real.now()) } else { Clock::Real }
    }

    fn now(&self) -> Timestamp {
        match self {
            Clock::Virtual(now) => *now,
            Clock::Real => {
                // A clock before 1970 counts as 1970.
                let since_epoch =
                    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
            }
        }
    }

    /// Lets time pass until `due`, or Ctrl-C.
    async fn pass(&mut self, due: Timestamp) -> Passed {
        match self {
            Clock::Virtual(now) => *now = due.max(*now),
            Clock::Real => {
                while self.now() < due {
                    let left = Duration::from_millis(due.since(self.now()).0);
                    tokio::select! {
                        () = tokio::time::sleep(left.min(NAP)) => {}
                        Ok(()) = tokio::signal::ctrl_c() => return Passed::Interrupted,
                    }
                }
            }
        }
        Passed::Due
    }
}

/// The definition in `file`; its faults as lines. Warnings are printed and do no harm.
fn read_definition(file: &Path) -> Result<Arc<Definition>, Vec<String>> {
    let text =
        fs::read_to_string(file).map_err(|error| vec![format!("gradus: {}: {error}", file.display())])?;
    let parsed = asl::parse(&text, asl::parse::Options::default());
    let lines = |severity| {
        let of_kind = parsed.diagnostics.iter().filter(move |diagnostic| diagnostic.severity == severity);
        of_kind.map(|diagnostic| line(file, diagnostic))
    };
    lines(Severity::Warning).for_each(|line| eprintln!("{line}"));
    parsed.definition.ok_or_else(|| lines(Severity::Error).collect())
}

/// `file: location: CODE: message`
fn line(file: &Path, diagnostic: &Diagnostic) -> String {
    let Diagnostic { severity, code, message, location, place } = diagnostic;
    let location = match (place, location) {
        (Place::Position { line, column }, _) => format!("{line}:{column}"),
        (_, Some(location)) => location.clone(),
        (_, None) => "/".to_owned(),
    };
    let warning = if *severity == Severity::Warning { "warning: " } else { "" };
    // The parser's message repeats the text from its second line on.
    let message = message.lines().next().unwrap_or_default();
    format!("{}: {location}: {warning}{code}: {message}", file.display())
}

/// The input: JSON as given, `@FILE`, or `@-` for standard input.
fn read_input(argument: &str) -> Result<Payload, String> {
    let text = match argument.strip_prefix('@') {
        None => Ok(argument.to_owned()),
        Some("-") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        }
        Some(file) => fs::read_to_string(file),
    };
    let text = text.map_err(|error| format!("--input `{argument}`: {error}"))?;
    if text.len() > MAX_PAYLOAD_BYTES {
        return Err(format!("--input: {} bytes, at most {MAX_PAYLOAD_BYTES} are allowed", text.len()));
    }
    Payload::parse(&text).map_err(|error| {
        format!("--input: not JSON: {error} (line {}, column {})", error.line(), error.column())
    })
}

/// The start of an execution of a machine that has the name of its file.
fn start(file: &Path, name: &str, input: Payload) -> Start {
    let file = file.file_name().unwrap_or_default().to_string_lossy();
    let machine = file.split('.').next().unwrap_or_default();
    let arn = |rest: &str| Arc::from(format!("arn:aws:states:us-east-1:000000000000:{rest}"));
    Start {
        arn: arn(&format!("execution:{machine}:{name}")),
        name: name.into(),
        machine_arn: arn(&format!("stateMachine:{machine}")),
        machine_name: machine.into(),
        revision: Arc::default(),
        version_arn: None,
        alias_arn: None,
        role_arn: "arn:aws:iam::000000000000:role/gradus".into(),
        trace_header: None,
        input,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::config::Cli;

    const ORDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/order.asl.json");

    fn driver(arguments: &[&str]) -> Result<Driver, Vec<String>> {
        let arguments = ["gradus", "run", "--virtual-time", "--trace"].iter().chain(arguments);
        match Cli::try_parse_from(arguments).unwrap().command {
            config::Command::Run(options) => Driver::new(&options),
            _ => panic!("another command"),
        }
    }

    /// The outcome and the trace of the example.
    fn run(arguments: &[&str]) -> (Result<Outcome, String>, Vec<String>) {
        drive(driver(&[&[ORDER], arguments].concat()).unwrap())
    }

    fn drive(driver: Driver) -> (Result<Outcome, String>, Vec<String>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut lines = Vec::new();
        let outcome = runtime.block_on(driver.run(|line| lines.push(line.to_owned())));
        (outcome, lines)
    }

    fn check(arguments: &[&str], expected: &Outcome, trace: &[&str]) {
        let (outcome, lines) = run(arguments);
        assert_eq!(outcome.as_ref(), Ok(expected), "{arguments:?}");
        assert_eq!(lines, trace, "{arguments:?}");
    }

    fn succeeded(json: &str) -> Outcome {
        Outcome::Succeeded(Payload::parse(json).unwrap())
    }

    #[test]
    fn a_small_order_needs_nobody() {
        check(
            &["--input", "{\"id\":7}"],
            &succeeded(r#"{"status":"shipped","by":"bicycle","order":7}"#),
            &[
                r#"   +0.000s  Pass      Receive order     {"id":7,"shipping":{"warehouse":"north","carrier":"bicycle"}}"#,
                "   +0.000s  Choice    Which way?        took Pack",
                "   +0.000s  Wait      Pack              waits 1 s",
                r#"   +1.000s  Pass      Ship              {"status":"shipped","by":"bicycle","order":7}"#,
                r#"   +1.000s  Succeed   Order shipped     {"status":"shipped","by":"bicycle","order":7}"#,
            ],
        );
    }

    #[test]
    fn a_task_is_tried_again_until_it_is_done() {
        let flagged = "{\"id\":7,\"flagged\":true}";
        let (fail, task) = ("Review order=Review.Busy:in a meeting", "Review order={\"reviewer\":\"Ada\"}");
        let (outcome, lines) = run(&["--input", flagged, "--fail", fail, "--task", task]);
        assert_eq!(outcome, Ok(succeeded(r#"{"status":"shipped","by":"bicycle","order":7}"#)));
        let review = lines.iter().find(|line| line.contains("Task")).unwrap();
        let expected = r#"failed with Review.Busy: in a meeting, again after 2 s, answered {"reviewer":"Ada"} -> {"id":7,"#;
        assert!(review.contains(expected), "{review}");
        assert!(lines.last().unwrap().starts_with("   +3.000s  Succeed"), "{lines:?}");
    }

    #[test]
    fn a_failure_is_caught_or_ends_the_execution() {
        let activity = "arn:aws:states:us-east-1:000000000000:activity:review-order";
        let input = ["--input", "{\"id\":7,\"total\":101}"];
        for (fail, expected) in [
            (
                "Review order=Review.Busy",
                succeeded(r#"{"status":"on hold","problem":"Review.Busy","order":7}"#),
            ),
            (&format!("{activity}=Oops"), succeeded(r#"{"status":"on hold","problem":"Oops","order":7}"#)),
            ("Review order=Review.Rejected:no", Outcome::Failed(Failure::new("Order.Rejected", "no"))),
        ] {
            let (outcome, _) = run(&[&input[..], &["--fail", fail]].concat());
            assert_eq!(outcome, Ok(expected), "{fail}");
        }
        let (outcome, lines) = run(&[]);
        assert_eq!(outcome, Ok(Outcome::Failed(Failure::new("Order.Unreadable", "an order needs an id"))));
        let last = "   +0.000s  Fail      Order unreadable  Order.Unreadable: an order needs an id";
        assert_eq!(lines.last().map(String::as_str), Some(last));
    }

    #[test]
    fn the_trace_tells_how_it_ended() {
        for (definition, expected) in [
            (
                r#"{"StartAt":"A","TimeoutSeconds":5,"States":{"A":{"Type":"Wait","Seconds":9,"End":true}}}"#,
                (Outcome::TimedOut, "   +0.000s  Wait      A  waits 9 s, out of time"),
            ),
            (
                r#"{"StartAt":"A","States":{"A":{"Type":"Fail","Error":"No"}}}"#,
                (
                    Outcome::Failed(Failure { error: Some("No".into()), ..Failure::default() }),
                    "   +0.000s  Fail      A  No",
                ),
            ),
            (
                r#"{"StartAt":"A","States":{"A":{"Type":"Succeed","InputPath":"$.a"}}}"#,
                (succeeded("\"b\\n\""), "   +0.000s  Succeed   A  \"b\\n\""),
            ),
        ] {
            let definition = asl::parse(definition, asl::parse::Options::default()).definition.unwrap();
            let start = start(Path::new("m.asl.json"), "n", Payload::parse("{\"a\":\"b\\n\"}").unwrap());
            let mut driver = Driver::of(definition.clone(), start, Clock::new(true), Answers::default());
            driver.trace = Some(Trace::new(&definition));
            let (outcome, lines) = drive(driver);
            assert_eq!((outcome.unwrap(), lines.last().unwrap().as_str()), expected);
        }
    }

    #[test]
    fn a_task_without_an_answer_is_named() {
        let (outcome, _) = run(&["--input", "{\"id\":7,\"total\":101}"]);
        let message = outcome.unwrap_err();
        for part in ["`Review order`", "activity:review-order", "--task 'Review order=JSON'"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        let long = "n".repeat(LONGEST_NAME + 1);
        let large = format!("\"{}\"", "x".repeat(MAX_PAYLOAD_BYTES - 1));
        for (arguments, expected) in [
            (&["no such file"][..], "gradus: no such file: "),
            (&[ORDER, "--input", "{\"id\":"], "gradus: --input: not JSON: "),
            (&[ORDER, "--input", "@no such file"], "gradus: --input `@no such file`: "),
            (&[ORDER, "--input", &large], "gradus: --input: 262145 bytes, at most 262144 are allowed"),
            (&[ORDER, "--task", "Review order"], "gradus: --task `Review order`: expected"),
            (&[ORDER, "--name", &long], "gradus: --name: expected 1 to 80 characters"),
        ] {
            let lines = driver(arguments).err().unwrap();
            assert!(lines.len() == 1 && lines[0].starts_with(expected), "{lines:?}");
        }
    }

    #[test]
    fn a_diagnostic_is_one_line() {
        let diagnostics = |text| asl::parse(text, asl::parse::Options::default()).diagnostics;
        for (text, expected) in [
            ("{", "m.json: 1:2: INVALID_JSON_DESCRIPTION: Unexpected end-of-input"),
            ("{}", "m.json: /: SCHEMA_VALIDATION_FAILED: "),
        ] {
            let line = line(Path::new("m.json"), &diagnostics(text)[0]);
            assert!(line.starts_with(expected) && !line.contains('\n'), "{line}");
        }
    }
}
