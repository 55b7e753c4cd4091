//! What must hold, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use gradus_core::asl::definition::Pattern;
use gradus_core::machine::codec::{self, StepFacts};
use gradus_core::machine::{
    Command, Entry, Env, Event, EventId, Execution, Fact, FrameId, Purpose, Reply, Timer, Timestamp,
};

use super::machines;
use super::world::{World, tokens};
use crate::engine::read_back::{find_execution, find_named};
use crate::store::layout::{self, Errand, ErrandKind, ExecutionId, Listed, MachineId};
use crate::store::{Range, Store, Table};
use crate::tasks::activity::Candidate;

/// One execution as the disk has it.
struct Recorded {
    id: ExecutionId,
    steps: Vec<StepFacts>,
    execution: Execution,
}

impl World {
    /// Holds at any moment, also with batches under way.
    pub(super) fn check(&self) -> Result<(), String> {
        let recorded = self.recorded()?;
        self.check_acknowledged(&recorded)?;
        for recorded in &recorded {
            check_numbers(recorded)?;
            check_reasons(recorded)?;
            self.check_live(recorded)?;
        }
        self.check_logged(&recorded)?;
        self.check_commands(&recorded)?;
        if let Some(due) = self.overdue() {
            return Err(format!("the timer due at {due:?} did not fire"));
        }
        self.check_lists(&recorded)
    }

    /// Holds when nothing can happen any more.
    pub(super) fn check_all(&self) -> Result<(), String> {
        self.check()?;
        for recorded in &self.recorded()? {
            let Recorded { id, execution, .. } = recorded;
            if execution.outcome().is_none() && !self.is_forgotten(recorded) {
                let states: Vec<_> = execution.current_states().collect();
                return Err(format!("{id:?} never ends, it is in {states:?}"));
            }
        }
        Ok(())
    }

    /// Whether an execution waits for nothing but the answer of a worker that was never told of its
    /// task, because the power was cut in between, and that has no time limit.
    fn is_forgotten(&self, Recorded { id, steps, execution }: &Recorded) -> bool {
        let ledger = self.ledger();
        let mut entries = steps.iter().flat_map(|step| &step.entries);
        execution.outstanding().is_empty()
            && entries.any(|Entry { previous, fact }| {
                matches!(fact, Fact::ActivityStarted { .. }) && !ledger.assigned.contains(&(*id, previous.0))
            })
    }

    fn recorded(&self) -> Result<Vec<Recorded>, String> {
        let asked: Vec<String> = self.ledger().asked.keys().cloned().collect();
        let mut recorded = Vec::new();
        for arn in asked {
            let Some(id) = find_execution(self.store(), &arn).map_err(|error| error.to_string())? else {
                continue;
            };
            let rows = self.store().range(layout::facts_from(id, 0)).map_err(|error| error.to_string())?;
            let steps: Result<Vec<_>, _> = rows.iter().map(|(_, row)| codec::decode(row)).collect();
            let steps = steps.map_err(|error| format!("{id:?}: {error}"))?;
            let rows = rows.iter().map(|(_, row)| &**row);
            let replayed = crate::engine::read_back::replay(self.catalog(), rows);
            let replayed = replayed.map_err(|error| format!("{id:?}: {error}"))?;
            let execution = replayed.ok_or_else(|| format!("{id:?} has a name and no facts"))?.execution;
            recorded.push(Recorded { id, steps, execution });
        }
        Ok(recorded)
    }

    /// The log has nothing that the history has not, nothing twice, and all in order.
    fn check_logged(&self, recorded: &[Recorded]) -> Result<(), String> {
        let mut unlogged = BTreeMap::new();
        for Recorded { execution, steps, .. } in recorded {
            let arn = execution.start().map(|start| &start.arn);
            unlogged.extend(arn.map(|arn| (arn, steps.iter())));
        }
        for logged in self.logged.lock().expect("one thread").iter() {
            let steps = unlogged.get_mut(&logged.execution);
            if steps.and_then(|steps| steps.find(|step| **step == logged.facts)).is_none() {
                return Err(format!("{logged:?} is logged and no part of the history, or twice"));
            }
        }
        Ok(())
    }

