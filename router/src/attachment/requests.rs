//! What a client asks, as methods of RVP: the home sees no difference. The answers become frames.

use super::Attachments;
use super::session::{LOGIN_LIFETIME, refused_for};
use super::token::Bearer;
use super::translate::{address, notify, state_of, state_to, typing, why};
use super::watch::Answered;
use super::watches::Watches;
use attachment::limits::{PIECE_MAX, TOKEN_LIFETIME};
use attachment::{ClientFrame, CloseCode, Message, Presence, Receipt, ServerFrame, State, Why};
use proto::{Answer, Op, Proof};
use rvp::access::{AccessList, Credentials, Entry, Right, Who};
use rvp::method::proppatch::{Patch, StatePatch};
use rvp::method::subscriptions::Subscribed;
use rvp::method::{Acl, Proppatch, Subscribe, Subscriptions, Unsubscribe};
use rvp::{
    Caller, Credential, Fault, Identity, Lifetime, Method, Principal, Property, Reply, SubscriptionId,
    SubscriptionKind,
};
use std::collections::BTreeSet;

/// How long a watch lives that nobody renews, in seconds: what the clients of the time ask.
pub(super) const WATCH_LIFETIME: Lifetime = Lifetime(14_400);

/// Who asks. Cloning copies pointers.
#[derive(Clone)]
pub(super) struct Asker {
    pub(super) shared: Attachments,
    pub(super) me: Principal,
    pub(super) credential: Credential,
    pub(super) generation: u64,
    pub(super) login: SubscriptionId,
}

/// What came of a request.
pub(super) struct Finished {
    /// Whom it was about; none for what no client asked.
    pub(super) target: Option<Principal>,
    /// What to write.
    pub(super) frames: Vec<ServerFrame>,
    /// What follows.
    pub(super) then: Then,
}

/// What follows from an answer.
pub(super) enum Then {
    Nothing,
    /// These were to be watched: parts of one question.
    Watched(Vec<Answered>),
    /// Somebody is not watched any more.
    Unwatched(Principal),
    /// The connection is closed.
    Close(CloseCode),
}

pub(super) type Outcome = Result<(Vec<ServerFrame>, Then), Fault>;

impl Asker {
    /// Whose home a frame is for. None when there is nobody of that address.
    pub(super) fn target(&self, frame: &ClientFrame) -> Option<Principal> {
        let canonical = &self.shared.parts().canonical;
        match frame {
            ClientFrame::Watch { who, .. } | ClientFrame::Unwatch { who, .. } => canonical.address(who),
            ClientFrame::Message(message) => canonical.address(&message.to),
            ClientFrame::Typing { to, .. } => canonical.address(to),
            ClientFrame::Authenticate { .. }
            | ClientFrame::State { .. }
            | ClientFrame::WatchMany { .. }
            | ClientFrame::Contacts { .. }
            | ClientFrame::Acknowledge { .. }
            | ClientFrame::Block { .. }
            | ClientFrame::Unblock { .. }
            | ClientFrame::Blocked { .. }
            | ClientFrame::Watchers { .. }
            | ClientFrame::LogOff { .. }
            | ClientFrame::Ping {}
            | ClientFrame::Unknown => Some(self.me.clone()),
        }
    }

    /// Asks what a frame asks. `watch` is the subscription by which the target is watched, if it is.
    pub(super) async fn answer(
        self,
        target: Principal,
        frame: ClientFrame,
        watch: Option<SubscriptionId>,
    ) -> Finished {
        let request = frame.request();
        let answered = match frame {
            ClientFrame::Message(message) => self.message(&target, message).await,
            ClientFrame::Typing { conversation, .. } => {
                let notify = typing(&self.me, &target, conversation);
                // Whether it arrives is of no interest.
                let _ = self.ask(&target, Method::Notify(notify)).await;
                Ok((Vec::new(), Then::Nothing))
            }
            ClientFrame::State { state, .. } => self.state(state).await,
            ClientFrame::Unwatch { .. } => self.unwatch(&target, watch).await,
            ClientFrame::Block { who, .. } => self.block(&who, true).await,
            ClientFrame::Unblock { who, .. } => self.block(&who, false).await,
            ClientFrame::Blocked { .. } => self.blocked(request.unwrap_or_default()).await,
            ClientFrame::Watchers { .. } => self.watchers(request.unwrap_or_default()).await,
            ClientFrame::LogOff { .. } => self.log_off().await,
            ClientFrame::Contacts { request, action } => self.contacts(request, action).await,
            // To watch is asked in another way.
            ClientFrame::Watch { .. }
            | ClientFrame::WatchMany { .. }
            | ClientFrame::Authenticate { .. }
            | ClientFrame::Acknowledge { .. }
            | ClientFrame::Ping {}
            | ClientFrame::Unknown => Err(Fault::BadRequest),
        };
        let (frames, then) = match (answered, request) {
            (Ok((mut frames, then)), Some(request)) => {
                if !frames.last().is_some_and(ServerFrame::ends_request) {
                    frames.push(ServerFrame::Done { request });
                }
                (frames, then)
            }
            (Err(fault), Some(request)) => (vec![refused_for(request, fault)], Then::Nothing),
            (Ok((frames, then)), None) => (frames, then),
            (Err(_), None) => (Vec::new(), Then::Nothing),
        };
        Finished {
            target: Some(target),
            frames,
            then,
        }
    }

