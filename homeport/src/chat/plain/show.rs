//! What a script reads: the same events as lines of words and as lines of JSON.

use super::command::escaped;
use crate::chat::session::{Ask, Event};
use attachment::{Contact, Kind, Receipt, State, Why};
use serde::Serialize;

/// A line for a script.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Shown {
    Online {
        address: String,
        resumed: bool,
    },
    Lost {
        reason: String,
        again_in_ms: u64,
    },
    Closed {
        code: u16,
        reason: String,
    },
    Presence {
        who: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<State>,
        #[serde(skip_serializing_if = "Option::is_none")]
        display_name: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        email: Option<String>,
    },
    Sent {
        id: String,
        to: String,
    },
    Message {
        from: String,
        text: String,
        id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        conversation: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        participants: Vec<String>,
    },
    Joined {
        from: String,
    },
    Left {
        from: String,
    },
    Typing {
        from: String,
    },
    Receipt {
        id: String,
        to: String,
        result: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u32>,
    },
    Contact {
        who: String,
        name: String,
        group: String,
    },
    Removed {
        who: String,
    },
    Blocked {
        who: String,
    },
    Watcher {
        who: String,
    },
    Done {
        command: String,
    },
    Refused {
        command: String,
        why: Why,
    },
}

impl Shown {
    pub(super) fn contact(contact: Contact) -> Self {
        let Contact { who, name, group } = contact;
        Self::Contact { who, name, group }
    }

    /// An event that is one line.
    pub(super) fn event(event: Event) -> Option<Self> {
        let shown = match event {
            Event::Online { address, resumed } => Self::Online { address, resumed },
            Event::Lost { reason, again_in } => Self::Lost {
                reason,
                again_in_ms: u64::try_from(again_in.as_millis()).unwrap_or(u64::MAX),
            },
            Event::Closed { code, reason } => Self::Closed { code, reason },
            Event::Presence(presence) => Self::Presence {
                who: presence.who,
                state: presence.state,
                display_name: presence.display_name,
                email: presence.email,
            },
            Event::Message(message) => match message.kind {
                Kind::Text => Self::Message {
                    from: message.from,
                    text: message.text,
                    id: message.id,
                    conversation: message.conversation,
                    participants: message.participants,
                },
                Kind::Join => Self::Joined { from: message.from },
                Kind::Leave => Self::Left { from: message.from },
                Kind::Other => return None,
            },
            Event::Typing { from } => Self::Typing { from },
            Event::Receipt { id, to, result } => {
                let (result, why, retry_after) = match result {
                    Receipt::Delivered => ("delivered", None, None),
                    Receipt::Stored => ("stored", None, None),
                    Receipt::Refused { why, retry_after } => ("refused", Some(why), retry_after),
                };
                Self::Receipt {
                    id,
                    to,
                    result,
                    why,
                    retry_after,
                }
            }
            Event::ContactPut(contact) => Self::contact(contact),
            Event::ContactRemoved(who) => Self::Removed { who },
            Event::Done(ask) => Self::Done {
                command: command(&ask),
            },
            Event::Refused { ask, why } => Self::Refused {
                command: command(&ask),
                why,
            },
            Event::Contacts(_) | Event::Blocked(_) | Event::Watchers(_) => return None,
        };
        Some(shown)
    }

    /// As words. There are none for a change of what only JSON tells.
    pub(super) fn line(&self) -> Option<String> {
        let line = match self {
            Self::Online { .. } => "online".to_owned(),
            Self::Lost { reason, .. } => format!("lost {}", escaped(reason)),
            Self::Closed { code, reason } => format!("closed {code} {}", escaped(reason)),
            Self::Presence { who, state, .. } => match state {
                Some(state) => format!("presence {} {}", escaped(who), state.name()),
                None => return None,
            },
            Self::Sent { id, to } => format!("sent {id} {to}"),
            Self::Message { from, text, .. } => format!("message {} {}", escaped(from), escaped(text)),
            Self::Joined { from } => format!("joined {}", escaped(from)),
            Self::Left { from } => format!("left {}", escaped(from)),
            Self::Typing { from } => format!("typing {}", escaped(from)),
            Self::Receipt { id, result, why, .. } => match why {
                Some(why) => format!("receipt {id} {result} {}", word(*why)),
                None => format!("receipt {id} {result}"),
            },
            Self::Contact { who, name, .. } => format!("contact {} {}", escaped(who), escaped(name))
                .trim_end()
                .to_owned(),
            Self::Removed { who } => format!("removed {}", escaped(who)),
            Self::Blocked { who } => format!("blocked {}", escaped(who)),
            Self::Watcher { who } => format!("watcher {}", escaped(who)),
            Self::Done { command } => format!("done {command}"),
            Self::Refused { command, why } => format!("refused {} {command}", word(*why)),
        };
        Some(line)
    }
}

