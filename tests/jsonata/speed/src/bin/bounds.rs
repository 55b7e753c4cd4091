//! What hostile expressions cost gradus: each in a process of its own, whose memory at its height the kernel tells.
//! `cargo run --release --bin bounds`; with a number, only that one.

#[path = "../../../../../runtime/core/src/expr/jsonata/hostile.rs"]
mod hostile;

use std::process::Command;

use gradus_core::{
    expr::jsonata::{Bindings, Expression, Options},
    json,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let cases = hostile::cases();
    if let Some(index) = std::env::args().nth(1) {
        let (text, input) = &cases[index.parse::<usize>().expect("a number")];
        return one(text, input);
    }
    let this = std::env::current_exe().expect("a program");
    println!("| ms | MiB | steps | outcome | expression |\n|---|---|---|---|---|");
    for (index, (text, _)) in cases.iter().enumerate() {
        let output = Command::new(&this).arg(index.to_string()).output().expect("a child");
        let shown: String = text.chars().take(70).collect::<String>().replace('|', "\\|");
        println!("{}| `{shown}` |", String::from_utf8_lossy(&output.stdout).trim_end());
        assert!(output.status.success(), "{shown}");
    }
}

fn one(text: &str, input: &str) {
    let input = json::parse(input).expect("a JSON text");
    let start = spent();
    let (outcome, steps) = match Expression::compile(text) {
        Err(error) => (error.to_string(), 0),
        Ok(expression) => {
            let (result, spent) = expression.evaluate_counted(&input, &Bindings::new(), &Options::default());
            (result.map_or_else(|error| error.to_string(), |_| "a value".into()), spent.steps)
        }
    };
    let milliseconds = (spent() - start) as f64 / 1e6;
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let kilobytes: f64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    let outcome: String = outcome.chars().take(50).collect();
    print!("| {milliseconds:.1} | {:.0} | {steps} | {outcome} ", kilobytes / 1024.0);
}

fn spent() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|text| text.parse().ok()).expect("a number")
}
