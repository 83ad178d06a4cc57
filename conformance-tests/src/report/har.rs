//! What was said and heard, as an HTTP archive (HAR 1.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use super::{CaseReport, Report};
use crate::exchange::{Exchange, Heard};

/// Headers that tell of the moment and not of the server.
const VOLATILE: [HeaderName; 2] = [DATE, HeaderName::from_static("x-request-id")];

impl Report {
    /// Every exchange, as an HTTP archive. Credentials are left out, and so is what differs from run to run: the format
    /// demands times, so exchanges begin at the first second of 1970, a millisecond apart.
    #[must_use]
    pub fn to_har(&self) -> Value {
        let exchanges =
            self.cases.iter().flat_map(|case| case.exchanges.iter().map(move |exchange| (case, exchange)));
        let entries =
            exchanges.enumerate().map(|(number, (case, exchange))| self.entry(number, case, exchange));
        json!({
            "log": {
                "version": "1.2",
                "creator": { "name": "planewright-conformance", "version": env!("CARGO_PKG_VERSION") },
                "entries": entries.collect::<Vec<_>>(),
            }
        })
    }

    fn entry(&self, number: usize, case: &CaseReport, exchange: &Exchange) -> Value {
        let said = &exchange.said;
        let (path, query) = said.path.split_once('?').unwrap_or((&said.path, ""));
        let query = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({ "name": name, "value": value })
        });
        let mut request = json!({
            "method": said.method.as_str(),
            "url": format!("{}{}", self.target, said.path),
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers(&said.headers),
            "queryString": query.collect::<Vec<_>>(),
            "headersSize": -1,
            "bodySize": said.body.len(),
        });
        if !said.body.is_empty() {
            request["postData"] = json!({
                "mimeType": media_type(&said.headers),
                "text": String::from_utf8_lossy(&said.body),
            });
        }
        let (response, comment) = match &exchange.heard {
            Ok(heard) => (response(heard), format!("{} ({path})", case.id)),
            Err(reason) => {
                let nothing = Heard { status: 0, headers: HeaderMap::new(), body: bytes::Bytes::new() };
                (response(&nothing), format!("{} ({path}): {reason}", case.id))
            }
        };
        json!({
            "startedDateTime": format!("1970-01-01T{:02}:{:02}:{:02}.{:03}Z", number / 3_600_000 % 24, number / 60_000 % 60, number / 1000 % 60, number % 1000),
            "time": 0,
            "request": request,
            "response": response,
            "cache": {},
            "timings": { "send": 0, "wait": 0, "receive": 0 },
            "comment": comment,
        })
    }
}

fn response(heard: &Heard) -> Value {
    let mut content = json!({ "size": heard.body.len(), "mimeType": media_type(&heard.headers) });
    match std::str::from_utf8(&heard.body) {
        Ok(text) => content["text"] = text.into(),
        Err(_) => {
            content["text"] = STANDARD.encode(&heard.body).into();
            content["encoding"] = "base64".into();
        }
    }
    let reason = http::StatusCode::from_u16(heard.status).ok().and_then(|status| status.canonical_reason());
    json!({
        "status": heard.status,
        "statusText": reason.unwrap_or_default(),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(&heard.headers),
        "content": content,
        "redirectURL": heard.headers.get("location").and_then(|value| value.to_str().ok()).unwrap_or_default(),
        "headersSize": -1,
        "bodySize": heard.body.len(),
    })
}

fn media_type(headers: &HeaderMap) -> &str {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn headers(headers: &HeaderMap) -> Vec<Value> {
    let told = headers.iter().filter(|(name, _)| !VOLATILE.contains(name));
    let told = told.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        json!({ "name": name.as_str(), "value": if name == AUTHORIZATION { "left out" } else { &*value } })
    });
    told.collect()
}
