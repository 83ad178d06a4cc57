//! Leaving out what can't be generated, and moving the rest together.

use indexmap::{IndexMap, IndexSet};

use super::operations::Lowered;
use super::schemas::Schemas;
use crate::diagnostic::{Cost, Problem, code};
use crate::ir::{
    Additional, Assertion, BodyKind, Constraints, Content, NameHint, Operation, Type, TypeDecl, TypeId,
    TypeKind, TypeTable, TypeUse,
};
use crate::openapi::Reading;
use crate::source::Span;

/// Leaves out the operations that use a broken schema, and says which one.
pub(super) fn without_broken(
    reading: Reading<'_>,
    schemas: &Schemas<'_>,
    operations: Vec<Lowered>,
) -> Vec<Lowered> {
    let broken = spread(schemas);
    for (id, span) in &broken {
        let declaration = schemas.table.get(*id);
        if let (NameHint::Component(name), false) = (&declaration.name, schemas.broken.contains_key(id)) {
            let message = format!("the schema `{name}` uses a schema that has an error");
            let place = schemas.place(*id).unwrap_or(*span);
            reading.sink.within(Cost::Component(name.clone()), || {
                Problem::new(code::BROKEN_SCHEMA, place, message)
                    .related(*span, "the schema")
                    .report(reading.sink)
            });
        }
    }
    let keep = |lowered: &mut Lowered| {
        let mut cause = None;
        operation_ids(&mut lowered.operation, &mut |id| {
            cause = cause.or(broken.get(id).map(|span| (*id, *span)))
        });
        if let Some((id, span)) = cause {
            let message = match &schemas.table.get(id).name {
                NameHint::Component(name) => {
                    format!("the operation uses the schema `{name}`, which has an error")
                }
                NameHint::Path(_) => "the operation uses a schema that has an error".to_owned(),
            };
            reading.sink.within(Cost::Operation(lowered.operation.id.clone()), || {
                Problem::new(code::BROKEN_SCHEMA, lowered.span, message)
                    .related(span, "the schema")
                    .report(reading.sink)
            });
        }
        cause.is_none()
    };
    let mut operations = operations;
    operations.retain_mut(keep);
    operations
}

/// The types that are left: components, and what they and operations use, in the old order.
pub(super) fn types(schemas: &Schemas<'_>, operations: &mut [Operation]) -> TypeTable {
    let broken = spread(schemas);
    let mut open: Vec<TypeId> = Vec::new();
    for (id, declaration) in schemas.table.iter() {
        if matches!(declaration.name, NameHint::Component(_)) && !broken.contains_key(&id) {
            open.push(id);
        }
    }
    for operation in &mut *operations {
        operation_ids(operation, &mut |id| open.push(*id));
    }
    reachable(&schemas.table, open, operations)
}

/// The types that are reached from `open`, in the old order and numbered anew, also in `operations`.
pub(super) fn reachable(table: &TypeTable, mut open: Vec<TypeId>, operations: &mut [Operation]) -> TypeTable {
    let mut used: IndexSet<TypeId> = IndexSet::new();
    while let Some(id) = open.pop() {
        if used.insert(id) {
            each_id(&table.get(id).kind, &mut |id| open.push(id));
        }
    }
    used.sort_unstable();
    let moved: IndexMap<TypeId, TypeId> =
        used.iter().enumerate().map(|(index, id)| (*id, TypeId(index as u32))).collect();
    let mut shift = |id: &mut TypeId| {
        if let Some(new) = moved.get(id) {
            *id = *new;
        }
    };
    let mut left = TypeTable::default();
    for id in &used {
        let mut declaration = table.get(*id).clone();
        kind_ids(&mut declaration.kind, &mut shift);
        left.add(declaration);
    }
    for operation in operations {
        operation_ids(operation, &mut shift);
    }
    left
}

/// The types that one operation uses.
pub(crate) fn types_of(table: &TypeTable, operation: &Operation) -> IndexMap<TypeId, TypeDecl> {
    let mut used = IndexMap::new();
    let mut open = Vec::new();
    operation_ids(&mut operation.clone(), &mut |id| open.push(*id));
    while let Some(id) = open.pop() {
        if !used.contains_key(&id) {
            let declaration = table.get(id).clone();
            each_id(&declaration.kind, &mut |id| open.push(id));
            used.insert(id, declaration);
        }
    }
    used.sort_unstable_keys();
    used
}

/// Declarations that are broken or use a broken one, with the place of the first cause.
fn spread(schemas: &Schemas<'_>) -> IndexMap<TypeId, Span> {
    let mut users: IndexMap<TypeId, Vec<TypeId>> = IndexMap::new();
    for (user, declaration) in schemas.table.iter() {
        each_id(&declaration.kind, &mut |id| users.entry(id).or_default().push(user));
    }
    let mut broken = schemas.broken.clone();
    let mut open: Vec<(TypeId, Span)> = broken.iter().map(|(id, span)| (*id, *span)).collect();
    while let Some((id, span)) = open.pop() {
        for user in users.get(&id).into_iter().flatten() {
            if !broken.contains_key(user) {
                broken.insert(*user, span);
                open.push((*user, span));
            }
        }
    }
    broken
}

