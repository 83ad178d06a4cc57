//! Schemas to types.

use indexmap::IndexMap;

use super::heirs::{self, Heirs};
use super::peek;
use super::view::{Property, View};
use super::{constraints, defaults, enums, scalars};
use crate::diagnostic::{Cost, Problem, Reported, code};
use crate::ir::{
    Additional, Constraints, Docs, Field, NameHint, Tuple, Type, TypeDecl, TypeId, TypeKind, TypeTable,
    TypeUse,
};
use crate::openapi::{AdditionalProperties, Document, Reading, Reference, SchemaType, Text, normal};
use crate::resolve::target;
use crate::source::{FileId, Node, NodeIdentity, Span, Value};

/// Makes types of schemas, each named one once.
pub(super) struct Schemas<'a> {
    pub(super) reading: Reading<'a>,
    pub(super) table: TypeTable,
    /// Nodes that have a declaration.
    declared: IndexMap<NodeIdentity, TypeId>,
    /// Declarations that have an error, with the place to name.
    pub(super) broken: IndexMap<TypeId, Span>,
    pub(super) heirs: Heirs<'a>,
    /// Where the components stand; they are the first declarations.
    pub(super) places: Vec<Span>,
    /// How many schemas the one being made stands in.
    depth: usize,
    /// Reserved declarations that are filled as soon as no schema is being made.
    waiting: Vec<(TypeId, &'a Node, Vec<String>)>,
}

/// How deep schemas may stand in each other. The deepest of a real document is about fifteen.
const MOST_NESTED: usize = 48;

/// How many elements a tuple may have: as many as Rust knows to compare and to print.
const MOST_ELEMENTS: usize = 12;

/// What a schema becomes.
enum Shape {
    /// A type expression.
    Use(TypeUse),
    /// Something that needs a declaration.
    Kind(TypeKind),
}

/// A state of the table to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

impl<'a> Schemas<'a> {
    /// Declares every schema of `components`.
    pub(super) fn of(reading: Reading<'a>, document: &Document<'a>) -> Self {
        let table = TypeTable::default();
        let mut schemas = Self {
            reading,
            table,
            declared: IndexMap::new(),
            broken: IndexMap::new(),
            heirs: heirs::of(reading, document),
            places: Vec::new(),
            depth: 0,
            waiting: Vec::new(),
        };
        // All ids first: schemas refer to each other in any order, and to themselves.
        let components: Vec<_> = document
            .components
            .schemas
            .iter()
            .map(|(name, node)| {
                // A component that only refers to a schema in another file is that schema.
                let elsewhere = peek::resolved(reading, node).filter(|end| {
                    end.span.file != FileId::ROOT && !schemas.declared.contains_key(&end.identity())
                });
                let meant = elsewhere.unwrap_or(node);
                let id = schemas.reserve(meant, NameHint::Component(name.value.clone()), name.span);
                schemas.declared.insert(node.identity(), id);
                (name, meant, id)
            })
            .collect();
        schemas.places = components.iter().map(|(name, ..)| name.span).collect();
        for (name, node, id) in components {
            let owner = [name.value.clone()];
            reading.sink.within(Cost::Component(name.value.clone()), || schemas.complete(id, node, &owner));
        }
        schemas.break_circles();
        schemas
    }

