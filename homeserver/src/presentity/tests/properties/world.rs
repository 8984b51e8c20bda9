//! Alice, those around her, and time: does what it is told and shows each step to a check.

use super::super::kept;
use super::super::say::{
    alice, bob, carol, leased, log_on, notify, proved, refresh, set, unsubscribe, watch,
};
use super::super::stage::{ROUTER, answer, start, state_in};
use super::acts::{Act, What};
use crate::OfflinePolicy;
use crate::command::{Applied, Command, DeliveryId, Effect, Verdict};
use crate::expiry::Expiry;
use crate::ids::Ids;
use crate::presentity::Presentity;
use proto::{Change, ClientLogin, Outcome};
use rvp::method::Notify;
use rvp::method::proppatch::StatePatch;
use rvp::notification::MessageKind;
use rvp::{Caller, Fault, Method, PresenceState, Principal, Reply, SubscriptionId, ViewId};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};
use store::Durable;

/// What is called after every command.
pub(super) type Check<'a> = &'a mut dyn FnMut(&Seen<'_>);

/// One command, what it led to, and how things are after it.
pub(super) struct Seen<'a> {
    pub(super) now: SystemTime,
    pub(super) command: &'a Command,
    pub(super) applied: &'a Applied,
    /// What a store would have held before.
    pub(super) before: &'a Durable,
    /// What a store would hold.
    pub(super) kept: &'a Durable,
    pub(super) presentity: &'a Presentity,
    /// When the core will be told of the time, if ever.
    pub(super) wakes: Option<SystemTime>,
}

/// Nothing is kept; what is when it is, is in `kept_properties`.
pub(super) const OFFLINE: OfflinePolicy = OfflinePolicy {
    keep: false,
    count: 0,
    bytes: 0,
    age: Duration::ZERO,
};

struct World {
    now: SystemTime,
    kept: Durable,
    presentity: Presentity,
    ids: Ids,
    expiry: Expiry,
    /// One for each client that has not said what became of a message.
    under_way: Vec<DeliveryId>,
}

/// Does everything, and in the end lets every message have an outcome.
pub(super) fn play(acts: &[(usize, Act)], check: Check<'_>) {
    let kept = Durable::new(kept::account(&alice()));
    let mut world = World {
        now: start(),
        presentity: Presentity::load(kept.clone(), 1, OFFLINE),
        kept,
        ids: Ids::from_seed(7),
        expiry: Expiry::default(),
        under_way: Vec::new(),
    };
    world.apply(Command::Lapse, check);
    world.begin(check);
    for (times, act) in acts {
        for _ in 0..*times {
            world.act(act, check);
        }
    }
    while let Some(delivery) = world.under_way.pop() {
        let outcome = Outcome::Unreachable;
        world.apply(Command::Outcome { delivery, outcome }, check);
    }
}

impl World {
    /// Alice comes online with two clients, and is watched.
    fn begin(&mut self, check: Check<'_>) {
        let alice = proved(&alice());
        self.ask(&alice, log_on(1), check);
        self.ask(&alice, set(leased(PresenceState::Online)), check);
        for watcher in [bob(), carol()] {
            self.ask(&proved(&watcher), watch(&watcher), check);
        }
        self.ask(&alice, log_on(2), check);
        self.ask(&alice, set(leased(PresenceState::Busy)), check);
    }

    fn ask(&mut self, caller: &Caller, method: Method, check: Check<'_>) {
        self.act(&Act::Ask(caller.clone(), What::Method(method)), check);
    }

    fn act(&mut self, act: &Act, check: Check<'_>) {
        let command = match act {
            Act::Pass(duration) => return self.pass_until(self.now + *duration, check),
            Act::Lapse => Command::Lapse,
            Act::Ask(caller, what) => Command::Request {
                caller: caller.clone(),
                router: ROUTER.into(),
                login: None,
                method: self.method(caller, what),
            },
            Act::Outcome(which, outcome) => {
                if self.under_way.is_empty() {
                    return;
                }
                let delivery = self.under_way.swap_remove(which % self.under_way.len());
                let outcome = *outcome;
                Command::Outcome { delivery, outcome }
            }
            Act::CallBackLost(which) => Command::CallBackLost(self.subscription(*which)),
            Act::Account { disabled, name } => {
                // The store has it before the core hears of it.
                self.kept.account.disabled = *disabled;
                self.kept.account.display_name.clone_from(name);
                Command::Account(Box::new(self.kept.account.clone()))
            }
        };
        self.apply(command, check);
    }

