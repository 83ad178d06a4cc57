//! From an artifact to a command.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;

use crate::artifact::{Artifact, ArtifactError, ArtifactId, ArtifactStore};

use super::ProcessOptions;
use super::folder::{JobFolder, Spec, Work};
use super::row::Row;

/// Before the names of settings that become variables of the program's environment.
const ENVIRONMENT: &str = "process.env.";
/// The setting with options of the Java machine.
const JAVA_OPTIONS: &str = "process.java.options";
/// What programs get of this process's environment. The rest may hold secrets.
const INHERITED: [&str; 7] = ["PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR", "JAVA_HOME"];

/// Why there is nothing to run.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProgramError {
    #[error("there is no program: the job names no artifact")]
    Missing,
    #[error("the program can't be fetched")]
    Artifact(#[from] ArtifactError),
    #[error("{0} is neither a script (#!), nor an executable, nor a Java archive")]
    Unknown(ArtifactId),
    #[error("the working folder can't be used")]
    Folder(#[from] io::Error),
}

impl ProgramError {
    /// Whether trying again can't help.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Missing | Self::Unknown(_) => true,
            Self::Artifact(error) => error.is_not_found(),
            Self::Folder(_) => false,
        }
    }
}

/// How a file is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// By the kernel.
    Executable,
    /// By Java.
    Archive,
}

impl Kind {
    fn of(first: &[u8]) -> Option<Self> {
        if first.starts_with(b"#!") || first.starts_with(b"\x7fELF") {
            Some(Self::Executable)
        } else if first.starts_with(b"PK\x03\x04") {
            Some(Self::Archive)
        } else {
            None
        }
    }
}

/// Makes sure that an artifact exists and can be run.
pub(super) async fn check(artifacts: &ArtifactStore, id: Option<&ArtifactId>) -> Result<(), ProgramError> {
    let id = id.ok_or(ProgramError::Missing)?;
    let (_, mut content) = artifacts.open(id).await?;
    let mut first = Vec::new();
    while first.len() < 4
        && let Some(chunk) = content.next().await
    {
        first.extend_from_slice(&chunk?);
    }
    Kind::of(&first).map(drop).ok_or_else(|| ProgramError::Unknown(id.clone()))
}

/// What a supervisor has to know to run a job. Fetches the program if it isn't there yet.
pub(super) async fn spec(
    options: &ProcessOptions,
    artifacts: &ArtifactStore,
    work: &Work,
    folder: &JobFolder,
    row: &Row,
) -> Result<Spec, ProgramError> {
    let submission = &row.submission;
    let id = submission.artifact.as_ref().ok_or(ProgramError::Missing)?;
    let artifact = artifacts.get(id).await?;
    let path = fetch(artifacts, &artifact, work).await?;
    let mut first = [0; 4];
    let length = io::Read::read(&mut fs::File::open(&path)?, &mut first)?;
    let kind = Kind::of(&first[..length]).ok_or_else(|| ProgramError::Unknown(id.clone()))?;
    let (program, mut arguments) = match kind {
        Kind::Executable => (path, Vec::new()),
        Kind::Archive => {
            let java = submission.configuration.get(JAVA_OPTIONS).map_or("", String::as_str);
            let mut arguments: Vec<String> = java.split_whitespace().map(str::to_owned).collect();
            let path = path.display().to_string();
            let manifest = artifact.manifest.as_ref();
            let main = manifest.and_then(|manifest| manifest.attributes.get("main-class"));
            match submission.entry_class.clone().filter(|class| Some(class) != main) {
                Some(class) => arguments.extend(["-cp".to_owned(), path, class]),
                None => arguments.extend(["-jar".to_owned(), path]),
            }
            (options.java.clone(), arguments)
        }
    };
    arguments.extend(submission.arguments.iter().cloned());
    Ok(Spec {
        started: folder.started().to_owned(),
        program,
        arguments,
        environment: environment(options, row),
        grace: u64::try_from(options.grace.as_millis()).unwrap_or(u64::MAX),
        log_bytes: options.log_bytes,
        log_files: options.log_files,
    })
}

fn environment(options: &ProcessOptions, row: &Row) -> BTreeMap<String, String> {
    let inherited =
        INHERITED.into_iter().filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    let mut environment: BTreeMap<String, String> = inherited.collect();
    environment.extend(options.environment.clone());
    let own = row.submission.configuration.iter();
    environment.extend(own.filter_map(|(name, value)| {
        let name = name.strip_prefix(ENVIRONMENT)?;
        // The operating system has no words for others.
        let valid = !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0');
        valid.then(|| (name.to_owned(), value.clone()))
    }));
    environment.insert("PLANEWRIGHT_JOB_ID".to_owned(), row.submission.id.to_string());
    environment.insert("PLANEWRIGHT_PARALLELISM".to_owned(), row.parallelism.to_string());
    if let Some(class) = &row.submission.entry_class {
        environment.insert("PLANEWRIGHT_ENTRY_CLASS".to_owned(), class.clone());
    }
    environment
}

/// The program as a file that can be executed.
async fn fetch(artifacts: &ArtifactStore, artifact: &Artifact, work: &Work) -> Result<PathBuf, ProgramError> {
    let path = work.programs().join(artifact.id.as_str());
    // Artifacts never change, and a file of the full size is whole.
    if fs::metadata(&path).is_ok_and(|found| found.len() == artifact.size) {
        return Ok(path);
    }
    let (_, mut content) = artifacts.open(&artifact.id).await?;
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let aside = work.programs().join(format!(".{:016x}", u64::from_be_bytes(random)));
    let fetched = async {
        let mut options = tokio::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o700).open(&aside).await?;
        while let Some(chunk) = content.next().await {
            file.write_all(&chunk?).await?;
        }
        file.sync_all().await?;
        drop(file);
        fs::rename(&aside, &path)
    };
    if let Err(error) = fetched.await {
        let _ = fs::remove_file(&aside);
        return Err(error.into());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
        assert_eq!(Kind::of(b"#!/bin/sh\n"), Some(Kind::Executable));
        assert_eq!(Kind::of(b"\x7fELF\x02\x01"), Some(Kind::Executable));
        assert_eq!(Kind::of(b"PK\x03\x04rest"), Some(Kind::Archive));
        for other in [&b""[..], b"P", b"hello", b"PK\x05\x06"] {
            assert_eq!(Kind::of(other), None);
        }
    }
}
