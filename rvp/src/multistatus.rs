//! `d:multistatus`: the shape of the answers that tell properties (spec 3.2, 3.5, 3.6).

use crate::reply::reason_phrase;
use crate::xml::{Element, Writer};
use crate::{ParseError, Principal};
use bytes::Bytes;
use http::StatusCode;

/// Writes a multistatus about one person; `propstats` adds the groups with [`propstat`].
pub(crate) fn document(principal: &Principal, propstats: impl FnOnce(&mut Writer)) -> Bytes {
    Writer::document("d:multistatus", |writer| {
        writer.within("d:response", |writer| {
            writer.text("d:href", principal.as_url());
            propstats(writer);
        });
    })
}

/// Writes the properties that share a status; `properties` adds their elements.
pub(crate) fn propstat(writer: &mut Writer, status: StatusCode, properties: impl FnOnce(&mut Writer)) {
    writer.within("d:propstat", |writer| {
        writer.within("d:prop", properties);
        writer.text(
            "d:status",
            &format!("HTTP/1.1 {} {}", status.as_u16(), reason_phrase(status)),
        );
    });
}

/// What a multistatus holds: whose properties, and each `prop` with its status.
pub(crate) struct Multistatus<'e, 'a> {
    pub(crate) principal: Principal,
    pub(crate) propstats: Vec<(StatusCode, &'e Element<'a>)>,
}

/// Reads a multistatus about one person.
pub(crate) fn read<'e, 'a>(root: &'e Element<'a>) -> Result<Multistatus<'e, 'a>, ParseError> {
    if !root.is("multistatus") {
        return Err(ParseError::element("multistatus", "is missing"));
    }
    let response = root.expect("response")?;
    let principal = Principal::from_url(&response.expect("href")?.text)?;
    let propstats = response.all("propstat").map(|propstat| {
        let status = propstat.expect("status")?;
        Ok((status_of(&status.text)?, propstat.expect("prop")?))
    });
    Ok(Multistatus {
        principal,
        propstats: propstats.collect::<Result<_, ParseError>>()?,
    })
}

/// The number in `HTTP/1.1 200 Successful`; clients read nothing else of it (spec 3.1).
fn status_of(line: &str) -> Result<StatusCode, ParseError> {
    let number = line
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|word| word.parse().ok());
    number.ok_or(ParseError::element("status", "has no status code"))
}
