use std::collections::BTreeSet;

use super::schemas::{Schemas, use_docs};
use super::{bodies, defaults, path_template, placement};
use crate::diagnostic::{Problem, Reported, code};
use crate::ir::{
    self, Docs, ParameterLocation, PathTemplate, StringFormat, Style, Type, TypeKind, TypeTable, TypeUse,
};
use crate::openapi::{Parameter, Reading};
use crate::resolve::ResolvedOperation;
use crate::source::{Node, Span};

/// What a parameter's text can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One value.
    Scalar,
    /// Values of one type.
    List,
    /// One value of several types.
    Mixed,
    /// Values of several types.
    MixedList,
    /// Objects, lists in lists, or one value or a list of them.
    Deep,
}

/// Parameters in the order of the template, then the others.
pub(super) fn lower<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    source: &'a ResolvedOperation<'a>,
    template: &mut PathTemplate,
    id: &str,
) -> Result<Vec<ir::Parameter>, Reported> {
    let places = placement::places(reading, source, template);
    let names: Vec<String> = path_template::parameters(template).map(str::to_owned).collect();
    let mut in_path: Vec<Option<ir::Parameter>> = vec![None; names.len()];
    let mut others = Vec::new();
    let mut failed = None;
    for (parameter, place) in source.parameters.iter().zip(places) {
        if place.is_none() && parameter.location == ParameterLocation::Path {
            continue;
        }
        match one(reading, schemas, parameter, id) {
            Err(reported) => failed = Some(reported),
            Ok(None) => {}
            Ok(Some(mut lowered)) => match place {
                Some(index) => {
                    lowered.name = names[index].clone();
                    in_path[index] = Some(lowered);
                }
                None => others.push(lowered),
            },
        }
    }
    if let Some(reported) = failed {
        return Err(reported);
    }
    let path = in_path.into_iter().zip(names).map(|(parameter, name)| {
        parameter.unwrap_or_else(|| {
            let message = format!("the path parameter `{name}` isn't declared; it is taken as a string");
            Problem::new(code::UNDECLARED_PATH_PARAMETER, source.path.span, message)
                .related(source.span, "in this operation")
                .report(reading.sink);
            text_parameter(name)
        })
    });
    let declared: Vec<ir::Parameter> = path.chain(others).collect();
    let said = path_template::query(&source.path.value).filter(|(name, _)| {
        !declared.iter().any(|one| one.location == ParameterLocation::Query && one.name == *name)
    });
    let said: Vec<ir::Parameter> = said.map(|(name, value)| constant_parameter(name, value)).collect();
    Ok(declared.into_iter().chain(said).collect())
}

fn one<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    parameter: &'a Parameter<'a>,
    id: &str,
) -> Result<Option<ir::Parameter>, Reported> {
    let name = &parameter.name;
    let reserved =
        ["accept", "content-type", "authorization"].contains(&name.value.to_ascii_lowercase().as_str());
    if parameter.location == ParameterLocation::Header && reserved {
        let message = format!("`{}` can't be declared as a parameter; it is ignored", name.value);
        Problem::new(code::RESERVED_HEADER, name.span, message).report(reading.sink);
        return Ok(None);
    }
    let in_path = parameter.location == ParameterLocation::Path;
    let required = in_path || parameter.required.unwrap_or(false);
    if in_path && parameter.required != Some(true) {
        let message = format!("the path parameter `{}` doesn't say `required: true`", name.value);
        Problem::new(code::OPTIONAL_PATH_PARAMETER, name.span, message).report(reading.sink);
    }
    let style = style(reading, parameter)?;
    let unsupported = |message: String| {
        let problem = Problem::new(code::PARAMETER_SHAPE, name.span, message);
        if required { Err(problem.report_fatal(reading.sink)) } else { Ok(problem.report(reading.sink)) }
    };
    let owner = [id.to_owned(), name.value.clone()];
    let mut media_type = None;
    let (ty, shape) = match &parameter.content {
        Some((text, media)) if bodies::is_json_type(&text.value) => {
            media_type = Some(text.value.clone());
            let any = || Ok(TypeUse::plain(Type::Any));
            (media.schema.map_or_else(any, |node| schemas.type_use(node, &owner))?, Shape::Deep)
        }
        // Octets have no text, and what has parts or goes on is no value.
        Some((text, media)) if !bodies::is_text_type(reading, &text.value, media) => {
            unsupported(format!("the parameter `{}` is written in `{}`", name.value, text.value))?;
            return Ok(None);
        }
        Some((_, media)) => (as_text(reading, schemas, media.schema, &owner)?, Shape::Scalar),
        None => typed(reading, schemas, parameter.schema, name.span, &owner)?,
    };
    if shape == Shape::Deep && media_type.is_none() && is_json_within(&schemas.table, &ty, style) {
        let message =
            format!("what isn't a scalar in the value of the parameter `{}` is written as JSON", name.value);
        Problem::new(code::PARAMETER_WITH_JSON, name.span, message).report(reading.sink);
    }
    let default = parameter.schema.and_then(|node| defaults::of_schema(reading, node));
    let default = match shape {
        Shape::Mixed => default.map(|value| match value {
            serde_json::Value::String(text) => text.into(),
            other => other.to_string().into(),
        }),
        Shape::MixedList => None,
        _ => default,
    };
    Ok(Some(ir::Parameter {
        name: name.value.clone(),
        location: parameter.location,
        style,
        explode: parameter.explode.unwrap_or(style == Style::Form),
        allow_reserved: parameter.allow_reserved,
        required,
        ty,
        default,
        media_type,
        docs: docs(parameter),
    }))
}

