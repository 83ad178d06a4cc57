//! Which file a type goes to: that of the one tag whose operations use it, or else `shared`.

use super::cycles::{each_member, each_named};
use super::names::Names;
use crate::ir::{Api, BodyKind, Content, Operation, TypeId, TypeUse};

/// The module of types that several tags use, or none.
pub const SHARED: &str = "shared";

/// The module of each type, by id.
pub(super) fn modules(api: &Api, names: &Names) -> Vec<String> {
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); api.types.len()];
    for (number, tag) in api.tags.iter().enumerate() {
        let mut pending: Vec<TypeId> = Vec::new();
        for operation in api.operations.iter().filter(|operation| operation.tag == tag.name) {
            each_use(operation, &mut |ty| each_named(ty, &mut |id| pending.push(id)));
        }
        while let Some(id) = pending.pop() {
            let users = &mut users[id.0 as usize];
            if users.last() != Some(&number) {
                users.push(number);
                each_member(&api.types.get(id).kind, &mut |id| pending.push(id));
            }
        }
    }
    users
        .iter()
        .map(|users| match users[..] {
            [tag] => names.tags[tag].module.clone(),
            _ => SHARED.to_owned(),
        })
        .collect()
}

/// Calls `found` for every type that the operation uses itself.
fn each_use<'a>(operation: &'a Operation, found: &mut impl FnMut(&'a TypeUse)) {
    for parameter in &operation.parameters {
        found(&parameter.ty);
    }
    let bodies = operation.body.iter().flat_map(|body| &body.contents);
    for content in bodies.chain(operation.responses.iter().flat_map(|response| &response.contents)) {
        each_content(content, found);
    }
    for header in operation.responses.iter().flat_map(|response| &response.headers) {
        found(&header.ty);
    }
}

fn each_content<'a>(content: &'a Content, found: &mut impl FnMut(&'a TypeUse)) {
    if let Some(ty) = content.kind.ty() {
        found(ty);
    }
    if let BodyKind::Multipart { parts, .. } = &content.kind {
        parts.iter().flat_map(|part| &part.headers).for_each(|header| found(&header.ty));
        parts.iter().filter_map(|part| part.kind.ty()).for_each(found);
    }
}
