//! Lines as words.

use anyhow::{Context, bail, ensure};
use std::time::Duration;

/// The words of a line. What is in quotes is one word, or part of one (`name="Max Benson"`), without the quotes;
/// `#` begins a comment.
///
/// # Errors
/// When a quote is not closed or an escape is unknown.
pub(super) fn split(line: &str) -> anyhow::Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '#' if word.is_none() => break,
            c if c.is_whitespace() => words.extend(word.take()),
            '"' => quoted(&mut rest, word.get_or_insert_default())?,
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> anyhow::Result<()> {
    loop {
        match rest.next().context("a quote is not closed")? {
            '"' => return Ok(()),
            '\\' => word.push(match rest.next().context("a quote is not closed")? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                same @ ('"' | '\\') => same,
                other => bail!("\\{other} is no escape; write \\n, \\r, \\t, \\\" or \\\\"),
            }),
            c => word.push(c),
        }
    }
}

/// Seconds: `4h`, `20m`, `90s`, or a bare number.
///
/// # Errors
/// When it is none of these.
pub(super) fn seconds(word: &str) -> anyhow::Result<u32> {
    let digits = word.trim_end_matches(['h', 'm', 's']);
    let number: u32 = digits
        .parse()
        .with_context(|| format!("`{word}` is no time; write 4h, 20m or 90s"))?;
    let unit = match &word[digits.len()..] {
        "h" => 3_600,
        "m" => 60,
        "s" | "" => 1,
        other => bail!("`{other}` is no unit of time; write h, m or s"),
    };
    Ok(number * unit)
}

/// A stretch of time as people write it: `20 minutes 31 seconds`.
///
/// # Errors
/// When it is not of that form.
pub(super) fn stretch(words: &[&str]) -> anyhow::Result<Duration> {
    ensure!(!words.is_empty(), "how long? write for example: 20 minutes pass");
    let mut total = Duration::ZERO;
    for pair in words.chunks(2) {
        let [number, unit] = pair else {
            bail!("a number without a unit")
        };
        let number: u32 = number
            .parse()
            .with_context(|| format!("`{number}` is no number"))?;
        let unit = match unit.trim_end_matches('s') {
            "hour" => 3_600,
            "minute" => 60,
            "second" => 1,
            _ => bail!("`{unit}` is no unit of time; write hours, minutes or seconds"),
        };
        total += number * Duration::from_secs(unit);
    }
    Ok(total)
}

/// `key=value` as its two parts.
///
/// # Errors
/// When there is no `=`.
pub(super) fn pair(word: &str) -> anyhow::Result<(&str, &str)> {
    word.split_once('=')
        .with_context(|| format!("`{word}` should have the form key=value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_becomes_words() {
        assert_eq!(
            split("deriks  hears \"a b\" from maxb  # yes").unwrap(),
            ["deriks", "hears", "a b", "from", "maxb"]
        );
        assert_eq!(
            split("x name=\"Max \\\"B\\\"\" y").unwrap(),
            ["x", "name=Max \"B\"", "y"]
        );
        assert_eq!(split("says \"\"").unwrap(), ["says", ""]);
        assert_eq!(split("says \"# no comment\"").unwrap(), ["says", "# no comment"]);
        assert!(split("says \"open").is_err());
        assert!(split("says \"\\x\"").is_err());
    }

    #[test]
    fn times_are_read_and_nonsense_is_not() {
        assert_eq!(seconds("4h").unwrap(), 14_400);
        assert_eq!(seconds("90").unwrap(), 90);
        assert!(seconds("4d").is_err() && seconds("h").is_err());
        assert_eq!(
            stretch(&["1", "minute", "31", "seconds"]).unwrap(),
            Duration::from_secs(91)
        );
        assert!(stretch(&[]).is_err() && stretch(&["3"]).is_err() && stretch(&["3", "days"]).is_err());
    }
}
