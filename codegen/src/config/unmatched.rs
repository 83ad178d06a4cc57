use super::Config;
use crate::diagnostic::{Problem, Sink, code};
use crate::ir::{Api, NameHint, TypeDecl, TypeKind};
use crate::source::Span;

impl Config {
    /// Reports the names that the document doesn't have; `place` stands for the document.
    pub(crate) fn tell_unmatched(&self, api: &Api, place: Span, sink: &Sink) {
        let tell = |message: String| {
            let message = format!("{message}, which the document doesn't have");
            Problem::new(code::UNMATCHED_CHOICE, place, message).report(sink);
        };
        let schema = |wanted: &str| {
            let mut all = api.types.iter().map(|(_, declaration)| declaration);
            all.find(|it| matches!(&it.name, NameHint::Component(name) if name == wanted))
        };
        let schemas = |key: &str, names: &mut dyn Iterator<Item = &String>| {
            for name in names.filter(|name| schema(name).is_none()) {
                tell(format!("`{key}` names the schema `{name}`"));
            }
        };
        schemas("names", &mut self.names.types.keys());
        for id in self.names.operations.keys() {
            if !api.operations.iter().any(|operation| operation.id == *id) {
                tell(format!("`operations` names the operation `{id}`"));
            }
        }
        schemas("members", &mut self.names.members.keys());
        for (component, members) in &self.names.members {
            let Some(declaration) = schema(component) else { continue };
            for member in members.keys().filter(|member| !has(declaration, member)) {
                tell(format!("`members` names `{member}` of `{component}`"));
            }
        }
        schemas("replace", &mut self.replace.keys());
        schemas("derives", &mut self.derives.types.keys());
    }
}

fn has(declaration: &TypeDecl, member: &str) -> bool {
    match &declaration.kind {
        TypeKind::Struct { fields, .. } => fields.iter().any(|field| field.name == member),
        TypeKind::Enum { values, .. } => values.iter().any(|value| value.value == member),
        TypeKind::Union(union) => union.variants.iter().any(|variant| variant.name == member),
        _ => false,
    }
}
