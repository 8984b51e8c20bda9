//! What is measured with people who stay for more than one measurement.

use crate::said::{failed, text};
use crate::{Cluster, count, figure, interrupted, object, run};
use std::time::Duration;

#[tokio::test]
async fn a_storm_is_compared_with_the_time_before_it() {
    let cluster = Cluster::start().await;
    let arguments = "storm --make-accounts --comers 30 --talkers 10 --rate 50 --quiet 2 --contacts 3";
    let storm = object(&run(cluster.load(&format!("{arguments} --json"))).await);
    assert_eq!(
        (count(&storm, "comers"), count(&storm, "came")),
        (30, 30),
        "{storm}"
    );
    // Two quiet seconds, the log-ons, and three seconds after them.
    assert!(count(&storm, "sent") >= 250, "{storm}");
    for name in ["lost", "doubled", "reordered", "refused", "unanswered"] {
        assert_eq!(count(&storm, name), 0, "{name} in {storm}");
    }
    for name in [
        "log_on_seconds",
        "quiet_p99_ms",
        "storm_p99_ms",
        "ratio",
        "floor_cpu_us",
        "floor_stream_cpu_us",
    ] {
        assert!(figure(&storm, name) > 0.0, "{name} in {storm}");
    }
    let again = run(cluster.load(&arguments.replace("--make-accounts", ""))).await;
    let table = text(&again.stdout);
    assert_eq!(again.status.code(), Some(0), "{table}{}", text(&again.stderr));
    assert!(
        table.contains("30 of 30") && table.contains("p99 while they came"),
        "{table}"
    );

    failed(
        &run(cluster.load("storm --comers 5 --talkers 1")).await,
        2,
        &["talkers must be 2 to 5"],
    );
}

#[tokio::test]
async fn a_storm_that_is_interrupted_says_what_was_before_it() {
    let cluster = Cluster::start().await;
    let command = cluster
        .load("storm --make-accounts --comers 6 --talkers 4 --rate 20 --quiet 600 --contacts 2 --json");
    // It rests for three seconds once they have gone.
    let after = Duration::from_secs(8);
    let (storm, last) = interrupted(command, "come back at once", after).await;
    assert!(last.contains("0 of 6 came: interrupted"), "{last}");
    assert!(
        count(&storm, "sent") > 0 && figure(&storm, "quiet_p99_ms") > 0.0,
        "{storm}"
    );
    for name in ["lost", "unanswered", "users_gone"] {
        assert_eq!(count(&storm, name), 0, "{name} in {storm}");
    }
}

#[tokio::test]
async fn memory_is_read_in_each_round() {
    let cluster = Cluster::start().await;
    let arguments = "rounds --make-accounts --users 20 --rounds 3 --rest 0 --contacts 2 --within 1000 --json";
    let rounds = object(&run(cluster.load(arguments)).await);
    let each = rounds["rounds"].as_array().unwrap();
    assert_eq!(each.len(), 3, "{rounds}");
    for round in each {
        for name in ["log_on_seconds", "full_mb", "empty_mb"] {
            assert!(figure(round, name) > 0.0, "{name} in {rounds}");
        }
    }
    let grew = figure(&each[2], "full_mb") / figure(&each[0], "full_mb") - 1.0;
    assert!((figure(&rounds, "full_grew") - grew).abs() < 1e-9, "{rounds}");

    failed(
        &run(cluster.load("rounds --users 5 --rounds 1")).await,
        2,
        &["rounds must be 2 to"],
    );
}
