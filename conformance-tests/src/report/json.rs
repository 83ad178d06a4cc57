//! A report as JSON: `planewright-conformance-report`, version 1.

use serde_json::{Map, Value, json};

use super::{CaseReport, Coverage, Failure, Outcome, Report};

impl Report {
    /// The report as JSON, for machines. It has no times in it, so that equal runs give equal bytes.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "format": "planewright-conformance-report/1",
            "suite": { "name": "planewright-conformance", "version": env!("CARGO_PKG_VERSION") },
            "api": self.api,
            "document": { "sha256": self.document },
            "seed": self.seed,
            "verdict": self.verdict().name(),
            "counts": self.counts().into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect::<Map<_, _>>(),
            "coverage": coverage(&self.coverage),
            "staleKnownFailures": self.stale,
            "cases": self.cases.iter().map(|case| self.case(case)).collect::<Vec<_>>(),
        })
    }

    fn case(&self, case: &CaseReport) -> Value {
        let mut told = json!({
            "id": case.id,
            "layer": case.layer.name(),
            "level": case.level.name(),
            "outcome": case.outcome.name(),
            "requirement": case.requirement,
            "source": case.source,
        });
        let failure = |failure: &Failure| {
            json!({
                "expected": failure.expected,
                "came": failure.came,
                "curl": case.curl(&self.target),
                "replay": self.replay_id(case),
            })
        };
        match &case.outcome {
            Outcome::Pass => {}
            Outcome::Fail(found) => told["failure"] = failure(found),
            Outcome::Known(found, reason) => {
                told["reason"] = reason.as_str().into();
                told["failure"] = failure(found);
            }
            Outcome::Skip(reason) | Outcome::Error(reason) => {
                told["reason"] = reason.as_str().into();
            }
        }
        told
    }
}

fn coverage(coverage: &Coverage) -> Value {
    let part = |map: &std::collections::BTreeMap<(String, String), bool>| {
        let missed = map.iter().filter(|(_, hit)| !**hit).map(|(key, _)| {
            let mut missed = json!([key.0, key.1]);
            if let (Some(reason), Some(missed)) = (coverage.unreachable.get(key), missed.as_array_mut()) {
                missed.push(reason.as_str().into());
            }
            missed
        });
        let hit = map.values().filter(|hit| **hit).count();
        json!({ "hit": hit, "total": map.len(), "missed": missed.collect::<Vec<_>>() })
    };
    json!({ "constraints": part(&coverage.constraints), "statuses": part(&coverage.statuses) })
}
