//! What is judged: a schema, and the Rust type that stands for it.

use std::collections::BTreeSet;

use planewright_codegen::ir::{BodyKind, Content, NameHint, Operation, Type, TypeUse};
use planewright_codegen::rust::{RustApi, Scope};
use planewright_sample::openapi::Way;
use serde_json::{Value, json};

use crate::document::{Document, deeper};
use crate::places::Places;

/// A schema and its type.
pub(crate) struct Subject {
    /// Where the schema stands.
    pub(crate) pointer: String,
    /// The Rust type, null included: `Option<model::Pet>`.
    pub(crate) ty: String,
    /// Whether that `Option` is there.
    pub(crate) nullable: bool,
    /// Statements that check a `__value` at `__path` into `__violations`.
    pub(crate) checks: Vec<String>,
    /// Examples that stand beside the schema: of the media type, of the parameter.
    pub(crate) examples: Vec<Value>,
    /// Whether it is a parameter: those have no null.
    pub(crate) is_parameter: bool,
    /// Which way its values go, if one only.
    pub(crate) way: Option<Way>,
}

/// Every component's schema, and those of parameters and JSON bodies.
pub(crate) fn subjects(document: &Document, rust: &RustApi<'_>) -> Vec<Subject> {
    let mut finder = Finder { document, rust, found: Vec::new(), seen: BTreeSet::new() };
    for (id, declaration) in document.api.types.iter() {
        if let NameHint::Component(name) = &declaration.name {
            let pointer = deeper(document.components, name);
            // Whether null is a value of an alias is said where it is used.
            let nullable = admits_null(document, &pointer, 8);
            finder.add(
                pointer,
                &TypeUse { nullable, ..TypeUse::plain(Type::Named(id)) },
                Vec::new(),
                Use::Component,
            );
        }
    }
    for operation in &document.api.operations {
        finder.operation(operation);
    }
    finder.found
}

/// What a schema is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Component,
    Parameter,
    Body(Way),
}

struct Finder<'a> {
    document: &'a Document,
    rust: &'a RustApi<'a>,
    found: Vec<Subject>,
    seen: BTreeSet<(String, String)>,
}

impl Finder<'_> {
    fn add(&mut self, pointer: String, ty: &TypeUse, examples: Vec<Value>, what: Use) {
        let Some(schema) = self.document.schemas.pointer(&pointer) else { return };
        // A mere reference is judged where it leads, unless there is an example.
        let mere = schema.as_object().is_some_and(|schema| schema.len() == 1 && schema.contains_key("$ref"));
        let types = &self.document.api.types;
        let component = |id| matches!(types.get(id).name, NameHint::Component(_));
        let declared = matches!(ty.ty, Type::Named(id) if component(id)) && ty.constraints.is_empty();
        if mere && declared && examples.is_empty() {
            return;
        }
        let subject = Subject {
            ty: self.rust.type_expr(ty, Scope::Outside),
            nullable: self.rust.is_nullable(ty),
            checks: self.rust.checks(ty, Scope::Outside),
            pointer,
            examples,
            is_parameter: what == Use::Parameter,
            way: match what {
                Use::Body(way) => Some(way),
                Use::Component | Use::Parameter => None,
            },
        };
        if self.seen.insert((subject.pointer.clone(), subject.ty.clone())) {
            self.found.push(subject);
        }
    }

    fn operation(&mut self, operation: &Operation) {
        let Some(places) = Places::of(self.document, operation) else { return };
        let schemas = &self.document.schemas;
        for parameter in &operation.parameters {
            if let (Some(place), Some(schema)) =
                (places.parameter(parameter), places.parameter_schema(parameter))
            {
                self.add(schema, &parameter.ty, examples(schemas.pointer(&place)), Use::Parameter);
            }
        }
        let body = operation.body.iter().flat_map(|body| &body.contents);
        let body = body.map(|content| (content, places.body_schema(&content.media_type), Way::Request));
        let answers = operation.responses.iter().flat_map(|response| {
            let places = &places;
            let schema = move |content: &Content| places.response_schema(response, &content.media_type);
            response.contents.iter().map(move |content| (content, schema(content), Way::Answer))
        });
        for (content, schema, way) in body.chain(answers).collect::<Vec<_>>() {
            if let (BodyKind::Json(ty), Some(schema)) = (&content.kind, schema) {
                let owner = schema.rsplit_once('/').and_then(|(owner, _)| schemas.pointer(owner));
                self.add(schema, ty, examples(owner), Use::Body(way));
            }
        }
    }
}

/// `example` and the values of `examples`.
fn examples(owner: Option<&Value>) -> Vec<Value> {
    let Some(owner) = owner else { return Vec::new() };
    let named = owner.get("examples").and_then(Value::as_object).into_iter().flatten();
    let named = named.filter_map(|(_, example)| example.get("value"));
    owner.get("example").into_iter().chain(named).cloned().collect()
}

/// Whether a schema says that null is one of its values.
fn admits_null(document: &Document, pointer: &str, depth: usize) -> bool {
    let Some((place, schema)) = document.followed(pointer) else { return false };
    let kinds = schema.get("type");
    if kinds.is_some_and(|kinds| kinds.is_string() && kinds != &json!("null")) {
        return false;
    }
    let listed = kinds == Some(&json!("null"))
        || kinds.and_then(Value::as_array).is_some_and(|all| all.contains(&json!("null")));
    let alternatives = |key: &str| schema.get(key).and_then(Value::as_array).map_or(0, Vec::len);
    listed
        || (depth > 0
            && ["anyOf", "oneOf"].iter().any(|key| {
                let list = deeper(&place, key);
                (0..alternatives(key))
                    .any(|index| admits_null(document, &deeper(&list, &index.to_string()), depth - 1))
            }))
}