    fn pass_until(&mut self, end: SystemTime, check: Check<'_>) {
        while let Some(at) = self.expiry.next().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.expiry.take_due(self.now);
            self.apply(Command::Lapse, check);
            let at_once = self.expiry.next().filter(|at| *at <= self.now);
            assert_eq!(at_once, None, "the core would be woken without end");
        }
        self.now = end;
    }

    fn method(&self, caller: &Caller, what: &What) -> Method {
        match what {
            What::Method(method) => method.clone(),
            What::Refresh(which, seconds) => refresh(self.subscription(*which), *seconds),
            What::Unsubscribe(which) => unsubscribe(self.subscription(*which)),
            What::SetView(which, patch) => set(StatePatch {
                view: Some(self.view(*which)),
                ..*patch
            }),
            What::Message { from, ack, hop } => {
                let notify = notify(from.as_ref().unwrap_or(&caller.identity), *ack, MessageKind::Text);
                Method::Notify(Notify { hop: *hop, ..notify })
            }
        }
    }

    /// One of those that are there, or one that is not.
    fn subscription(&self, which: usize) -> SubscriptionId {
        let logins = self.kept.logins.iter().map(|each| each.id);
        let watches = self.kept.subscriptions.iter().map(|each| each.id);
        let ids: Vec<_> = logins.chain(watches).collect();
        let unknown = SubscriptionId::new(1).unwrap();
        ids.get(which % (ids.len() + 1)).copied().unwrap_or(unknown)
    }

    fn view(&self, which: Option<usize>) -> ViewId {
        let views = &self.kept.views;
        let chosen = which.and_then(|which| views.get(which.checked_rem(views.len())?));
        chosen.map_or_else(|| ViewId::new(1).unwrap(), |view| view.id)
    }

    fn apply(&mut self, command: Command, check: Check<'_>) {
        let (before, mut versions) = (self.kept.clone(), Vec::new());
        let applied = self.presentity.apply(self.now, &mut self.ids, command.clone());
        for effect in &applied.effects {
            match effect {
                Effect::Persist(change) => kept::keep(&mut self.kept, change.clone()),
                Effect::DeliverMessage(id, ..) => self.under_way.push(*id),
                Effect::WakeAt(at) => self.expiry.wake_at(*at, &alice()),
                Effect::Spread(change, _) => versions.push(change.version),
                Effect::Detach(..) | Effect::Ended(..) => {}
                Effect::Keep(..)
                | Effect::Archive(..)
                | Effect::HandedOn(_)
                | Effect::ReadKept(..)
                | Effect::KeptEnded(_) => {
                    panic!("nothing is kept here")
                }
            }
        }
        // Everybody is told at once.
        for version in versions {
            let told = Command::Told {
                version,
                everybody: true,
            };
            for effect in self.presentity.apply(self.now, &mut self.ids, told).effects {
                let Effect::Persist(change) = effect else {
                    panic!("to have told leads to {effect:?}");
                };
                kept::keep(&mut self.kept, change);
            }
        }
        check(&Seen {
            now: self.now,
            command: &command,
            applied: &applied,
            before: &before,
            kept: &self.kept,
            presentity: &self.presentity,
            wakes: self.expiry.next(),
        });
    }
}

/// What must happen often enough for the properties to mean something.
pub(super) const KINDS: [&str; 12] = [
    "answered later",
    "disabled",
    "evicted a login",
    "full of messages",
    "full of views",
    "hidden from a watcher",
    "refused",
    "same watcher evicted",
    "several devices",
    "spread",
    "watched for another",
    "world moved on",
];

