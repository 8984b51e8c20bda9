//! What the person says and asks, until it is answered.

use super::watches::{ATTEMPTS_MAX, again};
use super::{Action, Ask, Event, Session, Stage};
use attachment::{ClientFrame, ContactsAction, FrameError, Message, Receipt, Watch, Why, limits};
use rand::RngExt;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Messages that have no receipt yet.
const OUTBOX_MAX: usize = 64;
/// Random letters and digits of a message's id.
const ID_CHARS: usize = 24;

/// Why something is not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Unsendable {
    /// It is not what a frame may hold.
    #[error("this cannot be sent: {0}")]
    Frame(#[from] FrameError),
    /// Too much waits.
    #[error("too much waits for an answer already, try again")]
    Full,
    /// Too many people.
    #[error("no more than {} people can be watched", limits::WATCHED_MAX)]
    TooMany,
}

/// What a request was for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Open {
    Prove,
    State(attachment::State),
    Watch(String),
    /// Those of whom nothing was said yet, in the order of the frame.
    WatchMany(Vec<Option<String>>),
    Message(String),
    Ask(Ask),
    LogOff,
}

/// Messages without a receipt, in the order in which they were written.
#[derive(Default)]
pub(super) struct Outbox {
    letters: VecDeque<Letter>,
}

struct Letter {
    message: Message,
    /// When to send it; none while it is on its way.
    due: Option<Duration>,
    attempts: u32,
}

impl Outbox {
    pub(super) fn len(&self) -> usize {
        self.letters.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.letters.len() >= OUTBOX_MAX
    }

    fn put(&mut self, message: Message, now: Duration) {
        self.letters.push_back(Letter {
            message,
            due: Some(now),
            attempts: 0,
        });
    }

    /// All are sent again, on the next connection.
    pub(super) fn lost(&mut self, now: Duration) {
        self.letters.iter_mut().for_each(|letter| letter.due = Some(now));
    }

    /// Messages that may be sent, with the time: none overtakes an earlier one to the same person.
    fn sendable(&self) -> impl Iterator<Item = (usize, Duration)> {
        let mut waiting = BTreeSet::new();
        let letters = self.letters.iter().enumerate();
        letters.filter_map(move |(index, letter)| {
            let due = letter.due?;
            waiting.insert(letter.message.to.as_str()).then_some((index, due))
        })
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        self.sendable().map(|(_, due)| due).min()
    }

    fn take_due(&mut self, now: Duration) -> Option<Message> {
        let (index, _) = self.sendable().find(|(_, due)| *due <= now)?;
        let letter = self.letters.get_mut(index)?;
        letter.due = None;
        Some(letter.message.clone())
    }

    fn take(&mut self, id: &str) -> Option<Letter> {
        let index = self.letters.iter().position(|letter| letter.message.id == id)?;
        self.letters.remove(index)
    }
}

impl Session {
    /// Sends a message, and says by which id its receipt comes.
    ///
    /// # Errors
    /// [`Unsendable`].
    pub(crate) fn send(&mut self, now: Duration, to: &str, text: &str) -> Result<String, Unsendable> {
        if self.outbox.is_full() {
            return Err(Unsendable::Full);
        }
        let message = Message {
            id: self.letters(ID_CHARS),
            to: to.to_owned(),
            text: text.to_owned(),
            conversation: Some(self.conversation(to)),
            ..Message::default()
        };
        ClientFrame::Message(message.clone()).check()?;
        let id = message.id.clone();
        self.outbox.put(message, now);
        self.pump(now);
        Ok(id)
    }

    /// The talk with somebody, begun if there is none. Clients of RVP open a window for each, and know it by a GUID.
    fn conversation(&mut self, with: &str) -> String {
        if let Some(known) = self.conversations.get(with) {
            return known.clone();
        }
        let (a, b, c, d): (u32, u16, u16, u64) = self.rng.random();
        // Version 4, variant 1 (RFC 9562): a random one.
        let (c, d) = (
            c & 0x0fff | 0x4000,
            d & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000,
        );
        let guid = format!(
            "{{{a:08X}-{b:04X}-{c:04X}-{:04X}-{:012X}}}",
            d >> 48,
            d & 0xffff_ffff_ffff
        );
        self.remember_conversation(with, &guid);
        guid
    }

    pub(super) fn remember_conversation(&mut self, with: &str, name: &str) {
        if self.conversations.len() >= super::CONVERSATIONS_MAX && !self.conversations.contains_key(with) {
            self.conversations.pop_first();
        }
        self.conversations.insert(with.to_owned(), name.to_owned());
    }

