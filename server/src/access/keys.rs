//! The keys that requests may be signed with, and whose they are: a file of JSON.
//!
//! ```json
//! { "keys": [ {
//!     "accessKeyId": "AKIDEXAMPLE",
//!     "secretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
//!     "account": "123456789012",
//!     "principal": "arn:aws:iam::123456789012:user/ci",
//!     "userId": "AIDAEXAMPLE",
//!     "sessionToken": "...",
//!     "notBefore": "2026-11-01T00:00:00Z",
//!     "expires": "2027-11-01T00:00:00Z"
//! } ] }
//! ```
//!
//! The first three members are required. A principal may have several keys, so that a new one can be given
//! out before the old one ends. What is wrong is said without a word of the file's text.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use gradus_core::machine::Timestamp;
use gradus_core::machine::timestamp::parse_rfc3339;
use serde_json::{Map, Value};

use super::is_account;

/// All keys that are known.
#[derive(Debug, Default)]
pub(crate) struct Keys(HashMap<String, Arc<Key>>);

/// A key, and whose it is.
pub(crate) struct Key {
    /// The id, which requests name.
    pub(crate) id: String,
    /// What requests are signed with.
    pub(crate) secret: String,
    /// What requests have to carry besides, if anything.
    pub(crate) session_token: Option<String>,
    /// The account; twelve digits.
    pub(crate) account: Arc<str>,
    /// The ARN of the user, role session or account that signs.
    pub(crate) principal: Arc<str>,
    /// The id of the principal, as GetCallerIdentity tells it.
    pub(crate) user_id: Arc<str>,
    /// When it begins to be good.
    pub(crate) not_before: Option<Timestamp>,
    /// When it is no longer good.
    pub(crate) expires: Option<Timestamp>,
}

impl std::fmt::Debug for Key {
    /// Hides the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads a file; fails with the one line to print.
    pub(crate) fn read(path: &Path) -> Result<Keys, String> {
        let keys = super::read(path, Keys::from_json)?;
        warn_of_readers(path);
        Ok(keys)
    }

    /// The key of this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Key>> {
        self.0.get(id)
    }

    /// Reads the content of a file.
    pub(crate) fn from_json(file: &Value) -> Result<Keys, String> {
        let list = match file.as_object() {
            Some(members) if members.len() == 1 => members.get("keys").and_then(Value::as_array),
            _ => None,
        };
        let list = list.ok_or("expected one member, `keys`, with a list of keys")?;
        let mut keys = HashMap::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            let at = |error| format!("keys[{at}]: {error}");
            let members = value.as_object().ok_or_else(|| at("expected an object".to_owned()))?;
            let key = key(members).map_err(at)?;
            let id = key.id.clone();
            if keys.insert(id.clone(), Arc::new(key)).is_some() {
                return Err(at(format!("`accessKeyId` {id} is there twice")));
            }
        }
        if keys.is_empty() {
            return Err("`keys` is empty, so nobody could call".to_owned());
        }
        Ok(Keys(keys))
    }
}

const MEMBERS: [&str; 8] = [
    "accessKeyId",
    "secretAccessKey",
    "account",
    "principal",
    "userId",
    "sessionToken",
    "notBefore",
    "expires",
];

fn key(members: &Map<String, Value>) -> Result<Key, String> {
    if let Some(name) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(format!("unknown member `{name}`"));
    }
    let text = |name: &str| match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.as_str())),
        Some(_) => Err(format!("`{name}`: expected text that is not empty")),
    };
    let needed = |name: &str| text(name)?.ok_or_else(|| format!("`{name}` is missing"));
    let time = |name: &str| match text(name)?.map(parse_rfc3339) {
        Some(None) => Err(format!("`{name}`: expected a time such as 2026-11-22T00:00:00Z")),
        time => Ok(time.flatten()),
    };
    let id = needed("accessKeyId")?;
    if !id.bytes().all(|byte| byte.is_ascii_graphic() && !b"/,=".contains(&byte)) {
        return Err("`accessKeyId`: expected visible ASCII without `/`, `,` and `=`".to_owned());
    }
    let account = needed("account")?;
    if !is_account(account) {
        return Err("`account`: expected twelve digits".to_owned());
    }
    let root = format!("arn:aws:iam::{account}:root");
    let principal = text("principal")?.unwrap_or(&root);
    if !is_principal(principal, account) {
        return Err(format!("`principal`: expected an ARN of the account {account}, such as {root}"));
    }
    // An account's own id is that of its root; of others only the file knows it.
    let own_id = if principal.ends_with(":root") { account } else { id };
    let (not_before, expires) = (time("notBefore")?, time("expires")?);
    if not_before.zip(expires).is_some_and(|(from, to)| to <= from) {
        return Err("`expires` is not after `notBefore`".to_owned());
    }
    Ok(Key {
        id: id.to_owned(),
        secret: needed("secretAccessKey")?.to_owned(),
        session_token: text("sessionToken")?.map(str::to_owned),
        account: account.into(),
        principal: principal.into(),
        user_id: text("userId")?.unwrap_or(own_id).into(),
        not_before,
        expires,
    })
}

