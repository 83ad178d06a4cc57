//! Serves one of the broken servers, for other tools to judge.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use planewright_broken::{Broken, Plane, Server, flink};
use tokio::net::TcpListener;

/// How often the clock of the simulated cluster follows the real one.
const TICK: Duration = Duration::from_millis(10);

/// Servers that are wrong in one way each.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints name, class and mistake of each, separated by tabs.
    List,
    /// Serves one of them, until it is killed.
    Serve {
        /// Which; `sound` is the one without a mistake.
        name: String,
        /// Where.
        #[arg(long, default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::List => {
            for server in flink::all() {
                println!("{}\t{}\t{}", server.name, server.class.name(), server.wrong);
            }
            Ok(())
        }
        Command::Serve { name, listen } => serve(&name, listen).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(3)
        }
    }
}

async fn serve(name: &str, listen: SocketAddr) -> Result<()> {
    let sound = (name == "sound").then(Plane::sound);
    let broken: Option<Broken> =
        sound.or_else(|| flink::all().into_iter().find(|server| server.name == name));
    let server = Server::start(&broken.with_context(|| format!("no broken server {name}"))?).await;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    println!("{name} on http://{}", listener.local_addr()?);
    let clock = server.clock.clone();
    tokio::spawn(async move {
        let mut last = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(TICK).await;
            clock.advance(last.elapsed());
            last = tokio::time::Instant::now();
        }
    });
    planewright_server::serve(server, listener).await?;
    Ok(())
}
