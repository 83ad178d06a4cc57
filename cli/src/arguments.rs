//! The command line as a type. Scripts depend on it: what is here stays.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Turns OpenAPI documents into Rust, and serves the control-plane APIs that it ships.
#[derive(Debug, Parser)]
#[command(name = "planewright", version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 ok; 1 the thing checked failed; 2 usage; 3 could not run";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the control-plane APIs
    #[command(after_help = EXIT_CODES)]
    Serve(Serve),
    /// Write one crate, made from an OpenAPI document, that builds as it stands
    #[command(after_help = EXIT_CODES)]
    Generate(Generate),
    /// Say what is wrong with an OpenAPI document, or can't be generated, and write nothing
    #[command(after_help = EXIT_CODES)]
    Check(Check),
    /// Print what one stage of the generator makes of a document
    #[command(after_help = EXIT_CODES)]
    Dump(Dump),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// The APIs to serve
    #[arg(long, value_delimiter = ',', default_value = "flink")]
    pub(crate) api: Vec<ApiName>,
    /// Where artifacts are kept
    #[arg(long, value_name = "DIR", default_value = "planewright-data")]
    pub(crate) data: PathBuf,
    /// Where state is kept: `memory` forgets it at the end
    #[arg(long, value_name = "memory|URL", default_value = "memory")]
    pub(crate) store: String,
    /// What runs the jobs
    #[arg(long, value_name = "simulated|process|flink=URL", default_value = "simulated")]
    pub(crate) executor: String,
    /// Who may call: `off` only on a loopback address
    #[arg(long, value_name = "off|FILE", default_value = "off")]
    pub(crate) auth: String,
    /// How long the result of a finished asynchronous operation is kept, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) operation_ttl: u64,
    /// The seed of the simulated executor
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// How log lines are written to the standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// An API that this project has a document for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ApiName {
    /// Apache Flink's REST API
    Flink,
    /// Ververica Platform's
    Ververica,
    /// KubeVela's
    Kubevela,
    /// CDAP's
    Cdap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// The OpenAPI document, JSON or YAML
    #[arg(value_name = "DOC")]
    pub(crate) document: PathBuf,
    /// The folder of the crate
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The crate's name; made from the document's title if not given
    #[arg(long, value_name = "CRATE")]
    pub(crate) name: Option<String>,
    /// The parts to write
    #[arg(long, value_delimiter = ',', default_value = "model,server,client")]
    pub(crate) emit: Vec<Part>,
    /// A checkout of this workspace to depend on, instead of the published runtime crates
    #[arg(long, value_name = "PATH")]
    pub(crate) runtime: Option<PathBuf>,
    /// Write nothing; fail if what is there isn't what would be written
    #[arg(long)]
    pub(crate) check: bool,
}

/// A part of a generated crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The types on the wire
    Model,
    /// One trait per tag, and a tower service over them
    Server,
    /// The typed client
    Client,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The OpenAPI document, JSON or YAML
    #[arg(value_name = "DOC")]
    pub(crate) document: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Dump {
    /// The stage
    #[arg(long)]
    pub(crate) stage: String,
    /// Only this operation
    #[arg(long, value_name = "ID")]
    pub(crate) operation: Option<String>,
    /// The OpenAPI document, JSON or YAML
    #[arg(value_name = "DOC")]
    pub(crate) document: PathBuf,
}
