//! How far the store has come, as far as this server knows.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_postgres::AsyncMessage;

use crate::store::{Revision, StoreError};

use super::address::Address;
use super::{read, revision};

/// How long a server relies on being told.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The greatest revision that this server has seen; watches wait for it to grow.
#[derive(Clone)]
pub(super) struct Heads {
    last: watch::Sender<Revision>,
}

impl Heads {
    /// Starts to follow the commits of other servers.
    pub(super) fn follow(address: &Address, pool: Pool, tasks: &mut JoinSet<()>) -> Self {
        let heads = Self { last: watch::Sender::new(Revision(0)) };
        let hint = Arc::new(Notify::new());
        tasks.spawn(listen(address.clone(), Arc::clone(&hint)));
        tasks.spawn(heads.clone().look(pool, hint));
        heads
    }

    /// The greatest revision seen.
    pub(super) fn last(&self) -> Revision {
        *self.last.borrow()
    }

    /// Takes note of a revision.
    pub(super) fn saw(&self, revision: Revision) {
        self.last.send_if_modified(|last| {
            let grows = revision > *last;
            *last = revision.max(*last);
            grows
        });
    }

    /// What is told of every revision from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<Revision> {
        self.last.subscribe()
    }

    async fn look(self, pool: Pool, hint: Arc<Notify>) {
        loop {
            // Nobody waits for it when nobody watches. Failures are for the next look.
            if self.last.receiver_count() > 0
                && let Ok(revision) = current(&pool).await
            {
                self.saw(revision);
            }
            let _ = tokio::time::timeout(LOOK_EVERY, hint.notified()).await;
        }
    }
}

async fn current(pool: &Pool) -> Result<Revision, StoreError> {
    let rows = read(pool, "SELECT revision FROM head", &[]).await?;
    rows.first().map_or(Ok(Revision(0)), |row| revision(row, 0))
}

/// Passes on what other servers tell, on a connection of its own, made anew whenever it breaks.
async fn listen(address: Address, hint: Arc<Notify>) {
    loop {
        if let Ok((client, mut connection)) = address.config.connect(address.tls.clone()).await {
            let told = async {
                while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                    if let AsyncMessage::Notification(_) = message {
                        hint.notify_one();
                    }
                }
            };
            let ask = async {
                // If this fails, the connection is gone, and the other future ends with it.
                let _ = client.batch_execute(&format!("LISTEN {}", address.channel())).await;
                // What was said before is not told again.
                hint.notify_one();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = told => {}
                () = ask => {}
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
