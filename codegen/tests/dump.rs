//! Each stage can be shown, whole or for one operation, and shows the same twice.

use planewright_codegen::config::Config;
use planewright_codegen::dump::{Stage, dump};
use planewright_codegen::source::SourceSet;
use serde_json::{Value, json};

const DOCUMENT: &str = include_str!("hostile/small.yaml");

fn show(stage: Stage, operation: Option<&str>) -> Value {
    let sources = SourceSet::from_text("small.yaml", DOCUMENT);
    let (shown, diagnostics) = dump(&Config::tree(), &sources, stage, operation);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    shown.unwrap()
}

#[test]
fn every_stage_is_shown_and_equal_twice() {
    for stage in Stage::ALL {
        assert_eq!(stage.name().parse(), Ok(stage));
        for operation in [None, Some("getThing"), Some("GET /things/{id}")] {
            let first = show(stage, operation).to_string();
            assert_eq!(first, show(stage, operation).to_string(), "{stage}");
        }
    }
}

#[test]
fn references_stand_until_they_are_resolved() {
    let reference = json!({ "$ref": "#/components/responses/Failure" });
    assert_eq!(show(Stage::Source, Some("getThing"))["responses"]["4XX"], reference);
    assert_eq!(
        show(Stage::Document, Some("getThing"))["operation"]["responses"][1],
        json!(["4XX", reference])
    );
    let resolved = show(Stage::Resolved, Some("getThing"));
    assert_eq!(resolved["responses"][1]["component"], "Failure");
    assert_eq!(resolved["parameters"][0]["name"], "id");
}

#[test]
fn one_operation_is_shown_with_its_types_alone() {
    let shown = show(Stage::Ir, Some("listThings"));
    assert_eq!(shown["operation"]["id"], "listThings");
    let types = shown["types"].as_object().unwrap();
    let names: Vec<_> =
        types.values().map(|one| one["name"]["component"].as_str().unwrap_or("inline")).collect();
    assert_eq!(names, ["Kind", "Thing"]);
}

#[test]
fn what_is_not_there_is_not_shown() {
    let sources = SourceSet::from_text("small.yaml", DOCUMENT);
    assert!(dump(&Config::tree(), &sources, Stage::Ir, Some("missing")).0.is_none());
    assert_eq!(
        "plans".parse::<Stage>().unwrap_err().to_string(),
        "there is no stage `plans`; there are source, document, resolved, ir, plan, rendered, formatted"
    );
}

#[test]
fn the_back_half_is_shown_for_the_document_and_for_one_operation() {
    let sources = SourceSet::from_text("flink.yaml", planewright_spec::FLINK);
    let show = |stage, operation| dump(&Config::tree(), &sources, stage, operation).0.unwrap();
    let plan = show(Stage::Plan, Some("cancelJob"));
    assert_eq!(plan["names"]["operations"][0]["method"], "cancel_job");
    let files = show(Stage::Formatted, Some("cancelJob"));
    let server = files["server/jobs.rs"].as_str().unwrap();
    assert!(server.contains("fn cancel_job(") && !server.contains("fn get_jobs_overview("));
    assert!(
        show(Stage::Rendered, None).as_object().unwrap().len()
            > show(Stage::Rendered, Some("cancelJob")).as_object().unwrap().len()
    );
}
