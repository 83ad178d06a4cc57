//! The program in which the generated client calls the generated server: its text, one arm and one method per operation.

use std::fmt::Write as _;

use planewright_codegen::config::Config;
use planewright_codegen::ir::{Body, BodyKind, Content, Operation, ParameterLocation, Part, TypeKind};
use planewright_codegen::rust::client::{ClientModule, ClientOperation, ClientPlan, HeaderField};
use planewright_codegen::rust::server::{BodyPlan, PartsPlan, ResponseVariant, ServerOperation, ServerPlan};
use planewright_codegen::rust::{Presence, RustApi, Scope, client, server};

/// The part that is the same for every document.
const MAIN: &str = include_str!("harness/exchange.rs.txt");

/// The plans that the program is written from.
pub(crate) struct Exchange<'a> {
    pub(crate) rust: RustApi<'a>,
    pub(crate) server: ServerPlan,
    pub(crate) client: ClientPlan,
}

/// Why an operation isn't exchanged.
pub(crate) type Skipped = &'static str;

impl<'a> Exchange<'a> {
    pub(crate) fn new(api: &'a planewright_codegen::ir::Api, config: &'a Config) -> Self {
        let rust = RustApi::new(api, config);
        let (server, client) = (server::plan(&rust), client::plan(&rust));
        Self { rust, server, client }
    }

    /// The program's text, and which operations it leaves out.
    pub(crate) fn program(&self, crate_name: &str) -> (String, Vec<Option<Skipped>>) {
        let mut arms = String::new();
        let mut skipped = Vec::new();
        for (index, operation) in self.rust.api().operations.iter().enumerate() {
            let arm = self.arm(operation);
            if let Ok(arm) = &arm {
                let _ = writeln!(arms, "        {index} => {{\n{arm}        }}");
            }
            skipped.push(arm.err());
        }
        let text = MAIN
            .replace("base_path", self.rust.api().base_paths.first().map_or("", String::as_str))
            .replace("generated_crate", &crate_name.replace('-', "_"))
            .replace("        // operations\n", &arms)
            .replace("// traits\n", &self.traits());
        (text, skipped)
    }

    /// The server's side of an operation.
    pub(crate) fn served(&self, id: &str) -> Option<&ServerOperation> {
        self.server.operations.iter().find(|operation| operation.id == id)
    }

    fn called(&self, id: &str) -> Option<(&ClientModule, &ClientOperation)> {
        let mut all = self
            .client
            .modules
            .iter()
            .flat_map(|module| module.operations.iter().map(move |one| (module, one)));
        all.find(|(_, operation)| operation.id == id)
    }

