//! Speed of JSONata: gradus beside the reference, npm jsonata@2.0.6 on node, and the crate jsonata-core, in one run.
//!
//! `run.sh` starts it, and says where the reference is. Each expression is compiled once; then the three take
//! turns, and the best of some rounds counts. Time is what the measuring thread has spent on a processor, because
//! the machine may have other work; what node does on other threads is not held against it.

mod node;
mod peers;
mod rows;

use std::time::Duration;

use peers::{Core, Gradus, Peer};
use rows::Row;

/// What the service runs with too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How an expression meets its input.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mode {
    /// The input is the context; nothing is bound. The crate compiles such expressions to bytecode.
    Plain,
    /// The input is `$states.input`, as in a state machine; values are at hand.
    Bound,
    /// As `Bound`, from JSON text to JSON text.
    Text,
}

const MODES: [(Mode, &str); 3] = [
    (Mode::Bound, "evaluation alone, the input bound as `$states.input`"),
    (Mode::Plain, "evaluation alone, the input as the context"),
    (Mode::Text, "JSON text in and out, `$states.input`"),
];

fn main() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let peers = std::env::var("PEERS").unwrap_or_else(|_| "gradus core node".into());
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    let rows: Vec<Row> = rows::rows().into_iter().filter(|row| row.name.contains(&only)).collect();
    for (mode, title) in MODES {
        if std::env::var("MODE").is_ok_and(|wanted| !title.contains(&wanted)) {
            continue;
        }
        println!("\n{title}, expressions per second\n");
        println!("| work | gradus | jsonata-core | node | times core | times node |\n|---|---|---|---|---|---|");
        for row in &rows {
            let mut best = [0.0_f64; 3];
            let mut seen: Option<serde_json::Value> = None;
            for _ in 0..rounds {
                let mut note = |at: usize, (rate, result): (f64, String)| {
                    best[at] = best[at].max(rate);
                    let result: serde_json::Value = serde_json::from_str(&result).expect("a JSON text");
                    let seen = seen.get_or_insert_with(|| result.clone());
                    assert!(same(seen, &result), "{}: {seen} is not {result}", row.name);
                };
                if peers.contains("gradus") {
                    note(0, measure(&mut Gradus::new(row, mode)));
                }
                if peers.contains("core") {
                    note(1, jsonata_core::value::with_stack(|| measure(&mut Core::new(row, mode))));
                }
                if peers.contains("node") {
                    note(2, node::measure(row, mode));
                }
            }
            let [gradus, core, node] = best;
            println!(
                "| {} | {} | {} | {} | {:.1} | {:.1} |",
                row.name,
                grouped(gradus),
                grouped(core),
                grouped(node),
                gradus / core,
                gradus / node
            );
        }
    }
}

/// Evaluations per second in a tenth of a second, and the result as JSON text.
fn measure(peer: &mut dyn Peer) -> (f64, String) {
    let result = peer.result();
    let start = spent();
    let mut count = 0_u64;
    let mut batch = 1_u64;
    while spent() - start < Duration::from_millis(100) {
        for _ in 0..batch {
            peer.run();
        }
        count += batch;
        batch = count.min(4096);
    }
    (count as f64 / (spent() - start).as_secs_f64(), result)
}

/// The time that this thread has spent on a processor. `/proc` shows it to the nanosecond.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds = text.split(' ').next().and_then(|text| text.parse().ok()).expect("a number");
    Duration::from_nanos(nanoseconds)
}

/// Equal but for the way in which numbers are written.
fn same(left: &serde_json::Value, right: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (left, right) {
        (Number(left), Number(right)) => left.as_f64() == right.as_f64(),
        (Array(left), Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Object(left), Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}

fn grouped(rate: f64) -> String {
    let digits = format!("{rate:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
