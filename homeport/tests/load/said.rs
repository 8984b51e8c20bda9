//! What `homeport` said before it ended.

use std::process::Output;

pub(crate) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// It failed with this code, and says this.
pub(crate) fn failed(output: &Output, code: i32, parts: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    for part in parts {
        assert!(said.contains(part), "{part:?} is missing in {said}");
    }
}
