//! Numbers that look random and follow from a seed: the core draws none of its own.

/// One number of the splitmix64 sequence. Source: Steele, Lea, Flood, "Fast Splittable
/// Pseudorandom Number Generators", 2014.
pub(crate) fn splitmix64(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(GAMMA);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Number `index` of the sequence that starts with `seed`; the first is 0.
pub(crate) fn nth(seed: u64, index: u64) -> u64 {
    splitmix64(seed.wrapping_add(index.wrapping_mul(GAMMA)))
}

/// The step of the sequence: 2^64 divided by the golden ratio.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The generator of `java.util.Random`: a seed gives the numbers that it gives there.
pub(super) struct JavaRandom(u64);

impl JavaRandom {
    const MULTIPLIER: u64 = 0x5_deec_e66d;
    /// The state has 48 bits.
    const MASK: u64 = (1 << 48) - 1;

    /// `new Random(seed)`.
    pub(super) fn new(seed: i64) -> JavaRandom {
        JavaRandom((seed.cast_unsigned() ^ Self::MULTIPLIER) & Self::MASK)
    }

    /// A number from `start`, included, to `end`, excluded: `start + nextInt(end - start)`, or where that has
    /// more numbers than an `int` counts, the first `nextInt()` that is among them. `None` if there is none.
    pub(super) fn between(&mut self, start: i32, end: i32) -> Option<i32> {
        if start >= end {
            return None;
        }
        let Some(count) = end.checked_sub(start) else {
            // Soon found: it is half of all numbers, or more.
            return std::iter::repeat_with(|| self.next(32)).find(|drawn| (start..end).contains(drawn));
        };
        self.below(count).checked_add(start)
    }

    /// `nextDouble()`: from 0 to below 1.
    pub(super) fn double(&mut self) -> f64 {
        let high = u64::from(self.next(26).cast_unsigned()) << 27;
        let bits = high + u64::from(self.next(27).cast_unsigned());
        bits as f64 / (1_u64 << 53) as f64
    }

    /// `nextInt(bound)`, for a positive bound.
    fn below(&mut self, bound: i32) -> i32 {
        if bound & bound.wrapping_sub(1) == 0 {
            // A power of two takes the upper bits, which are better ones.
            return ((i64::from(bound) * i64::from(self.next(31))) >> 31) as i32;
        }
        loop {
            let drawn = self.next(31);
            let number = drawn.wrapping_rem(bound);
            // Drawn from the last, incomplete run of the bound: that would favour small numbers.
            if drawn.wrapping_sub(number).checked_add(bound - 1).is_some() {
                return number;
            }
        }
    }

    fn next(&mut self, bits: u32) -> i32 {
        self.0 = self.0.wrapping_mul(Self::MULTIPLIER).wrapping_add(0xb) & Self::MASK;
        (self.0 >> (48 - bits)) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_like_java() {
        // Seed, start, end, and what comes of them on OpenJDK 17.
        let cases: &[(i64, i32, i32, [i32; 3])] = &[
            (0, 0, 10, [0, 8, 9]),
            (42, 1, 999, [255, 20, 551]),
            (42, 0, 16, [11, 0, 10]),
            (0, 0, i32::MAX, [1_569_741_360, 1_785_505_948, 516_548_029]),
            (42, i32::MIN, i32::MAX, [-1_170_105_035, 234_785_527, -1_360_544_799]),
            // A bound that refuses half of all draws.
            (0, 0, (1 << 30) + 1, [516_548_029, 663_681_053, 251_269_761]),
            (-1, -5, 6, [1, 2, -2]),
            (-1, i32::MIN, i32::MAX, [1_155_099_827, 1_887_904_451, 52_699_159]),
            (123_456_789_012, 0, 10, [2, 7, 6]),
            (i64::MIN, 1, 999, [135, 117, 196]),
        ];
        for (seed, start, end, expected) in cases {
            let mut random = JavaRandom::new(*seed);
            let drawn = [(); 3].map(|()| random.between(*start, *end));
            assert_eq!(drawn, expected.map(Some), "{seed} {start} {end}");
        }
        assert_eq!(JavaRandom::new(1).between(1, 1), None);
        assert_eq!(JavaRandom::new(1).between(2, 1), None);
    }

    #[test]
    fn a_sequence_is_that_of_its_seed() {
        // The first numbers of seed 0, as the authors' own program gives them.
        assert_eq!(
            [0, 1, 2].map(|index| nth(0, index)),
            [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]
        );
        assert_eq!(splitmix64(0), nth(0, 0));
    }
}
