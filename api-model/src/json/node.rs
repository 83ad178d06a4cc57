use super::Json;
use super::object::Object;
use super::refusal::Refusal;
use super::tape::{ELSEWHERE, Entry, FORMS, Kind, Tape};
use crate::Validate;

/// A value of a JSON text that has been read, to be looked at as often as needed.
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    pub(super) tape: &'d Tape<'d>,
    pub(super) index: usize,
    pub(super) mode: Mode,
    pub(super) view: View,
}

/// What an untyped text is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Whatever the type asks for.
    Open,
    /// What it would be in JSON, if it is a number or a boolean there.
    Json,
    /// A string.
    Text,
}

/// How much is asked of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// What can be understood is taken: a client survives a server that is newer, or wrong.
    Lenient,
    /// What the document forbids is refused.
    Strict,
    /// As strict, and unlisted values of enumerations are refused at once: it decides between alternatives.
    Probing,
}

/// One alternative of a union: reads it, and says which it is.
pub type Alternative<T> = for<'d> fn(Node<'d>) -> Result<T, Refusal>;

/// How many alternatives of a union a value may fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// `oneOf`: exactly one. With several, the value is refused where the document's word is law: on the server.
    One,
    /// `anyOf`: one or more.
    Any,
}

impl<'d> Node<'d> {
    pub(super) fn root(tape: &'d Tape<'d>, mode: Mode) -> Self {
        Self { tape, index: 0, mode, view: View::Open }
    }

    pub(super) fn entry(self) -> Entry {
        self.tape.entries[self.index]
    }

    pub(super) fn kind(self) -> Kind {
        match (self.entry().kind, self.view) {
            (Kind::Untyped, View::Text) => Kind::MadeText,
            (Kind::Untyped, View::Json) => match self.tape.characters(self.entry()) {
                "true" => Kind::True,
                "false" => Kind::False,
                text if super::number::is_number(text) => Kind::MadeNumber,
                _ => Kind::Untyped,
            },
            (kind, _) => kind,
        }
    }

    /// One form of a text that has several.
    fn form(self, wanted: u32) -> Option<Self> {
        let mut index = self.index + 1;
        for form in FORMS {
            if self.entry().from & form != 0 {
                if form == wanted {
                    return Some(Self { index, view: View::Open, ..self });
                }
                index = self.tape.behind(index);
            }
        }
        None
    }

    fn text_form(self) -> Option<Self> {
        if self.kind() == Kind::Forms { self.form(FORMS[0]) } else { None }
    }

    /// The forms in which a value of unknown type is looked at, the most particular first: an object, a list, a number or
    /// a boolean, a text. What isn't untyped has one.
    pub(super) fn forms(self) -> Vec<Self> {
        match self.entry().kind {
            Kind::Untyped if self.view == View::Open => {
                [View::Json, View::Text].into_iter().map(|view| Self { view, ..self }).collect()
            }
            Kind::Forms => {
                let [text, list, object] = FORMS.map(|form| self.form(form));
                let count = |node: &Self| node.entry().from;
                let mut forms = Vec::new();
                forms.extend(object.filter(|object| count(object) > 0));
                forms.extend(list.filter(|list| {
                    count(list) != 1 && (text.is_some() || object.is_none_or(|object| count(&object) == 0))
                }));
                forms.extend(text.into_iter().flat_map(Self::forms));
                forms.extend(list);
                forms.extend(object);
                forms
            }
            _ => vec![self],
        }
    }

    /// Whether what the document forbids is refused; otherwise what can be understood is taken.
    #[must_use]
    pub fn is_strict(self) -> bool {
        self.mode >= Mode::Strict
    }

    /// Whether alternatives are being told apart, so that an enumeration should refuse values that it doesn't list.
    #[must_use]
    pub fn is_probing(self) -> bool {
        self.mode == Mode::Probing
    }

