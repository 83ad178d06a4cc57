//! How a server is spoiled.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::backend::{Event, Stored};
use crate::message::{Answer, Call};
use crate::plane::Plane;
use crate::server::Server;

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Some input brings it down.
    Crash,
    /// An answer isn't what the document says.
    Schema,
    /// A status, a header or a method is handled wrong.
    Http,
    /// Something is created, listed or deleted wrong.
    Crud,
    /// What is wrong is accepted, or what is right refused.
    Validation,
    /// It does something else than it was asked to, or says something else than is so.
    Semantic,
    /// An asynchronous operation breaks the laws of its kind.
    Operation,
    /// It is wrong only if several callers come at once.
    Concurrency,
    /// It is wrong only after a restart.
    Restart,
}

impl Class {
    /// As the table has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Schema => "schema",
            Self::Http => "http",
            Self::Crud => "crud",
            Self::Validation => "validation",
            Self::Semantic => "semantic",
            Self::Operation => "operation",
            Self::Concurrency => "concurrency",
            Self::Restart => "restart",
        }
    }
}

type Shared<F> = Arc<F>;
pub(crate) type Around = Shared<dyn Fn(Call, Server) -> BoxFuture<'static, Answer> + Send + Sync>;
pub(crate) type OnEvent = Shared<dyn Fn(&mut Event<'_>, &Memory) + Send + Sync>;
pub(crate) type OnStored = Shared<dyn Fn(&mut Stored<'_>, &Memory) + Send + Sync>;
pub(crate) type OnRestart = Shared<dyn Fn(Plane) -> BoxFuture<'static, Plane> + Send + Sync>;

/// A server that is wrong in one way. It is described once, and put together anew for each who judges it.
#[derive(Clone)]
pub struct Broken {
    /// Its name, such as `args-dropped`.
    pub name: &'static str,
    /// What kind of mistake it has.
    pub class: Class,
    /// What is wrong, in a sentence.
    pub wrong: &'static str,
    pub(crate) around: Vec<(&'static str, Around)>,
    pub(crate) events: Vec<OnEvent>,
    pub(crate) stored: Vec<OnStored>,
    pub(crate) restart: Option<OnRestart>,
}

impl Broken {
    /// A server with nothing wrong yet.
    #[must_use]
    pub fn new(class: Class, name: &'static str, wrong: &'static str) -> Self {
        let (around, events, stored) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, class, wrong, around, events, stored, restart: None }
    }

    /// Changes what is asked of an operation, before the server hears it. For operations see [`Call::is`].
    #[must_use]
    pub fn request(
        self,
        operation: &'static str,
        change: impl Fn(&mut Call, &Memory) + Clone + Send + Sync + 'static,
    ) -> Self {
        self.around(operation, move |mut call, server| {
            change(&mut call, &server.memory);
            Box::pin(async move { server.send(call).await })
        })
    }

    /// Changes what an operation answers.
    #[must_use]
    pub fn answer(
        self,
        operation: &'static str,
        change: impl Fn(&Call, &mut Answer, &Memory) + Clone + Send + Sync + 'static,
    ) -> Self {
        self.around(operation, move |call, server| {
            let change = change.clone();
            Box::pin(async move {
                let mut answer = server.send(call.clone()).await;
                change(&call, &mut answer, &server.memory);
                answer
            })
        })
    }

    /// Answers in place of an operation. What is sent to the [`Server`] there reaches the sound one.
    #[must_use]
    pub fn around(
        mut self,
        operation: &'static str,
        answer: impl Fn(Call, Server) -> BoxFuture<'static, Answer> + Send + Sync + 'static,
    ) -> Self {
        self.around.push((operation, Arc::new(answer)));
        self
    }

    /// Changes what goes to the executor, or comes from it.
    #[must_use]
    pub fn executor(mut self, change: impl Fn(&mut Event<'_>, &Memory) + Send + Sync + 'static) -> Self {
        self.events.push(Arc::new(change));
        self
    }

    /// Changes what goes to the store, or comes from it.
    #[must_use]
    pub fn store(mut self, change: impl Fn(&mut Stored<'_>, &Memory) + Send + Sync + 'static) -> Self {
        self.stored.push(Arc::new(change));
        self
    }

    /// Changes what is left when it is started again.
    #[must_use]
    pub fn restart(
        mut self,
        change: impl Fn(Plane) -> BoxFuture<'static, Plane> + Send + Sync + 'static,
    ) -> Self {
        self.restart = Some(Arc::new(change));
        self
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broken").field("name", &self.name).field("class", &self.class).finish_non_exhaustive()
    }
}

/// What a broken server remembers for its own purposes. It survives a restart.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<String, Value>>);

impl Memory {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Value>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How often this was asked with this key before.
    pub fn count(&self, key: &str) -> u64 {
        self.with(|kept| {
            let count = kept.get(key).and_then(Value::as_u64).unwrap_or(0);
            kept.insert(key.to_owned(), Value::from(count + 1));
            count
        })
    }

    /// The first value that came with this key.
    pub fn first(&self, key: &str, value: Value) -> Value {
        self.with(|kept| kept.entry(key.to_owned()).or_insert(value).clone())
    }

    /// Keeps this value, and returns the one before.
    pub fn replace(&self, key: &str, value: Value) -> Option<Value> {
        self.with(|kept| kept.insert(key.to_owned(), value))
    }

    /// The value last kept.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.with(|kept| kept.get(key).cloned())
    }
}
