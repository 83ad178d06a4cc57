//! It does something else than it was asked to, or says something else than is so.

mod said;
mod state;

use planewright_backend::executor::Restore;

use crate::{Answer, Broken, Call, Class, Event};

pub(super) fn all() -> Vec<Broken> {
    [submissions(), state::all(), said::all()].into_iter().flatten().collect()
}

fn broken(name: &'static str, wrong: &'static str) -> Broken {
    Broken::new(Class::Semantic, name, wrong)
}

/// Jobs that aren't the ones that were asked for.
fn submissions() -> Vec<Broken> {
    let on_submission = |event: &mut Event<'_>,
                         change: fn(&mut planewright_backend::executor::Submission)| {
        if let Event::Submit(submission) = event {
            change(submission);
        }
    };
    vec![
        broken("arguments-dropped", "The arguments of a program are dropped.")
            .executor(move |event, _| on_submission(event, |job| job.arguments.clear())),
        broken("arguments-sorted", "The arguments of a program arrive in alphabetical order.")
            .executor(move |event, _| on_submission(event, |job| job.arguments.sort())),
        broken("arguments-split", "An argument with a blank arrives as two.").executor(move |event, _| {
            on_submission(event, |job| {
                let words = job.arguments.iter().flat_map(|argument| argument.split(' ')).map(str::to_owned);
                job.arguments = words.collect();
            });
        }),
        broken("parallelism-off-by-one", "A job gets one subtask more than it was to have.").executor(
            move |event, _| {
                on_submission(event, |job| job.parallelism = job.parallelism.map(|given| given + 1))
            },
        ),
        broken("parallelism-ignored", "Every job has the default parallelism.")
            .executor(move |event, _| on_submission(event, |job| job.parallelism = None)),
        broken("entry-class-ignored", "The class that the manifest names runs, whatever was asked for.")
            .executor(move |event, _| {
                on_submission(event, |job| job.entry_class = Some("StreamingJob".to_owned()))
            }),
        broken("restore-ignored", "A job that is to begin with a savepoint begins without state.")
            .executor(move |event, _| on_submission(event, |job| job.restore = None)),
        broken("first-savepoint-restored", "Every job begins with the first savepoint that one began with.")
            .executor(|event, memory| {
                if let Event::Submit(job) = event
                    && let Some(Restore { location, .. }) = &mut job.restore
                {
                    let first = memory.first("location", location.clone().into());
                    *location = first.as_str().unwrap_or_default().to_owned();
                }
            }),
        broken("settings-dropped", "The settings of a job are dropped.")
            .executor(move |event, _| on_submission(event, |job| job.configuration.clear())),
        broken("job-id-ignored", "A job gets an id of the server's, though one was given.").request(
            "POST /jars/{jarid}/run",
            |call, _| {
                call.edit(|body| {
                    body.as_object_mut().map(|body| body.remove("jobId"));
                });
            },
        ),
        broken("query-wins", "What the query says about a run goes before what the body says.").request(
            "POST /jars/{jarid}/run",
            |call, _| {
                let value = call.query.split('&').find_map(|pair| pair.strip_prefix("parallelism="));
                if let Some(parallelism) = value.and_then(|value| value.parse::<i32>().ok()) {
                    call.edit(|body| body["parallelism"] = parallelism.into());
                }
            },
        ),
        broken("plan-runs", "Who asks for the plan of a program runs it.").around(
            "POST /jars/{jarid}/plan",
            |call, server| {
                Box::pin(async move {
                    let path = format!("/jars/{}/run", call.part(1));
                    server.send(Call { path, ..call.clone() }).await;
                    server.send(call).await
                })
            },
        ),
        broken("refused-run-runs", "A run that is refused has started a job all the same.").around(
            "POST /jars/{jarid}/run",
            |call, server| {
                Box::pin(async move {
                    let answer = server.send(call.clone()).await;
                    if answer.status == 400 && !call.body.is_empty() {
                        server.send(Call { body: "{}".into(), query: String::new(), ..call }).await;
                    }
                    answer
                })
            },
        ),
        broken(
            "taken-id-is-fine",
            "A run with an id that is in use starts nothing and is answered as if it had.",
        )
        .answer("POST /jars/{jarid}/run", |call, answer, _| {
            if answer.status == 409 {
                let id = call.json()["jobId"].clone();
                let body = serde_json::json!({ "jobid": id, "applicationId": id });
                *answer = Answer::json_of(200, &body);
            }
        }),
        broken("application-id-ignored", "An application gets an id of the server's, though one was given.")
            .request("POST /jars/{jarid}/run-application", |call, _| {
                call.edit(|body| {
                    body.as_object_mut().map(|body| body.remove("applicationId"));
                });
            }),
    ]
}
