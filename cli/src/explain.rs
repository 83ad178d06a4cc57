//! `planewright explain`

use planewright_codegen::diagnostic::{Code, code, explain};

use crate::Failure;
use crate::arguments::Explain;
use crate::document::print;

/// `planewright explain CODE`, `planewright explain --list`
pub(crate) fn run(arguments: &Explain) -> Result<(), Failure> {
    let Some(wanted) = &arguments.code else {
        let lines = code::ALL.iter().map(|code| format!("{}  {}\n", code.id, code.name));
        return print(&lines.collect::<String>());
    };
    let Some(code) = Code::find(wanted) else {
        let message = format!("there is no code `{wanted}`; `planewright explain --list` shows them");
        return Err(Failure::new(Failure::USAGE, message));
    };
    print(&explain(code))
}
