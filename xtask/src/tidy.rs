//! House rules that a program can check. One row of [`CHECKS`] is one rule; each has a test that breaks it.

mod code;
mod contract;
mod dependencies;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{place, process};

/// A rule: its name, the sentence it stands for, and the function that finds what breaks it.
struct Check {
    name: &'static str,
    about: &'static str,
    find: fn(&Tree) -> Vec<Violation>,
}

const CHECKS: &[Check] = &[
    Check {
        name: "dependency-direction",
        about: "crates depend on each other only along the table's edges",
        find: dependencies::direction,
    },
    Check {
        name: "foreign-dependencies",
        about: "what integrators implement pulls in no server and no generator",
        find: dependencies::foreign,
    },
    Check {
        name: "shared-versions",
        about: "versions stand in the workspace's table alone",
        find: dependencies::shared_versions,
    },
    Check {
        name: "shared-lints",
        about: "every crate takes the workspace's lints",
        find: dependencies::shared_lints,
    },
    Check {
        name: "generated-headers",
        about: "generated files, and no others, say what made them",
        find: code::generated_headers,
    },
    Check { name: "file-length", about: "no hand-written file has more than 800 lines", find: code::length },
    Check { name: "file-names", about: "files are named after what they hold", find: code::names },
    Check { name: "unfinished", about: "no stub and no skipped test", find: code::unfinished },
    Check {
        name: "contract-ids",
        about: "every clause of a contract has a case, every case a clause",
        find: contract::ids,
    },
    Check { name: "private-paths", about: "no path or host of one machine", find: words::private },
    Check { name: "commands", about: "README and CI run the same test command", find: words::commands },
];

/// What breaks a rule, and where.
#[derive(Debug, PartialEq, Eq)]
struct Violation {
    file: String,
    /// Counted from 1; 0 stands for the file as a whole.
    line: usize,
    message: String,
}

impl Violation {
    fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}: {}", self.file, self.message),
        }
    }
}

/// The text files of the project by their path from the root, with `/` between folders.
#[derive(Debug, Default)]
struct Tree(BTreeMap<String, String>);

impl Tree {
    /// The files that git tracks or would track.
    fn of_project() -> Result<Self> {
        let listed = process::read(
            Command::new("git")
                .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
                .current_dir(place::root()),
        )?;
        let mut files = BTreeMap::new();
        for name in listed.split_terminator('\0') {
            let path = place::root().join(name);
            // Deleted but not yet committed as such.
            if !path.is_file() {
                continue;
            }
            let bytes = std::fs::read(&path).with_context(|| format!("cannot read {name}"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                files.insert(name.to_owned(), text);
            }
        }
        Ok(Self(files))
    }

    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Rust files that a person wrote. Expected outputs of the generator's tests aren't.
    fn hand_written(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files()
            .filter(|(name, _)| name.ends_with(".rs") && !is_generated(name) && !name.contains("/golden/"))
    }
}

fn is_generated(name: &str) -> bool {
    name.contains("/src/generated/")
}

/// Checks every rule and returns how many there are.
///
/// # Errors
/// If a rule is broken, after printing each violation; or if the project's files cannot be listed.
pub(crate) fn run() -> Result<usize> {
    let tree = Tree::of_project()?;
    let mut broken = 0;
    for check in CHECKS {
        let violations = (check.find)(&tree);
        if violations.is_empty() {
            continue;
        }
        broken += 1;
        eprintln!("tidy: {}: {}", check.name, check.about);
        for violation in violations {
            eprintln!("  {violation}");
        }
    }
    anyhow::ensure!(broken == 0, "{broken} of {} rules broken", CHECKS.len());
    Ok(CHECKS.len())
}
