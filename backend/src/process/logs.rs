//! What programs printed, as the log files of their host: `JOB.out` and `JOB.err`, and `JOB.out.1` for what was set aside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::executor::LogFile;
use crate::id::JobId;
use crate::time::Timestamp;

/// How many files a list names.
const LISTED: usize = 1000;

/// The files of all jobs, the latest first.
pub(super) fn list(jobs: &Path) -> io::Result<Vec<LogFile>> {
    let mut found = Vec::new();
    for folder in fs::read_dir(jobs)? {
        let folder = folder?;
        let Some(job) = folder.file_name().to_str().and_then(|name| name.parse::<JobId>().ok()) else {
            continue;
        };
        // A folder that goes away while it is read has no files.
        for file in fs::read_dir(folder.path()).into_iter().flatten().flatten() {
            let name = file.file_name();
            let Some(name) = name.to_str().filter(|name| is_output(name)) else {
                continue;
            };
            let Ok(metadata) = file.metadata() else {
                continue;
            };
            let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            let modified = modified.and_then(|at| i64::try_from(at.as_millis()).ok()).unwrap_or(0);
            let name = format!("{job}.{name}");
            found.push(LogFile { name, size: metadata.len(), modified: Timestamp(modified) });
        }
    }
    found.sort_by(|a, b| (b.modified, &a.name).cmp(&(a.modified, &b.name)));
    found.truncate(LISTED);
    Ok(found)
}

/// The path of a file of the list; `None` if there can't be one of this name.
pub(super) fn path(jobs: &Path, name: &str) -> Option<PathBuf> {
    let (job, file) = name.split_once('.')?;
    let job: JobId = job.parse().ok()?;
    is_output(file).then(|| jobs.join(job.to_string()).join(file))
}

fn is_output(name: &str) -> bool {
    let rest = name.strip_prefix("out").or_else(|| name.strip_prefix("err"));
    rest.is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix('.').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_programs_print_has_a_path() {
        let job = "df9c573a0c8506bc11a2b73160637f03";
        let jobs = Path::new("/jobs");
        let found = |file: &str| path(jobs, &format!("{job}.{file}"));
        assert_eq!(found("out"), Some(jobs.join(job).join("out")));
        assert_eq!(found("err.12"), Some(jobs.join(job).join("err.12")));
        for file in ["spec", "out.", "out.x", "out/../spec", "exit", "files", ""] {
            assert_eq!(found(file), None, "{file}");
        }
        assert_eq!(path(jobs, "../out"), None);
        assert_eq!(path(jobs, "out"), None);
    }
}
