//! The order of events around branches and iterations: `id<previous Type` as the service numbers them.
//!
//! A case is a machine, its input, what is done to it from outside, and its whole history. Source of
//! those marked as recorded: the service, 2024-2026; the others follow the same rules.

use std::sync::Arc;

use super::timestamp::Millis;
use super::{
    ActivityTask, Call, Command, Entry, Env, Event, EventId, Execution, Fact, Failure, Outcome, Reply, Start,
    Timer, Timestamp,
};
use crate::asl::{self, Definition};
use crate::json::Payload;

/// An execution under a script, a deed a line:
///
/// - `take NAME`: a worker takes the first task that waits in the activity of this name;
/// - `ok N JSON`, `fail N ERROR`: the `N`th task that was taken, from 0, is answered;
/// - `answer N JSON`, `refuse N ERROR`: so the `N`th call, from 0;
/// - `end N JSON`, `break N ERROR`: what the task of the `N`th call waits for comes, or fails;
/// - `after N`: so many milliseconds go by, and the timers that are due fire in order;
/// - `stop`: somebody stops the execution;
/// - `redrive`: somebody redrives it;
/// - `delete`: the state machine is deleted.
pub(super) struct Run {
    pub(super) execution: Execution,
    now: Timestamp,
    pub(super) history: Vec<(EventId, Entry)>,
    taken: Vec<ActivityTask>,
    called: Vec<Call>,
    machine_deleted: bool,
    /// Jobs that nobody waits for any more, by the events that scheduled their tasks.
    abandoned: Vec<u64>,
}

impl Run {
    pub(super) fn start(definition: Arc<Definition>, input: &str) -> Run {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let (history, taken, called) = (Vec::new(), Vec::new(), Vec::new());
        let execution = Execution::new(definition);
        let (machine_deleted, abandoned) = (false, Vec::new());
        let mut run = Run { execution, now, history, taken, called, machine_deleted, abandoned };
        run.tell(Event::Started(Box::new(start(input))));
        run
    }

    pub(super) fn tell(&mut self, event: Event) -> Reply {
        let machine_deleted = self.machine_deleted;
        let token = &|_, task: EventId| format!("token {}", task.0);
        let env = Env { now: self.now, seed: 7, machine_deleted, activity_exists: &|_| true, token };
        let step = self.execution.step(&env, event);
        let calls = step.asked.iter().filter_map(|command| match command {
            Command::Call(call) => Some(call.clone()),
            Command::Timer(_) | Command::Activity(_) => None,
        });
        self.called.extend(calls);
        self.abandoned.extend(step.abandoned.iter().map(|job| job.task.0));
        let events = step.facts.into_iter().filter(|entry| entry.fact.is_event());
        self.history.extend((step.first_event.0..).map(EventId).zip(events));
        step.reply
    }

    pub(super) fn act(&mut self, deed: &str) {
        let (deed, rest) = deed.split_once(' ').unwrap_or((deed, ""));
        let reply = match deed {
            "take" => {
                let waiting = self.execution.outstanding().into_iter().filter_map(|command| match command {
                    Command::Activity(task) if task.arn.ends_with(&format!(":{rest}")) => Some(task),
                    _ => None,
                });
                let picked =
                    waiting.min_by_key(|task| task.task).unwrap_or_else(|| panic!("no task in {rest}"));
                let (frame, task) = (picked.frame, picked.task);
                self.taken.push(picked);
                self.tell(Event::TaskStarted { frame, task, worker: None })
            }
            "ok" | "fail" => {
                let (number, answer) = rest.split_once(' ').expect("a number and an answer");
                let ActivityTask { frame, task, .. } = self.taken[number.parse::<usize>().expect("a number")];
                self.tell(match deed {
                    "ok" => Event::TaskSucceeded {
                        frame,
                        task,
                        output: Payload::parse(answer).expect("sound output"),
                    },
                    _ => Event::TaskFailed { frame, task, failure: Failure::new(answer, "told to") },
                })
            }
            "answer" | "refuse" | "end" | "break" => {
                let (number, answer) = rest.split_once(' ').expect("a number and an answer");
                let Call { frame, task, .. } = self.called[number.parse::<usize>().expect("a number")];
                let output = || Payload::parse(answer).expect("sound output");
                let failure = || Failure::new(answer, "told to");
                self.tell(match deed {
                    "answer" => Event::CallAnswered { frame, task, answer: Ok(output()) },
                    "refuse" => Event::CallAnswered { frame, task, answer: Err(failure()) },
                    "end" => Event::TaskSucceeded { frame, task, output: output() },
                    _ => Event::TaskFailed { frame, task, failure: failure() },
                })
            }
            "after" => return self.pass(Millis(rest.parse().expect("milliseconds"))),
            "stop" => self.tell(Event::StopRequested { failure: Failure::default() }),
            "redrive" => self.tell(Event::RedriveRequested { token: None }),
            "delete" => {
                self.machine_deleted = true;
                return;
            }
            other => panic!("{other}?"),
        };
        assert_ne!(reply, Reply::Late, "{deed} {rest}");
    }

    fn pass(&mut self, time: Millis) {
        let until = self.now.saturating_add(time);
        while let Some(Timer { due, frame, purpose }) = self.next_timer().filter(|timer| timer.due <= until) {
            self.now = self.now.max(due);
            self.tell(Event::TimerFired { frame, purpose, due });
        }
        self.now = until;
    }

    fn next_timer(&self) -> Option<Timer> {
        let timers = self.execution.outstanding().into_iter().filter_map(|command| match command {
            Command::Timer(timer) => Some(timer),
            Command::Activity(_) | Command::Call(_) => None,
        });
        timers.min()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.history
            .iter()
            .map(|(id, entry)| format!("{}<{} {}", id.0, entry.previous.0, shown(&entry.fact)))
            .collect()
    }
}

