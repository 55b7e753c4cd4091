//! The simulated outside: calls are answered, executions started and ends told, late and twice.
//!
//! Errands live in memory like those of a server, and are found again on the disk by the next life.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use gradus_core::asl::definition::{Pattern, Resource};
use gradus_core::json::{Payload, Value};
use gradus_core::machine::{Call, Command, Event, Failure, Parent, Reply};

use super::world::World;
use crate::engine::outside::{LoggedStep, Outside};
use crate::engine::partition::{Answer, NameTaken, Request, Started};
use crate::engine::read_back::{find_execution, replay};
use crate::store::layout::{self, Errand, ErrandKind, ExecutionId};
use crate::store::memory::Memory;
use crate::store::{Durable, Op, PartitionId, Range, Store, Table};
use crate::tasks::activity::Activities;
use crate::tasks::nested::{self, News};

/// Everything outside executions, in one life.
pub(super) struct Outsides {
    pub(super) activities: Activities<Memory>,
    pub(super) errands: Mutex<Vec<Errand>>,
    news: Told,
    logged: Seen,
}

/// Steps that were logged, in every life.
pub(super) type Seen = Arc<Mutex<Vec<LoggedStep>>>;

/// What is to be said to executions: the errand, if any, is done when it was heard.
type Told = Arc<Mutex<VecDeque<(ExecutionId, Event, Option<Errand>)>>>;

impl Outsides {
    /// With the errands that the disk has, if they are looked for.
    pub(super) fn begin(store: &Arc<Memory>, recover: bool, logged: Seen) -> Outsides {
        let rows = store.range(Range::prefix(Table::Calls, &[])).expect("a sound disk");
        let errands = rows.iter().filter(|_| recover);
        let errands = errands.map(|(key, _)| Errand::read(key).expect("our own key")).collect();
        let activities = Activities::new(store.clone());
        Outsides { activities, errands: Mutex::new(errands), news: Told::default(), logged }
    }

    fn add(&self, errand: Errand) {
        self.errands.lock().expect("one thread").push(errand);
    }
}

impl Outside for Outsides {
    fn perform(&self, execution: ExecutionId, command: &Command, durable: &Durable) {
        match command {
            Command::Call(call) => self.add(Errand::of(execution, call)),
            Command::Activity(_) => self.activities.perform(execution, command, durable),
            Command::Timer(_) => {}
        }
    }

    fn ended(&self, execution: ExecutionId, _durable: &Durable) {
        self.add(Errand::end(execution));
    }

    fn abandoned(&self, errand: Errand, _durable: &Durable) {
        self.add(errand);
    }

    /// Calls of this world take no time: there is none to let go of.
    fn settled(&self, _errand: Errand, _durable: &Durable) {}
    fn logged(&self, step: LoggedStep, _durable: &Durable) {
        self.logged.lock().expect("one thread").push(step);
    }
}

impl World {
    /// Does one errand or says one piece of news. Whether there was any.
    pub(super) fn run_errand(&mut self) -> bool {
        let news = self.outside().news.lock().expect("one thread").pop_front();
        if let Some((execution, event, errand)) = news {
            self.tell(execution, event, errand);
            return true;
        }
        let count = self.outside().errands.lock().expect("one thread").len();
        if count == 0 {
            return false;
        }
        let at = self.random.below(count);
        let errand = self.outside().errands.lock().expect("one thread").swap_remove(at);
        if self.random.below(6) == 0 && !self.resting {
            // Done now, and once more later.
            self.outside().add(errand);
        }
        self.perform(errand);
        true
    }

    fn perform(&mut self, errand: Errand) {
        match errand.kind {
            ErrandKind::End => return self.tell_end(errand),
            ErrandKind::Cancel => return self.cancel(errand),
            ErrandKind::Function | ErrandKind::Start => {}
        }
        let Some(call) = self.call_of(errand) else { return };
        match errand.kind {
            ErrandKind::Function | ErrandKind::End | ErrandKind::Cancel => self.call_function(errand, &call),
            ErrandKind::Start => self.start_nested(errand, &call),
        }
    }

    /// Stops the execution of a task that waits for it no more. Names are others here than in a server.
    fn cancel(&mut self, errand: Errand) {
        let (arn, _) = self.arn_within("child", Errand { kind: ErrandKind::Start, ..errand });
        match find_execution(self.store(), &arn).expect("a sound disk") {
            Some(child) => {
                let failure = Failure::new("Abandoned", "by its task");
                self.tell(child, Event::StopRequested { failure }, Some(errand));
            }
            None => self.forget(errand),
        }
    }

