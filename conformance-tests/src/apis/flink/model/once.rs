//! What happens at once: several clients at the same thing, and the orders that explain what each of them was told.

use futures_util::future::{try_join, try_join_all};
use planewright_linearizability::{Interval, Model};
use serde_json::json;

use crate::apis::flink::scene::{PROGRAM, Scene, encoded, lies_under, texts};
use crate::state::{Ticks, explain};
use crate::{Answer, Context, Stop};

/// How many clients there are.
const CLIENTS: usize = 4;

fn clients() -> std::ops::Range<usize> {
    0..CLIENTS
}

/// What a client did with the one job id, and what it was told.
#[derive(Clone, Debug)]
enum OnJob {
    /// The run of this client was accepted.
    Ran(usize),
    /// The id was taken.
    Taken,
    /// The job has the name of this client's.
    Saw(usize),
    /// There is no such job.
    SawNone,
}

/// An id is given to one job, for ever.
struct OneJob;

impl Model for OneJob {
    type State = Option<usize>;
    type Operation = OnJob;

    fn apply(&self, state: &Option<usize>, operation: &OnJob) -> Option<Option<usize>> {
        match (state, operation) {
            (None, OnJob::Ran(client)) => Some(Some(*client)),
            // The id may be taken before the job can be seen: a cluster makes it by running the program.
            (_, OnJob::Taken) | (None, OnJob::SawNone) => Some(*state),
            (Some(owner), OnJob::Saw(client)) => (owner == client).then_some(*state),
            _ => None,
        }
    }
}

/// Several runs with one job id: one of them is the job.
pub(super) async fn job_id(cx: &Context) -> Result<(), Stop> {
    let (program, id, word) = (cx.program().await?, cx.id(), cx.name("job"));
    cx.afterwards(cx.patch(format!("/v1/jobs/{id}")));
    let ticks = Ticks::default();
    let name = |client: usize| format!("{word}-{client}");
    let run = async |client: usize| {
        let options =
            json!({ "jobId": id, "entryClass": "StreamingJob", "programArgsList": ["--name", name(client)] });
        let answer = cx.post(format!("/v1/jars/{program}/run")).json(&options).send().await?;
        let answer = answer.expect_one_of(&[200, 400, 409])?;
        Ok(if answer.status() == 200 { OnJob::Ran(client) } else { OnJob::Taken })
    };
    let look = async || {
        let answer = cx.get(format!("/v1/jobs/{id}")).send().await?.expect_one_of(&[200, 404])?;
        if answer.status() == 404 {
            return Ok(OnJob::SawNone);
        }
        let found = answer.text("/name")?;
        let client = clients().find(|client| name(*client) == found);
        client.map(OnJob::Saw).ok_or_else(|| answer.unexpected("a job that one of the clients has run"))
    };
    let client = async |client: usize| {
        Ok::<_, Stop>(vec![
            ticks.time(look()).await?,
            ticks.time(run(client)).await?,
            ticks.time(look()).await?,
            ticks.time(run(client)).await?,
        ])
    };
    let history = try_join_all(clients().map(client)).await?.concat();
    explain(&OneJob, None, &history)?;
    let listed = cx.jobs().await?.into_iter().filter(|job| *job == id).count();
    if listed == 1 { Ok(()) } else { Err(Stop::fail(format!("job {id} once in the list"), listed)) }
}

/// What a client did with the one jar, and whether it was there.
#[derive(Clone, Debug)]
enum OnJar {
    /// It was deleted by this call.
    Deleted,
    /// It was used or listed.
    Seen,
    /// It was not there.
    Missing,
}

/// A jar is there until somebody deletes it.
struct OneJar;

impl Model for OneJar {
    type State = bool;
    type Operation = OnJar;

    fn apply(&self, there: &bool, operation: &OnJar) -> Option<bool> {
        match (there, operation) {
            (true, OnJar::Deleted) => Some(false),
            (true, OnJar::Seen) => Some(true),
            (false, OnJar::Missing) => Some(false),
            _ => None,
        }
    }
}

/// Deletions and plans of one jar: one deletion is the one, and nobody uses it after that.
pub(super) async fn jar(cx: &Context) -> Result<(), Stop> {
    let program = cx.program().await?;
    let path = format!("/v1/jars/{}", encoded(&program));
    let ticks = Ticks::default();
    let told = |answer: Answer, done: OnJar| match answer.status() {
        200 => Ok(done),
        400 | 404 | 500 => Ok(OnJar::Missing),
        _ => Err(answer.unexpected("200, or an error since there is no such jar")),
    };
    let delete = async || told(cx.delete(&path).send().await?, OnJar::Deleted);
    let plan = async || told(cx.post(format!("{path}/plan")).json(&json!({})).send().await?, OnJar::Seen);
    let list = async || {
        let there = cx.jars().await?.contains(&program);
        Ok::<_, Stop>(if there { OnJar::Seen } else { OnJar::Missing })
    };
    let client = async |client: usize| {
        let first =
            if client.is_multiple_of(2) { ticks.time(plan()).await? } else { ticks.time(list()).await? };
        let rest = [ticks.time(delete()).await?, ticks.time(list()).await?, ticks.time(plan()).await?];
        Ok::<_, Stop>([vec![first], rest.into()].concat())
    };
    let history: Vec<Interval<OnJar>> = try_join_all(clients().map(client)).await?.concat();
    explain(&OneJar, true, &history)
}

