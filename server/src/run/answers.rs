//! What tasks answer in `gradus run`, where nobody is there to do them.

use std::collections::HashMap;
use std::collections::VecDeque;

use gradus_core::json::Payload;
use gradus_core::machine::Failure;

/// The outcome of one attempt at a task.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The result.
    Output(Payload),
    /// The failure.
    Failure(Failure),
}

/// The answers on the command line, by the name of a state or the ARN of a resource.
#[derive(Debug, Default)]
pub(super) struct Answers(HashMap<String, VecDeque<Answer>>);

impl Answers {
    /// From the values of `--task` and `--fail`. Failures come first: a task that fails some times
    /// and is done then is what people try. Fails with what is wrong, in words.
    pub(super) fn parse(tasks: &[String], failures: &[String]) -> Result<Answers, String> {
        let mut answers = Answers::default();
        for text in failures {
            let (name, failure) = split("--fail", text)?;
            answers.push(name, Answer::Failure(parse_failure(failure)));
        }
        for text in tasks {
            let (name, json) = split("--task", text)?;
            let output =
                Payload::parse(json).map_err(|error| format!("--task `{text}`: not JSON: {error}"))?;
            answers.push(name, Answer::Output(output));
        }
        Ok(answers)
    }

    /// What the next attempt of this state at this resource answers; the last answer for ever.
    /// The state's name goes before the resource's.
    pub(super) fn next(&mut self, state: &str, resource: &str) -> Option<Answer> {
        let name = if self.0.contains_key(state) { state } else { resource };
        let answers = self.0.get_mut(name)?;
        if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
    }

    fn push(&mut self, name: &str, answer: Answer) {
        self.0.entry(name.to_owned()).or_default().push_back(answer);
    }
}

fn split<'a>(flag: &str, text: &'a str) -> Result<(&'a str, &'a str), String> {
    match text.split_once('=') {
        Some((name, answer)) if !name.is_empty() && !answer.is_empty() => Ok((name, answer)),
        _ => Err(format!(
            "{flag} `{text}`: expected the name of a state or the ARN of a resource, `=`, and the answer"
        )),
    }
}

fn parse_failure(text: &str) -> Failure {
    match text.split_once(':') {
        Some((error, cause)) => Failure::new(error, cause),
        None => Failure { error: Some(text.into()), ..Failure::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(json: &str) -> Answer {
        Answer::Output(Payload::parse(json).unwrap())
    }

    fn failure(error: &str, cause: Option<&str>) -> Answer {
        Answer::Failure(Failure {
            error: Some(error.into()),
            cause: cause.map(Into::into),
            ..Failure::default()
        })
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn check(tasks: &[&str], failures: &[&str], expected: &[Option<Answer>]) {
        let mut answers = Answers::parse(&owned(tasks), &owned(failures)).unwrap();
        let given: Vec<_> = expected.iter().map(|_| answers.next("Pay", "arn:pay")).collect();
        assert_eq!(given, expected, "{tasks:?} {failures:?}");
    }

    #[test]
    fn failures_come_first_and_the_last_answer_stays() {
        check(&[], &[], &[None]);
        check(&["Other=1"], &[], &[None]);
        check(&["Pay=1"], &[], &[Some(output("1")), Some(output("1"))]);
        check(&["arn:pay=[1, 2]"], &[], &[Some(output("[1, 2]"))]);
        check(&["arn:pay=1", "Pay=2"], &[], &[Some(output("2"))]);
        check(&["Pay=1", "Pay=2"], &[], &[Some(output("1")), Some(output("2")), Some(output("2"))]);
        check(&["Pay={\"a\":\"b=c\"}"], &[], &[Some(output("{\"a\":\"b=c\"}"))]);
        check(&[], &["Pay=Busy"], &[Some(failure("Busy", None)), Some(failure("Busy", None))]);
        check(&["Pay=1"], &["Pay=Busy:a: b"], &[Some(failure("Busy", Some("a: b"))), Some(output("1"))]);
    }

    #[test]
    fn what_is_no_answer_is_said() {
        for (tasks, failures, expected) in [
            (&["Pay"][..], &[][..], "--task `Pay`: expected"),
            (&["Pay="], &[], "--task `Pay=`: expected"),
            (&["=1"], &[], "--task `=1`: expected"),
            (&["Pay=yes"], &[], "--task `Pay=yes`: not JSON: "),
            (&[], &["Pay"], "--fail `Pay`: expected"),
        ] {
            let message = Answers::parse(&owned(tasks), &owned(failures)).unwrap_err();
            assert!(message.starts_with(expected), "{message}");
        }
    }
}
