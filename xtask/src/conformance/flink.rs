//! A real Flink: it is right by definition, so what it does differently is known by name.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::flink::{Cluster, Libraries, Options};
use crate::place;
use crate::process;
use crate::server;

/// A step of CI: the rules, on Flink as it comes.
pub(crate) fn real() -> Result<String> {
    real_with(&["--skip", "flink.document.*", "--skip", "flink.state.*"].map(str::to_owned))
}

/// Runs the suite of Flink's API: on Flink as it comes, and without more said what only its adaptive scheduler can do.
pub(super) fn real_with(arguments: &[String]) -> Result<String> {
    let program = server::build()?;
    let libraries = Libraries::fetch()?;
    let began = Instant::now();
    let judge = |options: Options, more: &[&str]| {
        let cluster = Cluster::start(&libraries, options)?;
        let mut command = Command::new(&program);
        command.args(["conformance", "flink", "--url", cluster.url(), "--known-failing"]).arg(differences());
        process::run(command.args(more).args(arguments))
    };
    judge(Options { slots: 16, ..Options::default() }, &["--without", "rescaling"])?;
    if arguments.is_empty() {
        judge(Options::adaptive(), &["--only", "flink.rescaling.*"])?;
    }
    Ok(format!(
        "a real Flink conforms, with the differences that are known, in {} s",
        began.elapsed().as_secs()
    ))
}

/// What a real Flink does otherwise, each with its reason.
fn differences() -> PathBuf {
    place::root().join("conformance-tests/src/apis/flink/differences.txt")
}
