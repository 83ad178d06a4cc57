//! What tests of processes need: a folder that takes all that runs in it along, and programs that are shell scripts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use planewright_backend::artifact::{ArtifactId, ArtifactStore};
use planewright_backend::executor::Submission;
use planewright_backend::id::JobId;
use planewright_backend::process::ProcessOptions;

/// A new folder. When it is dropped, the supervisors that work in it are told to end, and it is removed.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("processes-{}-{next}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn artifacts(&self) -> ArtifactStore {
        ArtifactStore::in_directory(self.0.join("artifacts")).unwrap()
    }

    /// A host in a part of this folder, which is quick to lose patience.
    pub(crate) fn options(&self, host: &str) -> ProcessOptions {
        ProcessOptions {
            grace: Duration::from_secs(2),
            lease: Duration::from_millis(600),
            ..ProcessOptions::new(
                self.0.join(host),
                vec![OsString::from(env!("CARGO_BIN_EXE_planewright-supervise"))],
            )
        }
    }

    /// The process ids of supervisors that work in this folder.
    pub(crate) fn supervisors(&self) -> Vec<String> {
        let ours = self.0.display().to_string();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let supervisors = processes.filter(|process| {
            let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command);
            command.contains("planewright-supervise") && command.contains(&ours)
        });
        supervisors.map(|process| process.file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        for supervisor in self.supervisors() {
            let _ = Command::new("kill").args(["-TERM", &supervisor]).status();
        }
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn job(number: u8) -> JobId {
    JobId::from_bytes([number; 16])
}

/// Uploads a program.
pub(crate) async fn upload(artifacts: &ArtifactStore, name: &str, content: impl Into<Bytes>) -> ArtifactId {
    let content = stream::iter([Ok(content.into())]);
    artifacts.put(name, content).await.unwrap().id
}

/// A job whose program is a shell script.
pub(crate) async fn script(artifacts: &ArtifactStore, number: u8, text: &str) -> Submission {
    let artifact = upload(artifacts, "script.jar", format!("#!/bin/sh\n{text}\n")).await;
    Submission { artifact: Some(artifact), ..Submission::new(job(number)) }
}
