//! Keyed registers with revisions: what a history of a store must look like.
//!
//! A history is judged as a whole. Key by key would be cheaper, but says less: the contract knows one order of all commits,
//! along which revisions ascend, and a page shows many keys at one place of that order. The revisions make up for the price, for
//! they leave the search hardly a choice.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use planewright_backend::store::{Key, Revision};

use crate::history::{Answer, Call, Condition, Seen, Span};
use planewright_linearizability::{Interval, Model, Stuck, Verdict, search};

/// How many places the search visits before it gives up: a history that is in order takes about one for each operation.
const LIMIT: usize = 200_000;

/// What keys held when the history began.
pub type Entries = BTreeMap<Key, Seen>;

/// Why a history is not one of a good store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It breaks the contract, in this way.
    Violation(String),
    /// The search was given up. This says nothing about the store, and counts as a failure.
    Undecided(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(text) => write!(f, "violation: {text}"),
            Self::Undecided(text) => write!(f, "undecided: {text}"),
        }
    }
}

/// Judges a history that began with these entries at this revision. Operations without an answer may have happened at any time
/// after their call.
///
/// # Errors
///
/// What is wrong with the history.
pub fn judge(start: &Entries, revision: Revision, spans: &[Span]) -> Result<(), Finding> {
    revisions_ascend(spans).map_err(Finding::Violation)?;
    let history = Reading::of(start, spans).map_err(Finding::Violation)?;
    let initial = State { cells: history.cells(start), revision };
    match search(&Registers, initial, &history.intervals, LIMIT) {
        Verdict::Linearizable(_) => Ok(()),
        Verdict::Violation(stuck) => Err(Finding::Violation(history.tell(&stuck))),
        Verdict::Undecided(places) => Err(Finding::Undecided(format!("gave up after {places} places"))),
    }
}

/// Revisions ascend along real time: a commit that began after another ended has a greater one. The search would find this as
/// well, but not say it as clearly.
fn revisions_ascend(spans: &[Span]) -> Result<(), String> {
    let writes = |span: &Span| matches!(&span.call, Call::Commit { puts, .. } if !puts.is_empty());
    // The revision that was known to exist at each event, and by whom.
    let mut known: Vec<(usize, Revision, usize)> = Vec::new();
    for (number, span) in spans.iter().enumerate() {
        let (Answer::Committed(revision) | Answer::Page(_, revision), Some(returned)) =
            (&span.answer, span.returned)
        else {
            continue;
        };
        known.push((returned, *revision, number));
    }
    known.sort_unstable();
    let mut greatest: Vec<(usize, Revision, usize)> = Vec::with_capacity(known.len());
    for (returned, revision, number) in known {
        let best = greatest.last().filter(|(_, before, _)| *before >= revision);
        greatest.push(best.map_or((returned, revision, number), |(_, before, by)| (returned, *before, *by)));
    }
    for span in spans {
        let (Answer::Committed(revision) | Answer::Page(_, revision)) = &span.answer else { continue };
        let before = greatest.partition_point(|(returned, ..)| *returned < span.called);
        let Some((_, known, by)) = before.checked_sub(1).map(|last| greatest[last]) else { continue };
        if *revision < known || *revision == known && writes(span) {
            let (earlier, later) = (Told(&spans[by]), Told(span));
            return Err(format!("revisions don't ascend along real time: {earlier}, and afterwards {later}"));
        }
    }
    Ok(())
}

/// A commit, by number: the first ones are those of before the history.
type Writer = u32;

/// A revision by which a commit can be known, or that of a commit of which nobody learnt it.
type Known = Option<Writer>;

/// What a key holds: who put it, and who created the key.
type Cell = (Writer, Known);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    cells: Vec<Option<Cell>>,
    /// The greatest revision that must have been reached.
    revision: Revision,
}

#[derive(Clone, Debug)]
enum Operation {
    Get(usize, Option<Cell>),
    List(Vec<usize>, Vec<Option<Cell>>, Revision),
    Commit {
        conditions: Vec<Test>,
        writer: Writer,
        named: Known,
        puts: Vec<usize>,
        deletes: Vec<usize>,
        end: End,
    },
}

