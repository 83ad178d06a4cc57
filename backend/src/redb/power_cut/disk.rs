//! A disk that notes what it is told, and what one may look like after a power cut.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::redb::StorageBackend;

use crate::store::Revision;

#[derive(Clone, Debug)]
pub(super) enum Event {
    Write(u64, Vec<u8>),
    Length(u64),
    Sync,
    /// The store has been asked for what leads to this revision.
    Begun(Revision),
    /// The store has said that it is at this revision.
    Acknowledged(Revision),
}

/// Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    content: Vec<u8>,
    events: Vec<Event>,
    broken: bool,
}

impl Disk {
    pub(super) fn of(content: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { content, ..State::default() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn content(&self) -> Vec<u8> {
        self.state().content.clone()
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.state().events.clone()
    }

    pub(super) fn forget_events(&self) {
        self.state().events.clear();
    }

    /// From now on nothing is written any more, and everybody is told so.
    pub(super) fn break_down(&self) {
        self.state().broken = true;
    }

    fn take(&self, event: Event) -> io::Result<()> {
        if self.state().broken {
            return Err(io::Error::other("the disk is broken"));
        }
        self.note(event);
        Ok(())
    }

    /// Does what the event says, and notes it.
    pub(super) fn note(&self, event: Event) {
        let mut state = self.state();
        apply(&mut state.content, &[&event]);
        state.events.push(event);
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().content.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let found = state.content.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.take(Event::Length(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.take(Event::Sync)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.take(Event::Write(offset, data.to_vec()))
    }
}

/// Does what the events say, in their order.
pub(super) fn apply(content: &mut Vec<u8>, events: &[&Event]) {
    for event in events {
        match event {
            Event::Write(offset, data) => put(content, *offset as usize, data),
            Event::Length(length) => content.resize(*length as usize, 0),
            Event::Sync | Event::Begun(_) | Event::Acknowledged(_) => {}
        }
    }
}

fn put(content: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(data);
}

/// A disk on which a part of `pending` was done, in some order, each in full, in part, or not at all.
pub(super) fn image(synced: &[u8], pending: &[&Event], random: &mut Random) -> Vec<u8> {
    let mut image = synced.to_vec();
    let mut order: Vec<_> = pending.to_vec();
    // Sometimes the disk keeps the order, and is cut short.
    if random.below(4) == 0 {
        order.truncate(random.below(order.len() + 1));
    } else {
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last + 1));
        }
    }
    let kept = [20, 50, 80, 95][random.below(4)];
    for event in order {
        if random.below(100) >= kept {
            continue;
        }
        match event {
            // Torn: some of its sectors, and not others.
            Event::Write(offset, data) if random.below(4) == 0 => {
                for (number, sector) in data.chunks(SECTOR).enumerate() {
                    if random.below(2) == 0 {
                        put(&mut image, *offset as usize + number * SECTOR, sector);
                    }
                }
            }
            whole => apply(&mut image, &[whole]),
        }
    }
    image
}

/// What a disk writes as a whole, in bytes.
const SECTOR: usize = 512;

/// Numbers that look random and are the same in every run (SplitMix64).
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}
