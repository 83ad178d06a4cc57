//! `planewright serve`: the control plane behind a listener.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use planewright_reference_server::process::LogRing;
use planewright_reference_server::{Api, ControlPlane};
use planewright_server::serve;
use tokio::net::TcpListener;
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::MakeWriterExt;

use crate::Failure;
use crate::arguments::{ApiName, LogFormat, Serve};
use crate::backends::executor::Ground;
use crate::backends::store::StoreName;
use crate::swagger::Swagger;

/// Runs until SIGTERM, SIGINT, or a caller's request to shut down; then drains.
pub(crate) fn run(arguments: &Serve) -> Result<(), Failure> {
    refuse_what_is_missing(arguments)?;
    let log = LogRing::default();
    write_log(&log, arguments.log_format);
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::could_not("starting the runtime", &error))?
        .block_on(listen(arguments, log))
}

async fn listen(arguments: &Serve, log: LogRing) -> Result<(), Failure> {
    let document = document()?;
    let data = arguments.store.folder()?;
    let store = arguments.store.open().await?;
    let artifacts = arguments.artifacts.open(&data)?;
    let ground =
        Ground { data: &data, store: Arc::clone(&store), artifacts: artifacts.clone(), seed: arguments.seed };
    let executor = arguments.executor.open(ground).await?;
    let plane = ControlPlane::builder()
        .store(store)
        .executor(executor)
        .artifacts(artifacts)
        .api(Api::Flink)
        .log(log)
        .operation_ttl(Duration::from_secs(arguments.operation_ttl))
        .build()
        .await
        .map_err(|error| Failure::could_not("building the control plane", &error))?;

    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| Failure::could_not(&format!("listening on {}", arguments.listen), &error))?;
    let address = listener.local_addr().map_err(|error| Failure::could_not("listening", &error))?;
    println!("planewright serves flink on http://{address}  (try it: http://{address}/swagger)");
    info!(%address, store = %arguments.store.store, executor = %arguments.executor, data = %data.display(), "accepting connections");
    if arguments.store.store == StoreName::Memory {
        warn!("state is kept in memory and ends with this process");
    }

    let asked = plane.shutdown_requested();
    let service = Swagger::new(plane.clone().into_service(), document);
    serve(service, listener)
        .with_graceful_shutdown(async move {
            tokio::select! {
                () = asked => info!("a caller asked for the end: draining"),
                signal = signalled() => match signal {
                    Ok(name) => info!("{name}: draining"),
                    Err(error) => warn!(%error, "signals can't be watched: draining"),
                },
            }
        })
        .await
        .map_err(|error| Failure::could_not("serving", &error))?;
    if let Err(error) = plane.step_down().await {
        warn!(%error, "the background work is not handed over: another server waits for the end of its lease");
    }
    info!("drained");
    Ok(())
}

/// Options of the fixed command line that nothing stands behind yet.
fn refuse_what_is_missing(arguments: &Serve) -> Result<(), Failure> {
    let refuse = |message: String| Err(Failure::new(Failure::USAGE, message));
    if let Some(api) = arguments.api.iter().find(|api| **api != ApiName::Flink) {
        return refuse(format!("--api {api:?}: this version serves flink only").to_lowercase());
    }
    if arguments.auth != "off" {
        return refuse(format!("--auth {}: this version has no users yet; use `off`", arguments.auth));
    }
    if !arguments.listen.ip().is_loopback() {
        let message = "--listen: without users, only on a loopback address such as 127.0.0.1; put a proxy that \
                       knows your users in front";
        return refuse(message.to_owned());
    }
    Ok(())
}

/// The document in JSON, as the Swagger page reads it.
fn document() -> Result<Bytes, Failure> {
    let value: serde_json::Value = serde_saphyr::from_str(planewright_spec::FLINK)
        .map_err(|error| Failure::could_not("reading the document of flink", &error))?;
    serde_json::to_vec(&value)
        .map(Bytes::from)
        .map_err(|error| Failure::could_not("writing the document of flink", &error))
}

/// Log lines go to the standard error, and into the ring that the API shows as the log of this process.
fn write_log(ring: &LogRing, format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let ring = ring.clone();
    let writer = io::stderr.and(move || ring.clone());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false);
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}

#[cfg(unix)]
async fn signalled() -> io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = interrupt.recv() => Ok("SIGINT"),
    }
}

#[cfg(not(unix))]
async fn signalled() -> io::Result<&'static str> {
    tokio::signal::ctrl_c().await.map(|()| "interrupted")
}
