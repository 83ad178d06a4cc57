use super::links::expression;
use super::operations::Lowered;
use crate::diagnostic::{Cost, Problem, Reported, code};
use crate::ir::{
    Additional, AsyncOperation, BodyKind, LinkTarget, Operation, RuntimeExpression, Status, Type, TypeKind,
    TypeTable, TypeUse,
};
use crate::openapi::{AsyncExtension, Reading, Text};
use crate::source::Span;

/// Attaches `x-planewright-async` to the operations that have it. One that doesn't fit costs its operation: whoever
/// writes the extension means it.
pub(super) fn attach(reading: Reading<'_>, table: &TypeTable, operations: &mut Vec<Lowered>) {
    let mut results = Vec::new();
    for lowered in operations.iter() {
        let Some(extension) = &lowered.asynchronous else {
            results.push(Ok(None));
            continue;
        };
        let cost = Cost::Operation(lowered.operation.id.clone());
        let attach = Attach { reading, table, operations, trigger: lowered };
        results.push(reading.sink.within(cost, || attach.operation(extension)));
    }
    let mut results = results.into_iter();
    operations.retain_mut(|lowered| match results.next() {
        Some(Ok(asynchronous)) => {
            lowered.operation.async_operation = asynchronous;
            true
        }
        _ => false,
    });
}

struct Attach<'a, 'r> {
    reading: Reading<'r>,
    table: &'a TypeTable,
    operations: &'a [Lowered],
    trigger: &'a Lowered,
}

impl Attach<'_, '_> {
    fn operation(&self, extension: &AsyncExtension) -> Result<Option<AsyncOperation>, Reported> {
        let link =
            success(&self.trigger.operation).find_map(|response| response.links.get(&extension.link.value));
        let Some(link) = link else {
            let written = self.trigger.links.iter().any(|(_, name, _)| *name == extension.link.value);
            if written {
                let message = "the link that polls is ignored, so the operation is an ordinary one";
                Problem::new(code::ASYNC_WITHOUT_POLL, extension.link.span, message)
                    .report(self.reading.sink);
                return Ok(None);
            }
            let message = format!("no success response has a link `{}`", extension.link.value);
            return Err(self.fail(extension.link.span, message));
        };
        let LinkTarget::Operation(id) = &link.target else {
            return Err(self.fail(extension.link.span, "the link leads into another document"));
        };
        // A link to an operation that is left out was dropped.
        let poll = self.operations.iter().map(|lowered| &lowered.operation).find(|other| other.id == *id);
        let Some(poll) = poll else { return Ok(None) };
        for parameter in poll.parameters.iter().filter(|parameter| parameter.required) {
            let given = link
                .parameters
                .keys()
                .any(|key| key.rsplit('.').next() == Some(parameter.name.as_str()) || *key == parameter.name);
            if !given {
                let message = format!("the link doesn't give the parameter `{}` of `{id}`", parameter.name);
                return Err(self.fail(extension.link.span, message));
            }
        }
        let state = self.answer(poll, &extension.state)?;
        self.check_pending(poll, extension, &state)?;
        Ok(Some(AsyncOperation {
            poll: id.clone(),
            parameters: link.parameters.clone(),
            trigger_id: extension.trigger_id.as_ref().map(|text| self.choice(text)).transpose()?,
            state,
            pending: extension.pending.clone(),
            result: extension.result.as_ref().map(|text| self.answer(poll, text)).transpose()?,
            failure: extension.failure.as_ref().map(|text| self.answer(poll, text)).transpose()?,
        }))
    }

    /// A place in the trigger's request body.
    fn choice(&self, text: &Text) -> Result<Vec<String>, Reported> {
        let Some(RuntimeExpression::RequestBody(way)) = expression(&text.value.as_str().into()) else {
            return Err(self.fail(text.span, "`$request.body#/…` is expected here"));
        };
        let contents = self.trigger.operation.body.iter().flat_map(|body| &body.contents);
        let mut types = contents.filter_map(|content| json(&content.kind));
        if types.any(|ty| self.leads(ty, &way).is_some()) {
            return Ok(way);
        }
        Err(self.fail(text.span, format!("the request body has no `{}`", way.join("/"))))
    }

