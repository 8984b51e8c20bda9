//! The documents that clients write, as text of their own making: nothing here comes from the crate that reads
//! them at the other end.

use crate::wire::Style;
use std::fmt::Write as _;

const NAMESPACES: [(&str, &str, &str); 3] = [
    ("d", "DAV:", "D"),
    ("r", "http://schemas.microsoft.com/rvp/", "Z"),
    ("a", "http://schemas.microsoft.com/rvp/acl/", "A0"),
];

/// In what way a document is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dialect {
    /// Compact with librvp and Miranda, indented with Net-RVP.
    pub style: Style,
    /// Other prefixes than the usual, and single quotes.
    pub foreign_prefixes: bool,
}

impl Dialect {
    /// A document: `root` with its prefix, and what is in it.
    fn document(self, root: &str, content: &str) -> String {
        let quote = if self.foreign_prefixes { '\'' } else { '"' };
        let mut text = format!("<?xml version=\"1.0\"?>\n<{root}");
        for (prefix, url, _) in NAMESPACES {
            let _ = write!(text, " xmlns:{prefix}={quote}{url}{quote}");
        }
        let _ = write!(text, ">{content}</{root}>");
        if self.style == Style::NetRvp {
            text = outside_of_cdata(&text, indent).replace("d:timeout", "r:timeout");
        }
        if self.foreign_prefixes {
            text = outside_of_cdata(&text, rename);
        }
        text
    }

    /// Sets the presence state: leased for seconds with a default of offline, or flat (spec 3.6).
    #[must_use]
    pub fn state(self, state: &str, lease: Option<u32>, view: Option<u32>) -> String {
        let value = match lease {
            None => format!("<r:{state}/>"),
            Some(seconds) => format!(
                "<r:leased-value><r:value><r:{state}/></r:value><r:default-value><r:offline/></r:default-value>\
                 <d:timeout>{seconds}</d:timeout></r:leased-value>"
            ),
        };
        let view = view
            .map(|id| format!("<r:view-id>{id}</r:view-id>"))
            .unwrap_or_default();
        self.update(&format!("<r:state>{value}{view}</r:state>"))
    }

    /// Sets properties given as elements.
    #[must_use]
    pub fn update(self, properties: &str) -> String {
        self.document(
            "d:propertyupdate",
            &format!("<d:set><d:prop>{properties}</d:prop></d:set>"),
        )
    }

    /// Asks for properties: Net-RVP for all of them, the others by name (spec 3.5).
    #[must_use]
    pub fn find(self, names: &[&str]) -> String {
        if self.style == Style::NetRvp {
            return self.document("d:propfind", "<d:allprop/>");
        }
        let names: String = names.iter().map(|name| format!("<{name}/>")).collect();
        self.document("d:propfind", &format!("<d:prop>{names}</d:prop>"))
    }

    /// One access control entry, as clients change them (spec 3.8).
    #[must_use]
    pub fn entry(self, who: &str, grant: &[&str], deny: &[&str]) -> String {
        let rights = |rights: &[&str]| {
            rights
                .iter()
                .map(|right| format!("<a:{right}/>"))
                .collect::<String>()
        };
        let group = |tag: &str, rights: String| match rights.as_str() {
            "" => format!("<a:{tag}/>"),
            rights => format!("<a:{tag}>{rights}</a:{tag}>"),
        };
        let (grant, deny) = (group("grant", rights(grant)), group("deny", rights(deny)));
        self.document(
            "a:rvpacl",
            &format!(
                "<a:acl><a:inheritance>none</a:inheritance><a:ace><a:principal><a:rvp-principal>{who}\
                 </a:rvp-principal><a:credentials><a:assertion/><a:digest/><a:ntlm/></a:credentials>\
                 </a:principal>{grant}{deny}</a:ace></a:acl>"
            ),
        )
    }

    /// A message to everybody in `to`, with names for those who are described; Net-RVP describes nobody
    /// (spec 9). The entity is written as it is: see [`Entity::write`].
    #[must_use]
    pub fn message(self, from: &Contact, to: &[Contact], entity: &str) -> String {
        let contact = |contact: &Contact| {
            let described = format!("<r:description>{}</r:description>", double(&contact.name));
            let described = if self.style == Style::NetRvp {
                ""
            } else {
                &described
            };
            format!(
                "<r:contact><d:href>{}</d:href>{described}</r:contact>",
                contact.url
            )
        };
        let to: String = to.iter().map(contact).collect();
        self.document(
            "r:notification",
            &format!(
                "<r:message><r:notification-from>{}</r:notification-from><r:notification-to>{to}\
                 </r:notification-to><r:msgbody><r:mime-data><![CDATA[{entity}]]></r:mime-data></r:msgbody>\
                 </r:message>",
                contact(from)
            ),
        )
    }
}

