//! The service: answers the API's operations from the engine and the store.
//!
//! A request comes here read and checked against the model's constraints. What is left is what the model
//! does not say: what exists, what may be said twice, messages, pages. A file holds the operations of one
//! resource; every change is one transaction of the engine, every read goes to the store, and nothing is
//! remembered here.
//!
//! Checks come in this order, in each operation: ARNs, rules across members, existence, kind, content,
//! conflicts, limits. Source: recorded from the service for StartExecution; assumed for the others.

mod activity;
mod alias;
pub(crate) mod arn;
mod configuration;
pub(crate) mod execution;
mod express;
pub(crate) mod history;
mod map_run;
pub(crate) mod name;
mod page;
mod qualified;
mod state_machine;
mod tag;
mod test_state;
#[cfg(test)]
mod tests;
mod version;

use std::sync::Arc;
use std::time::Duration;

use gradus_api::errors::{InvalidToken, ValidationException};
use gradus_api::http::{Fault, RequestContext};
use gradus_api::server::StepFunctions;
use gradus_api::timestamp::Timestamp as Date;
use gradus_api::{errors, shapes};
use gradus_core::machine::Timestamp;
use tokio::sync::OnceCell;

pub use arn::partition_of;

use crate::engine::{Engine, Unavailable};
use crate::logs::Delivery;
use crate::store::catalog::Catalog;
use crate::store::{Error, Op, Store, Table};

/// The API on an engine. Clones are the same service.
#[derive(Debug)]
pub struct Service<S: Store>(Arc<Shared<S>>);

impl<S: Store> Clone for Service<S> {
    fn clone(&self) -> Service<S> {
        Service(self.0.clone())
    }
}

/// How a service is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long GetActivityTask waits for a task.
    pub poll_patience: Duration,
    /// Who knows which log groups there are; `None`: any may be.
    pub logs: Option<Arc<Delivery>>,
    /// Whether several accounts share the service: then the log groups of one are not there for another.
    pub accounts_apart: bool,
}

impl Default for Options {
    fn default() -> Options {
        // The service waits for 60 s, and one widely used client reads for 60 s: answer just before.
        Options { poll_patience: Duration::from_secs(55), logs: None, accounts_apart: false }
    }
}

struct Shared<S: Store> {
    engine: Engine<S>,
    options: Options,
    pages: OnceCell<page::Tokens>,
}

impl<S: Store> std::fmt::Debug for Shared<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("engine", &self.engine)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Implements the generated trait: one line an operation, in the order of the model.
macro_rules! operations {
    ($($operation:ident($input:ident) -> $output:ident | $error:ident = $does:path;)*) => {
        impl<S: Store> StepFunctions for Service<S> {
            $(async fn $operation(
                &self,
                context: &RequestContext,
                input: shapes::$input,
            ) -> Result<shapes::$output, errors::$error> {
                $does(self, context, input).await
            })*
        }
    };
}