/// The type of an event, with what tells iterations apart.
fn shown(fact: &Fact) -> String {
    match fact {
        Fact::StateEntered { kind, .. } => format!("{kind:?}StateEntered"),
        Fact::StateExited { kind, .. } | Fact::StateExitedAssigned { kind, .. } => {
            format!("{kind:?}StateExited")
        }
        Fact::StateAborted { kind, .. } => format!("{kind:?}StateAborted"),
        Fact::MapStarted { length, .. } => format!("MapStateStarted{{{length}}}"),
        Fact::MapIterationStarted { index, .. } => format!("MapIterationStarted{{{index}}}"),
        Fact::MapIterationSucceeded { index, .. } => format!("MapIterationSucceeded{{{index}}}"),
        Fact::MapIterationFailed { index, .. } => format!("MapIterationFailed{{{index}}}"),
        Fact::MapIterationAborted { index, .. } => format!("MapIterationAborted{{{index}}}"),
        other => {
            let name = format!("{other:?}");
            let name = name.split([' ', '{']).next().unwrap_or_default().trim_end_matches("InRole");
            name.replacen("Parallel", "ParallelState", 1).replacen("MapS", "MapStateS", 1).replacen(
                "MapF",
                "MapStateF",
                1,
            )
        }
    }
}

fn start(input: &str) -> Start {
    Start {
        arn: "arn:aws:states:us-east-1:000000000000:execution:m:e".into(),
        name: "e".into(),
        machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".into(),
        machine_name: "m".into(),
        revision: "m/1".into(),
        version_arn: None,
        alias_arn: None,
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        trace_header: None,
        input: Payload::parse(input).expect("sound input"),
    }
}

/// A machine of these states; `task NAME` stands for the fields of a Task of this activity.
pub(super) fn compile(states: &str) -> Arc<Definition> {
    let mut text = format!("{{\"StartAt\":\"S\",\"States\":{{{states}}}}}");
    for (word, resource) in [
        ("function", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("invoke", "arn:aws:states:::lambda:invoke"),
        ("token", "arn:aws:states:::lambda:invoke.waitForTaskToken"),
        ("sync", "arn:aws:states:::states:startExecution.sync"),
    ] {
        let parameters = match word {
            "function" => "",
            "token" => r#","Parameters":{"FunctionName":"f","Payload":{"t.$":"$$.Task.Token"}}"#,
            "sync" => r#","Parameters":{"StateMachineArn":"m"}"#,
            _ => r#","Parameters":{"FunctionName":"f","Payload.$":"$"}"#,
        };
        text = text.replace(
            &format!("call {word}"),
            &format!(r#""Type":"Task","Resource":"{resource}"{parameters}"#),
        );
    }
    for name in ["a", "b", "c", "d"] {
        let task =
            format!(r#""Type":"Task","Resource":"arn:aws:states:us-east-1:000000000000:activity:{name}""#);
        text = text.replace(&format!("task {name}"), &task);
    }
    let parsed = asl::parse(&text, asl::Options::default());
    parsed.definition.unwrap_or_else(|| panic!("{:?} in {text}", parsed.diagnostics))
}

/// Runs a case and compares its history; returns how it ended.
pub(super) fn run(name: &str, states: &str, input: &str, script: &[&str], expected: &str) -> Option<Outcome> {
    let mut run = Run::start(compile(states), input);
    script.iter().for_each(|deed| run.act(deed));
    let words: Vec<&str> = expected.split_whitespace().collect();
    let expected: Vec<String> = words.chunks(2).map(|pair| pair.join(" ")).collect();
    assert_eq!(run.lines(), expected, "{name}");
    run.execution.outcome().cloned()
}

/// A case: what it shows, the states (it starts at `S`), the script, the events after 1.
type Case = (&'static str, &'static str, &'static [&'static str], &'static str);

/// Cases on an input with three items.
fn check(cases: &[Case]) {
    for (name, states, script, expected) in cases {
        run(name, states, r#"{ "items": [0, 1, 2] }"#, script, &format!("1<0 ExecutionStarted {expected}"));
    }
}

/// The output of a case that succeeds, or the error and cause of one that fails.
pub(super) fn outcome(name: &str, states: &str, input: &str, script: &[&str]) -> String {
    let mut run = Run::start(compile(states), input);
    script.iter().for_each(|deed| run.act(deed));
    match run.execution.outcome() {
        Some(Outcome::Succeeded(output)) => output.text().to_owned(),
        Some(Outcome::Failed(failure)) => {
            let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or("-").to_owned();
            format!("{}: {}", text(&failure.error), text(&failure.cause))
        }
        other => panic!("{name}: {other:?} after {:?}", run.lines()),
    }
}

#[test]
fn parallel_that_succeeds() {
    check(&[
        (
            "three workers (recorded)",
            r#""S": {"Type": "Pass", "Next": "P"}, "P": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {task a, "End": true}}},
                {"StartAt": "B", "States": {"B": {task b, "End": true}}},
                {"StartAt": "C", "States": {"C": {task c, "End": true}}}]}"#,
            &["take a", "take b", "take c", "ok 1 1", "ok 2 2", "ok 0 3"],
            "2<0 PassStateEntered 3<2 PassStateExited 4<3 ParallelStateEntered 5<4 ParallelStateStarted
             6<5 TaskStateEntered 7<6 ActivityScheduled 8<5 TaskStateEntered 9<8 ActivityScheduled
             10<5 TaskStateEntered 11<10 ActivityScheduled
             12<7 ActivityStarted 13<9 ActivityStarted 14<11 ActivityStarted
             15<13 ActivitySucceeded 16<15 TaskStateExited 17<14 ActivitySucceeded 18<17 TaskStateExited
             19<12 ActivitySucceeded 20<19 TaskStateExited
             21<20 ParallelStateSucceeded 22<20 ParallelStateExited 23<22 ExecutionSucceeded",
        ),
        (
            "nothing to wait for (recorded)",
            r#""S": {"Type": "Pass", "Next": "P"}, "P": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}},
                {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": true}}}]}"#,
            &[],
            "2<0 PassStateEntered 3<2 PassStateExited 4<3 ParallelStateEntered 5<4 ParallelStateStarted
             6<5 PassStateEntered 7<6 PassStateExited 8<5 PassStateEntered 9<8 PassStateExited
             10<9 ParallelStateSucceeded 11<9 ParallelStateExited 12<11 ExecutionSucceeded",
        ),
        (
            "a wait of no time does not interrupt a branch, another does (recorded)",
            r#""S": {"Type": "Parallel", "Next": "Z", "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 0, "Next": "A1"}, "A1": {"Type": "Succeed"}}},
                {"StartAt": "B", "States": {"B": {"Type": "Wait", "Seconds": 1, "End": true}}},
                {"StartAt": "C", "States": {"C": {"Type": "Succeed"}}}]}, "Z": {"Type": "Succeed"}"#,
            &["after 1000"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 WaitStateEntered 5<4 WaitStateExited 6<5 SucceedStateEntered 7<6 SucceedStateExited
             8<3 WaitStateEntered 9<3 SucceedStateEntered 10<9 SucceedStateExited
             11<8 WaitStateExited 12<11 ParallelStateSucceeded 13<11 ParallelStateExited
             14<13 SucceedStateEntered 15<14 SucceedStateExited 16<15 ExecutionSucceeded",
        ),
        (
            "a block in a branch begins on the spot (recorded)",
            r#""S": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Parallel", "End": true, "Branches": [
                    {"StartAt": "A1", "States": {"A1": {"Type": "Succeed"}}},
                    {"StartAt": "A2", "States": {"A2": {"Type": "Succeed"}}}]}}},
                {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}]}"#,
            &[],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 ParallelStateEntered 5<4 ParallelStateStarted
             6<5 SucceedStateEntered 7<6 SucceedStateExited 8<5 SucceedStateEntered 9<8 SucceedStateExited
             10<9 ParallelStateSucceeded 11<9 ParallelStateExited
             12<3 SucceedStateEntered 13<12 SucceedStateExited
             14<13 ParallelStateSucceeded 15<13 ParallelStateExited 16<15 ExecutionSucceeded",
        ),
        (
            "a machine may go round",
            r#""S": {"Type": "Parallel", "ResultPath": "$.p", "Next": "C", "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}]},
               "C": {"Type": "Choice", "Choices": [{"Variable": "$.p[0].p", "IsPresent": true, "Next": "Z"}], "Default": "S"},
               "Z": {"Type": "Succeed"}"#,
            &[],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 SucceedStateEntered 5<4 SucceedStateExited
             6<5 ParallelStateSucceeded 7<5 ParallelStateExited 8<7 ChoiceStateEntered 9<8 ChoiceStateExited
             10<9 ParallelStateEntered 11<10 ParallelStateStarted 12<11 SucceedStateEntered 13<12 SucceedStateExited
             14<13 ParallelStateSucceeded 15<13 ParallelStateExited 16<15 ChoiceStateEntered 17<16 ChoiceStateExited
             18<17 SucceedStateEntered 19<18 SucceedStateExited 20<19 ExecutionSucceeded",
        ),
    ]);
}