    /// The client's call, and what it got.
    fn arm(&self, operation: &Operation) -> Result<String, Skipped> {
        let (module, called) = self.called(&operation.id).ok_or("the client doesn't have it")?;
        let served = self.served(&operation.id).ok_or("the server doesn't have it")?;
        if served.variants.iter().any(|variant| variant.from.as_ref().is_some_and(|(ty, _)| is_stream(ty))) {
            return Err("its answer is a stream of values");
        }
        let mut text = String::new();
        let mut given = Vec::new();
        let mut calls = String::new();
        // Those without an argument choose a media type; the usual one is sent.
        let mut setters = called.setters.iter().filter(|setter| !setter.ty.is_empty());
        for (index, parameter) in operation.parameters.iter().enumerate() {
            let ty = self.rust.value_expr(&parameter.ty, Scope::Outside);
            let name = format!("__p{index}");
            if parameter.required {
                let _ = writeln!(text, "let {name}: {ty} = input.required(\"p{index}\")?;");
                given.push(format!("{name}.clone()"));
            } else {
                let setter = &setters.next().ok_or("the client lacks a method for a parameter")?.name;
                let _ = writeln!(text, "let {name}: Option<{ty}> = input.optional(\"p{index}\")?;");
                let _ = writeln!(calls, "if let Some(value) = {name} {{ call = call.{setter}(value); }}");
            }
            let _ = writeln!(text, "sent.tell(\"p{index}\", &{name});");
        }
        if let Some(body) = &operation.body {
            let setters: Vec<_> = setters.map(|setter| setter.name.as_str()).collect();
            self.body(body, called, served, &mut given, &setters, (&mut text, &mut calls))?;
        }
        let _ = writeln!(
            text,
            "let mut call = client.{}().{}({});",
            module.accessor,
            called.method,
            given.join(", ")
        );
        text.push_str(&calls);
        let outcome = &called.outcome;
        let headers = outcome.headers.as_ref().filter(|_| called.follow.is_none());
        let told_headers: String = headers.map_or(String::new(), |headers| {
            let tell =
                |field: &HeaderField| format!("received.header({:?}, &headers.{});", field.wire, field.name);
            headers.fields.iter().map(tell).collect()
        });
        // A body alone, or with its headers.
        let answer = |body: &str| match headers {
            Some(_) => format!("({body}, headers)"),
            None => body.to_owned(),
        };
        let send = if headers.is_some() { "send_with_headers" } else { "send" };
        let _ = writeln!(text, "match call.{send}().await {{");
        if called.follow.is_some() {
            let _ = writeln!(text, "Ok(_) => {{}}");
        } else if outcome.variants.is_empty() {
            let _ = writeln!(text, "Ok({}) => {{ {told_headers}{} }}", answer("body"), told(&outcome.ty));
        } else {
            for variant in &outcome.variants {
                let types = variant.payload.trim_start_matches('(').trim_end_matches(')');
                let (status, ty) = match types.split_once("StatusCode") {
                    Some((_, rest)) => (true, rest.trim_start_matches(", ")),
                    None => (false, types),
                };
                let names: Vec<_> = [status.then_some("_"), (!ty.is_empty()).then_some("body")]
                    .into_iter()
                    .flatten()
                    .collect();
                let pattern =
                    if names.is_empty() { String::new() } else { format!("({})", names.join(", ")) };
                let ty = if ty.is_empty() { "()" } else { ty };
                let path = format!("client::{}::{}::{}", module.module, outcome.ty, variant.name);
                let pattern = answer(&format!("{path}{pattern}"));
                let _ = writeln!(text, "Ok({pattern}) => {{ {told_headers}{} }}", told(ty));
            }
        }
        let _ = writeln!(text, "Err(error) => refused(&error, &mut received, is_error)?,\n}}");
        Ok(text)
    }

