//! The language by example. That it is the reference's language, `tests/jsonata` shows.

use std::time::{Duration, Instant};

use super::{Bindings, ErrorKind, Expression, Options, to_text};
use crate::json::{Value, parse};

const INPUT: &str = r#"{
    "shop": "Lantern", "tags": ["a", "b"], "one": [7], "empty": [], "none": null,
    "orders": [
        {"id": "o-1", "city": "Porto", "lines": [{"sku": "A", "price": 2, "count": 3}, {"sku": "B", "price": 5, "count": 1}]},
        {"id": "o-2", "city": "Turin", "lines": [{"sku": "A", "price": 2, "count": 1}]},
        {"id": "o-3", "city": "Porto", "lines": []}
    ]
}"#;

/// The result as JSON text, `undefined`, or the error as `code position token: message`.
fn outcome(text: &str, input: &Value, bindings: &Bindings, options: &Options) -> String {
    let result =
        Expression::compile(text).and_then(|expression| expression.evaluate(input, bindings, options));
    match result {
        Ok(Some(value)) => to_text(&value),
        Ok(None) => "undefined".into(),
        Err(error) => {
            let position = error.position().map(|position| position.to_string()).unwrap_or_default();
            let token = error.token().map(to_text).unwrap_or_default();
            format!("{} {position} {token}: {}", error.code().unwrap_or("-"), error.message())
        }
    }
}

fn check(cases: &[(&str, &str)]) {
    let input = parse(INPUT).unwrap();
    for (text, expected) in cases {
        let actual = outcome(text, &input, &Bindings::new(), &Options::default());
        assert_eq!(actual, *expected, "{text}");
    }
}

