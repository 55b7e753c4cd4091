//! What the operations of other services answer: a table made from their models.
//!
//! Each service is a compressed text of its own in `model/services/outputs.bin`, inflated when a mock of it
//! is checked and forgotten again. `model/services/README.md` says where it comes from and how it is written.
//! This module must not know mocks.

use gradus_core::asl::definition::{Pattern, Resource};
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

const TABLE: &[u8] = include_bytes!("../../../../model/services/outputs.bin");

/// The most bytes in the text of one service; the largest has 150 KB.
const MAX_TEXT_BYTES: usize = 4 << 20;

/// An operation of a service, as the table names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Operation<'a> {
    service: &'a str,
    action: &'a str,
    /// How its members are called in a result.
    pub(super) names: Names,
    /// Members that a task shows in another form than the operation.
    pub(super) any: &'static [&'static str],
}

/// How the members of a result are called. Source: recorded results of both kinds of integrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// By an optimised integration: with a capital.
    Capital,
    /// By a call of the SDK: as its Java classes call them, so `MD5OfBody` is `Md5OfBody`.
    Sdk,
}

impl<'a> Operation<'a> {
    /// The operation that a task's result is an answer of; `None` where it is of none: then it has no model.
    pub(super) fn of(resource: &'a Resource) -> Option<Operation<'a>> {
        let Resource::Service { service, action, pattern } = resource else { return None };
        let call = action.split_once('.').map_or(&**action, |(call, _)| call);
        if let Some(service) = service.strip_prefix("aws-sdk:") {
            let is_answer = *pattern == Pattern::RequestResponse;
            return is_answer.then_some(Operation { service, action: call, names: Names::Sdk, any: &[] });
        }
        let named = |(service, action)| Operation { service, action, names: Names::Capital, any: &[] };
        let operation = match pattern {
            // What is given with the token is the result.
            Pattern::Token => return None,
            Pattern::RequestResponse => named((segment(service, call)?, call)),
            // The result is what the job was described as when it had ended.
            Pattern::Sync | Pattern::SyncJson => named(description(service, call)?),
        };
        let any: &[&str] = match (operation.action, pattern) {
            // What is JSON is shown as JSON.
            ("invoke", _) => &["Payload"],
            ("invokeModel", _) => &["Body"],
            ("describeExecution", Pattern::SyncJson) => &["Input", "Output"],
            _ => &[],
        };
        Some(Operation { any, ..operation })
    }

    /// Its output; `None` for a service or an action that the table does not have.
    pub(super) fn output(self) -> Option<Output> {
        Output::read(inflate(self.service)?, self.action)
    }
}

/// The service of an optimised integration whose answers are those of the service.
///
/// Those of API Gateway, HTTP and calls of Kubernetes have no model; those of EMR are cut differently.
fn segment<'a>(service: &'a str, action: &str) -> Option<&'a str> {
    Some(match (service, action) {
        ("apigateway" | "http" | "elasticmapreduce" | "emr-serverless", _) => return None,
        ("eks", "call" | "runJob") => return None,
        ("events", _) => "eventbridge",
        ("states", _) => "sfn",
        ("emr-containers", _) => "emrcontainers",
        ("bedrock", "invokeModel") => "bedrockruntime",
        (service, _) => service,
    })
}

/// The operation that describes a job: service and action.
fn description(service: &str, action: &str) -> Option<(&'static str, &'static str)> {
    Some(match (service, action) {
        ("athena", _) => ("athena", "getQueryExecution"),
        ("batch", _) => ("batch", "describeJobs"),
        ("bedrock", _) => ("bedrock", "getModelCustomizationJob"),
        ("codebuild", "startBuild" | "retryBuild") => ("codebuild", "batchGetBuilds"),
        ("codebuild", _) => ("codebuild", "batchGetBuildBatches"),
        ("ecs", _) => ("ecs", "describeTasks"),
        ("emr-containers", "startJobRun") => ("emrcontainers", "describeJobRun"),
        ("glue", _) => ("glue", "getJobRun"),
        ("mediaconvert", _) => ("mediaconvert", "getJob"),
        ("sagemaker", "createHyperParameterTuningJob") => ("sagemaker", "describeHyperParameterTuningJob"),
        ("sagemaker", "createLabelingJob") => ("sagemaker", "describeLabelingJob"),
        ("sagemaker", "createProcessingJob") => ("sagemaker", "describeProcessingJob"),
        ("sagemaker", "createTrainingJob") => ("sagemaker", "describeTrainingJob"),
        ("sagemaker", "createTransformJob") => ("sagemaker", "describeTransformJob"),
        ("states", _) => ("sfn", "describeExecution"),
        _ => return None,
    })
}

