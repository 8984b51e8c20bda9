//! What each key does.

use super::model::Model;
use super::overlay::{Find, Overlay};
use crate::chat::address;
use crate::chat::session::{Ask, Session};
use attachment::{Contact, State};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;

/// How often somebody is told that the person is typing.
const TYPING_EVERY: Duration = Duration::from_secs(5);
/// Lines of a page.
const PAGE: usize = 10;

/// Every key, for the help.
pub(super) const KEYS: [(&str, &str); 14] = [
    ("Enter", "send what you have written"),
    ("Alt-Enter, Ctrl-J", "begin a new line"),
    ("Up, Down", "the person before, the next one"),
    ("Tab", "the next one with unread messages"),
    ("PageUp, PageDown", "scroll the conversation"),
    ("F2, Ctrl-T", "your state: online, away, invisible ..."),
    ("F3, Ctrl-F", "find somebody, or add an address"),
    ("F4, Ctrl-B", "block this person, or unblock"),
    ("F8", "take this person out of your contacts"),
    ("Left, Right, Home, End", "move in what you write"),
    ("Ctrl-W, Ctrl-U", "delete a word, or everything"),
    ("Esc", "close what lies on top"),
    ("F1, Ctrl-G", "this help"),
    (
        "F10, Ctrl-Q, Ctrl-C",
        "leave, once receipts have come; again: at once",
    ),
];

impl Model {
    /// A key was pressed.
    pub(super) fn key(&mut self, session: &mut Session, now: Duration, key: KeyEvent) {
        self.now = now;
        self.note = None;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        // What works everywhere.
        match (control, key.code) {
            (_, KeyCode::F(10)) | (true, KeyCode::Char('q' | 'c')) => return self.leave(session),
            (_, KeyCode::F(1)) | (true, KeyCode::Char('g')) => {
                return self.overlay = Overlay::Help;
            }
            (_, KeyCode::F(2)) | (true, KeyCode::Char('t')) => {
                return self.overlay = Overlay::states(self.state);
            }
            (_, KeyCode::F(3)) | (true, KeyCode::Char('f')) => {
                return self.overlay = Overlay::Find(Find::default());
            }
            (_, _) => {}
        }
        match std::mem::take(&mut self.overlay) {
            Overlay::None => self.key_in_talk(session, key.code, control, alt),
            Overlay::Help => {}
            Overlay::State { chosen } => self.key_in_states(session, chosen, key.code),
            Overlay::Find(find) => self.key_in_find(session, find, key.code, control),
        }
    }

    /// Text was pasted.
    pub(super) fn paste(&mut self, text: &str) {
        if let Overlay::Find(find) = &mut self.overlay {
            find.entry.insert(&text.replace(['\r', '\n'], " "));
        } else if let Some(person) = self.people.chosen_mut() {
            person.draft.insert(text);
        }
    }

    fn leave(&mut self, session: &mut Session) {
        if self.leaving {
            session.leave(self.now);
        } else {
            self.leaving = true;
            session.finish(self.now);
        }
    }

    fn key_in_talk(&mut self, session: &mut Session, code: KeyCode, control: bool, alt: bool) {
        let index = self.people.chosen_index();
        if code == KeyCode::Enter && !alt {
            return self.send(session);
        }
        if code == KeyCode::Up {
            self.people.choose(index.saturating_sub(1));
        } else if code == KeyCode::Down {
            self.people.choose(index + 1);
        } else if code == KeyCode::Tab {
            self.people.choose_unread();
        } else if code == KeyCode::F(4) || (control && code == KeyCode::Char('b')) {
            self.block(session);
        } else if code == KeyCode::F(8) {
            self.remove(session);
        } else if let Some(person) = self.people.chosen_mut() {
            if code == KeyCode::PageUp {
                person.scrolled = person.scrolled.saturating_add(PAGE);
            } else if code == KeyCode::PageDown {
                person.scrolled = person.scrolled.saturating_sub(PAGE);
            } else if code == KeyCode::Enter || (control && code == KeyCode::Char('j')) {
                person.draft.insert("\n");
            } else if let Some(c) = edit(&mut person.draft, code, control) {
                person.draft.insert(&c.to_string());
                self.types(session);
            }
        } else if code != KeyCode::Esc {
            self.note("there is nobody to write to yet: F3 adds somebody");
        }
    }