/// Somebody in a conversation.
#[derive(Clone, Debug)]
pub struct Contact {
    /// The logical URL.
    pub url: String,
    /// The name shown.
    pub name: String,
}

/// The MIME entity of a message (spec 5.1).
#[derive(Clone, Debug)]
pub struct Entity {
    /// `Content-Type`.
    pub kind: &'static str,
    /// `TypingUser`.
    pub typing: Option<String>,
    /// `Session-Id`.
    pub session: String,
    /// What is behind the blank line.
    pub text: String,
}

impl Entity {
    /// The text of a message.
    pub const TEXT: &'static str = "text/plain; charset=UTF-8";
    /// Typing, and joining.
    pub const CONTROL: &'static str = "text/x-msmsgscontrol; charset=UTF-8";
    /// Leaving.
    pub const LEAVE: &'static str = "text/x-imleave";
    /// Inviting to an application.
    pub const INVITE: &'static str = "text/x-msmsgsinvite; charset=UTF-8";

    /// The entity with CRLF at the end of its lines, doubly encoded (spec 5.2).
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = format!("MIME-Version: 1.0\r\nContent-Type: {}\r\n", self.kind);
        if self.kind == Self::TEXT {
            text += "X-MMS-IM-Format: FN=MS%%20Shell%%20Dlg; EF=; CO=0; CS=0; PF=0\r\n";
        }
        if let Some(typing) = &self.typing {
            let _ = write!(text, "TypingUser: {typing}\r\n");
        }
        let _ = write!(text, "Session-Id: {}\r\n\r\n{}", self.session, self.text);
        if self.kind == Self::CONTROL || self.kind == Self::LEAVE {
            text += "\r\n";
        }
        double(&text)
    }
}

/// Each octet as the character of the same number.
fn double(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// Applies a change to everything that is not within a CDATA section.
fn outside_of_cdata(text: &str, change: impl Fn(&str) -> String) -> String {
    match text.split_once("<![CDATA[") {
        None => change(text),
        Some((before, rest)) => {
            let (inside, after) = rest.split_once("]]>").unwrap_or((rest, ""));
            format!(
                "{}<![CDATA[{inside}]]>{}",
                change(before),
                outside_of_cdata(after, change)
            )
        }
    }
}

/// White space between elements and around text, as Net-RVP has it.
fn indent(text: &str) -> String {
    text.replace("><", "> \n  <")
        .replace("</a:rvp-principal>", " \n </a:rvp-principal>")
}

fn rename(text: &str) -> String {
    NAMESPACES
        .iter()
        .fold(text.to_owned(), |text, (prefix, _, other)| {
            text.replace(&format!("<{prefix}:"), &format!("<{other}:"))
                .replace(&format!("</{prefix}:"), &format!("</{other}:"))
                .replace(&format!("xmlns:{prefix}="), &format!("xmlns:{other}="))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Dialect = Dialect {
        style: Style::Librvp,
        foreign_prefixes: false,
    };

    #[test]
    fn an_entity_is_doubly_encoded() {
        let entity = Entity {
            kind: Entity::TEXT,
            typing: None,
            session: "{1}".into(),
            text: "\u{fc}".into(),
        };
        assert!(entity.write().ends_with("\r\n\r\n\u{c3}\u{bc}"));
        assert!(
            entity.write().as_bytes().ends_with(&[0xc3, 0x83, 0xc2, 0xbc]),
            "as the specification shows it"
        );
    }

    #[test]
    fn a_dialect_changes_the_document_and_not_the_message_in_it() {
        let contact = Contact {
            url: "http://h/instmsg/aliases/a".into(),
            name: "A".into(),
        };
        let entity = "x><d:y r:z";
        for dialect in [
            Dialect {
                style: Style::NetRvp,
                ..PLAIN
            },
            Dialect {
                foreign_prefixes: true,
                ..PLAIN
            },
        ] {
            let text = dialect.message(&contact, std::slice::from_ref(&contact), entity);
            assert!(text.contains("<![CDATA[x><d:y r:z]]>"), "{text}");
            assert_ne!(
                text,
                PLAIN.message(&contact, std::slice::from_ref(&contact), entity)
            );
        }
    }
}