/// The text of a service.
fn inflate(service: &str) -> Option<String> {
    let end = TABLE.windows(2).position(|bytes| bytes == b"\n\n")?;
    let (head, parts) = TABLE.split_at_checked(end)?;
    let (mut from, head) = (2usize, std::str::from_utf8(head).ok()?);
    for line in head.lines().skip(1) {
        let (name, length) = line.split_once(' ')?;
        let length: usize = length.parse().ok()?;
        if name == service {
            let part = parts.get(from..from.checked_add(length)?)?;
            return String::from_utf8(decompress_to_vec_zlib_with_limit(part, MAX_TEXT_BYTES).ok()?).ok();
        }
        from = from.checked_add(length)?;
    }
    None
}

/// What an operation answers, with the shapes that it is made of.
#[derive(Debug)]
pub(super) struct Output {
    shapes: Vec<Shape>,
    /// Index of the whole answer; `None` for an empty one.
    pub(super) root: Option<usize>,
}

/// A shape of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// An object with these members.
    Structure(Vec<Member>),
    /// An array of values of a shape, at least so many.
    List { of: usize, min: u64 },
    /// An object with any keys, and values of a shape.
    Map { of: usize },
    /// A string of at least so many characters.
    Text { min: u64 },
    /// One of these strings.
    Enum(Vec<String>),
    /// A number within bounds.
    Number { min: Option<f64>, max: Option<f64> },
    /// `true` or `false`.
    Boolean,
    /// Anything.
    Any,
}

/// A member of a structure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Member {
    /// As the model calls it.
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) shape: usize,
}

impl Output {
    fn read(text: String, action: &str) -> Option<Output> {
        let (actions, shapes) = text.split_once("\n\n")?;
        let line = actions.lines().find(|line| line.split(' ').next() == Some(action))?;
        let root = line.split_once(' ').and_then(|(_, shape)| shape.parse().ok());
        Some(Output { shapes: shapes.lines().map(Shape::read).collect::<Option<_>>()?, root })
    }

    /// The shape of this index; one that is not there lets everything through.
    pub(super) fn shape(&self, index: usize) -> &Shape {
        self.shapes.get(index).unwrap_or(&Shape::Any)
    }
}

impl Shape {
    fn read(line: &str) -> Option<Shape> {
        let mut words = line.split(' ');
        let head = words.next()?;
        let (kind, of) = head.split_at_checked(1)?;
        Some(match kind {
            "o" => Shape::Structure(words.map(Member::read).collect::<Option<_>>()?),
            "l" => Shape::List { of: of.parse().ok()?, min: least(words.next())? },
            "m" => Shape::Map { of: of.parse().ok()? },
            "s" => Shape::Text { min: least(words.next())? },
            "e" => Shape::Enum(words.map(|word| word.replace("%20", " ").replace("%25", "%")).collect()),
            "n" => Shape::Number { min: bound(words.next())?, max: bound(words.next())? },
            "b" => Shape::Boolean,
            "a" => Shape::Any,
            _ => return None,
        })
    }
}

impl Member {
    fn read(word: &str) -> Option<Member> {
        let end = word.find(['!', ':'])?;
        let (name, rest) = word.split_at_checked(end)?;
        let (mark, shape) = rest.split_at_checked(1)?;
        Some(Member { name: name.to_owned(), required: mark == "!", shape: shape.parse().ok()? })
    }
}

fn least(word: Option<&str>) -> Option<u64> {
    word.map_or(Some(0), |word| word.parse().ok())
}

fn bound(word: Option<&str>) -> Option<Option<f64>> {
    match word {
        None | Some("") => Some(None),
        Some(word) => word.parse().ok().map(Some),
    }
}

