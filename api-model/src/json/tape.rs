use std::cell::Cell;

use super::refusal::Refusal;

/// A JSON value, laid out flat: each value before what it holds, so that any of them can be visited again without
/// reading the text again.
///
/// Texts without escapes stay where they are; the others, and those that came from elsewhere, stand in `scratch`.
#[derive(Debug, Default)]
pub(crate) struct Tape<'t> {
    pub(super) text: &'t str,
    pub(super) scratch: String,
    pub(super) entries: Vec<Entry>,
    /// How many members were passed over by the types that have been read from here.
    pub(super) passed_over: Cell<u32>,
    /// How many alternatives of unions have been tried.
    pub(super) attempts: Cell<usize>,
}

/// The place in the text of what doesn't stand there.
pub(super) const ELSEWHERE: u32 = u32::MAX;

/// One value, or the name of a member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// Where it begins in the text; [`ELSEWHERE`] if it came from elsewhere.
    pub(super) at: u32,
    /// Where its characters begin; for a list or an object, how many elements or members it has.
    pub(super) from: u32,
    /// Where its characters end; for a list or an object, the entry behind its last one.
    pub(super) to: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    False,
    True,
    /// A number as it is written.
    Number,
    /// A string as it is written, between its quotes.
    Text,
    /// A number in `scratch`.
    MadeNumber,
    /// A string in `scratch`.
    MadeText,
    /// What a form or a query says in `scratch`: a string, unless a number or a boolean is expected.
    Untyped,
    /// A text in several forms: as it stands, as a list, as an object, in this order; `from` says which there are.
    Forms,
    Array,
    Object,
}

/// The bits of [`Kind::Forms`].
pub(super) const FORMS: [u32; 3] = [1, 2, 4];

impl Tape<'_> {
    pub(super) fn characters(&self, entry: Entry) -> &str {
        let place = entry.from as usize..entry.to as usize;
        let text = match entry.kind {
            Kind::Number | Kind::Text => self.text.get(place),
            Kind::MadeNumber | Kind::MadeText | Kind::Untyped => self.scratch.get(place),
            _ => None,
        };
        text.unwrap_or_default()
    }

    /// Whether it came from where everything is text.
    pub(super) fn is_form(&self) -> bool {
        self.entries.first().is_some_and(|first| first.kind == Kind::Forms)
    }

    /// The entry behind the value that begins with the entry at `index`.
    pub(super) fn behind(&self, index: usize) -> usize {
        match self.entries[index].kind {
            Kind::Array | Kind::Object | Kind::Forms => self.entries[index].to as usize,
            _ => index + 1,
        }
    }

    /// Counts one more attempt at a union, up to a limit: nested ambiguities multiply, and nobody should be able to
    /// keep a server busy with them.
    pub(super) fn attempt(&self) -> bool {
        let attempts = self.attempts.get();
        self.attempts.set(attempts + 1);
        attempts < 10_000 + 64 * self.entries.len()
    }

    // What follows builds a tape from elsewhere than a text.

    pub(super) fn scalar(&mut self, kind: Kind) {
        self.entries.push(Entry { kind, at: ELSEWHERE, from: 0, to: 0 });
    }

    pub(super) fn made(&mut self, kind: Kind, characters: &str) -> Result<(), Refusal> {
        let from = offset(self.scratch.len())?;
        self.scratch.push_str(characters);
        let to = offset(self.scratch.len())?;
        self.entries.push(Entry { kind, at: ELSEWHERE, from, to });
        Ok(())
    }

    /// Opens a list or an object; [`close`](Self::close) ends it.
    pub(super) fn open(&mut self, kind: Kind) -> usize {
        self.scalar(kind);
        self.entries.len() - 1
    }

    pub(super) fn close(&mut self, opened: usize, count: usize) -> Result<(), Refusal> {
        let behind = offset(self.entries.len())?;
        self.entries[opened].from = offset(count)?;
        self.entries[opened].to = behind;
        Ok(())
    }
}

/// A place as the tape holds it.
pub(super) fn offset(place: usize) -> Result<u32, Refusal> {
    u32::try_from(place).map_err(|_| Refusal::new("the value is larger than 4 GiB"))
}