#[derive(Clone, Debug)]
enum Test {
    Absent(usize),
    Present(usize),
    ModifiedBy(usize, Known),
    Empty(Vec<usize>),
}

#[derive(Clone, Debug)]
enum End {
    Committed(Revision),
    /// The key, and who had put it.
    Conflict(usize, Option<Known>),
    Unknown(Option<Revision>),
}

#[derive(Debug)]
struct Registers;

impl Test {
    /// The keys that stand in the way.
    fn obstacles(&self, state: &State) -> Vec<usize> {
        let held = |key: &usize| state.cells[*key].is_some();
        match self {
            Self::Absent(key) if held(key) => vec![*key],
            Self::Present(key) if !held(key) => vec![*key],
            Self::ModifiedBy(key, by) => match state.cells[*key] {
                Some((writer, _)) if Some(writer) == *by => vec![],
                _ => vec![*key],
            },
            Self::Empty(keys) => keys.iter().copied().filter(held).collect(),
            _ => vec![],
        }
    }
}

impl Model for Registers {
    type State = State;
    type Operation = Operation;

    fn apply(&self, state: &State, operation: &Operation) -> Option<State> {
        match operation {
            Operation::Get(key, found) => (state.cells[*key] == *found).then(|| state.clone()),
            Operation::List(keys, found, revision) => {
                let same = keys.iter().map(|key| state.cells[*key]).eq(found.iter().copied());
                let ascends = *revision >= state.revision;
                (same && ascends).then(|| State { cells: state.cells.clone(), revision: *revision })
            }
            Operation::Commit { conditions, writer, named, puts, deletes, end } => {
                let obstacles = conditions.iter().flat_map(|test| test.obstacles(state));
                if let End::Conflict(key, found) = end {
                    let held = state.cells[*key].map(|(writer, _)| writer);
                    let told = match (held, found) {
                        (None, None) => true,
                        (Some(writer), Some(Some(told))) => writer == *told,
                        // A revision that nobody learnt elsewhere: of a commit whose outcome is unknown.
                        (Some(_), Some(None)) => true,
                        _ => false,
                    };
                    return (told && obstacles.into_iter().any(|in_the_way| in_the_way == *key))
                        .then(|| state.clone());
                }
                if obstacles.into_iter().next().is_some() {
                    return None;
                }
                let mut after = state.clone();
                for key in puts {
                    let created = state.cells[*key].map_or(*named, |(_, created)| created);
                    after.cells[*key] = Some((*writer, created));
                }
                for key in deletes {
                    after.cells[*key] = None;
                }
                let changes = !puts.is_empty() || after.cells != state.cells;
                let revision = match end {
                    End::Committed(revision) | End::Unknown(Some(revision)) => *revision,
                    _ => return Some(after),
                };
                let ascends = if changes { revision > state.revision } else { revision >= state.revision };
                after.revision = revision;
                ascends.then_some(after)
            }
        }
    }

    fn is_too_late(&self, state: &State, operation: &Operation) -> bool {
        match operation {
            Operation::Get(..) => false,
            Operation::List(_, _, revision) => *revision < state.revision,
            Operation::Commit { puts, end, .. } => match end {
                End::Committed(revision) | End::Unknown(Some(revision)) => {
                    *revision < state.revision || *revision == state.revision && !puts.is_empty()
                }
                _ => false,
            },
        }
    }

    fn is_read(&self, operation: &Operation) -> bool {
        match operation {
            Operation::Get(..) => true,
            // Either names a revision. Where that is the state's already, no later state fits but with the same.
            Operation::List(..) => true,
            Operation::Commit { end, .. } => !matches!(end, End::Unknown(_)),
        }
    }

    fn rank(&self, operation: &Operation) -> u64 {
        match operation {
            Operation::List(_, _, revision) => revision.0,
            Operation::Commit { end: End::Committed(revision) | End::Unknown(Some(revision)), .. } => {
                revision.0
            }
            _ => u64::MAX,
        }
    }
}

