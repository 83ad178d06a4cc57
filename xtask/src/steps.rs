//! `cargo xtask test`: everything that must hold before a change is accepted. One row of [`STEPS`] is one step.

mod benches;
mod flink;
mod front;
mod generated;
mod lifecycle;
mod rust;
mod stores;
mod swagger;

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::tools::Missing;
use crate::{histories, judge, lint_spec, tidy};

/// A part of the test run that also runs alone.
struct Step {
    name: &'static str,
    about: &'static str,
    /// Does the work; a few words about what was done go into the summary.
    run: fn() -> Result<String>,
}

/// In the order of cost: what fails fast comes first.
const STEPS: &[Step] = &[
    Step { name: "fmt", about: "the code is formatted", run: rust::fmt },
    Step { name: "tidy", about: "house rules", run: || Ok(format!("{} rules", tidy::run()?)) },
    Step {
        name: "codegen",
        about: "the generated code is what the generator makes of the documents",
        run: crate::codegen::check,
    },
    Step { name: "clippy", about: "no lint, in any target", run: rust::clippy },
    Step { name: "unit", about: "the tests of every crate", run: rust::unit },
    Step { name: "doctest", about: "the examples in the documentation", run: rust::doctest },
    Step { name: "doc", about: "the documentation builds without a warning", run: rust::doc },
    Step {
        name: "lint-spec",
        about: "our OpenAPI documents under three linters",
        run: || Ok(format!("{} documents", lint_spec::run()?)),
    },
    Step {
        name: "generated",
        about: "the crates that the generator writes build without a warning",
        run: generated::crates,
    },
    Step {
        name: "oracle",
        about: "generated types agree with a JSON Schema validator",
        run: || judge::step(judge::oracle),
    },
    Step {
        name: "round-trip",
        about: "generated servers see what generated clients send, and the other way round",
        run: || judge::step(judge::round_trip),
    },
    Step {
        name: "stores",
        about: "the contract of stores on real database servers",
        run: stores::on_servers,
    },
    Step {
        name: "histories",
        about: "what concurrent clients and watchers of each store saw",
        run: histories::few_histories,
    },
    Step {
        name: "crash",
        about: "what is left when a process that writes is killed",
        run: histories::few_crashes,
    },
    Step {
        name: "three-servers",
        about: "three servers on one PostgreSQL, killed in turn: each job runs once",
        run: crate::three_servers::step,
    },
    Step {
        name: "conformance",
        about: "our server under the conformance suite: three stores, in process, by URL and as a command",
        run: crate::conformance::our_server,
    },
    Step {
        name: "foreign",
        about: "a shop in Python, judged by its document: it passes, and each of its mistakes is found",
        run: crate::conformance::foreign_api,
    },
    Step { name: "swagger", about: "the Swagger page in headless Chromium", run: swagger::page },
    Step {
        name: "flink-cli",
        about: "Flink's command line against our server and a real cluster",
        run: flink::command_line,
    },
    Step {
        name: "flink-front",
        about: "our server in front of a real cluster: Flink's command line, kill -9 of either",
        run: front::behind_us,
    },
    Step {
        name: "flink-contract",
        about: "the contract of executors on a real cluster",
        run: front::contract,
    },
    Step {
        name: "flink-conforms",
        about: "a real cluster under the conformance suite",
        run: crate::conformance::real_flink,
    },
    Step {
        name: "lifecycle",
        about: "our client lives a job's life on a real cluster and on our server",
        run: lifecycle::both,
    },
    Step {
        name: "benches",
        about: "the servers that the benchmarks compare give equal answers",
        run: benches::answers,
    },
];

enum Outcome {
    Passed(String),
    Failed(String),
    NotRun(String),
}

/// Prints the steps.
pub(crate) fn list() {
    for step in STEPS {
        println!("{:<12}{}", step.name, step.about);
    }
}

/// Runs the steps with these names, or all, each in spite of the others' failure, and sums up.
///
/// With `strict` a step that could not run counts as failed.
///
/// # Errors
/// If a name is unknown, or a step failed.
pub(crate) fn run(names: &[String], strict: bool) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !STEPS.iter().any(|step| step.name == **name)) {
        bail!("no step `{unknown}`; `cargo xtask test --list` shows them");
    }
    let wanted: Vec<_> =
        STEPS.iter().filter(|step| names.is_empty() || names.iter().any(|name| name == step.name)).collect();
    let mut done = Vec::new();
    for (index, step) in wanted.iter().enumerate() {
        eprintln!("\n{}", bold(&format!("[{}/{}] {}: {}", index + 1, wanted.len(), step.name, step.about)));
        let start = Instant::now();
        let outcome = match (step.run)() {
            Ok(note) => Outcome::Passed(note),
            Err(error) if error.is::<Missing>() => Outcome::NotRun(format!("{error:#}")),
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        if let Outcome::Failed(why) | Outcome::NotRun(why) = &outcome {
            eprintln!("{}: {why}", step.name);
        }
        done.push((step.name, outcome, start.elapsed()));
    }
    sum_up(&done, strict)
}

fn sum_up(done: &[(&str, Outcome, Duration)], strict: bool) -> Result<()> {
    println!();
    for (name, outcome, took) in done {
        let (word, note) = match outcome {
            Outcome::Passed(note) => ("ok", note.as_str()),
            Outcome::Failed(why) => ("FAILED", why.as_str()),
            Outcome::NotRun(why) => ("NOT RUN", why.as_str()),
        };
        println!(
            "{name:<12}{word:<9}{:>7.1} s  {}",
            took.as_secs_f64(),
            note.lines().next().unwrap_or_default()
        );
    }
    let count = |wanted: fn(&Outcome) -> bool| done.iter().filter(|(_, outcome, _)| wanted(outcome)).count();
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let not_run = count(|outcome| matches!(outcome, Outcome::NotRun(_)));
    println!("\n{} passed, {failed} failed, {not_run} skipped", done.len() - failed - not_run);
    if failed > 0 || (strict && not_run > 0) {
        bail!("{failed} steps failed, {not_run} could not run");
    }
    if not_run > 0 {
        eprintln!("{}", bold(&format!("{not_run} steps could not run here; with CI=true that is a failure")));
    }
    Ok(())
}

fn bold(text: &str) -> String {
    if std::io::stderr().is_terminal() { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summed(outcome: Outcome, strict: bool) -> Result<()> {
        sum_up(
            &[("fine", Outcome::Passed(String::new()), Duration::ZERO), ("other", outcome, Duration::ZERO)],
            strict,
        )
    }

    #[test]
    fn a_failed_step_fails_the_run() {
        assert!(summed(Outcome::Failed("broken".into()), false).is_err());
        assert!(summed(Outcome::Passed(String::new()), true).is_ok());
    }

    #[test]
    fn a_step_that_could_not_run_fails_a_strict_run() {
        assert!(summed(Outcome::NotRun("no java".into()), false).is_ok());
        assert!(summed(Outcome::NotRun("no java".into()), true).is_err());
    }

    #[test]
    fn an_unknown_step_is_refused() {
        assert!(run(&["no-such-step".to_owned()], false).is_err());
    }

    #[test]
    fn a_missing_tool_is_told_from_a_failure() {
        let wrapped: anyhow::Error = anyhow::Error::new(Missing("java".into())).context("flink");
        assert!(wrapped.is::<Missing>());
    }
}
