//! One step in the making: an event is taken, facts are recorded, lines of control are followed.
//!
//! A turn is the only one that changes an execution while it lives, and it does so through
//! [`Execution::apply`] alone.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::{Env, Execution, Job, Outcome, Place, Reply, Step, Visit, WaitsFor};
use crate::asl::definition::State;
use crate::expr::random;
use crate::json::Payload;
use crate::machine::children::Children;
use crate::machine::command::{Command, Purpose, Timer};
use crate::machine::event::{Event, Parent, Start};
use crate::machine::fact::{Entry, Fact};
use crate::machine::redrive;
use crate::machine::retry::{DATA_LIMIT_EXCEEDED, Failure};
use crate::machine::state::{self, Flow};
use crate::machine::timestamp::Millis;
use crate::machine::trial::{Probe, Stage};
use crate::machine::{EventId, FrameId, MAX_EVENTS, Timestamp};

/// How many facts make a step long enough. All of a step is in memory, and its partition does nothing else
/// meanwhile; and most machines end or wait much earlier.
const MAX_STEP_FACTS: usize = 2_500;

/// How many bytes of new data make a step long enough.
const MAX_STEP_BYTES: usize = 16 << 20;

/// How many visits of values by paths, or steps of queries, make a step long enough.
const MAX_STEP_VISITS: usize = 5_000_000;

/// How many lines of control may be alive. Maps in Maps multiply what runs at once, and an Express execution has
/// no limit of events that would end it. The service's own limit is not known.
const MAX_LINES: usize = 100_000;

/// One step in the making.
pub(in crate::machine) struct Turn<'a> {
    pub(in crate::machine) execution: &'a mut Execution,
    pub(in crate::machine) env: &'a Env<'a>,
    at: Timestamp,
    first_event: EventId,
    facts: Vec<Entry>,
    /// The bytes of data that came up.
    bytes: usize,
    /// The visits of values by paths, and the steps of queries.
    visits: Cell<usize>,
    /// What was outstanding before the step, for the lines of control that it touched.
    before: BTreeMap<FrameId, Vec<Command>>,
    limit_before: Option<Command>,
    /// The jobs that these lines waited for before the step.
    jobs_before: BTreeSet<Job>,
    reply: Reply,
    /// Calls that were scheduled in this step, in order.
    called: Vec<FrameId>,
    /// The attempt that is being scheduled.
    pub(in crate::machine) attempt: Option<EventId>,
    /// The history is full: only the failure that says so may still be recorded.
    full: bool,
    /// Not the history is full: there are too many lines of control.
    crowded: bool,
    /// How many seeds were given out.
    seeds: Cell<u64>,
    /// Branches and iterations that were begun and have not run yet, the innermost block last.
    ready: Vec<Ready>,
    /// What a state is tried with, if it is: then it runs alone.
    pub(in crate::machine) probe: Option<&'a Probe>,
}

/// Branches or iterations of one block that were begun and have not run yet.
struct Ready {
    block: FrameId,
    children: VecDeque<(FrameId, Flow)>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(execution: &'a mut Execution, env: &'a Env<'a>) -> Turn<'a> {
        let first_event = EventId(execution.last_event.0 + 1);
        let limit_before = execution.time_limit();
        Turn {
            execution,
            env,
            at: env.now,
            first_event,
            facts: Vec::new(),
            bytes: 0,
            visits: Cell::new(0),
            before: BTreeMap::new(),
            limit_before,
            jobs_before: BTreeSet::new(),
            reply: Reply::Taken,
            called: Vec::new(),
            attempt: None,
            full: false,
            crowded: false,
            seeds: Cell::new(0),
            ready: Vec::new(),
            probe: None,
        }
    }

    /// A step of an execution of which one state is tried.
    pub(in crate::machine) fn of_trial(
        execution: &'a mut Execution,
        env: &'a Env<'a>,
        probe: &'a Probe,
    ) -> Turn<'a> {
        Turn { probe: Some(probe), ..Turn::new(execution, env) }
    }

