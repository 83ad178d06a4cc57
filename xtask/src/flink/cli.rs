//! Flink's own command line, pointed at any server that speaks its REST API.

use std::fs;

use anyhow::{Context, Result};

use super::Libraries;
use crate::place::Temporary;
use crate::process::{self, Finished};

/// The command line, configured for one server.
#[derive(Debug)]
pub(crate) struct Cli<'a> {
    libraries: &'a Libraries,
    config: Temporary,
}

impl<'a> Cli<'a> {
    /// A command line for the server at `url` (`http://HOST:PORT`).
    ///
    /// # Errors
    /// If the URL has another form, or its configuration cannot be written.
    pub(crate) fn new(libraries: &'a Libraries, url: &str) -> Result<Self> {
        let address = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let (host, port) = address
            .and_then(|address| address.rsplit_once(':'))
            .context("the URL must be http://HOST:PORT")?;
        let config = Temporary::new("flink-cli")?;
        fs::create_dir_all(config.path().join("plugins"))?;
        let text = format!(
            "rest.address: {host}\nrest.port: {port}\njobmanager.rpc.address: {host}\nparallelism.default: 1\n"
        );
        fs::write(config.path().join("config.yaml"), text)?;
        fs::write(config.path().join("log4j.properties"), "rootLogger.level = OFF\n")?;
        Ok(Self { libraries, config })
    }

    /// Runs one command, such as `["list", "-a"]`, to its end.
    ///
    /// # Errors
    /// If Java cannot be started; a refusal by the server is no error but an exit code.
    pub(crate) fn run<S: AsRef<str>>(&self, arguments: &[S]) -> Result<Finished> {
        let mut java = self.libraries.java(self.config.path());
        java.args(["-Xmx512m", "-XX:TieredStopAtLevel=1"])
            .arg(format!(
                "-Dlog4j.configurationFile=file:{}",
                self.config.path().join("log4j.properties").display()
            ))
            .arg("org.apache.flink.client.cli.CliFrontend")
            .args(arguments.iter().map(AsRef::as_ref));
        process::finish(&mut java)
    }
}
