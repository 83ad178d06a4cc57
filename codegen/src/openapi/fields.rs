use serde::Serialize;

use super::Language;
use crate::diagnostic::{Problem, Reported, Sink, code};
use crate::source::{Node, Object, Span, Tree, Value};

/// What every reader needs.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The values.
    pub tree: &'a Tree<'a>,
    /// Where defects go.
    pub sink: &'a Sink,
    /// Where the languages differ in what the same words mean.
    pub language: Language,
}

impl<'a> Reading<'a> {
    /// Of these values, in the language that their root names.
    #[must_use]
    pub fn new(tree: &'a Tree<'a>, sink: &'a Sink) -> Self {
        Self { tree, sink, language: Language::of(tree.root()) }
    }
}

/// A text and where it stands.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Text {
    /// The text.
    pub value: String,
    /// Its place.
    #[serde(skip)]
    pub span: Span,
}

/// The members of an object of the specification.
///
/// Two kinds of access: what only documents (`text`, `flag`) is warned about and taken as absent when it has the wrong
/// type; what carries meaning (`string`, `array`, …) fails.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    reading: Reading<'a>,
    /// The object.
    pub node: &'a Node,
    object: &'a Object,
    what: &'static str,
}

impl<'a> Fields<'a> {
    /// Looks at `node`; `what` names the object in messages: `a parameter`.
    ///
    /// # Errors
    /// If it isn't an object.
    pub fn of(reading: Reading<'a>, node: &'a Node, what: &'static str) -> Result<Self, Reported> {
        match node.as_object() {
            Some(object) => Ok(Self { reading, node, object, what }),
            None => {
                let message = format!("{what} must be an object, this is {}", node.kind());
                Err(Problem::new(code::WRONG_TYPE, node.span, message).report(reading.sink))
            }
        }
    }

    /// Where the object begins.
    #[must_use]
    pub fn span(&self) -> Span {
        self.node.span
    }

    /// A member as it stands; `null` is nothing.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.object.get(key).filter(|node| !node.is_null())
    }

    /// Words for a reader.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        let node = self.get(key)?;
        self.scalar_text(node).or_else(|| {
            self.ignore(key, node, "a string");
            None
        })
    }

    /// A text with meaning. Numbers and booleans are taken as they are written, for YAML's sake.
    ///
    /// # Errors
    /// If it is something else.
    pub fn string(&self, key: &str) -> Result<Option<Text>, Reported> {
        let Some(node) = self.get(key) else { return Ok(None) };
        match self.scalar_text(node) {
            Some(value) => Ok(Some(Text { value, span: node.span })),
            None => Err(self.mistyped(key, node, "a string")),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// If it isn't, or is no text.
    pub fn required_string(&self, key: &str) -> Result<Text, Reported> {
        match self.string(key)? {
            Some(text) => Ok(text),
            None => Err(self.missing(key)),
        }
    }

    /// Says that a member is missing.
    pub fn missing(&self, key: &str) -> Reported {
        let message = format!("{} has no `{key}`", self.what);
        Problem::new(code::MISSING_MEMBER, self.span(), message).report(self.reading.sink)
    }

    /// `true` or `false`, absent being `None`. Texts that say so are taken, with a warning.
    #[must_use]
    pub fn flag(&self, key: &str) -> Option<bool> {
        let node = self.get(key)?;
        match &node.value {
            Value::Bool(value) => return Some(*value),
            Value::String(text) if text == "true" || text == "false" => {
                let message = format!("`{key}` must be a boolean, this is a string");
                Problem::new(code::REPAIRED_TYPE, node.span, message).report(self.reading.sink);
                return Some(text == "true");
            }
            _ => {}
        }
        self.ignore(key, node, "a boolean");
        None
    }

    /// A list; absent is empty, and anything else is its only element.
    #[must_use]
    pub fn array(&self, key: &str) -> &'a [Node] {
        let Some(node) = self.get(key) else { return &[] };
        node.as_array().unwrap_or_else(|| {
            let message = format!(
                "`{key}` of {} must be an array, this is {}; it is taken as the only element",
                self.what,
                node.kind()
            );
            Problem::new(code::REPAIRED_TYPE, node.span, message).report(self.reading.sink);
            std::slice::from_ref(node)
        })
    }

    /// An object, absent being `None`. An empty list is an empty object: languages that don't tell them apart write it.
    ///
    /// # Errors
    /// If it is something else.
    pub fn object(&self, key: &str) -> Result<Option<&'a Object>, Reported> {
        let Some(node) = self.get(key) else { return Ok(None) };
        match (&node.value, node.as_array()) {
            (Value::Object(object), _) => Ok(Some(object)),
            (_, Some([])) => {
                let message = format!("`{key}` of {} must be an object, this is an empty array", self.what);
                Problem::new(code::REPAIRED_TYPE, node.span, message).report(self.reading.sink);
                Ok(None)
            }
            _ => Err(self.mistyped(key, node, "an object")),
        }
    }

    /// Members of an object, without extensions; absent is none.
    ///
    /// # Errors
    /// If it isn't an object.
    pub fn entries(&self, key: &str) -> Result<impl Iterator<Item = (Text, &'a Node)> + use<'a>, Reported> {
        Ok(self.object(key)?.into_iter().flat_map(entries))
    }

    /// All its members but extensions, of an object whose names are data.
    pub fn all(&self) -> impl Iterator<Item = (Text, &'a Node)> + use<'a> {
        self.node.as_object().into_iter().flat_map(entries)
    }

    /// `description`, `summary` and the like, and `externalDocs`.
    #[must_use]
    pub fn docs(&self) -> crate::ir::Docs {
        let external = self.get("externalDocs").and_then(|docs| docs.get("url")).and_then(Node::as_str);
        crate::ir::Docs {
            summary: self.text("summary").or_else(|| self.text("title")),
            description: self.text("description"),
            deprecated: self.flag("deprecated").unwrap_or(false),
            example: self.get("example").or_else(|| self.first_example()).map(Node::to_json),
            external_url: external.map(str::to_owned),
        }
    }

    /// Of `examples`: a list in schemas of 3.1, elsewhere an object of objects.
    fn first_example(&self) -> Option<&'a Node> {
        match &self.get("examples")?.value {
            Value::Array(examples) => examples.first(),
            Value::Object(examples) => examples.iter().next()?.value.get("value"),
            _ => None,
        }
    }

    fn scalar_text(&self, node: &Node) -> Option<String> {
        match &node.value {
            Value::String(text) => Some(text.clone()),
            // As written: the number 1.10 is the version "1.10", not "1.1".
            Value::Number(_) | Value::Bool(_) => {
                Some(self.reading.tree.sources().slice(node.span).to_owned())
            }
            _ => None,
        }
    }

    fn ignore(&self, key: &str, node: &Node, expected: &str) {
        let message =
            format!("`{key}` of {} must be {expected}, this is {}; it is ignored", self.what, node.kind());
        Problem::new(code::IGNORED_MEMBER, node.span, message).report(self.reading.sink);
    }

    fn mistyped(&self, key: &str, node: &Node, expected: &str) -> Reported {
        let message = format!("`{key}` of {} must be {expected}, this is {}", self.what, node.kind());
        Problem::new(code::WRONG_TYPE, node.span, message).report(self.reading.sink)
    }
}

/// The members of an object, without extensions.
pub(crate) fn entries(object: &Object) -> impl Iterator<Item = (Text, &Node)> {
    object
        .iter()
        .filter(|member| !member.key.starts_with("x-"))
        .map(|member| (Text { value: member.key.clone(), span: member.key_span }, &member.value))
}