    /// Tells the chosen one now and then that the person is typing.
    fn types(&mut self, session: &mut Session) {
        let Some(person) = self.people.chosen() else {
            return;
        };
        let told = self
            .typed
            .as_ref()
            .is_some_and(|(who, at)| *who == person.who && self.now.saturating_sub(*at) < TYPING_EVERY);
        if !told && !person.is_blocked {
            session.typing(self.now, &person.who);
            self.typed = Some((person.who.clone(), self.now));
        }
    }

    fn block(&mut self, session: &mut Session) {
        let Some(person) = self.people.chosen() else {
            return;
        };
        let who = person.who.clone();
        let ask = if person.is_blocked {
            Ask::Unblock(who)
        } else {
            Ask::Block(who)
        };
        self.ask(session, ask);
    }

    fn remove(&mut self, session: &mut Session) {
        let Some(person) = self.people.chosen().filter(|person| person.is_contact) else {
            return;
        };
        let who = person.who.clone();
        self.gone(session, &who);
        if self.list_is_kept {
            self.ask(session, Ask::RemoveContact(who));
        }
    }

    fn key_in_states(&mut self, session: &mut Session, chosen: usize, code: KeyCode) {
        let last = State::SETTABLE.len() - 1;
        if code == KeyCode::Enter {
            return self.ask(session, Ask::State(State::SETTABLE[chosen.min(last)]));
        }
        let up = usize::from(code == KeyCode::Up);
        let down = usize::from(code == KeyCode::Down);
        if code != KeyCode::Esc {
            self.overlay = Overlay::State {
                chosen: (chosen + down).saturating_sub(up).min(last),
            };
        }
    }

    fn key_in_find(&mut self, session: &mut Session, mut find: Find, code: KeyCode, control: bool) {
        let found = find.found(&self.people);
        if code == KeyCode::Esc {
            return;
        }
        if code == KeyCode::Enter {
            return match found.get(find.chosen) {
                Some(index) => self.people.choose(*index),
                None => self.add(session, find),
            };
        }
        if code == KeyCode::Up {
            find.chosen = find.chosen.saturating_sub(1);
        } else if code == KeyCode::Down {
            find.chosen = (find.chosen + 1).min(found.len().saturating_sub(1));
        } else {
            if let Some(c) = edit(&mut find.entry, code, control) {
                find.entry.insert(&c.to_string());
            }
            find.chosen = 0;
        }
        self.overlay = Overlay::Find(find);
    }

    /// Adds the address that was written.
    fn add(&mut self, session: &mut Session, find: Find) {
        let who = match address(find.entry.text().trim()) {
            Ok(who) => who,
            Err(error) => {
                self.note(error);
                self.overlay = Overlay::Find(find);
                return;
            }
        };
        let contact = Contact {
            who: who.clone(),
            name: String::new(),
            group: String::new(),
        };
        self.people.put_contact(contact.clone());
        self.people.choose_who(&who);
        self.watch(session, &who);
        if self.list_is_kept {
            self.ask(session, Ask::PutContact(contact));
        }
    }
}

/// Moves or deletes in a text. What is to be put in is returned.
fn edit(entry: &mut super::entry::Entry, code: KeyCode, control: bool) -> Option<char> {
    match (control, code) {
        (false, KeyCode::Char(c)) => return Some(c),
        (_, KeyCode::Backspace) | (true, KeyCode::Char('h')) => entry.backspace(),
        (_, KeyCode::Delete) => entry.delete(),
        (_, KeyCode::Left) => entry.left(),
        (_, KeyCode::Right) => entry.right(),
        (_, KeyCode::Home) | (true, KeyCode::Char('a')) => entry.home(),
        (_, KeyCode::End) | (true, KeyCode::Char('e')) => entry.end(),
        (true, KeyCode::Char('u')) => entry.clear(),
        (true, KeyCode::Char('w')) => entry.delete_word(),
        // Most keys write nothing.
        (_, _) => {}
    }
    None
}
