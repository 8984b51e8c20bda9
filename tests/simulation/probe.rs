//! Asks home servers directly, over links of its own, who is home to whom and what they know. It says that it is
//! a router, since only those may ask, and hangs up at once, so that no home hands it something for a client.

use crate::faults::Faults;
use crate::history::{Claim, Event, Known, Person, Recorder};
use crate::listener::seen;
use crate::network::SimNetwork;
use crate::people::principal;
use crate::roles::LINK_PORT;
use async_trait::async_trait;
use daemon::{Network, OnError, Tasks};
use proto::{Answer, Call, Connect, Link, Links, NotCalled, Op, Peer, Refusal, Role};
use rvp::method::{Propfind, Subscriptions};
use rvp::{Caller, Credential, Identity, Method, Reply, SubscriptionKind};
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The host it runs on.
pub(crate) const PROBE: &str = "probe";
/// How long a home may take to answer.
const DEADLINE: Duration = Duration::from_secs(5);

/// What to ask.
#[derive(Clone, Debug)]
pub(crate) struct Inquiry {
    pub(crate) epoch: u64,
    pub(crate) homes: Vec<String>,
    pub(crate) people: Vec<Person>,
    /// What to write down when everybody was asked.
    pub(crate) then: Event,
}

/// Answers inquiries, one after the other.
pub(crate) async fn run(
    faults: Faults,
    recorder: Recorder,
    mut inquiries: mpsc::Receiver<Inquiry>,
) -> turmoil::Result {
    let tasks = Tasks::new();
    let peer = Peer {
        // The last that a home would choose.
        name: "~".to_owned(),
        role: Role::Router,
    };
    let connect = Arc::new(ProbeConnect(SimNetwork {
        me: PROBE.to_owned(),
        faults,
    }));
    let links = Links::new(
        peer,
        connect,
        Arc::new(NotCalled),
        tasks.spawner("link", OnError::Log),
    );
    while let Some(inquiry) = inquiries.recv().await {
        for home in &inquiry.homes {
            let link = links.to(&format!("{home}:{LINK_PORT}")).await;
            for of in &inquiry.people {
                let claim = match &link {
                    Ok(link) => claim(link, inquiry.epoch, of).await,
                    Err(error) => Claim::Silent(error.to_string()),
                };
                recorder.note(Event::Claimed {
                    home: home.clone(),
                    of,
                    claim,
                });
            }
        }
        links.keep_only(&HashSet::new()).await;
        recorder.note(inquiry.then);
    }
    Ok(())
}

async fn claim(link: &Link, epoch: u64, of: Person) -> Claim {
    match known(link, epoch, of).await {
        Ok(known) => Claim::Serves(known),
        Err(claim) => claim,
    }
}

async fn known(link: &Link, epoch: u64, of: Person) -> Result<Known, Claim> {
    let mut known = Known::default();
    if let Reply::Properties(properties) = ask(link, epoch, of, Method::Propfind(Propfind::All)).await? {
        known.seen = seen(&properties.found);
    }
    for kind in [SubscriptionKind::Login, SubscriptionKind::Property] {
        let list = ask(link, epoch, of, Method::Subscriptions(Subscriptions { kind })).await?;
        let Reply::Subscriptions(list) = list else {
            continue;
        };
        for each in list {
            let (id, whose) = (each.id.get(), each.subscriber.person());
            match kind {
                SubscriptionKind::Login => drop(known.logins.insert(id)),
                SubscriptionKind::Property => {
                    let whose = whose.map(|person| person.name().to_owned()).unwrap_or_default();
                    known.watches.insert(id, whose);
                }
            }
        }
    }
    Ok(known)
}

/// Asks in the name of the person, as a router does for somebody who has proved who it is.
async fn ask(link: &Link, epoch: u64, of: Person, method: Method) -> Result<Reply, Claim> {
    let target = principal(of);
    let caller = Caller {
        identity: Identity::Person(target.clone()),
        credential: Credential::Digest,
    };
    let op = Op::Request {
        target,
        caller,
        login: None,
        method: Box::new(method),
    };
    let call = Call {
        deadline: DEADLINE,
        epoch,
        trace: None,
        op,
    };
    match link.call(call).await {
        Ok(Ok(Answer::Reply(reply))) => Ok(reply),
        Ok(Err(Refusal::Moved { .. })) => Err(Claim::Moved),
        Ok(Err(Refusal::Fault(fault))) => Err(Claim::Silent(fault.label().to_owned())),
        Ok(Ok(other)) => Err(Claim::Silent(format!("{other:?}"))),
        Err(error) => Err(Claim::Silent(error.to_string())),
    }
}

struct ProbeConnect(SimNetwork);

#[async_trait]
impl Connect for ProbeConnect {
    async fn connect(&self, address: &str) -> io::Result<Box<dyn proto::links::Io>> {
        Ok(Box::new(self.0.connect_to(address).await?))
    }
}
