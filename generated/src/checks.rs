//! The constraints of the model, collected and told in the words of the service.
//!
//! A check that holds costs a comparison and allocates nothing; text is made for a violation alone. Knows no JSON.
//! Source of the texts: recorded from this service and from others with the same front end.

use crate::wire::Enumeration;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// How many violations are listed at most. The service seems to stop at ten as well; without an end a list of many
/// bad elements would make an answer far larger than its request.
const MOST: usize = 10;

/// What a secret looks like where a structure around it is shown. The service's own mark is not known.
const REDACTED: &str = "***Sensitive Data Redacted***";

/// What `Debug` shows of a sensitive member.
pub(crate) const HIDDEN: &str = "*** sensitive ***";

/// The constraints that a structure breaks; at least one, at most ten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(Vec<String>);

impl Violations {
    /// A required member is absent.
    #[must_use]
    pub fn missing(member: &str) -> Self {
        Self(vec![format!("Value null at '{member}' failed to satisfy constraint: Member must not be null")])
    }

    /// Each violation: `Value '...' at '...' failed to satisfy constraint: ...`.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// The message of the `ValidationException`.
impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 { "" } else { "s" };
        write!(f, "{} validation error{plural} detected: {}", self.0.len(), self.0.join("; "))
    }
}

impl std::error::Error for Violations {}

/// Violations so far, and the place in the input that is looked at.
#[derive(Debug, Default)]
pub struct Checks {
    path: String,
    found: Vec<String>,
}

impl Checks {
    /// Looks at a member by its name on the wire.
    pub fn member<'a, T>(&'a mut self, name: &'static str, value: Option<&'a T>) -> Member<'a, T> {
        Member { checks: self, name, value, secret: false }
    }

    /// As [`member`](Self::member), for a value that no message may show.
    pub fn secret<'a, T>(&'a mut self, name: &'static str, value: Option<&'a T>) -> Member<'a, T> {
        Member { checks: self, name, value, secret: true }
    }

    /// Whether all constraints held.
    ///
    /// # Errors
    /// What did not.
    pub fn finish(self) -> Result<(), Violations> {
        if self.found.is_empty() { Ok(()) } else { Err(Violations(self.found)) }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= MOST
    }

    /// Looks at what lies one step deeper; `step` is only written down for the time of the look.
    fn within(&mut self, step: fmt::Arguments<'_>, inner: &impl Constrained) {
        let length = self.path.len();
        // Writing into a string cannot fail.
        let _ = write!(self.path, "{step}.");
        inner.check(self);
        self.path.truncate(length);
    }
}

/// A structure whose members have constraints.
pub trait Constrained {
    /// Checks each member, in the order of the model.
    fn check(&self, checks: &mut Checks);
}

/// A constraint on a text.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// A pattern.
    Pattern(Pattern),
    /// The greatest length in UTF-16 units, which is how Java counts.
    MaxLength(usize),
    /// The least length in UTF-16 units.
    MinLength(usize),
    /// The greatest size in bytes of UTF-8.
    MaxBytes(usize),
    /// The names of a set.
    OneOf(&'static [&'static str]),
}

impl Rule {
    fn holds(self, text: &str) -> bool {
        match self {
            Self::Pattern(pattern) => pattern.matches(text),
            // There are never more units than bytes, nor less than a third as many: most texts need no counting.
            Self::MaxLength(most) => text.len() <= most || text.encode_utf16().count() <= most,
            Self::MinLength(least) => text.len() / 3 >= least || text.encode_utf16().count() >= least,
            Self::MaxBytes(most) => text.len() <= most,
            Self::OneOf(names) => names.contains(&text),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => {
                write!(f, "Member must satisfy regular expression pattern: {}", pattern.text)
            }
            Self::MaxLength(most) => write!(f, "Member must have length less than or equal to {most}"),
            Self::MinLength(least) => write!(f, "Member must have length greater than or equal to {least}"),
            Self::MaxBytes(most) => {
                write!(f, "Member must have size less than or equal to {most} bytes in UTF-8 encoding")
            }
            Self::OneOf(names) => write!(f, "Member must satisfy enum value set: [{}]", names.join(", ")),
        }
    }
}