    /// Acknowledged is present, nothing is applied twice.
    fn check_acknowledged(&self, recorded: &[Recorded]) -> Result<(), String> {
        let ledger = self.ledger();
        let ids: BTreeSet<ExecutionId> = recorded.iter().map(|recorded| recorded.id).collect();
        for (arn, id) in &ledger.started {
            if !ids.contains(id) {
                return Err(format!("the start of {arn} was acknowledged and is lost"));
            }
        }
        let mut marks = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for Recorded { id, steps, execution } in recorded {
            for (_, entry) in steps.iter().flat_map(StepFacts::numbered) {
                if let Some(mark) = mark_of(&entry.fact)
                    && !marks.insert(mark)
                {
                    return Err(format!("{id:?}: answer {mark} was applied twice"));
                }
                if let Fact::ActivityStarted { .. } = entry.fact {
                    taken.insert((*id, entry.previous.0));
                }
            }
            let count = |is: fn(&Fact) -> bool| {
                steps.iter().flat_map(|step| &step.entries).filter(|entry| is(&entry.fact)).count()
            };
            let stops = count(|fact| matches!(fact, Fact::ExecutionAborted { .. }));
            if ledger.stopped.get(id).is_some_and(|acknowledged| *acknowledged > stops) {
                return Err(format!("{id:?}: a stop was acknowledged and is lost"));
            }
            let redrives = count(|fact| matches!(fact, Fact::ExecutionRedriven { .. }));
            let counted = execution.redriven().map_or(0, |redriven| redriven.count as usize);
            if redrives != counted {
                return Err(format!("{id:?}: {redrives} redrives are {execution:?}"));
            }
        }
        for (id, at) in &ledger.redriven {
            let steps =
                recorded.iter().filter(|recorded| recorded.id == *id).flat_map(|recorded| &recorded.steps);
            let is_redrive = |step: &StepFacts| {
                matches!(step.entries.first(), Some(Entry { fact: Fact::ExecutionRedriven { .. }, .. }))
            };
            if !steps.clone().any(|step| step.at == *at && is_redrive(step)) {
                return Err(format!("{id:?}: its redrive at {at:?} was acknowledged and is lost"));
            }
        }
        if let Some(mark) = ledger.answered.difference(&marks).next() {
            return Err(format!("answer {mark} was acknowledged and is lost"));
        }
        if let Some(attempt) = ledger.assigned.difference(&taken).next() {
            return Err(format!("{attempt:?} was handed to a worker and its history does not know"));
        }
        if let Some(twin) = ledger.twins.first() {
            return Err(format!("{twin:?} was acknowledged under a name that another execution has"));
        }
        match ledger.doubled.first() {
            Some(attempt) => Err(format!("{attempt:?} was handed out twice")),
            None => Ok(()),
        }
    }

    /// Replay equals the live state, where an owner has it and nothing is under way.
    fn check_live(&self, Recorded { id, execution, .. }: &Recorded) -> Result<(), String> {
        match self.live_execution(*id).filter(|_| self.is_at_peace()) {
            Some(live) if live != execution => Err(format!("{id:?}: live {live:?}\nreplayed {execution:?}")),
            _ => Ok(()),
        }
    }

    /// The store keeps exactly the commands that are outstanding; no timer is overdue at peace.
    fn check_commands(&self, recorded: &[Recorded]) -> Result<(), String> {
        let mut wanted = BTreeSet::new();
        for Recorded { id, execution, .. } in recorded {
            wanted.extend(execution.outstanding().iter().map(|command| layout::command_key(*id, command)));
        }
        let mut kept = BTreeSet::new();
        for table in [Table::Timers, Table::Queue, Table::Calls] {
            let rows = self.store().range(Range::prefix(table, &[])).map_err(|error| error.to_string())?;
            kept.extend(rows.into_iter().map(|(key, _)| (table, key)));
        }
        // Whoever abandons a job asks once for its end; when that was seen to, nothing is left of it.
        let is_cancel = |(_, key): &(Table, Vec<u8>)| {
            Errand::read(key).is_some_and(|errand| errand.kind == ErrandKind::Cancel)
        };
        let cancels: Vec<_> = kept.extract_if(.., |row| row.0 == Table::Calls && is_cancel(row)).collect();
        for (_, key) in &cancels {
            let errand = Errand::read(key).ok_or("the key of a call cannot be read")?;
            let of = recorded.iter().find(|recorded| recorded.id == errand.execution);
            let waits = of.is_some_and(|recorded| {
                let mut calls = recorded.execution.outstanding().into_iter();
                calls.any(|command| matches!(command, Command::Call(call) if call.task == errand.task))
            });
            if of.is_none() || waits {
                return Err(format!("{errand:?} is to be cancelled and is waited for"));
            }
        }
        if self.resting && !cancels.is_empty() && self.is_at_peace() {
            return Err(format!("{} jobs were abandoned and never cancelled", cancels.len()));
        }
        let ends = self.ends_to_tell(recorded)?;
        for end in kept.iter().filter(|(table, _)| *table == Table::Calls) {
            let errand = Errand::read(&end.1).ok_or("the key of a call cannot be read")?;
            if errand.kind == ErrandKind::End && !ends.iter().any(|(id, _)| *id == errand.execution) {
                return Err(format!("{errand:?} is kept and nothing ever waited for it"));
            }
        }
        for (id, awaited) in ends {
            let end = (Table::Calls, Errand::end(id).key());
            if !kept.remove(&end) && awaited {
                return Err(format!("the end of {id:?} is awaited and not kept"));
            }
        }
        if let Some((table, key)) = wanted.symmetric_difference(&kept).next() {
            let side = if kept.contains(&(*table, key.clone())) {
                "kept and not"
            } else {
                "outstanding and not kept"
            };
            return Err(format!("{table:?} {:?} is {side} wanted", layout::timer_from(key)));
        }
        Ok(())
    }

