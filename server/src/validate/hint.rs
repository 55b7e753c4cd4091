//! What may help with a finding: a name that is nearly right, or what a rule means.

use gradus_core::asl::Diagnostic;
use gradus_core::asl::diagnostic::{Code, Place};
use gradus_core::asl::parse::state_fields;
use gradus_core::json::{self, Object, Value};

/// How many characters two names may differ in and still be taken for one another.
const MAX_EDITS: usize = 2;
/// How many names of a block are compared with one that is wrong.
const MAX_CANDIDATES: usize = 1000;
/// How many wrong names are looked into; a text with more has another problem.
const MAX_SEARCHES: usize = 50;

/// The text once more, for those hints that need its names.
pub(super) struct Hints {
    definition: Option<Value>,
    searches: usize,
}

impl Hints {
    pub(super) fn new(text: &str) -> Hints {
        Hints { definition: json::parse(text).ok(), searches: 0 }
    }

    /// A hint on a diagnostic, if there is one.
    pub(super) fn of(&mut self, diagnostic: &Diagnostic) -> Option<String> {
        let Diagnostic { code, message, place, .. } = diagnostic;
        let pointer = match place {
            Place::Pointer(pointer) => pointer.as_str(),
            Place::Whole | Place::Position { .. } => "",
        };
        match code {
            Code::MissingTransitionTarget => match message.strip_prefix("Missing 'Next' target: ") {
                Some(name) => self.target(pointer, name),
                None => Some("no StartAt, Next, Default, Choice rule or Catch leads here".into()),
            },
            Code::MissingEndState => {
                Some("some state needs \"End\": true, or the Type Succeed or Fail".into())
            }
            Code::SchemaValidationFailed => field(message).or_else(|| reading(message)),
            Code::PossiblyUndefinedVariable => Some("some way to this state does not assign it".into()),
            Code::NotYetSupported => {
                Some("no fault of the definition: this version of gradus does not run it".into())
            }
            _ => None,
        }
    }

    /// A state with nearly this name in the block where a transition stands.
    fn target(&mut self, pointer: &str, name: &str) -> Option<String> {
        self.searches += 1;
        if self.searches > MAX_SEARCHES {
            return None;
        }
        let block = self.block(pointer)?;
        let names = block.keys().take(MAX_CANDIDATES).map(|name| &**name);
        closest(name, names).map(|name| format!("did you mean '{name}'?"))
    }

    /// The innermost `States` in whose reach a place lies.
    fn block(&self, pointer: &str) -> Option<&Object> {
        let mut value = self.definition.as_ref()?;
        let mut block = value.get("States");
        for token in pointer.split('/').skip(1) {
            let name = token.replace("~1", "/").replace("~0", "~");
            let next = match value {
                Value::Array(items) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
                other => other.get(&name),
            };
            let Some(next) = next else {
                break;
            };
            value = next;
            block = value.get("States").or(block);
        }
        block?.as_object()
    }
}

/// For a field that an object cannot have: who can have it, or what it may be a slip for.
fn field(message: &str) -> Option<String> {
    let name = message.strip_prefix("Field '")?.strip_suffix("' is not supported")?;
    let kinds: Vec<&str> = state_fields().filter(|(_, field)| *field == name).map(|(kind, _)| kind).collect();
    if !kinds.is_empty() {
        return Some(format!("only these can have it: {}", kinds.join(", ")));
    }
    closest(name, state_fields().map(|(_, field)| field)).map(|name| format!("did you mean '{name}'?"))
}

/// What a message means that says little by itself.
fn reading(message: &str) -> Option<String> {
    let starts = |start: &str| message.starts_with(start);
    Some(
        match () {
            () if starts("The value for the field '") => {
                "a key that ends in .$ takes a path or a call, such as \"$.a\" or \"States.UUID()\""
            }
            () if starts("String does not match RFC3339") => "such as 2024-08-18T17:33:00Z",
            () if starts("States.ALL must appear alone") => {
                "put States.ALL into an entry of its own, behind the others"
            }
            () if starts("This object should have only one of the following fields: [Next, End]") => {
                "say where it goes on with Next, or \"End\": true"
            }
            () if starts("JSONata string must start") => "there is {% without %}, or text around it",
            () => return None,
        }
        .into(),
    )
}

/// The candidate that differs least from a name, if it differs little.
fn closest<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let folded = name.to_lowercase();
    let near = |candidate: &'c str| {
        let edits = edits(&folded, &candidate.to_lowercase());
        // Short names differ in little anyway.
        (edits <= MAX_EDITS.min(name.chars().count() / 2)).then_some((edits, candidate))
    };
    candidates.filter_map(near).min_by_key(|(edits, _)| *edits).map(|(_, candidate)| candidate)
}

/// How many characters must be put in, taken out or replaced to make one text of another; something
/// above [`MAX_EDITS`] where their lengths alone say that it is more.
fn edits(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > MAX_EDITS {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, from) in one.iter().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (to, cell) in other.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(from != to);
            diagonal = *cell;
            *cell = replaced.min(diagonal + 1).min(left + 1);
            left = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_right_names() {
        let candidates = ["Check order", "Ship", "S", "Abc", "Größe"];
        let cases = [
            ("Check ordr", Some("Check order")),
            ("check order", Some("Check order")),
            ("Chekc order", Some("Check order")),
            ("Check", None),
            ("Shop", Some("Ship")),
            ("T", None),
            ("Xyz", None),
            ("grösse", Some("Größe")),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(closest(name, candidates.into_iter()), expected, "{name}");
        }
    }

    #[test]
    fn distances() {
        for (one, other, expected) in [
            ("", "", 0),
            ("ab", "", 2),
            ("abc", "abd", 1),
            ("abc", "bc", 1),
            ("ab", "ba", 2),
            ("a", "abcd", usize::MAX),
        ] {
            assert_eq!(edits(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn fields_of_other_states() {
        for (message, expected) in [
            ("Field 'Retry' is not supported", Some("only these can have it: Task, Parallel, Map")),
            ("Field 'Resurce' is not supported", Some("did you mean 'Resource'?")),
            ("Field 'nothing of this' is not supported", None),
            ("Value cannot be empty", None),
        ] {
            assert_eq!(field(message).as_deref(), expected, "{message}");
        }
    }
}
