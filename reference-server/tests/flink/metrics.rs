//! Metric queries.

use serde_json::{Value, json};

use crate::bench::Bench;

async fn ids(bench: &Bench, path: &str) -> Vec<String> {
    let answer = bench.get(path).await.ok();
    let metrics = answer.as_array().unwrap().iter();
    metrics.map(|metric| metric["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn names_are_listed_and_values_are_got() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let path = format!("/jobs/{job}/metrics");
    let names = ids(&bench, &path).await;
    assert!(names.contains(&"uptime".to_owned()), "{names:?}");
    let names_only = bench.get(&path).await.ok();
    assert!(names_only.as_array().unwrap().iter().all(|metric| metric.get("value").is_none()));
    for query in ["get=uptime,numRestarts,nope", "get=uptime&get=numRestarts", "get=uptime%2CnumRestarts"] {
        assert_eq!(ids(&bench, &format!("{path}?{query}")).await, ["uptime", "numRestarts"], "{query}");
    }
    assert_eq!(bench.get(&format!("{path}?get=")).await.ok(), json!([]));
    assert_eq!(bench.get(&format!("{path}?get=nope")).await.ok(), json!([]));
    assert_eq!(ids(&bench, &format!("{path}?bogus=1")).await, names);
}

#[tokio::test]
async fn subtasks_are_aggregated_as_asked() {
    let bench = Bench::new().await;
    let job = bench.running().await;
    let details = bench.get(&format!("/jobs/{job}")).await.ok();
    let vertex = details["vertices"][0]["id"].as_str().unwrap().to_owned();
    let base = format!("/jobs/{job}/vertices/{vertex}/subtasks");
    let one = async |query: &str| -> Value {
        let answer = bench.get(&format!("{base}/metrics?get=numRecordsOut{query}")).await.ok();
        answer.get(0).cloned().unwrap_or(Value::Null)
    };
    let mut values = Vec::new();
    for index in 0..2 {
        let metric = bench.get(&format!("{base}/{index}/metrics?get=numRecordsOut")).await.ok();
        values.push(metric[0]["value"].as_str().unwrap().parse::<f64>().unwrap());
    }
    let all = one("").await;
    assert_eq!(all["sum"].as_f64().unwrap(), values[0] + values[1]);
    assert_eq!(all["avg"].as_f64().unwrap(), (values[0] + values[1]) / 2.0);
    assert_eq!(all["min"].as_f64().unwrap(), values[0].min(values[1]));
    assert_eq!(all["max"].as_f64().unwrap(), values[0].max(values[1]));
    assert!(all["skew"].is_number());
    for query in ["&agg=min,max", "&agg=min&agg=max", "&agg=MIN,MAX"] {
        let found = one(query).await;
        assert_eq!(found, json!({ "id": "numRecordsOut", "min": all["min"], "max": all["max"] }), "{query}");
    }
    for query in ["&agg=median", "&agg="] {
        bench.get(&format!("{base}/metrics?get=numRecordsOut{query}")).await.error(400);
    }
    for query in ["&subtasks=0-1", "&subtasks=0,1", "&subtasks=0-9", "&subtasks=0&subtasks=1"] {
        assert_eq!(one(query).await, all, "{query}");
    }
    assert_eq!(one("&subtasks=0").await["max"].as_f64().unwrap(), values[0]);
    for query in ["&subtasks=7", "&subtasks=1-0", "&subtasks=x", "&subtasks=-1"] {
        assert_eq!(one(query).await, Value::Null, "{query}");
    }
}

#[tokio::test]
async fn jobs_and_task_managers_are_chosen_by_name() {
    let bench = Bench::new().await;
    let (one, two) = (bench.running().await, bench.running().await);
    let sum = async |query: &str| -> Option<f64> {
        let answer = bench.get(&format!("/jobs/metrics?get=uptime&agg=sum{query}")).await.ok();
        answer[0]["sum"].as_f64()
    };
    let (first, second) =
        (sum(&format!("&jobs={one}")).await.unwrap(), sum(&format!("&jobs={two}")).await.unwrap());
    assert_eq!(sum("").await.unwrap(), first + second);
    assert_eq!(sum(&format!("&jobs={one},{two}")).await.unwrap(), first + second);
    assert_eq!(sum("&jobs=00000000000000000000000000000000").await, None);
    bench.get("/jobs/metrics?get=uptime&jobs=zz").await.error(400);
    let heap = "get=Status.JVM.Memory.Heap.Used";
    assert!(bench.get(&format!("/taskmanagers/metrics?{heap}")).await.ok()[0]["sum"].is_number());
    assert_eq!(bench.get(&format!("/taskmanagers/metrics?{heap}&taskmanagers=nope")).await.ok(), json!([]));
    let slots = bench.get("/jobmanager/metrics?get=taskSlotsTotal").await.ok();
    assert_eq!(slots[0]["value"], "16");
}
