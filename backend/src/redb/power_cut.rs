//! Power cuts, played: whatever a disk may hold at that moment, the store opens, and what it acknowledged is there.
//!
//! A workload runs on a disk that notes each write and each sync. Between two syncs a disk may do what it was told in any order,
//! in parts, or not at all. So for every sync a few such disks are drawn, as they might be at the moment before it
//! returns, and each is opened and compared with what the store had acknowledged by then.

mod disk;
mod workload;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;

use crate::store::{KeyRange, Revision, Store};

use super::read::Snapshot;
use super::write::{Request, write};
use super::{File, RedbStore, file};

use disk::{Disk, Event, Random};
use workload::Workload;

/// How many disks are drawn per sync in the quick test; the environment variable has another number for a long one.
const IMAGES: usize = 2;
const IMAGES_VARIABLE: &str = "PLANEWRIGHT_POWER_CUTS";

const OPERATIONS: usize = 1000;
const RETAINED: u64 = 150;

fn name() -> &'static Path {
    Path::new("power cut")
}

/// What the disk was told, and the store said, in turn.
struct Recording {
    /// The disk when the store had just been created.
    created: Vec<u8>,
    events: Vec<Event>,
    workload: Workload,
}

/// Runs the workload, and closes the store.
fn record(seed: u64) -> Recording {
    let disk = Disk::default();
    let database = file::create_on(name(), disk.clone()).unwrap();
    let created = disk.content();
    disk.forget_events();
    let file = File::of(name(), database).unwrap();
    let mut random = Random(seed);
    let mut workload = Workload::default();
    while workload.operations < OPERATIONS {
        let batch = workload.batch(&mut random);
        disk.note(Event::Begun(workload.revision()));
        let outcomes = write(&file, batch, RETAINED).unwrap();
        assert!(outcomes.iter().all(Result::is_ok));
        // Whoever asked may know from here on.
        disk.note(Event::Acknowledged(workload.revision()));
    }
    file.close();
    Recording { created, events: disk.events(), workload }
}

/// What was found on all disks together.
#[derive(Debug, Default)]
struct Findings {
    syncs: AtomicUsize,
    images: AtomicUsize,
    /// Disks with less, or something else, than was acknowledged.
    wrong: AtomicUsize,
}

/// Plays the power cuts of a recording, `images` for each sync. If `lying`, the disk confirms syncs and does nothing.
fn play(recording: &Recording, images: usize, lying: bool) -> Findings {
    let findings = Findings::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let findings = &findings;
            scope.spawn(move || play_share(recording, images, lying, (thread, threads), findings));
        }
    });
    findings
}

/// Plays every `threads`-th sync.
fn play_share(
    recording: &Recording,
    images: usize,
    lying: bool,
    (thread, threads): (usize, usize),
    findings: &Findings,
) {
    let mut synced = recording.created.clone();
    let mut pending = Vec::new();
    let (mut acknowledged, mut begun) = (Revision(0), Revision(0));
    let mut syncs = 0;
    for event in recording.events.iter().chain([&Event::Sync]) {
        match event {
            Event::Begun(revision) => begun = *revision,
            Event::Acknowledged(revision) => acknowledged = *revision,
            Event::Write(..) | Event::Length(_) => pending.push(event),
            Event::Sync => {
                syncs += 1;
                if syncs % threads == thread {
                    findings.syncs.fetch_add(1, Ordering::Relaxed);
                    for number in 0..images {
                        let mut random = Random((syncs * 1000 + number) as u64);
                        // The first has nothing but what was synced.
                        let image = match number {
                            0 => synced.clone(),
                            _ => disk::image(&synced, &pending, &mut random),
                        };
                        findings.images.fetch_add(1, Ordering::Relaxed);
                        let expected = Expected { workload: &recording.workload, acknowledged, begun };
                        if let Err(what) = expected.check(image, &mut random) {
                            findings.wrong.fetch_add(1, Ordering::Relaxed);
                            if !lying {
                                eprintln!("sync {syncs}, image {number}: {what}");
                            }
                        }
                    }
                }
                if !lying {
                    disk::apply(&mut synced, &pending);
                    pending.clear();
                }
            }
        }
    }
}

/// What a disk must hold: everything acknowledged, and of what was begun all or nothing.
struct Expected<'a> {
    workload: &'a Workload,
    acknowledged: Revision,
    begun: Revision,
}

