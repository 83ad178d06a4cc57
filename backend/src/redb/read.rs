//! Reading one state of the file.

use std::collections::VecDeque;
use std::ops::Bound;

use ::redb::{Database, ReadTransaction, ReadableDatabase};

use crate::store::{Changes, Entry, Key, KeyRange, Page, Revision, StoreError, Versioned};

use super::error::Fault;
use super::format::{self, LOG, META, META_COMPACTED, META_REVISION, OBJECTS};

/// How many commits of the log one read looks at, and how many bytes of them it hands on before it stops.
const STRETCH_ROWS: usize = 512;
const STRETCH_BYTES: usize = 1 << 20;

/// The store as it was at one revision.
pub(super) struct Snapshot(ReadTransaction);

/// A stretch of the log.
pub(super) struct Stretch {
    /// What it changes in the range asked for.
    pub(super) changes: VecDeque<Changes>,
    /// How far it goes.
    pub(super) up_to: Revision,
}

impl Snapshot {
    pub(super) fn of(database: &Database) -> Result<Self, Fault> {
        Ok(Self(database.begin_read()?))
    }

    pub(super) fn revision(&self) -> Result<Revision, Fault> {
        Ok(Revision(format::meta(&self.0.open_table(META)?, META_REVISION)?))
    }

    pub(super) fn get(&self, key: &Key) -> Result<Option<Versioned>, StoreError> {
        let read = || {
            let found = self.0.open_table(OBJECTS)?.get(key.as_str().as_bytes())?;
            found.map(|found| format::decode_object(found.value())).transpose()
        };
        read().map_err(|fault: Fault| fault.into())
    }

    pub(super) fn list(&self, range: KeyRange, limit: usize) -> Result<Page, StoreError> {
        let read = || {
            let revision = self.revision()?;
            let mut entries: Vec<Entry> = Vec::new();
            let mut next = None;
            if let Some(bounds) = bounds(&range) {
                for found in self.0.open_table(OBJECTS)?.range::<&[u8]>(bounds)? {
                    let (key, object) = found?;
                    if entries.len() == limit {
                        next = Some(match entries.last() {
                            Some(last) => range.clone().after(&last.key),
                            None => range.clone(),
                        });
                        break;
                    }
                    let (key, versioned) =
                        (format::decode_key(key.value())?, format::decode_object(object.value())?);
                    entries.push(Entry { key, versioned });
                }
            }
            Ok(Page { entries, next, revision })
        };
        read().map_err(|fault: Fault| fault.into())
    }

    /// The last revision that is gone from the log.
    pub(super) fn compacted(&self) -> Result<Revision, Fault> {
        Ok(Revision(format::meta(&self.0.open_table(META)?, META_COMPACTED)?))
    }

    /// Fails if changes after `after` are gone.
    pub(super) fn check_retained(&self, after: Revision) -> Result<(), StoreError> {
        let compacted = self.compacted()?;
        if after < compacted { Err(StoreError::Compacted { up_to: compacted }) } else { Ok(()) }
    }

    /// The log after `after`, as far as one reads at a time.
    pub(super) fn changes(&self, range: &KeyRange, after: Revision) -> Result<Stretch, StoreError> {
        self.check_retained(after)?;
        let read = || {
            let mut stretch = Stretch { changes: VecDeque::new(), up_to: after };
            let mut size = 0;
            let rows = self.0.open_table(LOG)?;
            for row in rows.range((Bound::Excluded(after.0), Bound::Unbounded))?.take(STRETCH_ROWS) {
                let (revision, row) = row?;
                let changes = format::decode_row(revision.value(), row.value(), range)?;
                stretch.up_to = changes.revision;
                if !changes.changes.is_empty() {
                    size += row.value().len();
                    stretch.changes.push_back(changes);
                }
                if size > STRETCH_BYTES {
                    break;
                }
            }
            Ok(stretch)
        };
        read().map_err(|fault: Fault| fault.into())
    }
}

type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The range as the table takes it; `None` if it holds nothing, which the table would refuse.
pub(super) fn bounds(range: &KeyRange) -> Option<Bounds<'_>> {
    let end = range.end().map_or(Bound::Unbounded, |end| Bound::Excluded(end.as_bytes()));
    (!range.is_empty()).then(|| (Bound::Included(range.start().as_bytes()), end))
}
