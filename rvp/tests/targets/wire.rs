//! Requests as text, the way they are kept in `fixtures/` and mutated by fuzzing.

use bytes::Bytes;
use http::request::Parts;

/// The request in `octets`: head, empty line, body. Lines may end in a bare line feed. None if an HTTP
/// server would not get as far as calling us.
pub(crate) fn request(octets: &[u8]) -> Option<(Parts, Bytes)> {
    let end_of = |mark: &[u8]| {
        octets
            .windows(mark.len())
            .position(|octets| octets == mark)
            .map(|at| (at, mark.len()))
    };
    let (at, length) = [end_of(b"\r\n\r\n"), end_of(b"\n\n")]
        .into_iter()
        .flatten()
        .min()?;
    let head = std::str::from_utf8(&octets[..at]).ok()?;
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let mut builder = http::Request::builder().method(words.next()?).uri(words.next()?);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        builder = builder.header(name, value.trim());
    }
    let (parts, ()) = builder.body(()).ok()?.into_parts();
    Some((parts, Bytes::copy_from_slice(&octets[at + length..])))
}
