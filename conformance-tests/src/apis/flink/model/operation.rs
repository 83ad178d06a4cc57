use serde_json::{Value, json};

use crate::apis::flink::scene::{Scene, lies_under};
use crate::{Answer, Context, Stop};

use super::job::Job;
use super::step::Trigger;
use super::{Plane, chosen};

/// An asynchronous operation on a job.
pub(super) struct Operation {
    pub(super) job: usize,
    pub(super) kind: Kind,
    /// The id of its job.
    of: String,
    trigger: String,
    directory: String,
    /// What must come of it.
    prospect: Prospect,
    /// What came of it, once somebody has seen it.
    outcome: Option<Value>,
}

/// What kind of operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A savepoint, after which the job may be cancelled.
    Savepoint { cancel: bool },
    /// A stop with a savepoint.
    Stop,
    /// A checkpoint.
    Checkpoint,
}

/// What must come of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prospect {
    Success,
    Failure,
    Either,
}

impl Operation {
    pub(super) fn is_of(&self, job: &Job) -> bool {
        self.of == job.id
    }

    /// Where its savepoint is.
    pub(super) fn location(&self) -> Option<&str> {
        self.outcome.as_ref().and_then(|outcome| outcome["location"].as_str())
    }

    /// Something was asked of its job that may let it fail.
    pub(super) fn doubt(&mut self) {
        if self.outcome.is_none() && self.prospect == Prospect::Success {
            self.prospect = Prospect::Either;
        }
    }

    fn triggered_at(&self) -> String {
        let word = match self.kind {
            Kind::Savepoint { .. } => "savepoints",
            Kind::Stop => "stop",
            Kind::Checkpoint => "checkpoints",
        };
        format!("/v1/jobs/{}/{word}", self.of)
    }

    /// Where it is asked for under a job.
    fn polled_at(&self, job: &str) -> String {
        let word = if self.kind == Kind::Checkpoint { "checkpoints" } else { "savepoints" };
        format!("/v1/jobs/{job}/{word}/{}", self.trigger)
    }

    fn request(&self, directory: &str) -> Value {
        match self.kind {
            Kind::Savepoint { cancel } => json!({ "target-directory": directory, "cancel-job": cancel }),
            Kind::Stop => json!({ "targetDirectory": directory, "drain": false }),
            Kind::Checkpoint => json!({}),
        }
    }

    /// Takes in an answer about how it goes. Returns whether it is over.
    fn judge(&mut self, answer: &Answer) -> Result<bool, Stop> {
        let (status, outcome) = (answer.text("/status/id")?, answer.member("/operation")?);
        match (status.as_str(), &self.outcome) {
            ("IN_PROGRESS", None) => {
                answer.check(outcome.is_null(), "no outcome while it is in progress")?;
                Ok(false)
            }
            ("IN_PROGRESS", Some(known)) => {
                Err(answer.unexpected(format!("an operation that is over stays so, with {known}")))
            }
            ("COMPLETED", Some(known)) => {
                let same = |member: &str| known[member] == outcome[member];
                let cause = known["failure-cause"]["class"] == outcome["failure-cause"]["class"];
                let same = same("location") && same("checkpointId") && cause;
                answer.check(same, format!("the outcome that was told before: {known}"))?;
                Ok(true)
            }
            ("COMPLETED", None) => {
                self.judge_outcome(answer, &outcome)?;
                self.outcome = Some(outcome);
                Ok(true)
            }
            _ => Err(answer.unexpected("IN_PROGRESS or COMPLETED")),
        }
    }

    fn judge_outcome(&self, answer: &Answer, outcome: &Value) -> Result<(), Stop> {
        let failed = outcome
            .get("failure-cause")
            .or(outcome.get("failureCause"))
            .is_some_and(|cause| !cause.is_null());
        let success = match self.kind {
            Kind::Checkpoint => outcome["checkpointId"].is_number(),
            _ => outcome["location"].as_str().is_some_and(|place| lies_under(place, &self.directory)),
        };
        let result = match self.kind {
            Kind::Checkpoint => "a checkpoint's id".to_owned(),
            _ => format!("a location under {}", self.directory),
        };
        match self.prospect {
            Prospect::Success => answer.check(success && !failed, result),
            Prospect::Failure => {
                answer.check(failed && !success, "the cause of a failure, since its job was over")
            }
            Prospect::Either => {
                answer.check(success != failed, format!("{result}, or the cause of a failure"))
            }
        }
    }
}

impl Plane {
    pub(super) async fn savepoint(
        &mut self,
        cx: &Context,
        job: usize,
        trigger: Trigger,
        cancel: bool,
    ) -> Result<(), Stop> {
        let Some(job) = chosen(&self.jobs, job) else { return Ok(()) };
        self.trigger(cx, job, trigger, Kind::Savepoint { cancel }).await?;
        if cancel && self.jobs[job].ended.is_none() {
            let newest = self.operations.len() - 1;
            let prospect = self.operations[newest].prospect;
            self.wish(job, |wish| wish.cancel = true);
            self.operations[newest].prospect = prospect;
        }
        Ok(())
    }

    pub(super) async fn stop(&mut self, cx: &Context, job: usize, trigger: Trigger) -> Result<(), Stop> {
        let Some(job) = chosen(&self.jobs, job) else { return Ok(()) };
        self.trigger(cx, job, trigger, Kind::Stop).await?;
        if self.jobs[job].ended.is_none() {
            let newest = self.operations.len() - 1;
            let prospect = self.operations[newest].prospect;
            self.wish(job, |wish| wish.stop = true);
            self.operations[newest].prospect = prospect;
        }
        Ok(())
    }

