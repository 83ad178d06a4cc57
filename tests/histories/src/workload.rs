//! Clients that work on a few keys of a store at once.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::Bytes;
use fastrand::Rng;
use futures_util::future::join_all;
use planewright_backend::store::{
    Key, KeyRange, Precondition, Revision, Store, StoreError, Transaction, Versioned,
};

use crate::history::{Answer, Call, Condition, Event, Notebook, Recorder, Seen, Span, spans};
use crate::registers::{self, Entries, Finding};

/// How much is done, and by whom.
#[derive(Clone, Debug)]
pub struct Load {
    /// Equal seeds give the same clients the same intentions.
    pub seed: u64,
    /// How many clients call at the same time.
    pub clients: usize,
    /// How many keys they share.
    pub keys: usize,
    /// How many calls they make together.
    pub operations: usize,
    /// How many calls in a hundred are dropped before they are answered.
    pub dropped: u8,
}

impl Load {
    /// Sixteen clients on three to eight keys, four hundred calls.
    pub fn of_seed(seed: u64) -> Self {
        let keys = Rng::with_seed(seed).usize(3..=8);
        Self { seed, clients: 16, keys, operations: 400, dropped: 3 }
    }
}

/// What was in a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The calls that were judged.
    pub operations: usize,
    /// The commits among them that happened.
    pub committed: usize,
    /// The commits that a condition refused.
    pub conflicts: usize,
    /// The commits of unknown outcome.
    pub unknown: usize,
}

impl Tally {
    /// What is in these calls.
    pub fn of(spans: &[Span]) -> Self {
        let count = |wanted: fn(&Answer) -> bool| spans.iter().filter(|span| wanted(&span.answer)).count();
        Self {
            operations: spans.len(),
            committed: count(|answer| matches!(answer, Answer::Committed(_))),
            conflicts: count(|answer| matches!(answer, Answer::Conflict(..))),
            unknown: count(|answer| matches!(answer, Answer::Unknown)),
        }
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.operations += other.operations;
        self.committed += other.committed;
        self.conflicts += other.conflicts;
        self.unknown += other.unknown;
    }
}

/// Lets clients work on the keys under `prefix`, which must hold nothing, and judges the history. The clients are spread over
/// `stores`, which are all the same store.
///
/// # Errors
///
/// What is wrong with the history.
pub async fn judge(stores: &[Arc<dyn Store>], prefix: &str, load: &Load) -> Result<Tally, Finding> {
    let notebook = Arc::new(Notebook::default());
    let left = Arc::new(AtomicUsize::new(load.operations));
    let clients = (0..load.clients).map(|number| {
        let mut client =
            Client::new(number, stores[number % stores.len()].clone(), notebook.clone(), prefix, load);
        let left = left.clone();
        tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            {
                client.step().await;
            }
        })
    });
    let broken = join_all(clients).await.into_iter().any(|ended| ended.is_err());
    if broken {
        return Err(Finding::Violation("a call panicked".to_owned()));
    }
    let mut last = Client::new(load.clients, stores[0].clone(), notebook.clone(), prefix, load);
    last.carry_out(Call::List(prefix.to_owned())).await;
    let spans = spans(&notebook.take()).map_err(Finding::Violation)?;
    registers::judge(&Entries::new(), Revision(0), &spans)?;
    Ok(Tally::of(&spans))
}

/// Somebody who makes one call after the other and writes down what comes of it.
pub struct Client {
    number: usize,
    store: Arc<dyn Store>,
    recorder: Arc<dyn Recorder>,
    prefix: String,
    keys: Vec<Key>,
    dice: Rng,
    dropped: u8,
    /// How many words it has invented.
    words: usize,
    /// Revisions at which it has seen keys, `None` for one that it saw absent.
    seen: BTreeMap<Key, Option<Revision>>,
    word: String,
}

