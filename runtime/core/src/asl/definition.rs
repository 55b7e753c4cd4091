//! What a valid state machine is, compiled: names resolved to ids, paths and templates parsed.
//!
//! All states of a definition, those of nested branches and processors included, live in one
//! table; a [`StateId`] is an index into it, and state names are unique over the whole machine.

use std::collections::HashMap;
use std::sync::Arc;

use crate::expr::intrinsic::Call;
use crate::expr::path::{Path, ReferencePath};
use crate::expr::query::{self, Query};
use crate::expr::template::Template;
use crate::json::{Payload, Value};

/// A compiled state machine; immutable, shared by all executions of one revision.
#[derive(Debug)]
pub struct Definition {
    /// The first state to run.
    pub start_at: StateId,
    /// Limit of the whole execution, in seconds from its start. `None`: no limit of its own.
    pub timeout_seconds: Option<u64>,
    /// Every state in document order, those of a block before those nested in them.
    states: Vec<State>,
    names: HashMap<Arc<str>, StateId>,
}

/// Index of a state in its [`Definition`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateId(pub u32);

impl Definition {
    /// Puts a definition together. `states` is in document order and `start_at` indexes it.
    pub fn new(start_at: StateId, timeout_seconds: Option<u64>, states: Vec<State>) -> Definition {
        let names = (0u32..).zip(&states).map(|(id, state)| (state.name.clone(), StateId(id))).collect();
        Definition { start_at, timeout_seconds, states, names }
    }

    /// The state of this id; `None` for an id of another definition.
    pub fn state(&self, id: StateId) -> Option<&State> {
        self.states.get(id.0 as usize)
    }

    /// The state of this name, wherever it is nested.
    pub fn find(&self, name: &str) -> Option<StateId> {
        self.names.get(name).copied()
    }

    /// All states in document order.
    pub fn states(&self) -> &[State] {
        &self.states
    }
}

/// One state: what all kinds share, and the kind.
///
/// Its query language shows in `entry`, in `exit`, and in the fields of its kind that look at data.
#[derive(Debug)]
pub struct State {
    /// Unique in the machine; 1 to 80 characters.
    pub name: Arc<str>,
    /// What the state works on.
    pub entry: Entry,
    /// What it leaves with. A rule that holds and a catcher have their own instead.
    pub exit: Exit,
    /// Names of the variables that its fields read, sorted. States nested in it have their own.
    pub variables_read: Vec<Arc<str>>,
    /// What kind of state it is, with the fields of that kind.
    pub kind: Kind,
}

impl State {
    /// A state that ends its line of control, and of which only the name counts.
    pub(crate) fn end(name: &str) -> State {
        State {
            name: name.into(),
            entry: Entry::Jsonata { arguments: None },
            exit: Exit::Jsonata { assign: None, output: None },
            variables_read: Vec::new(),
            kind: Kind::Succeed,
        }
    }
}

/// How the data that a state works on comes from its raw input.
#[derive(Debug)]
pub enum Entry {
    /// In JSONPath.
    JsonPath {
        /// `InputPath`. `None`: the field is `null`, and the input is `{}`.
        input_path: Option<Path>,
        /// `Parameters` of a Task, a Pass or a Parallel.
        parameters: Option<Template>,
    },
    /// In JSONata.
    Jsonata {
        /// `Arguments` of a Task or a Parallel.
        arguments: Option<query::Template>,
    },
}

/// How what a state has come to becomes its output and its variables.
#[derive(Debug)]
pub enum Exit {
    /// In JSONPath.
    JsonPath {
        /// `ResultSelector`.
        result_selector: Option<Template>,
        /// `Assign`, on the result.
        assign: Option<Template>,
        /// `ResultPath`, on the raw input.
        result_path: ResultPath,
        /// `OutputPath`. `None`: the field is `null`, and the output is `{}`.
        output_path: Option<Path>,
    },
    /// In JSONata.
    Jsonata {
        /// `Assign`.
        assign: Option<query::Template>,
        /// `Output`.
        output: Option<query::Template>,
    },
}

