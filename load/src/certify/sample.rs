//! What was measured, as tests need it.

use super::{Certified, Cluster, Disturbance, Machine, MessageStep, Promises, Timeline, UserStep, Verdict};
use crate::floor::Floor;
use crate::{Counts, Outcome, Spell, Timed, Times};
use std::time::Duration;

pub(crate) const PROMISES: Promises = Promises {
    p99_ms: 10.0,
    error_share: 0.001,
    memory_bytes: 24 * 1024,
    recovery_seconds: 5.0,
};

/// Ten seconds at a rate, all as it should be.
pub(crate) fn spell(rate: u32) -> Spell {
    let sent = u64::from(rate) * 10;
    Spell {
        rate,
        talkers: 800,
        seconds: 10.0,
        per_second: f64::from(rate),
        counts: Counts {
            sent,
            acknowledged: sent,
            delivered: sent,
            stored: 0,
            refused: 0,
            unanswered: 0,
            lost: 0,
            doubled: 0,
            reordered: 0,
            again: 0,
            strange: 0,
        },
        kept: 0,
        users_gone: 0,
        times: Times {
            p50_ms: 1.5,
            p95_ms: 3.0,
            p99_ms: 4.25,
            max_ms: 9.0,
            late_p99_ms: 0.2,
        },
        broken_off: false,
        server_cpu_us_per_message: Some(50.0),
        generator_cpu_us_per_message: 20.0,
    }
}

/// Stuck for two seconds after five.
pub(crate) fn disturbance() -> Disturbance {
    let log: Vec<Timed> = (0..1_500_u64)
        .map(|number| {
            let at = number * 10;
            let took = if (5_000..7_000).contains(&at) {
                7_000 - at
            } else {
                3
            };
            Timed {
                due: Duration::from_millis(at),
                outcome: Outcome::Done(Duration::from_millis(took)),
            }
        })
        .collect();
    let happened = (Duration::from_secs(5), Duration::from_secs(1));
    let timeline = Timeline::new(&log, 100, happened, 10.0);
    Disturbance {
        member: Some("home-2".to_owned()),
        people: 400,
        ..Disturbance::new(spell(100), timeline)
    }
}

fn machine() -> Machine {
    Machine {
        cpu: "Example <CPU> & Co".to_owned(),
        cores: 8,
        memory_mb: 16_000,
        kernel: "Linux 6.1".to_owned(),
        has_cluster: true,
        version: "0.1.0".to_owned(),
        profile: "release",
    }
}

/// 800 users and 400 messages a second, and everything happened.
pub(crate) fn certified() -> Certified {
    let user_step = |step: u32| UserStep {
        users: step * 100,
        came: 100,
        log_ons_per_second: 250.0,
        put_off: 0,
        server_mb: Some(60.0 + f64::from(step) * 1.2),
        bytes_per_user: (step > 1).then_some(12_000.0),
        broken: None,
    };
    let mut broke = spell(800);
    broke.times.p99_ms = 35.5;
    let step = |repeated, spell, broken: Option<&str>| MessageStep {
        repeated,
        spell,
        broken: broken.map(str::to_owned),
    };
    Certified {
        verdict: Verdict::default(),
        ended_early: None,
        cluster: Cluster {
            topology: Some("lab".to_owned()),
            started: true,
            routers: 1,
            home_servers: Some(2),
        },
        machine: machine(),
        promises: PROMISES,
        seed: 1,
        via: "attachment",
        contacts: 10,
        users_asked: 800,
        step_seconds: 10,
        seconds: 181.0,
        floor: Some(Floor {
            post: 10.0,
            stream: 1.0,
        }),
        users: (1..=8).map(user_step).collect(),
        users_safe: 800,
        messages: vec![
            step(false, spell(200), None),
            step(false, spell(400), None),
            step(false, broke, Some("p99 35.5 ms, more than 10.0")),
            step(true, spell(400), None),
        ],
        rate_safe: Some(400),
        rate_confirmed: true,
        storm: Some(Disturbance {
            member: None,
            ..disturbance()
        }),
        drain: Some(disturbance()),
        kill: Some(disturbance()),
        left_out: Vec::new(),
    }
    .judged()
}
