//! What a simulated job does, read from its submission.

use std::collections::BTreeMap;

use crate::executor::{
    ExecutionConfiguration, ExecutorError, JobKind, JobPlan, PlanInput, PlanNode, Submission,
};
use crate::id::VertexId;

/// The greatest parallelism that Flink knows.
const MAX_PARALLELISM: u32 = 1 << 15;

/// The behaviour of one job.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub name: String,
    pub kind: JobKind,
    pub parallelism: u32,
    /// Milliseconds of work after which the job finishes; `None` if it never does.
    pub runtime: Option<i64>,
    /// Milliseconds that a source subtask spends on one record; 0 means that a hundred pass in each.
    pub sleep: i64,
    /// The record at which a source subtask throws.
    pub fail_at: Option<i64>,
    pub restarts: u32,
    /// Milliseconds from one checkpoint to the next.
    pub checkpoint_interval: Option<i64>,
    /// Milliseconds that every checkpoint and savepoint takes longer.
    pub slow_checkpoint: i64,
    pub fail_savepoint: bool,
    pub leaves_data_set: bool,
    pub arguments: BTreeMap<String, String>,
    pub vertices: [VertexTemplate; 2],
}

/// A chain of operators.
#[derive(Clone, Copy, Debug)]
pub(super) struct VertexTemplate {
    pub id: [u8; 16],
    pub operators: &'static [&'static str],
    pub max_parallelism: u32,
}

impl VertexTemplate {
    pub(super) fn id(&self) -> VertexId {
        VertexId::from_bytes(self.id)
    }

    pub(super) fn name(&self) -> String {
        self.operators.join(" -> ")
    }
}

// The ids are those that Flink gives to the same programs.
const STREAMING: [VertexTemplate; 2] = [
    VertexTemplate {
        id: 0xca88eee0095684d687a1b6495617f957_u128.to_be_bytes(),
        operators: &["Source: numbers", "throttle", "wm"],
        max_parallelism: 128,
    },
    VertexTemplate {
        id: 0xbde003748507fe3676ee1553bea4cff0_u128.to_be_bytes(),
        operators: &["keyed-count", "discard: Writer"],
        max_parallelism: 128,
    },
];

const BATCH: [VertexTemplate; 2] = [
    VertexTemplate {
        id: 0xca88eee0095684d687a1b6495617f957_u128.to_be_bytes(),
        operators: &["Source: numbers", "count"],
        max_parallelism: 128,
    },
    VertexTemplate {
        id: 0x239c254b5ff89532b198266322bc819f_u128.to_be_bytes(),
        operators: &["sum", "discard: Writer"],
        max_parallelism: 128,
    },
];

impl Program {
    /// Reads a submission.
    pub(super) fn of(submission: &Submission, default_parallelism: u32) -> Result<Self, ExecutorError> {
        let arguments = parse_arguments(&submission.arguments);
        let parallelism = submission.parallelism.unwrap_or(default_parallelism);
        if !(1..=MAX_PARALLELISM).contains(&parallelism) {
            return Err(ExecutorError::Rejected {
                reason: format!("parallelism {parallelism} is not between 1 and {MAX_PARALLELISM}"),
            });
        }
        let number = |name: &str| match arguments.get(name) {
            None => Ok(None),
            Some(text) => match text.parse::<i64>() {
                // A hundred years in milliseconds; more would only overflow.
                Ok(number) => Ok(Some(number.clamp(-1, 3_155_760_000_000))),
                Err(_) => Err(ExecutorError::Rejected {
                    reason: format!("argument --{name} is not a number: {text}"),
                }),
            },
        };
        let flag = |name: &str| arguments.get(name).is_some_and(|value| value != "false");
        let class = submission.entry_class.as_deref().unwrap_or("StreamingJob");
        let simple = class.rsplit('.').next().unwrap_or(class);
        let batch = matches!(simple, "BoundedJob" | "CacheJob");
        let default_name = match simple {
            "BoundedJob" => "bounded-job",
            "CacheJob" => "cache-job",
            "StreamingJob" => "streaming-job",
            other => other,
        };
        let runtime = number("runtime-ms")?.filter(|runtime| *runtime >= 0);
        let bounded = batch || flag("bounded");
        let interval = match number("checkpoint-ms")? {
            Some(interval) => interval,
            None if batch => 0,
            None => 2000,
        };
        Ok(Self {
            name: submission
                .name
                .clone()
                .or_else(|| arguments.get("name").cloned())
                .unwrap_or_else(|| default_name.to_owned()),
            kind: if batch { JobKind::Batch } else { JobKind::Streaming },
            parallelism,
            runtime: runtime.or(bounded.then_some(1000)),
            sleep: number("sleep-ms")?.unwrap_or(10).max(0),
            fail_at: number("fail-at")?.filter(|record| *record >= 0),
            restarts: number("restarts")?.and_then(|restarts| u32::try_from(restarts).ok()).unwrap_or(0),
            // Below this a job that nobody looks at for long costs more than it shows.
            checkpoint_interval: (interval > 0).then_some(interval.max(10)),
            slow_checkpoint: number("slow-checkpoint-ms")?.unwrap_or(0).max(0),
            fail_savepoint: flag("fail-savepoint"),
            leaves_data_set: simple == "CacheJob",
            vertices: if batch { BATCH } else { STREAMING },
            arguments,
        })
    }

