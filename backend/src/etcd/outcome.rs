//! What became of a transaction whose answer did not arrive.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tonic::Status;

use crate::store::{Revision, StoreError, Transaction, Write};

use super::messages::*;
use super::transaction::Token;
use super::{RESOLVE_WITHIN, Shared, revision, unavailable};

/// How long a void key stays, in seconds; nothing that etcd was sent is under way that long.
const TRACE: i64 = 3600;

/// The key whose absence a transaction demands.
pub(super) fn void_key(shared: &Shared, token: &Token) -> Bytes {
    let name: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}/void/{name}", shared.prefix).into()
}

/// Makes the transaction void unless it has happened after the revision `since`, and says which.
pub(super) async fn resolve(
    shared: &Shared,
    transaction: &Transaction,
    token: &Token,
    voidable: bool,
    since: i64,
    fault: Status,
) -> Result<Revision, StoreError> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(20);
    let found = loop {
        match look(shared, transaction, token, since).await {
            Ok(found) => break found,
            Err(_) if start.elapsed() < RESOLVE_WITHIN => tokio::time::sleep(pause).await,
            Err(_) => break Found::Unclear,
        }
        pause = (pause * 2).min(Duration::from_secs(1));
    };
    match found {
        Found::At(at) => revision(at),
        Found::Nothing if voidable => Err(unavailable(fault)),
        Found::Nothing | Found::Unclear => Err(StoreError::OutcomeUnknown { source: Box::new(fault) }),
    }
}

enum Found {
    /// It was committed at this revision.
    At(i64),
    /// It was not committed up to now.
    Nothing,
    /// The history doesn't tell.
    Unclear,
}

async fn look(
    shared: &Shared,
    transaction: &Transaction,
    token: &Token,
    since: i64,
) -> Result<Found, Status> {
    let void = void_key(shared, token);
    let lease = shared.client.lease(TRACE).await?;
    let put = Request::Put(PutRequest { key: void, value: Bytes::new(), lease });
    let done =
        shared.client.transact(TxnRequest { success: vec![put.into()], ..TxnRequest::default() }).await?;
    let until = done.header.map_or(0, |header| header.revision);
    // All that is below the prefix, so that the void key itself tells where to stop.
    let mut history = shared
        .client
        .watch(WatchCreateRequest {
            key: format!("{}/", shared.prefix).into(),
            range_end: format!("{}0", shared.prefix).into(),
            start_revision: since + 1,
            fragment: true,
        })
        .await?;
    let keys: Vec<_> = transaction.writes.iter().map(|write| shared.key(write.key().as_str())).collect();
    let puts = transaction.writes.iter().any(|write| matches!(write, Write::Put(..)));
    let mut deleted = false;
    loop {
        let late = |_| Status::deadline_exceeded("no history in time");
        let message =
            tokio::time::timeout(Duration::from_secs(10), history.message()).await.map_err(late)??;
        let message = message.ok_or_else(|| Status::unavailable("the history ended"))?;
        if message.canceled {
            return Ok(Found::Unclear);
        }
        for event in message.events {
            let put = event.r#type == EventType::Put as i32;
            let Some(kv) = event.kv else { continue };
            if kv.mod_revision >= until {
                // What only deletes has no name in the history; but without a delete it has not happened.
                return Ok(if deleted && !puts { Found::Unclear } else { Found::Nothing });
            }
            if keys.contains(&kv.key) {
                deleted |= !put;
                if put && kv.value.ends_with(token) {
                    return Ok(Found::At(kv.mod_revision));
                }
            }
        }
    }
}
