//! What must hold for every frame, whatever its octets. Called by fuzzing and by a plain test.

use attachment::{ClientFrame, ServerFrame, limits};

/// Reads the octets as a frame of either side, and what can be read it writes and reads again. Says whether they were
/// one.
///
/// # Panics
/// When what was written does not mean the same, or a check or a debug output does not hold for it.
pub(crate) fn check(octets: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(octets) else {
        return false;
    };
    let (client, server) = (ClientFrame::read(text), ServerFrame::read(text));
    let any = client.is_ok() || server.is_ok();
    if let Ok(frame) = client {
        let _ = format!("{frame:?}");
        let written = frame.write();
        let again = ClientFrame::read(&written);
        if frame.check().is_ok() {
            // What is valid has no character that JSON writes longer than a client may.
            assert!(written.len() <= limits::CLIENT_FRAME_BYTES_MAX, "{written}");
        }
        if written.len() <= limits::CLIENT_FRAME_BYTES_MAX {
            assert_eq!(again.as_ref().map(ClientFrame::check), Ok(frame.check()));
            assert_eq!(again, Ok(frame));
        }
    }
    if let Ok(frame) = server {
        let _ = format!("{frame:?}");
        let written = frame.write();
        if written.len() <= limits::SERVER_FRAME_BYTES_MAX {
            assert_eq!(ServerFrame::read(&written), Ok(frame));
        }
    }
    any
}
