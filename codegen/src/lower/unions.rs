//! `oneOf` and `anyOf`.

use super::peek;
use super::schemas::{Schemas, joined};
use super::view::{UnionView, View};
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::{Constraints, Type, TypeUse, Union, UnionTag, Variant};
use crate::openapi::{Discriminator, Reading, Reference, SchemaType, normal};
use crate::resolve::quiet_target;
use crate::source::{Node, NodeIdentity, Pointer, Span, Value};

/// What alternatives become.
pub(super) enum Outcome {
    /// Several that a value may be.
    Union(Union),
    /// There was only one, or nothing can be said.
    Use(Box<TypeUse>),
}

/// One alternative, looked at.
struct Alternative<'a> {
    node: &'a Node,
    /// The node at the end of a reference.
    identity: NodeIdentity,
    /// Its component's name.
    component: Option<String>,
    /// What it says, with what stands beside the union.
    view: View<'a>,
    /// Whether what stands beside the union adds something to it.
    extended: bool,
}

impl<'a> Schemas<'a> {
    /// Takes the unions out of `view`. `None` if nothing of them is left that a type could say.
    pub(super) fn union(
        &mut self,
        view: &mut View<'a>,
        owner: &[String],
    ) -> Result<Option<Outcome>, Reported> {
        let reading = self.reading;
        let mut unions = std::mem::take(&mut view.unions);
        unions.retain(|union| {
            let demands = view.has_members() && union.alternatives.iter().all(only_demands_members);
            if demands {
                let message = "these alternatives only demand different members; they aren't checked";
                Problem::new(code::REQUIRED_ALTERNATIVES, union.span, message).report(reading.sink);
            }
            !demands
        });
        let mut unions = unions.into_iter();
        let Some(union) = unions.next() else { return Ok(None) };
        if unions.next().is_some() {
            let message = "this schema demands several unions at once; its values are plain JSON";
            Problem::new(code::COMBINED_UNIONS, union.span, message).report(reading.sink);
            return Ok(Some(Outcome::Use(Box::new(TypeUse::plain(Type::Any)))));
        }
        let alternatives = alternatives(reading, view, &union)?;
        match alternatives.as_slice() {
            // Nothing but null.
            [] => Ok(Some(Outcome::Use(Box::new(TypeUse { nullable: true, ..TypeUse::plain(Type::Any) })))),
            [_] => {
                let Some(only) = alternatives.into_iter().next() else { return Ok(None) };
                self.alternative_use(only, owner).map(|ty| Some(Outcome::Use(Box::new(ty))))
            }
            _ => self.several(alternatives, &union, owner).map(|union| Some(Outcome::Union(union))),
        }
    }

    /// The union that a schema with a discriminator stands for: what the discriminator's mapping names, if each of it
    /// extends the schema by `allOf`.
    pub(super) fn heirs(
        &mut self,
        base: &'a Node,
        discriminator: &Discriminator,
        owner: &[String],
    ) -> Result<Option<Union>, Reported> {
        let reading = self.reading;
        let mut variants: Vec<Variant> = Vec::new();
        for (value, target) in &discriminator.mapping {
            let name = target.value.rsplit('/').next().unwrap_or_default();
            let pointer = Pointer::of(&["components", "schemas", name]);
            let Ok(node) = reading.tree.lookup(base.span.file, &pointer) else { return Ok(None) };
            if !extends(reading, node, base, 16) {
                return Ok(None);
            }
            if let Some(known) = variants.iter_mut().find(|variant| variant.name == name) {
                known.tag_values.push(value.value.clone());
                continue;
            }
            let ty = self.type_use(node, &joined(owner, name))?;
            let ty = TypeUse { nullable: false, ..ty };
            variants.push(Variant { name: name.to_owned(), tag_values: vec![value.value.clone()], ty });
        }
        let tag = UnionTag::Property(discriminator.property.value.clone());
        Ok((!variants.is_empty()).then_some(Union {
            variants,
            tag,
            exclusive: true,
            constraints: Constraints::default(),
        }))
    }

