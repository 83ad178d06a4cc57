//! Instructions and allocations per request: the difference of two runs under valgrind, so that start-up cancels.

use std::io;
use std::path::Path;

use crate::load;
use crate::server::{Contender, Process};
use crate::workload::Workload;

/// What one request costs.
pub(crate) struct Cost {
    /// User-space instructions.
    pub(crate) instructions: f64,
    /// Heap allocations.
    pub(crate) allocations: f64,
}

/// Counts `workload` on `contender`. Needs `valgrind` on the path.
pub(crate) async fn count(contender: Contender, workload: &Workload, directory: &Path) -> io::Result<Cost> {
    let (small, large) = workload.counts;
    let requests = (large - small) as f64;
    let mut totals = Vec::new();
    for count in [small, large] {
        let out = directory.join("callgrind.out");
        let log = directory.join("callgrind.log");
        let valgrind = [
            "valgrind".to_owned(),
            "--tool=callgrind".to_owned(),
            format!("--callgrind-out-file={}", out.display()),
            format!("--log-file={}", log.display()),
        ];
        run(contender, workload, count, &valgrind).await?;
        let text = std::fs::read_to_string(&out)?;
        let total = text
            .lines()
            .find_map(|line| line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: ")))
            .and_then(|total| total.split_whitespace().next()?.parse::<f64>().ok());
        totals.push(total.ok_or_else(|| io::Error::other("callgrind wrote no total"))?);
    }
    let mut heaps = Vec::new();
    for count in [small, large] {
        let log = directory.join("memcheck.log");
        let valgrind = [
            "valgrind".to_owned(),
            "--tool=memcheck".to_owned(),
            "--leak-check=no".to_owned(),
            "--undef-value-errors=no".to_owned(),
            format!("--log-file={}", log.display()),
        ];
        run(contender, workload, count, &valgrind).await?;
        let text = std::fs::read_to_string(&log)?;
        let allocs = text
            .lines()
            .find_map(|line| line.split_once("total heap usage: "))
            .and_then(|(_, rest)| rest.split_whitespace().next()?.replace(',', "").parse::<f64>().ok());
        heaps.push(allocs.ok_or_else(|| io::Error::other("memcheck told no heap usage"))?);
    }
    Ok(Cost {
        instructions: (totals[1] - totals[0]) / requests,
        allocations: (heaps[1] - heaps[0]) / requests,
    })
}

async fn run(contender: Contender, workload: &Workload, count: usize, valgrind: &[String]) -> io::Result<()> {
    let process = Process::start(contender, valgrind, None).await?;
    load::fixed(process.address, workload, count).await?;
    process.stop().await
}
