//! What ends by itself: leased states, logins and property subscriptions (spec 4.3).

use super::Presentity;
use super::logins::client;
use crate::command::Effect;
use crate::ids::Ids;
use proto::Detach;
use rvp::{PresenceState, SubscriptionId, ViewId};
use std::time::SystemTime;
use store::View;

impl Presentity {
    /// Ends what has ended by now, and says when to look again.
    pub(super) fn lapse(&mut self, now: SystemTime, ids: &mut Ids, effects: &mut Vec<Effect>) {
        for id in self.watchers.take_ended(now) {
            effects.push(Effect::Persist(store::Change::RemoveSubscription(id)));
        }
        for login in self.logins.ended(now) {
            self.drop_login(login, effects);
        }
        for view in self.views.lapsed(now) {
            self.lapse_view(view, effects);
        }
        self.drop_strays(effects);
        self.spread_if_changed(ids, effects);
        self.kept.lapse(now, self.backlog.out(), effects);
        self.backlog.lapse(now);
        self.known.lapse(now);
        self.go_on(now, effects);
        effects.extend(self.next_lapse().map(Effect::WakeAt));
    }

    /// When something ends next, if anything does.
    fn next_lapse(&self) -> Option<SystemTime> {
        [
            self.watchers.next_end(),
            self.logins.next_end(),
            self.views.next_lapse(),
            self.kept.next_end(),
            self.backlog.next_end(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Ends a login before its time: its client is gone or logged off.
    pub(super) fn end_login(&mut self, ids: &mut Ids, login: SubscriptionId, effects: &mut Vec<Effect>) {
        self.drop_login(login, effects);
        self.spread_if_changed(ids, effects);
    }

    /// A login takes its view with it: without a client nobody is there.
    fn drop_login(&mut self, login: SubscriptionId, effects: &mut Vec<Effect>) {
        let Some(dropped) = self.logins.remove(login) else {
            return;
        };
        if dropped.reach.attachment().is_some() {
            let client = client(&dropped, self.principal());
            effects.push(Effect::Detach(
                dropped.router.as_str().into(),
                client,
                Detach::Ended,
            ));
        }
        effects.push(Effect::Persist(store::Change::RemoveLogin(login)));
        if let Some(view) = self.views.of_login(login).map(|view| view.id) {
            self.drop_view(view, effects);
        }
    }

    /// Drops what a disabled person still has, and views whose login is not there. Both can come from the
    /// store: somebody was disabled while no home server ran, or a write failed.
    pub(super) fn drop_strays(&mut self, effects: &mut Vec<Effect>) {
        let disabled = self.account.disabled;
        let logins: Vec<_> = self
            .logins
            .iter()
            .filter(|_| disabled)
            .map(|login| login.id)
            .collect();
        for login in logins {
            self.drop_login(login, effects);
        }
        let stray = |view: &&View| view.login.is_some_and(|login| self.logins.get(login).is_none());
        let views: Vec<_> = self
            .views
            .iter()
            .filter(|view| disabled || stray(view))
            .map(|view| view.id)
            .collect();
        for view in views {
            self.drop_view(view, effects);
        }
    }

    /// A leased state falls back to its default; where that is offline, the view's id ends as well. So it
    /// does without a login, where nothing would ever end the default. Nobody meant this change, so the
    /// view is not the most recent one for it.
    fn lapse_view(&mut self, id: ViewId, effects: &mut Vec<Effect>) {
        let Some(view) = self.views.get(id) else { return };
        if view.default.shown() == PresenceState::Offline || view.login.is_none() {
            self.drop_view(id, effects);
            return;
        }
        let fallen = View {
            state: view.default,
            ends: None,
            ..view.clone()
        };
        effects.push(Effect::Persist(store::Change::PutView(fallen.clone())));
        // It replaces the view of its id, for which there is room.
        let _ = self.views.put(fallen);
    }

    fn drop_view(&mut self, id: ViewId, effects: &mut Vec<Effect>) {
        if self.views.remove(id).is_some() {
            effects.push(Effect::Persist(store::Change::RemoveView(id)));
        }
    }
}
