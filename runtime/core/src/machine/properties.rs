//! What holds for every machine and every order of events, however late or often they come.

use std::sync::Arc;

use proptest::prelude::*;

use super::generate::{ACTIVITIES, FUNCTION, LONG_IN, generate};
use super::timestamp::Millis;
use super::{
    ActivityTask, Command, Env, Event, EventId, Execution, Fact, Failure, FrameId, Mode, Outcome, Reply,
    Start, Step, Timer, Timestamp, codec,
};
use crate::asl::{self, Definition};
use crate::json::Payload;

/// A run of one machine: its events are drawn from what is outstanding, now and before.
struct Run {
    execution: Execution,
    now: Timestamp,
    steps: Vec<Step>,
    /// Every command that was ever asked for, so that old ones can be answered late.
    asked: Vec<Command>,
    /// Tasks that a worker has taken, answered or not.
    taken: Vec<ActivityTask>,
}

impl Run {
    fn start(definition: Arc<Definition>, n: usize) -> Run {
        let execution = Execution::new(definition);
        let now = Timestamp::from_millis(1_790_000_000_000);
        let mut run = Run { execution, now, steps: Vec::new(), asked: Vec::new(), taken: Vec::new() };
        run.tell(Event::Started(Box::new(start(n))));
        run
    }

    fn tell(&mut self, event: Event) {
        let before = self.execution.clone();
        let env = env(self.now, false);
        let step = self.execution.step(&env, event);
        self.check(&before, &step);
        self.asked.extend(step.asked.iter().cloned());
        self.steps.push(step);
    }

    /// Fires what is due first, until the end.
    fn until_end(&mut self) {
        while self.execution.outcome().is_none() {
            let timers = self.execution.outstanding();
            let Timer { due, frame, purpose } =
                timers.iter().filter_map(timer).min().expect("it waits for ever");
            self.now = self.now.max(due);
            self.tell(Event::TimerFired { frame, purpose, due });
            // A timer that has fired is gone, in the engine too: nothing may wait for it any more.
            assert!(!self.execution.outstanding().contains(&Command::Timer(Timer { due, frame, purpose })));
        }
    }

    /// One event out of all that may come.
    fn next(&mut self, choice: usize, value: usize) {
        let fail = || Failure::new(if value.is_multiple_of(2) { "Flaky" } else { "Hard" }, "generated");
        match choice % 12 {
            0 => self.now = self.now.saturating_add(Millis((value % 9000) as u64)),
            1 | 2 => {
                let timers: Vec<Timer> = self.asked.iter().filter_map(timer).collect();
                let Some(Timer { due, frame, purpose }) = pick(&timers, value) else { return };
                self.now = if choice % 12 == 1 { self.now.max(due) } else { self.now };
                self.tell(Event::TimerFired { frame, purpose, due });
            }
            3 => {
                let tasks: Vec<ActivityTask> = self.asked.iter().filter_map(task).collect();
                let Some(picked) = pick(&tasks, value) else { return };
                self.tell(Event::TaskStarted { frame: picked.frame, task: picked.task, worker: None });
                if let Some(Step { reply: Reply::TaskStarted { .. }, .. }) = self.steps.last() {
                    self.taken.push(picked);
                }
            }
            // A call is answered, and then what the task waits for: in time, late, early or twice.
            choice @ 7..=9 => {
                let calls: Vec<(FrameId, EventId)> = self.asked.iter().filter_map(call).collect();
                let Some((frame, task)) = pick(&calls, value) else { return };
                let output = Payload::empty_object();
                let failed = value.is_multiple_of(5);
                self.tell(match choice {
                    7 | 8 => {
                        let answer = if failed { Err(fail()) } else { Ok(output) };
                        Event::CallAnswered { frame, task, answer }
                    }
                    _ if failed => Event::TaskFailed { frame, task, failure: fail() },
                    _ => Event::TaskSucceeded { frame, task, output },
                });
            }
            10 if value.is_multiple_of(8) => self.tell(Event::StopRequested { failure: Failure::default() }),
            // By few tokens, so that some come again.
            10 | 11 => {
                let token = (!value.is_multiple_of(3)).then(|| (value % 5).to_string().into());
                self.tell(Event::RedriveRequested { token });
            }
            choice => {
                let Some(ActivityTask { frame, task, .. }) = pick(&self.taken, value) else { return };
                self.tell(match choice {
                    4 => Event::TaskSucceeded { frame, task, output: Payload::empty_object() },
                    5 => Event::TaskFailed { frame, task, failure: fail() },
                    _ => Event::TaskHeartbeat { frame, task },
                });
            }
        }
    }

