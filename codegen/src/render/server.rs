use askama::Template;

use super::{Files, RenderFault};
use crate::rust::RustApi;
use crate::rust::server::{self, ServerPlan, ServerTag};

#[derive(Template)]
#[template(path = "server/mod.rs.j2", escape = "none")]
struct Root<'a> {
    plan: &'a ServerPlan,
}

#[derive(Template)]
#[template(path = "server/routes.rs.j2", escape = "none")]
struct Routes<'a> {
    plan: &'a ServerPlan,
}

#[derive(Template)]
#[template(path = "server/tag.rs.j2", escape = "none")]
struct Tag<'a> {
    tag: &'a ServerTag,
}

/// The files of the server.
pub(super) fn render(rust: &RustApi<'_>, files: &mut Files) -> Result<(), RenderFault> {
    let plan = server::plan(rust);
    let folder = rust.config().layout.server_folder();
    files.add(format!("{folder}/mod.rs"), "server/mod.rs.j2", &Root { plan: &plan })?;
    files.add(format!("{folder}/routes.rs"), "server/routes.rs.j2", &Routes { plan: &plan })?;
    for tag in &plan.tags {
        files.add(format!("{folder}/{}.rs", tag.module), "server/tag.rs.j2", &Tag { tag })?;
    }
    Ok(())
}

/// A text as a Rust literal.
fn literal(text: &str) -> String {
    format!("{text:?}")
}