/// Characters, as inclusive ranges.
pub type Class = &'static [(char, char)];

/// A regular expression, translated when the crate was built: these few kinds need no engine.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// The pattern as the model writes it.
    pub text: &'static str,
    /// Each character is one of these.
    pub each: Class,
    /// Of each of these, some character is there.
    pub some: &'static [Class],
    /// The empty text matches.
    pub may_be_empty: bool,
}

impl Pattern {
    /// Whether all of the text matches.
    fn matches(self, text: &str) -> bool {
        let within = |class: Class, c: char| class.iter().any(|&(first, last)| (first..=last).contains(&c));
        (self.may_be_empty || !text.is_empty())
            && text.chars().all(|c| within(self.each, c))
            && self.some.iter().all(|class| text.chars().any(|c| within(class, c)))
    }
}

/// One member under check.
#[derive(Debug)]
pub struct Member<'a, T> {
    checks: &'a mut Checks,
    name: &'static str,
    value: Option<&'a T>,
    secret: bool,
}

impl<T> Member<'_, T> {
    /// The member must be there.
    pub fn required(mut self) -> Self {
        if self.value.is_none() {
            let value = if self.secret { "Value" } else { "Value null" };
            self.report(value, &"Member must not be null");
        }
        self
    }

    fn report(&mut self, value: &str, constraint: &dyn fmt::Display) {
        if !self.checks.is_full() {
            let (path, name) = (&self.checks.path, self.name);
            let text = format!("{value} at '{path}{name}' failed to satisfy constraint: {constraint}");
            self.checks.found.push(text);
        }
    }
}

impl<T: Show> Member<'_, T> {
    fn violate(&mut self, constraint: &dyn fmt::Display) {
        let mut value = "Value".to_owned();
        if let (Some(shown), false) = (self.value, self.secret) {
            value.push_str(" '");
            shown.show(&mut value);
            value.push('\'');
        }
        self.report(&value, constraint);
    }
}

impl<T: Text + Show> Member<'_, T> {
    /// A text must keep each rule.
    pub fn rules(mut self, rules: &[Rule]) {
        let Some(text) = self.value.map(Text::text) else { return };
        for rule in rules.iter().filter(|rule| !rule.holds(text)) {
            self.violate(rule);
        }
    }
}

impl<T: PartialOrd + fmt::Display + Show> Member<'_, T> {
    /// A number must lie between these bounds, both included.
    pub fn range(mut self, least: Option<T>, most: Option<T>) {
        let Some(value) = self.value else { return };
        if let Some(most) = most.filter(|most| value > most) {
            self.violate(&format_args!("Member must have value less than or equal to {most}"));
        }
        if let Some(least) = least.filter(|least| value < least) {
            self.violate(&format_args!("Member must have value greater than or equal to {least}"));
        }
    }
}

impl<T: Show> Member<'_, Vec<T>> {
    /// A list must have so many elements.
    pub fn size(mut self, least: usize, most: usize) -> Self {
        let count = self.value.map_or(least, Vec::len);
        if count > most {
            self.violate(&Rule::MaxLength(most));
        }
        if count < least {
            self.violate(&Rule::MinLength(least));
        }
        self
    }

    /// Each text of a list must keep each rule. A violation names all rules, and the list as a whole.
    pub fn each(mut self, rules: &[Rule])
    where
        T: Text,
    {
        if !self.value.is_none_or(|list| list.iter().all(|element| keeps(element, rules))) {
            self.violate(&format_args!("Member must satisfy constraint: [{}]", joined(rules)));
        }
    }

    /// Each structure of a list is checked as `name.1.member`, and so on.
    pub fn structures(self)
    where
        T: Constrained,
    {
        for (index, element) in self.value.into_iter().flatten().enumerate() {
            self.checks.within(format_args!("{}.{}.member", self.name, index + 1), element);
        }
    }
}