    /// The properties of one step.
    fn check(&self, before: &Execution, step: &Step) {
        // What is outstanding changes by what was settled and asked, and by nothing else.
        let mut outstanding = before.outstanding();
        for command in &step.settled {
            let settled = outstanding.iter().position(|other| other == command);
            let settled =
                settled.unwrap_or_else(|| panic!("{command:?} was settled and was not outstanding"));
            outstanding.swap_remove(settled);
        }
        for command in &step.asked {
            assert!(!outstanding.contains(command), "{command:?} was asked and was outstanding");
            outstanding.push(command.clone());
        }
        let after = self.execution.outstanding();
        let same = outstanding.len() == after.len() && after.iter().all(|one| outstanding.contains(one));
        assert!(same, "{outstanding:?}\nis not {after:?}");
        // Late events change nothing; but what was due before them has happened first.
        let first = step.facts.first().map(|entry| &entry.fact);
        let was_due = matches!(
            first,
            Some(
                Fact::ExecutionTimedOut { .. }
                    | Fact::ActivityTimedOut { .. }
                    | Fact::LambdaFunctionTimedOut { .. }
                    | Fact::TaskTimedOut { .. }
            )
        );
        let redriven = matches!(first, Some(Fact::ExecutionRedriven { .. }));
        let refused = match step.reply {
            Reply::Late => !was_due,
            Reply::NotRedrivable(_) => true,
            Reply::Redriven { .. } => !redriven,
            Reply::Taken | Reply::TaskStarted { .. } => false,
        };
        if refused {
            assert_eq!(before, &self.execution);
            assert!(step.facts.is_empty() && step.asked.is_empty() && step.settled.is_empty());
        }
        // An open execution waits for something, a closed one for nothing.
        let waits = !self.execution.outstanding().is_empty() || self.holds_task();
        assert_eq!(waits, self.execution.outcome().is_none(), "{:?}", self.execution);
        assert!(self.execution.blocks_are_sound(), "{:?}", self.execution);
        assert!(self.execution.outcome().is_some() || !self.execution.is_halted(), "{:?}", self.execution);
        let (found, kept) = self.execution.variable_bytes();
        assert_eq!(found, kept, "bytes of variables");
        // Facts are their bytes.
        let row =
            codec::decode(&codec::encode(step.at, step.first_event, &step.facts)).expect("our own bytes");
        assert_eq!((row.at, row.first_event, &row.entries), (step.at, step.first_event, &step.facts));
    }

    /// A worker has a task without any time limit: its answer alone is waited for.
    fn holds_task(&self) -> bool {
        self.execution.outcome().is_none() && self.execution.current_states().next().is_some()
    }

    /// Replay of any prefix of the facts is the live execution of that moment.
    fn check_replay(&self) {
        let mut live = Execution::new(self.execution.definition().clone());
        let mut replayed = live.clone();
        for step in &self.steps {
            for entry in &step.facts {
                live.apply(step.at, entry);
            }
            let row =
                codec::decode(&codec::encode(step.at, step.first_event, &step.facts)).expect("our own bytes");
            for entry in &row.entries {
                replayed.apply(row.at, entry);
            }
            assert_eq!(live, replayed);
        }
        assert_eq!(live, self.execution);
    }
}

fn env(now: Timestamp, machine_deleted: bool) -> Env<'static> {
    let token = &|frame: FrameId, task: EventId| format!("{}/{}", frame.0, task.0);
    Env { now, seed: 7, machine_deleted, activity_exists: &|_| true, token }
}