impl Client {
    /// A client with this number, of a run whose keys begin with `prefix`.
    pub fn new(
        number: usize,
        store: Arc<dyn Store>,
        recorder: Arc<dyn Recorder>,
        prefix: &str,
        load: &Load,
    ) -> Self {
        let keys = (0..load.keys).filter_map(|key| Key::new(format!("{prefix}{key}")).ok()).collect();
        let mut dice = Rng::with_seed(load.seed);
        let dice = Rng::with_seed(dice.u64(..).wrapping_add(number as u64));
        Self {
            number,
            store,
            recorder,
            prefix: prefix.to_owned(),
            keys,
            dice,
            dropped: load.dropped,
            words: 0,
            seen: BTreeMap::new(),
            word: format!("{:x}", load.seed),
        }
    }

    /// Makes a call of its choice. Returns the answer, `None` after a breach.
    pub async fn step(&mut self) -> Option<Answer> {
        let call = self.choose();
        self.carry_out(call).await
    }

    /// Makes a call. Returns the answer, `None` after a breach.
    pub async fn carry_out(&mut self, call: Call) -> Option<Answer> {
        let commit = matches!(call, Call::Commit { .. });
        let polls = (commit && self.dice.u8(..100) < self.dropped).then(|| self.dice.usize(1..6));
        // Before and after others get a turn, even where a store answers at once.
        let idle = [self.dice.u8(..4), self.dice.u8(..4)];
        let asked = async {
            give_way(idle[0]).await;
            let outcome = ask(&*self.store, &call).await;
            give_way(idle[1]).await;
            outcome
        };
        self.recorder.record(Event::Called(self.number, call.clone()));
        let outcome = match polls {
            Some(polls) => cut_short(asked, polls).await,
            None => Some(asked.await),
        };
        let answer = match outcome {
            None => Some(Answer::Unknown),
            Some(Ok(answer)) => Some(answer),
            Some(Err(breach)) => {
                self.recorder.record(Event::Breach(self.number, breach));
                None
            }
        }?;
        self.recorder.record(Event::Answered(self.number, answer.clone()));
        self.remember(&call, &answer);
        Some(answer)
    }

    fn remember(&mut self, call: &Call, answer: &Answer) {
        match (call, answer) {
            (Call::Get(key), Answer::Found(found)) => {
                self.seen.insert(key.clone(), found.as_ref().map(|seen| seen.modified));
            }
            (Call::List(prefix), Answer::Page(entries, _)) => {
                let listed = self.keys.iter().filter(|key| key.as_str().starts_with(prefix));
                self.seen.extend(listed.map(|key| (key.clone(), None)));
                self.seen.extend(entries.iter().map(|(key, seen)| (key.clone(), Some(seen.modified))));
            }
            (Call::Commit { puts, deletes, .. }, Answer::Committed(revision)) => {
                self.seen.extend(puts.iter().map(|key| (key.clone(), Some(*revision))));
                self.seen.extend(deletes.iter().map(|key| (key.clone(), None)));
            }
            _ => {}
        }
    }

    fn key(&mut self) -> Key {
        self.keys[self.dice.usize(..self.keys.len())].clone()
    }

    /// A few different keys.
    fn some_keys(&mut self) -> Vec<Key> {
        let mut keys = self.keys.clone();
        self.dice.shuffle(&mut keys);
        keys.truncate(self.dice.usize(2..=3));
        keys
    }

    fn choose(&mut self) -> Call {
        self.words += 1;
        let word = format!("{}.{}.{}", self.word, self.number, self.words);
        let commit = |conditions, puts, deletes| Call::Commit { conditions, word, puts, deletes };
        let key = self.key();
        match self.dice.u8(..100) {
            0..25 => Call::Get(key),
            25..33 => Call::List(self.prefix.clone()),
            33..45 => commit(vec![], vec![key], vec![]),
            45..50 => commit(vec![], vec![], vec![key]),
            50..56 => commit(vec![Condition::Absent(key.clone())], vec![key], vec![]),
            56..78 => {
                let conditions = self.as_seen(&key);
                if self.dice.u8(..5) == 0 {
                    commit(conditions, vec![], vec![key])
                } else {
                    commit(conditions, vec![key], vec![])
                }
            }
            78..80 => commit(vec![Condition::Present(key.clone())], vec![], vec![]),
            80..82 => commit(vec![Condition::Empty(key.as_str().to_owned())], vec![key], vec![]),
            _ => {
                let mut puts = self.some_keys();
                let mut conditions = Vec::new();
                if self.dice.bool() {
                    conditions = puts.iter().flat_map(|key| self.as_seen(key)).collect();
                }
                let deletes = if self.dice.u8(..3) == 0 { puts.split_off(1) } else { vec![] };
                commit(conditions, puts, deletes)
            }
        }
    }

