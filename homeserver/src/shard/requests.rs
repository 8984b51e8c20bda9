//! What a shard is asked from outside.

use super::{Shard, counted};
use crate::census::Counted;
use crate::command::{Command, RouterName, Verdict};
use crate::delivery::Telling;
use crate::shards::{Ask, ReplyTo, RequestAsk};
use membership::Slot;
use proto::{Answer, Proof, Refusal, ScramSalt};
use rvp::method::Subscribe;
use rvp::{CallBack, Fault, Method, Principal, SubscriptionId, SubscriptionKind};

impl Shard {
    pub(super) fn request(&mut self, ask: Box<RequestAsk>) {
        if !self.presentities.contains_key(&ask.target) {
            let target = ask.target.clone();
            return self.wait_for_store(target, Ask::Request(ask));
        }
        let RequestAsk {
            target,
            caller,
            router,
            login,
            method,
            span,
            asker,
            reply,
        } = *ask;
        let _entered = span.entered();
        let name = method.name();
        let before = match self.counts_before(&target, &method) {
            Ok(before) => before,
            Err(fault) => {
                self.parts.metrics.request(name, Some(fault));
                // The router may have given up.
                return drop(reply.send(Err(fault.into())));
            }
        };
        let command = Command::Request {
            router: self.router_kept(&target, &method).unwrap_or(router),
            caller,
            login,
            method: self.shared_watcher(method),
        };
        let Some((verdict, effects)) = self.apply_from(Some(before), &target, command) else {
            return;
        };
        match verdict {
            Verdict::Now(answer) => {
                self.parts.metrics.request(name, answer.as_ref().err().copied());
                self.carry_out(&target, effects, Some((reply, answer)));
            }
            Verdict::Later(delivery) | Verdict::Again(delivery) => {
                let waiting = self.senders.entry((target.clone(), delivery)).or_default();
                waiting.push((asker, reply));
                self.carry_out(&target, effects, None);
            }
            Verdict::Known(known) => {
                self.parts.metrics.request(name, None);
                self.carry_out(&target, effects, Some((reply, Ok(known))));
            }
            Verdict::Nothing => self.carry_out(&target, effects, None),
        }
    }

    /// Whoever begins to watch somebody is held for as long as that lasts, and most watch many.
    fn shared_watcher(&mut self, method: Method) -> Method {
        match method {
            Method::Subscribe(Subscribe::New {
                kind,
                call_back: CallBack::Principal(watcher),
                lifetime,
            }) => Method::Subscribe(Subscribe::New {
                kind,
                call_back: CallBack::Principal(self.principals.shared(watcher)),
                lifetime,
            }),
            other @ (Method::Subscribe(_)
            | Method::Unsubscribe(_)
            | Method::Subscriptions(_)
            | Method::Propfind(_)
            | Method::Proppatch(_)
            | Method::Notify(_)
            | Method::Acl(_)) => other,
        }
    }

    /// By which router a client is reached further on that renews its login, or logs on again, through whichever it
    /// found: what waits for it there must not be overtaken. Only when that one is gone is it the other.
    pub(super) fn router_kept(&self, principal: &Principal, method: &Method) -> Option<RouterName> {
        let Method::Subscribe(subscribe) = method else {
            return None;
        };
        let router = self.presentities.get(principal)?.router_of(subscribe)?;
        self.parts.delivery.is_linked(router).then(|| router.into())
    }

    /// What somebody counts for before a request. Who is about to come online is given a place first, if there
    /// is one: shards run side by side, and together they must not let in more people than may be online.
    fn counts_before(&self, principal: &Principal, method: &Method) -> Result<Counted, Fault> {
        let before = self.presentities.get(principal).map(|each| counted(each));
        let before = before.unwrap_or_default();
        if before.online || !is_log_on(method) {
            return Ok(before);
        }
        if !self.parts.census.keep_place(Slot::of(principal)) {
            return Err(Fault::Full);
        }
        Ok(Counted {
            online: true,
            ..before
        })
    }

    pub(super) fn call_back_lost(&mut self, principal: Principal, login: SubscriptionId) {
        if self.presentities.contains_key(&principal) {
            self.command(&principal, Command::CallBackLost(login));
        } else {
            self.wait_for_store(principal.clone(), Ask::CallBackLost { principal, login });
        }
    }

