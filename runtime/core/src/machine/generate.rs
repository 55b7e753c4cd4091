//! Generated state machines for tests: every kind of state that is built, no cycles, and an end.
//!
//! Also compiled into the engine's simulation, by its path. A new kind of state, or field, that a
//! crash may hit belongs here.

use std::fmt::Write;

/// The activities that generated machines use.
pub(crate) const ACTIVITIES: [&str; 2] = [
    "arn:aws:states:us-east-1:000000000000:activity:left",
    "arn:aws:states:us-east-1:000000000000:activity:right",
];

/// The function that generated machines call.
pub(crate) const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

/// The state machine whose executions generated machines start.
pub(crate) const CHILD: &str = "arn:aws:states:us-east-1:000000000000:stateMachine:child";

/// One out of so many states is a Map that does more than a step may: they take their time.
pub(crate) const LONG_IN: usize = 100;

/// How deep Parallel and Map stand in each other at most.
const MAX_DEPTH: usize = 2;

/// The definition of a machine. Its input is an object with a number `n` from 0 to 9 and an array
/// `items` of such numbers. `below` draws a number below its argument.
pub(crate) fn generate(below: &mut dyn FnMut(usize) -> usize) -> String {
    let states = block(below, "", 0);
    let limit = if below(6) == 0 { format!("\"TimeoutSeconds\":{},", 5 + below(30)) } else { String::new() };
    format!("{{{limit}{states}}}")
}

/// `StartAt` and `States` of the machine, a branch or a processor; `within` begins the names.
fn block(below: &mut dyn FnMut(usize) -> usize, within: &str, depth: usize) -> String {
    // Deep blocks are short, or a run would have too many states.
    let count = if depth == 0 { 2 + below(5) } else { 2 + below(2) };
    let mut states = String::new();
    for number in 0..count {
        _ = write!(states, "\"{within}s{number}\":{},", state(below, within, depth, number, count));
    }
    format!(
        r#""StartAt":"{within}s0","States":{{{states}"{within}done":{{"Type":"Succeed"}},"{within}broken":{{"Type":"Fail","Error":"Broken","Cause":"generated"}}}}"#
    )
}

