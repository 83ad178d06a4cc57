//! Processes: what programs get and leave, and what becomes of them when servers, supervisors and hosts go.

mod processes;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt};
use planewright_backend::executor::*;
use planewright_backend::memory::MemoryStore;
use planewright_backend::process::{ProcessExecutor, ProcessOptions};
use planewright_backend::time::{Timestamp, VirtualClock};

use processes::{Folder, job, script, upload};

/// A server of a host: dropping it is what `kill -9` is to a process, since it gives nothing back.
fn server(folder: &Folder, store: &MemoryStore, options: ProcessOptions) -> ProcessExecutor {
    ProcessExecutor::open(options, Arc::new(store.clone()), folder.artifacts()).unwrap()
}

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done().await {
        assert!(Instant::now() < end, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn becomes(executor: &ProcessExecutor, number: u8, state: JobState) -> JobDescription {
    until(&format!("job {number} is {state}"), async || {
        let seen = executor.describe(job(number)).await.unwrap();
        assert!(seen.state == state || !seen.state.is_terminal(), "{:?} {:?}", seen.state, seen.failure);
        seen.state == state
    })
    .await;
    executor.describe(job(number)).await.unwrap()
}

async fn printed(executor: &ProcessExecutor, number: u8, kind: &str) -> String {
    let node = Node::Worker(executor.host());
    let bytes = executor.log(&node, &format!("{}.{kind}", job(number))).await.unwrap();
    let bytes: Vec<_> = bytes.try_collect().await.unwrap();
    String::from_utf8(bytes.concat()).unwrap()
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_program_gets_what_its_job_says() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let mut options = folder.options("host");
    options.environment = BTreeMap::from([("FROM_HOST".to_owned(), "host".to_owned())]);
    let executor = server(&folder, &store, options);
    let text = r#"printf '%s\n' "$@" "$GREETING" "$FROM_HOST" "$PLANEWRIGHT_JOB_ID" "$PLANEWRIGHT_PARALLELISM" "${CARGO_MANIFEST_DIR-none}"
                  pwd; echo error >&2"#;
    let submission = Submission {
        arguments: vec!["one".to_owned(), "two words".to_owned(), "$(id)".to_owned()],
        parallelism: Some(3),
        configuration: BTreeMap::from([("process.env.GREETING".to_owned(), "hello".to_owned())]),
        ..script(&folder.artifacts(), 1, text).await
    };
    executor.submit(submission).await.unwrap();
    let ended = becomes(&executor, 1, JobState::Finished).await;
    assert_eq!((ended.name.as_str(), ended.vertices[0].parallelism), ("script.jar", 3));
    assert!(ended.entered.contains_key(&JobState::Running), "{:?}", ended.entered);

    let id = job(1).to_string();
    let out = printed(&executor, 1, "out").await;
    let out: Vec<_> = out.lines().collect();
    assert_eq!(out[..8], ["one", "two words", "$(id)", "hello", "host", &id, "3", "none"]);
    assert!(out[8].ends_with(&format!("/host/jobs/{id}/files")), "{}", out[8]);
    assert_eq!(printed(&executor, 1, "err").await, "error\n");
    let node = Node::Worker(executor.host());
    let mut names: Vec<_> = executor.logs(&node).await.unwrap().into_iter().map(|file| file.name).collect();
    names.sort();
    assert_eq!(names, [format!("{id}.err"), format!("{id}.out")]);
    for name in [format!("{id}.spec"), "../host".to_owned(), "x.out".to_owned()] {
        assert!(executor.log(&node, &name).await.err().unwrap().is_not_found());
    }
    assert!(executor.logs(&Node::Worker(WorkerId("another".to_owned()))).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn an_archive_is_run_by_java() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let java = folder.0.join("java");
    std::fs::write(&java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").unwrap();
    assert!(Command::new("chmod").args(["+x"]).arg(&java).status().unwrap().success());
    let executor = server(&folder, &store, ProcessOptions { java, ..folder.options("host") });

    let mut jar = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    jar.start_file("META-INF/MANIFEST.MF", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut jar, b"Manifest-Version: 1.0\r\nMain-Class: org.example.Main\r\n\r\n")
        .unwrap();
    let artifact = upload(&folder.artifacts(), "app.jar", jar.finish().unwrap().into_inner()).await;
    let path = folder.0.join("host/programs").join(artifact.as_str()).display().to_string();
    let classes = [None, Some("org.example.Main"), Some("org.example.Other")];
    for (number, class) in (1..).zip(classes) {
        let submission = Submission {
            artifact: Some(artifact.clone()),
            entry_class: class.map(str::to_owned),
            arguments: vec!["--n".to_owned(), "5".to_owned()],
            configuration: BTreeMap::from([("process.java.options".to_owned(), "-Xmx64m -ea".to_owned())]),
            ..Submission::new(job(number))
        };
        executor.submit(submission).await.unwrap();
        becomes(&executor, number, JobState::Finished).await;
        let program = match class {
            Some("org.example.Other") => format!("-cp\n{path}\norg.example.Other"),
            _ => format!("-jar\n{path}"),
        };
        assert_eq!(printed(&executor, number, "out").await, format!("-Xmx64m\n-ea\n{program}\n--n\n5\n"));
    }
}

#[tokio::test]
async fn a_failure_says_what_the_program_said() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let executor = server(&folder, &store, folder.options("host"));
    executor.submit(script(&folder.artifacts(), 1, "echo 'no such luck' >&2; exit 3").await).await.unwrap();
    executor.submit(script(&folder.artifacts(), 2, "kill -9 $$").await).await.unwrap();
    let nonsense = upload(&folder.artifacts(), "x.jar", "#!/no/such/interpreter\n").await;
    let nonsense = Submission { artifact: Some(nonsense), ..Submission::new(job(3)) };
    executor.submit(nonsense).await.unwrap();

    let failure = async |number| becomes(&executor, number, JobState::Failed).await.failure.unwrap();
    let code = failure(1).await;
    assert_eq!(
        (code.message.as_str(), code.trace.as_deref()),
        ("the program ended with exit code 3", Some("no such luck\n"))
    );
    assert_eq!(failure(2).await.message, "the program was killed by signal 9");
    let missing = failure(3).await.message;
    assert!(missing.starts_with("the program could not be started: "), "{missing}");
}

#[tokio::test]
async fn what_can_never_run_is_rejected() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let executor = server(&folder, &store, folder.options("host"));
    let good = script(&folder.artifacts(), 1, "true").await;
    let text = upload(&folder.artifacts(), "text.jar", "just words").await;
    let gone = upload(&folder.artifacts(), "gone.jar", "#!/bin/sh\n").await;
    folder.artifacts().delete(&gone).await.unwrap();
    let restore =
        Restore { location: "s3://sp/1".to_owned(), allow_non_restored: false, claim: ClaimMode::Claim };
    let bad = [
        Submission { artifact: None, ..good.clone() },
        Submission { artifact: Some(text), ..good.clone() },
        Submission { artifact: Some(gone), ..good.clone() },
        Submission { parallelism: Some(0), ..good.clone() },
        Submission { parallelism: Some(17), ..good.clone() },
        Submission { restore: Some(restore), ..good.clone() },
    ];
    for submission in bad {
        let error = executor.submit(submission).await.unwrap_err();
        assert!(matches!(error, ExecutorError::Rejected { .. }), "{error}");
    }
    assert!(executor.list().await.unwrap().is_empty());
    // What was taken once needs no program any more.
    executor.submit(good.clone()).await.unwrap();
    folder.artifacts().delete(&good.artifact.clone().unwrap()).await.unwrap();
    executor.submit(good).await.unwrap();
}

#[tokio::test]
async fn a_program_that_does_not_listen_is_killed_with_all_it_started() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let executor = server(
        &folder,
        &store,
        ProcessOptions { grace: Duration::from_millis(300), ..folder.options("host") },
    );
    let pids = folder.0.join("pids");
    let text = format!(
        "trap 'echo asked' TERM\nsleep 1000 & echo $! >> {0}\necho $$ >> {0}\nwhile :; do sleep 0.05; done",
        pids.display()
    );
    executor.submit(script(&folder.artifacts(), 1, &text).await).await.unwrap();
    becomes(&executor, 1, JobState::Running).await;
    until("both pids are there", async || lines(&pids).len() == 2).await;
    executor.cancel(job(1)).await.unwrap();
    becomes(&executor, 1, JobState::Canceled).await;
    assert!(printed(&executor, 1, "out").await.starts_with("asked"));
    for pid in lines(&pids) {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
    }
    until("the supervisor has gone", async || folder.supervisors().is_empty()).await;
}

#[tokio::test]
async fn jobs_wait_for_slots_and_may_be_cancelled_meanwhile() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let executor = server(&folder, &store, ProcessOptions { slots: 2, ..folder.options("host") });
    let ran = folder.0.join("ran");
    for number in 1..=3 {
        let text = format!("echo {number} >> {}; exec sleep 1000", ran.display());
        let parallelism = if number == 2 { 2 } else { 1 };
        let submission = script(&folder.artifacts(), number, &text).await;
        executor.submit(Submission { parallelism: Some(parallelism), ..submission }).await.unwrap();
    }
    becomes(&executor, 1, JobState::Running).await;
    let worker = executor.workers().await.unwrap().remove(0);
    assert_eq!((worker.slots, worker.free_slots, worker.allocated[0].job), (2, 1, job(1)));
    // The third would fit, but it doesn't overtake the second.
    assert_eq!(executor.describe(job(3)).await.unwrap().state, JobState::Created);
    executor.cancel(job(2)).await.unwrap();
    assert_eq!(executor.describe(job(2)).await.unwrap().state, JobState::Canceled);
    becomes(&executor, 3, JobState::Running).await;
    until("the third has begun", async || lines(&ran).len() == 2).await;
    assert_eq!(lines(&ran), ["1", "3"]);
}

