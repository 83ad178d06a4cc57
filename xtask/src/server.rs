//! Our own server, as a user starts it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::place::{self, Temporary};
use crate::process::{self, Background, cargo};

/// How long the server may take to say its address.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `planewright serve` with an empty data folder. Dropping it kills the process and removes the folder.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    arguments: Vec<String>,
    // Fields are dropped in order: the process ends before the folder goes.
    process: Option<Background>,
    data: Temporary,
}

impl Server {
    /// Builds and starts the server on a free port.
    ///
    /// # Errors
    /// If it cannot be built, ends early, or names no address in time.
    pub(crate) fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), with more arguments.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(crate) fn start_with(arguments: &[&str]) -> Result<Self> {
        let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let data = Temporary::new("server")?;
        let mut server = Self { url: String::new(), arguments, process: None, data };
        server.start_again()?;
        Ok(server)
    }

    /// Kills the process: it gets no chance to write anything down.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Starts the server on what is in its data folder, on another port.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(crate) fn start_again(&mut self) -> Result<()> {
        let mut command = Command::new(build()?);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.data.path())
            .args(&self.arguments);
        let (process, stdout) = Background::start_piped(&mut command)?;
        self.url = process::told(stdout, url_in, PATIENCE).context("the server named no address")?;
        self.process = Some(process);
        Ok(())
    }

    /// Where it answers, without a trailing slash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// Builds the `planewright` program and returns its path.
///
/// # Errors
/// If it doesn't compile.
pub(crate) fn build() -> Result<PathBuf> {
    process::run(cargo().args(["build", "--quiet", "--package", "planewright-cli"]))?;
    Ok(place::target().join("debug").join(format!("planewright{}", std::env::consts::EXE_SUFFIX)))
}

/// The address in the line that names it.
pub(crate) fn url_in(line: &str) -> Option<String> {
    let at = line.find("http://")?;
    let url = line.get(at..)?.split_whitespace().next()?;
    Some(url.trim_end_matches(['/', '.', ',']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_line_that_names_it() {
        assert_eq!(url_in("listening on http://127.0.0.1:8080/").as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(url_in("starting"), None);
    }
}
