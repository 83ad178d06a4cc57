use std::fmt::{self, Display};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use planewright_model::Json;
use planewright_model::media::Media;
use planewright_model::parameter::{
    Styled, header_list, push_path, push_path_list, push_reserved, push_reserved_list,
};

use crate::base_url::BaseUrl;
use crate::body::ClientBody;
use crate::credentials::Credential;
use crate::error::{CallInfo, Error, Failure};
use crate::form::Form;
use crate::operation::{Operation, SecurityScheme};
use crate::payload::Payload;
use crate::retry::RetryPolicy;
use crate::upload::{OnProgress, Upload};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("planewright/", env!("CARGO_PKG_VERSION")));

/// What a caller may say about one call, beyond its inputs.
///
/// ```
/// # use std::time::Duration;
/// use planewright_client::{CallOptions, RetryPolicy};
///
/// let options = CallOptions::new().timeout(Duration::from_secs(5)).retry(RetryPolicy::never());
/// ```
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) repeatable: bool,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) server: Option<BaseUrl>,
}

impl CallOptions {
    /// Nothing said: the settings of the connection hold.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The deadline of the whole call, attempts and pauses included.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Another retry policy.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Says that sending the request twice does no harm, so that it may be retried like a read.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Calls the operation at this base URL, whatever the connection's or the operation's own is.
    #[must_use]
    pub fn server(mut self, base: BaseUrl) -> Self {
        self.server = Some(base);
        self
    }

    /// Sends one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// A request in the making, free of any connection: what generated code fills and
/// [`Connection`](crate::Connection) sends.
///
/// A value that a request can't carry is remembered; sending then returns it as an error.
pub struct Call {
    operation: &'static Operation,
    url: String,
    authority_end: usize,
    in_query: bool,
    headers: Vec<(HeaderName, HeaderValue)>,
    cookies: String,
    pub(crate) payload: Payload,
    pub(crate) options: CallOptions,
    /// Instead of the operation's own `Accept`.
    accept: Option<&'static str>,
    problem: Option<String>,
}

impl Call {
    /// A call of this operation, its path still to be written.
    #[must_use]
    pub fn new(base: &BaseUrl, operation: &'static Operation, options: CallOptions) -> Self {
        let moved = match &options.server {
            Some(server) => Some(server.clone()),
            None => operation.server.map(|change| base.moved(change)),
        };
        let base = moved.as_ref().unwrap_or(base);
        let mut url = String::with_capacity(base.as_str().len() + 2 * operation.path.len() + 32);
        url.push_str(base.as_str());
        Self {
            operation,
            url,
            authority_end: base.authority_end(),
            in_query: false,
            headers: Vec::new(),
            cookies: String::new(),
            payload: Payload::default(),
            options,
            accept: operation.accept,
            problem: None,
        }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.operation.method
    }

    /// What is called, without scheme and host: `/v1/jobs/0123…?mode=cancel`.
    #[must_use]
    pub fn target(&self) -> &str {
        self.url.get(self.authority_end..).unwrap_or_default()
    }

    /// Calls another path of the same host, written with its query.
    pub(crate) fn at(mut self, target: &str) -> Self {
        self.url.truncate(self.authority_end);
        self.url.push_str(target);
        self
    }

    /// Writes a piece of the path as it stands.
    pub fn literal(&mut self, text: &'static str) {
        self.url.push_str(text);
    }

    /// Writes the value of a path parameter.
    pub fn path(&mut self, name: &'static str, value: &dyn Display) {
        let start = self.url.len();
        push_path(&mut self.url, &value);
        self.check_segment(name, start);
    }

    /// Writes the values of a path parameter that is a list, with commas.
    pub fn path_list<'a, T: Display + 'a>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = &'a T>,
    ) {
        let start = self.url.len();
        push_path_list(&mut self.url, values);
        self.check_segment(name, start);
    }

