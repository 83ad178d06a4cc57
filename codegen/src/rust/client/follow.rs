//! Following the work that an operation starts: its `send` returns an `AsyncOperation`.

use serde::Serialize;

use super::super::{Form, Presence, RustApi, Scope};
use super::arguments::Value;
use super::{Argument, Builders, body, result};
use crate::ir::{
    AsyncOperation, BodyKind, Operation, Parameter, ParameterLocation, RuntimeExpression, Type, TypeKind,
    TypeUse,
};

/// How the work that an operation starts is followed.
#[derive(Clone, Debug, Serialize)]
pub struct Follow {
    /// The method that takes up work that was started before: `resume_trigger_savepoint`.
    pub resume: String,
    /// Its arguments: the required parameters of the poll.
    pub arguments: Vec<Argument>,
    /// Statements that turn the arguments into what the poll takes.
    pub conversions: Vec<String>,
    /// Which argument names the work.
    pub trigger: String,
    /// The value that has the poll: `self`, or the struct of another tag.
    pub poll_tag: String,
    /// The poll's method there.
    pub poll_method: String,
    /// Statements of `send` before the request goes out: they keep what the poll takes from it.
    pub before: Vec<String>,
    /// Statements of `send` that read what the poll takes from `__reply`.
    pub after: Vec<String>,
    /// What `send` gives to the resuming method, in order.
    pub given: Vec<String>,
    /// The type of the outcome.
    pub ty: String,
    /// Where the state stands.
    pub state: Vec<String>,
    /// States in which the work goes on.
    pub pending: Vec<String>,
    /// The other states that the document knows.
    pub done: Vec<String>,
    /// Where the outcome stands.
    pub result: Option<Vec<String>>,
    /// What is there if the work failed.
    pub failure: Option<Vec<String>>,
}

/// The plan, if every value that the poll needs can be had; otherwise the operation is one like any other.
pub(super) fn plan(rust: &RustApi<'_>, operation: &Operation) -> Option<Follow> {
    let follow = operation.async_operation.as_ref()?;
    let poll_index = rust.operation_index(&follow.poll)?;
    let poll = &rust.api().operations[poll_index];
    if poll.body.as_ref().is_some_and(|body| body.required) {
        return None;
    }
    let answer = result::json_type(rust, poll)?;
    let ty = match &follow.result {
        Some(way) => rust.value_expr(member(rust, answer, way)?, Scope::Outside),
        None => rust.type_expr(answer, Scope::Outside),
    };
    let mut plan = Follow {
        resume: resume_name(rust, operation)?,
        arguments: Vec::new(),
        conversions: Vec::new(),
        trigger: String::new(),
        poll_tag: poll_tag(rust, operation, poll),
        poll_method: rust.operation(poll_index).method.clone(),
        before: Vec::new(),
        after: Vec::new(),
        given: Vec::new(),
        ty,
        state: follow.state.clone(),
        pending: follow.pending.clone(),
        done: done_states(rust, answer, follow),
        result: follow.result.clone(),
        failure: follow.failure.clone(),
    };
    for (parameter, name) in poll.parameters.iter().zip(&rust.operation(poll_index).parameters) {
        if parameter.required {
            add_parameter(rust, operation, follow, parameter, name, &mut plan)?;
        }
    }
    if plan.trigger.is_empty() {
        plan.trigger = plan.arguments.last()?.name.clone();
    }
    Some(plan)
}

fn poll_tag(rust: &RustApi<'_>, operation: &Operation, poll: &Operation) -> String {
    if operation.tag == poll.tag {
        return "self".to_owned();
    }
    let (module, name) = (&rust.tag(&poll.tag).module, Builders::new(rust, &poll.tag).tag);
    format!("super::{module}::{name} {{ __connection: self.__connection.clone() }}")
}

fn resume_name(rust: &RustApi<'_>, operation: &Operation) -> Option<String> {
    let names = rust.operation(rust.operation_index(&operation.id)?);
    let name = format!("resume_{}", names.method);
    let is_taken = rust.names().operations.iter().any(|other| other.method == name);
    Some(if is_taken { format!("{name}_operation") } else { name })
}

