//! Machines that run: a definition, an input, and a script that says what the world does, in virtual time.
//!
//! After every step: what is outstanding changed by what was asked and settled alone; an event that comes late
//! changed nothing; the facts are their bytes; the history has its limit. At the end, the execution is what its
//! facts say.
#![no_main]

use std::sync::Arc;

use gradus_core::{
    asl::{self, Definition, parse::Options},
    json::Payload,
    machine::{
        Command, Entry, Env, Event, EventId, Execution, Fact, Failure, FrameId, MAX_EVENTS, Mode, Reply,
        Start, Step, Timestamp, codec, timestamp::Millis,
    },
};
use gradus_fuzz::{SEPARATOR, text};
use libfuzzer_sys::fuzz_target;

/// More than this is not looked at: the fuzzer is to try many machines, not long runs.
const MAX_SCRIPT: usize = 200;

fuzz_target!(init: gradus_fuzz::init(), |data: &[u8]| {
    let Some(text) = text(data) else { return };
    let mut parts = text.splitn(3, SEPARATOR);
    let (Some(definition), Some(input)) = (parts.next(), parts.next()) else { return };
    let script = parts.next().unwrap_or_default().as_bytes();
    let mode = match script.first() {
        Some(b'e') => Mode::ExpressAsync,
        Some(b'E') => Mode::ExpressSync,
        _ => Mode::Standard,
    };
    let options = Options { express: mode != Mode::Standard };
    let Some(definition) = asl::parse(definition, options).definition else { return };
    let Ok(input) = Payload::parse(input) else { return };
    let mut run = Run::start(definition, mode, input);
    for draw in script.iter().skip(1).take(MAX_SCRIPT) {
        run.next(usize::from(*draw));
    }
    run.check_replay(mode);
});

/// One execution and its world.
struct Run {
    execution: Execution,
    now: Timestamp,
    steps: Vec<(Timestamp, EventId, Vec<Entry>)>,
    /// The last commands that were asked for, so that some are answered late.
    asked: Vec<Command>,
    /// Tasks that a worker has taken.
    taken: Vec<(FrameId, EventId)>,
}

impl Run {
    fn start(definition: Arc<Definition>, mode: Mode, input: Payload) -> Run {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let execution = Execution::of(definition, mode);
        let mut run = Run { execution, now, steps: Vec::new(), asked: Vec::new(), taken: Vec::new() };
        run.tell(Event::Started(Box::new(Start {
            arn: "arn:aws:states:us-east-1:000000000000:execution:m:e".into(),
            name: "e".into(),
            machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".into(),
            machine_name: "m".into(),
            revision: "m/1".into(),
            version_arn: None,
            alias_arn: None,
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            trace_header: None,
            input,
        })));
        run
    }

    /// One event out of all that may come.
    fn next(&mut self, draw: usize) {
        if self.execution.outcome().is_some() && !draw.is_multiple_of(16) {
            return;
        }
        let (kind, value) = (draw % 8, draw / 8);
        // Mostly what is outstanding now, at times what was.
        let outstanding = self.execution.outstanding();
        let commands = if value.is_multiple_of(7) { &self.asked } else { &outstanding };
        match (kind, pick(commands, value).cloned()) {
            (0, _) => self.now = self.now.saturating_add(Millis(value as u64 * 977)),
            (1, _) => {
                let Some((frame, task)) = pick(&self.taken, value).copied() else { return };
                self.tell(Event::TaskHeartbeat { frame, task });
            }
            (2 | 3, _) if !self.taken.is_empty() => {
                let Some((frame, task)) = pick(&self.taken, value).copied() else { return };
                self.tell(match answer(value) {
                    Ok(output) => Event::TaskSucceeded { frame, task, output },
                    Err(failure) => Event::TaskFailed { frame, task, failure },
                });
            }
            (4, _) if value == 31 => {
                self.tell(Event::StopRequested { failure: Failure::new("Stop", "asked") });
            }
            (_, None) => {}
            (_, Some(Command::Timer(timer))) => {
                self.now = if kind == 7 { self.now } else { self.now.max(timer.due) };
                self.tell(Event::TimerFired { frame: timer.frame, purpose: timer.purpose, due: timer.due });
            }
            (_, Some(Command::Activity(task))) => {
                let (frame, task) = (task.frame, task.task);
                let worker = value.is_multiple_of(2).then(|| "w".into());
                if let Reply::TaskStarted { .. } = self.tell(Event::TaskStarted { frame, task, worker }) {
                    self.taken.push((frame, task));
                }
            }
            (_, Some(Command::Call(call))) => {
                let (frame, task) = (call.frame, call.task);
                self.taken.push((frame, task));
                self.tell(Event::CallAnswered { frame, task, answer: answer(value) });
            }
        }
    }

