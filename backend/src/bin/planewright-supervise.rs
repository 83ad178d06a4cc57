//! The helper of `ProcessExecutor`: runs the program of one job, whose folder is its only argument.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: planewright-supervise FOLDER");
        return ExitCode::from(2);
    };
    match planewright_backend::process::supervise(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("planewright-supervise: {error}");
            ExitCode::from(3)
        }
    }
}