/// A kind of state with its own fields.
#[derive(Debug)]
pub enum Kind {
    /// Passes its input on, or a fixed result.
    Pass(Pass),
    /// Has work done outside.
    Task(Box<Task>),
    /// Branches on data.
    Choice(Choice),
    /// Delays.
    Wait(Wait),
    /// Runs branches side by side.
    Parallel(Parallel),
    /// Runs the same states for every item of an array.
    Map(Box<Map>),
    /// Ends the execution with success.
    Succeed,
    /// Ends the execution with a failure.
    Fail(Fail),
}

/// Where a state goes when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// On to this state.
    Next(StateId),
    /// The branch, or the execution, ends with this state's output.
    End,
}

/// Fields of a Pass state.
#[derive(Debug)]
pub struct Pass {
    /// `Result`, never a template; `null` counts as not given (recorded from the service, 2026-09).
    pub result: Option<Payload>,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// Fields of a Task state.
#[derive(Debug)]
pub struct Task {
    /// Who does the work.
    pub resource: Resource,
    /// `TimeoutSeconds` or `TimeoutSecondsPath`.
    pub timeout: Option<Seconds>,
    /// `HeartbeatSeconds` or `HeartbeatSecondsPath`.
    pub heartbeat: Option<Seconds>,
    /// `Credentials`.
    pub role: Option<Role>,
    /// `Retry`, in order.
    pub retriers: Vec<Retrier>,
    /// `Catch`, in order.
    pub catchers: Vec<Catcher>,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// `Credentials`: the role that a call is made in.
#[derive(Debug)]
pub enum Role {
    /// In JSONPath: the whole field, of which `RoleArn` counts.
    JsonPath(Template),
    /// In JSONata: `RoleArn` as written.
    Fixed(Arc<str>),
    /// In JSONata: what this query gives, a string.
    Query(Box<Query>),
}

/// Who does a task's work. A new integration is a new variant here and a file in `tasks/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Workers that poll this activity.
    Activity {
        /// The ARN as written.
        arn: Arc<str>,
    },
    /// A Lambda function, called with the state's input.
    Lambda {
        /// The ARN as written, with a version or an alias if it has one.
        arn: Arc<str>,
    },
    /// An action of a service, called with the state's parameters.
    Service {
        /// The service, as `resourceType` shows it.
        service: Arc<str>,
        /// The action with the pattern, as `resource` shows it: `startExecution.sync:2`.
        action: Arc<str>,
        /// What the task waits for.
        pattern: Pattern,
    },
}

/// What a task waits for after the call of a service: the last part of its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Nothing: the answer is the result.
    RequestResponse,
    /// `.sync`: the end of the job, whose input and output are shown as text.
    Sync,
    /// `.sync:2`: the end of the job, whose input and output are shown as JSON.
    SyncJson,
    /// `.waitForTaskToken`: whoever has the token.
    Token,
}

impl Pattern {
    /// The pattern at the end of an action; one that is not known waits for nothing.
    pub fn of(action: &str) -> Pattern {
        match action.split_once('.') {
            Some((_, "sync")) => Pattern::Sync,
            Some((_, "sync:2")) => Pattern::SyncJson,
            Some((_, "waitForTaskToken")) => Pattern::Token,
            _ => Pattern::RequestResponse,
        }
    }
}

/// A number of seconds, fixed or found in the data.
#[derive(Debug)]
pub enum Seconds {
    /// As written.
    Fixed(u64),
    /// At this path of the state's input.
    Path(Path),
    /// What this query gives.
    Query(Box<Query>),
}

/// `ResultPath`: where the result goes in the raw input.
#[derive(Debug)]
pub enum ResultPath {
    /// `null`: the result is dropped.
    Discard,
    /// `$` (the default) replaces the input; anything longer is inserted into it.
    Insert(ReferencePath),
}

