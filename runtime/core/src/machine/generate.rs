//! Generated state machines for tests: every kind of state that is built, no cycles, and an end.
//!
//! Also compiled into the engine's simulation, by its path. A new kind of state, or field, that a
//! crash may hit belongs here.

use std::fmt::Write;

/// The activities that generated machines use.
pub(crate) const ACTIVITIES: [&str; 2] = [
    "arn:aws:states:us-east-1:000000000000:activity:left",
    "arn:aws:states:us-east-1:000000000000:activity:right",
];

/// The definition of a machine. Its input is an object with a number `n` from 0 to 9. `below`
/// draws a number below its argument.
pub(crate) fn generate(below: &mut dyn FnMut(usize) -> usize) -> String {
    let count = 2 + below(5);
    let mut states = String::new();
    for number in 0..count {
        _ = write!(
            states,
            "{}\"s{number}\":{}",
            if number > 0 { "," } else { "" },
            state(below, number, count)
        );
    }
    let limit = if below(6) == 0 { format!("\"TimeoutSeconds\":{},", 5 + below(30)) } else { String::new() };
    format!(
        "{{{limit}\"StartAt\":\"s0\",\"States\":{{{states},\"done\":{{\"Type\":\"Succeed\"}},\"broken\":{{\"Type\":\"Fail\",\"Error\":\"Broken\",\"Cause\":\"generated\"}}}}}}"
    )
}

fn state(below: &mut dyn FnMut(usize) -> usize, number: usize, count: usize) -> String {
    let next = if number + 1 == count { "done".to_owned() } else { format!("s{}", number + 1) };
    let later = match below(3) {
        0 => "broken".to_owned(),
        1 => "done".to_owned(),
        _ => next.clone(),
    };
    // The first state is a Choice, which keeps `broken` within reach; the chain ends at `done`.
    match if number == 0 { 4 } else { below(6) } {
        0 => format!(r#"{{"Type":"Pass","Next":"{next}"}}"#),
        1 => {
            format!(r#"{{"Type":"Pass","Result":{{"from":{number}}},"ResultPath":"$.pass","Next":"{next}"}}"#)
        }
        2 => format!(r#"{{"Type":"Wait","Seconds":{},"Next":"{next}"}}"#, below(8)),
        3 => format!(r#"{{"Type":"Wait","SecondsPath":"$.n","Next":"{next}"}}"#),
        4 => format!(
            r#"{{"Type":"Choice","Choices":[{{"Variable":"$.n","NumericGreaterThan":8,"Next":"broken"}},{{"Variable":"$.n","NumericEquals":{},"Next":"{later}"}}],"Default":"{next}"}}"#,
            below(9)
        ),
        _ => task(below, &next, &later),
    }
}

fn task(below: &mut dyn FnMut(usize) -> usize, next: &str, later: &str) -> String {
    let activity = ACTIVITIES[below(ACTIVITIES.len())];
    let mut fields =
        format!(r#""Type":"Task","Resource":"{activity}","ResultPath":"$.task","Next":"{next}""#);
    let timeout = below(20);
    if timeout > 3 {
        _ = write!(fields, r#","TimeoutSeconds":{timeout}"#);
        if below(2) == 0 {
            _ = write!(fields, r#","HeartbeatSeconds":{}"#, timeout - 1 - below(2));
        }
    }
    if below(2) == 0 {
        _ = write!(
            fields,
            r#","Retry":[{{"ErrorEquals":["States.Timeout","Flaky"],"IntervalSeconds":{},"MaxAttempts":{},"BackoffRate":1.5}}]"#,
            1 + below(3),
            1 + below(3)
        );
    }
    if below(2) == 0 {
        _ = write!(
            fields,
            r#","Catch":[{{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"{later}"}}]"#
        );
    }
    format!("{{{fields}}}")
}
