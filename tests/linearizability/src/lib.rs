//! Whether a concurrent history has an order that explains it.
//!
//! The search of Wing and Gong with the memory of Lowe: it goes through the history from the front, takes one operation after
//! the other that no other operation certainly precedes and that fits the state, and steps back where it gets
//! stuck. It remembers which operations it had taken with which state, and visits no such place twice. Three things keep it
//! from wandering:
//!
//! - A read that fits is taken without an alternative: every order that takes it later is as good with it taken now. (Not so a
//!   write that happens to change nothing here: it may be needed later.)
//! - A model may say that an operation will never fit any more; then the place is a dead end at once.
//! - Operations that may or may not have happened are tried last.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

/// What operations mean.
pub trait Model {
    /// What the system is in between operations.
    type State: Clone + Eq + Hash + Debug;
    /// An operation, with what it returned if that is known.
    type Operation;

    /// The state after the operation; `None` if it can't have returned what it did in this state.
    fn apply(&self, state: &Self::State, operation: &Self::Operation) -> Option<Self::State>;

    /// Whether the operation fits neither this state nor any that can follow. Saying `false` is always right.
    fn is_too_late(&self, _state: &Self::State, _operation: &Self::Operation) -> bool {
        false
    }

    /// Whether the operation, if it leaves some state as it is, does so with every later state that it fits. Saying `false`
    /// is always right.
    fn is_read(&self, _operation: &Self::Operation) -> bool {
        false
    }

    /// Operations with a smaller rank are tried first.
    fn rank(&self, _operation: &Self::Operation) -> u64 {
        0
    }
}

/// An operation and when it took place.
#[derive(Clone, Debug)]
pub struct Interval<O> {
    /// What was done.
    pub operation: O,
    /// When it began. No two numbers of a history are equal.
    pub called: usize,
    /// When it had ended; `None` if nobody knows.
    pub returned: Option<usize>,
    /// Whether it certainly took place, at any time after the call.
    pub required: bool,
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<S> {
    /// An order that explains the history, as positions in it.
    Linearizable(Vec<usize>),
    /// There is none.
    Violation(Stuck<S>),
    /// The search was given up after so many places.
    Undecided(usize),
}

/// The farthest place from which no operation leads on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck<S> {
    /// The operations that were taken, as positions.
    pub taken: Vec<usize>,
    /// The state after them.
    pub state: S,
    /// The operations, one of which should come next, as positions.
    pub waiting: Vec<usize>,
}

/// A place of the search: which operations were taken, and the state after them.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place<S> {
    taken: Box<[u64]>,
    state: S,
}

impl<S> Place<S> {
    fn has(&self, operation: usize) -> bool {
        self.taken[operation / 64] >> (operation % 64) & 1 == 1
    }

    fn take(&mut self, operation: usize) {
        self.taken[operation / 64] |= 1 << (operation % 64);
    }
}

struct Frame<S> {
    place: Place<S>,
    /// How many operations the order had before this place's.
    depth: usize,
    /// Where the search may go from here, the last first.
    ways: Vec<(usize, S)>,
}

