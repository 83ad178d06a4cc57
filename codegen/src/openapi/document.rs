use serde::Serialize;

use super::fields::entries;
use super::{
    Components, Dialect, Fields, Language, PathItem, Reading, RefOr, Server, Text, security_requirements,
};
use crate::diagnostic::{Cost, Problem, Reported, code};
use crate::ir::SecurityRequirement;
use crate::source::Node;

/// The root object.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    /// What language it is written in.
    pub dialect: Dialect,
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// `info.description`.
    pub description: Option<String>,
    /// `info.license.name`, or `identifier`.
    pub license: Option<String>,
    /// `servers`.
    pub servers: Vec<Server>,
    /// `tags`.
    pub tags: Vec<Tag>,
    /// `paths`, those that could be read.
    pub paths: Vec<Path<'a>>,
    /// `webhooks` by name, to be read when the document is resolved.
    #[serde(skip)]
    pub webhooks: Vec<(Text, &'a Node)>,
    /// `components`.
    pub components: Components<'a>,
    /// `security`.
    pub security: Vec<SecurityRequirement>,
    /// The value that it was read from.
    #[serde(skip)]
    pub root: &'a Node,
}

/// An entry of `tags`.
#[derive(Debug, Serialize)]
pub struct Tag {
    /// The name.
    pub name: Text,
    /// Markdown.
    pub description: Option<String>,
}

/// An entry of `paths`.
#[derive(Debug, Serialize)]
pub struct Path<'a> {
    /// The template.
    pub template: Text,
    /// What is under it.
    pub item: RefOr<'a, PathItem<'a>>,
}

/// Reads the document as a whole; `None` if there is nothing to go on with, which was reported then.
#[must_use]
pub fn parse<'a>(reading: Reading<'a>) -> Option<Document<'a>> {
    let root = reading.tree.root()?;
    let dialect = Dialect::of(reading, root).ok()?;
    let fields = Fields::of(reading, root, "the document").ok()?;
    let mut document = Document {
        dialect,
        title: String::new(),
        version: String::new(),
        description: None,
        license: None,
        servers: Server::list(reading, fields),
        tags: tags(reading, fields),
        paths: paths(reading, fields),
        webhooks: fields.entries("webhooks").map(Iterator::collect).unwrap_or_default(),
        components: Components::read(reading, fields),
        security: security_requirements(reading, fields).unwrap_or_default(),
        root,
    };
    let info = reading
        .sink
        .within(Cost::Nothing, || fields.get("info").map(|info| Fields::of(reading, info, "`info`")));
    match info {
        Some(Ok(info)) => {
            document.title = info.text("title").unwrap_or_default();
            document.version = info.text("version").unwrap_or_default();
            document.description = info.text("description");
            let license = info.get("license");
            let license = license.and_then(|license| license.get("name").or(license.get("identifier")));
            let license = license.and_then(Node::as_str);
            document.license = license.map(str::to_owned);
        }
        Some(Err(_)) => {}
        None => {
            let message = "the document has no `info`; its title is taken as empty";
            Problem::new(code::NO_INFO, fields.span(), message).report(reading.sink);
        }
    }
    Some(document)
}

fn tags(reading: Reading<'_>, fields: Fields<'_>) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for node in fields.array("tags") {
        let name = reading.sink.within(Cost::Nothing, || tag_name(reading, node));
        let Ok(name) = name else { continue };
        if tags.iter().any(|other| other.name.value == name.value) {
            let message = format!("the tag `{}` is described twice; the first counts", name.value);
            Problem::new(code::DUPLICATE_TAG, name.span, message).report(reading.sink);
            continue;
        }
        let description = node.get("description").and_then(Node::as_str).map(str::to_owned);
        tags.push(Tag { name, description });
    }
    tags
}

fn tag_name(reading: Reading<'_>, node: &Node) -> Result<Text, Reported> {
    if let Some(name) = node.as_str() {
        let message = "a tag must be an object, this is a string; it is taken as the tag's name";
        Problem::new(code::REPAIRED_TYPE, node.span, message).report(reading.sink);
        return Ok(Text { value: name.to_owned(), span: node.span });
    }
    Fields::of(reading, node, "a tag")?.required_string("name")
}

fn paths<'a>(reading: Reading<'a>, fields: Fields<'a>) -> Vec<Path<'a>> {
    let Ok(paths) = fields.object("paths") else { return Vec::new() };
    let Some(paths) = paths else {
        // Since 3.1 a document may do with one of three.
        let others = ["webhooks", "components"].iter().any(|key| fields.get(key).is_some());
        if reading.language >= Language::OpenApi31 && others {
            return Vec::new();
        }
        let message = "the document has no `paths`; only its types are generated";
        Problem::new(code::NO_PATHS, fields.span(), message).report(reading.sink);
        return Vec::new();
    };
    let mut list = Vec::new();
    for (template, node) in entries(paths).filter(|(_, node)| !node.is_null()) {
        let mut template = template;
        if !template.value.starts_with('/') {
            let message =
                format!("the path `{}` doesn't begin with a slash; one is put before it", template.value);
            Problem::new(code::PATH_WITHOUT_SLASH, template.span, message).report(reading.sink);
            template.value.insert(0, '/');
        }
        let cost = Cost::Operation(template.value.clone());
        let item = reading.sink.within(cost, || {
            RefOr::read(reading, node, |reading, node| PathItem::read(reading, node, &template.value))
        });
        if let Ok(item) = item {
            list.push(Path { template, item });
        }
    }
    list
}