    /// How long a source subtask works on `records` records, in milliseconds.
    pub(super) fn time_for(&self, records: i64) -> i64 {
        if self.sleep == 0 { records / 100 } else { records.saturating_mul(self.sleep) }
    }

    /// How many records a source subtask has processed after some milliseconds of work.
    pub(super) fn records_after(&self, millis: i64) -> u64 {
        let records = match self.sleep {
            0 => millis.saturating_mul(100),
            sleep => millis / sleep,
        };
        u64::try_from(records).unwrap_or(0)
    }

    pub(super) fn plan(&self, parallelism: Option<[u32; 2]>) -> JobPlan {
        let [source, sink] = &self.vertices;
        let node = |index: usize, template: &VertexTemplate, inputs| PlanNode {
            id: template.id(),
            operators: template.operators.iter().map(|&name| name.to_owned()).collect(),
            parallelism: parallelism.map(|all| all[index]),
            inputs,
        };
        let input = PlanInput {
            source: source.id(),
            ship_strategy: "HASH".to_owned(),
            exchange: match self.kind {
                JobKind::Streaming => "pipelined_bounded",
                JobKind::Batch => "blocking",
            }
            .to_owned(),
        };
        JobPlan {
            name: self.name.clone(),
            kind: self.kind,
            nodes: vec![node(1, sink, vec![input]), node(0, source, Vec::new())],
        }
    }

    pub(super) fn configuration(&self) -> ExecutionConfiguration {
        ExecutionConfiguration {
            restart_strategy: match self.restarts {
                0 => "Restart deactivated.".to_owned(),
                n => format!("Restart with fixed delay (500 ms). #{n} restart attempts."),
            },
            parallelism: Some(self.parallelism),
            object_reuse: false,
            user: self.arguments.clone(),
        }
    }
}

/// Reads `--name value` and `-name value`; a name without a value stands for `true`.
fn parse_arguments(arguments: &[String]) -> BTreeMap<String, String> {
    let mut parsed = BTreeMap::new();
    let mut rest = arguments.iter().peekable();
    while let Some(argument) = rest.next() {
        let Some(name) = name_of(argument) else {
            continue;
        };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, value.to_owned()),
            None => {
                let value = rest.next_if(|next| name_of(next).is_none());
                (name, value.map_or_else(|| "true".to_owned(), String::clone))
            }
        };
        parsed.insert(name.to_owned(), value);
    }
    parsed
}

fn name_of(argument: &str) -> Option<&str> {
    let name = argument.strip_prefix("--").or_else(|| argument.strip_prefix('-'))?;
    // `-1` is a value.
    let is_name = name.chars().next().is_some_and(|c| !c.is_ascii_digit());
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::JobId;
    use proptest::prelude::*;

    fn program(class: &str, arguments: &[&str]) -> Result<Program, ExecutorError> {
        let submission = Submission {
            entry_class: Some(class.to_owned()),
            arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
            ..Submission::new(JobId::from_bytes([1; 16]))
        };
        Program::of(&submission, 1)
    }

    #[test]
    fn arguments_are_those_of_the_test_jobs() {
        let p = program(
            "org.example.StreamingJob",
            &["--fail-at", "50", "--restarts", "1", "--sleep-ms", "5", "--checkpoint-ms", "0"],
        )
        .unwrap();
        assert_eq!((p.fail_at, p.restarts, p.sleep), (Some(50), 1, 5));
        assert_eq!((p.checkpoint_interval, p.runtime), (None, None));
        assert_eq!(p.name, "streaming-job");
        assert_eq!(program("StreamingJob", &["--fail-at", "-1"]).unwrap().fail_at, None);
        assert!(program("StreamingJob", &["--bounded", "--fail-savepoint"]).unwrap().fail_savepoint);
        assert_eq!(program("BoundedJob", &["--name", "b"]).unwrap().name, "b");
    }

    #[test]
    fn what_is_no_number_is_rejected() {
        let error = program("StreamingJob", &["--sleep-ms", "fast"]).unwrap_err();
        assert_eq!(error.to_string(), "submission was rejected: argument --sleep-ms is not a number: fast");
    }

    proptest! {
        #[test]
        fn no_arguments_make_it_panic(arguments: Vec<String>, records: i64) {
            let submission = Submission { arguments, ..Submission::new(JobId::from_bytes([1; 16])) };
            if let Ok(program) = Program::of(&submission, 1) {
                let _ = (program.time_for(records), program.records_after(records));
            }
        }
    }
}
