//! What builders become, without anything being sent.

use planewright_client::Call;
use planewright_client::flink::Client;
use planewright_client::flink::model::{AggregationMode, TerminationMode};
use planewright_model::id::VertexId;

use crate::script::Script;
use crate::{JOB, JOB_PATH, client};

const VERTEX: VertexId = VertexId::from_bytes([0x22; 16]);

fn line(make: impl FnOnce(Client<Script>) -> Call) -> String {
    let call = make(client(&Script::new([])));
    format!("{} {}", call.method(), call.target())
}

#[test]
fn inputs_stand_where_the_document_says() {
    let plain = line(|flink| flink.cluster().get_cluster_overview().into_call());
    assert_eq!(plain, "GET /overview");

    let path = line(|flink| flink.checkpoints().get_task_checkpoint_statistics(JOB, 7, VERTEX).into_call());
    assert_eq!(path, format!("GET {JOB_PATH}/checkpoints/details/7/subtasks/{VERTEX}"));

    let query = line(|flink| {
        let call = flink.metrics().get_aggregated_job_metrics();
        call.get(["a b", "c,d"])
            .agg([AggregationMode::Min, AggregationMode::Unknown("p99".into())])
            .into_call()
    });
    assert_eq!(query, "GET /jobs/metrics?get=a%20b,c%2Cd&agg=min,p99");

    let enumeration = line(|flink| flink.jobs().cancel_job(JOB).mode(TerminationMode::Cancel).into_call());
    assert_eq!(enumeration, format!("PATCH {JOB_PATH}?mode=cancel"));

    let text = line(|flink| flink.jobmanager().get_job_manager_log_file("a/b c.log").into_call());
    assert_eq!(text, "GET /jobmanager/logs/a%2Fb%20c.log");
}

#[test]
fn an_input_said_twice_counts_once() {
    let call = line(|flink| {
        let call = flink.jobs().get_job_exceptions(JOB);
        call.max_exceptions(1).max_exceptions(2).into_call()
    });
    assert_eq!(call, format!("GET {JOB_PATH}/exceptions?maxExceptions=2"));
}

#[test]
fn a_parameter_and_a_member_of_the_body_keep_apart() {
    let jar = "6cb86e14-bfa5-4a03-8eff-1facb32a1128_a.jar".parse().expect("the id of a jar");
    let call =
        line(|flink| flink.jars().submit_job_from_jar(jar).parallelism(2).body_parallelism(3).into_call());
    assert_eq!(call, "POST /jars/6cb86e14-bfa5-4a03-8eff-1facb32a1128_a.jar/run?parallelism=2");
}
