//! People who come and go on an office day: what was written to them meanwhile is handed over when they are back.

use super::{Cluster, count, figure, is_sound, object, run, text};

#[tokio::test]
async fn who_was_away_is_handed_what_was_kept_and_nothing_is_missed() {
    let cluster = Cluster::start().await;
    for via in ["attachment", "both"] {
        let arguments =
            "office --make-accounts --users 30 --contacts 3 --rate 60 --churn 3 --seconds 4 --json --via";
        let object = object(&run(cluster.load(&format!("{arguments} {via}"))).await);
        is_sound(&object, "server_cpu_us_per_event");
        // 240 messages, and 24 changes that 3 are told each.
        assert_eq!((count(&object, "sent"), count(&object, "changes")), (264, 24));
        assert_eq!(
            count(&object, "delivered") + count(&object, "stored"),
            312,
            "{object}"
        );
        // Twelve are to come and go; a machine that is slow lets those who are late be waited for.
        assert!((4..=12).contains(&count(&object, "log_ons")), "{object}");
        assert!(count(&object, "stored") > 0, "{object}");
        assert!(figure(&object, "log_on_p99_ms") > 0.0, "{object}");
    }
}

#[tokio::test]
async fn where_all_stay_nothing_is_kept() {
    let cluster = Cluster::start().await;
    let arguments = "office --make-accounts --users 100 --contacts 2 --rate 20 --seconds 2";
    let stay = object(&run(cluster.load(&format!("{arguments} --churn 0 --json"))).await);
    is_sound(&stay, "server_cpu_us_per_event");
    assert_eq!((count(&stay, "log_ons"), count(&stay, "stored")), (0, 0));
    assert_eq!(stay.get("log_on_p99_ms"), None);
    // Where nothing is said, some come and go.
    let table = run(cluster.load(arguments)).await;
    let said = text(&table.stdout);
    assert_eq!(table.status.code(), Some(0), "{said}{}", text(&table.stderr));
    let row = said.lines().find(|line| line.starts_with("log-ons ")).unwrap();
    assert!(row.contains("2, p99"), "{row}");
}
