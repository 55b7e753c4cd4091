//! The iteration order of a Java `HashMap` with string keys, which shows in payloads of the service.

use std::collections::HashSet;

/// The order in which a Java `HashMap` lists `keys` that were put in one after the other.
///
/// Gives indexes into `keys`; a repeated key is listed once, for its first place. Source: JDK 17 `HashMap`,
/// default capacity and load factor. Not followed: buckets with nine or more keys of nearly equal hash in a
/// table of 64 or more, which Java turns into trees; ordinary keys do not get there.
pub fn java_map_order<K: AsRef<str>>(keys: &[K]) -> Vec<usize> {
    let mut seen = HashSet::with_capacity(keys.len());
    let mut hashes: Vec<(usize, u32)> = keys
        .iter()
        .map(AsRef::as_ref)
        .enumerate()
        .filter(|(_, key)| seen.insert(*key))
        .map(|(index, key)| (index, spread(hash_code(key))))
        .collect();
    let mask = table_size(&hashes) - 1;
    // A stable sort, as doubling a table keeps the order inside its buckets.
    hashes.sort_by_key(|(_, hash)| hash & mask);
    hashes.into_iter().map(|(index, _)| index).collect()
}

/// `String.hashCode()`: `h = 31 * h + unit` over the UTF-16 units, wrapping at 32 bits.
fn hash_code(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// Folds the upper half of a hash into the lower, which alone selects the bucket of a small table.
fn spread(hash: i32) -> u32 {
    let hash = hash.cast_unsigned();
    hash ^ (hash >> 16)
}

/// The number of buckets after all insertions, a power of two.
fn table_size(hashes: &[(usize, u32)]) -> u32 {
    const FIRST: u32 = 16;
    /// A bucket that gets its ninth key doubles a table of fewer than `MIN_TREE_TABLE` buckets.
    const CROWDED: usize = 9;
    const MIN_TREE_TABLE: u32 = 64;

    let mut size = FIRST;
    let mut buckets = vec![0_usize; MIN_TREE_TABLE as usize];
    for (count, (_, hash)) in hashes.iter().enumerate().map(|(index, hash)| (index + 1, hash)) {
        if size < MIN_TREE_TABLE {
            let crowded = buckets.get_mut((hash & (size - 1)) as usize).is_some_and(|bucket| {
                *bucket += 1;
                *bucket >= CROWDED
            });
            if crowded {
                size = grow(&mut buckets, size, hashes.get(..count).unwrap_or(hashes));
            }
        }
        if count as u64 * 4 > u64::from(size) * 3 {
            size = grow(&mut buckets, size, hashes.get(..count).unwrap_or(hashes));
        }
    }
    size
}

/// Doubles the table and, while the count of a bucket can still matter, counts its buckets anew.
fn grow(buckets: &mut [usize], size: u32, inserted: &[(usize, u32)]) -> u32 {
    let size = size.saturating_mul(2).min(1 << 30);
    if (size as usize) < buckets.len() {
        buckets.fill(0);
        for (_, hash) in inserted {
            if let Some(bucket) = buckets.get_mut((hash & (size - 1)) as usize) {
                *bucket += 1;
            }
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_like_java() {
        // String, hashCode, spread, bucket of 16, bucket of 32; run on OpenJDK 17.
        let cases = [
            ("", 0, 0, 0, 0),
            ("a", 97, 0x61, 1, 1),
            ("Name", 2_420_395, 0x24_ee8f, 15, 15),
            ("FunctionName", -47_052_125, 0xfd32_f791, 1, 17),
            ("Payload", 877_951_342, 0x3454_4d3a, 10, 26),
            ("é", 233, 0xe9, 9, 9),
            ("中文", 646_394, 0x9_dcf3, 3, 19),
            ("😀", 1_772_899, 0x1b_0d78, 8, 24),
            ("a😀b", 57_849_694, 0x372_b42c, 12, 12),
            ("𝒳", 1_772_318, 0x1b_0b05, 5, 5),
            ("Aa", 2112, 0x840, 0, 0),
            ("BB", 2112, 0x840, 0, 0),
            ("polygenelubricants", i32::MIN, 0x8000_8000, 0, 0),
        ];
        for (text, hash, folded, of_16, of_32) in cases {
            assert_eq!(hash_code(text), hash, "{text}");
            assert_eq!(spread(hash), folded, "{text}");
            assert_eq!((folded & 15, folded & 31), (of_16, of_32), "{text}");
        }
    }

    #[test]
    fn iterates_like_java() {
        let numerals = "one two three four five six seven eight nine ten eleven twelve thirteen";
        let twelve = numerals.rsplit_once(' ').unwrap().0;
        let k25 = (1..=25).map(|n| format!("k{n}")).collect::<Vec<_>>().join(" ");
        // Inserted, iterated; `-` stands for the empty key. Run on OpenJDK 17.
        let cases = [
            ("Payload FunctionName", "FunctionName Payload"),
            ("zeta alpha beta gamma delta", "zeta alpha delta beta gamma"),
            ("Aa BB C", "Aa BB C"),
            ("BB Aa C", "BB Aa C"),
            ("0 True {}", "0 {} True"),
            ("H1 -", "- H1"),
            ("Id Name Value Status Type Count", "Status Type Value Id Count Name"),
            ("Input StateMachineArn Name TraceHeader", "Input TraceHeader StateMachineArn Name"),
            ("😀 é 中文 a", "a 中文 😀 é"),
            (twelve, "nine six four one twelve seven eleven ten two three five eight"),
            (numerals, "nine six one seven two three thirteen eight four twelve eleven ten five"),
            (
                &k25,
                "k11 k10 k13 k12 k15 k14 k17 k16 k19 k18 k1 k2 k3 k20 k4 k5 k22 k6 k21 k7 k24 k8 k23 k9 k25",
            ),
            ("b a b", "a b"),
        ];
        let split = |keys: &str| keys.split(' ').map(|key| key.replace('-', "")).collect::<Vec<_>>();
        for (inserted, iterated) in cases {
            let keys = split(inserted);
            let order: Vec<_> = java_map_order(&keys).into_iter().map(|index| keys[index].clone()).collect();
            assert_eq!(order, split(iterated), "{inserted}");
        }
    }

    #[test]
    fn a_crowded_bucket_doubles_a_small_table() {
        let spaced = |count: u32| (0..count).map(|n| (n as usize, n * 16)).collect::<Vec<_>>();
        assert_eq!(table_size(&spaced(8)), 16);
        assert_eq!(table_size(&spaced(9)), 32);
        let equal = |count: usize| (0..count).map(|n| (n, 0)).collect::<Vec<_>>();
        assert_eq!(table_size(&equal(10)), 64);
        assert_eq!(table_size(&equal(48)), 64);
        assert_eq!(table_size(&equal(49)), 128);
    }
}
