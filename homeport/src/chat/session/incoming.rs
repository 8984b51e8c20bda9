//! What a router says.

use super::outgoing::Open;
use super::{Action, Ask, Ended, Event, Session, Stage};
use attachment::{
    ClientFrame, CloseCode, Contact, ContactsChange, Kind, Presence, Receipt, Received, ServerFrame, State,
    WatchResult, Watched, Why, limits,
};
use std::time::Duration;

/// What has come of a list.
#[derive(Default)]
pub(super) struct Parts {
    contacts: Vec<Contact>,
    people: Vec<String>,
}

/// Adds to a list as much as any list of the server may have.
fn put<T>(list: &mut Vec<T>, part: Vec<T>) {
    let room = limits::WATCHED_MAX.saturating_sub(list.len());
    list.extend(part.into_iter().take(room));
}

impl Session {
    /// A text came.
    pub(crate) fn frame(&mut self, now: Duration, text: &str) {
        self.heard(now);
        match ServerFrame::read(text) {
            Ok(frame) => self.said(now, frame),
            Err(error) => self.ended(
                now,
                Ended::because(format!("the server is not understood: {error}")),
            ),
        }
        self.pump(now);
        self.leave_when_done(now);
    }

    fn said(&mut self, now: Duration, frame: ServerFrame) {
        match frame {
            ServerFrame::Challenge { request, scram } => {
                self.open.remove(&request);
                self.challenged(now, &scram);
            }
            ServerFrame::Welcome(welcome) => {
                self.open.remove(&welcome.request);
                self.welcomed(now, welcome);
            }
            ServerFrame::Token { token, lifetime } => {
                let until = now + Duration::from_secs(u64::from(lifetime));
                self.token = Some(super::Token { text: token, until });
            }
            ServerFrame::Done { request } => self.done(now, request),
            ServerFrame::Refused {
                request,
                why,
                retry_after,
            } => self.refused(now, request, why, retry_after),
            ServerFrame::Watching {
                request,
                subscription,
                presence,
            } => {
                if let Some(Open::Watch(who)) = self.open.remove(&request) {
                    self.watching(who, subscription, presence);
                }
            }
            ServerFrame::WatchingMany { request, people } => self.watching_many(now, request, people),
            ServerFrame::Presence(presence) => self.show(Event::Presence(presence)),
            ServerFrame::Message(message) => self.message(now, message),
            ServerFrame::Typing { from, .. } => self.show(Event::Typing { from }),
            ServerFrame::Receipt { request, id, result } => {
                self.open.remove(&request);
                self.receipt(now, &id, result);
            }
            ServerFrame::Contacts { request, change } => self.contacts_told(request, change),
            ServerFrame::Blocked { request, who } | ServerFrame::Watchers { request, who } => {
                if let Some(parts) = self.parts_of(request) {
                    put(&mut parts.people, who);
                }
            }
            ServerFrame::Notice { come_back_after } => {
                if let Stage::Ready(ready) = &mut self.stage {
                    ready.come_back = Some(now + Duration::from_secs(u64::from(come_back_after)));
                }
            }
            // Of event streams.
            ServerFrame::Stream { .. } | ServerFrame::Closed { .. } => {}
            ServerFrame::Pong {} | ServerFrame::Unknown => {}
        }
    }

    fn show(&mut self, event: Event) {
        self.actions.push_back(Action::Show(event));
    }

    fn message(&mut self, now: Duration, message: Received) {
        let sequence = message.sequence;
        if self.seen.is_new(&message.from, &message.id) {
            let both = message.participants.is_empty();
            match (&message.conversation, message.kind) {
                (_, Kind::Leave) if both => {
                    self.conversations.remove(&message.from);
                }
                (Some(name), _) if both => self.remember_conversation(&message.from, name),
                (_, _) => {}
            }
            if message.kind != Kind::Other {
                self.show(Event::Message(message));
            }
        }
        self.last = self.last.max(sequence);
        let frame = ClientFrame::Acknowledge {
            sequence,
            left: false,
        };
        self.say(now, &frame);
    }

    /// Where parts of a list are collected that is being read.
    fn parts_of(&mut self, request: u32) -> Option<&mut Parts> {
        let read = self.open.contains_key(&request);
        read.then(|| self.parts.entry(request).or_default())
    }

