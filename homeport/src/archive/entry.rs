//! An entry as it is written out.

use rvp::notification::{Content, MessageKind, Notification};
use serde::Serialize;
use store::Archived;

/// An entry, on a line of its own.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    domain: String,
    number: u64,
    /// When it was accepted, RFC 3339 in UTC.
    at: String,
    id: String,
    from: String,
    to: String,
    /// `text`, `join`, `leave`; none where the document cannot be read.
    kind: Option<&'static str>,
    /// What was said; none where there is none, or the document cannot be read.
    text: Option<String>,
    /// The notification as it came.
    document: String,
    hash: String,
}

impl Entry {
    pub(super) fn of(archived: &Archived) -> Self {
        let entry = &archived.entry;
        let notification = Notification::parse(entry.document.clone()).ok();
        let kind = notification.as_ref().and_then(|read| kind(&read.content));
        let text = notification
            .filter(|_| kind == Some(MessageKind::Text))
            .and_then(|read| read.mime().ok())
            .map(|mime| mime.text);
        Self {
            domain: entry.domain.to_string(),
            number: archived.number,
            at: humantime::format_rfc3339_millis(entry.at).to_string(),
            id: entry.id.to_string(),
            from: entry.from.to_string(),
            to: entry.to.as_url().to_owned(),
            kind: kind.map(word),
            text,
            document: String::from_utf8_lossy(&entry.document).into_owned(),
            hash: archived.hash.to_string(),
        }
    }
}

fn kind(content: &Content) -> Option<MessageKind> {
    match content {
        Content::Message(message) => Some(message.kind),
        Content::PropertyChange(_) => None,
    }
}

fn word(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "text",
        MessageKind::Typing => "typing",
        MessageKind::Join => "join",
        MessageKind::Leave => "leave",
    }
}
