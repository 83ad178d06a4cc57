//! Killed processes on a store in a text file: a good one passes, and what each fault loses is found.

use std::process::Command;

fn kill_processes(store: &str) -> (bool, String) {
    let data = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-{store}"));
    let _ = std::fs::remove_dir_all(&data);
    let mut command = Command::new(env!("CARGO_BIN_EXE_planewright-histories"));
    let done =
        command.args(["crash", "--cycles", "20", "--store", store, "--data"]).arg(&data).output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(matches!(done.status.code(), Some(0 | 1)), "{told}");
    (done.status.success(), told)
}

#[test]
fn a_good_store_passes() {
    let (good, told) = kill_processes("toy");
    assert!(good, "{told}");
}

fn is_found(store: &str) {
    let (good, told) = kill_processes(store);
    assert!(!good && told.contains("violation"), "{told}");
    println!("{told}");
}

#[test]
fn a_commit_that_is_acknowledged_too_early_is_found() {
    is_found("toy-late");
}

#[test]
fn half_a_commit_is_found() {
    is_found("toy-torn");
}

#[test]
fn a_commit_that_is_seen_too_early_is_found() {
    is_found("toy-early");
}
