//! Numbers by chance.

/// splitmix64: for ids and seeds, where uniqueness counts and secrecy does not.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(RANDOM_STEP);
        random_mix(self.0)
    }
}

/// What splitmix64 adds to its state for each number.
pub(super) const RANDOM_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number of a state of splitmix64.
pub(super) fn random_mix(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