#[test]
fn parallel_that_fails() {
    check(&[
        (
            "a Fail state (recorded)",
            r#""S": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "E"}}},
                {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}]}"#,
            &[],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 FailStateEntered 5<4 ParallelStateFailed 6<5 ExecutionFailed",
        ),
        (
            "a worker fails while another works and a third branch is over (recorded)",
            r#""S": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {task a, "End": true}}},
                {"StartAt": "B", "States": {"B": {task b, "End": true}}},
                {"StartAt": "C", "States": {"C": {"Type": "Pass", "End": true}}}]}"#,
            &["take a", "take b", "fail 0 E"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 TaskStateEntered 5<4 ActivityScheduled 6<3 TaskStateEntered 7<6 ActivityScheduled
             8<3 PassStateEntered 9<8 PassStateExited 10<5 ActivityStarted 11<7 ActivityStarted
             12<10 ActivityFailed 13<12 TaskStateAborted 14<12 TaskStateAborted
             15<12 ParallelStateFailed 16<15 ExecutionFailed",
        ),
        (
            "the same, caught (recorded)",
            r#""S": {"Type": "Parallel", "Next": "Z", "Catch": [{"ErrorEquals": ["E"], "Next": "Z"}], "Branches": [
                {"StartAt": "A", "States": {"A": {task a, "End": true}}}]}, "Z": {"Type": "Succeed"}"#,
            &["take a", "fail 0 E"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 TaskStateEntered 5<4 ActivityScheduled 6<5 ActivityStarted
             7<6 ActivityFailed 8<7 TaskStateAborted 9<7 ParallelStateFailed 10<9 ParallelStateExited
             11<10 SucceedStateEntered 12<11 SucceedStateExited 13<12 ExecutionSucceeded",
        ),
        (
            "the same, tried again (recorded)",
            r#""S": {"Type": "Parallel", "End": true, "Retry": [{"ErrorEquals": ["States.BranchFailed"]}], "Branches": [
                {"StartAt": "A", "States": {"A": {task a, "End": true}}}]}"#,
            &["take a", "fail 0 E", "after 1000", "take a", "ok 1 1"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 TaskStateEntered 5<4 ActivityScheduled 6<5 ActivityStarted
             7<6 ActivityFailed 8<7 TaskStateAborted 9<7 ParallelStateStarted
             10<9 TaskStateEntered 11<10 ActivityScheduled 12<11 ActivityStarted
             13<12 ActivitySucceeded 14<13 TaskStateExited
             15<14 ParallelStateSucceeded 16<14 ParallelStateExited 17<16 ExecutionSucceeded",
        ),
        (
            "a Fail state, tried again once (recorded)",
            r#""S": {"Type": "Parallel", "End": true, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}], "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "E"}}}]}"#,
            &["after 1000"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 FailStateEntered 5<4 ParallelStateStarted
             6<5 FailStateEntered 7<6 ParallelStateFailed 8<7 ExecutionFailed",
        ),
        (
            "a failure of the state itself ends everything (recorded)",
            r#""S": {"Type": "Parallel", "End": true, "Retry": [{"ErrorEquals": ["States.ALL"]}], "Branches": [
                {"StartAt": "A", "States": {"A": {task a, "End": true}}},
                {"StartAt": "B", "States": {"B": {"Type": "Pass", "InputPath": "$.none", "End": true}}}]}"#,
            &[],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 TaskStateEntered 5<4 ActivityScheduled 6<3 PassStateEntered 7<6 ExecutionFailed",
        ),
        (
            "the ResultSelector (recorded)",
            r#""S": {"Type": "Parallel", "End": true, "ResultSelector": {"x.$": "$.none"}, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}]}"#,
            &[],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 PassStateEntered 5<4 PassStateExited
             6<5 ParallelStateSucceeded 7<6 ExecutionFailed",
        ),
        (
            "the Parameters: nothing was begun",
            r#""S": {"Type": "Parallel", "End": true, "Parameters": {"x.$": "$.none"}, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}]}"#,
            &[],
            "2<0 ParallelStateEntered 3<2 ExecutionFailed",
        ),
        (
            "every kind of state and block that is under way",
            r#""S": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 5, "End": true}}},
                {"StartAt": "B", "States": {"B": {"Type": "Parallel", "End": true, "Branches": [
                    {"StartAt": "B1", "States": {"B1": {task b, "End": true}}},
                    {"StartAt": "B2", "States": {"B2": {"Type": "Wait", "Seconds": 5, "End": true}}}]}}},
                {"StartAt": "C", "States": {"C": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "End": true,
                    "ItemProcessor": {"StartAt": "C1", "States": {"C1": {task c, "End": true}}}}}},
                {"StartAt": "D", "States": {"D": {task d, "End": true}}}]}"#,
            &["take d", "fail 0 E"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 WaitStateEntered
             5<3 ParallelStateEntered 6<5 ParallelStateStarted
             7<6 TaskStateEntered 8<7 ActivityScheduled 9<6 WaitStateEntered
             10<3 MapStateEntered 11<10 MapStateStarted{3} 12<11 MapIterationStarted{0}
             13<12 TaskStateEntered 14<13 ActivityScheduled
             15<3 TaskStateEntered 16<15 ActivityScheduled 17<16 ActivityStarted
             18<17 ActivityFailed 19<18 WaitStateAborted 20<18 ParallelStateAborted
             21<18 TaskStateAborted 22<18 WaitStateAborted 23<18 MapStateAborted
             24<18 MapIterationAborted{0} 25<18 TaskStateAborted 26<18 TaskStateAborted
             27<18 ParallelStateFailed 28<27 ExecutionFailed",
        ),
        (
            "a failure goes from block to block",
            r#""S": {"Type": "Parallel", "Next": "Z", "Catch": [{"ErrorEquals": ["E"], "Next": "Z"}], "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Parallel", "End": true, "Branches": [
                    {"StartAt": "A1", "States": {"A1": {task a, "End": true}}}]}}},
                {"StartAt": "B", "States": {"B": {task b, "End": true}}}]}, "Z": {"Type": "Succeed"}"#,
            &["take a", "fail 0 E"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 ParallelStateEntered 5<4 ParallelStateStarted 6<5 TaskStateEntered 7<6 ActivityScheduled
             8<3 TaskStateEntered 9<8 ActivityScheduled 10<7 ActivityStarted
             11<10 ActivityFailed 12<11 TaskStateAborted 13<11 ParallelStateFailed
             14<13 TaskStateAborted 15<13 ParallelStateFailed 16<15 ParallelStateExited
             17<16 SucceedStateEntered 18<17 SucceedStateExited 19<18 ExecutionSucceeded",
        ),
        (
            "a back-off in a branch that is aborted",
            r#""S": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {task a, "Retry": [{"ErrorEquals": ["E"]}], "End": true}}},
                {"StartAt": "B", "States": {"B": {task b, "End": true}}}]}"#,
            &["take a", "take b", "fail 0 E", "fail 1 F", "after 5000"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 TaskStateEntered 5<4 ActivityScheduled 6<3 TaskStateEntered 7<6 ActivityScheduled
             8<5 ActivityStarted 9<7 ActivityStarted 10<8 ActivityFailed
             11<9 ActivityFailed 12<11 TaskStateAborted 13<11 TaskStateAborted
             14<11 ParallelStateFailed 15<14 ExecutionFailed",
        ),
        (
            "a deleted machine ends after the last event of the branch that would go on",
            r#""S": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {task a, "End": true}}},
                {"StartAt": "B", "States": {"B": {task b, "End": true}}}]}"#,
            &["take a", "take b", "delete", "ok 0 1"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 TaskStateEntered 5<4 ActivityScheduled 6<3 TaskStateEntered 7<6 ActivityScheduled
             8<5 ActivityStarted 9<7 ActivityStarted 10<8 ExecutionFailed",
        ),
        (
            "a stop says nothing of the branches",
            r#""S": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {task a, "End": true}}},
                {"StartAt": "B", "States": {"B": {"Type": "Wait", "Seconds": 1, "End": true}}}]}"#,
            &["stop", "after 5000"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 TaskStateEntered 5<4 ActivityScheduled 6<3 WaitStateEntered 7<0 ExecutionAborted",
        ),
    ]);
}

