//! What this program says, and the only file that writes to standard output and standard error, beside the screen
//! and the question for a password of `homeport chat`, which have the terminal to themselves.
//!
//! Standard output carries data: tables for people, JSON for scripts. Everything else goes to standard error,
//! so that data can be piped on while notes are still seen.

mod progress;

pub(crate) use progress::Progress;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde::Serialize;
use std::ffi::OsStr;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const PLAIN: &str = "\x1b[0m";

/// Where a command puts what it has to say.
#[derive(Debug)]
pub(crate) struct Output {
    colours_out: bool,
    colours_err: bool,
    bars: bool,
    /// Why standard output took nothing more.
    failed: OnceLock<io::Error>,
}

impl Output {
    /// Colours only where a terminal is, and not where the environment asks for none (`NO_COLOR`, or a
    /// terminal that is `dumb`).
    pub(crate) fn new() -> Self {
        let (no_color, term) = (std::env::var_os("NO_COLOR"), std::env::var_os("TERM"));
        let wanted = |is_terminal| colours(no_color.as_deref(), term.as_deref(), is_terminal);
        Self {
            colours_out: wanted(io::stdout().is_terminal()),
            colours_err: wanted(io::stderr().is_terminal()),
            bars: progress::bars(),
            failed: OnceLock::new(),
        }
    }

    /// Data: a table with a line for each row.
    pub(crate) fn table(&self, header: &[&str], rows: &[Vec<String>]) {
        let text = table(header, rows);
        match text.split_once('\n') {
            Some((first, rest)) if self.colours_out => self.line(&format!("{BOLD}{first}{PLAIN}\n{rest}")),
            Some(_) | None => self.line(&text),
        }
    }

    /// Data: a table whose last columns, so many of them, are left out on a terminal that is too narrow. What is
    /// piped on has them all.
    pub(crate) fn table_with_room(&self, header: &[&str], rows: &[Vec<String>], last: usize) {
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        if width().is_none_or(|width| widest(&table(header, rows)) <= width) {
            return self.table(header, rows);
        }
        let keep = header.len().saturating_sub(last);
        let narrow: Vec<_> = rows
            .iter()
            .map(|row| row[..keep.min(row.len())].to_vec())
            .collect();
        self.table(&header[..keep], &narrow);
    }

    /// Data: a value for scripts.
    pub(crate) fn json<T: Serialize>(&self, value: &T) -> anyhow::Result<()> {
        self.line(&serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// Data: a value for scripts, on one line of its own among others.
    pub(crate) fn json_line<T: Serialize>(&self, value: &T) -> anyhow::Result<()> {
        self.line(&serde_json::to_string(value)?);
        Ok(())
    }

    /// Data: a line of text.
    pub(crate) fn line(&self, text: &str) {
        if self.failed.get().is_some() {
            return;
        }
        let mut out = io::stdout().lock();
        if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
            // Only the first one says why.
            let _ = self.failed.set(error);
        }
    }

    /// What was done, or what a person may want to know beside the data.
    pub(crate) fn note(&self, text: &str) {
        say(&printable(text));
    }

    /// What was done but is probably not what was meant.
    pub(crate) fn warning(&self, text: &str) {
        say(&format!(
            "{}{}",
            paint(self.colours_err, YELLOW, "warning: "),
            printable(text)
        ));
    }

    /// Why it was not done, with every cause on its own line.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let mut text = paint(self.colours_err, RED, "error: ");
        for (depth, cause) in error.chain().enumerate() {
            text.push_str(if depth == 0 { "" } else { "\n  because: " });
            text.push_str(&printable(&cause.to_string()));
        }
        say(&text);
    }

    /// Whether colours are wanted where data goes.
    pub(crate) fn has_colours(&self) -> bool {
        self.colours_out
    }

    /// Whether data is still taken: who has much of it may stop.
    pub(crate) fn is_wanted(&self) -> bool {
        self.failed.get().is_none()
    }

    /// Whether all data was taken.
    ///
    /// # Errors
    /// What standard output said. That nobody reads any more, as when `head` has seen enough, is not an error.
    pub(crate) fn finish(&self) -> anyhow::Result<()> {
        match self.failed.get() {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(anyhow::anyhow!("{error}").context("write to standard output"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The columns of the terminal that data goes to, if it goes to one that knows.
fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// There is nowhere to report that standard error cannot be written to.
fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn paint(colours: bool, colour: &str, text: &str) -> String {
    if colours {
        format!("{colour}{text}{PLAIN}")
    } else {
        text.to_owned()
    }
}

/// Any value but an empty one of `NO_COLOR` counts, as its users agreed (no-color.org).
fn colours(no_color: Option<&OsStr>, term: Option<&OsStr>, is_terminal: bool) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty) && term.is_none_or(|term| term != "dumb")
}

/// Columns with space between them and nothing else, so that the lines can be searched and cut.
fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(header.iter().map(|title| title.to_uppercase()));
    table.add_rows(rows.iter().map(|row| row.iter().map(|cell| one_line(cell))));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\u{fffd}")
}

/// Text that cannot command a terminal: people choose their display names themselves, and an operator reads
/// them.
pub(crate) fn printable(text: &str) -> String {
    let harmless = |c: char| c == '\n' || !(c.is_control() || turns_text_around(c));
    text.chars()
        .map(|c| {
            if harmless(c) {
                c
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect()
}

/// The characters that make text read in another order than it is written in.
fn turns_text_around(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_columns_of_text() {
        let rows = [
            vec!["alice@im.example.com".to_owned(), "Alice Archer".to_owned()],
            vec!["bob@im.example.com".to_owned(), String::new()],
        ];
        let expected = "\
ADDRESS               DISPLAY NAME
alice@im.example.com  Alice Archer
bob@im.example.com";
        assert_eq!(table(&["address", "display name"], &rows), expected);
    }

    #[test]
    fn a_display_name_cannot_command_the_terminal() {
        let rows = [vec!["\x1b]0;owned\x07\nroot\u{9b}31m\u{202e}x".to_owned()]];
        let text = table(&["name"], &rows);
        assert_eq!(
            text,
            "NAME\n\u{fffd}]0;owned\u{fffd}\u{fffd}root\u{fffd}31m\u{fffd}x"
        );
        assert_eq!(printable("two\nlines\t"), "two\nlines\u{fffd}");
    }

    #[test]
    fn colours_are_for_terminals_that_want_them() {
        let (set, empty, dumb) = (
            Some(OsStr::new("1")),
            Some(OsStr::new("")),
            Some(OsStr::new("dumb")),
        );
        assert!(colours(None, Some(OsStr::new("xterm")), true));
        assert!(colours(empty, None, true));
        assert!(!colours(set, None, true));
        assert!(!colours(None, dumb, true));
        assert!(!colours(None, None, false));
    }
}
