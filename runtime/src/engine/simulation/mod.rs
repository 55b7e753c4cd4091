//! The engine under a simulated world: many executions on a disk that loses its power.
//!
//! One seed is one run. Executions of generated machines go on over a number of lives of the
//! process; each life ends with a power cut at a commit: before the write, between write and sync
//! (which tears what was not synced), between sync and effects, or after them. Callers start,
//! stop, poll and answer, late and twice; partitions move between two owners. At the end the
//! world comes to rest, and everything that was acknowledged has to be there, everything that
//! happened has to follow from what the world said ([`check`]).
//!
//! `cargo test` runs some hundreds of seeds; `GRADUS_SIMULATION_SEEDS=from..to` runs others, and
//! a failing seed is printed with what it broke.

mod check;
mod errands;
#[path = "../../../core/src/machine/generate.rs"]
mod machines;
mod world;

use std::collections::BTreeMap;

use world::{Fault, World};

use crate::store::layout::Status;

/// The power cuts of one run.
const CUTS: usize = 30;

/// Runs one seed: how its executions ended, or what was broken.
fn run(seed: u64, fault: Option<Fault>) -> Result<BTreeMap<Status, usize>, String> {
    let mut world = World::new(seed, fault);
    for life in 0..CUTS {
        world.live().and_then(|()| world.check()).map_err(|broken| format!("life {life}: {broken}"))?;
        world.cut_power();
    }
    world.come_to_rest().and_then(|()| world.check_all()).map_err(|broken| format!("at rest: {broken}"))?;
    Ok(world.ends())
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("GRADUS_SIMULATION_SEEDS") else { return 0..300 };
    let bound = |text: &str| text.trim().parse::<u64>().expect("GRADUS_SIMULATION_SEEDS is `from..to`");
    let (from, to) = text.split_once("..").expect("GRADUS_SIMULATION_SEEDS is `from..to`");
    bound(from)..bound(to)
}

#[test]
fn nothing_is_lost_however_often_the_power_is_cut() {
    let (mut runs, mut ends) = (0, BTreeMap::<Status, usize>::new());
    for seed in seeds() {
        match run(seed, None) {
            Ok(ended) => {
                ended.into_iter().for_each(|(status, count)| *ends.entry(status).or_default() += count)
            }
            Err(broken) => panic!("GRADUS_SIMULATION_SEEDS={seed}..{} breaks: {broken}", seed + 1),
        }
        runs += 1;
        if runs % 500 == 0 {
            eprintln!("{runs} runs, {} power cuts, {ends:?}", runs * CUTS);
        }
    }
    eprintln!("{runs} runs, {} power cuts, nothing broken, {ends:?}", runs * CUTS);
    // All ends but those still running must have been seen, or the world was too quiet.
    assert!(ends.len() == Status::ALL.len() - 1, "{ends:?}");
}

/// A simulation that finds nothing proves nothing: each of these faults has to be found.
fn check_found(fault: Fault) {
    let found = (0..500).find_map(|seed| {
        let broken = run(seed, Some(fault)).err()?;
        run(seed, None).is_ok().then_some((seed, broken))
    });
    let (seed, broken) = found.unwrap_or_else(|| panic!("{fault:?} was not found in 500 runs"));
    eprintln!("{fault:?} was found by seed {seed}: {broken}");
}

#[test]
fn a_command_sent_before_its_commit_is_found() {
    check_found(Fault::EffectsBeforeCommit);
}

#[test]
fn a_skipped_fact_is_found() {
    check_found(Fault::SkippedFact);
}

#[test]
fn a_timer_dropped_on_recovery_is_found() {
    check_found(Fault::TimerDroppedOnRecovery);
}

#[test]
fn errands_dropped_on_recovery_are_found() {
    check_found(Fault::ErrandsDroppedOnRecovery);
}

#[test]
fn a_stale_owners_write_is_found() {
    check_found(Fault::StaleOwnerWrites);
}

#[test]
fn a_run_is_the_same_every_time() {
    let trace = |seed| {
        let mut world = World::new(seed, None);
        for _ in 0..CUTS {
            world.live().expect("a sound run");
            world.cut_power();
        }
        world.come_to_rest().expect("a sound run");
        world.disk_bytes()
    };
    for seed in [1, 7, 42] {
        assert!(trace(seed) == trace(seed), "seed {seed}");
    }
}
