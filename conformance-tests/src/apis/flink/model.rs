//! What histories of calls are judged by: jars, jobs and operations as they must be after what was asked.

mod cases;
mod job;
mod once;
mod operation;
mod step;

use std::time::Duration;

use serde_json::{Value, json};

use super::scene::{PROGRAM, Scene, encoded, items, texts};
use crate::state::{self, Model};
use crate::{Context, Stop};

pub(crate) use cases::cases;
use job::{Job, Wish};
use operation::Operation;
use step::Step;

/// Slots of the smallest cluster that is judged.
const SLOTS: u32 = 4;

/// What there must be.
#[derive(Default)]
pub(crate) struct Plane {
    jars: Vec<Jar>,
    jobs: Vec<Job>,
    operations: Vec<Operation>,
}

struct Jar {
    id: String,
    name: String,
    deleted: bool,
}

/// A member of what there is, by a number of which the remainder counts.
fn chosen<T>(all: &[T], number: usize) -> Option<usize> {
    number.checked_rem(all.len())
}

impl Model for Plane {
    type Step = Step;

    async fn step(&mut self, cx: &Context, step: &Step) -> Result<(), Stop> {
        match *step {
            Step::Upload => self.upload(cx).await,
            Step::DeleteJar(jar) => self.delete_jar(cx, jar).await,
            Step::Jars => self.look_at_jars(cx).await,
            Step::Run { jar, id, parallelism, restore } => {
                self.run(cx, (jar, id, parallelism), restore).await
            }
            Step::Finish(jar) => self.finish(cx, jar).await,
            Step::Cancel(job) => self.cancel(cx, job).await,
            Step::Status(job) => match chosen(&self.jobs, job) {
                Some(job) => self.jobs[job].look_at_status(cx).await,
                None => Ok(()),
            },
            Step::Details(job) => match chosen(&self.jobs, job) {
                Some(job) => self.jobs[job].look_at_details(cx).await,
                None => Ok(()),
            },
            Step::Lists => self.look_at_lists(cx).await,
            Step::Savepoint { job, trigger, cancel } => self.savepoint(cx, job, trigger, cancel).await,
            Step::Stop { job, trigger } => self.stop(cx, job, trigger).await,
            Step::Checkpoint(job) => self.checkpoint(cx, job).await,
            Step::Repeat(operation) => self.repeat(cx, operation).await,
            Step::Poll(operation) => self.poll(cx, operation).await,
            Step::PollElsewhere(operation, job) => self.poll_elsewhere(cx, operation, job).await,
            Step::Refused(job, how) => self.refused(cx, job, how).await,
            Step::Metrics(job) => self.filter_metrics(cx, job).await,
            Step::Wait => {
                cx.pause(Duration::from_secs(1)).await;
                Ok(())
            }
            Step::Restart { settled } => self.restart(cx, settled).await,
        }
    }

    async fn settle(&mut self, cx: &Context) -> Result<(), Stop> {
        for operation in 0..self.operations.len() {
            self.complete(cx, operation).await?;
        }
        for job in &mut self.jobs {
            job.settle(cx, &self.operations).await?;
        }
        self.look_at_lists(cx).await?;
        self.look_at_jars(cx).await
    }

    async fn clear(&mut self, cx: &Context) {
        /// Looks at a job that doesn't end, before the next history begins all the same.
        const LOOKS: usize = 20;
        for job in self.jobs.iter().filter(|job| job.ended.is_none()) {
            let _ = cx.patch(format!("/v1/jobs/{}", job.id)).send().await;
        }
        for job in self.jobs.iter().filter(|job| job.ended.is_none()) {
            for _ in 0..LOOKS {
                let Ok(answer) = cx.get(format!("/v1/jobs/{}/status", job.id)).send().await else { break };
                if answer.text("/status").map_or(true, |status| job::is_terminal(&status)) {
                    break;
                }
                cx.pause(Duration::from_millis(200)).await;
            }
        }
    }
}

impl Plane {
    async fn restart(&mut self, cx: &Context, settled: bool) -> Result<(), Stop> {
        for operation in 0..if settled { self.operations.len() } else { 0 } {
            self.complete(cx, operation).await?;
        }
        cx.restart().await
    }

    async fn upload(&mut self, cx: &Context) -> Result<(), Stop> {
        let name = format!("{}.jar", cx.name("History"));
        let id = cx.upload(&name, PROGRAM).await?;
        if self.jars.iter().any(|jar| jar.id == id) {
            return Err(Stop::fail("an id that no other jar has", id));
        }
        self.jars.push(Jar { id, name, deleted: false });
        Ok(())
    }