/// What a client did with the one trigger id, and what it was told.
#[derive(Clone, Debug)]
enum OnTrigger {
    /// A savepoint into the directory of this client was triggered, or there was one already.
    Triggered(usize),
    /// There is such an operation.
    Saw,
    /// There is none.
    SawNone,
}

/// A trigger id belongs to the first who comes with it.
struct OneTrigger;

impl Model for OneTrigger {
    type State = Option<usize>;
    type Operation = OnTrigger;

    fn apply(&self, state: &Option<usize>, operation: &OnTrigger) -> Option<Option<usize>> {
        match (state, operation) {
            (None, OnTrigger::Triggered(client)) => Some(Some(*client)),
            (Some(_), OnTrigger::Triggered(_) | OnTrigger::Saw) | (None, OnTrigger::SawNone) => Some(*state),
            _ => None,
        }
    }
}

/// The same trigger id from several clients: one savepoint.
pub(super) async fn trigger(cx: &Context) -> Result<(), Stop> {
    let (job, id) = (cx.running().await?, cx.id());
    let (path, place) =
        (format!("/v1/jobs/{job}/savepoints"), format!("{}/{}", cx.directory(), cx.name("at-once")));
    let ticks = Ticks::default();
    let trigger = async |client: usize| {
        let request = json!({ "triggerId": id, "target-directory": format!("{place}/{client}") });
        let answer = cx.post(&path).json(&request).send().await?.expect(202)?;
        answer.check(answer.text("/request-id")? == id, "the id that was given")?;
        Ok::<_, Stop>(OnTrigger::Triggered(client))
    };
    let look = async || {
        let answer = cx.get(format!("{path}/{id}")).send().await?.expect_one_of(&[200, 404])?;
        Ok::<_, Stop>(if answer.status() == 200 { OnTrigger::Saw } else { OnTrigger::SawNone })
    };
    let client = async |client: usize| {
        Ok::<_, Stop>(vec![
            ticks.time(look()).await?,
            ticks.time(trigger(client)).await?,
            ticks.time(look()).await?,
            ticks.time(trigger(client)).await?,
        ])
    };
    let history = try_join_all(clients().map(client)).await?.concat();
    explain(&OneTrigger, None, &history)?;
    let outcome = cx.completed(format!("{path}/{id}")).await?;
    let location = outcome["location"].as_str().unwrap_or_default();
    let owner = clients().find(|client| lies_under(location, &format!("{place}/{client}")));
    let Some(owner) = owner else {
        return Err(Stop::fail(format!("one savepoint, under {place}"), outcome));
    };
    // The order must also be one in which its owner came first.
    let first = |interval: &&Interval<OnTrigger>| matches!(interval.operation, OnTrigger::Triggered(_));
    let own = history
        .iter()
        .filter(first)
        .find(|interval| matches!(interval.operation, OnTrigger::Triggered(client) if client == owner));
    let earliest_end = history.iter().filter(first).filter_map(|interval| interval.returned).min();
    if own.is_none_or(|own| Some(own.called) > earliest_end) {
        return Err(Stop::fail("the savepoint of one who came first", outcome));
    }
    let path = format!("/v1/jobs/{job}/checkpoints");
    let history = cx.read(path).await?.member("/history")?;
    let places = texts(&history, "external_path")
        .into_iter()
        .filter(|path| path.contains(&place[place.rfind('/').unwrap_or(0)..]));
    let places: Vec<_> = places.collect();
    if places.len() <= 1 { Ok(()) } else { Err(Stop::fail("one savepoint", places.join(", "))) }
}

/// What a client asked of the one job, and what it was told.
#[derive(Clone, Debug)]
enum OnEnd {
    /// A cancel was accepted.
    Cancelled,
    /// The state of the job.
    Saw(String),
}

/// A job that runs until somebody cancels it, and whose states only go on.
struct OneEnd;

impl Model for OneEnd {
    /// Whether a cancel was accepted, and how far it has got.
    type State = (bool, usize);
    type Operation = OnEnd;

    fn apply(&self, &(asked, reached): &(bool, usize), operation: &OnEnd) -> Option<(bool, usize)> {
        let state = match operation {
            OnEnd::Cancelled => return Some((true, reached)),
            OnEnd::Saw(state) => {
                ["RUNNING", "CANCELLING", "CANCELED"].iter().position(|known| known == state)?
            }
        };
        (state >= reached && (asked || state == 0)).then_some((asked, state))
    }
}

