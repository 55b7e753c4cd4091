//! How many connections the process can afford: each takes a file descriptor, and the store needs some at any
//! time, or its next write fails, which is final.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many connections there may be of those that are `wanted`. Takes as many descriptors as the system
/// allows at all: it gives few at first for the sake of programs that cannot count further.
pub(crate) fn connections(wanted: u32) -> u32 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        // Who may not have more goes on with what there is.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
    let granted = affordable(wanted, getrlimit(Resource::Nofile).current);
    if granted < wanted {
        tracing::warn!(connections = granted, wanted, "the limit of open files allows fewer connections");
    }
    granted
}

/// Half of the descriptors are for connections; no limit is `None`.
fn affordable(wanted: u32, descriptors: Option<u64>) -> u32 {
    let most = descriptors.map_or(u32::MAX, |most| u32::try_from(most / 2).unwrap_or(u32::MAX));
    wanted.min(most.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_descriptors_are_for_connections() {
        for (wanted, descriptors, expected) in [
            (10_000, None, 10_000),
            (10_000, Some(1 << 40), 10_000),
            (10_000, Some(20_000), 10_000),
            (10_000, Some(1024), 512),
            (10, Some(1024), 10),
            (10, Some(1), 1),
        ] {
            assert_eq!(affordable(wanted, descriptors), expected, "{wanted} {descriptors:?}");
        }
    }
}