    async fn delete_jar(&mut self, cx: &Context, jar: usize) -> Result<(), Stop> {
        let Some(jar) = chosen(&self.jars, jar) else { return Ok(()) };
        let jar = &mut self.jars[jar];
        let answer = cx.delete(format!("/v1/jars/{}", encoded(&jar.id))).send().await?;
        if jar.deleted {
            answer.expect_one_of(&[400, 404])?;
        } else {
            answer.expect(200)?;
            jar.deleted = true;
        }
        Ok(())
    }

    async fn look_at_jars(&self, cx: &Context) -> Result<(), Stop> {
        let answer = cx.read("/v1/jars").await?;
        let listed = answer.member("/files")?;
        for jar in &self.jars {
            let mut entries = items(&listed).iter().filter(|entry| entry["id"] == jar.id);
            let (entry, again) = (entries.next(), entries.next());
            match (entry, jar.deleted) {
                (None, true) => {}
                (Some(entry), false) => answer.check(
                    again.is_none() && entry["name"] == jar.name,
                    format!("jar {} once, under the name {}", jar.id, jar.name),
                )?,
                (None, false) => return Err(answer.unexpected(format!("jar {} in the list", jar.id))),
                (Some(_), true) => {
                    return Err(answer.unexpected(format!("no jar {}, which was deleted", jar.id)));
                }
            }
        }
        Ok(())
    }

    /// Slots that jobs may hold.
    fn taken(&self) -> u32 {
        self.jobs.iter().filter(|job| job.ended.is_none()).map(|job| job.parallelism).sum()
    }

    async fn run(
        &mut self,
        cx: &Context,
        (jar, id, parallelism): (usize, step::Id, u32),
        restore: Option<usize>,
    ) -> Result<(), Stop> {
        let Some(jar) = chosen(&self.jars, jar) else { return Ok(()) };
        if self.taken() + parallelism > SLOTS {
            return Ok(());
        }
        let name = format!("{} of {}", cx.name("job"), "été");
        let mut options = json!({
            "entryClass": "StreamingJob", "parallelism": parallelism, "programArgsList": ["--name", name],
        });
        let (mut wanted, mut taken) = (None, false);
        match id {
            step::Id::New => {}
            step::Id::Own => wanted = Some(cx.id()),
            step::Id::Taken(job) => {
                if let Some(job) = chosen(&self.jobs, job) {
                    (wanted, taken) = (Some(self.jobs[job].id.clone()), true);
                }
            }
        }
        if let Some(id) = &wanted {
            options["jobId"] = json!(id);
        }
        let places: Vec<_> = self.operations.iter().filter_map(Operation::location).collect();
        let restored = restore.and_then(|number| Some(places[chosen(&places, number)?].to_owned()));
        if let Some(location) = &restored {
            options["savepointPath"] = json!(location);
        }
        let answer =
            cx.post(format!("/v1/jars/{}/run", encoded(&self.jars[jar].id))).json(&options).send().await?;
        if self.jars[jar].deleted {
            return answer.check(answer.status() >= 400, "an error, since the jar was deleted");
        }
        if taken {
            return answer.expect_one_of(&[400, 409]).map(drop);
        }
        let answer = answer.expect(200)?;
        let id = answer.text("/jobid")?;
        answer.check(wanted.is_none_or(|wanted| wanted == id), "the id that was asked for")?;
        answer.check(self.jobs.iter().all(|job| job.id != id), "an id that no other job has")?;
        cx.afterwards(cx.patch(format!("/v1/jobs/{id}")));
        cx.at_work(&id).await?;
        self.jobs.push(Job::new(id, name, parallelism, restored));
        let newest = self.jobs.len() - 1;
        self.jobs[newest].look_at_details(cx).await
    }

    /// Runs a job that ends by itself, to its end.
    async fn finish(&mut self, cx: &Context, jar: usize) -> Result<(), Stop> {
        let Some(jar) = chosen(&self.jars, jar).filter(|jar| !self.jars[*jar].deleted) else { return Ok(()) };
        if self.taken() >= SLOTS {
            return Ok(());
        }
        let options = json!({ "entryClass": "BoundedJob", "parallelism": 1 });
        let path = format!("/v1/jars/{}/run", encoded(&self.jars[jar].id));
        let id = cx.post(path).json(&options).send().await?.expect(200)?.text("/jobid")?;
        cx.reaches(&id, "FINISHED").await?;
        let mut job = Job::new(id, "bounded-job".to_owned(), 1, None);
        job.ended = Some("FINISHED".to_owned());
        self.jobs.push(job);
        Ok(())
    }

    async fn cancel(&mut self, cx: &Context, job: usize) -> Result<(), Stop> {
        let Some(job) = chosen(&self.jobs, job) else { return Ok(()) };
        let answer = cx.patch(format!("/v1/jobs/{}", self.jobs[job].id)).send().await?;
        let statuses: &[u16] = match (self.jobs[job].ended.as_deref(), self.jobs[job].wish.stop) {
            (Some("CANCELED"), _) => &[202],
            (Some(_), _) => &[409],
            (None, true) => &[202, 409],
            (None, false) => &[202],
        };
        let answer = answer.expect_one_of(statuses)?;
        if answer.status() == 202 && self.jobs[job].ended.is_none() {
            self.wish(job, |wish| wish.cancel = true);
        }
        Ok(())
    }