/// Cancels and savepoints of one job at once, and looks at it.
pub(super) async fn end(cx: &Context) -> Result<(), Stop> {
    let job = cx.running().await?;
    let path = format!("/v1/jobs/{job}");
    // One of before: what is triggered while a job is being cancelled a real cluster may never complete.
    let request = json!({ "target-directory": format!("{}/{}", cx.directory(), cx.name("end")) });
    let saved = cx.post(format!("{path}/savepoints")).json(&request).send().await?.expect(202)?;
    let ticks = Ticks::default();
    let cancel = async || {
        cx.patch(&path).send().await?.expect(202)?;
        Ok::<_, Stop>(OnEnd::Cancelled)
    };
    let look = async || Ok::<_, Stop>(OnEnd::Saw(cx.read(format!("{path}/status")).await?.text("/status")?));
    let client = async |_| {
        Ok::<_, Stop>(vec![
            ticks.time(look()).await?,
            ticks.time(cancel()).await?,
            ticks.time(look()).await?,
            ticks.time(look()).await?,
        ])
    };
    let history = try_join_all(clients().map(client)).await?.concat();
    explain(&OneEnd, (false, 0), &history)?;
    cx.reaches(&job, "CANCELED").await?;
    cx.completed(format!("{path}/savepoints/{}", saved.text("/request-id")?)).await?;
    Ok(())
}

/// Different things at once don't meet: each client gets its own.
pub(super) async fn apart(cx: &Context) -> Result<(), Stop> {
    let upload = async |client: usize| {
        let name = format!("{}-{client}.jar", cx.name("apart"));
        let id = cx.upload(&name, PROGRAM).await?;
        Ok::<_, Stop>((id, name))
    };
    let jars = try_join_all(clients().map(upload)).await?;
    let listed = cx.read("/v1/jars").await?;
    for (id, name) in &jars {
        let files = listed.member("/files")?;
        let named: Vec<_> =
            texts(&files, "id").into_iter().zip(texts(&files, "name")).filter(|(jar, _)| jar == id).collect();
        listed.check(
            named.len() == 1 && named[0].1 == *name,
            format!("jar {id} once, under the name {name}"),
        )?;
    }
    let steady = cx.running().await?;
    let look = async |_: usize| {
        for _ in 0..CLIENTS {
            let answer = cx.read("/v1/jobs").await?;
            let there = texts(&answer.member("/jobs")?, "id").contains(&steady);
            answer.check(there, format!("job {steady}, which runs all the time"))?;
        }
        Ok::<_, Stop>(())
    };
    let run = async |client: usize| {
        let name = format!("{}-{client}", cx.name("apart"));
        let options =
            json!({ "entryClass": "StreamingJob", "parallelism": 1, "programArgsList": ["--name", name] });
        let path = format!("/v1/jars/{}/run", encoded(&jars[client].0));
        let job = cx.post(path).json(&options).send().await?.expect(200)?.text("/jobid")?;
        cx.afterwards(cx.patch(format!("/v1/jobs/{job}")));
        cx.shows("/v1/jobs", &format!("job {job}"), |body| texts(&body["jobs"], "id").contains(&job)).await?;
        Ok::<_, Stop>((job, name))
    };
    // Two slots of four stay free, one of them for a job that another case has not yet let go.
    let (jobs, _) =
        try_join(try_join_all((0..CLIENTS - 2).map(run)), try_join_all(clients().map(look))).await?;
    for (job, name) in &jobs {
        cx.at_work(job).await?;
        let answer = cx.read(format!("/v1/jobs/{job}")).await?;
        answer.check(answer.text("/name")? == *name, format!("the name of its own job, {name}"))?;
    }
    let save = async |client: usize| {
        let (job, id) = (&jobs[client % jobs.len()].0, cx.id());
        let directory = format!("{}/{}", cx.directory(), cx.name("apart"));
        let request = json!({ "triggerId": id, "target-directory": directory });
        let path = format!("/v1/jobs/{job}/savepoints");
        let answer = cx.post(&path).json(&request).send().await?.expect(202)?;
        answer.check(answer.text("/request-id")? == id, "the id that was given")?;
        let outcome = cx.completed(format!("{path}/{id}")).await?;
        let location = outcome["location"].as_str().unwrap_or_default();
        if lies_under(location, &directory) {
            Ok(())
        } else {
            Err(Stop::fail(format!("a location under {directory}"), outcome))
        }
    };
    try_join_all(clients().map(save)).await?;
    for (job, _) in &jobs {
        let answer = cx.read(format!("/v1/jobs/{job}/status")).await?;
        answer.check(answer.text("/status")? == "RUNNING", format!("job {job} still runs"))?;
    }
    Ok(())
}