    /// Whether the value is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// What the value is, with its article: for messages.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self.kind() {
            Kind::Null => "null",
            Kind::False | Kind::True => "a boolean",
            Kind::Number | Kind::MadeNumber => "a number",
            Kind::Text | Kind::MadeText | Kind::Untyped => "a string",
            Kind::Array => "a list",
            Kind::Object => "an object",
            Kind::Forms if self.entry().from & FORMS[0] != 0 => "a text",
            Kind::Forms if self.entry().from & FORMS[1] != 0 => "a list",
            Kind::Forms => "an object",
        }
    }

    /// The refusal of a value that should have been `expected`.
    #[cold]
    #[must_use]
    pub fn refuse(self, expected: &str) -> Refusal {
        if let Some(text) = self.text_form() {
            return text.refuse(expected);
        }
        let is = match self.kind() {
            Kind::Number | Kind::MadeNumber | Kind::Untyped if self.entry().to - self.entry().from < 40 => {
                format!("`{}`", self.tape.characters(self.entry()))
            }
            _ => self.describe().to_owned(),
        };
        self.fault(format!("{expected} is expected, this is {is}"))
    }

    #[cold]
    pub(super) fn fault(self, message: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
        match self.entry().at {
            ELSEWHERE => Refusal::new(message),
            at => Refusal::new(message).at(at),
        }
    }

    /// Reads the value as one of type `T`.
    ///
    /// # Errors
    /// If it isn't.
    pub fn read<T: Json>(self) -> Result<T, Refusal> {
        T::read(self)
    }

    /// The text that the value is.
    ///
    /// # Errors
    /// If it is none.
    pub fn text(self) -> Result<&'d str, Refusal> {
        match self.kind() {
            Kind::Text | Kind::MadeText | Kind::Untyped => Ok(self.tape.characters(self.entry())),
            Kind::Forms if let Some(text) = self.form(FORMS[0]) => text.text(),
            _ => Err(self.refuse("a string")),
        }
    }

    /// The number that the value is, as it is written.
    ///
    /// # Errors
    /// If it is none. The message says that `expected` is.
    pub(super) fn number(self, expected: &str) -> Result<&'d str, Refusal> {
        match self.kind() {
            Kind::Number | Kind::MadeNumber | Kind::Untyped => Ok(self.tape.characters(self.entry())),
            Kind::Forms if let Some(text) = self.form(FORMS[0]) => text.number(expected),
            _ => Err(self.refuse(expected)),
        }
    }

    /// The elements of the list that the value is. What stands alone in a form is a list of one.
    ///
    /// # Errors
    /// If it is none.
    pub fn items(self) -> Result<Items<'d>, Refusal> {
        match self.kind() {
            Kind::Array => Ok(Items { parent: self, next: self.index + 1, left: self.entry().from as usize }),
            Kind::Untyped => Ok(Items { parent: self, next: self.index, left: 1 }),
            Kind::Forms if let Some(list) = self.form(FORMS[1]) => list.items(),
            Kind::Forms if let Some(text) = self.form(FORMS[0]) => text.items(),
            _ => Err(self.refuse("a list")),
        }
    }

    /// The object that the value is.
    ///
    /// # Errors
    /// If it is none.
    pub fn object(self) -> Result<Object<'d>, Refusal> {
        match self.kind() {
            Kind::Object => Ok(Object::new(self)),
            Kind::Forms if let Some(object) = self.form(FORMS[2]) => object.object(),
            _ => Err(self.refuse("an object")),
        }
    }

    /// The text of a member that tells the alternatives of a union apart.
    #[must_use]
    pub fn tag(self, member: &str) -> Option<&'d str> {
        self.object().ok()?.peek(member)?.text().ok()
    }

    /// The refusal of an object whose discriminating member names no alternative.
    #[cold]
    #[must_use]
    pub fn unknown_tag(self, member: &str) -> Refusal {
        match self.tag(member) {
            Some(tag) => self.fault(format!("no alternative has `{tag}` as its `{member}`")),
            None if self.kind() == Kind::Object => {
                self.fault(format!("the member `{member}` is missing, or is no string"))
            }
            None => self.refuse("an object"),
        }
    }

    /// Reads the value as the alternative of a union that fits it.
    ///
    /// An alternative fits if it can be read strictly and its value is valid. Among several the one wins that passes over
    /// the fewest members, then the first. A lenient reader whose value fits none takes the one that can be read at all.
    ///
    /// # Errors
    /// If none can be read; if the reader is strict, also when none fits, or several do where one should.
    pub fn alternative<T: Validate>(self, fit: Fit, alternatives: &[Alternative<T>]) -> Result<T, Refusal> {
        if let Kind::Untyped | Kind::Forms = self.kind() {
            let mut first = None;
            for form in self.forms() {
                // Strictly, so that a text doesn't hide a later form that fits.
                let strict = Self { mode: self.mode.max(Mode::Strict), ..form };
                match strict.one_alternative(fit, alternatives) {
                    Ok(value) => return Ok(value),
                    Err(refusal) => first.get_or_insert(refusal),
                };
            }
            return Err(first.unwrap_or_else(|| self.refuse("another value")));
        }
        self.one_alternative(fit, alternatives)
    }

    fn one_alternative<T: Validate>(self, fit: Fit, alternatives: &[Alternative<T>]) -> Result<T, Refusal> {
        let mut fitting = 0;
        let mut best: Option<(u32, T)> = None;
        let mut reason: Option<Refusal> = None;
        for alternative in alternatives {
            let (passed_over, value) = self.attempt(Mode::Probing, *alternative)?;
            let value = value.and_then(|value| match value.check() {
                Ok(()) => Ok(value),
                Err(violations) => Err(self.fault(violations.to_string())),
            });
            match value {
                Ok(value) => {
                    fitting += 1;
                    if best.as_ref().is_none_or(|(least, _)| passed_over < *least) {
                        best = Some((passed_over, value));
                    }
                }
                Err(refusal) if reason.as_ref().is_none_or(|known| refusal.depth() > known.depth()) => {
                    reason = Some(refusal);
                }
                Err(_) => {}
            }
        }
        if fitting > 1 && fit == Fit::One && self.is_strict() {
            return Err(self.fault(format!("{fitting} alternatives fit, where exactly one should")));
        }
        if best.is_none() && !self.is_strict() {
            for alternative in alternatives {
                let (passed_over, value) = self.attempt(Mode::Lenient, *alternative)?;
                if let Ok(value) = value
                    && best.as_ref().is_none_or(|(least, _)| passed_over < *least)
                {
                    best = Some((passed_over, value));
                }
            }
        }
        match (best, reason) {
            (Some((passed_over, value)), _) => {
                self.tape.passed_over.set(self.tape.passed_over.get() + passed_over);
                Ok(value)
            }
            (None, Some(reason)) if reason.depth() > 0 || alternatives.len() == 1 => Err(reason),
            (None, Some(reason)) => {
                Err(self.fault(format!("no alternative fits {}: {}", self.describe(), reason.message())))
            }
            (None, None) => Err(self.fault("no value is allowed here")),
        }
    }

    /// The outcome of one alternative, and how many members it passed over.
    fn attempt<T>(
        self,
        mode: Mode,
        alternative: Alternative<T>,
    ) -> Result<(u32, Result<T, Refusal>), Refusal> {
        if !self.tape.attempt() {
            return Err(self.fault("the alternatives are too ambiguous to be told apart"));
        }
        let before = self.tape.passed_over.replace(0);
        let outcome = alternative(Self { mode, ..self });
        Ok((self.tape.passed_over.replace(before), outcome))
    }

    /// The value without its spelling: equal values give equal texts, whatever the order of members and however their
    /// numbers are written.
    pub(super) fn canonical(self, out: &mut String) {
        match self.kind() {
            Kind::Null => out.push_str("null"),
            Kind::False => out.push_str("false"),
            Kind::True => out.push_str("true"),
            Kind::Number | Kind::MadeNumber => {
                super::number::canonical(self.tape.characters(self.entry()), out)
            }
            Kind::Text | Kind::MadeText | Kind::Untyped => {
                // The length keeps neighbours apart.
                let text = self.tape.characters(self.entry());
                out.push_str(&format!("{}\"", text.len()));
                out.push_str(text);
            }
            Kind::Forms => self.forms().into_iter().take(1).for_each(|form| form.canonical(out)),
            Kind::Array => {
                out.push('[');
                for item in self.items().into_iter().flatten() {
                    item.canonical(out);
                    out.push(',');
                }
                out.push(']');
            }
            Kind::Object => {
                let mut members: Vec<_> = self.object().into_iter().flat_map(Object::all).collect();
                members.sort_by_key(|(name, _)| *name);
                out.push('{');
                for (name, value) in members {
                    out.push_str(&format!("{}\"{name}:", name.len()));
                    value.canonical(out);
                    out.push(',');
                }
                out.push('}');
            }
        }
    }
}

/// The elements of a list.
#[derive(Clone, Debug)]
pub struct Items<'d> {
    parent: Node<'d>,
    next: usize,
    left: usize,
}

impl<'d> Iterator for Items<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        self.left = self.left.checked_sub(1)?;
        let node = Node { index: self.next, ..self.parent };
        self.next = node.tape.behind(self.next);
        Some(node)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
