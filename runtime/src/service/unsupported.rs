//! What gradus does not answer yet: the only list. Whoever builds one of these takes it out here.

use gradus_api::http::Fault;

/// Something that the API has and gradus does not answer yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsupported {
    DescribeMapRun,
    ListMapRuns,
    RedriveExecution,
    UpdateMapRun,
}

impl Unsupported {
    fn words(self) -> &'static str {
        match self {
            Unsupported::DescribeMapRun => "answer DescribeMapRun",
            Unsupported::ListMapRuns => "answer ListMapRuns",
            Unsupported::RedriveExecution => "answer RedriveExecution",
            Unsupported::UpdateMapRun => "answer UpdateMapRun",
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
