//! One execution: read this first. How a step is made is in `execution/turn.rs`.

mod turn;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::children::{Children, Items};
use super::command::{ActivityTask, Call, Command, Purpose, Timer};
use super::event::{Event, Parent, Start};
use super::fact::{Entry, Fact, StateKind};
use super::redrive::{NotRedrivable, Redriven, Requests, Standing};
use super::retry::Failure;
use super::timestamp::Millis;
use super::{EventId, FrameId, MAX_EVENTS, MAX_EXPRESS_SECONDS, Timestamp, Variables};
use crate::asl::Definition;
use crate::asl::definition::{Kind, Pattern, Resource, State, StateId};
use crate::json::Payload;

pub(super) use turn::Turn;

/// One execution: a value. Two of one definition with the same facts are equal.
#[derive(Clone, Debug)]
pub struct Execution {
    definition: Arc<Definition>,
    mode: Mode,
    /// What it was started with, and when; `None` before its first fact.
    started: Option<Started>,
    /// The lines of control that are alive. They outlive an end without success: a redrive takes
    /// them up again.
    ///
    /// Invariant: one that runs in a block is alive exactly as long as its block waits for it.
    frames: BTreeMap<FrameId, Frame>,
    /// The id of the next line of control. None is used twice, so that a late event finds nobody.
    next_frame: FrameId,
    last_event: EventId,
    /// How many bytes the variables of all lines of control have.
    variable_bytes: usize,
    outcome: Option<Outcome>,
    /// When it was closed, if it is.
    closed: Option<Timestamp>,
    redriven: Option<Redriven>,
    redrives: Requests,
}

impl PartialEq for Execution {
    fn eq(&self, other: &Execution) -> bool {
        Arc::ptr_eq(&self.definition, &other.definition)
            && self.mode == other.mode
            && self.started == other.started
            && self.frames == other.frames
            && self.next_frame == other.next_frame
            && self.last_event == other.last_event
            && self.variable_bytes == other.variable_bytes
            && self.outcome == other.outcome
            && self.closed == other.closed
            && self.redriven == other.redriven
            && self.redrives == other.redrives
    }
}

/// How an execution is run, by the type of its state machine and by who waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Of a Standard state machine.
    Standard,
    /// Of an Express state machine, started and left alone.
    ExpressAsync,
    /// Of an Express state machine, its end waited for.
    ExpressSync,
}

impl Mode {
    /// How long an execution may run, whatever its definition says; `None`: no limit besides.
    fn max_seconds(self) -> Option<u64> {
        match self {
            Mode::Standard => None,
            Mode::ExpressAsync | Mode::ExpressSync => Some(MAX_EXPRESS_SECONDS),
        }
    }

    /// How many events it may have at most; `None`: nobody counts. Source: the developer guide.
    pub(super) fn max_events(self) -> Option<u64> {
        match self {
            Mode::Standard => Some(MAX_EVENTS),
            Mode::ExpressAsync | Mode::ExpressSync => None,
        }
    }

    /// Whether the context object counts redrives (recorded).
    pub(super) fn counts_redrives(self) -> bool {
        match self {
            Mode::Standard | Mode::ExpressAsync => true,
            Mode::ExpressSync => false,
        }
    }
}

/// The start of an execution.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Started {
    pub(super) at: Timestamp,
    pub(super) start: Arc<Start>,
    /// The task that started it, if one did.
    pub(super) parent: Option<Parent>,
}

/// One line of control: where it is, and what it waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    /// The event that the next event of this line of control points back to.
    pub(super) cursor: EventId,
    /// Output of the state left last; at first the input of the line of control.
    pub(super) data: Payload,
    /// The state that it is in.
    pub(super) visit: Option<Visit>,
    /// Where it belongs; `None` for the machine's own.
    pub(super) place: Option<Place>,
    /// Its own variables. Those of the lines of control around it can be read, and stand still as long as it
    /// is alive.
    variables: BTreeMap<Arc<str>, Payload>,
    /// It stands still: its block has failed, or its execution has ended, and no redrive has taken it up yet.
    halted: bool,
}

impl Frame {
    fn new(cursor: EventId, data: Payload, place: Option<Place>) -> Frame {
        Frame { cursor, data, visit: None, place, variables: BTreeMap::new(), halted: false }
    }

    /// About how many bytes it holds besides its variables.
    fn bytes(&self) -> usize {
        let visit = self.visit.as_ref().map_or(0, |visit| visit.input.len() + visit.waits_for.bytes());
        size_of::<Frame>() + self.data.len() + visit
    }
}

