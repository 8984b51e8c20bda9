use super::*;
use crate::ledger::{Entry, Ledger};
use crate::talk::TALK_ENDS;
use std::collections::BTreeMap;
use std::ops::Range;

const QUICK: Duration = Duration::from_millis(5);

fn begin() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

/// A governor, and those who may talk meanwhile.
struct Scene {
    governor: Governor,
    ledger: Ledger,
    people_talk: bool,
}

impl Scene {
    /// At a time when nobody talks.
    fn silence() -> Self {
        let ledger = Ledger::default();
        let mut talk = Talk::new(ledger.clone(), begin() - TALK_ENDS);
        talk.goes_on(begin() - TALK_ENDS / 2);
        let governor = Governor::new(talk, begin() - WINDOW);
        let people_talk = false;
        governor.state().adapt(begin());
        assert_eq!(governor.state().rate, RATE_IN_SILENCE);
        Self {
            governor,
            ledger,
            people_talk,
        }
    }

    /// At a time when people do.
    fn talk() -> Self {
        let ledger = Ledger::default();
        Self {
            governor: Governor::new(Talk::new(ledger.clone(), begin()), begin()),
            ledger,
            people_talk: true,
        }
    }

    fn both() -> [Self; 2] {
        [Self::silence(), Self::talk()]
    }

    fn rate(&self) -> f64 {
        self.governor.state().rate
    }

    /// A log-on comes, while people who talk go on.
    fn admit(&self, now: SystemTime) -> Result<Duration, u16> {
        if self.people_talk {
            self.messages(100);
        }
        self.governor.admit(now)
    }

    /// One is answered, while people who talk go on.
    fn answered(&self, now: SystemTime, took: Duration) {
        if self.people_talk {
            self.messages(100);
        }
        self.governor.answered(now, took);
    }

    /// So many messages come in.
    fn messages(&self, accepted: u64) {
        self.ledger.enter(&Entry {
            accepted,
            ..Entry::default()
        });
    }

    /// How many of many who come at that moment are let in, then or after a wait.
    fn let_in(&self, now: SystemTime) -> usize {
        std::iter::from_fn(|| self.admit(now).ok()).count()
    }

    /// How many are let in of those who come in these milliseconds, more than may.
    fn let_in_for(&self, times: Range<u32>) -> usize {
        let moments = times.map(|milliseconds| begin() + Duration::from_millis(milliseconds.into()));
        let came = moments.map(|now| (0..50).filter(|_| self.admit(now).is_ok()).count());
        came.sum()
    }
}

#[test]
fn a_quiet_morning_waits_for_nothing() {
    let (scene, mut now) = (Scene::talk(), begin());
    for _ in 0..5_000 {
        assert_eq!(scene.admit(now), Ok(Duration::ZERO));
        scene.answered(now, QUICK);
        now += Duration::from_millis(1);
    }
}