    fn tell(&mut self, event: Event) -> Reply {
        let before = self.execution.clone();
        let token = &|frame: FrameId, task: EventId| format!("{}/{}", frame.0, task.0);
        let exists = &|arn: &str| !arn.ends_with("gone");
        let env = Env { now: self.now, seed: 7, machine_deleted: false, activity_exists: exists, token };
        let step = self.execution.step(&env, event);
        self.check(&before, &step);
        self.asked.extend(step.asked);
        self.asked.drain(..self.asked.len().saturating_sub(64));
        self.steps.push((step.at, step.first_event, step.facts));
        step.reply
    }

    fn check(&self, before: &Execution, step: &Step) {
        let mut outstanding = before.outstanding();
        for command in &step.settled {
            let settled = outstanding.iter().position(|other| other == command);
            outstanding.swap_remove(settled.unwrap_or_else(|| panic!("{command:?} was not outstanding")));
        }
        for command in &step.asked {
            assert!(!outstanding.contains(command), "{command:?} was outstanding");
            outstanding.push(command.clone());
        }
        let after = self.execution.outstanding();
        assert_eq!(outstanding.len(), after.len());
        assert!(after.iter().all(|command| outstanding.contains(command)));

        let timed_out = |entry: &Entry| {
            matches!(
                entry.fact,
                Fact::ExecutionTimedOut { .. }
                    | Fact::ActivityTimedOut { .. }
                    | Fact::LambdaFunctionTimedOut { .. }
                    | Fact::TaskTimedOut { .. }
            )
        };
        if step.reply == Reply::Late && !step.facts.first().is_some_and(timed_out) {
            assert!(before == &self.execution && step.facts.is_empty());
        }
        if self.execution.outcome().is_some() {
            assert!(after.is_empty());
        } else {
            assert!(self.execution.current_states().next().is_some(), "it is nowhere");
        }
        assert!(self.execution.last_event().0 <= MAX_EVENTS);
        let events = step.facts.iter().filter(|entry| entry.fact.is_event()).count() as u64;
        assert_eq!(step.first_event.0 + events, self.execution.last_event().0 + 1);
        assert!(step.facts.iter().all(|entry| entry.previous.0 <= self.execution.last_event().0));
        let row =
            codec::decode(&codec::encode(step.at, step.first_event, &step.facts)).expect("our own bytes");
        assert_eq!(row.entries, step.facts);
    }

    fn check_replay(&self, mode: Mode) {
        let mut replayed = Execution::of(self.execution.definition().clone(), mode);
        for (at, first_event, facts) in &self.steps {
            let row = codec::decode(&codec::encode(*at, *first_event, facts)).expect("our own bytes");
            for entry in &row.entries {
                replayed.apply(row.at, entry);
            }
        }
        assert!(replayed == self.execution, "{replayed:?}\nis not {:?}", self.execution);
    }
}

/// What a worker or a function says.
fn answer(value: usize) -> Result<Payload, Failure> {
    let output = match value % 6 {
        0 => return Err(Failure::new("Flaky", "later")),
        1 => return Err(Failure { error: None, cause: None, heartbeat: false }),
        2 => "null".to_owned(),
        3 => r#"{"Payload":{"n":1,"a":[1,2]},"StatusCode":200}"#.to_owned(),
        4 => format!("\"{}\"", "x".repeat(200_000)),
        _ => "[1,{\"a\":2}]".to_owned(),
    };
    Ok(Payload::parse(&output).expect("our own text"))
}

fn pick<T>(from: &[T], value: usize) -> Option<&T> {
    from.get(value % from.len().max(1))
}
