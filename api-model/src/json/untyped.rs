use indexmap::IndexMap;

use super::node::Mode;
use super::tape::{FORMS, Kind, Tape};
use super::{Json, Node, Refusal};
use crate::Any;

/// What stands on the wire where everything is text, in every way in which it may be taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Untyped {
    /// As one text.
    pub(crate) whole: Option<String>,
    /// As a list; `None` for a member or an element, which can only be a list as JSON.
    pub(crate) list: Option<Vec<String>>,
    /// As an object, if it can be one.
    pub(crate) members: Option<IndexMap<String, Untyped>>,
}

impl Untyped {
    /// A member's value or a list's element.
    pub(crate) fn leaf(text: String) -> Self {
        Self { whole: Some(text), list: None, members: None }
    }

    /// An empty list or object.
    pub(crate) fn nothing() -> Self {
        Self { whole: None, list: Some(Vec::new()), members: Some(IndexMap::new()) }
    }

    /// Reads a value: what a text means is what the type asks for. To a union, which doesn't say what it wants to see, an
    /// object is offered before a list, and that before a number or a boolean, and that before a text.
    pub(crate) fn read<T: Json>(&self) -> Result<T, Refusal> {
        self.read_in(Mode::Lenient)
    }

    /// As [`read`](Self::read), and what the document forbids is refused.
    pub(crate) fn read_strict<T: Json>(&self) -> Result<T, Refusal> {
        self.read_in(Mode::Strict)
    }

    fn read_in<T: Json>(&self, mode: Mode) -> Result<T, Refusal> {
        let mut tape = Tape::default();
        self.push(&mut tape)?;
        T::read(Node::root(&tape, mode))
    }

    fn push(&self, tape: &mut Tape<'_>) -> Result<(), Refusal> {
        // A list or an object may also be written as JSON.
        let json = match &self.whole {
            Some(text) if text.starts_with(['[', '{']) => serde_json::from_str::<Any>(text).ok(),
            _ => None,
        };
        let opened = tape.open(Kind::Forms);
        let mut forms = 0;
        if let Some(text) = &self.whole {
            tape.made(Kind::Untyped, text)?;
            forms |= FORMS[0];
        }
        let is_list =
            |list: &&Vec<String>| !list.is_empty() || self.whole.is_some() || self.members.is_none();
        match (self.list.as_ref().filter(is_list), &json, &self.members) {
            (Some(list), _, _) => {
                let array = tape.open(Kind::Array);
                for text in list {
                    Self::leaf(text.clone()).push(tape)?;
                }
                tape.close(array, list.len())?;
                forms |= FORMS[1];
            }
            (None, Some(Any::Array(_)), _) => {
                append(tape, &json)?;
                forms |= FORMS[1];
            }
            (None, _, Some(members)) => {
                let array = tape.open(Kind::Array);
                for value in members.values() {
                    value.push(tape)?;
                }
                tape.close(array, members.len())?;
                forms |= FORMS[1];
            }
            _ => {}
        }
        let is_empty = self.members.as_ref().is_none_or(IndexMap::is_empty);
        if is_empty && let Some(Any::Object(_)) = json {
            append(tape, &json)?;
            forms |= FORMS[2];
        } else if let Some(members) = &self.members {
            let object = tape.open(Kind::Object);
            for (name, value) in members {
                tape.made(Kind::MadeText, name)?;
                value.push(tape)?;
            }
            tape.close(object, members.len())?;
            forms |= FORMS[2];
        }
        tape.close(opened, forms as usize)
    }
}

fn append(tape: &mut Tape<'_>, json: &Option<Any>) -> Result<(), Refusal> {
    super::bridge::append(tape, json.clone().unwrap_or_default())
        .map_err(|error| Refusal::new(error.to_string()))
}
