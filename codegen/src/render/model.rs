use askama::Template;

use super::{Files, RenderFault};
use crate::rust::RustApi;
use crate::rust::model::{self, ItemKind, ModelPlan, ModulePlan};

#[derive(Template)]
#[template(path = "model/mod.rs.j2", escape = "none")]
struct Root<'a> {
    plan: &'a ModelPlan,
}

#[derive(Template)]
#[template(path = "model/module.rs.j2", escape = "none")]
struct Module<'a> {
    module: &'a ModulePlan,
}

/// The files of the model.
pub(super) fn render(rust: &RustApi<'_>, files: &mut Files) -> Result<(), RenderFault> {
    let plan = model::plan(rust);
    let folder = rust.config().layout.model_folder();
    files.add(format!("{folder}/mod.rs"), "model/mod.rs.j2", &Root { plan: &plan })?;
    for module in &plan.modules {
        files.add(format!("{folder}/{}.rs", module.name), "model/module.rs.j2", &Module { module })?;
    }
    Ok(())
}
