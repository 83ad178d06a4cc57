//! `oneOf` and `anyOf`.

use super::schemas::{Schemas, joined};
use super::view::{Demand, Property, UnionView, View, same};
use super::{constraints, peek};
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::{Constraints, StringFormat, Type, TypeUse, Union, UnionTag, Variant};
use crate::openapi::{Discriminator, Reading, Reference, SchemaType, normal};
use crate::resolve::quiet_target;
use crate::source::{Member, Node, NodeIdentity, Object, Span, Value};

/// What alternatives become.
pub(super) enum Outcome {
    /// Several that a value may be.
    Union(Box<Union>),
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
    /// Takes the unions out of `view`. `None` if what is left of it is the type: then alternatives that only demand
    /// something of it have become demands.
    pub(super) fn union(
        &mut self,
        view: &mut View<'a>,
        owner: &[String],
    ) -> Result<Option<Outcome>, Reported> {
        let reading = self.reading;
        let mut unions = Vec::new();
        for union in std::mem::take(&mut view.unions) {
            if only_demands(view, &union) {
                // They say nothing of other values than objects.
                view.kind = view.kind.or(Some(SchemaType::Object));
                view.demands.push(Demand::Union(union));
            } else {
                unions.push(union);
            }
        }
        if self.blend(view, &unions, owner)? {
            return Ok(None);
        }
        let mut unions = unions.into_iter();
        let Some(union) = unions.next() else { return Ok(None) };
        view.demands.extend(unions.map(Demand::Union));
        let (demands, limits) = (std::mem::take(&mut view.demands), std::mem::take(&mut view.constraints));
        let alternatives = alternatives(reading, view, &union)?;
        if let Some(values) = listed_in_parts(&alternatives, &union) {
            (view.values, view.described) = values;
            view.kind = Some(SchemaType::String);
            (view.demands, view.constraints) = (demands, limits);
            return Ok(None);
        }
        let mut whole = match alternatives.as_slice() {
            [] => Outcome::Use(Box::new(super::assertions::null())),
            // A discriminator is there for alternatives to come, and its member is part of the value.
            [_] if union.discriminator.is_none() => {
                let Some(only) = alternatives.into_iter().next() else { return Ok(None) };
                Outcome::Use(Box::new(self.alternative_use(only, owner)?))
            }
            _ => Outcome::Union(Box::new(self.several(alternatives, &union, owner)?)),
        };
        let asserted = match &mut whole {
            Outcome::Union(union) => &mut union.constraints,
            Outcome::Use(ty) => &mut ty.constraints,
        };
        *asserted = constraints::both(std::mem::take(asserted), limits);
        for demand in &demands {
            asserted.assertions.push(self.demand(demand, owner)?);
        }
        Ok(Some(whole))
    }

    /// Makes objects written in place the members of one, if nothing tells them apart: several may be meant at once, and
    /// then the members of each should be there. That at least one fits becomes a demand.
    fn blend(
        &mut self,
        view: &mut View<'a>,
        unions: &[UnionView<'a>],
        owner: &[String],
    ) -> Result<bool, Reported> {
        let reading = self.reading;
        let mut parts: Vec<View<'a>> = Vec::new();
        for union in unions {
            let alternatives = alternatives(reading, view, union)?;
            let object = |one: &Alternative<'_>| {
                one.view.inferred_kind() == Some(SchemaType::Object)
                    && one.view.unions.is_empty()
                    && one.view.inheritance.is_none()
            };
            let written_here = alternatives.iter().all(|one| one.component.is_none());
            let apart = union.exclusive
                || union.discriminator.is_some()
                || constant_tag(reading, &alternatives).is_some();
            let objects = alternatives.iter().all(object);
            if !objects || (unions.len() == 1 && (!written_here || apart || alternatives.len() < 2)) {
                return Ok(false);
            }
            for node in union.alternatives.iter().filter(|node| !is_null(node)) {
                parts.push(View::of(reading, node, &joined(owner, "part"))?);
            }
        }
        if parts.is_empty() {
            return Ok(false);
        }
        let own = view.properties.len();
        for part in parts {
            for property in part.properties {
                match view.properties.iter_mut().position(|known| known.name.value == property.name.value) {
                    None => view.properties.push(Property { apart: true, ..property }),
                    Some(index) if index >= own => view.properties[index].nodes.extend(property.nodes),
                    Some(_) => {}
                }
            }
        }
        view.kind = Some(SchemaType::Object);
        view.demands.extend(unions.iter().cloned().map(Demand::Union));
        Ok(true)
    }