impl Seen<'_> {
    pub(super) fn spreads(&self) -> impl Iterator<Item = (&Change, &[Principal])> {
        self.applied.effects.iter().filter_map(|effect| {
            let Effect::Spread(change, watchers) = effect else {
                return None;
            };
            Some((change, &watchers[..]))
        })
    }

    pub(super) fn messages(&self) -> Vec<(DeliveryId, &ClientLogin)> {
        let message = |effect| {
            let &Effect::DeliverMessage(id, _, ref message, _) = effect else {
                return None;
            };
            Some((id, &message.login))
        };
        self.applied.effects.iter().filter_map(message).collect()
    }

    pub(super) fn answers(&self) -> Vec<(DeliveryId, Result<Reply, Fault>)> {
        let answered = |effect: &Effect| {
            let Effect::Ended(id, ended) = effect else {
                return None;
            };
            Some((*id, answer(*ended)))
        };
        self.applied.effects.iter().filter_map(answered).collect()
    }

    /// Whether the last command found or left a subscription of this watcher.
    pub(super) fn watches(&self, watcher: &Principal) -> bool {
        self.kept
            .subscriptions
            .iter()
            .any(|each| each.watcher == *watcher)
    }

    /// Who watches by a subscription that the last command made.
    pub(super) fn new_watch(&self) -> Option<&Principal> {
        let old: BTreeSet<_> = self.before.subscriptions.iter().map(|each| each.id).collect();
        let new = self
            .kept
            .subscriptions
            .iter()
            .find(|each| !old.contains(&each.id))?;
        Some(&new.watcher)
    }

    /// Whose subscriptions the last command ended.
    pub(super) fn ended_watches(&self) -> impl Iterator<Item = &Principal> {
        let left: BTreeSet<_> = self.kept.subscriptions.iter().map(|each| each.id).collect();
        let ended = self
            .before
            .subscriptions
            .iter()
            .filter(move |each| !left.contains(&each.id));
        ended.map(|each| &each.watcher)
    }

    /// Who was answered with a state, and which.
    pub(super) fn answered_state(&self) -> Option<(&Caller, PresenceState)> {
        let Command::Request { caller, .. } = self.command else {
            return None;
        };
        let Verdict::Now(Ok(reply)) = &self.applied.verdict else {
            return None;
        };
        let properties = match reply {
            Reply::Subscribed { properties, .. } => properties.as_ref()?,
            Reply::Properties(properties) => properties,
            Reply::Unsubscribed
            | Reply::Subscriptions(_)
            | Reply::Patched(_)
            | Reply::Notified
            | Reply::Stored
            | Reply::AccessList(_)
            | Reply::AccessChanged => return None,
        };
        Some((caller, state_in(&properties.found)?))
    }

    /// Which of [`KINDS`] this was.
    pub(super) fn kinds(&self) -> Vec<&'static str> {
        let busy = self.applied.verdict == Verdict::Now(Err(Fault::Busy));
        let is = |name| matches!(self.command, Command::Request { method, .. } if method.name() == name);
        let hidden = |(_, state)| state == PresenceState::Offline && super::oracle::state(self.kept) != state;
        let for_another = |caller: &Caller| {
            self.new_watch()
                .is_some_and(|watcher| caller.identity.person() != Some(watcher))
        };
        let ends_login = |effect: &Effect| matches!(effect, Effect::Persist(store::Change::RemoveLogin(_)));
        let answered = self.answered_state();
        let kinds = [
            matches!(self.applied.verdict, Verdict::Later(_)),
            self.kept.account.disabled,
            is("SUBSCRIBE") && self.applied.effects.iter().any(ends_login),
            busy && is("NOTIFY"),
            busy && is("PROPPATCH"),
            answered.is_some_and(hidden),
            matches!(self.applied.verdict, Verdict::Now(Err(_))),
            is("SUBSCRIBE") && self.ended_watches().next().is_some(),
            self.kept.views.len() > 1,
            self.spreads().next().is_some(),
            answered.is_some_and(|(caller, _)| for_another(caller)),
            matches!(self.command, Command::Lapse) && self.before != self.kept,
        ];
        KINDS
            .into_iter()
            .zip(kinds)
            .filter(|(_, is)| *is)
            .map(|(name, _)| name)
            .collect()
    }
}
