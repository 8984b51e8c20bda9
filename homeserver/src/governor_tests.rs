use super::*;
use std::collections::BTreeMap;

const QUICK: Duration = Duration::from_millis(5);

fn begin() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

#[test]
fn a_quiet_morning_waits_for_nothing() {
    let (governor, mut now) = (Governor::new(begin()), begin());
    for _ in 0..5_000 {
        assert_eq!(governor.admit(now), Ok(Duration::ZERO));
        governor.answered(now, QUICK);
        now += Duration::from_millis(1);
    }
}

/// Of many at one moment, those who wait are let in a few at a time, and in as many moments as the rate asks for.
#[test]
fn many_at_one_moment_come_in_at_an_even_pace() {
    let (governor, now) = (Governor::new(begin()), begin() + Duration::from_millis(7));
    let mut by_moment: BTreeMap<Duration, u32> = BTreeMap::new();
    while let Ok(wait) = governor.admit(now) {
        *by_moment.entry(wait).or_default() += 1;
    }
    let together = (RATE_FIRST * TOGETHER.as_secs_f64()) as u32;
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

#[test]
fn a_clock_that_is_set_back_keeps_nobody_waiting() {
    let (governor, now) = (Governor::new(begin()), begin());
    while governor.admit(now).is_ok() {}
    let hour = Duration::from_secs(3_600);
    assert_eq!(governor.admit(now - hour), Ok(Duration::ZERO));
}

/// 20,000 at one moment: those who are refused come back when they were told, and all are in without a second
/// wave: nobody is refused more than a few times, and not many come back in one second.
#[test]
fn a_storm_is_spread_and_ends() {
    let (governor, mut now) = (Governor::new(begin()), begin());
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
    for rate in [RATE_FIRST, RATE_MOST / 2.0] {
        let (governor, now) = (Governor::new(begin()), begin());
        governor.state().rate = rate;
        while governor.admit(now).is_ok() {}
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
    let (governor, mut now) = (Governor::new(begin()), begin());
    let first = governor.state().rate;
    for _ in 0..10 {
        now += WINDOW;
        governor.answered(now, SLOW * 2);
    }
    let low = governor.state().rate;
    assert!(low < first / 10.0, "{low} of {first}");
    for _ in 0..40 {
        now += WINDOW;
        while governor.admit(now).is_ok() {
            governor.answered(now, QUICK);
        }
    }
    assert!(
        governor.state().rate > first,
        "{} of {first}",
        governor.state().rate
    );
}

#[test]
fn nobody_is_sent_away_for_ever() {
    let (governor, now) = (Governor::new(begin()), begin());
    let mut longest = 0;
    for _ in 0..1_000_000 {
        if let Err(seconds) = governor.admit(now) {
            assert!(seconds >= longest, "later ones come back later");
            longest = seconds;
        }
    }
    assert_eq!(longest, AWAY_SECONDS_MAX);
}
