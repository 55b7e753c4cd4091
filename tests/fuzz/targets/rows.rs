//! Rows of facts, torn and made up: they are read or refused, and change an execution or do not; what is read is
//! written the same.
#![no_main]

use gradus_core::{
    asl::{self, parse::Options},
    machine::{Execution, codec},
};
use gradus_fuzz::within;
use libfuzzer_sys::fuzz_target;

/// A machine with all kinds of state that facts speak of.
const MACHINE: &str = include_str!("../seeds/machine.json");

fuzz_target!(init: gradus_fuzz::init(), |data: &[u8]| {
    let Ok(row) = within((1 << 20) + 1024 * data.len(), || codec::decode(data)) else { return };
    let written = codec::encode(row.at, row.first_event, &row.entries);
    let same = codec::decode(&written).expect("our own bytes");
    assert_eq!((same.at, same.first_event), (row.at, row.first_event));
    assert_eq!(same.entries, row.entries);
    assert_eq!(row.numbered().count(), row.entries.len());
    let definition = asl::parse(MACHINE, Options::default()).definition.expect("valid");
    let mut execution = Execution::new(definition);
    within((1 << 20) + 4096 * data.len(), || {
        for entry in &row.entries {
            execution.apply(row.at, entry);
        }
        execution.outstanding()
    });
});
