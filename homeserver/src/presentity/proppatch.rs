//! PROPPATCH: a person's own state, and display name (spec 3.6, 4.3).

use super::{Answer, Context, Presentity};
use crate::command::Effect;
use http::StatusCode;
use rvp::access::Right;
use rvp::limits::TEXT_CHARS_MAX;
use rvp::method::Proppatch;
use rvp::method::proppatch::{Patch, Patched, StatePatch};
use rvp::property::{Lease, PropertyName};
use rvp::{Fault, Lifetime, PresenceState, Reply, SubscriptionId};
use std::time::Duration;
use store::View;

/// The longest lease of a state that is granted, in seconds.
const STATE_SECONDS_MAX: u32 = 14_400;

/// How long a flat state holds that no login bounds (spec 4.3: what Exchange leased a state for).
const FLAT_STATE: Duration = Duration::from_secs(1_200);

impl Presentity {
    pub(super) fn proppatch(&mut self, context: &mut Context<'_>, proppatch: Proppatch) -> Answer {
        self.access.check(&context.caller, Right::Write)?;
        let mut patched = Patched {
            principal: self.principal().clone(),
            done: Vec::new(),
            refused: Vec::new(),
        };
        for patch in proppatch.patches {
            match patch {
                Patch::State(patch) => {
                    let done = self.patch_state(context, patch)?;
                    patched.done.push(Patch::State(done));
                }
                Patch::DisplayName(name) if name.chars().count() <= TEXT_CHARS_MAX => {
                    self.patch_display_name(context, &name);
                    patched.done.push(Patch::DisplayName(name));
                }
                Patch::DisplayName(_) => {
                    patched
                        .refused
                        .push((PropertyName::DisplayName, StatusCode::CONFLICT));
                }
                Patch::Other(name) => patched.refused.push((name, StatusCode::FORBIDDEN)),
                Patch::UnknownState => patched.refused.push((PropertyName::State, StatusCode::CONFLICT)),
            }
        }
        Ok(Reply::Patched(patched))
    }

    fn patch_state(&mut self, context: &mut Context<'_>, patch: StatePatch) -> Result<StatePatch, Fault> {
        let now = context.now;
        let lease = patch.lease.map(|lease| Lease {
            default: lease.default,
            timeout: Lifetime(lease.timeout.0.clamp(1, STATE_SECONDS_MAX)),
        });
        if context
            .login
            .is_some_and(|login| self.logins.get(login).is_none())
        {
            return Err(Fault::NoSuchSubscription);
        }
        let former = match context.login {
            Some(login) => self.views.of_login(login).cloned(),
            None => self.view_meant(&patch).cloned(),
        };
        let login = match (&former, context.login) {
            (_, Some(login)) => Some(login),
            (Some(view), None) => view.login,
            (None, None) => self.login_without_view(),
        };
        let id = match &former {
            Some(view) => view.id,
            None => context.ids.view(|id| self.views.get(id).is_some()),
        };
        let ends = match (lease, login) {
            (Some(lease), _) => Some(now + lease.timeout.duration()),
            (None, Some(_)) => None,
            (None, None) => Some(now + FLAT_STATE),
        };
        // A refresh is no change: the view that a person touched last decides, not the one that a
        // client renewed last.
        let changed = former
            .filter(|view| view.state == patch.state)
            .map_or(now, |view| view.changed);
        let default = lease.map_or(PresenceState::Offline, |lease| lease.default);
        let view = View {
            id,
            login,
            state: patch.state,
            default,
            changed,
            ends,
        };
        self.views.put(view.clone())?;
        context
            .effects
            .extend(ends.map(|ends| Effect::WakeAt(ends + super::views::GRACE)));
        context
            .effects
            .push(Effect::Persist(store::Change::PutView(view)));
        self.spread_if_changed(context.ids, &mut context.effects);
        Ok(StatePatch {
            state: patch.state,
            lease,
            view: Some(id),
        })
    }

    /// The view that a request is about. A view id that is not known any more makes a new view; without
    /// an id it is a new view if a login has none yet, else the one that is most likely meant (spec 3.6).
    fn view_meant(&self, patch: &StatePatch) -> Option<&View> {
        match patch.view {
            Some(id) => self.views.get(id),
            None if self.login_without_view().is_some() => None,
            None => self.views.without_id(patch.state),
        }
    }

    fn login_without_view(&self) -> Option<SubscriptionId> {
        let newest_first = self
            .logins
            .iter()
            .filter(|login| self.views.of_login(login.id).is_none());
        newest_first.max_by_key(|login| login.ends).map(|login| login.id)
    }

    fn patch_display_name(&mut self, context: &mut Context<'_>, name: &str) {
        if self.account.display_name == name {
            return;
        }
        name.clone_into(&mut self.account.display_name);
        context
            .effects
            .push(Effect::Persist(store::Change::PutDisplayName(name.to_owned())));
        self.spread_display_name(context.ids, &mut context.effects);
    }
}
