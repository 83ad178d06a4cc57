//! How much of the reference server the suite pins down: changes to its code that the suite alone must notice.

use anyhow::{Context, Result};

use crate::process::{self, cargo};
use crate::tools;

/// Seconds that the suite may take on a changed server, with its build left out.
const TIMEOUT: &str = "180";

/// Runs `cargo mutants` on the reference server, with the suite as the only test; `shard` is `k/n`, with k from 0 on.
///
/// Each change is a build and a run: all of them take hours.
///
/// # Errors
/// If `cargo mutants` isn't installed, or the suite fails on the server as it is. Changes that nobody notices are no error:
/// they are printed, with the score.
pub(super) fn run(shard: &str, only_list: bool) -> Result<()> {
    tools::needed("cargo-mutants", "changes the server: `cargo install cargo-mutants --locked`")?;
    let mut mutants = cargo();
    mutants.args(["mutants", "--package", "planewright-reference-server", "--shard", shard]);
    if only_list {
        return process::run(mutants.arg("--list"));
    }
    mutants.args(["--test-package", "planewright-broken", "--timeout", TIMEOUT, "--output"]);
    mutants.arg(crate::place::target().join("mutants"));
    mutants.args(["--", "--test", "conformant", "in_memory"]);
    let ended = process::finish(&mut mutants)?;
    let printed = ended.stdout;
    print!("{printed}");
    let summary = printed.lines().rev().find(|line| line.contains(" tested")).context("no summary")?;
    match score(summary) {
        Some((caught, of)) => println!("the suite notices {caught} of {of} changes"),
        None => println!("{summary}"),
    }
    Ok(())
}

/// Caught and countable of `31 mutants tested in 4m: 2 missed, 25 caught, 3 unviable, 1 timeouts`. What doesn't compile doesn't
/// count; what hangs is noticed.
fn score(summary: &str) -> Option<(usize, usize)> {
    let (_, counts) = summary.rsplit_once(": ")?;
    let count = |word: &str| {
        let found = counts.split(", ").find(|part| part.contains(word))?;
        found.split_whitespace().next()?.parse::<usize>().ok()
    };
    let caught = count("caught").unwrap_or(0) + count("timeout").unwrap_or(0);
    Some((caught, caught + count("missed").unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn the_score_leaves_out_what_does_not_compile() {
        let summary = "31 mutants tested in 4m: 2 missed, 25 caught, 3 unviable, 1 timeouts";
        assert_eq!(score(summary), Some((26, 28)));
        assert_eq!(score("5 mutants tested in 1m: 5 caught"), Some((5, 5)));
        assert_eq!(score("nothing"), None);
    }
}
