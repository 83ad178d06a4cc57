use serde_json::{Value, json};

use crate::apis::flink::scene::{Scene, items};
use crate::{Context, Stop};

use super::operation::{Kind, Operation};

/// A job, as it must be after what was asked of it.
pub(super) struct Job {
    pub(super) id: String,
    pub(super) parallelism: u32,
    pub(super) wish: Wish,
    /// The state in which it ended, once somebody has seen it.
    pub(super) ended: Option<String>,
    name: String,
    /// The savepoint with which it began.
    restored: Option<String>,
    started: Option<Value>,
    /// When it ended and how long it took.
    times: Option<(Value, Value)>,
}

/// What was asked of a job.
#[derive(Debug, Default)]
pub(super) struct Wish {
    /// To be cancelled.
    pub(super) cancel: bool,
    /// To be stopped with a savepoint.
    pub(super) stop: bool,
}

pub(super) fn is_terminal(state: &str) -> bool {
    matches!(state, "CANCELED" | "FINISHED" | "FAILED")
}

impl Job {
    pub(super) fn new(id: String, name: String, parallelism: u32, restored: Option<String>) -> Self {
        let (started, times, ended) = (None, None, None);
        Self { id, parallelism, wish: Wish::default(), ended, name, restored, started, times }
    }

    /// For people.
    pub(super) fn told(&self) -> String {
        let state = match (&self.ended, &self.wish) {
            (Some(ended), _) => ended.as_str(),
            (None, Wish { cancel: false, stop: false }) => "RUNNING",
            (None, Wish { cancel: true, .. }) => "about to be cancelled",
            (None, _) => "about to stop",
        };
        format!("{} {state}", self.id)
    }

    /// Whether a job without end can be in this state by now.
    pub(super) fn may_be(&self, state: &str) -> bool {
        match &self.ended {
            Some(ended) => ended == state,
            None => match state {
                "RUNNING" => true,
                "CANCELLING" | "CANCELED" => self.wish.cancel,
                "FINISHED" => self.wish.stop,
                _ => false,
            },
        }
    }

    /// Whether what an entry says about it agrees with itself and with what is known. Members that aren't there say nothing.
    pub(super) fn fits(&self, entry: &Value) -> bool {
        let number = |name: &str| entry[name].as_i64();
        if entry.get("end-time").is_none() {
            return true;
        }
        let (start, end, took) = (number("start-time"), number("end-time"), number("duration"));
        let (Some(start), Some(end), Some(took)) = (start, end, took) else { return false };
        let over = entry["state"].as_str().is_some_and(is_terminal);
        let times = if over { end >= start && took == end - start } else { end == -1 && took >= 0 };
        let same = self.started.as_ref().is_none_or(|started| *started == start);
        let stays = self.times.as_ref().is_none_or(|(then, length)| *then == end && *length == took);
        times && same && stays && entry["name"] == self.name
    }

    fn see(&mut self, state: &str) {
        if self.ended.is_none() && is_terminal(state) {
            self.ended = Some(state.to_owned());
        }
    }

    pub(super) async fn look_at_status(&mut self, cx: &Context) -> Result<(), Stop> {
        let answer = cx.read(format!("/v1/jobs/{}/status", self.id)).await?;
        let state = answer.text("/status")?;
        answer.check(self.may_be(&state), self.told())?;
        self.see(&state);
        Ok(())
    }

    pub(super) async fn look_at_details(&mut self, cx: &Context) -> Result<(), Stop> {
        let path = format!("/v1/jobs/{}", self.id);
        let fits = |details: &Value| {
            let state = details["state"].as_str().unwrap_or_default();
            let wide = |vertex: &Value| vertex["parallelism"] == self.parallelism;
            details["jid"] == self.id
                && self.may_be(state)
                && self.fits(details)
                && items(&details["vertices"]).iter().all(wide)
        };
        let awaited =
            format!("{} with {} subtasks of each vertex, named {}", self.told(), self.parallelism, self.name);
        // A copy that is seconds old can't be told from a state that reverts, unless nobody asked for a change.
        let details = if self.wish.cancel || self.wish.stop || self.ended.is_some() {
            cx.shows(path, &awaited, fits).await?
        } else {
            let answer = cx.read(path).await?;
            answer.check(fits(&answer.json()?), awaited)?;
            answer.json()?
        };
        self.started = Some(details["start-time"].clone());
        if let Some(state) = details["state"].as_str().filter(|state| is_terminal(state)) {
            self.see(state);
            self.times = Some((details["end-time"].clone(), details["duration"].clone()));
        }
        if let Some(restored) = &self.restored {
            let awaited = format!("one restored, from {restored}");
            let path = format!("/v1/jobs/{}/checkpoints", self.id);
            let from = |found: &Value| found["latest"]["restored"]["external_path"] == *restored;
            cx.shows(path, &awaited, |found| found["counts"]["restored"] == 1 && from(found)).await?;
        }
        Ok(())
    }

    /// Waits until what was asked of it has come about.
    pub(super) async fn settle(&mut self, cx: &Context, operations: &[Operation]) -> Result<(), Stop> {
        let stopped = operations.iter().any(|operation| {
            operation.is_of(self) && operation.kind == Kind::Stop && operation.location().is_some()
        });
        let cancelled = self.wish.cancel;
        let saved: Vec<_> = operations
            .iter()
            .filter(|operation| operation.is_of(self) && operation.kind != Kind::Checkpoint)
            .filter_map(Operation::location)
            .collect();
        if !saved.is_empty() {
            let path = format!("/v1/jobs/{}/checkpoints", self.id);
            let named = |found: &Value| {
                let place = found["latest"]["savepoint"]["external_path"].as_str().unwrap_or_default();
                let last = |text: &str| text.rsplit('/').next().map(str::to_owned);
                saved.iter().any(|saved| last(saved) == last(place))
            };
            let awaited = format!("the latest savepoint is one of {}", saved.join(", "));
            cx.shows(path, &awaited, named).await?;
        }
        let ends: &[&str] = match (&self.ended, stopped, cancelled) {
            (Some(_), ..) => return self.look_at_status(cx).await,
            (None, true, true) => &["FINISHED", "CANCELED"],
            (None, true, false) => &["FINISHED"],
            (None, false, true) => &["CANCELED"],
            (None, false, false) => &["RUNNING"],
        };
        let path = format!("/v1/jobs/{}/status", self.id);
        let awaited = format!("status {}", ends.join(" or "));
        let status = |body: &Value| ends.iter().any(|end| body["status"] == json!(end));
        let body = cx.shows(path, &awaited, status).await?;
        self.see(body["status"].as_str().unwrap_or_default());
        self.look_at_details(cx).await
    }
}
