//! The cases of `tests/corpus/`: histories event by event, over HTTP and on the pure core in virtual
//! time; findings, by the parser and over HTTP; and the index of both.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use gradus_tests::api::Api;
use gradus_tests::corpus::{self, Case, difference, over_http, print};
use gradus_tests::findings::Finding;
use gradus_tests::server::Server;
use gradus_tests::{findings, in_parallel, simulated};

use crate::{GRADUS, cases, updating};

/// Most cases wait for a second or two, so many run at a time.
const AT_A_TIME: usize = 16;

#[test]
fn over_http_in_real_time() {
    let cases = corpus::read(&cases("corpus"));
    let differences = in_parallel(AT_A_TIME, &cases, |(path, case)| {
        let result = over_http(GRADUS, case);
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

#[test]
fn findings_by_the_parser_and_over_http() {
    let cases = findings::read(&cases("corpus"));
    let server = Server::in_memory(GRADUS);
    let mut api = Api::new(server.address());
    let mut differences = Vec::new();
    for (path, case) in &cases {
        let parsed = findings::parsed(case);
        let validated = findings::validated(&mut api, case);
        let name = path.file_stem().and_then(OsStr::to_str).unwrap();
        let refused = findings::refused(&mut api, name, case);
        if updating() {
            fs::write(path, print(&findings::Case { findings: parsed, ..case.clone() })).unwrap();
            continue;
        }
        // In which order several are told is not promised, but that it is the same everywhere.
        let sorted = |findings: &[Finding]| {
            let mut sorted = findings.to_vec();
            sorted.sort();
            sorted
        };
        let refusal = findings::refusal(&parsed);
        if sorted(&parsed) != sorted(&case.findings) || validated != parsed || refused != refusal {
            differences.push(Some(format!(
                "{}\n  expected  {:?}\n  parsed    {parsed:?}\n  validated {validated:?}\n  refused   {refused:?}",
                path.display(),
                case.findings
            )));
        }
    }
    none(differences);
}

/// The index names every case, and no other.
#[test]
fn every_rule_has_its_cases() {
    let corpus = cases("corpus");
    let index = fs::read_to_string(corpus.join("rules.md")).unwrap();
    let is_case = |text: &&str| text.contains('/') && !text.contains(['.', ' ']);
    let named: BTreeSet<String> =
        index.split('`').skip(1).step_by(2).filter(is_case).map(str::to_owned).collect();
    let files = corpus::read(&corpus).into_iter().map(|(path, _)| path);
    let files = files.chain(findings::read(&corpus).into_iter().map(|(path, _)| path));
    let name = |path: PathBuf| path.strip_prefix(&corpus).unwrap().with_extension("").display().to_string();
    let existing: BTreeSet<String> = files.map(name).collect();
    let missing: Vec<_> = named.difference(&existing).collect();
    let unnamed: Vec<_> = existing.difference(&named).collect();
    assert!(missing.is_empty() && unnamed.is_empty(), "missing: {missing:?}\nnot in the index: {unnamed:?}");
}

fn none(differences: Vec<Option<String>>) {
    let differences: Vec<String> = differences.into_iter().flatten().collect();
    assert!(differences.is_empty(), "{} cases differ\n{}", differences.len(), differences.join("\n"));
}