operations! {
    create_activity(CreateActivityInput) -> CreateActivityOutput | CreateActivityError = activity::create;
    create_state_machine(CreateStateMachineInput) -> CreateStateMachineOutput | CreateStateMachineError = state_machine::create;
    create_state_machine_alias(CreateStateMachineAliasInput) -> CreateStateMachineAliasOutput | CreateStateMachineAliasError = alias::create;
    delete_activity(DeleteActivityInput) -> DeleteActivityOutput | DeleteActivityError = activity::delete;
    delete_state_machine(DeleteStateMachineInput) -> DeleteStateMachineOutput | DeleteStateMachineError = state_machine::delete;
    delete_state_machine_alias(DeleteStateMachineAliasInput) -> DeleteStateMachineAliasOutput | DeleteStateMachineAliasError = alias::delete;
    delete_state_machine_version(DeleteStateMachineVersionInput) -> DeleteStateMachineVersionOutput | DeleteStateMachineVersionError = version::delete;
    describe_activity(DescribeActivityInput) -> DescribeActivityOutput | DescribeActivityError = activity::describe;
    describe_execution(DescribeExecutionInput) -> DescribeExecutionOutput | DescribeExecutionError = execution::describe;
    describe_map_run(DescribeMapRunInput) -> DescribeMapRunOutput | DescribeMapRunError = map_run::describe;
    describe_state_machine(DescribeStateMachineInput) -> DescribeStateMachineOutput | DescribeStateMachineError = state_machine::describe;
    describe_state_machine_alias(DescribeStateMachineAliasInput) -> DescribeStateMachineAliasOutput | DescribeStateMachineAliasError = alias::describe;
    describe_state_machine_for_execution(DescribeStateMachineForExecutionInput) -> DescribeStateMachineForExecutionOutput | DescribeStateMachineForExecutionError = execution::describe_state_machine;
    get_activity_task(GetActivityTaskInput) -> GetActivityTaskOutput | GetActivityTaskError = activity::get_task;
    get_execution_history(GetExecutionHistoryInput) -> GetExecutionHistoryOutput | GetExecutionHistoryError = execution::history;
    list_activities(ListActivitiesInput) -> ListActivitiesOutput | ListActivitiesError = activity::list;
    list_executions(ListExecutionsInput) -> ListExecutionsOutput | ListExecutionsError = execution::list;
    list_map_runs(ListMapRunsInput) -> ListMapRunsOutput | ListMapRunsError = map_run::list;
    list_state_machine_aliases(ListStateMachineAliasesInput) -> ListStateMachineAliasesOutput | ListStateMachineAliasesError = alias::list;
    list_state_machine_versions(ListStateMachineVersionsInput) -> ListStateMachineVersionsOutput | ListStateMachineVersionsError = version::list;
    list_state_machines(ListStateMachinesInput) -> ListStateMachinesOutput | ListStateMachinesError = state_machine::list;
    list_tags_for_resource(ListTagsForResourceInput) -> ListTagsForResourceOutput | ListTagsForResourceError = tag::list;
    publish_state_machine_version(PublishStateMachineVersionInput) -> PublishStateMachineVersionOutput | PublishStateMachineVersionError = version::publish;
    redrive_execution(RedriveExecutionInput) -> RedriveExecutionOutput | RedriveExecutionError = execution::redrive;
    send_task_failure(SendTaskFailureInput) -> SendTaskFailureOutput | SendTaskFailureError = activity::fail_task;
    send_task_heartbeat(SendTaskHeartbeatInput) -> SendTaskHeartbeatOutput | SendTaskHeartbeatError = activity::heartbeat;
    send_task_success(SendTaskSuccessInput) -> SendTaskSuccessOutput | SendTaskSuccessError = activity::succeed_task;
    start_execution(StartExecutionInput) -> StartExecutionOutput | StartExecutionError = execution::start;
    start_sync_execution(StartSyncExecutionInput) -> StartSyncExecutionOutput | StartSyncExecutionError = express::start_sync;
    stop_execution(StopExecutionInput) -> StopExecutionOutput | StopExecutionError = execution::stop;
    tag_resource(TagResourceInput) -> TagResourceOutput | TagResourceError = tag::add;
    test_state(TestStateInput) -> TestStateOutput | TestStateError = test_state::test;
    untag_resource(UntagResourceInput) -> UntagResourceOutput | UntagResourceError = tag::remove;
    update_map_run(UpdateMapRunInput) -> UpdateMapRunOutput | UpdateMapRunError = map_run::update;
    update_state_machine(UpdateStateMachineInput) -> UpdateStateMachineOutput | UpdateStateMachineError = state_machine::update;
    update_state_machine_alias(UpdateStateMachineAliasInput) -> UpdateStateMachineAliasOutput | UpdateStateMachineAliasError = alias::update;
    validate_state_machine_definition(ValidateStateMachineDefinitionInput) -> ValidateStateMachineDefinitionOutput | ValidateStateMachineDefinitionError = state_machine::validate;
}

impl<S: Store> Service<S> {
    /// The API on `engine`.
    pub fn new(engine: Engine<S>, options: Options) -> Service<S> {
        Service(Arc::new(Shared { engine, options, pages: OnceCell::new() }))
    }

