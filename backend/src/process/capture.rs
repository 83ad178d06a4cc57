//! Keeps what a program prints, and not more of it than is wanted.

use std::fs::{File, OpenOptions, rename};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file that is set aside when it is full: `out` becomes `out.1`, that `out.2`, and the last one goes.
#[derive(Debug)]
pub(super) struct Rotating {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
    old: u32,
}

impl Rotating {
    pub(super) fn open(path: PathBuf, limit: u64, old: u32) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size, limit: limit.max(1), old })
    }

    /// Copies to the end. What can't be written is left out: the program must not wait for room on a disk.
    pub(super) fn copy(mut self, mut from: impl Read) {
        let mut buffer = vec![0; 1 << 16];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    let _ = self.write(&buffer[..length]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.size >= self.limit {
            self.rotate()?;
        }
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (0..self.old).rev() {
            let from = numbered(&self.path, number);
            match rename(&from, numbered(&self.path, number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        // With no old file to keep, this one begins anew.
        self.file = OpenOptions::new().create(true).write(true).truncate(true).open(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    match number {
        0 => path.to_owned(),
        number => {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{number}"));
            name.into()
        }
    }
}

/// The last lines of a file, at most `limit` bytes; empty if it can't be read.
pub(super) fn tail(path: &Path, limit: u64) -> String {
    let read = || {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(limit)))?;
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // The first line of a part is hardly ever whole.
        Ok::<_, io::Error>(match text.split_once('\n') {
            Some((_, rest)) if size > limit => rest.to_owned(),
            _ => text,
        })
    };
    read().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("planewright-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn no_more_is_kept_than_is_wanted() {
        let folder = folder("rotating");
        let path = folder.join("out");
        let mut out = Rotating::open(path.clone(), 10, 2).unwrap();
        for number in 0..9 {
            out.write(format!("line {number}\n").as_bytes()).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(folder.join(name));
        assert_eq!(read("out").unwrap(), "line 8\n");
        assert_eq!(read("out.1").unwrap(), "line 6\nline 7\n");
        assert_eq!(read("out.2").unwrap(), "line 4\nline 5\n");
        assert!(read("out.3").is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_tail_has_whole_lines() {
        let folder = folder("tail");
        let path = folder.join("err");
        std::fs::write(&path, "first\nsecond\nthird\n").unwrap();
        assert_eq!(tail(&path, 10), "third\n");
        assert_eq!(tail(&path, 1000), "first\nsecond\nthird\n");
        assert_eq!(tail(&folder.join("missing"), 10), "");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