    /// Says that the person is typing, if anybody can be told.
    pub(crate) fn typing(&mut self, now: Duration, to: &str) {
        if matches!(self.stage, Stage::Ready(_)) {
            let frame = ClientFrame::Typing {
                to: to.to_owned(),
                conversation: self.conversations.get(to).cloned(),
            };
            self.say(now, &frame);
        }
    }

    /// Asks for something. [`Event::Done`] or [`Event::Refused`] answers.
    ///
    /// # Errors
    /// [`Unsendable`].
    pub(crate) fn ask(&mut self, now: Duration, ask: Ask) -> Result<(), Unsendable> {
        ask.frame(0).check()?;
        if self.asks.len() >= super::ASKS_MAX {
            return Err(Unsendable::Full);
        }
        match &ask {
            Ask::State(state) => self.wish.put(*state, now),
            Ask::Watch(who) if !self.watches.put(who, now) => return Err(Unsendable::TooMany),
            Ask::Watch(_) => {}
            Ask::Unwatch(who) => {
                self.watches.remove(who);
                self.asks.push_back(ask);
            }
            Ask::Contacts
            | Ask::PutContact(_)
            | Ask::RemoveContact(_)
            | Ask::Block(_)
            | Ask::Unblock(_)
            | Ask::Blocked
            | Ask::Watchers => self.asks.push_back(ask),
        }
        self.pump(now);
        Ok(())
    }

    /// Sends what may be sent now.
    pub(super) fn pump(&mut self, now: Duration) {
        while let Stage::Ready(ready) = &self.stage {
            if ready.leaving.is_some() || self.open.len() >= ready.requests_max {
                return;
            }
            if let Some(state) = self.wish.take_due(now) {
                self.request(now, Open::State(state), |request| {
                    Ask::State(state).frame(request)
                });
            } else if let Some(message) = self.outbox.take_due(now) {
                let open = Open::Message(message.id.clone());
                self.request(now, open, |request| {
                    ClientFrame::Message(Message { request, ..message })
                });
            } else if let Some(ask) = self.asks.pop_front() {
                let frame = ask.clone();
                self.request(now, Open::Ask(ask), |request| frame.frame(request));
            } else {
                let max = ready.watch_many_max;
                if !self.ask_to_watch(now, max) {
                    return;
                }
            }
        }
    }

    /// Asks to watch so many of those who are to be asked for now. Whether there were any.
    fn ask_to_watch(&mut self, now: Duration, max: usize) -> bool {
        let due = std::iter::from_fn(|| self.watches.take_due(now)).take(max);
        let mut people: Vec<Watch> = due
            .map(|(who, subscription)| Watch { who, subscription })
            .collect();
        let Some(last) = people.pop() else {
            return false;
        };
        if people.is_empty() {
            let Watch { who, subscription } = last;
            self.request(now, Open::Watch(who.clone()), |request| ClientFrame::Watch {
                request,
                who,
                subscription,
            });
            return true;
        }
        people.push(last);
        let open = people.iter().map(|watch| Some(watch.who.clone())).collect();
        self.request(now, Open::WatchMany(open), |request| ClientFrame::WatchMany {
            request,
            people,
        });
        true
    }

    /// What became of a message.
    pub(super) fn receipt(&mut self, now: Duration, id: &str, result: Receipt) {
        let Some(mut letter) = self.outbox.take(id) else {
            return;
        };
        if let Receipt::Refused { why, retry_after } = result
            && matches!(why, Why::Busy | Why::Unavailable)
            && letter.attempts < ATTEMPTS_MAX
        {
            let after = retry_after.map(|seconds| Duration::from_secs(u64::from(seconds)));
            letter.due = Some(again(now, after, letter.attempts));
            letter.attempts += 1;
            // In front of all that were written later.
            self.outbox.letters.push_front(letter);
            return;
        }
        self.actions.push_back(Action::Show(Event::Receipt {
            id: letter.message.id,
            to: letter.message.to,
            result,
        }));
    }
}

impl Ask {
    pub(super) fn frame(&self, request: u32) -> ClientFrame {
        let contacts = |action| ClientFrame::Contacts { request, action };
        match self.clone() {
            Self::State(state) => ClientFrame::State { request, state },
            Self::Watch(who) => ClientFrame::Watch {
                request,
                who,
                subscription: None,
            },
            Self::Unwatch(who) => ClientFrame::Unwatch { request, who },
            Self::Contacts => contacts(ContactsAction::Get),
            Self::PutContact(contact) => contacts(ContactsAction::Put(contact)),
            Self::RemoveContact(who) => contacts(ContactsAction::Remove(who)),
            Self::Block(who) => ClientFrame::Block { request, who },
            Self::Unblock(who) => ClientFrame::Unblock { request, who },
            Self::Blocked => ClientFrame::Blocked { request },
            Self::Watchers => ClientFrame::Watchers { request },
        }
    }
}