/// One entry of `Retry`.
#[derive(Clone, Debug, PartialEq)]
pub struct Retrier {
    /// `ErrorEquals`.
    pub errors: Vec<Arc<str>>,
    /// `IntervalSeconds`, 1 by default.
    pub interval_seconds: u64,
    /// `MaxAttempts`, 3 by default; 0 never retries.
    pub max_attempts: u32,
    /// `BackoffRate`, 2.0 by default, at least 1.
    pub backoff_rate: f64,
    /// `MaxDelaySeconds`.
    pub max_delay_seconds: Option<u64>,
    /// `JitterStrategy` is `FULL`.
    pub full_jitter: bool,
}

/// One entry of `Catch`.
#[derive(Debug)]
pub struct Catcher {
    /// `ErrorEquals`.
    pub errors: Vec<Arc<str>>,
    /// What the state leaves with, from the error output. No `OutputPath` applies (recorded).
    pub exit: Exit,
    /// `Next`.
    pub next: StateId,
}

/// Fields of a Choice state.
#[derive(Debug)]
pub struct Choice {
    /// `Choices`, in order; the first that holds is taken.
    pub rules: Vec<Rule>,
    /// `Default`.
    pub default: Option<StateId>,
}

/// One entry of `Choices`.
#[derive(Debug)]
pub struct Rule {
    /// What must hold.
    pub condition: Condition,
    /// What the state leaves with where the rule holds. Its `OutputPath` is the state's.
    pub exit: Exit,
    /// `Next`.
    pub next: StateId,
}

/// What must hold for a rule to be taken.
#[derive(Debug)]
pub enum Condition {
    /// In JSONPath: a test.
    Test(Test),
    /// In JSONata: `Condition`, as written.
    Literal(bool),
    /// In JSONata: `Condition`; what this query gives must be a boolean.
    Query(Box<Query>),
}

/// A test on data.
#[derive(Debug)]
pub enum Test {
    /// All hold.
    And(Vec<Test>),
    /// One holds.
    Or(Vec<Test>),
    /// Does not hold.
    Not(Box<Test>),
    /// A comparison of what `Variable` points to.
    Compare {
        /// `Variable`.
        variable: Path,
        /// The comparison operator and its operand.
        operator: Operator,
    },
}

/// A comparison operator with its operand.
#[derive(Debug)]
pub enum Operator {
    /// `IsPresent`.
    IsPresent(bool),
    /// `IsNull`, `IsString`, `IsNumeric`, `IsBoolean`, `IsTimestamp`.
    IsType(TypeTest, bool),
    /// `StringMatches`, compiled.
    StringMatches(Vec<Glob>),
    /// `BooleanEquals` and `BooleanEqualsPath`.
    BooleanEquals(Operand<bool>),
    /// `StringEquals` and so on, with their `Path` forms.
    String(Relation, Operand<Arc<str>>),
    /// `NumericEquals` and so on, with their `Path` forms.
    Numeric(Relation, Operand<Value>),
    /// `TimestampEquals` and so on, with their `Path` forms; the operand is the text as written.
    Timestamp(Relation, Operand<Arc<str>>),
}

/// What an `Is…` operator asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeTest {
    /// `IsNull`.
    Null,
    /// `IsString`.
    String,
    /// `IsNumeric`.
    Numeric,
    /// `IsBoolean`.
    Boolean,
    /// `IsTimestamp`.
    Timestamp,
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `…Equals`.
    Equals,
    /// `…LessThan`.
    LessThan,
    /// `…GreaterThan`.
    GreaterThan,
    /// `…LessThanEquals`.
    LessThanEquals,
    /// `…GreaterThanEquals`.
    GreaterThanEquals,
}

/// The right side of a comparison.
#[derive(Debug)]
pub enum Operand<T> {
    /// As written.
    Literal(T),
    /// At this path (`…Path` operators).
    Path(Path),
}

/// One piece of a `StringMatches` pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glob {
    /// These characters.
    Literal(Arc<str>),
    /// `*`: any run of characters, also none.
    Any,
}

