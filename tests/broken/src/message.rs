//! Requests and answers as those who spoil them want to see them.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Its path without the version and without the query: `/jobs/overview`.
    pub path: String,
    /// Whether the path began with `/v1`.
    pub versioned: bool,
    /// What stands behind the question mark; empty if nothing does.
    pub query: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Call {
    /// A call without query and body, such as a spoiler makes for itself.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let (query, headers, body) = (String::new(), HeaderMap::new(), Bytes::new());
        Self { method, path: path.into(), versioned: true, query, headers, body }
    }

    /// A call for what is at this path.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Whether it is for this operation, in the words of the document: `GET /jobs/{jobid}`. A star stands for any method,
    /// or for any path.
    #[must_use]
    pub fn is(&self, operation: &str) -> bool {
        let (method, path) = operation.split_once(' ').unwrap_or(("*", operation));
        (method == "*" || self.method == method) && (path == "*" || fits(path, &self.path))
    }

    /// A segment of the path, counted from 0; empty if there is none.
    #[must_use]
    pub fn part(&self, number: usize) -> &str {
        self.path.trim_start_matches('/').split('/').nth(number).unwrap_or_default()
    }

    /// The body as JSON; null if it isn't any.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Changes a body that is a JSON object; leaves any other alone.
    pub fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        if let Some(body) = edited(&self.body, change) {
            self.body = body;
        }
    }
}

impl Answer {
    /// An answer of JSON.
    #[must_use]
    pub fn json_of(status: u16, body: &Value) -> Self {
        let json = HeaderValue::from_static("application/json; charset=UTF-8");
        let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, json)]);
        Self { status, headers, body: body.to_string().into() }
    }

    /// An error in Flink's shape.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        Self::json_of(status, &serde_json::json!({ "errors": [message] }))
    }

    /// Whether it is a success.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; null if it isn't any.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Changes the body of a success; leaves anything else alone.
    pub fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        if self.is_ok()
            && let Some(body) = edited(&self.body, change)
        {
            self.headers.remove(http::header::CONTENT_LENGTH);
            self.body = body;
        }
    }
}

fn edited(body: &Bytes, change: impl FnOnce(&mut Value)) -> Option<Bytes> {
    let mut value = serde_json::from_slice(body).ok()?;
    change(&mut value);
    Some(value.to_string().into())
}

/// Whether a path fits a template.
fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == found || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// All members of this name, however deep, in document order.
pub fn each(value: &mut Value, name: &str, change: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, name, change)),
        Value::Object(members) => {
            for (key, member) in members.iter_mut() {
                if key == name {
                    change(member);
                }
                each(member, name, change);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_told_apart() {
        let call = Call::get("/jobs/overview");
        assert!(call.is("GET /jobs/{jobid}") && call.is("GET /jobs/overview") && call.is("* *"));
        assert!(
            !call.is("POST /jobs/overview") && !call.is("GET /jobs") && !call.is("GET /jobs/{jobid}/status")
        );
        assert_eq!((call.part(1), call.part(2)), ("overview", ""));
    }
}
