//! Notifications: messages and property changes (spec 3.7, 5).

mod call_back_request;
mod composed;

pub use call_back_request::CallBackRequest;
pub use composed::compose;

use crate::property::element;
use crate::xml::{self, Element, Writer};
use crate::{Identity, Mime, ParseError, Principal, Property, header, limits, mime};
use bytes::Bytes;

/// When the sender of a NOTIFY is answered (spec 3.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum AckType {
    /// Once the first server has accepted it.
    SingleHop,
    /// Once one final destination acknowledged.
    DeepOr,
    /// Once all final destinations acknowledged.
    DeepAnd,
}

/// A notification as it came: the octets that are relayed, and what had to be read in them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notification {
    /// The whole document, relayed byte for byte (spec 5.1).
    pub document: Bytes,
    /// What was read.
    pub content: Content,
}

/// What a notification's document holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// `r:message`.
    Message(Message),
    /// `r:propnotification`.
    PropertyChange(PropertyChange),
}

/// The parts of a message that a server reads. The text is not among them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// The sender as the document names it.
    pub from: Identity,
    /// Everybody in the conversation, as the document names them (spec 5.5). Never used for routing.
    pub to: Vec<Identity>,
    /// What kind of message it is.
    pub kind: MessageKind,
}

/// A message as it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// What a server reads of it.
    pub message: Message,
    /// What it says.
    pub mime: Mime,
    /// Whether it invites to something, a file to take or a call.
    pub is_invitation: bool,
}

/// The kind of a message, by its MIME headers (spec 5.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MessageKind {
    /// Text, an invitation, or any type we do not know.
    Text,
    /// `text/x-msmsgscontrol` with `TypingUser`.
    Typing,
    /// `text/x-msmsgscontrol` without it: open or join a conversation.
    Join,
    /// `text/x-imleave`.
    Leave,
}

/// Changed properties of a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PropertyChange {
    /// Whose properties.
    pub from: Principal,
    /// Who is told. Several in one document are possible, one is usual.
    pub to: Vec<Identity>,
    /// The new values.
    pub properties: Vec<Property>,
}

impl AckType {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::SingleHop, Self::DeepOr, Self::DeepAnd];

    /// The value of `RVP-Ack-Type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SingleHop => "SingleHop",
            Self::DeepOr => "DeepOr",
            Self::DeepAnd => "DeepAnd",
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        Self::ALL
            .into_iter()
            .find(|ack| ack.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| header::bad(&header::RVP_ACK_TYPE, "is not one that RVP knows"))
    }
}

impl Notification {
    /// Reads a document that holds exactly one message or property change.
    ///
    /// Clients loop over several, or take the first or the last of what may be there only once. What is
    /// checked here is relayed as it is, so whatever could be read in two ways is refused.
    ///
    /// # Errors
    /// [`ParseError`] when it is not well-formed, or does not say who it is from or to.
    pub fn parse(document: Bytes) -> Result<Self, ParseError> {
        if let Some(parts) = composed::read(&document) {
            let content = Content::Message(parts.message());
            return Ok(Self { document, content });
        }
        let root = xml::parse(&document, limits::XML_NODES_MAX)?;
        let one = one(&root)?;
        let content = if one.is("message") {
            Content::Message(Parts::of(one)?.message())
        } else if one.is("propnotification") {
            Content::PropertyChange(property_change(one)?)
        } else {
            return Err(ParseError::element(
                "notification",
                "is neither a message nor a property change",
            ));
        };
        Ok(Self { document, content })
    }

    /// Opens a message: what a server reads of it, its MIME entity, and whether that invites to something which only
    /// some clients can do (spec 5.6). For those that show messages.
    ///
    /// # Errors
    /// [`ParseError`] when it is not well-formed, or no message.
    pub fn open(document: &[u8]) -> Result<Opened, ParseError> {
        if let Some(parts) = composed::read(document) {
            return parts.open();
        }
        let root = xml::parse(document, limits::XML_NODES_MAX)?;
        let element = one(&root)?;
        if !element.is("message") {
            return Err(ParseError::element("notification", "is no message"));
        }
        Parts::of(element)?.open()
    }

    /// The MIME entity of a message.
    ///
    /// # Errors
    /// [`ParseError`] when this is a property change.
    pub fn mime(&self) -> Result<Mime, ParseError> {
        let root = xml::parse(&self.document, limits::XML_NODES_MAX)?;
        Mime::parse(mime_data(one(&root)?)?)
    }
}

/// The parts of a message's document.
struct Parts<'a> {
    from: Identity,
    to: Vec<Identity>,
    /// The text of `r:mime-data`.
    data: &'a str,
}