impl<T: Show> Member<'_, BTreeMap<String, T>> {
    /// A map must have so many entries.
    pub fn entries(mut self, least: usize, most: usize) -> Self {
        let count = self.value.map_or(least, BTreeMap::len);
        if count > most {
            self.violate(&Rule::MaxLength(most));
        }
        if count < least {
            self.violate(&Rule::MinLength(least));
        }
        self
    }

    /// Each key of a map must keep each rule.
    pub fn keys(mut self, rules: &[Rule]) -> Self {
        if !self.value.is_none_or(|map| map.keys().all(|key| keeps(key, rules))) {
            self.violate(&format_args!("Map keys must satisfy constraint: [{}]", joined(rules)));
        }
        self
    }

    /// Each text of a map must keep each rule.
    pub fn values(mut self, rules: &[Rule])
    where
        T: Text,
    {
        if !self.value.is_none_or(|map| map.values().all(|value| keeps(value, rules))) {
            self.violate(&format_args!("Map value must satisfy constraint: [{}]", joined(rules)));
        }
    }

    /// Each structure of a map is checked as `name.<key>.member`.
    pub fn structures_by_key(self)
    where
        T: Constrained,
    {
        for (key, value) in self.value.into_iter().flatten() {
            self.checks.within(format_args!("{}.{key}.member", self.name), value);
        }
    }
}

impl<T: Constrained> Member<'_, T> {
    /// A structure's own members are checked as `name.member`.
    pub fn structure(self) {
        if let Some(value) = self.value {
            self.checks.within(format_args!("{}", self.name), value);
        }
    }
}

fn keeps(text: &impl Text, rules: &[Rule]) -> bool {
    rules.iter().all(|rule| rule.holds(text.text()))
}

fn joined(rules: &[Rule]) -> String {
    rules.iter().map(Rule::to_string).collect::<Vec<_>>().join(", ")
}

/// What rules for texts apply to.
pub trait Text {
    /// The text as it stands on the wire.
    fn text(&self) -> &str;
}

impl Text for String {
    fn text(&self) -> &str {
        self
    }
}

impl<T: Enumeration> Text for T {
    fn text(&self) -> &str {
        self.as_str()
    }
}

/// How a value prints inside a message: as Java prints it.
pub trait Show {
    /// Appends the value.
    fn show(&self, out: &mut String);
}

impl<T: Text> Show for T {
    fn show(&self, out: &mut String) {
        out.push_str(self.text());
    }
}

macro_rules! show_with {
    ($form:literal, $($type:ty),*) => {$(
        impl Show for $type {
            fn show(&self, out: &mut String) {
                // Writing into a string cannot fail.
                let _ = write!(out, $form, self);
            }
        }
    )*};
}
show_with!("{}", bool, i32, i64);
show_with!("{:?}", f32);

impl<T: Show> Show for Vec<T> {
    fn show(&self, out: &mut String) {
        let mut separator = "[";
        for element in self {
            out.push_str(separator);
            element.show(out);
            separator = ", ";
        }
        out.push_str(if self.is_empty() { "[]" } else { "]" });
    }
}

impl<T: Show> Show for BTreeMap<String, T> {
    fn show(&self, out: &mut String) {
        let mut separator = "{";
        for (key, value) in self {
            out.push_str(separator);
            out.push_str(key);
            out.push('=');
            value.show(out);
            separator = ", ";
        }
        out.push_str(if self.is_empty() { "{}" } else { "}" });
    }
}

/// Prints a structure: `Name(a=1, b=null)`.
#[derive(Debug)]
pub struct Shown<'a> {
    out: &'a mut String,
    separator: &'static str,
}

impl<'a> Shown<'a> {
    /// Begins with the structure's name.
    pub fn new(out: &'a mut String, name: &str) -> Self {
        out.push_str(name);
        Self { out, separator: "(" }
    }

    /// Appends a member.
    #[must_use]
    pub fn member(self, name: &str, value: Option<&impl Show>) -> Self {
        self.out.push_str(self.separator);
        self.out.push_str(name);
        self.out.push('=');
        match value {
            Some(value) => value.show(self.out),
            None => self.out.push_str("null"),
        }
        Self { separator: ", ", ..self }
    }

    /// Appends a member whose value must not be shown.
    #[must_use]
    pub fn secret(self, name: &str, present: bool) -> Self {
        self.member(name, present.then(|| REDACTED.to_owned()).as_ref())
    }

    /// Closes the structure.
    pub fn end(self) {
        self.out.push(')');
    }
}
