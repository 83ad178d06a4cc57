//! Commits as etcd's transactions.

use bytes::{Bytes, BytesMut};
use tonic::{Code, Status};

use crate::store::{Precondition, Revision, StoreError, Transaction, Write};

use super::client::never_sent;
use super::messages::*;
use super::{Shared, corrupt, etcd_number, outcome, revision, unavailable};

/// Names a transaction.
pub(super) type Token = [u8; 16];

/// What etcd takes in one request by default, less some room for what is around the keys and values.
const REQUEST_BYTES: usize = 1_400_000;

/// Commits, and finds out what happened if the connection breaks.
pub(super) async fn commit(shared: &Shared, transaction: &Transaction) -> Result<Revision, StoreError> {
    loop {
        let mut token = [0; 16];
        getrandom::fill(&mut token).map_err(|error| StoreError::Unavailable { source: Box::new(error) })?;
        let plan = Plan::new(shared, transaction, &token);
        let since = shared.client.revision();
        let response = match shared.client.transact(plan.request(shared, transaction, &token)).await {
            Ok(response) => response,
            Err(status) if did_nothing(&status) => return Err(unavailable(status)),
            Err(status) => {
                return outcome::resolve(shared, transaction, &token, plan.voidable, since, status).await;
            }
        };
        if response.succeeded {
            return revision(response.header.map_or(0, |header| header.revision));
        }
        let found = if plan.asks {
            ranges(response.responses)?
        } else {
            let asked = TxnRequest { success: plan.questions, ..TxnRequest::default() };
            let answer = shared.client.transact(asked).await.map_err(unavailable)?;
            ranges(answer.responses)?
        };
        if let Some(conflict) = conflict(shared, &transaction.preconditions, &found)? {
            return Err(conflict);
        }
        // What stood in the way was gone when it was looked for: once more. It can't have been the void key of this
        // token, which nobody has put.
    }
}

/// How a transaction fits into a request.
struct Plan {
    /// One for each precondition: its first key, if there is one.
    questions: Vec<RequestOp>,
    /// Whether the questions go along with the transaction, to be answered at the same moment if it fails.
    asks: bool,
    /// Whether there is room for a comparison that lets the transaction be made void.
    voidable: bool,
}

impl Plan {
    fn new(shared: &Shared, transaction: &Transaction, token: &Token) -> Self {
        let mut bytes = 0;
        let mut questions = Vec::with_capacity(transaction.preconditions.len());
        for precondition in &transaction.preconditions {
            let (key, range_end) = stretch(shared, precondition);
            bytes += 2 * (key.len() + range_end.len());
            let question =
                RangeRequest { key, range_end, limit: 1, keys_only: true, ..RangeRequest::default() };
            questions.push(Request::Range(question).into());
        }
        for write in &transaction.writes {
            bytes += write.key().as_str().len() + shared.prefix.len() + token.len();
            if let Write::Put(_, value) = write {
                bytes += value.len();
            }
        }
        let voidable = questions.len() < Transaction::MAX_OPERATIONS;
        Self { questions, asks: bytes <= REQUEST_BYTES, voidable }
    }

    fn request(&self, shared: &Shared, transaction: &Transaction, token: &Token) -> TxnRequest {
        let mut comparisons: Vec<_> =
            transaction.preconditions.iter().map(|precondition| comparison(shared, precondition)).collect();
        if self.voidable {
            let key = outcome::void_key(shared, token);
            comparisons.push(compare(Comparison::Equal, Target::Version, key, Number::Version(0)));
        }
        let success = transaction.writes.iter().map(|write| {
            let key = shared.key(write.key().as_str());
            let request = match write {
                Write::Put(_, value) => Request::Put(PutRequest { key, value: seal(value, token), lease: 0 }),
                Write::Delete(_) => Request::DeleteRange(DeleteRangeRequest { key }),
            };
            request.into()
        });
        let failure = if self.asks { self.questions.clone() } else { Vec::new() };
        TxnRequest { compare: comparisons, success: success.collect(), failure }
    }
}