fn start(n: usize) -> Start {
    Start {
        arn: "arn:aws:states:us-east-1:000000000000:execution:m:e".into(),
        name: "e".into(),
        machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".into(),
        machine_name: "m".into(),
        revision: "m/1".into(),
        version_arn: None,
        alias_arn: Some("arn:aws:states:us-east-1:000000000000:stateMachine:m:live".into()),
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        trace_header: None,
        input: Payload::parse(&format!("{{ \"n\": {n}, \"items\": [{}] }}", items(n))).expect("sound input"),
    }
}

/// None to three numbers.
fn items(n: usize) -> &'static str {
    ["", "3", "9, 1", "0, 5, 2"][n % 4]
}

fn timer(command: &Command) -> Option<Timer> {
    match command {
        Command::Timer(timer) => Some(*timer),
        Command::Activity(_) | Command::Call(_) => None,
    }
}

fn call(command: &Command) -> Option<(FrameId, EventId)> {
    match command {
        Command::Call(call) => Some((call.frame, call.task)),
        Command::Timer(_) | Command::Activity(_) => None,
    }
}

fn task(command: &Command) -> Option<ActivityTask> {
    match command {
        Command::Activity(task) => Some(task.clone()),
        Command::Timer(_) | Command::Call(_) => None,
    }
}

fn pick<T: Clone>(from: &[T], value: usize) -> Option<T> {
    from.get(value % from.len().max(1)).cloned()
}