    /// How the body is given.
    fn body(
        &self,
        body: &Body,
        called: &ClientOperation,
        served: &ServerOperation,
        given: &mut Vec<String>,
        setters: &[&str],
        (text, calls): (&mut String, &mut String),
    ) -> Result<(), Skipped> {
        let content = sent(body).ok_or("the body has no media type")?;
        let ty = match &content.kind {
            BodyKind::Json(ty) | BodyKind::Yaml(ty) | BodyKind::Form { ty, .. } => ty,
            BodyKind::Text | BodyKind::Scalar(_) => {
                let _ = writeln!(
                    text,
                    "let __body: String = input.required(\"body\")?;\nsent.tell(\"body\", &__body);"
                );
                if body.required {
                    given.push("__body".to_owned());
                } else {
                    calls.push_str("call = call.body(__body);\n");
                }
                return Ok(());
            }
            BodyKind::Stream => {
                let upload = "planewright_client::Upload::bytes(\"file\", __body)";
                let _ = writeln!(
                    text,
                    "let __body: String = input.required(\"body\")?;\nsent.tell(\"body\", &__body);"
                );
                if body.required {
                    given.push(upload.to_owned());
                } else {
                    let _ = writeln!(calls, "call = call.body({upload});");
                }
                return Ok(());
            }
            BodyKind::Items { .. } | BodyKind::Events(_) => return Err("its body is a stream of values"),
            BodyKind::Multipart { parts, .. } => {
                let served = served.body.as_ref().and_then(|body| body.parts.as_ref());
                if served.is_none_or(|served| served.parts.len() != parts.len()) {
                    return Err("the server prefers another media type");
                }
                return self.parts(parts, given, setters, (text, calls));
            }
        };
        let expected = self.rust.type_expr(ty, Scope::Outside);
        if !served.body.as_ref().is_some_and(|served| {
            self.is_told(&called.id, &served.ty) || self.seen_choice(&called.id, served).is_some()
        }) {
            return Err("the server prefers another media type");
        }
        let rest = &called.arguments[given.len().min(called.arguments.len())..];
        let whole = match rest {
            [] => false,
            [only] => called.fields.iter().any(|field| {
                field.name == "__body" && !field.initial.contains('{') && field.initial.contains(&only.name)
            }),
            _ => false,
        };
        if !body.required {
            let _ = writeln!(
                text,
                "let __body: Option<{expected}> = input.optional(\"body\")?;\nsent.tell(\"body\", &__body);"
            );
            calls.push_str("if let Some(value) = __body { call = call.body(value); }\n");
        } else if whole || rest.is_empty() {
            let _ = writeln!(
                text,
                "let __body: {expected} = input.required(\"body\")?;\nsent.tell(\"body\", &__body);"
            );
            if whole {
                given.push("__body".to_owned());
            } else {
                calls.push_str("call = call.body(__body);\n");
            }
        } else {
            // The members one by one: what can't be said so isn't sent.
            let id = self.rust.struct_of(ty).ok_or("the client's arguments aren't understood")?;
            let TypeKind::Struct { fields, .. } = &self.rust.api().types.get(id).kind else {
                return Err("the client's arguments aren't understood");
            };
            let _ = writeln!(text, "let mut __body: {expected} = input.required(\"body\")?;");
            let catch_all = &self.rust.type_names(id).catch_all;
            if !catch_all.is_empty() {
                let _ = writeln!(text, "__body.{catch_all} = Default::default();");
            }
            // Optional members come after the parameters' setters.
            let mut setters = setters.iter();
            for index in 0..fields.len() {
                let shape = self.rust.field(id, index, Scope::Outside);
                let name = &shape.name;
                let value = if shape.boxed { "*value" } else { "value" };
                if shape.presence == Presence::Required {
                    let kept = format!("__body.{name}.clone()");
                    given.push(if shape.boxed { format!("*{kept}") } else { kept });
                    continue;
                }
                let setter = setters.next().ok_or("the client lacks a method for a member")?;
                let pattern = if shape.presence == Presence::OptionalNullable {
                    let _ = writeln!(
                        text,
                        "if matches!(__body.{name}, Some(planewright_model::Nullable::Null)) {{ __body.{name} = None; }}"
                    );
                    "Some(planewright_model::Nullable::Value(value))"
                } else {
                    "Some(value)"
                };
                let _ =
                    writeln!(calls, "if let {pattern} = __body.{name} {{ call = call.{setter}({value}); }}");
            }
            let _ = writeln!(text, "sent.tell(\"body\", &__body);");
        }
        Ok(())
    }

    /// How the parts of a body are given.
    fn parts(
        &self,
        parts: &[Part],
        given: &mut Vec<String>,
        setters: &[&str],
        (text, calls): (&mut String, &mut String),
    ) -> Result<(), Skipped> {
        let mut setters = setters.iter();
        if parts.iter().any(|part| !part.headers.is_empty()) {
            return Err("its parts have headers");
        }
        for (index, part) in parts.iter().enumerate() {
            let ty = match &part.kind {
                BodyKind::Json(ty) => self.rust.type_expr(ty, Scope::Outside),
                BodyKind::Scalar(ty) => self.rust.value_expr(ty, Scope::Outside),
                _ => "String".to_owned(),
            };
            let upload = match part.kind {
                BodyKind::Stream => ".map(|text| planewright_client::Upload::bytes(\"file\", text))",
                _ => "",
            };
            let name = format!("__f{index}");
            let _ = writeln!(
                text,
                "let {name}: Vec<{ty}> = input.parts(\"f{index}\")?;\nsent.tell(\"f{index}\", &{name});"
            );
            let all = format!("{name}.into_iter(){upload}.collect::<Vec<_>>()");
            let first = format!("{name}.into_iter().next(){upload}");
            match (part.required, part.repeated) {
                (true, true) => given.push(all),
                (true, false) => given.push(format!("{first}.ok_or(\"unfit\\ta part is missing\")?")),
                (false, repeated) => {
                    let setter = setters.next().ok_or("the client lacks a method for a part")?;
                    let _ = match repeated {
                        true => writeln!(calls, "if !{name}.is_empty() {{ call = call.{setter}({all}); }}"),
                        false => {
                            writeln!(calls, "if let Some(value) = {first} {{ call = call.{setter}(value); }}")
                        }
                    };
                }
            }
        }
        Ok(())
    }

