//! The state layer: random histories of calls against a model, one after the other or at once.

use std::cell::Cell;
use std::fmt::Debug;
use std::time::Duration;

use planewright_linearizability::{Interval, Verdict, search};
use tokio::time::Instant;

use crate::exchange::Exchange;
use crate::{Context, Stop};

/// What is known of an implementation from the calls that were made so far, and what may therefore come next.
pub(crate) trait Model: Default {
    /// Something to do. It names what it is done to by a number, of which the remainder counts, so that it makes sense
    /// whatever was left out before it.
    type Step: Clone + Debug;

    /// Does something, and judges the answers. A step that makes no sense now does nothing.
    ///
    /// # Errors
    ///
    /// What the implementation did wrong.
    async fn step(&mut self, cx: &Context, step: &Self::Step) -> Result<(), Stop>;

    /// Waits until everything that was begun is over, and judges what came of it.
    ///
    /// # Errors
    ///
    /// What the implementation did wrong.
    async fn settle(&mut self, cx: &Context) -> Result<(), Stop>;

    /// Makes room for the next history, as far as the implementation lets it.
    async fn clear(&mut self, cx: &Context);
}

/// How much may be tried to make a history shorter: steps in all, and time, which only a target with a real clock needs.
const SHRINKING: (usize, Duration) = (200, Duration::from_secs(60));

/// Plays a history; one that fails is made as short as it can be, and its exchanges alone are written down.
///
/// # Errors
///
/// What the implementation did wrong in the shortest history that was found.
pub(crate) async fn history<M: Model>(cx: &Context, steps: Vec<M::Step>) -> Result<(), Stop> {
    let drawn = steps.len();
    let mut shortest = match play::<M>(cx, &steps).await {
        (Err(stop @ Stop::Fail { .. }), log) => (steps, stop, log),
        (ended, log) => {
            log.into_iter().for_each(|exchange| cx.cite(exchange));
            return ended;
        }
    };
    let start = Instant::now();
    let (mut left, mut size) = (SHRINKING.0, shortest.0.len().div_ceil(2));
    'sizes: while size > 0 {
        let mut from = 0;
        while from < shortest.0.len() {
            let to = (from + size).min(shortest.0.len());
            let fewer = [&shortest.0[..from], &shortest.0[to..]].concat();
            if fewer.len() > left || start.elapsed() > SHRINKING.1 {
                break 'sizes;
            }
            left -= fewer.len();
            match play::<M>(cx, &fewer).await {
                (Err(stop @ Stop::Fail { .. }), log) => shortest = (fewer, stop, log),
                _ => from = to,
            }
        }
        size /= 2;
    }
    let (steps, stop, log) = shortest;
    log.into_iter().for_each(|exchange| cx.cite(exchange));
    let Stop::Fail { expected, came } = stop else { return Err(stop) };
    let steps: Vec<_> = steps.iter().map(|step| format!("{step:?}")).collect();
    let expected = format!("{expected} (history of {drawn} steps, shrunk to: {})", steps.join(", "));
    Err(Stop::Fail { expected, came })
}

/// Plays a history from a new beginning, and returns how it ended and what was said in it.
async fn play<M: Model>(cx: &Context, steps: &[M::Step]) -> (Result<(), Stop>, Vec<Exchange>) {
    let mut model = M::default();
    let mut ended = Ok(());
    for step in steps {
        ended = model.step(cx, step).await;
        if ended.is_err() {
            break;
        }
    }
    if ended.is_ok() {
        ended = model.settle(cx).await;
    }
    let log = cx.take_log();
    model.clear(cx).await;
    cx.tidy_up().await;
    (ended, log)
}

/// Numbers the beginnings and ends of calls in the order in which they happen.
#[derive(Debug, Default)]
pub(crate) struct Ticks(Cell<usize>);

impl Ticks {
    fn next(&self) -> usize {
        self.0.replace(self.0.get() + 1)
    }

    /// Makes a call, and notes when it began and ended.
    ///
    /// # Errors
    ///
    /// What the call returns.
    pub(crate) async fn time<T>(
        &self,
        call: impl Future<Output = Result<T, Stop>>,
    ) -> Result<Interval<T>, Stop> {
        let called = self.next();
        let operation = call.await?;
        Ok(Interval { operation, called, returned: Some(self.next()), required: true })
    }
}

/// Makes sure that the calls of a history could have happened one after the other.
///
/// # Errors
///
/// The calls that fit nowhere.
pub(crate) fn explain<M>(model: &M, initial: M::State, history: &[Interval<M::Operation>]) -> Result<(), Stop>
where
    M: planewright_linearizability::Model,
    M::Operation: Debug,
{
    /// Places that the search may visit: histories here have a dozen calls.
    const LIMIT: usize = 200_000;
    let told = |places: &[usize]| {
        let calls: Vec<_> = places.iter().map(|place| format!("{:?}", history[*place].operation)).collect();
        calls.join(", ")
    };
    match search(model, initial, history, LIMIT) {
        Verdict::Linearizable(_) => Ok(()),
        Verdict::Undecided(places) => Err(Stop::Error(format!("gave up after {places} places"))),
        Verdict::Violation(stuck) => Err(Stop::fail(
            "an order of these calls in which each could be answered as it was",
            format!("after {} none of: {}", told(&stuck.taken), told(&stuck.waiting)),
        )),
    }
}