/// Looks for an order of all operations with `required` that agrees with the model and with real time, visiting at
/// most `limit` places. Others may take part in it or not.
pub fn search<M: Model>(
    model: &M,
    initial: M::State,
    history: &[Interval<M::Operation>],
    limit: usize,
) -> Verdict<M::State> {
    let mut by_call: Vec<usize> = (0..history.len()).collect();
    by_call.sort_by_key(|operation| history[*operation].called);
    let search = Search { model, history, by_call };
    let mut order = Vec::new();
    let mut farthest: Option<Stuck<M::State>> = None;
    let mut visited = HashSet::new();
    let taken = vec![0; history.len().div_ceil(64)].into_boxed_slice();
    let mut next = Some(Place { taken, state: initial });
    let mut stack: Vec<Frame<M::State>> = Vec::new();
    loop {
        if let Some(mut place) = next.take() {
            let depth = order.len();
            let waiting = search.take_reads(&mut place, &mut order);
            if !waiting.iter().any(|operation| history[*operation].required) && search.is_done(&place) {
                return Verdict::Linearizable(order);
            }
            if farthest.as_ref().is_none_or(|stuck| stuck.taken.len() < order.len()) {
                let (taken, state) = (order.clone(), place.state.clone());
                farthest = Some(Stuck { taken, state, waiting: waiting.clone() });
            }
            let ways = if visited.insert(place.clone()) { search.ways(&place, &waiting) } else { Vec::new() };
            if visited.len() > limit {
                return Verdict::Undecided(limit);
            }
            stack.push(Frame { place, depth, ways });
        }
        let Some(frame) = stack.last_mut() else { break };
        match frame.ways.pop() {
            Some((operation, state)) => {
                let mut place = Place { taken: frame.place.taken.clone(), state };
                place.take(operation);
                order.push(operation);
                next = Some(place);
            }
            None => {
                // The operation that led here goes with it.
                order.truncate(frame.depth.saturating_sub(1));
                stack.pop();
            }
        }
    }
    farthest.map_or(Verdict::Undecided(0), Verdict::Violation)
}

struct Search<'a, M: Model> {
    model: &'a M,
    history: &'a [Interval<M::Operation>],
    by_call: Vec<usize>,
}

impl<M: Model> Search<'_, M> {
    /// The operations that no operation precedes which is not taken yet.
    fn waiting(&self, place: &Place<M::State>) -> Vec<usize> {
        let mut first_end = usize::MAX;
        let mut found = Vec::new();
        for &operation in &self.by_call {
            let interval = &self.history[operation];
            if interval.called > first_end {
                break;
            }
            if !place.has(operation) {
                first_end = first_end.min(interval.returned.unwrap_or(usize::MAX));
                found.push(operation);
            }
        }
        found
    }

    fn is_done(&self, place: &Place<M::State>) -> bool {
        self.history.iter().enumerate().all(|(number, interval)| !interval.required || place.has(number))
    }

    /// Takes the reads that fit, as long as there are any, and returns what then waits.
    fn take_reads(&self, place: &mut Place<M::State>, order: &mut Vec<usize>) -> Vec<usize> {
        loop {
            let waiting = self.waiting(place);
            let before = order.len();
            for operation in &waiting {
                let interval = &self.history[*operation];
                let fits = || self.model.apply(&place.state, &interval.operation);
                let read = interval.required && self.model.is_read(&interval.operation);
                if read && fits().is_some_and(|state| state == place.state) {
                    place.take(*operation);
                    order.push(*operation);
                }
            }
            if order.len() == before {
                return waiting;
            }
        }
    }

    /// The operations that lead on, the one to try first last.
    fn ways(&self, place: &Place<M::State>, waiting: &[usize]) -> Vec<(usize, M::State)> {
        let late = |operation: &usize| {
            let interval = &self.history[*operation];
            interval.required && self.model.is_too_late(&place.state, &interval.operation)
        };
        if waiting.iter().any(late) {
            return Vec::new();
        }
        let mut ways: Vec<_> = waiting
            .iter()
            .filter_map(|operation| {
                let interval = &self.history[*operation];
                let state = self.model.apply(&place.state, &interval.operation)?;
                (interval.required || state != place.state).then_some((*operation, state))
            })
            .collect();
        ways.sort_by_key(|(operation, _)| {
            let interval = &self.history[*operation];
            let rank = (!interval.required, self.model.rank(&interval.operation), interval.returned);
            std::cmp::Reverse(rank)
        });
        ways
    }
}

/// Whether there is such an order, by trying every one of every choice: for tests of models with a handful of operations.
pub fn exists<M: Model>(model: &M, state: &M::State, left: &[&Interval<M::Operation>]) -> bool {
    if !left.iter().any(|interval| interval.required) {
        return true;
    }
    (0..left.len()).any(|next| {
        let interval = left[next];
        let first = left.iter().all(|other| other.returned.is_none_or(|returned| returned > interval.called));
        let rest = || [&left[..next], &left[next + 1..]].concat();
        first && model.apply(state, &interval.operation).is_some_and(|state| exists(model, &state, &rest()))
    })
}
