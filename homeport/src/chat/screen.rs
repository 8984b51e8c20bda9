//! The face for people: a screen that is worked by keys (docs/chat.md).

mod draw;
mod entry;
mod keys;
mod model;
mod overlay;
mod people;
mod terminal;
mod text;

use super::driver::Face;
use super::session::{Event, Session};
use crate::Usage;
use crate::output::Output;
use anyhow::{Context, Result, bail};
use crossterm::event::{Event as Input, EventStream, KeyEventKind};
use draw::Look;
use futures_util::StreamExt;
use model::Model;
use std::future::pending;
use std::io::IsTerminal;
use std::time::Duration;
use terminal::Taken;
use tokio::time::Instant;

/// The terminal, and what it shows.
pub(super) struct Screen {
    model: Model,
    look: Look,
    terminal: Taken,
    keys: EventStream,
    began: Instant,
}

/// What happens at a terminal.
pub(super) enum Happened {
    Input(Input),
    /// What is shown may have changed by itself.
    Time,
}

impl Screen {
    /// Takes the terminal. A note is shown until the first key.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn new(output: &Output, me: &str, note: Option<&str>) -> Result<Self> {
        if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
            bail!(Usage(
                "the screen needs a terminal: give --plain where there is none".to_owned()
            ));
        }
        let mut model = Model::new(me);
        model.note = note.map(str::to_owned);
        Ok(Self {
            model,
            look: Look::new(output.has_colours()),
            terminal: Taken::take()?,
            keys: EventStream::new(),
            began: Instant::now(),
        })
    }
}

impl Face for Screen {
    type Input = Happened;

    fn show(&mut self, session: &mut Session, now: Duration, event: Event) -> Result<()> {
        self.model.show(session, now, event);
        Ok(())
    }

    async fn input(&mut self, _room: bool) -> Result<Happened> {
        let wake = self.model.next_change().map(|at| self.began + at);
        let changed = async {
            match wake {
                Some(wake) => tokio::time::sleep_until(wake).await,
                None => pending().await,
            }
        };
        tokio::select! {
            input = self.keys.next() => {
                let input = input.context("the terminal is gone")?;
                Ok(Happened::Input(input.context("read the terminal")?))
            }
            () = changed => Ok(Happened::Time),
        }
    }

    fn act(&mut self, session: &mut Session, now: Duration, input: Happened) -> Result<()> {
        match input {
            Happened::Input(Input::Key(key)) if key.kind != KeyEventKind::Release => {
                self.model.key(session, now, key);
            }
            Happened::Input(Input::Paste(text)) => self.model.paste(&text),
            Happened::Input(
                Input::Key(_) | Input::Resize(..) | Input::FocusGained | Input::FocusLost | Input::Mouse(_),
            )
            | Happened::Time => self.model.pass(now),
        }
        Ok(())
    }

    fn before_wait(&mut self, _session: &Session, now: Duration) -> Result<()> {
        self.model.pass(now);
        let (model, look) = (&self.model, self.look);
        let drawn = self
            .terminal
            .terminal()
            .draw(|frame| draw::draw(frame, model, look));
        drawn.context("write to the terminal")?;
        Ok(())
    }
}
