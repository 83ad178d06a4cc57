//! The command line of the example: exit code 0 if every step went as it should, 1 if one failed, 2 for wrong usage.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use planewright_client::flink::Client;
use savepoint_lifecycle::{Options, run};

/// Uploads a jar, runs it, takes one savepoint, stops with another, restarts from it, cancels and cleans up.
///
/// Exit codes: 0 every step went as it should, 1 one failed, 2 wrong usage.
#[derive(Parser)]
struct Arguments {
    /// The server, such as `http://127.0.0.1:8081` or, with a version, `http://127.0.0.1:8081/v1`.
    #[arg(long, default_value = "http://127.0.0.1:8081")]
    url: String,
    /// The jar with a job that goes on until it is stopped.
    #[arg(long)]
    jar: PathBuf,
    /// The class with the main method, if the jar doesn't say.
    #[arg(long)]
    entry_class: Option<String>,
    /// An argument of the program; may be repeated.
    #[arg(long = "argument", value_name = "TEXT", allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// The parallelism of the job.
    #[arg(long, default_value_t = 1)]
    parallelism: i32,
    /// Where the server puts savepoints; without it, the server's default.
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// That folder as this process sees it: savepoints are then counted on disk too.
    #[arg(long, value_name = "DIR")]
    savepoints: Option<PathBuf>,
    /// How many seconds a single step may take.
    #[arg(long, default_value_t = 60)]
    patience: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let client = match Client::connect(&arguments.url) {
        Ok(client) => client,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let options = Options {
        jar: arguments.jar,
        entry_class: arguments.entry_class,
        arguments: arguments.arguments,
        parallelism: arguments.parallelism,
        target: arguments.target,
        savepoints: arguments.savepoints,
        patience: Duration::from_secs(arguments.patience),
    };
    match run(&client, &options, |step, what| println!("{step:<10} {what}")).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("FAILED     {failure}");
            let mut source = failure.source();
            while let Some(cause) = source {
                eprintln!("           caused by: {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}