/// The place of a branch or an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The line of control that is in the Parallel or Map state.
    pub(super) block: FrameId,
    /// Index of the branch or of the item.
    pub(super) index: u32,
}

/// A visit to a state, from its Entered event to its Exited event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Visit {
    pub(super) state: StateId,
    /// The Entered event.
    pub(super) event: EventId,
    /// The event that the Entered event points back to.
    pub(super) entered_after: EventId,
    pub(super) at: Timestamp,
    /// The raw input.
    pub(super) input: Payload,
    /// How often each retrier was used.
    pub(super) retries: Vec<u32>,
    pub(super) waits_for: WaitsFor,
}

/// What a visit waits for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum WaitsFor {
    /// Nothing: the step that entered the state goes on with it.
    Nothing,
    /// The end of a Wait state.
    Time(Timestamp),
    /// The end of a back-off, or the next step.
    Retry(Timestamp),
    /// A worker to take the task.
    Worker(Task),
    /// A call to be answered; the clocks run from its scheduling.
    Call { task: Task, timeout: Option<Timestamp>, heartbeat: Option<Timestamp> },
    /// The answer of a worker, of whoever has the token, or of a job that ends.
    Answer { task: Task, timeout: Option<Timestamp>, heartbeat: Option<Timestamp> },
    /// The branches of a Parallel.
    Branches(Children),
    /// The iterations of a Map.
    Items(Items),
}

impl WaitsFor {
    /// The branches or iterations that are waited for.
    pub(super) fn children(&self) -> Option<&Children> {
        match self {
            WaitsFor::Branches(children) => Some(children),
            WaitsFor::Items(items) => Some(&items.children),
            WaitsFor::Nothing
            | WaitsFor::Time(_)
            | WaitsFor::Retry(_)
            | WaitsFor::Worker(_)
            | WaitsFor::Call { .. }
            | WaitsFor::Answer { .. } => None,
        }
    }

    /// How many bytes of data go with it.
    fn bytes(&self) -> usize {
        match self {
            WaitsFor::Nothing | WaitsFor::Time(_) | WaitsFor::Retry(_) => 0,
            WaitsFor::Worker(task) | WaitsFor::Call { task, .. } | WaitsFor::Answer { task, .. } => {
                task.input.len()
            }
            WaitsFor::Branches(children) => children.bytes(),
            WaitsFor::Items(items) => items.children.bytes() + items.input.len() + items.items.len(),
        }
    }

    fn children_mut(&mut self) -> Option<&mut Children> {
        match self {
            WaitsFor::Branches(children) => Some(children),
            WaitsFor::Items(items) => Some(&mut items.children),
            WaitsFor::Nothing
            | WaitsFor::Time(_)
            | WaitsFor::Retry(_)
            | WaitsFor::Worker(_)
            | WaitsFor::Call { .. }
            | WaitsFor::Answer { .. } => None,
        }
    }
}

/// One attempt at a task.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Task {
    /// The event that scheduled it: the attempt's name.
    pub(super) scheduled: EventId,
    pub(super) scheduled_at: Timestamp,
    pub(super) resource: Resource,
    pub(super) input: Payload,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) heartbeat_seconds: Option<u64>,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With this output.
    Succeeded(Payload),
    /// With this failure.
    Failed(Failure),
    /// Stopped, with the error and cause given.
    Aborted(Failure),
    /// Out of time.
    TimedOut,
}

/// What the world is at the moment of a step.
pub struct Env<'a> {
    /// The time.
    pub now: Timestamp,
    /// Randomness for this step: jitter, `States.UUID` and the like.
    pub seed: u64,
    /// Whether the state machine has been deleted since the execution began.
    pub machine_deleted: bool,
    /// Whether the activity of this ARN exists.
    pub activity_exists: &'a dyn Fn(&str) -> bool,
    /// The token that answers the task of a line of control and a scheduling event.
    pub token: &'a dyn Fn(FrameId, EventId) -> String,
}

/// What one event led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The time of the facts. Not always the step's: a time-out happened when it was due.
    pub at: Timestamp,
    /// Number of the first event among the facts.
    pub first_event: EventId,
    /// What happened, in order.
    pub facts: Vec<Entry>,
    /// What is asked for now and was not before.
    pub asked: Vec<Command>,
    /// What was asked for before and is not any more: answered, or no longer wanted.
    pub settled: Vec<Command>,
    /// Jobs whose end was waited for and is not any more, although they may go on.
    pub abandoned: Vec<Job>,
    /// The answer to the event.
    pub reply: Reply,
}