fn stretch(shared: &Shared, precondition: &Precondition) -> (Bytes, Bytes) {
    match precondition {
        Precondition::Absent(key) | Precondition::Present(key) | Precondition::ModifiedAt(key, _) => {
            (shared.key(key.as_str()), Bytes::new())
        }
        Precondition::Empty(range) => shared.stretch(range),
    }
}

fn comparison(shared: &Shared, precondition: &Precondition) -> Compare {
    let (key, range_end) = stretch(shared, precondition);
    let (result, target, number) = match precondition {
        Precondition::Present(_) => (Comparison::Greater, Target::Version, Number::Version(0)),
        // To etcd an absent key was modified at 0, and no key at -1.
        Precondition::ModifiedAt(_, at) => {
            let at = if at.0 == 0 { -1 } else { etcd_number(*at) };
            (Comparison::Equal, Target::Mod, Number::ModRevision(at))
        }
        Precondition::Absent(_) | Precondition::Empty(_) => {
            (Comparison::Equal, Target::Version, Number::Version(0))
        }
    };
    Compare { range_end, ..compare(result, target, key, number) }
}

pub(super) fn compare(result: Comparison, target: Target, key: Bytes, number: Number) -> Compare {
    Compare {
        result: result as i32,
        target: target as i32,
        key,
        number: Some(number),
        range_end: Bytes::new(),
    }
}

/// The first of the preconditions that what was found breaks.
fn conflict(
    shared: &Shared,
    preconditions: &[Precondition],
    found: &[RangeResponse],
) -> Result<Option<StoreError>, StoreError> {
    if found.len() != preconditions.len() {
        return Err(corrupt("etcd answered another number of questions"));
    }
    for (precondition, found) in preconditions.iter().zip(found) {
        let first = found.kvs.first();
        let modified = first.map(|kv| revision(kv.mod_revision)).transpose()?;
        let (broken, key) = match precondition {
            Precondition::Absent(key) => (modified.is_some(), Some(key.clone())),
            Precondition::Present(key) => (modified.is_none(), Some(key.clone())),
            Precondition::ModifiedAt(key, at) => (modified != Some(*at), Some(key.clone())),
            Precondition::Empty(_) => {
                (modified.is_some(), first.map(|kv| shared.key_of(&kv.key)).transpose()?)
            }
        };
        if let (true, Some(key)) = (broken, key) {
            return Ok(Some(StoreError::Conflict { key, found: modified }));
        }
    }
    Ok(None)
}

fn ranges(responses: Vec<ResponseOp>) -> Result<Vec<RangeResponse>, StoreError> {
    let ranges = responses.into_iter().map(|response| match response.response {
        Some(Response::Range(range)) => Ok(range),
        None => Err(corrupt("etcd answered another question")),
    });
    ranges.collect()
}

/// Whether etcd says that it has refused the request as such, or was not even reached.
fn did_nothing(status: &Status) -> bool {
    let refused = matches!(
        status.code(),
        Code::InvalidArgument
            | Code::FailedPrecondition
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::ResourceExhausted
            | Code::Unimplemented
    );
    refused || never_sent(status)
}

/// A value as it is stored: with the name of its transaction behind it.
fn seal(value: &Bytes, token: &Token) -> Bytes {
    let mut sealed = BytesMut::with_capacity(value.len() + token.len());
    sealed.extend_from_slice(value);
    sealed.extend_from_slice(token);
    sealed.freeze()
}

/// The value without the name of its transaction, and that.
pub(super) fn unseal(mut sealed: Bytes) -> Result<(Bytes, Bytes), StoreError> {
    match sealed.len().checked_sub(size_of::<Token>()) {
        Some(length) => {
            let token = sealed.split_off(length);
            Ok((sealed, token))
        }
        None => Err(corrupt("a value is too short to be this store's")),
    }
}
