//! Redrives: which events follow, and what states see.
//!
//! Source of the sequences marked as recorded: the service, 2026-09; the others follow the same rules.

use super::sequences::{Run, compile, run};
use super::{Event, Fact, NotRedrivable, Outcome, Reply};
use crate::asl;

/// A case: what it shows, the states (it starts at `S`), the input, the script, the events.
type Case = (&'static str, &'static str, &'static str, &'static [&'static str], &'static str);

fn check(cases: &[Case]) {
    for (name, states, input, script, expected) in cases {
        run(name, states, input, script, expected);
    }
}

#[test]
fn a_redrive_takes_up_the_state_that_did_not_succeed() {
    check(&[
        (
            "recorded: a stopped task",
            r#""S":{"Type":"Pass","Next":"t"},"t":{task a,"End":true}"#,
            "{}",
            &["stop", "redrive", "take a", "ok 0 1"],
            "1<0 ExecutionStarted 2<0 PassStateEntered 3<2 PassStateExited 4<3 TaskStateEntered 5<4 ActivityScheduled
             6<0 ExecutionAborted 7<6 ExecutionRedriven 8<4 ActivityScheduled 9<8 ActivityStarted
             10<9 ActivitySucceeded 11<10 TaskStateExited 12<11 ExecutionSucceeded",
        ),
        (
            "recorded: retries are counted from 0 again",
            r#""S":{task a,"End":true,"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":1,"MaxAttempts":1}]}"#,
            "{}",
            &[
                "take a", "fail 0 E", "after 1000", "take a", "fail 1 E", "redrive", "take a", "fail 2 E", "after 1000",
                "take a", "fail 3 E",
            ],
            "1<0 ExecutionStarted 2<0 TaskStateEntered 3<2 ActivityScheduled 4<3 ActivityStarted 5<4 ActivityFailed
             6<5 ActivityScheduled 7<6 ActivityStarted 8<7 ActivityFailed 9<8 ExecutionFailed
             10<9 ExecutionRedriven 11<2 ActivityScheduled 12<11 ActivityStarted 13<12 ActivityFailed
             14<13 ActivityScheduled 15<14 ActivityStarted 16<15 ActivityFailed 17<16 ExecutionFailed",
        ),
        (
            "recorded: a Fail state fails again",
            r#""S":{"Type":"Pass","Next":"f"},"f":{"Type":"Fail"}"#,
            "{}",
            &["redrive", "redrive"],
            "1<0 ExecutionStarted 2<0 PassStateEntered 3<2 PassStateExited 4<3 FailStateEntered 5<4 ExecutionFailed
             6<5 ExecutionRedriven 7<6 ExecutionFailed 8<7 ExecutionRedriven 9<8 ExecutionFailed",
        ),
        (
            "a Wait of seconds waits anew; a back-off is over",
            r#""S":{"Type":"Wait","Seconds":5,"Next":"t"},
               "t":{call function,"Retry":[{"ErrorEquals":["States.ALL"],"IntervalSeconds":9}],"End":true}"#,
            "{}",
            &["after 4000", "stop", "redrive", "after 4999", "after 1", "refuse 0 E", "stop", "redrive", "answer 1 1"],
            "1<0 ExecutionStarted 2<0 WaitStateEntered 3<0 ExecutionAborted 4<3 ExecutionRedriven 5<2 WaitStateExited
             6<5 TaskStateEntered 7<6 LambdaFunctionScheduled 8<7 LambdaFunctionStarted 9<8 LambdaFunctionFailed
             10<0 ExecutionAborted 11<10 ExecutionRedriven 12<6 LambdaFunctionScheduled 13<12 LambdaFunctionStarted
             14<13 LambdaFunctionSucceeded 15<14 TaskStateExited 16<15 ExecutionSucceeded",
        ),
        (
            "a Wait until a time that is past ends at once",
            r#""S":{"Type":"Wait","Timestamp":"2026-09-22T00:00:00Z","End":true}"#,
            "{}",
            &["stop", "after 100000000", "redrive"],
            "1<0 ExecutionStarted 2<0 WaitStateEntered 3<0 ExecutionAborted 4<3 ExecutionRedriven 5<2 WaitStateExited
             6<5 ExecutionSucceeded",
        ),
        (
            "a Choice looks again, and finds the count of redrives",
            r#""S":{"Type":"Choice","Choices":[{"Variable":"$$.Execution.RedriveCount","NumericEquals":1,"Next":"e"}]},
               "e":{"Type":"Succeed"}"#,
            "{}",
            &["redrive"],
            "1<0 ExecutionStarted 2<0 ChoiceStateEntered 3<2 ExecutionFailed 4<3 ExecutionRedriven 5<2 ChoiceStateExited
             6<5 SucceedStateEntered 7<6 SucceedStateExited 8<7 ExecutionSucceeded",
        ),
    ]);
}

/// Recorded, but for the second time-out: the limit begins anew.
#[test]
fn a_redrive_has_the_whole_time_limit() {
    let text = r#"{"TimeoutSeconds":5,"StartAt":"S","States":{"S":{
        "Type":"Task","Resource":"arn:aws:states:us-east-1:000000000000:activity:a","End":true}}}"#;
    let definition = asl::parse(text, asl::Options::default()).definition.expect("a sound machine");
    let mut run = Run::start(definition, "{}");
    for deed in ["after 9000", "redrive", "after 4999", "take a", "after 1"] {
        run.act(deed);
    }
    let expected = [
        "1<0 ExecutionStarted",
        "2<0 TaskStateEntered",
        "3<2 ActivityScheduled",
        "4<0 ExecutionTimedOut",
        "5<4 ExecutionRedriven",
        "6<2 ActivityScheduled",
        "7<6 ActivityStarted",
        "8<0 ExecutionTimedOut",
    ];
    assert_eq!(run.lines(), expected);
}