    async fn message(&self, to: &Principal, message: Message) -> Outcome {
        let canonical = &self.shared.parts().canonical;
        let others = message.participants.iter().map(|who| canonical.address(who));
        let others: Option<Vec<Principal>> = others.collect();
        let request = message.request;
        let result = match others.and_then(|others| notify(&self.me, to, &others, &message)) {
            None => Err(Fault::BadRequest),
            Some(notify) => self.ask(to, Method::Notify(notify)).await,
        };
        let frame = match result {
            Ok(Reply::Stored) => accepted(request, message.id, Receipt::Stored),
            Ok(_) => accepted(request, message.id, Receipt::Delivered),
            Err(fault) => {
                let (why, retry_after) = why(fault);
                receipt(request, message.id, why, retry_after)
            }
        };
        Ok((vec![frame], Then::Nothing))
    }

    async fn state(&self, state: State) -> Outcome {
        let patch = StatePatch {
            state: state_to(state).ok_or(Fault::BadRequest)?,
            // It holds for as long as the login.
            lease: None,
            view: None,
        };
        let patches = vec![Patch::State(patch)];
        self.ask_me(Method::Proppatch(Proppatch { patches })).await?;
        Ok((Vec::new(), Then::Nothing))
    }

    async fn unwatch(&self, who: &Principal, watch: Option<SubscriptionId>) -> Outcome {
        let id = watch.ok_or(Fault::NoSuchSubscription)?;
        match self.ask(who, Method::Unsubscribe(Unsubscribe { id })).await {
            Ok(_) | Err(Fault::NoSuchSubscription) => Ok((Vec::new(), Then::Unwatched(who.clone()))),
            Err(fault) => Err(fault),
        }
    }

    /// Ends a subscription in whose place there is another one.
    pub(super) async fn drop_watch(self, who: Principal, id: SubscriptionId) -> Finished {
        // It ends by itself otherwise.
        let _ = self.ask(&who, Method::Unsubscribe(Unsubscribe { id })).await;
        Finished {
            target: None,
            frames: Vec::new(),
            then: Then::Nothing,
        }
    }

    async fn block(&self, who: &str, block: bool) -> Outcome {
        let who = self
            .shared
            .parts()
            .canonical
            .address(who)
            .ok_or(Fault::NoSuchPrincipal)?;
        if who == self.me {
            return Err(Fault::BadRequest);
        }
        let rights = BTreeSet::from([Right::SendTo, Right::Presence]);
        let (grant, deny) = if block {
            (BTreeSet::new(), rights)
        } else {
            (rights, BTreeSet::new())
        };
        let credentials = [Credential::Assertion, Credential::Digest, Credential::Ntlm];
        let entry = Entry {
            who: Who::One(Identity::Person(who)),
            credentials: Credentials::Listed(credentials.into_iter().collect()),
            grant,
            deny,
        };
        let entries = vec![entry];
        self.ask_me(Method::Acl(Acl::Change(AccessList { entries })))
            .await?;
        Ok((Vec::new(), Then::Nothing))
    }

    async fn blocked(&self, request: u32) -> Outcome {
        let Reply::AccessList(list) = self.ask_me(Method::Acl(Acl::Read)).await? else {
            return Err(Fault::Internal);
        };
        let blocked = list
            .entries
            .into_iter()
            .filter(|entry| entry.deny.contains(&Right::SendTo));
        let blocked = blocked.filter_map(|entry| match entry.who {
            Who::One(who) => Some(address(&who)),
            Who::All => None,
        });
        let frames = pieces(blocked, |who| ServerFrame::Blocked { request, who });
        Ok((frames, Then::Nothing))
    }

    async fn watchers(&self, request: u32) -> Outcome {
        let method = Method::Subscriptions(Subscriptions {
            kind: SubscriptionKind::Property,
        });
        let Reply::Subscriptions(entries) = self.ask_me(method).await? else {
            return Err(Fault::Internal);
        };
        let me = Identity::Person(self.me.clone());
        let others = entries
            .iter()
            .filter(|Subscribed { subscriber, .. }| *subscriber != me);
        let watchers: BTreeSet<String> = others.map(|each| address(&each.subscriber)).collect();
        let frames = pieces(watchers, |who| ServerFrame::Watchers { request, who });
        Ok((frames, Then::Nothing))
    }

