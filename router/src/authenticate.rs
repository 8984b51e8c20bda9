//! Who is asking: the credentials of a request against `RVP-From-Principal` (spec 6.1).
//!
//! The router reads and carries; whether credentials are right is decided by the person's home, which has
//! the secrets.

use crate::config::Scheme;
use crate::connection::{Connection, Ntlm};
use crate::forward::Forward;
use crate::metrics::Metrics;
use crate::nonce::Nonces;
use http::request::Parts;
use proto::{Answer, Op, Proof};
use rvp::credentials::{
    Authorization, Carrier, DigestAnswer, NtlmAnswer, digest_challenge, ntlm_challenge, select_ntlm,
};
use rvp::{Caller, Credential, Domain, Fault, Identity, ParseError, Principal, Request};
use std::time::SystemTime;

/// Finds out who asks. Cloning copies pointers.
#[derive(Clone)]
pub(crate) struct Authenticate {
    pub(crate) forward: Forward,
    pub(crate) nonces: Nonces,
    pub(crate) schemes: Vec<Scheme>,
    pub(crate) domains: Vec<Domain>,
    pub(crate) metrics: Metrics,
}

/// Why it is not known who asks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// These challenges are to be sent.
    Challenge(Vec<String>),
    /// Something else is wrong.
    Fault(Fault),
}

impl From<Fault> for Unknown {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Authenticate {
    /// The caller of a request. Without credentials it is whoever the request says, by assertion: what
    /// that is worth is for the target's access list to say.
    pub(crate) async fn caller(
        &self,
        connection: &Connection,
        parts: &Parts,
        request: &Request,
        now: SystemTime,
    ) -> Result<Caller, Unknown> {
        let caller = match parts.headers.get(http::header::AUTHORIZATION) {
            Some(value) => {
                let authorization = Authorization::parse(value).map_err(|error| {
                    // Only who tries something else can be helped by being told what there is.
                    if error == ParseError::UnsupportedCredentials {
                        Unknown::Challenge(self.challenges(request, now))
                    } else {
                        Fault::BadRequest.into()
                    }
                })?;
                self.check(connection, parts, request, authorization, now).await?
            }
            None => match (connection.ntlm(), &request.from) {
                (Ntlm::Authenticated(person), _) => proved(person, Credential::Ntlm),
                (Ntlm::Nobody | Ntlm::Challenged(_), Some(from)) => {
                    return Ok(Caller {
                        identity: from.clone(),
                        credential: Credential::Assertion,
                    });
                }
                (Ntlm::Nobody | Ntlm::Challenged(_), None) => {
                    return Err(Unknown::Challenge(self.challenges(request, now)));
                }
            },
        };
        // Who authenticated is who asks, always.
        match &request.from {
            Some(from) if *from != caller.identity => Err(Fault::Forbidden.into()),
            Some(_) | None => Ok(caller),
        }
    }

    /// What a 401 offers: one challenge for each scheme (spec 6.1). The realm is the host of whose node is
    /// asked about, or of who asks if that is one of ours: a person's secrets are made for their own host.
    pub(crate) fn challenges(&self, request: &Request, now: SystemTime) -> Vec<String> {
        let realm = self.home_domain(request);
        offers(&self.schemes, || {
            digest_challenge(realm.as_str(), &self.nonces.make(now))
        })
    }

    async fn check(
        &self,
        connection: &Connection,
        parts: &Parts,
        request: &Request,
        authorization: Authorization,
        now: SystemTime,
    ) -> Result<Caller, Unknown> {
        let again = || Unknown::Challenge(self.challenges(request, now));
        let offered = |scheme| self.schemes.contains(&scheme).then_some(()).ok_or_else(again);
        match authorization {
            Authorization::Digest(answer) => {
                offered(Scheme::Digest)?;
                self.digest(parts, request, answer, now).await
            }
            Authorization::NtlmNegotiate(negotiate) => {
                offered(Scheme::Ntlm)?;
                let challenge: [u8; 8] = rand::random();
                connection.set_ntlm(Ntlm::Challenged(challenge));
                let domain = self.home_domain(request);
                let value = ntlm_challenge(&negotiate, challenge, domain.as_str());
                Err(Unknown::Challenge(vec![value]))
            }
            Authorization::NtlmAuthenticate { answer, carrier } => {
                offered(Scheme::Ntlm)?;
                // After a failure a client of the time begins again with a type 1 (spec 6.2).
                let refused = || match carrier {
                    Carrier::Ntlm => Unknown::Challenge(vec![NTLM.to_owned()]),
                    Carrier::Negotiate | Carrier::Spnego => again(),
                };
                self.ntlm(connection, request, answer).await?.ok_or_else(refused)
            }
            Authorization::SelectNtlm => {
                offered(Scheme::Ntlm)?;
                Err(Unknown::Challenge(vec![select_ntlm()]))
            }
        }
    }