/// The reason as one word, as frames write it.
fn word(why: Why) -> String {
    match serde_json::to_value(why) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => "unknown".to_owned(),
    }
}

/// What was asked, as its command is written.
fn command(ask: &Ask) -> String {
    match ask {
        Ask::State(state) => format!("state {}", state.name()),
        Ask::Watch(who) => format!("watch {who}"),
        Ask::Unwatch(who) => format!("unwatch {who}"),
        Ask::Contacts => "contacts".to_owned(),
        Ask::PutContact(contact) => format!("add {}", contact.who),
        Ask::RemoveContact(who) => format!("remove {who}"),
        Ask::Block(who) => format!("block {who}"),
        Ask::Unblock(who) => format!("unblock {who}"),
        Ask::Blocked => "blocked".to_owned(),
        Ask::Watchers => "watchers".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use attachment::{Presence, Received};

    fn both(event: Event) -> (String, String) {
        let shown = Shown::event(event).unwrap();
        (
            shown.line().unwrap_or_default(),
            serde_json::to_string(&shown).unwrap(),
        )
    }

    #[test]
    fn an_event_is_one_line_of_words_or_of_json() {
        let message = Received {
            from: "bob@x.example".to_owned(),
            text: "one\ntwo\u{1b}".to_owned(),
            id: "7".to_owned(),
            ..Received::default()
        };
        let (line, json) = both(Event::Message(message));
        assert_eq!(line, r"message bob@x.example one\ntwo\u{1b}");
        assert_eq!(
            json,
            r#"{"event":"message","from":"bob@x.example","text":"one\ntwo\u001b","id":"7"}"#
        );
        let (line, json) = both(Event::Receipt {
            id: "7".to_owned(),
            to: "bob@x.example".to_owned(),
            result: Receipt::Refused {
                why: Why::NobodyThere,
                retry_after: None,
            },
        });
        assert_eq!(line, "receipt 7 refused nobody-there");
        assert_eq!(
            json,
            r#"{"event":"receipt","id":"7","to":"bob@x.example","result":"refused","why":"nobody-there"}"#
        );
        let (line, json) = both(Event::Presence(Presence {
            who: "bob@x.example".to_owned(),
            state: Some(State::Unknown),
            display_name: Some("Bob\nBaker".to_owned()),
            email: None,
        }));
        assert_eq!(line, "presence bob@x.example unknown");
        assert_eq!(
            json,
            r#"{"event":"presence","who":"bob@x.example","state":"unknown","display_name":"Bob\nBaker"}"#
        );
        let (line, json) = both(Event::Presence(Presence {
            who: "bob@x.example".to_owned(),
            state: None,
            display_name: Some("Bob".to_owned()),
            email: None,
        }));
        assert_eq!(line, "");
        assert_eq!(
            json,
            r#"{"event":"presence","who":"bob@x.example","display_name":"Bob"}"#
        );
        let (line, _) = both(Event::Closed {
            code: 4007,
            reason: "the session goes on at another connection".to_owned(),
        });
        assert_eq!(line, "closed 4007 the session goes on at another connection");
        let (line, _) = both(Event::Refused {
            ask: Ask::Watch("bob@x.example".to_owned()),
            why: Why::Busy,
        });
        assert_eq!(line, "refused busy watch bob@x.example");
    }
}
