//! The cases of the state layer.

use crate::{Case, Context, Layer, Stop};

use super::{history, once};

const SOURCE: &str = "the model of the API: what its rules say together";

/// So many of each kind of history.
pub(crate) fn cases(histories: usize) -> Vec<Case> {
    let case =
        |id: String, sentence: &'static str| Case::must(id, sentence).layer(Layer::State).source(SOURCE);
    let mut cases = Vec::new();
    for number in 1..=histories {
        cases.push(
            case(
                format!("flink.state.history.{number}"),
                "After any calls the jars, jobs and operations are what these calls must have made of them.",
            )
            .proved_by(async |cx: Context| history(&cx, false).await),
        );
    }
    for number in 1..=histories.div_ceil(2) {
        cases.extend([
            case(
                format!("flink.state.one-job-id.{number}"),
                "Of several runs with one job id at once one is accepted, and everybody sees that one.",
            )
            .proved_by(async |cx: Context| once::job_id(&cx).await),
            case(
                format!("flink.state.one-jar.{number}"),
                "Of several deletions of one jar at once one is done, and nobody uses the jar after that.",
            )
            .proved_by(async |cx: Context| once::jar(&cx).await),
            case(
                format!("flink.state.one-trigger.{number}"),
                "One trigger id from several clients at once is one savepoint, that of one who came first.",
            )
            .proved_by(async |cx: Context| once::trigger(&cx).await),
            case(
                format!("flink.state.one-end.{number}"),
                "A job that several clients cancel at once is cancelled, its states only go on, and its savepoints end.",
            )
            .proved_by(async |cx: Context| once::end(&cx).await),
            case(
                format!("flink.state.apart.{number}"),
                "Uploads, runs and savepoints at once don't meet: each client gets what it asked for.",
            )
            .proved_by(async |cx: Context| once::apart(&cx).await),
            Case::should(
                format!("flink.state.restart.{number}"),
                "What was acknowledged is there after the server was killed and started again.",
            )
            .layer(Layer::State)
            .source(SOURCE)
            .proved_by(async |cx: Context| match cx.can_restart() {
                true => history(&cx, true).await,
                false => Err(Stop::Skip("this target can't be restarted".to_owned())),
            }),
        ]);
    }
    cases
}
