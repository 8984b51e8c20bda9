//! What a file and the environment say, before anybody knows what it should be: values with where they are from.

use super::mistake::Wrong;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// Where a value was set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Nowhere.
    Default,
    /// In the file.
    File {
        /// As it was named.
        file: Arc<str>,
        /// From 1.
        line: usize,
    },
    /// In this environment variable.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Environment(variable) => write!(f, "environment {variable}"),
        }
    }
}

/// A value and where it was set.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Table(BTreeMap<String, Node>),
    List(Vec<Node>),
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// From the environment: it is of whatever kind is asked for.
    Any(String),
}

impl Node {
    /// A section in which nothing is set.
    pub(super) fn empty() -> Self {
        Self {
            origin: Origin::Default,
            value: Value::Table(BTreeMap::new()),
        }
    }

    /// What a file says.
    pub(super) fn parse(file: &str, text: &str, wrong: &mut Vec<Wrong>) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let reading = Reading {
            file: file.into(),
            text,
        };
        if errors.is_empty() {
            return reading.table(table.get_ref(), 0, wrong);
        }
        let mut lines = Vec::new();
        for error in &errors {
            let origin = reading.origin(error.span().map_or(0, |span| span.start));
            // One broken line often is several errors to the parser, of which the first says most.
            if !lines.contains(&origin) {
                wrong.push(Wrong::bad(format!("this is not TOML: {}", error.message())).at(&origin));
                lines.push(origin);
            }
        }
        Self::empty()
    }

    /// Sets what an environment variable says, over what is there.
    pub(super) fn set(&mut self, path: &[String], variable: &str, text: &str) -> Result<(), Wrong> {
        let origin = Origin::Environment(variable.to_owned());
        let Some((key, rest)) = path.split_first() else {
            *self = Self {
                origin,
                value: Value::Any(text.to_owned()),
            };
            return Ok(());
        };
        let Value::Table(table) = &mut self.value else {
            let wrong = Wrong::bad(format!("has no setting `{key}` below it, because it is a value"));
            return Err(wrong.at(&origin));
        };
        let fresh = || Self {
            origin,
            value: Value::Table(BTreeMap::new()),
        };
        let below = table.entry(key.clone()).or_insert_with(fresh);
        below.set(rest, variable, text).map_err(|wrong| wrong.under(key))
    }

    /// Takes out a value that cannot be used, so that the others can be looked at.
    pub(super) fn remove(&mut self, path: &[String]) {
        let Value::Table(table) = &mut self.value else {
            return;
        };
        match path {
            [] => {}
            [key] => drop(table.remove(key)),
            [key, rest @ ..] => {
                if let Some(below) = table.get_mut(key) {
                    below.remove(rest);
                }
            }
        }
    }

    /// Where each key was set, sections included.
    pub(super) fn origins(&self) -> BTreeMap<String, Origin> {
        let mut origins = BTreeMap::new();
        self.collect("", &mut origins);
        origins
    }

    fn collect(&self, key: &str, origins: &mut BTreeMap<String, Origin>) {
        origins.insert(key.to_owned(), self.origin.clone());
        if let Value::Table(table) = &self.value {
            for (below, node) in table {
                node.collect(&join(key, below), origins);
            }
        }
    }
}

/// A key below another, `listen.rvp`.
pub(super) fn join(above: &str, key: &str) -> String {
    if above.is_empty() {
        key.to_owned()
    } else {
        format!("{above}.{key}")
    }
}

/// The file being read.
struct Reading<'t> {
    file: Arc<str>,
    text: &'t str,
}

impl Reading<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let before = self.text.bytes().take(offset);
        Origin::File {
            file: Arc::clone(&self.file),
            line: 1 + before.filter(|octet| *octet == b'\n').count(),
        }
    }

    fn table(&self, table: &DeTable<'_>, offset: usize, wrong: &mut Vec<Wrong>) -> Node {
        let mut nodes = BTreeMap::new();
        for (key, value) in table {
            let mut found = Vec::new();
            let node = self.value(value.get_ref(), key.span().start, &mut found);
            wrong.extend(found.into_iter().map(|wrong| wrong.under(key.get_ref())));
            nodes.insert(key.get_ref().to_string(), node);
        }
        Node {
            origin: self.origin(offset),
            value: Value::Table(nodes),
        }
    }

    fn value(&self, value: &DeValue<'_>, offset: usize, wrong: &mut Vec<Wrong>) -> Node {
        let origin = self.origin(offset);
        let value = match value {
            DeValue::Table(table) => return self.table(table, offset, wrong),
            DeValue::Array(list) => {
                let item =
                    |item: &toml::Spanned<DeValue<'_>>| self.value(item.get_ref(), item.span().start, wrong);
                Value::List(list.iter().map(item).collect())
            }
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(integer) => Value::Integer(integer),
                Err(_) => {
                    wrong.push(Wrong::bad(format!("is {integer}, which is too large a number")).at(&origin));
                    Value::Integer(0)
                }
            },
            DeValue::Float(float) => Value::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            // No setting is a date; as a text it is one that nobody takes for what they want.
            DeValue::Datetime(datetime) => Value::Text(datetime.to_string()),
        };
        Node { origin, value }
    }
}
