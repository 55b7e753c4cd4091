use std::path::Path as FilePath;

use proptest::prelude::*;

use super::{evaluate::Failure, missing::NULL_INPUT, *};
use crate::json::parse;

const A: &str = r#"{"a":1,"b":{"c":2,"d":null},"e":[10,20,30,40],"f":"str",
    "g":[{"n":1,"t":"x"},{"n":2},{"n":3,"t":"y"}]}"#;
const K: &str = r#"{"a-b":1,"a_b":2,"a.b":3,"a'b":4,"a]b":5,"a@b":6,"$x":7,"*":8,"é":9,"q\\\"r":10,
    "0":11,"a,b":12,"(p)":13,"a:b":14,"":15}"#;

/// The value that `path` finds, compact, or why it finds none.
fn find(input: &str, path: &str) -> Result<String, String> {
    let input = Payload::parse(input).unwrap();
    let context = || parse(r#"{"Execution":{"Id":"arn","Input":{}},"State":{"Name":"S"}}"#).unwrap();
    let variables = |name: &str| (name == "x").then(|| parse(r#"{"y":[1,2]}"#).unwrap());
    let scope = Scope::new(&input, &context).with_variables(&variables);
    let found = Path::parse(path).unwrap().find(&scope);
    found.map(|value| value.to_string()).map_err(|missing| missing.reason().to_owned())
}

#[test]
fn finds() {
    let cases = [
        (A, "$.a", "1"),
        (A, "$.b", r#"{"c":2,"d":null}"#),
        (A, "$.b.d", "null"),
        (A, "$['b']['c']", "2"),
        (A, "$.['b'].c", "2"),
        (A, "$['b']c", "2"),
        (A, "$[ 'b' ].c", "2"),
        (A, "$.e[0]", "10"),
        (A, "$.e[ 0 ]", "10"),
        (A, "$.e.[03]", "40"),
        (A, "$.e[1,]", "20"),
        (A, "$.g[0].t", "\"x\""),
        (A, "$.a ", "1"),
        ("[5,null,\"x\",{\"k\":1}]", "$[1]", "null"),
        ("[5,null,\"x\",{\"k\":1}]", "$[3].k", "1"),
        ("4", "$", "4"),
        ("null", "$", "null"),
        // Names
        (K, "$.a-b", "1"),
        (K, "$.a_b", "2"),
        (K, "$['a.b']", "3"),
        (K, "$.a@b", "6"),
        (K, "$.$x", "7"),
        (K, "$['$x']", "7"),
        (K, "$['*']", "8"),
        (K, "$.é", "9"),
        (K, r#"$['q\"r']"#, "10"),
        (K, "$.0", "11"),
        (K, "$['a,b']", "12"),
        (K, "$.a,b", "12"),
        (K, "$.(p)", "13"),
        (K, "$.a:b", "14"),
        (K, "$['']", "15"),
        // Context object and variables
        ("null", "$$.Execution.Id", "\"arn\""),
        ("null", "$$['State']", r#"{"Name":"S"}"#),
        ("1", "$$", r#"{"Execution":{"Id":"arn","Input":{}},"State":{"Name":"S"}}"#),
        ("1", "$x", r#"{"y":[1,2]}"#),
        ("1", "$x.y[1]", "2"),
        ("null", "$x['y']", "[1,2]"),
        ("null", "$x.y[*]", "[1,2]"),
        ("null", "$x[?(@.y)].y[1:]", "[2]"),
        ("null", "$x.y[?(@ == $.y[1])]", "[2]"),
        ("null", "$x..z", "[]"),
        ("null", "$$..Name", "[\"S\"]"),
        ("null", "$$.State['Name','Id']", r#"{"Name":"S"}"#),
        ("[]", "$[*]", "[]"),
    ];
    for (input, path, expected) in cases {
        assert_eq!(find(input, path).as_deref(), Ok(expected), "{path}");
    }
}

#[test]
fn says_what_is_missing() {
    let cases = [
        ("{}", "$.NoSuchInputPath", "No results for path: $['NoSuchInputPath']"),
        ("{}", "$.no.such.result.path", "Missing property in path $['no']"),
        (A, "$.g[1].t", "No results for path: $['g'][1]['t']"),
        (A, "$.b.x.y", "Missing property in path $['b']['x']"),
        (A, "$.x[0]", "Missing property in path $['x']"),
        (A, "$.f.x", "Property ['x'] not found in path $['f']"),
        (A, "$.b.d.x", "Property ['x'] not found in path $['b']['d']"),
        (A, "$.e.x.y", "Property ['x'] not found in path $['e']"),
        ("[1]", "$.k", "Property ['k'] not found in path $"),
        (A, "$.e[4]", "Index out of bounds when evaluating path $['e'][4]"),
        (A, "$.e[-1]", "Index out of bounds when evaluating path $['e'][-1]"),
        (A, "$.g[7].n", "Index out of bounds when evaluating path $['g'][7]"),
        (A, "$.b.d[0]", "The path $['b']['d'] is null"),
        (A, "$.a[0]", "Filter: [0] can only be applied to arrays. Current context is: 1"),
        (A, "$.f[0]", "Filter: [0] can only be applied to arrays. Current context is: str"),
        (A, "$.b[0]", "Filter: [0] can only be applied to arrays. Current context is: {c=2, d=null}"),
        (A, "$.b[0].c", "Filter: [0]['c'] can only be applied to arrays. Current context is: {c=2, d=null}"),
        ("{}", "$.a.length()", "Missing property in path $['a']"),
        (A, "$.e.length()", "Property ['length()'] not found in path $['e']"),
        (K, "$.a'b", "No results for path: $['a']"),
        (K, r"$['a\'b']", r"No results for path: $['a\']"),
        (K, r"$.a\@b", r"No results for path: $['a\@b']"),
        (K, "$.*a", "No results for path: $['*a']"),
        ("null", "$.a", "Unable to apply Path transformation to null or empty input."),
        ("null", "$$.Nothing", "No results for path: $['Nothing']"),
        ("{}", "$y", "No results for path: $['y']"),
        ("{}", "$y.z", "Missing property in path $['y']"),
        ("{}", "$x.z", "No results for path: $['x']['z']"),
        ("{}", "$x.y[0,5]", "Index out of bounds when evaluating path $['x']['y'][5]"),
        ("{}", "$x[0:]", "Filter: [0:] can only be applied to arrays. Current context is: {y=[1, 2]}"),
        ("{}", "$y[*]", "Missing property in path $['y']"),
        ("null", "$.a[*]", "Unable to apply Path transformation to null or empty input."),
        ("null", "$..a", "Unable to apply Path transformation to null or empty input."),
    ];
    for (input, path, expected) in cases {
        assert_eq!(find(input, path), Err(expected.to_owned()), "{path}");
    }
}

#[test]
fn refuses() {
    let cases = [
        "",
        "a",
        "@.a",
        " $.a",
        "$ .a",
        "$.",
        "$.a.",
        "$..",
        "$.a..",
        "$.a b",
        "$. a",
        "$['a'] .b",
        "$[]",
        "$[a]",
        "$[\"a\"]",
        "$[ * ]",
        "$[''",
        "$['a",
        "$.e[",
        "$.e[0",
        "$.e[:]",
        "$.e[99999999999]",
        "$.e[1-]",
        "$.e[1,,2]",
        "$.e[@]",
        "$.e[(@.count-1)]",
        "$.e[@.length-1]",
        "$$$",
        "$$a",
        "$1",
        "$a-b",
        "States.Format('{}', $.a)",
        "$.a[?(@..b)]",
        "$.a[?(@.b[*] == 1)]",
        "$.a[?(@.b[?(@.c)])]",
        "$.a[?@.b]",
        "$.a[?(true)]",
        "$.a[?(@.b == 1]",
        "$.a[?(@.b =~ /(/)]",
        "$.a[?(@.b == 1 && )]",
    ];
    for path in cases {
        assert!(Path::parse(path).is_err(), "{path}");
    }
    assert!(Path::parse(&format!("${}", "v".repeat(80))).is_ok_and(|path| path.query.steps().is_empty()));
    assert!(Path::parse(&format!("${}", "v".repeat(81))).is_err());
}

#[test]
fn knows_its_parts() {
    let cases = [
        ("$.a", None, false),
        ("$", None, true),
        ("$$", None, false),
        ("$x", Some("x"), false),
        ("$e\u{301}_1.y", Some("e\u{301}_1"), false),
    ];
    for (text, variable, is_whole_input) in cases {
        let path = Path::parse(text).unwrap();
        assert_eq!((path.text(), path.variable(), path.is_whole_input()), (text, variable, is_whole_input));
    }
}

#[test]
fn knows_its_kind() {
    // Path, whether it is definite, whether it could be a reference path.
    let cases = [
        ("$", true, true),
        ("$.a['b c'][0]", true, true),
        ("$$.a", true, true),
        ("$x[0]", true, true),
        ("$['a@b']", true, true),
        ("$.a@b", true, false),
        ("$.a[-1]", true, false),
        ("$.a[(@.length-1)]", true, false),
        ("$['a','b']", true, false),
        ("$.a$.b", true, true),
        ("$['a']$", true, false),
        ("$.*", false, false),
        ("$[0,1]", false, false),
        ("$[0:]", false, false),
        ("$..a", false, false),
        ("$[?('a' == 'a')]", false, false),
    ];
    for (text, is_definite, is_reference) in cases {
        let path = Path::parse(text).unwrap();
        assert_eq!((path.is_definite(), path.is_reference()), (is_definite, is_reference), "{text}");
    }
}

#[test]
fn texts_of_failures() {
    let context = || parse(r#"{ "State": {"Name": "S"} }"#).unwrap();
    let texts = |input: &str, path: &str| {
        let input = Payload::parse(input).unwrap();
        let scope = Scope::new(&input, &context);
        let path = Path::parse(path).unwrap();
        let missing = path.find(&scope).unwrap_err();
        [
            missing.in_path_field(&path),
            missing.in_payload_field(&path, "v.$", &scope),
            missing.in_choice(&path),
        ]
    };
    assert_eq!(
        texts("{\"a\": 1}", "$.x"),
        [
            "Invalid path '$.x' : No results for path: $['x']",
            "The JSONPath '$.x' specified for the field 'v.$' could not be found in the input \
             '{\"a\": 1}'",
            "Invalid path '$.x': The choice state's condition path references an invalid value.",
        ]
    );
    assert_eq!(
        texts("{}", "$$.Task.Token"),
        [
            "Invalid path '$$.Task.Token' : Missing property in path $['Task']",
            "The JSONPath '$$.Task.Token' specified for the field 'v.$' could not be found in the input \
             '{\"State\":{\"Name\":\"S\"}}'",
            "Invalid path '$$.Task.Token': The choice state's condition path references an invalid \
             value.",
        ]
    );
    assert_eq!(
        texts("{\"a\":1}", "$.a[1:]"),
        [
            "Invalid path '$.a[1:]' : Filter: [1:] can only be applied to arrays. Current context is: 1",
            "The JSONPath '$.a[1:]' specified for the field 'v.$' could not be found in the input '{\"a\":1}'",
            "Invalid path '$.a[1:]': The choice state's condition path references an invalid value.",
        ]
    );
    assert_eq!(texts("null", "$.x"), [NULL_INPUT; 3]);
}

#[test]
fn builds_the_context_once_and_only_when_asked() {
    let built = std::cell::Cell::new(0);
    let context = || {
        built.set(built.get() + 1);
        Value::empty_object()
    };
    let input = Payload::empty_object();
    let scope = Scope::new(&input, &context);
    assert!(Path::parse("$").unwrap().find(&scope).is_ok());
    assert_eq!(built.get(), 0);
    for _ in 0..2 {
        assert!(Path::parse("$$").unwrap().find(&scope).is_ok());
    }
    assert_eq!(built.get(), 1);
}

#[test]
fn inserts() {
    let cases = [
        ("{\"x\":1}", "$", "{\"v\":0}"),
        ("{\"x\":1}", "$.a", "{\"x\":1,\"a\":{\"v\":0}}"),
        ("{\"x\":1,\"y\":2}", "$.x", "{\"x\":{\"v\":0},\"y\":2}"),
        ("{}", "$.a.b['c']", "{\"a\":{\"b\":{\"c\":{\"v\":0}}}}"),
        ("{\"a\":{\"x\":1}}", "$.a.b", "{\"a\":{\"x\":1,\"b\":{\"v\":0}}}"),
        ("{\"a\":[1,2,{\"b\":3}]}", "$.a[1]", "{\"a\":[1,{\"v\":0},{\"b\":3}]}"),
        ("{\"a\":[1,2,{\"b\":3}]}", "$.a[2].c", "{\"a\":[1,2,{\"b\":3,\"c\":{\"v\":0}}]}"),
        ("{\"a\":null}", "$.a", "{\"a\":{\"v\":0}}"),
        ("null", "$", "{\"v\":0}"),
    ];
    for (target, path, expected) in cases {
        let (target, before) = (parse(target).unwrap(), target);
        let inserted =
            ReferencePath::parse(path).unwrap().insert(&target, parse("{\"v\":0}").unwrap()).unwrap();
        assert_eq!(inserted.to_string(), expected, "{path}");
        assert_eq!(target, parse(before).unwrap(), "the target stays as it was");
    }
}

#[test]
fn shares_what_is_not_on_the_way() {
    let target = parse("{\"a\":{\"x\":{}},\"b\":{\"y\":[1]}}").unwrap();
    let inserted = ReferencePath::parse("$.a.c").unwrap().insert(&target, Value::Null).unwrap();
    let is_shared = |key: &str| match (target.get(key), inserted.get(key)) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => Arc::ptr_eq(before, after),
        other => panic!("{key}: {other:?}"),
    };
    assert!(is_shared("b"));
    assert!(!is_shared("a"));
}

#[test]
fn conflicts() {
    let cases = [
        ("4", "$.child"),
        ("null", "$.child"),
        ("[1]", "$.child"),
        ("{\"a\":\"x\"}", "$.a.b"),
        ("{\"a\":null}", "$.a.b"),
        ("{\"a\":{}}", "$.a[0]"),
        ("[1]", "$[1]"),
        ("{}", "$.a[0]"),
    ];
    for (target, path) in cases {
        let conflict =
            ReferencePath::parse(path).unwrap().insert(&parse(target).unwrap(), Value::Null).unwrap_err();
        assert_eq!(conflict.cause, format!("Unable to apply ReferencePath {path} to input {target}"));
    }
}

#[test]
fn refuses_what_is_no_reference_path() {
    for path in ["$.a", "$", "$.a['b,c']", "$[0].x", "$['a@b']"] {
        assert!(ReferencePath::parse(path).is_ok(), "{path}");
    }
    for path in
        ["a", "$$.a", "$x", "$.a[-1]", "$.a[*]", "$..a", "$.a@b", "$.a,b", "$.a:b", "$.a?", "$.a[0,]", ""]
    {
        assert!(ReferencePath::parse(path).is_err(), "{path}");
    }
}

#[test]
fn long_paths_are_no_danger() {
    const STEPS: usize = 100_000;
    let text = format!("${}", ".a".repeat(STEPS));
    let value = ReferencePath::parse(&text).unwrap().insert(&Value::empty_object(), Value::Null).unwrap();
    let input = Payload::from_value(value);
    let scope = Scope::new(&input, &|| Value::Null);
    assert_eq!(Path::parse(&text).unwrap().find(&scope), Ok(Value::Null));
    assert!(Path::parse(&"$[".repeat(STEPS)).is_err());
}

#[test]
fn paths_share_what_a_scope_may_spend() {
    // A small input, and a path that finds all pairs and more.
    let input = Payload::parse(&format!("[{}]", vec!["[[1]]"; 400].join(","))).unwrap();
    let costly = Path::parse("$..*").unwrap();
    let scope = Scope::new(&input, &|| Value::Null);
    let once = || costly.find(&scope).map(|_| scope.visits());
    let cost = once().unwrap();
    let mut last = cost;
    loop {
        match once() {
            Ok(visits) => assert_eq!(visits, last + cost),
            Err(missing) => break assert!(missing.is_exhausted()),
        }
        last += cost;
    }
    assert!((super::MAX_SCOPE_VISITS - cost..=super::MAX_SCOPE_VISITS).contains(&last));
    // Nothing is left for others, but those that look at nothing.
    assert!(Path::parse("$..[?(@.a)]").unwrap().find(&scope).is_err_and(|missing| missing.is_exhausted()));
    assert!(Path::parse("$[0]").unwrap().find(&scope).is_ok());
}

/// What the library says to a path: the value, or the kind of fault and its text.
fn library(document: &Value, path: &str) -> Result<Value, (&'static str, String)> {
    let query =
        super::parse::compile(super::parse::Place::Field, path).map_err(|fault| ("compile", fault))?;
    let quick = query.follow(document).map(|value| value.into_owned());
    match evaluate(&query, document, "$", &mut Budget::new()) {
        Ok(hits) if query.is_definite() => {
            assert_eq!(hits.len(), 1, "{path}");
            assert_eq!(quick.as_ref(), Ok(&hits[0]), "{path}");
            Ok(hits[0].clone())
        }
        Ok(hits) => Ok(Value::from(hits)),
        Err(Failure::Path(text)) if text.starts_with("A filter ") => Err(("uncaught", text)),
        Err(Failure::Path(text)) => {
            let is_invalid = text.starts_with("Filter: ") || text.starts_with("Multi properties ");
            let kind = if is_invalid { "invalid_path" } else { "path_not_found" };
            if query.is_definite() {
                let astray = if is_invalid { query::Astray::Invalid } else { query::Astray::NotFound };
                assert_eq!(quick, Err(astray), "{path}");
            }
            Err((kind, text))
        }
        Err(Failure::Exhausted) => Err(("exhausted", String::new())),
    }
}

/// Checks a table of documents, paths and what they give. Gives what differs.
fn differences(rows: &[Value]) -> Vec<String> {
    let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut differences = Vec::new();
    for row in rows {
        let path = text(row, "path");
        let found = library(row.get("document").unwrap(), &path);
        let is_expected = match (row.get("value"), &found) {
            (Some(value), Ok(found)) => found.to_string() == value.to_string(),
            (None, Err((kind, found))) => {
                // Java's own words differ from version to version, and those of gradus from them.
                let message = text(row, "message");
                let known = message.split('‹').next().unwrap_or_default();
                *kind == text(row, "error") && (*kind == "uncaught" || found.starts_with(known))
            }
            _ => false,
        };
        if !is_expected {
            differences.push(format!("{row} gave {found:?}"));
        }
    }
    differences
}

/// Rows of `{document, path}` with a `value`, or with the kind of an `error` and its `message`.
#[test]
fn behaves_like_the_library() {
    let groups = parse(include_str!("jsonpath.json")).unwrap();
    let mut rows = Vec::new();
    for group in groups.as_array().unwrap() {
        let document = group.get("document").unwrap();
        for row in group.get("rows").unwrap().as_array().unwrap() {
            let mut row = row.as_object().unwrap().clone();
            row.insert("document", document.clone());
            rows.push(Value::from(row));
        }
    }
    assert!(rows.len() >= 150, "{}", rows.len());
    assert_eq!(differences(&rows), Vec::<String>::new());
}

/// A larger table that is kept beside the checkout, if it is there.
#[test]
fn behaves_like_the_reference() {
    let file = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/spec/jsonpath-examples.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: no {}", file.display());
        return;
    };
    let table = parse(&text).unwrap();
    assert_eq!(differences(table.get("examples").unwrap().as_array().unwrap()), Vec::<String>::new());
}

#[test]
fn gives_up_in_time() {
    let nested = |width: usize, depth: usize| {
        let leaf = Value::from(vec![Value::from(1_i64); width]);
        (0..depth).fold(leaf, |inner, _| {
            let object = [("a", inner), ("b", Value::from("x"))].into_iter().collect::<crate::json::Object>();
            Value::from(vec![Value::from(object)])
        })
    };
    let (wide, deep) = (nested(10_000, 1), nested(1, 20_000));
    let cases = [
        (&wide, "$..*", 10_003),
        (&wide, "$..[?(@.a)]", 1),
        (&wide, "$..a[?(@ == 1)]", 10_000),
        (&deep, "$..b", 20_000),
        (&deep, "$..a[0]", 20_000),
    ];
    for (document, path, hits) in cases {
        assert_eq!(library(document, path).unwrap().as_array().unwrap().len(), hits, "{path}");
    }
    let stopped = [
        (&deep, "$..*..*"),
        (&deep, "$..*..*..*"),
        (&deep, "$..*..b"),
        (&wide, "$.*.a[?(@ =~ /(1?){900}/)]"),
    ];
    for (document, path) in stopped {
        let input = Payload::from_value(document.clone());
        let path = Path::parse(path).unwrap();
        let missing = path.find(&Scope::new(&input, &|| Value::Null)).unwrap_err();
        assert!(missing.is_exhausted());
        let text = format!(
            "Invalid path '{}' : The path visits too many values of its input, some of them many times over.",
            path.text()
        );
        let scope = Scope::new(&input, &|| Value::Null);
        assert_eq!(missing.in_path_field(&path), text);
        assert_eq!(missing.in_payload_field(&path, "a.$", &scope), text);
        assert_eq!(missing.in_choice(&path), text);
    }
}

#[test]
fn nesting_is_no_danger() {
    const LEVELS: usize = 100_000;
    let cases = [
        format!("$.a{}", "[?(@.b".repeat(LEVELS)),
        format!("$.a{}{}", "[?(@.b".repeat(LEVELS), ")]".repeat(LEVELS)),
        format!("$.a[?({}@.b{})]", "(".repeat(LEVELS), ")".repeat(LEVELS)),
        format!("$.a[?(@.b =~ /{}/)]", "(".repeat(LEVELS)),
        format!("${}", "..*".repeat(LEVELS)),
        format!("${}", "[0]".repeat(LEVELS)),
        format!("$['{}']", "','".repeat(LEVELS)),
    ];
    let document = parse(r#"{"a":[{"b":[{}]}]}"#).unwrap();
    for path in cases {
        _ = library(&document, &path);
    }
}

/// Texts that look like paths, out of the parts that paths are made of.
fn path_text() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "$",
        "@",
        ".",
        "..",
        "*",
        "[",
        "]",
        "[*]",
        "['",
        "']",
        "'",
        ",",
        ":",
        "-",
        "0",
        "1",
        "2",
        "99999999999",
        " ",
        "?",
        "[?(",
        ")]",
        "(",
        ")",
        "==",
        "!=",
        "<",
        ">=",
        "=~",
        "&&",
        "||",
        "!",
        "/",
        "/i",
        "\\",
        "\"",
        "a",
        "b",
        "é",
        "null",
        "true",
        "x*",
        ".a",
        ".b",
        "['a','b']",
        "[0]",
        "[-1:]",
        "[:1]",
        "[0,1]",
        "[(@.length-1)]",
        "[?(@.a)]",
        "[?(@.a == 1)]",
        "[?(@ =~ /[a-c]+/)]",
        "[?(@.b > $.a)]",
        "..a",
        "..*",
        "..[?(@.a)]",
        ".length()",
    ];
    let part = prop_oneof![4 => prop::sample::select(PARTS).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(part, 0..12).prop_map(|parts| format!("${}", parts.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn never_panics(path in path_text()) {
        let document = parse(
            r#"{"a":[1,2.5,"a",null,{"a":1,"b":[true,[{"a":"é"}],{}]}],"b":{"a":{"b":"x"},"*":[]},"é":{"a":0}}"#,
        ).unwrap();
        if let Ok(path) = Path::parse(&path) {
            let input = Payload::from_value(document.clone());
            let scope = Scope::new(&input, &|| Value::Null);
            let found = path.find(&scope);
            match found {
                Ok(value) => prop_assert!(path.is_definite() || value.as_array().is_some()),
                Err(missing) => prop_assert!(!missing.in_path_field(&path).is_empty()),
            }
            prop_assert!(ReferencePath::parse(path.text()).is_err() || path.is_definite());
        }
        // The quick way and the walk agree.
        _ = library(&document, &path);
    }

    #[test]
    fn no_regular_expression_panics(pattern in "[ab(|)*+?{2,}\\[^\\]\\-.\\\\dwp$]{0,12}", text in "[ab \n1]{0,8}") {
        if let Ok(regex) = super::regex::Regex::compile(&pattern, false) {
            _ = regex.matches(&text, &mut Budget::new());
        }
    }
}
