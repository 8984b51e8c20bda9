//! A log-on whose home takes longer than its client has to show who it is.

use super::super::alone::attachments;
use super::*;
use crate::forward::Forward;
use crate::forward::nowhere::Nobody;
use async_trait::async_trait;
use daemon::{OnError, Tasks};
use membership::{Member, Members, Placements};
use proto::{Beside, Call, LinkServer, Links, NotCalled, Peer, Refusal, Role, Serve};
use rvp::Domain;
use std::task::{Context, Poll};
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;

/// Until the home has made a login.
const LATE: Duration = Duration::from_secs(15);
const HOME: &str = "home-1:1";

/// A home that takes its time.
struct SlowHome;

#[async_trait]
impl Serve for SlowHome {
    async fn serve(&self, _: proto::Asker, call: Call) -> Result<Answer, Refusal> {
        if matches!(call.op, Op::Authenticate { .. }) {
            return Ok(Answer::Authenticated(Authenticated {
                credential: Credential::Digest,
                generation: 1,
                signature: None,
            }));
        }
        if matches!(call.op, Op::Request { .. }) {
            sleep(LATE).await;
            return Ok(Answer::Reply(Reply::Subscribed {
                id: SubscriptionId::new(1).unwrap(),
                lifetime: LOGIN_LIFETIME,
                properties: None,
            }));
        }
        Ok(Answer::Done)
    }
}

/// Says one frame, and goes when it is welcomed.
struct Client {
    says: Option<String>,
    heard: Vec<String>,
    closed: Option<CloseCode>,
}

impl Transport for Client {
    fn poll_receive(&mut self, _: &mut Context<'_>) -> Poll<Incoming> {
        match self.says.take() {
            Some(text) => Poll::Ready(Incoming::Frame(text.into())),
            None if self.heard.is_empty() => Poll::Pending,
            None => Poll::Ready(Incoming::Gone),
        }
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<bool> {
        Poll::Ready(true)
    }

    async fn put(&mut self, frame: &str) -> bool {
        self.heard.push(frame.to_owned());
        true
    }

    async fn close(&mut self, code: CloseCode) {
        self.closed = Some(code);
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_welcomed_late_is_welcomed_and_leaves_nothing() {
    let peer = |name: &str, role| Peer {
        name: name.to_owned(),
        role,
    };
    let (tasks, beside) = (Tasks::new(), Beside::default());
    let spawn = || tasks.spawner("link", OnError::Log);
    let home = LinkServer::new(peer("home-1", Role::Home), Arc::new(SlowHome), spawn());
    let _home = beside.serve(HOME.to_owned(), home);
    let member = Member::new("home-1".into(), HOME, "zone", 1_000);
    let (_members, seen) = watch::channel(Arc::new(Members::new(1, [member])));
    let router = peer("router-1", Role::Router);
    let links = Links::within(beside, router, Arc::new(Nobody), Arc::new(NotCalled), spawn());
    let placements = Placements::follow(seen);
    let domain = Domain::parse("im.example.com").unwrap();
    let attachments = attachments(Forward { placements, links }, vec![domain.clone()]);
    let parts = attachments.parts();
    let bearer = Bearer {
        principal: Principal::new(&domain, "alice").unwrap(),
        generation: 1,
    };
    let token = parts
        .tokens
        .make(&bearer, parts.clock.now(), Duration::from_hours(1));
    let proof = Proof::Token(token);
    let says = ClientFrame::Authenticate { request: 1, proof }.write();
    let mut client = Client {
        says: Some(says),
        heard: Vec::new(),
        closed: None,
    };
    let stranger = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
    let begun = Instant::now();
    attachments.serve(&mut client, stranger).await;
    assert!(begun.elapsed() >= LATE && LATE > AUTHENTICATE_WITHIN);
    assert!(client.heard[0].contains("welcome"), "{:?}", client.heard);
    assert_eq!(client.closed, None, "it went by itself");
    assert!(attachments.open().is_empty(), "nothing is left of it");
}
