//! PROPFIND (spec 3.5).

use super::{Answer, Context, Presentity};
use rvp::access::Right;
use rvp::method::Propfind;
use rvp::method::propfind::Properties;
use rvp::property::PropertyName;
use rvp::{PresenceState, Property, Reply};

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
        if self.access.allows(&context.caller, Right::Presence) { self.shown } else { PresenceState::Offline }
    }

    /// The properties that a new watcher is answered with.
    pub(super) fn watched_properties(&self, context: &Context<'_>) -> Properties {
        let state = self.state_for(context);
        let found = if self.access.allows(&context.caller, Right::Read) {
            self.properties(state)
        } else {
            vec![Property::State(state)]
        };
        let principal = self.principal().clone();
        Properties { principal, found, names: Vec::new(), forbidden: Vec::new(), missing: Vec::new() }
    }
}
