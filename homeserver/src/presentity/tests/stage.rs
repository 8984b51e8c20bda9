//! Alice's presentity with a clock, and a store that holds what she wanted durable.

use super::asked::{Messages, Question, question};
use super::say::{LIFETIME, alice, bob, change_access, log_on, proved, set, watch};
use super::{kept, say};
use crate::command::{Applied, Command, DeliveryId, Effect, Ended, RouterName, Verdict, Written};
use crate::ids::Ids;
use crate::presentity::Presentity;
use crate::{Archives, OfflinePolicy};
use proto::{ClientLogin, DeliverMessage, Outcome};
use rvp::access::Entry;
use rvp::method::proppatch::{Patch, StatePatch};
use rvp::method::{Propfind, Subscriptions};
use rvp::{
    Caller, Fault, Method, PresenceState, Principal, Property, Reply, SubscriptionId, SubscriptionKind,
    ViewId,
};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::{ArchiveEntry, Durable};

/// The router that everybody comes through who names none.
pub(super) const ROUTER: &str = "router-1";

/// When every test begins.
pub(super) fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

pub(super) struct Stage {
    pub(super) now: SystemTime,
    /// What the last command led to.
    pub(super) effects: Vec<Effect>,
    /// What a store would hold.
    pub(super) kept: Durable,
    /// Whether changes reach everybody they are for.
    pub(super) reaches: bool,
    /// At which epoch Alice was taken over.
    epoch: u64,
    offline: OfflinePolicy,
    presentity: Presentity,
    ids: Ids,
    /// Documents of kept messages.
    pub(super) messages: Messages,
    /// What is in the archives.
    pub(super) archive: Vec<ArchiveEntry>,
    /// What the store has not answered yet.
    pub(super) asked: Vec<Question>,
}

impl Stage {
    /// Alice as she is when her account has just been made.
    pub(super) fn new() -> Self {
        Self::of(Durable::new(kept::account(&alice())))
    }

    /// Alice as a store has kept her.
    pub(super) fn of(kept: Durable) -> Self {
        Self::under(kept, OfflinePolicy::default())
    }

    /// Alice in a domain that keeps nothing for who cannot be reached.
    pub(super) fn that_keeps_nothing() -> Self {
        let offline = OfflinePolicy {
            keep: false,
            ..OfflinePolicy::default()
        };
        Self::under(Durable::new(kept::account(&alice())), offline)
    }

    /// Alice in a domain with this policy.
    pub(super) fn under(kept: Durable, offline: OfflinePolicy) -> Self {
        let presentity = Presentity::load(kept.clone(), 1, offline);
        let (ids, now, effects) = (Ids::from_seed(7), start(), Vec::new());
        let mut stage = Self {
            now,
            effects,
            kept,
            reaches: true,
            epoch: 1,
            presentity,
            ids,
            messages: Messages::default(),
            archive: Vec::new(),
            asked: Vec::new(),
            offline,
        };
        stage.apply(Command::Lapse);
        stage
    }

    /// The same, where this is archived.
    pub(super) fn archiving(mut self, archives: Archives) -> Self {
        self.presentity = self.presentity.archived(Arc::new(archives));
        self
    }

    /// The person gets another home.
    pub(super) fn leave(&mut self) {
        self.effects = self.presentity.leave(self.now);
    }

    /// What her home holds for her.
    pub(super) fn into_presentity(self) -> Presentity {
        self.presentity
    }

    /// Who is told of changes of others, each with the router of its login.
    pub(super) fn told_of_others(&self) -> Vec<(String, ClientLogin)> {
        let told = self.presentity.clients();
        told.map(|(router, client)| (router.to_owned(), client)).collect()
    }

    /// How many messages have not ended.
    pub(super) fn in_flight(&self) -> usize {
        self.presentity.in_flight()
    }

