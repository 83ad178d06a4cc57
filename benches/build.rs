//! Generates the server side of `openapi.yaml` into `OUT_DIR`, as any user's build script would.

use planewright_codegen::build_script::{BuildError, Builder};
use planewright_codegen::config::Parts;

fn main() -> Result<(), BuildError> {
    Builder::new("openapi.yaml").parts(Parts { model: true, server: true, client: false }).run()
}
