//! What clients asked of a store and what they were told, in the order in which it happened.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use planewright_backend::store::{Change, Key, Revision};
use serde::{Deserialize, Serialize};

use crate::workload::word_of;

/// Something asked of a store. Keys are those of one collection, all under one prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Reads a key.
    Get(Key),
    /// Reads all keys that begin with this text, in one page.
    List(String),
    /// Checks and writes, as one step.
    Commit {
        /// What must hold.
        conditions: Vec<Condition>,
        /// The word that is put under each of `puts`. No two commits of a history have the same.
        word: String,
        /// The keys put.
        puts: Vec<Key>,
        /// The keys deleted.
        deletes: Vec<Key>,
    },
}

/// What a commit demands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// The key doesn't exist.
    Absent(Key),
    /// The key exists.
    Present(Key),
    /// The key was last put at this revision.
    ModifiedAt(Key, Revision),
    /// No key begins with this text.
    Empty(String),
}

/// What the store answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// What a key holds.
    Found(Option<Seen>),
    /// What keys hold, and the revision of the page.
    Page(Vec<(Key, Seen)>, Revision),
    /// The commit has happened, at this revision.
    Committed(Revision),
    /// A condition on this key did not hold; this is when the key was last put.
    Conflict(Key, Option<Revision>),
    /// Nobody knows whether the commit has happened, or will.
    Unknown,
    /// Nothing has happened: the store could not be reached.
    Refused,
}

/// What somebody saw under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The word that was put.
    pub word: String,
    /// When the key came into being.
    pub created: Revision,
    /// When it was last put.
    pub modified: Revision,
}

/// The keys that one commit changed, in ascending order, with the words put; `None` for a key that was deleted.
pub type Changed = Vec<(Key, Option<String>)>;

/// The keys and words of an item of a watch.
///
/// # Errors
///
/// When a value is one that no client puts.
pub fn changed(changes: Vec<Change>) -> Result<Changed, String> {
    let word = |value: Option<Bytes>| value.map(|value| word_of(&value)).transpose();
    changes.into_iter().map(|change| Ok((change.key, word(change.value)?))).collect()
}

/// Something that happened at a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// The client is about to call. A client makes one call at a time.
    Called(usize, Call),
    /// The client's call was answered.
    Answered(usize, Answer),
    /// The client saw something that no history explains.
    Breach(usize, String),
}

/// Takes events as they happen: what is recorded before something else happened before it.
pub trait Recorder: Send + Sync {
    /// Takes an event.
    fn record(&self, event: Event);
}

/// Keeps events in memory.
#[derive(Debug, Default)]
pub struct Notebook(Mutex<Vec<Event>>);

impl Notebook {
    /// What was recorded so far, which is then forgotten.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Recorder for Notebook {
    fn record(&self, event: Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

/// A call together with its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Who called.
    pub client: usize,
    /// What was asked.
    pub call: Call,
    /// What was answered; [`Answer::Unknown`] if nothing was.
    pub answer: Answer,
    /// The number of the event of the call.
    pub called: usize,
    /// The number of the event of the answer; `None` if what was asked may still happen.
    pub returned: Option<usize>,
}

/// Joins calls and answers. Calls that certainly had no effect and told nothing are left out.
///
/// # Errors
///
/// The first breach among the events, or an answer without a call.
pub fn spans(events: &[Event]) -> Result<Vec<Span>, String> {
    let mut spans: Vec<Span> = Vec::new();
    // The last span of each client.
    let mut open = std::collections::HashMap::new();
    for (number, event) in events.iter().enumerate() {
        match event {
            Event::Called(client, call) => {
                open.insert(*client, spans.len());
                let call = call.clone();
                spans.push(Span {
                    client: *client,
                    call,
                    answer: Answer::Unknown,
                    called: number,
                    returned: None,
                });
            }
            Event::Answered(client, answer) => {
                let span = open.remove(client).ok_or("an answer without a call")?;
                spans[span].answer = answer.clone();
                spans[span].returned = (*answer != Answer::Unknown).then_some(number);
            }
            Event::Breach(client, what) => return Err(format!("client {client} saw {what}")),
        }
    }
    spans.retain(|span| {
        let idle = span.answer == Answer::Refused;
        let unanswered_read = span.answer == Answer::Unknown && !matches!(span.call, Call::Commit { .. });
        !idle && !unanswered_read
    });
    Ok(spans)
}