#[test]
fn a_request_counts_once() {
    let token = |text: &str| Event::RedriveRequested { token: Some(text.into()) };
    let mut run = Run::start(compile(r#""S":{task a,"End":true}"#), "{}");
    assert_eq!(run.tell(token("x")), Reply::NotRedrivable(NotRedrivable::Running));
    run.act("stop");
    let Reply::Redriven { at } = run.tell(token("x")) else { panic!("{:?}", run.execution) };
    let before = run.execution.clone();
    run.act("after 1000");
    assert_eq!(run.tell(token("x")), Reply::Redriven { at });
    assert_eq!(run.tell(token("y")), Reply::NotRedrivable(NotRedrivable::Running));
    assert_eq!(run.execution, before);
    run.act("stop");
    assert_eq!(run.tell(token("x")), Reply::Redriven { at }, "also when it has ended again");
    run.act("after 899000");
    assert_eq!(run.tell(token("x")), Reply::Redriven { at });
    run.act("after 1");
    assert_ne!(run.tell(token("x")), Reply::Redriven { at });
    assert_eq!(
        run.execution.redriven().map(|redriven| (redriven.count, redriven.open_before.0)),
        Some((2, 1000))
    );
    run.act("delete");
    run.act("stop");
    assert_eq!(run.tell(token("z")), Reply::NotRedrivable(NotRedrivable::MachineDeleted));
}

#[test]
fn a_redrive_takes_up_the_branches_that_did_not_succeed() {
    let branches = r#""S":{"Type":"Parallel","End":true,"Branches":[
        {"StartAt":"x","States":{"x":{task a,"End":true}}},
        {"StartAt":"y","States":{"y":{task b,"End":true}}},
        {"StartAt":"z","States":{"z":{task c,"End":true}}}]}"#;
    check(&[
        (
            "recorded: the branch that ended keeps its result; no second start",
            branches,
            "{}",
            &["take a", "take b", "take c", "ok 2 \"c\"", "fail 1 E", "redrive", "take a", "take b", "ok 4 \"b\"", "ok 3 \"a\""],
            "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 TaskStateEntered
             5<4 ActivityScheduled 6<3 TaskStateEntered 7<6 ActivityScheduled 8<3 TaskStateEntered 9<8 ActivityScheduled
             10<5 ActivityStarted 11<7 ActivityStarted 12<9 ActivityStarted 13<12 ActivitySucceeded 14<13 TaskStateExited
             15<11 ActivityFailed 16<15 TaskStateAborted 17<15 TaskStateAborted 18<15 ParallelStateFailed
             19<18 ExecutionFailed 20<19 ExecutionRedriven 21<4 ActivityScheduled 22<6 ActivityScheduled
             23<21 ActivityStarted 24<22 ActivityStarted 25<24 ActivitySucceeded 26<25 TaskStateExited
             27<23 ActivitySucceeded 28<27 TaskStateExited 29<28 ParallelStateSucceeded 30<28 ParallelStateExited
             31<30 ExecutionSucceeded",
        ),
        (
            "a stop in a block",
            branches,
            "{}",
            &["take a", "ok 0 1", "stop", "redrive", "stop", "redrive"],
            "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 TaskStateEntered
             5<4 ActivityScheduled 6<3 TaskStateEntered 7<6 ActivityScheduled 8<3 TaskStateEntered 9<8 ActivityScheduled
             10<5 ActivityStarted 11<10 ActivitySucceeded 12<11 TaskStateExited 13<0 ExecutionAborted
             14<13 ExecutionRedriven 15<6 ActivityScheduled 16<8 ActivityScheduled 17<0 ExecutionAborted
             18<17 ExecutionRedriven 19<6 ActivityScheduled 20<8 ActivityScheduled",
        ),
        (
            "a branch fails again at once: what the redrive has not come to leaves nothing, and can be redriven",
            r#""S":{"Type":"Parallel","End":true,"Branches":[
                {"StartAt":"x","States":{"x":{task a,"End":true}}},
                {"StartAt":"f","States":{"f":{"Type":"Choice","Choices":[
                    {"Variable":"$$.Execution.RedriveCount","NumericEquals":2,"Next":"g"}],"Default":"h"},
                    "g":{"Type":"Succeed"},"h":{"Type":"Fail"}}},
                {"StartAt":"z","States":{"z":{task c,"End":true}}}]}"#,
            "{}",
            &["redrive"],
            "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 TaskStateEntered
             5<4 ActivityScheduled 6<3 ChoiceStateEntered 7<6 ChoiceStateExited 8<7 FailStateEntered
             9<8 TaskStateAborted 10<8 ParallelStateFailed 11<10 ExecutionFailed 12<11 ExecutionRedriven
             13<4 ActivityScheduled 14<12 TaskStateAborted 15<12 ParallelStateFailed 16<15 ExecutionFailed",
        ),
        (
            "a branch that was never begun begins",
            r#""S":{"Type":"Parallel","End":true,"Branches":[
                {"StartAt":"f","States":{"f":{"Type":"Pass","InputPath":"$$.Execution.RedriveTime","End":true}}},
                {"StartAt":"z","States":{"z":{"Type":"Pass","End":true}}}]}"#,
            "{}",
            &["redrive"],
            "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 PassStateEntered
             5<4 ExecutionFailed 6<5 ExecutionRedriven 7<4 PassStateExited 8<3 PassStateEntered 9<8 PassStateExited
             10<9 ParallelStateSucceeded 11<9 ParallelStateExited 12<11 ExecutionSucceeded",
        ),
        (
            "a block that was given up by a retrier or a catcher is not taken up",
            r#""S":{"Type":"Parallel","Next":"t","Catch":[{"ErrorEquals":["States.ALL"],"Next":"t"}],"Branches":[
                {"StartAt":"x","States":{"x":{task a,"End":true}}},
                {"StartAt":"y","States":{"y":{task b,"End":true}}}]},"t":{task c,"End":true}"#,
            "{}",
            &["take a", "fail 0 E", "stop", "redrive", "take c", "ok 1 1"],
            "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 TaskStateEntered
             5<4 ActivityScheduled 6<3 TaskStateEntered 7<6 ActivityScheduled 8<5 ActivityStarted 9<8 ActivityFailed
             10<9 TaskStateAborted 11<9 TaskStateAborted 12<9 ParallelStateFailed 13<12 ParallelStateExited
             14<13 TaskStateEntered 15<14 ActivityScheduled 16<0 ExecutionAborted 17<16 ExecutionRedriven
             18<14 ActivityScheduled 19<18 ActivityStarted 20<19 ActivitySucceeded 21<20 TaskStateExited
             22<21 ExecutionSucceeded",
        ),
        (
            "a result that was too large: all branches run again",
            r#""S":{"Type":"Parallel","End":true,"Branches":[
                {"StartAt":"x","States":{"x":{task a,"End":true}}},
                {"StartAt":"y","States":{"y":{task b,"End":true}}}]}"#,
            "{}",
            &["take a", "ok 0 1", "take b", "fail 1 States.DataLimitExceeded", "redrive"],
            "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 TaskStateEntered
             5<4 ActivityScheduled 6<3 TaskStateEntered 7<6 ActivityScheduled 8<5 ActivityStarted 9<8 ActivitySucceeded
             10<9 TaskStateExited 11<7 ActivityStarted 12<11 ActivityFailed 13<12 TaskStateAborted
             14<12 ParallelStateFailed 15<14 ExecutionFailed 16<15 ExecutionRedriven 17<2 ParallelStateStarted
             18<17 TaskStateEntered 19<18 ActivityScheduled 20<17 TaskStateEntered 21<20 ActivityScheduled",
        ),
    ]);
}

