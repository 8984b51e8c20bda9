//! The password of an account: one line of standard input, never an argument, which others could see in the
//! list of processes and find in the shell's history.

use crate::Usage;
use crate::chat::asked;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, IsTerminal, Read};
use store::PASSWORD_CHARS_MAX;

/// A character is up to four octets, and the line ends with one or two more.
const LINE_BYTES_MAX: usize = 4 * PASSWORD_CHARS_MAX + 2;

/// How the password is given.
#[derive(clap::Args, Debug)]
pub(super) struct PasswordSource {
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    /// Refuses a command line that names no source, before anything is asked or opened.
    ///
    /// # Errors
    /// [`Usage`], with an example.
    pub(super) fn check(&self, command: &str) -> Result<()> {
        if self.password_stdin {
            return Ok(());
        }
        bail!(Usage(format!(
            "give the password on standard input, for example from a file that only you can read:\n  \
             {command} --password-stdin < password.txt"
        )))
    }

    /// Reads the password. A terminal shows nothing of it, so there it is typed twice.
    ///
    /// # Errors
    /// When there is none, or it cannot be one.
    pub(super) fn read(&self, address: &str) -> Result<String> {
        let stdin = std::io::stdin();
        if !stdin.is_terminal() {
            return line(stdin.lock());
        }
        let password = asked(&format!("New password of {address}: "))?;
        if asked("The same again: ")? != password {
            bail!("the two passwords are not the same: nothing was changed");
        }
        Ok(password)
    }
}

/// The first line without its end.
fn line(input: impl Read) -> Result<String> {
    // One octet more than allowed tells a line that is too long from one that just fits.
    let mut input = BufReader::new(input.take(LINE_BYTES_MAX as u64 + 1));
    let mut octets = Vec::new();
    input
        .read_until(b'\n', &mut octets)
        .context("read the password")?;
    if octets.is_empty() {
        bail!("there is no password on standard input: it must be the first line");
    }
    if octets.len() > LINE_BYTES_MAX {
        bail!(store::PasswordError::TooLong);
    }
    let text = String::from_utf8(octets).map_err(|_| anyhow::anyhow!("password is not text in UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_the_first_line_without_its_end() {
        for input in [
            "s3cret pass",
            "s3cret pass\n",
            "s3cret pass\r\n",
            "s3cret pass\nsecond line\n",
        ] {
            assert_eq!(line(input.as_bytes()).unwrap(), "s3cret pass", "{input:?}");
        }
        assert_eq!(line(" spaces count \n".as_bytes()).unwrap(), " spaces count ");
        // Whether it may be empty is for the store to say.
        assert_eq!(line("\n".as_bytes()).unwrap(), "");
    }

    #[test]
    fn what_cannot_be_a_password_is_refused_in_words() {
        let refused = |input: &[u8]| line(input).unwrap_err().to_string();
        assert!(refused(b"").contains("first line"));
        assert!(refused(b"\xff\xfe\n").contains("UTF-8"));
        let widest = "\u{1f600}".repeat(PASSWORD_CHARS_MAX) + "\r\n";
        assert!(line(widest.as_bytes()).is_ok());
        assert!(refused(&[b'a'; LINE_BYTES_MAX + 100]).contains("longer"));
        // Bounded even if the input never ends.
        assert!(line(std::io::repeat(b'a')).is_err());
    }
}