#[tokio::test]
async fn a_running_program_is_measured() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let executor = server(&folder, &store, folder.options("host"));
    executor.submit(script(&folder.artifacts(), 1, "while :; do :; done").await).await.unwrap();
    let running = becomes(&executor, 1, JobState::Running).await;
    let value = async |scope: &MetricScope, name: &str| {
        let found = executor.metrics(scope, &[name.to_owned()]).await.unwrap();
        found.first().and_then(|metric| metric.value.as_f64()).unwrap_or(0.0)
    };
    let subtask = MetricScope::Subtask(job(1), running.vertices[0].id, 0);
    until("the program has used time", async || value(&subtask, "Status.JVM.CPU.Time").await > 2e7).await;
    assert!(value(&subtask, "Status.Process.Memory.Resident").await > 1e5);
    let host = MetricScope::Worker(executor.host());
    assert!(value(&host, "Status.JVM.CPU.Time").await > 2e7);
    assert!(value(&host, "System.Memory.Total").await > 1e8);
    assert!(value(&MetricScope::Job(job(1)), "runningTime").await > 0.0);
    assert_eq!(value(&MetricScope::Coordinator, "numRunningJobs").await, 1.0);
}

#[tokio::test]
async fn the_next_server_finds_what_the_last_one_left() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let gate = folder.0.join("gate");
    let wait = format!("while ! test -e {}; do sleep 0.02; done", gate.display());
    let first = server(&folder, &store, folder.options("host"));
    first.submit(script(&folder.artifacts(), 1, &format!("{wait}; exit 7")).await).await.unwrap();
    first.submit(script(&folder.artifacts(), 2, &format!("{wait}; sleep 1000")).await).await.unwrap();
    becomes(&first, 1, JobState::Running).await;
    let before = becomes(&first, 2, JobState::Running).await;
    drop(first);

    // The first ends while nobody looks.
    std::fs::write(&gate, "").unwrap();
    let exit = folder.0.join(format!("host/jobs/{}/exit", job(1)));
    until("the program has ended", async || exit.exists()).await;
    let second = server(&folder, &store, folder.options("host"));
    let ended = becomes(&second, 1, JobState::Failed).await;
    assert_eq!(ended.failure.unwrap().message, "the program ended with exit code 7");
    let after = second.describe(job(2)).await.unwrap();
    assert_eq!((after.state, &after.entered), (JobState::Running, &before.entered));
    second.cancel(job(2)).await.unwrap();
    becomes(&second, 2, JobState::Canceled).await;
}

