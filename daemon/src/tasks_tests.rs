use super::*;
use anyhow::anyhow;
use tokio::sync::oneshot;

const LONG: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn drain_asks_tasks_to_end_and_waits_for_them() {
    let tasks = Tasks::new();
    let (ended, mut has_ended) = oneshot::channel();
    let cancelled = tasks.cancelled();
    tasks.spawn("patient", OnError::Stop, async move {
        cancelled.cancelled().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let _ = ended.send(());
        Ok(())
    });
    assert_eq!(tasks.running(), ["patient"]);
    assert!(tasks.drain(LONG).await.is_empty());
    assert!(has_ended.try_recv().is_ok());
    assert!(tasks.running().is_empty());
}

#[tokio::test(start_paused = true)]
async fn drain_names_what_still_runs_at_the_deadline() {
    let tasks = Tasks::new();
    for name in ["stuck", "stuck", "also stuck"] {
        tasks.spawn(name, OnError::Log, std::future::pending());
    }
    tasks.spawn("short", OnError::Log, async { Ok(()) });
    assert_eq!(tasks.drain(LONG).await, ["also stuck", "stuck"]);
    tasks.abort();
    assert!(tasks.drain(LONG).await.is_empty());
}

#[tokio::test]
async fn the_first_stop_error_is_told_with_its_causes() {
    let tasks = Tasks::new();
    tasks.spawn("harmless", OnError::Log, async { Err(anyhow!("passing")) });
    tasks.drain(LONG).await;
    tasks.spawn("vital", OnError::Stop, async {
        Err(anyhow!("disk full").context("write"))
    });
    tasks.drain(LONG).await;
    tasks.spawn("later", OnError::Stop, async { Err(anyhow!("too late")) });
    let failure = tasks.failed().await;
    assert_eq!(
        failure,
        Failure {
            task: "vital",
            reason: "write: disk full".into()
        }
    );
}

#[tokio::test]
async fn a_panic_stops_whatever_the_policy() {
    let tasks = Tasks::new();
    tasks.spawn("broken", OnError::Log, async { panic!("no slot {}", 7) });
    let failure = tasks.failed().await;
    assert_eq!(
        failure,
        Failure {
            task: "broken",
            reason: "panic: no slot 7".into()
        }
    );
    assert!(tasks.drain(LONG).await.is_empty());
}

#[tokio::test]
async fn abort_drops_tasks_and_keeps_later_ones_from_starting() {
    let tasks = Tasks::new();
    let (kept, dropped) = oneshot::channel::<()>();
    tasks.spawn("endless", OnError::Stop, async move {
        let _kept = kept;
        std::future::pending().await
    });
    tasks.abort();
    assert!(dropped.await.is_err());
    tasks.spawn("late", OnError::Stop, async { Err(anyhow!("started")) });
    assert!(tasks.drain(LONG).await.is_empty());
    assert!(tasks.inner.failure.borrow().is_none());
}

#[tokio::test]
async fn finished_tasks_leave_nothing_behind() {
    let tasks = Tasks::new();
    let group = tasks.group("short", OnError::Log);
    for _ in 0..1000 {
        group.spawn(async { Ok(()) });
    }
    tasks.drain(LONG).await;
    assert!(tasks.inner.tracker.is_empty());
    // Ours, and the handle in the set.
    assert_eq!(Arc::strong_count(&group.running), 2);
}

#[tokio::test]
async fn what_a_spawner_is_given_ends_with_the_set() {
    let tasks = Tasks::new();
    let spawn = tasks.spawner("given", OnError::Log);
    spawn(Box::pin(std::future::pending()));
    assert_eq!(tasks.running(), ["given"]);
    assert_eq!(tasks.drain(Duration::from_secs(10)).await, Vec::<&str>::new());
}
