use askama::Template;

use super::{Files, RenderFault};
use crate::rust::RustApi;
use crate::rust::client::{self, ClientModule, ClientPlan};

#[derive(Template)]
#[template(path = "client/mod.rs.j2", escape = "none", whitespace = "preserve")]
struct Root<'a> {
    plan: &'a ClientPlan,
}

#[derive(Template)]
#[template(path = "client/tag.rs.j2", escape = "none", whitespace = "preserve")]
struct Tag<'a> {
    module: &'a ClientModule,
}

/// The files of the client.
pub(super) fn render(rust: &RustApi<'_>, files: &mut Files) -> Result<(), RenderFault> {
    let plan = client::plan(rust);
    let folder = rust.config().layout.client_folder();
    files.add(format!("{folder}/mod.rs"), "client/mod.rs.j2", &Root { plan: &plan })?;
    for module in &plan.modules {
        files.add(format!("{folder}/{}.rs", module.module), "client/tag.rs.j2", &Tag { module })?;
    }
    Ok(())
}
