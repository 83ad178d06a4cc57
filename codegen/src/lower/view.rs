//! What a schema says once its `allOf` is merged into it.

use super::peek::resolved;
use super::{constraints, nullable};
use crate::diagnostic::{Cost, Problem, Reported, code};
use crate::ir::{Constraints, Docs};
use crate::openapi::{AdditionalProperties, Discriminator, Reading, Reference, Schema, SchemaType, Text};
use crate::resolve::target;
use crate::source::{Node, NodeIdentity, Span, Value};

/// A schema without `allOf`.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    /// The schema that it was made from.
    pub(super) node: &'a Node,
    /// Whether that alone says all of it, so that who refers to it means this.
    pub(super) alone: bool,
    /// Set if the schema only is another name for this.
    pub(super) alias: Option<Reference<'a>>,
    pub(super) kind: Option<SchemaType>,
    pub(super) format: Option<String>,
    pub(super) values: Option<Vec<&'a Node>>,
    /// Words about listed values.
    pub(super) described: Vec<(String, String)>,
    pub(super) properties: Vec<Property<'a>>,
    pub(super) required: Vec<Text>,
    pub(super) additional: Option<(AdditionalProperties<'a>, Owner)>,
    pub(super) items: Option<(&'a Node, Owner)>,
    /// What other parts of an `allOf` say of the elements: that holds too.
    pub(super) more_items: Vec<&'a Node>,
    /// `prefixItems`: what the first elements are, one by one.
    pub(super) first_items: &'a [Node],
    /// `patternProperties`.
    pub(super) patterns: Vec<(String, &'a Node)>,
    /// What is told by looking at a value as JSON.
    pub(super) demands: Vec<Demand<'a>>,
    pub(super) unions: Vec<UnionView<'a>>,
    /// Set if it has a discriminator but no alternatives.
    pub(super) inheritance: Option<Discriminator>,
    pub(super) constraints: Constraints,
    pub(super) docs: Docs,
}

/// What the names of types found below begin with: the component that they are written in, or the place.
pub(super) type Owner = Vec<String>;

/// The schemas that are being merged, against circles and against parts that multiply.
#[derive(Default)]
struct Open {
    path: Vec<NodeIdentity>,
    parts: usize,
}

impl Open {
    const MOST_NESTED: usize = 48;
    const MOST_PARTS: usize = 4096;
}

#[derive(Clone, Debug)]
pub(super) struct Property<'a> {
    pub(super) name: Text,
    /// Several, if parts of an `allOf` describe it more than once: all of them hold.
    pub(super) nodes: Vec<&'a Node>,
    /// Whether each of those nodes belongs to another alternative, so that only one of them need hold.
    pub(super) apart: bool,
    pub(super) owner: Owner,
}

/// What a schema demands beside its type, its members and its limits.
#[derive(Clone, Debug)]
pub(super) enum Demand<'a> {
    Not(&'a Node),
    If {
        condition: &'a Node,
        then: Option<&'a Node>,
        otherwise: Option<&'a Node>,
    },
    Contains {
        item: &'a Node,
        least: u64,
        most: Option<u64>,
    },
    MemberNames(&'a Node),
    Dependent {
        member: String,
        required: Vec<String>,
        schema: Option<&'a Node>,
    },
    /// Alternatives beside others that are the type.
    Union(UnionView<'a>),
}

#[derive(Clone, Debug)]
pub(super) struct UnionView<'a> {
    pub(super) alternatives: &'a [Node],
    pub(super) discriminator: Option<Discriminator>,
    /// Whether exactly one must hold.
    pub(super) exclusive: bool,
    pub(super) owner: Owner,
    pub(super) span: Span,
}

impl<'a> View<'a> {
    /// Reads a schema and merges its `allOf`. `owner` names types found in it.
    pub(super) fn of(reading: Reading<'a>, node: &'a Node, owner: &[String]) -> Result<Self, Reported> {
        Self::nested(reading, node, owner, &mut Open::default())
    }

    /// Nothing, said of `node`.
    pub(super) fn empty(node: &'a Node) -> Self {
        Self {
            node,
            alone: true,
            alias: None,
            kind: None,
            format: None,
            values: None,
            described: Vec::new(),
            properties: Vec::new(),
            required: Vec::new(),
            additional: None,
            items: None,
            more_items: Vec::new(),
            first_items: &[],
            patterns: Vec::new(),
            demands: Vec::new(),
            unions: Vec::new(),
            inheritance: None,
            constraints: Constraints::default(),
            docs: Docs::default(),
        }
    }

    /// Reads what follows `$ref` too: for merging, a name doesn't matter.
    fn nested(
        reading: Reading<'a>,
        node: &'a Node,
        owner: &[String],
        open: &mut Open,
    ) -> Result<Self, Reported> {
        if open.path.contains(&node.identity()) {
            let message = "this schema is made of itself";
            return Err(Problem::new(code::REFERENCE_CYCLE, node.span, message).report(reading.sink));
        }
        open.parts += 1;
        if open.path.len() > Open::MOST_NESTED || open.parts > Open::MOST_PARTS {
            let message = "this schema is made of too many parts";
            return Err(Problem::new(code::NESTED_TOO_DEEP, node.span, message).report(reading.sink));
        }
        open.path.push(node.identity());
        let view = Self::read(reading, node, owner, open);
        open.path.pop();
        view
    }

    fn read(
        reading: Reading<'a>,
        node: &'a Node,
        owner: &[String],
        open: &mut Open,
    ) -> Result<Self, Reported> {
        let schema = Schema::read(reading, node)?;
        let node = schema.node;
        if let Some(reference) = schema.reference {
            let target = target(reading, &reference)?;
            let owner = target.component().map_or_else(|| owner.to_vec(), |name| vec![name.to_owned()]);
            // What is wrong there is that component's own affair.
            let mut view = match target.component() {
                Some(name) => reading.sink.within(Cost::Component(name.to_owned()), || {
                    Self::nested(reading, target.node, &owner, open)
                })?,
                None => Self::nested(reading, target.node, &owner, open)?,
            };
            view.alias = Some(reference);
            return Ok(view);
        }
        let own = Self::own(reading, &schema, owner);
        if schema.all_of.is_empty() {
            return Ok(own.with_the_rest(reading, &schema, owner));
        }
        let mut whole = Self::empty(node);
        let mut asserting = Vec::new();
        for part in schema.all_of {
            let mut part = Self::nested(reading, part, owner, open)?;
            if part.asserts() {
                // A base that stands for its extensions is something else than each of them.
                asserting.push(part.alias.clone().filter(|_| part.inheritance.is_none()));
            }
            // A base may list its alternatives, of which this is one: that it is one of them, it knows.
            part.unions.retain(|union| {
                let leads_back = |node: &'a Node| {
                    resolved(reading, node).is_some_and(|end| open.path.contains(&end.identity()))
                };
                !union.alternatives.iter().any(leads_back)
            });
            part.inheritance = None;
            whole = whole.and(reading, part);
        }
        let renames = match asserting.as_slice() {
            [Some(reference)] if !own.asserts_more_than(whole.kind) => Some(reference.clone()),
            _ => None,
        };
        let docs = own.docs.clone();
        let inheritance = own.inheritance.clone();
        whole = whole.and(reading, own);
        whole.docs = if docs.description.is_some() { docs } else { or(docs, whole.docs) };
        whole.inheritance = inheritance;
        whole.alias = renames;
        whole.node = node;
        whole.alone = true;
        Ok(whole.with_the_rest(reading, &schema, owner))
    }

    /// With what the schema says of the members and elements that none of its parts describes.
    fn with_the_rest(mut self, reading: Reading<'a>, schema: &Schema<'a>, owner: &[String]) -> Self {
        let open = |view: &Self| {
            let conditional =
                |demand: &Demand<'_>| !matches!(demand, Demand::Not(_) | Demand::MemberNames(_));
            !view.unions.is_empty() || view.demands.iter().any(conditional)
        };
        if let Some(node) =
            schema.unevaluated_properties.filter(|node| !matches!(node.value, Value::Bool(true)))
        {
            if open(&self) || self.additional.is_some() {
                let message = "which members its alternatives describe isn't counted; others are taken";
                Problem::new(code::UNEVALUATED, node.span, message).report(reading.sink);
            } else {
                let rest = match node.value {
                    Value::Bool(allowed) => AdditionalProperties::Allowed(allowed),
                    _ => AdditionalProperties::Schema(node),
                };
                self.additional = Some((rest, owner.to_vec()));
                self.alias = None;
            }
        }
        if let Some(node) = schema.unevaluated_items.filter(|node| !matches!(node.value, Value::Bool(true))) {
            if open(&self) || self.items.is_some() {
                let message = "which elements its alternatives describe isn't counted; others are taken";
                Problem::new(code::UNEVALUATED, node.span, message).report(reading.sink);
            } else {
                self.items = Some((node, owner.to_vec()));
                self.alias = None;
            }
        }
        self
    }

    /// What stands in the schema itself.
    fn own(reading: Reading<'a>, schema: &Schema<'a>, owner: &[String]) -> Self {
        constraints::warn_misplaced(reading, schema);
        nullable::warn(reading, schema);
        let mut unions = Vec::new();
        for (key, alternatives) in [("oneOf", schema.one_of), ("anyOf", schema.any_of)] {
            if alternatives.is_empty() {
                if let Some(empty) = schema.member(key) {
                    let message = format!("`{key}` has no alternatives; it is ignored");
                    Problem::new(code::EMPTY_UNION, empty.span, message).report(reading.sink);
                }
            } else {
                unions.push(UnionView {
                    alternatives,
                    discriminator: schema.discriminator.clone(),
                    exclusive: key == "oneOf",
                    owner: owner.to_vec(),
                    span: schema.member(key).map_or(schema.span(), |node| node.span),
                });
            }
        }
        let property = |(name, node): &(Text, &'a Node)| Property {
            name: name.clone(),
            nodes: vec![*node],
            apart: false,
            owner: owner.to_vec(),
        };
        Self {
            inheritance: if unions.is_empty() { schema.discriminator.clone() } else { None },
            kind: schema.kind,
            format: schema.format.clone(),
            values: schema.values.map(|nodes| nodes.iter().collect()),
            properties: schema.properties.iter().map(property).collect(),
            required: schema.required.clone(),
            additional: schema.additional.map(|additional| (additional, owner.to_vec())),
            items: schema.items.map(|items| (items, owner.to_vec())),
            first_items: schema.prefix_items,
            patterns: patterns(reading, schema),
            demands: demands(schema),
            unions,
            constraints: constraints::read(reading, schema),
            docs: schema.docs.clone(),
            ..Self::empty(schema.node)
        }
    }

    /// Both at once. Where only one can hold, it is `other`.
    pub(super) fn and(mut self, reading: Reading<'a>, other: Self) -> Self {
        if self.has_members() || other.has_members() {
            self.additional = merge_additional(&self, &other);
        } else {
            self.additional = other.additional.or(self.additional);
        }
        self.kind = match (self.kind, other.kind) {
            (Some(SchemaType::Integer), Some(SchemaType::Number)) => Some(SchemaType::Integer),
            (left, Some(SchemaType::Null)) | (Some(SchemaType::Null), left) => {
                left.or(Some(SchemaType::Null))
            }
            (Some(left), Some(right)) => {
                let narrows = (left, right) == (SchemaType::Number, SchemaType::Integer);
                if left != right && !narrows {
                    let message = "parts of this schema have different types; the last one counts";
                    Problem::new(code::CONFLICTING_ALL_OF, other.node.span, message)
                        .related(self.node.span, "another part")
                        .report(reading.sink);
                }
                Some(right)
            }
            (left, right) => right.or(left),
        };
        self.format = other.format.or(self.format);
        self.values = match (self.values, other.values) {
            (Some(left), Some(right)) => {
                let common: Vec<_> = right
                    .iter()
                    .copied()
                    .filter(|value| left.iter().any(|other| same(other, value)))
                    .collect();
                Some(if common.is_empty() { right } else { common })
            }
            (left, right) => right.or(left),
        };
        for property in other.properties {
            match self.properties.iter_mut().find(|own| own.name.value == property.name.value) {
                None => self.properties.push(property),
                Some(own) => {
                    for node in property.nodes {
                        if !own.nodes.iter().any(|other| same(other, node)) {
                            own.nodes.push(node);
                            own.owner = property.owner.clone();
                        }
                    }
                }
            }
        }
        for name in other.required {
            if !self.required.iter().any(|own| own.value == name.value) {
                self.required.push(name);
            }
        }
        self.more_items.extend(other.more_items);
        self.items = match (self.items, other.items) {
            (Some((own, owner)), Some((others, _))) => {
                if !same(own, others) {
                    self.more_items.push(others);
                }
                Some((own, owner))
            }
            (own, others) => own.or(others),
        };
        if self.first_items.is_empty() {
            self.first_items = other.first_items;
        }
        self.patterns.extend(other.patterns);
        self.demands.extend(other.demands);
        self.unions.extend(other.unions);
        self.constraints = constraints::both(self.constraints, other.constraints);
        self.docs = or(other.docs, self.docs);
        self.alias = None;
        self.alone = false;
        self
    }

    /// Whether it says anything about a value.
    pub(super) fn asserts(&self) -> bool {
        self.kind.is_some() || self.asserts_more_than(None)
    }

    /// Whether it says anything beside a type that is known anyway.
    fn asserts_more_than(&self, known: Option<SchemaType>) -> bool {
        self.kind.is_some_and(|kind| Some(kind) != known)
            || self.format.is_some()
            || self.values.is_some()
            || self.has_members()
            || self.additional.is_some()
            || self.items.is_some()
            || !self.first_items.is_empty()
            || !self.patterns.is_empty()
            || !self.demands.is_empty()
            || !self.unions.is_empty()
            || !self.constraints.is_empty()
    }

    /// The schema of every member that isn't described, if their names all match one pattern.
    pub(super) fn only_pattern(&self) -> Option<&'a Node> {
        match (self.patterns.as_slice(), &self.additional) {
            ([(_, node)], Some((AdditionalProperties::Allowed(false), _))) => Some(node),
            _ => None,
        }
    }

    pub(super) fn has_members(&self) -> bool {
        !self.properties.is_empty() || !self.required.is_empty()
    }

    /// The type that it has, also if it only lets one see.
    pub(super) fn inferred_kind(&self) -> Option<SchemaType> {
        self.kind.or_else(|| {
            if self.has_members() || self.additional.is_some() || !self.patterns.is_empty() {
                Some(SchemaType::Object)
            } else if self.items.is_some() || !self.first_items.is_empty() {
                Some(SchemaType::Array)
            } else {
                let mut values = self.values.as_ref()?.iter().filter(|node| !node.is_null()).peekable();
                values.peek()?;
                values.all(|node| node.as_str().is_some()).then_some(SchemaType::String)
            }
        })
    }
}

