//! The last pass: marks what the evaluator may do in a shorter way.

use std::{collections::HashSet, sync::Arc};

use super::super::ast::{Group, Kind, Node, Stage};
use crate::json::Value;

/// Settles what [`Node::plain`], `direct`, `binds` and [`Group::literal`] say, here and below. The answer is
/// whether evaluating the node may bind a variable in the frame that it is evaluated in.
pub(super) fn settle(node: &mut Node) -> bool {
    let mut binds = false;
    for stages in [&mut node.predicate, &mut node.stages].into_iter().flatten() {
        for stage in stages {
            if let Stage::Filter(filter) = stage {
                binds |= settle(filter);
            }
        }
    }
    if let Some(group) = &mut node.group {
        binds |= settle_group(group);
    }
    let no_more = node.predicate.is_none() && node.group.is_none() && !node.keep_array && !node.tuple;
    node.plain = no_more
        && node.stages.is_none()
        && node.focus.is_none()
        && node.index.is_none()
        && node.ancestor.is_none();
    binds | settle_kind(&mut node.kind, no_more)
}

fn settle_kind(kind: &mut Kind, no_more: bool) -> bool {
    match kind {
        Kind::Name(_)
        | Kind::Literal(_)
        | Kind::Wildcard
        | Kind::Descendant
        | Kind::Parent(_)
        | Kind::Variable { .. }
        | Kind::Regex(_)
        | Kind::Hole => false,
        Kind::Path { steps, keep_singleton, direct } => {
            let binds = settle_all(steps);
            *direct = no_more && !*keep_singleton && is_direct(steps);
            binds
        }
        Kind::Binary { left, right, .. } | Kind::Apply { left, right } => settle(left) | settle(right),
        Kind::Negate(operand) => settle(operand),
        Kind::Array(items) => settle_all(items),
        Kind::Object(group) => settle_group(group),
        Kind::Condition { condition, then, otherwise } => {
            let binds = settle(condition) | settle(then);
            otherwise.as_mut().is_some_and(|otherwise| settle(otherwise)) | binds
        }
        Kind::Block { expressions, binds } => {
            *binds = settle_all(expressions);
            false
        }
        Kind::Bind { value, .. } => {
            settle(value);
            true
        }
        Kind::Lambda(lambda) => {
            settle(&mut lambda.body);
            false
        }
        Kind::Call(call) | Kind::TailCall(call) | Kind::Partial { call, .. } => {
            settle(&mut call.procedure) | settle_all(&mut call.arguments)
        }
        Kind::Sort(terms) => terms.iter_mut().fold(false, |binds, term| settle(&mut term.expression) | binds),
        Kind::Transform(transform) => {
            let binds = settle(&mut transform.pattern) | settle(&mut transform.update);
            transform.delete.as_mut().is_some_and(settle) | binds
        }
    }
}

fn settle_all(nodes: &mut [Node]) -> bool {
    nodes.iter_mut().fold(false, |binds, node| settle(node) | binds)
}

fn settle_group(group: &mut Group) -> bool {
    let text = |key: &Node| match &key.kind {
        Kind::Literal(Value::String(text)) => Some(Arc::clone(text)),
        _ => None,
    };
    let keys: Option<Arc<[Arc<str>]>> = group.pairs.iter().map(|(key, _)| text(key)).collect();
    let mut known = HashSet::new();
    group.literal = keys.filter(|keys| keys.iter().all(|key| known.insert(Arc::clone(key))));
    group.pairs.iter_mut().fold(false, |binds, (key, value)| settle(key) | settle(value) | binds)
}

fn is_direct(steps: &[Node]) -> bool {
    let binds_nothing = |step: &Node| {
        !step.tuple && step.focus.is_none() && step.index.is_none() && !matches!(step.kind, Kind::Sort(_))
    };
    let only_filters =
        |step: &Node| step.stages.iter().flatten().all(|stage| matches!(stage, Stage::Filter(_)));
    steps.iter().all(|step| binds_nothing(step) && only_filters(step))
        && steps.first().is_some_and(|first| !first.cons)
}