    /// Executions that have ended and were started to be waited for, and whether they are still.
    fn ends_to_tell(&self, recorded: &[Recorded]) -> Result<Vec<(ExecutionId, bool)>, String> {
        let mut ends = Vec::new();
        for Recorded { id, execution, .. } in recorded {
            let Some(parent) = execution.parent().filter(|parent| parent.is_waiting()) else { continue };
            if execution.outcome().is_none() {
                continue;
            }
            let waiting =
                find_execution(self.store(), &parent.execution).map_err(|error| error.to_string())?;
            let waiting = recorded.iter().find(|recorded| Some(recorded.id) == waiting);
            let waiting = waiting.ok_or_else(|| format!("the parent of {id:?} is lost"))?;
            let (frame, task) = (parent.frame, parent.task);
            let output = gradus_core::json::Payload::empty_object();
            let told = |event| {
                let env = Env {
                    now: waiting.steps.last().map(|step| step.at).unwrap_or_default(),
                    seed: 0,
                    machine_deleted: false,
                    activity_exists: &|_| true,
                    token: &|_, _| String::new(),
                };
                waiting.execution.clone().step(&env, event).reply == Reply::Taken
            };
            let awaited = told(Event::CallAnswered { frame, task, answer: Ok(output.clone()) })
                || told(Event::TaskSucceeded { frame, task, output });
            ends.push((*id, awaited));
        }
        Ok(ends)
    }

    /// The lists of executions say what their facts say.
    fn check_lists(&self, recorded: &[Recorded]) -> Result<(), String> {
        let rows =
            self.store().range(Range::prefix(Table::Listing, &[])).map_err(|error| error.to_string())?;
        let mut listed = BTreeMap::new();
        for (key, value) in &rows {
            let row = Listed::read(key, value).ok_or("a row of the list cannot be read")?;
            if listed.insert((row.machine, row.execution), row).is_some() {
                return Err("an execution is listed twice".to_owned());
            }
        }
        for Recorded { id, execution, steps } in recorded {
            let status = crate::engine::loaded::status_of(execution.outcome());
            let ended = steps.last().map(|step| step.at).filter(|_| execution.outcome().is_some());
            let name = execution.start().map(|start| find_named(self.store(), &start.arn));
            let Some(Ok(Some(named))) = name else { return Err(format!("{id:?} has no name")) };
            if (named.execution, named.redriven) != (*id, execution.redriven()) {
                return Err(format!("the name of {id:?} leads to {named:?}"));
            }
            let redrives = execution.redriven().map(|redriven| (redriven.count, redriven.at));
            for list in lists_of(execution) {
                let row = listed
                    .remove(&(list, *id))
                    .ok_or_else(|| format!("{id:?} is not in the list {list:?}"))?;
                let shown = row.redriven.map(|at| (row.redrives, at));
                if row.status != status || row.stopped() != ended || shown != redrives {
                    return Err(format!("{id:?} is {status:?} and listed as {row:?}"));
                }
            }
        }
        match listed.first_key_value() {
            None => Ok(()),
            Some((key, row)) => Err(format!("the lists have more than there is: {key:?} {row:?}")),
        }
    }
}

