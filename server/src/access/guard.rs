//! The policy in front of the service: each operation, and what it is about.
//!
//! A request comes here read and checked against the model's constraints, so that what is asked about is what
//! is done. Versions and aliases are asked about by the ARN of their state machine, and an answer to a task by
//! that of the state machine whose task it is. Source: the developer guide, "Authorization for versions and
//! aliases", and the service authorization reference; the form of the texts: recorded from the service.

use std::sync::Arc;

use gradus_api::http::{Fault, RequestContext};
use gradus_api::server::StepFunctions;
use gradus_api::{errors, shapes};
use gradus_runtime::service::partition_of;

use super::Current;
use super::policy::{Asked, Decision, Policy};

/// Where task tokens come from.
pub(crate) trait Tasks: Send + Sync + 'static {
    /// The ARN of the state machine whose task a token stands for, if it is one of the caller's own.
    fn machine_of(&self, context: &RequestContext, task_token: &str) -> Option<Arc<str>>;
}

/// A service of which callers get what the policy allows; everything, without one.
#[derive(Debug)]
pub(crate) struct Guard<S> {
    service: S,
    policy: Option<Arc<Current<Policy>>>,
}

impl<S> Guard<S> {
    pub(crate) fn new(service: S, policy: Option<Arc<Current<Policy>>>) -> Guard<S> {
        Guard { service, policy }
    }
}

/// A caller in front of the policy.
struct Door<'a, S> {
    service: &'a S,
    policy: &'a Policy,
    context: &'a RequestContext,
}

/// Implements the generated trait: what each operation has to be allowed, in the order of the model.
macro_rules! guarded {
    ($($method:ident($input:ident) -> $output:ident | $error:ident if |$door:ident, $asked:ident| $allowed:expr;)*) => {
        impl<S: StepFunctions + Tasks> StepFunctions for Guard<S> {
            $(async fn $method(
                &self,
                context: &RequestContext,
                input: shapes::$input,
            ) -> Result<shapes::$output, errors::$error> {
                if let Some(policy) = &self.policy {
                    let policy = policy.get();
                    let $door = Door { service: &self.service, policy: &policy, context };
                    let $asked = &input;
                    $allowed?;
                }
                self.service.$method(context, input).await
            })*
        }
    };
}