fn patterns<'a>(reading: Reading<'a>, schema: &Schema<'a>) -> Vec<(String, &'a Node)> {
    let patterns = schema.pattern_properties.iter();
    let valid =
        patterns.filter(|(pattern, _)| constraints::is_pattern(reading, &pattern.value, pattern.span));
    valid.map(|(pattern, node)| (pattern.value.clone(), *node)).collect()
}

fn demands<'a>(schema: &Schema<'a>) -> Vec<Demand<'a>> {
    let mut demands = Vec::new();
    demands.extend(schema.not.map(Demand::Not));
    if let Some(condition) = schema.if_.filter(|_| schema.then.is_some() || schema.else_.is_some()) {
        demands.push(Demand::If { condition, then: schema.then, otherwise: schema.else_ });
    }
    if let Some(item) = schema.contains {
        let count = |key: &str| match schema.member(key).map(|node| &node.value) {
            Some(Value::Number(number)) => number.as_u64(),
            _ => None,
        };
        let least = count("minContains").unwrap_or(1);
        demands.push(Demand::Contains { item, least, most: count("maxContains") });
    }
    demands.extend(schema.property_names.map(Demand::MemberNames));
    for (member, required) in &schema.dependent_required {
        let required = required.iter().map(|name| name.value.clone()).collect();
        demands.push(Demand::Dependent { member: member.value.clone(), required, schema: None });
    }
    for (member, node) in &schema.dependent_schemas {
        let schema = Some(*node);
        demands.push(Demand::Dependent { member: member.value.clone(), required: Vec::new(), schema });
    }
    demands
}

/// `false` in one part was written without the members of the others in mind, so it counts only if all say it.
fn merge_additional<'a>(first: &View<'a>, second: &View<'a>) -> Option<(AdditionalProperties<'a>, Owner)> {
    let closed = |view: &View<'a>| matches!(view.additional, Some((AdditionalProperties::Allowed(false), _)));
    let (left, right) = (&first.additional, &second.additional);
    match (left, right) {
        (Some(_), Some(_)) => if closed(second) { left } else { right }.clone(),
        (Some(_), None) => left.clone().filter(|_| !(closed(first) && second.has_members())),
        (None, _) => right.clone().filter(|_| !(closed(second) && first.has_members())),
    }
}

fn or(first: Docs, second: Docs) -> Docs {
    Docs {
        summary: first.summary.or(second.summary),
        description: first.description.or(second.description),
        deprecated: first.deprecated || second.deprecated,
        example: first.example.or(second.example),
        external_url: first.external_url.or(second.external_url),
    }
}

/// Whether two nodes say the same.
pub(super) fn same(left: &Node, right: &Node) -> bool {
    left.identity() == right.identity() || left.to_json() == right.to_json()
}