/// The lists that an execution has to be in: of its state machine, its version and its alias.
fn lists_of(execution: &Execution) -> Vec<MachineId> {
    let Some(start) = execution.start() else { return Vec::new() };
    let id = start.revision.split('/').next().and_then(|id| u128::from_str_radix(id, 16).ok());
    let machine = MachineId(id.unwrap_or_default());
    let qualified = [&start.version_arn, &start.alias_arn].into_iter().flatten();
    let qualifiers = qualified.filter_map(|arn| arn.strip_prefix(&*start.machine_arn)?.strip_prefix(':'));
    std::iter::once(machine)
        .chain(qualifiers.map(|qualifier| layout::qualified_list(machine, qualifier)))
        .collect()
}

/// Event numbers are contiguous from 1, and point back.
fn check_numbers(Recorded { id, steps, .. }: &Recorded) -> Result<(), String> {
    let mut next = 1;
    for step in steps {
        if step.first_event.0 != next {
            return Err(format!("{id:?}: a step begins at event {} and not at {next}", step.first_event.0));
        }
        for (event, entry) in step.numbered() {
            if entry.previous.0 >= event.0.max(1) && entry.fact.is_event() {
                return Err(format!("{id:?}: event {} points forward", event.0));
            }
        }
        next += step.events();
    }
    Ok(())
}

/// Every step follows from what the world said at that time: told again, it happens again.
fn check_reasons(Recorded { id, steps, execution }: &Recorded) -> Result<(), String> {
    let mut again = Execution::new(execution.definition().clone());
    let mut attempts = BTreeMap::new();
    for (number, step) in steps.iter().enumerate() {
        let event = reason(&again, &attempts, step)
            .ok_or_else(|| format!("{id:?}: step {number} has no reason: {step:?}"))?;
        let exists = |arn: &str| machines::ACTIVITIES.contains(&arn);
        let tokens = tokens();
        let token = |frame, task| tokens.issue(Candidate { execution: *id, frame, task });
        let env =
            Env { now: step.at, seed: 0, machine_deleted: false, activity_exists: &exists, token: &token };
        let told = again.step(&env, event);
        if told.facts != step.entries || told.first_event != step.first_event {
            return Err(format!("{id:?}: step {number} is {step:?}, told again it is {told:?}"));
        }
        for (event, entry) in step.numbered() {
            if let Fact::ActivityScheduled { frame, .. }
            | Fact::LambdaFunctionScheduled { frame, .. }
            | Fact::LambdaFunctionScheduledInRole { frame, .. }
            | Fact::TaskScheduled { frame, .. }
            | Fact::TaskScheduledInRole { frame, .. } = entry.fact
            {
                attempts.insert(frame, event);
            }
        }
    }
    Ok(())
}

