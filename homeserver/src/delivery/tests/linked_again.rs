//! A router that links again before this home has heard that its former link has ended.

use super::{HOME, Home, Nobody, ROUTER, person};
use crate::delivery::{Delivery, Ways};
use async_trait::async_trait;
use daemon::OnError;
use membership::Slot;
use proto::{
    Answer, Asker, Beside, Call, Change, ClientLogin, DeliverChange, Link, LinkServer, Links, Op, Peer,
    Refusal, Role, Serve,
};
use rvp::{Fault, PresenceState, Property, Reach, SubscriptionId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const ADDRESS: &str = "home-1:1";
/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(30);

/// The home's end of links.
struct Opened(Delivery);

#[async_trait]
impl Serve for Opened {
    async fn serve(&self, _: Asker, _: Call) -> Result<Answer, Refusal> {
        Err(Fault::BadRequest.into())
    }

    fn opened(&self, link: &Link) {
        self.0.router_opened(link);
    }

    fn closed(&self, link: &Link) {
        self.0.router_closed(link);
    }
}

/// A router that takes everything, and hands nothing on.
struct Router(mpsc::Sender<DeliverChange>);

#[async_trait]
impl Serve for Router {
    async fn serve(&self, _: Asker, call: Call) -> Result<Answer, Refusal> {
        let Op::DeliverChanges(changes) = call.op else {
            return Err(Fault::BadRequest.into());
        };
        for change in changes {
            let _ = self.0.send(change).await;
        }
        Ok(Answer::Done)
    }
}

fn peer(name: &str, role: Role) -> Peer {
    let name = name.to_owned();
    Peer { name, role }
}

async fn next(told: &mut mpsc::Receiver<DeliverChange>) -> DeliverChange {
    let told = tokio::time::timeout(PATIENCE, told.recv()).await;
    told.expect("it is told").expect("it is there")
}

#[tokio::test]
async fn clients_of_a_router_that_has_begun_anew_are_told_again() {
    let home = Home::begin().await;
    let (delivery, beside) = (home.delivery.clone(), Beside::default());
    let spawn = delivery.inner.tasks.spawner("link", OnError::Log);
    let serve = Arc::new(Opened(delivery.clone()));
    let server = LinkServer::new(peer(HOME, Role::Home), serve, spawn.clone());
    let _listening = beside.serve(ADDRESS.to_owned(), server);
    let router = || {
        let (tell, told) = mpsc::channel(8);
        let (me, beside) = (peer(ROUTER, Role::Router), beside.clone());
        let links = Links::within(
            beside,
            me,
            Arc::new(Nobody),
            Arc::new(Router(tell)),
            spawn.clone(),
        );
        (links, told)
    };
    let (before, mut told_before) = router();
    let _former = before.to(ADDRESS).await.unwrap();
    let change = Change {
        presentity: person("contact"),
        properties: vec![Property::State(PresenceState::Busy)],
        version: 1,
    };
    let client = ClientLogin {
        principal: person("watcher0"),
        login: SubscriptionId::new(7).unwrap(),
        reach: Reach::parse("http://192.0.2.10:49152").unwrap(),
    };
    // Who was told is told again only while the store knows of no other home.
    let (claims, slot) = (&delivery.inner.claims, Slot::of(&client.principal));
    let (claim, slots) = (claims.at(1), [slot.number()]);
    claims.store.claim(&claim, &slots).await.unwrap();
    let mut ways = Ways::default();
    delivery.add((client, 1), ROUTER, &mut ways);
    delivery.change(&Arc::new(change), ways, &[]);
    let told = next(&mut told_before).await;
    let (again, mut told_again) = router();
    let _newer = again.to(ADDRESS).await.unwrap();
    assert_eq!(next(&mut told_again).await, told);
}
