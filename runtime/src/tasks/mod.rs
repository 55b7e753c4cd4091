//! Who carries out commands: one integration each. They know commands, not executions; only
//! `nested` does, whose work is other executions, and it goes through the engine as a caller would.

pub mod activity;
pub(crate) mod connect;
pub mod lambda;
pub(crate) mod nested;
mod sdk;
pub mod token;

/// Whether two ARNs are of one account and region. What is elsewhere does not exist for a task.
pub(crate) fn is_same_place(arn: &str, other: &str) -> bool {
    place(arn).is_some_and(|here| place(other) == Some(here))
}

/// Everything of an ARN before the resource.
fn place(arn: &str) -> Option<&str> {
    let (end, _) = arn.match_indices(':').nth(4)?;
    arn.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_account_and_a_region() {
        let here = "arn:aws:states:us-east-1:000000000000:stateMachine:m";
        for (arn, expected) in [
            (here, true),
            ("arn:aws:states:us-east-1:000000000000:activity:a", true),
            ("arn:aws:states:us-east-1:000000000001:stateMachine:m", false),
            ("arn:aws:states:us-east-2:000000000000:stateMachine:m", false),
            ("arn:aws-cn:states:us-east-1:000000000000:stateMachine:m", false),
            ("arn:aws:states:us-east-1:000000000000", false),
            ("", false),
        ] {
            assert_eq!(is_same_place(here, arn), expected, "{arn}");
        }
        assert!(!is_same_place("", ""));
    }
}
