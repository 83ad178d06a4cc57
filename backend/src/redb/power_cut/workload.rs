//! What is written before the power fails, and what the store must hold at each revision.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::store::{Change, Changes, Entry, Key, Revision, Transaction, Versioned};

use super::super::write::Request;
use super::disk::Random;

/// Commits and compactions, and the changes that they make.
#[derive(Debug, Default)]
pub(super) struct Workload {
    pub(super) operations: usize,
    /// The changes of revision 1, 2, ….
    log: Vec<Changes>,
    /// The keys that exist now.
    keys: BTreeMap<Key, ()>,
}

impl Workload {
    /// The revision when all has been done.
    pub(super) fn revision(&self) -> Revision {
        Revision(self.log.len() as u64)
    }

    pub(super) fn changes(&self, revision: Revision) -> &Changes {
        &self.log[revision.0 as usize - 1]
    }

    /// The next orders, as many as may meet in one commit of the file.
    pub(super) fn batch(&mut self, random: &mut Random) -> Vec<Request> {
        let size = match random.below(20) {
            0 => 16 + random.below(48),
            1..5 => 2 + random.below(8),
            _ => 1 + random.below(2),
        };
        (0..size).map(|_| self.operation(random)).collect()
    }

    fn operation(&mut self, random: &mut Random) -> Request {
        self.operations += 1;
        if random.below(100) == 0 && self.log.len() > 20 {
            return Request::Compact(Revision(self.log.len() as u64 - 20));
        }
        let revision = Revision(self.log.len() as u64 + 1);
        let mut changes = BTreeMap::new();
        for _ in 0..1 + random.below(3) {
            let key = Key::new(format!("jobs/{}", random.below(60))).unwrap();
            let exists = self.keys.contains_key(&key);
            let value = if exists && random.below(4) == 0 { None } else { Some(value(random)) };
            changes.insert(key, value);
        }
        let mut transaction = Transaction::new();
        for (key, value) in &changes {
            transaction = match value {
                Some(value) => transaction.put(key.clone(), value.clone()),
                None => transaction.delete(key.clone()),
            };
            match value {
                Some(_) => self.keys.insert(key.clone(), ()),
                None => self.keys.remove(key),
            };
        }
        let changes = changes.into_iter().map(|(key, value)| Change { key, value }).collect();
        self.log.push(Changes { revision, changes });
        Request::Commit(transaction)
    }

    /// What all keys hold at a revision.
    pub(super) fn entries_at(&self, revision: Revision) -> Vec<Entry> {
        let mut objects: BTreeMap<&Key, Versioned> = BTreeMap::new();
        for Changes { revision, changes } in &self.log[..revision.0 as usize] {
            for Change { key, value } in changes {
                match value {
                    Some(value) => {
                        let created = objects.get(key).map_or(*revision, |object| object.created);
                        let object = Versioned { value: value.clone(), created, modified: *revision };
                        objects.insert(key, object);
                    }
                    None => {
                        objects.remove(key);
                    }
                }
            }
        }
        objects.into_iter().map(|(key, versioned)| Entry { key: key.clone(), versioned }).collect()
    }
}

/// Mostly small; now and then larger than a page, or so large that the file grows.
fn value(random: &mut Random) -> Bytes {
    let length = match random.below(40) {
        0 => 60_000,
        1..5 => 5_000,
        _ => random.below(900),
    };
    let byte = random.below(256) as u8;
    vec![byte; length].into()
}

/// A commit that always changes something.
pub(super) fn one_more() -> Transaction {
    Transaction::new().put(Key::new("afterwards").unwrap(), "written")
}