/// The event that a step answered. `attempts` has the last Scheduled event of each line of control.
fn reason(before: &Execution, attempts: &BTreeMap<FrameId, EventId>, step: &StepFacts) -> Option<Event> {
    let Entry { previous, fact } = step.entries.first()?;
    let attempt = || attempts.get(&fact.frame()?).copied();
    match fact {
        Fact::ExecutionStarted { start } => match step.entries.get(1).map(|entry| &entry.fact) {
            Some(Fact::StartedBy { parent }) => Some(Event::StartedBy(start.clone(), parent.clone())),
            _ => Some(Event::Started(start.clone())),
        },
        Fact::ActivityStarted { frame, worker } => {
            Some(Event::TaskStarted { frame: *frame, task: *previous, worker: worker.clone() })
        }
        Fact::TaskHeartbeat { frame } => Some(Event::TaskHeartbeat { frame: *frame, task: attempt()? }),
        Fact::ActivitySucceeded { frame, output } => {
            Some(Event::TaskSucceeded { frame: *frame, task: attempt()?, output: output.clone() })
        }
        Fact::ActivityFailed { frame, failure } => {
            Some(Event::TaskFailed { frame: *frame, task: attempt()?, failure: failure.clone() })
        }
        Fact::LambdaFunctionSucceeded { frame, output } | Fact::TaskSubmitted { frame, output, .. } => {
            Some(Event::CallAnswered { frame: *frame, task: attempt()?, answer: Ok(output.clone()) })
        }
        Fact::TaskSucceeded { frame, action, output, .. } => {
            let (frame, task, output) = (*frame, attempt()?, output.clone());
            Some(match Pattern::of(action) {
                Pattern::RequestResponse => Event::CallAnswered { frame, task, answer: Ok(output) },
                _ => Event::TaskSucceeded { frame, task, output },
            })
        }
        Fact::LambdaFunctionFailed { frame, failure } | Fact::TaskFailed { frame, failure, .. } => {
            let (frame, task, failure) = (*frame, attempt()?, failure.clone());
            let is_call = |command: &Command| matches!(command, Command::Call(call) if call.task == task);
            Some(match before.outstanding().iter().any(is_call) {
                true => Event::CallAnswered { frame, task, answer: Err(failure) },
                false => Event::TaskFailed { frame, task, failure },
            })
        }
        Fact::ActivityTimedOut { frame, failure }
        | Fact::LambdaFunctionTimedOut { frame, failure }
        | Fact::TaskTimedOut { frame, failure, .. } => fired(
            before,
            step.at,
            *frame,
            if failure.heartbeat { Purpose::Heartbeat } else { Purpose::TaskTimeout },
        ),
        Fact::StateExited { frame, .. } | Fact::StateExitedAssigned { frame, .. } => {
            let held = || fired(before, step.at, *frame, Purpose::Retry);
            fired(before, step.at, *frame, Purpose::Wait).or_else(held)
        }
        // What a state leaves with, after a time, or what it begins with, after a back-off.
        Fact::EvaluationFailed { frame, .. } => fired(before, step.at, *frame, Purpose::Wait)
            .or_else(|| fired(before, step.at, *frame, Purpose::Retry)),
        Fact::ActivityScheduled { frame, .. }
        | Fact::LambdaFunctionScheduled { frame, .. }
        | Fact::LambdaFunctionScheduledInRole { frame, .. }
        | Fact::TaskScheduled { frame, .. }
        | Fact::TaskScheduledInRole { frame, .. }
        | Fact::ParallelStarted { frame, .. }
        | Fact::MapStarted { frame, .. }
        // A state that was held begins.
        | Fact::WaitStarted { frame, .. } => fired(before, step.at, *frame, Purpose::Retry),
        Fact::ExecutionTimedOut { .. } => fired(before, step.at, FrameId::ROOT, Purpose::Execution),
        Fact::ExecutionAborted { failure } => Some(Event::StopRequested { failure: failure.clone() }),
        Fact::ExecutionRedriven { token, .. } => Some(Event::RedriveRequested { token: token.clone() }),
        Fact::StateEntered { .. }
        | Fact::StartedBy { .. }
        | Fact::LambdaFunctionStarted { .. }
        | Fact::TaskStarted { .. }
        | Fact::StateHeld { .. }
        | Fact::RetryScheduled { .. }
        | Fact::BranchSucceeded { .. }
        | Fact::BranchFailed { .. }
        | Fact::ParallelSucceeded { .. }
        | Fact::ParallelFailed { .. }
        | Fact::MapIterationStarted { .. }
        | Fact::MapIterationSucceeded { .. }
        | Fact::MapIterationFailed { .. }
        | Fact::MapIterationAborted { .. }
        | Fact::MapSucceeded { .. }
        | Fact::MapFailed { .. }
        | Fact::StateAborted { .. }
        | Fact::StateResumed { .. }
        | Fact::BlockResumed { .. }
        | Fact::ExecutionSucceeded { .. }
        | Fact::ExecutionFailed { .. } => None,
    }
}

/// The timer of this line of control and purpose that was due: none fires early.
fn fired(before: &Execution, at: Timestamp, of: FrameId, wanted: Purpose) -> Option<Event> {
    before.outstanding().into_iter().find_map(|command| match command {
        Command::Timer(Timer { due, frame, purpose }) if (frame, purpose) == (of, wanted) && due <= at => {
            Some(Event::TimerFired { frame, purpose, due })
        }
        _ => None,
    })
}

/// The mark of an answer that the world gave.
fn mark_of(fact: &Fact) -> Option<u64> {
    match fact {
        Fact::ActivitySucceeded { output, .. }
        | Fact::LambdaFunctionSucceeded { output, .. }
        | Fact::TaskSubmitted { output, .. }
        | Fact::TaskSucceeded { output, .. } => output.value().get("mark")?.as_i64().map(|mark| mark as u64),
        Fact::ActivityFailed { failure, .. }
        | Fact::LambdaFunctionFailed { failure, .. }
        | Fact::TaskFailed { failure, .. } => failure.cause.as_ref()?.parse().ok(),
        _ => None,
    }
}
