use serde::Serialize;

use super::{Fields, Language, Reading, Text};
use crate::diagnostic::{Cost, Problem, code};
use crate::ir::ServerVariable;
use crate::source::Node;

/// Where the API is served.
#[derive(Clone, Debug, Serialize)]
pub struct Server {
    /// The URL, variables replaced by their defaults; may be relative.
    pub url: Text,
    /// The URL as it is written.
    pub template: String,
    /// Its variables, those in the URL.
    pub variables: Vec<ServerVariable>,
    /// Markdown.
    pub description: Option<String>,
}

impl Server {
    /// `servers`. A broken one is left out with a warning: only clients without a URL of their own miss it.
    #[must_use]
    pub fn list(reading: Reading<'_>, fields: Fields<'_>) -> Vec<Self> {
        if reading.language == Language::Swagger20 {
            return Self::of_swagger(fields);
        }
        let Some(node) = fields.get("servers") else { return Vec::new() };
        let Some(nodes) = node.as_array() else {
            ignore(reading, node, "`servers` must be a list");
            return Vec::new();
        };
        nodes.iter().filter_map(|node| Self::read(reading, node)).collect()
    }

    /// Of `schemes`, `host` and `basePath`; neither operations nor path items have them.
    fn of_swagger(fields: Fields<'_>) -> Vec<Self> {
        let Some(node) = fields.get("host").or(fields.get("basePath")) else { return Vec::new() };
        let path = fields.text("basePath").unwrap_or_default();
        let host = fields.text("host");
        let schemes = fields.get("schemes").and_then(Node::as_array).unwrap_or_default();
        let mut schemes: Vec<&str> = schemes.iter().filter_map(Node::as_str).collect();
        if schemes.is_empty() || host.is_none() {
            schemes = vec!["https"];
        }
        let url = |scheme: &str| match &host {
            Some(host) => format!("{scheme}://{host}{path}"),
            None => path.clone(),
        };
        let server = |scheme| Self {
            url: Text { value: url(scheme), span: node.span },
            template: url(scheme),
            variables: Vec::new(),
            description: None,
        };
        schemes.into_iter().map(server).collect()
    }

    fn read(reading: Reading<'_>, node: &Node) -> Option<Self> {
        let Some(url) = node.get("url").filter(|url| url.as_str().is_some()) else {
            ignore(reading, node, "a server must be an object with a `url`");
            return None;
        };
        let fields = Fields::of(reading, node, "a server").ok()?;
        let template = url.as_str()?.to_owned();
        let mut text = template.clone();
        let mut known = Vec::new();
        let variables = node.get("variables").and_then(Node::as_object);
        for variable in variables.into_iter().flat_map(|object| object.iter()) {
            let Ok(members) =
                reading.sink.within(Cost::Nothing, || Fields::of(reading, &variable.value, "a variable"))
            else {
                continue;
            };
            let default = members.text("default").unwrap_or_default();
            let place = format!("{{{}}}", variable.key);
            if !template.contains(&place) {
                continue;
            }
            text = text.replace(&place, &default);
            let listed = variable.value.get("enum").and_then(Node::as_array).unwrap_or_default();
            let mut values: Vec<String> = Vec::new();
            for value in listed.iter().filter_map(scalar_text) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            if !values.is_empty() && !values.contains(&default) {
                let message = format!("the default `{default}` isn't among the values of the variable");
                Problem::new(code::BAD_SERVER_VARIABLE, variable.value.span, message).report(reading.sink);
                values.push(default.clone());
            }
            let description = members.text("description");
            known.push(ServerVariable { name: variable.key.to_string(), default, values, description });
        }
        if text.contains(['{', '}']) {
            ignore(reading, url, "the URL has a variable without a default");
            return None;
        }
        Some(Self {
            url: Text { value: text, span: url.span },
            template,
            variables: known,
            description: fields.text("description"),
        })
    }
}

/// A text, or what is written without quotes by mistake: ports are.
fn scalar_text(node: &Node) -> Option<String> {
    match node.to_json() {
        serde_json::Value::String(text) => Some(text),
        value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_)) => Some(value.to_string()),
        _ => None,
    }
}

fn ignore(reading: Reading<'_>, node: &Node, message: &str) {
    let message = format!("{message}; it is ignored");
    Problem::new(code::BAD_SERVER, node.span, message).report(reading.sink);
}