#[test]
fn map_that_succeeds() {
    check(&[
        (
            "one at a time (recorded)",
            r#""S": {"Type": "Map", "InputPath": "$.items", "MaxConcurrency": 1, "End": true, "ItemsPath": "$",
                "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}}"#,
            &[],
            "2<0 MapStateEntered 3<2 MapStateStarted{3}
             4<3 MapIterationStarted{0} 5<4 PassStateEntered 6<5 PassStateExited 7<6 MapIterationSucceeded{0}
             8<6 MapIterationStarted{1} 9<8 PassStateEntered 10<9 PassStateExited 11<10 MapIterationSucceeded{1}
             12<10 MapIterationStarted{2} 13<12 PassStateEntered 14<13 PassStateExited 15<14 MapIterationSucceeded{2}
             16<15 MapStateSucceeded 17<15 MapStateExited 18<17 ExecutionSucceeded",
        ),
        (
            "two at a time, the first waits (recorded, with other numbers)",
            r#""S": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true,
                "ItemSelector": {"s.$": "$$.Map.Item.Index"},
                "Iterator": {"StartAt": "C", "States": {
                    "C": {"Type": "Choice", "Choices": [{"Variable": "$.s", "NumericEquals": 0, "Next": "W"}], "Default": "I"},
                    "W": {"Type": "Wait", "Seconds": 1, "Next": "I"}, "I": {"Type": "Succeed"}}}}"#,
            &["after 1000"],
            "2<0 MapStateEntered 3<2 MapStateStarted{3} 4<3 MapIterationStarted{0} 5<3 MapIterationStarted{1}
             6<4 ChoiceStateEntered 7<6 ChoiceStateExited 8<7 WaitStateEntered
             9<5 ChoiceStateEntered 10<9 ChoiceStateExited 11<10 SucceedStateEntered 12<11 SucceedStateExited
             13<12 MapIterationSucceeded{1}
             14<12 MapIterationStarted{2} 15<14 ChoiceStateEntered 16<15 ChoiceStateExited
             17<16 SucceedStateEntered 18<17 SucceedStateExited 19<18 MapIterationSucceeded{2}
             20<8 WaitStateExited 21<20 SucceedStateEntered 22<21 SucceedStateExited 23<22 MapIterationSucceeded{0}
             24<23 MapStateSucceeded 25<23 MapStateExited 26<25 ExecutionSucceeded",
        ),
        (
            "an iteration that begins in a free slot runs after those that began before",
            r#""S": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true,
                "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
            &[],
            "2<0 MapStateEntered 3<2 MapStateStarted{3} 4<3 MapIterationStarted{0} 5<3 MapIterationStarted{1}
             6<4 SucceedStateEntered 7<6 SucceedStateExited 8<7 MapIterationSucceeded{0} 9<7 MapIterationStarted{2}
             10<5 SucceedStateEntered 11<10 SucceedStateExited 12<11 MapIterationSucceeded{1}
             13<9 SucceedStateEntered 14<13 SucceedStateExited 15<14 MapIterationSucceeded{2}
             16<15 MapStateSucceeded 17<15 MapStateExited 18<17 ExecutionSucceeded",
        ),
        (
            "a Map in a Map: its exit is the last event of the outer iteration (recorded)",
            r#""S": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "End": true,
                "ItemSelector": [[{"i.$": "$$.Map.Item.Index"}]],
                "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Map", "End": true, "ItemsPath": "$[0]",
                    "ItemProcessor": {"StartAt": "J", "States": {"J": {"Type": "Pass", "End": true}}}}}}}"#,
            &[],
            "2<0 MapStateEntered 3<2 MapStateStarted{3}
             4<3 MapIterationStarted{0} 5<4 MapStateEntered 6<5 MapStateStarted{1} 7<6 MapIterationStarted{0}
             8<7 PassStateEntered 9<8 PassStateExited 10<9 MapIterationSucceeded{0}
             11<10 MapStateSucceeded 12<10 MapStateExited 13<12 MapIterationSucceeded{0}
             14<12 MapIterationStarted{1} 15<14 MapStateEntered 16<15 MapStateStarted{1} 17<16 MapIterationStarted{0}
             18<17 PassStateEntered 19<18 PassStateExited 20<19 MapIterationSucceeded{0}
             21<20 MapStateSucceeded 22<20 MapStateExited 23<22 MapIterationSucceeded{1}
             24<22 MapIterationStarted{2} 25<24 MapStateEntered 26<25 MapStateStarted{1} 27<26 MapIterationStarted{0}
             28<27 PassStateEntered 29<28 PassStateExited 30<29 MapIterationSucceeded{0}
             31<30 MapStateSucceeded 32<30 MapStateExited 33<32 MapIterationSucceeded{2}
             34<33 MapStateSucceeded 35<33 MapStateExited 36<35 ExecutionSucceeded",
        ),
    ]);
    let none = r#""S": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#;
    run(
        "no items (recorded)",
        none,
        " [ ] ",
        &[],
        "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted{0} 4<3 MapStateSucceeded 5<3 MapStateExited
         6<5 ExecutionSucceeded",
    );
}

