//! A watcher, which writes down what happens to it.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use futures_util::StreamExt as _;
use planewright_backend::store::{Changes, KeyRange, Revision, Store, StoreError, WatchStream};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::history::changed;
use crate::workload::word_of;

use super::log::{Step, Track};
use super::{END, Moments};

/// After this long a change that a watch owes counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Watcher {
    pub(super) store: Arc<dyn Store>,
    pub(super) range: KeyRange,
    /// How far it has come.
    pub(super) position: Revision,
    pub(super) moments: Arc<Moments>,
    /// How many calls the writers have made.
    pub(super) progress: watch::Receiver<usize>,
    pub(super) dice: Rng,
    pub(super) steps: Vec<(usize, Step)>,
}

impl Watcher {
    /// Follows the range until it has seen the last commit.
    pub(super) async fn run(mut self) -> Result<Track, String> {
        loop {
            self.note(Step::Opened(self.position));
            let opened = self.store.watch(self.range.clone(), self.position).await;
            let ended = match opened {
                Ok(stream) => self.read(stream).await?,
                Err(error) => self.lost(error).await?,
            };
            if ended {
                return Ok(Track { range: self.range, steps: self.steps });
            }
            self.pause(3).await;
        }
    }

    /// One time in so many, falls behind by some calls of the writers.
    async fn pause(&mut self, many: u8) {
        if self.dice.u8(..many) == 0 {
            let until = self.progress.borrow().saturating_add(self.dice.usize(1..80));
            let _ = self.progress.wait_for(|done| *done >= until).await;
        }
    }

    fn note(&mut self, step: Step) {
        self.steps.push((self.moments.next(), step));
    }

    /// Reads some items, sometimes slowly, and returns whether the last commit was among them.
    async fn read(&mut self, mut stream: WatchStream) -> Result<bool, String> {
        // A third of the watches is kept until the end.
        let items = if self.dice.u8(..3) == 0 { usize::MAX } else { self.dice.usize(..60) };
        for _ in 0..items {
            self.pause(12).await;
            let Ok(item) = timeout(PATIENCE, stream.next()).await else {
                return Err(format!("nothing more came after revision {}", self.position));
            };
            match item {
                None => {
                    return Err(format!("a watch ended without an error after revision {}", self.position));
                }
                Some(Err(error)) => return self.lost(error).await,
                Some(Ok(changes)) => {
                    let last = changes.changes.iter().any(|change| {
                        change
                            .value
                            .as_ref()
                            .is_some_and(|value| word_of(value).is_ok_and(|word| word == END))
                    });
                    self.position = changes.revision;
                    self.item(changes)?;
                    if last {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(false)
    }

    fn item(&mut self, changes: Changes) -> Result<(), String> {
        self.note(Step::Item((changes.revision, changed(changes.changes)?)));
        Ok(())
    }

    /// Lists if the place is lost, and goes on from there. Returns whether the list shows the last commit.
    async fn lost(&mut self, error: StoreError) -> Result<bool, String> {
        if error.is_retryable() {
            self.note(Step::Failed);
            return Ok(false);
        }
        if !error.is_compacted() {
            return Err(error.to_string());
        }
        self.note(Step::Compacted);
        let page = self.store.list(&self.range, 1000).await.map_err(|error| error.to_string())?;
        self.position = page.revision;
        let entries = page.entries.into_iter().map(|entry| Ok((entry.key, word_of(&entry.versioned.value)?)));
        let entries = entries.collect::<Result<Vec<_>, String>>()?;
        let last = entries.iter().any(|(_, word)| word == END);
        self.note(Step::Listed(page.revision, entries));
        Ok(last)
    }
}
