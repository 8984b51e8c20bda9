//! What the screen shows, and what becomes of it when something happens.

use super::overlay::Overlay;
use super::people::{By, Fate, People, Person};
use super::text::clean_line;
use crate::chat::session::{Ask, Event, Session, Unsendable};
use attachment::{Kind, Received, State, Why};
use std::time::Duration;

/// How the connection is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Link {
    Connecting,
    Online,
    /// Lost, and made again by itself.
    Lost(String),
    Closed(String),
}

/// Everything on the screen.
pub(super) struct Model {
    pub(super) me: String,
    pub(super) state: State,
    pub(super) link: Link,
    pub(super) people: People,
    pub(super) overlay: Overlay,
    /// One line about what happened last.
    pub(super) note: Option<String>,
    /// Leaving was asked for.
    pub(super) leaving: bool,
    /// The server keeps the contact list.
    pub(super) list_is_kept: bool,
    /// When somebody was told last that the person is typing, and who.
    pub(super) typed: Option<(String, Duration)>,
    /// The time as of the last change.
    pub(super) now: Duration,
}

impl Model {
    pub(super) fn new(me: &str) -> Self {
        Self {
            me: me.to_owned(),
            state: State::Online,
            link: Link::Connecting,
            people: People::default(),
            overlay: Overlay::None,
            note: None,
            leaving: false,
            list_is_kept: true,
            typed: None,
            now: Duration::ZERO,
        }
    }

    /// Time has passed.
    pub(super) fn pass(&mut self, now: Duration) {
        self.now = now;
    }

    /// When something changes by itself: somebody has stopped typing.
    pub(super) fn next_change(&self) -> Option<Duration> {
        let typing = self.people.all().iter().filter_map(Person::typing_until);
        typing.filter(|until| *until > self.now).min()
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.note = Some(text.into());
    }

    /// Something was told.
    pub(super) fn show(&mut self, session: &mut Session, now: Duration, event: Event) {
        self.now = now;
        match event {
            Event::Online { address, .. } => {
                self.me = address;
                self.link = Link::Online;
                self.ask(session, Ask::Contacts);
                self.ask(session, Ask::Blocked);
            }
            Event::Lost { reason, .. } => self.link = Link::Lost(clean_line(&reason)),
            Event::Closed { reason, .. } => self.link = Link::Closed(clean_line(&reason)),
            Event::Presence(presence) => self.people.presence(presence),
            Event::Message(message) => self.message(session, &message),
            Event::Typing { from } => {
                if let Some(person) = self.people.find(&from) {
                    person.types(now);
                }
            }
            Event::Receipt { id, to, result } => self.people.receipt(&to, &id, result),
            Event::Contacts(contacts) => {
                self.people.set_contacts(contacts);
                self.watch_contacts(session);
            }
            Event::ContactPut(contact) => {
                self.people.put_contact(contact);
                self.watch_contacts(session);
            }
            Event::ContactRemoved(who) => self.gone(session, &who),
            Event::Blocked(blocked) => {
                for person in self.people.all_mut() {
                    person.is_blocked = blocked.contains(&person.who);
                }
            }
            Event::Watchers(_) => {}
            Event::Done(ask) => self.done(ask),
            Event::Refused { ask, why } => self.refused(&ask, why),
        }
    }

    fn message(&mut self, session: &mut Session, message: &Received) {
        let chosen = self.people.chosen().map(|person| person.who.clone());
        let read = chosen.as_deref() == Some(&message.from);
        let person = self.people.meet(&message.from);
        match message.kind {
            Kind::Text => {
                person.say(By::Them, &message.text);
                if !read {
                    person.unread += 1;
                }
            }
            Kind::Leave => person.say(By::Nobody, "has left the conversation"),
            Kind::Join | Kind::Other => {}
        }
        if chosen.is_none() {
            self.people.choose(0);
        }
        self.watch(session, &message.from);
    }

    /// Wants to know how somebody is.
    pub(super) fn watch(&mut self, session: &mut Session, who: &str) {
        let Some(person) = self.people.find(who) else {
            return;
        };
        if !std::mem::replace(&mut person.is_watched, true) {
            self.ask(session, Ask::Watch(who.to_owned()));
        }
    }

    fn watch_contacts(&mut self, session: &mut Session) {
        let contacts = self.people.all().iter();
        let new = contacts.filter(|person| person.is_contact && !person.is_watched);
        let new: Vec<String> = new.map(|person| person.who.clone()).collect();
        new.iter().for_each(|who| self.watch(session, who));
    }

    pub(super) fn gone(&mut self, session: &mut Session, who: &str) {
        if self.people.remove_contact(who) {
            self.ask(session, Ask::Unwatch(who.to_owned()));
        }
    }

    fn done(&mut self, ask: Ask) {
        match ask {
            Ask::State(state) => self.state = state,
            Ask::Block(who) => self.blocked(&who, true),
            Ask::Unblock(who) => self.blocked(&who, false),
            Ask::PutContact(contact) => {
                self.note(format!("{} is in your contacts", clean_line(&contact.who)))
            }
            Ask::RemoveContact(who) => {
                self.note(format!("{} is not in your contacts any more", clean_line(&who)))
            }
            Ask::Watch(_) | Ask::Unwatch(_) | Ask::Contacts | Ask::Blocked | Ask::Watchers => {}
        }
    }

    fn blocked(&mut self, who: &str, is_blocked: bool) {
        if let Some(person) = self.people.find(who) {
            person.is_blocked = is_blocked;
        }
        let shown = clean_line(who);
        self.note(if is_blocked {
            format!("{shown} is blocked: sees you offline and cannot write to you")
        } else {
            format!("{shown} is not blocked any more")
        });
    }

    fn refused(&mut self, ask: &Ask, why: Why) {
        let what = match ask {
            Ask::Contacts if why == Why::NotSupported => {
                self.list_is_kept = false;
                self.note("this server keeps no contact list: contacts are forgotten at the end");
                return;
            }
            Ask::Unwatch(_) | Ask::Blocked | Ask::Watchers => return,
            Ask::Contacts => "the contact list".to_owned(),
            Ask::State(state) => format!("state {}", state.name()),
            Ask::Watch(who) => format!("presence of {}", clean_line(who)),
            Ask::PutContact(contact) => format!("adding {}", clean_line(&contact.who)),
            Ask::RemoveContact(who) => format!("removing {}", clean_line(who)),
            Ask::Block(who) => format!("blocking {}", clean_line(who)),
            Ask::Unblock(who) => format!("unblocking {}", clean_line(who)),
        };
        self.note(format!("{what}: {why}"));
    }

    /// Asks, and says why when that is not possible.
    pub(super) fn ask(&mut self, session: &mut Session, ask: Ask) {
        let asked = session.ask(self.now, ask);
        self.told(asked);
    }

    fn told(&mut self, asked: Result<(), Unsendable>) {
        if let Err(error) = asked {
            self.note(error.to_string());
        }
    }

    /// Sends what was written to the chosen one.
    pub(super) fn send(&mut self, session: &mut Session) {
        let Some(person) = self.people.chosen_mut() else {
            self.note("there is nobody to write to yet: F3 adds somebody");
            return;
        };
        let text = person.draft.text();
        if text.trim().is_empty() {
            return;
        }
        match session.send(self.now, &person.who, &text) {
            Ok(id) => {
                person.draft.clear();
                person.scrolled = 0;
                person.say(By::Me(id, Fate::OnItsWay), &text);
                self.typed = None;
            }
            Err(error) => self.note(error.to_string()),
        }
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
