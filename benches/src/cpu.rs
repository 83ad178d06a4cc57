//! CPU time per request: contenders started together, loaded in turn in short slices, compared pair by pair.

use std::io;
use std::time::Duration;

use crate::load::{self, Connection};
use crate::server::{Contender, Process};
use crate::workload::Workload;

/// Medians of the paired ratios to the first contender.
pub(crate) struct Ratios {
    /// Per contender: CPU time per request, as a ratio to the control.
    pub(crate) cpu: Vec<(Contender, f64)>,
    /// The same for a second copy of the control: how far from 1 noise alone gets.
    pub(crate) noise: f64,
    /// CPU microseconds per request of the control, the tenth percentile.
    pub(crate) control_micros: f64,
}

const CONNECTIONS: usize = 32;
const SLICE: Duration = Duration::from_millis(20);

/// Measures `workload` in `rounds` rounds.
pub(crate) async fn compare(
    contenders: &[Contender],
    workload: &Workload,
    rounds: usize,
) -> io::Result<Ratios> {
    let control = contenders[0];
    let mut servers = Vec::new();
    for contender in contenders.iter().copied().chain([control]) {
        let process = Process::start(contender, &[], Some("0")).await?;
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(process.address).await?);
        }
        servers.push((process, connections, Vec::new()));
    }
    for round in 0..rounds {
        // Forwards and backwards in turn, so that a drift of the machine's speed favours nobody.
        let mut order: Vec<usize> = (0..servers.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let (process, connections, samples) = &mut servers[index];
            let before = process.cpu_nanos()?;
            let answers = load::slice(connections, workload, SLICE).await?;
            let spent = process.cpu_nanos()? - before;
            samples.push(spent as f64 / answers.max(1) as f64);
        }
    }
    let control_samples = servers[0].2.clone();
    let ratio = |samples: &[f64]| {
        median(samples.iter().zip(&control_samples).map(|(sample, control)| sample / control).collect())
    };
    let cpu = contenders
        .iter()
        .enumerate()
        .map(|(index, contender)| (*contender, ratio(&servers[index].2)))
        .collect();
    let noise = ratio(&servers[contenders.len()].2);
    let mut sorted = control_samples.clone();
    sorted.sort_by(f64::total_cmp);
    Ok(Ratios { cpu, noise, control_micros: sorted[sorted.len() / 10] / 1_000.0 })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
