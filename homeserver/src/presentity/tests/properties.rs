//! What holds whatever is said, in whatever order and at whatever times.

mod acts;
mod oracle;
mod world;

use crate::command::{Command, DeliveryId, Effect, Verdict};
use crate::ids::Ids;
use crate::presentity::Presentity;
use crate::presentity::views::GRACE;
use acts::Act;
use proptest::collection::vec;
use proptest::prelude::*;
use proto::Outcome;
use rvp::notification::AckType;
use rvp::{Fault, Method, PresenceState, Principal, Reach, Reply};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use store::Durable;
use world::{Seen, play};

/// What is said, each so many times.
fn acts() -> impl Strategy<Value = Vec<(usize, Act)>> {
    let often = prop_oneof![Just(24_usize), Just(260)];
    let said = prop_oneof![
        60 => acts::act().prop_map(|act| (1, act)),
        1 => (often, acts::crowd()),
    ];
    vec(said, 20..60)
}

/// Half of what is usual, because there are many commands in each case; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases / 2,
        failure_persistence: None,
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_outgrows_its_bound(acts in acts()) {
        let mut under_way = BTreeMap::new();
        play(&acts, &mut |seen| within_bounds(seen, &mut under_way));
    }

    #[test]
    fn what_was_made_durable_is_all_that_a_successor_needs(acts in acts()) {
        play(&acts, &mut successor_is_equal);
    }

    #[test]
    fn every_message_is_answered_once_and_as_its_clients_said(acts in acts()) {
        let mut messages = Messages::default();
        play(&acts, &mut |seen| messages.see(seen));
        assert_eq!(messages.waiting(), 0, "all outcomes are known");
    }

    #[test]
    fn nobody_is_told_a_state_they_may_not_see(acts in acts()) {
        play(&acts, &mut nothing_leaks);
    }

    #[test]
    fn everybody_who_watches_believes_what_they_may_see(acts in acts()) {
        let mut believed = BTreeMap::new();
        play(&acts, &mut |seen| belief(seen, &mut believed));
    }

    #[test]
    fn every_client_is_told_of_others_once(acts in acts()) {
        play(&acts, &mut |seen| {
            let told: Vec<Reach> = seen.presentity.clients().map(|(_, client)| client.reach).collect();
            let once: BTreeSet<&Reach> = told.iter().collect();
            let listen = seen.kept.logins.iter().map(|login| &login.reach);
            assert_eq!(once, listen.collect());
            assert_eq!(once.len(), told.len());
        });
    }

    #[test]
    fn versions_of_changes_grow(acts in acts()) {
        let mut last = 0;
        play(&acts, &mut |seen| {
            for (change, _) in seen.spreads() {
                assert!(change.version > last, "{change:?} after {last}");
                last = change.version;
            }
        });
    }

    #[test]
    fn nothing_that_ends_is_forgotten(acts in acts()) {
        play(&acts, &mut wakes_in_time);
    }

    #[test]
    fn equal_seeds_and_commands_lead_to_equal_effects(acts in acts()) {
        let [one, other] = [(); 2].map(|()| {
            let mut log = Vec::new();
            play(&acts, &mut |seen| log.push(seen.applied.clone()));
            log
        });
        assert_eq!(one, other);
    }
}

fn within_bounds(seen: &Seen<'_>, under_way: &mut BTreeMap<DeliveryId, usize>) {
    let kept = seen.kept;
    assert!(kept.logins.len() <= 16);
    assert!(kept.views.len() <= 24);
    let mut of_watcher: BTreeMap<&Principal, usize> = BTreeMap::new();
    for each in &kept.subscriptions {
        *of_watcher.entry(&each.watcher).or_default() += 1;
    }
    assert!(of_watcher.values().all(|count| *count <= 8));
    let entries = kept.access.as_ref().map_or(0, |list| list.entries.len());
    assert!(entries <= rvp::limits::ACCESS_ENTRIES_MAX);
    for (id, _) in seen.messages() {
        *under_way.entry(id).or_default() += 1;
    }
    if let Command::Outcome { delivery, .. } = seen.command
        && let Some(left) = under_way.get_mut(delivery)
    {
        *left -= 1;
    }
    under_way.retain(|_, left| *left > 0);
    assert!(under_way.len() <= 256);
}

