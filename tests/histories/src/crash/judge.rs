//! Whether what a process finds is what the killed one left.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use planewright_backend::store::{Key, Revision};

use crate::history::{Answer, Call, Changed, Event, Seen, Span, spans};
use crate::registers::{self, Entries, Finding};

/// What a store holds at a revision.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The keys.
    pub entries: Entries,
    /// When.
    pub revision: Revision,
}

/// What was in a history with a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The commits that were acknowledged.
    pub acknowledged: usize,
    /// The commits without an answer that have happened.
    pub happened: usize,
    /// The commits without an answer that have not.
    pub not_happened: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.happened += other.happened;
        self.not_happened += other.not_happened;
    }
}

/// Judges what happened between two moments at which somebody looked at the store: the log agrees with the calls, the objects
/// with the log, and all of it is one history.
///
/// Returns the commits of unknown outcome that have not happened, as the beginning of the next history: a server may
/// still be busy with them.
///
/// # Errors
///
/// What is wrong.
pub fn judge(
    before: &Contents,
    events: &[Event],
    log: &[(Revision, Changed)],
    after: &Contents,
) -> Result<(Tally, Vec<Event>), Finding> {
    let mut spans = spans(events).map_err(Finding::Violation)?;
    let part: Vec<_> = log
        .iter()
        .filter(|(revision, _)| (before.revision < *revision) && (*revision <= after.revision))
        .collect();
    let mut log = Replay { entries: before.entries.clone(), revision: before.revision, made: HashMap::new() };
    let calls = Calls::of(&spans);
    for (revision, changed) in part {
        log.step(&calls, *revision, changed).map_err(Finding::Violation)?;
    }
    nothing_is_lost(&spans, &log, after).map_err(Finding::Violation)?;
    if log.entries != after.entries {
        let text = differences(&log.entries, &after.entries);
        return Err(Finding::Violation(format!("the log does not lead to what the keys hold: {text}")));
    }

    let mut tally = Tally::default();
    let mut left = Vec::new();
    for (number, span) in spans.iter_mut().enumerate() {
        match (&span.answer, log.made.get(&number)) {
            (Answer::Committed(_), _) => tally.acknowledged += 1,
            (Answer::Unknown, Some(revision)) => {
                tally.happened += 1;
                span.answer = Answer::Committed(*revision);
            }
            (Answer::Unknown, None) => {
                tally.not_happened += 1;
                left.push(Event::Called(span.client, span.call.clone()));
            }
            _ => {}
        }
    }
    // By the log they have not happened, unless they only delete: then the search may say so.
    spans.retain(|span| {
        let deletes = matches!(&span.call, Call::Commit { puts, .. } if puts.is_empty());
        span.answer != Answer::Unknown || deletes
    });
    registers::judge(&before.entries, before.revision, &spans)?;
    Ok((tally, left))
}

/// The commits of a history, by what the log says of them.
struct Calls<'a> {
    spans: &'a [Span],
    by_word: HashMap<&'a str, usize>,
}

impl<'a> Calls<'a> {
    fn of(spans: &'a [Span]) -> Self {
        let word = |span: &'a Span| match &span.call {
            Call::Commit { word, .. } => Some(word.as_str()),
            _ => None,
        };
        let by_word = spans.iter().enumerate().filter_map(|(number, span)| Some((word(span)?, number)));
        Self { spans, by_word: by_word.collect() }
    }

    /// The commit that an item of the log is of.
    fn find(&self, revision: Revision, changed: &Changed) -> Option<Maker> {
        if let Some(word) = changed.iter().find_map(|(_, word)| word.as_deref()) {
            return self.by_word.get(word).copied().map(Maker::This);
        }
        let deletes_these = |span: &Span| match &span.call {
            Call::Commit { puts, deletes, .. } => {
                puts.is_empty() && changed.iter().all(|(key, _)| deletes.contains(key))
            }
            _ => false,
        };
        let answered =
            |answer: Answer| self.spans.iter().position(|span| span.answer == answer && deletes_these(span));
        let told = answered(Answer::Committed(revision)).map(Maker::This);
        told.or_else(|| answered(Answer::Unknown).map(|_| Maker::SomeDelete))
    }
}

/// Who made an item of the log.
enum Maker {
    /// The commit with this number.
    This(usize),
    /// One of those that delete its keys and were told nothing. Deletes have no words, so nobody knows which.
    SomeDelete,
}

/// What the log leads to.
struct Replay {
    entries: Entries,
    revision: Revision,
    /// The commits that are in the log.
    made: HashMap<usize, Revision>,
}

impl Replay {
    fn step(&mut self, calls: &Calls<'_>, revision: Revision, changed: &Changed) -> Result<(), String> {
        let odd = |what: String| Err(format!("the log has {changed:?} at {revision}, {what}"));
        if revision <= self.revision {
            return odd(format!("after {}", self.revision));
        }
        self.revision = revision;
        match calls.find(revision, changed) {
            None => return odd("which nobody committed".to_owned()),
            Some(Maker::SomeDelete) => {}
            Some(Maker::This(number)) => {
                let span = &calls.spans[number];
                match &span.answer {
                    Answer::Unknown => {}
                    Answer::Committed(told) if *told == revision => {}
                    other => return odd(format!("of a commit that was answered with {other:?}")),
                }
                if let Some(before) = self.made.insert(number, revision) {
                    return odd(format!("of a commit that is there at {before} already"));
                }
                let whole: Changed = self.changes_of(&span.call).into_iter().collect();
                if whole != *changed {
                    return odd(format!("of a commit that should have changed {whole:?}"));
                }
            }
        }
        for (key, word) in changed {
            match word {
                Some(word) => {
                    let created = self.entries.get(key).map_or(revision, |seen| seen.created);
                    let seen = Seen { word: word.clone(), created, modified: revision };
                    self.entries.insert(key.clone(), seen);
                }
                None if self.entries.remove(key).is_some() => {}
                None => return odd("where that key was gone".to_owned()),
            }
        }
        Ok(())
    }

    /// What a commit changes here and now.
    fn changes_of(&self, call: &Call) -> BTreeMap<Key, Option<String>> {
        let Call::Commit { word, puts, deletes, .. } = call else { return BTreeMap::new() };
        let puts = puts.iter().map(|key| (key.clone(), Some(word.clone())));
        let deletes = deletes.iter().filter(|key| self.entries.contains_key(*key));
        puts.chain(deletes.map(|key| (key.clone(), None))).collect()
    }
}

/// Every acknowledged commit is in the log.
fn nothing_is_lost(spans: &[Span], log: &Replay, after: &Contents) -> Result<(), String> {
    for (number, span) in spans.iter().enumerate() {
        let (Call::Commit { word, puts, .. }, Answer::Committed(revision)) = (&span.call, &span.answer)
        else {
            continue;
        };
        if *revision > after.revision {
            return Err(format!(
                "{word} was acknowledged at {revision}, and the store is at {}",
                after.revision
            ));
        }
        // A commit without puts may have changed nothing.
        if !puts.is_empty() && !log.made.contains_key(&number) {
            return Err(format!("{word} was acknowledged at {revision}, and is lost"));
        }
    }
    Ok(())
}

fn differences(log: &Entries, keys: &Entries) -> String {
    let all: BTreeSet<&Key> = log.keys().chain(keys.keys()).collect();
    let differs = all.into_iter().filter(|key| log.get(*key) != keys.get(*key));
    let texts = differs.map(|key| format!("{key} is {:?} by the log and {:?}", log.get(key), keys.get(key)));
    texts.collect::<Vec<_>>().join("; ")
}
