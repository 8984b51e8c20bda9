//! The password of who logs on: from a file, from the demo accounts of a data folder, or asked at the terminal. Never
//! an argument.

use crate::Usage;
use crate::data::{DEMO_PASSWORDS, demo_password};
use anyhow::{Context, Result, bail};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;
use store::PASSWORD_CHARS_MAX;

/// A character is up to four octets, and the line ends with one or two more.
const LINE_BYTES_MAX: usize = 4 * PASSWORD_CHARS_MAX + 2;

/// The password of `address`. `demo` is the folder whose demo accounts may be used without asking.
///
/// # Errors
/// There is none to be had; says how to give it.
pub(crate) fn password(address: &str, file: Option<&Path>, demo: Option<&Path>) -> Result<String> {
    if let Some(file) = file {
        let opened = File::open(file);
        let read = opened.map_err(Into::into).and_then(first_line);
        return read.with_context(|| format!("read --password-file {}", file.display()));
    }
    if let Some(folder) = demo
        && let Some(password) =
            demo_password(folder, address).with_context(|| format!("read {DEMO_PASSWORDS}"))?
    {
        return Ok(password);
    }
    if !io::stdin().is_terminal() {
        bail!(Usage(
            "give the password with --password-file, in a file that only you can read: there is no terminal to ask at"
                .to_owned()
        ));
    }
    asked(&format!("Password of {address}: "))
}

/// The first line without its end.
fn first_line(input: impl Read) -> Result<String> {
    let mut octets = Vec::new();
    // One octet more than allowed tells a line that is too long from one that just fits.
    BufReader::new(input.take(LINE_BYTES_MAX as u64 + 1)).read_until(b'\n', &mut octets)?;
    if octets.len() > LINE_BYTES_MAX {
        bail!("the first line is too long to be a password");
    }
    let text = String::from_utf8(octets).map_err(|_| anyhow::anyhow!("the password is not text in UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        bail!("the password must be its first line, which is empty");
    }
    Ok(text.to_owned())
}

/// Turns the terminal back to what it was.
struct Raw;

impl Drop for Raw {
    fn drop(&mut self) {
        // Nothing helps a terminal that is not there any more.
        let _ = disable_raw_mode();
    }
}

/// Asks at the terminal, which shows nothing of what is typed.
///
/// # Errors
/// When it is given up, is no password, or the terminal cannot be turned silent.
pub(crate) fn asked(question: &str) -> Result<String> {
    let mut out = io::stderr();
    write!(out, "{question}").and_then(|()| out.flush())?;
    let typed = {
        enable_raw_mode().context("turn the terminal's echo off")?;
        let _raw = Raw;
        typed(|| Ok(crossterm::event::read()?))
    };
    writeln!(out)?;
    typed
}

/// What is typed until Enter.
fn typed(mut next: impl FnMut() -> Result<Event>) -> Result<String> {
    let mut password = String::new();
    loop {
        let (code, modifiers) = match next()? {
            Event::Key(KeyEvent {
                code,
                modifiers,
                kind,
                ..
            }) if kind != KeyEventKind::Release => (code, modifiers),
            Event::Key(_)
            | Event::Paste(_)
            | Event::Resize(..)
            | Event::FocusGained
            | Event::FocusLost
            | Event::Mouse(_) => continue,
        };
        let control = modifiers.contains(KeyModifiers::CONTROL);
        if code == KeyCode::Enter {
            return Ok(password);
        } else if code == KeyCode::Backspace {
            password.pop();
        } else if let KeyCode::Char(letter) = code {
            match (control, letter) {
                (true, 'c' | 'd') => bail!("no password was given"),
                (true, 'u') => password.clear(),
                (true, _) => {}
                (false, letter) if password.chars().count() < PASSWORD_CHARS_MAX => password.push(letter),
                (false, _) => bail!("this is too long to be a password"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typing(keys: &[(KeyCode, KeyModifiers)]) -> Result<String> {
        let mut keys = keys.iter();
        typed(|| {
            let (code, modifiers) = keys.next().context("Enter ends it")?;
            Ok(Event::Key(KeyEvent::new(*code, *modifiers)))
        })
    }

    #[test]
    fn a_password_is_typed_and_corrected() {
        let key = |code| (code, KeyModifiers::NONE);
        let control = |letter| (KeyCode::Char(letter), KeyModifiers::CONTROL);
        let letters = |text: &str| {
            text.chars()
                .map(|letter| key(KeyCode::Char(letter)))
                .collect::<Vec<_>>()
        };
        let mut keys = letters("wrong");
        keys.push(control('u'));
        keys.extend(letters("s3creü"));
        keys.push(key(KeyCode::Backspace));
        keys.extend(letters("t é"));
        keys.push(key(KeyCode::Enter));
        assert_eq!(typing(&keys).unwrap(), "s3cret é");
        let mut keys = letters("x");
        keys.push(control('c'));
        assert!(typing(&keys).is_err());
        assert!(typing(&letters(&"x".repeat(PASSWORD_CHARS_MAX + 1))).is_err());
    }

    #[test]
    fn a_file_gives_its_first_line() {
        for text in ["s3cret pass", "s3cret pass\n", "s3cret pass\r\nmore\n"] {
            assert_eq!(first_line(text.as_bytes()).unwrap(), "s3cret pass");
        }
        for text in ["", "\n", "\nsecond\n"] {
            assert!(first_line(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(first_line(&b"\xff\xfe\n"[..]).is_err());
        assert!(first_line(io::repeat(b'a')).is_err());
    }

    #[test]
    fn a_demo_account_needs_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DEMO_PASSWORDS);
        std::fs::write(&path, "alice@localhost aaa\nbob@localhost bbb\n").unwrap();
        let found = |address| password(address, None, Some(folder.path()));
        assert_eq!(found("bob@localhost").unwrap(), "bbb");
        let file = folder.path().join("mine");
        std::fs::write(&file, "ccc\n").unwrap();
        assert_eq!(
            password("bob@localhost", Some(&file), Some(folder.path())).unwrap(),
            "ccc",
            "what was named is meant"
        );
        std::fs::remove_file(&file).unwrap();
        assert!(password("bob@localhost", Some(&file), None).is_err());
    }
}
