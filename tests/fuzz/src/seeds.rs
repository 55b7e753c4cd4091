//! The inputs that fuzzing starts from.
//!
//! They are taken from the corpus of the other tests, from the generator of machines, and from the lines of
//! `seeds/TARGET.txt`, where regressions go too: `\0` in a line is the separator, `\n` a line's end.

#[path = "../../../runtime/core/src/machine/generate.rs"]
mod generate;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use gradus_core::{
    asl,
    json::{self, Payload, Value},
    machine::{Env, Event, EventId, Execution, Start, Timestamp, codec},
};

/// The root of the project.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// How many generated machines there are.
const MACHINES: u64 = 150;

/// Seeds of a target, each once.
#[derive(Default)]
struct Seeds(BTreeMap<&'static str, BTreeSet<Vec<u8>>>);

impl Seeds {
    fn add(&mut self, target: &'static str, seed: impl AsRef<[u8]>) {
        self.0.entry(target).or_default().insert(seed.as_ref().to_vec());
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        for (target, seeds) in &self.0 {
            let folder = folder.join(target);
            fs::create_dir_all(&folder)?;
            for (number, seed) in seeds.iter().enumerate() {
                fs::write(folder.join(format!("seed-{number:04}")), seed)?;
            }
        }
        Ok(())
    }
}

/// Writes all seeds, those of each target to a folder of its name.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    let mut seeds = Seeds::default();
    lines(&mut seeds)?;
    corpus(&mut seeds)?;
    expressions(&mut seeds)?;
    machines(&mut seeds);
    seeds.write(folder)
}

/// Every line that was written for this.
fn lines(seeds: &mut Seeds) -> io::Result<()> {
    for target in
        ["json", "definition", "machine", "path", "template", "intrinsic", "jsonata_parse", "jsonata"]
    {
        let file = format!("{ROOT}/tests/fuzz/seeds/{target}.txt");
        for line in fs::read_to_string(file)?.lines() {
            seeds.add(target, line.replace("\\0", "\0").replace("\\n", "\n"));
        }
    }
    Ok(())
}

/// Definitions and inputs of the corpus, and the paths, calls and templates in them.
fn corpus(seeds: &mut Seeds) -> io::Result<()> {
    for file in files(Path::new(&format!("{ROOT}/tests/corpus")))? {
        let text = fs::read_to_string(&file)?;
        let Ok(case) = json::parse(&text) else { continue };
        let Some(definition) = case.get("definition") else { continue };
        let input = case.get("input").and_then(Value::as_str).unwrap_or("{}");
        let definition = definition.to_string();
        seeds.add("definition", &definition);
        seeds.add("json", &definition);
        seeds.add("machine", format!("{definition}\0{input}\0sABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        let mut pending = vec![case.get("definition").cloned().unwrap_or_default()];
        while let Some(value) = pending.pop() {
            match &value {
                Value::String(text) if text.starts_with("States.") && text.contains('(') => {
                    seeds.add("intrinsic", format!("{text}\0{input}"));
                }
                Value::String(text) if text.starts_with('$') => {
                    seeds.add("path", format!("{text}\0{input}"));
                }
                Value::Array(values) => pending.extend(values.iter().cloned()),
                Value::Object(members) => {
                    for (key, member) in members.iter() {
                        if ["Parameters", "ResultSelector", "ItemSelector", "Assign"].contains(&&**key) {
                            seeds.add("template", format!("{member}\0{input}"));
                        }
                        pending.push(member.clone());
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// The JSONata corpus.
fn expressions(seeds: &mut Seeds) -> io::Result<()> {
    for line in fs::read_to_string(format!("{ROOT}/tests/jsonata/corpus.txt"))?.lines() {
        // A line names an input first, by `@ name`, or is an expression.
        if !line.starts_with('@') && !line.is_empty() {
            seeds.add("jsonata_parse", line);
            seeds.add("jsonata", line);
        }
    }
    Ok(())
}

/// Generated machines, which have all kinds of state, with rows of their facts.
fn machines(seeds: &mut Seeds) {
    for seed in 0..MACHINES {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut below = |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap_or(0) % bound.max(1)
        };
        let definition = generate::generate(&mut below);
        let script: String = (0..40).map(|_| char::from(b' ' + below(90) as u8)).collect();
        let input = r#"{"n":3,"items":[0,5,2]}"#;
        seeds.add("machine", format!("{definition}\0{input}\0s{script}"));
        if seed % 10 == 0 {
            seeds.add("definition", &definition);
        }
        seeds.add("rows", first_row(&definition, input));
    }
}

/// What the start of an execution leaves in the store.
fn first_row(definition: &str, input: &str) -> Vec<u8> {
    let definition = asl::parse(definition, asl::Options::default()).definition.expect("valid");
    let start = Start {
        arn: "arn".into(),
        name: "e".into(),
        machine_arn: "machine".into(),
        machine_name: "m".into(),
        revision: "m/1".into(),
        version_arn: Some("version".into()),
        alias_arn: None,
        role_arn: "role".into(),
        trace_header: None,
        input: Payload::parse(input).expect("sound"),
    };
    let env = Env {
        now: Timestamp::from_millis(1_790_000_000_000),
        seed: 7,
        machine_deleted: false,
        activity_exists: &|_| true,
        token: &|frame, EventId(task)| format!("{}/{task}", frame.0),
    };
    let step = Execution::new(definition).step(&env, Event::Started(Box::new(start)));
    codec::encode(step.at, step.first_event, &step.facts)
}

/// All files below a folder, in order.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { pending.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}
