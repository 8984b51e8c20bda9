//! The commands that a script writes.

use attachment::{Contact, State};
use std::fmt::Write as _;

/// A line of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Command {
    Send { to: String, text: String },
    Typing(String),
    State(State),
    Watch(String),
    Unwatch(String),
    Block(String),
    Unblock(String),
    Blocked,
    Watchers,
    Contacts,
    Add(Contact),
    Remove(String),
    Quit,
}

/// Every command, for who has mistyped one.
const NAMES: &str = "send WHO TEXT, typing WHO, state STATE, watch WHO, unwatch WHO, block WHO, unblock WHO, blocked, \
                     watchers, contacts, add WHO NAME, remove WHO, quit";

impl Command {
    /// Reads a line; an empty one is none. `address` reads an address.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(super) fn parse(
        line: &str,
        address: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Option<Self>, String> {
        let (name, rest) = word(line.trim_start());
        let who = || match word(rest) {
            ("", _) => Err(format!("{name} needs to know who: write {name} NAME@DOMAIN")),
            (who, "") => address(who),
            (_, _) => Err(format!("{name} takes one address and nothing else")),
        };
        let alone = |command: Self| match rest {
            "" => Ok(command),
            _ => Err(format!("{name} takes nothing else")),
        };
        let command = match name {
            "" => return Ok(None),
            "send" => match word(rest) {
                (_, "") => return Err("write send NAME@DOMAIN TEXT".to_owned()),
                (to, text) => Self::Send {
                    to: address(to)?,
                    text: unescaped(text),
                },
            },
            "typing" => Self::Typing(who()?),
            "state" => Self::State(state(rest.trim_end())?),
            "watch" => Self::Watch(who()?),
            "unwatch" => Self::Unwatch(who()?),
            "block" => Self::Block(who()?),
            "unblock" => Self::Unblock(who()?),
            "blocked" => alone(Self::Blocked)?,
            "watchers" => alone(Self::Watchers)?,
            "contacts" => alone(Self::Contacts)?,
            "add" => {
                let (who, name) = word(rest);
                Self::Add(Contact {
                    who: address(who)?,
                    name: name.trim_end().to_owned(),
                    group: String::new(),
                })
            }
            "remove" => Self::Remove(who()?),
            "quit" => alone(Self::Quit)?,
            _ => return Err(format!("there is no command {name:?}: write one of {NAMES}")),
        };
        Ok(Some(command))
    }
}

/// The first word and what follows it.
fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    (word, rest.trim_start_matches([' ', '\t']))
}

/// A state that can be set.
pub(in crate::chat) fn state(name: &str) -> Result<State, String> {
    let settable = State::SETTABLE.into_iter().find(|state| state.name() == name);
    settable.ok_or_else(|| {
        let names: Vec<_> = State::SETTABLE.iter().map(|state| state.name()).collect();
        format!("there is no state {name:?}: write one of {}", names.join(", "))
    })
}

/// A text as one line: what ends lines, and what commands a terminal, is escaped, and the backslash too.
pub(super) fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            // Some readers of lines end them here too.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                // Writing to a string cannot fail.
                let _ = write!(line, "\\u{{{:x}}}", u32::from(c));
            }
            c => line.push(c),
        }
    }
    line
}

/// The text of a line. A backslash before anything else stands for itself.
pub(super) fn unescaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let (c, after) = one(after);
        text.push(c);
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The character that an escape stands for, without its backslash, and what follows.
fn one(text: &str) -> (char, &str) {
    for (escape, c) in [("n", '\n'), ("r", '\r'), ("t", '\t'), ("\\", '\\')] {
        if let Some(rest) = text.strip_prefix(escape) {
            return (c, rest);
        }
    }
    let hex = text.strip_prefix("u{").and_then(|hex| hex.split_once('}'));
    let c = hex.and_then(|(hex, rest)| Some((char::from_u32(u32::from_str_radix(hex, 16).ok()?)?, rest)));
    c.unwrap_or(('\\', text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(line: &str) -> Result<Option<Command>, String> {
        let address = |who: &str| {
            let valid = who.contains('@');
            valid
                .then(|| who.to_lowercase())
                .ok_or_else(|| format!("no address {who:?}"))
        };
        Command::parse(line, address)
    }

    #[test]
    fn each_command_is_a_line() {
        let bob = || "bob@im.example.com".to_owned();
        let contact = |name: &str| Contact {
            who: bob(),
            name: name.to_owned(),
            group: String::new(),
        };
        let send = |text: &str| Command::Send {
            to: bob(),
            text: text.to_owned(),
        };
        for (line, command) in [
            ("send Bob@im.example.com Tea  at four? ", send("Tea  at four? ")),
            (
                r"send bob@im.example.com one\ntwo \\n C:\dir",
                send("one\ntwo \\n C:\\dir"),
            ),
            ("typing bob@im.example.com", Command::Typing(bob())),
            ("state on-phone", Command::State(State::OnPhone)),
            ("watch bob@im.example.com", Command::Watch(bob())),
            ("unwatch bob@im.example.com", Command::Unwatch(bob())),
            ("block bob@im.example.com", Command::Block(bob())),
            ("  unblock bob@im.example.com", Command::Unblock(bob())),
            ("blocked", Command::Blocked),
            ("watchers", Command::Watchers),
            ("contacts", Command::Contacts),
            (
                "add bob@im.example.com Bob Baker",
                Command::Add(contact("Bob Baker")),
            ),
            ("add bob@im.example.com", Command::Add(contact(""))),
            ("remove bob@im.example.com", Command::Remove(bob())),
            ("quit", Command::Quit),
        ] {
            assert_eq!(parse(line), Ok(Some(command)), "{line}");
        }
        assert_eq!(parse("   "), Ok(None));
    }

    #[test]
    fn what_is_no_command_says_what_to_write() {
        for (line, word) in [
            ("sent bob@im.example.com x", "send WHO TEXT"),
            ("send bob@im.example.com", "TEXT"),
            ("send", "TEXT"),
            ("watch", "NAME@DOMAIN"),
            ("watch bob", "no address"),
            ("watch bob@im.example.com carol@im.example.com", "one address"),
            ("state unknown", "invisible"),
            ("state", "online"),
            ("quit now", "nothing else"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(word), "{line}: {error}");
        }
    }

    #[test]
    fn a_text_stays_one_line() {
        assert_eq!(
            escaped("a\r\nb\tc\\d\u{1b}[31m\u{2028}é"),
            "a\\r\\nb\\tc\\\\d\\u{1b}[31m\\u{2028}é"
        );
        assert_eq!(unescaped("\\u{zz} \\u{1f60 \\"), "\\u{zz} \\u{1f60 \\");
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_read_back(text in "\\PC{0,20}[\\x00-\\x20\\\\u{}]{0,10}\\PC{0,20}") {
            let line = escaped(&text);
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            prop_assert_eq!(unescaped(&line), text);
        }

        #[test]
        fn any_line_is_answered(line in "\\PC{0,40}") {
            let _ = parse(&line);
        }
    }
}
