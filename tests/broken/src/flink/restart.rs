//! Mistakes that show after a restart.

use futures_util::FutureExt;
use planewright_backend::store::{Key, KeyRange, Store, StoreExt, Transaction};
use serde_json::{Value, json};

use crate::{Answer, Broken, Class, Plane};

/// Deletes rows of a store.
async fn lose(plane: &Plane, prefix: &str) {
    let (entries, _) = plane.store.list_all(&KeyRange::prefix(prefix)).await.unwrap_or_default();
    for entry in entries {
        let _ = plane.store.commit(Transaction::new().delete(entry.key)).await;
    }
}

/// Changes rows of a store.
async fn rewrite(plane: &Plane, prefix: &str, change: fn(&Key, &mut Value)) {
    let (entries, _) = plane.store.list_all(&KeyRange::prefix(prefix)).await.unwrap_or_default();
    for entry in entries {
        let Ok(mut row) = serde_json::from_slice(&entry.versioned.value) else { continue };
        change(&entry.key, &mut row);
        let _ = plane.store.commit(Transaction::new().put(entry.key, row.to_string())).await;
    }
}

pub(super) fn all() -> Vec<Broken> {
    let broken = |name, wrong| Broken::new(Class::Restart, name, wrong);
    vec![
        broken("jars-in-memory", "Jars are gone after a restart.").restart(|mut plane| {
            async move {
                plane.artifacts = Plane::no_artifacts();
                plane
            }
            .boxed()
        }),
        broken("jobs-in-memory", "Jobs are gone after a restart.").restart(|mut plane| {
            async move {
                lose(&plane, "jobs/").await;
                lose(&plane, "job-ends/").await;
                plane.executor = Plane::cluster(&plane.clock);
                plane
            }
            .boxed()
        }),
        broken("operations-in-memory", "Operations are unknown after a restart.").restart(|plane| {
            async move {
                lose(&plane, "operations/").await;
                plane
            }
            .boxed()
        }),
        broken(
            "outcomes-unsaved",
            "A restart loses the outcome of operations that were over, and starts them again.",
        )
        .restart(|plane| {
            async move {
                rewrite(&plane, "operations/", |_, row| {
                    row["end"] = Value::Null;
                    let execution = row["execution"].as_str().unwrap_or_default();
                    row["execution"] = json!(execution.chars().rev().collect::<String>());
                })
                .await;
                plane
            }
            .boxed()
        }),
        broken("cancels-unsaved", "A job that was cancelled runs again after a restart.").restart(
            |mut plane| {
                async move {
                    lose(&plane, "job-ends/").await;
                    rewrite(&plane, "jobs/", |_, row| {
                        row["cancelled"] = json!(false);
                        row["end"] = Value::Null;
                    })
                    .await;
                    plane.executor = Plane::cluster(&plane.clock);
                    plane
                }
                .boxed()
            },
        ),
        broken(
            "arguments-unsaved",
            "A job that is taken up after a restart has lost its arguments and its parallelism.",
        )
        .restart(|mut plane| {
            async move {
                rewrite(&plane, "jobs/", |_, row| {
                    row["submission"]["arguments"] = json!([]);
                    row["submission"]["parallelism"] = Value::Null;
                })
                .await;
                plane.executor = Plane::cluster(&plane.clock);
                plane
            }
            .boxed()
        }),
        broken("newest-unsaved", "The job that was run last is gone after a restart.").restart(
            |mut plane| {
                async move {
                    let (mut rows, _) =
                        plane.store.list_all(&KeyRange::prefix("jobs/")).await.unwrap_or_default();
                    rows.sort_by_key(|row| row.versioned.created);
                    if let Some(newest) = rows.pop() {
                        let end = format!("job-ends/{}", newest.key.as_str().trim_start_matches("jobs/"));
                        let transaction = Transaction::new().delete(newest.key);
                        let _ = plane.store.commit(transaction).await;
                        lose(&plane, &end).await;
                    }
                    plane.executor = Plane::cluster(&plane.clock);
                    plane
                }
                .boxed()
            },
        ),
        broken("down-after-restart", "After a restart the overview of jobs is an internal error.")
            .restart(|plane| {
                async move {
                    let marker = Key::new("broken/restarted").expect("a key");
                    let _ = plane.store.commit(Transaction::new().put(marker, "1")).await;
                    plane
                }
                .boxed()
            })
            .around("GET /jobs/overview", |call, server| {
                async move {
                    let marker = Key::new("broken/restarted").expect("a key");
                    match server.store().get(&marker).await {
                        Ok(None) => server.send(call).await,
                        _ => Answer::error(500, "Internal server error."),
                    }
                }
                .boxed()
            }),
    ]
}
