//! The terminal while the screen has it. It is given back whatever ends the screen: leaving, an error or a panic.

use anyhow::{Context, Result};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{Stdout, stdout};
use std::sync::Once;

/// A terminal that was taken.
pub(super) struct Taken {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Taken {
    /// Takes it: another screen, keys as they are pressed, what is pasted as one.
    ///
    /// # Errors
    /// It cannot be.
    pub(super) fn take() -> Result<Self> {
        before_panics();
        // From here on it is given back, also when the rest fails.
        let terminal = Terminal::new(CrosstermBackend::new(stdout())).context("use the terminal")?;
        let taken = Self { terminal };
        enable_raw_mode().context("read keys as they are pressed")?;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste).context("use the terminal")?;
        Ok(taken)
    }

    pub(super) fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stdout>> {
        &mut self.terminal
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

/// Nothing helps a terminal that is not there any more.
fn give_back() {
    let _ = execute!(
        stdout(),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        crossterm::cursor::Show
    );
    let _ = disable_raw_mode();
}

/// What a panic says must be readable, and where panics abort nothing is dropped.
fn before_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let next = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            next(panic);
        }));
    });
}