/// A job of a task that waits for its end, by the attempt that asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Job {
    /// The line of control that scheduled the task.
    pub frame: FrameId,
    /// The event that scheduled the task.
    pub task: EventId,
}

/// What an event's sender learns.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The event was taken.
    Taken,
    /// Nothing waits for the event any more; nothing has changed.
    Late,
    /// The task is the worker's now.
    TaskStarted {
        /// The task's input.
        input: Payload,
    },
    /// The execution goes on, by this request or the same one before.
    Redriven {
        /// When it was redriven.
        at: Timestamp,
    },
    /// The execution does not go on; nothing has changed.
    NotRedrivable(NotRedrivable),
}

impl Execution {
    /// An execution of a Standard machine of this definition, before its first event.
    pub fn new(definition: Arc<Definition>) -> Execution {
        Execution::of(definition, Mode::Standard)
    }

    /// The same for a machine of any type.
    pub fn of(definition: Arc<Definition>, mode: Mode) -> Execution {
        let (frames, next_frame) = (BTreeMap::new(), FrameId::ROOT);
        let last_event = EventId(0);
        Execution {
            definition,
            mode,
            started: None,
            frames,
            next_frame,
            last_event,
            variable_bytes: 0,
            outcome: None,
            closed: None,
            redriven: None,
            redrives: Requests::default(),
        }
    }

    /// Takes one event to its end: every state that can run without waiting has run.
    ///
    /// Pure: time, randomness and what else the world knows come in with `env`.
    pub fn step(&mut self, env: &Env<'_>, event: Event) -> Step {
        let mut turn = Turn::new(self, env);
        turn.take(event);
        turn.finish()
    }

    /// About how many bytes of data it holds: what it has held before and let go of does not count.
    pub fn bytes(&self) -> usize {
        let frames = self.frames.values().map(Frame::bytes).sum::<usize>();
        let input = self.started.as_ref().map_or(0, |started| started.start.input.len());
        frames + input + self.variable_bytes
    }