    /// Whether the server's body is of a type that has a form in JSON.
    fn is_told(&self, id: &str, ty: &str) -> bool {
        let operation = self.rust.api().operations.iter().find(|operation| operation.id == id);
        let content = operation.and_then(|operation| sent(operation.body.as_ref()?));
        let expected = match content.map(|content| &content.kind) {
            Some(BodyKind::Json(ty) | BodyKind::Yaml(ty) | BodyKind::Form { ty, .. }) => {
                self.rust.type_expr(ty, Scope::Outside)
            }
            _ => "String".to_owned(),
        };
        ty == expected || ty == format!("Option<{expected}>")
    }

    /// How the server looks at a body that may be of several types: at the one that is sent.
    fn seen_choice(&self, id: &str, body: &BodyPlan) -> Option<String> {
        let choice = body.choice.as_ref()?;
        let pattern = |variant: &str, inside: &str| {
            let pattern = format!("server::{}::{variant}({inside})", choice.name);
            if body.ty.starts_with("Option<") { format!("Some({pattern})") } else { pattern }
        };
        if let Some(told) = choice.variants.iter().find(|variant| self.is_told(id, &variant.ty)) {
            let pattern = pattern(&told.name, "body");
            return Some(format!("if let {pattern} = &__request.body {{ seen.tell(\"body\", body); }}\n"));
        }
        let parts = body.parts.as_ref()?;
        let variant = choice.variants.iter().find(|variant| variant.ty == parts.name)?;
        let (pattern, look) = (pattern(&variant.name, "mut parts"), self.seen_parts(id, parts));
        Some(format!("if let {pattern} = __request.body {{\n{look}}}\n"))
    }

    /// How the server looks at the parts of a body.
    fn seen_parts(&self, id: &str, plan: &PartsPlan) -> String {
        let operation = self.rust.api().operations.iter().find(|operation| operation.id == id);
        let declared = operation.and_then(|operation| operation.body.as_ref().and_then(sent));
        let mut out =
            "while let Some(part) = parts.next_part().await.map_err(ApiError::internal)? {\nmatch part {\n"
                .to_owned();
        for (index, part) in plan.parts.iter().enumerate() {
            let is_json = match declared.map(|content| &content.kind) {
                Some(BodyKind::Multipart { parts, .. }) => {
                    parts.get(index).is_some_and(|part| matches!(part.kind, BodyKind::Json(_)))
                }
                _ => false,
            };
            let read = if !part.ty.starts_with("Part<") {
                format!("seen.push(\"f{index}\", &part);")
            } else {
                let bytes = "let mut part = part; let bytes = part.bytes(1 << 20).await.map_err(ApiError::internal)?;";
                let value = match is_json {
                    true => "serde_json::from_slice::<Value>(&bytes).unwrap_or_default()",
                    false => "String::from_utf8_lossy(&bytes).into_owned()",
                };
                format!("{bytes} seen.push(\"f{index}\", &{value});")
            };
            let pattern = if part.headers.is_empty() { "(part)" } else { "{ part, .. }" };
            let _ = writeln!(out, "server::{}::{}{pattern} => {{ {read} }}", plan.part, part.name);
        }
        out.push_str("_ => {}\n}\n}\n");
        out
    }