#[test]
fn a_redrive_takes_up_the_iterations_that_did_not_succeed() {
    check(&[
        (
            "recorded: iterations that were never begun begin as usual",
            r#""S":{"Type":"Map","MaxConcurrency":1,"End":true,
                "ItemProcessor":{"StartAt":"x","States":{"x":{task a,"End":true}}}}"#,
            "[1,2,3]",
            &["take a", "ok 0 1", "take a", "fail 1 E", "redrive", "take a", "ok 2 2", "take a", "ok 3 3"],
            "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted{3} 4<3 MapIterationStarted{0}
             5<4 TaskStateEntered 6<5 ActivityScheduled 7<6 ActivityStarted 8<7 ActivitySucceeded 9<8 TaskStateExited
             10<9 MapIterationSucceeded{0} 11<9 MapIterationStarted{1} 12<11 TaskStateEntered 13<12 ActivityScheduled
             14<13 ActivityStarted 15<14 ActivityFailed 16<15 MapIterationFailed{1} 17<15 TaskStateAborted
             18<15 MapStateFailed 19<18 ExecutionFailed 20<19 ExecutionRedriven 21<12 ActivityScheduled
             22<21 ActivityStarted 23<22 ActivitySucceeded 24<23 TaskStateExited 25<24 MapIterationSucceeded{1}
             26<24 MapIterationStarted{2} 27<26 TaskStateEntered 28<27 ActivityScheduled 29<28 ActivityStarted
             30<29 ActivitySucceeded 31<30 TaskStateExited 32<31 MapIterationSucceeded{2} 33<32 MapStateSucceeded
             34<32 MapStateExited 35<34 ExecutionSucceeded",
        ),
        (
            "a Map in a Parallel, each with its own part",
            r#""S":{"Type":"Parallel","End":true,"Branches":[
                {"StartAt":"m","States":{"m":{"Type":"Map","End":true,
                    "ItemProcessor":{"StartAt":"x","States":{"x":{task a,"End":true}}}}}},
                {"StartAt":"z","States":{"z":{"Type":"Wait","Seconds":9,"End":true}}}]}"#,
            "[1,2]",
            &["take a", "take a", "ok 0 1", "fail 1 E", "redrive", "take a", "ok 2 2", "after 9000"],
            "1<0 ExecutionStarted 2<0 ParallelStateEntered 3<2 ParallelStateStarted 4<3 MapStateEntered
             5<4 MapStateStarted{2} 6<5 MapIterationStarted{0} 7<5 MapIterationStarted{1} 8<6 TaskStateEntered
             9<8 ActivityScheduled 10<7 TaskStateEntered 11<10 ActivityScheduled 12<3 WaitStateEntered
             13<9 ActivityStarted 14<11 ActivityStarted 15<13 ActivitySucceeded 16<15 TaskStateExited
             17<16 MapIterationSucceeded{0} 18<14 ActivityFailed 19<18 MapIterationFailed{1} 20<18 TaskStateAborted
             21<18 MapStateFailed 22<21 WaitStateAborted 23<21 ParallelStateFailed 24<23 ExecutionFailed
             25<24 ExecutionRedriven 26<10 ActivityScheduled 27<26 ActivityStarted 28<27 ActivitySucceeded
             29<28 TaskStateExited 30<29 MapIterationSucceeded{1} 31<30 MapStateSucceeded 32<30 MapStateExited
             33<12 WaitStateExited 34<33 ParallelStateSucceeded 35<33 ParallelStateExited 36<35 ExecutionSucceeded",
        ),
        (
            "an item that could not be selected is selected again",
            r#""S":{"Type":"Map","End":true,"MaxConcurrency":2,
                "ItemSelector":{"i.$":"$$.Map.Item.Value.i"},
                "ItemProcessor":{"StartAt":"x","States":{"x":{task a,"End":true}}}}"#,
            r#"[{"i":1},{"j":2}]"#,
            &["redrive"],
            "1<0 ExecutionStarted 2<0 MapStateEntered 3<2 MapStateStarted{2} 4<3 MapIterationStarted{0}
             5<3 ExecutionFailed 6<5 ExecutionRedriven 7<3 ExecutionFailed",
        ),
    ]);
}