    /// A place in the poll's response body.
    fn answer(&self, poll: &Operation, text: &Text) -> Result<Vec<String>, Reported> {
        let Some(RuntimeExpression::ResponseBody(way)) = expression(&text.value.as_str().into()) else {
            return Err(self.fail(text.span, "`$response.body#/…` is expected here"));
        };
        if self.answer_types(poll).any(|ty| self.leads(ty, &way).is_some()) {
            return Ok(way);
        }
        Err(self.fail(text.span, format!("the response of `{}` has no `{}`", poll.id, way.join("/"))))
    }

    fn check_pending(
        &self,
        poll: &Operation,
        extension: &AsyncExtension,
        way: &[String],
    ) -> Result<(), Reported> {
        let Some(state) = self.answer_types(poll).find_map(|ty| self.leads(ty, way)) else { return Ok(()) };
        let Some(values) = self.enumeration(&state, 32) else { return Ok(()) };
        for pending in &extension.pending {
            if !values.contains(pending) {
                let message = format!("`{pending}` is no value of the state");
                return Err(self.fail(extension.state.span, message));
            }
        }
        Ok(())
    }

    fn answer_types<'o>(&self, poll: &'o Operation) -> impl Iterator<Item = &'o TypeUse> {
        success(poll).flat_map(|response| response.contents.iter().filter_map(|content| json(&content.kind)))
    }

    fn enumeration(&self, ty: &TypeUse, depth: usize) -> Option<Vec<String>> {
        let Type::Named(id) = ty.ty else { return None };
        match &self.table.get(id).kind {
            TypeKind::Enum { values } => Some(values.iter().map(|value| value.value.clone()).collect()),
            TypeKind::Alias(ty) => self.enumeration(ty, depth.checked_sub(1)?),
            TypeKind::Struct { .. } | TypeKind::Union(_) => None,
        }
    }

    /// The type at the end of the way, if there is one.
    fn leads(&self, ty: &TypeUse, way: &[String]) -> Option<TypeUse> {
        self.leads_within(ty, way, 64)
    }

    fn leads_within(&self, ty: &TypeUse, way: &[String], depth: usize) -> Option<TypeUse> {
        let depth = depth.checked_sub(1)?;
        let Some((member, rest)) = way.split_first() else { return Some(ty.clone()) };
        match &ty.ty {
            Type::Any => Some(ty.clone()),
            Type::Map(values) => self.leads_within(values, rest, depth),
            Type::Array(items) => {
                member.parse::<usize>().ok()?;
                self.leads_within(items, rest, depth)
            }
            Type::Tuple(tuple) => {
                let index = member.parse::<usize>().ok()?;
                self.leads_within(tuple.first.get(index).or(tuple.rest.as_deref())?, rest, depth)
            }
            Type::Boolean | Type::Integer(_) | Type::Number(_) | Type::String(_) => None,
            Type::Named(id) => match &self.table.get(*id).kind {
                TypeKind::Alias(ty) => self.leads_within(ty, way, depth),
                TypeKind::Enum { .. } => None,
                TypeKind::Union(union) => {
                    union.variants.iter().find_map(|variant| self.leads_within(&variant.ty, way, depth))
                }
                TypeKind::Struct { fields, additional, .. } => {
                    let field = fields.iter().find(|field| field.name == *member).map(|field| &field.ty);
                    let other = match additional {
                        Additional::Typed(ty) => Some(&**ty),
                        Additional::Ignored | Additional::Forbidden => None,
                    };
                    self.leads_within(field.or(other)?, rest, depth)
                }
            },
        }
    }

    fn fail(&self, span: Span, message: impl Into<String>) -> Reported {
        Problem::new(code::BAD_ASYNC, span, message).report(self.reading.sink)
    }
}

fn success(operation: &Operation) -> impl Iterator<Item = &crate::ir::Response> {
    operation
        .responses
        .iter()
        .filter(|response| matches!(response.status, Status::Code(200..=299) | Status::Range(2)))
}

fn json(kind: &BodyKind) -> Option<&TypeUse> {
    match kind {
        BodyKind::Json(ty) => Some(ty),
        _ => None,
    }
}
