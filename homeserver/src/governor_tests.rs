use super::*;
use crate::ledger::Entry;
use std::collections::BTreeMap;

const QUICK: Duration = Duration::from_millis(5);

fn begin() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn governor() -> Governor {
    Governor::new(Ledger::default(), begin())
}

/// One of a time in which nobody talks, and one of a time in which people do.
fn governors() -> [Governor; 2] {
    [false, true].map(|people_talk| {
        let governor = governor();
        governor.state().set_people_talk(people_talk);
        governor
    })
}

/// People who talk go on.
fn go_on(governor: &Governor) {
    if governor.state().people_talk {
        messages(governor, 100);
    }
}

/// So many messages come in.
fn messages(governor: &Governor, accepted: u64) {
    let ledger = governor.state().ledger.clone();
    ledger.enter(&Entry {
        accepted,
        ..Entry::default()
    });
}

#[test]
fn a_quiet_morning_waits_for_nothing() {
    let (governor, mut now) = (governor(), begin());
    for _ in 0..5_000 {
        assert_eq!(governor.admit(now), Ok(Duration::ZERO));
        governor.answered(now, QUICK);
        now += Duration::from_millis(1);
    }
}

/// Of many at one moment, those who wait are let in a few at a time, and in as many moments as the rate asks for.
#[test]
fn many_at_one_moment_come_in_at_an_even_pace() {
    let (governor, now) = (governor(), begin() + TOGETHER * 7 / 5);
    governor.state().set_people_talk(true);
    let mut by_moment: BTreeMap<Duration, u32> = BTreeMap::new();
    while let Ok(wait) = governor.admit(now) {
        *by_moment.entry(wait).or_default() += 1;
    }
    let together = (RATE_IN_TALK * TOGETHER.as_secs_f64()) as u32;
    let at_once = by_moment.remove(&Duration::ZERO).unwrap();
    assert!(at_once <= 2 * together + 1, "{at_once} at once");
    let most = by_moment.values().max().unwrap();
    assert!(*most <= together + 1, "{most} together");
    let moments = WAIT_MAX.as_millis() / TOGETHER.as_millis();
    assert!(
        by_moment.len() as u128 >= moments - 1,
        "{} moments",
        by_moment.len()
    );
    let apart: Vec<_> = by_moment.keys().zip(by_moment.keys().skip(1)).collect();
    assert!(apart.iter().all(|(one, next)| **next - **one == TOGETHER));
    assert!(*by_moment.keys().last().unwrap() <= WAIT_MAX + TOGETHER);
}

/// How many of many who come at that moment are let in, then or after a wait.
fn let_in(governor: &Governor, now: SystemTime) -> usize {
    let waits = std::iter::from_fn(|| governor.admit(now).ok());
    waits.count()
}

#[test]
fn who_talks_is_not_held_up_by_who_logs_on() {
    let (governor, mut now) = (governor(), begin());
    let mut let_in_after = |seconds, accepted| {
        messages(&governor, accepted);
        now += Duration::from_secs(seconds);
        let_in(&governor, now)
    };
    for (seconds, accepted, talk) in [
        (1, 0, false),
        (1, 9, false),
        (1, 10, true),
        (1, 0, false),
        (2, 20, true),
        (2, 19, false),
        // Of how long ago that was nothing is known.
        (3_600, 1, true),
        (3_600, 0, false),
    ] {
        let came = let_in_after(seconds, accepted);
        let expected = if talk { 1_100..1_900 } else { 3_900..4_500 };
        assert!(
            expected.contains(&came),
            "{came} after {accepted} messages in {seconds} s"
        );
    }
}