#[test]
fn paths() {
    check(&[
        ("shop", r#""Lantern""#),
        ("orders.id", r#"["o-1","o-2","o-3"]"#),
        ("orders[0].lines.price", "[2,5]"),
        ("orders.lines[0].sku", r#"["A","A"]"#),
        ("(orders.lines)[-1].sku", r#""A""#),
        ("orders[city = 'Porto'].id", r#"["o-1","o-3"]"#),
        ("one", "[7]"),
        ("one.$", "7"),
        ("one[]", "[7]"),
        ("orders[1].id[]", r#"["o-2"]"#),
        ("empty", "[]"),
        ("missing", "undefined"),
        ("none", "null"),
        ("none.x", "undefined"),
        ("$sum(orders.lines.(price * count))", "13"),
        (
            "orders.lines.{'o': %.id, 's': sku}",
            r#"[{"o":"o-1","s":"A"},{"o":"o-1","s":"B"},{"o":"o-2","s":"A"}]"#,
        ),
        ("orders@$o.$o.lines[count > 1].($o.id & sku)", r#""o-1A""#),
        ("orders#$i[$i > 0].($i & id)", r#"["1o-2","2o-3"]"#),
        ("orders^(>id)[0].id", r#""o-3""#),
        ("orders{city: $count(lines)}", r#"{"Porto":2,"Turin":1}"#),
        ("**.sku", r#"["A","B","A"]"#),
        ("orders[0].*", r#"["o-1","Porto",{"sku":"A","price":2,"count":3},{"sku":"B","price":5,"count":1}]"#),
        (
            "orders[1] ~> |lines|{'sum': price * count}, ['price', 'count']|",
            r#"{"id":"o-2","city":"Turin","lines":[{"sku":"A","sum":2}]}"#,
        ),
    ]);
}

#[test]
fn operators_and_functions() {
    check(&[
        ("1 + 2 * 3", "7"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("$string(0.1 + 0.2)", r#""0.3""#),
        ("$string(1e21) & 1e-7", r#""1e+211e-7""#),
        ("1 + missing", "undefined"),
        ("[1..3, 9]", "[1,2,3,9]"),
        ("'a' in tags and 2 < 3", "true"),
        ("($f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f(10))", "3628800"),
        ("($f := function($n, $s) { $n = 0 ? $s : $f($n - 1, $s + $n) }; $f(20000, 0))", "200010000"),
        ("($up := $uppercase ~> $substring(?, 0, 2); $up('abc'))", r#""AB""#),
        ("$map([1, 2], function($x, $i) { $x * $i })", "[0,2]"),
        ("$replace('john smith', /(\\w+) (\\w+)/, '$2 $1')", r#""smith john""#),
        ("$match('ab', /(a)(b)(c)?/)", r#"{"match":"ab","index":0,"groups":["a","b",null]}"#),
        ("$round(2.5) & $round(3.5)", r#""24""#),
        ("$base64decode($base64encode('hello'))", r#""hello""#),
        ("1 / 0", "null"),
    ]);
}

#[test]
fn faults() {
    check(&[
        ("1 +", "S0207 3 \"(end)\": Unexpected end of expression"),
        ("(1", "S0203 2 \"(end)\": Expected \")\" before end of expression"),
        ("'a", "S0101 2 : String literal must be terminated by a matching quote"),
        ("a ?? b", "S0211 4 \"?\": The symbol \"?\" cannot be used as a unary operator"),
        ("a ?: b", "S0211 4 \":\": The symbol \":\" cannot be used as a unary operator"),
        ("1 + 'a'", "T2002 3 \"+\": The right side of the \"+\" operator must evaluate to a number"),
        ("$sum('a')", "T0412 5 \"sum\": Argument 1 of function \"sum\" must be an array of \"numbers\""),
        (
            "$uppercase(1)",
            "T0410 11 \"uppercase\": Argument 1 of function \"uppercase\" does not match function signature",
        ),
        ("$eval('1')", "T1006 6 \"eval\": Attempted to invoke a non-function"),
        ("sum(1)", "T1005 4 \"sum\": Attempted to invoke a non-function. Did you mean $sum?"),
        ("$error('no')", "D3137 7 \"error\": no"),
        ("'😀' + 1", "T2001 6 \"+\": The left side of the \"+\" operator must evaluate to a number"),
        ("$match('a', /b*/)", "D1004 7 \"match\": Regular expression matches zero length string"),
        ("/(?/", "S0302 4 : No terminating / in regular expression"),
        ("$sum", "-  : the result holds a function, which is not a JSON value"),
    ]);
}

#[test]
fn bindings() {
    let mut bindings = Bindings::new();
    bindings.bind("states", parse(r#"{"input": {"a": [1, 2]}}"#).unwrap());
    bindings.register("sum", 1, |_| Ok(Some(Value::from("mine"))));
    bindings.register("fail", 0, |_| Err("broken".into()));
    bindings.register("echo", 2, |arguments| Ok(arguments.get(1).cloned().flatten()));
    let cases = [
        ("$states.input.a[1]", "2"),
        ("$sum(1)", "\"mine\""),
        ("$echo(1, [2])", "[2]"),
        ("$echo(1)", "undefined"),
        ("$map([1, 2], $echo)", "[0,1]"),
        ("$fail()", "- 6 \"fail\": broken"),
    ];
    for (text, expected) in cases {
        assert_eq!(outcome(text, &Value::Null, &bindings, &Options::default()), expected, "{text}");
    }
}

#[test]
fn chance_comes_from_the_seed() {
    let roll = |seed| {
        let options = Options { seed, ..Options::default() };
        outcome("[$random(), $random()] & $shuffle([1..9])", &Value::Null, &Bindings::new(), &options)
    };
    assert_eq!(roll(1), roll(1));
    assert_ne!(roll(1), roll(2));
}

#[test]
fn depth_is_bounded_as_the_service_bounds_it() {
    let sum = |terms: usize| vec!["1"; terms].join(" + ");
    let parentheses = |count: usize| format!("{}1{}", "(".repeat(count), ")".repeat(count));
    check(&[(&sum(100), "100"), (&parentheses(99), "1")]);
    for text in [sum(101), parentheses(100), "($f := function($n) { 1 + $f($n) }; $f(1))".into()] {
        let expression = Expression::compile(&text).unwrap();
        let error = expression.evaluate(&Value::Null, &Bindings::new(), &Options::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Limit, "{text}");
        assert!(error.message().ends_with("Depth=101 max=100"), "{error}");
    }
}

/// None of these may take long, take much memory, or overflow the stack.
#[test]
fn hostile_expressions_end() {
    let nested =
        |open: &str, close: &str, count: usize| format!("{}1{}", open.repeat(count), close.repeat(count));
    let cases = [
        r#"$pad("x", 3e8)"#.to_owned(),
        format!("($d := function($s) {{ $s & $s }}; {}\"x\"{})", "$d(".repeat(25), ")".repeat(25)),
        "$reduce([1..30], function($s) { $s & $s }, 'x')".to_owned(),
        "$reduce([1..25], function($s, $i) { $s & $s }, 'xxxxxxxx')".to_owned(),
        "[1..1e9]".to_owned(),
        "[1..9999999]".to_owned(),
        "($f := function($n) { $f($n + 1) }; $f(1))".to_owned(),
        "($f := function($n) { [$f($n)] }; $f(1))".to_owned(),
        "$reduce([1..25], function($a, $i) { [$a, $a] }, [1])".to_owned(),
        "$string($reduce([1..40], function($a, $i) { {'a': $a, 'b': $a} }, 1))".to_owned(),
        "$reduce([1..40], function($a, $i) { {'a': $a, 'b': $a} }, 1).**".to_owned(),
        "$reduce([1..100000], function($a, $i) { [$a, []] }, 1)".to_owned(),
        "$reduce([1..100000], function($a, $i) { function() { $a } }, 1)".to_owned(),
        "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, $g ~> $string) }; $f(100000, $string)(1))"
            .to_owned(),
        "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, $string ~> $g) }; $f(100000, $string)(1))"
            .to_owned(),
        "($f := function($n, $g) { $n = 0 ? $g : $f($n - 1, $g(?)) }; $f(100000, $string)(1))".to_owned(),
        "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /(a+)+$/)".to_owned(),
        "$map([1..100], function($i) { $pad('x', 8e6 + $i) })".to_owned(),
        "$replace($pad('', 1e6, 'a'), 'a', $pad('', 1e5, 'b'))".to_owned(),
        nested("(", ")", 100_000),
        nested("[", "]", 100_000),
        nested("-", "", 100_000),
        nested("{'a':", "}", 100_000),
        vec!["1"; 100_000].join("+"),
        vec!["a"; 100_000].join("."),
        vec!["a"; 100_000].join("~>"),
        "a[".repeat(100_000),
        "a^(".repeat(100_000),
        "function($x){".repeat(10_000),
    ];
    for text in cases {
        let start = Instant::now();
        let result = Expression::compile(&text)
            .and_then(|expression| expression.evaluate(&Value::Null, &Bindings::new(), &Options::default()));
        let shown: String = text.chars().take(80).collect();
        assert!(start.elapsed() < Duration::from_secs(20), "{shown}: {:?}", start.elapsed());
        if std::env::var_os("SHOW").is_some() {
            println!(
                "{:>10.1?} {shown} => {:?}",
                start.elapsed(),
                result.map(|_| "a value").map_err(|error| error.to_string())
            );
        }
    }
}

#[test]
fn an_expression_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Expression>();
    shared::<Bindings>();
}

#[test]
fn the_deepest_evaluation_fits_the_stack() {
    let options = Options { max_depth: usize::MAX, ..Options::default() };
    let cases = [
        "($f := function($n) { 1 + $f($n) }; $f(1))",
        "($f := function($n) { $map([1], function($x) { [$f($x)] }) }; $f(1))",
        "($f := function($n) { {'a': $n.($sort([2, 1], function($a, $b) { $f($a) & '' }))} }; $f(1))",
        "($f := function($n) { $replace('a', /a/, function($m) { $f(1) & '' }) }; $f(1))",
        "($f := function($n) { [{'x': 1}, {'x': 2}]^($f($) & '').(x)@$a.[$f($a)] }; $f(1))",
    ];
    for text in cases {
        let expression = Expression::compile(text).unwrap();
        let error = expression.evaluate(&Value::Null, &Bindings::new(), &options).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Limit, "{text}");
    }
}