    /// Writes a path parameter that isn't a plain scalar or list.
    pub fn path_styled<T: Json>(&mut self, styled: Styled, value: &T) {
        let start = self.url.len();
        match styled.write_path(value) {
            Ok(text) => self.url.push_str(&text),
            Err(error) => return self.refuse(format!("the path parameter `{}`: {error}", styled.name)),
        }
        self.check_segment(styled.name, start);
    }

    /// Writes a query parameter that isn't a plain scalar or list.
    pub fn query_styled<T: Json>(&mut self, styled: Styled, value: &T) {
        match styled.write_pairs(value) {
            Ok(pairs) => pairs.iter().for_each(|(name, value)| self.pair(name, value)),
            Err(error) => self.refuse(format!("the query parameter `{}`: {error}", styled.name)),
        }
    }

    /// As [`query_styled`](Self::query_styled); reserved characters, such as slashes, stay as they are where they can.
    pub fn query_styled_reserved<T: Json>(&mut self, styled: Styled, value: &T) {
        match styled.write_pairs_reserved(value) {
            Ok(pairs) => pairs.iter().for_each(|(name, value)| self.pair(name, value)),
            Err(error) => self.refuse(format!("the query parameter `{}`: {error}", styled.name)),
        }
    }

    /// Writes a header that isn't a plain scalar or list.
    pub fn header_styled<T: Json>(&mut self, styled: Styled, value: &T) {
        match styled.write_header(value) {
            Ok(text) => self.header(styled.name, &text),
            Err(error) => self.refuse(format!("the header `{}`: {error}", styled.name)),
        }
    }

    /// Writes a cookie that isn't a plain scalar.
    pub fn cookie_styled<T: Json>(&mut self, styled: Styled, value: &T) {
        match styled.write_pairs(value) {
            Ok(pairs) => pairs.iter().for_each(|(name, value)| self.cookie_pair(name, value)),
            Err(error) => self.refuse(format!("the cookie `{}`: {error}", styled.name)),
        }
    }

    /// An empty segment, `.` and `..` would make another path of it.
    fn check_segment(&mut self, name: &str, start: usize) {
        let value = self.url.get(start..).unwrap_or_default();
        if matches!(value, "" | "." | "..") {
            self.refuse(format!("the path parameter `{name}` can't be `{value}`"));
        }
    }

    /// A name and a value, both escaped.
    fn pair(&mut self, name: &str, value: &str) {
        self.url.push(if self.in_query { '&' } else { '?' });
        self.in_query = true;
        self.url.push_str(name);
        self.url.push('=');
        self.url.push_str(value);
    }

    fn cookie_pair(&mut self, name: &str, value: &str) {
        if !self.cookies.is_empty() {
            self.cookies.push_str("; ");
        }
        self.cookies.push_str(name);
        self.cookies.push('=');
        self.cookies.push_str(value);
    }

    fn next_pair(&mut self, name: &str) {
        self.url.push(if self.in_query { '&' } else { '?' });
        self.in_query = true;
        push_path(&mut self.url, &name);
        self.url.push('=');
    }

    /// Writes a query parameter.
    pub fn query(&mut self, name: &'static str, value: &dyn Display) {
        self.next_pair(name);
        push_path(&mut self.url, &value);
    }

    /// Writes a query parameter whose reserved characters, such as slashes, stay as they are.
    pub fn query_reserved(&mut self, name: &'static str, value: &dyn Display) {
        self.next_pair(name);
        push_reserved(&mut self.url, &value);
    }

