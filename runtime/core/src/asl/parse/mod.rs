//! A definition's text, read once into a [`Definition`] and everything that is wrong with it.
//!
//! [`parse()`] does not stop at the first fault. A kind of state is a function in a file here that
//! reads its `Fields` and gives a compiled `Kind`; one that finds a fault reports it and gives
//! `Refused`. A new field is a name in the table of its kind and a line in that function. What the
//! language has and gradus does not run is refused too, from the table in `unbuilt.rs`. Sources of
//! the rules and texts: the service, recorded (2019-2026), and the States Language. This module
//! must not know executions.
//!
//! Recursion is bounded: nested rules by `choice.rs`, nested blocks of states by `nested.rs`.

mod choice;
mod distributed;
mod fields;
mod jsonata;
mod location;
mod nested;
mod paths;
mod state;
mod suspects;
mod task;
mod unbuilt;
mod variables;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::check::Graph;
use super::definition::{Definition, State, StateId};
use super::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::json::{self, Object, Value};
use fields::{Fields, MAX_NUMBER};
use location::Location;
use variables::Scopes;

pub use state::state_fields;
pub use task::runs;

/// What became of a text.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The compiled machine; there exactly when no diagnostic is an error.
    pub definition: Option<Arc<Definition>>,
    /// What was found: faults of the fields in the order of the document, then those of the whole.
    /// The first thousand of each severity; nobody reads more, and a hostile text has many.
    pub diagnostics: Vec<Diagnostic>,
}

/// What the rules depend on besides the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The machine is Express: no activities, no `.sync`, no `.waitForTaskToken`.
    pub express: bool,
}

/// What a state that stands alone is called. Source: the service, recorded.
pub const LONE_STATE: &str = "StateName";

/// Reads a machine that no execution runs: its states are only tried, one at a time. What is not built is
/// no fault of it, since something may stand for the work of such a state.
pub fn parse_for_trial(text: &str) -> Parsed {
    match read(text) {
        Ok(value) => finish(Parser { trial: true, ..Parser::new(Options::default()) }, &value),
        Err(diagnostic) => refused(diagnostic),
    }
}

/// Reads the definition of one state, which is to be tried by itself. The states that it leads to are
/// taken to be there.
pub fn parse_state(text: &str) -> Parsed {
    match read(text) {
        Err(diagnostic) => refused(diagnostic),
        Ok(state) => {
            let mut states = Object::with_capacity(1);
            states.insert(LONE_STATE, state);
            let mut machine = Object::with_capacity(2);
            machine.insert("StartAt", Value::from(LONE_STATE));
            machine.insert("States", states);
            let parser = Parser { trial: true, lone: true, ..Parser::new(Options::default()) };
            finish(parser, &machine.into())
        }
    }
}

/// Reads a definition. Takes time and memory linear in the text.
pub fn parse(text: &str, options: Options) -> Parsed {
    match read(text) {
        Ok(value) => finish(Parser::new(options), &value),
        Err(diagnostic) => refused(diagnostic),
    }
}

/// The object that a text is, or what else it is.
fn read(text: &str) -> Result<Value, Diagnostic> {
    match json::parse(text) {
        _ if text.trim().is_empty() => Err(no_object()),
        Ok(value) if value.as_object().is_none() => Err(no_object()),
        Ok(value) => Ok(value),
        Err(error) => Err(no_json(&error)),
    }
}

fn finish(mut parser: Parser, value: &Value) -> Parsed {
    let definition = machine(&mut parser, value).ok().filter(|_| parser.errors == 0);
    Parsed { definition: definition.map(Arc::new), diagnostics: parser.diagnostics }
}

/// Reads the top level.
fn machine(parser: &mut Parser, value: &Value) -> Read<Definition> {
    const TABLE: fields::Table =
        &[&["Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"]];
    let mut fields = Fields::open(parser, value, Location::DOCUMENT, TABLE)?;
    let comment = fields.string(parser, "Comment");
    let version = fields.word(parser, "Version", &["1.0"]);
    parser.machine_language = machine_language(parser, &mut fields);
    let timeout_seconds = fields.integer(parser, "TimeoutSeconds", 0..=MAX_NUMBER);
    let start_at = block(parser, &mut fields, Scope::Machine);
    fields.close(parser)?;
    comment?;
    version?;
    // A state that was not read has left a fault behind, and a gap here.
    let states =
        std::mem::take(&mut parser.states).into_iter().collect::<Option<Vec<State>>>().ok_or(Refused)?;
    Ok(Definition::new(start_at?, timeout_seconds?, states))
}

/// Which language is spoken where a state does not say.
fn machine_language(parser: &mut Parser, fields: &mut Fields<'_>) -> Language {
    query_language(parser, fields).unwrap_or(Language::JsonPath)
}