    /// Changes the execution by one fact, recorded at `at`. The only place where it changes; no
    /// fact can fail to apply: one that makes no sense in its place changes nothing.
    pub fn apply(&mut self, at: Timestamp, entry: &Entry) {
        let mut event = EventId(0);
        if entry.fact.is_event() {
            self.last_event.0 += 1;
            event = self.last_event;
        }
        match &entry.fact {
            Fact::ExecutionStarted { start } => {
                self.add_frame(FrameId::ROOT, Frame::new(EventId(0), start.input.clone(), None));
                self.started = Some(Started { at, start: Arc::new((**start).clone()), parent: None });
            }
            Fact::StartedBy { parent } => {
                if let Some(started) = &mut self.started {
                    started.parent = Some(parent.clone());
                }
            }
            Fact::StateEntered { frame, name, input, kind: _ } => {
                let (Some(state), Some(frame)) = (self.definition.find(name), self.frames.get_mut(frame))
                else {
                    return;
                };
                let (entered_after, input) = (entry.previous, input.clone());
                let (retries, waits_for) = (Vec::new(), WaitsFor::Nothing);
                frame.halted = false;
                frame.visit = Some(Visit { state, event, entered_after, at, input, retries, waits_for });
            }
            Fact::StateExited { frame, output, .. } => self.leave_state(*frame, output),
            Fact::StateExitedAssigned { frame, output, variables, kind: _, name: _ } => {
                self.assign(*frame, variables);
                self.leave_state(*frame, output);
            }
            Fact::StateHeld { frame, until } => self.wait_for(*frame, WaitsFor::Retry(*until)),
            Fact::WaitStarted { frame, until } => self.wait_for(*frame, WaitsFor::Time(*until)),
            Fact::ActivityScheduled { frame, resource, input, timeout_seconds, heartbeat_seconds } => {
                let task = Task {
                    scheduled: event,
                    scheduled_at: at,
                    resource: Resource::Activity { arn: resource.clone() },
                    input: input.clone(),
                    timeout_seconds: *timeout_seconds,
                    heartbeat_seconds: *heartbeat_seconds,
                };
                self.wait_for(*frame, WaitsFor::Worker(task));
            }
            Fact::ActivityStarted { frame, .. } => {
                let Some(visit) = self.visit_mut(*frame) else { return };
                if let WaitsFor::Worker(task) = &visit.waits_for {
                    // Both clocks of an activity task start when a worker takes it (recorded, 2026-09).
                    let timeout =
                        task.timeout_seconds.map(|seconds| at.saturating_add(Millis::from_seconds(seconds)));
                    let heartbeat = task
                        .heartbeat_seconds
                        .map(|seconds| at.saturating_add(Millis::from_seconds(seconds)));
                    visit.waits_for = WaitsFor::Answer { task: task.clone(), timeout, heartbeat };
                }
            }
            Fact::LambdaFunctionScheduled { frame, resource, input, timeout_seconds }
            | Fact::LambdaFunctionScheduledInRole { frame, resource, input, timeout_seconds, role: _ } => {
                let resource = Resource::Lambda { arn: resource.clone() };
                self.call(*frame, event, at, resource, input, *timeout_seconds, None);
            }
            Fact::TaskScheduled {
                frame,
                service,
                action,
                parameters,
                timeout_seconds,
                heartbeat_seconds,
                region: _,
            }
            | Fact::TaskScheduledInRole {
                frame,
                service,
                action,
                parameters,
                timeout_seconds,
                heartbeat_seconds,
                region: _,
                role: _,
            } => {
                let (service, pattern) = (service.clone(), Pattern::of(action));
                let resource = Resource::Service { service, action: action.clone(), pattern };
                self.call(*frame, event, at, resource, parameters, *timeout_seconds, *heartbeat_seconds);
            }
            Fact::LambdaFunctionStarted { .. } | Fact::TaskStarted { .. } => {}
            Fact::TaskSubmitted { frame, .. } => {
                let Some(visit) = self.visit_mut(*frame) else { return };
                if let WaitsFor::Call { task, timeout, heartbeat } = &visit.waits_for {
                    let (task, timeout, heartbeat) = (task.clone(), *timeout, *heartbeat);
                    visit.waits_for = WaitsFor::Answer { task, timeout, heartbeat };
                }
            }
            Fact::TaskHeartbeat { frame } => {
                let Some(visit) = self.visit_mut(*frame) else { return };
                if let WaitsFor::Call { task, heartbeat, .. } | WaitsFor::Answer { task, heartbeat, .. } =
                    &mut visit.waits_for
                {
                    *heartbeat = task
                        .heartbeat_seconds
                        .map(|seconds| at.saturating_add(Millis::from_seconds(seconds)));
                }
            }
            Fact::ActivitySucceeded { frame, .. }
            | Fact::ActivityFailed { frame, .. }
            | Fact::ActivityTimedOut { frame, .. }
            | Fact::LambdaFunctionSucceeded { frame, .. }
            | Fact::LambdaFunctionFailed { frame, .. }
            | Fact::LambdaFunctionTimedOut { frame, .. }
            | Fact::TaskSucceeded { frame, .. }
            | Fact::TaskFailed { frame, .. }
            | Fact::TaskTimedOut { frame, .. } => self.wait_for(*frame, WaitsFor::Nothing),
            Fact::RetryScheduled { frame, retrier, due } => {
                let Some(visit) = self.visit_mut(*frame) else { return };
                visit.count_retry(*retrier as usize);
                self.wait_for(*frame, WaitsFor::Retry(*due));
            }
            Fact::ParallelStarted { frame, first, branches, input } => {
                self.start_branches(*frame, event, *first, *branches, input);
            }
            Fact::MapStarted { frame, length, at_once, input, items } => {
                let (input, items) = (input.clone(), items.clone());
                let children = Children::new(*length);
                let items = Items { children, next: 0, at_once: *at_once, input, items };
                self.wait_for(*frame, WaitsFor::Items(items));
            }
            Fact::MapIterationStarted { frame, block, index, input, name: _ } => {
                self.start_iteration(Place { block: *block, index: *index }, *frame, event, input);
            }
            Fact::BranchSucceeded { frame } => self.child_succeeded(*frame, None),
            Fact::MapIterationSucceeded { frame, .. } => self.child_succeeded(*frame, Some(event)),
            Fact::BranchFailed { frame } | Fact::MapIterationFailed { frame, .. } => {
                self.child_failed(*frame)
            }
            Fact::ParallelSucceeded { frame } | Fact::MapSucceeded { frame } => {
                self.wait_for(*frame, WaitsFor::Nothing)
            }
            // Its branches or iterations stay until the state is left: a redrive goes on with them.
            Fact::ParallelFailed { frame } | Fact::MapFailed { frame } => {
                self.halt_children(*frame);
            }
            // Its line of control is given up with the block that failed.
            Fact::MapIterationAborted { .. } | Fact::StateAborted { .. } => {}
            // What becomes of the state is told by what follows.
            Fact::EvaluationFailed { .. } => {}
            Fact::ExecutionSucceeded { output } => self.end(at, Outcome::Succeeded(output.clone())),
            Fact::ExecutionFailed { failure } => self.end(at, Outcome::Failed(failure.clone())),
            Fact::ExecutionAborted { failure } => self.end(at, Outcome::Aborted(failure.clone())),
            Fact::ExecutionTimedOut { .. } => self.end(at, Outcome::TimedOut),
            Fact::ExecutionRedriven { count, token } => self.open_again(at, *count, token.as_ref()),
            Fact::StateResumed { frame, cursor } => {
                self.wait_for(*frame, WaitsFor::Nothing);
                self.take_up(*frame);
                if let Some(frame) = self.frames.get_mut(frame) {
                    frame.cursor = *cursor;
                }
            }
            Fact::BlockResumed { frame } => self.take_up(*frame),
        }
        self.move_cursor(event, &entry.fact);
    }