#[test]
fn map_that_fails() {
    check(&[
        (
            "all that run out of time at once are told before the Map knows (recorded, with other numbers)",
            r#""S": {"Type": "Map", "InputPath": "$$.Execution.Input.items", "End": true,
                "ItemProcessor": {"StartAt": "I", "States": {"I": {task a, "TimeoutSeconds": 1, "End": true}}}}"#,
            &["take a", "take a", "take a", "after 1000"],
            "2<0 MapStateEntered 3<2 MapStateStarted{3}
             4<3 MapIterationStarted{0} 5<3 MapIterationStarted{1} 6<3 MapIterationStarted{2}
             7<4 TaskStateEntered 8<7 ActivityScheduled 9<5 TaskStateEntered 10<9 ActivityScheduled
             11<6 TaskStateEntered 12<11 ActivityScheduled
             13<8 ActivityStarted 14<10 ActivityStarted 15<12 ActivityStarted
             16<13 ActivityTimedOut 17<14 ActivityTimedOut 18<15 ActivityTimedOut
             19<16 MapIterationFailed{0} 20<16 TaskStateAborted
             21<16 MapIterationAborted{1} 22<16 TaskStateAborted
             23<16 MapIterationAborted{2} 24<16 TaskStateAborted
             25<16 MapStateFailed 26<25 ExecutionFailed",
        ),
        (
            "of those that run out of time at once, one is tried again and the other fails the Parallel",
            r#""S": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "A", "States": {"A": {task a, "TimeoutSeconds": 1, "End": true,
                    "Retry": [{"ErrorEquals": ["States.Timeout"]}]}}},
                {"StartAt": "B", "States": {"B": {task a, "HeartbeatSeconds": 1, "End": true,
                    "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "C"}]}, "C": {"Type": "Fail"}}}]}"#,
            &["take a", "take a", "after 1000"],
            "2<0 ParallelStateEntered 3<2 ParallelStateStarted
             4<3 TaskStateEntered 5<4 ActivityScheduled 6<3 TaskStateEntered 7<6 ActivityScheduled
             8<5 ActivityStarted 9<7 ActivityStarted 10<8 ActivityTimedOut 11<9 ActivityTimedOut
             12<11 TaskStateExited 13<12 FailStateEntered 14<13 TaskStateAborted
             15<13 ParallelStateFailed 16<15 ExecutionFailed",
        ),
        (
            "the second fails while the first runs (recorded, with other numbers)",
            r#""S": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true,
                "ItemProcessor": {"StartAt": "I", "States": {"I": {task a, "End": true}}}}"#,
            &["take a", "take a", "fail 1 E"],
            "2<0 MapStateEntered 3<2 MapStateStarted{3} 4<3 MapIterationStarted{0} 5<3 MapIterationStarted{1}
             6<4 TaskStateEntered 7<6 ActivityScheduled 8<5 TaskStateEntered 9<8 ActivityScheduled
             10<7 ActivityStarted 11<9 ActivityStarted
             12<11 ActivityFailed 13<12 MapIterationAborted{0} 14<12 TaskStateAborted
             15<12 MapIterationFailed{1} 16<12 TaskStateAborted 17<12 MapStateFailed 18<17 ExecutionFailed",
        ),
        (
            "a Fail state, caught, after an iteration that is over (recorded)",
            r#""S": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "Next": "Z",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}],
                "ItemProcessor": {"StartAt": "C", "States": {
                    "C": {"Type": "Choice", "InputPath": "$$.State", "Choices": [{"Variable": "$.Name", "StringEquals": "C", "Next": "F"}], "Default": "F"},
                    "F": {"Type": "Fail", "Error": "E"}}}}, "Z": {"Type": "Succeed"}"#,
            &[],
            "2<0 MapStateEntered 3<2 MapStateStarted{3} 4<3 MapIterationStarted{0}
             5<4 ChoiceStateEntered 6<5 ChoiceStateExited 7<6 FailStateEntered
             8<7 MapIterationFailed{0} 9<7 MapStateFailed 10<9 MapStateExited
             11<10 SucceedStateEntered 12<11 SucceedStateExited 13<12 ExecutionSucceeded",
        ),
        (
            "a Fail state, tried again once (recorded)",
            r#""S": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "End": true,
                "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],
                "ItemProcessor": {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}}"#,
            &["after 1000"],
            "2<0 MapStateEntered 3<2 MapStateStarted{3} 4<3 MapIterationStarted{0}
             5<4 FailStateEntered 6<5 MapIterationFailed{0} 7<5 MapStateStarted{3} 8<7 MapIterationStarted{0}
             9<8 FailStateEntered 10<9 MapIterationFailed{0} 11<9 MapStateFailed 12<11 ExecutionFailed",
        ),
        (
            "a failure of the state itself ends everything (recorded)",
            r#""S": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "End": true,
                "Retry": [{"ErrorEquals": ["States.ALL"]}],
                "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "InputPath": "$.none", "End": true}}}}"#,
            &[],
            "2<0 MapStateEntered 3<2 MapStateStarted{3} 4<3 MapIterationStarted{0} 5<4 PassStateEntered 6<5 ExecutionFailed",
        ),
        (
            "what is no array (recorded)",
            r#""S": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
            &[],
            "2<0 MapStateEntered 3<2 ExecutionFailed",
        ),
        (
            "a limit that is none (recorded)",
            r#""S": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrencyPath": "$", "End": true,
                "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
            &[],
            "2<0 MapStateEntered 3<2 ExecutionFailed",
        ),
        (
            "the selector of an item",
            r#""S": {"Type": "Map", "ItemsPath": "$.items", "ItemSelector": {"x.$": "$$.Map.Item.Value.none"}, "End": true,
                "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}"#,
            &[],
            "2<0 MapStateEntered 3<2 MapStateStarted{3} 4<3 ExecutionFailed",
        ),
    ]);
}

