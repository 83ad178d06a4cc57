//! The process that is killed.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use planewright_backend::store::{Changes, Key, KeyRange, Revision, Store};

use crate::history::{Answer, Call, Event, Recorder, changed};
use crate::workload::{Client, Load};

use super::{INSPECTOR, Line, NUMBERS};

/// What a process is told when it is started.
#[derive(Clone, Debug)]
pub struct Orders {
    /// What all keys begin with.
    pub prefix: String,
    /// Which process of the history this is.
    pub run: usize,
    /// Its clients and keys. The number of operations has no meaning.
    pub load: Load,
    /// What the log is read from.
    pub after: Revision,
}

/// Writes lines to the standard output. When nobody reads them any more, the process ends.
#[derive(Debug)]
struct Pipe;

impl Pipe {
    fn tell(&self, line: &Line) {
        let told = serde_json::to_vec(line).map_err(io::Error::from).and_then(|mut text| {
            text.push(b'\n');
            let mut out = io::stdout().lock();
            out.write_all(&text)?;
            out.flush()
        });
        if told.is_err() {
            std::process::exit(0);
        }
    }
}

impl Recorder for Pipe {
    fn record(&self, event: Event) {
        self.tell(&Line::Happened(event));
    }
}

/// Shows what is there, and then writes until the process is killed.
///
/// # Errors
///
/// If the store can't be looked at.
pub async fn run(stores: &[Arc<dyn Store>], orders: &Orders) -> Result<(), String> {
    let pipe = Arc::new(Pipe);
    let Orders { prefix, run, load, after } = orders;
    let client = |number: usize, load: &Load| {
        let store = stores[number % stores.len()].clone();
        Client::new(run * NUMBERS + number, store, pipe.clone(), prefix, load)
    };
    let mut inspector = client(INSPECTOR, &Load { dropped: 0, ..load.clone() });
    inspect(&mut inspector, &*stores[0], orders, &pipe).await?;
    let writers = (0..load.clients).map(|number| {
        let mut client = client(number, load);
        let compacts = (number == 0).then(|| (stores[0].clone(), *after));
        tokio::spawn(async move {
            for step in 0_u32.. {
                if let Some(Answer::Refused) = client.step().await {
                    give_way_to_server().await;
                }
                // What the judge has read of the log may go.
                if let Some((store, after)) = &compacts
                    && step % 64 == 40
                {
                    let _ = store.compact(*after).await;
                }
            }
        })
    });
    join_all(writers).await;
    Err("the clients ended".to_owned())
}

/// Calls to a server that is away are refused at once: no tight loop meanwhile.
async fn give_way_to_server() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

/// Lists the keys, and tells the log up to there and a little further: up to a commit that is made to see its end.
async fn inspect(client: &mut Client, store: &dyn Store, orders: &Orders, pipe: &Pipe) -> Result<(), String> {
    let Orders { prefix, run, after, .. } = orders;
    // A server that was killed may not be back yet.
    while !matches!(client.carry_out(Call::List(prefix.clone())).await, Some(Answer::Page(..))) {
        give_way_to_server().await;
    }
    let marker = Key::new(format!("{prefix}marker")).map_err(|error| error.to_string())?;
    let mut attempt = 0;
    let last = loop {
        let word = format!("marker.{run}.{attempt}");
        let call = Call::Commit { conditions: vec![], word, puts: vec![marker.clone()], deletes: vec![] };
        if let Some(Answer::Committed(last)) = client.carry_out(call).await {
            break last;
        }
        attempt += 1;
        give_way_to_server().await;
    };
    let watch = store.watch(KeyRange::prefix(prefix.as_str()), *after).await;
    let mut watch = watch.map_err(|error| format!("the log from {after} on: {error}"))?;
    let mut log = Vec::new();
    let mut seen = *after;
    while seen < last {
        let item = tokio::time::timeout(Duration::from_secs(60), watch.next()).await;
        let item = item.map_err(|_| format!("the log ends at {seen} before {last}"))?;
        let Changes { revision, changes } =
            item.ok_or("the log ended")?.map_err(|error| format!("the log after {seen}: {error}"))?;
        seen = revision;
        let changed = changed(changes)?;
        if !changed.is_empty() {
            log.push((revision, changed));
        }
        if log.len() >= 100 {
            pipe.tell(&Line::Logged(std::mem::take(&mut log)));
        }
    }
    pipe.tell(&Line::Logged(log));
    pipe.tell(&Line::Ready);
    Ok(())
}
