//! What callers may do: one policy in the form of IAM, read from a file.
//!
//! ```json
//! { "Version": "2012-10-17", "Statement": [ {
//!     "Effect": "Allow",
//!     "Principal": { "AWS": "arn:aws:iam::123456789012:user/ci" },
//!     "Action": [ "states:StartExecution", "states:Describe*" ],
//!     "Resource": "arn:aws:states:*:123456789012:stateMachine:*"
//! } ] }
//! ```
//!
//! What no statement allows is denied, and a denial wins over all that is allowed. A statement without
//! `Principal` is about everybody. Every element that would not be obeyed is refused when the file is read:
//! a policy that says more than it does is worse than none.

use std::path::Path;

use gradus_api::server::OPERATIONS;
use serde_json::{Map, Value};

use super::is_account;

/// What is before the action in a policy.
const SERVICE: &str = "states:";
/// What may be allowed besides operations.
const PERMISSIONS: [&str; 1] = ["RevealSecrets"];
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// A policy.
#[derive(Debug, Default)]
pub(crate) struct Policy(Vec<Statement>);

#[derive(Debug)]
struct Statement {
    allows: bool,
    principals: Vec<Principal>,
    actions: Vec<Pattern>,
    resources: Vec<Resource>,
}

#[derive(Debug, PartialEq, Eq)]
enum Principal {
    Anyone,
    /// All callers of an account.
    Account(String),
    /// One caller, or all sessions of a role.
    Arn(String),
}

#[derive(Debug)]
enum Resource {
    All,
    /// The parts of an ARN; a wildcard stays within its part.
    Arn([Pattern; 6]),
}

/// Who asks for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The account of the caller.
    pub(crate) account: &'a str,
    /// The ARN of the caller.
    pub(crate) principal: &'a str,
    /// The operation, or the permission.
    pub(crate) action: &'a str,
    /// The ARN of what it is about.
    pub(crate) resource: &'a str,
}

/// What the policy says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement is about it.
    NotAllowed,
}

impl Policy {
    /// Reads a file; fails with the one line to print.
    pub(crate) fn read(path: &Path) -> Result<Policy, String> {
        super::read(path, Policy::from_json)
    }

    /// What is decided about a request.
    pub(crate) fn decide(&self, asked: Asked<'_>) -> Decision {
        let mut decision = Decision::NotAllowed;
        for statement in self.0.iter().filter(|statement| statement.is_about(asked)) {
            if !statement.allows {
                return Decision::Denied;
            }
            decision = Decision::Allowed;
        }
        decision
    }

    /// Reads the content of a file.
    pub(crate) fn from_json(file: &Value) -> Result<Policy, String> {
        let members = file.as_object().ok_or("expected an object")?;
        known(members, &["Version", "Id", "Statement"])?;
        match members.get("Version") {
            Some(Value::String(version)) if VERSIONS.contains(&version.as_str()) => {}
            _ => return Err(format!("`Version`: expected \"{}\"", VERSIONS[0])),
        }
        let statements = match members.get("Statement") {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(one @ Value::Object(_)) => vec![one],
            _ => return Err("`Statement`: expected a list of statements".to_owned()),
        };
        let statements = statements.into_iter().enumerate();
        let statements = statements.map(|(at, value)| {
            Statement::from_json(value).map_err(|error| format!("Statement[{at}]: {error}"))
        });
        statements.collect::<Result<_, _>>().map(Policy)
    }
}

impl Statement {
    fn is_about(&self, asked: Asked<'_>) -> bool {
        self.principals.iter().any(|principal| principal.is(asked))
            && self.actions.iter().any(|action| action.matches_any_case(asked.action))
            && self.resources.iter().any(|resource| resource.is(asked.resource))
    }

    fn from_json(value: &Value) -> Result<Statement, String> {
        let members = value.as_object().ok_or("expected an object")?;
        known(members, &["Sid", "Effect", "Principal", "Action", "Resource"])?;
        let allows = match members.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err("`Effect`: expected \"Allow\" or \"Deny\"".to_owned()),
        };
        let read = |name: &str| match members.get(name) {
            None => Err(format!("`{name}` is missing")),
            Some(value) => texts(name, value),
        };
        let actions = read("Action")?.into_iter().map(action).collect::<Result<_, _>>()?;
        let resources = read("Resource")?.into_iter().map(resource).collect::<Result<_, _>>()?;
        Ok(Statement { allows, principals: principals(members.get("Principal"))?, actions, resources })
    }
}