    /// Checkpoints are asked of jobs at work alone: what comes of others is nowhere written.
    pub(super) async fn checkpoint(&mut self, cx: &Context, job: usize) -> Result<(), Stop> {
        let at_work = |job: &usize| {
            let job = &self.jobs[*job];
            job.ended.is_none() && !job.wish.cancel && !job.wish.stop
        };
        match chosen(&self.jobs, job).filter(at_work) {
            Some(job) => self.trigger(cx, job, Trigger::Lower, Kind::Checkpoint).await,
            None => Ok(()),
        }
    }

    async fn trigger(&mut self, cx: &Context, job: usize, trigger: Trigger, kind: Kind) -> Result<(), Stop> {
        let known = &self.jobs[job];
        let (own, said) = match trigger {
            Trigger::New => (None, None),
            Trigger::Lower => {
                let id = cx.id();
                (Some(id.clone()), Some(id))
            }
            Trigger::Upper => {
                let id = cx.id();
                (Some(id.clone()), Some(id.to_uppercase()))
            }
            Trigger::Borrowed(number) => {
                let id =
                    chosen(&self.operations, number).map(|number| self.operations[number].trigger.clone());
                let used = |id: &String| {
                    self.operations.iter().any(|other| other.is_of(known) && other.trigger == *id)
                };
                let id = id.filter(|id| !used(id)).unwrap_or_else(|| cx.id());
                (Some(id.clone()), Some(id))
            }
        };
        let prospect = match (&known.ended, known.wish.cancel || known.wish.stop) {
            (Some(_), _) => Prospect::Failure,
            (None, true) => Prospect::Either,
            (None, false) => Prospect::Success,
        };
        let directory = format!("{}/{}", cx.directory(), cx.name("savepoints"));
        let (of, trigger) = (known.id.clone(), String::new());
        let mut operation = Operation { job, kind, of, trigger, directory, prospect, outcome: None };
        let mut request = operation.request(&operation.directory);
        if let Some(said) = said {
            request["triggerId"] = json!(said);
        }
        let answer = cx.post(operation.triggered_at()).json(&request).send().await?.expect(202)?;
        operation.trigger = answer.text("/request-id")?;
        answer
            .check(own.is_none_or(|own| own == operation.trigger), "the id that was given, in lower case")?;
        let twin = self
            .operations
            .iter()
            .any(|other| other.of == operation.of && other.trigger == operation.trigger);
        answer.check(!twin, "an id that no other operation of the job has")?;
        self.operations.push(operation);
        Ok(())
    }

    /// The same id again, with another directory: nothing new, and the same answer.
    pub(super) async fn repeat(&mut self, cx: &Context, operation: usize) -> Result<(), Stop> {
        let Some(operation) = chosen(&self.operations, operation) else { return Ok(()) };
        let operation = &self.operations[operation];
        let mut request = operation.request(&format!("{}/{}", cx.directory(), cx.name("elsewhere")));
        request["triggerId"] = json!(operation.trigger);
        let answer = cx.post(operation.triggered_at()).json(&request).send().await?.expect(202)?;
        answer.check(answer.text("/request-id")? == operation.trigger, "the id that was given")
    }

    pub(super) async fn poll(&mut self, cx: &Context, operation: usize) -> Result<(), Stop> {
        let Some(number) = chosen(&self.operations, operation) else { return Ok(()) };
        let operation = &mut self.operations[number];
        let answer = cx.read(operation.polled_at(&operation.of)).await?;
        operation.judge(&answer)?;
        self.distinct(&answer, number)
    }

    /// No two savepoints are in one place.
    fn distinct(&self, answer: &Answer, number: usize) -> Result<(), Stop> {
        let place = self.operations[number].location();
        let others = self.operations.iter().enumerate().filter(|(other, _)| *other != number);
        let taken = others.filter_map(|(_, other)| other.location()).any(|other| Some(other) == place);
        answer.check(!taken, "a place where no other savepoint is")
    }

    /// An operation is known under its job alone.
    pub(super) async fn poll_elsewhere(
        &mut self,
        cx: &Context,
        operation: usize,
        job: usize,
    ) -> Result<(), Stop> {
        let (Some(operation), Some(job)) = (chosen(&self.operations, operation), chosen(&self.jobs, job))
        else {
            return Ok(());
        };
        let (operation, job) = (&self.operations[operation], &self.jobs[job]);
        let known = |other: &Operation| other.is_of(job) && other.trigger == operation.trigger;
        if self.operations.iter().any(known) {
            return Ok(());
        }
        cx.get(operation.polled_at(&job.id)).send().await?.expect(404)?;
        Ok(())
    }

    /// Waits until an operation is over.
    pub(super) async fn complete(&mut self, cx: &Context, number: usize) -> Result<(), Stop> {
        let operation = std::cell::RefCell::new(&mut self.operations[number]);
        let path = operation.borrow().polled_at(&operation.borrow().of);
        let answer = cx
            .until(&format!("{path} is over"), async || {
                let answer = cx.read(&path).await?;
                Ok(operation.borrow_mut().judge(&answer)?.then_some(answer))
            })
            .await?;
        self.distinct(&answer, number)
    }
}