/// A presentity that is loaded now is as the one that lives, and has nothing to tell that is not due.
fn successor_is_equal(seen: &Seen<'_>) {
    let mut successor = Presentity::load(seen.kept.clone(), 2, world::OFFLINE);
    assert_eq!(
        everything_durable(&successor),
        everything_durable(seen.presentity)
    );
    let effects = successor
        .apply(seen.now, &mut Ids::from_seed(1), Command::Lapse)
        .effects;
    let ends = ends(seen.kept);
    if ends.iter().all(|end| *end > seen.now) {
        let wake = ends.into_iter().min().map(Effect::WakeAt);
        assert_eq!(effects, Vec::from_iter(wake));
    }
}

fn everything_durable(presentity: &Presentity) -> String {
    let Presentity {
        account,
        logins,
        views,
        watchers,
        access,
        spread,
        // Nothing is kept here.
        kept: _,
        backlog: _,
        // What a process forgets when it ends.
        deliveries: _,
        known: _,
        last_delivery: _,
        since: _,
        left: _,
        epoch: _,
        archives: _,
    } = presentity;
    format!("{:?}", (account, logins, views, watchers, access, spread.shown))
}

/// When each of what is kept ends.
fn ends(kept: &Durable) -> Vec<SystemTime> {
    let logins = kept.logins.iter().map(|each| each.ends);
    let subscriptions = kept.subscriptions.iter().map(|each| each.ends);
    let views = kept
        .views
        .iter()
        .filter_map(|each| each.ends)
        .map(|end| end + GRACE);
    logins.chain(subscriptions).chain(views).collect()
}

fn wakes_in_time(seen: &Seen<'_>) {
    let Some(first) = ends(seen.kept).into_iter().min() else {
        return;
    };
    let wakes = seen
        .wakes
        .unwrap_or_else(|| panic!("something ends at {first:?} and nobody looks"));
    // Looking is put off to a whole second.
    assert!(
        wakes < first + Duration::from_secs(1),
        "{wakes:?} is after {first:?}"
    );
    assert!(
        first + Duration::from_secs(1) > seen.now,
        "{first:?} is long over"
    );
}

fn nothing_leaks(seen: &Seen<'_>) {
    for (change, watchers) in seen.spreads() {
        let hidden = super::stage::state_in(&change.properties) == Some(PresenceState::Offline);
        for watcher in watchers {
            assert!(seen.watches(watcher), "{watcher:?} did not ask");
            assert!(
                hidden || oracle::is_told(seen.kept, watcher),
                "{watcher:?} is told {change:?}"
            );
        }
    }
    if let Some((caller, state)) = seen.answered_state()
        && state != PresenceState::Offline
    {
        assert!(
            oracle::sees(seen.kept, caller),
            "{caller:?} is answered {state:?}"
        );
        assert_eq!(state, oracle::state(seen.kept));
    }
}

/// Follows what each watcher was last told, and compares it with what is so.
fn belief(seen: &Seen<'_>, believed: &mut BTreeMap<Principal, PresenceState>) {
    for (change, watchers) in seen.spreads() {
        if let Some(state) = super::stage::state_in(&change.properties) {
            assert_ne!(state, PresenceState::Invisible);
            believed.extend(watchers.iter().map(|watcher| (watcher.clone(), state)));
        }
    }
    if let Some((caller, state)) = seen.answered_state()
        && let Some(watcher) = seen.new_watch()
    {
        let proof_tells = oracle::sees(seen.kept, caller) == oracle::is_told(seen.kept, watcher);
        if caller.identity.person() == Some(watcher) && proof_tells {
            believed.insert(watcher.clone(), state);
        } else {
            // The answer went to somebody else, or told what goes with the proof that was shown, where changes
            // are told as with the best one. So it is the next change that tells the watcher how things are.
            believed.remove(watcher);
        }
    }
    let ended: BTreeSet<_> = seen.ended_watches().collect();
    believed.retain(|watcher, _| {
        seen.watches(watcher) && (oracle::is_told(seen.kept, watcher) || !ended.contains(watcher))
    });
    for (watcher, state) in believed {
        let told = oracle::is_told(seen.kept, watcher);
        let expected = if told {
            oracle::state(seen.kept)
        } else {
            PresenceState::Offline
        };
        assert_eq!(*state, expected, "{watcher:?} after {:?}", seen.command);
    }
}