    fn contacts_told(&mut self, request: Option<u32>, change: ContactsChange) {
        match (request, change) {
            (Some(request), ContactsChange::List(part)) => {
                if let Some(parts) = self.parts_of(request) {
                    put(&mut parts.contacts, part);
                }
            }
            (None, ContactsChange::List(_)) => {}
            (_, ContactsChange::Put(contact)) => self.show(Event::ContactPut(contact)),
            (_, ContactsChange::Removed(who)) => self.show(Event::ContactRemoved(who)),
        }
    }

    fn done(&mut self, now: Duration, request: u32) {
        match self.open.remove(&request) {
            Some(Open::State(state)) => {
                self.wish.done();
                self.show(Event::Done(Ask::State(state)));
            }
            Some(Open::Ask(ask)) => {
                let parts = self.parts.remove(&request).unwrap_or_default();
                match ask {
                    Ask::Contacts => self.show(Event::Contacts(parts.contacts)),
                    Ask::Blocked => self.show(Event::Blocked(parts.people)),
                    Ask::Watchers => self.show(Event::Watchers(parts.people)),
                    Ask::State(_)
                    | Ask::Watch(_)
                    | Ask::Unwatch(_)
                    | Ask::PutContact(_)
                    | Ask::RemoveContact(_)
                    | Ask::Block(_)
                    | Ask::Unblock(_) => {}
                }
                self.show(Event::Done(ask));
            }
            Some(Open::LogOff) => {
                self.over(CloseCode::LoggedOff.code(), CloseCode::LoggedOff.reason());
            }
            Some(Open::WatchMany(people)) => self.nothing_said_of(now, people, Why::Internal, None),
            // Answered by something else.
            Some(Open::Prove | Open::Watch(_) | Open::Message(_)) | None => {}
        }
    }

    fn refused(&mut self, now: Duration, request: u32, why: Why, retry_after: Option<u32>) {
        let after = retry_after.map(|seconds| Duration::from_secs(u64::from(seconds)));
        match self.open.remove(&request) {
            Some(Open::Prove) => self.not_let_in(now, why, after),
            Some(Open::State(state)) => {
                let given_up = self.wish.refused(why.may_pass(), after, now);
                let ask = Ask::State(state);
                given_up.then(|| self.show(Event::Refused { ask, why }));
            }
            Some(Open::Watch(who)) => self.watch_refused(now, who, why, after),
            Some(Open::WatchMany(people)) => self.nothing_said_of(now, people, why, after),
            Some(Open::Message(id)) => self.receipt(now, &id, Receipt::Refused { why, retry_after }),
            Some(Open::Ask(ask)) => {
                self.parts.remove(&request);
                self.show(Event::Refused { ask, why });
            }
            Some(Open::LogOff) => self.over(CloseCode::SessionOver.code(), why.reason()),
            None => {}
        }
    }

    fn watching(&mut self, who: String, subscription: u32, presence: Presence) {
        let asked = self.watches.told(&who, subscription);
        self.show(Event::Presence(presence));
        if asked {
            self.show(Event::Done(Ask::Watch(who)));
        }
    }

    /// What became of some of those who were asked for together.
    fn watching_many(&mut self, now: Duration, request: u32, people: Vec<Watched>) {
        for Watched { index, result } in people {
            let Some(Open::WatchMany(open)) = self.open.get_mut(&request) else {
                return;
            };
            let place = usize::try_from(index).unwrap_or(usize::MAX);
            let Some(who) = open.get_mut(place).and_then(Option::take) else {
                continue;
            };
            match result {
                WatchResult::Watching {
                    subscription,
                    presence,
                } => self.watching(who, subscription, presence),
                WatchResult::Refused { why, retry_after } => {
                    let after = retry_after.map(|seconds| Duration::from_secs(u64::from(seconds)));
                    self.watch_refused(now, who, why, after);
                }
            }
        }
    }

    /// The answer is at its end, and these were not in it.
    fn nothing_said_of(
        &mut self,
        now: Duration,
        people: Vec<Option<String>>,
        why: Why,
        after: Option<Duration>,
    ) {
        for who in people.into_iter().flatten() {
            self.watch_refused(now, who, why, after);
        }
    }

    /// Until it can be watched, nobody knows how somebody is.
    fn watch_refused(&mut self, now: Duration, who: String, why: Why, after: Option<Duration>) {
        let given_up = self.watches.refused(&who, why.may_pass(), after, now);
        if why.may_pass() {
            self.show(Event::Presence(Presence {
                who: who.clone(),
                state: Some(State::Unknown),
                display_name: None,
                email: None,
            }));
        }
        if given_up {
            let ask = Ask::Watch(who);
            self.show(Event::Refused { ask, why });
        }
    }
}
