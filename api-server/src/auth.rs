//! Who is calling: what a document demands, what a request presents, and the hook that decides.
//!
//! Without a hook, nothing is asked. With one, an operation that demands credentials is called only if the hook has
//! accepted those of one alternative; others see nothing of it.
//!
//! ```
//! use planewright_server::auth::{Authenticate, Denied, Presented, Verdict};
//! use planewright_server::RequestContext;
//!
//! /// Who has shown a good key.
//! #[derive(Clone)]
//! struct User(String);
//!
//! struct Keys;
//!
//! impl Authenticate for Keys {
//!     fn authenticate<'a>(&'a self, _: &'a RequestContext, presented: &'a [Presented]) -> Verdict<'a> {
//!         Box::pin(async move {
//!             let known = presented.iter().all(|one| one.secret.text() == "open sesame");
//!             if !known {
//!                 return Err(Denied::Unknown);
//!             }
//!             let mut principal = http::Extensions::new();
//!             principal.insert(User("Ali".to_owned()));
//!             // A handler finds it by `context.principal::<User>()`.
//!             Ok(principal)
//!         })
//!     }
//! }
//! ```

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, COOKIE, WWW_AUTHENTICATE};
use http::{Extensions, HeaderValue, Response};
use planewright_model::parameter;

use crate::context::RequestContext;
use crate::conventions::Conventions;
use crate::{ApiError, ResponseBody};

/// A way to prove who is calling, as the document declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityScheme {
    /// Its name in the document.
    pub name: &'static str,
    /// What it is.
    pub kind: SchemeKind,
}

/// What a security scheme is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemeKind {
    /// A key in this header.
    HeaderKey(&'static str),
    /// A key in this query parameter.
    QueryKey(&'static str),
    /// A key in this cookie.
    CookieKey(&'static str),
    /// `Authorization` with this scheme, in lower case: `basic`, `bearer`, ….
    Http(&'static str),
    /// OAuth 2: a bearer token.
    OAuth2,
    /// OpenID Connect: a bearer token.
    OpenIdConnect,
    /// A client certificate, which the transport has checked.
    MutualTls,
}

/// A scheme that an operation demands, and the scopes that the caller must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The scheme.
    pub scheme: &'static SecurityScheme,
    /// The scopes.
    pub scopes: &'static [&'static str],
}

/// A demand that a request meets in form: the credential is there. Whether it is good, the hook decides.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The scheme.
    pub scheme: &'static SecurityScheme,
    /// The scopes that the operation demands.
    pub scopes: &'static [&'static str],
    /// What was presented.
    pub secret: Secret,
}