    pub(in crate::machine) fn take(&mut self, event: Event) {
        if self.execution.started.is_none() {
            match event {
                Event::Started(start) => self.start(start, None),
                Event::StartedBy(start, parent) => self.start(start, Some(parent)),
                _ => self.late(),
            }
            return;
        }
        if let Event::RedriveRequested { token } = event {
            return self.redrive(token);
        }
        if self.execution.outcome.is_some() {
            return self.late();
        }
        // Whatever wakes the execution, what was due first happens first: a stop, a worker or a
        // timer that comes after the machine's time limit finds the execution timed out.
        if let Some(due) = self.execution.must_end_at().filter(|due| *due <= self.env.now) {
            return self.time_out(&event, due);
        }
        // The same for a task that is overdue: its timer may not have been delivered yet.
        if let Some(Timer { due, frame, purpose }) = self.overdue(&event) {
            self.take(Event::TimerFired { frame, purpose, due });
            return self.late();
        }
        match event {
            Event::Started(_) | Event::StartedBy(..) | Event::RedriveRequested { .. } => self.late(),
            // Nothing is said of the states that are under way. At the top level that was recorded; it
            // is assumed of those in blocks, for a stop as for a time-out.
            Event::StopRequested { failure } => {
                self.record_from(EventId(0), Fact::ExecutionAborted { failure })
            }
            _ if self.env.machine_deleted && self.is_awaited(&event) => self.machine_deleted(&event),
            Event::TimerFired { frame, purpose, due } => self.timer_fired(Timer { due, frame, purpose }),
            Event::TaskStarted { frame, task, worker } => state::task::started(self, frame, task, worker),
            Event::TaskHeartbeat { frame, task } => state::task::heartbeat(self, frame, task),
            Event::TaskSucceeded { frame, task, output } => state::task::succeeded(self, frame, task, output),
            Event::TaskFailed { frame, task, failure } => {
                state::task::failed_outside(self, frame, task, failure)
            }
            Event::CallAnswered { frame, task, answer } => {
                state::task::call_answered(self, frame, task, answer)
            }
        }
    }

    fn start(&mut self, start: Box<Start>, parent: Option<Parent>) {
        self.record_from(EventId(0), Fact::ExecutionStarted { start });
        if let Some(parent) = parent {
            self.record_from(EventId(0), Fact::StartedBy { parent });
        }
        if let Some(probe) = self.probe {
            return probe.enter(self);
        }
        let first = self.execution.definition.start_at;
        self.follow(FrameId::ROOT, Flow::Next(first));
    }

    /// An execution that has ended goes on, if it may; the same request again changes nothing. One that is
    /// over and was not told so yet counts as running.
    fn redrive(&mut self, token: Option<Arc<str>>) {
        let now = self.env.now;
        let known = token.as_deref().and_then(|token| self.execution.redrives.find(token, now));
        if let Some(at) = known {
            return self.reply(Reply::Redriven { at });
        }
        let obstacle = redrive::obstacle(self.execution.standing(), self.env.machine_deleted, now);
        if let Some(why) = obstacle {
            return self.reply(Reply::NotRedrivable(why));
        }
        // A result that was too large would be so again without all branches or iterations run anew.
        // Source: the developer guide.
        let is_too_large = |failure: &Failure| failure.error.as_deref() == Some(DATA_LIMIT_EXCEEDED);
        let anew = matches!(&self.execution.outcome, Some(Outcome::Failed(failure)) if is_too_large(failure));
        let (previous, count) = (self.execution.last_event, self.execution.redriven);
        let count = count.map_or(0, |redriven| redriven.count).saturating_add(1);
        self.apply(Entry { previous, fact: Fact::ExecutionRedriven { count, token } });
        self.reply(Reply::Redriven { at: now });
        let flow = match anew {
            true => state::start_over(self, FrameId::ROOT),
            false => state::resume(self, FrameId::ROOT),
        };
        self.follow(FrameId::ROOT, flow);
    }

    fn time_out(&mut self, event: &Event, due: Timestamp) {
        if !matches!(event, Event::TimerFired { .. }) {
            self.late();
        }
        // The stop time is the start and the limit, exactly (recorded), also after an outage.
        self.at = due;
        self.record_from(EventId(0), Fact::ExecutionTimedOut { failure: Failure::timeout() });
    }

    /// The service ends an execution of a deleted machine at its next transition, without a word
    /// of what woke it (recorded, 2026-09).
    fn machine_deleted(&mut self, event: &Event) {
        let Some(started) = &self.execution.started else { return };
        let cause = format!("State machine {} has been deleted", started.start.machine_name);
        let cursor = self.cursor(event.frame().unwrap_or(FrameId::ROOT));
        self.record_from(cursor, Fact::ExecutionFailed { failure: Failure::runtime(cause) });
    }

