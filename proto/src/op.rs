//! Operations and answers as values: what the two ends of a link say to each other.

use crate::contacts::{AskContacts, Contact, ContactChange};
use crate::link::CallId;
use crate::operator::{Explained, HomeLoad, KnownMembers};
use crate::watch::{AskWatch, WatchAnswer};
use bytes::Bytes;
use rvp::credentials::{DigestAnswer, NtlmAnswer};
use rvp::notification::AckType;
use rvp::{
    AttachmentId, Caller, Credential, Fault, Identity, Lifetime, MessageId, Method, Principal, Property,
    Reach, Reply, SubscriptionId,
};
use std::time::Duration;

/// A question to the other end of a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Call {
    /// How long the caller will wait from now on.
    pub deadline: Duration,
    /// The epoch by which the caller placed the principal.
    pub epoch: u64,
    /// W3C traceparent of the span that asks.
    pub trace: Option<String>,
    /// What is asked.
    pub op: Op,
}

/// Changes of one question.
pub const CHANGES_MAX: usize = 64;

/// What can be asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// Router to the home of the person whom credentials name: are they right?
    Authenticate {
        /// The person.
        principal: Principal,
        /// What was shown.
        proof: Proof,
    },
    /// Router to the home of a person who wants to log on with SCRAM: what is hashed with the password?
    ScramSalt {
        /// The person.
        principal: Principal,
    },
    /// Router to home: one of RVP's methods on a principal of that home.
    Request {
        /// Whose node.
        target: Principal,
        /// Who asks.
        caller: Caller,
        /// Which login of the caller asks, where that is known: an attachment's.
        login: Option<SubscriptionId>,
        /// What.
        method: Box<Method>,
    },
    /// Home to home: presentities changed; tell their watchers, whose home you are. At most [`CHANGES_MAX`].
    SpreadChanges(Vec<SpreadChange>),
    /// Home to router: hand this message to one client, and say what became of it.
    DeliverMessage(DeliverMessage),
    /// Home to router: hand changes to clients. At most [`CHANGES_MAX`]. Answered when all are queued.
    DeliverChanges(Vec<DeliverChange>),
    /// Router to home: the client of this login cannot be reached any more (spec 7.4).
    CallBackLost {
        /// Whose login.
        principal: Principal,
        /// Which.
        login: SubscriptionId,
    },
    /// Router to home: the connection of a client has ended, or is about to. Its login stays for a while, for the
    /// client to come back.
    Detached {
        /// Whose login.
        principal: Principal,
        /// Which.
        login: SubscriptionId,
        /// Which connection. Another one may have taken its place already.
        attachment: AttachmentId,
        /// How long the login stays.
        stays: Lifetime,
    },
    /// Home to router: this client is reached in another way now, or its login has ended. What it has not taken is
    /// not for this connection any more.
    Detach {
        /// The client, as it was reached.
        client: ClientLogin,
        /// Why.
        why: Detach,
    },
    /// Router to home: read or change the contact list of a person of that home.
    Contacts(AskContacts),
    /// Home to router: tell these clients of a person that another one changed the contact list. Answered when it is
    /// queued.
    DeliverContact {
        /// The change.
        change: ContactChange,
        /// The clients.
        clients: Vec<ClientLogin>,
    },
    /// Router to home: somebody watches these people of that home.
    Watch(AskWatch),
    /// Home to home: the slots that are no longer yours at this call's epoch are about to be mine. Answered
    /// when everything that was changed in them is durable.
    Settle,
    /// Operator to home: which members do you know?
    Members,
    /// Operator to home: how are you?
    Load,
    /// Operator to home: what do you know of this person?
    Explain {
        /// The person.
        principal: Principal,
    },
    /// Operator to home: hand your slots to the others, and stay. Answered when the members know of it.
    Drain,
    /// Operator to home: take slots again. Answered when the members know of it.
    Undrain,
}

impl Op {
    /// One word for spans and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Authenticate { .. } => "authenticate",
            Self::ScramSalt { .. } => "scram_salt",
            Self::Request { method, .. } => method.name(),
            Self::SpreadChanges(_) => "spread_changes",
            Self::DeliverMessage(_) => "deliver_message",
            Self::DeliverChanges(_) => "deliver_changes",
            Self::CallBackLost { .. } => "call_back_lost",
            Self::Detached { .. } => "detached",
            Self::Detach { .. } => "detach",
            Self::Contacts(_) => "contacts",
            Self::DeliverContact { .. } => "deliver_contact",
            Self::Watch(_) => "watch",
            Self::Settle => "settle",
            Self::Members => "members",
            Self::Load => "load",
            Self::Explain { .. } => "explain",
            Self::Drain => "drain",
            Self::Undrain => "undrain",
        }
    }
}