    /// The ARN of the state machine whose task a token stands for, if it is a token of the caller's account
    /// and region.
    #[must_use]
    pub fn task_machine(&self, context: &RequestContext, token: &str) -> Option<Arc<str>> {
        activity::task::<_, errors::SendTaskSuccessError>(self, context, token)
            .ok()
            .flatten()
            .map(|start| start.machine_arn)
    }

    fn engine(&self) -> &Engine<S> {
        &self.0.engine
    }

    fn catalog(&self) -> &Catalog<S> {
        self.0.engine.catalog()
    }

    /// Changes rows of the resource of this ARN. `change` sees all that was changed before it.
    async fn transact<T, E>(
        &self,
        arn: &str,
        change: impl FnOnce(&Catalog<S>, Timestamp) -> Result<(Vec<Op>, T), E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let engine = self.engine().clone();
        let decided = self.engine().transact(arn, move |now| change(engine.catalog(), now)).await;
        decided.map_err(fault)?
    }

    /// The position that a page's token leads to; `None` for the first page.
    async fn position<E>(&self, list: page::List<'_>, token: Option<&str>) -> Result<Option<Vec<u8>>, E>
    where
        E: From<InvalidToken> + From<Fault>,
    {
        let Some(token) = token else { return Ok(None) };
        let now = self.engine().now();
        Ok(Some(self.pages().await?.read(list, token, now)?))
    }

    /// The token of the next page, if there is one.
    async fn next_token(
        &self,
        list: page::List<'_>,
        position: Option<Vec<u8>>,
    ) -> Result<Option<String>, Fault> {
        let Some(position) = position else { return Ok(None) };
        let now = self.engine().now();
        Ok(Some(self.pages().await?.issue(list, &position, now)))
    }

    /// Tokens of pages outlive the process, so their key is part of the store; made when first needed.
    async fn pages(&self) -> Result<&page::Tokens, Fault> {
        const NAME: &str = "page key";
        self.0
            .pages
            .get_or_try_init(|| async {
                let engine = self.engine().clone();
                let made =
                    self.engine().transact(NAME, move |_| page_key(engine.store(), NAME.as_bytes())).await;
                let key = made.map_err(fault)?.map_err(fault)?;
                Ok(page::Tokens::new(&key))
            })
            .await
    }
}

fn page_key(store: &impl Store, name: &[u8]) -> Result<(Vec<Op>, page::Key), Error> {
    if let Some(key) = store.get(Table::Meta, name)? {
        let key = key.try_into().map_err(|_| Error::Damaged("the key of the page tokens".to_owned()))?;
        return Ok((Vec::new(), key));
    }
    let mut key: page::Key = [0; 64];
    getrandom::fill(&mut key).map_err(|error| Error::Io(error.to_string()))?;
    let op = Op::Put { table: Table::Meta, key: name.to_vec(), value: key.to_vec() };
    Ok((vec![op], key))
}

/// What is said when the engine or the store cannot do its work.
///
/// The reason is for the server's log; a caller can only try again, and is told when that may help.
fn fault(error: impl Into<Unavailable>) -> Fault {
    let error = error.into();
    match error {
        Unavailable::NotOwner => {
            let message = "gradus is stopping, or another process has taken over".to_owned();
            Fault { status: 503, ..Fault::new("com.amazon.coral.service#ServiceUnavailable", Some(message)) }
        }
        Unavailable::Panicked => {
            tracing::error!(%error, "a request could not be answered");
            Fault::internal(None)
        }
        Unavailable::Store(_) | Unavailable::NoExecution => {
            tracing::error!(%error, "a request could not be answered");
            Fault::internal(Some("the store of gradus has failed; its log tells why".to_owned()))
        }
    }
}

/// A rule across members is broken.
fn invalid(message: impl Into<String>) -> ValidationException {
    ValidationException::new(message)
}

/// A time as the API shows it.
fn date(time: Timestamp) -> Date {
    Date::from_millis(time.as_millis())
}
