//! What a case is, and how it ends.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use crate::Context;

/// Where a case comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// A sentence that somebody wrote down about this API.
    Rules,
    /// The OpenAPI document.
    Document,
    /// The model of the API: histories of calls.
    State,
    /// Storage and executor that fail.
    Fault,
}

impl Layer {
    /// In lower case, as reports have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Document => "document",
            Self::State => "state",
            Self::Fault => "fault",
        }
    }
}

/// How much weight a case has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// An implementation that fails it doesn't conform.
    Must,
    /// An implementation that fails it conforms, and is told.
    Should,
}

impl Level {
    /// As reports have it: `MUST`, `SHOULD`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        }
    }
}

/// Why a case ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The implementation is at fault.
    Fail {
        /// What the case waited for.
        expected: String,
        /// What it got.
        came: String,
    },
    /// The case doesn't apply here, for this reason.
    Skip(String),
    /// The suite is at fault, or its surroundings: the case says nothing about the implementation.
    Error(String),
}

impl Stop {
    /// The implementation did something else than it should have.
    pub fn fail(expected: impl fmt::Display, came: impl fmt::Display) -> Self {
        Self::Fail { expected: expected.to_string(), came: came.to_string() }
    }
}

type Run = Rc<dyn Fn(Context) -> LocalBoxFuture<'static, Result<(), Stop>>>;

/// Proves one sentence.
///
/// ```
/// use planewright_conformance::{Case, Context};
///
/// let case = Case::must("pets.get.after-post", "A pet can be read after it was created.")
///     .source("README, Pets")
///     .proved_by(async |cx: Context| {
///         let pet = cx.post("/pets").json(&serde_json::json!({ "name": cx.name("pet") })).send().await?;
///         let id = pet.expect(201)?.member("/id")?;
///         cx.get(format!("/pets/{}", id.as_str().unwrap_or_default())).send().await?.expect(200)?;
///         Ok(())
///     });
/// assert_eq!(case.id, "pets.get.after-post");
/// ```
#[derive(Clone)]
pub struct Case {
    /// Unique and stable: `flink.savepoint.repeated-trigger`. The first part is the API's name.
    pub id: String,
    /// Where it comes from.
    pub layer: Layer,
    /// How much weight it has.
    pub level: Level,
    /// The sentence that it proves.
    pub requirement: Cow<'static, str>,
    /// Where the sentence, or what it follows from, is written.
    pub source: Cow<'static, str>,
    /// Names of the features without which it doesn't apply.
    pub needs: Vec<&'static str>,
    run: Run,
}

impl Case {
    /// A rule that an implementation must keep.
    #[must_use]
    pub fn must(id: impl Into<String>, requirement: impl Into<Cow<'static, str>>) -> Self {
        let unproved = || Box::pin(async { Err(Stop::Error("nothing proves this case".to_owned())) });
        Self {
            id: id.into(),
            layer: Layer::Rules,
            level: Level::Must,
            requirement: requirement.into(),
            source: Cow::Borrowed(""),
            needs: Vec::new(),
            run: Rc::new(move |_| unproved()),
        }
    }

    /// A rule that an implementation should keep.
    #[must_use]
    pub fn should(id: impl Into<String>, requirement: impl Into<Cow<'static, str>>) -> Self {
        Self { level: Level::Should, ..Self::must(id, requirement) }
    }

    /// Moves the case to another layer.
    #[must_use]
    pub fn layer(mut self, layer: Layer) -> Self {
        self.layer = layer;
        self
    }

    /// Says where the sentence is written.
    #[must_use]
    pub fn source(mut self, source: impl Into<Cow<'static, str>>) -> Self {
        self.source = source.into();
        self
    }

    /// Names a feature without which the case doesn't apply.
    #[must_use]
    pub fn needs(mut self, feature: &'static str) -> Self {
        self.needs.push(feature);
        self
    }

    /// How it is proved.
    #[must_use]
    pub fn proved_by<F>(mut self, prove: F) -> Self
    where
        F: AsyncFn(Context) -> Result<(), Stop> + 'static,
    {
        let prove = Rc::new(prove);
        self.run = Rc::new(move |context| {
            let prove = Rc::clone(&prove);
            Box::pin(async move { prove(context).await })
        });
        self
    }

    pub(crate) fn run(&self, context: Context) -> LocalBoxFuture<'static, Result<(), Stop>> {
        (self.run)(context)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("id", &self.id).field("level", &self.level).finish_non_exhaustive()
    }
}
