//! Serves both: the ledger on port 8080, the mill on port 8082.

use integrator::{Ledger, Mill};
use planewright_reference_server::ControlPlane;
use planewright_server::{flink, serve};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plane = ControlPlane::builder().executor(Ledger::default()).build().await?;
    let mill = flink::Service::new().cluster(Mill { stones: 3, turning: 1 });

    let (first, second) =
        (TcpListener::bind("127.0.0.1:8080").await?, TcpListener::bind("127.0.0.1:8082").await?);
    println!("ledger    http://{}/jobs/overview", first.local_addr()?);
    println!("mill      http://{}/overview", second.local_addr()?);
    let (first, second) =
        tokio::join!(serve(plane.into_service(), first), serve(mill.into_service(), second));
    first?;
    second?;
    Ok(())
}
