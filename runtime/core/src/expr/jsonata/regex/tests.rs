use super::*;

/// All matches, each as `index:text` and its groups in brackets, `-` for a group that took no part.
fn matches(pattern: &str, flags: &str, text: &str) -> String {
    let regex = match Regex::compile(pattern, flags) {
        Ok(regex) => regex,
        Err(Error::Pattern { fault, .. }) => return format!("error: {fault}"),
        Err(error) => return format!("error: {error}"),
    };
    let (mut found, mut from, mut budget) = (Vec::new(), Offset::default(), Budget::new(100_000));
    loop {
        let next = match regex.find_at(text, from, &mut budget) {
            Ok(Some(next)) => next,
            Ok(None) => return found.join(" "),
            Err(error) => return format!("over: {error}"),
        };
        let groups: Vec<&str> =
            next.groups.iter().map(|group| group.clone().map_or("-", |range| &text[range])).collect();
        let groups = if groups.is_empty() { String::new() } else { format!("[{}]", groups.join("|")) };
        found.push(format!("{}:{}{groups}", next.start.utf16, &text[next.start.byte..next.end.byte]));
        from = next.end;
        if next.start == next.end {
            match text[from.byte..].chars().next() {
                Some(character) => from = from.beyond(character),
                None => return found.join(" "),
            }
        }
    }
}

fn check(cases: &[(&str, &str, &str, &str)]) {
    for &(pattern, flags, text, expected) in cases {
        assert_eq!(matches(pattern, flags, text), expected, "/{pattern}/{flags} on {text:?}");
    }
}

// Expectations were recorded on Node 20, but for those that a note names.

#[test]
fn takes_characters_and_classes() {
    check(&[
        ("b", "", "abcb", "1:b 3:b"),
        ("a.c", "", "abc a\nc", "0:abc"),
        ("[a-c]+", "", "xxabcabx", "2:abcab"),
        ("[^a-c]+", "", "abxyc", "2:xy"),
        ("[]", "", "a", ""),
        ("[^]", "", "\n", "0:\n"),
        ("[\\w-]+", "", "a-b c", "0:a-b 4:c"),
        ("[\\d-x]+", "", "1-x y", "0:1-x"),
        ("[-a]+[b-]", "", "a--b", "0:a--b"),
        ("[\\b]", "", "\u{8}", "0:\u{8}"),
        ("\\d+\\s\\D", "", "12\u{a0}x", "0:12\u{a0}x"),
        ("\\x41\\u0042\\t\\cJ", "", "AB\t\n", "0:AB\t\n"),
        // Annex B: what is not an escape is itself; octal where there is no such group.
        ("\\q\\8\\101\\ca", "", "q8A\\ca q8A\u{1}", "7:q8A\u{1}"),
        ("\\c", "", "\\c", "0:\\c"),
        ("\\u{2}", "", "uu", "0:uu"),
        ("a{,2}]}", "", "a{,2}]}", "0:a{,2}]}"),
        // Two escapes of a surrogate pair are one character; half of one matches nothing.
        ("\\ud83d\\ude00", "", "x😀", "1:😀"),
        // A character is taken whole, other than in V8; the offset counts UTF-16 units.
        (".b", "", "😀b😀b", "0:😀b 3:😀b"),
        ("[😀-😂]", "", "a😁", "1:😁"),
    ]);
}

#[test]
fn repeats_and_chooses() {
    check(&[
        ("a*", "", "aab", "0:aa 2: 3:"),
        ("a+?", "", "aa", "0:a 1:a"),
        ("a{2}", "", "aaaaa", "0:aa 2:aa"),
        ("a{2,}", "", "aaaaa", "0:aaaaa"),
        ("a{1,2}?b", "", "aaab", "1:aab"),
        ("(?:ab){1,2}?c", "", "ababc", "0:ababc"),
        ("a|ab", "", "ab", "0:a"),
        ("(a|ab)(c|bcd)(d*)", "", "abcd", "0:abcd[a|bcd|]"),
        ("(z)((a+)?(b+)?(c))*", "", "zaacbbbcac", "0:zaacbbbcac[z|ac|a|-|c]"),
        ("(a*)*", "", "b", "0:[-] 1:[-]"),
        ("(?:a?)*?b", "", "aab", "0:aab"),
        ("(?:){3}x", "", "x", "0:x"),
        ("(a?){3}b", "", "ab", "0:ab[]"),
        ("(?:a*){4294967295,}b", "", "b", "over: the regular expression takes too many steps"),
    ]);
}

#[test]
fn groups_and_looks() {
    check(&[
        ("(a)|(b)", "", "ab", "0:a[a|-] 1:b[-|b]"),
        ("(?<year>\\d{4})-(?<month>\\d\\d)", "", "2018-03", "0:2018-03[2018|03]"),
        ("(a|b)\\1", "", "abbaa", "1:bb[b] 3:aa[a]"),
        ("\\1(a)", "", "aa", "0:a[a] 1:a[a]"),
        ("\\k<x>(?<x>a)\\k<x>", "", "aaa", "0:aa[a]"),
        ("(?=(a+))a*b\\1", "", "baaabac", "3:aba[a]"),
        ("(?!foo)...", "", "foobar", "1:oob"),
        ("(.*?)a(?!(a+)b\\2c)\\2(.*)", "", "baaabaac", "0:baaabaac[ba|-|abaac]"),
        ("(?<=\\$)\\d+(\\.\\d*)?", "", "$10.53 9", "1:10.53[.53]"),
        ("(?<!\\$)\\b\\d+", "", "$10 42", "4:42"),
        ("(?<=(\\d+)(\\d+))$", "", "1053", "4:[1|053]"),
        ("(?<=\\1(a))b", "", "aab", "2:b[a]"),
        ("(?=a)*b", "", "ab", "1:b"),
        ("(?:(?=(a))a)+b", "", "aab", "0:aab[a]"),
    ]);
}