#[tokio::test]
async fn a_job_without_its_supervisor_is_lost_and_not_run_again() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let ran = folder.0.join("ran");
    let executor = server(&folder, &store, folder.options("host"));
    let text = format!("echo $$ >> {}; exec sleep 1000", ran.display());
    executor.submit(script(&folder.artifacts(), 1, &text).await).await.unwrap();
    becomes(&executor, 1, JobState::Running).await;
    until("the program has begun", async || lines(&ran).len() == 1).await;
    let supervisor = folder.supervisors().pop().unwrap();
    assert!(Command::new("kill").args(["-KILL", &supervisor]).status().unwrap().success());
    let ended = becomes(&executor, 1, JobState::Failed).await;
    assert_eq!(ended.failure.unwrap().kind, "ProcessLost");
    let pid = lines(&ran).remove(0);
    until("the program has gone, too", async || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    })
    .await;
    drop(executor);
    let executor = server(&folder, &store, folder.options("host"));
    executor.submit(script(&folder.artifacts(), 2, "true").await).await.unwrap();
    becomes(&executor, 2, JobState::Finished).await;
    assert_eq!(lines(&ran).len(), 1);
}

#[tokio::test]
async fn of_many_supervisors_of_a_job_one_runs_it() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let ran = folder.0.join("ran");
    let executor = server(&folder, &store, folder.options("host"));
    let text = format!("echo $$ >> {}; sleep 0.3", ran.display());
    executor.submit(script(&folder.artifacts(), 1, &text).await).await.unwrap();
    let path = folder.0.join(format!("host/jobs/{}", job(1)));
    until("there is something to supervise", async || path.join("spec").exists()).await;
    // What servers do that were stopped in the middle of it and wake up, at any time.
    let more = |count| {
        let command =
            || Command::new(env!("CARGO_BIN_EXE_planewright-supervise")).arg(&path).spawn().unwrap();
        let started: Vec<_> = (0..count).map(|_| command()).collect();
        for mut supervisor in started {
            assert!(supervisor.wait().unwrap().success());
        }
    };
    more(4);
    becomes(&executor, 1, JobState::Finished).await;
    more(4);
    assert_eq!(lines(&ran).len(), 1);
}