    /// The call of an errand, if it is still to be made.
    fn call_of(&self, errand: Errand) -> Option<Call> {
        let rows = self.store().range(layout::facts_from(errand.execution, 0)).expect("a sound disk");
        let replayed = replay(self.catalog(), rows.iter().map(|(_, row)| &**row)).expect("sound rows")?;
        replayed.execution.outstanding().into_iter().find_map(|command| match command {
            Command::Call(call) => (Errand::of(errand.execution, &call) == errand).then_some(call),
            Command::Timer(_) | Command::Activity(_) => None,
        })
    }

    fn call_function(&mut self, errand: Errand, call: &Call) {
        let mark = self.mark();
        let answer = match self.random.below(4) {
            0 => Err(Failure::new("Flaky", mark.to_string())),
            _ => Ok(Payload::parse(&format!(r#"{{"mark":{mark}}}"#)).expect("sound output")),
        };
        if let Resource::Service { pattern: Pattern::Token, .. } = &call.resource {
            let payload = call.input.value().get("Payload");
            let token = payload.and_then(|payload| payload.get("token")).and_then(Value::as_str);
            let candidate = self.tokens.read(token.expect("the token is sent")).expect("our own token");
            self.ledger().hold(candidate);
        }
        let Errand { execution, frame, task, .. } = errand;
        let ledger = self.shared_ledger();
        self.signal(execution, Event::CallAnswered { frame, task, answer }, move |signalled| {
            if signalled.reply == Reply::Taken {
                ledger.lock().expect("one thread").answered.insert(mark);
            }
        });
    }

    fn start_nested(&mut self, errand: Errand, call: &Call) {
        let prepared = nested::prepare(self.catalog(), call).expect("a sound catalogue");
        let nested::Prepared { mut start, compiled, parent } = prepared.expect("a sound start");
        // The world is smaller than a server: the name has to lead to one of its partitions.
        let (arn, partition) = self.arn_within(&start.machine_name, errand);
        start.name = arn.rsplit(':').next().unwrap_or_default().into();
        start.arn = arn.as_str().into();
        self.ledger().asked.insert(arn.clone(), start.input.text().to_owned());
        let (ledger, news) = (self.shared_ledger(), self.outside().news.clone());
        let asked_by = Some(parent.clone());
        let answer: Answer<Result<Started, NameTaken>> = Box::new(move |started| {
            let Ok(started) = started else { return };
            if let Ok(started) = &started {
                ledger.lock().expect("one thread").acknowledge_start(arn.clone(), started.id);
            }
            let Parent { frame, task, .. } = parent;
            let answer = nested::answer(&arn, started, &parent);
            let event = Event::CallAnswered { frame, task, answer };
            news.lock().expect("one thread").push_back((errand.execution, event, None));
        });
        self.send(partition, Request::Start { start: Box::new(start), compiled, parent: asked_by, answer });
    }

    fn arn_within(&self, machine: &str, errand: Errand) -> (String, PartitionId) {
        let Errand { execution, frame, task, .. } = errand;
        let names = (0..).map(|number| {
            format!(
                "arn:aws:states:us-east-1:000000000000:execution:{machine}:{execution:?}-{}-{}-{number}",
                frame.0, task.0
            )
        });
        let mut arns = names.map(|arn| (layout::partition_of(&arn), arn));
        let found = arns.find(|(partition, _)| self.owns(*partition));
        found.map(|(partition, arn)| (arn, partition)).expect("some name fits")
    }

    fn tell_end(&mut self, errand: Errand) {
        let news = nested::news(self.store(), self.catalog(), errand.execution).expect("a sound disk");
        match news {
            News::Ended(waiting, [start, end]) => {
                self.tell(waiting, start, None);
                self.tell(waiting, end, Some(errand));
            }
            News::Running => {}
            News::Nobody => self.forget(errand),
        }
    }

    fn tell(&mut self, execution: ExecutionId, event: Event, errand: Option<Errand>) {
        let heard = self.heard.clone();
        self.signal(execution, event, move |_| heard.lock().expect("one thread").extend(errand));
    }

    /// Removes the ends that were heard.
    pub(super) fn forget_heard(&mut self) {
        let heard = std::mem::take(&mut *self.heard.lock().expect("one thread"));
        heard.into_iter().for_each(|errand| self.forget(errand));
    }

    fn forget(&mut self, errand: Errand) {
        let change = Box::new(move |_| vec![Op::Delete { table: Table::Calls, key: errand.key() }]);
        self.send(errand.execution.partition(), Request::Transact { change, answer: Box::new(|_| {}) });
    }
}