#[test]
fn what_blocks_give_and_get() {
    let branches = |fields: &str| {
        format!(
            r#""S": {{"Type": "Parallel", "End": true, {fields} "Branches": [
                {{"StartAt": "A", "States": {{"A": {{task a, "End": true}}}}}},
                {{"StartAt": "B", "States": {{"B": {{"Type": "Succeed"}}}}}}]}}"#
        )
    };
    let items = |fields: &str| {
        format!(
            r#""S": {{"Type": "Map", "End": true, {fields} "ItemProcessor":
                {{"StartAt": "I", "States": {{"I": {{"Type": "Succeed"}}}}}}}}"#
        )
    };
    let context = r#""ItemSelector": {"c.$": "$$.Map", "v.$": "$$.Map.Item.Value", "in.$": "$.k", "n.$": "$$.State.RetryCount", "k": 1},"#;
    let not_an_array = r#"States.Runtime: Reference path "$.l" must point to array."#;
    let state = "An error occurred while executing the state 'S' (entered at the event id #2). ";
    let no_integer = |shown: &str| {
        format!(
            "States.Runtime: {state}The MaxConcurrencyPath field refers to value \"{shown}\" which is not a valid integer: $.m"
        )
    };
    let parallel = &["take a", "ok 0 [[1, 2], 3.0 ]"];
    let cases: &[(&str, String, &str, &[&str], String)] = &[
        (
            "texts are joined",
            branches(""),
            r#"{ "k" : 1 }"#,
            parallel,
            r#"[[[1, 2], 3.0 ],{ "k" : 1 }]"#.into(),
        ),
        (
            "all fields",
            branches(
                r#""InputPath": "$.k", "Parameters": {"p.$": "$"}, "ResultSelector": {"r.$": "$[1].p"}, "ResultPath": "$.x", "OutputPath": "$.x.r","#,
            ),
            r#"{"k": [1, 2]}"#,
            parallel,
            "[1,2]".into(),
        ),
        (
            "items",
            items(r#""ItemsPath": "$.l","#),
            r#"{"l": [ 1.0, {"a": 2}, "x" ]}"#,
            &[],
            r#"[1.0,{"a":2},"x"]"#.into(),
        ),
        (
            "items with context",
            items(&format!(r#""ItemsPath": "$.l", {context}"#)),
            r#"{"l": [7], "k": "in"}"#,
            &[],
            r#"[{"k":1,"c":{"Item":{"Index":0,"Value":7}},"in":"in","v":7,"n":0}]"#.into(),
        ),
        (
            "items of the context, and Parameters for ItemSelector",
            items(
                r#""InputPath": "$.k", "ItemsPath": "$$.Execution.Input.l", "Parameters": {"a.$": "$"}, "MaxConcurrencyPath": "$$.Execution.Input.l[1]","#,
            ),
            r#"{"l": [1, 2, 3], "k": "in"}"#,
            &[],
            r#"[{"a":"in"},{"a":"in"},{"a":"in"}]"#.into(),
        ),
        ("an object", items(r#""ItemsPath": "$.l","#), r#"{"l": {}}"#, &[], not_an_array.into()),
        ("null", items(r#""ItemsPath": "$.l","#), r#"{"l": null}"#, &[], not_an_array.into()),
        (
            "no integer",
            items(r#""ItemsPath": "$.l", "MaxConcurrencyPath": "$.m","#),
            r#"{"l": [], "m": {}}"#,
            &[],
            no_integer("{}"),
        ),
        (
            "a text",
            items(r#""ItemsPath": "$.l", "MaxConcurrencyPath": "$.m","#),
            r#"{"l": [], "m": "NoNumber"}"#,
            &[],
            no_integer("NoNumber"),
        ),
        (
            "negative",
            items(r#""ItemsPath": "$.l", "MaxConcurrencyPath": "$.m","#),
            r#"{"l": [], "m": -1}"#,
            &[],
            no_integer("-1"),
        ),
        (
            "huge",
            items(r#""ItemsPath": "$.l", "MaxConcurrencyPath": "$.m","#),
            r#"{"l": [1], "m": 9999999999}"#,
            &[],
            "[1]".into(),
        ),
        (
            "the error of the branch is caught by either name",
            branches(r#""Catch": [{"ErrorEquals": ["States.BranchFailed"], "Next": "Z"}],"#)
                + r#", "Z": {"Type": "Succeed"}"#,
            "{}",
            &["take a", "fail 0 E"],
            r#"{"Error":"E","Cause":"told to"}"#.into(),
        ),
    ];
    for (name, states, input, script, expected) in cases {
        assert_eq!(&outcome(name, states, input, script), expected, "{name}");
    }
}

#[test]
fn retries_of_a_block_are_counted() {
    let states = r#""S": {"Type": "Parallel", "End": true, "Parameters": {"n.$": "$$.State.RetryCount"},
        "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}, {"ErrorEquals": ["F"], "MaxAttempts": 1}], "Branches": [
        {"StartAt": "A", "States": {"A": {task a, "End": true}}},
        {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}]}"#;
    let script = ["take a", "fail 0 E", "after 1000", "take a", "fail 1 F", "after 1000", "take a", "ok 2 0"];
    assert_eq!(outcome("each once", states, "{}", &script), r#"[0,{"n":2}]"#);
    let script = ["take a", "fail 0 E", "after 1000", "take a", "fail 1 E"];
    assert_eq!(outcome("one twice", states, "{}", &script), "E: told to");
}

#[test]
fn a_result_has_a_size_limit() {
    let big = format!("\"{}\"", "x".repeat(super::MAX_PAYLOAD_BYTES / 2));
    let states = r#""S": {"Type": "Parallel", "Next": "Z", "Catch": [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Z"}], "Branches": [
        {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}},
        {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}]}, "Z": {"Type": "Pass", "Result": "caught", "End": true}"#;
    assert_eq!(outcome("too large", states, &big, &[]), "\"caught\"");
    let expected = "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted
        4<3 SucceedStateEntered 5<4 SucceedStateExited 6<3 SucceedStateEntered 7<6 SucceedStateExited
        8<7 ParallelStateFailed 9<8 ParallelStateExited 10<9 PassStateEntered 11<10 PassStateExited 12<11 ExecutionSucceeded";
    run("too large", states, &big, &[], expected);
}

#[test]
fn an_item_that_is_too_large_fails_the_map() {
    let states = r#""S": {"Type": "Map", "MaxConcurrency": 2, "End": true,
        "ItemSelector": {"a.$": "$$.Map.Item.Value", "b.$": "$$.Map.Item.Value"},
        "ItemProcessor": {"StartAt": "I", "States": {"I": {task a, "End": true}}}}"#;
    let large = "x".repeat(super::MAX_PAYLOAD_BYTES / 2);
    // Iterations that were begun are aborted, whether they had come to their first state or not.
    run(
        "the second",
        states,
        &format!("[0, \"{large}\"]"),
        &[],
        "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted{2} 4<3 MapIterationStarted{0}
         5<3 MapIterationAborted{0} 6<3 MapStateFailed 7<6 ExecutionFailed",
    );
    run(
        "the third",
        states,
        &format!("[0, 1, \"{large}\"]"),
        &["take a", "ok 0 1"],
        "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted{3}
         4<3 MapIterationStarted{0} 5<3 MapIterationStarted{1} 6<4 TaskStateEntered 7<6 ActivityScheduled
         8<5 TaskStateEntered 9<8 ActivityScheduled 10<7 ActivityStarted 11<10 ActivitySucceeded 12<11 TaskStateExited
         13<12 MapIterationSucceeded{0} 14<13 MapIterationAborted{1} 15<13 TaskStateAborted
         16<13 MapStateFailed 17<16 ExecutionFailed",
    );
}

#[test]
fn a_full_history_ends_blocks() {
    let states = r#""S": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "P", "States": {
        "P": {"Type": "Parallel", "End": true, "Branches": [
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}},
            {"StartAt": "B", "States": {"B": {task b, "End": true}}}]}}}}"#;
    let items: Vec<String> = (0..10_000).map(|item| item.to_string()).collect();
    let mut run = Run::start(compile(states), &format!("[{}]", items.join(",")));
    let mut number = 0;
    while run.execution.outcome().is_none() {
        run.act("take b");
        run.act(&format!("ok {number} {number}"));
        number += 1;
    }
    let (id, last) = run.history.last().expect("a full history");
    assert_eq!((id.0, last.previous.0), (super::MAX_EVENTS, super::MAX_EVENTS - 1));
    let cause = "The execution reached the maximum number of history events (25000).";
    assert_eq!(last.fact, Fact::ExecutionFailed { failure: Failure::runtime(cause) });
    assert_eq!(run.execution.outstanding(), []);
}

#[test]
fn calls() {
    check(&[
        (
            "direct (recorded)",
            r#""S": { call function, "End": true }"#,
            &["answer 0 1"],
            "2<0 TaskStateEntered 3<2 LambdaFunctionScheduled 4<3 LambdaFunctionStarted 5<4 LambdaFunctionSucceeded \
             6<5 TaskStateExited 7<6 ExecutionSucceeded",
        ),
        (
            "direct, time-out (recorded)",
            r#""S": { call function, "TimeoutSeconds": 5, "End": true }"#,
            &["after 5000"],
            "2<0 TaskStateEntered 3<2 LambdaFunctionScheduled 4<3 LambdaFunctionStarted 5<4 LambdaFunctionTimedOut \
             6<5 ExecutionFailed",
        ),
        (
            "service, failure, retry, catch (recorded)",
            r#""S": { call invoke, "Retry": [{ "ErrorEquals": ["E"], "MaxAttempts": 1 }],
                "Catch": [{ "ErrorEquals": ["States.TaskFailed"], "Next": "T" }], "End": true },
                "T": { "Type": "Succeed" }"#,
            &["refuse 0 E", "after 1000", "refuse 1 E"],
            "2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskFailed 6<5 TaskScheduled 7<6 TaskStarted \
             8<7 TaskFailed 9<8 TaskStateExited 10<9 SucceedStateEntered 11<10 SucceedStateExited \
             12<11 ExecutionSucceeded",
        ),
        (
            "job (recorded)",
            r#""S": { call sync, "End": true }"#,
            &["answer 0 {}", "break 0 States.TaskFailed"],
            "2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskSubmitted 6<5 TaskFailed 7<6 ExecutionFailed",
        ),
        (
            "a token outruns the answer to its call",
            r#""S": { call token, "End": true }"#,
            &["end 0 1"],
            "2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskSucceeded 6<5 TaskStateExited \
             7<6 ExecutionSucceeded",
        ),
        (
            "a lost heartbeat after the answer",
            r#""S": { call token, "HeartbeatSeconds": 2, "End": true }"#,
            &["answer 0 1", "after 2000"],
            "2<0 TaskStateEntered 3<2 TaskScheduled 4<3 TaskStarted 5<4 TaskSubmitted 6<5 TaskTimedOut 7<6 ExecutionFailed",
        ),
        (
            "iterations schedule all calls before the first begins (recorded)",
            r#""S": { "Type": "Map", "ItemsPath": "$.items", "End": true, "ItemProcessor": {
                "StartAt": "T", "States": { "T": { call invoke, "TimeoutSeconds": 1, "End": true } } } }"#,
            &["answer 1 1"],
            "2<0 MapStateEntered 3<2 MapStateStarted{3} 4<3 MapIterationStarted{0} 5<3 MapIterationStarted{1} \
             6<3 MapIterationStarted{2} 7<4 TaskStateEntered 8<7 TaskScheduled 9<5 TaskStateEntered 10<9 TaskScheduled \
             11<6 TaskStateEntered 12<11 TaskScheduled 13<8 TaskStarted 14<10 TaskStarted 15<12 TaskStarted \
             16<14 TaskSucceeded 17<16 TaskStateExited 18<17 MapIterationSucceeded{1}",
        ),
    ]);
}