fn state(
    below: &mut dyn FnMut(usize) -> usize,
    within: &str,
    depth: usize,
    number: usize,
    count: usize,
) -> String {
    let name = |number: usize| format!("{within}s{number}");
    let done = format!("{within}done");
    let broken = format!("{within}broken");
    let next = if number + 1 == count { done.clone() } else { name(number + 1) };
    let later = match below(3) {
        0 => broken.clone(),
        1 => done,
        _ => next.clone(),
    };
    if number > 0 && depth == 0 && below(LONG_IN) == 0 {
        return long(below, &name(number), &next);
    }
    if number > 0 && below(3) == 0 {
        return jsonata(below, &name(number), depth, &next, &later);
    }
    let kinds = if depth < MAX_DEPTH { 10 } else { 7 };
    let assign = assign(below, depth);
    // The first state is a Choice, which keeps `broken` within reach; the chain ends at `done`.
    match if number == 0 { 4 } else { below(kinds) } {
        0 => format!(
            r#"{{"Type":"Pass","Parameters":{{"w.$":"$w{depth}","outer.$":"$v{}"}},"ResultPath":"$.read"{assign},"Next":"{next}"}}"#,
            depth.saturating_sub(1)
        ),
        1 => {
            format!(
                r#"{{"Type":"Pass","Result":{{"from":{number}}},"ResultPath":"$.pass"{assign},"Next":"{next}"}}"#
            )
        }
        2 => format!(r#"{{"Type":"Wait","Seconds":{}{assign},"Next":"{next}"}}"#, below(8)),
        3 => format!(r#"{{"Type":"Wait","SecondsPath":"$v{depth}"{assign},"Next":"{next}"}}"#),
        4 => {
            // Every way out of the first state assigns what the others read.
            let first = format!(r#""Assign":{{"v{depth}.$":"$.n","w{depth}":{}}}"#, below(9));
            format!(
                r#"{{"Type":"Choice","Choices":[{{"Variable":"$.n","NumericGreaterThan":8,"Next":"{broken}",{first}}},{{"Variable":"$.n","NumericEquals":{},"Next":"{later}",{first}}}],{first},"Default":"{next}"}}"#,
                below(9)
            )
        }
        5 | 6 => task(below, depth, &assign, &next, &later),
        7 | 8 => parallel(below, &name(number), depth, &assign, &next, &later),
        _ => map(below, &name(number), depth, &assign, &next, &later),
    }
}

/// A state in JSONata. Whatever it does, its output is its input with a member more: those that follow look for `n`.
fn jsonata(
    below: &mut dyn FnMut(usize) -> usize,
    name: &str,
    depth: usize,
    next: &str,
    later: &str,
) -> String {
    let kinds = if depth < MAX_DEPTH { 6 } else { 4 };
    let with = |member: &str| format!(r#""Output":"{{% $merge([$states.input, {{{member}}}]) %}}""#);
    // Now and then a query fails, for some inputs, and is caught or not.
    let number = match below(4) {
        0 => format!("($states.input.n < {} ? $v{depth} : $error('generated'))", 3 + below(7)),
        _ => format!("$v{depth}"),
    };
    let assign = match below(3) {
        0 => format!(r#","Assign":{{"v{depth}":"{{% {number} %}}","w{depth}":["{{% $w{depth} %}}"]}}"#),
        1 => format!(r#","Assign":{{"w{depth}":"{{% $v{} %}}"}}"#, depth.saturating_sub(1)),
        _ => String::new(),
    };
    let rest = format!(r#"{assign},"Next":"{next}""#);
    let rescue = rescue_query(below, depth, later);
    let fields = match below(kinds) {
        0 => format!(r#""Type":"Pass",{}{rest}"#, with(&format!("'pass': {number}"))),
        1 => format!(r#""Type":"Wait","Seconds":"{{% {number} %}}"{rest}"#),
        2 => format!(
            r#""Type":"Choice","Choices":[{{"Condition":"{{% {number} > 4 %}}","Next":"{later}","Output":"{{% $states.input %}}"}}]{assign},"Default":"{next}""#
        ),
        3 => {
            let arn = ACTIVITIES[below(ACTIVITIES.len())];
            let resource = match below(3) {
                0 => format!(
                    r#""Resource":"{FUNCTION}","Arguments":{{"n":"{{% {number} %}}"}},"Credentials":{{"RoleArn":"{{% 'role-' & $string({number}) %}}"}}"#
                ),
                1 => format!(
                    r#""Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Arguments":{{"FunctionName":"{FUNCTION}","Payload":{{"token":"{{% $states.context.Task.Token %}}"}}}}"#
                ),
                _ => format!(r#""Resource":"{arn}","Arguments":"{{% [{number}] %}}""#),
            };
            let (output, limit) = (with("'task': $states.result"), 4 + below(16));
            format!(r#""Type":"Task",{resource},"TimeoutSeconds":"{{% {limit} %}}",{output}{rest}{rescue}"#)
        }
        4 => {
            let (branch, output) = (block(below, &format!("{name}.q."), depth + 1), with("'parallel': 1"));
            format!(
                r#""Type":"Parallel","Arguments":{{"n":"{{% {number} %}}"}},"Branches":[{{{branch}}}],{output}{rest}{rescue}"#
            )
        }
        _ => {
            let processor = block(below, &format!("{name}.q."), depth + 1);
            let (output, at_once) = (with("'map': $count($states.result)"), below(4));
            format!(
                r#""Type":"Map","Items":"{{% $states.context.Execution.Input.items[] %}}","ItemSelector":{{"n":"{{% $states.context.Map.Item.Value %}}","outer":"{{% {number} %}}"}},"MaxConcurrency":"{{% {at_once} %}}","ItemProcessor":{{{processor}}},{output}{rest}{rescue}"#
            )
        }
    };
    format!(r#"{{"QueryLanguage":"JSONata",{fields}}}"#)
}

/// A Map that does more than one step may, so that some of its states are held; now and then one waits besides.
fn long(below: &mut dyn FnMut(usize) -> usize, name: &str, next: &str) -> String {
    // Six facts an iteration, and somewhat more than the 2,500 of a step.
    let (count, waits) = (430 + below(20), 1 + below(900));
    let processor = format!(
        r#""StartAt":"{name}.c","States":{{"{name}.c":{{"Type":"Choice","Choices":[{{"Variable":"$","NumericEquals":{waits},"Next":"{name}.w"}}],"Default":"{name}.p"}},"{name}.w":{{"Type":"Wait","Seconds":1,"End":true}},"{name}.p":{{"Type":"Pass","End":true}}}}"#
    );
    format!(
        r#"{{"QueryLanguage":"JSONata","Type":"Map","Items":"{{% [1..{count}] %}}","ItemProcessor":{{{processor}}},"Output":"{{% $states.input %}}","Next":"{next}"}}"#
    )
}

/// Who does a task, and what it is given.
fn resource(below: &mut dyn FnMut(usize) -> usize) -> String {
    let nested = |pattern: &str| {
        format!(
            r#""Resource":"arn:aws:states:::states:startExecution{pattern}","Parameters":{{"StateMachineArn":"{CHILD}","Input":{{"n.$":"$.n"}}}}"#
        )
    };
    match below(8) {
        0 => format!(r#""Resource":"{FUNCTION}"{}"#, credentials(below)),
        1 => format!(
            r#""Resource":"arn:aws:states:::lambda:invoke","Parameters":{{"FunctionName":"{FUNCTION}","Payload.$":"$"}}{}"#,
            credentials(below)
        ),
        2 => format!(
            r#""Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{{"FunctionName":"{FUNCTION}","Payload":{{"token.$":"$$.Task.Token"}}}}"#
        ),
        3 => nested(""),
        4 => nested(".sync"),
        _ => format!(r#""Resource":"{}""#, ACTIVITIES[below(ACTIVITIES.len())]),
    }
}

/// Maybe the role of a call. Now and then it is found to be no text.
fn credentials(below: &mut dyn FnMut(usize) -> usize) -> &'static str {
    match below(8) {
        0 => r#","Credentials":{"RoleArn":"role"}"#,
        1 => r#","Credentials":{"RoleArn.$":"States.Format('role-{}', $.n)"}"#,
        2 => r#","Credentials":{"RoleArn.$":"$.n"}"#,
        _ => "",
    }
}

fn parallel(
    below: &mut dyn FnMut(usize) -> usize,
    name: &str,
    depth: usize,
    assign: &str,
    next: &str,
    later: &str,
) -> String {
    let count = 1 + below(3);
    let branches: Vec<String> = (0..count)
        .map(|number| format!("{{{}}}", block(below, &format!("{name}.{number}."), depth + 1)))
        .collect();
    // A result that held the whole input once for each branch would soon be too large.
    let data = match below(2) {
        0 => r#""ResultPath":null"#,
        _ => &format!(r#""Parameters":{{"n.$":"$v{depth}"}},"ResultPath":"$.parallel""#),
    };
    let (branches, rescue) = (branches.join(","), rescue(below, depth, later));
    format!(r#"{{"Type":"Parallel",{data}{assign},"Branches":[{branches}],"Next":"{next}"{rescue}}}"#)
}

fn map(
    below: &mut dyn FnMut(usize) -> usize,
    name: &str,
    depth: usize,
    assign: &str,
    next: &str,
    later: &str,
) -> String {
    let processor = block(below, &format!("{name}.i."), depth + 1);
    let (at_once, rescue) = (below(4), rescue(below, depth, later));
    format!(
        r#"{{"Type":"Map","ItemsPath":"$$.Execution.Input.items","ItemSelector":{{"n.$":"$$.Map.Item.Value","outer.$":"$v{depth}"}},"MaxConcurrency":{at_once},"ItemProcessor":{{{processor}}},"ResultPath":"$.map"{assign},"Next":"{next}"{rescue}}}"#
    )
}

fn task(
    below: &mut dyn FnMut(usize) -> usize,
    depth: usize,
    assign: &str,
    next: &str,
    later: &str,
) -> String {
    let resource = resource(below);
    let mut fields = format!(r#""Type":"Task",{resource},"ResultPath":"$.task"{assign},"Next":"{next}""#);
    let timeout = below(20);
    if timeout > 3 {
        _ = write!(fields, r#","TimeoutSeconds":{timeout}"#);
        if below(2) == 0 {
            _ = write!(fields, r#","HeartbeatSeconds":{}"#, timeout - 1 - below(2));
        }
    }
    fields += &rescue(below, depth, later);
    format!("{{{fields}}}")
}

/// Maybe an `Assign`. A block has the variables `v`, a number from 0 to 9, and `w`, with its depth behind.
fn assign(below: &mut dyn FnMut(usize) -> usize, depth: usize) -> String {
    match below(4) {
        0 => format!(r#","Assign":{{"v{depth}":{},"w{depth}.$":"$v{depth}"}}"#, below(10)),
        1 => {
            format!(r#","Assign":{{"v{depth}.$":"$v{}","w{depth}":[{{"w":null}}]}}"#, depth.saturating_sub(1))
        }
        2 => r#","Assign":{}"#.to_owned(),
        _ => String::new(),
    }
}

/// Maybe retriers, maybe a catcher.
fn rescue(below: &mut dyn FnMut(usize) -> usize, depth: usize, later: &str) -> String {
    let mut fields = String::new();
    if below(2) == 0 {
        _ = write!(
            fields,
            r#","Retry":[{{"ErrorEquals":["States.Timeout","Flaky"],"IntervalSeconds":{},"MaxAttempts":{},"BackoffRate":1.5}}]"#,
            1 + below(3),
            1 + below(3)
        );
    }
    if below(2) == 0 {
        _ = write!(
            fields,
            r#","Catch":[{{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Assign":{{"w{depth}.$":"$.Error"}},"Next":"{later}"}}]"#
        );
    }
    fields
}

/// The same in JSONata.
fn rescue_query(below: &mut dyn FnMut(usize) -> usize, depth: usize, later: &str) -> String {
    let mut fields = String::new();
    if below(2) == 0 {
        _ = write!(
            fields,
            r#","Retry":[{{"ErrorEquals":["States.Timeout","Flaky","States.QueryEvaluationError"],"IntervalSeconds":{},"MaxAttempts":{}}}]"#,
            1 + below(3),
            1 + below(2)
        );
    }
    if below(2) == 0 {
        _ = write!(
            fields,
            r#","Catch":[{{"ErrorEquals":["States.ALL"],"Output":"{{% $merge([$states.input, {{'error': $states.errorOutput.Error}}]) %}}","Assign":{{"w{depth}":"{{% $states.errorOutput.Cause %}}"}},"Next":"{later}"}}]"#
        );
    }
    fields
}
