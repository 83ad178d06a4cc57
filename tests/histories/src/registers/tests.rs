//! The search over registers says what trying all orders says.

use std::sync::Arc;

use fastrand::Rng;
use planewright_backend::memory::MemoryStore;
use planewright_linearizability::exists;

use super::*;
use crate::history::{Notebook, spans};
use crate::workload::{Client, Load};

/// A few calls of one client on two keys, one after the other, then pulled apart so that they overlap: an order exists. Answers of some
/// commits are lost.
fn overlapping(seed: u64, calls: usize) -> Vec<Span> {
    let mut dice = Rng::with_seed(seed);
    let notebook = Arc::new(Notebook::default());
    let load = Load { seed, clients: 1, keys: 2, operations: calls, dropped: 0 };
    let mut client = Client::new(0, Arc::new(MemoryStore::new()), notebook.clone(), "k/", &load);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for _ in 0..calls {
            client.step().await;
        }
    });
    let mut spans = spans(&notebook.take()).unwrap();
    let count = spans.len();
    // A client knows no revision of a commit that it was not answered.
    let used: Vec<Revision> = spans.iter().flat_map(|span| revisions_in(&span.call)).collect();
    for (place, span) in spans.iter_mut().enumerate() {
        span.client = place;
        // Distinct numbers around the place at which it took effect.
        span.called = (place * 10).saturating_sub(dice.usize(..25)) * count + place;
        span.returned = Some((place * 10 + 1 + dice.usize(..25)) * count + place);
        let loses = match &span.answer {
            Answer::Committed(revision) => !used.contains(revision),
            answer => matches!(answer, Answer::Conflict(..)),
        };
        if loses && dice.u8(..3) == 0 {
            (span.answer, span.returned) = (Answer::Unknown, None);
        }
    }
    spans
}

fn revisions_in(call: &Call) -> Vec<Revision> {
    let Call::Commit { conditions, .. } = call else { return Vec::new() };
    let named = conditions.iter().filter_map(|condition| match condition {
        Condition::ModifiedAt(_, revision) => Some(*revision),
        _ => None,
    });
    named.collect()
}

/// Gives an answer of one call to another of its kind.
fn spoil(spans: &mut [Span], dice: &mut Rng) {
    let (one, other) = (dice.usize(..spans.len()), dice.usize(..spans.len()));
    let answer = spans[other].answer.clone();
    if std::mem::discriminant(&spans[one].answer) == std::mem::discriminant(&answer) {
        spans[one].answer = answer;
    }
}

fn tried(spans: &[Span]) -> Option<bool> {
    // All of them, those that the judge leaves out included.
    let reading = Reading::of_all(&Entries::new(), spans).ok()?;
    let initial = State { cells: reading.cells(&Entries::new()), revision: Revision(0) };
    Some(exists(&Registers, &initial, &reading.intervals.iter().collect::<Vec<_>>()))
}

fn told(spans: &[Span]) -> String {
    spans.iter().map(|span| format!("\n{}", Told(span))).collect()
}

#[test]
fn the_judge_agrees_with_trying_everything() {
    let (mut good, mut bad) = (0, 0);
    for seed in 0..3000 {
        let mut spans = overlapping(seed, 6);
        let spoilt = seed % 2 == 1;
        if spoilt {
            spoil(&mut spans, &mut Rng::with_seed(seed));
        }
        let judged = judge(&Entries::new(), Revision(0), &spans);
        assert!(spoilt || judged.is_ok(), "seed {seed}: {judged:?}{}", told(&spans));
        // Nothing to try where a revision has two commits.
        let Some(tried) = tried(&spans) else {
            assert!(judged.is_err());
            continue;
        };
        assert_eq!(judged.is_ok(), tried, "seed {seed}: {judged:?}{}", told(&spans));
        if tried { good += 1 } else { bad += 1 }
    }
    assert!(good > 500 && bad > 50, "{good} with an order, {bad} without");
}