#[test]
fn what_calls_carry() {
    let called = |states: &str, input: &str| {
        let run = Run::start(compile(states), input);
        run.called.iter().map(|call| call.input.text().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(called(r#""S": { call function, "End": true }"#, "{ \"a\": 1 }"), ["{ \"a\": 1 }"]);
    let token = r#"{"FunctionName":"f","Payload":{"t":"token 3"}}"#;
    assert_eq!(called(r#""S": { call token, "End": true }"#, "{}"), [token]);
    // Only tasks that wait for a token have one.
    let end = |states: &str, script: &[&str]| outcome("calls", states, "{ }", script);
    let tokenless = r#""S": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
        "Parameters": { "FunctionName.$": "$$.Task.Token" } }"#;
    assert!(end(tokenless, &[]).contains("$$.Task.Token"), "{}", end(tokenless, &[]));
    let nameless = r#""S": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true }"#;
    assert_eq!(
        end(nameless, &[]),
        "States.Runtime: An error occurred while executing the state 'S' (entered at the event id #2). The Parameters \
         '{ }' could not be used to start the Task: [The field 'FunctionName' is required but was missing]"
    );
    // A result that is too large fails the task, under the name of what was called.
    let large = format!("answer 0 \"{}\"", "x".repeat(super::MAX_PAYLOAD_BYTES));
    let too_large = |name: &str| {
        format!(
            "States.DataLimitExceeded: The state/task '{name}' returned a result with a size exceeding the maximum \
             number of bytes service limit."
        )
    };
    let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
    assert_eq!(end(r#""S": { call function, "End": true }"#, &[&large]), too_large(function));
    assert_eq!(end(r#""S": { call invoke, "End": true }"#, &[&large]), too_large("lambda"));
    // The cause of a time-out is an empty text for a catcher (recorded).
    let caught = r#""S": { call invoke, "TimeoutSeconds": 1, "Next": "T",
        "Catch": [{ "ErrorEquals": ["States.Timeout"], "Next": "T" }] }, "T": { "Type": "Succeed" }"#;
    assert_eq!(end(caught, &["after 1000"]), r#"{"Error":"States.Timeout","Cause":""}"#);
}

#[test]
fn jobs_that_nobody_waits_for() {
    let alone = r#""S":{call sync,"TimeoutSeconds":9,"Retry":[{"ErrorEquals":["States.Timeout"],"IntervalSeconds":1}],"End":true}"#;
    let beside = r#""S":{"Type":"Parallel","End":true,"Branches":[
        {"StartAt":"x","States":{"x":{call sync,"End":true}}},
        {"StartAt":"y","States":{"y":{call sync,"End":true}}},
        {"StartAt":"z","States":{"z":{task a,"End":true}}}]}"#;
    let cases: &[(&str, &[&str], &[u64])] = &[
        (alone, &["answer 0 1", "end 0 1"], &[]),
        (alone, &["answer 0 1", "break 0 E"], &[]),
        (alone, &["refuse 0 E"], &[]),
        (alone, &["stop"], &[3]),
        (alone, &["answer 0 1", "stop"], &[3]),
        (alone, &["answer 0 1", "after 9000"], &[3]),
        // The second attempt has a job of its own.
        (alone, &["after 9000", "after 1000", "answer 1 1", "stop"], &[3, 6]),
        (beside, &["answer 0 1", "end 0 1", "take a", "fail 0 E"], &[7]),
        (beside, &["answer 0 1", "break 0 E"], &[7]),
        (r#""S":{call token,"End":true}"#, &["answer 0 1", "stop"], &[]),
        (r#""S":{call function,"End":true}"#, &["stop"], &[]),
    ];
    for (states, script, expected) in cases {
        let mut run = Run::start(compile(states), "{}");
        script.iter().for_each(|deed| run.act(deed));
        assert_eq!(run.abandoned, *expected, "{script:?}: {:?}", run.lines());
    }
}