    fn several(
        &mut self,
        alternatives: Vec<Alternative<'a>>,
        union: &UnionView<'a>,
        owner: &[String],
    ) -> Result<Union, Reported> {
        let tag = tag(self.reading, &alternatives, union);
        let mut variants: Vec<Variant> = Vec::new();
        for (index, alternative) in alternatives.into_iter().enumerate() {
            let tag_values = tag.as_ref().map_or_else(Vec::new, |(_, values)| values[index].clone());
            let name = unique(variant_name(&alternative, &tag_values), &variants);
            let ty = self.alternative_use(alternative, &joined(owner, &name))?;
            variants.push(Variant { name, tag_values, ty: TypeUse { nullable: false, ..ty } });
        }
        let tag = tag.map_or(UnionTag::Trial, |(property, _)| UnionTag::Property(property));
        Ok(Union { variants, tag, exclusive: union.exclusive, constraints: Constraints::default() })
    }

    fn alternative_use(
        &mut self,
        alternative: Alternative<'a>,
        owner: &[String],
    ) -> Result<TypeUse, Reported> {
        if alternative.extended {
            self.view_use(alternative.view, owner)
        } else {
            self.type_use(alternative.node, owner)
        }
    }
}

/// Whether a schema has another among the parts of its `allOf`.
fn extends<'a>(reading: Reading<'a>, node: &'a Node, base: &Node, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    let parts = node.get("allOf").and_then(Node::as_array).unwrap_or_default();
    let mut ends = parts.iter().filter_map(|part| peek::resolved(reading, part));
    ends.any(|end| end.identity() == base.identity() || extends(reading, end, base, depth))
}

fn alternatives<'a>(
    reading: Reading<'a>,
    beside: &View<'a>,
    union: &UnionView<'a>,
) -> Result<Vec<Alternative<'a>>, Reported> {
    let mut list: Vec<Alternative<'a>> = Vec::new();
    for node in union.alternatives {
        if peek::only_null(node) {
            continue;
        }
        let node = normal(reading, node);
        let target = Reference::of(node).and_then(|reference| quiet_target(reading.tree, &reference));
        let identity = target.as_ref().map_or(node.identity(), |target| target.node.identity());
        if list.iter().any(|other| other.identity == identity) {
            continue;
        }
        let component = target.as_ref().and_then(|target| target.component()).map(str::to_owned);
        let view = View::of(reading, node, &union.owner)?;
        // Properties that every alternative repeats, and a type that it has anyway, add nothing.
        let repeated = beside
            .properties
            .iter()
            .all(|property| view.properties.iter().any(|other| other.name.value == property.name.value));
        let kind_known = beside.kind.is_none() || view.inferred_kind().is_some() || !view.unions.is_empty();
        let nothing_else = beside.items.is_none() && beside.values.is_none() && beside.format.is_none();
        let extended = !(repeated && kind_known && nothing_else);
        let view = if extended {
            let mut base = beside.clone();
            base.node = node;
            base.and(reading, view)
        } else {
            view
        };
        list.push(Alternative { node, identity, component, view, extended });
    }
    Ok(list)
}

