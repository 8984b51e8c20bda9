//! A client of the time, with its own listener: what it knows of itself, and the requests it makes.

mod answers;
mod messages;
mod sign_in;

pub use messages::{Message, SESSION};

use crate::accounts::PASSWORD;
use crate::cluster::Cluster;
use crate::documents::Dialect;
use crate::listener::Listener;
use crate::wire::{Answer, Ask, Kept, Proof, Spelling, Style, Wire};
use rvp::{Principal, SubscriptionKind};
use std::collections::BTreeMap;

/// The names of the five properties every node has.
pub const ALL_PROPERTIES: [&str; 5] = [
    "r:state",
    "d:displayname",
    "r:email",
    "r:mobile-state",
    "r:mobile-description",
];

/// A client, logged on or not.
pub struct Client {
    /// How it talks to its router.
    pub wire: Wire,
    /// What it keeps between requests.
    pub kept: Kept,
    /// Where it is called back.
    pub listener: Listener,
    /// Whether it writes other prefixes than usual.
    pub foreign_prefixes: bool,
    /// The name it shows.
    pub display_name: String,
    /// Its login, once it has one.
    pub login: Option<u32>,
    /// Its view, once it has one; only librvp names it.
    pub view: Option<u32>,
    /// Its view before the last PROPPATCH.
    pub former_view: Option<u32>,
    /// Its watches, by whom they are of.
    pub watches: BTreeMap<Principal, u32>,
}

/// The state to set, and how.
#[derive(Clone, Copy, Debug)]
pub struct SetState<'a> {
    /// Its name, possibly one that RVP does not know.
    pub state: &'a str,
    /// Seconds of the lease; flat without.
    pub lease: Option<u32>,
    /// Which view is named.
    pub view: NamedView,
}

/// Which view a PROPPATCH names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NamedView {
    /// As the client's style has it.
    Usual,
    /// None, whatever the style.
    None,
    /// This one.
    This(u32),
}

impl Client {
    /// A client of a person at a router, with the right password. It is not logged on.
    ///
    /// # Errors
    /// When there is no such router, or no port to listen on.
    pub fn new(
        cluster: &dyn Cluster,
        me: &Principal,
        (style, proof): (Style, Proof),
        router: &str,
    ) -> anyhow::Result<Self> {
        let wire = Wire {
            me: me.clone(),
            password: PASSWORD.to_owned(),
            proof,
            style,
            spelling: Spelling::Plain,
            router: cluster.door(router)?,
        };
        Ok(Self {
            wire,
            kept: Kept::default(),
            listener: Listener::open(style)?,
            foreign_prefixes: false,
            display_name: me.name().to_owned(),
            login: None,
            view: None,
            former_view: None,
            watches: BTreeMap::new(),
        })
    }

    /// Who it is.
    #[must_use]
    pub fn me(&self) -> &Principal {
        &self.wire.me
    }

    /// The way it writes documents.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        Dialect {
            style: self.wire.style,
            foreign_prefixes: self.foreign_prefixes,
        }
    }

    /// Sends any request.
    ///
    /// # Errors
    /// As [`Wire::ask`].
    pub async fn ask(&mut self, ask: &Ask) -> anyhow::Result<Answer> {
        self.wire.ask(&mut self.kept, ask).await
    }

    /// Logs on, calling back its own listener.
    ///
    /// # Errors
    /// As [`Wire::ask`].
    pub async fn log_on(&mut self, seconds: u32) -> anyhow::Result<Answer> {
        let ask = Ask::new("SUBSCRIBE", self.me())
            .header("Notification-Type", "pragma/notify")
            .header("Subscription-Lifetime", seconds)
            .header("Call-Back", self.listener.url());
        let answer = self.ask(&ask).await?;
        if answer.succeeded() {
            self.login = Some(answer.subscription()?);
            self.view = None;
        }
        Ok(answer)
    }

    /// Watches somebody.
    ///
    /// # Errors
    /// As [`Wire::ask`].
    pub async fn watch(&mut self, whom: &Principal, seconds: u32) -> anyhow::Result<Answer> {
        let ask = Ask::new("SUBSCRIBE", whom)
            .header("Notification-Type", "update/propchange")
            .header("Subscription-Lifetime", seconds)
            .header(
                "Call-Back",
                self.wire.spelling.url(self.me(), self.wire.router.port()),
            );
        let answer = self.ask(&ask).await?;
        if answer.succeeded() {
            self.watches.insert(whom.clone(), answer.subscription()?);
        }
        Ok(answer)
    }

    /// Renews a subscription on somebody's node.
    ///
    /// # Errors
    /// As [`Wire::ask`].
    pub async fn renew(&mut self, on: &Principal, id: u32, seconds: u32) -> anyhow::Result<Answer> {
        let ask = Ask::new("SUBSCRIBE", on)
            .header("Subscription-Id", id)
            .header("Subscription-Lifetime", seconds);
        self.ask(&ask).await
    }

    /// Ends a subscription on somebody's node.
    ///
    /// # Errors
    /// As [`Wire::ask`].
    pub async fn cancel(&mut self, on: &Principal, id: u32) -> anyhow::Result<Answer> {
        self.ask(&Ask::new("UNSUBSCRIBE", on).header("Subscription-Id", id))
            .await
    }

    /// Sets its state.
    ///
    /// # Errors
    /// As [`Wire::ask`].
    pub async fn set_state(&mut self, set: SetState<'_>) -> anyhow::Result<Answer> {
        let view = match set.view {
            NamedView::Usual if self.wire.style.names_views() => self.view,
            NamedView::Usual | NamedView::None => None,
            NamedView::This(id) => Some(id),
        };
        let body = self.dialect().state(set.state, set.lease, view);
        let answer = self.ask(&Ask::new("PROPPATCH", self.me()).body(body)).await?;
        if answer.succeeded()
            && let Some(view) = answer.view()?
        {
            self.former_view = self.view.replace(view);
        }
        Ok(answer)
    }

    /// Reads somebody's properties.
    ///
    /// # Errors
    /// As [`Wire::ask`].
    pub async fn find(&mut self, whom: &Principal, names: &[&str]) -> anyhow::Result<Answer> {
        let body = self.dialect().find(names);
        self.ask(&Ask::new("PROPFIND", whom).header("Depth", 0).body(body))
            .await
    }

    /// Lists the subscriptions on somebody's node.
    ///
    /// # Errors
    /// As [`Wire::ask`].
    pub async fn list(&mut self, whose: &Principal, kind: SubscriptionKind) -> anyhow::Result<Answer> {
        self.ask(&Ask::new("SUBSCRIPTIONS", whose).header("Notification-Type", kind.notification_type()))
            .await
    }

    /// Reads somebody's access list.
    ///
    /// # Errors
    /// As [`Wire::ask`].
    pub async fn read_access(&mut self, whose: &Principal) -> anyhow::Result<Answer> {
        self.ask(&Ask::new("ACL", whose)).await
    }

    /// Changes its own access list: the rights of one principal, or of everybody with the text that clients
    /// write for that.
    ///
    /// # Errors
    /// As [`Wire::ask`].
    pub async fn change_access(
        &mut self,
        who: &str,
        grant: &[&str],
        deny: &[&str],
    ) -> anyhow::Result<Answer> {
        let body = self.dialect().entry(who, grant, deny);
        self.ask(&Ask::new("ACL", self.me()).body(body)).await
    }
}
