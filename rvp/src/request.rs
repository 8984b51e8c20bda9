//! A request as a value, and its form on the wire.

use crate::method::{Acl, Notify, Propfind, Proppatch, Subscribe, Subscriptions, Unsubscribe};
use crate::{Domain, Identity, Method, ParseError, Principal, header, limits};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::request::Parts;

/// A request of RVP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Whose node it is about.
    pub target: Principal,
    /// `RVP-From-Principal`; may be missing on a retry that carries credentials (spec 3.1).
    pub from: Option<Identity>,
    /// What is asked.
    pub method: Method,
}

impl Request {
    /// Reads a request with its whole body.
    ///
    /// The target's host is that of the request line if it has one, and otherwise `Host`. Old clients
    /// leave the port out there even if it is not 80 (spec 3.1); [`Principal::without_port`] is for that.
    ///
    /// # Errors
    /// [`ParseError`], from which [`crate::Fault`] makes what the client is told.
    pub fn parse(parts: &Parts, body: Bytes) -> Result<Self, ParseError> {
        let verb = Verb::of(&parts.method)?;
        if body.len() > limits::BODY_BYTES_MAX {
            return Err(ParseError::TooLarge);
        }
        let headers = &parts.headers;
        let host = match parts.uri.authority() {
            Some(authority) => authority.as_str(),
            None => header::required(headers, &HOST)?,
        };
        let target = Principal::from_path(&Domain::parse(host)?, parts.uri.path())?;
        let from = header::optional(headers, &header::RVP_FROM_PRINCIPAL)?
            .map(Identity::parse)
            .transpose();
        let from = from.map_err(|_| header::bad(&header::RVP_FROM_PRINCIPAL, "names no person or server"))?;
        let method = match verb {
            Verb::Subscribe => Method::Subscribe(Subscribe::parse(headers)?),
            Verb::Unsubscribe => Method::Unsubscribe(Unsubscribe::parse(headers)?),
            Verb::Subscriptions => Method::Subscriptions(Subscriptions::parse(headers)?),
            Verb::Propfind => Method::Propfind(Propfind::parse(headers, &body)?),
            Verb::Proppatch => Method::Proppatch(Proppatch::parse(&body)?),
            Verb::Notify => Method::Notify(Notify::parse(headers, body)?),
            Verb::Acl => Method::Acl(Acl::parse(&body)?),
        };
        Ok(Self { target, from, method })
    }

    /// Makes the request, addressed to the target's logical URL.
    #[must_use]
    pub fn write(&self) -> http::Request<Bytes> {
        let mut headers = HeaderMap::with_capacity(10);
        headers.insert(HOST, header::value(self.target.domain_str()));
        if let Some(from) = &self.from {
            headers.insert(header::RVP_FROM_PRINCIPAL, header::value(&from.to_string()));
        }
        let body = match &self.method {
            Method::Subscribe(subscribe) => {
                subscribe.write(&mut headers);
                Bytes::new()
            }
            Method::Unsubscribe(unsubscribe) => {
                unsubscribe.write(&mut headers);
                Bytes::new()
            }
            Method::Subscriptions(subscriptions) => {
                subscriptions.write(&mut headers);
                Bytes::new()
            }
            Method::Propfind(propfind) => propfind.write(&mut headers),
            Method::Proppatch(proppatch) => proppatch.write(),
            Method::Notify(notify) => notify.write(&mut headers),
            Method::Acl(acl) => acl.write(),
        };
        compose(self.method.name(), self.target.path(), headers, body)
    }
}

/// A method before its headers and body are read.
enum Verb {
    Subscribe,
    Unsubscribe,
    Subscriptions,
    Propfind,
    Proppatch,
    Notify,
    Acl,
}

impl Verb {
    /// The method of that name, or why there is none (spec 3.9).
    fn of(name: &http::Method) -> Result<Self, ParseError> {
        Ok(match name.as_str() {
            "SUBSCRIBE" => Self::Subscribe,
            "UNSUBSCRIBE" => Self::Unsubscribe,
            "SUBSCRIPTIONS" => Self::Subscriptions,
            "PROPFIND" => Self::Propfind,
            "PROPPATCH" => Self::Proppatch,
            "NOTIFY" => Self::Notify,
            "ACL" => Self::Acl,
            "COPY" | "MOVE" => return Err(ParseError::MethodNotAllowed),
            _ => return Err(ParseError::NotImplemented),
        })
    }
}

/// Puts a request together, with what every one of them has (spec 3.1).
pub(crate) fn compose(
    method: &'static str,
    path: &str,
    mut headers: HeaderMap,
    body: Bytes,
) -> http::Request<Bytes> {
    headers.insert(header::RVP_NOTIFICATIONS_VERSION, header::VERSION);
    headers.insert(CONTENT_LENGTH, body.len().into());
    if !body.is_empty() {
        headers.insert(CONTENT_TYPE, header::TEXT_XML);
    }
    let mut request = http::Request::new(body);
    *request.method_mut() = http::Method::from_bytes(method.as_bytes()).expect("our methods are tokens");
    *request.uri_mut() = path.parse().expect("paths were checked when they were read");
    *request.headers_mut() = headers;
    request
}

#[cfg(test)]
#[path = "request_tests.rs"]
pub(crate) mod tests;
