use super::Json;
use super::node::{Mode, Node};
use super::refusal::Refusal;
use crate::Map;

/// An object whose members are taken out one after the other.
///
/// Members mostly stand in the order in which a type asks for them, so the search for each begins behind the last one.
#[derive(Debug)]
pub struct Object<'d> {
    node: Node<'d>,
    /// Where the search begins: the entry of a name, and which member that is.
    next: usize,
    ordinal: usize,
    count: usize,
    taken: Taken,
    taken_count: usize,
}

/// Which members have been taken.
#[derive(Debug, Default)]
struct Taken {
    first: u64,
    others: Vec<u64>,
}

impl Taken {
    fn insert(&mut self, ordinal: usize) -> bool {
        let word = match ordinal / 64 {
            0 => &mut self.first,
            word => {
                if self.others.len() < word {
                    self.others.resize(word, 0);
                }
                &mut self.others[word - 1]
            }
        };
        let bit = 1 << (ordinal % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn contains(&self, ordinal: usize) -> bool {
        let word = match ordinal / 64 {
            0 => self.first,
            word => self.others.get(word - 1).copied().unwrap_or_default(),
        };
        word & 1 << (ordinal % 64) != 0
    }
}

impl<'d> Object<'d> {
    pub(super) fn new(node: Node<'d>) -> Self {
        let count = node.entry().from as usize;
        Self { node, next: node.index + 1, ordinal: 0, count, taken: Taken::default(), taken_count: 0 }
    }

    fn value_at(&self, name: usize) -> Node<'d> {
        Node { index: name + 1, ..self.node }
    }

    fn name_at(&self, name: usize) -> &'d str {
        self.node.tape.characters(self.node.tape.entries[name])
    }

    /// The place of a member's name, and which member it is.
    fn find(&self, name: &str) -> Option<(usize, usize)> {
        let (mut place, mut ordinal) = (self.next, self.ordinal);
        for _ in 0..self.count {
            if ordinal == self.count {
                (place, ordinal) = (self.node.index + 1, 0);
            }
            if self.name_at(place) == name {
                return Some((place, ordinal));
            }
            place = self.node.tape.behind(place + 1);
            ordinal += 1;
        }
        None
    }

