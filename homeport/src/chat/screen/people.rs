//! Everybody on the screen: contacts in the order of the list, and others who were talked with in this run.

use super::entry::Entry;
use super::text::{clean, clean_line};
use attachment::{Contact, Presence, Receipt, State, Why};
use std::collections::VecDeque;
use std::time::Duration;

/// What is kept of a conversation, in entries.
const HISTORY_MAX: usize = 1_000;
/// People who are no contacts.
const OTHERS_MAX: usize = 500;
/// How long somebody who typed is taken to be typing.
const TYPING: Duration = Duration::from_secs(6);

/// What became of a message of one's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// There is no receipt yet.
    OnItsWay,
    Delivered,
    Stored,
    Refused(Why),
}

/// Who said something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum By {
    /// The person at the screen, with the id.
    Me(String, Fate),
    Them,
    /// Nobody: something happened.
    Nobody,
}

/// One entry of a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Said {
    pub(super) by: By,
    pub(super) text: String,
}

/// Somebody.
#[derive(Debug, Default)]
pub(super) struct Person {
    pub(super) who: String,
    /// What the list calls them, empty for nothing.
    given: String,
    /// What they call themselves.
    display_name: String,
    pub(super) state: Option<State>,
    pub(super) is_contact: bool,
    pub(super) is_watched: bool,
    pub(super) is_blocked: bool,
    pub(super) unread: usize,
    pub(super) talk: VecDeque<Said>,
    typing_until: Option<Duration>,
    pub(super) draft: Entry,
    /// Lines that the conversation is scrolled up.
    pub(super) scrolled: usize,
}

impl Person {
    fn new(who: &str) -> Self {
        Self {
            who: who.to_owned(),
            ..Self::default()
        }
    }

    /// What they are called: as in the list, as they call themselves, or the address.
    pub(super) fn name(&self) -> String {
        let names = [&self.given, &self.display_name, &self.who];
        let name = names.into_iter().find(|name| !name.trim().is_empty());
        clean_line(name.unwrap_or(&self.who))
    }

    /// The state as a word.
    pub(super) fn presence(&self) -> &'static str {
        match self.state {
            _ if self.is_blocked => "blocked",
            Some(state) => state.name(),
            None => "",
        }
    }

    pub(super) fn is_typing(&self, now: Duration) -> bool {
        self.typing_until.is_some_and(|until| now < until)
    }

    pub(super) fn typing_until(&self) -> Option<Duration> {
        self.typing_until
    }

    pub(super) fn types(&mut self, now: Duration) {
        self.typing_until = Some(now + TYPING);
    }

    pub(super) fn say(&mut self, by: By, text: &str) {
        if by == By::Them {
            self.typing_until = None;
        }
        self.talk.push_back(Said {
            by,
            text: clean(text),
        });
        if self.talk.len() > HISTORY_MAX {
            self.talk.pop_front();
        }
    }

    fn is_needed(&self) -> bool {
        self.is_contact || !self.talk.is_empty() || !self.draft.is_empty()
    }
}

/// Everybody.
#[derive(Debug, Default)]
pub(super) struct People {
    people: Vec<Person>,
    chosen: usize,
}

impl People {
    pub(super) fn all(&self) -> &[Person] {
        &self.people
    }

    pub(super) fn all_mut(&mut self) -> &mut [Person] {
        &mut self.people
    }

    pub(super) fn chosen_index(&self) -> usize {
        self.chosen
    }

    pub(super) fn chosen(&self) -> Option<&Person> {
        self.people.get(self.chosen)
    }

    pub(super) fn chosen_mut(&mut self) -> Option<&mut Person> {
        self.people.get_mut(self.chosen)
    }

    pub(super) fn find(&mut self, who: &str) -> Option<&mut Person> {
        self.people.iter_mut().find(|person| person.who == who)
    }

    /// Turns to somebody, whose messages are then read.
    pub(super) fn choose(&mut self, index: usize) {
        self.chosen = index.min(self.people.len().saturating_sub(1));
        if let Some(person) = self.chosen_mut() {
            person.unread = 0;
        }
    }

    pub(super) fn choose_who(&mut self, who: &str) {
        if let Some(index) = self.people.iter().position(|person| person.who == who) {
            self.choose(index);
        }
    }

    /// Turns to the next one with unread messages, from here on and around.
    pub(super) fn choose_unread(&mut self) {
        let count = self.people.len();
        let after = (1..=count).map(|step| (self.chosen + step) % count);
        if let Some(index) = after.into_iter().find(|index| self.people[*index].unread > 0) {
            self.choose(index);
        }
    }

