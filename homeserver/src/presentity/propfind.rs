//! PROPFIND (spec 3.5).

use super::{Answer, Context, Presentity};
use rvp::access::Right;
use rvp::method::Propfind;
use rvp::method::propfind::Properties;
use rvp::property::PropertyName;
use rvp::{Caller, Credential, PresenceState, Property, Reply};

impl Presentity {
    pub(super) fn propfind(&mut self, context: &Context<'_>, propfind: Propfind) -> Answer {
        let mut properties = Properties {
            principal: self.principal().clone(),
            found: Vec::new(),
            names: Vec::new(),
            forbidden: Vec::new(),
            missing: Vec::new(),
        };
        match propfind {
            Propfind::Names => {
                self.access.check(&context.caller, Right::List)?;
                properties.names = PropertyName::KNOWN.to_vec();
            }
            Propfind::All => {
                self.access.check(&context.caller, Right::Read)?;
                properties.found = self.properties(self.state_for(context));
            }
            Propfind::Named(names) => {
                self.access.check(&context.caller, Right::Read)?;
                let all = self.properties(self.state_for(context));
                for name in names {
                    match all.iter().find(|property| property.name() == name) {
                        Some(property) => properties.found.push(property.clone()),
                        None => properties.missing.push(name),
                    }
                }
            }
        }
        Ok(Reply::Properties(properties))
    }

    /// The state as this caller may see it: without the right to presence everybody is offline, which
    /// hides a block (spec 4.5).
    fn state_for(&self, context: &Context<'_>) -> PresenceState {
        if self.access.allows(&context.caller, Right::Presence) {
            self.spread.shown
        } else {
            PresenceState::Offline
        }
    }

    /// The properties that a new watcher is answered with: always all five, because Miranda crashes without a
    /// name or an address (spec 10). Who may not read them is told nothing in them that the URL does not say.
    pub(super) fn watched_properties(&self, context: &Context<'_>) -> Properties {
        let mut found = self.properties(self.state_for(context));
        if !self.may_read_watched(&context.caller) {
            for property in &mut found {
                match property {
                    Property::DisplayName(name) => self.principal().name().clone_into(name),
                    Property::Email(email) => email.clear(),
                    Property::State(_) | Property::MobileState(_) | Property::MobileDescription(_) => {}
                }
            }
        }
        let principal = self.principal().clone();
        Properties {
            principal,
            found,
            names: Vec::new(),
            forbidden: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Who is believed to be somebody when it is about the state is believed when it is about the name, too:
    /// clients write entries that believe an assertion for the state and do not mention reading (spec 3.8).
    fn may_read_watched(&self, caller: &Caller) -> bool {
        let with = |credential| Caller {
            identity: caller.identity.clone(),
            credential,
        };
        let reads = |credential| self.access.allows(&with(credential), Right::Read);
        match self.access.says(caller, Right::Read) {
            Some(said) => said,
            // Who only claims to be this very person is told nothing that the person alone may see.
            None if caller.identity.person() == Some(self.principal()) => false,
            None => self.access.allows(caller, Right::Presence) && Credential::ALL.into_iter().any(reads),
        }
    }
}