/// The type of a text in another media type than JSON: that of a scalar; of anything else, the text as it is.
fn as_text<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    schema: Option<&'a Node>,
    owner: &[String],
) -> Result<TypeUse, Reported> {
    let text = TypeUse::plain(Type::String(StringFormat::Plain));
    let Some(node) = schema else { return Ok(text) };
    let mark = schemas.mark();
    let ty = schemas.type_use(node, owner)?;
    if shape(&schemas.table, &ty) == Shape::Scalar {
        return Ok(ty);
    }
    schemas.rewind(mark);
    let message = "this is in no media type that is read; its text is handed on as it is";
    Problem::new(code::PARAMETER_AS_TEXT, node.span, message).report(reading.sink);
    Ok(text)
}

/// The type of a value that travels as text, and its shape. Values of several types stay texts.
pub(super) fn typed<'a>(
    reading: Reading<'a>,
    schemas: &mut Schemas<'a>,
    schema: Option<&'a Node>,
    span: Span,
    owner: &[String],
) -> Result<(TypeUse, Shape), Reported> {
    let text = || TypeUse::plain(Type::String(StringFormat::Plain));
    let Some(node) = schema else {
        let message = "this has no schema; it is taken as a string";
        Problem::new(code::PARAMETER_WITHOUT_SCHEMA, span, message).report(reading.sink);
        return Ok((text(), Shape::Scalar));
    };
    let mark = schemas.mark();
    let ty = schemas.type_use(node, owner)?;
    let shape = shape(&schemas.table, &ty);
    let ty = match shape {
        Shape::Scalar | Shape::List | Shape::Deep => ty,
        Shape::Mixed | Shape::MixedList => {
            schemas.rewind(mark);
            let message = "the value has several types; its text is handed on as it is";
            Problem::new(code::PARAMETER_AS_TEXT, span, message).report(reading.sink);
            if shape == Shape::Mixed { text() } else { TypeUse::plain(Type::Array(Box::new(text()))) }
        }
    };
    Ok((ty, shape))
}

/// What the text of such a value can hold.
pub(super) fn shape(table: &TypeTable, ty: &TypeUse) -> Shape {
    shape_within(table, ty, 12)
}

fn shape_within(table: &TypeTable, ty: &TypeUse, depth: usize) -> Shape {
    let Some(depth) = depth.checked_sub(1) else { return Shape::Deep };
    match &ty.ty {
        Type::Any => Shape::Mixed,
        Type::Boolean | Type::Integer(_) | Type::Number(_) | Type::String(_) => Shape::Scalar,
        Type::Map(_) => Shape::Deep,
        // The text of a list doesn't say which of its elements is which.
        Type::Tuple(tuple) => {
            let flat = |ty: &TypeUse| matches!(shape_within(table, ty, depth), Shape::Scalar | Shape::Mixed);
            if tuple.elements().all(flat) { Shape::MixedList } else { Shape::Deep }
        }
        Type::Array(items) => match shape_within(table, items, depth) {
            Shape::Scalar => Shape::List,
            Shape::Mixed => Shape::MixedList,
            Shape::List | Shape::MixedList | Shape::Deep => Shape::Deep,
        },
        Type::Named(id) => match &table.get(*id).kind {
            TypeKind::Enum { .. } => Shape::Scalar,
            TypeKind::Alias(ty) => shape_within(table, ty, depth),
            TypeKind::Struct { .. } => Shape::Deep,
            TypeKind::Union(union) if is_scalar_union(table, union, depth) => Shape::Scalar,
            TypeKind::Union(union) => {
                // A text or a list of texts is told apart when it is read, as lists and objects are.
                let mut shapes = union.variants.iter().map(|variant| shape_within(table, &variant.ty, depth));
                let is_one = shapes.all(|shape| matches!(shape, Shape::Scalar | Shape::Mixed));
                if is_one { Shape::Mixed } else { Shape::Deep }
            }
        },
    }
}

