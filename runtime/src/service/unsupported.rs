//! What gradus does not answer yet: the only list. Whoever builds one of these takes it out here.

use gradus_api::http::Fault;

/// Something that the API has and gradus does not answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsupported {
    CreateStateMachineAlias,
    DeleteStateMachineAlias,
    DeleteStateMachineVersion,
    DescribeMapRun,
    DescribeStateMachineAlias,
    ListMapRuns,
    ListStateMachineAliases,
    ListStateMachineVersions,
    PublishStateMachineVersion,
    RedriveExecution,
    TestState,
    UpdateMapRun,
    UpdateStateMachineAlias,
    /// `publish` of CreateStateMachine and UpdateStateMachine.
    Publish,
}

impl Unsupported {
    fn words(self) -> &'static str {
        match self {
            Unsupported::CreateStateMachineAlias => "answer CreateStateMachineAlias",
            Unsupported::DeleteStateMachineAlias => "answer DeleteStateMachineAlias",
            Unsupported::DeleteStateMachineVersion => "answer DeleteStateMachineVersion",
            Unsupported::DescribeMapRun => "answer DescribeMapRun",
            Unsupported::DescribeStateMachineAlias => "answer DescribeStateMachineAlias",
            Unsupported::ListMapRuns => "answer ListMapRuns",
            Unsupported::ListStateMachineAliases => "answer ListStateMachineAliases",
            Unsupported::ListStateMachineVersions => "answer ListStateMachineVersions",
            Unsupported::PublishStateMachineVersion => "answer PublishStateMachineVersion",
            Unsupported::RedriveExecution => "answer RedriveExecution",
            Unsupported::TestState => "answer TestState",
            Unsupported::UpdateMapRun => "answer UpdateMapRun",
            Unsupported::UpdateStateMachineAlias => "answer UpdateStateMachineAlias",
            Unsupported::Publish => "publish versions of state machines",
        }
    }
}

/// A type of its own, so that no client takes it for an answer of the service.
impl From<Unsupported> for Fault {
    fn from(unsupported: Unsupported) -> Fault {
        let message = format!("gradus does not {} yet", unsupported.words());
        Fault::new("com.amazon.coral.service#UnsupportedOperationException", Some(message))
    }
}