    /// Whether an event would move the execution on, if its machine still existed.
    fn is_awaited(&self, event: &Event) -> bool {
        match event {
            Event::TimerFired { frame, purpose, due } => {
                self.is_outstanding(&Timer { due: *due, frame: *frame, purpose: *purpose })
            }
            Event::TaskSucceeded { frame, task, .. } | Event::TaskFailed { frame, task, .. } => {
                state::task::answered(self, *frame, *task).is_some()
            }
            Event::CallAnswered { frame, task, .. } => state::task::called(self, *frame, *task).is_some(),
            Event::Started(_)
            | Event::StartedBy(..)
            | Event::TaskStarted { .. }
            | Event::TaskHeartbeat { .. }
            | Event::StopRequested { .. }
            | Event::RedriveRequested { .. } => false,
        }
    }

    fn timer_fired(&mut self, timer: Timer) {
        if !self.is_outstanding(&timer) {
            return self.late();
        }
        match timer.purpose {
            // Taken care of before any event is looked at.
            Purpose::Execution => self.late(),
            Purpose::Wait => state::wait::over(self, timer.frame),
            Purpose::Retry => state::retry(self, timer.frame),
            Purpose::TaskTimeout | Purpose::Heartbeat => state::task::timed_out(self, &self.due_with(timer)),
        }
    }

    /// The clocks of tasks that have run out together with this one: of other branches and iterations too, for
    /// all of them are told before any block reacts (recorded). In the order in which they were due.
    fn due_with(&self, timer: Timer) -> Vec<Timer> {
        if self.execution.place(timer.frame).is_none() {
            return vec![timer];
        }
        let frames = self.execution.frames.keys();
        let mut due: Vec<Timer> =
            frames.filter_map(|frame| self.execution.task_due(*frame, self.env.now)).collect();
        due.sort_unstable();
        due
    }

    /// The timer that was due before the word of a worker or the answer to a call came.
    fn overdue(&self, event: &Event) -> Option<Timer> {
        let frame = match event {
            Event::TaskHeartbeat { frame, task }
            | Event::TaskSucceeded { frame, task, .. }
            | Event::TaskFailed { frame, task, .. } => {
                state::task::answered(self, *frame, *task)?;
                *frame
            }
            Event::CallAnswered { frame, task, .. } => {
                state::task::called(self, *frame, *task)?;
                *frame
            }
            Event::Started(_)
            | Event::StartedBy(..)
            | Event::TimerFired { .. }
            | Event::TaskStarted { .. }
            | Event::StopRequested { .. }
            | Event::RedriveRequested { .. } => return None,
        };
        self.execution.task_due(frame, self.env.now)
    }

    fn is_outstanding(&self, timer: &Timer) -> bool {
        timer.due <= self.env.now
            && self.execution.outstanding_of(timer.frame).contains(&Command::Timer(*timer))
    }

    /// A seed that nothing else in this step has.
    pub(in crate::machine) fn seed(&self) -> u64 {
        random::nth(self.env.seed, self.seeds.replace(self.seeds.get() + 1))
    }

    /// Goes where a state says, and on from there, until every line of control must wait. A state that
    /// is tried is not left.
    pub(in crate::machine) fn follow(&mut self, frame: FrameId, flow: Flow) {
        if let Some(probe) = self.probe {
            return probe.left(self, flow);
        }
        let mut next = Some((frame, flow));
        while !self.full && self.execution.outcome.is_none() {
            let Some((frame, flow)) = next.or_else(|| self.next_ready()) else { return };
            next = match flow {
                Flow::Next(state) => Some((frame, state::enter(self, frame, state))),
                Flow::Resume => Some((frame, state::resume(self, frame))),
                Flow::End => self.frame_ended(frame),
                Flow::Wait => None,
                Flow::Fail(failure) => self.frame_failed(frame, failure),
            };
        }
    }

    /// A line of control has come to its end: who goes on, and where.
    fn frame_ended(&mut self, frame: FrameId) -> Option<(FrameId, Flow)> {
        if self.execution.place(frame).is_some() {
            return state::block::child_ended(self, frame);
        }
        let output = self.data(frame)?;
        self.record(frame, Fact::ExecutionSucceeded { output });
        None
    }

    /// A line of control has failed: who goes on, and where.
    fn frame_failed(&mut self, frame: FrameId, failure: Failure) -> Option<(FrameId, Flow)> {
        // States.Runtime ends the execution from any depth: the blocks around it neither retry nor
        // catch it, and leave no event (recorded, 2026-09).
        if self.execution.place(frame).is_some() && !failure.is_runtime() {
            return state::block::child_failed(self, frame, failure);
        }
        self.record(frame, Fact::ExecutionFailed { failure });
        None
    }

