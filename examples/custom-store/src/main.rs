//! Serves Flink's API on port 8080, with its state in the file `planewright.journal`.

use custom_store::JournalStore;
use planewright_reference_server::ControlPlane;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plane = ControlPlane::builder().store(JournalStore::open("planewright.journal")?).build().await?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("http://{}/jobs/overview", listener.local_addr()?);
    planewright_server::serve(plane.into_service(), listener).await?;
    Ok(())
}
