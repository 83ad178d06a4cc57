//! What a case talks through.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request};
use serde_json::Value;

use crate::exchange::{Exchange, FilePart, Heard, Said};
use crate::target::{Target, Unanswered};
use crate::{Coverage, Layer, Stop};

/// How long something may take that has to happen some time.
const LIVENESS: Duration = Duration::from_secs(60);
/// The pause between two looks at something that has to happen.
const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(250);

/// What a case talks through. Clones talk to the same target and write into the same log.
///
/// Everything drawn from it depends on the seed of the run and the id of the case alone.
#[derive(Clone)]
pub struct Context(Rc<Inner>);

struct Inner {
    target: Target,
    token: Option<HeaderValue>,
    random: RefCell<fastrand::Rng>,
    identities: RefCell<fastrand::Rng>,
    log: RefCell<Vec<Exchange>>,
    afterwards: RefCell<Vec<Call>>,
    layer: Layer,
    run: Rc<Run>,
}

/// What the cases of one run have in common.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) coverage: RefCell<Coverage>,
    /// What was said and heard so far, where nothing was made to fail on purpose.
    history: RefCell<Vec<Exchange>>,
    kept: RefCell<BTreeMap<TypeId, Rc<dyn Any>>>,
    /// What is to be said when it ends.
    at_the_end: RefCell<Vec<Said>>,
}

impl Run {
    pub(crate) fn new(coverage: Coverage) -> Self {
        Self { coverage: RefCell::new(coverage), ..Self::default() }
    }
}

impl Context {
    pub(crate) fn new(
        target: &Target,
        token: Option<HeaderValue>,
        (seed, salt): (u64, u64),
        (case, layer): (&str, Layer),
        run: Rc<Run>,
    ) -> Self {
        let mixed = hash(case.as_bytes()) ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(Rc::new(Inner {
            target: target.clone(),
            token,
            random: RefCell::new(fastrand::Rng::with_seed(mixed)),
            identities: RefCell::new(fastrand::Rng::with_seed(mixed.rotate_left(17) ^ salt)),
            log: RefCell::default(),
            afterwards: RefCell::default(),
            layer,
            run,
        }))
    }

    /// A call that is to be made.
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call {
        let said =
            Said { method, path: path.into(), headers: HeaderMap::new(), body: Bytes::new(), file: None };
        Call { context: self.clone(), said, anonymous: false }
    }

    /// A `GET` that is to be made.
    pub fn get(&self, path: impl Into<String>) -> Call {
        self.call(Method::GET, path)
    }

    /// A `POST` that is to be made.
    pub fn post(&self, path: impl Into<String>) -> Call {
        self.call(Method::POST, path)
    }

    /// A `PUT` that is to be made.
    pub fn put(&self, path: impl Into<String>) -> Call {
        self.call(Method::PUT, path)
    }

    /// A `PATCH` that is to be made.
    pub fn patch(&self, path: impl Into<String>) -> Call {
        self.call(Method::PATCH, path)
    }