/// Three servers of one host, of which the one that looks after it goes again and again.
#[tokio::test]
async fn each_job_runs_once_whoever_goes() {
    const ROUNDS: u8 = 4;
    const EACH: u8 = 10;
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let ran = folder.0.join("ran");
    let program =
        script(&folder.artifacts(), 0, &format!("echo $PLANEWRIGHT_JOB_ID >> {}", ran.display())).await;
    let open = || server(&folder, &store, folder.options("host"));
    let mut servers = [open(), open(), open()];
    for round in 0..ROUNDS {
        for number in 0..EACH {
            let submission = Submission { id: job(round * EACH + number), ..program.clone() };
            let asked = &servers[usize::from(number) % 3];
            asked.submit(submission.clone()).await.unwrap();
            servers[usize::from(number + 1) % 3].submit(submission).await.unwrap();
        }
        until("work has begun", async || lines(&ran).len() > usize::from(round * EACH)).await;
        // One of them is the keeper, and after three rounds each has been replaced.
        servers[usize::from(round) % 3] = open();
    }
    for number in 0..ROUNDS * EACH {
        becomes(&servers[0], number, JobState::Finished).await;
    }
    let mut seen = lines(&ran);
    seen.sort();
    let expected: Vec<_> = (0..ROUNDS * EACH).map(|number| job(number).to_string()).collect();
    assert_eq!(seen, expected);
    let lists = [servers[0].list().await.unwrap(), servers[2].list().await.unwrap()];
    let ids = lists.map(|list| list.iter().map(|job| (job.id, job.state, job.ended)).collect::<Vec<_>>());
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_host_that_is_gone_loses_its_jobs_and_ends_them_when_it_comes_back() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let clock = VirtualClock::starting_at(Timestamp(1_700_000_000_000));
    let options = |host: &str| ProcessOptions {
        lease: Duration::from_secs(5),
        host_timeout: Duration::from_secs(60),
        ..folder.options(host)
    };
    let open = |host: &str| {
        let clock = Arc::new(clock.clone());
        ProcessExecutor::with_clock(options(host), Arc::new(store.clone()), folder.artifacts(), clock)
            .unwrap()
    };
    let first = open("first");
    first.submit(script(&folder.artifacts(), 1, "exec sleep 1000").await).await.unwrap();
    becomes(&first, 1, JobState::Running).await;
    let second = open("second");
    assert_ne!(first.host(), second.host());
    let hosts = async |count| {
        until("the hosts are there", async || second.workers().await.unwrap().len() == count).await;
    };
    hosts(2).await;
    // While the first host lives, time alone does nothing.
    for _ in 0..100 {
        clock.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    assert_eq!(second.describe(job(1)).await.unwrap().state, JobState::Running);
    drop(first);
    until("the job is given up", async || {
        clock.advance(Duration::from_secs(1));
        second.describe(job(1)).await.unwrap().state == JobState::Failed
    })
    .await;
    assert_eq!(second.describe(job(1)).await.unwrap().failure.unwrap().kind, "HostLost");
    hosts(1).await;
    assert_eq!(folder.supervisors().len(), 1);
    let first = open("first");
    until("the program has ended", async || {
        clock.advance(Duration::from_secs(1));
        folder.supervisors().is_empty()
    })
    .await;
    assert_eq!(first.describe(job(1)).await.unwrap().state, JobState::Failed);
}

#[tokio::test]
async fn a_watch_on_one_server_sees_what_another_does() {
    let (folder, store) = (Folder::new(), MemoryStore::new());
    let (one, two) =
        (server(&folder, &store, folder.options("host")), server(&folder, &store, folder.options("host")));
    let mut watch = two.watch();
    one.submit(script(&folder.artifacts(), 1, "exec sleep 1000").await).await.unwrap();
    let mut states = vec![watch.next().await.unwrap().unwrap().state];
    while states.last() != Some(&JobState::Running) {
        states.push(watch.next().await.unwrap().unwrap().state);
    }
    one.cancel(job(1)).await.unwrap();
    while states.last() != Some(&JobState::Canceled) {
        states.push(watch.next().await.unwrap().unwrap().state);
    }
    assert_eq!(states, [JobState::Created, JobState::Running, JobState::Cancelling, JobState::Canceled]);
}