guarded! {
    create_activity(CreateActivityInput) -> CreateActivityOutput | CreateActivityError
        if |door, input| door.create_activity(input);
    create_state_machine(CreateStateMachineInput) -> CreateStateMachineOutput | CreateStateMachineError
        if |door, input| door.create_machine(input);
    create_state_machine_alias(CreateStateMachineAliasInput) -> CreateStateMachineAliasOutput | CreateStateMachineAliasError
        if |door, input| door.route("CreateStateMachineAlias", &input.routing_configuration);
    delete_activity(DeleteActivityInput) -> DeleteActivityOutput | DeleteActivityError
        if |door, input| door.may("DeleteActivity", &input.activity_arn);
    delete_state_machine(DeleteStateMachineInput) -> DeleteStateMachineOutput | DeleteStateMachineError
        if |door, input| door.may("DeleteStateMachine", &input.state_machine_arn);
    delete_state_machine_alias(DeleteStateMachineAliasInput) -> DeleteStateMachineAliasOutput | DeleteStateMachineAliasError
        if |door, input| door.may("DeleteStateMachineAlias", &input.state_machine_alias_arn);
    delete_state_machine_version(DeleteStateMachineVersionInput) -> DeleteStateMachineVersionOutput | DeleteStateMachineVersionError
        if |door, input| door.may("DeleteStateMachineVersion", &input.state_machine_version_arn);
    describe_activity(DescribeActivityInput) -> DescribeActivityOutput | DescribeActivityError
        if |door, input| door.may("DescribeActivity", &input.activity_arn);
    describe_execution(DescribeExecutionInput) -> DescribeExecutionOutput | DescribeExecutionError
        if |door, input| door.may("DescribeExecution", &input.execution_arn);
    describe_map_run(DescribeMapRunInput) -> DescribeMapRunOutput | DescribeMapRunError
        if |door, input| door.may("DescribeMapRun", &input.map_run_arn);
    describe_state_machine(DescribeStateMachineInput) -> DescribeStateMachineOutput | DescribeStateMachineError
        if |door, input| door.may("DescribeStateMachine", &input.state_machine_arn);
    describe_state_machine_alias(DescribeStateMachineAliasInput) -> DescribeStateMachineAliasOutput | DescribeStateMachineAliasError
        if |door, input| door.may("DescribeStateMachineAlias", &input.state_machine_alias_arn);
    describe_state_machine_for_execution(DescribeStateMachineForExecutionInput) -> DescribeStateMachineForExecutionOutput | DescribeStateMachineForExecutionError
        if |door, input| door.may("DescribeStateMachineForExecution", &input.execution_arn);
    get_activity_task(GetActivityTaskInput) -> GetActivityTaskOutput | GetActivityTaskError
        if |door, input| door.may("GetActivityTask", &input.activity_arn);
    get_execution_history(GetExecutionHistoryInput) -> GetExecutionHistoryOutput | GetExecutionHistoryError
        if |door, input| door.may("GetExecutionHistory", &input.execution_arn);
    list_activities(ListActivitiesInput) -> ListActivitiesOutput | ListActivitiesError
        if |door, _input| door.may("ListActivities", &door.own("activity", "*"));
    list_executions(ListExecutionsInput) -> ListExecutionsOutput | ListExecutionsError
        if |door, input| door.list_executions(input);
    list_map_runs(ListMapRunsInput) -> ListMapRunsOutput | ListMapRunsError
        if |door, input| door.may("ListMapRuns", &input.execution_arn);
    list_state_machine_aliases(ListStateMachineAliasesInput) -> ListStateMachineAliasesOutput | ListStateMachineAliasesError
        if |door, input| door.may("ListStateMachineAliases", &input.state_machine_arn);
    list_state_machine_versions(ListStateMachineVersionsInput) -> ListStateMachineVersionsOutput | ListStateMachineVersionsError
        if |door, input| door.may("ListStateMachineVersions", &input.state_machine_arn);
    list_state_machines(ListStateMachinesInput) -> ListStateMachinesOutput | ListStateMachinesError
        if |door, _input| door.may("ListStateMachines", &door.own("stateMachine", "*"));
    list_tags_for_resource(ListTagsForResourceInput) -> ListTagsForResourceOutput | ListTagsForResourceError
        if |door, input| door.may("ListTagsForResource", &input.resource_arn);
    publish_state_machine_version(PublishStateMachineVersionInput) -> PublishStateMachineVersionOutput | PublishStateMachineVersionError
        if |door, input| door.may("PublishStateMachineVersion", &input.state_machine_arn);
    redrive_execution(RedriveExecutionInput) -> RedriveExecutionOutput | RedriveExecutionError
        if |door, input| door.may("RedriveExecution", &input.execution_arn);
    send_task_failure(SendTaskFailureInput) -> SendTaskFailureOutput | SendTaskFailureError
        if |door, input| door.answer("SendTaskFailure", &input.task_token);
    send_task_heartbeat(SendTaskHeartbeatInput) -> SendTaskHeartbeatOutput | SendTaskHeartbeatError
        if |door, input| door.answer("SendTaskHeartbeat", &input.task_token);
    send_task_success(SendTaskSuccessInput) -> SendTaskSuccessOutput | SendTaskSuccessError
        if |door, input| door.answer("SendTaskSuccess", &input.task_token);
    start_execution(StartExecutionInput) -> StartExecutionOutput | StartExecutionError
        if |door, input| door.may("StartExecution", &input.state_machine_arn);
    start_sync_execution(StartSyncExecutionInput) -> StartSyncExecutionOutput | StartSyncExecutionError
        if |door, input| door.may("StartSyncExecution", &input.state_machine_arn);
    stop_execution(StopExecutionInput) -> StopExecutionOutput | StopExecutionError
        if |door, input| door.may("StopExecution", &input.execution_arn);
    tag_resource(TagResourceInput) -> TagResourceOutput | TagResourceError
        if |door, input| door.may("TagResource", &input.resource_arn);
    test_state(TestStateInput) -> TestStateOutput | TestStateError
        if |door, input| door.test_state(input);
    untag_resource(UntagResourceInput) -> UntagResourceOutput | UntagResourceError
        if |door, input| door.may("UntagResource", &input.resource_arn);
    update_map_run(UpdateMapRunInput) -> UpdateMapRunOutput | UpdateMapRunError
        if |door, input| door.may("UpdateMapRun", &input.map_run_arn);
    update_state_machine(UpdateStateMachineInput) -> UpdateStateMachineOutput | UpdateStateMachineError
        if |door, input| door.publish("UpdateStateMachine", &input.state_machine_arn, input.publish);
    update_state_machine_alias(UpdateStateMachineAliasInput) -> UpdateStateMachineAliasOutput | UpdateStateMachineAliasError
        if |door, input| door.may("UpdateStateMachineAlias", &input.state_machine_alias_arn);
    validate_state_machine_definition(ValidateStateMachineDefinitionInput) -> ValidateStateMachineDefinitionOutput | ValidateStateMachineDefinitionError
        if |door, _input| door.may("ValidateStateMachineDefinition", &door.own("stateMachine", "*"));
}