/// Adds one required parameter of the poll, and where its value comes from.
fn add_parameter(
    rust: &RustApi<'_>,
    operation: &Operation,
    follow: &AsyncOperation,
    parameter: &Parameter,
    name: &str,
    plan: &mut Follow,
) -> Option<()> {
    let value = Value::of_parameter(rust, parameter);
    let kept = &value.kept;
    let local = format!("__{name}");
    match follow.parameters.get(&parameter.name)? {
        RuntimeExpression::RequestPath(wire) => {
            let field = request_field(rust, operation, ParameterLocation::Path, wire, kept)?;
            plan.before.push(format!("let {local} = {field};"));
        }
        RuntimeExpression::RequestQuery(wire) => {
            let field = request_field(rust, operation, ParameterLocation::Query, wire, kept)?;
            plan.before.push(format!("let {local} = {field};"));
        }
        RuntimeExpression::RequestHeader(wire) => {
            let field = request_field(rust, operation, ParameterLocation::Header, wire, kept)?;
            plan.before.push(format!("let {local} = {field};"));
        }
        RuntimeExpression::ResponseBody(way) if rust.is_scalar(&parameter.ty) => {
            plan.after.push(format!("let {local}: {kept} = __reply.member(&{way:?})?;"));
            plan.trigger = name.to_owned();
        }
        RuntimeExpression::ResponseHeader(wire) if rust.is_scalar(&parameter.ty) => {
            plan.after.push(format!("let {local}: {kept} = __reply.header({wire:?})?;"));
            plan.trigger = name.to_owned();
        }
        RuntimeExpression::Constant(constant) => {
            let constant = rust.default_expr(&parameter.ty, constant, Scope::Outside)?;
            plan.before.push(format!("let {local}: {kept} = {constant};"));
        }
        RuntimeExpression::RequestBody(_)
        | RuntimeExpression::ResponseBody(_)
        | RuntimeExpression::ResponseHeader(_) => return None,
    }
    if value.kept(name) != name {
        plan.conversions.push(format!("let {name}: {kept} = {};", value.kept(name)));
    }
    plan.arguments.push(Argument { name: name.to_owned(), ty: value.given });
    plan.given.push(local);
    Some(())
}

/// The value of a parameter of the trigger, if it is of the type that the poll takes.
fn request_field(
    rust: &RustApi<'_>,
    operation: &Operation,
    location: ParameterLocation,
    wire: &str,
    kept: &str,
) -> Option<String> {
    let names = rust.operation(rust.operation_index(&operation.id)?);
    let (parameter, name) = operation.parameters.iter().zip(&names.parameters).find(|(parameter, _)| {
        parameter.location == location && parameter.name == wire && parameter.required
    })?;
    let same = Value::of_parameter(rust, parameter).kept == kept;
    let clone = if rust.is_copy(&parameter.ty) { "" } else { ".clone()" };
    same.then(|| format!("self.{name}{clone}"))
}

/// The type of what stands at these members.
fn member<'a>(rust: &'a RustApi<'_>, ty: &'a TypeUse, way: &[String]) -> Option<&'a TypeUse> {
    let mut ty = ty;
    for name in way {
        let TypeKind::Struct { fields, .. } = &rust.api().types.get(rust.struct_of(ty)?).kind else {
            return None;
        };
        ty = &fields.iter().find(|field| field.name == *name)?.ty;
    }
    Some(ty)
}

/// The states that mean that the work is done, as far as the document lists states.
fn done_states(rust: &RustApi<'_>, answer: &TypeUse, follow: &AsyncOperation) -> Vec<String> {
    let Some(state) = member(rust, answer, &follow.state) else { return Vec::new() };
    let Type::Named(id) = rust.resolve(state).ty else { return Vec::new() };
    let TypeKind::Enum { values } = &rust.api().types.get(id).kind else { return Vec::new() };
    let values = values.iter().map(|value| value.value.clone());
    values.filter(|value| !follow.pending.contains(value)).collect()
}

/// The statements that choose the trigger id before the first attempt, so that a retry sends it again, and that allow
/// retries then: before the call is made and after.
pub(super) fn fix_trigger_id(rust: &RustApi<'_>, operation: &Operation) -> Option<(String, String)> {
    let [member] = operation.async_operation.as_ref()?.trigger_id.as_deref()? else { return None };
    let request = operation.body.as_ref()?;
    let BodyKind::Json(ty) = &body::chosen(request)?.kind else { return None };
    let id = rust.struct_of(ty).filter(|id| *rust.form(*id) == Form::Struct)?;
    let TypeKind::Struct { fields, .. } = &rust.api().types.get(id).kind else { return None };
    let index = fields.iter().position(|field| field.name == *member)?;
    let shape = rust.field(id, index, Scope::Outside);
    if shape.boxed || !rust.is_scalar(&fields[index].ty) {
        return None;
    }
    let target = match request.required {
        true => "&mut self.__body",
        false if rust.type_has_default(id) => "self.__body.get_or_insert_default()",
        false => return None,
    };
    let name = &shape.name;
    let fresh = "::planewright_client::__private::fresh_id()";
    let choose = match shape.presence {
        Presence::Required => return Some((String::new(), "__call.allow_repeat();".into())),
        Presence::Nullable | Presence::Optional => {
            format!(
                "if __body.{name}.is_none() {{ __body.{name} = {fresh}; }} let __is_named = __body.{name}.is_some();"
            )
        }
        Presence::OptionalNullable => {
            let is_there = format!("matches!(__body.{name}, Some(::planewright_model::Nullable::Value(_)))");
            let fresh = format!("{fresh}.map(::planewright_model::Nullable::Value)");
            format!("if !{is_there} {{ __body.{name} = {fresh}; }} let __is_named = {is_there};")
        }
    };
    let before = format!("let __body = {target}; {choose}");
    Some((before, "if __is_named { __call.allow_repeat(); }".into()))
}
