//! Operations, as a document has them.

use http::Method;
use planewright_sample::resolve;
use serde_json::{Map, Value};

/// A method on a path.
#[derive(Debug)]
pub(crate) struct Operation {
    /// As the document has it, or made of method and path.
    pub(crate) id: String,
    pub(crate) method: Method,
    /// The path, with parameters in braces.
    pub(crate) template: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<RequestBody>,
    pub(crate) responses: Vec<Response>,
    /// Whether it wants credentials.
    pub(crate) secured: bool,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
    Cookie,
}

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    /// Where its schema stands.
    pub(crate) schema: String,
    pub(crate) style: String,
    pub(crate) explode: bool,
    /// Whether its value is JSON.
    pub(crate) json: bool,
}

#[derive(Debug)]
pub(crate) struct RequestBody {
    pub(crate) required: bool,
    pub(crate) media: Vec<Media>,
}

impl RequestBody {
    /// Where the schema of JSON stands, with its media type.
    pub(crate) fn json(&self) -> Option<(&str, &str)> {
        let json = self.media.iter().find(|media| is_json(&media.name))?;
        Some((&json.name, json.schema.as_deref()?))
    }
}

#[derive(Debug)]
pub(crate) struct Media {
    pub(crate) name: String,
    /// Where its schema stands.
    pub(crate) schema: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Response {
    /// `200`, `2XX` or `default`.
    pub(crate) status: String,
    pub(crate) media: Vec<Media>,
    pub(crate) headers: Vec<Header>,
    /// Ids of operations, with where in the body values for their parameters are.
    pub(crate) links: Vec<(String, Vec<(String, String)>)>,
}

#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) schema: Option<String>,
}

/// Whether a media type is JSON.
pub(crate) fn is_json(media_type: &str) -> bool {
    let essence = essence(media_type);
    essence == "application/json" || essence.ends_with("+json")
}

/// A media type without its parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

impl Operation {
    /// The response that is declared for a status.
    pub(crate) fn response(&self, status: u16) -> Option<&Response> {
        let exact = status.to_string();
        let range = format!("{}XX", status / 100);
        [exact.as_str(), range.as_str(), "default"]
            .into_iter()
            .find_map(|wanted| self.responses.iter().find(|one| one.status.eq_ignore_ascii_case(wanted)))
    }

    /// Whether calling it changes nothing.
    pub(crate) fn is_safe(&self) -> bool {
        [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(&self.method)
    }
}

/// A value and where it stands.
#[derive(Clone, Copy)]
struct At<'a> {
    root: &'a Value,
    value: &'a Value,
}

/// All operations, in the order of the document.
pub(super) fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (template, item) in members(document.get("paths")) {
        let base = format!("/paths/{}", token(template));
        let (base, item) = followed(document, base, item);
        for (method, operation) in members(Some(item)) {
            const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
            let Ok(known) = Method::from_bytes(method.to_uppercase().as_bytes()) else { continue };
            if !METHODS.contains(&method.as_str()) || !operation.is_object() {
                continue;
            }
            let at = At { root: document, value: operation };
            operations.push(at.operation(known, template, &format!("{base}/{method}"), (&base, item)));
        }
    }
    let mut seen: Vec<String> = Vec::new();
    for operation in &mut operations {
        while seen.contains(&operation.id) {
            operation.id.push_str("-again");
        }
        seen.push(operation.id.clone());
    }
    operations
}

