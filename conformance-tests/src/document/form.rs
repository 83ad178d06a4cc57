//! Bodies that aren't JSON.

use planewright_sample::{Sampler, Size};
use serde_json::Value;

use super::operation::{RequestBody, essence};
use super::wire::encoded;

const BOUNDARY: &str = "frontier-7c1f9a";

/// A small body in the first media type in which one can be made.
pub(super) fn made(schemas: &Value, body: &RequestBody) -> Option<(String, Vec<u8>)> {
    body.media.iter().find_map(|media| {
        let schema = media.schema.as_deref().and_then(|pointer| schemas.pointer(pointer));
        let drawn = || Sampler::new(schemas).draw(schema?, Size::Small, 1).map(|sample| sample.value);
        match essence(&media.name).as_str() {
            "multipart/form-data" => {
                let bytes = multipart(drawn().as_ref());
                Some((format!("multipart/form-data; boundary={BOUNDARY}"), bytes))
            }
            "application/x-www-form-urlencoded" => Some((media.name.clone(), pairs(&drawn()?))),
            "text/plain" => Some((media.name.clone(), b"planewright".to_vec())),
            "application/octet-stream" => Some((media.name.clone(), vec![0, 1, 2])),
            _ => None,
        }
    })
}

fn multipart(value: Option<&Value>) -> Vec<u8> {
    let mut out = String::new();
    for (name, value) in value.and_then(Value::as_object).into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let part =
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        out.push_str(&part);
    }
    out.push_str(&format!("--{BOUNDARY}--\r\n"));
    out.into_bytes()
}

fn pairs(value: &Value) -> Vec<u8> {
    let pair = |(name, value): (&String, &Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{}={}", encoded(name), encoded(&text))
    };
    let pairs: Vec<_> = value.as_object().into_iter().flatten().map(pair).collect();
    pairs.join("&").into_bytes()
}