/// A history in the words of the model.
struct Reading<'a> {
    spans: Vec<&'a Span>,
    intervals: Vec<Interval<Operation>>,
    keys: Vec<Key>,
    numbers: HashMap<Key, usize>,
    /// The commits that put something, by their word.
    writers: HashMap<String, Writer>,
    /// The words of the commits.
    words: Vec<String>,
    /// Those of which the revision is known.
    named: HashMap<Revision, Writer>,
    revisions: HashMap<Writer, Revision>,
    /// Whether a revision was told that is nobody's.
    strange: bool,
    /// Keys that a commit demanded and found.
    found_present: HashSet<Key>,
}

impl<'a> Reading<'a> {
    fn of(start: &Entries, spans: &'a [Span]) -> Result<Self, String> {
        Self::of_those(start, spans, Self::may_matter)
    }

    /// With the commits that can be left out.
    #[cfg(test)]
    fn of_all(start: &Entries, spans: &'a [Span]) -> Result<Self, String> {
        Self::of_those(start, spans, |_, _| true)
    }

    fn of_those(
        start: &Entries,
        spans: &'a [Span],
        wanted: impl Fn(&Self, &Span) -> bool,
    ) -> Result<Self, String> {
        let mut reading = Self {
            spans: Vec::new(),
            intervals: Vec::new(),
            keys: Vec::new(),
            numbers: HashMap::new(),
            writers: HashMap::new(),
            words: Vec::new(),
            named: HashMap::new(),
            revisions: HashMap::new(),
            strange: false,
            found_present: HashSet::new(),
        };
        for (key, seen) in start {
            reading.add_key(key);
            reading.add_writer(&seen.word);
            reading.learn(seen)?;
        }
        for seen in
            start.values().filter(|seen| !reading.named.contains_key(&seen.created)).collect::<Vec<_>>()
        {
            let creator = reading.add_writer(&format!("the commit {}", seen.created));
            reading.name(creator, seen.created)?;
        }
        for span in spans {
            match &span.call {
                Call::Get(key) => reading.add_key(key),
                Call::List(_) => {}
                Call::Commit { conditions, word, puts, deletes } => {
                    reading.add_writer(word);
                    puts.iter().chain(deletes).for_each(|key| reading.add_key(key));
                    for condition in conditions {
                        match condition {
                            Condition::Absent(key)
                            | Condition::Present(key)
                            | Condition::ModifiedAt(key, _) => {
                                reading.add_key(key);
                            }
                            Condition::Empty(_) => {}
                        }
                    }
                }
            }
        }
        for span in spans {
            reading.learn_from(span)?;
        }
        for span in spans {
            if let (Call::Commit { conditions, .. }, Answer::Committed(_)) = (&span.call, &span.answer) {
                let present = conditions.iter().filter_map(|condition| match condition {
                    Condition::Present(key) => Some(key.clone()),
                    _ => None,
                });
                reading.found_present.extend(present);
            }
        }
        reading.strange = spans.iter().any(|span| reading.tells_strange_revision(span));
        reading.spans = spans.iter().filter(|span| wanted(&reading, span)).collect();
        reading.intervals =
            reading.spans.iter().map(|span| reading.interval(span)).collect::<Result<_, _>>()?;
        Ok(reading)
    }

    fn cells(&self, start: &Entries) -> Vec<Option<Cell>> {
        self.keys.iter().map(|key| start.get(key).map(|seen| self.cell(seen))).collect()
    }

    fn add_key(&mut self, key: &Key) {
        if !self.numbers.contains_key(key) {
            self.numbers.insert(key.clone(), self.keys.len());
            self.keys.push(key.clone());
        }
    }

    fn add_writer(&mut self, word: &str) -> Writer {
        let next = Writer::try_from(self.words.len()).unwrap_or(Writer::MAX);
        *self.writers.entry(word.to_owned()).or_insert_with(|| {
            self.words.push(word.to_owned());
            next
        })
    }