    /// The server's side.
    fn traits(&self) -> String {
        let mut out = String::new();
        for tag in &self.server.tags {
            let _ = writeln!(
                out,
                "#[allow(unused_variables, unused_mut)]\nimpl server::{} for Judge {{",
                tag.trait_name
            );
            for operation in &tag.operations {
                let _ = writeln!(
                    out,
                    "    async fn {}(&self, _: &RequestContext, {}__request: server::{}Request) -> Result<server::{}Response, ApiError> {{",
                    operation.method,
                    if operation.body.as_ref().is_some_and(|body| body.ty == "BodyStream") {
                        "mut "
                    } else {
                        ""
                    },
                    operation.name,
                    operation.name
                );
                out.push_str("let mut seen = Told::default();\n");
                for (index, input) in operation.inputs.iter().enumerate() {
                    let _ = writeln!(out, "seen.tell(\"p{index}\", &__request.{});", input.name);
                }
                if let Some(body) = &operation.body {
                    match (body.ty.as_str(), &body.parts) {
                        ("BodyStream", _) => out.push_str(
                            "let mut body = Vec::new();\nwhile let Some(chunk) = __request.body.chunk().await.map_err(ApiError::internal)? { body.extend_from_slice(&chunk); }\nseen.tell(\"body\", &String::from_utf8_lossy(&body).into_owned());\n",
                        ),
                        _ if body.choice.is_some() => {
                            out.push_str(&self.seen_choice(&operation.id, body).unwrap_or_default());
                        }
                        (_, Some(parts)) => {
                            out.push_str("let mut parts = __request.body;\n");
                            out.push_str(&self.seen_parts(&operation.id, parts));
                        }
                        (ty, _) if self.is_told(&operation.id, ty) => {
                            out.push_str("seen.tell(\"body\", &__request.body);\n");
                        }
                        _ => {}
                    }
                }
                out.push_str("let answer = self.seen(seen);\nmatch answer.variant() {\n");
                for (index, variant) in operation.variants.iter().enumerate() {
                    let _ = writeln!(
                        out,
                        "{index} => Ok(server::{}Response::{}),",
                        operation.name,
                        answered(variant)
                    );
                }
                out.push_str("_ => answer.none(),\n}\n    }\n");
            }
            out.push_str("}\n");
        }
        out
    }
}

/// The content that a client sends.
pub(crate) fn sent(body: &Body) -> Option<&Content> {
    let rank = |content: &&Content| match content.kind {
        BodyKind::Json(_) => 0,
        BodyKind::Yaml(_) => 1,
        BodyKind::Form { .. } => 2,
        BodyKind::Multipart { .. } => 3,
        BodyKind::Text | BodyKind::Scalar(_) => 4,
        BodyKind::Items { .. } => 5,
        BodyKind::Events(_) => 6,
        BodyKind::Stream => 7,
    };
    body.contents.iter().min_by_key(rank)
}

/// What is told of a body of this type.
fn told(ty: &str) -> String {
    match ty {
        "()" => String::new(),
        "::planewright_client::Download" => {
            "let body = body.text().await.map_err(|error| format!(\"failed\\t{error}\"))?; received.tell(\"body\", &body);".to_owned()
        }
        _ => "received.tell(\"body\", &body);".to_owned(),
    }
}

/// Whether it is a body of values one after the other.
fn is_stream(ty: &str) -> bool {
    ty.contains("::Events<") || ty.contains("::Items<")
}

/// An expression for a variant of a response.
fn answered(variant: &ResponseVariant) -> String {
    let body = variant.from.as_ref().map(|(ty, _)| match ty.as_str() {
        "ResponseBody" => "answer.text().into()".to_owned(),
        "::planewright_server::TypedBody" => {
            "::planewright_server::TypedBody::new(\"application/octet-stream\", answer.text())".to_owned()
        }
        ty if is_stream(ty) => "Vec::new().into()".to_owned(),
        ty => format!("answer.body::<{ty}>()?.into()"),
    });
    let body = match &variant.choice {
        Some(choice) => {
            body.map(|body| format!("server::{}::{}({body})", choice.name, choice.variants[0].name))
        }
        None => body,
    };
    if !variant.is_struct {
        return match body {
            Some(body) => format!("{}({body})", variant.name),
            None => variant.name.clone(),
        };
    }
    let mut members = Vec::new();
    if variant.has_status {
        members.push("status: answer.status()".to_owned());
    }
    members.extend(body.map(|body| format!("body: {body}")));
    for header in &variant.headers {
        let inner = header.ty.strip_prefix("Option<").and_then(|ty| ty.strip_suffix('>'));
        let value = match inner.filter(|_| header.optional) {
            Some(ty) => format!("answer.optional_header::<{ty}>({:?})?", header.wire),
            None => format!("answer.header::<{}>({:?})?", header.ty, header.wire),
        };
        members.push(format!("{}: {value}", header.field));
    }
    format!("{} {{ {} }}", variant.name, members.join(", "))
}

/// Whether a parameter leaves no trace in a URL if it is an empty list or object.
pub(crate) fn vanishes(location: ParameterLocation) -> bool {
    location != ParameterLocation::Path
}
