//! Schemas that stand for what extends them: those with a discriminator and without alternatives.

use indexmap::IndexMap;

use super::peek;
use super::schemas::{Schemas, joined};
use super::unions::constants;
use super::view::View;
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::{Additional, Constraints, Docs, Type, TypeKind, TypeUse, Union, UnionTag, Variant};
use crate::openapi::{Discriminator, Document, Reading};
use crate::source::{Node, NodeIdentity, Span};

/// The components that have another among the parts of their `allOf`, in document order, by that other.
pub(super) type Heirs<'a> = IndexMap<NodeIdentity, Vec<(String, &'a Node)>>;

/// Finds who extends whom.
pub(super) fn of<'a>(reading: Reading<'a>, document: &Document<'a>) -> Heirs<'a> {
    let mut heirs: Heirs<'a> = IndexMap::new();
    for (name, node) in &document.components.schemas {
        let parts = node.get("allOf").and_then(Node::as_array).unwrap_or_default();
        for base in parts.iter().filter(|part| part.get("$ref").is_some()) {
            if let Some(end) = peek::resolved(reading, base) {
                heirs.entry(end.identity()).or_default().push((name.value.clone(), node));
            }
        }
    }
    heirs
}

impl<'a> Schemas<'a> {
    /// The union that such a schema stands for, if anything extends it. Values that the discriminator gives to none of
    /// its heirs have the schema's own members and any others.
    pub(super) fn union_of_heirs(
        &mut self,
        view: &View<'a>,
        discriminator: &Discriminator,
        owner: &[String],
    ) -> Result<Option<Union>, Reported> {
        let heirs = self.all_heirs(view.node);
        let property = &discriminator.property.value;
        let mut variants: Vec<Variant> = Vec::new();
        for (value, target) in &discriminator.mapping {
            let name = target.value.rsplit('/').next().unwrap_or_default();
            let Some((_, node)) = heirs.iter().find(|(heir, _)| heir == name) else {
                let message = format!("`{}` doesn't extend the schema; it is ignored", target.value);
                Problem::new(code::BAD_MAPPING, target.span, message).report(self.reading.sink);
                continue;
            };
            match variants.iter_mut().find(|variant| variant.name == name) {
                Some(known) => known.tag_values.push(value.value.clone()),
                None => variants.push(self.heir(name, node, vec![value.value.clone()], owner)?),
            }
        }
        for (name, node) in &heirs {
            if variants.iter().any(|variant| variant.name == *name) {
                continue;
            }
            let own = View::of(self.reading, node, std::slice::from_ref(name))?;
            // Those of the schema itself are of all its heirs.
            let listed = constants(self.reading, &own, property)
                .filter(|listed| constants(self.reading, view, property).as_ref() != Some(listed));
            let mut values = listed.unwrap_or_else(|| vec![name.clone()]);
            values.retain(|value| !variants.iter().any(|variant| variant.tag_values.contains(value)));
            if !values.is_empty() {
                variants.push(self.heir(name, node, values, owner)?);
            }
        }
        if variants.is_empty() {
            return Ok(None);
        }
        let given = |value: &String| variants.iter().any(|variant| variant.tag_values.contains(value));
        if !constants(self.reading, view, property).is_some_and(|listed| listed.iter().all(given)) {
            variants.push(self.other(view, owner)?);
        }
        let tag = UnionTag::Property(property.clone());
        Ok(Some(Union { variants, tag, exclusive: true, constraints: Constraints::default() }))
    }

    fn heir(
        &mut self,
        name: &str,
        node: &'a Node,
        tag_values: Vec<String>,
        owner: &[String],
    ) -> Result<Variant, Reported> {
        let ty = self.type_use(node, &joined(owner, name))?;
        Ok(Variant { name: name.to_owned(), tag_values, ty: TypeUse { nullable: false, ..ty } })
    }

    /// The schema's own members.
    fn other(&mut self, view: &View<'a>, owner: &[String]) -> Result<Variant, Reported> {
        let owner = joined(owner, "other");
        let mut kind = self.members_of(View { inheritance: None, ..view.clone() })?;
        if let TypeKind::Struct { additional, .. } = &mut kind {
            *additional = Additional::Typed(Box::new(TypeUse::plain(Type::Any)));
        }
        let id = self.add(kind, &owner, Docs { example: None, ..view.docs.clone() }, Span::default());
        let ty = TypeUse::plain(Type::Named(id));
        Ok(Variant { name: "other".to_owned(), tag_values: Vec::new(), ty })
    }

    /// Whatever extends a schema, also by way of others.
    fn all_heirs(&self, base: &Node) -> Vec<(String, &'a Node)> {
        let direct = |node: &Node| self.heirs.get(&node.identity()).into_iter().flatten();
        let mut all: Vec<(String, &'a Node)> = Vec::new();
        let mut open: Vec<&(String, &'a Node)> = direct(base).rev().collect();
        while let Some(heir) = open.pop() {
            let known = all.iter().any(|(name, _)| *name == heir.0);
            if !known && heir.1.identity() != base.identity() {
                all.push(heir.clone());
                open.extend(direct(heir.1).rev());
            }
        }
        all
    }
}
