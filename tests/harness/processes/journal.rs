//! The log of a process, a line of JSON each.

use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};

/// The log file of one run of a process.
#[derive(Clone, Debug)]
pub struct Journal {
    path: PathBuf,
}

/// One event.
#[derive(Clone, Debug)]
pub struct Line {
    /// `INFO`, `WARN`, `ERROR`.
    pub level: String,
    /// The module that says it.
    pub target: String,
    /// What it says.
    pub message: String,
    /// Its fields, as `name=value`, without the message.
    pub fields: Vec<String>,
}

impl Journal {
    /// The one in this file.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// All lines so far. What is no event, such as what the C library says, is an error with its text.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        let text = std::fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        // A line that is just being written is read the next time.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(Line::read).collect()
    }

    /// Whether a line with this message has been written.
    #[must_use]
    pub fn says(&self, message: &str) -> bool {
        self.count(message) > 0
    }

    /// How many lines have this message.
    #[must_use]
    pub fn count(&self, message: &str) -> usize {
        let lines = self.lines();
        lines.iter().filter(|line| line.message.contains(message)).count()
    }

    /// The lines at WARN and ERROR.
    #[must_use]
    pub fn complaints(&self) -> Vec<Line> {
        let complains = |line: &Line| line.level == "WARN" || line.level == "ERROR";
        self.lines().into_iter().filter(complains).collect()
    }
}

impl Line {
    fn read(line: &str) -> Self {
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            return Self {
                level: "ERROR".to_owned(),
                target: "no event".to_owned(),
                message: line.to_owned(),
                fields: Vec::new(),
            };
        };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let named = |name: &str| value.get(name).map(text).unwrap_or_default();
        let all = value.get("fields").and_then(Value::as_object);
        let fields = all.into_iter().flatten().filter(|(name, _)| *name != "message");
        Self {
            level: named("level"),
            target: named("target"),
            message: value.pointer("/fields/message").map(text).unwrap_or_default(),
            fields: fields
                .map(|(name, value)| format!("{name}={}", text(value)))
                .collect(),
        }
    }

    /// Whether it has a field with this value.
    #[must_use]
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.fields
            .iter()
            .any(|field| *field == format!("{name}={value}"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.level, self.target, self.message)?;
        self.fields.iter().try_for_each(|field| write!(f, " {field}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_and_what_is_none_is_a_complaint() {
        let line = Line::read(
            r#"{"level":"WARN","fields":{"message":"it is late","member":"home-1","left":3},"target":"home"}"#,
        );
        assert_eq!(line.to_string(), "WARN home: it is late left=3 member=home-1");
        assert!(line.has("member", "home-1") && !line.has("member", "home-2"));
        assert_eq!(Line::read("thread panicked").level, "ERROR");
    }
}