    async fn log_off(&self) -> Outcome {
        let id = self.login;
        match self.ask_me(Method::Unsubscribe(Unsubscribe { id })).await {
            Ok(_) | Err(Fault::NoSuchSubscription) => Ok((Vec::new(), Then::Close(CloseCode::LoggedOff))),
            Err(fault) => Err(fault),
        }
    }

    /// Says that the login is still there. None when nobody could be asked.
    pub(super) async fn renew_login(&self) -> Option<bool> {
        let refresh = Subscribe::Refresh {
            id: self.login,
            lifetime: LOGIN_LIFETIME,
        };
        match self.ask_me(Method::Subscribe(refresh)).await {
            Ok(_) => Some(true),
            Err(Fault::NoSuchSubscription | Fault::Forbidden) => Some(false),
            Err(_) => None,
        }
    }

    /// Renews what ends by itself: the login, the watches and the token. The account may have changed meanwhile.
    pub(super) async fn renew(self, watches: Watches) -> Finished {
        let closed = |code| Finished {
            target: None,
            frames: Vec::new(),
            then: Then::Close(code),
        };
        let proof = Proof::Token {
            generation: self.generation,
        };
        let op = Op::Authenticate {
            principal: self.me.clone(),
            proof,
        };
        if self.shared.parts().forward.ask(&self.me, op).await == Err(Fault::Unauthenticated) {
            return closed(CloseCode::WrongCredentials);
        }
        if self.renew_login().await == Some(false) {
            return closed(CloseCode::SessionOver);
        }
        for (who, id) in watches {
            let refresh = Subscribe::Refresh {
                id,
                lifetime: WATCH_LIFETIME,
            };
            // One that is not there any more is made again when the client resumes or asks; until then its state stands.
            let _ = self.ask(&who, Method::Subscribe(refresh)).await;
        }
        let (token, lifetime) = self.token();
        Finished {
            target: None,
            frames: vec![ServerFrame::Token { token, lifetime }],
            then: Then::Nothing,
        }
    }

    /// A new token, and the seconds that it is good.
    pub(super) fn token(&self) -> (String, u32) {
        let bearer = Bearer {
            principal: self.me.clone(),
            generation: self.generation,
        };
        let parts = self.shared.parts();
        let token = parts.tokens.make(&bearer, parts.clock.now(), TOKEN_LIFETIME);
        (token, u32::try_from(TOKEN_LIFETIME.as_secs()).unwrap_or(u32::MAX))
    }

    async fn ask_me(&self, method: Method) -> Result<Reply, Fault> {
        self.ask(&self.me, method).await
    }

    /// The person as homes are told who asks.
    pub(super) fn caller(&self) -> Caller {
        Caller {
            identity: Identity::Person(self.me.clone()),
            credential: self.credential,
        }
    }

    async fn ask(&self, target: &Principal, method: Method) -> Result<Reply, Fault> {
        let caller = self.caller();
        let op = Op::Request {
            target: target.clone(),
            caller,
            login: (*target == self.me).then_some(self.login),
            method: Box::new(method),
        };
        match self.shared.parts().forward.ask(target, op).await {
            Ok(Answer::Reply(reply)) => Ok(reply),
            Ok(_) => Err(Fault::Internal),
            Err(fault) => Err(fault),
        }
    }
}

/// What a client is told of somebody's properties. What only phones of the time had is left out.
pub(super) fn presence(who: &Principal, properties: &[Property]) -> Presence {
    let mut presence = Presence {
        who: who.address(),
        state: None,
        display_name: None,
        email: None,
    };
    for property in properties {
        match property {
            Property::State(state) => presence.state = Some(state_of(state.shown())),
            Property::DisplayName(name) => presence.display_name = Some(name.clone()),
            Property::Email(email) => presence.email = Some(email.clone()),
            Property::MobileState(_) | Property::MobileDescription(_) => {}
        }
    }
    presence
}

/// The answer to a message that was not delivered.
pub(super) fn receipt(request: u32, id: String, why: Why, retry_after: Option<u32>) -> ServerFrame {
    accepted(request, id, Receipt::Refused { why, retry_after })
}

fn accepted(request: u32, id: String, result: Receipt) -> ServerFrame {
    ServerFrame::Receipt { request, id, result }
}

/// A list in frames of bounded size.
fn pieces(
    items: impl IntoIterator<Item = String>,
    frame: impl Fn(Vec<String>) -> ServerFrame,
) -> Vec<ServerFrame> {
    let items: Vec<String> = items.into_iter().collect();
    items
        .chunks(PIECE_MAX)
        .map(|piece| frame(piece.to_vec()))
        .collect()
}