    /// Somebody, who is added at the end when not there yet.
    pub(super) fn meet(&mut self, who: &str) -> &mut Person {
        if let Some(index) = self.people.iter().position(|person| person.who == who) {
            return &mut self.people[index];
        }
        let others = self.people.iter().filter(|person| !person.is_contact).count();
        if others >= OTHERS_MAX
            && let Some(index) = self
                .people
                .iter()
                .position(|person| !person.is_contact && person.unread == 0)
        {
            self.remove(index);
        }
        self.people.push(Person::new(who));
        let last = self.people.len() - 1;
        &mut self.people[last]
    }

    /// The whole list was read: contacts in its order, others behind them.
    pub(super) fn set_contacts(&mut self, contacts: Vec<Contact>) {
        let chosen = self.chosen().map(|person| person.who.clone());
        let mut before = std::mem::take(&mut self.people);
        for contact in contacts {
            let known = before.iter().position(|person| person.who == contact.who);
            let mut person = match known {
                Some(index) => before.remove(index),
                None => Person::new(&contact.who),
            };
            person.is_contact = true;
            person.given = contact.name;
            self.people.push(person);
        }
        for mut person in before {
            person.is_contact = false;
            if person.is_needed() {
                self.people.push(person);
            }
        }
        match chosen {
            Some(who) => self.choose_who(&who),
            None => self.choose(0),
        }
    }

    pub(super) fn put_contact(&mut self, contact: Contact) {
        let person = self.meet(&contact.who);
        person.is_contact = true;
        person.given = contact.name;
    }

    /// Somebody is in the list no more. True when nothing is left of them.
    pub(super) fn remove_contact(&mut self, who: &str) -> bool {
        let Some(index) = self.people.iter().position(|person| person.who == who) else {
            return false;
        };
        self.people[index].is_contact = false;
        let gone = !self.people[index].is_needed();
        if gone {
            self.remove(index);
        }
        gone
    }

    fn remove(&mut self, index: usize) {
        self.people.remove(index);
        if self.chosen > index || self.chosen >= self.people.len() {
            self.chosen = self.chosen.saturating_sub(1);
        }
    }

    pub(super) fn presence(&mut self, presence: Presence) {
        let Some(person) = self.find(&presence.who) else {
            return;
        };
        person.state = presence.state.or(person.state);
        if let Some(name) = presence.display_name {
            person.display_name = name;
        }
    }

    pub(super) fn receipt(&mut self, to: &str, id: &str, result: Receipt) {
        let fate = match result {
            Receipt::Delivered => Fate::Delivered,
            Receipt::Stored => Fate::Stored,
            Receipt::Refused { why, .. } => Fate::Refused(why),
        };
        let Some(person) = self.find(to) else { return };
        for said in &mut person.talk {
            if let By::Me(own, own_fate) = &mut said.by
                && own == id
            {
                *own_fate = fate;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(who: &str, name: &str) -> Contact {
        Contact {
            who: who.to_owned(),
            name: name.to_owned(),
            group: String::new(),
        }
    }

    fn names(people: &People) -> Vec<String> {
        people.all().iter().map(Person::name).collect()
    }

    #[test]
    fn contacts_keep_their_order_and_talks_survive_a_new_list() {
        let mut people = People::default();
        people.set_contacts(vec![contact("bob@x", "Bob"), contact("carol@x", "")]);
        people.meet("dave@x").say(By::Them, "hello");
        people.choose_who("dave@x");
        people.find("bob@x").unwrap().say(By::Them, "hi");
        people.set_contacts(vec![contact("carol@x", "Caro")]);
        assert_eq!(names(&people), ["Caro", "Bob", "dave@x"]);
        assert_eq!(people.chosen().unwrap().who, "dave@x");
        assert!(!people.remove_contact("bob@x"));
        assert!(people.remove_contact("carol@x"), "nothing was said");
        assert_eq!(people.chosen().unwrap().who, "dave@x");
    }

    #[test]
    fn unread_messages_are_found_from_here_on_and_around() {
        let mut people = People::default();
        people.choose_unread();
        people.set_contacts(vec![contact("a@x", ""), contact("b@x", ""), contact("c@x", "")]);
        people.choose(1);
        people.find("a@x").unwrap().unread = 2;
        people.choose_unread();
        assert_eq!(people.chosen_index(), 0);
        assert_eq!(people.chosen().unwrap().unread, 0);
        people.choose_unread();
        assert_eq!(people.chosen_index(), 0, "there is nothing to go to");
    }

    #[test]
    fn a_name_that_somebody_chose_cannot_command_the_terminal() {
        let mut people = People::default();
        people.put_contact(contact("bob@x", ""));
        people.presence(Presence {
            who: "bob@x".to_owned(),
            state: Some(State::Unknown),
            display_name: Some("Bob\u{1b}[2J\nBaker".to_owned()),
            email: None,
        });
        assert_eq!(names(&people), ["Bob\u{fffd}[2J Baker"]);
        assert_eq!(people.all()[0].presence(), "unknown");
    }
}
