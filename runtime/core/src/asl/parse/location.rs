//! Where in the document the parser stands: a chain of borrowed steps, spelled out only for a fault.

use crate::expr::query;

/// A place in the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location<'a> {
    parent: Option<&'a Location<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// No step: the whole.
    Document,
    /// To a member of an object.
    Field(&'a str),
    /// To an element of an array.
    Item(usize),
    /// Several steps, one after the other.
    Way(&'a [Step<'a>]),
}

impl<'a> From<query::Step<'a>> for Step<'a> {
    fn from(step: query::Step<'a>) -> Step<'a> {
        match step {
            query::Step::Member(name) => Step::Field(name),
            query::Step::Item(index) => Step::Item(index),
        }
    }
}

impl<'a> Location<'a> {
    /// The whole document.
    pub(super) const DOCUMENT: Location<'static> = Location { parent: None, step: Step::Document };

    /// A member of the object that stands here.
    pub(super) fn field(&'a self, name: &'a str) -> Location<'a> {
        Location { parent: Some(self), step: Step::Field(name) }
    }

    /// An element of the array that stands here.
    pub(super) fn item(&'a self, index: usize) -> Location<'a> {
        Location { parent: Some(self), step: Step::Item(index) }
    }

    /// A value somewhere inside what stands here.
    pub(super) fn inside(&'a self, way: &'a [Step<'a>]) -> Location<'a> {
        Location { parent: Some(self), step: Step::Way(way) }
    }

    /// The service's form: `/States/A/Choices[0]/Next`, and `/` for the document.
    pub(super) fn path(&self) -> String {
        match self.step {
            Step::Document => "/".to_owned(),
            _ => self.spell(|text, step| match step {
                Step::Document | Step::Way(_) => {}
                Step::Field(name) => {
                    text.push('/');
                    text.push_str(name);
                }
                Step::Item(index) => text.push_str(&format!("[{index}]")),
            }),
        }
    }

    /// The same place as a JSON pointer (RFC 6901).
    pub(super) fn pointer(&self) -> String {
        self.spell(|text, step| match step {
            Step::Document | Step::Way(_) => {}
            Step::Field(name) => {
                text.push('/');
                text.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Step::Item(index) => text.push_str(&format!("/{index}")),
        })
    }

    /// Writes the steps from the document down to here.
    fn spell(&self, write: impl Fn(&mut String, Step<'_>)) -> String {
        let steps: Vec<_> = std::iter::successors(Some(self), |location| location.parent).collect();
        let mut text = String::new();
        for location in steps.into_iter().rev() {
            match location.step {
                Step::Way(way) => way.iter().for_each(|step| write(&mut text, *step)),
                step => write(&mut text, step),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelled_both_ways() {
        let document = Location::DOCUMENT;
        let states = document.field("States");
        let state = states.field("a/b~c");
        let choices = state.field("Choices");
        let rule = choices.item(12);
        let next = rule.field("Next");
        let way = [Step::Field("a/b"), Step::Item(0)];
        let inside = rule.inside(&way);
        let cases = [
            (inside, "/States/a/b~c/Choices[12]/a/b[0]", "/States/a~1b~0c/Choices/12/a~1b/0"),
            (document, "/", ""),
            (states, "/States", "/States"),
            (next, "/States/a/b~c/Choices[12]/Next", "/States/a~1b~0c/Choices/12/Next"),
        ];
        for (location, path, pointer) in cases {
            assert_eq!((location.path().as_str(), location.pointer().as_str()), (path, pointer));
        }
    }
}