    /// A state to go back to when an operation fails.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.table.len())
    }

    /// Forgets what was declared since.
    pub(super) fn rewind(&mut self, mark: Mark) {
        self.table.truncate(mark.0);
        self.declared.retain(|_, id| (id.0 as usize) < mark.0);
        self.waiting.retain(|(id, ..)| (id.0 as usize) < mark.0);
        self.broken.retain(|id, _| (id.0 as usize) < mark.0);
    }

    /// Where a component is declared.
    pub(super) fn place(&self, id: TypeId) -> Option<Span> {
        self.places.get(id.0 as usize).copied()
    }

    /// The type of a schema, where it is used. `owner` begins the name of what must be declared for it.
    pub(super) fn type_use(&mut self, node: &'a Node, owner: &[String]) -> Result<TypeUse, Reported> {
        self.deeper(node, |schemas| schemas.nested_use(node, owner))
    }

    /// Does `work` unless too much of it stands in each other.
    pub(super) fn deeper<T>(
        &mut self,
        node: &'a Node,
        work: impl FnOnce(&mut Self) -> Result<T, Reported>,
    ) -> Result<T, Reported> {
        if self.depth > MOST_NESTED {
            let message = format!("schemas are nested deeper than {MOST_NESTED} levels");
            return Err(Problem::new(code::NESTED_TOO_DEEP, node.span, message).report(self.reading.sink));
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        while self.depth == 0
            && let Some((id, node, path)) = self.waiting.pop()
        {
            self.depth += 1;
            self.complete(id, node, &path);
            self.depth -= 1;
        }
        result
    }

    fn nested_use(&mut self, node: &'a Node, owner: &[String]) -> Result<TypeUse, Reported> {
        let nullable = peek::nullable(self.reading, node);
        if let Some(id) = self.declared.get(&node.identity()).filter(|_| Reference::of(node).is_none()) {
            return Ok(TypeUse { nullable, ..TypeUse::plain(Type::Named(*id)) });
        }
        let node = normal(self.reading, node);
        if let Some(reference) = Reference::of(node) {
            if let Some(aside) = node.get("nullable").filter(|_| nullable) {
                let message = "what stands beside a `$ref` doesn't count; null is taken all the same";
                Problem::new(code::NULLABLE_ASIDE, aside.span, message)
                    .help("put the `$ref` into an `allOf` beside `nullable: true`")
                    .report(self.reading.sink);
            }
            return self.reference(&reference, owner).map(|ty| TypeUse { nullable, ..ty });
        }
        if let Some(id) = self.declared.get(&node.identity()) {
            return Ok(TypeUse { nullable, ..TypeUse::plain(Type::Named(*id)) });
        }
        let view = View::of(self.reading, node, owner)?;
        self.view_use(view, owner).map(|ty| TypeUse { nullable: ty.nullable || nullable, ..ty })
    }

    /// The type of a merged schema, where it is used.
    pub(super) fn view_use(&mut self, view: View<'a>, owner: &[String]) -> Result<TypeUse, Reported> {
        if let Some(reference) = &view.alias {
            return self.reference(reference, owner);
        }
        if !self.needs_declaration(&view) {
            return match self.shape(view, owner)? {
                Shape::Use(ty) => Ok(ty),
                Shape::Kind(kind) => {
                    Ok(TypeUse::plain(Type::Named(self.add(kind, owner, Docs::default(), Span::default()))))
                }
            };
        }
        let (docs, span) = (view.docs.clone(), view.node.span);
        let id = self.add(TypeKind::Alias(TypeUse::plain(Type::Any)), owner, docs, span);
        // A view of several nodes has no node of its own that anything could refer to.
        if view.alone && view.node.get("$ref").is_none() {
            self.declared.entry(view.node.identity()).or_insert(id);
        }
        match self.shape(view, owner)? {
            Shape::Kind(kind) => {
                self.table.get_mut(id).kind = kind;
                Ok(TypeUse::plain(Type::Named(id)))
            }
            Shape::Use(ty) => {
                self.table.get_mut(id).kind = TypeKind::Alias(TypeUse { nullable: false, ..ty.clone() });
                Ok(TypeUse { nullable: ty.nullable, ..TypeUse::plain(Type::Named(id)) })
            }
        }
    }

    pub(super) fn reference(
        &mut self,
        reference: &Reference<'a>,
        owner: &[String],
    ) -> Result<TypeUse, Reported> {
        let target = target(self.reading, reference)?;
        if let Some(id) = self.declared.get(&target.node.identity()) {
            return Ok(TypeUse::plain(Type::Named(*id)));
        }
        // Not a component: a schema in the middle of something, which gets a name because something refers to it.
        let path = match target.name(self.reading.tree) {
            Some(name) => vec![name],
            None => name_of_pointer(target.pointer.tokens(), owner),
        };
        let id = self.reserve(target.node, NameHint::Path(path.clone()), target.node.span);
        // Chains of references through files are as long as they like: what is far down waits for its turn.
        if self.depth > MOST_NESTED / 2 {
            self.waiting.push((id, target.node, path));
        } else {
            self.depth += 1;
            self.complete(id, target.node, &path);
            self.depth -= 1;
        }
        Ok(TypeUse::plain(Type::Named(id)))
    }

    fn reserve(&mut self, node: &'a Node, name: NameHint, span: Span) -> TypeId {
        let kind = TypeKind::Alias(TypeUse::plain(Type::Any));
        let location = self.reading.tree.location(span);
        let id = self.table.add(TypeDecl { name, docs: Docs::default(), kind, form_of: None, location });
        self.declared.insert(node.identity(), id);
        id
    }

    pub(super) fn add(&mut self, kind: TypeKind, owner: &[String], docs: Docs, span: Span) -> TypeId {
        let location = self.reading.tree.location(span);
        self.table.add(TypeDecl { name: NameHint::Path(owner.to_vec()), docs, kind, form_of: None, location })
    }

    /// Fills a reserved declaration.
    fn complete(&mut self, id: TypeId, node: &'a Node, owner: &[String]) {
        let before = self.reading.sink.len();
        match self.declaration(node, owner) {
            Ok((kind, docs)) => {
                let declaration = self.table.get_mut(id);
                declaration.kind = kind;
                declaration.docs = docs;
            }
            Err(_) => {
                let place = self.place(id).unwrap_or(node.span);
                if let Some(cause) = self.reading.sink.foreign_since(before) {
                    Problem::new(code::BROKEN_SCHEMA, place, "the schema uses a schema that has an error")
                        .related(cause, "the error")
                        .report(self.reading.sink);
                }
                self.broken.insert(id, place);
            }
        }
    }

    fn declaration(&mut self, node: &'a Node, owner: &[String]) -> Result<(TypeKind, Docs), Reported> {
        let node = normal(self.reading, node);
        if let Some(reference) = Reference::of(node) {
            return Ok((TypeKind::Alias(self.reference(&reference, owner)?), Docs::default()));
        }
        let view = View::of(self.reading, node, owner)?;
        let docs = view.docs.clone();
        if let Some(reference) = &view.alias {
            return Ok((TypeKind::Alias(self.reference(reference, owner)?), docs));
        }
        let kind = match self.shape(view, owner)? {
            Shape::Kind(kind) => kind,
            // That the named type admits null is said where it is used.
            Shape::Use(ty) => TypeKind::Alias(TypeUse { nullable: false, ..ty }),
        };
        Ok((kind, docs))
    }

    fn needs_declaration(&self, view: &View<'a>) -> bool {
        match view.unions.as_slice() {
            [] if view.inheritance.is_some() => return true,
            [] => {}
            // What has one alternative beside null is that alternative.
            [union] if union.discriminator.is_some() => return true,
            [union] => {
                return union.alternatives.iter().filter(|node| !super::unions::is_null(node)).count() > 1;
            }
            _ => return true,
        }
        match view.inferred_kind() {
            Some(SchemaType::Object) => is_struct(view),
            Some(SchemaType::String) => view.values.is_some(),
            _ => false,
        }
    }

    fn shape(&mut self, mut view: View<'a>, owner: &[String]) -> Result<Shape, Reported> {
        if !view.unions.is_empty() {
            match self.union(&mut view, owner)? {
                Some(super::unions::Outcome::Union(union)) => {
                    return Ok(Shape::Kind(TypeKind::Union(*union)));
                }
                Some(super::unions::Outcome::Use(ty)) => return Ok(Shape::Use(*ty)),
                None => {}
            }
        }
        if let Some(discriminator) = view.inheritance.clone()
            && let Some(union) = self.union_of_heirs(&view, &discriminator, owner)?
        {
            return Ok(Shape::Kind(TypeKind::Union(union)));
        }
        let kind = view.inferred_kind();
        if let Some(values) = view.values.take() {
            if !values.is_empty() && values.iter().all(|value| value.is_null()) {
                return Ok(Shape::Use(super::assertions::null()));
            }
            match enums::read(self.reading, &view, &values, kind) {
                enums::Values::Texts(values) => return Ok(Shape::Kind(TypeKind::Enum { values })),
                enums::Values::Others(values) => view.constraints.one_of = values,
                enums::Values::None => {}
            }
        }
        let mut limits = constraints::applicable(std::mem::take(&mut view.constraints), kind);
        limits.assertions.extend(self.demanded(&view, owner)?);
        let ty = match kind {
            None => Type::Any,
            Some(SchemaType::Null) => return Ok(Shape::Use(super::assertions::null())),
            Some(SchemaType::Boolean) => Type::Boolean,
            Some(SchemaType::Integer) => {
                return Ok(Shape::Use(scalars::integer(view.format.as_deref(), limits)));
            }
            Some(SchemaType::Number) => Type::Number(scalars::number_format(view.format.as_deref())),
            Some(SchemaType::String) => Type::String(scalars::string_format(view.format.as_deref())),
            Some(SchemaType::Array) if !view.first_items.is_empty() => {
                return Ok(Shape::Use(self.tuple(&view, owner, limits)?));
            }
            Some(SchemaType::Array) => Type::Array(Box::new(self.items(&view, owner)?)),
            Some(SchemaType::Object) if is_struct(&view) => return self.structure(view, limits),
            Some(SchemaType::Object) => {
                limits.assertions.extend(self.asserted_patterns(&view, std::iter::empty(), owner)?);
                Type::Map(Box::new(self.map_values(&view, owner)?))
            }
        };
        Ok(Shape::Use(TypeUse { ty, nullable: false, constraints: limits }))
    }

    fn items(&mut self, view: &View<'a>, owner: &[String]) -> Result<TypeUse, Reported> {
        match &view.items {
            Some((items, _)) if items.as_array().is_some() => {
                let message = "`items` must be one schema, this is a list";
                Err(Problem::new(code::TUPLE_ITEMS, items.span, message).report(self.reading.sink))
            }
            Some((items, _)) if view.more_items.is_empty() => self.type_use(items, &joined(owner, "item")),
            Some((items, _)) => {
                let nodes: Vec<&'a Node> =
                    std::iter::once(*items).chain(view.more_items.iter().copied()).collect();
                let owner = joined(owner, "item");
                let (ty, _) = self.merged(&nodes, &owner)?;
                Ok(ty)
            }
            None => {
                let message = "this array doesn't say what it holds";
                Problem::new(code::NO_ITEMS, view.node.span, message).report(self.reading.sink);
                Ok(TypeUse::plain(Type::Any))
            }
        }
    }

    /// A list whose first elements are described one by one: a tuple if they are always there.
    fn tuple(
        &mut self,
        view: &View<'a>,
        owner: &[String],
        mut limits: Constraints,
    ) -> Result<TypeUse, Reported> {
        let mut types = Vec::new();
        for (index, node) in view.first_items.iter().enumerate() {
            types.push(self.type_use(node, &joined(owner, &format!("item{}", index + 1)))?);
        }
        let count = types.len() as u64;
        let closed = matches!(&view.items, Some((node, _)) if matches!(node.value, Value::Bool(false)));
        if limits.min_items == Some(count) && types.len() <= MOST_ELEMENTS {
            let others = Constraints { min_items: None, max_items: None, ..limits.clone() };
            let ends = limits.max_items == Some(count)
                || (closed && limits.max_items.is_none_or(|most| most > count));
            if others.is_empty() && (ends || limits.max_items.is_none()) {
                let rest = match &view.items {
                    _ if ends => None,
                    Some((node, _)) => Some(self.type_use(node, &joined(owner, "item"))?),
                    None => Some(TypeUse::plain(Type::Any)),
                };
                return Ok(TypeUse::plain(Type::Tuple(Tuple { first: types, rest: rest.map(Box::new) })));
            }
        }
        if closed {
            limits.max_items = Some(limits.max_items.map_or(count, |most| most.min(count)));
        } else if let Some((node, _)) = &view.items {
            types.push(self.type_use(node, &joined(owner, "item"))?);
        } else if limits.max_items.is_none_or(|most| most > count) {
            types.push(TypeUse::plain(Type::Any));
        }
        let mut types = types.into_iter();
        let first = types.next().unwrap_or(TypeUse::plain(Type::Any));
        let item = if types.all(|ty| ty == first) {
            first
        } else {
            limits.assertions.extend(self.asserted_items(view, owner)?);
            TypeUse::plain(Type::Any)
        };
        Ok(TypeUse { ty: Type::Array(Box::new(item)), nullable: false, constraints: limits })
    }

    fn map_values(&mut self, view: &View<'a>, owner: &[String]) -> Result<TypeUse, Reported> {
        if let Some(node) = view.only_pattern() {
            return self.type_use(node, &joined(owner, "value"));
        }
        match &view.additional {
            Some((AdditionalProperties::Schema(node), _)) if view.patterns.is_empty() => {
                self.type_use(node, &joined(owner, "value"))
            }
            _ => Ok(TypeUse::plain(Type::Any)),
        }
    }

    /// The members that a schema has itself.
    pub(super) fn members_of(&mut self, mut view: View<'a>) -> Result<TypeKind, Reported> {
        let limits = constraints::applicable(std::mem::take(&mut view.constraints), Some(SchemaType::Object));
        match self.structure(view, limits)? {
            Shape::Kind(kind) => Ok(kind),
            Shape::Use(ty) => Ok(TypeKind::Alias(ty)),
        }
    }

    fn structure(&mut self, view: View<'a>, mut limits: Constraints) -> Result<Shape, Reported> {
        let named = view.properties.iter().map(|property| property.name.value.clone());
        limits.assertions.extend(self.asserted_patterns(&view, named, &[])?);
        let additional = match &view.additional {
            Some((_, place)) if view.only_pattern().is_some() => {
                let node = view.only_pattern().unwrap_or(view.node);
                Additional::Typed(Box::new(self.type_use(node, &joined(place, "value"))?))
            }
            _ if !view.patterns.is_empty() => Additional::Typed(Box::new(TypeUse::plain(Type::Any))),
            // What is asserted about the whole is asserted about members that aren't described, too.
            None if !limits.is_empty() => Additional::Typed(Box::new(TypeUse::plain(Type::Any))),
            None => Additional::Ignored,
            Some((AdditionalProperties::Allowed(false), _)) => Additional::Forbidden,
            Some((AdditionalProperties::Allowed(true), _)) => {
                Additional::Typed(Box::new(TypeUse::plain(Type::Any)))
            }
            Some((AdditionalProperties::Schema(node), place)) => {
                Additional::Typed(Box::new(self.type_use(node, &joined(place, "value"))?))
            }
        };
        let mut fields = Vec::new();
        let mut failed = None;
        let is_required = |name: &str| view.required.iter().any(|required| required.value == name);
        for property in &view.properties {
            match self.field(property, is_required(&property.name.value)) {
                Ok(field) => fields.push(field),
                Err(reported) => failed = Some(reported),
            }
        }
        if let Some(reported) = failed {
            return Err(reported);
        }
        self.undeclared_fields(&view, &additional, &mut fields);
        Ok(Shape::Kind(TypeKind::Struct { fields, additional, constraints: limits }))
    }

    /// Members that `required` names and `properties` doesn't.
    fn undeclared_fields(&mut self, view: &View<'a>, additional: &Additional, fields: &mut Vec<Field>) {
        for Text { value: name, span } in &view.required {
            if fields.iter().any(|field| field.name == *name) {
                continue;
            }
            let message = format!("`{name}` is required but not described; any value is taken");
            Problem::new(code::UNDECLARED_REQUIRED, *span, message).report(self.reading.sink);
            let ty = match additional {
                Additional::Typed(ty) => TypeUse::clone(ty),
                _ => TypeUse { nullable: true, ..TypeUse::plain(Type::Any) },
            };
            fields.push(Field {
                name: name.clone(),
                ty,
                required: true,
                default: None,
                read_only: false,
                write_only: false,
                docs: Docs::default(),
            });
        }
    }

    /// The type of what is a value of several schemas at once.
    fn merged(&mut self, nodes: &[&'a Node], owner: &[String]) -> Result<(TypeUse, Docs), Reported> {
        let reading = self.reading;
        let Some((first, rest)) = nodes.split_first() else {
            return Ok((TypeUse::plain(Type::Any), Docs::default()));
        };
        let mut whole = View::of(reading, first, owner)?;
        for node in rest {
            whole = whole.and(reading, View::of(reading, node, owner)?);
        }
        let nullable = nodes.iter().all(|node| peek::nullable(reading, node));
        let docs = whole.docs.clone();
        let ty = self.view_use(whole, owner)?;
        Ok((TypeUse { nullable: ty.nullable || nullable, ..ty }, docs))
    }

    fn field(&mut self, property: &Property<'a>, required: bool) -> Result<Field, Reported> {
        let owner = joined(&property.owner, &property.name.value);
        let reading = self.reading;
        let (ty, docs) = match property.nodes.as_slice() {
            [node] => {
                let ty = self.type_use(node, &owner)?;
                (ty, use_docs(node))
            }
            nodes if property.apart => {
                let docs = nodes.iter().map(|node| use_docs(node)).find(|docs| docs.description.is_some());
                (self.blended(nodes, &owner)?, docs.unwrap_or_default())
            }
            nodes => self.merged(nodes, &owner)?,
        };
        let last = property.nodes.iter().rev();
        Ok(Field {
            name: property.name.value.clone(),
            required,
            default: if property.apart {
                None
            } else {
                last.clone().find_map(|node| defaults::of_schema(reading, node))
            },
            read_only: last.clone().any(|node| peek::flag(reading, node, "readOnly")),
            write_only: last.clone().any(|node| peek::flag(reading, node, "writeOnly")),
            ty,
            docs,
        })
    }
}

/// The words that stand where a schema is used; those of a referenced schema belong to its declaration.
pub(super) fn use_docs(node: &Node) -> Docs {
    let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    Docs {
        summary: text("title"),
        description: text("description"),
        deprecated: matches!(
            node.get("deprecated").map(|node| &node.value),
            Some(crate::source::Value::Bool(true))
        ),
        example: node.get("example").map(Node::to_json),
        external_url: node
            .get("externalDocs")
            .and_then(|docs| docs.get("url"))
            .and_then(Node::as_str)
            .map(str::to_owned),
    }
}

/// Whether an object has known members, or is known to have none.
fn is_struct(view: &View<'_>) -> bool {
    let closed = matches!(view.additional, Some((AdditionalProperties::Allowed(false), _)));
    view.has_members() || (closed && view.patterns.is_empty())
}

/// `owner` with one more word.
pub(super) fn joined(owner: &[String], word: &str) -> Vec<String> {
    owner.iter().cloned().chain([word.to_owned()]).collect()
}

/// A name for a schema in the middle of something: `#/components/schemas/A/properties/b` is `A`, `b`.
fn name_of_pointer(tokens: &[String], owner: &[String]) -> Vec<String> {
    const STRUCTURE: [&str; 14] = [
        "components",
        "schemas",
        "definitions",
        "$defs",
        "properties",
        "items",
        "allOf",
        "oneOf",
        "anyOf",
        "paths",
        "content",
        "schema",
        "responses",
        "application/json",
    ];
    let words: Vec<_> = tokens
        .iter()
        .filter(|token| !STRUCTURE.contains(&token.as_str()) && token.parse::<usize>().is_err())
        .cloned()
        .collect();
    if words.is_empty() { owner.to_vec() } else { words }
}
