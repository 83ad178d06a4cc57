//! The servers that are compared. They share the data and the accept loop, so that what differs is the way from a request
//! to the handler and back: ours with the generated types, the others with types that derive serde's traits.

mod axum;
mod hyper;
mod planewright;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{self, BufRead, Write};
use std::sync::{Arc, RwLock};

use ::hyper::body::Incoming;
use ::hyper::service::Service;
use ::hyper_util::rt::TokioIo;
use http::{Request, Response};
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;

use crate::server::Contender;
use crate::workload;

/// The types of a contender.
pub(crate) trait Types: 'static {
    /// The resource.
    type Deployment: DeserializeOwned + Clone + Send + Sync;
    /// What is posted.
    type Draft;
    /// All of them.
    type List: Send + Sync;

    fn name(deployment: &Self::Deployment) -> &str;
    fn list(items: Vec<Self::Deployment>) -> Self::List;
    fn create(draft: Self::Draft) -> Self::Deployment;
}

macro_rules! types {
    ($name:ident, $($module:ident)::+) => {
        pub(crate) struct $name;

        impl Types for $name {
            type Deployment = $($module)::+::Deployment;
            type Draft = $($module)::+::DeploymentDraft;
            type List = $($module)::+::DeploymentList;

            fn name(deployment: &Self::Deployment) -> &str {
                &deployment.metadata.name
            }

            fn list(items: Vec<Self::Deployment>) -> Self::List {
                Self::List { items }
            }

            fn create(draft: Self::Draft) -> Self::Deployment {
                Self::Deployment {
                    kind: "Deployment".to_owned(),
                    api_version: "v1".to_owned(),
                    metadata: $($module)::+::Metadata {
                        id: "7d0a1c9e-5b1f-4f0e-9a64-000000000042".to_owned(),
                        name: draft.name,
                        namespace: "payments".to_owned(),
                        created_at: "2026-03-01T09:30:00.000Z".to_owned(),
                        modified_at: "2026-03-04T17:05:12.482Z".to_owned(),
                        resource_version: 17,
                        labels: draft.labels.unwrap_or_default(),
                        annotations: draft.annotations.unwrap_or_default(),
                    },
                    spec: draft.spec,
                    status: $($module)::+::DeploymentStatus {
                        state: "RUNNING".to_owned(),
                        running: $($module)::+::RunningStatus {
                            job_id: "df9c573a0c8506bc11a2b73160637f03".to_owned(),
                            transition_time: 1_772_644_712_482,
                        },
                    },
                }
            }
        }
    };
}

types!(Generated, crate::deployments::model);
types!(Derived, crate::derived);

/// What every contender holds.
pub(crate) struct Data<T: Types> {
    deployments: RwLock<BTreeMap<String, Arc<T::Deployment>>>,
    list: Arc<T::List>,
}

impl<T: Types> Data<T> {
    fn new() -> serde_json::Result<Self> {
        let items = (0..workload::HELD)
            .map(|number| serde_json::from_value(workload::deployment(number)))
            .collect::<serde_json::Result<Vec<T::Deployment>>>()?;
        let deployments =
            items.iter().map(|item| (T::name(item).to_owned(), Arc::new(item.clone()))).collect();
        Ok(Self { deployments: RwLock::new(deployments), list: Arc::new(T::list(items)) })
    }

    fn get(&self, name: &str) -> Option<Arc<T::Deployment>> {
        self.deployments.read().unwrap_or_else(|poisoned| poisoned.into_inner()).get(name).cloned()
    }

    fn list(&self) -> Arc<T::List> {
        self.list.clone()
    }

    fn create(&self, draft: T::Draft) -> Arc<T::Deployment> {
        let created = Arc::new(T::create(draft));
        let mut deployments = self.deployments.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        deployments.insert(T::name(&created).to_owned(), created.clone());
        created
    }
}

/// Whether a name is one: the check that every contender makes on a POST.
fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.chars().count())
}

/// Runs one contender until a line comes on the standard input.
pub(crate) fn run(contender: Contender) -> io::Result<()> {
    // The same for all: a runtime with one worker, as a pod with one core would have.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let (generated, derived) = (Arc::new(Data::<Generated>::new()?), Arc::new(Data::<Derived>::new()?));
    runtime.block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        io::stdout().flush()?;
        let served = async move {
            match contender {
                Contender::Hyper => accept(listener, hyper::service(derived)).await,
                Contender::Axum => accept(listener, axum::service(derived)).await,
                Contender::Planewright => accept(listener, planewright::bare(generated)).await,
                Contender::PlanewrightLayers => accept(listener, planewright::layered(generated)).await,
            }
        };
        tokio::select! {
            outcome = tokio::spawn(served) => outcome.map_err(io::Error::other)?,
            _ = tokio::task::spawn_blocking(|| io::stdin().lock().lines().next()) => Ok(()),
        }
    })
}

/// The accept loop of all contenders: hyper's HTTP/1 connection, Nagle off.
async fn accept<S, B>(listener: TcpListener, service: S) -> io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: ::hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service.clone();
        tokio::spawn(async move {
            // A connection that ends badly is the client's affair: the load generator counts its answers.
            let _ = ::hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
