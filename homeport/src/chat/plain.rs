//! The face for scripts: a command a line in, an event a line out (docs/chat.md).

mod command;
mod lines;
mod show;

use super::address;
use super::driver::Face;
use super::session::{Ask, Event, Session, Unsendable};
use crate::output::Output;
use anyhow::{Result, anyhow, ensure};
use attachment::Kind;
use command::Command;
pub(super) use command::state;
use lines::{Line, Lines};
use show::Shown;
use std::future::pending;
use std::time::Duration;

/// Reads standard input and writes standard output.
pub(super) struct Plain<'o> {
    output: &'o Output,
    json: bool,
    /// None once it has ended.
    lines: Option<Lines>,
}

impl<'o> Plain<'o> {
    pub(super) fn new(output: &'o Output, json: bool) -> Self {
        Self {
            output,
            json,
            lines: Some(Lines::new()),
        }
    }

    fn say(&self, shown: &Shown) -> Result<()> {
        if self.json {
            self.output.json_line(shown)?;
        } else {
            shown.line().into_iter().for_each(|line| self.output.line(&line));
        }
        // What nobody read was not shown, and must not be acknowledged.
        ensure!(self.output.is_wanted(), "standard output is closed");
        Ok(())
    }

    /// A line that cannot be done is said, and the next one is read.
    fn wrong(&self, why: &anyhow::Error) {
        self.output.error(why);
    }

    fn told(&self, asked: Result<(), Unsendable>) {
        if let Err(error) = asked {
            self.wrong(&error.into());
        }
    }
}

impl Face for Plain<'_> {
    type Input = Line;

    fn show(&mut self, _session: &mut Session, _now: Duration, event: Event) -> Result<()> {
        match event {
            Event::Contacts(contacts) => contacts
                .into_iter()
                .try_for_each(|contact| self.say(&Shown::contact(contact))),
            Event::Blocked(people) => people
                .into_iter()
                .try_for_each(|who| self.say(&Shown::Blocked { who })),
            Event::Watchers(people) => people
                .into_iter()
                .try_for_each(|who| self.say(&Shown::Watcher { who })),
            Event::Message(message) if message.kind == Kind::Other => Ok(()),
            Event::Online { .. }
            | Event::Lost { .. }
            | Event::Closed { .. }
            | Event::Presence(_)
            | Event::Message(_)
            | Event::Typing { .. }
            | Event::Receipt { .. }
            | Event::ContactPut(_)
            | Event::ContactRemoved(_)
            | Event::Done(_)
            | Event::Refused { .. } => match Shown::event(event) {
                Some(shown) => self.say(&shown),
                None => Ok(()),
            },
        }
    }

    async fn input(&mut self, room: bool) -> Result<Line> {
        match &mut self.lines {
            Some(lines) if room => Ok(lines.next().await?),
            // Who writes faster than it can be sent waits.
            Some(_) | None => pending().await,
        }
    }

    fn act(&mut self, session: &mut Session, now: Duration, input: Line) -> Result<()> {
        let text = match input {
            Line::End => {
                self.lines = None;
                session.finish(now);
                return Ok(());
            }
            Line::TooLong => {
                self.wrong(&anyhow!("this line is too long"));
                return Ok(());
            }
            Line::Text(text) => text,
        };
        let command = match Command::parse(&text, address) {
            Ok(Some(command)) => command,
            Ok(None) => return Ok(()),
            Err(error) => {
                self.wrong(&anyhow!("{error}"));
                return Ok(());
            }
        };
        match command {
            Command::Send { to, text } => match session.send(now, &to, &text) {
                Ok(id) => self.say(&Shown::Sent { id, to })?,
                Err(error) => self.wrong(&error.into()),
            },
            Command::Typing(to) => session.typing(now, &to),
            Command::State(state) => self.told(session.ask(now, Ask::State(state))),
            Command::Watch(who) => self.told(session.ask(now, Ask::Watch(who))),
            Command::Unwatch(who) => self.told(session.ask(now, Ask::Unwatch(who))),
            Command::Block(who) => self.told(session.ask(now, Ask::Block(who))),
            Command::Unblock(who) => self.told(session.ask(now, Ask::Unblock(who))),
            Command::Blocked => self.told(session.ask(now, Ask::Blocked)),
            Command::Watchers => self.told(session.ask(now, Ask::Watchers)),
            Command::Contacts => self.told(session.ask(now, Ask::Contacts)),
            Command::Add(contact) => self.told(session.ask(now, Ask::PutContact(contact))),
            Command::Remove(who) => self.told(session.ask(now, Ask::RemoveContact(who))),
            Command::Quit => {
                self.lines = None;
                session.finish(now);
            }
        }
        Ok(())
    }
}
