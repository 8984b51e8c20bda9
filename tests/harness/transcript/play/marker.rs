//! How it is proved, without waiting, that a client hears nothing: somebody else whom it watches changes, and
//! that must be the next thing it hears.
//!
//! There is such a person on every home server, so whatever was on its way from one of them has gone first: a
//! home tells others of changes one after the other, those of one moment by name, and this name sorts last.

use super::Player;
use crate::client::{Client, NamedView, SetState};
use crate::listener::{Heard, Said};
use crate::wire::{Kept, Proof, Style};
use anyhow::{Context, ensure};
use attachment::{ClientFrame, ServerFrame, State};
use rvp::{PresenceState, Principal, Property};
use std::collections::BTreeMap;

const NAME: &str = "zzz-marker";
/// What markers change to, in turn. Never what they lapse to.
const STATES: [PresenceState; 5] = [
    PresenceState::Away,
    PresenceState::Busy,
    PresenceState::OnPhone,
    PresenceState::AtLunch,
    PresenceState::BackSoon,
];

/// The markers, by home server.
#[derive(Default)]
pub(super) struct Markers {
    by_home: BTreeMap<String, Client>,
    turn: usize,
}

impl Markers {
    /// What was heard, as text, without what came from markers.
    pub(super) fn without_them(&self, heard: Vec<Heard>) -> Vec<String> {
        let is_marker = |heard: &&Heard| {
            self.by_home
                .values()
                .any(|marker| heard.is_change_of(marker.me()))
        };
        heard
            .iter()
            .filter(|heard| !is_marker(heard))
            .map(ToString::to_string)
            .collect()
    }

    /// The same of what an attached client was told.
    pub(super) fn without_their_presence(&self, told: Vec<ServerFrame>) -> Vec<ServerFrame> {
        let is_marker = |frame: &ServerFrame| {
            matches!(frame, ServerFrame::Presence(presence)
                if self.by_home.values().any(|marker| marker.me().address() == presence.who))
        };
        told.into_iter().filter(|frame| !is_marker(frame)).collect()
    }

    /// The marker of a home server changes; says to what.
    async fn change(&mut self, home: &str) -> anyhow::Result<PresenceState> {
        let state = STATES[self.turn % STATES.len()];
        self.turn += 1;
        let client = self.by_home.get_mut(home).context("there is no marker")?;
        let set = SetState {
            state: state.name(),
            lease: Some(1_200),
            view: NamedView::Usual,
        };
        let answer = client.set_state(set).await?;
        ensure!(answer.succeeded(), "the marker cannot change");
        Ok(state)
    }
}

impl Player {
    pub(super) async fn hears_nothing(&mut self, who: &str) -> anyhow::Result<()> {
        for home in self.stage.plan().homes.clone() {
            let marker = self.marker(&home).await?;
            let watch = self.watch_marker(who, &marker).await?;
            let state = self.markers.change(&home).await?;
            let is_it = |heard: &Heard| {
                matches!(&heard.said, Said::Change(change)
                    if change.from == marker && change.properties == [Property::State(state)])
            };
            self.client(who)?
                .listener
                .next("the change that comes last", is_it)
                .await?;
            let wire = self.client(who)?.wire.clone();
            let end = crate::wire::Ask::new("UNSUBSCRIBE", &marker).header("Subscription-Id", watch);
            ensure!(
                wire.ask(&mut Kept::default(), &end).await?.succeeded(),
                "the marker cannot be left"
            );
        }
        let rest = self.client(who)?.listener.rest()?;
        let rest = self.markers.without_them(rest);
        ensure!(rest.is_empty(), "it heard {}", rest.join("; "));
        Ok(())
    }

    /// The same of a client that holds a connection open.
    pub(super) async fn is_told_nothing(&mut self, who: &str) -> anyhow::Result<()> {
        for home in self.stage.plan().homes.clone() {
            let marker = self.marker(&home).await?.address();
            let watch = |request| ClientFrame::Watch {
                request,
                who: marker.clone(),
                subscription: None,
            };
            let watching = self.attached_client(who)?.ask(watch).await?;
            let begun = matches!(watching[..], [ServerFrame::Watching { .. }]);
            ensure!(begun, "{who} cannot watch the marker: {watching:?}");
            let state = self.markers.change(&home).await?;
            let is_it = |frame: &ServerFrame| {
                matches!(frame, ServerFrame::Presence(presence)
                    if presence.who == marker && presence.state.map(State::name) == Some(state.name()))
            };
            let client = self.attached_client(who)?;
            client.next("the change that comes last", is_it).await?;
            let end = |request| ClientFrame::Unwatch {
                request,
                who: marker.clone(),
            };
            client.ask(end).await?;
        }
        let rest = self.attached_client(who)?.rest()?;
        let rest = self.markers.without_their_presence(rest);
        ensure!(rest.is_empty(), "it was told {rest:?}");
        Ok(())
    }

    async fn marker(&mut self, home: &str) -> anyhow::Result<Principal> {
        if let Some(marker) = self.markers.by_home.get(home) {
            return Ok(marker.me().clone());
        }
        let me = self.stage.accounts().principal(NAME, Some(home))?;
        self.stage.accounts().add(&me, "Marker").await?;
        let router = self
            .stage
            .plan()
            .routers
            .first()
            .cloned()
            .context("there is no router")?;
        let scheme = self
            .stage
            .plan()
            .schemes
            .first()
            .copied()
            .context("there is no scheme")?;
        let proof = match scheme {
            router::Scheme::Ntlm => Proof::Ntlm,
            router::Scheme::Digest => Proof::Digest,
        };
        let marker = Client::new(&*self.stage, &me, (Style::Librvp, proof), &router)?;
        self.markers.by_home.insert(home.to_owned(), marker);
        Ok(me)
    }

    /// Not with the client's own means, which the script looks at.
    async fn watch_marker(&mut self, who: &str, marker: &Principal) -> anyhow::Result<u32> {
        let client = self.client(who)?;
        let ask = crate::wire::Ask::new("SUBSCRIBE", marker)
            .header("Notification-Type", "update/propchange")
            .header("Subscription-Lifetime", 600)
            .header("Call-Back", client.me());
        let answer = client.wire.clone().ask(&mut Kept::default(), &ask).await?;
        ensure!(
            answer.succeeded(),
            "{who} cannot watch the marker: {}",
            answer.status
        );
        answer.subscription()
    }
}
