//! What watchers must see: the commits in the order of their revisions.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use planewright_backend::store::{Key, KeyRange, Revision};

use crate::history::{Answer, Call, Changed, Span};

use super::Compaction;

/// Something that happened to a watcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A watch was opened, of what comes after this revision.
    Opened(Revision),
    /// An item came. One without changes is a bookmark.
    Item((Revision, Changed)),
    /// The watch ended, or was not opened, since changes were compacted away.
    Compacted,
    /// The store could not be reached.
    Failed,
    /// The range was listed: what it held at this revision, from where the next watch goes on.
    Listed(Revision, Vec<(Key, String)>),
}

/// What happened to a watcher, each step with its moment.
#[derive(Clone, Debug)]
pub struct Track {
    /// What it watched.
    pub range: KeyRange,
    /// From its first watch to the last commit of the history.
    pub steps: Vec<(usize, Step)>,
}

/// The commits that changed something.
pub(super) struct Log(BTreeMap<Revision, BTreeMap<Key, Option<String>>>);

impl Log {
    /// The log of calls that were all answered.
    pub(super) fn of(spans: &[Span]) -> Result<Self, String> {
        let mut commits: BTreeMap<Revision, Vec<&Call>> = BTreeMap::new();
        for span in spans {
            if let Answer::Committed(revision) = &span.answer {
                commits.entry(*revision).or_default().push(&span.call);
            }
        }
        let (mut log, mut held) = (BTreeMap::new(), BTreeSet::new());
        for (revision, calls) in commits {
            // A commit that changed nothing has the revision of another one, and comes after it.
            let mut made = BTreeSet::new();
            for call in calls {
                let Call::Commit { word, puts, deletes, .. } = call else { continue };
                let puts = puts.iter().map(|key| (key.clone(), Some(word.clone())));
                let deletes = deletes.iter().filter(|key| held.contains(*key)).map(|key| (key.clone(), None));
                let changed: BTreeMap<_, _> = puts.chain(deletes).collect();
                if !changed.is_empty() {
                    made.insert(changed);
                }
            }
            let with_puts = |made: &BTreeMap<Key, Option<String>>| made.values().any(Option::is_some);
            if made.iter().any(with_puts) {
                // What the others would have deleted, this commit has deleted before them, or they lie.
                made.retain(with_puts);
            }
            let Some(changed) = made.pop_first() else { continue };
            if !made.is_empty() {
                return Err(format!("two commits have the revision {revision}"));
            }
            for (key, word) in &changed {
                if word.is_some() {
                    held.insert(key.clone())
                } else {
                    held.remove(key)
                };
            }
            log.insert(revision, changed);
        }
        Ok(Self(log))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The first commit after a revision that changed something in the range.
    fn next(&self, range: &KeyRange, after: Revision) -> Option<(Revision, Changed)> {
        self.0.range((Bound::Excluded(after), Bound::Unbounded)).find_map(|(revision, changed)| {
            let changed = changed.iter().filter(|(key, _)| range.contains(key));
            let changed: Changed = changed.map(|(key, word)| (key.clone(), word.clone())).collect();
            (!changed.is_empty()).then_some((*revision, changed))
        })
    }

    /// What the range held at a revision.
    fn at(&self, range: &KeyRange, revision: Revision) -> Vec<(Key, String)> {
        let mut held = BTreeMap::new();
        for (key, word) in self.0.range(..=revision).flat_map(|(_, changed)| changed) {
            match word {
                Some(word) if range.contains(key) => held.insert(key.clone(), word.clone()),
                _ => held.remove(key),
            };
        }
        held.into_iter().collect()
    }

    /// Compares what a watcher received with what it was owed.
    pub(super) fn judge(
        &self,
        start: Revision,
        track: &Track,
        compactions: &[Compaction],
    ) -> Result<(), String> {
        let range = &track.range;
        let told = |text: String| Err(format!("a watcher of {range:?} {text}"));
        let mut position = start;
        let mut doomed = None;
        for (moment, step) in &track.steps {
            match step {
                Step::Opened(after) => {
                    let gone = compactions
                        .iter()
                        .filter(|done| done.returned < *moment)
                        .map(|done| done.up_to)
                        .max();
                    doomed = gone.filter(|gone| after < gone);
                }
                Step::Item(item) => {
                    if let Some(gone) = doomed {
                        return told(format!("received {item:?} from {position} on, compacted up to {gone}"));
                    }
                    let owed = self.next(range, position);
                    let bookmark = item.1.is_empty();
                    let fine = match &owed {
                        _ if bookmark && item.0 < position => false,
                        Some(owed) if bookmark => item.0 < owed.0,
                        None => bookmark,
                        Some(owed) => item == owed,
                    };
                    if !fine {
                        return told(format!(
                            "received {item:?} after revision {position}, and was owed {owed:?}"
                        ));
                    }
                    position = item.0;
                }
                Step::Compacted => {
                    let gone =
                        compactions.iter().filter(|done| done.called < *moment).map(|done| done.up_to).max();
                    if gone.is_none_or(|gone| position >= gone) {
                        return told(format!("lost its place at {position}, with compaction up to {gone:?}"));
                    }
                }
                Step::Failed => {}
                Step::Listed(revision, entries) => {
                    let held = self.at(range, *revision);
                    if *entries != held {
                        return told(format!("listed {entries:?} at {revision}, which held {held:?}"));
                    }
                    position = *revision;
                }
            }
        }
        match self.next(range, position) {
            Some(owed) => told(format!("stopped at {position} and was owed {owed:?}")),
            None => Ok(()),
        }
    }
}
