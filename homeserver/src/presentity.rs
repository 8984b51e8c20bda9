//! One person's state, and every decision about it.
//!
//! `apply` takes the time and a command and answers with a verdict and effects. Nothing here waits, reads a
//! clock, draws a random number of its own or sends anything: that is for the shard and for delivery.

mod access;
mod account;
mod acl;
mod archive;
mod attachment;
mod backlog;
mod change;
pub(crate) mod contacts;
mod deliveries;
mod explain;
mod hand_out;
mod kept;
mod known;
mod lapse;
mod logins;
mod notify;
mod piece;
mod propfind;
mod proppatch;
mod spread;
mod store_said;
mod subscribe;
mod subscriptions;
mod unsubscribe;
mod views;
mod watchers;

use crate::command::{Applied, Command, Effect, Verdict};
use crate::ids::Ids;
use crate::{Archives, OfflinePolicy};
use access::Access;
use backlog::Backlog;
use deliveries::{Around, Deliveries};
use kept::Kept;
use known::Known;
use logins::Logins;
pub(crate) use piece::Piece;
use rvp::method::Subscribe;
use rvp::{Caller, Fault, Method, PresenceState, Principal, Property, Reply, SubscriptionId};
use spread::Spread;
use std::sync::Arc;
use std::time::SystemTime;
use store::{Account, Durable};
use views::Views;
use watchers::Watchers;

/// A person: presence, logins, watchers, rights, and messages that clients have not acknowledged yet or that wait
/// for a client.
#[derive(Debug)]
pub(crate) struct Presentity {
    account: Account,
    logins: Logins,
    views: Views,
    watchers: Watchers,
    access: Access,
    deliveries: Deliveries,
    kept: Kept,
    backlog: Backlog,
    known: Known,
    last_delivery: u64,
    /// When the first command came since this home has the person.
    since: Option<SystemTime>,
    /// Whether the person has another home now, and only what is under way is finished here.
    left: bool,
    /// What watchers know.
    spread: Spread,
    /// The domains that archive messages, if any does.
    archives: Option<Arc<Archives>>,
    /// The epoch at which this home took the person over.
    epoch: u64,
}

/// What a verb is given besides its own fields.
struct Context<'a> {
    now: SystemTime,
    ids: &'a mut Ids,
    caller: Caller,
    router: crate::command::RouterName,
    login: Option<SubscriptionId>,
    effects: Vec<Effect>,
}

impl Presentity {
    /// The presentity of what the store kept, taken over at an epoch. Whatever ended meanwhile ends with the
    /// first [`Command::Lapse`], which must follow at once. Then watchers are also told what a home before this
    /// one made durable and did not tell everybody.
    pub(crate) fn load(durable: Durable, epoch: u64, offline: OfflinePolicy) -> Self {
        let Durable {
            account,
            logins,
            views,
            subscriptions,
            access,
            told,
            kept,
            // Nothing here is decided by it.
            contacts: _,
        } = durable;
        Self {
            access: Access::load(&account.principal, access),
            logins: Logins::load(logins),
            watchers: Watchers::load(subscriptions),
            deliveries: Deliveries::default(),
            kept: Kept::load(kept, offline, epoch),
            backlog: Backlog::default(),
            known: Known::default(),
            last_delivery: 0,
            since: None,
            left: false,
            views: Views::load(views),
            spread: Spread::load(told),
            archives: None,
            epoch,
            account,
        }
    }

    /// The same, where messages are archived before clients are handed them.
    pub(crate) fn archived(mut self, archives: Arc<Archives>) -> Self {
        self.archives = Some(archives);
        self
    }

    /// The epoch at which this home took the person over.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Who this is.
    pub(crate) fn principal(&self) -> &Principal {
        &self.account.principal
    }

    /// The account, for checking credentials.
    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    /// Whether a client of this person is logged on.
    pub(crate) fn is_logged_on(&self) -> bool {
        !self.logins.is_empty()
    }

    /// How many logins there are.
    pub(crate) fn sessions(&self) -> usize {
        self.logins.len()
    }

    /// By which router the client is reached now whose login begins or is renewed, if it is.
    pub(crate) fn router_of(&self, subscribe: &Subscribe) -> Option<&str> {
        let login = match subscribe {
            // A connection is at the router that says so.
            Subscribe::Refresh { id, .. } => self
                .logins
                .get(*id)
                .filter(|each| each.reach.attachment().is_none()),
            Subscribe::New { call_back, .. } => self.logins.newest_at(call_back),
        };
        login.map(|login| login.router.as_str())
    }