/// Messages on their way, with the outcomes that are known.
#[derive(Default)]
struct Messages(BTreeMap<DeliveryId, Sent>);

struct Sent {
    ack: AckType,
    clients: usize,
    outcomes: Vec<Outcome>,
    ended: bool,
}

impl Messages {
    fn see(&mut self, seen: &Seen<'_>) {
        self.sent(seen);
        if let Command::Outcome { delivery, outcome } = seen.command
            && let Some(sent) = self.0.get_mut(delivery)
        {
            sent.outcomes.push(*outcome);
        }
        for (id, answer) in seen.answers() {
            let sent = self.0.get_mut(&id).unwrap();
            assert!(!sent.ended, "ended twice");
            sent.ended = true;
            sent.must_be(&answer);
        }
        for sent in self.0.values() {
            assert!(
                sent.ended || sent.outcomes.len() < sent.clients,
                "all outcomes are known and it has not ended"
            );
        }
    }

    fn sent(&mut self, seen: &Seen<'_>) {
        let messages = seen.messages();
        let Command::Request {
            method: Method::Notify(notify),
            ..
        } = seen.command
        else {
            assert_eq!(messages.len(), 0, "only a message makes messages");
            return;
        };
        let ids: BTreeSet<_> = messages.iter().map(|(id, _)| *id).collect();
        match &seen.applied.verdict {
            Verdict::Now(Ok(reply)) => {
                assert_eq!((reply, notify.ack), (&Reply::Notified, AckType::SingleHop));
            }
            Verdict::Now(Err(_)) => {
                assert_eq!(messages.len(), 0, "refused, and sent all the same");
                return;
            }
            Verdict::Later(id) => {
                assert_eq!(ids, BTreeSet::from([*id]));
            }
            Verdict::Again(_) | Verdict::Known(_) => panic!("no message has an id"),
            Verdict::Nothing => panic!("the sender is forgotten"),
        }
        let [id] = Vec::from_iter(ids)[..] else {
            panic!("one message has one id")
        };
        let sent = Sent {
            ack: notify.ack,
            clients: messages.len(),
            outcomes: Vec::new(),
            ended: false,
        };
        assert!(self.0.insert(id, sent).is_none(), "an id is used twice");
    }

    fn waiting(&self) -> usize {
        self.0.values().filter(|sent| !sent.ended).count()
    }
}

impl Sent {
    /// Whether this answer follows from the outcomes, and could not have been given before.
    fn must_be(&self, answer: &Result<Reply, Fault>) {
        let all_in = self.outcomes.len() == self.clients;
        let taken = self
            .outcomes
            .iter()
            .filter(|each| **each == Outcome::Taken)
            .count();
        match self.ack {
            AckType::SingleHop | AckType::DeepOr => {
                assert_eq!(answer.is_ok(), taken > 0);
                assert!(all_in || self.outcomes.last() == Some(&Outcome::Taken));
            }
            AckType::DeepAnd => {
                assert_eq!(answer.is_ok(), taken == self.clients);
                assert!(all_in);
            }
        }
        let left = self.outcomes.contains(&Outcome::Left);
        let expected = if answer.is_ok() {
            Ok(Reply::Notified)
        } else if left {
            Err(Fault::LeftConversation)
        } else if self
            .outcomes
            .iter()
            .any(|each| [Outcome::Rejected, Outcome::Expired].contains(each))
            || !self.outcomes.contains(&Outcome::Busy)
        {
            Err(Fault::NotLoggedOn)
        } else {
            Err(Fault::Busy)
        };
        assert_eq!(*answer, expected);
    }
}

#[test]
fn the_world_reaches_what_the_properties_are_about() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..128 {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        play(&acts, &mut |seen| {
            for what in seen.kinds() {
                *reached.entry(what).or_default() += 1;
            }
        });
    }
    for what in world::KINDS {
        let times = reached.get(what).copied().unwrap_or_default();
        assert!(times >= 20, "{what} happened {times} times: {reached:#?}");
    }
    assert_eq!(reached.len(), world::KINDS.len());
}
