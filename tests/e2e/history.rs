//! The histories of `tests/corpus/`, event by event: over HTTP, and on the pure core in virtual time.

use std::fs;

use gradus_tests::corpus::{self, Case, difference, over_http, print};
use gradus_tests::server::Server;
use gradus_tests::{in_parallel, simulated};

use crate::{GRADUS, cases, updating};

/// Most cases wait for a second or two, so many run at a time.
const AT_A_TIME: usize = 16;

#[test]
fn over_http_in_real_time() {
    let cases = corpus::read(&cases("corpus"));
    let differences = in_parallel(AT_A_TIME, &cases, |(path, case)| {
        let server = Server::in_memory(GRADUS);
        let result = over_http(server.address(), case);
        if updating() {
            fs::write(path, print(&Case { result, ..case.clone() })).unwrap();
            return None;
        }
        difference(&case.result, &result).map(|difference| format!("{}: {difference}", path.display()))
    });
    none(differences);
}

#[test]
fn on_the_core_in_virtual_time() {
    let cases = corpus::read(&cases("corpus"));
    let differences = cases.iter().map(|(path, case)| {
        let difference = difference(&case.result, &simulated::run(case))?;
        Some(format!("{}: {difference}", path.display()))
    });
    none(differences.collect());
}

fn none(differences: Vec<Option<String>>) {
    let differences: Vec<String> = differences.into_iter().flatten().collect();
    assert!(differences.is_empty(), "{} cases differ\n{}", differences.len(), differences.join("\n"));
}
