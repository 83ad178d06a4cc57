//! What the file holds: three tables, and how their values are written.

use ::redb::{ReadableTable, TableDefinition};
use bytes::Bytes;

use crate::store::{Change, Changes, Key, KeyRange, Revision, Versioned};

use super::error::Fault;

/// The version of what follows. A file with a greater one is not opened.
pub(super) const FORMAT: u64 = 1;

/// Keys, as bytes, because those compare as the contract wants and a damaged text is no panic. Values begin with two
/// revisions, created and modified.
pub(super) const OBJECTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("objects");

/// One row per commit, by revision. Rows are dense from the compacted revision, excluded, to the last.
pub(super) const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");

/// The numbers below.
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

pub(super) const META_FORMAT: &str = "format";
pub(super) const META_REVISION: &str = "revision";
pub(super) const META_COMPACTED: &str = "compacted";

const HEADER: usize = 16;
const DELETED: u8 = 0;
const PUT: u8 = 1;

pub(super) fn meta(table: &impl ReadableTable<&'static str, u64>, name: &str) -> Result<u64, Fault> {
    let found = table.get(name)?.map(|found| found.value());
    found.ok_or_else(|| Fault::Content(format!("number `{name}` is missing")))
}

pub(super) fn encode_object(created: Revision, modified: Revision, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + value.len());
    bytes.extend_from_slice(&created.0.to_be_bytes());
    bytes.extend_from_slice(&modified.0.to_be_bytes());
    bytes.extend_from_slice(value);
    bytes
}

/// The revisions created and modified, and the value.
pub(super) fn split_object(mut bytes: &[u8]) -> Result<(Revision, Revision, &[u8]), Fault> {
    match (take_u64(&mut bytes), take_u64(&mut bytes)) {
        (Some(created), Some(modified)) => Ok((Revision(created), Revision(modified), bytes)),
        _ => Err(Fault::Content("an object is shorter than its header".to_owned())),
    }
}

pub(super) fn decode_object(bytes: &[u8]) -> Result<Versioned, Fault> {
    let (created, modified, value) = split_object(bytes)?;
    Ok(Versioned { value: Bytes::copy_from_slice(value), created, modified })
}

pub(super) fn decode_key(bytes: &[u8]) -> Result<Key, Fault> {
    let text = str::from_utf8(bytes).map_err(|error| Fault::Content(format!("a key is no text: {error}")))?;
    Key::new(text).map_err(|error| Fault::Content(format!("key {text:?}: {error}")))
}

/// Writes one change to the row of its commit.
pub(super) fn push_change(row: &mut Vec<u8>, key: &Key, value: Option<&[u8]>) {
    // Neither conversion can fail: a key has at most 1 KiB and a transaction 1 MiB.
    let key = key.as_str().as_bytes();
    row.extend_from_slice(&(key.len() as u16).to_be_bytes());
    row.extend_from_slice(key);
    match value {
        None => row.push(DELETED),
        Some(value) => {
            row.push(PUT);
            row.extend_from_slice(&(value.len() as u32).to_be_bytes());
            row.extend_from_slice(value);
        }
    }
}

/// What the row says about keys of the range, in the order of keys.
pub(super) fn decode_row(revision: u64, row: &[u8], range: &KeyRange) -> Result<Changes, Fault> {
    let mut rest = row;
    let mut changes = Vec::new();
    while !rest.is_empty() {
        let (key, value) = take_change(&mut rest)
            .ok_or_else(|| Fault::Content(format!("log of revision {revision} ends too early")))?;
        let key = decode_key(key)?;
        if range.contains(&key) {
            changes.push(Change { key, value: value.map(Bytes::copy_from_slice) });
        }
    }
    Ok(Changes { revision: Revision(revision), changes })
}

type RawChange<'a> = (&'a [u8], Option<&'a [u8]>);

fn take_change<'a>(rest: &mut &'a [u8]) -> Option<RawChange<'a>> {
    let length = u16::from_be_bytes(take(rest, 2)?.try_into().ok()?);
    let key = take(rest, length.into())?;
    match take(rest, 1)? {
        [DELETED] => Some((key, None)),
        [PUT] => {
            let length = u32::from_be_bytes(take(rest, 4)?.try_into().ok()?);
            Some((key, Some(take(rest, length as usize)?)))
        }
        _ => None,
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(take(rest, 8)?.try_into().ok()?))
}