impl At<'_> {
    fn operation(
        self,
        method: Method,
        template: &str,
        here: &str,
        (base, item): (&str, &Value),
    ) -> Operation {
        let mut parameters: Vec<(Parameter, &Value)> = Vec::new();
        for (place, from) in [(here, self.value), (base, item)] {
            for (index, parameter) in list(from.get("parameters")).iter().enumerate() {
                let (pointer, parameter) =
                    followed(self.root, format!("{place}/parameters/{index}"), parameter);
                let Some(read) = read_parameter(&pointer, parameter) else { continue };
                let known =
                    |one: &(Parameter, &Value)| (&one.0.name, one.0.place) == (&read.name, read.place);
                if !parameters.iter().any(known) {
                    parameters.push((read, parameter));
                }
            }
        }
        let id = self
            .value
            .get("operationId")
            .and_then(Value::as_str)
            .map_or_else(|| format!("{}{}", method.as_str().to_lowercase(), template), str::to_owned);
        let id = id.chars().map(|one| if one.is_ascii_alphanumeric() || one == '_' { one } else { '-' });
        let id: String = id.filter(|one| !matches!(one, '{' | '}')).collect();
        let security = self.value.get("security").or_else(|| self.root.get("security"));
        let responses = members(self.value.get("responses"));
        Operation {
            id: id.replace("--", "-").trim_matches('-').to_owned(),
            method,
            template: template.to_owned(),
            parameters: parameters.into_iter().map(|(read, _)| read).collect(),
            body: self.body(here),
            responses: responses
                .filter(|(status, _)| !status.starts_with("x-"))
                .map(|(status, response)| {
                    let pointer = format!("{here}/responses/{}", token(status));
                    let (pointer, response) = followed(self.root, pointer, response);
                    self.response(status, &pointer, response)
                })
                .collect(),
            secured: !list(security).is_empty(),
        }
    }

    fn body(self, here: &str) -> Option<RequestBody> {
        if let Some(body) = self.value.get("requestBody") {
            let (pointer, body) = followed(self.root, format!("{here}/requestBody"), body);
            let required = body.get("required") == Some(&Value::Bool(true));
            return Some(RequestBody { required, media: media(&pointer, body) });
        }
        // Swagger 2.0: a parameter.
        let all = list(self.value.get("parameters"));
        all.iter().enumerate().find_map(|(index, parameter)| {
            let (pointer, parameter) = followed(self.root, format!("{here}/parameters/{index}"), parameter);
            let required = parameter.get("required") == Some(&Value::Bool(true));
            let types = || self.value.get("consumes").or_else(|| self.root.get("consumes"));
            match parameter.get("in").and_then(Value::as_str)? {
                "body" => {
                    let names = texts(types(), "application/json");
                    let schema = |_: &String| Some(format!("{pointer}/schema"));
                    let media = names.into_iter().map(|name| Media { schema: schema(&name), name }).collect();
                    Some(RequestBody { required, media })
                }
                "formData" => {
                    let names = texts(types(), "multipart/form-data");
                    let media = names.into_iter().map(|name| Media { schema: None, name }).collect();
                    Some(RequestBody { required, media })
                }
                _ => None,
            }
        })
    }

    fn response(self, status: &str, pointer: &str, response: &Value) -> Response {
        let mut declared = media(pointer, response);
        if response.get("schema").is_some() {
            let types = self.value.get("produces").or_else(|| self.root.get("produces"));
            let schema = || Some(format!("{pointer}/schema"));
            let names = texts(types, "application/json").into_iter();
            declared.extend(names.map(|name| Media { name, schema: schema() }));
        }
        let headers = members(response.get("headers")).map(|(name, header)| {
            let (at, header) = followed(self.root, format!("{pointer}/headers/{}", token(name)), header);
            Header {
                name: name.to_ascii_lowercase(),
                required: header.get("required") == Some(&Value::Bool(true)),
                schema: header.get("schema").map(|_| format!("{at}/schema")),
            }
        });
        let links = members(response.get("links")).filter_map(|(name, link)| {
            let (_, link) = followed(self.root, format!("{pointer}/links/{}", token(name)), link);
            let target = link.get("operationId")?.as_str()?.to_owned();
            let from = members(link.get("parameters")).filter_map(|(name, expression)| {
                let place = expression.as_str()?.strip_prefix("$response.body#")?;
                Some((name.rsplit('.').next().unwrap_or(name).to_owned(), place.to_owned()))
            });
            Some((target, from.collect()))
        });
        Response {
            status: status.to_owned(),
            media: declared,
            headers: headers.filter(|header| header.name != "content-type").collect(),
            links: links.collect(),
        }
    }
}

fn read_parameter(pointer: &str, parameter: &Value) -> Option<Parameter> {
    let text = |name: &str| parameter.get(name).and_then(Value::as_str);
    let place = match text("in")? {
        "path" => Place::Path,
        "query" => Place::Query,
        "header" => Place::Header,
        "cookie" => Place::Cookie,
        _ => return None,
    };
    let name = text("name")?.to_owned();
    if place == Place::Header
        && ["accept", "content-type", "authorization"].contains(&name.to_ascii_lowercase().as_str())
    {
        return None;
    }
    let content = media(pointer, parameter).into_iter().find(|media| is_json(&media.name));
    let json = content.is_some();
    let schema = match content {
        Some(media) => media.schema?,
        None => {
            parameter.get("schema")?;
            format!("{pointer}/schema")
        }
    };
    // Swagger 2.0 has another word.
    let collection = text("collectionFormat");
    let usual = if matches!(place, Place::Query | Place::Cookie) { "form" } else { "simple" };
    let style = text("style").unwrap_or(match collection {
        Some("ssv") => "spaceDelimited",
        Some("pipes") => "pipeDelimited",
        _ => usual,
    });
    let swagger = parameter.get("type").is_some();
    let explode = parameter.get("explode").and_then(Value::as_bool);
    Some(Parameter {
        explode: explode.unwrap_or(if swagger { collection == Some("multi") } else { style == "form" }),
        style: style.to_owned(),
        required: place == Place::Path || parameter.get("required") == Some(&Value::Bool(true)),
        name,
        place,
        schema,
        json,
    })
}

/// What `content` declares.
fn media(pointer: &str, value: &Value) -> Vec<Media> {
    let content = members(value.get("content"));
    content
        .map(|(name, media)| Media {
            name: name.clone(),
            schema: media.get("schema").map(|_| format!("{pointer}/content/{}/schema", token(name))),
        })
        .collect()
}

/// Follows references: where the value really stands.
fn followed<'a>(root: &'a Value, mut pointer: String, mut value: &'a Value) -> (String, &'a Value) {
    for _ in 0..32 {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { break };
        let (Some(target), Some(place)) = (resolve(root, reference), reference.strip_prefix('#')) else {
            break;
        };
        (pointer, value) = (place.to_owned(), target);
    }
    (pointer, value)
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn texts(value: Option<&Value>, otherwise: &str) -> Vec<String> {
    let texts: Vec<_> = list(value).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if texts.is_empty() { vec![otherwise.to_owned()] } else { texts }
}

/// A name as part of a JSON pointer.
fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
