//! The fault layer: servers whose storage and executor are made to fail, one call at a time.
//!
//! Whoever has a server in their own process lends it to this layer by implementing [`Faulty`]: they count the calls that the
//! server makes to what it stands on, and let one of them go wrong. An API says what is tried
//! ([`flink::faults`](crate::apis::flink::faults)); here is what is demanded each time:
//!
//! - An answer comes, and it is a success or the server's own failure (5xx).
//! - What was acknowledged is there, also after a restart.
//! - What was not acknowledged has happened wholly or not at all, and the same request succeeds when it is repeated, at the
//!   latest when the server has found out what became of the first.

use std::rc::Rc;
use std::time::Duration;

use crate::{Answer, Call, Case, Context, Layer, Stop};

/// What a server stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Where it keeps its state.
    Store,
    /// What its jobs run on.
    Executor,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and the caller is told so.
    Fail,
    /// Nothing happens, and the caller is never told anything.
    Hang,
    /// It happens, and the caller is told that it can't be known.
    ApplyThenFail,
}

/// A server in this process that can be made to fail inside. It is the target of the run.
pub trait Faulty {
    /// Lets the `nth` call to this part go wrong, counted from 1 and from now on.
    fn arm(&self, part: Part, nth: u64, fault: Fault);

    /// Lets nothing go wrong any more. Returns whether the fault has struck.
    fn disarm(&self) -> bool;
}

/// Something that is asked of a server while a call of it goes wrong.
pub(crate) trait Scenario: Sized {
    /// Last part but two of the ids of its cases.
    const NAME: &'static str;

    /// Makes what the request needs.
    async fn prepare(cx: &Context) -> Result<Self, Stop>;

    /// The request. Repeated, it means the same.
    fn request(&self, cx: &Context) -> Call;

    /// Takes note of the answer to the first request that was acknowledged.
    fn acknowledged(&mut self, _: &Answer) -> Result<(), Stop> {
        Ok(())
    }

    /// Statuses, beside success, of a repeated request if the first one has happened.
    fn already(&self) -> &'static [u16] {
        &[]
    }

    /// Whether it has happened, where a repeated request doesn't tell.
    async fn is_there(&self, _: &Context) -> Result<bool, Stop> {
        Ok(true)
    }

    /// Asked now and then while something may still go wrong in the background.
    fn look(&self, cx: &Context) -> Option<Call>;

    /// Fails unless the request has happened wholly or not at all.
    async fn whole(&self, cx: &Context) -> Result<(), Stop>;

    /// Fails unless the request has happened, once, or happens soon.
    async fn happened(&self, cx: &Context) -> Result<(), Stop>;
}

/// The cases of a scenario: each part, each way to go wrong.
pub(crate) fn cases<S: Scenario + 'static>(api: &str, server: &Rc<dyn Faulty>) -> Vec<Case> {
    let ways = [(Fault::Fail, "fails"), (Fault::Hang, "hangs"), (Fault::ApplyThenFail, "applies-then-fails")];
    let parts = [(Part::Store, "store"), (Part::Executor, "executor")];
    let all = parts.into_iter().flat_map(|part| ways.into_iter().map(move |way| (part, way)));
    let case = |((part, place), (fault, way)): ((Part, &'static str), (Fault, &'static str))| {
        let server = Rc::clone(server);
        let wrong = match fault {
            Fault::Fail => "fails",
            Fault::Hang => "is never answered",
            Fault::ApplyThenFail => "happens and is said to have failed",
        };
        let requirement = format!(
            "Whichever call to the {place} {wrong}, {} is acknowledged only if it is durable, happens wholly or not at all, and \
             succeeds when it is repeated.",
            S::NAME.replace('-', " ")
        );
        Case::must(format!("{api}.fault.{}.{place}.{way}", S::NAME), requirement)
            .layer(Layer::Fault)
            .source("Planewright's design: no success without effect")
            .proved_by(async move |cx: Context| {
                for nth in 1..=MOST {
                    if !strike::<S>(&cx, &*server, (part, nth, fault)).await? {
                        return Ok(());
                    }
                }
                Err(Stop::Error(format!("one request makes more than {MOST} calls to the {place}")))
            })
    };
    all.map(case).collect()
}

/// How many calls a request makes at most, and what comes of it in the background for a while.
const MOST: u64 = 60;
/// How often is looked, and how long is waited in between, while something may go wrong in the background.
const LOOKS: u32 = 6;
const BETWEEN: Duration = Duration::from_millis(100);

/// Lets one call go wrong. Returns whether it did; if not there was no such call.
async fn strike<S: Scenario>(
    cx: &Context,
    server: &dyn Faulty,
    (part, nth, fault): (Part, u64, Fault),
) -> Result<bool, Stop> {
    let told = |stop: Stop| match stop {
        Stop::Fail { expected, came } => {
            Stop::Fail { expected: format!("{expected} ({part:?} call {nth}: {fault:?})"), came }
        }
        other => other,
    };
    let mut scenario = S::prepare(cx).await?;
    server.arm(part, nth, fault);
    let attempted = attempt(cx, &mut scenario).await;
    let struck = server.disarm();
    let acknowledged = attempted.map_err(told)?;
    if !struck && !acknowledged {
        return Err(told(Stop::fail("a success where nothing went wrong", "a failure")));
    }
    // Who waits for an answer that never comes waits until the process ends.
    if acknowledged || fault == Fault::Hang {
        cx.restart().await?;
    }
    if !acknowledged {
        scenario.whole(cx).await.map_err(told)?;
        // What isn't known to have failed may be in the way until the server has found out.
        let repeated = cx.until("a success when the request is repeated", async || {
            let again = scenario.request(cx).send().await?;
            let (success, already) = (is_success(&again), scenario.already().contains(&again.status()));
            again.check(success || already || again.status() >= 500, "a success")?;
            Ok((success || already && scenario.is_there(cx).await?).then_some(again))
        });
        let again = repeated.await.map_err(told)?;
        if is_success(&again) {
            scenario.acknowledged(&again).map_err(told)?;
        }
    }
    scenario.happened(cx).await.map_err(told)?;
    Ok(struck)
}

fn is_success(answer: &Answer) -> bool {
    (200..300).contains(&answer.status())
}

/// Sends the request, and looks what becomes of it. Returns whether it was acknowledged.
async fn attempt<S: Scenario>(cx: &Context, scenario: &mut S) -> Result<bool, Stop> {
    let answer = scenario.request(cx).send().await?;
    let acknowledged = is_success(&answer);
    answer.check(acknowledged || answer.status() >= 500, "a success or a failure of the server")?;
    if acknowledged {
        scenario.acknowledged(&answer)?;
        for _ in 0..LOOKS {
            let Some(look) = scenario.look(cx) else { break };
            cx.pause(BETWEEN).await;
            let seen = look.send().await?;
            seen.check(
                seen.status() == 200 || seen.status() >= 500,
                "an answer, or a failure of the server",
            )?;
        }
    }
    Ok(acknowledged)
}
