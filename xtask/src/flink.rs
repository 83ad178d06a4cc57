//! A real Apache Flink on this machine: its libraries, a cluster, its command line, jobs to run on it.

mod cli;
mod cluster;
mod jobs;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;

pub(crate) use cli::Cli;
pub(crate) use cluster::{Cluster, Options};
pub(crate) use jobs::test_jobs;

use crate::{process, tools};

/// The release whose behaviour decides.
pub(crate) const VERSION: &str = "2.3.0";

/// Chores around a real Flink.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Starts a session cluster and keeps it until this command ends or is interrupted.
    Start {
        /// Port of the REST API; by default any free one.
        #[arg(long)]
        port: Option<u16>,
        /// A line for the cluster's config.yaml, such as `jobmanager.scheduler: adaptive`; may be repeated.
        #[arg(long = "config", value_name = "LINE")]
        config: Vec<String>,
    },
    /// Runs Flink's own command line against a server, and ends with its exit code.
    Cli {
        /// Where the server is, such as `http://127.0.0.1:8081`.
        url: String,
        /// Arguments of the command line, such as `list -a`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        arguments: Vec<String>,
    },
    /// Builds the jar of test jobs and prints where it is.
    Jobs,
    /// Runs the contract suite of executors on a cluster behind our client.
    Contract {
        /// Arguments of the suite, such as a part of a case's name.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// Carries out a chore.
///
/// # Errors
/// If Flink cannot be fetched or started.
pub(crate) fn run(command: Command) -> Result<ExitCode> {
    let libraries = Libraries::fetch()?;
    match command {
        Command::Start { port, config } => {
            let cluster = Cluster::start(&libraries, Options { port, config, ..Options::default() })?;
            println!("{}", cluster.url());
            eprintln!("log files in {}; ends with this command", cluster.folder().display());
            cluster.wait()?;
        }
        Command::Cli { url, arguments } => {
            let done = Cli::new(&libraries, &url)?.run(&arguments)?;
            print!("{}", done.stdout);
            eprint!("{}", done.stderr);
            return Ok(ExitCode::from(done.code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)));
        }
        Command::Jobs => println!("{}", test_jobs(&libraries)?.display()),
        Command::Contract { arguments } => {
            let cluster = Cluster::start(&libraries, Options::adaptive())?;
            contract(&cluster, &test_jobs(&libraries)?, &arguments)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the contract suite of executors on a cluster, under the features that all members of the workspace ask for
/// together: so nothing is built twice.
///
/// # Errors
/// If a clause is broken.
pub(crate) fn contract(cluster: &Cluster, jar: &Path, arguments: &[String]) -> Result<()> {
    let savepoints = format!("file://{}", cluster.folder().join("savepoints").display());
    process::run(
        process::cargo()
            .args(["test", "--quiet", "--workspace", "--test", "flink_contract", "--"])
            .args(arguments)
            .env("PLANEWRIGHT_FLINK_URL", cluster.url())
            .env("PLANEWRIGHT_FLINK_JOBS", jar)
            .env("PLANEWRIGHT_FLINK_SAVEPOINTS", savepoints),
    )
}

/// The jars that make up Flink.
#[derive(Debug)]
pub(crate) struct Libraries {
    folder: PathBuf,
    class_path: String,
}

impl Libraries {
    /// Finds them in the cache, or fetches them (about 330 MB) by package name.
    ///
    /// # Errors
    /// If Java is missing, or the package cannot be had.
    pub(crate) fn fetch() -> Result<Self> {
        tools::needed("java", "a real Flink needs Java 17")?;
        let home = tools::cached(&format!("flink-{VERSION}"), |draft| {
            tools::unpack_wheel(&format!("apache-flink-libraries=={VERSION}"), draft)
        })?;
        let folder = home.join("pyflink").join("lib");
        let mut jars = Vec::new();
        for entry in
            std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
        {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "jar") {
                jars.push(path);
            }
        }
        jars.sort();
        let class_path =
            std::env::join_paths(&jars)?.into_string().ok().context("the cache's path is not UTF-8")?;
        Ok(Self { folder, class_path })
    }

    /// A Java virtual machine with all of Flink on its class path and the configuration in `config`.
    fn java(&self, config: &std::path::Path) -> std::process::Command {
        let mut java = std::process::Command::new("java");
        java.env("FLINK_CONF_DIR", config)
            .env("FLINK_LIB_DIR", &self.folder)
            .env("FLINK_PLUGINS_DIR", config.join("plugins"))
            .env("FLINK_LOG_DIR", config)
            .args(["-XX:-UsePerfData", "-cp", &self.class_path]);
        // The internals that Flink's launch scripts open, too.
        for package in ["lang", "lang.reflect", "net", "io", "nio", "text", "time", "util", "util.concurrent"]
        {
            java.arg(format!("--add-opens=java.base/java.{package}=ALL-UNNAMED"));
        }
        java.args([
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
            "--add-opens=java.base/java.util.concurrent.locks=ALL-UNNAMED",
            "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
            "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
        ]);
        java
    }
}
