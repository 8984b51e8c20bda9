//! The closed list of what a client may be told went wrong.

use crate::{ParseError, reply};
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Response, StatusCode};

/// Why a request was refused. [`Fault::status`] is the only table from here to HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Malformed request line, header or document (400).
    BadRequest,
    /// Credentials are needed, or those given are wrong (401, with challenges).
    Unauthenticated,
    /// The caller may not do this (403).
    Forbidden,
    /// No such person here (404).
    NoSuchPrincipal,
    /// COPY and MOVE (405, spec 3.9).
    MethodNotAllowed,
    /// No such subscription on this node (412, spec 3.2).
    NoSuchSubscription,
    /// The recipient has no client that can be reached (412, spec 3.7).
    NotLoggedOn,
    /// As much as may be is kept for the recipient already, who cannot be reached (412, spec 3.7).
    KeptFull,
    /// PROPFIND without `Depth: 0` (412, spec 3.5).
    Depth,
    /// More hops than a notification may make (412, spec 3.7).
    TooManyHops,
    /// The body is larger than allowed (413).
    TooLarge,
    /// The recipient's client has left this conversation (500, spec 5.5).
    LeftConversation,
    /// Not a method of RVP (501).
    NotImplemented,
    /// A bound is reached; trying again later helps (503 with `Retry-After`).
    Busy,
    /// The person's home server cannot be reached now (503 with `Retry-After`).
    Unavailable,
    /// As many people are online here as may be; whoever is in stays in (503 with `Retry-After`).
    Full,
    /// More people log on at once than can be let in; everybody refused is given a time of their own to come
    /// back (503 with `Retry-After`).
    LogOnLater {
        /// Seconds from now.
        seconds: u16,
    },
    /// A defect on our side (500; 503 to a SUBSCRIBE, which must never see 500).
    Internal,
}

impl Fault {
    /// Every fault, for tables and tests; with an example of what one carries.
    pub const ALL: [Self; 18] = [
        Self::BadRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NoSuchPrincipal,
        Self::MethodNotAllowed,
        Self::NoSuchSubscription,
        Self::NotLoggedOn,
        Self::KeptFull,
        Self::Depth,
        Self::TooManyHops,
        Self::TooLarge,
        Self::LeftConversation,
        Self::NotImplemented,
        Self::Busy,
        Self::Unavailable,
        Self::Full,
        Self::LogOnLater { seconds: 7 },
        Self::Internal,
    ];

    /// The status code a client sees (spec 3.10).
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NoSuchPrincipal => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoSuchSubscription
            | Self::NotLoggedOn
            | Self::KeptFull
            | Self::Depth
            | Self::TooManyHops => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::LeftConversation => StatusCode::INTERNAL_SERVER_ERROR,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Busy | Self::Unavailable | Self::Full | Self::LogOnLater { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A sentence for people, without internal names.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::BadRequest => "the request is malformed",
            Self::Unauthenticated => "authentication is required",
            Self::Forbidden => "this is not permitted",
            Self::NoSuchPrincipal => "there is nobody by this name here",
            Self::MethodNotAllowed => "this method is not allowed",
            Self::NoSuchSubscription => "there is no such subscription",
            Self::NotLoggedOn => "the recipient cannot be reached",
            Self::KeptFull => {
                "the recipient cannot be reached, and no more messages are kept until the recipient returns"
            }
            Self::Depth => "Depth must be 0",
            Self::TooManyHops => "the notification made too many hops",
            Self::TooLarge => "the body is too large",
            Self::LeftConversation => "the recipient has left this conversation",
            Self::NotImplemented => "this method is not implemented",
            Self::Busy => "the server is busy, try again shortly",
            Self::Unavailable => "the service is not available right now, try again shortly",
            Self::Full => "as many people are online here as may be, try again later",
            Self::LogOnLater { .. } => "many people are logging on right now, try again when told",
            Self::Internal => "the server made an error",
        }
    }

    /// Makes the answer: a page that says the reason, and `Retry-After` where trying again helps. The
    /// challenges that a 401 must have (spec 6.1) are the caller's to add.
    #[must_use]
    pub fn write(self) -> Response<Bytes> {
        self.write_because(self.reason())
    }

    /// The same with a more exact reason, which must be text of our own and never a client's.
    #[must_use]
    pub fn write_because(self, reason: &str) -> Response<Bytes> {
        let mut headers = HeaderMap::with_capacity(5);
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        let page = format!("<html><body>{reason}</body></html>");
        reply::respond(
            self.status(),
            headers,
            HeaderValue::from_static("text/html"),
            page.into(),
        )
    }

    /// Seconds in `Retry-After` of what passes soon.
    pub const RETRY_AFTER_SECONDS: u16 = 3;
    /// Seconds in `Retry-After` where somebody has to leave first.
    pub const RETRY_FULL_SECONDS: u16 = 30;

    /// After how many seconds it may be otherwise, where trying again helps.
    #[must_use]
    pub fn retry_after(self) -> Option<u16> {
        match self {
            Self::Busy | Self::Unavailable => Some(Self::RETRY_AFTER_SECONDS),
            Self::Full => Some(Self::RETRY_FULL_SECONDS),
            Self::LogOnLater { seconds } => Some(seconds),
            Self::BadRequest
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NoSuchPrincipal
            | Self::MethodNotAllowed
            | Self::NoSuchSubscription
            | Self::NotLoggedOn
            | Self::KeptFull
            | Self::Depth
            | Self::TooManyHops
            | Self::TooLarge
            | Self::LeftConversation
            | Self::NotImplemented
            | Self::Internal => None,
        }
    }

    /// One word for logs and metric labels.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NoSuchPrincipal => "no_such_principal",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NoSuchSubscription => "no_such_subscription",
            Self::NotLoggedOn => "not_logged_on",
            Self::KeptFull => "kept_full",
            Self::Depth => "depth",
            Self::TooManyHops => "too_many_hops",
            Self::TooLarge => "too_large",
            Self::LeftConversation => "left_conversation",
            Self::NotImplemented => "not_implemented",
            Self::Busy => "busy",
            Self::Unavailable => "unavailable",
            Self::Full => "full",
            Self::LogOnLater { .. } => "log_on_later",
            Self::Internal => "internal",
        }
    }
}

impl From<&ParseError> for Fault {
    fn from(error: &ParseError) -> Self {
        match error {
            ParseError::TooLarge => Self::TooLarge,
            ParseError::Depth => Self::Depth,
            ParseError::MethodNotAllowed => Self::MethodNotAllowed,
            ParseError::NotImplemented => Self::NotImplemented,
            ParseError::TooManyHops => Self::TooManyHops,
            ParseError::UnsupportedCredentials => Self::Unauthenticated,
            ParseError::MissingHeader(_)
            | ParseError::BadHeader { .. }
            | ParseError::BadAddress(_)
            | ParseError::BadXml(_)
            | ParseError::BadElement { .. }
            | ParseError::BadResponse(_) => Self::BadRequest,
        }
    }
}