#[test]
fn states_see_the_redrive() {
    let states = r#""S":{"Type":"Task","Resource":"arn:aws:states:us-east-1:000000000000:activity:a","Parameters":{
        "v.$":"States.Array($$.Execution.RedriveCount,$$.State.RetryCount,$$.State.EnteredTime,$$.Execution.StartTime)"},"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":1,"MaxAttempts":1}],"Next":"T"},
        "T":{"Type":"Pass","InputPath":"$$.Execution","End":true}"#;
    let mut run = Run::start(compile(states), "{}");
    for deed in [
        "take a",
        "fail 0 E",
        "after 1000",
        "take a",
        "fail 1 E",
        "after 60000",
        "redrive",
        "take a",
        "ok 2 1",
    ] {
        run.act(deed);
    }
    let inputs: Vec<&str> = run
        .history
        .iter()
        .filter_map(|(_, entry)| match &entry.fact {
            Fact::ActivityScheduled { input, .. } => Some(input.text()),
            _ => None,
        })
        .collect();
    let seen = |count: u32, retries: u32| {
        format!(r#"{{"v":[{count},{retries},"2026-09-21T14:13:20.000Z","2026-09-21T14:13:20.000Z"]}}"#)
    };
    assert_eq!(inputs, [seen(0, 0), seen(0, 1), seen(1, 0)]);
    let Some(Outcome::Succeeded(output)) = run.execution.outcome() else { panic!("{:?}", run.execution) };
    let time = output.value().get("RedriveTime").and_then(|time| time.as_str().map(str::to_owned));
    assert_eq!(time.as_deref(), Some("2026-09-21T14:14:21.000Z"));
    assert_eq!(output.value().get("RedriveCount").and_then(|count| count.as_i64()), Some(1));
}
