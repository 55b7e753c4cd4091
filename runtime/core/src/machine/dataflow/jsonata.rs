//! The way of data through a JSONata state: Arguments, Assign, Output, and fields that are queries.
//!
//! What a query sees is looked up when it asks for it: an input is parsed, a context object is built, only where an
//! expression mentions them.

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{Evaluation, Fault, Left, Product, context, in_state, print, within_limit};
use crate::asl::definition::State;
use crate::expr::query::{Failed, Query, Scope, Template};
use crate::json::{Payload, Value};
use crate::machine::execution::Turn;
use crate::machine::retry::Failure;
use crate::machine::{FrameId, Variables, variables};

/// The error of a query that fails.
const QUERY_EVALUATION_ERROR: &str = "States.QueryEvaluationError";

/// What a state leaves with. `Assign` and `Output` see the same: neither sees the other's effect.
pub(super) fn leave(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    (assign, output): (Option<&Template>, Option<&Template>),
    raw: &Payload,
    product: Product,
) -> Result<Left, Fault> {
    let assigned = match assign {
        Some(template) => assign_values(turn, frame, state, template, raw, &product)?,
        None => Variables::new(),
    };
    let output = match output {
        Some(template) => evaluate_template(turn, frame, state, template, raw, Some(&product))?,
        None => product.into_payload(),
    };
    Ok(Left { output: within_limit(output, state)?, assigned })
}

/// What a template gives that a state is entered with.
pub(in crate::machine) fn template(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    template: &Template,
) -> Result<Payload, Fault> {
    evaluate_template(turn, frame, state, template, &raw_input(turn, frame), None)
}

/// What the iteration for an item of a Map gets. The template alone sees the item, in the context object.
pub(super) fn item(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    template: &Template,
    (index, item): (u32, Value),
) -> Result<Payload, Fault> {
    if let Some(constant) = template.constant() {
        return Ok(constant.clone());
    }
    let context = || context::of_item(turn, frame, index, &item);
    let raw = raw_input(turn, frame);
    let value = in_scope(turn, frame, &raw, None, &context, |scope| template.evaluate(scope))?;
    Ok(print(value, state)?)
}

/// What a query gives, which must be of a kind: `array`, `boolean` and so on.
pub(in crate::machine) fn value(
    turn: &Turn<'_>,
    frame: FrameId,
    query: &Query,
    kind: &str,
) -> Result<Value, Fault> {
    let context = || context::of(turn, frame).into();
    in_scope(turn, frame, &raw_input(turn, frame), None, &context, |scope| query.evaluate_as(kind, scope))
}

/// The text that a query gives.
pub(in crate::machine) fn text(turn: &Turn<'_>, frame: FrameId, query: &Query) -> Result<Arc<str>, Fault> {
    match value(turn, frame, query, "string")? {
        Value::String(text) => Ok(text),
        other => Err(refuse(turn, frame, query.unexpected("string", &other))),
    }
}

/// The integer that a query gives. The service's words for a number that is none, or out of range, are not known.
pub(in crate::machine) fn integer(
    turn: &Turn<'_>,
    frame: FrameId,
    query: &Query,
    range: RangeInclusive<u64>,
) -> Result<u64, Fault> {
    let value = value(turn, frame, query, "number")?;
    let Some(number) = value.as_i64() else {
        return Err(refuse(turn, frame, query.unexpected("integer", &value)));
    };
    u64::try_from(number).ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        let what = format!("returned a number out of range. Expected {least} to {most}, but was: {number}");
        refuse(turn, frame, query.failed(&what))
    })
}

/// The fault of a query whose value cannot be used: `text` stands for itself.
pub(in crate::machine) fn unusable(turn: &Turn<'_>, frame: FrameId, query: &Query, text: &str) -> Fault {
    let evaluation = Evaluation { location: Some(query.location().clone()), of_value: true };
    Fault { failure: failure(turn, frame, text), evaluation: Some(evaluation) }
}

/// The fault of a state whose data no field is to blame for.
pub(in crate::machine) fn unfit(turn: &Turn<'_>, frame: FrameId, text: &str) -> Fault {
    let evaluation = Evaluation { location: None, of_value: false };
    Fault { failure: failure(turn, frame, text), evaluation: Some(evaluation) }
}

/// The fault of a query.
pub(in crate::machine) fn refuse(
    turn: &Turn<'_>,
    frame: FrameId,
    Failed { location, text }: Failed,
) -> Fault {
    let evaluation = Evaluation { location: Some(location), of_value: false };
    Fault { failure: failure(turn, frame, &text), evaluation: Some(evaluation) }
}

/// The failure of a query.
fn failure(turn: &Turn<'_>, frame: FrameId, text: &str) -> Failure {
    Failure::new(QUERY_EVALUATION_ERROR, in_state(turn, frame, text))
}

fn evaluate_template(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    template: &Template,
    raw: &Payload,
    product: Option<&Product>,
) -> Result<Payload, Fault> {
    if let Some(constant) = template.constant() {
        return Ok(constant.clone());
    }
    let context = || context::of(turn, frame).into();
    let value = in_scope(turn, frame, raw, product, &context, |scope| template.evaluate(scope))?;
    Ok(print(value, state)?)
}

/// The values of an `Assign`. What is too large is told as an evaluation that failed (recorded, 2026-09).
fn assign_values(
    turn: &Turn<'_>,
    frame: FrameId,
    state: &State,
    template: &Template,
    raw: &Payload,
    product: &Product,
) -> Result<Variables, Fault> {
    let context = || context::of(turn, frame).into();
    let values = match template.constant() {
        Some(constant) => constant.value().clone(),
        None => in_scope(turn, frame, raw, Some(product), &context, |scope| template.evaluate(scope))?,
    };
    let Some(values) = values.as_object() else { return Ok(Variables::new()) };
    let assigned = variables::of(&state.name, values).and_then(|variables| {
        let bytes = turn.execution.variable_bytes_with(frame, &variables);
        variables::check_total(&state.name, bytes).map(|()| variables)
    });
    assigned.map_err(|failure| {
        let location = Some(template.location().clone());
        Fault { failure, evaluation: Some(Evaluation { location, of_value: true }) }
    })
}

/// Evaluates something on what a state has; what goes wrong becomes the state's fault.
fn in_scope<T>(
    turn: &Turn<'_>,
    frame: FrameId,
    raw: &Payload,
    product: Option<&Product>,
    context: &dyn Fn() -> Value,
    evaluate: impl FnOnce(&Scope<'_>) -> Result<T, Failed>,
) -> Result<T, Fault> {
    let (result, error_output) = match product {
        Some(Product::Result(result)) => (Some(result), None),
        Some(Product::ErrorOutput(output)) => (None, Some(output)),
        Some(Product::Input(_)) | None => (None, None),
    };
    let scope = Scope {
        input: raw,
        result,
        error_output,
        context,
        variable: &|name| turn.variable(frame, name).map(|value| value.value().clone()),
        now_millis: turn.env.now.as_millis(),
        seed: &|| turn.seed(),
        steps: Cell::new(0),
    };
    let result = evaluate(&scope);
    turn.worked(usize::try_from(scope.steps.get()).unwrap_or(usize::MAX));
    result.map_err(|failed| refuse(turn, frame, failed))
}

fn raw_input(turn: &Turn<'_>, frame: FrameId) -> Payload {
    turn.raw_input(frame).unwrap_or_else(Payload::empty_object)
}
