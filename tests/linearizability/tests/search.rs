//! The search says what trying all orders says.

use planewright_linearizability::{Interval, Model, Verdict, exists, search};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

/// One register that is read, written, and swapped on a condition.
struct Register;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Read(u8),
    Write(u8),
    /// From, to, and whether it was done.
    Swap(u8, u8, bool),
    /// A swap of which nobody knows the outcome.
    MaySwap(u8, u8),
    /// A counter beside the register, that must ascend: for the rule about what is too late.
    Stamp(u8),
}

impl Model for Register {
    type State = (u8, u8);
    type Operation = Operation;

    fn apply(&self, &(value, stamp): &(u8, u8), operation: &Operation) -> Option<(u8, u8)> {
        match *operation {
            Operation::Read(read) => (read == value).then_some((value, stamp)),
            Operation::Write(to) => Some((to, stamp)),
            Operation::Swap(from, to, true) => (from == value).then_some((to, stamp)),
            Operation::Swap(from, _, false) => (from != value).then_some((value, stamp)),
            Operation::MaySwap(from, to) => (from == value).then_some((to, stamp)),
            Operation::Stamp(next) => (next > stamp).then_some((value, next)),
        }
    }

    fn is_too_late(&self, &(_, stamp): &(u8, u8), operation: &Operation) -> bool {
        matches!(operation, Operation::Stamp(next) if *next <= stamp)
    }

    fn is_read(&self, operation: &Operation) -> bool {
        matches!(operation, Operation::Read(_) | Operation::Swap(_, _, false))
    }

    fn rank(&self, operation: &Operation) -> u64 {
        if let Operation::Stamp(next) = operation { (*next).into() } else { 0 }
    }
}

fn has_order(history: &[Interval<Operation>]) -> bool {
    exists(&Register, &(0, 0), &history.iter().collect::<Vec<_>>())
}

/// Intervals with ends as they come, and sometimes without one.
fn histories() -> impl Strategy<Value = Vec<Interval<Operation>>> {
    let value = 0..3_u8;
    let operation = prop_oneof![
        3 => value.clone().prop_map(Operation::Read),
        3 => value.clone().prop_map(Operation::Write),
        3 => (value.clone(), value.clone(), any::<bool>()).prop_map(|(from, to, done)| Operation::Swap(from, to, done)),
        1 => (value.clone(), value).prop_map(|(from, to)| Operation::MaySwap(from, to)),
        1 => (0..4_u8).prop_map(Operation::Stamp),
    ];
    let open = prop::bool::weighted(0.2);
    let interval = (operation, 0..10_usize, 1..6_usize, open, any::<bool>());
    prop::collection::vec(interval, 1..7).prop_map(|drawn| {
        let mut edges: Vec<_> = Vec::new();
        for (number, (_, start, length, ..)) in drawn.iter().enumerate() {
            edges.push((*start, number, false));
            edges.push((start + length, number, true));
        }
        edges.sort_unstable();
        let at = |number, end| edges.iter().position(|edge| (edge.1, edge.2) == (number, end)).unwrap();
        let interval =
            |(number, (operation, _, _, open, seen)): (usize, &(Operation, usize, usize, bool, bool))| {
                let unknown = matches!(operation, Operation::MaySwap(..));
                Interval {
                    operation: *operation,
                    called: at(number, false),
                    returned: (!open).then(|| at(number, true)).filter(|_| !unknown),
                    required: !unknown && (!open || *seen),
                }
            };
        drawn.iter().enumerate().map(interval).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn the_search_agrees_with_trying_everything(history in histories()) {
        match search(&Register, (0, 0), &history, 100_000) {
            Verdict::Linearizable(order) => {
                prop_assert!(has_order(&history));
                explains(&order, &history)?;
            }
            Verdict::Violation(_) => prop_assert!(!has_order(&history)),
            Verdict::Undecided(_) => prop_assert!(false, "undecided"),
        }
    }
}

/// The order that was found is one: nobody needs to believe the search.
fn explains(order: &[usize], history: &[Interval<Operation>]) -> Result<(), TestCaseError> {
    let mut state = (0, 0);
    for (place, operation) in order.iter().enumerate() {
        let next = Register.apply(&state, &history[*operation].operation);
        prop_assert!(next.is_some());
        state = next.unwrap_or(state);
        for later in &order[place + 1..] {
            prop_assert!(
                history[*later].returned.is_none_or(|returned| returned > history[*operation].called)
            );
        }
    }
    for (number, interval) in history.iter().enumerate() {
        prop_assert!(!interval.required || order.contains(&number));
    }
    Ok(())
}

#[test]
fn both_verdicts_are_drawn() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut good, mut bad) = (0, 0);
    for _ in 0..1000 {
        let history = histories().new_tree(&mut runner).unwrap().current();
        if has_order(&history) { good += 1 } else { bad += 1 }
    }
    assert!(good > 200 && bad > 200, "{good} histories with an order, {bad} without");
}

#[test]
fn a_search_that_is_given_up_says_so() {
    let write = |number: usize| Interval {
        operation: Operation::Write((number % 250) as u8),
        called: number,
        returned: None,
        required: true,
    };
    let mut history: Vec<_> = (0..30).map(write).collect();
    history.push(Interval {
        operation: Operation::Read(255),
        called: 30,
        returned: Some(31),
        required: true,
    });
    assert_eq!(search(&Register, (0, 0), &history, 1000), Verdict::Undecided(1000));
}