#[test]
fn flags_and_edges() {
    check(&[
        ("^b$", "", "a\nb\nc", ""),
        ("^b$", "m", "a\nb\nc", "2:b"),
        ("\\bfoo\\B", "", "foo food", "4:foo"),
        ("AbC", "i", "aBc", "0:aBc"),
        ("[a-z]+", "i", "ABCk", "0:ABCk"),
        // Upper case decides: the long s is no s, the Kelvin sign no k, but two sigmas are one letter.
        ("s|k", "i", "\u{17f}\u{212a}", ""),
        ("σ+", "i", "σςΣ", "0:σςΣ"),
        ("[^σ]", "i", "ς", ""),
        ("ß", "i", "ẞ", ""),
        ("(é)\\1", "gi", "éÉ", "0:éÉ[é]"),
    ]);
}

#[test]
fn refuses_what_is_not_well_formed() {
    let cases = [
        ("(", "", "Invalid regular expression: /(/: Unterminated group"),
        (")", "gi", "Invalid regular expression: /)/gi: Unmatched ')'"),
        ("a**", "ig", "Invalid regular expression: /a**/gi: Nothing to repeat"),
        ("{1}", "g", "Invalid regular expression: /{1}/g: Nothing to repeat"),
        ("^*", "g", "Invalid regular expression: /^*/g: Nothing to repeat"),
        ("(?<=a)*", "g", "Invalid regular expression: /(?<=a)*/g: Invalid quantifier"),
        ("[b-a]", "g", "Invalid regular expression: /[b-a]/g: Range out of order in character class"),
        ("[a", "g", "Invalid regular expression: /[a/g: Unterminated character class"),
        ("a{2,1}", "g", "Invalid regular expression: /a{2,1}/g: numbers out of order in {} quantifier"),
        ("(?x)", "g", "Invalid regular expression: /(?x)/g: Invalid group"),
        ("(?<1>x)", "g", "Invalid regular expression: /(?<1>x)/g: Invalid capture group name"),
        (
            "(?<a>x)(?<a>y)",
            "g",
            "Invalid regular expression: /(?<a>x)(?<a>y)/g: Duplicate capture group name",
        ),
        ("(?<a>x)\\k", "g", "Invalid regular expression: /(?<a>x)\\k/g: Invalid named reference"),
        (
            "(?<a>x)\\k<b>",
            "g",
            "Invalid regular expression: /(?<a>x)\\k<b>/g: Invalid named capture referenced",
        ),
        ("\\", "g", "Invalid regular expression: /\\/g: \\ at end of pattern"),
        ("a", "iig", "Invalid flags supplied to RegExp constructor 'iig'"),
        ("a", "s", "Invalid flags supplied to RegExp constructor 's'"),
    ];
    for (pattern, flags, expected) in cases {
        let error = Regex::compile(pattern, flags).expect_err(pattern);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn ends_at_the_budget() {
    let hostile = [
        ("(a+)+$", format!("{}!", "a".repeat(37))),
        ("(a|aa)+$", format!("{}!", "a".repeat(60))),
        ("(a*)*b", "a".repeat(40)),
        ("(?:(?=(a+))a)*b", "a".repeat(2_000)),
        ("(.*)(.*)(.*)(.*)(.*)x", "y".repeat(200)),
        ("a*b", "a".repeat(100_000)),
        ("xy", "-".repeat(1_000_001)),
    ];
    for (pattern, text) in hostile {
        let mut budget = Budget::new(1_000_000);
        let found = Regex::compile(pattern, "").unwrap().find_at(&text, Offset::default(), &mut budget);
        assert_eq!((found, budget.left()), (Err(OverBudget), 0), "/{pattern}/");
    }
}

#[test]
fn nests_as_deep_as_it_is_asked_or_refuses() {
    let nested = |depth: usize| format!("{}a{}", "(?:".repeat(depth), ")*".repeat(depth));
    assert_eq!(matches(&nested(150), "", "a"), "0:a 1:");
    assert_eq!(matches(&nested(100_000), "", "a"), "error: Regular expression too large");
}

#[test]
fn charges_little_for_what_is_plain() {
    let text = format!("{}needle", "hay ".repeat(1_000));
    for (pattern, most) in [("needle", 5_000), ("[a-z]+", 20), ("^.*$", 5_000), ("\\w+$", 40_000)] {
        let mut budget = Budget::new(1_000_000);
        let found = Regex::compile(pattern, "").unwrap().find_at(&text, Offset::default(), &mut budget);
        assert!(matches!(found, Ok(Some(_))), "/{pattern}/");
        assert!(1_000_000 - budget.left() <= most, "/{pattern}/ took {}", 1_000_000 - budget.left());
    }
}
