//! `cargo check` of a generated crate, measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use planewright_codegen::config::{Config, Layout, Runtime};
use planewright_codegen::source::SourceSet;
use planewright_codegen::{emit, generate};
use serde_json::Value;

use crate::place;
use crate::process::{self, cargo};

/// What a check found, and what it took.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) errors: usize,
    pub(super) warnings: usize,
    /// Seconds.
    pub(super) wall: f64,
    /// Seconds of the compiler and of cargo; unknown without GNU time.
    pub(super) cpu: Option<f64>,
    /// The most memory that a process had.
    pub(super) megabytes: Option<u64>,
}

/// Checks crates in one target folder: the workspace's own, where the runtime may be built already.
#[derive(Debug)]
pub(super) struct Checker {
    /// GNU time, which tells what a process and its children took.
    time: Option<PathBuf>,
}

impl Checker {
    /// Builds what every generated crate depends on, so that no document pays for it.
    ///
    /// # Errors
    /// If it doesn't build.
    pub(super) fn prepare(folder: &Path) -> Result<Self> {
        let time = process::on_path("time").filter(|time| {
            let done = process::finish(Command::new(time).args(["-f", "%M", "true"]));
            done.is_ok_and(|done| done.stderr.trim().parse::<u64>().is_ok())
        });
        let checker = Self { time };
        let out = folder.join("nothing");
        let runtime = Runtime::Path(place::root().display().to_string());
        let layout = Layout::Crate { name: "corpus-nothing".to_owned(), runtime };
        let document = "openapi: 3.0.3\ninfo: {title: Nothing, version: '1'}\npaths: {}\n";
        let sources = SourceSet::from_text("nothing.yaml", document);
        let files = generate(&Config { layout, ..Config::tree() }, &sources)?.files;
        emit::write(&out, &files)?;
        let done = checker.check(&out)?;
        ensure!(done.errors == 0, "a crate made of an empty document doesn't compile");
        Ok(checker)
    }

    /// Checks the crate in this folder with all its features.
    ///
    /// # Errors
    /// If cargo can't be started.
    pub(super) fn check(&self, package: &Path) -> Result<Checked> {
        // The same versions as the workspace, and no search for newer ones.
        fs::copy(place::root().join("Cargo.lock"), package.join("Cargo.lock"))?;
        let cargo = cargo();
        let measured = package.join("check.time");
        let mut command = match &self.time {
            Some(time) => {
                let mut command = Command::new(time);
                command.args(["-q", "-f", "%U %S %M", "-o"]).arg(&measured).arg(cargo.get_program());
                command
            }
            None => Command::new(cargo.get_program()),
        };
        command.current_dir(package).env("CARGO_TARGET_DIR", place::target()).env("CARGO_INCREMENTAL", "0");
        command.args(["check", "--all-features", "--quiet", "--message-format=json"]);
        let start = Instant::now();
        let done = process::finish(&mut command)?;
        let mut checked = told(&done.stdout);
        checked.wall = start.elapsed().as_secs_f64();
        if done.code != Some(0) && checked.errors == 0 {
            eprintln!("{}", done.stderr.trim_end());
            checked.errors = 1;
        }
        if self.time.is_some() {
            let text = fs::read_to_string(&measured).context("GNU time wrote nothing")?;
            let numbers: Vec<f64> =
                text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
            if let [user, system, kilobytes] = numbers[..] {
                checked.cpu = Some(user + system);
                checked.megabytes = Some(kilobytes as u64 / 1024);
            }
        }
        fs::write(package.join("check.json"), done.stdout)?;
        Ok(checked)
    }
}

/// Counts what the compiler says about the code; what it says about that, such as `aborting due to`, has no place.
fn told(output: &str) -> Checked {
    let mut checked = Checked::default();
    for line in output.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else { continue };
        let has_place = message["message"]["spans"].as_array().is_some_and(|spans| !spans.is_empty());
        match message["message"]["level"].as_str().filter(|_| has_place) {
            Some("error") => checked.errors += 1,
            Some("warning") => checked.warnings += 1,
            _ => {}
        }
    }
    checked
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn messages_about_messages_dont_count() {
        let output = r#"
            {"reason":"compiler-message","message":{"level":"warning","spans":[{}]}}
            {"reason":"compiler-message","message":{"level":"error","spans":[{}]}}
            {"reason":"compiler-message","message":{"level":"error","spans":[]}}
            {"reason":"build-finished","success":false}"#;
        let checked = told(output);
        assert_eq!((checked.errors, checked.warnings), (1, 1));
    }
}
