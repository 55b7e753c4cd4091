//! The facts of an execution as lines for people: one for each state, when it is over.

use std::collections::BTreeMap;

use gradus_core::asl::Definition;
use gradus_core::json::Payload;
use gradus_core::machine::timestamp::Millis;
use gradus_core::machine::{Fact, Failure, FrameId, StateKind, Step, Timestamp, Variables};

/// The widest column of names, in characters; a longer name pushes its line.
const WIDEST_NAME: usize = 32;
/// How many characters of a payload are shown.
const EXCERPT: usize = 120;

/// The lines that are being written, one for each line of control.
#[derive(Debug)]
pub(super) struct Trace {
    width: usize,
    started: Option<Timestamp>,
    open: BTreeMap<FrameId, Line>,
}

/// What is known of a state that was entered.
#[derive(Debug)]
struct Line {
    /// Since the start of the execution.
    offset: Millis,
    kind: StateKind,
    name: String,
    input: Payload,
    did: Vec<String>,
    /// The last attempt failed, and nothing has been done about it yet.
    failed: bool,
}

impl Trace {
    /// A trace of one execution of `definition`.
    pub(super) fn new(definition: &Definition) -> Trace {
        let names = definition.states().iter().map(|state| state.name.chars().count());
        Trace { width: names.max().unwrap_or(0).min(WIDEST_NAME), started: None, open: BTreeMap::new() }
    }

    /// The lines that are complete after `step`.
    pub(super) fn take(&mut self, step: &Step) -> Vec<String> {
        step.facts.iter().flat_map(|entry| self.add(step.at, &entry.fact)).collect()
    }

    fn add(&mut self, at: Timestamp, fact: &Fact) -> Vec<String> {
        let started = *self.started.get_or_insert(at);
        let done = match fact {
            Fact::StateEntered { frame, kind, name, input } => {
                // A Choice is told with the state that it chose.
                let chosen = self.close(*frame, format!("took {}", shown(name)));
                let (offset, name, input) = (at.since(started), shown(name), input.clone());
                let line = Line { offset, kind: *kind, name, input, did: Vec::new(), failed: false };
                self.open.insert(*frame, line);
                chosen
            }
            Fact::StateExited { kind: StateKind::Choice, .. } => None,
            Fact::StateExited { frame, output, .. } => self.exit(*frame, output),
            Fact::StateExitedAssigned { frame, kind, output, variables, name: _ } => {
                self.assigned(*frame, variables);
                if *kind == StateKind::Choice { None } else { self.exit(*frame, output) }
            }
            Fact::WaitStarted { frame, until } => {
                self.note(*frame, format!("waits {}", seconds(until.since(at))))
            }
            Fact::RetryScheduled { frame, due, .. } => {
                self.note(*frame, format!("again after {}", seconds(due.since(at))))
            }
            Fact::ActivityFailed { frame, failure }
            | Fact::ActivityTimedOut { frame, failure }
            | Fact::LambdaFunctionFailed { frame, failure }
            | Fact::LambdaFunctionTimedOut { frame, failure }
            | Fact::TaskFailed { frame, failure, .. }
            | Fact::TaskTimedOut { frame, failure, .. }
            | Fact::EvaluationFailed { frame, failure, .. } => {
                self.note_failure(*frame, format!("failed with {}", describe(failure)))
            }
            Fact::ActivitySucceeded { frame, output }
            | Fact::LambdaFunctionSucceeded { frame, output }
            | Fact::TaskSucceeded { frame, output, .. } => {
                self.note(*frame, format!("answered {}", excerpt(output.text())))
            }
            Fact::ExecutionSucceeded { .. } => None,
            Fact::ExecutionFailed { failure } => return self.end(&describe(failure)),
            Fact::ExecutionAborted { .. } => return self.end("aborted"),
            Fact::ExecutionTimedOut { .. } => return self.end("out of time"),
            Fact::ParallelStarted { frame, branches, .. } => {
                self.note(*frame, format!("ran {branches} branches"))
            }
            Fact::MapStarted { frame, length, .. } => self.note(*frame, format!("ran {length} iterations")),
            Fact::StateAborted { frame, .. } => self.close(*frame, "aborted".to_owned()),
            Fact::BranchFailed { frame } | Fact::MapIterationFailed { frame, .. } => self.fail(*frame),
            Fact::ParallelFailed { frame } | Fact::MapFailed { frame } => {
                self.note_failure(*frame, "failed".to_owned())
            }
            Fact::ExecutionStarted { .. }
            | Fact::ExecutionRedriven { .. }
            | Fact::StateResumed { .. }
            | Fact::BlockResumed { .. }
            | Fact::StateHeld { .. }
            | Fact::BranchSucceeded { .. }
            | Fact::ParallelSucceeded { .. }
            | Fact::MapIterationStarted { .. }
            | Fact::MapIterationSucceeded { .. }
            | Fact::MapIterationAborted { .. }
            | Fact::MapSucceeded { .. }
            | Fact::ActivityScheduled { .. }
            | Fact::StartedBy { .. }
            | Fact::ActivityStarted { .. }
            | Fact::LambdaFunctionScheduled { .. }
            | Fact::LambdaFunctionScheduledInRole { .. }
            | Fact::LambdaFunctionStarted { .. }
            | Fact::TaskScheduled { .. }
            | Fact::TaskScheduledInRole { .. }
            | Fact::TaskStarted { .. }
            | Fact::TaskSubmitted { .. }
            | Fact::TaskHeartbeat { .. } => None,
        };
        done.into_iter().collect()
    }