/// What somebody showed to prove who they are. Only their home server can tell whether it is right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// The answer to a Digest challenge (spec 6.3).
    Digest {
        /// As the client sent it.
        answer: DigestAnswer,
        /// The word of the request's method, which the answer covers.
        method: String,
    },
    /// The answer to an NTLM challenge (spec 6.2).
    Ntlm {
        /// As the client sent it.
        answer: NtlmAnswer,
        /// What the router asked.
        challenge: [u8; 8],
    },
    /// The last message of SCRAM-SHA-256.
    Scram {
        /// What both sides sign (RFC 5802: `AuthMessage`).
        signed: String,
        /// The client's proof.
        proof: [u8; 32],
    },
    /// A token that a router has made and knows again. What remains to be seen is whether the account still has the
    /// password of then, and may log on.
    Token {
        /// Of the password.
        generation: u64,
    },
}

/// What credentials have shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authenticated {
    /// As what they count in access lists.
    pub credential: Credential,
    /// Another number for each password that the account had: by it a token ends with the password.
    pub generation: u64,
    /// The server's own proof, where SCRAM asks for it.
    pub signature: Option<[u8; 32]>,
}

/// What is hashed with a password for SCRAM.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScramSalt {
    /// Random, of this account alone.
    pub salt: [u8; 16],
    /// Rounds of hashing.
    pub iterations: u32,
}

/// Why a connection is not a client's any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detach {
    /// The client goes on at another connection.
    Resumed,
    /// The login has ended.
    Ended,
}

/// A change, and the watchers who are told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpreadChange {
    /// The change.
    pub change: Change,
    /// Whom to tell.
    pub watchers: Vec<Principal>,
}

/// A change, and the clients that are handed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliverChange {
    /// The change.
    pub change: Change,
    /// Those that listen.
    pub clients: Vec<ClientLogin>,
    /// The connections of those that are attached: the router, which has them, knows whose they are.
    pub attached: Vec<AttachmentId>,
}

/// New properties of a presentity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Whose.
    pub presentity: Principal,
    /// The new values.
    pub properties: Vec<Property>,
    /// Grows with every change of this presentity, so that an older one is never shown after a newer.
    pub version: u64,
}

impl Change {
    /// Whether it has a value of the property that this one is a value of.
    #[must_use]
    pub fn sets(&self, property: &Property) -> bool {
        self.properties.iter().any(|own| own.name() == property.name())
    }
}

/// A client that is logged on.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ClientLogin {
    /// Who is logged on.
    pub principal: Principal,
    /// By which login.
    pub login: SubscriptionId,
    /// How the client is reached.
    pub reach: Reach,
}

/// A message on its last hop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeliverMessage {
    /// The client.
    pub login: ClientLogin,
    /// The sender.
    pub from: Identity,
    /// What the sender asked.
    pub ack: AckType,
    /// The hop to state.
    pub hop: u8,
    /// The document, as the sender wrote it.
    pub document: Bytes,
    /// By which the router knows what was taken before; none for what may come twice.
    pub id: Option<MessageId>,
    /// The same for all clients that are handed the message side by side, another one whenever it is tried
    /// again. What a client of the person took in one attempt is not handed over in another.
    pub attempt: u64,
    /// Do not hand it over, but say whether it was taken: [`Outcome::Taken`], or [`Outcome::Rejected`] if it was not
    /// by this router.
    pub probe: bool,
    /// The router's own call by which the message came, whose sender is told of success as soon as this client takes
    /// it: the router answers that call with [`Reply::Notified`] and this one with [`Answer::Told`].
    pub asked_by: Option<CallId>,
}

/// The answer to a call that was not refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is done, and there is nothing to say about it.
    Done,
    /// To [`Op::Request`].
    Reply(Reply),
    /// To [`Op::Authenticate`].
    Authenticated(Authenticated),
    /// To [`Op::ScramSalt`].
    ScramSalt(ScramSalt),
    /// To [`Op::DeliverMessage`].
    Outcome(Outcome),
    /// To the same, in place of [`Outcome::Taken`]: its sender has been told.
    Told,
    /// To [`Op::Members`].
    Members(KnownMembers),
    /// To [`Op::Load`].
    Load(HomeLoad),
    /// To [`Op::Contacts`] that reads: the list in its order.
    Contacts(Vec<Contact>),
    /// To [`Op::Watch`]: of each of the people, in the order in which they were asked for.
    Watching(Vec<WatchAnswer>),
    /// To [`Op::Explain`].
    Explained(Box<Explained>),
}

/// What became of a message on its last hop.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Outcome {
    /// The client took it.
    Taken,
    /// The client has left this conversation (500, spec 5.5).
    Left,
    /// The client answered something else.
    Rejected,
    /// The client could not be connected to, or hung up.
    Unreachable,
    /// Too much is waiting for this client already.
    Busy,
    /// The router knows another home of the client's person; nothing was handed over.
    Moved,
    /// Its time ran out before the client answered.
    Expired,
}

/// Why a call was not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// What the client may be told.
    Fault(Fault),
    /// The principal's home is another one. Nothing was done; try again with a placement of at least
    /// this epoch.
    Moved {
        /// The epoch that the refusing end knows.
        epoch: u64,
    },
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
