//! Contact lists as files: CSV or JSON, told by the name of the file or said.

use super::mistakes::Mistakes;
use anyhow::{Context, Result, bail};
use csv::StringRecord;
use serde::{Deserialize, Serialize};
use std::path::Path;
use store::Contact;

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(super) enum Format {
    /// A line for each, with the columns address, name and group
    Csv,
    /// A list of objects with address, name and group
    Json,
}

/// The standard input or output, as a file.
pub(super) const STANDARD: &str = "-";

/// A line of a file, before it is checked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// Where it is: a line of text, or the number of an object. Not in the file.
    #[serde(skip)]
    pub(super) place: u64,
    pub(super) address: String,
    /// None where the file has no such column: then it stays what it is.
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) group: Option<String>,
}

impl Format {
    /// What a file of this name holds, unless it is said. What has no name is CSV.
    ///
    /// # Errors
    /// When the name does not tell.
    pub(super) fn of(path: &Path, said: Option<Self>) -> Result<Self> {
        let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
        match (said, extension) {
            (Some(format), _) => Ok(format),
            (None, Some(extension)) if extension == "json" => Ok(Self::Json),
            (None, Some(extension)) if extension == "csv" => Ok(Self::Csv),
            (None, _) if path.as_os_str() == STANDARD => Ok(Self::Csv),
            (None, _) => bail!(
                "{} does not say what it holds: name it .csv or .json, or add --format csv or --format json",
                path.display()
            ),
        }
    }

    /// What one item of it is called.
    pub(super) fn item(self) -> &'static str {
        match self {
            Self::Csv => "line",
            Self::Json => "object",
        }
    }

    /// Writes a list.
    ///
    /// # Errors
    /// There are none that anybody has seen.
    pub(super) fn write(self, contacts: &[Contact]) -> Result<String> {
        let lines = contacts.iter().map(|contact| Line {
            place: 0,
            address: contact.principal.address(),
            name: Some(contact.name.clone()),
            group: Some(contact.group.clone()),
        });
        match self {
            Self::Csv => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                writer.write_record(COLUMNS)?;
                for line in lines {
                    let [name, group] = [line.name, line.group].map(Option::unwrap_or_default);
                    writer.write_record([line.address, name, group])?;
                }
                String::from_utf8(writer.into_inner()?).context("write CSV")
            }
            Self::Json => Ok(serde_json::to_string_pretty(&lines.collect::<Vec<_>>())? + "\n"),
        }
    }

    /// Reads lines, and notes those that are none.
    ///
    /// # Errors
    /// When it is not of this form at all.
    pub(super) fn read(self, text: &str, mistakes: &mut Mistakes) -> Result<Vec<Line>> {
        match self {
            Self::Csv => read_csv(text, mistakes),
            Self::Json => read_json(text, mistakes),
        }
    }
}

const COLUMNS: [&str; 3] = ["address", "name", "group"];

fn read_csv(text: &str, mistakes: &mut Mistakes) -> Result<Vec<Line>> {
    // Excel begins files so.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().context("read the first line")?.clone();
    let columns = columns(&header)?;
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.context("read CSV")?;
        let place = record.position().map_or(0, csv::Position::line);
        if record.len() != header.len() {
            let wrong = format!(
                "has {} values, but the first line names {}: put a text that contains a comma into quotes",
                record.len(),
                header.len()
            );
            mistakes.add(place, &wrong);
            continue;
        }
        let value = |column: Option<usize>| column.and_then(|column| record.get(column)).map(str::to_owned);
        let [address, name, group] = columns.map(value);
        let address = address.unwrap_or_default();
        lines.push(Line {
            place,
            address,
            name,
            group,
        });
    }
    Ok(lines)
}

/// Where each column is.
fn columns(header: &StringRecord) -> Result<[Option<usize>; 3]> {
    let known = |title: &str| COLUMNS.iter().any(|column| column.eq_ignore_ascii_case(title));
    if let Some(unknown) = header.iter().find(|title| !known(title)) {
        bail!(
            "the first line has the column {unknown:?}: write the columns address, name and group, separated by commas"
        );
    }
    let places = COLUMNS.map(|column| {
        let mut all = header.iter().enumerate();
        let first = all.find(|(_, title)| column.eq_ignore_ascii_case(title));
        let twice = all.any(|(_, title)| column.eq_ignore_ascii_case(title));
        (first.map(|(place, _)| place), twice)
    });
    if let Some(column) = places.iter().position(|(_, twice)| *twice) {
        bail!("the first line has the column {} twice", COLUMNS[column]);
    }
    if places[0].0.is_none() {
        bail!("the first line has no column address: write address,name,group there");
    }
    Ok(places.map(|(place, _)| place))
}

fn read_json(text: &str, mistakes: &mut Mistakes) -> Result<Vec<Line>> {
    let values: Vec<serde_json::Value> =
        serde_json::from_str(text).context("read JSON: it must be a list of objects")?;
    let mut lines = Vec::new();
    for (place, value) in (1..).zip(values) {
        match serde_json::from_value::<Line>(value) {
            Ok(line) => lines.push(Line { place, ..line }),
            Err(error) => {
                let example = r#"write {"address": "bob@im.example.com", "name": "Bob", "group": "Friends"}"#;
                mistakes.add(place, &format!("{error}: {example}"));
            }
        }
    }
    Ok(lines)
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