    /// The process ends, and another one begins with what the store has kept.
    pub(super) fn restart(&mut self) {
        self.epoch += 1;
        self.presentity = Presentity::load(self.kept.clone(), self.epoch, self.offline);
        self.asked.clear();
        self.ids = Ids::from_seed(8);
        self.apply(Command::Lapse);
    }

    /// What an operator is told.
    pub(super) fn explained(&self) -> proto::operator::Explained {
        self.presentity.explain(self.now)
    }

    pub(super) fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// Time passes, and the core is told.
    pub(super) fn lapse_after(&mut self, seconds: u64) {
        self.later(seconds);
        self.apply(Command::Lapse);
    }

    pub(super) fn apply(&mut self, command: Command) -> Verdict {
        let Applied { verdict, effects } = self.presentity.apply(self.now, &mut self.ids, command);
        self.keep(&effects);
        self.effects = effects;
        if self.reaches {
            self.versions()
                .into_iter()
                .for_each(|version| self.reach(version));
        }
        verdict
    }

    /// A change reaches everybody it is for.
    pub(super) fn reach(&mut self, version: u64) {
        self.told_of(version, true);
    }

    /// A change does not reach somebody it is for.
    pub(super) fn miss(&mut self, version: u64) {
        self.told_of(version, false);
    }

    fn told_of(&mut self, version: u64, everybody: bool) {
        let told = Command::Told { version, everybody };
        let effects = self.presentity.apply(self.now, &mut self.ids, told).effects;
        self.keep(&effects);
    }