/// Whether a text is a value of one variant or another.
fn is_scalar_union(table: &TypeTable, union: &ir::Union, depth: usize) -> bool {
    let is_scalar = |ty: &TypeUse| !ty.nullable && shape_within(table, ty, depth) == Shape::Scalar;
    matches!(union.tag, ir::UnionTag::Trial) && union.variants.iter().all(|variant| is_scalar(&variant.ty))
}

/// Whether there is something in the value that the style has no form for.
fn is_json_within(table: &TypeTable, ty: &TypeUse, style: Style) -> bool {
    let mut seen = BTreeSet::new();
    // Whether a list or an object may stand there as such.
    let mut left = vec![(ty, true)];
    while let Some((ty, may)) = left.pop() {
        let within = style == Style::DeepObject;
        match &ty.ty {
            Type::Array(_) | Type::Map(_) if !may => return true,
            Type::Tuple(_) => return true,
            Type::Array(item) if !matches!(shape(table, item), Shape::Scalar | Shape::Mixed) => return true,
            Type::Map(item) => left.push((item, within)),
            Type::Named(id) if seen.insert((*id, may)) => match &table.get(*id).kind {
                TypeKind::Struct { .. } if !may => return true,
                TypeKind::Struct { fields, additional, .. } => {
                    left.extend(fields.iter().map(|field| (&field.ty, within)));
                    if let ir::Additional::Typed(item) = additional {
                        left.push((item, within));
                    }
                }
                TypeKind::Alias(target) => left.push((target, may)),
                TypeKind::Union(union) => {
                    left.extend(union.variants.iter().map(|variant| (&variant.ty, may)));
                }
                TypeKind::Enum { .. } => {}
            },
            _ => {}
        }
    }
    false
}

fn style(reading: Reading<'_>, parameter: &Parameter<'_>) -> Result<Style, Reported> {
    let (usual, others): (Style, &[Style]) = match parameter.location {
        ParameterLocation::Path => (Style::Simple, &[Style::Label, Style::Matrix]),
        ParameterLocation::Query => {
            (Style::Form, &[Style::SpaceDelimited, Style::PipeDelimited, Style::DeepObject])
        }
        ParameterLocation::Header => (Style::Simple, &[]),
        ParameterLocation::Cookie => (Style::Form, &[]),
    };
    let style = parameter.style.unwrap_or(usual);
    if style == usual || others.contains(&style) {
        return Ok(style);
    }
    let span = parameter.node.get("style").map_or(parameter.name.span, |node| node.span);
    let message = format!("the style of the parameter `{}` doesn't go with its place", parameter.name.value);
    Err(Problem::new(code::BAD_PARAMETER, span, message).report(reading.sink))
}

/// The parameter's own words, or those of its schema.
fn docs(parameter: &Parameter<'_>) -> Docs {
    let mut docs = parameter.docs.clone();
    docs.summary = None;
    if let Some(node) = parameter.schema {
        let other = use_docs(node);
        docs.description = docs.description.or(other.description);
        docs.example = docs.example.or(other.example);
    }
    docs
}

fn text_parameter(name: String) -> ir::Parameter {
    ir::Parameter {
        name,
        location: ParameterLocation::Path,
        style: Style::Simple,
        explode: false,
        allow_reserved: false,
        required: true,
        ty: TypeUse::plain(Type::String(StringFormat::Plain)),
        default: None,
        media_type: None,
        docs: Docs::default(),
    }
}

/// A parameter that a path has behind its `?`: it has one value.
fn constant_parameter(name: String, value: String) -> ir::Parameter {
    let constraints = ir::Constraints { one_of: vec![value.into()], ..ir::Constraints::default() };
    let ty = TypeUse { constraints, ..TypeUse::plain(Type::String(StringFormat::Plain)) };
    ir::Parameter { location: ParameterLocation::Query, style: Style::Form, ty, ..text_parameter(name) }
}
