//! An interface in a short notation.

use std::fmt::Write as _;

use planewright_codegen::ir::{
    Additional, Api, Assertion, BodyKind, Constraints, Content, IntegerFormat, NameHint, NumberFormat,
    Operation, PathSegment, SegmentPart, Status, StringFormat, Type, TypeDecl, TypeKind, TypeUse, UnionTag,
};

/// Shows an interface.
pub(crate) struct Show<'a>(pub(crate) &'a Api);

impl Show<'_> {
    /// A line for each thing.
    pub(crate) fn api(&self) -> String {
        let mut text = String::new();
        let Api { title, version, base_paths, tags, .. } = self.0;
        writeln!(text, "api {title} {version} at {base_paths:?}").unwrap();
        for tag in tags {
            writeln!(text, "tag {}", tag.name).unwrap();
        }
        for operation in &self.0.operations {
            self.operation(&mut text, operation);
        }
        for (_, declaration) in self.0.types.iter() {
            self.declaration(&mut text, declaration);
        }
        text
    }

    fn operation(&self, text: &mut String, operation: &Operation) {
        let path: Vec<_> = operation.path.segments.iter().map(segment).collect();
        writeln!(
            text,
            "\n{} {} /{} tag {}",
            operation.id,
            operation.method.as_str(),
            path.join("/"),
            operation.tag
        )
        .unwrap();
        for one in &operation.parameters {
            let mark = if one.required { "" } else { "?" };
            let explode = if one.explode { "*" } else { "" };
            let default = one.default.as_ref().map_or_else(String::new, |value| format!(" = {value}"));
            let ty = self.ty(&one.ty);
            writeln!(text, "  {:?} {}{mark}: {ty}{default} {:?}{explode}", one.location, one.name, one.style)
                .unwrap();
        }
        if let Some(body) = &operation.body {
            let mark = if body.required { "" } else { "?" };
            writeln!(text, "  body{mark} {}", self.contents(&body.contents)).unwrap();
        }
        for response in &operation.responses {
            let status = match response.status {
                Status::Code(code) => code.to_string(),
                Status::Range(digit) => format!("{digit}XX"),
                Status::Default => "default".to_owned(),
            };
            let component = response.component.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
            writeln!(text, "  {status}{component} {}", self.contents(&response.contents)).unwrap();
            for header in &response.headers {
                let mark = if header.required { "" } else { "?" };
                writeln!(text, "    {}{mark}: {}", header.name, self.ty(&header.ty)).unwrap();
            }
            for (name, link) in &response.links {
                writeln!(text, "    link {name}: {:?} {:?}", link.target, link.parameters).unwrap();
            }
        }
        if !operation.security.is_empty() {
            writeln!(text, "  security {:?}", operation.security).unwrap();
        }
        if let Some(asynchronous) = &operation.async_operation {
            writeln!(text, "  {asynchronous:?}").unwrap();
        }
    }

    fn contents(&self, contents: &[Content]) -> String {
        let shown: Vec<_> =
            contents.iter().map(|one| format!("{} {}", one.media_type, self.body(&one.kind))).collect();
        if shown.is_empty() { "empty".to_owned() } else { shown.join(" | ") }
    }

    fn body(&self, kind: &BodyKind) -> String {
        match kind {
            BodyKind::Json(ty) => self.ty(ty),
            BodyKind::Form { ty, styled } => {
                let styled = styled.iter().map(|field| {
                    format!(" {}={:?}{}", field.name, field.style, if field.explode { "*" } else { "" })
                });
                format!("form {}{}", self.ty(ty), styled.collect::<String>())
            }
            BodyKind::Yaml(ty) => format!("yaml {}", self.ty(ty)),
            BodyKind::Scalar(ty) => self.ty(ty),
            BodyKind::Events(data) => {
                format!("events {}", data.as_ref().map_or("text".to_owned(), |ty| self.ty(ty)))
            }
            BodyKind::Items { item, sequence } => {
                format!("{} {}", if *sequence { "sequence" } else { "lines" }, self.ty(item))
            }
            BodyKind::Text => "text".to_owned(),
            BodyKind::Stream => "stream".to_owned(),
            BodyKind::Multipart { parts, open } => {
                let parts = parts.iter().map(|part| {
                    let marks = match (part.required, part.repeated) {
                        (true, false) => "",
                        (false, false) => "?",
                        (true, true) => "+",
                        (false, true) => "*",
                    };
                    format!("{}{marks}: {}", part.name, self.body(&part.kind))
                });
                let mut shown: Vec<_> = parts.collect();
                shown.extend(open.then(|| "..".to_owned()));
                format!("parts {{ {} }}", shown.join(", "))
            }
        }
    }

    fn declaration(&self, text: &mut String, declaration: &TypeDecl) {
        let name = name(declaration);
        match &declaration.kind {
            TypeKind::Alias(ty) => writeln!(text, "\ntype {name} = {}", self.ty(ty)).unwrap(),
            TypeKind::Enum { values } => {
                let values: Vec<_> = values.iter().map(|value| value.value.as_str()).collect();
                writeln!(text, "\nenum {name} {{ {} }}", values.join(", ")).unwrap();
            }
            TypeKind::Union(union) => {
                let tag = match &union.tag {
                    UnionTag::Trial => "by trial".to_owned(),
                    UnionTag::Property(property) => format!("by {property}"),
                };
                let several = if union.exclusive { "" } else { ", one or more" };
                let limits = self.limits(&union.constraints);
                writeln!(text, "\nunion {name} {tag}{several}{limits}").unwrap();
                for variant in &union.variants {
                    let values = if variant.tag_values.is_empty() {
                        String::new()
                    } else {
                        format!(" {:?}", variant.tag_values)
                    };
                    writeln!(text, "  {}{values}: {}", variant.name, self.ty(&variant.ty)).unwrap();
                }
            }
            TypeKind::Struct { fields, additional, constraints } => {
                let rest = match additional {
                    Additional::Ignored => String::new(),
                    Additional::Forbidden => ", closed".to_owned(),
                    Additional::Typed(ty) => format!(", others {}", self.ty(ty)),
                };
                writeln!(text, "\nstruct {name}{rest}{}", self.limits(constraints)).unwrap();
                for field in fields {
                    let mark = if field.required { "" } else { "?" };
                    let mut notes =
                        field.default.as_ref().map_or_else(String::new, |value| format!(" = {value}"));
                    notes.push_str(if field.read_only { " read-only" } else { "" });
                    notes.push_str(if field.write_only { " write-only" } else { "" });
                    writeln!(text, "  {}{mark}: {}{notes}", field.name, self.ty(&field.ty)).unwrap();
                }
            }
        }
    }

    fn ty(&self, ty: &TypeUse) -> String {
        let base = match &ty.ty {
            Type::Any => "any".to_owned(),
            Type::Boolean => "boolean".to_owned(),
            Type::Integer(IntegerFormat::I32) => "i32".to_owned(),
            Type::Integer(IntegerFormat::I64) => "i64".to_owned(),
            Type::Integer(IntegerFormat::U32) => "u32".to_owned(),
            Type::Integer(IntegerFormat::U64) => "u64".to_owned(),
            Type::Number(NumberFormat::F64) => "f64".to_owned(),
            Type::Number(NumberFormat::Decimal) => "decimal".to_owned(),
            Type::String(StringFormat::Plain) => "string".to_owned(),
            Type::String(format) => format!("{format:?}"),
            Type::Array(items) => format!("[{}]", self.ty(items)),
            Type::Tuple(tuple) => {
                let first: Vec<_> = tuple.first.iter().map(|item| self.ty(item)).collect();
                let rest =
                    tuple.rest.as_ref().map_or_else(String::new, |rest| format!(", {}...", self.ty(rest)));
                format!("({}{rest})", first.join(", "))
            }
            Type::Map(values) => format!("{{{}}}", self.ty(values)),
            Type::Named(id) => name(self.0.types.get(*id)),
        };
        let null = if ty.nullable { " or null" } else { "" };
        format!("{base}{}{null}", self.limits(&ty.constraints))
    }

    fn limits(&self, constraints: &Constraints) -> String {
        let rest = Constraints { assertions: Vec::new(), ..constraints.clone() };
        let mut text = String::new();
        if !rest.is_empty() {
            write!(text, " {}", serde_json::to_string(&rest).unwrap()).unwrap();
        }
        for assertion in &constraints.assertions {
            write!(text, " & {}", self.assertion(assertion)).unwrap();
        }
        text
    }

    fn assertion(&self, assertion: &Assertion) -> String {
        let list = |types: &[TypeUse], between: &str| {
            types.iter().map(|ty| self.ty(ty)).collect::<Vec<_>>().join(between)
        };
        let optional = |word: &str, ty: Option<&TypeUse>| {
            ty.map_or_else(String::new, |ty| format!(" {word} {}", self.ty(ty)))
        };
        match assertion {
            Assertion::Not(ty) => format!("not({})", self.ty(ty)),
            Assertion::AnyOf(types) => format!("any({})", list(types, " | ")),
            Assertion::OneOf(types) => format!("one({})", list(types, " | ")),
            Assertion::If { condition, then, otherwise } => {
                format!(
                    "if({}{}{})",
                    self.ty(condition),
                    optional("then", then.as_deref()),
                    optional("else", otherwise.as_deref())
                )
            }
            Assertion::Required(names) => format!("has({})", names.join(", ")),
            Assertion::Dependent { member, required, schema } => {
                format!("with {member}({}{})", required.join(", "), optional("is", schema.as_ref()))
            }
            Assertion::Members { named, patterns, others } => {
                let mut parts: Vec<_> =
                    named.iter().map(|(name, ty)| format!("{name}: {}", self.ty(ty))).collect();
                parts.extend(patterns.iter().map(|(pattern, ty)| format!("/{pattern}/: {}", self.ty(ty))));
                parts.extend(others.iter().map(|ty| format!("others: {}", self.ty(ty))));
                format!("members({})", parts.join(", "))
            }
            Assertion::MemberNames(ty) => format!("names({})", self.ty(ty)),
            Assertion::Items { first, rest } => {
                format!("items({}{})", list(first, ", "), optional("then", rest.as_ref()))
            }
            Assertion::Contains { item, least, most } => {
                format!("contains({}, {least}..{most:?})", self.ty(item))
            }
        }
    }
}

fn name(declaration: &TypeDecl) -> String {
    match &declaration.name {
        NameHint::Component(name) => name.clone(),
        NameHint::Path(words) => words.join("."),
    }
}

fn segment(segment: &PathSegment) -> String {
    let parts = segment.iter().map(|part| match part {
        SegmentPart::Literal(text) => text.clone(),
        SegmentPart::Parameter(name) => format!("{{{name}}}"),
    });
    parts.collect()
}
