//! The same program against a real Flink and against our server: `examples/savepoint-lifecycle`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::flink::{Cluster, Libraries, Options, test_jobs};
use crate::place::{self, Temporary};
use crate::process::{self, cargo};
use crate::server::Server;

/// Runs the program twice. In process, with no socket, it runs among the tests of its crate.
pub(super) fn both() -> Result<String> {
    let program = build()?;
    let libraries = Libraries::fetch()?;
    let jar = test_jobs(&libraries)?;
    {
        let cluster = Cluster::start(&libraries, Options::default())?;
        eprintln!("a real Flink");
        live(&program, cluster.url(), &jar, &cluster.folder().join("savepoints"))?;
    }
    let server = Server::start()?;
    let savepoints = Temporary::new("savepoints")?;
    eprintln!("our server");
    live(&program, server.url(), &jar, savepoints.path())?;
    // Every path exists with a version, too.
    live(&program, &format!("{}/v1", server.url()), &jar, savepoints.path())?;
    Ok("a real Flink and our server".to_owned())
}

fn live(program: &Path, url: &str, jar: &Path, savepoints: &Path) -> Result<()> {
    let mut command = Command::new(program);
    command.args(["--url", url, "--target", &format!("file://{}", savepoints.display())]);
    command.arg("--jar").arg(jar).arg("--savepoints").arg(savepoints);
    process::run(&mut command)
}

fn build() -> Result<PathBuf> {
    process::run(cargo().args(["build", "--quiet", "--package", "savepoint-lifecycle"]))?;
    Ok(place::target().join("debug").join(format!("savepoint-lifecycle{}", std::env::consts::EXE_SUFFIX)))
}