    /// Something is asked of a job after which operations that aren't over may fail.
    fn wish(&mut self, job: usize, change: impl FnOnce(&mut Wish)) {
        change(&mut self.jobs[job].wish);
        self.operations.iter_mut().filter(|operation| operation.job == job).for_each(Operation::doubt);
    }

    /// The lists of jobs show each job once, as it is. They may be seconds old.
    async fn look_at_lists(&mut self, cx: &Context) -> Result<(), Stop> {
        if self.jobs.is_empty() {
            return Ok(());
        }
        for (path, id, state) in [("/v1/jobs", "id", "status"), ("/v1/jobs/overview", "jid", "state")] {
            let jobs = &self.jobs;
            let told: Vec<_> = jobs.iter().map(Job::told).collect();
            let awaited = format!("each job once, and as it is: {}", told.join(", "));
            let fits = |body: &Value| {
                jobs.iter().all(|job| {
                    let mut entries = items(&body["jobs"]).iter().filter(|entry| entry[id] == job.id);
                    let entry = entries.next().filter(|_| entries.next().is_none());
                    entry.is_some_and(|entry| {
                        entry[state].as_str().is_some_and(|state| job.may_be(state)) && job.fits(entry)
                    })
                })
            };
            cx.shows(path, &awaited, fits).await?;
        }
        Ok(())
    }

    /// A call that is wrong in itself is refused and leaves no trace.
    async fn refused(&self, cx: &Context, job: usize, how: u8) -> Result<(), Stop> {
        let jar = self.jars.iter().find(|jar| !jar.deleted).map(|jar| encoded(&jar.id));
        let (Some(jar), Some(job)) = (jar, chosen(&self.jobs, job).map(|job| &self.jobs[job].id)) else {
            return Ok(());
        };
        let before = (cx.jobs().await?, cx.jars().await?);
        let run = cx.post(format!("/v1/jars/{jar}/run"));
        let (call, statuses): (_, &[u16]) = match how % 5 {
            0 => (run.json(&json!({ "parallelism": 0 })), &[400]),
            1 => (run.body("application/json", "{\"parallelism\": 1"), &[400]),
            2 => (run.json(&json!({ "savepointPath": format!("{}/none", cx.directory()) })), &[400]),
            3 => (cx.post(format!("/v1/jobs/{job}/savepoints")).json(&json!({ "triggerId": "zz" })), &[400]),
            _ => (cx.patch(format!("/v1/jobs/{}", cx.id())), &[404]),
        };
        call.send().await?.expect_one_of(statuses)?;
        let after = (cx.jobs().await?, cx.jars().await?);
        let new: Vec<_> = after.0.iter().filter(|job| !before.0.contains(job)).collect();
        if !new.is_empty() || before.1 != after.1 {
            return Err(Stop::fail(
                "no trace of a call that was refused",
                format!("new jobs {new:?}, jars {:?}", after.1),
            ));
        }
        Ok(())
    }

    /// Who asks for some metrics gets these.
    async fn filter_metrics(&self, cx: &Context, job: usize) -> Result<(), Stop> {
        let Some(job) = chosen(&self.jobs, job).map(|job| &self.jobs[job]).filter(|job| job.ended.is_none())
        else {
            return Ok(());
        };
        let path = format!("/v1/jobs/{}/metrics", job.id);
        let names = texts(&cx.read(&path).await?.json()?, "id");
        let wanted: Vec<_> = names
            .iter()
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            .take(2)
            .collect();
        if wanted.len() < 2 {
            return Ok(());
        }
        let answer = cx.read(format!("{path}?get={},{}", wanted[0], wanted[1])).await?;
        let mut found = texts(&answer.json()?, "id");
        found.sort_unstable();
        let mut wanted: Vec<_> = wanted.into_iter().cloned().collect();
        wanted.sort_unstable();
        answer.check(found == wanted, format!("the metrics {} and no others", wanted.join(", ")))
    }
}

/// Plays a random history.
///
/// # Errors
///
/// What the implementation did wrong in the shortest history that was found.
async fn history(cx: &Context, restarts: bool) -> Result<(), Stop> {
    /// Steps after the first two, without which nothing else makes sense.
    const STEPS: usize = 24;
    let run = Step::Run { jar: 0, id: step::Id::New, parallelism: 1, restore: None };
    let mut steps = vec![Step::Upload, run];
    cx.random(|random| steps.extend((0..STEPS).map(|_| Step::draw(random, restarts))));
    if restarts {
        steps.push(Step::Restart { settled: true });
    }
    state::history::<Plane>(cx, steps).await
}
