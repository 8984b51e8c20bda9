//! What can be wrong with octets from outside.

/// Why a request, response or document cannot be read. Never contains a body's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// A header that the method needs is missing.
    #[error("header {0} is missing")]
    MissingHeader(&'static str),
    /// A header's value cannot be read.
    #[error("header {header} {reason}")]
    BadHeader {
        /// The header's usual spelling.
        header: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `Authorization` has a scheme or mechanism other than Digest and NTLM. Nothing is wrong with the
    /// request: it should be answered with the challenges (spec 6.1).
    #[error("header Authorization has credentials other than Digest and NTLM")]
    UnsupportedCredentials,
    /// The request's target is not the address of a principal.
    #[error("address {0}")]
    BadAddress(&'static str),
    /// The body is not well-formed XML within the limits.
    #[error("body is not acceptable XML: {0}")]
    BadXml(&'static str),
    /// The document lacks an element or holds it in the wrong place.
    #[error("element {element} {reason}")]
    BadElement {
        /// The element's local name.
        element: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The body is larger than [`crate::limits::BODY_BYTES_MAX`].
    #[error("body is too large")]
    TooLarge,
    /// PROPFIND without `Depth: 0` (spec 3.5), which has a status of its own.
    #[error("Depth must be 0")]
    Depth,
    /// The method is one that RVP names and forbids (spec 3.9).
    #[error("method is not allowed")]
    MethodNotAllowed,
    /// The method is not one of RVP's seven (spec 3.9).
    #[error("method is not implemented")]
    NotImplemented,
    /// `RVP-Hop-Count` beyond [`crate::limits::HOPS_MAX`].
    #[error("too many hops")]
    TooManyHops,
    /// The response of a server or client does not have the form the method asks for.
    #[error("response {0}")]
    BadResponse(&'static str),
}

impl ParseError {
    /// What is wrong with an element.
    pub(crate) const fn element(element: &'static str, reason: &'static str) -> Self {
        Self::BadElement { element, reason }
    }
}
