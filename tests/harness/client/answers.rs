//! What clients read in an answer.

use crate::wire::Answer;
use anyhow::{Context, bail};
use rvp::access::AccessList;
use rvp::method::propfind::Properties;
use rvp::method::proppatch::{Patch, Patched};
use rvp::method::subscriptions::Subscribed;
use rvp::method::{Acl, Propfind, Proppatch, Subscriptions};
use rvp::{Method, PresenceState, Property, Reply, SubscriptionKind};

impl Answer {
    /// Whether it is a success.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// `Subscription-Id`.
    ///
    /// # Errors
    /// When it is missing or no number.
    pub fn subscription(&self) -> anyhow::Result<u32> {
        self.number("subscription-id")
    }

    /// A header that is a number.
    ///
    /// # Errors
    /// When it is missing or no number.
    pub fn number(&self, header: &str) -> anyhow::Result<u32> {
        let value = self
            .parts
            .headers
            .get(header)
            .with_context(|| format!("{header} is missing"))?;
        value
            .to_str()?
            .parse()
            .with_context(|| format!("{header} is no number"))
    }

    /// The properties that a watch or PROPFIND was answered with.
    ///
    /// # Errors
    /// When it was answered with something else.
    pub fn properties(&self) -> anyhow::Result<Properties> {
        let Reply::Properties(properties) = self.read(&Method::Propfind(Propfind::All))? else {
            bail!("these are no properties")
        };
        Ok(properties)
    }

    /// The state that a watch or PROPFIND was answered with.
    ///
    /// # Errors
    /// When there is none.
    pub fn state(&self) -> anyhow::Result<PresenceState> {
        let found = self.properties()?.found;
        let state = |property: &Property| match property {
            Property::State(state) => Some(*state),
            Property::DisplayName(_)
            | Property::Email(_)
            | Property::MobileState(_)
            | Property::MobileDescription(_) => None,
        };
        found
            .iter()
            .find_map(state)
            .context("there is no state in the answer")
    }

    /// What a PROPPATCH was answered with.
    ///
    /// # Errors
    /// When it was answered with something else.
    pub fn patched(&self) -> anyhow::Result<Patched> {
        let Reply::Patched(patched) = self.read(&Method::Proppatch(Proppatch { patches: Vec::new() }))?
        else {
            bail!("this is no answer to a PROPPATCH")
        };
        Ok(patched)
    }

    /// The id of the view that was set, if one was.
    ///
    /// # Errors
    /// As [`Answer::patched`].
    pub fn view(&self) -> anyhow::Result<Option<u32>> {
        let view = |patch: &Patch| match patch {
            Patch::State(state) => state.view.map(|view| view.get()),
            Patch::DisplayName(_) | Patch::Other(_) | Patch::UnknownState => None,
        };
        Ok(self.patched()?.done.iter().find_map(view))
    }

    /// The subscriptions that were listed.
    ///
    /// # Errors
    /// When it was answered with something else.
    pub fn subscriptions(&self) -> anyhow::Result<Vec<Subscribed>> {
        let Reply::Subscriptions(all) = self.read(&Method::Subscriptions(Subscriptions {
            kind: SubscriptionKind::Property,
        }))?
        else {
            bail!("these are no subscriptions")
        };
        Ok(all)
    }

    /// The access list that was read.
    ///
    /// # Errors
    /// When it was answered with something else.
    pub fn access(&self) -> anyhow::Result<AccessList> {
        let Reply::AccessList(list) = self.read(&Method::Acl(Acl::Read))? else {
            bail!("this is no access list")
        };
        Ok(list)
    }

    fn read(&self, method: &Method) -> anyhow::Result<Reply> {
        Ok(Reply::parse(method, &self.parts, &self.body)?)
    }
}
