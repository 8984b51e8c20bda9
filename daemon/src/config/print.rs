//! The effective configuration as a file that could be loaded, with where each value is from.

use super::tree::{Origin, join};
use serde::Serialize;
use std::collections::BTreeMap;
use toml::{Table, Value};

/// Comments begin at this column where the value leaves room.
const COLUMN: usize = 56;

/// Writes the settings: values before sections, both in alphabetical order, as TOML demands and as people
/// search. Settings that have no value are left out; secrets are paths.
///
/// # Errors
/// When the type has a value that TOML cannot express, which is a defect of the type.
pub(super) fn print<T: Serialize>(
    settings: &T,
    origins: &BTreeMap<String, Origin>,
) -> Result<String, toml::ser::Error> {
    let table = Table::try_from(settings)?;
    let mut text = String::new();
    section("", &table, origins, &mut text);
    Ok(text)
}

fn section(name: &str, table: &Table, origins: &BTreeMap<String, Origin>, text: &mut String) {
    let values: Vec<(&String, &Value)> = table.iter().filter(|(_, value)| !value.is_table()).collect();
    if !name.is_empty() && !values.is_empty() {
        let before = if text.is_empty() { "" } else { "\n" };
        *text += &format!("{before}[{name}]\n");
    }
    for (key, value) in values {
        let origin = origins.get(&join(name, key)).unwrap_or(&Origin::Default);
        let line = format!("{key} = {value}");
        *text += &format!("{line:<COLUMN$}  # {origin}\n");
    }
    for (key, value) in table {
        if let Value::Table(below) = value {
            section(&join(name, key), below, origins, text);
        }
    }
}