    pub(super) fn authenticate(&mut self, principal: Principal, proof: Proof, reply: ReplyTo) {
        let Some(presentity) = self.presentities.get(&principal) else {
            let target = principal.clone();
            let ask = Ask::Authenticate {
                principal,
                proof,
                reply,
            };
            return self.wait_for_store(target, ask);
        };
        let verified = crate::authenticate::verify(presentity.account(), &proof);
        self.parts.metrics.authentication(verified.is_ok());
        let answer = verified.map(Answer::Authenticated).map_err(|rejected| {
            tracing::info!(reason = %rejected, "credentials rejected");
            Refusal::Fault(Fault::Unauthenticated)
        });
        // The router may have given up.
        let _ = reply.send(answer);
    }

    pub(super) fn scram_salt(&mut self, principal: Principal, reply: ReplyTo) {
        let Some(presentity) = self.presentities.get(&principal) else {
            return self.wait_for_store(principal.clone(), Ask::ScramSalt { principal, reply });
        };
        let verifier = &presentity.account().secrets.scram;
        let (salt, iterations) = (verifier.salt, verifier.iterations);
        // The router may have given up.
        let _ = reply.send(Ok(Answer::ScramSalt(ScramSalt { salt, iterations })));
    }

    /// Whoever is attached to a router that may be gone is given up, unless that one says otherwise in time.
    pub(super) fn router_lost(&mut self, router: &RouterName) {
        let attached = self
            .presentities
            .values()
            .filter(|each| each.is_attached_to(router));
        let mut attached: Vec<Principal> = attached.map(|each| each.principal().clone()).collect();
        attached.sort_unstable();
        for principal in attached {
            self.command(&principal, Command::RouterLost(router.clone()));
        }
    }

    pub(super) fn explain(&mut self, principal: Principal, reply: ReplyTo) {
        let Some(presentity) = self.presentities.get(&principal) else {
            return self.wait_for_store(principal.clone(), Ask::Explain { principal, reply });
        };
        let explained = presentity.explain(self.parts.clock.now());
        // The operator may have given up.
        let _ = reply.send(Ok(Answer::Explained(Box::new(explained))));
    }
}

/// Whether a request is to log somebody on.
pub(crate) fn is_log_on(method: &Method) -> bool {
    let Method::Subscribe(Subscribe::New { kind, .. }) = method else {
        return false;
    };
    *kind == SubscriptionKind::Login
}

/// Tells whoever asked that it cannot be done.
pub(super) fn refuse(ask: Ask, fault: Fault) {
    let refusal = Err(Refusal::Fault(fault));
    match ask {
        // Who claims to be somebody who is not here is asked for proof, as a wrong password would be: a client
        // whose log-on is answered 404 hangs (spec 3.2).
        Ask::Request(request) if request.caller.identity.person() == Some(&request.target) => {
            drop(request.reply.send(hide_nobody(refusal)));
        }
        Ask::Request(request) => drop(request.reply.send(refusal)),
        // Somebody who is not here is told the same as somebody with a wrong password.
        Ask::Authenticate { reply, .. } | Ask::ScramSalt { reply, .. } => {
            drop(reply.send(hide_nobody(refusal)));
        }
        Ask::Contacts(asked) => drop(asked.reply.send(hide_nobody(refusal))),
        Ask::Watch(asked) => {
            let own = |(_, person): &(usize, proto::ToWatch)| {
                asked.caller.identity.person() == Some(&person.target)
            };
            let is_own = fault == Fault::NoSuchPrincipal && asked.people.iter().any(own);
            asked.refuse(if is_own { Fault::Unauthenticated } else { fault });
        }
        Ask::Explain { reply, .. } => drop(reply.send(refusal)),
        // Nobody has to be told who is not there.
        Ask::SpreadChange { tellings, .. } if fault != Fault::NoSuchPrincipal => {
            tellings.iter().for_each(Telling::fail);
        }
        Ask::SpreadChange { .. }
        | Ask::CallBackLost { .. }
        | Ask::Detached { .. }
        | Ask::RouterLost(_)
        | Ask::Accounts(_)
        | Ask::Load { .. }
        | Ask::Release { .. } => {}
    }
}

fn hide_nobody(answer: Result<Answer, Refusal>) -> Result<Answer, Refusal> {
    answer.map_err(|refusal| match refusal {
        Refusal::Fault(Fault::NoSuchPrincipal) => Refusal::Fault(Fault::Unauthenticated),
        other @ (Refusal::Fault(_) | Refusal::Moved { .. }) => other,
    })
}
