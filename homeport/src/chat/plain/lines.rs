//! Lines of standard input, of a bounded length.

use std::io;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader, Stdin};

/// Octets of a line: the largest text, each of its octets escaped, and a command with an address.
const LINE_BYTES_MAX: usize = 2 * attachment::limits::TEXT_BYTES_MAX + 4 * 1024;

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::chat) enum Line {
    /// A line without its end.
    Text(String),
    /// One that is longer than any command.
    TooLong,
    /// There are no more.
    End,
}

/// Reads lines. Nothing is lost when a read is given up.
pub(super) struct Lines<R = BufReader<Stdin>> {
    input: R,
    line: Vec<u8>,
    too_long: bool,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self::of(BufReader::new(tokio::io::stdin()))
    }
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    fn of(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            too_long: false,
        }
    }

    pub(super) async fn next(&mut self) -> io::Result<Line> {
        loop {
            let read = self.input.fill_buf().await?;
            if read.is_empty() {
                let ended = self.line.is_empty() && !self.too_long;
                return Ok(if ended { Line::End } else { self.take() });
            }
            let end = read.iter().position(|octet| *octet == b'\n');
            let part = &read[..end.unwrap_or(read.len())];
            if self.line.len() + part.len() > LINE_BYTES_MAX {
                self.too_long = true;
            } else {
                self.line.extend_from_slice(part);
            }
            let used = end.map_or(read.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                return Ok(self.take());
            }
        }
    }

    fn take(&mut self) -> Line {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.too_long) {
            return Line::TooLong;
        }
        let text = String::from_utf8_lossy(&line);
        Line::Text(text.strip_suffix('\r').unwrap_or(&text).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(input: &[u8]) -> Vec<Line> {
        let mut lines = Lines::of(BufReader::with_capacity(7, input));
        let mut read = Vec::new();
        loop {
            match lines.next().await.unwrap() {
                Line::End => return read,
                line @ (Line::Text(_) | Line::TooLong) => read.push(line),
            }
        }
    }

    #[tokio::test]
    async fn lines_are_read_whole_whatever_comes_at_once() {
        let text = |text: &str| Line::Text(text.to_owned());
        assert_eq!(
            all("send bob Grüße, 你好\r\n\nquit".as_bytes()).await,
            [text("send bob Grüße, 你好"), text(""), text("quit")]
        );
        assert_eq!(all(b"").await, []);
        let mut long = vec![b'x'; LINE_BYTES_MAX + 1];
        long.extend(b"\nnext\n");
        assert_eq!(all(&long).await, [Line::TooLong, text("next")]);
    }
}
