//! Watchers that come and go, read slowly and lose their place, while clients write and somebody compacts.

mod follow;
mod log;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fastrand::Rng;
use futures_util::future::join_all;
use planewright_backend::store::{Key, KeyRange, Revision, Store, StoreExt as _};
use tokio::sync::watch;

use crate::history::{Answer, Call, Notebook, spans};
use crate::registers::Finding;
use crate::workload::{Client, Load};

use follow::Watcher;
use log::Log;
pub use log::{Step, Track};

/// The word of the last commit, which puts every key: a watcher that has seen it has seen everything.
const END: &str = "end";

/// What was in a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The commits that changed something.
    pub commits: usize,
    /// The items that watchers received.
    pub items: usize,
    /// How often a watch was dropped and another one opened where it had come to.
    pub resumed: usize,
    /// How often a watcher was told that it had lost its place.
    pub compacted: usize,
    /// How often somebody compacted.
    pub compactions: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.commits += other.commits;
        self.items += other.items;
        self.resumed += other.resumed;
        self.compacted += other.compacted;
        self.compactions += other.compactions;
    }
}

/// A compaction, and between which moments it took place.
#[derive(Clone, Copy, Debug)]
pub struct Compaction {
    /// Up to where.
    pub up_to: Revision,
    /// Before it was asked for.
    pub called: usize,
    /// After it was done.
    pub returned: usize,
}

/// Counts moments; whoever asks later gets a greater number.
#[derive(Debug, Default)]
struct Moments(AtomicUsize);

impl Moments {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// Lets clients write, watchers follow and somebody compact, on the keys under `prefix`, which must hold nothing; then judges
/// what the watchers received. All are spread over `stores`, which are all the same store.
///
/// # Errors
///
/// What is wrong with it.
pub async fn judge(stores: &[Arc<dyn Store>], prefix: &str, load: &Load) -> Result<Tally, Finding> {
    const WATCHERS: usize = 8;
    let violation = |text: String| Finding::Violation(text);
    let mut dice = Rng::with_seed(load.seed);
    let notebook = Arc::new(Notebook::default());
    let moments = Arc::new(Moments::default());
    let (progress, _) = watch::channel(0_usize);
    let progress = Arc::new(progress);
    let start = stores[0].revision().await.map_err(|error| violation(error.to_string()))?;

    let watchers = (0..WATCHERS).map(|number| {
        let watcher = Watcher {
            store: stores[number % stores.len()].clone(),
            range: range(prefix, load.keys, &mut dice),
            position: start,
            moments: moments.clone(),
            progress: progress.subscribe(),
            dice: dice.fork(),
            steps: Vec::new(),
        };
        tokio::spawn(watcher.run())
    });
    let watchers: Vec<_> = watchers.collect();
    let compactor = tokio::spawn(compact(
        stores[stores.len() - 1].clone(),
        load.operations,
        moments.clone(),
        progress.subscribe(),
        dice.fork(),
    ));
    let left = Arc::new(AtomicUsize::new(load.operations));
    let writers = (0..load.clients).map(|number| {
        let store = stores[number % stores.len()].clone();
        let mut client = Client::new(number, store, notebook.clone(), prefix, load);
        let (left, progress) = (left.clone(), progress.clone());
        tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
            {
                client.step().await;
                progress.send_modify(|done| *done += 1);
            }
        })
    });
    let panicked = || violation("a call panicked".to_owned());
    for ended in join_all(writers).await {
        ended.map_err(|_| panicked())?;
    }
    let compactions = compactor.await.map_err(|_| panicked())?.map_err(violation)?;
    end(&stores[0], &notebook, prefix, load).await.map_err(violation)?;
    progress.send_replace(usize::MAX);
    let mut tracks = Vec::new();
    for watcher in watchers {
        tracks.push(watcher.await.map_err(|_| panicked())?.map_err(violation)?);
    }

    let spans = spans(&notebook.take()).map_err(violation)?;
    if spans.iter().any(|span| span.returned.is_none()) {
        return Err(Finding::Undecided(
            "a commit of unknown outcome: nobody can say what watchers must see".to_owned(),
        ));
    }
    let log = Log::of(&spans).map_err(violation)?;
    for track in &tracks {
        log.judge(start, track, &compactions).map_err(violation)?;
    }
    let count = |wanted: fn(&Step) -> bool| {
        tracks.iter().flat_map(|track| &track.steps).filter(|(_, step)| wanted(step)).count()
    };
    Ok(Tally {
        commits: log.len(),
        items: count(|step| matches!(step, Step::Item(_))),
        resumed: count(|step| matches!(step, Step::Opened(_))).saturating_sub(WATCHERS),
        compacted: count(|step| matches!(step, Step::Compacted)),
        compactions: compactions.len(),
    })
}

/// A part of the keys under the prefix, or all of them.
fn range(prefix: &str, keys: usize, dice: &mut Rng) -> KeyRange {
    match dice.u8(..4) {
        0 => KeyRange::prefix(format!("{prefix}{}", dice.usize(..keys))),
        1 => {
            let first = dice.usize(..keys - 1);
            KeyRange::between(format!("{prefix}{first}"), format!("{prefix}{}", dice.usize(first + 1..=keys)))
        }
        _ => KeyRange::prefix(prefix),
    }
}

/// Puts every key, which ends the history for all watchers.
async fn end(
    store: &Arc<dyn Store>,
    notebook: &Arc<Notebook>,
    prefix: &str,
    load: &Load,
) -> Result<(), String> {
    let puts =
        (0..load.keys).map(|key| Key::new(format!("{prefix}{key}")).map_err(|error| error.to_string()));
    let call = Call::Commit {
        conditions: vec![],
        word: END.to_owned(),
        puts: puts.collect::<Result<_, _>>()?,
        deletes: vec![],
    };
    let mut client = Client::new(
        load.clients,
        store.clone(),
        notebook.clone(),
        prefix,
        &Load { dropped: 0, ..load.clone() },
    );
    match client.carry_out(call).await {
        Some(Answer::Committed(_)) => Ok(()),
        other => Err(format!("the last commit failed: {other:?}")),
    }
}

/// Compacts a few times while the clients make `operations` calls.
async fn compact(
    store: Arc<dyn Store>,
    operations: usize,
    moments: Arc<Moments>,
    mut progress: watch::Receiver<usize>,
    mut dice: Rng,
) -> Result<Vec<Compaction>, String> {
    let mut made = Vec::new();
    let times = dice.usize(..6);
    let mut when: Vec<_> = (0..times).map(|_| dice.usize(..operations)).collect();
    when.sort_unstable();
    for when in when {
        let _ = progress.wait_for(|done| *done >= when).await;
        let now = store.revision().await.map_err(|error| error.to_string())?;
        let up_to = Revision(now.0.saturating_sub(dice.u64(..30)));
        let called = moments.next();
        store.compact(up_to).await.map_err(|error| error.to_string())?;
        made.push(Compaction { up_to, called, returned: moments.next() });
    }
    Ok(made)
}