    /// Lets branches or iterations of a block run as soon as the line of control that runs now must
    /// wait: after those of the same block that are ready, and before all others.
    pub(in crate::machine) fn run_soon(
        &mut self,
        block: FrameId,
        children: impl IntoIterator<Item = (FrameId, Flow)>,
    ) {
        while self.ready.pop_if(|ready| ready.children.is_empty()).is_some() {}
        match self.ready.last_mut().filter(|ready| ready.block == block) {
            Some(ready) => ready.children.extend(children),
            None => self.ready.push(Ready { block, children: children.into_iter().collect() }),
        }
    }

    fn next_ready(&mut self) -> Option<(FrameId, Flow)> {
        while let Some(ready) = self.ready.last_mut() {
            match ready.children.pop_front() {
                None => drop(self.ready.pop()),
                // Its block may have failed since.
                Some((frame, _)) if !self.execution.frames.contains_key(&frame) => {}
                Some(next) => return Some(next),
            }
        }
        None
    }

    /// Records what happened in a line of control, after what happened there last.
    pub(in crate::machine) fn record(&mut self, frame: FrameId, fact: Fact) {
        let previous = if fact.is_event() { self.cursor(frame) } else { EventId(0) };
        self.record_from(previous, fact);
    }

    /// Records what happened after another event than the last of its line of control.
    pub(in crate::machine) fn record_from(&mut self, previous: EventId, fact: Fact) {
        if self.full || self.execution.outcome.is_some() {
            return;
        }
        let last =
            self.execution.mode.max_events().is_some_and(|most| self.execution.last_event.0 + 1 >= most);
        if fact.is_event() && last && !fact.is_end() {
            self.full = true;
            return;
        }
        let begins = matches!(fact, Fact::ParallelStarted { .. } | Fact::MapIterationStarted { .. });
        if begins && self.execution.frames.len() >= MAX_LINES {
            (self.full, self.crowded) = (true, true);
            return;
        }
        self.apply(Entry { previous, fact });
    }

    fn apply(&mut self, entry: Entry) {
        if let Some(frame) = entry.fact.frame() {
            self.touch(frame);
        } else if entry.fact.is_end() {
            let all: Vec<FrameId> = self.execution.frames.keys().copied().collect();
            all.into_iter().for_each(|frame| self.touch(frame));
        }
        self.execution.apply(self.at, &entry);
        self.bytes += entry.fact.data().map_or(0, Payload::len);
        self.facts.push(entry);
    }

    /// Notes what a line of control asks for before it changes.
    pub(in crate::machine) fn touch(&mut self, frame: FrameId) {
        let (execution, jobs) = (&*self.execution, &mut self.jobs_before);
        self.before.entry(frame).or_insert_with(|| {
            jobs.extend(execution.job_of(frame));
            execution.outstanding_of(frame)
        });
    }

    /// Says that a line of control has asked for a call, which begins at the end of the step: those
    /// of several lines are all scheduled before the first of them begins (recorded).
    pub(in crate::machine) fn begin_later(&mut self, frame: FrameId) {
        self.called.push(frame);
    }

    /// Shows what a state has made, to whoever tries it.
    pub(in crate::machine) fn saw(&self, stage: Stage, data: &Payload) {
        if let Some(probe) = self.probe {
            probe.saw(stage, data);
        }
    }

    /// Whether the step has done enough: what can wait is left to the next one.
    pub(in crate::machine) fn is_long(&self) -> bool {
        self.facts.len() >= MAX_STEP_FACTS
            || self.bytes >= MAX_STEP_BYTES
            || self.visits.get() >= MAX_STEP_VISITS
    }

    /// When a state that is held now may begin: at once. A millisecond later if the timer that made this step
    /// is the same: it is settled, and another one has to come.
    pub(in crate::machine) fn held_until(&self, frame: FrameId) -> Timestamp {
        let now = self.env.now;
        let same = Command::Timer(Timer { due: now, frame, purpose: Purpose::Retry });
        let is_same = self.before.get(&frame).is_some_and(|before| before.contains(&same));
        if is_same { now.saturating_add(Millis(1)) } else { now }
    }

    /// Counts the visits of values that paths made for a state, or the steps of its queries.
    pub(in crate::machine) fn worked(&self, visits: usize) {
        self.visits.set(self.visits.get().saturating_add(visits));
    }

    /// Whether the history is full: nothing more is recorded but the failure that says so.
    pub(in crate::machine) fn is_full(&self) -> bool {
        self.full
    }

    /// Says that nothing waits for the event.
    pub(in crate::machine) fn late(&mut self) {
        self.reply = Reply::Late;
    }

    /// Answers the event.
    pub(in crate::machine) fn reply(&mut self, reply: Reply) {
        self.reply = reply;
    }

