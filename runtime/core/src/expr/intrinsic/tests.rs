use super::functions::MAX_TEXT_BYTES;
use super::*;
use crate::json::{Payload, parse};
use proptest::prelude::*;

const CONTEXT: &str = r#"{"Execution":{"Input":{"csv":"a,b"}},"StateMachine":{"Name":"one-two-three"}}"#;

fn evaluate_with(call: &str, input: &str, seed: u64) -> Result<Value, EvaluationError> {
    let input = Payload::parse(input).unwrap();
    let context = || parse(CONTEXT).unwrap();
    let variables = |name: &str| (name == "v").then(|| parse(r#"{"name":"John","list":[1,2]}"#).unwrap());
    let scope = Scope::new(&input, &context).with_variables(&variables).with_seed(seed);
    let call = Call::parse(call).unwrap_or_else(|error| panic!("{call}: {error}"));
    call.evaluate(&scope, &mut Budget::default())
}

fn evaluate(call: &str, input: &str) -> Result<Value, EvaluationError> {
    evaluate_with(call, input, 7)
}

/// Each case is a call, an input and the text of the result.
fn check(cases: &[(&str, &str, &str)]) {
    for (call, input, expected) in cases {
        let result = evaluate(call, input).map(|value| value.to_string());
        assert_eq!(result.as_deref(), Ok(*expected), "{call} of {input}");
    }
}

/// Each case is a call of one function and an input that it cannot take.
fn check_arguments_refused(function: &str, cases: &[(&str, &str)]) {
    for (call, input) in cases {
        let expected = format!(
            "There was an error while evaluating the intrinsic function: {call}. Invalid arguments in {function}"
        );
        assert_eq!(evaluate(call, input), Err(expected.into()), "{call} of {input}");
    }
}

#[test]
fn format() {
    let one = "States.Format('Formatting argument {}.', $.x)";
    let two = "States.Format('fst={} and snd={}.', $.fst, $.snd)";
    check(&[
        (one, r#"{"x":""}"#, r#""Formatting argument .""#),
        (one, r#"{"x":" "}"#, r#""Formatting argument  .""#),
        (one, r#"{"x":null}"#, r#""Formatting argument null.""#),
        (one, r#"{"x":1}"#, r#""Formatting argument 1.""#),
        (one, r#"{"x":1.1}"#, r#""Formatting argument 1.1.""#),
        (one, r#"{"x":true}"#, r#""Formatting argument true.""#),
        (
            one,
            r#"{"x":"{\"Arg1\": 1, \"Arg2\": []}"}"#,
            r#""Formatting argument {\"Arg1\": 1, \"Arg2\": []}.""#,
        ),
        // What an argument holds is not looked at again.
        (one, r#"{"x":"{} \\{ \\"}"#, r#""Formatting argument {} \\{ \\.""#),
        (
            two,
            r#"{"fst": {"Arg1": 1, "Arg2": []}, "snd": ["a", {"b": null}]}"#,
            r#""fst={Arg1=1, Arg2=[]} and snd=[a, {b=null}].""#,
        ),
        // Templates from the data; nested ones.
        ("States.Format($.t, $.x)", r#"{"t":"x is {}","x":5}"#, r#""x is 5""#),
        ("States.Format($.t)", r#"{"t":"C:\\dir \\{\\} \\\\ \\' \\"}"#, r#""C:\\dir {} \\ ' \\""#),
        ("States.Format(States.Format('\\{\\}-{}', 'a'), 'b')", "{}", r#""b-a""#),
        // Escapes, and a brace that closes nothing.
        (r"States.Format('\{\} \' \\ } {}', 1)", "{}", r#""{} ' \\ } 1""#),
        (r"States.Format('\\{}', 1)", "{}", r#""\\1""#),
        ("States.Format('')", "{}", r#""""#),
        ("States.Format('a\nb{}\u{1F600}', 'é')", "{}", "\"a\\nbé\u{1F600}\""),
        ("States.Format('{}{}', $v.name, $$.StateMachine.Name)", "{}", r#""Johnone-two-three""#),
    ]);
    check_arguments_refused(
        "States.Format",
        &[
            ("States.Format('{}')", "{}"),
            ("States.Format('{}{}', 1)", "{}"),
            ("States.Format('', 1)", "{}"),
            ("States.Format(1)", "{}"),
            ("States.Format($.x, 1)", r#"{"x":["{}"]}"#),
        ],
    );
    for call in ["States.Format('{')", "States.Format('{\"a\": {}}', 1)", "States.Format('{ }', 1)"] {
        let text = format!(
            "There was an error while evaluating the intrinsic function: {call}. Invalid arguments in \
             States.Format"
        );
        assert_eq!(evaluate(call, "{}"), Err(text.into()));
    }
}

#[test]
fn arrays() {
    let contains = "States.ArrayContains($.a, $.v)";
    let range = "States.ArrayRange($[0], $[1], $[2])";
    let unique = "States.ArrayUnique($)";
    let partition = "States.ArrayPartition($.a, $.n)";
    check(&[
        ("States.Array()", "{}", "[]"),
        ("States.Array( )", "{}", "[]"),
        (
            "States.Array('a', 1, null, true, $, States.Array())",
            r#"{"x":2}"#,
            r#"["a",1,null,true,{"x":2},[]]"#,
        ),
        (contains, r#"{"a":[],"v":null}"#, "false"),
        (contains, r#"{"a":[],"v":[]}"#, "false"),
        (contains, r#"{"a":[[1,2,3],2],"v":null}"#, "false"),
        (contains, r#"{"a":[[1,2,3],2],"v":[1,2,3]}"#, "true"),
        (contains, r#"{"a":[[1,2,3],2],"v":[1,3,2]}"#, "false"),
        (contains, r#"{"a":[{"1":2,"2":[]}],"v":[]}"#, "false"),
        (contains, r#"{"a":[{"1":2,"2":[]}],"v":{"2":[],"1":2}}"#, "true"),
        (contains, r#"{"a":[true,false],"v":false}"#, "true"),
        (contains, r#"{"a":[0,"true"],"v":true}"#, "false"),
        (contains, r#"{"a":[1,"1"],"v":"1"}"#, "true"),
        (contains, r#"{"a":[1],"v":1.0}"#, "true"),
        (range, "[0,9,3]", "[0,3,6,9]"),
        (range, "[0,10,3]", "[0,3,6,9]"),
        (range, "[1,9,9]", "[1]"),
        (range, "[1,9,2]", "[1,3,5,7,9]"),
        (range, "[9,1,-4]", "[9,5,1]"),
        (range, "[3,3,-1]", "[3]"),
        (range, "[1,9,-1]", "[]"),
        (range, "[9,1,1]", "[]"),
        (range, "[0.5,2.4,1]", "[1,2]"),
        (range, "[9223372036854775807,9223372036854775807,1]", "[9223372036854775807]"),
        (
            range,
            "[-9223372036854775808,9223372036854775807,9223372036854775807]",
            "[-9223372036854775808,-1,9223372036854775806]",
        ),
        ("States.ArrayLength(States.ArrayRange(1, 1000, 1))", "{}", "1000"),
        ("States.ArrayGetItem($, 0)", "[5,6]", "5"),
        ("States.ArrayGetItem($, 1.0)", "[5,null]", "null"),
        ("States.ArrayGetItem($v.list, 1)", "{}", "2"),
        ("States.ArrayLength($)", "[1,2,3,4,5,6,7,8,9]", "9"),
        ("States.ArrayLength($)", "[]", "0"),
        (unique, "[1,2,2,3,3,4]", "[1,2,3,4]"),
        (
            unique,
            r#"[null,null,true,true,false,1,1.0,1.1,0,-0.0,"a","a","n",[],[],[null],[null],{"a":1,"b":2},{"b":2,"a":1},{"a":1,"b":1}]"#,
            r#"[null,true,false,1,1.1,0,"a","n",[],[null],{"a":1,"b":2},{"a":1,"b":1}]"#,
        ),
        (
            unique,
            "[1e20,100000000000000000000,100000000000000000001,-1e20,[1,[2]],[[1],2],[1,2],[[1,2]]]",
            "[1.0E20,100000000000000000001,-1.0E20,[1,[2]],[[1],2],[1,2],[[1,2]]]",
        ),
        (
            unique,
            r#"["a1:b","a",{"a":"1:b"},{"a1":":b"},["a","b"],["ab"]]"#,
            r#"["a1:b","a",{"a":"1:b"},{"a1":":b"},["a","b"],["ab"]]"#,
        ),
        (partition, r#"{"a":[1,2,3,4,5],"n":2}"#, "[[1,2],[3,4],[5]]"),
        (partition, r#"{"a":[1,2],"n":9}"#, "[[1,2]]"),
        (partition, r#"{"a":[1,2,3],"n":1.5}"#, "[[1,2],[3]]"),
        (partition, r#"{"a":[],"n":4}"#, "[]"),
        (partition, r#"{"a":[1],"n":9223372036854775807}"#, "[[1]]"),
    ]);
    check_arguments_refused("States.ArrayContains", &[(contains, r#"{"a":"ab","v":"a"}"#)]);
    check_arguments_refused(
        "States.ArrayGetItem",
        &[
            ("States.ArrayGetItem($, 2)", "[5,6]"),
            ("States.ArrayGetItem($, -1)", "[5,6]"),
            ("States.ArrayGetItem($, 0.5)", "[5,6]"),
            ("States.ArrayGetItem($, '0')", "[5,6]"),
            ("States.ArrayGetItem($, 0)", "{}"),
        ],
    );
    check_arguments_refused(
        "States.ArrayLength",
        &[
            ("States.ArrayLength($)", "{}"),
            ("States.ArrayLength($)", "\"abc\""),
            ("States.ArrayLength(null)", "{}"),
        ],
    );
    check_arguments_refused(
        "States.ArrayPartition",
        &[
            (partition, r#"{"a":[1],"n":0}"#),
            (partition, r#"{"a":[1],"n":0.4}"#),
            (partition, r#"{"a":1,"n":1}"#),
        ],
    );
    check_arguments_refused(
        "States.ArrayRange",
        &[
            (range, "[1,1001,1]"),
            (range, "[0,1000,1]"),
            (range, "[1,2,0]"),
            (range, "[1,2,0.4]"),
            (range, "[1,1000000000,1]"),
            (range, "[-9223372036854775808,9223372036854775807,1]"),
            (range, "[1,1e30,1]"),
            (range, "[1,2,null]"),
        ],
    );
    check_arguments_refused("States.ArrayUnique", &[(unique, "{}"), (unique, "null")]);
}

#[test]
fn texts() {
    let split = "States.StringSplit($[0], $[1])";
    let merge = "States.JsonMerge($[0], $[1], false)";
    let hash = "States.Hash($, 'MD5')";
    check(&[
        ("States.StringToJson($)", r#""""#, "null"),
        ("States.StringToJson($)", r#"" \n""#, "null"),
        ("States.StringToJson($)", r#""-0""#, "0"),
        ("States.StringToJson($)", r#""[1, 2.50, {\"a\": null}]""#, r#"[1,2.5,{"a":null}]"#),
        (r#"States.StringToJson('{"a": "b"}')"#, "{}", r#"{"a":"b"}"#),
        (
            "States.JsonToString($)",
            r#"{"a" : [1, "x\""], "b": 2.50}"#,
            r#""{\"a\":[1,\"x\\\"\"],\"b\":2.5}""#,
        ),
        ("States.JsonToString($)", r#""x""#, r#""\"x\"""#),
        ("States.Base64Encode($)", r#""""#, r#""""#),
        ("States.Base64Encode($)", r#""Data to encode""#, r#""RGF0YSB0byBlbmNvZGU=""#),
        ("States.Base64Encode($)", r#""é😀?>""#, r#""w6nwn5iAPz4=""#),
        ("States.Base64Decode($)", r#""SGVsbG8gV29ybGQ=""#, r#""Hello World""#),
        ("States.Base64Decode($)", r#""SGVsbG8gV29ybGQ""#, r#""Hello World""#),
        ("States.Base64Decode($)", r#""""#, r#""""#),
        ("States.Base64Decode($)", r#""Yf8=""#, "\"a\u{fffd}\""),
        (
            "States.Array(States.Hash($, 'MD5'), States.Hash($, 'SHA-1'))",
            r#""input data""#,
            r#"["812f45842bc6d66ee14572ce20db8e86","aaff4a450a104cd177d28d18d74485e8cae074b7"]"#,
        ),
        (
            "States.Hash($, 'SHA-256')",
            r#""input data""#,
            r#""b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3""#,
        ),
        (
            "States.Hash($, 'SHA-384')",
            r#""input data""#,
            r#""d28a7d5cf25a74f11a50a18452b75e04bb3d70c9dd0510d6123aa008c756511b87525bdc835ebb27e1fb9e9374a15562""#,
        ),
        (
            "States.Hash($, 'SHA-512')",
            r#""input data""#,
            r#""6ce4adb348546d4f449c4d25aad9a7c9cb711d9e91982d3f0b29ca2f3f47d4ce2deba23bf2954f0f1d593fc50283731a533d30d425402d4f91316d871303aac4""#,
        ),
        (hash, r#""""#, r#""d41d8cd98f00b204e9800998ecf8427e""#),
        // Of the text `[1]`.
        (hash, "[ 1 ]", r#""35dba5d75538a9bbe0b4da4422759a0e""#),
        (
            merge,
            r#"[{"a":{"a1":1,"a2":2},"b":2,"d":3},{"a":{"a3":1,"a4":2},"c":3,"d":4}]"#,
            r#"{"a":{"a3":1,"a4":2},"b":2,"c":3,"d":4}"#,
        ),
        (
            merge,
            r#"[{"zeta":1,"alpha":2},{"gamma":3,"beta":4,"delta":5}]"#,
            r#"{"zeta":1,"alpha":2,"delta":5,"gamma":3,"beta":4}"#,
        ),
        (merge, "[{},{}]", "{}"),
        (split, r#"[" ",","]"#, r#"[" "]"#),
        (split, r#"[" , ",","]"#, r#"[" "," "]"#),
        (split, r#"[", , ,",","]"#, r#"[" "," "]"#),
        (split, r#"[",,,,",","]"#, "[]"),
        (split, r#"["","," ]"#, "[]"),
        (split, r#"["a,b",""]"#, r#"["a,b"]"#),
        (split, r#"["This.is+a,test=string",".+,="]"#, r#"["This","is","a","test","string"]"#),
        (split, r#"["split on T and \nnew line","T\n"]"#, r#"["split on "," and ","new line"]"#),
        ("States.StringSplit('Hello\nWorld', '\n')", "{}", r#"["Hello","World"]"#),
        ("States.StringSplit($$.Execution.Input.csv, ',')", "{}", r#"["a","b"]"#),
        (
            "States.ArrayGetItem(States.StringSplit($$.StateMachine.Name, '-'), \
             States.MathAdd(States.ArrayLength(States.StringSplit($$.StateMachine.Name, '-')), -1))",
            "{}",
            r#""three""#,
        ),
    ]);
    check_arguments_refused(
        "States.StringToJson",
        &[("States.StringToJson($)", r#""{""#), ("States.StringToJson($)", "1")],
    );
    check_arguments_refused("States.Base64Encode", &[("States.Base64Encode($)", "1")]);
    check_arguments_refused(
        "States.Base64Decode",
        &[
            ("States.Base64Decode($)", r#""a*==""#),
            ("States.Base64Decode($)", r#""a""#),
            ("States.Base64Decode($)", "[]"),
        ],
    );
    check_arguments_refused(
        "States.Hash",
        &[
            ("States.Hash($, 'md5')", r#""""#),
            ("States.Hash($, 'SHA-3')", r#""""#),
            ("States.Hash($, 1)", r#""""#),
        ],
    );
    check_arguments_refused(
        "States.JsonMerge",
        &[("States.JsonMerge($[0], $[1], true)", "[{},{}]"), (merge, "[{},[]]"), (merge, "[null,{}]")],
    );
    check_arguments_refused("States.StringSplit", &[(split, r#"["a",1]"#), (split, r#"[1,"a"]"#)]);
}

#[test]
fn numbers() {
    let add = "States.MathAdd($[0], $[1])";
    let sums = [
        ("[-9,3]", "-6"),
        ("[1.49,1.5]", "3"),
        ("[1.5,1.51]", "4"),
        ("[-1.49,-1.5]", "-2"),
        ("[-1.5,-1.51]", "-3"),
        ("[1.49,-1.49]", "0"),
        ("[0.5,0]", "1"),
        ("[2.5,0]", "3"),
        ("[-0.5,0]", "0"),
        ("[-2.5,0]", "-2"),
        ("[-3.5,0]", "-3"),
        ("[0.49999999999999994,0]", "0"),
        ("[2147483647,-2147483648]", "-1"),
        ("[2147483646.5,0]", "2147483647"),
    ];
    for (input, sum) in sums {
        check(&[(add, input, sum)]);
    }
    check_arguments_refused(
        "States.MathAdd",
        &[
            (add, "[2147483647,1]"),
            (add, "[-2147483648,-1]"),
            (add, "[2147483648,-1]"),
            (add, "[1e400,1]"),
            (add, "[123456789012345678901234567890,1]"),
            (add, r#"["1",1]"#),
            (add, "[null,1]"),
        ],
    );
    // With a seed: what Java's generator gives.
    check(&[
        ("States.MathRandom(1, 999, 42)", "{}", "255"),
        ("States.MathRandom(0.5, 998.7, 42)", "{}", "255"),
        ("States.MathRandom(-5, 6, -1)", "{}", "1"),
        ("States.MathRandom(5, 6)", "{}", "5"),
        ("States.MathRandom(-2147483648, -2147483647, 1)", "{}", "-2147483648"),
    ]);
    check_arguments_refused(
        "States.MathRandom",
        &[
            ("States.MathRandom(5, 5)", "{}"),
            ("States.MathRandom(6, 5)", "{}"),
            ("States.MathRandom(0, 2147483648)", "{}"),
            ("States.MathRandom(0, 2, 'a')", "{}"),
            ("States.MathRandom($, 2)", "{}"),
        ],
    );
}

#[test]
fn random_numbers_follow_from_the_seed() {
    let draw = |seed| {
        let value =
            evaluate_with("States.Array(States.MathRandom(-3, 3), States.UUID(), States.UUID())", "{}", seed);
        let value = value.unwrap();
        let parts = value.as_array().unwrap();
        (
            parts[0].as_i64().unwrap(),
            parts[1].as_str().unwrap().to_owned(),
            parts[2].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(draw(1), draw(1));
    let mut numbers = std::collections::BTreeSet::new();
    let mut uuids = std::collections::HashSet::new();
    for (number, one, other) in (0..200).map(draw) {
        numbers.insert(number);
        for uuid in [one, other] {
            let form: String = uuid
                .chars()
                .map(|character| if character.is_ascii_hexdigit() { 'x' } else { character })
                .collect();
            assert_eq!(form, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
            assert_eq!(uuid, uuid.to_lowercase());
            assert_eq!(uuid.as_bytes()[14], b'4', "{uuid}");
            assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
            assert!(uuids.insert(uuid));
        }
    }
    assert_eq!(numbers.into_iter().collect::<Vec<_>>(), [-3, -2, -1, 0, 1, 2]);
}

#[test]
fn says_which_argument_is_missing() {
    let missing = |call: &str, path: &str, input: &str| {
        format!(
            "The function '{call}' had the following error: The JsonPath argument for the field '{path}' could not \
             be found in the input '{input}'"
        )
    };
    let cases = [
        ("States.Format('{}', $.no)", "$.no", r#"{"a" : 1}"#, r#"{"a" : 1}"#),
        ("States.Format('{}',$.a.b )", "$.a.b", r#"{"a":{}}"#, r#"{"a":{}}"#),
        ("States.Array(1, States.JsonToString($['x']['y']))", "$['x']['y']", "{}", "{}"),
        ("States.Array($$.No)", "$$.No", "{}", CONTEXT),
        ("States.Array($w.x)", "$w.x", "{}", "{}"),
        // A quote that is part of a name.
        ("States.Array($.it's , 'x')", "$.it's", "{}", "{}"),
        ("States.Array($$.No)", "$$.No", "null", CONTEXT),
        ("States.Array($w)", "$w", "null", "null"),
    ];
    for (call, path, input, shown) in cases {
        assert_eq!(evaluate(call, input), Err(missing(call, path, shown).into()), "{call}");
    }
    // Texts that stand alone.
    let cases = [
        ("States.Array($.a)", "null", "Unable to apply Path transformation to null or empty input."),
        (
            "States.Array($.a[0])",
            r#"{"a":1}"#,
            "Filter: [0] can only be applied to arrays. Current context is: 1",
        ),
    ];
    for (call, input, text) in cases {
        assert_eq!(evaluate(call, input), Err(text.to_owned().into()), "{call}");
    }
    check(&[("States.Array($)", "null", "[null]")]);
}

#[test]
fn finds_where_arguments_end() {
    let input = r#"{"a,b)":{"c(d":1},"l":[3,4]}"#;
    check(&[
        ("States.Array($['a,b)']['c(d'] , 1)", input, "[1,1]"),
        ("States.Array( $.l ,$.l[1])", input, "[[3,4],4]"),
        ("States.Array($.l\t, $.l[0]\n)", input, "[[3,4],3]"),
        ("States.Array(1,\t-2.50,\n1e2,true , false,null ) ", "{}", "[1,-2.5,100.0,true,false,null]"),
        (r"States.Array('a,)\'', ' $.a ', '\\', '\{}')", "{}", r#"["a,)'"," $.a ","\\","{}"]"#),
        ("States.Array('','')", "{}", r#"["",""]"#),
    ]);
}

#[test]
fn refuses_what_is_no_call() {
    let nested = |levels: usize| format!("{}1{}", "States.Array(".repeat(levels), ")".repeat(levels));
    assert!(Call::parse(&nested(MAX_NESTING)).is_ok());
    let cases = [
        "",
        "States.",
        "States.Array",
        "States.Array(",
        "States.Array)",
        "States.Array()x",
        "States.Array())",
        "States.Array (1)",
        " States.Array(1)",
        "states.Array(1)",
        "States.array(1)",
        "States.Nope(1)",
        "Array(1)",
        "States.Array(,)",
        "States.Array(1,)",
        "States.Array(1 2)",
        "States.Array(1,,2)",
        "States.Array(x)",
        "States.Array(\"x\")",
        "States.Array(01)",
        "States.Array(+1)",
        "States.Array(NaN)",
        "States.Array([1])",
        "States.Array({})",
        "States.Array([])",
        "States.Array(States.Nope())",
        "States.Array(States.UUID)",
        // Paths.
        "States.Array($.)",
        "States.Array($.a, $v.)",
        "States.Array($.a..)",
        "States.Array($",
        "States.Array($['a)",
        // Strings.
        "States.Array('x)",
        "States.Array('x\\')",
        "States.Array('\\",
        "States.Array('x' 'y')",
        "States.Array('it's')",
        r#"States.StringToJson('{"text":"An \"escaped double quote\" here"}')"#,
        r#"States.Format('He said, \"Hello, {}!\"', 'Test \"Name\" Here')"#,
        r"States.Array('\n')",
        // The number of arguments.
        "States.UUID(1)",
        "States.Format()",
        "States.ArrayLength()",
        "States.ArrayLength(1, 2)",
        "States.ArrayRange(1, 2)",
        "States.MathRandom(1)",
        "States.MathRandom(1, 2, 3, 4)",
        "States.JsonMerge($, $)",
        "States.StringSplit('a')",
        "States.Hash('a')",
    ];
    for text in cases.map(str::to_owned).into_iter().chain([nested(MAX_NESTING + 1), nested(100_000)]) {
        assert_eq!(Call::parse(&text).map(|_| ()), Err(CallError), "{text:.50}");
    }
}

#[test]
fn tells_about_itself() {
    let text = "States.Format('{}', States.Array($.a, 1, $$.b), $c) ";
    let call = Call::parse(text).unwrap();
    assert_eq!(call.text(), text);
    assert_eq!(call.function(), "States.Format");
    assert_eq!(call.paths().into_iter().map(Path::text).collect::<Vec<_>>(), ["$.a", "$$.b", "$c"]);
    assert!(is_call(text) && !is_call("$.a"));
}

/// The functions that the service has.
fn names() -> Vec<String> {
    let names = "Array ArrayContains ArrayGetItem ArrayLength ArrayPartition ArrayRange ArrayUnique Base64Decode \
                 Base64Encode Format Hash JsonMerge JsonToString MathAdd MathRandom StringSplit StringToJson UUID";
    names.split_whitespace().map(|name| format!("States.{name}")).collect()
}

#[test]
fn the_table_is_complete() {
    for name in names() {
        assert_eq!(functions::find(&name).map(|function| function.name), Some(&*name));
    }
}

#[test]
fn data_to_encode_is_limited() {
    for (characters, fits) in [
        ("a".repeat(10_000), true),
        ("a".repeat(10_001), false),
        ("😀".repeat(5_000), true),
        ("😀".repeat(5_001), false),
    ] {
        let input = Value::from(characters).to_string();
        for call in ["States.Base64Encode($)", "States.Hash($, 'SHA-1')"] {
            assert_eq!(evaluate(call, &input).is_ok(), fits, "{call} of {} bytes", input.len());
        }
    }
    let encoded = |length: usize| format!("\"{}\"", "AAAA".repeat(length / 4));
    assert!(evaluate("States.Base64Decode($)", &encoded(10_000)).is_ok());
    assert!(evaluate("States.Base64Decode($)", &encoded(10_004)).is_err());
}

/// Whatever a call mentions, and however often, it does not build much more than a payload.
#[test]
fn what_is_built_is_limited() {
    let at_limit = Value::from("x".repeat(MAX_TEXT_BYTES)).to_string();
    assert!(evaluate("States.Format('{}', $)", &at_limit).is_ok());
    assert_eq!(evaluate("States.Format('{}.', $)", &at_limit), Err(EvaluationError::TooLarge));
    assert_eq!(evaluate("States.JsonToString($)", &at_limit), Err(EvaluationError::TooLarge));

    let many = |count: usize, argument: &str| vec![argument; count].join(", ");
    let nest = |function: &str, levels: usize, inner: &str| {
        (0..levels).fold(inner.to_owned(), |inner, _| {
            format!("States.{function}({inner}, {inner}, {inner}, {inner})")
        })
    };
    let list = format!("[{}]", vec!["1"; 100_000].join(","));
    let cases = [
        // 4^8 parts.
        (format!("States.JsonToString({})", nest("Array", 8, "$")), list.as_str()),
        (format!("States.Format('{{}}', {})", nest("Array", 8, "$")), &list),
        (format!("States.ArrayUnique(States.Array({}))", many(2_000, "$")), &list),
        (format!("States.ArrayContains(States.Array({}), 1)", many(2_000, "$")), &list),
        (
            format!("States.ArrayLength(States.Array({}))", many(100, "States.Format('{}', $)")),
            at_limit.as_str(),
        ),
        (format!("States.ArrayLength(States.Array({}))", many(100, "States.ArrayPartition($, 1)")), &list),
    ];
    for (call, input) in cases {
        assert!(evaluate(&call, input) == Err(EvaluationError::TooLarge), "{call:.50}");
    }
    // Ordinary work on a large input is not hindered.
    for call in [
        "States.ArrayUnique($)",
        "States.ArrayContains($, 2)",
        "States.ArrayPartition($, 10)",
        "States.JsonToString($)",
    ] {
        assert!(evaluate(call, &list).is_ok(), "{call}");
    }
    // One budget serves several calls.
    let input = Payload::parse(&list).unwrap();
    let scope = Scope::new(&input, &|| Value::Null);
    let call = Call::parse("States.ArrayPartition($, 1)").unwrap();
    let mut budget = Budget::default();
    assert!(call.evaluate(&scope, &mut budget).is_ok());
    assert_eq!(call.evaluate(&scope, &mut budget), Err(EvaluationError::TooLarge));
}

/// Pieces that calls are made of, good and bad.
fn piece() -> impl Strategy<Value = String> {
    let words = names().into_iter().map(|name| format!("{name}(")).chain(
        [
            "(",
            ")",
            ",",
            " ",
            "'",
            "\\",
            "{}",
            "{",
            "}",
            "$",
            "$.a",
            "$$",
            "$v",
            "$.l[0]",
            "[",
            "]",
            "1",
            "-1.5",
            "1e400",
            "99999999999999999999",
            "true",
            "false",
            "null",
            "'a'",
            "'{}'",
            "'SHA-256'",
            "é😀",
        ]
        .map(str::to_owned),
    );
    prop::sample::select(words.collect::<Vec<_>>())
}

/// A value of any kind.
fn any_value() -> impl Strategy<Value = Value> {
    let texts = [
        "null",
        "true",
        "0",
        "-1",
        "2.5",
        "1e300",
        "1e400",
        "\"\"",
        "\"{}\"",
        "\"a,b\"",
        "\"YQ==\"",
        "\"[1]\"",
        "\"MD5\"",
        "[]",
        "[1,[2],\"x\"]",
        "{}",
        r#"{"a":1,"b":{}}"#,
        "9223372036854775807",
        "99999999999999999999",
    ];
    prop::sample::select(texts.to_vec()).prop_map(|text| parse(text).unwrap())
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC*", pieces in prop::collection::vec(piece(), 0..20)) {
        let input = Payload::parse(r#"{"a":"x","l":[1]}"#).unwrap();
        let scope = Scope::new(&input, &|| Value::Null);
        for text in [text, pieces.concat(), format!("States.Array({})", pieces.join(","))] {
            if let Ok(call) = Call::parse(&text) {
                let _ = call.evaluate(&scope, &mut Budget::default());
                prop_assert_eq!(call.text(), text);
            }
        }
    }

    #[test]
    fn any_arguments_are_taken_or_refused(
        name in prop::sample::select(names()),
        values in prop::collection::vec(any_value(), 0..4),
    ) {
        let function = functions::find(&name).unwrap();
        let arguments: Vec<_> = (0..values.len()).map(|index| format!("$[{index}]")).collect();
        let text = format!("{name}({})", arguments.join(", "));
        let call = Call::parse(&text);
        prop_assert_eq!(call.is_ok(), function.arity.contains(&values.len()));
        if let Ok(call) = call {
            let input = Payload::from_value(Value::from(values));
            let result = call.evaluate(&Scope::new(&input, &|| Value::Null), &mut Budget::default());
            if let Err(EvaluationError::Runtime(cause)) = result {
                prop_assert!(cause.contains(&text) && cause.contains(&name), "{}", cause);
            }
        }
    }

    /// A set of identities finds what comparing each with each finds.
    #[test]
    fn unique_agrees_with_equality(values in prop::collection::vec(any_value(), 0..12)) {
        let input = Payload::from_value(Value::from(values));
        let call = Call::parse("States.ArrayUnique($)").unwrap();
        let unique = call.evaluate(&Scope::new(&input, &|| Value::Null), &mut Budget::default()).unwrap();
        let mut expected: Vec<Value> = Vec::new();
        for value in input.value().as_array().unwrap() {
            if !expected.contains(value) {
                expected.push(value.clone());
            }
        }
        prop_assert_eq!(unique, Value::from(expected));
    }
}
