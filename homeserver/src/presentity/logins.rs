//! Logins: where a person's clients listen (spec 3.2, 7).

use crate::command::RouterName;
use litemap::LiteMap;
use proto::ClientLogin;
use rvp::{CallBack, Principal, Reach, SubscriptionId};
use std::time::SystemTime;
use store::Login;

/// Logins of one person at a time. A client that never logs off leaves one behind each time; beyond this the
/// one that would end first makes room, so that nobody is kept from logging on.
const LOGINS_MAX: usize = 16;

/// The logins of one person. Most have one or two, and a tree would have room for eleven.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    by_id: LiteMap<SubscriptionId, Login>,
}

impl Logins {
    pub(crate) fn load(logins: Vec<Login>) -> Self {
        Self {
            by_id: logins.into_iter().map(|each| (each.id, each)).collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn get(&self, id: SubscriptionId) -> Option<&Login> {
        self.by_id.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Login> {
        self.by_id.values()
    }

    /// Which login must end for a new one to have room, if any: the one that would end first.
    pub(crate) fn in_the_way(&self) -> Option<SubscriptionId> {
        let full = self.by_id.len() >= LOGINS_MAX;
        self.by_id
            .values()
            .filter(|_| full)
            .min_by_key(|login| login.ends)
            .map(|login| login.id)
    }

    /// Adds a login for which there is room, or renews the one of its id.
    pub(crate) fn put(&mut self, new: Login) {
        if self.by_id.is_empty() {
            // Most have one, and otherwise there would be room for four.
            self.by_id = LiteMap::with_capacity(1);
        }
        self.by_id.insert(new.id, new);
    }

    pub(crate) fn remove(&mut self, id: SubscriptionId) -> Option<Login> {
        let removed = self.by_id.remove(&id);
        if self.by_id.is_empty() {
            // Most people are not there for most of the time.
            self.by_id = LiteMap::new();
        }
        removed
    }

    /// Lets logins end by this time, unless they end before anyway. Says whether there are any.
    pub(crate) fn end_by(&mut self, ends: SystemTime, which: impl Fn(&Login) -> bool) -> bool {
        let mut any = false;
        for (_, login) in self.by_id.iter_mut().filter(|(_, login)| which(login)) {
            login.ends = login.ends.min(ends);
            any = true;
        }
        any
    }

    /// The login that ends last of a client that listens there.
    pub(crate) fn newest_at(&self, listener: &CallBack) -> Option<&Login> {
        let CallBack::Client(listener) = listener else {
            return None;
        };
        let is_same = |login: &&Login| matches!(&login.reach, Reach::CallBack(its) if its == listener);
        let same = self.by_id.values().filter(is_same);
        same.max_by_key(|login| login.ends)
    }

    /// The clients to reach. A client that came back on the same call-back before its former login ended
    /// has two logins but one listener, and is told once, by the login that ends last.
    pub(crate) fn clients(&self, principal: &Principal) -> Vec<(RouterName, ClientLogin)> {
        self.each_client(principal)
            .map(|(router, client)| (router.into(), client))
            .collect()
    }

    /// The same, one by one.
    pub(crate) fn each_client<'a>(
        &'a self,
        principal: &'a Principal,
    ) -> impl Iterator<Item = (&'a str, ClientLogin)> {
        let mut newest: Vec<&Login> = Vec::new();
        let mut login = self.by_id.values();
        // Most have one.
        let only = login.next().filter(|_| self.len() == 1);
        if only.is_none() {
            newest = self.by_id.values().collect();
            // Of two that end together the one of the lower id stays first.
            newest.sort_by(|a, b| a.reach.cmp(&b.reach).then(b.ends.cmp(&a.ends)));
            newest.dedup_by(|later, first| later.reach == first.reach);
        }
        let client = |login: &'a Login| (login.router.as_str(), client(login, principal));
        only.into_iter().chain(newest).map(client)
    }

    pub(crate) fn ended(&self, now: SystemTime) -> Vec<SubscriptionId> {
        self.by_id
            .values()
            .filter(|each| each.ends <= now)
            .map(|each| each.id)
            .collect()
    }

    pub(crate) fn next_end(&self) -> Option<SystemTime> {
        self.by_id.values().map(|each| each.ends).min()
    }
}

/// How a login's client is reached.
pub(super) fn client(login: &Login, principal: &Principal) -> ClientLogin {
    ClientLogin {
        principal: principal.clone(),
        login: login.id,
        reach: login.reach.clone(),
    }
}
