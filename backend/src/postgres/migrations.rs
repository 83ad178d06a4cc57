//! The tables, and how they came to be what they are.

use deadpool_postgres::Client;

use crate::store::OpenError;

use super::unavailable;

/// The number of steps taken is the format of the data. A step that has been released is never changed.
const STEPS: &[&str] = &["\
    CREATE TABLE head ( \
        one boolean PRIMARY KEY DEFAULT true CHECK (one), \
        revision bigint NOT NULL, \
        compacted bigint NOT NULL \
    ); \
    INSERT INTO head (revision, compacted) VALUES (0, 0); \
    CREATE TABLE entries ( \
        key bytea PRIMARY KEY, \
        value bytea NOT NULL, \
        created bigint NOT NULL, \
        modified bigint NOT NULL \
    ); \
    CREATE TABLE changes ( \
        revision bigint, \
        key bytea, \
        value bytea, \
        PRIMARY KEY (revision, key) \
    ); \
    CREATE TABLE outcomes ( \
        token bytea PRIMARY KEY, \
        revision bigint, \
        key bytea, \
        found bigint, \
        made timestamptz NOT NULL DEFAULT now() \
    );"];

/// Takes the steps that are still to take.
pub(super) async fn apply(client: &mut Client, schema: &str) -> Result<(), OpenError> {
    let found = steps(client, schema).await.map_err(unavailable)?;
    let known = STEPS.len() as i64;
    if found > known { Err(OpenError::NewerFormat { found, known }) } else { Ok(()) }
}

/// Returns the format that was found, before any step was taken.
async fn steps(client: &mut Client, schema: &str) -> Result<i64, tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    // Servers that start at the same time take turns.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('planewright migrations ' || $1, 0))";
    transaction.execute(lock, &[&schema]).await?;
    // Creating what exists needs the right to create, even with IF NOT EXISTS.
    let exists = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    if !transaction.query_one(exists, &[&schema]).await?.try_get::<_, bool>(0)? {
        transaction.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    let exists = "SELECT to_regclass($1) IS NOT NULL";
    let table = format!("{schema}.format");
    if !transaction.query_one(exists, &[&table]).await?.try_get::<_, bool>(0)? {
        let table = "CREATE TABLE format (steps bigint NOT NULL); INSERT INTO format VALUES (0)";
        transaction.batch_execute(table).await?;
    }
    let found: i64 = transaction.query_one("SELECT steps FROM format", &[]).await?.try_get(0)?;
    let taken = usize::try_from(found).unwrap_or(0);
    if let Some(missing) = STEPS.get(taken..).filter(|missing| !missing.is_empty()) {
        for step in missing {
            transaction.batch_execute(step).await?;
        }
        transaction.execute("UPDATE format SET steps = $1", &[&(STEPS.len() as i64)]).await?;
    }
    transaction.commit().await?;
    Ok(found)
}