    /// That the key is what this client last saw.
    fn as_seen(&self, key: &Key) -> Vec<Condition> {
        let key = key.clone();
        match self.seen.get(&key) {
            Some(Some(revision)) => vec![Condition::ModifiedAt(key, *revision)],
            Some(None) => vec![Condition::Absent(key)],
            None => vec![],
        }
    }
}

/// Asks a store.
///
/// # Errors
///
/// What no store may answer.
pub async fn ask(store: &dyn Store, call: &Call) -> Result<Answer, String> {
    let refused = |error: StoreError| match error {
        error if error.is_retryable() => Ok(Answer::Refused),
        error => Err(in_full(&error)),
    };
    match call {
        Call::Get(key) => match store.get(key).await {
            Ok(None) => Ok(Answer::Found(None)),
            Ok(Some(found)) => Ok(Answer::Found(Some(seen(&found)?))),
            Err(error) => refused(error),
        },
        Call::List(prefix) => match store.list(&KeyRange::prefix(prefix.as_str()), 1000).await {
            Ok(page) => {
                let entry = |(key, versioned): (Key, Versioned)| Ok((key, seen(&versioned)?));
                let entries = page.entries.into_iter().map(|found| entry((found.key, found.versioned)));
                Ok(Answer::Page(entries.collect::<Result<_, String>>()?, page.revision))
            }
            Err(error) => refused(error),
        },
        Call::Commit { .. } => match store.commit(transaction(call)).await {
            Ok(revision) => Ok(Answer::Committed(revision)),
            Err(StoreError::Conflict { key, found }) => Ok(Answer::Conflict(key, found)),
            Err(error) if error.is_outcome_unknown() => Ok(Answer::Unknown),
            Err(error) => refused(error),
        },
    }
}

fn transaction(call: &Call) -> Transaction {
    let Call::Commit { conditions, word, puts, deletes } = call else { return Transaction::new() };
    let mut transaction = Transaction::new();
    for condition in conditions {
        transaction = transaction.require(match condition {
            Condition::Absent(key) => Precondition::Absent(key.clone()),
            Condition::Present(key) => Precondition::Present(key.clone()),
            Condition::ModifiedAt(key, revision) => Precondition::ModifiedAt(key.clone(), *revision),
            Condition::Empty(prefix) => Precondition::Empty(KeyRange::prefix(prefix.as_str())),
        });
    }
    let transaction = puts.iter().fold(transaction, |done, key| done.put(key.clone(), value_of(word)));
    deletes.iter().fold(transaction, |done, key| done.delete(key.clone()))
}

/// What is put for a word: the word, and filling whose length depends on it, so that values differ in size and one that is torn
/// is seen.
pub fn value_of(word: &str) -> Bytes {
    let sum = word.bytes().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let filling = if sum.is_multiple_of(16) { sum % 9000 } else { sum % 100 };
    format!("{word} {}", ".".repeat(filling)).into()
}

/// The word that a value was put for.
///
/// # Errors
///
/// When no word has this value.
pub fn word_of(value: &[u8]) -> Result<String, String> {
    let word = value.split(|byte| *byte == b' ').next().unwrap_or_default();
    let word = String::from_utf8_lossy(word).into_owned();
    if value_of(&word) == value {
        Ok(word)
    } else {
        Err(format!("a damaged value that begins with {word:?}"))
    }
}

fn seen(found: &Versioned) -> Result<Seen, String> {
    let word = word_of(&found.value)?;
    Ok(Seen { word, created: found.created, modified: found.modified })
}

async fn give_way(times: u8) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// Polls a future so many times at most, and then drops it.
async fn cut_short<F: Future>(future: F, mut polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let done = future.as_mut().poll(context);
        polls -= 1;
        match done {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn in_full(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
