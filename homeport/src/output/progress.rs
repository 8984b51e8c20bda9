//! How far something is that takes a while: a bar where a person watches, a line now and then where a log does.

use super::{Output, printable, say};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::Duration;
use tokio::time::Instant;

/// How often there is a line where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(3);

/// Shown on standard error until it is dropped.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    said: Option<(Instant, String)>,
}

impl Output {
    /// Begins to show how far something is that has so many parts.
    pub(crate) fn progress(&self, parts: u64) -> Progress {
        let bar = self.bars.then(|| {
            let bar = ProgressBar::with_draw_target(Some(parts), ProgressDrawTarget::stderr());
            // Nothing without a bar: the template is tested.
            if let Ok(style) = ProgressStyle::with_template("{bar:16} {percent:>3}%  {wide_msg}") {
                bar.set_style(style.progress_chars("##-"));
            }
            bar
        });
        Progress { bar, said: None }
    }
}

impl Progress {
    /// So many parts are done; the text says it in words.
    pub(crate) fn show(&mut self, done: u64, text: &str) {
        let text = printable(text);
        match &self.bar {
            Some(bar) => {
                bar.set_message(text);
                bar.set_position(done);
            }
            None => self.line(text),
        }
    }

    /// The same where the number of parts may have changed.
    pub(crate) fn show_of(&mut self, done: u64, of: u64, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(of);
        }
        self.show(done, text);
    }

    fn line(&mut self, text: String) {
        let is_new = self
            .said
            .as_ref()
            .is_none_or(|(at, said)| at.elapsed() >= LINE_EVERY && *said != text);
        if is_new {
            say(&text);
            self.said = Some((Instant::now(), text));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Whether standard error is a terminal that can go back in a line.
pub(super) fn bars() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template("{bar:16} {percent:>3}%  {wide_msg}").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_bar_there_is_a_line_now_and_then() {
        let mut progress = Progress {
            bar: None,
            said: None,
        };
        let said = |progress: &Progress| progress.said.as_ref().map(|(_, text)| text.clone());
        progress.show(0, "0 of 3");
        progress.show(1, "1 of 3");
        assert_eq!(said(&progress).as_deref(), Some("0 of 3"), "not so soon");
        tokio::time::advance(LINE_EVERY).await;
        progress.show(2, "2 of 3\x1b[2J");
        assert_eq!(said(&progress).as_deref(), Some("2 of 3\u{fffd}[2J"));
    }
}
