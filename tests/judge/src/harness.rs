//! The program that stands for a document's types: it reads values and says what becomes of them.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use indexmap::IndexSet;
use planewright_codegen::GeneratedFile;

use crate::subject::Subject;

/// What the generated code says of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Read, without violations, and written again as this text.
    Accepted(String),
    /// Can't be read.
    Undecodable(String),
    /// Read, but it breaks what the document asserts.
    Violating(String),
    /// The program panicked or died.
    Died(String),
}

/// What the program is made of, beside the generated model: the way from a line of input to one of output.
const MAIN: &str = include_str!("harness/main.rs.txt");

/// The place of each subject among the program's functions.
pub(crate) struct Functions {
    text: String,
    of: Vec<usize>,
}

impl Functions {
    /// One function for each type with its checks.
    pub(crate) fn new(subjects: &[Subject]) -> Self {
        let mut distinct: IndexSet<(String, String)> = IndexSet::new();
        let mut of = Vec::new();
        for subject in subjects {
            let mut checks = subject.checks.join(" ");
            if subject.nullable && !checks.is_empty() {
                checks = format!("if let Some(__value) = __value {{ {checks} }}");
            }
            of.push(distinct.insert_full((subject.ty.clone(), checks)).0);
        }
        let arm = |(index, (ty, checks)): (usize, &(String, String))| {
            format!(
                "        {index} => look::<{ty}>(text, |__value, __path, __violations| {{ {checks} }}),\n"
            )
        };
        let arms: String = distinct.iter().enumerate().map(arm).collect();
        Self { text: arms, of }
    }
}

/// Where programs are built.
pub(crate) struct Workshop {
    /// A folder for their sources.
    pub(crate) folder: PathBuf,
    /// The workspace's root, where the runtime crates are.
    pub(crate) root: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
}

/// A program, built: it answers each line with one line. It goes when this value goes, since many take much room.
pub(crate) struct Program {
    path: PathBuf,
    name: String,
}

/// What a program says of a line: a word, and more.
pub(crate) type Answer = (String, String);

/// The program that judges a document's types.
pub(crate) struct Harness {
    program: Program,
    functions: Vec<usize>,
}

impl Workshop {
    /// Writes a crate of these files, with `main` as its program, and builds it.
    pub(crate) fn build(&self, name: &str, files: &[GeneratedFile], main: &str) -> Result<Program> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        for file in files {
            write(&folder.join(&file.path), &file.text)?;
        }
        write(&folder.join("src/main.rs"), main)?;
        fs::copy(self.root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .current_dir(&folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .env("CARGO_INCREMENTAL", "0")
            .args(["build", "--quiet", "--message-format=short"]);
        let done = command.stdin(Stdio::null()).output().context("cargo can't be run")?;
        let said = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "the program of {name} doesn't compile:\n{}", head(&said, 30));
        Ok(Program { path: self.target.join("debug").join(name), name: name.to_owned() })
    }
}

impl Harness {
    /// Builds the program for these subjects.
    pub(crate) fn build(
        workshop: &Workshop,
        name: &str,
        files: &[GeneratedFile],
        functions: Functions,
    ) -> Result<Self> {
        let main = MAIN
            .replace("generated_crate", &name.replace('-', "_"))
            .replace("        // functions\n", &functions.text);
        let program = workshop.build(name, files, &main)?;
        Ok(Self { program, functions: functions.of })
    }

    /// What becomes of each value: a subject's index, and a JSON text.
    pub(crate) fn judge(&self, values: &[(usize, String)]) -> Result<Vec<Verdict>> {
        let lines: Vec<_> =
            values.iter().map(|(subject, text)| (self.functions[*subject], text.clone())).collect();
        let verdict = |(word, rest): Answer| match word.as_str() {
            "accepted" => Verdict::Accepted(rest),
            "undecodable" => Verdict::Undecodable(rest),
            "violating" => Verdict::Violating(rest),
            _ => Verdict::Died(rest),
        };
        Ok(self.program.answers(&lines)?.into_iter().map(verdict).collect())
    }
}

impl Program {
    /// What it says of each line: a number, and a JSON text.
    pub(crate) fn answers(&self, lines: &[(usize, String)]) -> Result<Vec<Answer>> {
        let mut answers: Vec<Answer> = Vec::with_capacity(lines.len());
        // A program that dies is started again behind the line that killed it.
        while answers.len() < lines.len() {
            let before = answers.len();
            self.run(&lines[before..], &mut answers)?;
            if answers.len() < lines.len() {
                answers.push(("died".to_owned(), "the program died".to_owned()));
            }
            let deaths = answers.iter().rev().take(100).filter(|(word, _)| word == "died").count();
            ensure!(deaths < 100, "{} dies all the time", self.path.display());
        }
        Ok(answers)
    }

    fn run(&self, lines: &[(usize, String)], answers: &mut Vec<Answer>) -> Result<()> {
        let mut child = Command::new(&self.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} can't be run", self.path.display()))?;
        let mut input = child.stdin.take().context("no input")?;
        let output = BufReader::new(child.stdout.take().context("no output")?);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for (number, text) in lines {
                    if writeln!(input, "{number}\t{text}").is_err() {
                        break;
                    }
                }
            });
            for line in output.lines() {
                let Ok(line) = line else { break };
                let (word, rest) = line.split_once('\t').unwrap_or((&line, ""));
                answers.push((word.to_owned(), rest.to_owned()));
            }
        });
        child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let Some(folder) = self.path.parent() else { return };
        let _ = fs::remove_file(&self.path);
        // What cargo names after a crate has a hash behind the name.
        let stem = format!("{}-", self.name.replace('-', "_"));
        for entry in fs::read_dir(folder.join("deps")).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.trim_start_matches("lib").starts_with(&stem) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| format!("{} can't be written", path.display()))
}

/// The first lines of a text.
pub(crate) fn head(text: &str, count: usize) -> String {
    text.lines().take(count).collect::<Vec<_>>().join("\n")
}
