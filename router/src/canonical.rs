//! One spelling for each of our people: a port in a URL of one of our own hosts is where we happen to
//! listen, not part of who somebody is.

use rvp::access::{AccessList, Who};
use rvp::method::{Acl, Subscribe};
use rvp::notification::Content;
use rvp::{CallBack, Domain, Identity, Method, Principal, Request};

/// The hosts that are ours.
#[derive(Clone)]
pub(crate) struct Canonical {
    pub(crate) domains: Vec<Domain>,
}

impl Canonical {
    /// Whether a person is one of ours.
    pub(crate) fn is_ours(&self, person: &Principal) -> bool {
        self.domains
            .iter()
            .any(|domain| domain.as_str() == person.domain_str())
    }

    /// Spells everybody in a request canonically. Documents that are relayed stay as they are.
    pub(crate) fn request(&self, request: Request) -> Request {
        let Request { target, from, method } = request;
        Request {
            target: self.person(&target),
            from: from.map(|from| self.identity(from)),
            method: self.method(method),
        }
    }

    fn method(&self, method: Method) -> Method {
        match method {
            Method::Subscribe(Subscribe::New {
                kind,
                call_back: CallBack::Principal(watcher),
                lifetime,
            }) => {
                let call_back = CallBack::Principal(self.person(&watcher));
                Method::Subscribe(Subscribe::New {
                    kind,
                    call_back,
                    lifetime,
                })
            }
            Method::Notify(mut notify) => {
                if let Content::Message(message) = &mut notify.notification.content {
                    message.from = self.identity(message.from.clone());
                }
                Method::Notify(notify)
            }
            Method::Acl(Acl::Change(list)) => Method::Acl(Acl::Change(self.access(list))),
            other @ (Method::Subscribe(_)
            | Method::Unsubscribe(_)
            | Method::Subscriptions(_)
            | Method::Propfind(_)
            | Method::Proppatch(_)
            | Method::Acl(Acl::Read)) => other,
        }
    }

    fn access(&self, list: AccessList) -> AccessList {
        let entries = list.entries.into_iter().map(|mut entry| {
            entry.who = match entry.who {
                Who::One(identity) => Who::One(self.identity(identity)),
                Who::All => Who::All,
            };
            entry
        });
        AccessList {
            entries: entries.collect(),
        }
    }

    fn identity(&self, identity: Identity) -> Identity {
        match identity {
            Identity::Person(person) => Identity::Person(self.person(&person)),
            Identity::Server(domain) => Identity::Server(domain),
        }
    }

    /// The person whom people write so, if there may be one of ours.
    pub(crate) fn address(&self, address: &str) -> Option<Principal> {
        self.anybody(address).filter(|person| self.is_ours(person))
    }

    /// The person whom people write so, ours or not.
    pub(crate) fn anybody(&self, address: &str) -> Option<Principal> {
        Some(self.person(&Principal::from_address(address).ok()?))
    }

    fn person(&self, person: &Principal) -> Principal {
        let without = person.without_port();
        if self.is_ours(&without) {
            without
        } else {
            person.clone()
        }
    }
}