impl<'a> Parts<'a> {
    fn of(element: &'a Element<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            from: from(element)?,
            to: to(element)?,
            data: mime_data(element)?,
        })
    }

    fn message(self) -> Message {
        let kind = mime::Types::of(self.data).kind();
        self.message_of(kind)
    }

    fn message_of(self, kind: MessageKind) -> Message {
        let Self { from, to, data: _ } = self;
        Message { from, to, kind }
    }

    fn open(self) -> Result<Opened, ParseError> {
        let (mime, of) = Mime::open(self.data)?;
        Ok(Opened {
            message: self.message_of(of.kind()),
            mime,
            is_invitation: of.is_invitation(),
        })
    }
}

impl Content {
    /// When to answer if the request does not say (spec 3.7).
    #[must_use]
    pub fn default_ack(&self) -> AckType {
        match self {
            Self::Message(_) => AckType::DeepOr,
            Self::PropertyChange(_) => AckType::SingleHop,
        }
    }
}

impl PropertyChange {
    /// Makes the document, with flat state and nobody invisible (spec 3.7).
    #[must_use]
    pub fn write(&self) -> Bytes {
        Writer::document("r:notification", |writer| {
            writer.within("r:propnotification", |writer| {
                writer.within("r:notification-from", |writer| {
                    contact(writer, self.from.as_url(), "")
                });
                writer.within("r:notification-to", |writer| {
                    self.to.iter().for_each(|to| contact(writer, &to.to_string(), ""));
                });
                writer.within("d:propertyupdate", |writer| {
                    writer.within("d:set", |writer| {
                        writer.within("d:prop", |writer| {
                            self.properties
                                .iter()
                                .for_each(|property| element::write(writer, property));
                        });
                    });
                });
            });
        })
    }
}

/// What stands before, between and after the two texts of a contact, as we write it.
const CONTACT: [&str; 3] = [
    "<r:contact><d:href>",
    "</d:href><r:description>",
    "</r:description></r:contact>",
];

fn contact(writer: &mut Writer, href: &str, description: &str) {
    let [before, between, after] = CONTACT;
    writer.tags(before);
    writer.escaped(href);
    writer.tags(between);
    writer.escaped(description);
    writer.tags(after);
}

/// The only thing in a notification.
fn one<'e, 'a>(root: &'e Element<'a>) -> Result<&'e Element<'a>, ParseError> {
    match &root.children[..] {
        [one] if root.is("notification") => Ok(one),
        _ if !root.is("notification") => Err(ParseError::element("notification", "is missing")),
        _ => Err(ParseError::element(
            "notification",
            "must hold exactly one message or property change",
        )),
    }
}

fn mime_data<'e>(message: &'e Element<'_>) -> Result<&'e str, ParseError> {
    Ok(&message.expect("msgbody")?.expect("mime-data")?.text)
}

fn property_change(element: &Element<'_>) -> Result<PropertyChange, ParseError> {
    let Identity::Person(from) = from(element)? else {
        return Err(ParseError::element("notification-from", "is not a person"));
    };
    // All three names are about; some clients take more than one of them (spec 3.1, 3.7).
    let names = ["propertyupdate", "propupdate", "propstat"];
    let mut updates = element
        .children
        .iter()
        .filter(|child| names.contains(&child.local));
    let update = match (updates.next(), updates.next()) {
        (Some(update), None) if update.is(update.local) => update,
        (Some(_), Some(_)) => return Err(ParseError::element("propertyupdate", "is given more than once")),
        (Some(_) | None, None) | (None, Some(_)) => {
            return Err(ParseError::element("propertyupdate", "is missing"));
        }
    };
    let mut properties = Vec::new();
    for one in element::elements(update.expect("set")?.expect("prop")?)? {
        properties.extend(element::value(one)?);
    }
    Ok(PropertyChange {
        from,
        to: to(element)?,
        properties,
    })
}

fn from(element: &Element<'_>) -> Result<Identity, ParseError> {
    Identity::parse(
        &element
            .expect("notification-from")?
            .expect("contact")?
            .expect("href")?
            .text,
    )
}

fn to(element: &Element<'_>) -> Result<Vec<Identity>, ParseError> {
    let mut all = Vec::new();
    for contact in element.all("notification-to").flat_map(|to| to.all("contact")) {
        if all.len() >= limits::CONTACTS_MAX {
            return Err(ParseError::element("notification-to", "has too many contacts"));
        }
        all.push(Identity::parse(&contact.expect("href")?.text)?);
    }
    if all.is_empty() {
        Err(ParseError::element("notification-to", "is missing or empty"))
    } else {
        Ok(all)
    }
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;