    fn learn_from(&mut self, span: &Span) -> Result<(), String> {
        match (&span.call, &span.answer) {
            (_, Answer::Found(Some(seen))) => self.learn(seen),
            (_, Answer::Page(entries, _)) => {
                for (key, seen) in entries {
                    self.learn(seen)?;
                    if !self.numbers.contains_key(key) {
                        return Err(format!("{} shows a key that nobody put", Told(span)));
                    }
                }
                Ok(())
            }
            // What a commit without puts returns may be another's revision.
            (Call::Commit { word, puts, .. }, Answer::Committed(revision)) if !puts.is_empty() => {
                self.name(self.writers[word], *revision)
            }
            _ => Ok(()),
        }
    }

    fn learn(&mut self, seen: &Seen) -> Result<(), String> {
        let writer = *self
            .writers
            .get(&seen.word)
            .ok_or_else(|| format!("a key holds {:?}, which nobody put", seen.word))?;
        self.name(writer, seen.modified)
    }

    /// A commit has one revision, and a revision one commit.
    fn name(&mut self, writer: Writer, revision: Revision) -> Result<(), String> {
        let before = *self.revisions.entry(writer).or_insert(revision);
        let of = *self.named.entry(revision).or_insert(writer);
        let word = |writer: Writer| &self.words[writer as usize];
        if before != revision {
            return Err(format!("{} is of revision {before} and of revision {revision}", word(writer)));
        }
        if of != writer {
            return Err(format!("{} and {} are both of revision {revision}", word(of), word(writer)));
        }
        Ok(())
    }

    /// A commit of unknown outcome that nobody has seen anything of can be left out, unless it may have deleted something or
    /// is why a commit found a key present.
    fn may_matter(&self, span: &Span) -> bool {
        let Call::Commit { word, puts, deletes, .. } = &span.call else { return true };
        span.returned.is_some()
            || !deletes.is_empty()
            || puts.iter().any(|key| self.found_present.contains(key))
            || self.revisions.contains_key(&self.writers[word])
            || self.strange
    }

    /// Whether a revision was told of which nobody knows whose it is: then a commit of unknown outcome has happened, and
    /// any of them may be the one.
    fn tells_strange_revision(&self, span: &Span) -> bool {
        let strange = |revision: &Revision| !self.named.contains_key(revision);
        match &span.answer {
            Answer::Found(Some(seen)) => strange(&seen.created),
            Answer::Page(entries, _) => entries.iter().any(|(_, seen)| strange(&seen.created)),
            Answer::Conflict(_, Some(found)) => strange(found),
            _ => false,
        }
    }

    fn known(&self, revision: &Revision) -> Known {
        self.named.get(revision).copied()
    }

    fn cell(&self, seen: &Seen) -> Cell {
        (self.writers[&seen.word], self.known(&seen.created))
    }

    fn keys_under(&self, prefix: &str) -> Vec<usize> {
        (0..self.keys.len()).filter(|key| self.keys[*key].as_str().starts_with(prefix)).collect()
    }

    fn interval(&self, span: &Span) -> Result<Interval<Operation>, String> {
        let strange = || format!("{} is no answer to that", Told(span));
        let operation = match (&span.call, &span.answer) {
            (Call::Get(key), Answer::Found(found)) => {
                Operation::Get(self.numbers[key], found.as_ref().map(|seen| self.cell(seen)))
            }
            (Call::List(prefix), Answer::Page(entries, revision)) => {
                let entries: BTreeMap<_, _> = entries.iter().map(|(key, seen)| (key, seen)).collect();
                let keys = self.keys_under(prefix);
                let found = keys.iter().map(|key| entries.get(&self.keys[*key]).map(|seen| self.cell(seen)));
                Operation::List(keys.clone(), found.collect(), *revision)
            }
            (Call::Commit { conditions, word, puts, deletes }, answer) => {
                let writer = self.writers[word];
                let known = self.revisions.get(&writer);
                let numbers = |keys: &[Key]| keys.iter().map(|key| self.numbers[key]).collect();
                let end = match answer {
                    Answer::Committed(revision) => End::Committed(*revision),
                    Answer::Conflict(key, found) => {
                        let key = *self.numbers.get(key).ok_or_else(strange)?;
                        End::Conflict(key, found.as_ref().map(|revision| self.known(revision)))
                    }
                    Answer::Unknown => End::Unknown(known.copied()),
                    _ => return Err(strange()),
                };
                Operation::Commit {
                    conditions: conditions.iter().map(|condition| self.test(condition)).collect(),
                    writer,
                    named: known.map(|_| writer),
                    puts: numbers(puts),
                    deletes: numbers(deletes),
                    end,
                }
            }
            _ => return Err(strange()),
        };
        // What is known to have happened, whether or not its caller was told.
        let required = span.returned.is_some()
            || matches!(operation, Operation::Commit { end: End::Committed(_) | End::Unknown(Some(_)), .. });
        Ok(Interval { operation, called: span.called, returned: span.returned, required })
    }