/// Fields of a Wait state.
#[derive(Debug)]
pub struct Wait {
    /// Until when.
    pub until: Until,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// The forms of a Wait.
#[derive(Debug)]
pub enum Until {
    /// `Seconds`, 0 to 99999999.
    Seconds(u64),
    /// `SecondsPath`.
    SecondsPath(Path),
    /// `Timestamp`, in milliseconds of the epoch.
    Timestamp(i64),
    /// `TimestampPath`.
    TimestampPath(Path),
    /// `Seconds`, as this query gives it.
    SecondsQuery(Box<Query>),
    /// `Timestamp`, as this query gives it.
    TimestampQuery(Box<Query>),
}

/// Fields of a Parallel state.
#[derive(Debug)]
pub struct Parallel {
    /// Where each of `Branches` starts; never empty.
    pub branches: Vec<StateId>,
    /// `Retry`, in order.
    pub retriers: Vec<Retrier>,
    /// `Catch`, in order.
    pub catchers: Vec<Catcher>,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// Fields of a Map state whose iterations are part of the execution (mode `INLINE`).
#[derive(Debug)]
pub struct Map {
    /// Where `ItemProcessor`, or `Iterator` as it was called before, starts.
    pub start_at: StateId,
    /// Where the items come from.
    pub items: Items,
    /// `ItemSelector`, or `Parameters` as it was called before.
    pub item_selector: Option<Selector>,
    /// `MaxConcurrency` or `MaxConcurrencyPath`.
    pub max_concurrency: Concurrency,
    /// `ToleratedFailureCount` or `ToleratedFailureCountPath`.
    pub tolerated_count: Option<Tolerance<u64>>,
    /// `ToleratedFailurePercentage` or `ToleratedFailurePercentagePath`.
    pub tolerated_percentage: Option<Tolerance<f64>>,
    /// `MaxItems` or `MaxItemsPath` of the `ItemReader`.
    pub max_items: Option<Tolerance<u64>>,
    /// `ItemBatcher`.
    pub batcher: Option<Batcher>,
    /// `Retry`, in order.
    pub retriers: Vec<Retrier>,
    /// `Catch`, in order.
    pub catchers: Vec<Catcher>,
    /// `Next` or `End`.
    pub transition: Transition,
}

/// Where the items of a Map come from.
#[derive(Debug)]
pub enum Items {
    /// `ItemsPath`, `$` by default; leads to an array.
    Path(Path),
    /// `Items`, which gives an array.
    Template(query::Template),
    /// The state's input as a whole, where a JSONata state has no `Items`.
    Input,
}

/// What makes the input of an iteration.
#[derive(Debug)]
pub enum Selector {
    /// In JSONPath.
    JsonPath(Template),
    /// In JSONata.
    Jsonata(query::Template),
}

/// How many iterations may run at once, fixed or found in the data.
#[derive(Debug)]
pub enum Concurrency {
    /// As written; 0, the default, sets no limit.
    Fixed(u32),
    /// At this path of the state's input.
    Path(Path),
    /// What this query gives.
    Query(Box<Query>),
}

/// How items go together to an iteration.
#[derive(Debug)]
pub struct Batcher {
    /// `MaxItemsPerBatch` or `MaxItemsPerBatchPath`.
    pub items: Option<Tolerance<u64>>,
    /// `MaxInputBytesPerBatch` or `MaxInputBytesPerBatchPath`.
    pub bytes: Option<Tolerance<u64>>,
    /// `BatchInput`, which each batch gets besides.
    pub input: Option<Selector>,
}

/// A number as a Map has it, such as how many iterations, or how many in a hundred, may fail: fixed or found in the data.
#[derive(Debug)]
pub enum Tolerance<T> {
    /// As written.
    Fixed(T),
    /// At this path of the state's input.
    Path(Path),
    /// What this query gives.
    Query(Box<Query>),
}

/// Fields of a Fail state.
#[derive(Debug)]
pub struct Fail {
    /// `Error` or `ErrorPath`.
    pub error: Option<Words>,
    /// `Cause` or `CausePath`.
    pub cause: Option<Words>,
}

/// A text, fixed or found in the data.
#[derive(Debug)]
pub enum Words {
    /// As written.
    Fixed(Arc<str>),
    /// At this path.
    Path(Path),
    /// What this call gives.
    Call(Call),
    /// What this query gives.
    Query(Box<Query>),
}