fn known(members: &Map<String, Value>, names: &[&str]) -> Result<(), String> {
    match members.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("`{name}` is not supported")),
        None => Ok(()),
    }
}

/// One text, or a list of them that is not empty.
fn texts<'a>(name: &str, value: &'a Value) -> Result<Vec<&'a str>, String> {
    let texts = match value {
        Value::String(text) => Some(vec![text.as_str()]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let texts = texts.filter(|texts| !texts.is_empty());
    let texts = texts.ok_or_else(|| format!("`{name}`: expected a text or a list of texts"))?;
    match texts.iter().find(|text| text.contains("${")) {
        Some(text) => Err(format!("`{name}`: variables are not supported: `{text}`")),
        None => Ok(texts),
    }
}

fn action(text: &str) -> Result<Pattern, String> {
    let name = if text == "*" { Some("*") } else { text.get(SERVICE.len()..).filter(|_| is_ours(text)) };
    let pattern = Pattern(name.ok_or_else(|| format!("`Action`: `{text}` is not of {SERVICE}*"))?.to_owned());
    let mut actions = OPERATIONS.iter().chain(&PERMISSIONS);
    if actions.any(|action| pattern.matches_any_case(action)) {
        Ok(pattern)
    } else {
        Err(format!("`Action`: `{text}` is no operation of the service"))
    }
}

/// Names of services are in any case, as those of actions are.
fn is_ours(action: &str) -> bool {
    action.get(..SERVICE.len()).is_some_and(|service| service.eq_ignore_ascii_case(SERVICE))
}

fn resource(text: &str) -> Result<Resource, String> {
    if text == "*" {
        return Ok(Resource::All);
    }
    let parts: Vec<_> = text.splitn(6, ':').map(|part| Pattern(part.to_owned())).collect();
    match <[Pattern; 6]>::try_from(parts) {
        Ok(parts) if parts[0].0 == "arn" => Ok(Resource::Arn(parts)),
        _ => Err(format!("`Resource`: `{text}` is neither `*` nor an ARN of six parts")),
    }
}

fn principals(value: Option<&Value>) -> Result<Vec<Principal>, String> {
    let value = match value {
        None => return Ok(vec![Principal::Anyone]),
        Some(Value::Object(members)) => {
            known(members, &["AWS"]).map_err(|error| format!("`Principal`: {error}"))?;
            members.get("AWS").ok_or("`Principal`: `AWS` is missing")?
        }
        Some(Value::String(text)) if text == "*" => return Ok(vec![Principal::Anyone]),
        Some(_) => return Err("`Principal`: expected \"*\" or { \"AWS\": ... }".to_owned()),
    };
    texts("Principal", value)?.into_iter().map(principal).collect()
}

fn principal(text: &str) -> Result<Principal, String> {
    if text == "*" {
        return Ok(Principal::Anyone);
    }
    if is_account(text) {
        return Ok(Principal::Account(text.to_owned()));
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam", "", account, "root"] if is_account(account) => {
            Ok(Principal::Account(account.to_owned()))
        }
        ["arn", _, "iam" | "sts", "", account, _] if is_account(account) && !text.contains(['*', '?']) => {
            Ok(Principal::Arn(text.to_owned()))
        }
        _ => Err(format!("`Principal`: `{text}` is neither an account nor the ARN of a caller")),
    }
}

impl Principal {
    fn is(&self, asked: Asked<'_>) -> bool {
        match self {
            Principal::Anyone => true,
            Principal::Account(account) => account == asked.account,
            Principal::Arn(arn) => arn == asked.principal || role(asked.principal).as_ref() == Some(arn),
        }
    }
}

/// The ARN of the role that a session is of: `arn:P:sts::A:assumed-role/R/S` is one of `arn:P:iam::A:role/R`.
fn role(session: &str) -> Option<String> {
    let (before, name) = session.split_once(":assumed-role/")?;
    let before = before.replacen(":sts:", ":iam:", 1);
    Some(format!("{before}:role/{}", name.split('/').next()?))
}

