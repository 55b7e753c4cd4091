//! Who may call: keys that requests are signed with, and a policy for what their holders may do.
//!
//! [`keys`] and [`policy`] are read from files, and anew when the server is told to; [`claim`] is what a
//! request says of its signature, [`mod@verify`] finds out whether it is true, [`guard`] asks the policy about
//! each operation. Without keys everybody may do everything, and a signature only names a region.

pub(crate) mod claim;
pub(crate) mod guard;
pub(crate) mod keys;
pub(crate) mod policy;
pub(crate) mod verify;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use gradus_api::http::Caller;
use gradus_core::machine::Timestamp;
use http::header::AUTHORIZATION;
use serde_json::Value;

use keys::Keys;
use policy::Policy;
use verify::{Refusal, Signed, Verified, verify};

/// Who may call, and for whom requests are answered that do not say it themselves.
#[derive(Debug)]
pub(crate) struct Access {
    /// The region of requests whose signature names none.
    region: Arc<str>,
    /// The account of everybody, as long as nobody has to prove who he is; twelve digits.
    account: Arc<str>,
    /// Who everybody is then.
    root: Arc<str>,
    /// The keys that requests have to be signed with.
    keys: Option<Arc<Current<Keys>>>,
}

/// Who calls, and for which region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The region to answer for.
    pub(crate) region: Arc<str>,
    /// The account to answer for.
    pub(crate) account: Arc<str>,
    /// The ARN of who calls.
    pub(crate) principal: Arc<str>,
    /// The id of who calls, as GetCallerIdentity tells it.
    pub(crate) user_id: Arc<str>,
    /// The id of the key, if the request is signed.
    pub(crate) key_id: Option<String>,
}

impl Access {
    pub(crate) fn new(region: &str, account: &str, keys: Option<Arc<Current<Keys>>>) -> Access {
        let root = format!("arn:aws:iam::{account}:root").into();
        Access { region: region.into(), account: account.into(), root, keys }
    }

    /// Who sends a request to `service`, or why it is not let in.
    pub(crate) fn identify(&self, request: &Signed<'_>, service: &str) -> Result<Identity, Refusal> {
        match &self.keys {
            Some(keys) => Ok(Identity::from(verify(request, service, &keys.get(), now())?)),
            None => Ok(self.believe(request)),
        }
    }

    /// Takes a request for what it says: whoever reaches the server is the root of its account.
    fn believe(&self, request: &Signed<'_>) -> Identity {
        let authorization = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let scope = authorization.and_then(claim::scope);
        let region = match scope {
            Some(scope) if *scope.region != *self.region => scope.region.into(),
            Some(_) | None => self.region.clone(),
        };
        Identity {
            region,
            account: self.account.clone(),
            principal: self.root.clone(),
            user_id: self.account.clone(),
            key_id: scope.map(|scope| scope.key_id.to_owned()),
        }
    }
}

impl From<Verified> for Identity {
    fn from(Verified { key, region }: Verified) -> Identity {
        Identity {
            region: region.into(),
            account: key.account.clone(),
            principal: key.principal.clone(),
            user_id: key.user_id.clone(),
            key_id: Some(key.id.clone()),
        }
    }
}

impl Identity {
    /// What operations are told of the caller; nothing, of one who signs nothing.
    pub(crate) fn caller(&self) -> Option<Caller> {
        let arn = self.principal.clone();
        self.key_id.clone().map(|access_key_id| Caller { access_key_id, arn })
    }
}

/// The files of the keys and of the policy, and what they say.
#[derive(Debug, Default)]
pub(crate) struct Files {
    keys: Option<(PathBuf, Arc<Current<Keys>>)>,
    policy: Option<(PathBuf, Arc<Current<Policy>>)>,
}

impl Files {
    /// Reads the files; fails with the one line to print.
    pub(crate) fn read(keys: Option<&Path>, policy: Option<&Path>) -> Result<Files, String> {
        let keys = keys.map(|path| Ok::<_, String>((path.to_owned(), Current::new(Keys::read(path)?))));
        let policy = policy.map(|path| Ok::<_, String>((path.to_owned(), Current::new(Policy::read(path)?))));
        Ok(Files {
            keys: keys.transpose()?.map(|(path, keys)| (path, Arc::new(keys))),
            policy: policy.transpose()?.map(|(path, policy)| (path, Arc::new(policy))),
        })
    }

    /// Reads the files anew. What cannot be read stays as it was, and is told to the log.
    pub(crate) fn read_again(&self) {
        if let Some((path, keys)) = &self.keys {
            renew(path, keys, Keys::read);
        }
        if let Some((path, policy)) = &self.policy {
            renew(path, policy, Policy::read);
        }
    }

    pub(crate) fn keys(&self) -> Option<Arc<Current<Keys>>> {
        self.keys.as_ref().map(|(_, keys)| keys.clone())
    }

    pub(crate) fn policy(&self) -> Option<Arc<Current<Policy>>> {
        self.policy.as_ref().map(|(_, policy)| policy.clone())
    }
}

fn renew<T>(path: &Path, current: &Current<T>, read: impl FnOnce(&Path) -> Result<T, String>) {
    match read(path) {
        Ok(value) => {
            current.replace(value);
            tracing::info!(path = %path.display(), "read again");
        }
        Err(error) => tracing::error!(%error, "not read again; what was read before holds on"),
    }
}

pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// Something that is read from a file, and can be replaced while it is used.
#[derive(Debug)]
pub(crate) struct Current<T>(RwLock<Arc<T>>);

impl<T> Current<T> {
    pub(crate) fn new(value: T) -> Current<T> {
        Current(RwLock::new(Arc::new(value)))
    }

    /// What holds now. Whoever has it keeps it to the end of a request.
    pub(crate) fn get(&self) -> Arc<T> {
        // Nothing can panic while the lock is held.
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn replace(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}

/// Whether a text can be an account's id.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a name can be a region's: what may stand between two colons of an ARN.
pub(crate) fn is_region(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= 32 && name.bytes().all(allowed)
}

/// Reads a file of JSON; fails with the one line to print.
fn read<T>(path: &Path, from: impl FnOnce(&Value) -> Result<T, String>) -> Result<T, String> {
    let shown = path.display();
    let text = fs::read(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    // The parser's own words may quote the text, which has secrets in it; its position does not.
    let value = serde_json::from_slice(&text)
        .map_err(|error| format!("{shown}:{}:{}: this is not JSON", error.line(), error.column()))?;
    from(&value).map_err(|error| format!("{shown}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_fit_into_arns() {
        let longest = "a".repeat(32);
        let too_long = "a".repeat(33);
        for (name, expected) in [
            ("us-east-1", true),
            ("local", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("US-EAST-1", false),
            ("us east", false),
            ("us:east", false),
            ("\u{e9}", false),
        ] {
            assert_eq!(is_region(name), expected, "{name}");
        }
    }

    #[test]
    fn an_account_is_twelve_digits() {
        for (text, expected) in [
            ("123456789012", true),
            ("12345678901", false),
            ("1234567890123", false),
            ("12345678901x", false),
            ("", false),
        ] {
            assert_eq!(is_account(text), expected, "{text}");
        }
    }

    #[test]
    fn who_has_a_value_keeps_it() {
        let current = Current::new(1);
        let before = current.get();
        current.replace(2);
        assert_eq!((*before, *current.get()), (1, 2));
    }
}