/// The member that tells alternatives apart, and the values that choose each.
fn tag(
    reading: Reading<'_>,
    alternatives: &[Alternative<'_>],
    union: &UnionView<'_>,
) -> Option<(String, Vec<Vec<String>>)> {
    match &union.discriminator {
        Some(discriminator) => declared_tag(reading, alternatives, discriminator),
        None => constant_tag(alternatives),
    }
}

fn declared_tag(
    reading: Reading<'_>,
    alternatives: &[Alternative<'_>],
    discriminator: &Discriminator,
) -> Option<(String, Vec<Vec<String>>)> {
    let property = &discriminator.property;
    let unused = |span: Span, reason: &str| {
        let message = format!("the discriminator can't choose: {reason}; alternatives are tried in turn");
        Problem::new(code::DISCRIMINATOR_UNUSED, span, message).report(reading.sink);
        None
    };
    let mut values: Vec<Vec<String>> = vec![Vec::new(); alternatives.len()];
    for (value, target) in &discriminator.mapping {
        let name = target.value.rsplit('/').next().unwrap_or_default();
        let chosen =
            alternatives.iter().position(|alternative| alternative.component.as_deref() == Some(name));
        match chosen {
            Some(index) => values[index].push(value.value.clone()),
            None => {
                let message = format!("`{}` is none of the alternatives; it is ignored", target.value);
                Problem::new(code::BAD_MAPPING, target.span, message).report(reading.sink);
            }
        }
    }
    for (index, alternative) in alternatives.iter().enumerate() {
        if alternative.view.inferred_kind() != Some(SchemaType::Object) || !alternative.view.unions.is_empty()
        {
            return unused(property.span, "an alternative is no plain object");
        }
        if values[index].is_empty() {
            let constants = constants(&alternative.view, &property.value);
            match (constants, &alternative.component) {
                (Some(constants), _) => values[index] = constants,
                (None, Some(component)) => values[index].push(component.clone()),
                (None, None) => {
                    return unused(alternative.node.span, "an alternative has no value of its own");
                }
            }
        }
    }
    if shares(&values) {
        return unused(property.span, "two alternatives have the same value");
    }
    Some((property.value.clone(), values))
}

/// A member that every alternative requires, as a constant that no other has.
fn constant_tag(alternatives: &[Alternative<'_>]) -> Option<(String, Vec<Vec<String>>)> {
    let first = alternatives.first()?;
    first.view.properties.iter().find_map(|property| {
        let name = &property.name.value;
        let values: Option<Vec<Vec<String>>> = alternatives
            .iter()
            .map(|alternative| {
                let required = alternative.view.required.iter().any(|required| required.value == *name);
                constants(&alternative.view, name).filter(|_| required && alternative.view.unions.is_empty())
            })
            .collect();
        values.filter(|values| !shares(values)).map(|values| (name.clone(), values))
    })
}

/// The strings that an inline `enum` allows for a member.
fn constants(view: &View<'_>, property: &str) -> Option<Vec<String>> {
    let property = view.properties.iter().find(|other| other.name.value == property)?;
    let values = property.nodes.iter().rev().find_map(|node| peek::listed(node))?;
    let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    texts.filter(|texts| !texts.is_empty())
}

fn shares(values: &[Vec<String>]) -> bool {
    let all: Vec<&String> = values.iter().flatten().collect();
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    distinct.len() != all.len()
}

fn variant_name(alternative: &Alternative<'_>, tag_values: &[String]) -> String {
    if let Some(component) = &alternative.component {
        return component.clone();
    }
    if let Some(title) =
        alternative.node.get("title").and_then(Node::as_str).filter(|title| !title.trim().is_empty())
    {
        return title.to_owned();
    }
    if let [only] = tag_values {
        return only.clone();
    }
    match alternative.view.inferred_kind() {
        Some(SchemaType::Boolean) => "boolean",
        Some(SchemaType::Integer) => "integer",
        Some(SchemaType::Number) => "number",
        Some(SchemaType::String) => "string",
        Some(SchemaType::Array) => "array",
        Some(SchemaType::Object) => "object",
        Some(SchemaType::Null) | None => "value",
    }
    .to_owned()
}

fn unique(name: String, others: &[Variant]) -> String {
    let taken = |name: &str| others.iter().any(|other| other.name == name);
    if !taken(&name) {
        return name;
    }
    (2..).map(|number| format!("{name}{number}")).find(|name| !taken(name)).unwrap_or(name)
}

/// Whether an alternative says no more than which members must be there.
fn only_demands_members(node: &Node) -> bool {
    let Some(object) = node.as_object() else { return false };
    let demand =
        |key: &str| matches!(key, "required" | "title" | "description" | "type" | "not" | "allOf" | "anyOf");
    let parts = |key: &str| object.get(key).and_then(Node::as_array).unwrap_or_default();
    object.get("type").is_none_or(|kind| matches!(&kind.value, Value::String(kind) if kind == "object"))
        && object.iter().all(|member| demand(&member.key))
        && parts("allOf").iter().chain(parts("anyOf")).all(only_demands_members)
        && (object.get("required").is_some() || object.get("not").is_some() || object.get("allOf").is_some())
}
