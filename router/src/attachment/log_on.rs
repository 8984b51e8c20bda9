//! Who a client is: by its password, which never travels, or by a token; and the session that begins or goes on.
//!
//! Whether a proof is right is for the home to say, which has the verifiers. Nobody is told whether there is an account
//! of a name: one that is not there is challenged like any other.

use super::requests::Asker;
use super::session::{End, LOGIN_LIFETIME, Session, put, refused, refused_for};
use super::socket::{Incoming, Transport};
use super::token::Bearer;
use super::{Attached, Attachments};
use attachment::limits::{
    AUTHENTICATE_WITHIN, FIRST_FRAME_BYTES_MAX, HEARTBEAT, NONCE_CHARS_MAX, REQUESTS_MAX, WATCH_MANY_MAX,
};
use attachment::scram::{ClientFinal, ClientFirst, ServerFinal, ServerFirst, auth_message};
use attachment::{ClientFrame, CloseCode, FrameError, Proof, ServerFrame, Welcome, Why};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use proto::{Answer, Authenticated, Op, ScramSalt};
use rvp::method::Subscribe;
use rvp::{
    CallBack, Caller, Credential, Fault, Identity, Method, Principal, Reply, SubscriptionId, SubscriptionKind,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Octets of our part of a nonce.
const NONCE_OCTETS: usize = 24;
/// Rounds of hashing that somebody without an account is asked for: those of new accounts.
const ITERATIONS_OF_NOBODY: u32 = 4_096;
/// Tries on one connection, of those that may pass.
const TRIES_MAX: u32 = 8;

/// A log-on with a password that is half done.
struct Challenged {
    principal: Option<Principal>,
    first: ClientFirst,
    challenge: ServerFirst,
}

/// Somebody who has shown who they are.
struct Known {
    principal: Principal,
    authenticated: Authenticated,
    /// The session to go on with, and the last message that the client has.
    resume: Option<(String, u64)>,
}

/// Why nobody is known yet.
enum Unknown {
    /// This is the answer, and the client says more.
    Answer(ServerFrame),
    /// This is the answer, and there is no more to say.
    Refused(ServerFrame),
}

impl Attachments {
    /// Finds out who a client is, and welcomes it. For its proofs it has so long; what homes are asked meanwhile is
    /// bounded by itself, and is not given up half done.
    pub(super) async fn log_on(&self, transport: &mut impl Transport) -> Result<Box<Session>, End> {
        let until = Instant::now() + AUTHENTICATE_WITHIN;
        let mut challenged = None;
        for _ in 0..TRIES_MAX {
            let proof = timeout_at(until, self.proof(transport)).await;
            let (request, proof) = proof.map_err(|_| End::Close(CloseCode::NotAuthenticated))??;
            self.step().await;
            let answer = match self.known(request, proof, &mut challenged).await {
                Ok(known) => match self.begin_session(request, known).await {
                    Ok((session, welcome)) => {
                        return match put(transport, &ServerFrame::Welcome(welcome)).await {
                            Ok(()) => Ok(Box::new(session)),
                            Err(end) => {
                                self.abandon(&session);
                                Err(end)
                            }
                        };
                    }
                    Err(fault) => refused_for(request, fault),
                },
                Err(Unknown::Answer(answer)) => answer,
                Err(Unknown::Refused(answer)) => {
                    put(transport, &answer).await?;
                    return Err(End::Close(CloseCode::WrongCredentials));
                }
            };
            put(transport, &answer).await?;
        }
        Err(End::Close(CloseCode::NotAuthenticated))
    }

    /// The next proof that a client shows. Nothing else may come before.
    async fn proof(&self, transport: &mut impl Transport) -> Result<(u32, Proof), End> {
        loop {
            let text = match transport.receive().await {
                Incoming::Frame(text) => text,
                Incoming::Sign => continue,
                Incoming::Bad(code) => return Err(End::Close(code)),
                Incoming::Gone => return Err(End::Gone),
            };
            if text.len() > FIRST_FRAME_BYTES_MAX {
                return Err(End::Close(CloseCode::TooLarge));
            }
            let frame = match ClientFrame::read(&text) {
                Ok(frame) => frame,
                Err(FrameError::TooLarge) => return Err(End::Close(CloseCode::TooLarge)),
                Err(FrameError::Malformed | FrameError::Field(_)) => {
                    return Err(End::Close(CloseCode::Malformed));
                }
            };
            let valid = frame.check().is_ok();
            match (frame, valid) {
                (ClientFrame::Authenticate { request, proof }, true) => return Ok((request, proof)),
                (ClientFrame::Authenticate { request, .. }, false) => {
                    put(transport, &refused(request, Why::Malformed, None)).await?;
                }
                (ClientFrame::Unknown, _) => {}
                (_, _) => return Err(End::Close(CloseCode::AuthenticateFirst)),
            }
        }
    }

    async fn known(
        &self,
        request: u32,
        proof: Proof,
        challenged: &mut Option<Challenged>,
    ) -> Result<Known, Unknown> {
        let malformed = || Unknown::Answer(refused(request, Why::Malformed, None));
        match proof {
            Proof::ScramFirst(message) => {
                let first = ClientFirst::parse(&message).ok_or_else(malformed)?;
                let begun = self.challenge(first).await;
                let begun = begun.map_err(|fault| Unknown::Answer(refused_for(request, fault)))?;
                let scram = begun.challenge.write();
                *challenged = Some(begun);
                Err(Unknown::Answer(ServerFrame::Challenge { request, scram }))
            }
            Proof::ScramFinal(message) => {
                let (Some(begun), Some(last)) = (challenged.take(), ClientFinal::parse(&message)) else {
                    return Err(malformed());
                };
                let proved = self.proved(&begun, &last).await;
                let (principal, authenticated) = proved.map_err(|fault| self.unknown(request, fault))?;
                Ok(Known {
                    principal,
                    authenticated,
                    resume: None,
                })
            }
            Proof::Token(token) => self.by_token(request, &token, None).await,
            Proof::Resume { token, session, last } => {
                self.by_token(request, &token, Some((session, last))).await
            }
        }
    }

    /// Asks what only who has the password can answer.
    async fn challenge(&self, first: ClientFirst) -> Result<Challenged, Fault> {
        let principal = self.named(&first.name);
        let salt = match &principal {
            Some(principal) => {
                let principal = principal.clone();
                let op = Op::ScramSalt {
                    principal: principal.clone(),
                };
                match self.parts().forward.ask(&principal, op).await {
                    Ok(Answer::ScramSalt(salt)) => Some(salt),
                    Ok(_) => return Err(Fault::Internal),
                    Err(Fault::Unauthenticated | Fault::NoSuchPrincipal) => None,
                    Err(fault) => return Err(fault),
                }
            }
            None => None,
        };
        let known = salt.is_some();
        let name = principal.as_ref().map_or(first.name.as_str(), Principal::as_url);
        let ScramSalt { salt, iterations } = salt.unwrap_or_else(|| ScramSalt {
            salt: self.parts().tokens.salt_of_nobody(name),
            iterations: ITERATIONS_OF_NOBODY,
        });
        let ours: [u8; NONCE_OCTETS] = rand::random();
        let nonce = format!("{}{}", first.nonce, STANDARD_NO_PAD.encode(ours));
        debug_assert!(nonce.len() <= 2 * NONCE_CHARS_MAX);
        Ok(Challenged {
            principal: principal.filter(|_| known),
            first,
            challenge: ServerFirst {
                nonce,
                salt: salt.to_vec(),
                iterations,
            },
        })
    }

    /// Whether the last message of SCRAM is the answer to ours, which the home says.
    async fn proved(
        &self,
        begun: &Challenged,
        last: &ClientFinal,
    ) -> Result<(Principal, Authenticated), Fault> {
        let ours = last.nonce == begun.challenge.nonce && last.could_bind == begun.first.could_bind;
        let (Some(principal), true) = (&begun.principal, ours) else {
            return Err(Fault::Unauthenticated);
        };
        let proof = proto::Proof::Scram {
            signed: auth_message(&begun.first, &begun.challenge, last),
            proof: last.proof,
        };
        let authenticated = self.ask_home(principal, proof).await?;
        Ok((principal.clone(), authenticated))
    }

    async fn by_token(
        &self,
        request: u32,
        token: &str,
        resume: Option<(String, u64)>,
    ) -> Result<Known, Unknown> {
        let parts = self.parts();
        let bearer = parts.tokens.read(token, parts.clock.now());
        let ours = bearer.filter(|bearer| parts.canonical.is_ours(&bearer.principal));
        let authenticated = match &ours {
            Some(Bearer {
                principal,
                generation,
            }) => {
                let generation = *generation;
                self.ask_home(principal, proto::Proof::Token { generation }).await
            }
            None => Err(Fault::Unauthenticated),
        };
        let authenticated = authenticated.map_err(|fault| self.unknown(request, fault))?;
        let principal = ours.map(|bearer| bearer.principal);
        let principal = principal.ok_or_else(|| self.unknown(request, Fault::Unauthenticated))?;
        Ok(Known {
            principal,
            authenticated,
            resume,
        })
    }

    async fn ask_home(&self, principal: &Principal, proof: proto::Proof) -> Result<Authenticated, Fault> {
        let op = Op::Authenticate {
            principal: principal.clone(),
            proof,
        };
        match self.parts().forward.ask(principal, op).await {
            Ok(Answer::Authenticated(authenticated)) => Ok(authenticated),
            Ok(_) => Err(Fault::Internal),
            Err(fault) => Err(fault),
        }
    }

    /// Wrong credentials end the connection: who guesses is to begin anew each time. What may pass does not.
    fn unknown(&self, request: u32, fault: Fault) -> Unknown {
        let answer = refused_for(request, fault);
        if fault == Fault::Unauthenticated {
            self.parts().metrics.failed_authentication();
            Unknown::Refused(answer)
        } else {
            Unknown::Answer(answer)
        }
    }

    /// The person whom a name means: an address, or the name of one in the only domain that there is.
    fn named(&self, name: &str) -> Option<Principal> {
        let parts = self.parts();
        match &parts.domains[..] {
            [only] if !name.contains('@') => Principal::new(only, name).ok(),
            _ => parts.canonical.address(name),
        }
    }

    /// Begins a session, or goes on with one that is still there.
    async fn begin_session(&self, request: u32, known: Known) -> Result<(Session, Welcome), Fault> {
        self.step().await;
        let attached = self.begin(known.principal.clone());
        match self.subscribe(&attached, &known).await {
            Ok((login, last)) => {
                self.step().await;
                // Set once, here.
                let _ = attached.login.set(login);
                Ok(self.welcome(request, known, (attached, login, last)))
            }
            Err(fault) => {
                self.end(&attached);
                Err(fault)
            }
        }
    }

    /// Asks the home for a login, or to go on with one; says which, and the last message that the client has of it.
    async fn subscribe(
        &self,
        attached: &Attached,
        known: &Known,
    ) -> Result<(SubscriptionId, Option<u64>), Fault> {
        if let Some((session, last)) = &known.resume {
            let login = session.parse().ok().and_then(SubscriptionId::new);
            let resumed = match login {
                Some(login) => self.ask_for_login(attached, known, Some(login)).await,
                None => Err(Fault::NoSuchSubscription),
            };
            match resumed {
                Ok(login) => return Ok((login, Some(*last))),
                Err(Fault::NoSuchSubscription) => {}
                Err(fault) => return Err(fault),
            }
        }
        let login = self.ask_for_login(attached, known, None).await?;
        Ok((login, None))
    }

    async fn ask_for_login(
        &self,
        attached: &Attached,
        known: &Known,
        login: Option<SubscriptionId>,
    ) -> Result<SubscriptionId, Fault> {
        let subscribe = Subscribe::New {
            kind: SubscriptionKind::Login,
            call_back: CallBack::Attachment(attached.id),
            lifetime: LOGIN_LIFETIME,
        };
        let op = Op::Request {
            target: known.principal.clone(),
            caller: caller(&known.principal, known.authenticated.credential),
            login,
            method: Box::new(Method::Subscribe(subscribe)),
        };
        match self.parts().forward.ask(&known.principal, op).await {
            Ok(Answer::Reply(Reply::Subscribed { id, .. })) => Ok(id),
            Ok(_) => Err(Fault::Internal),
            Err(fault) => Err(fault),
        }
    }

    fn welcome(
        &self,
        request: u32,
        known: Known,
        (attached, login, last): (Arc<Attached>, SubscriptionId, Option<u64>),
    ) -> (Session, Welcome) {
        let (principal, authenticated) = (attached.principal.clone(), known.authenticated);
        let signature = authenticated.signature;
        let asker = Asker {
            shared: self.clone(),
            me: principal.clone(),
            credential: authenticated.credential,
            generation: authenticated.generation,
            login,
        };
        let (token, lifetime) = asker.token();
        let welcome = Welcome {
            request,
            address: principal.address(),
            session: login.get().to_string(),
            resumed: last.is_some(),
            token,
            lifetime,
            heartbeat: seconds(HEARTBEAT),
            resume_within: seconds(self.parts().resume_within),
            requests_max: u32::try_from(REQUESTS_MAX).unwrap_or(u32::MAX),
            watch_many_max: u32::try_from(WATCH_MANY_MAX).ok(),
            scram: signature.map(|signature| ServerFinal { signature }.write()),
        };
        (Session::new(attached, asker, last.unwrap_or(0)), welcome)
    }

    /// A client that went while it was welcomed.
    fn abandon(&self, session: &Session) {
        self.end(&session.attached);
        self.tell_detached(&session.attached, session.asker.login, self.parts().resume_within);
    }
}

fn caller(person: &Principal, credential: Credential) -> Caller {
    Caller {
        identity: Identity::Person(person.clone()),
        credential,
    }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "log_on_tests.rs"]
mod tests;