    /// How many messages to this person have not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.deliveries.in_flight()
    }

    /// How many messages are kept that no client took.
    pub(crate) fn kept_len(&self) -> usize {
        self.kept.len()
    }

    /// How many property subscriptions there are on this person.
    pub(crate) fn watchers_len(&self) -> usize {
        self.watchers.len()
    }

    /// Whether a message is on its way to a client of this person.
    pub(crate) fn awaits_clients(&self) -> bool {
        !self.deliveries.is_empty()
    }

    /// Goes on with the messages that were on their way when the person was here before.
    pub(crate) fn adopt_deliveries(&mut self, former: Self) {
        self.deliveries = former.deliveries;
        self.known = former.known;
        self.last_delivery = former.last_delivery;
        self.kept.adopt(former.kept);
    }

    /// The person is about to have another home: what clients have is finished here, everything else there.
    pub(crate) fn leave(&mut self, now: SystemTime) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.left = true;
        let (deliveries, mut around) = self.under_way(now, &mut effects);
        deliveries.leave(&mut around);
        effects
    }

    /// The messages under way, and what changes with them.
    fn under_way<'a>(
        &'a mut self,
        now: SystemTime,
        effects: &'a mut Vec<Effect>,
    ) -> (&'a mut Deliveries, Around<'a>) {
        let around = Around {
            now,
            kept: &mut self.kept,
            known: &mut self.known,
            effects,
        };
        (&mut self.deliveries, around)
    }

    /// Does what a command asks.
    pub(crate) fn apply(&mut self, now: SystemTime, ids: &mut Ids, command: Command) -> Applied {
        let mut effects = Vec::new();
        if self.since.is_none() {
            self.since = Some(now);
            self.doubt_attachments(now, None, &mut effects);
        }
        let Command::Request {
            caller,
            router,
            login,
            method,
        } = command
        else {
            self.happened(now, ids, command, &mut effects);
            let verdict = Verdict::Nothing;
            return Applied { verdict, effects };
        };
        let mut context = Context {
            now,
            ids,
            caller,
            router,
            login,
            effects,
        };
        let verdict = self.request(&mut context, method);
        Applied {
            verdict,
            effects: context.effects,
        }
    }

    /// What nobody waits for.
    fn happened(&mut self, now: SystemTime, ids: &mut Ids, command: Command, effects: &mut Vec<Effect>) {
        match command {
            // That is asked.
            Command::Request { .. } => {}
            Command::Outcome { delivery, outcome } => self.outcome(now, delivery, outcome, effects),
            Command::Written { ticket, written } => self.written(now, ticket, written, effects),
            Command::Read { ticket, messages } => self.read(now, ticket, messages, effects),
            Command::CallBackLost(login) => self.end_login(ids, login, effects),
            Command::Detached {
                login,
                attachment,
                stays,
            } => self.detached((login, attachment), now + stays.duration(), effects),
            Command::RouterLost(router) => self.doubt_attachments(now, Some(&router), effects),
            Command::Account(account) => self.set_account(ids, *account, effects),
            Command::Lapse => self.lapse(now, ids, effects),
            Command::Told { version, everybody } => self.told((version, everybody), effects),
        }
    }

    fn request(&mut self, context: &mut Context<'_>, method: Method) -> Verdict {
        if self.account.disabled {
            // To others a disabled person is nobody. The person hears that it is not permitted, and until it is
            // proved who asks, that this is needed: a client whose log-on is answered 404 hangs (spec 3.2).
            let own = context.caller.identity.person() == Some(self.principal());
            let fault = if own {
                self.must_be_owner(&context.caller).err()
            } else {
                Some(Fault::NoSuchPrincipal)
            };
            return Verdict::Now(Err(fault.unwrap_or(Fault::Forbidden)));
        }
        let answer = match method {
            Method::Subscribe(subscribe) => self.subscribe(context, subscribe),
            Method::Unsubscribe(unsubscribe) => self.unsubscribe(context, &unsubscribe),
            Method::Subscriptions(subscriptions) => self.subscriptions(context, &subscriptions),
            Method::Propfind(propfind) => self.propfind(context, propfind),
            Method::Proppatch(proppatch) => self.proppatch(context, proppatch),
            Method::Notify(notify) => return self.notify(context, notify),
            Method::Acl(acl) => self.acl(context, acl),
        };
        Verdict::Now(answer)
    }

    /// All five properties, with this state (spec 4.2).
    fn properties(&self, state: PresenceState) -> Vec<Property> {
        vec![
            Property::State(state),
            Property::DisplayName(self.account.display_name.clone()),
            Property::Email(self.account.email.clone()),
            Property::MobileState(false),
            Property::MobileDescription(String::new()),
        ]
    }

    /// Whether the caller is this person, and proved it.
    fn must_be_owner(&self, caller: &Caller) -> Result<(), Fault> {
        if caller.is_proved(self.principal()) {
            Ok(())
        } else if caller.credential == rvp::Credential::Assertion {
            Err(Fault::Unauthenticated)
        } else {
            Err(Fault::Forbidden)
        }
    }
}

type Answer = Result<Reply, Fault>;

#[cfg(test)]
pub(crate) mod tests;