    async fn digest(
        &self,
        parts: &Parts,
        request: &Request,
        answer: DigestAnswer,
        now: SystemTime,
    ) -> Result<Caller, Unknown> {
        let again = || Unknown::Challenge(self.challenges(request, now));
        if !self.nonces.is_good(&answer.nonce, now) || !is_of_this_request(&answer.uri, &parts.uri) {
            return Err(again());
        }
        let realm = Domain::parse(&answer.realm).map_err(|_| again())?;
        let person = self.person(&answer.username, &realm).ok_or_else(again)?;
        let proof = Proof::Digest {
            answer,
            method: parts.method.as_str().to_owned(),
        };
        let op = Op::Authenticate {
            principal: person.clone(),
            proof,
        };
        match self.forward.ask(&person, op).await {
            Ok(Answer::Authenticated(authenticated)) => Ok(proved(person, authenticated.credential)),
            Ok(_) => Err(Fault::Internal.into()),
            Err(Fault::Unauthenticated) => {
                self.metrics.failed_authentication();
                Err(again())
            }
            Err(other) => Err(other.into()),
        }
    }

    /// The caller, or nobody if the answer is not right.
    async fn ntlm(
        &self,
        connection: &Connection,
        request: &Request,
        answer: NtlmAnswer,
    ) -> Result<Option<Caller>, Fault> {
        let Ntlm::Challenged(challenge) = connection.ntlm() else {
            return Ok(None);
        };
        // A challenge is answered once, whatever comes of it.
        connection.set_ntlm(Ntlm::Nobody);
        let Some(person) = self.person(&answer.user, &self.home_domain(request)) else {
            return Ok(None);
        };
        let op = Op::Authenticate {
            principal: person.clone(),
            proof: Proof::Ntlm { answer, challenge },
        };
        match self.forward.ask(&person, op).await {
            Ok(Answer::Authenticated(authenticated)) => {
                connection.set_ntlm(Ntlm::Authenticated(person.clone()));
                Ok(Some(proved(person, authenticated.credential)))
            }
            Ok(_) => Err(Fault::Internal),
            Err(Fault::Unauthenticated) => {
                self.metrics.failed_authentication();
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// The person an account name means: `alice`, `DOMAIN\alice`, `DOMAIN/alice` or `alice@host`.
    fn person(&self, account: &str, domain: &Domain) -> Option<Principal> {
        if !self.domains.contains(domain) {
            return None;
        }
        let name = account.rsplit(['\\', '/']).next().unwrap_or(account);
        let name = name.split_once('@').map_or(name, |(name, _)| name);
        Principal::new(domain, name).ok()
    }

    /// The host of who asks, if it is one of ours; else of whose node is asked about.
    fn home_domain(&self, request: &Request) -> Domain {
        let from = request
            .from
            .as_ref()
            .and_then(Identity::person)
            .map(Principal::domain);
        from.filter(|domain| self.domains.contains(domain))
            .unwrap_or_else(|| request.target.domain())
    }
}

const NTLM: &str = "NTLM";

/// One value for each scheme, in the order that works, whatever the configured one.
///
/// librvp joins the headers into one text with blanks between. With Digest after NTLM it takes the former
/// for the latter's message, with NTLM after Digest it spoils the nonce, and before an unknown scheme it
/// gives up. It skips Negotiate and then begins with NTLM, so with both this must come first, as it did
/// from Exchange; therefore Negotiate is understood too, for those who take it.
fn offers(schemes: &[Scheme], digest: impl FnOnce() -> String) -> Vec<String> {
    match (schemes.contains(&Scheme::Ntlm), schemes.contains(&Scheme::Digest)) {
        (true, true) => vec!["Negotiate".to_owned(), NTLM.to_owned(), digest()],
        (true, false) => vec![NTLM.to_owned()],
        (false, true) => vec![digest()],
        (false, false) => Vec::new(),
    }
}

fn proved(person: Principal, credential: Credential) -> Caller {
    Caller {
        identity: Identity::Person(person),
        credential,
    }
}

/// Whether a Digest answer was made for this request: clients write the path, some the whole URL.
fn is_of_this_request(answered: &str, uri: &http::Uri) -> bool {
    let path = uri
        .path_and_query()
        .map_or_else(|| uri.path(), |path| path.as_str());
    answered == path || *uri == *answered || {
        let after_host = answered
            .strip_prefix("http://")
            .and_then(|rest| rest.find('/').map(|at| &rest[at..]));
        after_host == Some(path)
    }
}

#[cfg(test)]
#[path = "authenticate_tests.rs"]
mod tests;