/// A morning in which the answers were slow says nothing of the time in which people talk, and the other way round.
#[test]
fn each_rate_is_measured_for_itself() {
    let (governor, mut now) = (governor(), begin());
    for _ in 0..10 {
        now += WINDOW;
        governor.answered(now, SLOW * 2);
    }
    let slow = governor.state().rate;
    assert!(slow < RATE_IN_SILENCE / 10.0, "{slow}");
    assert_eq!(governor.state().other_rate, RATE_IN_TALK);
    for _ in 0..10 {
        now += WINDOW;
        messages(&governor, 2);
        governor.answered(now, SLOW * 2);
    }
    let talk = governor.state().rate;
    assert!(talk < RATE_IN_TALK / 10.0, "{talk}");
    assert!(governor.state().other_rate >= slow * SLOWER);
}

#[test]
fn a_clock_that_is_set_back_keeps_nobody_waiting() {
    let (governor, now) = (governor(), begin());
    let_in(&governor, now);
    let hour = Duration::from_secs(3_600);
    assert_eq!(governor.admit(now - hour), Ok(Duration::ZERO));
}

/// 20,000 at one moment: those who are refused come back when they were told, and all are in without a second
/// wave: nobody is refused more than a few times, and not many come back in one second.
#[test]
fn a_storm_is_spread_and_ends() {
    governors().iter().for_each(storm);
}

fn storm(governor: &Governor) {
    let mut now = begin();
    let mut coming: BTreeMap<u64, Vec<u32>> = BTreeMap::from([(0, vec![0; 20_000])]);
    let (mut inside, mut most_refusals, mut last) = (0, 0, 0);
    let mut biggest_wave = 0;
    while let Some((second, people)) = coming.pop_first() {
        assert!(second < 60, "it does not end");
        if second > 0 {
            biggest_wave = biggest_wave.max(people.len());
        }
        // Within a second they come evenly.
        let step = Duration::from_secs(1) / u32::try_from(people.len()).unwrap();
        now = now.max(begin() + Duration::from_secs(second));
        for refusals in people {
            go_on(governor);
            match governor.admit(now) {
                Ok(_) => {
                    inside += 1;
                    last = second;
                    governor.answered(now, QUICK);
                }
                Err(seconds) => {
                    most_refusals = most_refusals.max(refusals + 1);
                    let back = second + u64::from(seconds);
                    coming.entry(back).or_default().push(refusals + 1);
                }
            }
            if second > 0 {
                now += step;
            }
        }
    }
    assert_eq!(inside, 20_000);
    assert!(most_refusals <= 3, "somebody was refused {most_refusals} times");
    assert!(biggest_wave <= 4_000, "{biggest_wave} came back in one second");
    assert!(last <= 20, "the last one was in after {last} s");
}

/// Also at a rate at which so many come that nobody may wait for long.
#[test]
fn whoever_is_refused_raises_the_rate() {
    for rate in [RATE_IN_TALK, RATE_IN_SILENCE, RATE_MOST / 2.0] {
        let (governor, now) = (governor(), begin());
        governor.state().rate = rate;
        let_in(&governor, now);
        governor.answered(now + WINDOW, QUICK);
        assert!(
            governor.state().rate > rate,
            "{} of {rate}",
            governor.state().rate
        );
    }
}

#[test]
fn slow_answers_lower_the_rate_and_quick_ones_raise_it() {
    for governor in governors() {
        let (first, mut now) = (governor.state().rate, begin());
        for _ in 0..10 {
            now += WINDOW;
            go_on(&governor);
            governor.answered(now, SLOW * 2);
        }
        let low = governor.state().rate;
        assert!(low < first / 10.0, "{low} of {first}");
        for _ in 0..40 {
            now += WINDOW;
            go_on(&governor);
            while governor.admit(now).is_ok() {
                governor.answered(now, QUICK);
            }
        }
        let rate = governor.state().rate;
        assert!(rate > first, "{rate} of {first}");
    }
}

#[test]
fn nobody_is_sent_away_for_ever() {
    let now = begin();
    for governor in governors() {
        let mut longest = 0;
        for _ in 0..2_000_000 {
            if let Err(seconds) = governor.admit(now) {
                assert!(seconds >= longest, "later ones come back later");
                longest = seconds;
            }
        }
        assert_eq!(longest, AWAY_SECONDS_MAX);
    }
}