pub(super) fn operation_ids(operation: &mut Operation, visit: &mut dyn FnMut(&mut TypeId)) {
    for parameter in &mut operation.parameters {
        use_ids(&mut parameter.ty, visit);
    }
    let bodies = operation.body.iter_mut().flat_map(|body| &mut body.contents);
    let answers = operation.responses.iter_mut().flat_map(|response| {
        for header in &mut response.headers {
            use_ids(&mut header.ty, visit);
        }
        &mut response.contents
    });
    let kinds: Vec<&mut BodyKind> = bodies.chain(answers).map(|content| &mut content.kind).collect();
    for kind in kinds {
        body_ids(kind, visit);
    }
}

/// Calls `visit` for the declared types that a body names itself.
pub(super) fn content_ids(content: &mut Content, visit: &mut dyn FnMut(&mut TypeId)) {
    body_ids(&mut content.kind, visit);
}

fn body_ids(kind: &mut BodyKind, visit: &mut dyn FnMut(&mut TypeId)) {
    if let Some(ty) = kind.ty_mut() {
        use_ids(ty, visit);
    }
    if let BodyKind::Multipart { parts, .. } = kind {
        for part in parts {
            part.headers.iter_mut().for_each(|header| use_ids(&mut header.ty, visit));
            body_ids(&mut part.kind, visit);
        }
    }
}

/// Calls `visit` for each declared type that a declaration names itself.
pub(super) fn each_id(kind: &TypeKind, visit: &mut dyn FnMut(TypeId)) {
    match kind {
        TypeKind::Struct { fields, additional, constraints } => {
            fields.iter().for_each(|field| each_use_id(&field.ty, visit));
            if let Additional::Typed(ty) = additional {
                each_use_id(ty, visit);
            }
            each_asserted_id(constraints, visit);
        }
        TypeKind::Enum { .. } => {}
        TypeKind::Union(union) => {
            union.variants.iter().for_each(|variant| each_use_id(&variant.ty, visit));
            each_asserted_id(&union.constraints, visit);
        }
        TypeKind::Alias(ty) => each_use_id(ty, visit),
    }
}

fn each_use_id(ty: &TypeUse, visit: &mut dyn FnMut(TypeId)) {
    each_asserted_id(&ty.constraints, visit);
    match &ty.ty {
        Type::Named(id) => visit(*id),
        Type::Array(inner) | Type::Map(inner) => each_use_id(inner, visit),
        Type::Tuple(tuple) => tuple.elements().for_each(|element| each_use_id(element, visit)),
        Type::Any | Type::Boolean | Type::Integer(_) | Type::Number(_) | Type::String(_) => {}
    }
}

fn each_asserted_id(constraints: &Constraints, visit: &mut dyn FnMut(TypeId)) {
    for ty in constraints.assertions.iter().flat_map(Assertion::types) {
        each_use_id(ty, visit);
    }
}

/// As [`each_id`], to change them.
pub(super) fn kind_ids(kind: &mut TypeKind, visit: &mut dyn FnMut(&mut TypeId)) {
    match kind {
        TypeKind::Struct { fields, additional, constraints } => {
            fields.iter_mut().for_each(|field| use_ids(&mut field.ty, visit));
            if let Additional::Typed(ty) = additional {
                use_ids(ty, visit);
            }
            asserted_ids(constraints, visit);
        }
        TypeKind::Enum { .. } => {}
        TypeKind::Union(union) => {
            union.variants.iter_mut().for_each(|variant| use_ids(&mut variant.ty, visit));
            asserted_ids(&mut union.constraints, visit);
        }
        TypeKind::Alias(ty) => use_ids(ty, visit),
    }
}

fn use_ids(ty: &mut TypeUse, visit: &mut dyn FnMut(&mut TypeId)) {
    asserted_ids(&mut ty.constraints, visit);
    match &mut ty.ty {
        Type::Named(id) => visit(id),
        Type::Array(inner) | Type::Map(inner) => use_ids(inner, visit),
        Type::Tuple(tuple) => tuple.elements_mut().for_each(|element| use_ids(element, visit)),
        Type::Any | Type::Boolean | Type::Integer(_) | Type::Number(_) | Type::String(_) => {}
    }
}

fn asserted_ids(constraints: &mut Constraints, visit: &mut dyn FnMut(&mut TypeId)) {
    for ty in constraints.assertions.iter_mut().flat_map(Assertion::types_mut) {
        use_ids(ty, visit);
    }
}