impl Names {
    /// What a member of the model is called in a result.
    pub(super) fn name(self, member: &str) -> String {
        let (mut name, characters) = (String::with_capacity(member.len()), member.chars());
        // The leading capitals but one that begins a word.
        let capitals = characters.clone().take_while(char::is_ascii_uppercase).count();
        let begins_word = characters.clone().nth(capitals).is_some_and(|next| next.is_ascii_lowercase());
        let small = capitals - usize::from(begins_word && capitals > 0);
        for (place, character) in characters.enumerate() {
            name.push(match self {
                _ if place == 0 => character.to_ascii_uppercase(),
                Names::Sdk if place < small => character.to_ascii_lowercase(),
                Names::Sdk | Names::Capital => character,
            });
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_of_the_table_can_be_read() {
        let end = TABLE.windows(2).position(|bytes| bytes == b"\n\n").unwrap();
        let names: Vec<&str> = std::str::from_utf8(&TABLE[..end])
            .unwrap()
            .lines()
            .skip(1)
            .map(|line| line.split_once(' ').unwrap().0)
            .collect();
        assert!(names.len() > 400, "{}", names.len());
        for name in names {
            let text = inflate(name).unwrap_or_else(|| panic!("{name}"));
            let (actions, shapes) = text.split_once("\n\n").unwrap();
            let shapes: Vec<Shape> = shapes
                .lines()
                .map(|line| Shape::read(line).unwrap_or_else(|| panic!("{name}: {line}")))
                .collect();
            for action in actions.lines() {
                let root = action.split_once(' ').map(|(_, root)| root.parse::<usize>().unwrap());
                assert!(root.is_none_or(|root| root < shapes.len()), "{name} {action}");
            }
            for shape in &shapes {
                let parts = match shape {
                    Shape::Structure(members) => members.iter().map(|member| member.shape).collect(),
                    Shape::List { of, .. } | Shape::Map { of } => vec![*of],
                    _ => Vec::new(),
                };
                assert!(parts.iter().all(|part| *part < shapes.len()), "{name} {shape:?}");
            }
        }
        assert!(inflate("nobody").is_none());
    }

    #[test]
    fn operations_of_tasks() {
        let cases = [
            ("lambda", "invoke", Some(("lambda", "invoke"))),
            ("lambda", "invoke.waitForTaskToken", None),
            ("states", "startExecution", Some(("sfn", "startExecution"))),
            ("states", "startExecution.sync", Some(("sfn", "describeExecution"))),
            ("states", "startExecution.sync:2", Some(("sfn", "describeExecution"))),
            ("events", "putEvents", Some(("eventbridge", "putEvents"))),
            ("aws-sdk:s3", "getObject", Some(("s3", "getObject"))),
            ("aws-sdk:sqs", "sendMessage.waitForTaskToken", None),
            ("apigateway", "invoke", None),
            ("http", "invoke", None),
            ("eks", "call", None),
            ("eks", "createCluster", Some(("eks", "createCluster"))),
            ("glue", "startJobRun.sync", Some(("glue", "getJobRun"))),
            ("ecs", "runTask.sync", Some(("ecs", "describeTasks"))),
            ("sagemaker", "createTrainingJob.sync", Some(("sagemaker", "describeTrainingJob"))),
        ];
        for (service, action, expected) in cases {
            let pattern = Pattern::of(action);
            let resource = Resource::Service { service: service.into(), action: action.into(), pattern };
            let found = Operation::of(&resource);
            assert_eq!(found.map(|found| (found.service, found.action)), expected, "{service}:{action}");
            assert!(found.is_none_or(|found| found.output().is_some()), "{service}:{action}");
        }
        assert_eq!(Operation::of(&Resource::Lambda { arn: "arn".into() }), None);
    }

    #[test]
    fn names_of_members() {
        let cases = [
            ("taskArn", "TaskArn", "TaskArn"),
            ("MD5OfMessageBody", "MD5OfMessageBody", "Md5OfMessageBody"),
            ("ETag", "ETag", "ETag"),
            ("ChecksumCRC32", "ChecksumCRC32", "ChecksumCRC32"),
            ("DBInstanceIdentifier", "DBInstanceIdentifier", "DbInstanceIdentifier"),
            ("SSEKMSKeyId", "SSEKMSKeyId", "SsekmsKeyId"),
            ("DNSName", "DNSName", "DnsName"),
            ("ACL", "ACL", "Acl"),
            ("url", "Url", "Url"),
            ("", "", ""),
        ];
        for (member, capital, sdk) in cases {
            assert_eq!(Names::Capital.name(member), capital);
            assert_eq!(Names::Sdk.name(member), sdk);
        }
    }
}
