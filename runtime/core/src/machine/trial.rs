//! One state tried by itself: what it makes of an input, seen stage by stage, and where it would go.
//!
//! A [`Trial`] enters a state as an execution does, with the same functions and the same events, and stops
//! where the execution would go on: at the next state, at a retry, at a failure. The functions show what they
//! make to `Turn::saw`, which costs an execution one look at an `Option`. This module must not know the
//! service's shapes, nor which stages it shows of which kind of state.

use std::cell::RefCell;
use std::sync::Arc;

use super::event::Event;
use super::execution::{Env, Execution, Mode, Outcome, Step, Turn};
use super::fact::{Fact, StateKind};
use super::retry::Failure;
use super::state::{self, Flow};
use super::timestamp::Millis;
use super::{FrameId, Variables};
use crate::asl::Definition;
use crate::asl::definition::{State, StateId};
use crate::json::{Object, Payload, Value};

/// One state and what became of it so far.
///
/// It is told its [`Event::Started`] first, like an execution. What it then asks for is carried out and
/// answered as for an execution, or else [`mocked`](Trial::mock).
#[derive(Debug)]
pub struct Trial {
    execution: Execution,
    probe: Probe,
}

/// What a state is tried with, besides its input.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The variables that states before it have set.
    pub variables: Variables,
    /// The whole context object; `None`: the one of an execution that is at this state.
    pub context: Option<Payload>,
    /// What the context object has as the item of the Map around the state, which is its first.
    pub item: Option<Value>,
    /// How often the retrier that takes a failure has been used before.
    pub retries: u32,
    /// What the reader of a Map gives, or why it fails.
    pub items: Option<Result<Payload, Failure>>,
}

/// What stands for the work of a Task, or of the branches or iterations of a block.
#[derive(Clone, Debug)]
pub struct Mock {
    /// The result, or the failure.
    pub answer: Result<Payload, Failure>,
    /// How many iterations of a Map have failed.
    pub failed_iterations: u32,
    /// The failure is that of a state within a block that is no Task, so that `States.TaskFailed` does not name it.
    pub no_task: bool,
}

/// A point on the way of data through a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// After `InputPath`.
    InputPath,
    /// After `Parameters`; the data itself where there is none.
    Parameters,
    /// After `Arguments`; the input itself where there are none.
    Arguments,
    /// The items of a Map, after `ItemsPath`.
    Items,
    /// What the iterations of a Map get, as an array, where it has an `ItemSelector`.
    ItemSelector,
    /// The batches that the iterations of a Map get, as an array, where it has an `ItemBatcher`.
    ItemBatcher,
    /// The result, as it came.
    Result,
    /// After `ResultSelector`; the result itself where there is none.
    ResultSelector,
    /// After `ResultPath`.
    ResultPath,
}

/// What was seen of a state while it was tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    stages: Vec<(Stage, Payload)>,
    /// How many items a Map has.
    pub items: Option<u32>,
    /// How many iterations of a Map may run at once, 0 for any number.
    pub max_concurrency: Option<u64>,
    /// How many iterations of a Map may fail.
    pub tolerated_failures: Option<u64>,
    /// Which share of the iterations of a Map may fail, in percent.
    pub tolerated_percentage: Option<f64>,
    /// Index of the retrier that names the failure, whether or not it is used up.
    pub retrier: Option<usize>,
    /// How long the retry would have to wait, if there is one.
    pub back_off: Option<Millis>,
    /// Index of the catcher that took the failure.
    pub catcher: Option<usize>,
    /// The failure that a retrier or a catcher took.
    handled: Option<Failure>,
    /// The failure is not one of a Task, according to its mock.
    pub(super) no_task: bool,
    end: Option<End>,
}

impl Seen {
    /// What was there after a stage, if the state came there.
    pub fn at(&self, stage: Stage) -> Option<&Payload> {
        self.stages.iter().find(|(seen, _)| *seen == stage).map(|(_, data)| data)
    }
}

/// Where the line of control went.
#[derive(Clone, Debug, PartialEq)]
enum End {
    Left { output: Payload, next: Option<Arc<str>> },
    Failed(Failure),
}

/// What became of a state.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It was left.
    Succeeded {
        /// Its output.
        output: Payload,
        /// Where it leads, unless it is an end.
        next: Option<Arc<str>>,
    },
    /// It failed, and a catcher took the failure.
    Caught {
        /// What failed.
        failure: Failure,
        /// The output.
        output: Payload,
        /// Where the catcher leads.
        next: Option<Arc<str>>,
    },
    /// It failed, and would be tried again.
    Retriable(Failure),
    /// It failed for good.
    Failed(Failure),
}