/// The language that an object names, if it names any. A value that is none counts as JSONata,
/// besides the fault that it is. Source: the service, recorded.
fn query_language(parser: &mut Parser, fields: &mut Fields<'_>) -> Option<Language> {
    match fields.word(parser, "QueryLanguage", &["JSONPath", "JSONata"]) {
        Ok(None) => None,
        Ok(Some("JSONPath")) => Some(Language::JsonPath),
        Ok(Some(_)) | Err(Refused) => Some(Language::Jsonata),
    }
}

/// What a block of states belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The machine itself.
    Machine,
    /// A branch or a processor: only the machine must be able to end (the service, recorded).
    Nested,
}

/// Reads `StartAt` and `States`, which a machine, a branch and a processor have alike.
fn block(parser: &mut Parser, fields: &mut Fields<'_>, scope: Scope) -> Read<StateId> {
    // Each that is missing is reported here, and refused below.
    let _ = fields.require(parser, &["States", "StartAt"]);
    let start_at = fields.string(parser, "StartAt");
    let Some(states) = fields.filled_object(parser, "States")? else {
        return Err(Refused);
    };
    let mut block = Block::new(parser, states);
    // The states of a distributed Map run in executions of their own.
    let config = fields.peek("ProcessorConfig");
    let sealed = config.and_then(|config| config.get("Mode")?.as_str()) == Some("DISTRIBUTED");
    let first = start_at.ok().flatten().map(|name| &**name);
    parser.scopes.enter(first, states, sealed);
    let start = match start_at {
        Ok(Some(name)) => block.target(parser, &fields.at("StartAt"), name),
        Ok(None) | Err(Refused) => Err(Refused),
    };
    let place = fields.at("States");
    for (index, (name, value)) in states.iter().enumerate() {
        block.current = index;
        parser.scopes.at(index);
        // Where a state cannot be read, a gap is left.
        let state = state::state(parser, &mut block, name, value, place.field(name)).ok();
        if let Some(slot) = parser.states.get_mut(block.base + index) {
            *slot = state;
        }
    }
    parser.scopes.leave();
    check_graph(parser, &block, start.ok(), states, &place, scope);
    start
}

/// Reports that the block cannot end, or else the states that nothing leads to. Says nothing when
/// the transitions are not all known: it would report what follows from another fault.
fn check_graph(
    parser: &mut Parser,
    block: &Block<'_>,
    start: Option<StateId>,
    states: &Object,
    place: &Location<'_>,
    scope: Scope,
) {
    let Some(start) = start.filter(|_| !block.incomplete) else {
        return;
    };
    if parser.lone && scope == Scope::Machine {
        return;
    }
    if scope == Scope::Machine && !block.graph.has_end() {
        parser.report(Severity::Error, Code::MissingEndState, None, "Workflow has no terminal state");
        return;
    }
    let unreachable = block.graph.unreachable((start.0 as usize).saturating_sub(block.base));
    let mut names = states.keys().enumerate();
    for state in unreachable {
        // Both are in order, so one pass over the names finds them all.
        if let Some((_, name)) = names.find(|(index, _)| *index == state) {
            let message = format!("State \"{name}\" is not reachable.");
            parser.refuse_as(Code::MissingTransitionTarget, &place.field(name), message);
        }
    }
}

/// A query language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    JsonPath,
    Jsonata,
}

/// A part was not read: it has a fault, and that is reported.
///
/// Invariant: made only where a fault was reported, or passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refused;

/// What reading a part gives.
type Read<T> = Result<T, Refused>;

/// One block of states while it is read.
#[derive(Debug)]
struct Block<'a> {
    /// The place of each state in the block.
    indexes: HashMap<&'a str, usize>,
    /// The id of the block's first state; the others follow.
    base: usize,
    /// Which state is being read.
    current: usize,
    graph: Graph,
    /// Some transition could not be read.
    incomplete: bool,
}