    /// Writes a query parameter that is a list: with commas, or exploded into one pair for each value. An
    /// empty list that is exploded writes nothing.
    pub fn query_list<'a, T: Display + 'a>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = &'a T>,
        explode: bool,
    ) {
        if explode {
            for value in values {
                self.query(name, value);
            }
        } else {
            self.next_pair(name);
            push_path_list(&mut self.url, values);
        }
    }

    /// As [`query_list`](Self::query_list); reserved characters, such as slashes, stay as they are where they can.
    pub fn query_list_reserved<'a, T: Display + 'a>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = &'a T>,
        explode: bool,
    ) {
        if explode {
            for value in values {
                self.query_reserved(name, value);
            }
        } else {
            self.next_pair(name);
            push_reserved_list(&mut self.url, values);
        }
    }

    /// Writes a header.
    pub fn header(&mut self, name: &'static str, value: &dyn Display) {
        let text = value.to_string();
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&text)) {
            (Ok(name), Ok(value)) => self.headers.push((name, value)),
            _ => self.refuse(format!("{text:?} can't stand in the header `{name}`")),
        }
    }

    /// Writes a header that is a list, with commas.
    pub fn header_list<'a, T: Display + 'a>(
        &mut self,
        name: &'static str,
        values: impl IntoIterator<Item = &'a T>,
    ) {
        match header_list(values) {
            Ok(text) => self.header(name, &text),
            Err(error) => self.refuse(format!("the header `{name}`: {error}")),
        }
    }

    /// Writes a cookie.
    pub fn cookie(&mut self, name: &'static str, value: &dyn Display) {
        let mut text = String::new();
        push_path(&mut text, &value);
        self.cookie_pair(name, &text);
    }

    /// Sends JSON.
    pub fn json<T: Json>(&mut self, value: &T) {
        self.json_as("application/json", value);
    }

    /// Sends JSON under this media type.
    pub fn json_as<T: Json>(&mut self, content_type: &'static str, value: &T) {
        let mut bytes = Vec::with_capacity(256);
        match value.write_json(&mut bytes) {
            Ok(()) => {
                let media_type = if content_type == "application/json" {
                    JSON
                } else {
                    HeaderValue::from_static(content_type)
                };
                self.payload = Payload::bytes(media_type, bytes);
            }
            Err(error) => self.refuse(format!("the body can't be written as JSON: {error}")),
        }
    }

    /// Sends a value in one of its media types.
    pub fn value<T: Json>(&mut self, media: &'static [Media], place: usize, value: &T) {
        let Some((name, codec)) = media.get(place).copied() else {
            return self.refuse("there is no such media type".into());
        };
        let mut bytes = Vec::new();
        match codec.write(value, &mut bytes) {
            Ok(()) => self.payload = Payload::bytes(HeaderValue::from_static(name), bytes),
            Err(error) => {
                let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
                self.refuse(format!("the body can't be {name}: {error}{}", source.unwrap_or_default()));
            }
        }
    }

    /// Asks for an answer in other media types than the operation's own.
    #[must_use]
    pub fn accepting(mut self, accept: &'static str) -> Self {
        self.accept = Some(accept);
        self
    }

    /// Sends a text.
    pub fn text(&mut self, text: String) {
        self.payload = Payload::bytes(TEXT, text);
    }

    /// Sends a text under this media type.
    pub fn text_as(&mut self, content_type: &'static str, text: String) {
        self.payload = Payload::bytes(HeaderValue::from_static(content_type), text);
    }

    /// Sends bytes of this media type.
    pub fn bytes(&mut self, content_type: &'static str, bytes: impl Into<Bytes>) {
        self.payload = Payload::bytes(HeaderValue::from_static(content_type), bytes);
    }

    /// Streams bytes of this media type.
    pub fn upload(&mut self, content_type: &'static str, upload: Upload, on_progress: Option<OnProgress>) {
        self.payload = Payload::upload(HeaderValue::from_static(content_type), upload, on_progress);
    }

    /// Streams a form.
    pub fn form(&mut self, mut form: Form, on_progress: Option<OnProgress>) {
        if let Some(problem) = form.problem.take() {
            self.refuse(problem);
        }
        self.payload = Payload::form(form, on_progress);
    }

    /// Allows retries although the method isn't safe: the server will know a repeat.
    pub fn allow_repeat(&mut self) {
        self.options.repeatable = true;
    }

    pub(crate) fn is_repeatable(&self) -> bool {
        self.operation.repeatable || self.options.repeatable
    }

    fn refuse(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    /// Checks what was written, once, before the first attempt.
    pub(crate) fn finish(&mut self) -> Result<CallInfo, Error> {
        let operation = self.operation;
        let problem = |what: String| {
            Error::request(format!("{}: {} {}: {what}", operation.id, operation.method, operation.path))
        };
        if let Some(what) = self.problem.take() {
            return Err(problem(what));
        }
        if self.url.len() == self.authority_end {
            self.url.push('/');
        }
        if !self.cookies.is_empty() {
            match HeaderValue::try_from(std::mem::take(&mut self.cookies)) {
                Ok(value) => self.headers.push((COOKIE, value)),
                Err(_) => return Err(problem("the cookies can't be sent".into())),
            }
        }
        let uri = Uri::from_maybe_shared(Bytes::from(std::mem::take(&mut self.url)))
            .map_err(|error| problem(format!("the URL can't be sent: {error}")))?;
        Ok(CallInfo { operation, uri })
    }

    /// The request of one attempt.
    pub(crate) async fn attempt(
        &mut self,
        info: &CallInfo,
        fixed_headers: &[(HeaderName, HeaderValue)],
        credentials: Vec<(Option<&SecurityScheme>, Credential)>,
    ) -> Result<Request<ClientBody>, Failure> {
        let content_type = self.payload.content_type();
        let body = self.payload.open().await.map_err(|error| Failure::Request {
            what: "the body can't be sent".into(),
            source: Some(error.into()),
        })?;
        let mut request = Request::new(body);
        *request.method_mut() = info.operation.method.clone();
        *request.uri_mut() = info.uri.clone();
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, AGENT);
        if let Some(accept) = self.accept {
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, content_type);
        }
        for (name, value) in fixed_headers.iter().chain(&self.headers).chain(&self.options.headers) {
            headers.insert(name.clone(), value.clone());
        }
        for (scheme, credential) in credentials {
            credential.place(scheme, &mut request)?;
        }
        Ok(request)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Call({} {})", self.method(), self.target())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static OPERATION: Operation = Operation {
        id: "find",
        method: Method::GET,
        path: "/a/{b}",
        accept: Some("application/json"),
        server: None,
        security: &[],
        repeatable: true,
    };

    fn call(base: &str) -> Call {
        Call::new(&base.parse().expect("a URL"), &OPERATION, CallOptions::new())
    }

    #[test]
    fn values_are_encoded_where_they_stand() {
        let mut call = call("http://host:1/v1");
        call.literal("/a/");
        call.path("b", &"x/y?z %é");
        call.query("q", &"1&2=3+4,5");
        call.query_list("list", &["a,b", "c"], false);
        call.query_list("many", &[1, 2], true);
        call.query_list("none", &Vec::<String>::new(), true);
        call.query_reserved("way", &"a/b?c=d&e#f+g é");
        let expected = "/v1/a/x%2Fy%3Fz%20%25%C3%A9?q=1%262%3D3%2B4%2C5&list=a%2Cb,c&many=1&many=2\
            &way=a/b?c=d%26e%23f%2Bg%20%C3%A9";
        assert_eq!(call.target(), expected);
        assert_eq!(call.finish().expect("a request").uri.to_string(), format!("http://host:1{expected}"));
    }

    #[test]
    fn a_segment_that_would_change_the_path_is_refused() {
        for value in ["", ".", ".."] {
            let mut call = call("http://host:1");
            call.literal("/a/");
            call.path("b", &value);
            let error = call.finish().expect_err("refused").to_string();
            assert_eq!(error, format!("find: GET /a/{{b}}: the path parameter `b` can't be `{value}`"));
        }
    }

    #[test]
    fn a_header_that_would_end_its_line_is_refused() {
        let mut call = call("http://host:1");
        call.header("x-name", &"a\r\nx-evil: 1");
        assert!(call.finish().expect_err("refused").to_string().contains("x-name"));
    }

    #[test]
    fn the_root_of_a_host_is_a_slash() {
        assert_eq!(call("http://host:1").finish().expect("a request").uri, "http://host:1/");
        let mut call = Call::new(&BaseUrl::none(), &OPERATION, CallOptions::new());
        assert_eq!(call.finish().expect("a request").uri, "/");
    }
}