    fn keep(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Persist(change) = effect {
                kept::keep(&mut self.kept, change.clone());
            }
        }
        self.asked.extend(effects.iter().filter_map(question));
    }

    /// The store answers everything it was asked, and what it is asked then; what all that led to is in the
    /// effects.
    pub(super) fn store_answers(&mut self, written: Written) {
        let mut all = Vec::new();
        while !self.asked.is_empty() {
            let durable = written == Written::Durable;
            let command = match self.asked.remove(0) {
                Question::Write(ticket, change) => {
                    if durable {
                        self.messages.write(&mut self.kept, change);
                    }
                    Command::Written { ticket, written }
                }
                Question::Archive(ticket, entries) => {
                    if durable {
                        self.archive.extend(entries);
                    }
                    Command::Written { ticket, written }
                }
                Question::Read(ticket, after) => {
                    let messages = durable.then(|| self.messages.read(after));
                    Command::Read { ticket, messages }
                }
            };
            self.apply(command);
            all.append(&mut self.effects);
        }
        self.effects = all;
    }

    /// A request through a router, whenever it is answered.
    pub(super) fn request_by(&mut self, router: &str, caller: &Caller, method: Method) -> Verdict {
        self.request_of(router, caller, None, method)
    }

    /// The same, of a client whose login is known.
    pub(super) fn request_of(
        &mut self,
        router: &str,
        caller: &Caller,
        login: Option<SubscriptionId>,
        method: Method,
    ) -> Verdict {
        let (caller, router) = (caller.clone(), RouterName::from(router));
        self.apply(Command::Request {
            caller,
            router,
            login,
            method,
        })
    }

    /// A request that is answered at once.
    pub(super) fn request(&mut self, caller: &Caller, method: Method) -> Result<Reply, Fault> {
        match self.request_by(ROUTER, caller, method) {
            Verdict::Now(answer) => answer,
            other @ (Verdict::Later(_) | Verdict::Again(_) | Verdict::Known(_) | Verdict::Nothing) => {
                panic!("not answered at once: {other:?}")
            }
        }
    }

    /// A request whose sender waits for clients.
    pub(super) fn request_later(&mut self, caller: &Caller, method: Method) -> DeliveryId {
        match self.request_by(ROUTER, caller, method) {
            Verdict::Later(delivery) => delivery,
            other @ (Verdict::Now(_) | Verdict::Again(_) | Verdict::Known(_) | Verdict::Nothing) => {
                panic!("answered at once: {other:?}")
            }
        }
    }

    /// Subscribes; the id and the state that was told, if one was.
    pub(super) fn subscribe(
        &mut self,
        caller: &Caller,
        method: Method,
    ) -> (SubscriptionId, Option<PresenceState>) {
        let answer = self.request(caller, method);
        let Ok(Reply::Subscribed { id, properties, .. }) = answer else {
            panic!("not subscribed: {answer:?}");
        };
        (
            id,
            properties.map(|properties| state_in(&properties.found).unwrap()),
        )
    }

    /// Alice logs on with a client on this port.
    pub(super) fn log_on(&mut self, port: u16) -> SubscriptionId {
        self.subscribe(&proved(&alice()), log_on(port)).0
    }

    /// Alice sets a state; what was granted, with the view's id.
    pub(super) fn set(&mut self, patch: StatePatch) -> (StatePatch, ViewId) {
        let answer = self.request(&proved(&alice()), set(patch));
        let Ok(Reply::Patched(patched)) = answer else {
            panic!("not set: {answer:?}");
        };
        let [Patch::State(done)] = patched.done[..] else {
            panic!("not set: {patched:?}");
        };
        (done, done.view.unwrap())
    }

    /// Somebody watches Alice, and is told her state.
    pub(super) fn watch(&mut self, watcher: &Principal) -> (SubscriptionId, PresenceState) {
        let (id, state) = self.subscribe(&proved(watcher), watch(watcher));
        (id, state.unwrap())
    }

    /// Alice, logged on with one client and online, and Bob who watches her.
    pub(super) fn watched() -> Self {
        let mut stage = Self::new();
        stage.log_on(1);
        stage.set(say::leased(PresenceState::Online));
        stage.watch(&bob());
        stage
    }

    /// These people watch Alice.
    pub(super) fn watched_by(&mut self, watchers: &[Principal]) {
        for watcher in watchers {
            self.watch(watcher);
        }
    }

    /// Alice changes who may do what.
    pub(super) fn change_access(&mut self, entries: impl IntoIterator<Item = Entry>) {
        let answer = self.request(&proved(&alice()), change_access(entries));
        assert_eq!(answer, Ok(Reply::AccessChanged));
    }

    pub(super) fn outcome(&mut self, delivery: DeliveryId, outcome: Outcome) {
        self.apply(Command::Outcome { delivery, outcome });
    }

    /// Alice's state as somebody reads it.
    pub(super) fn state_for(&mut self, caller: &Caller) -> PresenceState {
        let answer = self.request(caller, Method::Propfind(Propfind::All));
        let Ok(Reply::Properties(properties)) = answer else {
            panic!("not read: {answer:?}");
        };
        state_in(&properties.found).unwrap()
    }

    /// Alice's state as she reads it.
    pub(super) fn state(&mut self) -> PresenceState {
        self.state_for(&proved(&alice()))
    }

    /// The ids and seconds left of Alice's logins, or of the subscriptions on her.
    pub(super) fn subscribed(&mut self, kind: SubscriptionKind) -> Vec<(SubscriptionId, u32)> {
        let answer = self.request(&proved(&alice()), Method::Subscriptions(Subscriptions { kind }));
        let Ok(Reply::Subscriptions(lines)) = answer else {
            panic!("not listed: {answer:?}");
        };
        lines.into_iter().map(|each| (each.id, each.left.0)).collect()
    }

    /// Who was told what by the last command.
    pub(super) fn told(&self) -> Vec<(Vec<Property>, Vec<Principal>)> {
        self.picked(|effect| {
            let Effect::Spread(change, watchers) = effect else {
                return None;
            };
            assert_eq!(change.presentity, alice());
            Some((change.properties.clone(), watchers.clone()))
        })
    }

    /// The versions of the changes that were told by the last command.
    pub(super) fn versions(&self) -> Vec<u64> {
        self.picked(|effect| {
            let Effect::Spread(change, _) = effect else {
                return None;
            };
            Some(change.version)
        })
    }

    /// Who was told which state by the last command.
    pub(super) fn told_states(&self) -> Vec<(PresenceState, Vec<Principal>)> {
        let states = |(properties, watchers): (Vec<_>, _)| (state_in(&properties).unwrap(), watchers);
        self.told().into_iter().map(states).collect()
    }

    /// The messages that the last command hands to clients.
    pub(super) fn messages(&self) -> Vec<(DeliveryId, RouterName, DeliverMessage)> {
        self.picked(|effect| {
            let Effect::DeliverMessage(id, router, message, _) = effect else {
                return None;
            };
            Some((*id, router.clone(), message.clone()))
        })
    }

    /// The clients that the last command hands a message to.
    pub(super) fn clients(&self) -> Vec<ClientLogin> {
        self.messages()
            .into_iter()
            .map(|(_, _, message)| message.login)
            .collect()
    }

    /// The answers to senders that the last command gives.
    pub(super) fn answers(&self) -> Vec<(DeliveryId, Result<Reply, Fault>)> {
        self.picked(|effect| {
            let Effect::Ended(id, ended) = effect else {
                return None;
            };
            Some((*id, answer(*ended)))
        })
    }

    /// When the core wants to be told again that time has passed, in seconds from now.
    pub(super) fn wakes_in(&self) -> Vec<u64> {
        self.picked(|effect| {
            let Effect::WakeAt(at) = effect else { return None };
            Some(at.duration_since(self.now).unwrap().as_secs())
        })
    }

    /// What the last command wanted kept of what all know, if anything: it is durable with the rest of the command.
    pub(super) fn kept_told(&self) -> Option<Option<PresenceState>> {
        self.effects.iter().rev().find_map(|effect| {
            if *effect == Effect::Persist(store::Change::ForgetTold) {
                return Some(None);
            }
            let Effect::Persist(store::Change::PutTold(state)) = effect else {
                return None;
            };
            Some(Some(*state))
        })
    }

    /// What the last command wants durable, besides what was told.
    pub(super) fn persisted(&self) -> Vec<store::Change> {
        self.picked(|effect| match effect {
            Effect::Persist(store::Change::PutTold(_) | store::Change::ForgetTold) => None,
            Effect::Persist(change) => Some(change.clone()),
            Effect::Spread(..)
            | Effect::DeliverMessage(..)
            | Effect::Detach(..)
            | Effect::Keep(..)
            | Effect::Archive(..)
            | Effect::ReadKept(..)
            | Effect::KeptEnded(_)
            | Effect::Ended(..)
            | Effect::HandedOn(_)
            | Effect::WakeAt(_) => None,
        })
    }

    fn picked<T>(&self, pick: impl Fn(&Effect) -> Option<T>) -> Vec<T> {
        self.effects.iter().filter_map(pick).collect()
    }

    /// Renews a subscription for the usual time.
    pub(super) fn renew(&mut self, id: SubscriptionId) {
        let seconds = u32::try_from(LIFETIME).unwrap();
        let (renewed, _) = self.subscribe(&proved(&alice()), say::refresh(id, seconds));
        assert_eq!(renewed, id);
    }
}

/// What the sender of a message that has ended hears.
pub(super) fn answer(ended: Ended) -> Result<Reply, Fault> {
    match ended {
        Ended::Delivered => Ok(Reply::Notified),
        Ended::Stored => Ok(Reply::Stored),
        Ended::Refused(fault) | Ended::Expired(fault) => Err(fault),
        Ended::Moved => panic!("whoever asked is sent elsewhere"),
    }
}

pub(super) fn state_in(properties: &[Property]) -> Option<PresenceState> {
    properties.iter().find_map(|property| match property {
        Property::State(state) => Some(*state),
        Property::DisplayName(_)
        | Property::Email(_)
        | Property::MobileState(_)
        | Property::MobileDescription(_) => None,
    })
}
