//! Generates the bookshop's types, traits and client whenever its document changes.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    planewright_codegen::build_script::Builder::new("openapi.yaml").run()?;
    Ok(())
}
