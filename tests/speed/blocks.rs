//! What Map, Parallel and their nesting cost an item, on the pure core and in virtual time: whether it stays the
//! same when there are more of them. And how long days of back-off take.
//!
//! Each row is a process of its own, whose memory is its own. `gradus-speed blocks` prints the table.

use std::collections::BTreeSet;
use std::env;
use std::process::Command as Program;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gradus_core::asl::{self, Definition, parse::Options};
use gradus_core::json::Payload;
use gradus_core::machine::timestamp::Millis;
use gradus_core::machine::{
    Command, Env, Event, EventId, Execution, Failure, FrameId, Mode, Outcome, Start, Timer, Timestamp,
};

use crate::{Result, machine, say};

/// Rows that are compared: the same machine for more and more items.
struct Group {
    name: &'static str,
    /// What is counted.
    item: &'static str,
    counts: &'static [usize],
}

const GROUPS: [Group; 4] = [
    Group { name: "Map, a Pass for each item", item: "item", counts: &[1_000, 10_000, 40_000] },
    Group { name: "Map, a Wait for each item", item: "item", counts: &[1_000, 10_000, 40_000] },
    Group { name: "Parallel, a Pass in each branch", item: "branch", counts: &[50, 500, 5_000] },
    Group { name: "Map in Map of 10 in Parallel of 2", item: "inner item", counts: &[200, 2_000, 20_000] },
];

/// How much processor time the runs of a row take together.
const ENOUGH: Duration = Duration::from_millis(300);

/// Prints the table.
pub(crate) fn table() -> Result<()> {
    say("| what | how many | ms | µs each | against the first | peak MiB | KiB each |")?;
    say("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")?;
    for Group { name, item, counts } in GROUPS {
        let mut first = None;
        for count in counts {
            let Row { time, kibibytes } = in_a_process(name, *count)?;
            let each = time.as_secs_f64() * 1e6 / *count as f64;
            let ratio = each / *first.get_or_insert(each);
            let (millis, mebibytes) = (time.as_secs_f64() * 1e3, kibibytes / 1024.0);
            let memory = kibibytes / *count as f64;
            say(&format!(
                "| {name} | {count} | {millis:.1} | {each:.2} {item} | {ratio:.2} | {mebibytes:.1} | {memory:.2} |"
            ))?;
        }
    }
    back_off()
}

/// What one run of a row takes: processor time, and memory beyond that of a process which has done nothing yet.
struct Row {
    time: Duration,
    kibibytes: f64,
}

