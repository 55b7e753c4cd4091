//! `gradus eval` as a program: what it reads, where it writes, how it ends.

use std::fs;

use gradus_tests::folder::Folder;

use crate::program;

/// Runs the program with this standard input; gives the exit code, standard output and standard error.
fn eval(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    program(&[&["eval"], arguments].concat(), input)
}

#[test]
fn results_and_exit_codes() {
    let folder = Folder::new();
    let file = folder.join("order.json");
    fs::write(&file, r#"{"items": [{"price": 2}, {"price": 0.5}]}"#).unwrap();
    let at_file = format!("@{file}");
    let missing = folder.join("missing.json");
    // Arguments, standard input, exit code, standard output, the start of standard error.
    let cases: &[(&[&str], &str, i32, &str, &str)] = &[
        (&["1 + 1"], "", 0, "2\n", ""),
        (&["-1"], "", 0, "-1\n", ""),
        (&["$sum(items.price)", "--input", &file], "", 0, "2.5\n", ""),
        (&["$sum(items.price)", "--input", &at_file], "", 0, "2.5\n", ""),
        (&["a", "--input", "-"], r#"{"a": [1, {"b": "é"}]}"#, 0, "[1,{\"b\":\"é\"}]\n", ""),
        (&["a & $b", "-i", r#"{"a": "x"}"#, "--bind", "b=1e21"], "", 0, "\"x1e+21\"\n", ""),
        (&["{% $states.input + 1 %}", "--bind", r#"$states={"input": 1}"#], "", 0, "2\n", ""),
        (&["$count($partition([1..5], 2)) & $type($uuid())"], "", 0, "\"3string\"\n", ""),
        (&["a.b"], "", 0, "", "gradus: the result is undefined"),
        (&["1 + 'a'"], "", 1, "", "1:3: error T2002: The right side of the \"+\" operator"),
        (&["1 +"], "", 1, "", "1:4: error S0207: Unexpected end of expression\n    1 +\n       ^"),
        (&["($f := function() { $f() }; $f())"], "", 1, "", "error: Expression evaluation timeout"),
        (&["$sum"], "", 1, "", "error: "),
        (&["a", "--input", "{"], "", 2, "", "gradus: --input `{`: not JSON: "),
        (&["a", "--input", &missing], "", 2, "", "gradus: --input `"),
        (&["a", "--bind", "b"], "", 2, "", "gradus: --bind `b`: expected NAME=JSON"),
        (&["a", "--input", "-", "--bind", "b=-"], "1", 2, "", "gradus: standard input can be read only once"),
        (&[], "", 2, "", "error: "),
    ];
    for (arguments, input, code, stdout, stderr) in cases {
        let (found, out, error) = eval(arguments, input);
        assert_eq!((found, out.as_str()), (Some(*code), *stdout), "{arguments:?}: {error}");
        assert!(error.starts_with(stderr) && error.is_empty() == stderr.is_empty(), "{arguments:?}: {error}");
    }
}
