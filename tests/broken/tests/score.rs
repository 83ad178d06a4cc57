//! How many of the broken servers the suite catches, each for itself and from the first case to the first failure.
//!
//! `BROKEN` picks servers by a part of their name or class, `ONLY` picks cases, as `--only` of the command line does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use planewright_broken::{Broken, Server, flink};
use planewright_conformance::{Outcome, Suite, apis};

/// Random histories for each server.
const HISTORIES: usize = 6;

/// What became of a broken server under the suite.
struct Judged {
    server: Broken,
    /// The case that failed, and how; an error of the suite's own is none.
    caught: Option<(String, String)>,
    seconds: f64,
}

impl Judged {
    /// A line of the table.
    fn told(&self) -> String {
        let (case, how) = match &self.caught {
            Some((case, how)) => (case.as_str(), how.replace('\n', " ")),
            None => ("NOT CAUGHT", self.server.wrong.to_owned()),
        };
        let how: String = how.chars().take(120).collect();
        let (class, name, seconds) = (self.server.class.name(), self.server.name, self.seconds);
        format!("{class:<12} {name:<30} {seconds:>6.1} s  {case:<45} {how}")
    }
}

/// Runs the suite against a server until a case fails.
async fn judge(server: Broken) -> Judged {
    let start = Instant::now();
    let target = Server::start(&server).await.target();
    let only = std::env::var("ONLY").unwrap_or_else(|_| "*".to_owned());
    let api = apis::named_with("flink", HISTORIES).unwrap();
    let suite = Suite::new(api).seed(1).only(only).stop_at_first_failure();
    let report = suite.run(&target).await.unwrap();
    let caught = report.failures().next().map(|case| {
        let how = match &case.outcome {
            Outcome::Fail(failure) => format!("expected {}; came {}", failure.expected, failure.came),
            other => format!("{other:?}"),
        };
        (case.id.clone(), how)
    });
    Judged { server, caught, seconds: start.elapsed().as_secs_f64() }
}

/// Judges all, on as many threads as there are processors.
fn judge_all(servers: Vec<Broken>) -> Vec<Judged> {
    let next = AtomicUsize::new(0);
    let judged = Mutex::new(Vec::new());
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        while let Some(server) = servers.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = runtime.block_on(judge(server.clone()));
            println!("{}", found.told());
            judged.lock().unwrap().push(found);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut judged = judged.into_inner().unwrap();
    judged.sort_by_key(|found| servers.iter().position(|server| server.name == found.server.name));
    judged
}

#[test]
fn broken_servers_are_caught() {
    if std::env::var_os("PLANEWRIGHT_SCORE").is_none() {
        eprintln!(
            "no PLANEWRIGHT_SCORE: not run, it takes many minutes; `cargo xtask conformance score` sets it"
        );
        return;
    }
    let wanted = std::env::var("BROKEN").unwrap_or_default();
    let is_wanted = |server: &Broken| server.name.contains(&wanted) || server.class.name().contains(&wanted);
    let servers: Vec<_> = flink::all().into_iter().filter(is_wanted).collect();
    let judged = judge_all(servers);
    println!("\nall of them, by class:");
    judged.iter().for_each(|found| println!("{}", found.told()));
    let caught = judged.iter().filter(|found| found.caught.is_some()).count();
    println!("{caught} of {} caught", judged.len());
}

#[test]
fn each_has_a_name_of_its_own_and_a_sentence() {
    let all = flink::all();
    for (number, server) in all.iter().enumerate() {
        assert!(server.wrong.ends_with('.'), "{}", server.name);
        assert!(!all[..number].iter().any(|other| other.name == server.name), "{} twice", server.name);
    }
}
