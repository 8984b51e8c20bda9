//! A table of a topology file while it is read: which keys it has, at which lines, and what is wrong with them.

use crate::problem::{Problem, Wrong};
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// The lines of a section and of its keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    path: &'static str,
    section: usize,
    keys: BTreeMap<String, usize>,
}

impl Lines {
    /// A problem with a key, at its line, or at the section's where the key is absent.
    pub(crate) fn problem(&self, key: &str, wrong: Wrong) -> Problem {
        let line = self.keys.get(key).copied().unwrap_or(self.section);
        let dot = if self.path.is_empty() { "" } else { "." };
        Problem {
            line,
            key: format!("{}{dot}{key}", self.path),
            wrong: wrong.wrong,
            remedy: wrong.remedy,
        }
    }
}

/// A value and the lines of the section it was read from.
#[derive(Debug)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    pub(crate) lines: Lines,
}

/// The sections of one name.
#[derive(Debug)]
pub(crate) struct Sections<T> {
    /// Those that could be read.
    pub(crate) all: Vec<Placed<T>>,
    /// Whether that is all of them, so that it makes sense to say what is not among them.
    pub(crate) complete: bool,
}

/// A table, with the problems found so far.
pub(crate) struct Section<'d, 'p> {
    text: &'d str,
    table: &'d DeTable<'d>,
    lines: Lines,
    asked: Vec<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'d, 'p> Section<'d, 'p> {
    /// The whole file.
    pub(crate) fn whole(text: &'d str, table: &'d DeTable<'d>, problems: &'p mut Vec<Problem>) -> Self {
        Self::new("", text, (table, 1), problems)
    }

    fn new(
        path: &'static str,
        text: &'d str,
        (table, section): (&'d DeTable<'d>, usize),
        problems: &'p mut Vec<Problem>,
    ) -> Self {
        let keys = table
            .iter()
            .map(|(key, _)| (key.get_ref().to_string(), line_of(text, key.span().start)));
        let lines = Lines {
            path,
            section,
            keys: keys.collect(),
        };
        Self {
            text,
            table,
            lines,
            asked: Vec::new(),
            problems,
        }
    }

    /// The lines of what was read, for checks that come later.
    pub(crate) fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// Notes a problem with a key.
    pub(crate) fn wrong(&mut self, key: &str, wrong: Wrong) {
        let problem = self.lines.problem(key, wrong);
        self.problems.push(problem);
    }

    /// The value of a key that must be there. Absent or wrong, it is noted and there is no value.
    pub(crate) fn required<T>(
        &mut self,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&DeValue<'d>) -> Result<T, Wrong>,
    ) -> Option<T> {
        let value = self.optional(key, |value| read(value).map(Some), None);
        if self.table.get(key).is_none() {
            self.wrong(
                key,
                Wrong::new("is missing", format!("write `{key} = {example}`")),
            );
        }
        value.flatten()
    }

    /// The value of a key that may be absent and then is `default`. Wrong, it is noted and there is no value.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'d>) -> Result<T, Wrong>,
        default: T,
    ) -> Option<T> {
        self.asked.push(key);
        match self.table.get(key).map(|value| read(value.get_ref())) {
            None => Some(default),
            Some(Ok(value)) => Some(value),
            Some(Err(wrong)) => {
                self.wrong(key, wrong);
                None
            }
        }
    }

    /// The one section of a name, `[population]`.
    pub(crate) fn one<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Section<'d, '_>) -> Option<T>,
    ) -> Option<Option<Placed<T>>> {
        self.within(name, name, read)
    }

    /// The one section of a name within this one, `offline = { keep = false }`; `path` is its whole name.
    pub(crate) fn within<T>(
        &mut self,
        name: &'static str,
        path: &'static str,
        read: impl FnOnce(&mut Section<'d, '_>) -> Option<T>,
    ) -> Option<Option<Placed<T>>> {
        self.asked.push(name);
        let Some(value) = self.table.get(name) else {
            return Some(None);
        };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(
                name,
                Wrong::new(
                    "is not a section",
                    format!("write `[{path}]` and its keys below it"),
                ),
            );
            return None;
        };
        let section = (table, line_of(self.text, value.span().start));
        Section::new(path, self.text, section, self.problems)
            .finish(read)
            .map(Some)
    }

    /// All sections of a name, `[[router]]`.
    pub(crate) fn each<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Section<'d, '_>) -> Option<T>,
    ) -> Sections<T> {
        self.asked.push(name);
        let mut sections = Sections {
            all: Vec::new(),
            complete: true,
        };
        let Some(value) = self.table.get(name) else {
            self.wrong(
                name,
                Wrong::new("is missing", format!("write at least one section `[[{name}]]`")),
            );
            return Sections {
                complete: false,
                ..sections
            };
        };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong(
                name,
                Wrong::new(
                    "is not a list of sections",
                    format!("write `[[{name}]]`, also for one"),
                ),
            );
            return Sections {
                complete: false,
                ..sections
            };
        };
        for value in array.iter() {
            let section = value.get_ref().as_table().and_then(|table| {
                let section = (table, line_of(self.text, value.span().start));
                Section::new(name, self.text, section, self.problems).finish(&mut read)
            });
            if !value.get_ref().is_table() {
                self.wrong(
                    name,
                    Wrong::new(
                        "has an entry that is not a section",
                        format!("write `[[{name}]]`"),
                    ),
                );
            }
            sections.complete &= section.is_some();
            sections.all.extend(section);
        }
        if array.is_empty() {
            self.wrong(
                name,
                Wrong::new("is empty", format!("write at least one section `[[{name}]]`")),
            );
            sections.complete = false;
        }
        sections
    }

    /// Reads the section and notes every key that nobody asked for.
    pub(crate) fn finish<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<Placed<T>> {
        let value = read(&mut self);
        let known = |key: &&str| !self.asked.contains(key);
        let unknown: Vec<&str> = self
            .table
            .iter()
            .map(|(key, _)| key.get_ref().as_ref())
            .filter(known)
            .collect();
        for key in unknown {
            let remedy = self.instead_of(key);
            self.wrong(key, Wrong::new("is no key of this section", remedy));
        }
        value.map(|value| Placed {
            value,
            lines: self.lines,
        })
    }

    /// What somebody who wrote this key may have meant.
    fn instead_of(&self, key: &str) -> String {
        let distance = |known: &&&str| strsim::damerau_levenshtein(key, known);
        match self.asked.iter().min_by_key(distance) {
            Some(known) if distance(&known) <= key.len().div_ceil(3) => format!("did you mean `{known}`?"),
            Some(_) | None => format!("leave it out, or write one of {}", self.asked.join(", ")),
        }
    }
}

/// The line of an offset, from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|octet| *octet == b'\n').count()
}