/// What a request presents. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The key, the token, or what stands behind the scheme in `Authorization`; empty for a certificate.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// User and password of `basic`.
    #[must_use]
    pub fn user_and_password(&self) -> Option<(String, String)> {
        let decoded = String::from_utf8(STANDARD.decode(&self.0).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Says in a request's extensions that the transport has checked a client certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerCertified;

/// Why credentials don't suffice.
#[derive(Debug)]
#[non_exhaustive]
pub enum Denied {
    /// They aren't good: 401, and the next alternative is tried.
    Unknown,
    /// They are good, and the caller may not do this: 403 with this message.
    Forbidden(Cow<'static, str>),
    /// They can't be checked now.
    Failed(ApiError),
}

/// What a hook says: the principals, to be found in the context by their types.
pub type Verdict<'a> = Pin<Box<dyn Future<Output = Result<Extensions, Denied>> + Send + 'a>>;

/// Decides whether credentials are good.
pub trait Authenticate: Send + Sync + 'static {
    /// Checks all of `presented`, which together are one alternative of what the operation demands.
    ///
    /// # Contract
    /// - It is called once for each alternative that the request meets in form, in the document's order, until one is
    ///   accepted.
    /// - Secrets are to be compared in constant time.
    ///
    /// # Cancellation
    /// The future is dropped when the client goes or the deadline passes.
    fn authenticate<'a>(&'a self, context: &'a RequestContext, presented: &'a [Presented]) -> Verdict<'a>;
}

/// A hook, if there is one.
#[derive(Clone, Default)]
pub struct Hook(Option<Arc<dyn Authenticate>>);

impl Hook {
    /// This one.
    pub fn new(hook: impl Authenticate) -> Self {
        Self(Some(Arc::new(hook)))
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Hook(..)" } else { "Hook(none)" })
    }
}

/// Lets a request pass whose operation demands nothing, or whose credentials the hook accepts.
///
/// # Errors
/// The answer to the request, if it may not pass.
pub async fn authenticate<C: Conventions>(
    hook: &Hook,
    context: &mut RequestContext,
) -> Result<(), Response<ResponseBody>> {
    let Some(hook) = &hook.0 else { return Ok(()) };
    let alternatives = context.operation().security;
    if alternatives.is_empty() {
        return Ok(());
    }
    let mut refused = None;
    for alternative in alternatives.iter().filter(|alternative| !alternative.is_empty()) {
        let Some(presented) =
            alternative.iter().map(|demand| present(context, demand)).collect::<Option<Vec<_>>>()
        else {
            continue;
        };
        match hook.authenticate(context, &presented).await {
            Ok(principal) => {
                context.extend(principal);
                return Ok(());
            }
            Err(Denied::Unknown) => {}
            Err(Denied::Forbidden(message)) => refused = Some(ApiError::forbidden(message)),
            Err(Denied::Failed(error)) => return Err(C::respond(error)),
        }
    }
    if let Some(refused) = refused {
        return Err(C::respond(refused));
    }
    if alternatives.iter().any(|alternative| alternative.is_empty()) {
        return Ok(());
    }
    let mut error = ApiError::unauthorized("the caller isn't known");
    for challenge in challenges(alternatives) {
        if let Ok(value) = HeaderValue::try_from(challenge) {
            error = error.with_header(WWW_AUTHENTICATE, value);
        }
    }
    Err(C::respond(error))
}

fn present(context: &RequestContext, demand: &Demand) -> Option<Presented> {
    let authorization = |wanted: &str| {
        let value = context.headers().get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, rest) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case(wanted).then(|| rest.trim().to_owned())
    };
    let secret = match demand.scheme.kind {
        SchemeKind::HeaderKey(name) => context.headers().get(name)?.to_str().ok()?.to_owned(),
        SchemeKind::QueryKey(name) => {
            let query = parameter::Query::new(context.uri().query()?);
            query.scalar::<String>(name, parameter::Case::Sensitive).ok()??
        }
        SchemeKind::CookieKey(name) => {
            let lines = context.headers().get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
            let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
            parameter::decode(value.trim(), false).ok()?.into_owned()
        }
        SchemeKind::Http(scheme) => authorization(scheme)?,
        SchemeKind::OAuth2 | SchemeKind::OpenIdConnect => authorization("bearer")?,
        SchemeKind::MutualTls => context.extensions().get::<PeerCertified>().map(|_| String::new())?,
    };
    Some(Presented { scheme: demand.scheme, scopes: demand.scopes, secret: Secret(secret) })
}

/// What `WWW-Authenticate` says: a line for each way in.
fn challenges(alternatives: &[&[Demand]]) -> Vec<String> {
    let mut challenges: Vec<String> = Vec::new();
    for demand in alternatives.iter().flat_map(|alternative| alternative.iter()) {
        let challenge = match demand.scheme.kind {
            SchemeKind::HeaderKey(name) => format!("ApiKey in=\"header\", name=\"{name}\""),
            SchemeKind::QueryKey(name) => format!("ApiKey in=\"query\", name=\"{name}\""),
            SchemeKind::CookieKey(name) => format!("ApiKey in=\"cookie\", name=\"{name}\""),
            SchemeKind::Http("basic") => "Basic realm=\"api\", charset=\"UTF-8\"".to_owned(),
            SchemeKind::Http("bearer") | SchemeKind::OAuth2 | SchemeKind::OpenIdConnect => {
                match demand.scopes.join(" ") {
                    scopes if scopes.is_empty() => "Bearer".to_owned(),
                    scopes => format!("Bearer scope=\"{scopes}\""),
                }
            }
            SchemeKind::Http(scheme) => scheme.to_owned(),
            SchemeKind::MutualTls => continue,
        };
        if !challenges.contains(&challenge) {
            challenges.push(challenge);
        }
    }
    challenges
}