fn compile(text: &str) -> Arc<Definition> {
    let parsed = asl::parse(text, asl::Options::default());
    parsed.definition.unwrap_or_else(|| panic!("{:?} in {text}", parsed.diagnostics))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_step_of_every_machine_is_sound(
        draws in proptest::collection::vec(any::<u16>(), 64),
        n in 0usize..10,
        events in proptest::collection::vec((any::<u8>(), any::<u16>()), 0..150),
    ) {
        let mut draws = draws.into_iter().cycle();
        let text = generate(&mut |bound| usize::from(draws.next().unwrap_or(0)) % bound.max(1));
        let mut run = Run::start(compile(&text), n);
        for (choice, value) in events {
            run.next(usize::from(choice), usize::from(value));
        }
        run.check_replay();
    }

    #[test]
    fn no_order_of_facts_makes_apply_panic(
        draws in proptest::collection::vec(any::<u16>(), 64),
        order in proptest::collection::vec(any::<u16>(), 0..80),
    ) {
        let mut cycle = draws.iter().copied().cycle();
        let text = generate(&mut |bound| usize::from(cycle.next().unwrap_or(0)) % bound.max(1));
        let mut run = Run::start(compile(&text), 3);
        for draw in draws {
            run.next(usize::from(draw >> 8), usize::from(draw & 0xff));
        }
        let facts: Vec<_> = run.steps.iter().flat_map(|step| &step.facts).collect();
        let mut execution = Execution::new(run.execution.definition().clone());
        for place in order {
            execution.apply(run.now, facts[usize::from(place) % facts.len()]);
            drop(execution.outstanding());
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(codec::decode(&bytes));
        let mut row = vec![1];
        row.extend(bytes);
        drop(codec::decode(&row));
    }
}

/// A machine that goes round and never waits.
const ENDLESS: &str = r#"{"StartAt":"a","States":{"a":{"Type":"Pass","Next":"b"},"b":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericEquals":1,"Next":"c"}],"Default":"a"},"c":{"Type":"Succeed"}}}"#;

#[test]
fn an_endless_machine_fails_at_the_last_event() {
    let mut run = Run::start(compile(ENDLESS), 0);
    run.until_end();
    assert_eq!(run.execution.last_event().0, super::MAX_EVENTS);
    let last = run.steps.last().and_then(|step| step.facts.last()).expect("a full history");
    assert_eq!(last.previous.0, super::MAX_EVENTS - 1);
    let cause = "The execution reached the maximum number of history events (25000).";
    assert_eq!(last.fact, Fact::ExecutionFailed { failure: Failure::new("States.Runtime", cause) });
    assert!(run.execution.outstanding().is_empty());
}

#[test]
fn weeks_of_back_off_take_no_time() {
    let definition = compile(&format!(
        r#"{{"StartAt":"t","States":{{"t":{{"Type":"Task","Resource":"{FUNCTION}","Retry":[{{"ErrorEquals":["States.ALL"],"IntervalSeconds":3600,"BackoffRate":2,"MaxDelaySeconds":604800,"MaxAttempts":12}}],"End":true}}}}}}"#
    ));
    let mut run = Run::start(definition, 0);
    let mut hours = Vec::new();
    while run.execution.outcome().is_none() {
        let (frame, task) = run.execution.outstanding().iter().find_map(call).expect("a call");
        run.tell(Event::CallAnswered { frame, task, answer: Err(Failure::new("Busy", "later")) });
        let Some(Timer { due, frame, purpose }) = run.execution.outstanding().iter().find_map(timer) else {
            break;
        };
        hours.push(due.since(run.now).0 / 3_600_000);
        // Not a moment before.
        run.now = Timestamp::from_millis(due.as_millis() - 1);
        run.tell(Event::TimerFired { frame, purpose, due });
        assert_eq!(run.steps.last().map(|step| &step.reply), Some(&Reply::Late));
        run.now = due;
        run.tell(Event::TimerFired { frame, purpose, due });
    }
    assert_eq!(hours, [1, 2, 4, 8, 16, 32, 64, 128, 168, 168, 168, 168]);
    assert_eq!(run.execution.outcome(), Some(&Outcome::Failed(Failure::new("Busy", "later"))));
    run.check_replay();
}

#[test]
fn lines_of_control_are_bounded() {
    let map = |name: &str, inner: &str| {
        format!(
            r#""StartAt":"{name}","States":{{"{name}":{{"Type":"Map","ItemsPath":"$$.Execution.Input.items","ItemProcessor":{{{inner}}},"End":true}}}}"#
        )
    };
    let wait = r#""StartAt":"w","States":{"w":{"Type":"Wait","Seconds":1,"End":true}}"#;
    let definition = compile(&format!("{{{}}}", map("a", &map("b", &map("c", &map("d", wait))))));
    let mut execution = Execution::of(definition, Mode::ExpressAsync);
    let items = vec!["0"; 40].join(",");
    let input = Payload::parse(&format!(r#"{{"items":[{items}]}}"#)).expect("sound input");
    let mut step = execution
        .step(&env(Timestamp::default(), false), Event::Started(Box::new(Start { input, ..start(0) })));
    let mut timers = std::collections::BTreeSet::new();
    while execution.outcome().is_none() {
        timers.extend(step.asked.iter().filter_map(timer));
        let Timer { due, frame, purpose } = timers.pop_first().expect("it waits for ever");
        step = execution.step(&env(due, false), Event::TimerFired { frame, purpose, due });
    }
    let cause = "The execution runs more than 100000 branches and iterations at once.";
    assert_eq!(execution.outcome(), Some(&Outcome::Failed(Failure::new("States.Runtime", cause))));
}

#[test]
fn no_step_is_long() {
    // Two lines of control that take turns, and pass on 100 KB.
    let branch = |name: &str| {
        format!(
            r#"{{"StartAt":"{name}","States":{{"{name}":{{"Type":"Pass","Result":"{}","Next":"{name}2"}},"{name}2":{{"Type":"Choice","Choices":[{{"Variable":"$","NumericEquals":1,"Next":"{name}3"}}],"Default":"{name}"}},"{name}3":{{"Type":"Succeed"}}}}}}"#,
            "x".repeat(100_000)
        )
    };
    let large = format!(
        r#"{{"StartAt":"a","States":{{"a":{{"Type":"Parallel","End":true,"Branches":[{},{}]}}}}}}"#,
        branch("l"),
        branch("r")
    );
    // A branch that fails while its sister is held, again and again.
    let failing = r#"{"StartAt":"a","States":{"a":{"Type":"Parallel","Branches":[{"StartAt":"f","States":{"f":{"Type":"Fail","Error":"E"}}},{"StartAt":"p","States":{"p":{"Type":"Pass","End":true}}}],"Catch":[{"ErrorEquals":["E"],"ResultPath":null,"Next":"a"}],"End":true}}}"#;
    for definition in [ENDLESS, &large, failing] {
        let definition = compile(definition);
        let mut run = Run::start(definition, 0);
        run.until_end();
        assert!(run.steps.len() > 1);
        for step in &run.steps {
            assert!(step.facts.len() < 2_700, "{} facts in a step", step.facts.len());
            let row = codec::encode(step.at, step.first_event, &step.facts);
            assert!(row.len() < 17 << 20, "{} bytes in a row", row.len());
        }
        run.check_replay();
    }
}

#[test]
fn generated_machines_hold_states() {
    // All other draws choose what goes on.
    let text = generate(&mut |bound| if bound == LONG_IN { 0 } else { bound.saturating_sub(1) });
    let mut run = Run::start(compile(&text), 0);
    run.until_end();
    let facts = || run.steps.iter().flat_map(|step| &step.facts).map(|entry| &entry.fact);
    assert!(facts().any(|fact| matches!(fact, Fact::StateHeld { .. })), "{text}");
    run.check_replay();
}

#[test]
fn texts_stand_once_in_a_row() {
    let definition = compile(
        r#"{"StartAt":"a","States":{"a":{"Type":"Pass","Next":"b"},"b":{"Type":"Pass","Next":"c"},"c":{"Type":"Succeed"}}}"#,
    );
    let mut execution = Execution::new(definition);
    let input = Payload::parse(&format!("\"{}\"", "x".repeat(100_000))).expect("sound input");
    let env = env(Timestamp::default(), false);
    let step = execution.step(&env, Event::Started(Box::new(Start { input, ..start(0) })));
    let row = codec::encode(step.at, step.first_event, &step.facts);
    assert!(row.len() < 101_000, "eight mentions of the input take {} bytes", row.len());
}

#[test]
fn an_answer_after_the_task_was_due_comes_late() {
    let definition = compile(&format!(
        r#"{{"StartAt":"t","States":{{"t":{{"Type":"Task","Resource":"{}","TimeoutSeconds":9,"HeartbeatSeconds":5,"End":true}}}}}}"#,
        ACTIVITIES[0]
    ));
    for (millis, taken) in [(4999, true), (5000, false), (9000, false)] {
        let mut run = Run::start(definition.clone(), 0);
        run.next(3, 0);
        let ActivityTask { frame, task, .. } = run.taken[0].clone();
        run.now = run.now.saturating_add(Millis(millis));
        run.tell(Event::TaskSucceeded { frame, task, output: Payload::empty_object() });
        let Step { reply, facts, .. } = run.steps.last().expect("a step");
        assert_eq!(*reply == Reply::Taken, taken, "after {millis} ms");
        let timed_out = matches!(&facts[0].fact, Fact::ActivityTimedOut { failure, .. } if failure.heartbeat);
        assert_eq!(timed_out, !taken, "the silence was due first");
    }
}

#[test]
fn a_deleted_machine_ends_its_executions_at_their_next_transition() {
    let definition = compile(&format!(
        r#"{{"StartAt":"t","States":{{"t":{{"Type":"Task","Resource":"{}","End":true}}}}}}"#,
        ACTIVITIES[0]
    ));
    let mut run = Run::start(definition, 0);
    run.next(3, 0);
    let ActivityTask { frame, task, .. } = run.taken[0].clone();
    let env = env(run.now, true);
    let started_again = run.execution.step(&env, Event::TaskStarted { frame, task, worker: None });
    assert_eq!(started_again.reply, Reply::Late);
    let step = run
        .execution
        .step(&env, Event::TaskSucceeded { frame: FrameId::ROOT, task, output: Payload::empty_object() });
    // The answer is acknowledged and leaves no event of its own (recorded, 2026-09).
    assert_eq!(step.reply, Reply::Taken);
    let cause = "State machine m has been deleted";
    assert_eq!(step.facts.len(), 1);
    assert_eq!(step.facts[0].fact, Fact::ExecutionFailed { failure: Failure::new("States.Runtime", cause) });
}
