//! What was taken and let go is given back to the system, although nobody asks for anything more.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::time::Duration;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const TAKEN: usize = 64 << 20;
/// Several times as long as it should take: others may want the processors.
const GIVEN_BACK_WITHIN: Duration = Duration::from_secs(5);

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn what_is_free_is_given_back_when_nobody_asks_for_more() {
    let before = resident();
    let taken: Vec<Vec<u8>> = (0..TAKEN / 1024).map(|_| vec![1; 1024]).collect();
    drop(taken);
    assert!(resident() > before + TAKEN / 2);
    let given_back = async {
        while resident() > before + TAKEN / 8 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let in_time = tokio::time::timeout(GIVEN_BACK_WITHIN, given_back).await;
    assert!(in_time.is_ok(), "{} octets are kept", resident() - before);
}