impl Expected<'_> {
    fn check(&self, image: Vec<u8>, random: &mut Random) -> Result<(), String> {
        let disk = Disk::of(image.clone());
        let revision = self.look(&disk)?;
        // The power may fail again while the store takes stock, or when it is closed.
        let events = disk.events();
        let syncs: Vec<_> =
            events.iter().enumerate().filter(|(_, event)| matches!(event, Event::Sync)).collect();
        if !syncs.is_empty() {
            let (at, _) = syncs[random.below(syncs.len())];
            let last =
                events[..at].iter().rposition(|event| matches!(event, Event::Sync)).map_or(0, |at| at + 1);
            let mut synced = image;
            disk::apply(&mut synced, &events[..last].iter().collect::<Vec<_>>());
            let again = disk::image(&synced, &events[last..at].iter().collect::<Vec<_>>(), random);
            // Nothing was acknowledged in between but the write of `look`.
            let again = Disk::of(again);
            let database =
                file::open_on(name(), again).map_err(|error| format!("second opening: {error}"))?;
            let found = Snapshot::of(&database).and_then(|snapshot| snapshot.revision());
            let found = found.map_err(|fault| fault.to_string())?;
            if found != revision && found.0 != revision.0 + 1 {
                return Err(format!("revision {revision} became {found} when the power failed again"));
            }
        }
        Ok(())
    }

    /// Opens the disk, compares everything with the workload, and writes. Returns the revision found.
    fn look(&self, disk: &Disk) -> Result<Revision, String> {
        let database = file::open_on(name(), disk.clone()).map_err(|error| error.to_string())?;
        let file = File::of(name(), database).map_err(|fault| fault.to_string())?;
        let snapshot = file.snapshot().map_err(|error| error.to_string())?;
        let revision = snapshot.revision().map_err(|fault| fault.to_string())?;
        if revision != self.acknowledged && revision != self.begun {
            return Err(format!(
                "revision is {revision}, acknowledged were {}, begun {}",
                self.acknowledged, self.begun
            ));
        }
        let page = snapshot.list(KeyRange::all(), usize::MAX).map_err(|error| error.to_string())?;
        if page.entries != self.workload.entries_at(revision) {
            return Err(format!("objects of revision {revision} differ"));
        }
        let mut after = snapshot.compacted().map_err(|fault| fault.to_string())?;
        if after.0 + RETAINED < revision.0.min(self.acknowledged.0) && revision.0 - after.0 > RETAINED * 9 / 8
        {
            return Err(format!("the log of revision {revision} begins at {after}"));
        }
        while after < revision {
            let stretch = snapshot.changes(&KeyRange::all(), after).map_err(|error| error.to_string())?;
            if stretch.changes.is_empty() {
                return Err(format!("the log ends at {after}, not at {revision}"));
            }
            for changes in stretch.changes {
                if changes.revision.0 != after.0 + 1 || changes != *self.workload.changes(changes.revision) {
                    return Err(format!("the log differs from the objects after revision {after}"));
                }
                after = changes.revision;
            }
        }
        drop(snapshot);
        let written = write(&file, vec![Request::Commit(workload::one_more())], RETAINED);
        let written = written.map_err(|failure| format!("a write afterwards fails: {failure:?}"))?;
        if !matches!(written[..], [Ok(found)] if found.0 == revision.0 + 1) {
            return Err(format!("a write afterwards is answered by {written:?}"));
        }
        file.close();
        Ok(revision)
    }
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    let images = std::env::var(IMAGES_VARIABLE).ok().and_then(|number| number.parse().ok()).unwrap_or(IMAGES);
    let recording = record(1);
    let findings = play(&recording, images, false);
    println!(
        "{} operations, {} syncs, {} disks drawn: {} wrong",
        recording.workload.operations,
        findings.syncs.load(Ordering::Relaxed),
        findings.images.load(Ordering::Relaxed),
        findings.wrong.load(Ordering::Relaxed),
    );
    assert!(findings.syncs.load(Ordering::Relaxed) > 200);
    assert_eq!(findings.wrong.load(Ordering::Relaxed), 0);
}

/// That the test above can fail.
#[test]
fn a_disk_that_confirms_too_early_is_caught() {
    let findings = play(&record(2), 1, true);
    assert!(findings.wrong.load(Ordering::Relaxed) > 200, "{findings:?}");
}

/// No power cut, but the same disk.
#[tokio::test]
async fn a_disk_that_breaks_down_ends_the_store() {
    let disk = Disk::default();
    let database = file::create_on(name(), disk.clone()).unwrap();
    let store = RedbStore::start(name(), database, RETAINED).unwrap();
    let revision = store.commit(workload::one_more()).await.unwrap();
    let mut watch = store.watch(KeyRange::all(), revision).await.unwrap();

    disk.break_down();
    let unknown = store.commit(workload::one_more()).await.unwrap_err();
    assert!(unknown.is_outcome_unknown(), "{unknown:?}");
    let ended = watch.next().await.unwrap().unwrap_err();
    assert!(ended.is_retryable(), "{ended:?}");
    assert!(watch.next().await.is_none());
    let refused = store.commit(workload::one_more()).await.unwrap_err();
    assert!(refused.is_retryable(), "{refused:?}");
    let refused = store.compact(revision).await.unwrap_err();
    assert!(refused.is_retryable(), "{refused:?}");
}