    /// A `DELETE` that is to be made.
    pub fn delete(&self, path: impl Into<String>) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Numbers of this case's own.
    pub fn random<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.0.random.borrow_mut())
    }

    /// A name that nothing else in this run has: the word and eight hexadecimal digits.
    #[must_use]
    pub fn name(&self, word: &str) -> String {
        format!("{word}-{:08x}", self.0.identities.borrow_mut().u32(..))
    }

    /// 32 hexadecimal digits, in lower case, that nothing else in this run has.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{:032x}", self.0.identities.borrow_mut().u128(..))
    }

    /// Whether the target can be killed and started again.
    #[must_use]
    pub fn can_restart(&self) -> bool {
        self.0.target.can_restart()
    }

    /// Kills the target without warning and starts it again.
    ///
    /// # Errors
    ///
    /// [`Stop::Skip`] if this target can't be, [`Stop::Error`] if it doesn't come back.
    pub async fn restart(&self) -> Result<(), Stop> {
        if !self.can_restart() {
            return Err(Stop::Skip("this target can't be restarted".to_owned()));
        }
        self.0.target.restart().await.map_err(|error| Stop::Error(error.to_string()))
    }

    /// Lets time pass: that of the target if it has a clock of its own.
    pub async fn pause(&self, duration: Duration) {
        self.0.target.pause(duration).await;
    }

    /// Looks again and again until there is something to return, a minute at most.
    ///
    /// # Errors
    ///
    /// What `look` returns, or a failure that says what was waited for.
    pub async fn until<T>(
        &self,
        awaited: &str,
        look: impl AsyncFn() -> Result<Option<T>, Stop>,
    ) -> Result<T, Stop> {
        let (mut waited, mut pause) = (Duration::ZERO, SHORTEST);
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if waited >= LIVENESS {
                let came = format!("not within {} s", LIVENESS.as_secs());
                return Err(Stop::fail(awaited, came));
            }
            self.pause(pause).await;
            waited += pause;
            pause = (pause * 3 / 2).min(LONGEST);
        }
    }

    /// Makes this call when the case has ended, however it ends, so that nothing of it is left behind. What is answered
    /// doesn't matter, and isn't written down. The last call that is handed in is made first.
    pub fn afterwards(&self, call: Call) {
        self.0.afterwards.borrow_mut().push(call);
    }

    /// What is made here is for the whole run: what was to be said when the case ends is said when the run ends.
    pub(crate) async fn for_the_run<T>(
        &self,
        make: impl AsyncFnOnce() -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let before = self.0.afterwards.borrow().len();
        let made = make().await;
        let put_off = self.0.afterwards.borrow_mut().split_off(before);
        self.0.run.at_the_end.borrow_mut().extend(put_off.into_iter().map(|call| call.said));
        made
    }

    /// Makes the calls that were put off until the end of the run.
    pub(crate) async fn end_run(&self) {
        let said = self.0.run.at_the_end.take();
        for said in said.into_iter().rev() {
            let _ = Call { context: self.clone(), said, anonymous: false }.send().await;
        }
        self.take_log();
    }

    /// Makes the calls that were put off until now.
    pub(crate) async fn tidy_up(&self) {
        // Taken out first: a call that holds its context would keep it alive for ever.
        let calls = self.0.afterwards.take();
        for call in calls.into_iter().rev() {
            let _ = call.send().await;
        }
        self.take_log();
    }

    /// Counts a side of a constraint as tried.
    pub fn covers(&self, constraint: &str, side: &str) {
        self.0.run.coverage.borrow_mut().tried(constraint, side);
    }

    /// Changes what is known to have been tried.
    pub(crate) fn coverage(&self, change: impl FnOnce(&mut Coverage)) {
        change(&mut self.0.run.coverage.borrow_mut());
    }

    /// What all cases of this run share: one value of each type.
    #[must_use]
    pub fn kept<T: Default + 'static>(&self) -> Rc<T> {
        let mut kept = self.0.run.kept.borrow_mut();
        let one = kept.entry(TypeId::of::<T>()).or_insert_with(|| Rc::new(T::default()));
        Rc::clone(one).downcast().unwrap_or_default()
    }

    /// Shows what was said and heard in this run from the given place on, without that of cases in which storage or
    /// executor were made to fail, and of those that failed: they have told already. Returns how much there is.
    pub(crate) fn history(&self, from: usize, mut show: impl FnMut(&Exchange)) -> usize {
        let history = self.0.run.history.borrow();
        history.iter().skip(from).for_each(&mut show);
        history.len()
    }

    /// Takes out of the history of the run what was said and heard from the given place on.
    pub(crate) fn forget_from(&self, place: usize) {
        self.0.run.history.borrow_mut().truncate(place);
    }

    /// Puts an exchange of another case into the log of this one.
    pub(crate) fn cite(&self, exchange: Exchange) {
        self.0.log.borrow_mut().push(exchange);
    }

    /// Every exchange so far, the oldest first.
    pub(crate) fn take_log(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.0.log.borrow_mut())
    }

    async fn send(&self, call: Call) -> Result<Answer, Stop> {
        let Call { said, anonymous, .. } = call;
        let mut request = Request::builder().method(&said.method).uri(&said.path);
        if let Some(headers) = request.headers_mut() {
            headers.extend(said.headers.clone());
        }
        let request = request
            .body(said.body.clone())
            .map_err(|error| Stop::Error(format!("{} {}: {error}", said.method, said.path)))?;
        let (mut request, mut said) = (request, said);
        if let (Some(token), false) = (&self.0.token, anonymous) {
            request.headers_mut().entry(AUTHORIZATION).or_insert_with(|| token.clone());
            said.headers.entry(AUTHORIZATION).or_insert_with(|| token.clone());
        }
        let line = format!("{} {}", said.method, said.path);
        let heard = self.0.target.send(request).await;
        let logged = match &heard {
            Ok(heard) => Ok(heard.clone()),
            Err(error) => Err(error.to_string()),
        };
        let exchange = Exchange { said, heard: logged };
        if self.0.layer != Layer::Fault {
            self.0.run.history.borrow_mut().push(exchange.clone());
        }
        self.0.log.borrow_mut().push(exchange);
        match heard {
            Ok(heard) => Ok(Answer { line, heard }),
            Err(error @ Unanswered::Unreachable(_)) => Err(Stop::Error(error.to_string())),
            Err(error) => Err(Stop::fail(format!("{line}: an answer"), error)),
        }
    }
}