    /// A member's value, without taking it.
    #[must_use]
    pub fn peek(&self, name: &str) -> Option<Node<'d>> {
        self.find(name).map(|(place, _)| self.value_at(place))
    }

    /// Takes a member.
    fn take(&mut self, name: &str) -> Option<Node<'d>> {
        let (place, ordinal) = self.find(name)?;
        self.taken_count += usize::from(self.taken.insert(ordinal));
        let value = self.value_at(place);
        self.next = self.node.tape.behind(place + 1);
        self.ordinal = ordinal + 1;
        Some(value)
    }

    /// Takes a member that must be there.
    ///
    /// # Errors
    /// If it isn't, or isn't of this type.
    pub fn required<T: Json>(&mut self, name: &str) -> Result<T, Refusal> {
        match self.take(name) {
            Some(value) => T::read(value).map_err(|refusal| refusal.inside_member(name)),
            None => Err(self.missing(name)),
        }
    }

    /// Takes a member that must be there and may be null. A lenient reader takes its absence for null.
    ///
    /// # Errors
    /// If it isn't there, or isn't of this type.
    pub fn nullable<T: Json>(&mut self, name: &str) -> Result<Option<T>, Refusal> {
        match self.take(name) {
            Some(value) => Option::read(value).map_err(|refusal| refusal.inside_member(name)),
            // There is no other way to say null in a form.
            None if self.node.is_strict() && !self.node.tape.is_form() => Err(self.missing(name)),
            None => Ok(None),
        }
    }

    /// Takes a member that may be absent, but not null. A lenient reader takes null for its absence.
    ///
    /// # Errors
    /// If it isn't of this type.
    pub fn optional<T: Json>(&mut self, name: &str) -> Result<Option<T>, Refusal> {
        match self.take(name) {
            Some(value) if value.is_null() && !self.node.is_strict() => Ok(None),
            Some(value) => T::read(value).map(Some).map_err(|refusal| refusal.inside_member(name)),
            None => Ok(None),
        }
    }

    /// Takes a member that may be absent, of a type that has null among its values.
    ///
    /// # Errors
    /// If it isn't of this type.
    pub fn present<T: Json>(&mut self, name: &str) -> Result<Option<T>, Refusal> {
        self.take(name).map(|value| T::read(value).map_err(|refusal| refusal.inside_member(name))).transpose()
    }

    #[cold]
    fn missing(&self, name: &str) -> Refusal {
        self.node.fault(format!("the member `{name}` is missing"))
    }

    /// The members that haven't been taken.
    fn left(&self) -> impl Iterator<Item = (usize, Node<'d>)> {
        let mut place = self.node.index + 1;
        (0..self.count).filter_map(move |ordinal| {
            let name = place;
            place = self.node.tape.behind(name + 1);
            (!self.taken.contains(ordinal)).then(|| (name, self.value_at(name)))
        })
    }

    /// Takes all other members.
    ///
    /// # Errors
    /// If one isn't of this type, or stands there twice.
    pub fn others<T: Json>(&mut self) -> Result<Map<T>, Refusal> {
        if self.taken_count == self.count {
            return Ok(Map::new());
        }
        let taken = self.taken_names();
        let mut others = Map::with_capacity(self.count - self.taken_count);
        for (name, value) in self.left() {
            let name = self.name_at(name);
            if taken.contains(&name) || others.contains_key(name) {
                return Err(self.twice(name));
            }
            let value = T::read(value).map_err(|refusal| refusal.inside_member(name))?;
            others.insert(name.to_owned(), value);
        }
        self.taken_count = self.count;
        Ok(others)
    }

    /// Ends an object that may have members which its type doesn't know: they are passed over.
    ///
    /// # Errors
    /// If a known member stands there twice.
    pub fn end(self) -> Result<(), Refusal> {
        if self.taken_count == self.count { Ok(()) } else { self.pass_over(None) }
    }

    /// Ends an object that may have no members but those which its type knows. A lenient reader passes over others.
    ///
    /// # Errors
    /// If there are others and the reader is strict; if a known member stands there twice.
    pub fn end_closed(self) -> Result<(), Refusal> {
        if self.taken_count == self.count { Ok(()) } else { self.pass_over(Some(self.node.mode)) }
    }

    #[cold]
    fn pass_over(&self, closed: Option<Mode>) -> Result<(), Refusal> {
        let taken = self.taken_names();
        for (name, _) in self.left() {
            let name = self.name_at(name);
            if taken.contains(&name) {
                return Err(self.twice(name));
            }
            if closed.is_some_and(|mode| mode >= Mode::Strict) {
                return Err(self.node.fault(format!("there is no member `{name}` in such an object")));
            }
        }
        let passed_over = &self.node.tape.passed_over;
        let left = u32::try_from(self.count - self.taken_count).unwrap_or(u32::MAX);
        passed_over.set(passed_over.get().saturating_add(left));
        Ok(())
    }

    /// The names that have been taken: no more than the type has members.
    fn taken_names(&self) -> Vec<&'d str> {
        let mut names = Vec::with_capacity(self.taken_count);
        let mut place = self.node.index + 1;
        for ordinal in 0..self.count {
            if self.taken.contains(ordinal) {
                names.push(self.name_at(place));
            }
            place = self.node.tape.behind(place + 1);
        }
        names
    }

    #[cold]
    fn twice(&self, name: &str) -> Refusal {
        self.node.fault(format!("the member `{name}` stands there twice"))
    }

    /// Names and values in their order.
    pub(super) fn all(self) -> impl Iterator<Item = (&'d str, Node<'d>)> {
        let mut place = self.node.index + 1;
        (0..self.count).map(move |_| {
            let name = place;
            place = self.node.tape.behind(name + 1);
            (self.name_at(name), self.value_at(name))
        })
    }
}