impl<S: Tasks> Door<'_, S> {
    /// Whether the caller may do this to what has this ARN.
    fn may(&self, action: &str, arn: &str) -> Result<(), Fault> {
        let resource = unqualified(arn);
        let RequestContext { account, caller, .. } = self.context;
        let principal = caller.as_ref().map_or("anonymous", |caller| &*caller.arn);
        let decision = self.policy.decide(Asked { account, principal, action, resource });
        let why = match decision {
            Decision::Allowed => return Ok(()),
            Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
            Decision::NotAllowed => {
                format!("because no identity-based policy allows the states:{action} action")
            }
        };
        let message = format!(
            "User: {principal} is not authorized to perform: states:{action} on resource: {resource} {why}"
        );
        Err(Fault::new("com.amazon.coral.service#AccessDeniedException", Some(message)))
    }

    fn create_activity(&self, input: &shapes::CreateActivityInput) -> Result<(), Fault> {
        let arn = self.own("activity", &input.name);
        self.may("CreateActivity", &arn)?;
        self.tag(&arn, input.tags.as_deref())
    }

    fn create_machine(&self, input: &shapes::CreateStateMachineInput) -> Result<(), Fault> {
        let arn = self.own("stateMachine", &input.name);
        self.publish("CreateStateMachine", &arn, input.publish)?;
        self.tag(&arn, input.tags.as_deref())
    }

    fn tag(&self, arn: &str, tags: Option<&[shapes::Tag]>) -> Result<(), Fault> {
        if tags.is_some_and(|tags| !tags.is_empty()) { self.may("TagResource", arn) } else { Ok(()) }
    }

    fn publish(&self, action: &str, arn: &str, publish: Option<bool>) -> Result<(), Fault> {
        self.may(action, arn)?;
        if publish == Some(true) { self.may("PublishStateMachineVersion", arn) } else { Ok(()) }
    }

    fn route(&self, action: &str, routes: &[shapes::RoutingConfigurationListItem]) -> Result<(), Fault> {
        routes.iter().try_for_each(|route| self.may(action, &route.state_machine_version_arn))
    }

    fn list_executions(&self, input: &shapes::ListExecutionsInput) -> Result<(), Fault> {
        let given: Vec<&String> = input.state_machine_arn.iter().chain(&input.map_run_arn).collect();
        if given.is_empty() {
            return self.may("ListExecutions", &self.own("stateMachine", "*"));
        }
        given.into_iter().try_for_each(|arn| self.may("ListExecutions", arn))
    }

    fn test_state(&self, input: &shapes::TestStateInput) -> Result<(), Fault> {
        let all = self.own("stateMachine", "*");
        self.may("TestState", &all)?;
        if input.reveal_secrets == Some(true) { self.may("RevealSecrets", &all) } else { Ok(()) }
    }

    /// A token that is none is refused by the service, in its own words.
    fn answer(&self, action: &str, task_token: &str) -> Result<(), Fault> {
        match self.service.machine_of(self.context, task_token) {
            Some(machine) => self.may(action, &machine),
            None => self.may(action, &self.own("stateMachine", "*")),
        }
    }

    /// The ARN of a resource of the caller's.
    fn own(&self, kind: &str, name: &str) -> String {
        let RequestContext { region, account, .. } = self.context;
        format!("arn:{}:states:{region}:{account}:{kind}:{name}", partition_of(region))
    }
}

/// The ARN without a version or an alias at its end.
fn unqualified(arn: &str) -> &str {
    let mut colons = arn.match_indices(':').map(|(at, _)| at);
    let (kind, end) = (colons.nth(4), colons.nth(1));
    match kind.zip(end) {
        Some((kind, end)) if arn.get(kind..).is_some_and(|rest| rest.starts_with(":stateMachine:")) => {
            arn.get(..end).unwrap_or(arn)
        }
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_aliases_are_their_state_machine() {
        let machine = "arn:aws:states:us-east-1:123456789012:stateMachine:m";
        for (arn, expected) in [
            (machine.to_owned(), machine),
            (format!("{machine}:1"), machine),
            (format!("{machine}:LIVE:x"), machine),
            ("arn:aws:states:r:a:execution:m:e".to_owned(), "arn:aws:states:r:a:execution:m:e"),
            ("arn:aws:states:r:a:express:m:e:r".to_owned(), "arn:aws:states:r:a:express:m:e:r"),
            ("no ARN".to_owned(), "no ARN"),
            (String::new(), ""),
        ] {
            assert_eq!(unqualified(&arn), expected);
        }
    }
}
