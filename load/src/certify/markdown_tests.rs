use super::super::sample::certified;
use super::*;

#[test]
fn the_report_has_every_figure_in_its_place() {
    let expected = "\
# What this cluster can do

**Safe for 800 users and 400 messages/s on this machine.**

| promise | promised | measured | held |
| --- | --- | --- | --- |
| 99 of 100 messages acknowledged within | 10 ms | 4.25 ms at 400/s | yes |
| messages refused or without an answer, at most | 0.1 % | 0 % at 400/s | yes |
| server memory for each user, at most | 24.0 KiB | 11.7 KiB | yes |
| acknowledged messages lost | 0 | 0 | yes |
| messages doubled or out of order | 0 | 0 | yes |
| messages as before after a log-on storm | 5 s | 2.00 s | yes |
| messages as before after a drain | 5 s | 2.00 s | yes |
| messages as before after a home server died | 5 s | 2.00 s | yes |

## Where

| what |  |
| --- | --- |
| topology | lab, started for this |
| servers | 1 router, 2 home servers |
| machine, of cluster and clients | Example &lt;CPU> & Co, 8 cores, 16000 MB |
| system | Linux 6.1 |
| Homeport | 0.1.0, release build |
| clients | via attachment, each watching 10, seed 1 |
| took | 181 s |

## Users

| users | log-ons/s | put off | server memory | each | broken |
| --- | --- | --- | --- | --- | --- |
| 100 | 250 | 0 | 61.2 MB | – |  |
";
    let report = certified().markdown();
    assert!(report.starts_with(expected), "{report}");
    let rest = "\
| 800 | 250 | 0 | 69.6 MB | 11.7 KiB |  |

## Messages

At 400/s the servers took 50.0 µs of processor time for each message, which is 5.0 times a bare handler of POST in the same run.

| messages/s | p50 | p95 | p99 | max | failed | lost | CPU each | broken |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| 200 | 1.50 ms | 3.00 ms | 4.25 ms | 9.00 ms | 0 | 0 | 50.0 µs |  |
| 400 | 1.50 ms | 3.00 ms | 4.25 ms | 9.00 ms | 0 | 0 | 50.0 µs |  |
| 800 | 1.50 ms | 3.00 ms | 35.50 ms | 9.00 ms | 0 | 0 | 50.0 µs | p99 35.5 ms, more than 10.0 |
| 400 again | 1.50 ms | 3.00 ms | 4.25 ms | 9.00 ms | 0 | 0 | 50.0 µs |  |

## What happened meanwhile

| what | people | done in | as before after | slowest | refused | unanswered | lost |
| --- | --- | --- | --- | --- | --- | --- | --- |
| log-on storm | 400 | 1.00 s | 2.00 s | 2000 ms | 0 | 0 | 0 |
| drained home server home-2 | 400 | 1.00 s | 2.00 s | 2000 ms | 0 | 0 | 0 |
| killed home server home-2 | 400 | 1.00 s | 2.00 s | 2000 ms | 0 | 0 | 0 |

## Latency against rate

![Latency against rate](latency.svg)
";
    assert!(report.contains(rest), "{report}");
}

#[test]
fn every_picture_that_is_named_is_there() {
    let certified = certified();
    let report = certified.markdown();
    for (file, _) in certified.pictures() {
        assert!(report.contains(&format!("]({file})")), "{file}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let mut certified = certified();
    (certified.storm, certified.drain, certified.kill) = (None, None, None);
    certified.users.clear();
    certified.messages.clear();
    certified.rate_safe = None;
    certified.machine.profile = "debug";
    certified.left_out = vec!["the drain: there is one home server only".to_owned()];
    let report = certified.judged().markdown();
    assert_eq!(report.matches("Not measured.").count(), 3, "{report}");
    assert!(report.contains("This is a debug build"), "{report}");
    assert!(
        report.contains("Left out: the drain: there is one home server only."),
        "{report}"
    );
    assert!(!report.contains("!["), "{report}");
}

#[test]
fn a_cell_ends_neither_itself_nor_its_row() {
    assert_eq!(cell("a|b\nc<d\\"), "a\\|b c&lt;d\\\\");
}