/// Whether an ARN can be a caller's of this account: `arn:P:iam::A:...` or `arn:P:sts::A:...`.
fn is_principal(arn: &str, account: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(parts[..], ["arn", partition, "iam" | "sts", "", of, name]
        if of == account && !partition.is_empty() && !name.is_empty())
}

/// Says so if others than the owner may read the secrets.
#[cfg(unix)]
fn warn_of_readers(path: &Path) {
    use std::os::unix::fs::PermissionsExt;

    if std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
        let path = path.display();
        tracing::warn!(%path, "others than its owner can reach the file of keys; `chmod 600` ends that");
    }
}

#[cfg(not(unix))]
fn warn_of_readers(_: &Path) {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(list: Value) -> Result<Keys, String> {
        Keys::from_json(&json!({ "keys": list }))
    }

    fn with(name: &str, value: Value) -> Value {
        let mut key = json!({ "accessKeyId": "AK", "secretAccessKey": "shh", "account": "123456789012" });
        if value.is_null() {
            key.as_object_mut().unwrap().remove(name);
        } else {
            key[name] = value;
        }
        key
    }

    #[test]
    fn a_key_says_whose_it_is() {
        let user = "arn:aws:iam::123456789012:user/ci";
        for (key, principal, user_id) in [
            (with("account", json!("123456789012")), "arn:aws:iam::123456789012:root", "123456789012"),
            (with("principal", json!(user)), user, "AK"),
            (with("userId", json!("AIDA")), "arn:aws:iam::123456789012:root", "AIDA"),
        ] {
            let keys = keys(json!([key])).unwrap();
            let key = keys.get("AK").unwrap();
            assert_eq!((&*key.account, &*key.principal, &*key.user_id), ("123456789012", principal, user_id));
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_not_shown() {
        let key = with("principal", Value::Null);
        for (file, expected) in [
            (json!([]), "expected one member"),
            (json!({ "keys": {} }), "expected one member"),
            (json!({ "keys": [], "more": 1 }), "expected one member"),
            (json!({ "keys": [] }), "`keys` is empty"),
            (json!({ "keys": [1] }), "keys[0]: expected an object"),
            (json!({ "keys": [key, key] }), "keys[1]: `accessKeyId` AK is there twice"),
            (json!({ "keys": [with("accessKeyId", Value::Null)] }), "keys[0]: `accessKeyId` is missing"),
            (json!({ "keys": [with("secretAccessKey", Value::Null)] }), "`secretAccessKey` is missing"),
            (json!({ "keys": [with("account", Value::Null)] }), "`account` is missing"),
            (json!({ "keys": [with("secretAccessKey", json!(12))] }), "`secretAccessKey`: expected text"),
            (json!({ "keys": [with("accessKeyId", json!("a/b"))] }), "without `/`"),
            (json!({ "keys": [with("accessKeyId", json!("a b"))] }), "visible ASCII"),
            (json!({ "keys": [with("account", json!("1"))] }), "`account`: expected twelve digits"),
            (json!({ "keys": [with("sessionToken", json!(""))] }), "`sessionToken`: expected text"),
            (
                json!({ "keys": [with("principal", json!("arn:aws:iam::000000000000:user/x"))] }),
                "`principal`",
            ),
            (json!({ "keys": [with("principal", json!("ci"))] }), "`principal`"),
            (json!({ "keys": [with("expires", json!("tomorrow"))] }), "`expires`: expected a time"),
            (json!({ "keys": [with("secretaccesskey", json!("x"))] }), "unknown member `secretaccesskey`"),
        ] {
            let error = Keys::from_json(&file).unwrap_err();
            assert!(error.contains(expected), "{file}: {error}");
            assert!(!error.contains("shh"), "{error}");
        }
        let mut backwards = with("notBefore", json!("2026-11-22T00:00:00Z"));
        backwards["expires"] = json!("2026-11-21T00:00:00Z");
        assert!(keys(json!([backwards])).unwrap_err().contains("not after"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let keys = keys(json!([with("sessionToken", json!("hush"))])).unwrap();
        let text = format!("{keys:?}");
        assert!(text.contains("AK") && !text.contains("shh") && !text.contains("hush"), "{text}");
    }
}
