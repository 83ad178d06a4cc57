use std::borrow::Cow;

use super::DecodeError;

/// Why a value isn't of the type that it was read as, and where.
#[derive(Clone, Debug)]
pub struct Refusal(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    /// From the innermost step outwards.
    steps: Vec<Step>,
    message: Cow<'static, str>,
    offset: Option<u32>,
    syntax: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Index(usize),
}

impl Refusal {
    /// A refusal of the value that is being read. The message doesn't name the place.
    #[cold]
    #[must_use]
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { steps: Vec::new(), message: message.into(), offset: None, syntax: false }))
    }

    #[cold]
    pub(super) fn syntax(message: &'static str, offset: usize) -> Self {
        let mut refusal = Self::new(message);
        refusal.0.offset = u32::try_from(offset).ok();
        refusal.0.syntax = true;
        refusal
    }

    /// Adds where the value stands in the text, unless something inside it has said so.
    #[cold]
    pub(super) fn at(mut self, offset: u32) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    #[cold]
    pub(super) fn inside_member(mut self, name: &str) -> Self {
        self.0.steps.push(Step::Member(name.to_owned()));
        self
    }

    #[cold]
    pub(super) fn inside_index(mut self, index: usize) -> Self {
        self.0.steps.push(Step::Index(index));
        self
    }

    /// How far inside the value it happened, and what: the alternative that came furthest explains a union best.
    pub(super) fn depth(&self) -> usize {
        self.0.steps.len()
    }

    pub(super) fn message(&self) -> &str {
        &self.0.message
    }
}

impl From<Refusal> for DecodeError {
    fn from(refusal: Refusal) -> Self {
        let Inner { steps, message, offset, syntax } = *refusal.0;
        let mut path = String::new();
        for step in steps.iter().rev() {
            match step {
                Step::Member(name) => {
                    path.push('/');
                    path.push_str(&name.replace('~', "~0").replace('/', "~1"));
                }
                Step::Index(index) => path.push_str(&format!("/{index}")),
            }
        }
        Self { path, message: message.into_owned(), offset: offset.map(|offset| offset as usize), syntax }
    }
}
