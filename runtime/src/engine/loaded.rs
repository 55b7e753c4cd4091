//! Executions in memory: each with what is known of its rows, all together within a number of bytes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use gradus_core::machine::codec::StepFacts;
use gradus_core::machine::{Execution, Outcome, Start, Timestamp};

use super::outside::LoggedStep;
use super::read_back::Replayed;
use crate::store::catalog::Compiled;
use crate::store::layout::{ExecutionId, Listed, Status};
use crate::store::logging::Logging;

/// What an execution costs in memory besides its payloads, about.
const EXECUTION_BYTES: usize = 1024;

/// From how many new bytes on it is counted how many are held.
const COUNTED_FROM: usize = 64 << 10;

/// An execution in memory.
pub(super) struct Loaded {
    pub(super) execution: Execution,
    /// How many rows of facts it has.
    pub(super) rows: u32,
    /// About how many bytes it holds: those that were counted last, and all that came since.
    bytes: usize,
    /// How many bytes were counted last.
    counted: usize,
    pub(super) listed: Listed,
    logging: Option<Arc<Logging>>,
}

impl Loaded {
    /// An execution that has no rows yet.
    pub(super) fn new(compiled: &Compiled, start: &Start, id: ExecutionId, now: Timestamp) -> Loaded {
        Loaded {
            execution: Execution::new(compiled.definition.clone()),
            rows: 0,
            bytes: 0,
            counted: 0,
            listed: listed(compiled, start, id, now),
            logging: compiled.logging.clone(),
        }
    }

    /// An execution that was read back from so many rows; `None` if it has not started.
    pub(super) fn read(
        Replayed { execution, compiled }: Replayed,
        id: ExecutionId,
        rows: u32,
    ) -> Option<Loaded> {
        let started = execution.started_at().unwrap_or_default();
        let listed = listed(&compiled, execution.start()?, id, started);
        let counted = execution.bytes();
        let logging = compiled.logging.clone();
        let mut loaded = Loaded { execution, rows, bytes: counted, counted, listed, logging };
        loaded.listed = loaded.listed_now();
        Some(loaded)
    }

    /// Another row of facts was written, of so many bytes.
    pub(super) fn has_written(&mut self, bytes: usize) {
        self.rows += 1;
        self.bytes += bytes;
        // Most of it may be let go of by now. Counted so rarely, the count costs less than the facts did.
        if self.bytes > 2 * self.counted + COUNTED_FROM {
            self.counted = self.execution.bytes();
            self.bytes = self.counted;
        }
    }

    /// Its row in the lists as it stands now.
    pub(super) fn listed_now(&self) -> Listed {
        let (before, execution) = (&self.listed, &self.execution);
        let redriven = execution.redriven();
        Listed {
            status: status_of(execution.outcome()),
            sorted_by: execution.closed_at().or_else(|| execution.opened_at()).unwrap_or(before.started),
            redrives: redriven.map_or(0, |redriven| redriven.count),
            redriven: redriven.map(|redriven| redriven.at),
            ..before.clone()
        }
    }

    /// A step for the log, if the state machine has one and the step says something in it.
    pub(super) fn logged(&self, facts: StepFacts, bytes: usize) -> Option<LoggedStep> {
        let logging = self.logging.as_ref().filter(|_| !facts.entries.is_empty())?;
        let start = self.execution.start()?;
        Some(LoggedStep {
            execution: start.arn.clone(),
            machine: start.machine_name.clone(),
            express: false,
            redrives: self.execution.redriven().map_or(0, |redriven| redriven.count),
            logging: logging.clone(),
            facts,
            bytes,
        })
    }
}

/// Executions in memory, the least recently used leaving first.
pub(super) struct Cache {
    entries: HashMap<ExecutionId, (u64, Loaded)>,
    /// In the order of use; an entry counts if its number is that of the execution.
    used: VecDeque<(u64, ExecutionId)>,
    uses: u64,
    bytes: usize,
    max_bytes: usize,
}

impl Cache {
    pub(super) fn new(max_bytes: usize) -> Cache {
        Cache { entries: HashMap::new(), used: VecDeque::new(), uses: 0, bytes: 0, max_bytes }
    }

    pub(super) fn take(&mut self, id: ExecutionId) -> Option<Loaded> {
        let (_, loaded) = self.entries.remove(&id)?;
        self.bytes = self.bytes.saturating_sub(loaded.bytes + EXECUTION_BYTES);
        Some(loaded)
    }

    /// An execution, without using it.
    #[cfg(test)]
    pub(super) fn get(&self, id: ExecutionId) -> Option<&Execution> {
        self.entries.get(&id).map(|(_, loaded)| &loaded.execution)
    }

    pub(super) fn put(&mut self, id: ExecutionId, loaded: Loaded) {
        self.uses += 1;
        self.bytes += loaded.bytes + EXECUTION_BYTES;
        self.used.push_back((self.uses, id));
        self.entries.insert(id, (self.uses, loaded));
    }

    /// Drops what is too much, but nothing whose facts are under way.
    pub(super) fn shrink(&mut self, is_busy: impl Fn(ExecutionId) -> bool) {
        if self.used.len() > 2 * self.entries.len() + 64 {
            let entries = &self.entries;
            self.used.retain(|(use_, id)| entries.get(id).is_some_and(|(current, _)| current == use_));
        }
        for _ in 0..self.used.len() {
            if self.bytes <= self.max_bytes {
                break;
            }
            let Some((use_, id)) = self.used.pop_front() else { break };
            if self.entries.get(&id).is_none_or(|(current, _)| *current != use_) {
                continue;
            }
            if is_busy(id) {
                self.used.push_back((use_, id));
            } else {
                self.take(id);
            }
        }
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&ExecutionId) -> bool) {
        let gone: Vec<ExecutionId> = self.entries.keys().copied().filter(|id| !keep(id)).collect();
        gone.into_iter().for_each(|id| drop(self.take(id)));
    }
}

/// The row of an execution that has just been started.
fn listed(compiled: &Compiled, start: &Start, execution: ExecutionId, started: Timestamp) -> Listed {
    let qualifier = |arn: &Option<Arc<str>>| arn.as_deref()?.rsplit(':').next().map(Arc::from);
    Listed {
        machine: compiled.revision.machine,
        status: Status::Running,
        sorted_by: started,
        execution,
        name: start.name.clone(),
        started,
        version: qualifier(&start.version_arn),
        alias: qualifier(&start.alias_arn),
        redrives: 0,
        redriven: None,
    }
}

/// The status of an execution.
pub(super) fn status_of(outcome: Option<&Outcome>) -> Status {
    match outcome {
        None => Status::Running,
        Some(Outcome::Succeeded(_)) => Status::Succeeded,
        Some(Outcome::Failed(_)) => Status::Failed,
        Some(Outcome::Aborted(_)) => Status::Aborted,
        Some(Outcome::TimedOut) => Status::TimedOut,
    }
}