    /// What must be under way for this execution to go on, from its state alone.
    ///
    /// Invariant: over any step, what is outstanding after it is what was outstanding before it,
    /// without the settled and with the asked.
    pub fn outstanding(&self) -> Vec<Command> {
        let frames = self.frames.keys().flat_map(|frame| self.outstanding_of(*frame));
        self.time_limit().into_iter().chain(frames).collect()
    }

    /// How it stands, as far as a redrive depends on it.
    pub fn standing(&self) -> Standing {
        match (&self.outcome, self.closed) {
            (Some(Outcome::Failed(_) | Outcome::Aborted(_) | Outcome::TimedOut), Some(stopped)) => {
                let (events, open) = (self.last_event.0, self.open_until(stopped));
                Standing::Unsuccessful { stopped, events, open }
            }
            (Some(_), _) => Standing::Succeeded,
            (None, _) => Standing::Running,
        }
    }

    /// Its last redrive, if there was one.
    pub fn redriven(&self) -> Option<Redriven> {
        self.redriven
    }

    /// When it was closed; `None` while it is open.
    pub fn closed_at(&self) -> Option<Timestamp> {
        self.closed
    }

    /// When it was opened last: by its start or its last redrive.
    pub fn opened_at(&self) -> Option<Timestamp> {
        self.redriven.map(|redriven| redriven.at).or_else(|| self.started_at())
    }

    /// How the execution ended; `None` while it is open.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// What the execution was started with; `None` before its first event.
    pub fn start(&self) -> Option<&Start> {
        self.started.as_ref().map(|started| &*started.start)
    }

    /// The task of another execution that started this one, if one did.
    pub fn parent(&self) -> Option<&Parent> {
        self.started.as_ref()?.parent.as_ref()
    }