impl Trial {
    /// A state before its first event.
    pub fn new(definition: Arc<Definition>, state: StateId, given: Given) -> Trial {
        // The context object is that of a synchronous Express execution, and so is the limit of time (recorded).
        let execution = Execution::of(definition, Mode::ExpressSync);
        Trial { execution, probe: Probe { given, state, seen: RefCell::default() } }
    }

    /// Takes one event, as [`Execution::step`] does.
    pub fn step(&mut self, env: &Env<'_>, event: Event) -> Step {
        let mut turn = Turn::of_trial(&mut self.execution, env, &self.probe);
        turn.take(event);
        turn.finish()
    }

    /// Gives a state that waits for work the answer. Others go on waiting, and one that has failed before its
    /// work could begin has failed, although its block may have been opened.
    pub fn mock(&mut self, env: &Env<'_>, mock: Mock) -> Step {
        let is_decided = self.is_decided();
        let mut turn = Turn::of_trial(&mut self.execution, env, &self.probe);
        if !is_decided {
            state::mocked(&mut turn, FrameId::ROOT, mock);
        }
        turn.finish()
    }

    /// The state that is tried.
    pub fn state(&self) -> Option<&State> {
        self.execution.definition().state(self.probe.state)
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.probe.seen.borrow().clone()
    }

    /// Whether it is known what became of it.
    pub fn is_decided(&self) -> bool {
        let seen = self.probe.seen.borrow();
        seen.end.is_some() || seen.handled.is_some() || self.execution.outcome().is_some()
    }

    /// What became of it; `None` as long as it waits.
    pub fn verdict(&self) -> Option<Verdict> {
        let seen = self.probe.seen.borrow();
        match (&seen.end, &seen.handled) {
            (Some(End::Failed(failure)), _) => Some(Verdict::Failed(failure.clone())),
            (Some(End::Left { output, next }), None) => {
                Some(Verdict::Succeeded { output: output.clone(), next: next.clone() })
            }
            (Some(End::Left { output, next }), Some(failure)) => {
                Some(Verdict::Caught { failure: failure.clone(), output: output.clone(), next: next.clone() })
            }
            (None, Some(failure)) => Some(Verdict::Retriable(failure.clone())),
            (None, None) => match self.execution.outcome()? {
                Outcome::TimedOut => Some(Verdict::Failed(Failure::timeout())),
                Outcome::Failed(failure) | Outcome::Aborted(failure) => {
                    Some(Verdict::Failed(failure.clone()))
                }
                Outcome::Succeeded(output) => Some(Verdict::Succeeded { output: output.clone(), next: None }),
            },
        }
    }

    /// The variables as they are now, by name.
    pub fn variables(&self) -> Object {
        let mut variables = Object::new();
        for (name, value) in self.execution.variables_of(FrameId::ROOT) {
            variables.insert(name.clone(), value.value().clone());
        }
        variables
    }
}

/// The state that is tried, as its steps see it.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) given: Given,
    state: StateId,
    seen: RefCell<Seen>,
}

impl Probe {
    /// The execution has begun: the state is entered.
    pub(super) fn enter(&self, turn: &mut Turn<'_>) {
        let (frame, variables) = (FrameId::ROOT, self.given.variables.clone());
        if let Some(output) = turn.data(frame).filter(|_| !variables.is_empty()) {
            // What set them was a state that was left with what is now the input.
            let (kind, name) = (StateKind::Pass, "".into());
            turn.record(frame, Fact::StateExitedAssigned { frame, kind, name, output, variables });
        }
        let flow = state::enter(turn, frame, self.state);
        turn.follow(frame, flow);
    }

    /// The state goes somewhere, or waits.
    pub(super) fn left(&self, turn: &Turn<'_>, flow: Flow) {
        let left = |next: Option<StateId>| {
            let state = next.and_then(|next| turn.execution.definition().state(next));
            let next = state.map(|state| state.name.clone());
            turn.data(FrameId::ROOT).map(|output| End::Left { output, next })
        };
        let end = match flow {
            Flow::Wait | Flow::Resume => return,
            Flow::Next(next) => left(Some(next)),
            Flow::End => left(None),
            Flow::Fail(failure) => Some(End::Failed(failure)),
        };
        self.note(|seen| seen.end = end);
    }

    /// What the data is at a stage.
    pub(super) fn saw(&self, stage: Stage, data: &Payload) {
        self.note(|seen| seen.stages.push((stage, data.clone())));
    }