impl<'a> Block<'a> {
    /// Gives every state of a block its id.
    fn new(parser: &mut Parser, states: &'a Object) -> Block<'a> {
        let base = parser.states.len();
        parser.states.extend(states.iter().map(|_| None));
        let indexes = states.keys().enumerate().map(|(index, name)| (&**name, index)).collect();
        Block { indexes, base, current: 0, graph: Graph::new(states.len()), incomplete: false }
    }

    /// The state that a transition of the current one names.
    fn next(&mut self, parser: &mut Parser, location: &Location<'_>, name: &str) -> Read<StateId> {
        let target = self.target(parser, location, name)?;
        self.graph.connect(self.current, (target.0 as usize).saturating_sub(self.base));
        Ok(target)
    }

    /// The state of this name; reports a name that the block does not have.
    fn target(&self, parser: &mut Parser, location: &Location<'_>, name: &str) -> Read<StateId> {
        if parser.lone && parser.depth == 0 && !self.indexes.contains_key(name) {
            return Ok(parser.stub(name));
        }
        let id = self.indexes.get(name).and_then(|index| u32::try_from(self.base + index).ok());
        id.map(StateId).ok_or_else(|| {
            // The word is Next for StartAt and Default too (the service, recorded).
            parser.refuse_as(
                Code::MissingTransitionTarget,
                location,
                format!("Missing 'Next' target: {name}"),
            )
        })
    }

    /// The current state ends the block.
    fn end(&mut self) {
        self.graph.end(self.current);
    }
}

/// What is carried through the document.
#[derive(Debug)]
struct Parser {
    options: Options,
    /// Nothing is refused for not being built.
    trial: bool,
    /// The outermost state stands alone: those that it leads to are not in the document.
    lone: bool,
    /// Where a state does not name its language.
    machine_language: Language,
    /// Whose fields are right where the parser stands; `None` where that is not to be checked.
    language: Option<Language>,
    /// How many bytes of a place's path come before what stands in the state.
    state_path: usize,
    /// How many blocks stand around the parser, the machine's own not counted.
    depth: usize,
    /// The name of every state so far, over all blocks.
    names: HashSet<Arc<str>>,
    /// The label of every Map so far.
    labels: HashSet<Arc<str>>,
    scopes: Scopes,
    /// Which variables the fields of the state read, as far as it was read.
    variables_read: BTreeSet<Arc<str>>,
    /// Every state so far; a gap where one has a fault.
    states: Vec<Option<State>>,
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Parser {
    /// The most diagnostics of one severity that are kept.
    const MAX_OF_A_SEVERITY: usize = 1000;

    fn new(options: Options) -> Parser {
        Parser {
            options,
            trial: false,
            lone: false,
            machine_language: Language::JsonPath,
            language: None,
            state_path: 0,
            depth: 0,
            names: HashSet::new(),
            labels: HashSet::new(),
            scopes: Scopes::default(),
            variables_read: BTreeSet::new(),
            states: Vec::new(),
            diagnostics: Vec::new(),
            errors: 0,
            warnings: 0,
        }
    }

    /// A state that is not in the document, and of which only the name counts.
    fn stub(&mut self, name: &str) -> StateId {
        let known =
            self.states.iter().position(|state| state.as_ref().is_some_and(|state| *state.name == *name));
        let id = known.unwrap_or(self.states.len());
        if known.is_none() {
            self.states.push(Some(State::end(name)));
        }
        StateId(u32::try_from(id).unwrap_or(u32::MAX))
    }

    /// Reports a fault of the value at `location`.
    fn refuse(&mut self, location: &Location<'_>, message: impl Into<String>) -> Refused {
        self.refuse_as(Code::SchemaValidationFailed, location, message)
    }

    fn refuse_as(&mut self, code: Code, location: &Location<'_>, message: impl Into<String>) -> Refused {
        self.report(Severity::Error, code, Some((location, None)), message);
        Refused
    }

    /// Reports a member that should not be there: shown at the object, found at the member.
    fn refuse_member(&mut self, object: &Location<'_>, name: &str, message: String) -> Refused {
        self.report(Severity::Error, Code::SchemaValidationFailed, Some((object, Some(name))), message);
        Refused
    }

    fn warn(&mut self, code: Code, location: &Location<'_>, message: String) {
        self.report(Severity::Warning, code, Some((location, None)), message);
    }

    /// Adds a diagnostic at a value, or at a member of it, or at the whole definition.
    fn report(
        &mut self,
        severity: Severity,
        code: Code,
        at: Option<(&Location<'_>, Option<&str>)>,
        message: impl Into<String>,
    ) {
        let count = match severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count > Self::MAX_OF_A_SEVERITY {
            return;
        }
        let place = match at {
            None => Place::Whole,
            Some((location, None)) => Place::Pointer(location.pointer()),
            Some((location, Some(member))) => Place::Pointer(location.field(member).pointer()),
        };
        let location = at.map(|(location, _)| location.path());
        self.diagnostics.push(Diagnostic { severity, code, message: message.into(), location, place });
    }
}

/// A text that is refused as a whole.
fn refused(diagnostic: Diagnostic) -> Parsed {
    Parsed { definition: None, diagnostics: vec![diagnostic] }
}

fn no_object() -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: Code::SchemaValidationFailed,
        message: "Definition must be a valid JSON object".into(),
        location: None,
        place: Place::Whole,
    }
}

fn no_json(error: &json::SyntaxError) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code: Code::InvalidJsonDescription,
        message: error.with_location(),
        location: Some(error.location().into()),
        place: Place::Position { line: error.line(), column: error.column() },
    }
}

#[cfg(test)]
mod tests;