    fn test(&self, condition: &Condition) -> Test {
        match condition {
            Condition::Absent(key) => Test::Absent(self.numbers[key]),
            Condition::Present(key) => Test::Present(self.numbers[key]),
            Condition::ModifiedAt(key, revision) => Test::ModifiedBy(self.numbers[key], self.known(revision)),
            Condition::Empty(prefix) => Test::Empty(self.keys_under(prefix)),
        }
    }

    /// Where the search got stuck, for people.
    fn tell(&self, stuck: &Stuck<State>) -> String {
        let mut text = format!(
            "no order explains the history; after {} of {} operations, at revision {}, with",
            stuck.taken.len(),
            self.spans.len(),
            stuck.state.revision
        );
        for (key, cell) in self.keys.iter().zip(&stuck.state.cells) {
            if let Some((writer, _)) = cell {
                text.push_str(&format!(" {key}={}", self.words[*writer as usize]));
            }
        }
        text.push_str(", none of these can be next:");
        for operation in &stuck.waiting {
            text.push_str(&format!("\n    {}", Told(self.spans[*operation])));
        }
        text
    }
}

/// An operation, for people.
struct Told<'a>(&'a Span);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Span { client, call, answer, called, returned } = self.0;
        write!(f, "client {client} [{called}..")?;
        match returned {
            Some(returned) => write!(f, "{returned}] ")?,
            None => f.write_str("] ")?,
        }
        match call {
            Call::Get(key) => write!(f, "get {key}")?,
            Call::List(prefix) => write!(f, "list {prefix}")?,
            Call::Commit { conditions, word, puts, deletes } => {
                write!(f, "commit {word}")?;
                for condition in conditions {
                    match condition {
                        Condition::Absent(key) => write!(f, " if-absent {key}")?,
                        Condition::Present(key) => write!(f, " if-present {key}")?,
                        Condition::ModifiedAt(key, revision) => write!(f, " if {key}@{revision}")?,
                        Condition::Empty(prefix) => write!(f, " if-empty {prefix}")?,
                    }
                }
                puts.iter().try_for_each(|key| write!(f, " put {key}"))?;
                deletes.iter().try_for_each(|key| write!(f, " delete {key}"))?;
            }
        }
        f.write_str(" -> ")?;
        let seen = |seen: &Seen| format!("{}@{} (created {})", seen.word, seen.modified, seen.created);
        match answer {
            Answer::Found(None) => f.write_str("nothing"),
            Answer::Found(Some(found)) => f.write_str(&seen(found)),
            Answer::Page(entries, revision) => {
                entries.iter().try_for_each(|(key, found)| write!(f, "{key}={} ", seen(found)))?;
                write!(f, "at {revision}")
            }
            Answer::Committed(revision) => write!(f, "revision {revision}"),
            Answer::Conflict(key, Some(found)) => write!(f, "conflict on {key}@{found}"),
            Answer::Conflict(key, None) => write!(f, "conflict on {key}, which is absent"),
            Answer::Unknown => f.write_str("unknown"),
            Answer::Refused => f.write_str("refused"),
        }
    }
}

#[cfg(test)]
mod tests;
