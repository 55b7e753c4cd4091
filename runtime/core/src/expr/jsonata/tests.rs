//! The language by example. That it is the reference's language, `tests/jsonata` shows.

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
fn what_few_expressions_meet() {
    check(&[
        // Three empty results are nothing, as two are.
        ("orders.(missing; [])", "undefined"),
        ("orders@$.id", r#"["o-1","o-2","o-3"]"#),
        ("orders.lines@$l.%.id", r#"["o-1","o-1","o-2"]"#),
        ("$spread(tags['x'].missing)", "undefined"),
        ("$boolean(none.x['q'][])", "undefined"),
        ("$clone([$parseInteger('q', 'w')])", "[null]"),
        ("$type($parseInteger('q', 'w'))", r#""object""#),
        ("$max([1, $parseInteger('q', 'w')])", "null"),
        ("$round(2.5, $parseInteger('q', 'w'))", "2"),
        ("$power(123456789, 2)", "15241578750190520"),
        ("$formatBase(1e21, 7)", r#""5135235413265003022600000""#),
        (
            "$sort([2, $parseInteger('q', 'w')])",
            "D3070 6 \"sort\": The single argument form of the sort function can only be applied to an array of strings or an array of numbers.  Use the second argument to specify a comparison function",
        ),
        ("$zip(?, [1, 2])([3, 4])", "[[3],[4]]"),
        (
            "$contains('undefined', missing)",
            "T0410 10 \"contains\": Argument 2 of function \"contains\" does not match function signature",
        ),
        ("$map([1], function($x) { $nope(1) })", "T1006 5 \"nope\": Attempted to invoke a non-function"),
        ("$replace('foo', /o/, function($m) { $type($m.next) & ' ' }, 1)", r#""ffunction o""#),
        (r"$match('a', /(a\/b)*/)", "D1004 7 \"match\": Regular expression matches zero length string"),
        (
            "1 ~> |$single(/a/)|{}|",
            "T0410  : Argument 1 of function undefined does not match function signature",
        ),
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

/// None of these may take long, take much memory, or overflow the stack. Time is not measured here but by
/// `tests/jsonata/speed`, under the same budget.
#[test]
fn hostile_expressions_stay_within_their_budget() {
    let options = Options::default();
    for (text, input) in super::hostile::cases() {
        let shown: String = text.chars().take(80).collect();
        let input = parse(&input).unwrap();
        let Ok(expression) = Expression::compile(&text) else { continue };
        let (result, spent) = expression.evaluate_counted(&input, &Bindings::new(), &options);
        // What goes beyond a limit is noticed at once, or after one text or list.
        assert!(spent.steps <= options.max_steps + (1 << 20), "{shown}: {spent:?}");
        assert!(spent.bytes <= 2 * options.max_bytes + options.max_bytes / 2, "{shown}: {spent:?}");
        if let Err(error) = result {
            assert!(matches!(error.kind(), ErrorKind::Limit | ErrorKind::Language), "{shown}: {error}");
        }
    }
}

/// What is refused at once is not begun.
#[test]
fn what_cannot_fit_costs_nothing() {
    for text in [r#"$pad("x", 3e8)"#, "[1..1e9]", "[1..9999999]", "$string($pad('', 3e8))"] {
        let expression = Expression::compile(text).unwrap();
        let (result, spent) =
            expression.evaluate_counted(&Value::Null, &Bindings::new(), &Options::default());
        assert!(result.is_err(), "{text}");
        assert!(spent.steps < 100 && spent.bytes < 1000, "{text}: {spent:?}");
    }
}

/// Work inside of built-in functions and of the matcher is charged, so that less budget ends it sooner.
#[test]
fn built_in_work_is_charged() {
    let long = Value::from("a".repeat(100_000));
    let many = Value::from((0..10_000).map(Value::from).collect::<Vec<Value>>());
    // Expression, input, the least number of steps.
    let cases: [(&str, &Value, u64); 16] = [
        ("$uppercase($)", &long, 1_000),
        ("$ & 'x'", &long, 500),
        ("$pad('', 100000, 'ab')", &long, 10_000),
        ("$split($, '')", &long, 100_000),
        ("$split($, /a/)", &long, 100_000),
        ("$replace($, 'a', 'b')", &long, 100_000),
        ("$match($, /b/)", &long, 100_000),
        ("$contains($, /b/)", &long, 100_000),
        ("$base64encode($)", &long, 1_000),
        ("$string($)", &many, 500),
        ("$sum($)", &many, 2_000),
        ("$reverse($)", &many, 1_000),
        ("$append($, $)", &many, 2_000),
        ("$sort($)", &many, 10_000),
        ("$sort($, function($a, $b) { $a > $b })", &many, 10_000),
        ("$distinct($)", &many, 10_000),
    ];
    for (text, input, least) in cases {
        let expression = Expression::compile(text).unwrap();
        let run = |max_steps| {
            let options = Options { max_steps, ..Options::default() };
            expression.evaluate_counted(input, &Bindings::new(), &options)
        };
        let (result, spent) = run(u64::MAX);
        assert!(result.is_ok(), "{text}: {result:?}");
        assert!(spent.steps >= least, "{text}: {spent:?}");
        let (result, _) = run(spent.steps - 1);
        assert_eq!(result.map_err(|error| error.kind()), Err(ErrorKind::Limit), "{text}");
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
        "($f := function($n) { $map([1..10], $f) }; $f(1))",
        "($f := function($n) { $reduce([1..10], function($a, $b) { $f($b) }) }; $f(1))",
        "($f := function($n) { $replace('a', /a/, $f) }; $f(1))",
    ];
    for text in cases {
        let expression = Expression::compile(text).unwrap();
        let error = expression.evaluate(&Value::Null, &Bindings::new(), &options).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Limit, "{text}");
    }
}