    /// Adds to the line of a state; nothing is complete by that.
    fn note(&mut self, frame: FrameId, did: String) -> Option<String> {
        if let Some(line) = self.open.get_mut(&frame) {
            line.did.push(did);
            line.failed = false;
        }
        None
    }

    /// Adds the variables that a state set.
    fn assigned(&mut self, frame: FrameId, variables: &Variables) {
        let Some(line) = self.open.get_mut(&frame) else { return };
        let set =
            variables.iter().map(|(name, value)| format!("{} = {}", shown(name), excerpt(value.text())));
        line.did.push(format!("set {}", set.collect::<Vec<_>>().join(", ")));
    }

    /// Adds to the line of a state that it failed, which its next fact may make good.
    fn note_failure(&mut self, frame: FrameId, how: String) -> Option<String> {
        let noted = self.note(frame, how);
        if let Some(line) = self.open.get_mut(&frame) {
            line.failed = true;
        }
        noted
    }

    /// Closes the line of a state that made its branch or iteration fail.
    fn fail(&mut self, frame: FrameId) -> Option<String> {
        let mut line = self.open.remove(&frame)?;
        if !line.failed {
            line.did.push("failed".to_owned());
        }
        Some(self.print(&line, &line.did.join(", ")))
    }

    /// Closes a line with the output, unless the state did something and passed its input on.
    fn exit(&mut self, frame: FrameId, output: &Payload) -> Option<String> {
        let mut line = self.open.remove(&frame)?;
        if line.failed {
            line.did.push("caught".to_owned());
        }
        let did = line.did.join(", ");
        Some(match (did.is_empty(), line.input == *output) {
            (true, _) => self.print(&line, &excerpt(output.text())),
            (false, true) => self.print(&line, &did),
            (false, false) => self.print(&line, &format!("{did} -> {}", excerpt(output.text()))),
        })
    }

    /// Closes a line with the last thing that its state did.
    fn close(&mut self, frame: FrameId, last: String) -> Option<String> {
        let mut line = self.open.remove(&frame)?;
        line.did.push(last);
        Some(self.print(&line, &line.did.join(", ")))
    }

    /// Closes every line that is open; the execution is over.
    fn end(&mut self, how: &str) -> Vec<String> {
        let open: Vec<FrameId> = self.open.keys().copied().collect();
        open.into_iter().filter_map(|frame| self.close(frame, how.to_owned())).collect()
    }

    fn print(&self, line: &Line, did: &str) -> String {
        let Line { offset, kind, name, .. } = line;
        let offset = format!("+{}.{:03}s", offset.0 / 1000, offset.0 % 1000);
        // `{:?}` of a kind is its name in the States Language.
        let kind = format!("{kind:?}");
        format!("{offset:>10}  {kind:<8}  {name:<width$}  {did}", width = self.width)
    }
}

/// `Error: cause`, or what there is of it.
pub(super) fn describe(failure: &Failure) -> String {
    match (&failure.error, &failure.cause) {
        (Some(error), Some(cause)) => format!("{}: {}", shown(error), shown(cause)),
        (Some(text), None) | (None, Some(text)) => shown(text),
        (None, None) => "no error given".to_owned(),
    }
}

/// As much of a payload as a line takes.
fn excerpt(json: &str) -> String {
    match json.char_indices().nth(EXCERPT) {
        Some((end, _)) => shown(json.get(..end).unwrap_or_default()) + "...",
        None => shown(json),
    }
}

/// A text on one line and without power over the terminal.
fn shown(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// `1 s`, `0.25 s`.
fn seconds(time: Millis) -> String {
    format!("{} s", time.0 as f64 / 1000.0)
}
