//! Plays seeds: as many as `SIM_SEEDS` says, from `SIM_FROM` on, or the one that `SIM_SEED` names. They are dealt to
//! several tests, so that they run side by side; a seed that fails says in one line how it is repeated. With
//! `SIM_ATTACHED=0` everybody is called back, as when the seeds were recorded that name no attached clients: deeds and faults
//! are the same.

use crate::history::History;
use crate::invariants::broken;
use crate::plan::Plan;
use crate::world::{play, play_with_logs};
use daemon::Telemetry;
use std::fmt::Write as _;

/// Seeds that are played unless something else is said.
const SEEDS: u64 = 200;
/// Seeds that show what is open (tests/README.md): they are played only when they are asked for.
const OPEN: [u64; 2] = [21, 191];
/// Among how many tests they are dealt.
const SHARES: u64 = 8;
/// Lines of what happened that are shown of a seed that is played alone.
const LINES_MAX: usize = 4_000;

/// Plays one of the shares.
fn play_share(share: u64) {
    if let Some(seed) = number("SIM_SEED") {
        if seed % SHARES == share {
            play_alone(seed);
        }
        return;
    }
    let (from, seeds) = (
        number("SIM_FROM").unwrap_or(0),
        number("SIM_SEEDS").unwrap_or(SEEDS),
    );
    let mut report = String::new();
    let asked = number("SIM_SEEDS").is_some();
    let played = |seed: &u64| seed % SHARES == share && (asked || !OPEN.contains(seed));
    for seed in (from..from + seeds).filter(played) {
        for what in broken(&play(&plan(seed))) {
            let _ = writeln!(report, "{} # {what}", repeat(seed));
        }
    }
    assert!(
        report.is_empty(),
        "an invariant is broken; a line repeats it:\n{report}"
    );
}

/// Plays one seed and shows what happened, with what the product logged, if something is wrong with it. What is logged has
/// traces, which travel with what is asked, and some seeds need the run without them: `SIM_LOG=off`.
fn play_alone(seed: u64) {
    let filter = std::env::var("SIM_LOG").unwrap_or_else(|_| "info,turmoil=warn".to_owned());
    let history = if filter == "off" {
        play(&plan(seed))
    } else {
        let (_telemetry, dispatch, captured) = Telemetry::for_test(&filter).expect("SIM_LOG is a filter");
        let _scope = tracing::dispatcher::set_default(&dispatch);
        play_with_logs(&plan(seed), Some(captured))
    };
    let what = broken(&history);
    assert!(
        what.is_empty(),
        "{}\n{}\n{}",
        last_lines(&history),
        repeat(seed),
        what.join("\n")
    );
}

fn plan(seed: u64) -> Plan {
    let mut plan = Plan::of(seed);
    if number("SIM_ATTACHED") == Some(0) {
        plan.attached.clear();
    }
    plan
}

fn last_lines(history: &History) -> String {
    let lines = history.lines();
    lines[lines.len().saturating_sub(LINES_MAX)..].join("\n")
}

fn repeat(seed: u64) -> String {
    let all_called_back = number("SIM_ATTACHED") == Some(0);
    let attached = if all_called_back { "SIM_ATTACHED=0 " } else { "" };
    format!("{attached}SIM_SEED={seed} cargo test -p tests --test simulation")
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} must be a number, not `{text}`")),
    )
}

macro_rules! shares {
    ($($name:ident $share:literal)*) => {
        $(
            #[test]
            fn $name() {
                play_share($share);
            }
        )*

        #[test]
        fn every_share_is_played() {
            assert_eq!([$($share),*], [0, 1, 2, 3, 4, 5, 6, 7]);
            assert_eq!([$($share),*].len() as u64, SHARES);
        }
    };
}

shares! {
    every_invariant_holds_in_share_0 0
    every_invariant_holds_in_share_1 1
    every_invariant_holds_in_share_2 2
    every_invariant_holds_in_share_3 3
    every_invariant_holds_in_share_4 4
    every_invariant_holds_in_share_5 5
    every_invariant_holds_in_share_6 6
    every_invariant_holds_in_share_7 7
}

#[test]
fn a_seed_played_twice_is_the_same_to_the_last_line() {
    for seed in [3, 5, 11, 17, 42, 77] {
        let (first, second) = (play(&Plan::of(seed)).lines(), play(&Plan::of(seed)).lines());
        let differs = first.iter().zip(&second).find(|(first, second)| first != second);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}