impl Resource {
    fn is(&self, arn: &str) -> bool {
        match self {
            Resource::All => true,
            Resource::Arn(patterns) => {
                let parts: Vec<&str> = arn.splitn(6, ':').collect();
                parts.len() == patterns.len()
                    && patterns.iter().zip(parts).all(|(pattern, part)| pattern.matches(part))
            }
        }
    }
}

/// A text in which `*` stands for any characters, and `?` for one.
#[derive(Debug)]
struct Pattern(String);

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        matches(self.0.as_bytes(), text.as_bytes(), |a, b| a == b)
    }

    fn matches_any_case(&self, text: &str) -> bool {
        matches(self.0.as_bytes(), text.as_bytes(), |a, b| a.eq_ignore_ascii_case(b))
    }
}

/// Goes back to the last `*` alone, so that no pattern takes longer than both lengths multiplied.
fn matches(pattern: &[u8], text: &[u8], same: impl Fn(&u8, &u8) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', after)), _) => {
                star = Some((after, text));
                pattern = after;
            }
            (Some((sought, after)), Some((found, rest))) if *sought == b'?' || same(sought, found) => {
                // In UTF-8 the bytes that go on with a character belong to its first one.
                let more = if *sought == b'?' {
                    rest.iter().take_while(|byte| **byte & 0xc0 == 0x80).count()
                } else {
                    0
                };
                pattern = after;
                text = rest.get(more..).unwrap_or_default();
            }
            (None, None) => return true,
            _ => {
                let Some((after, [_, rest @ ..])) = star else { return false };
                star = Some((after, rest));
                (pattern, text) = (after, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "a", true),
            ("a", "A", false),
            ("*", "", true),
            ("*", "abc", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("*b*", "abc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "a\u{e9}c", true),
            ("?", "\u{1f642}", true),
            ("**a", "a", true),
            ("*a*a*a*a*b", &"a".repeat(2000), false),
        ] {
            assert_eq!(Pattern(pattern.to_owned()).matches(text), expected, "{pattern} {text}");
        }
    }

    fn policy(statements: Value) -> Result<Policy, String> {
        Policy::from_json(&json!({ "Version": "2012-10-17", "Statement": statements }))
    }

    const USER: &str = "arn:aws:iam::123456789012:user/ci";
    const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/deploy/one";
    const MACHINE: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:m";

    #[test]
    fn decisions() {
        use Decision::{Allowed, Denied, NotAllowed};

        let allow = |principal: Value, action: &str, resource: &str| json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource });
        let anyone = |action: &str, resource: &str| json!({ "Sid": "s", "Effect": "Allow", "Action": [action], "Resource": [resource] });
        let deny = |action: &str| json!({ "Effect": "Deny", "Action": action, "Resource": "*" });
        let aws = |arn: &str| json!({ "AWS": [arn] });
        let start = "StartExecution";
        for (statements, principal, action, expected) in [
            (json!([]), USER, start, NotAllowed),
            (json!([anyone("*", "*")]), USER, start, Allowed),
            (anyone("states:*", "*"), USER, start, Allowed),
            (json!([anyone("states:startexecution", "*")]), USER, start, Allowed),
            (json!([anyone("STATES:Start*", "*")]), USER, start, Allowed),
            (json!([anyone("states:Describe*", "*")]), USER, start, NotAllowed),
            (json!([anyone("states:*", "*"), deny("states:Start*")]), USER, start, Denied),
            (json!([deny("states:Start*"), anyone("states:*", "*")]), USER, start, Denied),
            (json!([deny("states:Stop*"), anyone("states:*", "*")]), USER, start, Allowed),
            (json!([anyone("states:*", MACHINE)]), USER, start, Allowed),
            (json!([anyone("states:*", "arn:aws:states:*:*:stateMachine:m*")]), USER, start, Allowed),
            (json!([anyone("states:*", "arn:aws:states:*:123456789012:*")]), USER, start, Allowed),
            (json!([anyone("states:*", "arn:*:*:*:*:*")]), USER, start, Allowed),
            (json!([anyone("states:*", "arn:aws:states:*:*:execution:*")]), USER, start, NotAllowed),
            (json!([anyone("states:*", "arn:aws:states:eu*:*:*")]), USER, start, NotAllowed),
            (json!([allow(json!("*"), "states:*", "*")]), USER, start, Allowed),
            (json!([allow(aws("*"), "states:*", "*")]), USER, start, Allowed),
            (json!([allow(aws(USER), "states:*", "*")]), USER, start, Allowed),
            (json!([allow(aws(USER), "states:*", "*")]), SESSION, start, NotAllowed),
            (json!([allow(aws("123456789012"), "states:*", "*")]), USER, start, Allowed),
            (json!([allow(aws("000000000000"), "states:*", "*")]), USER, start, NotAllowed),
            (json!([allow(aws("arn:aws:iam::123456789012:root"), "states:*", "*")]), USER, start, Allowed),
            (json!([allow(aws(SESSION), "states:*", "*")]), SESSION, start, Allowed),
            (
                json!([allow(aws("arn:aws:iam::123456789012:role/deploy"), "states:*", "*")]),
                SESSION,
                start,
                Allowed,
            ),
            (json!([anyone("states:RevealSecrets", "*")]), USER, "RevealSecrets", Allowed),
        ] {
            let asked = Asked { account: "123456789012", principal, action, resource: MACHINE };
            assert_eq!(
                policy(statements.clone()).unwrap().decide(asked),
                expected,
                "{statements} {principal}"
            );
        }
    }

    #[test]
    fn what_would_not_be_obeyed_is_refused() {
        let statement = |name: &str, value: Value| {
            let mut statement = json!({ "Effect": "Allow", "Action": "states:*", "Resource": "*" });
            statement[name] = value;
            json!([statement])
        };
        for (statements, expected) in [
            (statement("Condition", json!({})), "Statement[0]: `Condition` is not supported"),
            (statement("NotAction", json!("states:*")), "`NotAction` is not supported"),
            (statement("NotResource", json!("*")), "`NotResource` is not supported"),
            (statement("NotPrincipal", json!("*")), "`NotPrincipal` is not supported"),
            (statement("effect", json!("Allow")), "`effect` is not supported"),
            (statement("Effect", json!("allow")), "`Effect`: expected"),
            (statement("Action", json!([])), "`Action`: expected a text or a list"),
            (statement("Action", json!([1])), "`Action`: expected a text or a list"),
            (statement("Action", json!("logs:*")), "`logs:*` is not of states:*"),
            (statement("Action", json!("states:StartExecutions")), "is no operation of the service"),
            (statement("Action", json!("\u{e9}tates:*")), "is not of states:*"),
            (statement("Resource", json!("stateMachine:m")), "neither `*` nor an ARN"),
            (statement("Resource", json!("arn:aws:states:*")), "neither `*` nor an ARN"),
            (statement("Resource", json!("arn:aws:states:*:*:stateMachine:${aws:username}")), "variables"),
            (
                statement("Principal", json!({ "Service": "states.amazonaws.com" })),
                "`Service` is not supported",
            ),
            (statement("Principal", json!({})), "`AWS` is missing"),
            (statement("Principal", json!("ci")), "`Principal`: expected"),
            (
                statement("Principal", json!({ "AWS": "arn:aws:iam::123456789012:user/*" })),
                "`Principal`: `arn",
            ),
            (statement("Principal", json!({ "AWS": "ci" })), "`Principal`: `ci`"),
            (json!([{}]), "`Effect`: expected"),
            (json!([{ "Effect": "Deny", "Resource": "*" }]), "`Action` is missing"),
            (json!([1]), "Statement[0]: expected an object"),
            (json!("x"), "`Statement`: expected a list"),
        ] {
            let error = policy(statements.clone()).unwrap_err();
            assert!(error.contains(expected), "{statements}: {error}");
        }
        for (file, expected) in [
            (json!([]), "expected an object"),
            (json!({ "Statement": [] }), "`Version`"),
            (json!({ "Version": "2020-01-01", "Statement": [] }), "`Version`"),
            (json!({ "Version": "2012-10-17" }), "`Statement`"),
            (json!({ "Version": "2012-10-17", "Statement": [], "More": 1 }), "`More` is not supported"),
        ] {
            let error = Policy::from_json(&file).unwrap_err();
            assert!(error.contains(expected), "{file}: {error}");
        }
    }
}