    /// Notes something else.
    pub(super) fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.borrow_mut());
    }

    /// Whether so many failures of iterations are more than a Map tolerates, if it says what it tolerates.
    pub(super) fn exceeds_tolerance(&self, failed: u32) -> bool {
        let seen = self.seen.borrow();
        let share = 100.0 * f64::from(failed) / f64::from(seen.items.unwrap_or_default().max(1));
        seen.tolerated_failures.is_some_and(|tolerated| u64::from(failed) > tolerated)
            || seen.tolerated_percentage.is_some_and(|tolerated| share > tolerated)
    }

    /// Whether the failure of a block comes from another state than a Task.
    pub(super) fn blames_no_task(&self) -> bool {
        self.seen.borrow().no_task
    }

    /// A retrier or a catcher has taken the failure.
    pub(super) fn handled(&self, failure: &Failure) {
        self.note(|seen| seen.handled = Some(failure.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asl;
    use crate::machine::{Command, Start, Timestamp};

    /// A state that stands alone, told to begin; what it asks for besides the time limit.
    fn begin(state: &str, given: Given) -> (Trial, Vec<Command>) {
        let parsed = asl::parse_state(state);
        let definition = parsed.definition.unwrap_or_else(|| panic!("{:?}", parsed.diagnostics));
        let id = definition.find(asl::LONE_STATE).unwrap();
        let mut trial = Trial::new(definition, id, given);
        let start = Start {
            arn: "arn".into(),
            name: "e".into(),
            machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".into(),
            machine_name: "m".into(),
            revision: "".into(),
            version_arn: None,
            alias_arn: None,
            role_arn: "".into(),
            trace_header: None,
            input: Payload::parse("[1, 2]").unwrap(),
        };
        let asked = trial.step(&env(), Event::Started(Box::new(start))).asked;
        let asked = asked.into_iter().filter(|command| match command {
            Command::Timer(timer) => timer.purpose != crate::machine::Purpose::Execution,
            Command::Activity(_) | Command::Call(_) => true,
        });
        (trial, asked.collect())
    }

    fn env() -> Env<'static> {
        let now = Timestamp::from_millis(0);
        Env { now, seed: 7, machine_deleted: false, activity_exists: &|_| true, token: &|_, _| String::new() }
    }

    fn payload(text: &str) -> Payload {
        Payload::parse(text).unwrap()
    }

    #[test]
    fn a_state_is_run_and_not_left() {
        let (trial, asked) = begin(r#"{"Type": "Pass", "Next": "StateName"}"#, Given::default());
        let next = Some(asl::LONE_STATE.into());
        assert_eq!(trial.verdict(), Some(Verdict::Succeeded { output: payload("[1, 2]"), next }));
        assert_eq!((asked, trial.is_decided()), (Vec::new(), true));

        let (trial, asked) = begin(r#"{"Type": "Wait", "Seconds": 9, "End": true}"#, Given::default());
        assert_eq!((asked.len(), trial.verdict()), (1, None));
        assert_eq!(trial.seen().at(Stage::InputPath), Some(&payload("[1, 2]")));
    }

    #[test]
    fn what_a_task_waits_for_is_answered_or_mocked() {
        let task = r#"{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
            "Parameters": {"FunctionName": "f"}, "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 2}]}"#;
        let succeeded = Some(Verdict::Succeeded { output: payload("3"), next: None });
        let (mut trial, asked) = begin(task, Given::default());
        let Some(Command::Call(call)) = asked.first() else { panic!("{asked:?}") };
        let (frame, task_id) = (call.frame, call.task);
        trial.step(&env(), Event::CallAnswered { frame, task: task_id, answer: Ok(payload("3")) });
        assert_eq!(trial.verdict(), succeeded);

        for (retries, is_retriable) in [(0, true), (1, true), (2, false)] {
            let (mut trial, _) = begin(task, Given { retries, ..Given::default() });
            let failure = Failure::new("E", "why");
            trial.mock(&env(), Mock { answer: Err(failure.clone()), failed_iterations: 0, no_task: false });
            let expected = if is_retriable { Verdict::Retriable(failure) } else { Verdict::Failed(failure) };
            assert_eq!((trial.verdict(), trial.seen().retrier), (Some(expected), Some(0)), "{retries}");
        }
    }

    /// None of the branches or iterations of a block runs, and a mock of a decided state changes nothing.
    #[test]
    fn blocks_do_not_begin() {
        let inner = r#"{"StartAt": "I", "States": {"I": {"Type": "Fail"}}}"#;
        for state in [
            format!(r#"{{"Type": "Map", "ItemProcessor": {inner}, "End": true}}"#),
            format!(r#"{{"Type": "Parallel", "Branches": [{inner}], "End": true}}"#),
        ] {
            let (mut trial, asked) = begin(&state, Given::default());
            assert_eq!((asked, trial.verdict()), (Vec::new(), None), "{state}");
            for result in ["[ 1 ]", "[2]"] {
                trial
                    .mock(&env(), Mock { answer: Ok(payload(result)), failed_iterations: 0, no_task: false });
                let output = payload("[ 1 ]");
                assert_eq!(trial.verdict(), Some(Verdict::Succeeded { output, next: None }), "{state}");
            }
        }
    }
}