/// Of many at one moment, those who wait are let in a few at a time, and in as many moments as the rate asks for.
#[test]
fn many_at_one_moment_come_in_at_an_even_pace() {
    let (scene, now) = (Scene::talk(), begin() + TOGETHER * 7 / 5);
    let mut by_moment: BTreeMap<Duration, u32> = BTreeMap::new();
    while let Ok(wait) = scene.admit(now) {
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

/// It is seen at the next look, and forgotten only after seconds.
#[test]
fn who_talks_is_not_held_up_by_who_logs_on() {
    let scene = Scene::silence();
    let in_silence = scene.let_in_for(0..1_000);
    assert!(
        (8_000..20_000).contains(&in_silence),
        "{in_silence} in the first second"
    );
    scene.messages(10);
    scene.let_in_for(1_000..1_200);
    // Those who have their turns already come in half a second; as in silence it would be 3,200 and more.
    scene.let_in_for(1_200..1_600);
    let in_talk = scene.let_in_for(1_600..2_000);
    assert!((400..1_500).contains(&in_talk), "{in_talk} while people talk");
    scene.let_in_for(2_000..5_000);
    let again = scene.let_in_for(5_000..6_000);
    assert!(again >= 8_000, "{again} in a second after it");
}

/// A morning in which the answers were slow says nothing of the time in which people talk, and the other way round; also
/// where who was let in by the one rate is answered under the other.
#[test]
fn each_rate_is_measured_for_itself() {
    let (scene, mut now) = (Scene::silence(), begin());
    for _ in 0..10 {
        now += WINDOW;
        scene.governor.answered(now, SLOW * 2);
    }
    let slow = scene.rate();
    assert!(slow < RATE_IN_SILENCE / 10.0, "{slow}");
    assert_eq!(scene.governor.state().other_rate, RATE_IN_TALK);
    scene.let_in(now);
    let last_turn = scene.governor.state().next_turn;
    scene.messages(10);
    now += WINDOW;
    scene.governor.answered(now, SLOW * 2);
    let slow = scene.governor.state().other_rate;
    while now < last_turn + WINDOW {
        now += WINDOW;
        scene.messages(10);
        if now < last_turn {
            // Who waits for long waits for turns of before.
            scene.let_in(now);
        }
        scene.governor.answered(now, since(last_turn, now) + QUICK);
        scene.governor.answered(now, SLOW * 4);
        assert_eq!(scene.rate(), RATE_IN_TALK, "of turns of before");
    }
    for _ in 0..10 {
        now += SLOW * 4;
        scene.messages(20);
        scene.governor.answered(now, SLOW * 2);
    }
    assert!(scene.rate() < RATE_IN_TALK / 10.0, "{}", scene.rate());
    assert_eq!(scene.governor.state().other_rate, slow);
}

/// When talk has ended, those who have their turns already keep nobody from coming in.
#[test]
fn nobody_is_refused_for_the_sake_of_talk_that_has_ended() {
    let scene = Scene::talk();
    let now = begin() + TALK_ENDS - Duration::from_millis(1);
    let waits = std::iter::from_fn(|| scene.governor.admit(now).ok()).count();
    assert!(waits > 1_000, "{waits}");
    let now = now + WINDOW;
    assert!(scene.governor.admit(now).is_ok());
    assert_eq!(scene.rate(), RATE_IN_SILENCE);
    let waits = std::iter::from_fn(|| scene.governor.admit(now).ok()).count();
    assert!(waits > 2_000, "{waits}");
}

/// The next look is soon, also if nobody logs on.
#[tokio::test(start_paused = true)]
async fn silence_is_noticed_while_nobody_logs_on() {
    struct Passing(tokio::time::Instant);
    #[async_trait::async_trait]
    impl Clock for Passing {
        fn now(&self) -> SystemTime {
            begin() + self.0.elapsed()
        }

        async fn sleep_until(&self, _time: SystemTime) {
            std::future::pending().await
        }
    }
    let scene = Scene::talk();
    let (clock, cancelled) = (
        Arc::new(Passing(tokio::time::Instant::now())),
        CancellationToken::new(),
    );
    let watching = scene.governor.clone().watch(clock, cancelled.clone());
    let ended = async {
        tokio::time::sleep(TALK_ENDS + LOOK_EVERY).await;
        cancelled.cancel();
    };
    tokio::join!(watching, ended);
    assert_eq!(scene.rate(), RATE_IN_SILENCE);
}

#[test]
fn a_clock_that_is_set_back_keeps_nobody_waiting() {
    let (scene, now) = (Scene::talk(), begin());
    scene.let_in(now);
    while scene.admit(now).is_err_and(|seconds| seconds < 60) {}
    let earlier = now - Duration::from_secs(3_600);
    assert_eq!(scene.admit(earlier), Ok(Duration::ZERO));
    scene.let_in(earlier);
    assert_eq!(scene.admit(earlier), Err(1));
    // And goes on measuring.
    let rate = scene.rate();
    scene.answered(earlier + WINDOW, QUICK);
    assert!(scene.rate() > rate);
}

/// 20,000 at one moment: those who are refused come back when they were told, and all are in without a second
/// wave: nobody is refused more than a few times, and not many come back in one second.
#[test]
fn a_storm_is_spread_and_ends() {
    Scene::both().iter().for_each(storm);
}

fn storm(scene: &Scene) {
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
            match scene.admit(now) {
                Ok(_) => {
                    inside += 1;
                    last = second;
                    scene.answered(now, QUICK);
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
        let (scene, now) = (Scene::silence(), begin());
        scene.governor.state().rate = rate;
        scene.let_in(now);
        scene.answered(now + WINDOW, QUICK);
        assert!(scene.rate() > rate, "{} of {rate}", scene.rate());
    }
}

#[test]
fn slow_answers_lower_the_rate_and_quick_ones_raise_it() {
    for scene in Scene::both() {
        let (first, mut now) = (scene.rate(), begin() + SLOW * 2);
        for _ in 0..10 {
            now += WINDOW;
            scene.answered(now, SLOW * 2);
        }
        let low = scene.rate();
        assert!(low < first / 10.0, "{low} of {first}");
        for _ in 0..40 {
            now += WINDOW;
            while scene.admit(now).is_ok() {
                scene.answered(now, QUICK);
            }
        }
        let rate = scene.rate();
        assert!(rate > first, "{rate} of {first}");
    }
}

#[test]
fn nobody_is_sent_away_for_ever() {
    let now = begin();
    for scene in Scene::both() {
        let mut longest = 0;
        for _ in 0..2_000_000 {
            if let Err(seconds) = scene.admit(now) {
                assert!(seconds >= longest, "later ones come back later");
                longest = seconds;
            }
        }
        assert_eq!(longest, AWAY_SECONDS_MAX);
        // Those who did not come back keep nobody away.
        let later = now + Duration::from_secs(u64::from(AWAY_SECONDS_MAX) + 1);
        scene.let_in(later);
        assert_eq!(scene.admit(later), Err(1));
    }
}