    /// The type of a member that is one thing in one alternative and another in the next.
    pub(super) fn blended(&mut self, nodes: &[&'a Node], owner: &[String]) -> Result<TypeUse, Reported> {
        let Some((first, rest)) = nodes.split_first() else { return Ok(TypeUse::plain(Type::Any)) };
        if rest.iter().all(|node| same(first, node)) {
            return self.type_use(first, owner);
        }
        let nullable = nodes.iter().any(|node| peek::nullable(self.reading, node));
        let mut views = Vec::new();
        for node in nodes {
            views.push(View::of(self.reading, node, owner)?);
        }
        let kind = views[0].inferred_kind();
        let scalar = matches!(
            kind,
            Some(SchemaType::Boolean | SchemaType::Integer | SchemaType::Number | SchemaType::String)
        );
        if !scalar || views.iter().any(|view| view.inferred_kind() != kind || !view.unions.is_empty()) {
            return Ok(TypeUse { nullable: true, ..TypeUse::plain(Type::Any) });
        }
        let mut whole = View { kind, ..View::empty(first) };
        let listed: Option<Vec<_>> = views.iter().map(|view| view.values.clone()).collect();
        if kind == Some(SchemaType::String)
            && let Some(listed) = listed
        {
            let mut values: Vec<&'a Node> = Vec::new();
            for value in listed.into_iter().flatten() {
                if !values.iter().any(|known| known.to_json() == value.to_json()) {
                    values.push(value);
                }
            }
            whole.values = Some(values);
        }
        let ty = self.view_use(whole, owner)?;
        Ok(TypeUse { nullable: ty.nullable || nullable, ..ty })
    }

    fn several(
        &mut self,
        alternatives: Vec<Alternative<'a>>,
        union: &UnionView<'a>,
        owner: &[String],
    ) -> Result<Union, Reported> {
        let tag = tag(self.reading, &alternatives, union);
        let texts = alternatives
            .iter()
            .any(|one| one.view.inferred_kind() == Some(SchemaType::String) && one.view.values.is_none());
        let mut variants: Vec<Variant> = Vec::new();
        for (index, alternative) in alternatives.into_iter().enumerate() {
            let tag_values = tag.as_ref().map_or_else(Vec::new, |(_, values)| values[index].clone());
            let name = unique(variant_name(&alternative, &tag_values, texts), &variants);
            let keeps_tag = tag
                .as_ref()
                .is_none_or(|(property, _)| carries(self.reading, &alternative.view, property, MOST_UNIONS));
            let ty = self.alternative_use(alternative, &joined(owner, &name))?;
            let ty = TypeUse { nullable: false, ..ty };
            if keeps_tag || tag_values.len() < 2 {
                variants.push(Variant { name, tag_values, ty });
                continue;
            }
            // What chose it must be known when it is written.
            for value in tag_values {
                let name = unique(value.clone(), &variants);
                variants.push(Variant { name, tag_values: vec![value], ty: ty.clone() });
            }
        }
        if tag.is_none() {
            // What takes every text comes behind what takes some, so that the first that fits says most.
            let integers = variants.iter().any(|variant| matches!(variant.ty.ty, Type::Integer(_)));
            variants.sort_by_key(|variant| match variant.ty.ty {
                Type::Number(_) if integers => 1,
                Type::String(StringFormat::Plain) if variant.ty.constraints.is_empty() => 2,
                Type::Any => 3,
                _ => 0,
            });
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

fn alternatives<'a>(
    reading: Reading<'a>,
    beside: &View<'a>,
    union: &UnionView<'a>,
) -> Result<Vec<Alternative<'a>>, Reported> {
    let mut list: Vec<Alternative<'a>> = Vec::new();
    for node in union.alternatives {
        if is_null(node) {
            continue;
        }
        let node = normal(reading, node);
        let target = Reference::of(node).and_then(|reference| quiet_target(reading.tree, &reference));
        let identity = target.as_ref().map_or(node.identity(), |target| target.node.identity());
        if list.iter().any(|other| other.identity == identity) {
            continue;
        }
        let component = target.as_ref().and_then(|target| target.name(reading.tree));
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
fn tag<'a>(
    reading: Reading<'a>,
    alternatives: &[Alternative<'a>],
    union: &UnionView<'a>,
) -> Option<(String, Vec<Vec<String>>)> {
    match &union.discriminator {
        Some(discriminator) => declared_tag(reading, alternatives, discriminator),
        None => constant_tag(reading, alternatives),
    }
}

fn declared_tag<'a>(
    reading: Reading<'a>,
    alternatives: &[Alternative<'a>],
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
        let meant =
            reading.tree.find(target.span.file, &target.value).ok().map(|found| found.node.identity());
        let chosen = alternatives
            .iter()
            .position(|alternative| Some(alternative.identity) == meant)
            .or_else(|| alternatives.iter().position(|one| one.component.as_deref() == Some(name)));
        match chosen {
            Some(index) => values[index].push(value.value.clone()),
            None => {
                let message = format!("`{}` is none of the alternatives; it is ignored", target.value);
                Problem::new(code::BAD_MAPPING, target.span, message).report(reading.sink);
            }
        }
    }
    for (index, alternative) in alternatives.iter().enumerate() {
        let plain = alternative.view.inferred_kind() == Some(SchemaType::Object);
        let is_object = if alternative.view.unions.is_empty() {
            plain
        } else {
            carries(reading, &alternative.view, &property.value, MOST_UNIONS)
        };
        if !is_object {
            return unused(property.span, "an alternative is no plain object");
        }
        if values[index].is_empty() {
            let constants = constants(reading, &alternative.view, &property.value);
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
fn constant_tag<'a>(
    reading: Reading<'a>,
    alternatives: &[Alternative<'a>],
) -> Option<(String, Vec<Vec<String>>)> {
    let first = alternatives.first()?;
    first.view.properties.iter().find_map(|property| {
        let name = &property.name.value;
        let values: Option<Vec<Vec<String>>> = alternatives
            .iter()
            .map(|alternative| {
                let required = alternative.view.required.iter().any(|required| required.value == *name);
                constants(reading, &alternative.view, name)
                    .filter(|_| required && alternative.view.unions.is_empty())
            })
            .collect();
        values.filter(|values| !shares(values)).map(|values| (name.clone(), values))
    })
}

/// How many unions may stand in each other where a discriminator is looked for.
const MOST_UNIONS: usize = 4;

/// Whether whatever the schema may be is an object that describes this member.
fn carries<'a>(reading: Reading<'a>, view: &View<'a>, property: &str, depth: usize) -> bool {
    if view.properties.iter().any(|own| own.name.value == property) {
        return true;
    }
    let all = |union: &UnionView<'a>| {
        union.alternatives.iter().filter(|node| !is_null(node)).all(|node| {
            View::of(reading, node, &union.owner).is_ok_and(|one| carries(reading, &one, property, depth - 1))
        })
    };
    depth > 0 && view.unions.iter().any(all)
}

/// The strings that an inline `enum` allows for a member.
pub(super) fn constants<'a>(reading: Reading<'a>, view: &View<'a>, property: &str) -> Option<Vec<String>> {
    let property = view.properties.iter().find(|other| other.name.value == property)?;
    let values = property.nodes.iter().rev().find_map(|node| peek::listed(peek::resolved(reading, node)?))?;
    let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    texts.filter(|texts| !texts.is_empty())
}

fn shares(values: &[Vec<String>]) -> bool {
    let all: Vec<&String> = values.iter().flatten().collect();
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    distinct.len() != all.len()
}

/// `texts` says whether one of the alternatives is any text.
fn variant_name(alternative: &Alternative<'_>, tag_values: &[String], texts: bool) -> String {
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
        Some(SchemaType::String) if texts && alternative.view.values.is_some() => "known",
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

/// Whether an alternative is `null`. Before 3.1 that could not be said but by `nullable`, of nothing else.
pub(super) fn is_null(node: &Node) -> bool {
    let only_nullable = |object: &Object| {
        object.iter().all(|member| {
            matches!(member.key.as_str(), "nullable" | "title" | "description")
                || member.key.starts_with("x-")
        })
    };
    let nullable = || node.get("nullable").is_some_and(|node| matches!(node.value, Value::Bool(true)));
    peek::only_null(node) || (nullable() && node.as_object().is_some_and(only_nullable))
}

/// Whether no alternative says more than which members must be there, or what those must be that are described anyway.
fn only_demands(view: &View<'_>, union: &UnionView<'_>) -> bool {
    let nodes = || union.alternatives.iter();
    union.discriminator.is_none()
        && nodes().all(|node| demands_of(view, node))
        && (view.has_members() || nodes().all(|node| node.get("properties").is_none()))
        && nodes().any(|node| node.get("required").is_some() || node.get("properties").is_some())
        && !has_tag(union)
}

fn demands_of(view: &View<'_>, node: &Node) -> bool {
    let Some(object) = node.as_object() else { return false };
    let parts = |key: &str| object.get(key).and_then(Node::as_array).unwrap_or_default();
    let known = |name: &str| view.properties.iter().any(|property| property.name.value == name);
    let demand = |member: &Member| match member.key.as_str() {
        "required" | "description" | "not" | "allOf" | "anyOf" | "oneOf" => true,
        // What has a name of its own is meant as a type of its own.
        "title" => object.get("properties").is_none(),
        "type" => member.value.as_str() == Some("object"),
        "properties" => member.value.as_object().is_some_and(|list| list.iter().all(|one| known(&one.key))),
        key => key.starts_with("x-"),
    };
    let speaks = ["required", "not", "allOf", "anyOf", "oneOf", "properties"];
    object.iter().all(demand)
        && parts("allOf")
            .iter()
            .chain(parts("anyOf"))
            .chain(parts("oneOf"))
            .all(|part| demands_of(view, part))
        && speaks.iter().any(|key| object.get(key).is_some())
}

/// Whether each alternative requires a constant of its own in one member, so that it is told apart by that.
fn has_tag(union: &UnionView<'_>) -> bool {
    let constant = |node: &Node, name: &str| {
        let required = node.get("required").and_then(Node::as_array).unwrap_or_default();
        let property = node.get("properties")?.get(name)?;
        let values = property.get("enum").and_then(Node::as_array)?;
        let texts: Option<Vec<String>> =
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
        texts.filter(|_| required.iter().any(|one| one.as_str() == Some(name)))
    };
    let Some(first) = union.alternatives.first().and_then(|node| node.get("properties")) else {
        return false;
    };
    let names = first.as_object().into_iter().flat_map(Object::iter).map(|member| member.key.as_str());
    names.into_iter().any(|name| {
        let values: Option<Vec<_>> = union.alternatives.iter().map(|node| constant(node, name)).collect();
        values.is_some_and(|values| !shares(&values))
    })
}

/// The values of enumerations of strings that are alternatives: together they are one, which may have more to say about
/// each value.
#[allow(clippy::type_complexity)]
fn listed_in_parts<'a>(
    alternatives: &[Alternative<'a>],
    union: &UnionView<'a>,
) -> Option<(Option<Vec<&'a Node>>, Vec<(String, String)>)> {
    let mut all: Vec<&'a Node> = Vec::new();
    let mut described = Vec::new();
    for Alternative { component, view, node, .. } in alternatives {
        let plain = component.is_none() && view.constraints.is_empty() && view.demands.is_empty();
        let values = view.values.as_ref().filter(|_| plain && view.unions.is_empty())?;
        if view.kind.is_some_and(|kind| kind != SchemaType::String) {
            return None;
        }
        for value in values.iter().filter(|value| !value.is_null()) {
            let text = value.as_str()?;
            if all.iter().any(|known| known.as_str() == Some(text)) {
                if union.exclusive {
                    return None;
                }
                continue;
            }
            let words = ["description", "title"].iter().find_map(|key| node.get(key)?.as_str());
            described.extend(words.map(|words| (text.to_owned(), words.to_owned())));
            all.push(value);
        }
    }
    (alternatives.len() > 1 && !all.is_empty()).then_some((Some(all), described))
}
