//! What must hold for every request, whatever its octets. Called by fuzzing and by a plain test.

mod wire;

use rvp::credentials::Authorization;
use rvp::{AccessList, Method, ParseError, Request, limits, method::Acl};

/// Reads the request, and if that succeeds writes and reads it again.
///
/// # Panics
/// When what was written does not mean the same.
pub(crate) fn check(octets: &[u8]) {
    let Some((parts, body)) = wire::request(octets) else {
        return;
    };
    if let Some(value) = parts.headers.get(http::header::AUTHORIZATION) {
        // It need not come out the same: whatever the client chose, we write one spelling.
        if let Ok(authorization) = Authorization::parse(value) {
            let _ = authorization.write();
        }
    }
    let Ok(request) = Request::parse(&parts, body) else {
        return;
    };
    let (parts, body) = request.write().into_parts();
    if let Method::Acl(Acl::Change(list)) = &request.method {
        // `a:all` becomes ten rights, so this may be more than a request may carry.
        assert_eq!(AccessList::parse(&body).as_ref(), Ok(list));
        return;
    }
    let length = body.len();
    match Request::parse(&parts, body) {
        Ok(again) => assert_eq!(again, request),
        // Sections with many `&` grow when they are written.
        Err(ParseError::TooLarge) => assert!(length > limits::BODY_BYTES_MAX),
        Err(error) => panic!("{error} in what was made of {request:?}"),
    }
}
