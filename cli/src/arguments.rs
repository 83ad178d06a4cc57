//! The command line as a type. Scripts depend on it: what is here stays.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::backends::artifacts::ArtifactOptions;
use crate::backends::executor::ExecutorName;
use crate::backends::store::StoreOptions;

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
    /// Say what a code in a message means, with an example, and what to do
    #[command(after_help = EXIT_CODES)]
    Explain(Explain),
    /// Judge an implementation of an API, or run one case again: `conformance replay ID`
    #[command(after_help = EXIT_CODES)]
    Conformance(Conformance),
    /// Move what a store holds, or see whether it can be read
    #[command(subcommand, after_help = EXIT_CODES)]
    Store(StoreCommand),
    /// Run the program of one job: what `serve --executor process` starts for each
    #[command(hide = true)]
    Supervise(Supervise),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// The APIs to serve
    #[arg(long, value_delimiter = ',', default_value = "flink")]
    pub(crate) api: Vec<ApiName>,
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    #[command(flatten)]
    pub(crate) artifacts: ArtifactOptions,
    /// What runs the jobs
    #[arg(long, value_name = "simulated|process|flink=URL", default_value = "simulated")]
    pub(crate) executor: ExecutorName,
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

#[derive(Debug, Args)]
pub(crate) struct Conformance {
    /// The API: `flink`; or `replay`
    #[arg(value_name = "API|replay", required_unless_present = "document")]
    pub(crate) api: Option<String>,
    /// With `replay`: the case that is to run again, as a report has it
    pub(crate) id: Option<String>,
    /// Judge by this OpenAPI document: any API
    #[arg(long, value_name = "DOC")]
    pub(crate) document: Option<PathBuf>,
    /// Where the implementation is
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Start this program first, which then answers at the URL; cases may kill and restart it
    #[arg(long, value_name = "PROGRAM ARGUMENTS")]
    pub(crate) command: Option<String>,
    /// Talk HTTP/2
    #[arg(long)]
    pub(crate) http2: bool,
    /// A bearer token
    #[arg(long, env = "PLANEWRIGHT_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,
    /// Everything that looks random is drawn from this number
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Names and ids are drawn from this number too: another one repeats a run on a server that remembers the first
    #[arg(long, value_name = "N")]
    pub(crate) salt: Option<u64>,
    /// How many random histories to try
    #[arg(long, value_name = "N")]
    pub(crate) cases: Option<usize>,
    /// Run the cases whose id matches; `*` stands for anything
    #[arg(long, value_name = "GLOB")]
    pub(crate) only: Vec<String>,
    /// Leave out the cases whose id matches
    #[arg(long, value_name = "GLOB")]
    pub(crate) skip: Vec<String>,
    /// The implementation lacks this feature
    #[arg(long, value_name = "FEATURE")]
    pub(crate) without: Vec<String>,
    /// Cases that are known to fail, one a line: `GLOB  # reason`; an entry that no failure matches fails the run
    #[arg(long, value_name = "FILE")]
    pub(crate) known_failing: Option<PathBuf>,
    /// Only print the cases
    #[arg(long)]
    pub(crate) list: bool,
    /// Write a report as JUnit's XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a report as a page
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write a report as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write what was said and heard as an HTTP archive
    #[arg(long, value_name = "FILE")]
    pub(crate) har: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Write all keys and values to the standard output, as JSON lines; no server may write meanwhile
    #[command(after_help = EXIT_CODES)]
    Export(StoreOptions),
    /// Write what was exported into a store, an empty one if nothing else is said; revisions are new ones
    #[command(after_help = EXIT_CODES)]
    Import(StoreImport),
    /// Read everything that a store holds
    #[command(after_help = EXIT_CODES)]
    Check(StoreOptions),
}

#[derive(Debug, Args)]
pub(crate) struct StoreImport {
    /// What `export` has written
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Write over what the store holds already
    #[arg(long)]
    pub(crate) merge: bool,
    #[command(flatten)]
    pub(crate) store: StoreOptions,
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

/// What is read, and how its messages are told: the same for every command that reads a document.
#[derive(Debug, Args)]
pub(crate) struct Input {
    /// The OpenAPI document, JSON or YAML; may be left out if the configuration names it
    #[arg(value_name = "DOC", required_unless_present = "config")]
    pub(crate) document: Option<PathBuf>,
    /// A configuration file (docs/configuration.md); what stands on the command line goes first
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// An OpenAPI overlay to apply first; several are applied in turn
    #[arg(long, value_name = "FILE")]
    pub(crate) overlay: Vec<PathBuf>,
    /// Only operations with this tag (or otherwise included)
    #[arg(long, value_name = "TAG")]
    pub(crate) include_tag: Vec<String>,
    /// No operation with this tag
    #[arg(long, value_name = "TAG")]
    pub(crate) exclude_tag: Vec<String>,
    /// Only this operation (or those otherwise included), by its id or as `GET /path`
    #[arg(long, value_name = "ID")]
    pub(crate) include_operation: Vec<String>,
    /// Not this operation
    #[arg(long, value_name = "ID")]
    pub(crate) exclude_operation: Vec<String>,
    /// Take warnings as errors: nothing is written, exit code 1
    #[arg(long)]
    pub(crate) strict: bool,
    /// How messages are written to the standard error
    #[arg(long, value_enum, default_value_t = MessageFormat::Human)]
    pub(crate) message_format: MessageFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// For people: with the lines of the document on a terminal, a line each in a pipe
    Human,
    /// For editors and scripts: one JSON object a line (docs/diagnostics.md)
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Supervise {
    /// The folder of the job
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The code, such as E0301, or its name, such as dangling-reference
    #[arg(value_name = "CODE", required_unless_present = "list")]
    pub(crate) code: Option<String>,
    /// List all codes instead
    #[arg(long, conflicts_with = "code")]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Generate {
    #[command(flatten)]
    pub(crate) input: Input,
    /// The folder of the crate
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The crate's name; that of its folder if not given
    #[arg(long, value_name = "CRATE")]
    pub(crate) name: Option<String>,
    /// The parts to write; all if not given
    #[arg(long, value_delimiter = ',')]
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
    #[command(flatten)]
    pub(crate) input: Input,
}

#[derive(Debug, Args)]
pub(crate) struct Dump {
    /// The stage
    #[arg(long)]
    pub(crate) stage: String,
    /// Only this operation
    #[arg(long, value_name = "ID")]
    pub(crate) operation: Option<String>,
    #[command(flatten)]
    pub(crate) input: Input,
}