/// FNV-1a: the same everywhere and for ever.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A call that is to be made.
#[must_use = "a call is made by `send`"]
pub struct Call {
    context: Context,
    said: Said,
    anonymous: bool,
}

impl Call {
    /// Sends this value as JSON.
    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// Sends these bytes.
    pub fn body(mut self, media_type: &str, bytes: impl Into<Bytes>) -> Self {
        self.said.body = bytes.into();
        self.header("content-type", media_type)
    }

    /// Sends one file as a form of several parts.
    pub fn file(self, part: &str, file: &str, content: &[u8]) -> Self {
        const BOUNDARY: &str = "frontier-7c1f9a";
        let mut body = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{part}\"; filename=\"{file}\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let mut call = self.body(&format!("multipart/form-data; boundary={BOUNDARY}"), body);
        call.said.file = Some(FilePart {
            part: part.to_owned(),
            name: file.to_owned(),
            content: Bytes::copy_from_slice(content),
        });
        call
    }

    /// Sends a header. What isn't allowed in one is left out.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            self.said.headers.insert(name, value);
        }
        self
    }

    /// Sends no media type with the body.
    pub fn untyped(mut self) -> Self {
        self.said.headers.remove(CONTENT_TYPE);
        self
    }

    /// Sends no credentials.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Makes the call.
    ///
    /// # Errors
    ///
    /// [`Stop::Fail`] if there is no answer, and [`Stop::Error`] if the target can't be reached at all.
    pub async fn send(self) -> Result<Answer, Stop> {
        let context = self.context.clone();
        context.send(self).await
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What was asked: `GET /jobs`.
    line: String,
    heard: Heard,
}

impl Answer {
    /// Its status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.heard.status
    }

    /// All of it.
    pub(crate) fn heard(&self) -> &Heard {
        &self.heard
    }

    /// A header, if it is there and text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.heard.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The bytes of its body.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.heard.body
    }

    /// The same, if it has this status.
    ///
    /// # Errors
    ///
    /// A failure that names the call, the status and the beginning of the body.
    pub fn expect(self, status: u16) -> Result<Self, Stop> {
        self.expect_one_of(&[status])
    }

    /// The same, if it has one of these statuses.
    ///
    /// # Errors
    ///
    /// As for [`expect`](Self::expect).
    pub fn expect_one_of(self, statuses: &[u16]) -> Result<Self, Stop> {
        if statuses.contains(&self.status()) {
            return Ok(self);
        }
        let wanted: Vec<_> = statuses.iter().map(u16::to_string).collect();
        Err(self.unexpected(format!("status {}", wanted.join(" or "))))
    }

    /// Its body as JSON.
    ///
    /// # Errors
    ///
    /// A failure, if it isn't any.
    pub fn json(&self) -> Result<Value, Stop> {
        serde_json::from_slice(self.bytes())
            .map_err(|error| self.unexpected(format!("a body of JSON ({error})")))
    }

    /// A value in its body, by JSON pointer.
    ///
    /// # Errors
    ///
    /// A failure, if there is none.
    pub fn member(&self, pointer: &str) -> Result<Value, Stop> {
        let found = self.json()?.pointer(pointer).cloned();
        found.ok_or_else(|| self.unexpected(format!("a body with {pointer}")))
    }

    /// A text in its body, by JSON pointer.
    ///
    /// # Errors
    ///
    /// A failure, if there is none.
    pub fn text(&self, pointer: &str) -> Result<String, Stop> {
        match self.member(pointer)? {
            Value::String(text) => Ok(text),
            _ => Err(self.unexpected(format!("a body with a text at {pointer}"))),
        }
    }

    /// A failure that shows this answer to somebody who waited for another one.
    pub fn unexpected(&self, expected: impl std::fmt::Display) -> Stop {
        /// Characters of a body that are shown.
        const SHOWN: usize = 300;
        let text = String::from_utf8_lossy(self.bytes());
        let mut shown: String = text.chars().take(SHOWN).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        Stop::fail(format!("{}: {expected}", self.line), format!("status {}, {shown}", self.status()))
    }

    /// A failure unless `holds`.
    ///
    /// # Errors
    ///
    /// As [`unexpected`](Self::unexpected).
    pub fn check(&self, holds: bool, expected: impl std::fmt::Display) -> Result<(), Stop> {
        if holds { Ok(()) } else { Err(self.unexpected(expected)) }
    }
}
