//! Expressions that would take a careless evaluator hours or gigabytes. Tests and the table of bounds share them.

/// Expressions, each with its input as JSON text.
pub(crate) fn cases() -> Vec<(String, String)> {
    let nested =
        |open: &str, close: &str, count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
    let numbers: Vec<String> = (0..2000).map(|number| number.to_string()).collect();
    let array = format!("[{}]", numbers.join(","));
    let objects = format!(r#"{{"a":[{}]}}"#, vec![r#"{"a":{"a":[1,2,3]},"b":"x"}"#; 2000].join(","));
    let deep_array = nested("[", "]", 900);
    let deep_object = nested(r#"{"a":"#, "}", 900);
    let letters = format!("\"{}!\"", "a".repeat(60_000));
    let null = "null".to_owned();

    let mut cases: Vec<(String, String)> = Vec::new();
    let mut add = |input: &String, expressions: &[&str]| {
        cases.extend(expressions.iter().map(|expression| ((*expression).to_owned(), input.clone())));
    };
    // Texts that grow.
    add(
        &null,
        &[
            r#"$pad("x", 3e8)"#,
            r#"$pad("x", -3e8, "ab")"#,
            "$reduce([1..30], function($s) { $s & $s }, 'x')",
            "$reduce([1..25], function($s, $i) { $s & $s }, 'xxxxxxxx')",
            "($f := function($s, $n) { $n = 0 ? $s : $f($s & $s, $n - 1) }; $f('x', 25))",
            "$reduce([1..1000000], function($s, $i) { $s & 'xxxxxxxxxxxxxxxxxxxxxxxx' }, '')",
            "$map([1..1000], function($i) { $pad('x', 1e6 + $i) })",
            "$map([1..100000], function($i) { {'a': {'b': $pad('x', 2e5)}}.a })",
            "$replace($pad('', 1e6, 'a'), 'a', $pad('', 1e5, 'b'))",
            "$replace($pad('', 1e6, 'a'), /a/, $pad('', 1e5, 'b'))",
            "$replace($pad('', 1e6, 'a'), /a/, function($m) { $pad('', 1e5, 'b') })",
            "$split($pad('', 2e6, 'ab'), 'a')",
            "$split($pad('', 2e6, 'ab'), '')",
            "$split($pad('', 2e6, 'ab'), /a/)",
            "$join($map([1..1000000], function($i) { 'xxxxxxxxxxxxxxxxxxx' }), 'yyyyyyyyyyyyyyyyyyyyyyyyyyy')",
            "$string([1..1000000])",
            "$uppercase($pad('', 2e6, 'ß')) & $encodeUrlComponent($pad('', 2e6, 'ß'))",
            "$map([1..1000000], function($i) { $base64encode($pad('', 1e4, 'a')) })",
            "$formatBase(1e308, 2) & $formatNumber(1, $pad('', 1e6, '0'))",
            "$fromMillis(0, $pad('', 1e6, '[Y]'))",
            "$reduce([1..40], function($s, $i) { $formatNumber(1e300, '#,##0.' & $pad('', 1e5, '0')) }, '')",
        ],
    );
    // Arrays and objects that grow.
    add(
        &null,
        &[
            "[1..1e9]",
            "[1..9999999]",
            "[1..999999].[1..999999]",
            "$reduce([1..25], function($a, $i) { $append($a, $a) }, [1])",
            "$reduce([1..25], function($a, $i) { [$a, $a] }, [1])",
            "$reduce([1..1000000], function($a, $i) { $append($a, $i) }, [])",
            "$string($reduce([1..40], function($a, $i) { {'a': $a, 'b': $a} }, 1))",
            "$reduce([1..40], function($a, $i) { {'a': $a, 'b': $a} }, 1)",
            "$reduce([1..40], function($a, $i) { {'a': $a, 'b': $a} }, 1).**",
            "$count($reduce([1..40], function($a, $i) { [[$a], [$a]] }, 1).**)",
            "$reduce([1..40], function($a, $i) { {'a': $a, 'b': $a} }, 1) ~> |**|{'c': 1}|",
            "$reduce([1..100000], function($a, $i) { [$a, []] }, 1)",
            "$reduce([1..100000], function($a, $i) { {'a': $a} }, 1)",
            "$reduce([1..100000], function($a, $i) { function() { $a } }, 1)",
            "$merge($map([1..1000000], function($i) { {$string($i): $i} }))",
            "$reduce([1..100000], function($o, $i) { $merge([$o, {$string($i): $i}]) }, {})",
            "[1..1000000]{$string($): $}",
            "$map([1..1000000], function($i) { {'a': $i, 'b': $i, 'c': $i} })",
            "$map([1..1000000], function($i) { [$i, [$i, [$i]]] })",
            "$spread($merge($map([1..1000000], function($i) { {$string($i): $i} })))",
            "$zip([1..1000000], [1..1000000], [1..1000000])",
            "$sort([1..1000000], function($a, $b) { $a < $b })",
            "$sort([1..1000000], function($a, $b) { ($a < $b) })",
            "$shuffle([1..1000000]) ~> $sort",
            "[1..1000000]^(>$)",
            "$distinct($map([1..1000000], function($i) { [$i] }))",
            "$distinct([1..1000000])",
            "$reverse([1..1000000]) = [1..1000000]",
            "1 in [1..1000000][$ > 1]",
            "[1..1000000][[0..999999]]",
            "[1..1000000][$$ or true]",
        ],
    );
    // Recursion.
    add(
        &null,
        &[
            "($f := function($n) { $f($n + 1) }; $f(1))",
            "($f := function($n) { $f($f($n)) }; $f(1))",
            "($f := function($n) { [$f($n)] }; $f(1))",
            "($f := function($n) { 1 + $f($n) }; $f(1))",
            "($f := function($n) { $map([1..10], $f) }; $f(1))",
            "($f := function($n) { $n < 2 ? 1 : $f($n - 1) + $f($n - 2) }; $f(60))",
            "($y := function($f) { ($x := function($x) { $f($x($x)) }; $x($x)) }; $y(function($z) { $z }))",
            "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, $g ~> $string) }; $f(100000, $string)(1))",
            "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, $string ~> $g) }; $f(100000, $string)(1))",
            "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, $g(?)) }; $f(100000, $string)(1))",
            "($f := function($n) { ($x := $pad('x', 2e5); $g := function() { $x }; $f($n + 1)) }; $f(1))",
            "($f := function($s) { $f($s & 'x') }; $f('x'))",
        ],
    );
    // Regular expressions.
    add(
        &letters,
        &[
            "$match($, /(a+)+$/)",
            "$match($, /(a|a)*$/)",
            "$match($, /(a*)*b/)",
            "$match($, /a*a*a*a*a*b/)",
            "$match($, /(?=(a+))\\1b/)",
            "$match($, /(.*)(.*)(.*)(.*)(.*)x/)",
            "$match($, /a{1,5000}b/)",
            "$match($, /((((((((((a))))))))))/)",
            "$match($, /a/i)",
            "$replace($, /a/, '$0$0$0$0')",
            "$split($, /a/)",
            "$contains($, /(?<=a+)b/)",
            "$map([1..1000], function($i) { $contains($, /b/) })",
            "$map([1..100000], function($i) { $contains($$, 'b') })",
            "$map([1..100000], function($i) { $length($$) })",
            "$map([1..100000], function($i) { $substring($$, 1) })",
            "$map([1..100000], function($i) { $$ & $i })",
            "$map([1..100000], function($i) { $$ = $$ & '' })",
            "$map([1..100000], function($i) { $$ < $$ & '' })",
            "$map([1..100000], function($i) { $lowercase($$) })",
            "$map([1..100000], function($i) { $number($$) })",
        ],
    );
    // Large and deep inputs.
    add(
        &array,
        &[
            "$.($$.($$.($)))",
            "$map($, function($a) { $map($$, function($b) { $a * $b }) })",
            "$@$a.$$@$b.$$@$c.[$a, $b, $c]",
            "$#$i.$$#$j.($i + $j)",
            "$[$$[$ > 5]]",
            "$filter($, function($a) { $a in $$ })",
            "$map($, function($a) { $sum($$) })",
            "$map($, function($a) { $string($$) })",
            "$map($, function($a) { $reverse($$) })",
            "$map($, function($a) { $sort($$) })",
            "$map($, function($a) { $$ = $$[$ >= 0] })",
            "$map($, function($a) { $join($string($$)) })",
            "$map($, function($a) { $count($$.**) })",
        ],
    );
    add(
        &objects,
        &[
            "a.$$.a.$$.a.b",
            "**.**",
            "**.**.**",
            "*.*.*.%.%.%",
            "a.a.a.%.%.%.a",
            "a@$x.$$.a@$y.{'x': $x, 'y': $y}",
            "a{b: $$.a}",
            "a.{'x': $$.a}",
            "a ~> |a|{'c': $$.a}|",
            "$ ~> |**|{'c': $$.a}|",
            "$map(a, function($x) { $clone($$) })",
            "$map(a, function($x) { $keys($$.a) })",
            "$map(a, function($x) { $merge($$.a) })",
            "$map(a, function($x) { $distinct($$.a) })",
            "$distinct(a.{'k': $string(%)})",
            "a^(b, $string($$))",
        ],
    );
    add(
        &deep_array,
        &[
            "**",
            "$",
            "$string($)",
            "$ = $$",
            "[$$, $$] = [$, $]",
            "$$[0][0]",
            "$clone({'a': $})",
            "$boolean($)",
            "a",
        ],
    );
    add(
        &deep_object,
        &[
            "**",
            "$",
            "$string($)",
            "$ = $$",
            "**.a",
            "$clone($)",
            "$ ~> |**|{'b': 1}|",
            "$count(**.**)",
            "$spread($)",
            "a.a.a",
        ],
    );
    // Texts that nest.
    let texts = [
        nested("(", ")", 100_000),
        nested("[", "]", 100_000),
        nested("-", "", 100_000),
        nested("{'a':", "}", 100_000),
        vec!["1"; 100_000].join("+"),
        vec!["a"; 100_000].join("."),
        vec!["a"; 100_000].join("~>"),
        vec!["a"; 100_000].join("?"),
        "a[".repeat(100_000),
        "a^(".repeat(100_000),
        "function($x){".repeat(10_000),
        "%.".repeat(100_000),
        format!("/{}/", "(".repeat(100_000)),
        format!("$match('a', /{}/)", "a?".repeat(50_000)),
        format!("function($x)<{}>{{1}}", "a<".repeat(50_000)),
        format!("($d := function($s) {{ $s & $s }}; {}\"x\"{})", "$d(".repeat(25), ")".repeat(25)),
    ];
    cases.extend(texts.into_iter().map(|text| (text, "null".to_owned())));
    cases
}
