//! A document with its schemas: what is valid, and which operation a call is one of.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use http::Method;
use jsonschema::{Draft, Registry, Validator};
use planewright_sample::openapi::{self, Way, on_way};
use serde_json::{Value, json};

use super::DocumentError;
use super::operation::{Operation, operations};

/// A document that was read.
pub(crate) struct Document {
    pub(crate) title: String,
    /// Itself, its schemas in JSON Schema.
    pub(crate) schemas: Value,
    /// The same for requests, if that makes a difference.
    request: Option<Value>,
    pub(crate) operations: Vec<Operation>,
    /// What its servers put in front of paths; the empty text is one of them.
    prefixes: Vec<String>,
    registry: Registry<'static>,
    validators: RefCell<Validators>,
}

/// By the pointer of a schema and whether it is that of a request; none if it is no schema.
type Validators = HashMap<(String, bool), Option<Rc<Validator>>>;

/// Formats that a validator knows but documents often use for a rough idea.
const UNASSERTED: [&str; 15] = [
    "time",
    "duration",
    "email",
    "idn-email",
    "hostname",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "iri",
    "iri-reference",
    "uri-template",
    "json-pointer",
    "relative-json-pointer",
];

const REQUEST: &str = "planewright:request";
const ANSWER: &str = "planewright:answer";

impl Document {
    pub(super) fn new(written: &Value) -> Result<Self, DocumentError> {
        let schemas = openapi::json_schemas(written);
        let (request, answer) = (on_way(&schemas, Way::Request), on_way(&schemas, Way::Answer));
        let registry = Registry::new()
            .add(REQUEST, request.clone().unwrap_or_else(|| schemas.clone()))
            .and_then(|registry| registry.add(ANSWER, answer.unwrap_or_else(|| schemas.clone())))
            .and_then(|registry| registry.prepare());
        let registry = registry
            .map_err(|error| DocumentError::Unknown { pointer: "#".to_owned(), reason: error.to_string() })?;
        let operations = operations(&schemas);
        let title = written.pointer("/info/title").and_then(Value::as_str).unwrap_or("api");
        let servers = written.get("servers").and_then(Value::as_array).into_iter().flatten();
        let servers = servers.filter_map(|server| server.get("url")?.as_str());
        let mut prefixes: Vec<String> = servers.map(path_of).collect();
        prefixes.extend(written.get("basePath").and_then(Value::as_str).map(path_of));
        prefixes.push(String::new());
        prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        prefixes.dedup();
        let validators = RefCell::default();
        let title = title.to_owned();
        Ok(Self { title, schemas, request, operations, prefixes, registry, validators })
    }

    /// The schemas as they are for requests.
    pub(crate) fn request_schemas(&self) -> &Value {
        self.request.as_ref().unwrap_or(&self.schemas)
    }

    /// Why a value of a request isn't valid; none if it is. `None` also for a schema that can't be judged by.
    pub(crate) fn refuses(&self, schema: &str, value: &Value) -> Option<String> {
        self.validator(schema, true).and_then(|validator| first_error(&validator, value))
    }

    /// As [`refuses`](Self::refuses), for a value of an answer.
    pub(crate) fn refuses_answer(&self, schema: &str, value: &Value) -> Option<String> {
        self.validator(schema, false).and_then(|validator| first_error(&validator, value))
    }

    fn validator(&self, schema: &str, request: bool) -> Option<Rc<Validator>> {
        let key = (schema.to_owned(), request);
        if let Some(known) = self.validators.borrow().get(&key) {
            return known.clone();
        }
        let root = if request { REQUEST } else { ANSWER };
        let whole = json!({ "$ref": format!("{root}#{}", fragment(schema)) });
        let mut options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_registry(&self.registry)
            .offline()
            .should_validate_formats(true);
        for format in UNASSERTED {
            options = options.with_format(format, |_: &str| true);
        }
        let built = options.build(&whole).ok().map(Rc::new);
        self.validators.borrow_mut().insert(key, built.clone());
        built
    }

    /// Which operation a call is one of.
    pub(crate) fn operation_of(&self, method: &Method, path: &str) -> Option<usize> {
        let path = path.split('?').next().unwrap_or(path);
        let of_method = |index: &usize| self.operations[*index].method == method;
        self.matching(path).into_iter().find(of_method)
    }

    /// The operations whose path this is: those of the template that says most with letters of its own.
    pub(crate) fn matching(&self, path: &str) -> Vec<usize> {
        for prefix in &self.prefixes {
            let Some(path) = path.strip_prefix(prefix.as_str()) else { continue };
            let fits = |(_, operation): &(usize, &Operation)| fits(&operation.template, path);
            let all: Vec<_> = self.operations.iter().enumerate().filter(fits).collect();
            let shape = |template: &str| -> Vec<bool> {
                template.split('/').map(|part| part.contains('{')).collect()
            };
            let best = all.iter().map(|(_, operation)| shape(&operation.template)).min();
            if let Some(best) = best {
                let all = all.into_iter().filter(|(_, operation)| shape(&operation.template) == best);
                return all.map(|(index, _)| index).collect();
            }
        }
        Vec::new()
    }
}

fn first_error(validator: &Validator, value: &Value) -> Option<String> {
    let error = validator.iter_errors(value).next()?;
    let place = error.instance_path().to_string();
    let mut told: String = error.to_string().chars().take(300).collect();
    if !place.is_empty() {
        told = format!("{place}: {told}");
    }
    Some(told)
}

/// Whether a path is one of a template's.
fn fits(template: &str, path: &str) -> bool {
    let (parts, names) = (template.split('/'), path.split('/'));
    parts.clone().count() == names.clone().count()
        && parts.zip(names).all(|(part, name)| part_fits(part, name))
}

fn part_fits(part: &str, name: &str) -> bool {
    let Some((head, rest)) = part.split_once('{') else { return part == name };
    let Some((_, tail)) = rest.split_once('}') else { return part == name };
    let Some(name) = name.strip_prefix(head) else { return false };
    if tail.is_empty() {
        return !name.is_empty();
    }
    name.char_indices().skip(1).any(|(at, _)| part_fits(tail, &name[at..]))
}

/// The path of a server's URL, without a slash at its end.
fn path_of(url: &str) -> String {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => url,
    };
    path.trim_end_matches('/').to_owned()
}

/// A pointer as a URI's fragment.
fn fragment(pointer: &str) -> String {
    let mut out = String::new();
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_of_the_operation_that_says_most() {
        let document = json!({
            "openapi": "3.0.3",
            "servers": [{"url": "https://h/v1/"}],
            "paths": {
                "/a/{b}": {"get": {"responses": {}}, "put": {"responses": {}}},
                "/a/all": {"get": {"responses": {}}},
                "/a/{b}.txt": {"get": {"responses": {}}},
            },
        });
        let document = Document::new(&document).unwrap();
        let of = |method: Method, path: &str| {
            document.operation_of(&method, path).map(|index| document.operations[index].id.as_str())
        };
        assert_eq!(of(Method::GET, "/v1/a/all?x=1"), Some("get-a-all"));
        assert_eq!(of(Method::GET, "/a/x"), Some("get-a-b"));
        assert_eq!(of(Method::PUT, "/a/x"), Some("put-a-b"));
        assert_eq!(of(Method::PUT, "/a/all"), None);
        assert_eq!(of(Method::GET, "/a/"), None);
    }
}
