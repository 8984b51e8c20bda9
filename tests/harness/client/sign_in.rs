//! The whole sequence with which each documented client signs in and out (spec 1.4), with what it needs to get
//! as an answer (spec 0.1, 3.10): anything else and the client gives up or hangs.

use super::{Client, NamedView, SetState};
use crate::wire::{Answer, Ask, Style};
use anyhow::{Context, ensure};
use rvp::access::{Right, Who};
use rvp::{Identity, Principal, SubscriptionKind};

/// What librvp asks, and what the others ask (spec 3.1).
const LIFETIME_LIBRVP: u32 = 14_000;
const LIFETIME: u32 = 14_400;
/// The lease of a state (spec 4.3).
const LEASE: u32 = 1_200;

impl Client {
    /// Signs in with these contacts.
    ///
    /// # Errors
    /// When an answer is not the one that the client can use.
    pub async fn sign_in(&mut self, contacts: &[Principal]) -> anyhow::Result<()> {
        match self.wire.style {
            Style::Librvp => self.sign_in_as_librvp(contacts).await,
            Style::Miranda => self.sign_in_as_miranda(contacts).await,
            Style::NetRvp => self.sign_in_as_net_rvp(contacts).await,
        }
    }

    /// Signs out, and stops listening.
    ///
    /// # Errors
    /// When an answer is not the one that the client can use.
    pub async fn sign_out(&mut self) -> anyhow::Result<()> {
        match self.wire.style {
            Style::Librvp => return self.sign_out_as_librvp().await,
            Style::Miranda => self.sign_out_as_miranda().await?,
            Style::NetRvp => self.cancel_login().await?,
        }
        self.listener.stop().await
    }

    async fn sign_in_as_librvp(&mut self, contacts: &[Principal]) -> anyhow::Result<()> {
        let me = self.me().clone();
        expect(200, self.log_on(LIFETIME_LIBRVP).await?, "log on")?;
        let set = self.online(LEASE).await?;
        ensure!(set.view()?.is_some(), "the first PROPPATCH brings a view id");
        let found = expect(207, self.find(&me, &["d:displayname"]).await?, "own display name")?;
        ensure!(
            found.properties()?.found.len() == 1,
            "the display name and nothing else"
        );
        let watchers = expect(
            200,
            self.list(&me, SubscriptionKind::Property).await?,
            "list watchers",
        )?;
        watchers.subscriptions()?;
        let access = expect(200, self.read_access(&me).await?, "read access")?.access()?;
        self.watch_flat(&me, LIFETIME_LIBRVP).await?;
        for contact in contacts {
            self.watch_flat(contact, LIFETIME_LIBRVP).await?;
            let who = Who::One(Identity::Person(contact.clone()));
            if access.entries.iter().all(|entry| entry.who != who) {
                let granted = self
                    .change_access(contact.as_url(), &["send-to", "presence"], &[])
                    .await?;
                expect(200, granted, "grant a contact")?;
            }
        }
        let access = self.read_access(&me).await?.access()?;
        let own = access
            .entries
            .iter()
            .find(|entry| entry.who == Who::One(Identity::Person(me.clone())));
        ensure!(
            own.is_some_and(|own| own.grant.len() == Right::ALL.len()),
            "the owner's own entry is whole"
        );
        Ok(())
    }

    async fn sign_in_as_miranda(&mut self, contacts: &[Principal]) -> anyhow::Result<()> {
        let me = self.me().clone();
        expect(200, self.log_on(LIFETIME).await?, "log on")?;
        expect(200, self.read_access(&me).await?, "read access")?.access()?;
        self.online(LEASE).await?;
        for contact in contacts {
            self.watch_flat(contact, LIFETIME).await?;
        }
        Ok(())
    }

    /// It lists its logins and cancels every one that is not its own: a crashed client's (spec 1.4).
    async fn sign_in_as_net_rvp(&mut self, contacts: &[Principal]) -> anyhow::Result<()> {
        let me = self.me().clone();
        expect(200, self.log_on(LIFETIME).await?, "log on")?;
        self.watch_flat(&me, LIFETIME).await?;
        let logins = expect(200, self.list(&me, SubscriptionKind::Login).await?, "list logins")?;
        for login in logins.subscriptions()? {
            if Some(login.id.get()) != self.login {
                expect(
                    200,
                    self.cancel(&me, login.id.get()).await?,
                    "cancel a stale login",
                )?;
            }
        }
        self.online(LIFETIME).await?;
        for contact in contacts {
            self.watch_flat(contact, LIFETIME).await?;
        }
        Ok(())
    }

    /// The login's end and the state go out at once, on two connections. Whether its own listener, with which it
    /// watches itself, is told of the state before it goes is chance.
    async fn sign_out_as_librvp(&mut self) -> anyhow::Result<()> {
        let login = self.login.take().context("it is not logged on")?;
        let end = Ask::new("UNSUBSCRIBE", self.me()).header("Subscription-Id", login);
        let body = self.dialect().state("offline", None, self.view.take());
        let offline = Ask::new("PROPPATCH", self.me()).body(body);
        let wire = self.wire.clone();
        let (mut one, mut two) = (crate::wire::Kept::default(), crate::wire::Kept::default());
        let (ended, offline) = tokio::join!(wire.ask(&mut one, &end), wire.ask(&mut two, &offline));
        expect(200, ended?, "end the login")?;
        expect(207, offline?, "appear offline")?;
        self.listener.stop().await?;
        let me = self.me().clone();
        self.listener.forget(|heard| heard.is_change_of(&me));
        Ok(())
    }

    /// The login is never cancelled (spec 10).
    async fn sign_out_as_miranda(&mut self) -> anyhow::Result<()> {
        let set = SetState {
            state: "offline",
            lease: Some(LEASE),
            view: NamedView::Usual,
        };
        expect(207, self.set_state(set).await?, "set offline")?;
        for (whom, id) in std::mem::take(&mut self.watches) {
            expect(200, self.cancel(&whom, id).await?, "end a watch")?;
        }
        self.login = None;
        Ok(())
    }

    async fn cancel_login(&mut self) -> anyhow::Result<()> {
        let (me, login) = (
            self.me().clone(),
            self.login.take().context("it is not logged on")?,
        );
        expect(200, self.cancel(&me, login).await?, "end the login")?;
        Ok(())
    }

    async fn online(&mut self, lease: u32) -> anyhow::Result<Answer> {
        let set = SetState {
            state: "online",
            lease: Some(lease),
            view: NamedView::Usual,
        };
        expect(207, self.set_state(set).await?, "set online")
    }

    /// The answer to a watch has all five properties, and the state flat (spec 3.2, 4.2).
    async fn watch_flat(&mut self, whom: &Principal, seconds: u32) -> anyhow::Result<()> {
        let answer = expect(207, self.watch(whom, seconds).await?, "watch")?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(
            !text.contains("leased-value"),
            "a leased state in the answer to a watch"
        );
        ensure!(answer.properties()?.found.len() == 5, "five properties: {text}");
        Ok(())
    }
}

fn expect(status: u16, answer: Answer, what: &str) -> anyhow::Result<Answer> {
    ensure!(
        answer.status == status,
        "to {what} the answer was {}, not {status}:\n{}",
        answer.status,
        answer.head
    );
    Ok(answer)
}