    /// The event that the next one of a line of control points back to.
    pub(in crate::machine) fn cursor(&self, frame: FrameId) -> EventId {
        self.execution.frames.get(&frame).map_or(EventId(0), |frame| frame.cursor)
    }

    /// What the state entered next gets: the output of the state left last.
    pub(in crate::machine) fn data(&self, frame: FrameId) -> Option<Payload> {
        Some(self.execution.frames.get(&frame)?.data.clone())
    }

    /// The value of a variable, of a line of control or of the nearest one around it that has it.
    pub(in crate::machine) fn variable(&self, frame: FrameId, name: &str) -> Option<&Payload> {
        let frames = std::iter::successors(self.execution.frames.get(&frame), |frame| {
            self.execution.frames.get(&frame.place?.block)
        });
        frames.filter_map(|frame| frame.variables.get(name)).next()
    }

    /// The raw input of the visit of a line of control.
    pub(in crate::machine) fn raw_input(&self, frame: FrameId) -> Option<Payload> {
        Some(self.visit(frame)?.0.input.clone())
    }

    /// Where a line of control belongs; `None` for the machine's own.
    pub(in crate::machine) fn place(&self, frame: FrameId) -> Option<Place> {
        self.execution.place(frame)
    }

    /// Whether a line of control stands where an end left it, although its execution has been redriven.
    pub(in crate::machine) fn is_halted(&self, frame: FrameId) -> bool {
        self.execution.frames.get(&frame).is_some_and(|frame| frame.halted)
    }

    /// Whether a line of control is alive and runs, and its execution too.
    pub(in crate::machine) fn goes_on(&self, frame: FrameId) -> bool {
        let is_alive = self.execution.frames.get(&frame).is_some_and(|frame| !frame.halted);
        is_alive && self.execution.outcome.is_none()
    }

    /// The first event of the step.
    pub(in crate::machine) fn first_event(&self) -> EventId {
        self.first_event
    }

    /// What a line of control waits for.
    pub(in crate::machine) fn waits_for(&self, frame: FrameId) -> Option<&WaitsFor> {
        Some(&self.execution.frames.get(&frame)?.visit.as_ref()?.waits_for)
    }

    /// The branches or iterations that a line of control waits for.
    pub(in crate::machine) fn children(&self, frame: FrameId) -> Option<&Children> {
        self.waits_for(frame)?.children()
    }

    /// The visit of a line of control, and its state.
    pub(in crate::machine) fn visit(&self, frame: FrameId) -> Option<(&Visit, &State)> {
        let visit = self.execution.frames.get(&frame)?.visit.as_ref()?;
        Some((visit, self.execution.definition.state(visit.state)?))
    }

    pub(in crate::machine) fn finish(mut self) -> Step {
        for frame in std::mem::take(&mut self.called) {
            state::task::begin(&mut self, frame);
        }
        if self.full {
            let cause = match self.crowded {
                true => format!("The execution runs more than {MAX_LINES} branches and iterations at once."),
                false => {
                    format!("The execution reached the maximum number of history events ({MAX_EVENTS}).")
                }
            };
            self.full = false;
            let previous = self.execution.last_event;
            self.record_from(previous, Fact::ExecutionFailed { failure: Failure::runtime(cause) });
        }
        let (mut asked, mut settled) = (Vec::new(), Vec::new());
        let mut compare = |before: &[Command], after: &[Command]| {
            settled.extend(before.iter().filter(|command| !after.contains(command)).cloned());
            asked.extend(after.iter().filter(|command| !before.contains(command)).cloned());
        };
        let limit = |command: &Option<Command>| command.iter().cloned().collect::<Vec<_>>();
        compare(&limit(&self.limit_before), &limit(&self.execution.time_limit()));
        for (frame, before) in &self.before {
            compare(before, &self.execution.outstanding_of(*frame));
        }
        let abandoned = self.abandoned();
        let Turn { at, first_event, facts, reply, .. } = self;
        Step { at, first_event, facts, asked, settled, abandoned, reply }
    }

    /// The jobs that this step has ceased to wait for, and that did not end with it.
    fn abandoned(&self) -> Vec<Job> {
        let has_ended = |job: &Job| {
            self.facts.iter().any(|entry| match &entry.fact {
                Fact::TaskSucceeded { frame, .. } | Fact::TaskFailed { frame, .. } => *frame == job.frame,
                _ => false,
            })
        };
        let is_over = |job: &&Job| self.execution.job_of(job.frame) != Some(**job) && !has_ended(job);
        self.jobs_before.iter().filter(is_over).copied().collect()
    }
}
