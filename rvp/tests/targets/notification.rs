//! What must hold for every notification, whatever its octets. Called by fuzzing and by a plain test.

use bytes::Bytes;
use rvp::Mime;
use rvp::notification::{Content, Notification};

/// Reads the document, or the body of a whole request as the fixtures are, and if that succeeds writes and reads what can be written of it.
///
/// # Panics
/// When what was written does not mean the same.
pub(crate) fn check(octets: &[u8]) {
    let head = octets.windows(4).position(|octets| octets == b"\r\n\r\n");
    let octets = match head {
        Some(end) if octets.starts_with(b"NOTIFY") => &octets[end + 4..],
        Some(_) | None => octets,
    };
    let Ok(notification) = Notification::parse(Bytes::copy_from_slice(octets)) else {
        return;
    };
    assert_eq!(notification.document, octets);
    match &notification.content {
        Content::PropertyChange(change) => {
            let again = Notification::parse(change.write()).map(|again| again.content);
            assert_eq!(again.as_ref(), Ok(&notification.content));
        }
        Content::Message(message) => {
            let Ok(mime) = notification.mime() else {
                return;
            };
            assert_eq!(mime.kind, message.kind);
            // Outer white space and headers that do not belong to the kind are lost once, not twice.
            let once = Mime::parse(&mime.write()).unwrap_or(mime);
            if let Ok(twice) = Mime::parse(&once.write()) {
                assert_eq!(twice, once);
            }
        }
    }
}
