//! Schemathesis on the broken servers, beside our suite on the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::place::{self, Temporary};
use crate::process::{self, Background, Finished, cargo};
use crate::tools;

/// The tool, as its registry knows it.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
/// How long a server may take to say its address.
const PATIENCE: Duration = Duration::from_secs(30);

/// A broken server: name, class.
type Named = (String, String);

/// Judges broken servers whose name or class contains one of `wanted`, or all, and prints a table.
///
/// What Schemathesis says of the sound server too is no catch.
///
/// # Errors
/// If something can't be fetched, built or started.
pub(super) fn run(wanted: &[String], seconds: u32) -> Result<()> {
    let packages = tools::python_packages(SCHEMATHESIS, &[SCHEMATHESIS])?;
    let program = build()?;
    let servers = listed(&program, wanted)?;
    let ours = our_catches()?;
    let folder = Temporary::new("schemathesis")?;
    let tool = Tool { packages, baseline: folder.path().join("baseline.json"), seconds };
    eprintln!("schemathesis on the sound server, for what it says of that");
    tool.judge(&program, "sound", &["--baseline-update"])?;
    ensure!(tool.baseline.is_file(), "schemathesis wrote no baseline");

    println!("{:<12} {:<30} {:<45} schemathesis", "class", "server", "our suite");
    let (mut by_us, mut by_them) = (0, 0);
    for (name, class) in &servers {
        let theirs = tool.judge(&program, name, &["--max-failures", "1"])?;
        let theirs = (theirs.code == Some(1)).then(|| what_failed(&theirs.stdout));
        let own = ours.get(name).map_or("not caught", String::as_str);
        by_us += usize::from(ours.contains_key(name));
        by_them += usize::from(theirs.is_some());
        println!("{class:<12} {name:<30} {own:<45} {}", theirs.unwrap_or_else(|| "not caught".to_owned()));
    }
    println!("of {} our suite catches {by_us}, schemathesis {by_them}, in {seconds} s each", servers.len());
    Ok(())
}

/// Schemathesis with what it said of the sound server.
struct Tool {
    packages: PathBuf,
    baseline: PathBuf,
    seconds: u32,
}

impl Tool {
    fn judge(&self, program: &Path, name: &str, more: &[&str]) -> Result<Finished> {
        let mut serve = Command::new(program);
        let (_server, stdout) =
            Background::start_piped(serve.args(["serve", name, "--listen", "127.0.0.1:0"]))?;
        let url = process::told(stdout, url_in, PATIENCE).context("the server named no address")?;
        let mut command = Command::new("python3");
        command
            .env("PYTHONPATH", &self.packages)
            .args(["-m", "schemathesis.cli", "run"])
            .arg(place::root().join("spec/openapi/flink.yaml"))
            .args(["--url", &url, "--seed", "1", "--max-time", &self.seconds.to_string(), "--no-color"])
            .args([
                "--generation-database",
                "none",
                "--no-shrink",
                "--warnings",
                "off",
                "--request-timeout",
                "10",
            ])
            .arg("--baseline")
            .arg(&self.baseline)
            .args(more);
        process::finish(&mut command).context("schemathesis")
    }
}

fn url_in(line: &str) -> Option<String> {
    line.split_once(" on ").map(|(_, url)| url.trim().to_owned())
}

/// The first thing that it complains about.
fn what_failed(printed: &str) -> String {
    let complaint = printed.lines().map(str::trim).find_map(|line| line.strip_prefix("- "));
    complaint.unwrap_or("caught").chars().take(60).collect()
}

fn build() -> Result<PathBuf> {
    process::run(cargo().args(["build", "--quiet", "--package", "planewright-broken"]))?;
    let name = format!("planewright-broken{}", std::env::consts::EXE_SUFFIX);
    Ok(place::target().join("debug").join(name))
}

fn listed(program: &Path, wanted: &[String]) -> Result<Vec<Named>> {
    let printed = process::read(Command::new(program).arg("list"))?;
    let servers = printed.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        Some((columns.next()?.to_owned(), columns.next()?.to_owned()))
    });
    let is_wanted = |(name, class): &Named| {
        wanted.is_empty() || wanted.iter().any(|word| name.contains(word) || class.contains(word))
    };
    let servers: Vec<_> = servers.filter(is_wanted).collect();
    ensure!(!servers.is_empty(), "no broken server has such a name or class");
    Ok(servers)
}

/// Which case of our suite catches which server.
fn our_catches() -> Result<BTreeMap<String, String>> {
    let mut test = cargo();
    test.args(["test", "--release", "--quiet", "--package", "planewright-broken", "--test", "score"]);
    test.args(["broken_servers", "--", "--nocapture"]).env("PLANEWRIGHT_SCORE", "1");
    let printed = process::finish(&mut test)?.stdout;
    Ok(printed.lines().filter_map(caught).collect())
}

/// Name and case of a line of the table, if the server was caught.
fn caught(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let (_class, name, seconds, unit, case) =
        (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
    let is_row = unit == "s" && seconds.parse::<f64>().is_ok() && case != "NOT";
    is_row.then(|| (name.to_owned(), case.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_table_are_understood() {
        let row = "crud         listed-twice      0.1 s  flink.jobs.ids-are-unique      expected one";
        assert_eq!(caught(row), Some(("listed-twice".to_owned(), "flink.jobs.ids-are-unique".to_owned())));
        assert_eq!(caught("crud         listed-twice      0.1 s  NOT CAUGHT      The last job"), None);
        assert_eq!(caught("test broken_servers_are_caught ... ok"), None);
    }

    #[test]
    fn the_first_complaint_is_told() {
        assert_eq!(what_failed("1. Test Case ID: x\n- Server error\n  - more"), "Server error");
        assert_eq!(what_failed(""), "caught");
    }
}
