//! The cluster as operators run it: real programs, a real etcd, and what happens to them.

/// Every transcript, played on processes.
mod transcripts {
    macro_rules! transcripts {
        ($($name:ident)*) => {
            $(
                #[test]
                fn $name() -> Result<(), tests::Failure> {
                    tests::transcript::play_on_processes(stringify!($name))
                }
            )*
        };
    }

    tests::for_each_transcript!(transcripts);
}

#[path = "cluster/archive.rs"]
mod archive;
#[path = "cluster/attached.rs"]
mod attached;
#[path = "cluster/disk_full.rs"]
mod disk_full;
#[path = "cluster/drain.rs"]
mod drain;
#[path = "cluster/etcd_away.rs"]
mod etcd_away;
#[path = "cluster/isolated.rs"]
mod isolated;
#[path = "cluster/kill_home.rs"]
mod kill_home;
#[path = "cluster/kill_router.rs"]
mod kill_router;
#[path = "cluster/messages.rs"]
mod messages;
#[path = "cluster/namesake.rs"]
mod namesake;
#[path = "cluster/pause_home.rs"]
mod pause_home;
#[path = "cluster/postgres_away.rs"]
mod postgres_away;
#[path = "cluster/postgres_full.rs"]
mod postgres_full;
#[path = "cluster/scene.rs"]
mod scene;
#[path = "../store/tests/postgres/server.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the tests of the store need more of it; in a test it is an assertion"
)]
mod server;
#[path = "cluster/small_disk.rs"]
mod small_disk;
#[path = "cluster/start_order.rs"]
mod start_order;
#[path = "cluster/wrong_clock.rs"]
mod wrong_clock;