    /// When the execution was started; `None` before its first event.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.started.as_ref().map(|started| started.at)
    }

    /// Number of the last event so far.
    pub fn last_event(&self) -> EventId {
        self.last_event
    }

    /// How it is run.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The definition that runs.
    pub fn definition(&self) -> &Arc<Definition> {
        &self.definition
    }

    /// Names of the states that are entered and not exited, in the order of their lines of control.
    pub fn current_states(&self) -> impl Iterator<Item = &Arc<str>> {
        let visits = self.frames.values().filter_map(|frame| frame.visit.as_ref());
        visits.filter_map(|visit| self.definition.state(visit.state)).map(|state| &state.name)
    }

    /// The variables of a line of control, those around it not among them.
    pub(super) fn variables_of(&self, frame: FrameId) -> impl Iterator<Item = (&Arc<str>, &Payload)> {
        self.frames.get(&frame).into_iter().flat_map(|frame| &frame.variables)
    }

    /// Whether every branch and iteration is one that its block waits for, and the other way round.
    #[cfg(test)]
    pub(super) fn blocks_are_sound(&self) -> bool {
        let waited_for = self.frames.iter().flat_map(|(block, frame)| {
            let children = frame.visit.iter().filter_map(|visit| visit.waits_for.children());
            children.flat_map(Children::running).map(|child| (child, *block))
        });
        let alive = self.frames.iter().filter_map(|(id, frame)| Some((*id, frame.place?.block)));
        let waited_for: std::collections::BTreeSet<_> = waited_for.collect();
        waited_for == alive.collect() && self.frames.keys().all(|id| *id < self.next_frame)
    }

    /// Whether a line of control stands where an end left it.
    #[cfg(test)]
    pub(super) fn is_halted(&self) -> bool {
        self.frames.values().any(|frame| frame.halted)
    }

    /// The id of the next line of control to be.
    pub(super) fn next_frame(&self) -> FrameId {
        self.next_frame
    }

    fn add_frame(&mut self, id: FrameId, frame: Frame) {
        self.next_frame = self.next_frame.max(FrameId(id.0.saturating_add(1)));
        self.frames.insert(id, frame);
    }

    /// A line of control is over, and its variables with it.
    fn remove_frame(&mut self, id: FrameId) -> Option<Frame> {
        let frame = self.frames.remove(&id)?;
        let bytes: usize = frame.variables.values().map(Payload::len).sum();
        self.variable_bytes = self.variable_bytes.saturating_sub(bytes);
        Some(frame)
    }

    fn leave_state(&mut self, id: FrameId, output: &Payload) {
        let Some(frame) = self.frames.get_mut(&id) else { return };
        frame.data = output.clone();
        if let Some(visit) = frame.visit.take() {
            self.give_up(visit.waits_for);
        }
    }

    fn assign(&mut self, id: FrameId, variables: &Variables) {
        let bytes = self.variable_bytes_with(id, variables);
        let Some(frame) = self.frames.get_mut(&id) else { return };
        frame.variables.extend(variables.iter().cloned());
        self.variable_bytes = bytes;
    }

    /// The same sum from the variables themselves, and as it was kept.
    #[cfg(test)]
    pub(super) fn variable_bytes(&self) -> (usize, usize) {
        let variables = self.frames.values().flat_map(|frame| frame.variables.values());
        (variables.map(Payload::len).sum(), self.variable_bytes)
    }

    /// How many bytes all variables would have if a line of control set these.
    ///
    /// Invariant: no name stands twice among those that are set together.
    pub(super) fn variable_bytes_with(&self, id: FrameId, variables: &Variables) -> usize {
        let Some(frame) = self.frames.get(&id) else { return self.variable_bytes };
        let replaced = variables.iter().filter_map(|(name, _)| frame.variables.get(name));
        let replaced: usize = replaced.map(Payload::len).sum();
        let set: usize = variables.iter().map(|(_, value)| value.len()).sum();
        self.variable_bytes.saturating_sub(replaced).saturating_add(set)
    }

    fn start_branches(
        &mut self,
        block: FrameId,
        event: EventId,
        first: FrameId,
        count: u32,
        input: &Payload,
    ) {
        let Some(Kind::Parallel(parallel)) = self.state_of(block).map(|state| &state.kind) else { return };
        // No more than the state has: a damaged row must not ask for billions.
        let count = count.min(u32::try_from(parallel.branches.len()).unwrap_or(u32::MAX));
        let mut children = Children::new(count);
        for index in 0..count {
            let (id, place) = (FrameId(first.0.saturating_add(index)), Some(Place { block, index }));
            children.start(index, id);
            self.add_frame(id, Frame::new(event, input.clone(), place));
        }
        self.wait_for(block, WaitsFor::Branches(children));
    }

    fn start_iteration(&mut self, place: Place, id: FrameId, event: EventId, input: &Payload) {
        let Some(visit) = self.visit_mut(place.block) else { return };
        let WaitsFor::Items(items) = &mut visit.waits_for else { return };
        items.next = place.index.saturating_add(1);
        items.children.start(place.index, id);
        self.add_frame(id, Frame::new(event, input.clone(), Some(place)));
    }

    /// A branch or an iteration is over, and its block's line of control goes on from its last
    /// event, or from this one.
    fn child_succeeded(&mut self, id: FrameId, event: Option<EventId>) {
        let Some(place) = self.place(id) else { return };
        let Some(child) = self.remove_frame(id) else { return };
        let Some(block) = self.frames.get_mut(&place.block) else { return };
        block.cursor = event.unwrap_or(child.cursor);
        if let Some(children) = block.visit.as_mut().and_then(|visit| visit.waits_for.children_mut()) {
            children.succeed(place.index, child.data);
        }
    }

    /// What becomes of the block points back to the event that made it fail.
    fn child_failed(&mut self, id: FrameId) {
        let Some(Frame { cursor, place: Some(place), .. }) = self.frames.get(&id) else { return };
        let (cursor, block) = (*cursor, place.block);
        if let Some(block) = self.frames.get_mut(&block) {
            block.cursor = cursor;
        }
    }

    fn place(&self, id: FrameId) -> Option<Place> {
        self.frames.get(&id)?.place
    }

    fn state_of(&self, id: FrameId) -> Option<&State> {
        self.definition.state(self.frames.get(&id)?.visit.as_ref()?.state)
    }

    fn outstanding_of(&self, id: FrameId) -> Vec<Command> {
        let frame = self.frames.get(&id).filter(|frame| self.outcome.is_none() && !frame.halted);
        let Some(visit) = frame.and_then(|frame| frame.visit.as_ref()) else { return Vec::new() };
        let timer = |purpose, due| Command::Timer(Timer { due, frame: id, purpose });
        match &visit.waits_for {
            // Branches and iterations have commands of their own.
            WaitsFor::Nothing | WaitsFor::Branches(_) | WaitsFor::Items(_) => Vec::new(),
            WaitsFor::Time(until) => vec![timer(Purpose::Wait, *until)],
            WaitsFor::Retry(until) => vec![timer(Purpose::Retry, *until)],
            WaitsFor::Worker(task) => match &task.resource {
                Resource::Activity { arn } => vec![Command::Activity(ActivityTask {
                    arn: arn.clone(),
                    scheduled_at: task.scheduled_at,
                    frame: id,
                    task: task.scheduled,
                })],
                Resource::Lambda { .. } | Resource::Service { .. } => Vec::new(),
            },
            WaitsFor::Call { task, timeout, heartbeat } => {
                let started = self.started.as_ref();
                let call = Command::Call(Call {
                    execution: started.map(|started| started.start.arn.clone()).unwrap_or_default(),
                    frame: id,
                    task: task.scheduled,
                    resource: task.resource.clone(),
                    input: task.input.clone(),
                    due: *timeout,
                });
                let timers = timeout.map(|due| timer(Purpose::TaskTimeout, due)).into_iter();
                let timers = timers.chain(heartbeat.map(|due| timer(Purpose::Heartbeat, due)));
                std::iter::once(call).chain(timers).collect()
            }
            WaitsFor::Answer { timeout, heartbeat, .. } => {
                let timeout = timeout.map(|due| timer(Purpose::TaskTimeout, due));
                timeout.into_iter().chain(heartbeat.map(|due| timer(Purpose::Heartbeat, due))).collect()
            }
        }
    }

    /// The clock of the task of a line of control that has run out by now: the one that did first.
    fn task_due(&self, id: FrameId, now: Timestamp) -> Option<Timer> {
        let frame = self.frames.get(&id).filter(|frame| self.outcome.is_none() && !frame.halted)?;
        let (WaitsFor::Call { timeout, heartbeat, .. } | WaitsFor::Answer { timeout, heartbeat, .. }) =
            &frame.visit.as_ref()?.waits_for
        else {
            return None;
        };
        let timer = |purpose| move |due| Timer { due, frame: id, purpose };
        let timers = [timeout.map(timer(Purpose::TaskTimeout)), heartbeat.map(timer(Purpose::Heartbeat))];
        timers.into_iter().flatten().filter(|timer| timer.due <= now).min()
    }

    /// The job whose end a line of control waits for.
    fn job_of(&self, frame: FrameId) -> Option<Job> {
        let line = self.frames.get(&frame).filter(|line| self.outcome.is_none() && !line.halted)?;
        let (WaitsFor::Call { task, .. } | WaitsFor::Answer { task, .. }) = &line.visit.as_ref()?.waits_for
        else {
            return None;
        };
        let Resource::Service { pattern: Pattern::Sync | Pattern::SyncJson, .. } = &task.resource else {
            return None;
        };
        Some(Job { frame, task: task.scheduled })
    }

    fn time_limit(&self) -> Option<Command> {
        let due = self.must_end_at()?;
        Some(Command::Timer(Timer { due, frame: FrameId::ROOT, purpose: Purpose::Execution }))
    }

    /// When the machine's own `TimeoutSeconds`, or its type, ends the execution, while it is open.
    fn must_end_at(&self) -> Option<Timestamp> {
        let opened = self.opened_at().filter(|_| self.outcome.is_none())?;
        let limits = [self.definition.timeout_seconds, self.mode.max_seconds()];
        let seconds = limits.into_iter().flatten().min()?;
        Some(opened.saturating_add(Millis::from_seconds(seconds)))
    }

    /// A line of control waits for a call. The clocks of a call start when it is scheduled; only
    /// the holder of a token can give signs of life, so only then is one missed.
    #[expect(clippy::too_many_arguments, reason = "the fields of a fact")]
    fn call(
        &mut self,
        frame: FrameId,
        scheduled: EventId,
        at: Timestamp,
        resource: Resource,
        input: &Payload,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
    ) {
        let has_token = matches!(resource, Resource::Service { pattern: Pattern::Token, .. });
        let heartbeat_seconds = heartbeat_seconds.filter(|_| has_token);
        let due = |seconds| at.saturating_add(Millis::from_seconds(seconds));
        let (timeout, heartbeat) = (timeout_seconds.map(due), heartbeat_seconds.map(due));
        let (input, scheduled_at) = (input.clone(), at);
        let task = Task { scheduled, scheduled_at, resource, input, timeout_seconds, heartbeat_seconds };
        self.wait_for(frame, WaitsFor::Call { task, timeout, heartbeat });
    }

    fn wait_for(&mut self, frame: FrameId, waits_for: WaitsFor) {
        let Some(visit) = self.visit_mut(frame) else { return };
        let before = std::mem::replace(&mut visit.waits_for, waits_for);
        self.give_up(before);
    }

    /// Nothing waits for these branches or iterations any more, nor for any inside them. Takes time
    /// linear in their number.
    fn give_up(&mut self, waits_for: WaitsFor) {
        let mut open = vec![waits_for];
        while let Some(waits_for) = open.pop() {
            for child in waits_for.children().into_iter().flat_map(Children::running) {
                let child = self.remove_frame(child);
                open.extend(child.and_then(|child| child.visit).map(|visit| visit.waits_for));
            }
        }
    }

    fn visit_mut(&mut self, frame: FrameId) -> Option<&mut Visit> {
        self.frames.get_mut(&frame)?.visit.as_mut()
    }

    fn end(&mut self, at: Timestamp, outcome: Outcome) {
        if let Outcome::Succeeded(_) = outcome {
            self.frames.clear();
            self.variable_bytes = 0;
        }
        self.outcome = Some(outcome);
        self.closed = Some(at);
    }

    /// How long it has been open, all in all, at a time when it is.
    fn open_until(&self, at: Timestamp) -> Millis {
        let before = self.redriven.map_or(Millis(0), |redriven| redriven.open_before);
        let opened = self.opened_at().unwrap_or(at);
        Millis(before.0.saturating_add(at.since(opened).0))
    }

    fn open_again(&mut self, at: Timestamp, count: u32, token: Option<&Arc<str>>) {
        let Some(closed) = self.closed.take() else { return };
        self.outcome = None;
        self.redriven = Some(Redriven { count, at, open_before: self.open_until(closed) });
        if let Some(token) = token {
            self.redrives.add(token.clone(), at);
        }
        self.frames.values_mut().for_each(|frame| frame.halted = true);
    }

    fn take_up(&mut self, id: FrameId) {
        let Some(frame) = self.frames.get_mut(&id) else { return };
        frame.halted = false;
        if let Some(visit) = &mut frame.visit {
            visit.retries.clear();
        }
    }

    fn halt_children(&mut self, id: FrameId) {
        let Some(visit) = self.frames.get(&id).and_then(|frame| frame.visit.as_ref()) else { return };
        let Some(children) = visit.waits_for.children() else {
            return self.wait_for(id, WaitsFor::Nothing);
        };
        let running: Vec<FrameId> = children.running().collect();
        for child in running {
            if let Some(frame) = self.frames.get_mut(&child) {
                frame.halted = true;
            }
        }
    }

    /// The event becomes what the next one of its line of control points back to. The start does
    /// not: the first state's Entered event points to 0 as well (recorded).
    fn move_cursor(&mut self, event: EventId, fact: &Fact) {
        if let Some(frame) = fact.frame().and_then(|frame| self.frames.get_mut(&frame))
            && event.0 > 0
        {
            frame.cursor = event;
        }
    }
}

impl Visit {
    /// Retries so far, over all retriers.
    pub(super) fn retry_count(&self) -> u32 {
        self.retries.iter().sum()
    }

    fn count_retry(&mut self, retrier: usize) {
        if self.retries.len() <= retrier {
            self.retries.resize(retrier + 1, 0);
        }
        if let Some(count) = self.retries.get_mut(retrier) {
            *count += 1;
        }
    }
}

/// Shared access to what a [`State`] is called in events.
pub(super) fn kind_of(state: &State) -> StateKind {
    match &state.kind {
        Kind::Pass(_) => StateKind::Pass,
        Kind::Task(_) => StateKind::Task,
        Kind::Choice(_) => StateKind::Choice,
        Kind::Wait(_) => StateKind::Wait,
        Kind::Succeed => StateKind::Succeed,
        Kind::Fail(_) => StateKind::Fail,
        Kind::Parallel(_) => StateKind::Parallel,
        Kind::Map(_) => StateKind::Map,
    }
}