fn in_a_process(name: &str, count: usize) -> Result<Row> {
    let output = Program::new(env::current_exe()?).args(["block", name, &count.to_string()]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let (nanos, kibibytes) = text.trim().split_once(' ').ok_or("a row has failed")?;
    Ok(Row { time: Duration::from_nanos(nanos.parse()?), kibibytes: kibibytes.parse()? })
}

/// Runs one row in this process, and prints what it took.
pub(crate) fn block(arguments: &[String]) -> Result<()> {
    let [name, count] = arguments else { return Err("block NAME COUNT".into()) };
    let count: usize = count.parse()?;
    let (definition, input) = machine_of(name, count)?;
    let before = machine::peak().unwrap_or(0.0);
    once(&definition, &input)?;
    let grown = machine::peak().unwrap_or(0.0) - before;
    // Of the processor, not of the clock: what else the machine does is of no interest here.
    let clock = || machine::own_run_time().ok_or("the kernel does not tell the processor time");
    let (began, mut runs) = (clock()?, 0);
    let spent = loop {
        once(&definition, &input)?;
        runs += 1;
        let spent = clock()? - began;
        if spent >= ENOUGH {
            break spent / runs;
        }
    };
    say(&format!("{} {}", spent.as_nanos(), grown * 1024.0))
}

/// Runs a machine to its end.
fn once(definition: &Arc<Definition>, input: &Payload) -> Result<()> {
    let mut run = Run::start(definition.clone(), Mode::ExpressAsync, input.clone());
    while run.execution.outcome().is_none() {
        run.fire()?;
    }
    match run.execution.outcome() {
        Some(Outcome::Succeeded(_)) => Ok(()),
        outcome => Err(format!("it ended with {outcome:?}").into()),
    }
}

/// The machine of a row, and its input.
fn machine_of(name: &str, count: usize) -> Result<(Arc<Definition>, Payload)> {
    let array = |count: usize| {
        let items: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        format!("[{}]", items.join(","))
    };
    let pass =
        |name: &str| format!(r#""StartAt":"{name}","States":{{"{name}":{{"Type":"Pass","End":true}}}}"#);
    let map = |name: &str, processor: &str| {
        let fields = r#""Type":"Map","MaxConcurrency":40,"End":true"#;
        format!(r#""StartAt":"{name}","States":{{"{name}":{{{fields},"ItemProcessor":{{{processor}}}}}}}"#)
    };
    let (states, input) = match name {
        "Map, a Pass for each item" => (map("M", &pass("P")), array(count)),
        "Map, a Wait for each item" => {
            let wait = r#""StartAt":"W","States":{"W":{"Type":"Wait","Seconds":0,"End":true}}"#;
            (map("M", wait), array(count))
        }
        "Parallel, a Pass in each branch" => {
            let branches: Vec<String> =
                (0..count).map(|number| format!("{{{}}}", pass(&format!("p{number}")))).collect();
            let branches = branches.join(",");
            (
                format!(
                    r#""StartAt":"A","States":{{"A":{{"Type":"Parallel","End":true,"Branches":[{branches}]}}}}"#
                ),
                "0".to_owned(),
            )
        }
        _ => {
            let inner =
                |name: &str| map(&format!("{name}o"), &map(&format!("{name}i"), &pass(&format!("{name}p"))));
            let branches = format!("{{{}}},{{{}}}", inner("l"), inner("r"));
            let items = vec![array(10); count / 20].join(",");
            (
                format!(
                    r#""StartAt":"A","States":{{"A":{{"Type":"Parallel","End":true,"Branches":[{branches}]}}}}"#
                ),
                format!("[{items}]"),
            )
        }
    };
    let parsed = asl::parse(&format!("{{{states}}}"), Options { express: true });
    Ok((parsed.definition.ok_or("the definition is invalid")?, Payload::parse(&input)?))
}

/// A function that fails for weeks, retried by the hour and later by the day.
fn back_off() -> Result<()> {
    const MACHINE: &str = r#"{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:000000000000:function:f","Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":3600,"BackoffRate":2,"MaxDelaySeconds":86400,"MaxAttempts":5000}],"End":true}}}"#;
    let definition = asl::parse(MACHINE, Options::default()).definition.ok_or("the definition is invalid")?;
    let began = Instant::now();
    let mut run = Run::start(definition, Mode::Standard, Payload::empty_object());
    let started = run.now;
    let mut attempts = 0;
    while run.execution.outcome().is_none() {
        match run.call.take() {
            Some((frame, task)) => {
                attempts += 1;
                run.tell(Event::CallAnswered { frame, task, answer: Err(Failure::new("Busy", "later")) });
            }
            None => run.fire()?,
        }
    }
    let (days, millis) = (run.now.since(started).0 / 86_400_000, began.elapsed().as_secs_f64() * 1e3);
    say(&format!("\n{days} days of back-off, {attempts} attempts: {millis:.1} ms."))
}

/// An execution in virtual time.
struct Run {
    execution: Execution,
    now: Timestamp,
    timers: BTreeSet<Timer>,
    /// The call that waits for its answer.
    call: Option<(FrameId, EventId)>,
}

impl Run {
    fn start(definition: Arc<Definition>, mode: Mode, input: Payload) -> Run {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let execution = Execution::of(definition, mode);
        let mut run = Run { execution, now, timers: BTreeSet::new(), call: None };
        run.tell(Event::Started(Box::new(Start {
            arn: "arn:aws:states:us-east-1:000000000000:express:m:e".into(),
            name: "e".into(),
            machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".into(),
            machine_name: "m".into(),
            revision: Arc::default(),
            version_arn: None,
            alias_arn: None,
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            trace_header: None,
            input,
        })));
        run
    }

    /// What is due first happens, and it is that time.
    fn fire(&mut self) -> Result<()> {
        let Timer { due, frame, purpose } = *self.timers.first().ok_or("it waits for ever")?;
        self.now = self.now.saturating_add(Millis(due.since(self.now).0));
        self.tell(Event::TimerFired { frame, purpose, due });
        Ok(())
    }

    fn tell(&mut self, event: Event) {
        let env = Env {
            now: self.now,
            seed: 7,
            machine_deleted: false,
            activity_exists: &|_| false,
            token: &|_, _| String::new(),
        };
        let step = self.execution.step(&env, event);
        for command in &step.settled {
            if let Command::Timer(timer) = command {
                self.timers.remove(timer);
            }
        }
        for command in step.asked {
            match command {
                Command::Timer(timer) => drop(self.timers.insert(timer)),
                Command::Call(call) => self.call = Some((call.frame, call.task)),
                Command::Activity(_) => {}
            }
        }
    }
}
